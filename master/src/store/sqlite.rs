//! How to open SQLite: one connection that writes, a few that read.
//!
//! SQLite has one writer at a time. Where every connection may write, they meet at its lock and some time out; with
//! one writing connection they queue in the pool instead. WAL lets readers go on meanwhile, and `synchronous=FULL`
//! makes a commit wait for the disk, which is what an acknowledgement promises.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{SqlitePool, Transaction};

use super::StoreError;

/// Connections that read.
const READERS: u32 = 4;
/// How long a request waits for a connection, and a connection for the file's lock. Another process may hold it: a
/// backup, or an operator's shell.
const WAIT: Duration = Duration::from_secs(5);

/// The open database.
#[derive(Clone, Debug)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Sqlite {
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            created.map_err(|error| StoreError::Folder(folder.to_owned(), error))?;
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(WAIT);
        let pool = || SqlitePoolOptions::new().acquire_timeout(WAIT).idle_timeout(None).max_lifetime(None);
        let writer = pool().max_connections(1).connect_with(options.clone()).await?;
        sqlx::migrate!("migrations/sqlite").run(&writer).await?;
        let readers = pool().max_connections(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers })
    }

    pub async fn reader(&self) -> Result<PoolConnection<sqlx::Sqlite>, sqlx::Error> {
        self.readers.acquire().await
    }

    /// A transaction that has the write lock from its first moment: one that began by reading could lose it.
    pub async fn begin(&self) -> Result<Transaction<'static, sqlx::Sqlite>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// The writer goes last: it is the one that can move the log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
