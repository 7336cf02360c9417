//! Servers that are deleted, or merged into another: gone at once, their rows by and by, also after an end in the middle.

use neon_master::model::{Actor, Need, Registration, Reporter, Sample, Tier};
use neon_master::store::{Merge, Store};
use neon_shared::metrics::ServerInfo;
use neon_shared::time::Timestamp;
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::common::database::block_on;
use crate::common::fixtures::{CONTAINER, READINGS, ago, containers, metrics, sample, sample_with};
use crate::common::people::add;
use crate::common::{Client, Database, Engine, Master, on_both_engines, wait_for};
use crate::events::Stream;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// A midnight.
const START: i64 = 1_795_046_400_000;
/// What one transaction deletes at most, and what one hands on.
const ROWS_PER_STEP: u64 = 500;
const ROWS_HANDED_ON_PER_STEP: u64 = 125;
/// Longer than until a deleted server is visited for the second time.
const SETTLED: i64 = 11 * MINUTE;
/// Every table that has rows of a server.
const TABLES: [&str; 11] = [
    "server_heard",
    "metrics",
    "metric_shapes",
    "containers",
    "activities",
    "rollups_hourly",
    "rollups_daily",
    "rollup_names",
    "rollups_done",
    "rollups_due",
    "api_tokens",
];

on_both_engines! {
    a_deleted_server_is_gone_at_once_and_its_rows_after_it
    who_may_not_or_names_nobody_deletes_nothing
    rows_go_a_few_at_a_time_and_no_others
    an_end_in_the_middle_costs_nothing
    others_report_meanwhile
    a_merge_is_refused_with_a_sentence
    a_merged_history_is_one_history
    a_merge_goes_on_after_an_end_in_the_middle
    who_goes_on_may_go_too
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(START + ms)
}

fn operator() -> Actor {
    Actor { name: "operator".to_owned(), address: "192.0.2.9".to_owned() }
}

async fn reporter(store: &Store, name: &str, now: Timestamp) -> Reporter {
    let registration = Registration {
        info: ServerInfo { name: name.to_owned(), cpu_cores: 2, ..ServerInfo::default() },
        agent_version: "0.1.0".to_owned(),
        ip_address: "192.0.2.1".to_owned(),
        claim: neon_master::model::Claim::default(),
        server_name: name.to_owned(),
    };
    let server_id = store.server_register(&registration, now).await.unwrap().unwrap().server_id;
    Reporter { server_id, server_name: name.to_owned(), ip_address: "192.0.2.1".to_owned(), generation: 0 }
}

fn samples(from_ms: i64, to_ms: i64, cpu_percent: f64) -> Vec<Sample> {
    let one = |ms: i64| Sample {
        timestamp: at(ms),
        cpu_percent,
        memory_percent: 3.09,
        disk_percent: 6.31,
        memory_used_gb: 0.73,
        memory_total_gb: 23.54,
        disk_used_gb: 47.7,
        disk_total_gb: 755.92,
        network_rx_bytes: ms as u64,
        network_tx_bytes: 986_331,
        readings: serde_json::from_value(json!({"load1": 0.5, "bootId": "one"})).unwrap(),
    };
    (from_ms / (10 * MINUTE)..to_ms / (10 * MINUTE)).map(|number| one(number * 10 * MINUTE)).collect()
}

/// How many rows each table has of a server.
fn rows_of(database: &Database, server_id: i64) -> [i64; 11] {
    TABLES.map(|table| database.numbers(&format!("SELECT COUNT(*) FROM {table} WHERE server_id = {server_id}"))[0])
}

/// Operators and a master.
fn started(database: &Database) -> (Master, Client, String) {
    ["admin", "operator", "viewer"].iter().for_each(|role| add(&database.url(), role));
    let master = Master::start(database);
    let client = master.client;
    (master, client, client.session("operator"))
}

fn audit(client: &Client) -> Vec<(String, String)> {
    let admin = client.session("admin");
    let lines = client.with(&admin, "GET", "/api/audit", "").json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let lines = lines.as_array().unwrap().iter().map(|line| (text(&line["action"]), text(&line["target"])));
    lines.filter(|(action, _)| action.starts_with("server_") || action == "token_revoked").collect()
}

