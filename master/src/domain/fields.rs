//! A sample as a flat list of named numbers, which is what histories, rollups and rules speak of.
//!
//! A name is the way through the wire's JSON with dots between its steps, and what a member of a list is called takes
//! the place of its position: `cpuPercent`, `readings` itself left out: `load1`, `memory.availableBytes`,
//! `cores.3.userPercent`, `mounts./var.usedBytes`, `disks.sda.rates.readsPerSecond`,
//! `temperatures.coretemp.Package id 0.celsius`. In such a key `~`, `.`, `,`, `*`, `@` and control characters are
//! written as `~` and two hexadecimal digits for each byte, as `interfaces.eth0~2E100.speedBitsPerSecond`; a slash stays
//! a slash. The second member of a list that is called the same has `@2` after its key, the third `@3`.
//!
//! Yes and no are 1 and 0. Texts and times are no numbers and have no name. Counters since some start say little by
//! themselves; [`Rates`] makes them amounts a second, of which `rxBytesTotal` is called `rxBytesPerSecond`.
//!
//! No field can be forgotten: every struct is taken apart by all its fields, and a test compares with the JSON.

use std::collections::HashMap;

use neon_shared::readings::{
    AgentReading, ConntrackReading, CpuShares, DiskRates, DiskReading, FanReading, InterfaceReading, MemoryReading,
    MountReading, Pressure, SocketsReading, SourceReading, Stall, Stalls, TemperatureReading,
};

use crate::model::{Readings, Sample};

/// Longest time between two samples that a rate is made of. Past it, what happened cannot be laid to one moment.
/// A host that is sampled less often than every hour and a half has no rates.
pub const RATE_SPAN_MAX_MS: i64 = 90 * 60_000;
/// By how much the time that passed on the host's clock and its time since boot may differ between two samples: the
/// latter is said in whole seconds, and a clock that is being corrected runs up to a two-thousandth fast or slow. Past
/// both the clock was set in between, and nobody knows over which time a counter grew.
const CLOCK_SLACK_MS: u64 = 1_500;
const CLOCK_DRIFT_DIVISOR: u64 = 1_000;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// How much there is.
    Gauge(f64),
    /// How much there was since some start. Whole, as a float would lose what it grew by.
    Counter(u64),
}

/// Calls `each` with every field of a sample that has a value, in the order of the wire.
pub fn visit(sample: &Sample, each: &mut impl FnMut(&str, Value)) {
    let Sample {
        timestamp: _,
        cpu_percent,
        memory_percent,
        disk_percent,
        memory_used_gb,
        memory_total_gb,
        disk_used_gb,
        disk_total_gb,
        network_rx_bytes,
        network_tx_bytes,
        readings: more,
    } = sample;
    let mut at = Path { name: String::with_capacity(64), each };
    at.gauge("cpuPercent", cpu_percent);
    at.gauge("memoryPercent", memory_percent);
    at.gauge("diskPercent", disk_percent);
    at.gauge("memoryUsedGb", memory_used_gb);
    at.gauge("memoryTotalGb", memory_total_gb);
    at.gauge("diskUsedGb", disk_used_gb);
    at.gauge("diskTotalGb", disk_total_gb);
    at.counter("networkRxBytes", *network_rx_bytes);
    at.counter("networkTxBytes", *network_tx_bytes);
    if let Some(more) = more {
        readings(&mut at, more);
    }
}

/// The name of the rate that [`Rates`] makes of a counter.
pub fn rate_name(counter: &str) -> String {
    let mut name = String::new();
    write_rate_name(&mut name, counter);
    name
}

/// What something in a list is called, as a step of a name.
pub fn key(text: &str) -> String {
    let mut name = String::new();
    push_key(&mut name, text);
    name
}

/// Turns the counters of a server's samples, given oldest first, into amounts a second.
///
/// There is no rate for the first sample, after a restart, where a counter went backwards or was not there before, where
/// the clock was set, and past [`RATE_SPAN_MAX_MS`]: what follows is compared with that sample then. A rate is finite and
/// never negative. Keeps one sample's counters, however many samples there are.
#[derive(Debug, Default)]
pub struct Rates {
    before: Option<Before>,
    counters: HashMap<String, Counted>,
    round: u64,
    name: String,
}

/// The sample before, as far as it matters for all counters.
#[derive(Debug)]
struct Before {
    time_ms: i64,
    boot_id: Option<String>,
    uptime_s: Option<u64>,
}

/// A counter, and in which round it had this value.
#[derive(Debug)]
struct Counted {
    value: u64,
    round: u64,
}

