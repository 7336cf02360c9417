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

/// Every route is in it, and nothing else is.
#[test]
fn the_document_lists_every_route() {
    let document: Value = serde_json::from_str(&openapi_document()).unwrap();
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            described.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
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
            "PATCH /api/servers/{id}",
            "DELETE /api/servers/{id}",
            "POST /api/servers/{id}/merge",
            "GET /api/servers/{id}/metrics",
            "GET /api/servers/{id}/metrics/latest",
            "GET /api/servers/{id}/metrics/history",
            "GET /api/groups",
            "GET /api/tags",
            "GET /api/containers",
            "GET /api/stats",
            "GET /api/trends",
            "GET /api/storage",
            "GET /api/activities",
            "GET /api/events",
            "POST /api/login",
            "GET /api/login/oidc",
            "GET /api/login/oidc/callback",
            "POST /api/logout",
            "GET /api/session",
            "POST /api/account/password",
            "GET /api/account/sessions",
            "DELETE /api/account/sessions/{id}",
            "GET /api/account/second-factor",
            "POST /api/account/second-factor",
            "POST /api/account/second-factor/confirm",
            "POST /api/account/second-factor/off",
            "POST /api/account/second-factor/recovery-codes",
            "GET /api/users",
            "POST /api/users",
            "PATCH /api/users/{id}",
            "DELETE /api/users/{id}",
            "DELETE /api/users/{id}/second-factor",
            "GET /api/tokens",
            "POST /api/tokens",
            "DELETE /api/tokens/{id}",
            "GET /api/enrolments",
            "POST /api/enrolments",
            "DELETE /api/enrolments/{id}",
            "POST /api/servers/{id}/credential/rotate",
            "DELETE /api/servers/{id}/credential",
            "GET /api/audit",
            "GET /healthz",
            "GET /readyz",
            "GET /metrics",
            "GET /openapi.json",
        ]
    );
}

/// A route that is added without words, examples, units or errors fails here, and is told what it lacks. Examples and
/// bounds of parameters go into `src/http/examples.json`.
#[test]
fn every_route_says_what_it_is_asked_and_answers() {
    let document: Value = serde_json::from_str(&openapi_document()).unwrap();
    let mut lacks = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let route = format!("{} {path}", method.to_uppercase());
            lacks.extend(lacking(operation).into_iter().map(|what| format!("{route}: {what}")));
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if !is_described(schema) {
            lacks.push(format!("schema {name}: a description"));
        }
        undescribed(name, schema, &mut lacks);
    }
    assert!(lacks.is_empty(), "the document lacks\n{}", lacks.join("\n"));
}

fn lacking(operation: &Value) -> Vec<String> {
    let mut lacks = Vec::new();
    let mut need = |is_there: bool, what: &str| {
        if !is_there {
            lacks.push(what.to_owned());
        }
    };
    for words in ["summary", "description"] {
        need(operation[words].as_str().is_some_and(|text| !text.is_empty()), words);
    }
    need(operation["tags"].as_array().is_some_and(|tags| !tags.is_empty()), "a tag");
    need(operation["security"].is_array(), "who may use it");
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap();
        need(is_described(parameter), &format!("a description of the parameter {name}"));
        need(!parameter["example"].is_null(), &format!("an example of the parameter {name}"));
        let schema = &parameter["schema"];
        if schema["type"] == "integer" {
            need(schema["minimum"].is_number(), &format!("the least {name} may be"));
        }
    }
    if let Some(media) = operation["requestBody"]["content"].as_object() {
        for (kind, media) in media {
            need(!media["example"].is_null(), &format!("an example of its body as {kind}"));
        }
    }
    let responses = operation["responses"].as_object().unwrap();
    need(responses.keys().any(|status| status.starts_with('2')), "an answer when all is well");
    for (status, response) in responses {
        need(status.parse::<u16>().is_ok(), &format!("a status for the answer {status}"));
        need(is_described(response), &format!("when it answers {status}"));
        for (kind, media) in response["content"].as_object().into_iter().flatten() {
            // An error's sentence is its example, where it says more than its description.
            let needs_example =
                kind == "application/json" && status.starts_with('2') && media["schema"] != serde_json::json!({});
            need(!needs_example || !media["example"].is_null(), &format!("an example of its {status}"));
        }
    }
    lacks
}

fn is_described(thing: &Value) -> bool {
    thing["description"].as_str().is_some_and(|text| !text.is_empty())
}

/// Collects the fields without a word. A number's unit is in its name or its words.
fn undescribed(path: &str, schema: &Value, lacks: &mut Vec<String>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let is_reference = field.get("$ref").is_some();
        let parts = field["allOf"].as_array().into_iter().flatten();
        if !is_reference && !is_described(field) && !parts.clone().any(is_described) {
            lacks.push(format!("{path}.{name}: a description"));
        }
        undescribed(&format!("{path}.{name}"), field, lacks);
    }
    for part in ["allOf", "oneOf", "anyOf"].iter().flat_map(|key| schema[*key].as_array().into_iter().flatten()) {
        undescribed(path, part, lacks);
    }
    if schema["items"].is_object() {
        undescribed(&format!("{path}[]"), &schema["items"], lacks);
    }
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
