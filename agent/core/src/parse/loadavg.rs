//! `/proc/loadavg`: how much work there is.
//!
//! Source: proc_loadavg(5): `0.20 0.18 0.12 1/80 11206`, the load over 1, 5 and 15 minutes, runnable and existing
//! threads, and the newest process.

use super::{Fault, FaultKind, Words, first_line, number};

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

/// Reads `/proc/loadavg`.
///
/// Errors: `Missing` for a short line, `Number` for what is no number, `Syntax` for threads without a slash.
pub fn loadavg(bytes: &[u8]) -> Result<Loadavg, Fault> {
    parsed(Words(first_line(bytes))).map_err(|kind| Fault { kind, line: 1 })
}

fn parsed(mut words: Words<'_>) -> Result<Loadavg, FaultKind> {
    let (load1, load5, load15) = (decimal(&mut words)?, decimal(&mut words)?, decimal(&mut words)?);
    let tasks = words.word()?;
    let slash = memchr::memchr(b'/', tasks).ok_or(FaultKind::Syntax)?;
    let threads = tasks.get(slash..).and_then(|rest| number(rest.strip_prefix(b"/")?)).ok_or(FaultKind::Number)?;
    Ok(Loadavg { load1, load5, load15, threads })
}

/// The next word as a decimal.
#[inline(always)]
pub(super) fn decimal(words: &mut Words<'_>) -> Result<f32, FaultKind> {
    Ok(words.hundredths()? as f32 / 100.0)
}

#[cfg(test)]
mod tests {
    use super::super::cuts;
    use super::*;

    const LOADAVG: &[u8] = b"5.67 2.32 0.91 9/160 29769\n";

    #[test]
    fn loads_are_numbers_with_two_decimals() {
        assert_eq!(loadavg(LOADAVG), Ok(Loadavg { load1: 5.67, load5: 2.32, load15: 0.91, threads: 160 }));
        assert_eq!(loadavg(b"10240.00 0.00 0.01 1/1 1\n").unwrap().load1, 10_240.0);
    }

    #[test]
    fn short_and_bad_lines_are_faults() {
        let fault = |bytes| loadavg(bytes).unwrap_err();
        for short in [&b""[..], b"\n", b"5.67\n", b"5.67 2.32 0.91\n"] {
            assert_eq!(fault(short), Fault { kind: FaultKind::Missing, line: 1 }, "{short:?}");
        }
        for bad in
            [&b"5 2 0 9/160 1\n"[..], b"x 2.32 0.91 9/160 1\n", b"-1.00 2.32 0.91 9/160 1\n", b"1.00 1.00 1.00 9/ 1\n"]
        {
            assert_eq!(fault(bad), Fault { kind: FaultKind::Number, line: 1 }, "{bad:?}");
        }
        assert_eq!(fault(b"99999999999999999999.00 2.32 0.91 9/160 1\n").kind, FaultKind::Number);
        assert_eq!(fault(b"5.67 2.32 0.91 160 29769\n").kind, FaultKind::Syntax);
    }

    #[test]
    fn a_read_cut_anywhere_is_a_fault() {
        assert!(cuts(LOADAVG).all(|cut| loadavg(cut).is_err()));
    }
}
