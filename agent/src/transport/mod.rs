//! The way to the master: one thread that takes what waits in the [`Outbox`] and sends it.
//!
//! Collection never waits for it. A round sends the heartbeat first if one is due (it is what keeps the host online),
//! then all buffered samples in one request, oldest first, then the containers. A sample leaves the ring only after the
//! master's 200. The thread times the heartbeats itself: a second thread that does so would be woken for each, too.

mod backoff;
mod batch;
pub mod client;
pub mod lookup;
mod refusal;
pub mod tls;

use std::fmt;
use std::time::{Duration, Instant};

use neon_agent_core::parse::json::JsonText;
use neon_agent_core::wire;
use neon_shared::api::{
    CONTAINERS_PATH, Envelope, HEARTBEAT_PATH, HeartbeatData, HeartbeatRequest, METRICS_PATH, REGISTER_PATH,
    RefusedData, RegisterData, RegisterRequest,
};
use neon_shared::limits::{REQUEST_BODY_MAX_BYTES, TOKEN_MAX_BYTES};
use serde::Deserialize;
use serde::de::IgnoredAny;

use self::backoff::{Backoff, Random};
use self::batch::BatchLimits;
pub use self::client::REQUEST_TIMEOUT;
use self::client::{Answered, Client, Credential, Post};
use self::refusal::{Blame, FirstReason, Refusal};
use crate::clock;
use crate::config::Config;
use crate::credential::{Key, Own};
use crate::health::Pulse;
use crate::log::{self, Part};
use crate::outbox::{Outbox, Wake};
use crate::pace::{self, Beat, Pace};
use crate::watch;

/// How long after its beat a heartbeat is sent, so that it goes with the metrics collected on the same beat: a second,
/// or this part of a short interval.
const HEARTBEAT_DELAY_MAX: Duration = Duration::from_secs(1);
const HEARTBEAT_DELAY_PART: u32 = 40;
/// Room of the sending thread's stack, in bytes: a TLS handshake with a debug build of rustls is the deepest use.
const STACK_BYTES: usize = 512 * 1024;
/// How long the last attempt at the end may take. SIGTERM promises an end within 2 s.
const LAST_ATTEMPT: Duration = Duration::from_millis(1500);
/// Largest answer read from the master, in bytes; what is longer is cut and then not understood.
pub const ANSWER_BYTES: usize = 16 * 1024;
/// Largest registration: nine facts of 128 bytes, six bytes each where JSON escapes every character, a credential and the
/// host's fingerprint.
pub const REGISTRATION_BYTES: usize = 9 * 1024;
/// Longest time that the master can ask for between two tries of a request; one that asks for more ends the tries.
const ASKED_BETWEEN_TRIES_MAX: Duration = Duration::from_secs(30);

type Token = heapless::String<TOKEN_MAX_BYTES>;

/// The sender's buffers; one static holds them.
pub struct SenderBuffers {
    registration: [u8; REGISTRATION_BYTES],
    body: [u8; REQUEST_BODY_MAX_BYTES],
    answer: [u8; ANSWER_BYTES],
}

impl SenderBuffers {
    /// All zeroes.
    pub const fn new() -> Self {
        Self { registration: [0; REGISTRATION_BYTES], body: [0; REQUEST_BODY_MAX_BYTES], answer: [0; ANSWER_BYTES] }
    }
}

/// Starts the sending thread.
pub fn start(
    config: Config,
    outbox: &'static Outbox,
    buffers: &'static mut SenderBuffers,
    pulse: Pulse,
    pace: Pace,
) -> std::io::Result<()> {
    let (client, own) = (Client::new(&config), Own::of(&config));
    let heartbeat_delay = (config.heartbeat_interval / HEARTBEAT_DELAY_PART).min(HEARTBEAT_DELAY_MAX);
    let heartbeats = pace.beats(config.heartbeat_interval, Instant::now()).delayed(heartbeat_delay);
    let sender = Sender {
        config,
        outbox,
        client,
        buffers,
        pulse,
        pace,
        heartbeats,
        heartbeat_early: 2 * heartbeat_delay,
        token: None,
        own,
        refused_name: None,
        limits: BatchLimits::new(),
        without_readings: None,
        answer_length: 0,
        answered_boot_ms: (0, 0),
        last_attempt: None,
    };
    std::thread::Builder::new().name("sender".to_owned()).stack_size(STACK_BYTES).spawn(move || sender.run())?;
    Ok(())
}

