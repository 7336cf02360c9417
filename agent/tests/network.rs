//! The real agent binary and the way to its master: names, addresses, proxies, and what is said where there is none.
//!
//! Names are the test's own: the agent gets an /etc/hosts in a mount namespace, and a /etc/resolv.conf that leads to no
//! name server, so that a test can take a name away and bring it back.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

#[path = "support/agent.rs"]
mod agent;
#[path = "support/tls_master.rs"]
mod tls_master;
use agent::{Agent, DEADLINE};
use tls_master::Identity;

const REGISTER: &str = "POST /api/agent/register HTTP/1.1";
const REPLY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 52\r\nConnection: close\r\n\r\n\
    {\"success\":true,\"data\":{\"serverId\":7,\"token\":\"abc\"}}";

/// A master without TLS that answers one request a connection.
struct Master {
    address: SocketAddr,
    /// The first line of each request.
    requests: Receiver<String>,
}

impl Master {
    fn start(address: &str) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let (sender, requests) = channel();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let mut stream = std::io::BufReader::new(socket);
                if let Some(line) = tls_master::request(&mut stream) {
                    let _ = stream.get_mut().write_all(REPLY.as_bytes());
                    let _ = sender.send(line);
                }
            }
        });
        Self { address, requests }
    }

    fn first_request(&self) -> String {
        self.requests.recv_timeout(DEADLINE).expect("a request")
    }
}

/// The files that names come from, for one agent.
struct Names(PathBuf);

impl Names {
    fn new(name: &str, hosts: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("neon-agent-names-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        // Nobody listens on port 53 of this address.
        std::fs::write(folder.join("resolv.conf"), "nameserver 127.53.53.54\noptions timeout:1 attempts:1\n").unwrap();
        let names = Self(folder);
        names.set(hosts);
        names
    }

    /// Changes the names while the agent runs; the file stays the same, as the agent sees that one.
    fn set(&self, hosts: &str) {
        std::fs::write(self.0.join("hosts"), hosts).unwrap();
    }

    /// An agent that sees them; `None`, and a line, where no mount namespace can be made.
    fn agent(&self, master: &str) -> Option<Agent> {
        let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        let unshare = || {
            let mut command = Command::new("unshare");
            command.args(if is_root { &["--mount"][..] } else { &["--user", "--map-root-user", "--mount"] });
            command
        };
        let can = unshare().arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        if !can {
            eprintln!("*** SKIPPED: no mount namespace can be made here: run this test as root");
            return None;
        }
        let script = "cd \"$FOLDER\" && mount --bind hosts /etc/hosts && \
            { [ ! -e /etc/resolv.conf ] || mount --bind resolv.conf /etc/resolv.conf; } && exec \"$0\"";
        let mut command = unshare();
        command.args(["sh", "-c", script, env!("CARGO_BIN_EXE_neon-agent")]);
        let extra = [("FOLDER", self.0.to_str().unwrap()), ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")];
        Some(Agent::start_as(command, master, &extra))
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A port of `address` that takes no connection and refuses none: its queue is full.
struct BlackHole {
    port: u16,
    _listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl BlackHole {
    fn new(address: &str) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
            queued.push(stream);
        }
        Self { port: address.port(), _listener: listener, _queued: queued }
    }
}

/// An HTTP proxy that answers CONNECT with `status` and, on 200, leads to `target` whatever name was asked for.
struct Proxy {
    port: u16,
    /// The head of each request.
    heads: Receiver<String>,
}

impl Proxy {
    fn start(status: &'static str, target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, heads) = channel();
        std::thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    match client.read(&mut byte) {
                        Ok(1) => head.push(byte[0]),
                        _ => break,
                    }
                }
                let _ = sender.send(String::from_utf8(head).unwrap());
                let _ = client.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes());
                if status.starts_with("200") {
                    let server = TcpStream::connect(target).unwrap();
                    let pump = |mut from: TcpStream, mut to: TcpStream| {
                        std::thread::spawn(move || {
                            let _ = std::io::copy(&mut from, &mut to);
                            let _ = to.shutdown(std::net::Shutdown::Write);
                        })
                    };
                    pump(client.try_clone().unwrap(), server.try_clone().unwrap());
                    pump(server, client);
                }
            }
        });
        Self { port, heads }
    }

    fn first_head(&self) -> String {
        self.heads.recv_timeout(DEADLINE).expect("a request of the proxy")
    }
}

/// A master with TLS whose certificate is for `name`; where it is, the PEM of its authority, and the requests' first
/// lines.
fn tls_master(name: &str, address: &str) -> (SocketAddr, String, Receiver<String>) {
    let identity = Identity::issued_for(name);
    let (config, authority) = (identity.server_config(), identity.authority);
    let listener = TcpListener::bind(address).unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, requests) = channel();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let mut stream = tls_master::accept(&config, socket);
            if let Some(line) = tls_master::request(&mut stream) {
                let _ = stream.get_mut().write_all(REPLY.as_bytes());
                let _ = sender.send(line);
            }
        }
    });
    (address, authority, requests)
}

