//! The agents: a pool of connections, each with one request under way, driven by one thread over epoll.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::Result;
use crate::bodies::Bodies;
use crate::process::{AGENT_SECRET, Master, own_cpu_s};

/// Samples an agent kept in an outage.
pub const KEPT: usize = 100;
/// Time between two of them.
const KEPT_INTERVAL_MS: i64 = 300_000;
/// Every so many sample requests one has a bad sample.
const BAD_EVERY: u64 = 251;
/// What was turned away comes again after this: an agent would wait longer.
const RETRY: Duration = Duration::from_millis(300);
/// Requests an hour at the default intervals.
const HEARTBEATS: u8 = 60;
const SAMPLES: u8 = 12;
const CONTAINERS: u8 = 4;

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mix {
    /// What agents send.
    Default,
    /// Samples alone.
    Samples,
}

/// An agent, and what is known of its samples.
pub struct Agent {
    pub server_id: i64,
    /// Head of its requests up to the path's end, and from there to the length.
    token: String,
    /// Its samples, oldest first.
    pub samples: Vec<Sample>,
    /// Times of its bad samples: nothing of these times may be stored.
    pub bad_ms: Vec<i64>,
    /// When its newest acknowledged request was sent, by the wall clock.
    pub heard_ms: i64,
    containers: usize,
}

/// A sample that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub time_ms: i64,
    pub is_acknowledged: bool,
}

impl Agent {
    /// One that has said nothing yet. With an empty token it has to register.
    fn new(server_id: i64, token: &str) -> Self {
        Self { server_id, token: token.to_owned(), samples: Vec::new(), bad_ms: Vec::new(), heard_ms: 0, containers: 0 }
    }

    /// Now, or a little later where it has had a sample of this time.
    fn next_time_ms(&self) -> i64 {
        let last_ms = |times: Option<i64>| times.map_or(i64::MIN, |ms| ms + 1);
        let sent_ms = last_ms(self.samples.last().map(|sample| sample.time_ms));
        wall_ms().max(sent_ms).max(last_ms(self.bad_ms.last().copied()))
    }

    /// Makes a sample of this time, and returns its number.
    fn sample(&mut self, time_ms: i64) -> usize {
        self.samples.push(Sample { time_ms, is_acknowledged: false });
        self.samples.len() - 1
    }
}

#[derive(Clone, Debug)]
struct Request {
    agent: usize,
    what: What,
    /// When it was to be sent.
    due: Instant,
    sent_ms: i64,
}

#[derive(Clone, Debug, PartialEq)]
enum What {
    Register(String),
    Heartbeat,
    /// Number of the sample.
    Sample(usize),
    /// A bad sample of this time, behind a good one where that has a number.
    Bad(Option<usize>, i64),
    /// All that an agent kept.
    Kept,
    Containers(usize),
}

struct Connection {
    stream: Option<TcpStream>,
    request: Option<Request>,
    out: Vec<u8>,
    written: usize,
    answer: Vec<u8>,
}

/// How a load went.
pub struct Report {
    name: &'static str,
    latencies_us: Vec<u32>,
    turned_away: u64,
    cut_off: u64,
    took: Duration,
    master_cpu_s: f64,
    own_cpu_s: f64,
    resident_kib: u64,
}

impl Report {
    /// Acknowledged requests a second.
    pub fn rate(&self) -> f64 {
        self.latencies_us.len() as f64 / self.took.as_secs_f64()
    }

    /// Processor time of an acknowledged request. Of what is measured here it depends least on what else the machine does.
    fn us_a_request(&self, cpu_s: f64) -> f64 {
        cpu_s * 1e6 / self.latencies_us.len().max(1) as f64
    }

