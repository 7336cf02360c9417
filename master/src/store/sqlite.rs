//! How to open SQLite: one connection that writes, a few that read; and the statements over a list of servers, which is
//! a JSON text here.
//!
//! SQLite has one writer at a time. Where every connection may write, they meet at its lock and some time out; with
//! one writing connection they queue in the pool instead. WAL lets readers go on meanwhile, and `synchronous=FULL`
//! makes a commit wait for the disk, which is what an acknowledgement promises.

use std::collections::HashMap;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, SqlitePool, Transaction};
use tokio::sync::{Mutex, MutexGuard};

use super::enrolments::{select_code, select_holder};
use super::heard::Newest;
use super::rollups::{Due, Stored, insert_rollups};
use super::servers::{select_stats, set_newest};
use super::storage::Size;
use super::{StoreError, json};
use crate::model::Tier;

/// Connections that read.
const READERS: u32 = 4;
/// How long a request waits for a connection, and a connection for the file's lock. Another process may hold it: a
/// backup, or an operator's shell.
const WAIT: Duration = Duration::from_secs(5);
/// Rows that a connection's thread reads ahead of who asked for them, half a kilobyte or two each.
const ROWS_AHEAD: usize = 256;

/// What is not moved yet of the log, in pages of 4 KiB, past which it is moved into the file beside the writer.
const LOG_UNMOVED_PAGES: i64 = 1024;
/// Length at which the log begins anew, once it is moved. It keeps its length then: a commit into a file that does not
/// grow waits half as long for the disk, or less (docs/decisions/0080-the-log-stays.md).
const LOG_BYTES: i64 = 64 << 20;
/// What may be left to move, in pages, when the writer is made to wait for it. More is left while a reader needs the log,
/// such as a long backup: then waiting would not help, and the log grows until the reader is done.
const LOG_LEFT_PAGES: i64 = 2048;
/// What is left, in pages, when moving more of it beside the writer does not help any more, and tries at that.
const LOG_LITTLE_PAGES: i64 = 256;
const LOG_MOVES: usize = 3;
/// How long the writer waits at most for a reader who came in between.
const MOVER_WAIT: Duration = Duration::from_millis(100);
/// Time between two looks at the log.
const LOG_LOOK: Duration = Duration::from_millis(250);
const PAGE_BYTES: i64 = 4096;

/// What SQLite calls `auto_vacuum=incremental`.
const INCREMENTAL: i64 = 2;
/// Largest file that is rewritten at a start so that it can give room back: about a second.
const REWRITTEN_MAX_BYTES: u64 = 64 << 20;

/// What makes and upgrades the tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// SQLite has one writer, and whoever has read in its transaction is alone.
pub const LOCK_HOLDER: &str = select_holder!("");
pub const LOCK_CODE: &str = select_code!("");

/// The samples that are newer than those that are written as the newest: one look-up for each server.
pub const FIND_NEWEST: &str = "SELECT k.server_id, m.timestamp_ms, m.cpu_percent_hundredths, \
     m.memory_percent_hundredths, m.disk_percent_hundredths FROM server_heard k JOIN metrics m \
     ON m.server_id = k.server_id \
     AND m.timestamp_ms = (SELECT MAX(n.timestamp_ms) FROM metrics n WHERE n.server_id = k.server_id) \
     WHERE k.server_id > $1 AND COALESCE(k.newest_ms < m.timestamp_ms, TRUE) ORDER BY k.server_id LIMIT $2";

/// The open database.
#[derive(Clone, Debug)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
    /// Moves the log into the file, so that no commit has to.
    mover: SqlitePool,
    path: PathBuf,
    turn: Arc<Mutex<()>>,
}

