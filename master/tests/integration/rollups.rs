//! Hours and days of samples: every case on both engines, against the library.

use std::collections::BTreeMap;
use std::time::Duration;

use neon_master::model::{Registration, Reporter, Rollup, Sample, Summary, Tier};
use neon_master::store::{Retention, Store};
use neon_shared::metrics::ServerInfo;
use neon_shared::time::Timestamp;

use crate::common::{Database, Engine, on_both_engines};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// A midnight.
const START: i64 = 1_795_046_400_000;
/// Most rows of one write: those that make it full, less one, and a step of one server with its days.
const ROWS_PER_WRITE_MAX: usize = 47 + 24 + 24 * 3 + 2;

on_both_engines! {
    hours_and_days_are_what_their_samples_come_to
    a_late_sample_corrects_its_hour_the_next_ones_rates_and_the_day
    a_sample_of_a_current_hour_marks_nothing
    an_end_in_the_middle_changes_nothing_but_when
    two_masters_at_once_make_the_same
    what_is_marked_meanwhile_stays_marked
    hours_whose_samples_are_gone_are_not_made_of_less
    a_long_silence_is_passed_over_and_the_day_before_it_made
    no_write_has_many_rows
    a_server_that_is_deleted_takes_its_rollups_along
    a_store_from_before_is_rolled_up_from_its_first_sample
    what_is_not_readable_costs_no_other_server
    what_is_not_readable_is_waited_for_a_week
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(START + ms)
}

async fn reporter(store: &Store, number: usize, now: Timestamp) -> Reporter {
    let server_name = format!("web-{number}");
    let registration = Registration {
        info: ServerInfo { name: server_name.clone(), cpu_cores: 2, ..ServerInfo::default() },
        agent_version: "0.1.0".to_owned(),
        ip_address: "192.0.2.1".to_owned(),
        claim: neon_master::model::Claim::default(),
        server_name: server_name.clone(),
    };
    let server_id = store.server_register(&registration, now).await.unwrap().unwrap().server_id;
    Reporter { server_id, server_name, ip_address: "192.0.2.1".to_owned(), generation: 0 }
}

fn sample(ms: i64, cpu_percent: f64, network_rx_bytes: u64) -> Sample {
    let readings = serde_json::json!({"load1": cpu_percent / 50.0, "uptimeSeconds": 1_000_000 + ms / 1000,
        "memory": {"totalBytes": 8_589_934_592_u64, "availableBytes": 4096 * (1000 + ms / MINUTE)}});
    Sample {
        timestamp: at(ms),
        cpu_percent,
        memory_percent: 3.09,
        disk_percent: 6.31,
        memory_used_gb: 0.73,
        memory_total_gb: 23.54,
        disk_used_gb: 47.7,
        disk_total_gb: 755.92,
        network_rx_bytes,
        network_tx_bytes: 986_331,
        readings: serde_json::from_value(readings).unwrap(),
    }
}

/// Samples every five minutes, of which no two are alike.
fn samples(seed: u64, from_ms: i64, to_ms: i64) -> Vec<Sample> {
    let random = &mut fastrand::Rng::with_seed(seed);
    let mut bytes = 1_000_000;
    let times = (from_ms / (5 * MINUTE)..to_ms / (5 * MINUTE)).map(|number| number * 5 * MINUTE);
    times
        .map(|ms| {
            bytes += random.u64(0..100_000_000);
            sample(ms, f64::from(random.u32(0..10_000)) / 100.0, bytes)
        })
        .collect()
}

async fn send(store: &Store, reporter: &Reporter, samples: &[Sample], now: Timestamp) {
    for some in samples.chunks(500) {
        store.metrics_insert(reporter, some, now).await.unwrap();
    }
}

async fn all(store: &Store, server_id: i64, tier: Tier) -> Vec<Rollup> {
    store.rollups(server_id, tier, Timestamp::MIN, at(1000 * DAY), &|_| true).await.unwrap()
}

