//! Logins by a provider, which is a real one of a few lines (`common::provider`), also one that lies.

use serde_json::{Value, json};

use crate::common::client::Answer;
use crate::common::people::{add, cookie, password_of};
use crate::common::provider::{CLIENT_SECRET, Provider, Script};
use crate::common::{Client, Database, Engine, Master, on_both_engines};

on_both_engines! {
    who_the_provider_knows_is_logged_in_with_the_role_it_says
    what_comes_back_is_taken_once_and_in_its_own_browser
    nobody_is_taken_for_a_user_who_was_here_before
}

/// A master that trusts a provider.
struct World {
    database: Database,
    provider: Provider,
    master: Master,
}

impl World {
    fn new(engine: Engine) -> Self {
        Self::with(engine, &[])
    }

    fn with(engine: Engine, more: &[(&str, &str)]) -> Self {
        let database = Database::fresh(engine);
        let provider = Provider::start();
        let own = provider.environment();
        let environment: Vec<(&str, &str)> =
            own.iter().map(|(key, value)| (*key, value.as_str())).chain(more.iter().copied()).collect();
        let master = Master::start_with(&database.url(), &environment);
        Self { database, provider, master }
    }

    fn client(&self) -> Client {
        self.master.client
    }

    /// Begins a login: where the browser is sent to, and its cookie.
    fn begin(&self, to: &str) -> (String, String) {
        let answer = self.client().get(&format!("/api/login/oidc{to}"));
        assert_eq!(answer.status, 303, "{}", answer.text());
        (answer.header("location").unwrap().to_owned(), cookie_of(&answer, "neon_oidc"))
    }

    /// The path that the provider sends the browser back to, and its cookie.
    fn at_the_provider(&self, to: &str) -> (String, String) {
        let (url, cookie) = self.begin(to);
        let back = self.provider.visit(&url);
        let path = back.strip_prefix("https://neon.example.org").unwrap();
        (path.to_owned(), cookie)
    }

    fn come_back(&self, path: &str, cookie: &str) -> Answer {
        self.client().request("GET", path, &[("Cookie", cookie)], b"")
    }

    /// All of it.
    fn login(&self, to: &str) -> Answer {
        let (path, cookie) = self.at_the_provider(to);
        self.come_back(&path, &cookie)
    }

    /// The reason why a login comes to nothing.
    fn problem(&self) -> String {
        problem_of(&self.login(""))
    }

    fn logged(&self, words: &str) -> bool {
        self.master.log().iter().any(|line| line.contains(words))
    }
}

fn cookies(answer: &Answer) -> Vec<String> {
    let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    set.map(|(_, value)| value.clone()).collect()
}

fn cookie_of(answer: &Answer, name: &str) -> String {
    let set = cookies(answer);
    let found = set.iter().find(|text| text.starts_with(&format!("{name}=")));
    found.unwrap_or_else(|| panic!("no {name} in {set:?}")).split(';').next().unwrap().to_owned()
}

/// Where a login ended that brought nobody in.
fn problem_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert!(!cookies(answer).iter().any(|text| text.starts_with("neon_session=")), "{:?}", answer.headers);
    let location = answer.header("location").unwrap();
    location.strip_prefix("/?problem=").unwrap_or_else(|| panic!("sent to {location}")).to_owned()
}

fn who(client: &Client, cookie: &str) -> Value {
    client.with(cookie, "GET", "/api/session", "").json()["user"].clone()
}

