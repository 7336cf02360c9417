//! What users do about themselves: `POST /api/account/password`, `GET /api/account/sessions` and
//! `DELETE /api/account/sessions/{id}`.

use salvo::http::StatusCode;
use salvo::oapi::{ToSchema, endpoint};
use salvo::writing::Json;
use salvo::{Depot, Request, Response};
use serde::Deserialize;

use super::body;
use super::error::{ApiError, ErrorBody};
use super::gate::Caller;
use super::login::with_password;
use super::state::{State, now, peer_address};
use super::users::{done, hashed};
use crate::config::Secret;
use crate::model::{SessionDetail, User, UserPatch};

const WRONG: ApiError = ApiError::Forbidden("Wrong password");
const NO_PASSWORD: ApiError = ApiError::Conflict("You log in at the provider, and have no password here");

/// A change of one's own password. No `Debug`.
#[derive(Deserialize, ToSchema)]
pub struct PasswordRequest {
    /// The one that is good now.
    current: String,
    /// At least 12 characters, at most 1024 bytes, and none that stands in examples.
    #[salvo(schema(min_length = 12, max_length = 1024))]
    password: String,
}

/// Gives the user who asks another password.
///
/// All other sessions of theirs end. A wrong current password counts as a login with it does.
#[endpoint(
    tags("access"),
    request_body(content = PasswordRequest, content_type = "application/json"),
    responses(
        (status_code = 204, description = "The new one is good from now on"),
        (status_code = 400, description = "Not understood, or no fit password", body = ErrorBody),
        (status_code = 403, description = "Not allowed to do this, or `Wrong password`", body = ErrorBody),
        (status_code = 409, description = "There is no password to change, but a login at the provider", body = ErrorBody),
        (status_code = 429, description = "Too many attempts; `Retry-After` says when", body = ErrorBody),
    )
)]
pub async fn password_change(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
) -> Result<(), ApiError> {
    let state = State::of(depot)?;
    let (user, session) = Caller::user_of(depot)?;
    let body = body::read(request, &state.room).await?;
    let PasswordRequest { current, password } = serde_json::from_slice(&body)
        .map_err(|_| ApiError::BadRequest("Missing required fields: current, password".to_owned()))?;
    check_own(request, &state, &user, current).await?;
    let patch = UserPatch { password_hash: Some(hashed(&state, password).await?), ..UserPatch::default() };
    let actor = Caller::of(depot)?.actor(request);
    done(state.store.user_change(user.id, &patch, Some(&session), &actor, now()).await?)?;
    response.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// Errors: 403 where it is not theirs; 429 and 503 as a login.
pub(super) async fn check_own(request: &Request, state: &State, user: &User, password: String) -> Result<(), ApiError> {
    let found = state.store.user_find(&user.name).await?;
    if found.is_some_and(|found| found.password_hash.is_empty()) {
        return Err(NO_PASSWORD);
    }
    match with_password(state, &peer_address(request), &user.name, Secret::new(password)).await {
        Ok(_) => Ok(()),
        // The session is good, and goes on.
        Err(ApiError::Unauthorized(_)) => Err(WRONG),
        Err(error) => Err(error),
    }
}

/// The sessions of the user who asks, newest first.
///
/// Each with where it began and with which program.
#[endpoint(tags("access"), responses((status_code = 200, description = "Sessions", body = Vec<SessionDetail>)))]
pub async fn session_list(depot: &mut Depot) -> Result<Json<Vec<SessionDetail>>, ApiError> {
    let (user, session) = Caller::user_of(depot)?;
    Ok(Json(State::of(depot)?.store.session_list(user.id, &session, now()).await?))
}

/// Ends a session of the user who asks.
///
/// It is refused from the next request on. The one that asks is a session like the others.
#[endpoint(
    tags("access"),
    parameters(("id" = String, Path, description = "Name of the session in the list")),
    responses(
        (status_code = 204, description = "It has ended"),
        (status_code = 404, description = "`Session not found`", body = ErrorBody),
    )
)]
pub async fn session_end(request: &mut Request, depot: &mut Depot, response: &mut Response) -> Result<(), ApiError> {
    const NOT_FOUND: ApiError = ApiError::NotFound("Session not found");
    let (user, _) = Caller::user_of(depot)?;
    let actor = Caller::of(depot)?.actor(request);
    let id = request.params().get("id").filter(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let id = id.ok_or(NOT_FOUND)?;
    if !State::of(depot)?.store.session_end_by_id(user.id, id, &actor, now()).await? {
        return Err(NOT_FOUND);
    }
    response.status_code(StatusCode::NO_CONTENT);
    Ok(())
}
