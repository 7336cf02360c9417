//! `/proc/diskstats`: what each block device did.
//!
//! Source: proc_diskstats(5) and kernel document admin-guide/iostats: major, minor, name, then eleven columns since
//! Linux 2.6, fifteen since 4.18 (discards), seventeen since 5.5 (flushes). What follows the tenth is not looked at.

use super::{Fault, FaultKind, Words, lines};

/// One device's counters since boot. Sectors are of 512 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk<'a> {
    /// Name without `/dev/`.
    pub name: &'a [u8],
    /// Reads completed.
    pub reads_total: u64,
    /// Sectors read.
    pub read_sectors_total: u64,
    /// Time that all reads took together.
    pub read_ms_total: u64,
    /// Writes completed.
    pub writes_total: u64,
    /// Sectors written.
    pub write_sectors_total: u64,
    /// Time that all writes took together.
    pub write_ms_total: u64,
    /// Time with at least one request under way.
    pub busy_ms_total: u64,
}

/// Yields every device that is `wanted` by its name, or the fault of its line; a bad line costs that device alone.
///
/// Errors: `Missing` and `Number`. Before Linux 2.6.25 a partition had four columns; such a line is `Missing`.
pub fn diskstats(bytes: &[u8], mut wanted: impl FnMut(&[u8]) -> bool) -> impl Iterator<Item = Result<Disk<'_>, Fault>> {
    lines(bytes).filter_map(move |(number, line)| {
        let disk = disk(line, &mut wanted).map_err(|kind| Fault { kind, line: number });
        disk.transpose()
    })
}

fn disk<'a>(line: &'a [u8], mut wanted: impl FnMut(&[u8]) -> bool) -> Result<Option<Disk<'a>>, FaultKind> {
    let mut words = Words(line);
    // Their numbers are not wanted, but what has none is no device.
    let (_major, _minor, name) = (words.number()?, words.number()?, words.word()?);
    if !wanted(name) {
        return Ok(None);
    }
    let mut next = || words.number();
    let (reads_total, _merged, read_sectors_total, read_ms_total) = (next()?, next()?, next()?, next()?);
    let (writes_total, _merged, write_sectors_total, write_ms_total) = (next()?, next()?, next()?, next()?);
    let (_in_flight, busy_ms_total) = (next()?, next()?);
    Ok(Some(Disk {
        name,
        reads_total,
        read_sectors_total,
        read_ms_total,
        writes_total,
        write_sectors_total,
        write_ms_total,
        busy_ms_total,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::cuts;
    use super::*;

    /// The disk of a Debian 12 virtual machine, Linux 6.18.
    const LINUX_6: &[u8] = b" 254       0 vda 156098 18303 20377170 150518 17347 94346 33676608 180073 0 26420 332692 \
        8268 129 768056 2058 495 42\n";
    const VDA: Disk<'_> = Disk {
        name: b"vda",
        reads_total: 156_098,
        read_sectors_total: 20_377_170,
        read_ms_total: 150_518,
        writes_total: 17_347,
        write_sectors_total: 33_676_608,
        write_ms_total: 180_073,
        busy_ms_total: 26_420,
    };

    #[test]
    fn every_column_is_the_one_of_its_name() {
        assert!(diskstats(LINUX_6, |_| true).eq([Ok(VDA)]));
    }

    #[test]
    fn the_eleven_columns_of_linux_2_6_are_enough() {
        let old = b"   8    0 sda 156098 18303 20377170 150518 17347 94346 33676608 180073 0 26420 332692\n";
        assert!(diskstats(old, |_| true).eq([Ok(Disk { name: b"sda", ..VDA })]));
    }

    #[test]
    fn a_device_that_is_not_wanted_is_left_out_whatever_its_counters() {
        let file = b"7 0 loop0 x\n8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n";
        let names: heapless::Vec<_, 2> =
            diskstats(file, |name| name == b"sda").map(|disk| disk.unwrap().name).collect();
        assert_eq!(names, [b"sda"]);
    }

    #[test]
    fn a_bad_line_costs_only_itself() {
        let file = b"\n8 0\n   8    1 sda1 35486 38030 38030 38030\n8 0 sdb 1 2 3 4 5 6 7 8 9 x 11\n\
            8 0 sdc 1 2 3 4 5 6 7 8 9 99999999999999999999 11\n8 0 \xff\xfe) 1 2 3 4 5 6 7 8 9 10 11\n8 0 cut 1 2 3 4 5 6 7 8 9 10";
        let mut disks = diskstats(file, |_| true);
        let fault = |kind, line| Some(Err(Fault { kind, line }));
        assert_eq!(disks.next(), fault(FaultKind::Missing, 1));
        assert_eq!(disks.next(), fault(FaultKind::Missing, 2));
        assert_eq!(disks.next(), fault(FaultKind::Missing, 3));
        assert_eq!(disks.next(), fault(FaultKind::Number, 4));
        assert_eq!(disks.next(), fault(FaultKind::Number, 5));
        assert_eq!(disks.next().unwrap().unwrap().name, b"\xff\xfe)");
        assert_eq!(disks.next(), None);
    }

    #[test]
    fn a_read_cut_anywhere_gives_only_whole_lines() {
        assert!(cuts(LINUX_6).all(|cut| diskstats(cut, |_| true).next().is_none()));
    }
}
