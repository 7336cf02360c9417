//! A sample with everything its host said, as it is sent, stored and shown.

use neon_shared::metrics::ServerMetrics;
use neon_shared::readings::{
    CpuShares, DiskReading, FanReading, InterfaceReading, MountReading, SourceReading, TemperatureReading,
};

/// One sample. Its readings are absent from an agent that does not send them.
pub type Sample = ServerMetrics<Readings>;

/// What a host said beyond the fixed fields of a sample.
pub type Readings = neon_shared::readings::Readings<
    String,
    Vec<CpuShares>,
    Vec<MountReading<String>>,
    Vec<DiskReading<String>>,
    Vec<InterfaceReading<String>>,
    Vec<TemperatureReading<String>>,
    Vec<FanReading<String>>,
    Vec<SourceReading<String, String>>,
>;

/// How much of a sample is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// The fixed fields alone: additions are not even read.
    Fixed,
    /// Those, and which run of the host it is, without which growth of counters cannot be told.
    Boot,
    /// Everything.
    Readings,
}

/// A sample as it was stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSample {
    /// Itself. Its readings are as whole as was asked for; absent where they are damaged.
    pub sample: Sample,
    /// How long after it was taken it arrived, in whole minutes.
    pub late_minutes: u16,
}

/// Readings with every field there is, each with a value of its own. No `..Default`, so that one more does not compile
/// until it stands here, and with it in the tests of intake and schemas.
#[cfg(test)]
pub(crate) fn full_readings() -> Readings {
    use neon_shared::readings::*;
    use neon_shared::time::Timestamp;

    let shares = |core| CpuShares {
        core,
        user_percent: 12.5,
        system_percent: 3.25,
        iowait_percent: 0.07,
        steal_percent: 0.0,
        irq_percent: 100.0,
    };
    let stall = |avg10_percent| Stall { avg10_percent, avg60_percent: 0.33, total_microseconds: 81_234_567 };
    let stalls = Stalls { some: Some(stall(1.25)), full: Some(stall(0.5)) };
    Readings {
        cpu: Some(shares(None)),
        cores: Some(vec![shares(Some(0)), shares(Some(5))]),
        cores_left_out: Some(44),
        load1: Some(0.52),
        load5: Some(1.5),
        load15: Some(128.0),
        context_switches_total: Some(9_876_543_210),
        running_tasks: Some(2),
        blocked_tasks: Some(0),
        processes: Some(211),
        threads: Some(845),
        pressure: Some(Pressure { cpu: Some(stalls), memory: Some(stalls), io: Some(stalls) }),
        memory: Some(MemoryReading {
            total_bytes: 25_276_248_064,
            available_bytes: 24_495_000_000,
            free_bytes: Some(20_000_000_000),
            buffers_bytes: Some(1_000_000),
            cached_bytes: Some(4_000_000_000),
            dirty_bytes: Some(4096),
            swap_total_bytes: Some(2_147_483_648),
            swap_used_bytes: Some(1),
            zfs_arc_bytes: Some(8_589_934_592),
            oom_kills_total: Some(3),
        }),
        mounts: Some(vec![MountReading {
            mount_point: "/srv/a b".to_owned(),
            device: "/dev/vda1".to_owned(),
            fs_type: "ext4".to_owned(),
            total_bytes: 811_663_302_656,
            used_bytes: 51_218_702_336,
            available_bytes: 719_137_972_224,
            inodes_total: Some(50_331_648),
            inodes_used: Some(612_345),
            read_only: true,
        }]),
        mounts_left_out: Some(1),
        disks: Some(vec![DiskReading {
            device: "vda".to_owned(),
            reads_total: 12_345,
            writes_total: 67_890,
            read_bytes_total: 505_651_200,
            written_bytes_total: 2_780_774_400,
            busy_milliseconds_total: 98_765,
            wait_milliseconds_total: 123_456,
            rates: Some(DiskRates {
                reads_per_second: 1.25,
                writes_per_second: 33.4,
                read_bytes_per_second: 40_960,
                written_bytes_per_second: 1_368_064,
                utilisation_percent: 2.19,
                mean_wait_milliseconds: Some(0.63),
            }),
        }]),
        disks_left_out: Some(2),
        interfaces: Some(vec![InterfaceReading {
            name: "eth0".to_owned(),
            rx_bytes_total: 443_323_758,
            tx_bytes_total: 986_331,
            rx_packets_total: 301_234,
            tx_packets_total: 12_345,
            rx_errors_total: 1,
            tx_errors_total: 2,
            rx_dropped_total: 3,
            tx_dropped_total: 4,
            speed_bits_per_second: Some(10_000_000_000),
            link_up: Some(true),
        }]),
        interfaces_left_out: Some(3),
        sockets: Some(SocketsReading { tcp_in_use: 12, tcp_time_wait: 7, udp_in_use: 5 }),
        conntrack: Some(ConntrackReading { entries: 321, entries_max: 262_144 }),
        temperatures: Some(vec![TemperatureReading {
            chip: "coretemp".to_owned(),
            sensor: "Package id 0".to_owned(),
            celsius: -12.5,
        }]),
        fans: Some(vec![FanReading {
            chip: "nct6775".to_owned(),
            sensor: "fan1".to_owned(),
            revolutions_per_minute: 1180,
        }]),
        uptime_seconds: Some(864_321),
        booted_at: Timestamp::parse("2026-11-13T08:02:42.000Z"),
        boot_id: Some("1c9b0a3e-7c53-4f4f-9b6f-8a2f0c1d2e3f".to_owned()),
        open_files: Some(2144),
        open_files_max: Some(i64::MAX as u64),
        agent: Some(AgentReading {
            resident_bytes: Some(2_883_584),
            anonymous_bytes: Some(733_184),
            cpu_microseconds: Some(154),
            samples_buffered: 1,
            samples_dropped_total: 2,
            samples_dropped_from: Timestamp::parse("2026-11-22T21:08:03.022Z"),
            samples_dropped_until: Timestamp::parse("2026-11-22T21:13:03.022Z"),
            samples_refused_total: Some(4),
            request_failures_total: 3,
            clock_offset_milliseconds: Some(-4321),
            sources: vec![SourceReading {
                source: "stat".to_owned(),
                duration_microseconds: 21,
                error: Some("Truncated in line 3".to_owned()),
            }],
        }),
    }
}
