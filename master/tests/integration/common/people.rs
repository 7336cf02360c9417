//! Users and what they hold: made with the real command line, logged in over the real API.

use std::io::Write;
use std::process::{Output, Stdio};

use neon_master::http::now;
use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::master::command;

/// Every password of the tests' users ends with their name.
pub fn password_of(name: &str) -> String {
    format!("correct-horse-battery-{name}")
}

/// Runs `neon-master` with these arguments on a database, and a line of input.
pub fn run(database_url: &str, arguments: &[&str], input: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut process = command(folder.path())
        .env("DATABASE_URL", database_url)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended without reading.
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
    process.wait_with_output().unwrap()
}

/// Makes a user whose name is the role's.
pub fn add(database_url: &str, role: &str) {
    let output = run(database_url, &["user", "add", role, role], &format!("{}\n", password_of(role)));
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{role} may log in, and is {role}\n"));
}

pub const CHANGE: (&str, &str) = ("X-Neon-Request", "1");

impl Client {
    pub fn login(&self, name: &str, password: &str) -> Answer {
        let body = json!({"name": name, "password": password}).to_string();
        self.request("POST", "/api/login", &[CHANGE], body.as_bytes())
    }

    pub fn login_with(&self, name: &str, password: &str, code: &str) -> Answer {
        let body = json!({"name": name, "password": password, "code": code}).to_string();
        self.request("POST", "/api/login", &[CHANGE], body.as_bytes())
    }

    /// Turns a second factor on; the code of this half minute and those before are used then.
    pub fn enrol(&self, cookie: &str, password: &str) -> Enrolled {
        let body = json!({"password": password}).to_string();
        let begun = self.with(cookie, "POST", "/api/account/second-factor", &body);
        assert_eq!(begun.status, 200, "{}", begun.text());
        let secret = begun.json()["secret"].as_str().unwrap().to_owned();
        let step = now().unix_ms() / 30_000;
        let mut enrolled = Enrolled { secret, recovery_codes: Vec::new(), step };
        let body = json!({"code": enrolled.code(0)}).to_string();
        let confirmed = self.with(cookie, "POST", "/api/account/second-factor/confirm", &body);
        assert_eq!(confirmed.status, 200, "{}", confirmed.text());
        let codes = confirmed.json()["recoveryCodes"].clone();
        enrolled.recovery_codes = serde_json::from_value(codes).unwrap();
        enrolled
    }

    /// The `Cookie` header of a new session of this user.
    pub fn session(&self, name: &str) -> String {
        let answer = self.login(name, &password_of(name));
        assert_eq!(answer.status, 200, "{}", answer.text());
        cookie(&answer)
    }

    /// A request with the session of `cookie`.
    pub fn with(&self, cookie: &str, method: &str, path: &str, body: &str) -> Answer {
        self.request(method, path, &[("Cookie", cookie), CHANGE], body.as_bytes())
    }

    /// A GET with an API token.
    pub fn with_token(&self, token: &str, path: &str) -> Answer {
        self.request("GET", path, &[("Authorization", &format!("Bearer {token}"))], b"")
    }

    /// A new API token: its number, and what it is sent as.
    pub fn api_token(&self, cookie: &str, request: &Value) -> (i64, String) {
        let answer = self.with(cookie, "POST", "/api/tokens", &request.to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
        let made = answer.json();
        (made["token"]["id"].as_i64().unwrap(), made["secret"].as_str().unwrap().to_owned())
    }
}

/// A second factor, as the authenticator of its owner has it.
pub struct Enrolled {
    /// In base 32.
    pub secret: String,
    pub recovery_codes: Vec<String>,
    /// The half minute whose code has turned it on.
    step: i64,
}

impl Enrolled {
    /// The code of the half minute that is so many after the one that has turned it on. The next one's is good at once.
    pub fn code(&self, steps_later: i64) -> String {
        totp(&self.secret, self.step + steps_later)
    }
}

/// An authenticator, which shares nothing with the master.
pub fn totp(base32: &str, step: i64) -> String {
    let mut bits = base32.bytes().flat_map(|digit| {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == digit).unwrap();
        (0..5).rev().map(move |bit| value >> bit & 1)
    });
    let mut secret = Vec::new();
    while let Some(bits) = (0..8).map(|_| bits.next()).collect::<Option<Vec<_>>>() {
        secret.push(bits.into_iter().fold(0, |byte, bit| byte << 1 | bit) as u8);
    }
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
    let sum = ring::hmac::sign(&key, &(step as u64).to_be_bytes());
    let at = (sum.as_ref()[19] & 15) as usize;
    let number = u32::from_be_bytes(sum.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// What a browser would send back of a login's answer.
pub fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}
