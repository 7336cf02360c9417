//! Samples.

use std::sync::{Arc, LazyLock};

use neon_shared::time::Timestamp;
use sqlx::Row as _;

use super::additions::{self, Additions};
use super::heard::Newest;
use super::packed::{self, Shape};
use super::shapes::{self, Kept};
use super::{StoreError, for_both_engines, rollups};
use crate::model::{DataPoint, HistoryInterval, Sample};

const MS_PER_MINUTE: i64 = 60_000;

/// One sample as it is stored: whole numbers, of which "hundredths" are what the wire's two decimals come to.
#[derive(Clone, Debug)]
pub struct SampleRow {
    pub server_id: i32,
    pub timestamp_ms: i64,
    network_rx_bytes: i64,
    network_tx_bytes: i64,
    memory_used_gb_hundredths: i32,
    memory_total_gb_hundredths: i32,
    disk_used_gb_hundredths: i32,
    disk_total_gb_hundredths: i32,
    cpu_percent_hundredths: i16,
    memory_percent_hundredths: i16,
    disk_percent_hundredths: i16,
    late_minutes: i16,
    additions: Vec<u8>,
    /// Whether its hour may have been rolled up already.
    pub is_late: bool,
    /// What the additions are packed by, where there are any.
    pub shape: Option<Arc<Kept>>,
}

impl SampleRow {
    /// `shape` is that of the server's last sample, and becomes that of this one.
    pub fn of(server_id: i32, sample: &mut Sample, shape: &mut Option<Arc<Kept>>, now: Timestamp) -> Self {
        let additions = match &mut sample.readings {
            None => Vec::new(),
            Some(readings) => shapes::pack(server_id, shape, readings, sample.timestamp),
        };
        let late_minutes = now.unix_ms().saturating_sub(sample.timestamp.unix_ms()) / MS_PER_MINUTE;
        Self {
            server_id,
            timestamp_ms: sample.timestamp.unix_ms(),
            network_rx_bytes: counter(sample.network_rx_bytes),
            network_tx_bytes: counter(sample.network_tx_bytes),
            memory_used_gb_hundredths: gb_hundredths(sample.memory_used_gb),
            memory_total_gb_hundredths: gb_hundredths(sample.memory_total_gb),
            disk_used_gb_hundredths: gb_hundredths(sample.disk_used_gb),
            disk_total_gb_hundredths: gb_hundredths(sample.disk_total_gb),
            cpu_percent_hundredths: percent_hundredths(sample.cpu_percent),
            memory_percent_hundredths: percent_hundredths(sample.memory_percent),
            disk_percent_hundredths: percent_hundredths(sample.disk_percent),
            late_minutes: i16::try_from(late_minutes.max(0)).unwrap_or(i16::MAX),
            is_late: rollups::is_late(sample.timestamp, now),
            shape: if additions.is_empty() { None } else { shape.clone() },
            additions,
        }
    }
}

impl From<&SampleRow> for Newest {
    fn from(row: &SampleRow) -> Self {
        Self {
            timestamp_ms: row.timestamp_ms,
            cpu_percent_hundredths: row.cpu_percent_hundredths,
            memory_percent_hundredths: row.memory_percent_hundredths,
            disk_percent_hundredths: row.disk_percent_hundredths,
        }
    }
}