impl Rates {
    /// Calls `each` with every gauge, and with the rate of every counter that has one. Rates have names of their own.
    pub fn visit(&mut self, sample: &Sample, each: &mut impl FnMut(&str, f64)) {
        let elapsed_s = self.elapsed_ms(sample).map(|ms| ms as f64 / 1000.0);
        self.begin(sample);
        let Self { counters, round, name: rate, .. } = self;
        let mut seen = 0;
        visit(sample, &mut |name, value| match value {
            Value::Gauge(value) => each(name, value),
            Value::Counter(value) => {
                seen += 1;
                let Some(counted) = counters.get_mut(name) else {
                    counters.insert(name.to_owned(), Counted { value, round: *round });
                    return;
                };
                let before = std::mem::replace(counted, Counted { value, round: *round });
                if let Some(elapsed_s) = elapsed_s
                    && before.round + 1 == *round
                    && let Some(grown) = value.checked_sub(before.value)
                {
                    rate.clear();
                    write_rate_name(rate, name);
                    each(rate, grown as f64 / elapsed_s);
                }
            }
        });
        if counters.len() > seen {
            counters.retain(|_, counted| counted.round == *round);
        }
    }

    /// Begins anew, as before the first sample.
    pub fn reset(&mut self) {
        self.before = None;
        self.counters.clear();
    }

    /// How long after the one before this sample was taken, where counters can be compared over that time.
    fn elapsed_ms(&self, sample: &Sample) -> Option<i64> {
        let before = self.before.as_ref()?;
        let elapsed_ms = sample.timestamp.unix_ms().checked_sub(before.time_ms)?;
        if !(1..=RATE_SPAN_MAX_MS).contains(&elapsed_ms) {
            return None;
        }
        let Some(readings) = &sample.readings else { return Some(elapsed_ms) };
        if let (Some(now), Some(before)) = (&readings.boot_id, &before.boot_id)
            && now != before
        {
            return None;
        }
        if let (Some(now), Some(before)) = (readings.uptime_seconds, before.uptime_s) {
            let up_ms = i64::try_from(now.checked_sub(before)?).ok()?.checked_mul(1000)?;
            if up_ms.abs_diff(elapsed_ms) > CLOCK_SLACK_MS + elapsed_ms.unsigned_abs() / CLOCK_DRIFT_DIVISOR {
                return None;
            }
        }
        Some(elapsed_ms)
    }

    fn begin(&mut self, sample: &Sample) {
        self.round += 1;
        let readings = sample.readings.as_ref();
        let boot_id = readings.and_then(|readings| readings.boot_id.as_deref());
        let mut kept = self.before.take().and_then(|before| before.boot_id);
        if kept.as_deref() != boot_id {
            kept = boot_id.map(str::to_owned);
        }
        self.before = Some(Before {
            time_ms: sample.timestamp.unix_ms(),
            boot_id: kept,
            uptime_s: readings.and_then(|readings| readings.uptime_seconds),
        });
    }
}

