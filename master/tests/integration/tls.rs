//! HTTPS: the real binary with a certificate of our own authority.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::common::client::{Answer, read_answer};
use crate::common::fixtures::{self, AGENT_SECRET};
use crate::common::master::command;
use crate::common::{Database, Engine, Master, wait_for};

/// A master with a certificate for `localhost`, and the authority that signed it.
struct Https {
    master: Master,
    issuer: CertifiedIssuer<'static, KeyPair>,
    authority: CertificateDer<'static>,
    files: tempfile::TempDir,
}

impl Https {
    fn start(database: &Database) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let files = tempfile::tempdir().unwrap();
        let (chain, key, _) = certificate(&issuer);
        let (chain_path, key_path) = (files.path().join("chain.pem"), files.path().join("key.pem"));
        std::fs::write(&chain_path, chain).unwrap();
        std::fs::write(&key_path, key).unwrap();
        let keys = [("TLS_CERT", chain_path.to_str().unwrap()), ("TLS_KEY", key_path.to_str().unwrap())];
        let master = Master::start_with(&database.url(), &keys);
        Self { master, authority: issuer.der().clone(), issuer, files }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// A client that trusts `authorities`, and has seen nothing yet.
    fn connect(
        &self,
        authorities: &[&CertificateDer<'static>],
        name: &str,
        protocols: &[&[u8]],
    ) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let mut config = client_config(authorities);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        Ok(StreamOwned::new(connection, self.master.client.connect()?))
    }

    /// The certificate that a new client is shown.
    fn shown(&self) -> Vec<u8> {
        let mut stream = self.connect(&[&self.authority], "localhost", &[]).unwrap();
        stream.conn.complete_io(&mut stream.sock).unwrap();
        stream.conn.peer_certificates().unwrap()[0].to_vec()
    }

    fn logged(&self, message: &str) -> usize {
        self.master.log().iter().filter(|line| line.contains(message)).count()
    }

