//! What is let go of, when, and that nobody waits for it: on both engines, against the library.

use neon_master::model::{HistoryInterval, Need, Registration, Reporter, Sample, Tier};
use neon_master::store::{Retention, Store};
use neon_shared::metrics::ServerInfo;
use neon_shared::time::Timestamp;

use crate::common::fixtures::{ago, metrics, sample as wire_sample};
use crate::common::{DEADLINE, Database, Engine, Master, on_both_engines};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// A midnight.
const START: i64 = 1_795_046_400_000;
const DAYS: i64 = 8;
const RETENTION: Retention = Retention { raw_days: 4, hourly_days: 6, daily_days: 7, activity_days: 5 };
/// What one transaction deletes at most.
const ROWS_PER_STEP: u64 = 500;

on_both_engines! {
    what_is_old_goes_and_what_it_came_to_stays
    nothing_goes_before_it_is_rolled_up
    what_is_kept_for_ever_stays
    a_sample_that_is_too_old_is_refused_by_itself
    old_activities_go_and_their_numbers_are_not_given_out_again
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(START + ms)
}

async fn reporter(store: &Store, number: usize) -> Reporter {
    let server_name = format!("web-{number}");
    let registration = Registration {
        info: ServerInfo { name: server_name.clone(), cpu_cores: 2, ..ServerInfo::default() },
        agent_version: "0.1.0".to_owned(),
        ip_address: "192.0.2.1".to_owned(),
        claim: neon_master::model::Claim::default(),
        server_name: server_name.clone(),
    };
    let server_id = store.server_register(&registration, at(0)).await.unwrap().unwrap().server_id;
    Reporter { server_id, server_name, ip_address: "192.0.2.1".to_owned(), generation: 0 }
}

fn samples(from_ms: i64, to_ms: i64) -> Vec<Sample> {
    let one = |ms: i64| Sample {
        timestamp: at(ms),
        cpu_percent: 14.85,
        memory_percent: 3.09,
        disk_percent: 6.31,
        memory_used_gb: 0.73,
        memory_total_gb: 23.54,
        disk_used_gb: 47.7,
        disk_total_gb: 755.92,
        network_rx_bytes: ms as u64,
        network_tx_bytes: 986_331,
        readings: serde_json::from_value(serde_json::json!({"load1": 0.5, "bootId": "one"})).unwrap(),
    };
    (from_ms / (10 * MINUTE)..to_ms / (10 * MINUTE)).map(|number| one(number * 10 * MINUTE)).collect()
}

/// Eight days of a few servers, sent as they were taken.
fn filled(engine: Engine, servers: usize) -> Database {
    let database = Database::fresh(engine);
    database.with_store(|store| async move {
        for number in 0..servers {
            let reporter = reporter(&store, number).await;
            for day in 0..DAYS {
                // No later than their hours, so that nothing is due.
                store.metrics_insert(&reporter, samples(day * DAY, (day + 1) * DAY), at(0)).await.unwrap();
            }
        }
    });
    database
}

fn counts(database: &Database) -> [i64; 4] {
    ["metrics", "rollups_hourly", "rollups_daily", "metric_shapes"]
        .map(|table| database.numbers(&format!("SELECT COUNT(*) FROM {table}"))[0])
}

fn first(database: &Database, column: &str, table: &str) -> i64 {
    database.numbers(&format!("SELECT MIN({column}) FROM {table}"))[0] - START
}