/// Every name that a field can have, `{}` for a key, in the order of the wire; counters by the names of their rates.
pub const NAMES: &[&str] = &[
    "cpuPercent",
    "memoryPercent",
    "diskPercent",
    "memoryUsedGb",
    "memoryTotalGb",
    "diskUsedGb",
    "diskTotalGb",
    "networkRxBytesPerSecond",
    "networkTxBytesPerSecond",
    "cpu.userPercent",
    "cpu.systemPercent",
    "cpu.iowaitPercent",
    "cpu.stealPercent",
    "cpu.irqPercent",
    "cores.{}.userPercent",
    "cores.{}.systemPercent",
    "cores.{}.iowaitPercent",
    "cores.{}.stealPercent",
    "cores.{}.irqPercent",
    "coresLeftOut",
    "load1",
    "load5",
    "load15",
    "contextSwitchesPerSecond",
    "runningTasks",
    "blockedTasks",
    "processes",
    "threads",
    "pressure.cpu.some.avg10Percent",
    "pressure.cpu.some.avg60Percent",
    "pressure.cpu.some.totalMicrosecondsPerSecond",
    "pressure.cpu.full.avg10Percent",
    "pressure.cpu.full.avg60Percent",
    "pressure.cpu.full.totalMicrosecondsPerSecond",
    "pressure.memory.some.avg10Percent",
    "pressure.memory.some.avg60Percent",
    "pressure.memory.some.totalMicrosecondsPerSecond",
    "pressure.memory.full.avg10Percent",
    "pressure.memory.full.avg60Percent",
    "pressure.memory.full.totalMicrosecondsPerSecond",
    "pressure.io.some.avg10Percent",
    "pressure.io.some.avg60Percent",
    "pressure.io.some.totalMicrosecondsPerSecond",
    "pressure.io.full.avg10Percent",
    "pressure.io.full.avg60Percent",
    "pressure.io.full.totalMicrosecondsPerSecond",
    "memory.totalBytes",
    "memory.availableBytes",
    "memory.freeBytes",
    "memory.buffersBytes",
    "memory.cachedBytes",
    "memory.dirtyBytes",
    "memory.swapTotalBytes",
    "memory.swapUsedBytes",
    "memory.zfsArcBytes",
    "memory.oomKillsPerSecond",
    "mounts.{}.totalBytes",
    "mounts.{}.usedBytes",
    "mounts.{}.availableBytes",
    "mounts.{}.inodesTotal",
    "mounts.{}.inodesUsed",
    "mounts.{}.readOnly",
    "mountsLeftOut",
    "disks.{}.readsPerSecond",
    "disks.{}.writesPerSecond",
    "disks.{}.readBytesPerSecond",
    "disks.{}.writtenBytesPerSecond",
    "disks.{}.busyMillisecondsPerSecond",
    "disks.{}.waitMillisecondsPerSecond",
    "disks.{}.rates.readsPerSecond",
    "disks.{}.rates.writesPerSecond",
    "disks.{}.rates.readBytesPerSecond",
    "disks.{}.rates.writtenBytesPerSecond",
    "disks.{}.rates.utilisationPercent",
    "disks.{}.rates.meanWaitMilliseconds",
    "disksLeftOut",
    "interfaces.{}.rxBytesPerSecond",
    "interfaces.{}.txBytesPerSecond",
    "interfaces.{}.rxPacketsPerSecond",
    "interfaces.{}.txPacketsPerSecond",
    "interfaces.{}.rxErrorsPerSecond",
    "interfaces.{}.txErrorsPerSecond",
    "interfaces.{}.rxDroppedPerSecond",
    "interfaces.{}.txDroppedPerSecond",
    "interfaces.{}.speedBitsPerSecond",
    "interfaces.{}.linkUp",
    "interfacesLeftOut",
    "sockets.tcpInUse",
    "sockets.tcpTimeWait",
    "sockets.udpInUse",
    "conntrack.entries",
    "conntrack.entriesMax",
    "temperatures.{}.{}.celsius",
    "fans.{}.{}.revolutionsPerMinute",
    "uptimeSeconds",
    "openFiles",
    "openFilesMax",
    "agent.residentBytes",
    "agent.anonymousBytes",
    "agent.cpuMicroseconds",
    "agent.samplesBuffered",
    "agent.samplesDroppedPerSecond",
    "agent.samplesRefusedPerSecond",
    "agent.requestFailuresPerSecond",
    "agent.clockOffsetMilliseconds",
    "agent.sources.{}.durationMicroseconds",
];

/// How many of [`NAMES`] are of the fixed fields, which every sample has; they are the first.
pub const FIXED: usize = 9;

fn write_rate_name(name: &mut String, counter: &str) {
    name.push_str(counter.strip_suffix("Total").unwrap_or(counter));
    name.push_str("PerSecond");
}

fn push_key(name: &mut String, text: &str) {
    for char in text.chars() {
        if matches!(char, '~' | '.' | ',' | '*' | '@') || char.is_control() {
            for byte in char.encode_utf8(&mut [0; 4]).bytes() {
                name.push('~');
                [byte >> 4, byte & 15].iter().for_each(|digit| name.push(HEXADECIMAL[usize::from(*digit)]));
            }
        } else {
            name.push(char);
        }
    }
}

const HEXADECIMAL: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];

/// Where a walk is in the readings, and whom it tells.
struct Path<'a, F> {
    /// Of the steps down to here, each with a dot after it.
    name: String,
    each: &'a mut F,
}

impl<F: FnMut(&str, Value)> Path<'_, F> {
    fn gauge(&mut self, name: &str, value: impl Gauge) {
        if let Some(value) = value.gauge() {
            self.tell(name, Value::Gauge(value));
        }
    }

    fn counter(&mut self, name: &str, value: impl Into<Option<u64>>) {
        if let Some(value) = value.into() {
            self.tell(name, Value::Counter(value));
        }
    }

    fn tell(&mut self, name: &str, value: Value) {
        let length = self.name.len();
        self.name.push_str(name);
        (self.each)(&self.name, value);
        self.name.truncate(length);
    }

    fn within<T>(&mut self, name: &str, inner: &Option<T>, inside: impl FnOnce(&mut Self, &T)) {
        let Some(inner) = inner else { return };
        let length = self.name.len();
        self.name.push_str(name);
        self.name.push('.');
        inside(self, inner);
        self.name.truncate(length);
    }

    /// Goes through a list whose members are called by `keys`.
    fn members<T, const KEYS: usize>(
        &mut self,
        list: &[T],
        keys: impl Fn(&T) -> [&str; KEYS],
        inside: impl Fn(&mut Self, &T),
    ) {
        let length = self.name.len();
        for (index, member) in list.iter().enumerate() {
            let called = keys(member);
            for (number, key) in called.iter().enumerate() {
                if number > 0 {
                    self.name.push('.');
                }
                push_key(&mut self.name, key);
            }
            // Rare: disks of one maker have sensors of one name.
            let same = list.iter().take(index).filter(|other| keys(other) == called).count();
            if same > 0 {
                self.name.push_str(&format!("@{}", same + 1));
            }
            self.name.push('.');
            inside(self, member);
            self.name.truncate(length);
        }
    }
}

