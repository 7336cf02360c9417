//! Users and what they hold: made with the real command line, logged in over the real API.

use std::io::Write;
use std::process::{Output, Stdio};

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

/// What a browser would send back of a login's answer.
pub fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
}
