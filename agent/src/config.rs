//! Configuration by environment: the only place that reads it.
//!
//! [`KEYS`] is the table; `--help` prints it. A missing or bad value is a [`ConfigError`] that names its key. The
//! secret never prints.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

mod proxy;

use neon_shared::api::CODE_PREFIX;
use neon_shared::limits::{RING_CAPACITY_SAMPLES, SERVER_NAME_MAX_BYTES};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// One environment variable.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// Value when it is not set; `None` for a required one.
    pub default: Option<&'static str>,
    /// What values are good.
    pub range: &'static str,
    /// What it does, with the unit.
    pub meaning: &'static str,
}

const fn key(name: &'static str, default: Option<&'static str>, range: &'static str, meaning: &'static str) -> Key {
    Key { name, default, range, meaning }
}

const SERVER_NAME: Key = key("SERVER_NAME", None, "1 to 128 bytes", "unique name of this server");
const MASTER_URL: Key = key("MASTER_URL", None, "http:// or https:// URL", "where the master is");
const MASTER_CA_FILE: Key = key(
    "MASTER_CA_FILE",
    Some(""),
    "path",
    "PEM certificates of your own CA, or the master's own, trusted beside the bundled roots",
);
const MASTER_CERT_SHA256: Key = key(
    "MASTER_CERT_SHA256",
    Some(""),
    "64 hex digits, comma-separated",
    "SHA-256 of the master's certificate: this one, and no other, is trusted",
);
const HTTPS_PROXY: Key = key(
    "HTTPS_PROXY",
    Some(""),
    "http://[user:password@]host:port",
    "proxy on the way to an https:// master; https_proxy will do as well",
);
const HTTP_PROXY: Key = key("HTTP_PROXY", Some(""), HTTPS_PROXY.range, "the same for an http:// master");
const NO_PROXY: Key = key(
    "NO_PROXY",
    Some(""),
    "hosts, domains, addresses, networks, comma-separated; or *",
    "what is reached without a proxy; loopback always is",
);
const AGENT_SECRET: Key = key(
    "AGENT_SECRET",
    None,
    "visible ASCII",
    "secret shared with the master, or an enrolment code; or AGENT_SECRET_FILE",
);
const AGENT_SECRET_FILE: Key =
    key("AGENT_SECRET_FILE", Some(""), "path", "file that holds the secret, such as a Docker secret");
const CREDENTIAL_FILE: Key = key(
    "CREDENTIAL_FILE",
    Some(""),
    "absolute path",
    "file that keeps what an enrolment code was exchanged for over a restart, 300 bytes",
);
const METRICS_INTERVAL: Key = key("METRICS_INTERVAL", Some("300"), "1 to 86400", "seconds between metrics collections");
const CONTAINERS_INTERVAL: Key =
    key("CONTAINERS_INTERVAL", Some("900"), "1 to 86400", "seconds between container syncs");
const HEARTBEAT_INTERVAL: Key = key("HEARTBEAT_INTERVAL", Some("60"), "1 to 86400", "seconds between heartbeats");
const BUFFER_ENABLED: Key =
    key("BUFFER_ENABLED", Some("true"), "true or false", "keep metrics while the master is unreachable");
const BUFFER_FILE: Key =
    key("BUFFER_FILE", Some(""), "absolute path", "file that keeps the waiting samples over a restart, 4.1 MiB");
const BUFFER_MAX_SIZE: Key =
    key("BUFFER_MAX_SIZE", Some("100"), "1 to 1024", "samples kept before the oldest is dropped");
const RETRY_ATTEMPTS: Key = key("RETRY_ATTEMPTS", Some("3"), "1 to 10", "tries per request");
const RETRY_DELAY_MS: Key =
    key("RETRY_DELAY_MS", Some("1000"), "10 to 60000", "milliseconds before the second try; doubles with each");
const HOST_ROOT: Key =
    key("HOST_ROOT", Some("/"), "absolute path", "where the host's file system is mounted, when in a container");
const HOST_PROC: Key = key(
    "HOST_PROC",
    Some(""),
    "absolute path",
    "the host's /proc; HOST_ROOT/proc if empty. Mounts are then those of process 1 there",
);
const HOST_SYS: Key = key("HOST_SYS", Some(""), "absolute path", "the host's /sys; HOST_ROOT/sys if empty");
const MOUNTS: Key = key(
    "MOUNTS",
    Some(""),
    "absolute paths, comma-separated",
    "mount points to list beside those on local disks, such as network shares",
);
const DOCKER_HOST: Key =
    key("DOCKER_HOST", Some("unix:///var/run/docker.sock"), "unix:///path", "Docker or Podman socket");