fn a_deleted_server_is_gone_at_once_and_its_rows_after_it(engine: Engine) {
    let database = Database::fresh(engine);
    let (master, client, operator) = started(&database);
    let (id, agent) = master.registered("web-1");
    let (other, other_agent) = master.registered("web-2");
    for token in [&agent, &other_agent] {
        assert_eq!(client.post("/api/agent/metrics", token, metrics(&[sample_with(ago(1000), READINGS)])).status, 200);
        assert_eq!(client.post("/api/agent/metrics", token, metrics(&[sample(ago(5 * HOUR))])).status, 200);
        assert_eq!(client.post("/api/agent/containers", token, containers(&[CONTAINER])).status, 200);
    }
    let (token_id, token) = client.api_token(&operator, &json!({"name": "own", "scope": "read", "serverId": id}));
    let before = rows_of(&database, other);
    assert!(rows_of(&database, id).iter().filter(|rows| **rows > 0).count() >= 7);
    let mut stream = Stream::open(&client, "/api/events", &[("Cookie", &operator)]).unwrap();
    stream.until("ready", |_| true);

    let path = format!("/api/servers/{id}");
    assert_eq!(client.with(&operator, "DELETE", &path, "").status, 204);
    let get = |path: &str| client.with(&operator, "GET", path, "");
    let names: Vec<Value> = get("/api/servers").json().as_array().unwrap().iter().map(|s| s["name"].clone()).collect();
    assert_eq!(names, ["web-2"]);
    for path in
        [path.clone(), format!("{path}/metrics"), format!("{path}/metrics/latest"), format!("{path}/metrics/history")]
    {
        assert_eq!(get(&path).status, 404, "{path}");
    }
    assert_eq!(get(&format!("/api/containers?serverId={id}")).text(), "[]");
    assert!(get("/api/activities").json().as_array().unwrap().iter().all(|activity| activity["serverId"] == other));
    assert_eq!(get("/api/stats").json()["totalServers"], 1);
    assert_eq!(client.with_token(&token, &path).status, 401, "its token is revoked");
    assert_eq!(client.with(&operator, "DELETE", &path, "").status, 404, "there is no such server any more");
    stream.until("server-removed", |removed| *removed == json!({"id": id}));

    // Its agent is told what a stranger is told, and registers as a new server.
    for (path, body) in [
        ("/api/agent/heartbeat", "{}".to_owned()),
        ("/api/agent/metrics", metrics(&[sample(ago(0))])),
        ("/api/agent/containers", containers(&[CONTAINER])),
    ] {
        let answer = client.post(path, &agent, body);
        assert_eq!((answer.status, answer.json()["error"].clone()), (401, json!("Invalid or expired token")), "{path}");
    }
    let (again, agent) = master.registered("web-1");
    assert!(again > other, "a number is never given out twice");
    assert_eq!(client.post("/api/agent/metrics", &agent, metrics(&[sample(ago(0))])).status, 200);

    wait_for("its rows to go", || (rows_of(&database, id) == [0; 11]).then_some(()));
    assert_eq!(rows_of(&database, other), before);
    assert_eq!(get(&format!("/api/servers/{again}")).json()["cpu"], 14.85);
    assert_eq!(
        audit(&client)[..2],
        [("server_deleted".to_owned(), format!("{id} web-1")), ("token_revoked".to_owned(), format!("{token_id} own")),]
    );
}

fn who_may_not_or_names_nobody_deletes_nothing(engine: Engine) {
    let database = Database::fresh(engine);
    let (master, client, operator) = started(&database);
    let (id, agent) = master.registered("web-1");
    let path = format!("/api/servers/{id}");
    let viewer = client.session("viewer");
    assert_eq!(client.with(&viewer, "DELETE", &path, "").status, 403);
    assert_eq!(client.request("DELETE", &path, &[("Cookie", &operator)], b"").status, 403, "without the header");
    assert_eq!(client.request("DELETE", &path, &[("Authorization", &format!("Bearer {agent}"))], b"").status, 401);
    assert_eq!(client.request("DELETE", &path, &[], b"").status, 401);
    for (path, status) in [
        ("/api/servers/999", 404),
        ("/api/servers/-1", 400),
        ("/api/servers/1%20OR%201=1", 400),
        ("/api/servers/9223372036854775808", 400),
    ] {
        assert_eq!(client.with(&operator, "DELETE", path, "").status, status, "{path}");
    }
    assert_eq!(client.with(&operator, "GET", &path, "").status, 200);
    assert_eq!(audit(&client), []);
}

