//! The second factor of the user who asks, below `/api/account/second-factor`; how a login is checked with it; and
//! `DELETE /api/users/{id}/second-factor`, for admins.

use std::time::Instant;

use neon_shared::time::Timestamp;
use salvo::http::StatusCode;
use salvo::oapi::{ToSchema, endpoint};
use salvo::writing::Json;
use salvo::{Depot, Request, Response};
use serde::{Deserialize, Serialize};

use super::account::check_own;
use super::body;
use super::error::{ApiError, ErrorBody};
use super::gate::Caller;
use super::login::{refuse, refused};
use super::state::{State, now, peer_address};
use super::users::{id_of, is_caller};
use crate::domain::totp::{TotpSecret, TypedCode, recovery_codes};
use crate::model::User;
use crate::store::{Confirmation, Proof, StoredFactor, UserWithHash};

/// What says that a code is needed, and is answered to one that is not good.
const CODE_NEEDED: ApiError = ApiError::SecondFactor("A code of the second factor is needed");
const WRONG: ApiError = ApiError::SecondFactor("Wrong code");
const USED: ApiError = ApiError::SecondFactor("This code was used already: wait for the next one");
const UNREADABLE: ApiError = ApiError::SecondFactor("Codes cannot be checked now: use a recovery code");
const NOT_SEALED: ApiError = ApiError::Internal("a second factor could not be sealed");
const ON_ALREADY: ApiError = ApiError::Conflict("There is a second factor already");
const NOT_ON: ApiError = ApiError::Conflict("There is no second factor");
const NOT_BEGUN: ApiError = ApiError::Conflict("There is no second factor to confirm");

/// The second factor of the user who asks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecondFactorInfo {
    /// Whether a login asks for a code.
    is_on: bool,
    /// Since when; absent where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = Option<String>, format = DateTime))]
    since: Option<Timestamp>,
    /// Recovery codes that were not used yet.
    recovery_codes_left: i64,
}

/// A request with the user's own password once more. No `Debug`.
#[derive(Deserialize, ToSchema)]
pub struct OwnPassword {
    /// The password of the user who asks.
    password: String,
}

/// A code. No `Debug`.
#[derive(Deserialize, ToSchema)]
pub struct CodeRequest {
    /// Six digits, as the authenticator shows them.
    code: String,
}

/// What an authenticator is told, this once. No `Debug`.
#[derive(Serialize, ToSchema)]
pub struct Enrolment {
    /// What codes are made of, in base 32, to be typed where the picture cannot be read.
    secret: String,
    /// The same with everything else, to be shown as a QR code.
    uri: String,
}

/// Codes that are good once each in place of the authenticator's. No `Debug`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecoveryCodes {
    /// They are stored nowhere as they are, and shown in this answer alone.
    recovery_codes: Vec<String>,
}

/// What is shown beside a right password.
///
/// Errors: 401 that says that a code is needed, or why this one is not good; 429 after too many.
pub async fn proof_of(
    request: &Request,
    state: &State,
    user: &UserWithHash,
    code: Option<&str>,
) -> Result<Proof, ApiError> {
    let factor = state.store.factor_find(user.user.id).await?.filter(|factor| factor.confirmed_at.is_some());
    let Some(factor) = factor else { return Ok(Proof::Nothing) };
    let code = code.filter(|code| !code.is_empty()).ok_or(CODE_NEEDED)?;
    checked(request, state, &user.user, &factor, code).await
}

/// What `code` proves. Each wrong one counts and is written down.
async fn checked(
    request: &Request,
    state: &State,
    user: &User,
    factor: &StoredFactor,
    code: &str,
) -> Result<Proof, ApiError> {
    let address = peer_address(request);
    let attempt = match state.gate.code_attempts.begin(&address, &user.name, Instant::now()) {
        Ok(attempt) => attempt,
        Err(limited) => return Err(refuse(state, limited, address).await?),
    };
    let step = match TypedCode::of(code) {
        // Whether there is such a one is seen when it is used up.
        Some(TypedCode::Recovery(hash)) if factor.confirmed_at.is_some() => return Ok(Proof::RecoveryCode(hash)),
        Some(TypedCode::Totp(digits)) => {
            let Some(opened) = state.gate.seal.open(user.id, &factor.sealed) else {
                tracing::error!(
                    user = user.name,
                    "a second factor was sealed with another JWT_SECRET: a recovery code gets its owner in, and \
                     neon-master user reset-second-factor takes it away"
                );
                return Err(UNREADABLE);
            };
            TotpSecret::from_bytes(opened.bytes).step_of(&digits, now().unix_ms() / 1000)
        }
        _ => None,
    };
    match step {
        Some(step) => {
            state.gate.code_attempts.give_back(attempt);
            if step > factor.last_step { Ok(Proof::Code(step)) } else { Err(USED) }
        }
        None => {
            refused(state, address, &user.name).await?;
            Err(WRONG)
        }
    }
}