#[test]
fn the_masters_url_may_have_a_path_of_its_own() {
    let master = Master::start("127.0.0.1:0");
    let _agent = Agent::start(&format!("http://{}/monitoring/neon/", master.address), &[]);
    assert_eq!(master.first_request(), "POST /monitoring/neon/api/agent/register HTTP/1.1");
    assert_eq!(master.first_request(), "POST /monitoring/neon/api/agent/metrics HTTP/1.1");
}

#[test]
fn the_masters_host_may_be_an_ipv6_address() {
    if TcpListener::bind("[::1]:0").is_err() {
        eprintln!("*** SKIPPED: this machine has no IPv6");
        return;
    }
    let master = Master::start("[::1]:0");
    let _agent = Agent::start(&format!("http://{}", master.address), &[]);
    assert_eq!(master.first_request(), REGISTER);
    let (address, authority, requests) = tls_master("::1", "[::1]:0");
    let ca_file = std::env::temp_dir().join(format!("neon-agent-ipv6-{}", std::process::id()));
    std::fs::write(&ca_file, authority).unwrap();
    let _agent = Agent::start(&format!("https://{address}"), &[("MASTER_CA_FILE", ca_file.to_str().unwrap())]);
    assert_eq!(requests.recv_timeout(DEADLINE).unwrap(), REGISTER);
    std::fs::remove_file(&ca_file).unwrap();
}

#[test]
fn a_name_that_cannot_be_resolved_at_the_start_is_said_and_tried_until_it_can() {
    let (master, names) = (Master::start("127.0.0.1:0"), Names::new("down", "127.0.0.1 localhost\n"));
    let Some(agent) = names.agent(&format!("http://neon.test:{}", master.address.port())) else { return };
    let said = agent.line("Request failed");
    assert!(said.ends_with("the master's name cannot be resolved: neon.test: no name server answers"), "{said}");
    agent.line("Collected metrics");
    names.set("127.0.0.1 localhost neon.test\n");
    assert_eq!(agent.line("Registered"), "[Client] Registered successfully (serverId: 7)");
    assert_eq!(master.first_request(), REGISTER);
}

#[test]
fn a_name_server_that_is_silent_is_said_and_waited_for_by_one_thread() {
    let Ok(_silent) = UdpSocket::bind("127.53.53.53:53") else {
        eprintln!("*** SKIPPED: port 53 cannot be had here: run this test as root");
        return;
    };
    let names = Names::new("silent", "127.0.0.1 localhost\n");
    // So that the resolver is still waiting while the agent tries again.
    std::fs::write(names.0.join("resolv.conf"), "nameserver 127.53.53.53\noptions timeout:30 attempts:5\n").unwrap();
    let Some(agent) = names.agent("http://neon.test") else { return };
    let said = agent.line("attempt 1/3");
    assert!(said.ends_with("the master's name cannot be resolved: neon.test: no name server answers"), "{said}");
    assert!(agent.line("attempt 2/3").ends_with("no name server answers"));
    let threads = std::fs::read_dir(format!("/proc/{}/task", agent.child.id())).unwrap();
    let names = threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")).unwrap());
    assert_eq!(names.filter(|name| name == "lookup\n").count(), 1);
}

#[test]
fn a_dead_first_address_leaves_time_for_the_second() {
    let hole = BlackHole::new("127.0.0.2:0");
    let master = Master::start(&format!("127.0.0.3:{}", hole.port));
    let names = Names::new("dead", "127.0.0.2 neon.test\n127.0.0.3 neon.test\n");
    let Some(agent) = names.agent(&format!("http://neon.test:{}", hole.port)) else { return };
    assert_eq!(master.first_request(), REGISTER);
    let lines = agent.lines_until("Registered");
    assert!(!lines.iter().any(|line| line.contains("Request failed")), "{lines:#?}");
}

#[test]
fn each_address_is_named_where_none_can_be_reached() {
    let hole = BlackHole::new("127.0.0.2:0");
    let names = Names::new("none", "127.0.0.2 neon.test\n127.0.0.3 neon.test\n");
    let Some(agent) = names.agent(&format!("http://neon.test:{}", hole.port)) else { return };
    let said = agent.line("Request failed");
    let port = hole.port;
    let causes = format!("no answer (127.0.0.2:{port}), connection refused (127.0.0.3:{port})");
    assert!(said.ends_with(&format!("(attempt 1/3): {causes}")), "{said}");
}

