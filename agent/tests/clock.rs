//! Times of the real agent on a host whose clock is wrong and is set while it runs.
//!
//! The machine's own clock is not touched: libfaketime, loaded before libc, shows the agent alone another wall clock, an
//! offset that a file holds and that the test changes. What it shows of the time since boot is true. The rules
//! themselves are tested without it in `neon_agent_core::clock` and `ring`.

mod scripted;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use neon_shared::time::Timestamp;
use nix::sys::signal::Signal;
use scripted::{Agent, HEARTBEAT, METRICS, Master, REGISTER, Reply, Request, happy, registered, reply};

/// Where Debian and Ubuntu put the library.
const LIBRARIES: [&str; 3] = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"];
/// How far apart times of the same instant may be: the uptime in a sample has whole seconds, and both are read in turn.
const TOLERANCE_MS: i64 = 1500;

/// A wall clock for one agent.
struct FakeClock {
    file: PathBuf,
    library: PathBuf,
}

impl FakeClock {
    /// One that is off by `offset_s`; `None`, and said loudly, without the library.
    fn new(name: &str, offset_s: i64) -> Option<Self> {
        let library = LIBRARIES.iter().map(|folder| Path::new(folder).join("faketime/libfaketime.so.1"));
        let Some(library) = library.into_iter().find(|path| path.exists()) else {
            eprintln!(
                "\n*** SKIPPED: the agent under a clock that is set needs the package faketime (scripts/setup test) ***\n"
            );
            return None;
        };
        let file = std::env::temp_dir().join(format!("neon-agent-clock-{name}-{}", std::process::id()));
        let clock = Self { file, library };
        clock.set(offset_s);
        Some(clock)
    }

    /// Sets the clock. In one step, so that the agent never reads half a number.
    fn set(&self, offset_s: i64) {
        let new = self.file.with_extension("new");
        std::fs::write(&new, format!("{offset_s:+}\n")).unwrap();
        std::fs::rename(&new, &self.file).unwrap();
    }

    fn agent(&self, master: &Master, extra: &[(&str, &str)]) -> Agent {
        self.agent_as(Command::new(env!("CARGO_BIN_EXE_neon-agent")), master, extra)
    }

    /// The same by a command that becomes the agent.
    fn agent_as(&self, command: Command, master: &Master, extra: &[(&str, &str)]) -> Agent {
        let (file, library) = (self.file.to_str().unwrap(), self.library.to_str().unwrap());
        let fake = [
            ("LD_PRELOAD", library),
            ("FAKETIME_TIMESTAMP_FILE", file),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
            ("HEARTBEAT_INTERVAL", "1"),
        ];
        let extra: Vec<(&str, &str)> = fake.iter().chain(extra).copied().collect();
        Agent::start_as(command, &master.url, &extra)
    }
}

impl Drop for FakeClock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

const YEARS_AGO_S: i64 = -20_000 * 86_400;
const HOUR_MS: i64 = 3_600_000;

