//! What is kept for how long, and how the rest goes without anybody waiting.
//!
//! Samples go when they are older than they are kept and their hour is rolled up, hours and days when they are older. What
//! cannot be rolled up is waited for a week more ([`UNREADABLE_DAYS`]). A partition of PostgreSQL is detached without keeping anybody out, and dropped; rows are deleted a few hundred at a time,
//! each time in a transaction of its own that takes its turn among the writers. On SQLite the room is given back in steps
//! of a few hundred KB where there is much of it; what is free otherwise is used again.

use std::sync::atomic::Ordering;
use std::time::Duration;

use neon_shared::time::Timestamp;
use sqlx::Row as _;

use super::packed::SPAN_MAX_MS;
use super::{Engine, MS_PER_DAY, Store, StoreError, for_both_engines, in_transaction, read, retention};

/// Rows that one transaction deletes at most.
pub(super) const ROWS_PER_STEP: i64 = 500;
/// Servers that are looked up at a time.
pub(super) const SERVERS_PER_LOOK: i64 = 256;
/// How much longer than a sample is taken it is kept, so that none is taken whose neighbours are gone.
const MARGIN_MS: i64 = 2 * 3_600_000;
/// How much longer samples are kept, in days, where some of a server cannot be rolled up because they cannot be read: time
/// to see the log and to mend it. After that they go, or one server's damage would fill the disk with everybody's samples.
/// Its hours are made again from there on.
const UNREADABLE_DAYS: u32 = 7;
/// Samples of before this day are in one partition of PostgreSQL (`metrics_ancient`, and the same of hours).
const ANCIENT_MS: i64 = 1_735_689_600_000;
/// Free pages of SQLite's file past which some are given back, and their part of the file: what is deleted in an hour
/// is needed again in the next.
const FREE_PAGES_MIN: i64 = 1024;
const FREE_PART: i64 = 16;
/// Pages of 4 KiB that are given back at a time.
const PAGES_PER_STEP: i64 = 64;

/// For how many days what is kept; 0 is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Samples.
    pub raw_days: u32,
    /// Hours.
    pub hourly_days: u32,
    /// Days.
    pub daily_days: u32,
    /// Events.
    pub activity_days: u32,
}

impl Retention {
    /// What holds where nothing is said.
    pub const DEFAULT: Self = Self { raw_days: 30, hourly_days: 400, daily_days: 0, activity_days: 365 };

    /// The oldest sample that is taken now.
    pub fn oldest_sample(&self, now: Timestamp) -> Timestamp {
        before(self.raw_days, now).map_or(Timestamp::MIN, Timestamp::from_unix_ms)
    }
}

/// What is older than so many days is older than this.
fn before(days: u32, now: Timestamp) -> Option<i64> {
    (days > 0).then(|| now.unix_ms().saturating_sub(i64::from(days) * MS_PER_DAY))
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Partitions that were dropped.
    pub partitions: usize,
    /// Rows that were deleted one by one.
    pub rows: u64,
    /// In so many transactions.
    pub steps: usize,
    /// Most of them in one.
    pub rows_max: u64,
    /// Pages of SQLite's file that were given back.
    pub pages: u64,
    /// The longest of these steps, with its wait for the disk, in microseconds.
    pub longest_step_us: u64,
}

/// What a server has many rows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Samples,
    Shapes,
    Hours,
    Days,
    /// Hours that are to be rolled up again.
    Due,
    /// By their numbers; all others are by their time.
    Activities,
    /// The same by their time. The last one of each server stays, since the next one's number follows from it.
    OldActivities,
}

/// Rows of one server that are to go: those until `last`.
#[derive(Clone, Copy, Debug)]
pub struct Old {
    pub(super) kind: Kind,
    pub(super) server_id: i64,
    pub(super) last: i64,
}

/// What one transaction is to delete.
#[derive(Debug, Default)]
pub struct Batch {
    old: Vec<Old>,
    rows: i64,
}

