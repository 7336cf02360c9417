//! `neon-master tls …`: a private authority and the master's certificate by it, for those who have no public one.
//!
//! The authority's key is needed for a renewal alone and by nobody who runs, so it may be kept elsewhere. Every file is its
//! owner's alone, and none that is there is touched unless that was asked for.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use neon_master::http::now;
use neon_master::tls::{Identity, Unusable};
use neon_shared::time::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};

/// How it is called.
pub const USAGE: &str =
    "tls init|renew --name NAME [--name …] [--ip ADDRESS …] [--out DIR]; tls init takes --overwrite too";

const AUTHORITY: &str = "ca.pem";
const AUTHORITY_KEY: &str = "ca.key";
const CHAIN: &str = "cert.pem";
const KEY: &str = "key.pem";
/// Beside a file that is about to be replaced.
const UNFINISHED: &str = "unfinished";
/// What every authority made here is called. They differ by their keys, so a renewal needs the key and no more.
const AUTHORITY_NAME: &str = "Neon private authority";
/// What browsers accept at most of an authority that is not public.
const CERTIFICATE_DAYS: i64 = 825;
const AUTHORITY_DAYS: i64 = 3653;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// A certificate is good since yesterday: a host whose clock is some hours late must not refuse it.
const BEFORE_DAYS: i64 = 1;

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub struct Command {
    is_renewal: bool,
    may_overwrite: bool,
    folder: PathBuf,
    /// Of the certificate; the first one is its subject, too.
    names: Vec<Name>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Dns(String),
    Ip(IpAddr),
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    #[error("{} exists, and was not touched: name another folder with --out, or say --overwrite", .0.display())]
    Exists(PathBuf),
    #[error("cannot write {}", .0.display())]
    Write(PathBuf, #[source] io::Error),
    #[error("cannot read {}: a renewal needs the authority that tls init made", .0.display())]
    Read(PathBuf, #[source] io::Error),
    #[error("{} and {} are not an authority's certificate and its key", .0.join(AUTHORITY).display(), .0.join(AUTHORITY_KEY).display())]
    NoAuthority(PathBuf),
    #[error("{0:?} cannot be a name of a certificate")]
    Name(String),
    #[error("a certificate could not be made")]
    Make(#[from] rcgen::Error),
}

impl Command {
    /// The command of these arguments.
    pub fn of(arguments: &[OsString]) -> Option<Self> {
        let words: Option<Vec<&str>> = arguments.iter().map(|argument| argument.to_str()).collect();
        let words = words?;
        let (&verb, mut rest) = words.split_first()?;
        let mut command = Self {
            is_renewal: match verb {
                "init" => false,
                "renew" => true,
                _ => return None,
            },
            may_overwrite: false,
            folder: PathBuf::from("."),
            names: Vec::new(),
        };
        while let Some((&word, more)) = rest.split_first() {
            rest = more;
            if word == "--overwrite" && !command.is_renewal {
                command.may_overwrite = true;
                continue;
            }
            let (&value, more) =
                rest.split_first().filter(|(value, _)| !value.is_empty() && !value.starts_with('-'))?;
            rest = more;
            match word {
                // Whoever types an address as a name means the address: as a name no client would look for it.
                "--name" => command.names.push(value.parse().map_or(Name::Dns(value.to_owned()), Name::Ip)),
                "--ip" => command.names.push(Name::Ip(value.parse().ok()?)),
                "--out" => command.folder = PathBuf::from(value),
                _ => return None,
            }
        }
        let mut seen = BTreeSet::new();
        command.names.retain(|name| seen.insert(name.clone()));
        (!command.names.is_empty()).then_some(command)
    }
}

/// Carries out `command` and returns the lines for the master and its agents.
pub fn run(command: &Command) -> Result<String, AuthorityError> {
    let folder = &command.folder;
    let (authority_key, mut files) = if command.is_renewal {
        (existing_authority(folder)?, Vec::new())
    } else {
        let key = KeyPair::generate()?;
        let pem = authority_params()?.self_signed(&key)?.pem();
        let files = vec![(AUTHORITY_KEY, key.serialize_pem()), (AUTHORITY, pem)];
        (key, files)
    };
    let key = KeyPair::generate()?;
    let issuer = Issuer::new(authority_params()?, authority_key);
    let chain_pem = certificate_params(&command.names)?.signed_by(&key, &issuer)?.pem();
    files.extend([(KEY, key.serialize_pem()), (CHAIN, chain_pem.clone())]);

    let no_authority = |_: Unusable| AuthorityError::NoAuthority(folder.clone());
    let identity =
        Identity::from_pem(chain_pem.into_bytes(), key.serialize_pem().into_bytes()).map_err(no_authority)?;
    write_all(folder, &files, command.is_renewal || command.may_overwrite)?;
    let path =
        |name| std::path::absolute(folder.join(name)).unwrap_or_else(|_| folder.join(name)).display().to_string();
    Ok(format!(
        "# The master. Without {AUTHORITY_KEY}, which is for the next renewal alone and may be kept elsewhere:\n\
         TLS_CERT={}\nTLS_KEY={}\n\
         # Each agent, with a copy of this file; it stays good over renewals:\n\
         MASTER_CA_FILE={}\n\
         # or, without a file, until the certificate is renewed:\n\
         MASTER_CERT_SHA256={}",
        path(CHAIN),
        path(KEY),
        path(AUTHORITY),
        identity.sha256()
    ))
}

fn existing_authority(folder: &Path) -> Result<KeyPair, AuthorityError> {
    let read = |name| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map_err(|error| AuthorityError::Read(path, error))
    };
    let (pem, key_pem) = (read(AUTHORITY)?, read(AUTHORITY_KEY)?);
    let no_authority = || AuthorityError::NoAuthority(folder.to_owned());
    Identity::from_pem(pem.into_bytes(), key_pem.clone().into_bytes()).map_err(|_| no_authority())?;
    KeyPair::from_pem(&key_pem).map_err(|_| no_authority())
}

fn authority_params() -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, AUTHORITY_NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    lasts(&mut params, AUTHORITY_DAYS);
    Ok(params)
}

fn certificate_params(names: &[Name]) -> Result<CertificateParams, AuthorityError> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.subject_alt_names = names.iter().map(alternative).collect::<Result<_, _>>()?;
    params.distinguished_name.push(DnType::CommonName, "neon-master");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    lasts(&mut params, CERTIFICATE_DAYS);
    Ok(params)
}

