//! Every route with every kind of credential, against a table of what each may do. A route that is not in the table fails.

use jsonwebtoken::{Algorithm, EncodingKey, Header, crypto};
use neon_master::http::routes;
use serde_json::{Value, json};

use crate::common::client::Answer;
use crate::common::fixtures::{AGENT_SECRET, JWT_SECRET};
use crate::common::people::{CHANGE, add};
use crate::common::{Client, Database, Engine, Master};

/// What may be done with a credential on a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum May {
    /// The handler is reached, whatever it says then.
    Pass,
    /// 401: nobody knows who that is.
    Unknown,
    /// 403: it is known, and may not.
    Not,
}
use May::{Not, Pass, Unknown};

/// Credentials that are nobody's, on any route.
const BAD: [&str; 18] = [
    "nothing",
    "an expired agent's token",
    "an agent's token of another issuer",
    "an agent's token with alg none",
    "an agent's token with alg RS256 and the HMAC key",
    "a session with alg none",
    "a session with alg RS256 and the HMAC key",
    "an expired session",
    "a session of another issuer",
    "a session signed with JWT_SECRET itself",
    "an agent's token as a session",
    "a session that was logged out",
    "an API token that was revoked",
    "an API token that never was",
    "an enrolment code that never was",
    "an enrolment code that was revoked",
    "a server's own credential that was revoked",
    "a token of a credential that was revoked",
];
/// Everything else there is.
const GOOD: [&str; 13] = [
    "the fleet's secret",
    "the server's agent",
    "another server's agent",
    "an enrolment code",
    "another server's own credential",
    "the agent of another server's own credential",
    "viewer",
    "operator",
    "admin",
    "read token",
    "write token",
    "read token of the server",
    "write token of another server",
];

/// What the credentials of [`GOOD`] may do, in their order; `bad` is what all of [`BAD`] may.
struct Row {
    route: &'static str,
    bad: May,
    good: [May; 13],
}

const fn row(route: &'static str, bad: May, good: [May; 13]) -> Row {
    Row { route, bad, good }
}

/// Agents' routes know agents alone; the rest knows none of them.
const FLEET: [May; 13] =
    [Pass, Unknown, Unknown, Pass, Pass, Unknown, Unknown, Unknown, Unknown, Unknown, Unknown, Unknown, Unknown];
/// Each for itself: the path names no server, the token does.
const AGENTS: [May; 13] =
    [Unknown, Pass, Pass, Unknown, Unknown, Pass, Unknown, Unknown, Unknown, Unknown, Unknown, Unknown, Unknown];
const READERS: [May; 13] =
    [Unknown, Unknown, Unknown, Unknown, Unknown, Unknown, Pass, Pass, Pass, Pass, Pass, Not, Not];
const READERS_OF_ONE: [May; 13] =
    [Unknown, Unknown, Unknown, Unknown, Unknown, Unknown, Pass, Pass, Pass, Pass, Pass, Pass, Not];
const ANY_USER: [May; 13] =
    [Unknown, Unknown, Unknown, Unknown, Unknown, Unknown, Pass, Pass, Pass, Not, Not, Not, Not];
const OPERATORS: [May; 13] =
    [Unknown, Unknown, Unknown, Unknown, Unknown, Unknown, Not, Pass, Pass, Not, Not, Not, Not];
/// As [`OPERATORS`], and programs that may write to that server; the token for one server of this test reads alone.
const WRITERS: [May; 13] = [Unknown, Unknown, Unknown, Unknown, Unknown, Unknown, Not, Pass, Pass, Not, Pass, Not, Not];
const ADMINS: [May; 13] = [Unknown, Unknown, Unknown, Unknown, Unknown, Unknown, Not, Not, Pass, Not, Not, Not, Not];
const ANYBODY: [May; 13] = [Pass; 13];

