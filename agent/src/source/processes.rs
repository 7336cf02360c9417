//! The number of processes, from the link count of `/proc`.
//!
//! Listing `/proc` costs a system call per few hundred processes and the kernel a look at each. Its link count is the
//! same number for one stat(2): `proc_root_getattr` in the kernel's fs/proc/root.c adds the processes to the links
//! that any folder has, which are two and one for each folder in it.

use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::stat::stat;
use nix::sys::statfs::{PROC_SUPER_MAGIC, statfs};

/// Links of a folder itself: its name and its own dot.
const OWN_LINKS: u64 = 2;

/// Counts the processes of one `/proc`.
pub struct Processes {
    proc: PathBuf,
    /// Links that are no processes; `None` where `/proc` is no procfs, and so its links mean nothing.
    other_links: Option<u64>,
}

impl Processes {
    /// The processes of `proc`; looks once which of its folders are none.
    pub fn new(proc: &Path) -> Self {
        let is_procfs = statfs(proc).is_ok_and(|statistics| statistics.filesystem_type() == PROC_SUPER_MAGIC);
        let folders = is_procfs.then(|| std::fs::read_dir(proc).ok()).flatten().map(|entries| {
            let folders = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
            let is_process = |name: &[u8]| name.iter().all(u8::is_ascii_digit);
            folders.filter(|entry| !is_process(entry.file_name().as_encoded_bytes())).count() as u64
        });
        Self { proc: proc.to_owned(), other_links: folders.map(|folders| folders + OWN_LINKS) }
    }

    /// Processes that exist now; `None` where that cannot be told. Errors: those of stat(2).
    pub fn count(&self) -> Result<Option<u64>, Errno> {
        let Some(other_links) = self.other_links else { return Ok(None) };
        Ok(stat(&self.proc)?.st_nlink.checked_sub(other_links))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_that_of_the_listed_processes() {
        let processes = Processes::new(Path::new("/proc"));
        let listed = || {
            let names = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.file_name());
            names.filter(|name| name.as_encoded_bytes().iter().all(u8::is_ascii_digit)).count() as u64
        };
        // Processes come and go between the two; that they agree once in a while is enough.
        let agrees = (0..1000).any(|_| {
            let before = listed();
            processes.count().unwrap() == Some(before) && before == listed()
        });
        assert!(agrees);
    }

    #[test]
    fn a_folder_that_is_no_procfs_says_nothing() {
        assert_eq!(Processes::new(&std::env::temp_dir()).count(), Ok(None));
        assert_eq!(Processes::new(Path::new("/nowhere")).count(), Ok(None));
    }
}
