//! Configuration: the one place that reads the environment.
//!
//! [`KEYS`] is the table of everything there is to set. A `.env` file in the working directory is read too; what the
//! environment says wins. A missing or bad value refuses to start and names its key, never its value where that may
//! be a secret. An empty value counts as absent, because that is what `KEY=` in a compose file means.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::domain::password;
use crate::http::Proxies;
use crate::model::Role;
use crate::oidc;
use crate::store::{Location, Retention};
use crate::tls;
use url::Url;

/// One row of the table: name, default, and meaning with unit and range.
#[derive(Debug)]
pub struct Key {
    /// Name of the environment variable.
    pub name: &'static str,
    /// What holds where it is absent; `None` where it is required.
    pub default: Option<&'static str>,
    /// What it means, its unit, its range.
    pub meaning: &'static str,
}

/// Everything there is to set.
pub const KEYS: &[Key] = &[
    Key {
        name: "AGENT_SECRET",
        default: None,
        meaning: "secret that agents show when they register; or AGENT_SECRET_FILE, a file that holds it",
    },
    Key {
        name: "AGENT_SECRET_PREVIOUS",
        default: Some("none"),
        meaning: "the AGENT_SECRET before, which stays good as long as this is set; or AGENT_SECRET_PREVIOUS_FILE",
    },
    Key {
        name: "FLEET_SECRET",
        default: Some("on"),
        meaning: "on or off; off: AGENT_SECRET registers nobody and may be missing; enrolment codes and servers' own credentials do",
    },
    Key {
        name: "JWT_SECRET",
        default: None,
        meaning: "secret that agents' tokens are signed with; or JWT_SECRET_FILE, a file that holds it",
    },
    Key {
        name: "JWT_SECRET_PREVIOUS",
        default: Some("none"),
        meaning: "the JWT_SECRET before: what it signed stays good as long as this is set; or JWT_SECRET_PREVIOUS_FILE",
    },
    Key {
        name: "ADMIN_PASSWORD",
        default: Some("none"),
        meaning: "password of the user admin, made at the first start, at least 12 characters; or ADMIN_PASSWORD_FILE",
    },
    Key {
        name: "PUBLIC_URL",
        default: Some("none"),
        meaning: "where browsers reach this master, such as https://neon.example.org; needed for a login by a provider",
    },
    Key {
        name: "OIDC_ISSUER",
        default: Some("none: no login by a provider"),
        meaning: "URL of an OpenID Connect provider; people may log in there beside",
    },
    Key { name: "OIDC_CLIENT_ID", default: Some("none"), meaning: "what that provider calls this master" },
    Key {
        name: "OIDC_CLIENT_SECRET",
        default: Some("none"),
        meaning: "what this master shows that provider; or OIDC_CLIENT_SECRET_FILE",
    },
    Key { name: "OIDC_NAME", default: Some("the host of OIDC_ISSUER"), meaning: "what people call that provider" },
    Key { name: "OIDC_SCOPES", default: Some("openid profile email"), meaning: "what is asked of it, with openid" },
    Key {
        name: "OIDC_ROLE_CLAIM",
        default: Some("groups"),
        meaning: "the claim of its ID token that roles are read from; dots lead into objects, as in realm_access.roles",
    },
    Key {
        name: "OIDC_ADMINS",
        default: Some("none"),
        meaning: "values of that claim, with commas between, whose people are admins; * is everybody the provider lets in",
    },
    Key { name: "OIDC_OPERATORS", default: Some("none"), meaning: "the same for operators" },
    Key {
        name: "OIDC_VIEWERS",
        default: Some("none"),
        meaning: "the same for viewers; who is none of these is not let in",
    },
    Key {
        name: "OIDC_DOMAINS",
        default: Some("any"),
        meaning: "domains, with commas between, of which their verified e-mail address must be",
    },
    Key {
        name: "LISTEN",
        default: Some("127.0.0.1:3000"),
        meaning: "address and port to listen on; beyond loopback only with users and with secrets that are long and nobody else's",
    },
    Key { name: "PORT", default: Some("that of LISTEN"), meaning: "changes the port alone, 0 to 65535 (0: any)" },
    Key {
        name: "TLS_CERT",
        default: Some("none: plain HTTP"),
        meaning: "PEM file of the master's certificate chain, its own first; with TLS_KEY the master serves HTTPS. Both are read again when they change",
    },
    Key { name: "TLS_KEY", default: Some("none"), meaning: "PEM file of that certificate's private key" },
    Key {
        name: "TRUSTED_PROXIES",
        default: Some("none"),
        meaning: "addresses and networks (10.0.0.0/8), with commas, of the reverse proxies whose X-Forwarded-For says who the client is",
    },
    Key {
        name: "MAX_CONNECTIONS_PER_ADDRESS",
        default: Some("4096, or half of what the system allows"),
        meaning: "connections that one address may have open (of IPv6, a /64), 1 to 100000; TRUSTED_PROXIES may have all",
    },
    Key {
        name: "MAX_REQUESTS_PER_SECOND",
        default: Some("200"),
        meaning: "requests a second of one server, session or API token, ten times as many after a pause; 1 to 1000000, or 0 (no bound)",
    },
    Key { name: "DATA_DIR", default: Some("./data"), meaning: "folder of the SQLite file" },
    Key {
        name: "DATABASE_URL",
        default: Some("SQLite file neon.db in DATA_DIR"),
        meaning: "sqlite:<path>, or postgres://user:password@host/database",
    },
    Key {
        name: "MIN_FREE_DISK_MB",
        default: Some("a twentieth of the disk, 64 to 1024"),
        meaning: "MiB kept free on the disk of the SQLite file: with less, samples are turned away; 0 (never) to 1048576",
    },
    Key {
        name: "RETAIN_RAW_DAYS",
        default: Some("30"),
        meaning: "days that samples are kept, 4 to 36500, or 0 (for ever); older ones are refused",
    },
    Key {
        name: "RETAIN_HOURLY_DAYS",
        default: Some("400"),
        meaning: "days that hours are kept, each with min, avg and max; RETAIN_RAW_DAYS to 36500, or 0 (for ever)",
    },
    Key {
        name: "RETAIN_DAILY_DAYS",
        default: Some("0: for ever"),
        meaning: "days that days are kept; RETAIN_HOURLY_DAYS to 36500, or 0 (for ever)",
    },
    Key {
        name: "RETAIN_ACTIVITY_DAYS",
        default: Some("365"),
        meaning: "days that activities are kept, 1 to 36500, or 0 (for ever)",
    },
    Key {
        name: "OFFLINE_AFTER_S",
        default: Some("180"),
        meaning: "seconds of silence after which a server is offline, 1 to 86400",
    },
    Key { name: "LOG_FORMAT", default: Some("text"), meaning: "text or json" },
    Key { name: "LOG_LEVEL", default: Some("info"), meaning: "error, warn, info, debug or trace" },
];

