//! Everything of one store into another, of the other engine or the same.
//!
//! Which tables and columns there are is asked of both databases, so that a table that a later migration adds is moved
//! too, and one that only one of them has stops the move. Values are moved as they are, packed samples by their bytes.
//!
//! All or nothing: PostgreSQL gets everything in one transaction, SQLite in a file that gets its name at the end. The
//! source is read in one transaction and never written. What was written is read back before it counts, and compared
//! with what was read: the number of rows, and the sum of a hash of each.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::str::FromStr;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, Row, SqliteConnection};

use super::backup::{BackupError, Unfinished, move_log_into, must_be_neon, read, remove_what_belongs_to};
use super::lock::{Lock, beside};
use super::postgres::MS_PER_PERIOD;
use super::schema::{self, Schema};
use super::{Location, MS_PER_DAY, StoreError, postgres, sqlite};

/// Most rows that are in memory at a time, and the bytes past which there are fewer.
const BATCH_ROWS: usize = 1000;
const BATCH_BYTES: usize = 1 << 20;
/// Values that one statement of SQLite may have are 32,766.
const SQLITE_VALUES: usize = 32_000;
/// What others refer to goes first.
const FIRST: [&str; 2] = ["servers", "users"];

/// A table that was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Its name.
    pub table: String,
    /// What is in it, on both sides.
    pub sum: Sum,
}

/// What a table has: the same for the same rows in any order, on both engines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many rows.
    pub rows: u64,
    /// The sum of a hash of each. Not comparable between two versions of this program.
    pub checksum: u64,
}

