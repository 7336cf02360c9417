//! Who may use which route.
//!
//! Each route says in the one list whom it is for, and the guard stands before it: a route that says nothing is for those
//! who may read, or, where it changes something, for operators. Agents carry credentials of their own, which their
//! handlers check (`auth`). Everybody else is a person with a session, which is a signed cookie that names a row in the
//! store, or a program with an API token.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use neon_shared::time::Timestamp;
use salvo::http::header::{COOKIE, HOST, HeaderValue, SET_COOKIE};
use salvo::http::{Method, StatusCode};
use salvo::{Depot, FlowCtrl, Handler, Request, Response, Writer};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::attempts::{self, Attempts};
use super::auth::bearer;
use super::error::ApiError;
use super::pace;
use super::servers::parse_id;
use super::state::{State, now, peer_address};
use crate::config::{Secret, Secrets};
use crate::domain::password;
use crate::domain::seal::Seal;
use crate::model::{Actor, ApiToken, Role, Scope, User};

/// How long a session lasts, in seconds, used or not.
pub const SESSION_LIFETIME_S: i64 = 7 * 24 * 3600;
/// Header of every request that changes something and carries a session, with any value.
///
/// A page of another origin cannot send it: a form has no such headers, and a script's request with one is asked about
/// first, which this master never allows.
pub const CHANGE_HEADER: &str = "x-neon-request";
/// What an API token begins with, so that it is told from an agent's, and found by those who look for leaked secrets.
pub const TOKEN_PREFIX: &str = "neon_";
/// Passwords that are hashed at a time, 19 MiB each.
pub const HASHED_AT_ONCE: usize = 2;
/// Those that wait for it; the next one is told to come back.
pub const HASHES_WAITING_MAX: usize = 16;
const COOKIE_NAME: &str = "neon_session=";
const ISSUER: &str = "neon-master";
const SUBJECT: &str = "session";

const LOG_IN: ApiError = ApiError::Unauthorized("Log in, or send an API token");
const BAD_API_TOKEN: ApiError = ApiError::Unauthorized("Invalid or revoked API token");
const NOT_ALLOWED: ApiError = ApiError::Forbidden("You may not do this");
const OTHER_SERVER: ApiError = ApiError::Forbidden("The API token is for one server alone");
const NOT_HASHED: ApiError = ApiError::Internal("a password could not be hashed");
const CHANGE_HEADER_MISSING: ApiError = ApiError::Forbidden("The header X-Neon-Request is missing");

/// Whom a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, also without credentials.
    Anybody,
    /// Agents; the handler looks at their credentials.
    Agents,
    /// Users, and every API token: all may read. In development mode, anybody.
    Readers,
    /// Users who are operators, and API tokens that may write.
    Operators,
    /// Users of at least this role, and no API token.
    Users(Role),
}

/// Who sent a request.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Whoever sits at this host, in development mode.
    Development,
    /// A user, and the hash of their session.
    User(User, String),
    /// A program.
    Token(ApiToken),
}

impl Caller {
    /// Who sent the request whose guard let it pass.
    pub fn of(depot: &Depot) -> Result<Self, ApiError> {
        depot.get_typed::<Self>().cloned().map_err(|_| ApiError::Internal("no caller beside the request"))
    }

    /// The user who sent it, and the hash of their session.
    ///
    /// Errors: none on a route for users, whose guard lets nobody else pass.
    pub fn user_of(depot: &Depot) -> Result<(User, String), ApiError> {
        match Self::of(depot)? {
            Self::User(user, session) => Ok((user, session)),
            Self::Development | Self::Token(_) => Err(ApiError::Internal("no user on a route for users")),
        }
    }

    /// The same for all requests of one caller.
    pub fn key(&self) -> String {
        match self {
            Self::Development => "development".to_owned(),
            Self::User(user, _) => format!("user {}", user.id),
            Self::Token(token) => format!("token {}", token.id),
        }
    }

    /// Errors: 403 where it is good for another server than this one alone.
    pub fn must_be_for(&self, server_id: i64) -> Result<(), ApiError> {
        match self {
            Self::Token(ApiToken { server_id: Some(own), .. }) if *own != server_id => Err(OTHER_SERVER),
            _ => Ok(()),
        }
    }

