//! The newest readings of servers under node_exporter's names, where they mean the same, and under `neon_` where they do not
//! (docs/decisions/0106).
//!
//! A family's numbers stand together, so those of all servers are gathered before the first is written: 32 bytes each and what
//! tells apart those of one server. [`NUMBERS_MAX`] of them at a time; servers past that are left out, and counted.

use std::sync::Arc;

use neon_shared::readings::{MountReading, Stalls};

use super::exposition::{Exposition, Form, Kind, label};
use crate::model::{Readings, Sample, ServerStatus, ServerSummary};

/// Most numbers that are gathered: 10,000 servers with 50 each.
pub const NUMBERS_MAX: usize = 500_000;
/// How much text is made at a time.
const CHUNK_BYTES: usize = 64 << 10;

macro_rules! families {
    ($($family:ident $kind:ident $name:literal $help:literal)+) => {
        #[derive(Clone, Copy)]
        enum Family { $($family),+ }

        const FAMILIES: &[(&str, Kind, &str)] = &[$(($name, Kind::$kind, $help)),+];
    };
}

families! {
    Up Gauge "neon_server_up" "Whether the server is heard."
    LastSeen Gauge "neon_server_last_seen_timestamp_seconds" "When the server was heard last, by the master's clock."
    SampleTime Gauge "neon_sample_timestamp_seconds" "When the readings were taken, by the server's clock."
    Info Gauge "neon_server_info" "What the server is."
    Cpu Gauge "neon_cpu_used_ratio" "Share of the processors' time that was not idle between the two newest samples, 0 to 1."
    CpuMode Gauge "neon_cpu_mode_ratio" "Share of the processors' time in a mode between the two newest samples, 0 to 1."
    Load1 Gauge "node_load1" "1m load average."
    Load5 Gauge "node_load5" "5m load average."
    Load15 Gauge "node_load15" "15m load average."
    ContextSwitches Counter "node_context_switches_total" "Total number of context switches."
    Running Gauge "node_procs_running" "Number of processes in runnable state."
    Blocked Gauge "node_procs_blocked" "Number of processes blocked waiting for I/O to complete."
    Processes Gauge "neon_processes" "Processes that exist."
    Threads Gauge "neon_threads" "Threads that exist, the kernel's own included."
    BootTime Gauge "node_boot_time_seconds" "Node boot time, in unixtime."
    Allocated Gauge "node_filefd_allocated" "File descriptor statistics: allocated."
    Maximum Gauge "node_filefd_maximum" "File descriptor statistics: maximum."
    MemTotal Gauge "node_memory_MemTotal_bytes" "Memory information field MemTotal_bytes."
    MemAvailable Gauge "node_memory_MemAvailable_bytes" "Memory information field MemAvailable_bytes."
    MemFree Gauge "node_memory_MemFree_bytes" "Memory information field MemFree_bytes."
    Buffers Gauge "node_memory_Buffers_bytes" "Memory information field Buffers_bytes."
    Cached Gauge "node_memory_Cached_bytes" "Memory information field Cached_bytes."
    Dirty Gauge "node_memory_Dirty_bytes" "Memory information field Dirty_bytes."
    SwapTotal Gauge "node_memory_SwapTotal_bytes" "Memory information field SwapTotal_bytes."
    SwapFree Gauge "node_memory_SwapFree_bytes" "Memory information field SwapFree_bytes."
    OomKill Unknown "node_vmstat_oom_kill" "/proc/vmstat information field oom_kill."
    PressureCpuSome Counter "node_pressure_cpu_waiting_seconds_total" "Total time in seconds that processes have waited for CPU time."
    PressureMemorySome Counter "node_pressure_memory_waiting_seconds_total" "Total time in seconds that processes have waited for memory."
    PressureMemoryFull Counter "node_pressure_memory_stalled_seconds_total" "Total time in seconds no process could make progress due to memory congestion."
    PressureIoSome Counter "node_pressure_io_waiting_seconds_total" "Total time in seconds that processes have waited due to IO congestion."
    PressureIoFull Counter "node_pressure_io_stalled_seconds_total" "Total time in seconds no process could make progress due to IO congestion."
    FsSize Gauge "node_filesystem_size_bytes" "Filesystem size in bytes."
    FsAvail Gauge "node_filesystem_avail_bytes" "Filesystem space available to non-root users in bytes."
    FsFree Gauge "node_filesystem_free_bytes" "Filesystem free space in bytes."
    FsFiles Gauge "node_filesystem_files" "Filesystem total file nodes."
    FsFilesFree Gauge "node_filesystem_files_free" "Filesystem total free file nodes."
    FsReadOnly Gauge "node_filesystem_readonly" "Filesystem read-only status."
    DiskReads Counter "node_disk_reads_completed_total" "The total number of reads completed successfully."
    DiskWrites Counter "node_disk_writes_completed_total" "The total number of writes completed successfully."
    DiskReadBytes Counter "node_disk_read_bytes_total" "The total number of bytes read successfully."
    DiskWrittenBytes Counter "node_disk_written_bytes_total" "The total number of bytes written successfully."
    DiskTime Counter "node_disk_io_time_seconds_total" "Total seconds spent doing I/Os."
    NetRx Counter "node_network_receive_bytes_total" "Network device statistic receive_bytes."
    NetTx Counter "node_network_transmit_bytes_total" "Network device statistic transmit_bytes."
    NetRxPackets Counter "node_network_receive_packets_total" "Network device statistic receive_packets."
    NetTxPackets Counter "node_network_transmit_packets_total" "Network device statistic transmit_packets."
    NetRxErrors Counter "node_network_receive_errs_total" "Network device statistic receive_errs."
    NetTxErrors Counter "node_network_transmit_errs_total" "Network device statistic transmit_errs."
    NetRxDropped Counter "node_network_receive_drop_total" "Network device statistic receive_drop."
    NetTxDropped Counter "node_network_transmit_drop_total" "Network device statistic transmit_drop."
    NetUp Gauge "node_network_up" "Value is 1 if operstate is 'up', 0 otherwise."
    NetSpeed Gauge "node_network_speed_bytes" "Network device property: speed_bytes."
    Conntrack Gauge "node_nf_conntrack_entries" "Number of currently allocated flow entries for connection tracking."
    ConntrackMax Gauge "node_nf_conntrack_entries_limit" "Maximum size of connection tracking table."
    Tcp Gauge "neon_sockets_tcp_in_use" "TCP sockets that are connected or listen, IPv4 and IPv6."
    Udp Gauge "neon_sockets_udp_in_use" "UDP sockets, IPv4 and IPv6."
    Temperature Gauge "neon_temperature_celsius" "Temperature sensors."
    Fan Gauge "neon_fan_rpm" "Fans, in revolutions per minute."
    LeftOut Gauge "neon_servers_left_out" "Servers whose readings are not in this answer, there being too many numbers."
}