impl Sqlite {
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        make_folder(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(WAIT)
            .pragma("wal_autocheckpoint", "0")
            .pragma("journal_size_limit", LOG_BYTES.to_string())
            // Rows that a reader's thread is ahead: each wait for the other is a change of threads.
            .row_buffer_size(ROWS_AHEAD);
        prepare(path, &options).await?;
        // A connection is a thread of this process: it needs not be asked whether it is still there.
        let pool = || {
            let pool = SqlitePoolOptions::new().acquire_timeout(WAIT).idle_timeout(None).max_lifetime(None);
            pool.test_before_acquire(false)
        };
        // SQLite ends a transaction itself when the disk is full. sqlx then fails to roll it back, believes for ever that
        // the connection is in one, and begins none: such a connection is closed, and the next one is sound.
        let writer = pool().max_connections(1).before_acquire(|connection, _| {
            let is_usable = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_usable) })
        });
        let writer = writer.connect_with(options.clone()).await?;
        MIGRATIONS.run(&writer).await?;
        let mover = pool().max_connections(1).connect_with(options.clone().busy_timeout(MOVER_WAIT)).await?;
        let readers = pool().max_connections(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers, mover, path: path.to_owned(), turn: Arc::default() })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves the log into the file as it grows, until the database is closed.
    pub async fn move_log(self) {
        let mut failed_before = false;
        loop {
            tokio::time::sleep(LOG_LOOK).await;
            match self.move_some().await {
                Ok(()) => failed_before = false,
                Err(sqlx::Error::PoolClosed) => return,
                // A full disk, for one: the next commit says so, too. Tried again four times a second, said once.
                Err(error) => {
                    if !std::mem::replace(&mut failed_before, true) {
                        tracing::warn!(%error, "the log of the database could not be moved into its file");
                    }
                }
            }
        }
    }

    /// Moves what is in the log where it is much, and has it begin anew where it is long.
    async fn move_some(&self) -> Result<(), sqlx::Error> {
        let mut log: Log = sqlx::query_as("PRAGMA wal_checkpoint(NOOP)").fetch_one(&self.mover).await?;
        if log.unmoved() < LOG_UNMOVED_PAGES {
            return Ok(());
        }
        for _ in 0..LOG_MOVES {
            log = sqlx::query_as("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(&self.mover).await?;
            if !log.is_long() || log.unmoved() < LOG_LITTLE_PAGES {
                break;
            }
        }
        if log.begins_anew() {
            // Keeps writers out until all is moved, which is little by now. They wait for their connection and not for
            // SQLite's lock, for which nobody stands in a queue.
            let _nobody_writes = self.writer.acquire().await?;
            sqlx::query("PRAGMA wal_checkpoint(RESTART)").execute(&self.mover).await?;
        }
        Ok(())
    }

    pub async fn reader(&self) -> Result<PoolConnection<sqlx::Sqlite>, sqlx::Error> {
        self.readers.acquire().await
    }

    /// Held by every write but that of samples, so that samples wait for one of them at most: connections are given out
    /// in the order they were asked for.
    pub async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// A transaction that has the write lock from its first moment: one that began by reading could lose it.
    pub async fn begin(&self) -> Result<Transaction<'static, sqlx::Sqlite>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// Gives pages of the file back that nothing is on, `pages_per_step` at a time, until no more than `free_min` or one in
    /// `free_part` are left. Returns how many; none where the file was made without that ([`prepare`]).
    pub async fn give_back(
        &self,
        free_min: i64,
        free_part: i64,
        pages_per_step: i64,
        longest_us: &mut u64,
    ) -> Result<u64, StoreError> {
        let sql = "SELECT v.auto_vacuum, p.page_count, f.freelist_count \
             FROM pragma_auto_vacuum AS v, pragma_page_count AS p, pragma_freelist_count AS f";
        let mut given = 0;
        loop {
            let (mode, pages, free): (i64, i64, i64) =
                sqlx::query_as(sql).fetch_one(&mut *self.reader().await?).await?;
            let step = pages_per_step.min(free - free_min.max(pages / free_part));
            if mode != INCREMENTAL || step <= 0 {
                return Ok(given);
            }
            let _turn = self.turn().await;
            let mut writer = self.writer.acquire().await?;
            let began = Instant::now();
            let give = AssertSqlSafe(format!("PRAGMA incremental_vacuum({step})"));
            sqlx::query(give).execute(&mut *writer).await?;
            *longest_us = (*longest_us).max(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
            given += step.unsigned_abs();
        }
    }

    /// The writer goes last: it is the one that can move the log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.mover.close().await;
        self.writer.close().await;
    }
}

