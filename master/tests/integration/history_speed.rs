//! How long a history takes with the data of a thousand servers in the database: a measurement, `scripts/bench history`.
//!
//! All of them report every five minutes with every reading of the host of docs/limits.md. One of them did so for a year,
//! through the store; its hours and days were rolled up and what is old went as it does in a master that runs. The others
//! have its rows, each time's beside one another, as if they had reported together. Of samples two days are there, of hours
//! 31 and of days 365, some 2 GB: no more is read by any of the ranges below.

use std::collections::BTreeSet;
use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use neon_master::model::{Registration, Reporter, Sample};
use neon_master::store::{Retention, Store};
use neon_shared::metrics::ServerInfo;
use neon_shared::time::Timestamp;
use serde_json::Value;

use crate::common::client::{Answer, read_answer};
use crate::common::database::block_on;
use crate::common::{Database, Engine, Master, fixtures, host};

const SERVERS: i64 = 1000;
const SAMPLE_DAYS: u32 = 2;
const HOUR_DAYS: u32 = 31;
const DAYS: i64 = 365;
const DAY_MS: i64 = 86_400_000;
const SAMPLES_PER_DAY: i64 = DAY_MS / host::INTERVAL_MS;
/// Of each range, on one connection, each of another server; and before them as many that do not count.
const REQUESTS: usize = 300;
const WARM_UP: usize = 30;

#[test]
#[ignore = "a measurement"]
fn sqlite() {
    print_times(Engine::Sqlite);
}

#[test]
#[ignore = "a measurement"]
fn postgres() {
    print_times(Engine::Postgres);
}

