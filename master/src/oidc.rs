//! Logins by an OpenID Connect provider: the authorization code flow with PKCE (OpenID Connect Core 1.0, 3.1; RFC 7636).
//!
//! Asks the provider for its description, its keys, and who somebody is, and judges each answer. It is the only part of
//! the master that asks another host for anything. Whom the answer makes a user of this master, `http` and `store` say.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::config::Secret;
use crate::domain::password::{check_name, random_bytes};
use crate::model::Role;

/// Where the provider sends the browser back to, below `PUBLIC_URL`.
pub const CALLBACK_PATH: &str = "/api/login/oidc/callback";
/// How long somebody may take to log in at the provider, in seconds.
pub const ATTEMPT_LIFETIME_S: i64 = 600;
/// Longest code and state of a provider's answer, in bytes.
pub const CODE_MAX_BYTES: usize = 4096;
/// Longest subject, in bytes (OpenID Connect Core 1.0, 2).
const SUBJECT_MAX_BYTES: usize = 255;
/// Keys that say which they are and are not known are looked for at most this often.
const KEYS_INTERVAL: Duration = Duration::from_secs(60);
/// How long the provider's description and keys are taken as they were.
const KNOWN_FOR: Duration = Duration::from_secs(3600);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer of a provider.
const ANSWER_MAX_BYTES: u64 = 1 << 20;
/// Questions to the provider at a time; the next login is told to come back.
const ASKED_AT_ONCE: usize = 8;
/// How far clocks may differ, in seconds.
const LEEWAY_S: u64 = 60;
/// What a token may be signed with. Neither `none` nor anything with a shared secret: the key would be one that is public.
const ALGORITHMS: [Algorithm; 5] =
    [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA];

const NO_KEY: OidcError = OidcError::Token("is signed with a key that the provider does not have", None);

/// The provider, and whom of those it knows we know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name, which its tokens have and its description stands below.
    pub issuer: String,
    /// What the provider calls this master.
    pub client_id: String,
    /// What this master shows it.
    pub client_secret: Secret,
    /// What people call it.
    pub name: String,
    /// Where browsers reach this master, without a path or a final slash.
    pub public_url: String,
    /// What is asked for.
    pub scopes: String,
    /// The claim that roles are read from; dots lead into objects.
    pub role_claim: String,
    /// Which values of it make an admin, an operator, a viewer; `*` is any, also none.
    pub roles: [(Role, Vec<String>); 3],
    /// Domains that the verified e-mail address must be of; any where there is none.
    pub domains: Vec<String>,
}

/// A login that was begun, kept in the browser, sealed.
#[derive(Serialize, Deserialize)]
pub struct Attempt {
    /// What the provider sends back, so that no other browser's login is finished here.
    pub state: String,
    nonce: String,
    verifier: String,
    /// Where to go afterwards.
    pub to: String,
    /// When it is too late, in seconds since 1970.
    pub expires_s: i64,
}

/// Somebody the provider knows, and we do.
#[derive(Debug, PartialEq, Eq)]
pub struct Person {
    /// What the provider calls them, never another one.
    pub subject: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// Why nobody is logged in.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// It does not answer, or not as it should.
    #[error("the provider {0}")]
    Provider(&'static str, #[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// Its token is not to be believed.
    #[error("the provider's ID token {0}")]
    Token(&'static str, #[source] Option<jsonwebtoken::errors::Error>),
    /// As many are asked as can be.
    #[error("too many logins at once")]
    Busy,
    /// None of the roles is theirs.
    #[error("{0} has no role here: the claim {1} has none of OIDC_ADMINS, OIDC_OPERATORS and OIDC_VIEWERS")]
    NoRole(String, String),
    /// Their address is of none of the domains.
    #[error("{0} has no verified e-mail address of OIDC_DOMAINS")]
    Domain(String),
    /// They have no name that a user may have.
    #[error("{0} has neither a preferred_username nor an email that may be a user's name")]
    Name(String),
}

impl OidcError {
    /// The word that the dashboard knows it by.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Provider(..) | Self::Token(..) => "provider",
            Self::Busy => "busy",
            Self::NoRole(..) => "role",
            Self::Domain(_) => "domain",
            Self::Name(_) => "name",
        }
    }
}

