//! A copy of an SQLite database while it is in use, and the way back.
//!
//! Both copy with `VACUUM INTO`: one read transaction, so that the copy is of one moment and holds what is still in the
//! log, and no writer waits for it. SQLite's backup API begins again whenever somebody else has written, which under
//! constant writes is for ever. What is made has no log of its own: it is one file.
//!
//! Whatever is made is made under another name, checked, synced and renamed, so that a name never stands for a half.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use neon_shared::time::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::lock::{Lock, beside};
use super::schema::{self, Schema};
use super::sqlite::MIGRATIONS;
use super::{Location, StoreError};

/// How long the file's lock is waited for.
const WAIT: Duration = Duration::from_secs(5);
/// Every SQLite database begins with it.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// A database beside it, and what its engine may have left of its work.
const LOG: &str = "-wal";
const LOG_INDEX: &str = "-shm";
const JOURNAL: &str = "-journal";

/// What is in a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Rows of servers.
    pub servers: i64,
    /// Rows of samples.
    pub samples: i64,
    /// Size of the file.
    pub bytes: u64,
}

/// What a restore did.
#[derive(Debug, PartialEq, Eq)]
pub struct Restored {
    /// The database file.
    pub path: PathBuf,
    /// What is in it now.
    pub contents: Contents,
    /// Where the database that was there is now.
    pub replaced: Option<PathBuf>,
}

