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
