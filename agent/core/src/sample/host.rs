//! One sample of a whole host: the bytes of its files go in one by one, the sample comes out.
//!
//! A [`Host`] lives as long as the agent and fills lists of fixed size. Each file that was read is handed to the
//! function of its name; a file that is not handed over in a sample leaves its fields absent. What a sample needs of
//! the one before it (counters) stays inside.

use core::cell::Cell;

use neon_shared::metrics::ServerMetrics;
use neon_shared::readings::{
    AgentReading, ConntrackReading, CpuShares, FanReading, MemoryReading, Pressure, Readings, SocketsReading,
    SourceReading, TemperatureReading,
};
use neon_shared::time::Timestamp;

use super::cpu::{self, Cores};
use super::disk::{DiskEntry, Disks};
use super::mounts::{self, MountEntry, Mounts, Space};
use super::network::{self, InterfaceEntry, Interfaces, Link};
use super::{each, gib, percent};
use crate::parse::file_nr::FileNr;
use crate::parse::loadavg::Loadavg;
use crate::parse::meminfo::Meminfo;
use crate::parse::mountinfo::Mount;
use crate::parse::sockstat::Sockstat;
use crate::parse::stat::{CpuTicks, Stat};
use crate::parse::{self, Fault};
use crate::text::Text;

/// Most temperature sensors; more are not read.
pub const TEMPERATURES_MAX: usize = 64;
/// Most fans; more are not read.
pub const FANS_MAX: usize = 32;
/// Longest name of a chip or label of a sensor, in bytes; a longer one is cut.
pub const SENSOR_TEXT_BYTES: usize = 32;
/// Most sources of one sample: a name for each kernel file, the sensors and the Docker Engine.
pub const SOURCES_MAX: usize = 24;
/// Longest reason why a source gave nothing, in bytes; a longer one is cut.
pub const SOURCE_ERROR_BYTES: usize = 160;
/// A boot id is a UUID.
const BOOT_ID_BYTES: usize = 36;

/// Text of a sensor's names.
pub type SensorText = Text<SENSOR_TEXT_BYTES>;
/// One temperature.
pub type TemperatureEntry = TemperatureReading<SensorText>;
/// One fan.
pub type FanEntry = FanReading<SensorText>;
/// How one source fared.
pub type SourceEntry = SourceReading<&'static str, Text<SOURCE_ERROR_BYTES>>;

/// The readings as they go out: borrowed from a [`Host`].
pub type HostReadings<'h> = Readings<
    &'h str,
    &'h [CpuShares],
    &'h [MountEntry],
    &'h [DiskEntry],
    &'h [InterfaceEntry],
    &'h [TemperatureEntry],
    &'h [FanEntry],
    &'h [SourceEntry],
>;
/// One sample as it goes out.
pub type HostMetrics<'h> = ServerMetrics<HostReadings<'h>>;
/// What the agent says of itself, before its sources are added.
pub type AgentStanding = AgentReading<()>;

/// Which resource a pressure file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// `/proc/pressure/cpu`.
    Cpu,
    /// `/proc/pressure/memory`.
    Memory,
    /// `/proc/pressure/io`.
    Io,
}

/// The lists of a sample, and the counters of the one before it: the large part of a [`Host`], all zeroes at first so
/// that a static one takes no room in a binary.
#[derive(Debug)]
pub struct HostLists {
    cores: Cores,
    mounts: Mounts,
    disks: Disks,
    interfaces: Interfaces,
    temperatures: heapless::Vec<TemperatureEntry, TEMPERATURES_MAX>,
    fans: heapless::Vec<FanEntry, FANS_MAX>,
    sources: heapless::Vec<SourceEntry, SOURCES_MAX>,
}

impl HostLists {
    /// All empty.
    pub const fn new() -> Self {
        Self {
            cores: Cores::new(),
            mounts: Mounts::new(),
            disks: Disks::new(),
            interfaces: Interfaces::new(),
            temperatures: heapless::Vec::new(),
            fans: heapless::Vec::new(),
            sources: heapless::Vec::new(),
        }
    }

    fn clear(&mut self) {
        self.cores.clear();
        self.mounts.clear();
        self.disks.clear();
        self.interfaces.clear();
        self.temperatures.clear();
        self.fans.clear();
        self.sources.clear();
    }
}