    /// Who is named in the audit log.
    pub fn actor(&self, request: &Request) -> Actor {
        let name = match self {
            Self::Development => "(development)".to_owned(),
            Self::User(user, _) => user.name.clone(),
            Self::Token(token) => format!("(token {} {})", token.id, token.name),
        };
        Actor { name, address: peer_address(request) }
    }
}

/// What recognises callers.
#[derive(Debug)]
pub struct Gate {
    /// Makes and checks the cookies of sessions.
    pub sessions: Sessions,
    /// Hashes passwords, some at a time.
    pub passwords: Passwords,
    /// Counts logins.
    pub attempts: Attempts,
    /// Counts codes of second factors.
    pub code_attempts: Attempts,
    /// Seals what those codes are made of.
    pub seal: Seal,
    /// Counts logins that come back from the provider.
    pub oidc_attempts: Attempts,
    /// Seals those that were begun.
    pub oidc_seal: Seal,
    /// Whether cookies are for TLS alone.
    pub is_tls: bool,
    /// Whether anybody on this host may read as long as there are no users.
    pub allows_development: bool,
}

impl Gate {
    /// Errors: where the system has no memory to hash a password.
    pub fn new(jwt_secrets: &Secrets, is_tls: bool, allows_development: bool) -> Result<Self, ApiError> {
        Ok(Self {
            sessions: Sessions::new(jwt_secrets),
            passwords: Passwords::new()?,
            attempts: Attempts::new(attempts::PASSWORDS),
            code_attempts: Attempts::new(attempts::CODES),
            seal: Seal::new(jwt_secrets, "neon second factor"),
            oidc_attempts: Attempts::new(attempts::PROVIDERS),
            oidc_seal: Seal::new(jwt_secrets, "neon oidc login"),
            is_tls,
            allows_development,
        })
    }
}

/// Stands before the route with `path`.
pub struct Guard {
    /// Whom the route is for.
    pub access: Access,
    /// Its path, with `{parameters}`.
    pub path: &'static str,
    /// Its place in the list of routes.
    pub number: usize,
}

#[salvo::async_trait]
impl Handler for Guard {
    async fn handle(&self, request: &mut Request, depot: &mut Depot, response: &mut Response, ctrl: &mut FlowCtrl) {
        let started = Instant::now();
        match self.admit(request, depot).await {
            Ok(caller) => {
                caller.map(|caller| depot.insert_typed(caller));
                ctrl.call_next(request, depot, response).await;
            }
            Err(refusal) => {
                refusal.write(request, depot, response).await;
                ctrl.skip_rest();
            }
        }
        if let Ok(state) = State::of(depot) {
            let status = response.status_code.unwrap_or(StatusCode::OK);
            state.counters.request(self.number, status, started.elapsed());
        }
    }
}

impl Guard {
    async fn admit(&self, request: &Request, depot: &Depot) -> Result<Option<Caller>, ApiError> {
        if self.access == Access::Anybody {
            return Ok(None);
        }
        let state = State::of(depot)?;
        pace::check(request, state.pace.as_ref())?;
        if self.access == Access::Agents {
            return Ok(None);
        }
        let caller = identify(request, &state).await?.ok_or(LOG_IN)?;
        let is_allowed = match (&caller, self.access) {
            (_, Access::Anybody | Access::Agents | Access::Readers) => true,
            (Caller::Development, _) => return Err(LOG_IN),
            (Caller::User(user, _), Access::Operators) => user.role >= Role::Operator,
            (Caller::User(user, _), Access::Users(role)) => user.role >= role,
            (Caller::Token(token), Access::Operators) => token.scope == Scope::Write,
            (Caller::Token(_), Access::Users(_)) => false,
        };
        if !is_allowed {
            return Err(NOT_ALLOWED);
        }
        if let Caller::Token(ApiToken { server_id: Some(id), .. }) = &caller
            && self.server_of(request) != Some(*id)
        {
            return Err(OTHER_SERVER);
        }
        // A browser sends a cookie by itself, and an API token never.
        if matches!(caller, Caller::User(..)) {
            check_change_header(request)?;
        }
        Ok(Some(caller))
    }