/// A master that takes everything, and says that its clock is `offset_ms` off the true time.
fn telling(offset_ms: i64) -> impl FnMut(&Request) -> Option<Reply> + Send {
    move |request| {
        if request.path != HEARTBEAT {
            return happy(request);
        }
        let time = Timestamp::from_unix_ms(now_ms() + offset_ms);
        Some(reply(200, &format!(r#"{{"success":true,"data":{{"serverTime":"{time}","tokenExpiresIn":60}}}}"#)))
    }
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_millis() as i64
}

/// When this machine booted, by its true clock.
fn booted_ms() -> i64 {
    let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
    let uptime_s: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
    now_ms() - (uptime_s * 1000.0) as i64
}

/// Collects until `count` samples have arrived, and stops the agent; every sample that arrived, in order of arrival.
fn samples(master: &Master, agent: &mut Agent, count: usize) -> Vec<serde_json::Value> {
    let until = Instant::now() + scripted::DEADLINE;
    let mut samples = Vec::new();
    while samples.len() < count {
        assert!(Instant::now() < until, "only {}", samples.len());
        samples.extend(master.next(METRICS).body["metrics"].as_array().unwrap().clone());
    }
    agent.signal(Signal::SIGTERM);
    assert_eq!(agent.exit_code(), Some(0));
    let rest = std::iter::from_fn(|| master.requests.recv_timeout(Duration::ZERO).ok());
    let rest = rest.filter(|request| request.path == METRICS);
    samples.extend(rest.flat_map(|request| request.body["metrics"].as_array().unwrap().clone()));
    samples
}

fn time_ms(sample: &serde_json::Value) -> i64 {
    Timestamp::parse(sample["timestamp"].as_str().unwrap()).unwrap().unix_ms()
}

/// How far a sample's time is from the instant it was taken, of which its own uptime says the second.
fn error_ms(sample: &serde_json::Value) -> i64 {
    let taken_ms = booted_ms() + sample["readings"]["uptimeSeconds"].as_i64().unwrap() * 1000;
    // The uptime is cut to the second before.
    time_ms(sample) - taken_ms - 500
}

fn assert_true_and_increasing(samples: &[serde_json::Value]) {
    let errors: Vec<i64> = samples.iter().map(error_ms).collect();
    assert!(errors.iter().all(|error| error.abs() <= TOLERANCE_MS), "{errors:?}");
    let times: Vec<i64> = samples.iter().map(time_ms).collect();
    assert!(times.is_sorted_by(|earlier, later| earlier < later), "{times:?}");
}

#[test]
fn a_host_that_boots_in_1970_sends_nothing_until_its_clock_is_set_and_then_true_times() {
    let Some(clock) = FakeClock::new("set", YEARS_AGO_S) else { return };
    // It says no time, as a master that nobody reaches.
    let master = Master::start(happy);
    let mut agent = clock.agent(&master, &[]);
    let line = agent.line("This host's clock shows 19");
    assert!(line.contains("samples wait until it is"), "{line}");
    for _ in 0..3 {
        agent.line("Collected metrics");
    }
    let mut early = std::iter::from_fn(|| master.requests.try_recv().ok());
    assert!(early.all(|request| request.path != METRICS));
    clock.set(0);
    let line = agent.line("The time is known");
    assert!(line.contains("waiting samples are dated by it"), "{line}");
    assert_true_and_increasing(&samples(&master, &mut agent, 4));
}

#[test]
fn a_host_without_a_clock_is_dated_by_its_masters() {
    let Some(clock) = FakeClock::new("none", YEARS_AGO_S) else { return };
    let master = Master::start(telling(0));
    let mut agent = clock.agent(&master, &[]);
    agent.line("The time is known");
    let samples = samples(&master, &mut agent, 3);
    assert_true_and_increasing(&samples);
    let offset_ms = samples.last().unwrap()["readings"]["agent"]["clockOffsetMilliseconds"].as_i64().unwrap();
    assert!((offset_ms + YEARS_AGO_S * 1000).abs() <= TOLERANCE_MS, "{offset_ms}");
}

#[test]
fn a_clock_that_is_set_in_an_outage_dates_what_waits_anew_also_after_a_restart() {
    let Some(clock) = FakeClock::new("outage", -3600) else { return };
    let folder = std::env::temp_dir().join(format!("neon-agent-clock-buffer-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("buffer");
    let extra = [("BUFFER_FILE", file.to_str().unwrap())];
    let master = Master::start(|request| (request.path == REGISTER).then(registered));
    let mut agent = clock.agent(&master, &extra);
    for _ in 0..2 {
        agent.line("Collected metrics");
    }
    clock.set(0);
    let line = agent.line("The clock was set forward");
    assert!(line.contains("set forward by 3600.0 s"), "{line}");
    agent.line("Collected metrics");
    // It is set once more while no agent runs.
    agent.signal(Signal::SIGKILL);
    agent.child.wait().unwrap();
    clock.set(-7200);
    let mut agent = clock.agent(&master, &extra);
    agent.line("Collected metrics");
    clock.set(0);
    agent.line("The clock was set forward by 7200.0 s");
    // Requests that were not answered in the outage are among the master's; what counts is what it takes.
    let taken = Arc::new(Mutex::new(Vec::new()));
    let taking = taken.clone();
    master.answer_with(move |request| {
        if request.path == METRICS {
            taking.lock().unwrap().extend(request.body["metrics"].as_array().unwrap().clone());
        }
        happy(request)
    });
    agent.line("buffered samples");
    agent.signal(Signal::SIGTERM);
    assert_eq!(agent.exit_code(), Some(0));
    let taken = taken.lock().unwrap();
    assert!(taken.len() >= 4, "{taken:?}");
    assert_true_and_increasing(&taken);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_never_learned_the_time_is_lost_with_a_reboot_and_counted() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("\n*** SKIPPED: another boot's id takes root to mount ***\n");
        return;
    }
    let Some(clock) = FakeClock::new("reboot", YEARS_AGO_S) else { return };
    let folder = std::env::temp_dir().join(format!("neon-agent-clock-rebooted-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (file, boot_id) = (folder.join("buffer"), folder.join("boot_id"));
    std::fs::write(&boot_id, "01234567-89ab-cdef-0123-456789abcdef\n").unwrap();
    let master = Master::start(happy);
    let path = std::env::var("PATH").unwrap();
    let extra = [("BUFFER_FILE", file.to_str().unwrap()), ("PATH", &path)];
    let mut agent = clock.agent(&master, &extra);
    for _ in 0..2 {
        agent.line("Collected metrics");
    }
    agent.signal(Signal::SIGKILL);
    agent.child.wait().unwrap();
    let kept = 2 + agent.lines.iter().filter(|line| line.contains("Collected metrics")).count();
    clock.set(0);
    let mut unshared = Command::new("unshare");
    let script = "mount --bind \"$1\" /proc/sys/kernel/random/boot_id && exec \"$0\"";
    unshared.args(["--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_neon-agent"), boot_id.to_str().unwrap()]);
    let mut agent = clock.agent_as(unshared, &master, &extra);
    agent.line(&format!("{kept} samples are lost: their host never learned the time before it restarted"));
    let samples = samples(&master, &mut agent, 1);
    assert_true_and_increasing(&samples);
    assert_eq!(samples[0]["readings"]["agent"]["samplesDroppedTotal"], kept);
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_clock_that_is_set_back_gives_no_time_twice() {
    let Some(clock) = FakeClock::new("back", 3600) else { return };
    let master = Master::start(happy);
    let mut agent = clock.agent(&master, &[]);
    let before: Vec<i64> = (0..2).map(|_| time_ms(&master.next(METRICS).body["metrics"][0])).collect();
    clock.set(0);
    agent.line("The clock was set back by 3600.0 s");
    let times: Vec<i64> = before.into_iter().chain(samples(&master, &mut agent, 3).iter().map(time_ms)).collect();
    assert!(times.is_sorted_by(|earlier, later| earlier < later), "{times:?}");
}

#[test]
fn an_offset_to_the_masters_clock_is_reported_and_said_once() {
    let master = Master::start(telling(-12_000));
    let agent = Agent::start(&master.url, &[("HEARTBEAT_INTERVAL", "1")]);
    let line = agent.line("This host's clock is");
    assert!(line.starts_with("[Agent] This host's clock is 12.0 s ahead of the master's"), "{line}");
    let until = Instant::now() + scripted::DEADLINE;
    let offset_ms = loop {
        assert!(Instant::now() < until);
        let sample = master.next(METRICS).body["metrics"][0].clone();
        if let Some(offset_ms) = sample["readings"]["agent"]["clockOffsetMilliseconds"].as_i64() {
            break offset_ms;
        }
    };
    assert!((offset_ms + 12_000).abs() < 1000, "{offset_ms}");
    master.answer_with(telling(HOUR_MS));
    // Other by more than the round trips can explain: the master's clock was set.
    agent.line("Collected metrics");
    master.answer_with(telling(0));
    let lines = agent.lines_until("agrees with the master's again");
    assert!(lines.iter().all(|line| !line.contains("This host's clock is ")), "said once: {lines:?}");
}
