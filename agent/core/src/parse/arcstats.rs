//! `/proc/spl/kstat/zfs/arcstats`: the ZFS cache.
//!
//! Source: OpenZFS, module/zfs/arc.c; a line of the kstat itself, a heading, then `name type data`.

use super::{Fault, FaultKind, fields, lines, number};

/// Size of the cache in bytes, the row `size`. Errors: `Missing` without it, `Number`.
pub fn arcstats(bytes: &[u8]) -> Result<u64, Fault> {
    let mut last_line = 0u32;
    for (line_number, line) in lines(bytes) {
        last_line = line_number;
        if !line.starts_with(b"size ") {
            continue;
        }
        let value = fields(line).nth(2).ok_or(Fault { kind: FaultKind::Missing, line: line_number })?;
        return number(value).ok_or(Fault { kind: FaultKind::Number, line: line_number });
    }
    Err(Fault { kind: FaultKind::Missing, line: last_line.saturating_add(1) })
}
