//! The benches' hosts (two processors, five file systems, four interfaces), and how they go on: counters as they did since
//! boot, give or take a half, and everything else moves about.

use serde_json::{Number, Value};

/// Two disks and nothing else: the host of the promises.
pub const PLAIN: &str = include_str!("../../fixtures/host-plain.json");
/// Four disks, seven sensors, ZFS and connection tracking as well.
pub const RICH: &str = include_str!("../../fixtures/host-rich.json");
/// From one sample to the next.
pub const INTERVAL_MS: i64 = 300_000;
/// How long the host had been up.
const UPTIME_S: f64 = 358_213.0;
/// From here on a counter grows no faster.
const COUNTER_MAX: f64 = 1e15;

/// The same host five minutes later.
pub fn grow(sample: &mut Value, random: &mut fastrand::Rng) {
    grown("", sample, random);
}

fn grown(name: &str, value: &mut Value, random: &mut fastrand::Rng) {
    const CONSTANT: [&str; 11] = [
        "core",
        "totalBytes",
        "inodesTotal",
        "swapTotalBytes",
        "openFilesMax",
        "entriesMax",
        "speedBitsPerSecond",
        "memoryTotalGb",
        "diskTotalGb",
        "samplesBuffered",
        "samplesDroppedTotal",
    ];
    match value {
        Value::Object(fields) => {
            // What is free is what is not used.
            let total = fields.get("totalBytes").and_then(Value::as_u64).filter(|_| fields.contains_key("mountPoint"));
            fields.iter_mut().for_each(|(name, field)| grown(name, field, random));
            if let (Some(total), Some(used)) = (total, fields.get("usedBytes").and_then(Value::as_u64)) {
                fields.insert("availableBytes".to_owned(), (total * 19 / 20 / 4096 * 4096).saturating_sub(used).into());
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|element| grown(name, element, random)),
        Value::Number(number) => {
            let old = number.as_f64().unwrap();
            let shaken = |by: f64, random: &mut fastrand::Rng| old * (1.0 + by * (random.f64() - 0.5));
            *number = match name {
                name if CONSTANT.contains(&name) => return,
                "uptimeSeconds" => Number::from(old as u64 + INTERVAL_MS as u64 / 1000),
                "durationMicroseconds" => Number::from(random.u64(5..60)),
                "cpuMicroseconds" => Number::from(random.u64(300..900)),
                name if name.ends_with("Total") || name.starts_with("network") || name == "totalMicroseconds" => {
                    // As fast as since the boot, and so faster and faster: within a year past what a counter holds.
                    let step = old.min(COUNTER_MAX) / UPTIME_S * INTERVAL_MS as f64 / 1000.0;
                    Number::from(old as u64 + (step * (0.5 + random.f64())) as u64)
                }
                name if name.ends_with("BytesPerSecond") => Number::from(shaken(1.0, random) as u64),
                // A file system fills slowly, memory moves about; both in pages.
                "usedBytes" | "residentBytes" | "anonymousBytes" => {
                    Number::from((shaken(0.002, random) / 4096.0) as u64 * 4096)
                }
                name if name.ends_with("Bytes") => Number::from((shaken(0.04, random) / 4096.0) as u64 * 4096),
                name if name.ends_with("Percent") => hundredths(shaken(0.5, random).min(100.0)),
                "celsius" => Number::from_f64((shaken(0.1, random)).round()).unwrap(),
                _ if number.is_f64() => hundredths(shaken(0.3, random)),
                _ => Number::from(shaken(0.1, random).round() as u64),
            };
        }
        _ => {}
    }
}

fn hundredths(value: f64) -> Number {
    Number::from_f64((value * 100.0).round() / 100.0).unwrap()
}