/// `intake` has refused a counter that does not fit.
fn counter(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A counter as it was before [`counter`].
pub(super) fn count(column: &'static str, value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Corrupt { column, value: value.to_string() })
}

// A float that is out of range would be cut off at the type's limit; `intake` refuses what would be.
fn gb_hundredths(value: f64) -> i32 {
    (value * 100.0).round() as i32
}

fn percent_hundredths(value: f64) -> i16 {
    (value * 100.0).round() as i16
}

/// The number nearest to what the wire said in two decimals.
pub(super) fn from_hundredths(value: i64) -> f64 {
    value as f64 / 100.0
}

for_both_engines! {
    pub async fn latest(connection: &mut Connection, server_id: i64) -> Result<Option<Sample>, StoreError> {
        let row: Option<Row> =
            sqlx::query("SELECT * FROM metrics WHERE server_id = $1 ORDER BY timestamp_ms DESC LIMIT 1")
                .bind(server_id)
                .fetch_optional(&mut *connection)
                .await?;
        let Some(row) = row else { return Ok(None) };
        let time = Timestamp::from_unix_ms(row.try_get("timestamp_ms")?);
        let bytes: &[u8] = row.try_get("additions")?;
        let readings = match additions::read(bytes, time.unix_ms())? {
            Additions::None => None,
            Additions::Whole(readings) => Some(*readings),
            Additions::Packed { base_ms, hash, bits } => {
                let shape = shape(connection, server_id, base_ms, hash).await?;
                let readings = shape.and_then(|shape| packed::unpack(&shape, bits, time).ok());
                Some(readings.ok_or_else(|| additions::corrupt(bytes))?)
            }
        };
        Ok(Some(Sample { readings, ..fixed(&row)? }))
    }

    /// The shape that a sample names. `None` where it is not there, or of a form that this version does not know.
    pub(in crate::store) async fn shape(
        connection: &mut Connection,
        server_id: i64,
        base_ms: i64,
        hash: u16,
    ) -> Result<Option<Shape>, StoreError> {
        let row: Option<Row> =
            sqlx::query("SELECT body FROM metric_shapes WHERE server_id = $1 AND base_ms = $2 AND hash = $3")
                .bind(server_id)
                .bind(base_ms)
                .bind(i32::from(hash))
                .fetch_optional(connection)
                .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Shape::from_body(base_ms, row.try_get("body")?).ok())
    }

    /// The newest shape of a server. `None` where it has none, or one of a form that this version does not know.
    pub async fn newest_shape(connection: &mut Connection, server_id: i64) -> Result<Option<Shape>, StoreError> {
        let row: Option<Row> =
            sqlx::query("SELECT base_ms, body FROM metric_shapes WHERE server_id = $1 ORDER BY base_ms DESC LIMIT 1")
                .bind(server_id)
                .fetch_optional(connection)
                .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Shape::from_body(row.try_get("base_ms")?, row.try_get("body")?).ok())
    }

    fn fixed(row: &Row) -> Result<Sample, StoreError> {
        let hundredths = |column: &str| row.try_get::<i32, _>(column).map(|value| from_hundredths(value.into()));
        let percent = |column: &str| row.try_get::<i16, _>(column).map(|value| from_hundredths(value.into()));
        Ok(Sample {
            timestamp: Timestamp::from_unix_ms(row.try_get("timestamp_ms")?),
            cpu_percent: percent("cpu_percent_hundredths")?,
            memory_percent: percent("memory_percent_hundredths")?,
            disk_percent: percent("disk_percent_hundredths")?,
            memory_used_gb: hundredths("memory_used_gb_hundredths")?,
            memory_total_gb: hundredths("memory_total_gb_hundredths")?,
            disk_used_gb: hundredths("disk_used_gb_hundredths")?,
            disk_total_gb: hundredths("disk_total_gb_hundredths")?,
            network_rx_bytes: count("network_rx_bytes", row.try_get("network_rx_bytes")?)?,
            network_tx_bytes: count("network_tx_bytes", row.try_get("network_tx_bytes")?)?,
            readings: None,
        })
    }

    pub async fn history(
        connection: &mut Connection,
        server_id: i64,
        interval: HistoryInterval,
        since: Timestamp,
    ) -> Result<Vec<DataPoint>, StoreError> {
        let sql = match interval {
            HistoryInterval::Raw => {
                "SELECT timestamp_ms, CAST(cpu_percent_hundredths AS DOUBLE PRECISION) AS cpu, \
                 CAST(memory_percent_hundredths AS DOUBLE PRECISION) AS memory, \
                 CAST(disk_percent_hundredths AS DOUBLE PRECISION) AS disk FROM metrics \
                 WHERE server_id = $1 AND timestamp_ms >= $2 ORDER BY timestamp_ms"
            }
            HistoryInterval::Hourly => {
                "SELECT timestamp_ms / 3600000 * 3600000 AS timestamp_ms, \
                 AVG(CAST(cpu_percent_hundredths AS DOUBLE PRECISION)) AS cpu, \
                 AVG(CAST(memory_percent_hundredths AS DOUBLE PRECISION)) AS memory, \
                 AVG(CAST(disk_percent_hundredths AS DOUBLE PRECISION)) AS disk FROM metrics \
                 WHERE server_id = $1 AND metrics.timestamp_ms >= $2 GROUP BY 1 ORDER BY 1"
            }
        };
        let rows = sqlx::query(sql).bind(server_id).bind(since.unix_ms()).fetch_all(connection).await?;
        rows.iter().map(point).collect()
    }

    fn point(row: &Row) -> Result<DataPoint, StoreError> {
        let percent = |column: &str| row.try_get::<f64, _>(column).map(|hundredths| hundredths / 100.0);
        Ok(DataPoint {
            timestamp: Timestamp::from_unix_ms(row.try_get("timestamp_ms")?),
            cpu_percent: percent("cpu")?,
            memory_percent: percent("memory")?,
            disk_percent: percent("disk")?,
        })
    }
}