impl Store {
    /// Lets go of what is older than it is kept. Stops where this master does not lead any more.
    pub async fn retain(&self, retention: &Retention, now: Timestamp) -> Result<Retained, StoreError> {
        let mut done = Retained::default();
        let rolled_up: Result<i64, StoreError> = read!(self, retention::rolled_up_until());
        let rolled_up_ms = rolled_up?;
        // Nothing that was not tried: the first hours of a large store, or those of a week without a database.
        let tried_ms = self.shared.tried_until_ms.load(Ordering::Relaxed) - MARGIN_MS;
        let raw_ms = before(retention.raw_days, now).map(|ms| {
            let given_up_ms = ms - i64::from(UNREADABLE_DAYS) * MS_PER_DAY;
            (ms - MARGIN_MS).min(rolled_up_ms.max(given_up_ms.min(tried_ms)))
        });
        let hourly_ms = before(retention.hourly_days, now);
        let mut deletes = Vec::new();
        if let Some(raw_ms) = raw_ms {
            // A partition goes as a whole, and so up to a day late. Nothing that is left names a shape from so long before.
            deletes.push((Kind::Shapes, raw_ms - SPAN_MAX_MS.cast_signed() - 2 * MS_PER_DAY));
        }
        match &self.engine {
            Engine::Sqlite(_) => {
                deletes.extend(raw_ms.map(|ms| (Kind::Samples, ms)));
                deletes.extend(hourly_ms.map(|ms| (Kind::Hours, ms)));
            }
            Engine::Postgres(pool) => {
                deletes.extend(raw_ms.map(|ms| (Kind::Samples, ms.min(ANCIENT_MS))));
                deletes.extend(hourly_ms.map(|ms| (Kind::Hours, ms.min(ANCIENT_MS))));
                for (table, before_ms) in [("metrics", raw_ms), ("rollups_hourly", hourly_ms)] {
                    let Some(before_ms) = before_ms else { continue };
                    let mut connection = pool.acquire().await?;
                    done.partitions +=
                        super::postgres::drop_partitions_before(&mut connection, table, before_ms).await?;
                }
            }
        }
        deletes.extend(before(retention.daily_days, now).map(|ms| (Kind::Days, ms)));
        deletes.extend(before(retention.activity_days, now).map(|ms| (Kind::OldActivities, ms)));
        self.delete_old(&deletes, &mut done).await?;
        if let Engine::Sqlite(engine) = &self.engine {
            done.pages = engine.give_back(FREE_PAGES_MIN, FREE_PART, PAGES_PER_STEP, &mut done.longest_step_us).await?;
        }
        Ok(done)
    }

    async fn delete_old(&self, kinds: &[(Kind, i64)], done: &mut Retained) -> Result<(), StoreError> {
        let led = self.is_leading();
        let (mut after, mut batch) = (i64::MIN, Batch::default());
        loop {
            let servers: Result<Vec<i64>, StoreError> = read!(self, retention::servers(after));
            let servers = servers?;
            let Some(last) = servers.last() else { break };
            after = *last;
            for server_id in servers {
                if !self.delete_old_of(server_id, kinds, led, &mut batch, done).await? {
                    return Ok(());
                }
            }
        }
        self.delete(&mut batch, done).await
    }

    /// Deletes what of these kinds a server has from before those times. What is less than a step is left in `batch`. False
    /// where this master `led` and does not any more.
    pub(super) async fn delete_old_of(
        &self,
        server_id: i64,
        kinds: &[(Kind, i64)],
        led: bool,
        batch: &mut Batch,
        done: &mut Retained,
    ) -> Result<bool, StoreError> {
        for (kind, before) in kinds.iter().copied() {
            loop {
                if led && !self.is_leading() {
                    return Ok(false);
                }
                let old: Result<Option<(i64, Old)>, StoreError> =
                    read!(self, retention::oldest(kind, server_id, before, ROWS_PER_STEP - batch.rows));
                let Some((rows, old)) = old? else { break };
                batch.old.push(old);
                batch.rows += rows;
                if batch.rows < ROWS_PER_STEP {
                    break;
                }
                self.delete(batch, done).await?;
            }
        }
        Ok(true)
    }

    pub(super) async fn delete(&self, batch: &mut Batch, done: &mut Retained) -> Result<(), StoreError> {
        if batch.old.is_empty() {
            return Ok(());
        }
        let old = std::mem::take(batch).old;
        let began = tokio::time::Instant::now();
        let deleted: Result<u64, StoreError> = in_transaction!(self, retention::delete(&old));
        done.step(deleted?, began.elapsed());
        Ok(())
    }
}

impl Retained {
    /// Notes a step that took away so many rows.
    pub(super) fn step(&mut self, rows: u64, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.longest_step_us = self.longest_step_us.max(took_us);
        self.rows += rows;
        self.rows_max = self.rows_max.max(rows);
        self.steps += 1;
    }
}

