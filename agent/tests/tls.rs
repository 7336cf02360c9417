//! The real agent binary against a master with TLS: whom it trusts, and that a second connection is a resumed one.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};

/// How long anything may take before a test gives up on it.
const DEADLINE: Duration = Duration::from_secs(30);

/// A master on 127.0.0.1 that answers one request a connection, with the PEM of the authority it is signed by.
struct Master {
    url: String,
    authority: String,
    /// The request line and how the handshake went, of each connection that came to a request.
    requests: Receiver<(String, HandshakeKind)>,
}

impl Master {
    fn start() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            let config = Arc::new(config);
            for socket in listener.incoming().flatten() {
                let connection = ServerConnection::new(config.clone()).unwrap();
                let mut stream = BufReader::new(StreamOwned::new(connection, socket));
                if let Some(line) = answer(&mut stream) {
                    let _ = sender.send((line, stream.get_ref().conn.handshake_kind().unwrap()));
                }
            }
        });
        Self { url, authority: authority.pem(), requests }
    }
}

/// Reads a request and answers it; its first line, `None` if there was no handshake or no request.
fn answer(stream: &mut BufReader<StreamOwned<ServerConnection, std::net::TcpStream>>) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.to_ascii_lowercase().split_once("content-length: ")?.1.lines().next()?.parse().ok()?;
    std::io::Read::read_exact(stream, &mut vec![0; length]).ok()?;
    let body = r#"{"success":true,"data":{"serverId":7,"token":"abc"}}"#;
    let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    stream.get_mut().write_all(reply.as_bytes()).ok()?;
    stream.get_mut().conn.send_close_notify();
    stream.get_mut().flush().ok()?;
    head.lines().next().map(str::to_owned)
}

/// A running agent; killed, and its file removed, when the test ends.
struct Agent {
    child: Child,
    ca_file: PathBuf,
}

impl Agent {
    fn start(name: &str, master: &str, authority: &str) -> Self {
        let ca_file = std::env::temp_dir().join(format!("neon-agent-ca-{name}-{}", std::process::id()));
        std::fs::write(&ca_file, authority).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_neon-agent"))
            .env_clear()
            .envs([("SERVER_NAME", "web-1"), ("MASTER_URL", master), ("AGENT_SECRET", "s")])
            .envs([("METRICS_INTERVAL", "1"), ("RETRY_DELAY_MS", "10"), ("DOCKER_HOST", "unix:///nowhere.sock")])
            .env("MASTER_CA_FILE", if authority.is_empty() { "".as_ref() } else { ca_file.as_os_str() })
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child, ca_file }
    }

    /// The first line that contains `part`; the agent logs every second, so that this ends.
    fn line(&mut self, part: &str) -> String {
        let lines = BufReader::new(self.child.stdout.take().unwrap()).lines().map_while(Result::ok).take(100);
        lines.into_iter().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no line with {part:?}"))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.ca_file);
    }
}

#[test]
fn the_operators_own_authority_is_trusted_and_sessions_are_resumed() {
    let master = Master::start();
    let _agent = Agent::start("own", &master.url, &master.authority);
    let (line, handshake) = master.requests.recv_timeout(DEADLINE).unwrap();
    assert_eq!((line.as_str(), handshake), ("POST /api/agent/register HTTP/1.1", HandshakeKind::Full));
    let (line, handshake) = master.requests.recv_timeout(DEADLINE).unwrap();
    assert_eq!((line.as_str(), handshake), ("POST /api/agent/metrics HTTP/1.1", HandshakeKind::Resumed));
}

#[test]
fn another_authority_is_not_trusted_nor_is_none() {
    let (master, other) = (Master::start(), Master::start());
    for authority in [other.authority.as_str(), ""] {
        let mut agent = Agent::start("other", &master.url, authority);
        let line = agent.line("Request failed");
        assert!(line.contains("certificate"), "{line}");
    }
    assert!(master.requests.try_recv().is_err(), "nothing was sent to it");
}
