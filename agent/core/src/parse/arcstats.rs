//! `/proc/spl/kstat/zfs/arcstats`: the ZFS cache.
//!
//! Source: OpenZFS, module/zfs/arc.c; a line of the kstat itself, a heading, then `name type data`.

use super::{Fault, FaultKind, Words, lines};

/// Size of the cache in bytes, the row `size`. Errors: `Missing` without it, `Number`.
pub fn arcstats(bytes: &[u8]) -> Result<u64, Fault> {
    let mut last_line = 0u32;
    for (line_number, line) in lines(bytes) {
        last_line = line_number;
        if !line.starts_with(b"size ") {
            continue;
        }
        let mut words = Words(line);
        let size = words.word().and(words.word()).and_then(|_type| words.number());
        return size.map_err(|kind| Fault { kind, line: line_number });
    }
    Err(Fault { kind: FaultKind::Missing, line: last_line.saturating_add(1) })
}
