//! A running agent, for the tests: started with fast intervals, killed when the test ends.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up on it.
pub const DEADLINE: Duration = Duration::from_secs(30);

pub struct Agent {
    child: Child,
    lines: Receiver<String>,
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
            .envs([("SERVER_NAME", "web-1"), ("MASTER_URL", master), ("AGENT_SECRET", "s")])
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
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
