//! One HTTP request to the master: ureq over TCP, and over TLS where the master's URL is `https`.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use neon_agent_core::parse::json::{self, JsonText};
use neon_shared::api::{Envelope, SECRET_HEADER};
use neon_shared::time::Timestamp;
use rustls::client::danger::ServerCertVerifier;
use serde::de::IgnoredAny;
use ureq::http::HeaderValue;
use ureq::unversioned::transport::{ConnectProxyConnector, Connector};
use ureq::{Agent, Error, Timeout};

use super::backoff::{http_date, retry_after};
use super::lookup::{LookupConnector, NoLookup, Unreachable};
use super::tls::{self, TlsConnector, Trust};
use crate::config::Config;

/// Longest time for a connection to stand, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest silence while an answer is awaited or read.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time for a whole request, from the name look-up to the last byte of the answer. An answer that comes a byte
/// at a time is never silent; this is what ends it.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// How long an unused connection is kept: one default heartbeat interval and a little, so that it serves the next.
const IDLE_KEPT: Duration = Duration::from_secs(75);
/// ureq's buffers of a connection, in bytes each way; its own default of 128 KiB is the browser's size, not ours.
const CONNECTION_BUFFER_BYTES: usize = 16 * 1024;

/// The connection to the master.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    base_url: String,
    /// Whether a connection is one to a proxy first.
    is_proxied: bool,
}

/// What proves who we are.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// The fleet's secret, our own credential or the code for it, for the registration.
    Secret(&'a str),
    /// The token that the registration gave.
    Token(&'a str),
}

/// One request.
pub struct Post<'a> {
    /// Path under the master's URL.
    pub path: &'a str,
    /// Goes into a header.
    pub credential: Credential<'a>,
    /// Finished JSON.
    pub body: &'a [u8],
    /// Bound on the whole request, if it is shorter than the usual one.
    pub timeout: Option<Duration>,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// Bytes of the answer in the caller's buffer.
    pub length: usize,
    /// How long the master wants to be left alone, if it says so in a form we know.
    pub retry_after: Option<Duration>,
    /// The master's clock, to the second.
    pub date: Option<Timestamp>,
}

impl Client {
    /// A client for `config`'s master; nothing is connected yet.
    pub fn new(config: &Config) -> Self {
        Self::judged_by(Arc::new(Trust::new(config)), config)
    }

    /// The same with certificates judged by `verifier`.
    pub fn judged_by(verifier: Arc<dyn ServerCertVerifier>, config: &Config) -> Self {
        let settings = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("neon-agent/", env!("CARGO_PKG_VERSION")))
            // Named also where there is none: ureq would look into the environment itself.
            .proxy(config.proxy.clone())
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_per_read(Some(READ_TIMEOUT))
            .max_idle_connections(1)
            .max_idle_age(IDLE_KEPT)
            .input_buffer_size(CONNECTION_BUFFER_BYTES)
            .output_buffer_size(CONNECTION_BUFFER_BYTES)
            .build();
        let connector = ().chain(ConnectProxyConnector::default()).chain(LookupConnector::default());
        let connector = connector.chain(TlsConnector::new(verifier));
        let agent = Agent::with_parts(settings, connector, NoLookup);
        Self { agent, base_url: config.master_url.clone(), is_proxied: config.proxy.is_some() }
    }

    /// Sends one request and reads the answer into `answer`, cut to its size. Errors: the cause in words.
    pub fn post(&self, post: &Post<'_>, answer: &mut [u8]) -> Result<Answered, String> {
        let (header, value) = match post.credential {
            Credential::Secret(secret) => (SECRET_HEADER, secret.to_owned()),
            Credential::Token(token) => ("Authorization", format!("Bearer {token}")),
        };
        let timeout = post.timeout.unwrap_or(REQUEST_TIMEOUT).min(REQUEST_TIMEOUT);
        let request = self
            .agent
            .post(format!("{}{}", self.base_url, post.path))
            .header("Content-Type", "application/json")
            .header(header, value)
            .config()
            .timeout_global(Some(timeout))
            .build();
        let mut response = request.send(post.body).map_err(|error| self.words(&error, timeout))?;
        let length =
            read_up_to(response.body_mut().as_reader(), answer).map_err(|error| self.words(&error.into(), timeout))?;
        let status = response.status().as_u16();
        if response.status().is_redirection() {
            let target =
                response.headers().get("Location").and_then(|target| target.to_str().ok()).unwrap_or("elsewhere");
            return Err(format!("the master redirects to {target}, which is not followed: set MASTER_URL to it"));
        }
        let header = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let retry_after = header("Retry-After").and_then(|value| retry_after(value, header("Date"), SystemTime::now()));
        Ok(Answered { status, length, retry_after, date: header("Date").and_then(http_date) })
    }

    /// What went wrong, for somebody who reads the log and not this code.
    fn words(&self, error: &Error, timeout: Duration) -> String {
        match error {
            Error::Io(error) => self.io_words(error),
            Error::Timeout(Timeout::Connect | Timeout::Resolve) => {
                format!("no connection within {} s", CONNECT_TIMEOUT.as_secs())
            }
            Error::Timeout(Timeout::PerRead) => format!("no answer within {} s", READ_TIMEOUT.as_secs()),
            Error::Timeout(_) => format!("no whole answer within {} s", timeout.as_secs()),
            Error::ConnectionFailed => "the connection failed".to_owned(),
            Error::Protocol(_) => "the answer is not HTTP/1.1".to_owned(),
            Error::Tls(problem) => (*problem).to_owned(),
            Error::ConnectProxyFailed(why) => proxy_words(why),
            other => other.to_string(),
        }
    }

    fn io_words(&self, error: &io::Error) -> String {
        if let Some(error) = cause(error) {
            return tls::words(error);
        }
        let whose = if self.is_proxied { "proxy" } else { "master" };
        match cause(error) {
            Some(Unreachable::NoAddress { host, cause }) => {
                return format!("the {whose}'s name cannot be resolved: {host}: {cause}");
            }
            Some(Unreachable::NoConnection(why)) if self.is_proxied => return format!("the proxy: {why}"),
            Some(Unreachable::NoConnection(why)) => return why.clone(),
            None => {}
        }
        match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "the master closed the connection".to_owned(),
            io::ErrorKind::UnexpectedEof => "the master broke off its answer".to_owned(),
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "no answer in time".to_owned(),
            _ => error.to_string(),
        }
    }
}

