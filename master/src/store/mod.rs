//! Everything that is kept, behind one type with the same behaviour on SQLite and PostgreSQL.
//!
//! SQL lives here and nowhere else, in one dialect: `$1` markers, times as milliseconds in 64-bit integers, `ON
//! CONFLICT`, `RETURNING`. Each statement is written once, in the file of the thing it stores, and compiled for both
//! engines by `for_both_engines`; `sqlite` and `postgres` hold what really differs, which is how to connect, and
//! `metrics` how many rows are inserted at once. What a caller is told is done is on disk: every write is one
//! transaction, SQLite runs with `synchronous=FULL`, and PostgreSQL with `synchronous_commit` not off.
//!
//! Samples go through one writer, with all that come within a few milliseconds (`ingest`). That a server was heard is
//! noted in memory and written every second (`heard`). Only a changed set of containers is a transaction of its own; it
//! locks the server's row, so that sets of one server are compared one after the other while others go on. No write
//! joins what belongs to different servers, but for the merge of two (`forget`).

mod access;
mod activities;
mod additions;
pub mod backup;
mod containers;
mod disk;
pub mod distribute;
mod enrolments;
mod forecast;
mod forget;
mod growth;
mod heard;
mod identities;
mod ingest;
mod leader;
mod listed;
mod lock;
mod metrics;
mod organise;
mod packed;
mod postgres;
mod retention;
mod rollup_form;
mod rollups;
mod samples;
mod schema;
mod second_factor;
mod servers;
mod shapes;
mod sqlite;
mod storage;
pub mod transfer;
mod trends;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::Duration;

use neon_shared::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, Notify};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, timeout};

pub use access::{UserChange, UserWithHash};
use disk::Disk;
pub use forget::Merge;
pub use identities::Identity;
pub use lock::Lock;
pub use retention::Retention;
pub use samples::{PAGE_ROWS, Samples};
pub use second_factor::{Confirmation, Proof, StoredFactor};
pub use trends::TrendStep;

use heard::{Heard, Known, Newest, Verdict};
use ingest::{Done, Ingest, Work};
use leader::Leader;
use metrics::SampleRow;
use packed::Shape;
use shapes::{Kept, Shapes};

use crate::domain::admission::Denial;
use crate::domain::changes::{ACTIVITIES_MAX, ContainerSet};
use crate::model::{
    Activity, ActivityFilter, Container, ContainerChanges, DataPoint, HistoryInterval, Registered, Registration,
    Reporter, Rollup, Sample, ServerDetail, ServerFilter, ServerStatus, ServerSummary, Stats, Tier,
};
use crate::vital::Vital;

/// Most rows one multi-row `INSERT` carries. A whole ring of an agent is one statement; 1,024 rows of 20 columns stay
/// under SQLite's 32,766 bound values and PostgreSQL's 65,535.
const ROWS_PER_INSERT: usize = neon_shared::limits::RING_CAPACITY_SAMPLES;
/// How often is written who was heard; an abrupt end loses at most as much of it.
const HEARD_EVERY: Duration = Duration::from_secs(1);
const MS_PER_DAY: i64 = 86_400_000;
/// How long another master takes to write what it heard, and when the database was away before.
const OTHERS_LAG: Duration = Duration::from_secs(3);
const OTHERS_SETTLE: Duration = Duration::from_secs(10);
/// How long the database may say nothing meanwhile.
const HEARD_ANSWER_MAX: Duration = Duration::from_secs(10);
/// Servers that one such write tells of: some milliseconds of SQLite's one writer.
const HEARD_PER_WRITE: usize = 2000;

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
    /// The database is slower than what there is to write; the same call may succeed later.
    #[error("more is waiting to be written than the database can take")]
    Busy,
    /// The disk is nearly full, and new rows are turned away before it is; the same call may succeed later.
    #[error("the disk is nearly full")]
    DiskLow,
    /// The database answers from another session than before, as through a pooler of transactions.
    #[error("the database answers from another session than the one before")]
    OtherSession,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// What became of a write that others were part of.
    #[error(transparent)]
    Shared(Arc<StoreError>),
    /// The database refused a statement.
    #[error("the database refused a statement")]
    Database(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the schema could not be brought up to date")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The folder of the database file could not be created.
    #[error("the folder {} could not be created", .0.display())]
    Folder(PathBuf, #[source] std::io::Error),
    /// A file beside the database could not be used.
    #[error("{} could not be opened", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// Another process has the SQLite file.
    #[error("{} is in use: a master is running on it, or a restore or move of it", .0.display())]
    InUse(PathBuf),
    /// A stored value that no version of this master wrote.
    #[error("column {column} holds {value:?}, which is none of its values")]
    Corrupt {
        /// The column.
        column: &'static str,
        /// What it holds.
        value: String,
    },
}

impl StoreError {
    /// Whether waiting may mend it.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Busy | Self::DiskLow | Self::Closed => true,
            Self::Shared(error) => error.is_unavailable(),
            _ => false,
        }
    }
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

