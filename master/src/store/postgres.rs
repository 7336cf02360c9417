//! How to open PostgreSQL, its partitions, and the statements over a list of servers, which is an array here.

use std::collections::HashMap;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool};

use super::enrolments::{select_code, select_holder};
use super::heard::Newest;
use super::rollups::{Due, Stored, insert_rollups};
use super::servers::{select_stats, set_newest};
use super::storage::Size;
use super::{MS_PER_DAY, StoreError};
use crate::model::Tier;

/// What makes and upgrades the tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

const CONNECTIONS: u32 = 10;
/// How long a request waits for a connection before it is told to come back later.
const WAIT: Duration = Duration::from_secs(5);
/// A connection that was idle for longer is asked whether it is still there before it is used. No restart of a server is
/// shorter; and what a page asks one after the other would be half as many questions again, of which each is a wait.
const ASKED_AFTER: Duration = Duration::from_millis(100);
/// An acknowledgement promises that a commit waited for the disk. A stricter setting of the server's stays.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') = 'off'";

/// The planner takes looking for the newest samples for dear, the more so the more partitions there are, of which it
/// visits one: compiling it would take longer than doing it.
const NOT_COMPILED: &str = "SELECT set_config('jit', 'off', false)";

/// The samples that are newer than those that are written as the newest.
///
/// The row of the server alone: that of when it was heard is locked by others in another order.
pub const LOCK_HOLDER: &str = select_holder!(" FOR UPDATE OF s");
pub const LOCK_CODE: &str = select_code!(" FOR UPDATE");

/// LATERAL, so that each server is one look-up in the partitions since, of which there is one as a rule. Joined on
/// `MAX(timestamp_ms)` instead, the planner reads and hashes every sample there is.
pub const FIND_NEWEST: &str = "SELECT k.server_id, m.* FROM server_heard k CROSS JOIN LATERAL (\
     SELECT n.timestamp_ms, n.cpu_percent_hundredths, n.memory_percent_hundredths, n.disk_percent_hundredths \
     FROM metrics n WHERE n.server_id = k.server_id AND n.timestamp_ms > COALESCE(k.newest_ms, -9223372036854775808) \
     ORDER BY n.timestamp_ms DESC LIMIT 1) m WHERE k.server_id > $1 ORDER BY k.server_id LIMIT $2";

pub async fn open(url: &str) -> Result<PgPool, StoreError> {
    let options = PgConnectOptions::from_str(url)?.application_name("neon-master");
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(WAIT)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for >= ASKED_AFTER {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(DURABLE).await?;
                connection.execute(NOT_COMPILED).await.map(drop)
            })
        })
        .connect_with(options)
        .await?;
    MIGRATIONS.run(&pool).await?;
    Ok(pool)
}

/// The part of `url` that may be printed.
pub fn describe(url: &str) -> String {
    match PgConnectOptions::from_str(url) {
        Ok(options) => format!(
            "PostgreSQL {} at {}:{}",
            options.get_database().unwrap_or("(default database)"),
            options.get_host(),
            options.get_port()
        ),
        Err(_) => "PostgreSQL (unreadable address)".to_owned(),
    }
}

/// Makes the partition for the samples of a day, counted from 1970, where there is none.
pub async fn make_day(connection: &mut PgConnection, day: i64) -> Result<(), StoreError> {
    made(sqlx::query("SELECT metrics_make_day($1)").bind(day).execute(connection).await)
}

/// Another master may have made the partition in this moment: the function waited for that, but still saw what was there
/// before, and is told that there is such a table.
fn made<T>(outcome: Result<T, sqlx::Error>) -> Result<(), StoreError> {
    match outcome {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P07") => Ok(()),
        outcome => outcome.map(drop).map_err(StoreError::from),
    }
}

/// The time that one partition of hours is of, in milliseconds: 28 days.
pub const MS_PER_PERIOD: i64 = 28 * MS_PER_DAY;

/// Makes the partition for the hours of a period, counted from 1970, where there is none.
pub async fn make_period(connection: &mut PgConnection, period: i64) -> Result<(), StoreError> {
    made(sqlx::query("SELECT rollups_make_period($1)").bind(period).execute(connection).await)
}

/// Days before `day`, counted from 1970, get no more samples but late ones: packs the index of their samples, whose pages
/// random order has left a third empty. Done once for each; nobody is kept waiting meanwhile.
pub async fn pack_days_before(connection: &mut PgConnection, day: i64) -> Result<(), StoreError> {
    let (is_mine,): (bool,) =
        sqlx::query_as("SELECT pg_try_advisory_lock(hashtext('neon.pack_days'))").fetch_one(&mut *connection).await?;
    if !is_mine {
        return Ok(()); // another master does it
    }
    let outcome = pack_days(connection, day).await;
    sqlx::query("SELECT pg_advisory_unlock(hashtext('neon.pack_days'))").execute(connection).await?;
    outcome
}

