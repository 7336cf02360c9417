//! A second factor: how it is turned on and off, what a login asks for then, and what is not taken.

use serde_json::{Value, json};

use crate::common::fixtures::JWT_SECRET;
use crate::common::people::{add, cookie, password_of, run};
use crate::common::{Client, Database, Engine, Master, on_both_engines};

on_both_engines! {
    a_login_asks_for_a_code_once_one_is_confirmed
    a_code_is_taken_once_and_not_when_it_is_old
    a_recovery_code_is_good_once
    what_is_turned_on_is_turned_off_with_the_password
    an_admin_or_the_command_line_takes_a_lost_one_away
    a_rotation_of_the_secret_keeps_second_factors
}

const CODE_NEEDED: &str = "A code of the second factor is needed";

fn start(engine: Engine) -> (Database, Master) {
    let database = Database::fresh(engine);
    for role in ["admin", "viewer"] {
        add(&database.url(), role);
    }
    let master = Master::start(&database);
    (database, master)
}

fn post(client: &Client, cookie: &str, path: &str, body: Value) -> (u16, Value) {
    let answer = client.with(cookie, "POST", &format!("/api/account/second-factor{path}"), &body.to_string());
    (answer.status, if answer.body.is_empty() { Value::Null } else { answer.json() })
}

fn info(client: &Client, cookie: &str) -> Value {
    client.with(cookie, "GET", "/api/account/second-factor", "").json()
}

fn refusal(answer: &crate::common::client::Answer) -> (u16, Value) {
    (answer.status, answer.json())
}

fn needed(sentence: &str) -> (u16, Value) {
    (401, json!({"error": sentence, "codeNeeded": true}))
}

