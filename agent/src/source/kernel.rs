//! The host's readings from the kernel: which files, where they are, and one sample out of them.
//!
//! Each file is read and handed to [`Host`]; how long that took, and why a file gave nothing, is part of the sample.
//! With the host mounted elsewhere, `proc/self` would be this container's own view, so mounts and interfaces come from
//! process 1 there. Sources: proc(5) for the files by their names, kernel document accounting/psi for `pressure`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use neon_agent_core::parse::mountinfo::Mount;
use neon_agent_core::parse::{Fault, statm};
use neon_agent_core::sample::gib;
use neon_agent_core::sample::host::{AgentStanding, Host, HostLists, HostMetrics, Resource, SourceEntry};
use neon_agent_core::text::Text;
use neon_shared::time::Timestamp;
use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{SysconfVar, sysconf};

use super::filesystem;
use super::host::HostFacts;
use super::links::Links;
use super::processes::Processes;
use super::procfs::{Extent, ProcFile};
use super::runners::{Crew, Desks, Kind, Silent, Standing};
use super::sensors::{SensorFault, Sensors};
use crate::config::Config;
use crate::watch;

/// Largest kernel file read, in bytes: the mount table of some 2,000 mounts. What is beyond is not seen.
pub const KERNEL_FILE_BYTES: usize = 256 * 1024;
/// A counter of the connection table.
const COUNT_BYTES: usize = 32;
/// Size of a page where the system does not say.
const PAGE_BYTES: u64 = 4096;

/// What the kernel source fills, all of it fixed; one static holds it.
pub struct KernelBuffers {
    /// One file at a time.
    file: [u8; KERNEL_FILE_BYTES],
    /// The lists of the sample and their baselines.
    lists: HostLists,
    /// What may hang is asked here.
    desks: Desks,
}

impl KernelBuffers {
    /// All zeroes.
    pub const fn new() -> Self {
        Self { file: [0; KERNEL_FILE_BYTES], lists: HostLists::new(), desks: Desks::new() }
    }
}

/// The kernel's files, open, and the sample they fill.
pub struct Kernel {
    host_root: PathBuf,
    /// Mount points that are listed whatever is mounted there.
    named_mounts: Vec<String>,
    files: Files,
    processes: Processes,
    links: Links,
    sensors: Sensors,
    crew: Crew,
    buffer: &'static mut [u8; KERNEL_FILE_BYTES],
    host: Host<'static>,
    has_boot_id: bool,
    page_bytes: u64,
    /// When the last sample was taken, by the caller's clock.
    last_sample: Option<Duration>,
    last_cpu_time: Duration,
}

struct Files {
    stat: ProcFile,
    loadavg: ProcFile,
    meminfo: ProcFile,
    vmstat: ProcFile,
    arcstats: ProcFile,
    pressure_cpu: ProcFile,
    pressure_memory: ProcFile,
    pressure_io: ProcFile,
    mountinfo: ProcFile,
    diskstats: ProcFile,
    net_dev: ProcFile,
    sockstat: ProcFile,
    sockstat6: ProcFile,
    conntrack_count: ProcFile,
    conntrack_max: ProcFile,
    uptime: ProcFile,
    boot_id: ProcFile,
    file_nr: ProcFile,
    own_statm: ProcFile,
}