async fn pack_days(connection: &mut PgConnection, day: i64) -> Result<(), StoreError> {
    // A day's partition is named after it, so that names sort as days do.
    let unpacked: Vec<(String,)> = sqlx::query_as(
        "SELECT ic.oid::regclass::TEXT FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid \
         JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary JOIN pg_class ic ON ic.oid = i.indexrelid \
         WHERE h.inhparent = 'metrics'::regclass AND ic.reloptions IS NULL \
         AND c.relname < 'metrics_' || to_char(to_timestamp($1 * 86400) AT TIME ZONE 'UTC', 'YYYYMMDD') ORDER BY 1",
    )
    .bind(day)
    .fetch_all(&mut *connection)
    .await?;
    for (index,) in unpacked {
        // A name that the database gave, quoted where that is needed.
        connection.execute(AssertSqlSafe(format!("ALTER INDEX {index} SET (fillfactor = 100)"))).await?;
        connection.execute(AssertSqlSafe(format!("REINDEX INDEX CONCURRENTLY {index}"))).await?;
    }
    Ok(())
}

/// Until the end of the transaction no other master writes when servers were heard or who is offline: two that write of
/// the same servers in another order would each wait for the other.
pub async fn lock_heard(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('neon.heard'))").execute(connection).await?;
    Ok(())
}

