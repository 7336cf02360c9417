//! Users, sessions and API tokens: how they begin and end, what is written down, and what is never shown.

use std::io::Read;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::common::fixtures::{ADMIN_PASSWORD, AGENT_SECRET, JWT_SECRET, registration};
use crate::common::master::Starting;
use crate::common::people::{CHANGE, add, cookie, password_of, run};
use crate::common::provider::{CLIENT_SECRET, PUBLIC_URL, Provider};
use crate::common::{Client, Database, Engine, Master, on_both_engines, wait_for};

on_both_engines! {
    a_session_begins_with_a_login_and_ends_with_a_logout_or_another_password
    users_are_managed_by_the_command_line
    tokens_are_shown_once_listed_with_their_last_use_and_revoked
    changes_and_refused_logins_are_in_the_audit_log
}

fn status(client: &Client, cookie: &str) -> u16 {
    client.with(cookie, "GET", "/api/servers", "").status
}

fn a_session_begins_with_a_login_and_ends_with_a_logout_or_another_password(engine: Engine) {
    let database = Database::fresh(engine);
    add(&database.url(), "admin");
    let master = Master::start(&database);
    let client = master.client;
    assert_eq!(client.get("/api/session").json(), json!({"mode": "login"}));
    assert_eq!(client.get("/api/servers").json(), json!({"error": "Log in, or send an API token"}));

    let answer = client.login("admin", &password_of("admin"));
    assert_eq!((answer.status, &answer.json()["user"]["role"]), (200, &json!("admin")), "{}", answer.text());
    let set = answer.header("set-cookie").unwrap();
    let (value, attributes) = set.split_once(';').unwrap();
    assert_eq!(attributes, " Path=/; HttpOnly; SameSite=Lax; Max-Age=604800");
    assert!(!answer.text().contains(value.trim_start_matches("neon_session=")), "scripts must not see it");
    let (first, second, third) = (cookie(&answer), client.session("admin"), client.session("admin"));
    let who = client.with(&first, "GET", "/api/session", "").json();
    assert_eq!(who["user"]["name"], json!("admin"));
    assert_eq!(status(&client, &first), 200);

    let answer = client.with(&first, "POST", "/api/logout", "");
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").unwrap().starts_with("neon_session=; "), "{:?}", answer.headers);
    assert_eq!((status(&client, &first), status(&client, &second)), (401, 200), "one session of the two");
    assert_eq!(client.with(&first, "GET", "/api/session", "").json(), json!({"mode": "login"}));

    // Sessions live in the store: a restart ends none, another password all.
    master.kill();
    let master = Master::start(&database);
    let client = master.client;
    assert_eq!(status(&client, &second), 200);
    let changed = run(&database.url(), &["user", "password", "admin"], "another-password\n");
    assert!(changed.status.success(), "{changed:?}");
    assert_eq!((status(&client, &second), status(&client, &third)), (401, 401));
    assert_eq!(client.login("admin", &password_of("admin")).status, 401);
    assert_eq!(client.login("admin", "another-password").status, 200);
}

#[test]
fn a_cookie_is_for_tls_alone_where_there_is_tls() {
    let database = Database::fresh(Engine::Sqlite);
    add(&database.url(), "admin");
    let master = Master::start(&database);
    let body = json!({"name": "admin", "password": password_of("admin")}).to_string();
    let headers = [CHANGE, ("X-Forwarded-Proto", "https")];
    let answer = master.client.request("POST", "/api/login", &headers, body.as_bytes());
    assert!(answer.header("set-cookie").unwrap().ends_with("; Secure"), "{:?}", answer.headers);
}

