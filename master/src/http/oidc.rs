//! Logins by the provider: `GET /api/login/oidc` sends the browser there, and `GET /api/login/oidc/callback` is where it
//! comes back.
//!
//! What is kept between the two is in a cookie of the browser, sealed, so that any master of several can finish the login
//! and nobody fills ours with those that were begun. A browser is never sent to where a request says, but to a path of this
//! master.

use std::time::Instant;

use neon_shared::time::Timestamp;
use salvo::http::StatusCode;
use salvo::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use salvo::oapi::endpoint;
use salvo::{Depot, Request, Response};

use super::error::{ApiError, ErrorBody, chain};
use super::gate::{cookie_of, secure};
use super::login::{begin_session, refuse, refused};
use super::state::{State, now, peer_address};
use crate::domain::password::sha256;
use crate::model::Actor;
use crate::oidc::{ATTEMPT_LIFETIME_S, Attempt, CODE_MAX_BYTES, OidcError};
use crate::store::{Identity, Proof};

const COOKIE_NAME: &str = "neon_oidc=";
const COOKIE_PATH: &str = "/api/login/oidc";
/// Longest path that is gone back to, in bytes. The cookie has it, and browsers keep 4 KiB of one.
const TO_MAX_BYTES: usize = 1024;
const NOT_HERE: ApiError = ApiError::NotFound("There is no provider to log in at");
/// Stands in the audit log for whoever came back from the provider and is nobody here.
const BY_PROVIDER: &str = "(by the provider)";

/// Sends the browser to the provider, where its user logs in.
///
/// It comes back to `/api/login/oidc/callback`. Where the provider cannot be asked, the browser is sent to `/` with the
/// reason in `problem`.
#[endpoint(
    tags("access"),
    parameters(("to" = Option<String>, Query, description = "Path of this master to show afterwards; `/` where it is absent or none")),
    responses(
        (status_code = 303, description = "To the provider, or with a `problem` to `/`"),
        (status_code = 404, description = "There is no provider to log in at", body = ErrorBody),
        (status_code = 429, description = "Too many attempts; `Retry-After` says when", body = ErrorBody),
    )
)]
pub async fn oidc_begin(request: &mut Request, depot: &mut Depot, response: &mut Response) -> Result<(), ApiError> {
    let state = State::of(depot)?;
    let provider = state.oidc.as_ref().ok_or(NOT_HERE)?;
    let to = request.queries().get("to").filter(|to| is_own_path(to)).map_or("/", |to| to.as_str()).to_owned();
    match provider.begin(to, now().unix_ms() / 1000).await {
        Ok((url, attempt)) => {
            let json = serde_json::to_vec(&attempt).map_err(|_| ApiError::Internal("a login could not be written"))?;
            let sealed = state.gate.oidc_seal.seal(0, &json);
            let sealed = sealed.ok_or(ApiError::Internal("a login could not be sealed"))?;
            keep(request, response, &state, &sealed, ATTEMPT_LIFETIME_S);
            go(response, &url)
        }
        Err(error) => failed(response, &error),
    }
}

