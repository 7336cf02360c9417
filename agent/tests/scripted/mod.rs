//! A master made of scripted answers, and the agent binary run against it.
//!
//! The master is a plain TCP listener that reads the requests itself, so that nothing of the agent's own code judges
//! what the agent sends.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Instant;

#[path = "../support/agent.rs"]
mod agent;
pub use agent::{Agent, DEADLINE};

#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub headers: String,
    pub body: serde_json::Value,
    /// Length of the body.
    pub bytes: usize,
}

/// What the master answers: a status, a body, and headers of its own.
#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    pub body: String,
    pub headers: &'static str,
}

pub fn reply(status: u16, body: &str) -> Reply {
    Reply { status, body: body.to_owned(), headers: "" }
}

pub fn registered() -> Reply {
    reply(200, r#"{"success":true,"data":{"serverId":7,"token":"abc.def.ghi"}}"#)
}

pub fn accepted() -> Reply {
    reply(200, r#"{"success":true}"#)
}

pub type Script = dyn FnMut(&Request) -> Option<Reply> + Send;

/// A master that answers as its script says; `None` closes the connection without an answer.
pub struct Master {
    pub url: String,
    pub requests: Receiver<Request>,
    script: Arc<Mutex<Box<Script>>>,
}

impl Master {
    pub fn start(script: impl FnMut(&Request) -> Option<Reply> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script: Arc<Mutex<Box<Script>>> = Arc::new(Mutex::new(Box::new(script)));
        let (sender, requests) = channel();
        let shared = script.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, sender) = (shared.clone(), sender.clone());
                std::thread::spawn(move || serve(stream, &script, &sender));
            }
        });
        Self { url, requests, script }
    }

    /// The next request for `path`; others are passed over.
    pub fn next(&self, path: &str) -> Request {
        let until = Instant::now() + DEADLINE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let request = self.requests.recv_timeout(left).unwrap_or_else(|_| panic!("no request for {path}"));
            if request.path == path {
                return request;
            }
        }
    }

    pub fn answer_with(&self, script: impl FnMut(&Request) -> Option<Reply> + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }
}

fn serve(stream: TcpStream, script: &Mutex<Box<Script>>, requests: &Sender<Request>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    while let Some(request) = read_request(&mut reader) {
        let reply = (script.lock().unwrap())(&request);
        let _ = requests.send(request);
        let Some(Reply { status, body, headers }) = reply else { return };
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

/// Reads one request; `None` when the agent has closed the connection.
pub fn read_request(reader: &mut impl BufRead) -> Option<Request> {
    let mut headers = String::new();
    while !headers.ends_with("\r\n\r\n") {
        if reader.read_line(&mut headers).ok()? == 0 {
            return None;
        }
    }
    let path = headers.split(' ').nth(1)?.to_owned();
    let length =
        headers.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { path, headers, bytes: length, body: serde_json::from_slice(&body).expect("the agent sends JSON") })
}

pub fn happy(request: &Request) -> Option<Reply> {
    Some(if request.path == REGISTER { registered() } else { accepted() })
}

pub const REGISTER: &str = "/api/agent/register";
pub const METRICS: &str = "/api/agent/metrics";
pub const HEARTBEAT: &str = "/api/agent/heartbeat";

pub fn timestamps(request: &Request) -> Vec<String> {
    let samples = request.body["metrics"].as_array().unwrap();
    samples.iter().map(|sample| sample["timestamp"].as_str().unwrap().to_owned()).collect()
}