#[test]
fn an_https_master_is_reached_through_a_proxy_that_knows_its_name() {
    let (master, authority, requests) = tls_master("neon.test", "127.0.0.1:0");
    let proxy = Proxy::start("200 Connected", master);
    let ca_file = std::env::temp_dir().join(format!("neon-agent-proxy-{}", std::process::id()));
    std::fs::write(&ca_file, authority).unwrap();
    let via = format!("http://fleet:pa%3A55@127.0.0.1:{}", proxy.port);
    let extra = [("HTTPS_PROXY", via.as_str()), ("MASTER_CA_FILE", ca_file.to_str().unwrap())];
    let agent = Agent::start("https://neon.test", &extra);
    let head = proxy.first_head();
    assert!(head.starts_with("CONNECT neon.test:443 HTTP/1.1\r\n"), "{head}");
    // fleet:pa:55
    assert!(head.contains("\r\nProxy-Authorization: Basic ZmxlZXQ6cGE6NTU=\r\n"), "{head}");
    assert!(!head.contains("agent-secret"), "{head}");
    assert_eq!(requests.recv_timeout(DEADLINE).unwrap(), REGISTER);
    let lines = agent.lines_until("Running");
    std::fs::remove_file(&ca_file).unwrap();
    assert!(lines.iter().any(|line| line.contains(&format!(" proxy=127.0.0.1:{} ", proxy.port))), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("55@") || line.contains("fleet")), "{lines:#?}");
}

#[test]
fn an_http_master_is_reached_through_a_proxy_too() {
    let master = Master::start("127.0.0.1:0");
    let proxy = Proxy::start("200 Connected", master.address);
    let via = format!("127.0.0.1:{}", proxy.port);
    let _agent = Agent::start("http://neon.test:3000/prefix", &[("http_proxy", &via)]);
    assert!(proxy.first_head().starts_with("CONNECT neon.test:3000 HTTP/1.1\r\n"));
    assert_eq!(master.first_request(), "POST /prefix/api/agent/register HTTP/1.1");
}

#[test]
fn what_no_proxy_names_is_reached_directly() {
    let master = Master::start("127.0.0.1:0");
    let proxy = Proxy::start("200 Connected", master.address);
    let via = format!("http://127.0.0.1:{}", proxy.port);
    let url = format!("http://127.0.0.1:{}", master.address.port());
    // Loopback never goes by a proxy, whatever is set.
    let _agent = Agent::start(&url, &[("HTTP_PROXY", &via), ("http_proxy", &via)]);
    assert_eq!(master.first_request(), REGISTER);
    let other = Agent::start("http://neon.test:3000", &[("HTTP_PROXY", &via), ("NO_PROXY", "example.org,.test")]);
    assert!(other.line("Request failed").contains("the master's name cannot be resolved: neon.test: "));
    assert!(proxy.heads.try_recv().is_err());
}

#[test]
fn what_a_proxy_refuses_is_said_with_what_to_do() {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    for (status, words) in [
        ("407 Proxy Authentication Required", "the proxy wants a user and a password (407): http://user:password@"),
        ("403 Forbidden", "the proxy answers 403 to CONNECT: it must allow the master's host and port"),
    ] {
        let proxy = Proxy::start(status, nowhere);
        let agent = Agent::start("https://neon.test", &[("https_proxy", &format!("127.0.0.1:{}", proxy.port))]);
        let said = agent.line("Request failed");
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn a_proxy_that_is_not_there_is_not_taken_for_the_master() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let agent = Agent::start("https://neon.test", &[("HTTPS_PROXY", &format!("http://127.0.0.1:{port}"))]);
    let said = agent.line("Request failed");
    assert!(said.ends_with(&format!("the proxy: connection refused (127.0.0.1:{port})")), "{said}");
    let agent = Agent::start("https://neon.test", &[("HTTPS_PROXY", "http://proxy.invalid:3128")]);
    let said = agent.line("Request failed");
    assert!(said.contains("the proxy's name cannot be resolved: proxy.invalid: "), "{said}");
}

#[test]
fn plain_http_to_another_host_is_warned_of_once_and_to_this_one_never() {
    let master = Master::start("127.0.0.1:0");
    let proxy = Proxy::start("200 Connected", master.address);
    let via = format!("127.0.0.1:{}", proxy.port);
    let count = |url: &str| {
        let agent = Agent::start(url, &[("HTTP_PROXY", &via)]);
        let mut lines = agent.lines_until("Running");
        lines.extend(agent.lines_until("Collected metrics"));
        lines.iter().filter(|line| line.starts_with("[Agent] Warning: MASTER_URL is http://")).count()
    };
    assert_eq!(count("http://neon.test"), 1);
    assert_eq!(count(&format!("http://{}", master.address)), 0);
}
