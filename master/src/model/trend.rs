//! How several servers fared lately, in as few numbers as a small picture needs.

use neon_shared::time::Timestamp;
use salvo::oapi::ToSchema;
use serde::Serialize;

/// Body of `GET /api/trends`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trends {
    /// Start of the first step.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub from: Timestamp,
    /// Length of a step, in seconds.
    pub step_seconds: u32,
    /// Those of the servers asked for that have samples in that time, by number.
    pub servers: Vec<Trend>,
}

/// How one server fared: a mean for each step, `null` where it has no sample.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trend {
    /// The server.
    pub server_id: i64,
    /// CPU in percent of all cores.
    pub cpu_percent: Vec<Option<f64>>,
    /// Memory in use in percent.
    pub memory_percent: Vec<Option<f64>>,
}