/// Two servers with some days and a flood of events.
fn two_with_a_past(engine: Engine) -> Database {
    let database = Database::fresh(engine);
    database.with_store(|store| async move {
        for name in ["gone", "stays"] {
            let reporter = reporter(&store, name, at(0)).await;
            for day in 0..6 {
                store.metrics_insert(&reporter, samples(day * DAY, (day + 1) * DAY, 14.85), at(0)).await.unwrap();
            }
        }
        store.roll_up(at(5 * DAY + HOUR)).await.unwrap();
    });
    let numbers = database.series(2, 1800);
    database.execute(&format!(
        "INSERT INTO activities (server_id, sequence, timestamp_ms, kind, message) \
         SELECT id, v, {START} + v, 'online', 'x' FROM servers CROSS JOIN {numbers}"
    ));
    database
}

fn rows_go_a_few_at_a_time_and_no_others(engine: Engine) {
    let database = two_with_a_past(engine);
    let (gone, stays) = (1, 2);
    let (of_it, of_other) = (rows_of(&database, gone), rows_of(&database, stays));
    let now = at(6 * DAY);
    database.with_store(|store| async move {
        assert!(store.server_delete(gone, &operator(), now).await.unwrap());
        assert!(!store.server_delete(gone, &operator(), now).await.unwrap());
    });
    // Where it stood is one row, and the rest waits.
    let left = rows_of(&database, gone);
    assert_eq!((left[0], left[1], left[4]), (0, of_it[1], of_it[4]));
    let done = database.with_store(|store| async move { store.forget_deleted(now).await.unwrap() });
    assert!(done.rows >= 864 + 1800 && done.rows_max <= ROWS_PER_STEP && done.steps >= 6, "{done:?}");
    assert_eq!((rows_of(&database, gone), rows_of(&database, stays)), ([0; 11], of_other));

    // What was on its way is stored after all, and found by the second visit.
    database.execute(&format!(
        "INSERT INTO metrics SELECT {} FROM metrics WHERE server_id = {stays}",
        match engine {
            Engine::Sqlite => format!("{gone}, timestamp_ms, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, additions"),
            Engine::Postgres => format!("timestamp_ms, 1, 2, {gone}, 3, 4, 5, 6, 7, 8, 9, 0, additions"),
        }
    ));
    let again = |after: i64| {
        database.with_store(|store| async move { store.forget_deleted(at(6 * DAY + after)).await.unwrap().rows })
    };
    assert_eq!((again(MINUTE), again(SETTLED)), (0, 864));
    assert_eq!(database.numbers("SELECT COUNT(*) FROM servers_deleted"), [0]);
    assert_eq!((rows_of(&database, gone), rows_of(&database, stays)), ([0; 11], of_other));
}

/// Samples of one server, as many as take a while to delete.
fn flood(database: &Database, server_id: i64) {
    const DAYS: i64 = 7;
    let seconds = database.series(0, DAYS * 8640 - 1);
    let day = ago(10 * DAY).unix_ms() / DAY;
    if matches!(database, Database::Postgres { .. }) {
        database.execute(&format!("SELECT metrics_make_day(v) FROM {}", database.series(day, day + DAYS)));
    }
    database.execute(&format!(
        "INSERT INTO metrics (server_id, timestamp_ms, network_rx_bytes, network_tx_bytes, memory_used_gb_hundredths, \
         memory_total_gb_hundredths, disk_used_gb_hundredths, disk_total_gb_hundredths, cpu_percent_hundredths, \
         memory_percent_hundredths, disk_percent_hundredths, late_minutes, additions) \
         SELECT {server_id}, {} + v * 10000, 1, 2, 73, 2354, 4770, 75592, 100, 309, 631, 0, {} FROM {seconds}",
        day * DAY,
        match database {
            Database::Sqlite { .. } => "x''",
            Database::Postgres { .. } => "''::BYTEA",
        }
    ));
}

fn left(database: &Database, server_id: i64) -> i64 {
    database.numbers(&format!("SELECT COUNT(*) FROM metrics WHERE server_id = {server_id}"))[0]
}

