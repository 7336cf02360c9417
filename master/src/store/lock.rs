//! The lock on an SQLite file: one master at a time, and nobody replaces the file under it.
//!
//! It is on a file beside the database (`neon.db.lock`), because the database itself is replaced by a restore, and because
//! closing a file that SQLite has open gives up SQLite's own locks on it. flock(2): it goes with the process, however
//! that ends, so a file that is left behind locks nobody out.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::sqlite::make_folder;
use super::{Location, StoreError};

/// Held as long as this value lives.
#[derive(Debug)]
pub struct Lock {
    _file: Option<File>,
}

impl Lock {
    /// Takes the lock on a store; PostgreSQL needs none.
    ///
    /// Errors: [`StoreError::InUse`] where another process has it.
    pub fn take(location: &Location) -> Result<Self, StoreError> {
        match location {
            Location::Sqlite(path) => Self::of_file(path),
            Location::Postgres(_) => Ok(Self { _file: None }),
        }
    }

    /// Takes the lock on the SQLite file at `path`, which need not be there.
    pub fn of_file(path: &Path) -> Result<Self, StoreError> {
        make_folder(path)?;
        let lock_path = beside(path, ".lock");
        let file = open(&lock_path).map_err(|error| StoreError::File(lock_path.clone(), error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(StoreError::File(lock_path, error)),
        }
    }
}

/// `path` with `suffix` at the end of its name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// For reading where it is there: it may be another user's, who restored a backup.
fn open(path: &Path) -> io::Result<File> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o644).open(path)
        }
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("neon.db");
        let first = Lock::of_file(&path).unwrap();
        assert!(matches!(Lock::of_file(&path), Err(StoreError::InUse(_))));
        drop(first);
        assert!(Lock::of_file(&path).is_ok());
    }
}
