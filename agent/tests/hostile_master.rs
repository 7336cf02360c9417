//! The real agent binary against masters that hang, dawdle, refuse, ask for time and talk nonsense: collection goes on,
//! and no sample is lost.

mod scripted;

use std::io::{BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use scripted::*;

/// A master that does `treat` to each connection; what it gives back stays open.
fn raw_master<Held: Send + 'static>(treat: impl Fn(TcpStream) -> Held + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        std::thread::scope(|scope| {
            for stream in listener.incoming().flatten() {
                let treat = &treat;
                scope.spawn(move || {
                    let _held = treat(stream);
                    std::thread::park();
                });
            }
        });
    });
    url
}

/// While the sender is stuck in its first request, samples are taken, one an interval.
fn collects_on_time(url: &str, failure: &str) {
    let agent = Agent::start(url, &[]);
    let (mut collected, started) = (0, Instant::now());
    loop {
        let line = agent.line("");
        collected += u64::from(line.contains("Collected metrics"));
        if line.contains("Request failed") {
            assert_eq!(line, format!("[Client] Request failed (attempt 1/3): {failure}"));
            break;
        }
    }
    // A busy machine may miss a beat, but a collector that waits for the sender takes one sample at most.
    let intervals = started.elapsed().as_secs();
    assert!(intervals >= 8 && collected >= intervals / 2, "{collected} samples in {intervals} s");
}

#[test]
fn samples_are_taken_while_a_master_accepts_and_never_answers() {
    collects_on_time(&raw_master(|stream| stream), "no answer within 10 s");
}

#[test]
fn samples_are_taken_while_a_master_answers_a_byte_a_second() {
    let url = raw_master(|mut stream| {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"success\":true}";
        answer.iter().try_for_each(|byte| {
            std::thread::sleep(Duration::from_secs(1));
            stream.write_all(&[*byte])
        })
    });
    collects_on_time(&url, "no whole answer within 15 s");
}

/// A master that answers its first `count` reports of metrics with `reply` and then works; the times at which it got
/// them.
fn at_first(count: usize, reply: Option<Reply>) -> (Master, Receiver<Instant>) {
    let (sender, times) = channel();
    let mut left = count;
    let master = Master::start(move |request| {
        if request.path != METRICS {
            return happy(request);
        }
        let _ = sender.send(Instant::now());
        match left {
            0 => happy(request),
            _ => {
                left -= 1;
                reply.clone()
            }
        }
    });
    (master, times)
}

/// Waits until the master has taken samples without a gap since the first it was shown.
fn nothing_is_lost(master: &Master, refused: usize) {
    let first = timestamps(&master.next(METRICS)).remove(0);
    for _ in 1..refused {
        master.next(METRICS);
    }
    let taken = timestamps(&master.next(METRICS));
    assert_eq!(taken[0], first, "the first sample is still there");
}

