//! A PostgreSQL database spread over the machines of a Citus cluster.
//!
//! What grows with time, which is every table with `server_id` in its primary key, is distributed by it, all of them alike,
//! so that what belongs to one server is on one machine. Servers and when they were heard are one short row each: every
//! machine has them whole (reference tables), so that no look-up leaves it. Anything else stays on the coordinator.
//!
//! Citus takes neither the trigger that deletes what a deleted server had, nor numbers that a column gives out by itself:
//! the one becomes a function to call, `neon_forget_server(name)`, the other a sequence.

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection};

use super::transfer::is_running;
use super::{Location, StoreError, postgres, schema};

/// What every machine has whole, what the others refer to first.
const WHOLE: [&str; 2] = ["servers", "server_heard"];
/// The table that the others are placed like.
const FIRST: &str = "metrics";
/// Tables whose rows belong to one server each, with whether `server_id` is a BIGINT there: tables that are placed alike have
/// it of one type.
const LARGE: &str = "SELECT c.oid::regclass::TEXT, a.atttypid = 'BIGINT'::regtype \
     FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'server_id' AND a.attnum = ANY(i.indkey) \
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition \
     ORDER BY c.relname <> $1, c.relname";
const PLACED: &str = "SELECT logicalrelid::TEXT FROM pg_dist_partition";
const REFERENCES: &str = "SELECT conrelid::regclass::TEXT, quote_ident(conname), pg_get_constraintdef(oid) \
     FROM pg_constraint WHERE contype = 'f' AND confrelid = 'servers'::regclass AND conparentid = 0";
/// What the trigger did.
const FORGET: &str = "CREATE OR REPLACE FUNCTION neon_forget_server(TEXT) RETURNS BOOLEAN LANGUAGE plpgsql AS $$ \
     DECLARE number BIGINT := (SELECT id FROM servers WHERE name = $1); large TEXT; \
     BEGIN \
     IF number IS NULL THEN RETURN FALSE; END IF; \
     FOREACH large IN ARRAY ARRAY[{}] LOOP EXECUTE format('DELETE FROM %s WHERE server_id = %s', large, number); END LOOP; \
     DELETE FROM server_heard WHERE server_id = number; DELETE FROM servers WHERE id = number; \
     RETURN TRUE; \
     END $$";