    /// The server that the request is about, as the handler will read it; `None` where it is about more than one.
    fn server_of(&self, request: &Request) -> Option<i64> {
        if self.path.starts_with("/api/servers/{id}") {
            request.params().get("id").and_then(|text| parse_id(text))
        } else if matches!(self.path, "/api/containers" | "/api/events") {
            request.queries().get("serverId").and_then(|text| parse_id(text))
        } else {
            None
        }
    }
}

/// Who sent `request`. `None` where it has no credentials.
///
/// Errors: 401 where it has some that are not good.
pub async fn identify(request: &Request, state: &State) -> Result<Option<Caller>, ApiError> {
    if is_development(request, state).await? {
        return Ok(Some(Caller::Development));
    }
    if let Some(token) = bearer(request) {
        // An agent's token is none of ours, and not looked for in the database.
        let token = token.starts_with(TOKEN_PREFIX).then(|| password::sha256(token)).ok_or(BAD_API_TOKEN)?;
        return Ok(Some(Caller::Token(state.store.token_use(&token, now()).await?.ok_or(BAD_API_TOKEN)?)));
    }
    let Some(cookie) = cookie_of(request, COOKIE_NAME) else { return Ok(None) };
    let hash = state.gate.sessions.check(cookie).ok_or(LOG_IN)?;
    let user = state.store.session_user(&hash, now()).await?.ok_or(LOG_IN)?;
    Ok(Some(Caller::User(user, hash)))
}

/// Whether anybody on this host may read: nobody can log in, and only this host can ask.
///
/// Asked each time, so that the mode ends with the first user. The name of the host is looked at because a page of
/// another origin can make its own name mean this host; and a name of its own shows a proxy, which lets others in.
pub async fn is_development(request: &Request, state: &State) -> Result<bool, ApiError> {
    Ok(state.gate.allows_development && names_this_host(request) && state.store.user_count().await? == 0)
}

/// Whether what `caller` was recognised by has not ended since. Not where that cannot be found out.
pub async fn still_good(caller: &Caller, state: &State) -> bool {
    let outcome = match caller {
        Caller::Development => state.store.user_count().await.map(|count| count == 0),
        Caller::User(_, session) => state.store.session_user(session, now()).await.map(|user| user.is_some()),
        Caller::Token(token) => state.store.token_is_good(token.id).await,
    };
    outcome.unwrap_or(false)
}

fn names_this_host(request: &Request) -> bool {
    let header = request.headers().get(HOST).and_then(|value| value.to_str().ok());
    let Some(authority) = request.uri().authority().map(|authority| authority.as_str()).or(header) else {
        return false;
    };
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.to_canonical().is_loopback())
}

/// Errors: 403 for a change without [`CHANGE_HEADER`].
pub fn check_change_header(request: &Request) -> Result<(), ApiError> {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changes && !request.headers().contains_key(CHANGE_HEADER) { Err(CHANGE_HEADER_MISSING) } else { Ok(()) }
}

/// The value of the cookie `name`, which ends with `=`.
pub fn cookie_of<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let cookies = request.headers().get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|text| text.split(';')).find_map(|cookie| cookie.trim().strip_prefix(name))
}

/// Makes and checks the cookies of sessions: a JWT, HS256 with a key that is derived from `JWT_SECRET`, so that no agent's
/// token is a session and no session an agent's token, whatever they say.
pub struct Sessions {
    encoding: EncodingKey,
    /// The newest first.
    decoding: Vec<DecodingKey>,
    validation: Validation,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    /// The session's name; its hash is the key of the row.
    sid: String,
    iss: String,
    sub: String,
    iat: i64,
    exp: i64,
}

/// A session that was made up, and not begun yet.
pub struct IssuedSession {
    /// What the row is found by.
    pub hash: String,
    /// When it ends.
    pub expires_at: Timestamp,
    cookie: String,
}