/// What can be a gauge.
trait Gauge {
    fn gauge(&self) -> Option<f64>;
}

macro_rules! gauge {
    ($($type:ty: |$value:ident| $gauge:expr,)*) => {
        $(impl Gauge for &$type {
            fn gauge(&self) -> Option<f64> {
                let $value = **self;
                Some($gauge)
            }
        })*
    };
}

gauge! {
    f64: |value| value,
    // The number that was meant: two decimals are what the wire says, and 0.07 widened bit by bit is 0.0700000002980232.
    f32: |value| {
        let rounded = (f64::from(value) * 100.0).round() / 100.0;
        if rounded as f32 == value { rounded } else { f64::from(value) }
    },
    u64: |value| value as f64,
    u32: |value| f64::from(value),
    i64: |value| value as f64,
    bool: |value| f64::from(u8::from(value)),
}

impl<T> Gauge for &Option<T>
where
    for<'a> &'a T: Gauge,
{
    fn gauge(&self) -> Option<f64> {
        self.as_ref().and_then(|value| value.gauge())
    }
}

fn readings<F: FnMut(&str, Value)>(at: &mut Path<'_, F>, readings: &Readings) {
    let Readings {
        cpu,
        cores,
        cores_left_out,
        load1,
        load5,
        load15,
        context_switches_total,
        running_tasks,
        blocked_tasks,
        processes,
        threads,
        pressure,
        memory,
        mounts,
        mounts_left_out,
        disks,
        disks_left_out,
        interfaces,
        interfaces_left_out,
        sockets,
        conntrack,
        temperatures,
        fans,
        uptime_seconds,
        booted_at: _,
        boot_id: _,
        open_files,
        open_files_max,
        agent,
    } = readings;
    at.within("cpu", cpu, shares);
    at.within("cores", cores, |at, list| {
        // One without a number can only be told by its position.
        let numbers: Vec<String> =
            (0..).zip(list).map(|(index, core)| core.core.unwrap_or(index).to_string()).collect();
        let numbered: Vec<(&String, &CpuShares)> = numbers.iter().zip(list).collect();
        at.members(&numbered, |(number, _)| [number], |at, (_, core)| shares(at, core));
    });
    at.gauge("coresLeftOut", cores_left_out);
    at.gauge("load1", load1);
    at.gauge("load5", load5);
    at.gauge("load15", load15);
    at.counter("contextSwitchesTotal", *context_switches_total);
    at.gauge("runningTasks", running_tasks);
    at.gauge("blockedTasks", blocked_tasks);
    at.gauge("processes", processes);
    at.gauge("threads", threads);
    at.within("pressure", pressure, |at, Pressure { cpu, memory, io }| {
        at.within("cpu", cpu, stalls);
        at.within("memory", memory, stalls);
        at.within("io", io, stalls);
    });
    at.within("memory", memory, memory_fields);
    at.within("mounts", mounts, |at, list| at.members(list, |mount| [&mount.mount_point], mount));
    at.gauge("mountsLeftOut", mounts_left_out);
    at.within("disks", disks, |at, list| at.members(list, |disk| [&disk.device], disk));
    at.gauge("disksLeftOut", disks_left_out);
    at.within("interfaces", interfaces, |at, list| at.members(list, |interface| [&interface.name], interface));
    at.gauge("interfacesLeftOut", interfaces_left_out);
    at.within("sockets", sockets, |at, SocketsReading { tcp_in_use, tcp_time_wait, udp_in_use }| {
        at.gauge("tcpInUse", tcp_in_use);
        at.gauge("tcpTimeWait", tcp_time_wait);
        at.gauge("udpInUse", udp_in_use);
    });
    at.within("conntrack", conntrack, |at, ConntrackReading { entries, entries_max }| {
        at.gauge("entries", entries);
        at.gauge("entriesMax", entries_max);
    });
    at.within("temperatures", temperatures, |at, list| {
        at.members(
            list,
            |TemperatureReading { chip, sensor, celsius: _ }| [chip, sensor],
            |at, sensor| at.gauge("celsius", &sensor.celsius),
        );
    });
    at.within("fans", fans, |at, list| {
        at.members(
            list,
            |FanReading { chip, sensor, revolutions_per_minute: _ }| [chip, sensor],
            |at, fan| at.gauge("revolutionsPerMinute", &fan.revolutions_per_minute),
        );
    });
    at.gauge("uptimeSeconds", uptime_seconds);
    at.gauge("openFiles", open_files);
    at.gauge("openFilesMax", open_files_max);
    at.within("agent", agent, agent_fields);
}