/// Where the provider sends the browser back to.
///
/// Logs its user in and sends the browser on to where it was to go; or to `/` with the reason in `problem`: `denied` by the
/// provider; `expired` after ten minutes, in another browser, or for the second time; `provider` where it cannot be asked or
/// believed; `busy`; `role`, `domain` or `name` where that of the user is none for this master; `taken` where another user
/// has the name; `disabled`.
#[endpoint(
    tags("access"),
    parameters(
        ("code" = Option<String>, Query, description = "What the provider gives for who logged in"),
        ("state" = Option<String>, Query, description = "Which login it was"),
        ("iss" = Option<String>, Query, description = "The provider, where it says so"),
        ("error" = Option<String>, Query, description = "Why the provider logged nobody in"),
    ),
    responses(
        (status_code = 303, description = "To a path of this master"),
        (status_code = 404, description = "There is no provider to log in at", body = ErrorBody),
        (status_code = 429, description = "Too many attempts; `Retry-After` says when", body = ErrorBody),
    )
)]
pub async fn oidc_callback(request: &mut Request, depot: &mut Depot, response: &mut Response) -> Result<(), ApiError> {
    let state = State::of(depot)?;
    let provider = state.oidc.clone().ok_or(NOT_HERE)?;
    // Whatever becomes of it, this one is over.
    let attempt = attempt_of(request, &state);
    keep(request, response, &state, "", 0);
    let text = |name: &str| request.queries().get(name).map(String::as_str).unwrap_or_default();
    let Some(attempt) = attempt.filter(|attempt| attempt.state == text("state")) else {
        return problem(response, "expired");
    };
    let issuer = text("iss");
    if !issuer.is_empty() && issuer != provider.issuer() {
        // Another provider's answer in the place of ours (RFC 9207).
        return problem(response, "provider");
    }
    let address = peer_address(request);
    // Each asks the provider something, with whatever it brings.
    let counted = match state.gate.oidc_attempts.begin(&address, "", Instant::now()) {
        Ok(counted) => counted,
        Err(limited) => return Err(refuse(&state, limited, address).await?),
    };
    let expires_at = Timestamp::from_unix_ms(attempt.expires_s * 1000);
    if expires_at <= now() || !state.store.oidc_state_use(&sha256(&attempt.state), expires_at, now()).await? {
        return problem(response, "expired");
    }
    let code = text("code").to_owned();
    if code.is_empty() || code.len() > CODE_MAX_BYTES || !text("error").is_empty() {
        refused(&state, address, BY_PROVIDER).await?;
        return problem(response, "denied");
    }
    let person = match provider.finish(&attempt, code).await {
        Ok(person) => person,
        Err(error) => {
            refused(&state, address, BY_PROVIDER).await?;
            return failed(response, &error);
        }
    };
    let identity =
        Identity { issuer: provider.issuer(), subject: &person.subject, name: &person.name, role: person.role };
    let actor = Actor { name: BY_PROVIDER.to_owned(), address: address.clone() };
    let Some(user) = state.store.identity_user(&identity, &actor, now()).await? else {
        refused(&state, address, &person.name).await?;
        return problem(response, "taken");
    };
    if begin_session(request, response, &state, &user, &Proof::Provider).await?.is_none() {
        refused(&state, address, &user.user.name).await?;
        return problem(response, "disabled");
    }
    state.gate.oidc_attempts.give_back(counted);
    go(response, &attempt.to)
}

/// The login that this browser has begun.
fn attempt_of(request: &Request, state: &State) -> Option<Attempt> {
    let sealed = cookie_of(request, COOKIE_NAME)?;
    serde_json::from_slice(&state.gate.oidc_seal.open(0, sealed)?.bytes).ok()
}

/// Gives the browser the cookie, or with an age of zero takes it away.
fn keep(request: &Request, response: &mut Response, state: &State, value: &str, max_age_s: i64) {
    let secure = secure(request, &state.gate);
    // Lax: it has to come back with the provider's redirect.
    let text = format!("{COOKIE_NAME}{value}; Path={COOKIE_PATH}; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

fn failed(response: &mut Response, error: &OidcError) -> Result<(), ApiError> {
    tracing::warn!(cause = chain(error), "a login by the provider failed");
    problem(response, error.word())
}

fn problem(response: &mut Response, word: &str) -> Result<(), ApiError> {
    go(response, &format!("/?problem={word}"))
}

fn go(response: &mut Response, to: &str) -> Result<(), ApiError> {
    let to = HeaderValue::from_str(to).map_err(|_| ApiError::Internal("an address could not be written"))?;
    response.headers_mut().insert(LOCATION, to);
    response.status_code(StatusCode::SEE_OTHER);
    Ok(())
}

/// Whether `to` is a path of this master, to a browser too: those take `//host` and `/\host` for another host, and leave
/// tabs and line ends out before they look.
fn is_own_path(to: &str) -> bool {
    to.len() <= TO_MAX_BYTES
        && to.starts_with('/')
        && !to.starts_with("//")
        && !to.starts_with("/api/")
        && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_sent_to_paths_of_this_master_alone() {
        for own in ["/", "/servers/3?range=24h", "/containers?q=a%20b", "/x/https://evil.example/"] {
            assert!(is_own_path(own), "{own}");
        }
        for other in [
            "",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "servers",
            "/api/logout",
            "/a b",
            "/ä",
            &format!("/{}", "x".repeat(TO_MAX_BYTES)),
        ] {
            assert!(!is_own_path(other), "{other}");
        }
    }
}
