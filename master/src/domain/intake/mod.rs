//! Reads the bodies that agents send: what is accepted, what is refused, and in which words.
//!
//! A list is taken element by element, so that one bad reading costs itself alone. A refusal names the field:
//! `cpuPercent: must be between 0 and 100, got 140`. Fields this version does not know are skipped. Nothing here
//! recurses over the input: nested values that nobody asked for are skipped by a loop.

mod readings;
mod whole;

use std::collections::{BTreeMap, HashSet};

use neon_shared::api::{
    CREDENTIAL_PREFIX, FINGERPRINT_DIGITS, HostFingerprint, RefusedData, RefusedReason, SECRET_DIGITS,
    error as sentence,
};
use neon_shared::limits::{CLOCK_AHEAD_MAX_MS, SERVER_NAME_MAX_BYTES};
use neon_shared::metrics::{ContainerInfo, ServerInfo, ServerMetrics};
use neon_shared::time::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::model::{Readings, Sample};

/// Longest text of a fact, a name, an image or a port list, in bytes.
const TEXT_MAX_BYTES: usize = 4096;
/// Longest container id, in bytes: the engine's own are 64 hexadecimal digits.
const CONTAINER_ID_MAX_BYTES: usize = 64;
/// Largest size that is believed, in GiB: 16 pebibytes, of which the store keeps hundredths in 32 bits.
const SIZE_MAX_GB: f64 = 16_777_216.0;
/// Most reasons an answer carries; what is refused beyond that is only counted.
const REASONS_MAX: usize = 10;
/// Longest reason, in characters: it may quote what was sent.
const REASON_MAX_CHARS: usize = 200;
/// The engine's way to say "never": times of this year are none.
const NEVER_PREFIX: &str = "0001-";

/// A container as an agent sends it.
pub type WireContainer = ContainerInfo<String, Vec<String>, BTreeMap<String, String>>;

/// Who registers.
#[derive(Clone, Debug, PartialEq)]
pub struct Registrant {
    /// The server's name, never empty.
    pub server_name: String,
    /// What an enrolment code is to be exchanged for.
    pub credential: Option<Credential>,
    /// Which host it is, as far as it says.
    pub host_fingerprint: HostFingerprint<String>,
}

/// A server's own credential. It does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential(String);

impl Credential {
    /// The text.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential(…)")
    }
}

/// What was sent with a registration.
#[derive(Clone, Debug, PartialEq)]
pub struct Registered {
    /// Who it is.
    pub who: Registrant,
    /// Facts about the host.
    pub info: ServerInfo<String>,
    /// Version of the agent, empty where it did not say.
    pub agent_version: String,
}

/// A list of readings, sorted into good and bad.
#[derive(Clone, Debug, PartialEq)]
pub struct Sorted<T> {
    /// The readings that passed, in their order.
    pub accepted: Vec<T>,
    /// Why the others did not.
    pub refused: Vec<Refused>,
    /// Those of the accepted that lost their additions, the fixed fields being good.
    pub reduced: Vec<Refused>,
}

/// A host's container set.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerReport {
    /// The containers that were sent.
    pub list: Sorted<WireContainer>,
    /// How many were not, for want of room; any that is absent may be among them.
    pub left_out: u64,
}

/// Which times a sample may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// The master's clock; a sample may be a little ahead of it.
    pub now: Timestamp,
    /// Older ones are not kept.
    pub oldest: Timestamp,
}

impl From<Timestamp> for Times {
    /// Any time until `now`.
    fn from(now: Timestamp) -> Self {
        Self { now, oldest: Timestamp::MIN }
    }
}

/// One reading that was refused, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its place in the list, from 0.
    pub index: usize,
    /// Why, naming the field.
    pub reason: String,
    /// For a container: its id, where that could be read.
    pub container_id: Option<String>,
}

/// `data` of an answer to a list of which something was refused.
pub type RefusedSummary = RefusedData<Vec<RefusedReason<String>>>;

impl<T> Sorted<T> {
    /// What to tell the agent; `None` where nothing was refused.
    pub fn summary(&self) -> Option<RefusedSummary> {
        let reasons = self.refused.iter().chain(&self.reduced).take(REASONS_MAX);
        let is_whole = self.refused.is_empty() && self.reduced.is_empty();
        (!is_whole).then(|| RefusedData {
            accepted: self.accepted.len() as u64,
            refused: self.refused.len() as u64,
            without_readings: (!self.reduced.is_empty()).then_some(self.reduced.len() as u64),
            reasons: reasons.map(|r| RefusedReason { index: r.index as u64, reason: r.reason.clone() }).collect(),
        })
    }
}