fn shares<F: FnMut(&str, Value)>(at: &mut Path<'_, F>, shares: &CpuShares) {
    let CpuShares { core: _, user_percent, system_percent, iowait_percent, steal_percent, irq_percent } = shares;
    at.gauge("userPercent", user_percent);
    at.gauge("systemPercent", system_percent);
    at.gauge("iowaitPercent", iowait_percent);
    at.gauge("stealPercent", steal_percent);
    at.gauge("irqPercent", irq_percent);
}

fn stalls<F: FnMut(&str, Value)>(at: &mut Path<'_, F>, Stalls { some, full }: &Stalls) {
    at.within("some", some, stall);
    at.within("full", full, stall);
}

fn stall<F: FnMut(&str, Value)>(at: &mut Path<'_, F>, stall: &Stall) {
    let Stall { avg10_percent, avg60_percent, total_microseconds } = stall;
    at.gauge("avg10Percent", avg10_percent);
    at.gauge("avg60Percent", avg60_percent);
    at.counter("totalMicroseconds", *total_microseconds);
}

fn memory_fields<F: FnMut(&str, Value)>(at: &mut Path<'_, F>, memory: &MemoryReading) {
    let MemoryReading {
        total_bytes,
        available_bytes,
        free_bytes,
        buffers_bytes,
        cached_bytes,
        dirty_bytes,
        swap_total_bytes,
        swap_used_bytes,
        zfs_arc_bytes,
        oom_kills_total,
    } = memory;
    at.gauge("totalBytes", total_bytes);
    at.gauge("availableBytes", available_bytes);
    at.gauge("freeBytes", free_bytes);
    at.gauge("buffersBytes", buffers_bytes);
    at.gauge("cachedBytes", cached_bytes);
    at.gauge("dirtyBytes", dirty_bytes);
    at.gauge("swapTotalBytes", swap_total_bytes);
    at.gauge("swapUsedBytes", swap_used_bytes);
    at.gauge("zfsArcBytes", zfs_arc_bytes);
    at.counter("oomKillsTotal", *oom_kills_total);
}

fn mount<F: FnMut(&str, Value)>(at: &mut Path<'_, F>, mount: &MountReading<String>) {
    let MountReading {
        mount_point: _,
        device: _,
        fs_type: _,
        total_bytes,
        used_bytes,
        available_bytes,
        inodes_total,
        inodes_used,
        read_only,
    } = mount;
    at.gauge("totalBytes", total_bytes);
    at.gauge("usedBytes", used_bytes);
    at.gauge("availableBytes", available_bytes);
    at.gauge("inodesTotal", inodes_total);
    at.gauge("inodesUsed", inodes_used);
    at.gauge("readOnly", read_only);
}

fn disk<F: FnMut(&str, Value)>(at: &mut Path<'_, F>, disk: &DiskReading<String>) {
    let DiskReading {
        device: _,
        reads_total,
        writes_total,
        read_bytes_total,
        written_bytes_total,
        busy_milliseconds_total,
        wait_milliseconds_total,
        rates,
    } = disk;
    at.counter("readsTotal", *reads_total);
    at.counter("writesTotal", *writes_total);
    at.counter("readBytesTotal", *read_bytes_total);
    at.counter("writtenBytesTotal", *written_bytes_total);
    at.counter("busyMillisecondsTotal", *busy_milliseconds_total);
    at.counter("waitMillisecondsTotal", *wait_milliseconds_total);
    at.within("rates", rates, |at, rates| {
        let DiskRates {
            reads_per_second,
            writes_per_second,
            read_bytes_per_second,
            written_bytes_per_second,
            utilisation_percent,
            mean_wait_milliseconds,
        } = rates;
        at.gauge("readsPerSecond", reads_per_second);
        at.gauge("writesPerSecond", writes_per_second);
        at.gauge("readBytesPerSecond", read_bytes_per_second);
        at.gauge("writtenBytesPerSecond", written_bytes_per_second);
        at.gauge("utilisationPercent", utilisation_percent);
        at.gauge("meanWaitMilliseconds", mean_wait_milliseconds);
    });
}

