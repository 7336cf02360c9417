//! `neon-agent check`: what is wrong with this deployment, and what to do about it.
//!
//! One line a step, `ok`, `warn` or `fail`: the configuration, the way to the master step by step, and what of the host
//! can be read. It asks nothing that the agent would not ask, registers nothing, and each step has a deadline. A step
//! that an earlier failure leaves without a meaning is left out.

mod host;
mod master;

use std::fmt::{self, Display};
use std::io;

use crate::config::{Config, ConfigErrors};
use crate::source::docker::Engine;
use crate::source::kernel::Kernel;

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// As it should be.
    Ok,
    /// The agent runs, and something is missing or will be.
    Warn,
    /// The agent cannot do this part of its work.
    Fail,
}

impl Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

/// What has been said so far.
#[derive(Debug, Default)]
pub struct Findings {
    warned: usize,
    failed: usize,
}

impl Findings {
    /// Prints the line of one step. Errors are dropped: who closed standard output does not want to know.
    fn say(&mut self, verdict: Verdict, step: &str, what: impl Display) {
        use io::Write;
        self.warned += usize::from(verdict == Verdict::Warn);
        self.failed += usize::from(verdict == Verdict::Fail);
        // Some of it comes from a peer, and must not steer a terminal.
        let what = what.to_string().replace(char::is_control, "?");
        let _ = writeln!(io::stdout().lock(), "{verdict:<4}  {step:<14}  {what}");
    }

    fn ok(&mut self, step: &str, what: impl Display) {
        self.say(Verdict::Ok, step, what);
    }

    fn warn(&mut self, step: &str, what: impl Display) {
        self.say(Verdict::Warn, step, what);
    }

    fn fail(&mut self, step: &str, what: impl Display) {
        self.say(Verdict::Fail, step, what);
    }
}

/// Prints what is wrong with the configuration, which leaves nothing else to check.
pub fn refuse(errors: &ConfigErrors) {
    let mut findings = Findings::default();
    errors.iter().for_each(|error| findings.fail("configuration", error));
}

/// Goes through all steps. Errors: poll(2) fails, or a step failed, with how many.
pub fn run(config: &Config, kernel: Kernel, engine: Engine) -> io::Result<()> {
    let mut findings = Findings::default();
    findings.ok("configuration", config);
    config.warnings().for_each(|warning| findings.warn("configuration", warning.trim_start_matches("Warning: ")));
    master::check(config, &kernel.facts(), &mut findings);
    host::check(config, kernel, engine, &mut findings)?;
    match findings {
        Findings { failed: 0, .. } => Ok(()),
        Findings { failed, warned } => Err(io::Error::other(format!("check: {failed} failed, {warned} warned of"))),
    }
}