    pub fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    pub fn print(&self) {
        let report = self;
        let mut sorted = report.latencies_us.clone();
        sorted.sort_unstable();
        let at = |share: f64| match sorted.len() {
            0 => 0.0,
            count => f64::from(sorted[((count as f64 * share) as usize).min(count - 1)]) / 1000.0,
        };
        println!(
            "{}: {:.0} requests/s for {:.1} s; p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms; refused (503) {}, cut off {}; \
             master {:.1} us of a processor a request, at most {} KiB resident; fleet {:.1} us a request",
            report.name,
            report.rate(),
            report.took.as_secs_f64(),
            at(0.5),
            at(0.99),
            at(0.999),
            report.turned_away,
            report.cut_off,
            report.us_a_request(report.master_cpu_s),
            report.resident_kib,
            report.us_a_request(report.own_cpu_s),
        );
    }
}

pub struct Fleet<'a> {
    pub agents: Vec<Agent>,
    address: SocketAddr,
    bodies: &'a Bodies,
    connections: Vec<Connection>,
    epoll: Epoll,
    /// Connections without a request.
    free: Vec<usize>,
    /// What was turned away or cut off, in the order it was.
    again: VecDeque<Request>,
    random: fastrand::Rng,
    sample_requests: u64,
}

impl<'a> Fleet<'a> {
    pub fn new(master: &Master, connections: usize, bodies: &'a Bodies) -> Result<Self> {
        Self::at(master.address, connections, bodies)
    }

    pub fn at(address: SocketAddr, connections: usize, bodies: &'a Bodies) -> Result<Self> {
        let mut fleet = Self {
            agents: Vec::new(),
            address,
            bodies,
            connections: Vec::new(),
            epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?,
            free: Vec::new(),
            again: VecDeque::new(),
            random: fastrand::Rng::with_seed(1),
            sample_requests: 0,
        };
        fleet.widen(connections);
        Ok(fleet)
    }

    /// Makes the pool as large as `connections`, where it is smaller.
    pub fn widen(&mut self, connections: usize) {
        for index in self.connections.len()..connections {
            let (out, answer) = (Vec::new(), Vec::new());
            self.connections.push(Connection { stream: None, request: None, out, written: 0, answer });
            self.free.push(index);
        }
    }

    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Makes up an agent that is known nowhere: for a server that asks nobody.
    pub fn pretend(&mut self) {
        self.agents.push(Agent::new(1, "none"));
    }

    pub fn register(&mut self, count: usize) -> Result<()> {
        let mut next = 0;
        self.agents.extend((0..count).map(|_| Agent::new(0, "")));
        self.drive(None, Duration::from_secs(600), &mut |_| {
            next += 1;
            (next <= count).then(|| (next - 1, What::Register(format!("fleet-{next:06}"))))
        })?;
        if self.agents.iter().any(|agent| agent.server_id == 0) {
            return Err("not every agent could register".into());
        }
        Ok(())
    }

    /// Every agent's first container report, which is stored in any case: they have all been there for long.
    pub fn report_containers(&mut self) -> Result<()> {
        let mut next = 0;
        self.drive(None, Duration::from_secs(600), &mut |fleet| {
            let agent = fleet.agents.get_mut(next)?;
            agent.containers = 1;
            next += 1;
            Some((next - 1, What::Containers(0)))
        })?;
        Ok(())
    }

    /// Sends for a while.
    pub fn run(&mut self, master: &Master, mix: Mix, rate: Option<f64>, length: Duration) -> Result<Report> {
        self.report(Some(master), mix, rate, length)
    }

    pub fn report(&mut self, master: Option<&Master>, mix: Mix, rate: Option<f64>, length: Duration) -> Result<Report> {
        let name = if mix == Mix::Default { "mixed" } else { "samples alone" };
        let until = Instant::now() + length;
        let mut next_agent = 0;
        self.measured(name, master, rate, Duration::from_secs(600), &mut |fleet| {
            if Instant::now() >= until {
                return None;
            }
            next_agent = (next_agent + 1) % fleet.agents.len();
            Some((next_agent, fleet.something(next_agent, mix)))
        })
    }

