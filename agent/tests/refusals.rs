//! The real agent binary against masters that do not take everything: what cannot be delivered is dropped alone, counted
//! and said, and nothing else is.

mod scripted;

use std::fmt::Write as _;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use scripted::*;

/// What proxies answer to a body that they do not take, in their own words.
const PROXYS_413: &str = "<html><head><title>413 Request Entity Too Large</title></head></html>";

/// The `/proc` of a host with so many processors that a sample of it is large. Its processors work while it is there.
struct LargeHost {
    folder: PathBuf,
    ended: Arc<AtomicBool>,
}

impl LargeHost {
    const PROCESSORS: usize = 256;

    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("neon-agent-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("meminfo"), "MemTotal: 2097152 kB\nMemAvailable: 1048576 kB\n").unwrap();
        let stat = std::fs::File::create(folder.join("stat")).unwrap();
        stat.write_all_at(Self::stat(0).as_bytes(), 0).unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let until = ended.clone();
        std::thread::spawn(move || {
            for ticks in 1.. {
                std::thread::sleep(Duration::from_millis(20));
                // Every number keeps its width, so that a read in between finds whole ones.
                if until.load(Ordering::Relaxed) || stat.write_all_at(Self::stat(ticks).as_bytes(), 0).is_err() {
                    break;
                }
            }
        });
        Self { folder, ended }
    }

    fn stat(ticks: u64) -> String {
        (0..Self::PROCESSORS).fold(format!("cpu  {ticks:010} 0 0 {ticks:010}\n"), |mut stat, processor| {
            writeln!(stat, "cpu{processor} {ticks:010} 0 0 {ticks:010}").unwrap();
            stat
        })
    }

    fn agent(&self, master: &Master) -> Agent {
        Agent::start(&master.url, &[("HOST_PROC", self.folder.to_str().unwrap())])
    }
}

