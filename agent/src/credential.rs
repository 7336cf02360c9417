//! The credential of this one server, which an enrolment code in `AGENT_SECRET` is exchanged for, and `CREDENTIAL_FILE`,
//! which keeps it over a restart.
//!
//! It is made here, and written down before it is sent: whatever becomes of the request or its answer, the same one can be
//! sent again, and the master knows it by then or takes it (docs/decisions/0091). The file is one line of fixed size,
//! replaced by rename(2), so that a crash at any time leaves the one before or the new one. Beside the newest it holds the
//! one before, for a newer code that turns out to be good for nothing.

use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use neon_agent_core::text::Text;
use neon_shared::api::{CREDENTIAL_PREFIX, SECRET_DIGITS};
use nix::fcntl::OFlag;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use crate::config::Config;
use crate::log::{self, Part};

/// Size of the file, in bytes.
pub const FILE_BYTES: usize = MAGIC.len() + 2 * SECRET_DIGITS + 2 * KEY_BYTES + 5;
/// Size of a credential, in bytes.
pub const KEY_BYTES: usize = CREDENTIAL_PREFIX.len() + SECRET_DIGITS;
const MAGIC: &str = "neon-credential-1";
/// Only the agent's user.
const MODE: u32 = 0o600;
/// What the file is called until it is whole.
const UNFINISHED: &str = ".new";

type Sum = Text<SECRET_DIGITS>;

/// A server's own credential. It does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Text<KEY_BYTES>);

impl Key {
    /// The text, for the header or the body that carries it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Errors: the system has no random numbers.
    fn new() -> Result<Self, &'static str> {
        let mut random = [0; SECRET_DIGITS / 2];
        SystemRandom::new().fill(&mut random).map_err(|_| "the system has no random numbers")?;
        let mut text = Text::from(CREDENTIAL_PREFIX);
        write_digits(&mut text, &random);
        Ok(Self(text))
    }

    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(CREDENTIAL_PREFIX)?;
        let is_one = digits.len() == SECRET_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_one.then(|| Self(Text::from(text)))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(set)")
    }
}

/// What the file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// SHA-256 of the code that the newest was made for.
    made_for: Sum,
    /// The newest.
    key: Key,
    /// The one before.
    previous: Option<Key>,
}

impl Kept {
    /// The newest.
    pub fn key(&self) -> &Key {
        &self.key
    }

    fn line(&self) -> Text<FILE_BYTES> {
        let mut line = Text::new();
        let previous = self.previous.as_ref().map_or("-", Key::reveal);
        // Writing to a text cuts instead of failing; it fits.
        let _ = write!(line, "{MAGIC} {} {} {previous:->KEY_BYTES$} ", self.made_for, self.key.reveal());
        let sum = sum_of(line.as_bytes());
        line.append(&sum);
        line
    }

    fn parse(line: &str) -> Option<Self> {
        let (said, sum) = line.trim_end_matches('\n').rsplit_once(' ')?;
        let mut parts = said.split(' ');
        let (magic, made_for, key, previous) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_whole = magic == MAGIC && *sum == *sum_of(format!("{said} ").as_bytes()) && parts.next().is_none();
        let key = Key::parse(key).filter(|_| is_whole && made_for.len() == SECRET_DIGITS)?;
        Some(Self { made_for: Text::from(made_for), key, previous: Key::parse(previous) })
    }
}

/// What is exchanged, and what for.
#[derive(Debug)]
pub struct Own {
    /// SHA-256 of the code in `AGENT_SECRET`.
    code: Sum,
    /// Where it is kept; `None` for in memory alone.
    place: Option<PathBuf>,
    kept: Option<Kept>,
    /// Whether a master may know the newest: it does not before it was sent.
    may_be_known: bool,
}

impl Own {
    /// Reads what there is; `None` where `AGENT_SECRET` is no code.
    pub fn of(config: &Config) -> Option<Self> {
        if !config.is_enrolling() {
            return None;
        }
        let code = sum_of(config.agent_secret.reveal().as_bytes());
        let mut place = config.credential_file.clone();
        let kept = match place.as_deref().map(read).transpose() {
            Ok(kept) => kept.flatten(),
            Err(problem) => {
                say_memory_alone(place.take().as_deref(), &problem);
                None
            }
        };
        Some(Self { code, place, may_be_known: kept.is_some(), kept })
    }

    /// The credential that the code is, or is to be, exchanged for: a new one for another code than before, and it is on
    /// disk when this returns, if it can be.
    ///
    /// Errors: the cause in words, where there can be none.
    pub fn prepare(&mut self) -> Result<(), &'static str> {
        if self.kept.as_ref().is_some_and(|kept| *kept.made_for == *self.code) {
            return Ok(());
        }
        let previous = self.kept.take().map(|kept| kept.key);
        let kept = Kept { made_for: self.code.clone(), key: Key::new()?, previous };
        if let Some(place) = &self.place
            && let Err(error) = write(place, &kept)
        {
            say_memory_alone(self.place.take().as_deref(), &error.to_string());
        }
        self.kept = Some(kept);
        self.may_be_known = false;
        Ok(())
    }

    /// The newest, where a master may know it already.
    pub fn known_key(&self) -> Option<Key> {
        self.key().filter(|_| self.may_be_known)
    }

    /// The newest.
    pub fn key(&self) -> Option<Key> {
        self.kept.as_ref().map(|kept| kept.key.clone())
    }

    /// The one before it.
    pub fn previous_key(&self) -> Option<Key> {
        self.kept.as_ref().and_then(|kept| kept.previous.clone())
    }

    /// The master took the newest.
    pub fn accepted(&mut self) {
        self.may_be_known = true;
    }
}

