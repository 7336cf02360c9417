//! `/proc/<pid>/statm`: memory of a process, in pages.
//!
//! Source: proc_pid_statm(5): size, resident, shared, …

use super::{Fault, fields, lines, next_number};

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
    let line = lines(bytes).next().map(|(_, line)| line).unwrap_or_default();
    let mut fields = fields(line);
    let mut next = || next_number(&mut fields, 1);
    let (_size, resident_pages, shared_pages) = (next()?, next()?, next()?);
    Ok(Statm { resident_pages, shared_pages })
}
