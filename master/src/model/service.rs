//! A service: the containers that do one job together.

use salvo::oapi::ToSchema;
use serde::Serialize;

use super::text_enum;

text_enum! {
    /// What a service is for, as its label `neon.type` says.
    ServiceKind {
        /// A program of the operator's.
        Application = "application",
        /// Keeps data.
        Database = "database",
        /// Serves pages.
        Website = "website",
        /// Works for another system, as a monitoring agent does.
        Agent = "agent",
        /// Carries the others: proxies, queues, registries.
        Infrastructure = "infrastructure",
    }
}

text_enum! {
    /// How a service is, judged by its containers.
    ServiceStatus {
        /// All run and none is unhealthy.
        Healthy = "healthy",
        /// Some run, but not all of them or not all well.
        Degraded = "degraded",
        /// None runs.
        Down = "down",
    }
}

/// Containers of one server that share a compose project and service; a container without them is its own service.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Unique on its server: `project/service`, or the container's id.
    pub id: String,
    /// Label `neon.name`, else the compose service, else the container's name.
    pub name: String,
    /// Label `neon.description`; null without it.
    #[salvo(schema(required = true))]
    pub description: Option<String>,
    /// Label `neon.type`; null without it, or where its value is not one of the five.
    #[serde(rename = "type")]
    #[salvo(schema(required = true))]
    pub kind: Option<ServiceKind>,
    /// Compose project; null for a container outside compose.
    #[salvo(schema(required = true))]
    pub project: Option<String>,
    /// Compose service, the name that `dependsOn` of others refers to; null for a container outside compose.
    #[salvo(schema(required = true))]
    pub service: Option<String>,
    /// How it is.
    pub status: ServiceStatus,
    /// Ids of its containers, in the order of their names.
    pub container_ids: Vec<String>,
    /// How many of them run.
    pub running_count: i64,
    /// Compose services it cannot work without: `neon.depends_on` and compose's own `depends_on`.
    pub depends_on: Vec<String>,
    /// Compose services it can do without: `neon.depends_on.optional`.
    pub optional_depends_on: Vec<String>,
}
