//! What `neon-master` does instead of running: each says what it did in a line, or why it did not.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use neon_master::config::{self, ConfigError};
use neon_master::domain::password;
use neon_master::http::{error_chain, now};
use neon_master::store::Location;
use neon_master::store::backup::{BackupError, Contents, backup, restore};
use neon_master::store::distribute::{DistributeError, Distributed, distribute};
use neon_master::store::transfer::{Moved, TransferError, transfer};

use crate::authority::{self, AuthorityError};
use crate::completions;
use crate::user::{self, UserError};
use crate::{BAD_CONFIG, FAILED};

/// Every command that works on what the configuration names, or on files, and how it is called.
const USAGES: &[(&str, &str)] = &[
    ("backup", "backup FILE"),
    ("restore", "restore FILE"),
    ("migrate-store", "migrate-store --from URL --to URL"),
    ("distribute", "distribute"),
    ("user", user::USAGE),
    ("secret", "secret generate"),
    ("tls", authority::USAGE),
    ("config", "config"),
    ("completions", completions::USAGE),
];

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    /// Its arguments.
    #[error("usage: neon-master {0}")]
    Usage(&'static str),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Distribute(#[from] DistributeError),
    #[error(transparent)]
    User(#[from] UserError),
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// How the command `name` is called; `None` where there is no such command.
pub fn usage(name: &str) -> Option<&'static str> {
    USAGES.iter().find(|(command, _)| *command == name).map(|(_, usage)| *usage)
}

/// Carries out the command `name`, which is called as `usage` says, with `arguments`.
pub fn run(name: &str, usage: &'static str, arguments: &[OsString]) -> ExitCode {
    match carry_out(name, usage, arguments) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("neon-master: {}", error_chain(&error));
            let is_bad_call = matches!(error, CommandError::Usage(_) | CommandError::Config(_));
            ExitCode::from(if is_bad_call { BAD_CONFIG } else { FAILED })
        }
    }
}

fn carry_out(name: &str, usage: &'static str, arguments: &[OsString]) -> Result<String, CommandError> {
    let wrong = || CommandError::Usage(usage);
    match (name, arguments) {
        (_, [help]) if help == "--help" || help == "-h" => {
            Ok(format!("usage: neon-master {usage}\n\nneon-master --help says what each command does."))
        }
        ("backup", _) => back_up(&config::database_from_env()?, file(arguments).ok_or_else(wrong)?),
        ("restore", _) => put_back(&config::database_from_env()?, file(arguments).ok_or_else(wrong)?),
        ("migrate-store", _) => {
            let (from, to) = from_and_to(arguments).ok_or_else(wrong)?;
            let from = config::database_from_argument("--from", from)?;
            move_all(&from, &config::database_from_argument("--to", to)?)
        }
        ("distribute", []) => spread(&config::database_from_env()?),
        ("user", _) => {
            let command = user::Command::of(arguments).ok_or_else(wrong)?;
            Ok(user::run(&command, &config::database_from_env()?)?)
        }
        ("secret", [what]) if what == "generate" => Ok(password::random_secret()),
        ("tls", _) => Ok(authority::run(&authority::Command::of(arguments).ok_or_else(wrong)?)?),
        ("config", []) => Ok(config::describe_from_env()?),
        ("completions", [shell]) => shell.to_str().and_then(completions::script).ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

/// The only argument; one that looks like an option is a mistake.
fn file(arguments: &[OsString]) -> Option<&Path> {
    match arguments {
        [file] if !file.is_empty() && !file.to_string_lossy().starts_with('-') => Some(Path::new(file)),
        _ => None,
    }
}

/// The two URLs, in either order.
fn from_and_to(arguments: &[OsString]) -> Option<(&str, &str)> {
    let [a, b, c, d] = arguments else { return None };
    match (a.to_str()?, b.to_str()?, c.to_str()?, d.to_str()?) {
        ("--from", from, "--to", to) | ("--to", to, "--from", from) => Some((from, to)),
        _ => None,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn back_up(location: &Location, to: &Path) -> Result<String, CommandError> {
    let contents = backup(location, to).await?;
    Ok(format!("{location} is backed up to {}: {}", to.display(), describe(&contents)))
}

#[tokio::main(flavor = "current_thread")]
async fn put_back(location: &Location, from: &Path) -> Result<String, CommandError> {
    let restored = restore(location, from, now()).await?;
    let kept = restored
        .replaced
        .map_or("there was none before".to_owned(), |kept| format!("the one before is kept as {}", kept.display()));
    Ok(format!("{location} is restored from {}: {}; {kept}", from.display(), describe(&restored.contents)))
}

#[tokio::main(flavor = "current_thread")]
async fn move_all(from: &Location, to: &Location) -> Result<String, CommandError> {
    let moved = transfer(from, to).await?;
    let line =
        |Moved { table, sum }: &Moved| format!("{table:<16} {:>12} rows  checksum {:016x}", sum.rows, sum.checksum);
    let lines: Vec<String> = moved.iter().map(line).collect();
    let rows: u64 = moved.iter().map(|moved| moved.sum.rows).sum();
    Ok(format!(
        "{}\n{from} is moved to {to}: {} tables, {rows} rows, counted and compared",
        lines.join("\n"),
        moved.len()
    ))
}

#[tokio::main(flavor = "current_thread")]
async fn spread(location: &Location) -> Result<String, CommandError> {
    let Distributed { whole, spread, before } = distribute(location).await?;
    if whole.is_empty() && spread.is_empty() {
        return Ok(format!("{location} is distributed already: {before} tables"));
    }
    Ok(format!(
        "{location} is distributed: by server {}; whole on every machine {}; {before} tables were before",
        list(&spread),
        list(&whole)
    ))
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn describe(contents: &Contents) -> String {
    format!("{} servers, {} samples, {} bytes, checked", contents.servers, contents.samples, contents.bytes)
}
