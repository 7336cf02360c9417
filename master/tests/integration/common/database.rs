//! A fresh database per test: an SQLite file, or a database in a real PostgreSQL server.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use neon_master::store::{Location, Store};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Decode, Postgres, Sqlite, Type};
use tempfile::TempDir;

use super::wait_for;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// An empty database that goes away with this value.
#[derive(Debug)]
pub enum Database {
    Sqlite { folder: TempDir },
    Postgres { name: String, url: String },
}

impl Database {
    pub fn fresh(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::Sqlite { folder: tempfile::tempdir().unwrap() },
            Engine::Postgres => {
                static COUNT: AtomicUsize = AtomicUsize::new(0);
                let name = format!("neon_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
                administer(&format!("CREATE DATABASE {name}"));
                let options = PgConnectOptions::from_str(server()).unwrap().database(&name);
                Self::Postgres { name, url: options.to_url_lossy().to_string() }
            }
        }
    }

    /// A new database in the cluster of `CITUS_DATABASE_URL`, still without the extension. `None` where that is not set.
    pub fn on_citus() -> Option<Self> {
        let server = std::env::var("CITUS_DATABASE_URL").ok().filter(|url| !url.is_empty())?;
        let name = format!("neon_test_citus_{}", std::process::id());
        administer_on(&server, &format!("CREATE DATABASE {name}"));
        let url = PgConnectOptions::from_str(&server).unwrap().database(&name).to_url_lossy().to_string();
        Some(Self::Postgres { name, url })
    }

    /// For `DATABASE_URL`.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { folder } => format!("sqlite:{}", folder.path().join("neon.db").display()),
            Self::Postgres { url, .. } => url.clone(),
        }
    }

    pub fn location(&self) -> Location {
        match self {
            Self::Sqlite { folder } => Location::Sqlite(folder.path().join("neon.db")),
            Self::Postgres { url, .. } => Location::Postgres(url.clone()),
        }
    }

    /// Runs one statement beside the master, as an operator's shell would.
    pub fn execute(&self, sql: &str) {
        block_on(async {
            let sql = AssertSqlSafe(sql.to_owned());
            match self {
                Self::Sqlite { .. } => {
                    let mut connection = sqlx::SqliteConnection::connect(&self.url()).await.unwrap();
                    sqlx::query(sql).execute(&mut connection).await.unwrap();
                    connection.close().await.unwrap();
                }
                Self::Postgres { url, .. } => {
                    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                    sqlx::query(sql).execute(&mut connection).await.unwrap();
                    connection.close().await.unwrap();
                }
            }
        });
    }
}

impl Database {
    /// The only column of what a query finds.
    pub fn numbers(&self, sql: &str) -> Vec<i64> {
        self.column(sql)
    }

    /// The same for texts.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        self.column(sql)
    }

    fn column<T>(&self, sql: &str) -> Vec<T>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin,
    {
        block_on(async {
            let sql = AssertSqlSafe(sql.to_owned());
            match self {
                Self::Sqlite { .. } => {
                    let mut connection = sqlx::SqliteConnection::connect(&self.url()).await.unwrap();
                    sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
                }
                Self::Postgres { url, .. } => {
                    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                    sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
                }
            }
        })
    }

    /// A table of the numbers `v`.
    pub fn series(&self, from: i64, to: i64) -> String {
        match self {
            Self::Postgres { .. } => {
                format!("(SELECT CAST(g AS BIGINT) AS v FROM generate_series({from}, {to}) g) n")
            }
            Self::Sqlite { .. } => format!(
                "(WITH RECURSIVE g (v) AS (SELECT {from} UNION ALL SELECT v + 1 FROM g WHERE v < {to}) SELECT v FROM g) n"
            ),
        }
    }

    /// Runs `test` on the store of this database, which is open meanwhile.
    pub fn with_store<T: Send, F: Future<Output = T> + Send>(&self, test: impl FnOnce(Store) -> F + Send) -> T {
        block_on(async {
            let store = Store::open(&self.location()).await.unwrap();
            let outcome = test(store.clone()).await;
            store.close().await;
            outcome
        })
    }
}

/// Somebody else's transaction that keeps samples from being written.
pub enum Blocker {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Blocker {
    pub async fn of(database: &Database) -> Self {
        match database {
            Database::Sqlite { .. } => {
                let mut connection = sqlx::SqliteConnection::connect(&database.url()).await.unwrap();
                sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
                Self::Sqlite(connection)
            }
            Database::Postgres { url, .. } => {
                let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
                sqlx::query("BEGIN").execute(&mut connection).await.unwrap();
                sqlx::query("LOCK TABLE metrics IN EXCLUSIVE MODE").execute(&mut connection).await.unwrap();
                Self::Postgres(connection)
            }
        }
    }

