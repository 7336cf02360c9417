//! `neon-agent health`: does the agent that runs here reach its master? The image's `HEALTHCHECK`.
//!
//! The image has no shell, its file system is read-only and its user has no rights, so there is no file to touch and
//! no port to ask. The running agent keeps a record of a few numbers in anonymous memory, memfd_create(2), and writes
//! one of them after each report that the master has taken. `health` finds that memory among the open files of
//! processes of the same name (proc_pid_fd(5)) and reads it. Nothing is left behind when the agent ends, however it
//! ends.
//!
//! The kernel lets a process look at another one's files if it has the same user and no fewer capabilities, or is root.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::time::{ClockId, clock_gettime};

use crate::config::Config;
use crate::transport::REQUEST_TIMEOUT;

/// What the memory is called among a process's open files.
const NAME: &str = "neon-agent-health";
/// How proc(5) shows a file of that name.
const LINK: &str = "/memfd:neon-agent-health (deleted)";
/// `MFD_NOEXEC_SEAL` of Linux 6.3, which nix does not name: the memory is never code. Hosts can demand it.
const NOEXEC_SEAL: u32 = 8;
/// Reports that may be missed in a row. The master calls a host offline after as many heartbeats, by default.
const MISSED_MAX: u32 = 3;
/// Exit code of an agent that is not well, or not there.
const EXIT_UNHEALTHY: u8 = 1;
/// First field of the record; a change of its form changes it.
const FORM: u64 = u64::from_be_bytes(*b"neonhlt1");
/// Four numbers of eight bytes.
const RECORD_BYTES: usize = 32;
/// Where the last of them begins, the only one that changes; eight aligned bytes are never seen half written.
const LAST_REPORT_AT: u64 = 24;

/// The running agent's side: notes each report that the master has taken.
#[derive(Debug)]
pub struct Pulse {
    file: Option<File>,
}

impl Pulse {
    /// Begins with no report. Without the memory the agent works all the same, and `health` says that none runs.
    pub fn begin(config: &Config) -> Self {
        let record = Record { started: now(), patience: patience(config), last_report: None };
        let file = memory().map(File::from).ok();
        Self { file: file.filter(|file| file.write_all_at(&record.to_bytes(), 0).is_ok()) }
    }

    /// The master has taken a report. One system call.
    pub fn beat(&self) {
        if let Some(file) = &self.file {
            // It cannot fail; if it does, the health check says that there are no reports.
            let _ = file.write_at(&millis(now()).to_ne_bytes(), LAST_REPORT_AT);
        }
    }
}

/// Prints how the agents that run here fare, or only process `pid`; fails if one of them is not well, or none runs.
pub fn run(pid: Option<&str>) -> ExitCode {
    match state(Path::new("/proc"), pid) {
        Ok(healthy) => {
            println!("neon-agent: {healthy}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("neon-agent: {problem}");
            ExitCode::from(EXIT_UNHEALTHY)
        }
    }
}

/// The agent that has been silent for longest says how all are. Errors: why that is not well.
fn state(proc: &Path, pid: Option<&str>) -> Result<State, State> {
    let now = now();
    let found = records(proc, pid).map(|(pid, record)| record.state(pid, now));
    let worst = found.max_by_key(|state| match state {
        Ok(State { silent, .. }) => (false, *silent),
        Err(State { silent, .. }) => (true, *silent),
    });
    worst.unwrap_or_else(|| Err(State::none()))
}

/// How one agent fares, as a sentence.
#[derive(Debug, PartialEq, Eq)]
struct State {
    pid: Option<u32>,
    silent: Duration,
    patience: Duration,
    has_reported: bool,
}

impl State {
    fn none() -> Self {
        Self { pid: None, silent: Duration::MAX, patience: Duration::ZERO, has_reported: false }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(pid) = self.pid else { return f.write_str("no agent runs here that this user may look at") };
        let (silent_s, patience_s) = (self.silent.as_secs(), self.patience.as_secs());
        if !self.has_reported {
            write!(f, "process {pid} started {silent_s} s ago and has not reported to its master yet")
        } else if self.silent <= self.patience {
            write!(f, "process {pid} reported to its master {silent_s} s ago")
        } else {
            write!(f, "process {pid} last reported to its master {silent_s} s ago, more than {patience_s} s")
        }
    }
}

/// What the agent notes. Times are of the monotonic clock: a host that slept owes no reports for that time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Record {
    started: Duration,
    patience: Duration,
    last_report: Option<Duration>,
}

impl Record {
    fn to_bytes(self) -> [u8; RECORD_BYTES] {
        let last_report = self.last_report.map_or(0, millis);
        let fields = [FORM, millis(self.started), millis(self.patience), last_report].map(u64::to_ne_bytes);
        let mut bytes = [0; RECORD_BYTES];
        bytes.as_chunks_mut().0.copy_from_slice(&fields);
        bytes
    }

    fn from_bytes(bytes: &[u8; RECORD_BYTES]) -> Option<Self> {
        let mut fields = bytes.as_chunks().0.iter().map(|field| u64::from_ne_bytes(*field));
        let (form, started, patience, last_report) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let last_report = (last_report > 0).then_some(Duration::from_millis(last_report));
        let (started, patience) = (Duration::from_millis(started), Duration::from_millis(patience));
        (form == FORM).then_some(Self { started, patience, last_report })
    }

