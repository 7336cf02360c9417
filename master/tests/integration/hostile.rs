//! Input that means harm, or that a broken agent sends: it is refused with a sentence, nothing of it is stored, and it
//! never costs a 5xx.

use std::io::{BufReader, Write};

use serde_json::{Value, json};

use crate::common::client::{Answer, read_answer};
use crate::common::fixtures::{
    AGENT_SECRET, CONTAINER, READINGS, ago, containers, metrics, registration, sample, sample_with,
};
use crate::common::{Database, Engine, Master, on_both_engines};

const BODY_MAX_BYTES: usize = 1024 * 1024;

on_both_engines! {
    what_is_not_understood_is_a_400_with_a_sentence
    one_bad_sample_does_not_cost_the_others
    bodies_are_bounded
    unknown_routes_and_methods_are_json
    broken_requests_do_not_end_the_master
    mutated_bodies_never_cost_a_5xx
    any_content_type_will_do
}

fn refused(answer: &Answer, what: &str) -> String {
    let body = answer.json();
    assert_eq!((answer.status, &body["success"]), (400, &json!(false)), "{what}: {body}");
    let sentence = body["error"].as_str().unwrap_or_default().to_owned();
    assert!(!sentence.is_empty() && sentence.len() < 500, "{what}: {body}");
    sentence
}

fn what_is_not_understood_is_a_400_with_a_sentence(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let client = master.client;
    let (id, token) = master.registered("web-1");
    client.post("/api/agent/containers", &token, containers(&[CONTAINER]));

    let deep = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    let shapes: Vec<Vec<u8>> = [
        &b""[..],
        b" ",
        b"null",
        b"true",
        b"7",
        b"\"text\"",
        b"[]",
        b"[[]]",
        b"{",
        b"{}x",
        b"{\"a\"}",
        b"{'a':1}",
        b"NaN",
        b"{\"metrics\":[NaN],\"containers\":[Infinity]}",
        b"\xff\xfe\x00",
        b"{\"metrics\":[\"\xff\"],\"containers\":[\"\xff\"],\"serverName\":\"\xff\"}",
        b"{\"metrics\":1,\"metrics\":[],\"containers\":1,\"containers\":1,\"serverName\":1,\"serverName\":1,\"timestamp\":1}",
        b"{\"metrics\":[null],\"containers\":[null],\"serverName\":[null],\"timestamp\":{}}",
        b"{\"metrics\":[[]],\"containers\":[[]],\"serverName\":{},\"agentVersion\":[]}",
        b"\0",
        b"{\"metrics\":[{}],\"containers\":[{}],\"serverName\":\"x\",\"serverInfo\":{},\"timestamp\":\"\\ud800\"}",
    ]
    .iter()
    .map(|body| body.to_vec())
    .chain([deep(10_000), deep(400_000), b"{\"a\":".repeat(150_000)])
    .collect();
    for body in &shapes {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        for path in ["/api/agent/metrics", "/api/agent/containers", "/api/agent/heartbeat"] {
            refused(&client.post(path, &token, body), &format!("{path} {shown}"));
        }
        refused(&client.register(AGENT_SECRET, body), &format!("register {shown}"));
    }

    let good = sample(ago(0));
    for (from, to, sentence) in [
        ("14.85", "140", "cpuPercent: must be between 0 and 100, got 140"),
        ("14.85", "1e400", "cpuPercent: number out of range"),
        ("3.09", "-1", "memoryPercent: must be between 0 and 100, got -1"),
        ("0.73", "\"much\"", "memoryUsedGb: invalid type: string \"much\", expected f64"),
        ("443323758", "18446744073709551616", "networkRxBytes: "),
        ("986331", "9223372036854775808", "networkTxBytes: must be at most 9223372036854775807"),
        ("\"diskPercent\":6.31,", "", "diskPercent: is missing"),
        ("\"timestamp\":\"2", "\"timestamp\":\"3", "timestamp: is more than 5 minutes ahead of the master's clock"),
    ] {
        assert!(good.contains(from));
        let body = metrics(&[good.replacen(from, to, 1)]);
        let said = refused(&client.post("/api/agent/metrics", &token, body), to);
        assert!(said.starts_with(sentence), "{said}");
    }
    for (from, to, sentence) in [
        ("\"hc\"", "\"h\\u0000c\"", "name: must not contain a NUL character"),
        ("\"labels\":{}", "\"labels\":{\"\\u0000\":\"\"}", "labels: must not contain a NUL character"),
        ("eb6f6e2aaa26", "'; DROP TABLE servers; --", "containerId: must be 1 to 64 letters and digits"),
        ("\"exitCode\":0", "\"exitCode\":9223372036854775808", "exitCode: "),
    ] {
        let body = containers(&[&CONTAINER.replacen(from, to, 1)]);
        let said = refused(&client.post("/api/agent/containers", &token, body), to);
        assert!(said.starts_with(sentence), "{said}");
    }
    let nul = registration("web\\u0000-1");
    assert_eq!(refused(&client.register(AGENT_SECRET, nul), "NUL"), "serverName: must not contain a NUL character");
    let nul = registration("web-2").replace("Ubuntu", "\\u0000");
    let said = refused(&client.register(AGENT_SECRET, nul), "NUL");
    assert_eq!(said, "serverInfo.osName: must not contain a NUL character");

    // Nothing of all that was stored, and what was there before still is.
    assert_eq!(client.get("/api/servers").json().as_array().unwrap().len(), 1);
    let history = client.get(&format!("/api/servers/{id}/metrics/history?range=30d")).json();
    assert_eq!(history["dataPoints"], json!([]));
    assert_eq!(client.get(&format!("/api/containers?serverId={id}")).json().as_array().unwrap().len(), 1);
}