    pub async fn release(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await.unwrap(),
            Self::Postgres(connection) => connection.close().await.unwrap(),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A server of the operator's own is left as it was found; on a private one it saves room.
        if let Self::Postgres { name, url } = self
            && !std::thread::panicking()
        {
            let server = PgConnectOptions::from_str(url).unwrap().database("postgres").to_url_lossy().to_string();
            administer_on(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// Runs `future` on a runtime of its own, also inside of a test that has one.
pub fn block_on<T: Send>(future: impl Future<Output = T> + Send) -> T {
    // What a store does in the background goes on while a test waits here for what that has locked.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(1).enable_all();
    std::thread::scope(|scope| scope.spawn(|| runtime.build().unwrap().block_on(future)).join().unwrap())
}

/// Runs one statement on the server of the tests.
pub fn administer(sql: &str) {
    administer_on(server(), sql);
}

fn administer_on(server: &str, sql: &str) {
    block_on(async {
        let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
        sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

/// URL of the PostgreSQL server: the operator's, or one of our own, started once per test process.
pub fn server() -> &'static str {
    static SERVER: OnceLock<(String, Option<ChildStdin>)> = OnceLock::new();
    let (url, _) = SERVER.get_or_init(|| match std::env::var("TEST_DATABASE_URL") {
        Ok(url) if !url.is_empty() => (url, None),
        _ => {
            let (url, keep_open) = start_cluster();
            (url, Some(keep_open))
        }
    });
    url
}

/// Makes a cluster in a new folder and starts it on a Unix socket there, so that no port can be taken.
///
/// A small shell holds the server. It waits on its input, which this process keeps open and which ends with it,
/// however it ends; then the shell stops the server and removes the folder.
fn start_cluster() -> (String, ChildStdin) {
    let binaries = binaries();
    let folder = Path::new("/tmp").join(format!("neon-master-test-{}", std::process::id()));
    fs::create_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let script = format!(
        "set -e\n\
         cd '{folder}'\n\
         '{bin}/initdb' -D data -A trust -U neon -E UTF8 --locale=C.UTF-8 --no-sync >initdb.log 2>&1\n\
         '{bin}/postgres' -D data -k '{folder}' -c listen_addresses= -c fsync=off -c max_connections=200 \
         </dev/null >server.log 2>&1 &\n\
         server=$!\n\
         set +e\n\
         cat >/dev/null\n\
         kill -INT $server\n\
         cd /\n\
         wait $server\n\
         rm -rf '{folder}'\n",
        bin = binaries.display(),
        folder = folder.display(),
    );
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).stdin(Stdio::piped()).stdout(Stdio::null());
    // PostgreSQL refuses to run as root.
    if fs::metadata("/proc/self").is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0) {
        let (uid, gid) = postgres_user();
        chown(&folder, Some(uid), Some(gid)).unwrap();
        shell.uid(uid).gid(gid);
    }
    let mut shell = shell.spawn().unwrap();
    let keep_open = shell.stdin.take().unwrap();
    let url = format!("postgres:///postgres?host={}&user=neon", folder.display());
    wait_for("PostgreSQL", || {
        if let Some(status) = shell.try_wait().unwrap() {
            let log = |name| fs::read_to_string(folder.join(name)).unwrap_or_default();
            panic!("PostgreSQL did not start ({status})\n{}{}", log("initdb.log"), log("server.log"));
        }
        block_on(async { PgConnectOptions::from_str(&url).unwrap().connect().await.ok() }).map(drop)
    });
    (url, keep_open)
}

/// The folder of `initdb` and `postgres`: in PATH, or where Debian keeps the newest.
fn binaries() -> PathBuf {
    let in_path = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    let mut packaged: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path().join("bin")).collect())
        .unwrap_or_default();
    packaged.sort();
    packaged.reverse();
    in_path.into_iter().chain(packaged).find(|folder| folder.join("initdb").is_file()).unwrap_or_else(|| {
        panic!(
            "these tests need a real PostgreSQL: set TEST_DATABASE_URL to a server where databases may be created, \
             or install one (Debian, Ubuntu: apt-get install postgresql)"
        )
    })
}

fn postgres_user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let fields: Vec<&str> = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&"postgres"))
        .expect("a user `postgres` to run PostgreSQL as, since it refuses to run as root");
    (fields[2].parse().unwrap(), fields[3].parse().unwrap())
}