/// Every variable the agent reads, in the order the README lists them.
pub const KEYS: [Key; 23] = [
    SERVER_NAME,
    MASTER_URL,
    MASTER_CA_FILE,
    MASTER_CERT_SHA256,
    HTTPS_PROXY,
    HTTP_PROXY,
    NO_PROXY,
    AGENT_SECRET,
    AGENT_SECRET_FILE,
    CREDENTIAL_FILE,
    METRICS_INTERVAL,
    CONTAINERS_INTERVAL,
    HEARTBEAT_INTERVAL,
    BUFFER_ENABLED,
    BUFFER_MAX_SIZE,
    BUFFER_FILE,
    RETRY_ATTEMPTS,
    RETRY_DELAY_MS,
    HOST_ROOT,
    HOST_PROC,
    HOST_SYS,
    MOUNTS,
    DOCKER_HOST,
];

/// SHA-256 of a certificate in DER.
pub type CertificateSha256 = [u8; 32];

const INTERVAL_RANGE_S: RangeInclusive<u64> = 1..=86_400;

/// Everything an operator can set.
#[derive(Clone, Debug)]
pub struct Config {
    /// `SERVER_NAME`.
    pub server_name: String,
    /// `MASTER_URL` without a slash at its end.
    pub master_url: String,
    /// The certificates of `MASTER_CA_FILE`; each can be a trust anchor.
    pub master_certificates: Vec<CertificateDer<'static>>,
    /// `MASTER_CERT_SHA256`; none: the master's certificate is judged by its issuer and its name.
    pub master_pins: Vec<CertificateSha256>,
    /// The proxy on the way to the master. Its password does not print.
    pub proxy: Option<ureq::Proxy>,
    /// `AGENT_SECRET`.
    pub agent_secret: Secret,
    /// `CREDENTIAL_FILE`.
    pub credential_file: Option<PathBuf>,
    /// `METRICS_INTERVAL`.
    pub metrics_interval: Duration,
    /// `CONTAINERS_INTERVAL`.
    pub containers_interval: Duration,
    /// `HEARTBEAT_INTERVAL`.
    pub heartbeat_interval: Duration,
    /// `BUFFER_ENABLED`.
    pub buffer_enabled: bool,
    /// `BUFFER_MAX_SIZE`, in samples.
    pub buffer_max_samples: usize,
    /// `BUFFER_FILE`.
    pub buffer_file: Option<PathBuf>,
    /// `RETRY_ATTEMPTS`.
    pub retry_attempts: u32,
    /// `RETRY_DELAY_MS`.
    pub retry_delay: Duration,
    /// `HOST_ROOT`.
    pub host_root: PathBuf,
    /// `HOST_PROC`, or `proc` under the host's root.
    pub host_proc: PathBuf,
    /// Whether mounts and interfaces are those of process 1 there, and not our own.
    pub host_is_process_1: bool,
    /// `HOST_SYS`, or `sys` under the host's root.
    pub host_sys: PathBuf,
    /// `MOUNTS`.
    pub mounts: Vec<String>,
    /// The path of `DOCKER_HOST`.
    pub docker_socket: PathBuf,
}

/// Text that does not print.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text, for the one header that carries it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(set)")
    }
}

/// One value that the agent cannot start with.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    key: &'static str,
    problem: String,
}

/// Why the agent cannot start: every value that is missing or bad, so that one start is enough to see them all.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// One for each value.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }

    /// The value, or a stand-in for one that is bad, which is noted.
    fn note<T: Default>(&mut self, result: Result<T, ConfigError>) -> T {
        result.unwrap_or_else(|error| {
            self.0.push(error);
            T::default()
        })
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.problem)
    }
}

impl std::error::Error for ConfigError {}

impl Key {
    fn error(&self, problem: impl Into<String>) -> ConfigError {
        ConfigError { key: self.name, problem: problem.into() }
    }

    fn out_of_range(&self, value: &str) -> ConfigError {
        self.error(format!("must be {}, got {value:?}", self.range))
    }
}

/// The environment, or a test's stand-in: a function from name to value.
struct Environment<'e>(&'e dyn Fn(&str) -> Option<String>);

