//! Samples and histories of a range: what the store reads, and what the route answers, on both engines.

use neon_master::model::{Need, Readings, Registration, Reporter, Sample, StoredSample};
use neon_master::store::{PAGE_ROWS, Store};
use neon_shared::metrics::ServerInfo;
use neon_shared::readings::{AgentReading, InterfaceReading, MountReading};
use neon_shared::time::Timestamp;
use serde_json::{Value, json};

use crate::common::database::block_on;
use crate::common::{Database, Engine, Master, fixtures, on_both_engines};

on_both_engines! {
    a_range_is_read_page_by_page_as_it_was_stored
    unreadable_readings_do_not_cost_the_range
    few_samples_are_points_themselves
    many_samples_are_merged_into_steps
    what_is_missing_late_or_lost_is_said
    rates_survive_restarts_and_clocks_that_are_set
    hours_and_days_go_on_where_samples_end
    a_long_range_takes_no_memory
    bad_queries_are_refused_in_a_sentence
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
        claim: neon_master::model::Claim::default(),
    };
    let server_id = store.server_register(&registration, at(0)).await.unwrap().unwrap().server_id;
    Reporter { server_id, server_name: name.to_owned(), ip_address: "192.0.2.1".to_owned(), generation: 0 }
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

        let extent = async |from_ms, to_ms, limit| {
            let (count, oldest) = store.sample_extent(web.server_id, at(from_ms), at(to_ms), limit).await.unwrap();
            (i64::from(count), oldest)
        };
        assert_eq!(extent(0, count * MINUTE_MS, 10_000).await, (count, Some(at(0))));
        assert_eq!(extent(1, count * MINUTE_MS, 7).await, (7, Some(at(MINUTE_MS))));
        assert_eq!(extent(0, 2 * MINUTE_MS, 7).await, (2, Some(at(0))));
        assert_eq!(extent(1, 2, 7).await, (0, None));
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

/// A database in which one server has these samples, each of which came `late_ms` after it was taken, and its master.
fn served(engine: Engine, samples: Vec<(Sample, i64)>) -> (Database, Master, i64) {
    let database = Database::fresh(engine);
    let server_id = block_on(async {
        let store = Store::open(&database.location()).await.unwrap();
        let web = reporter(&store, "web-1").await;
        for (sample, late_ms) in samples {
            let now = Timestamp::from_unix_ms(sample.timestamp.unix_ms() + late_ms);
            store.metrics_insert(&web, [sample], now).await.unwrap();
        }
        store.close().await;
        web.server_id
    });
    let master = Master::start(&database);
    (database, master, server_id)
}

fn in_time(samples: impl IntoIterator<Item = Sample>) -> Vec<(Sample, i64)> {
    samples.into_iter().map(|sample| (sample, 0)).collect()
}

