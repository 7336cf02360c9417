//! `neon-master user …`: who may log in. It works on the store itself, so it needs no login and no running master, and
//! whoever may run it may read the store anyway.
//!
//! A password is typed twice without being shown, or is a line of standard input. It is never an argument: every user of
//! a host sees the arguments of every process.

use std::ffi::OsString;
use std::io::{self, BufRead, IsTerminal, Write};

use neon_master::config::Secret;
use neon_master::domain::password::{self, Unfit};
use neon_master::http::now;
use neon_master::model::{Actor, Role, UserDetail, UserPatch};
use neon_master::store::{Location, Store, StoreError, UserChange};
use nix::sys::termios::{LocalFlags, SetArg, SpecialCharacterIndices, tcgetattr, tcsetattr};

/// How it is called.
pub const USAGE: &str = "user add NAME viewer|operator|admin, user password NAME, user list, user reset-second-factor NAME, \
     or user remove NAME";

const CTRL_C: u8 = 3;

/// What is to be done.
#[derive(Debug)]
pub enum Command {
    Add(String, Role),
    Password(String),
    List,
    ResetSecondFactor(String),
    Remove(String),
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("there is no user {0}")]
    NoUser(String),
    #[error("{0} has no second factor")]
    NoSecondFactor(String),
    #[error("there is a user {0} already")]
    Exists(String),
    #[error("{0} is the last admin, and stays")]
    LastAdmin(String),
    #[error("the two are not the same")]
    NotTheSame,
    #[error("there is no password on standard input")]
    NoPassword,
    #[error("the password cannot be read")]
    Input(#[source] io::Error),
    #[error("the password could not be hashed")]
    Hash,
    #[error("cannot open {0}")]
    Open(Location, #[source] StoreError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Command {
    /// The command of these arguments.
    pub fn of(arguments: &[OsString]) -> Option<Self> {
        let words: Option<Vec<&str>> = arguments.iter().map(|argument| argument.to_str()).collect();
        match words?.as_slice() {
            ["add", name, role] => Some(Self::Add((*name).to_owned(), Role::parse(role)?)),
            ["password", name] => Some(Self::Password((*name).to_owned())),
            ["list"] => Some(Self::List),
            ["reset-second-factor", name] => Some(Self::ResetSecondFactor((*name).to_owned())),
            ["remove", name] => Some(Self::Remove((*name).to_owned())),
            _ => None,
        }
    }
}

/// Carries it out on the store at `location`, and says what was done.
#[tokio::main(flavor = "current_thread")]
pub async fn run(command: &Command, location: &Location) -> Result<String, UserError> {
    // What can be wrong without the store is said before it is opened.
    let hash = match command {
        Command::Add(name, _) | Command::Password(name) => {
            password::check_name(name)?;
            Some(password::hash(new_password(name)?.reveal()).map_err(|_| UserError::Hash)?)
        }
        Command::List | Command::ResetSecondFactor(_) | Command::Remove(_) => None,
    };
    let store = Store::open(location).await.map_err(|error| UserError::Open(location.clone(), error))?;
    let outcome = carry_out(command, &store, hash.as_deref().unwrap_or_default()).await;
    store.close().await;
    outcome
}

async fn carry_out(command: &Command, store: &Store, hash: &str) -> Result<String, UserError> {
    let actor = Actor::command_line();
    match command {
        Command::Add(name, role) => match store.user_add(name, *role, hash, &actor, now()).await? {
            None => Err(UserError::Exists(name.clone())),
            Some(_) => Ok(format!("{name} may log in, and is {}", role.as_str())),
        },
        Command::Password(name) => {
            let patch = UserPatch { password_hash: Some(hash.to_owned()), ..UserPatch::default() };
            let change = store.user_change(id_of(store, name).await?, &patch, None, &actor, now()).await?;
            done(change, name, format!("{name} has a new password, and all sessions of {name} ended"))
        }
        Command::ResetSecondFactor(name) => {
            match store.factor_remove(id_of(store, name).await?, &actor, now()).await? {
                false => Err(UserError::NoSecondFactor(name.clone())),
                true => Ok(format!("{name} has no second factor any more, and logs in with the password alone")),
            }
        }
        Command::Remove(name) => {
            let change = store.user_remove(id_of(store, name).await?, &actor, now()).await?;
            done(change, name, format!("{name} is removed, with all sessions of {name} and API tokens by {name}"))
        }
        Command::List => {
            let users = store.user_list().await?;
            let lines: Vec<String> = users.iter().map(line_of).collect();
            Ok(if lines.is_empty() { "there are no users".to_owned() } else { lines.join("\n") })
        }
    }
}

async fn id_of(store: &Store, name: &str) -> Result<i64, UserError> {
    let found = store.user_find(name).await?;
    found.map(|found| found.user.id).ok_or_else(|| UserError::NoUser(name.to_owned()))
}

fn done(change: UserChange, name: &str, line: String) -> Result<String, UserError> {
    match change {
        UserChange::Done => Ok(line),
        UserChange::Missing => Err(UserError::NoUser(name.to_owned())),
        UserChange::LastAdmin => Err(UserError::LastAdmin(name.to_owned())),
    }
}

fn line_of(user: &UserDetail) -> String {
    let disabled = if user.is_disabled { " (disabled)" } else { "" };
    let factor = if user.has_second_factor { " (second factor)" } else { "" };
    format!("{:<9} {}{factor}{disabled}", user.role.as_str(), user.name)
}

fn new_password(name: &str) -> Result<Secret, UserError> {
    let stdin = io::stdin();
    let password = if stdin.is_terminal() {
        let (first, second) = (typed(&format!("Password of {name}: "))?, typed("Once more: ")?);
        if first != second {
            return Err(UserError::NotTheSame);
        }
        first
    } else {
        line()?
    };
    password::check_password(password.reveal())?;
    Ok(password)
}

/// A line that the terminal does not show.
fn typed(prompt: &str) -> Result<Secret, UserError> {
    let stdin = io::stdin();
    let failed = |error: nix::Error| UserError::Input(error.into());
    let shown = tcgetattr(&stdin).map_err(failed)?;
    let mut hidden = shown.clone();
    // Ctrl+C ends the line rather than this program, which would leave the terminal as it is then.
    hidden.local_flags.remove(LocalFlags::ECHO | LocalFlags::ISIG);
    if let Some(end_of_line) = hidden.control_chars.get_mut(SpecialCharacterIndices::VEOL as usize) {
        *end_of_line = CTRL_C;
    }
    eprint!("{prompt}");
    io::stderr().flush().map_err(UserError::Input)?;
    tcsetattr(&stdin, SetArg::TCSAFLUSH, &hidden).map_err(failed)?;
    let line = line().and_then(|line| {
        let is_given_up = line.reveal().bytes().any(|byte| byte == CTRL_C);
        if is_given_up { Err(UserError::Input(io::ErrorKind::Interrupted.into())) } else { Ok(line) }
    });
    let restored = tcsetattr(&stdin, SetArg::TCSAFLUSH, &shown).map_err(failed);
    eprintln!();
    restored?;
    line
}

fn line() -> Result<Secret, UserError> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(UserError::Input)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() { Err(UserError::NoPassword) } else { Ok(Secret::new(password.to_owned())) }
}
