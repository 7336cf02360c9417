//! Samples and histories of a range: what the store reads, and what the route answers, on both engines.

use neon_master::model::{Need, Readings, Registration, Reporter, Sample, StoredSample};
use neon_master::store::{PAGE_ROWS, Store};
use neon_shared::metrics::ServerInfo;
use neon_shared::time::Timestamp;

use crate::common::database::block_on;
use crate::common::{Database, Engine, fixtures, on_both_engines};

on_both_engines! {
    a_range_is_read_page_by_page_as_it_was_stored
    unreadable_readings_do_not_cost_the_range
}

/// Midnight.
const START_MS: i64 = 1_795_046_400_000;
const MINUTE_MS: i64 = 60_000;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(START_MS + ms)
}

async fn reporter(store: &Store, name: &str) -> Reporter {
    let registration = Registration {
        server_name: name.to_owned(),
        info: ServerInfo { name: name.to_owned(), cpu_cores: 2, ..ServerInfo::default() },
        agent_version: "0.1.0".to_owned(),
        ip_address: "192.0.2.1".to_owned(),
    };
    let server_id = store.server_register(&registration, at(0)).await.unwrap();
    Reporter { server_id, server_name: name.to_owned(), ip_address: "192.0.2.1".to_owned() }
}

fn sample(ms: i64) -> Sample {
    Sample {
        timestamp: at(ms),
        cpu_percent: 14.85,
        memory_percent: 3.09,
        disk_percent: 6.31,
        memory_used_gb: 0.73,
        memory_total_gb: 23.54,
        disk_used_gb: 47.7,
        disk_total_gb: 755.92,
        network_rx_bytes: 443_323_758,
        network_tx_bytes: 986_331,
        readings: None,
    }
}

/// A sample every minute with all readings, of a host that starts anew in the middle.
fn minutes(count: i64) -> Vec<Sample> {
    let full: Readings = serde_json::from_str(fixtures::READINGS).unwrap();
    let boot = |number: i64| Some(format!("boot-{}", number * 2 / count));
    let up = |number: i64| Some(u64::try_from(1000 + number * 60).unwrap());
    let of = |number: i64| Readings { boot_id: boot(number), uptime_seconds: up(number), ..full.clone() };
    (0..count).map(|number| Sample { readings: Some(of(number)), ..sample(number * MINUTE_MS) }).collect()
}

async fn range(store: &Store, server_id: i64, from_ms: i64, to_ms: i64, need: Need) -> Vec<StoredSample> {
    let (mut list, mut samples) = (Vec::new(), store.samples(server_id, at(from_ms), at(to_ms), need));
    loop {
        let before = list.len();
        let more = samples.page(|sample| list.push(sample)).await.unwrap();
        assert!(list.len() - before <= PAGE_ROWS, "never more than a page is here");
        if !more {
            return list;
        }
    }
}

fn a_range_is_read_page_by_page_as_it_was_stored(engine: Engine) {
    let database = Database::fresh(engine);
    block_on(async {
        let store = Store::open(&database.location()).await.unwrap();
        let (web, other) = (reporter(&store, "web-1").await, reporter(&store, "web-2").await);
        let count = 2 * PAGE_ROWS as i64;
        let sent = minutes(count);
        let now = at(count * MINUTE_MS);
        store.metrics_insert(&web, sent.clone(), now).await.unwrap();
        store.metrics_insert(&other, minutes(3), now).await.unwrap();

        let whole = range(&store, web.server_id, 0, count * MINUTE_MS, Need::Readings).await;
        assert!(whole.iter().map(|stored| &stored.sample).eq(&sent));
        let late = (0..count).map(|number| u16::try_from(count - number).unwrap());
        assert!(whole.iter().map(|stored| stored.late_minutes).eq(late));

        // From its first moment on, and before its last.
        let part = range(&store, web.server_id, MINUTE_MS, 4 * MINUTE_MS, Need::Readings).await;
        assert!(part.iter().map(|stored| &stored.sample).eq(&sent[1..4]));
        let part = range(&store, web.server_id, MINUTE_MS + 1, 4 * MINUTE_MS + 1, Need::Readings).await;
        assert!(part.iter().map(|stored| &stored.sample).eq(&sent[2..5]));
        for (from, to) in [(5, 5), (5, 4), (-9, 0), (count * MINUTE_MS, i64::MAX / 2)] {
            assert_eq!(range(&store, web.server_id, from, to, Need::Fixed).await, [], "{from}..{to}");
        }
        // A page that the range ends with exactly.
        let exact = range(&store, web.server_id, 0, PAGE_ROWS as i64 * MINUTE_MS, Need::Fixed).await;
        assert_eq!(exact.len(), PAGE_ROWS);

        for (need, stored) in [
            (Need::Fixed, range(&store, web.server_id, 0, count * MINUTE_MS, Need::Fixed).await),
            (Need::Boot, range(&store, web.server_id, 0, count * MINUTE_MS, Need::Boot).await),
        ] {
            let readings = |sample: &Sample| {
                let Readings { uptime_seconds, boot_id, booted_at, .. } = sample.readings.clone().unwrap();
                Readings { uptime_seconds, boot_id, booted_at, ..Readings::default() }
            };
            let expected = sent
                .iter()
                .map(|sample| Sample { readings: (need == Need::Boot).then(|| readings(sample)), ..sample.clone() });
            assert!(stored.into_iter().map(|stored| stored.sample).eq(expected), "{need:?}");
        }

        let count_of = async |to_ms, limit| store.sample_count(web.server_id, at(0), at(to_ms), limit).await.unwrap();
        assert_eq!(count_of(count * MINUTE_MS, 10_000).await, u32::try_from(count).unwrap());
        assert_eq!(count_of(count * MINUTE_MS, 7).await, 7);
        assert_eq!(count_of(2 * MINUTE_MS, 7).await, 2);
        let before = async |ms| {
            let stored = store.sample_before(web.server_id, at(ms), Need::Readings).await.unwrap();
            stored.map(|stored| stored.sample)
        };
        assert_eq!(before(0).await, None);
        assert_eq!(before(1).await, Some(sent[0].clone()));
        assert_eq!(before(i64::MAX / 2).await, sent.last().cloned());
        assert_eq!(store.sample_at(web.server_id, at(1), Need::Fixed).await.unwrap(), None);
        store.close().await;
    });
}

/// A shape that is gone and bytes that nobody wrote: the fixed fields are there all the same.
fn unreadable_readings_do_not_cost_the_range(engine: Engine) {
    let database = Database::fresh(engine);
    block_on(async {
        let store = Store::open(&database.location()).await.unwrap();
        let web = reporter(&store, "web-1").await;
        let sent = minutes(6);
        store.metrics_insert(&web, sent.clone(), at(0)).await.unwrap();
        database.execute(&format!("DELETE FROM metric_shapes WHERE base_ms = {}", at(0).unix_ms()));
        let garbage = if engine == Engine::Sqlite { "x'7f00'" } else { "'\\x7f00'" };
        let last = at(5 * MINUTE_MS).unix_ms();
        database.execute(&format!("UPDATE metrics SET additions = {garbage} WHERE timestamp_ms = {last}"));
        for need in [Need::Readings, Need::Boot] {
            let stored = range(&store, web.server_id, 0, 6 * MINUTE_MS, need).await;
            let readable: Vec<bool> = stored.iter().map(|stored| stored.sample.readings.is_some()).collect();
            assert_eq!(readable, [false, false, false, true, true, false]);
            assert!(stored.iter().all(|stored| stored.sample.cpu_percent == 14.85));
        }
        store.close().await;
    });
}