impl Sessions {
    fn new(jwt_secrets: &Secrets) -> Self {
        let key = |secret: &Secret| password::derived_key(secret.reveal(), "neon session");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.sub = Some(SUBJECT.to_owned());
        validation.leeway = 0;
        let decoding = jwt_secrets.iter().map(|secret| DecodingKey::from_secret(&key(secret))).collect();
        Self { encoding: EncodingKey::from_secret(&key(&jwt_secrets.newest)), decoding, validation }
    }

    /// A session with a new random name.
    ///
    /// Errors: 500, should the claims not be writable.
    pub fn issue(&self, now: Timestamp) -> Result<IssuedSession, ApiError> {
        let iat = now.unix_ms() / 1000;
        let exp = iat + SESSION_LIFETIME_S;
        let sid = password::random_secret();
        let hash = password::sha256(&sid);
        let claims = Claims { sid, iss: ISSUER.to_owned(), sub: SUBJECT.to_owned(), iat, exp };
        let cookie = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding);
        let cookie = cookie.map_err(ApiError::Token)?;
        Ok(IssuedSession { hash, expires_at: Timestamp::from_unix_ms(exp * 1000), cookie })
    }

    /// What the row of a cookie's session is found by.
    fn check(&self, cookie: &str) -> Option<String> {
        let decode = |key| jsonwebtoken::decode::<Claims>(cookie, key, &self.validation).ok();
        let claims = self.decoding.iter().find_map(decode)?.claims;
        Some(password::sha256(&claims.sid))
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sessions(…)")
    }
}

/// Gives the browser the cookie of a session, or takes it away.
pub fn set_cookie(request: &Request, response: &mut Response, gate: &Gate, session: Option<&IssuedSession>) {
    let (value, max_age_s) = session.map_or(("", 0), |session| (session.cookie.as_str(), SESSION_LIFETIME_S));
    let secure = secure(request, gate);
    let text = format!("{COOKIE_NAME}{value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// What a cookie has that is for TLS alone. A proxy that speaks TLS says so; whoever lies about it spoils their own cookie.
pub fn secure(request: &Request, gate: &Gate) -> &'static str {
    let says_tls = request.headers().get("x-forwarded-proto").is_some_and(|value| value.as_bytes() == b"https");
    if gate.is_tls || says_tls { "; Secure" } else { "" }
}

/// Hashes passwords beside the threads that answer requests, [`HASHED_AT_ONCE`] at a time: a flood of logins takes 38 MiB
/// and no more, and waits for itself alone.
#[derive(Debug)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// What the password of a user that does not exist is compared with, so that it takes as long.
    nobodys: Secret,
}

impl Passwords {
    fn new() -> Result<Self, ApiError> {
        let nobodys = password::hash(&password::random_secret());
        let nobodys = nobodys.map_err(|_| NOT_HASHED)?;
        Ok(Self {
            permits: Arc::new(Semaphore::new(HASHED_AT_ONCE)),
            waiting: AtomicUsize::new(0),
            nobodys: Secret::new(nobodys),
        })
    }

    /// Whether `password` is the one of `hash`; false, after the same time, where there is no hash.
    ///
    /// Errors: 503 where [`HASHES_WAITING_MAX`] are waiting already.
    pub async fn verify(&self, password: Secret, hash: Option<&str>) -> Result<bool, ApiError> {
        let is_somebodys = hash.is_some();
        let hash = hash.unwrap_or(self.nobodys.reveal()).to_owned();
        Ok(self.in_turn(move || password::verify(password.reveal(), &hash)).await? && is_somebodys)
    }

    /// What `password` is to be recognised by.
    ///
    /// Errors: as [`Self::verify`].
    pub async fn hash(&self, password: Secret) -> Result<String, ApiError> {
        let hash = self.in_turn(move || password::hash(password.reveal())).await?;
        hash.map_err(|_| NOT_HASHED)
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
        let permit = {
            let _waiting = Waiting::begin(&self.waiting)?;
            Arc::clone(&self.permits).acquire_owned().await.map_err(|_| ApiError::Overloaded)?
        };
        // The permit goes with the work, which goes on when the client does not wait for it.
        let work = move || {
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| NOT_HASHED)
    }
}