/// Why a login was refused in the end whose password and code were right when they were looked at: a code of an
/// authenticator was used meanwhile, or a recovery code is none. `None` where there was no code.
pub fn not_proved(proof: &Proof) -> Option<ApiError> {
    match proof {
        Proof::Nothing | Proof::Provider => None,
        Proof::Code(_) => Some(USED),
        Proof::RecoveryCode(_) => Some(WRONG),
    }
}

/// The second factor of the user who asks.
///
/// Whether a login asks for a code beside the password.
#[endpoint(tags("access"), responses((status_code = 200, description = "How it is", body = SecondFactorInfo)))]
pub async fn second_factor_info(depot: &mut Depot) -> Result<Json<SecondFactorInfo>, ApiError> {
    let (user, _) = Caller::user_of(depot)?;
    let factor = State::of(depot)?.store.factor_find(user.id).await?;
    let since = factor.as_ref().and_then(|factor| factor.confirmed_at);
    let recovery_codes_left = factor.map_or(0, |factor| factor.recovery_codes_left);
    Ok(Json(SecondFactorInfo { is_on: since.is_some(), since, recovery_codes_left }))
}

/// Begins a second factor for the user who asks.
///
/// The answer is for an authenticator app. Logins ask for a code once one has been confirmed; until then, asking again makes
/// another one.
#[endpoint(
    tags("access"),
    request_body(content = OwnPassword, content_type = "application/json"),
    responses(
        (status_code = 200, description = "What the authenticator is told, this once", body = Enrolment),
        (status_code = 400, description = "Not understood", body = ErrorBody),
        (status_code = 403, description = "Not allowed to do this, or `Wrong password`", body = ErrorBody),
        (status_code = 409, description = "There is a second factor already", body = ErrorBody),
        (status_code = 429, description = "Too many attempts; `Retry-After` says when", body = ErrorBody),
    )
)]
pub async fn second_factor_begin(request: &mut Request, depot: &mut Depot) -> Result<Json<Enrolment>, ApiError> {
    let state = State::of(depot)?;
    let user = with_own_password(request, depot, &state).await?;
    let secret = TotpSecret::random();
    let sealed = state.gate.seal.seal(user.id, secret.bytes()).ok_or(NOT_SEALED)?;
    if !state.store.factor_begin(user.id, &sealed).await? {
        return Err(ON_ALREADY);
    }
    Ok(Json(Enrolment { secret: secret.base32(), uri: secret.uri(&user.name) }))
}

