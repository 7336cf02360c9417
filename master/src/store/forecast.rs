//! What samples, hours and days will take once as much of each is kept as is to be kept.
//!
//! A few servers, evenly chosen, are asked for what they stored in the last day: how often they sample, and how long what
//! they store beside the fixed columns is. The rest of a row (columns, keys, indexes, what pages leave empty) is a
//! constant per engine, which the test of the bytes per sample holds to what it measures. Nothing is scanned, so that
//! ten thousand servers with a year behind them are answered as fast as one.

use sqlx::Row as _;

use super::{Engine, MS_PER_DAY, Retention, Store, StoreError, for_both_engines, forecast, read};
use crate::model::{StorageForecast, StorageTier};

use neon_shared::time::Timestamp;

/// Servers that are asked.
const SERVERS_ASKED: i64 = 32;
/// Newest samples of a server that are looked at, of a day: what an agent sends every second is not read whole.
const SAMPLES_ASKED: i64 = 512;
const HOURS_PER_DAY: f64 = 24.0;
const DAYS_PER_YEAR: f64 = 365.0;

/// What a row takes beside its body, in bytes.
struct Overhead {
    sample: f64,
    rollup: f64,
}

const SQLITE: Overhead = Overhead { sample: 58.0, rollup: 57.0 };
const POSTGRES: Overhead = Overhead { sample: 117.0, rollup: 185.0 };

/// What the servers that were asked stored since a day ago.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// Registered servers that were asked, and those of them that sent two samples or more.
    servers: i64,
    reporting: i64,
    /// Samples a day of those that report, by the time between their first and last.
    samples_per_day: f64,
    /// Mean length of what varies, in bytes; `None` where there was none.
    sample_body_bytes: Option<f64>,
    hour_body_bytes: Option<f64>,
    day_body_bytes: Option<f64>,
}

impl Store {
    /// What each tier comes to under `retention`, by what came in the day before `now`; `None` where nothing did.
    pub(super) async fn forecast(
        &self,
        servers: u64,
        retention: &Retention,
        now: Timestamp,
    ) -> Result<Option<StorageForecast>, StoreError> {
        let since_ms = now.unix_ms() - MS_PER_DAY;
        let asked: Result<Asked, StoreError> = read!(self, forecast::ask(servers.cast_signed(), since_ms));
        let overhead = match &self.engine {
            Engine::Sqlite(_) => &SQLITE,
            Engine::Postgres(_) => &POSTGRES,
        };
        Ok(foretell(&asked?, overhead, servers, retention))
    }
}

fn foretell(asked: &Asked, overhead: &Overhead, servers: u64, retention: &Retention) -> Option<StorageForecast> {
    let samples = asked.sample_body_bytes.filter(|_| asked.reporting > 0)?;
    // Of all servers as many report as of those that were asked.
    let all = servers as f64 / asked.servers as f64;
    let reporting = asked.reporting as f64 * all;
    let hour = asked.hour_body_bytes;
    // The first day is over a day after the first sample; until then it is as long as its hours.
    let day = asked.day_body_bytes.or(hour);
    Some(StorageForecast {
        samples: tier(retention.raw_days, asked.samples_per_day * all, Some(overhead.sample + samples)),
        hours: tier(retention.hourly_days, reporting * HOURS_PER_DAY, hour.map(|body| overhead.rollup + body)),
        days: tier(retention.daily_days, reporting, day.map(|body| overhead.rollup + body)),
    })
}

fn tier(kept_days: u32, rows_per_day: f64, bytes_per_row: Option<f64>) -> StorageTier {
    let bytes_per_day = bytes_per_row.map(|bytes| rows_per_day * bytes);
    StorageTier {
        kept_days: (kept_days > 0).then_some(kept_days),
        rows_per_day: rows_per_day.round(),
        bytes_per_row: bytes_per_row.map(f64::round),
        bytes_per_year: bytes_per_day.map(|bytes| (bytes * DAYS_PER_YEAR).round()),
        bytes_when_full: bytes_per_day.filter(|_| kept_days > 0).map(|bytes| (bytes * f64::from(kept_days)).round()),
    }
}

/// How many of the newest rows of a server there are, and how long their bodies are together.
macro_rules! lengths_of_newest {
    ($table:literal, $rows_max:literal) => {
        concat!(
            "SELECT COUNT(*), CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM (SELECT LENGTH(body) AS bytes FROM ",
            $table,
            " WHERE server_id = $1 ORDER BY start_ms DESC LIMIT ",
            $rows_max,
            ") AS newest"
        )
    };
}

