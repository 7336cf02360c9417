//! The agent's four calls: their paths, headers, requests and answers.
//!
//! Every answer is an [`Envelope`]. The sentences of a refusal are part of the contract and stand in [`error`].

use serde::{Deserialize, Serialize};

use crate::metrics::ServerInfo;
use crate::time::Timestamp;

/// `POST`, authenticated with [`SECRET_HEADER`].
pub const REGISTER_PATH: &str = "/api/agent/register";
/// `POST`, authenticated with the bearer token.
pub const METRICS_PATH: &str = "/api/agent/metrics";
/// `POST`, authenticated with the bearer token.
pub const CONTAINERS_PATH: &str = "/api/agent/containers";
/// `POST`, authenticated with the bearer token.
pub const HEARTBEAT_PATH: &str = "/api/agent/heartbeat";
/// Carries the fleet's shared secret at registration.
pub const SECRET_HEADER: &str = "X-Agent-Secret";

/// What an enrolment code begins with; then come [`SECRET_DIGITS`]. It stands in `AGENT_SECRET`, and is exchanged for a
/// credential at the first registration.
pub const CODE_PREFIX: &str = "neon_code_";
/// What a server's own credential begins with; then come [`SECRET_DIGITS`].
pub const CREDENTIAL_PREFIX: &str = "neon_agent_";
/// Hexadecimal digits of either: 256 random bits.
pub const SECRET_DIGITS: usize = 64;

/// The fixed sentences of refused requests, compared by agents in the field.
pub mod error {
    /// 401 of a registration.
    pub const BAD_SECRET: &str = "Invalid or missing agent secret";
    /// 401 of the other calls without an `Authorization: Bearer` header.
    pub const MISSING_TOKEN: &str = "Missing authorization token";
    /// 401 of the other calls with a token that is not, or no longer, good.
    pub const BAD_TOKEN: &str = "Invalid or expired token";
    /// 400 of a registration.
    pub const MISSING_REGISTER_FIELDS: &str = "Missing required fields: serverName, serverInfo";
    /// 400 of a metrics report.
    pub const MISSING_METRICS: &str = "Missing or empty metrics array";
    /// 400 of a container report.
    pub const MISSING_CONTAINERS: &str = "Missing containers array";
}

/// Body of [`REGISTER_PATH`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterRequest<Text> {
    /// The operator's unique name for this server; the same name is always the same `serverId`.
    pub server_name: Text,
    /// Facts about the host.
    pub server_info: ServerInfo<Text>,
    /// Version of the reporting agent.
    pub agent_version: Text,
    /// The credential that the server is known by from now on, made by its agent; sent with an enrolment code.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub credential: Option<Text>,
    /// Which host it is; absent where that cannot be told.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub host_fingerprint: Option<HostFingerprint<Text>>,
}

/// Body of a registration that is asked about and not carried out: without the facts a master refuses it in any case,
/// with whatever else there is to refuse first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterQuestion<Text> {
    /// As [`RegisterRequest::server_name`].
    pub server_name: Text,
    /// As [`RegisterRequest::credential`].
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub credential: Option<Text>,
    /// As [`RegisterRequest::host_fingerprint`].
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub host_fingerprint: Option<HostFingerprint<Text>>,
}

/// Which host it is, in [`FINGERPRINT_DIGITS`] hexadecimal digits each: a keyed hash, from which nobody learns the ids
/// themselves. Two hosts differ where one of the two is said by both and not the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostFingerprint<Text> {
    /// Of machine-id(5).
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub machine: Option<Text>,
    /// Of the Docker Engine's id.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub engine: Option<Text>,
}

/// Hexadecimal digits of a hash in a [`HostFingerprint`]: 128 bits.
pub const FINGERPRINT_DIGITS: usize = 32;

/// `None` of any type: the default of an addition, which needs no default of the addition's own type.
fn none<T>() -> Option<T> {
    None
}

/// `data` of an accepted registration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterData<Text> {
    /// The server's number in this master.
    pub server_id: i64,
    /// JWT that the other three calls carry, good for 24 hours.
    pub token: Text,
}

/// Body of [`METRICS_PATH`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricsRequest<List> {
    /// One or more samples, oldest first.
    pub metrics: List,
}

/// `data` of the answer to a list that was not stored whole; absent when it was.
///
/// `Reasons` is a list of [`RefusedReason`], or whatever stands for not asking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedData<Reasons> {
    /// Elements that are stored.
    pub accepted: u64,
    /// Elements that were refused for what they hold.
    pub refused: u64,
    /// Samples that are stored without their readings, for what those hold; absent when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_readings: Option<u64>,
    /// Why, for the first of them: first the refused, then those without readings.
    pub reasons: Reasons,
}

/// Why one element of a list was refused, or its readings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedReason<Text> {
    /// Its place in the list, from 0.
    pub index: u64,
    /// A sentence that names the field.
    pub reason: Text,
}

/// Body of [`CONTAINERS_PATH`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainersRequest<List> {
    /// Every container of the host; one that is absent has been removed.
    pub containers: List,
    /// Containers that could not be reported, being too many or too large; absent when none. While there are some,
    /// one that is absent may be among them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub containers_left_out: Option<u64>,
}

/// Body of [`HEARTBEAT_PATH`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatRequest<Text> {
    /// The agent's clock.
    pub timestamp: Timestamp,
    /// Version of the reporting agent.
    pub agent_version: Text,
}

/// `data` of an accepted heartbeat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatData {
    /// The master's clock.
    pub server_time: Timestamp,
    /// Seconds until the token that was used expires.
    pub token_expires_in: i64,
}

/// Every answer to an agent: `{"success": bool, "data"?: …, "error"?: string}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope<Data, Text> {
    /// Whether the request was carried out.
    pub success: bool,
    /// What the call returns, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
    /// Why it was refused, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Text>,
}
