//! A server's metrics over time.

use neon_shared::time::Timestamp;
use salvo::oapi::ToSchema;
use serde::Serialize;

use super::text_enum;

text_enum! {
    /// How far a history reaches back from now.
    HistoryRange {
        /// One hour.
        Hour1 = "1h",
        /// Six hours.
        Hours6 = "6h",
        /// A day.
        Hours24 = "24h",
        /// A week.
        Days7 = "7d",
        /// Thirty days.
        Days30 = "30d",
    }
}

text_enum! {
    /// What one point of a history stands for.
    HistoryInterval {
        /// One sample as it was stored.
        Raw = "raw",
        /// The mean of the samples of one hour of UTC, at the start of that hour.
        Hourly = "hourly",
    }
}

/// Body of `GET /api/servers/{id}/metrics/history`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The server.
    pub server_id: i64,
    /// Its name.
    pub server_name: String,
    /// The range that was asked for.
    pub time_range: HistoryRange,
    /// What one point stands for.
    pub interval: HistoryInterval,
    /// Oldest first; an hour without samples has no point.
    pub data_points: Vec<DataPoint>,
}

/// One point of a history.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataPoint {
    /// Time of the sample, or start of the hour.
    #[salvo(schema(value_type = String, format = DateTime))]
    pub timestamp: Timestamp,
    /// CPU in percent of all cores.
    pub cpu_percent: f64,
    /// Memory in use in percent.
    pub memory_percent: f64,
    /// Disk in use in percent.
    pub disk_percent: f64,
}
