//! The master and its database.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sqlx::{AssertSqlSafe, Connection};

use crate::Result;
use crate::options::Store;

pub const AGENT_SECRET: &str = "fleet-secret";
const START: Duration = Duration::from_secs(60);

/// An empty database that goes away with this value.
pub struct Database {
    pub url: String,
    folder: PathBuf,
    /// Server and name of one that was made there.
    made: Option<(String, String)>,
}

impl Database {
    pub fn fresh(store: &Store) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("neon-fleet-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        match store {
            Store::Sqlite => {
                Ok(Self { url: format!("sqlite:{}", folder.join("neon.db").display()), folder, made: None })
            }
            Store::Postgres(server) => {
                let name = format!("neon_fleet_{}", std::process::id());
                execute(server, &format!("CREATE DATABASE {name}"))?;
                let (before, _) = server.rsplit_once('/').ok_or("a PostgreSQL URL ends with /database")?;
                Ok(Self { url: format!("{before}/{name}"), folder, made: Some((server.clone(), name)) })
            }
        }
    }

    pub fn is_sqlite(&self) -> bool {
        self.made.is_none()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.made
            && let Err(error) = execute(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        {
            eprintln!("fleet: the database {name} is left: {error}");
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn execute(server: &str, sql: &str) -> Result<()> {
    block_on(async {
        let mut connection = sqlx::PgConnection::connect(server).await?;
        sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await?;
        Ok(connection.close().await?)
    })
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

/// A master, or the ones that came after it.
pub struct Master {
    pub address: SocketAddr,
    running: Arc<Mutex<Running>>,
}

struct Running {
    command: Command,
    child: Child,
    /// Processor time of those that are gone, in seconds.
    cpu_before_s: f64,
}

impl Master {
    pub fn start(program: &std::path::Path, database: &Database) -> Result<Self> {
        // A port that was free a moment ago: it has to stay the same over a restart.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs([("AGENT_SECRET", AGENT_SECRET), ("JWT_SECRET", "fleet-token-secret-0123456789")])
            .env("LISTEN", address.to_string())
            .env("DATABASE_URL", &database.url)
            .env("LOG_LEVEL", "warn")
            .current_dir(&database.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::OpenOptions::new().create(true).append(true).open(database.folder.join("master.log"))?);
        let child = command.spawn()?;
        let master = Self { address, running: Arc::new(Mutex::new(Running { command, child, cpu_before_s: 0.0 })) };
        wait_until_it_listens(address)?;
        Ok(master)
    }

    pub fn resident_kib(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Processor time of the master and of those before it, in seconds.
    pub fn cpu_s(&self) -> f64 {
        let running = self.running.lock().expect("nobody panics with it");
        running.cpu_before_s + cpu_s(running.child.id())
    }

    fn pid(&self) -> u32 {
        self.running.lock().expect("nobody panics with it").child.id()
    }

    /// Kills it `times` times, each at a random moment within two seconds, and starts it again at once.
    pub fn kill_at_random(&self, times: u32) -> JoinHandle<std::result::Result<u32, String>> {
        let (address, running) = (self.address, Arc::clone(&self.running));
        std::thread::spawn(move || {
            for _ in 0..times {
                std::thread::sleep(Duration::from_millis(fastrand::u64(200..2000)));
                {
                    let running = &mut *running.lock().map_err(|error| error.to_string())?;
                    running.cpu_before_s += cpu_s(running.child.id());
                    running.child.kill().and_then(|()| running.child.wait()).map_err(|error| error.to_string())?;
                    running.child = running.command.spawn().map_err(|error| error.to_string())?;
                }
                wait_until_it_listens(address).map_err(|error| error.to_string())?;
            }
            Ok(times)
        })
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(self) -> Result<()> {
        let running = &mut *self.running.lock().map_err(|error| error.to_string())?;
        kill(Pid::from_raw(running.child.id().cast_signed()), Signal::SIGTERM)?;
        let status = running.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("the master ended with {status}").into()) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Where something went wrong it still runs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn wait_until_it_listens(address: SocketAddr) -> Result<()> {
    let give_up = Instant::now() + START;
    while TcpStream::connect(address).is_err() {
        if Instant::now() > give_up {
            return Err("the master does not listen".into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn cpu_s(pid: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let run_ns = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    run_ns.sum::<f64>() / 1e9
}

/// Processor time of this program, in seconds.
pub fn own_cpu_s() -> f64 {
    cpu_s(std::process::id())
}

pub fn load_average() -> String {
    fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').take(3).collect::<Vec<_>>().join(" ")
}
