//! Hours and days of samples: how they are made, kept and read.
//!
//! What is made and when: of each server, the hours that are over, from where `rollups_done` says, and those in
//! `rollups_due` once more; of these hours the days that are over. Each is made whole of what is stored, outside of any
//! transaction, and a few dozen are written in one, together with what they are done with. So an end in the middle
//! repeats work and loses none, and nobody waits for more than a few rows.
//!
//! A sample that comes when its hour may have been rolled up marks that hour as due in the transaction that stores it
//! ([`is_late`]). One of a current hour costs nothing. The mark is taken away only if it is as it was when the work began.
//! A rollup is never replaced by one of fewer samples: those that are lacking were deleted meanwhile.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::Ordering;

use neon_shared::time::Timestamp;
use sqlx::Row as _;

use super::metrics::SampleRow;
use super::postgres::MS_PER_PERIOD;
use super::rollup_form::{self, Names, Wanted};
use super::{Engine, Store, StoreError, for_both_engines, in_transaction, read, rollups};
use crate::domain::fields::RATE_SPAN_MAX_MS;
use crate::domain::rollup::{self, Hours};
use crate::model::{Need, Rollup, Tier};

const MS_PER_HOUR: i64 = 3_600_000;
/// How long after the end of its hour a sample may still come without marking the hour.
const LATE_AFTER_MS: i64 = 2 * 60_000;
/// How long after its end an hour is rolled up. The difference is longer than any report waits to be written, and leaves
/// room for masters whose clocks differ.
const SETTLED_AFTER_MS: i64 = 5 * 60_000;
/// Servers that are looked up at a time.
const SERVERS_PER_LOOK: i64 = 64;
/// Most hours of one server that are made at a time, days of them apart: what is in memory.
const HOURS_PER_STEP: i64 = 24;
const DUE_PER_STEP: i64 = 24;
/// Rollups that one transaction writes at least, where there are as many; one server's step may come on top.
const ROWS_PER_WRITE: usize = 48;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RolledUp {
    /// Hours and days that were written.
    pub rows: usize,
    /// In so many transactions.
    pub writes: usize,
    /// Most of them in one.
    pub rows_max: usize,
    /// Whether nothing is left to do.
    pub is_complete: bool,
}

/// Whether a sample that comes now may belong to an hour that was rolled up.
pub fn is_late(time: Timestamp, now: Timestamp) -> bool {
    let end_ms = Tier::Hourly.start_ms(time.unix_ms()).saturating_add(MS_PER_HOUR);
    now.unix_ms() > end_ms.saturating_add(LATE_AFTER_MS)
}

/// The hours that late samples among these mark as due, in an order that two masters have in common.
pub fn due_hours(rows: &[&SampleRow]) -> Vec<(i32, i64)> {
    let late = rows.iter().filter(|row| row.is_late);
    let hours: BTreeSet<_> = late.map(|row| (row.server_id, Tier::Hourly.start_ms(row.timestamp_ms))).collect();
    hours.into_iter().collect()
}

/// The first hour that is not rolled up yet.
fn settled_ms(now: Timestamp) -> i64 {
    Tier::Hourly.start_ms(now.unix_ms().saturating_sub(SETTLED_AFTER_MS))
}

/// A server that has something to be done.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    server_id: i64,
    /// Hours before this are done.
    done_ms: i64,
}

/// An hour that has to be made again, and how it was marked when the work began.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    pub hour_ms: i64,
    pub marks: i64,
}

/// What one step made of one server.
#[derive(Debug)]
pub struct Made {
    server_id: i64,
    names: Vec<Names>,
    hours: Vec<Stored>,
    days: Vec<Stored>,
    done_ms: i64,
    due: Vec<Due>,
}

/// A rollup as it is stored.
#[derive(Debug)]
pub struct Stored {
    pub start_ms: i64,
    pub samples: i64,
    pub body: Vec<u8>,
}

