//! Group commit: reports of many agents, one write.
//!
//! A report waits in a bounded queue until the writer takes it up with all that came meanwhile, and is answered when the
//! database has committed. So the price of a commit is shared by as many as come within it, and grows with nobody. Past
//! the bound a report is turned away at once: an agent keeps what was not acknowledged.
//!
//! A write that fails is a failure of everybody in it, unless one of them is the cause: then each is tried alone. Whoever
//! is told of a failure sends again, and what was stored after all is not stored twice. A server that was deleted is told
//! apart in each batch by one look-up of all its servers, not by a foreign key, which would look up and lock a row for
//! every sample.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::Connection as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::metrics::{self, SampleRow};
use super::rollups::due_hours;
use super::shapes::Kept;
use crate::observe::Writes;
use crate::vital::Vital;

use super::{Engine, MS_PER_DAY, StoreError, postgres, sqlite};

/// Most samples that wait at a time; with 400 bytes each and their reports some 40 MiB. Past it a report is turned away.
const QUEUE_MAX_ROWS: usize = 65_536;
/// Most samples of one write. A report is not divided, so one more report may come on top.
const BATCH_MAX_ROWS: usize = 2048;
/// How long a batch waits for others where there are others to be expected.
const GATHER: Duration = Duration::from_millis(4);
/// How long a write may take, and a report wait for it, before it counts as failed.
const WRITE_MAX: Duration = Duration::from_secs(10);
/// How long a failed write counts where no other follows: a master that nobody is sent to while it is not ready would not
/// be ready any more.
const FAILURE_COUNTS: Duration = Duration::from_secs(30);
/// How often the log is told that the queue is full.
const SAY_FULL_EVERY: Duration = Duration::from_secs(10);

/// What a report wants of the store.
#[derive(Debug)]
pub enum Work {
    /// To store samples.
    Samples(Vec<SampleRow>),
    /// To know whether the containers that are stored have this hash.
    Containers(i64),
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// The samples are on disk, or were already.
    Stored,
    /// The stored containers are those of the report.
    Unchanged,
    /// The stored containers are others.
    Changed,
    /// There is no such server.
    Gone,
}

type Outcome = Result<Done, Arc<StoreError>>;

#[derive(Debug)]
struct Job {
    server_id: i64,
    work: Work,
    done: oneshot::Sender<Outcome>,
    _room: OwnedSemaphorePermit,
}

impl Job {
    fn rows(&self) -> &[SampleRow] {
        match &self.work {
            Work::Samples(rows) => rows,
            Work::Containers(_) => &[],
        }
    }
}

#[derive(Debug)]
enum Message {
    Job(Job),
    End,
}

/// The way into the queue.
#[derive(Clone, Debug)]
pub struct Ingest {
    jobs: mpsc::UnboundedSender<Message>,
    room: Arc<Semaphore>,
    /// Samples that were committed on SQLite, resent ones included.
    committed: Arc<AtomicU64>,
    writes: Arc<Writes>,
    /// When the last write failed; `None` where it did not.
    failed_at: Arc<Mutex<Option<Instant>>>,
    /// When the log was told last that the queue is full.
    said_full: Arc<Mutex<Option<Instant>>>,
}

impl Ingest {
    /// Starts the writer.
    pub fn start(engine: Engine, vital: &Vital) -> (Self, tokio::task::JoinHandle<()>) {
        let (jobs, queue) = mpsc::unbounded_channel();
        let committed = Arc::<AtomicU64>::default();
        let writes = Arc::<Writes>::default();
        let failed_at = Arc::<Mutex<Option<Instant>>>::default();
        let writer = Writer {
            engine,
            days: HashSet::new(),
            committed: Arc::clone(&committed),
            writes: Arc::clone(&writes),
            failed_at: Arc::clone(&failed_at),
        };
        let handle = vital.spawn("writing samples", writer.run(queue));
        let room = Arc::new(Semaphore::new(QUEUE_MAX_ROWS));
        (Self { jobs, room, committed, writes, failed_at, said_full: Arc::default() }, handle)
    }

    /// Lets the writer finish what is waiting, and waits for it. Nothing is taken up after that.
    pub async fn close(&self, writer: tokio::task::JoinHandle<()>) {
        self.room.close();
        let all = self.jobs.send(Message::End);
        if all.is_ok() && writer.await.is_err() {
            tracing::error!("the store's writer ended badly");
        }
    }