fn users_are_managed_by_the_command_line(engine: Engine) {
    let database = Database::fresh(engine);
    let url = database.url();
    let said = |arguments: &[&str], input: &str| {
        let output = run(&url, arguments, input);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code().unwrap(), text)
    };
    assert_eq!(said(&["user", "list"], ""), (0, "there are no users\n".to_owned()));
    add(&url, "admin");
    add(&url, "viewer");
    assert_eq!(said(&["user", "list"], ""), (0, "admin     admin\nviewer    viewer\n".to_owned()));
    for (arguments, input, code, line) in [
        (&["user", "add", "admin", "viewer"][..], "twelve-characters\n", 1, "there is a user admin already"),
        (&["user", "add", "Admin", "viewer"], "twelve-characters\n", 1, "a name has 1 to 64 of the characters a-z"),
        (&["user", "add", "ben", "viewer"], "short\n", 1, "a password has at least 12 characters"),
        (&["user", "add", "ben", "viewer"], "", 1, "there is no password on standard input"),
        (&["user", "add", "ben", "root"], "twelve-characters\n", 2, "usage: neon-master user add NAME"),
        (&["user", "add", "ben", "viewer", "hunter2hunter2"], "", 2, "usage: neon-master user add NAME"),
        (&["user", "password", "ben"], "twelve-characters\n", 1, "there is no user ben"),
        (&["user", "remove", "ben"], "", 1, "there is no user ben"),
        (&["user", "remove", "admin"], "", 1, "admin is the last admin, and stays"),
        (&["user", "reset-second-factor", "ben"], "", 1, "there is no user ben"),
        (&["user", "reset-second-factor", "admin"], "", 1, "admin has no second factor"),
        (&["user"], "", 2, "usage: neon-master user add NAME"),
        (&["secret"], "", 2, "usage: neon-master secret generate"),
    ] {
        let (is, text) = said(arguments, input);
        assert!(is == code && text.starts_with(&format!("neon-master: {line}")), "{arguments:?}: {is} {text}");
        assert!(!text.contains("hunter2") && !text.contains("twelve-characters"), "{text}");
    }
    let (one, other) = (said(&["secret", "generate"], "").1, said(&["secret", "generate"], "").1);
    assert!(one.trim().len() == 64 && one != other);

    let master = Master::start(&database);
    let cookie = master.client.session("viewer");
    assert_eq!(said(&["user", "remove", "viewer"], "").0, 0);
    assert_eq!(status(&master.client, &cookie), 401, "with the user goes the session");
}

fn tokens_are_shown_once_listed_with_their_last_use_and_revoked(engine: Engine) {
    let database = Database::fresh(engine);
    add(&database.url(), "admin");
    add(&database.url(), "operator");
    let master = Master::start(&database);
    let client = master.client;
    let cookie = client.session("operator");
    let (server_id, _) = master.registered("web-1");
    let (id, secret) = client.api_token(&cookie, &json!({"name": "grafana", "scope": "read"}));
    let (_, bound) = client.api_token(&cookie, &json!({"name": "one", "scope": "read", "serverId": server_id}));
    let list = || client.with(&cookie, "GET", "/api/tokens", "");
    let listed = list().json();
    assert_eq!(
        (&listed[0]["id"], &listed[0]["name"], &listed[0]["scope"]),
        (&json!(id), &json!("grafana"), &json!("read"))
    );
    assert_eq!((&listed[0]["createdBy"], &listed[1]["serverId"]), (&json!("operator"), &json!(server_id)));
    assert!(
        listed[0]["createdAt"].is_string()
            && listed[0].get("lastUsedAt").is_none()
            && listed[0].get("serverId").is_none()
    );
    assert!(!list().text().contains(&secret), "shown once");

    assert_eq!(client.with_token(&secret, "/api/servers").status, 200);
    assert_eq!(client.with_token(&secret, "/api/session").json()["token"]["name"], json!("grafana"));
    assert!(list().json()[0]["lastUsedAt"].is_string());
    assert_eq!(client.with(&cookie, "DELETE", &format!("/api/tokens/{id}"), "").status, 204);
    assert_eq!(client.with(&cookie, "DELETE", &format!("/api/tokens/{id}"), "").status, 404);
    let refused = client.with_token(&secret, "/api/servers");
    assert_eq!((refused.status, refused.json()), (401, json!({"error": "Invalid or revoked API token"})));

    for (body, status) in [
        (json!({"name": "x", "scope": "admin"}), 400),
        (json!({"name": "", "scope": "read"}), 400),
        (json!({"name": "a\nb", "scope": "read"}), 400),
        (json!({"name": "x".repeat(129), "scope": "read"}), 400),
        (json!({"name": "x", "scope": "read", "serverId": 99}), 404),
        (json!({"name": "x", "scope": "read", "serverId": "1"}), 400),
    ] {
        assert_eq!(client.with(&cookie, "POST", "/api/tokens", &body.to_string()).status, status, "{body}");
    }
    assert_eq!(client.with_token(&bound, &format!("/api/servers/{server_id}")).status, 200);
    assert!(run(&database.url(), &["user", "remove", "operator"], "").status.success());
    assert_eq!(client.with_token(&bound, &format!("/api/servers/{server_id}")).status, 401, "with its maker");
}

