//! `/proc/loadavg`: how much work there is.
//!
//! Source: proc_loadavg(5): `0.20 0.18 0.12 1/80 11206`, the load over 1, 5 and 15 minutes, runnable and existing
//! threads, and the newest process.

use super::{Fault, FaultKind, fields, lines, number};

/// The file's one line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loadavg {
    /// Mean number of threads running, runnable or in uninterruptible sleep, over 1 minute.
    pub load1: f32,
    /// Over 5 minutes.
    pub load5: f32,
    /// Over 15 minutes.
    pub load15: f32,
    /// Threads that exist.
    pub threads: u64,
}

/// Reads `/proc/loadavg`. Errors: `Missing` for a short line, `Number` and `Syntax` for what is no number.
pub fn loadavg(bytes: &[u8]) -> Result<Loadavg, Fault> {
    let line = lines(bytes).next().map(|(_, line)| line);
    parsed(line.unwrap_or_default()).map_err(|kind| Fault { kind, line: 1 })
}

fn parsed(line: &[u8]) -> Result<Loadavg, FaultKind> {
    let mut fields = fields(line);
    let mut next = || fields.next().ok_or(FaultKind::Missing);
    let (load1, load5, load15) = (decimal(next()?)?, decimal(next()?)?, decimal(next()?)?);
    let tasks = next()?;
    let slash = memchr::memchr(b'/', tasks).ok_or(FaultKind::Syntax)?;
    let threads = tasks.get(slash..).and_then(|rest| number(rest.strip_prefix(b"/")?)).ok_or(FaultKind::Number)?;
    Ok(Loadavg { load1, load5, load15, threads })
}

/// `12.34`: digits, a point, two digits. The kernel writes no other form.
pub(super) fn decimal(field: &[u8]) -> Result<f32, FaultKind> {
    let (whole, hundredths) = field.split_last_chunk::<3>().ok_or(FaultKind::Number)?;
    let hundredths = hundredths.strip_prefix(b".").and_then(number).ok_or(FaultKind::Number)?;
    let whole = number(whole).filter(|whole| *whole < 1 << 32).ok_or(FaultKind::Number)?;
    Ok(whole.saturating_mul(100).saturating_add(hundredths) as f32 / 100.0)
}
