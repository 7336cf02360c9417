//! The readings beyond the fixed ones: an addition to a sample that a peer may not know.
//!
//! What a host does not have, or what could not be read, is absent, never zero. Shares run from 0 to 100 with two
//! decimals and say "Percent"; a count since boot ends in "Total"; every other number says its unit. A counter that
//! went backwards leaves the rates of its device out of one sample.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Everything that was read of a host beside the fixed fields of a sample.
///
/// The type parameters are where text and lists live: borrowed in the agent, owned in the master.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Readings<Text, Cpus, Mounts, Disks, Interfaces, Temperatures, Fans, Sources> {
    /// Where the time of all processors together went since the previous sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<CpuShares>,
    /// The same for each processor that is online; absent past 256 of them, as [`Self::cores_left_out`] says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cores: Option<Cpus>,
    /// Processors whose shares were left out, there being more than are told apart; absent when none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cores_left_out: Option<u32>,
    /// Tasks running or waiting for a processor, and in uninterruptible sleep, averaged over 1 minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load1: Option<f32>,
    /// The same over 5 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load5: Option<f32>,
    /// The same over 15 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load15: Option<f32>,
    /// Context switches since boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_switches_total: Option<u64>,
    /// Threads that run or could run now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_tasks: Option<u64>,
    /// Threads that wait for a disk now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked_tasks: Option<u64>,
    /// Processes that exist now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<u64>,
    /// Threads that exist now, the kernel's own included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<u64>,
    /// How long work stood still for want of processor, memory or disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure: Option<Pressure>,
    /// How the memory is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryReading>,
    /// File systems on disks of this host, each backing device once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mounts: Option<Mounts>,
    /// File systems that found no room in the list; absent when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mounts_left_out: Option<u32>,
    /// Block devices, without partitions, RAM disks and loop devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disks: Option<Disks>,
    /// Block devices that found no room in the list; absent when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disks_left_out: Option<u32>,
    /// Network interfaces, without loopback and the ends of containers (`veth`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interfaces: Option<Interfaces>,
    /// Interfaces that found no room in the list; absent when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interfaces_left_out: Option<u32>,
    /// Sockets in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sockets: Option<SocketsReading>,
    /// The connection tracking table, where netfilter keeps one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conntrack: Option<ConntrackReading>,
    /// Temperature sensors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperatures: Option<Temperatures>,
    /// Fans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fans: Option<Fans>,
    /// Time since boot, time asleep included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime_seconds: Option<u64>,
    /// When the host booted, by its own clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booted_at: Option<Timestamp>,
    /// A random UUID of this boot: another one means that the host restarted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<Text>,
    /// File handles in use, over all processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_files: Option<u64>,
    /// File handles that the kernel will give out at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_files_max: Option<u64>,
    /// What the agent itself costs, and how it fares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentReading<Sources>>,
}

/// Where processor time went between two samples, 0 to 100 each; the rest was idle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CpuShares {
    /// Number of the processor; absent where all are meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core: Option<u32>,
    /// In programs, also those with low priority.
    pub user_percent: f32,
    /// In the kernel.
    pub system_percent: f32,
    /// Idle while a disk request was outstanding.
    pub iowait_percent: f32,
    /// Taken by the hypervisor for other guests.
    pub steal_percent: f32,
    /// Serving interrupts, hard and soft.
    pub irq_percent: f32,
}

/// Pressure stall information: `/proc/pressure`, Linux 4.20 and later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pressure {
    /// Waiting for a processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Stalls>,
    /// Waiting for memory: reclaim, swapping in, refaults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Stalls>,
    /// Waiting for disks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub io: Option<Stalls>,
}

/// Stalls over one resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stalls {
    /// At least one task waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub some: Option<Stall>,
    /// All tasks that were not idle waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full: Option<Stall>,
}

/// How much of the time work stood still.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stall {
    /// Share of the last 10 seconds, 0 to 100.
    pub avg10_percent: f32,
    /// Share of the last minute, 0 to 100.
    pub avg60_percent: f32,
    /// Time lost since boot.
    pub total_microseconds: u64,
}

/// How the memory is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemoryReading {
    /// `MemTotal`.
    pub total_bytes: u64,
    /// What new work could use without swapping.
    pub available_bytes: u64,
    /// Unused altogether.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
    /// Cache of block devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffers_bytes: Option<u64>,
    /// Cache of files, shared memory included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_bytes: Option<u64>,
    /// Waiting to be written to disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty_bytes: Option<u64>,
    /// Size of all swap areas; 0 where swapping is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swap_total_bytes: Option<u64>,
    /// Swap in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swap_used_bytes: Option<u64>,
    /// Size of the ZFS cache (ARC), which `available` does not count as reclaimable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zfs_arc_bytes: Option<u64>,
    /// Processes that the kernel killed for want of memory, since boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oom_kills_total: Option<u64>,
}