impl Environment<'_> {
    /// The value of `key`, its default, or an error for a required one. Set to nothing counts as not set.
    fn text(&self, key: &Key) -> Result<String, ConfigError> {
        let value = (self.0)(key.name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        value
            .or_else(|| key.default.map(str::to_owned))
            .ok_or_else(|| key.error(format!("is required: {} ({})", key.meaning, key.range)))
    }

    /// As [`Self::text`], by the name of the key in lower case if the usual one is not set.
    fn text_of_either_case(&self, key: &Key) -> Result<String, ConfigError> {
        match self.text(key)? {
            text if text.is_empty() => Ok((self.0)(&key.name.to_lowercase()).unwrap_or_default().trim().to_owned()),
            text => Ok(text),
        }
    }

    fn number<N: FromStr + PartialOrd>(&self, key: &Key, range: RangeInclusive<N>) -> Result<N, ConfigError> {
        let text = self.text(key)?;
        text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| key.out_of_range(&text))
    }

    fn seconds(&self, key: &Key) -> Result<Duration, ConfigError> {
        self.number(key, INTERVAL_RANGE_S).map(Duration::from_secs)
    }

    fn boolean(&self, key: &Key) -> Result<bool, ConfigError> {
        let text = self.text(key)?;
        match text.as_str() {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(key.out_of_range(&text)),
        }
    }
}

impl Config {
    /// What is not wrong, but should be known at the start: a sentence each.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let url: Option<ureq::http::Uri> = self.master_url.parse().ok();
        let in_the_clear = url.is_some_and(|url| url.scheme_str() == Some("http")) && !self.is_master_local();
        let sentence = "Warning: MASTER_URL is http:// to another host: the secret and all readings go over the network \
                        in the clear. Use https://, or a network that only you can read";
        let unused = self.buffer_file.is_some() && !self.buffer_enabled;
        let unused = unused.then(|| "Warning: BUFFER_FILE is not used: BUFFER_ENABLED is false".to_owned());
        let homeless = self.is_enrolling() && self.credential_file.is_none();
        let homeless = homeless.then(|| {
            "Warning: AGENT_SECRET is an enrolment code and CREDENTIAL_FILE is not set: what it is exchanged for is kept \
             in memory alone, and after a restart the agent needs a new code"
                .to_owned()
        });
        in_the_clear.then(|| sentence.to_owned()).into_iter().chain(unused).chain(homeless)
    }

    /// Whether `AGENT_SECRET` is an enrolment code, and not what is shared with the master.
    pub fn is_enrolling(&self) -> bool {
        self.agent_secret.reveal().starts_with(CODE_PREFIX)
    }

    /// Whether the master is on this machine.
    pub fn is_master_local(&self) -> bool {
        let url: Option<ureq::http::Uri> = self.master_url.parse().ok();
        url.is_some_and(|url| url.host().is_some_and(proxy::is_loopback))
    }

    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, ConfigErrors> {
        Self::read(&variable)
    }

    /// Reads the process's environment for one report that is sent to nobody: the server's name is `hostname` unless
    /// it is set, and what only a master needs may be missing.
    pub fn for_one_report(hostname: &str) -> Result<Self, ConfigErrors> {
        Self::read(&|name| {
            let stand_in = match name {
                name if name == SERVER_NAME.name => Some(hostname),
                name if name == MASTER_URL.name => Some("http://localhost"),
                name if name == AGENT_SECRET.name && variable(AGENT_SECRET_FILE.name).is_none() => Some("none"),
                _ => None,
            };
            variable(name).or_else(|| stand_in.map(str::to_owned))
        })
    }

    fn read(variables: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let (env, mut errors) = (Environment(variables), ConfigErrors::default());
        let host_root = host_root(&env);
        let (host_proc, host_sys) = match &host_root {
            Ok(root) => (host_proc(&env, root), host_folder(&env, &HOST_SYS, root.join("sys"))),
            // One problem is not said twice.
            Err(_) => (Ok(PathBuf::new()), Ok(PathBuf::new())),
        };
        // Named although it is the usual one: then process 1 counts, as in a mount namespace that only we are in.
        let host_is_process_1 =
            env.text(&HOST_PROC).is_ok_and(|text| !text.is_empty()) || host_root.as_deref() != Ok(Path::new("/"));
        let master_url = errors.note(master_url(&env));
        let config = Self {
            server_name: errors.note(server_name(&env)),
            proxy: errors.note(proxy_to(&master_url, &env)),
            master_url,
            master_certificates: errors.note(master_certificates(&env)),
            master_pins: errors.note(master_pins(&env)),
            agent_secret: errors.note(agent_secret(&env)),
            credential_file: errors.note(file(&env, &CREDENTIAL_FILE)),
            metrics_interval: errors.note(env.seconds(&METRICS_INTERVAL)),
            containers_interval: errors.note(env.seconds(&CONTAINERS_INTERVAL)),
            heartbeat_interval: errors.note(env.seconds(&HEARTBEAT_INTERVAL)),
            buffer_enabled: errors.note(env.boolean(&BUFFER_ENABLED)),
            buffer_file: errors.note(file(&env, &BUFFER_FILE)),
            buffer_max_samples: errors.note(env.number(&BUFFER_MAX_SIZE, 1..=RING_CAPACITY_SAMPLES)),
            retry_attempts: errors.note(env.number(&RETRY_ATTEMPTS, 1..=10)),
            retry_delay: errors.note(env.number(&RETRY_DELAY_MS, 10..=60_000).map(Duration::from_millis)),
            host_root: errors.note(host_root),
            host_proc: errors.note(host_proc),
            host_is_process_1,
            host_sys: errors.note(host_sys),
            mounts: errors.note(mounts(&env)),
            docker_socket: errors.note(docker_socket(&env)),
        };
        if errors.0.is_empty() { Ok(config) } else { Err(errors) }
    }
}