impl Default for HostLists {
    fn default() -> Self {
        Self::new()
    }
}

/// Everything that is known of a host in one sample, and the counters of the sample before it.
#[derive(Debug)]
pub struct Host<'l> {
    lists: &'l mut HostLists,
    values: Values,
    elapsed_ms: u64,
    previous_cpu: CpuTicks,
    boot_id: Text<BOOT_ID_BYTES>,
    /// Whether the last mount table had a mount that [`mounts::may_hang`], listed or not.
    has_traps: bool,
}

/// What one sample knows beside its lists.
#[derive(Debug, Default)]
struct Values {
    cpu_percent: Option<f64>,
    cpu: Option<CpuShares>,
    stat: Option<Stat>,
    load: Option<Loadavg>,
    processes: Option<u64>,
    pressure: Pressure,
    meminfo: Option<Meminfo>,
    zfs_arc_bytes: Option<u64>,
    oom_kills_total: Option<u64>,
    has_mounts: bool,
    has_disks: bool,
    has_interfaces: bool,
    sockets: Option<SocketsReading>,
    conntrack: Option<ConntrackReading>,
    uptime_seconds: Option<u64>,
    files: Option<FileNr>,
}

impl<'l> Host<'l> {
    /// Nothing known yet.
    pub fn new(lists: &'l mut HostLists) -> Self {
        Self {
            lists,
            values: Values::default(),
            elapsed_ms: 0,
            previous_cpu: cpu::NO_TICKS,
            boot_id: Text::new(),
            has_traps: false,
        }
    }

    /// Begins a sample, `elapsed_ms` after the one before it (0 for the first): forgets everything but the counters
    /// that shares and rates are computed from, and the boot id.
    pub fn begin(&mut self, elapsed_ms: u64) {
        self.elapsed_ms = elapsed_ms;
        self.values = Values::default();
        self.lists.clear();
    }

    /// Takes `/proc/stat`. Errors: those of the parser, as with all the functions below.
    pub fn stat(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.lists.cores.clear();
        let stat = parse::stat::stat(bytes, |core, ticks| self.lists.cores.add(core, ticks))?;
        self.values.cpu_percent = Some(cpu::busy_percent(&self.previous_cpu, &stat.cpu));
        self.values.cpu = Some(cpu::shares(None, &self.previous_cpu, &stat.cpu));
        self.previous_cpu = stat.cpu;
        self.values.stat = Some(stat);
        Ok(())
    }

    /// Takes `/proc/loadavg`.
    pub fn loadavg(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.values.load = Some(parse::loadavg::loadavg(bytes)?);
        Ok(())
    }

    /// Takes the number of processes.
    pub fn processes(&mut self, processes: u64) {
        self.values.processes = Some(processes);
    }

    /// Takes a file of `/proc/pressure`.
    pub fn pressure(&mut self, resource: Resource, bytes: &[u8]) -> Result<(), Fault> {
        let stalls = Some(parse::pressure::pressure(bytes)?);
        match resource {
            Resource::Cpu => self.values.pressure.cpu = stalls,
            Resource::Memory => self.values.pressure.memory = stalls,
            Resource::Io => self.values.pressure.io = stalls,
        }
        Ok(())
    }

    /// Takes `/proc/meminfo`.
    pub fn meminfo(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.values.meminfo = Some(parse::meminfo::meminfo(bytes)?);
        Ok(())
    }

    /// Takes the beginning of `/proc/vmstat`; whether what is wanted was in it.
    pub fn vmstat(&mut self, bytes: &[u8]) -> Result<bool, Fault> {
        self.values.oom_kills_total = parse::vmstat::oom_kills(bytes)?;
        Ok(self.values.oom_kills_total.is_some())
    }

    /// Takes `/proc/spl/kstat/zfs/arcstats`.
    pub fn arcstats(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.values.zfs_arc_bytes = Some(parse::arcstats::arcstats(bytes)?);
        Ok(())
    }