/// What a rollup of these samples has to say, worked out another way.
fn expected(samples: &[Sample], tier: Tier) -> BTreeMap<i64, (u64, Summary, Option<Summary>)> {
    let mut values: BTreeMap<i64, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    let mut ordered: Vec<&Sample> = samples.iter().collect();
    ordered.sort_by_key(|sample| sample.timestamp);
    let mut before: Option<&Sample> = None;
    for sample in ordered {
        let of = values.entry(tier.start_ms(sample.timestamp.unix_ms())).or_default();
        of.0.push(sample.cpu_percent);
        if let Some(before) = before {
            let elapsed_ms = sample.timestamp.unix_ms() - before.timestamp.unix_ms();
            if elapsed_ms <= 90 * MINUTE {
                of.1.push((sample.network_rx_bytes - before.network_rx_bytes) as f64 * 1000.0 / elapsed_ms as f64);
            }
        }
        before = Some(sample);
    }
    let summary = |values: &[f64]| Summary {
        min: values.iter().copied().fold(f64::INFINITY, f64::min),
        avg: values.iter().sum::<f64>() / values.len() as f64,
        max: values.iter().copied().fold(0.0, f64::max),
        count: values.len() as u64,
    };
    let all = values.into_iter().map(|(start, (cpu, rates))| {
        (start, (cpu.len() as u64, summary(&cpu), (!rates.is_empty()).then(|| summary(&rates))))
    });
    all.collect()
}

fn close(one: Summary, other: Summary) -> bool {
    let near = |one: f64, other: f64| (one - other).abs() <= other.abs().max(other.abs() * 2.0) * 1e-6 + 1e-6;
    one.count == other.count && near(one.min, other.min) && near(one.avg, other.avg) && near(one.max, other.max)
}

fn compare(found: &[Rollup], expected: &BTreeMap<i64, (u64, Summary, Option<Summary>)>) {
    assert_eq!(
        found.iter().map(|rollup| rollup.start.unix_ms()).collect::<Vec<_>>(),
        expected.keys().copied().collect::<Vec<_>>()
    );
    for (found, (samples, cpu, rate)) in found.iter().zip(expected.values()) {
        assert_eq!(found.samples, *samples, "{}", found.start);
        let found_cpu = found.field("cpuPercent").unwrap();
        assert!(close(found_cpu, *cpu), "{}: {found_cpu:?}, {cpu:?}", found.start);
        let found_rate = found.field("networkRxBytesPerSecond");
        assert!(
            found_rate.zip(*rate).map_or(found_rate == *rate, |(found, rate)| close(found, rate)),
            "{}: {found_rate:?}, {rate:?}",
            found.start
        );
        assert!(found.field("memory.availableBytes").is_some() && found.field("load1").is_some());
    }
}

/// What is stored of rollups, byte by byte.
fn stored(database: &Database) -> Vec<String> {
    let body = match database {
        Database::Sqlite { .. } => "hex(body)",
        Database::Postgres { .. } => "encode(body, 'hex')",
    };
    let tables = ["rollups_hourly", "rollups_daily"].map(|table| {
        format!("SELECT '{table} ' || server_id || ' ' || start_ms || ' ' || samples || ' ' || {body} FROM {table}")
    });
    let names = format!("SELECT 'names ' || server_id || ' ' || hash || ' ' || {body} FROM rollup_names");
    let done = "SELECT 'done ' || server_id || ' ' || hour_ms FROM rollups_done".to_owned();
    let mut all: Vec<String> = tables
        .into_iter()
        .chain([names, done])
        .flat_map(|sql| database.texts(&sql))
        .map(|row| row.to_lowercase())
        .collect();
    all.sort();
    all
}