/// Confirms the second factor with a code of it.
///
/// From then on each login asks for one. All other sessions of the user end. The answer has ten recovery codes, each of which is
/// good once in place of a code.
#[endpoint(
    tags("access"),
    request_body(content = CodeRequest, content_type = "application/json"),
    responses(
        (status_code = 200, description = "The recovery codes, this once", body = RecoveryCodes),
        (status_code = 400, description = "Not understood", body = ErrorBody),
        (status_code = 403, description = "Not allowed to do this, or `Wrong code`", body = ErrorBody),
        (status_code = 409, description = "There is no second factor to confirm", body = ErrorBody),
        (status_code = 429, description = "Too many attempts; `Retry-After` says when", body = ErrorBody),
    )
)]
pub async fn second_factor_confirm(request: &mut Request, depot: &mut Depot) -> Result<Json<RecoveryCodes>, ApiError> {
    let state = State::of(depot)?;
    let (user, session) = Caller::user_of(depot)?;
    let body = body::read(request, &state.room).await?;
    let CodeRequest { code } =
        serde_json::from_slice(&body).map_err(|_| ApiError::BadRequest("Missing required field: code".to_owned()))?;
    let factor = state.store.factor_find(user.id).await?.filter(|factor| factor.confirmed_at.is_none());
    let factor = factor.ok_or(NOT_BEGUN)?;
    let step = match checked(request, &state, &user, &factor, &code).await {
        Ok(Proof::Code(step)) => step,
        // The session is good, and goes on.
        Ok(_) | Err(ApiError::SecondFactor(_)) => return Err(ApiError::Forbidden("Wrong code")),
        Err(error) => return Err(error),
    };
    let (recovery_codes, hashes) = recovery_codes();
    let actor = Caller::of(depot)?.actor(request);
    let confirmation = Confirmation { sealed: &factor.sealed, step, code_hashes: &hashes, kept_session: &session };
    if !state.store.factor_confirm(user.id, &confirmation, &actor, now()).await? {
        return Err(NOT_BEGUN);
    }
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Takes the second factor of the user who asks away.
///
/// Logins need the password alone then, and the recovery codes are good for nothing.
#[endpoint(
    tags("access"),
    request_body(content = OwnPassword, content_type = "application/json"),
    responses(
        (status_code = 204, description = "There is none any more"),
        (status_code = 400, description = "Not understood", body = ErrorBody),
        (status_code = 403, description = "Not allowed to do this, or `Wrong password`", body = ErrorBody),
        (status_code = 409, description = "There is no second factor", body = ErrorBody),
        (status_code = 429, description = "Too many attempts; `Retry-After` says when", body = ErrorBody),
    )
)]
pub async fn second_factor_off(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
) -> Result<(), ApiError> {
    let state = State::of(depot)?;
    let user = with_own_password(request, depot, &state).await?;
    let actor = Caller::of(depot)?.actor(request);
    if !state.store.factor_remove(user.id, &actor, now()).await? {
        return Err(NOT_ON);
    }
    response.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// Makes other recovery codes for the user who asks.
///
/// Those before are good for nothing then.
#[endpoint(
    tags("access"),
    request_body(content = OwnPassword, content_type = "application/json"),
    responses(
        (status_code = 200, description = "The recovery codes, this once", body = RecoveryCodes),
        (status_code = 400, description = "Not understood", body = ErrorBody),
        (status_code = 403, description = "Not allowed to do this, or `Wrong password`", body = ErrorBody),
        (status_code = 409, description = "There is no second factor", body = ErrorBody),
        (status_code = 429, description = "Too many attempts; `Retry-After` says when", body = ErrorBody),
    )
)]
pub async fn recovery_codes_make(request: &mut Request, depot: &mut Depot) -> Result<Json<RecoveryCodes>, ApiError> {
    let state = State::of(depot)?;
    let user = with_own_password(request, depot, &state).await?;
    let (recovery_codes, hashes) = recovery_codes();
    let actor = Caller::of(depot)?.actor(request);
    if !state.store.recovery_codes_replace(user.id, &hashes, &actor, now()).await? {
        return Err(NOT_ON);
    }
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// Takes another user's second factor away, who has lost it.
///
/// One's own is taken away with the password, at `POST /api/account/second-factor/off`.
#[endpoint(
    tags("access"),
    parameters(("id" = i64, Path, description = "Number of the user")),
    responses(
        (status_code = 204, description = "There is none any more"),
        (status_code = 403, description = "Not allowed to do this, or one's own", body = ErrorBody),
        (status_code = 404, description = "There is no such user, or none with a second factor", body = ErrorBody),
    )
)]
pub async fn second_factor_reset(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
) -> Result<(), ApiError> {
    let caller = Caller::of(depot)?;
    let id = id_of(request)?;
    if is_caller(&caller, id) {
        return Err(ApiError::Forbidden("Your own second factor is taken away with your password"));
    }
    if !State::of(depot)?.store.factor_remove(id, &caller.actor(request), now()).await? {
        return Err(ApiError::NotFound("There is no such user, or none with a second factor"));
    }
    response.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// The user who asks, whose password the body has.
async fn with_own_password(request: &mut Request, depot: &Depot, state: &State) -> Result<User, ApiError> {
    let (user, _) = Caller::user_of(depot)?;
    let body = body::read(request, &state.room).await?;
    let OwnPassword { password } = serde_json::from_slice(&body)
        .map_err(|_| ApiError::BadRequest("Missing required field: password".to_owned()))?;
    check_own(request, state, &user, password).await?;
    Ok(user)
}