fn one_bad_sample_does_not_cost_the_others(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    let bad = sample(ago(2000)).replace("14.85", "140");
    let body = metrics(&[sample(ago(3000)), bad, "\"what\"".to_owned(), sample(ago(1000))]);
    let answer = master.client.post("/api/agent/metrics", &token, body);
    assert_eq!(
        (answer.status, answer.text()),
        (
            200,
            r#"{"success":true,"data":{"accepted":2,"refused":2,"reasons":[{"index":1,"reason":"cpuPercent: must be between 0 and 100, got 140"},{"index":2,"reason":"must be a JSON object"}]}}"#
        )
    );
    let history = master.client.get(&format!("/api/servers/{id}/metrics/history?range=1h")).json();
    assert_eq!(history["dataPoints"].as_array().unwrap().len(), 2);
}

fn bodies_are_bounded(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let client = master.client;
    let (_, token) = master.registered("web-1");
    let padded = |bytes: usize| {
        let mut body = containers(&[]).into_bytes();
        body.resize(bytes, b' ');
        body
    };
    let sentence = r#"{"success":false,"error":"Request body is larger than 1048576 bytes"}"#;
    let answer = client.post("/api/agent/containers", &token, padded(BODY_MAX_BYTES));
    assert_eq!((answer.status, answer.text()), (200, r#"{"success":true}"#), "the exact fit");
    for bytes in [BODY_MAX_BYTES + 1, 3 * BODY_MAX_BYTES] {
        let answer = client.post("/api/agent/containers", &token, padded(bytes));
        assert_eq!((answer.status, answer.text()), (413, sentence), "{bytes}");
    }
    let answer = client.register(AGENT_SECRET, padded(BODY_MAX_BYTES + 1));
    assert_eq!((answer.status, answer.text()), (413, sentence));

    // In chunks, without saying how much.
    let mut request = format!(
        "POST /api/agent/containers HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    .into_bytes();
    for chunk in padded(2 * BODY_MAX_BYTES).chunks(65_536) {
        request.extend(format!("{:x}\r\n", chunk.len()).bytes());
        request.extend(chunk);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    let answer = client.raw(&request, false).unwrap();
    assert_eq!((answer.status, answer.text()), (413, sentence));

    // A client that asks first is told before it sends anything.
    let mut stream = client.connect().unwrap();
    let head = format!(
        "POST /api/agent/containers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(read_answer(&mut BufReader::new(stream), false).unwrap().status, 413);

    // Without a good token, the body is not even read.
    assert_eq!(client.post("/api/agent/containers", "x", padded(10)).status, 401);
}

fn unknown_routes_and_methods_are_json(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let client = master.client;
    for (method, path, status, body) in [
        ("GET", "/api/nope", 404, r#"{"error":"Not found"}"#),
        ("GET", "/api", 404, r#"{"error":"Not found"}"#),
        ("GET", "/api/", 404, r#"{"error":"Not found"}"#),
        ("POST", "/api/agent/nope", 404, r#"{"success":false,"error":"Not found"}"#),
        ("GET", "/api/agent/metrics", 405, r#"{"success":false,"error":"Method not allowed"}"#),
        ("PUT", "/api/agent/register", 405, r#"{"success":false,"error":"Method not allowed"}"#),
        ("POST", "/api/servers", 405, r#"{"error":"Method not allowed"}"#),
        ("PUT", "/api/servers/1", 405, r#"{"error":"Method not allowed"}"#),
        ("POST", "/some/page", 404, r#"{"error":"Not found"}"#),
    ] {
        let answer = client.request(method, path, &[], b"");
        assert_eq!((answer.status, answer.text()), (status, body), "{method} {path}");
        assert!(answer.header("content-type").unwrap().starts_with("application/json"));
        assert_eq!(answer.header("allow").is_some(), status == 405, "{method} {path}");
    }
    for path in ["/api/stats", "/healthz"] {
        let answer = client.request("HEAD", path, &[], b"");
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    assert_eq!(client.get("/healthz").json(), json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}));
    assert_eq!(client.get("/openapi.json").json()["openapi"], json!("3.1.0"));
}

fn broken_requests_do_not_end_the_master(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let client = master.client;
    let long_header = format!("GET /api/servers HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "a".repeat(1 << 20));
    let many_headers = format!("GET /api/servers HTTP/1.1\r\nHost: x\r\n{}\r\n", "X-A: b\r\n".repeat(5000));
    let long_path = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(1 << 17));
    let odd_paths =
        ["/api/servers/%00", "/api/servers/%ff", "//api//servers", "/api/../etc/passwd", "/%2e%2e/x", "/?%"];
    let odd_paths = odd_paths.map(|path| format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    let odd_auth = "POST /api/agent/metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: \u{ff}\r\nContent-Length: 0\r\n\r\n";
    let requests = [
        "\0\0\0\0\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "POST /api/agent/register HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        "POST /api/agent/register HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0",
        odd_auth,
        &long_header,
        &many_headers,
        &long_path,
    ];
    for request in requests.iter().copied().chain(odd_paths.iter().map(String::as_str)) {
        // Whether it is refused or hung up on is the HTTP library's choice; a 5xx is nobody's.
        if let Ok(answer) = client.raw(request.as_bytes(), false) {
            assert!(answer.status < 500, "{} {request:.80}", answer.status);
        }
    }
    // Half a request, and then nothing.
    let mut stream = client.connect().unwrap();
    stream.write_all(b"POST /api/agent/metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf").unwrap();
    drop(stream);
    assert_eq!(client.get("/healthz").status, 200);
}

fn mutated_bodies_never_cost_a_5xx(engine: Engine) {
    const SEED: u64 = 20_261_123;
    const ROUNDS: usize = 250;
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (_, token) = master.registered("web-1");
    let random = &mut fastrand::Rng::with_seed(SEED);
    let two_containers = containers(&[CONTAINER, &CONTAINER.replace("eb6f6e2aaa26", "aaaaaaaaaaaa")]);
    let bodies = [
        ("/api/agent/metrics", metrics(&[sample(ago(2000)), sample(ago(1000))])),
        ("/api/agent/metrics", metrics(&[sample_with(ago(500), READINGS)])),
        ("/api/agent/containers", two_containers),
        ("/api/agent/heartbeat", format!(r#"{{"timestamp":"{}","agentVersion":"0.1.0"}}"#, ago(0))),
        ("/api/agent/register", registration("web-1")),
    ];
    for (path, body) in &bodies {
        let mut accepted = 0;
        for _ in 0..ROUNDS {
            let mutant = mutated(body.as_bytes(), random);
            let answer = match *path {
                "/api/agent/register" => master.client.register(AGENT_SECRET, &mutant),
                path => master.client.post(path, &token, &mutant),
            };
            let shown = String::from_utf8_lossy(&mutant);
            assert!(matches!(answer.status, 200 | 400), "{} {path} {shown}", answer.status);
            let envelope = answer.json();
            assert_eq!(envelope["success"], Value::Bool(answer.status == 200), "{path} {shown}");
            accepted += usize::from(answer.status == 200);
        }
        // The mutants are near enough to the real thing to get past the first check.
        assert!(accepted > 0, "{path}");
    }
    for path in [
        "/api/servers",
        "/api/servers/1",
        "/api/servers/1/metrics/latest",
        "/api/activities",
        "/api/stats",
        "/api/containers?serverId=1",
    ] {
        assert_eq!(master.client.get(path).status, 200, "{path}");
    }
}

fn mutated(body: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    const TOKENS: [&str; 16] = [
        "null",
        "-1",
        "1e308",
        "\"\"",
        "\\u0000",
        "{}",
        "[]",
        "true",
        "0",
        "9223372036854775807",
        "\\ud800",
        ",",
        "\"",
        "18446744073709551615",
        "é",
        ":",
    ];
    let mut body = body.to_vec();
    for _ in 0..random.usize(1..4) {
        let at = random.usize(0..body.len());
        match random.u8(0..5) {
            0 => body[at] = random.u8(..),
            1 => drop(body.remove(at)),
            2 => body.insert(at, random.u8(..)),
            3 => drop(body.splice(at..at, random.choice(TOKENS).unwrap().bytes())),
            _ => {
                // Swaps one number for a token, the place where ranges are checked.
                let start = body.iter().skip(at).position(u8::is_ascii_digit).map(|offset| at + offset);
                let Some(start) = start else { continue };
                let length = body[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                drop(body.splice(start..start + length, random.choice(TOKENS).unwrap().bytes()));
            }
        }
        if body.is_empty() {
            return body;
        }
    }
    body
}

fn any_content_type_will_do(engine: Engine) {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let (_, token) = master.registered("web-1");
    let authorization = format!("bearer {token}");
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "nonsense"] {
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", content_type)];
        let body = metrics(&[sample(ago(0))]);
        let answer = master.client.request("POST", "/api/agent/metrics", &headers, body.as_bytes());
        assert_eq!(answer.status, 200, "{content_type}: {}", answer.text());
    }
}