impl Store {
    /// The hours or days of a server that begin from `from` on and before `to`, oldest first, with those of their fields
    /// that are wanted. An hour is there five minutes after its end, or a little later, and a day with its last hour.
    pub async fn rollups(
        &self,
        server_id: i64,
        tier: Tier,
        from: Timestamp,
        to: Timestamp,
        is_wanted: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Vec<Rollup>, StoreError> {
        read!(self, rollups::read(server_id, tier, from.unix_ms(), to.unix_ms(), is_wanted))
    }

    /// Rolls up the hours that are over, of all servers, and the days; and again what late samples have changed. Stops
    /// where this master does not lead any more. Where a server's samples cannot be read, the others are done
    /// nevertheless; the error is the last one's.
    pub async fn roll_up(&self, now: Timestamp) -> Result<RolledUp, StoreError> {
        let led = self.is_leading();
        let end_ms = settled_ms(now);
        let (mut done, mut made, mut failed) = (RolledUp::default(), Vec::new(), None);
        // Within the same hour only what was marked since then is to be done.
        let is_new_hour = self.shared.rolled_until_ms.load(Ordering::Relaxed) != end_ms;
        let mut after = i64::MIN;
        loop {
            let pending: Result<Vec<Pending>, StoreError> = if is_new_hour {
                read!(self, rollups::pending(after, end_ms))
            } else {
                read!(self, rollups::marked(after, end_ms))
            };
            let pending = pending?;
            let Some(last) = pending.last() else { break };
            after = last.server_id;
            for mut server in pending {
                loop {
                    if led && !self.is_leading() {
                        return Ok(done);
                    }
                    match self.make(server, end_ms).await {
                        Ok(None) => break,
                        Ok(Some(step)) => {
                            server.done_ms = step.done_ms;
                            // What is made next reads what this one wrote.
                            let goes_on = step.done_ms < end_ms || step.due.len() >= DUE_PER_STEP as usize;
                            made.push(step);
                            if goes_on || rows(&made) >= ROWS_PER_WRITE {
                                self.write_rollups(&mut made, &mut done).await?;
                            }
                            if !goes_on {
                                break;
                            }
                        }
                        Err(error) if error.is_unavailable() => return Err(error),
                        Err(error) => {
                            tracing::error!(
                                server_id = server.server_id,
                                cause = crate::http::error_chain(&error),
                                "the samples of a server could not be rolled up"
                            );
                            failed = Some(error);
                            break;
                        }
                    }
                }
            }
        }
        self.write_rollups(&mut made, &mut done).await?;
        self.shared.tried_until_ms.store(end_ms, Ordering::Relaxed);
        done.is_complete = failed.is_none();
        if done.is_complete {
            self.shared.rolled_until_ms.store(end_ms, Ordering::Relaxed);
        }
        failed.map_or(Ok(done), Err)
    }

    async fn write_rollups(&self, made: &mut Vec<Made>, done: &mut RolledUp) -> Result<(), StoreError> {
        if made.is_empty() {
            return Ok(());
        }
        if let Engine::Postgres(pool) = &self.engine {
            let starts = made.iter().flat_map(|made| &made.hours).map(|hour| hour.start_ms.div_euclid(MS_PER_PERIOD));
            for period in starts.collect::<BTreeSet<_>>() {
                super::postgres::make_period(&mut *pool.acquire().await?, period).await?;
            }
        }
        let made = std::mem::take(made);
        let written: Result<(), StoreError> = in_transaction!(self, rollups::write(&made));
        written?;
        let rows = rows(&made);
        done.rows += rows;
        done.rows_max = done.rows_max.max(rows);
        done.writes += 1;
        Ok(())
    }

    /// Makes the next hours of a server. `None` where nothing is to be done.
    async fn make(&self, server: Pending, end_ms: i64) -> Result<Option<Made>, StoreError> {
        let Pending { server_id, done_ms: before_ms } = server;
        // Before any sample is read: what is marked after this is done once more.
        let due: Result<Vec<Due>, StoreError> = read!(self, rollups::due(server_id, end_ms));
        let due = due?;
        if before_ms >= end_ms && due.is_empty() {
            return Ok(None);
        }
        let mut wanted = BTreeSet::new();
        let mut done_ms = before_ms.max(end_ms);
        if before_ms < end_ms {
            // A server that was silent for long has nothing to be made of that time.
            let first: Result<Option<i64>, StoreError> =
                read!(self, rollups::first_sample(server_id, before_ms, end_ms));
            if let Some(first) = first? {
                let from_ms = Tier::Hourly.start_ms(first);
                done_ms = end_ms.min(from_ms + HOURS_PER_STEP * MS_PER_HOUR);
                wanted.extend(hours_between(from_ms, done_ms));
            }
        }
        for due in &due {
            // The sample after the hour's last has its rates by that one.
            let last_ms = end_ms.min(due.hour_ms + MS_PER_HOUR + RATE_SPAN_MAX_MS);
            wanted.extend(hours_between(due.hour_ms, last_ms));
        }
        let mut hours = Vec::new();
        for (from_ms, to_ms) in runs(&wanted) {
            hours.append(&mut self.make_hours(server_id, from_ms, to_ms, &wanted).await?);
        }
        let days = self.make_days(server_id, before_ms, done_ms, &hours).await?;
        let known: Result<Vec<Names>, StoreError> = read!(self, rollups::names(server_id));
        let mut known = known?;
        let stored = known.len();
        let hours = hours.iter().map(|hour| row(hour, &mut known)).collect();
        let days = days.iter().map(|day| row(day, &mut known)).collect();
        let names = known.split_off(stored);
        Ok(Some(Made { server_id, names, hours, days, done_ms, due }))
    }

    async fn make_hours(
        &self,
        server_id: i64,
        from_ms: i64,
        to_ms: i64,
        wanted: &BTreeSet<i64>,
    ) -> Result<Vec<Rollup>, StoreError> {
        let (from, to) = (Timestamp::from_unix_ms(from_ms), Timestamp::from_unix_ms(to_ms));
        let mut hours = Hours::new(wanted.clone());
        // Whose counters the first rates begin with.
        if let Some(before) = self.sample_before(server_id, from, Need::Readings).await? {
            hours.add(&before.sample);
        }
        let mut samples = self.samples(server_id, from, to, Need::Readings);
        while samples.page(|stored| hours.add(&stored.sample)).await? {}
        Ok(hours.finish())
    }

    /// The days that these hours are of, and the one that ended without any; where they are over.
    async fn make_days(
        &self,
        server_id: i64,
        before_ms: i64,
        done_ms: i64,
        hours: &[Rollup],
    ) -> Result<Vec<Rollup>, StoreError> {
        let length_ms = Tier::Daily.length_ms();
        let mut starts: BTreeSet<i64> = hours.iter().map(|hour| Tier::Daily.start_ms(hour.start.unix_ms())).collect();
        let begun_ms = Tier::Daily.start_ms(before_ms);
        if begun_ms < before_ms {
            starts.insert(begun_ms);
        }
        starts.retain(|start| start + length_ms <= done_ms);
        let mut days = Vec::new();
        for start_ms in starts {
            let there: Result<Vec<Rollup>, StoreError> =
                read!(self, rollups::read(server_id, Tier::Hourly, start_ms, start_ms + length_ms, &|_| true));
            let mut all: BTreeMap<i64, Rollup> = there?.into_iter().map(|hour| (hour.start.unix_ms(), hour)).collect();
            for hour in hours.iter().filter(|hour| Tier::Daily.start_ms(hour.start.unix_ms()) == start_ms) {
                let start_ms = hour.start.unix_ms();
                if all.get(&start_ms).is_none_or(|there| there.samples <= hour.samples) {
                    all.insert(start_ms, hour.clone());
                }
            }
            days.extend(rollup::day(start_ms, all.values()));
        }
        Ok(days)
    }
}

fn rows(made: &[Made]) -> usize {
    made.iter().map(|made| made.hours.len() + made.days.len()).sum()
}

fn hours_between(from_ms: i64, to_ms: i64) -> impl Iterator<Item = i64> {
    std::iter::successors(Some(from_ms), |ms| Some(ms + MS_PER_HOUR)).take_while(move |ms| *ms < to_ms)
}

/// Hours one after the other, as where they begin and end.
fn runs(hours: &BTreeSet<i64>) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for hour in hours {
        match runs.last_mut() {
            Some((_, end)) if end == hour => *end += MS_PER_HOUR,
            _ => runs.push((*hour, hour + MS_PER_HOUR)),
        }
    }
    runs
}

