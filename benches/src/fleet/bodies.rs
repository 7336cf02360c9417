//! What the agents send: bodies that the agent's own encoder wrote of the fixture host, later and later.

use neon_benches::{Cycle, Kind};
use neon_shared::time::Timestamp;
use serde_json::{Number, Value};

/// Samples that differ; an agent begins anew after as many.
const VARIANTS: usize = 128;
const INTERVAL_S: u64 = 300;
const TIMESTAMP_BYTES: usize = 24;

/// Requests' bodies, but for the time.
pub struct Bodies {
    /// Samples without their time: what is before it, and after.
    samples: Vec<(Vec<u8>, Vec<u8>)>,
    containers: [Vec<u8>; 2],
}

impl Bodies {
    pub fn new() -> Self {
        let body: Value = serde_json::from_slice(Cycle::new(Kind::Plain).encode()).expect("the agent's own JSON");
        let mut sample = body["metrics"][0].clone();
        let random = &mut fastrand::Rng::with_seed(20_261_124);
        let samples = (0..VARIANTS)
            .map(|_| {
                later(&mut sample, random);
                let text = sample.to_string();
                let time = text.find("\"timestamp\":\"").expect("a sample has a time") + "\"timestamp\":\"".len();
                let (before, rest) = text.split_at(time);
                (before.as_bytes().to_vec(), rest.as_bytes()[TIMESTAMP_BYTES..].to_vec())
            })
            .collect();
        Self { samples, containers: [containers("running", 0), containers("exited", 1)] }
    }

    /// One sample in a body of its own.
    pub fn sample(&self, out: &mut Vec<u8>, number: usize, time_ms: i64) {
        out.extend_from_slice(b"{\"metrics\":[");
        self.put(out, number, time_ms);
        out.extend_from_slice(b"]}");
    }

    /// Samples that were kept, oldest first.
    pub fn samples(&self, out: &mut Vec<u8>, times_ms: impl Iterator<Item = i64>) {
        out.extend_from_slice(b"{\"metrics\":[");
        for (number, time_ms) in times_ms.enumerate() {
            if number > 0 {
                out.push(b',');
            }
            self.put(out, number, time_ms);
        }
        out.extend_from_slice(b"]}");
    }

    /// A sample with a value that cannot be, behind a good one where that has a time.
    pub fn bad_sample(&self, out: &mut Vec<u8>, good_time_ms: Option<i64>, bad_time_ms: i64) {
        out.extend_from_slice(b"{\"metrics\":[");
        if let Some(time_ms) = good_time_ms {
            self.put(out, 0, time_ms);
            out.push(b',');
        }
        let mut bad = Vec::new();
        self.put(&mut bad, 1, bad_time_ms);
        let text = String::from_utf8(bad).expect("JSON");
        out.extend_from_slice(text.replacen("\"cpuPercent\":", "\"cpuPercent\":100", 1).as_bytes());
        out.extend_from_slice(b"]}");
    }

    /// A container set, of which an agent's `number`-th differs from the one before every twentieth time.
    pub fn containers(&self, number: usize) -> &[u8] {
        &self.containers[number / 20 % 2]
    }

    fn put(&self, out: &mut Vec<u8>, number: usize, time_ms: i64) {
        let (before, after) = &self.samples[number % VARIANTS];
        out.extend_from_slice(before);
        out.extend_from_slice(Timestamp::from_unix_ms(time_ms).to_string().as_bytes());
        out.extend_from_slice(after);
    }
}

/// The same host five minutes later: counters have grown as they did since boot, give or take a half, and everything
/// else is a little different.
fn later(sample: &mut Value, random: &mut fastrand::Rng) {
    let uptime = sample["readings"]["uptimeSeconds"].as_f64().unwrap_or(86_400.0);
    grow("", sample, uptime, random);
}

fn grow(name: &str, value: &mut Value, uptime: f64, random: &mut fastrand::Rng) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, field)| grow(name, field, uptime, random)),
        Value::Array(list) => list.iter_mut().for_each(|element| grow(name, element, uptime, random)),
        Value::Number(number) => {
            let old = number.as_f64().unwrap_or(0.0);
            let shaken = old * (0.97 + 0.06 * random.f64());
            let shaken = if name.ends_with("Percent") { shaken.min(100.0) } else { shaken };
            *number = match name {
                "uptimeSeconds" => Number::from(old as u64 + INTERVAL_S),
                "core" | "cpuCores" | "totalBytes" | "inodesTotal" | "swapTotalBytes" | "openFilesMax"
                | "entriesMax" | "speedBitsPerSecond" | "memoryTotalGb" | "diskTotalGb" => return,
                name if name.ends_with("Total") || name.starts_with("network") || name == "totalMicroseconds" => {
                    Number::from(old as u64 + (old / uptime * INTERVAL_S as f64 * (0.5 + random.f64())) as u64)
                }
                name if name.ends_with("Bytes") => Number::from((shaken / 4096.0) as u64 * 4096),
                _ if number.is_f64() => Number::from_f64((shaken * 100.0).round() / 100.0).expect("finite"),
                _ => Number::from(shaken.round() as u64),
            };
        }
        _ => {}
    }
}

fn containers(status: &str, exit_code: u32) -> Vec<u8> {
    let one = |id: u32| {
        format!(
            r#"{{"containerId":"eb6f6e2aaa{id:02}","name":"shop-{id}","image":"shop/web:1.{id}","imageId":"sha256:664f5f42ec871e7f6a4cd45e5fabac5f35ee4d7306e43d871cf4ad0a703c11{id:02}","imageTags":["shop/web:1.{id}"],"status":"{status}","health":null,"ports":"8{id:03}:80","labels":{{"com.docker.compose.project":"shop","com.docker.compose.service":"web{id}"}},"networks":["shop_default"],"startedAt":"2026-11-23T08:47:25.668846837Z","exitCode":{exit_code}}}"#
        )
    };
    format!(r#"{{"containers":[{},{},{}]}}"#, one(1), one(2), one(3)).into_bytes()
}