/// The answer of the database, if there is one within [`HEARD_ANSWER_MAX`].
async fn answered<T>(answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(HEARD_ANSWER_MAX, answer).await.map_err(|_| StoreError::Busy)?
}

/// The text of a list, a map or readings; they are only ever read whole.
fn json(value: &impl Serialize) -> String {
    // Maps of strings, and numbers that `intake` found finite, always have a JSON form.
    serde_json::to_string(value).unwrap_or_default()
}

/// Reads a column that holds one of a few words.
fn word<T>(column: &'static str, text: &str, parse: fn(&str) -> Option<T>) -> Result<T, StoreError> {
    parse(text).ok_or_else(|| StoreError::Corrupt { column, value: text.to_owned() })
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
            use crate::store::access::sqlite as access_of_engine;
            #[allow(unused_imports)]
            use crate::store::activities::sqlite as activities_of_engine;
            #[allow(unused_imports)]
            use crate::store::containers::sqlite as containers_of_engine;
            #[allow(unused_imports)]
            use crate::store::enrolments::sqlite as enrolments_of_engine;
            #[allow(unused_imports)]
            use crate::store::metrics::sqlite as metrics_of_engine;
            #[allow(unused_imports)]
            use crate::store::retention::sqlite as retention_of_engine;
            #[allow(unused_imports)]
            use crate::store::second_factor::sqlite as second_factor_of_engine;
            #[allow(unused_imports)]
            use crate::store::servers::sqlite as servers_of_engine;
            #[allow(unused_imports)]
            use crate::store::sqlite as of_engine;
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
            use crate::store::access::postgres as access_of_engine;
            #[allow(unused_imports)]
            use crate::store::activities::postgres as activities_of_engine;
            #[allow(unused_imports)]
            use crate::store::second_factor::postgres as second_factor_of_engine;
            #[allow(unused_imports)]
            use crate::store::containers::postgres as containers_of_engine;
            #[allow(unused_imports)]
            use crate::store::enrolments::postgres as enrolments_of_engine;
            #[allow(unused_imports)]
            use crate::store::metrics::postgres as metrics_of_engine;
            #[allow(unused_imports)]
            use crate::store::retention::postgres as retention_of_engine;
            #[allow(unused_imports)]
            use crate::store::servers::postgres as servers_of_engine;
            #[allow(unused_imports)]
            use crate::store::postgres as of_engine;
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
                let _turn = engine.turn().await;
                let mut transaction = engine.begin().await?;
                let result = $thing::sqlite::$function(&mut transaction, $($argument),*).await?;
                $store.commit(transaction).await?;
                Ok(result)
            }
            Engine::Postgres(pool) => {
                let mut transaction = pool.begin().await?;
                let result = $thing::postgres::$function(&mut transaction, $($argument),*).await?;
                $store.commit(transaction).await?;
                Ok(result)
            }
        }
    };
}
use {read, write as in_transaction};