/// Why nothing was moved. The source is as it was, and the target is empty.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// Both are one.
    #[error("{0} cannot be moved to itself")]
    Itself(Location),
    /// The source is no store, or the target's file cannot be made.
    #[error(transparent)]
    File(#[from] BackupError),
    /// The source has no tables of Neon.
    #[error("{0} is no database of Neon")]
    NotNeon(Location),
    /// The schema is not this master's.
    #[error("{0} has {1}")]
    Schema(Location, &'static str),
    /// Somebody would write meanwhile, or already has.
    #[error("a master is running on {0}: stop it first")]
    Running(Location),
    /// There is something where everything is to go.
    #[error("{0} is not empty: its table {1} has {2} rows")]
    NotEmpty(Location, String, i64),
    /// The tables of the two are not the same.
    #[error("{0} and {1} do not have the same tables and columns: {2}")]
    Unlike(Location, Location, String),
    /// A column of a type that is not moved.
    #[error("{0} is of the type {1}, which is not moved")]
    Type(String, String),
    /// What was written is not what was read.
    #[error(
        "table {table} differs: {} rows with checksum {:016x} were read, and {} with {:016x} written",
        .source_has.rows, .source_has.checksum, .target_has.rows, .target_has.checksum
    )]
    Differs {
        /// The table.
        table: String,
        /// What was read.
        source_has: Sum,
        /// What was written.
        target_has: Sum,
    },
    /// A database refused something.
    #[error("{0}")]
    Database(Location, #[source] sqlx::Error),
    /// A store is in use, or its schema cannot be made.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Moves everything that `from` has into `to`, which must be empty; its tables are made where there are none.
pub async fn transfer(from: &Location, to: &Location) -> Result<Vec<Moved>, TransferError> {
    if is_same(from, to) {
        return Err(TransferError::Itself(from.clone()));
    }
    let (mut source, _source_lock) = open_source(from).await?;
    match to {
        Location::Postgres(url) => into_postgres(&mut source, to, url).await,
        Location::Sqlite(path) => into_sqlite(&mut source, to, path).await,
    }
}

fn is_same(from: &Location, to: &Location) -> bool {
    match (from, to) {
        (Location::Sqlite(from), Location::Sqlite(to)) => {
            from == to || matches!((fs::canonicalize(from), fs::canonicalize(to)), (Ok(from), Ok(to)) if from == to)
        }
        (from, to) => from == to,
    }
}

async fn open_source(from: &Location) -> Result<(Side, Lock), TransferError> {
    let failed = |error| TransferError::Database(from.clone(), error);
    let (connection, lock, applied) = match from {
        Location::Sqlite(path) => {
            must_be_neon(path).await?;
            let lock = Lock::of_file(path)?;
            let mut connection = read(path).await?;
            connection.execute("BEGIN").await.map_err(failed)?;
            let applied = schema::of_sqlite(&mut connection).await?;
            (Connected::Sqlite(connection), lock, applied)
        }
        Location::Postgres(url) => {
            let mut connection = connect(url).await.map_err(failed)?;
            if is_running(&mut connection).await.map_err(failed)? {
                return Err(TransferError::Running(from.clone()));
            }
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(failed)?;
            let applied = schema::of_postgres(&mut connection).await?;
            (Connected::Postgres(connection), Lock::take(from)?, applied)
        }
    };
    let applied = applied.ok_or_else(|| TransferError::NotNeon(from.clone()))?;
    let known = match from {
        Location::Sqlite(_) => &sqlite::MIGRATIONS,
        Location::Postgres(_) => &postgres::MIGRATIONS,
    };
    must_be_current(from, schema::compare(known, &applied))?;
    Ok((Side { location: from.clone(), connection }, lock))
}

fn must_be_current(location: &Location, schema: Schema) -> Result<(), TransferError> {
    let found = match schema {
        Schema::Current => return Ok(()),
        Schema::Older(_) => "an older schema: start this version's master on it once, which brings it up to date",
        Schema::Newer(_) => "a schema that this version of neon-master does not know: use a newer one",
        Schema::Broken(_) => "a schema with a migration that is unfinished or not Neon's",
    };
    Err(TransferError::Schema(location.clone(), found))
}

async fn into_postgres(source: &mut Side, to: &Location, url: &str) -> Result<Vec<Moved>, TransferError> {
    let failed = |error| TransferError::Database(to.clone(), error);
    let mut connection = connect(url).await.map_err(failed)?;
    if is_running(&mut connection).await.map_err(failed)? {
        return Err(TransferError::Running(to.clone()));
    }
    match schema::of_postgres(&mut connection).await? {
        None => {}
        Some(applied) => match schema::compare(&postgres::MIGRATIONS, &applied) {
            Schema::Older(_) => {}
            schema => must_be_current(to, schema)?,
        },
    }
    let mut target = Side { location: to.clone(), connection: Connected::Postgres(connection) };
    // Before anything is made in it.
    let tables = target.tables().await?;
    target.must_be_empty(&tables).await?;
    let Connected::Postgres(connection) = &mut target.connection else { unreachable!("made above") };
    postgres::MIGRATIONS.run(&mut *connection).await.map_err(StoreError::from)?;
    // Each in a transaction of its own, and so not all of their locks at once. Empty ones harm nobody.
    for day in source.days().await? {
        postgres::make_day(connection, day).await?;
    }
    for period in source.periods().await? {
        postgres::make_period(connection, period).await?;
    }
    connection.execute("BEGIN").await.map_err(failed)?;
    // Keeps another move out, and a master that starts now from registering anybody.
    connection.execute("LOCK TABLE servers IN EXCLUSIVE MODE").await.map_err(failed)?;
    let moved = copy(source, &mut target).await?;
    let Connected::Postgres(mut connection) = target.connection else { unreachable!("made above") };
    connection.execute("COMMIT").await.map_err(failed)?;
    connection.close().await.map_err(failed)?;
    Ok(moved)
}

async fn into_sqlite(source: &mut Side, to: &Location, path: &Path) -> Result<Vec<Moved>, TransferError> {
    let failed = |error| TransferError::Database(to.clone(), error);
    let is_there = fs::symlink_metadata(path).is_ok();
    if is_there {
        must_be_neon(path).await?;
    }
    let _lock = Lock::of_file(path)?;
    if is_there {
        let mut old = Side { location: to.clone(), connection: Connected::Sqlite(read(path).await?) };
        let tables = old.tables().await?;
        old.must_be_empty(&tables).await?;
        if let Connected::Sqlite(connection) = old.connection {
            connection.close().await.map_err(failed)?;
        }
    }
    let file = Unfinished::create(beside(path, ".moving"))?;
    // It is synced once it is whole, and thrown away if it does not get there.
    let options = SqliteConnectOptions::new()
        .filename(file.path())
        .auto_vacuum(SqliteAutoVacuum::Incremental)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off);
    let mut connection = options.connect().await.map_err(failed)?;
    sqlite::MIGRATIONS.run(&mut connection).await.map_err(StoreError::from)?;
    connection.execute("BEGIN").await.map_err(failed)?;
    let mut target = Side { location: to.clone(), connection: Connected::Sqlite(connection) };
    let moved = copy(source, &mut target).await?;
    if let Connected::Sqlite(mut connection) = target.connection {
        connection.execute("COMMIT").await.map_err(failed)?;
        connection.close().await.map_err(failed)?;
    }
    file.belongs_to_the_owner_of(path)?;
    if is_there {
        move_log_into(path).await?;
    }
    remove_what_belongs_to(path)?;
    file.finish(path)?;
    Ok(moved)
}

