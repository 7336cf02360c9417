//! `POST /api/login`, `POST /api/logout` and `GET /api/session`.

use std::time::Instant;

use neon_shared::time::Timestamp;
use salvo::http::StatusCode;
use salvo::http::header::USER_AGENT;
use salvo::oapi::{ToSchema, endpoint};
use salvo::writing::Json;
use salvo::{Depot, Request, Response};
use serde::{Deserialize, Serialize};

use super::attempts::Limited;
use super::body;
use super::error::{ApiError, ErrorBody, LoginRefusal};
use super::gate::{Caller, check_change_header, identify, is_development, set_cookie};
use super::second_factor::{not_proved, proof_of};
use super::state::{State, now, peer_address};
use crate::config::Secret;
use crate::domain::password::{PASSWORD_MAX_BYTES, check_name};
use crate::model::{Action, Actor, ApiToken, NewSession, User};
use crate::store::{Proof, UserWithHash};

const WRONG: ApiError = ApiError::Unauthorized("Wrong name or password");
/// Stands in the audit log for a name that is no user's: somebody may have typed a password there.
const NO_SUCH_USER: &str = "(no such user)";
/// As much as is kept of what a browser calls itself.
const USER_AGENT_MAX_CHARS: usize = 200;

/// Body of `POST /api/login`. No `Debug`: it holds a password.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// The user's name.
    name: String,
    /// Their password.
    password: String,
    /// Six digits of their second factor, or a recovery code; not looked at for those who have none.
    code: Option<String>,
}

/// How this master knows people.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// By their login.
    Login,
    /// Not at all: there are no users, it listens on loopback only, and anybody there may read.
    Development,
}

/// Who is asking.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// How this master knows people.
    pub mode: Mode,
    /// The user whose session the cookie names; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    /// The API token that was sent; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<ApiToken>,
    /// What people call the provider that they may log in at, at `/api/login/oidc`; absent without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// When the session ends; in the answer to a login alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[salvo(schema(value_type = Option<String>, format = DateTime))]
    pub expires_at: Option<Timestamp>,
}

/// Logs a user in: the answer sets the cookie `neon_session`.
///
/// It lasts seven days, is not readable for scripts, and ends with a logout or another password. Ten wrong passwords of a
/// user, or thirty from one address, within five minutes are followed by 429 until these are over; ten wrong codes within an
/// hour as well. Whether a user exists cannot be told from the answer or its time. Who has a second factor is answered 401 with
/// `codeNeeded` once the password is right, and sends all again with a code.
#[endpoint(
    tags("access"),
    parameters(("X-Neon-Request" = String, Header, description = "Any value; keeps pages of other origins out")),
    request_body(content = Credentials, content_type = "application/json"),
    responses(
        (status_code = 200, description = "Logged in", body = SessionInfo),
        (status_code = 400, description = "Not understood", body = ErrorBody),
        (status_code = 401, description = "`Wrong name or password`, or, with `codeNeeded`, a code is", body = LoginRefusal),
        (status_code = 403, description = "The header X-Neon-Request is missing", body = ErrorBody),
        (status_code = 429, description = "Too many attempts; `Retry-After` says when", body = ErrorBody),
        (status_code = 503, description = "Too many at once, or the store does not answer", body = ErrorBody),
    )
)]
pub async fn login(
    request: &mut Request,
    depot: &mut Depot,
    response: &mut Response,
) -> Result<Json<SessionInfo>, ApiError> {
    let state = State::of(depot)?;
    check_change_header(request)?;
    let body = body::read(request, &state.room).await?;
    let credentials = serde_json::from_slice(&body);
    let Credentials { name, password, code } =
        credentials.map_err(|_| ApiError::BadRequest("Missing required fields: name, password".to_owned()))?;
    let password = Secret::new(password);
    let address = peer_address(request);
    let user = with_password(&state, &address, &name, password).await?;
    let proof = proof_of(request, &state, &user, code.as_deref()).await?;
    match begin_session(request, response, &state, &user, &proof).await? {
        Some(info) => Ok(Json(info)),
        None => {
            let wrong = refused(&state, address, &user.user.name).await?;
            Err(not_proved(&proof).unwrap_or(wrong))
        }
    }
}

