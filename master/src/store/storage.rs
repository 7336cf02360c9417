//! How much room the database takes and has: measured here, and the disk watched.

use std::sync::Arc;

use neon_shared::time::Timestamp;
use tokio::time::{Instant, MissedTickBehavior};

use super::disk::{self, Disk};
use super::growth::{Growth, KEEP_EVERY, Point, Rates};
use super::{Duration, Engine, Retention, Store, StoreError, postgres, sqlite};
use crate::model::{Storage, StorageDisk, StorageForecast, StorageGrowth};
use crate::observe::Writes;

/// How old an answer may be: whoever asks more often is told the same.
const ANSWER_KEPT: Duration = Duration::from_secs(10);

/// What was measured so far.
#[derive(Debug)]
pub struct Measured {
    /// What times of points count from.
    start: Instant,
    growth: Growth,
    last: Option<(Instant, Size, Rates)>,
    foretold: Option<(Instant, Option<StorageForecast>)>,
}

impl Default for Measured {
    fn default() -> Self {
        Self { start: Instant::now(), growth: Growth::default(), last: None, foretold: None }
    }
}

/// What the database says of its size.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// On disk, without a log, in bytes.
    pub database_bytes: u64,
    /// The same without room inside that is free; PostgreSQL does not tell the two apart.
    pub used_bytes: u64,
    pub servers: u64,
    /// Stored and ever inserted, by PostgreSQL's statistics.
    pub samples_estimated: Option<u64>,
    pub samples_total: Option<u64>,
}

impl Store {
    /// Watches the disk of an SQLite file from now on, and measures how the database grows. `reserve_bytes` is kept
    /// free, or where it is `None` a part of the disk. Without this call nothing is turned away for want of room.
    pub async fn watch_storage(&self, reserve_bytes: Option<u64>) {
        if let Engine::Sqlite(engine) = &self.engine {
            let disk = Arc::new(Disk::new(engine.path(), reserve_bytes));
            look(&disk).await;
            // Set once; a second call goes on with the first guard.
            let _ = self.shared.disk.set(disk);
        }
        let store = self.clone();
        let task = self.vital.spawn("watching storage", async move {
            let (mut looks, mut measurements) = (tokio::time::interval(disk::LOOK), tokio::time::interval(KEEP_EVERY));
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = looks.tick() => if let Some(disk) = store.shared.disk.get() { look(disk).await },
                    _ = measurements.tick() => if let Err(error) = store.storage().await {
                        tracing::warn!(
                            cause = crate::http::error_chain(&error),
                            "the size of the database could not be measured"
                        );
                    },
                }
            }
        });
        if let Some(tasks) = self.shared.writer.lock().await.as_mut()
            && let Some(before) = tasks.storage.replace(task)
        {
            before.abort();
        }
    }

    /// Whether new rows are turned away because the disk is nearly full.
    pub fn disk_is_low(&self) -> bool {
        self.shared.disk.get().is_some_and(|disk| disk.is_low())
    }

    /// Samples that wait to be written.
    pub fn queued_samples(&self) -> usize {
        self.ingest.queued_rows()
    }

    /// What the writer did.
    pub fn writes(&self) -> &Writes {
        self.ingest.writes()
    }

    /// What the database takes, how it grows, and what room there is.
    pub async fn storage(&self) -> Result<Storage, StoreError> {
        let mut measured = self.shared.measured.lock().await;
        let now = Instant::now();
        let (size, rates) = match measured.last {
            Some((at, size, rates)) if now.duration_since(at) < ANSWER_KEPT => (size, rates),
            _ => {
                // Before the size, so that what comes meanwhile is rather too many bytes than too few.
                let committed = self.ingest.committed();
                let size = self.size().await?;
                let at = now.duration_since(measured.start);
                let samples_total = size.samples_total.unwrap_or(committed);
                let rates = measured.growth.rates(Point { at, used_bytes: size.used_bytes, samples_total });
                measured.last = Some((now, size, rates));
                (size, rates)
            }
        };
        drop(measured);
        Ok(self.describe(size, rates))
    }

    /// The same, with what the tiers come to under `retention`.
    pub async fn storage_foretold(&self, retention: &Retention, now: Timestamp) -> Result<Storage, StoreError> {
        let mut storage = self.storage().await?;
        let mut measured = self.shared.measured.lock().await;
        let asked_at = Instant::now();
        storage.forecast = match &measured.foretold {
            Some((at, forecast)) if asked_at.duration_since(*at) < ANSWER_KEPT => forecast.clone(),
            _ => {
                let forecast = self.forecast(storage.servers, retention, now).await?;
                measured.foretold = Some((asked_at, forecast.clone()));
                forecast
            }
        };
        Ok(storage)
    }

    pub(super) fn check_disk(&self) -> Result<(), StoreError> {
        if self.disk_is_low() { Err(StoreError::DiskLow) } else { Ok(()) }
    }

    async fn size(&self) -> Result<Size, StoreError> {
        match &self.engine {
            Engine::Sqlite(engine) => sqlite::size(&mut *engine.reader().await?).await,
            Engine::Postgres(pool) => postgres::size(&mut *pool.acquire().await?).await,
        }
    }

    fn describe(&self, size: Size, rates: Rates) -> Storage {
        let disk = self.shared.disk.get();
        let room = disk.and_then(|disk| disk.room());
        let is_low = self.disk_is_low();
        Storage {
            engine: match &self.engine {
                Engine::Sqlite(_) => "sqlite",
                Engine::Postgres(_) => "postgresql",
            },
            database_bytes: size.database_bytes.saturating_add(room.map_or(0, |room| room.log_bytes)),
            servers: size.servers,
            samples_estimated: size.samples_estimated,
            growth: StorageGrowth {
                measured_seconds: rates.over.as_secs(),
                samples: rates.samples,
                bytes_per_sample: rates.bytes_per_sample.map(whole),
                bytes_per_day: rates.bytes_per_day.map(whole),
                bytes_per_server_and_day: rates
                    .bytes_per_day
                    .filter(|_| size.servers > 0)
                    .map(|bytes| whole(bytes / size.servers as f64)),
            },
            forecast: None,
            disk: room.map(|room| StorageDisk {
                free_bytes: room.free_bytes,
                total_bytes: room.total_bytes,
                reserve_bytes: room.reserve_bytes,
                is_low,
                days_until_low: rates
                    .bytes_per_day
                    .filter(|bytes| *bytes > 0.0)
                    .map(|bytes| (room.left_bytes() as f64 / bytes * 10.0).round() / 10.0),
            }),
        }
    }
}

/// A thread of its own for it: statvfs of a dead share hangs.
async fn look(disk: &Arc<Disk>) {
    let disk = Arc::clone(disk);
    let looked = tokio::task::spawn_blocking(move || disk.look()).await;
    if looked.is_err() {
        tracing::error!("the look at the disk ended badly");
    }
}

fn whole(bytes: f64) -> f64 {
    bytes.round()
}
