//! `neon-agent check`: the real binary in deployments that are wrong in one way, and in one that is right.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::CertificateParams;

#[path = "support/folder.rs"]
mod folder;
#[path = "support/tls_master.rs"]
mod tls_master;
use folder::Folder;
use tls_master::Identity;

/// How long a check may take before a test gives up on it: every step with a deadline, one after the other.
const DEADLINE: Duration = Duration::from_secs(60);
/// What a master of either generation says to a registration without any field and the right secret.
const RIGHT_SECRET: (u16, &str) =
    (400, r#"{"success":false,"error":"Missing required fields: serverName, serverInfo"}"#);
const WRONG_SECRET: (u16, &str) = (401, r#"{"success":false,"error":"Invalid or missing agent secret"}"#);

/// What a check said.
struct Checked {
    code: Option<i32>,
    output: String,
}

impl Checked {
    /// The only line of this verdict and step.
    #[track_caller]
    fn line(&self, verdict: &str, step: &str) -> &str {
        let start = format!("{verdict:<4}  {step:<14}  ");
        let mut lines = self.output.lines().filter_map(|line| line.strip_prefix(&start));
        match (lines.next(), lines.next()) {
            (Some(line), None) => line,
            _ => panic!("not one line {start:?} in\n{}", self.output),
        }
    }

    /// That this step failed with these words, and nothing else did.
    #[track_caller]
    fn fails_in(&self, step: &str, words: &str) {
        let line = self.line("fail", step);
        assert!(line.contains(words), "{line}");
        assert_eq!((self.code, self.output.matches("fail  ").count()), (Some(1), 1), "{}", self.output);
    }
}

fn check(master: &str, extra: &[(&str, &str)]) -> Checked {
    check_as(Command::new(env!("CARGO_BIN_EXE_neon-agent")), master, extra)
}

fn check_as(mut command: Command, master: &str, extra: &[(&str, &str)]) -> Checked {
    let mut child = command
        .arg("check")
        .env_clear()
        .envs([("SERVER_NAME", "web-1"), ("MASTER_URL", master), ("AGENT_SECRET", "fleet-secret")])
        .env("DOCKER_HOST", "unix:///nowhere.sock")
        .envs(extra.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let until = Instant::now() + DEADLINE;
    let code = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status.code(),
            None if Instant::now() > until => {
                let _ = child.kill();
                panic!("the check does not end");
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    assert!(!output.contains("fleet-secret"), "{output}");
    Checked { code, output }
}

/// A master without TLS that gives every request the same answer; it has seen to it that nothing is registered.
fn master((status, body): (u16, &'static str), date: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let head = format!("HTTP/1.1 {status} X\r\nDate: {date}\r\nContent-Length: {}\r\n\r\n", body.len());
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let mut stream = BufReader::new(socket);
            if let Some(line) = tls_master::request(&mut stream) {
                assert_eq!(line, "POST /api/agent/register HTTP/1.1");
                let _ = stream.get_mut().write_all((head.clone() + body).as_bytes());
            }
        }
    });
    url
}

/// date(1), so far from now, as HTTP has it.
fn http_date(offset: &str) -> String {
    let output = Command::new("date")
        .args(["-u", "-d", offset, "+%a, %d %b %Y %H:%M:%S GMT"])
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A master with TLS on 127.0.0.1 that accepts the secret.
fn tls_master(identity: &Identity) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, config) = (listener.local_addr().unwrap(), identity.server_config());
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let mut stream = tls_master::accept(&config, socket);
            if tls_master::request(&mut stream).is_some() {
                let (status, body) = RIGHT_SECRET;
                let head = format!("HTTP/1.1 {status} X\r\nDate: {}\r\n", http_date("now"));
                let reply = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
                let _ = stream.get_mut().write_all(reply.as_bytes());
            }
        }
    });
    address
}

