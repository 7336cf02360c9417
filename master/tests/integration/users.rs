//! Users through the API: who may make, change and remove whom, and what ends then.

use serde_json::{Value, json};

use crate::common::people::{CHANGE, add, cookie, password_of, run};
use crate::common::{Client, Database, Engine, Master, on_both_engines};

on_both_engines! {
    an_admin_makes_changes_and_removes_users
    the_last_admin_who_may_log_in_stays_one
    two_admins_who_remove_each_other_leave_one
    what_is_changed_ends_sessions_and_what_they_made
    a_user_changes_their_password_with_the_current_one
    sessions_are_listed_and_ended_by_their_owner_alone
}

/// A master with a user of each role, and somebody's way to ask it.
struct World {
    database: Database,
    client: Client,
    admin: String,
    _master: Master,
}

impl World {
    fn new(engine: Engine) -> Self {
        let database = Database::fresh(engine);
        for role in ["admin", "operator", "viewer"] {
            add(&database.url(), role);
        }
        let master = Master::start(&database);
        let client = master.client;
        Self { database, client, admin: client.session("admin"), _master: master }
    }

    fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.ask_as(&self.admin, method, path, body)
    }

    fn ask_as(&self, cookie: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let answer = self.client.with(cookie, method, path, &body.to_string());
        (answer.status, if answer.body.is_empty() { Value::Null } else { answer.json() })
    }

    fn id(&self, name: &str) -> i64 {
        let users = self.ask("GET", "/api/users", Value::Null).1;
        users.as_array().unwrap().iter().find(|user| user["name"] == name).unwrap()["id"].as_i64().unwrap()
    }

    fn change(&self, name: &str, body: Value) -> (u16, Value) {
        self.ask("PATCH", &format!("/api/users/{}", self.id(name)), body)
    }

    /// The audit log, oldest first, without logins.
    fn audit(&self) -> Vec<String> {
        let entries = self.ask("GET", "/api/audit", Value::Null).1;
        let word = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
        let lines = entries.as_array().unwrap().iter().rev().filter(|entry| entry["action"] != "login");
        lines
            .map(|entry| format!("{} {} {}", word(entry, "actor"), word(entry, "action"), word(entry, "target")))
            .collect()
    }
}

fn an_admin_makes_changes_and_removes_users(engine: Engine) {
    let world = World::new(engine);
    let anna = json!({"name": "anna", "role": "viewer", "password": "anna-is-told-this"});
    let (status, made) = world.ask("POST", "/api/users", anna.clone());
    assert_eq!(
        (status, &made["name"], &made["role"], &made["isDisabled"]),
        (200, &json!("anna"), &json!("viewer"), &json!(false))
    );
    assert!(made["createdAt"].is_string() && made.get("password").is_none() && made.get("passwordHash").is_none());
    assert_eq!(world.ask("POST", "/api/users", anna), (409, json!({"error": "There is a user of this name already"})));
    let names: Vec<String> = world
        .ask("GET", "/api/users", Value::Null)
        .1
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["admin", "anna", "operator", "viewer"]);

    for (body, sentence) in [
        (json!({"name": "Anna", "role": "viewer", "password": "twelve-characters"}), "name: a name has 1 to 64"),
        (json!({"name": "a\u{0}", "role": "viewer", "password": "twelve-characters"}), "name: a name has 1 to 64"),
        (json!({"name": "", "role": "viewer", "password": "twelve-characters"}), "name: a name has 1 to 64"),
        (json!({"name": "ben", "role": "root", "password": "twelve-characters"}), "Expected name, role"),
        (json!({"name": "ben", "role": "viewer", "password": "short"}), "password: a password has at least 12"),
        (json!({"name": "ben", "role": "viewer", "password": "x".repeat(1025)}), "password: a password has at most"),
        (
            json!({"name": "ben", "role": "viewer", "password": "dev-change-me-in-production"}),
            "password: this one is an",
        ),
        (json!({"name": "ben", "role": "viewer"}), "Expected name, role"),
        (json!([]), "Expected name, role"),
    ] {
        let (status, answer) = world.ask("POST", "/api/users", body.clone());
        assert!(status == 400 && answer["error"].as_str().unwrap().starts_with(sentence), "{body}: {answer}");
    }
    for body in [json!({}), json!({"role": "root"}), json!({"isDisabled": "yes"}), json!([]), json!({"password": null})]
    {
        assert_eq!(world.change("anna", body.clone()).0, 400, "{body}");
    }
    assert_eq!(world.change("anna", json!({"role": "admin", "password": "short"})).0, 400);
    assert_eq!(world.change("anna", json!({"role": "viewer"})).1["role"], json!("viewer"), "nothing of it was done");
    for id in ["0", "999999", "-1", "x", "99999999999999999999", "%00", "anna"] {
        let path = format!("/api/users/{id}");
        assert_eq!(world.ask("PATCH", &path, json!({"role": "viewer"})).0, 404, "{id}");
        assert_eq!(world.ask("DELETE", &path, Value::Null).0, 404, "{id}");
    }

    assert_eq!(world.change("anna", json!({"role": "operator"})).1["role"], json!("operator"));
    assert_eq!(world.change("anna", json!({"password": "another-password"})).0, 200);
    assert_eq!(world.client.login("anna", "anna-is-told-this").status, 401);
    assert_eq!(world.client.login("anna", "another-password").status, 200);
    assert_eq!(world.change("anna", json!({"isDisabled": true})).1["isDisabled"], json!(true));
    assert_eq!(world.client.login("anna", "another-password").json(), json!({"error": "Wrong name or password"}));
    assert_eq!(world.change("anna", json!({"isDisabled": false})).1["isDisabled"], json!(false));
    assert_eq!(world.client.login("anna", "another-password").status, 200);
    let id = world.id("anna");
    assert_eq!(world.ask("DELETE", &format!("/api/users/{id}"), Value::Null), (204, Value::Null));
    assert_eq!(world.client.login("anna", "another-password").status, 401);
    let log = world.audit();
    assert_eq!(
        log[log.len() - 9..],
        [
            "admin user_added anna (viewer)",
            "admin role_changed anna (viewer to operator)",
            "admin password_changed anna",
            "(unknown) login_refused anna",
            "admin user_disabled anna",
            "(unknown) login_refused anna",
            "admin user_enabled anna",
            "admin user_removed anna",
            "(unknown) login_refused (no such user)",
        ]
    );
}

