//! A server's samples of a range, oldest first, a page at a time.
//!
//! A page is rows as the database gives them; each becomes a sample when its turn comes and is given away, so that never
//! more than one sample with its readings is here, however long the range and however rich the host. Between two pages
//! the connection goes back, so that a long range keeps no other reader waiting. The shapes of the range are read once
//! each, not once for every row.

use std::collections::HashMap;

use neon_shared::time::Timestamp;
use sqlx::Row as _;

use super::additions::{self, Additions};
use super::metrics::{count, from_hundredths};
use super::packed::{self, Shape};
use super::{Engine, Store, StoreError, for_both_engines, read, samples};
use crate::model::{Need, Readings, Sample, StoredSample, Tier};

/// Rows of one page, some 200 KB of them: a day at the default interval is one page.
pub const PAGE_ROWS: usize = 500;
/// Shapes that are kept while a range is read, one or two kilobytes each. A day has one or two; past it they are forgotten
/// and read again.
const SHAPES_KEPT: usize = 64;

/// Pages of a range of samples, see [`Store::samples`].
#[derive(Debug)]
pub struct Samples<'a> {
    store: &'a Store,
    server_id: i64,
    need: Need,
    /// Where the next page begins; `None` after the last.
    from_ms: Option<i64>,
    to_ms: i64,
    shapes: ShapesOfRange,
    /// Samples whose readings could not be read.
    damaged: u64,
}

impl Store {
    /// The samples of a server from `from` on and before `to`, oldest first.
    pub fn samples(&self, server_id: i64, from: Timestamp, to: Timestamp, need: Need) -> Samples<'_> {
        Samples {
            store: self,
            server_id,
            need,
            from_ms: (from < to).then_some(from.unix_ms()),
            to_ms: to.unix_ms(),
            shapes: ShapesOfRange::default(),
            damaged: 0,
        }
    }

    /// How many samples a server has from `from` on and before `to`, and the time of the oldest; no more than `limit` are
    /// counted.
    pub async fn sample_extent(
        &self,
        server_id: i64,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> Result<(u32, Option<Timestamp>), StoreError> {
        let extent: Result<(i64, Option<i64>), StoreError> =
            read!(self, samples::extent(server_id, from.unix_ms(), to.unix_ms(), limit.into()));
        let (count, oldest_ms) = extent?;
        Ok((u32::try_from(count).unwrap_or(limit), oldest_ms.map(Timestamp::from_unix_ms)))
    }

    /// When the oldest hour or day of a server begins that begins from `from` on and before `to`.
    pub async fn rollup_oldest(
        &self,
        server_id: i64,
        tier: Tier,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let oldest_ms: Result<Option<i64>, StoreError> =
            read!(self, samples::rollup_oldest(server_id, tier, from.unix_ms(), to.unix_ms()));
        Ok(oldest_ms?.map(Timestamp::from_unix_ms))
    }

    /// The newest sample of a server before `time`. `None` where there is none.
    pub async fn sample_before(
        &self,
        server_id: i64,
        time: Timestamp,
        need: Need,
    ) -> Result<Option<StoredSample>, StoreError> {
        let newest: Result<Option<i64>, StoreError> = read!(self, samples::newest_before(server_id, time.unix_ms()));
        let Some(ms) = newest? else { return Ok(None) };
        self.sample_at(server_id, Timestamp::from_unix_ms(ms), need).await
    }

    /// The sample of this very time.
    pub async fn sample_at(
        &self,
        server_id: i64,
        time: Timestamp,
        need: Need,
    ) -> Result<Option<StoredSample>, StoreError> {
        let after = Timestamp::from_unix_ms(time.unix_ms() + 1);
        let mut found = None;
        self.samples(server_id, time, after, need).page(|sample| found = Some(sample)).await?;
        Ok(found)
    }
}

