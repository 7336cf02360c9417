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

const MIGRATE_STORE: &str = "migrate-store --from URL --to URL";

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

/// Carries out the command that `arguments` begins with.
pub fn run(arguments: &[OsString]) -> ExitCode {
    match carry_out(arguments) {
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

fn carry_out(arguments: &[OsString]) -> Result<String, CommandError> {
    if let Some(usage) = asked_for_help(arguments) {
        return Ok(format!("usage: neon-master {usage}\n\nneon-master --help says what each command does."));
    }
    let (command, arguments) =
        arguments.split_first().map_or((None, arguments), |(first, rest)| (first.to_str(), rest));
    match command {
        Some("backup") => back_up(&config::database_from_env()?, file(arguments, "backup FILE")?),
        Some("distribute") => match arguments {
            [] => spread(&config::database_from_env()?),
            _ => Err(CommandError::Usage("distribute")),
        },
        Some("migrate-store") => {
            let (from, to) = from_and_to(arguments).ok_or(CommandError::Usage(MIGRATE_STORE))?;
            let from = config::database_from_argument("--from", from)?;
            move_all(&from, &config::database_from_argument("--to", to)?)
        }
        Some("user") => {
            let command = user::Command::of(arguments).ok_or(CommandError::Usage(user::USAGE))?;
            Ok(user::run(&command, &config::database_from_env()?)?)
        }
        Some("secret") => match arguments {
            [what] if what == "generate" => Ok(password::random_secret()),
            _ => Err(CommandError::Usage("secret generate")),
        },
        Some("config") => match arguments {
            [] => Ok(config::describe_from_env()?),
            _ => Err(CommandError::Usage("config")),
        },
        Some("completions") => {
            let shell = match arguments {
                [shell] => shell.to_str(),
                _ => None,
            };
            Ok(shell.and_then(completions::script).ok_or(CommandError::Usage(completions::USAGE))?)
        }
        Some("tls") => {
            let command = authority::Command::of(arguments).ok_or(CommandError::Usage(authority::USAGE))?;
            Ok(authority::run(&command)?)
        }
        _ => put_back(&config::database_from_env()?, file(arguments, "restore FILE")?),
    }
}

/// How the command is called, where `--help` is all that follows it.
fn asked_for_help(arguments: &[OsString]) -> Option<&'static str> {
    let [command, rest @ ..] = arguments else { return None };
    if !matches!(rest, [help] if help == "--help" || help == "-h") {
        return None;
    }
    Some(match command.to_str()? {
        "backup" => "backup FILE",
        "restore" => "restore FILE",
        "distribute" => "distribute",
        "migrate-store" => MIGRATE_STORE,
        "user" => user::USAGE,
        "secret" => "secret generate",
        "config" => "config",
        "completions" => completions::USAGE,
        "tls" => authority::USAGE,
        _ => return None,
    })
}

/// The only argument; one that looks like an option is a mistake.
fn file<'a>(arguments: &'a [OsString], usage: &'static str) -> Result<&'a Path, CommandError> {
    match arguments {
        [file] if !file.is_empty() && !file.to_string_lossy().starts_with('-') => Ok(Path::new(file)),
        _ => Err(CommandError::Usage(usage)),
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