    fn state(self, pid: u32, now: Duration) -> Result<State, State> {
        let silent = now.saturating_sub(self.last_report.unwrap_or(self.started));
        let has_reported = self.last_report.is_some();
        let state = State { pid: Some(pid), silent, patience: self.patience, has_reported };
        if has_reported && silent <= self.patience { Ok(state) } else { Err(state) }
    }
}

/// How long a healthy agent can be silent: what it sends most often, missed a few times in a row, and a request that
/// takes as long as one may.
fn patience(config: &Config) -> Duration {
    config.heartbeat_interval.min(config.metrics_interval) * MISSED_MAX + REQUEST_TIMEOUT
}

fn memory() -> nix::Result<OwnedFd> {
    let flags = MFdFlags::MFD_CLOEXEC;
    match memfd_create(NAME, flags | MFdFlags::from_bits_retain(NOEXEC_SEAL)) {
        Err(Errno::EINVAL) => memfd_create(NAME, flags), // older than 6.3
        memory => memory,
    }
}

/// The records of all agents that can be looked at.
fn records(proc: &Path, only: Option<&str>) -> impl Iterator<Item = (u32, Record)> {
    let processes = std::fs::read_dir(proc).into_iter().flatten().flatten();
    let processes = processes.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())));
    let processes = processes.filter(move |(pid, _): &(u32, _)| only.is_none_or(|only| only == pid.to_string()));
    let our_name = program(Path::new("/proc/self"));
    let agents = processes.filter(move |(_, folder)| our_name.is_some() && program(folder) == our_name);
    agents.filter_map(|(pid, folder)| Some((pid, record(&folder)?)))
}

/// The name of a process's executable, also when the file has been replaced since.
fn program(process: &Path) -> Option<Vec<u8>> {
    let path = std::fs::read_link(process.join("exe")).ok()?;
    let name = path.file_name().map(OsStr::as_bytes)?;
    Some(name.strip_suffix(b" (deleted)").unwrap_or(name).to_vec())
}

fn record(process: &Path) -> Option<Record> {
    let files = std::fs::read_dir(process.join("fd")).ok()?.flatten().map(|entry| entry.path());
    files.filter(|file| std::fs::read_link(file).is_ok_and(|target| target == Path::new(LINK))).find_map(read)
}

fn read(file: PathBuf) -> Option<Record> {
    // Whoever runs a program of our name can give any file that name; none may hold up root's look at it.
    let file = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(file).ok()?;
    let mut bytes = [0; RECORD_BYTES];
    file.read_exact_at(&mut bytes, 0).ok()?;
    Record::from_bytes(&bytes)
}

fn now() -> Duration {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC);
    now.map(Duration::from).unwrap_or_default()
}

fn millis(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn record(last_report: Option<Duration>) -> Record {
        Record { started: 100 * SECOND, patience: 30 * SECOND, last_report }
    }

    fn sentence(record: Record, now: Duration) -> (bool, String) {
        match record.state(7, now) {
            Ok(state) => (true, state.to_string()),
            Err(state) => (false, state.to_string()),
        }
    }

    #[test]
    fn an_agent_is_well_until_its_patience_is_over() {
        let reported = record(Some(110 * SECOND));
        let well = |seconds| sentence(reported, seconds * SECOND);
        assert_eq!(well(110), (true, "process 7 reported to its master 0 s ago".to_owned()));
        assert_eq!(well(140), (true, "process 7 reported to its master 30 s ago".to_owned()));
        assert_eq!(well(141), (false, "process 7 last reported to its master 31 s ago, more than 30 s".to_owned()));
        assert!(well(109).0, "a report that came after the clock was read is a new one");
    }

    #[test]
    fn an_agent_that_never_reported_is_not_well() {
        let (well, text) = sentence(record(None), 102 * SECOND);
        assert!(!well);
        assert_eq!(text, "process 7 started 2 s ago and has not reported to its master yet");
    }

    #[test]
    fn a_record_survives_its_bytes_and_another_form_is_none() {
        for last_report in [None, Some(SECOND), Some(Duration::from_millis(u64::MAX))] {
            assert_eq!(Record::from_bytes(&record(last_report).to_bytes()), Some(record(last_report)));
        }
        let mut other = record(None).to_bytes();
        other[0] ^= 1;
        assert_eq!(Record::from_bytes(&other), None);
    }

    #[test]
    fn patience_is_three_of_what_comes_most_often_and_a_request() {
        let of = |metrics, heartbeat| {
            let settings = [("METRICS_INTERVAL", metrics), ("HEARTBEAT_INTERVAL", heartbeat)];
            patience(&crate::config::tests::config(&settings)).as_secs()
        };
        assert_eq!((of("300", "60"), of("1", "60"), of("300", "86400")), (195, 18, 915));
    }

    /// One test for all that has to do with the memory: this process must hold one at a time.
    #[test]
    fn what_the_agent_notes_is_found_among_the_open_files_of_its_process() {
        let ours = std::process::id().to_string();
        let state = || state(Path::new("/proc"), Some(&ours));
        assert_eq!(state(), Err(State::none()));
        let pulse = Pulse::begin(&crate::config::tests::config(&[]));
        assert!(state().is_err_and(|state| !state.has_reported && state.pid == Some(std::process::id())));
        pulse.beat();
        assert!(state().is_ok_and(|state| state.silent < SECOND * 60 && state.patience == SECOND * 195));
        drop(pulse);
        assert_eq!(state(), Err(State::none()));
    }
}