/// What SQLite says of its log: whether it was kept from something, pages, and how many of them are moved. -1 before the
/// first.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
struct Log {
    log: i64,
    checkpointed: i64,
}

impl Log {
    fn unmoved(&self) -> i64 {
        self.log - self.checkpointed
    }

    fn is_long(&self) -> bool {
        self.log >= LOG_BYTES / PAGE_BYTES
    }

    /// Whether the writer is made to wait until all is moved.
    fn begins_anew(&self) -> bool {
        self.is_long() && self.unmoved() <= LOG_LEFT_PAGES
    }
}

/// Makes a file that can give pages back. One that was made without is rewritten once where it is small; a larger one
/// stays as it is, and uses its free pages itself.
async fn prepare(path: &Path, options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
    if bytes > REWRITTEN_MAX_BYTES {
        return Ok(());
    }
    let mut connection = options.clone().auto_vacuum(SqliteAutoVacuum::Incremental).connect().await?;
    let mode: i64 = sqlx::query_scalar("PRAGMA auto_vacuum").fetch_one(&mut connection).await?;
    if mode != INCREMENTAL {
        // It fails on a disk without room for a second file, for one, and may be tried again at any start.
        match sqlx::query("VACUUM").execute(&mut connection).await {
            Ok(_) => tracing::info!(bytes, "the database file can give room back from now on"),
            Err(error) => tracing::warn!(%error, "the database file could not be rewritten, and gives no room back"),
        }
    }
    connection.close().await?;
    Ok(())
}

/// Makes the folder of a database file where there is none.
pub fn make_folder(path: &Path) -> Result<(), StoreError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    let created = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    created.map_err(|error| StoreError::Folder(folder.to_owned(), error))
}

/// Here every write is alone.
pub async fn lock_heard(_: &mut SqliteConnection) -> Result<(), StoreError> {
    Ok(())
}

/// Here every write is alone.
pub async fn lock_silent(_: &mut SqliteConnection, _: i64) -> Result<(), StoreError> {
    Ok(())
}

/// What is needed to recognise servers.
pub async fn known_among(connection: &mut SqliteConnection, ids: &[i64]) -> Result<Vec<SqliteRow>, StoreError> {
    let sql = "SELECT s.id, s.name, s.ip_address, s.agent_version, s.generation, s.status, h.last_seen_at_ms \
         FROM servers s JOIN server_heard h ON h.server_id = s.id WHERE s.id IN (SELECT value FROM json_each($1))";
    Ok(sqlx::query(sql).bind(json(&ids)).fetch_all(connection).await?)
}

/// Writes when servers were heard, and returns how many of them there are.
pub async fn write_heard(connection: &mut SqliteConnection, heard: &[(i64, i64)]) -> Result<u64, StoreError> {
    let sql = "UPDATE server_heard AS h SET last_seen_at_ms = MAX(h.last_seen_at_ms, s.ms) \
         FROM (SELECT value ->> 0 AS id, value ->> 1 AS ms FROM json_each($1)) AS s WHERE h.server_id = s.id";
    Ok(sqlx::query(sql).bind(json(&heard)).execute(connection).await?.rows_affected())
}

