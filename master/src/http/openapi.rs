//! The OpenAPI 3.1 document: the reading half derived from the handlers and their records, the agent's half from
//! `agent/schemas.json`, because its wire types are `no_std` and know nothing of OpenAPI.

use std::sync::OnceLock;

use salvo::Response;
use salvo::http::Method;
use salvo::oapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme};
use salvo::oapi::{Info, OpenApi, SecurityScheme, Tag, endpoint};
use salvo::writing::Text;
use serde_json::{Map, Value, json};

use super::error::{INTERNAL, UNAVAILABLE};
use super::{Access, Route, api_router, routes};

const AGENT_SCHEMAS: &str = include_str!("agent/schemas.json");

/// What the generator cannot know: examples, and bounds of parameters.
const EXAMPLES: &str = include_str!("examples.json");
/// PostgreSQL cannot hold a NUL in a text, so no engine gets one.
const NO_NUL: &str = "^[^\\u0000]*$";

/// This description.
///
/// OpenAPI 3.1, of the version that answers. A client that is made from it knows every route, what it asks for and what it
/// answers.
#[endpoint(tags("operation"), responses((status_code = 200, description = "The document", body = Value)))]
pub async fn openapi_json(response: &mut Response) {
    static TEXT: OnceLock<String> = OnceLock::new();
    response.render(Text::Json(TEXT.get_or_init(document).as_str()));
}

/// The document, as pretty-printed JSON with a final newline.
pub fn document() -> String {
    let info = Info::new("Neon master", env!("CARGO_PKG_VERSION"))
        .description("What agents report to and dashboards read from. Times are ISO 8601 in UTC with milliseconds.");
    let tags = [
        ("agent", "What agents ask for, with a secret at first and then with the token they are given."),
        ("reading", "Servers, their numbers and their containers."),
        ("organising", "What operators say about servers: groups, tags, notes and maintenance."),
        ("access", "Users, their sessions, API tokens, and who did what."),
        ("operation", "How the master itself fares."),
    ];
    let document = OpenApi::with_info(info)
        .tags(tags.map(|(name, description)| Tag::new(name).description(description)))
        .add_security_scheme("agentSecret", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-Agent-Secret"))))
        .add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("neon_session"))))
        .add_security_scheme("apiToken", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)))
        .add_security_scheme("agentToken", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer).bearer_format("JWT")))
        .merge_router(&api_router());
    let mut document = serde_json::to_value(document).unwrap_or_default();
    let mut agent_schemas: Map<String, Value> = serde_json::from_str(AGENT_SCHEMAS).unwrap_or_default();
    agent_schemas.values_mut().for_each(without_nul);
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.extend(agent_schemas);
    }
    let error_body = error_body(&document);
    let examples: Value = serde_json::from_str(EXAMPLES).unwrap_or_default();
    for route in routes() {
        let method = route.method.as_str().to_ascii_lowercase();
        let operation = document.get_mut("paths").and_then(|paths| paths.get_mut(route.path)?.get_mut(method));
        let Some(operation) = operation.and_then(Value::as_object_mut) else { continue };
        complete(operation, &route, &error_body);
        add_examples(operation, &route, &examples);
    }
    let text = format!("{document:#}\n");
    generated_names(&document).iter().fold(text, |text, name| {
        let short = name.rsplit('.').next().unwrap_or(name);
        text.replace(name, short)
    })
}

/// Says of every text that has no form of its own that it holds no NUL.
fn without_nul(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let is_text = fields.get("type").is_some_and(|kind| match kind {
                Value::Array(kinds) => kinds.iter().any(|kind| kind == "string"),
                kind => kind == "string",
            });
            if is_text && !["enum", "format", "pattern"].iter().any(|key| fields.contains_key(*key)) {
                fields.insert("pattern".to_owned(), json!(NO_NUL));
            }
            if fields.contains_key("additionalProperties") {
                fields.insert("propertyNames".to_owned(), json!({"pattern": NO_NUL}));
            }
            fields.values_mut().for_each(without_nul);
        }
        Value::Array(list) => list.iter_mut().for_each(without_nul),
        _ => {}
    }
}

/// A reference to the error body of the reading half.
fn error_body(document: &Value) -> Value {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let name = schemas.and_then(|schemas| schemas.keys().find(|name| name.ends_with(".ErrorBody")));
    json!({"$ref": format!("#/components/schemas/{}", name.map_or("ErrorBody", String::as_str))})
}

