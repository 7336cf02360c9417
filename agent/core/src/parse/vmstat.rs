//! `/proc/vmstat`: events of the memory management since boot.
//!
//! Source: proc_vmstat(5); `oom_kill` since Linux 4.13. One of some two hundred lines, so it is searched for and the
//! others are not looked at.

use super::{Fault, FaultKind, behind_key, line_of, number};

/// Processes killed for want of memory since boot; `None` where the file, or the part of it that was read, does not
/// say. Errors: `Number` when what is said is none.
pub fn oom_kills(bytes: &[u8]) -> Result<Option<u64>, Fault> {
    let Some(rest) = behind_key(bytes, b"\noom_kill ") else { return Ok(None) };
    // Without its end the number may have been cut.
    let Some(end) = memchr::memchr(b'\n', rest) else { return Ok(None) };
    match rest.get(..end).and_then(number) {
        Some(kills) => Ok(Some(kills)),
        None => Err(Fault { kind: FaultKind::Number, line: line_of(bytes, rest) }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::cuts;
    use super::*;

    const VMSTAT: &[u8] = b"nr_free_pages 5508555\ndrop_slab 9\noom_kill_reaped 8\noom_kill 42\nnuma_hint_faults 7\n";

    #[test]
    fn kills_are_the_line_of_that_whole_name() {
        assert_eq!(oom_kills(VMSTAT), Ok(Some(42)));
        assert_eq!(oom_kills(b"oom_kill 0\n"), Ok(Some(0)));
        assert_eq!(oom_kills(b"x_oom_kill 5\n"), Ok(None));
        assert_eq!(oom_kills(b"oom_kill 1\noom_kill 2\n"), Ok(Some(1)));
    }

    #[test]
    fn before_linux_4_13_there_is_no_such_line() {
        assert_eq!(oom_kills(b"nr_free_pages 5508555\n"), Ok(None));
        assert_eq!(oom_kills(b""), Ok(None));
    }

    #[test]
    fn what_is_no_number_names_its_line() {
        let fault = |line| Err(Fault { kind: FaultKind::Number, line });
        assert_eq!(oom_kills(b"oom_kill \n"), fault(1));
        assert_eq!(oom_kills(b"oom_kill -1\n"), fault(1));
        assert_eq!(oom_kills(b"a 1\n\noom_kill 99999999999999999999\n"), fault(3));
    }

    #[test]
    fn a_read_cut_anywhere_never_gives_a_wrong_number() {
        assert!(cuts(VMSTAT).all(|cut| matches!(oom_kills(cut), Ok(None | Some(42)))));
    }
}
