//! How much room is left where SQLite's file is, and whether samples still fit.
//!
//! Looked at once a second, beside the requests: whoever stores asks a flag. Depends on `statvfs` and the size of the
//! log, and knows nothing of the database. PostgreSQL's disk cannot be seen from here.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use nix::sys::statvfs::statvfs;

/// Time between two looks. What is stored in it is part of what [`RESERVE_MIN_BYTES`] has room for.
pub const LOOK: Duration = Duration::from_secs(1);
/// Reserve where none is named: a part of the file system, within bounds. The least has room for a full queue and a
/// second at 30,000 rows of 300 bytes, both once in the log and once in the file: 58 MB.
const RESERVE_DIVISOR: u64 = 20;
const RESERVE_MIN_BYTES: u64 = 64 << 20;
const RESERVE_MAX_BYTES: u64 = 1 << 30;
/// By which part of the reserve there has to be more than it before samples are taken again: more than the log moves
/// about by, so that the guard does not open and close with it.
const REOPEN_DIVISOR: u64 = 8;

/// What one look saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Free for this process, in bytes.
    pub free_bytes: u64,
    /// Size of the file system, in bytes.
    pub total_bytes: u64,
    /// The log that may still have to be moved into the file, which grows by as much at most, in bytes.
    pub log_bytes: u64,
    /// What is kept free, in bytes.
    pub reserve_bytes: u64,
}

impl Room {
    /// What samples may still take, in bytes.
    pub fn left_bytes(&self) -> u64 {
        self.free_bytes.saturating_sub(self.log_bytes).saturating_sub(self.reserve_bytes)
    }

    /// Whether samples do not fit, given whether they did not before.
    fn is_low(&self, was_low: bool) -> bool {
        let more = if was_low { self.reserve_bytes / REOPEN_DIVISOR } else { 0 };
        self.free_bytes.saturating_sub(self.log_bytes) < self.reserve_bytes.saturating_add(more)
    }
}

/// The guard of one SQLite file.
#[derive(Debug)]
pub struct Disk {
    file: PathBuf,
    log: PathBuf,
    /// What the operator wants kept free; `None` for a part of the file system.
    reserve_bytes: Option<u64>,
    is_low: AtomicBool,
    room: Mutex<Option<Room>>,
    cannot_look: AtomicBool,
}

impl Disk {
    /// The guard of `file`, open until the first look.
    pub fn new(file: &Path, reserve_bytes: Option<u64>) -> Self {
        let mut log = file.as_os_str().to_owned();
        log.push("-wal");
        Self {
            file: file.to_owned(),
            log: log.into(),
            reserve_bytes,
            is_low: AtomicBool::new(false),
            room: Mutex::new(None),
            cannot_look: AtomicBool::new(false),
        }
    }

    /// Whether new rows are turned away.
    pub fn is_low(&self) -> bool {
        self.is_low.load(Ordering::Relaxed)
    }

