//! When what is collected: timers, the collections themselves, and the end.
//!
//! The only stage besides `main` that reads a clock. It drives the sources, puts what they give into the outbox, and
//! never waits for the sender. One thread: its futures take turns where one waits for a timer, a signal or the engine.

use std::io;
use std::time::{Duration, SystemTime};

use neon_shared::time::Timestamp;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use smol::future::{or, zip};
use smol::stream::StreamExt;
use smol::{Async, Timer};

use crate::config::Config;
use crate::log::{self, Part};
use crate::outbox::Outbox;
use crate::source::docker::{Engine, Sweep};
use crate::source::host;
use crate::source::kernel::Kernel;

/// Window of the first sample's processor share, which has no sample before it.
const FIRST_CPU_WINDOW: Duration = Duration::from_millis(200);
/// Longest time for the engine's `/info`; the first registration waits for it.
const ENGINE_INFO_DEADLINE: Duration = Duration::from_secs(3);
/// Longest time for a sweep over all containers.
const ENGINE_SWEEP_DEADLINE: Duration = Duration::from_secs(60);
/// How long the sender may take to end; SIGTERM promises 2 s in all.
const STOP_PATIENCE: Duration = Duration::from_millis(1800);

/// The signals that end the agent. `main` blocks them before any thread starts, so that only [`run`] sees them.
pub fn ending_signals() -> SigSet {
    SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT])
}

/// Collects until a signal ends the agent, then lets the sender make its last attempt.
///
/// Errors: the signals cannot be received (signalfd(2)).
pub async fn run(config: &Config, outbox: &Outbox, kernel: Kernel, engine: Engine) -> io::Result<()> {
    let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
    let signals = Async::new(SignalFd::with_flags(&ending_signals(), flags)?)?;
    or(signals.readable(), Collection { config, outbox, kernel, engine }.run()).await?;
    log::line(Part::Agent, format_args!("Stopping"));
    outbox.stop(STOP_PATIENCE);
    Ok(())
}

struct Collection<'a> {
    config: &'a Config,
    outbox: &'a Outbox,
    kernel: Kernel,
    engine: Engine,
}

impl Collection<'_> {
    async fn run(self) -> io::Result<()> {
        let Self { config, outbox, mut kernel, mut engine } = self;
        kernel.prime_cpu();
        zip(Timer::after(FIRST_CPU_WINDOW), publish_facts(config, outbox, &mut kernel, &mut engine)).await;
        collect_metrics(outbox, &mut kernel);
        collect_containers(outbox, &mut engine).await;
        log::line(Part::Agent, format_args!("Running. Press Ctrl+C to stop."));

        let metrics = every(config.metrics_interval, || collect_metrics(outbox, &mut kernel));
        let heartbeats = every(config.heartbeat_interval, || {
            let due = now();
            outbox.with(|waiting| waiting.heartbeat = Some(due));
        });
        let containers = async {
            let mut timer = Timer::interval(config.containers_interval);
            while timer.next().await.is_some() {
                collect_containers(outbox, &mut engine).await;
            }
        };
        zip(zip(metrics, heartbeats), containers).await;
        Ok(())
    }
}

/// Does `work` once an interval, the first time after one. The timer keeps its own beat, however long the work takes.
async fn every(interval: Duration, mut work: impl FnMut()) {
    let mut timer = Timer::interval(interval);
    while timer.next().await.is_some() {
        work();
    }
}

/// Collects what the registration says of the host; an engine that is slow or missing leaves out its own part.
async fn publish_facts(config: &Config, outbox: &Outbox, kernel: &mut Kernel, engine: &mut Engine) {
    let mut facts = kernel.facts();
    let in_container = host::in_container(&config.host_root);
    // Without an engine the facts stand as they are; the container sync says why.
    let _ = within(ENGINE_INFO_DEADLINE, engine.describe(&mut facts, in_container)).await;
    outbox.with(|waiting| waiting.put_facts(facts));
}

fn collect_metrics(outbox: &Outbox, kernel: &mut Kernel) {
    match kernel.sample(now()) {
        Ok(sample) => {
            let (dropped, lost) = outbox.with(|waiting| (waiting.ring.push(sample), waiting.ring.lost_total()));
            let (cpu, memory) = (sample.cpu_percent, sample.memory_percent);
            say(format_args!("Collected metrics: CPU {cpu:.2}%, Memory {memory:.2}%"));
            if dropped {
                say(format_args!("Buffer full: the oldest sample was dropped, {lost} in all"));
            }
        }
        Err(fault) => say(format_args!("No metrics: {fault}")),
    }
}

async fn collect_containers(outbox: &Outbox, engine: &mut Engine) {
    match within(ENGINE_SWEEP_DEADLINE, engine.containers()).await {
        Ok(Ok(sweep)) => {
            outbox.with(|waiting| waiting.put_containers(sweep.body));
            say(format_args!("Collected {} containers", sweep.containers));
            say_what_is_missing(&sweep);
        }
        Ok(Err(fault)) => say_docker_is_away(&fault),
        Err(TooSlow) => {
            say_docker_is_away(&format_args!("no answer within {} s", ENGINE_SWEEP_DEADLINE.as_secs()));
        }
    }
}

fn say_docker_is_away(cause: &dyn std::fmt::Display) {
    // The first line stands alone: scripts look for it to the letter.
    say(format_args!("Docker is not available"));
    say(format_args!("Docker: {cause}"));
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
struct TooSlow;

async fn within<T>(deadline: Duration, work: impl Future<Output = T>) -> Result<T, TooSlow> {
    or(async { Ok(work.await) }, async {
        Timer::after(deadline).await;
        Err(TooSlow)
    })
    .await
}

fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

fn say(message: std::fmt::Arguments<'_>) {
    log::line(Part::Scheduler, message);
}