/// Why there is no copy; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// PostgreSQL has its own tools.
    #[error("{0} is not copied by neon-master: use {1}, see docs/operating.md")]
    Postgres(Location, &'static str),
    /// The file to make is there.
    #[error("{} exists already, and is not overwritten", .0.display())]
    Exists(PathBuf),
    /// The same is being made.
    #[error("another process is writing {}", .0.display())]
    Busy(PathBuf),
    /// The file to read is not there.
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    /// The file to read is something else.
    #[error("{} is no database of Neon", .0.display())]
    NotNeon(PathBuf),
    /// The database to read is newer than this master.
    #[error("{} has schema {found}, and this version of neon-master knows those up to {known}: use a newer one", .path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// The database to read stopped in the middle of an upgrade, or was made by something else.
    #[error("{}: migration {found} of its schema is unfinished or not Neon's", .path.display())]
    Broken {
        /// The database.
        path: PathBuf,
        /// The migration.
        found: i64,
    },
    /// A database is damaged.
    #[error("{} is damaged: {found}", .path.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What the engine found first.
        found: String,
    },
    /// The copy has not what was copied.
    #[error("the copy has {copy:?}, and what was copied {source_has:?}")]
    Differs {
        /// What is in the copy.
        copy: Contents,
        /// What is in what was copied.
        source_has: Contents,
    },
    /// A file could not be read, made or renamed.
    #[error("{}", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// The engine could not copy or read.
    #[error("{}", .0.display())]
    Engine(PathBuf, #[source] sqlx::Error),
    /// The store is in use, or is not to be had.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Copies the database at `location` to the new file `to`, also while a master writes to it.
///
/// The copy holds everything that was acknowledged before the call. The log of the running master grows meanwhile by
/// what is written. Errors leave no file behind.
pub async fn backup(location: &Location, to: &Path) -> Result<Contents, BackupError> {
    let Location::Sqlite(from) = location else {
        return Err(BackupError::Postgres(location.clone(), "pg_dump"));
    };
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    must_be_neon(from).await?;
    let copy = Unfinished::create(beside(to, ".partial"))?;
    copy_into(from, &copy.path).await?;
    let contents = check(&copy.path).await?;
    copy.finish(to)?;
    Ok(contents)
}

/// Puts the database in the file `from` in the place of the one at `location`, which is kept beside it.
///
/// A process that is killed in the middle leaves the old database or the new one, whole. `now` goes into the name of
/// what is kept.
pub async fn restore(location: &Location, from: &Path, now: Timestamp) -> Result<Restored, BackupError> {
    let Location::Sqlite(path) = location else {
        return Err(BackupError::Postgres(location.clone(), "pg_restore"));
    };
    must_be_neon(from).await?;
    let source_has = check(from).await?;
    let _lock = Lock::of_file(path)?;
    let copy = Unfinished::create(beside(path, ".restoring"))?;
    copy_into(from, &copy.path).await?;
    let contents = check(&copy.path).await?;
    if (contents.servers, contents.samples) != (source_has.servers, source_has.samples) {
        return Err(BackupError::Differs { copy: contents, source_has });
    }
    copy.belongs_to_the_owner_of(path)?;
    let replaced = keep(path, now).await?;
    copy.finish(path)?;
    Ok(Restored { path: path.clone(), contents, replaced })
}

/// A file that is not yet what it will be; removed where it does not become it.
pub(super) struct Unfinished {
    path: PathBuf,
    /// Locked, so that two processes do not write it at once. SQLite's own locks go when a file is closed that it has
    /// open, so this stays open until SQLite is done.
    file: File,
    finished: bool,
}

impl Unfinished {
    /// Makes it, empty; what a killed process left is overwritten.
    pub(super) fn create(path: PathBuf) -> Result<Self, BackupError> {
        let failed = |error| BackupError::File(path.clone(), error);
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(BackupError::Busy(path)),
            Err(fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        // Finished by another process between the two: then this is a file that counts.
        let is_it = fs::symlink_metadata(&path)
            .is_ok_and(|named| file.metadata().is_ok_and(|own| (own.dev(), own.ino()) == (named.dev(), named.ino())));
        if !is_it {
            return Err(BackupError::Busy(path));
        }
        let unfinished = Self { path, file, finished: false };
        let emptied =
            unfinished.file.set_len(0).and_then(|()| unfinished.file.set_permissions(Permissions::from_mode(0o600)));
        emptied.map_err(|error| BackupError::File(unfinished.path.clone(), error))?;
        remove_what_belongs_to(&unfinished.path)?;
        Ok(unfinished)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it to whom the file at `path` belongs, or else the folder of it: a master that runs as another user than
    /// who restores must be able to write it.
    pub(super) fn belongs_to_the_owner_of(&self, path: &Path) -> Result<(), BackupError> {
        let failed = |error| BackupError::File(self.path.clone(), error);
        let owner = fs::metadata(path).or_else(|_| fs::metadata(folder_of(path))).map_err(failed)?;
        let own = self.file.metadata().map_err(failed)?;
        if (owner.uid(), owner.gid()) == (own.uid(), own.gid()) {
            return Ok(());
        }
        chown(&self.path, Some(owner.uid()), Some(owner.gid())).map_err(failed)
    }

    /// Syncs it and gives it its name.
    pub(super) fn finish(mut self, path: &Path) -> Result<(), BackupError> {
        self.file.sync_all().map_err(|error| BackupError::File(self.path.clone(), error))?;
        remove_what_belongs_to(&self.path)?;
        fs::rename(&self.path, path).map_err(|error| BackupError::File(path.to_owned(), error))?;
        self.finished = true;
        sync_folder_of(path)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.finished {
            // What cannot be removed is overwritten the next time.
            let _ = remove_what_belongs_to(&self.path);
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Refuses what is no database of a schema that this master knows.
pub(super) async fn must_be_neon(path: &Path) -> Result<(), BackupError> {
    let mut head = [0; MAGIC.len()];
    match File::open(path).and_then(|mut file| file.read_exact(&mut head)) {
        Ok(()) if head == *MAGIC => {}
        Ok(()) => return Err(BackupError::NotNeon(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(BackupError::Missing(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(BackupError::NotNeon(path.to_owned()));
        }
        Err(error) => return Err(BackupError::File(path.to_owned(), error)),
    }
    let mut connection = read(path).await?;
    let applied = match schema::of_sqlite(&mut connection).await {
        Ok(Some(applied)) => applied,
        Ok(None) => return Err(BackupError::NotNeon(path.to_owned())),
        Err(StoreError::Database(error) | StoreError::Unavailable(error)) => return Err(damaged_or(path, error)),
        Err(error) => return Err(error.into()),
    };
    match schema::compare(&MIGRATIONS, &applied) {
        Schema::Current | Schema::Older(_) => Ok(()),
        Schema::Newer(found) => {
            Err(BackupError::Newer { path: path.to_owned(), found, known: schema::newest(&MIGRATIONS) })
        }
        Schema::Broken(found) => Err(BackupError::Broken { path: path.to_owned(), found }),
    }
}

async fn copy_into(from: &Path, to: &Path) -> Result<(), BackupError> {
    let mut connection = read(from).await?;
    let to = to.to_str().ok_or_else(|| BackupError::File(to.to_owned(), io::ErrorKind::InvalidFilename.into()))?;
    let outcome = sqlx::query("VACUUM INTO $1").bind(to).execute(&mut connection).await;
    outcome.map_err(|error| match damaged_or(from, error) {
        // Of the two files it is the one that is written.
        BackupError::Engine(_, error) => BackupError::Engine(PathBuf::from(to), error),
        error => error,
    })?;
    connection.close().await.map_err(|error| BackupError::Engine(from.to_owned(), error))
}

/// Reads all of a database and says what is in it.
async fn check(path: &Path) -> Result<Contents, BackupError> {
    let failed = |error| damaged_or(path, error);
    let mut connection = read(path).await?;
    let found: String =
        sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut connection).await.map_err(failed)?;
    if found != "ok" {
        return Err(BackupError::Damaged { path: path.to_owned(), found });
    }
    let sql = "SELECT (SELECT COUNT(*) FROM servers), (SELECT COUNT(*) FROM metrics)";
    let (servers, samples) = sqlx::query_as(sql).fetch_one(&mut connection).await.map_err(failed)?;
    connection.close().await.map_err(failed)?;
    let bytes = fs::metadata(path).map_err(|error| BackupError::File(path.to_owned(), error))?.len();
    Ok(Contents { servers, samples, bytes })
}

/// A connection that does not change the database.
pub(super) async fn read(path: &Path) -> Result<SqliteConnection, BackupError> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(WAIT);
    options.connect().await.map_err(|error| damaged_or(path, error))
}

/// SQLite's "malformed" (11) and "not a database" (26) are about the file and not about what was done with it.
fn damaged_or(path: &Path, error: sqlx::Error) -> BackupError {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    match code.map(|code| code & 0xff) {
        Some(11 | 26) => BackupError::Damaged { path: path.to_owned(), found: error.to_string() },
        _ => BackupError::Engine(path.to_owned(), error),
    }
}

/// Keeps the database at `path` under another name too, and clears away its log, which the next one must not meet: its
/// pages would be taken for those of the new database.
async fn keep(path: &Path, now: Timestamp) -> Result<Option<PathBuf>, BackupError> {
    let failed = |error| BackupError::File(path.to_owned(), error);
    let is_there = fs::symlink_metadata(path).is_ok();
    let kept = is_there.then(|| name_to_keep(path, now));
    if let Some(kept) = &kept {
        // Who opens a damaged database to write may lose its log when closing it.
        if is_readable(path).await? {
            move_log_into(path).await?;
        }
        link(path, kept).map_err(failed)?;
        // Of a database that is too damaged to take its log: what is kept has it beside it.
        for suffix in [LOG, JOURNAL] {
            if fs::metadata(beside(path, suffix)).is_ok_and(|file| file.len() > 0) {
                link(&beside(path, suffix), &beside(kept, suffix)).map_err(failed)?;
            }
        }
        sync_folder_of(path)?;
    }
    remove_what_belongs_to(path)?;
    sync_folder_of(path)?;
    Ok(kept)
}

/// Removes what the engine may have left of its work on a database that nobody has open any more.
pub(super) fn remove_what_belongs_to(path: &Path) -> Result<(), BackupError> {
    for suffix in [LOG, LOG_INDEX, JOURNAL] {
        match fs::remove_file(beside(path, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(BackupError::File(beside(path, suffix), error));
            }
            _ => {}
        }
    }
    Ok(())
}

async fn is_readable(path: &Path) -> Result<bool, BackupError> {
    let outcome = async {
        let mut connection = read(path).await?;
        let sql = "SELECT COUNT(*) FROM sqlite_master";
        let found = sqlx::query(sql).execute(&mut connection).await.map_err(|error| damaged_or(path, error));
        connection.close().await.map_err(|error| damaged_or(path, error))?;
        found
    };
    match outcome.await {
        Ok(_) => Ok(true),
        Err(BackupError::Damaged { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Moves the log of the database into its file, so that the file alone is the database. One that is damaged stays as it
/// is.
///
/// Errors: somebody else has it open, an operator's shell for one.
pub(super) async fn move_log_into(path: &Path) -> Result<(), BackupError> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(false).busy_timeout(WAIT);
    // In this mode the first access fails where any other connection is open.
    let options = options.pragma("locking_mode", "EXCLUSIVE");
    let outcome = async {
        let mut connection = options.connect().await?;
        let outcome = sqlx::query("BEGIN EXCLUSIVE").execute(&mut connection).await;
        let outcome = match outcome {
            Ok(_) => {
                sqlx::query("COMMIT").execute(&mut connection).await?;
                sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await
            }
            error => error,
        };
        connection.close().await?;
        outcome
    }
    .await;
    match outcome {
        Ok(_) => Ok(()),
        Err(error) => match damaged_or(path, error) {
            BackupError::Damaged { .. } => Ok(()),
            BackupError::Engine(_, error) if is_busy(&error) => Err(StoreError::InUse(path.to_owned()).into()),
            error => Err(error),
        },
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}

/// `neon.db.before-restore-20261124T094800Z`, with a number where that is taken.
fn name_to_keep(path: &Path, now: Timestamp) -> PathBuf {
    let time: String = now.to_string().chars().take(19).filter(|c| !matches!(c, '-' | ':')).collect();
    let name = |more: &str| beside(path, &format!(".before-restore-{time}Z{more}"));
    let taken = |path: &PathBuf| fs::symlink_metadata(path).is_ok();
    let more = (2..).map(|number| format!("-{number}"));
    std::iter::once(String::new()).chain(more).map(|more| name(&more)).find(|path| !taken(path)).unwrap_or_default()
}

/// A second name for a file; a copy where the file system knows none.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn sync_folder_of(path: &Path) -> Result<(), BackupError> {
    let folder = folder_of(path);
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| BackupError::File(folder.to_owned(), error))
}