fn who_the_provider_knows_is_logged_in_with_the_role_it_says(engine: Engine) {
    let world = World::new(engine);
    let client = world.client();
    let provider = world.provider.issuer().trim_start_matches("http://").split(':').next().unwrap().to_owned();
    assert_eq!(client.get("/api/session").json(), json!({"mode": "login", "provider": provider}));
    assert_eq!(client.get("/api/servers").status, 401, "no development mode where there is a login");

    let (path, kept) = world.at_the_provider("?to=/servers/3%3Frange=24h");
    let answer = world.come_back(&path, &kept);
    assert_eq!((answer.status, answer.header("location").unwrap()), (303, "/servers/3?range=24h"), "{}", answer.text());
    let session = cookie_of(&answer, "neon_session");
    assert_eq!(cookie_of(&answer, "neon_oidc"), "neon_oidc=", "taken away");
    let (name, role) = (json!("anna"), json!("operator"));
    let user = who(&client, &session);
    assert_eq!((&user["name"], &user["role"]), (&name, &role));
    assert_eq!(client.with(&session, "GET", "/api/tokens", "").status, 200);

    // What the provider says later is obeyed, and ends what was begun with more.
    let (_, token) = client.api_token(&session, &json!({"name": "t", "scope": "read"}));
    world.provider.script(|script| script.claims["groups"] = json!(["ops-lead"]));
    let admin = cookie_of(&world.login(""), "neon_session");
    assert_eq!((&who(&client, &admin)["role"], &who(&client, &admin)["id"]), (&json!("admin"), &user["id"]));
    assert_eq!(client.with(&session, "GET", "/api/servers", "").status, 401, "begun with another role");
    assert_eq!(client.with_token(&token, "/api/servers").status, 200);
    let users = client.with(&admin, "GET", "/api/users", "").json();
    assert_eq!((users.as_array().unwrap().len(), &users[0]["isFromProvider"]), (1, &json!(true)));

    // Renamed there, they are the same here; another one of that name is nobody.
    world.provider.script(|script| script.claims["preferred_username"] = json!("anna-maria"));
    let renamed = cookie_of(&world.login(""), "neon_session");
    assert_eq!(who(&client, &renamed)["name"], name);
    world.provider.script(|script| script.claims["sub"] = json!("anna-2"));
    assert_eq!(world.problem(), "taken");

    // Without a password none is theirs, also the empty one; and what asks for it says so.
    assert_eq!(client.login("anna", "").status, 401);
    assert_eq!(client.login("anna", "anything-at-all").status, 401);
    let body = json!({"current": "", "password": "a-password-of-ones-own"}).to_string();
    let answer = client.with(&renamed, "POST", "/api/account/password", &body);
    assert_eq!(
        (answer.status, answer.json()),
        (409, json!({"error": "You log in at the provider, and have no password here"}))
    );

    // An admin of before keeps them out, though the provider does not.
    add(&world.database.url(), "admin");
    let admin = client.session("admin");
    let path = format!("/api/users/{}", user["id"]);
    assert_eq!(client.with(&admin, "PATCH", &path, r#"{"isDisabled":true}"#).status, 200);
    world.provider.script(|_| {});
    assert_eq!(world.problem(), "disabled");
    let audit = client.with(&admin, "GET", "/api/audit", "").text().to_owned();
    for line in ["\"actor\":\"(by the provider)\"", "\"role_changed\",\"target\":\"anna (operator to admin)\""] {
        assert!(audit.contains(line), "{line}: {audit}");
    }
    assert!(!audit.contains(CLIENT_SECRET) && !world.logged(CLIENT_SECRET) && !world.logged("a-code-"));
}

fn what_comes_back_is_taken_once_and_in_its_own_browser(engine: Engine) {
    let world = World::new(engine);
    let (path, kept) = world.at_the_provider("");
    let (other_path, other) = world.at_the_provider("");
    let without_state = path.replace("state=", "x=");
    for (what, path, kept) in [
        ("another browser's", path.as_str(), other.as_str()),
        ("no cookie", &path, ""),
        ("a cookie that was made up", &path, "neon_oidc=AAAA"),
        ("a cookie that was changed", &path, &format!("{}AAAA", &kept[..kept.len() - 4])),
        ("no state", &without_state, &kept),
        ("nothing", "/api/login/oidc/callback", &kept),
    ] {
        assert_eq!(problem_of(&world.come_back(path, kept)), "expired", "{what}");
    }
    assert_eq!(world.provider.asked("POST /token"), 0, "no code was shown to anybody");
    assert_eq!(world.come_back(&path, &kept).header("location").unwrap(), "/");
    assert_eq!(problem_of(&world.come_back(&path, &kept)), "expired", "a second time");
    assert_eq!(world.provider.asked("POST /token"), 1);
    // Another master's seal is none.
    let elsewhere = World::with(Engine::Sqlite, &[("JWT_SECRET", "another-token-secret-of-the-tests-012")]);
    assert_eq!(problem_of(&elsewhere.come_back(&other_path, &other)), "expired");
    // Another provider's answer in the place of ours.
    let mixed = other_path.replace("iss=", "iss=https%3A%2F%2Fevil.example&x=");
    assert_eq!(problem_of(&world.come_back(&mixed, &other)), "provider");
}

fn nobody_is_taken_for_a_user_who_was_here_before(engine: Engine) {
    let world = World::new(engine);
    add(&world.database.url(), "admin");
    world.provider.script(|script| {
        script.claims["preferred_username"] = json!("admin");
        script.claims["email"] = json!("admin");
    });
    assert_eq!(world.problem(), "taken");
    let admin = world.client().session("admin");
    let users = world.client().with(&admin, "GET", "/api/users", "").json();
    assert_eq!((users.as_array().unwrap().len(), &users[0]["isFromProvider"]), (1, &json!(false)));
    assert_eq!(world.client().login("admin", &password_of("admin")).status, 200);
}

#[test]
fn a_provider_that_lies_logs_nobody_in() {
    let world = World::new(Engine::Sqlite);
    let past = neon_master::http::now().unix_ms() / 1000 - 120;
    type Lie = fn(&mut Script, i64);
    let lies: [(&str, &str, Lie); 17] = [
        ("another nonce", "provider", |script, _| script.claims["nonce"] = json!("of-another-login")),
        ("no nonce", "provider", |script, _| script.claims["nonce"] = Value::Null),
        ("another audience", "provider", |script, _| script.claims["aud"] = json!("somebody-else")),
        ("no audience", "provider", |script, _| script.claims["aud"] = Value::Null),
        ("made for another client", "provider", |script, _| {
            script.claims["aud"] = json!(["neon & co", "somebody-else"]);
            script.claims["azp"] = json!("somebody-else");
        }),
        ("made for nobody of many", "provider", |script, _| {
            script.claims["aud"] = json!(["neon & co", "somebody-else"]);
        }),
        ("another issuer", "provider", |script, _| script.claims["iss"] = json!("https://evil.example")),
        ("expired", "provider", |script, past| script.claims["exp"] = json!(past)),
        ("without an end", "provider", |script, _| script.claims["exp"] = Value::Null),
        ("not yet", "provider", |script, past| script.claims["nbf"] = json!(past + 600)),
        ("nobody", "provider", |script, _| script.claims["sub"] = Value::Null),
        ("alg none", "provider", |script, _| script.algorithm = "none"),
        ("the public key as a secret", "provider", |script, _| script.algorithm = "HS256"),
        ("an algorithm that is not taken", "provider", |script, _| script.algorithm = "RS384"),
        ("no token", "provider", |script, _| script.algorithm = "not.a.token"),
        ("a key that it does not show", "provider", |script, _| script.key = 1),
        ("its own refusal", "denied", |script, _| script.error = "access_denied"),
    ];
    for (what, word, lie) in lies {
        world.provider.script(|script| lie(script, past));
        assert_eq!(world.problem(), word, "{what}");
    }
    // What it says is true, and makes nobody a user.
    world.provider.script(|script| script.claims["groups"] = json!(["staff"]));
    assert_eq!(world.problem(), "role");
    world.provider.script(|script| {
        script.claims["preferred_username"] = json!("Anna B.");
        script.claims["email"] = Value::Null;
    });
    assert_eq!(world.problem(), "name");
    world.provider.script(|script| script.token_status = 500);
    assert_eq!(world.problem(), "provider");
    // And whoever tells the truth in between is let in.
    world.provider.script(|_| {});
    assert!(cookie(&world.login("")).starts_with("neon_"));
    add(&world.database.url(), "admin");
    let admin = world.client().session("admin");
    let users = world.client().with(&admin, "GET", "/api/users", "").json();
    let names: Vec<&Value> = users.as_array().unwrap().iter().map(|user| &user["name"]).collect();
    assert_eq!(names, ["admin", "anna"]);
}

#[test]
fn a_provider_that_describes_itself_wrongly_is_asked_for_nothing_more() {
    for (what, description) in [
        ("another issuer", json!({"issuer": "https://evil.example"})),
        ("no issuer", json!({"issuer": null})),
        ("an address without TLS elsewhere", json!({"authorization_endpoint": "http://192.0.2.1/authorize"})),
        ("a script for an address", json!({"authorization_endpoint": "javascript:alert(1)"})),
    ] {
        let world = World::new(Engine::Sqlite);
        world.provider.script(|script| script.description = description);
        assert_eq!(problem_of(&world.client().get("/api/login/oidc")), "provider", "{what}");
        // It is asked again, rather than believed for an hour.
        world.provider.script(|_| {});
        assert_eq!(world.login("").header("location"), Some("/"), "{what}");
    }
    let world = World::with(Engine::Sqlite, &[("OIDC_ISSUER", "http://127.0.0.1:1")]);
    assert_eq!(problem_of(&world.client().get("/api/login/oidc")), "provider", "nobody listens there");
    assert_eq!(world.client().get("/healthz").status, 200);
}

#[test]
fn keys_are_asked_for_once_and_again_where_a_new_one_is_named() {
    let world = World::new(Engine::Sqlite);
    for _ in 0..3 {
        assert_eq!(world.login("").header("location"), Some("/"));
    }
    assert_eq!(world.provider.asked("GET /keys"), 1);
    assert_eq!(world.provider.asked("GET /.well-known/openid-configuration"), 1);
    // Another key, as a provider changes them.
    world.provider.script(|script| (script.key, script.shown) = (1, vec![1, 0]));
    assert_eq!(world.login("").header("location"), Some("/"), "a new key");
    world.provider.script(|script| script.shown = vec![1, 0]);
    assert_eq!(world.login("").header("location"), Some("/"), "the one before, as long as it is shown");
    assert_eq!(world.provider.asked("GET /keys"), 2);
    // Names that are made up do not make it ask without end.
    for _ in 0..3 {
        world.provider.script(|script| script.named = "key-of-nobody");
        assert_eq!(world.problem(), "provider");
    }
    assert_eq!(world.provider.asked("GET /keys"), 2);
}

#[test]
fn only_verified_addresses_of_the_domains_are_let_in() {
    let world = World::with(Engine::Sqlite, &[("OIDC_DOMAINS", "example.org, example.net"), ("OIDC_VIEWERS", "*")]);
    let with = |email: &str, verified: bool| {
        world.provider.script(|script| {
            script.claims["email"] = json!(email);
            script.claims["email_verified"] = json!(verified);
            script.claims["groups"] = Value::Null;
        });
        world.login("").header("location").unwrap().to_owned()
    };
    assert_eq!(with("anna@example.net", true), "/");
    assert_eq!(with("anna@example.org", false), "/?problem=domain");
    assert_eq!(with("anna@evil.example", true), "/?problem=domain");
}

#[test]
fn a_browser_is_never_sent_elsewhere() {
    let world = World::new(Engine::Sqlite);
    for to in [
        "//evil.example",
        "/%5Cevil.example",
        "/%09/evil.example",
        "https://evil.example",
        "https:evil.example",
        "%2F%2Fevil.example",
        "/api/logout",
        "/%0d%0aSet-Cookie:%20x=1",
    ] {
        let answer = world.login(&format!("?to={to}"));
        assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{to}");
    }
}

#[test]
fn many_that_come_back_from_one_address_are_told_to_wait() {
    let world = World::new(Engine::Sqlite);
    world.provider.script(|script| script.error = "access_denied");
    let statuses: Vec<u16> = (0..31).map(|_| world.login("").status).collect();
    assert_eq!(statuses, [[303; 30].as_slice(), &[429]].concat());
}

#[test]
fn without_a_provider_there_is_none() {
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start(&database);
    for path in ["/api/login/oidc", "/api/login/oidc/callback?code=x&state=y"] {
        assert_eq!(master.client.get(path).json(), json!({"error": "There is no provider to log in at"}));
    }
}
