//! `BUFFER_FILE` with the real agent: what waits survives the agent's end, whichever it is, and no state of the file
//! keeps it from starting.

#[path = "support/folder.rs"]
mod folder;
mod scripted;

use std::collections::BTreeSet;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use folder::Folder;
use nix::sys::signal::Signal;
use scripted::{Agent, METRICS, Master, REGISTER, happy, registered, timestamps};

/// Of the layout (`agent/core/src/buffer_file.rs`), for what is damaged here.
const FILE_BYTES: u64 = 12_288 + 1024 * 64 + 4 * 1024 * 1024;
const FIRST_SLOT_AT: u64 = 12_288;
const DATA_AT: u64 = FIRST_SLOT_AT + 1024 * 64;

impl Folder {
    fn buffer(&self) -> String {
        self.0.join("buffer").to_str().unwrap().to_owned()
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A master that registers agents and takes no report.
fn unable() -> Master {
    Master::start(|request| (request.path == REGISTER).then(registered))
}

fn start(master: &Master, file: &str) -> Agent {
    Agent::start(&master.url, &[("BUFFER_FILE", file)])
}

/// Collects at least `count` samples during an outage and ends the agent; how many it has collected, and the times that
/// it tried to send.
fn outage(file: &str, count: usize, signal: Signal) -> (usize, BTreeSet<String>) {
    let master = unable();
    let mut agent = start(&master, file);
    for _ in 0..count {
        agent.line("Collected metrics");
    }
    agent.signal(signal);
    agent.child.wait().unwrap();
    let later = agent.lines.iter().filter(|line| line.contains("Collected metrics")).count();
    let requests = std::iter::from_fn(|| master.requests.try_recv().ok()).filter(|request| request.path == METRICS);
    (count + later, requests.flat_map(|request| timestamps(&request)).collect())
}

/// Unix milliseconds.
fn ms(time: &str) -> i64 {
    neon_shared::time::Timestamp::parse(time).unwrap().unix_ms()
}

/// What a run with a master brought.
struct Run {
    /// Every sample that arrived, in order.
    arrived: Vec<serde_json::Value>,
    /// How many of them the run collected itself.
    own: usize,
    /// What it said of the file.
    said: Vec<String>,
}

impl Run {
    fn times(&self) -> Vec<&str> {
        self.arrived.iter().map(|sample| sample["timestamp"].as_str().unwrap()).collect()
    }

    fn recovered(&self) -> usize {
        self.arrived.len() - self.own
    }

    fn says(&self, part: &str) -> bool {
        self.said.iter().any(|line| line.contains(part))
    }
}

/// Starts the agent with a master, and stops it when it has collected once.
fn restart(file: &str) -> Run {
    restart_with(&[("BUFFER_FILE", file)])
}

fn restart_with(extra: &[(&str, &str)]) -> Run {
    let master = Master::start(happy);
    let mut agent = Agent::start(&master.url, extra);
    stopped(&master, &mut agent)
}

/// Stops an agent when it has collected once.
fn stopped(master: &Master, agent: &mut Agent) -> Run {
    let mut lines = agent.lines_until("Running");
    agent.signal(Signal::SIGTERM);
    assert_eq!(agent.exit_code(), Some(0));
    lines.extend(agent.lines.iter());
    let requests = std::iter::from_fn(|| master.requests.try_recv().ok()).filter(|request| request.path == METRICS);
    let arrived = requests.flat_map(|request| request.body["metrics"].as_array().unwrap().clone()).collect();
    let own = lines.iter().filter(|line| line.contains("Collected metrics")).count();
    Run { arrived, own, said: lines.into_iter().filter(|line| line.contains("] BUFFER_FILE /")).collect() }
}

/// The time is that of the collection: with the uptime that the sample itself has, every one gives the same boot.
fn times_are_true(samples: &[serde_json::Value]) {
    let boots: Vec<i64> = samples
        .iter()
        .map(|sample| {
            let uptime_s = sample["readings"]["uptimeSeconds"].as_i64().unwrap();
            ms(sample["timestamp"].as_str().unwrap()) - uptime_s * 1000
        })
        .collect();
    let (min, max) = (boots.iter().min().unwrap(), boots.iter().max().unwrap());
    assert!(max - min <= 1500, "{boots:?}");
}

#[test]
fn what_waited_survives_a_kill_and_a_stop_and_arrives_once_with_its_true_time() {
    for signal in [Signal::SIGKILL, Signal::SIGTERM] {
        let folder = Folder::new(signal.as_str());
        let (collected, tried) = outage(&folder.buffer(), 4, signal);
        let metadata = std::fs::metadata(folder.buffer()).unwrap();
        assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (FILE_BYTES, 0o600));

        // A second outage: what the first left is still there.
        let (more, _) = outage(&folder.buffer(), 2, Signal::SIGKILL);
        let waited = collected + more;
        let run = restart(&folder.buffer());
        assert!(run.says(&format!(": {waited} samples of an earlier run wait to be sent")), "{:?}", run.said);
        let times = run.times();
        assert_eq!(run.recovered(), waited, "{times:?}");
        assert!(times.is_sorted_by(|earlier, later| earlier < later), "{times:?}");
        assert!(!tried.is_empty() && tried.iter().all(|time| times.contains(&time.as_str())), "{tried:?} {times:?}");
        times_are_true(&run.arrived);

        // They have arrived, so nothing waits any more.
        let run = restart(&folder.buffer());
        assert!(run.recovered() == 0 && run.says(": 0 samples of an earlier run wait"), "{:?}", run.said);
        assert_eq!(folder.names(), ["buffer"]);
    }
}

#[test]
fn a_smaller_buffer_takes_the_newest_of_the_file_and_counts_the_others() {
    let folder = Folder::new("smaller");
    let (collected, tried) = outage(&folder.buffer(), 4, Signal::SIGKILL);
    let run = restart_with(&[("BUFFER_FILE", &folder.buffer()), ("BUFFER_MAX_SIZE", "2")]);
    // Whether the two are sent before the first sample of this run pushes one out is not said.
    assert!(matches!(run.recovered(), 1 | 2), "{:?}", run.times());
    let standing = &run.arrived.last().unwrap()["readings"]["agent"];
    assert_eq!(standing["samplesDroppedTotal"], collected - 2);
    assert_eq!(standing["samplesDroppedFrom"].as_str(), tried.first().map(String::as_str));
}

/// Flips every bit of the byte at `offset`.
fn damage(file: &str, offset: u64) {
    let file = std::fs::OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    file.write_all_at(&[!byte[0]], offset).unwrap();
}

#[test]
fn a_damaged_sample_costs_itself_alone_and_is_counted() {
    // A slot, and the bytes of a sample.
    for offset in [FIRST_SLOT_AT + 64 + 20, DATA_AT + 100] {
        let folder = Folder::new(&format!("sample-{offset}"));
        let (collected, _) = outage(&folder.buffer(), 3, Signal::SIGKILL);
        damage(&folder.buffer(), offset);
        let run = restart(&folder.buffer());
        assert!(run.says(": 1 samples are damaged and lost"), "{:?}", run.said);
        assert_eq!(run.recovered(), collected - 1);
        assert_eq!(run.arrived.last().unwrap()["readings"]["agent"]["samplesDroppedTotal"], 1);
        times_are_true(&run.arrived);
    }
}

#[test]
fn a_damaged_file_is_set_aside_and_the_agent_starts_with_a_new_one() {
    let folder = Folder::new("damaged");
    let file = folder.buffer();
    outage(&file, 2, Signal::SIGKILL);
    type Spoil = fn(&str);
    let spoil: [(&str, Spoil); 6] = [
        ("is not a buffer file", |file| damage(file, 0)),
        ("is of another version of the agent", |file| damage(file, 8)),
        ("has a damaged header", |file| damage(file, 12)),
        ("has another size", |file| truncate(file, FILE_BYTES - 1)),
        ("is cut off", |file| truncate(file, 20)),
        ("is not a buffer file", |file| std::fs::write(file, "something else that somebody keeps here").unwrap()),
    ];
    for (problem, spoil) in spoil {
        spoil(&file);
        let run = restart(&file);
        assert!(run.says(problem) && run.says(": set aside as buffer.damaged-"), "{problem}: {:?}", run.said);
        assert_eq!(run.recovered(), 0, "{problem}");
        let names = folder.names();
        assert!(names.len() == 2 && names[1].starts_with("buffer.damaged-"), "only the newest is kept: {names:?}");
        assert_eq!(std::fs::metadata(&file).unwrap().len(), FILE_BYTES);
    }
    // Empty is not damaged: somebody has made the name, or the agent was stopped early.
    std::fs::write(&file, "").unwrap();
    let run = restart(&file);
    assert!(!run.says("set aside"), "{:?}", run.said);
    assert_eq!(outage(&file, 1, Signal::SIGKILL).0, restart(&file).recovered());
}

fn truncate(file: &str, length: u64) {
    std::fs::OpenOptions::new().write(true).open(file).unwrap().set_len(length).unwrap();
}

/// The agent says why in one line, and works.
fn goes_on_without(file: &str, problem: &str) {
    let run = restart(file);
    assert_eq!(run.said.len(), 1, "{:?}", run.said);
    assert!(run.says(problem) && run.said[0].ends_with(": samples are kept in memory alone"), "{:?}", run.said);
    assert_eq!((run.recovered(), run.own > 0), (0, true));
}

#[test]
fn what_is_no_file_of_the_agents_is_left_alone() {
    let folder = Folder::new("others");
    std::fs::create_dir(folder.buffer()).unwrap();
    goes_on_without(&folder.buffer(), "is a directory");
    std::fs::remove_dir(folder.buffer()).unwrap();

    std::os::unix::fs::symlink("/etc/hostname", folder.buffer()).unwrap();
    goes_on_without(&folder.buffer(), "is a symbolic link");
    std::fs::remove_file(folder.buffer()).unwrap();

    nix::unistd::mkfifo(Path::new(&folder.buffer()), nix::sys::stat::Mode::S_IRWXU).unwrap();
    goes_on_without(&folder.buffer(), "is not a regular file");
    assert_eq!(folder.names(), ["buffer"]);
    goes_on_without("/proc/nowhere/buffer", "No such file or directory");
    goes_on_without("/dev/full", "is not a regular file");
}

#[test]
fn a_second_agent_leaves_the_file_to_the_first() {
    let folder = Folder::new("two");
    let master = Master::start(happy);
    let first = start(&master, &folder.buffer());
    first.line("Collected metrics");
    goes_on_without(&folder.buffer(), "another agent uses it");
    first.line("Collected metrics");
}

/// The agent on a file system of its own, mounted by these commands, where `$1` is the folder. `None`, and said loudly,
/// where the test may not mount.
fn agent_on(folder: &Folder, master: &Master, commands: &str) -> Option<Agent> {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("\n*** SKIPPED: a full disk and a read-only file need root to mount one ***\n");
        return None;
    }
    let mut unshared = Command::new("unshare");
    let script = format!("set -e; {commands}; exec \"$0\"");
    let folder_path = folder.0.to_str().unwrap();
    unshared.args(["--mount", "sh", "-c", &script, env!("CARGO_BIN_EXE_neon-agent"), folder_path]).stdin(Stdio::null());
    let extra = [("BUFFER_FILE", folder.buffer()), ("PATH", std::env::var("PATH").unwrap())];
    let extra: Vec<(&str, &str)> = extra.iter().map(|(key, value)| (*key, value.as_str())).collect();
    Some(Agent::start_as(unshared, &master.url, &extra))
}

