//! Enrolment codes, the credentials they are exchanged for, and two hosts under one name: over HTTP, as agents and
//! operators have them.

use std::sync::{Arc, Barrier};

use serde_json::{Value, json};

use crate::common::client::Answer;
use crate::common::fixtures::{AGENT_SECRET, ago, metrics, registration, sample};
use crate::common::people::add;
use crate::common::{Client, Database, Engine, Master, on_both_engines, wait_for};

on_both_engines! {
    a_code_is_exchanged_for_the_credential_of_one_server
    a_code_is_good_once_in_its_time_and_for_its_name
    of_racing_registrations_with_one_code_exactly_one_wins
    whoever_lost_the_answer_asks_again
    a_credential_is_rotated_without_a_gap
    a_revoked_credential_and_its_tokens_are_good_for_nothing
    an_open_code_makes_a_new_server_and_takes_none
    a_code_puts_its_server_into_a_group
    a_second_host_is_told_and_shown_while_the_first_is_there
    another_host_takes_the_name_over_after_silence_and_the_first_is_out
}

/// A master, and an operator who is logged in.
struct World {
    master: Master,
    client: Client,
    operator: String,
}

impl World {
    fn new(database: &Database) -> Self {
        Self::with(database, &[])
    }

    fn with(database: &Database, more: &[(&str, &str)]) -> Self {
        add(&database.url(), "operator");
        Self::again(database, more)
    }

    fn again(database: &Database, more: &[(&str, &str)]) -> Self {
        let master = Master::start_with(&database.url(), more);
        let client = master.client;
        let operator = client.session("operator");
        Self { master, client, operator }
    }

    fn code(&self, request: &Value) -> (i64, String) {
        made(&self.client.with(&self.operator, "POST", "/api/enrolments", &request.to_string()))
    }

    fn code_for(&self, name: &str) -> String {
        self.code(&json!({"serverName": name})).1
    }

    fn read(&self, path: &str) -> Value {
        self.client.with(&self.operator, "GET", path, "").json()
    }

    /// Types of the newest events, newest first.
    fn events(&self) -> Vec<String> {
        let events = self.read("/api/activities");
        events.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }

    fn wait_for_status(&self, id: i64, status: &str) {
        wait_for(status, || (self.read(&format!("/api/servers/{id}"))["status"] == status).then_some(()));
    }
}

/// Number and text of the code in an answer.
fn made(answer: &Answer) -> (i64, String) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let made = answer.json();
    (made["enrolment"]["id"].as_i64().unwrap(), made["code"].as_str().unwrap().to_owned())
}

/// A credential as an agent makes it.
fn credential(number: usize) -> String {
    format!("neon_agent_{number:064x}")
}

/// A registration with more in it.
fn with(name: &str, more: &Value) -> String {
    let mut body: Value = serde_json::from_str(&registration(name)).unwrap();
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body.to_string()
}

fn exchange(client: Client, code: &str, name: &str, credential: &str) -> Answer {
    client.register(code, with(name, &json!({"credential": credential})))
}

fn from_host(client: Client, secret: &str, name: &str, machine: usize) -> Answer {
    client.register(secret, with(name, &json!({"hostFingerprint": {"machine": format!("{machine:032x}")}})))
}

