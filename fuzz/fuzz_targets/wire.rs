//! The wire: what is written reads back the same, in a buffer of any size, and times survive.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use neon_agent_core::wire;
use neon_shared::api::MetricsRequest;
use neon_shared::metrics::ServerMetrics;
use neon_shared::time::Timestamp;

#[derive(Arbitrary, Debug)]
struct Input {
    samples: Vec<(i64, [u32; 7], u64, u64)>,
    room: u16,
    time: String,
}

fuzz_target!(|input: Input| {
    let samples: Vec<ServerMetrics> = input.samples.iter().map(sample).collect();
    let mut buffer = vec![0; usize::from(input.room)];
    if let Ok((length, written)) = wire::metrics(samples.iter(), &mut buffer) {
        let read: MetricsRequest<Vec<ServerMetrics>> = serde_json::from_slice(&buffer[..length]).expect("JSON");
        assert_eq!(read.metrics, samples[..written]);
    }
    if let Some(time) = Timestamp::parse(&input.time) {
        assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
    }
});

fn sample((ms, hundredths, rx_bytes, tx_bytes): &(i64, [u32; 7], u64, u64)) -> ServerMetrics {
    let [cpu, memory, disk, memory_used, memory_total, disk_used, disk_total] =
        hundredths.map(|n| f64::from(n) / 100.0);
    ServerMetrics {
        timestamp: Timestamp::from_unix_ms(*ms),
        cpu_percent: cpu,
        memory_percent: memory,
        disk_percent: disk,
        memory_used_gb: memory_used,
        memory_total_gb: memory_total,
        disk_used_gb: disk_used,
        disk_total_gb: disk_total,
        network_rx_bytes: *rx_bytes,
        network_tx_bytes: *tx_bytes,
        readings: None,
    }
}