/// One file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MountReading<Text> {
    /// Where it is mounted; the first place, if there are several.
    pub mount_point: Text,
    /// What is mounted: a device path, or a pool's data set.
    pub device: Text,
    /// `ext4`, `xfs`, …
    pub fs_type: Text,
    /// Size.
    pub total_bytes: u64,
    /// What files hold.
    pub used_bytes: u64,
    /// What users without privilege may still write.
    pub available_bytes: u64,
    /// Files it can hold; absent where the file system makes them as needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inodes_total: Option<u64>,
    /// Files it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inodes_used: Option<u64>,
    /// Whether it cannot be written to; a disk fault can do that at any time.
    pub read_only: bool,
}

/// One block device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiskReading<Text> {
    /// Name without `/dev/`.
    pub device: Text,
    /// Reads since boot.
    pub reads_total: u64,
    /// Writes since boot.
    pub writes_total: u64,
    /// Bytes read since boot.
    pub read_bytes_total: u64,
    /// Bytes written since boot.
    pub written_bytes_total: u64,
    /// Time with at least one request under way, since boot.
    pub busy_milliseconds_total: u64,
    /// Time from arrival to end, summed over all requests since boot.
    pub wait_milliseconds_total: u64,
    /// What happened since the previous sample; absent in the first, and when a counter went backwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rates: Option<DiskRates>,
}

/// What a block device did between two samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiskRates {
    /// Reads per second.
    pub reads_per_second: f32,
    /// Writes per second.
    pub writes_per_second: f32,
    /// Bytes read per second.
    pub read_bytes_per_second: u64,
    /// Bytes written per second.
    pub written_bytes_per_second: u64,
    /// Share of the time with at least one request under way, 0 to 100. A disk that serves several requests at a
    /// time may have room left at 100.
    pub utilisation_percent: f32,
    /// Mean time from a request's arrival to its end; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_wait_milliseconds: Option<f32>,
}

/// One network interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InterfaceReading<Text> {
    /// Its name.
    pub name: Text,
    /// Bytes received since it was made.
    pub rx_bytes_total: u64,
    /// Bytes sent since it was made.
    pub tx_bytes_total: u64,
    /// Packets received.
    pub rx_packets_total: u64,
    /// Packets sent.
    pub tx_packets_total: u64,
    /// Packets that were received broken.
    pub rx_errors_total: u64,
    /// Packets that could not be sent.
    pub tx_errors_total: u64,
    /// Packets received and thrown away for want of room or of somebody who wants them.
    pub rx_dropped_total: u64,
    /// Packets thrown away before they were sent.
    pub tx_dropped_total: u64,
    /// Negotiated speed; absent where there is none (virtual, or no link).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed_bits_per_second: Option<u64>,
    /// Whether it can pass traffic (`operstate`); absent where the driver does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_up: Option<bool>,
}

/// Sockets in use, IPv4 and IPv6 together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketsReading {
    /// TCP sockets that are connected or listen.
    pub tcp_in_use: u64,
    /// TCP connections that have ended and wait for stray packets.
    pub tcp_time_wait: u64,
    /// UDP sockets.
    pub udp_in_use: u64,
}

/// The connection tracking table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConntrackReading {
    /// Connections in it.
    pub entries: u64,
    /// Connections it can hold; past it new ones are refused.
    pub entries_max: u64,
}

/// One temperature sensor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TemperatureReading<Text> {
    /// The chip's name, `coretemp`.
    pub chip: Text,
    /// The sensor's label, "Package id 0", or its number in the chip, `temp1`.
    pub sensor: Text,
    /// Degrees Celsius.
    pub celsius: f32,
}

/// One fan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FanReading<Text> {
    /// The chip's name.
    pub chip: Text,
    /// The fan's label, or its number in the chip, `fan1`.
    pub sensor: Text,
    /// Revolutions per minute; 0 for one that stands still.
    pub revolutions_per_minute: u64,
}

/// What the agent costs its host, and how it fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentReading<Sources> {
    /// Memory of the process, its own pages and those of its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident_bytes: Option<u64>,
    /// The part of it that is in no file, and so is the agent's alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anonymous_bytes: Option<u64>,
    /// Processor time since the previous sample, user and system, of all threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_microseconds: Option<u64>,
    /// Samples that waited to be sent when this one was taken.
    pub samples_buffered: u64,
    /// Samples that never reached the master, since the agent's start.
    pub samples_dropped_total: u64,
    /// Time of the oldest of those; absent when none was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples_dropped_from: Option<Timestamp>,
    /// Time of the newest of those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples_dropped_until: Option<Timestamp>,
    /// Samples that the master refused for what they held, since the agent's start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples_refused_total: Option<u64>,
    /// Requests that failed after all their tries, since the agent's start.
    pub request_failures_total: u64,
    /// How far the master's clock is ahead of the host's, negative where it is behind; absent until a heartbeat has
    /// measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_offset_milliseconds: Option<i64>,
    /// What each source took, and why one gave nothing.
    pub sources: Sources,
}

/// How one source fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceReading<Name, Text> {
    /// `stat`, `mountinfo`, `docker`, …
    pub source: Name,
    /// Time that reading and parsing took.
    pub duration_microseconds: u64,
    /// Why it gave nothing, or not all; absent when all was well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Text>,
}