/// Length of the secrets of a master that others can reach, in bytes. Tokens are signed with HMAC-SHA256, whose key is as
/// long as its sum at least (RFC 7518, 3.2).
const AGENT_SECRET_MIN_BYTES: usize = 16;
const JWT_SECRET_MIN_BYTES: usize = 32;
/// Stands for a secret.
const HIDDEN: &str = "(set, not shown)";
const LISTEN_DEFAULT: &str = "127.0.0.1:3000";
const DATA_DIR_DEFAULT: &str = "./data";
const DATABASE_FILE: &str = "neon.db";
const MIN_FREE_DISK_MB_MAX: u32 = 1 << 20;
/// An agent keeps 1,024 samples while the master is away, which at the default interval are 3.6 days.
const RETAIN_DAYS_MIN: u32 = 4;
const RETAIN_DAYS_MAX: u32 = 36_500;
const OFFLINE_AFTER_S_DEFAULT: u32 = 180;
const OFFLINE_AFTER_S_MAX: u32 = 86_400;

const CONNECTIONS_PER_ADDRESS_MAX: u32 = 100_000;
const REQUESTS_PER_SECOND_DEFAULT: u32 = 200;
const REQUESTS_PER_SECOND_MAX: u32 = 1_000_000;

/// What the operator decided.
#[derive(Clone, Debug)]
pub struct Config {
    /// What agents show when they register; `None` where nobody can.
    pub agent_secrets: Option<Secrets>,
    /// What agents' tokens are signed with.
    pub jwt_secrets: Secrets,
    /// The password that the user `admin` is made with where there are no users.
    pub admin_password: Option<Secret>,
    /// Where people may log in beside.
    pub oidc: Option<oidc::Settings>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// What to show to clients over TLS; `None` for plain HTTP.
    pub tls: Option<tls::Files>,
    /// Whose word about the client is taken.
    pub trusted_proxies: Proxies,
    /// Connections that one address may have; `None` for a part of what the system allows.
    pub connections_per_address_max: Option<usize>,
    /// Requests a second of one credential; 0 for no bound.
    pub requests_per_second_max: u32,
    /// Where to keep things.
    pub database: Location,
    /// What is kept free on the disk of the SQLite file, in bytes; `None` for a part of that disk.
    pub min_free_disk_bytes: Option<u64>,
    /// For how long what is kept.
    pub retention: Retention,
    /// Silence after which a server is offline, in seconds.
    pub offline_after_s: u32,
    /// How to write the log.
    pub log_format: LogFormat,
    /// What to write to the log.
    pub log_level: tracing::Level,
}

/// A value that must not be printed; its `Debug` does not.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `value` from being printed by accident.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Two generations of a secret: between the day that a new one is set and the day that everybody has it, both are good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// What signs, and what others are to have.
    pub newest: Secret,
    /// The one before.
    pub previous: Option<Secret>,
}

impl Secrets {
    /// All that are good, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.newest).chain(&self.previous)
    }
}

/// How to write the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Why the configuration does not hold; one line that names the key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A required key is absent.
    #[error("{0} is not set (nor {0}_FILE)")]
    Missing(&'static str),
    /// A value is not in the form or range that its key asks for.
    #[error("{key}: {reason}")]
    Bad {
        /// The key.
        key: String,
        /// What is wrong, without the value of a secret.
        reason: String,
    },
}

