//! Bytes per sample on disk, indexes and shapes included: what docs/limits.md promises.
//!
//! Servers report in no particular order, a day long at the default interval. The samples are those of the benches' hosts
//! (two processors, five file systems, four interfaces), each later than the one before: counters go on as they did since
//! boot, give or take a half, and everything else moves about.

use neon_master::model::{Registration, Reporter, Sample, StorageForecast};
use neon_master::store::{Retention, Store};
use neon_shared::metrics::ServerInfo;
use neon_shared::time::Timestamp;
use serde_json::Value;

use crate::common::database::block_on;
use crate::common::host::{self, INTERVAL_MS, PLAIN, RICH};
use crate::common::{Database, Engine, on_both_engines};

/// An hour of the host of the promise, its share of the names included.
const HOUR_BYTES_MAX: f64 = 2000.0;
const SERVERS: usize = 16;
const SAMPLES: usize = 288;
/// Midnight, so that all samples are of one day.
const START_MS: i64 = 1_795_046_400_000;

on_both_engines! {
    a_sample_takes_no_more_than_promised
}

fn a_sample_takes_no_more_than_promised(engine: Engine) {
    let (fixed_max, whole_max) = match engine {
        Engine::Sqlite => (80.0, 450.0),
        Engine::Postgres => (120.0, 450.0),
    };
    // More of the small ones, so that what a table takes by itself does not count.
    let (fixed, fixed_hour, _) = bytes_per_sample(engine, PLAIN, false, 4 * SERVERS);
    let (plain, plain_hour, plain_day) = bytes_per_sample(engine, PLAIN, true, 2 * SERVERS);
    let (rich, rich_hour, rich_day) = bytes_per_sample(engine, RICH, true, 2 * SERVERS);
    println!(
        "{engine:?}: {fixed:.0} bytes a sample of fixed fields, {plain:.0} with every addition, {rich:.0} of a rich host"
    );
    println!(
        "{engine:?}: {fixed_hour:.0} bytes an hour of fixed fields, {plain_hour:.0} with every addition, {rich_hour:.0} of a \
         rich host; {plain_day} and {rich_day} a day"
    );
    // So few that the pages which PostgreSQL adds ahead of need count: 235 to 288 were seen.
    assert!(fixed_hour <= 400.0, "{fixed_hour} bytes an hour of fixed fields");
    assert!(
        plain_hour <= HOUR_BYTES_MAX && rich_hour <= 2.0 * HOUR_BYTES_MAX,
        "{plain_hour} and {rich_hour} bytes an hour"
    );
    assert!(
        plain_day as f64 <= HOUR_BYTES_MAX && rich_day as f64 <= 2.0 * HOUR_BYTES_MAX,
        "{plain_day} and {rich_day}"
    );
    assert!(fixed <= fixed_max, "{fixed} bytes a sample of fixed fields");
    assert!(plain <= whole_max, "{plain} bytes a sample with every addition");
    assert!(rich <= whole_max, "{rich} bytes a sample of a rich host");
}