/// Copies all tables within the transactions that both sides are in, and compares them.
async fn copy(source: &mut Side, target: &mut Side) -> Result<Vec<Moved>, TransferError> {
    let (tables, there) = (source.tables().await?, target.tables().await?);
    if let Some(difference) = difference(&tables, &there) {
        return Err(TransferError::Unlike(source.location.clone(), target.location.clone(), difference));
    }
    // Also those that were filled since they were found empty.
    target.must_be_empty(&there).await?;
    let mut ordered: Vec<_> = tables.into_iter().collect();
    ordered.sort_by_key(|(name, _)| !FIRST.contains(&name.as_str()));
    let mut moved = Vec::new();
    for (name, columns) in ordered {
        let table = Table { name, columns: columns.into_iter().collect() };
        let counted = source.count(&table.name).await?;
        let source_has = copy_table(source, target, &table).await?;
        let target_has = target.sum(&table).await?;
        if source_has != target_has || u64::try_from(counted) != Ok(source_has.rows) {
            return Err(TransferError::Differs { table: table.name, source_has, target_has });
        }
        moved.push(Moved { table: table.name, sum: source_has });
    }
    for (table, last) in source.last_numbers().await? {
        target.set_last_number(&table, last).await?;
    }
    Ok(moved)
}

async fn copy_table(source: &mut Side, target: &mut Side, table: &Table) -> Result<Sum, TransferError> {
    let location = source.location.clone();
    let mut rows = source.rows(table);
    let (mut sum, mut batch, mut bytes) = (Sum::default(), Vec::new(), 0);
    loop {
        let row = rows.try_next().await.map_err(|error| TransferError::Database(location.clone(), error))?;
        let is_last = row.is_none();
        if let Some(row) = row {
            sum.add(&row);
            bytes += row.iter().map(Value::bytes).sum::<usize>();
            batch.push(row);
        }
        if is_last || batch.len() >= BATCH_ROWS || bytes >= BATCH_BYTES {
            target.insert(table, &batch).await?;
            batch.clear();
            bytes = 0;
        }
        if is_last {
            return Ok(sum);
        }
    }
}

/// The first thing in which the tables of the two differ.
fn difference(source: &Tables, target: &Tables) -> Option<String> {
    let lacking = |one: &Tables, other: &Tables, name: &str| {
        let table = one.keys().find(|table| !other.contains_key(*table))?;
        Some(format!("only the {name} has a table {table}"))
    };
    lacking(source, target, "source").or_else(|| lacking(target, source, "target")).or_else(|| {
        let (table, columns) = source.iter().find(|(table, columns)| target.get(*table) != Some(columns))?;
        Some(format!("table {table} has {columns:?} in the source and {:?} in the target", target.get(table)))
    })
}

type Tables = BTreeMap<String, BTreeMap<String, Kind>>;

struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
}

impl Table {
    fn column_names(&self) -> String {
        self.columns.iter().map(|(name, _)| quoted(name)).collect::<Vec<_>>().join(", ")
    }
}

/// What a column holds, on either engine; any may be NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Integer,
    Real,
    Text,
    Bytes,
    Boolean,
}

impl Kind {
    /// Of a type as either engine names it.
    fn of(declared: &str) -> Option<Self> {
        match declared.to_ascii_lowercase().as_str() {
            "bigint" | "integer" | "smallint" => Some(Self::Integer),
            "real" | "double precision" => Some(Self::Real),
            "text" => Some(Self::Text),
            "blob" | "bytea" => Some(Self::Bytes),
            "boolean" => Some(Self::Boolean),
            _ => None,
        }
    }

    fn postgres_array(self) -> &'static str {
        match self {
            Self::Integer => "BIGINT[]",
            Self::Real => "DOUBLE PRECISION[]",
            Self::Text => "TEXT[]",
            Self::Bytes => "BYTEA[]",
            Self::Boolean => "BOOLEAN[]",
        }
    }
}