impl Files {
    fn new(proc: &Path, process: &str) -> Self {
        use Extent::{AnyRecords, OnePiece, ShortRecords};
        let required = |path: &str, extent| ProcFile::new(proc.join(path), extent);
        let optional = |path: &str, extent| ProcFile::optional(proc.join(path), extent);
        let of_process = |path: &str, extent| ProcFile::new(proc.join(process).join(path), extent);
        Self {
            stat: required("stat", OnePiece),
            loadavg: required("loadavg", OnePiece),
            meminfo: required("meminfo", OnePiece),
            vmstat: required("vmstat", ShortRecords),
            arcstats: optional("spl/kstat/zfs/arcstats", AnyRecords),
            pressure_cpu: optional("pressure/cpu", OnePiece),
            pressure_memory: optional("pressure/memory", OnePiece),
            pressure_io: optional("pressure/io", OnePiece),
            mountinfo: of_process("mountinfo", AnyRecords),
            diskstats: required("diskstats", ShortRecords),
            net_dev: of_process("net/dev", ShortRecords),
            sockstat: ProcFile::optional(proc.join(process).join("net/sockstat"), OnePiece),
            sockstat6: ProcFile::optional(proc.join(process).join("net/sockstat6"), OnePiece),
            conntrack_count: optional("sys/net/netfilter/nf_conntrack_count", OnePiece),
            conntrack_max: optional("sys/net/netfilter/nf_conntrack_max", OnePiece),
            uptime: required("uptime", OnePiece),
            boot_id: optional("sys/kernel/random/boot_id", OnePiece),
            file_nr: required("sys/fs/file-nr", OnePiece),
            // The agent's own, wherever the host's are.
            own_statm: ProcFile::new("/proc/self/statm".into(), OnePiece),
        }
    }
}

/// Why a source gave nothing, or not all.
enum SourceFault<'p> {
    Read(&'p Path, Errno),
    Parse(&'p Path, Fault),
}

impl fmt::Display for SourceFault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, errno) => write!(f, "{}: {}", path.display(), errno.desc()),
            Self::Parse(path, fault) => write!(f, "{}: {fault}", path.display()),
        }
    }
}

impl<'p> From<SensorFault<'p>> for SourceFault<'p> {
    fn from(fault: SensorFault<'p>) -> Self {
        match fault {
            SensorFault::Read(path, errno) => Self::Read(path, errno),
            SensorFault::Parse(path, fault) => Self::Parse(path, fault),
        }
    }
}

impl Kernel {
    /// The kernel of `config`'s host.
    pub fn new(config: &Config, buffers: &'static mut KernelBuffers) -> Self {
        let KernelBuffers { file, lists, desks } = buffers;
        let process = if config.host_is_process_1 { "1" } else { "self" };
        Self {
            host_root: config.host_root.clone(),
            named_mounts: config.mounts.clone(),
            files: Files::new(&config.host_proc, process),
            processes: Processes::new(&config.host_proc),
            links: Links::new(&config.host_sys),
            sensors: Sensors::new(&config.host_sys),
            crew: Crew::new(desks),
            buffer: file,
            host: Host::new(lists),
            has_boot_id: false,
            page_bytes: page_bytes(),
            last_sample: None,
            last_cpu_time: Duration::ZERO,
        }
    }

    /// Reads every file. `clock` gives the time since any fixed moment; shares and rates are those since the collection
    /// before this one, so the first is only good as a beginning.
    ///
    /// A file that cannot be read leaves its own fields out of the sample and is named in it, and so does a mount or a
    /// sensor that does not answer in time.
    pub fn collect(&mut self, clock: &impl Fn() -> Duration) {
        let now = clock();
        let elapsed = self.last_sample.map_or(Duration::ZERO, |last| now.saturating_sub(last));
        self.last_sample = Some(now);
        self.host.begin(elapsed.as_millis() as u64);
        self.links.begin();
        self.crew.begin(now);
        let (files, host_root, links) = (&mut self.files, &self.host_root, &mut self.links);
        let named = &self.named_mounts;
        let mut collection = Collection { host: &mut self.host, buffer: self.buffer, clock };
        collection.file("stat", &mut files.stat, Host::stat);
        collection.file("loadavg", &mut files.loadavg, Host::loadavg);
        collection.file("meminfo", &mut files.meminfo, Host::meminfo);
        collection.vmstat(&mut files.vmstat);
        collection.file("arcstats", &mut files.arcstats, Host::arcstats);
        for (source, file, resource) in [
            ("pressure/cpu", &mut files.pressure_cpu, Resource::Cpu),
            ("pressure/memory", &mut files.pressure_memory, Resource::Memory),
            ("pressure/io", &mut files.pressure_io, Resource::Io),
        ] {
            collection.file(source, file, |host, bytes| host.pressure(resource, bytes));
        }
        collection.mounts(&mut files.mountinfo, named, host_root, &mut self.crew);
        collection.file("diskstats", &mut files.diskstats, Host::diskstats);
        collection.file("net/dev", &mut files.net_dev, |host, bytes| host.net_dev(bytes, |name| links.read(name)));
        collection.file("sockstat", &mut files.sockstat, Host::sockstat);
        collection.file("sockstat6", &mut files.sockstat6, Host::sockstat);
        collection.conntrack(&mut files.conntrack_count, &mut files.conntrack_max);
        collection.file("uptime", &mut files.uptime, Host::uptime);
        collection.file("file-nr", &mut files.file_nr, Host::file_nr);
        collection.processes(&self.processes);
        if !self.sensors.is_empty() {
            collection.sensors(&mut self.sensors, &mut self.crew);
        }
        if !self.has_boot_id {
            self.has_boot_id = true;
            collection.file("boot_id", &mut files.boot_id, |host, bytes| {
                host.boot_id(bytes);
                Ok(())
            });
        }
    }

