//! `/proc/sys/fs/file-nr`: file handles.
//!
//! Source: kernel document admin-guide/sysctl/fs: allocated, free (0 since Linux 2.6) and the maximum.

use super::{Fault, Words, first_line};

/// File handles of the whole system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileNr {
    /// In use: allocated and not free.
    pub open: u64,
    /// What the kernel gives out at most; 2^63 - 1 where there is no limit.
    pub max: u64,
}

/// Reads `/proc/sys/fs/file-nr`. Errors: `Missing` and `Number`.
pub fn file_nr(bytes: &[u8]) -> Result<FileNr, Fault> {
    let mut words = Words(first_line(bytes));
    let mut next = || words.number().map_err(|kind| Fault { kind, line: 1 });
    let (allocated, free, max) = (next()?, next()?, next()?);
    Ok(FileNr { open: allocated.saturating_sub(free), max })
}

#[cfg(test)]
mod tests {
    use super::super::{FaultKind, cuts};
    use super::*;

    #[test]
    fn open_files_are_those_allocated_and_not_free() {
        assert_eq!(file_nr(b"1462\t0\t2466170\n"), Ok(FileNr { open: 1_462, max: 2_466_170 }));
        assert_eq!(file_nr(b"100\t40\t1000\n").unwrap().open, 60);
        assert_eq!(file_nr(b"1\t2\t3\n").unwrap().open, 0);
    }

    #[test]
    fn no_limit_is_a_number_as_well() {
        assert_eq!(file_nr(b"1462\t0\t9223372036854775807\n").unwrap().max, 9_223_372_036_854_775_807);
    }

    #[test]
    fn short_and_bad_lines_are_faults() {
        let kind = |bytes| file_nr(bytes).unwrap_err();
        for short in [&b""[..], b"\n", b"1462\n", b"1462\t0\n"] {
            assert_eq!(kind(short), Fault { kind: FaultKind::Missing, line: 1 });
        }
        for bad in [&b"x\t0\t1\n"[..], b"1\t0\t-1\n", b"1\t0\t99999999999999999999\n"] {
            assert_eq!(kind(bad), Fault { kind: FaultKind::Number, line: 1 });
        }
    }

    #[test]
    fn a_read_cut_anywhere_is_a_fault() {
        assert!(cuts(b"1462\t0\t2466170\n").all(|cut| file_nr(cut).is_err()));
    }
}