pub async fn insert_shapes_postgres(connection: &mut sqlx::PgConnection, shapes: &[&Kept]) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO metric_shapes (server_id, base_ms, hash, body) \
         SELECT * FROM UNNEST($1::INTEGER[], $2::BIGINT[], $3::INTEGER[], $4::BYTEA[]) ON CONFLICT DO NOTHING",
    )
    .bind(shapes.iter().map(|kept| kept.server_id).collect::<Vec<_>>())
    .bind(shapes.iter().map(|kept| kept.shape.base_ms).collect::<Vec<_>>())
    .bind(shapes.iter().map(|kept| i32::from(kept.shape.hash())).collect::<Vec<_>>())
    .bind(shapes.iter().map(|kept| kept.shape.body()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

pub async fn insert_shapes_sqlite(connection: &mut sqlx::SqliteConnection, shapes: &[&Kept]) -> Result<(), StoreError> {
    for kept in shapes {
        sqlx::query(
            "INSERT INTO metric_shapes (server_id, base_ms, hash, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(kept.server_id)
        .bind(kept.shape.base_ms)
        .bind(i32::from(kept.shape.hash()))
        .bind(kept.shape.body())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// One statement for all rows: arrays, so that its text is the same for any number of them.
pub async fn insert_postgres(connection: &mut sqlx::PgConnection, rows: &[&SampleRow]) -> Result<(), StoreError> {
    macro_rules! column {
        ($field:ident) => {
            rows.iter().map(|row| row.$field).collect::<Vec<_>>()
        };
    }
    sqlx::query(
        "INSERT INTO metrics (server_id, timestamp_ms, network_rx_bytes, network_tx_bytes, \
         memory_used_gb_hundredths, memory_total_gb_hundredths, disk_used_gb_hundredths, disk_total_gb_hundredths, \
         cpu_percent_hundredths, memory_percent_hundredths, disk_percent_hundredths, late_minutes, additions) \
         SELECT * FROM UNNEST($1::INTEGER[], $2::BIGINT[], $3::BIGINT[], $4::BIGINT[], $5::INTEGER[], $6::INTEGER[], \
         $7::INTEGER[], $8::INTEGER[], $9::SMALLINT[], $10::SMALLINT[], $11::SMALLINT[], $12::SMALLINT[], \
         $13::BYTEA[]) ON CONFLICT DO NOTHING",
    )
    .bind(column!(server_id))
    .bind(column!(timestamp_ms))
    .bind(column!(network_rx_bytes))
    .bind(column!(network_tx_bytes))
    .bind(column!(memory_used_gb_hundredths))
    .bind(column!(memory_total_gb_hundredths))
    .bind(column!(disk_used_gb_hundredths))
    .bind(column!(disk_total_gb_hundredths))
    .bind(column!(cpu_percent_hundredths))
    .bind(column!(memory_percent_hundredths))
    .bind(column!(disk_percent_hundredths))
    .bind(column!(late_minutes))
    .bind(rows.iter().map(|row| row.additions.as_slice()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Statements for several rows, largest first: each has a text of its own, which is made once and stays compiled. Halves,
/// so that any number of rows takes few of them: each is a change of threads, there and back.
static SQLITE_INSERTS: LazyLock<[(usize, String); 9]> = LazyLock::new(|| {
    [256, 128, 64, 32, 16, 8, 4, 2, 1].map(|rows| {
        let row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let text = format!(
            "INSERT INTO metrics (server_id, timestamp_ms, network_rx_bytes, network_tx_bytes, \
             memory_used_gb_hundredths, memory_total_gb_hundredths, disk_used_gb_hundredths, \
             disk_total_gb_hundredths, cpu_percent_hundredths, memory_percent_hundredths, disk_percent_hundredths, \
             late_minutes, additions) VALUES {} ON CONFLICT DO NOTHING",
            vec![row; rows].join(", ")
        );
        (rows, text)
    })
});

/// Several rows a statement, in the few sizes that stay compiled.
pub async fn insert_sqlite(connection: &mut sqlx::SqliteConnection, mut rows: &[&SampleRow]) -> Result<(), StoreError> {
    for (size, text) in SQLITE_INSERTS.iter() {
        while let Some((some, rest)) = rows.split_at_checked(*size) {
            rows = rest;
            let insert = some.iter().fold(sqlx::query(text.as_str()), |insert, row| {
                insert
                    .bind(row.server_id)
                    .bind(row.timestamp_ms)
                    .bind(row.network_rx_bytes)
                    .bind(row.network_tx_bytes)
                    .bind(row.memory_used_gb_hundredths)
                    .bind(row.memory_total_gb_hundredths)
                    .bind(row.disk_used_gb_hundredths)
                    .bind(row.disk_total_gb_hundredths)
                    .bind(row.cpu_percent_hundredths)
                    .bind(row.memory_percent_hundredths)
                    .bind(row.disk_percent_hundredths)
                    .bind(row.late_minutes)
                    .bind(row.additions.as_slice())
            });
            insert.execute(&mut *connection).await?;
        }
    }
    Ok(())
}