fn changes_and_refused_logins_are_in_the_audit_log(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start_with(&database.url(), &[("ADMIN_PASSWORD", ADMIN_PASSWORD)]);
    let client = master.client;
    assert_eq!(client.login("admin", "not-the-password").status, 401);
    assert_eq!(client.login("somebody-else", "not-the-password").status, 401);
    assert_eq!(client.login("typed-a-Password-here!", "x").status, 401);
    let admin = cookie(&client.login("admin", ADMIN_PASSWORD));
    let (id, _) = client.api_token(&admin, &json!({"name": "t", "scope": "write"}));
    client.with(&admin, "DELETE", &format!("/api/tokens/{id}"), "");
    add(&database.url(), "viewer");
    let viewer = client.session("viewer");
    client.with(&viewer, "POST", "/api/logout", "");
    assert!(run(&database.url(), &["user", "password", "viewer"], "another-password\n").status.success());
    assert!(run(&database.url(), &["user", "remove", "viewer"], "").status.success());

    let answer = client.with(&admin, "GET", "/api/audit", "");
    let entries = answer.json();
    let lines: Vec<String> = entries
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|entry| {
            let word = |key: &str| entry[key].as_str().unwrap().to_owned();
            format!("{} @{} {}: {}", word("actor"), word("address"), word("action"), word("target"))
        })
        .collect();
    assert_eq!(
        lines,
        [
            "(master) @ user_added: admin (admin)",
            "(unknown) @127.0.0.1 login_refused: admin",
            "(unknown) @127.0.0.1 login_refused: (no such user)",
            "(unknown) @127.0.0.1 login_refused: (no such user)",
            "admin @127.0.0.1 login: admin",
            &format!("admin @127.0.0.1 token_created: {id} t (write, all servers)"),
            &format!("admin @127.0.0.1 token_revoked: {id} t"),
            "(command line) @ user_added: viewer (viewer)",
            "viewer @127.0.0.1 login: viewer",
            "viewer @127.0.0.1 logout: viewer",
            "(command line) @ password_changed: viewer",
            "(command line) @ user_removed: viewer",
        ]
    );
    let page = client.with(&admin, "GET", "/api/audit?limit=2", "").json();
    let last = page[1]["id"].as_i64().unwrap();
    let next = client.with(&admin, "GET", &format!("/api/audit?limit=1&before={last}"), "").json();
    assert_eq!((page.as_array().unwrap().len(), next[0]["id"].as_i64().unwrap()), (2, last - 1));
    for query in ["limit=0", "limit=1001", "limit=x", "before=0", "before=-1"] {
        assert_eq!(client.with(&admin, "GET", &format!("/api/audit?{query}"), "").status, 400, "{query}");
    }
}