/// The provider, and what is known of it.
pub struct Provider {
    settings: Settings,
    agent: ureq::Agent,
    permits: Arc<Semaphore>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    description: Option<(Instant, Arc<Description>)>,
    keys: Option<(Instant, Arc<JwkSet>)>,
    /// When they were asked for because a token named one that is not among them.
    asked_again: Option<Instant>,
}

/// OpenID Connect Discovery 1.0, 3: what of it we use.
#[derive(Deserialize)]
struct Description {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
}

impl Provider {
    /// One that was not asked yet.
    pub fn new(settings: Settings) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(REQUEST_TIMEOUT))
            // What it says stands where it was asked for it.
            .max_redirects(0)
            .user_agent(concat!("neon-master/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            settings,
            agent: config.into(),
            permits: Arc::new(Semaphore::new(ASKED_AT_ONCE)),
            known: Mutex::default(),
        }
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// What its people are known by, together with their subject.
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// Begins a login: where the browser is to go, and what it is to keep meanwhile.
    pub async fn begin(self: &Arc<Self>, to: String, now_s: i64) -> Result<(String, Attempt), OidcError> {
        let description = self.ask(Self::description).await?;
        let random = || URL_SAFE_NO_PAD.encode(random_bytes::<32>());
        let (state, nonce, verifier) = (random(), random(), random());
        let mut url = endpoint(&description.authorization_endpoint, &self.settings.issuer)?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.redirect_uri())
            .append_pair("scope", &self.settings.scopes)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)))
            .append_pair("code_challenge_method", "S256");
        Ok((url.into(), Attempt { state, nonce, verifier, to, expires_s: now_s + ATTEMPT_LIFETIME_S }))
    }

    /// Who logged in at the provider, which gave `code` for it.
    pub async fn finish(self: &Arc<Self>, attempt: &Attempt, code: String) -> Result<Person, OidcError> {
        let (verifier, nonce) = (attempt.verifier.clone(), attempt.nonce.clone());
        let claims = self
            .ask(move |provider| {
                let description = provider.description()?;
                let token = provider.id_token(&description, &code, &verifier)?;
                provider.claims(&description, &token, &nonce)
            })
            .await?;
        person(&self.settings, &claims)
    }

    /// Runs `question` beside the threads that answer requests.
    async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&Self) -> Result<T, OidcError> + Send + 'static,
    ) -> Result<T, OidcError> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().map_err(|_| OidcError::Busy)?;
        let provider = Arc::clone(self);
        let work = move || {
            let _permit = permit;
            question(&provider)
        };
        let outcome = tokio::task::spawn_blocking(work).await;
        outcome.unwrap_or_else(|error| Err(OidcError::Provider("could not be asked", Some(error.into()))))
    }

    fn description(&self) -> Result<Arc<Description>, OidcError> {
        if let Some((since, description)) = &self.known().description
            && since.elapsed() < KNOWN_FOR
        {
            return Ok(Arc::clone(description));
        }
        let url = format!("{}/.well-known/openid-configuration", self.settings.issuer.trim_end_matches('/'));
        let description: Description = self.get(&url)?;
        // Or one provider could speak for another (Discovery 1.0, 4.3).
        if description.issuer != self.settings.issuer {
            return Err(OidcError::Provider("describes another issuer than OIDC_ISSUER", None));
        }
        for address in [&description.authorization_endpoint, &description.token_endpoint, &description.jwks_uri] {
            endpoint(address, &self.settings.issuer)?;
        }
        let description = Arc::new(description);
        self.known().description = Some((Instant::now(), Arc::clone(&description)));
        Ok(description)
    }

    /// The token that says who it is, for the code. The code and what is shown for it are in no error.
    fn id_token(&self, description: &Description, code: &str, verifier: &str) -> Result<String, OidcError> {
        let settings = &self.settings;
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.redirect_uri())
            .append_pair("code_verifier", verifier);
        let url = endpoint(&description.token_endpoint, &settings.issuer)?;
        let mut request = self.agent.post(url.as_str()).header("Accept", "application/json");
        let methods = description.token_endpoint_auth_methods_supported.as_deref();
        // Basic is what a provider takes that does not say (Discovery 1.0, 3).
        if methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic")) {
            // Each of the two is form-urlencoded first (RFC 6749, 2.3.1).
            let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let both = format!("{}:{}", encoded(&settings.client_id), encoded(settings.client_secret.reveal()));
            request = request.header("Authorization", format!("Basic {}", STANDARD.encode(both)));
        } else {
            form.append_pair("client_id", &settings.client_id);
            form.append_pair("client_secret", settings.client_secret.reveal());
        }
        let sent = request.content_type("application/x-www-form-urlencoded").send(form.finish());
        Ok(read::<TokenAnswer>(sent, "refused the code")?.id_token)
    }

    /// What `token` says, once it is the provider's, for us, of now, and for this login.
    fn claims(&self, description: &Description, token: &str, nonce: &str) -> Result<Value, OidcError> {
        let bad = |what: &'static str| move |error| OidcError::Token(what, Some(error));
        let header = decode_header(token).map_err(bad("cannot be read"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(OidcError::Token("is signed with an algorithm that is not taken", None));
        }
        let key = self.key(description, header.kid.as_deref(), header.alg)?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.client_id]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_S;
        let claims = decode::<Value>(token, &key, &validation).map_err(bad("is not good"))?.claims;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("nonce") != Some(nonce) {
            return Err(OidcError::Token("is of another login", None));
        }
        // For more than us it must have been made for us (Core 1.0, 3.1.3.7).
        let is_for_many = claims.get("aud").and_then(Value::as_array).is_some_and(|all| all.len() > 1);
        if (is_for_many || text("azp").is_some()) && text("azp") != Some(&self.settings.client_id) {
            return Err(OidcError::Token("was made for another client", None));
        }
        Ok(claims)
    }

    /// The key of this name, asking for the keys again where it is new: that is how a provider changes them.
    fn key(
        &self,
        description: &Description,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<DecodingKey, OidcError> {
        let known = self.known().keys.clone().filter(|(since, _)| since.elapsed() < KNOWN_FOR);
        if let Some((_, keys)) = known {
            if let Some(key) = find_key(&keys, kid, algorithm) {
                return Ok(key);
            }
            let mut known = self.known();
            if known.asked_again.is_some_and(|at| at.elapsed() < KEYS_INTERVAL) {
                return Err(NO_KEY);
            }
            known.asked_again = Some(Instant::now());
        }
        let url = endpoint(&description.jwks_uri, &self.settings.issuer)?;
        let keys: Arc<JwkSet> = Arc::new(self.get(url.as_str())?);
        self.known().keys = Some((Instant::now(), Arc::clone(&keys)));
        find_key(&keys, kid, algorithm).ok_or(NO_KEY)
    }

    fn get<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, OidcError> {
        read(self.agent.get(url).header("Accept", "application/json").call(), "does not answer as it should")
    }

    fn redirect_uri(&self) -> String {
        format!("{}{CALLBACK_PATH}", self.settings.public_url)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Provider({})", self.settings.issuer)
    }
}