fn an_end_in_the_middle_costs_nothing(engine: Engine) {
    let database = Database::fresh(engine);
    let (mut master, _, operator) = started(&database);
    let mut id;
    loop {
        (id, _) = master.registered("web-1");
        flood(&database, id);
        let all = left(&database, id);
        assert_eq!(master.client.with(&operator, "DELETE", &format!("/api/servers/{id}"), "").status, 204);
        wait_for("the first rows to go", || (left(&database, id) < all).then_some(()));
        master.kill();
        if left(&database, id) > 0 {
            break;
        }
        // It was quicker than this test.
        master = Master::start(&database);
    }
    let _master = Master::start(&database);
    wait_for("the last rows to go", || (left(&database, id) == 0).then_some(()));
}

fn others_report_meanwhile(engine: Engine) {
    let database = Database::fresh(engine);
    let (master, client, operator) = started(&database);
    let (id, _) = master.registered("web-1");
    let (other, agent) = master.registered("web-2");
    flood(&database, id);
    let all = left(&database, id);
    assert_eq!(client.with(&operator, "DELETE", &format!("/api/servers/{id}"), "").status, 204);
    // That each is stored is asserted, while rows go; not when.
    let (mut stored, mut meanwhile) = (0, 0);
    loop {
        let now = left(&database, id);
        let is_going = now > 0 && now < all;
        assert_eq!(client.post("/api/agent/metrics", &agent, metrics(&[sample(ago(3_600_000 - stored))])).status, 200);
        stored += 1;
        meanwhile += i64::from(is_going);
        if now == 0 {
            break;
        }
    }
    assert!(meanwhile >= 1, "{meanwhile} of {stored} reports were stored while rows went");
    assert_eq!(left(&database, other), stored);
}

fn a_merge_is_refused_with_a_sentence(engine: Engine) {
    let database = Database::fresh(engine);
    let (master, client, operator) = started(&database);
    let (new, _) = master.registered("web-1b");
    let (old, _) = master.registered("web-1");
    let path = format!("/api/servers/{new}/merge");
    let merge = |path: &str, body: &str| {
        let answer = client.with(&operator, "POST", path, body);
        (answer.status, answer.json()["error"].as_str().unwrap_or_default().to_owned())
    };
    for body in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        r#"{"from":"2"}"#,
        r#"{"from":1.5}"#,
        r#"{"from":null}"#,
        r#"{"from":99999999999999999999}"#,
        r#"{"from":2,"to":1}"#,
    ] {
        assert_eq!(merge(&path, body), (400, "from: must be the number of another server".to_owned()), "{body}");
    }
    let from = |id: i64| json!({"from": id}).to_string();
    assert_eq!(merge(&path, &from(new)), (400, "from: is the same server".to_owned()));
    assert_eq!(merge(&path, &from(999)), (404, "There is no server of the number in from".to_owned()));
    assert_eq!(merge(&path, &from(-1)), (404, "There is no server of the number in from".to_owned()));
    assert_eq!(merge("/api/servers/999/merge", &from(old)), (404, "Server not found".to_owned()));
    assert_eq!(merge("/api/servers/x/merge", &from(old)), (400, "Invalid server ID".to_owned()));
    let alive = (409, "from: is not offline; only a server that is can be merged".to_owned());
    assert_eq!(merge(&path, &from(old)), alive);
    let maintenance = json!({"maintenance": {}}).to_string();
    assert_eq!(client.with(&operator, "PATCH", &format!("/api/servers/{old}"), &maintenance).status, 200);
    assert_eq!(merge(&path, &from(old)), alive);

    let viewer = client.session("viewer");
    assert_eq!(client.with(&viewer, "POST", &path, &from(old)).status, 403);
    // Who may write to one server alone takes nothing from another.
    let (_, token) = client.api_token(&operator, &json!({"name": "one", "scope": "write", "serverId": new}));
    let authorization = format!("Bearer {token}");
    let answer = client.request("POST", &path, &[("Authorization", &authorization)], from(old).as_bytes());
    assert_eq!((answer.status, answer.json()), (403, json!({"error": "The API token is for one server alone"})));
    assert_eq!(client.with(&operator, "GET", "/api/servers", "").json().as_array().unwrap().len(), 2);
    assert!(audit(&client).iter().all(|(action, _)| action != "server_merged"));
}

