//! Sources that hang, against the real agent binary: a FUSE server that stops answering, and files that never open.
//!
//! The FUSE server is a thread of the test that speaks the kernel's own protocol (kernel document filesystems/fuse,
//! include/uapi/linux/fuse.h) on `/dev/fuse`. Its mounts live in a mount namespace that only this test's thread and the
//! agent are in, so nothing is left of them when both have ended, however they end. That takes root.

#[path = "support/folder.rs"]
mod folder;
mod scripted;

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use folder::Folder;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use scripted::{Agent, DEADLINE, HEARTBEAT, METRICS, Master, happy};
use serde_json::Value;

/// Collections that a mount hangs for.
const CYCLES: usize = 20;
/// Threads of an agent that has no use for a runner: the scheduler and the sender.
const OWN_THREADS: usize = 2;
/// Threads that can hang, `source/runners.rs`.
const RUNNERS_MAX: usize = 8;

#[test]
fn a_share_that_stops_answering_costs_its_own_figures_alone() {
    let Some(place) = Place::new("share") else { return };
    let share = Fuse::mount(&place.folder("nas"), "fuse.sshfs", "files:/export");
    let mut agent = Watched::start(&[("MOUNTS", share.at())]);
    let _end = Released(std::slice::from_ref(&share));
    assert_eq!(agent.sample_with(|sample| space_of(sample, share.at()).is_some()).mount_error, None);

    share.hold();
    let named = agent.sample_with(|sample| sample.mount_error.is_some());
    let expected = format!("{}: no answer for ", share.at());
    assert!(named.mount_error.as_ref().unwrap().starts_with(&expected), "{named:?}");
    assert!(named.mount_error.as_ref().unwrap().ends_with(" s (fuse.sshfs)"), "{named:?}");

    let (threads, descriptors, asked) = (agent.threads(), agent.descriptors_in_use(), share.asked());
    for _ in 0..CYCLES {
        let sample = agent.next_sample();
        assert!(space_of(&sample, share.at()).is_none() && space_of(&sample, "/").is_some(), "{sample:?}");
        assert!(sample.mount_error.is_some_and(|error| error.starts_with(&expected)));
    }
    assert_eq!((agent.threads(), share.asked()), (threads, asked));
    agent.wait_for_descriptors(descriptors);

    share.release();
    let back = agent.sample_with(|sample| sample.mount_error.is_none());
    assert_eq!(space_of(&back, share.at()), Some(Fuse::TOTAL_BYTES));
    agent.agent.line(&format!("[Scheduler] {} answers again after ", share.at()));
    agent.wait_for_threads(OWN_THREADS + 1);
    agent.end();
}

#[test]
fn more_dead_disks_than_can_be_waited_for_are_counted_and_the_agent_goes_on() {
    let Some(place) = Place::new("disks") else { return };
    // As ntfs-3g and other servers of block devices mount: a disk of this host, listed without being named.
    let disks: Vec<Fuse> = (0..RUNNERS_MAX + 2)
        .map(|number| Fuse::mount(&place.folder(&format!("disk{number}")), "fuse", &format!("/dev/disk{number}")))
        .collect();
    let mut agent = Watched::start(&[]);
    let _end = Released(&disks);
    agent.sample_with(|sample| disks.iter().all(|disk| space_of(sample, disk.at()).is_some()));
    disks.iter().for_each(Fuse::hold);
    let named = agent.sample_with(|sample| {
        sample
            .mount_error
            .as_ref()
            .is_some_and(|error| error.starts_with("8 mounts do not answer, 2 more were not asked: "))
    });
    assert!(named.mount_error.unwrap().contains(disks[0].at()));
    for _ in 0..3 {
        let sample = agent.next_sample();
        assert!(space_of(&sample, "/").is_some() && sample.mounts.keys().all(|at| !at.contains("/disk")));
    }
    assert_eq!(agent.threads(), OWN_THREADS + RUNNERS_MAX);
    disks.iter().for_each(Fuse::release);
    let back = agent.sample_with(|sample| sample.mount_error.is_none());
    assert!(disks.iter().all(|disk| space_of(&back, disk.at()) == Some(Fuse::TOTAL_BYTES)));
    agent.wait_for_threads(OWN_THREADS + 1);
    agent.end();
}