impl Config {
    /// Reads the process's environment and `.env` in the working directory.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_values(&environment()?)
    }

    /// Reads the configuration from `values`, and the files they name.
    pub fn from_values(values: &HashMap<String, String>) -> Result<Self, ConfigError> {
        let value = |key: &str| values.get(key).map(String::as_str).filter(|value| !value.is_empty());
        let config = Self {
            agent_secrets: agent_secrets(&value)?,
            jwt_secrets: secrets("JWT_SECRET", "JWT_SECRET_PREVIOUS", &value)?,
            admin_password: admin_password(&value)?,
            oidc: oidc_settings(&value)?,
            listen: listen(value("LISTEN"), value("PORT"))?,
            tls: tls_files(value("TLS_CERT"), value("TLS_KEY"))?,
            trusted_proxies: trusted_proxies(value("TRUSTED_PROXIES"))?,
            connections_per_address_max: number(
                "MAX_CONNECTIONS_PER_ADDRESS",
                "connections",
                1,
                CONNECTIONS_PER_ADDRESS_MAX,
                &value,
            )?
            .map(|number| number as usize),
            requests_per_second_max: number("MAX_REQUESTS_PER_SECOND", "requests", 0, REQUESTS_PER_SECOND_MAX, &value)?
                .unwrap_or(REQUESTS_PER_SECOND_DEFAULT),
            database: database("DATABASE_URL", value("DATABASE_URL"), value("DATA_DIR"))?,
            min_free_disk_bytes: number("MIN_FREE_DISK_MB", "MiB", 0, MIN_FREE_DISK_MB_MAX, &value)?
                .map(|mebibytes| u64::from(mebibytes) << 20),
            retention: retention(&value)?,
            offline_after_s: number("OFFLINE_AFTER_S", "seconds", 1, OFFLINE_AFTER_S_MAX, &value)?
                .unwrap_or(OFFLINE_AFTER_S_DEFAULT),
            log_format: match value("LOG_FORMAT") {
                None | Some("text") => LogFormat::Text,
                Some("json") => LogFormat::Json,
                Some(other) => return Err(bad("LOG_FORMAT", format!("must be text or json, got {other:?}"))),
            },
            log_level: log_level(value("LOG_LEVEL"))?,
        };
        if !config.listens_on_loopback() {
            config.check_secrets()?;
        }
        Ok(config)
    }

    /// Whether only this host can reach the master.
    pub fn listens_on_loopback(&self) -> bool {
        self.listen.ip().to_canonical().is_loopback()
    }

    /// What keeps nobody out is no secret.
    fn check_secrets(&self) -> Result<(), ConfigError> {
        let refused = |key, what: &str| {
            let made = "neon-master secret generate makes one";
            Err(bad(key, format!("{what}, and {} can be reached from other hosts; {made}", self.listen)))
        };
        let agent: Vec<&str> = self.agent_secrets.iter().flat_map(Secrets::iter).map(Secret::reveal).collect();
        let jwt: Vec<&str> = self.jwt_secrets.iter().map(Secret::reveal).collect();
        // The one before is as good as the newest, for whoever knows it.
        let agent_keys = ["AGENT_SECRET", "AGENT_SECRET_PREVIOUS"].map(|key| (key, AGENT_SECRET_MIN_BYTES));
        let jwt_keys = ["JWT_SECRET", "JWT_SECRET_PREVIOUS"].map(|key| (key, JWT_SECRET_MIN_BYTES));
        for ((key, min), secret) in agent_keys.into_iter().zip(&agent).chain(jwt_keys.into_iter().zip(&jwt)) {
            if password::is_published(secret) {
                return refused(key, "is an example that everybody can read");
            }
            if secret.len() < min {
                return refused(key, &format!("has less than {min} characters"));
            }
        }
        // Whoever sets up an agent would know it, and could sign tokens for every other one, and sessions.
        if jwt.iter().any(|secret| agent.contains(secret)) {
            return refused("JWT_SECRET", "is the same as AGENT_SECRET");
        }
        if self.admin_password.as_ref().is_some_and(|admin| [agent, jwt].concat().contains(&admin.reveal())) {
            return refused("ADMIN_PASSWORD", "is the same as one of the other secrets");
        }
        Ok(())
    }
}

/// Where the store is, for what needs no more than that: the same as [`Config::from_env`] finds, also without secrets.
pub fn database_from_env() -> Result<Location, ConfigError> {
    let values = environment()?;
    let value = |key: &str| values.get(key).map(String::as_str).filter(|value| !value.is_empty());
    database("DATABASE_URL", value("DATABASE_URL"), value("DATA_DIR"))
}

/// Where the store is that the argument `name` of a command gives as a URL.
pub fn database_from_argument(name: &str, url: &str) -> Result<Location, ConfigError> {
    database(name, Some(url), None)
}

/// The table as `--help` prints it.
pub fn help() -> String {
    let rows = KEYS.iter().map(|key| {
        let default = key.default.map_or("required".to_owned(), |default| format!("default: {default}"));
        format!("  {:<21} {} ({default})\n", key.name, key.meaning)
    });
    rows.collect()
}

/// Checks the configuration as a start does, and lists every key with its value and where that is from. No secret is shown.
pub fn describe_from_env() -> Result<String, ConfigError> {
    let (values, from_file) = (environment()?, dot_env(Path::new(".env"))?);
    let is_from_file = |name: &str, value: &str| {
        std::env::var(name).is_err() && from_file.get(name).is_some_and(|known| known == value)
    };
    describe(&values, is_from_file)
}

fn describe(
    values: &HashMap<String, String>,
    is_from_file: impl Fn(&str, &str) -> bool,
) -> Result<String, ConfigError> {
    let config = Config::from_values(values)?;
    let value = |name: &str| values.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let origin = |name: &str, value: &str| if is_from_file(name, value) { ".env" } else { "the environment" };
    let rows = KEYS.iter().map(|key| {
        let file_key = format!("{}_FILE", key.name);
        let (shown, from) = match (value(key.name), value(&file_key)) {
            (Some(text), _) => {
                let shown = match key.name {
                    // It may hold a password.
                    "DATABASE_URL" => config.database.to_string(),
                    name if is_secret(name) => HIDDEN.to_owned(),
                    _ => text.to_owned(),
                };
                (shown, origin(key.name, text).to_owned())
            }
            (None, Some(path)) => (HIDDEN.to_owned(), format!("{path}, by {file_key} of {}", origin(&file_key, path))),
            (None, None) => (key.default.unwrap_or("none").to_owned(), "the default".to_owned()),
        };
        format!("{:<22} {shown}   (from {from})", key.name)
    });
    let rows: Vec<String> = rows.collect();
    Ok(rows.join("\n"))
}

/// Whether the value of a key is not to be shown.
fn is_secret(name: &str) -> bool {
    name != "FLEET_SECRET" && ["SECRET", "PASSWORD", "TOKEN"].iter().any(|word| name.contains(word))
}