/// One line per setting, without the secret.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SERVER_NAME={} MASTER_URL={} MASTER_CA_FILE=({} certificates) MASTER_CERT_SHA256=({} pins) \
             proxy={} AGENT_SECRET={:?} CREDENTIAL_FILE={} METRICS_INTERVAL={} CONTAINERS_INTERVAL={} HEARTBEAT_INTERVAL={} BUFFER_ENABLED={} BUFFER_MAX_SIZE={} BUFFER_FILE={} RETRY_ATTEMPTS={} RETRY_DELAY_MS={} \
             HOST_ROOT={} HOST_PROC={} HOST_SYS={} MOUNTS={} DOCKER_HOST=unix://{}",
            self.server_name,
            self.master_url,
            self.master_certificates.len(),
            self.master_pins.len(),
            self.proxy.as_ref().map_or("none".to_owned(), |proxy| format!("{}:{}", proxy.host(), proxy.port())),
            self.agent_secret,
            self.credential_file.as_deref().unwrap_or(Path::new("")).display(),
            self.metrics_interval.as_secs(),
            self.containers_interval.as_secs(),
            self.heartbeat_interval.as_secs(),
            self.buffer_enabled,
            self.buffer_max_samples,
            self.buffer_file.as_deref().unwrap_or(Path::new("")).display(),
            self.retry_attempts,
            self.retry_delay.as_millis(),
            self.host_root.display(),
            self.host_proc.display(),
            self.host_sys.display(),
            self.mounts.join(","),
            self.docker_socket.display(),
        )
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

fn server_name(env: &Environment<'_>) -> Result<String, ConfigError> {
    let name = env.text(&SERVER_NAME)?;
    if name.len() > SERVER_NAME_MAX_BYTES || name.chars().any(char::is_control) {
        return Err(SERVER_NAME.error(format!("must be {} without control characters", SERVER_NAME.range)));
    }
    Ok(name)
}

