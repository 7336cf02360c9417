//! Bodies as a first-generation agent sends them.

use neon_shared::time::Timestamp;

pub const AGENT_SECRET: &str = "fleet-secret-of-the-tests";
pub const ADMIN_PASSWORD: &str = "correct-horse-battery";
pub const JWT_SECRET: &str = "token-secret-of-the-tests-0123456789";

/// The contract's example of a container.
pub const CONTAINER: &str = r#"{"containerId":"eb6f6e2aaa26","name":"hc","image":"busybox:local","imageId":"sha256:664f5f42ec871e7f6a4cd45e5fabac5f35ee4d7306e43d871cf4ad0a703c1194","imageTags":["busybox:local"],"status":"running","health":"healthy","ports":"8099:80","labels":{},"networks":["bridge"],"startedAt":"2026-11-23T08:47:25.668846837Z","exitCode":0}"#;

pub fn registration(name: &str) -> String {
    format!(
        r#"{{"serverName":"{name}","serverInfo":{{"name":"{name}","hostname":"host-1","cpuCores":8,"totalMemoryGb":23.54,"totalDiskGb":755.92,"osName":"Ubuntu","osVersion":"24.04","osKernel":"6.8.0-45-generic","osArch":"x86_64","dockerVersion":"27.3.1"}},"agentVersion":"0.1.0"}}"#
    )
}

/// The contract's example of a sample, at another time.
pub fn sample(timestamp: Timestamp) -> String {
    format!(
        r#"{{"timestamp":"{timestamp}","cpuPercent":14.85,"memoryPercent":3.09,"diskPercent":6.31,"memoryUsedGb":0.73,"memoryTotalGb":23.54,"diskUsedGb":47.7,"diskTotalGb":755.92,"networkRxBytes":443323758,"networkTxBytes":986331}}"#
    )
}

/// Every reading there is, one line; a unit test of the master holds it complete.
pub const READINGS: &str = include_str!("../../fixtures/readings.json").trim_ascii_end();

/// The contract's example of a sample with `readings`, as JSON.
pub fn sample_with(timestamp: Timestamp, readings: &str) -> String {
    let fixed = sample(timestamp);
    format!(r#"{},"readings":{readings}}}"#, fixed.trim_end_matches('}'))
}

pub fn metrics(samples: &[String]) -> String {
    format!(r#"{{"metrics":[{}]}}"#, samples.join(","))
}

pub fn containers(containers: &[&str]) -> String {
    format!(r#"{{"containers":[{}]}}"#, containers.join(","))
}

/// The clock, less some milliseconds.
pub fn ago(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(neon_master::http::now().unix_ms() - ms)
}
