//! HTTPS: the real binary with a certificate of our own authority.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::common::client::{Answer, read_answer};
use crate::common::fixtures::{self, AGENT_SECRET};
use crate::common::{Database, Engine, Master};

/// A master with a certificate for `localhost`, and the authority that signed it.
struct Https {
    master: Master,
    authority: CertificateDer<'static>,
    _files: tempfile::TempDir,
}

impl Https {
    fn start(database: &Database) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        let files = tempfile::tempdir().unwrap();
        let (chain_path, key_path) = (files.path().join("chain.pem"), files.path().join("key.pem"));
        std::fs::write(&chain_path, certificate.pem()).unwrap();
        std::fs::write(&key_path, key.serialize_pem()).unwrap();
        let keys = [("TLS_CERT", chain_path.to_str().unwrap()), ("TLS_KEY", key_path.to_str().unwrap())];
        let master = Master::start_with(&database.url(), &keys);
        Self { master, authority: authority.der().clone(), _files: files }
    }

    /// One request over TLS by a client that trusts `authorities` and asks for `name`.
    fn request(&self, authorities: &[&CertificateDer<'static>], name: &str, request: &str) -> std::io::Result<Answer> {
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add((*authority).clone()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(connection, self.master.client.connect()?);
        stream.write_all(request.as_bytes())?;
        read_answer(&mut BufReader::new(stream), false)
    }

    fn get(&self, path: &str) -> Answer {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        self.request(&[&self.authority], "localhost", &request).unwrap()
    }
}

#[test]
fn agents_and_browsers_are_served_over_tls() {
    let database = Database::fresh(Engine::Sqlite);
    let https = Https::start(&database);
    let body = fixtures::registration("web-1");
    let request = format!(
        "POST /api/agent/register HTTP/1.1\r\nHost: localhost\r\nX-Agent-Secret: {AGENT_SECRET}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = https.request(&[&https.authority], "localhost", &request).unwrap();
    assert_eq!((answer.status, &answer.json()["success"]), (200, &true.into()), "{}", answer.text());
    assert_eq!(https.get("/api/servers").json()[0]["name"], "web-1");
    assert_eq!(https.get("/").status, 200);
}

#[test]
fn a_client_that_does_not_know_the_authority_or_the_name_is_not_served() {
    let database = Database::fresh(Engine::Sqlite);
    let https = Https::start(&database);
    let request = "GET /api/servers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let error = https.request(&[], "localhost", request).unwrap_err().to_string();
    assert!(error.contains("UnknownIssuer"), "{error}");
    let error = https.request(&[&https.authority], "example.org", request).unwrap_err().to_string();
    assert!(error.contains("not valid for name"), "{error}");
    assert_eq!(https.get("/api/servers").status, 200, "it goes on");
}

#[test]
fn plain_http_on_that_port_is_told_so_and_gets_nothing_else() {
    let database = Database::fresh(Engine::Sqlite);
    let https = Https::start(&database);
    let plain = https.master.client;
    let sentence = r#"{"success":false,"error":"This port speaks HTTPS: use https:// in the URL"}"#;
    let answer = plain.get("/api/servers");
    assert_eq!((answer.status, answer.text()), (400, sentence));
    let answer = plain.register(AGENT_SECRET, fixtures::registration("web-1"));
    assert_eq!((answer.status, answer.text()), (400, sentence));
    // The connection ends with that, also for a client that would go on.
    let mut stream: TcpStream = plain.connect().unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 400 ") && answer.ends_with(sentence.as_bytes()), "{answer:?}");
    // What is neither HTTP nor TLS gets an alert (21), fatal (2), and the end.
    let mut stream: TcpStream = plain.connect().unwrap();
    stream.write_all(b"\x00\x01nonsense").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!((answer.first(), answer.get(5), answer.len()), (Some(&21), Some(&2), 7), "{answer:?}");
    assert_eq!(https.get("/api/servers").text(), "[]", "nobody was registered");
    assert_eq!(https.get("/api/servers").status, 200, "it goes on");
}

#[test]
fn a_client_that_never_finishes_its_handshake_holds_up_nobody() {
    let database = Database::fresh(Engine::Sqlite);
    let https = Https::start(&database);
    let mut silent = https.master.client.connect().unwrap();
    let mut halfway = https.master.client.connect().unwrap();
    halfway.write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
    assert_eq!(https.get("/api/servers").status, 200);
    // Both are closed by the master within its handshake time-out.
    for stream in [&mut silent, &mut halfway] {
        let mut rest = Vec::new();
        let ended = stream.read_to_end(&mut rest);
        assert!(!matches!(&ended, Err(e) if e.kind() == std::io::ErrorKind::WouldBlock), "{ended:?}");
    }
}