    /// What the last look saw; `None` where it failed.
    pub fn room(&self) -> Option<Room> {
        *self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks, and tells the log when the guard closes or opens. Blocks: a file system of another host may hang.
    pub fn look(&self) {
        let room = self.measure();
        *self.room.lock().unwrap_or_else(PoisonError::into_inner) = room.as_ref().ok().copied();
        match room {
            Ok(room) => {
                self.cannot_look.store(false, Ordering::Relaxed);
                self.judge(&room);
            }
            // The last verdict stays: nothing was learned.
            Err(error) => {
                if !self.cannot_look.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "cannot see how much room the disk has");
                }
            }
        }
    }

    fn judge(&self, room: &Room) {
        let was_low = self.is_low();
        let is_low = room.is_low(was_low);
        self.is_low.store(is_low, Ordering::Relaxed);
        let Room { free_bytes, total_bytes, log_bytes, reserve_bytes } = *room;
        match (was_low, is_low) {
            (false, true) => tracing::error!(
                free_bytes,
                total_bytes,
                log_bytes,
                reserve_bytes,
                "the disk is nearly full: samples and containers are turned away until there is room; agents keep them \
                 (MIN_FREE_DISK_MB)"
            ),
            (true, false) => {
                tracing::info!(free_bytes, total_bytes, reserve_bytes, "the disk has room: samples are taken again");
            }
            _ => {}
        }
    }

    fn measure(&self) -> io::Result<Room> {
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let seen = statvfs(folder)?;
        // Units of fragments, statvfs(3). Of 32 bits each on some systems.
        #[allow(clippy::useless_conversion)]
        let (fragment_bytes, total, free): (u64, u64, u64) =
            (seen.fragment_size().into(), seen.blocks().into(), seen.blocks_available().into());
        let total_bytes = total.saturating_mul(fragment_bytes);
        Ok(Room {
            free_bytes: free.saturating_mul(fragment_bytes),
            total_bytes,
            log_bytes: std::fs::metadata(&self.log).map_or(0, |log| log.len()),
            reserve_bytes: self.reserve_bytes.unwrap_or_else(|| default_reserve_bytes(total_bytes)),
        })
    }
}

fn default_reserve_bytes(total_bytes: u64) -> u64 {
    (total_bytes / RESERVE_DIVISOR).clamp(RESERVE_MIN_BYTES, RESERVE_MAX_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn room(free_bytes: u64, log_bytes: u64) -> Room {
        Room { free_bytes, total_bytes: 1000 * MIB, log_bytes, reserve_bytes: 80 * MIB }
    }

    #[test]
    fn the_reserve_is_a_twentieth_within_bounds() {
        assert_eq!(default_reserve_bytes(0), 64 * MIB);
        assert_eq!(default_reserve_bytes(1280 * MIB), 64 * MIB);
        assert_eq!(default_reserve_bytes(1300 * MIB), 65 * MIB);
        assert_eq!(default_reserve_bytes(20 * 1024 * MIB), 1024 * MIB);
        assert_eq!(default_reserve_bytes(u64::MAX), 1024 * MIB);
    }

    #[test]
    fn it_closes_under_the_reserve_and_not_at_it() {
        assert!(!room(80 * MIB, 0).is_low(false));
        assert!(room(80 * MIB - 1, 0).is_low(false));
        assert!(room(0, 0).is_low(false));
    }

    #[test]
    fn it_opens_an_eighth_above_it() {
        assert!(room(80 * MIB, 0).is_low(true));
        assert!(room(90 * MIB - 1, 0).is_low(true));
        assert!(!room(90 * MIB, 0).is_low(true));
    }

    #[test]
    fn a_log_that_has_to_be_moved_takes_its_room() {
        assert!(!room(84 * MIB, 4 * MIB).is_low(false));
        assert!(room(84 * MIB, 4 * MIB + 1).is_low(false));
        assert!(room(84 * MIB, u64::MAX).is_low(false), "no underflow");
        assert_eq!(room(100 * MIB, 4 * MIB).left_bytes(), 16 * MIB);
        assert_eq!(room(80 * MIB, 4 * MIB).left_bytes(), 0);
    }

    #[test]
    fn a_reserve_of_nothing_never_closes() {
        assert!(!Room { reserve_bytes: 0, ..room(0, 0) }.is_low(false));
        assert!(Room { reserve_bytes: u64::MAX, ..room(0, 0) }.is_low(true), "no overflow");
    }

    #[test]
    fn a_real_file_system_is_seen_and_one_that_is_gone_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new(&folder.path().join("neon.db"), Some(u64::MAX));
        assert!(!disk.is_low());
        std::fs::write(folder.path().join("neon.db-wal"), [0; 100]).unwrap();
        disk.look();
        let room = disk.room().unwrap();
        assert!(room.total_bytes >= room.free_bytes && room.total_bytes > 0);
        assert_eq!((room.log_bytes, disk.is_low()), (100, true));
        folder.close().unwrap();
        disk.look();
        assert_eq!((disk.room(), disk.is_low()), (None, true));
    }
}