fn environment() -> Result<HashMap<String, String>, ConfigError> {
    let mut values = dot_env(Path::new(".env"))?;
    // A variable that is not UTF-8 is no value of ours unless it is one of our keys, and then it is bad.
    for (name, value) in std::env::vars_os() {
        let Ok(name) = name.into_string() else { continue };
        match value.into_string() {
            Ok(value) => values.insert(name, value),
            Err(_) if is_key(&name) => return Err(bad(&name, "is not UTF-8")),
            Err(_) => None,
        };
    }
    Ok(values)
}

fn is_key(name: &str) -> bool {
    KEYS.iter().any(|key| key.name == name.strip_suffix("_FILE").unwrap_or(name))
}

fn bad(key: &str, reason: impl Into<String>) -> ConfigError {
    ConfigError::Bad { key: key.to_owned(), reason: reason.into() }
}

/// The library's own error quotes the line, which may be a secret; ours does not.
fn dot_env(path: &Path) -> Result<HashMap<String, String>, ConfigError> {
    let lines = match dotenvy::from_path_iter(path) {
        Ok(lines) => lines,
        Err(error) if error.not_found() => return Ok(HashMap::new()),
        Err(_) => return Err(bad(".env", "cannot be read")),
    };
    lines.map(|line| line.map_err(|_| bad(".env", "has a line that is not KEY=value"))).collect()
}

fn agent_secrets<'a>(value: &impl Fn(&str) -> Option<&'a str>) -> Result<Option<Secrets>, ConfigError> {
    match value("FLEET_SECRET") {
        None | Some("on") => secrets("AGENT_SECRET", "AGENT_SECRET_PREVIOUS", value).map(Some),
        Some("off") => Ok(None),
        Some(other) => Err(bad("FLEET_SECRET", format!("must be on or off, got {other:?}"))),
    }
}

fn secrets<'a>(
    key: &'static str,
    previous_key: &'static str,
    value: &impl Fn(&str) -> Option<&'a str>,
) -> Result<Secrets, ConfigError> {
    let newest = secret(key, value)?.ok_or(ConfigError::Missing(key))?;
    Ok(Secrets { newest, previous: secret(previous_key, value)? })
}

fn admin_password<'a>(value: &impl Fn(&str) -> Option<&'a str>) -> Result<Option<Secret>, ConfigError> {
    let Some(secret) = secret("ADMIN_PASSWORD", value)? else { return Ok(None) };
    password::check_password(secret.reveal()).map_err(|unfit| bad("ADMIN_PASSWORD", unfit.to_string()))?;
    Ok(Some(secret))
}

fn secret<'a>(key: &'static str, value: &impl Fn(&str) -> Option<&'a str>) -> Result<Option<Secret>, ConfigError> {
    let file_key = format!("{key}_FILE");
    match (value(key), value(&file_key)) {
        (Some(_), Some(_)) => Err(bad(key, format!("is set, and so is {file_key}; only one may be"))),
        (Some(value), None) => Ok(Some(Secret::new(value.to_owned()))),
        (None, Some(path)) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| bad(&file_key, format!("{path} cannot be read: {error}")))?;
            let text = text.trim_end_matches(['\r', '\n']);
            if text.is_empty() {
                Err(bad(&file_key, format!("{path} is empty")))
            } else {
                Ok(Some(Secret::new(text.to_owned())))
            }
        }
        (None, None) => Ok(None),
    }
}

