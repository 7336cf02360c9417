//! `/proc/meminfo`: how the memory is used.
//!
//! Source: proc_meminfo(5). The file writes "kB" and means KiB; values leave here in bytes. Unknown keys are skipped.

use super::{Fault, FaultKind, Words, lines};

const BYTES_PER_KIB: u64 = 1024;
/// Keys that are read; they stand in the first half of the file, so the rest need not be looked at.
const WANTED_KEYS: u32 = 8;

/// What the agent takes from `/proc/meminfo`, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meminfo {
    /// Memory the kernel can use (`MemTotal`).
    pub total_bytes: u64,
    /// Memory that new work could use without swapping (`MemAvailable`, Linux 3.14 and later; before that free plus
    /// buffers plus page cache, which overstates it). At most `total_bytes`.
    pub available_bytes: u64,
    /// Unused altogether (`MemFree`).
    pub free_bytes: Option<u64>,
    /// Cache of block devices (`Buffers`).
    pub buffers_bytes: Option<u64>,
    /// Cache of files, shared memory included (`Cached`).
    pub cached_bytes: Option<u64>,
    /// Waiting to be written to disk (`Dirty`).
    pub dirty_bytes: Option<u64>,
    /// Size of all swap areas (`SwapTotal`).
    pub swap_total_bytes: Option<u64>,
    /// Swap not in use (`SwapFree`).
    pub swap_free_bytes: Option<u64>,
}

/// Reads `/proc/meminfo`.
///
/// Errors: `Missing` without `MemTotal`, or without both `MemAvailable` and the three values that stand in for it;
/// `Number` or `Syntax` where one of these keys has no number in kB.
pub fn meminfo(bytes: &[u8]) -> Result<Meminfo, Fault> {
    let mut meminfo = Meminfo::default();
    let (mut total, mut available) = (None, None);
    let mut last_line = 0u32;
    let mut wanted = WANTED_KEYS;
    for (line_number, line) in lines(bytes) {
        last_line = line_number;
        // Most keys begin otherwise.
        if !matches!(line.first(), Some(b'M' | b'B' | b'C' | b'D' | b'S')) {
            continue;
        }
        let mut words = Words(line);
        let slot = match words.next() {
            Some(b"MemTotal:") => &mut total,
            Some(b"MemAvailable:") => &mut available,
            Some(b"MemFree:") => &mut meminfo.free_bytes,
            Some(b"Buffers:") => &mut meminfo.buffers_bytes,
            Some(b"Cached:") => &mut meminfo.cached_bytes,
            Some(b"Dirty:") => &mut meminfo.dirty_bytes,
            Some(b"SwapTotal:") => &mut meminfo.swap_total_bytes,
            Some(b"SwapFree:") => &mut meminfo.swap_free_bytes,
            _ => continue,
        };
        *slot = Some(kib_as_bytes(&mut words).map_err(|kind| Fault { kind, line: line_number })?);
        wanted = wanted.saturating_sub(1);
        if wanted == 0 {
            break;
        }
    }

    let missing = Fault { kind: FaultKind::Missing, line: last_line.saturating_add(1) };
    meminfo.total_bytes = total.ok_or(missing)?;
    let stand_in = || {
        let Meminfo { free_bytes, buffers_bytes, cached_bytes, .. } = meminfo;
        Some(free_bytes?.saturating_add(buffers_bytes?).saturating_add(cached_bytes?))
    };
    meminfo.available_bytes = available.or_else(stand_in).ok_or(missing)?.min(meminfo.total_bytes);
    Ok(meminfo)
}

#[inline(always)]
fn kib_as_bytes(words: &mut Words<'_>) -> Result<u64, FaultKind> {
    let kib = words.number()?;
    if words.next() != Some(b"kB") {
        return Err(FaultKind::Syntax);
    }
    kib.checked_mul(BYTES_PER_KIB).ok_or(FaultKind::Number)
}

#[cfg(test)]
mod tests {
    use super::super::cuts;
    use super::*;