#[test]
fn the_time_that_a_busy_master_asks_for_is_kept_between_the_tries() {
    const IN_SECONDS: &str = "Retry-After: 2\r\n";
    const AS_DATE: &str = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:39 GMT\r\n";
    for (status, headers) in [(503, IN_SECONDS), (429, IN_SECONDS), (503, AS_DATE)] {
        let busy = Reply { headers, ..reply(status, r#"{"success":false,"error":"Too busy"}"#) };
        let (master, times) = at_first(1, Some(busy));
        let agent = Agent::start(&master.url, &[]);
        let line = agent.line("attempt 1/3");
        let expected =
            format!("[Client] Request failed (attempt 1/3): the master answered {status}: Too busy; it asks for 2 s");
        assert_eq!(line, expected);
        nothing_is_lost(&master, 1);
        let (first, second) = (times.recv().unwrap(), times.recv().unwrap());
        assert!(second - first >= Duration::from_secs(2), "{:?}", second - first);
    }
}

#[test]
fn a_master_that_asks_for_long_is_left_alone_until_the_agent_ends() {
    let busy = Reply { headers: "Retry-After: 900\r\n", ..reply(503, r#"{"success":false,"error":"Upgrading"}"#) };
    let (master, times) = at_first(1, Some(busy));
    let mut agent = Agent::start(&master.url, &[("HEARTBEAT_INTERVAL", "1")]);
    agent.line("asks for 900 s");
    for _ in 0..3 {
        agent.line("Collected metrics");
    }
    assert_eq!(times.try_iter().count(), 1, "asked once");
    agent.signal(nix::sys::signal::Signal::SIGTERM);
    agent.line("buffered samples");
    assert_eq!(agent.exit_code(), Some(0));
}

#[test]
fn a_retry_after_is_for_429_and_503_alone() {
    let failing = Reply { headers: "Retry-After: 900\r\n", ..reply(500, r#"{"success":false,"error":"Internal"}"#) };
    let (master, _times) = at_first(1, Some(failing));
    let agent = Agent::start(&master.url, &[]);
    let line = agent.line("attempt 1/3");
    assert_eq!(line, "[Client] Request failed (attempt 1/3): the master answered 500: Internal");
    nothing_is_lost(&master, 1);
}

#[test]
fn no_answer_that_is_none_frees_a_sample() {
    let garbage = "\u{0}\u{1b}[2J{\"success\":".repeat(100);
    let large = format!(r#"{{"success":true,"data":"{}"}}"#, "x".repeat(100_000));
    for answer in [
        None,
        Some(reply(200, "")),
        Some(reply(200, "null")),
        Some(reply(200, "<html>Log in to the network</html>")),
        Some(reply(200, r#"{"success":false}"#)),
        Some(reply(204, "")),
        Some(reply(200, &garbage)),
        Some(reply(200, &large)),
        Some(reply(408, "")),
        Some(reply(500, "")),
        Some(reply(502, "<html>Bad gateway</html>")),
    ] {
        // More than the tries of one request, so that the sender has given it up once.
        let (master, _times) = at_first(4, answer.clone());
        let agent = Agent::start(&master.url, &[]);
        agent.line("attempt 3/3");
        nothing_is_lost(&master, 4);
    }
}

#[test]
fn a_token_that_is_refused_again_and_again_loses_nothing_and_is_no_flood() {
    let refused = reply(401, r#"{"success":false,"error":"Invalid or expired token"}"#);
    let (master, times) = at_first(usize::MAX, Some(refused));
    let mut agent = Agent::start(&master.url, &[]);
    assert_eq!(agent.line("although"), "[Client] Invalid or expired token, although just registered");
    for _ in 0..3 {
        agent.line("Collected metrics");
    }
    assert_eq!(times.try_iter().count(), 2, "the report, and once more with a new token");
    master.answer_with(happy);
    agent.signal(nix::sys::signal::Signal::SIGTERM);
    agent.line("buffered samples");
    assert_eq!(agent.exit_code(), Some(0));
}

#[test]
fn after_an_outage_one_heartbeat_comes_first_and_it_is_of_now() {
    let master = Master::start(|request| (request.path == REGISTER).then(registered));
    let agent = Agent::start(&master.url, &[("HEARTBEAT_INTERVAL", "1")]);
    agent.line("Registered");
    for _ in 0..4 {
        agent.line("Collected metrics");
    }
    let (sender, taken) = channel();
    master.answer_with(move |request| {
        let _ = sender.send(request.clone());
        happy(request)
    });
    let (heartbeat, metrics) = (taken.recv_timeout(DEADLINE).unwrap(), taken.recv_timeout(DEADLINE).unwrap());
    assert_eq!((heartbeat.path.as_str(), metrics.path.as_str()), (HEARTBEAT, METRICS));
    let times = timestamps(&metrics);
    assert!(times.len() >= 4, "{times:?}");
    // Of all that was due meanwhile only the newest counts: no older than the sample before the last.
    assert!(
        heartbeat.body["timestamp"].as_str().unwrap() >= times[times.len() - 2].as_str(),
        "{heartbeat:?} {times:?}"
    );
}

#[test]
fn a_kept_connection_that_the_master_has_closed_is_no_failure() {
    let (sender, answered) = channel();
    // As a proxy whose patience with idle connections is shorter than the interval: it says nothing, it closes.
    let url = raw_master(move |mut stream| {
        let request = read_request(&mut BufReader::new(stream.try_clone().unwrap())).unwrap();
        let Reply { status, body, .. } = happy(&request).unwrap();
        write!(stream, "HTTP/1.1 {status} OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
        sender.send(request.path).unwrap();
    });
    let mut agent = Agent::start(&url, &[("HEARTBEAT_INTERVAL", "86400")]);
    let metrics = std::iter::repeat_with(|| answered.recv_timeout(DEADLINE).unwrap()).filter(|path| path == METRICS);
    assert_eq!(metrics.take(4).count(), 4);
    agent.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(agent.exit_code(), Some(0));
    let log: Vec<String> = agent.lines.iter().collect();
    assert!(!log.iter().any(|line| line.contains("failed")), "{log:#?}");
}