fn master_url(env: &Environment<'_>) -> Result<String, ConfigError> {
    let text = env.text(&MASTER_URL)?;
    let problem = |what: &str| MASTER_URL.error(format!("{what}, got {text:?}"));
    let url: ureq::http::Uri = text.parse().map_err(|_| problem("must be a URL"))?;
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return Err(problem("must begin with http:// or https://"));
    }
    let authority = url.authority().map(|authority| authority.as_str()).unwrap_or_default();
    if authority.contains('@') {
        // With the user name there may be a password, which must not be repeated.
        return Err(MASTER_URL.error("must have no user name"));
    }
    if url.host().is_none_or(str::is_empty) {
        return Err(problem("must have a host"));
    }
    if url.query().is_some() {
        return Err(problem("must have no query"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// The proxy between here and `master_url`, if there is one.
fn proxy_to(master_url: &str, env: &Environment<'_>) -> Result<Option<ureq::Proxy>, ConfigError> {
    // One that is bad has been noted.
    let Ok(url) = master_url.parse::<ureq::http::Uri>() else { return Ok(None) };
    let is_https = url.scheme_str() == Some("https");
    let key = if is_https { &HTTPS_PROXY } else { &HTTP_PROXY };
    let text = env.text_of_either_case(key)?;
    let (host, port) = (url.host().unwrap_or_default(), url.port_u16().unwrap_or(if is_https { 443 } else { 80 }));
    let exceptions = env.text_of_either_case(&NO_PROXY)?;
    if text.is_empty() || proxy::is_loopback(host) || proxy::is_excepted(host, port, &exceptions) {
        return Ok(None);
    }
    // The value may hold a password and is not repeated.
    let bad = || key.error(format!("must be {}: an HTTP proxy that knows CONNECT", key.range));
    let proxy = ureq::Proxy::new(&text).map_err(|_| bad())?;
    if proxy.protocol() != ureq::ProxyProtocol::Http || proxy.host().is_empty() {
        return Err(bad());
    }
    Ok(Some(proxy))
}

fn master_certificates(env: &Environment<'_>) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let path = env.text(&MASTER_CA_FILE)?;
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let problem = |problem: String| MASTER_CA_FILE.error(problem);
    let pem = std::fs::read(&path).map_err(|error| problem(format!("cannot read {path}: {error}")))?;
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| problem(format!("{path} is not PEM: {error}")))?;
        let usable = RootCertStore::empty().add(certificate.clone());
        usable.map_err(|error| problem(format!("{path} has a certificate that cannot be used: {error}")))?;
        certificates.push(certificate);
    }
    if certificates.is_empty() {
        return Err(problem(format!("{path} has no certificate in PEM form")));
    }
    Ok(certificates)
}

fn master_pins(env: &Environment<'_>) -> Result<Vec<CertificateSha256>, ConfigError> {
    let text = env.text(&MASTER_CERT_SHA256)?;
    let pins = text.split(',').map(str::trim).filter(|pin| !pin.is_empty());
    pins.map(|pin| sha256(pin).ok_or_else(|| MASTER_CERT_SHA256.out_of_range(pin))).collect()
}

/// Reads hex digits of either case; colons between them are passed over, as openssl(1) prints them.
fn sha256(text: &str) -> Option<CertificateSha256> {
    let mut sum = [0; 32];
    let mut digits = text.chars().filter(|character| *character != ':').map(|character| character.to_digit(16));
    for byte in &mut sum {
        *byte = u8::try_from(digits.next()?? * 16 + digits.next()??).ok()?;
    }
    digits.next().is_none().then_some(sum)
}

fn agent_secret(env: &Environment<'_>) -> Result<Secret, ConfigError> {
    let path = env.text(&AGENT_SECRET_FILE)?;
    let (key, secret) = if path.is_empty() {
        (&AGENT_SECRET, env.text(&AGENT_SECRET)?)
    } else if env.text(&AGENT_SECRET).is_ok() {
        return Err(AGENT_SECRET_FILE.error("is set, and so is AGENT_SECRET: set one of them"));
    } else {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| AGENT_SECRET_FILE.error(format!("cannot read {path}: {error}")))?;
        (&AGENT_SECRET_FILE, text.trim().to_owned())
    };
    // It travels in a header. The value itself must not appear in the message.
    if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
        return Err(key.error("must be visible ASCII characters, and at least one"));
    }
    Ok(Secret(secret))
}

fn host_root(env: &Environment<'_>) -> Result<PathBuf, ConfigError> {
    let text = env.text(&HOST_ROOT)?;
    if !text.starts_with('/') {
        return Err(HOST_ROOT.out_of_range(&text));
    }
    Ok(PathBuf::from(if text == "/" { "/" } else { text.trim_end_matches('/') }))
}

fn host_proc(env: &Environment<'_>, host_root: &Path) -> Result<PathBuf, ConfigError> {
    let key = if env.text(&HOST_PROC)?.is_empty() { &HOST_ROOT } else { &HOST_PROC };
    let proc = host_folder(env, &HOST_PROC, host_root.join("proc"))?;
    if !proc.join("stat").exists() {
        return Err(key.error(format!("{} has no stat: is the host mounted there?", proc.display())));
    }
    Ok(proc)
}

fn host_folder(env: &Environment<'_>, key: &Key, default: PathBuf) -> Result<PathBuf, ConfigError> {
    let text = env.text(key)?;
    match text.as_str() {
        "" => Ok(default),
        path if path.starts_with('/') => Ok(PathBuf::from(path)),
        _ => Err(key.out_of_range(&text)),
    }
}