async fn cpu_of(store: &Store, server_id: i64) -> Vec<(i64, f64)> {
    let mut all = store.samples(server_id, Timestamp::MIN, Timestamp::MAX, Need::Readings);
    let mut read = Vec::new();
    while all
        .page(|stored| {
            assert_eq!(
                stored.sample.readings.as_ref().and_then(|readings| readings.load1),
                Some(0.5),
                "its shape came along"
            );
            read.push((stored.sample.timestamp.unix_ms() - START, stored.sample.cpu_percent));
        })
        .await
        .unwrap()
    {}
    read
}

/// An old server until `until`, and a new one from `from` on.
async fn reinstalled(store: &Store, until: i64, from: i64) -> (Reporter, Reporter) {
    let old = reporter(store, "old", at(0)).await;
    store.metrics_insert(&old, samples(0, until, 10.0), at(0)).await.unwrap();
    let new = reporter(store, "new", at(from)).await;
    store.metrics_insert(&new, samples(from, 4 * DAY, 20.0), at(from)).await.unwrap();
    store.servers_mark_offline(at(5 * DAY), at(5 * DAY)).await.unwrap();
    (old, new)
}

fn a_merged_history_is_one_history(engine: Engine) {
    for is_rolled_up in [true, false] {
        merged_history(engine, is_rolled_up);
    }
}

