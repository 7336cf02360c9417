//! Every wire form ever sent still decodes with the current types, and encodes back to the same bytes.

use std::collections::BTreeMap;

use neon_shared::api::{
    ContainersRequest, Envelope, HeartbeatData, HeartbeatRequest, MetricsRequest, RegisterData, RegisterRequest,
};
use neon_shared::metrics::{ContainerHealth, ContainerInfo, ContainerStatus, ServerMetrics};
use serde::Serialize;
use serde::de::DeserializeOwned;

type Container = ContainerInfo<String, Vec<String>, BTreeMap<String, String>>;

/// Decodes `golden`, and asserts that encoding the value gives the same bytes again.
fn round_trip<T: DeserializeOwned + Serialize>(golden: &str) -> T {
    let value: T = serde_json::from_str(golden).expect("decodes");
    assert_eq!(serde_json::to_string(&value).expect("encodes"), golden);
    value
}

#[test]
fn gen1_register() {
    let request: RegisterRequest<String> = round_trip(include_str!("golden/gen1-register.json"));
    assert_eq!((request.server_name.as_str(), request.server_info.docker_version), ("web-1", None));
}

#[test]
fn register_with_code() {
    let request: RegisterRequest<String> = round_trip(include_str!("golden/register-with-code.json"));
    assert!(request.credential.is_some_and(|credential| credential.starts_with("neon_agent_")));
    assert!(request.host_fingerprint.is_some_and(|host| host.machine.is_some() && host.engine.is_some()));
}

#[test]
fn gen1_metrics() {
    let request: MetricsRequest<Vec<ServerMetrics>> = round_trip(include_str!("golden/gen1-metrics.json"));
    assert_eq!(request.metrics[0].timestamp.unix_ms(), 1_795_424_883_022);
}

#[test]
fn gen1_containers() {
    let request: ContainersRequest<Vec<Container>> = round_trip(include_str!("golden/gen1-containers.json"));
    let container = &request.containers[0];
    assert_eq!((container.status, container.health), (ContainerStatus::Running, Some(ContainerHealth::Healthy)));
}

#[test]
fn gen1_heartbeat() {
    let request: HeartbeatRequest<String> = round_trip(include_str!("golden/gen1-heartbeat.json"));
    assert_eq!(request.agent_version, "1.0.0");
}

#[test]
fn gen1_answers() {
    let registered: Envelope<RegisterData<String>, String> =
        round_trip(include_str!("golden/gen1-register-answer.json"));
    assert_eq!(registered.data.map(|data| data.server_id), Some(7));
    let heard: Envelope<HeartbeatData, String> = round_trip(include_str!("golden/gen1-heartbeat-answer.json"));
    assert_eq!(heard.data.map(|data| data.token_expires_in), Some(86_400));
    let refused: Envelope<HeartbeatData, String> = round_trip(include_str!("golden/gen1-refusal.json"));
    assert_eq!(refused.error.as_deref(), Some("Invalid or missing agent secret"));
}

#[test]
fn a_state_this_version_does_not_know_is_exited() {
    let unknown = include_str!("golden/gen1-containers.json").replace("\"running\"", "\"hibernating\"");
    let request: ContainersRequest<Vec<Container>> = serde_json::from_str(&unknown).expect("decodes");
    assert_eq!(request.containers[0].status, ContainerStatus::Exited);
}