/// The user of this name, where the password is theirs and they may log in. Each try counts until it was right.
///
/// Errors: 401 where it is wrong, which is written down; 429 where there were too many; 503 where too many are waiting.
pub async fn with_password(
    state: &State,
    address: &str,
    name: &str,
    password: Secret,
) -> Result<UserWithHash, ApiError> {
    let attempt = match state.gate.attempts.begin(address, name, Instant::now()) {
        Ok(attempt) => attempt,
        Err(limited) => return Err(refuse(state, limited, address.to_owned()).await?),
    };
    let found = match check_name(name) {
        Ok(()) => state.store.user_find(name).await?,
        Err(_) => None,
    };
    let hash = found.as_ref().filter(|user| !user.is_disabled).map(|user| user.password_hash.as_str());
    let hash = hash.filter(|hash| !hash.is_empty() && password.reveal().len() <= PASSWORD_MAX_BYTES);
    let is_right = match state.gate.passwords.verify(password, hash).await {
        Err(ApiError::Overloaded) => {
            state.gate.attempts.give_back(attempt);
            return Err(ApiError::Overloaded);
        }
        outcome => outcome?,
    };
    match found {
        Some(user) if is_right => {
            state.gate.attempts.give_back(attempt);
            Ok(user)
        }
        found => {
            let target = found.as_ref().map_or(NO_SUCH_USER, |user| user.user.name.as_str());
            Err(refused(state, address.to_owned(), target).await?)
        }
    }
}

/// Begins a session of `user` and gives the browser its cookie. `None` where they may not log in any more, or not with
/// what they showed.
pub async fn begin_session(
    request: &Request,
    response: &mut Response,
    state: &State,
    user: &UserWithHash,
    proof: &Proof,
) -> Result<Option<SessionInfo>, ApiError> {
    let issued = state.gate.sessions.issue(now())?;
    let session =
        NewSession { hash: issued.hash.clone(), expires_at: issued.expires_at, user_agent: user_agent(request) };
    let actor = Actor { name: user.user.name.clone(), address: peer_address(request) };
    if !state.store.session_begin(user, &session, proof, &actor, now()).await? {
        return Ok(None);
    }
    set_cookie(request, response, &state.gate, Some(&issued));
    Ok(Some(SessionInfo {
        mode: Mode::Login,
        user: Some(user.user.clone()),
        token: None,
        provider: None,
        expires_at: Some(issued.expires_at),
    }))
}

/// As a browser calls itself, which is whatever it says.
fn user_agent(request: &Request) -> String {
    let text = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.chars().filter(|char| !char.is_control()).take(USER_AGENT_MAX_CHARS).collect()
}

/// Writes down that a login as `target` was refused.
pub async fn refused(state: &State, address: String, target: &str) -> Result<ApiError, ApiError> {
    tracing::warn!(address, user = target, "login refused");
    state.store.audit(&Actor::unknown(address), Action::LoginRefused, target, now()).await?;
    Ok(WRONG)
}

/// Notes once a window that somebody is limited.
pub async fn refuse(state: &State, limited: Limited, address: String) -> Result<ApiError, ApiError> {
    if limited.is_first {
        tracing::warn!(address, "too many logins");
        state.store.audit(&Actor::unknown(address), Action::LoginLimited, "", now()).await?;
    }
    Ok(ApiError::TooManyAttempts(limited.retry_after_s))
}

/// Ends the session of the cookie.
///
/// The answer takes the cookie away. Other sessions of the user go on.
#[endpoint(tags("access"), responses((status_code = 204, description = "Logged out")))]
pub async fn logout(request: &mut Request, depot: &mut Depot, response: &mut Response) -> Result<(), ApiError> {
    let state = State::of(depot)?;
    let caller = Caller::of(depot)?;
    if let Caller::User(_, hash) = &caller {
        state.store.session_end(hash, &caller.actor(request), now()).await?;
    }
    set_cookie(request, response, &state.gate, None);
    response.status_code(StatusCode::NO_CONTENT);
    Ok(())
}

/// Who is asking, and whether a login is needed.
///
/// In the mode `development` there are no users, and anybody on this host may read.
#[endpoint(
    tags("access"),
    responses(
        (status_code = 200, description = "Who is asking; nobody where there is no user and no token", body = SessionInfo),
        (status_code = 503, description = "The store does not answer", body = ErrorBody),
    )
)]
pub async fn session_info(request: &mut Request, depot: &mut Depot) -> Result<Json<SessionInfo>, ApiError> {
    let state = State::of(depot)?;
    let mode = if is_development(request, &state).await? { Mode::Development } else { Mode::Login };
    let caller = match identify(request, &state).await {
        // Credentials that are not good any more are nobody's.
        Err(ApiError::Unauthorized(_)) => None,
        outcome => outcome?,
    };
    let (user, token) = match caller {
        Some(Caller::User(user, _)) => (Some(user), None),
        Some(Caller::Token(token)) => (None, Some(token)),
        Some(Caller::Development) | None => (None, None),
    };
    let provider = state.oidc.as_ref().map(|provider| provider.name().to_owned());
    Ok(Json(SessionInfo { mode, user, token, provider, expires_at: None }))
}