/// Reads a registration.
///
/// Errors: the sentence of the 400.
pub fn registration(body: &[u8]) -> Result<Registered, String> {
    let (who, rest) = registration_parts(body)?;
    let info = rest.server_info.ok_or(sentence::MISSING_REGISTER_FIELDS)?;
    let info: ServerInfo<String> = object(&info).map_err(|reason| format!("serverInfo.{reason}"))?;
    let agent_version = rest.agent_version.unwrap_or_default();
    field_text("agentVersion", &agent_version, TEXT_MAX_BYTES)?;
    server_info(&info).map_err(|reason| format!("serverInfo.{reason}"))?;
    Ok(Registered { who, info, agent_version })
}

/// Who registers, where nothing else may be known; `None` where that is not said, or not understood.
pub fn registrant(body: &[u8]) -> Option<Registrant> {
    registration_parts(body).ok().map(|(who, _)| who)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegistrationBody {
    server_name: Option<String>,
    server_info: Option<Box<RawValue>>,
    agent_version: Option<String>,
    credential: Option<String>,
    host_fingerprint: Option<Box<RawValue>>,
}

fn registration_parts(body: &[u8]) -> Result<(Registrant, RegistrationBody), String> {
    let mut body: RegistrationBody = object(json(body)?)?;
    let server_name = body.server_name.take().unwrap_or_default().trim().to_owned();
    if server_name.is_empty() {
        return Err(sentence::MISSING_REGISTER_FIELDS.to_owned());
    }
    field_text("serverName", &server_name, SERVER_NAME_MAX_BYTES)?;
    let credential = body.credential.take().map(credential).transpose()?;
    let host = body.host_fingerprint.take().map(|raw| host_fingerprint(&raw)).transpose();
    let host_fingerprint = host.map_err(|reason| format!("hostFingerprint.{reason}"))?.unwrap_or_default();
    Ok((Registrant { server_name, credential, host_fingerprint }, body))
}

/// What is refused is not repeated: it may be somebody's.
fn credential(text: String) -> Result<Credential, String> {
    let digits = text.strip_prefix(CREDENTIAL_PREFIX);
    if digits.is_some_and(|digits| is_hexadecimal(digits, SECRET_DIGITS)) {
        Ok(Credential(text))
    } else {
        Err(format!("credential: must be {CREDENTIAL_PREFIX} and {SECRET_DIGITS} hexadecimal digits in small letters"))
    }
}

fn host_fingerprint(raw: &RawValue) -> Result<HostFingerprint<String>, String> {
    let host: HostFingerprint<String> = object(raw)?;
    for (field, text) in [("machine", &host.machine), ("engine", &host.engine)] {
        if text.as_deref().is_some_and(|text| !is_hexadecimal(text, FINGERPRINT_DIGITS)) {
            return Err(format!("{field}: must be {FINGERPRINT_DIGITS} hexadecimal digits in small letters"));
        }
    }
    Ok(host)
}

fn is_hexadecimal(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Reads a heartbeat and returns the agent's version, where it says it.
///
/// Errors: the sentence of the 400.
pub fn heartbeat(body: &[u8]) -> Result<Option<String>, String> {
    whole::heartbeat(body).map_or_else(|| heartbeat_with_reason(body), Ok)
}

fn heartbeat_with_reason(body: &[u8]) -> Result<Option<String>, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        #[serde(rename = "timestamp")]
        _timestamp: Option<Timestamp>,
        agent_version: Option<String>,
    }
    let body: Body = object(json(body)?)?;
    if let Some(version) = &body.agent_version {
        field_text("agentVersion", version, TEXT_MAX_BYTES)?;
    }
    Ok(body.agent_version)
}

/// Reads samples. One whose readings are bad is taken without them.
///
/// Errors: the sentence of the 400; also where every single sample is refused, with the reason of the first.
pub fn metrics(body: &[u8], times: impl Into<Times>) -> Result<Sorted<Sample>, String> {
    let times = times.into();
    match whole::samples(body, times) {
        Some(accepted) => Ok(Sorted { accepted, refused: Vec::new(), reduced: Vec::new() }),
        None => element_by_element(body, times),
    }
}

fn element_by_element(body: &[u8], times: Times) -> Result<Sorted<Sample>, String> {
    #[derive(Deserialize)]
    struct Body {
        metrics: Option<Box<RawValue>>,
    }
    let list = list(object::<Body>(json(body)?)?.metrics).filter(|list| !list.is_empty());
    let list = list.ok_or(sentence::MISSING_METRICS)?;
    let mut reduced = Vec::new();
    let sorted = sort(&list, |index, raw| {
        let sample: RawSample = object(raw)?;
        check_sample(&sample, times)?;
        let readings = sample.readings.as_deref().map(readings::readings).transpose().unwrap_or_else(|reason| {
            reduced.push(Refused { index, reason: shortened(&reason), container_id: None });
            None
        });
        Ok(with_readings(&sample, readings))
    });
    all_refused(Sorted { reduced, ..sorted })
}

