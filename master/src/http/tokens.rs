//! API tokens: `GET` and `POST /api/tokens`, `DELETE /api/tokens/{id}`; and the audit log, `GET /api/audit`.

use salvo::http::StatusCode;
use salvo::oapi::{ToSchema, endpoint};
use salvo::writing::Json;
use salvo::{Depot, Request, Response};
use serde::{Deserialize, Serialize};

use super::body;
use super::error::{ApiError, ErrorBody};
use super::gate::{Caller, TOKEN_PREFIX};
use super::servers::parse_id;
use super::state::{State, now};
use crate::domain::password::{random_secret, sha256};
use crate::model::{ApiToken, AuditEntry, NewApiToken, Scope};

/// Length of a token's name in characters.
const NAME_MAX_CHARS: usize = 128;
/// Lines of the audit log where the request does not say how many, and the most.
const LINES_DEFAULT: i64 = 100;
const LINES_MAX: i64 = 1000;

/// What an API token is to be good for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenRequest {
    /// What it is for, 1 to 128 characters, none of them a control character.
    #[salvo(schema(pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]{1,128}$"))]
    name: String,
    /// What it is to be good for.
    scope: Scope,
    /// The only server it is to be good for; all where it is absent.
    server_id: Option<i64>,
}

/// An API token, and what it is sent as. No `Debug`.
#[derive(Serialize, ToSchema)]
pub struct TokenAnswer {
    /// What goes into `Authorization: Bearer …`. It is stored nowhere, and shown in this answer alone.
    secret: String,
    /// The token as the list shows it.
    token: ApiToken,
}

/// All API tokens, oldest first, without what they are sent as.
///
/// Each with its maker, and when it was used last.
#[endpoint(tags("access"), responses((status_code = 200, description = "All API tokens", body = Vec<ApiToken>)))]
pub async fn token_list(depot: &mut Depot) -> Result<Json<Vec<ApiToken>>, ApiError> {
    Ok(Json(State::of(depot)?.store.token_list().await?))
}

/// Makes an API token.
///
/// It is good until it is revoked, its maker is removed, or its server is. One for a single server reads the routes of that
/// server alone.
#[endpoint(
    tags("access"),
    request_body(content = TokenRequest, content_type = "application/json"),
    responses(
        (status_code = 200, description = "The token, this once", body = TokenAnswer),
        (status_code = 400, description = "Not understood", body = ErrorBody),
        (status_code = 404, description = "`Server not found`", body = ErrorBody),
    )
)]
pub async fn token_create(request: &mut Request, depot: &mut Depot) -> Result<Json<TokenAnswer>, ApiError> {
    let state = State::of(depot)?;
    let body = body::read(request, &state.room).await?;
    let TokenRequest { name, scope, server_id } = serde_json::from_slice(&body).map_err(|_| {
        ApiError::BadRequest("Expected name, scope (read or write) and, for one server, serverId".to_owned())
    })?;
    if name.is_empty() || name.chars().count() > NAME_MAX_CHARS || name.chars().any(char::is_control) {
        let sentence = format!("name: must have 1 to {NAME_MAX_CHARS} characters and no control characters");
        return Err(ApiError::BadRequest(sentence));
    }
    let secret = format!("{TOKEN_PREFIX}{}", random_secret());
    let new = NewApiToken { name, hash: sha256(&secret), scope, server_id };
    let actor = Caller::of(depot)?.actor(request);
    let token = state.store.token_add(&new, &actor, now()).await?.ok_or(ApiError::NotFound("Server not found"))?;
    Ok(Json(TokenAnswer { secret, token }))
}

/// Revokes an API token.
///
/// It is refused from the next request on, and gone from the list.
#[endpoint(
    tags("access"),
    parameters(("id" = i64, Path, description = "Number of the token")),
    responses(
        (status_code = 204, description = "It is good for nothing any more"),
        (status_code = 404, description = "`Token not found`", body = ErrorBody),
    )
)]
pub async fn token_revoke(request: &mut Request, depot: &mut Depot, response: &mut Response) -> Result<(), ApiError> {
    const NOT_FOUND: ApiError = ApiError::NotFound("Token not found");
    let id = request.params().get("id").and_then(|text| parse_id(text)).ok_or(NOT_FOUND)?;
    let actor = Caller::of(depot)?.actor(request);
    if !State::of(depot)?.store.token_revoke(id, &actor, now()).await? {
        return Err(NOT_FOUND);
    }
    response.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// What was changed, by whom and from where, and which logins were refused; newest first.
///
/// To read on, send the number of the last line as `before`.
#[endpoint(
    tags("access"),
    parameters(
        ("limit" = Option<i64>, Query, description = "How many, 1 to 1000; 100 where it is absent"),
        ("before" = Option<i64>, Query, description = "Only those with a smaller number, to read on"),
    ),
    responses(
        (status_code = 200, description = "Lines, newest first", body = Vec<AuditEntry>),
        (status_code = 400, description = "`limit` or `before` is out of range", body = ErrorBody),
    )
)]
pub async fn audit_list(request: &mut Request, depot: &mut Depot) -> Result<Json<Vec<AuditEntry>>, ApiError> {
    let number = |name: &'static str, default: i64, max: i64| match request.queries().get(name) {
        None => Ok(default),
        Some(text) => parse_id(text)
            .filter(|number| (1..=max).contains(number))
            .ok_or_else(|| ApiError::BadRequest(format!("{name}: must be between 1 and {max}"))),
    };
    let (before, limit) = (number("before", i64::MAX, i64::MAX)?, number("limit", LINES_DEFAULT, LINES_MAX)?);
    Ok(Json(State::of(depot)?.store.audit_list(before, limit).await?))
}
