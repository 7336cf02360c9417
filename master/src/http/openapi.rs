//! The OpenAPI 3.1 document: the reading half derived from the handlers and their records, the agent's half from
//! `agent/schemas.json`, because its wire types are `no_std` and know nothing of OpenAPI.

use std::sync::OnceLock;

use salvo::oapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme};
use salvo::oapi::{Info, OpenApi, SecurityScheme};
use salvo::writing::Text;
use salvo::{Response, handler};
use serde_json::{Map, Value, json};

use super::{Access, api_router, routes};

const AGENT_SCHEMAS: &str = include_str!("agent/schemas.json");

/// `GET /openapi.json`.
#[handler]
pub async fn openapi_json(response: &mut Response) {
    static TEXT: OnceLock<String> = OnceLock::new();
    response.render(Text::Json(TEXT.get_or_init(document).as_str()));
}

/// The document, as pretty-printed JSON with a final newline.
pub fn document() -> String {
    let info = Info::new("Neon master", env!("CARGO_PKG_VERSION"))
        .description("What agents report to and dashboards read from. Times are ISO 8601 in UTC with milliseconds.");
    let document = OpenApi::with_info(info)
        .add_security_scheme("agentSecret", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-Agent-Secret"))))
        .add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("neon_session"))))
        .add_security_scheme("apiToken", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)))
        .add_security_scheme("agentToken", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer).bearer_format("JWT")))
        .merge_router(&api_router());
    let mut document = serde_json::to_value(document).unwrap_or_default();
    let agent_schemas: Map<String, Value> = serde_json::from_str(AGENT_SCHEMAS).unwrap_or_default();
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.extend(agent_schemas);
    }
    add_access(&mut document);
    let text = format!("{document:#}\n");
    generated_names(&document).iter().fold(text, |text, name| {
        let short = name.rsplit('.').next().unwrap_or(name);
        text.replace(name, short)
    })
}

/// What the guards before the handlers ask for and answer, which no handler knows of.
fn add_access(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let Some(error_body) = schemas.and_then(|schemas| schemas.keys().find(|name| name.ends_with(".ErrorBody"))) else {
        return;
    };
    let schema = json!({"$ref": format!("#/components/schemas/{error_body}")});
    let refusal =
        |description: &str| json!({"description": description, "content": {"application/json": {"schema": schema}}});
    let (unknown, forbidden) = (refusal("Not logged in, and no good API token"), refusal("Not allowed to do this"));
    for route in routes() {
        let security = match route.access {
            Access::Anybody | Access::Agents => continue,
            Access::Readers | Access::Operators => json!([{"session": []}, {"apiToken": []}]),
            Access::Users(_) => json!([{"session": []}]),
        };
        let method = route.method.as_str().to_ascii_lowercase();
        let operation = document.get_mut("paths").and_then(|paths| paths.get_mut(route.path)?.get_mut(method));
        let Some(operation) = operation.and_then(Value::as_object_mut) else { continue };
        operation.insert("security".to_owned(), security);
        if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
            responses.insert("401".to_owned(), unknown.clone());
            responses.insert("403".to_owned(), forbidden.clone());
        }
    }
}

/// Names that the generator made from Rust paths, such as `neon_master.model.server.Stats`; a client wants the last
/// part alone. Longest first, so that none is replaced within another.
fn generated_names(document: &Value) -> Vec<String> {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let operations = document
        .pointer("/paths")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|paths| paths.values().filter_map(Value::as_object).flat_map(|methods| methods.values()));
    let operation_ids = operations.filter_map(|operation| operation.get("operationId")?.as_str());
    let mut names: Vec<String> = schemas
        .into_iter()
        .flat_map(|schemas| schemas.keys().map(String::as_str))
        .chain(operation_ids)
        .filter(|name| name.starts_with(concat!(env!("CARGO_CRATE_NAME"), ".")))
        .map(str::to_owned)
        .collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names
}
