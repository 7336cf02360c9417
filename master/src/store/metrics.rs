//! Samples.

use neon_shared::time::Timestamp;
use sqlx::{QueryBuilder, Row as _};

use super::{ROWS_PER_INSERT, StoreError, for_both_engines, from_json, json};
use crate::model::{DataPoint, HistoryInterval, Reporter, Sample};

/// `intake` has refused a counter that does not fit.
fn counter(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A counter as it was before [`counter`].
fn count(column: &'static str, value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Corrupt { column, value: value.to_string() })
}

for_both_engines! {
    pub async fn insert(
        connection: &mut Connection,
        reporter: &Reporter,
        samples: &[Sample],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        servers_of_engine::touch(connection, reporter, None, now).await?;
        for rows in samples.chunks(ROWS_PER_INSERT) {
            let mut insert = QueryBuilder::<Engine>::new(
                "INSERT INTO metrics (server_id, timestamp_ms, cpu_percent, memory_percent, disk_percent, \
                 memory_used_gb, memory_total_gb, disk_used_gb, disk_total_gb, network_rx_bytes, network_tx_bytes, readings) ",
            );
            insert.push_values(rows, |mut row, sample| {
                row.push_bind(reporter.server_id)
                    .push_bind(sample.timestamp.unix_ms())
                    .push_bind(sample.cpu_percent)
                    .push_bind(sample.memory_percent)
                    .push_bind(sample.disk_percent)
                    .push_bind(sample.memory_used_gb)
                    .push_bind(sample.memory_total_gb)
                    .push_bind(sample.disk_used_gb)
                    .push_bind(sample.disk_total_gb)
                    .push_bind(counter(sample.network_rx_bytes))
                    .push_bind(counter(sample.network_tx_bytes))
                    .push_bind(sample.readings.as_ref().map(json));
            });
            insert.push(" ON CONFLICT (server_id, timestamp_ms) DO NOTHING");
            // One sample is the everyday case and worth preparing; a text per backlog length is not.
            insert.build().persistent(rows.len() == 1).execute(&mut *connection).await?;
        }
        Ok(())
    }

    pub async fn latest(connection: &mut Connection, server_id: i64) -> Result<Option<Sample>, StoreError> {
        let row = sqlx::query("SELECT * FROM metrics WHERE server_id = $1 ORDER BY timestamp_ms DESC LIMIT 1")
            .bind(server_id)
            .fetch_optional(connection)
            .await?;
        row.as_ref().map(sample).transpose()
    }

    fn sample(row: &Row) -> Result<Sample, StoreError> {
        Ok(Sample {
            timestamp: Timestamp::from_unix_ms(row.try_get("timestamp_ms")?),
            cpu_percent: row.try_get("cpu_percent")?,
            memory_percent: row.try_get("memory_percent")?,
            disk_percent: row.try_get("disk_percent")?,
            memory_used_gb: row.try_get("memory_used_gb")?,
            memory_total_gb: row.try_get("memory_total_gb")?,
            disk_used_gb: row.try_get("disk_used_gb")?,
            disk_total_gb: row.try_get("disk_total_gb")?,
            network_rx_bytes: count("network_rx_bytes", row.try_get("network_rx_bytes")?)?,
            network_tx_bytes: count("network_tx_bytes", row.try_get("network_tx_bytes")?)?,
            readings: row.try_get::<Option<&str>, _>("readings")?.map(|text| from_json("readings", text)).transpose()?,
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
                "SELECT timestamp_ms, cpu_percent, memory_percent, disk_percent FROM metrics \
                 WHERE server_id = $1 AND timestamp_ms >= $2 ORDER BY timestamp_ms"
            }
            HistoryInterval::Hourly => {
                "SELECT timestamp_ms / 3600000 * 3600000 AS timestamp_ms, AVG(cpu_percent) AS cpu_percent, \
                 AVG(memory_percent) AS memory_percent, AVG(disk_percent) AS disk_percent FROM metrics \
                 WHERE server_id = $1 AND metrics.timestamp_ms >= $2 GROUP BY 1 ORDER BY 1"
            }
        };
        let rows = sqlx::query(sql).bind(server_id).bind(since.unix_ms()).fetch_all(connection).await?;
        rows.iter().map(point).collect()
    }

    fn point(row: &Row) -> Result<DataPoint, StoreError> {
        Ok(DataPoint {
            timestamp: Timestamp::from_unix_ms(row.try_get("timestamp_ms")?),
            cpu_percent: row.try_get("cpu_percent")?,
            memory_percent: row.try_get("memory_percent")?,
            disk_percent: row.try_get("disk_percent")?,
        })
    }
}
