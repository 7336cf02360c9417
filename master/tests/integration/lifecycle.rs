//! Starting, stopping, dying and coming back.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use neon_shared::time::Timestamp;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::{Value, json};

use crate::common::client::read_answer;
use crate::common::fixtures::{AGENT_SECRET, CONTAINER, ago, containers, metrics, registration, sample};
use crate::common::master::Starting;
use crate::common::proxy::Proxy;
use crate::common::{Client, Database, Engine, Master, on_both_engines, wait_for};

on_both_engines! {
    every_acknowledged_sample_survives_a_kill_exactly_once
    parallel_registrations_over_http_give_one_number
    a_silent_server_goes_offline_and_comes_back
    the_time_the_master_was_down_is_not_held_against_a_server
    sigterm_finishes_what_is_in_flight
    sigint_ends_it_too
}

fn every_acknowledged_sample_survives_a_kill_exactly_once(engine: Engine) {
    const ROUNDS: usize = 3;
    const ACKNOWLEDGED_PER_ROUND: usize = 40;
    let database = Database::fresh(engine);
    let base_ms = ago(30 * 60_000).unix_ms();
    let next = Arc::new(AtomicUsize::new(0));
    let acknowledged: Arc<Mutex<Vec<Timestamp>>> = Arc::default();
    let mut unanswered: Vec<Timestamp> = Vec::new();

    for round in 0..ROUNDS {
        let master = Master::start(&database);
        let (_, token) = master.registered("web-1");
        // What the killed master did not answer is sent again, as an agent does; it may be there already.
        for time in unanswered.drain(..) {
            assert_eq!(master.client.post("/api/agent/metrics", &token, metrics(&[sample(time)])).status, 200);
            acknowledged.lock().unwrap().push(time);
        }
        let wanted = acknowledged.lock().unwrap().len() + ACKNOWLEDGED_PER_ROUND;
        let senders: Vec<_> = (0..3)
            .map(|_| {
                let (client, token) = (master.client, token.clone());
                let (next, acknowledged) = (Arc::clone(&next), Arc::clone(&acknowledged));
                std::thread::spawn(move || send_until_it_dies(client, &token, base_ms, &next, &acknowledged))
            })
            .collect();
        wait_for("acknowledged samples", || (acknowledged.lock().unwrap().len() >= wanted).then_some(()));
        master.kill();
        unanswered = senders.into_iter().map(|sender| sender.join().unwrap()).collect();
        assert_eq!(unanswered.len(), 3, "round {round}: each sender was cut off in the middle");
    }

    let master = Master::start(&database);
    let (id, _) = master.registered("web-1");
    let history = master.client.get(&format!("/api/servers/{id}/metrics/history?range=1h")).json();
    let mut stored: BTreeMap<String, usize> = BTreeMap::new();
    for point in history["dataPoints"].as_array().unwrap() {
        *stored.entry(point["timestamp"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let acknowledged = acknowledged.lock().unwrap();
    assert!(acknowledged.len() >= ROUNDS * ACKNOWLEDGED_PER_ROUND);
    for time in acknowledged.iter() {
        assert_eq!(stored.get(&time.to_string()), Some(&1), "{time}");
    }
    assert!(stored.values().all(|count| *count == 1));
}

/// Every agent keeps a connection between its heartbeats, and more agents than the usual 1,024 files are no fault.
/// By `.cargo/config.toml`; asked of the kernel, as the library does not say. `-D`: the process that is started is the
/// master, and its tracer ends with it.
#[test]
fn a_commit_waits_for_the_logs_data_and_not_for_its_times() {
    const REPORTS: i64 = 20;
    let database = Database::fresh(Engine::Sqlite);
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let mut command = Command::new("strace");
    command.args(["-D", "-f", "-y", "-e", "trace=fsync,fdatasync", "-o"]).arg(&trace);
    command.arg(env!("CARGO_BIN_EXE_neon-master"));
    let master = Master::start_command(command, &database.url(), &[]);
    let (_, token) = master.registered("web-1");
    for number in 0..REPORTS {
        let body = metrics(&[sample(ago(60_000 + number))]);
        assert_eq!(master.client.post("/api/agent/metrics", &token, body).status, 200);
    }
    let calls = wait_for("the tracer to write them down", || {
        let text = std::fs::read_to_string(&trace).unwrap();
        let calls: Vec<String> = text.lines().filter(|line| line.contains("neon.db-wal>")).map(str::to_owned).collect();
        (calls.len() as i64 > REPORTS).then_some(calls)
    });
    assert!(calls.iter().all(|call| call.contains(" fdatasync(")), "{calls:#?}");
}

#[test]
fn a_thousand_idle_connections_keep_nobody_out() {
    const IDLE: usize = 1100;
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    assert!(hard > 2 * IDLE as u64, "this system allows {hard} files, too few for the test");
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start(&database);
    let idle: Vec<_> = (0..IDLE)
        .map(|_| {
            let mut stream = master.client.connect().unwrap();
            stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            let answer = read_answer(&mut BufReader::new(stream.try_clone().unwrap()), false).unwrap();
            assert_eq!(answer.status, 200);
            stream
        })
        .collect();
    assert_eq!(master.client.get("/api/servers").status, 200);
    assert_eq!(idle.len(), IDLE);
}

/// At the default interval an agent speaks once a minute, and a connection for each time would cost it a TLS handshake.
#[test]
fn a_connection_outlives_the_minute_between_two_heartbeats() {
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start(&database);
    let mut stream = master.client.connect().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    for pause in [Duration::ZERO, Duration::from_secs(61)] {
        std::thread::sleep(pause);
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        assert_eq!(read_answer(&mut reader, false).unwrap().status, 200);
    }
}

/// Sends one new sample after the other and notes those that were acknowledged; returns the one that was not.
fn send_until_it_dies(
    client: Client,
    token: &str,
    base_ms: i64,
    next: &AtomicUsize,
    acknowledged: &Mutex<Vec<Timestamp>>,
) -> Timestamp {
    let authorization = format!("Bearer {token}");
    loop {
        let number = i64::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap();
        let time = Timestamp::from_unix_ms(base_ms + number);
        let body = metrics(&[sample(time)]);
        let headers = [("Authorization", authorization.as_str())];
        match client.try_request("POST", "/api/agent/metrics", &headers, body.as_bytes()) {
            Ok(answer) if answer.status == 200 => acknowledged.lock().unwrap().push(time),
            Ok(answer) => panic!("{} {}", answer.status, answer.text()),
            Err(_) => return time,
        }
    }
}

fn parallel_registrations_over_http_give_one_number(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let client = master.client;
    let agents: Vec<_> = (0..12)
        .map(|_| std::thread::spawn(move || client.register(AGENT_SECRET, registration("web-1")).json()))
        .collect();
    let answers: Vec<Value> = agents.into_iter().map(|agent| agent.join().unwrap()).collect();
    // Which number it is, is open: on PostgreSQL an insert that loses the race has used one up.
    let servers = client.get("/api/servers").json();
    assert_eq!(servers.as_array().unwrap().len(), 1);
    for answer in answers {
        assert_eq!((&answer["success"], &answer["data"]["serverId"]), (&json!(true), &servers[0]["id"]));
    }
}

fn a_silent_server_goes_offline_and_comes_back(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start_with(&database.url(), &[("OFFLINE_AFTER_S", "1")]);
    let (_, token) = master.registered("web-1");
    let status = || master.client.get("/api/servers").json()[0]["status"].clone();
    wait_for("the server to be offline", || (status() == json!("offline")).then_some(()));
    assert_eq!(master.client.post("/api/agent/heartbeat", &token, "{}").status, 200);
    let events = wait_for("the server to be online again", || {
        let events = master.client.get("/api/activities").json();
        (events.as_array().unwrap().len() >= 3).then_some(events)
    });
    // It may have fallen silent once more meanwhile; what matters is how it began.
    let mut kinds: Vec<&str> = events.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    kinds.reverse();
    assert_eq!(kinds[..3], ["online", "offline", "online"]);
}

fn the_time_the_master_was_down_is_not_held_against_a_server(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (_, token) = master.registered("web-1");
    master.kill();
    // As after a night: it was heard last long before the master comes back.
    database.execute("UPDATE server_heard SET last_seen_at_ms = last_seen_at_ms - 36000000");
    let master = Master::start(&database);
    assert_eq!(master.client.get("/api/servers").json()[0]["status"], json!("online"));
    assert_eq!(master.client.post("/api/agent/heartbeat", &token, "{}").status, 200);
    let events = master.client.get("/api/activities").json();
    let kinds: Vec<&Value> = events.as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert_eq!(kinds, [&json!("online")], "only the first registration");
}

fn sigterm_finishes_what_is_in_flight(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    let client = master.client;
    let body = metrics(&[sample(ago(0))]);
    let (first, rest) = body.split_at(body.len() / 2);
    let mut stream = client.connect().unwrap();
    let head = format!(
        "POST /api/agent/metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // "100 Continue" proves that the handler is waiting for the body.
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    assert_eq!(read_answer_head(&mut reader), "HTTP/1.1 100 Continue");
    stream.write_all(first.as_bytes()).unwrap();

    master.signal("TERM");
    wait_for("the master to stop", || master.log().iter().any(|line| line.contains("\"stopping\"")).then_some(()));
    stream.write_all(rest.as_bytes()).unwrap();
    let answer = read_answer(&mut reader, false).unwrap();
    assert_eq!((answer.status, answer.text()), (200, r#"{"success":true}"#));
    let log = master.log();
    assert_eq!(master.wait_for_exit().code(), Some(0), "{log:?}");

    let master = Master::start(&database);
    let history = master.client.get(&format!("/api/servers/{id}/metrics/history?range=1h")).json();
    assert_eq!(history["dataPoints"].as_array().unwrap().len(), 1);
}

fn read_answer_head(reader: &mut impl BufRead) -> String {
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let first = line();
    assert_eq!(line(), "", "an interim answer without headers");
    first
}

fn sigint_ends_it_too(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    // An idle connection does not hold it up.
    let idle = master.client.connect().unwrap();
    master.signal("INT");
    assert_eq!(master.wait_for_exit().code(), Some(0));
    drop(idle);
}

#[test]
fn a_database_that_goes_away_is_a_503_and_comes_back_by_itself() {
    let database = Database::fresh(Engine::Postgres);
    let wire = Proxy::to(&database.url());
    let master = Master::start_with(&wire.url(&database.url()), &[]);
    let (id, token) = master.registered("web-1");
    let post = || master.client.post("/api/agent/metrics", &token, metrics(&[sample(ago(0))]));
    assert_eq!(post().status, 200);

    wire.cut();
    let answer = post();
    assert_eq!(
        (answer.status, answer.text()),
        (503, r#"{"success":false,"error":"Storage is unavailable, try again later"}"#)
    );
    assert_eq!(answer.header("retry-after"), Some("5"));
    let answer = master.client.get("/api/servers");
    assert_eq!((answer.status, answer.text()), (503, r#"{"error":"Storage is unavailable, try again later"}"#));
    assert_eq!(master.client.get("/healthz").status, 503);
    wait_for("each failure in the log with its cause", || {
        let causes = master.log().into_iter().filter(|line| line.contains("the database does not answer")).count();
        (causes >= 3).then_some(())
    });

    wire.mend();
    wait_for("the master to recover", || (post().status == 200).then_some(()));
    let set = containers(&[CONTAINER]);
    assert_eq!(master.client.post("/api/agent/containers", &token, set).status, 200);
    let history = master.client.get(&format!("/api/servers/{id}/metrics/history?range=1h")).json();
    assert!(history["dataPoints"].as_array().unwrap().len() >= 2);
}

#[test]
fn a_database_that_is_late_is_waited_for() {
    let database = Database::fresh(Engine::Postgres);
    let wire = Proxy::to(&database.url());
    wire.cut();
    let starting = Starting::new(&wire.url(&database.url()), &[]);
    wait_for("the master to say that it waits", || starting.find("waiting for the database"));
    wire.mend();
    let line = wait_for("the master to run", || starting.find("neon-master is running"));
    let master = starting.listening(&line);
    assert_eq!(master.client.get("/healthz").status, 200);
}
