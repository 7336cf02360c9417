//! After an outage every agent sends all it kept, at once.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::common::client::{Answer, read_answer};
use crate::common::fixtures::{ago, metrics, sample};
use crate::common::{Client, Database, Engine, Master, wait_for};

/// As many of the largest bodies as there is room for.
const ROOM: usize = 16;
const BODY_MAX_BYTES: usize = 1 << 20;

/// A report of which the head was sent, and that is being read.
fn begun(client: &Client, token: &str) -> TcpStream {
    let mut stream = client.connect().unwrap();
    let head = format!(
        "POST /api/agent/metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nExpect: 100-continue\r\n\
         Content-Length: {BODY_MAX_BYTES}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line.trim_end(), "HTTP/1.1 100 Continue");
    stream
}

fn in_chunks(client: &Client, token: &str, body: &str) -> Answer {
    let mut stream = client.connect().unwrap();
    let head = format!(
        "POST /api/agent/metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    stream.write_all(b"\r\n0\r\n\r\n").unwrap();
    read_answer(&mut BufReader::new(stream), false).unwrap()
}

#[test]
fn large_bodies_wait_for_each_other_and_small_ones_pass() {
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start(&database);
    let client = master.client;
    let (_, token) = master.registered("web-1");
    let kept: Vec<String> = (0..500).map(|minute| sample(ago(minute * 60_000))).collect();
    let large = metrics(&kept);
    assert!(large.len() > 100_000 && large.len() < BODY_MAX_BYTES);

    let mut holders: Vec<TcpStream> = (0..ROOM).map(|_| begun(&client, &token)).collect();
    std::thread::scope(|scope| {
        let with_length = scope.spawn(|| client.post("/api/agent/metrics", &token, &large));
        let without_length = scope.spawn(|| in_chunks(&client, &token, &large));
        // Meanwhile everything else goes on.
        assert_eq!(client.post("/api/agent/heartbeat", &token, "{}").status, 200);
        assert_eq!(client.post("/api/agent/metrics", &token, metrics(&[sample(ago(1))])).status, 200);
        for answer in [with_length.join().unwrap(), without_length.join().unwrap()] {
            let sentence = json!("Too many large reports at once, try again later");
            assert_eq!((answer.status, &answer.json()["error"]), (503, &sentence));
            assert_eq!(answer.header("retry-after"), Some("5"));
        }
    });
    // Nothing of what was turned away is stored; once there is room it is.
    assert_eq!(database.numbers("SELECT COUNT(*) FROM metrics"), [1]);
    holders.clear();
    wait_for("room", || (client.post("/api/agent/metrics", &token, &large).status == 200).then_some(()));
    assert_eq!(in_chunks(&client, &token, &large).status, 200);
    assert_eq!(database.numbers("SELECT COUNT(*) FROM metrics"), [501]);
}
