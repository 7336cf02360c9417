//! `/proc/pressure/{cpu,memory,io}`: time lost for want of a resource.
//!
//! Source: kernel document accounting/psi, Linux 4.20 and later:
//! `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` and, for memory and io (cpu since 5.13), the same with `full`.

use neon_shared::readings::{Stall, Stalls};

use super::loadavg::decimal;
use super::{Fault, FaultKind, Words, lines, number};

/// Reads one file of `/proc/pressure`. Lines and keys that are not known are skipped.
///
/// Errors: `Missing` without any line that is known, or where one lacks a value; `Number` for what is none.
pub fn pressure(bytes: &[u8]) -> Result<Stalls, Fault> {
    let mut stalls = Stalls::default();
    for (line_number, line) in lines(bytes) {
        let mut words = Words(line);
        let slot = match words.next() {
            Some(b"some") => &mut stalls.some,
            Some(b"full") => &mut stalls.full,
            _ => continue,
        };
        *slot = Some(stall(words).map_err(|kind| Fault { kind, line: line_number })?);
    }
    if stalls == Stalls::default() {
        return Err(Fault { kind: FaultKind::Missing, line: 1 });
    }
    Ok(stalls)
}

fn stall(mut words: Words<'_>) -> Result<Stall, FaultKind> {
    let (mut avg10, mut avg60, mut total) = (None, None, None);
    while let Some(word) = words.next() {
        if let Some(value) = word.strip_prefix(b"avg10=") {
            avg10 = Some(decimal(value)?);
        } else if let Some(value) = word.strip_prefix(b"avg60=") {
            avg60 = Some(decimal(value)?);
        } else if let Some(value) = word.strip_prefix(b"total=") {
            total = Some(number(value).ok_or(FaultKind::Number)?);
        }
    }
    let missing = FaultKind::Missing;
    Ok(Stall {
        avg10_percent: avg10.ok_or(missing)?,
        avg60_percent: avg60.ok_or(missing)?,
        total_microseconds: total.ok_or(missing)?,
    })
}