const TABLE: &[Row] = &[
    row("POST /api/agent/register", Unknown, FLEET),
    row("POST /api/agent/metrics", Unknown, AGENTS),
    row("POST /api/agent/containers", Unknown, AGENTS),
    row("POST /api/agent/heartbeat", Unknown, AGENTS),
    row("GET /api/servers", Unknown, READERS),
    row("GET /api/servers/{id}", Unknown, READERS_OF_ONE),
    row("PATCH /api/servers/{id}", Unknown, WRITERS),
    // Of one that is not there: the others are asked about this one.
    row("DELETE /api/servers/{id}", Unknown, WRITERS),
    row("POST /api/servers/{id}/merge", Unknown, WRITERS),
    row("GET /api/servers/{id}/metrics", Unknown, READERS_OF_ONE),
    row("GET /api/servers/{id}/metrics/latest", Unknown, READERS_OF_ONE),
    row("GET /api/servers/{id}/metrics/history", Unknown, READERS_OF_ONE),
    row("GET /api/groups", Unknown, READERS),
    row("GET /api/tags", Unknown, READERS),
    row("GET /api/containers", Unknown, READERS_OF_ONE),
    row("GET /api/stats", Unknown, READERS),
    // Without numbers it is a 400 to those who may.
    row("GET /api/trends", Unknown, READERS),
    row("GET /api/storage", Unknown, READERS),
    row("GET /api/activities", Unknown, READERS),
    row("GET /api/events", Unknown, READERS_OF_ONE),
    // Without a body it is a 400 to everybody.
    row("POST /api/login", Pass, ANYBODY),
    // Without a provider it is a 404 to everybody.
    row("GET /api/login/oidc", Pass, ANYBODY),
    row("GET /api/login/oidc/callback", Pass, ANYBODY),
    row("POST /api/logout", Unknown, ANY_USER),
    row("GET /api/session", Pass, ANYBODY),
    // Without a body it is a 400 to everybody.
    row("POST /api/account/password", Unknown, ANY_USER),
    row("GET /api/account/sessions", Unknown, ANY_USER),
    row("DELETE /api/account/sessions/{id}", Unknown, ANY_USER),
    row("GET /api/account/second-factor", Unknown, ANY_USER),
    row("POST /api/account/second-factor", Unknown, ANY_USER),
    row("POST /api/account/second-factor/confirm", Unknown, ANY_USER),
    row("POST /api/account/second-factor/off", Unknown, ANY_USER),
    row("POST /api/account/second-factor/recovery-codes", Unknown, ANY_USER),
    row("GET /api/users", Unknown, ADMINS),
    row("POST /api/users", Unknown, ADMINS),
    row("PATCH /api/users/{id}", Unknown, ADMINS),
    row("DELETE /api/users/{id}", Unknown, ADMINS),
    row("DELETE /api/users/{id}/second-factor", Unknown, ADMINS),
    row("GET /api/tokens", Unknown, OPERATORS),
    row("POST /api/tokens", Unknown, OPERATORS),
    row("DELETE /api/tokens/{id}", Unknown, OPERATORS),
    row("GET /api/enrolments", Unknown, WRITERS),
    row("POST /api/enrolments", Unknown, WRITERS),
    row("DELETE /api/enrolments/{id}", Unknown, WRITERS),
    row("POST /api/servers/{id}/credential/rotate", Unknown, WRITERS),
    row("DELETE /api/servers/{id}/credential", Unknown, WRITERS),
    row("GET /api/audit", Unknown, ADMINS),
    row("GET /healthz", Pass, ANYBODY),
    row("GET /readyz", Pass, ANYBODY),
    row("GET /metrics", Unknown, READERS),
    row("GET /openapi.json", Pass, ANYBODY),
];

#[test]
fn the_table_lists_every_route_and_no_other() {
    let listed: Vec<&str> = TABLE.iter().map(|row| row.route).collect();
    for route in routes() {
        let name = format!("{} {}", route.method, route.path);
        assert!(listed.contains(&name.as_str()), "{name} is not in the table: say there who may use it");
    }
    assert_eq!(listed.len(), routes().len(), "the table lists a route that is gone, or one twice");
}

#[test]
fn each_credential_may_do_what_the_table_says_on_every_route() {
    let database = Database::fresh(Engine::Sqlite);
    let world = World::new(&database);
    for row in TABLE {
        for (credential, may) in BAD.iter().map(|bad| (bad, row.bad)).chain(GOOD.iter().zip(row.good)) {
            let (method, path) = row.route.split_once(' ').unwrap();
            let names_a_server = path.starts_with("/api/servers/") && method != "DELETE";
            let id = if names_a_server { world.server_id } else { 999_999 };
            let path = path.replace("{id}", &id.to_string());
            let names_server = matches!(path.as_str(), "/api/containers" | "/api/events");
            let query = if names_server { format!("?serverId={}", world.server_id) } else { String::new() };
            let methods: &[&str] = if method == "GET" { &["GET", "HEAD"] } else { &[method] };
            for method in methods {
                let answer = world.ask(credential, method, &format!("{path}{query}"), true);
                let is = match answer.status {
                    401 => Unknown,
                    403 => Not,
                    status if status < 500 => Pass,
                    status => panic!("{status} for {method} {path} with {credential}"),
                };
                assert_eq!(is, may, "{method} {path} with {credential}: {}", answer.status);
            }
        }
    }
    // Whatever other servers' credentials were sent, nothing of theirs is the server's.
    let server = world.ask("admin", "GET", &format!("/api/servers/{}", world.server_id), true).json();
    assert_eq!((&server["name"], &server["lastMetricsAt"]), (&json!("web-1"), &Value::Null));
}

