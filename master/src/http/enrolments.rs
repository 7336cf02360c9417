//! Enrolment codes, `GET` and `POST /api/enrolments`, `DELETE /api/enrolments/{id}`; and the credential of one server,
//! `POST /api/servers/{id}/credential/rotate`, `DELETE /api/servers/{id}/credential`.

use neon_shared::api::CODE_PREFIX;
use neon_shared::limits::SERVER_NAME_MAX_BYTES;
use neon_shared::time::Timestamp;
use salvo::http::StatusCode;
use salvo::oapi::{ToSchema, endpoint};
use salvo::writing::Json;
use salvo::{Depot, Request, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::body;
use super::error::{ApiError, ErrorBody};
use super::gate::Caller;
use super::servers::parse_id;
use super::state::{State, now};
use crate::domain::organise;
use crate::domain::password::{random_secret, sha256};
use crate::model::{EnrolmentCode, NewEnrolment};

/// How long a code is good where the request does not say, and the bounds of that, in seconds.
const LIFETIME_DEFAULT_S: i64 = 3600;
const LIFETIME_MIN_S: i64 = 60;
const LIFETIME_MAX_S: i64 = 7 * 86_400;

const NO_SERVER: ApiError = ApiError::NotFound("Server not found");

/// What an enrolment code is to be good for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentRequest {
    /// The server it is to be for, `SERVER_NAME` of its agent, new or not: 1 to 128 bytes, no control character. Where it
    /// is absent, the code is for one new server of any name.
    #[salvo(schema(
        pattern = "^[^\\s\\u0000-\\u001f\\u007f-\\u009f]([^\\u0000-\\u001f\\u007f-\\u009f]{0,126}[^\\s\\u0000-\\u001f\\u007f-\\u009f])?$"
    ))]
    server_name: Option<String>,
    /// The group that the server is put into when it uses the code, 1 to 64 characters, none of them a control character.
    /// Where it is absent, the server stays in the group it is in, a new one in none.
    #[salvo(schema(min_length = 1, max_length = 64))]
    group: Option<String>,
    /// For how many seconds it is to be good, 60 to 604800; 3600 where it is absent.
    #[salvo(schema(minimum = 60, maximum = 604800))]
    expires_in_seconds: Option<i64>,
}

/// How long the next enrolment code of a server is to be good.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotateRequest {
    /// For how many seconds, 60 to 604800; 3600 where it is absent.
    #[salvo(schema(minimum = 60, maximum = 604800))]
    expires_in_seconds: Option<i64>,
}

/// An enrolment code, and what it is sent as. No `Debug`.
#[derive(Serialize, ToSchema)]
pub struct EnrolmentAnswer {
    /// What goes into `AGENT_SECRET`. It is stored nowhere, and shown in this answer alone.
    code: String,
    /// The code as the list shows it.
    enrolment: EnrolmentCode,
}

/// Enrolment codes, oldest first, without what they are sent as.
///
/// Each with its use. One that was used, or has expired, stays for 30 days.
#[endpoint(tags("access"), responses((status_code = 200, description = "Enrolment codes", body = Vec<EnrolmentCode>)))]
pub async fn enrolment_list(depot: &mut Depot) -> Result<Json<Vec<EnrolmentCode>>, ApiError> {
    Ok(Json(State::of(depot)?.store.enrolment_list().await?))
}

/// Makes an enrolment code.
///
/// An agent that has it as `AGENT_SECRET` exchanges it for a credential of its own when it registers. It is good once, until
/// it expires or is revoked. The fleet's secret is then not for that server any more.
#[endpoint(
    tags("access"),
    request_body(content = Option<EnrolmentRequest>, content_type = "application/json"),
    responses(
        (status_code = 200, description = "The code, this once", body = EnrolmentAnswer),
        (status_code = 400, description = "Not understood", body = ErrorBody),
    )
)]
pub async fn enrolment_create(request: &mut Request, depot: &mut Depot) -> Result<Json<EnrolmentAnswer>, ApiError> {
    let state = State::of(depot)?;
    let EnrolmentRequest { server_name, group, expires_in_seconds } =
        asked(request, &state, "Expected, for one server, serverName, a group, and expiresInSeconds").await?;
    if server_name.as_deref().is_some_and(|name| !is_name(name)) {
        let sentence = format!(
            "serverName: must have 1 to {SERVER_NAME_MAX_BYTES} bytes, no control characters, and no space at either end"
        );
        return Err(ApiError::BadRequest(sentence));
    }
    let group = group.map(|group| organise::group_to_be(&group)).transpose().map_err(ApiError::BadRequest)?;
    let (code, new) = new_code(expires_in_seconds, now())?;
    let new = NewEnrolment { server_name, group, ..new };
    let actor = Caller::of(depot)?.actor(request);
    let enrolment = state.store.enrolment_add(&new, &actor, now()).await?;
    Ok(Json(EnrolmentAnswer { code, enrolment }))
}

