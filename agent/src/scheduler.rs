//! When what is collected: timers, the collections themselves, and the end.
//!
//! The only stage besides `main` that reads a clock. It drives the sources, puts what they give into the outbox, and
//! never waits for the sender. One thread: its futures take turns where one waits for a timer, a signal or the engine.

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_lite::future::{or, zip};
use neon_agent_core::clock::Date;
use neon_agent_core::sample::host::{HostMetrics, SourceEntry};
use neon_agent_core::wire;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::clock;
use crate::config::Config;
use crate::log::{self, Part};
use crate::outbox::Outbox;
use crate::pace::{Beat, Pace};
use crate::reactor::{self, Readiness, after, until};
use crate::source::docker::{Engine, Sweep};
use crate::source::host::{self, HostFacts};
use crate::source::kernel::{Kernel, source_entry};
use crate::watch;

/// Window of the first sample's processor share, which has no sample before it.
const FIRST_CPU_WINDOW: Duration = Duration::from_millis(200);
/// Shortest time from the first sample to the second, as a part of the interval.
const FIRST_INTERVAL_PART: u32 = 10;
/// Longest time for the engine's `/info`; the first registration waits for it.
const ENGINE_INFO_DEADLINE: Duration = Duration::from_secs(3);
/// Longest time for a sweep over all containers: hundreds of them on a busy host take some seconds.
pub const ENGINE_SWEEP_DEADLINE: Duration = Duration::from_secs(60);
/// The same where sweeps follow each other faster: what hangs is said before the next but one is missed, and still no
/// engine that only is slow is given up.
const ENGINE_SWEEP_DEADLINE_MIN: Duration = Duration::from_secs(10);
/// How long the first sweep is waited for before the agent says that it runs.
const FIRST_SWEEP_PATIENCE: Duration = Duration::from_secs(3);
/// How long the sender may take to end; SIGTERM promises 2 s in all.
const STOP_PATIENCE: Duration = Duration::from_millis(1800);

/// Room for one sample as JSON: one of 256 processors, 64 disks and 64 interfaces takes about 100 KB. Past it the
/// sample goes without its readings.
pub const SAMPLE_BYTES: usize = 128 * 1024;
/// What the engine is called among the sources.
const ENGINE_SOURCE: &str = "docker";

/// The buffer a sample is written into; one static holds it.
pub struct SampleBuffer(pub [u8; SAMPLE_BYTES]);

impl SampleBuffer {
    /// All zeroes.
    pub const fn new() -> Self {
        Self([0; SAMPLE_BYTES])
    }
}

/// The signals that end the agent. `main` blocks them before any thread starts, so that only [`run`] sees them.
pub fn ending_signals() -> SigSet {
    SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT])
}

/// Collects until a signal ends the agent, then lets the sender make its last attempt.
///
/// Errors: the signals cannot be received (signalfd(2)).
pub async fn run(
    config: &Config,
    outbox: &Outbox,
    kernel: Kernel,
    engine: Engine,
    sample_buffer: &'static mut SampleBuffer,
    pace: Pace,
) -> io::Result<()> {
    let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
    let signals = Rc::new(SignalFd::with_flags(&ending_signals(), flags)?);
    let ended = reactor::ready(signals, Readiness::Read);
    or(ended, Collection { config, outbox, kernel, engine, sample_buffer, pace }.run()).await?;
    log::line(Part::Agent, format_args!("Stopping"));
    outbox.stop(STOP_PATIENCE);
    Ok(())
}

struct Collection<'a> {
    config: &'a Config,
    outbox: &'a Outbox,
    kernel: Kernel,
    engine: Engine,
    sample_buffer: &'static mut SampleBuffer,
    pace: Pace,
}

