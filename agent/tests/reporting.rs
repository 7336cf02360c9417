//! The real agent binary against a master made of scripted answers: what is sent, in which order, and what is said.

mod scripted;

use std::net::TcpListener;
use std::process::Command;
use std::time::Instant;

use scripted::*;

#[test]
fn registers_with_the_secret_and_reports_with_the_token() {
    let master = Master::start(happy);
    let agent = Agent::start(&master.url, &[("HEARTBEAT_INTERVAL", "1")]);
    let register = master.next(REGISTER);
    assert!(register.headers.to_ascii_lowercase().contains("x-agent-secret: fleet-secret\r\n"), "{}", register.headers);
    assert_eq!(register.body["serverName"], "web-1");
    assert_eq!(register.body["serverInfo"]["name"], "web-1");
    assert!(register.body["serverInfo"]["cpuCores"].as_u64().unwrap() > 0);
    let metrics = master.next(METRICS);
    assert!(
        metrics.headers.to_ascii_lowercase().contains("authorization: bearer abc.def.ghi\r\n"),
        "{}",
        metrics.headers
    );
    assert!(metrics.body["metrics"][0]["memoryTotalGb"].as_f64().unwrap() > 0.0);
    assert!(master.next(HEARTBEAT).body["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(agent.line("Registered"), "[Client] Registered successfully (serverId: 7)");
}

#[test]
fn says_the_lines_that_scripts_look_for() {
    let master = Master::start(happy);
    let agent = Agent::start(&master.url, &[]);
    let metrics = agent.line("[Scheduler] Collected metrics: CPU ");
    let (cpu, memory) =
        metrics.strip_prefix("[Scheduler] Collected metrics: CPU ").unwrap().split_once("%, Memory ").unwrap();
    assert!(cpu.parse::<f64>().is_ok() && memory.strip_suffix('%').unwrap().parse::<f64>().is_ok(), "{metrics}");
    assert_eq!(agent.line("Docker is"), "[Scheduler] Docker is not available");
    assert_eq!(agent.line("Running"), "[Agent] Running. Press Ctrl+C to stop.");
}

#[test]
fn what_was_buffered_goes_out_oldest_first_in_one_request() {
    let master = Master::start(|request| (request.path == REGISTER).then(registered));
    let agent = Agent::start(&master.url, &[]);
    assert!(agent.line("attempt 1/3").starts_with("[Client] Request failed (attempt 1/3): "));
    for _ in 0..3 {
        agent.line("Collected metrics");
    }
    master.answer_with(happy);
    let sent = agent.line("buffered samples");
    let largest = std::iter::from_fn(|| master.requests.try_recv().ok())
        .filter(|request| request.path == METRICS)
        .max_by_key(|request| timestamps(request).len())
        .unwrap();
    let times = timestamps(&largest);
    assert!(times.len() >= 3 && times.is_sorted(), "{times:?}");
    assert_eq!(sent, format!("[Client] Sent {} buffered samples", times.len()));
}

#[test]
fn a_full_buffer_drops_the_oldest_and_says_how_many() {
    let master = Master::start(|request| (request.path == REGISTER).then(registered));
    let agent = Agent::start(&master.url, &[("BUFFER_MAX_SIZE", "2")]);
    assert_eq!(agent.line("Buffer full"), "[Scheduler] Buffer full: the oldest sample was dropped, 1 in all");
    master.answer_with(happy);
    assert_eq!(agent.line("buffered samples"), "[Client] Sent 2 buffered samples");
}

/// An outage of more samples than the buffer holds, which stands for more than a day with `BUFFER_MAX_SIZE=288`.
#[test]
fn the_loss_of_a_long_outage_is_exact_in_the_report() {
    let master = Master::start(|request| (request.path == REGISTER).then(registered));
    let mut agent = Agent::start(&master.url, &[("BUFFER_MAX_SIZE", "3")]);
    let mut collected = 0;
    let mut lines_until = |part: &str, count: usize| {
        let mut seen = 0;
        while seen < count {
            let line = agent.line("");
            collected += usize::from(line.contains("Collected metrics"));
            seen += usize::from(line.contains(part));
        }
    };
    lines_until("Buffer full", 2);
    let attempted = std::iter::from_fn(|| master.requests.try_recv().ok()).filter(|request| request.path == METRICS);
    let first = attempted.flat_map(|request| timestamps(&request)).min().expect("the first sample was tried");
    master.answer_with(happy);
    lines_until("buffered samples", 1);
    // What is taken from now on says what was lost before.
    lines_until("Collected metrics", 2);
    agent.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(agent.exit_code(), Some(0));
    collected += agent.lines.iter().filter(|line| line.contains("Collected metrics")).count();

    let requests = std::iter::from_fn(|| master.requests.try_recv().ok()).filter(|request| request.path == METRICS);
    let samples = requests.flat_map(|request| request.body["metrics"].as_array().unwrap().clone());
    // The first of these requests may be one that was not answered; what it carried comes again or is lost.
    let arrived: std::collections::BTreeMap<String, serde_json::Value> = samples
        .map(|sample| (sample["timestamp"].as_str().unwrap().to_owned(), sample["readings"]["agent"].clone()))
        .collect();
    let (_, standing) = arrived.last_key_value().unwrap();
    let lost_until = standing["samplesDroppedUntil"].as_str().unwrap();
    assert_eq!(standing["samplesDroppedFrom"], first);
    let stored = arrived.keys().filter(|time| time.as_str() > lost_until).count();
    assert_eq!(standing["samplesDroppedTotal"], collected - stored, "{standing} {arrived:#?}");
}

#[test]
fn without_a_buffer_a_failed_sample_is_dropped_and_said() {
    let master = Master::start(|request| (request.path == REGISTER).then(registered));
    let agent = Agent::start(&master.url, &[("BUFFER_ENABLED", "false")]);
    assert_eq!(agent.line("Dropped"), "[Client] Dropped 1 samples: BUFFER_ENABLED is false");
}

#[test]
fn a_refused_token_means_register_again_and_repeat() {
    let mut refusals = 1;
    let master = Master::start(move |request| match request.path.as_str() {
        METRICS if refusals > 0 => {
            refusals -= 1;
            Some(reply(401, r#"{"success":false,"error":"Invalid or expired token"}"#))
        }
        _ => happy(request),
    });
    let agent = Agent::start(&master.url, &[]);
    assert_eq!(agent.line("registering"), "[Client] Invalid or expired token: registering again");
    agent.line("Registered successfully");
    let refused = timestamps(&master.next(METRICS));
    master.next(REGISTER);
    assert_eq!(timestamps(&master.next(METRICS)), refused);
}

#[test]
fn a_rejected_secret_is_said_and_the_agent_stays() {
    let master = Master::start(|_| Some(reply(401, r#"{"success":false,"error":"Invalid or missing agent secret"}"#)));
    let mut agent = Agent::start(&master.url, &[]);
    assert!(agent.line("[Client] ").contains("Invalid or missing agent secret"));
    agent.line("Collected metrics");
    agent.line("Collected metrics");
    assert!(agent.child.try_wait().unwrap().is_none());
    let registrations = std::iter::from_fn(|| master.requests.try_recv().ok()).count();
    assert_eq!(registrations, 1, "a slow pace");
}

#[test]
fn a_busy_master_is_tried_again() {
    let mut busy = 2;
    let master = Master::start(move |request| match request.path.as_str() {
        METRICS if busy > 0 => {
            busy -= 1;
            Some(reply(503, r#"{"success":false,"error":"The store is not available"}"#))
        }
        _ => happy(request),
    });
    let agent = Agent::start(&master.url, &[]);
    let line = agent.line("attempt 1/3");
    assert_eq!(line, "[Client] Request failed (attempt 1/3): the master answered 503: The store is not available");
    let first = timestamps(&master.next(METRICS));
    assert_eq!(timestamps(&master.next(METRICS)).first(), first.first());
    assert_eq!(timestamps(&master.next(METRICS)).first(), first.first());
}

#[test]
fn a_redirect_is_not_followed_and_said() {
    let master = Master::start(|_| Some(Reply { headers: "Location: https://elsewhere/\r\n", ..reply(301, "") }));
    let agent = Agent::start(&master.url, &[]);
    assert!(agent.line("redirects").contains("the master redirects to https://elsewhere/, which is not followed"));
}

#[test]
fn an_answer_that_is_no_answer_is_not_trusted() {
    let master = Master::start(|_| Some(reply(200, "<html>captive portal</html>")));
    let agent = Agent::start(&master.url, &[]);
    let line = agent.line("attempt 1/3");
    assert_eq!(line, "[Client] Request failed (attempt 1/3): the answer with 200 is not a Neon master's");
    master.answer_with(|_| Some(accepted()));
    agent.line("Registration failed: the master's answer has no serverId and token");
    agent.line("Collected metrics");
}

#[test]
fn a_signal_sends_what_is_buffered_and_ends_with_0() {
    for signal in [nix::sys::signal::Signal::SIGTERM, nix::sys::signal::Signal::SIGINT] {
        // It asks for a long pause, so that only the last attempt can deliver.
        let busy = Reply { headers: "Retry-After: 900\r\n", ..reply(503, "") };
        let master =
            Master::start(move |request| if request.path == REGISTER { happy(request) } else { Some(busy.clone()) });
        let mut agent = Agent::start(&master.url, &[]);
        agent.line("attempt 1/3");
        // The first of them may be of the sample that was just tried; one alone is not said to be sent.
        agent.line("Collected metrics");
        agent.line("Collected metrics");
        master.answer_with(happy);
        agent.signal(signal);
        agent.line("buffered samples");
        assert_eq!(agent.exit_code(), Some(0));
    }
}

#[test]
fn a_signal_ends_the_agent_also_when_the_master_hangs() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut agent = Agent::start(&format!("http://{}", listener.local_addr().unwrap()), &[]);
    agent.line("Running");
    let (_held, _) = listener.accept().unwrap();
    agent.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(agent.exit_code(), Some(0));
}

#[test]
fn a_bad_configuration_ends_with_2_and_names_the_key() {
    for key in ["SERVER_NAME", "MASTER_URL", "AGENT_SECRET", "METRICS_INTERVAL"] {
        let output = Command::new(env!("CARGO_BIN_EXE_neon-agent"))
            .env_clear()
            .envs([("SERVER_NAME", "web-1"), ("MASTER_URL", "http://127.0.0.1:1"), ("AGENT_SECRET", "s")])
            .env(key, if key == "METRICS_INTERVAL" { "soon" } else { "" })
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), message.lines().count()), (Some(2), 1), "{message}");
        assert!(message.starts_with(&format!("neon-agent: {key}: ")), "{message}");
    }
}

#[test]
fn the_secret_appears_nowhere_in_the_log() {
    let master = Master::start(happy);
    let mut agent = Agent::start(&master.url, &[]);
    master.next(METRICS);
    agent.signal(nix::sys::signal::Signal::SIGTERM);
    agent.exit_code();
    let log: Vec<String> = agent.lines.iter().collect();
    assert!(log.iter().any(|line| line.contains("SERVER_NAME=web-1")), "{log:?}");
    assert!(log.iter().all(|line| !line.contains("fleet-secret")), "{log:?}");
}

#[test]
fn health_says_whether_the_master_takes_reports() {
    let master = Master::start(|_| None);
    let agent = Agent::start(&master.url, &[]);
    let health = || {
        let pid = agent.child.id().to_string();
        let run = Command::new(env!("CARGO_BIN_EXE_neon-agent")).env_clear().args(["health", &pid]).output().unwrap();
        (run.status.code(), String::from_utf8(if run.status.success() { run.stdout } else { run.stderr }).unwrap())
    };
    agent.line("Running");
    let (code, text) = health();
    assert_eq!(code, Some(1));
    assert!(text.starts_with(&format!("neon-agent: process {} started ", agent.child.id())), "{text}");
    assert!(text.ends_with(" s ago and has not reported to its master yet\n"), "{text}");
    master.answer_with(happy);
    master.next(METRICS);
    let until = Instant::now() + DEADLINE;
    while health().0 != Some(0) {
        assert!(Instant::now() < until, "{health:?}", health = health());
    }
    assert!(health().1.contains(" reported to its master "), "{:?}", health());
    let pid = agent.child.id();
    drop(agent);
    let gone = Command::new(env!("CARGO_BIN_EXE_neon-agent")).args(["health", &pid.to_string()]).output().unwrap();
    assert_eq!(gone.status.code(), Some(1));
    assert_eq!(gone.stderr, b"neon-agent: no agent runs here that this user may look at\n");
}
