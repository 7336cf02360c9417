//! Secrets that are changed under everybody who has the old ones.

use serde_json::json;

use crate::common::fixtures::{AGENT_SECRET, JWT_SECRET, ago, metrics, registration, sample};
use crate::common::people::add;
use crate::common::{Database, Engine, Master};

const NEXT_AGENT_SECRET: &str = "the-next-fleet-secret-of-the-tests";
const NEXT_JWT_SECRET: &str = "the-next-token-secret-of-the-tests-012";

#[test]
fn a_rotation_drops_no_agent_and_no_session() {
    let database = Database::fresh(Engine::Sqlite);
    add(&database.url(), "viewer");
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    let session = master.client.session("viewer");
    master.kill();

    let next = [
        ("AGENT_SECRET", NEXT_AGENT_SECRET),
        ("AGENT_SECRET_PREVIOUS", AGENT_SECRET),
        ("JWT_SECRET", NEXT_JWT_SECRET),
        ("JWT_SECRET_PREVIOUS", JWT_SECRET),
    ];
    let master = Master::start_with(&database.url(), &next);
    let client = master.client;
    let report = |token: &str| client.post("/api/agent/metrics", token, metrics(&[sample(ago(0))])).status;
    assert_eq!(report(&token), 200, "a token of before");
    assert_eq!(client.with(&session, "GET", "/api/servers", "").status, 200, "a session of before");
    let register = |secret: &str| client.register(secret, registration("web-1"));
    let (by_old, by_new) = (register(AGENT_SECRET), register(NEXT_AGENT_SECRET));
    assert_eq!((by_old.status, by_new.status), (200, 200));
    assert_eq!(by_new.json()["data"]["serverId"], json!(id));
    let signed_since = by_old.json()["data"]["token"].as_str().unwrap().to_owned();
    let session_since = client.session("viewer");
    master.kill();

    // Without the ones before, what they were good for ends; what was made since goes on.
    let master = Master::start_with(
        &database.url(),
        &next.map(|(key, value)| (key, if key.ends_with("PREVIOUS") { "" } else { value })),
    );
    let client = master.client;
    let report = |token: &str| client.post("/api/agent/metrics", token, metrics(&[sample(ago(0))])).status;
    assert_eq!((report(&token), report(&signed_since)), (401, 200));
    let reads = |session: &str| client.with(session, "GET", "/api/servers", "").status;
    assert_eq!((reads(&session), reads(&session_since)), (401, 200));
    assert_eq!(client.register(AGENT_SECRET, registration("web-1")).status, 401);
}

#[test]
fn where_the_fleets_secret_is_off_nobody_registers_with_it_or_without() {
    let database = Database::fresh(Engine::Sqlite);
    for agent_secret in [AGENT_SECRET, ""] {
        let off = [("FLEET_SECRET", "off"), ("AGENT_SECRET", agent_secret)];
        let master = Master::start_with(&database.url(), &off);
        for shown in [AGENT_SECRET, "", "off", "x"] {
            assert_eq!(master.client.register(shown, registration("web-1")).status, 401, "{shown}");
        }
        assert_eq!(master.client.get("/api/servers").text(), "[]");
    }
}
