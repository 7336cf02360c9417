//! The way to the master: its name, its addresses, TLS, the secret, and its clock.
//!
//! The secret is tried without registering: a registration without the host's facts is refused with 401 where the secret is
//! wrong and with 400 where it is right, by masters of the first generation too (docs/wire.md), and changes nothing. One
//! that knows of hosts answers 409 where another one has the name.

use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use neon_agent_core::wire;
use neon_shared::api::{REGISTER_PATH, RegisterQuestion};
use neon_shared::time::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};

use super::{Findings, Verdict};
use crate::config::Config;
use crate::credential::{self, Kept};
use crate::source::host::HostFacts;
use crate::transport::client::{Answered, Client, Credential, Post, error_sentence};
use crate::transport::lookup::{Lookup, connect_words, port};
use crate::transport::tls::{self, Trust, TrustedBy};

/// Longest time for a name.
const LOOKUP_PATIENCE: Duration = Duration::from_secs(5);
/// Longest time for all addresses of a name together.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// Longest time for the one request.
const REQUEST_PATIENCE: Duration = Duration::from_secs(5);
/// What is read of the answer.
const ANSWER_BYTES: usize = 4096;
/// Longest question: a name of 128 bytes, two where JSON escapes one, a credential and a fingerprint.
const QUESTION_BYTES: usize = 1024;
/// A certificate that ends sooner is warned of.
const DAYS_LEFT_WARN: u64 = 14;
const DAY_S: u64 = 24 * 60 * 60;
/// The master's clock comes with a resolution of a second; what is nearer is as good as none.
const CLOCK_RESOLUTION_MS: u64 = 1500;
/// Further off, readings are visibly out of place.
const CLOCK_WARN_MS: u64 = 5_000;
/// Further ahead, the master refuses a sample.
const CLOCK_FAIL_MS: u64 = 5 * 60 * 1000;

/// Goes as far along the way as it leads.
pub fn check(config: &Config, facts: &HostFacts, findings: &mut Findings) {
    let Ok(url) = config.master_url.parse::<ureq::http::Uri>() else { return };
    let (of, host, port) = match &config.proxy {
        // What resolves the master's name, and connects to it, is the proxy.
        Some(proxy) => ("proxy", proxy.host().to_owned(), proxy.port()),
        None => ("master", url.host().unwrap_or_default().to_owned(), port(&url).unwrap_or_default()),
    };
    let Some(addresses) = check_name(of, &host, findings) else { return };
    if !check_addresses(of, &addresses, port, findings) {
        return;
    }
    check_answer(config, facts, url.scheme_str() == Some("https"), findings);
}

fn check_name(of: &str, host: &str, findings: &mut Findings) -> Option<Vec<IpAddr>> {
    match Lookup::default().addresses(host, LOOKUP_PATIENCE) {
        Ok(addresses) => {
            let list: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
            match list.as_slice() {
                [only] if host.trim_matches(['[', ']']) == only => {
                    findings.ok("name", format_args!("none: the {of} is at {only}"))
                }
                list => findings.ok("name", format_args!("the {of} {host} is at {}", list.join(", "))),
            }
            Some(addresses)
        }
        Err(cause) => {
            let remedy = "Correct MASTER_URL (or the proxy), or this host's DNS (/etc/resolv.conf, docker run --dns)";
            findings.fail("name", format_args!("the {of}'s name {host} cannot be resolved: {cause}. {remedy}"));
            None
        }
    }
}

/// Tries each address; whether one can be connected to.
fn check_addresses(of: &str, addresses: &[IpAddr], port: u16, findings: &mut Findings) -> bool {
    let until = Instant::now() + CONNECT_PATIENCE;
    let tried: Vec<(SocketAddr, Result<Duration, String>)> = (1..=addresses.len())
        .rev()
        .zip(addresses)
        .map(|(left, address)| {
            let address = SocketAddr::new(*address, port);
            let share = until.saturating_duration_since(Instant::now()) / u32::try_from(left).unwrap_or(1);
            (address, connect_time(address, share.max(Duration::from_millis(10))))
        })
        .collect();
    let reachable = tried.iter().any(|(_, outcome)| outcome.is_ok());
    for (address, outcome) in &tried {
        match outcome {
            Ok(time) => findings.ok("tcp", format_args!("{address} connected in {} ms", time.as_millis())),
            Err(why) => {
                let verdict = if reachable { Verdict::Warn } else { Verdict::Fail };
                let remedy = remedy_for_connection(why, of, *address);
                findings.say(verdict, "tcp", format_args!("{address}: {why}. {remedy}"));
            }
        }
    }
    reachable
}