/// Revokes an enrolment code.
///
/// One that was used is taken off the list alone: the credential that it was exchanged for stays good.
#[endpoint(
    tags("access"),
    parameters(("id" = i64, Path, description = "Number of the enrolment code")),
    responses(
        (status_code = 204, description = "It is good for nothing any more"),
        (status_code = 404, description = "`Enrolment code not found`", body = ErrorBody),
    )
)]
pub async fn enrolment_revoke(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
) -> Result<(), ApiError> {
    const NOT_FOUND: ApiError = ApiError::NotFound("Enrolment code not found");
    let id = request.params().get("id").and_then(|text| parse_id(text)).ok_or(NOT_FOUND)?;
    let actor = Caller::of(depot)?.actor(request);
    if !State::of(depot)?.store.enrolment_revoke(id, &actor, now()).await? {
        return Err(NOT_FOUND);
    }
    response.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// Makes an enrolment code for the next credential of a server.
///
/// What the server registers with now, its own credential or the fleet's secret, stays good until the code is used, so that
/// nothing is missed.
#[endpoint(
    tags("access"),
    parameters(("id" = i64, Path, description = "Number of the server")),
    request_body(content = Option<RotateRequest>, content_type = "application/json"),
    responses(
        (status_code = 200, description = "The code, this once", body = EnrolmentAnswer),
        (status_code = 400, description = "Not understood", body = ErrorBody),
        (status_code = 404, description = "`Server not found`", body = ErrorBody),
    )
)]
pub async fn credential_rotate(request: &mut Request, depot: &mut Depot) -> Result<Json<EnrolmentAnswer>, ApiError> {
    let state = State::of(depot)?;
    let server_id = request.params().get("id").and_then(|text| parse_id(text)).ok_or(NO_SERVER)?;
    let RotateRequest { expires_in_seconds } = asked(request, &state, "Expected expiresInSeconds").await?;
    let (code, new) = new_code(expires_in_seconds, now())?;
    let actor = Caller::of(depot)?.actor(request);
    let enrolment = state.store.enrolment_add_for_server(server_id, &new, &actor, now()).await?.ok_or(NO_SERVER)?;
    Ok(Json(EnrolmentAnswer { code, enrolment }))
}

/// Revokes what a server registers with.
///
/// Its own credential and its tokens are refused from the next request on, at other masters on the same database within
/// minutes, and the fleet's secret is not for it either, until an enrolment code for it is used.
#[endpoint(
    tags("access"),
    parameters(("id" = i64, Path, description = "Number of the server")),
    responses(
        (status_code = 204, description = "The server reports no more"),
        (status_code = 404, description = "`Server not found`", body = ErrorBody),
    )
)]
pub async fn credential_revoke(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
) -> Result<(), ApiError> {
    let server_id = request.params().get("id").and_then(|text| parse_id(text)).ok_or(NO_SERVER)?;
    let actor = Caller::of(depot)?.actor(request);
    if !State::of(depot)?.store.credential_revoke(server_id, &actor, now()).await? {
        return Err(NO_SERVER);
    }
    response.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// The body, all of which may be absent; null is nothing, too.
async fn asked<T: DeserializeOwned + Default>(
    request: &mut Request,
    state: &State,
    sentence: &str,
) -> Result<T, ApiError> {
    let body = body::read(request, &state.room).await?;
    if matches!(body.trim_ascii(), b"" | b"null") {
        return Ok(T::default());
    }
    // An array would do for a struct, too.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let asked = serde_json::from_slice(&body).ok().filter(|_| is_object);
    asked.ok_or_else(|| ApiError::BadRequest(sentence.to_owned()))
}

/// A code for any server, and what is kept of it.
fn new_code(expires_in_s: Option<i64>, now: Timestamp) -> Result<(String, NewEnrolment), ApiError> {
    let lifetime_s = expires_in_s.unwrap_or(LIFETIME_DEFAULT_S);
    if !(LIFETIME_MIN_S..=LIFETIME_MAX_S).contains(&lifetime_s) {
        let sentence = format!("expiresInSeconds: must be between {LIFETIME_MIN_S} and {LIFETIME_MAX_S}");
        return Err(ApiError::BadRequest(sentence));
    }
    let code = format!("{CODE_PREFIX}{}", random_secret());
    let expires_at = Timestamp::from_unix_ms(now.unix_ms() + lifetime_s * 1000);
    let new = NewEnrolment { hash: sha256(&code), server_name: None, group: None, expires_at };
    Ok((code, new))
}

/// As the agent and its registration have it.
fn is_name(name: &str) -> bool {
    (1..=SERVER_NAME_MAX_BYTES).contains(&name.len()) && name.trim() == name && !name.chars().any(char::is_control)
}
