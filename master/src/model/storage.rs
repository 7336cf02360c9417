//! What is stored takes this much room.

use salvo::oapi::ToSchema;
use serde::Serialize;

/// Body of `GET /api/storage`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Storage {
    /// `sqlite` or `postgresql`.
    pub engine: &'static str,
    /// The database on disk, with indexes and, on SQLite, its log, in bytes; at most ten seconds old.
    pub database_bytes: u64,
    /// Registered servers.
    pub servers: u64,
    /// Samples that are stored, as PostgreSQL's statistics estimate it; absent on SQLite, which would have to count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples_estimated: Option<u64>,
    /// What was measured since this master started, a day back at most.
    pub growth: StorageGrowth,
    /// What will be kept of samples, hours and days, by what came in the last day; absent where nothing did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<StorageForecast>,
    /// The file system of the SQLite file; absent on PostgreSQL, whose disk cannot be seen from here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<StorageDisk>,
}

/// How fast the database grows.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StorageGrowth {
    /// Over how many seconds this was measured.
    pub measured_seconds: u64,
    /// Samples stored in that time: by this master on SQLite, by all of them on PostgreSQL.
    pub samples: u64,
    /// Growth of the whole database per sample, in bytes; absent under 1,000 samples, or where it shrank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_sample: Option<f64>,
    /// Growth per day, in bytes; absent before an hour is measured, or where it shrank.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_day: Option<f64>,
    /// Growth per registered server and day, in bytes; absent as `bytesPerDay` is, and without servers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_server_and_day: Option<f64>,
}

/// What the tiers come to, if the servers go on as in the last day. Estimated from up to 32 of them; containers and events
/// are not part of it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StorageForecast {
    /// Samples as they came (`RETAIN_RAW_DAYS`).
    pub samples: StorageTier,
    /// Hours of them (`RETAIN_HOURLY_DAYS`).
    pub hours: StorageTier,
    /// Days of them (`RETAIN_DAILY_DAYS`).
    pub days: StorageTier,
}

/// What one tier comes to.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StorageTier {
    /// For how many days it is kept; absent where that is for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_days: Option<u32>,
    /// Rows that come in a day, of all servers.
    pub rows_per_day: f64,
    /// What a row takes, with its part of the indexes, in bytes; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_row: Option<f64>,
    /// Bytes that a year adds, or would if so much were kept; absent as `bytesPerRow` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_year: Option<f64>,
    /// Bytes once as many days are there as are kept; absent as `bytesPerRow` is, and where all is kept for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_when_full: Option<f64>,
}

/// Room on the disk.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StorageDisk {
    /// Free for the master, in bytes.
    pub free_bytes: u64,
    /// Size of the file system, in bytes.
    pub total_bytes: u64,
    /// What is kept free (`MIN_FREE_DISK_MB`), in bytes.
    pub reserve_bytes: u64,
    /// Whether samples and containers are turned away for it.
    pub is_low: bool,
    /// Days until they are, if the database goes on growing as it did and nothing else does; absent where that is not
    /// known, or it does not grow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_until_low: Option<f64>,
}