fn get(master: &Master, server_id: i64, query: &str) -> Value {
    let answer = master.client.get(&format!("/api/servers/{server_id}/metrics?{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()
}

/// A quarter of an hour ago and a little, so that nothing here is ever an hour that is over.
fn recently(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(fixtures::ago(900_000).unix_ms() / 1000 * 1000 + ms)
}

fn few_samples_are_points_themselves(engine: Engine) {
    let base = recently(0).unix_ms();
    let time = |ms: i64| Timestamp::from_unix_ms(base + ms);
    let of = |ms: i64, cpu_percent: f64, rx: u64| Sample {
        timestamp: time(ms),
        cpu_percent,
        network_rx_bytes: rx,
        ..sample(0)
    };
    let (_database, master, id) =
        served(engine, in_time([of(0, 10.0, 1000), of(60_000, 20.5, 7000), of(120_000, 30.0, 8000)]));
    let answer = master.client.get(&format!("/api/servers/{id}/metrics?from={}&to={}", time(60_000), time(120_001)));
    let same = |value: &str| format!(r#"{{"value":[{value},{value}]}}"#);
    assert_eq!(
        answer.text(),
        format!(
            r#"{{"serverId":{id},"serverName":"web-1","from":"{}","to":"{}","tier":"raw","times":["{}","{}"],"fields":{{"cpuPercent":{{"value":[20.5,30]}},"diskPercent":{},"diskTotalGb":{},"diskUsedGb":{},"memoryPercent":{},"memoryTotalGb":{},"memoryUsedGb":{},"networkRxBytesPerSecond":{{"value":[100,16.667]}},"networkTxBytesPerSecond":{}}},"backfilled":[],"lost":[]}}"#,
            time(60_000),
            time(120_001),
            time(60_000),
            time(120_000),
            same("6.31"),
            same("755.92"),
            same("47.7"),
            same("3.09"),
            same("23.54"),
            same("0.73"),
            same("0"),
        )
    );
    let path = format!("/api/servers/{id}/metrics?from={}&to={}", time(60_000), time(120_001));
    let again = master.client.request("GET", &path, &[("If-None-Match", answer.header("etag").unwrap())], b"");
    assert_eq!(again.status, 304);
    // The last day, up to now.
    let answer = get(&master, id, "fields=cpuPercent");
    assert_eq!(answer["fields"], json!({"cpuPercent": {"value": [10, 20.5, 30]}}));
    let span = |name: &str| Timestamp::parse(answer[name].as_str().unwrap()).unwrap().unix_ms();
    assert_eq!(span("to") - span("from"), 86_400_000);
    // Nothing at all, and a field that no sample has.
    let answer = get(&master, id, "to=2025-01-01T00:00:00Z");
    assert_eq!((&answer["times"], &answer["fields"]["cpuPercent"]), (&json!([]), &json!({"value": []})));
    let answer = get(&master, id, "fields=load1,mounts.*");
    assert_eq!(answer["fields"], json!({"load1": {"value": [null, null, null]}}));
}

fn many_samples_are_merged_into_steps(engine: Engine) {
    let base = recently(0).unix_ms() / 60_000 * 60_000;
    let of = |second: i64| {
        let mounts = ["/", "/srv/a.b"].map(|mount_point| MountReading {
            mount_point: mount_point.to_owned(),
            used_bytes: 4096 * u64::try_from(second).unwrap(),
            ..MountReading::default()
        });
        let readings = Some(Readings { mounts: Some(mounts.to_vec()), ..Readings::default() });
        let timestamp = Timestamp::from_unix_ms(base + second * 1000);
        Sample { timestamp, cpu_percent: (second % 60) as f64, readings, ..sample(0) }
    };
    // Ten minutes of one a second, of which the fifth lacks.
    let samples = (0..600).filter(|second| !(240..300).contains(second)).map(of);
    let database = Database::fresh(engine);
    let id = block_on(async {
        let store = Store::open(&database.location()).await.unwrap();
        let web = reporter(&store, "web-1").await;
        store.metrics_insert(&web, samples.collect::<Vec<_>>(), recently(0)).await.unwrap();
        store.close().await;
        web.server_id
    });
    let master = Master::start(&database);
    let end = Timestamp::from_unix_ms(base + 600_000);
    let fields = "cpuPercent,mounts./srv/a~2Eb.usedBytes";
    let answer =
        get(&master, id, &format!("from={}&to={end}&points=10&fields={fields}", Timestamp::from_unix_ms(base)));
    assert_eq!((&answer["tier"], &answer["stepSeconds"]), (&json!("raw"), &json!(60)));
    assert_eq!(answer["samples"], json!([60, 60, 60, 60, 0, 60, 60, 60, 60, 60]));
    let times: Vec<String> =
        (0..10).map(|minute| Timestamp::from_unix_ms(base + minute * 60_000).to_string()).collect();
    assert_eq!(answer["times"], json!(times));
    let each = |value: Value| -> Value {
        (0..10).map(|minute| if minute == 4 { Value::Null } else { value.clone() }).collect()
    };
    assert_eq!(
        answer["fields"]["cpuPercent"],
        json!({"min": each(json!(0)), "avg": each(json!(29.5)), "max": each(json!(59))})
    );
    let used: Vec<Value> =
        (0..10).map(|minute| if minute == 4 { Value::Null } else { json!((minute * 60 + 59) * 4096) }).collect();
    assert_eq!(answer["fields"]["mounts./srv/a~2Eb.usedBytes"]["max"], json!(used));
    assert_eq!(answer["fields"].as_object().unwrap().len(), 2);
    // A budget that just fits, and one that does not.
    let range = format!("from={}&to={}", Timestamp::from_unix_ms(base), Timestamp::from_unix_ms(base + 30_000));
    assert!(get(&master, id, &format!("{range}&points=30"))["fields"]["cpuPercent"]["value"].is_array());
    assert_eq!(get(&master, id, &format!("{range}&points=29"))["stepSeconds"], json!(2));
}

fn what_is_missing_late_or_lost_is_said(engine: Engine) {
    let base = recently(0).unix_ms();
    let time = |minute: i64| Timestamp::from_unix_ms(base + minute * 60_000);
    let of = |minute: i64, lost: Option<(i64, i64, u64)>| {
        let agent = lost.map(|(from, until, samples)| AgentReading {
            samples_dropped_total: samples,
            samples_dropped_from: Some(time(from)),
            samples_dropped_until: Some(time(until)),
            ..AgentReading::default()
        });
        let readings = Some(Readings { agent, ..Readings::default() });
        Sample { timestamp: time(minute), readings, ..sample(0) }
    };
    let samples = vec![
        (of(0, None), 0),
        (of(1, None), 0),
        // An outage: two were lost, the next two waited.
        (of(4, Some((2, 3, 2))), 180_000),
        (of(5, Some((2, 3, 2))), 120_000),
        (of(6, Some((2, 3, 2))), 0),
        // The agent starts anew, having forgotten.
        (of(7, None), 0),
        (of(8, None), 59_999),
    ];
    let (_database, master, id) = served(engine, samples);
    let lost = json!([{"from": time(2), "until": time(3), "samples": 2}]);
    let backfilled = json!([{"from": time(4), "until": time(5), "samples": 2}]);
    for fields in ["cpuPercent", "cpuPercent,agent.*"] {
        let answer = get(&master, id, &format!("from={}&to={}&fields={fields}", time(0), time(9)));
        assert_eq!(answer["times"], json!([0, 1, 2, 4, 5, 6, 7, 8].map(time)), "a point of nothing after a gap");
        let cpu = &answer["fields"]["cpuPercent"]["value"];
        assert_eq!(*cpu, json!([14.85, 14.85, null, 14.85, 14.85, 14.85, 14.85, 14.85]));
        assert_eq!((&answer["lost"], &answer["backfilled"]), (&lost, &backfilled), "{fields}");
    }
    // Only what meets the range.
    let answer = get(&master, id, &format!("from={}&to={}&fields=agent.*", time(6), time(9)));
    assert_eq!((&answer["lost"], &answer["backfilled"]), (&json!([]), &json!([])));
}

fn rates_survive_restarts_and_clocks_that_are_set(engine: Engine) {
    let base = recently(0).unix_ms();
    let of = |second: i64, up: u64, boot: &str, rx: u64| {
        let interface = InterfaceReading { name: "eth0".to_owned(), rx_bytes_total: rx, ..InterfaceReading::default() };
        let readings = Some(Readings {
            boot_id: Some(boot.to_owned()),
            uptime_seconds: Some(up),
            interfaces: Some(vec![interface]),
            ..Readings::default()
        });
        let timestamp = Timestamp::from_unix_ms(base + second * 1000);
        Sample { timestamp, network_rx_bytes: rx, readings, ..sample(0) }
    };
    let samples = in_time([
        of(0, 1000, "a", 10_000),
        of(60, 1060, "a", 16_000),
        // The host starts anew and has soon received more than before.
        of(120, 20, "b", 90_000),
        of(180, 80, "b", 96_000),
        // A counter that goes backwards by itself.
        of(240, 140, "b", 0),
        of(300, 200, "b", 600),
        // The clock was set forward by an hour, and back.
        of(3960, 260, "b", 1200),
        of(4020, 320, "b", 1800),
        of(480, 380, "b", 2400),
        of(540, 440, "b", 3000),
    ]);
    let (_database, master, id) = served(engine, samples);
    let range = format!("from={}&to={}", Timestamp::from_unix_ms(base), Timestamp::from_unix_ms(base + 4_021_000));
    // What is true of the clock that was set: nothing where it jumps, and all is well where it goes on as before.
    let expected = [
        (0, json!(null)),
        (60, json!(100)),
        (120, json!(null)),
        (180, json!(100)),
        (240, json!(null)),
        (300, json!(10)),
        (480, json!(10)),
        (540, json!(10)),
        (3960, json!(null)),
        (4020, json!(10)),
    ];
    for field in ["networkRxBytesPerSecond", "interfaces.eth0.rxBytesPerSecond"] {
        let answer = get(&master, id, &format!("{range}&fields={field}"));
        let values = answer["fields"][field]["value"].as_array().unwrap();
        let times = answer["times"].as_array().unwrap().iter().map(|time| {
            let time = Timestamp::parse(time.as_str().unwrap()).unwrap();
            (time.unix_ms() - base) / 1000
        });
        // But for the points of nothing, where the times jump.
        let points: Vec<(i64, Value)> = times.zip(values.iter().cloned()).collect();
        let of_samples = points.into_iter().filter(|(second, _)| expected.iter().any(|(known, _)| known == second));
        assert_eq!(of_samples.collect::<Vec<_>>(), expected, "{field}");
    }
}

fn hours_and_days_go_on_where_samples_end(engine: Engine) {
    const HOUR_MS: i64 = 3_600_000;
    const DAY_MS: i64 = 24 * HOUR_MS;
    let now = fixtures::ago(0);
    let base = (now.unix_ms() - 50 * HOUR_MS) / HOUR_MS * HOUR_MS;
    let of = |minute: i64| {
        let mount = MountReading { mount_point: "/".to_owned(), used_bytes: 4096, ..MountReading::default() };
        let readings = Some(Readings { mounts: Some(vec![mount]), ..Readings::default() });
        let timestamp = Timestamp::from_unix_ms(base + minute * MINUTE_MS);
        Sample { timestamp, cpu_percent: (minute * 7 % 1000) as f64 / 10.0, readings, ..sample(0) }
    };
    // Every ten minutes up to now, but for five hours.
    let minutes = (now.unix_ms() - base) / MINUTE_MS;
    let all: Vec<Sample> = (0..minutes).step_by(10).filter(|minute| !(600..900).contains(minute)).map(of).collect();
    let (early, late): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|sample| sample.timestamp != of(300).timestamp);
    assert_eq!(late.len(), 1);
    let database = Database::fresh(engine);
    let id = block_on(async {
        let store = Store::open(&database.location()).await.unwrap();
        let web = reporter(&store, "web-1").await;
        store.metrics_insert(&web, early, now).await.unwrap();
        assert!(store.roll_up(now).await.unwrap().is_complete);
        // One comes when its hour is over and summed up.
        store.metrics_insert(&web, late, now).await.unwrap();
        assert!(store.roll_up(now).await.unwrap().is_complete);
        store.close().await;
        web.server_id
    });
    // What retention does with samples after some weeks.
    database.execute(&format!("DELETE FROM metrics WHERE timestamp_ms < {}", base + 24 * HOUR_MS));
    let master = Master::start(&database);

    let check = |query: &str, step_ms: i64, tier: &str| {
        let answer = get(&master, id, &format!("from={}&to={now}&{query}", Timestamp::from_unix_ms(base)));
        assert_eq!((&answer["tier"], &answer["stepSeconds"]), (&json!(tier), &json!(step_ms / 1000)), "{query}");
        assert_eq!(answer.get("backfilled"), None);
        let times = answer["times"].as_array().unwrap();
        assert_eq!(times[0], json!(Timestamp::from_unix_ms(base / step_ms * step_ms)));
        for (index, time) in times.iter().enumerate() {
            let start = Timestamp::parse(time.as_str().unwrap()).unwrap().unix_ms();
            let inside = all.iter().filter(|sample| (start..start + step_ms).contains(&sample.timestamp.unix_ms()));
            let cpu: Vec<f64> = inside.map(|sample| sample.cpu_percent).collect();
            assert_eq!(answer["samples"][index], json!(cpu.len()), "{time}");
            let value = |field: &str, kind: &str| answer["fields"][field][kind][index].as_f64();
            if cpu.is_empty() {
                assert_eq!((value("cpuPercent", "avg"), value("mounts./.usedBytes", "max")), (None, None), "{time}");
                continue;
            }
            let avg = cpu.iter().sum::<f64>() / cpu.len() as f64;
            let is_near = |kind: &str, expected: f64| {
                let value = value("cpuPercent", kind).unwrap();
                assert!((value - expected).abs() < 0.01, "{time}: {kind} {value}, {expected}");
            };
            is_near("avg", avg);
            is_near("min", cpu.iter().copied().fold(f64::INFINITY, f64::min));
            is_near("max", cpu.iter().copied().fold(f64::NEG_INFINITY, f64::max));
            assert_eq!(value("mounts./.usedBytes", "avg"), Some(4096.0));
        }
        times.len()
    };
    let fields = "fields=cpuPercent,mounts.*";
    assert_eq!(check(fields, HOUR_MS, "hourly"), 51, "the hour that is not over as well");
    assert_eq!(check(&format!("{fields}&points=20"), 3 * HOUR_MS, "hourly"), times_of(base, now, 3 * HOUR_MS));
    check(&format!("{fields}&points=4"), DAY_MS, "daily");
    // Where samples reach, there are samples.
    let held = Timestamp::from_unix_ms(base + 24 * HOUR_MS);
    assert_eq!(get(&master, id, &format!("from={held}&to={now}"))["tier"], json!("raw"));
    // Hours end as well, after a year; days do not.
    drop(master);
    database.execute(&format!("DELETE FROM rollups_hourly WHERE start_ms < {}", base / DAY_MS * DAY_MS + DAY_MS));
    let from = Timestamp::from_unix_ms(base / DAY_MS * DAY_MS);
    let master = Master::start(&database);
    let answer = get(&master, id, &format!("from={from}&to={now}&fields=cpuPercent"));
    assert_eq!(answer["tier"], json!("daily"));
    let counts: i64 = answer["samples"].as_array().unwrap().iter().map(|count| count.as_i64().unwrap()).sum();
    assert_eq!(counts, i64::try_from(all.len()).unwrap());
}

fn times_of(from_ms: i64, to: Timestamp, step_ms: i64) -> usize {
    usize::try_from((to.unix_ms() - 1).div_euclid(step_ms) - from_ms.div_euclid(step_ms) + 1).unwrap()
}

/// Two hundred bytes a row would be 24 MB.
fn a_long_range_takes_no_memory(engine: Engine) {
    const COUNT: i64 = 120_000;
    let base = recently(0).unix_ms();
    let database = Database::fresh(engine);
    let id = block_on(async {
        let store = Store::open(&database.location()).await.unwrap();
        let web = reporter(&store, "web-1").await;
        // The days are there then.
        let start = base - COUNT * 1000;
        for day in 0..=2 {
            let timestamp = Timestamp::from_unix_ms((start + day * 86_400_000).min(base));
            store.metrics_insert(&web, [Sample { timestamp, ..sample(0) }], timestamp).await.unwrap();
        }
        store.close().await;
        web.server_id
    });
    let numbers = match engine {
        Engine::Sqlite => {
            format!("WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {COUNT}) ")
        }
        Engine::Postgres => format!("WITH n (n) AS (SELECT generate_series(1, {COUNT})) "),
    };
    let additions = if engine == Engine::Sqlite { "zeroblob(0)" } else { "''" };
    database.execute(&format!(
        "{numbers} INSERT INTO metrics (server_id, timestamp_ms, network_rx_bytes, network_tx_bytes, \
         memory_used_gb_hundredths, memory_total_gb_hundredths, disk_used_gb_hundredths, disk_total_gb_hundredths, \
         cpu_percent_hundredths, memory_percent_hundredths, disk_percent_hundredths, late_minutes, additions) \
         SELECT {id}, {} - n * 1000, 1, 1, 73, 2354, 4770, 75592, n % 10000, 309, 631, 0, {additions} FROM n WHERE n > 0 \
         ON CONFLICT DO NOTHING",
        base
    ));
    let master = Master::start(&database);
    let peak_kib = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", master.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    get(&master, id, "fields=cpuPercent&points=10");
    let before = peak_kib();
    let from = Timestamp::from_unix_ms(base - (COUNT + 10) * 1000);
    let answer = get(&master, id, &format!("from={from}&fields=cpuPercent"));
    assert_eq!(answer["tier"], json!("hourly"), "too many to be read as samples");
    let samples: i64 = answer["samples"].as_array().unwrap().iter().map(|count| count.as_i64().unwrap()).sum();
    assert!((COUNT..COUNT + 4).contains(&samples), "{samples}");
    let grown = peak_kib() - before;
    assert!(grown < 12 * 1024, "{grown} KiB more");
}

fn bad_queries_are_refused_in_a_sentence(engine: Engine) {
    let interfaces = (0..200).map(|number| InterfaceReading {
        name: format!("i{number}"),
        link_up: Some(true),
        ..InterfaceReading::default()
    });
    let readings = Some(Readings { interfaces: Some(interfaces.collect()), ..Readings::default() });
    let samples = [0, 1000].map(|ms| Sample { timestamp: recently(ms), readings: readings.clone(), ..sample(0) });
    let (_database, master, id) = served(engine, in_time(samples));
    let time = "must be a time as in RFC 3339, like 2026-11-24T09:08:03Z";
    for (query, sentence) in [
        ("from=yesterday", format!("from: {time}")),
        ("from=", format!("from: {time}")),
        ("to=2026-11-24", format!("to: {time}")),
        ("to=2026-02-30T00:00:00Z", format!("to: {time}")),
        (
            "from=2026-11-24T09:00:00Z&to=2026-11-24T09:00:00Z",
            "from: must be before to, got 2026-11-24T09:00:00.000Z and 2026-11-24T09:00:00.000Z".to_owned(),
        ),
        (
            "from=2026-11-24T09:00:00Z&to=2026-11-24T10:00:00%2B02:00",
            "from: must be before to, got 2026-11-24T09:00:00.000Z and 2026-11-24T08:00:00.000Z".to_owned(),
        ),
        (
            "from=2026-11-24T09:00:00Z&to=2026-11-24T10:00:00+02:00",
            "from: must be before to, got 2026-11-24T09:00:00.000Z and 2026-11-24T08:00:00.000Z".to_owned(),
        ),
        ("points=1", "points: must be between 2 and 2000".to_owned()),
        ("points=2001", "points: must be between 2 and 2000".to_owned()),
        ("points=-5", "points: must be between 2 and 2000".to_owned()),
        ("points=99999999999999999999", "points: must be between 2 and 2000".to_owned()),
        ("points=x", "points: must be between 2 and 2000".to_owned()),
        ("points=", "points: must be between 2 and 2000".to_owned()),
        ("points=5&points=6", "points: is given more than once".to_owned()),
        ("fields=", r#"fields: unknown field """#.to_owned()),
        ("fields=cpuPercent,disk", r#"fields: unknown field "disk""#.to_owned()),
        ("fields=interfaces.*", "fields: at most 200 with 500 points, ask for fewer of either".to_owned()),
    ] {
        let answer = master.client.get(&format!("/api/servers/{id}/metrics?{query}"));
        assert_eq!((answer.status, answer.json()), (400, json!({"error": sentence})), "{query}");
    }
    let answer = master.client.get(&format!("/api/servers/{}/metrics", id + 100));
    assert_eq!((answer.status, answer.json()), (404, json!({"error": "Server not found"})));
    let answer = master.client.get("/api/servers/x/metrics");
    assert_eq!((answer.status, answer.json()), (400, json!({"error": "Invalid server ID"})));
    // The widest range there is, which holds all the same.
    let answer = get(&master, id, "from=0000-01-01T00:00:00Z&to=9999-12-31T23:59:59Z&points=2");
    assert_eq!(answer["samples"].as_array().unwrap().iter().filter_map(Value::as_u64).sum::<u64>(), 2);
}