fn what_is_old_goes_and_what_it_came_to_stays(engine: Engine) {
    let database = filled(engine, 5);
    let now = at(DAYS * DAY + 12 * HOUR);
    let [raw, hours, days, shapes] = counts(&database);
    assert_eq!((raw, hours, days), (5 * DAYS * 144, 0, 0));
    let done = database.with_store(|store| async move {
        store.roll_up(now).await.unwrap();
        store.retain(&RETENTION, now).await.unwrap()
    });
    let [raw_after, hours_after, days_after, shapes_after] = counts(&database);
    assert!(done.rows_max <= ROWS_PER_STEP && done.rows > 0, "{done:?}");
    // Samples: four days, and two hours more for the rates of the first. Partitions go as a whole.
    let (first_sample, first_hour) = match engine {
        Engine::Sqlite => (4 * DAY + 10 * HOUR, 2 * DAY + 12 * HOUR),
        Engine::Postgres => (4 * DAY, 0),
    };
    assert_eq!(first(&database, "timestamp_ms", "metrics"), first_sample);
    assert_eq!(raw_after, 5 * (DAYS * DAY - first_sample) / (10 * MINUTE));
    assert_eq!(first(&database, "start_ms", "rollups_hourly"), first_hour, "{hours_after}");
    assert_eq!(first(&database, "start_ms", "rollups_daily"), 2 * DAY, "{days_after}");
    assert_eq!(done.partitions, if engine == Engine::Sqlite { 0 } else { 4 });
    // Each day began a shape of its own.
    assert!(shapes >= 5 * (DAYS - 1) && shapes_after < shapes && shapes_after >= 5 * 4, "{shapes}, {shapes_after}");
    database.with_store(|store| async move {
        let mut all = store.samples(1, Timestamp::MIN, now, Need::Readings);
        let mut read = 0;
        while all
            .page(|stored| {
                read += 1;
                assert!(stored.sample.readings.is_some_and(|readings| readings.load1 == Some(0.5)));
            })
            .await
            .unwrap()
        {}
        assert_eq!(i64::from(read), raw_after / 5, "what is left has its shape");
        // The fixed history goes on where the samples end.
        let points = store.metrics_history(1, HistoryInterval::Hourly, at(2 * DAY + 12 * HOUR)).await.unwrap();
        let times: Vec<i64> = points.iter().map(|point| point.timestamp.unix_ms() - START).collect();
        assert_eq!(times, (60..DAYS * 24).map(|hour| hour * HOUR).collect::<Vec<_>>());
        assert!(points.iter().all(|point| point.cpu_percent == 14.85 && point.disk_percent == 6.31));
        // Again at once: nothing.
        let done = store.retain(&RETENTION, now).await.unwrap();
        assert_eq!((done.rows, done.partitions), (0, 0));
        // What comes late now is refused by the intake; what was accepted before is of days that are still there.
        let late = samples(5 * DAY, 5 * DAY + 10 * MINUTE);
        let late: Vec<Sample> = late.into_iter().map(|s| Sample { timestamp: at(5 * DAY + 1), ..s }).collect();
        let reporter = reporter(&store, 0).await;
        store.metrics_insert(&reporter, late, now).await.unwrap();
        store.roll_up(now).await.unwrap();
        let hour =
            store.rollups(reporter.server_id, Tier::Hourly, at(5 * DAY), at(5 * DAY + 1), &|_| true).await.unwrap();
        assert_eq!(hour[0].samples, 7);
    });
}

fn nothing_goes_before_it_is_rolled_up(engine: Engine) {
    let database = filled(engine, 2);
    let now = at(DAYS * DAY + 12 * HOUR);
    let retain = || database.with_store(|store| async move { store.retain(&RETENTION, now).await.unwrap() });
    let before = counts(&database);
    let done = retain();
    assert_eq!((counts(&database), done.rows, done.partitions), (before, 0, 0));
    database.with_store(|store| async move {
        store.roll_up(now).await.unwrap();
    });
    // One hour of one server is due once more.
    let due = START + 2 * DAY + 5 * HOUR;
    database.execute(&format!("INSERT INTO rollups_due (server_id, hour_ms, marks) VALUES (2, {due}, 1)"));
    retain();
    let kept = first(&database, "timestamp_ms", "metrics");
    assert_eq!(kept, if engine == Engine::Sqlite { 2 * DAY + 3 * HOUR } else { 2 * DAY });
    database.with_store(|store| async move {
        store.roll_up(now).await.unwrap();
    });
    retain();
    assert!(first(&database, "timestamp_ms", "metrics") >= 4 * DAY);
}

fn what_is_kept_for_ever_stays(engine: Engine) {
    let database = filled(engine, 1);
    let now = at(3000 * DAY);
    database.with_store(|store| async move {
        store.roll_up(now).await.unwrap();
    });
    let before = counts(&database);
    let done = database.with_store(|store| async move {
        store.retain(&Retention { raw_days: 0, hourly_days: 0, daily_days: 0, activity_days: 0 }, now).await.unwrap()
    });
    assert_eq!((counts(&database), done.rows, done.partitions), (before, 0, 0));
}

fn a_sample_that_is_too_old_is_refused_by_itself(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start_with(&database.url(), &[("RETAIN_RAW_DAYS", "4")]);
    let (_, token) = master.registered("web-1");
    let (good, old) = (wire_sample(ago(4 * DAY - HOUR)), wire_sample(ago(4 * DAY + HOUR)));
    let answer = master.client.post("/api/agent/metrics", &token, metrics(&[good, old.clone()]));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        answer.text().contains("timestamp: is older than samples are kept (RETAIN_RAW_DAYS), got "),
        "{}",
        answer.text()
    );
    assert_eq!(answer.json()["data"]["refused"], 1);
    let answer = master.client.post("/api/agent/metrics", &token, metrics(&[old]));
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert_eq!(database.numbers("SELECT COUNT(*) FROM metrics"), [1]);
}