#[test]
fn a_file_system_of_this_host_below_a_dead_share_is_no_trap() {
    let Some(place) = Place::new("below") else { return };
    let share = Fuse::mount(&place.folder("nas"), "fuse.sshfs", "files:/export");
    let below = Path::new(share.at()).join("below");
    let below = below.to_str().unwrap();
    mount(Some("tmpfs"), below, Some("tmpfs"), MsFlags::empty(), Some("size=64k")).unwrap();
    let mut agent = Watched::start(&[("MOUNTS", below)]);
    let _end = Released(std::slice::from_ref(&share));
    agent.sample_with(|sample| space_of(sample, below).is_some());
    // The way to it leads through the share, which is not even listed.
    share.hold();
    let named = agent.sample_with(|sample| sample.mount_error.is_some());
    assert!(named.mount_error.unwrap().starts_with(below));
    for _ in 0..3 {
        assert!(space_of(&agent.next_sample(), "/").is_some());
    }
    share.release();
    agent.sample_with(|sample| space_of(sample, below).is_some());
    agent.end();
    umount2(below, MntFlags::MNT_DETACH).unwrap();
}

#[test]
fn a_sensor_that_hangs_costs_itself_alone() {
    let place = Folder::new("sys");
    let sys = &place.0;
    let chip = sys.join("class/hwmon/hwmon0");
    std::fs::create_dir_all(&chip).unwrap();
    for (file, text) in [("name", "nvme\n"), ("temp1_input", "45000\n"), ("temp3_input", "47000\n")] {
        std::fs::write(chip.join(file), text).unwrap();
    }
    // Opening it waits in the kernel until somebody writes.
    let hanging = chip.join("temp2_input");
    nix::unistd::mkfifo(&hanging, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut agent = Watched::start(&[("HOST_SYS", sys.to_str().unwrap())]);
    let named = agent.sample_with(|sample| sample.sensor_error.is_some());
    let expected = format!("{}: no answer for ", hanging.display());
    assert!(named.sensor_error.as_ref().unwrap().starts_with(&expected), "{named:?}");
    let (threads, descriptors) = (agent.threads(), agent.descriptors_in_use());
    for _ in 0..5 {
        let sample = agent.next_sample();
        assert_eq!(sample.temperatures, ["temp1", "temp3"]);
        assert!(sample.sensor_error.is_some_and(|error| error.starts_with(&expected)));
    }
    assert_eq!(agent.threads(), threads);
    agent.wait_for_descriptors(descriptors);

    let writer = File::options().write(true).open(&hanging).unwrap();
    std::fs::remove_file(&hanging).unwrap();
    std::fs::write(&hanging, "46000\n").unwrap();
    drop(writer);
    let back = agent.sample_with(|sample| sample.temperatures.len() == 3);
    assert_eq!(back.sensor_error, None);
    agent.agent.line(&format!("[Scheduler] {} answers again after ", hanging.display()));
    agent.wait_for_threads(OWN_THREADS + 1);
    agent.end();
}

#[test]
fn an_engine_that_stops_answering_costs_its_containers_alone() {
    let engine = Engine::start("stops");
    let mut agent = Watched::start(&[("DOCKER_HOST", &engine.host()), ("CONTAINERS_INTERVAL", "1")]);
    agent.agent.line("Collected 1 containers");
    agent.sample_with(|sample| sample.has_engine && sample.engine_error.is_none());
    let descriptors = agent.descriptors_in_use();
    engine.hold();
    agent.sample_with(|sample| sample.engine_error.as_deref() == Some("no answer within 10 s"));
    // Until another sweep has hung.
    let connections = engine.connections();
    while engine.connections() < connections + 1 {
        assert_eq!(agent.next_sample().engine_error.as_deref(), Some("no answer within 10 s"));
    }
    agent.wait_for_descriptors(descriptors);
    engine.release();
    agent.agent.line("Collected 1 containers");
    agent.sample_with(|sample| sample.engine_error.is_none());

    // It restarts: its connections break, nobody listens, and then there is a new socket at the same place.
    let socket = engine.socket.clone();
    drop(engine);
    agent.sample_with(|sample| sample.engine_error.as_deref() == Some("there is no socket"));
    let restarted = Engine::at(socket);
    agent.agent.line("Collected 1 containers");
    agent.sample_with(|sample| sample.engine_error.is_none());
    assert!(restarted.connections() > 0);
    agent.wait_for_descriptors(descriptors);
    agent.end();
}

#[test]
fn an_engine_that_hangs_from_the_start_holds_up_nothing_else() {
    let engine = Engine::start("from-the-start");
    engine.hold();
    let mut agent =
        Watched::start(&[("DOCKER_HOST", &engine.host()), ("CONTAINERS_INTERVAL", "1"), ("HEARTBEAT_INTERVAL", "1")]);
    agent.agent.line("Running");
    for _ in 0..3 {
        assert!(!agent.next_sample().has_engine, "the first sweep has not ended");
    }
    agent.sample_with(|sample| sample.engine_error.as_deref() == Some("no answer within 10 s"));
    engine.release();
    agent.agent.line("Collected 1 containers");
    agent.end();
}

#[test]
fn a_file_of_proc_that_hangs_is_named_and_the_host_does_not_look_down() {
    let place = Folder::new("root");
    let root = &place.0;
    let proc = root.join("proc");
    std::fs::create_dir_all(proc.join("1")).unwrap();
    std::fs::write(proc.join("stat"), "cpu 10 0 0 90\n").unwrap();
    std::fs::write(proc.join("meminfo"), "MemTotal: 2097152 kB\nMemAvailable: 1048576 kB\n").unwrap();
    std::fs::write(proc.join("1/mountinfo"), "").unwrap();
    let mut agent = Watched::start(&[("HOST_ROOT", root.to_str().unwrap()), ("HEARTBEAT_INTERVAL", "1")]);
    agent.next_sample();
    // It was not there, so it is opened each time; from now on that waits.
    let hanging = proc.join("loadavg");
    nix::unistd::mkfifo(&hanging, nix::sys::stat::Mode::S_IRWXU).unwrap();
    agent.agent.line("[Scheduler] loadavg has not answered for 1");
    while agent.master.requests.try_recv().is_ok() {}
    for _ in 0..3 {
        agent.master.next(HEARTBEAT);
    }
    let writer = File::options().write(true).open(&hanging).unwrap();
    std::fs::remove_file(&hanging).unwrap();
    std::fs::write(&hanging, "0.50 1.25 2.00 2/345 678\n").unwrap();
    drop(writer);
    agent.agent.line("[Scheduler] loadavg answered after ");
    agent.next_sample();
    agent.end();
}

/// A mount namespace of this thread's own, and a folder for mount points.
struct Place(Folder);

impl Place {
    /// `None`, said aloud, where the tests may not mount.
    fn new(name: &str) -> Option<Self> {
        if !nix::unistd::geteuid().is_root() || !Path::new("/dev/fuse").exists() {
            return Self::skipped(name, "it takes root and /dev/fuse");
        }
        if let Err(errno) = unshare(CloneFlags::CLONE_NEWNS) {
            return Self::skipped(name, errno.desc());
        }
        mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>).unwrap();
        Some(Self(Folder::new(name)))
    }

    fn skipped(name: &str, why: &str) -> Option<Self> {
        // Not by a macro, whose output would be kept for a test that fails.
        let _ = writeln!(std::io::stderr(), "*** SKIPPED: no dead mount could be made for {name:?}: {why} ***");
        None
    }

    fn folder(&self, name: &str) -> PathBuf {
        let folder = self.0.0.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }
}

