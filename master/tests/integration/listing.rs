//! The list of servers: parameters, pages and tags, and ten thousand servers with a month behind them.

use std::time::{Duration, Instant};

use neon_master::store::Store;
use serde_json::Value;

use crate::common::client::Answer;
use crate::common::database::block_on;
use crate::common::fixtures::{CONTAINER, ago, containers, metrics, sample};
use crate::common::{Database, Engine, Master, on_both_engines, wait_for};

const SERVERS: i64 = 10_000;
const DAYS: i64 = 30;
const MS_PER_DAY: i64 = 86_400_000;
/// Requests of which the median is printed.
const TIMES: usize = 9;
/// Longer than a list that was read serves others.
const STALE: Duration = Duration::from_millis(300);

on_both_engines! {
    a_parameter_that_is_not_understood_is_named
    whatever_is_searched_for_is_plain_text
    pages_follow_one_another
    what_is_known_is_not_sent_again
    the_newest_sample_is_found_after_an_abrupt_end
    ten_thousand_servers_are_listed_by_themselves
    what_many_ask_for_is_read_once_and_never_old
}

fn a_parameter_that_is_not_understood_is_named(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    master.registered("web-1");
    let long = format!("search={}", "x".repeat(4096));
    for (query, sentence) in [
        ("limit=0", "limit: must be between 1 and 1000"),
        ("limit=-1", "limit: must be between 1 and 1000"),
        ("limit=1001", "limit: must be between 1 and 1000"),
        ("limit=1e9", "limit: must be between 1 and 1000"),
        ("limit=1000000000", "limit: must be between 1 and 1000"),
        ("limit=99999999999999999999", "limit: must be between 1 and 1000"),
        ("limit=ten", "limit: must be between 1 and 1000"),
        ("limit=", "limit: must be between 1 and 1000"),
        ("limit=%2B1", "limit: must be between 1 and 1000"),
        ("limit=1&limit=2", "limit: is given more than once"),
        ("after=web-1", "after: must be the number of a server"),
        ("after=-1", "after: must be the number of a server"),
        ("after=", "after: must be the number of a server"),
        ("after=9223372036854775808", "after: must be the number of a server"),
        ("after=9223372036854775807", "after: there is no server of this number"),
        ("status=up", "status: must be online, offline or maintenance"),
        ("status=Online", "status: must be online, offline or maintenance"),
        ("status=", "status: must be online, offline or maintenance"),
        ("sort=drop%20table%20servers", "sort: must be name, cpu, "),
        ("sort=name;drop%20table%20servers", "sort: must be name, cpu, "),
        ("sort=--cpu", "sort: must be name, cpu, "),
        ("sort=-", "sort: must be name, cpu, "),
        ("sort=", "sort: must be name, cpu, "),
        (&long, "search: must be at most 128 bytes"),
    ] {
        let answer = master.client.get(&format!("/api/servers?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        let said = answer.json()["error"].as_str().unwrap_or_default().to_owned();
        assert!(said.starts_with(sentence), "{query}: {said}");
        assert_eq!(answer.header("etag"), None, "{query}");
    }
    // Somebody else's parameter is nothing to us.
    let all = master.client.get("/api/servers?_=1795000000&x=%FF");
    assert_eq!((all.status, names(&all)), (200, vec!["web-1".to_owned()]));
}

fn whatever_is_searched_for_is_plain_text(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    for name in ["web-1", "WEB_2", "100%", "it's", "Ärger"] {
        master.registered(name);
    }
    for (search, expected) in [
        ("web", &["WEB_2", "web-1"][..]),
        ("_", &["WEB_2"]),
        ("%25", &["100%"]),
        ("'", &["it's"]),
        ("%27%20OR%20%27%27=%27", &[]),
        ("%22", &[]),
        ("%5C", &[]),
        ("%00", &[]),
        ("%C3%A4rg", &["Ärger"]),
        ("%FF", &[]),
        // Every host is called host-1.
        ("OST-1", &["100%", "WEB_2", "it's", "web-1", "Ärger"]),
        ("", &["100%", "WEB_2", "it's", "web-1", "Ärger"]),
    ] {
        let answer = master.client.get(&format!("/api/servers?search={search}"));
        assert_eq!((answer.status, names(&answer)), (200, owned(expected)), "{search}");
        assert_eq!(answer.header("x-total-count"), Some(expected.len().to_string().as_str()), "{search}");
    }
}

fn pages_follow_one_another(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let client = master.client;
    for (name, cpu, has_container) in
        [("a", Some("7.5"), false), ("b", None, true), ("c", Some("90.25"), false), ("d", Some("7.5"), true)]
    {
        let (_, token) = master.registered(name);
        if let Some(cpu) = cpu {
            let answer = client.post("/api/agent/metrics", &token, metrics(&[sample(ago(0)).replace("14.85", cpu)]));
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        if has_container {
            client.post("/api/agent/containers", &token, containers(&[CONTAINER]));
        }
    }
    let whole = client.get("/api/servers");
    assert_eq!((names(&whole), whole.header("x-total-count")), (owned(&["a", "b", "c", "d"]), Some("4")));
    for (sort, expected) in [
        ("name", ["a", "b", "c", "d"]),
        ("-name", ["d", "c", "b", "a"]),
        ("cpu", ["a", "d", "c", "b"]),
        ("-cpu", ["c", "a", "d", "b"]),
        ("-containerCount", ["b", "d", "a", "c"]),
        ("lastSeenAt", ["a", "b", "c", "d"]),
    ] {
        assert_eq!(names(&client.get(&format!("/api/servers?sort={sort}"))), expected, "{sort}");
        for size in 1..=5 {
            let (mut paged, mut after) = (Vec::new(), String::new());
            loop {
                let page = client.get(&format!("/api/servers?sort={sort}&limit={size}{after}"));
                assert_eq!(page.header("x-total-count"), Some("4"));
                let rows = page.json();
                let Some(last) = rows.as_array().unwrap().last() else { break };
                after = format!("&after={}", last["id"]);
                paged.extend(names(&page));
            }
            assert_eq!(paged, expected, "{sort} by {size}");
        }
    }
    // A server that comes meanwhile neither repeats nor hides another.
    let first = client.get("/api/servers?limit=2").json();
    master.registered("aa");
    let rest = client.get(&format!("/api/servers?limit=2&after={}", first[1]["id"]));
    assert_eq!(names(&rest), ["c", "d"]);

    database.execute("UPDATE servers SET status = 'maintenance' WHERE name IN ('b', 'd')");
    // What this master did not write is there in a moment.
    let some = wait_for("the two in maintenance", || {
        let some = client.get("/api/servers?status=maintenance&sort=-name&limit=1");
        (some.header("x-total-count") == Some("2")).then_some(some)
    });
    assert_eq!(names(&some), ["d"]);
    // Its page may come after one that is not asked for any more.
    let id = whole.json()[2]["id"].clone();
    assert_eq!(names(&client.get(&format!("/api/servers?status=maintenance&after={id}"))), ["d"]);
}

fn what_is_known_is_not_sent_again(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    for path in ["/api/servers", "/api/servers?limit=5&sort=-cpu", &format!("/api/servers/{id}")] {
        let ask = |tag: &str| master.client.request("GET", path, &[("If-None-Match", tag)], b"");
        let whole = master.client.get(path);
        let tag = whole.header("etag").unwrap().to_owned();
        assert_eq!(whole.header("cache-control"), Some("private, no-cache"));
        assert_eq!(whole.header("content-type"), Some("application/json; charset=utf-8"));
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let answer = ask(&known);
            assert_eq!((answer.status, answer.text()), (304, ""), "{path} {known}");
            assert_eq!(answer.header("etag"), Some(tag.as_str()));
            assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
            assert_eq!(answer.header("x-total-count"), whole.header("x-total-count"));
        }
        for unknown in ["\"other\"", tag.trim_matches('"'), "", "\"", "\u{e4}"] {
            let answer = ask(unknown);
            assert_eq!((answer.status, answer.text()), (200, whole.text()), "{path} {unknown}");
        }
        let head = master.client.request("HEAD", path, &[], b"");
        assert_eq!((head.status, head.header("etag")), (200, Some(tag.as_str())));
        // Any word of the agent changes the answer.
        master.client.post("/api/agent/metrics", &token, metrics(&[sample(ago(0))]));
        let answer = ask(&tag);
        assert_eq!(answer.status, 200, "{path}");
        assert_ne!(answer.header("etag"), Some(tag.as_str()));
    }
    let missing = master.client.request("GET", "/api/servers/999", &[("If-None-Match", "*")], b"");
    assert_eq!((missing.status, missing.header("cache-control")), (404, Some("no-store")));
}

/// What is left by a master that was killed before it wrote down what it had stored.
fn the_newest_sample_is_found_after_an_abrupt_end(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let newest = ago(1000);
    for (name, cpu) in [("first", "1.0"), ("second", "2.0"), ("told", "3.0")] {
        let (_, token) = master.registered(name);
        let samples = [sample(ago(5 * MS_PER_DAY)), sample(ago(60_000)), sample(newest).replace("14.85", cpu)];
        assert_eq!(master.client.post("/api/agent/metrics", &token, metrics(&samples)).status, 200);
    }
    master.registered("without");
    let shown = |master: &Master| {
        let servers = master.client.get("/api/servers").json();
        let shown = servers.as_array().unwrap().iter().map(|s| (s["lastMetricsAt"].clone(), s["cpu"].clone()));
        (shown.collect::<Vec<_>>(), master.client.get("/api/stats").json()["avgCpu"].clone())
    };
    let before = shown(&master);
    let at = Value::from(newest.to_string());
    let by_name = [(at.clone(), 1.0.into()), (at.clone(), 2.0.into()), (at, 3.0.into()), (Value::Null, Value::Null)];
    assert_eq!(before, (by_name.to_vec(), 2.0.into()));
    master.kill();
    database.execute(
        "UPDATE server_heard SET newest_ms = NULL, newest_cpu_percent_hundredths = NULL, \
         newest_memory_percent_hundredths = NULL, newest_disk_percent_hundredths = NULL \
         WHERE server_id = (SELECT id FROM servers WHERE name = 'first')",
    );
    database.execute(
        "UPDATE server_heard SET newest_ms = newest_ms - 59000, newest_cpu_percent_hundredths = 1485 \
         WHERE server_id = (SELECT id FROM servers WHERE name = 'second')",
    );
    let master = Master::start(&database);
    assert_eq!(shown(&master), before);
}

/// PostgreSQL counts what is read: of samples and containers nothing, and no table once a server. SQLite counts nothing;
/// a unit test of `store/servers.rs` looks at its plan.
fn ten_thousand_servers_are_listed_by_themselves(engine: Engine) {
    let database = Database::fresh(engine);
    block_on(async { Store::open(&database.location()).await.unwrap().close().await });
    let last_day = ago(MS_PER_DAY).unix_ms() / MS_PER_DAY;
    fill(&database, last_day);
    // What is done once: finding the newest samples, and whatever a day that is over is read for.
    let started = Instant::now();
    block_on(async {
        let store = Store::open(&database.location()).await.unwrap();
        println!("{engine:?}, {SERVERS} servers, {DAYS} days: newest samples found in {:?}", started.elapsed());
        store.maintain(ago(0)).await.unwrap();
        store.close().await;
    });
    if matches!(engine, Engine::Postgres) {
        // As autovacuum does in its own time.
        database.execute("ANALYZE");
        nobody_else_is_connected(&database);
    }
    let before = reads(&database);

    let started = Instant::now();
    let master = Master::start(&database);
    println!("{engine:?}, {SERVERS} servers, {DAYS} days: started in {:?}", started.elapsed());
    let servers = master.client.get("/api/servers").json();
    let servers = servers.as_array().unwrap();
    assert_eq!(servers.len() as i64, SERVERS);
    for (number, server) in (1..).zip(servers) {
        let newest_ms = last_day * MS_PER_DAY + number;
        let newest = neon_shared::time::Timestamp::from_unix_ms(newest_ms).to_string();
        assert_eq!(server["name"], format!("web-{number:05}"));
        assert_eq!((&server["lastMetricsAt"], &server["containerCount"]), (&Value::from(newest), &Value::from(5)));
        assert_eq!(server["cpu"], Value::from(number as f64 / 100.0));
    }
    let stats = master.client.get("/api/stats").json();
    assert_eq!((&stats["totalServers"], &stats["totalContainers"]), (&SERVERS.into(), &(5 * SERVERS).into()));
    let page = master.client.get("/api/servers?sort=-cpu&limit=2");
    assert_eq!(names(&page), ["web-10000", "web-09999"]);

    let request = |path: &str| {
        let started = Instant::now();
        assert_eq!(master.client.get(path).status, 200);
        started.elapsed()
    };
    for path in ["/api/servers", "/api/servers?sort=-cpu&limit=50", "/api/stats"] {
        let read_anew = median(|| {
            std::thread::sleep(STALE);
            request(path)
        });
        let one_by_one = median(|| request(path));
        println!(
            "{engine:?}, {SERVERS} servers, {DAYS} days: {path} in {read_anew:.1?}, right after another in {one_by_one:.1?}"
        );
    }
    println!("load average: {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    // A connection tells what it read before it ends.
    master.signal("TERM");
    assert!(master.wait_for_exit().success());
    if matches!(engine, Engine::Postgres) {
        nobody_else_is_connected(&database);
        let after = reads(&database);
        assert_eq!((after.samples, after.containers), (before.samples, before.containers), "rows were read");
        let scans = after.scans - before.scans;
        assert!(scans < SERVERS / 10, "{scans} scans for {} requests", 3 + 6 * TIMES);
    }
}

/// What this master writes is in its next list; what somebody else writes, such as another master, soon.
fn what_many_ask_for_is_read_once_and_never_old(engine: Engine) {
    const REQUESTS: i64 = 400;
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let listed = || {
        let servers = master.client.get("/api/servers").json();
        servers.as_array().unwrap().iter().map(|server| server["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut expected = Vec::new();
    for number in 10..30 {
        expected.push(format!("web-{number}"));
        master.registered(&expected[expected.len() - 1]);
        assert_eq!(listed(), expected);
    }
    database.execute("UPDATE servers SET name = 'web-00' WHERE name = 'web-20'");
    expected.remove(10);
    expected.insert(0, "web-00".to_owned());
    wait_for("what somebody else wrote", || (listed() == expected).then_some(()));

    for _ in 0..REQUESTS {
        assert_eq!(listed(), expected);
    }
    master.signal("TERM");
    assert!(master.wait_for_exit().success());
    if matches!(engine, Engine::Postgres) {
        nobody_else_is_connected(&database);
        // Each time it is read takes two.
        let scans = reads(&database).scans;
        assert!(scans < REQUESTS, "{scans} scans for {REQUESTS} requests");
    }
}

/// What PostgreSQL has read so far.
#[derive(Debug, Default)]
struct Reads {
    /// Rows of samples and of containers, looked up or one after the other.
    samples: i64,
    containers: i64,
    /// Of the tables of servers and containers.
    scans: i64,
}

fn reads(database: &Database) -> Reads {
    if matches!(database, Database::Sqlite { .. }) {
        return Reads::default();
    }
    let sum = |what: &str, tables: &str| {
        let sql = format!(
            "SELECT CAST(COALESCE(SUM({what}), 0) AS BIGINT) FROM pg_stat_user_tables WHERE relname ~ '{tables}'"
        );
        database.numbers(&sql)[0]
    };
    let rows = "seq_tup_read + COALESCE(idx_tup_fetch, 0)";
    Reads {
        samples: sum(rows, "^metrics_[0-9]+$"),
        containers: sum(rows, "^containers$"),
        scans: sum("seq_scan + COALESCE(idx_scan, 0)", "^(servers|server_heard|containers)$"),
    }
}

fn nobody_else_is_connected(database: &Database) {
    let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
        AND backend_type = 'client backend'";
    wait_for("the master's connections to end", || (database.numbers(sql) == [0]).then_some(()));
}

fn median(request: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = std::iter::repeat_with(request).take(TIMES).collect();
    times.sort();
    times[times.len() / 2]
}

/// A sample a day of each server, the newest with its number for a share of the processor, and five containers.
fn fill(database: &Database, last_day: i64) {
    let numbers = database.series(1, SERVERS);
    let (days, five) = (database.series(last_day - DAYS + 1, last_day), database.series(1, 5));
    if matches!(database, Database::Postgres { .. }) {
        database.execute(&format!("SELECT metrics_make_day(v) FROM {days}"));
    }
    database.execute(&format!(
        "INSERT INTO servers (name, hostname, ip_address, status, agent_version, cpu_cores, total_memory_gb, \
         total_disk_gb, os_name, os_version, os_kernel, os_arch, created_at_ms) \
         SELECT 'web-' || SUBSTR(CAST(100000 + v AS TEXT), 2), 'host-' || v, '192.0.2.1', 'online', '0.1.0', 8, 23.54, \
         755.92, 'Debian', '13', '6.12.0', 'x86_64', 0 FROM {numbers} ORDER BY v"
    ));
    database.execute(
        "INSERT INTO server_heard (server_id, last_seen_at_ms, container_count) SELECT id, 1795000000000, 5 FROM servers",
    );
    database.execute(&format!(
        "INSERT INTO metrics (server_id, timestamp_ms, network_rx_bytes, network_tx_bytes, memory_used_gb_hundredths, \
         memory_total_gb_hundredths, disk_used_gb_hundredths, disk_total_gb_hundredths, cpu_percent_hundredths, \
         memory_percent_hundredths, disk_percent_hundredths, late_minutes, additions) \
         SELECT id, v * 86400000 + id, 1, 2, 73, 2354, 4770, 75592, CASE v WHEN {last_day} THEN id ELSE 0 END, 309, 631, 0, \
         {} FROM {days} CROSS JOIN servers",
        match database {
            Database::Sqlite { .. } => "x''",
            Database::Postgres { .. } => "''::BYTEA",
        }
    ));
    database.execute(&format!(
        "INSERT INTO containers (server_id, container_id, name, image, image_tags, status, ports, labels, networks, \
         updated_at_ms) SELECT id, 'c' || v, 'c' || v, 'busybox', '[]', 'running', '-', '{{}}', '[]', 1 \
         FROM servers CROSS JOIN {five}"
    ));
    if matches!(database, Database::Postgres { .. }) {
        database.execute("ANALYZE");
    }
}

fn names(answer: &Answer) -> Vec<String> {
    let servers = answer.json();
    servers.as_array().unwrap().iter().map(|server| server["name"].as_str().unwrap().to_owned()).collect()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