#[derive(Clone, Debug)]
enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
    Boolean(bool),
}

impl Value {
    /// About what it takes in memory.
    fn bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Text(text) => text.len(),
                Self::Bytes(bytes) => bytes.len(),
                _ => 0,
            }
    }
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Null => {}
            Self::Integer(number) => number.hash(state),
            // SQLite stores -0.0 as 0.
            Self::Real(number) => (number + 0.0).to_bits().hash(state),
            Self::Text(text) => text.hash(state),
            Self::Bytes(bytes) => bytes.hash(state),
            Self::Boolean(truth) => truth.hash(state),
        }
    }
}

impl Sum {
    fn add(&mut self, row: &[Value]) {
        let mut hasher = DefaultHasher::new();
        row.hash(&mut hasher);
        self.rows += 1;
        self.checksum = self.checksum.wrapping_add(hasher.finish());
    }
}

/// One of the two databases.
struct Side {
    location: Location,
    connection: Connected,
}

enum Connected {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Runs one method of a query, whatever its connection is.
macro_rules! on {
    ($side:expr, $query:expr, $method:ident) => {
        match &mut $side.connection {
            Connected::Sqlite(connection) => $query.$method(connection).await,
            Connected::Postgres(connection) => $query.$method(connection).await,
        }
        .map_err(|error| TransferError::Database($side.location.clone(), error))
    };
}

impl Side {
    /// Every table but sqlx's own and the partitions, with its columns.
    async fn tables(&mut self) -> Result<Tables, TransferError> {
        let of_sqlite = "SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~' AND m.name <> '_sqlx_migrations'";
        let of_postgres = "SELECT c.relname::TEXT, a.attname::TEXT, format_type(a.atttypid, NULL) \
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') \
             AND NOT c.relispartition AND c.relname <> '_sqlx_migrations'";
        let sql = if matches!(self.connection, Connected::Sqlite(_)) { of_sqlite } else { of_postgres };
        let found: Vec<(String, String, String)> = on!(self, sqlx::query_as(sql), fetch_all)?;
        let mut tables = Tables::new();
        for (table, column, declared) in found {
            let kind = Kind::of(&declared).ok_or_else(|| TransferError::Type(format!("{table}.{column}"), declared))?;
            tables.entry(table).or_default().insert(column, kind);
        }
        Ok(tables)
    }

    async fn must_be_empty(&mut self, tables: &Tables) -> Result<(), TransferError> {
        for table in tables.keys() {
            let rows = self.count(table).await?;
            if rows > 0 {
                return Err(TransferError::NotEmpty(self.location.clone(), table.clone(), rows));
            }
        }
        Ok(())
    }

    async fn count(&mut self, table: &str) -> Result<i64, TransferError> {
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {}", quoted(table)));
        on!(self, sqlx::query_scalar(sql), fetch_one)
    }

    /// The days that samples are of, counted from 1970.
    async fn days(&mut self) -> Result<Vec<i64>, TransferError> {
        let sql = AssertSqlSafe(format!("SELECT DISTINCT timestamp_ms / {MS_PER_DAY} FROM metrics"));
        on!(self, sqlx::query_scalar(sql), fetch_all)
    }

    /// The periods that hours are of, counted from 1970.
    async fn periods(&mut self) -> Result<Vec<i64>, TransferError> {
        let sql = AssertSqlSafe(format!("SELECT DISTINCT start_ms / {MS_PER_PERIOD} FROM rollups_hourly"));
        on!(self, sqlx::query_scalar(sql), fetch_all)
    }

    /// All rows of a table. PostgreSQL's are in no order, and read as they lie.
    fn rows(&mut self, table: &Table) -> BoxStream<'_, Result<Vec<Value>, sqlx::Error>> {
        let kinds: Vec<Kind> = table.columns.iter().map(|(_, kind)| *kind).collect();
        let name = quoted(&table.name);
        match &mut self.connection {
            Connected::Sqlite(connection) => {
                let sql = AssertSqlSafe(format!("SELECT {} FROM {name}", table.column_names()));
                let rows = sqlx::query(sql).fetch(connection);
                rows.map(move |row| row.and_then(|row| values_of_sqlite(&row, &kinds))).boxed()
            }
            Connected::Postgres(connection) => {
                let column = |(name, kind): &(String, Kind)| match kind {
                    Kind::Integer => format!("{}::BIGINT", quoted(name)),
                    _ => quoted(name),
                };
                let columns: Vec<String> = table.columns.iter().map(column).collect();
                let sql = AssertSqlSafe(format!("SELECT {} FROM {name}", columns.join(", ")));
                let rows = sqlx::query(sql).fetch(connection);
                rows.map(move |row| row.and_then(|row| values_of_postgres(&row, &kinds))).boxed()
            }
        }
    }