/// What the file at `path` holds; `None` where there is none, or an empty one. Errors: what is wrong with it, in words.
pub fn read(path: &Path) -> Result<Option<Kept>, String> {
    let opened = OpenOptions::new().read(true).custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits()).open(path);
    let file = match opened {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| error.to_string())?,
    };
    let mut line = String::with_capacity(FILE_BYTES + 1);
    let read = file.take(FILE_BYTES as u64 + 1).read_to_string(&mut line);
    match read {
        Ok(0) => Ok(None),
        Ok(FILE_BYTES) => Kept::parse(&line).map(Some).ok_or_else(|| "is damaged".to_owned()),
        Err(error) if error.kind() != io::ErrorKind::InvalidData => Err(error.to_string()),
        _ => Err("holds something else".to_owned()),
    }
}

fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(UNFINISHED);
    let unfinished = PathBuf::from(unfinished);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(MODE).custom_flags(OFlag::O_NOFOLLOW.bits());
    let mut file = options.open(&unfinished)?;
    // One that was left by a crash may have another mode.
    file.set_permissions(Permissions::from_mode(MODE))?;
    writeln!(file, "{}", kept.line())?;
    file.sync_all()?;
    std::fs::rename(&unfinished, path)?;
    // The name, too, is to be on disk before the credential is anybody's.
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

fn say_memory_alone(path: Option<&Path>, problem: &str) {
    let path = path.unwrap_or(Path::new("")).display();
    let means = "the credential is kept in memory alone, and after a restart the agent needs a new enrolment code";
    log::line(Part::Agent, format_args!("CREDENTIAL_FILE {path}: {problem}: {means}"));
}

fn sum_of(bytes: &[u8]) -> Sum {
    let mut sum = Sum::new();
    write_digits(&mut sum, digest(&SHA256, bytes).as_ref());
    sum
}

fn write_digits<const N: usize>(text: &mut Text<N>, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a text cuts instead of failing; it fits.
        let _ = write!(text, "{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::config;

    fn place(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("neon-agent-credential-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder.join("credential")
    }

    fn own(code: &str, path: &Path) -> Own {
        Own::of(&config(&[("AGENT_SECRET", code), ("CREDENTIAL_FILE", path.to_str().unwrap())])).unwrap()
    }

    fn end(path: &Path) {
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_shared_secret_is_exchanged_for_nothing() {
        assert!(Own::of(&config(&[])).is_none());
    }

    #[test]
    fn a_credential_is_on_disk_before_it_is_sent_and_the_same_after_a_restart() {
        let path = place("same");
        let mut first = own("neon_code_1", &path);
        assert_eq!((first.key(), first.known_key()), (None, None));
        first.prepare().unwrap();
        let key = first.key().unwrap();
        assert_eq!(first.known_key(), None, "nobody has heard of it");
        let file = std::fs::metadata(&path).unwrap();
        assert_eq!((file.len() as usize, file.permissions().mode() & 0o777), (FILE_BYTES, MODE));
        first.prepare().unwrap();
        assert_eq!(first.key(), Some(key.clone()));

        let mut again = own("neon_code_1", &path);
        assert_eq!(again.known_key(), Some(key.clone()), "the answer may have been lost");
        again.prepare().unwrap();
        assert_eq!((again.key(), again.previous_key()), (Some(key), None));
        end(&path);
    }

    #[test]
    fn another_code_is_for_another_credential_and_the_one_before_is_kept() {
        let path = place("another");
        let own_of = |code: &str| {
            let mut own = own(code, &path);
            own.prepare().unwrap();
            own
        };
        let first = own_of("neon_code_1").key().unwrap();
        let second = own_of("neon_code_2");
        assert_eq!((second.known_key(), second.previous_key()), (None, Some(first.clone())));
        assert_ne!(second.key(), Some(first.clone()));
        assert_eq!(own_of("neon_code_2").previous_key(), Some(first), "over a restart, too");
        end(&path);
    }

    #[test]
    fn a_file_that_is_not_whole_or_not_ours_is_named_and_left_as_it_is() {
        let path = place("broken");
        own("neon_code_1", &path).prepare().unwrap();
        let whole = std::fs::read(&path).unwrap();
        assert!(read(&path).unwrap().is_some());
        for at in 0..whole.len() - 1 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read(&path), Err("is damaged".to_owned()), "byte {at}");
        }
        for bytes in [&whole[1..], b"something", &[0xff; FILE_BYTES], &[whole.as_slice(), b"x"].concat()] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read(&path), Err("holds something else".to_owned()));
            own("neon_code_1", &path).prepare().unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), bytes);
        }
        std::fs::write(&path, b"").unwrap();
        assert_eq!(read(&path), Ok(None));
        end(&path);
    }

    #[test]
    fn where_it_cannot_be_kept_there_is_one_in_memory() {
        let path = place("nowhere");
        let mut own = own("neon_code_1", &path.join("no-such-folder"));
        own.prepare().unwrap();
        assert!(own.key().is_some());
        end(&path);
    }

    #[test]
    fn a_credential_never_prints() {
        let path = place("secret");
        let mut own = own("neon_code_1", &path);
        own.prepare().unwrap();
        let key = own.key().unwrap();
        assert!(key.reveal().starts_with("neon_agent_") && key.reveal().len() == KEY_BYTES);
        assert!(!format!("{own:?} {key:?}").contains("neon_agent_"));
        end(&path);
    }
}