/// The rollup as it is stored, with names that are known or become so.
fn row(rollup: &Rollup, known: &mut Vec<Names>) -> Stored {
    let fields: Vec<&str> = rollup.fields().map(|(name, _)| name).collect();
    let place = known.iter().position(|names| names.suit(&fields)).unwrap_or_else(|| {
        let mut names = Names::of(fields.iter().map(|name| (*name).to_owned()).collect());
        // Two lists with one hash are rare, and told apart by the next free one.
        while known.iter().any(|other| other.hash == names.hash) {
            names.hash = names.hash.wrapping_add(1);
        }
        known.push(names);
        known.len() - 1
    });
    let body = known.get(place).map(|names| rollup_form::pack(rollup, names)).unwrap_or_default();
    Stored {
        start_ms: rollup.start.unix_ms(),
        samples: i64::try_from(rollup.samples).unwrap_or(i64::MAX).min(i32::MAX.into()),
        body,
    }
}

/// `$rows` is where the rows come from. Those of fewer samples than there are replace nothing.
macro_rules! insert_rollups {
    ($table:literal, $rows:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (server_id, start_ms, samples, body) ",
            $rows,
            " ON CONFLICT (server_id, start_ms) DO UPDATE SET samples = excluded.samples, body = excluded.body \
             WHERE excluded.samples >= ",
            $table,
            ".samples"
        )
    };
}
pub(super) use insert_rollups;

