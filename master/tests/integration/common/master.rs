//! The real binary, as a process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::fixtures::{self, AGENT_SECRET, JWT_SECRET};
use super::{Client, Database, wait_for};

/// A command that runs the binary with nothing in its environment, in `folder`.
pub fn command(folder: &Path) -> Command {
    command_of(Path::new(env!("CARGO_BIN_EXE_neon-master")), folder)
}

fn command_of(binary: &Path, folder: &Path) -> Command {
    in_folder(Command::new(binary), folder)
}

fn in_folder(mut command: Command, folder: &Path) -> Command {
    command.env_clear().current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// A running master; killed with this value.
#[derive(Debug)]
pub struct Master {
    process: Child,
    log: Arc<Mutex<Vec<String>>>,
    pub client: Client,
}

impl Master {
    /// Starts a master on `database` and waits until it listens.
    pub fn start(database: &Database) -> Self {
        Self::start_with(&database.url(), &[])
    }

    /// Starts a master with more in its environment.
    pub fn start_with(database_url: &str, more: &[(&str, &str)]) -> Self {
        Self::once_listening(Starting::new(database_url, more))
    }

    /// Starts another binary than the one that was built.
    pub fn start_binary(binary: &Path, database_url: &str) -> Self {
        Self::once_listening(Starting::of(binary, database_url, &[]))
    }

    /// Starts `command`, which ends up as the binary.
    pub fn start_command(command: Command, database_url: &str, more: &[(&str, &str)]) -> Self {
        Self::once_listening(Starting::of_command(command, database_url, more))
    }

    fn once_listening(mut starting: Starting) -> Self {
        let line = wait_for("the master's address", || {
            if let Some(status) = starting.process.try_wait().unwrap() {
                panic!("the master ended with {status}: {:?}", starting.log.lock().unwrap());
            }
            starting.find("neon-master is running")
        });
        starting.listening(&line)
    }

    /// A token for the server `name`, which is registered with the fixture's facts.
    pub fn registered(&self, name: &str) -> (i64, String) {
        let answer = self.client.register(AGENT_SECRET, fixtures::registration(name));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let data = &answer.json()["data"];
        (data["serverId"].as_i64().unwrap(), data["token"].as_str().unwrap().to_owned())
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Every log line so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// SIGKILL, as by an operator in a hurry or by the kernel out of memory.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    pub fn wait_for_exit(mut self) -> ExitStatus {
        wait_for("the master's end", || self.process.try_wait().unwrap())
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        // It may have ended already, which is not this place's to judge.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A master that was started and may not listen yet.
pub struct Starting {
    pub process: Child,
    log: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

impl Starting {
    pub fn new(database_url: &str, more: &[(&str, &str)]) -> Self {
        Self::of(Path::new(env!("CARGO_BIN_EXE_neon-master")), database_url, more)
    }

    fn of(binary: &Path, database_url: &str, more: &[(&str, &str)]) -> Self {
        Self::of_command(Command::new(binary), database_url, more)
    }

    fn of_command(command: Command, database_url: &str, more: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = in_folder(command, folder.path())
            .envs([("AGENT_SECRET", AGENT_SECRET), ("JWT_SECRET", JWT_SECRET), ("PORT", "0")])
            .envs([("DATABASE_URL", database_url), ("LOG_FORMAT", "json"), ("LOG_LEVEL", "debug")])
            // Golden files have a date, and tests run for years.
            .env("RETAIN_RAW_DAYS", "0")
            .envs(more.iter().copied())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let collected = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                collected.lock().unwrap().push(line);
            }
        });
        Self { process, log, _folder: folder }
    }

    /// The first log line with `message`, once it is there.
    pub fn find(&self, message: &str) -> Option<Value> {
        let log = self.log.lock().unwrap();
        log.iter().filter_map(|line| serde_json::from_str(line).ok()).find(|line: &Value| line["message"] == message)
    }

    pub fn listening(self, line: &Value) -> Master {
        let address: SocketAddr = line["listen"].as_str().unwrap().parse().unwrap();
        Master { process: self.process, log: self.log, client: Client { address } }
    }
}
