//! `/proc/uptime`: time since boot.
//!
//! Source: proc_uptime(5): seconds with two decimals, time asleep included, then the idle time of all processors.

use super::loadavg::hundredths;
use super::{Fault, Words, first_line};

/// Time since boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uptime {
    /// In milliseconds; the file has hundredths of a second.
    pub uptime_ms: u64,
}

/// Reads `/proc/uptime`. Errors: `Missing` and `Number`.
pub fn uptime(bytes: &[u8]) -> Result<Uptime, Fault> {
    let seconds = Words(first_line(bytes)).word().and_then(hundredths).map_err(|kind| Fault { kind, line: 1 })?;
    Ok(Uptime { uptime_ms: seconds.saturating_mul(10) })
}
