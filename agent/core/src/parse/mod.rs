//! Pure functions from the bytes of a kernel file or a Docker answer to values.
//!
//! One file per kernel file, named after it, plus [`http`], [`json`] and [`docker`] for the engine. Every parser is
//! total over all inputs: it never panics, never allocates, and keeps three outcomes apart: absent (`None`),
//! malformed ([`Fault`]), and, for HTTP and JSON streams, not all here yet. It depends on nothing of the agent.
// Tests index and unwrap on purpose: a test that goes wrong should stop.
#![cfg_attr(
    not(test),
    warn(
        clippy::alloc_instead_of_core,
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        clippy::std_instead_of_core,
        clippy::unwrap_used
    )
)]

use core::fmt;

pub mod arcstats;
pub mod attribute;
pub mod diskstats;
pub mod docker;
pub mod file_nr;
pub mod http;
pub mod json;
pub mod loadavg;
pub mod meminfo;
pub mod mountinfo;
pub mod net_dev;
pub mod os_release;
pub mod pressure;
pub mod sockstat;
pub mod stat;
pub mod statm;
pub mod uptime;
pub mod vmstat;

/// What is wrong with a kernel file, and where. Never carries the bytes themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of fault.
    pub kind: FaultKind,
    /// The line it is in, counted from 1; the line after the last where something is missing altogether.
    pub line: u32,
}

/// Kinds of [`Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The line, or the whole file, ends before a required field.
    Missing,
    /// Digits were expected, or the number does not fit 64 bits.
    Number,
    /// A separator or unit is not where it must be.
    Syntax,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            FaultKind::Missing => "a required field is missing",
            FaultKind::Number => "a number is malformed",
            FaultKind::Syntax => "unexpected layout",
        };
        write!(f, "{what} in line {}", self.line)
    }
}

/// The lines of a file with their numbers, without the line feed. A last line without one is left out: the read was
/// cut there, and half a number looks like a whole one.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    let mut rest = bytes;
    (1u32..).map_while(move |number| {
        let (line, tail) = rest.split_at_checked(memchr::memchr(b'\n', rest)?)?;
        (_, rest) = tail.split_first()?;
        Some((number, line))
    })
}

/// The words of a line, separated by any number of spaces or tabs.
fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|field| !field.is_empty())
}

/// A decimal number of digits only; `None` when empty, signed, or past 64 bits.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |value, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// The next field as a number, or the fault of `line`.
fn next_number<'a>(fields: &mut impl Iterator<Item = &'a [u8]>, line: u32) -> Result<u64, Fault> {
    let field = fields.next().ok_or(Fault { kind: FaultKind::Missing, line })?;
    number(field).ok_or(Fault { kind: FaultKind::Number, line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_that_fit() {
        assert_eq!(number(b"0"), Some(0));
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for bad in [&b""[..], b"18446744073709551616", b"-1", b"+1", b"1 ", b"0x10", b"99999999999999999999999"] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_last_line_without_line_feed_was_cut() {
        assert!(lines(b"a\nb").map(|(number, line)| (number, line.len())).eq([(1, 1)]));
        assert!(lines(b"").next().is_none());
    }
}
