//! The agent's log: one line per event on standard output, named after the part that speaks.
//!
//! Operators' scripts look for some of these lines, so their wording is part of the interface (README, "The log").
//! Times are left to whoever collects the log: journald and Docker add their own.

use std::fmt::Arguments;
use std::io::Write;

/// Who speaks.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// Start, stop, configuration.
    Agent,
    /// Requests to the master.
    Client,
    /// Collections.
    Scheduler,
}

/// Writes one line. A closed or full standard output is no reason to stop watching the host, so errors are dropped.
pub fn line(part: Part, message: Arguments<'_>) {
    let _ = writeln!(std::io::stdout().lock(), "[{part:?}] {message}");
}