fn mounts(env: &Environment<'_>) -> Result<Vec<String>, ConfigError> {
    let text = env.text(&MOUNTS)?;
    let paths = text.split(',').map(str::trim).filter(|path| !path.is_empty());
    let path = |path: &str| if path.starts_with('/') { Ok(path.to_owned()) } else { Err(MOUNTS.out_of_range(path)) };
    paths.map(path).collect()
}

fn file(env: &Environment<'_>, key: &Key) -> Result<Option<PathBuf>, ConfigError> {
    let text = env.text(key)?;
    match text.as_str() {
        "" => Ok(None),
        // A name that ends with a slash could only be a folder's.
        path if path.starts_with('/') && !path.ends_with('/') => Ok(Some(PathBuf::from(path))),
        _ => Err(key.out_of_range(&text)),
    }
}

fn docker_socket(env: &Environment<'_>) -> Result<PathBuf, ConfigError> {
    let text = env.text(&DOCKER_HOST)?;
    match text.strip_prefix("unix://").filter(|path| path.starts_with('/')) {
        Some(path) => Ok(PathBuf::from(path)),
        None => Err(DOCKER_HOST.out_of_range(&text)),
    }
}

#[cfg(test)]
pub mod tests {
    use std::io::Write;

    use super::*;

    const REQUIRED: [(&str, &str); 3] =
        [("SERVER_NAME", "web-1"), ("MASTER_URL", "http://127.0.0.1:3000/"), ("AGENT_SECRET", "s3cret")];

    fn read(extra: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
        Config::read(&|name| {
            let set = extra.iter().chain(&REQUIRED).find(|(key, _)| *key == name);
            set.map(|(_, value)| (*value).to_owned())
        })
    }

    /// A good configuration with some values changed, for the tests of other modules.
    pub fn config(extra: &[(&str, &str)]) -> Config {
        read(extra).unwrap()
    }

    fn problem(extra: &[(&str, &str)]) -> String {
        problems(extra).join("\n")
    }

    fn problems(extra: &[(&str, &str)]) -> Vec<String> {
        read(extra).unwrap_err().iter().map(ConfigError::to_string).collect()
    }

    #[test]
    fn the_required_keys_are_enough_and_the_rest_has_defaults() {
        let config = read(&[]).unwrap();
        assert_eq!(config.master_url, "http://127.0.0.1:3000");
        assert_eq!(config.metrics_interval, Duration::from_secs(300));
        assert_eq!(config.docker_socket, PathBuf::from("/var/run/docker.sock"));
        assert!(config.buffer_enabled);
    }

    #[test]
    fn each_missing_key_is_named() {
        for (key, _) in REQUIRED {
            assert!(problem(&[(key, "")]).starts_with(&format!("{key}: is required")), "{key}");
        }
    }

    #[test]
    fn each_bad_value_is_named() {
        let elsewhere = ("MASTER_URL", "http://master:3000");
        for (key, value) in [
            ("SERVER_NAME", "a\tb\u{7}"),
            ("MASTER_URL", "ftp://host"),
            ("MASTER_URL", "master:3000"),
            ("MASTER_URL", "http://"),
            ("MASTER_URL", "http://user@host"),
            ("MASTER_CERT_SHA256", "sha256"),
            ("MASTER_CERT_SHA256", &"0".repeat(63)),
            ("MASTER_CERT_SHA256", &"0".repeat(65)),
            ("HTTP_PROXY", "socks5://127.0.0.1:1080"),
            ("AGENT_SECRET", "line\nbreak"),
            ("METRICS_INTERVAL", "0"),
            ("CONTAINERS_INTERVAL", "86401"),
            ("HEARTBEAT_INTERVAL", "1m"),
            ("BUFFER_ENABLED", "maybe"),
            ("BUFFER_MAX_SIZE", "1025"),
            ("BUFFER_FILE", "buffer"),
            ("BUFFER_FILE", "/var/lib/neon/"),
            ("CREDENTIAL_FILE", "credential"),
            ("CREDENTIAL_FILE", "/var/lib/neon/"),
            ("RETRY_ATTEMPTS", "-1"),
            ("RETRY_DELAY_MS", "9"),
            ("HOST_ROOT", "host"),
            ("HOST_ROOT", "/nowhere"),
            ("HOST_PROC", "proc"),
            ("HOST_PROC", "/nowhere"),
            ("HOST_SYS", "sys"),
            ("MOUNTS", "/mnt/a, nas"),
            ("DOCKER_HOST", "tcp://127.0.0.1:2375"),
        ] {
            assert!(problem(&[(key, value), elsewhere]).starts_with(&format!("{key}: ")), "{key}={value}");
        }
        assert!(problem(&[("SERVER_NAME", &"x".repeat(129))]).starts_with("SERVER_NAME: "));
    }