/// A key that may check `algorithm`: the one of this name, or the only one where the token names none.
fn find_key(keys: &JwkSet, kid: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
    let fits = |key: &&jsonwebtoken::jwk::Jwk| {
        let is_for_signatures =
            key.common.public_key_use.as_ref().is_none_or(|of| *of == jsonwebtoken::jwk::PublicKeyUse::Signature);
        let is_named = kid.is_none_or(|kid| key.common.key_id.as_deref() == Some(kid));
        is_for_signatures && is_named
    };
    let keys = keys.keys.iter().filter(fits).filter_map(|key| DecodingKey::from_jwk(key).ok());
    let mut keys = keys.filter(|key| key.family() == algorithm.family());
    let first = keys.next()?;
    if kid.is_none() && keys.next().is_some() { None } else { Some(first) }
}

/// The JSON of an answer of the provider; not a word of it is in an error, since it may have secrets.
fn read<T: serde::de::DeserializeOwned>(
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    otherwise: &'static str,
) -> Result<T, OidcError> {
    let mut answer = answer.map_err(|error| OidcError::Provider(otherwise, Some(error.into())))?;
    let text = answer.body_mut().with_config().limit(ANSWER_MAX_BYTES).read_to_vec();
    let text = text.map_err(|error| OidcError::Provider(otherwise, Some(error.into())))?;
    serde_json::from_slice(&text)
        .map_err(|_| OidcError::Provider("answers something else than what was asked for", None))
}