#[test]
fn an_agent_writes_to_its_own_server_whatever_the_body_says() {
    let database = Database::fresh(Engine::Sqlite);
    let world = World::new(&database);
    let sample = crate::common::fixtures::sample(crate::common::fixtures::ago(1000));
    let body = format!(r#"{{"serverId":{0},"serverName":"web-1","metrics":[{sample}]}}"#, world.server_id);
    let path = format!("/api/agent/metrics?serverId={}", world.server_id);
    assert_eq!(world.client.post(&path, &world.other_agent, body).status, 200);
    let at = |id: i64| world.ask("admin", "GET", &format!("/api/servers/{id}"), true).json()["lastMetricsAt"].clone();
    assert!(at(world.server_id).is_null() && at(world.other_id).is_string());
}

#[test]
fn a_servers_own_credential_registers_and_writes_no_other_server() {
    let database = Database::fresh(Engine::Sqlite);
    let world = World::new(&database);
    let header = |name: &str| world.header(name).1;
    let (own, token) =
        (header("another server's own credential"), header("the agent of another server's own credential"));
    for name in ["web-1", "web-2", "web-4", "web-9", "WEB-3"] {
        let body = crate::common::fixtures::registration(name);
        assert_eq!(world.client.register(&own, body).status, 401, "{name}");
    }
    let sample = crate::common::fixtures::sample(crate::common::fixtures::ago(1000));
    let body = format!(r#"{{"serverId":{0},"serverName":"web-1","metrics":[{sample}]}}"#, world.server_id);
    let path = format!("/api/agent/metrics?serverId={}", world.server_id);
    assert_eq!(world.client.post(&path, token.trim_start_matches("Bearer "), body).status, 200);
    let servers = world.ask("admin", "GET", "/api/servers", true).json();
    let written = |server: &&Value| server["lastMetricsAt"].is_string();
    let names: Vec<&Value> = servers.as_array().unwrap().iter().filter(written).map(|server| &server["name"]).collect();
    assert_eq!(names, [&json!("web-3")]);
}

#[test]
fn a_change_with_a_cookie_alone_is_refused() {
    let database = Database::fresh(Engine::Sqlite);
    let world = World::new(&database);
    for row in TABLE.iter().filter(|row| !row.route.starts_with("GET") && !row.route.contains("/agent/")) {
        let (method, path) = row.route.split_once(' ').unwrap();
        let answer = world.ask("admin", method, &path.replace("{id}", "999999"), false);
        assert_eq!(answer.status, 403, "{}", row.route);
        assert_eq!(answer.json(), json!({"error": "The header X-Neon-Request is missing"}));
    }
}

#[test]
fn a_token_of_one_server_cannot_name_two() {
    let database = Database::fresh(Engine::Sqlite);
    let world = World::new(&database);
    let (own, other) = (world.server_id, world.other_id);
    for (path, status) in [
        (format!("/api/containers?serverId={own}"), 200),
        (format!("/api/containers?serverId={other}"), 403),
        (format!("/api/containers?serverId={other}&serverId={own}"), 403),
        ("/api/containers".to_owned(), 403),
        (format!("/api/servers/{own}?id={other}"), 200),
        (format!("/api/servers/{other}?id={own}"), 403),
        (format!("/api/servers/{other}/metrics/latest?serverId={own}"), 403),
    ] {
        assert_eq!(world.ask("read token of the server", "GET", &path, true).status, status, "{path}");
    }
    // Whichever of two is looked at, guard and handler look at the same.
    let both =
        world.ask("read token of the server", "GET", &format!("/api/containers?serverId={own}&serverId={other}"), true);
    assert!(both.status == 403 || both.text() == "[]");
}

#[test]
fn in_development_mode_this_host_reads_and_nobody_does_more() {
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start(&database);
    let client = master.client;
    let log = master.log();
    assert!(log.iter().any(|line| line.contains("development mode")), "{log:?}");
    assert_eq!(client.get("/api/session").json(), json!({"mode": "development"}));
    for row in TABLE {
        let (method, path) = row.route.split_once(' ').unwrap();
        let path = path.replace("{id}", "1").replace("/api/containers", "/api/containers?serverId=1");
        let is_open = row.good[6..9] == [Pass; 3] && row.good != ANY_USER;
        let expected = if is_open { Pass } else { Unknown };
        let answer = match path.as_str() {
            "/api/events" => head_of(&client, method, &path, &[CHANGE]),
            path => client.request(method, path, &[CHANGE], b""),
        };
        assert_eq!(if answer.status == 401 { Unknown } else { Pass }, expected, "{}: {}", row.route, answer.status);
    }
    // Under another name: a page whose name was made to mean this host, or a proxy that lets others in.
    let other = b"GET /api/servers HTTP/1.1\r\nHost: neon.example.org\r\nConnection: close\r\n\r\n";
    assert_eq!(client.raw(other, false).unwrap().status, 401);

    add(&database.url(), "viewer");
    assert_eq!(client.get("/api/servers").status, 401, "the first user ends it");
    assert_eq!(client.get("/api/session").json(), json!({"mode": "login"}));
    let cookie = client.session("viewer");
    assert_eq!(client.with(&cookie, "GET", "/api/servers", "").text(), "[]");
}

/// A master with two servers and somebody of each kind.
struct World {
    client: Client,
    server_id: i64,
    other_id: i64,
    agent: String,
    other_agent: String,
    logged_out: String,
    tokens: [(&'static str, String); 5],
    /// Codes, credentials, and tokens they were exchanged for.
    enrolled: [(&'static str, &'static str, String); 6],
    _master: Master,
}

impl World {
    fn new(database: &Database) -> Self {
        for role in ["admin", "operator", "viewer"] {
            add(&database.url(), role);
        }
        let master = Master::start(database);
        let client = master.client;
        let (server_id, agent) = master.registered("web-1");
        let (other_id, other_agent) = master.registered("web-2");
        let operator = client.session("operator");
        let make = |body: Value| client.api_token(&operator, &body);
        let (revoked_id, revoked) = make(json!({"name": "revoked", "scope": "write"}));
        assert_eq!(client.with(&operator, "DELETE", &format!("/api/tokens/{revoked_id}"), "").status, 204);
        let tokens = [
            ("an API token that was revoked", revoked),
            ("read token", make(json!({"name": "r", "scope": "read"})).1),
            ("write token", make(json!({"name": "w", "scope": "write"})).1),
            ("read token of the server", make(json!({"name": "1", "scope": "read", "serverId": server_id})).1),
            ("write token of another server", make(json!({"name": "2", "scope": "write", "serverId": other_id})).1),
        ];
        let enrolled = enrolled(&client, &operator);
        let logged_out = client.session("admin");
        assert_eq!(client.with(&logged_out, "POST", "/api/logout", "").status, 204);
        Self { client, server_id, other_id, agent, other_agent, logged_out, tokens, enrolled, _master: master }
    }

    fn ask(&self, credential: &str, method: &str, path: &str, with_change_header: bool) -> Answer {
        let (name, value) = self.header(credential);
        let mut headers = vec![(name, value.as_str())];
        if with_change_header {
            headers.push(CHANGE);
        }
        if path.starts_with("/api/events") {
            return head_of(&self.client, method, path, &headers);
        }
        // Such a report is understood as far as it takes to know whose it is.
        let body: &[u8] = if path.starts_with("/api/agent/") { b"{}" } else { b"" };
        self.client.request(method, path, &headers, body)
    }

    /// Anew for each request, since a logout ends it.
    fn header(&self, credential: &str) -> (&'static str, String) {
        let agent = |key: &str, value: Value| {
            let mut claims = claims_of(&self.agent);
            claims[key] = value;
            bearer(&signed(JWT_SECRET.as_bytes(), &claims))
        };
        let session = |key: &str, value: Value| {
            let mut claims = claims_of(&self.logged_out);
            claims[key] = value;
            session_cookie(&signed(&session_key(), &claims))
        };
        let (agents, sessions) = (claims_of(&self.agent), claims_of(&self.logged_out));
        match credential {
            "nothing" => ("X-Nothing", "x".to_owned()),
            "an expired agent's token" => agent("exp", json!(1)),
            "an agent's token of another issuer" => agent("iss", json!("other")),
            "an agent's token with alg none" => bearer(&unsigned(&agents)),
            "an agent's token with alg RS256 and the HMAC key" => bearer(&as_rs256(JWT_SECRET.as_bytes(), &agents)),
            "a session with alg none" => session_cookie(&unsigned(&sessions)),
            "a session with alg RS256 and the HMAC key" => session_cookie(&as_rs256(&session_key(), &sessions)),
            "an expired session" => session("exp", json!(1)),
            "a session of another issuer" => session("iss", json!("other")),
            "a session signed with JWT_SECRET itself" => session_cookie(&signed(JWT_SECRET.as_bytes(), &sessions)),
            "an agent's token as a session" => session_cookie(&self.agent),
            "a session that was logged out" => ("Cookie", self.logged_out.clone()),
            "an API token that never was" => bearer(&format!("neon_{}", "0".repeat(64))),
            "an enrolment code that never was" => ("X-Agent-Secret", format!("neon_code_{}", "0".repeat(64))),
            "the fleet's secret" => ("X-Agent-Secret", AGENT_SECRET.to_owned()),
            "the server's agent" => bearer(&self.agent),
            "another server's agent" => bearer(&self.other_agent),
            "viewer" | "operator" | "admin" => ("Cookie", self.client.session(credential)),
            enrolled if self.enrolled.iter().any(|(name, ..)| *name == enrolled) => {
                let (_, header, value) = self.enrolled.iter().find(|(name, ..)| *name == enrolled).unwrap();
                (header, value.clone())
            }
            token => bearer(&self.tokens.iter().find(|(name, _)| *name == token).unwrap().1),
        }
    }
}

/// Everything that has to do with enrolment codes, each with the header it is sent in.
fn enrolled(client: &Client, operator: &str) -> [(&'static str, &'static str, String); 6] {
    let code = |name: &str| {
        let answer = client.with(operator, "POST", "/api/enrolments", &json!({"serverName": name}).to_string()).json();
        (answer["enrolment"]["id"].as_i64().unwrap(), answer["code"].as_str().unwrap().to_owned())
    };
    let enrol = |name: &str, digit: &str| {
        let credential = format!("neon_agent_{}", digit.repeat(64));
        let mut body: Value = serde_json::from_str(&crate::common::fixtures::registration(name)).unwrap();
        body["credential"] = json!(credential);
        let data = client.register(&code(name).1, body.to_string()).json()["data"].clone();
        (data["serverId"].clone(), credential, format!("Bearer {}", data["token"].as_str().unwrap()))
    };
    let (revoked_code, revoked_text) = code("web-9");
    assert_eq!(client.with(operator, "DELETE", &format!("/api/enrolments/{revoked_code}"), "").status, 204);
    let (_, own, own_token) = enrol("web-3", "3");
    let (revoked_id, revoked, revoked_token) = enrol("web-4", "4");
    assert_eq!(client.with(operator, "DELETE", &format!("/api/servers/{revoked_id}/credential"), "").status, 204);
    let secret = "X-Agent-Secret";
    [
        ("an enrolment code", secret, code("web-9").1),
        ("an enrolment code that was revoked", secret, revoked_text),
        ("another server's own credential", secret, own),
        ("the agent of another server's own credential", "Authorization", own_token),
        ("a server's own credential that was revoked", secret, revoked),
        ("a token of a credential that was revoked", "Authorization", revoked_token),
    ]
}

/// The answer without its body, which has no end.
fn head_of(client: &Client, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n", client.address);
    client.raw(request.as_bytes(), true).unwrap()
}

fn bearer(token: &str) -> (&'static str, String) {
    ("Authorization", format!("Bearer {token}"))
}

fn session_cookie(token: &str) -> (&'static str, String) {
    ("Cookie", format!("other=1; neon_session={token}"))
}

/// The key that sessions are signed with, as docs/decisions/0071 says it is made.
fn session_key() -> Vec<u8> {
    use sha2::{Digest, Sha256};
    Sha256::digest(format!("neon session\0{JWT_SECRET}").as_bytes()).to_vec()
}

fn claims_of(token: &str) -> Value {
    let token = token.trim_start_matches("neon_session=");
    jsonwebtoken::dangerous::insecure_decode::<Value>(token).unwrap().claims
}

fn signed(key: &[u8], claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(key)).unwrap()
}

fn unsigned(claims: &Value) -> String {
    let whole = signed(b"x", claims);
    format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", whole.split('.').nth(1).unwrap())
}

/// What a library takes that lets the token choose how it is checked.
fn as_rs256(key: &[u8], claims: &Value) -> String {
    let whole = signed(key, claims);
    let message = format!("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.{}", whole.split('.').nth(1).unwrap());
    let signature = crypto::sign(message.as_bytes(), &EncodingKey::from_secret(key), Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}