struct Number {
    server: u32,
    labels: Option<Arc<str>>,
    value: f64,
}

/// The numbers of many servers.
pub struct Node {
    /// `instance="…"` of each server.
    instances: Vec<String>,
    families: Vec<Vec<Number>>,
    count: usize,
    max: usize,
    left_out: u64,
}

impl Node {
    /// At most `max` numbers.
    pub fn new(max: usize) -> Self {
        let families = FAMILIES.iter().map(|_| Vec::new()).collect();
        Self { instances: Vec::new(), families, count: 0, max, left_out: 0 }
    }

    /// A server, and its newest sample where it is heard: old ones are no readings of now.
    pub fn add(&mut self, server: &ServerSummary, sample: Option<&Sample>) {
        self.instances.push(label("instance", &server.name));
        let is_up = server.status != ServerStatus::Offline;
        self.one(Family::Up, f64::from(u8::from(is_up)));
        self.one(Family::LastSeen, seconds(server.last_seen_at.unix_ms()));
        let info: Arc<str> =
            format!("{},{}", label("id", &server.id.to_string()), label("nodename", &server.hostname)).into();
        self.push(Family::Info, Some(&info), 1.0);
        let Some(sample) = sample.filter(|_| is_up) else { return };
        if self.count >= self.max {
            self.left_out += 1;
            return;
        }
        self.one(Family::SampleTime, seconds(sample.timestamp.unix_ms()));
        self.one(Family::Cpu, sample.cpu_percent / 100.0);
        if let Some(readings) = &sample.readings {
            self.host(readings);
            self.pressure(readings);
            self.mounts(readings.mounts.as_deref().unwrap_or_default());
            self.devices(readings);
        }
    }