fn interface<F: FnMut(&str, Value)>(at: &mut Path<'_, F>, interface: &InterfaceReading<String>) {
    let InterfaceReading {
        name: _,
        rx_bytes_total,
        tx_bytes_total,
        rx_packets_total,
        tx_packets_total,
        rx_errors_total,
        tx_errors_total,
        rx_dropped_total,
        tx_dropped_total,
        speed_bits_per_second,
        link_up,
    } = interface;
    at.counter("rxBytesTotal", *rx_bytes_total);
    at.counter("txBytesTotal", *tx_bytes_total);
    at.counter("rxPacketsTotal", *rx_packets_total);
    at.counter("txPacketsTotal", *tx_packets_total);
    at.counter("rxErrorsTotal", *rx_errors_total);
    at.counter("txErrorsTotal", *tx_errors_total);
    at.counter("rxDroppedTotal", *rx_dropped_total);
    at.counter("txDroppedTotal", *tx_dropped_total);
    at.gauge("speedBitsPerSecond", speed_bits_per_second);
    at.gauge("linkUp", link_up);
}

fn agent_fields<F: FnMut(&str, Value)>(at: &mut Path<'_, F>, agent: &AgentReading<Vec<SourceReading<String, String>>>) {
    let AgentReading {
        resident_bytes,
        anonymous_bytes,
        cpu_microseconds,
        samples_buffered,
        samples_dropped_total,
        samples_dropped_from: _,
        samples_dropped_until: _,
        samples_refused_total,
        request_failures_total,
        clock_offset_milliseconds,
        sources,
    } = agent;
    at.gauge("residentBytes", resident_bytes);
    at.gauge("anonymousBytes", anonymous_bytes);
    at.gauge("cpuMicroseconds", cpu_microseconds);
    at.gauge("samplesBuffered", samples_buffered);
    at.counter("samplesDroppedTotal", *samples_dropped_total);
    at.counter("samplesRefusedTotal", *samples_refused_total);
    at.counter("requestFailuresTotal", *request_failures_total);
    at.gauge("clockOffsetMilliseconds", clock_offset_milliseconds);
    at.within("sources", &Some(sources), |at, list| {
        at.members(
            list,
            |source| [&source.source],
            |at, SourceReading { source: _, duration_microseconds, error: _ }| {
                at.gauge("durationMicroseconds", duration_microseconds);
            },
        );
    });
}

#[cfg(test)]
mod tests {
    use neon_shared::time::Timestamp;
    use serde_json::Value as Json;

    use super::*;
    use crate::model::full_readings;

    fn sample(ms: i64, readings: Option<Readings>) -> Sample {
        Sample {
            timestamp: Timestamp::from_unix_ms(1_795_000_000_000 + ms),
            cpu_percent: 14.85,
            memory_percent: 3.09,
            disk_percent: 6.31,
            memory_used_gb: 0.73,
            memory_total_gb: 23.54,
            disk_used_gb: 47.7,
            disk_total_gb: 755.92,
            network_rx_bytes: 443_323_758,
            network_tx_bytes: 986_331,
            readings,
        }
    }

    fn visited(sample: &Sample) -> Vec<(String, Value)> {
        let mut list = Vec::new();
        visit(sample, &mut |name, value| list.push((name.to_owned(), value)));
        list
    }

    fn rates(rates: &mut Rates, sample: &Sample) -> HashMap<String, f64> {
        let mut list = HashMap::new();
        rates.visit(sample, &mut |name, value| {
            assert!(value.is_finite());
            assert!(list.insert(name.to_owned(), value).is_none(), "{name} twice");
        });
        list
    }

    /// Everything that is a number in the JSON form, or yes or no, by its name here.
    fn leaves(prefix: &str, json: &Json, list: &mut Vec<(String, f64)>) {
        let step = |name: &str| format!("{prefix}{name}");
        match json {
            Json::Object(fields) => {
                for (name, field) in fields {
                    match name.as_str() {
                        "core" => {}
                        "readings" => leaves(prefix, field, list),
                        _ if field.is_object() || field.is_array() => leaves(&step(&format!("{name}.")), field, list),
                        _ => leaves(&step(name), field, list),
                    }
                }
            }
            Json::Array(members) => {
                for member in members {
                    let texts =
                        ["core", "mountPoint", "chip", "name", "source"].iter().filter_map(|key| member.get(*key));
                    let mut key = texts.map(|text| text.as_str().map_or(text.to_string(), str::to_owned)).next();
                    if let Some(sensor) = member.get("sensor") {
                        key = key.map(|chip| format!("{chip}.{}", sensor.as_str().unwrap()));
                    }
                    let key = key.or_else(|| member["device"].as_str().map(str::to_owned)).unwrap();
                    leaves(&step(&format!("{key}.")), member, list);
                }
            }
            Json::Number(number) => list.push((prefix.to_owned(), number.as_f64().unwrap())),
            Json::Bool(value) => list.push((prefix.to_owned(), f64::from(u8::from(*value)))),
            Json::String(_) | Json::Null => {}
        }
    }

