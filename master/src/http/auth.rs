//! Who is asking: the fleet's secret, a server's own credential or an enrolment code at registration, an agent's token everywhere else.
//!
//! Tokens are JWTs, HS256 with `JWT_SECRET` or the one before it, with the claims of `docs/wire.md` section 1. The algorithm is pinned: a
//! token that names another one, `none` included, is refused. Secrets are compared in constant time; only whether
//! the lengths differ can be told from outside.
//!
//! A token is verified with each request, and not remembered: a memory of them would be as large as the fleet to be of
//! use to it, and would outlive what it remembers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use neon_shared::api::{CODE_PREFIX, CREDENTIAL_PREFIX, SECRET_HEADER, error};
use neon_shared::time::Timestamp;
use ring::hmac;
use salvo::Request;
use salvo::http::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};

use super::error::ApiError;
use super::state::now;
use crate::config::{Secret, Secrets};
use crate::model::Registered;

/// How long an agent's token is good, in seconds.
pub const TOKEN_LIFETIME_S: i64 = 24 * 3600;
const ISSUER: &str = "neon-master";
/// What every token begins with that is made here: `{"typ":"JWT","alg":"HS256"}`.
const ISSUED_HEAD: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.";
/// Longest claims that are read in one pass; those of the longest name are half of that.
const ISSUED_CLAIMS_MAX_BYTES: usize = 1024;

/// Makes and checks agents' tokens.
pub struct Tokens {
    encoding: EncodingKey,
    validation: Validation,
    /// The newest first.
    generations: Vec<Generation>,
}

/// What one secret has signed is recognised by.
struct Generation {
    decoding: DecodingKey,
    key: hmac::Key,
}

