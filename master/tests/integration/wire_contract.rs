//! The fixed part of the wire, sent by a client that knows nothing of this project's types, answers compared to the
//! letter.

use serde_json::{Value, json};

use crate::common::fixtures::{AGENT_SECRET, CONTAINER, ago, containers, metrics, registration, sample};
use crate::common::{Database, Engine, Master, on_both_engines};

on_both_engines! {
    a_first_generation_agent_is_served
    refusals_have_the_sentences_of_the_contract
    the_token_has_the_claims_of_the_contract
    registering_again_keeps_the_number_and_updates_the_facts
}

fn a_first_generation_agent_is_served(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let client = master.client;

    let answer = client.register(AGENT_SECRET, registration("web-1"));
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").unwrap().starts_with("application/json"));
    let registered = answer.json();
    let token = registered["data"]["token"].as_str().unwrap();
    assert_eq!(answer.text(), format!(r#"{{"success":true,"data":{{"serverId":1,"token":"{token}"}}}}"#));

    let time = ago(60_000);
    let answer = client.post("/api/agent/metrics", token, metrics(&[sample(time)]));
    assert_eq!((answer.status, answer.text()), (200, r#"{"success":true}"#));
    // Sent again after a lost answer: still fine, still one row.
    let answer = client.post("/api/agent/metrics", token, metrics(&[sample(time)]));
    assert_eq!((answer.status, answer.text()), (200, r#"{"success":true}"#));

    let answer = client.post("/api/agent/containers", token, containers(&[CONTAINER]));
    assert_eq!((answer.status, answer.text()), (200, r#"{"success":true}"#));

    let beat = format!(r#"{{"timestamp":"{}","agentVersion":"0.1.0"}}"#, ago(0));
    let answer = client.post("/api/agent/heartbeat", token, beat);
    let data = answer.json()["data"].clone();
    let (server_time, expires_in) = (data["serverTime"].as_str().unwrap(), data["tokenExpiresIn"].as_i64().unwrap());
    assert_eq!(server_time.len(), "2026-11-23T09:08:03.022Z".len());
    assert!((86_000..=86_400).contains(&expires_in), "{expires_in}");
    assert_eq!(
        answer.text(),
        format!(r#"{{"success":true,"data":{{"serverTime":"{server_time}","tokenExpiresIn":{expires_in}}}}}"#)
    );

    let servers = client.get("/api/servers");
    let last_seen = servers.json()[0]["lastSeenAt"].as_str().unwrap().to_owned();
    assert_eq!(
        servers.text(),
        format!(
            r#"[{{"id":1,"name":"web-1","hostname":"host-1","ipAddress":"127.0.0.1","status":"online","containerCount":1,"cpu":14.85,"memory":3.09,"disk":6.31,"cpuCores":8,"totalMemoryGb":23.54,"totalDiskGb":755.92,"lastMetricsAt":"{time}","lastSeenAt":"{last_seen}"}}]"#
        )
    );
    let history = client.get("/api/servers/1/metrics/history?range=1h");
    assert_eq!(
        history.text(),
        format!(
            r#"{{"serverId":1,"serverName":"web-1","timeRange":"1h","interval":"raw","dataPoints":[{{"timestamp":"{time}","cpuPercent":14.85,"memoryPercent":3.09,"diskPercent":6.31}}]}}"#
        )
    );
    let stored = client.get("/api/containers?serverId=1");
    let updated = stored.json()[0]["updatedAt"].as_str().unwrap().to_owned();
    assert_eq!(
        stored.text(),
        format!(
            r#"[{{"serverId":1,"containerId":"eb6f6e2aaa26","name":"hc","image":"busybox:local","imageId":"sha256:664f5f42ec871e7f6a4cd45e5fabac5f35ee4d7306e43d871cf4ad0a703c1194","imageTags":["busybox:local"],"status":"running","health":"healthy","ports":"8099:80","labels":{{}},"networks":["bridge"],"startedAt":"2026-11-23T08:47:25.668Z","exitCode":0,"updatedAt":"{updated}"}}]"#
        )
    );
    let stats = client.get("/api/stats");
    assert_eq!(stats.text(), r#"{"totalServers":1,"totalContainers":1,"avgCpu":14.85,"activeAlerts":0}"#);
}

fn refusals_have_the_sentences_of_the_contract(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let client = master.client;
    let (_, token) = master.registered("web-1");

    let refusal = |sentence: &str| format!(r#"{{"success":false,"error":"{sentence}"}}"#);
    let bad_secret = refusal("Invalid or missing agent secret");
    let answer = client.register("wrong", registration("web-2"));
    assert_eq!((answer.status, answer.text()), (401, bad_secret.as_str()));
    let answer = client.request("POST", "/api/agent/register", &[], registration("web-2").as_bytes());
    assert_eq!((answer.status, answer.text()), (401, bad_secret.as_str()));

    for body in ["{}", r#"{"serverName":"web-2"}"#, r#"{"serverInfo":{}}"#] {
        let answer = client.register(AGENT_SECRET, body);
        let sentence = refusal("Missing required fields: serverName, serverInfo");
        assert_eq!((answer.status, answer.text()), (400, sentence.as_str()), "{body}");
    }

    for path in ["/api/agent/metrics", "/api/agent/containers", "/api/agent/heartbeat"] {
        let answer = client.request("POST", path, &[], b"{}");
        assert_eq!((answer.status, answer.text()), (401, refusal("Missing authorization token").as_str()), "{path}");
        let answer = client.post(path, "not.a.token", "{}");
        assert_eq!((answer.status, answer.text()), (401, refusal("Invalid or expired token").as_str()), "{path}");
    }
    for body in ["{}", r#"{"metrics":[]}"#] {
        let answer = client.post("/api/agent/metrics", &token, body);
        assert_eq!((answer.status, answer.text()), (400, refusal("Missing or empty metrics array").as_str()));
    }
    let answer = client.post("/api/agent/containers", &token, "{}");
    assert_eq!((answer.status, answer.text()), (400, refusal("Missing containers array").as_str()));

    for (path, status, body) in [
        ("/api/servers/abc", 400, r#"{"error":"Invalid server ID"}"#),
        ("/api/servers/-1", 400, r#"{"error":"Invalid server ID"}"#),
        ("/api/servers/99999999999999999999", 400, r#"{"error":"Invalid server ID"}"#),
        ("/api/servers/99", 404, r#"{"error":"Server not found"}"#),
        ("/api/servers/abc/metrics/latest", 400, r#"{"error":"Invalid server ID"}"#),
        ("/api/servers/99/metrics/latest", 404, r#"{"error":"Server not found"}"#),
        ("/api/servers/abc/metrics/history", 400, r#"{"error":"Invalid server ID"}"#),
        ("/api/servers/99/metrics/history", 404, r#"{"error":"Server not found"}"#),
        ("/api/servers/1/metrics/history?range=2h", 400, r#"{"error":"Invalid time range"}"#),
        ("/api/servers/1/metrics/history?range=", 400, r#"{"error":"Invalid time range"}"#),
    ] {
        let answer = client.get(path);
        assert_eq!((answer.status, answer.text()), (status, body), "{path}");
    }
    assert_eq!(client.get("/api/containers").status, 400);
    assert_eq!(client.get("/api/containers?serverId=x").status, 400);
    assert_eq!(client.get("/api/containers?serverId=99").text(), "[]");
    // Nobody was registered by a refused registration.
    assert_eq!(client.get("/api/servers").json().as_array().unwrap().len(), 1);
}

fn the_token_has_the_claims_of_the_contract(engine: Engine) {
    use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};

    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    let secret = crate::common::fixtures::JWT_SECRET.as_bytes();
    let key = DecodingKey::from_secret(secret);
    let claims = jsonwebtoken::decode::<Value>(&token, &key, &Validation::new(Algorithm::HS256)).unwrap().claims;
    let (iat, exp) = (claims["iat"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
    assert_eq!(exp - iat, 24 * 3600);
    assert_eq!(
        claims,
        json!({"serverId": id, "serverName": "web-1", "iss": "neon-master", "sub": format!("agent:{id}"), "iat": iat, "exp": exp})
    );

    // A token as a first-generation master made it is good here: the fleet moves without registering.
    let sign = |claims: &Value| {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret)).unwrap()
    };
    let beat = |token: &str| master.client.post("/api/agent/heartbeat", token, "{}").status;
    assert_eq!(beat(&sign(&claims)), 200);
    let changed = |key: &str, value: Value| {
        let mut claims = claims.clone();
        claims[key] = value;
        sign(&claims)
    };
    assert_eq!(beat(&changed("exp", json!(iat - 1))), 401, "expired");
    assert_eq!(beat(&changed("iss", json!("other"))), 401, "issued elsewhere");
    assert_eq!(beat(&changed("serverName", json!("web-2"))), 401, "another server's name");
    let gone =
        json!({"serverId": 99, "serverName": "web-1", "iss": "neon-master", "sub": "agent:99", "iat": iat, "exp": exp});
    assert_eq!(beat(&sign(&gone)), 401, "a server that does not exist");
}

fn registering_again_keeps_the_number_and_updates_the_facts(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (first, _) = master.registered("web-1");
    let (other, _) = master.registered("web-2");
    let changed = registration("web-1").replace("host-1", "host-9").replace(r#""27.3.1""#, "null");
    let answer = master.client.register(AGENT_SECRET, changed);
    assert_eq!(answer.json()["data"]["serverId"], json!(first));
    let server = master.client.get(&format!("/api/servers/{first}")).json();
    assert_eq!((&server["hostname"], &server["dockerVersion"]), (&json!("host-9"), &Value::Null));
    // No number was used up by registering again.
    let (third, _) = master.registered("web-3");
    assert_eq!((other, third), (first + 1, first + 2));
}