fn hours_and_days_are_what_their_samples_come_to(engine: Engine) {
    let database = Database::fresh(engine);
    database.with_store(|store| async move {
        let (steady, gaps) = (reporter(&store, 1, at(0)).await, reporter(&store, 2, at(0)).await);
        let of_steady = samples(1, 0, 50 * HOUR);
        let of_gaps: Vec<Sample> = [
            samples(2, 25 * MINUTE, 3 * HOUR),
            // Longer than rates go over, and within.
            samples(3, 5 * HOUR, 5 * HOUR + 5 * MINUTE),
            samples(4, 6 * HOUR + 10 * MINUTE, 7 * HOUR),
            samples(5, 30 * HOUR, 49 * HOUR + 5 * MINUTE),
        ]
        .into_iter()
        .scan(0, |bytes, part| {
            // The counter goes on.
            let part: Vec<Sample> =
                part.into_iter().map(|s| Sample { network_rx_bytes: s.network_rx_bytes + *bytes, ..s }).collect();
            *bytes = part.last().unwrap().network_rx_bytes;
            Some(part)
        })
        .flatten()
        .collect();
        send(&store, &steady, &of_steady, at(0)).await;
        send(&store, &gaps, &of_gaps, at(0)).await;

        let now = at(50 * HOUR + 4 * MINUTE);
        assert!(store.roll_up(now).await.unwrap().is_complete);
        for (reporter, samples) in [(&steady, &of_steady), (&gaps, &of_gaps)] {
            let over = |hour: i64| move |sample: &&Sample| sample.timestamp.unix_ms() < START + hour * HOUR;
            let until: Vec<Sample> = samples.iter().filter(over(49)).cloned().collect();
            compare(&all(&store, reporter.server_id, Tier::Hourly).await, &expected(&until, Tier::Hourly));
            let days: Vec<Sample> = samples.iter().filter(over(48)).cloned().collect();
            compare(&all(&store, reporter.server_id, Tier::Daily).await, &expected(&days, Tier::Daily));
        }
        // Five minutes after its end the hour is there, and nothing is done twice.
        assert_eq!(store.roll_up(at(50 * HOUR + 4 * MINUTE)).await.unwrap().rows, 0);
        assert_eq!(store.roll_up(at(50 * HOUR + 5 * MINUTE)).await.unwrap().rows, 2);
        compare(&all(&store, steady.server_id, Tier::Hourly).await, &expected(&of_steady, Tier::Hourly));
        let some = store.rollups(steady.server_id, Tier::Hourly, at(HOUR), at(3 * HOUR), &|_| true).await.unwrap();
        assert_eq!(some.iter().map(|hour| hour.start).collect::<Vec<_>>(), [at(HOUR), at(2 * HOUR)]);
    });
}

fn a_late_sample_corrects_its_hour_the_next_ones_rates_and_the_day(engine: Engine) {
    let database = Database::fresh(engine);
    database.with_store(|store| async move {
        let reporter = reporter(&store, 1, at(0)).await;
        let sent = samples(7, 0, 30 * HOUR);
        // All of two hours, and the last of a third.
        let is_late = |sample: &Sample| {
            let ms = sample.timestamp.unix_ms() - START;
            (5 * HOUR..7 * HOUR).contains(&ms) || ms == 11 * HOUR - 5 * MINUTE
        };
        let (late, early): (Vec<Sample>, Vec<Sample>) = sent.iter().cloned().partition(is_late);
        send(&store, &reporter, &early, at(0)).await;
        let now = at(30 * HOUR + 5 * MINUTE);
        store.roll_up(now).await.unwrap();
        compare(&all(&store, reporter.server_id, Tier::Hourly).await, &expected(&early, Tier::Hourly));

        let before = all(&store, reporter.server_id, Tier::Hourly).await;
        send(&store, &reporter, &late, now).await;
        let done = store.roll_up(now).await.unwrap();
        assert!(done.rows <= 3 * 3 + 1, "{done:?}: no more than there is to be corrected");
        compare(&all(&store, reporter.server_id, Tier::Hourly).await, &expected(&sent, Tier::Hourly));
        let day: Vec<Sample> = sent.iter().filter(|sample| sample.timestamp < at(DAY)).cloned().collect();
        compare(&all(&store, reporter.server_id, Tier::Daily).await, &expected(&day, Tier::Daily));
        let of = |hours: &[Rollup], start| hours.iter().find(|hour| hour.start == start).cloned().unwrap();
        let after = all(&store, reporter.server_id, Tier::Hourly).await;
        assert_ne!(of(&before, at(11 * HOUR)), of(&after, at(11 * HOUR)), "its first rate is over another time now");
        assert_eq!(store.roll_up(now).await.unwrap().rows, 0);
        // Sent again, as agents do when an answer is lost.
        send(&store, &reporter, &late, now).await;
        store.roll_up(now).await.unwrap();
        assert_eq!(all(&store, reporter.server_id, Tier::Hourly).await, after);
    });
}