/// The fields that a point of the fixed history is made of.
const OF_AN_HOUR: [&str; 3] = ["cpuPercent", "memoryPercent", "diskPercent"];

fn point_of_hour(hour: &Rollup) -> Option<DataPoint> {
    let [cpu, memory, disk] = OF_AN_HOUR.map(|field| hour.field(field).map(|summary| summary.avg));
    Some(DataPoint { timestamp: hour.start, cpu_percent: cpu?, memory_percent: memory?, disk_percent: disk? })
}

/// Everything that is kept. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Store {
    engine: Engine,
    heard: Arc<Heard>,
    shapes: Arc<Shapes>,
    ingest: Ingest,
    leader: Arc<Leader>,
    shared: Arc<Shared>,
    vital: Vital,
}

/// A server whose samples can be stored.
#[derive(Debug)]
pub struct Ready<'a> {
    reporter: &'a Reporter,
    id: i32,
    shape: Option<Arc<Kept>>,
}

/// What the tasks of a store and its clones share.
#[derive(Debug, Default)]
struct Shared {
    /// Wakes the task that writes who was heard.
    wake: Notify,
    /// Held while that is written, so that it is written in order.
    writing_heard: Mutex<()>,
    /// Whether the last time that failed.
    heard_failed: AtomicBool,
    /// When it failed last.
    heard_failed_at: std::sync::Mutex<Option<Instant>>,
    writer: Mutex<Option<Tasks>>,
    /// The guard of SQLite's disk, once there is one.
    disk: OnceLock<Arc<Disk>>,
    measured: Mutex<storage::Measured>,
    listed: listed::Listed,
    /// Until when this master has rolled up everything.
    rolled_until_ms: AtomicI64,
    /// Until when it has tried: what is left from before could not be read.
    tried_until_ms: AtomicI64,
}

#[derive(Debug)]
struct Tasks {
    heard: JoinHandle<()>,
    ingest: JoinHandle<()>,
    storage: Option<JoinHandle<()>>,
    leader: Option<JoinHandle<()>>,
}

#[derive(Clone, Debug)]
enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(sqlx::PgPool),
}