/// A file system with one folder, `below`, whose server answers or does not.
struct Fuse {
    at: String,
    server: Arc<Server>,
}

struct Server {
    device: File,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_held: bool,
    /// Answers to what was asked while it was held.
    held: Vec<Vec<u8>>,
    /// How often its space was asked for.
    asked: usize,
}

impl Fuse {
    const TOTAL_BYTES: u64 = 1000 * 4096;

    fn mount(at: &Path, fs_type: &str, source: &str) -> Self {
        let device = File::options().read(true).write(true).open("/dev/fuse").unwrap();
        let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", device.as_raw_fd());
        mount(Some(source), at, Some(fs_type), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some(options.as_str()))
            .expect("a FUSE mount");
        let server = Arc::new(Server { device, state: Mutex::default() });
        let serving = server.clone();
        std::thread::spawn(move || serving.serve());
        Self { at: at.to_str().unwrap().to_owned(), server }
    }

    fn at(&self) -> &str {
        &self.at
    }

    /// Stops answering.
    fn hold(&self) {
        self.server.state.lock().unwrap().is_held = true;
    }

    /// Answers what was asked meanwhile, and goes on.
    fn release(&self) {
        let mut state = self.server.state.lock().unwrap();
        state.is_held = false;
        std::mem::take(&mut state.held).iter().for_each(|answer| self.server.write(answer));
    }