fn connect_time(address: SocketAddr, patience: Duration) -> Result<Duration, String> {
    let started = Instant::now();
    match TcpStream::connect_timeout(&address, patience) {
        Ok(_) => Ok(started.elapsed()),
        Err(error) => Err(connect_words(&error)),
    }
}

fn remedy_for_connection(why: &str, of: &str, address: SocketAddr) -> String {
    let port = address.port();
    match why {
        "connection refused" if address.ip().is_loopback() => format!(
            "Nothing listens there: start the {of}, or correct the port {port}. In a container this address is the \
             container itself: use --network host, or the host's address"
        ),
        "connection refused" => format!("Nothing listens there: start the {of}, or correct the port {port}"),
        "no answer" => format!("Let a firewall between here and the {of} pass TCP port {port}, or correct the address"),
        _ => "Correct the address, or this host's network".to_owned(),
    }
}

/// Sends the one request, and says what its answer says of TLS, the secret and the clock.
fn check_answer(config: &Config, facts: &HostFacts, is_https: bool, findings: &mut Findings) {
    let witness = Arc::new(Witness { trust: Trust::new(config), seen: Mutex::default() });
    let client = Client::judged_by(witness.clone(), config);
    let (mut buffer, started) = ([0; ANSWER_BYTES], SystemTime::now());
    let kept = kept(config, findings);
    let ask = |shown: &str, buffer: &mut [u8]| {
        let mut body = [0; QUESTION_BYTES];
        let question = RegisterQuestion {
            server_name: config.server_name.as_str(),
            credential: kept.as_ref().map(|kept| kept.key().reveal()),
            host_fingerprint: facts.fingerprint(),
        };
        let body = wire::register_question(&question, &mut body).unwrap_or(b"{}");
        let credential = Credential::Secret(shown);
        client.post(&Post { path: REGISTER_PATH, credential, body, timeout: Some(REQUEST_PATIENCE) }, buffer)
    };
    let own = kept.as_ref().map(|kept| ask(kept.key().reveal(), &mut buffer));
    // As the agent does it.
    let (what, answered) = match own {
        Some(answered) if !matches!(answered, Ok(Answered { status: 401, .. })) => ("CREDENTIAL_FILE", answered),
        _ => ("AGENT_SECRET", ask(config.agent_secret.reveal(), &mut buffer)),
    };
    let ended = SystemTime::now();
    if is_https && !check_tls(&witness, answered.as_ref().err(), findings) {
        return;
    }
    match answered {
        Ok(answered) => {
            check_secret(what, &answered, buffer.get(..answered.length).unwrap_or_default(), findings);
            check_clock(&answered, started, ended, findings);
        }
        Err(why) => {
            let tls = if is_https { "" } else { ". If it speaks TLS there, MASTER_URL must begin with https://" };
            findings.fail("answer", format_args!("{why}. What answers at MASTER_URL must be a Neon master{tls}"));
        }
    }
}

/// What is kept of an earlier exchange.
fn kept(config: &Config, findings: &mut Findings) -> Option<Kept> {
    let path = config.credential_file.as_deref().filter(|_| config.is_enrolling())?;
    match credential::read(path) {
        Ok(Some(kept)) => {
            findings.ok("credential", format_args!("this server's own is kept in {}", path.display()));
            Some(kept)
        }
        Ok(None) => {
            findings
                .ok("credential", format_args!("none yet: AGENT_SECRET is an enrolment code, to be exchanged once"));
            None
        }
        Err(problem) => {
            let remedy = "The agent would keep its credential in memory alone. Move the file away";
            findings.warn("credential", format_args!("{}: {problem}. {remedy}", path.display()));
            None
        }
    }
}

