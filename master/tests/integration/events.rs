//! `GET /api/events` over a real connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::common::fixtures::{CONTAINER, ago, containers, metrics, sample};
use crate::common::people::add;
use crate::common::{Client, Database, Engine, Master, on_both_engines, wait_for};

on_both_engines! {
    what_changes_arrives
    who_comes_back_to_another_run_or_master_is_told_what_was_missed
}

/// Streams of one caller, as the code has it.
const STREAMS_OF_ONE_MAX: usize = 32;

fn what_changes_arrives(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let mut stream = Stream::open(&master.client, "/api/events", &[]).unwrap();
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache, no-transform"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(stream.header(name), Some(value));
    }
    stream.until("ready", |_| true);

    let (id, token) = master.registered("web-1");
    stream.until("server", |server| server["name"] == "web-1" && server["status"] == "online");
    stream.until("activity", |activity| activity["id"] == format!("{id}-1") && activity["type"] == "online");

    assert_eq!(master.client.post("/api/agent/metrics", &token, metrics(&[sample(ago(1000))])).status, 200);
    stream.until("server", |server| server["id"] == id && server["cpu"] == 14.85);

    let set = containers(&[CONTAINER]);
    assert_eq!(master.client.post("/api/agent/containers", &token, set).status, 200);
    stream.until("containers", |set| *set == json!({"serverId": id, "containerCount": 1}));
    let crashed = CONTAINER.replace(r#""running""#, r#""exited""#).replace(r#""exitCode":0"#, r#""exitCode":3"#);
    assert_eq!(master.client.post("/api/agent/containers", &token, containers(&[&crashed])).status, 200);
    stream.until("activity", |activity| activity["type"] == "crashed" && activity["containerName"] == "hc");

    database.execute("DELETE FROM servers");
    stream.until("server-removed", |removed| *removed == json!({"id": id}));
}

fn who_comes_back_to_another_run_or_master_is_told_what_was_missed(engine: Engine) {
    let database = Database::fresh(engine);
    let first = Master::start(&database);
    let (known, _) = first.registered("web-1");
    let mut stream = Stream::open(&first.client, "/api/events", &[]).unwrap();
    let before = stream.until("ready", |_| true).id.unwrap();
    drop(stream);

    let (missed, token) = first.registered("web-2");
    assert_eq!(first.client.post("/api/agent/containers", &token, containers(&[CONTAINER])).status, 200);
    // On PostgreSQL to a second one beside it; a file has one at a time.
    let first = match engine {
        Engine::Sqlite => {
            first.signal("TERM");
            assert!(first.wait_for_exit().success());
            None
        }
        Engine::Postgres => Some(first),
    };
    let second = Master::start(&database);

    let mut stream = Stream::open(&second.client, "/api/events", &[("Last-Event-ID", &before)]).unwrap();
    let told = stream.all_until("ready");
    let has = |name: &str, expected: &dyn Fn(&Value) -> bool| {
        assert!(told.iter().any(|event| event.name == name && expected(&event.data)), "no such {name}: {told:?}");
    };
    has("server", &|server| server["id"] == missed && server["name"] == "web-2");
    has("activity", &|activity| activity["id"] == format!("{missed}-1"));
    has("containers", &|set| *set == json!({"serverId": missed, "containerCount": 1}));
    assert!(told.iter().all(|event| event.name != "reset"), "{told:?}");
    let now = told.last().unwrap().id.clone().unwrap();

    // What that master's own agents say is told to who came from the other.
    let (third, _) = first.as_ref().unwrap_or(&second).registered("web-3");
    stream.until("server", |server| server["id"] == third);
    drop(stream);

    let resets = |id: &str| {
        let mut stream = Stream::open(&second.client, "/api/events", &[("Last-Event-ID", id)]).unwrap();
        let names: Vec<String> = stream.all_until("ready").into_iter().map(|event| event.name).collect();
        names == ["reset", "ready"]
    };
    for useless in ["", "nonsense", "1.1.1", "\u{fffd}", &"9".repeat(5000), "99999999999999.1.1"] {
        assert!(resets(useless), "{useless:?}");
    }
    assert!(!resets(&now));
    // Nobody was there to see it.
    database.execute(&format!("DELETE FROM servers WHERE id = {known}"));
    assert!(resets(&now));
}