    const DEBIAN_12: &[u8] = b"MemTotal:       24689764 kB\nMemFree:        22034220 kB\nMemAvailable:   23914472 kB\n\
        Buffers:           64608 kB\nCached:          1986796 kB\nSwapCached:          999 kB\n\
        SwapTotal:       2097148 kB\nSwapFree:        1048576 kB\nDirty:               116 kB\n\
        HugePages_Total:       0\nDirectMap4k:      163752 kB\n";

    #[test]
    fn values_leave_in_bytes() {
        let kib = |kib: u64| Some(kib * 1024);
        let meminfo = meminfo(DEBIAN_12).unwrap();
        assert_eq!(meminfo.total_bytes, 24_689_764 * 1024);
        assert_eq!(meminfo.available_bytes, 23_914_472 * 1024);
        assert_eq!(meminfo.free_bytes, kib(22_034_220));
        assert_eq!(meminfo.buffers_bytes, kib(64_608));
        assert_eq!(meminfo.cached_bytes, kib(1_986_796));
        assert_eq!(meminfo.swap_total_bytes, kib(2_097_148));
        assert_eq!(meminfo.swap_free_bytes, kib(1_048_576));
        assert_eq!(meminfo.dirty_bytes, kib(116));
    }

    #[test]
    fn what_the_file_does_not_say_is_absent() {
        let meminfo = meminfo(b"MemTotal: 2 kB\nMemAvailable: 1 kB\n").unwrap();
        let only = Meminfo { total_bytes: 2048, available_bytes: 1024, ..Meminfo::default() };
        assert_eq!(meminfo, only);
    }

    #[test]
    fn before_linux_3_14_free_buffers_and_cache_stand_in() {
        let old = b"MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 20 kB\nCached: 3 kB\n";
        assert_eq!(meminfo(old).unwrap().available_bytes, 123 * 1024);
    }

    #[test]
    fn available_never_exceeds_total() {
        let odd = b"MemTotal: 10 kB\nMemAvailable: 11 kB\n";
        assert_eq!(meminfo(odd).unwrap().available_bytes, 10 * 1024);
    }

    #[test]
    fn lone_words_and_bad_numbers_are_faults() {
        let fault = |bytes| meminfo(bytes).unwrap_err();
        assert_eq!(fault(b""), Fault { kind: FaultKind::Missing, line: 1 });
        assert_eq!(fault(b"MemTotal:\n"), Fault { kind: FaultKind::Missing, line: 1 });
        assert_eq!(fault(b"MemTotal: 1 kB\n"), Fault { kind: FaultKind::Missing, line: 2 });
        assert_eq!(fault(b"MemTotal: 1 MB\n"), Fault { kind: FaultKind::Syntax, line: 1 });
        assert_eq!(fault(b"MemTotal: x kB\n"), Fault { kind: FaultKind::Number, line: 1 });
        assert_eq!(fault(b"MemTotal: 18446744073709551615 kB\n"), Fault { kind: FaultKind::Number, line: 1 });
    }

    #[test]
    fn a_read_cut_anywhere_never_gives_a_wrong_number() {
        let whole = meminfo(DEBIAN_12).unwrap();
        let agree = |cut: Option<u64>, whole: Option<u64>| cut.is_none() || cut == whole;
        for cut in cuts(DEBIAN_12) {
            let Ok(meminfo) = meminfo(cut) else { continue };
            assert_eq!((meminfo.total_bytes, meminfo.available_bytes), (whole.total_bytes, whole.available_bytes));
            assert!(agree(meminfo.buffers_bytes, whole.buffers_bytes) && agree(meminfo.dirty_bytes, whole.dirty_bytes));
            assert!(agree(meminfo.free_bytes, whole.free_bytes) && agree(meminfo.cached_bytes, whole.cached_bytes));
            assert!(agree(meminfo.swap_total_bytes, whole.swap_total_bytes));
            assert!(agree(meminfo.swap_free_bytes, whole.swap_free_bytes));
        }
    }
}