    async fn sum(&mut self, table: &Table) -> Result<Sum, TransferError> {
        let location = self.location.clone();
        let mut rows = self.rows(table);
        let mut sum = Sum::default();
        while let Some(row) = rows.try_next().await.map_err(|error| TransferError::Database(location.clone(), error))? {
            sum.add(&row);
        }
        Ok(sum)
    }

    async fn insert(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<(), TransferError> {
        let outcome = match &mut self.connection {
            Connected::Sqlite(connection) => insert_into_sqlite(connection, table, rows).await,
            Connected::Postgres(connection) => insert_into_postgres(connection, table, rows).await,
        };
        outcome.map_err(|error| TransferError::Database(self.location.clone(), error))
    }

    /// The last number that each numbered table gave out, which may be that of a row that is gone.
    async fn last_numbers(&mut self) -> Result<Vec<(String, i64)>, TransferError> {
        let of_sqlite = "SELECT name, seq FROM sqlite_sequence";
        // pg_sequence_last_value is NULL before the first.
        let of_postgres = "SELECT c.relname::TEXT, COALESCE(pg_sequence_last_value(pg_get_serial_sequence( \
             quote_ident(c.relname), a.attname)::regclass), 0) FROM pg_class c JOIN pg_attribute a \
             ON a.attrelid = c.oid AND a.attidentity <> '' WHERE c.relnamespace = current_schema()::regnamespace";
        let sql = if matches!(self.connection, Connected::Sqlite(_)) { of_sqlite } else { of_postgres };
        on!(self, sqlx::query_as(sql), fetch_all)
    }

    /// Makes the next number of a table greater than `last`, and than that of any of its rows.
    async fn set_last_number(&mut self, table: &str, last: i64) -> Result<(), TransferError> {
        let outcome = match &mut self.connection {
            Connected::Sqlite(connection) => {
                // SQLite has noted the greatest of the rows by itself, if there is any.
                let sql = "UPDATE sqlite_sequence SET seq = MAX(seq, $2) WHERE name = $1";
                match sqlx::query(sql).bind(table).bind(last).execute(&mut *connection).await {
                    Ok(done) if done.rows_affected() == 0 => {
                        let sql = "INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)";
                        sqlx::query(sql).bind(table).bind(last).execute(connection).await.map(drop)
                    }
                    outcome => outcome.map(drop),
                }
            }
            Connected::Postgres(connection) => set_last_of_postgres(connection, table, last).await,
        };
        outcome.map_err(|error| TransferError::Database(self.location.clone(), error))
    }
}

async fn set_last_of_postgres(connection: &mut PgConnection, table: &str, last: i64) -> Result<(), sqlx::Error> {
    let sql = "SELECT attname::TEXT FROM pg_attribute WHERE attrelid = quote_ident($1)::regclass AND attidentity <> ''";
    let Some(column): Option<String> = sqlx::query_scalar(sql).bind(table).fetch_optional(&mut *connection).await?
    else {
        return Ok(());
    };
    let (name, key) = (quoted(table), quoted(&column));
    let sql = AssertSqlSafe(format!(
        "SELECT setval(pg_get_serial_sequence(quote_ident($1), $2), GREATEST(last, 1), last > 0) \
         FROM (SELECT GREATEST($3, (SELECT MAX({key}) FROM {name})) AS last) AS numbers"
    ));
    sqlx::query(sql).bind(table).bind(column).bind(last).execute(connection).await.map(drop)
}

async fn insert_into_sqlite(
    connection: &mut SqliteConnection,
    table: &Table,
    rows: &[Vec<Value>],
) -> Result<(), sqlx::Error> {
    for some in rows.chunks(SQLITE_VALUES / table.columns.len().max(1)) {
        let row = format!("({})", vec!["?"; table.columns.len()].join(", "));
        let values = vec![row; some.len()].join(", ");
        let sql = format!("INSERT INTO {} ({}) VALUES {values}", quoted(&table.name), table.column_names());
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for value in some.iter().flatten() {
            query = match value {
                Value::Null => query.bind(None::<i64>),
                Value::Integer(number) => query.bind(*number),
                Value::Real(number) => query.bind(*number),
                Value::Text(text) => query.bind(text.as_str()),
                Value::Bytes(bytes) => query.bind(bytes.as_slice()),
                Value::Boolean(truth) => query.bind(*truth),
            };
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn insert_into_postgres(
    connection: &mut PgConnection,
    table: &Table,
    rows: &[Vec<Value>],
) -> Result<(), sqlx::Error> {
    let arrays: Vec<String> =
        (1..).zip(&table.columns).map(|(number, (_, kind))| format!("${number}::{}", kind.postgres_array())).collect();
    let (name, columns) = (quoted(&table.name), table.column_names());
    let sql = format!("INSERT INTO {name} ({columns}) SELECT * FROM UNNEST({})", arrays.join(", "));
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (index, (_, kind)) in table.columns.iter().enumerate() {
        /// One value of each row, NULL where it is not of the kind: the comparison would find it.
        macro_rules! column {
            ($variant:ident) => {
                rows.iter()
                    .map(|row| match row.get(index) {
                        Some(Value::$variant(value)) => Some(value.clone()),
                        _ => None,
                    })
                    .collect::<Vec<_>>()
            };
        }
        query = match kind {
            Kind::Integer => query.bind(column!(Integer)),
            Kind::Real => query.bind(column!(Real)),
            Kind::Text => query.bind(column!(Text)),
            Kind::Bytes => query.bind(column!(Bytes)),
            Kind::Boolean => query.bind(column!(Boolean)),
        };
    }
    query.execute(connection).await.map(drop)
}

/// Reads a row's columns as their kinds.
macro_rules! values {
    ($row:expr, $kinds:expr) => {
        $kinds
            .iter()
            .enumerate()
            .map(|(index, kind)| {
                let value = match kind {
                    Kind::Integer => $row.try_get_unchecked::<Option<i64>, _>(index)?.map(Value::Integer),
                    Kind::Real => $row.try_get_unchecked::<Option<f64>, _>(index)?.map(Value::Real),
                    Kind::Text => $row.try_get_unchecked::<Option<String>, _>(index)?.map(Value::Text),
                    Kind::Bytes => $row.try_get_unchecked::<Option<Vec<u8>>, _>(index)?.map(Value::Bytes),
                    Kind::Boolean => $row.try_get_unchecked::<Option<bool>, _>(index)?.map(Value::Boolean),
                };
                Ok(value.unwrap_or(Value::Null))
            })
            .collect()
    };
}

fn values_of_sqlite(row: &SqliteRow, kinds: &[Kind]) -> Result<Vec<Value>, sqlx::Error> {
    values!(row, kinds)
}

fn values_of_postgres(row: &PgRow, kinds: &[Kind]) -> Result<Vec<Value>, sqlx::Error> {
    values!(row, kinds)
}

/// A connection that a running master's are told from.
async fn connect(url: &str) -> Result<PgConnection, sqlx::Error> {
    PgConnectOptions::from_str(url)?.application_name("neon-master migrate-store").connect().await
}

pub(super) async fn is_running(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let sql = "SELECT COUNT(*) > 0 FROM pg_stat_activity \
         WHERE datname = current_database() AND application_name = 'neon-master'";
    sqlx::query_scalar(sql).fetch_one(connection).await
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_of_the_rows_in_any_order_and_of_every_value() {
        let sum = |rows: &[&[Value]]| {
            let mut sum = Sum::default();
            rows.iter().for_each(|row| sum.add(row));
            sum
        };
        let (one, two) = (&[Value::Integer(1), Value::Text("a".to_owned())][..], &[Value::Null, Value::Real(-0.0)][..]);
        assert_eq!(sum(&[one, two]), sum(&[two, one]));
        assert_eq!(sum(&[two]), sum(&[&[Value::Null, Value::Real(0.0)]]));
        for other in [
            &[Value::Integer(2), Value::Text("a".to_owned())][..],
            &[Value::Integer(1), Value::Bytes(b"a".to_vec())],
            &[Value::Integer(1), Value::Null],
            &[Value::Text("a".to_owned()), Value::Integer(1)],
        ] {
            assert_ne!(sum(&[one]), sum(&[other]), "{other:?}");
        }
        assert_ne!(sum(&[one]), sum(&[one, one]));
    }
}