    /// Takes a mount table. File systems on disks of this host count, and those mounted at a place that is `named` are
    /// listed whatever they are. A malformed line costs its mount alone; the first such fault is the error.
    ///
    /// `space` is asked once for each, with the mount point as the table writes it, and whether the answer may never
    /// come: because of the mount's type, or, on a host with any such mount, because the way to it may lead through one.
    pub fn mountinfo(
        &mut self,
        bytes: &[u8],
        named: &[impl AsRef<[u8]>],
        mut space: impl FnMut(&Mount<'_>, bool) -> Option<Space>,
    ) -> Result<(), Fault> {
        self.values.has_mounts = true;
        let mut path = [0; mounts::MOUNT_POINT_BYTES];
        // A mount stands behind what it is mounted on, unless that was moved there later: then the last table knows.
        let (has_traps, had_traps) = (Cell::new(false), self.has_traps);
        // What was found of the line that is read, so that it is looked at once.
        let (is_trap, is_real) = (Cell::new(false), Cell::new(false));
        let wanted = |fs_type: &[u8], source: &[u8]| {
            is_trap.set(mounts::may_hang(fs_type));
            // Every systemd host has an autofs; what it mounts has a type of its own.
            has_traps.set(has_traps.get() || is_trap.get() && fs_type != b"autofs");
            is_real.set(mounts::is_real(fs_type, source));
            !named.is_empty() || is_real.get()
        };
        let taken = each(parse::mountinfo::mountinfo(bytes, wanted), |mount| {
            let mount_point = parse::mountinfo::unescape(mount.mount_point, &mut path).unwrap_or(mount.mount_point);
            if is_real.get() || named.iter().any(|name| name.as_ref() == mount_point) {
                let may_hang =
                    is_trap.get() || (has_traps.get() || had_traps) && mounts::is_below_another(mount.mount_point);
                self.lists.mounts.add(&mount, is_real.get(), mount_point, || space(&mount, may_hang));
            }
        });
        self.has_traps = has_traps.get();
        taken
    }

    /// Takes `/proc/diskstats`. A malformed line costs its device alone; the first such fault is the error.
    pub fn diskstats(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.values.has_disks = true;
        self.lists.disks.take(bytes, self.elapsed_ms)
    }

    /// Takes `/proc/net/dev`. `link` is asked for each physical interface. A malformed line costs its interface alone;
    /// the first such fault is the error.
    pub fn net_dev(&mut self, bytes: &[u8], mut link: impl FnMut(&[u8]) -> Link) -> Result<(), Fault> {
        self.values.has_interfaces = true;
        each(parse::net_dev::net_dev(bytes, network::is_listed), |interface| {
            self.lists.interfaces.add(&interface, &mut link)
        })
    }

    /// Takes `/proc/net/sockstat` or `sockstat6`, which add up.
    pub fn sockstat(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let Sockstat { tcp_in_use, tcp_time_wait, udp_in_use } = parse::sockstat::sockstat(bytes)?;
        let sum = self.values.sockets.unwrap_or_default();
        self.values.sockets = Some(SocketsReading {
            tcp_in_use: sum.tcp_in_use.saturating_add(tcp_in_use),
            tcp_time_wait: sum.tcp_time_wait.saturating_add(tcp_time_wait.unwrap_or(0)),
            udp_in_use: sum.udp_in_use.saturating_add(udp_in_use),
        });
        Ok(())
    }

    /// Takes `/proc/sys/net/netfilter/nf_conntrack_count` and `_max`.
    pub fn conntrack(&mut self, count: &[u8], max: &[u8]) -> Result<(), Fault> {
        let entries = parse::attribute::unsigned(count)?;
        let entries_max = parse::attribute::unsigned(max)?;
        self.values.conntrack = Some(ConntrackReading { entries, entries_max });
        Ok(())
    }

    /// Takes `/proc/uptime`.
    pub fn uptime(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.values.uptime_seconds = Some(parse::uptime::uptime(bytes)?.uptime_ms / 1000);
        Ok(())
    }

    /// Takes `/proc/sys/kernel/random/boot_id`, once: it cannot change while the agent runs.
    pub fn boot_id(&mut self, bytes: &[u8]) {
        self.boot_id = Text::from_bytes(bytes.trim_ascii());
    }

    /// Takes `/proc/sys/fs/file-nr`.
    pub fn file_nr(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.values.files = Some(parse::file_nr::file_nr(bytes)?);
        Ok(())
    }

    /// Takes a `temp*_input` of hwmon, which is in thousandths of a degree.
    pub fn temperature(&mut self, chip: &SensorText, sensor: &SensorText, bytes: &[u8]) -> Result<(), Fault> {
        let millidegrees = parse::attribute::signed(bytes)?;
        let celsius = millidegrees as f32 / 1000.0;
        // Sensors past the capacity are not opened, so there is room.
        let _ = self.lists.temperatures.push(TemperatureEntry { chip: chip.clone(), sensor: sensor.clone(), celsius });
        Ok(())
    }

    /// Takes a `fan*_input` of hwmon.
    pub fn fan(&mut self, chip: &SensorText, sensor: &SensorText, bytes: &[u8]) -> Result<(), Fault> {
        let revolutions_per_minute = parse::attribute::unsigned(bytes)?;
        let _ = self.lists.fans.push(FanEntry { chip: chip.clone(), sensor: sensor.clone(), revolutions_per_minute });
        Ok(())
    }

    /// Takes how a source fared. Past [`SOURCES_MAX`] nothing more is kept.
    pub fn source(&mut self, source: SourceEntry) {
        let _ = self.lists.sources.push(source);
    }

    /// How the sources fared so far.
    pub fn sources(&self) -> &[SourceEntry] {
        &self.lists.sources
    }

    /// Processors that are online, if they could be read.
    pub fn cores_online(&self) -> Option<u32> {
        self.values.stat.as_ref().map(|stat| stat.cores_online)
    }

    /// Memory of the host, if it could be read.
    pub fn memory_total_bytes(&self) -> Option<u64> {
        self.values.meminfo.as_ref().map(|memory| memory.total_bytes)
    }

    /// Size of all file systems.
    pub fn disk_total_bytes(&self) -> u64 {
        self.lists.mounts.total_bytes()
    }

    /// The sample; `None` without processor times or memory, which no sample may miss.
    ///
    /// File systems and interfaces that could not be read are 0 in the fixed fields and absent in the readings.
    pub fn metrics(&self, timestamp: Timestamp, agent: &AgentStanding) -> Option<HostMetrics<'_>> {
        let (cpu_percent, memory) = (self.values.cpu_percent?, self.values.meminfo.as_ref()?);
        let memory_used_bytes = memory.total_bytes.saturating_sub(memory.available_bytes);
        let (disk_used_bytes, disk_total_bytes) = (self.lists.mounts.used_bytes(), self.lists.mounts.total_bytes());
        let traffic = self.lists.interfaces.traffic();
        Some(ServerMetrics {
            timestamp,
            cpu_percent,
            memory_percent: percent(memory_used_bytes, memory.total_bytes),
            disk_percent: percent(disk_used_bytes, disk_total_bytes),
            memory_used_gb: gib(memory_used_bytes),
            memory_total_gb: gib(memory.total_bytes),
            disk_used_gb: gib(disk_used_bytes),
            disk_total_gb: gib(disk_total_bytes),
            network_rx_bytes: traffic.rx_bytes,
            network_tx_bytes: traffic.tx_bytes,
            readings: Some(self.readings(agent)),
        })
    }