for_both_engines! {
    /// Asks up to [`SERVERS_ASKED`] of `servers`, each by its keys.
    pub async fn ask(connection: &mut Connection, servers: i64, since_ms: i64) -> Result<Asked, StoreError> {
        let every = ((servers + SERVERS_ASKED - 1) / SERVERS_ASKED).max(1);
        let sql = "SELECT id FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS place FROM servers) AS placed \
                   WHERE place % $1 = 0 ORDER BY id LIMIT $2";
        let ids: Vec<i64> =
            sqlx::query_scalar(sql).bind(every).bind(SERVERS_ASKED).fetch_all(&mut *connection).await?;
        let mut asked = Asked { servers: ids.len() as i64, ..Asked::default() };
        let (mut sample_bodies, mut hour_bodies, mut day_bodies) = (Bodies::default(), Bodies::default(), Bodies::default());
        for server_id in ids {
            let row = sqlx::query(
                "SELECT COUNT(*), CAST(COALESCE(SUM(bytes), 0) AS BIGINT), CAST(MAX(ms) - MIN(ms) AS BIGINT) FROM \
                 (SELECT LENGTH(additions) AS bytes, timestamp_ms AS ms FROM metrics \
                 WHERE server_id = $1 AND timestamp_ms >= $2 ORDER BY timestamp_ms DESC LIMIT $3) AS newest",
            )
            .bind(server_id)
            .bind(since_ms)
            .bind(SAMPLES_ASKED)
            .fetch_one(&mut *connection)
            .await?;
            let (count, bytes): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
            let over_ms = row.try_get::<Option<i64>, _>(2)?.unwrap_or(0);
            if count < 2 || over_ms <= 0 {
                continue;
            }
            asked.reporting += 1;
            asked.samples_per_day += (count - 1) as f64 * MS_PER_DAY as f64 / over_ms as f64;
            sample_bodies.add(count, bytes);
            for (bodies, sql) in [
                (&mut hour_bodies, lengths_of_newest!("rollups_hourly", 24)),
                (&mut day_bodies, lengths_of_newest!("rollups_daily", 7)),
            ] {
                let row = sqlx::query(sql).bind(server_id).fetch_one(&mut *connection).await?;
                bodies.add(row.try_get(0)?, row.try_get(1)?);
            }
        }
        asked.sample_body_bytes = sample_bodies.mean();
        asked.hour_body_bytes = hour_bodies.mean();
        asked.day_body_bytes = day_bodies.mean();
        Ok(asked)
    }
}

/// Lengths of so many rows.
#[derive(Default)]
struct Bodies {
    count: i64,
    bytes: i64,
}

impl Bodies {
    fn add(&mut self, count: i64, bytes: i64) {
        self.count += count;
        self.bytes += bytes;
    }

    fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.bytes as f64 / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked = Asked {
        servers: 4,
        reporting: 3,
        samples_per_day: 864.0,
        sample_body_bytes: Some(242.0),
        hour_body_bytes: Some(1443.0),
        day_body_bytes: None,
    };

    #[test]
    fn a_fleet_is_as_those_that_were_asked() {
        let told = foretell(&ASKED, &SQLITE, 400, &Retention::DEFAULT).unwrap();
        assert_eq!(told.samples.rows_per_day, 86_400.0);
        assert_eq!((told.samples.bytes_per_row, told.samples.kept_days), (Some(300.0), Some(30)));
        assert_eq!(told.samples.bytes_when_full, Some(86_400.0 * 300.0 * 30.0));
        assert_eq!((told.hours.rows_per_day, told.hours.bytes_per_row), (7200.0, Some(1500.0)));
        assert_eq!(told.hours.bytes_when_full, Some(7200.0 * 1500.0 * 400.0));
    }

    #[test]
    fn what_is_kept_for_ever_is_never_full_and_a_day_is_as_long_as_its_hours_until_there_is_one() {
        let told = foretell(&ASKED, &SQLITE, 400, &Retention::DEFAULT).unwrap();
        assert_eq!((told.days.kept_days, told.days.bytes_when_full), (None, None));
        assert_eq!((told.days.rows_per_day, told.days.bytes_per_row), (300.0, Some(1500.0)));
        assert_eq!(told.days.bytes_per_year, Some(300.0 * 1500.0 * 365.0));
    }

    #[test]
    fn nothing_is_foretold_from_nothing() {
        let silent = Asked { servers: 4, ..Asked::default() };
        assert_eq!(foretell(&silent, &POSTGRES, 4, &Retention::DEFAULT), None);
        assert_eq!(foretell(&Asked::default(), &POSTGRES, 0, &Retention::DEFAULT), None);
    }

    #[test]
    fn hours_are_absent_before_the_first() {
        let young = Asked { hour_body_bytes: None, ..ASKED };
        let told = foretell(&young, &SQLITE, 4, &Retention::DEFAULT).unwrap();
        assert_eq!(
            (told.hours.bytes_per_row, told.hours.bytes_when_full, told.days.bytes_per_year),
            (None, None, None)
        );
        assert!(told.samples.bytes_when_full.is_some());
    }
}
