//! What small pictures of many servers are drawn from: the fixed columns alone, and no more rows than those of some hours.

use sqlx::{AssertSqlSafe, Row as _};

use super::{Engine, Store, StoreError, for_both_engines, read, trends};

/// The mean of one server's samples of one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrendStep {
    /// The server.
    pub server_id: i64,
    /// Steps since the start, from 0.
    pub step: i64,
    /// In percent.
    pub cpu_percent: f64,
    /// In percent.
    pub memory_percent: f64,
}

impl Store {
    /// The steps of `step_ms` from `from_ms` on, before `until_ms`, in which `servers` have samples; by server and time.
    pub async fn trend_steps(
        &self,
        servers: &[i64],
        from_ms: i64,
        until_ms: i64,
        step_ms: i64,
    ) -> Result<Vec<TrendStep>, StoreError> {
        if servers.is_empty() {
            return Ok(Vec::new());
        }
        read!(self, trends::steps(servers, from_ms, until_ms, step_ms))
    }
}

for_both_engines! {
    pub async fn steps(
        connection: &mut Connection,
        servers: &[i64],
        from_ms: i64,
        until_ms: i64,
        step_ms: i64,
    ) -> Result<Vec<TrendStep>, StoreError> {
        let numbers: Vec<String> = servers.iter().map(i64::to_string).collect();
        let sql = format!(
            "SELECT CAST(server_id AS BIGINT), (timestamp_ms - $1) / $3 AS step, \
             CAST(AVG(cpu_percent_hundredths) AS DOUBLE PRECISION), \
             CAST(AVG(memory_percent_hundredths) AS DOUBLE PRECISION) FROM metrics \
             WHERE server_id IN ({}) AND timestamp_ms >= $1 AND timestamp_ms < $2 GROUP BY server_id, step \
             ORDER BY server_id, step",
            numbers.join(", ")
        );
        // Numbers alone are in it that were not there before. Not kept prepared: the next list is another, and would push out
        // what each report needs.
        let rows = sqlx::query(AssertSqlSafe(sql)).persistent(false).bind(from_ms).bind(until_ms).bind(step_ms);
        rows.fetch_all(connection).await?.iter().map(step_of).collect()
    }

    fn step_of(row: &Row) -> Result<TrendStep, StoreError> {
        let (cpu, memory): (f64, f64) = (row.try_get(2)?, row.try_get(3)?);
        Ok(TrendStep {
            server_id: row.try_get(0)?,
            step: row.try_get(1)?,
            cpu_percent: cpu / 100.0,
            memory_percent: memory / 100.0,
        })
    }
}