    /// One request over TLS by a client that trusts `authorities` and asks for `name`.
    fn request(&self, authorities: &[&CertificateDer<'static>], name: &str, request: &str) -> std::io::Result<Answer> {
        let mut stream = self.connect(authorities, name, &[])?;
        stream.write_all(request.as_bytes())?;
        read_answer(&mut BufReader::new(stream), false)
    }

    fn get(&self, path: &str) -> Answer {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        self.request(&[&self.authority], "localhost", &request).unwrap()
    }
}

/// A certificate for `localhost` and its key in PEM form, and the certificate as it is shown.
fn certificate(issuer: &CertifiedIssuer<'static, KeyPair>) -> (String, String, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let made = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, issuer).unwrap();
    (made.pem(), key.serialize_pem(), made.der().to_vec())
}

fn client_config(authorities: &[&CertificateDer<'static>]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add((*authority).clone()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
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

#[test]
fn a_client_chooses_http_1_or_2() {
    let database = Database::fresh(Engine::Sqlite);
    let https = Https::start(&database);
    for (offered, chosen) in
        [(&[][..], None), (&[&b"http/1.1"[..]], Some(&b"http/1.1"[..])), (&[b"http/1.1", b"h2"], Some(b"h2"))]
    {
        let mut stream = https.connect(&[&https.authority], "localhost", offered).unwrap();
        stream.conn.complete_io(&mut stream.sock).unwrap();
        assert_eq!(stream.conn.alpn_protocol(), chosen);
    }
    let body = fixtures::registration("web-1");
    let (status, answer) = h2(&https, "POST", "/api/agent/register", &[("x-agent-secret", AGENT_SECRET)], &body);
    assert_eq!(status, 200, "{answer}");
    let (status, answer) = h2(&https, "GET", "/api/servers", &[], "");
    assert_eq!(status, 200);
    assert!(answer.contains("web-1"), "{answer}");
    assert_eq!(https.get("/api/servers").json()[0]["name"], "web-1", "and HTTP/1.1 as before");
}

/// One request with HTTP/2.
fn h2(https: &Https, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let mut config = client_config(&[&https.authority]);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let plain = tokio::net::TcpStream::connect(https.master.client.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, plain).await.unwrap();
        let (mut client, connection) = ::h2::client::handshake(stream).await.unwrap();
        let connection = tokio::spawn(connection);
        let mut request = salvo::hyper::Request::builder().method(method).uri(format!("https://localhost{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (answer, mut sender) = client.send_request(request.body(()).unwrap(), body.is_empty()).unwrap();
        if !body.is_empty() {
            sender.send_data(body.as_bytes().to_vec().into(), true).unwrap();
        }
        let answer = answer.await.unwrap();
        let (status, mut stream, mut text) = (answer.status().as_u16(), answer.into_body(), Vec::new());
        while let Some(data) = stream.data().await {
            text.extend_from_slice(&data.unwrap());
        }
        connection.abort();
        (status, String::from_utf8(text).unwrap())
    })
}

#[test]
fn a_renewed_certificate_is_shown_and_a_broken_one_is_not() {
    const NEW: &str = "a new certificate is shown from now on";
    const BROKEN: &str = "the new certificate is not good: the one before is still shown";
    let database = Database::fresh(Engine::Sqlite);
    let https = Https::start(&database);
    let first = https.shown();
    // A connection of before, in the middle of a request.
    let mut old = https.connect(&[&https.authority], "localhost", &[]).unwrap();
    old.write_all(b"GET /api/servers HTTP/1.1\r\n").unwrap();

    // Half written, and then only the certificate of the new pair: said once each, and the old pair goes on.
    let (chain, key, second) = certificate(&https.issuer);
    std::fs::write(https.path("chain.pem"), &chain[..chain.len() / 2]).unwrap();
    wait_for("the half file to be noticed", || (https.logged(BROKEN) == 1).then_some(()));
    assert_eq!(https.shown(), first);
    std::fs::write(https.path("chain.pem"), &chain).unwrap();
    wait_for("the other key to be noticed", || (https.logged(BROKEN) == 2).then_some(()));
    assert_eq!(https.shown(), first);
    std::fs::remove_file(https.path("key.pem")).unwrap();
    wait_for("the missing key to be noticed", || (https.logged(BROKEN) == 3).then_some(()));
    assert_eq!((https.shown(), https.logged(NEW)), (first.clone(), 0));

    std::fs::write(https.path("key.pem"), &key).unwrap();
    wait_for("the new certificate", || (https.shown() == second).then_some(()));
    assert_eq!((https.logged(NEW), https.logged(BROKEN)), (1, 3));
    old.write_all(b"Host: localhost\r\nConnection: close\r\n\r\n").unwrap();
    assert_eq!(read_answer(&mut BufReader::new(old), false).unwrap().status, 200, "the connection of before goes on");

    // Behind a link that is turned, as certificates are mounted into containers.
    let (chain, key, third) = certificate(&https.issuer);
    for (name, text) in [("chain.pem", &chain), ("key.pem", &key)] {
        std::fs::write(https.path(&format!("new-{name}")), text).unwrap();
        let link = https.path(&format!("link-{name}"));
        std::os::unix::fs::symlink(https.path(&format!("new-{name}")), &link).unwrap();
        std::fs::rename(&link, https.path(name)).unwrap();
    }
    wait_for("the third certificate", || (https.shown() == third).then_some(()));
    assert!(!https.master.log().iter().any(|line| line.contains("PRIVATE")));
}

#[test]
fn what_tls_init_makes_is_served_and_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["tls", "init", "--name", "localhost", "--ip", "127.0.0.1", "--out", "made"];
    let run = || command(folder.path()).args(arguments).stdout(Stdio::piped()).output().unwrap();
    let output = run();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let value = |key: &str| said.lines().find_map(|line| line.strip_prefix(&format!("{key}="))).unwrap();
    assert_eq!(run().status.code(), Some(1), "not twice");

    let database = Database::fresh(Engine::Sqlite);
    let keys = ["TLS_CERT", "TLS_KEY"].map(|key| (key, value(key)));
    let master = Master::start_with(&database.url(), &keys);
    let authority = CertificateDer::from_pem_file(value("MASTER_CA_FILE")).unwrap();
    for name in ["localhost", "127.0.0.1"] {
        let connection = ClientConnection::new(
            Arc::new(client_config(&[&authority])),
            ServerName::try_from(name).unwrap().to_owned(),
        );
        let mut stream = StreamOwned::new(connection.unwrap(), master.client.connect().unwrap());
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let sum = ring::digest::digest(&ring::digest::SHA256, &stream.conn.peer_certificates().unwrap()[0]);
        let sum: String = sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(sum, value("MASTER_CERT_SHA256"));
        assert_eq!(read_answer(&mut BufReader::new(stream), false).unwrap().status, 200, "{name}");
    }
}
