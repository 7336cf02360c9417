//! An OpenID Connect provider of a few lines on a loopback port: discovery, keys, authorization with PKCE, and tokens. It
//! checks what it is shown as a provider has to, and can be told to answer wrongly.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use neon_master::http::now;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;
use url::form_urlencoded::parse;

pub const CLIENT_ID: &str = "neon & co";
pub const CLIENT_SECRET: &str = "what-the-provider-is+shown:%";
pub const PUBLIC_URL: &str = "https://neon.example.org";
/// Made for these tests, and good for nothing else.
const KEYS: [&str; 2] = [include_str!("../../fixtures/oidc-1.pem"), include_str!("../../fixtures/oidc-2.pem")];

/// How it answers.
#[derive(Clone)]
pub struct Script {
    /// What its tokens say, over what they say anyway; what is null here is left out.
    pub claims: Value,
    /// What it signs with: `RS256` or `ES256` and so on is honest, `none` and `HS256` are not.
    pub algorithm: &'static str,
    /// Which of its keys signs.
    pub key: usize,
    /// What it calls that key, where that is not its name.
    pub named: &'static str,
    /// Which of them it shows.
    pub shown: Vec<usize>,
    /// Over its description.
    pub description: Value,
    /// Whom it lets in; nobody where it is empty.
    pub error: &'static str,
    /// Status of what its token endpoint answers.
    pub token_status: u16,
}

impl Default for Script {
    fn default() -> Self {
        let claims = json!({"sub": "anna-1", "preferred_username": "Anna", "email": "anna@example.org",
            "email_verified": true, "groups": ["staff", "ops"]});
        Self {
            claims,
            algorithm: "RS256",
            key: 0,
            named: "",
            shown: vec![0],
            description: json!({}),
            error: "",
            token_status: 200,
        }
    }
}

struct Shared {
    address: SocketAddr,
    script: Mutex<Script>,
    /// Codes that were given out and not brought back: what was asked for with each.
    codes: Mutex<HashMap<String, HashMap<String, String>>>,
    /// Everything it was asked, as `GET /path`.
    asked: Mutex<Vec<String>>,
}

pub struct Provider(Arc<Shared>);

impl Provider {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared =
            Arc::new(Shared { address, script: Mutex::default(), codes: Mutex::default(), asked: Mutex::default() });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || shared.serve(&stream));
            }
        });
        Self(shared)
    }

    pub fn issuer(&self) -> String {
        self.0.issuer()
    }

    /// The environment of a master that trusts it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        [
            ("OIDC_ISSUER", self.issuer()),
            ("OIDC_CLIENT_ID", CLIENT_ID.to_owned()),
            ("OIDC_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
            ("OIDC_OPERATORS", "ops, sre".to_owned()),
            ("OIDC_ADMINS", "ops-lead".to_owned()),
            ("PUBLIC_URL", format!("{PUBLIC_URL}/")),
        ]
        .to_vec()
    }

    /// Answers otherwise from now on.
    pub fn script(&self, change: impl FnOnce(&mut Script)) {
        let mut script = Script::default();
        change(&mut script);
        *self.0.script.lock().unwrap() = script;
    }

    pub fn asked(&self, what: &str) -> usize {
        self.0.asked.lock().unwrap().iter().filter(|asked| *asked == what).count()
    }

    /// What a browser does at the provider's address: where it is sent to.
    pub fn visit(&self, url: &str) -> String {
        let url = Url::parse(url).unwrap();
        assert_eq!((url.host_str(), url.port()), (Some("127.0.0.1"), Some(self.0.address.port())), "{url}");
        let mut stream = TcpStream::connect(self.0.address).unwrap();
        let path = &url[url::Position::BeforePath..];
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let location = answer.lines().find_map(|line| line.strip_prefix("Location: "));
        location.unwrap_or_else(|| panic!("the provider answers {answer}")).trim().to_owned()
    }
}