struct Sender {
    config: Config,
    outbox: &'static Outbox,
    client: Client,
    buffers: &'static mut SenderBuffers,
    pulse: Pulse,
    pace: Pace,
    heartbeats: Beat,
    /// How much before its time a heartbeat may go, if something else is sent then.
    heartbeat_early: Duration,
    token: Option<Token>,
    /// What `AGENT_SECRET` is exchanged for, where it is an enrolment code.
    own: Option<Own>,
    /// Why the master does not give us our name, once that was said.
    refused_name: Option<Refusal>,
    limits: BatchLimits,
    /// Number of the sample that was too large for the master even alone, and is tried without its readings.
    without_readings: Option<u64>,
    /// Bytes of the last answer.
    answer_length: usize,
    /// When the request that it answers went out, and when it was read, since boot.
    answered_boot_ms: (u64, u64),
    /// When everything must have ended, once the agent is stopping.
    last_attempt: Option<Instant>,
}

/// Why a round ended early.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// The master cannot be reached or cannot work: try again soon, but not before the time it asked for.
    Unavailable { asked: Option<Duration> },
    /// The master does not take our secret: try again at a slow pace.
    Rejected,
}

/// Samples that are being sent.
#[derive(Clone, Copy, Debug)]
struct Batch {
    /// Length of the body.
    bytes: usize,
    /// How many samples it holds.
    samples: usize,
    /// Number of the first.
    number: u64,
}

/// What became of a request: carried out, refused, or never properly answered.
type Outcome = Result<Result<(), Refusal>, Trouble>;

/// Which of the sender's buffers holds the body of a request, and how much of it.
#[derive(Clone, Copy)]
enum Body<'a> {
    /// With what it shows.
    Registration(usize, &'a str),
    Report(usize),
}

impl Sender {
    fn run(mut self) {
        let mut backoff = Backoff::new(self.config.retry_delay);
        let mut random = Random::new(pace::number_of(&self.config.server_name));
        let mut earliest = Instant::now() + self.first_report_wait();
        while self.outbox.wait_for_work(earliest, self.next_call(earliest)) == Wake::Work {
            say_what_hangs();
            let pause = match self.round() {
                Ok(()) => {
                    backoff.reset();
                    Duration::ZERO
                }
                Err(Trouble::Unavailable { asked }) => backoff.next_pause(&mut random, asked),
                Err(Trouble::Rejected) => backoff::REJECTED_PAUSE,
            };
            earliest = Instant::now() + pause;
        }
        self.last_attempt = Some(Instant::now() + LAST_ATTEMPT);
        // Whatever comes of it, the agent ends now.
        let _ = self.round();
        self.outbox.confirm_stop();
    }

    /// How long the first report waits. A master on this machine has no thousand agents to fear.
    fn first_report_wait(&self) -> Duration {
        if self.config.is_master_local() {
            return Duration::ZERO;
        }
        let wait = self.pace.first_report_wait(self.config.metrics_interval);
        let wait_s = wait.as_secs_f32();
        say(format_args!("First report in {wait_s:.1} s: agents that start together do not report together"));
        wait
    }

    /// When to call the master if nothing else comes: to register, then for each heartbeat.
    fn next_call(&self, earliest: Instant) -> Instant {
        if self.token.is_none() { earliest } else { self.heartbeats.next() }
    }

    fn round(&mut self) -> Result<(), Trouble> {
        if self.outbox.with(|waiting| waiting.facts().is_none()) {
            return Ok(());
        }
        if self.token.is_none() {
            self.register()?;
        }
        self.send_heartbeat()?;
        self.send_metrics()?;
        self.send_containers()
    }

