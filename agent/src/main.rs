//! Neon's agent: reads one host's kernel and Docker Engine and reports to a master.
//!
//! `main` builds the static buffers and the two threads: the scheduler on this one collects, the sender on its own
//! sends. Exit codes: 0 after SIGTERM or SIGINT, 1 when the system refuses what the agent needs, 2 for a bad
//! configuration; `health` has 1 for an agent that is not well, `check` for a deployment where a step failed.
// The tests count allocations, which takes an allocator and so `unsafe`; the product has none.
#![cfg_attr(not(test), forbid(unsafe_code))]

mod budget;
mod buffer_file;
mod check;
mod clock;
mod config;
mod credential;
mod health;
#[cfg(test)]
mod hot_path_tests;
mod log;
mod once;
mod outbox;
mod pace;
mod reactor;
mod scheduler;
mod source;
mod transport;
mod watch;

use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::buffer_file::RingFile;
use crate::config::{Config, ConfigErrors, KEYS};
use crate::health::Pulse;
use crate::log::Part;
use crate::outbox::{Outbox, Waiting};
use crate::pace::Pace;
use crate::scheduler::SampleBuffer;
use crate::source::docker::{DockerBuffers, Engine};
use crate::source::kernel::{Kernel, KernelBuffers};
use crate::transport::SenderBuffers;

const EXIT_SYSTEM: u8 = 1;
const EXIT_CONFIGURATION: u8 = 2;

// All memory that the path from a kernel file to a request body uses, in bss: a page of it is only resident once it
// has been written to. Each capacity is named and explained where its buffer's type is.
static WAITING: Mutex<Waiting> = Mutex::new(Waiting::new());
static KERNEL: Mutex<KernelBuffers> = Mutex::new(KernelBuffers::new());
static SAMPLE: Mutex<SampleBuffer> = Mutex::new(SampleBuffer::new());
static DOCKER: Mutex<DockerBuffers> = Mutex::new(DockerBuffers::new());
static SENDER: Mutex<SenderBuffers> = Mutex::new(SenderBuffers::new());

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        None => configured(Config::from_env(), watch),
        Some("check") => match Config::from_env() {
            Ok(config) => configured(Ok(config), check),
            Err(errors) => {
                check::refuse(&errors);
                ExitCode::from(EXIT_CONFIGURATION)
            }
        },
        Some("health") => health::run(std::env::args().nth(2).as_deref()),
        Some("--once") => configured(Config::for_one_report(&hostname()), once),
        Some("--budget") => {
            budget::print();
            ExitCode::SUCCESS
        }
        Some("--version" | "-V") => {
            println!("neon-agent {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Some("--help" | "-h") => {
            print_help();
            ExitCode::SUCCESS
        }
        Some(other) => {
            eprintln!("neon-agent: unknown argument {other:?}; --help lists what there is");
            ExitCode::from(EXIT_CONFIGURATION)
        }
    }
}

fn configured(config: Result<Config, ConfigErrors>, run: fn(&Config) -> std::io::Result<()>) -> ExitCode {
    let config = match config {
        Ok(config) => config,
        Err(errors) => {
            errors.iter().for_each(|error| eprintln!("neon-agent: {error}"));
            return ExitCode::from(EXIT_CONFIGURATION);
        }
    };
    match run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("neon-agent: {error}");
            ExitCode::from(EXIT_SYSTEM)
        }
    }
}

/// Watches this host until a signal ends the agent.
fn watch(config: &Config) -> std::io::Result<()> {
    let pace = Pace::new(&config.server_name, Instant::now());
    log::line(Part::Agent, format_args!("neon-agent {}", env!("CARGO_PKG_VERSION")));
    log::line(Part::Agent, format_args!("{config}"));
    config.warnings().for_each(|warning| log::line(Part::Agent, format_args!("{warning}")));
    // Before any thread starts, so that every thread inherits it and only the scheduler's descriptor gets them.
    scheduler::ending_signals().thread_block()?;
    let outbox = outbox(config);
    let (kernel, engine) = sources(config);
    transport::start(config.clone(), outbox, claim(&SENDER), Pulse::begin(config), pace)?;
    reactor::block_on(scheduler::run(config, outbox, kernel, engine, claim(&SAMPLE), pace))?
}

/// The outbox, with what the file of an earlier run has kept.
fn outbox(config: &Config) -> &'static Outbox {
    let path = config.buffer_file.as_deref().filter(|_| config.buffer_enabled);
    let outbox: &'static Outbox = Box::leak(Box::new(Outbox::new(&WAITING, path.and_then(RingFile::open))));
    outbox.with(|waiting| waiting.ring.set_limit(if config.buffer_enabled { config.buffer_max_samples } else { 1 }));
    outbox.recover(clock::now());
    outbox
}

/// Prints one report.
fn once(config: &Config) -> std::io::Result<()> {
    let (kernel, engine) = sources(config);
    once::run(config, kernel, engine, claim(&SAMPLE))
}

/// Says what is wrong with this deployment.
fn check(config: &Config) -> std::io::Result<()> {
    let (kernel, engine) = sources(config);
    check::run(config, kernel, engine)
}

fn sources(config: &Config) -> (Kernel, Engine) {
    (Kernel::new(config, claim(&KERNEL)), Engine::new(&config.docker_socket, claim(&DOCKER)))
}

fn hostname() -> String {
    let system = nix::sys::utsname::uname();
    system.map(|system| system.nodename().to_string_lossy().into_owned()).unwrap_or_else(|_| "localhost".to_owned())
}

/// Takes a static for the rest of the process's life.
fn claim<T>(buffers: &'static Mutex<T>) -> &'static mut T {
    let guard = buffers.lock().unwrap_or_else(PoisonError::into_inner);
    &mut *Box::leak(Box::<MutexGuard<'static, T>>::new(guard))
}

fn print_help() {
    println!("neon-agent {}: reads this host and reports to a Neon master\n", env!("CARGO_PKG_VERSION"));
    println!("Usage: neon-agent [check | health [PID] | --once | --budget | --version | --help]\n");
    println!("  check      say what is wrong with this deployment and what to do, step by step; registers nothing");
    println!("  health     say when the agents that run here, or process PID, last reported; fails if too long ago");
    println!("  --once     print one report as JSON and exit; needs no master");
    println!("  --budget   print every static buffer, its size, and what happens past it\n");
    println!("Configuration by environment:");
    for key in &KEYS {
        let default = key.default.unwrap_or("required");
        println!("  {:<20} {} ({}) [{default}]", key.name, key.meaning, key.range);
    }
}