/// An address of the provider: HTTPS, unless the provider itself is on this host without it.
fn endpoint(text: &str, issuer: &str) -> Result<Url, OidcError> {
    let plain_is_fit = issuer.starts_with("http://");
    match Url::parse(text) {
        Ok(url) if url.scheme() == "https" || (plain_is_fit && url.scheme() == "http" && is_loopback(&url)) => Ok(url),
        _ => Err(OidcError::Provider("describes an address that is not HTTPS", None)),
    }
}

/// Whether a URL is of this host, by its loopback names.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whom the claims make somebody here.
fn person(settings: &Settings, claims: &Value) -> Result<Person, OidcError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let subject = text("sub").filter(|subject| subject.len() <= SUBJECT_MAX_BYTES && !subject.contains('\0'));
    let subject = subject.ok_or(OidcError::Token("names nobody", None))?.to_owned();
    let names = ["preferred_username", "email"].into_iter().filter_map(text).map(str::to_lowercase);
    let name = names.into_iter().find(|name| check_name(name).is_ok()).ok_or(OidcError::Name(subject.clone()))?;
    if !settings.domains.is_empty() {
        // Whether it is verified may be a text, with some providers.
        let is_verified =
            matches!(claims.get("email_verified"), Some(Value::Bool(true))) || text("email_verified") == Some("true");
        let domain = text("email").and_then(|email| Some(email.rsplit_once('@')?.1.to_lowercase()));
        if !is_verified || !domain.is_some_and(|domain| settings.domains.contains(&domain)) {
            return Err(OidcError::Domain(name));
        }
    }
    match role(settings, claims) {
        Some(role) => Ok(Person { subject, name, role }),
        None => Err(OidcError::NoRole(name, settings.role_claim.clone())),
    }
}