fn alternative(name: &Name) -> Result<SanType, AuthorityError> {
    match name {
        Name::Ip(address) => Ok(SanType::IpAddress(*address)),
        Name::Dns(name) => {
            // The verifiers' own rule; one of another form would be a certificate that no client takes.
            let is_name = rustls::pki_types::DnsName::try_from(name.strip_prefix("*.").unwrap_or(name)).is_ok();
            let name = name.parse().ok().filter(|_| is_name).ok_or_else(|| AuthorityError::Name(name.clone()))?;
            Ok(SanType::DnsName(name))
        }
    }
}

/// From yesterday on, for so many days.
fn lasts(params: &mut CertificateParams, days: i64) {
    let date = |time: Timestamp| {
        let text = time.to_string();
        let part = |range| text.get(range).and_then(|digits: &str| digits.parse::<u16>().ok()).unwrap_or(1);
        let (year, month, day) = (part(0..4), part(5..7), part(8..10));
        rcgen::date_time_ymd(year.into(), month as u8, day as u8)
    };
    let begin = now().unix_ms() - BEFORE_DAYS * DAY_MS;
    params.not_before = date(Timestamp::from_unix_ms(begin));
    params.not_after = date(Timestamp::from_unix_ms(begin + days * DAY_MS));
}

/// Writes `files`; what was there stays, or is replaced by a whole file.
fn write_all(folder: &Path, files: &[(&str, String)], may_overwrite: bool) -> Result<(), AuthorityError> {
    let write_error = |path: &Path| {
        let path = path.to_owned();
        |error| AuthorityError::Write(path, error)
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(write_error(folder))?;
    if !may_overwrite && let Some(there) = files.iter().map(|(name, _)| folder.join(name)).find(|path| path.exists()) {
        return Err(AuthorityError::Exists(there));
    }
    let mut begun = Begun(Vec::new());
    for (name, text) in files {
        let name =
            if may_overwrite { format!("{name}.{UNFINISHED}-{}", std::process::id()) } else { (*name).to_owned() };
        let path = folder.join(name);
        let file =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(write_error(&path))?;
        begun.0.push(path.clone());
        let written = |mut file: File| file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        written(file).map_err(write_error(&path))?;
    }
    if may_overwrite {
        for ((name, _), from) in files.iter().zip(&begun.0) {
            let to = folder.join(name);
            std::fs::rename(from, &to).map_err(write_error(&to))?;
        }
    }
    begun.0.clear();
    Ok(())
}

/// Takes away what was begun and not finished.
struct Begun(Vec<PathBuf>);

impl Drop for Begun {
    fn drop(&mut self) {
        for path in &self.0 {
            // It may have been put in place already.
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn command(line: &str) -> Option<Command> {
        Command::of(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    fn in_folder(line: &str, folder: &Path) -> Result<String, AuthorityError> {
        run(&Command { folder: folder.to_owned(), ..command(line).unwrap() })
    }

    fn value<'a>(lines: &'a str, key: &str) -> &'a str {
        lines.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap()
    }

    #[test]
    fn a_command_needs_a_name_and_takes_each_once() {
        let made = command("init --name neon.example.org --ip 10.0.0.5 --name 10.0.0.5 --name ::1 --out /x").unwrap();
        let names = [
            Name::Dns("neon.example.org".to_owned()),
            Name::Ip("10.0.0.5".parse().unwrap()),
            Name::Ip("::1".parse().unwrap()),
        ];
        assert_eq!((made.names.as_slice(), made.folder.as_path()), (&names[..], Path::new("/x")));
        for line in [
            "",
            "init",
            "renew",
            "init --name",
            "init --name --out",
            "init --ip neon",
            "init --names a",
            "make --name a",
            "init a",
            "renew --name a --overwrite",
        ] {
            assert_eq!(command(line), None, "{line}");
        }
    }

    #[test]
    fn files_are_the_owners_alone_and_fit_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("tls");
        let lines = in_folder("init --name neon.example.org", &inside).unwrap();
        let read = |name| std::fs::read(inside.join(name)).unwrap();
        for name in [AUTHORITY, AUTHORITY_KEY, CHAIN, KEY] {
            let mode = std::fs::metadata(inside.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        assert_eq!(std::fs::read_dir(&inside).unwrap().count(), 4, "nothing else is left");
        let identity = Identity::from_pem(read(CHAIN), read(KEY)).unwrap();
        assert_eq!(value(&lines, "MASTER_CERT_SHA256"), identity.sha256());
        assert_eq!(value(&lines, "TLS_CERT"), inside.join(CHAIN).to_str().unwrap());
        assert!(Identity::from_pem(read(AUTHORITY), read(AUTHORITY_KEY)).is_ok());
        assert!(!lines.contains("PRIVATE KEY"));
    }

    #[test]
    fn nothing_is_overwritten_without_being_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY);
        std::fs::write(&path, "precious").unwrap();
        let line = in_folder("init --name a.example", folder.path()).unwrap_err().to_string();
        assert!(line.starts_with(&format!("{} exists, and was not touched", path.display())), "{line}");
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        in_folder("init --name a.example --overwrite", folder.path()).unwrap();
        assert_ne!(std::fs::read(&path).unwrap(), b"precious");
    }

    #[test]
    fn a_renewal_keeps_the_authority() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name| std::fs::read(folder.path().join(name)).unwrap();
        assert!(matches!(in_folder("renew --name a.example", folder.path()), Err(AuthorityError::Read(..))));
        let first = in_folder("init --name a.example", folder.path()).unwrap();
        let (authority, chain) = (read(AUTHORITY), read(CHAIN));
        let second = in_folder("renew --name a.example", folder.path()).unwrap();
        assert_eq!(read(AUTHORITY), authority);
        assert_ne!(read(CHAIN), chain);
        assert_ne!(value(&first, "MASTER_CERT_SHA256"), value(&second, "MASTER_CERT_SHA256"));
        let other = tempfile::tempdir().unwrap();
        in_folder("init --name a.example", other.path()).unwrap();
        std::fs::copy(other.path().join(AUTHORITY_KEY), folder.path().join(AUTHORITY_KEY)).unwrap();
        assert!(matches!(in_folder("renew --name a.example", folder.path()), Err(AuthorityError::NoAuthority(_))));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["https://neon.example.org", "neon.example.org:3000", "a..b", "näon"] {
            let outcome = in_folder(&format!("init --name {name}"), folder.path());
            assert!(matches!(outcome, Err(AuthorityError::Name(_))), "{name}");
        }
        assert!(in_folder("init --name *.example.org", folder.path()).is_ok());
    }
}
