//! `/proc/pressure/{cpu,memory,io}`: time lost for want of a resource.
//!
//! Source: kernel document accounting/psi, Linux 4.20 and later:
//! `some avg10=0.00 avg60=0.00 avg300=0.00 total=0` and, for memory and io (cpu since 5.13), the same with `full`.

use neon_shared::readings::{Stall, Stalls};

use super::loadavg::decimal;
use super::{Fault, FaultKind, Words, lines};

/// Reads one file of `/proc/pressure`. Lines and keys that are not known are skipped, as is a key without a value.
///
/// Errors: `Missing` without any line that is known, or where one lacks a value; `Number` for what is none.
pub fn pressure(bytes: &[u8]) -> Result<Stalls, Fault> {
    let mut stalls = Stalls::default();
    let mut last_line = 0u32;
    for (line_number, line) in lines(bytes) {
        last_line = line_number;
        let mut words = Words(line);
        let slot = match words.next() {
            Some(b"some") => &mut stalls.some,
            Some(b"full") => &mut stalls.full,
            _ => continue,
        };
        *slot = Some(stall(words).map_err(|kind| Fault { kind, line: line_number })?);
    }
    if stalls == Stalls::default() {
        return Err(Fault { kind: FaultKind::Missing, line: last_line.saturating_add(1) });
    }
    Ok(stalls)
}

#[inline(always)]
fn stall(mut words: Words<'_>) -> Result<Stall, FaultKind> {
    let (mut avg10, mut avg60, mut total) = (None, None, None);
    loop {
        if words.starts_with(b"avg10=") {
            avg10 = Some(decimal(&mut words)?);
        } else if words.starts_with(b"avg60=") {
            avg60 = Some(decimal(&mut words)?);
        } else if words.starts_with(b"total=") {
            total = Some(words.number()?);
        } else if words.next().is_none() {
            break;
        }
    }
    let missing = FaultKind::Missing;
    Ok(Stall {
        avg10_percent: avg10.ok_or(missing)?,
        avg60_percent: avg60.ok_or(missing)?,
        total_microseconds: total.ok_or(missing)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::cuts;
    use super::*;

    const MEMORY: &[u8] = b"some avg10=1.25 avg60=0.50 avg300=0.00 total=123456\n\
        full avg10=0.75 avg60=0.25 avg300=0.00 total=6543\n";
    const SOME: Stall = Stall { avg10_percent: 1.25, avg60_percent: 0.5, total_microseconds: 123_456 };
    const FULL: Stall = Stall { avg10_percent: 0.75, avg60_percent: 0.25, total_microseconds: 6_543 };

    #[test]
    fn both_lines_are_read() {
        assert_eq!(pressure(MEMORY), Ok(Stalls { some: Some(SOME), full: Some(FULL) }));
    }

    /// Found by fuzzing: a key behind its like was passed over unread.
    #[test]
    fn of_a_key_that_stands_twice_the_last_counts() {
        let stalls = pressure(b"some avg10=31.28 avg10=1.25 avg60=9.99 avg60=0.50 total=1 total=123456\n").unwrap();
        assert_eq!(stalls.some, Some(SOME));
        assert!(pressure(b"some avg10=1.25 avg10=x avg60=0.50 total=1\n").is_err());
    }

    #[test]
    fn before_linux_5_13_the_processors_have_one_line() {
        let cpu = b"some avg10=1.25 avg60=0.50 avg300=0.00 total=123456\n";
        assert_eq!(pressure(cpu), Ok(Stalls { some: Some(SOME), full: None }));
    }

    #[test]
    fn lines_and_keys_of_kernels_to_come_are_skipped() {
        let newer = b"most avg10=x\nsome avg1=y avg10=1.25 word avg60=0.50 total=123456 =\n\n";
        assert_eq!(pressure(newer), Ok(Stalls { some: Some(SOME), full: None }));
    }

    #[test]
    fn a_known_line_that_is_malformed_names_its_fault() {
        let fault = |bytes| pressure(bytes).unwrap_err();
        assert_eq!(fault(b""), Fault { kind: FaultKind::Missing, line: 1 });
        assert_eq!(fault(b"most\n"), Fault { kind: FaultKind::Missing, line: 2 });
        assert_eq!(fault(b"some\n"), Fault { kind: FaultKind::Missing, line: 1 });
        assert_eq!(fault(b"some avg10=0.00 avg60=0.00\n"), Fault { kind: FaultKind::Missing, line: 1 });
        assert_eq!(fault(b"some avg10=0.00 avg60=0.00 total= 5\n"), Fault { kind: FaultKind::Missing, line: 1 });
        assert_eq!(fault(b"\nsome avg10=nan avg60=0.00 total=1\n"), Fault { kind: FaultKind::Number, line: 2 });
        assert_eq!(fault(b"some avg10=0.00 avg60=0.00 total=-1\n"), Fault { kind: FaultKind::Number, line: 1 });
        assert_eq!(
            fault(b"some avg10=0.00 avg60=0.00 total=99999999999999999999\n"),
            Fault { kind: FaultKind::Number, line: 1 }
        );
    }

    #[test]
    fn a_read_cut_anywhere_never_gives_a_wrong_number() {
        for cut in cuts(MEMORY) {
            let Ok(stalls) = pressure(cut) else { continue };
            assert_eq!(stalls, Stalls { some: Some(SOME), full: None }, "cut at {}", cut.len());
        }
    }
}