    /// What did not answer in the collection before the last one, and did since.
    pub fn returned(&self) -> &[Silent] {
        self.crew.returned()
    }

    /// Adds how a source fared that is not the kernel.
    pub fn add_source(&mut self, source: SourceEntry) {
        self.host.source(source);
    }

    /// How the sources fared in the last collection.
    pub fn sources(&self) -> &[SourceEntry] {
        self.host.sources()
    }

    /// The last collection as a sample dated `timestamp`. `standing` is how the agent fares, to which this adds what
    /// it costs. `None` when processor times or memory could not be read; [`Self::sources`] says why.
    pub fn metrics(&mut self, timestamp: Timestamp, mut standing: AgentStanding) -> Option<HostMetrics<'_>> {
        if let Some(pages) =
            self.files.own_statm.read(self.buffer).ok().flatten().and_then(|bytes| statm::statm(bytes).ok())
        {
            standing.resident_bytes = Some(pages.resident_pages * self.page_bytes);
            standing.anonymous_bytes = Some(pages.resident_pages.saturating_sub(pages.shared_pages) * self.page_bytes);
        }
        if let Ok(cpu_time) = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).map(Duration::from) {
            standing.cpu_microseconds = Some(cpu_time.saturating_sub(self.last_cpu_time).as_micros() as u64);
            self.last_cpu_time = cpu_time;
        }
        self.host.metrics(timestamp, &standing)
    }

    /// What the registration says of the host, as far as the last collection and the host's own files know it.
    pub fn facts(&self) -> HostFacts {
        let host = &self.host;
        let mut facts = HostFacts::of_this_host(&self.host_root);
        facts.cpu_cores = host.cores_online().unwrap_or(0);
        facts.total_memory_gb = gib(host.memory_total_bytes().unwrap_or(0));
        facts.total_disk_gb = gib(host.disk_total_bytes());
        facts
    }
}

fn page_bytes() -> u64 {
    let pages = sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
    pages.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(PAGE_BYTES)
}

/// One collection under way.
struct Collection<'c, Clock> {
    host: &'c mut Host<'static>,
    buffer: &'c mut [u8],
    clock: &'c Clock,
}

