//! The reading half beyond the contract's examples.

use neon_shared::time::Timestamp;
use serde_json::{Value, json};

use crate::common::fixtures::{CONTAINER, READINGS, ago, containers, metrics, sample, sample_with};
use crate::common::{Database, Engine, Master, on_both_engines, wait_for};

on_both_engines! {
    an_empty_master_answers_emptily
    a_server_without_metrics_has_no_percentages
    the_newest_sample_comes_back_whole
    what_the_agent_reads_is_stored_whole
    bad_readings_do_not_cost_the_sample
    hours_are_averaged_and_rounded
    raw_ranges_have_every_sample_oldest_first
    services_are_grouped_by_labels
    what_happens_to_containers_is_recorded
    a_refused_container_stays
    what_a_container_says_besides_is_shown
    while_containers_are_left_out_none_is_removed
    servers_are_listed_by_the_bytes_of_their_names
    trends_are_means_of_steps_with_gaps
    events_are_read_by_server_and_type_and_to_the_end
}

fn trends_are_means_of_steps_with_gaps(engine: Engine) {
    const STEP_MS: i64 = 300_000;
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let client = master.client;
    let trends = |servers: &str| client.get(&format!("/api/trends?servers={servers}"));
    let ((one, token), (two, other)) = (master.registered("web-1"), master.registered("web-2"));
    let (silent, _) = master.registered("web-3");
    // In the middle of steps that are over, so that the step that ends meanwhile changes nothing.
    let middle = ago(0).unix_ms() / STEP_MS * STEP_MS - STEP_MS / 2;
    let at = |steps: i64, more: i64| sample(Timestamp::from_unix_ms(middle - steps * STEP_MS + more));
    let with_cpu =
        |sample: String, cpu: &str| sample.replace(r#""cpuPercent":14.85"#, &format!(r#""cpuPercent":{cpu}"#));
    let mine = [with_cpu(at(3, 0), "10"), with_cpu(at(3, 1000), "20.01"), with_cpu(at(1, 0), "40"), at(40, 0)];
    assert_eq!(client.post("/api/agent/metrics", &token, metrics(&mine)).status, 200);
    assert_eq!(client.post("/api/agent/metrics", &other, metrics(&[with_cpu(at(3, 0), "99")])).status, 200);

    let answer = trends(&format!("{two},{one},{silent},999999,{one}")).json();
    assert_eq!(answer["stepSeconds"], 300);
    let from: Timestamp = serde_json::from_value(answer["from"].clone()).unwrap();
    let place = |steps: i64| ((middle - steps * STEP_MS - from.unix_ms()) / STEP_MS) as usize;
    let [first, second] = answer["servers"].as_array().unwrap().as_slice() else { panic!("{answer}") };
    assert_eq!((&first["serverId"], &second["serverId"]), (&json!(one), &json!(two)));
    let cpu = first["cpuPercent"].as_array().unwrap();
    assert_eq!((cpu.len(), first["memoryPercent"].as_array().unwrap().len()), (36, 36));
    assert_eq!((&cpu[place(3)], &cpu[place(2)], &cpu[place(1)]), (&json!(15.01), &Value::Null, &json!(40.0)));
    assert_eq!(cpu.iter().filter(|value| !value.is_null()).count(), 2, "nothing of before");
    assert_eq!(second["cpuPercent"][place(3)], json!(99.0));

    for bad in ["", "x", "1,,2", "-1", &vec!["1"; 101].join(",")] {
        let answer = trends(bad);
        assert_eq!(
            (answer.status, answer.json()["error"].as_str().unwrap().contains("servers:")),
            (400, true),
            "{bad}"
        );
    }
    assert_eq!(client.get("/api/trends").status, 400);
    assert_eq!(trends("999999").json()["servers"], json!([]));
}

fn an_empty_master_answers_emptily(engine: Engine) {
    let database = Database::fresh(engine);
    let client = Master::start(&database);
    let client = client.client;
    assert_eq!(client.get("/api/servers").text(), "[]");
    assert_eq!(client.get("/api/activities").text(), "[]");
    assert_eq!(
        client.get("/api/stats").text(),
        r#"{"totalServers":0,"totalContainers":0,"avgCpu":0.0,"activeAlerts":0}"#
    );
}

fn a_server_without_metrics_has_no_percentages(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, _) = master.registered("web-1");
    let server = master.client.get(&format!("/api/servers/{id}")).json();
    let server = server.as_object().unwrap();
    assert!(!server.contains_key("cpu") && !server.contains_key("memory") && !server.contains_key("disk"));
    assert_eq!(server["lastMetricsAt"], Value::Null);
    assert_eq!((&server["osName"], &server["osVersion"]), (&json!("Ubuntu"), &json!("24.04")));
    assert_eq!((&server["osKernel"], &server["osArch"]), (&json!("6.8.0-45-generic"), &json!("x86_64")));
    assert_eq!((&server["dockerVersion"], &server["agentVersion"]), (&json!("27.3.1"), &json!("0.1.0")));
    assert_eq!((&server["containers"], &server["services"]), (&json!([]), &json!([])));
    assert!(server["createdAt"].is_string());
}