fn a_sample_of_a_current_hour_marks_nothing(engine: Engine) {
    let database = Database::fresh(engine);
    let due = |sql| database.numbers(sql);
    database.with_store(|store| async move {
        let reporter = reporter(&store, 1, at(0)).await;
        send(&store, &reporter, &[sample(0, 1.0, 0), sample(HOUR - 1, 1.0, 0)], at(HOUR + 2 * MINUTE)).await;
    });
    assert!(due("SELECT hour_ms FROM rollups_due").is_empty());
    database.with_store(|store| async move {
        let reporter = reporter(&store, 1, at(0)).await;
        let late = samples(1, 0, HOUR);
        send(&store, &reporter, &[&late[..], &[sample(HOUR, 1.0, 0)]].concat(), at(HOUR + 2 * MINUTE + 1)).await;
    });
    assert_eq!(due("SELECT hour_ms FROM rollups_due"), [START], "one row for all samples of an hour");
}

fn an_end_in_the_middle_changes_nothing_but_when(engine: Engine) {
    let (whole, broken) = (Database::fresh(engine), Database::fresh(engine));
    let now = at(3 * DAY + HOUR);
    let fill = |database: &Database| {
        database.with_store(|store| async move {
            for number in 0..4 {
                let reporter = reporter(&store, number, at(0)).await;
                send(&store, &reporter, &samples(number as u64, 0, 3 * DAY), at(0)).await;
                // Some of it is due besides.
                send(&store, &reporter, &[sample(7 * HOUR + 1, 1.0, 1)], now).await;
            }
        });
    };
    fill(&whole);
    fill(&broken);
    whole.with_store(|store| async move {
        store.roll_up(now).await.unwrap();
    });
    // Dropped where it is: what is not committed then is as it would be after a SIGKILL, and the store is opened anew.
    let mut ends = 0;
    for round in 0..200 {
        let is_complete = broken.with_store(|store| async move {
            let limit = Duration::from_millis(3 + round * round / 8);
            tokio::time::timeout(limit, store.roll_up(now)).await.is_ok_and(|done| done.unwrap().is_complete)
        });
        if is_complete {
            break;
        }
        ends += 1;
    }
    assert!(ends > 0 && ends < 200, "it ended {ends} times before it was done");
    assert_eq!(stored(&whole), stored(&broken));
    assert_eq!(broken.numbers("SELECT COUNT(*) FROM rollups_due"), [0]);
}

fn two_masters_at_once_make_the_same(engine: Engine) {
    let (one, both) = (Database::fresh(engine), Database::fresh(engine));
    let now = at(DAY + HOUR);
    for (database, count) in [(&one, 1), (&both, 2)] {
        database.with_store(|store| async move {
            let stores = [store.clone(), Store::open(&database.location()).await.unwrap()];
            for number in 0..20 {
                let reporter = reporter(&store, number, at(0)).await;
                send(&store, &reporter, &samples(number as u64, 0, DAY), at(0)).await;
                send(&store, &reporter, &[sample(7 * HOUR + 1, 1.0, 1)], now).await;
            }
            let runs = stores.iter().take(count).map(|store| {
                let store = store.clone();
                tokio::spawn(async move { store.roll_up(now).await.unwrap() })
            });
            for run in runs.collect::<Vec<_>>() {
                assert!(run.await.unwrap().is_complete);
            }
            stores[1].close().await;
        });
    }
    assert_eq!(stored(&one), stored(&both));
}

fn what_is_marked_meanwhile_stays_marked(engine: Engine) {
    let database = Database::fresh(engine);
    let now = at(2 * HOUR);
    database.with_store(|store| async move {
        let reporter = reporter(&store, 1, at(0)).await;
        send(&store, &reporter, &[sample(0, 1.0, 0)], now).await;
    });
    // The mark that is taken away is the one that was seen: here another comes while the work is being written.
    match engine {
        Engine::Sqlite => database.execute(
            "CREATE TRIGGER meanwhile BEFORE INSERT ON rollups_hourly BEGIN UPDATE rollups_due SET marks = marks + 1; END",
        ),
        Engine::Postgres => {
            database.execute(
                "CREATE FUNCTION meanwhile() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN \
                 UPDATE rollups_due SET marks = marks + 1; RETURN NEW; END $$",
            );
            database.execute(
                "CREATE TRIGGER meanwhile BEFORE INSERT ON rollups_hourly FOR EACH ROW EXECUTE FUNCTION meanwhile()",
            );
        }
    }
    database.with_store(|store| async move {
        assert_eq!(store.roll_up(now).await.unwrap().rows, 1);
    });
    assert_eq!(database.numbers("SELECT marks FROM rollups_due"), [2]);
}

