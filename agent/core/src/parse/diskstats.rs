//! `/proc/diskstats`: what each block device did.
//!
//! Source: proc_diskstats(5) and kernel document admin-guide/iostats: major, minor, name, then at least eleven columns.

use super::{Fault, FaultKind, fields, lines, next_number};

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

/// Yields every device, or the fault of its line; a bad line costs that device alone.
pub fn diskstats(bytes: &[u8]) -> impl Iterator<Item = Result<Disk<'_>, Fault>> {
    lines(bytes).map(|(number, line)| disk(line, number))
}

fn disk(line: &[u8], line_number: u32) -> Result<Disk<'_>, Fault> {
    let mut fields = fields(line);
    let missing = Fault { kind: FaultKind::Missing, line: line_number };
    let name = fields.by_ref().nth(2).ok_or(missing)?;
    let mut next = || next_number(&mut fields, line_number);
    let (reads_total, _merged, read_sectors_total, read_ms_total) = (next()?, next()?, next()?, next()?);
    let (writes_total, _merged, write_sectors_total, write_ms_total) = (next()?, next()?, next()?, next()?);
    let (_in_flight, busy_ms_total) = (next()?, next()?);
    Ok(Disk {
        name,
        reads_total,
        read_sectors_total,
        read_ms_total,
        writes_total,
        write_sectors_total,
        write_ms_total,
        busy_ms_total,
    })
}