for_both_engines! {
    /// Samples from here on may still be needed for hours that are not rolled up, or due once more.
    pub async fn rolled_up_until(connection: &mut Connection) -> Result<i64, StoreError> {
        let row = sqlx::query(
            "SELECT (SELECT MIN(COALESCE(d.hour_ms, s.created_at_ms / 3600000 * 3600000 - 3600000)) FROM servers s \
             LEFT JOIN rollups_done d ON d.server_id = s.id) AS done, (SELECT MIN(hour_ms) FROM rollups_due) AS due",
        )
        .fetch_one(connection)
        .await?;
        let (done, due): (Option<i64>, Option<i64>) = (row.try_get("done")?, row.try_get("due")?);
        // And of the hour before, for the first rate.
        Ok(done.unwrap_or(i64::MAX).min(due.unwrap_or(i64::MAX)).saturating_sub(MARGIN_MS))
    }

    pub async fn servers(connection: &mut Connection, after: i64) -> Result<Vec<i64>, StoreError> {
        let sql = "SELECT id FROM servers WHERE id > $1 ORDER BY id LIMIT $2";
        Ok(sqlx::query_scalar(sql).bind(after).bind(SERVERS_PER_LOOK).fetch_all(connection).await?)
    }

    /// How many rows of a server are older, up to `limit`, and which. `None` where none is.
    pub async fn oldest(
        connection: &mut Connection,
        kind: Kind,
        server_id: i64,
        before: i64,
        limit: i64,
    ) -> Result<Option<(i64, Old)>, StoreError> {
        let sql = match kind {
            Kind::Samples => {
                "SELECT COUNT(*) AS rows, MAX(ms) AS last FROM (SELECT timestamp_ms AS ms FROM metrics \
                 WHERE server_id = $1 AND timestamp_ms < $2 ORDER BY timestamp_ms LIMIT $3) AS old"
            }
            Kind::Shapes => {
                "SELECT COUNT(*) AS rows, MAX(ms) AS last FROM (SELECT base_ms AS ms FROM metric_shapes \
                 WHERE server_id = $1 AND base_ms < $2 ORDER BY base_ms LIMIT $3) AS old"
            }
            Kind::Hours => {
                "SELECT COUNT(*) AS rows, MAX(ms) AS last FROM (SELECT start_ms AS ms FROM rollups_hourly \
                 WHERE server_id = $1 AND start_ms < $2 ORDER BY start_ms LIMIT $3) AS old"
            }
            Kind::Days => {
                "SELECT COUNT(*) AS rows, MAX(ms) AS last FROM (SELECT start_ms AS ms FROM rollups_daily \
                 WHERE server_id = $1 AND start_ms < $2 ORDER BY start_ms LIMIT $3) AS old"
            }
            Kind::Due => {
                "SELECT COUNT(*) AS rows, MAX(ms) AS last FROM (SELECT hour_ms AS ms FROM rollups_due \
                 WHERE server_id = $1 AND hour_ms < $2 ORDER BY hour_ms LIMIT $3) AS old"
            }
            Kind::Activities => {
                "SELECT COUNT(*) AS rows, MAX(number) AS last FROM (SELECT sequence AS number FROM activities \
                 WHERE server_id = $1 AND sequence < $2 ORDER BY sequence LIMIT $3) AS old"
            }
            Kind::OldActivities => {
                "SELECT COUNT(*) AS rows, MAX(ms) AS last FROM (SELECT timestamp_ms AS ms FROM activities \
                 WHERE server_id = $1 AND timestamp_ms < $2 \
                 AND sequence < (SELECT MAX(n.sequence) FROM activities n WHERE n.server_id = $1) \
                 ORDER BY timestamp_ms LIMIT $3) AS old"
            }
        };
        let row = sqlx::query(sql).bind(server_id).bind(before).bind(limit).fetch_one(connection).await?;
        let (rows, last): (i64, Option<i64>) = (row.try_get("rows")?, row.try_get("last")?);
        Ok(last.map(|last| (rows, Old { kind, server_id, last })))
    }

    pub async fn delete(connection: &mut Connection, old: &[Old]) -> Result<u64, StoreError> {
        let mut rows = 0;
        for Old { kind, server_id, last } in old {
            let sql = match kind {
                Kind::Samples => "DELETE FROM metrics WHERE server_id = $1 AND timestamp_ms <= $2",
                Kind::Shapes => "DELETE FROM metric_shapes WHERE server_id = $1 AND base_ms <= $2",
                Kind::Hours => "DELETE FROM rollups_hourly WHERE server_id = $1 AND start_ms <= $2",
                Kind::Days => "DELETE FROM rollups_daily WHERE server_id = $1 AND start_ms <= $2",
                Kind::Due => "DELETE FROM rollups_due WHERE server_id = $1 AND hour_ms <= $2",
                Kind::Activities => "DELETE FROM activities WHERE server_id = $1 AND sequence <= $2",
                // Those of one report have one time, and go together.
                Kind::OldActivities => {
                    "DELETE FROM activities WHERE server_id = $1 AND timestamp_ms <= $2 \
                     AND sequence < (SELECT MAX(n.sequence) FROM activities n WHERE n.server_id = $1)"
                }
            };
            rows += sqlx::query(sql).bind(server_id).bind(last).execute(&mut *connection).await?.rows_affected();
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_for_ever_is_never_too_old() {
        let now = Timestamp::from_unix_ms(1_795_046_400_000);
        assert_eq!(Retention { raw_days: 0, ..Retention::DEFAULT }.oldest_sample(now), Timestamp::MIN);
        let thirty_days = Timestamp::from_unix_ms(1_795_046_400_000 - 30 * 86_400_000);
        assert_eq!(Retention::DEFAULT.oldest_sample(now), thirty_days);
    }
}