    fn register(&mut self) -> Result<(), Trouble> {
        self.token = None;
        let Err(refusal) = self.introduce()? else {
            return self.take_token();
        };
        if refusal.status != 409 {
            let (status, why, pause_s) = (refusal.status, refusal.why(), backoff::REJECTED_PAUSE.as_secs());
            say(format_args!("Registration refused with {status}{why}. Trying again in {pause_s} s"));
            return Err(Trouble::Rejected);
        }
        // Somebody else has our name, and may not for long.
        if self.refused_name.as_ref().is_none_or(|said| said.reason != refusal.reason) {
            say(format_args!("Registration refused with 409{}. Samples wait; trying again and again", refusal.why()));
            self.refused_name = Some(refusal);
        }
        Err(Trouble::Unavailable { asked: None })
    }

    /// Asks to be registered with what there is, one after the other as long as it is not good: our own credential, the code
    /// for it, the credential before. A code that was exchanged is taken again with the same credential, so that whatever
    /// answer was lost, one of them is good.
    fn introduce(&mut self) -> Outcome {
        let Some(own) = &mut self.own else {
            let secret = self.config.agent_secret.clone();
            return self.introduce_with(secret.reveal(), None);
        };
        if let Err(problem) = own.prepare() {
            say(format_args!("No credential can be made: {problem}"));
            return Err(Trouble::Rejected);
        }
        let (key, known_key, previous) = (own.key(), own.known_key(), own.previous_key());
        if let Some(key) = known_key {
            let settled = self.introduce_with(key.reveal(), None)?;
            if !is_unknown(&settled) {
                return Ok(settled);
            }
        }
        let code = self.config.agent_secret.clone();
        let settled = self.introduce_with(code.reveal(), key.as_ref())?;
        if settled.is_ok() {
            self.own.as_mut().into_iter().for_each(Own::accepted);
        }
        match (settled, previous) {
            (Err(refusal), Some(previous)) if refusal.status == 401 => {
                say(format_args!("The enrolment code is refused{}: trying the credential before", refusal.why()));
                self.introduce_with(previous.reveal(), None)
            }
            (settled, _) => Ok(settled),
        }
    }

    fn introduce_with(&mut self, shown: &str, credential: Option<&Key>) -> Outcome {
        let Some(length) = self.write_registration(credential.map(Key::reveal)) else {
            say(format_args!("The registration does not fit its buffer"));
            return Err(Trouble::Rejected);
        };
        self.request(REGISTER_PATH, Body::Registration(length, shown))
    }