    #[test]
    fn every_number_of_the_json_form_is_visited_under_its_name() {
        let full = sample(0, Some(full_readings()));
        let mut expected = Vec::new();
        leaves("", &serde_json::to_value(&full).unwrap(), &mut expected);
        let mut seen: Vec<(String, f64)> = visited(&full)
            .into_iter()
            .map(|(name, value)| match value {
                Value::Gauge(value) => (name, value),
                Value::Counter(value) => (name, value as f64),
            })
            .collect();
        expected.sort_by(|one, other| one.0.cmp(&other.0));
        seen.sort_by(|one, other| one.0.cmp(&other.0));
        assert!(expected.len() > 100);
        assert_eq!(
            seen.iter().map(|field| &field.0).collect::<Vec<_>>(),
            expected.iter().map(|field| &field.0).collect::<Vec<_>>()
        );
        for ((name, seen), (_, expected)) in seen.iter().zip(&expected) {
            assert!((seen - expected).abs() <= expected.abs() * 1e-6, "{name}: {seen}, {expected}");
        }
    }

    #[test]
    fn the_names_that_there_can_be_are_listed() {
        let mut state = Rates::default();
        rates(&mut state, &sample(0, Some(full_readings())));
        let later = sample(1000, Some(Readings { uptime_seconds: Some(864_322), ..full_readings() }));
        let names: Vec<String> = {
            let mut list = Vec::new();
            state.visit(&later, &mut |name, _| list.push(name.to_owned()));
            list
        };
        // A key of the full sample is what stands between the list's name and the field's.
        let key = |name: &str| {
            let steps: Vec<&str> = name.split('.').collect();
            match *steps.as_slice() {
                [list @ ("cores" | "mounts" | "disks" | "interfaces"), _, ref rest @ ..] => {
                    format!("{list}.{{}}.{}", rest.join("."))
                }
                [list @ ("temperatures" | "fans"), _, _, field] => format!("{list}.{{}}.{{}}.{field}"),
                ["agent", "sources", _, field] => format!("agent.sources.{{}}.{field}"),
                _ => name.to_owned(),
            }
        };
        let mut generic: Vec<String> = names.iter().map(|name| key(name)).collect();
        let mut seen = std::collections::HashSet::new();
        generic.retain(|name| seen.insert(name.clone()));
        assert_eq!(generic, NAMES);
        let mut fixed = Vec::new();
        visit(&sample(0, None), &mut |name, value| {
            fixed.push(if matches!(value, Value::Counter(_)) { rate_name(name) } else { name.to_owned() });
        });
        assert_eq!(fixed, NAMES[..FIXED]);
    }

    #[test]
    fn counters_are_what_counts_since_some_start() {
        let counters: Vec<String> = visited(&sample(0, Some(full_readings())))
            .into_iter()
            .filter_map(|(name, value)| matches!(value, Value::Counter(_)).then_some(name))
            .collect();
        for name in &counters {
            let is_counter = name.ends_with("Total")
                || name.ends_with(".totalMicroseconds")
                || ["networkRxBytes", "networkTxBytes"].contains(&name.as_str());
            assert!(is_counter, "{name}");
        }
        let gauges = visited(&sample(0, Some(full_readings()))).into_iter();
        for (name, value) in gauges.filter(|(name, _)| name.ends_with("Total")) {
            assert_eq!(matches!(value, Value::Gauge(_)), name.ends_with("inodesTotal"), "{name}");
        }
    }

    #[test]
    fn a_key_cannot_be_taken_for_the_rest_of_a_name() {
        assert_eq!(key("/srv/a b"), "/srv/a b");
        assert_eq!(key("eth0.100"), "eth0~2E100");
        assert_eq!(key("a*,b~@\n\u{85}"), "a~2A~2Cb~7E~40~0A~C2~85");
        assert_eq!(key("ä"), "ä");
        let named = |names: &[&str]| {
            let interface =
                |name: &&str| InterfaceReading { name: (*name).to_owned(), link_up: Some(true), ..Default::default() };
            let interfaces = Some(names.iter().map(interface).collect());
            visited(&sample(0, Some(Readings { interfaces, ..Readings::default() })))
                .into_iter()
                .filter_map(|(name, _)| name.strip_suffix(".linkUp").map(str::to_owned))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            named(&["a", "b.c", "a", "a", "", "a@2"]),
            ["interfaces.a", "interfaces.b~2Ec", "interfaces.a@2", "interfaces.a@3", "interfaces.", "interfaces.a~402"]
        );
    }