    /// All agents send what they kept: the newest is of now.
    pub fn backfill(&mut self, master: &Master, at_most: Duration) -> Result<Report> {
        let mut next = 0;
        let last_ms = wall_ms();
        for agent in &mut self.agents {
            (0..KEPT as i64).rev().for_each(|ago| drop(agent.sample(last_ms - ago * KEPT_INTERVAL_MS)));
        }
        self.measured("outage", Some(master), None, at_most, &mut |fleet| {
            next += 1;
            (next <= fleet.agents.len()).then_some((next - 1, What::Kept))
        })
    }

    /// Sends what was not acknowledged until it is.
    pub fn drain(&mut self, master: &Master, at_most: Duration) -> Result<()> {
        crate::process::wait_until_it_listens(master.address)?;
        self.drive(None, at_most, &mut |_| None).map(drop)
    }

    fn something(&mut self, agent: usize, mix: Mix) -> What {
        let draw = self.random.u8(0..HEARTBEATS + SAMPLES + CONTAINERS);
        if mix == Mix::Default && draw < HEARTBEATS {
            return What::Heartbeat;
        }
        let agent = &mut self.agents[agent];
        if mix == Mix::Default && draw < HEARTBEATS + CONTAINERS {
            agent.containers += 1;
            return What::Containers(agent.containers - 1);
        }
        self.sample_requests += 1;
        if self.sample_requests.is_multiple_of(BAD_EVERY) {
            let good = self.sample_requests.is_multiple_of(2 * BAD_EVERY).then(|| agent.sample(agent.next_time_ms()));
            let bad_ms = agent.next_time_ms();
            agent.bad_ms.push(bad_ms);
            return What::Bad(good, bad_ms);
        }
        What::Sample(agent.sample(agent.next_time_ms()))
    }

    fn measured(
        &mut self,
        name: &'static str,
        master: Option<&Master>,
        rate: Option<f64>,
        at_most: Duration,
        next: &mut dyn FnMut(&mut Self) -> Option<(usize, What)>,
    ) -> Result<Report> {
        let cpu = || (master.map_or(0.0, Master::cpu_s), own_cpu_s());
        let (before, started) = (cpu(), Instant::now());
        let mut report = self.drive_watched(rate, at_most, next, master)?;
        let after = cpu();
        report.name = name;
        report.took = started.elapsed();
        (report.master_cpu_s, report.own_cpu_s) = (after.0 - before.0, after.1 - before.1);
        Ok(report)
    }

    fn drive(
        &mut self,
        rate: Option<f64>,
        at_most: Duration,
        next: &mut dyn FnMut(&mut Self) -> Option<(usize, What)>,
    ) -> Result<Report> {
        self.drive_watched(rate, at_most, next, None)
    }

    /// Sends what `next` says until it has no more and all of it has been acknowledged or refused.
    fn drive_watched(
        &mut self,
        rate: Option<f64>,
        at_most: Duration,
        next: &mut dyn FnMut(&mut Self) -> Option<(usize, What)>,
        master: Option<&Master>,
    ) -> Result<Report> {
        let mut report = Report {
            name: "",
            latencies_us: Vec::new(),
            turned_away: 0,
            cut_off: 0,
            took: Duration::ZERO,
            master_cpu_s: 0.0,
            own_cpu_s: 0.0,
            resident_kib: 0,
        };
        let (started, give_up) = (Instant::now(), Instant::now() + at_most);
        let between = rate.map(|rate| Duration::from_secs_f64(1.0 / rate));
        let mut due = started;
        let mut has_more = true;
        let mut look_at_memory = started;
        let mut events = vec![EpollEvent::empty(); self.connections.len()];
        loop {
            let now = Instant::now();
            if now > give_up {
                let under_way = self.connections.len() - self.free.len() + self.again.len();
                return Err(format!("{under_way} requests are not answered after {at_most:?}").into());
            }
            if let Some(master) = master
                && now >= look_at_memory
            {
                report.resident_kib = report.resident_kib.max(master.resident_kib().unwrap_or(0));
                look_at_memory = now + Duration::from_millis(200);
            }
            while let Some(connection) = self.free.last().copied() {
                let request = match self.again.front() {
                    Some(first) if first.due <= now => self.again.pop_front(),
                    _ if has_more && (between.is_none() || due <= now) => match next(self) {
                        Some((agent, what)) => {
                            let due_now = if between.is_some() { due } else { now };
                            due += between.unwrap_or_default();
                            Some(Request { agent, what, due: due_now, sent_ms: 0 })
                        }
                        None => {
                            has_more = false;
                            None
                        }
                    },
                    _ => None,
                };
                let Some(request) = request else { break };
                self.free.pop();
                self.send(connection, request, &mut report);
            }
            if !has_more && self.again.is_empty() && self.free.len() == self.connections.len() {
                report.took = started.elapsed();
                return Ok(report);
            }
            let count = self.epoll.wait(&mut events, EpollTimeout::try_from(Duration::from_millis(1))?)?;
            for event in &events[..count] {
                self.go_on(event.data() as usize, &mut report)?;
            }
        }
    }

