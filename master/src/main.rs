//! `neon-master`: reads the configuration, starts the master, and stops it on SIGTERM or SIGINT.
//!
//! Exit codes: 0 after an ordered stop or a command that was done, 1 where the address or the store cannot be had, a task
//! of the running master ended or a command failed, 2 for a bad configuration or command line.
#![forbid(unsafe_code)]

mod authority;
mod command;
mod completions;
mod user;

use std::ffi::OsString;
use std::process::ExitCode;

use neon_master::config::{self, Config, LogFormat};
use neon_master::http::error_chain;
use neon_master::{Master, StartError};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const FAILED: u8 = 1;
const BAD_CONFIG: u8 = 2;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let name = arguments.first().map(|argument| argument.to_string_lossy());
    match name.as_deref() {
        None => {}
        Some("--version" | "-V") => {
            println!("neon-master {VERSION}");
            return ExitCode::SUCCESS;
        }
        Some("--help" | "-h") => {
            print!("{}", help());
            return ExitCode::SUCCESS;
        }
        Some("openapi") => {
            print!("{}", neon_master::http::openapi_document());
            return ExitCode::SUCCESS;
        }
        Some(name) => {
            let Some(usage) = command::usage(name) else {
                eprintln!("neon-master: unknown argument {name:?}, try --help");
                return ExitCode::from(BAD_CONFIG);
            };
            return command::run(name, usage, arguments.get(1..).unwrap_or_default());
        }
    }
    let config = match Config::from_env() {
        Ok(config) => config,
        Err(error) => {
            eprintln!("neon-master: {error}");
            return ExitCode::from(BAD_CONFIG);
        }
    };
    log_to_stderr(&config);
    match run(&config) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(cause = error_chain(&error), "cannot start");
            ExitCode::from(if matches!(error, StartError::NoUser(_)) { BAD_CONFIG } else { FAILED })
        }
    }
}

#[tokio::main]
async fn run(config: &Config) -> Result<ExitCode, StartError> {
    // Before anything listens, so that no signal finds the default handler.
    let stop = stop_signal();
    let master = Master::start(config).await?;
    let (listen, tls) = (master.address(), config.tls.is_some());
    tracing::info!(version = VERSION, %listen, tls, store = %config.database, "neon-master is running");
    let code = tokio::select! {
        name = stop => {
            tracing::info!(signal = name, "stopping");
            ExitCode::SUCCESS
        }
        task = master.ended() => {
            tracing::error!(task, "a task without which this is no master has ended: stopping, to be started again");
            ExitCode::from(FAILED)
        }
    };
    master.stop().await;
    tracing::info!("stopped");
    Ok(code)
}

/// Resolves with the name of the first SIGTERM or SIGINT. Installing the handlers fails only where the process has
/// no file descriptors left at its very start; then the signal's default ends the process, as it would without us.
fn stop_signal() -> impl Future<Output = &'static str> {
    let terminate = signal(SignalKind::terminate());
    let interrupt = signal(SignalKind::interrupt());
    async {
        match (terminate, interrupt) {
            (Ok(mut terminate), Ok(mut interrupt)) => tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            },
            _ => std::future::pending().await,
        }
    }
}

fn log_to_stderr(config: &Config) {
    // The libraries' own chatter only where something is wrong.
    let filter = Targets::new()
        .with_default(LevelFilter::WARN.min(LevelFilter::from_level(config.log_level)))
        .with_target("salvo_core", LevelFilter::ERROR)
        .with_target("neon_master", config.log_level);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(filter);
    match config.log_format {
        LogFormat::Text => registry.with(lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))).init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).init(),
    }
}

fn help() -> String {
    format!(
        "neon-master {VERSION}: stores what Neon's agents report and shows it.\n\n\
         Usage: neon-master [--help | --version | openapi | backup FILE | restore FILE | migrate-store … | distribute | user … | \
         secret generate | tls … | config | completions SHELL]\n\n\
         Without an argument it runs until SIGTERM or SIGINT.\n\n\
         \x20 openapi          prints the API's description\n\
         \x20 backup FILE      copies the SQLite database to a new file, also while a master runs\n\
         \x20 restore FILE     puts such a copy in its place, while none runs, and keeps what was there\n\
         \x20 migrate-store --from URL --to URL\n\
         \x20                  moves everything from one store to an empty one, and compares them;\n\
         \x20                  sqlite:<path> or postgres://…, no master running on either\n\
         \x20 distribute       spreads the tables of a PostgreSQL with the Citus extension over its machines,\n\
         \x20                  while no master runs\n\
         \x20 user add NAME viewer|operator|admin, user password NAME, user list, user reset-second-factor NAME,\n\
         \x20 user remove NAME\n\
         \x20                  who may log in, also while a master runs; passwords are typed, or a line of\n\
         \x20                  standard input\n\
         \x20 secret generate  prints a new secret\n\
         \x20 tls init --name NAME [--name …] [--ip ADDRESS …] [--out DIR] [--overwrite]\n\
         \x20                  makes a private authority and the master's certificate by it, and prints what to set\n\
         \x20 tls renew --name NAME [--name …] [--ip ADDRESS …] [--out DIR]\n\
         \x20                  another certificate by the same authority\n\
         \x20 config           checks the configuration as a start does, and lists each key with where it is from;\n\
         \x20                  secrets are not shown\n\
         \x20 completions bash|zsh|fish\n\
         \x20                  prints what completes these commands in that shell\n\n\
         These exit with 0 when done, 1 when not (then nothing was changed), 2 for a bad command line or configuration.\n\
         It is configured by environment variables, or a file .env in its working directory:\n\n{}",
        config::help()
    )
}