/// What was done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Distributed {
    /// Tables that every machine has now.
    pub whole: Vec<String>,
    /// Tables that are spread by server now.
    pub spread: Vec<String>,
    /// Tables that were either already.
    pub before: usize,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum DistributeError {
    /// SQLite.
    #[error("{0} is one file: only PostgreSQL with the Citus extension can be distributed (set DATABASE_URL)")]
    NotPostgres(Location),
    /// PostgreSQL has no such extension.
    #[error("{0} has no Citus: the extension is not installed on that machine, and nothing was changed")]
    NotInstalled(Location),
    /// It has, but not in this database.
    #[error("{0} has Citus, but not in this database: run CREATE EXTENSION citus there; nothing was changed")]
    NotCreated(Location),
    /// The tables are not this master's.
    #[error("{0} does not have the tables of this version: start the master on it once, and stop it")]
    Schema(Location),
    /// Somebody would wait for it, and fail.
    #[error("a master is running on {0}: stop it first")]
    Running(Location),
    /// The database refused something.
    #[error("{0} was not changed")]
    Database(Location, #[source] sqlx::Error),
    /// The schema could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Spreads the tables of a database that has Citus; what is spread already stays as it is. All or nothing.
pub async fn distribute(location: &Location) -> Result<Distributed, DistributeError> {
    let Location::Postgres(url) = location else { return Err(DistributeError::NotPostgres(location.clone())) };
    let failed = |error| DistributeError::Database(location.clone(), error);
    let options = PgConnectOptions::from_str(url).map_err(failed)?.application_name("neon-master distribute");
    let mut connection = options.connect().await.map_err(failed)?;
    must_have_citus(&mut connection, location).await?;
    let applied = schema::of_postgres(&mut connection).await?;
    if applied.map(|applied| schema::compare(&postgres::MIGRATIONS, &applied)) != Some(schema::Schema::Current) {
        return Err(DistributeError::Schema(location.clone()));
    }
    if is_running(&mut connection).await.map_err(failed)? {
        return Err(DistributeError::Running(location.clone()));
    }
    let done = place(&mut connection).await.map_err(failed)?;
    connection.close().await.map_err(failed)?;
    Ok(done)
}

async fn must_have_citus(connection: &mut PgConnection, location: &Location) -> Result<(), DistributeError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus'), \
         EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'citus')";
    let state = sqlx::query_as(sql).fetch_one(connection).await;
    match state.map_err(|error| DistributeError::Database(location.clone(), error))? {
        (true, _) => Ok(()),
        (false, true) => Err(DistributeError::NotCreated(location.clone())),
        (false, false) => Err(DistributeError::NotInstalled(location.clone())),
    }
}

/// Names come from the catalogue, quoted where that is needed.
async fn place(connection: &mut PgConnection) -> Result<Distributed, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    // One statement at a time on each machine: the tables refer to ones that are placed in this transaction.
    transaction.execute("SET LOCAL citus.multi_shard_modify_mode TO 'sequential'").await?;
    let placed: Vec<String> = sqlx::query_scalar(PLACED).fetch_all(&mut *transaction).await?;
    let is_new = |table: &str| !placed.iter().any(|placed| placed == table);
    let mut large: Vec<(String, bool)> = sqlx::query_as(LARGE).bind(FIRST).fetch_all(&mut *transaction).await?;
    large.retain(|(table, _)| !WHOLE.contains(&table.as_str()));
    let mut done =
        Distributed { before: WHOLE.iter().filter(|table| !is_new(table)).count(), ..Distributed::default() };

    let references: Vec<(String, String, String)> = sqlx::query_as(REFERENCES).fetch_all(&mut *transaction).await?;
    let references: Vec<_> = references.into_iter().filter(|(table, ..)| is_new(table)).collect();
    for (table, name, _) in &references {
        transaction.execute(AssertSqlSafe(format!("ALTER TABLE {table} DROP CONSTRAINT {name}"))).await?;
    }
    if is_new("servers") {
        number_by_sequence(&mut transaction).await?;
        transaction.execute("DROP TRIGGER servers_forget ON servers").await?;
    }
    for table in WHOLE.into_iter().filter(|table| is_new(table)) {
        sqlx::query("SELECT create_reference_table($1::regclass)").bind(table).execute(&mut *transaction).await?;
        done.whole.push(table.to_owned());
    }
    for (table, is_wide) in &large {
        if !is_new(table) {
            done.before += 1;
            continue;
        }
        if *is_wide {
            let narrow = format!("ALTER TABLE {table} ALTER COLUMN server_id TYPE INTEGER");
            transaction.execute(AssertSqlSafe(narrow)).await?;
        }
        sqlx::query("SELECT create_distributed_table($1::regclass, 'server_id', colocate_with => $2)")
            .bind(table)
            .bind(if table == FIRST { "none" } else { FIRST })
            .execute(&mut *transaction)
            .await?;
        done.spread.push(table.clone());
    }
    for (table, name, definition) in &references {
        transaction.execute(AssertSqlSafe(format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"))).await?;
    }
    let names: Vec<String> = large.iter().map(|(table, _)| format!("'{}'", table.replace('\'', "''"))).collect();
    transaction.execute(AssertSqlSafe(FORGET.replace("{}", &names.join(", ")))).await?;
    transaction.commit().await?;
    Ok(done)
}

/// The next number stays the next one: none is ever given out twice.
async fn number_by_sequence(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let sql = "SELECT nextval(pg_get_serial_sequence('servers', 'id'))";
    let next: i64 = sqlx::query_scalar(sql).fetch_one(&mut *connection).await?;
    connection.execute("ALTER TABLE servers ALTER COLUMN id DROP IDENTITY").await?;
    let create = format!("CREATE SEQUENCE servers_number AS BIGINT START {next} OWNED BY servers.id");
    connection.execute(AssertSqlSafe(create)).await?;
    connection.execute("ALTER TABLE servers ALTER COLUMN id SET DEFAULT nextval('servers_number')").await?;
    Ok(())
}