fn the_newest_sample_comes_back_whole(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    let latest = || master.client.get(&format!("/api/servers/{id}/metrics/latest"));
    let answer = latest();
    assert_eq!((answer.status, answer.text()), (404, r#"{"error":"No metrics yet"}"#));

    let post = |sample: String| {
        let answer = master.client.post("/api/agent/metrics", &token, metrics(&[sample]));
        assert_eq!((answer.status, answer.text()), (200, r#"{"success":true}"#));
    };
    let full = sample_with(ago(60_000), READINGS);
    post(full.clone());
    assert_eq!(latest().text(), full);
    // Sent again after a lost answer: what is stored stays, whatever the second one says.
    let time = serde_json::from_str::<Value>(&full).unwrap()["timestamp"].as_str().unwrap().to_owned();
    post(sample_with(Timestamp::parse(&time).unwrap(), r#"{"load1":7.0}"#));
    assert_eq!(latest().text(), full);
    // One that comes late is older.
    post(sample_with(ago(120_000), r#"{"load1":8.0}"#));
    assert_eq!(latest().text(), full);
    let history = master.client.get(&format!("/api/servers/{id}/metrics/history?range=1h")).json();
    assert_eq!(history["dataPoints"].as_array().unwrap().len(), 2);
    // What a later agent says besides is not kept, and costs nothing.
    let newer = ago(30_000);
    post(sample_with(newer, r#"{"load1":9.0,"entropyBits":256}"#));
    assert_eq!(latest().text(), sample_with(newer, r#"{"load1":9.0}"#));
    // A first-generation agent says nothing more.
    let first_generation = sample(ago(0));
    post(first_generation.clone());
    assert_eq!(latest().text(), first_generation);
}

/// The agent's golden report of a host that has everything, with numbers where the file says that any will do.
fn what_the_agent_reads_is_stored_whole(engine: Engine) {
    let report = include_str!("../../../agent/tests/golden/rich.json").replace(r#""(number)""#, "7");
    let report: Value = serde_json::from_str(&report).unwrap();
    let readings = &report["metrics"]["readings"];
    assert!(readings["disks"].is_array() && readings["temperatures"].is_array() && readings["agent"].is_object());

    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    let body = metrics(&[sample_with(ago(0), &readings.to_string())]);
    assert_eq!(master.client.post("/api/agent/metrics", &token, body).text(), r#"{"success":true}"#);
    let stored = master.client.get(&format!("/api/servers/{id}/metrics/latest")).json();
    assert_eq!(with_floats(&stored["readings"]), with_floats(readings));
}

/// 0 and 0.0 are one number, but not to serde_json.
fn with_floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(list) => list.iter().map(with_floats).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), with_floats(field))).collect(),
        other => other.clone(),
    }
}

fn bad_readings_do_not_cost_the_sample(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    let times = [4000, 3000, 2000, 1000].map(ago);
    let body = metrics(&[
        sample_with(times[0], READINGS),
        sample_with(times[1], &READINGS.replacen("12.5", "112.5", 1)),
        sample(times[2]).replace("14.85", "140"),
        sample_with(times[3], r#"{"bootId":"\u0000"}"#),
    ]);
    let answer = master.client.post("/api/agent/metrics", &token, body);
    assert_eq!(
        (answer.status, answer.text()),
        (
            200,
            r#"{"success":true,"data":{"accepted":3,"refused":1,"withoutReadings":2,"reasons":[{"index":2,"reason":"cpuPercent: must be between 0 and 100, got 140"},{"index":1,"reason":"readings.cpu.userPercent: must be between 0 and 100, got 112.5"},{"index":3,"reason":"readings.bootId: must not contain a NUL character"}]}}"#
        )
    );
    let history = master.client.get(&format!("/api/servers/{id}/metrics/history?range=1h")).json();
    assert_eq!(history["dataPoints"].as_array().unwrap().len(), 3);
    let latest = master.client.get(&format!("/api/servers/{id}/metrics/latest"));
    assert_eq!(latest.text(), sample(times[3]));
    let said =
        wait_for("the refusal in the log", || master.log().into_iter().find(|line| line.contains("refused in part")));
    assert!(said.contains(r#""without_readings":2"#) && said.contains(r#""level":"WARN""#), "{said}");
}

fn hours_are_averaged_and_rounded(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    // Three samples in one whole hour, one in the next but one: 10, 20, 25 -> 18.333…
    let hour = Timestamp::from_unix_ms(ago(5 * 3_600_000).unix_ms() / 3_600_000 * 3_600_000);
    let at = |ms: i64, cpu: &str| sample(Timestamp::from_unix_ms(hour.unix_ms() + ms)).replace("14.85", cpu);
    let samples = [at(0, "10"), at(1, "20"), at(3_599_999, "25"), at(2 * 3_600_000, "50")];
    assert_eq!(master.client.post("/api/agent/metrics", &token, metrics(&samples)).text(), r#"{"success":true}"#);

    let later = Timestamp::from_unix_ms(hour.unix_ms() + 2 * 3_600_000);
    for range in ["7d", "30d"] {
        let history = master.client.get(&format!("/api/servers/{id}/metrics/history?range={range}"));
        assert_eq!(
            history.text(),
            format!(
                r#"{{"serverId":{id},"serverName":"web-1","timeRange":"{range}","interval":"hourly","dataPoints":[{{"timestamp":"{hour}","cpuPercent":18.33,"memoryPercent":3.09,"diskPercent":6.31}},{{"timestamp":"{later}","cpuPercent":50.0,"memoryPercent":3.09,"diskPercent":6.31}}]}}"#
            )
        );
    }
    let default = master.client.get(&format!("/api/servers/{id}/metrics/history"));
    assert_eq!(default.json()["timeRange"], json!("7d"));
}

fn raw_ranges_have_every_sample_oldest_first(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    let minutes = [23 * 60, 7 * 60, 5 * 60, 61, 59, 1];
    // Newest first, as no agent sends them: the order of sending does not matter.
    let samples: Vec<String> = minutes.iter().rev().map(|minutes| sample(ago(minutes * 60_000))).collect();
    assert_eq!(master.client.post("/api/agent/metrics", &token, metrics(&samples)).status, 200);
    for (range, count) in [("1h", 2), ("6h", 4), ("24h", 6)] {
        let history = master.client.get(&format!("/api/servers/{id}/metrics/history?range={range}")).json();
        assert_eq!(history["interval"], json!("raw"));
        let times: Vec<&str> =
            history["dataPoints"].as_array().unwrap().iter().map(|p| p["timestamp"].as_str().unwrap()).collect();
        assert_eq!(times.len(), count, "{range}");
        assert!(times.is_sorted(), "{times:?}");
    }
}

fn services_are_grouped_by_labels(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    let labels = r#""labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"web","com.docker.compose.depends_on":"db:service_started:false","neon.name":"Shop","neon.type":"website","neon.description":"Sells","neon.depends_on.optional":"mail"}"#;
    let one = CONTAINER.replace(r#""labels":{}"#, labels);
    let two = one.replace("eb6f6e2aaa26", "aaaaaaaaaaaa").replace(r#""hc""#, r#""hc-2""#);
    let two = two.replace("\"running\"", "\"exited\"");
    assert_eq!(master.client.post("/api/agent/containers", &token, containers(&[&one, &two])).status, 200);
    let server = master.client.get(&format!("/api/servers/{id}")).json();
    assert_eq!(
        server["services"],
        json!([{
            "id": "shop/web", "name": "Shop", "description": "Sells", "type": "website", "project": "shop",
            "service": "web", "status": "degraded", "containerIds": ["eb6f6e2aaa26", "aaaaaaaaaaaa"],
            "runningCount": 1, "dependsOn": ["db"], "optionalDependsOn": ["mail"],
        }])
    );
    assert_eq!(server["containers"].as_array().unwrap().len(), 2);
    assert_eq!(server["containerCount"], json!(2));
}

fn what_happens_to_containers_is_recorded(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    let report = |set: &[&str]| {
        assert_eq!(master.client.post("/api/agent/containers", &token, containers(set)).status, 200);
    };
    let crashed = CONTAINER.replace("\"running\"", "\"exited\"").replace("\"exitCode\":0", "\"exitCode\":1");
    let db = CONTAINER.replace("eb6f6e2aaa26", "dddddddddddd").replace(r#""hc""#, r#""db""#);
    report(&[CONTAINER]);
    report(&[&crashed, &db]);
    report(&[&db]);

    let events = master.client.get("/api/activities").json();
    let kinds: Vec<&str> = events.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["removed", "created", "crashed", "online"]);
    let crash = &events[2];
    let (event_id, time) = (crash["id"].as_str().unwrap(), crash["timestamp"].as_str().unwrap());
    assert_eq!(
        crash,
        &json!({
            "id": event_id, "serverId": id, "serverName": "web-1", "containerId": "eb6f6e2aaa26",
            "containerName": "hc", "type": "crashed", "message": "hc crashed with exit code 1", "timestamp": time,
        })
    );
    assert_eq!(master.client.get("/api/activities?limit=1").json(), json!([events[0]]));
    for limit in ["0", "501", "x", "-1"] {
        assert_eq!(master.client.get(&format!("/api/activities?limit={limit}")).status, 400, "{limit}");
    }
}

fn events_are_read_by_server_and_type_and_to_the_end(engine: Engine) {
    let database = Database::fresh(engine);
    // Its events are of 1970.
    let master = Master::start_with(&database.url(), &[("RETAIN_ACTIVITY_DAYS", "0")]);
    let ids: Vec<i64> = ["web-1", "web-2", "web-3"].iter().map(|name| master.registered(name).0).collect();
    // Many at one time, as those of one report are, on two servers; the third has none but its registration.
    for server in &ids[..2] {
        database.execute(&format!(
            "INSERT INTO activities (server_id, sequence, timestamp_ms, kind, message) \
             SELECT {server}, v, 1000 + v / 7, CASE WHEN v % 3 = 0 THEN 'crashed' ELSE 'restart' END, 'web' FROM {}",
            database.series(2, 90)
        ));
    }
    let list = |query: &str| -> Vec<(i64, String, String)> {
        let answer = master.client.get(&format!("/api/activities?{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        let text = |event: &Value, name: &str| event[name].as_str().unwrap().to_owned();
        let event = |event: &Value| (event["serverId"].as_i64().unwrap(), text(event, "type"), text(event, "id"));
        answer.json().as_array().unwrap().iter().map(event).collect()
    };
    let pages = |query: &str| {
        let mut all: Vec<(i64, String, String)> = Vec::new();
        loop {
            let before = all.last().map(|(_, _, id)| format!("&before={id}")).unwrap_or_default();
            let page = list(&format!("{query}&limit=13{before}"));
            assert!(page.len() <= 13 && all.len() < 1000);
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    };
    let all = list("limit=500");
    assert_eq!(all.len(), 3 + 2 * 89);
    assert_eq!(pages(""), all, "page after page is the whole list");
    let of = |is: &dyn Fn(&(i64, String, String)) -> bool| -> Vec<_> {
        all.iter().filter(|event| is(event)).cloned().collect()
    };
    let second = ids[1];
    assert_eq!(pages(&format!("serverId={second}")), of(&|event| event.0 == second));
    assert_eq!(pages("type=crashed"), of(&|event| event.1 == "crashed"));
    let both = of(&|event| event.0 == second && event.1 == "crashed");
    assert_eq!(both.len(), 30);
    assert_eq!(pages(&format!("type=crashed&serverId={second}")), both);
    // Whose event it is that one reads on after says nothing of whose are read.
    let after_another = list(&format!("serverId={second}&before={}-50&limit=1", ids[0]));
    let place = all.iter().position(|event| event.2 == format!("{}-50", ids[0])).unwrap();
    assert_eq!(after_another.first(), all[place..].iter().find(|event| event.0 == second));
    assert!(list(&format!("serverId={}", ids[2])).len() == 1 && list("serverId=999999").is_empty());
    for (query, sentence) in [
        ("serverId=web-1", "serverId: must be the number of a server"),
        ("serverId=", "serverId: must be the number of a server"),
        ("type=Online", "type: is none of the types of events"),
        ("before=12", "before: must be the id of an event, as 7-12"),
        ("before=1-2-3", "before: must be the id of an event, as 7-12"),
        ("before=1-4000", "before: there is no such event, or it is not kept any more"),
    ] {
        let answer = master.client.get(&format!("/api/activities?{query}"));
        assert_eq!((answer.status, answer.json()), (400, json!({"error": sentence})), "{query}");
    }
}

fn a_refused_container_stays(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    let db = CONTAINER.replace("eb6f6e2aaa26", "dddddddddddd").replace(r#""hc""#, r#""db""#);
    master.client.post("/api/agent/containers", &token, containers(&[CONTAINER, &db]));
    let bad = CONTAINER.replace("\"8099:80\"", "8099");
    let answer = master.client.post("/api/agent/containers", &token, containers(&[&bad, &db]));
    assert_eq!(
        answer.text(),
        r#"{"success":true,"data":{"accepted":1,"refused":1,"reasons":[{"index":0,"reason":"ports: invalid type: integer `8099`, expected a string"}]}}"#
    );
    let stored = master.client.get(&format!("/api/containers?serverId={id}")).json();
    let names: Vec<&str> = stored.as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["db", "hc"]);
    // One statement cannot write a row twice, so an id that is listed twice must not get that far.
    let answer = master.client.post("/api/agent/containers", &token, containers(&[CONTAINER, &db, CONTAINER]));
    assert_eq!(
        answer.text(),
        r#"{"success":true,"data":{"accepted":2,"refused":1,"reasons":[{"index":2,"reason":"containerId: is listed twice"}]}}"#
    );
    // An empty set is a set: everything is gone.
    assert_eq!(master.client.post("/api/agent/containers", &token, containers(&[])).status, 200);
    assert_eq!(master.client.get(&format!("/api/containers?serverId={id}")).text(), "[]");
}

fn what_a_container_says_besides_is_shown(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    let additions = r#","restartCount":4,"oomKilled":true,"createdAt":"2026-11-23T08:47:20.123456789Z","composeProject":"shop","composeService":"web","labelsLeftOut":2}"#;
    let full = CONTAINER.replacen(r#""exitCode":0}"#, &format!(r#""exitCode":0{additions}"#), 1);
    assert_eq!(master.client.post("/api/agent/containers", &token, containers(&[&full])).text(), r#"{"success":true}"#);
    let stored = master.client.get(&format!("/api/containers?serverId={id}"));
    let shown = additions.replace(".123456789Z", ".123Z");
    assert!(stored.text().contains(shown.trim_end_matches('}')), "{}", stored.text());
    let detail = master.client.get(&format!("/api/servers/{id}")).json();
    assert_eq!(detail["containers"][0], stored.json()[0]);
    // The next report is all that counts: an older agent took over.
    master.client.post("/api/agent/containers", &token, containers(&[CONTAINER]));
    let stored = master.client.get(&format!("/api/containers?serverId={id}"));
    for name in ["restartCount", "oomKilled", "createdAt", "composeProject", "composeService", "labelsLeftOut"] {
        assert!(!stored.text().contains(name), "{name}");
    }
}

fn while_containers_are_left_out_none_is_removed(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    let db = CONTAINER.replace("eb6f6e2aaa26", "dddddddddddd").replace(r#""hc""#, r#""db""#);
    let names = || {
        let stored = master.client.get(&format!("/api/containers?serverId={id}")).json();
        stored.as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let events = || master.client.get("/api/activities").json().as_array().unwrap().len();
    let report = |list: &[&str], left_out: &str| {
        let body = containers(list).replacen('{', &format!("{{{left_out}"), 1);
        assert_eq!(master.client.post("/api/agent/containers", &token, body).text(), r#"{"success":true}"#);
    };
    report(&[CONTAINER, &db], "");
    let before = events();
    report(&[CONTAINER], r#""containersLeftOut":1,"#);
    assert_eq!((names(), events()), (vec!["db".to_owned(), "hc".to_owned()], before));
    report(&[], r#""containersLeftOut":2,"#);
    assert_eq!((names(), events()), (vec!["db".to_owned(), "hc".to_owned()], before));
    // None is left out, so what is absent is gone.
    report(&[CONTAINER], r#""containersLeftOut":0,"#);
    assert_eq!((names(), events()), (vec!["hc".to_owned()], before + 1));
    assert_eq!(master.client.get("/api/activities").json()[0]["message"], "db was removed");
}

fn servers_are_listed_by_the_bytes_of_their_names(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    for name in ["b", "a", "Z", "ä", "_x", "a b"] {
        master.registered(name);
    }
    let servers = master.client.get("/api/servers").json();
    let names: Vec<&str> = servers.as_array().unwrap().iter().map(|server| server["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Z", "_x", "a", "a b", "b", "ä"]);
}