impl Folder {
    /// A socket whose engine gives `answers` to GET requests by their path, and 403 to others.
    fn engine(&self, answers: &'static [(&'static str, &'static str)]) -> String {
        let path = self.0.join("docker.sock");
        let listener = UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                std::thread::spawn(move || serve_engine(BufReader::new(stream), answers));
            }
        });
        format!("unix://{}", path.display())
    }
}

fn serve_engine(mut stream: BufReader<std::os::unix::net::UnixStream>, answers: &[(&str, &str)]) {
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let path = head.split(' ').nth(1).unwrap();
        let answer = answers.iter().find(|(known, _)| *known == path).map(|(_, answer)| *answer);
        let (status, body) = answer.map_or((403, "{}"), |answer| (200, answer));
        let head = format!("HTTP/1.1 {status} X\r\nApi-Version: 1.41\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.get_mut().write_all((head + body).as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn a_good_deployment_passes() {
    let folder = Folder::new("good");
    let answers =
        &[("/info", r#"{"ServerVersion":"28.2.2"}"#), ("/images/json", "[]"), ("/containers/json?all=1", "[]")];
    let checked = check(&master(RIGHT_SECRET, &http_date("now")), &[("DOCKER_HOST", &folder.engine(answers))]);
    assert_eq!(checked.code, Some(0), "{}", checked.output);
    assert!(checked.line("ok", "tcp").contains(" connected in "));
    assert_eq!(checked.line("ok", "secret"), "the master accepts AGENT_SECRET (nothing was registered)");
    assert_eq!(checked.line("ok", "clock"), "within 1 s of the master's");
    assert!(checked.line("ok", "docker").ends_with("docker.sock: engine 28.2.2, API 1.41"), "{}", checked.output);
    assert_eq!(checked.line("ok", "containers"), "0 listed");
    assert!(checked.line("ok", "readings").contains(" sources can be read"));
}

#[test]
fn every_problem_of_the_configuration_is_printed() {
    let checked = check("master:3000", &[("AGENT_SECRET", ""), ("METRICS_INTERVAL", "never")]);
    assert_eq!((checked.code, checked.output.lines().count()), (Some(2), 3), "{}", checked.output);
    for key in ["MASTER_URL", "AGENT_SECRET", "METRICS_INTERVAL"] {
        assert!(checked.output.contains(&format!("fail  configuration   {key}: ")), "{}", checked.output);
    }
}

#[test]
fn plain_http_to_another_host_is_warned_of() {
    let checked = check("http://192.0.2.1:1", &[]);
    assert!(checked.line("warn", "configuration").contains("in the clear"));
}

#[test]
fn a_name_that_cannot_be_resolved_fails() {
    check("http://neon.invalid", &[]).fails_in("name", "the master's name neon.invalid cannot be resolved: ");
}

#[test]
fn a_closed_port_fails() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let words = format!("{address}: connection refused. Nothing listens there: start the master, or correct the port");
    check(&format!("http://{address}"), &[]).fails_in("tcp", &words);
}

#[test]
fn a_master_that_accepts_and_never_answers_fails_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    check(&format!("http://{address}"), &[]).fails_in("answer", "no whole answer within 5 s. What answers at");
    check(&format!("https://{address}"), &[]).fails_in("tls", "no whole answer within 5 s");
}

#[test]
fn another_host_under_the_same_name_fails_with_the_masters_words() {
    let body = r#"{"success":false,"error":"Another host reports under this SERVER_NAME"}"#;
    check(&master((409, body), &http_date("now")), &[]).fails_in("server name", "Another host reports under this");
}

#[test]
fn an_enrolment_code_is_tried_and_not_exchanged() {
    let folder = Folder::new("enrolment");
    let file = folder.0.join("credential").to_str().unwrap().to_owned();
    let code = [("AGENT_SECRET", "neon_code_1"), ("CREDENTIAL_FILE", file.as_str())];
    let checked = check(&master(RIGHT_SECRET, &http_date("now")), &code);
    assert!(checked.line("ok", "credential").starts_with("none yet"));
    assert_eq!(checked.line("ok", "secret"), "the master accepts AGENT_SECRET (nothing was registered)");
    assert!(!Path::new(&file).exists());
    folder.file("credential", "x");
    let checked = check(&master(RIGHT_SECRET, &http_date("now")), &code);
    assert!(checked.line("warn", "credential").contains("holds something else"));
}

#[test]
fn a_wrong_secret_fails_with_the_masters_words() {
    let words = "the master refuses it: Invalid or missing agent secret. AGENT_SECRET must be the master's own";
    check(&master(WRONG_SECRET, &http_date("now")), &[]).fails_in("secret", words);
}

#[test]
fn what_is_no_master_fails() {
    let date = http_date("now");
    check(&master((404, "<html>"), &date), &[]).fails_in("secret", "the master answers 404. Is it a Neon master");
    check(&master((200, "{}"), &date), &[]).fails_in("secret", "it answers 200, as no Neon master would");
    let other = master((400, r#"{"success":false,"error":"This port speaks HTTPS: use https:// in the URL"}"#), &date);
    check(&other, &[]).fails_in("secret", "the master answers 400: This port speaks HTTPS: use https:// in the URL");
    let busy = master((503, r#"{"success":false,"error":"The store is not \u001b[2Javailable"}"#), &date);
    check(&busy, &[]).fails_in("secret", "the master answers 503: The store is not ?[2Javailable. It is there");
}

#[test]
fn a_clock_that_is_off_by_an_hour_fails_and_by_a_minute_is_warned_of() {
    check(&master(RIGHT_SECRET, &http_date("-1 hour")), &[]).fails_in("clock", "60 min ahead of the master's");
    check(&master(RIGHT_SECRET, &http_date("1 hour")), &[]).fails_in("clock", " behind the master's");
    let checked = check(&master(RIGHT_SECRET, &http_date("-1 minute")), &[]);
    assert!(checked.line("warn", "clock").contains(" ahead of the master's. Set the clock"), "{}", checked.output);
    let checked = check(&master(RIGHT_SECRET, "today"), &[]);
    assert!(checked.line("warn", "clock").contains("no date"));
    assert_eq!(checked.code, Some(0));
}

#[test]
fn a_certificate_that_is_not_trusted_fails_with_all_that_is_known_of_it() {
    let url = format!("https://{}", tls_master(&Identity::issued_for("127.0.0.1")));
    let checked = check(&url, &[]);
    checked.fails_in("tls", "the master's certificate is from no authority that is known here");
    assert!(
        checked.line("fail", "tls").contains("It shows a certificate for 127.0.0.1, issued by rcgen self signed cert")
    );
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2020, 4, 5);
    let expired = Identity::issued(params);
    let checked = check(&format!("https://{}", tls_master(&expired)), &[]);
    checked.fails_in("tls", "the master's certificate expired on 2020-04-05 00:00 UTC: renew it");
}

#[test]
fn a_good_certificate_is_described_and_one_that_ends_soon_is_warned_of() {
    let folder = Folder::new("tls");
    let now = std::time::SystemTime::now();
    for (days, verdict) in [(13, "warn"), (15, "ok")] {
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        params.not_after = (now + Duration::from_secs(days * 86_400 + 60)).into();
        let identity = Identity::issued(params);
        let url = format!("https://{}", tls_master(&identity));
        let ca = folder.file("ca.pem", &identity.authority);
        let checked = check(&url, &[("MASTER_CA_FILE", &ca)]);
        assert_eq!(checked.code, Some(0), "{}", checked.output);
        let line = checked.line(verdict, "tls");
        assert!(line.starts_with("trusted by an authority in MASTER_CA_FILE; for 127.0.0.1, issued by "), "{line}");
        assert!(line.contains(&format!("({days} days left)")), "{line}");
        checked.line("ok", "secret");
    }
}

#[test]
fn a_socket_without_permission_fails_with_the_group_to_add() {
    let folder = Folder::new("permission");
    let socket = folder.engine(&[]);
    let path = Path::new(socket.strip_prefix("unix://").unwrap());
    let url = master(RIGHT_SECRET, &http_date("now"));
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).unwrap();
        check(&url, &[("DOCKER_HOST", &socket)]).fails_in("docker", "permission denied. Its group (gid ");
        return;
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).unwrap();
    // adm, on every Debian and Ubuntu.
    chown(path, Some(0), Some(4)).unwrap();
    // The binary that is tested may lie where only root can enter.
    let binary = folder.0.join("neon-agent");
    std::fs::copy(env!("CARGO_BIN_EXE_neon-agent"), &binary).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(&binary);
    let is_contained = ["/.dockerenv", "/run/.containerenv"].iter().any(|mark| Path::new(mark).exists());
    let remedy = if is_contained { "docker run --group-add 4 " } else { "usermod -aG adm nobody" };
    let checked = check_as(command, &url, &[("DOCKER_HOST", &socket)]);
    checked.fails_in("docker", "permission denied. It belongs to the group ");
    assert!(checked.line("fail", "docker").contains(remedy), "{}", checked.output);
}

#[test]
fn a_docker_engine_that_hangs_fails_in_time_and_nothing_else_does() {
    let folder = Folder::new("hanging");
    let path = folder.0.join("docker.sock");
    let _listener = UnixListener::bind(&path).unwrap();
    let socket = format!("unix://{}", path.display());
    let checked = check(&master(RIGHT_SECRET, &http_date("now")), &[("DOCKER_HOST", &socket)]);
    checked.fails_in("docker", "no answer within 3 s");
    checked.line("ok", "readings");
}

#[test]
fn what_is_no_engine_or_one_behind_a_proxy_is_said() {
    let folder = Folder::new("proxy");
    let url = master(RIGHT_SECRET, &http_date("now"));
    let file = format!("unix://{}", folder.file("file", ""));
    check(&url, &[("DOCKER_HOST", &file)]).fails_in("docker", "is not a socket");
    let socket = folder.engine(&[("/images/json", "[]"), ("/containers/json?all=1", "[]")]);
    let checked = check(&url, &[("DOCKER_HOST", &socket)]);
    assert!(checked.line("warn", "docker").contains("/info cannot be had, the engine answered 403"));
    assert_eq!((checked.line("ok", "containers"), checked.code), ("0 listed", Some(0)));
}

/// The size of a buffer file, as the warning about another one has it.
fn agents_own_size() -> u64 {
    let folder = Folder::new("size");
    let checked = check("http://127.0.0.1:1", &[("BUFFER_FILE", &folder.file("other", "x"))]);
    let words = checked.line("warn", "buffer").split_once("not the ").unwrap().1;
    words.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_buffer_file_is_left_as_it_is_and_one_that_cannot_be_had_fails() {
    let folder = Folder::new("buffer");
    let url = master(RIGHT_SECRET, &http_date("now"));
    let with = |path: &str| check(&url, &[("BUFFER_FILE", path)]);
    let file = folder.file("kept", "what another program wrote");
    assert!(with(&file).line("warn", "buffer").contains("kept has 26 bytes, not the "));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "what another program wrote");
    let new = folder.0.join("new");
    assert!(with(new.to_str().unwrap()).line("ok", "buffer").ends_with("new is not there yet, and can be made"));
    let left: Vec<_> = std::fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["kept"]);
    std::fs::File::create(&new).unwrap().set_len(agents_own_size()).unwrap();
    assert!(with(new.to_str().unwrap()).line("ok", "buffer").ends_with("new is there and can be written"));
    let nowhere = folder.0.join("nowhere/new");
    with(nowhere.to_str().unwrap()).fails_in("buffer", "samples are kept in memory alone. Make the folder above it");
    let link = folder.0.join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    with(link.to_str().unwrap()).fails_in("buffer", "link cannot be used: it is not a regular file");
    assert!(check(&url, &[]).line("ok", "buffer").starts_with("in memory alone"));
}