    #[test]
    fn all_that_is_bad_is_named_at_once_and_each_only_once() {
        let problems = problems(&[("SERVER_NAME", ""), ("HOST_ROOT", "host"), ("RETRY_ATTEMPTS", "0")]);
        let keys: Vec<&str> = problems.iter().filter_map(|problem| problem.split(':').next()).collect();
        assert_eq!(keys, ["SERVER_NAME", "RETRY_ATTEMPTS", "HOST_ROOT"]);
    }

    #[test]
    fn the_kernels_folders_are_those_of_the_host_root_unless_named() {
        let folders = |extra: &[(&str, &str)]| {
            let config = read(extra).unwrap();
            (config.host_proc, config.host_sys)
        };
        assert_eq!(folders(&[]), ("/proc".into(), "/sys".into()));
        assert_eq!(folders(&[("HOST_PROC", "/proc/self/root/proc"), ("HOST_SYS", "/x")]).1, PathBuf::from("/x"));
        assert!(problem(&[("HOST_ROOT", "/nowhere")]).contains("/nowhere/proc has no stat"));
    }

    #[test]
    fn a_host_that_is_named_is_process_1_there() {
        let is_process_1 = |extra: &[(&str, &str)]| read(extra).unwrap().host_is_process_1;
        assert!(!is_process_1(&[]));
        assert!(!is_process_1(&[("HOST_ROOT", "/"), ("HOST_SYS", "/sys")]));
        assert!(is_process_1(&[("HOST_PROC", "/proc")]), "the unit's sandbox has a mount table of its own");
        assert!(is_process_1(&[("HOST_ROOT", "/proc/self/root")]));
    }

    #[test]
    fn mounts_are_a_list_of_paths() {
        assert_eq!(read(&[]).unwrap().mounts, [""; 0]);
        assert_eq!(read(&[("MOUNTS", "/mnt/nas, /srv/a b,")]).unwrap().mounts, ["/mnt/nas", "/srv/a b"]);
    }

    #[test]
    fn pins_are_read_as_people_write_them() {
        let sum = [0xab; 32];
        let (plain, colons) = ("ab".repeat(32), vec!["AB"; 32].join(":"));
        assert_eq!(read(&[]).unwrap().master_pins, [[0; 32]; 0]);
        assert_eq!(read(&[("MASTER_CERT_SHA256", &plain)]).unwrap().master_pins, [sum]);
        let both = format!("{colons}, {plain},");
        assert_eq!(read(&[("MASTER_CERT_SHA256", &both)]).unwrap().master_pins, [sum, sum]);
    }