#[test]
fn a_stream_ends_with_what_let_it_in() {
    let database = Database::fresh(Engine::Sqlite);
    ["admin", "operator", "viewer"].iter().for_each(|role| add(&database.url(), role));
    let master = Master::start(&database);
    let client = master.client;
    let (own, _) = master.registered("web-1");
    let (other, other_agent) = master.registered("web-2");
    let operator = client.session("operator");
    let viewer = client.session("viewer");
    let (_, kept) = client.api_token(&operator, &json!({"name": "kept", "scope": "read"}));
    let (id, revoked) = client.api_token(&operator, &json!({"name": "revoked", "scope": "read"}));
    let (_, of_one) = client.api_token(&operator, &json!({"name": "one", "scope": "read", "serverId": own}));
    let bearer = |token: &str| format!("Bearer {token}");

    let scoped = format!("/api/events?serverId={own}");
    let mut kept = Stream::open(&client, "/api/events", &[("Authorization", &bearer(&kept))]).unwrap();
    let mut revoked = Stream::open(&client, "/api/events", &[("Authorization", &bearer(&revoked))]).unwrap();
    let mut of_one = Stream::open(&client, &scoped, &[("Authorization", &bearer(&of_one))]).unwrap();
    let mut session = Stream::open(&client, "/api/events", &[("Cookie", &viewer)]).unwrap();
    for stream in [&mut kept, &mut revoked, &mut of_one, &mut session] {
        stream.until("ready", |_| true);
    }

    assert_eq!(client.post("/api/agent/metrics", &other_agent, metrics(&[sample(ago(1000))])).status, 200);
    kept.until("server", |server| server["id"] == other && server["cpu"] == 14.85);
    assert_eq!(client.with(&operator, "DELETE", &format!("/api/tokens/{id}"), "").status, 204);
    assert_eq!(client.with(&viewer, "POST", "/api/logout", "").status, 204);
    revoked.rest();
    session.rest();
    // It goes with its server, and has heard of no other.
    database.execute(&format!("DELETE FROM servers WHERE id = {own}"));
    let heard = of_one.rest();
    assert!(
        !heard.is_empty() && heard.iter().all(|event| event.data["id"] != other && event.data["serverId"] != other)
    );
    kept.until("server-removed", |removed| removed["id"] == own);
}