/// A sample, an hour and its names on disk, indexes included; and the body of a day.
fn bytes_per_sample(engine: Engine, host: &str, with_readings: bool, server_count: usize) -> (f64, f64, i64) {
    let database = Database::fresh(engine);
    block_on(async { Store::open(&database.location()).await.unwrap().close().await });
    let before = bytes(&database);
    block_on(async {
        let store = Store::open(&database.location()).await.unwrap();
        let random = &mut fastrand::Rng::with_seed(20_261_124);
        let mut servers = Vec::new();
        for number in 0..server_count {
            servers.push((reporter(&store, number).await, serde_json::from_str::<Value>(host).unwrap()));
        }
        for round in 0..SAMPLES as i64 {
            random.shuffle(&mut servers);
            let mut reports = Vec::new();
            for (reporter, sample) in &mut servers {
                host::grow(sample, random);
                let mut sample: Sample = serde_json::from_value(sample.clone()).unwrap();
                sample.readings = sample.readings.filter(|_| with_readings);
                sample.timestamp = Timestamp::from_unix_ms(START_MS + round * INTERVAL_MS + random.i64(0..2000));
                let (store, reporter, sent) = (store.clone(), reporter.clone(), sample.clone());
                reports.push(tokio::spawn(async move {
                    store.metrics_insert(&reporter, [sent], sample.timestamp).await.unwrap();
                    (reporter.server_id, sample)
                }));
            }
            for report in reports {
                let (server_id, sample) = report.await.unwrap();
                if round % 36 == 35 {
                    assert_eq!(store.metrics_latest(server_id).await.unwrap(), Some(sample), "nothing is lost by it");
                }
            }
        }
        store.maintain(Timestamp::from_unix_ms(START_MS + 10 * 86_400_000)).await.unwrap();
        store.close().await;
    });
    let count = database.numbers("SELECT COUNT(*) FROM metrics");
    assert_eq!(count, [(server_count * SAMPLES) as i64]);
    if matches!(database, Database::Postgres { .. }) {
        // As its autovacuum does by itself within two days: of the pages that were added ahead of need, those that nothing
        // came to go back. How many there are depends on who waited for whom.
        database.execute("VACUUM metrics");
    }
    let samples = bytes(&database);
    let rollups_before = rollup_bytes(&database);
    let forecast = block_on(async {
        let store = Store::open(&database.location()).await.unwrap();
        store.roll_up(Timestamp::from_unix_ms(START_MS + 2 * 86_400_000)).await.unwrap();
        let told = store.storage_foretold(&Retention::DEFAULT, Timestamp::from_unix_ms(START_MS + 86_400_000)).await;
        store.close().await;
        told.unwrap().forecast.unwrap()
    });
    let hours = database.numbers("SELECT COUNT(*) FROM rollups_hourly")[0];
    assert_eq!(hours, 24 * server_count as i64);
    let day = database.numbers("SELECT CAST(AVG(LENGTH(body)) AS BIGINT) FROM rollups_daily")[0];
    let hour = (rollup_bytes(&database) - rollups_before) as f64 / hours as f64;
    let sample = (samples - before) as f64 / count[0] as f64;
    forecast_holds(&forecast, server_count as f64, sample, hour);
    (sample, hour, day)
}

/// What `/api/storage` foretells, held against what the files say: so few hours that pages count.
fn forecast_holds(told: &StorageForecast, servers: f64, sample_bytes: f64, hour_bytes: f64) {
    let (sample_told, hour_told) = (told.samples.bytes_per_row.unwrap(), told.hours.bytes_per_row.unwrap());
    println!("foretold {sample_told} bytes a sample of {sample_bytes:.0}, {hour_told} an hour of {hour_bytes:.0}");
    assert!((0.85..=1.15).contains(&(sample_told / sample_bytes)), "{sample_told} of {sample_bytes} bytes a sample");
    assert!((0.5..=1.5).contains(&(hour_told / hour_bytes)), "{hour_told} of {hour_bytes} bytes an hour");
    assert!((0.99..=1.01).contains(&(told.samples.rows_per_day / servers / SAMPLES as f64)), "{told:?}");
    assert_eq!((told.hours.rows_per_day, told.days.rows_per_day), (servers * 24.0, servers), "{told:?}");
    assert!(told.samples.bytes_when_full.is_some() && told.days.bytes_when_full.is_none(), "{told:?}");
}

/// Of the hours and the names; on SQLite of the days as well, one to twenty-four hours.
fn rollup_bytes(database: &Database) -> i64 {
    match database {
        Database::Sqlite { .. } => bytes(database),
        Database::Postgres { .. } => database.numbers(
            "SELECT CAST(COALESCE(SUM(pg_total_relation_size(c.oid)), 0) AS BIGINT) FROM pg_class c \
                 WHERE c.relname ~ '^rollups_hourly_[0-9]+$' OR c.relname = 'rollup_names'",
        )[0],
    }
}

/// Of the samples and their shapes. An SQLite file's other tables are a few pages.
fn bytes(database: &Database) -> i64 {
    let sql = match database {
        Database::Sqlite { .. } => "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        Database::Postgres { .. } => {
            "SELECT CAST(COALESCE(SUM(pg_total_relation_size(c.oid)), 0) AS BIGINT) FROM pg_class c \
             WHERE c.relname ~ '^metrics_[0-9]+$' OR c.relname = 'metric_shapes'"
        }
    };
    database.numbers(sql)[0]
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
    let server_id =
        store.server_register(&registration, Timestamp::from_unix_ms(START_MS)).await.unwrap().unwrap().server_id;
    Reporter { server_id, server_name, ip_address: "192.0.2.1".to_owned(), generation: 0 }
}
