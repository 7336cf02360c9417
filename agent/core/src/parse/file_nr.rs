//! `/proc/sys/fs/file-nr`: file handles.
//!
//! Source: kernel document admin-guide/sysctl/fs: allocated, free (0 since Linux 2.6) and the maximum.

use super::{Fault, Words, first_line};

/// File handles of the whole system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileNr {
    /// In use: allocated and not free.
    pub open: u64,
    /// What the kernel gives out at most.
    pub max: u64,
}

/// Reads `/proc/sys/fs/file-nr`. Errors: `Missing` and `Number`.
pub fn file_nr(bytes: &[u8]) -> Result<FileNr, Fault> {
    let mut words = Words(first_line(bytes));
    let mut next = || words.number().map_err(|kind| Fault { kind, line: 1 });
    let (allocated, free, max) = (next()?, next()?, next()?);
    Ok(FileNr { open: allocated.saturating_sub(free), max })
}
