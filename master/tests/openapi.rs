//! The API's description: committed for the dashboard, and complete.

use std::collections::BTreeSet;

use neon_master::http::{openapi_document, routes};
use serde_json::Value;

/// Refresh with `cargo run -p neon-master -- openapi > master/web/openapi.json`.
#[test]
fn the_committed_document_is_the_current_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/web/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == openapi_document(),
        "master/web/openapi.json is stale; refresh it with\n    \
         cargo run -p neon-master -- openapi > master/web/openapi.json\nand then `npm run types` in master/web"
    );
}

/// The document describes itself nowhere; every other route is in it, and nothing else is.
#[test]
fn the_document_lists_every_route() {
    let document: Value = serde_json::from_str(&openapi_document()).unwrap();
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    described.insert("GET /openapi.json".to_owned());
    let routed: BTreeSet<String> = routes().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(described, routed);
}

/// What the contract names, literally: a route that is renamed or dropped fails here.
#[test]
fn every_route_is_listed_here() {
    let routed: Vec<String> = routes().iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(
        routed,
        [
            "POST /api/agent/heartbeat",
            "POST /api/agent/metrics",
            "POST /api/agent/containers",
            "POST /api/agent/register",
            "GET /api/servers",
            "GET /api/servers/{id}",
            "GET /api/servers/{id}/metrics",
            "GET /api/servers/{id}/metrics/latest",
            "GET /api/servers/{id}/metrics/history",
            "GET /api/containers",
            "GET /api/stats",
            "GET /api/storage",
            "GET /api/activities",
            "GET /api/events",
            "POST /api/login",
            "POST /api/logout",
            "GET /api/session",
            "GET /api/tokens",
            "POST /api/tokens",
            "DELETE /api/tokens/{id}",
            "GET /api/audit",
            "GET /healthz",
            "GET /readyz",
            "GET /openapi.json",
        ]
    );
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(list) => list.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let document: Value = serde_json::from_str(&openapi_document()).unwrap();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}
