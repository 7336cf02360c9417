//! Those who want everything for themselves: connections, heads, bodies and requests without end.

use std::io::{BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;

use crate::common::client::read_answer;
use crate::common::database::block_on;
use crate::common::fixtures::{AGENT_SECRET, ago, metrics, registration, sample};
use crate::common::{Client, Database, Engine, Master, people, wait_for};

const HEARTBEAT: &str = "/api/agent/heartbeat";
/// Each connection with a head that does not end, just short of what is too long.
const CONNECTIONS: usize = 10_000;
const HEAD_BYTES: usize = 10_500;
/// What ten thousand of them may cost the master.
const GROWTH_MAX_KIB: u64 = 40 * CONNECTIONS as u64;

/// A connection from another address of this host.
async fn connect_from(from: Ipv4Addr, to: SocketAddr) -> std::io::Result<tokio::net::TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(IpAddr::V4(from), 0))?;
    socket.connect(to).await
}

/// Anonymous memory of a process, in KiB (proc_pid_status(5)).
fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn ten_thousand_connections_with_a_hundred_megabytes_of_heads_leave_agents_alone() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    assert!(hard > CONNECTIONS as u64 + 1000, "this system allows {hard} files, too few for the test");
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start(&database);
    let (_, token) = master.registered("web-1");
    assert_eq!(master.client.post(HEARTBEAT, &token, "{}").status, 200);
    let before = resident_kib(master.id());
    let address = master.client.address;
    let mut head = b"GET /api/servers HTTP/1.1\r\nHost: x\r\nX-Long: ".to_vec();
    head.resize(HEAD_BYTES, b'a');

    let held = block_on(async {
        let mut held = Vec::with_capacity(CONNECTIONS);
        for number in 0..CONNECTIONS {
            let from = Ipv4Addr::new(127, 0, 1, (number / 2500 + 1) as u8);
            let mut stream = connect_from(from, address).await.unwrap();
            stream.write_all(&head).await.unwrap();
            held.push(stream.into_std().unwrap());
        }
        held
    });
    // The master has read them all when there is nothing in the sockets' queues any more; it need not for what follows.
    let report = || master.client.post("/api/agent/metrics", &token, metrics(&[sample(ago(1))])).status;
    for _ in 0..20 {
        assert_eq!(master.client.post(HEARTBEAT, &token, "{}").status, 200);
        assert_eq!(report(), 200);
    }
    let growth = resident_kib(master.id()).saturating_sub(before);
    println!("{CONNECTIONS} connections with {HEAD_BYTES} bytes of a head each: {growth} KiB");
    assert!(growth < GROWTH_MAX_KIB, "{growth} KiB");
    drop(held);
    wait_for("the next report", || (report() == 200).then_some(()));
}

#[test]
fn one_address_has_its_part_of_the_connections() {
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start_with(&database.url(), &[("MAX_CONNECTIONS_PER_ADDRESS", "20")]);
    let address = master.client.address;
    let ask = |stream: &mut TcpStream| -> std::io::Result<u16> {
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")?;
        read_answer(&mut BufReader::new(stream.try_clone()?), false).map(|answer| answer.status)
    };
    // The one that asked whether the master runs may not be closed yet.
    let mut held = Vec::new();
    wait_for("twenty connections", || {
        let mut stream = TcpStream::connect(address).unwrap();
        if ask(&mut stream).is_ok() {
            held.push(stream);
        }
        (held.len() == 20).then_some(())
    });
    let mut refused = TcpStream::connect(address).unwrap();
    assert!(ask(&mut refused).is_err(), "the next one is closed");
    let other = block_on(async { connect_from(Ipv4Addr::new(127, 0, 0, 2), address).await.unwrap() });
    let mut other = other.into_std().unwrap();
    other.set_nonblocking(false).unwrap();
    assert_eq!(ask(&mut other).unwrap(), 200, "another address");
    wait_for("a line in the log", || {
        master.log().iter().any(|line| line.contains("too many connections of one address")).then_some(())
    });
    held.pop();
    wait_for("room after one was closed", || ask(&mut TcpStream::connect(address).unwrap()).ok());
}

