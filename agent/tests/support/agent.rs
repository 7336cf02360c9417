//! A running agent, for the tests: started with fast intervals, killed when the test ends.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it.
pub const DEADLINE: Duration = Duration::from_secs(30);

pub struct Agent {
    pub child: Child,
    pub lines: Receiver<String>,
}

impl Agent {
    /// The agent for `master`, with more environment.
    pub fn start(master: &str, extra: &[(&str, &str)]) -> Self {
        Self::start_as(Command::new(env!("CARGO_BIN_EXE_neon-agent")), master, extra)
    }

    /// The same by a command of the test's own, which becomes the agent.
    pub fn start_as(mut command: Command, master: &str, extra: &[(&str, &str)]) -> Self {
        let mut child = command
            .env_clear()
            .envs([("SERVER_NAME", "web-1"), ("MASTER_URL", master), ("AGENT_SECRET", "fleet-secret")])
            .envs([("METRICS_INTERVAL", "1"), ("RETRY_DELAY_MS", "10"), ("DOCKER_HOST", "unix:///nowhere.sock")])
            .envs(extra.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, lines }
    }

    /// Waits for a line that contains `part`; returns it.
    pub fn line(&self, part: &str) -> String {
        self.lines_until(part).pop().unwrap()
    }

    /// Waits for a line that contains `part`; returns it and those before it that were not asked for yet.
    pub fn lines_until(&self, part: &str) -> Vec<String> {
        let (until, mut seen) = (Instant::now() + DEADLINE, Vec::new());
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            seen.push(line);
            if seen.last().is_some_and(|line| line.contains(part)) {
                return seen;
            }
        }
        panic!("no line with {part:?} in {seen:#?}");
    }

    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    pub fn exit_code(&mut self) -> Option<i32> {
        let until = Instant::now() + DEADLINE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the agent does not end");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