impl Samples<'_> {
    /// Gives the samples of the next page to `each`; false after the last page. At most [`PAGE_ROWS`].
    pub async fn page(&mut self, mut each: impl FnMut(StoredSample) + Send) -> Result<bool, StoreError> {
        let Some(from_ms) = self.from_ms else { return Ok(false) };
        let Self { store, server_id, need, to_ms, shapes, damaged, .. } = self;
        let mut one = |sample: Result<StoredSample, StoredSample>| match sample {
            Ok(sample) => each(sample),
            Err(sample) => {
                *damaged += 1;
                each(sample);
            }
        };
        let last_ms: Result<Option<i64>, StoreError> =
            read!(store, samples::page(*server_id, from_ms, *to_ms, *need, shapes, &mut one));
        self.from_ms = last_ms?.map(|last_ms| last_ms + 1);
        if self.from_ms.is_none() && self.damaged > 0 {
            // One of them must not cost the others.
            tracing::warn!(server_id = self.server_id, samples = self.damaged, "readings of samples are unreadable");
        }
        Ok(self.from_ms.is_some())
    }
}

/// The shapes that the samples of a range are packed by.
#[derive(Debug, Default)]
struct ShapesOfRange(HashMap<(i64, u16), Option<Shape>>);

impl ShapesOfRange {
    fn unpack(&self, bytes: &[u8], time: Timestamp, need: Need) -> Result<Option<Readings>, ()> {
        match additions::read(bytes, time.unix_ms()).map_err(drop)? {
            Additions::None => Ok(None),
            Additions::Whole(readings) => Ok(Some(*readings)),
            Additions::Packed { base_ms, hash, bits } => {
                let shape = self.0.get(&(base_ms, hash)).and_then(Option::as_ref).ok_or(())?;
                let readings = match need {
                    Need::Readings => packed::unpack(shape, bits, time),
                    Need::Boot | Need::Fixed => packed::unpack_boot(shape, bits, time),
                };
                readings.map(Some).map_err(drop)
            }
        }
    }
}

// Text of their own, so that each stays prepared and reads no more than it must.
const FIXED: &str = "SELECT timestamp_ms, late_minutes, cpu_percent_hundredths, memory_percent_hundredths, \
     disk_percent_hundredths, memory_used_gb_hundredths, memory_total_gb_hundredths, disk_used_gb_hundredths, \
     disk_total_gb_hundredths, network_rx_bytes, network_tx_bytes FROM metrics \
     WHERE server_id = $1 AND timestamp_ms >= $2 AND timestamp_ms < $3 ORDER BY timestamp_ms LIMIT $4";
const WHOLE: &str = "SELECT timestamp_ms, late_minutes, cpu_percent_hundredths, memory_percent_hundredths, \
     disk_percent_hundredths, memory_used_gb_hundredths, memory_total_gb_hundredths, disk_used_gb_hundredths, \
     disk_total_gb_hundredths, network_rx_bytes, network_tx_bytes, additions FROM metrics \
     WHERE server_id = $1 AND timestamp_ms >= $2 AND timestamp_ms < $3 ORDER BY timestamp_ms LIMIT $4";
/// Of [`WHOLE`].
const ADDITIONS: usize = 11;