fn old_activities_go_and_their_numbers_are_not_given_out_again(engine: Engine) {
    let database = Database::fresh(engine);
    let ids = |store: Store| async move {
        let events = store.activity_list(5000).await.unwrap();
        events.into_iter().map(|event| event.id).collect::<Vec<_>>()
    };
    let now = at(10 * DAY);
    database.with_store(|store| async move {
        for number in 0..2 {
            reporter(&store, number).await;
        }
    });
    // One each that its registration made; of the first server some more, of which one is younger than they are kept.
    database.execute(&format!(
        "INSERT INTO activities (server_id, sequence, timestamp_ms, kind, message) \
         SELECT 1, v + 1, {START} + v, 'restart', 'web' FROM {}",
        database.series(1, 1200)
    ));
    database.execute(&format!(
        "UPDATE activities SET timestamp_ms = {} WHERE server_id = 1 AND sequence = 900",
        START + 6 * DAY
    ));
    let done = database.with_store(|store| async move {
        let done = store.retain(&RETENTION, now).await.unwrap();
        // The last of each stays, though it is old.
        assert_eq!(ids(store.clone()).await, ["1-900", "1-1201", "2-1"]);
        assert_eq!(store.retain(&RETENTION, now).await.unwrap().rows, 0);
        // The second server falls silent, which is an event, and so does the first.
        store.servers_mark_offline(now, now).await.unwrap();
        assert_eq!(ids(store).await, ["2-2", "1-1202", "1-900", "1-1201", "2-1"]);
        done
    });
    assert_eq!((done.rows, done.steps), (1199, 3), "{done:?}");
    assert!(done.rows_max <= ROWS_PER_STEP, "{done:?}");
}

#[test]
fn a_file_gives_room_back_also_one_from_before() {
    for is_old in [false, true] {
        let database = Database::fresh(Engine::Sqlite);
        database.with_store(|store| async move {
            let reporter = reporter(&store, 0).await;
            store.metrics_insert(&reporter, samples(0, DAY), at(0)).await.unwrap();
        });
        if is_old {
            // As the first stores made it.
            database.execute("PRAGMA auto_vacuum = 0; VACUUM");
            assert_eq!(database.numbers("PRAGMA auto_vacuum"), [0]);
        }
        database.with_store(|_| async {});
        assert_eq!(database.numbers("PRAGMA auto_vacuum"), [2]);
        // 16 MB that go again.
        database.execute(
            "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 8000) INSERT INTO rollups_daily \
             (server_id, start_ms, samples, body) SELECT 1, i, 1, randomblob(2000) FROM n",
        );
        let before = database.numbers("PRAGMA page_count")[0];
        let done = database.with_store(|store| async move { store.retain(&RETENTION, at(DAYS * DAY)).await.unwrap() });
        let after = database.numbers("PRAGMA page_count")[0];
        assert!(done.rows == 8001 && done.steps == 17 && done.rows_max == ROWS_PER_STEP, "{done:?}");
        assert!(done.pages > 2000 && before - after >= 2000, "{done:?}: {before} and {after} pages");
        assert_eq!(database.texts("PRAGMA integrity_check"), ["ok"]);
    }
}

/// Detaching waits for whoever reads the partition; ingest and everything else does not wait for it.
#[test]
fn a_long_reader_of_postgresql_holds_up_the_dropping_and_nothing_else() {
    let database = filled(Engine::Postgres, 1);
    let now = at(DAYS * DAY + 12 * HOUR);
    let url = database.url();
    database.with_store(|store| async move {
        store.roll_up(now).await.unwrap();
        let mut reader = <sqlx::PgConnection as sqlx::Connection>::connect(&url).await.unwrap();
        sqlx::query("BEGIN").execute(&mut reader).await.unwrap();
        sqlx::query("SELECT * FROM metrics LIMIT 1").execute(&mut reader).await.unwrap();
        let retaining = tokio::spawn({
            let store = store.clone();
            async move { store.retain(&RETENTION, now).await }
        });
        let mut others = 0;
        let reporter = reporter(&store, 0).await;
        while !retaining.is_finished() {
            // That each ends is asserted, while the other waits; not when.
            let sample = samples(DAYS * DAY, DAYS * DAY + 10 * MINUTE).remove(0);
            let sample = Sample { timestamp: at(DAYS * DAY + others), ..sample };
            tokio::time::timeout(DEADLINE, store.metrics_insert(&reporter, [sample], now))
                .await
                .expect("a sample waits for nobody")
                .unwrap();
            others += 1;
        }
        assert!(others > 2, "{others} samples were stored meanwhile");
        assert_eq!(retaining.await.unwrap().unwrap().partitions, 0, "the next try is in an hour");
        sqlx::query("COMMIT").execute(&mut reader).await.unwrap();
        assert_eq!(store.retain(&RETENTION, now).await.unwrap().partitions, 4);
    });
    assert_eq!(first(&database, "timestamp_ms", "metrics"), 4 * DAY);
}

/// Prints how long the longest step holds SQLite's writer. A figure for docs/operating.md, not a promise.
#[test]
#[ignore = "a measurement"]
fn the_longest_hold_is_printed() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = filled(engine, 60);
        let now = at(DAYS * DAY + 12 * HOUR);
        database.with_store(|store| async move {
            let began = std::time::Instant::now();
            let rolled = store.roll_up(now).await.unwrap();
            let took = began.elapsed();
            println!("{engine:?}: {rolled:?} in {took:?}");
            let retained = store.retain(&RETENTION, now).await.unwrap();
            println!("{engine:?}: {retained:?}");
        });
    }
}