/// Shows the agent another boot's id, which is all that tells it of a reboot.
const ANOTHER_BOOT: &str = "mkdir \"$1/boot\"; echo 01234567-89ab-cdef-0123-456789abcdef > \"$1/boot/id\"; \
                            mount --bind \"$1/boot/id\" /proc/sys/kernel/random/boot_id";

#[test]
fn what_waited_survives_a_reboot_with_its_times() {
    let folder = Folder::new("reboot");
    let (collected, tried) = outage(&folder.buffer(), 3, Signal::SIGKILL);
    let master = Master::start(happy);
    let Some(mut agent) = agent_on(&folder, &master, ANOTHER_BOOT) else { return };
    let mut run = stopped(&master, &mut agent);
    assert_eq!(run.recovered(), collected, "{:?}", run.said);
    assert!(tried.iter().all(|time| run.times().contains(&time.as_str())), "{tried:?} {:?}", run.times());
    let boots: BTreeSet<String> =
        run.arrived.iter().map(|sample| sample["readings"]["bootId"].as_str().unwrap().to_owned()).collect();
    assert_eq!(boots.len(), 2, "the second run was of another boot: {boots:?}");
    run.arrived.truncate(collected);
    times_are_true(&run.arrived);
}

#[test]
fn a_full_disk_is_met_at_the_start() {
    let (folder, master) = (Folder::new("full"), Master::start(happy));
    let Some(agent) = agent_on(&folder, &master, "mount -t tmpfs -o size=1m none \"$1\"") else { return };
    let line = agent.line("BUFFER_FILE /");
    assert!(line.ends_with("there is no room for its 4272128 bytes: samples are kept in memory alone"), "{line}");
    master.next(METRICS);
}