/// As [`write_heard`], with their newest samples.
pub async fn write_sampled(
    connection: &mut SqliteConnection,
    sampled: &[(i64, i64, Newest)],
) -> Result<u64, StoreError> {
    let sql = concat!(
        "UPDATE server_heard AS h SET last_seen_at_ms = MAX(h.last_seen_at_ms, s.ms), ",
        set_newest!(),
        " FROM (SELECT value ->> 0 AS id, value ->> 1 AS ms, value ->> 2 AS newest_ms, \
         value ->> 3 AS newest_cpu_percent_hundredths, value ->> 4 AS newest_memory_percent_hundredths, \
         value ->> 5 AS newest_disk_percent_hundredths FROM json_each($1)) AS s WHERE h.server_id = s.id",
    );
    let rows = sampled.iter().map(|(server_id, last_seen_at_ms, newest)| {
        let Newest { timestamp_ms, cpu_percent_hundredths: cpu, memory_percent_hundredths: memory, .. } = newest;
        (server_id, last_seen_at_ms, timestamp_ms, cpu, memory, newest.disk_percent_hundredths)
    });
    Ok(sqlx::query(sql).bind(json(&rows.collect::<Vec<_>>())).execute(connection).await?.rows_affected())
}

/// The fleet in numbers, `newest` being the samples that are not written yet.
pub async fn stats(connection: &mut SqliteConnection, newest: &HashMap<i64, Newest>) -> Result<SqliteRow, StoreError> {
    let sql =
        select_stats!("(SELECT value ->> 0 AS id, value ->> 1 AS ms, value ->> 2 AS cpu FROM json_each($1)) AS u");
    let rows = newest.iter().map(|(id, newest)| (id, newest.timestamp_ms, newest.cpu_percent_hundredths));
    Ok(sqlx::query(sql).bind(json(&rows.collect::<Vec<_>>())).fetch_one(connection).await?)
}

/// `id` and `name` of those that are offline.
pub async fn offline_among(connection: &mut SqliteConnection, ids: &[i64]) -> Result<Vec<SqliteRow>, StoreError> {
    // The plus keeps the planner at the index of the few that are offline.
    let sql = "SELECT id, name FROM servers WHERE status = 'offline' AND +id IN (SELECT value FROM json_each($1))";
    Ok(sqlx::query(sql).bind(json(&ids)).fetch_all(connection).await?)
}

/// `server_id` and `containers_hash` of those that there are.
pub async fn containers_hashes(connection: &mut SqliteConnection, ids: &[i64]) -> Result<Vec<SqliteRow>, StoreError> {
    let sql = "SELECT server_id, containers_hash FROM server_heard \
         WHERE server_id IN (SELECT value FROM json_each($1))";
    Ok(sqlx::query(sql).bind(json(&ids)).fetch_all(connection).await?)
}

/// Marks hours of servers to be rolled up once more.
pub async fn mark_due(connection: &mut SqliteConnection, due: &[(i32, i64)]) -> Result<(), StoreError> {
    // The condition tells the conflict from a join.
    let sql = "INSERT INTO rollups_due (server_id, hour_ms, marks) \
         SELECT value ->> 0, value ->> 1, 1 FROM json_each($1) WHERE TRUE \
         ON CONFLICT (server_id, hour_ms) DO UPDATE SET marks = marks + 1";
    sqlx::query(sql).bind(json(&due)).execute(connection).await?;
    Ok(())
}

