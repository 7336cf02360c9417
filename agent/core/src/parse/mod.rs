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

/// The words of a line, separated by any number of spaces or tabs, read one after the other.
#[derive(Clone, Copy, Debug)]
struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    /// The next word; `None` at the end of the line.
    fn next(&mut self) -> Option<&'a [u8]> {
        self.skip_blanks();
        let mut rest = self.0;
        while let Some((&byte, tail)) = rest.split_first()
            && !is_blank(byte)
        {
            rest = tail;
        }
        let word = self.0.get(..self.0.len().wrapping_sub(rest.len()))?;
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }

    /// Passes over the next `count` words, as far as there are as many.
    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.next();
        }
    }

    /// The next word in hundredths: `12.34`, as the kernel writes every decimal.
    fn hundredths(&mut self) -> Result<u64, FaultKind> {
        let (whole, &[point, tenths, hundredths]) = self.word()?.split_last_chunk().ok_or(FaultKind::Number)?;
        if point != b'.' {
            return Err(FaultKind::Number);
        }
        number(whole).and_then(|whole| with_digit(with_digit(whole, tenths)?, hundredths)).ok_or(FaultKind::Number)
    }

    /// The next word, which must be there.
    fn word(&mut self) -> Result<&'a [u8], FaultKind> {
        self.next().ok_or(FaultKind::Missing)
    }

    /// The next word as a number of digits only, read without looking for its end first: most of what the kernel
    /// writes is numbers.
    fn number(&mut self) -> Result<u64, FaultKind> {
        self.skip_blanks();
        let mut rest = self.0;
        let mut value = 0u64;
        // Nineteen digits always fit, so only a longer number is worth a look at each step.
        while let Some((&byte, tail)) = rest.split_first() {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            rest = tail;
        }
        let digits = self.0.len().wrapping_sub(rest.len());
        if rest.first().is_some_and(|byte| !is_blank(*byte)) {
            return Err(FaultKind::Number);
        }
        let word = self.0.get(..digits).unwrap_or_default();
        self.0 = rest;
        match digits {
            0 => Err(FaultKind::Missing),
            1..=19 => Ok(value),
            _ => number(word).ok_or(FaultKind::Number),
        }
    }

    /// Whether the next word begins with `key` and goes on; what follows the key is then the next word.
    fn starts_with(&mut self, key: &[u8]) -> bool {
        self.skip_blanks();
        match self.0.strip_prefix(key) {
            // A key alone would take the word behind it for its value.
            Some(rest) if rest.first().is_some_and(|byte| !is_blank(*byte)) => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn skip_blanks(&mut self) {
        while let Some((&byte, tail)) = self.0.split_first()
            && is_blank(byte)
        {
            self.0 = tail;
        }
    }
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// A decimal number of digits only; `None` when empty, signed, or past 64 bits.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0, |value, byte| with_digit(value, *byte))
}

/// `value` with one more digit; `None` when `byte` is none, or past 64 bits.
fn with_digit(value: u64, byte: u8) -> Option<u64> {
    let digit = byte.wrapping_sub(b'0');
    if digit > 9 {
        return None;
    }
    value.checked_mul(10)?.checked_add(u64::from(digit))
}

/// The first line of a file; empty where there is none, or where the read was cut in it.
fn first_line(bytes: &[u8]) -> &[u8] {
    lines(bytes).next().map(|(_, line)| line).unwrap_or_default()
}

/// Every cut of `file` that lacks at least its last byte, for the tests: a read may end anywhere.
#[cfg(test)]
fn cuts(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..file.len()).map(|end| &file[..end])
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
    fn words_are_separated_by_any_blanks() {
        let mut words = Words(b"  a\t bc  17 x9 \t");
        assert_eq!((words.next(), words.word()), (Some(&b"a"[..]), Ok(&b"bc"[..])));
        assert_eq!((words.number(), words.number()), (Ok(17), Err(FaultKind::Number)));
        assert_eq!((words.next(), words.next()), (Some(&b"x9"[..]), None));
        assert_eq!((words.word(), words.number()), (Err(FaultKind::Missing), Err(FaultKind::Missing)));
        assert_eq!(Words(b"18446744073709551616").number(), Err(FaultKind::Number));
        assert_eq!(Words(b"18446744073709551615").number(), Ok(u64::MAX));
    }

    #[test]
    fn a_last_line_without_line_feed_was_cut() {
        assert!(lines(b"a\n\nb").eq([(1, &b"a"[..]), (2, b"")]));
        assert!(lines(b"").next().is_none());
        assert_eq!((first_line(b"a\nb\n"), first_line(b"a")), (&b"a"[..], &b""[..]));
    }
}