fn merged_history(engine: Engine, is_rolled_up: bool) {
    let database = Database::fresh(engine);
    database.with_store(|store| async move {
        // Both were there for half an hour.
        let (from, until) = (2 * DAY + 5 * HOUR + 30 * MINUTE, 2 * DAY + 6 * HOUR);
        let (old, new) = reinstalled(&store, until, from).await;
        if is_rolled_up {
            // But for the last day.
            store.roll_up(at(3 * DAY + HOUR)).await.unwrap();
        }
        let said = neon_master::domain::organise::change(
            br#"{"displayName":"Shop","group":"eu","tags":["web"],"notes":"n"}"#,
            at(0),
        )
        .unwrap();
        store.server_change(old.server_id, &said, &operator(), at(5 * DAY)).await.unwrap();
        let said = neon_master::domain::organise::change(br#"{"group":"own"}"#, at(0)).unwrap();
        store.server_change(new.server_id, &said, &operator(), at(5 * DAY)).await.unwrap();
        let events = store.activity_list(100).await.unwrap();
        let mut told: Vec<_> = events.iter().map(|event| (event.timestamp, event.message.clone())).collect();

        let merge = store.server_merge(new.server_id, old.server_id, &operator(), at(5 * DAY)).await.unwrap();
        assert_eq!(merge, Merge::Begun);
        let list = store.server_list().await.unwrap();
        assert_eq!(list.len(), 1, "gone at once");
        let one = store.server_find(new.server_id).await.unwrap().unwrap();
        assert_eq!(
            (one.created_at, one.summary.display_name.as_deref(), one.notes.as_deref()),
            (at(0), Some("Shop"), Some("n"))
        );
        assert_eq!((one.summary.group.as_deref(), &one.summary.tags[..]), (Some("own"), &["web".to_owned()][..]));

        let done = store.forget_deleted(at(5 * DAY)).await.unwrap();
        assert!(done.rows > 300 && done.rows_max <= ROWS_HANDED_ON_PER_STEP, "{done:?}");
        let expected: Vec<(i64, f64)> = samples(0, from, 10.0)
            .into_iter()
            .chain(samples(from, 4 * DAY, 20.0))
            .map(|sample| (sample.timestamp.unix_ms() - START, sample.cpu_percent))
            .collect();
        assert_eq!(cpu_of(&store, new.server_id).await, expected, "of two of one time the survivor's stays");
        let events = store.activity_list(100).await.unwrap();
        let mut now_told: Vec<_> = events.iter().map(|event| (event.timestamp, event.message.clone())).collect();
        told.sort();
        now_told.sort();
        assert_eq!((now_told, events.iter().all(|event| event.server_id == new.server_id)), (told, true));

        // What was made of both is made again: the hour they share, its day, and what was not made yet.
        store.roll_up(at(5 * DAY)).await.unwrap();
        let hours = store.rollups(new.server_id, Tier::Hourly, at(0), at(5 * DAY), &|_| true).await.unwrap();
        let counts: Vec<_> = hours.iter().map(|hour| (hour.start, hour.samples)).collect();
        assert_eq!(counts, (0..4 * 24).map(|hour| (at(hour * HOUR), 6)).collect::<Vec<_>>());
        let shared = hours[53].field("cpuPercent").unwrap();
        assert_eq!((shared.min, shared.max, shared.avg), (10.0, 20.0, 15.0));
        let days = store.rollups(new.server_id, Tier::Daily, at(0), at(5 * DAY), &|_| true).await.unwrap();
        let counts: Vec<_> = days.iter().map(|day| (day.start, day.samples)).collect();
        assert_eq!(counts, (0..4).map(|day| (at(day * DAY), 144)).collect::<Vec<_>>());
        assert_eq!(store.forget_deleted(at(5 * DAY + SETTLED)).await.unwrap().rows, 0);
    });
    assert_eq!(rows_of(&database, 1), [0; 11]);
    assert_eq!(database.numbers("SELECT COUNT(*) FROM servers_deleted"), [0]);
    assert_eq!(database.texts("SELECT target FROM audit WHERE action = 'server_merged'"), ["2 new (from 1 old)"]);
}

fn a_merge_goes_on_after_an_end_in_the_middle(engine: Engine) {
    let database = Database::fresh(engine);
    let (mut master, _, operator) = started(&database);
    let (new, agent) = master.registered("new");
    assert_eq!(master.client.post("/api/agent/metrics", &agent, metrics(&[sample(ago(0))])).status, 200);
    let (mut old, mut all);
    loop {
        (old, _) = master.registered("old");
        flood(&database, old);
        all = left(&database, old);
        // A heartbeat that was still to be written may bring it back.
        wait_for("the merge", || {
            database.execute(&format!("UPDATE servers SET status = 'offline' WHERE id = {old}"));
            let merge = json!({"from": old}).to_string();
            let answer = master.client.with(&operator, "POST", &format!("/api/servers/{new}/merge"), &merge);
            (answer.status == 202).then_some(())
        });
        wait_for("the first rows to go", || (left(&database, old) < all).then_some(()));
        master.kill();
        if left(&database, old) > 0 {
            break;
        }
        // It was quicker than this test. The same rows once more change nothing.
        master = Master::start(&database);
    }
    let both = format!("SELECT COUNT(*) FROM metrics WHERE server_id IN ({old}, {new})");
    assert!(database.numbers(&both)[0] > all, "a step is whole or not at all");
    let _master = Master::start(&database);
    wait_for("the last rows to go", || (left(&database, old) == 0).then_some(()));
    assert_eq!(left(&database, new), all + 1);
}

fn who_goes_on_may_go_too(engine: Engine) {
    for is_merged in [false, true] {
        let database = Database::fresh(engine);
        database.with_store(|store| async move {
            let (old, new) = reinstalled(&store, DAY, 2 * DAY).await;
            let third = reporter(&store, "third", at(6 * DAY)).await;
            let now = at(6 * DAY);
            store.server_merge(new.server_id, old.server_id, &operator(), now).await.unwrap();
            if is_merged {
                store.server_merge(third.server_id, new.server_id, &operator(), now).await.unwrap();
            } else {
                assert!(store.server_delete(new.server_id, &operator(), now).await.unwrap());
            }
            store.forget_deleted(now).await.unwrap();
            store.forget_deleted(at(6 * DAY + SETTLED)).await.unwrap();
            let expected = if is_merged { 3 * 144 } else { 0 };
            assert_eq!(cpu_of(&store, third.server_id).await.len(), expected);
        });
        assert_eq!((rows_of(&database, 1), rows_of(&database, 2)), ([0; 11], [0; 11]), "{is_merged}");
        assert_eq!(database.numbers("SELECT COUNT(*) FROM servers_deleted"), [0]);
    }
}

/// On one database: gone at both at once, and the one that leads deletes the rest.
#[test]
fn of_two_masters_one_deletes_and_both_forget() {
    let database = Database::fresh(Engine::Postgres);
    let (first, client, operator) = started(&database);
    let second = Master::start(&database);
    let (id, agent) = first.registered("web-1");
    assert_eq!(second.client.post("/api/agent/heartbeat", &agent, "{}").status, 200);
    flood(&database, id);
    assert_eq!(second.client.with(&operator, "DELETE", &format!("/api/servers/{id}"), "").status, 204);
    for client in [&client, &second.client] {
        assert_eq!(client.with(&operator, "GET", "/api/servers", "").text(), "[]");
        assert_eq!(client.post("/api/agent/metrics", &agent, metrics(&[sample(ago(0))])).status, 401);
    }
    wait_for("its rows to go", || (rows_of(&database, id) == [0; 11]).then_some(()));
    for master in [first, second] {
        let log = master.log();
        assert!(log.iter().all(|line| !line.contains("cannot delete what is left")), "{log:?}");
    }
}

/// SQLite has one writer, so that a step there has to be short. On PostgreSQL nobody waits, however long one takes.
#[test]
fn on_postgres_no_report_waits_for_a_step() {
    let database = Database::fresh(Engine::Postgres);
    let (master, client, operator) = started(&database);
    let (new, agent) = master.registered("new");
    // What deletes samples waits for a lock, and is not done before it has got it.
    for sql in [
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN PERFORM pg_advisory_xact_lock(61); RETURN NULL; END'",
        "CREATE TRIGGER wait AFTER DELETE ON metrics FOR EACH STATEMENT EXECUTE FUNCTION wait()",
    ] {
        database.execute(sql);
    }
    let waiting = "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 61 AND NOT granted \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    for (path, how) in [(format!("/api/servers/{new}/merge"), "POST"), ("/api/servers".to_owned(), "DELETE")] {
        let (old, _) = master.registered("old");
        flood(&database, old);
        let holder = block_on(async {
            let mut holder = sqlx::PgConnection::connect(&database.url()).await.unwrap();
            sqlx::query("SELECT pg_advisory_lock(61)").execute(&mut holder).await.unwrap();
            holder
        });
        wait_for("its end to begin", || {
            // A heartbeat that was still to be written may bring it back.
            database.execute(&format!("UPDATE servers SET status = 'offline' WHERE id = {old}"));
            let (path, body) = match how {
                "POST" => (path.clone(), json!({"from": old}).to_string()),
                _ => (format!("{path}/{old}"), String::new()),
            };
            matches!(client.with(&operator, how, &path, &body).status, 202 | 204).then_some(())
        });
        wait_for("a step to wait", || (database.numbers(waiting) == [1]).then_some(()));

        for (route, body) in [
            ("metrics", metrics(&[sample(ago(0))])),
            ("heartbeat", "{}".to_owned()),
            ("containers", containers(&[&CONTAINER.replacen("hc", how, 1)])),
        ] {
            let answer = client.post(&format!("/api/agent/{route}"), &agent, body);
            assert_eq!(answer.status, 200, "{route}: {}", answer.text());
        }
        master.registered(&format!("third {how}"));
        assert_eq!(database.numbers(waiting), [1], "the step still waits");

        block_on(async { holder.close().await.unwrap() });
        wait_for("the last rows to go", || (left(&database, old) == 0).then_some(()));
    }
}

/// Prints how long the longest step holds SQLite's writer. A figure, not a promise.
#[test]
#[ignore = "a measurement"]
fn the_longest_hold_is_printed() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        for is_merged in [false, true] {
            let database = Database::fresh(engine);
            database.with_store(|store| async move {
                reporter(&store, "old", at(0)).await;
                reporter(&store, "new", at(0)).await;
                store.servers_mark_offline(at(DAY), at(DAY)).await.unwrap();
            });
            flood(&database, 1);
            database.with_store(|store| async move {
                if is_merged {
                    assert_eq!(store.server_merge(2, 1, &operator(), at(DAY)).await.unwrap(), Merge::Begun);
                } else {
                    assert!(store.server_delete(1, &operator(), at(DAY)).await.unwrap());
                }
                let began = std::time::Instant::now();
                let done = store.forget_deleted(at(DAY)).await.unwrap();
                println!("{engine:?}, merged {is_merged}: {done:?} in {:?}", began.elapsed());
            });
        }
    }
}