/// Every method fails with [`StoreError::Unavailable`] when the database does not answer, and with
/// [`StoreError::Database`] or [`StoreError::Corrupt`] when something is wrong that waiting does not mend. Methods
/// that take a [`Reporter`] fail with [`StoreError::ServerGone`] when it is not registered, and record the server as
/// online and heard `now`: at once for who reads through this store, within a second in the database.
impl Store {
    /// Connects, brings the schema up to date, and starts the writers. Needs a tokio runtime.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        let engine = match location {
            Location::Sqlite(path) => Engine::Sqlite(sqlite::Sqlite::open(path).await?),
            Location::Postgres(url) => Engine::Postgres(postgres::open(url).await?),
        };
        let vital = Vital::default();
        if let Engine::Sqlite(engine) = &engine {
            vital.spawn("moving the log into the database", engine.clone().move_log());
        }
        let (ingest, ingest_task) = Ingest::start(engine.clone(), &vital);
        let (heard, shapes) = (Arc::new(Heard::new()), Arc::new(Shapes::new()));
        let leader = Arc::new(match &engine {
            Engine::Sqlite(_) => Leader::alone(),
            Engine::Postgres(_) => Leader::one_of_many(),
        });
        let store = Self { engine, heard, shapes, ingest, leader, shared: Arc::default(), vital };
        // A full disk is no reason not to start: lists are a second behind, for servers that do not report again.
        if let Err(error) = store.find_newest().await {
            tracing::warn!(cause = crate::http::error_chain(&error), "the newest samples could not be looked for");
        }
        let heard_task = store.vital.spawn("writing who was heard", store.clone().write_heard_regularly());
        let tasks = Tasks { heard: heard_task, ingest: ingest_task, storage: None, leader: None };
        *store.shared.writer.lock().await = Some(tasks);
        Ok(store)
    }

    /// Writes what is still in memory and ends all connections, after what they are doing.
    pub async fn close(&self) {
        let tasks = self.shared.writer.lock().await.take();
        if let Some(tasks) = &tasks {
            tasks.heard.abort();
            tasks.storage.iter().chain(&tasks.leader).for_each(JoinHandle::abort);
        }
        if let Err(error) = self.write_heard().await {
            tracing::warn!(cause = %error, "when servers were heard last could not be written");
        }
        if let Some(tasks) = tasks {
            self.ingest.close(tasks.ingest).await;
        }
        match &self.engine {
            Engine::Sqlite(engine) => engine.close().await,
            Engine::Postgres(pool) => pool.close().await,
        }
    }

    /// Tries to become the one master on this database that does what only one should, and again whenever it is not.
    /// Without this call a store on PostgreSQL does not lead; one on SQLite always does.
    pub async fn stand_for_leader(&self) {
        let Engine::Postgres(pool) = &self.engine else { return };
        let options = (*pool.connect_options()).clone();
        if let Some(tasks) = self.shared.writer.lock().await.as_mut()
            && tasks.leader.is_none()
        {
            let stand = Arc::clone(&self.leader).stand(options);
            tasks.leader = Some(self.vital.spawn("standing for leader", stand));
        }
    }

    /// The tasks without which this is no master, the store's own among them.
    pub(crate) fn vital(&self) -> &Vital {
        &self.vital
    }

    /// Whether the last write failed. The next one, which tells, is a second away where anybody reports.
    pub fn last_write_failed(&self) -> bool {
        self.shared.heard_failed.load(Ordering::Relaxed) || self.ingest.last_write_failed()
    }

    /// Whether this master leads now. Work that takes longer than a second or two asks between its steps.
    pub fn is_leading(&self) -> bool {
        self.leader.is_leading()
    }

    /// Returns once this master leads, at once where it does.
    pub async fn leading(&self) {
        self.leader.leading().await;
    }

    /// Succeeds when the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        read!(self, servers::ping())
    }

    /// Registers a server; the same name always has the same number. The inner error is for the agent: nothing was
    /// changed, but that a second host tried is noted.
    pub async fn server_register(
        &self,
        registration: &Registration,
        now: Timestamp,
    ) -> Result<Result<Registered, Denial>, StoreError> {
        let known: Result<Result<Known, Denial>, StoreError> = write!(self, servers::register(registration, now));
        Ok(known?.map(|known| {
            self.heard.learn(&known);
            Registered { server_id: known.server_id, generation: known.generation }
        }))
    }

    /// Records that a server was heard, and its agent's version where it said it.
    ///
    /// Errors: also [`StoreError::Unavailable`] where the database could not be told of the last ones.
    pub async fn server_heartbeat(
        &self,
        reporter: &Reporter,
        agent_version: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.hear(reporter, agent_version, now).await?;
        if self.shared.heard_failed.load(Ordering::Relaxed) { Err(StoreError::Busy) } else { Ok(()) }
    }

    /// Notes that a server was heard, once it is known to exist.
    async fn hear(&self, reporter: &Reporter, agent_version: Option<&str>, now: Timestamp) -> Result<(), StoreError> {
        let mut verdict = self.heard.hear(reporter, agent_version, now);
        // A stranger may have got that name, at another master.
        if matches!(verdict, Verdict::Unknown | Verdict::Stranger) {
            // In a box, as everything that few reports wait for: it would make the future of each some kilobytes larger.
            Box::pin(self.learn(reporter)).await?;
            verdict = self.heard.hear(reporter, agent_version, now);
        }
        match verdict {
            Verdict::Heard => Ok(()),
            Verdict::HeardAgain => {
                self.shared.wake.notify_one();
                Ok(())
            }
            // Unknown: deleted between the two.
            Verdict::Stranger | Verdict::Unknown => Err(StoreError::ServerGone),
        }
    }

    /// Takes up what the database says of a server.
    async fn learn(&self, reporter: &Reporter) -> Result<(), StoreError> {
        let known: Result<Vec<Known>, StoreError> = read!(self, servers::known(&[reporter.server_id]));
        let known = known?;
        self.heard.learn(known.first().ok_or_else(|| self.gone(reporter))?);
        Ok(())
    }

    async fn write_heard_regularly(self) {
        let mut ticks = tokio::time::interval(HEARD_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.shared.wake.notified() => {}
            }
            let outcome = match self.write_heard().await {
                Ok(()) => self.look_again().await.map(drop),
                error => error,
            };
            if outcome.is_err() {
                *self.shared.heard_failed_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            }
            let failed_before = self.shared.heard_failed.swap(outcome.is_err(), Ordering::Relaxed);
            match outcome {
                Err(error) if !failed_before => {
                    tracing::error!(cause = crate::http::error_chain(&error), "cannot write when servers were heard");
                }
                Ok(()) if failed_before => tracing::info!("when servers were heard is written again"),
                _ => {}
            }
        }
    }

    /// Writes who was heard since the last time, without waiting for the next second.
    ///
    /// Errors: also [`StoreError::Busy`] where the database says nothing for ten seconds: one that is not there any more
    /// would not say so.
    pub async fn write_heard(&self) -> Result<(), StoreError> {
        let _in_order = self.shared.writing_heard.lock().await;
        let (mut seen, facts) = self.heard.unwritten();
        for some in seen.servers.chunks(HEARD_PER_WRITE) {
            let gone = answered(async { write!(self, servers::write_seen(some)) }).await?;
            gone.iter().for_each(|id: &i64| self.heard.forget(*id));
            self.heard.written_seen(some);
            seen.written += some.len();
        }
        for some in facts.chunks(HEARD_PER_WRITE) {
            let done: Result<(), StoreError> = answered(async { write!(self, servers::write_facts(some)) }).await;
            done?;
            self.heard.written(some);
        }
        Ok(())
    }

    /// Compares some of the servers that are known here with what the database says of them: a name that was changed
    /// there, or a report that another master has got, is not noticed otherwise. Returns how many those were; all
    /// have had their turn after 64 calls, or one for every 2,000 servers.
    pub async fn look_again(&self) -> Result<usize, StoreError> {
        let ids = self.heard.next_to_check(HEARD_PER_WRITE);
        if !ids.is_empty() {
            let known: Vec<Known> = answered(async { read!(self, servers::known(&ids)) }).await?;
            self.heard.check(&ids, &known);
        }
        Ok(ids.len())
    }

    async fn commit<D: sqlx::Database>(&self, transaction: sqlx::Transaction<'_, D>) -> Result<(), sqlx::Error> {
        let outcome = transaction.commit().await;
        // Also where it failed: that may have been on the way back.
        self.shared.listed.wrote();
        outcome
    }

    /// All servers, by name, also what another master has just written.
    pub async fn server_list_anew(&self) -> Result<Vec<ServerSummary>, StoreError> {
        let newest = self.heard.newest_of_all();
        Ok(self.add_what_is_in_memory_to_all(listed::read_anew(self).await?, &newest))
    }

    /// All servers, by name. What another master has just written comes a moment later.
    pub async fn server_list(&self) -> Result<Vec<ServerSummary>, StoreError> {
        // Before it is read: what is written meanwhile is in one of the two.
        let newest = self.heard.newest_of_all();
        let list = Arc::unwrap_or_clone(self.shared.listed.servers(self).await?);
        Ok(self.add_what_is_in_memory_to_all(list, &newest))
    }

    /// The servers that `filter` is for, by name; and among them the one of the number `also`, where it is there.
    pub async fn server_list_some(
        &self,
        filter: &ServerFilter,
        also: Option<i64>,
    ) -> Result<Vec<ServerSummary>, StoreError> {
        if *filter == ServerFilter::default() {
            return self.server_list().await;
        }
        let newest = self.heard.newest_of_all();
        let list: Result<Vec<ServerSummary>, StoreError> = read!(self, servers::list_some(filter, also));
        Ok(self.add_what_is_in_memory_to_all(list?, &newest))
    }

    fn add_what_is_in_memory_to_all(
        &self,
        mut list: Vec<ServerSummary>,
        newest: &HashMap<i64, Newest>,
    ) -> Vec<ServerSummary> {
        list.iter_mut().for_each(|server| self.add_what_is_in_memory(server, newest.get(&server.id)));
        list
    }

    /// One server with its containers; its services are left empty. `None` where there is no such server.
    pub async fn server_find(&self, server_id: i64) -> Result<Option<ServerDetail>, StoreError> {
        let newest = self.heard.newest(server_id);
        let found: Result<Option<ServerDetail>, StoreError> = read!(self, servers::find(server_id));
        let Some(mut server) = found? else { return Ok(None) };
        self.add_what_is_in_memory(&mut server.summary, newest.as_ref());
        if let Some(version) = self.heard.facts(server_id).and_then(|facts| facts.agent_version) {
            server.agent_version = version;
        }
        Ok(Some(server))
    }

    fn add_what_is_in_memory(&self, server: &mut ServerSummary, newest: Option<&Newest>) {
        if let Some(newest) = newest {
            servers::add_newest(server, newest);
        }
        if let Some(seen_at_ms) = self.heard.last_seen_at_ms(server.id)
            && seen_at_ms > server.last_seen_at.unix_ms()
        {
            server.last_seen_at = Timestamp::from_unix_ms(seen_at_ms);
            if server.status == ServerStatus::Offline {
                server.status = ServerStatus::Online;
            }
        }
        if let Some(facts) = self.heard.facts(server.id) {
            server.ip_address = facts.ip_address;
        }
    }

    /// The name of a server. `None` where there is no such server.
    pub async fn server_name(&self, server_id: i64) -> Result<Option<String>, StoreError> {
        read!(self, servers::name(server_id))
    }

    /// How long it may take until the database knows of what another master has heard; `None` after the database was
    /// away, until the others have had the time to tell it what they heard meanwhile.
    pub fn heard_by_others_after(&self) -> Option<Duration> {
        if let Engine::Sqlite(_) = &self.engine {
            return Some(Duration::ZERO);
        }
        let failed_at = *self.shared.heard_failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        failed_at.is_none_or(|at| at.elapsed() > OTHERS_SETTLE).then_some(OTHERS_LAG)
    }

    /// Marks the online servers last heard before `cutoff` as offline and returns their names.
    pub async fn servers_mark_offline(&self, cutoff: Timestamp, now: Timestamp) -> Result<Vec<String>, StoreError> {
        // What was heard counts, whether it is written or not.
        self.write_heard().await?;
        let marked: Result<Vec<(i64, String)>, StoreError> = write!(self, servers::mark_offline(cutoff, now));
        let (ids, names): (Vec<i64>, Vec<String>) = marked?.into_iter().unzip();
        self.heard.silence(&ids);
        Ok(names)
    }

    /// The fleet in four numbers, the mean unrounded.
    pub async fn stats(&self) -> Result<Stats, StoreError> {
        let newest = self.heard.newest_of_all();
        read!(self, servers::stats(&newest))
    }

    /// Stores samples of one server, and returns once they are on disk. One whose time is stored already is left as it
    /// is.
    ///
    /// Errors: also [`StoreError::Busy`] when more is waiting than the queue holds.
    pub async fn metrics_insert(
        &self,
        reporter: &Reporter,
        samples: impl Into<Vec<Sample>>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let ready = self.metrics_ready(reporter, now).await?;
        self.metrics_store(ready, samples.into(), now).await
    }

    /// The first half of [`Self::metrics_insert`], to be done before there are samples: they are many times larger than
    /// what is stored of them, and none of them should have to wait for the database in that size.
    pub async fn metrics_ready<'a>(&self, reporter: &'a Reporter, now: Timestamp) -> Result<Ready<'a>, StoreError> {
        self.hear(reporter, None, now).await?;
        self.check_disk()?;
        // Two billion servers are more than a master ever numbers.
        let id = i32::try_from(reporter.server_id).map_err(|_| StoreError::ServerGone)?;
        let shape = match self.shapes.newest(id) {
            Some(shape) => shape,
            None => {
                let shape = Box::pin(self.stored_shape(id)).await?;
                self.shapes.keep(id, shape.as_ref());
                shape
            }
        };
        Ok(Ready { reporter, id, shape })
    }

    /// The second half.
    pub async fn metrics_store(
        &self,
        ready: Ready<'_>,
        mut samples: Vec<Sample>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Ready { reporter, id, mut shape } = ready;
        let rows: Vec<_> = samples.iter_mut().map(|sample| SampleRow::of(id, sample, &mut shape, now)).collect();
        drop(samples);
        self.shapes.keep(id, shape.as_ref());
        // Of two with one time the first is stored.
        let newest = rows.iter().rev().max_by_key(|row| row.timestamp_ms).map(Newest::from);
        match self.ingest.ask(reporter.server_id, Work::Samples(rows)).await? {
            Done::Gone => Err(self.gone(reporter)),
            _ => {
                newest.into_iter().for_each(|newest| self.heard.stored(reporter.server_id, newest));
                Ok(())
            }
        }
    }

    /// Gives back what storage can do without, once a day is over for two days. Quick where there is nothing to do.
    pub async fn maintain(&self, now: Timestamp) -> Result<(), StoreError> {
        match &self.engine {
            // It keeps its pages two thirds full by itself, and rows are small enough with that.
            Engine::Sqlite(_) => Ok(()),
            Engine::Postgres(pool) => {
                // Another master may have ended for good before it told.
                self.find_newest().await?;
                let day = now.unix_ms().div_euclid(MS_PER_DAY);
                postgres::pack_days_before(&mut *pool.acquire().await?, day - 1).await
            }
        }
    }

    /// Writes down the newest sample of each server whose samples were stored without anybody telling: by a master that
    /// ended abruptly within a second.
    async fn find_newest(&self) -> Result<(), StoreError> {
        let mut after = i64::MIN;
        loop {
            let found: Result<Vec<(i64, Newest)>, StoreError> =
                read!(self, servers::find_newest(after, HEARD_PER_WRITE as i64));
            let found = found?;
            let Some((last, _)) = found.last() else { return Ok(()) };
            after = *last;
            let written: Result<(), StoreError> = write!(self, servers::write_newest(&found));
            written?;
        }
    }

    /// The newest shape of a server's samples in the database.
    async fn stored_shape(&self, server_id: i32) -> Result<Option<Arc<Kept>>, StoreError> {
        let shape: Result<Option<Shape>, StoreError> = read!(self, metrics::newest_shape(server_id.into()));
        Ok(shape?.map(|shape| Arc::new(Kept::new(server_id, shape, true))))
    }

    /// The database has no such server any more.
    fn gone(&self, reporter: &Reporter) -> StoreError {
        self.heard.forget(reporter.server_id);
        StoreError::ServerGone
    }

    /// A server's newest sample, whole. `None` where it has none.
    pub async fn metrics_latest(&self, server_id: i64) -> Result<Option<Sample>, StoreError> {
        read!(self, metrics::latest(server_id))
    }

    /// A server's samples, or the unrounded means of their hours, from `since` on, oldest first. Hours whose samples are
    /// gone are those that were made of them.
    pub async fn metrics_history(
        &self,
        server_id: i64,
        interval: HistoryInterval,
        since: Timestamp,
    ) -> Result<Vec<DataPoint>, StoreError> {
        let points: Result<Vec<DataPoint>, StoreError> = read!(self, metrics::history(server_id, interval, since));
        let points = points?;
        if interval == HistoryInterval::Raw {
            return Ok(points);
        }
        let first_ms = points.first().map_or(i64::MAX - 1, |point| point.timestamp.unix_ms());
        let after = Timestamp::from_unix_ms(first_ms + 1);
        let is_wanted = |name: &str| OF_AN_HOUR.contains(&name);
        let hours = self.rollups(server_id, Tier::Hourly, since, after, &is_wanted).await?;
        let mut hours: Vec<DataPoint> = hours.iter().filter_map(point_of_hour).collect();
        // Where the samples go back as far, they say it all.
        if hours.first().is_none_or(|hour| hour.timestamp.unix_ms() == first_ms) {
            return Ok(points);
        }
        let made_until = hours.last().map(|hour| hour.timestamp);
        hours.extend(points.into_iter().filter(|point| Some(point.timestamp) > made_until));
        Ok(hours)
    }

    /// Whether the containers that are stored of a server are those that were stored with `hash`.
    pub async fn containers_are(&self, reporter: &Reporter, hash: i64, now: Timestamp) -> Result<bool, StoreError> {
        self.hear(reporter, None, now).await?;
        match self.ingest.ask(reporter.server_id, Work::Containers(hash)).await? {
            Done::Gone => Err(self.gone(reporter)),
            done => Ok(done == Done::Unchanged),
        }
    }

    /// Compares a server's stored containers with a report and stores what `changes` makes of it, and `hash` for
    /// [`Self::containers_are`]; `None` where the report is not stored whole.
    ///
    /// `changes` is given the stored set, by name, or `None` before the first report. Reports of one server are
    /// compared one after the other.
    pub async fn containers_replace<F>(
        &self,
        reporter: &Reporter,
        hash: Option<i64>,
        now: Timestamp,
        changes: F,
    ) -> Result<(), StoreError>
    where
        F: FnOnce(Option<&[Container]>) -> ContainerChanges + Send,
    {
        self.hear(reporter, None, now).await?;
        self.check_disk()?;
        write!(self, containers::replace(reporter, hash, now, changes))
    }

    /// A server's containers, by name; none where there is no such server.
    pub async fn container_list(&self, server_id: i64) -> Result<Vec<Container>, StoreError> {
        read!(self, containers::list(server_id))
    }

    /// The container sets that were stored from `since_ms` on.
    pub async fn container_sets_since(&self, since_ms: i64) -> Result<Vec<ContainerSet>, StoreError> {
        read!(self, containers::sets_since(since_ms))
    }

    /// Events from `since_ms` on, oldest first, up to [`ACTIVITIES_MAX`].
    pub async fn activities_since(&self, since_ms: i64) -> Result<Vec<Activity>, StoreError> {
        read!(self, activities::since(since_ms, ACTIVITIES_MAX as i64))
    }

    /// The newest `limit` events, newest first.
    pub async fn activity_list(&self, limit: i64) -> Result<Vec<Activity>, StoreError> {
        Ok(self.activity_list_some(&ActivityFilter::default(), limit).await?.unwrap_or_default())
    }

    /// The newest `limit` events that `filter` is for, newest first. `None` where there is no event to go on after.
    pub async fn activity_list_some(
        &self,
        filter: &ActivityFilter,
        limit: i64,
    ) -> Result<Option<Vec<Activity>>, StoreError> {
        read!(self, activities::list(filter, limit))
    }
}