#[test]
fn guessing_is_stopped_for_the_user_and_for_nobody_else() {
    let database = Database::fresh(Engine::Sqlite);
    add(&database.url(), "admin");
    add(&database.url(), "viewer");
    let master = Master::start(&database);
    let client = master.client;
    let statuses: Vec<u16> = (0..12).map(|count| client.login("viewer", &format!("guess {count}")).status).collect();
    assert_eq!(statuses, [[401; 10].as_slice(), &[429; 2]].concat());
    let limited = client.login("viewer", &password_of("viewer"));
    assert_eq!((limited.status, limited.json()), (429, json!({"error": "Too many attempts, try again later"})));
    let seconds: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=301).contains(&seconds), "{seconds}");
    let admin = client.session("admin");
    let entries = client.with(&admin, "GET", "/api/audit", "").json();
    let count = |action: &str| entries.as_array().unwrap().iter().filter(|entry| entry["action"] == action).count();
    assert_eq!((count("login_refused"), count("login_limited")), (10, 1), "the rest is not listed one by one");
    // From one address, for whichever users: 30, of which 10 are gone.
    let statuses: Vec<u16> = (0..21).map(|count| client.login(&format!("user-{count}"), "a guess").status).collect();
    assert_eq!(statuses, [[401; 20].as_slice(), &[429]].concat());
    assert_eq!(status(&client, &admin), 200, "who is in stays in");
}

#[test]
fn a_login_that_is_not_understood_is_a_400_and_costs_nothing() {
    let database = Database::fresh(Engine::Sqlite);
    add(&database.url(), "admin");
    let client = Master::start(&database);
    let client = &client.client;
    for body in [
        "",
        "{}",
        "[]",
        r#"{"name":"admin"}"#,
        r#"{"name":1,"password":2}"#,
        "\u{0}",
        r#"{"name":"a","password":null}"#,
    ] {
        let answer = client.request("POST", "/api/login", &[CHANGE], body.as_bytes());
        assert_eq!(
            (answer.status, answer.json()["error"].as_str().unwrap()),
            (400, "Missing required fields: name, password")
        );
    }
    for (name, password) in
        [("admin\u{0}", "x"), (&*"x".repeat(100_000), "x"), ("admin", &*"x".repeat(100_000)), ("", "")]
    {
        assert_eq!(client.login(name, password).status, 401);
    }
    let without = json!({"name": "admin", "password": password_of("admin")}).to_string();
    assert_eq!(client.request("POST", "/api/login", &[], without.as_bytes()).status, 403, "a form of another origin");
}