    fn asked(&self) -> usize {
        self.server.state.lock().unwrap().asked
    }
}

impl Drop for Fuse {
    fn drop(&mut self) {
        let _ = umount2(self.at.as_str(), MntFlags::MNT_DETACH);
    }
}

/// Answers when a test ends, also by a panic: before its agent is waited for, which could not even be killed.
struct Released<'f>(&'f [Fuse]);

impl Drop for Released<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(Fuse::release);
    }
}

impl Server {
    /// Until the file system is unmounted.
    fn serve(&self) {
        let mut request = vec![0; 256 * 1024];
        while let Ok(length @ 40..) = (&self.device).read(&mut request) {
            let number = |at: usize, bytes: usize| {
                request[at..at + bytes].iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte))
            };
            let (opcode, unique, inode, name) = (number(4, 4), number(8, 8), number(16, 8), &request[40..length]);
            let Some(answer) = answer(opcode, unique, inode, name) else { continue };
            let mut state = self.state.lock().unwrap();
            state.asked += usize::from(opcode == STATFS);
            if state.is_held { state.held.push(answer) } else { self.write(&answer) }
        }
    }

    fn write(&self, answer: &[u8]) {
        // The kernel refuses the answer to a question that was given up.
        let _ = (&self.device).write(answer);
    }
}

const LOOKUP: u64 = 1;
const FORGET: u64 = 2;
const GETATTR: u64 = 3;
const STATFS: u64 = 17;
const INIT: u64 = 26;
const INTERRUPT: u64 = 36;
const BATCH_FORGET: u64 = 42;
const ENOENT: i32 = 2;
const ENOSYS: i32 = 38;
const BELOW_INODE: u64 = 2;