    fn push(&mut self, family: Family, labels: Option<&Arc<str>>, value: f64) {
        let server = u32::try_from(self.instances.len()).unwrap_or(u32::MAX).saturating_sub(1);
        if let Some(numbers) = self.families.get_mut(family as usize) {
            numbers.push(Number { server, labels: labels.cloned(), value });
            self.count += 1;
        }
    }

    fn one(&mut self, family: Family, value: f64) {
        self.push(family, None, value);
    }

    fn some(&mut self, family: Family, value: Option<u64>) {
        if let Some(value) = value {
            self.one(family, value as f64);
        }
    }

    fn host(&mut self, readings: &Readings) {
        if let Some(cpu) = &readings.cpu {
            for (mode, percent) in [
                ("user", cpu.user_percent),
                ("system", cpu.system_percent),
                ("iowait", cpu.iowait_percent),
                ("steal", cpu.steal_percent),
                ("irq", cpu.irq_percent),
            ] {
                self.push(Family::CpuMode, Some(&label("mode", mode).into()), f64::from(percent) / 100.0);
            }
        }
        for (family, load) in
            [(Family::Load1, readings.load1), (Family::Load5, readings.load5), (Family::Load15, readings.load15)]
        {
            if let Some(load) = load {
                self.one(family, shortest(load));
            }
        }
        self.some(Family::ContextSwitches, readings.context_switches_total);
        self.some(Family::Running, readings.running_tasks);
        self.some(Family::Blocked, readings.blocked_tasks);
        self.some(Family::Processes, readings.processes);
        self.some(Family::Threads, readings.threads);
        self.some(Family::Allocated, readings.open_files);
        self.some(Family::Maximum, readings.open_files_max);
        if let Some(booted_at) = readings.booted_at {
            self.one(Family::BootTime, seconds(booted_at.unix_ms()));
        }
        if let Some(memory) = &readings.memory {
            self.some(Family::MemTotal, Some(memory.total_bytes));
            self.some(Family::MemAvailable, Some(memory.available_bytes));
            self.some(Family::MemFree, memory.free_bytes);
            self.some(Family::Buffers, memory.buffers_bytes);
            self.some(Family::Cached, memory.cached_bytes);
            self.some(Family::Dirty, memory.dirty_bytes);
            self.some(Family::SwapTotal, memory.swap_total_bytes);
            self.some(
                Family::SwapFree,
                memory.swap_total_bytes.zip(memory.swap_used_bytes).map(|(all, used)| all.saturating_sub(used)),
            );
            self.some(Family::OomKill, memory.oom_kills_total);
        }
        if let Some(conntrack) = &readings.conntrack {
            self.some(Family::Conntrack, Some(conntrack.entries));
            self.some(Family::ConntrackMax, Some(conntrack.entries_max));
        }
        if let Some(sockets) = &readings.sockets {
            self.some(Family::Tcp, Some(sockets.tcp_in_use));
            self.some(Family::Udp, Some(sockets.udp_in_use));
        }
    }

    fn pressure(&mut self, readings: &Readings) {
        let Some(pressure) = &readings.pressure else { return };
        let mut stalls = |stalls: Option<&Stalls>, some: Option<Family>, full: Option<Family>| {
            let Some(stalls) = stalls else { return };
            for (family, stall) in [(some, &stalls.some), (full, &stalls.full)] {
                if let (Some(family), Some(stall)) = (family, stall) {
                    self.one(family, stall.total_microseconds as f64 / 1_000_000.0);
                }
            }
        };
        stalls(pressure.cpu.as_ref(), Some(Family::PressureCpuSome), None);
        stalls(pressure.memory.as_ref(), Some(Family::PressureMemorySome), Some(Family::PressureMemoryFull));
        stalls(pressure.io.as_ref(), Some(Family::PressureIoSome), Some(Family::PressureIoFull));
    }