    /// Hands `work` to the writer and waits for what becomes of it.
    ///
    /// Errors: [`StoreError::Busy`] where the queue is full or the writer too slow, else what the database said.
    pub async fn ask(&self, server_id: i64, work: Work) -> Result<Done, StoreError> {
        let weight = match &work {
            Work::Samples(rows) => rows.len().clamp(1, QUEUE_MAX_ROWS) as u32,
            Work::Containers(_) => 1,
        };
        let room = Arc::clone(&self.room).try_acquire_many_owned(weight).map_err(|error| match error {
            TryAcquireError::NoPermits => self.full(),
            TryAcquireError::Closed => StoreError::Closed,
        })?;
        let (done, outcome) = oneshot::channel();
        self.jobs.send(Message::Job(Job { server_id, work, done, _room: room })).map_err(|_| StoreError::Closed)?;
        match timeout(WRITE_MAX, outcome).await {
            Err(_) => Err(StoreError::Busy),
            Ok(Err(_)) => Err(StoreError::Closed),
            Ok(Ok(outcome)) => outcome.map_err(StoreError::Shared),
        }
    }
}

impl Ingest {
    /// Samples that wait, or are being written.
    pub fn queued_rows(&self) -> usize {
        QUEUE_MAX_ROWS.saturating_sub(self.room.available_permits())
    }

    /// Samples that were committed on SQLite since the start.
    pub fn committed(&self) -> u64 {
        self.committed.load(Ordering::Relaxed)
    }

    /// What the writer did since the start.
    pub fn writes(&self) -> &Writes {
        &self.writes
    }

    /// Whether the last write failed, and that of late.
    pub fn last_write_failed(&self) -> bool {
        let failed_at = self.failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        failed_at.is_some_and(|at| at.elapsed() < FAILURE_COUNTS)
    }

    fn full(&self) -> StoreError {
        let now = Instant::now();
        let mut said = self.said_full.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|said| now - said >= SAY_FULL_EVERY) {
            *said = Some(now);
            tracing::error!("the database is slower than what arrives: reports are turned away, and come again");
        }
        StoreError::Busy
    }
}

struct Writer {
    engine: Engine,
    /// Days whose partition is known to be there. PostgreSQL alone has partitions.
    days: HashSet<i64>,
    committed: Arc<AtomicU64>,
    writes: Arc<Writes>,
    failed_at: Arc<Mutex<Option<Instant>>>,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Message>) {
        let mut is_busy = false;
        let mut goes_on = true;
        while goes_on && let Some(Message::Job(first)) = queue.recv().await {
            let mut batch = vec![first];
            goes_on = gather(&mut queue, &mut batch, is_busy).await;
            is_busy = batch.len() > 1;
            self.write(batch).await;
        }
    }

    async fn write(&mut self, batch: Vec<Job>) {
        match self.try_write(&batch).await {
            Ok(known) => {
                self.note(true);
                batch.into_iter().for_each(|job| answer(job, &known));
            }
            // One of them may be the cause, so each has its own try.
            Err(error) if batch.len() > 1 && !error.is_unavailable() => {
                let mut some_were_written = false;
                for job in batch {
                    let alone = std::slice::from_ref(&job);
                    match self.try_write(alone).await {
                        Ok(known) => {
                            some_were_written = true;
                            answer(job, &known);
                        }
                        Err(error) => refuse(job, &Arc::new(error)),
                    }
                }
                self.note(some_were_written);
            }
            Err(error) => {
                self.note(false);
                let error = Arc::new(error);
                batch.into_iter().for_each(|job| refuse(job, &error));
            }
        }
    }

    fn note(&self, is_written: bool) {
        *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner) = (!is_written).then(Instant::now);
    }

    /// Writes `batch` in one go and returns what is known of its servers: those that are not in there do not exist.
    async fn try_write(&mut self, batch: &[Job]) -> Result<HashMap<i64, Option<i64>>, StoreError> {
        let attempt = async |writer: &mut Self| {
            let started = Instant::now();
            let outcome = match timeout(WRITE_MAX, writer.attempt(batch)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(StoreError::Busy),
            };
            writer.writes.duration_us.see_duration(started.elapsed());
            match &outcome {
                Ok(_) => writer.writes.batch_samples.see(batch.iter().map(|job| job.rows().len() as u64).sum()),
                Err(_) => writer.writes.failed.increment(),
            }
            outcome
        };
        match attempt(self).await {
            // The pool's connection had ended meanwhile, as after a restart of the database: that costs nobody a sample.
            Err(StoreError::Unavailable(sqlx::Error::Io(_))) => attempt(self).await,
            // Somebody took a partition away.
            Err(StoreError::Database(error)) if is_without_partition(&error) => {
                self.days.clear();
                attempt(self).await
            }
            outcome => outcome,
        }
    }

    async fn attempt(&mut self, batch: &[Job]) -> Result<HashMap<i64, Option<i64>>, StoreError> {
        let ids: BTreeSet<i64> = batch.iter().map(|job| job.server_id).collect();
        let ids: Vec<i64> = ids.into_iter().collect();
        let rows_of = |known: &HashMap<i64, Option<i64>>| -> Vec<&SampleRow> {
            let jobs = batch.iter().filter(|job| known.contains_key(&job.server_id));
            let mut rows: Vec<&SampleRow> = jobs.flat_map(|job| job.rows()).collect();
            // Two masters that are sent the same samples write them in the same order, so that neither waits for the other.
            rows.sort_by_key(|row| (row.server_id, row.timestamp_ms));
            rows
        };
        match &self.engine {
            Engine::Sqlite(engine) => {
                let mut transaction = engine.begin().await?;
                let known = known(&sqlite::containers_hashes(&mut transaction, &ids).await?)?;
                let rows = rows_of(&known);
                let shapes = new_shapes(&rows);
                metrics::insert_shapes_sqlite(&mut transaction, &shapes).await?;
                metrics::insert_sqlite(&mut transaction, &rows).await?;
                let due = due_hours(&rows);
                if !due.is_empty() {
                    sqlite::mark_due(&mut transaction, &due).await?;
                }
                transaction.commit().await?;
                self.committed.fetch_add(rows.len() as u64, Ordering::Relaxed);
                shapes.iter().for_each(|shape| shape.is_stored.store(true, Ordering::Release));
                Ok(known)
            }
            // Each statement commits by itself: the rows of a batch are one. Late ones are one with what they mark.
            Engine::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                let known = known(&postgres::containers_hashes(&mut connection, &ids).await?)?;
                let rows = rows_of(&known);
                if !rows.is_empty() {
                    for day in rows.iter().map(|row| row.timestamp_ms.div_euclid(MS_PER_DAY)).collect::<BTreeSet<_>>() {
                        if !self.days.contains(&day) {
                            postgres::make_day(&mut connection, day).await?;
                            self.days.insert(day);
                        }
                    }
                    let shapes = new_shapes(&rows);
                    if !shapes.is_empty() {
                        metrics::insert_shapes_postgres(&mut connection, &shapes).await?;
                        shapes.iter().for_each(|shape| shape.is_stored.store(true, Ordering::Release));
                    }
                    let due = due_hours(&rows);
                    if due.is_empty() {
                        metrics::insert_postgres(&mut connection, &rows).await?;
                    } else {
                        let mut transaction = connection.begin().await?;
                        metrics::insert_postgres(&mut transaction, &rows).await?;
                        postgres::mark_due(&mut transaction, &due).await?;
                        transaction.commit().await?;
                    }
                }
                Ok(known)
            }
        }
    }
}

