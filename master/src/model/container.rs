//! A container as it is stored and shown.

use std::collections::BTreeMap;

use neon_shared::{metrics, time::Timestamp};
use salvo::oapi::ToSchema;
use serde::Serialize;

use super::text_enum;

text_enum! {
    /// What a container was doing when its host last reported.
    ContainerStatus {
        /// Its main process runs.
        Running = "running",
        /// Not running: exited, dead, created or removing.
        Exited = "exited",
        /// Frozen by `docker pause`.
        Paused = "paused",
        /// Between an exit and the next start.
        Restarting = "restarting",
    }
}

text_enum! {
    /// Verdict of a container's health check.
    ContainerHealth {
        /// The last check passed.
        Healthy = "healthy",
        /// The last checks failed.
        Unhealthy = "unhealthy",
        /// No verdict yet.
        Starting = "starting",
    }
}

/// One container of a server.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Container {
    /// The server it runs on.
    pub server_id: i64,
    /// First 12 hexadecimal digits of the engine's id.
    pub container_id: String,
    /// Name without the leading slash.
    pub name: String,
    /// Image as it was asked for.
    pub image: String,
    /// `sha256:…` of the image; null where the engine did not say.
    #[salvo(schema(required = true))]
    pub image_id: Option<String>,
    /// Every tag the engine knows for that image.
    pub image_tags: Vec<String>,
    /// What it is doing.
    pub status: ContainerStatus,
    /// The health check's verdict; null without a health check.
    #[salvo(schema(required = true))]
    pub health: Option<ContainerHealth>,
    /// Published ports as `public:private`, joined with `, `; `-` for none.
    pub ports: String,
    /// Labels, by name.
    pub labels: BTreeMap<String, String>,
    /// Networks it is attached to.
    pub networks: Vec<String>,
    /// When it started last; null if it never did.
    #[salvo(schema(value_type = Option<String>, format = DateTime, required = true))]
    pub started_at: Option<Timestamp>,
    /// Exit code of the last run; null where the engine did not say.
    #[salvo(schema(required = true))]
    pub exit_code: Option<i64>,
    /// How often the engine restarted it by its restart policy; absent where the agent did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = i64, required = false))]
    pub restart_count: Option<i64>,
    /// Whether its last run ended because the kernel killed it for want of memory; absent where the agent did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = bool, required = false))]
    pub oom_killed: Option<bool>,
    /// When it was made; absent where the agent did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = String, format = DateTime, required = false))]
    pub created_at: Option<Timestamp>,
    /// Compose project it belongs to; absent where it is in none, or the agent did not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = String, required = false))]
    pub compose_project: Option<String>,
    /// Service of that project; absent as above.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = String, required = false))]
    pub compose_service: Option<String>,
    /// Labels that found no room in `labels`; absent when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = i64, required = false))]
    pub labels_left_out: Option<i64>,
    /// When its host reported it last, by the master's clock.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub updated_at: Timestamp,
}

impl From<metrics::ContainerStatus> for ContainerStatus {
    fn from(status: metrics::ContainerStatus) -> Self {
        match status {
            metrics::ContainerStatus::Running => Self::Running,
            metrics::ContainerStatus::Exited => Self::Exited,
            metrics::ContainerStatus::Paused => Self::Paused,
            metrics::ContainerStatus::Restarting => Self::Restarting,
        }
    }
}

impl From<metrics::ContainerHealth> for ContainerHealth {
    fn from(health: metrics::ContainerHealth) -> Self {
        match health {
            metrics::ContainerHealth::Healthy => Self::Healthy,
            metrics::ContainerHealth::Unhealthy => Self::Unhealthy,
            metrics::ContainerHealth::Starting => Self::Starting,
        }
    }
}
