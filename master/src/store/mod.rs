//! Everything that is kept, behind one type with the same behaviour on SQLite and PostgreSQL.
//!
//! SQL lives here and nowhere else, in one dialect: `$1` markers, times as milliseconds in 64-bit integers, `ON
//! CONFLICT`, `RETURNING`. Each statement is written once, in the file of the thing it stores, and compiled for both
//! engines by `for_both_engines`; `sqlite` and `postgres` hold what really differs, which is how to connect. What
//! a caller is told is done is on disk: every write is one transaction, and SQLite runs with `synchronous=FULL`.
//!
//! A write of an agent's report begins by touching the server's row. That locks it, so that reports of one server are
//! stored one after the other while those of others go on, and it finds out whether the server still exists. No such
//! write spans servers.

mod activities;
mod containers;
mod metrics;
mod postgres;
mod servers;
mod sqlite;

use std::path::PathBuf;

use neon_shared::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::{
    Activity, Container, ContainerChanges, DataPoint, HistoryInterval, Registration, Reporter, Sample, ServerDetail,
    ServerSummary, Stats,
};

/// Most rows one multi-row `INSERT` carries. A whole ring of an agent is one statement; 1,024 rows of 20 columns stay
/// under SQLite's 32,766 bound values and PostgreSQL's 65,535.
const ROWS_PER_INSERT: usize = neon_shared::limits::RING_CAPACITY_SAMPLES;

/// Where to keep things.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file; it and its folder are created.
    Sqlite(PathBuf),
    /// A `postgres://` URL, password and all.
    Postgres(String),
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::fmt::Display for Location {
    /// For logs: without the user's password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "SQLite {}", path.display()),
            Self::Postgres(url) => f.write_str(&postgres::describe(url)),
        }
    }
}

/// Why the store did not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The reporting server is not registered, or not under this name.
    #[error("the server is not registered")]
    ServerGone,
    /// The database does not answer now; the same call may succeed later.
    #[error("the database does not answer")]
    Unavailable(#[source] sqlx::Error),
    /// The database refused a statement.
    #[error("the database refused a statement")]
    Database(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the schema could not be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The folder of the database file could not be created.
    #[error("the folder {} could not be created", .0.display())]
    Folder(PathBuf, #[source] std::io::Error),
    /// A stored value that no version of this master wrote.
    #[error("column {column} holds {value:?}, which is none of its values")]
    Corrupt {
        /// The column.
        column: &'static str,
        /// What it holds.
        value: String,
    },
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if is_unavailable(&error) { Self::Unavailable(error) } else { Self::Database(error) }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::Execute(error) if is_unavailable(&error) => Self::Unavailable(error),
            other => Self::Migrate(other),
        }
    }
}

/// Whether the database may do the same thing later. PostgreSQL: connection (08), read-only after a failover (25006),
/// conflicts (40), resources (53), shutdown and start (57P0x). SQLite: busy, locked, I/O, full (primary codes 5, 6, 10,
/// 13; the engine's codes are numbers of up to four digits, PostgreSQL's have five characters).
fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        // Only the server itself, gone in the middle of an answer, breaks the protocol.
        sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            match code.parse::<u32>() {
                Ok(number) if code.len() < 5 => matches!(number & 0xff, 5 | 6 | 10 | 13),
                _ => ["08", "25006", "40", "53", "57P0"].iter().any(|class| code.starts_with(class)),
            }
        }
        _ => false,
    }
}

/// The text of a list, a map or readings; they are only ever read whole.
fn json(value: &impl Serialize) -> String {
    // Maps of strings, and numbers that `intake` found finite, always have a JSON form.
    serde_json::to_string(value).unwrap_or_default()
}

fn from_json<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt { column, value: text.to_owned() })
}

/// Compiles the functions inside for SQLite and for PostgreSQL, as modules `sqlite` and `postgres` of the file.
///
/// sqlx types its connections, rows and arguments by engine. Bounds that say "any engine that can do all this" grow
/// longer than the queries; a macro that repeats them does not.
macro_rules! for_both_engines {
    ($($item:item)*) => {
        pub mod sqlite {
            #[allow(unused_imports)]
            use super::*;
            #[allow(dead_code)]
            type Engine = sqlx::Sqlite;
            type Connection = sqlx::SqliteConnection;
            #[allow(dead_code)]
            type Row = sqlx::sqlite::SqliteRow;
            #[allow(unused_imports)]
            use crate::store::activities::sqlite as activities_of_engine;
            #[allow(unused_imports)]
            use crate::store::containers::sqlite as containers_of_engine;
            #[allow(unused_imports)]
            use crate::store::servers::sqlite as servers_of_engine;
            $($item)*
        }
        pub mod postgres {
            #[allow(unused_imports)]
            use super::*;
            #[allow(dead_code)]
            type Engine = sqlx::Postgres;
            type Connection = sqlx::PgConnection;
            #[allow(dead_code)]
            type Row = sqlx::postgres::PgRow;
            #[allow(unused_imports)]
            use crate::store::activities::postgres as activities_of_engine;
            #[allow(unused_imports)]
            use crate::store::containers::postgres as containers_of_engine;
            #[allow(unused_imports)]
            use crate::store::servers::postgres as servers_of_engine;
            $($item)*
        }
    };
}
use for_both_engines;

