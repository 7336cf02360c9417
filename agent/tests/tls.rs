//! The real agent binary against a master with TLS: whom it trusts, what it says where it does not, and that a second
//! connection is a resumed one. Certificates that an operator would make with openssl(1) are made with openssl(1).

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{HandshakeKind, ServerConfig};

#[path = "support/agent.rs"]
mod agent;
#[path = "support/folder.rs"]
mod folder;
#[path = "support/tls_master.rs"]
mod tls_master;
use agent::{Agent, DEADLINE};
use folder::Folder;
use tls_master::Identity;

/// A master on 127.0.0.1 that answers one request a connection.
struct Master {
    port: u16,
    /// The request line and how the handshake went, of each connection that came to a request.
    requests: Receiver<(String, HandshakeKind)>,
}

impl Master {
    fn start(config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let mut stream = tls_master::accept(&config, socket);
                if let Some(line) = answer(&mut stream) {
                    let _ = sender.send((line, stream.get_ref().conn.handshake_kind().unwrap()));
                }
            }
        });
        Self { port, requests }
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }
}

/// Reads a request and answers it; its first line, `None` if there was no handshake or no request.
fn answer(stream: &mut tls_master::Stream) -> Option<String> {
    let line = tls_master::request(stream)?;
    let body = r#"{"success":true,"data":{"serverId":7,"token":"abc"}}"#;
    let reply = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    stream.get_mut().write_all(reply.as_bytes()).ok()?;
    stream.get_mut().conn.send_close_notify();
    stream.get_mut().flush().ok()?;
    Some(line)
}

/// That an agent with these settings reports to the master.
#[track_caller]
fn reports(master: &Master, extra: &[(&str, &str)]) {
    let _agent = Agent::start(&master.url(), extra);
    let (line, _) = master.requests.recv_timeout(DEADLINE).expect("a request");
    assert_eq!(line, "POST /api/agent/register HTTP/1.1");
}

/// What an agent with these settings says of its first try, which the master sees nothing of.
#[track_caller]
fn refuses(master: &Master, extra: &[(&str, &str)]) -> String {
    let agent = Agent::start(&master.url(), extra);
    let line = agent.line("Request failed");
    assert!(master.requests.try_recv().is_err(), "nothing was sent to it");
    line.strip_prefix("[Client] Request failed (attempt 1/3): ").expect(&line).to_owned()
}