fn oidc_settings<'a>(value: &impl Fn(&str) -> Option<&'a str>) -> Result<Option<oidc::Settings>, ConfigError> {
    let list = |key: &str| -> Vec<String> {
        let items = value(key).unwrap_or_default().split(',').map(str::trim);
        items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
    };
    let public_url = value("PUBLIC_URL").map(|text| base_url("PUBLIC_URL", text)).transpose()?;
    let client_secret = secret("OIDC_CLIENT_SECRET", value)?;
    let Some(issuer) = value("OIDC_ISSUER") else {
        let alone = KEYS.iter().map(|key| key.name).find(|name| name.starts_with("OIDC_") && value(name).is_some());
        return match alone {
            Some(name) => Err(bad(name, "is set, but OIDC_ISSUER is not")),
            None => Ok(None),
        };
    };
    let url = base_url("OIDC_ISSUER", issuer)?;
    let needed = |key: &str| bad(key, "is not set, but OIDC_ISSUER is");
    let roles = [(Role::Admin, "OIDC_ADMINS"), (Role::Operator, "OIDC_OPERATORS"), (Role::Viewer, "OIDC_VIEWERS")];
    let roles = roles.map(|(role, key)| (role, list(key)));
    if roles.iter().all(|(_, values)| values.is_empty()) {
        return Err(bad("OIDC_VIEWERS", "is not set, nor OIDC_OPERATORS or OIDC_ADMINS: nobody would be let in"));
    }
    let scopes = value("OIDC_SCOPES").unwrap_or("openid profile email");
    if !scopes.split(' ').any(|scope| scope == "openid") {
        return Err(bad("OIDC_SCOPES", format!("must have openid among what is asked for, got {scopes:?}")));
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    Ok(Some(oidc::Settings {
        issuer: issuer.to_owned(),
        client_id: value("OIDC_CLIENT_ID").ok_or_else(|| needed("OIDC_CLIENT_ID"))?.to_owned(),
        client_secret: client_secret.ok_or_else(|| needed("OIDC_CLIENT_SECRET"))?,
        name: value("OIDC_NAME").map_or(host, str::to_owned),
        public_url: public_url.ok_or_else(|| needed("PUBLIC_URL"))?.as_str().trim_end_matches('/').to_owned(),
        scopes: scopes.to_owned(),
        role_claim: value("OIDC_ROLE_CLAIM").unwrap_or("groups").to_owned(),
        roles,
        domains: list("OIDC_DOMAINS").iter().map(|domain| domain.to_lowercase()).collect(),
    }))
}

/// HTTPS, or HTTP of this host. An error does not quote it, since it may hold a password.
fn base_url(key: &str, text: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(text).map_err(|_| bad(key, "is not a URL such as https://neon.example.org"))?;
    let is_plain =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    if !is_plain {
        return Err(bad(key, "has more than a host and a path"));
    }
    if url.scheme() != "https" && !(url.scheme() == "http" && oidc::is_loopback(&url)) {
        return Err(bad(key, "must begin with https://; http:// is for this host alone"));
    }
    Ok(url)
}

fn listen(listen: Option<&str>, port: Option<&str>) -> Result<SocketAddr, ConfigError> {
    let text = listen.unwrap_or(LISTEN_DEFAULT);
    let mut address: SocketAddr = text.parse().map_err(|_| {
        bad("LISTEN", format!("must be an IP address and a port such as {LISTEN_DEFAULT}, got {text:?}"))
    })?;
    if let Some(port) = port {
        let port = port.parse().map_err(|_| bad("PORT", format!("must be a number from 0 to 65535, got {port:?}")))?;
        address.set_port(port);
    }
    Ok(address)
}

fn tls_files(chain_path: Option<&str>, key_path: Option<&str>) -> Result<Option<tls::Files>, ConfigError> {
    match (chain_path, key_path) {
        (None, None) => Ok(None),
        (Some(chain_path), Some(key_path)) => {
            tls::Files::read(chain_path.into(), key_path.into()).map(Some).map_err(|fault| bad(fault.key, fault.reason))
        }
        (Some(_), None) => Err(bad("TLS_KEY", "is not set, but TLS_CERT is")),
        (None, Some(_)) => Err(bad("TLS_CERT", "is not set, but TLS_KEY is")),
    }
}

/// The URL may hold a password, so no error quotes it.
fn database(key: &str, url: Option<&str>, data_dir: Option<&str>) -> Result<Location, ConfigError> {
    let Some(url) = url else {
        return Ok(Location::Sqlite(PathBuf::from(data_dir.unwrap_or(DATA_DIR_DEFAULT)).join(DATABASE_FILE)));
    };
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return match url.parse::<sqlx::postgres::PgConnectOptions>() {
            Ok(_) => Ok(Location::Postgres(url.to_owned())),
            Err(_) => Err(bad(key, "is not a valid postgres:// URL")),
        };
    }
    let path = url.strip_prefix("sqlite:").map(|path| path.strip_prefix("//").unwrap_or(path));
    match path {
        Some(path) if !path.is_empty() && !path.starts_with(':') && !path.contains('?') => {
            Ok(Location::Sqlite(PathBuf::from(path)))
        }
        _ => Err(bad(key, "must be sqlite:<path> or postgres://user:password@host/database")),
    }
}

fn retention<'a>(value: &impl Fn(&str) -> Option<&'a str>) -> Result<Retention, ConfigError> {
    let days = |key: &str, default, min: u32, why: &str| {
        let Some(text) = value(key) else { return Ok(default) };
        let days = text.parse().ok().filter(|days| *days == 0 || (min..=RETAIN_DAYS_MAX).contains(days));
        days.ok_or_else(|| {
            bad(
                key,
                format!("must be a number of days from {min} to {RETAIN_DAYS_MAX}, or 0 for ever, got {text:?}: {why}"),
            )
        })
    };
    // What is shorter than the tier before it would end a history where a finer one goes on.
    let at_least = |before: u32| if before == 0 { RETAIN_DAYS_MIN } else { before };
    let Retention { raw_days, hourly_days, daily_days, activity_days } = Retention::DEFAULT;
    let late = "an agent may bring samples of three and a half days after an outage";
    let raw_days = days("RETAIN_RAW_DAYS", raw_days, RETAIN_DAYS_MIN, late)?;
    let hourly_days = hourly_days.max(raw_days);
    let hourly_days = days("RETAIN_HOURLY_DAYS", hourly_days, at_least(raw_days), "hours are kept as long as samples")?;
    let daily_days = days("RETAIN_DAILY_DAYS", daily_days, at_least(hourly_days), "days are kept as long as hours")?;
    let missed = "who comes back to the events within an hour is told what was missed";
    let activity_days = days("RETAIN_ACTIVITY_DAYS", activity_days, 1, missed)?;
    Ok(Retention { raw_days, hourly_days, daily_days, activity_days })
}

fn trusted_proxies(text: Option<&str>) -> Result<Proxies, ConfigError> {
    text.unwrap_or_default().parse().map_err(|reason: String| bad("TRUSTED_PROXIES", reason))
}

fn number<'a>(
    key: &str,
    of_what: &str,
    min: u32,
    max: u32,
    value: &impl Fn(&str) -> Option<&'a str>,
) -> Result<Option<u32>, ConfigError> {
    let Some(text) = value(key) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| (min..=max).contains(number));
    number.map(Some).ok_or_else(|| bad(key, format!("must be a number of {of_what} from {min} to {max}, got {text:?}")))
}

