//! A server as the reading half shows it.

use neon_shared::time::Timestamp;
use salvo::oapi::ToSchema;
use serde::Serialize;

use super::{Container, CredentialKind, Service, text_enum};

text_enum! {
    /// Whether a server reports.
    ServerStatus {
        /// It was heard within `OFFLINE_AFTER_S`.
        Online = "online",
        /// Nothing was heard for `OFFLINE_AFTER_S`.
        Offline = "offline",
        /// An operator works on it: it reports or not, and no judgement is passed.
        Maintenance = "maintenance",
    }
}

/// What a list of servers is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerSort {
    /// The bytes of the name.
    Name,
    /// [`ServerSummary::cpu`].
    Cpu,
    /// [`ServerSummary::memory`].
    Memory,
    /// [`ServerSummary::disk`].
    Disk,
    /// [`ServerSummary::last_seen_at`].
    LastSeenAt,
    /// [`ServerSummary::container_count`].
    ContainerCount,
}

/// Which servers operators put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerFilter {
    /// Only those of this group; empty for those of none.
    pub group: Option<String>,
    /// Only those with this tag.
    pub tag: Option<String>,
}

/// Which servers of the list are asked for, and in what order.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerQuery {
    /// Only those with this status.
    pub status: Option<ServerStatus>,
    /// Only those of this group and with this tag.
    pub filter: ServerFilter,
    /// Only those whose name, display name or host name has this in it, whatever the case.
    pub search: String,
    /// By what.
    pub sort: ServerSort,
    /// Largest first.
    pub is_descending: bool,
    /// Only what comes after the server of this number.
    pub after: Option<i64>,
    /// At most this many.
    pub limit: Option<usize>,
}

/// One row of `GET /api/servers`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerSummary {
    /// Number of the server in this master; never reused.
    pub id: i64,
    /// The operator's unique name (`SERVER_NAME` of the agent).
    pub name: String,
    /// The kernel's host name.
    pub hostname: String,
    /// Address that the last accepted request of its agent came from.
    pub ip_address: String,
    /// Whether it reports.
    pub status: ServerStatus,
    /// Containers stored for it, running or not.
    pub container_count: i64,
    /// CPU in percent of all cores, from the newest sample; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = f64, required = false))]
    pub cpu: Option<f64>,
    /// Memory in use in percent, from the newest sample; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = f64, required = false))]
    pub memory: Option<f64>,
    /// Disk in use in percent, from the newest sample; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = f64, required = false))]
    pub disk: Option<f64>,
    /// Logical processors.
    pub cpu_cores: i64,
    /// Memory in GiB.
    pub total_memory_gb: f64,
    /// Real file systems together, in GiB.
    pub total_disk_gb: f64,
    /// Time of the newest sample, by the agent's clock; null before the first.
    #[salvo(schema(value_type = Option<String>, format = DateTime, required = true))]
    pub last_metrics_at: Option<Timestamp>,
    /// When the last request of its agent was accepted, by the master's clock.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub last_seen_at: Timestamp,
    /// What people call it; absent where nobody gave it such a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = String, required = false))]
    pub display_name: Option<String>,
    /// The group it is in; absent where it is in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = String, required = false))]
    pub group: Option<String>,
    /// Its tags, in alphabetical order; absent where it has none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[salvo(schema(required = false))]
    pub tags: Vec<String>,
    /// Of the status `maintenance`; absent otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = Maintenance, required = false))]
    pub maintenance: Option<Maintenance>,
    /// When its display name, group, tags, notes or maintenance were changed last; absent before the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = String, format = DateTime, required = false))]
    pub edited_at: Option<Timestamp>,
}

/// Work on a server, during which nobody judges it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Maintenance {
    /// When it began.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub since: Timestamp,
    /// When it ends by itself; absent where somebody has to end it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = String, format = DateTime, required = false))]
    pub until: Option<Timestamp>,
    /// What is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = String, required = false))]
    pub reason: Option<String>,
}

/// What is to become of what operators say about a server. `None` leaves it as it is, and `Some(None)` takes it away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerChange {
    /// What people call it.
    pub display_name: Option<Option<String>>,
    /// The group it is in.
    pub group: Option<Option<String>>,
    /// All its tags, in order and each once.
    pub tags: Option<Vec<String>>,
    /// Anything else about it.
    pub notes: Option<Option<String>>,
    /// Whether it is worked on.
    pub maintenance: Option<Option<MaintenanceChange>>,
}

/// As [`ServerChange`], of the maintenance that begins or goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaintenanceChange {
    /// When it ends by itself.
    pub until: Option<Option<Timestamp>>,
    /// What is done.
    pub reason: Option<Option<String>>,
}

/// How many servers a group or a tag has, by their status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerCount {
    /// The group or the tag.
    pub name: String,
    /// All its servers.
    pub servers: i64,
    /// Those that are online.
    pub online: i64,
    /// Those that are offline.
    pub offline: i64,
    /// Those in maintenance.
    pub maintenance: i64,
}

/// Body of `GET /api/servers/{id}`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerDetail {
    /// The facts of the list.
    #[serde(flatten)]
    pub summary: ServerSummary,
    /// When it registered first, by the master's clock.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// Name of the operating system.
    pub os_name: String,
    /// Version of the operating system.
    pub os_version: String,
    /// Kernel release.
    pub os_kernel: String,
    /// Machine architecture.
    pub os_arch: String,
    /// Version of its Docker Engine; null where none answered.
    #[salvo(schema(required = true))]
    pub docker_version: Option<String>,
    /// Version of its agent, empty where the agent did not say.
    pub agent_version: String,
    /// How far this master's clock is ahead of the host's in milliseconds, negative where it is behind, as its agent
    /// measured it for the newest sample; absent where that does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = i64, required = false))]
    pub clock_offset_milliseconds: Option<i64>,
    /// What operators wrote down about it, as plain text of one or more lines; absent where nobody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = String, required = false))]
    pub notes: Option<String>,
    /// What it registers with.
    pub credential: CredentialKind,
    /// Since when its credential is its own, or revoked; absent for the fleet's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = Option<String>, format = DateTime))]
    pub credential_since: Option<Timestamp>,
    /// The host that was refused last because this one has the name; absent where none was since this one has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rival_host: Option<RivalHost>,
    /// Its containers, by name.
    pub containers: Vec<Container>,
    /// Its containers grouped into services, by name.
    pub services: Vec<Service>,
}

/// A host that was refused because another one reports under the same name.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RivalHost {
    /// Its host name.
    pub hostname: String,
    /// Address it was refused at.
    pub ip_address: String,
    /// When it tried first.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub first_seen_at: Timestamp,
    /// When it tried last.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub last_seen_at: Timestamp,
}

/// Body of `GET /api/stats`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Servers that ever registered.
    pub total_servers: i64,
    /// Containers stored, running or not.
    pub total_containers: i64,
    /// Mean of the newest CPU percentages of the servers that are online, two decimals; 0 where there is none.
    pub avg_cpu: f64,
    /// Open alerts. This version has no alert rules, so none can be open.
    pub active_alerts: i64,
}
