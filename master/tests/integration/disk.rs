//! A disk that fills up: a small tmpfs, mounted where only the master's process sees it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use neon_shared::time::Timestamp;
use nix::sys::statvfs::statvfs;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, Row};
use tempfile::TempDir;

use crate::common::client::Answer;
use crate::common::database::block_on;
use crate::common::fixtures::{CONTAINER, READINGS, ago, containers, metrics, sample_with};
use crate::common::{Client, Database, Engine, Master, on_both_engines, wait_for};

const MIB: u64 = 1 << 20;
const NEARLY_FULL: &str = "the disk is nearly full";
const HAS_ROOM: &str = "the disk has room";

#[test]
fn the_guard_closes_before_the_disk_is_full_and_opens_by_itself() {
    let Some((disk, master)) = SmallDisk::master("48m", "16") else { return };
    let (id, token) = master.registered("web-1");
    let known = containers(&[CONTAINER]);
    assert_eq!(master.client.post("/api/agent/containers", &token, &known).status, 200);
    assert_ready(&master.client, 200, false);
    assert_eq!(master.client.get("/api/storage").json()["disk"]["isLow"], false);

    // What remains for samples is a few MiB, so that the test takes seconds. Samples do the rest.
    disk.fill_but(20 * MIB);
    let mut times = Times::new();
    let mut acknowledged = Vec::new();
    let refused = wait_for("the guard to close", || {
        let batch = times.take(50);
        let answer = post(&master.client, &token, &batch);
        if answer.status == 200 {
            acknowledged.extend(batch);
            return None;
        }
        assert_turned_away(&answer);
        Some(batch)
    });
    assert!(acknowledged.len() >= 50, "it was open before");
    assert!(disk.free_bytes() >= 12 * MIB, "and closed long before the disk is full: {}", disk.free_bytes());

    assert_ready(&master.client, 503, true);
    let storage = master.client.get("/api/storage").json();
    assert_eq!((&storage["engine"], &storage["disk"]["isLow"]), (&json!("sqlite"), &json!(true)));
    assert_eq!(storage["disk"]["reserveBytes"], 16 * MIB);
    assert_eq!(storage["disk"]["totalBytes"], 48 * MIB);
    // Everything that stores nothing new goes on, and so does a server's registration, which is a row.
    assert_eq!(master.client.post("/api/agent/heartbeat", &token, "{}").status, 200);
    assert_eq!(master.client.post("/api/agent/containers", &token, &known).status, 200);
    assert_turned_away(&master.client.post("/api/agent/containers", &token, containers(&[])));
    assert_turned_away(&post(&master.client, &token, &refused));
    for path in ["/healthz", "/api/servers", "/api/stats", &format!("/api/servers/{id}/metrics/latest")] {
        assert_eq!(master.client.get(path).status, 200, "{path}");
    }
    master.registered("web-2");
    assert_eq!((lines(&master, NEARLY_FULL), lines(&master, HAS_ROOM)), (1, 0), "{:?}", master.log());

    disk.empty();
    wait_for("samples to be taken again", || (post(&master.client, &token, &refused).status == 200).then_some(()));
    assert_ready(&master.client, 200, false);
    assert_eq!(master.client.post("/api/agent/containers", &token, containers(&[])).status, 200);
    assert_eq!((lines(&master, NEARLY_FULL), lines(&master, HAS_ROOM)), (1, 1), "{:?}", master.log());
    acknowledged.extend(refused);
    let never_sent_again = times.take(50);
    disk.fill_but(8 * MIB);
    wait_for("the guard to close again", || {
        let answer = master.client.get("/readyz");
        (answer.status == 503).then_some(())
    });
    assert_turned_away(&post(&master.client, &token, &never_sent_again));

    master.kill();
    let stored = disk.stored();
    assert_stored_once(&stored, &acknowledged);
    assert!(never_sent_again.iter().all(|time| !stored.contains_key(&time.unix_ms())), "refused is not stored");
}

