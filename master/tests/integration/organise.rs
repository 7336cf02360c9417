//! What operators say about servers: who may, what is refused, and where it is seen.

use serde_json::{Value, json};

use crate::common::client::Answer;
use crate::common::fixtures::{ago, metrics, sample};
use crate::common::people::add;
use crate::common::{Client, Database, Engine, Master, on_both_engines, wait_for};
use crate::events::Stream;

on_both_engines! {
    what_is_wrong_is_named_and_changes_nothing
    what_is_said_stays_until_it_is_taken_away
    the_list_is_filtered_by_group_and_tag
    groups_and_tags_are_counted
    maintenance_is_left_alone_by_whoever_reports_or_is_silent
    maintenance_ends_by_itself
    every_change_is_told
}

/// A master with an operator's session.
struct World {
    client: Client,
    operator: String,
    master: Master,
}

impl World {
    fn new(database: &Database) -> Self {
        Self::with(database, &[])
    }

    fn with(database: &Database, more: &[(&str, &str)]) -> Self {
        ["admin", "operator", "viewer"].iter().for_each(|role| add(&database.url(), role));
        let master = Master::start_with(&database.url(), more);
        let client = master.client;
        Self { client, operator: client.session("operator"), master }
    }

    fn patch(&self, id: i64, body: &str) -> Answer {
        self.client.with(&self.operator, "PATCH", &format!("/api/servers/{id}"), body)
    }