fn hours_whose_samples_are_gone_are_not_made_of_less(engine: Engine) {
    let database = Database::fresh(engine);
    let (now, sent) = (at(DAY + HOUR), &samples(3, 0, DAY));
    database.with_store(|store| async move {
        let reporter = reporter(&store, 1, at(0)).await;
        send(&store, &reporter, sent, at(0)).await;
        store.roll_up(now).await.unwrap();
    });
    let before = stored(&database);
    database.execute(&format!("DELETE FROM metrics WHERE timestamp_ms < {}", START + 12 * HOUR));
    database.with_store(|store| async move {
        let reporter = reporter(&store, 1, at(0)).await;
        send(&store, &reporter, &[sample(3 * HOUR + 1, 99.0, 0)], now).await;
        store.roll_up(now).await.unwrap();
    });
    assert_eq!(stored(&database), before);
    assert_eq!(database.numbers("SELECT COUNT(*) FROM rollups_due"), [0]);
}

fn a_long_silence_is_passed_over_and_the_day_before_it_made(engine: Engine) {
    let database = Database::fresh(engine);
    database.with_store(|store| async move {
        let reporter = reporter(&store, 1, at(0)).await;
        let first = samples(1, 0, 15 * HOUR);
        send(&store, &reporter, &first, at(0)).await;
        assert_eq!(store.roll_up(at(16 * HOUR)).await.unwrap().rows, 15);
        // A day whose last hours have nothing.
        assert_eq!(store.roll_up(at(DAY + 5 * MINUTE)).await.unwrap().rows, 1);
        compare(&all(&store, reporter.server_id, Tier::Daily).await, &expected(&first, Tier::Daily));
        assert_eq!(store.roll_up(at(2 * DAY)).await.unwrap().rows, 0);
        let again = samples(2, 300 * DAY + HOUR, 300 * DAY + 3 * HOUR);
        send(&store, &reporter, &again, at(300 * DAY + 3 * HOUR)).await;
        let done = store.roll_up(at(301 * DAY + 5 * MINUTE)).await.unwrap();
        assert_eq!((done.rows, done.is_complete), (2 + 1, true));
        assert!(done.writes <= 3, "{done:?}: a year without samples is no work");
    });
}

fn no_write_has_many_rows(engine: Engine) {
    let database = Database::fresh(engine);
    database.with_store(|store| async move {
        for number in 0..150 {
            let reporter = reporter(&store, number, at(0)).await;
            send(&store, &reporter, &samples(number as u64, 0, HOUR), at(0)).await;
        }
        let done = store.roll_up(at(HOUR + 5 * MINUTE)).await.unwrap();
        assert_eq!((done.rows, done.rows_max, done.writes, done.is_complete), (150, 48, 4, true));
        // A week of one server at once.
        let reporter = reporter(&store, 0, at(0)).await;
        send(&store, &reporter, &samples(0, HOUR, 7 * DAY), at(0)).await;
        send(&store, &reporter, &[sample(7 * HOUR + 1, 1.0, 1)], at(8 * DAY)).await;
        let done = store.roll_up(at(7 * DAY + 5 * MINUTE)).await.unwrap();
        assert!(done.rows >= 7 * 24 - 1 + 7 && done.rows_max <= ROWS_PER_WRITE_MAX, "{done:?}");
    });
}

fn a_server_that_is_deleted_takes_its_rollups_along(engine: Engine) {
    let database = Database::fresh(engine);
    database.with_store(|store| async move {
        for number in 0..2 {
            let reporter = reporter(&store, number, at(0)).await;
            send(&store, &reporter, &samples(1, 0, DAY), at(0)).await;
        }
        store.roll_up(at(DAY + HOUR)).await.unwrap();
    });
    database.execute("DELETE FROM servers WHERE id = 1");
    database.with_store(|store| async move { store.forget_deleted(at(DAY + HOUR)).await.unwrap() });
    for table in ["rollups_hourly", "rollups_daily", "rollup_names", "rollups_done"] {
        assert_eq!(
            database.numbers(&format!("SELECT DISTINCT CAST(server_id AS BIGINT) FROM {table}")),
            [2],
            "{table}"
        );
    }
}