fn the_last_admin_who_may_log_in_stays_one(engine: Engine) {
    let world = World::new(engine);
    let last = json!({"error": "This is the last admin, and stays one"});
    let attempts = |name: &str| {
        let path = format!("/api/users/{}", world.id(name));
        [
            world.ask("PATCH", &path, json!({"role": "operator"})),
            world.ask("PATCH", &path, json!({"isDisabled": true})),
            world.ask("DELETE", &path, Value::Null),
        ]
    };
    assert_eq!(attempts("admin"), [(409, last.clone()), (409, last.clone()), (409, last.clone())]);
    // One who may not log in is none.
    let other = json!({"name": "other", "role": "admin", "password": "other-is-told-this"});
    assert_eq!(world.ask("POST", "/api/users", other).0, 200);
    assert_eq!(world.change("other", json!({"isDisabled": true})).0, 200);
    assert_eq!(attempts("admin"), [(409, last.clone()), (409, last.clone()), (409, last)]);
    let said = run(&world.database.url(), &["user", "remove", "admin"], "");
    assert!(String::from_utf8(said.stderr).unwrap().contains("admin is the last admin, and stays"));
    assert_eq!(world.change("admin", json!({"role": "admin", "isDisabled": false})).0, 200, "which changes nothing");
    assert_eq!(world.ask("GET", "/api/users", Value::Null).0, 200, "and ends no session");
    assert_eq!(world.change("other", json!({"isDisabled": false})).0, 200);
    assert_eq!(world.change("admin", json!({"role": "viewer"})).0, 200, "there is another");
    assert_eq!(world.ask("GET", "/api/users", Value::Null).0, 401, "and the session ended with the role");
}

fn two_admins_who_remove_each_other_leave_one(engine: Engine) {
    let world = World::new(engine);
    for round in 0..5 {
        let name = format!("other-{round}");
        let other = json!({"name": name, "role": "admin", "password": password_of(&name)});
        assert_eq!(world.ask("POST", "/api/users", other).0, 200);
        let others = world.client.session(&name);
        let own = world.client.session("admin");
        let (admin_id, other_id) = (world.id("admin"), world.id(&name));
        let demote = |cookie: String, id: i64| {
            let client = world.client;
            let body = json!({"role": "viewer"}).to_string();
            move || client.with(&cookie, "PATCH", &format!("/api/users/{id}"), &body).status
        };
        let both = [demote(own, other_id), demote(others, admin_id)].map(std::thread::spawn);
        let statuses = both.map(|one| one.join().unwrap());
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        let users = run(&world.database.url(), &["user", "list"], "");
        let text = String::from_utf8(users.stdout).unwrap();
        let admins: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("admin     ")).collect();
        assert_eq!(admins.len(), 1, "{text}");
        if admins != ["admin"] {
            let back = world.client.session(&name);
            let promoted = world.ask_as(&back, "PATCH", &format!("/api/users/{admin_id}"), json!({"role": "admin"}));
            assert_eq!(promoted.0, 200);
            return;
        }
    }
}