    fn change(&self, id: i64, body: &Value) -> Value {
        let answer = self.patch(id, &body.to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    fn get(&self, path: &str) -> Answer {
        self.client.with(&self.operator, "GET", path, "")
    }

    fn server(&self, id: i64) -> Value {
        self.get(&format!("/api/servers/{id}")).json()
    }

    fn names(&self, query: &str) -> Vec<String> {
        let answer = self.get(&format!("/api/servers?{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        let servers = answer.json();
        servers.as_array().unwrap().iter().map(|server| server["name"].as_str().unwrap().to_owned()).collect()
    }

    fn audit(&self) -> Vec<Value> {
        let admin = self.client.session("admin");
        let lines = self.client.with(&admin, "GET", "/api/audit", "").json();
        lines
            .as_array()
            .unwrap()
            .iter()
            .filter(|line| line["action"].as_str().unwrap().starts_with("server_"))
            .cloned()
            .collect()
    }
}

fn what_is_wrong_is_named_and_changes_nothing(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::new(&database);
    let (id, agent) = world.master.registered("web-1");
    let before = world.server(id);
    let long = |chars: usize| "x".repeat(chars);
    for (body, sentence) in [
        (String::new(), "Request body is not valid JSON"),
        ("[]".to_owned(), "must be a JSON object"),
        (json!({"displayName": long(129)}).to_string(), "displayName: must have 1 to 128 characters"),
        (json!({"displayName": "a\u{0}b"}).to_string(), "displayName: must have 1 to 128 characters"),
        (json!({"group": "\u{1b}[31m"}).to_string(), "group: must have 1 to 64 characters and no control characters"),
        (json!({"tags": vec!["ok"; 3], "group": 7}).to_string(), "group: must be a text, or null for none"),
        (json!({"tags": ["a", "b c"]}).to_string(), "tags[1]: must have 1 to 40 characters"),
        (json!({"tags": (0..21).map(|n| n.to_string()).collect::<Vec<_>>()}).to_string(), "tags: must be at most 20"),
        (json!({"notes": long(10_001)}).to_string(), "notes: must have at most 10000 characters"),
        (json!({"maintenance": {"until": ago(1).to_string()}}).to_string(), "maintenance.until: must be in the future"),
        (json!({"maintenance": "now"}).to_string(), "maintenance: must be an object"),
        (json!({"name": "web-2"}).to_string(), "there is a field besides displayName"),
        // One bad field refuses all of them.
        (json!({"displayName": "good", "notes": "\u{7}"}).to_string(), "notes: must have at most 10000 characters"),
    ] {
        let answer = world.patch(id, &body);
        let said = answer.json()["error"].as_str().unwrap_or_default().to_owned();
        assert!(answer.status == 400 && said.starts_with(sentence), "{body}: {} {said}", answer.status);
    }
    for (path, status, sentence) in [
        ("/api/servers/999".to_owned(), 404, "Server not found"),
        ("/api/servers/-1".to_owned(), 400, "Invalid server ID"),
        ("/api/servers/web-1".to_owned(), 400, "Invalid server ID"),
        ("/api/servers/9223372036854775808".to_owned(), 400, "Invalid server ID"),
    ] {
        let answer = world.client.with(&world.operator, "PATCH", &path, r#"{"group":"x"}"#);
        assert_eq!((answer.status, answer.json()), (status, json!({"error": sentence})), "{path}");
    }
    let path = format!("/api/servers/{id}");
    let viewer = world.client.session("viewer");
    let change = json!({"group": "x"}).to_string();
    assert_eq!(world.client.with(&viewer, "PATCH", &path, &change).status, 403);
    assert_eq!(world.client.request("PATCH", &path, &[("Cookie", &world.operator)], change.as_bytes()).status, 403);
    assert_eq!(
        world
            .client
            .request("PATCH", &path, &[("Authorization", &format!("Bearer {agent}"))], change.as_bytes())
            .status,
        401
    );
    assert_eq!(world.client.request("PATCH", &path, &[], change.as_bytes()).status, 401);
    assert_eq!((world.server(id), world.audit()), (before, Vec::<Value>::new()));
}

fn what_is_said_stays_until_it_is_taken_away(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::new(&database);
    let (id, token) = world.master.registered("web-1");
    let fresh = world.server(id);
    for absent in ["displayName", "group", "tags", "notes", "maintenance", "editedAt"] {
        assert_eq!(fresh.get(absent), None, "{absent}");
    }
    let said = world.change(
        id,
        &json!({"displayName": " Größe 3 ", "group": "rack 1", "tags": ["web", "eu", "web"], "notes": "one\r\n\ttwo"}),
    );
    assert_eq!(said, world.server(id), "what is answered is what is there");
    assert_eq!(
        (&said["name"], &said["displayName"], &said["group"]),
        (&json!("web-1"), &json!("Größe 3"), &json!("rack 1"))
    );
    assert_eq!((&said["tags"], &said["notes"]), (&json!(["eu", "web"]), &json!("one\n\ttwo")));
    let row = world.get("/api/servers").json()[0].clone();
    for field in ["displayName", "group", "tags", "editedAt"] {
        assert_eq!(row[field], said[field], "{field}");
    }
    assert_eq!(row.get("notes"), None, "notes may be long");
    assert_eq!(world.names("search=gr%C3%B6"), ["web-1"]);

    // What is absent stays, whatever its agent says meanwhile; the same again is no change.
    assert_eq!(world.change(id, &json!({}))["editedAt"], said["editedAt"]);
    assert_eq!(world.change(id, &json!({"group": "rack 1"}))["editedAt"], said["editedAt"]);
    world.master.registered("web-1");
    assert_eq!(world.client.post("/api/agent/metrics", &token, metrics(&[sample(ago(1000))])).status, 200);
    let gone = world.change(id, &json!({"group": null, "tags": []}));
    assert_eq!((gone.get("group"), gone.get("tags")), (None, None));
    assert_eq!((&gone["displayName"], &gone["notes"]), (&said["displayName"], &said["notes"]));

    // It is on disk.
    drop(world.master);
    let master = Master::start(&database);
    let again = master.client.with(&world_session(&master), "GET", &format!("/api/servers/{id}"), "").json();
    assert_eq!(
        (&again["displayName"], &again["notes"], again.get("group")),
        (&said["displayName"], &said["notes"], None)
    );
    let admin = master.client.session("admin");
    let lines = master.client.with(&admin, "GET", "/api/audit", "").json();
    let changes: Vec<_> = lines.as_array().unwrap().iter().filter(|line| line["action"] == "server_changed").collect();
    let targets: Vec<_> = changes.iter().map(|line| line["target"].as_str().unwrap()).collect();
    assert_eq!(
        targets,
        [
            format!("{id} web-1 (group none, tags none)"),
            format!("{id} web-1 (display name \"Größe 3\", group \"rack 1\", tags eu web, notes)"),
        ]
    );
    assert!(changes.iter().all(|line| line["actor"] == "operator" && line["address"] == "127.0.0.1"), "{changes:?}");
}

fn world_session(master: &Master) -> String {
    master.client.session("operator")
}

fn the_list_is_filtered_by_group_and_tag(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::new(&database);
    let ids: Vec<i64> = ["a", "b", "c", "d", "e"].map(|name| world.master.registered(name).0).to_vec();
    for (id, group, tags) in [
        (ids[0], json!("shop"), json!(["web", "eu"])),
        (ids[1], json!("shop"), json!(["eu"])),
        (ids[2], json!("shop's \"own\" %_"), json!(["webcam"])),
        (ids[3], Value::Null, json!(["web", "ä%_'"])),
    ] {
        world.change(id, &json!({"group": group, "tags": tags}));
    }
    for (query, expected) in [
        ("group=shop", &["a", "b"][..]),
        ("group=SHOP", &[]),
        ("group=sho", &[]),
        ("group=shop%27s%20%22own%22%20%25_", &["c"]),
        ("group=", &["d", "e"]),
        ("tag=web", &["a", "d"]),
        ("tag=%C3%A4%25_%27", &["d"]),
        ("tag=nothing", &[]),
        ("group=shop&tag=web", &["a"]),
        ("group=shop&status=offline", &[]),
        ("group=shop&search=B", &["b"]),
        ("tag=eu&sort=-name&limit=1", &["b"]),
        // The page comes after one that is not among them.
        (&format!("tag=web&after={}", ids[2]), &["d"]),
        (&format!("tag=web&after={}", ids[3]), &[]),
    ] {
        assert_eq!(world.names(query), expected, "{query}");
    }
    let page = world.get("/api/servers?tag=web&limit=1");
    assert_eq!(page.header("x-total-count"), Some("2"));
    let tag = page.header("etag").unwrap().to_owned();
    let again = |path: &str| {
        world.client.request("GET", path, &[("Cookie", &world.operator), ("If-None-Match", &tag)], b"").status
    };
    assert_eq!(again("/api/servers?tag=web&limit=1"), 304);
    world.change(ids[0], &json!({"displayName": "first"}));
    assert_eq!(again("/api/servers?tag=web&limit=1"), 200);

    for (query, sentence) in [
        ("group=a&group=b", "group: is given more than once"),
        ("tag=a&tag=b", "tag: is given more than once"),
        ("tag=", "tag: must have 1 to 40 characters"),
        ("tag=a%20b", "tag: must have 1 to 40 characters"),
        ("tag=%22", "tag: must have 1 to 40 characters"),
        ("tag=%00", "tag: must have 1 to 40 characters"),
        ("group=%00", "group: must have 1 to 64 characters"),
        (&format!("group={}", "x".repeat(65)), "group: must have 1 to 64 characters"),
        ("group=shop&after=999", "after: there is no server of this number"),
    ] {
        let answer = world.get(&format!("/api/servers?{query}"));
        let said = answer.json()["error"].as_str().unwrap_or_default().to_owned();
        assert!(answer.status == 400 && said.starts_with(sentence), "{query}: {} {said}", answer.status);
    }
}

fn groups_and_tags_are_counted(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::new(&database);
    assert_eq!((world.get("/api/groups").text(), world.get("/api/tags").text()), ("[]", "[]"));
    for (name, group, tags) in
        [("a", "shop", json!(["eu", "web"])), ("b", "shop", json!(["eu"])), ("c", "Lab", json!([]))]
    {
        let (id, _) = world.master.registered(name);
        world.change(id, &json!({"group": group, "tags": tags}));
        if name == "b" {
            world.change(id, &json!({"maintenance": {}}));
        }
    }
    let count = |name: &str, online: i64, maintenance: i64| json!({"name": name, "servers": online + maintenance, "online": online, "offline": 0, "maintenance": maintenance});
    let groups = world.get("/api/groups");
    assert_eq!(groups.json(), json!([count("Lab", 1, 0), count("shop", 1, 1)]));
    assert_eq!(world.get("/api/tags").json(), json!([count("eu", 1, 1), count("web", 1, 0)]));
    assert!(groups.header("etag").is_some());
}

fn maintenance_is_left_alone_by_whoever_reports_or_is_silent(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::with(&database, &[("OFFLINE_AFTER_S", "1")]);
    let (id, token) = world.master.registered("web-1");
    let (other, _) = world.master.registered("web-2");
    let begun = world.change(id, &json!({"maintenance": {"reason": "A new disk"}}));
    assert_eq!((&begun["status"], &begun["maintenance"]["reason"]), (&json!("maintenance"), &json!("A new disk")));
    assert_eq!(begun["maintenance"].get("until"), None);
    // In other words, and it goes on from when it began.
    let until = ago(-3_600_000).to_string();
    let longer = world.change(id, &json!({"maintenance": {"until": until}}));
    assert_eq!(
        longer["maintenance"],
        json!({"since": begun["maintenance"]["since"], "until": until, "reason": "A new disk"})
    );

    // The other one's silence is found, and so would be this one's.
    wait_for("the other server to be offline", || (world.server(other)["status"] == "offline").then_some(()));
    assert_eq!(world.server(id)["status"], "maintenance");
    // It reports, and that is stored.
    assert_eq!(world.client.post("/api/agent/metrics", &token, metrics(&[sample(ago(1000))])).status, 200);
    assert_eq!(world.client.post("/api/agent/heartbeat", &token, "{}").status, 200);
    world.master.registered("web-1");
    let now = world.server(id);
    assert_eq!((&now["status"], &now["cpu"]), (&json!("maintenance"), &json!(14.85)));
    assert_eq!(world.names("status=maintenance"), ["web-1"]);
    // What it read last is no reading of now once it is silent.
    wait_for("no readings of a silent server", || {
        let numbers = world.get("/metrics?servers=1").text().to_owned();
        assert!(numbers.contains("neon_server_up{instance=\"web-1\"} 1"), "maintenance is no alarm: {numbers}");
        (!numbers.contains("neon_cpu_used_ratio{instance=\"web-1\"}")).then_some(())
    });

    // Over: it is judged as everybody is, and found silent.
    let ended = world.change(id, &json!({"maintenance": null}));
    assert_eq!(ended.get("maintenance"), None);
    wait_for("the server to be offline", || (world.server(id)["status"] == "offline").then_some(()));
    // Who was silent before and all the time is so after it, and nothing new is told of it.
    let told = |id: i64| {
        let all = world.get("/api/activities?limit=500").json();
        let of_it = all.as_array().unwrap().iter().filter(|activity| activity["serverId"] == id);
        of_it.map(|activity| (activity["type"].clone(), activity["newValue"].clone())).collect::<Vec<_>>()
    };
    world.change(id, &json!({"maintenance": {}}));
    assert_eq!(world.change(id, &json!({"maintenance": null}))["status"], "offline");
    let change = |to: &str| (json!("status_change"), json!(to));
    assert_eq!(told(id)[..3], [change("offline"), change("maintenance"), (json!("offline"), Value::Null)]);
    let targets: Vec<String> = world.audit().iter().map(|line| line["target"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        targets[2..],
        [
            format!("{id} web-1 (maintenance ended)"),
            format!("{id} web-1 (maintenance until {until})"),
            format!("{id} web-1 (maintenance)"),
        ]
    );
}

fn maintenance_ends_by_itself(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::new(&database);
    let (id, _) = world.master.registered("web-1");
    let until = ago(-1500).to_string();
    world.change(id, &json!({"maintenance": {"until": until}}));
    let ended = wait_for("the end of the maintenance", || {
        let server = world.server(id);
        (server["status"] != "maintenance").then_some(server)
    });
    assert_eq!((&ended["status"], ended.get("maintenance")), (&json!("online"), None));
    let newest = world.get("/api/activities?limit=1").json()[0].clone();
    assert_eq!(
        (&newest["type"], &newest["message"], &newest["oldValue"], &newest["newValue"]),
        (
            &json!("status_change"),
            &json!("web-1 is not in maintenance any more"),
            &json!("maintenance"),
            &json!("online")
        )
    );
    assert!(newest["timestamp"].as_str().unwrap() >= until.as_str(), "not before its time");
}

fn every_change_is_told(engine: Engine) {
    let database = Database::fresh(engine);
    let world = World::new(&database);
    let (id, _) = world.master.registered("web-1");
    let listen = |more: &[(&str, &str)]| {
        Stream::open(&world.client, "/api/events", &[&[("Cookie", world.operator.as_str())], more].concat()).unwrap()
    };
    let mut stream = listen(&[]);
    let before = stream.until("ready", |_| true).id.unwrap();
    for (change, field) in [
        (json!({"displayName": "Shop"}), "displayName"),
        (json!({"group": "shop"}), "group"),
        (json!({"tags": ["eu"]}), "tags"),
        (json!({"notes": "not in the row, but that they changed"}), "editedAt"),
        (json!({"maintenance": {"reason": "disk"}}), "maintenance"),
    ] {
        let after = world.change(id, &change);
        stream.until("server", |server| server["id"] == id && server[field] == after[field]);
    }
    stream.until("activity", |activity| activity["newValue"] == "maintenance");
    drop(stream);
    // Also to who was away.
    let told = listen(&[("Last-Event-ID", &before)]).all_until("ready");
    let server = told.iter().find(|event| event.name == "server").unwrap();
    assert_eq!((&server.data["displayName"], &server.data["status"]), (&json!("Shop"), &json!("maintenance")));
}