    fn readings(&self, agent: &AgentStanding) -> HostReadings<'_> {
        let stat = self.values.stat.as_ref();
        let load = self.values.load.as_ref();
        let left_out = |count: u32| (count > 0).then_some(count);
        let booted_at_s = stat.and_then(|stat| i64::try_from(stat.booted_at_unix_s?).ok());
        Readings {
            cpu: self.values.cpu,
            cores: some_list(self.lists.cores.shares()),
            cores_left_out: left_out(self.lists.cores.left_out()),
            load1: load.map(|load| load.load1),
            load5: load.map(|load| load.load5),
            load15: load.map(|load| load.load15),
            context_switches_total: stat.and_then(|stat| stat.context_switches_total),
            running_tasks: stat.and_then(|stat| stat.running_tasks),
            blocked_tasks: stat.and_then(|stat| stat.blocked_tasks),
            processes: self.values.processes,
            threads: load.map(|load| load.threads),
            pressure: (self.values.pressure != Pressure::default()).then_some(self.values.pressure),
            memory: self.values.meminfo.as_ref().map(|memory| self.memory(memory)),
            mounts: self.values.has_mounts.then_some(self.lists.mounts.entries()),
            mounts_left_out: left_out(self.lists.mounts.left_out()),
            disks: self.values.has_disks.then_some(self.lists.disks.readings()),
            disks_left_out: left_out(self.lists.disks.left_out()),
            interfaces: self.values.has_interfaces.then_some(self.lists.interfaces.entries()),
            interfaces_left_out: left_out(self.lists.interfaces.left_out()),
            sockets: self.values.sockets,
            conntrack: self.values.conntrack,
            temperatures: some_list(&self.lists.temperatures),
            fans: some_list(&self.lists.fans),
            uptime_seconds: self.values.uptime_seconds,
            booted_at: booted_at_s.map(|s| Timestamp::from_unix_ms(s.saturating_mul(1000))),
            boot_id: (!self.boot_id.is_empty()).then_some(self.boot_id.as_str()),
            open_files: self.values.files.map(|files| files.open),
            open_files_max: self.values.files.map(|files| files.max),
            agent: Some(AgentReading {
                resident_bytes: agent.resident_bytes,
                anonymous_bytes: agent.anonymous_bytes,
                cpu_microseconds: agent.cpu_microseconds,
                samples_buffered: agent.samples_buffered,
                samples_dropped_total: agent.samples_dropped_total,
                samples_dropped_from: agent.samples_dropped_from,
                samples_dropped_until: agent.samples_dropped_until,
                samples_refused_total: agent.samples_refused_total,
                request_failures_total: agent.request_failures_total,
                clock_offset_milliseconds: agent.clock_offset_milliseconds,
                sources: &self.lists.sources,
            }),
        }
    }

    fn memory(&self, memory: &Meminfo) -> MemoryReading {
        MemoryReading {
            total_bytes: memory.total_bytes,
            available_bytes: memory.available_bytes,
            free_bytes: memory.free_bytes,
            buffers_bytes: memory.buffers_bytes,
            cached_bytes: memory.cached_bytes,
            dirty_bytes: memory.dirty_bytes,
            swap_total_bytes: memory.swap_total_bytes,
            swap_used_bytes: memory
                .swap_total_bytes
                .zip(memory.swap_free_bytes)
                .map(|(total, free)| total.saturating_sub(free)),
            zfs_arc_bytes: self.values.zfs_arc_bytes,
            oom_kills_total: self.values.oom_kills_total,
        }
    }
}