impl Drop for LargeHost {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A master that takes no report until `opened`, then answers as `judge` does. What it has taken comes back in order.
fn opened_later(
    judge: impl Fn(&Request) -> Option<Reply> + Send + 'static,
) -> (Master, Arc<AtomicBool>, Receiver<Request>) {
    let (opened, (sender, taken)) = (Arc::new(AtomicBool::new(false)), channel());
    let is_open = opened.clone();
    let master = Master::start(move |request| {
        if request.path != METRICS {
            return happy(request);
        }
        if !is_open.load(Ordering::Relaxed) {
            return None;
        }
        let reply = judge(request);
        if reply.as_ref().is_some_and(|reply| reply.status == 200) {
            let _ = sender.send(request.clone());
        }
        reply
    });
    (master, opened, taken)
}

/// Reads what the master has taken until it has `count` samples: their times.
fn taken_samples(taken: &Receiver<Request>, count: usize) -> Vec<String> {
    let (mut times, until) = (Vec::new(), Instant::now() + DEADLINE);
    while times.len() < count {
        let left = until.saturating_duration_since(Instant::now());
        times.extend(timestamps(&taken.recv_timeout(left).unwrap_or_else(|_| panic!("only {times:?}"))));
    }
    times
}

/// Asserts that samples stand in order, each once, with none missing between them: one an interval of a second.
fn without_a_gap(times: &[String]) {
    let ms: Vec<i64> = times.iter().map(|time| neon_shared::time::Timestamp::parse(time).unwrap().unix_ms()).collect();
    for pair in ms.windows(2) {
        // A busy machine may be late, never by two beats in a row.
        assert!((1..3000).contains(&(pair[1] - pair[0])), "{times:?}");
    }
}

#[test]
fn a_backlog_reaches_a_master_behind_a_proxy_that_takes_64_kib() {
    const LIMIT_BYTES: usize = 64 * 1024;
    let host = LargeHost::new("64-kib");
    let (master, opened, taken) = opened_later(|request| match request.bytes {
        ..=LIMIT_BYTES => happy(request),
        _ => Some(reply(413, PROXYS_413)),
    });
    let agent = host.agent(&master);
    let one = master.next(METRICS).bytes;
    let samples = 2 * LIMIT_BYTES / one + 1;
    assert!(one < LIMIT_BYTES && samples < 20, "{one} bytes a sample");
    for _ in 0..samples {
        agent.line("Collected metrics");
    }
    opened.store(true, Ordering::Relaxed);
    without_a_gap(&taken_samples(&taken, samples));
}

#[test]
fn a_backlog_gets_through_where_large_bodies_are_hung_up_on() {
    const LIMIT_BYTES: usize = 64 * 1024;
    let host = LargeHost::new("hung-up");
    let (master, opened, taken) = opened_later(|request| (request.bytes <= LIMIT_BYTES).then(accepted));
    let agent = host.agent(&master);
    let samples = 2 * LIMIT_BYTES / master.next(METRICS).bytes + 1;
    for _ in 0..samples {
        agent.line("Collected metrics");
    }
    opened.store(true, Ordering::Relaxed);
    without_a_gap(&taken_samples(&taken, samples));
}

#[test]
fn a_sample_that_is_too_large_alone_goes_without_its_readings() {
    let host = LargeHost::new("too-large");
    let master = Master::start(|request| match request.bytes {
        1024.. if request.path == METRICS => Some(reply(413, PROXYS_413)),
        _ => happy(request),
    });
    let agent = host.agent(&master);
    let line = agent.line("too large for the master");
    assert!(line.ends_with("bytes is too large for the master: without its readings"), "{line}");
    let (whole, fixed) = (master.next(METRICS), master.next(METRICS));
    assert_eq!(timestamps(&whole)[0], timestamps(&fixed)[0]);
    let mut expected = whole.body["metrics"][0].clone();
    assert!(expected.as_object_mut().unwrap().remove("readings").is_some());
    assert_eq!(fixed.body["metrics"][0], expected);
}

#[test]
fn a_sample_that_is_too_large_even_without_its_readings_is_dropped_and_counted() {
    let master = Master::start(|request| match request.path.as_str() {
        METRICS => Some(reply(413, PROXYS_413)),
        _ => happy(request),
    });
    let agent = Agent::start(&master.url, &[]);
    assert_eq!(agent.line("dropped"), "[Client] Metrics refused with 413, dropped 1");
    refused_total_reaches(&master, 1);
}

/// Waits for a sample that says that `count` samples were refused.
fn refused_total_reaches(master: &Master, count: u64) {
    loop {
        let request = master.next(METRICS);
        let agent = &request.body["metrics"][0]["readings"]["agent"];
        if agent["samplesRefusedTotal"].as_u64() == Some(count) {
            assert_eq!(agent["samplesDroppedTotal"], 0);
            return;
        }
    }
}

#[test]
fn of_a_batch_that_a_master_refuses_as_a_whole_the_one_bad_sample_is_dropped() {
    let (sender, bad) = channel();
    // As the first generation does: one sample that it does not like costs the list. It dislikes the third it was shown.
    let disliked = std::sync::Mutex::new(None);
    let (master, opened, taken) = opened_later(move |request| {
        let times = timestamps(request);
        let mut disliked = disliked.lock().unwrap();
        let disliked = disliked.get_or_insert_with(|| {
            sender.send(times[2].clone()).unwrap();
            times[2].clone()
        });
        match times.contains(disliked) {
            true => Some(reply(400, r#"{"success":false,"error":"cpuPercent: must be a number"}"#)),
            false => happy(request),
        }
    });
    let agent = Agent::start(&master.url, &[]);
    for _ in 0..6 {
        agent.line("Collected metrics");
    }
    opened.store(true, Ordering::Relaxed);
    let line = agent.line("looking for");
    assert!(
        line.ends_with("refused with 400: cpuPercent: must be a number; looking for the one that is meant"),
        "{line}"
    );
    assert_eq!(agent.line("dropped"), "[Client] Metrics refused with 400, dropped 1: cpuPercent: must be a number");
    let mut times = taken_samples(&taken, 6);
    times.insert(2, bad.recv().unwrap());
    without_a_gap(&times);
    refused_total_reaches(&master, 1);
}

#[test]
fn a_refusal_that_is_not_about_the_samples_costs_none() {
    for (status, body) in [
        (400, "<html>The plain HTTP request was sent to HTTPS port</html>"),
        (403, "<html>Forbidden</html>"),
        (404, r#"{"success":false,"error":"Not found"}"#),
        (405, ""),
        (451, ""),
    ] {
        let mut refusals = 2;
        let master = Master::start(move |request| match request.path.as_str() {
            METRICS if refusals > 0 => {
                refusals -= 1;
                Some(reply(status, body))
            }
            _ => happy(request),
        });
        let agent = Agent::start(&master.url, &[]);
        let why = if status == 404 { ": Not found" } else { "" };
        let rest = "they wait. Is MASTER_URL right, is a proxy in the way?";
        assert_eq!(agent.line("refused"), format!("[Client] Metrics refused with {status}{why}; {rest}"));
        let first = timestamps(&master.next(METRICS)).remove(0);
        master.next(METRICS);
        assert_eq!(timestamps(&master.next(METRICS))[0], first);
    }
}

#[test]
fn a_sample_that_the_master_refuses_is_dropped_and_the_reason_said() {
    let mut refusals = 1;
    let master = Master::start(move |request| match request.path.as_str() {
        METRICS if refusals > 0 => {
            refusals -= 1;
            Some(reply(400, r#"{"success":false,"error":"metrics[0].cpuPercent: must be between 0 and 100"}"#))
        }
        _ => happy(request),
    });
    let agent = Agent::start(&master.url, &[]);
    let line = agent.line("refused");
    assert_eq!(line, "[Client] Metrics refused with 400, dropped 1: metrics[0].cpuPercent: must be between 0 and 100");
    let refused = timestamps(&master.next(METRICS));
    assert_ne!(timestamps(&master.next(METRICS)), refused);
}

#[test]
fn a_partly_refused_report_is_said() {
    let master = Master::start(|request| match request.path.as_str() {
        METRICS => Some(reply(
            200,
            r#"{"success":true,"data":{"accepted":0,"refused":1,"reasons":[{"index":0,"reason":"x"}]}}"#,
        )),
        _ => happy(request),
    });
    let agent = Agent::start(&master.url, &[]);
    assert_eq!(agent.line("refused"), "[Client] The master refused 1 of 1 samples: x");
}

#[test]
fn readings_that_the_master_does_not_take_are_said() {
    let master = Master::start(|request| match request.path.as_str() {
        METRICS => Some(reply(
            200,
            r#"{"success":true,"data":{"accepted":1,"refused":0,"withoutReadings":1,"reasons":[{"index":0,"reason":"x"}]}}"#,
        )),
        _ => happy(request),
    });
    let agent = Agent::start(&master.url, &[]);
    assert_eq!(
        agent.line("without their readings"),
        "[Client] The master stored 1 of 1 samples without their readings: x"
    );
}