#[test]
fn beyond_loopback_a_master_without_users_does_not_start() {
    let database = Database::fresh(Engine::Sqlite);
    let mut starting = Starting::new(&database.url(), &[("LISTEN", "0.0.0.0:0")]);
    let ended = wait_for("the master's end", || starting.process.try_wait().unwrap());
    assert_eq!(ended.code(), Some(2));
    let line = wait_for("the reason", || starting.find("cannot start"));
    let cause = line["cause"].as_str().unwrap();
    assert!(cause.contains("there is no user: set ADMIN_PASSWORD or ADMIN_PASSWORD_FILE"), "{cause}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, format!("{ADMIN_PASSWORD}\n")).unwrap();
    let with_file = [("LISTEN", "0.0.0.0:0"), ("ADMIN_PASSWORD_FILE", file.to_str().unwrap())];
    let local = |master: &Master| Client { address: ([127, 0, 0, 1], master.client.address.port()).into() };
    let master = Master::start_with(&database.url(), &with_file);
    assert_eq!(local(&master).get("/api/servers").status, 401);
    assert_eq!(local(&master).login("admin", ADMIN_PASSWORD).status, 200);
    master.kill();
    // From now on the password is the store's, and the variable neither needed nor obeyed.
    let master = Master::start_with(&database.url(), &[("LISTEN", "0.0.0.0:0")]);
    assert_eq!(local(&master).login("admin", ADMIN_PASSWORD).status, 200);
    master.kill();
    let other = [("LISTEN", "0.0.0.0:0"), ("ADMIN_PASSWORD", "another-password")];
    let master = Master::start_with(&database.url(), &other);
    assert_eq!(local(&master).login("admin", "another-password").status, 401);
}

/// A whole run, and everything that can be seen of it from outside.
#[test]
fn no_secret_is_in_any_output_of_a_whole_run() {
    let database = Database::fresh(Engine::Sqlite);
    let provider = Provider::start();
    let environment = provider.environment();
    let environment: Vec<(&str, &str)> = [("ADMIN_PASSWORD", ADMIN_PASSWORD), ("LOG_LEVEL", "trace")]
        .into_iter()
        .chain(environment.iter().map(|(key, value)| (*key, value.as_str())))
        .collect();
    let master = Master::start_with(&database.url(), &environment);
    let client = master.client;
    let mut seen = String::new();
    let sent = client.get("/api/login/oidc");
    let back = provider.visit(sent.header("location").unwrap());
    let (path, kept) = (back.trim_start_matches(PUBLIC_URL), cookie(&sent));
    let code = path.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    assert_eq!(client.request("GET", path, &[("Cookie", &kept)], b"").header("location"), Some("/"));
    seen += client.request("GET", path, &[("Cookie", &kept)], b"").text();
    let (server_id, agent_token) = master.registered("web-1");
    let wrong = "a-wrong-password-that-is-typed";
    let name = "a-password-in-the-field-of-the-name";
    seen += client.login("admin", wrong).text();
    seen += client.login(name, "x").text();
    seen += client.register("a-wrong-agent-secret", "{}").text();
    let answer = client.login("admin", ADMIN_PASSWORD);
    seen += answer.text();
    let admin = cookie(&answer);
    let (_, api_token) = client.api_token(&admin, &json!({"name": "t", "scope": "read"}));
    let made = client.with(&admin, "POST", "/api/enrolments", r#"{"serverName":"web-9"}"#).json();
    let (enrolment, own) = (made["code"].as_str().unwrap().to_owned(), format!("neon_agent_{}", "0f".repeat(32)));
    let mut registration: Value = serde_json::from_str(&registration("web-9")).unwrap();
    registration["credential"] = json!(own);
    for shown in [&enrolment, &own, &enrolment.replace('0', "1")] {
        seen += client.register(shown, registration.to_string()).text();
    }
    seen += client.register(&enrolment, r#"{"serverName":"web-9","credential":"neon_agent_that_is_none"}"#).text();
    let enrolled = client.enrol(&admin, ADMIN_PASSWORD);
    let by_code = client.login_with("admin", ADMIN_PASSWORD, &enrolled.code(1));
    assert_eq!(by_code.status, 200, "{}", by_code.text());
    seen += by_code.text();
    seen += client.login_with("admin", ADMIN_PASSWORD, &enrolled.code(1)).text();
    assert_eq!(client.login_with("admin", ADMIN_PASSWORD, &enrolled.recovery_codes[0]).status, 200);
    for path in ["/api/account/second-factor", "/api/users", "/api/account/sessions"] {
        seen += client.with(&admin, "GET", path, "").text();
    }
    for path in [
        "/api/session",
        "/api/tokens",
        "/api/enrolments",
        "/api/audit",
        "/api/servers",
        "/api/activities",
        "/openapi.json",
        "/api/none",
    ] {
        seen += client.with(&admin, "GET", path, "").text();
        seen += client.with_token(&api_token, path).text();
        seen += client.with_token(&agent_token, path).text();
    }
    seen += client.with(&admin, "POST", "/api/tokens", r#"{"name":"a-body-that-is-not-understood"#).text();
    seen += client.with(&admin, "GET", &format!("/api/servers/{server_id}"), "").text();
    let database_url = database.url();
    let arguments = ["user", "password", "admin"];
    let changed = run(&database_url, &arguments, "the-next-password\n");
    seen += &String::from_utf8([changed.stdout, changed.stderr].concat()).unwrap();
    for file in ["cmdline", "comm"] {
        seen += &std::fs::read_to_string(format!("/proc/{}/{file}", master.id())).unwrap();
    }
    master.signal("TERM");
    wait_for("the end in the log", || master.log().iter().any(|line| line.contains("\"stopped\"")).then_some(()));
    let log = master.log();
    assert!(log.iter().any(|line| line.contains("login refused")) && log.iter().any(|line| line.contains("DEBUG")));
    seen += &log.join("\n");

    let mut file = Vec::new();
    let path = database_url.trim_start_matches("sqlite:");
    std::fs::File::open(path).unwrap().read_to_end(&mut file).unwrap();
    let stored = String::from_utf8_lossy(&file).into_owned();
    assert!(stored.contains("$argon2id$v=19$m=19456,t=2,p=1$"), "the file is the right one, and written");
    let cookie_value = admin.trim_start_matches("neon_session=");
    for (what, secret) in [
        ("the fleet's secret", AGENT_SECRET),
        ("a wrong one", "a-wrong-agent-secret"),
        ("the tokens' secret", JWT_SECRET),
        ("the password", ADMIN_PASSWORD),
        ("the next password", "the-next-password"),
        ("a wrong password", wrong),
        ("what was typed as a name", name),
        ("what codes are made of", &enrolled.secret),
        ("a code", &enrolled.code(1)),
        ("a recovery code that was used", &enrolled.recovery_codes[0]),
        ("a recovery code", &enrolled.recovery_codes[1]),
        ("a recovery code as it is hashed", &enrolled.recovery_codes[1].replace('-', "").to_uppercase()),
        ("what the provider is shown", CLIENT_SECRET),
        ("the provider's code", &code),
        ("a login at the provider", kept.trim_start_matches("neon_oidc=")),
        ("the session", cookie_value),
        ("the API token", &api_token),
        ("the agent's token", &agent_token),
        ("the enrolment code", &enrolment),
        ("the server's own credential", &own),
        ("what was sent for one", "neon_agent_that_is_none"),
    ] {
        assert!(!seen.contains(secret), "{what} is in the output");
        assert!(!stored.contains(secret), "{what} is in the database");
    }
    assert!(!seen.contains("$argon2"), "the hash is in the output");
}

#[test]
fn a_password_that_is_typed_is_not_shown() {
    let database = Database::fresh(Engine::Sqlite);
    let folder = tempfile::tempdir().unwrap();
    // script(1) gives it a terminal, and copies what the terminal shows.
    let binary = env!("CARGO_BIN_EXE_neon-master");
    let mut process = std::process::Command::new("script");
    process.env("DATABASE_URL", database.url()).current_dir(folder.path());
    process.args(["-qec", &format!("{binary} user add anna admin"), "/dev/null"]);
    let mut process = process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut shown = Vec::new();
    let (mut input, mut output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
    for prompt in ["Password of anna: ", "Once more: "] {
        while !String::from_utf8_lossy(&shown).contains(prompt) {
            let mut bytes = [0; 256];
            let read = output.read(&mut bytes).unwrap();
            assert!(read > 0, "{}", String::from_utf8_lossy(&shown));
            shown.extend_from_slice(&bytes[..read]);
        }
        wait_for("the terminal to be silent", || echo_is_off(process.id()).then_some(()));
        std::io::Write::write_all(&mut input, b"typed-in-secret\n").unwrap();
    }
    output.read_to_end(&mut shown).unwrap();
    assert!(process.wait().unwrap().success());
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("anna may log in, and is admin") && !shown.contains("typed-in"), "{shown}");
}

/// Whether the terminal of the child of `script` shows nothing.
fn echo_is_off(script: u32) -> bool {
    let children = std::fs::read_to_string(format!("/proc/{script}/task/{script}/children")).unwrap_or_default();
    let Some(child) = children.split_whitespace().next() else { return false };
    let Ok(terminal) = std::fs::File::open(format!("/proc/{child}/fd/0")) else { return false };
    let modes = nix::sys::termios::tcgetattr(&terminal);
    modes.is_ok_and(|modes| !modes.local_flags.contains(nix::sys::termios::LocalFlags::ECHO))
}

/// What the store says of itself to whoever may read it.
#[test]
fn the_values_of_the_api_are_those_of_the_document() {
    let document: Value = serde_json::from_str(&neon_master::http::openapi_document()).unwrap();
    let roles = &document["components"]["schemas"]["Role"]["enum"];
    assert_eq!(roles, &json!(["viewer", "operator", "admin"]));
}