fn some_list<T>(list: &[T]) -> Option<&[T]> {
    (!list.is_empty()).then_some(list)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::boxed::Box;

    use serde_json::{Value, json};

    use super::*;

    const STAT: &[u8] = b"cpu  100 0 50 800 20 5 5 20\ncpu0 60 0 20 400 10 0 0 10\ncpu1 40 0 30 400 10 5 5 10\n\
        ctxt 12345\nbtime 1795424000\nprocesses 9\nprocs_running 2\nprocs_blocked 1\n";
    const MEMINFO: &[u8] =
        b"MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 600 kB\nBuffers: 10 kB\nCached: 200 kB\n\
        SwapTotal: 500 kB\nSwapFree: 400 kB\nDirty: 4 kB\n";
    const MOUNTINFO: &[u8] = b"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:5 / /proc rw - proc proc rw\n\
        3 1 8:2 / /srv/a\\040b ro - xfs /dev/sda2 ro\n";
    const DISKSTATS: &[u8] = b"8 0 sda 10 0 80 20 30 0 160 60 0 50 80\n8 1 sda1 1 0 8 2 3 0 16 6 0 5 8\n";
    const LATER_DISKSTATS: &[u8] = b"8 0 sda 20 0 160 40 30 0 160 60 0 150 100\n";
    const NET_DEV: &[u8] = b"h\nh\n lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n eth0: 7 6 5 4 0 0 0 0 3 2 1 9 0 0 0 0\n";

    const NONE: &[&[u8]] = &[];

    fn host() -> Host<'static> {
        let mut host = Host::new(Box::leak(Box::new(HostLists::new())));
        host.begin(0);
        host
    }

    fn sample(host: &Host<'_>) -> Value {
        serde_json::to_value(host.metrics(Timestamp::EPOCH, &AgentStanding::default()).unwrap()).unwrap()
    }

    fn required(host: &mut Host<'_>) {
        host.stat(STAT).unwrap();
        host.meminfo(MEMINFO).unwrap();
    }

    fn space(_: &Mount<'_>, _: bool) -> Option<Space> {
        Some(Space { total_bytes: 1 << 31, used_bytes: 1 << 30, available_bytes: 9, inodes_total: 8, inodes_used: 7 })
    }

    #[test]
    fn every_file_has_its_place_in_the_sample() {
        let mut host = host();
        required(&mut host);
        host.loadavg(b"0.50 1.25 2.00 2/345 678\n").unwrap();
        host.processes(99);
        let pressure =
            b"some avg10=1.50 avg60=0.25 avg300=0.00 total=77\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n";
        for resource in [Resource::Cpu, Resource::Memory, Resource::Io] {
            host.pressure(resource, pressure).unwrap();
        }
        assert_eq!(host.vmstat(b"nr_free_pages 1\noom_kill 3\n"), Ok(true));
        host.arcstats(b"13 1 0x01 1 1 1 1\nname type data\nsize 4 4096\n").unwrap();
        host.mountinfo(MOUNTINFO, NONE, space).unwrap();
        host.diskstats(DISKSTATS).unwrap();
        let link = Link { speed_mbit: Some(1000), up: Some(true) };
        host.net_dev(NET_DEV, |_| link).unwrap();
        host.sockstat(b"sockets: used 9\nTCP: inuse 5 orphan 0 tw 2 alloc 9 mem 1\nUDP: inuse 3 mem 1\n").unwrap();
        host.sockstat(b"TCP6: inuse 4\nUDP6: inuse 2\n").unwrap();
        host.conntrack(b"12\n", b"65536\n").unwrap();
        host.uptime(b"3600.75 7000.00\n").unwrap();
        host.boot_id(b"9bb6d01c-0000-4000-8000-0123456789ab\n");
        host.file_nr(b"1000\t0\t2466170\n").unwrap();
        let text = SensorText::from;
        host.temperature(&text("coretemp"), &text("Core 0"), b"45500\n").unwrap();
        host.fan(&text("nct6775"), &text("fan1"), b"1170\n").unwrap();
        host.source(SourceEntry { source: "stat", duration_microseconds: 12, error: Some(Text::from("odd")) });

        let sample = sample(&host);
        assert_eq!((&sample["cpuPercent"], &sample["memoryPercent"]), (&json!(18.0), &json!(40.0)));
        assert_eq!((&sample["diskTotalGb"], &sample["diskUsedGb"]), (&json!(4.0), &json!(2.0)));
        assert_eq!((&sample["networkRxBytes"], &sample["networkTxBytes"]), (&json!(7), &json!(3)));
        let stall = json!({"some": {"avg10Percent": 1.5, "avg60Percent": 0.25, "totalMicroseconds": 77},
            "full": {"avg10Percent": 0.0, "avg60Percent": 0.0, "totalMicroseconds": 5}});
        let shares = |core: Option<u32>, user: f64, system: f64, iowait: f64, steal: f64, irq: f64| {
            let mut shares = json!({"userPercent": user, "systemPercent": system, "iowaitPercent": iowait,
                "stealPercent": steal, "irqPercent": irq});
            if let Some(core) = core {
                shares["core"] = json!(core);
            }
            shares
        };
        let mount = |mount_point: &str, device: &str, fs_type: &str, read_only: bool| {
            json!({"mountPoint": mount_point, "device": device, "fsType": fs_type, "totalBytes": 1u64 << 31,
                "usedBytes": 1 << 30, "availableBytes": 9, "inodesTotal": 8, "inodesUsed": 7, "readOnly": read_only})
        };
        assert_eq!(
            sample["readings"],
            json!({
                "cpu": shares(None, 10.0, 5.0, 2.0, 2.0, 1.0),
                "cores": [shares(Some(0), 12.0, 4.0, 2.0, 2.0, 0.0), shares(Some(1), 8.0, 6.0, 2.0, 2.0, 2.0)],
                "load1": 0.5, "load5": 1.25, "load15": 2.0, "contextSwitchesTotal": 12345,
                "runningTasks": 2, "blockedTasks": 1, "processes": 99, "threads": 345,
                "pressure": {"cpu": stall, "memory": stall, "io": stall},
                "memory": {"totalBytes": 1_024_000, "availableBytes": 614_400, "freeBytes": 102_400,
                    "buffersBytes": 10_240, "cachedBytes": 204_800, "dirtyBytes": 4096, "swapTotalBytes": 512_000,
                    "swapUsedBytes": 102_400, "zfsArcBytes": 4096, "oomKillsTotal": 3},
                "mounts": [mount("/", "/dev/sda1", "ext4", false), mount("/srv/a b", "/dev/sda2", "xfs", true)],
                "disks": [{"device": "sda", "readsTotal": 10, "writesTotal": 30, "readBytesTotal": 40_960,
                    "writtenBytesTotal": 81_920, "busyMillisecondsTotal": 50, "waitMillisecondsTotal": 80}],
                "interfaces": [{"name": "eth0", "rxBytesTotal": 7, "txBytesTotal": 3, "rxPacketsTotal": 6,
                    "txPacketsTotal": 2, "rxErrorsTotal": 5, "txErrorsTotal": 1, "rxDroppedTotal": 4,
                    "txDroppedTotal": 9, "speedBitsPerSecond": 1_000_000_000, "linkUp": true}],
                "sockets": {"tcpInUse": 9, "tcpTimeWait": 2, "udpInUse": 5},
                "conntrack": {"entries": 12, "entriesMax": 65_536},
                "temperatures": [{"chip": "coretemp", "sensor": "Core 0", "celsius": 45.5}],
                "fans": [{"chip": "nct6775", "sensor": "fan1", "revolutionsPerMinute": 1170}],
                "uptimeSeconds": 3600, "bootedAt": "2026-11-23T08:53:20.000Z",
                "bootId": "9bb6d01c-0000-4000-8000-0123456789ab", "openFiles": 1000, "openFilesMax": 2_466_170,
                "agent": {"samplesBuffered": 0, "samplesDroppedTotal": 0, "requestFailuresTotal": 0,
                    "sources": [{"source": "stat", "durationMicroseconds": 12, "error": "odd"}]},
            })
        );
    }

    #[test]
    fn a_host_that_has_little_says_nothing_of_the_rest() {
        let mut host = host();
        host.stat(b"cpu 1 0 0 1\n").unwrap();
        host.meminfo(b"MemTotal: 2 kB\nMemAvailable: 1 kB\n").unwrap();
        let readings = sample(&host)["readings"].clone();
        let keys: std::vec::Vec<&std::string::String> = readings.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["agent", "cpu", "memory"]);
        assert_eq!(readings["memory"], json!({"totalBytes": 2048, "availableBytes": 1024}));
    }

    #[test]
    fn without_processor_times_or_memory_there_is_no_sample() {
        let mut host = host();
        let has_sample = |host: &Host<'_>| host.metrics(Timestamp::EPOCH, &AgentStanding::default()).is_some();
        host.meminfo(MEMINFO).unwrap();
        assert!(!has_sample(&host));
        host.stat(STAT).unwrap();
        assert!(has_sample(&host));
        host.begin(1000);
        host.stat(STAT).unwrap();
        assert!(host.meminfo(b"").is_err() && !has_sample(&host));
    }

    #[test]
    fn what_was_read_last_time_does_not_stand_in_for_what_was_not() {
        let mut host = host();
        required(&mut host);
        host.mountinfo(MOUNTINFO, NONE, space).unwrap();
        host.diskstats(DISKSTATS).unwrap();
        host.net_dev(NET_DEV, |_| Link::default()).unwrap();
        host.loadavg(b"0.50 1.25 2.00 2/345 678\n").unwrap();
        host.begin(1000);
        required(&mut host);
        let sample = sample(&host);
        assert_eq!((&sample["diskTotalGb"], &sample["networkRxBytes"]), (&json!(0.0), &json!(0)));
        for absent in ["mounts", "disks", "interfaces", "load1", "threads"] {
            assert_eq!(sample["readings"][absent], Value::Null, "{absent}");
        }
    }

    #[test]
    fn rates_are_counted_from_the_sample_before() {
        let mut host = host();
        required(&mut host);
        host.diskstats(DISKSTATS).unwrap();
        host.begin(1000);
        required(&mut host);
        host.diskstats(LATER_DISKSTATS).unwrap();
        assert_eq!(
            sample(&host)["readings"]["disks"][0]["rates"],
            json!({"readsPerSecond": 10.0, "writesPerSecond": 0.0, "readBytesPerSecond": 40_960,
                "writtenBytesPerSecond": 0, "utilisationPercent": 10.0, "meanWaitMilliseconds": 2.0})
        );
    }

    #[test]
    fn a_bad_line_costs_its_mount_device_or_interface_and_is_the_error() {
        let mut host = host();
        required(&mut host);
        let fault = host.mountinfo(b"1 0 8:1 /\n1 0 8:1 / / rw - ext4 /dev/sda1 rw\n", NONE, space).unwrap_err();
        assert_eq!(fault.line, 1);
        assert!(host.diskstats(b"8 0 sda x\n8 16 sdb 10 0 80 20 30 0 160 60 0 50 80\n").is_err());
        assert!(host.net_dev(b"h\nh\neth0: 1\neth1: 7 6 5 4 0 0 0 0 3 2 1 9 0 0 0 0\n", |_| Link::default()).is_err());
        let readings = sample(&host)["readings"].clone();
        assert_eq!(readings["mounts"][0]["mountPoint"], "/");
        assert_eq!(readings["disks"][0]["device"], "sdb");
        assert_eq!(readings["interfaces"][0]["name"], "eth1");
    }

    #[test]
    fn a_network_or_pseudo_file_system_is_listed_if_it_is_named() {
        let table = b"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:45 / /mnt/a\\040b rw - nfs4 files:/x rw\n\
            3 1 0:46 / /run rw - tmpfs tmpfs rw\n";
        let listed = |named: &[&str]| {
            let mut host = host();
            required(&mut host);
            host.mountinfo(table, named, space).unwrap();
            let sample = sample(&host);
            assert_eq!(sample["diskTotalGb"], json!(2.0));
            let mounts = sample["readings"]["mounts"].as_array().unwrap().clone();
            mounts.iter().map(|mount| mount["mountPoint"].clone()).collect::<std::vec::Vec<_>>()
        };
        assert_eq!(listed(&[]), ["/"]);
        assert_eq!(listed(&["/mnt/a b"]), ["/", "/mnt/a b"]);
        assert_eq!(listed(&["/run", "/nowhere"]), ["/", "/run"]);
    }

    #[test]
    fn a_mount_that_may_hang_is_said_to_and_so_is_what_lies_below_one() {
        let table = |nas: &str| {
            std::format!(
                "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /home rw - ext4 /dev/sda2 rw\n\
                5 1 0:9 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw\n\
                {nas}3 2 8:3 / /mnt/nas/disk rw - xfs /dev/sdb rw\n4 1 8:4 / /mnt/stick rw - fuseblk /dev/sdc rw\n"
            )
        };
        let mut host = host();
        let mut asked = |table: &str| {
            let mut asked = std::vec::Vec::new();
            host.begin(0);
            let ask = |mount: &Mount<'_>, may_hang| {
                asked.push((mount.device_minor, may_hang));
                space(mount, may_hang)
            };
            host.mountinfo(table.as_bytes(), NONE, ask).unwrap();
            asked
        };
        let settled = table("").replace("fuseblk", "ntfs3");
        assert_eq!(asked(&settled), [(1, false), (2, false), (3, false), (4, false)]);
        // Not listed itself, and yet in the way.
        let share = table("6 1 0:45 / /mnt/nas rw - nfs4 files:/x rw\n").replace("fuseblk", "ntfs3");
        assert_eq!(asked(&share), [(1, false), (2, false), (3, true), (4, true)]);
        // In the way, although it stands behind what is mounted on it.
        assert_eq!(asked(&table("")), [(1, false), (2, false), (3, true), (4, true)]);
        assert_eq!(asked(&settled), [(1, false), (2, false), (3, true), (4, true)]);
        assert_eq!(asked(&settled), [(1, false), (2, false), (3, false), (4, false)]);
    }

    #[test]
    fn a_host_of_a_thousand_processors_gives_the_total_and_says_so() {
        let mut file = std::string::String::from("cpu 10 0 0 90\n");
        (0..1000).for_each(|core| file.push_str(&std::format!("cpu{core} 1 0 0 9\n")));
        let mut host = host();
        host.stat(file.as_bytes()).unwrap();
        host.meminfo(MEMINFO).unwrap();
        let readings = sample(&host)["readings"].clone();
        assert_eq!((&readings["coresLeftOut"], &readings["cores"]), (&json!(1000), &Value::Null));
        assert_eq!(readings["cpu"]["userPercent"], 10.0);
    }
}