/// What the server says to a request; `None` where the protocol wants no answer.
fn answer(opcode: u64, unique: u64, inode: u64, name: &[u8]) -> Option<Vec<u8>> {
    // Nothing is valid for any time, so that each walk asks again.
    let (body, error) = match opcode {
        // Version 7.31, and no feature that could be chosen.
        INIT => (words(&[7 | 31 << 32, 0, 65_536 << 32, 0, 0, 0, 0, 0]), 0),
        STATFS => {
            let kstatfs = [1000, 600, 500, 100, 90, 4096 | 255 << 32, 4096, 0, 0, 0];
            (words(&kstatfs), 0)
        }
        GETATTR => (words(&[[0, 0].as_slice(), &folder_attributes(inode)].concat()), 0),
        LOOKUP if name == b"below\0" => {
            (words(&[[BELOW_INODE, 0, 0, 0, 0].as_slice(), &folder_attributes(BELOW_INODE)].concat()), 0)
        }
        LOOKUP => (Vec::new(), -ENOENT),
        FORGET | BATCH_FORGET | INTERRUPT => return None,
        _ => (Vec::new(), -ENOSYS),
    };
    let head = [&(16 + body.len() as u32).to_le_bytes()[..], &error.to_le_bytes(), &unique.to_le_bytes()].concat();
    Some([head, body].concat())
}

/// `struct fuse_attr` of a folder, in words of 64 bits.
fn folder_attributes(inode: u64) -> [u64; 11] {
    const MODE: u64 = 0o040_755;
    [inode, 0, 0, 0, 0, 0, 0, MODE << 32, 2, 0, 4096]
}

fn words(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A Docker Engine with one container, which answers or does not.
struct Engine {
    socket: PathBuf,
    state: Arc<(Mutex<EngineState>, Condvar)>,
}

#[derive(Default)]
struct EngineState {
    is_held: bool,
    /// Over, as when its process ends.
    is_gone: bool,
    /// How many it has taken.
    connections: usize,
}

impl Engine {
    fn start(name: &str) -> Self {
        Self::at(std::env::temp_dir().join(format!("neon-agent-hanging-{name}-{}", std::process::id())))
    }

    fn at(socket: PathBuf) -> Self {
        let listener = UnixListener::bind(&socket).unwrap();
        let state = Arc::new((Mutex::new(EngineState::default()), Condvar::new()));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut locked = shared.0.lock().unwrap();
                if locked.is_gone {
                    return;
                }
                locked.connections += 1;
                let shared = shared.clone();
                std::thread::spawn(move || serve_engine(stream, &shared));
            }
        });
        Self { socket, state }
    }

    fn host(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    fn hold(&self) {
        self.change(|state| state.is_held = true);
    }

    fn release(&self) {
        self.change(|state| state.is_held = false);
    }

    fn connections(&self) -> usize {
        self.state.0.lock().unwrap().connections
    }

    fn change(&self, change: impl FnOnce(&mut EngineState)) {
        change(&mut self.state.0.lock().unwrap());
        self.state.1.notify_all();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.change(|state| (state.is_gone, state.is_held) = (true, false));
        // So that its listener ends as well.
        let _ = UnixStream::connect(&self.socket);
        let _ = std::fs::remove_file(&self.socket);
    }
}

