//! `/proc/sys/fs/file-nr`: file handles.
//!
//! Source: kernel document admin-guide/sysctl/fs: allocated, free (0 since Linux 2.6) and the maximum.

use super::{Fault, fields, next_number};

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
    let line = super::lines(bytes).next().map(|(_, line)| line).unwrap_or_default();
    let mut fields = fields(line);
    let mut next = || next_number(&mut fields, 1);
    let (allocated, free, max) = (next()?, next()?, next()?);
    Ok(FileNr { open: allocated.saturating_sub(free), max })
}