/// Reads a host's container set. An id that is listed twice is refused the second time.
///
/// Errors: the sentence of the 400; also where every single container is refused, with the reason of the first.
pub fn containers(body: &[u8]) -> Result<ContainerReport, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        containers: Option<Box<RawValue>>,
        containers_left_out: Option<u64>,
    }
    let body: Body = object(json(body)?)?;
    let list = list(body.containers).ok_or(sentence::MISSING_CONTAINERS)?;
    let mut seen = HashSet::new();
    let mut sorted = sort(&list, |_, raw| {
        let container = object(raw).and_then(check_container)?;
        if !seen.insert(container.container_id.clone()) {
            return Err("containerId: is listed twice".to_owned());
        }
        Ok(container)
    });
    for refused in &mut sorted.refused {
        refused.container_id = list.get(refused.index).and_then(|raw| readable_id(raw));
    }
    Ok(ContainerReport { list: all_refused(sorted)?, left_out: body.containers_left_out.unwrap_or(0) })
}

/// A time in the engine's words, such as when a container started; `None` where that never was.
///
/// Errors: a reason, where the text is no time.
pub fn engine_time(text: Option<&str>) -> Result<Option<Timestamp>, &'static str> {
    match text {
        None | Some("") => Ok(None),
        Some(text) if text.starts_with(NEVER_PREFIX) => Ok(None),
        Some(text) => match Timestamp::parse(text) {
            Some(time) => Ok(Some(time)),
            None => Err("must be an ISO 8601 time or null"),
        },
    }
}

fn sort<T>(list: &[Box<RawValue>], mut read: impl FnMut(usize, &RawValue) -> Result<T, String>) -> Sorted<T> {
    let mut sorted = Sorted { accepted: Vec::with_capacity(list.len()), refused: Vec::new(), reduced: Vec::new() };
    for (index, raw) in list.iter().enumerate() {
        match read(index, raw) {
            Ok(reading) => sorted.accepted.push(reading),
            Err(reason) => sorted.refused.push(Refused { index, reason: shortened(&reason), container_id: None }),
        }
    }
    sorted
}

fn all_refused<T>(sorted: Sorted<T>) -> Result<Sorted<T>, String> {
    match sorted.refused.first() {
        Some(first) if sorted.accepted.is_empty() => Err(first.reason.clone()),
        _ => Ok(sorted),
    }
}

fn json(body: &[u8]) -> Result<&RawValue, String> {
    serde_json::from_slice(body).map_err(|_| "Request body is not valid JSON".to_owned())
}

fn list(value: Option<Box<RawValue>>) -> Option<Vec<Box<RawValue>>> {
    serde_json::from_str(value?.get()).ok()
}

/// Decodes one JSON object. serde would take an array for a struct as well; the wire has no positional arrays.
fn object<T: DeserializeOwned>(raw: &RawValue) -> Result<T, String> {
    if !raw.get().trim_start().starts_with('{') {
        return Err("must be a JSON object".to_owned());
    }
    let mut deserializer = serde_json::Deserializer::from_str(raw.get());
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| shortened(&reason(&error)))
}

/// `cpuPercent: invalid type: …`, or `cpuPercent: is missing`.
fn reason(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let text = error.inner().to_string();
    // The position is that within one element: of no use to a reader.
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    match (text.strip_prefix("missing field `"), error.path().to_string().as_str()) {
        (Some(field), ".") => format!("{}: is missing", field.trim_end_matches('`')),
        (Some(field), path) => format!("{path}.{}: is missing", field.trim_end_matches('`')),
        (None, ".") => text.to_owned(),
        (None, path) => format!("{path}: {text}"),
    }
}

fn shortened(reason: &str) -> String {
    match reason.char_indices().nth(REASON_MAX_CHARS) {
        Some((end, _)) => format!("{}…", reason.get(..end).unwrap_or_default()),
        None => reason.to_owned(),
    }
}

/// A sample whose readings are not read yet.
type RawSample = ServerMetrics<Box<RawValue>>;