    fn mounts(&mut self, mounts: &[MountReading<String>]) {
        for mount in mounts {
            let labels = [("device", &mount.device), ("fstype", &mount.fs_type), ("mountpoint", &mount.mount_point)];
            let labels: Arc<str> = labels.map(|(name, value)| label(name, value)).join(",").into();
            let mut number = |family, value: u64| self.push(family, Some(&labels), value as f64);
            number(Family::FsSize, mount.total_bytes);
            number(Family::FsAvail, mount.available_bytes);
            number(Family::FsFree, mount.total_bytes.saturating_sub(mount.used_bytes));
            number(Family::FsReadOnly, u64::from(mount.read_only));
            if let Some((all, used)) = mount.inodes_total.zip(mount.inodes_used) {
                number(Family::FsFiles, all);
                number(Family::FsFilesFree, all.saturating_sub(used));
            }
        }
    }

    fn devices(&mut self, readings: &Readings) {
        for disk in readings.disks.as_deref().unwrap_or_default() {
            let labels: Arc<str> = label("device", &disk.device).into();
            self.push(Family::DiskReads, Some(&labels), disk.reads_total as f64);
            self.push(Family::DiskWrites, Some(&labels), disk.writes_total as f64);
            self.push(Family::DiskReadBytes, Some(&labels), disk.read_bytes_total as f64);
            self.push(Family::DiskWrittenBytes, Some(&labels), disk.written_bytes_total as f64);
            self.push(Family::DiskTime, Some(&labels), disk.busy_milliseconds_total as f64 / 1000.0);
        }
        for interface in readings.interfaces.as_deref().unwrap_or_default() {
            let labels: Arc<str> = label("device", &interface.name).into();
            for (family, value) in [
                (Family::NetRx, Some(interface.rx_bytes_total)),
                (Family::NetTx, Some(interface.tx_bytes_total)),
                (Family::NetRxPackets, Some(interface.rx_packets_total)),
                (Family::NetTxPackets, Some(interface.tx_packets_total)),
                (Family::NetRxErrors, Some(interface.rx_errors_total)),
                (Family::NetTxErrors, Some(interface.tx_errors_total)),
                (Family::NetRxDropped, Some(interface.rx_dropped_total)),
                (Family::NetTxDropped, Some(interface.tx_dropped_total)),
                (Family::NetUp, interface.link_up.map(u64::from)),
                (Family::NetSpeed, interface.speed_bits_per_second.map(|bits| bits / 8)),
            ] {
                if let Some(value) = value {
                    self.push(family, Some(&labels), value as f64);
                }
            }
        }
        for sensor in readings.temperatures.as_deref().unwrap_or_default() {
            let labels = format!("{},{}", label("chip", &sensor.chip), label("sensor", &sensor.sensor));
            self.push(Family::Temperature, Some(&labels.into()), shortest(sensor.celsius));
        }
        for fan in readings.fans.as_deref().unwrap_or_default() {
            let labels = format!("{},{}", label("chip", &fan.chip), label("sensor", &fan.sensor));
            self.push(Family::Fan, Some(&labels.into()), fan.revolutions_per_minute as f64);
        }
    }

    /// The text, some at a time; what is written is let go of.
    pub fn chunks(self, form: Form) -> impl Iterator<Item = String> + Send {
        let Self { instances, families, left_out, .. } = self;
        let mut families = FAMILIES.iter().zip(families);
        let mut current: Option<(&str, std::vec::IntoIter<Number>)> = None;
        let mut is_over = false;
        std::iter::from_fn(move || {
            let mut text = Exposition::new(form);
            while !is_over && text.text.len() < CHUNK_BYTES {
                if let Some((name, numbers)) = &mut current
                    && let Some(number) = numbers.next()
                {
                    let instance = instances.get(number.server as usize).map_or("", String::as_str);
                    match &number.labels {
                        None => text.number(name, instance, number.value),
                        Some(labels) => text.number(name, &format!("{instance},{labels}"), number.value),
                    }
                    continue;
                }
                match families.next() {
                    Some(((name, kind, help), numbers)) if !numbers.is_empty() => {
                        text.family(name, *kind, help);
                        current = Some((name, numbers.into_iter()));
                    }
                    Some(_) => {}
                    None => {
                        let Some((name, kind, help)) = FAMILIES.get(Family::LeftOut as usize) else { break };
                        text.single(name, *kind, help, left_out as f64);
                        is_over = true;
                    }
                }
            }
            (!text.text.is_empty()).then_some(text.text)
        })
    }
}

