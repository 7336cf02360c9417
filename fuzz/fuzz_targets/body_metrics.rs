//! A metrics report's body: each sample is accepted or refused, what is accepted is within its ranges with or without
//! its readings, and all of it is accepted and the same when it is sent again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_fuzz::intake;
use neon_fuzz::model::{Readings, Sample};
use neon_shared::api::MetricsRequest;
use neon_shared::readings::{CpuShares, Stall, Stalls};
use neon_shared::time::Timestamp;
use serde_json::value::RawValue;

/// The clock of the master: the time of the seeds and four minutes, so that both sides of the limit are near.
const NOW: &str = "2026-11-23T09:12:03.022Z";
const CLOCK_AHEAD_MAX_MS: i64 = 5 * 60 * 1000;

fuzz_target!(|body: &[u8]| {
    let now = Timestamp::parse(NOW).expect("a time");
    let sorted = match intake::metrics(body, now) {
        Ok(sorted) => sorted,
        Err(reason) => return assert!(!reason.is_empty() && reason.len() <= 1024, "{reason}"),
    };
    let sent: MetricsRequest<Vec<Box<RawValue>>> = serde_json::from_slice(body).expect("a list, as it was accepted");
    assert_eq!(sorted.accepted.len() + sorted.refused.len(), sent.metrics.len());
    assert!(!sorted.accepted.is_empty());
    assert!(sorted.reduced.len() <= sorted.accepted.iter().filter(|sample| sample.readings.is_none()).count());
    match sorted.summary() {
        None => assert!(sorted.refused.is_empty() && sorted.reduced.is_empty()),
        Some(summary) => {
            assert_eq!(summary.accepted + summary.refused, sent.metrics.len() as u64);
            assert_eq!(summary.without_readings.unwrap_or(0), sorted.reduced.len() as u64);
            assert_eq!(summary.reasons.len(), (sorted.refused.len() + sorted.reduced.len()).min(10));
        }
    }
    sorted.accepted.iter().for_each(|sample| check(sample, now));

    let again = serde_json::to_vec(&MetricsRequest { metrics: &sorted.accepted }).expect("JSON");
    let again = intake::metrics(&again, now).expect("what was accepted is accepted again");
    assert_eq!((&again.accepted, again.summary()), (&sorted.accepted, None));
});

fn check(sample: &Sample, now: Timestamp) {
    assert!(sample.timestamp.unix_ms() <= now.unix_ms() + CLOCK_AHEAD_MAX_MS);
    for percent in [sample.cpu_percent, sample.memory_percent, sample.disk_percent] {
        assert!((0.0..=100.0).contains(&percent));
    }
    for gb in [sample.memory_used_gb, sample.memory_total_gb, sample.disk_used_gb, sample.disk_total_gb] {
        assert!((0.0..=16_777_216.0).contains(&gb));
    }
    assert!(sample.network_rx_bytes.max(sample.network_tx_bytes) <= i64::MAX as u64);
    if let Some(readings) = &sample.readings {
        check_readings(readings);
    }
}

/// Some of each kind, by hand: the intake derives the ranges from the names, and this is what they should come to.
fn check_readings(readings: &Readings) {
    let cores = readings.cores.iter().flatten();
    for shares in readings.cpu.iter().chain(cores) {
        let CpuShares { user_percent, system_percent, iowait_percent, steal_percent, irq_percent, .. } = *shares;
        for percent in [user_percent, system_percent, iowait_percent, steal_percent, irq_percent] {
            assert!((0.0..=100.0).contains(&percent));
        }
    }
    for load in [readings.load1, readings.load5, readings.load15].into_iter().flatten() {
        assert!(load.is_finite() && load >= 0.0);
    }
    let pressure = readings.pressure.unwrap_or_default();
    for Stalls { some, full } in [pressure.cpu, pressure.memory, pressure.io].into_iter().flatten() {
        for Stall { avg10_percent, avg60_percent, total_microseconds } in some.into_iter().chain(full) {
            assert!((0.0..=100.0).contains(&avg10_percent) && (0.0..=100.0).contains(&avg60_percent));
            assert!(total_microseconds <= i64::MAX as u64);
        }
    }
    for mount in readings.mounts.iter().flatten() {
        for text in [&mount.mount_point, &mount.device, &mount.fs_type] {
            assert!(text.len() <= 4096 && !text.contains('\0'));
        }
        assert!(mount.total_bytes.max(mount.used_bytes).max(mount.available_bytes) <= i64::MAX as u64);
    }
    for rates in readings.disks.iter().flatten().filter_map(|disk| disk.rates) {
        assert!((0.0..=100.0).contains(&rates.utilisation_percent));
        assert!(rates.reads_per_second.is_finite() && rates.reads_per_second >= 0.0);
        assert!(rates.mean_wait_milliseconds.is_none_or(|wait| wait.is_finite() && wait >= 0.0));
    }
    for temperature in readings.temperatures.iter().flatten() {
        assert!(temperature.celsius.is_finite() && temperature.celsius >= -273.15);
    }
    let lengths = [
        readings.cores.as_ref().map(Vec::len),
        readings.mounts.as_ref().map(Vec::len),
        readings.disks.as_ref().map(Vec::len),
        readings.interfaces.as_ref().map(Vec::len),
        readings.temperatures.as_ref().map(Vec::len),
        readings.fans.as_ref().map(Vec::len),
        readings.agent.as_ref().map(|agent| agent.sources.len()),
    ];
    assert!(lengths.into_iter().flatten().all(|length| length <= 1024));
}