fn check_sample<T>(sample: &ServerMetrics<T>, times: Times) -> Result<(), String> {
    if sample.timestamp < times.oldest {
        return Err(format!("timestamp: is older than samples are kept (RETAIN_RAW_DAYS), got {}", sample.timestamp));
    }
    if sample.timestamp.unix_ms() > times.now.unix_ms().saturating_add(CLOCK_AHEAD_MAX_MS) {
        return Err(format!("timestamp: is more than 5 minutes ahead of the master's clock, got {}", sample.timestamp));
    }
    percent("cpuPercent", sample.cpu_percent)?;
    percent("memoryPercent", sample.memory_percent)?;
    percent("diskPercent", sample.disk_percent)?;
    size_gb("memoryUsedGb", sample.memory_used_gb)?;
    size_gb("memoryTotalGb", sample.memory_total_gb)?;
    size_gb("diskUsedGb", sample.disk_used_gb)?;
    size_gb("diskTotalGb", sample.disk_total_gb)?;
    counter("networkRxBytes", sample.network_rx_bytes)?;
    counter("networkTxBytes", sample.network_tx_bytes)
}

fn with_readings(fixed: &RawSample, readings: Option<Readings>) -> Sample {
    ServerMetrics {
        readings,
        timestamp: fixed.timestamp,
        cpu_percent: fixed.cpu_percent,
        memory_percent: fixed.memory_percent,
        disk_percent: fixed.disk_percent,
        memory_used_gb: fixed.memory_used_gb,
        memory_total_gb: fixed.memory_total_gb,
        disk_used_gb: fixed.disk_used_gb,
        disk_total_gb: fixed.disk_total_gb,
        network_rx_bytes: fixed.network_rx_bytes,
        network_tx_bytes: fixed.network_tx_bytes,
    }
}

fn check_container(container: WireContainer) -> Result<WireContainer, String> {
    container_id(&container.container_id)?;
    field_text("name", &container.name, TEXT_MAX_BYTES)?;
    field_text("image", &container.image, TEXT_MAX_BYTES)?;
    field_text("imageId", container.image_id.as_deref().unwrap_or_default(), TEXT_MAX_BYTES)?;
    field_text("ports", &container.ports, TEXT_MAX_BYTES)?;
    if container.name.is_empty() {
        return Err("name: must not be empty".to_owned());
    }
    // Labels and lists are bounded by the body alone: labels of a few kilobytes are in use.
    for tag in &container.image_tags {
        field_text("imageTags", tag, TEXT_MAX_BYTES)?;
    }
    for network in &container.networks {
        field_text("networks", network, TEXT_MAX_BYTES)?;
    }
    if container.labels.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
        return Err("labels: must not contain a NUL character".to_owned());
    }
    engine_time(container.started_at.as_deref()).map_err(|why| format!("startedAt: {why}"))?;
    engine_time(container.created_at.as_deref()).map_err(|why| format!("createdAt: {why}"))?;
    counter("restartCount", container.restart_count.unwrap_or_default())?;
    field_text("composeProject", container.compose_project.as_deref().unwrap_or_default(), TEXT_MAX_BYTES)?;
    field_text("composeService", container.compose_service.as_deref().unwrap_or_default(), TEXT_MAX_BYTES)?;
    Ok(container)
}

fn server_info(info: &ServerInfo<String>) -> Result<(), String> {
    field_text("name", &info.name, TEXT_MAX_BYTES)?;
    field_text("hostname", &info.hostname, TEXT_MAX_BYTES)?;
    field_text("osName", &info.os_name, TEXT_MAX_BYTES)?;
    field_text("osVersion", &info.os_version, TEXT_MAX_BYTES)?;
    field_text("osKernel", &info.os_kernel, TEXT_MAX_BYTES)?;
    field_text("osArch", &info.os_arch, TEXT_MAX_BYTES)?;
    field_text("dockerVersion", info.docker_version.as_deref().unwrap_or_default(), TEXT_MAX_BYTES)?;
    size_gb("totalMemoryGb", info.total_memory_gb)?;
    size_gb("totalDiskGb", info.total_disk_gb)
}

/// The id of a container that was refused, so that it is not taken for removed.
fn readable_id(raw: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        container_id: String,
    }
    object::<Body>(raw).ok().map(|body| body.container_id).filter(|id| container_id(id).is_ok())
}

fn container_id(id: &str) -> Result<(), String> {
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain && (1..=CONTAINER_ID_MAX_BYTES).contains(&id.len()) {
        Ok(())
    } else {
        Err(format!("containerId: must be 1 to {CONTAINER_ID_MAX_BYTES} letters and digits"))
    }
}

fn field_text(field: &str, value: &str, max_bytes: usize) -> Result<(), String> {
    text(value, max_bytes).map_err(|why| format!("{field}: {why}"))
}