/// Runs one function of a thing's file on a connection for reading.
macro_rules! read {
    ($store:expr, $thing:ident::$function:ident($($argument:expr),*)) => {
        match &$store.engine {
            Engine::Sqlite(engine) => $thing::sqlite::$function(&mut *engine.reader().await?, $($argument),*).await,
            Engine::Postgres(pool) => $thing::postgres::$function(&mut *pool.acquire().await?, $($argument),*).await,
        }
    };
}

/// Runs one function of a thing's file in a transaction and commits it.
macro_rules! write {
    ($store:expr, $thing:ident::$function:ident($($argument:expr),*)) => {
        match &$store.engine {
            Engine::Sqlite(engine) => {
                let mut transaction = engine.begin().await?;
                let result = $thing::sqlite::$function(&mut transaction, $($argument),*).await?;
                transaction.commit().await?;
                Ok(result)
            }
            Engine::Postgres(pool) => {
                let mut transaction = pool.begin().await?;
                let result = $thing::postgres::$function(&mut transaction, $($argument),*).await?;
                transaction.commit().await?;
                Ok(result)
            }
        }
    };
}

/// Everything that is kept. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Store {
    engine: Engine,
}

#[derive(Clone, Debug)]
enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(sqlx::PgPool),
}

/// Every method fails with [`StoreError::Unavailable`] when the database does not answer, and with
/// [`StoreError::Database`] or [`StoreError::Corrupt`] when something is wrong that waiting does not mend. Methods
/// that take a [`Reporter`] fail with [`StoreError::ServerGone`] when it is not registered, and record the server as
/// online and heard `now`.
impl Store {
    /// Connects and brings the schema up to date.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        let engine = match location {
            Location::Sqlite(path) => Engine::Sqlite(sqlite::Sqlite::open(path).await?),
            Location::Postgres(url) => Engine::Postgres(postgres::open(url).await?),
        };
        Ok(Self { engine })
    }

    /// Ends all connections, after what they are doing.
    pub async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(engine) => engine.close().await,
            Engine::Postgres(pool) => pool.close().await,
        }
    }

    /// Succeeds when the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        read!(self, servers::ping())
    }

    /// Registers a server and returns its number; the same name always has the same one.
    pub async fn server_register(&self, registration: &Registration, now: Timestamp) -> Result<i64, StoreError> {
        write!(self, servers::register(registration, now))
    }

    /// Records that a server was heard, and its agent's version where it said it.
    pub async fn server_heartbeat(
        &self,
        reporter: &Reporter,
        agent_version: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write!(self, servers::touch(reporter, agent_version, now))
    }

    /// All servers, by name.
    pub async fn server_list(&self) -> Result<Vec<ServerSummary>, StoreError> {
        read!(self, servers::list())
    }

    /// One server with its containers; its services are left empty. `None` where there is no such server.
    pub async fn server_find(&self, server_id: i64) -> Result<Option<ServerDetail>, StoreError> {
        read!(self, servers::find(server_id))
    }

    /// The name of a server. `None` where there is no such server.
    pub async fn server_name(&self, server_id: i64) -> Result<Option<String>, StoreError> {
        read!(self, servers::name(server_id))
    }

    /// Marks the online servers last heard before `cutoff` as offline and returns their names.
    pub async fn servers_mark_offline(&self, cutoff: Timestamp, now: Timestamp) -> Result<Vec<String>, StoreError> {
        write!(self, servers::mark_offline(cutoff, now))
    }

    /// The fleet in four numbers, the mean unrounded.
    pub async fn stats(&self) -> Result<Stats, StoreError> {
        read!(self, servers::stats())
    }

    /// Stores samples of one server. One whose time is stored already is left as it is.
    pub async fn metrics_insert(
        &self,
        reporter: &Reporter,
        samples: &[Sample],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write!(self, metrics::insert(reporter, samples, now))
    }

    /// A server's newest sample, whole. `None` where it has none.
    pub async fn metrics_latest(&self, server_id: i64) -> Result<Option<Sample>, StoreError> {
        read!(self, metrics::latest(server_id))
    }

    /// A server's samples, or the unrounded means of their hours, from `since` on, oldest first.
    pub async fn metrics_history(
        &self,
        server_id: i64,
        interval: HistoryInterval,
        since: Timestamp,
    ) -> Result<Vec<DataPoint>, StoreError> {
        read!(self, metrics::history(server_id, interval, since))
    }

    /// Compares a server's stored containers with a report and stores what `changes` makes of it.
    ///
    /// `changes` is given the stored set, by name, or `None` before the first report. Reports of one server are
    /// compared one after the other.
    pub async fn containers_replace<F>(&self, reporter: &Reporter, now: Timestamp, changes: F) -> Result<(), StoreError>
    where
        F: FnOnce(Option<&[Container]>) -> ContainerChanges + Send,
    {
        write!(self, containers::replace(reporter, now, changes))
    }

    /// A server's containers, by name; none where there is no such server.
    pub async fn container_list(&self, server_id: i64) -> Result<Vec<Container>, StoreError> {
        read!(self, containers::list(server_id))
    }

    /// The newest `limit` events, newest first.
    pub async fn activity_list(&self, limit: i64) -> Result<Vec<Activity>, StoreError> {
        read!(self, activities::list(limit))
    }
}