/// Runs openssl(1), which scripts/setup installs for the tests.
fn openssl(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().expect("openssl is installed");
    assert!(output.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What `openssl req -x509` makes, as README and countless guides have it, in cert.pem and key.pem.
fn openssl_self_signed(folder: &Folder, extra: &[&str]) -> Identity {
    let words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"];
    openssl(&folder.0, &[&words[..], &["-days", "365", "-subj", "/CN=127.0.0.1"], extra].concat());
    openssl_identity(folder, "cert.pem", "key.pem")
}

fn openssl_identity(folder: &Folder, certificate: &str, key: &str) -> Identity {
    let read = |name| std::fs::read(folder.0.join(name)).unwrap();
    Identity {
        certificate: CertificateDer::from_pem_slice(&read(certificate)).unwrap(),
        key: PrivateKeyDer::from_pem_slice(&read(key)).unwrap(),
        authority: String::from_utf8(read(certificate)).unwrap(),
    }
}

fn valid(from_year: i32, to_year: i32) -> CertificateParams {
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(from_year, 2, 3), date_time_ymd(to_year, 4, 5));
    params
}

/// What openssl(1) prints of a certificate for MASTER_CERT_SHA256, without the words before it.
fn fingerprint(folder: &Folder) -> String {
    let line = openssl(&folder.0, &["x509", "-in", "cert.pem", "-noout", "-fingerprint", "-sha256"]);
    line.trim().split_once('=').unwrap().1.to_owned()
}

#[test]
fn the_operators_own_authority_is_trusted_and_sessions_are_resumed() {
    let (folder, identity) = (Folder::new("own"), Identity::issued_for("127.0.0.1"));
    let master = Master::start(identity.server_config());
    let ca = folder.file("ca.pem", &identity.authority);
    let _agent = Agent::start(&master.url(), &[("MASTER_CA_FILE", &ca)]);
    let (line, handshake) = master.requests.recv_timeout(DEADLINE).unwrap();
    assert_eq!((line.as_str(), handshake), ("POST /api/agent/register HTTP/1.1", HandshakeKind::Full));
    let (line, handshake) = master.requests.recv_timeout(DEADLINE).unwrap();
    assert_eq!((line.as_str(), handshake), ("POST /api/agent/metrics HTTP/1.1", HandshakeKind::Resumed));
}

#[test]
fn another_authority_is_not_trusted_nor_is_none() {
    let folder = Folder::new("other");
    let master = Master::start(Identity::issued_for("127.0.0.1").server_config());
    let mut other = CertificateParams::default();
    other.distinguished_name.push(rcgen::DnType::CommonName, "another authority");
    other.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let other = other.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    for extra in [&[("MASTER_CA_FILE", folder.file("ca.pem", &other).as_str())][..], &[]] {
        let said = refuses(&master, extra);
        assert!(said.starts_with("the master's certificate is from no authority that is known here"), "{said}");
        assert!(said.contains("MASTER_CA_FILE"), "{said}");
    }
}

#[test]
fn an_authority_of_the_same_name_with_another_key_is_said_to_be_the_wrong_one() {
    let folder = Folder::new("same-name");
    let master = Master::start(Identity::issued_for("127.0.0.1").server_config());
    let ca = folder.file("ca.pem", &Identity::issued_for("127.0.0.1").authority);
    let said = refuses(&master, &[("MASTER_CA_FILE", &ca)]);
    assert!(said.contains("not signed by the authority of that name in MASTER_CA_FILE"), "{said}");
}

#[test]
fn an_authority_made_with_openssl_is_trusted() {
    let folder = Folder::new("openssl-ca");
    let subject = |name: &'static str| ["-subj", name];
    let key = |name| ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", name];
    let authority = [&["req", "-x509"][..], &key("ca.key"), &["-out", "ca.pem"], &subject("/CN=Our own CA")].concat();
    openssl(&folder.0, &authority);
    let names = ["-addext", "subjectAltName=DNS:neon.example.org,IP:127.0.0.1"];
    openssl(
        &folder.0,
        &[&["req", "-new"][..], &key("key.pem"), &["-out", "neon.csr"], &subject("/CN=neon"), &names].concat(),
    );
    let sign = ["x509", "-req", "-in", "neon.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    openssl(&folder.0, &[&sign[..], &["-copy_extensions", "copyall", "-days", "825", "-out", "cert.pem"]].concat());
    let master = Master::start(openssl_identity(&folder, "cert.pem", "key.pem").server_config());
    reports(&master, &[("MASTER_CA_FILE", folder.0.join("ca.pem").to_str().unwrap())]);
}

#[test]
fn a_certificate_made_by_plain_openssl_is_trusted_where_it_is_named_itself() {
    let folder = Folder::new("openssl");
    let master = Master::start(openssl_self_signed(&folder, &[]).server_config());
    let said = refuses(&master, &[]);
    assert!(said.ends_with("name this very certificate in MASTER_CA_FILE"), "{said}");
    reports(&master, &[("MASTER_CA_FILE", folder.0.join("cert.pem").to_str().unwrap())]);
}

#[test]
fn another_certificate_of_the_same_making_is_not_trusted_for_it() {
    let (named, shown) = (Folder::new("named"), Folder::new("shown"));
    openssl_self_signed(&named, &[]);
    let master = Master::start(openssl_self_signed(&shown, &[]).server_config());
    refuses(&master, &[("MASTER_CA_FILE", named.0.join("cert.pem").to_str().unwrap())]);
}

#[test]
fn the_names_of_a_certificate_that_is_named_itself_count_where_it_has_any() {
    for (name, is_good) in [("IP:127.0.0.1", true), ("DNS:neon.example.org,IP:10.0.0.1", false)] {
        let folder = Folder::new(if is_good { "good-name" } else { "bad-name" });
        let names = format!("subjectAltName={name}");
        let master = Master::start(openssl_self_signed(&folder, &["-addext", &names]).server_config());
        let ca = folder.0.join("cert.pem");
        let extra = [("MASTER_CA_FILE", ca.to_str().unwrap())];
        if is_good {
            reports(&master, &extra);
        } else {
            let said = refuses(&master, &extra);
            assert!(said.contains("is for neon.example.org, 10.0.0.1, not for 127.0.0.1"), "{said}");
        }
    }
}

#[test]
fn a_self_signed_certificate_that_is_no_authoritys_needs_no_name_either() {
    let folder = Folder::new("no-ca");
    let identity = openssl_self_signed(&folder, &["-addext", "basicConstraints=critical,CA:FALSE"]);
    let master = Master::start(identity.server_config());
    reports(&master, &[("MASTER_CA_FILE", folder.0.join("cert.pem").to_str().unwrap())]);
}

#[test]
fn a_certificate_that_is_named_itself_still_expires() {
    let folder = Folder::new("own-expired");
    let mut params = valid(2019, 2020);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let ca = folder.file("ca.pem", &certificate.pem());
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let identity = Identity { certificate: certificate.der().clone(), key, authority: certificate.pem() };
    let said = refuses(&Master::start(identity.server_config()), &[("MASTER_CA_FILE", &ca)]);
    assert!(said.starts_with("the master's certificate expired on 2020-04-05 00:00 UTC: renew it"), "{said}");
}

#[test]
fn an_expired_certificate_and_one_of_the_future_are_said_with_this_hosts_clock() {
    let folder = Folder::new("dates");
    for (params, words, clock) in [
        (valid(2019, 2020), "expired on 2020-04-05 00:00 UTC: renew it", "this host's clock says 20"),
        (valid(2095, 2096), "is valid from 2095-02-03 00:00 UTC on", "this host's clock says 20"),
    ] {
        let identity = Identity::issued(params);
        let ca = folder.file("ca.pem", &identity.authority);
        let said = refuses(&Master::start(identity.server_config()), &[("MASTER_CA_FILE", &ca)]);
        assert!(said.contains(words) && said.contains(clock), "{said}");
    }
}

#[test]
fn a_certificate_for_another_name_is_said_with_the_names_it_is_for() {
    let folder = Folder::new("wrong-host");
    let params = CertificateParams::new(["neon.example.org".to_owned(), "::1".to_owned()]).unwrap();
    let identity = Identity::issued(params);
    let ca = folder.file("ca.pem", &identity.authority);
    let said = refuses(&Master::start(identity.server_config()), &[("MASTER_CA_FILE", &ca)]);
    assert!(said.starts_with("the master's certificate is for neon.example.org, ::1, not for 127.0.0.1"), "{said}");
    assert!(said.ends_with("MASTER_URL must have a name that it is for"), "{said}");
}

#[test]
fn a_pinned_certificate_is_trusted_whatever_else_is_wrong_with_it() {
    let folder = Folder::new("pin");
    let identity = openssl_self_signed(&folder, &["-addext", "subjectAltName=DNS:elsewhere.example.org"]);
    let master = Master::start(identity.server_config());
    let pin = fingerprint(&folder);
    assert_eq!(pin.len(), 95, "{pin}");
    reports(&master, &[("MASTER_CERT_SHA256", &pin)]);
    let rotating = format!("{},{}", "0".repeat(64), pin.replace(':', "").to_lowercase());
    reports(&master, &[("MASTER_CERT_SHA256", &rotating)]);
}

#[test]
fn with_a_pin_no_other_certificate_is_trusted_however_good_it_is() {
    let (folder, identity) = (Folder::new("not-pinned"), Identity::issued_for("127.0.0.1"));
    let master = Master::start(identity.server_config());
    let ca = folder.file("ca.pem", &identity.authority);
    let pem = openssl_pem(&identity.certificate);
    folder.file("cert.pem", &pem);
    let said = refuses(&master, &[("MASTER_CA_FILE", &ca), ("MASTER_CERT_SHA256", &"0".repeat(64))]);
    let sum = fingerprint(&folder).replace(':', "").to_lowercase();
    assert_eq!(said, format!("the master's certificate is not one of MASTER_CERT_SHA256; its SHA-256 is {sum}"));
}

fn openssl_pem(certificate: &[u8]) -> String {
    let mut child = Command::new("openssl")
        .args(["x509", "-inform", "DER"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl is installed");
    child.stdin.take().unwrap().write_all(certificate).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

/// A server that shows a certificate whose key it does not have.
#[derive(Debug)]
struct Thief(Arc<CertifiedKey>);

impl ResolvesServerCert for Thief {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

#[test]
fn whoever_has_not_the_key_is_not_trusted_with_the_certificate() {
    let folder = Folder::new("thief");
    let identity = openssl_self_signed(&folder, &[]);
    let other_key = rustls::crypto::ring::sign::any_supported_type(&Identity::issued_for("a").key).unwrap();
    let thief = Thief(Arc::new(CertifiedKey::new(vec![identity.certificate.clone()], other_key)));
    for versions in [&[&rustls::version::TLS12][..], &[&rustls::version::TLS13]] {
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Thief(thief.0.clone())));
        let master = Master::start(Arc::new(config));
        let ca = folder.0.join("cert.pem");
        for extra in [("MASTER_CA_FILE", ca.to_str().unwrap()), ("MASTER_CERT_SHA256", fingerprint(&folder).as_str())] {
            let said = refuses(&master, &[extra]);
            assert!(said.contains("signature") || said.contains("Signature"), "{said}");
        }
    }
}

#[test]
fn plain_http_where_tls_was_expected_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let mut hello = [0; 1024];
            let _ = socket.read(&mut hello);
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    let said = Agent::start(&url, &[]).line("Request failed");
    assert!(said.contains("the master answers without TLS: MASTER_URL must begin with http://"), "{said}");
}

#[test]
fn a_port_that_closes_the_handshake_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut socket in listener.incoming().flatten() {
            let mut hello = [0; 4096];
            let _ = socket.read(&mut hello);
        }
    });
    let said = Agent::start(&url, &[]).line("Request failed");
    assert!(said.contains("closed the connection during the TLS handshake: does it speak TLS"), "{said}");
}

#[test]
fn tls_where_plain_http_was_expected_is_said() {
    let master = Master::start(Identity::issued_for("127.0.0.1").server_config());
    let said = Agent::start(&format!("http://127.0.0.1:{}", master.port), &[]).line("Request failed");
    assert!(said.ends_with("the master speaks TLS on this port: MASTER_URL must begin with https://"), "{said}");
}