impl<Clock: Fn() -> Duration> Collection<'_, Clock> {
    /// Says that a source is begun with, should it never end; the time.
    fn start(&self, source: &'static str) -> Duration {
        watch::at(source);
        (self.clock)()
    }

    /// Reads one file and hands it over. One that this host does not have is no source.
    fn file(
        &mut self,
        source: &'static str,
        file: &mut ProcFile,
        take: impl FnOnce(&mut Host<'static>, &[u8]) -> Result<(), Fault>,
    ) {
        let started = self.start(source);
        let taken = match file.read(self.buffer) {
            Ok(None) => return,
            Ok(Some(bytes)) => take(self.host, bytes).map_err(|fault| SourceFault::Parse(file.path(), fault)),
            Err(errno) => Err(SourceFault::Read(file.path(), errno)),
        };
        self.say(source, started, taken);
    }

    /// What is wanted stands in the first piece of the file on most kernels.
    fn vmstat(&mut self, file: &mut ProcFile) {
        let started = self.start("vmstat");
        let host = &mut *self.host;
        let read = file.read_until(self.buffer, |bytes| host.vmstat(bytes) != Ok(false));
        let taken = match read.map(Option::unwrap_or_default) {
            Ok(bytes) => host.vmstat(bytes).map(drop).map_err(|fault| SourceFault::Parse(file.path(), fault)),
            Err(errno) => Err(SourceFault::Read(file.path(), errno)),
        };
        self.say("vmstat", started, taken);
    }

    fn conntrack(&mut self, count: &mut ProcFile, max: &mut ProcFile) {
        let mut count_bytes = [0; COUNT_BYTES];
        watch::at("conntrack");
        let Ok(Some(count_bytes)) = count.read(&mut count_bytes) else { return };
        self.file("conntrack", max, |host, max| host.conntrack(count_bytes, max));
    }

    fn processes(&mut self, processes: &Processes) {
        watch::at("processes");
        if let Ok(Some(count)) = processes.count() {
            self.host.processes(count);
        }
    }

    fn mounts(&mut self, file: &mut ProcFile, named: &[String], host_root: &Path, crew: &mut Crew) {
        let (started, clock) = (self.start("mountinfo"), self.clock);
        let taken = match file.read(self.buffer).map(Option::unwrap_or_default) {
            Ok(table) => {
                let space = |mount: &Mount<'_>, may_hang| filesystem::ask(mount, host_root, may_hang, crew, clock);
                self.host.mountinfo(table, named, space).map_err(|fault| SourceFault::Parse(file.path(), fault))
            }
            Err(errno) => Err(SourceFault::Read(file.path(), errno)),
        };
        self.say_with("mountinfo", started, taken, crew.standing(Kind::Mount));
    }

    fn sensors(&mut self, sensors: &mut Sensors, crew: &mut Crew) {
        let started = self.start("hwmon");
        let taken = sensors.read(self.host, crew, self.clock).map_err(SourceFault::from);
        self.say_with("hwmon", started, taken, crew.standing(Kind::Sensor));
    }

    /// The same for a source of which parts may hang: that comes first, since it lasts.
    fn say_with(
        &mut self,
        source: &'static str,
        started: Duration,
        taken: Result<(), SourceFault<'_>>,
        silent: Option<Standing<'_>>,
    ) {
        match (silent, taken) {
            (None, taken) => self.say(source, started, taken),
            (Some(silent), Ok(())) => self.add(source, started, Some(&silent)),
            (Some(silent), Err(fault)) => self.add(source, started, Some(&format_args!("{silent}; {fault}"))),
        }
    }

    fn say(&mut self, source: &'static str, started: Duration, taken: Result<(), SourceFault<'_>>) {
        self.add(source, started, taken.err().as_ref().map(|fault| fault as &dyn fmt::Display));
    }

    fn add(&mut self, source: &'static str, started: Duration, error: Option<&dyn fmt::Display>) {
        let duration = (self.clock)().saturating_sub(started);
        self.host.source(source_entry(source, duration, error));
    }
}