/// One that waits, as long as this value lives.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Result<Self, ApiError> {
        let before = count.fetch_add(1, Ordering::Relaxed);
        let waiting = Self(count);
        if before < HASHES_WAITING_MAX { Ok(waiting) } else { Err(ApiError::Overloaded) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        gate_of("jwt", None)
    }

    fn gate_of(newest: &str, previous: Option<&str>) -> Gate {
        let secret = |text: &str| Secret::new(text.to_owned());
        let secrets = Secrets { newest: secret(newest), previous: previous.map(secret) };
        Gate::new(&secrets, false, false).unwrap()
    }

    fn signed(key: &[u8], algorithm: Algorithm, claims: &Claims) -> String {
        jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(key)).unwrap()
    }

    fn claims() -> Claims {
        let iat = now().unix_ms() / 1000;
        Claims { sid: "s".to_owned(), iss: ISSUER.to_owned(), sub: SUBJECT.to_owned(), iat, exp: iat + 60 }
    }

    #[test]
    fn a_cookie_names_its_session_and_whatever_is_not_exactly_right_names_none() {
        let sessions = gate().sessions;
        let session = sessions.issue(now()).unwrap();
        assert_eq!(sessions.check(&session.cookie), Some(session.hash));

        let key = password::derived_key("jwt", "neon session");
        assert_eq!(sessions.check(&signed(&key, Algorithm::HS256, &claims())), Some(password::sha256("s")));
        for (what, bad) in [
            ("expired", signed(&key, Algorithm::HS256, &Claims { exp: claims().iat - 1, ..claims() })),
            ("issuer", signed(&key, Algorithm::HS256, &Claims { iss: "other".to_owned(), ..claims() })),
            ("subject", signed(&key, Algorithm::HS256, &Claims { sub: "agent:7".to_owned(), ..claims() })),
            ("algorithm", signed(&key, Algorithm::HS384, &claims())),
            ("the agents' key", signed(b"jwt", Algorithm::HS256, &claims())),
            ("none", "eyJhbGciOiJub25lIn0.eyJzaWQiOiJzIn0.".to_owned()),
            ("nothing", String::new()),
        ] {
            assert_eq!(sessions.check(&bad), None, "{what}");
        }
    }

    #[test]
    fn a_session_survives_the_rotation_of_its_secret_and_ends_with_it() {
        let session = gate().sessions.issue(now()).unwrap();
        assert_eq!(gate_of("next", Some("jwt")).sessions.check(&session.cookie), Some(session.hash));
        assert_eq!(gate_of("next", None).sessions.check(&session.cookie), None);
        let after = gate_of("next", Some("jwt")).sessions.issue(now()).unwrap();
        assert_eq!(gate().sessions.check(&after.cookie), None, "signed with the newest");
    }

    #[test]
    fn a_host_is_this_one_by_its_loopback_names_alone() {
        let request = |host: &str| {
            let mut request = Request::new();
            request.headers_mut().insert(HOST, host.parse().unwrap());
            request
        };
        for host in ["localhost", "localhost:3000", "LOCALHOST", "127.0.0.1:3000", "127.9.9.9", "[::1]:3000"] {
            assert!(names_this_host(&request(host)), "{host}");
        }
        for host in
            ["neon.example.org", "localhost.evil.example", "192.0.2.1:3000", "[2001:db8::1]", "", "127.0.0.1.evil"]
        {
            assert!(!names_this_host(&request(host)), "{host}");
        }
    }

    #[tokio::test]
    async fn a_flood_of_passwords_is_told_to_come_back() {
        let gate = gate();
        let all = Arc::clone(&gate.passwords.permits).acquire_many_owned(HASHED_AT_ONCE as u32).await.unwrap();
        let verify = || gate.passwords.verify(Secret::new("x".to_owned()), None);
        let mut waiting: Vec<_> = (0..HASHES_WAITING_MAX).map(|_| Box::pin(verify())).collect();
        for one in &mut waiting {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(one.as_mut().poll(&mut context).is_pending());
        }
        assert!(matches!(verify().await, Err(ApiError::Overloaded)));
        drop(waiting);
        drop(all);
        assert!(!verify().await.unwrap(), "whoever left does not count, and nobody has no password");
    }
}