#[test]
fn a_disk_that_is_filled_behind_the_guards_back_costs_no_acknowledged_sample() {
    const ROUNDS: usize = 3;
    // 0: no guard at all, which is the worst that a sudden file can do to it.
    let Some((disk, master)) = SmallDisk::master("40m", "0") else { return };
    let (_, token) = master.registered("web-1");
    let senders = Senders::start(&master.client, &token);
    for round in 0..ROUNDS {
        senders.wait_for_more_taken(5);
        disk.fill();
        senders.wait_for_more_refused(20);
        assert_eq!(master.client.get("/api/servers").status, 200, "round {round}: reads go on");
        if round + 1 < ROUNDS {
            disk.empty();
            senders.wait_for_more_taken(20);
            wait_for("heartbeats", || {
                (master.client.post("/api/agent/heartbeat", &token, "{}").status == 200).then_some(())
            });
        }
    }
    assert!(lines(&master, "database or disk is full") > 0, "the log names the cause: {:?}", master.log());
    // Killed while it is full.
    let acknowledged = senders.stop();
    master.kill();
    assert_stored_once(&disk.stored(), &acknowledged);
}

/// PostgreSQL's disk is the server's own, so its answer is made here: SQLSTATE 53100, as from a disk that is full.
#[test]
fn a_full_disk_of_postgresql_is_503_and_named_in_the_log() {
    let database = Database::fresh(Engine::Postgres);
    let master = Master::start(&database);
    let (_, token) = master.registered("web-1");
    database.execute(
        "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$",
    );
    database.execute("CREATE TRIGGER disk_full BEFORE INSERT ON metrics EXECUTE FUNCTION disk_full()");
    let batch = Times::new().take(10);
    assert_turned_away(&post(&master.client, &token, &batch));
    // The log comes by another way than the answer.
    wait_for("the log to name it", || (lines(&master, "No space left on device") == 1).then_some(()));
    assert_eq!(master.client.post("/api/agent/heartbeat", &token, "{}").status, 200);
    database.execute("DROP TRIGGER disk_full ON metrics");
    assert_eq!(post(&master.client, &token, &batch).status, 200, "without a restart");
}

on_both_engines! {
    storage_is_measured_and_readiness_says_no_more_than_it_should
}

fn storage_is_measured_and_readiness_says_no_more_than_it_should(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start_with(&database.url(), &[("MIN_FREE_DISK_MB", "0")]);
    assert_ready(&master.client, 200, false);
    let storage = master.client.get("/api/storage").json();
    assert!(storage["databaseBytes"].as_u64().unwrap() > 8192, "{storage}");
    // Nothing is claimed of a growth that was not measured.
    assert!(storage["growth"].get("bytesPerSample").is_none(), "{storage}");
    assert!(storage["growth"].get("bytesPerDay").is_none(), "{storage}");
    match engine {
        Engine::Sqlite => {
            assert_eq!(storage["engine"], "sqlite");
            let (free, total) = (storage["disk"]["freeBytes"].as_u64(), storage["disk"]["totalBytes"].as_u64());
            assert!(free.unwrap() <= total.unwrap() && total.unwrap() > 0, "{storage}");
            assert!(storage["disk"].get("daysUntilLow").is_none(), "{storage}");
        }
        Engine::Postgres => {
            assert_eq!(storage["engine"], "postgresql");
            assert!(storage.get("disk").is_none() && storage["samplesEstimated"].is_u64(), "{storage}");
        }
    }

    let (_, token) = master.registered("web-1");
    let mut times = Times::new();
    for _ in 0..30 {
        assert_eq!(post(&master.client, &token, &times.take(100)).status, 200);
    }
    let growth = wait_for("a measurement", || {
        let growth = master.client.get("/api/storage").json()["growth"].take();
        // PostgreSQL tells its statistics of an insert some time later.
        (growth["samples"] == 3000).then_some(growth)
    });
    let bytes = growth["bytesPerSample"].as_f64().unwrap();
    println!("{engine:?}: {bytes} bytes a sample with every reading there is");
    assert!((30.0..2000.0).contains(&bytes), "{growth}");
    assert!(growth.get("bytesPerDay").is_none(), "an hour has not passed: {growth}");
}