fn serve_engine(mut stream: UnixStream, (state, changed): &(Mutex<EngineState>, Condvar)) {
    let (mut unread, mut buffer) = (String::new(), [0; 4096]);
    // An engine that ends breaks off its connections, also those that are idle.
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => unread.push_str(std::str::from_utf8(&buffer[..count]).unwrap()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
        while let Some((request, rest)) = unread.split_once("\r\n\r\n") {
            let (status, body) = match request.split(' ').nth(1).unwrap() {
                "/images/json" => (200, "[]".to_owned()),
                "/containers/json?all=1" => (200, format!(r#"[{{"Id":"{}","State":"running"}}]"#, "a".repeat(64))),
                _ => (404, r#"{"message":"page not found"}"#.to_owned()),
            };
            unread = rest.to_owned();
            drop(changed.wait_while(state.lock().unwrap(), |state| state.is_held).unwrap());
            let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            if stream.write_all(answer.as_bytes()).is_err() {
                return;
            }
        }
        if state.lock().unwrap().is_gone {
            return;
        }
    }
}

/// What these tests look at in one sample.
#[derive(Debug)]
struct Sample {
    /// Size by mount point.
    mounts: HashMap<String, u64>,
    temperatures: Vec<String>,
    /// What the source `mountinfo` has to say.
    mount_error: Option<String>,
    sensor_error: Option<String>,
    /// Whether a sweep over the containers has ended.
    has_engine: bool,
    engine_error: Option<String>,
}

impl Sample {
    fn of(sample: &Value) -> Self {
        let readings = &sample["readings"];
        let sources = readings["agent"]["sources"].as_array().unwrap();
        let source = |name: &str| sources.iter().find(|source| source["source"] == name);
        let error = |name: &str| source(name)?["error"].as_str().map(str::to_owned);
        let list = |key: &str| readings[key].as_array().cloned().unwrap_or_default();
        Self {
            mounts: list("mounts")
                .iter()
                .map(|mount| (mount["mountPoint"].as_str().unwrap().to_owned(), mount["totalBytes"].as_u64().unwrap()))
                .collect(),
            temperatures: list("temperatures").iter().map(|t| t["sensor"].as_str().unwrap().to_owned()).collect(),
            mount_error: error("mountinfo"),
            sensor_error: error("hwmon"),
            has_engine: source("docker").is_some(),
            engine_error: error("docker"),
        }
    }
}

fn space_of(sample: &Sample, at: &str) -> Option<u64> {
    sample.mounts.get(at).copied()
}

/// The agent, and the samples it sends to a master that takes whatever comes.
struct Watched {
    agent: Agent,
    master: Master,
    samples: VecDeque<Sample>,
}

impl Watched {
    fn start(extra: &[(&str, &str)]) -> Self {
        let master = Master::start(happy);
        Self { agent: Agent::start(&master.url, extra), master, samples: VecDeque::new() }
    }

    fn next_sample(&mut self) -> Sample {
        loop {
            if let Some(sample) = self.samples.pop_front() {
                return sample;
            }
            let request = self.master.next(METRICS);
            self.samples.extend(request.body["metrics"].as_array().unwrap().iter().map(Sample::of));
        }
    }

    /// The next sample that is as wanted.
    fn sample_with(&mut self, wanted: impl Fn(&Sample) -> bool) -> Sample {
        let until = Instant::now() + DEADLINE;
        loop {
            let sample = self.next_sample();
            if wanted(&sample) {
                return sample;
            }
            assert!(Instant::now() < until, "no sample is as wanted; the last: {sample:?}");
        }
    }

    fn threads(&self) -> usize {
        self.entries("task")
    }

    /// Waits until what is not needed any more has ended.
    fn wait_for_threads(&mut self, count: usize) {
        let until = Instant::now() + DEADLINE;
        while self.threads() != count {
            assert!(Instant::now() < until, "{} threads, not {count}", self.threads());
            self.next_sample();
        }
    }

    fn descriptors(&self) -> usize {
        self.entries("fd")
    }

    /// Those that stay open: a collection in progress, or a connection being replaced, has others for a moment.
    fn descriptors_in_use(&mut self) -> usize {
        let looks = (0..3).map(|_| {
            self.next_sample();
            (0..20).map(|_| self.descriptors()).min().unwrap()
        });
        looks.min().unwrap()
    }

    /// Waits until no more are open than stay so.
    fn wait_for_descriptors(&mut self, most: usize) {
        let until = Instant::now() + DEADLINE;
        while self.descriptors() > most {
            assert!(Instant::now() < until, "{} descriptors, not {most}", self.descriptors());
            self.next_sample();
        }
    }

    fn entries(&self, folder: &str) -> usize {
        std::fs::read_dir(format!("/proc/{}/{folder}", self.agent.child.id())).unwrap().count()
    }

    fn end(mut self) {
        self.agent.signal(nix::sys::signal::Signal::SIGTERM);
        assert_eq!(self.agent.exit_code(), Some(0));
    }
}