fn a_store_from_before_is_rolled_up_from_its_first_sample(engine: Engine) {
    let database = Database::fresh(engine);
    let sent = &samples(1, 2 * HOUR, 30 * HOUR);
    database.with_store(|store| async move {
        let (first, _silent) = (reporter(&store, 1, at(20 * HOUR)).await, reporter(&store, 2, at(20 * HOUR)).await);
        send(&store, &first, sent, at(0)).await;
    });
    // As it was before there were rollups.
    for table in ["rollups_hourly", "rollups_daily", "rollup_names", "rollups_done", "rollups_due"] {
        database.execute(&format!("DROP TABLE {table}"));
    }
    if engine == Engine::Postgres {
        database.execute("DROP FUNCTION rollups_make_period");
    }
    database.execute("DELETE FROM _sqlx_migrations WHERE version = 4");
    database.with_store(|store| async move {
        let first = reporter(&store, 1, at(20 * HOUR)).await;
        store.roll_up(at(30 * HOUR + 5 * MINUTE)).await.unwrap();
        compare(&all(&store, first.server_id, Tier::Hourly).await, &expected(sent, Tier::Hourly));
    });
}

fn what_is_not_readable_costs_no_other_server(engine: Engine) {
    let database = Database::fresh(engine);
    database.with_store(|store| async move {
        for number in 0..2 {
            let reporter = reporter(&store, number, at(0)).await;
            send(&store, &reporter, &samples(1, 0, HOUR), at(0)).await;
        }
    });
    // A number of bytes that no version wrote; and packed readings of a shape that is gone.
    database.execute("UPDATE metrics SET network_rx_bytes = -1 WHERE server_id = 1");
    database.execute("DELETE FROM metric_shapes WHERE server_id = 2");
    database.with_store(|store| async move {
        assert!(store.roll_up(at(HOUR + 5 * MINUTE)).await.is_err(), "it is said");
        let hours = all(&store, 2, Tier::Hourly).await;
        assert_eq!((hours.len(), hours[0].samples, hours[0].field("load1")), (1, 12, None));
        assert!(hours[0].field("cpuPercent").is_some(), "the fixed fields are there all the same");
        assert!(all(&store, 1, Tier::Hourly).await.is_empty());
    });
}

/// The samples of all servers are kept for those of one, but not for ever.
fn what_is_not_readable_is_waited_for_a_week(engine: Engine) {
    let database = Database::fresh(engine);
    let samples_of = |server: i64| {
        let sql = format!("SELECT COUNT(*) FROM metrics WHERE server_id = {server}");
        database.numbers(&sql)[0]
    };
    database.with_store(|store| async move {
        for number in 0..2 {
            let reporter = reporter(&store, number, at(0)).await;
            for from in [0, 20 * DAY] {
                send(&store, &reporter, &samples(1, from, from + HOUR), at(from)).await;
            }
        }
    });
    database.execute("UPDATE metrics SET network_rx_bytes = -1 WHERE server_id = 1");
    let raw_for = |raw_days| Retention { raw_days, ..Retention::DEFAULT };
    let retain = |raw_days, now| {
        database.with_store(|store| async move {
            assert!(store.roll_up(now).await.is_err(), "it is said");
            store.retain(&raw_for(raw_days), now).await.unwrap();
        });
    };
    // Older than they are kept, by less than a week.
    retain(4, at(10 * DAY));
    assert_eq!((samples_of(1), samples_of(2)), (24, 24));
    // A week more is over, and this master has not tried.
    let now = at(13 * DAY);
    database.with_store(|store| async move { store.retain(&raw_for(4), now).await.unwrap() });
    assert_eq!((samples_of(1), samples_of(2)), (24, 24));
    retain(4, now);
    assert_eq!((samples_of(1), samples_of(2)), (12, 12));
    // What came later and is readable is rolled up, and nothing is waited for any more.
    database.execute("UPDATE metrics SET network_rx_bytes = 1 WHERE server_id = 1");
    let now = at(30 * DAY);
    database.with_store(|store| async move {
        assert!(store.roll_up(now).await.unwrap().is_complete);
        let of_first = all(&store, 1, Tier::Hourly).await;
        assert_eq!(of_first.iter().map(|hour| hour.start).collect::<Vec<_>>(), [at(20 * DAY)]);
        assert_eq!(all(&store, 2, Tier::Hourly).await.len(), 2);
        store.retain(&raw_for(4), now).await.unwrap();
    });
    assert_eq!((samples_of(1), samples_of(2)), (0, 0));
}