/// PostgreSQL cannot hold a NUL in a text, so no engine gets one.
fn text(value: &str, max_bytes: usize) -> Result<(), String> {
    if value.contains('\0') {
        return Err("must not contain a NUL character".to_owned());
    }
    if value.len() > max_bytes {
        return Err(format!("must be at most {max_bytes} bytes long, got {}", value.len()));
    }
    Ok(())
}

fn percent(field: &str, value: f64) -> Result<(), String> {
    if (0.0..=100.0).contains(&value) {
        Ok(())
    } else {
        Err(format!("{field}: must be between 0 and 100, got {value}"))
    }
}

fn size_gb(field: &str, value: f64) -> Result<(), String> {
    if (0.0..=SIZE_MAX_GB).contains(&value) {
        Ok(())
    } else {
        Err(format!("{field}: must be between 0 and {SIZE_MAX_GB}, got {value}"))
    }
}

/// The store keeps counters in 64 bits with a sign.
fn counter(field: &str, value: u64) -> Result<(), String> {
    match i64::try_from(value) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("{field}: must be at most {}, got {value}", i64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-23T09:08:04.000Z";
    const SAMPLE: &str = r#"{"timestamp":"2026-11-23T09:08:03.022Z","cpuPercent":14.85,"memoryPercent":3.09,"diskPercent":6.31,"memoryUsedGb":0.73,"memoryTotalGb":23.54,"diskUsedGb":47.7,"diskTotalGb":755.92,"networkRxBytes":443323758,"networkTxBytes":986331}"#;
    const CONTAINER: &str = r#"{"containerId":"eb6f6e2aaa26","name":"hc","image":"busybox:local","imageId":null,"imageTags":["busybox:local"],"status":"running","health":"healthy","ports":"8099:80","labels":{},"networks":["bridge"],"startedAt":"2026-11-23T08:47:25.668846837Z","exitCode":0}"#;
    const INFO: &str = r#"{"name":"web-1","hostname":"host","cpuCores":4,"totalMemoryGb":24,"totalDiskGb":755.92,"osName":"Debian","osVersion":"13","osKernel":"6.12","osArch":"x86_64","dockerVersion":null}"#;

    fn samples(elements: &[&str]) -> Result<Sorted<Sample>, String> {
        let body = format!(r#"{{"metrics":[{}]}}"#, elements.join(","));
        metrics(body.as_bytes(), Timestamp::parse(NOW).unwrap())
    }

    fn with(text: &str, from: &str, to: &str) -> String {
        assert!(text.contains(from), "{from} is not in {text}");
        text.replacen(from, to, 1)
    }

    #[test]
    fn a_good_sample_passes() {
        let sorted = samples(&[SAMPLE, SAMPLE]).unwrap();
        assert_eq!(sorted.accepted.len(), 2);
        assert_eq!(sorted.accepted[0].cpu_percent, 14.85);
        assert_eq!(sorted.summary(), None);
    }

    #[test]
    fn one_bad_sample_costs_only_itself_and_its_field_is_named() {
        let bad = with(SAMPLE, "14.85", "140");
        let sorted = samples(&[SAMPLE, &bad, SAMPLE, "7"]).unwrap();
        let summary = sorted.summary().unwrap();
        assert_eq!((summary.accepted, summary.refused), (2, 2));
        assert_eq!(
            summary.reasons,
            [
                RefusedReason { index: 1, reason: "cpuPercent: must be between 0 and 100, got 140".to_owned() },
                RefusedReason { index: 3, reason: "must be a JSON object".to_owned() },
            ]
        );
    }

    #[test]
    fn a_sample_is_refused_by_the_name_of_its_field() {
        for (from, to, reason) in [
            ("14.85", "-0.01", "cpuPercent: must be between 0 and 100, got -0.01"),
            ("14.85", "100.01", "cpuPercent: must be between 0 and 100, got 100.01"),
            ("14.85", "1e999", "cpuPercent: number out of range"),
            ("14.85", "\"x\"", "cpuPercent: invalid type: string \"x\", expected f64"),
            ("14.85", "null", "cpuPercent: invalid type: null, expected f64"),
            ("\"cpuPercent\":14.85,", "", "cpuPercent: is missing"),
            ("14.85", "1,\"cpuPercent\":2", "duplicate field `cpuPercent`"),
            ("3.09", "101", "memoryPercent: must be between 0 and 100, got 101"),
            ("6.31", "-1", "diskPercent: must be between 0 and 100, got -1"),
            ("0.73", "-1", "memoryUsedGb: must be between 0 and 16777216, got -1"),
            ("755.92", "1e300", "diskTotalGb: must be between 0 and 16777216, got 1"),
            ("443323758", "-1", "networkRxBytes: invalid value: integer `-1`, expected u64"),
            ("986331", "9223372036854775808", "networkTxBytes: must be at most 9223372036854775807, got 9223372036"),
            ("2026-11-23T09:08:03.022Z", "yesterday", "timestamp: invalid value: string \"yesterday\""),
            ("2026-11-23T09:08:03.022Z", "2026-11-23T09:13:04.001Z", "timestamp: is more than 5 minutes ahead"),
        ] {
            let error = samples(&[&with(SAMPLE, from, to)]).unwrap_err();
            assert!(error.starts_with(reason), "{from} -> {to}: {error}");
        }
    }

    #[test]
    fn bad_readings_cost_themselves_and_not_the_fixed_fields() {
        let says = |readings: &str| with(SAMPLE, "}", &format!(r#","readings":{readings}}}"#));
        let (good, bad, bad_too) = (says(r#"{"load1":0.5}"#), says(r#"{"load1":-1}"#), says("7"));
        let refused = with(&bad, "14.85", "140");
        let sorted = samples(&[&good, &bad, SAMPLE, &refused, &bad_too, &says("null")]).unwrap();
        let loads: Vec<_> = sorted.accepted.iter().map(|s| s.readings.as_ref().and_then(|r| r.load1)).collect();
        assert_eq!(loads, [Some(0.5), None, None, None, None]);
        assert_eq!(sorted.accepted[1], sorted.accepted[2], "the fixed fields are as they were sent");
        let reason = |index, reason: &str| RefusedReason { index, reason: reason.to_owned() };
        let summary = RefusedSummary {
            accepted: 5,
            refused: 1,
            without_readings: Some(2),
            reasons: vec![
                reason(3, "cpuPercent: must be between 0 and 100, got 140"),
                reason(1, "readings.load1: must not be negative, got -1"),
                reason(4, "readings: must be a JSON object"),
            ],
        };
        assert_eq!(sorted.summary(), Some(summary));
        // Nothing is refused here, so it is no 400.
        assert_eq!(samples(&[&bad]).unwrap().summary().unwrap().without_readings, Some(1));
    }

    #[test]
    fn the_edges_of_the_ranges_pass() {
        for (from, to) in [
            ("14.85", "0"),
            ("14.85", "100"),
            ("986331", "9223372036854775807"),
            ("2026-11-23T09:08:03.022Z", "2026-11-23T09:13:04.000Z"),
            ("\"cpuPercent\"", "\"unknown\":{\"deep\":[[[]]]},\"cpuPercent\""),
        ] {
            samples(&[&with(SAMPLE, from, to)]).unwrap();
        }
    }

    #[test]
    fn reasons_are_bounded_in_number_and_length() {
        let long = with(SAMPLE, "14.85", &format!("\"{}\"", "é".repeat(5000)));
        let mut elements = vec![long.as_str(); 30];
        elements.push(SAMPLE);
        let summary = samples(&elements).unwrap().summary().unwrap();
        assert_eq!((summary.refused, summary.reasons.len()), (30, REASONS_MAX));
        assert!(summary.reasons.iter().all(|r| r.reason.chars().count() <= REASON_MAX_CHARS + 1));
    }

    #[test]
    fn a_body_without_a_list_has_the_sentence_of_the_contract() {
        let now = Timestamp::parse(NOW).unwrap();
        for body in ["{}", r#"{"metrics":[]}"#, r#"{"metrics":null}"#, r#"{"metrics":{}}"#, r#"{"metrics":"x"}"#] {
            assert_eq!(metrics(body.as_bytes(), now), Err(sentence::MISSING_METRICS.to_owned()), "{body}");
        }
        for body in ["{}", r#"{"containers":null}"#, r#"{"containers":7}"#] {
            assert_eq!(containers(body.as_bytes()), Err(sentence::MISSING_CONTAINERS.to_owned()), "{body}");
        }
        for body in [&b""[..], b"{", b"\xff\xfe", b"{\"metrics\":[NaN]}", b"{}x"] {
            assert_eq!(metrics(body, now), Err("Request body is not valid JSON".to_owned()));
        }
        for body in [&b"[]"[..], b"7", b"null", b"\"x\"", b"[[{}]]"] {
            assert_eq!(metrics(body, now), Err("must be a JSON object".to_owned()));
        }
    }

    #[test]
    fn nesting_a_hundred_thousand_deep_is_a_refusal() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let now = Timestamp::parse(NOW).unwrap();
        assert!(metrics(deep.as_bytes(), now).is_err());
        assert!(metrics(format!(r#"{{"metrics":{deep}}}"#).as_bytes(), now).is_err());
        assert!(metrics(format!(r#"{{"metrics":[{{"cpuPercent":{deep}}}]}}"#).as_bytes(), now).is_err());
        let unknown = with(SAMPLE, "\"cpuPercent\"", &format!("\"unknown\":{deep},\"cpuPercent\""));
        samples(&[&unknown]).unwrap();
    }

    #[test]
    fn a_set_without_containers_is_a_set() {
        assert_eq!(containers(br#"{"containers":[]}"#).unwrap().list.accepted, []);
    }

    #[test]
    fn a_report_says_how_many_containers_it_leaves_out() {
        let left_out = |text: &str| containers(format!(r#"{{"containers":[]{text}}}"#).as_bytes()).map(|r| r.left_out);
        assert_eq!(left_out(""), Ok(0));
        assert_eq!(left_out(r#","containersLeftOut":null"#), Ok(0));
        assert_eq!(left_out(r#","containersLeftOut":3"#), Ok(3));
        assert_eq!(left_out(r#","containersLeftOut":18446744073709551615"#), Ok(u64::MAX));
        for bad in ["-1", "1.5", "\"3\"", "true"] {
            let error = left_out(&format!(r#","containersLeftOut":{bad}"#)).unwrap_err();
            assert!(error.starts_with("containersLeftOut: invalid"), "{error}");
        }
    }

    #[test]
    fn a_refused_container_keeps_its_id_where_that_can_be_read() {
        let bad_port = with(CONTAINER, "\"8099:80\"", "7");
        let bad_id = with(CONTAINER, "eb6f6e2aaa26", "../etc");
        let other = with(CONTAINER, "eb6f6e2aaa26", "aaaaaaaaaaaa");
        let body = format!(r#"{{"containers":[{other},{bad_port},{bad_id},{other}]}}"#);
        let sorted = containers(body.as_bytes()).unwrap().list;
        assert_eq!(sorted.accepted.len(), 1);
        let refused: Vec<_> = sorted.refused.iter().map(|r| (r.index, r.container_id.as_deref())).collect();
        assert_eq!(refused, [(1, Some("eb6f6e2aaa26")), (2, None), (3, Some("aaaaaaaaaaaa"))]);
        assert_eq!(sorted.refused[2].reason, "containerId: is listed twice");
    }

    #[test]
    fn a_container_is_refused_by_the_name_of_its_field() {
        for (from, to, reason) in [
            ("\"hc\"", "\"h\\u0000c\"", "name: must not contain a NUL character"),
            ("\"hc\"", "\"\"", "name: must not be empty"),
            ("\"hc\"", "\"\\ud800\"", "name: "),
            ("eb6f6e2aaa26", "", "containerId: must be 1 to 64 letters and digits"),
            ("{}", "{\"a\":\"\\u0000\"}", "labels: must not contain a NUL character"),
            ("{}", "{\"a\":1}", "labels.a: invalid type: integer `1`, expected a string"),
            ("\"healthy\"", "\"fine\"", "health: unknown variant `fine`"),
            ("2026-11-23T08:47:25.668846837Z", "soon", "startedAt: must be an ISO 8601 time or null"),
            ("\"exitCode\":0", "\"exitCode\":\"0\"", "exitCode: invalid type"),
            ("\"exitCode\":0", "\"exitCode\":0,\"restartCount\":-1", "restartCount: invalid value"),
            ("\"exitCode\":0", "\"exitCode\":0,\"restartCount\":9223372036854775808", "restartCount: must be at most"),
            ("\"exitCode\":0", "\"exitCode\":0,\"oomKilled\":1", "oomKilled: invalid type"),
            ("\"exitCode\":0", "\"exitCode\":0,\"createdAt\":\"once\"", "createdAt: must be an ISO 8601 time or null"),
            (
                "\"exitCode\":0",
                "\"exitCode\":0,\"composeProject\":\"a\\u0000\"",
                "composeProject: must not contain a NUL",
            ),
            ("\"exitCode\":0", "\"exitCode\":0,\"composeService\":[]", "composeService: invalid type"),
            ("\"exitCode\":0", "\"exitCode\":0,\"labelsLeftOut\":4294967296", "labelsLeftOut: invalid value"),
        ] {
            let body = format!(r#"{{"containers":[{}]}}"#, with(CONTAINER, from, to));
            let error = containers(body.as_bytes()).unwrap_err();
            assert!(error.starts_with(reason), "{from} -> {to}: {error}");
        }
    }

    #[test]
    fn a_container_that_never_started_has_no_time() {
        assert_eq!(engine_time(Some("0001-01-01T00:00:00Z")), Ok(None));
        assert_eq!(engine_time(None), Ok(None));
        let time = engine_time(Some("2026-11-23T08:47:25.668846837Z")).unwrap().unwrap();
        assert_eq!(time.to_string(), "2026-11-23T08:47:25.668Z");
    }

    #[test]
    fn a_registration_needs_a_name_and_facts() {
        let body = format!(r#"{{"serverName":" web-1 ","serverInfo":{INFO},"agentVersion":"1.0.0"}}"#);
        let read = registration(body.as_bytes()).unwrap();
        assert_eq!((read.who.server_name.as_str(), read.agent_version.as_str()), ("web-1", "1.0.0"));
        assert_eq!(read.info.total_memory_gb, 24.0);

        for body in [
            "{}".to_owned(),
            format!(r#"{{"serverInfo":{INFO}}}"#),
            r#"{"serverName":"web-1"}"#.to_owned(),
            format!(r#"{{"serverName":"  ","serverInfo":{INFO}}}"#),
            r#"{"serverName":"web-1","serverInfo":null}"#.to_owned(),
        ] {
            assert_eq!(registration(body.as_bytes()), Err(sentence::MISSING_REGISTER_FIELDS.to_owned()), "{body}");
        }
    }

    #[test]
    fn who_registers_may_say_what_it_is_known_by_and_which_host_it_is() {
        let (credential, hash) = (format!("neon_agent_{}", "0a".repeat(32)), "0a".repeat(16));
        let body = format!(
            r#"{{"serverName":"web-1","credential":"{credential}","hostFingerprint":{{"machine":"{hash}","more":1}}}}"#
        );
        let who = registrant(body.as_bytes()).unwrap();
        assert_eq!(who.credential.as_ref().unwrap().reveal(), credential);
        assert_eq!(who.host_fingerprint, HostFingerprint { machine: Some(hash), engine: None });
        assert!(!format!("{who:?}").contains("0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"), "{who:?}");
        assert_eq!(registration(body.as_bytes()), Err(sentence::MISSING_REGISTER_FIELDS.to_owned()));
        for (bad, reason) in [
            (r#""credential":"neon_agent_1""#, "credential: must be"),
            (r#""credential":"""#, "credential: must be"),
            (r#""hostFingerprint":{"machine":"x"}"#, "hostFingerprint.machine: must be"),
            (r#""hostFingerprint":{"engine":7}"#, "hostFingerprint.engine: invalid type"),
            (r#""hostFingerprint":[]"#, "hostFingerprint.must be a JSON object"),
        ] {
            let body = format!(r#"{{"serverName":"web-1","serverInfo":{INFO},{bad}}}"#);
            let refused = registration(body.as_bytes()).unwrap_err();
            assert!(refused.starts_with(reason), "{refused}");
            assert_eq!(registrant(body.as_bytes()), None);
        }
    }

    #[test]
    fn bad_facts_are_refused_by_name() {
        for (from, to, reason) in [
            ("\"cpuCores\":4", "\"cpuCores\":-1", "serverInfo.cpuCores: invalid value: integer `-1`, expected u32"),
            ("24", "-24", "serverInfo.totalMemoryGb: must be between 0 and 16777216, got -24"),
            ("Debian", "De\\u0000bian", "serverInfo.osName: must not contain a NUL character"),
            ("\"osArch\":\"x86_64\",", "", "serverInfo.osArch: is missing"),
        ] {
            let body = format!(r#"{{"serverName":"web-1","serverInfo":{}}}"#, with(INFO, from, to));
            assert_eq!(registration(body.as_bytes()).unwrap_err(), reason);
        }
        let body = format!(r#"{{"serverName":"{}","serverInfo":{INFO}}}"#, "x".repeat(129));
        assert_eq!(registration(body.as_bytes()).unwrap_err(), "serverName: must be at most 128 bytes long, got 129");
        let body = format!(r#"{{"serverName":7,"serverInfo":{INFO}}}"#);
        assert!(registration(body.as_bytes()).unwrap_err().starts_with("serverName: invalid type"));
    }

    #[test]
    fn a_heartbeat_may_say_little_but_not_nonsense() {
        let full = br#"{"timestamp":"2026-11-23T09:08:03.022Z","agentVersion":"1.0.0"}"#;
        assert_eq!(heartbeat(full), Ok(Some("1.0.0".to_owned())));
        assert_eq!(heartbeat(b"{}"), Ok(None));
        assert!(heartbeat(b"").is_err());
        assert!(heartbeat(br#"{"timestamp":7}"#).unwrap_err().starts_with("timestamp: "));
    }
}