    fn send(&mut self, index: usize, mut request: Request, report: &mut Report) {
        let connection = &mut self.connections[index];
        connection.out.clear();
        connection.answer.clear();
        connection.written = 0;
        request.sent_ms = wall_ms();
        write_request(&mut connection.out, &request, &self.agents[request.agent], self.bodies);
        connection.request = Some(request);
        if connection.stream.is_none() {
            let Ok(stream) = TcpStream::connect(self.address) else { return self.cut_off(index, report) };
            let ready = stream.set_nodelay(true).and_then(|()| stream.set_nonblocking(true)).is_ok();
            let flags = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLET | EpollFlags::EPOLLRDHUP;
            if !ready || self.epoll.add(&stream, EpollEvent::new(flags, index as u64)).is_err() {
                return self.cut_off(index, report);
            }
            connection.stream = Some(stream);
        }
        if self.write(index).is_err() {
            self.cut_off(index, report);
        }
    }

    fn write(&mut self, index: usize) -> std::io::Result<()> {
        let connection = &mut self.connections[index];
        let Some(stream) = &mut connection.stream else { return Ok(()) };
        while connection.written < connection.out.len() {
            match stream.write(&connection.out[connection.written..]) {
                Ok(written) => connection.written += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn go_on(&mut self, index: usize, report: &mut Report) -> Result<()> {
        if self.write(index).is_err() {
            self.cut_off(index, report);
            return Ok(());
        }
        loop {
            let connection = &mut self.connections[index];
            let Some(stream) = &mut connection.stream else { return Ok(()) };
            let mut buffer = [0; 4096];
            match stream.read(&mut buffer) {
                Ok(0) => {
                    self.cut_off(index, report);
                    return Ok(());
                }
                Ok(count) => connection.answer.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(_) => {
                    self.cut_off(index, report);
                    return Ok(());
                }
            }
            if let Some((status, body)) = whole_answer(&connection.answer) {
                let answer = std::mem::take(&mut connection.answer);
                if let Some(request) = connection.request.take() {
                    self.free.push(index);
                    self.answered(request, status, &answer[body], report)?;
                }
                self.connections[index].answer = answer;
                // Nothing comes after it, so it is not asked for; an end of the connection is an event of its own.
                return Ok(());
            }
        }
    }

    /// The connection ended; what was under way is sent again.
    fn cut_off(&mut self, index: usize, report: &mut Report) {
        let connection = &mut self.connections[index];
        connection.stream = None;
        if let Some(request) = connection.request.take() {
            report.cut_off += 1;
            self.again.push_back(Request { due: Instant::now() + Duration::from_millis(20), ..request });
            self.free.push(index);
        }
    }

    fn answered(&mut self, request: Request, status: u16, body: &[u8], report: &mut Report) -> Result<()> {
        let text = || String::from_utf8_lossy(body).into_owned();
        if status == 503 {
            report.turned_away += 1;
            self.again.push_back(Request { due: Instant::now() + RETRY, ..request });
            return Ok(());
        }
        let expected = if matches!(request.what, What::Bad(None, _)) { 400 } else { 200 };
        if status != expected {
            return Err(format!("{:?} was answered {status} {}", request.what, text()).into());
        }
        let took_us = request.due.elapsed().as_micros().min(u128::from(u32::MAX)) as u32;
        report.latencies_us.push(took_us);
        let agent = &mut self.agents[request.agent];
        if status == 200 {
            agent.heard_ms = agent.heard_ms.max(request.sent_ms);
        }
        match request.what {
            What::Register(_) => {
                let answer: serde_json::Value = serde_json::from_slice(body)?;
                agent.server_id = answer["data"]["serverId"].as_i64().ok_or_else(text)?;
                agent.token = answer["data"]["token"].as_str().ok_or_else(text)?.to_owned();
            }
            What::Sample(number) => agent.samples[number].is_acknowledged = true,
            What::Bad(Some(number), _) => {
                agent.samples[number].is_acknowledged = true;
                if !text().contains("\"refused\":1") {
                    return Err(format!("a bad sample was not refused: {}", text()).into());
                }
            }
            What::Kept => agent.samples.iter_mut().for_each(|sample| sample.is_acknowledged = true),
            What::Bad(None, _) | What::Heartbeat | What::Containers(_) => {}
        }
        Ok(())
    }
}

pub fn wall_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}

fn write_request(out: &mut Vec<u8>, request: &Request, agent: &Agent, bodies: &Bodies) {
    let time_of = |number: usize| agent.samples[number].time_ms;
    let path = match request.what {
        What::Register(_) => "register",
        What::Heartbeat => "heartbeat",
        What::Sample(_) | What::Bad(..) | What::Kept => "metrics",
        What::Containers(_) => "containers",
    };
    out.extend_from_slice(b"POST /api/agent/");
    out.extend_from_slice(path.as_bytes());
    out.extend_from_slice(
        b" HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: neon-agent/0.1.0\r\nContent-Type: application/json\r\n",
    );
    match request.what {
        What::Register(_) => out.extend_from_slice(format!("X-Agent-Secret: {AGENT_SECRET}\r\n").as_bytes()),
        _ => {
            out.extend_from_slice(b"Authorization: Bearer ");
            out.extend_from_slice(agent.token.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
    // Room for the length, which is known once the body is written.
    out.extend_from_slice(b"Content-Length: ");
    let length_at = out.len();
    out.extend_from_slice(b"00000000\r\n\r\n");
    let body_at = out.len();
    match &request.what {
        What::Register(name) => out.extend_from_slice(
            format!(
                r#"{{"serverName":"{name}","serverInfo":{{"name":"{name}","hostname":"{name}","cpuCores":2,"totalMemoryGb":7.75,"totalDiskGb":200,"osName":"Debian GNU/Linux","osVersion":"13","osKernel":"6.12.0","osArch":"x86_64","dockerVersion":null}},"agentVersion":"0.1.0"}}"#
            )
            .as_bytes(),
        ),
        What::Heartbeat => {
            out.extend_from_slice(b"{\"timestamp\":\"");
            let now = neon_shared::time::Timestamp::from_unix_ms(request.sent_ms);
            out.extend_from_slice(now.to_string().as_bytes());
            out.extend_from_slice(b"\",\"agentVersion\":\"0.1.0\"}");
        }
        What::Sample(number) => bodies.sample(out, *number, time_of(*number)),
        What::Bad(good, bad_ms) => bodies.bad_sample(out, good.map(time_of), *bad_ms),
        What::Kept => bodies.samples(out, (0..KEPT).map(time_of)),
        What::Containers(number) => out.extend_from_slice(bodies.containers(*number)),
    }
    let length = format!("{:08}", out.len() - body_at);
    out[length_at..length_at + 8].copy_from_slice(length.as_bytes());
}

/// Status, and where the body is, once all of it is there. The master's answers say how long they are.
fn whole_answer(bytes: &[u8]) -> Option<(u16, Range<usize>)> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut head = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(body_at)) = head.parse(bytes) else { return None };
    let length = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"))?;
    let length: usize = std::str::from_utf8(length.value).ok()?.parse().ok()?;
    let body = body_at..body_at + length;
    (bytes.len() >= body.end).then_some((head.code?, body))
}