impl Shared {
    fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap_or_default();
        let mut words = line.split(' ').map(str::to_owned);
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return };
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap_or_default();
            let Some((name, value)) = line.split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        self.asked.lock().unwrap().push(format!("{method} {path}"));
        let script = self.script.lock().unwrap().clone();
        let (status, more, text) = match path {
            "/.well-known/openid-configuration" => (200, String::new(), self.description(&script).to_string()),
            "/keys" => (200, String::new(), keys(&script).to_string()),
            "/authorize" => (303, format!("Location: {}\r\n", self.authorize(&script, query)), String::new()),
            "/token" => {
                let (status, body) = self.token(&script, &headers, &body);
                (status, String::new(), body.to_string())
            }
            _ => (404, String::new(), String::new()),
        };
        let head = format!(
            "HTTP/1.1 {status} x\r\n{more}Content-Type: application/json\r\nContent-Length: {}\r\n",
            text.len()
        );
        let _ = (&*stream).write_all(format!("{head}Connection: close\r\n\r\n{text}").as_bytes());
    }

    fn description(&self, script: &Script) -> Value {
        let issuer = self.issuer();
        let own = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize?tenant=1"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        });
        over(own, &script.description)
    }

    /// Logs in whoever comes, as somebody who has a session there is.
    fn authorize(&self, script: &Script, query: &str) -> String {
        let asked: HashMap<String, String> = parse(query.as_bytes()).into_owned().collect();
        assert_eq!((asked["client_id"].as_str(), asked["response_type"].as_str()), (CLIENT_ID, "code"));
        assert_eq!(asked["redirect_uri"], format!("{PUBLIC_URL}/api/login/oidc/callback"));
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(asked["tenant"], "1", "what the description has stays");
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid") && asked["nonce"].len() >= 32);
        let mut back = Url::parse(&asked["redirect_uri"]).unwrap();
        back.query_pairs_mut().append_pair("state", &asked["state"]).append_pair("iss", &self.issuer());
        if script.error.is_empty() {
            let code = format!("a-code-{}", fastrand::u64(..));
            back.query_pairs_mut().append_pair("code", &code);
            self.codes.lock().unwrap().insert(code, asked);
        } else {
            back.query_pairs_mut().append_pair("error", script.error);
        }
        back.into()
    }

    fn token(&self, script: &Script, headers: &HashMap<String, String>, body: &[u8]) -> (u16, Value) {
        let shown: HashMap<String, String> = parse(body).into_owned().collect();
        let invalid = |error: &str| (400, json!({"error": error}));
        let asked = match shown.get("code").and_then(|code| self.codes.lock().unwrap().remove(code)) {
            Some(asked) => asked,
            None => return invalid("invalid_grant"),
        };
        let credentials = match headers.get("authorization").and_then(|value| value.strip_prefix("Basic ")) {
            Some(basic) => {
                let text = String::from_utf8(STANDARD.decode(basic).unwrap()).unwrap();
                let (id, secret) = text.split_once(':').unwrap();
                // Each of the two is form-urlencoded.
                let decoded = |text: &str| parse(format!("x={text}").as_bytes()).next().unwrap().1.into_owned();
                (decoded(id), decoded(secret))
            }
            None => (shown["client_id"].clone(), shown["client_secret"].clone()),
        };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&shown["code_verifier"]));
        if credentials != (CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned()) {
            return invalid("invalid_client");
        }
        if challenge != asked["code_challenge"]
            || shown["redirect_uri"] != asked["redirect_uri"]
            || shown["grant_type"] != "authorization_code"
        {
            return invalid("invalid_grant");
        }
        let now_s = now().unix_ms() / 1000;
        let own =
            json!({"iss": self.issuer(), "aud": CLIENT_ID, "iat": now_s, "exp": now_s + 300, "nonce": asked["nonce"]});
        let token = signed(script, &over(own, &script.claims));
        (script.token_status, json!({"access_token": "x", "token_type": "Bearer", "id_token": token}))
    }
}

/// `base` with what is in `more`; without what is null there.
fn over(mut base: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        match value {
            Value::Null => drop(base.as_object_mut().unwrap().remove(name)),
            value => base[name] = value.clone(),
        }
    }
    base
}

fn key(number: usize) -> EncodingKey {
    let lines: String = KEYS[number].lines().filter(|line| !line.starts_with('-')).collect();
    EncodingKey::from_rsa_der(&STANDARD.decode(lines).unwrap())
}

fn jwk(number: usize) -> Jwk {
    let mut jwk = Jwk::from_encoding_key(&key(number), Algorithm::RS256).unwrap();
    jwk.common.key_id = Some(format!("key-{number}"));
    jwk
}

fn keys(script: &Script) -> Value {
    let keys: Vec<Value> = script.shown.iter().map(|number| serde_json::to_value(jwk(*number)).unwrap()).collect();
    json!({"keys": keys})
}

fn signed(script: &Script, claims: &Value) -> String {
    let kid = if script.named.is_empty() { format!("key-{}", script.key) } else { script.named.to_owned() };
    let header = |algorithm| Header { kid: Some(kid.clone()), ..Header::new(algorithm) };
    match script.algorithm {
        "RS256" => jsonwebtoken::encode(&header(Algorithm::RS256), claims, &key(script.key)).unwrap(),
        "RS384" => jsonwebtoken::encode(&header(Algorithm::RS384), claims, &key(script.key)).unwrap(),
        // With the key that everybody may read, as an attacker would.
        "HS256" => {
            let public = serde_json::to_value(jwk(script.key)).unwrap()["n"].as_str().unwrap().to_owned();
            let key = EncodingKey::from_secret(&URL_SAFE_NO_PAD.decode(public).unwrap());
            jsonwebtoken::encode(&header(Algorithm::HS256), claims, &key).unwrap()
        }
        "none" => {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            format!("{}.{}.", part(&json!({"alg": "none", "kid": "key-0"})), part(claims))
        }
        other => other.to_owned(),
    }
}
