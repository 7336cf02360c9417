//! `/proc/<pid>/statm`: memory of a process, in pages.
//!
//! Source: proc_pid_statm(5): size, resident, shared, …

use super::{Fault, Words, first_line};

/// What a process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statm {
    /// Pages in memory.
    pub resident_pages: u64,
    /// Those of them that belong to a file or to shared memory.
    pub shared_pages: u64,
}

/// Reads `/proc/<pid>/statm`. Errors: `Missing` and `Number`.
pub fn statm(bytes: &[u8]) -> Result<Statm, Fault> {
    let mut words = Words(first_line(bytes));
    let mut next = || words.number().map_err(|kind| Fault { kind, line: 1 });
    let (_size, resident_pages, shared_pages) = (next()?, next()?, next()?);
    Ok(Statm { resident_pages, shared_pages })
}

#[cfg(test)]
mod tests {
    use super::super::{FaultKind, cuts};
    use super::*;

    const STATM: &[u8] = b"1193 543 411 142 0 159 0\n";

    #[test]
    fn resident_and_shared_are_the_second_and_third_column() {
        assert_eq!(statm(STATM), Ok(Statm { resident_pages: 543, shared_pages: 411 }));
    }

    #[test]
    fn short_and_bad_lines_are_faults() {
        for short in [&b""[..], b"\n", b"1193\n", b"1193 543\n"] {
            assert_eq!(statm(short), Err(Fault { kind: FaultKind::Missing, line: 1 }));
        }
        for bad in [&b"1 -2 3\n"[..], b"1 2 x\n", b"1 99999999999999999999 3\n"] {
            assert_eq!(statm(bad), Err(Fault { kind: FaultKind::Number, line: 1 }));
        }
    }

    #[test]
    fn a_read_cut_anywhere_is_a_fault() {
        assert!(cuts(STATM).all(|cut| statm(cut).is_err()));
    }
}