for_both_engines! {
    /// Gives one page to `each` (an error is a sample whose readings are damaged), and returns the time of its last
    /// sample where there may be more.
    pub(super) async fn page(
        connection: &mut Connection,
        server_id: i64,
        from_ms: i64,
        to_ms: i64,
        need: Need,
        shapes: &mut ShapesOfRange,
        each: &mut (impl FnMut(Result<StoredSample, StoredSample>) + Send),
    ) -> Result<Option<i64>, StoreError> {
        let sql = if need == Need::Fixed { FIXED } else { WHOLE };
        let rows: Vec<Row> = sqlx::query(sql)
            .bind(server_id)
            .bind(from_ms)
            .bind(to_ms)
            .bind(PAGE_ROWS as i64)
            .fetch_all(&mut *connection)
            .await?;
        for row in &rows {
            let mut stored = fixed(row)?;
            if need == Need::Fixed {
                each(Ok(stored));
                continue;
            }
            let bytes: &[u8] = row.try_get(ADDITIONS)?;
            let time = stored.sample.timestamp;
            if let Ok(Additions::Packed { base_ms, hash, .. }) = additions::read(bytes, time.unix_ms())
                && !shapes.0.contains_key(&(base_ms, hash))
            {
                let shape = metrics_of_engine::shape(connection, server_id, base_ms, hash).await?;
                if shapes.0.len() >= SHAPES_KEPT {
                    shapes.0.clear();
                }
                shapes.0.insert((base_ms, hash), shape);
            }
            each(match shapes.unpack(bytes, time, need) {
                Ok(readings) => {
                    stored.sample.readings = readings;
                    Ok(stored)
                }
                Err(()) => Err(stored),
            });
        }
        match rows.last() {
            Some(row) if rows.len() == PAGE_ROWS => Ok(Some(row.try_get(0)?)),
            _ => Ok(None),
        }
    }

    fn fixed(row: &Row) -> Result<StoredSample, StoreError> {
        let percent = |column: usize| row.try_get::<i16, _>(column).map(|value| from_hundredths(value.into()));
        let gb = |column: usize| row.try_get::<i32, _>(column).map(|value| from_hundredths(value.into()));
        let sample = Sample {
            timestamp: Timestamp::from_unix_ms(row.try_get(0)?),
            cpu_percent: percent(2)?,
            memory_percent: percent(3)?,
            disk_percent: percent(4)?,
            memory_used_gb: gb(5)?,
            memory_total_gb: gb(6)?,
            disk_used_gb: gb(7)?,
            disk_total_gb: gb(8)?,
            network_rx_bytes: count("network_rx_bytes", row.try_get(9)?)?,
            network_tx_bytes: count("network_tx_bytes", row.try_get(10)?)?,
            readings: None,
        };
        Ok(StoredSample { sample, late_minutes: row.try_get::<i16, _>(1)?.unsigned_abs() })
    }

    pub(super) async fn extent(
        connection: &mut Connection,
        server_id: i64,
        from_ms: i64,
        to_ms: i64,
        limit: i64,
    ) -> Result<(i64, Option<i64>), StoreError> {
        let sql = "SELECT COUNT(*), MIN(timestamp_ms) FROM (SELECT timestamp_ms FROM metrics \
             WHERE server_id = $1 AND timestamp_ms >= $2 AND timestamp_ms < $3 ORDER BY timestamp_ms LIMIT $4) AS counted";
        Ok(sqlx::query_as(sql).bind(server_id).bind(from_ms).bind(to_ms).bind(limit).fetch_one(connection).await?)
    }

    pub(super) async fn rollup_oldest(
        connection: &mut Connection,
        server_id: i64,
        tier: Tier,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<Option<i64>, StoreError> {
        let sql = match tier {
            Tier::Hourly => {
                "SELECT start_ms FROM rollups_hourly WHERE server_id = $1 AND start_ms >= $2 AND start_ms < $3 \
                 ORDER BY start_ms LIMIT 1"
            }
            Tier::Daily => {
                "SELECT start_ms FROM rollups_daily WHERE server_id = $1 AND start_ms >= $2 AND start_ms < $3 \
                 ORDER BY start_ms LIMIT 1"
            }
        };
        Ok(sqlx::query_scalar(sql).bind(server_id).bind(from_ms).bind(to_ms).fetch_optional(connection).await?)
    }

    pub(super) async fn newest_before(
        connection: &mut Connection,
        server_id: i64,
        before_ms: i64,
    ) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT timestamp_ms FROM metrics WHERE server_id = $1 AND timestamp_ms < $2 \
             ORDER BY timestamp_ms DESC LIMIT 1";
        Ok(sqlx::query_scalar(sql).bind(server_id).bind(before_ms).fetch_optional(connection).await?)
    }
}