/// The master's own sentence in the body of an answer; empty if there is none.
pub fn error_sentence(body: &[u8]) -> String {
    let envelope: Option<Envelope<IgnoredAny, JsonText<'_>>> = json::element(body).ok();
    envelope.and_then(|envelope| envelope.error).map(|error| error.to_string()).unwrap_or_default()
}

/// The error that one of our own steps put into `error`.
fn cause<E: std::error::Error + 'static>(error: &io::Error) -> Option<&E> {
    error.get_ref()?.downcast_ref()
}

/// What a proxy says to CONNECT, with what to do; `why` ends with the status twice, as ureq writes it.
fn proxy_words(why: &str) -> String {
    match why.rsplit('/').next() {
        Some("407") => "the proxy wants a user and a password (407): \
            http://user:password@host:port in HTTPS_PROXY or HTTP_PROXY"
            .to_owned(),
        Some(status) if status.len() == 3 => {
            format!(
                "the proxy answers {status} to CONNECT: it must allow the master's host and port, or name the host in NO_PROXY"
            )
        }
        _ => format!("the proxy: {why}"),
    }
}

fn read_up_to(mut reader: impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match reader.read(&mut buffer[length..])? {
            0 => break,
            count => length += count,
        }
    }
    Ok(length)
}

#[cfg(test)]
#[path = "../../tests/support/tls_master.rs"]
mod tls_master;

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::tls_master::Identity;
    use super::*;
    use crate::hot_path_tests::live_bytes;

    const REQUESTS: usize = 10_000;
    /// Requests until pools, buffers and session tickets have their size.
    const FIRST_REQUESTS: usize = 100;

    /// A master with TLS that answers every request of one connection; its port and the PEM of its authority.
    fn master() -> (u16, String) {
        let identity = Identity::issued_for("localhost");
        let config = identity.server_config();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            let mut stream = tls_master::accept(&config, socket);
            while tls_master::request(&mut stream).is_some() {
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"success\":true}";
                stream.get_mut().write_all(answer).unwrap();
            }
        });
        (port, identity.authority)
    }

    #[test]
    fn ten_thousand_requests_over_one_connection_leave_no_memory_behind() {
        let (port, authority) = master();
        let ca_file = std::env::temp_dir().join(format!("neon-agent-growth-{}", std::process::id()));
        std::fs::write(&ca_file, authority).unwrap();
        let url = format!("https://localhost:{port}");
        let settings = [("MASTER_URL", url.as_str()), ("MASTER_CA_FILE", ca_file.to_str().unwrap())];
        let client = Client::new(&crate::config::tests::config(&settings));
        std::fs::remove_file(&ca_file).unwrap();
        let (body, mut answer) = ([b'x'; 6000], [0; 1024]);
        let mut send = |requests: usize| {
            for _ in 0..requests {
                let credential = Credential::Token("token");
                let post = Post { path: "/api/agent/metrics", credential, body: &body, timeout: None };
                assert_eq!(
                    client.post(&post, &mut answer),
                    Ok(Answered { status: 200, length: 16, retry_after: None, date: None })
                );
            }
        };
        send(FIRST_REQUESTS);
        let before = live_bytes();
        send(REQUESTS);
        assert_eq!(live_bytes() - before, 0);
    }
}