    #[test]
    fn the_proxy_is_that_of_the_masters_scheme_in_either_case() {
        let via = |extra: &[(&str, &str)]| {
            let proxy = read(extra).unwrap().proxy;
            proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port())).unwrap_or_default()
        };
        let (plain, tls) = (("MASTER_URL", "http://neon.test:3000"), ("MASTER_URL", "https://neon.test/prefix"));
        let both = [("HTTP_PROXY", "http://plain:3128"), ("https_proxy", "tls:8080")];
        assert_eq!(via(&[plain]), "");
        assert_eq!(via(&[plain, both[0], both[1]]), "plain:3128");
        assert_eq!(via(&[tls, both[0], both[1]]), "tls:8080");
        assert_eq!(via(&[tls, both[1], ("HTTPS_PROXY", "upper:1")]), "upper:1");
        assert_eq!(via(&[tls, both[1], ("no_proxy", "other, .test")]), "");
        assert_eq!(via(&[("MASTER_URL", "https://localhost"), both[1]]), "");
        assert_eq!(via(&[("MASTER_URL", "https://127.0.0.9:443"), both[1]]), "");
    }

    #[test]
    fn a_proxys_password_never_prints() {
        let elsewhere = ("MASTER_URL", "https://neon.test");
        let config = read(&[elsewhere, ("HTTPS_PROXY", "http://user:pa55@proxy:3128")]).unwrap();
        assert_eq!(config.proxy.as_ref().and_then(ureq::Proxy::password), Some("pa55"));
        assert!(!format!("{config} {config:?}").contains("pa55"));
        assert!(format!("{config}").contains(" proxy=proxy:3128 "));
        for bad in
            ["socks5://user:pa55@proxy:1080", "https://user:pa55@proxy", "http://user:pa55@", "http://user:pa55@a b"]
        {
            let problem = problem(&[elsewhere, ("HTTPS_PROXY", bad)]);
            assert!(problem.starts_with("HTTPS_PROXY: must be") && !problem.contains("pa55"), "{problem}");
        }
        assert!(!problem(&[("MASTER_URL", "https://user:pa55@neon.test")]).contains("pa55"));
    }

    #[test]
    fn only_plain_http_to_another_host_is_warned_of() {
        let warnings = |url| read(&[("MASTER_URL", url)]).unwrap().warnings().count();
        for url in ["http://neon.test", "http://10.0.0.1:3000", "http://[2001:db8::1]:3000", "http://localhost.test"] {
            assert_eq!(warnings(url), 1, "{url}");
        }
        for url in ["https://neon.test", "http://localhost:3000", "http://127.1.2.3:3000", "http://[::1]:3000"] {
            assert_eq!(warnings(url), 0, "{url}");
        }
    }

    #[test]
    fn a_code_without_a_place_for_what_it_is_exchanged_for_is_warned_of() {
        let warnings = |extra: &[(&str, &str)]| read(extra).unwrap().warnings().count();
        let code = ("AGENT_SECRET", "neon_code_1");
        assert_eq!((warnings(&[code]), warnings(&[])), (1, 0));
        assert_eq!(warnings(&[code, ("CREDENTIAL_FILE", "/var/lib/neon-agent/credential")]), 0);
    }

    #[test]
    fn the_secret_never_prints() {
        let config = read(&[]).unwrap();
        assert!(!format!("{config} {config:?}").contains("s3cret"));
        assert!(!problem(&[("AGENT_SECRET", "s3cret\u{7}")]).contains("s3cret"));
    }

    #[test]
    fn a_secret_may_come_from_a_file_but_not_from_two_places() {
        let path = std::env::temp_dir().join(format!("neon-agent-secret-{}", std::process::id()));
        std::fs::File::create(&path).unwrap().write_all(b"from-file\n").unwrap();
        let path_text = path.to_str().unwrap();
        let config = read(&[("AGENT_SECRET", ""), ("AGENT_SECRET_FILE", path_text)]).unwrap();
        assert_eq!(config.agent_secret.reveal(), "from-file");
        assert!(problem(&[("AGENT_SECRET_FILE", path_text)]).starts_with("AGENT_SECRET_FILE: is set, and so is"));
        std::fs::remove_file(&path).unwrap();
        assert!(problem(&[("AGENT_SECRET", ""), ("AGENT_SECRET_FILE", path_text)]).contains("cannot read"));
    }

    #[test]
    fn a_file_of_authorities_is_read_and_one_that_cannot_be_used_is_named() {
        let path = std::env::temp_dir().join(format!("neon-agent-ca-{}", std::process::id()));
        let path_text = path.to_str().unwrap();
        let made = rcgen::generate_simple_self_signed(["master".to_owned()]).unwrap().cert.pem();
        std::fs::write(&path, made.repeat(2)).unwrap();
        assert_eq!(read(&[("MASTER_CA_FILE", path_text)]).unwrap().master_certificates.len(), 2);
        assert!(read(&[]).unwrap().master_certificates.is_empty());
        for (content, cause) in [
            ("", "has no certificate"),
            ("certificate", "has no certificate"),
            (made.split_at(made.len() / 2).0, "is not PEM"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be used"),
        ] {
            std::fs::write(&path, content).unwrap();
            let problem = problem(&[("MASTER_CA_FILE", path_text)]);
            assert!(problem.starts_with("MASTER_CA_FILE: ") && problem.contains(cause), "{problem}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(problem(&[("MASTER_CA_FILE", path_text)]).starts_with("MASTER_CA_FILE: cannot read"));
    }

    #[test]
    fn every_documented_range_is_the_one_that_is_checked() {
        assert!(BUFFER_MAX_SIZE.range.ends_with(&RING_CAPACITY_SAMPLES.to_string()));
        assert!(SERVER_NAME.range.contains(&SERVER_NAME_MAX_BYTES.to_string()));
        assert!(METRICS_INTERVAL.range.ends_with(&INTERVAL_RANGE_S.end().to_string()));
    }
}