/// Drops the partitions of `table` all of whose rows are older. Each is detached first, which keeps nobody out, waits at
/// most five seconds for those who read it, and goes on the next time where they take longer.
pub async fn drop_partitions_before(
    connection: &mut PgConnection,
    table: &'static str,
    before_ms: i64,
) -> Result<usize, StoreError> {
    let length_ms = if table == "metrics" { MS_PER_DAY } else { MS_PER_PERIOD };
    // A partition is named after its first day. One that is not attached any more was left behind by an end in the middle.
    let old: Vec<(String, bool, bool)> = sqlx::query_as(
        "SELECT c.relname::TEXT, h.inhrelid IS NOT NULL, \
         COALESCE((to_jsonb(h) ->> 'inhdetachpending')::BOOLEAN, FALSE) \
         FROM pg_class c LEFT JOIN pg_inherits h ON h.inhrelid = c.oid \
         WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' \
         AND c.relname ~ ('^' || $1 || '_[0-9]{8}$') \
         AND (to_date(right(c.relname, 8), 'YYYYMMDD') - DATE '1970-01-01')::BIGINT * 86400000 + $2 <= $3 \
         ORDER BY c.relname",
    )
    .bind(table)
    .bind(length_ms)
    .bind(before_ms)
    .fetch_all(&mut *connection)
    .await?;
    let mut dropped = 0;
    for (name, is_attached, is_pending) in old {
        connection.execute("SET lock_timeout = '5s'").await?;
        let outcome = drop_partition(connection, table, &name, is_attached, is_pending).await;
        connection.execute("RESET lock_timeout").await?;
        match outcome {
            Ok(()) => dropped += 1,
            Err(error) if has_code(&error, "55P03") => {
                tracing::info!(partition = name, "an old partition is still being read; the next try is in an hour");
                break;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(dropped)
}

async fn drop_partition(
    connection: &mut PgConnection,
    table: &str,
    name: &str,
    is_attached: bool,
    is_pending: bool,
) -> Result<(), sqlx::Error> {
    if is_attached {
        let how = if is_pending { "FINALIZE" } else { "CONCURRENTLY" };
        let detach = format!("ALTER TABLE {table} DETACH PARTITION {name} {how}");
        match connection.execute(AssertSqlSafe(detach)).await {
            Ok(_) => {}
            // Before PostgreSQL 14, or distributed: it is dropped where it is, if nobody has to wait for that.
            Err(error) if has_code(&error, "42601") || has_code(&error, "0A000") => {
                connection.execute("SET lock_timeout = '50ms'").await?;
            }
            Err(error) => return Err(error),
        }
    }
    connection.execute(AssertSqlSafe(format!("DROP TABLE {name}"))).await.map(drop)
}

fn has_code(error: &sqlx::Error, code: &str) -> bool {
    error.as_database_error().is_some_and(|error| error.code().as_deref() == Some(code))
}

/// Writes when servers were heard, and returns how many of them there are.
pub async fn write_heard(connection: &mut PgConnection, heard: &[(i64, i64)]) -> Result<u64, StoreError> {
    let sql = "UPDATE server_heard AS h SET last_seen_at_ms = GREATEST(h.last_seen_at_ms, s.ms) \
         FROM UNNEST($1::BIGINT[], $2::BIGINT[]) AS s (id, ms) WHERE h.server_id = s.id";
    let (ids, times): (Vec<i64>, Vec<i64>) = heard.iter().copied().unzip();
    Ok(sqlx::query(sql).bind(ids).bind(times).execute(connection).await?.rows_affected())
}

/// As [`write_heard`], with their newest samples.
pub async fn write_sampled(connection: &mut PgConnection, sampled: &[(i64, i64, Newest)]) -> Result<u64, StoreError> {
    macro_rules! newest {
        ($field:ident) => {
            sampled.iter().map(|(_, _, newest)| newest.$field).collect::<Vec<_>>()
        };
    }
    let sql = concat!(
        "UPDATE server_heard AS h SET last_seen_at_ms = GREATEST(h.last_seen_at_ms, s.ms), ",
        set_newest!(),
        " FROM UNNEST($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::SMALLINT[], $5::SMALLINT[], $6::SMALLINT[]) \
         AS s (id, ms, newest_ms, newest_cpu_percent_hundredths, newest_memory_percent_hundredths, \
         newest_disk_percent_hundredths) WHERE h.server_id = s.id",
    );
    let (ids, times): (Vec<i64>, Vec<i64>) = sampled.iter().map(|(id, ms, _)| (*id, *ms)).unzip();
    let query = sqlx::query(sql)
        .bind(ids)
        .bind(times)
        .bind(newest!(timestamp_ms))
        .bind(newest!(cpu_percent_hundredths))
        .bind(newest!(memory_percent_hundredths))
        .bind(newest!(disk_percent_hundredths));
    Ok(query.execute(connection).await?.rows_affected())
}

/// The fleet in numbers, `newest` being the samples that are not written yet.
pub async fn stats(connection: &mut PgConnection, newest: &HashMap<i64, Newest>) -> Result<PgRow, StoreError> {
    let sql = select_stats!("UNNEST($1::BIGINT[], $2::BIGINT[], $3::SMALLINT[]) AS u (id, ms, cpu)");
    let query = sqlx::query(sql)
        .bind(newest.keys().copied().collect::<Vec<_>>())
        .bind(newest.values().map(|newest| newest.timestamp_ms).collect::<Vec<_>>())
        .bind(newest.values().map(|newest| newest.cpu_percent_hundredths).collect::<Vec<_>>());
    Ok(query.fetch_one(connection).await?)
}

/// `id` and `name` of those that are offline, which nobody else changes until the end of the transaction.
pub async fn offline_among(connection: &mut PgConnection, ids: &[i64]) -> Result<Vec<PgRow>, StoreError> {
    let sql = "SELECT id, name FROM servers WHERE status = 'offline' AND id = ANY($1) ORDER BY id FOR UPDATE";
    Ok(sqlx::query(sql).bind(ids).fetch_all(connection).await?)
}

/// Locks the servers that seem silent, so that what a registration has just changed is seen by the next statement.
pub async fn lock_silent(connection: &mut PgConnection, cutoff_ms: i64) -> Result<(), StoreError> {
    let sql = "SELECT s.id FROM servers s JOIN server_heard h ON h.server_id = s.id \
         WHERE s.status = 'online' AND h.last_seen_at_ms < $1 ORDER BY s.id FOR UPDATE OF s";
    sqlx::query(sql).bind(cutoff_ms).fetch_all(connection).await?;
    Ok(())
}

/// What is needed to recognise servers.
pub async fn known_among(connection: &mut PgConnection, ids: &[i64]) -> Result<Vec<PgRow>, StoreError> {
    let sql = "SELECT s.id, s.name, s.ip_address, s.agent_version, s.generation, s.status, h.last_seen_at_ms \
         FROM servers s JOIN server_heard h ON h.server_id = s.id WHERE s.id = ANY($1)";
    Ok(sqlx::query(sql).bind(ids).fetch_all(connection).await?)
}

/// `server_id` and `containers_hash` of those that there are.
pub async fn containers_hashes(connection: &mut PgConnection, ids: &[i64]) -> Result<Vec<PgRow>, StoreError> {
    let sql = "SELECT server_id, containers_hash FROM server_heard WHERE server_id = ANY($1)";
    Ok(sqlx::query(sql).bind(ids).fetch_all(connection).await?)
}

/// Marks hours of servers to be rolled up once more.
pub async fn mark_due(connection: &mut PgConnection, due: &[(i32, i64)]) -> Result<(), StoreError> {
    let (ids, hours): (Vec<i32>, Vec<i64>) = due.iter().copied().unzip();
    let sql = "INSERT INTO rollups_due (server_id, hour_ms, marks) \
         SELECT id, hour, 1 FROM UNNEST($1::INTEGER[], $2::BIGINT[]) AS d (id, hour) \
         ON CONFLICT (server_id, hour_ms) DO UPDATE SET marks = rollups_due.marks + 1";
    sqlx::query(sql).bind(ids).bind(hours).execute(connection).await?;
    Ok(())
}

/// Names of fields of rollups: server, hash, names.
pub async fn insert_rollup_names(
    connection: &mut PgConnection,
    names: &[(i64, i64, Vec<u8>)],
) -> Result<(), StoreError> {
    if names.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO rollup_names (server_id, hash, body) \
         SELECT * FROM UNNEST($1::INTEGER[], $2::BIGINT[], $3::BYTEA[]) ON CONFLICT DO NOTHING",
    )
    .bind(names.iter().map(|(server_id, ..)| *server_id).collect::<Vec<_>>())
    .bind(names.iter().map(|(_, hash, _)| *hash).collect::<Vec<_>>())
    .bind(names.iter().map(|(_, _, body)| body.as_slice()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Hours or days of servers, no two of them the same.
pub async fn insert_rollups(
    connection: &mut PgConnection,
    tier: Tier,
    rows: &[(i64, &Stored)],
) -> Result<(), StoreError> {
    const HOURLY: &str = insert_rollups!(
        "rollups_hourly",
        "SELECT * FROM UNNEST($1::INTEGER[], $2::BIGINT[], $3::INTEGER[], $4::BYTEA[])"
    );
    const DAILY: &str = insert_rollups!(
        "rollups_daily",
        "SELECT * FROM UNNEST($1::INTEGER[], $2::BIGINT[], $3::INTEGER[], $4::BYTEA[])"
    );
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(if tier == Tier::Hourly { HOURLY } else { DAILY })
        .bind(rows.iter().map(|(server_id, _)| *server_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.start_ms).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.samples).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.body.as_slice()).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// Until when servers are rolled up.
pub async fn note_rolled_up(connection: &mut PgConnection, done: &[(i64, i64)]) -> Result<(), StoreError> {
    let (ids, hours): (Vec<i64>, Vec<i64>) = done.iter().copied().unzip();
    sqlx::query(
        "INSERT INTO rollups_done (server_id, hour_ms) SELECT * FROM UNNEST($1::INTEGER[], $2::BIGINT[]) \
         ON CONFLICT (server_id) DO UPDATE SET hour_ms = excluded.hour_ms WHERE excluded.hour_ms > rollups_done.hour_ms",
    )
    .bind(ids)
    .bind(hours)
    .execute(connection)
    .await?;
    Ok(())
}

/// Takes away the marks that are as they were when the work began.
pub async fn delete_due(connection: &mut PgConnection, due: &[(i64, Due)]) -> Result<(), StoreError> {
    if due.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM rollups_due u USING UNNEST($1::INTEGER[], $2::BIGINT[], $3::BIGINT[]) AS d (server_id, hour_ms, marks) \
         WHERE u.server_id = d.server_id AND u.hour_ms = d.hour_ms AND u.marks = d.marks",
    )
    .bind(due.iter().map(|(server_id, _)| *server_id).collect::<Vec<_>>())
    .bind(due.iter().map(|(_, due)| due.hour_ms).collect::<Vec<_>>())
    .bind(due.iter().map(|(_, due)| due.marks).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// What the database takes. Samples are those of the statistics, of all masters: counting them would read them all.
pub async fn size(connection: &mut PgConnection) -> Result<Size, StoreError> {
    let sql = "SELECT pg_database_size(current_database()), (SELECT COUNT(*) FROM servers), \
         COALESCE(SUM(t.n_live_tup), 0)::BIGINT, COALESCE(SUM(t.n_tup_ins), 0)::BIGINT \
         FROM pg_inherits h JOIN pg_stat_user_tables t ON t.relid = h.inhrelid \
         WHERE h.inhparent = 'metrics'::regclass";
    let (bytes, servers, live, inserted): (i64, i64, i64, i64) = sqlx::query_as(sql).fetch_one(connection).await?;
    Ok(Size {
        database_bytes: bytes.cast_unsigned(),
        used_bytes: bytes.cast_unsigned(),
        servers: servers.cast_unsigned(),
        samples_estimated: Some(live.cast_unsigned()),
        samples_total: Some(inserted.cast_unsigned()),
    })
}
