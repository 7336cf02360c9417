//! The list of servers: parameters, pages and tags.

use crate::common::client::Answer;
use crate::common::fixtures::{CONTAINER, ago, containers, metrics, sample};
use crate::common::{Database, Engine, Master, on_both_engines};

on_both_engines! {
    a_parameter_that_is_not_understood_is_named
    whatever_is_searched_for_is_plain_text
    pages_follow_one_another
    what_is_known_is_not_sent_again
}

fn a_parameter_that_is_not_understood_is_named(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    master.registered("web-1");
    let long = format!("search={}", "x".repeat(4096));
    for (query, sentence) in [
        ("limit=0", "limit: must be between 1 and 1000"),
        ("limit=-1", "limit: must be between 1 and 1000"),
        ("limit=1001", "limit: must be between 1 and 1000"),
        ("limit=1e9", "limit: must be between 1 and 1000"),
        ("limit=1000000000", "limit: must be between 1 and 1000"),
        ("limit=99999999999999999999", "limit: must be between 1 and 1000"),
        ("limit=ten", "limit: must be between 1 and 1000"),
        ("limit=", "limit: must be between 1 and 1000"),
        ("limit=%2B1", "limit: must be between 1 and 1000"),
        ("limit=1&limit=2", "limit: is given more than once"),
        ("after=web-1", "after: must be the number of a server"),
        ("after=-1", "after: must be the number of a server"),
        ("after=", "after: must be the number of a server"),
        ("after=9223372036854775808", "after: must be the number of a server"),
        ("after=9223372036854775807", "after: there is no server of this number"),
        ("status=up", "status: must be online, offline or maintenance"),
        ("status=Online", "status: must be online, offline or maintenance"),
        ("status=", "status: must be online, offline or maintenance"),
        ("sort=drop%20table%20servers", "sort: must be name, cpu, "),
        ("sort=name;drop%20table%20servers", "sort: must be name, cpu, "),
        ("sort=--cpu", "sort: must be name, cpu, "),
        ("sort=-", "sort: must be name, cpu, "),
        ("sort=", "sort: must be name, cpu, "),
        (&long, "search: must be at most 128 bytes"),
    ] {
        let answer = master.client.get(&format!("/api/servers?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        let said = answer.json()["error"].as_str().unwrap_or_default().to_owned();
        assert!(said.starts_with(sentence), "{query}: {said}");
        assert_eq!(answer.header("etag"), None, "{query}");
    }
    // Somebody else's parameter is nothing to us.
    let all = master.client.get("/api/servers?_=1795000000&x=%FF");
    assert_eq!((all.status, names(&all)), (200, vec!["web-1".to_owned()]));
}

fn whatever_is_searched_for_is_plain_text(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    for name in ["web-1", "WEB_2", "100%", "it's", "Ärger"] {
        master.registered(name);
    }
    for (search, expected) in [
        ("web", &["WEB_2", "web-1"][..]),
        ("_", &["WEB_2"]),
        ("%25", &["100%"]),
        ("'", &["it's"]),
        ("%27%20OR%20%27%27=%27", &[]),
        ("%22", &[]),
        ("%5C", &[]),
        ("%00", &[]),
        ("%C3%A4rg", &["Ärger"]),
        ("%FF", &[]),
        // Every host is called host-1.
        ("OST-1", &["100%", "WEB_2", "it's", "web-1", "Ärger"]),
        ("", &["100%", "WEB_2", "it's", "web-1", "Ärger"]),
    ] {
        let answer = master.client.get(&format!("/api/servers?search={search}"));
        assert_eq!((answer.status, names(&answer)), (200, owned(expected)), "{search}");
        assert_eq!(answer.header("x-total-count"), Some(expected.len().to_string().as_str()), "{search}");
    }
}

fn pages_follow_one_another(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let client = master.client;
    for (name, cpu, has_container) in
        [("a", Some("7.5"), false), ("b", None, true), ("c", Some("90.25"), false), ("d", Some("7.5"), true)]
    {
        let (_, token) = master.registered(name);
        if let Some(cpu) = cpu {
            let answer = client.post("/api/agent/metrics", &token, metrics(&[sample(ago(0)).replace("14.85", cpu)]));
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        if has_container {
            client.post("/api/agent/containers", &token, containers(&[CONTAINER]));
        }
    }
    let whole = client.get("/api/servers");
    assert_eq!((names(&whole), whole.header("x-total-count")), (owned(&["a", "b", "c", "d"]), Some("4")));
    for (sort, expected) in [
        ("name", ["a", "b", "c", "d"]),
        ("-name", ["d", "c", "b", "a"]),
        ("cpu", ["a", "d", "c", "b"]),
        ("-cpu", ["c", "a", "d", "b"]),
        ("-containerCount", ["b", "d", "a", "c"]),
        ("lastSeenAt", ["a", "b", "c", "d"]),
    ] {
        assert_eq!(names(&client.get(&format!("/api/servers?sort={sort}"))), expected, "{sort}");
        for size in 1..=5 {
            let (mut paged, mut after) = (Vec::new(), String::new());
            loop {
                let page = client.get(&format!("/api/servers?sort={sort}&limit={size}{after}"));
                assert_eq!(page.header("x-total-count"), Some("4"));
                let rows = page.json();
                let Some(last) = rows.as_array().unwrap().last() else { break };
                after = format!("&after={}", last["id"]);
                paged.extend(names(&page));
            }
            assert_eq!(paged, expected, "{sort} by {size}");
        }
    }
    // A server that comes meanwhile neither repeats nor hides another.
    let first = client.get("/api/servers?limit=2").json();
    master.registered("aa");
    let rest = client.get(&format!("/api/servers?limit=2&after={}", first[1]["id"]));
    assert_eq!(names(&rest), ["c", "d"]);

    database.execute("UPDATE servers SET status = 'maintenance' WHERE name IN ('b', 'd')");
    let some = client.get("/api/servers?status=maintenance&sort=-name&limit=1");
    assert_eq!((names(&some), some.header("x-total-count")), (owned(&["d"]), Some("2")));
    // Its page may come after one that is not asked for any more.
    let id = whole.json()[2]["id"].clone();
    assert_eq!(names(&client.get(&format!("/api/servers?status=maintenance&after={id}"))), ["d"]);
}

fn what_is_known_is_not_sent_again(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    for path in ["/api/servers", "/api/servers?limit=5&sort=-cpu", &format!("/api/servers/{id}")] {
        let ask = |tag: &str| master.client.request("GET", path, &[("If-None-Match", tag)], b"");
        let whole = master.client.get(path);
        let tag = whole.header("etag").unwrap().to_owned();
        assert_eq!(whole.header("cache-control"), Some("private, no-cache"));
        assert_eq!(whole.header("content-type"), Some("application/json; charset=utf-8"));
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let answer = ask(&known);
            assert_eq!((answer.status, answer.text()), (304, ""), "{path} {known}");
            assert_eq!(answer.header("etag"), Some(tag.as_str()));
            assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
            assert_eq!(answer.header("x-total-count"), whole.header("x-total-count"));
        }
        for unknown in ["\"other\"", tag.trim_matches('"'), "", "\"", "\u{e4}"] {
            let answer = ask(unknown);
            assert_eq!((answer.status, answer.text()), (200, whole.text()), "{path} {unknown}");
        }
        let head = master.client.request("HEAD", path, &[], b"");
        assert_eq!((head.status, head.header("etag")), (200, Some(tag.as_str())));
        // Any word of the agent changes the answer.
        master.client.post("/api/agent/metrics", &token, metrics(&[sample(ago(0))]));
        let answer = ask(&tag);
        assert_eq!(answer.status, 200, "{path}");
        assert_ne!(answer.header("etag"), Some(tag.as_str()));
    }
    let missing = master.client.request("GET", "/api/servers/999", &[("If-None-Match", "*")], b"");
    assert_eq!((missing.status, missing.header("cache-control")), (404, Some("no-store")));
}

fn names(answer: &Answer) -> Vec<String> {
    let servers = answer.json();
    servers.as_array().unwrap().iter().map(|server| server["name"].as_str().unwrap().to_owned()).collect()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
