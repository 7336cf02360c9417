//! Something that happened to a server or to one of its containers.

use neon_shared::time::Timestamp;
use salvo::oapi::ToSchema;
use serde::Serialize;

use super::text_enum;

text_enum! {
    /// The fixed vocabulary of events.
    ActivityKind {
        /// A container started anew.
        Restart = "restart",
        /// Somebody restarted a container through the master. Neon only reads, so it records none of these itself.
        ManualRestart = "manual_restart",
        /// A container ended in order.
        Stopped = "stopped",
        /// A container ended with an error.
        Crashed = "crashed",
        /// A container changed between two other states, or maintenance of a server began or ended.
        StatusChange = "status_change",
        /// A container runs another image than before.
        VersionChange = "version_change",
        /// A health check changed its verdict.
        HealthChange = "health_change",
        /// A container appeared.
        Created = "created",
        /// A container is gone.
        Removed = "removed",
        /// A server reports, for the first time or again.
        Online = "online",
        /// Nothing was heard from a server for `OFFLINE_AFTER_S`.
        Offline = "offline",
        /// A second host tried to report under a server's name, and was refused.
        HostClash = "host_clash",
        /// A server that was silent is another host now.
        HostChanged = "host_changed",
    }
}

/// Which events are asked for: by default all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActivityFilter {
    /// Of this server.
    pub server_id: Option<i64>,
    /// Of this kind.
    pub kind: Option<ActivityKind>,
    /// After this one in the list: its server and its number there.
    pub before: Option<(i64, i64)>,
}

/// One entry of `GET /api/activities`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Unique and stable: the server's number and the number of the event on that server, `7-12`.
    pub id: String,
    /// The server it happened on.
    pub server_id: i64,
    /// That server's name.
    pub server_name: String,
    /// The container it happened to; null where it is about the server.
    #[salvo(schema(required = true))]
    pub container_id: Option<String>,
    /// That container's name at the time; null where it is about the server.
    #[salvo(schema(required = true))]
    pub container_name: Option<String>,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: ActivityKind,
    /// What happened, in a sentence.
    pub message: String,
    /// When the master learned of it, by the master's clock.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub timestamp: Timestamp,
    /// What was before, for changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = String, required = false))]
    pub old_value: Option<String>,
    /// What is now, for changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = String, required = false))]
    pub new_value: Option<String>,
}