fn log_level(text: Option<&str>) -> Result<tracing::Level, ConfigError> {
    match text {
        None | Some("info") => Ok(tracing::Level::INFO),
        Some("error") => Ok(tracing::Level::ERROR),
        Some("warn") => Ok(tracing::Level::WARN),
        Some("debug") => Ok(tracing::Level::DEBUG),
        Some("trace") => Ok(tracing::Level::TRACE),
        Some(other) => Err(bad("LOG_LEVEL", format!("must be error, warn, info, debug or trace, got {other:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGENT_SECRET: &str = "a-secret-of-16-b";
    const JWT_SECRET: &str = "j-secret-that-is-as-long-as-32-b";

    fn read(more: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let secrets = [("AGENT_SECRET", AGENT_SECRET), ("JWT_SECRET", JWT_SECRET)];
        let pairs = secrets.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Config::from_values(&pairs.collect())
    }

    #[test]
    fn the_secrets_alone_are_enough() {
        let config = read(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:3000");
        assert_eq!(config.database, Location::Sqlite(PathBuf::from("./data/neon.db")));
        assert_eq!((config.min_free_disk_bytes, config.offline_after_s), (None, 180));
        assert_eq!((config.log_format, config.log_level), (LogFormat::Text, tracing::Level::INFO));
    }

    #[test]
    fn each_key_is_obeyed() {
        let config = read(&[
            ("LISTEN", "0.0.0.0:80"),
            ("PORT", "8080"),
            ("DATA_DIR", "/var/lib/neon"),
            ("MIN_FREE_DISK_MB", "16"),
            ("OFFLINE_AFTER_S", "5"),
            ("TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8"),
            ("MAX_CONNECTIONS_PER_ADDRESS", "7"),
            ("MAX_REQUESTS_PER_SECOND", "0"),
            ("LOG_FORMAT", "json"),
            ("LOG_LEVEL", "debug"),
        ])
        .unwrap();
        assert_eq!(config.listen.to_string(), "0.0.0.0:8080");
        assert_eq!(config.database, Location::Sqlite(PathBuf::from("/var/lib/neon/neon.db")));
        assert_eq!((config.min_free_disk_bytes, config.offline_after_s), (Some(16 << 20), 5));
        assert_eq!((config.connections_per_address_max, config.requests_per_second_max), (Some(7), 0));
        assert!(config.trusted_proxies.trusts("10.9.8.7".parse().unwrap()));
        assert_eq!((config.log_format, config.log_level), (LogFormat::Json, tracing::Level::DEBUG));

        let url = |url| read(&[("DATABASE_URL", url)]).unwrap().database;
        assert_eq!(url("sqlite:/tmp/a.db"), Location::Sqlite(PathBuf::from("/tmp/a.db")));
        assert_eq!(url("sqlite:///tmp/a.db"), Location::Sqlite(PathBuf::from("/tmp/a.db")));
        assert_eq!(url("postgres://u:p@h/d"), Location::Postgres("postgres://u:p@h/d".to_owned()));
    }

    #[test]
    fn each_tier_is_kept_as_long_as_the_one_before() {
        let days = |more: &[(&str, &str)]| {
            let Retention { raw_days, hourly_days, daily_days, .. } = read(more).unwrap().retention;
            (raw_days, hourly_days, daily_days)
        };
        assert_eq!(days(&[]), (30, 400, 0));
        assert_eq!(
            days(&[("RETAIN_RAW_DAYS", "4"), ("RETAIN_HOURLY_DAYS", "4"), ("RETAIN_DAILY_DAYS", "5")]),
            (4, 4, 5)
        );
        assert_eq!(days(&[("RETAIN_RAW_DAYS", "0"), ("RETAIN_HOURLY_DAYS", "0")]), (0, 0, 0));
        assert_eq!(days(&[("RETAIN_RAW_DAYS", "500")]), (500, 500, 0), "the default of the next goes along");
        let activity_days = |more: &[(&str, &str)]| read(more).unwrap().retention.activity_days;
        assert_eq!(
            (activity_days(&[]), activity_days(&[("RETAIN_RAW_DAYS", "0")])),
            (365, 365),
            "apart from the tiers"
        );
        let kept = ["1", "0", "36500"].map(|days| activity_days(&[("RETAIN_ACTIVITY_DAYS", days)]));
        assert_eq!(kept, [1, 0, 36_500]);
        let line = read(&[("RETAIN_RAW_DAYS", "3")]).unwrap_err().to_string();
        assert!(line.contains("from 4 to 36500, or 0 for ever") && line.contains("after an outage"), "{line}");
    }

    #[test]
    fn a_provider_needs_all_that_a_login_at_it_needs() {
        let all = [
            ("OIDC_ISSUER", "https://id.example.org/realms/a"),
            ("OIDC_CLIENT_ID", "neon"),
            ("OIDC_CLIENT_SECRET", "hunter2"),
            ("OIDC_OPERATORS", " ops ,, sre"),
            ("PUBLIC_URL", "https://neon.example.org/"),
        ];
        let settings = read(&all).unwrap().oidc.unwrap();
        assert_eq!(
            (settings.name.as_str(), settings.public_url.as_str()),
            ("id.example.org", "https://neon.example.org")
        );
        assert_eq!(settings.roles[1], (Role::Operator, vec!["ops".to_owned(), "sre".to_owned()]));
        assert_eq!((settings.role_claim.as_str(), settings.scopes.as_str()), ("groups", "openid profile email"));
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert!(read(&[]).unwrap().oidc.is_none());
        for (left_out, _) in all {
            let line =
                read(&all.into_iter().filter(|(key, _)| *key != left_out).collect::<Vec<_>>()).unwrap_err().to_string();
            let named = if left_out == "OIDC_ISSUER" { "OIDC_CLIENT_ID" } else { left_out };
            assert!(line.contains(named) && line.contains("is not"), "{left_out}: {line}");
        }
        let scopes = [all.as_slice(), &[("OIDC_SCOPES", "profile openid2")]].concat();
        assert!(read(&scopes).unwrap_err().to_string().starts_with("OIDC_SCOPES: must have openid"));
    }

    #[test]
    fn a_missing_secret_is_named() {
        let only = |key: &str| {
            Config::from_values(&HashMap::from([(key.to_owned(), "s".to_owned())])).unwrap_err().to_string()
        };
        assert_eq!(only("JWT_SECRET"), "AGENT_SECRET is not set (nor AGENT_SECRET_FILE)");
        assert_eq!(only("AGENT_SECRET"), "JWT_SECRET is not set (nor JWT_SECRET_FILE)");
        assert_eq!(read(&[("JWT_SECRET", "")]).unwrap_err(), ConfigError::Missing("JWT_SECRET"));
    }

    #[test]
    fn bad_values_name_their_key() {
        for (key, value) in [
            ("LISTEN", "localhost:3000"),
            ("LISTEN", "127.0.0.1"),
            ("PORT", "65536"),
            ("PORT", "http"),
            ("DATABASE_URL", "mysql://u:hunter2@h/d"),
            ("DATABASE_URL", "postgres://u:hunter2@h:notaport/d"),
            ("DATABASE_URL", "sqlite:"),
            ("DATABASE_URL", "sqlite::memory:"),
            ("TLS_CERT", "/nonexistent"),
            ("TLS_KEY", "/nonexistent"),
            ("MIN_FREE_DISK_MB", "-1"),
            ("MIN_FREE_DISK_MB", "1048577"),
            ("MIN_FREE_DISK_MB", "5%"),
            ("OFFLINE_AFTER_S", "0"),
            ("RETAIN_RAW_DAYS", "3"),
            ("RETAIN_RAW_DAYS", "36501"),
            ("RETAIN_RAW_DAYS", "-1"),
            ("RETAIN_HOURLY_DAYS", "29"),
            ("RETAIN_DAILY_DAYS", "399"),
            ("RETAIN_ACTIVITY_DAYS", "36501"),
            ("RETAIN_ACTIVITY_DAYS", "a year"),
            ("TRUSTED_PROXIES", "proxy.local"),
            ("TRUSTED_PROXIES", "10.0.0.0/33"),
            ("MAX_CONNECTIONS_PER_ADDRESS", "0"),
            ("MAX_REQUESTS_PER_SECOND", "-1"),
            ("OFFLINE_AFTER_S", "86401"),
            ("OFFLINE_AFTER_S", "3m"),
            ("LOG_FORMAT", "xml"),
            ("LOG_LEVEL", "loud"),
            ("FLEET_SECRET", "no"),
            ("OIDC_CLIENT_ID", "neon"),
            ("OIDC_CLIENT_SECRET", "hunter2"),
            ("PUBLIC_URL", "neon.example.org"),
            ("PUBLIC_URL", "http://neon.example.org"),
            ("PUBLIC_URL", "https://u:hunter2@neon.example.org"),
            ("OIDC_ISSUER", "ftp://id.example.org"),
            ("AGENT_SECRET_FILE", "/nonexistent"),
            ("JWT_SECRET_PREVIOUS_FILE", "/nonexistent"),
        ] {
            let line = read(&[(key, value)]).unwrap_err().to_string();
            assert!(line.contains(key.trim_end_matches("_FILE")), "{line}");
            assert!(!line.contains("hunter2") && !line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn a_secret_may_come_from_a_file_without_its_last_newline() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "from-a-file\n").unwrap();
        let values = HashMap::from([
            ("AGENT_SECRET_FILE".to_owned(), path.display().to_string()),
            ("JWT_SECRET".to_owned(), "j".to_owned()),
        ]);
        assert_eq!(Config::from_values(&values).unwrap().agent_secrets.unwrap().newest.reveal(), "from-a-file");
        std::fs::write(&path, "\n").unwrap();
        assert!(Config::from_values(&values).unwrap_err().to_string().contains("AGENT_SECRET_FILE"));
    }

    #[test]
    fn a_certificate_needs_its_key_and_each_bad_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (chain, key) = (file("chain.pem", &made.cert.pem()), file("key.pem", &made.signing_key.serialize_pem()));
        let empty = file("empty.pem", "");
        let both = |chain: &str, key: &str| read(&[("TLS_CERT", chain), ("TLS_KEY", key)]);
        assert!(both(&chain, &key).unwrap().tls.is_some());
        assert!(read(&[]).unwrap().tls.is_none());
        for (outcome, start) in [
            (read(&[("TLS_CERT", &chain)]), "TLS_KEY: is not set".to_owned()),
            (read(&[("TLS_KEY", &key)]), "TLS_CERT: is not set".to_owned()),
            (both("/nonexistent", &key), "TLS_CERT: /nonexistent cannot be read: ".to_owned()),
            (both(&chain, "/nonexistent"), "TLS_KEY: /nonexistent cannot be read: ".to_owned()),
            (both(&empty, &key), format!("TLS_CERT: {empty} holds no certificate")),
            (both(&chain, &empty), format!("TLS_KEY: {empty} holds no private key")),
        ] {
            let line = outcome.unwrap_err().to_string();
            assert!(line.starts_with(&start), "{line}");
        }
    }

    #[test]
    fn a_dot_env_file_is_read_and_a_bad_line_is_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        assert_eq!(dot_env(&path).unwrap(), HashMap::new());
        std::fs::write(&path, "# comment\nAGENT_SECRET='with space'\nexport PORT=1\n").unwrap();
        let values = dot_env(&path).unwrap();
        assert_eq!((values["AGENT_SECRET"].as_str(), values["PORT"].as_str()), ("with space", "1"));
        std::fs::write(&path, "AGENT_SECRET=\"hunter2\nx\n").unwrap();
        let line = dot_env(&path).unwrap_err().to_string();
        assert!(!line.contains("hunter2"), "{line}");
    }

    #[test]
    fn every_key_is_listed_with_where_it_is_from_and_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwt");
        std::fs::write(&path, JWT_SECRET).unwrap();
        let values: HashMap<String, String> = [
            ("AGENT_SECRET", AGENT_SECRET),
            ("JWT_SECRET_FILE", path.to_str().unwrap()),
            ("ADMIN_PASSWORD", "swordfish-1234"),
            ("DATABASE_URL", "postgres://u:hunter2@h/d"),
            ("PORT", "8080"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
        let text = describe(&values, |name, _| name == "PORT").unwrap();
        assert_eq!(text.lines().count(), KEYS.len());
        for secret in [AGENT_SECRET, JWT_SECRET, "swordfish-1234", "hunter2"] {
            assert!(!text.contains(secret), "{text}");
        }
        let line = |name: &str| text.lines().find(|line| line.split(' ').next() == Some(name)).unwrap().to_owned();
        assert!(line("AGENT_SECRET").ends_with("(set, not shown)   (from the environment)"), "{text}");
        assert!(line("JWT_SECRET").contains("by JWT_SECRET_FILE of the environment)"), "{text}");
        assert!(line("PORT").ends_with(" 8080   (from .env)"), "{text}");
        assert!(line("LISTEN").ends_with(" 127.0.0.1:3000   (from the default)"), "{text}");
        assert!(describe(&HashMap::new(), |_, _| false).is_err());
    }

    #[test]
    fn nothing_prints_a_secret() {
        let config =
            read(&[("DATABASE_URL", "postgres://u:hunter2@h/d"), ("ADMIN_PASSWORD", "swordfish-1234")]).unwrap();
        let text = format!("{config:?} {}", config.database);
        assert!(!text.contains(AGENT_SECRET) && !text.contains(JWT_SECRET) && !text.contains("hunter2"), "{text}");
        assert!(!text.contains("swordfish"), "{text}");
    }

    #[test]
    fn an_admins_password_is_judged_wherever_the_master_listens() {
        let password = |text| read(&[("ADMIN_PASSWORD", text)]).map(|config| config.admin_password);
        assert_eq!(password("twelve chars").unwrap().unwrap().reveal(), "twelve chars");
        assert_eq!(password("").unwrap(), None);
        for bad in ["eleven char", "dev-admin-change-in-production"] {
            let line = password(bad).unwrap_err().to_string();
            assert!(line.starts_with("ADMIN_PASSWORD: ") && !line.contains(bad), "{line}");
        }
    }

    #[test]
    fn beyond_loopback_a_secret_that_keeps_nobody_out_is_named() {
        let published = "dev-agent-secret-change-in-production";
        let long_published = "dev-jwt-secret-change-in-production";
        for (key, value, reason) in [
            ("AGENT_SECRET", "fifteen-bytes..", "has less than 16 characters"),
            ("AGENT_SECRET", published, "is an example that everybody can read"),
            ("JWT_SECRET", "j-secret-that-is-as-long-as-31.", "has less than 32 characters"),
            ("JWT_SECRET", long_published, "is an example that everybody can read"),
            ("AGENT_SECRET_PREVIOUS", "fifteen-bytes..", "has less than 16 characters"),
            ("JWT_SECRET_PREVIOUS", long_published, "is an example that everybody can read"),
            ("JWT_SECRET_PREVIOUS", "j-secret-that-is-as-long-as-31.", "has less than 32 characters"),
            ("ADMIN_PASSWORD", JWT_SECRET, "is the same as one of the other secrets"),
        ] {
            let with = |listen| read(&[(key, value), ("LISTEN", listen)]);
            for wide in ["0.0.0.0:3000", "192.0.2.1:3000", "[::]:3000", "[::ffff:192.0.2.1]:3000"] {
                let line = with(wide).unwrap_err().to_string();
                assert!(line.starts_with(&format!("{key}: {reason}, and {wide}")), "{line}");
                assert!(!line.contains(value), "{line}");
            }
            for loopback in ["127.0.0.1:3000", "127.3.2.1:3000", "[::1]:3000", "[::ffff:127.0.0.1]:3000"] {
                assert!(with(loopback).is_ok(), "{key} {loopback}");
            }
        }
        let same = [("AGENT_SECRET", JWT_SECRET), ("LISTEN", "0.0.0.0:3000")];
        assert!(read(&same).unwrap_err().to_string().starts_with("JWT_SECRET: is the same as AGENT_SECRET"));
        let same = [("AGENT_SECRET_PREVIOUS", JWT_SECRET), ("LISTEN", "0.0.0.0:3000")];
        assert!(read(&same).unwrap_err().to_string().starts_with("JWT_SECRET: is the same as AGENT_SECRET"));
        assert!(read(&[("LISTEN", "0.0.0.0:3000")]).is_ok());
    }

    #[test]
    fn two_generations_are_good_and_the_fleets_secret_may_be_off() {
        let all = |secrets: &Secrets| secrets.iter().map(|secret| secret.reveal().to_owned()).collect::<Vec<_>>();
        let config = read(&[("AGENT_SECRET_PREVIOUS", "a"), ("JWT_SECRET_PREVIOUS", "j")]).unwrap();
        assert_eq!(all(&config.agent_secrets.unwrap()), [AGENT_SECRET, "a"]);
        assert_eq!(all(&config.jwt_secrets), [JWT_SECRET, "j"]);
        assert_eq!(all(&read(&[]).unwrap().jwt_secrets), [JWT_SECRET]);

        assert_eq!(read(&[("FLEET_SECRET", "off")]).unwrap().agent_secrets, None, "set, and not looked at");
        let published = [("AGENT_SECRET", "dev-x"), ("FLEET_SECRET", "off"), ("LISTEN", "0.0.0.0:3000")];
        assert_eq!(read(&published).unwrap().agent_secrets, None);
        assert_eq!(read(&[("AGENT_SECRET", ""), ("FLEET_SECRET", "off")]).unwrap().agent_secrets, None);
        assert!(read(&[("FLEET_SECRET", "on")]).unwrap().agent_secrets.is_some());
    }
}