impl Collection<'_> {
    async fn run(self) -> io::Result<()> {
        let Self { config, outbox, kernel, mut engine, sample_buffer, pace } = self;
        let sweep = RefCell::new(None);
        let mut metrics =
            Metrics { outbox, kernel, buffer: &mut sample_buffer.0, sweep: &sweep, clock: Instant::now() };
        // The first sample counts its shares and rates from here.
        metrics.read();
        zip(after(FIRST_CPU_WINDOW), publish_facts(config, outbox, &metrics.kernel, &mut engine)).await;
        metrics.collect();

        let now = Instant::now();
        // Shares and rates over a moment say nothing: a beat that comes too soon is left out.
        let too_soon = now + config.metrics_interval / FIRST_INTERVAL_PART;
        let samples = every(pace.beats(config.metrics_interval, too_soon), || metrics.collect());
        let is_running = Cell::new(false);
        let say_running = || {
            if !is_running.replace(true) {
                log::line(Part::Agent, format_args!("Running. Press Ctrl+C to stop."));
            }
        };
        let deadline = config.containers_interval.clamp(ENGINE_SWEEP_DEADLINE_MIN, ENGINE_SWEEP_DEADLINE);
        // Nothing waits for the first sweep: an engine that hangs would keep the host silent.
        let containers = async {
            let mut beat = pace.beats(config.containers_interval, now);
            loop {
                collect_containers(outbox, &mut engine, deadline, &sweep).await;
                say_running();
                until(beat.next()).await;
                beat.pass(Instant::now());
            }
        };
        let patience = async {
            after(FIRST_SWEEP_PATIENCE).await;
            say_running();
        };
        zip(samples, zip(containers, patience)).await.0
    }
}

/// Does `work` on every beat.
async fn every(mut beat: Beat, mut work: impl FnMut()) -> io::Result<()> {
    loop {
        until(beat.next()).await;
        work();
        beat.pass(Instant::now());
    }
}

/// Collects what the registration says of the host; an engine that is slow or missing leaves out its own part.
async fn publish_facts(config: &Config, outbox: &Outbox, kernel: &Kernel, engine: &mut Engine) {
    let mut facts = kernel.facts();
    describe(engine, &mut facts, host::in_container(&config.host_root)).await;
    outbox.put(|waiting| waiting.put_facts(facts));
}

/// Takes samples and puts them into the outbox.
struct Metrics<'a> {
    outbox: &'a Outbox,
    kernel: Kernel,
    buffer: &'a mut [u8],
    /// How the last sweep over the containers fared: the engine is a source like the others.
    sweep: &'a RefCell<Option<SourceEntry>>,
    clock: Instant,
}

impl Metrics<'_> {
    fn clock(&self) -> impl Fn() -> Duration + use<> {
        let started = self.clock;
        move || started.elapsed()
    }

    /// Reads the host, which may hang in a place that nobody expects.
    fn read(&mut self) {
        let clock = self.clock();
        watch::begin(Instant::now());
        self.kernel.collect(&clock);
        if let Some((source, taken)) = watch::end(Instant::now()) {
            say(format_args!("{source} answered after {} s: samples are taken again", taken.as_secs()));
        }
    }

    fn collect(&mut self) {
        self.read();
        self.kernel.returned().iter().for_each(|returned| say(format_args!("{returned}")));
        self.kernel.sources().iter().filter_map(|source| source.error.as_ref()).for_each(|error| {
            say(format_args!("{error}"));
        });
        if let Some(sweep) = &*self.sweep.borrow() {
            self.kernel.add_source(sweep.clone());
        }
        let taken = clock::now();
        let time = self.outbox.tell_time(taken);
        let standing = self.outbox.with(|waiting| waiting.standing(taken));
        let Some(metrics) = self.kernel.metrics(time, standing) else {
            say(format_args!("No metrics: without processor times and memory there is no sample"));
            return;
        };
        let Some(sample) = encoded(&metrics, self.buffer) else { return };
        let date = Date { time_ms: time.unix_ms(), boot_ms: taken.boot_ms, is_fixed: false };
        let (lost, lost_total) = self.outbox.push(date, sample);
        let (cpu, memory) = (metrics.cpu_percent, metrics.memory_percent);
        say(format_args!("Collected metrics: CPU {cpu:.2}%, Memory {memory:.2}%"));
        match lost {
            0 => {}
            1 => say(format_args!("Buffer full: the oldest sample was dropped, {lost_total} in all")),
            _ => say(format_args!("Buffer full: the {lost} oldest samples were dropped, {lost_total} in all")),
        }
    }
}

