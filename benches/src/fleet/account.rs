//! What the database holds in the end, against what was acknowledged.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use sqlx::{Connection, Row};

use crate::Result;
use crate::load::{Fleet, Sample};
use crate::process::{Database, block_on};

/// Sample times of each server, and when it was heard.
pub struct Account {
    samples: HashMap<i64, Vec<i64>>,
    heard: HashMap<i64, i64>,
    bytes: i64,
}

impl Account {
    pub fn of(database: &Database) -> Result<Self> {
        const SAMPLES: &str = "SELECT CAST(server_id AS BIGINT) AS a, timestamp_ms AS b FROM metrics";
        const HEARD: &str = "SELECT server_id AS a, last_seen_at_ms AS b FROM server_heard";
        macro_rules! pairs {
            ($connection:expr, $sql:expr) => {{
                let mut rows = sqlx::query($sql).fetch($connection);
                let mut pairs: Vec<(i64, i64)> = Vec::new();
                while let Some(row) = rows.try_next().await? {
                    pairs.push((row.try_get("a")?, row.try_get("b")?));
                }
                pairs
            }};
        }
        let (samples, heard, bytes) = block_on(async {
            if database.is_sqlite() {
                let connection = &mut sqlx::SqliteConnection::connect(&database.url).await?;
                let bytes =
                    sqlx::query_scalar("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()");
                let bytes: i64 = bytes.fetch_one(&mut *connection).await?;
                Ok::<_, sqlx::Error>((pairs!(&mut *connection, SAMPLES), pairs!(&mut *connection, HEARD), bytes))
            } else {
                let connection = &mut sqlx::PgConnection::connect(&database.url).await?;
                let bytes = sqlx::query_scalar(
                    "SELECT CAST(SUM(pg_total_relation_size(relid)) + pg_total_relation_size('metric_shapes') AS BIGINT) \
                     FROM pg_partition_tree('metrics') WHERE isleaf",
                );
                let bytes: i64 = bytes.fetch_one(&mut *connection).await?;
                Ok((pairs!(&mut *connection, SAMPLES), pairs!(&mut *connection, HEARD), bytes))
            }
        })?;
        let mut account = Self { samples: HashMap::new(), heard: heard.into_iter().collect(), bytes };
        for (server_id, time_ms) in samples {
            account.samples.entry(server_id).or_default().push(time_ms);
        }
        Ok(account)
    }

    /// Fails where anything is lost, twice, or there without being acknowledged; `is_heard_exact` unless the master was
    /// killed, which may cost a second of that.
    pub fn settle(mut self, fleet: &Fleet, is_heard_exact: bool) -> Result<()> {
        let (mut acknowledged, mut refused) = (0_u64, 0_u64);
        let mut faults = Vec::new();
        for agent in &fleet.agents {
            let stored = self.samples.remove(&agent.server_id).unwrap_or_default();
            let mut count = vec![0_u32; agent.samples.len()];
            for time_ms in stored {
                match agent.samples.binary_search_by_key(&time_ms, |sample| sample.time_ms) {
                    Ok(number) => count[number] += 1,
                    Err(_) => faults
                        .push(format!("server {}: a sample of {time_ms} that is none of its own", agent.server_id)),
                }
            }
            for (count, sample) in count.iter().zip(&agent.samples) {
                acknowledged += u64::from(sample.is_acknowledged);
                if *count != u32::from(sample.is_acknowledged) {
                    let Sample { time_ms, .. } = sample;
                    faults.push(format!("server {}: the sample of {time_ms} is there {count} times", agent.server_id));
                }
            }
            refused += agent.bad_ms.len() as u64;
            let heard_ms = self.heard.get(&agent.server_id).copied().unwrap_or_default();
            if is_heard_exact && heard_ms < agent.heard_ms {
                faults.push(format!(
                    "server {}: heard {} ms later than stored",
                    agent.server_id,
                    agent.heard_ms - heard_ms
                ));
            }
        }
        faults.extend(self.samples.keys().map(|id| format!("samples of a server {id} that is none")));
        println!(
            "stored: {acknowledged} acknowledged samples, each once; {refused} refused, none of them there; {:.0} bytes a \
             sample with all else in the file",
            self.bytes as f64 / acknowledged.max(1) as f64
        );
        match faults.len() {
            0 => Ok(()),
            count => Err(format!("{count} faults, of which: {}", faults[..count.min(5)].join("; ")).into()),
        }
    }
}
