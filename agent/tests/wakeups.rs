//! How often the agent's threads wake on a host where nothing happens: counted from outside, as voluntary context
//! switches of all its threads, at the default intervals made sixty times shorter.

mod scripted;

use std::time::Instant;

use scripted::*;

const HEARTBEATS: u64 = 15;

/// Times that a thread of `agent` went to sleep by itself.
fn sleeps(agent: &Agent) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", agent.child.id())).unwrap();
    tasks
        .map(|task| {
            let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
            line.trim().parse::<u64>().unwrap()
        })
        .sum()
}

/// Receives requests until `count` more heartbeats have come; how many reports of metrics came with them.
fn pass_heartbeats(master: &Master, count: u64) -> u64 {
    let (mut heartbeats, mut metrics, until) = (0, 0, Instant::now() + DEADLINE);
    while heartbeats < count {
        let left = until.saturating_duration_since(Instant::now());
        match master.requests.recv_timeout(left).expect("a heartbeat").path.as_str() {
            HEARTBEAT => heartbeats += 1,
            METRICS => metrics += 1,
            _ => {}
        }
    }
    metrics
}

#[test]
fn a_heartbeat_takes_two_wakeups_and_a_sample_two_more() {
    let master = Master::start(happy);
    // 60, 300 and 900 s at the default; no engine.
    let settings = [("HEARTBEAT_INTERVAL", "1"), ("METRICS_INTERVAL", "5"), ("CONTAINERS_INTERVAL", "15")];
    let agent = Agent::start(&master.url, &settings);
    pass_heartbeats(&master, 3);
    let before = sleeps(&agent);
    let samples = pass_heartbeats(&master, HEARTBEATS);
    let sleeps = sleeps(&agent) - before;
    println!("{sleeps} wake-ups for {HEARTBEATS} heartbeats and {samples} samples");
    assert!((2..=4).contains(&samples), "{samples}");
    // A heartbeat: its time, and its answer. A sample: its time on the thread that collects, and its answer; it goes
    // with the heartbeat of the same beat. On a busy machine one may miss the other, and a look may come in between.
    assert!(sleeps <= 2 * HEARTBEATS + 3 * samples + 2, "{sleeps} for {HEARTBEATS} heartbeats and {samples} samples");
}