/// A tmpfs that goes with the master and this value.
struct SmallDisk {
    /// Keeps the file system when the master is gone.
    folder: File,
    _place: TempDir,
}

impl SmallDisk {
    /// A master whose SQLite file is on it; `None`, and a line, where no mount namespace can be made.
    fn master(size: &str, min_free_mb: &str) -> Option<(Self, Master)> {
        let unshare = || {
            let mut command = Command::new("unshare");
            command.arg("--mount");
            command
        };
        if !unshare().arg("true").stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            eprintln!("\n*** SKIPPED: no file system can be mounted here: run this test as root ***\n");
            return None;
        }
        let place = tempfile::tempdir().unwrap();
        let path = place.path().display().to_string();
        let script = "mount -t tmpfs -o size=\"$DISK_SIZE\" none \"$DISK\" && exec \"$0\"";
        let mut command = unshare();
        command.args(["sh", "-c", script, env!("CARGO_BIN_EXE_neon-master")]);
        let more = [
            ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            ("DISK", path.as_str()),
            ("DISK_SIZE", size),
            ("MIN_FREE_DISK_MB", min_free_mb),
        ];
        let master = Master::start_command(command, &format!("sqlite:{path}/neon.db"), &more);
        let folder = File::open(format!("/proc/{}/root{path}", master.id())).unwrap();
        let disk = Self { folder, _place: place };
        assert!(disk.path("neon.db").exists(), "the database is on the small disk");
        Some((disk, master))
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.folder.as_raw_fd())).join(name)
    }

    fn free_bytes(&self) -> u64 {
        let seen = statvfs(&self.path(".")).unwrap();
        seen.blocks_available() * seen.fragment_size()
    }

    fn fill_but(&self, free_bytes: u64) {
        let bytes = usize::try_from(self.free_bytes() - free_bytes).unwrap();
        fs::write(self.path("filler"), vec![1; bytes]).unwrap();
    }

    /// Writes until there is no room for one more byte, also where room is given back meanwhile.
    fn fill(&self) {
        let mut filler = File::create(self.path("filler")).unwrap();
        for size in [MIB as usize, 4096, 1] {
            while filler.write_all(&vec![1; size]).is_ok() {}
        }
    }

    fn empty(&self) {
        fs::remove_file(self.path("filler")).unwrap();
    }

    /// How often each time is stored, once the database is found whole. Its files are copied first, log and all, as they
    /// were left: SQLite does not open what is behind a link of /proc.
    fn stored(&self) -> BTreeMap<i64, usize> {
        let copy = tempfile::tempdir().unwrap();
        for name in ["neon.db", "neon.db-wal"] {
            fs::copy(self.path(name), copy.path().join(name)).unwrap();
        }
        block_on(async {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(copy.path().join("neon.db"));
            let mut connection = options.connect().await.unwrap();
            let verdict: Vec<(String,)> =
                sqlx::query_as("PRAGMA integrity_check").fetch_all(&mut connection).await.unwrap();
            assert_eq!(verdict, [("ok".to_owned(),)]);
            let rows = sqlx::query("SELECT timestamp_ms FROM metrics").fetch_all(&mut connection).await.unwrap();
            connection.close().await.unwrap();
            let mut stored = BTreeMap::new();
            rows.iter().for_each(|row| *stored.entry(row.get(0)).or_default() += 1);
            stored
        })
    }
}

