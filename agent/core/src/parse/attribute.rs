//! Files of one value, under `/sys` and `/proc/sys`.
//!
//! Source: kernel document filesystems/sysfs: a value as text and a line feed.

use super::{Fault, FaultKind, first_line, number};

fn value(bytes: &[u8]) -> Result<&[u8], Fault> {
    let value = first_line(bytes).trim_ascii();
    if value.is_empty() { Err(Fault { kind: FaultKind::Missing, line: 1 }) } else { Ok(value) }
}

/// A number that is not negative. Errors: `Missing` for an empty or cut file, `Number`.
pub fn unsigned(bytes: &[u8]) -> Result<u64, Fault> {
    number(value(bytes)?).ok_or(Fault { kind: FaultKind::Number, line: 1 })
}

/// A number that may be negative. Errors: as above.
pub fn signed(bytes: &[u8]) -> Result<i64, Fault> {
    let value = value(bytes)?;
    let fault = Fault { kind: FaultKind::Number, line: 1 };
    let (digits, is_negative) = match value.strip_prefix(b"-") {
        Some(digits) => (digits, true),
        None => (value, false),
    };
    let magnitude = number(digits).and_then(|magnitude| i64::try_from(magnitude).ok()).ok_or(fault)?;
    Ok(if is_negative { magnitude.saturating_neg() } else { magnitude })
}

/// `operstate` of an interface: whether it can pass traffic; `None` where its driver does not say (`unknown`).
pub fn operstate(bytes: &[u8]) -> Option<bool> {
    match value(bytes).ok()? {
        b"up" => Some(true),
        b"unknown" => None,
        b"notpresent" | b"down" | b"lowerlayerdown" | b"testing" | b"dormant" => Some(false),
        _ => None,
    }
}