fn refusal(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

fn token(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["data"]["token"].as_str().unwrap().to_owned()
}

fn id(answer: &Answer) -> i64 {
    answer.json()["data"]["serverId"].as_i64().unwrap()
}

fn report(client: Client, token: &str) -> u16 {
    client.post("/api/agent/metrics", token, metrics(&[sample(ago(0))])).status
}

fn a_code_is_exchanged_for_the_credential_of_one_server(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::with(&database, &[("FLEET_SECRET", "off"), ("AGENT_SECRET", "")]);
    let client = world.client;
    let (number, code) = world.code(&json!({"serverName": "web-1"}));
    assert!(code.starts_with("neon_code_") && code.len() == 74, "{code}");
    let listed = world.read("/api/enrolments");
    assert_eq!((&listed[0]["id"], &listed[0]["serverName"]), (&json!(number), &json!("web-1")));
    assert!(listed[0].get("usedAt").is_none() && !listed.to_string().contains(&code));
    let lifetime_ms = |listed: &Value| {
        let time = |key: &str| neon_shared::time::Timestamp::parse(listed[key].as_str().unwrap()).unwrap().unix_ms();
        time("expiresAt") - time("createdAt")
    };
    assert!((3_599_000..=3_600_000).contains(&lifetime_ms(&listed[0])), "{listed}");

    let answer = exchange(client, &code, "web-1", &credential(1));
    let (id, token) = (id(&answer), token(&answer));
    assert_eq!(report(client, &token), 200);
    let listed = world.read("/api/enrolments");
    assert_eq!(listed[0]["serverId"], json!(id));
    assert!(listed[0]["usedAt"].is_string());
    let server = world.read(&format!("/api/servers/{id}"));
    assert_eq!(server["credential"], json!("own"));
    assert!(server["credentialSince"].is_string());

    // From then on with the credential, for that server alone.
    let again = client.register(&credential(1), registration("web-1"));
    assert_eq!((again.status, again.json()["data"]["serverId"].clone()), (200, json!(id)));
    let other = refusal(&client.register(&credential(1), registration("web-2")));
    assert_eq!(other, (401, "The credential was revoked or replaced, or is for another SERVER_NAME".to_owned()));
    assert_eq!(client.register(&credential(2), registration("web-1")).status, 401);
    assert_eq!(world.read("/api/servers").as_array().unwrap().len(), 1);

    add(&database.url(), "admin");
    let admin = client.session("admin");
    let audit = client.with(&admin, "GET", "/api/audit", "").text().to_owned();
    for line in [
        format!(r#""action":"enrolment_created","target":"{number} server web-1""#),
        format!(
            r#""actor":"(agent)","address":"127.0.0.1","action":"enrolment_used","target":"{number} by server {id} web-1""#
        ),
    ] {
        assert!(audit.contains(&line), "{line} in {audit}");
    }
    let (log, dump) = (world.master.log().join("\n"), audit + &listed.to_string() + &server.to_string());
    for secret in [&code, &credential(1), &token] {
        assert!(!log.contains(secret.as_str()) && !dump.contains(secret.as_str()));
    }
}

fn a_code_is_good_once_in_its_time_and_for_its_name(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::new(&database);
    let client = world.client;
    let used = world.code_for("web-1");
    assert_eq!(exchange(client, &used, "web-1", &credential(1)).status, 200);
    let again = refusal(&exchange(client, &used, "web-1", &credential(2)));
    assert_eq!(again, (401, "The enrolment code was used already: make a new one".to_owned()));

    let named = world.code_for("web-2");
    let other = refusal(&exchange(client, &named, "web-3", &credential(3)));
    assert_eq!(other, (401, "The enrolment code is for another SERVER_NAME".to_owned()));
    let old = refusal(&client.register(&named, registration("web-2")));
    assert_eq!(old, (400, "credential: is missing, so the agent is too old for an enrolment code".to_owned()));
    let bad = refusal(&exchange(client, &named, "web-2", "neon_agent_1"));
    assert_eq!((bad.0, bad.1.starts_with("credential: must be")), (400, true));
    // None of that has used it up.
    assert_eq!(exchange(client, &named, "web-2", &credential(2)).status, 200);

    let expired = world.code_for("web-3");
    database.execute("UPDATE enrolments SET expires_at_ms = expires_at_ms - 3600000 WHERE server_name = 'web-3'");
    let late = refusal(&exchange(client, &expired, "web-3", &credential(3)));
    assert_eq!(late, (401, "The enrolment code has expired: make a new one".to_owned()));

    let (number, revoked) = world.code(&json!({"serverName": "web-4"}));
    let delete = || client.with(&world.operator, "DELETE", &format!("/api/enrolments/{number}"), "").status;
    assert_eq!((delete(), delete()), (204, 404));
    let unknown = (401, "The enrolment code is not known here, or was revoked".to_owned());
    assert_eq!(refusal(&exchange(client, &revoked, "web-4", &credential(4))), unknown);
    // Nobody learns more without a body.
    assert_eq!(refusal(&client.register(&revoked, "")), unknown);

    // What is asked for must be good itself.
    for bad in [
        json!({"serverName": ""}),
        json!({"serverName": " web"}),
        json!({"serverName": "a\nb"}),
        json!({"serverName": "x".repeat(129)}),
        json!({"expiresInSeconds": 59}),
        json!({"expiresInSeconds": 604_801}),
        json!({"expiresInSeconds": "1"}),
        json!([]),
    ] {
        let answer = client.with(&world.operator, "POST", "/api/enrolments", &bad.to_string());
        assert_eq!(answer.status, 400, "{bad}: {}", answer.text());
    }
    let names: Vec<Value> = world.read("/api/servers").as_array().unwrap().iter().map(|s| s["name"].clone()).collect();
    assert_eq!(names, [json!("web-1"), json!("web-2")]);
}

fn of_racing_registrations_with_one_code_exactly_one_wins(engine: Engine) {
    const RACERS: usize = 8;
    let database = Database::fresh(engine);
    let world = World::new(&database);
    let client = world.client;
    for round in 0..3 {
        // One for a name, one for any; one of a server that is there.
        let request = [json!({"serverName": "web-1"}), json!({}), json!({"serverName": "web-1"})][round].clone();
        let (code, start) = (world.code(&request).1, Arc::new(Barrier::new(RACERS)));
        let racers: Vec<_> = (0..RACERS)
            .map(|number| {
                let (code, start) = (code.clone(), Arc::clone(&start));
                let name = if round == 1 { format!("new-{number}") } else { "web-1".to_owned() };
                std::thread::spawn(move || {
                    let credential = credential(100 * round + number);
                    start.wait();
                    (exchange(client, &code, &name, &credential).status, name, credential)
                })
            })
            .collect();
        let ends: Vec<_> = racers.into_iter().map(|racer| racer.join().unwrap()).collect();
        let won: Vec<_> = ends.iter().filter(|(status, ..)| *status == 200).collect();
        assert_eq!(won.len(), 1, "{ends:?}");
        assert!(ends.iter().all(|(status, ..)| matches!(status, 200 | 401)), "{ends:?}");
        for (status, name, credential) in &ends {
            assert_eq!(client.register(credential, registration(name)).status, *status, "{name}");
        }
    }
    assert_eq!(world.read("/api/servers").as_array().unwrap().len(), 2);
}

fn whoever_lost_the_answer_asks_again(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::new(&database);
    let client = world.client;
    let (number, code) = world.code(&json!({"serverName": "web-1"}));
    let first = exchange(client, &code, "web-1", &credential(1));
    let (id, token) = (id(&first), token(&first));
    // With the code, in time or not, or with the credential itself; the tokens of before stay good.
    let asked = exchange(client, &code, "web-1", &credential(1));
    assert_eq!(asked.json()["data"]["serverId"], json!(id));
    database.execute("UPDATE enrolments SET expires_at_ms = expires_at_ms - 3700000");
    assert_eq!(exchange(client, &code, "web-1", &credential(1)).status, 200);
    assert_eq!(client.register(&credential(1), registration("web-1")).status, 200);
    assert_eq!(report(client, &token), 200);
    // Not after the credential has ended.
    let rotated = made(&client.with(&world.operator, "POST", &format!("/api/servers/{id}/credential/rotate"), "")).1;
    assert_eq!(exchange(client, &rotated, "web-1", &credential(2)).status, 200);
    assert_eq!(exchange(client, &code, "web-1", &credential(1)).status, 401);
    let deleted = client.with(&world.operator, "DELETE", &format!("/api/enrolments/{number}"), "");
    assert_eq!(deleted.status, 204);
    assert_eq!(client.register(&credential(2), registration("web-1")).status, 200, "a record is not the credential");
}

fn a_credential_is_rotated_without_a_gap(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::new(&database);
    let client = world.client;
    // From the fleet's secret to one of its own, and to the next; another server has no part in it.
    let (id, fleets) = world.master.registered("web-1");
    let (_, others) = world.master.registered("web-2");
    let mut before = (AGENT_SECRET.to_owned(), fleets);
    for number in 1..=2 {
        let path = format!("/api/servers/{id}/credential/rotate");
        let (_, code) = made(&client.with(&world.operator, "POST", &path, r#"{"expiresInSeconds":60}"#));
        assert_eq!(report(client, &before.1), 200, "as long as the code is not used");
        assert_eq!(client.register(&before.0, registration("web-1")).status, 200);
        let answer = exchange(client, &code, "web-1", &credential(number));
        assert_eq!(answer.json()["data"]["serverId"], json!(id));
        assert_eq!(report(client, &before.1), 401, "its token ends with what it was exchanged for");
        let denied = client.register(&before.0, registration("web-1"));
        assert_eq!(denied.status, 401, "{}", denied.text());
        before = (credential(number), token(&answer));
        assert_eq!(report(client, &before.1), 200);
    }
    assert_eq!(report(client, &others), 200);
    assert_eq!(client.register(AGENT_SECRET, registration("web-2")).status, 200);
    let missing = client.with(&world.operator, "POST", "/api/servers/999999/credential/rotate", "");
    assert_eq!((missing.status, missing.text()), (404, r#"{"error":"Server not found"}"#));
}

fn a_revoked_credential_and_its_tokens_are_good_for_nothing(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::new(&database);
    let client = world.client;
    let answer = exchange(client, &world.code_for("web-1"), "web-1", &credential(1));
    let (own_id, own) = (id(&answer), token(&answer));
    let (fleets_id, fleets) = world.master.registered("web-2");
    let (_, other) = world.master.registered("web-3");
    for (id, name, secret, token) in
        [(own_id, "web-1", credential(1), own), (fleets_id, "web-2", AGENT_SECRET.to_owned(), fleets)]
    {
        let path = format!("/api/servers/{id}/credential");
        assert_eq!(client.with(&world.operator, "DELETE", &path, "").status, 204);
        for path in ["/api/agent/metrics", "/api/agent/containers", "/api/agent/heartbeat"] {
            assert_eq!(client.post(path, &token, "{}").status, 401, "{path}");
        }
        for secret in [secret.as_str(), AGENT_SECRET] {
            assert_eq!(client.register(secret, registration(name)).status, 401);
        }
        assert_eq!(world.read(&format!("/api/servers/{id}"))["credential"], json!("revoked"));
        let back = exchange(client, &world.code_for(name), name, &format!("neon_agent_{:064x}", 9000 + id));
        assert_eq!(back.json()["data"]["serverId"], json!(id), "a code ends it");
        assert_eq!(report(client, &token), 401, "and not for what was revoked");
        assert_eq!(report(client, &self::token(&back)), 200);
    }
    assert_eq!(report(client, &other), 200);
    assert_eq!(client.with(&world.operator, "DELETE", "/api/servers/999999/credential", "").status, 404);
    // A master that starts knows it, too.
    let back_to_none = client.with(&world.operator, "DELETE", &format!("/api/servers/{own_id}/credential"), "");
    assert_eq!(back_to_none.status, 204);
    world.master.kill();
    let world = World::again(&database, &[]);
    assert_eq!(report(world.client, &token(&answer)), 401);
}

fn an_open_code_makes_a_new_server_and_takes_none(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::new(&database);
    let client = world.client;
    world.master.registered("web-1");
    let nothing = made(&client.with(&world.operator, "POST", "/api/enrolments", "null"));
    assert_eq!(world.read("/api/enrolments")[0]["id"], json!(nothing.0));
    let revoked = client.with(&world.operator, "DELETE", &format!("/api/enrolments/{}", nothing.0), "");
    assert_eq!(revoked.status, 204);
    let (_, code) = world.code(&json!({"expiresInSeconds": 60}));
    let taken = refusal(&exchange(client, &code, "web-1", &credential(1)));
    assert_eq!(taken.0, 409);
    assert!(taken.1.starts_with("There is a server of this name already"), "{}", taken.1);
    assert_eq!(exchange(client, &code, "web-2", &credential(1)).status, 200);
    let listed = world.read("/api/enrolments");
    assert_eq!((listed[0].get("serverName"), &listed[0]["serverId"]), (None, &json!(2)));
}

fn a_code_puts_its_server_into_a_group(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::new(&database);
    let client = world.client;
    for (group, is_good) in
        [("", false), (" ", false), ("a\nb", false), (&"x".repeat(65), false), (&"ä".repeat(64), true)]
    {
        let answer = client.with(&world.operator, "POST", "/api/enrolments", &json!({"group": group}).to_string());
        assert_eq!(answer.status, if is_good { 200 } else { 400 }, "{group}");
        assert!(is_good || refusal(&answer).1.starts_with("group: "), "{}", answer.text());
    }
    let (number, code) = world.code(&json!({"group": " rack 1 "}));
    let listed = world.read("/api/enrolments");
    let listed = listed.as_array().unwrap().iter().find(|code| code["id"] == json!(number)).unwrap().clone();
    assert_eq!(listed["group"], json!("rack 1"));
    let server = id(&exchange(client, &code, "web-1", &credential(1)));
    let group_of = |server: i64| world.read(&format!("/api/servers/{server}"))["group"].clone();
    assert_eq!(group_of(server), json!("rack 1"));
    assert_eq!(world.read("/api/groups")[0]["name"], json!("rack 1"));

    // Without one the server stays where it is, and what asks for the answer again moves nothing back.
    let code = world.code_for("web-1");
    assert_eq!(id(&exchange(client, &code, "web-1", &credential(2))), server);
    assert_eq!(group_of(server), json!("rack 1"));
    let (_, code) = world.code(&json!({"serverName": "web-1", "group": "rack 2"}));
    exchange(client, &code, "web-1", &credential(3));
    assert_eq!(group_of(server), json!("rack 2"));
    let change = client.with(&world.operator, "PATCH", &format!("/api/servers/{server}"), r#"{"group":"rack 3"}"#);
    assert_eq!(change.status, 200, "{}", change.text());
    assert_eq!(exchange(client, &code, "web-1", &credential(3)).status, 200);
    assert_eq!(group_of(server), json!("rack 3"));
}

fn a_second_host_is_told_and_shown_while_the_first_is_there(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::new(&database);
    let client = world.client;
    let first = from_host(client, AGENT_SECRET, "web-1", 1);
    let (id, first_token) = (id(&first), token(&first));
    let path = format!("/api/servers/{id}");
    assert!(world.read(&path).get("rivalHost").is_none());

    let told = refusal(&from_host(client, AGENT_SECRET, "web-1", 2));
    assert_eq!(told.0, 409);
    assert!(told.1.starts_with("Another host reports under this SERVER_NAME: choose another one."), "{}", told.1);
    // The same question without registering, as `neon-agent check` asks it.
    let question = json!({"serverName": "web-1", "hostFingerprint": {"machine": format!("{:032x}", 2)}}).to_string();
    assert_eq!(refusal(&client.register(AGENT_SECRET, question)), told);
    let question = json!({"serverName": "web-1", "hostFingerprint": {"machine": format!("{:032x}", 1)}}).to_string();
    assert_eq!(client.register(AGENT_SECRET, question).status, 400);

    // Both are shown, and recorded once.
    assert_eq!(from_host(client, AGENT_SECRET, "web-1", 2).status, 409);
    let server = world.read(&path);
    let rival = &server["rivalHost"];
    assert_eq!((&rival["hostname"], &rival["ipAddress"]), (&json!("host-1"), &json!("127.0.0.1")));
    assert!(rival["firstSeenAt"].as_str() <= rival["lastSeenAt"].as_str());
    assert_eq!(world.events(), ["host_clash", "online"]);
    assert_eq!(
        world.read("/api/activities")[0]["message"],
        json!("A second host reports as web-1: host-1 at 127.0.0.1 is refused")
    );

    // The first is not disturbed, and whoever does not say which host it is, is as before.
    assert_eq!(report(client, &first_token), 200);
    assert_eq!(from_host(client, AGENT_SECRET, "web-1", 1).status, 200);
    assert_eq!(client.register(AGENT_SECRET, registration("web-1")).status, 200);
    assert_eq!(from_host(client, AGENT_SECRET, "web-1", 2).status, 409, "the first is still known");

    // A code does not push it out either, and is not used up by that.
    let code = world.code_for("web-1");
    let second =
        with("web-1", &json!({"credential": credential(2), "hostFingerprint": {"machine": format!("{:032x}", 2)}}));
    assert_eq!(client.register(&code, second).status, 409);
    assert_eq!(exchange(client, &code, "web-1", &credential(1)).status, 200);
    // Nor does a copied credential.
    assert_eq!(from_host(client, &credential(1), "web-1", 2).status, 409);
    assert_eq!(from_host(client, &credential(1), "web-1", 1).status, 200);
}

fn another_host_takes_the_name_over_after_silence_and_the_first_is_out(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::with(&database, &[("OFFLINE_AFTER_S", "2")]);
    let client = world.client;
    let first = from_host(client, AGENT_SECRET, "web-1", 1);
    let (id, first_token) = (id(&first), token(&first));
    world.wait_for_status(id, "offline");
    let second = wait_for("the name to be free", || {
        Some(from_host(client, AGENT_SECRET, "web-1", 2)).filter(|answer| answer.status == 200)
    });
    assert_eq!(second.json()["data"]["serverId"], json!(id));
    // The first comes back, with the token of before or anew.
    assert_eq!(report(client, &first_token), 401);
    assert_eq!(from_host(client, AGENT_SECRET, "web-1", 1).status, 409);
    assert_eq!(report(client, &token(&second)), 200);
    let events = world.events();
    assert!(events.iter().any(|kind| kind == "host_changed"), "{events:?}");
    let message = "web-1 is another host than before";
    assert!(world.read("/api/activities").to_string().contains(message));
}

#[test]
fn codes_of_long_ago_leave_the_list() {
    let database = Database::fresh(Engine::Sqlite);
    let world = World::new(&database);
    world.code_for("web-1");
    database.execute("UPDATE enrolments SET expires_at_ms = expires_at_ms - 31 * 86400000");
    assert_eq!(world.read("/api/enrolments").as_array().unwrap().len(), 1);
    world.code_for("web-2");
    let listed = world.read("/api/enrolments");
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["serverName"]), (1, &json!("web-2")));
}