fn seconds(unix_ms: i64) -> f64 {
    unix_ms as f64 / 1000.0
}

/// The number of 64 bits that is written like this one: 0.1 and not 0.10000000149.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

#[cfg(test)]
mod tests {
    use neon_shared::time::Timestamp;

    use super::*;
    use crate::model::full_readings;

    fn server(name: &str, status: ServerStatus) -> ServerSummary {
        let time = Timestamp::from_unix_ms(1_500);
        ServerSummary {
            id: 7,
            name: name.to_owned(),
            hostname: "h".to_owned(),
            ip_address: String::new(),
            status,
            container_count: 0,
            cpu: None,
            memory: None,
            disk: None,
            cpu_cores: 1,
            total_memory_gb: 1.0,
            total_disk_gb: 1.0,
            last_metrics_at: Some(time),
            last_seen_at: time,
            display_name: None,
            group: None,
            tags: Vec::new(),
            maintenance: None,
            edited_at: None,
        }
    }

    fn sample() -> Sample {
        Sample {
            timestamp: Timestamp::from_unix_ms(1_500),
            cpu_percent: 25.0,
            memory_percent: 0.0,
            disk_percent: 0.0,
            memory_used_gb: 0.0,
            memory_total_gb: 0.0,
            disk_used_gb: 0.0,
            disk_total_gb: 0.0,
            network_rx_bytes: 0,
            network_tx_bytes: 0,
            readings: Some(full_readings()),
        }
    }

    fn text(node: Node) -> String {
        node.chunks(Form::Text).collect()
    }

    #[test]
    fn each_family_is_there_once_with_all_its_servers() {
        let mut node = Node::new(NUMBERS_MAX);
        node.add(&server("a", ServerStatus::Online), Some(&sample()));
        node.add(&server("b", ServerStatus::Online), Some(&sample()));
        let text = text(node);
        for (name, ..) in FAMILIES {
            assert_eq!(text.matches(&format!("# TYPE {name} ")).count(), 1, "{name}");
        }
        let lines: Vec<&str> = text.lines().collect();
        let at = lines.iter().position(|line| *line == "neon_cpu_used_ratio{instance=\"a\"} 0.25").unwrap();
        assert_eq!(lines[at + 1], "neon_cpu_used_ratio{instance=\"b\"} 0.25");
    }

    #[test]
    fn a_server_that_is_offline_has_no_readings() {
        let mut node = Node::new(NUMBERS_MAX);
        node.add(&server("a", ServerStatus::Offline), Some(&sample()));
        let text = text(node);
        assert!(text.contains("neon_server_up{instance=\"a\"} 0\n") && !text.contains("node_"), "{text}");
    }

    #[test]
    fn past_the_bound_servers_are_left_out_and_counted() {
        let mut node = Node::new(10);
        for name in ["a", "b", "c"] {
            node.add(&server(name, ServerStatus::Online), Some(&sample()));
        }
        let text = text(node);
        assert!(text.contains("neon_servers_left_out 2\n") && text.contains("node_load1{instance=\"a\"}"), "{text}");
        assert!(text.contains("neon_server_up{instance=\"c\"} 1\n") && !text.contains("node_load1{instance=\"b\"}"));
    }

    #[test]
    fn the_text_comes_in_pieces() {
        let mut node = Node::new(NUMBERS_MAX);
        for number in 0..2000 {
            node.add(&server(&format!("server-{number}"), ServerStatus::Online), Some(&sample()));
        }
        let sizes: Vec<usize> = node.chunks(Form::Text).map(|chunk| chunk.len()).collect();
        assert!(sizes.len() > 20 && sizes.iter().all(|size| *size < 2 * CHUNK_BYTES), "{}", sizes.len());
    }
}