fn a_login_asks_for_a_code_once_one_is_confirmed(engine: Engine) {
    let (_database, master) = start(engine);
    let client = master.client;
    let (own, elsewhere) = (client.session("viewer"), client.session("viewer"));
    let password = password_of("viewer");
    assert_eq!(info(&client, &own), json!({"isOn": false, "recoveryCodesLeft": 0}));
    assert_eq!(post(&client, &own, "/confirm", json!({"code": "123456"})).0, 409, "nothing to confirm");
    for (body, status) in [(json!({}), 400), (json!({"password": 1}), 400), (json!({"password": "wrong"}), 403)] {
        assert_eq!(post(&client, &own, "", body.clone()).0, status, "{body}");
    }
    let (status, first) = post(&client, &own, "", json!({"password": password}));
    assert_eq!(status, 200);
    let (_, begun) = post(&client, &own, "", json!({"password": password}));
    assert_ne!(first["secret"], begun["secret"], "another one as long as none is confirmed");
    let secret = begun["secret"].as_str().unwrap();
    let uri = begun["uri"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/Neon:viewer?secret=") && uri.contains(secret), "{uri}");
    assert_eq!(client.login("viewer", &password).status, 200, "not asked for yet");

    let step = neon_master::http::now().unix_ms() / 30_000;
    let of_the_first = crate::common::people::totp(first["secret"].as_str().unwrap(), step);
    for code in ["", "12345", "abcdef", "mfrg-g2lt-nfxg-44tp", &of_the_first, "\u{0}"] {
        assert_eq!(
            post(&client, &own, "/confirm", json!({"code": code})),
            (403, json!({"error": "Wrong code"})),
            "{code}"
        );
    }
    assert_eq!(post(&client, &own, "/confirm", json!({"code": 123456})).0, 400);
    let enrolled = client.enrol(&own, &password);
    assert_eq!(enrolled.recovery_codes.len(), 10);
    let on = info(&client, &own);
    assert!(on["isOn"] == true && on["since"].is_string() && on["recoveryCodesLeft"] == 10, "{on}");
    assert_eq!(post(&client, &own, "", json!({"password": password})).0, 409, "there is one");
    assert_eq!(client.with(&elsewhere, "GET", "/api/servers", "").status, 401, "begun with a password alone");
    assert_eq!(client.with(&own, "GET", "/api/servers", "").status, 200);

    assert_eq!(refusal(&client.login("viewer", &password)), needed(CODE_NEEDED));
    assert_eq!(refusal(&client.login_with("viewer", &password, "")), needed(CODE_NEEDED));
    assert_eq!(
        refusal(&client.login_with("viewer", "wrong-password", &enrolled.code(1))),
        (401, json!({"error": "Wrong name or password"})),
        "that a code is needed is not said before"
    );
    assert_eq!(refusal(&client.login_with("viewer", &password, "000000")).0, 401);
    let answer = client.login_with("viewer", &password, &format!(" {} ", enrolled.code(1)));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(client.with(&cookie(&answer), "GET", "/api/servers", "").status, 200);
    assert_eq!(client.login_with("admin", &password_of("admin"), "123456").status, 200, "not looked at without one");

    let admin = client.session("admin");
    let users = client.with(&admin, "GET", "/api/users", "").json();
    let has: Vec<&Value> = users.as_array().unwrap().iter().map(|user| &user["hasSecondFactor"]).collect();
    assert_eq!(has, [&json!(false), &json!(true)]);
    let audit = client.with(&admin, "GET", "/api/audit", "").json();
    let lines: Vec<&Value> = audit.as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert!(lines.contains(&&json!("second_factor_on")), "{audit}");
}

fn a_code_is_taken_once_and_not_when_it_is_old(engine: Engine) {
    let (_database, master) = start(engine);
    let client = master.client;
    let password = password_of("viewer");
    let enrolled = client.enrol(&client.session("viewer"), &password);
    let used = "This code was used already: wait for the next one";
    assert_eq!(
        refusal(&client.login_with("viewer", &password, &enrolled.code(0))),
        needed(used),
        "by the confirmation"
    );
    let next = enrolled.code(1);
    assert_eq!(client.login_with("viewer", &password, &next).status, 200);
    assert_eq!(refusal(&client.login_with("viewer", &password, &next)), needed(used));
    for steps in [-1000, -2, 1000] {
        let answer = client.login_with("viewer", &password, &enrolled.code(steps));
        assert_eq!(refusal(&answer), needed("Wrong code"), "{steps}");
    }
    // Many at the same time: one of them.
    let other = client.session("admin");
    let enrolled = client.enrol(&other, &password_of("admin"));
    let code = enrolled.code(1);
    let tries: Vec<_> = (0..4)
        .map(|_| (code.clone(), client))
        .map(|(code, client)| {
            std::thread::spawn(move || client.login_with("admin", &password_of("admin"), &code).status)
        })
        .collect();
    let statuses: Vec<u16> = tries.into_iter().map(|one| one.join().unwrap()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
}

fn a_recovery_code_is_good_once(engine: Engine) {
    let (_database, master) = start(engine);
    let client = master.client;
    let password = password_of("viewer");
    let own = client.session("viewer");
    let enrolled = client.enrol(&own, &password);
    let code = enrolled.recovery_codes[3].to_uppercase().replace('-', " ");
    assert_eq!(client.login_with("viewer", &password, &code).status, 200);
    assert_eq!(refusal(&client.login_with("viewer", &password, &code)), needed("Wrong code"));
    assert_eq!(info(&client, &own)["recoveryCodesLeft"], json!(9));
    // Another user's is none.
    let others = client.enrol(&client.session("admin"), &password_of("admin"));
    assert_eq!(refusal(&client.login_with("viewer", &password, &others.recovery_codes[0])), needed("Wrong code"));
    assert_eq!(post(&client, &own, "/recovery-codes", json!({"password": "wrong"})).0, 403);
    let (status, made) = post(&client, &own, "/recovery-codes", json!({"password": password}));
    assert_eq!(status, 200);
    let before = &enrolled.recovery_codes[5];
    assert_eq!(refusal(&client.login_with("viewer", &password, before)), needed("Wrong code"), "of before");
    let new = made["recoveryCodes"][0].as_str().unwrap();
    assert_eq!(client.login_with("viewer", &password, new).status, 200);
    let answer = client.login_with("admin", &password_of("admin"), &others.recovery_codes[1]);
    let audit = client.with(&cookie(&answer), "GET", "/api/audit", "").json();
    let count = |action: &str| audit.as_array().unwrap().iter().filter(|entry| entry["action"] == action).count();
    assert_eq!((count("recovery_code_used"), count("recovery_codes_made")), (3, 1));
}

fn what_is_turned_on_is_turned_off_with_the_password(engine: Engine) {
    let (_database, master) = start(engine);
    let client = master.client;
    let password = password_of("viewer");
    let own = client.session("viewer");
    assert_eq!(post(&client, &own, "/off", json!({"password": password})).0, 409);
    assert_eq!(post(&client, &own, "/recovery-codes", json!({"password": password})).0, 409);
    let enrolled = client.enrol(&own, &password);
    assert_eq!(post(&client, &own, "/off", json!({"password": "wrong"})), (403, json!({"error": "Wrong password"})));
    assert_eq!(post(&client, &own, "/off", json!({"password": password})), (204, Value::Null));
    assert_eq!(client.login("viewer", &password).status, 200);
    assert_eq!(info(&client, &own), json!({"isOn": false, "recoveryCodesLeft": 0}));
    let again = client.enrol(&own, &password);
    assert_eq!(
        refusal(&client.login_with("viewer", &password, &enrolled.recovery_codes[0])),
        needed("Wrong code"),
        "those of before are gone"
    );
    assert_eq!(client.login_with("viewer", &password, &again.recovery_codes[0]).status, 200);
}

fn an_admin_or_the_command_line_takes_a_lost_one_away(engine: Engine) {
    let (database, master) = start(engine);
    let client = master.client;
    let admin = client.session("admin");
    let password = password_of("viewer");
    let users = client.with(&admin, "GET", "/api/users", "").json();
    let id = |name: &str| {
        users.as_array().unwrap().iter().find(|user| user["name"] == name).unwrap()["id"].as_i64().unwrap()
    };
    let reset = |id: i64| client.with(&admin, "DELETE", &format!("/api/users/{id}/second-factor"), "").status;
    assert_eq!((reset(id("viewer")), reset(999_999), reset(id("admin"))), (404, 404, 403));
    client.enrol(&client.session("viewer"), &password);
    assert_eq!(reset(id("viewer")), 204);
    assert_eq!(client.login("viewer", &password).status, 200);

    client.enrol(&client.session("viewer"), &password);
    let listed = run(&database.url(), &["user", "list"], "");
    assert_eq!(String::from_utf8(listed.stdout).unwrap(), "admin     admin\nviewer    viewer (second factor)\n");
    let said = run(&database.url(), &["user", "reset-second-factor", "viewer"], "");
    assert!(said.status.success(), "{said:?}");
    assert_eq!(client.login("viewer", &password).status, 200);
    let audit = client.with(&admin, "GET", "/api/audit", "").json();
    let offs: Vec<(&Value, &Value)> = audit
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"] == "second_factor_off")
        .map(|entry| (&entry["actor"], &entry["target"]))
        .collect();
    assert_eq!(offs, [(&json!("(command line)"), &json!("viewer")), (&json!("admin"), &json!("viewer"))]);
}

fn a_rotation_of_the_secret_keeps_second_factors(engine: Engine) {
    let (database, master) = start(engine);
    let password = password_of("viewer");
    let enrolled = master.client.enrol(&master.client.session("viewer"), &password);
    master.kill();
    let (next, other) = ("the-next-token-secret-of-the-tests-012", "yet-another-token-secret-of-the-tests");
    let both = [("JWT_SECRET", next), ("JWT_SECRET_PREVIOUS", JWT_SECRET)];
    let master = Master::start_with(&database.url(), &both);
    assert_eq!(master.client.login("viewer", &password).status, 401);
    master.kill();
    // It was sealed anew by that start, though nobody logged in.
    let master = Master::start_with(&database.url(), &[("JWT_SECRET", next)]);
    let answer = master.client.login_with("viewer", &password, &enrolled.code(1));
    assert_eq!(answer.status, 200, "{}", answer.text());
    master.kill();
    // A secret that is lost: nobody is let in without a second factor, and recovery codes are what they are for.
    let master = Master::start_with(&database.url(), &[("JWT_SECRET", other)]);
    assert!(master.log().iter().any(|line| line.contains("sealed with another JWT_SECRET")), "{:?}", master.log());
    let client = master.client;
    assert_eq!(refusal(&client.login("viewer", &password)), needed(CODE_NEEDED));
    let unreadable = needed("Codes cannot be checked now: use a recovery code");
    assert_eq!(refusal(&client.login_with("viewer", &password, &enrolled.code(0))), unreadable);
    assert_eq!(client.login_with("viewer", &password, &enrolled.recovery_codes[0]).status, 200);
}

#[test]
fn guessing_codes_is_stopped_for_the_user_and_for_nobody_else() {
    let (_database, master) = start(Engine::Sqlite);
    let client = master.client;
    let password = password_of("viewer");
    let enrolled = client.enrol(&client.session("viewer"), &password);
    let wrong = |count: i64| client.login_with("viewer", &password, &enrolled.code(1000 + count)).status;
    let statuses: Vec<u16> = (0..12).map(wrong).collect();
    assert_eq!(statuses, [[401; 10].as_slice(), &[429; 2]].concat());
    let limited = client.login_with("viewer", &password, &enrolled.code(1));
    assert_eq!(limited.status, 429, "also the right one");
    let seconds: u64 = limited.header("retry-after").unwrap().parse().unwrap();
    assert!((3000..=3601).contains(&seconds), "{seconds}");
    assert_eq!(refusal(&client.login("viewer", &password)), needed(CODE_NEEDED), "asking for one is no guess");
    assert_eq!(client.login("admin", &password_of("admin")).status, 200);
    // A right password gives none of them back, and nobody without it can keep the owner out.
    let statuses: Vec<u16> = (0..3).map(|_| client.login_with("viewer", "wrong-password", "000000").status).collect();
    assert_eq!(statuses, [401; 3]);
}