    #[test]
    fn counters_are_amounts_a_second_between_samples_that_can_be_compared() {
        let at = |ms: i64, rx: u64| Sample { network_rx_bytes: rx, ..sample(ms, None) };
        let mut state = Rates::default();
        let mut rate = |sample: Sample| rates(&mut state, &sample).get("networkRxBytesPerSecond").copied();
        assert_eq!(rate(at(0, 1000)), None, "the first");
        assert_eq!(rate(at(10_000, 6000)), Some(500.0));
        assert_eq!(rate(at(20_000, 6000)), Some(0.0));
        assert_eq!(rate(at(30_000, 5000)), None, "backwards");
        assert_eq!(rate(at(40_000, 5010)), Some(1.0));
        assert_eq!(rate(at(40_000, 9000)), None, "no time has passed");
        assert_eq!(rate(at(39_000, 9001)), None, "the clock went back");
        assert_eq!(rate(at(49_000, 9011)), Some(1.0));
        assert_eq!(
            rate(at(49_000 + RATE_SPAN_MAX_MS, 9011 + RATE_SPAN_MAX_MS as u64)),
            Some(1000.0),
            "as long as can be"
        );
        assert_eq!(rate(at(49_001 + 2 * RATE_SPAN_MAX_MS, u64::MAX)), None, "too long");
        assert_eq!(rate(at(50_001 + 2 * RATE_SPAN_MAX_MS, 1)), None);
    }

    #[test]
    fn a_large_counter_loses_nothing() {
        let at = |ms: i64, rx: u64| Sample { network_rx_bytes: rx, ..sample(ms, None) };
        let mut state = Rates::default();
        rates(&mut state, &at(0, (1 << 62) + 1));
        assert_eq!(rates(&mut state, &at(1000, (1 << 62) + 8))["networkRxBytesPerSecond"], 7.0);
    }

    #[test]
    fn a_restart_or_a_clock_that_was_set_begins_anew() {
        let with = |ms: i64, rx: u64, boot: Option<&str>, uptime: Option<u64>| {
            let readings = Readings { boot_id: boot.map(str::to_owned), uptime_seconds: uptime, ..Readings::default() };
            Sample { network_rx_bytes: rx, ..sample(ms, Some(readings)) }
        };
        let mut state = Rates::default();
        let mut rate = |sample: Sample| rates(&mut state, &sample).get("networkRxBytesPerSecond").copied();
        assert_eq!(rate(with(0, 0, Some("a"), Some(100))), None);
        assert_eq!(rate(with(10_000, 10, Some("a"), Some(110))), Some(1.0));
        assert_eq!(rate(with(20_000, 1000, Some("b"), Some(120))), None, "another boot");
        assert_eq!(rate(with(30_000, 1010, Some("b"), Some(129))), Some(1.0), "whole seconds");
        assert_eq!(rate(with(40_000, 1020, Some("b"), Some(5))), None, "it has not been up for as long");
        assert_eq!(rate(with(50_000, 1030, Some("b"), Some(15))), Some(1.0));
        assert_eq!(rate(with(60_000, 9030, Some("b"), Some(100))), None, "the clock was set back");
        assert_eq!(rate(with(70_000, 9040, None, None)), Some(1.0), "nothing is known to speak against it");
        assert_eq!(rate(with(80_000, 9050, Some("b"), Some(u64::MAX))), Some(1.0));
        assert_eq!(rate(with(90_000, 9060, Some("b"), Some(3))), None);
    }

    #[test]
    fn what_was_not_there_before_has_no_rate() {
        let with = |ms: i64, names: &[&str], rx: u64| {
            let interface =
                |name: &&str| InterfaceReading { name: (*name).to_owned(), rx_bytes_total: rx, ..Default::default() };
            let interfaces = Some(names.iter().map(interface).collect());
            sample(ms, Some(Readings { interfaces, ..Readings::default() }))
        };
        let mut state = Rates::default();
        let mut rate = |sample: Sample| rates(&mut state, &sample).get("interfaces.b.rxBytesPerSecond").copied();
        assert_eq!(rate(with(0, &["a", "b"], 0)), None);
        assert_eq!(rate(with(1000, &["a", "b"], 1)), Some(1.0));
        assert_eq!(rate(with(2000, &["a"], 2)), None);
        assert_eq!(rate(with(3000, &["a", "b"], 3)), None, "it was away");
        assert_eq!(rate(with(4000, &["a", "b"], 4)), Some(1.0));
        for number in 0..1000 {
            rate(with(5000 + number, &[&number.to_string()], 5));
        }
        assert!(state.counters.len() < 20, "only the last sample's are kept");
        state.reset();
        assert!(rates(&mut state, &with(9_000, &["999"], 6)).keys().all(|name| !name.ends_with("PerSecond")));
    }
}
