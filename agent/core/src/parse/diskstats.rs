//! `/proc/diskstats`: what each block device did.
//!
//! Source: proc_diskstats(5) and kernel document admin-guide/iostats: major, minor, name, then at least eleven columns.

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
pub fn diskstats(bytes: &[u8], mut wanted: impl FnMut(&[u8]) -> bool) -> impl Iterator<Item = Result<Disk<'_>, Fault>> {
    lines(bytes).filter_map(move |(number, line)| {
        let disk = disk(line, &mut wanted).map_err(|kind| Fault { kind, line: number });
        disk.transpose()
    })
}

fn disk<'a>(line: &'a [u8], mut wanted: impl FnMut(&[u8]) -> bool) -> Result<Option<Disk<'a>>, FaultKind> {
    let mut words = Words(line);
    let (_major, _minor, name) = (words.word()?, words.word()?, words.word()?);
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
