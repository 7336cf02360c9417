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

/// What follows `key`, which is a line feed and the beginning of a line, at its first place; the line feed is not needed
/// at the start. For a file of which one line is wanted.
fn behind_key<'a>(bytes: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let at_start = || bytes.strip_prefix(key.strip_prefix(b"\n")?);
    let behind = || bytes.get(memchr::memmem::find(bytes, key)?.checked_add(key.len())?..);
    at_start().or_else(behind)
}

/// The number of the line of `bytes` in which its last part, `rest`, begins.
fn line_of(bytes: &[u8], rest: &[u8]) -> u32 {
    let before = bytes.get(..bytes.len().saturating_sub(rest.len())).unwrap_or_default();
    u32::try_from(memchr::memchr_iter(b'\n', before).count()).unwrap_or(u32::MAX).saturating_add(1)
}

/// The words of a line, separated by any number of spaces or tabs, read one after the other.
///
/// Its functions are inlined, and those that borrow it, as one that is called would keep the words in memory instead of
/// registers.
#[derive(Clone, Copy, Debug)]
struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    /// The next word; `None` at the end of the line.
    #[inline(always)]
    fn next(&mut self) -> Option<&'a [u8]> {
        self.skip_blanks();
        let (word, rest) = self.0.split_at_checked(word_length(self.0))?;
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }

    /// Passes over the next `count` words, as far as there are as many.
    #[inline(always)]
    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.next();
        }
    }

    /// The next word in hundredths: `12.34`, as the kernel writes every decimal.
    #[inline(always)]
    fn hundredths(&mut self) -> Result<u64, FaultKind> {
        self.at_word()?;
        // There are few digits before the point.
        let whole = self.more_digits(self.0, 0).ok_or(FaultKind::Number)?;
        let (&[point, tenths, hundredths], rest) = self.0.split_first_chunk().ok_or(FaultKind::Number)?;
        self.0 = rest;
        if point != b'.' || !self.is_at_end_of_word() {
            return Err(FaultKind::Number);
        }
        with_digit(whole, tenths).and_then(|value| with_digit(value, hundredths)).ok_or(FaultKind::Number)
    }

    /// What is left from the beginning of the next word on, which must be there.
    #[inline(always)]
    fn at_word(&mut self) -> Result<&'a [u8], FaultKind> {
        self.skip_blanks();
        if self.0.is_empty() { Err(FaultKind::Missing) } else { Ok(self.0) }
    }

    /// The next word, which must be there.
    #[inline(always)]
    fn word(&mut self) -> Result<&'a [u8], FaultKind> {
        self.next().ok_or(FaultKind::Missing)
    }

    /// The next word as a number of digits only.
    #[inline(always)]
    fn number(&mut self) -> Result<u64, FaultKind> {
        self.skip_blanks();
        // Most of what the kernel counts is zero.
        if let [b'0', rest @ ..] = self.0
            && rest.first() == Some(&b' ')
        {
            self.0 = rest;
            return Ok(0);
        }
        if self.0.is_empty() {
            return Err(FaultKind::Missing);
        }
        self.digits().filter(|_| self.is_at_end_of_word()).ok_or(FaultKind::Number)
    }

    /// The number that begins here, read without looking for its end first; `None` without a digit, or past 64 bits.
    #[inline(always)]
    fn digits(&mut self) -> Option<u64> {
        let start = self.0;
        let mut value = 0;
        if let Some(eight) = start.first_chunk() {
            let count;
            (value, count) = first_digits(u64::from_le_bytes(*eight));
            self.0 = start.get(count..)?;
        }
        self.more_digits(start, value)
    }

    /// The number that began at `start`, `value` so far, read to its end one by one.
    #[inline(always)]
    fn more_digits(&mut self, start: &[u8], mut value: u64) -> Option<u64> {
        // Nineteen digits always fit, so only a longer number is worth a look at each step.
        while let Some((&byte, tail)) = self.0.split_first() {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
            self.0 = tail;
        }
        match start.len().wrapping_sub(self.0.len()) {
            0 => None,
            1..=19 => Some(value),
            count => number(start.get(..count)?),
        }
    }

    #[inline(always)]
    fn is_at_end_of_word(&self) -> bool {
        self.0.first().is_none_or(|byte| is_blank(*byte))
    }

    /// Whether the next word begins with `key` and goes on; what follows the key is then the next word.
    #[inline(always)]
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

    #[inline(always)]
    fn skip_blanks(&mut self) {
        // Mostly there is one.
        if let Some((&byte, tail)) = self.0.split_first()
            && is_blank(byte)
        {
            self.0 = tail;
            if tail.first().is_some_and(|byte| is_blank(*byte)) {
                self.0 = skip_padding(tail);
            }
        }
    }
}

/// What follows the spaces that the kernel pads its columns with.
fn skip_padding(mut bytes: &[u8]) -> &[u8] {
    if let Some(eight) = bytes.first_chunk() {
        let spaces = lowest_byte(u64::from_le_bytes(*eight) ^ each_byte(b' '));
        bytes = bytes.get(spaces..).unwrap_or_default();
    }
    while let Some((&byte, tail)) = bytes.split_first()
        && is_blank(byte)
    {
        bytes = tail;
    }
    bytes
}

/// A byte in each of eight.
const fn each_byte(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// How many bytes there are before the first blank. Eight at a time: a word of the kernel has about as many.
#[inline(always)]
fn word_length(bytes: &[u8]) -> usize {
    // The lowest byte that is `byte` has its high bit set; those below it have not.
    let equal = |eight: u64, byte: u8| {
        let others = eight ^ each_byte(byte);
        others.wrapping_sub(each_byte(1)) & !others & each_byte(0x80)
    };
    let mut length = 0usize;
    for eight in bytes.as_chunks().0 {
        let eight = u64::from_le_bytes(*eight);
        let blanks = equal(eight, b' ') | equal(eight, b'\t');
        if blanks != 0 {
            return length.wrapping_add(lowest_byte(blanks));
        }
        length = length.wrapping_add(8);
    }
    let rest = bytes.get(length..).unwrap_or_default();
    length.wrapping_add(rest.iter().position(|byte| is_blank(*byte)).unwrap_or(rest.len()))
}

/// The number of the lowest byte with a bit set; 8 where there is none.
#[inline(always)]
fn lowest_byte(bytes: u64) -> usize {
    (bytes.trailing_zeros() >> 3) as usize
}

/// The number that eight bytes, the first the lowest, begin with, and how many digits it has.
///
/// All digits at once: they are moved to the end, zeroes before them, then neighbours are put together to numbers of
/// two, of four and of eight digits. Nothing overflows: the number is below 10^8, and what is shifted out is not used.
#[inline(always)]
fn first_digits(eight: u64) -> (u64, usize) {
    let values = eight ^ each_byte(b'0');
    // The high bit of each byte past nine, up to the lowest of them; a sum that overflows does so above it.
    let others = (values.wrapping_add(each_byte(0x7f - 9)) | values) & each_byte(0x80);
    let count = lowest_byte(others);
    let Some(digits) = values.checked_shl(64u32.wrapping_sub((count as u32).wrapping_mul(8))) else { return (0, 0) };
    let twos = (digits.wrapping_mul(10).wrapping_add(digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos.wrapping_mul(100).wrapping_add(twos >> 16)) & 0x0000_ffff_0000_ffff;
    let value = (fours.wrapping_mul(10_000).wrapping_add(fours >> 32)) & 0xffff_ffff;
    (value, count)
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