fn check_secret(what: &str, answered: &Answered, body: &[u8], findings: &mut Findings) {
    let sentence = error_sentence(body);
    let says = if sentence.is_empty() { String::new() } else { format!(": {sentence}") };
    match answered.status {
        400 if sentence.starts_with("Missing required fields") => {
            findings.ok("secret", format_args!("the master accepts {what} (nothing was registered)"));
        }
        401 => findings.fail(
            "secret",
            format_args!(
                "the master refuses it{says}. AGENT_SECRET must be the master's own, or an enrolment code that is new"
            ),
        ),
        409 => findings.fail("server name", format_args!("the master refuses SERVER_NAME{says}")),
        404 => findings.fail(
            "secret",
            format_args!("the master answers 404{says}. Is it a Neon master, and does MASTER_URL have the right path?"),
        ),
        status @ (429 | 500..) => findings.fail(
            "secret",
            format_args!("the master answers {status}{says}. It is there and cannot work: its log says why"),
        ),
        status if sentence.is_empty() => findings.fail(
            "secret",
            format_args!("it answers {status}, as no Neon master would. Does MASTER_URL lead to another program?"),
        ),
        status => findings.fail("secret", format_args!("the master answers {status}{says}")),
    }
}

fn check_clock(answered: &Answered, started: SystemTime, ended: SystemTime, findings: &mut Findings) {
    let Some(date) = answered.date else {
        findings.warn("clock", "the master's answer has no date, so the clocks cannot be compared");
        return;
    };
    // The date is cut to the second, and was written about half way.
    let master_ms = date.unix_ms() + 500;
    let host_ms = (unix_ms(started) + unix_ms(ended)) / 2;
    let (apart_ms, side) = (host_ms.abs_diff(master_ms), if host_ms > master_ms { "ahead of" } else { "behind" });
    let apart = duration_words((apart_ms + 500) / 1000);
    let remedy = "Set the clock that is wrong: timedatectl set-ntp true";
    match apart_ms {
        ..CLOCK_RESOLUTION_MS => findings.ok("clock", "within 1 s of the master's"),
        CLOCK_RESOLUTION_MS..CLOCK_WARN_MS => findings.ok("clock", format_args!("{apart} {side} the master's")),
        CLOCK_WARN_MS..CLOCK_FAIL_MS => findings.warn("clock", format_args!("{apart} {side} the master's. {remedy}")),
        _ => findings.fail(
            "clock",
            format_args!(
                "{apart} {side} the master's ({}), which refuses samples more than 5 minutes ahead of it. {remedy}",
                Timestamp::from_unix_ms(date.unix_ms())
            ),
        ),
    }
}

fn unix_ms(time: SystemTime) -> i64 {
    i64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}

fn duration_words(seconds: u64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", (seconds + 30) / 60),
        7200..172_800 => format!("{} h", (seconds + 1800) / 3600),
        _ => format!("{} days", (seconds + DAY_S / 2) / DAY_S),
    }
}

/// Says how the certificate was judged; whether it is good.
fn check_tls(witness: &Witness, error: Option<&String>, findings: &mut Findings) -> bool {
    let seen = witness.seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some((certificate, judged)) = seen else {
        let why = error.map_or("there was no handshake", String::as_str);
        findings.fail("tls", why);
        return false;
    };
    let about = witness.describe(&certificate);
    match judged {
        Ok(trusted_by) => {
            let by = match trusted_by {
                TrustedBy::BundledRoots => "a bundled public authority",
                TrustedBy::OwnAuthority => "an authority in MASTER_CA_FILE",
                TrustedBy::OwnCertificate => "being in MASTER_CA_FILE itself",
                TrustedBy::Pin => "MASTER_CERT_SHA256",
            };
            let now = UnixTime::now().as_secs();
            let days_left = about.ends.map(|ends| ends.as_secs().saturating_sub(now) / DAY_S);
            if days_left.is_some_and(|days| days < DAYS_LEFT_WARN) {
                findings.warn("tls", format_args!("trusted by {by}; {about}. Renew the master's certificate"));
            } else {
                findings.ok("tls", format_args!("trusted by {by}; {about}"));
            }
            true
        }
        Err(error) => {
            findings.fail("tls", format_args!("{}. It shows a certificate {about}", tls::words(&error)));
            false
        }
    }
}