/// Takes up what has come. Where the batch before had company others are on their way, and are waited for a moment.
/// False at the end of the queue.
async fn gather(queue: &mut mpsc::UnboundedReceiver<Message>, batch: &mut Vec<Job>, is_busy: bool) -> bool {
    let mut rows: usize = batch.iter().map(|job| job.rows().len()).sum();
    let until = Instant::now() + GATHER;
    while rows < BATCH_MAX_ROWS {
        let message = match queue.try_recv() {
            Ok(message) => message,
            Err(_) if !is_busy => return true,
            Err(_) => tokio::select! {
                message = queue.recv() => message.unwrap_or(Message::End),
                () = sleep_until(until) => return true,
            },
        };
        let Message::Job(job) = message else { return false };
        rows = rows.saturating_add(job.rows().len());
        batch.push(job);
    }
    true
}

/// The shapes that have to be on disk before these rows, each once.
fn new_shapes<'a>(rows: &[&'a SampleRow]) -> Vec<&'a Kept> {
    let mut seen = HashSet::new();
    let shapes = rows.iter().filter_map(|row| row.shape.as_deref()).filter(|shape| !shape.is_stored());
    shapes.filter(|shape| seen.insert(std::ptr::from_ref::<Kept>(shape))).collect()
}

fn known<R: sqlx::Row>(rows: &[R]) -> Result<HashMap<i64, Option<i64>>, sqlx::Error>
where
    i64: for<'r> sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<i64>: for<'r> sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    &'static str: sqlx::ColumnIndex<R>,
{
    rows.iter().map(|row| Ok((row.try_get("server_id")?, row.try_get("containers_hash")?))).collect()
}

fn answer(job: Job, known: &HashMap<i64, Option<i64>>) {
    let done = match (known.get(&job.server_id), &job.work) {
        (None, _) => Done::Gone,
        (Some(_), Work::Samples(_)) => Done::Stored,
        (Some(stored), Work::Containers(hash)) if *stored == Some(*hash) => Done::Unchanged,
        (Some(_), Work::Containers(_)) => Done::Changed,
    };
    // Whoever asked may have given up.
    let _ = job.done.send(Ok(done));
}

fn refuse(job: Job, error: &Arc<StoreError>) {
    let _ = job.done.send(Err(Arc::clone(error)));
}

/// PostgreSQL has no code of its own for it: a check of the table itself, which has no other.
fn is_without_partition(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some("23514"))
}
