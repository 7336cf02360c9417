//! `/proc/spl/kstat/zfs/arcstats`: the ZFS cache.
//!
//! Source: OpenZFS, module/zfs/arc.c; a line of the kstat itself, a heading, then `name type data`.

use super::{Fault, FaultKind, Words, behind_key, line_of};

/// Size of the cache in bytes, from the row `size`.
///
/// Errors: `Missing` without that row or its third column, `Number` where that is none.
pub fn arcstats(bytes: &[u8]) -> Result<u64, Fault> {
    let fault = |kind, rest| Fault { kind, line: line_of(bytes, rest) };
    let missing = || fault(FaultKind::Missing, &[]);
    let row = behind_key(bytes, b"\nsize ").ok_or_else(missing)?;
    // Without its end the number may have been cut.
    let (line, _) = row.split_at_checked(memchr::memchr(b'\n', row).ok_or_else(missing)?).ok_or_else(missing)?;
    let mut words = Words(line);
    words.word().and_then(|_type| words.number()).map_err(|kind| fault(kind, row))
}

#[cfg(test)]
mod tests {
    use super::super::cuts;
    use super::*;

    /// As module/os/linux/spl/spl-kstat.c writes it, cut down to a few rows.
    const ARCSTATS: &[u8] =
        b"13 1 0x01 147 39984 8012345678 1234567890123\nname                            type data\n\
        hits                            4    8102\ncompressed_size                 4    77\n\
        size                            4    17179869184\nhdr_size                        4    5\n";

    #[test]
    fn the_size_is_the_row_of_that_whole_name() {
        assert_eq!(arcstats(ARCSTATS), Ok(17_179_869_184));
    }

    #[test]
    fn a_file_without_a_size_is_a_fault() {
        let fault = |bytes| arcstats(bytes).unwrap_err();
        assert_eq!(fault(b""), Fault { kind: FaultKind::Missing, line: 1 });
        assert_eq!(fault(b"hits 4 1\n"), Fault { kind: FaultKind::Missing, line: 2 });
        assert_eq!(fault(b"x\nsize 4\n"), Fault { kind: FaultKind::Missing, line: 2 });
        assert_eq!(fault(b"size 4 -1\n"), Fault { kind: FaultKind::Number, line: 1 });
        assert_eq!(fault(b"size 4 99999999999999999999\n"), Fault { kind: FaultKind::Number, line: 1 });
    }

    #[test]
    fn a_read_cut_anywhere_never_gives_a_wrong_number() {
        for cut in cuts(ARCSTATS) {
            assert!(arcstats(cut).is_err() || arcstats(cut) == arcstats(ARCSTATS), "cut at {}", cut.len());
        }
    }
}