/// What the guards before the handlers ask for and answer, and what every handler may answer, which none of them says.
fn complete(operation: &mut Map<String, Value>, route: &Route, error_body: &Value) {
    let is_agents = route.access == Access::Agents;
    let schema = if is_agents { json!({"$ref": "#/components/schemas/Refusal"}) } else { error_body.clone() };
    let refusal = |description: &str, sentence: &str| {
        let example = if is_agents { json!({"success": false, "error": sentence}) } else { json!({"error": sentence}) };
        json!({"description": description, "content": {"application/json": {"schema": schema, "example": example}}})
    };
    let security = match route.access {
        Access::Agents => None,
        Access::Anybody => Some(json!([])),
        Access::Readers | Access::Operators => Some(json!([{"session": []}, {"apiToken": []}])),
        Access::Users(_) => Some(json!([{"session": []}])),
    };
    operation.extend(security.map(|security| ("security".to_owned(), security)));
    let is_guarded = !matches!(route.access, Access::Anybody | Access::Agents);
    if is_guarded && route.method != Method::GET {
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        parameters.as_array_mut().into_iter().for_each(|list| {
            list.push(json!({
                "name": "X-Neon-Request",
                "in": "header",
                "description": "Any value; keeps pages of other origins out. Not asked of API tokens",
                "required": matches!(route.access, Access::Users(_)),
                "schema": {"type": "string"},
            }));
        });
    }
    let has_body = operation.contains_key("requestBody");
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    // The generator gives one to every handler that answers nothing.
    let answers_nothing = ["202", "204"].iter().any(|status| responses.contains_key(*status));
    if answers_nothing && responses.get("200").is_some_and(|ok| ok.get("content").is_none()) {
        responses.remove("200");
    }
    let mut add = |status: &str, description: &str, sentence: &str| {
        responses.entry(status).or_insert_with(|| refusal(description, sentence));
    };
    if is_guarded {
        add("401", "Not logged in, and no good API token", "Log in, or send an API token");
        add("403", "Not allowed to do this", "You may not do this");
    }
    if route.access != Access::Anybody {
        add("429", "More requests than one credential may send", "Too many requests, try again later");
    }
    if has_body {
        add("408", "The body did not arrive in time", "The request body did not arrive in time");
        add("413", "The body is larger than 1 MiB", "Request body is larger than 1048576 bytes");
    }
    if route.path != "/openapi.json" {
        add("500", "A fault of this master; its log says which", INTERNAL);
        add("503", "The store does not answer, or more is waiting than it can take", UNAVAILABLE);
    }
    for (status, response) in responses.iter_mut() {
        let Some(response) = response.as_object_mut() else { continue };
        if matches!(status.as_str(), "429" | "503") {
            let header = json!({"description": "Seconds after which to try again", "required": true,
                "schema": {"type": "integer", "minimum": 1}, "example": 5});
            response.insert("headers".to_owned(), json!({"Retry-After": header}));
        }
    }
}

/// Gives an operation what `examples.json` has of it.
fn add_examples(operation: &mut Map<String, Value>, route: &Route, examples: &Value) {
    let own = examples.get("operations").and_then(|all| all.get(format!("{} {}", route.method, route.path)));
    let own = own.unwrap_or(&Value::Null);
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let of = |examples: &Value| examples.get("parameters").and_then(|all| all.get(&name)).cloned();
        if let Some(Value::Object(mut more)) = of(own).or_else(|| of(examples)) {
            let bounds = more.remove("schema");
            if let (Some(schema), Some(Value::Object(bounds))) =
                (parameter.get_mut("schema").and_then(Value::as_object_mut), bounds)
            {
                schema.extend(bounds);
            }
            parameter.as_object_mut().into_iter().for_each(|parameter| parameter.extend(more.clone()));
        }
    }
    let mut give = |pointer: &str, example: Option<&Value>| {
        let content = operation.get_mut(pointer.split('/').next().unwrap_or_default());
        let rest = pointer.find('/').and_then(|at| pointer.get(at..)).unwrap_or_default();
        let media = content.and_then(|content| content.pointer_mut(rest)).and_then(Value::as_object_mut);
        if let (Some(media), Some(example)) = (media, example) {
            media.insert("example".to_owned(), example.clone());
        }
    };
    give("requestBody/content/application~1json", own.get("request"));
    give("responses/200/content/application~1json", own.get("response"));
    for status in ["400", "404", "409"] {
        give(&format!("responses/{status}/content/application~1json"), own.get(status));
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
