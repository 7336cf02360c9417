//! `/proc/uptime`: time since boot.
//!
//! Source: proc_uptime(5): seconds with two decimals, time asleep included, then the idle time of all processors.

use super::loadavg;
use super::{Fault, FaultKind, fields, lines, number};

/// Time since boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uptime {
    /// In milliseconds; the file has hundredths of a second.
    pub uptime_ms: u64,
}

/// Reads `/proc/uptime`. Errors: `Missing` and `Number`.
pub fn uptime(bytes: &[u8]) -> Result<Uptime, Fault> {
    let line = lines(bytes).next().map(|(_, line)| line).unwrap_or_default();
    let fault = |kind| Fault { kind, line: 1 };
    let field = fields(line).next().ok_or(fault(FaultKind::Missing))?;
    let (whole, rest) = field.split_last_chunk::<3>().ok_or(fault(FaultKind::Number))?;
    loadavg::decimal(&[b'0', rest[0], rest[1], rest[2]]).map_err(fault)?;
    let hundredths = number(&rest[1..]).ok_or(fault(FaultKind::Number))?;
    let seconds = number(whole).ok_or(fault(FaultKind::Number))?;
    Ok(Uptime { uptime_ms: seconds.saturating_mul(1000).saturating_add(hundredths.saturating_mul(10)) })
}
