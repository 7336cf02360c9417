//! Users, for admins: `GET` and `POST /api/users`, `PATCH` and `DELETE /api/users/{id}`.

use salvo::http::StatusCode;
use salvo::oapi::{ToSchema, endpoint};
use salvo::writing::Json;
use salvo::{Depot, Request, Response};
use serde::Deserialize;

use super::body;
use super::error::{ApiError, ErrorBody};
use super::gate::Caller;
use super::servers::parse_id;
use super::state::{State, now};
use crate::config::Secret;
use crate::domain::password::{check_name, check_password};
use crate::model::{Role, UserDetail, UserPatch};
use crate::store::UserChange;

const NOT_FOUND: ApiError = ApiError::NotFound("User not found");
const LAST_ADMIN: ApiError = ApiError::Conflict("This is the last admin, and stays one");
const OWN_PASSWORD: ApiError = ApiError::Forbidden("Your own password is changed with the current one");

/// A user to be made. No `Debug`: it holds a password.
#[derive(Deserialize, ToSchema)]
pub struct UserRequest {
    /// Unique, and never changed.
    #[salvo(schema(pattern = "^[a-z0-9._@-]{1,64}$"))]
    name: String,
    /// What they may do.
    role: Role,
    /// At least 12 characters, at most 1024 bytes, and none that stands in examples.
    #[salvo(schema(min_length = 12, max_length = 1024))]
    password: String,
}

/// What of a user is to be another way; what is absent stays. No `Debug`: it may hold a password.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserPatchRequest {
    /// What they may do.
    role: Option<Role>,
    /// Another password, of somebody else: one's own is changed with the current one.
    #[salvo(schema(min_length = 12, max_length = 1024))]
    password: Option<String>,
    /// Whether they may not log in, nor use the API tokens they made.
    is_disabled: Option<bool>,
}

/// All users, by name.
///
/// Each with what they may do, and whether they may log in.
#[endpoint(tags("access"), responses((status_code = 200, description = "All users", body = Vec<UserDetail>)))]
pub async fn user_list(depot: &mut Depot) -> Result<Json<Vec<UserDetail>>, ApiError> {
    Ok(Json(State::of(depot)?.store.user_list().await?))
}

/// Makes a user.
///
/// They may log in at once, with the password that they are told by whoever made them, and change it then.
#[endpoint(
    tags("access"),
    request_body(content = UserRequest, content_type = "application/json"),
    responses(
        (status_code = 200, description = "The user", body = UserDetail),
        (status_code = 400, description = "Not understood, or no fit name or password", body = ErrorBody),
        (status_code = 409, description = "There is a user of this name already", body = ErrorBody),
    )
)]
pub async fn user_create(request: &mut Request, depot: &mut Depot) -> Result<Json<UserDetail>, ApiError> {
    let state = State::of(depot)?;
    let body = body::read(request, &state.room).await?;
    let UserRequest { name, role, password } = serde_json::from_slice(&body)
        .map_err(|_| ApiError::BadRequest("Expected name, role (viewer, operator or admin) and password".to_owned()))?;
    check_name(&name).map_err(|unfit| ApiError::BadRequest(format!("name: {unfit}")))?;
    let hash = hashed(&state, password).await?;
    let actor = Caller::of(depot)?.actor(request);
    let made = state.store.user_add(&name, role, &hash, &actor, now()).await?;
    made.map(Json).ok_or(ApiError::Conflict("There is a user of this name already"))
}

/// Gives a user another role or password, or lets them not log in any more.
///
/// All of it or nothing. Where something is another way then, all sessions of theirs end; where they become a viewer, the
/// API tokens that they made are revoked. Their tokens are refused as long as they may not log in. The last admin stays one.
#[endpoint(
    tags("access"),
    parameters(("id" = i64, Path, description = "Number of the user")),
    request_body(content = UserPatchRequest, content_type = "application/json"),
    responses(
        (status_code = 200, description = "The user as they are now", body = UserDetail),
        (status_code = 400, description = "Not understood, nothing to change, or no fit password", body = ErrorBody),
        (status_code = 403, description = "Not allowed to do this, or a password of one's own", body = ErrorBody),
        (status_code = 404, description = "`User not found`", body = ErrorBody),
        (status_code = 409, description = "There would be no admin left who may log in", body = ErrorBody),
    )
)]
pub async fn user_change(request: &mut Request, depot: &mut Depot) -> Result<Json<UserDetail>, ApiError> {
    let state = State::of(depot)?;
    let id = id_of(request)?;
    let body = body::read(request, &state.room).await?;
    let UserPatchRequest { role, password, is_disabled } =
        serde_json::from_slice(&body).map_err(|_| expected_a_change())?;
    if role.is_none() && password.is_none() && is_disabled.is_none() {
        return Err(expected_a_change());
    }
    let caller = Caller::of(depot)?;
    if password.is_some() && is_caller(&caller, id) {
        return Err(OWN_PASSWORD);
    }
    let password_hash = match password {
        Some(password) => Some(hashed(&state, password).await?),
        None => None,
    };
    let patch = UserPatch { role, password_hash, is_disabled };
    done(state.store.user_change(id, &patch, None, &caller.actor(request), now()).await?)?;
    state.store.user_detail(id).await?.map(Json).ok_or(NOT_FOUND)
}

/// Removes a user, with all sessions of theirs and the API tokens that they made.
///
/// What they did stays in the audit log. The last admin stays.
#[endpoint(
    tags("access"),
    parameters(("id" = i64, Path, description = "Number of the user")),
    responses(
        (status_code = 204, description = "There is no such user any more"),
        (status_code = 404, description = "`User not found`", body = ErrorBody),
        (status_code = 409, description = "There would be no admin left who may log in", body = ErrorBody),
    )
)]
pub async fn user_remove(request: &mut Request, depot: &mut Depot, response: &mut Response) -> Result<(), ApiError> {
    let actor = Caller::of(depot)?.actor(request);
    done(State::of(depot)?.store.user_remove(id_of(request)?, &actor, now()).await?)?;
    response.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// A password that is fit, hashed.
pub(super) async fn hashed(state: &State, password: String) -> Result<String, ApiError> {
    check_password(&password).map_err(|unfit| ApiError::BadRequest(format!("password: {unfit}")))?;
    state.gate.passwords.hash(Secret::new(password)).await
}

pub(super) fn done(change: UserChange) -> Result<(), ApiError> {
    match change {
        UserChange::Done => Ok(()),
        UserChange::Missing => Err(NOT_FOUND),
        UserChange::LastAdmin => Err(LAST_ADMIN),
    }
}

pub(super) fn id_of(request: &Request) -> Result<i64, ApiError> {
    request.params().get("id").and_then(|text| parse_id(text)).ok_or(NOT_FOUND)
}

pub(super) fn is_caller(caller: &Caller, id: i64) -> bool {
    matches!(caller, Caller::User(user, _) if user.id == id)
}

fn expected_a_change() -> ApiError {
    let sentence = "Expected one or more of role (viewer, operator or admin), password and isDisabled";
    ApiError::BadRequest(sentence.to_owned())
}