#[test]
fn a_credential_that_is_too_fast_is_told_when_to_come_back() {
    let database = Database::fresh(Engine::Sqlite);
    people::add(&database.url(), "operator");
    let master = Master::start_with(&database.url(), &[("MAX_REQUESTS_PER_SECOND", "1")]);
    let client = master.client;
    let (_, fast) = master.registered("web-1");
    let (_, calm) = master.registered("web-2");
    let limited = wait_for("a refusal", || {
        let answer = client.post(HEARTBEAT, &fast, "{}");
        (answer.status != 200).then_some(answer)
    });
    let sentence = json!({"success": false, "error": "Too many requests, try again later"});
    assert_eq!((limited.status, limited.json()), (429, sentence));
    assert_eq!(limited.header("retry-after"), Some("1"));
    assert_eq!(client.post(HEARTBEAT, &calm, "{}").status, 200, "everybody else goes on");
    // What was sent too fast comes later, and is stored.
    let body = metrics(&[sample(ago(1))]);
    wait_for("the next second", || (client.post("/api/agent/metrics", &fast, &body).status == 200).then_some(()));
    assert_eq!(database.numbers("SELECT COUNT(*) FROM metrics"), [1]);

    let cookie = client.session("operator");
    let limited = wait_for("a refusal", || {
        let answer = client.with(&cookie, "GET", "/api/servers", "");
        (answer.status != 200).then_some(answer)
    });
    assert_eq!((limited.status, limited.json()), (429, json!({"error": "Too many requests, try again later"})));
}

#[test]
fn a_client_is_known_behind_the_proxies_that_are_named_and_no_other() {
    let database = Database::fresh(Engine::Sqlite);
    let address_of = |client: &Client, name: &str| {
        let headers = [("X-Agent-Secret", AGENT_SECRET), ("X-Forwarded-For", "203.0.113.9, 198.51.100.7")];
        let answer = client.request("POST", "/api/agent/register", &headers, registration(name).as_bytes());
        let id = answer.json()["data"]["serverId"].as_i64().unwrap();
        client.get(&format!("/api/servers/{id}")).json()["ipAddress"].clone()
    };
    let master = Master::start(&database);
    assert_eq!(address_of(&master.client, "web-1"), "127.0.0.1");
    drop(master);
    let master = Master::start_with(&database.url(), &[("TRUSTED_PROXIES", "127.0.0.0/8")]);
    assert_eq!(address_of(&master.client, "web-2"), "198.51.100.7");
}

/// A byte every few seconds keeps within the time between two pieces of a body, and would hold its room for ever.
#[test]
fn a_body_that_trickles_ends() {
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start(&database);
    let (_, token) = master.registered("web-1");
    let mut stream = master.client.connect().unwrap();
    let head = format!(
        "POST {HEARTBEAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 100000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut answer = vec![0; 4096];
    let mut trickled = 0;
    let read = loop {
        if stream.write_all(b" ").is_err() {
            break 0;
        }
        trickled += 1;
        match stream.read(&mut answer) {
            Ok(read) => break read,
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
        assert!(trickled < 40, "it goes on for ever");
    };
    let answer = String::from_utf8_lossy(answer.get(..read).unwrap()).into_owned();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
}

/// A coding is not undone, so that there is nothing for a bomb to unfold to.
#[test]
fn a_compressed_body_is_not_unfolded() {
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start(&database);
    let (_, token) = master.registered("web-1");
    let authorization = format!("Bearer {token}");
    let headers = [("Authorization", authorization.as_str()), ("Content-Encoding", "gzip")];
    let hello = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0";
    assert_eq!(master.client.request("POST", "/api/agent/containers", &headers, hello).status, 400);
}