/// The most that one of the claim's values allows.
fn role(settings: &Settings, claims: &Value) -> Option<Role> {
    let claim = claims.get(&settings.role_claim);
    let claim = claim.or_else(|| settings.role_claim.split('.').try_fold(claims, |object, name| object.get(name)));
    let has = |wanted: &String| {
        let is_it = |value: &Value| value.as_str() == Some(wanted);
        wanted == "*"
            || claim.is_some_and(|claim| is_it(claim) || claim.as_array().is_some_and(|all| all.iter().any(is_it)))
    };
    settings.roles.iter().find(|(_, values)| values.iter().any(has)).map(|(role, _)| *role)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings() -> Settings {
        let values =
            |text: &str| text.split(',').filter(|text| !text.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        Settings {
            issuer: "https://id.example.org".to_owned(),
            client_id: "neon".to_owned(),
            client_secret: Secret::new("s".to_owned()),
            name: "Example".to_owned(),
            public_url: "https://neon.example.org".to_owned(),
            scopes: "openid".to_owned(),
            role_claim: "groups".to_owned(),
            roles: [(Role::Admin, values("ops-lead")), (Role::Operator, values("ops,sre")), (Role::Viewer, Vec::new())],
            domains: Vec::new(),
        }
    }

    #[test]
    fn the_role_is_the_most_that_a_value_allows_and_nobody_has_one_by_default() {
        let of = |groups: Value| role(&settings(), &json!({"groups": groups}));
        assert_eq!(of(json!(["staff", "sre", "ops-lead"])), Some(Role::Admin));
        assert_eq!(of(json!("ops")), Some(Role::Operator));
        for none in [json!([]), json!(["op", "OPS", "*"]), json!(null), json!({"ops": true}), json!("")] {
            assert_eq!(of(none.clone()), None, "{none}");
        }
        let mut all = settings();
        all.roles[2].1 = vec!["*".to_owned()];
        assert_eq!(role(&all, &json!({})), Some(Role::Viewer));
        assert_eq!(role(&all, &json!({"groups": ["sre"]})), Some(Role::Operator));
        let nested = Settings { role_claim: "realm_access.roles".to_owned(), ..settings() };
        assert_eq!(role(&nested, &json!({"realm_access": {"roles": ["ops-lead"]}})), Some(Role::Admin));
        assert_eq!(role(&nested, &json!({"realm_access.roles": ["ops"]})), Some(Role::Operator));
        assert_eq!(role(&nested, &json!({"realm_access": "ops"})), None);
    }

    #[test]
    fn a_person_has_a_subject_a_fit_name_and_where_it_is_asked_for_a_verified_address() {
        let groups = json!(["ops"]);
        let of = |settings: &Settings, mut claims: Value| {
            claims["groups"] = groups.clone();
            person(settings, &claims).map(|person| person.name).map_err(|error| error.word())
        };
        let any = settings();
        assert_eq!(of(&any, json!({"sub": "1", "preferred_username": "Anna"})), Ok("anna".to_owned()));
        assert_eq!(
            of(&any, json!({"sub": "1", "preferred_username": "Anna B", "email": "a@b.c"})),
            Ok("a@b.c".to_owned())
        );
        assert_eq!(of(&any, json!({"sub": "1", "name": "Anna"})), Err("name"));
        assert_eq!(of(&any, json!({"sub": "", "email": "a@b.c"})), Err("provider"));
        assert_eq!(of(&any, json!({"sub": "x".repeat(256), "email": "a@b.c"})), Err("provider"));
        assert_eq!(of(&any, json!({"sub": 7, "email": "a@b.c"})), Err("provider"));
        let one = Settings { domains: vec!["example.org".to_owned()], ..settings() };
        let with =
            |email: &str, verified: Value| of(&one, json!({"sub": "1", "email": email, "email_verified": verified}));
        assert_eq!(with("a@Example.org", json!(true)), Ok("a@example.org".to_owned()));
        assert_eq!(with("a@example.org", json!("true")), Ok("a@example.org".to_owned()));
        for (email, verified) in [
            ("a@example.org", json!(false)),
            ("a@example.org", json!(null)),
            ("a@example.org.evil.example", json!(true)),
            ("a@sub.example.org", json!(true)),
            ("a.example.org", json!(true)),
        ] {
            assert_eq!(with(email, verified), Err("domain"), "{email}");
        }
    }

    #[test]
    fn addresses_are_https_and_plain_on_this_host_alone_where_the_provider_is() {
        let (far, near) = ("https://id.example.org", "http://127.0.0.1:8080");
        for (text, issuer, is_fit) in [
            ("https://id.example.org/token", far, true),
            ("https://id.example.org/token", near, true),
            ("http://id.example.org/token", far, false),
            ("http://127.0.0.1:8080/token", far, false),
            ("http://127.0.0.1:8080/token", near, true),
            ("http://[::1]/token", near, true),
            ("http://localhost/token", near, true),
            ("http://localhost.evil.example/token", near, false),
            ("http://169.254.169.254/token", near, false),
            ("file:///etc/passwd", near, false),
            ("/token", near, false),
        ] {
            assert_eq!(endpoint(text, issuer).is_ok(), is_fit, "{text} of {issuer}");
        }
    }
}