impl Generation {
    fn new(secret: &Secret) -> Self {
        let secret = secret.reveal().as_bytes();
        Self { decoding: DecodingKey::from_secret(secret), key: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// The server's number.
    pub server_id: i64,
    /// The server's name.
    pub server_name: String,
    /// Always `neon-master`.
    pub iss: String,
    /// `agent:<serverId>`.
    pub sub: String,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970.
    pub exp: i64,
    /// The server's; absent where it is 0, as it was before there were any.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub generation: i64,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// [`Claims`], and nothing else.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Issued<'a> {
    server_id: i64,
    server_name: String,
    iss: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
    #[serde(default)]
    generation: i64,
}

impl Tokens {
    /// Tokens signed with the newest of `secrets`; those that the one before has signed are good, too.
    pub fn new(secrets: &Secrets) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        // The same clock writes and checks the times, so there is no skew to forgive.
        validation.leeway = 0;
        Self {
            encoding: EncodingKey::from_secret(secrets.newest.reveal().as_bytes()),
            validation,
            generations: secrets.iter().map(Generation::new).collect(),
        }
    }

    /// A token for a server, good for `TOKEN_LIFETIME_S` from `now`.
    ///
    /// Errors: 500, should the claims not be writable.
    pub fn issue(&self, server: &Registered, server_name: &str, now: Timestamp) -> Result<String, ApiError> {
        let iat = now.unix_ms() / 1000;
        let claims = Claims {
            server_id: server.server_id,
            server_name: server_name.to_owned(),
            iss: ISSUER.to_owned(),
            sub: subject(server.server_id),
            iat,
            exp: iat + TOKEN_LIFETIME_S,
            generation: server.generation,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(ApiError::Token)
    }

    /// The claims of the request's bearer token.
    ///
    /// Errors: 401, with a sentence that says whether it was missing or bad.
    pub fn of_request(&self, request: &Request) -> Result<Claims, ApiError> {
        let token = bearer(request).ok_or(ApiError::Unauthorized(error::MISSING_TOKEN))?;
        self.check(token, now()).ok_or(ApiError::Unauthorized(error::BAD_TOKEN))
    }

    fn check(&self, token: &str, now: Timestamp) -> Option<Claims> {
        self.check_issued(token, now).or_else(|| self.check_any(token))
    }

    /// A token in the form that [`Self::issue`] gives it, which nearly every one has. The library reads head and claims of
    /// any form, twice each; what is `None` here is left to it.
    fn check_issued(&self, token: &str, now: Timestamp) -> Option<Claims> {
        let (message, signature) = token.rsplit_once('.')?;
        let claims = message.strip_prefix(ISSUED_HEAD)?;
        let mut bytes = [0; ISSUED_CLAIMS_MAX_BYTES];
        let signature = decoded(signature, &mut bytes)?;
        let is_signed = |one: &Generation| hmac::verify(&one.key, message.as_bytes(), signature).is_ok();
        self.generations.iter().any(is_signed).then_some(())?;
        let Issued { server_id, server_name, iss, sub, iat, exp, generation } =
            serde_json::from_slice(decoded(claims, &mut bytes)?).ok()?;
        let is_good = iss == ISSUER && sub == subject(server_id) && exp >= now.unix_ms() / 1000;
        is_good.then(|| Claims {
            server_id,
            server_name,
            iss: iss.to_owned(),
            sub: sub.to_owned(),
            iat,
            exp,
            generation,
        })
    }

    fn check_any(&self, token: &str) -> Option<Claims> {
        let decode = |one: &Generation| jsonwebtoken::decode::<Claims>(token, &one.decoding, &self.validation).ok();
        let claims = self.generations.iter().find_map(decode)?.claims;
        (claims.sub == subject(claims.server_id)).then_some(claims)
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

/// What a registration shows in its `X-Agent-Secret` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown<'a> {
    /// The fleet's secret.
    Fleet,
    /// What looks like a server's own credential.
    Credential(&'a str),
    /// What looks like an enrolment code.
    Code(&'a str),
}

/// `None` where it shows nothing of the kind.
pub fn shown<'a>(request: &'a Request, secrets: Option<&Secrets>) -> Option<Shown<'a>> {
    let given = request.headers().get(SECRET_HEADER)?;
    // Each is compared, whichever it is.
    let is = |secret: &Secret| given.as_bytes().ct_eq(secret.reveal().as_bytes());
    let compared = secrets.into_iter().flat_map(Secrets::iter).map(is);
    if bool::from(compared.fold(Choice::from(0), |found, one| found | one)) {
        return Some(Shown::Fleet);
    }
    let given = given.to_str().ok()?;
    if given.starts_with(CREDENTIAL_PREFIX) {
        Some(Shown::Credential(given))
    } else {
        given.starts_with(CODE_PREFIX).then_some(Shown::Code(given))
    }
}

/// The request's bearer token.
pub(super) fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn decoded<'a>(text: &str, bytes: &'a mut [u8]) -> Option<&'a [u8]> {
    let length = URL_SAFE_NO_PAD.decode_slice(text, bytes).ok()?;
    bytes.get(..length)
}

fn subject(server_id: i64) -> String {
    format!("agent:{server_id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEVEN: Registered = Registered { server_id: 7, generation: 0 };

    fn secrets(newest: &str, previous: Option<&str>) -> Secrets {
        let secret = |text: &str| Secret::new(text.to_owned());
        Secrets { newest: secret(newest), previous: previous.map(secret) }
    }

    fn tokens(secret: &str) -> Tokens {
        Tokens::new(&secrets(secret, None))
    }

    fn signed(algorithm: Algorithm, claims: &impl Serialize) -> String {
        jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(b"s3cret")).unwrap()
    }

    fn claims() -> Claims {
        let iat = now().unix_ms() / 1000;
        Claims {
            server_id: 7,
            server_name: "web-1".to_owned(),
            iss: ISSUER.to_owned(),
            sub: "agent:7".to_owned(),
            iat,
            exp: iat + 60,
            generation: 0,
        }
    }

    #[test]
    fn an_issued_token_reads_back_and_lasts_a_day() {
        let tokens = tokens("s3cret");
        let token = tokens.issue(&SEVEN, "web-1", now()).unwrap();
        assert!(token.len() < neon_shared::limits::TOKEN_MAX_BYTES / 2);
        let claims = tokens.check_issued(&token, now()).unwrap();
        assert_eq!((claims.server_id, claims.server_name.as_str()), (7, "web-1"));
        assert_eq!((claims.iss.as_str(), claims.sub.as_str()), ("neon-master", "agent:7"));
        assert_eq!(claims.exp - claims.iat, 86_400);
    }

    #[test]
    fn a_good_token_signed_elsewhere_is_accepted() {
        assert_eq!(tokens("s3cret").check(&signed(Algorithm::HS256, &claims()), now()), Some(claims()));
    }

    #[test]
    fn what_is_not_exactly_right_is_refused() {
        let tokens = tokens("s3cret");
        let bad = [
            Claims { exp: claims().iat - 1, ..claims() },
            Claims { iss: "somebody".to_owned(), ..claims() },
            Claims { sub: "agent:8".to_owned(), ..claims() },
            Claims { sub: "session:7".to_owned(), ..claims() },
        ];
        for claims in bad {
            assert_eq!(tokens.check(&signed(Algorithm::HS256, &claims), now()), None, "{claims:?}");
        }
        assert_eq!(tokens.check(&signed(Algorithm::HS384, &claims()), now()), None, "another algorithm");
        assert_eq!(tokens.check("eyJhbGciOiJub25lIn0.eyJzZXJ2ZXJJZCI6N30.", now()), None, "no signature");
        assert_eq!(tokens.check("", now()), None);
        assert_eq!(self::tokens("other").check(&signed(Algorithm::HS256, &claims()), now()), None, "another secret");
    }

    #[test]
    fn what_the_secret_before_has_signed_stays_good_and_nothing_new_is_signed_with_it() {
        let (old, rotated) = (tokens("s3cret"), Tokens::new(&secrets("next", Some("s3cret"))));
        let before = old.issue(&SEVEN, "web-1", now()).unwrap();
        assert_eq!(rotated.check_issued(&before, now()), old.check_issued(&before, now()));
        assert!(rotated.check_any(&before).is_some());
        let after = rotated.issue(&SEVEN, "web-1", now()).unwrap();
        assert_eq!((old.check(&after, now()), tokens("next").check(&before, now())), (None, None));
        assert!(rotated.check(&after, now()).is_some() && tokens("next").check(&after, now()).is_some());
    }

    #[test]
    fn either_generation_of_the_fleets_secret_is_taken_and_none_where_it_is_off() {
        let taken = |given: &str, secrets: Option<&Secrets>| {
            let mut request = Request::new();
            request.headers_mut().insert(SECRET_HEADER, given.parse().unwrap());
            shown(&request, secrets) == Some(Shown::Fleet)
        };
        let both = secrets("newest", Some("before"));
        assert!(taken("newest", Some(&both)) && taken("before", Some(&both)));
        assert!(!taken("", Some(&both)) && !taken("newes", Some(&both)) && !taken("newestbefore", Some(&both)));
        assert!(!taken("newest", None) && !taken("", None));
        assert_eq!(shown(&Request::new(), Some(&both)), None);
    }

    #[test]
    fn codes_and_credentials_are_told_by_how_they_begin_unless_they_are_the_fleets_secret() {
        let of = |given: &str, secrets: &Secrets| {
            let mut request = Request::new();
            request.headers_mut().insert(SECRET_HEADER, given.parse().unwrap());
            shown(&request, Some(secrets)).map(|shown| match shown {
                Shown::Fleet => "fleet".to_owned(),
                Shown::Credential(text) => format!("credential {text}"),
                Shown::Code(text) => format!("code {text}"),
            })
        };
        let fleet = secrets("neon_code_it_happens_to_be", None);
        assert_eq!(of("neon_code_it_happens_to_be", &fleet).as_deref(), Some("fleet"));
        assert_eq!(of("neon_code_1", &fleet).as_deref(), Some("code neon_code_1"));
        assert_eq!(of("neon_agent_1", &fleet).as_deref(), Some("credential neon_agent_1"));
        assert_eq!(of("neon_1", &fleet), None);
    }

    #[test]
    fn a_generation_is_said_where_it_is_not_the_first() {
        let tokens = tokens("s3cret");
        let token = tokens.issue(&Registered { server_id: 7, generation: 3 }, "web-1", now()).unwrap();
        assert_eq!(tokens.check_issued(&token, now()).unwrap().generation, 3);
        assert_eq!(tokens.check_any(&token).unwrap().generation, 3);
        assert_eq!(tokens.check(&tokens.issue(&SEVEN, "web-1", now()).unwrap(), now()).unwrap().generation, 0);
    }

    #[test]
    fn a_token_is_taken_in_one_pass_or_the_other_and_says_the_same() {
        let tokens = tokens("s3cret");
        let random = &mut fastrand::Rng::with_seed(20_261_124);
        let issued = tokens.issue(&SEVEN, "web-\u{e9}\"1", now()).unwrap();
        let mut taken = 0;
        for round in 0..3000 {
            let mut token = issued.clone().into_bytes();
            for _ in 0..round % 3 {
                let at = random.usize(0..token.len());
                match random.u8(0..3) {
                    0 => token[at] = *b"aZ09-_.=".get(random.usize(0..8)).unwrap(),
                    1 => drop(token.remove(at)),
                    _ => token.insert(at, b'A'),
                }
            }
            let token = String::from_utf8(token).unwrap();
            let in_one_pass = tokens.check_issued(&token, now());
            taken += usize::from(in_one_pass.is_some());
            assert_eq!(in_one_pass, tokens.check_any(&token), "{token}");
        }
        assert!(taken >= 1000, "{taken}");
        let audience = serde_json::json!({"serverId": 7, "serverName": "web-1", "iss": ISSUER, "sub": "agent:7",
            "iat": 1, "exp": claims().exp, "aud": "somebody"});
        assert_eq!(tokens.check(&signed(Algorithm::HS256, &audience), now()), None, "for somebody else");
    }
}