#[test]
fn a_disk_that_is_full_later_has_room_for_what_was_set_aside() {
    let (folder, master) = (Folder::new("full-later"), unable());
    // All that the file leaves free is filled before the agent writes its first sample: with one that was made before.
    let commands = "mount -t tmpfs -o size=5m none \"$1\"; truncate -s 0 \"$1/buffer\"; fallocate -l 4272128 \"$1/buffer\"; \
                    cat /dev/zero > \"$1/other\" 2>/dev/null || true";
    let Some(agent) = agent_on(&folder, &master, commands) else { return };
    for _ in 0..3 {
        agent.line("Collected metrics");
    }
    let said = agent.lines.try_iter().find(|line| line.contains("memory alone"));
    assert_eq!(said, None);
}

#[test]
fn a_read_only_file_system_is_said_once() {
    let (folder, master) = (Folder::new("read-only"), Master::start(happy));
    for made in ["", "touch \"$1/buffer\"; "] {
        let commands = format!("mount -t tmpfs none \"$1\"; {made}mount -o remount,ro \"$1\"");
        let Some(agent) = agent_on(&folder, &master, &commands) else { return };
        let line = agent.line("BUFFER_FILE /");
        assert!(line.contains("Read-only file system") && line.ends_with("in memory alone"), "{line}");
        agent.line("Collected metrics");
        agent.line("Collected metrics");
        assert_eq!(agent.lines.try_iter().find(|line| line.contains("BUFFER_FILE /")), None);
    }
}