fn print_times(engine: Engine) {
    let database = Database::fresh(engine);
    // A round minute, a little ago.
    let now = Timestamp::from_unix_ms(fixtures::ago(60_000).unix_ms() / 60_000 * 60_000);
    let began = Instant::now();
    let first = a_server_of_a_year(&database, now);
    copy(&database, first);
    println!("{engine:?}: made in {:.0?}, {}", began.elapsed(), described(&database));
    let master = Master::start(&database);
    for (range, days, points, tier, times) in [
        ("24 h of samples", 1, 500, "raw", 288),
        ("24 h in 100 points", 1, 100, "raw", 97),
        ("30 d of hours", 30, 500, "hourly", 361),
        ("30 d of hours, each", 30, 800, "hourly", 721),
        ("a year of days", DAYS, 500, "daily", 366),
    ] {
        for fields in ["", "&fields=*"] {
            if points == 800 && !fields.is_empty() {
                continue; // more than an answer may have
            }
            let from = Timestamp::from_unix_ms(now.unix_ms() - days * DAY_MS);
            let query = format!("from={from}&to={now}&points={points}{fields}");
            let measured = measure(&master, first, &query, tier, times);
            let fields = if fields.is_empty() { "fixed fields" } else { "every field" };
            println!("{engine:?}, {SERVERS} servers: {range}, {fields}: {measured}");
        }
    }
    println!("load average: {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
}

/// The number of a server that has reported for a year, and to whom has happened what happens meanwhile.
fn a_server_of_a_year(database: &Database, now: Timestamp) -> i64 {
    block_on(async {
        let store = Store::open(&database.location()).await.unwrap();
        let start_ms = now.unix_ms() - DAYS * DAY_MS;
        let server_name = "web-0001".to_owned();
        let registration = Registration {
            info: ServerInfo { name: server_name.clone(), cpu_cores: 2, ..ServerInfo::default() },
            agent_version: "0.1.0".to_owned(),
            ip_address: "192.0.2.1".to_owned(),
            claim: neon_master::model::Claim::default(),
            server_name: server_name.clone(),
        };
        let server_id =
            store.server_register(&registration, Timestamp::from_unix_ms(start_ms)).await.unwrap().unwrap().server_id;
        let reporter = Reporter { server_id, server_name, ip_address: "192.0.2.1".to_owned(), generation: 0 };
        let random = &mut fastrand::Rng::with_seed(20_261_124);
        let mut state: Value = serde_json::from_str(host::PLAIN).unwrap();
        for day in 0..DAYS {
            let begin = Timestamp::from_unix_ms(start_ms + day * DAY_MS);
            let samples = (0..SAMPLES_PER_DAY).map(|number| {
                host::grow(&mut state, random);
                let sample: Sample = serde_json::from_value(state.clone()).unwrap();
                let timestamp = Timestamp::from_unix_ms(begin.unix_ms() + number * host::INTERVAL_MS);
                Sample { timestamp, ..sample }
            });
            // Told to be the time of the first: none of them is late.
            store.metrics_insert(&reporter, samples.collect::<Vec<_>>(), begin).await.unwrap();
        }
        assert!(store.roll_up(now).await.unwrap().is_complete);
        let retention = Retention { raw_days: SAMPLE_DAYS, hourly_days: HOUR_DAYS, ..Retention::DEFAULT };
        store.retain(&retention, now).await.unwrap();
        store.maintain(now).await.unwrap();
        store.close().await;
        server_id
    })
}

/// Gives all others what the first one has.
fn copy(database: &Database, first: i64) {
    database.execute(&format!(
        "INSERT INTO servers (name, hostname, ip_address, status, agent_version, cpu_cores, total_memory_gb, \
         total_disk_gb, os_name, os_version, os_kernel, os_arch, created_at_ms) \
         SELECT 'web-' || SUBSTR(CAST(10000 + v AS TEXT), 2), 'host-' || v, '192.0.2.1', 'online', '0.1.0', 2, 15.55, \
         200, 'Debian', '13', '6.12.0', 'x86_64', created_at_ms FROM servers CROSS JOIN {} ORDER BY v",
        database.series(2, SERVERS)
    ));
    let copy = |table: &str, columns: &str, condition: &str, order: &str| {
        database.execute(&format!(
            "INSERT INTO {table} (server_id, {columns}) SELECT s.id, {columns} FROM {table} t CROSS JOIN servers s \
             WHERE t.server_id = {first} AND s.id <> {first} {condition} ORDER BY {order}s.id"
        ));
    };
    copy("server_heard", "last_seen_at_ms, newest_ms", "", "");
    copy("metric_shapes", "base_ms, hash, body", "", "");
    copy("rollup_names", "hash, body", "", "");
    copy("rollups_done", "hour_ms", "", "");
    copy("rollups_daily", "start_ms, samples, body", "", "start_ms, ");
    // Days of hours apart, so that SQLite's log stays small.
    let days = |table: &str, column: &str| -> BTreeSet<i64> {
        database.numbers(&format!("SELECT DISTINCT {column} / {DAY_MS} FROM {table}")).into_iter().collect()
    };
    let hour_days = days("rollups_hourly", "start_ms");
    for day in hour_days.iter().rev().take(HOUR_DAYS as usize + 1).rev() {
        let of_day = format!("AND start_ms / {DAY_MS} = {day}");
        copy("rollups_hourly", "start_ms, samples, body", &of_day, "start_ms, ");
    }
    let columns = "timestamp_ms, network_rx_bytes, network_tx_bytes, memory_used_gb_hundredths, \
         memory_total_gb_hundredths, disk_used_gb_hundredths, disk_total_gb_hundredths, cpu_percent_hundredths, \
         memory_percent_hundredths, disk_percent_hundredths, late_minutes, additions";
    for day in days("metrics", "timestamp_ms") {
        copy("metrics", columns, &format!("AND timestamp_ms / {DAY_MS} = {day}"), "timestamp_ms, ");
    }
    if matches!(database, Database::Postgres { .. }) {
        // As autovacuum does in its own time.
        database.execute("VACUUM ANALYZE");
    }
}

fn described(database: &Database) -> String {
    let bytes = match database {
        Database::Sqlite { .. } => "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        Database::Postgres { .. } => "SELECT pg_database_size(current_database())",
    };
    let count = |table: &str| database.numbers(&format!("SELECT COUNT(*) FROM {table}"))[0];
    format!(
        "{} MB: {} samples, {} hours, {} days of {} servers",
        database.numbers(bytes)[0] / 1_000_000,
        count("metrics"),
        count("rollups_hourly"),
        count("rollups_daily"),
        count("servers")
    )
}

/// Asks for the range of one server after the other, over one connection.
fn measure(master: &Master, first: i64, query: &str, tier: &str, times: usize) -> String {
    let random = &mut fastrand::Rng::with_seed(20_261_124);
    let mut stream = BufReader::new(master.client.connect().unwrap());
    let mut taken: Vec<Duration> = Vec::new();
    let (mut bytes, mut cpu_before) = (0, 0);
    for number in 0..WARM_UP + REQUESTS {
        if number == WARM_UP {
            cpu_before = cpu_ticks(master.id());
        }
        // Of those whose rows lie among those of others.
        let id = first + random.i64(1..SERVERS);
        let began = Instant::now();
        let answer = get(&mut stream, &format!("/api/servers/{id}/metrics?{query}"));
        taken.push(began.elapsed());
        assert_eq!(answer.status, 200, "{}", answer.text());
        if number == 0 {
            let series = answer.json();
            let cpu = &series["fields"]["cpuPercent"];
            let points = cpu.get("value").unwrap_or(&cpu["avg"]).as_array().unwrap();
            assert_eq!(series["tier"], tier, "{query}");
            // One fewer where the range happens to begin with a step.
            assert!((times - 1..=times).contains(&points.len()), "{} points: {query}", points.len());
            let unknown = points.iter().filter(|point| point.is_null()).count();
            assert!(unknown <= 1, "{unknown} of {times} points are not known: {query}");
        }
        bytes = answer.body.len();
    }
    let cpu_us = (cpu_ticks(master.id()) - cpu_before) * 10_000 / REQUESTS as u64;
    let taken = &mut taken[WARM_UP..];
    taken.sort();
    let at = |part: usize| taken[(taken.len() * part / 100).min(taken.len() - 1)].as_secs_f64() * 1000.0;
    format!(
        "p50 {:.1} ms, p99 {:.1} ms; {cpu_us} us of the master's processor time, {} KB",
        at(50),
        at(99),
        bytes / 1000
    )
}

fn get(stream: &mut BufReader<TcpStream>, path: &str) -> Answer {
    stream.get_mut().write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
    read_answer(stream, false).unwrap()
}

/// Of a hundredth of a second, as Linux counts for programs on every machine.
fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