/// A sample as JSON; without its readings where they find no room.
pub fn encoded<'b>(metrics: &HostMetrics<'_>, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let length = match wire::sample(metrics, buffer) {
        Ok(sample) => sample.len(),
        Err(wire::Full) => {
            say(format_args!("The sample is larger than {SAMPLE_BYTES} bytes: it goes without its readings"));
            wire::sample(&HostMetrics { readings: None, ..*metrics }, buffer).ok()?.len()
        }
    };
    buffer.get(..length)
}

async fn collect_containers(
    outbox: &Outbox,
    engine: &mut Engine,
    deadline: Duration,
    standing: &RefCell<Option<SourceEntry>>,
) {
    let (sweep, entry) = sweep(engine, deadline).await;
    if let Some(error) = &entry.error {
        // The first line stands alone: scripts look for it to the letter.
        say(format_args!("Docker is not available"));
        say(format_args!("Docker: {error}"));
    }
    if let Some(sweep) = sweep {
        outbox.put(|waiting| waiting.put_containers(sweep.body));
        say(format_args!("Collected {} containers", sweep.containers));
        say_what_is_missing(&sweep);
    }
    *standing.borrow_mut() = Some(entry);
}

/// A sweep over all containers within `deadline`, and how it fared.
pub async fn sweep(engine: &mut Engine, deadline: Duration) -> (Option<Sweep<'_>>, SourceEntry) {
    let started = Instant::now();
    let entry = |error: Option<&dyn Display>| source_entry(ENGINE_SOURCE, started.elapsed(), error);
    match within(deadline, engine.containers()).await {
        Ok(Ok(sweep)) => (Some(sweep), entry(None)),
        Ok(Err(fault)) => (None, entry(Some(&fault))),
        Err(TooSlow) => (None, entry(Some(&format_args!("no answer within {} s", deadline.as_secs())))),
    }
}

/// Adds what the engine says of its host; without one the facts stand as they are.
pub async fn describe(engine: &mut Engine, facts: &mut HostFacts, in_container: bool) {
    // The sweep will say what is wrong with it.
    let _ = within(ENGINE_INFO_DEADLINE, engine.describe(facts, in_container)).await;
}

fn say_what_is_missing(sweep: &Sweep<'_>) {
    if sweep.omitted > 0 {
        say(format_args!("Docker: {} containers could not be reported", sweep.omitted));
    }
    if sweep.without_details > 0 {
        say(format_args!("Docker: {} containers are reported without details", sweep.without_details));
    }
    match &sweep.images {
        Ok(0) => {}
        Ok(left_out) => say(format_args!("Docker: the tags of {left_out} images were left out")),
        Err(fault) => say(format_args!("Docker: no image tags: {fault}")),
    }
}

/// A deadline passed.
pub struct TooSlow;

/// What `work` gives, unless it takes longer than `deadline`.
pub async fn within<T>(deadline: Duration, work: impl Future<Output = T>) -> Result<T, TooSlow> {
    or(async { Ok(work.await) }, async {
        after(deadline).await;
        Err(TooSlow)
    })
    .await
}

fn say(message: std::fmt::Arguments<'_>) {
    log::line(Part::Scheduler, message);
}

#[cfg(test)]
mod tests {
    use neon_agent_core::sample::host::{AgentStanding, Host, HostLists};

    use super::*;

    #[test]
    fn a_sample_that_finds_no_room_goes_without_its_readings() {
        let mut lists = Box::new(HostLists::new());
        let mut host = Host::new(&mut lists);
        host.stat(b"cpu 10 0 0 90\n").unwrap();
        host.meminfo(b"MemTotal: 2097152 kB\nMemAvailable: 1048576 kB\n").unwrap();
        let metrics = host.metrics(clock::wall(), &AgentStanding::default()).unwrap();
        let mut room = [0; 4096];
        let whole = encoded(&metrics, &mut room).unwrap().len();
        assert!(room[..whole].windows(10).any(|text| text == b"\"readings\""));
        let mut short = vec![0; whole - 1];
        let fixed: serde_json::Value = serde_json::from_slice(encoded(&metrics, &mut short).unwrap()).unwrap();
        assert_eq!((fixed["cpuPercent"].as_f64(), fixed["readings"].is_null()), (Some(10.0), true));
        assert_eq!(encoded(&metrics, &mut [0; 64]), None);
    }
}
