//! The readings: what a host is, how it is doing, and what runs on it.
//!
//! "Gb" in a field name means 2^30 bytes, rounded to two decimals, and percentages run from 0 to 100 with two
//! decimals: the first generation's convention, fixed by the wire contract.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};

use crate::time::Timestamp;

/// Facts about a host that change rarely, sent with each registration.
///
/// `Text` is where a string lives: a fixed buffer or borrowed slice in the agent, a `String` in the master.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerInfo<Text> {
    /// The operator's name for the server (`SERVER_NAME`), unique in a fleet.
    pub name: Text,
    /// The kernel's host name, uname(2) `nodename`.
    pub hostname: Text,
    /// Logical processors that are online.
    pub cpu_cores: u32,
    /// `MemTotal`, in GiB.
    pub total_memory_gb: f64,
    /// Sum over the real file systems, each backing device once, in GiB.
    pub total_disk_gb: f64,
    /// `NAME` of os-release(5); the host's, also when the agent runs in a container.
    pub os_name: Text,
    /// `VERSION_ID` of os-release(5).
    pub os_version: Text,
    /// uname(2) `release`.
    pub os_kernel: Text,
    /// uname(2) `machine`.
    pub os_arch: Text,
    /// `ServerVersion` of Docker's `GET /info`; `None` where no engine answers.
    pub docker_version: Option<Text>,
}

/// One sample of a host's load and fill.
///
/// `Readings` is what the host said beyond the fixed fields, a [`crate::readings::Readings`] of some kind;
/// [`NoReadings`] for who wants the fixed fields alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerMetrics<Readings = NoReadings> {
    /// When the sample was taken.
    pub timestamp: Timestamp,
    /// Share of time not idle since the previous sample, over all cores, 0 to 100.
    pub cpu_percent: f64,
    /// (`MemTotal` − `MemAvailable`) / `MemTotal`, 0 to 100.
    pub memory_percent: f64,
    /// Used share of all real file systems together, 0 to 100.
    pub disk_percent: f64,
    /// `MemTotal` − `MemAvailable`, in GiB.
    pub memory_used_gb: f64,
    /// `MemTotal`, in GiB.
    pub memory_total_gb: f64,
    /// Used bytes of all real file systems, in GiB.
    pub disk_used_gb: f64,
    /// Size of all real file systems, each backing device once, in GiB.
    pub disk_total_gb: f64,
    /// Bytes received since boot, summed over the physical interfaces.
    pub network_rx_bytes: u64,
    /// Bytes sent since boot, summed over the physical interfaces.
    pub network_tx_bytes: u64,
    /// Everything else that was read; absent from an agent that does not know of it.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub readings: Option<Readings>,
}

/// `None` of any type: the default of an addition, which needs no default of the addition's own type.
fn none<T>() -> Option<T> {
    None
}

/// Stands for readings that nobody asks for: any value decodes to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NoReadings {}

impl<'de> Deserialize<'de> for NoReadings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self {})
    }
}

/// What a container is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContainerStatus {
    /// Its main process runs.
    Running,
    /// Frozen by `docker pause`.
    Paused,
    /// Between an exit and the next start.
    Restarting,
    /// Anything else: exited, dead, created, removing, or a state this version does not know.
    #[default]
    #[serde(other)]
    Exited,
}

/// The verdict of a container's health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContainerHealth {
    /// The last check passed.
    Healthy,
    /// The last checks failed, as often as the image's `--retries` allows.
    Unhealthy,
    /// Within the start period; no verdict yet.
    Starting,
}

/// One container of a host, running or not.
///
/// `Text` is where a string lives, `List` a list of them, `Labels` a map from label to value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerInfo<Text, List, Labels> {
    /// First 12 hexadecimal digits of the engine's id.
    pub container_id: Text,
    /// Name without the leading slash.
    pub name: Text,
    /// Image as it was asked for, `busybox:local`.
    pub image: Text,
    /// `sha256:…` of the image, where the engine says it.
    pub image_id: Option<Text>,
    /// Every tag the engine knows for that image.
    pub image_tags: List,
    /// What it is doing.
    pub status: ContainerStatus,
    /// The health check's verdict; `None` without a health check.
    pub health: Option<ContainerHealth>,
    /// Published ports as `public:private`, private ones bare, joined with `, `; `-` for none.
    pub ports: Text,
    /// Labels of the container, its compose project among them.
    pub labels: Labels,
    /// Names of the networks it is attached to.
    pub networks: List,
    /// ISO 8601 as the engine gives it; `None` if it never started.
    pub started_at: Option<Text>,
    /// Exit code of the last run; 0 while it runs.
    pub exit_code: Option<i64>,
    /// How often the engine restarted it by its restart policy.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub restart_count: Option<u64>,
    /// Whether the last run ended because the kernel killed it for want of memory.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub oom_killed: Option<bool>,
    /// When it was made, ISO 8601 as the engine gives it.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Text>,
    /// Compose project it belongs to (label `com.docker.compose.project`).
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub compose_project: Option<Text>,
    /// Service of that project (label `com.docker.compose.service`).
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub compose_service: Option<Text>,
    /// Labels that found no room in `labels`; absent when none.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub labels_left_out: Option<u32>,
}