fn what_is_changed_ends_sessions_and_what_they_made(engine: Engine) {
    let world = World::new(engine);
    let reads = |cookie: &str| world.client.with(cookie, "GET", "/api/servers", "").status;
    let session = world.client.session("operator");
    let (_, token) = world.client.api_token(&session, &json!({"name": "t", "scope": "write"}));
    let by_token = || world.client.with_token(&token, "/api/servers").status;
    assert_eq!((reads(&session), by_token()), (200, 200));
    world.change("operator", json!({"isDisabled": true}));
    assert_eq!((reads(&session), by_token()), (401, 401), "neither by a session nor by a token");
    world.change("operator", json!({"isDisabled": false}));
    assert_eq!((reads(&session), by_token()), (401, 200), "the session has ended, the token was only refused");
    let session = world.client.session("operator");
    world.change("operator", json!({"role": "admin"}));
    assert_eq!((reads(&session), by_token()), (401, 200), "what was looked at with less does not see more");
    world.change("operator", json!({"role": "viewer"}));
    assert_eq!(by_token(), 401, "who may not make one has none");
    let session = world.client.session("operator");
    world.change("operator", json!({"password": "set-by-an-admin"}));
    assert_eq!(reads(&session), 401);
    let log = world.audit();
    assert!(log.contains(&"admin token_revoked 1 t".to_owned()), "{log:?}");
}

fn a_user_changes_their_password_with_the_current_one(engine: Engine) {
    let world = World::new(engine);
    let (own, elsewhere) = (world.client.session("viewer"), world.client.session("viewer"));
    let reads = |cookie: &str| world.client.with(cookie, "GET", "/api/servers", "").status;
    let change = |current: &str, password: &str| {
        let body = json!({"current": current, "password": password});
        world.ask_as(&own, "POST", "/api/account/password", body)
    };
    let (right, next) = (password_of("viewer"), "another-password");
    assert_eq!(change("not-the-password", next), (403, json!({"error": "Wrong password"})));
    assert_eq!(change(&right, "short").0, 400);
    assert_eq!(world.ask_as(&own, "POST", "/api/account/password", json!({"password": next})).0, 400);
    assert_eq!((reads(&own), reads(&elsewhere)), (200, 200), "nothing has changed yet");
    assert_eq!(change(&right, next), (204, Value::Null));
    assert_eq!((reads(&own), reads(&elsewhere)), (200, 401), "this session goes on");
    assert_eq!(world.client.login("viewer", &right).status, 401);
    assert_eq!(world.client.login("viewer", next).status, 200);
    // An admin's session is not enough for the admin's own password.
    let by_session = world.change("admin", json!({"password": "taken-over-by-a-session"}));
    assert_eq!(by_session, (403, json!({"error": "Your own password is changed with the current one"})));
    assert_eq!(world.client.login("admin", &password_of("admin")).status, 200);
    // It is no way around the limit of the login: two were wrong already.
    let statuses: Vec<u16> = (0..10).map(|count| change(&format!("guess {count}"), next).0).collect();
    assert_eq!(statuses, [[403; 8].as_slice(), &[429; 2]].concat());
    assert_eq!(world.client.login("viewer", next).status, 429);
}

fn sessions_are_listed_and_ended_by_their_owner_alone(engine: Engine) {
    let world = World::new(engine);
    let body = json!({"name": "viewer", "password": password_of("viewer")}).to_string();
    let agent = format!("Browser/1.0 <script> {}", "x".repeat(300));
    let answer = world.client.request("POST", "/api/login", &[CHANGE, ("User-Agent", &agent)], body.as_bytes());
    let (first, second) = (cookie(&answer), world.client.session("viewer"));
    let list = |cookie: &str| world.ask_as(cookie, "GET", "/api/account/sessions", Value::Null).1;
    let listed = list(&first);
    let sessions = listed.as_array().unwrap();
    assert_eq!(sessions.len(), 2, "one's own alone");
    let current = sessions.iter().find(|session| session["isCurrent"] == true).unwrap();
    assert_eq!(current["userAgent"].as_str().unwrap(), &agent[..200]);
    assert_eq!(current["address"], json!("127.0.0.1"));
    let other =
        sessions.iter().find(|session| session["isCurrent"] == false).unwrap()["id"].as_str().unwrap().to_owned();
    let end =
        |cookie: &str, id: &str| world.ask_as(cookie, "DELETE", &format!("/api/account/sessions/{id}"), Value::Null).0;
    assert_eq!(end(&world.admin, &other), 404, "not even an admin, by this way");
    for bad in ["0000000000000000", "%00", "%25", "x", &other[..15], &format!("{other}0")] {
        assert_eq!(end(&first, bad), 404, "{bad}");
    }
    assert_eq!(end(&first, &other), 204);
    assert_eq!(world.client.with(&second, "GET", "/api/servers", "").status, 401);
    assert_eq!(list(&first).as_array().unwrap().len(), 1);
    assert_eq!(world.audit().last().unwrap(), "viewer session_ended viewer");
    assert_eq!(end(&first, current["id"].as_str().unwrap()), 204);
    assert_eq!(world.client.with(&first, "GET", "/api/servers", "").status, 401, "as by a logout");
}
