//! `/proc/uptime`: time since boot.
//!
//! Source: proc_uptime(5): seconds with two decimals, time asleep included, then the idle time of all processors.

use super::{Fault, FaultKind, Words, first_line};

const MS_PER_HUNDREDTH: u64 = 10;

/// Time since boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uptime {
    /// In milliseconds; the file has hundredths of a second.
    pub uptime_ms: u64,
}

/// Reads `/proc/uptime`. Errors: `Missing` and `Number`.
pub fn uptime(bytes: &[u8]) -> Result<Uptime, Fault> {
    let fault = |kind| Fault { kind, line: 1 };
    let hundredths = Words(first_line(bytes)).hundredths().map_err(fault)?;
    let uptime_ms = hundredths.checked_mul(MS_PER_HUNDREDTH).ok_or(fault(FaultKind::Number))?;
    Ok(Uptime { uptime_ms })
}

#[cfg(test)]
mod tests {
    use super::super::cuts;
    use super::*;

    const UPTIME: &[u8] = b"2961.92 5070.32\n";

    #[test]
    fn seconds_leave_in_milliseconds() {
        assert_eq!(uptime(UPTIME), Ok(Uptime { uptime_ms: 2_961_920 }));
        assert_eq!(uptime(b"0.01 0.00\n"), Ok(Uptime { uptime_ms: 10 }));
    }

    #[test]
    fn short_and_bad_lines_are_faults() {
        for short in [&b""[..], b"\n", b" \n"] {
            assert_eq!(uptime(short), Err(Fault { kind: FaultKind::Missing, line: 1 }));
        }
        for bad in
            [&b"x\n"[..], b"1 2\n", b"-1.00 2.00\n", b"99999999999999999999.00 0.00\n", b"184467440737095516.15 0.00\n"]
        {
            assert_eq!(uptime(bad), Err(Fault { kind: FaultKind::Number, line: 1 }), "{bad:?}");
        }
    }

    #[test]
    fn a_read_cut_anywhere_is_a_fault() {
        assert!(cuts(UPTIME).all(|cut| uptime(cut).is_err()));
    }
}
