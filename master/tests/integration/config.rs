//! The binary's command line and configuration: what it refuses, in one line and with exit code 2.

use std::process::{Output, Stdio};

use crate::common::fixtures::{ADMIN_PASSWORD, AGENT_SECRET, JWT_SECRET};
use crate::common::master::{Starting, command};
use crate::common::{Database, Engine, Master, wait_for};

fn run(environment: &[(&str, &str)], arguments: &[&str], dot_env: Option<&str>) -> Output {
    let folder = tempfile::tempdir().unwrap();
    if let Some(text) = dot_env {
        std::fs::write(folder.path().join(".env"), text).unwrap();
    }
    let mut command = command(folder.path());
    command.envs(environment.iter().copied()).args(arguments).stdout(Stdio::piped()).output().unwrap()
}

#[test]
fn a_bad_configuration_is_one_line_that_names_the_key_and_exit_code_2() {
    let secrets = [("AGENT_SECRET", "a-secret"), ("JWT_SECRET", "j-secret")];
    let with = |key, value| [secrets[0], secrets[1], (key, value)].to_vec();
    for (environment, line) in [
        (vec![], "neon-master: AGENT_SECRET is not set (nor AGENT_SECRET_FILE)"),
        (vec![secrets[0]], "neon-master: JWT_SECRET is not set (nor JWT_SECRET_FILE)"),
        (vec![secrets[1]], "neon-master: AGENT_SECRET is not set (nor AGENT_SECRET_FILE)"),
        (with("PORT", "http"), "neon-master: PORT: must be a number from 0 to 65535, got \"http\""),
        (
            with("LISTEN", "localhost"),
            "neon-master: LISTEN: must be an IP address and a port such as 127.0.0.1:3000, got \"localhost\"",
        ),
        (
            with("DATABASE_URL", "mysql://root:hunter2@localhost/x"),
            "neon-master: DATABASE_URL: must be sqlite:<path> or postgres://user:password@host/database",
        ),
        (
            with("OFFLINE_AFTER_S", "0"),
            "neon-master: OFFLINE_AFTER_S: must be a number of seconds from 1 to 86400, got \"0\"",
        ),
        (with("TLS_CERT", "chain.pem"), "neon-master: TLS_KEY: is not set, but TLS_CERT is"),
        (with("TLS_KEY", "key.pem"), "neon-master: TLS_CERT: is not set, but TLS_KEY is"),
        (
            with("LISTEN", "0.0.0.0:3000"),
            "neon-master: AGENT_SECRET: has less than 16 characters, and 0.0.0.0:3000 can be reached from other hosts; \
             neon-master secret generate makes one",
        ),
        (with("ADMIN_PASSWORD", "short"), "neon-master: ADMIN_PASSWORD: a password has at least 12 characters"),
        (with("LOG_FORMAT", "xml"), "neon-master: LOG_FORMAT: must be text or json, got \"xml\""),
        (with("LOG_LEVEL", "loud"), "neon-master: LOG_LEVEL: must be error, warn, info, debug or trace, got \"loud\""),
    ] {
        let output = run(&environment, &[], None);
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), format!("{line}\n"));
    }
}

#[test]
fn a_dot_env_file_counts_and_the_environment_wins() {
    let file = format!("AGENT_SECRET={AGENT_SECRET}\nJWT_SECRET={JWT_SECRET}\nLOG_FORMAT=xml\n");
    let output = run(&[], &[], Some(&file));
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(line, "neon-master: LOG_FORMAT: must be text or json, got \"xml\"\n", "the secrets were found");
    let output = run(&[("LOG_FORMAT", "yaml")], &[], Some(&file));
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(line, "neon-master: LOG_FORMAT: must be text or json, got \"yaml\"\n");
}

#[test]
fn the_command_line_says_what_it_is() {
    let output = run(&[], &["--version"], None);
    assert!(output.status.success());
    let version = format!("neon-master {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), version);

    let output = run(&[], &["--help"], None);
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for key in neon_master::config::KEYS {
        assert!(help.contains(key.name), "{}", key.name);
    }
    assert_eq!(run(&[], &["--nonsense"], None).status.code(), Some(2));
}

#[test]
fn an_address_in_use_is_exit_code_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(&[("AGENT_SECRET", "a"), ("JWT_SECRET", "j"), ("PORT", &port)], &[], None);
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{log}");
}

#[test]
fn a_database_that_does_not_exist_is_exit_code_1() {
    let database = Database::fresh(Engine::Postgres);
    let wrong = database.url().replace("neon_test_", "no_such_database_");
    let mut starting = Starting::new(&wrong, &[]);
    let status = wait_for("the master's end", || starting.process.try_wait().unwrap());
    assert_eq!(status.code(), Some(1));
}

#[test]
fn the_log_says_what_runs_and_never_a_secret() {
    let database = Database::fresh(Engine::Sqlite);
    let folder = tempfile::tempdir().unwrap();
    let secret_file = folder.path().join("secret");
    std::fs::write(&secret_file, format!("{AGENT_SECRET}\n")).unwrap();
    let master = Master::start_with(
        &database.url(),
        &[
            ("AGENT_SECRET", ""),
            ("AGENT_SECRET_FILE", secret_file.to_str().unwrap()),
            ("LISTEN", "0.0.0.0:0"),
            ("ADMIN_PASSWORD", ADMIN_PASSWORD),
        ],
    );
    // Reached over loopback although it listens wider.
    let client = crate::common::Client { address: ([127, 0, 0, 1], master.client.address.port()).into() };
    assert_eq!(client.register(AGENT_SECRET, crate::common::fixtures::registration("web-1")).status, 200);
    assert_eq!(client.register("wrong-secret", "{}").status, 401);
    let log = wait_for("the requests in the log", || {
        let log = master.log();
        (log.iter().filter(|line| line.contains("\"path\":\"/api/agent/register\"")).count() == 2).then_some(log)
    });
    let has = |text: &str| log.iter().any(|line| line.contains(text));
    assert!(has("neon-master is running") && has(env!("CARGO_PKG_VERSION")) && has("neon.db"), "{log:?}");
    assert!(!has(AGENT_SECRET) && !has(JWT_SECRET) && !has("wrong-secret") && !has(ADMIN_PASSWORD), "{log:?}");
}