/// Judges as the agent does, and keeps what it saw.
#[derive(Debug)]
struct Witness {
    trust: Trust,
    seen: Mutex<Option<(CertificateDer<'static>, Result<TrustedBy, rustls::Error>)>>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let judged = self.trust.judge(end_entity, intermediates, server_name, now);
        let seen = (end_entity.clone().into_owned(), judged.clone());
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        judged.map(|_| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.trust.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.trust.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.trust.supported_verify_schemes()
    }
}

/// What a certificate says.
struct About {
    issuer: String,
    names: Vec<String>,
    ends: Option<UnixTime>,
}

impl Witness {
    /// webpki tells names and dates only in its errors, so that it is asked for a name and a time that are certainly
    /// not good. For being read by a person that is good enough, and needs no second reader of certificates.
    fn describe(&self, certificate: &CertificateDer<'_>) -> About {
        let mut about = About { issuer: "unknown".to_owned(), names: Vec::new(), ends: None };
        if let Ok(parsed) = webpki::EndEntityCert::try_from(certificate) {
            about.issuer = name_words(parsed.issuer());
        }
        let nobody = ServerName::try_from("nobody.invalid").ok();
        let names = nobody.map(|nobody| {
            ParsedCertificate::try_from(certificate).and_then(|parsed| verify_server_name(&parsed, &nobody))
        });
        if let Some(Err(rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            presented,
            ..
        }))) = names
        {
            about.names = presented.iter().map(|name| tls::bare(name)).collect();
        }
        let end_of_time = UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX));
        if let Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) =
            self.trust.judge_by_bundled_roots(certificate, end_of_time)
        {
            about.ends = Some(not_after);
        }
        about
    }
}

impl std::fmt::Display for About {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = if self.names.is_empty() { "no name".to_owned() } else { self.names.join(", ") };
        write!(f, "for {names}, issued by {}", self.issuer)?;
        let Some(ends) = self.ends else { return Ok(()) };
        let now = UnixTime::now().as_secs();
        write!(f, ", until {}", tls::minute(ends))?;
        match ends.as_secs().checked_sub(now) {
            Some(left) => write!(f, " ({} days left)", left / DAY_S),
            None => write!(f, " ({} days ago)", (now - ends.as_secs()) / DAY_S),
        }
    }
}

/// The common name and the organisation of a distinguished name in DER, as far as they are found.
///
/// Source: RFC 5280, section 4.1.2.4: each is an attribute type, such as 2.5.4.3, and then a string. They are looked for
/// by the bytes of their type, which is enough for a name that is shown and never compared.
fn name_words(name: &[u8]) -> String {
    let found: Vec<String> = [3, 10].iter().filter_map(|attribute| attribute_text(name, *attribute)).collect();
    if found.is_empty() { "an authority without a name".to_owned() } else { found.join(", ") }
}

/// The text of attribute 2.5.4.`attribute`, up to 127 bytes.
fn attribute_text(name: &[u8], attribute: u8) -> Option<String> {
    let object = [6, 3, 0x55, 4, attribute];
    let at = name.windows(object.len()).position(|bytes| bytes == object)?;
    let (head, rest) = name.get(at + object.len()..)?.split_at_checked(2)?;
    let length = usize::from(*head.get(1)?);
    let text = rest.get(..length).filter(|text| text.len() < 128)?;
    Some(String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_an_authority_are_found_in_what_openssl_writes() {
        // /C=DE/O=Ex/CN=Our CA, without its outer sequence.
        let name = b"1\x0b0\x09\x06\x03U\x04\x06\x13\x02DE1\x0b0\x09\x06\x03U\x04\x0a\x0c\x02Ex1\x0f0\x0d\x06\x03U\x04\x03\x0c\x06Our CA";
        assert_eq!(name_words(name), "Our CA, Ex");
        for cut in 0..name.len() {
            name_words(&name[..cut]);
        }
        assert_eq!(name_words(b""), "an authority without a name");
    }

    #[test]
    fn durations_are_said_in_a_unit_of_their_size() {
        for (seconds, words) in [(6, "6 s"), (119, "119 s"), (3599, "60 min"), (7200, "2 h"), (1_000_000, "12 days")] {
            assert_eq!(duration_words(seconds), words);
        }
    }
}