/// Two agents that go on whatever they are answered, each sample but once.
struct Senders {
    goes_on: Arc<AtomicBool>,
    taken: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
    acknowledged: Arc<Mutex<Vec<Timestamp>>>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Senders {
    fn start(client: &Client, token: &str) -> Self {
        let goes_on = Arc::new(AtomicBool::new(true));
        let (taken, refused) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let acknowledged: Arc<Mutex<Vec<Timestamp>>> = Arc::default();
        let times = Times::new();
        let threads = (0..2).map(|_| {
            let (client, token, mut times) = (*client, token.to_owned(), times.clone());
            let (goes_on, taken, refused) = (Arc::clone(&goes_on), Arc::clone(&taken), Arc::clone(&refused));
            let acknowledged = Arc::clone(&acknowledged);
            std::thread::spawn(move || {
                while goes_on.load(Ordering::Relaxed) {
                    let batch = times.take(10);
                    match post(&client, &token, &batch) {
                        answer if answer.status == 200 => {
                            acknowledged.lock().unwrap().extend(batch);
                            taken.fetch_add(1, Ordering::Relaxed);
                        }
                        answer => {
                            assert_turned_away(&answer);
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            })
        });
        let threads = threads.collect();
        Self { goes_on, taken, refused, acknowledged, threads }
    }

    fn wait_for_more_taken(&self, count: usize) {
        self.wait_for_more("reports that are taken", &self.taken, count);
    }

    fn wait_for_more_refused(&self, count: usize) {
        self.wait_for_more("reports that are turned away", &self.refused, count);
    }

    fn wait_for_more(&self, what: &str, counter: &AtomicUsize, count: usize) {
        let wanted = counter.load(Ordering::Relaxed) + count;
        wait_for(what, || {
            assert!(self.threads.iter().all(|thread| !thread.is_finished()), "a sender was answered something else");
            (counter.load(Ordering::Relaxed) >= wanted).then_some(())
        });
    }

    fn stop(self) -> Vec<Timestamp> {
        self.goes_on.store(false, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        std::mem::take(&mut *self.acknowledged.lock().unwrap())
    }
}

/// Times that nobody else has, a second apart, into the past.
#[derive(Clone)]
struct Times {
    start: Timestamp,
    next: Arc<AtomicI64>,
}

impl Times {
    fn new() -> Self {
        Self { start: ago(0), next: Arc::default() }
    }

    fn take(&mut self, count: i64) -> Vec<Timestamp> {
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        (first..first + count).map(|step| Timestamp::from_unix_ms(self.start.unix_ms() - step * 1000)).collect()
    }
}

fn post(client: &Client, token: &str, times: &[Timestamp]) -> Answer {
    let samples: Vec<String> = times.iter().map(|time| sample_with(*time, READINGS)).collect();
    client.post("/api/agent/metrics", token, metrics(&samples))
}

fn assert_turned_away(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(answer.json(), json!({"success": false, "error": "Storage is unavailable, try again later"}));
}

/// Everything that is in it: it is open without a login.
fn assert_ready(client: &Client, status: u16, disk_is_low: bool) {
    let answer = client.get("/readyz");
    let mut body = answer.json();
    let mut taken = |name: &str| body.as_object_mut().unwrap().remove(name);
    let (queued, leads, reason) = (taken("queuedSamples"), taken("leads"), taken("reason"));
    assert!(queued.as_ref().is_some_and(Value::is_u64), "{queued:?}");
    assert!(leads.as_ref().is_some_and(Value::is_boolean), "{leads:?}");
    assert_eq!(reason, disk_is_low.then(|| json!("The disk is nearly full")));
    let expected = json!({"ready": status == 200, "databaseAnswers": true, "lastWriteFailed": false,
        "diskIsLow": disk_is_low});
    assert_eq!(body, expected);
    assert_eq!(answer.status, status);
}

fn assert_stored_once(stored: &BTreeMap<i64, usize>, acknowledged: &[Timestamp]) {
    assert!(!acknowledged.is_empty());
    for time in acknowledged {
        assert_eq!(stored.get(&time.unix_ms()), Some(&1), "{time}");
    }
}

fn lines(master: &Master, part: &str) -> usize {
    master.log().iter().filter(|line| line.contains(part)).count()
}