/// How a source fared, its error in words as far as they fit.
pub fn source_entry(source: &'static str, duration: Duration, error: Option<&dyn fmt::Display>) -> SourceEntry {
    let error = error.map(|error| {
        let mut text = Text::new();
        // Writing to a text cuts instead of failing.
        let _ = fmt::write(&mut text, format_args!("{error}"));
        text
    });
    SourceEntry { source, duration_microseconds: duration.as_micros() as u64, error }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn kernel(host_root: &str) -> Kernel {
        let config = crate::config::tests::config(&[("HOST_ROOT", host_root)]);
        Kernel::new(&config, crate::hot_path_tests::leaked(KernelBuffers::new))
    }

    /// A clock that goes on by one second with each sample that is taken.
    fn sample(kernel: &mut Kernel, seconds: u64) -> Option<serde_json::Value> {
        let now = Cell::new(Duration::from_secs(seconds));
        kernel.collect(&|| now.replace(now.get() + Duration::from_micros(7)));
        let metrics = kernel.metrics(Timestamp::from_unix_ms(1), AgentStanding::default());
        metrics.map(|metrics| serde_json::to_value(metrics).unwrap())
    }

    #[test]
    fn this_host_gives_a_sane_sample() {
        let mut kernel = kernel("/");
        sample(&mut kernel, 0);
        let sample = sample(&mut kernel, 1).unwrap();
        for share in ["cpuPercent", "memoryPercent", "diskPercent"] {
            assert!((0.0..=100.0).contains(&sample[share].as_f64().unwrap()), "{sample}");
        }
        let readings = &sample["readings"];
        for present in ["cpu", "cores", "load1", "memory", "mounts", "disks", "interfaces", "processes", "bootId"] {
            assert!(!readings[present].is_null(), "{present} is missing in {readings}");
        }
        let agent = &readings["agent"];
        assert!(agent["residentBytes"].as_u64().unwrap() > agent["anonymousBytes"].as_u64().unwrap());
        for source in agent["sources"].as_array().unwrap() {
            assert!(source["error"].is_null() && source["durationMicroseconds"].as_u64().unwrap() >= 7, "{source}");
        }
        assert!(kernel.facts().cpu_cores > 0);
    }

    #[test]
    fn with_a_mounted_host_mounts_and_interfaces_are_those_of_process_1() {
        let root = std::env::temp_dir().join(format!("neon-agent-kernel-{}", std::process::id()));
        for (path, text) in [
            ("proc/stat", "cpu 10 0 0 90\ncpu0 10 0 0 90\n"),
            ("proc/meminfo", "MemTotal: 2097152 kB\nMemAvailable: 1048576 kB\n"),
            ("proc/1/net/dev", "h\nh\neth0: 7 0 0 0 0 0 0 0 5 0 0 0 0 0 0 0\n"),
            ("proc/1/mountinfo", "1 2 8:1 / / rw - ext4 /dev/sda1 rw\n"),
        ] {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let sample_of = |seconds| sample(&mut kernel(root.to_str().unwrap()), seconds);
        let whole = sample_of(1).unwrap();
        assert_eq!((whole["cpuPercent"].as_f64(), whole["memoryTotalGb"].as_f64()), (Some(10.0), Some(2.0)));
        assert_eq!((&whole["networkRxBytes"], &whole["networkTxBytes"]), (&7.into(), &5.into()));
        assert!(whole["diskTotalGb"].as_f64().unwrap() > 0.0);

        std::fs::remove_file(root.join("proc/1/net/dev")).unwrap();
        let without = sample_of(2).unwrap();
        assert_eq!((&without["networkRxBytes"], without["cpuPercent"].as_f64()), (&0.into(), Some(10.0)));
        assert!(without["readings"]["interfaces"].is_null());
        let sources = without["readings"]["agent"]["sources"].as_array().unwrap().clone();
        let error = &sources.iter().find(|source| source["source"] == "net/dev").unwrap()["error"];
        assert!(error.as_str().unwrap().ends_with("proc/1/net/dev: No such file or directory"), "{error}");

        std::fs::write(root.join("proc/meminfo"), "MemTotal:\n").unwrap();
        let mut broken = kernel(root.to_str().unwrap());
        assert_eq!(sample(&mut broken, 3), None);
        let fault = broken.sources().iter().find_map(|source| source.error.clone()).unwrap();
        assert!(
            broken
                .sources()
                .iter()
                .filter_map(|source| source.error.as_deref())
                .any(|error| { error.ends_with("proc/meminfo: a required field is missing in line 1") }),
            "{fault}"
        );
        std::fs::remove_dir_all(&root).unwrap();
    }
}