/// Names of fields of rollups: server, hash, names.
pub async fn insert_rollup_names(
    connection: &mut SqliteConnection,
    names: &[(i64, i64, Vec<u8>)],
) -> Result<(), StoreError> {
    let sql = "INSERT INTO rollup_names (server_id, hash, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    for (server_id, hash, body) in names {
        sqlx::query(sql).bind(server_id).bind(hash).bind(body.as_slice()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Hours or days of servers.
pub async fn insert_rollups(
    connection: &mut SqliteConnection,
    tier: Tier,
    rows: &[(i64, &Stored)],
) -> Result<(), StoreError> {
    const HOURLY: &str = insert_rollups!("rollups_hourly", "VALUES ($1, $2, $3, $4)");
    const DAILY: &str = insert_rollups!("rollups_daily", "VALUES ($1, $2, $3, $4)");
    for (server_id, Stored { start_ms, samples, body }) in rows {
        let insert = sqlx::query(if tier == Tier::Hourly { HOURLY } else { DAILY });
        insert.bind(server_id).bind(start_ms).bind(samples).bind(body.as_slice()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Until when servers are rolled up.
pub async fn note_rolled_up(connection: &mut SqliteConnection, done: &[(i64, i64)]) -> Result<(), StoreError> {
    let sql = "INSERT INTO rollups_done (server_id, hour_ms) VALUES ($1, $2) ON CONFLICT (server_id) \
         DO UPDATE SET hour_ms = excluded.hour_ms WHERE excluded.hour_ms > rollups_done.hour_ms";
    for (server_id, done_ms) in done {
        sqlx::query(sql).bind(server_id).bind(done_ms).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Takes away the marks that are as they were when the work began.
pub async fn delete_due(connection: &mut SqliteConnection, due: &[(i64, Due)]) -> Result<(), StoreError> {
    let sql = "DELETE FROM rollups_due WHERE server_id = $1 AND hour_ms = $2 AND marks = $3";
    for (server_id, Due { hour_ms, marks }) in due {
        sqlx::query(sql).bind(server_id).bind(hour_ms).bind(marks).execute(&mut *connection).await?;
    }
    Ok(())
}

/// What the database takes; four numbers of its header, and the servers counted.
pub async fn size(connection: &mut SqliteConnection) -> Result<Size, StoreError> {
    let sql = "SELECT p.page_count, s.page_size, f.freelist_count, (SELECT COUNT(*) FROM servers) \
         FROM pragma_page_count AS p, pragma_page_size AS s, pragma_freelist_count AS f";
    let (pages, page_bytes, free, servers): (i64, i64, i64, i64) = sqlx::query_as(sql).fetch_one(connection).await?;
    Ok(Size {
        database_bytes: (pages * page_bytes).cast_unsigned(),
        used_bytes: ((pages - free) * page_bytes).cast_unsigned(),
        servers: servers.cast_unsigned(),
        samples_estimated: None,
        samples_total: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writer_waits_for_a_long_log_that_nobody_reads() {
        let log = LOG_BYTES / PAGE_BYTES;
        let begins_anew = |log, checkpointed| Log { log, checkpointed }.begins_anew();
        assert!(!begins_anew(-1, -1));
        assert!(!begins_anew(log - 1, log - 1));
        assert!(begins_anew(log, log));
        assert!(begins_anew(log, log - LOG_LEFT_PAGES));
        assert!(!begins_anew(log, log - LOG_LEFT_PAGES - 1));
    }

    /// Several times the length of the log, which is moved meanwhile.
    #[tokio::test]
    async fn the_log_begins_anew_and_keeps_its_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("neon.db");
        let database = Sqlite::open(&path).await.unwrap();
        let mover = tokio::spawn(database.clone().move_log());
        let write = async |bytes: i64| {
            let mut transaction = database.begin().await.unwrap();
            let insert = sqlx::query(
                "INSERT INTO metric_shapes SELECT 1, COALESCE(MAX(base_ms), 0) + 1, 1, zeroblob($1) FROM metric_shapes",
            );
            insert.bind(bytes).execute(&mut *transaction).await.unwrap();
            transaction.commit().await.unwrap();
        };
        let log_bytes = || std::fs::metadata(folder.path().join("neon.db-wal")).unwrap().len().cast_signed();
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut written = 0;
        while written < 4 * LOG_BYTES {
            write(1 << 20).await;
            written += 1 << 20;
        }
        // What was written faster than it was moved is given back with the next beginning.
        while log_bytes() > LOG_BYTES {
            assert!(Instant::now() < deadline, "{} bytes of log", log_bytes());
            write(1 << 20).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(log_bytes() > LOG_BYTES / 2, "{} bytes of log", log_bytes());
        let before = log_bytes();
        for _ in 0..8 {
            write(1 << 12).await;
            assert_eq!(log_bytes(), before);
        }
        database.close().await;
        mover.await.unwrap();
    }
}
