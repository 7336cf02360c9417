//! `/proc/loadavg`: how much work there is.
//!
//! Source: proc_loadavg(5): `0.20 0.18 0.12 1/80 11206`, the load over 1, 5 and 15 minutes, runnable and existing
//! threads, and the newest process.

use super::{Fault, FaultKind, Words, first_line, number, with_digit};

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
    parsed(Words(first_line(bytes))).map_err(|kind| Fault { kind, line: 1 })
}

fn parsed(mut words: Words<'_>) -> Result<Loadavg, FaultKind> {
    let (load1, load5, load15) = (decimal(words.word()?)?, decimal(words.word()?)?, decimal(words.word()?)?);
    let tasks = words.word()?;
    let slash = memchr::memchr(b'/', tasks).ok_or(FaultKind::Syntax)?;
    let threads = tasks.get(slash..).and_then(|rest| number(rest.strip_prefix(b"/")?)).ok_or(FaultKind::Number)?;
    Ok(Loadavg { load1, load5, load15, threads })
}

/// `12.34`, as the kernel writes every decimal: digits, a point, two digits.
pub(super) fn decimal(word: &[u8]) -> Result<f32, FaultKind> {
    Ok(hundredths(word)? as f32 / 100.0)
}

/// The same in hundredths.
pub(super) fn hundredths(word: &[u8]) -> Result<u64, FaultKind> {
    let (whole, &[point, tenths, hundredths]) = word.split_last_chunk().ok_or(FaultKind::Number)?;
    if point != b'.' {
        return Err(FaultKind::Number);
    }
    number(whole).and_then(|whole| with_digit(with_digit(whole, tenths)?, hundredths)).ok_or(FaultKind::Number)
}