    fn take_token(&mut self) -> Result<(), Trouble> {
        let registered = self.answer::<RegisterData<JsonText<'_>>>().and_then(|data| {
            let token = Token::try_from(data.token.0).ok().filter(|token| token.bytes().all(|b| b.is_ascii_graphic()));
            Some((data.server_id, token?))
        });
        let Some((server_id, token)) = registered else {
            say(format_args!("Registration failed: the master's answer has no serverId and token that can be used"));
            return Err(Trouble::Unavailable { asked: None });
        };
        say(format_args!("Registered successfully (serverId: {server_id})"));
        self.token = Some(token);
        self.refused_name = None;
        Ok(())
    }

    fn write_registration(&mut self, credential: Option<&str>) -> Option<usize> {
        let (name, buffer) = (self.config.server_name.as_str(), &mut self.buffers.registration);
        self.outbox.with(|waiting| {
            let facts = waiting.facts()?;
            let request = RegisterRequest {
                server_name: name,
                server_info: facts.server_info(name),
                agent_version: env!("CARGO_PKG_VERSION"),
                credential,
                host_fingerprint: facts.fingerprint(),
            };
            wire::register(&request, buffer).ok().map(<[u8]>::len)
        })
    }

    fn send_heartbeat(&mut self) -> Result<(), Trouble> {
        let is_due = self.heartbeats.next() <= Instant::now() + self.heartbeat_early;
        // Without a clock it goes at once: the answer says the time.
        if !is_due && self.outbox.with(|waiting| waiting.has_clock()) {
            return Ok(());
        }
        let request = HeartbeatRequest { timestamp: clock::wall(), agent_version: env!("CARGO_PKG_VERSION") };
        let Ok(length) = wire::heartbeat(&request, &mut self.buffers.body).map(<[u8]>::len) else { return Ok(()) };
        match self.send(HEARTBEAT_PATH, length)? {
            Ok(()) => {
                if let Some(HeartbeatData { server_time, .. }) = self.answer() {
                    self.outbox.measured(self.answered_boot_ms, server_time, clock::now());
                }
            }
            Err(refusal) => say(format_args!("Heartbeat refused with {}{}", refusal.status, refusal.why())),
        }
        if is_due {
            self.heartbeats.pass(Instant::now());
        }
        Ok(())
    }

    fn send_metrics(&mut self) -> Result<(), Trouble> {
        while let Some(batch) = self.begin_batch() {
            let outcome = self.send(METRICS_PATH, batch.bytes);
            self.settle_batch(outcome, batch)?;
        }
        Ok(())
    }

    /// Writes the oldest samples into the body, as many as the limits allow and at least one; `None` when none waits.
    fn begin_batch(&mut self) -> Option<Batch> {
        let (bytes_max, samples_max) = (self.limits.bytes_max(Instant::now()), self.limits.samples_max());
        let (body, without_readings) = (&mut self.buffers.body, self.without_readings);
        self.outbox.tell_time(clock::now());
        self.outbox.with(|waiting| {
            if !waiting.put_in_order() {
                return None;
            }
            let ring = &mut waiting.ring;
            let (number, oldest) = (ring.numbers().start, ring.iter().next()?);
            let (bytes, samples) = if without_readings == Some(number) {
                (wire::metrics_without_readings(oldest, body).ok()?, 1)
            } else {
                match wire::metrics(ring.iter().take(samples_max), body.get_mut(..bytes_max)?) {
                    Ok(written @ (_, 1..)) => written,
                    _ => wire::metrics([oldest].into_iter(), body).ok()?,
                }
            };
            ring.begin_batch(samples);
            Some(Batch { bytes, samples, number })
        })
    }

    /// Frees, keeps or drops the samples of a batch.
    fn settle_batch(&mut self, outcome: Outcome, batch: Batch) -> Result<(), Trouble> {
        match outcome {
            Ok(Ok(())) => self.settle_taken(batch.samples),
            Ok(Err(refusal @ Refusal { blame: Blame::Address, .. })) => {
                let (status, why) = (refusal.status, refusal.why());
                say(format_args!(
                    "Metrics refused with {status}{why}; they wait. Is MASTER_URL right, is a proxy in the way?"
                ));
                self.outbox.with(|waiting| waiting.request_failures_total += 1);
                return self.settle_failed(batch, Trouble::Unavailable { asked: None });
            }
            Ok(Err(refusal)) if batch.samples > 1 => self.settle_refused(batch, &refusal),
            Ok(Err(refusal)) => self.settle_refused_alone(batch, &refusal),
            Err(trouble) => return self.settle_failed(batch, trouble),
        }
        Ok(())
    }

    fn settle_taken(&mut self, samples: usize) {
        self.limits.taken(samples);
        let data = self.answer::<RefusedData<FirstReason<'_>>>();
        let refused = data.as_ref().map_or(0, |data| data.refused);
        self.outbox.settle(|waiting| {
            waiting.acknowledge_batch(clock::now(), refused > 0);
            waiting.samples_refused_total += refused;
        });
        let Some(data) = data else {
            if samples > 1 {
                say(format_args!("Sent {samples} buffered samples"));
            }
            return;
        };
        if refused > 0 {
            say(format_args!("The master refused {refused} of {samples} samples{}", data.reasons));
        }
        if let Some(count) = data.without_readings {
            let reason = if refused > 0 { FirstReason::default() } else { data.reasons };
            say(format_args!("The master stored {count} of {samples} samples without their readings{reason}"));
        }
    }

    /// Several samples were refused together: they wait on, and smaller reports find out what it is about.
    fn settle_refused(&mut self, batch: Batch, refusal: &Refusal) {
        let Batch { bytes, samples, .. } = batch;
        self.outbox.with(|waiting| waiting.ring.return_batch());
        if refusal.blame == Blame::Size {
            self.limits.too_large(bytes, Instant::now());
            return;
        }
        if !self.limits.is_searching() {
            let (status, why) = (refusal.status, refusal.why());
            say(format_args!("{samples} samples refused with {status}{why}; looking for the one that is meant"));
        }
        self.limits.refused(samples);
    }

    /// One sample was refused: it is dropped, unless it may do without its readings.
    fn settle_refused_alone(&mut self, batch: Batch, refusal: &Refusal) {
        if refusal.blame == Blame::Size && self.without_readings != Some(batch.number) {
            self.without_readings = Some(batch.number);
            self.outbox.with(|waiting| waiting.ring.return_batch());
            say(format_args!("A sample of {} bytes is too large for the master: without its readings", batch.bytes));
            return;
        }
        self.limits.refused(1);
        self.outbox.settle(|waiting| {
            waiting.ring.forget_batch();
            waiting.samples_refused_total += 1;
        });
        say(format_args!("Metrics refused with {}, dropped 1{}", refusal.status, refusal.why()));
    }

    /// Nobody has judged the samples: they wait on, if they may.
    fn settle_failed(&mut self, batch: Batch, trouble: Trouble) -> Result<(), Trouble> {
        self.limits.failed(batch.bytes, Instant::now());
        if self.config.buffer_enabled {
            self.outbox.with(|waiting| waiting.ring.return_batch());
        } else {
            self.outbox.settle(|waiting| {
                waiting.ring.discard_batch();
                waiting.losses_to_say();
            });
            say(format_args!("Dropped {} samples: BUFFER_ENABLED is false", batch.samples));
        }
        Err(trouble)
    }

    fn send_containers(&mut self) -> Result<(), Trouble> {
        let body = &mut self.buffers.body;
        let Some((length, ticket)) = self.outbox.with(|waiting| waiting.containers(body)) else { return Ok(()) };
        if let Err(refusal) = self.send(CONTAINERS_PATH, length)? {
            say(format_args!("Containers refused with {}{}", refusal.status, refusal.why()));
        }
        self.outbox.with(|waiting| waiting.clear_containers(ticket));
        Ok(())
    }

    /// Sends the report with our token; on 401 registers again and repeats it once.
    fn send(&mut self, path: &str, length: usize) -> Outcome {
        let refused_token = match self.request(path, Body::Report(length))? {
            Err(Refusal { status: 401, reason, .. }) => reason,
            settled => return Ok(settled),
        };
        let why = if refused_token.is_empty() { "The token is refused with 401" } else { &refused_token };
        say(format_args!("{why}: registering again"));
        self.register()?;
        match self.request(path, Body::Report(length))? {
            Err(Refusal { status: 401, reason, .. }) => {
                say(format_args!("{reason}, although just registered"));
                self.token = None;
                Err(Trouble::Rejected)
            }
            settled => Ok(settled),
        }
    }

    /// One request with up to `RETRY_ATTEMPTS` tries. The answer's bytes are left for [`Self::answer`].
    fn request(&mut self, path: &str, body: Body<'_>) -> Outcome {
        let attempts = if self.last_attempt.is_some() { 1 } else { self.config.retry_attempts };
        let mut asked = None;
        for attempt in 1..=attempts {
            let cause = match self.post(path, body) {
                Ok(Answered { status: 200..=299, .. }) if self.is_from_a_master(true) => {
                    if matches!(body, Body::Report(_)) {
                        self.pulse.beat();
                    }
                    return Ok(Ok(()));
                }
                // A portal or a proxy on the way. What it took for the report is lost to us unless we keep it.
                Ok(Answered { status: status @ 200..=299, .. }) => {
                    asked = None;
                    format!("the answer with {status} is not a Neon master's")
                }
                // The master is there but cannot work, or wants less of us, or the body was too slow for it (408): worth
                // another try.
                Ok(Answered { status: status @ (408 | 429 | 500..), retry_after, .. }) => {
                    asked = retry_after.filter(|_| matches!(status, 429 | 503));
                    format!("the master answered {status}{}", self.reason(": "))
                }
                Ok(Answered { status, .. }) => {
                    return Ok(Err(Refusal::new(status, &self.reason(""), self.is_from_a_master(false))));
                }
                Err(cause) => {
                    asked = None;
                    cause
                }
            };
            let wish = asked.map(|asked| format!("; it asks for {} s", asked.as_secs())).unwrap_or_default();
            say(format_args!("Request failed (attempt {attempt}/{attempts}): {cause}{wish}"));
            // In a long pause more samples gather: better a new request after it than this one again.
            let is_last = attempt == attempts || asked > Some(ASKED_BETWEEN_TRIES_MAX);
            let pause = self.config.retry_delay * 2u32.pow(attempt - 1);
            if is_last || self.outbox.pause(pause.max(asked.unwrap_or_default())) {
                break;
            }
        }
        self.outbox.with(|waiting| waiting.request_failures_total += 1);
        Err(Trouble::Unavailable { asked })
    }

    /// One try. Errors: the cause in words.
    fn post(&mut self, path: &str, body: Body<'_>) -> Result<Answered, String> {
        let timeout = self.last_attempt.map(|until| until.saturating_duration_since(Instant::now()));
        let SenderBuffers { registration, body: report, answer, .. } = &mut *self.buffers;
        let (body, credential) = match body {
            Body::Registration(length, shown) => (&registration[..length], Credential::Secret(shown)),
            Body::Report(length) => (&report[..length], Credential::Token(self.token.as_deref().unwrap_or_default())),
        };
        self.answer_length = 0;
        let sent_boot_ms = clock::now().boot_ms;
        let answered = self.client.post(&Post { path, credential, body, timeout }, answer)?;
        self.answer_length = answered.length;
        self.answered_boot_ms = (sent_boot_ms, clock::now().boot_ms);
        Ok(answered)
    }

    /// Whether the last answer is an envelope that says `success`: a master's own word.
    fn is_from_a_master(&self, success: bool) -> bool {
        self.envelope::<IgnoredAny>().is_some_and(|envelope| envelope.success == success)
    }

    /// `data` of the last answer, if it is what was expected.
    fn answer<'a, Data: Deserialize<'a>>(&'a self) -> Option<Data> {
        self.envelope().and_then(|envelope| envelope.data)
    }

    /// `error` of the last answer after `separator`; empty if it has none.
    fn reason(&self, separator: &str) -> String {
        let error = self.envelope::<serde::de::IgnoredAny>().and_then(|envelope| envelope.error);
        error.map(|error| format!("{separator}{error}")).unwrap_or_default()
    }

    fn envelope<'a, Data: Deserialize<'a>>(&'a self) -> Option<Envelope<Data, JsonText<'a>>> {
        let answer = self.buffers.answer.get(..self.answer_length)?;
        neon_agent_core::parse::json::element(answer).ok()
    }
}

/// Whether a registration was refused for what it showed, so that something else may be good.
fn is_unknown(settled: &Result<(), Refusal>) -> bool {
    matches!(settled, Err(Refusal { status: 401, .. }))
}

/// The scheduler cannot say it, for it hangs: this thread is awake anyway.
fn say_what_hangs() {
    if let Some((source, taken)) = watch::overdue(Instant::now()) {
        let taken_s = taken.as_secs();
        log::line(Part::Scheduler, format_args!("{source} has not answered for {taken_s} s: no samples until it does"));
    }
}

fn say(message: fmt::Arguments<'_>) {
    log::line(Part::Client, message);
}