for_both_engines! {
    /// The next servers that have hours to be made until `end_ms`, or made again.
    pub async fn pending(connection: &mut Connection, after: i64, end_ms: i64) -> Result<Vec<Pending>, StoreError> {
        // Who has registered since there are rollups began in that hour, or sent before it what is marked as due.
        let rows = sqlx::query(
            "SELECT * FROM (SELECT s.id, COALESCE(d.hour_ms, s.created_at_ms / 3600000 * 3600000 - 3600000) AS hour_ms \
             FROM servers s LEFT JOIN rollups_done d ON d.server_id = s.id WHERE s.id > $1) AS p \
             WHERE hour_ms < $2 OR EXISTS (SELECT 1 FROM rollups_due u WHERE u.server_id = p.id AND u.hour_ms < $2) \
             ORDER BY id LIMIT $3",
        )
        .bind(after)
        .bind(end_ms)
        .bind(SERVERS_PER_LOOK)
        .fetch_all(connection)
        .await?;
        rows.iter().map(of_row).collect()
    }

    /// The next servers of which hours before `end_ms` are marked.
    pub async fn marked(connection: &mut Connection, after: i64, end_ms: i64) -> Result<Vec<Pending>, StoreError> {
        let rows = sqlx::query(
            "SELECT s.id, COALESCE(d.hour_ms, s.created_at_ms / 3600000 * 3600000 - 3600000) AS hour_ms \
             FROM (SELECT DISTINCT server_id FROM rollups_due WHERE server_id > $1 AND hour_ms < $2 \
             ORDER BY server_id LIMIT $3) AS u JOIN servers s ON s.id = u.server_id \
             LEFT JOIN rollups_done d ON d.server_id = s.id ORDER BY s.id",
        )
        .bind(after)
        .bind(end_ms)
        .bind(SERVERS_PER_LOOK)
        .fetch_all(connection)
        .await?;
        rows.iter().map(of_row).collect()
    }

    fn of_row(row: &Row) -> Result<Pending, StoreError> {
        Ok(Pending { server_id: row.try_get("id")?, done_ms: row.try_get("hour_ms")? })
    }

    pub async fn due(connection: &mut Connection, server_id: i64, end_ms: i64) -> Result<Vec<Due>, StoreError> {
        let rows = sqlx::query(
            "SELECT hour_ms, marks FROM rollups_due WHERE server_id = $1 AND hour_ms < $2 ORDER BY hour_ms LIMIT $3",
        )
        .bind(server_id)
        .bind(end_ms)
        .bind(DUE_PER_STEP)
        .fetch_all(connection)
        .await?;
        rows.iter().map(|row| Ok(Due { hour_ms: row.try_get("hour_ms")?, marks: row.try_get("marks")? })).collect()
    }

    pub async fn first_sample(
        connection: &mut Connection,
        server_id: i64,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT timestamp_ms FROM metrics WHERE server_id = $1 AND timestamp_ms >= $2 AND timestamp_ms < $3 \
             ORDER BY timestamp_ms LIMIT 1";
        Ok(sqlx::query_scalar(sql).bind(server_id).bind(from_ms).bind(to_ms).fetch_optional(connection).await?)
    }

    pub async fn names(connection: &mut Connection, server_id: i64) -> Result<Vec<Names>, StoreError> {
        let rows = sqlx::query("SELECT hash, body FROM rollup_names WHERE server_id = $1 ORDER BY hash")
            .bind(server_id)
            .fetch_all(connection)
            .await?;
        rows.iter()
            .map(|row| {
                let (hash, body): (i64, &[u8]) = (row.try_get("hash")?, row.try_get("body")?);
                let names = u32::try_from(hash).ok().and_then(|hash| Names::from_body(hash, body).ok());
                names.ok_or_else(|| StoreError::Corrupt { column: "rollup_names.body", value: hash.to_string() })
            })
            .collect()
    }

    pub async fn read(
        connection: &mut Connection,
        server_id: i64,
        tier: Tier,
        from_ms: i64,
        to_ms: i64,
        is_wanted: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Vec<Rollup>, StoreError> {
        let sql = match tier {
            Tier::Hourly => {
                "SELECT start_ms, samples, body FROM rollups_hourly WHERE server_id = $1 AND start_ms >= $2 \
                 AND start_ms < $3 ORDER BY start_ms"
            }
            Tier::Daily => {
                "SELECT start_ms, samples, body FROM rollups_daily WHERE server_id = $1 AND start_ms >= $2 \
                 AND start_ms < $3 ORDER BY start_ms"
            }
        };
        let rows = sqlx::query(sql).bind(server_id).bind(from_ms).bind(to_ms).fetch_all(&mut *connection).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        // After the rollups, so that all are there which these name.
        let names = names(connection, server_id).await?;
        let wanted: HashMap<u32, Wanted> =
            names.iter().map(|names| (names.hash, names.wanted(is_wanted))).collect();
        rows.iter()
            .map(|row| {
                let (start_ms, samples): (i64, i32) = (row.try_get("start_ms")?, row.try_get("samples")?);
                let body: &[u8] = row.try_get("body")?;
                let wanted = rollup_form::names_hash(body).ok().and_then(|hash| wanted.get(&hash));
                let start = Timestamp::from_unix_ms(start_ms);
                let samples = u64::from(samples.unsigned_abs());
                wanted.and_then(|wanted| rollup_form::unpack(body, wanted, start, samples).ok()).ok_or_else(|| {
                    let value = format!("{start} of server {server_id}");
                    StoreError::Corrupt { column: "rollups.body", value }
                })
            })
            .collect()
    }

    pub async fn write(connection: &mut Connection, made: &[Made]) -> Result<(), StoreError> {
        let ids: Vec<i64> = made.iter().map(|made| made.server_id).collect();
        let known: Vec<Row> = of_engine::containers_hashes(connection, &ids).await?;
        let known: BTreeSet<i64> = known.iter().map(|row| row.try_get("server_id")).collect::<Result<_, _>>()?;
        // One that was deleted meanwhile leaves nothing behind.
        let made: Vec<&Made> = made.iter().filter(|made| known.contains(&made.server_id)).collect();
        let mut names = Vec::new();
        let (mut hours, mut days, mut due) = (Vec::new(), Vec::new(), Vec::new());
        for made in &made {
            let id = made.server_id;
            names.extend(made.names.iter().map(|names| (id, i64::from(names.hash), names.body())));
            hours.extend(made.hours.iter().map(|hour| (id, hour)));
            days.extend(made.days.iter().map(|day| (id, day)));
            due.extend(made.due.iter().map(|due| (id, *due)));
        }
        let done: Vec<(i64, i64)> = made.iter().map(|made| (made.server_id, made.done_ms)).collect();
        of_engine::insert_rollup_names(connection, &names).await?;
        of_engine::insert_rollups(connection, Tier::Hourly, &hours).await?;
        of_engine::insert_rollups(connection, Tier::Daily, &days).await?;
        of_engine::note_rolled_up(connection, &done).await?;
        of_engine::delete_due(connection, &due).await
    }
}