#[test]
fn streams_are_counted_and_a_place_comes_back() {
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start(&database);
    let open = || Stream::open(&master.client, "/api/events", &[]);
    let mut streams: Vec<Stream> = (0..STREAMS_OF_ONE_MAX).map(|_| open().unwrap()).collect();
    let refusal = open().err().unwrap();
    assert_eq!(refusal, (503, r#"{"error":"Too many event streams at once, try again later"}"#.to_owned()));
    // A request without a body to read takes no place.
    assert_eq!(master.client.request("HEAD", "/api/events", &[], b"").status, 200);
    streams.pop();
    wait_for("the place that was left", || open().ok());
}

#[test]
fn a_master_that_stops_ends_its_streams() {
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start(&database);
    let mut stream = Stream::open(&master.client, "/api/events", &[]).unwrap();
    stream.until("ready", |_| true);
    master.signal("TERM");
    stream.rest();
    assert!(master.wait_for_exit().success());
}

#[test]
fn what_is_asked_wrongly_is_refused() {
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start(&database);
    for (query, status) in [("serverId=x", 400), ("serverId=", 404), ("serverId=7", 404), ("serverId=-1", 400)] {
        let refusal = Stream::open(&master.client, &format!("/api/events?{query}"), &[]).err().unwrap();
        let expected = if query == "serverId=" { 400 } else { status };
        assert_eq!(refusal.0, expected, "{query}: {}", refusal.1);
    }
}

/// One event.
#[derive(Debug)]
pub struct Event {
    pub name: String,
    pub id: Option<String>,
    pub data: Value,
}

/// An open stream of events, read as a browser does.
pub struct Stream {
    head: Vec<(String, String)>,
    body: BufReader<Chunks>,
}

impl Stream {
    /// Errors: the status that is not 200, and the body.
    pub fn open(client: &Client, path: &str, headers: &[(&str, &str)]) -> Result<Self, (u16, String)> {
        let mut connection = client.connect().unwrap();
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", client.address);
        connection.write_all(request.as_bytes()).unwrap();
        let mut reader = BufReader::new(connection);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert!(reader.read_line(&mut line).unwrap() > 0, "no answer");
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let status: u16 = lines[0].split(' ').nth(1).unwrap().parse().unwrap();
        let head = lines[1..].iter().filter_map(|line| line.split_once(':'));
        let head: Vec<_> = head.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        if status != 200 {
            let length = head.iter().find(|(name, _)| name == "content-length").unwrap().1.parse().unwrap();
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            return Err((status, String::from_utf8(body).unwrap()));
        }
        Ok(Self { head, body: BufReader::new(Chunks { reader, left: 0, is_over: false }) })
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The next event; `None` at the orderly end.
    pub fn next(&mut self) -> Option<Event> {
        let (mut name, mut id, mut data) = (None, None, None);
        loop {
            let mut line = String::new();
            if self.body.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.trim_end_matches('\n').split_once(": ") {
                Some(("event", value)) => name = Some(value.to_owned()),
                Some(("id", value)) => id = Some(value.to_owned()),
                Some(("data", value)) => data = Some(serde_json::from_str(value).unwrap()),
                Some(("retry", _)) => {}
                None if line == "\n" => match (name.take(), data.take()) {
                    (Some(name), Some(data)) => return Some(Event { name, id, data }),
                    _ => id = None,
                },
                _ => assert!(line.starts_with(':'), "{line:?}"),
            }
        }
    }

    /// The first event of this name that is as expected.
    pub fn until(&mut self, name: &str, expected: impl Fn(&Value) -> bool) -> Event {
        let mut others = Vec::new();
        let give_up = std::time::Instant::now() + crate::common::DEADLINE;
        while std::time::Instant::now() < give_up {
            match self.next() {
                Some(event) if event.name == name && expected(&event.data) => return event,
                Some(event) => others.push(event),
                None => break,
            }
        }
        panic!("no such {name} in {others:?}")
    }

    /// All events up to the first of this name.
    pub fn all_until(&mut self, name: &str) -> Vec<Event> {
        let mut all = Vec::new();
        while all.last().is_none_or(|event: &Event| event.name != name) {
            all.push(self.next().unwrap());
        }
        all
    }

    pub fn rest(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.next()).collect()
    }
}

/// A body in chunks.
struct Chunks {
    reader: BufReader<TcpStream>,
    left: usize,
    is_over: bool,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.is_over {
            return Ok(0);
        }
        if self.left == 0 {
            let mut size = String::new();
            self.reader.read_line(&mut size)?;
            self.left =
                usize::from_str_radix(size.trim(), 16).map_err(|_| std::io::Error::other(format!("{size:?}")))?;
            if self.left == 0 {
                self.is_over = true;
                return Ok(0);
            }
        }
        let most = buffer.len().min(self.left);
        let read = self.reader.read(&mut buffer[..most])?;
        self.left -= read;
        if self.left == 0 {
            let mut end = String::new();
            self.reader.read_line(&mut end)?;
        }
        Ok(read)
    }
}
