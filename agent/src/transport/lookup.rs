//! The name is looked up when a connection is made, and only then; each of its addresses is tried in turn.
//!
//! ureq asks its resolver before every request, also when the kept connection will carry it. With a deadline that is a
//! thread and a query each time: a name server would hear from every agent once a minute for years. So the resolver
//! that ureq is given knows nothing, and the connector looks the name up itself. getaddrinfo(3) has no deadline, so a
//! thread of its own waits for it, never more than one: while a name server is silent, later tries wait for the same
//! answer instead of asking once more.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout, TcpConnector, Transport, time};

/// Most addresses of a name that are tried; what ureq has room for.
const ADDRESSES_MAX: usize = 16;
/// How musl and glibc say that there was no answer (EAI_AGAIN), and how we do.
const TRY_AGAIN: [&str; 2] = ["Try again", "Temporary failure in name resolution"];
const NO_ANSWER: &str = "no name server answers";
/// Room of the look-up's stack, in bytes: glibc reads its configuration and an answer of 64 KiB on it.
const LOOKUP_STACK_BYTES: usize = 256 * 1024;

/// Gives no address, as none is needed before there is a connection to make.
#[derive(Debug)]
pub struct NoLookup;

impl Resolver for NoLookup {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// Looks names up, one at a time.
#[derive(Debug, Default)]
pub struct Lookup {
    running: Mutex<Option<Running>>,
}

/// A look-up whose answer has not been taken.
#[derive(Debug)]
struct Running {
    host: String,
    answer: Receiver<io::Result<Vec<IpAddr>>>,
}

/// Why a name has no address.
#[derive(Debug)]
pub enum NoAddress {
    /// The resolver says so, in its words.
    Refused(String),
    /// Nothing came in time.
    TooSlow,
}

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => f.write_str(why),
            Self::TooSlow => f.write_str(NO_ANSWER),
        }
    }
}

impl Lookup {
    /// The addresses of `host`, as it stands in a URL, in the order they should be tried: at least one, at most
    /// [`ADDRESSES_MAX`].
    pub fn addresses(&self, host: &str, patience: Duration) -> Result<Vec<IpAddr>, NoAddress> {
        let host = host.trim_matches(['[', ']']);
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let lookup = match running.take() {
            // What came in the meantime is of an earlier time; what has not come yet is as good as a new question.
            Some(earlier) if earlier.host == host && earlier.is_waiting() => earlier,
            _ => Running::start(host).map_err(|error| NoAddress::Refused(error.to_string()))?,
        };
        match lookup.answer.recv_timeout(patience) {
            Ok(Ok(addresses)) if addresses.is_empty() => Err(NoAddress::Refused("it has no address".to_owned())),
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(error)) => {
                let why = error.to_string();
                let why = why.strip_prefix("failed to lookup address information: ").unwrap_or(&why);
                let why = if TRY_AGAIN.contains(&why) { NO_ANSWER } else { why };
                Err(NoAddress::Refused(why.to_owned()))
            }
            Err(_) => {
                *running = Some(lookup);
                Err(NoAddress::TooSlow)
            }
        }
    }
}

impl Running {
    fn is_waiting(&self) -> bool {
        matches!(self.answer.try_recv(), Err(TryRecvError::Empty))
    }

    fn start(host: &str) -> io::Result<Self> {
        let (sender, answer) = sync_channel(1);
        let name = host.to_owned();
        std::thread::Builder::new().name("lookup".to_owned()).stack_size(LOOKUP_STACK_BYTES).spawn(move || {
            let addresses = (name.as_str(), 0).to_socket_addrs();
            let addresses = addresses.map(|found| found.take(ADDRESSES_MAX).map(|found| found.ip()).collect());
            // Nobody waits any more if this fails.
            let _ = sender.send(addresses);
        })?;
        Ok(Self { host: host.to_owned(), answer })
    }
}

/// What is left of a connection's time, now that some of it is spent. ureq gives each of its steps the whole.
pub fn time_left(details: &ConnectionDetails<'_>) -> Result<NextTimeout, Error> {
    let spent = match details.now {
        time::Instant::Exact(then) => then.elapsed(),
        _ => Duration::ZERO,
    };
    let left = details.timeout.after.saturating_sub(spent);
    // Zero would mean "no limit" to a socket.
    if left.is_zero() {
        return Err(Error::Timeout(details.timeout.reason));
    }
    Ok(NextTimeout { after: time::Duration::Exact(left), ..details.timeout })
}

/// Looks the name up and connects by TCP.
#[derive(Debug, Default)]
pub struct LookupConnector {
    lookup: Lookup,
    tcp: TcpConnector,
}

impl<In: Transport> Connector<In> for LookupConnector {
    type Out = <TcpConnector as Connector<In>>::Out;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        if chained.is_some() {
            // By way of a proxy there is a connection already.
            return self.tcp.connect(details, chained);
        }
        let (Some(host), Some(port)) = (details.uri.host(), port(details.uri)) else {
            return Err(Error::BadUri("it has no host or port".to_owned()));
        };
        let patience = *time_left(details)?.after;
        let addresses = self.lookup.addresses(host, patience).map_err(|cause| {
            let unreachable = Unreachable::NoAddress { host: host.to_owned(), cause };
            Error::Io(io::Error::new(io::ErrorKind::NotFound, unreachable))
        })?;
        let mut failures = Failures::default();
        for (index, address) in addresses.iter().enumerate() {
            let address = SocketAddr::new(*address, port);
            let left = time_left(details)?;
            // A fair share of what is left for each, so that a dead one does not use up the others' time.
            let share = *left.after / u32::try_from(addresses.len() - index).unwrap_or(1);
            let share = NextTimeout { after: time::Duration::Exact(share.max(Duration::from_millis(1))), ..left };
            match self.tcp.connect(&alone(details, address, share), None::<In>) {
                Err(error) => failures.add(address, error),
                connected => return connected,
            }
        }
        Err(failures.into())
    }
}

/// The port of a URL, or its scheme's.
pub fn port(uri: &Uri) -> Option<u16> {
    uri.port_u16().or(match uri.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    })
}

/// The same connection to be made, to one address and within `timeout` from now.
fn alone<'a>(details: &ConnectionDetails<'a>, address: SocketAddr, timeout: NextTimeout) -> ConnectionDetails<'a> {
    let mut addrs = NoLookup.empty();
    addrs.push(address);
    ConnectionDetails {
        addrs,
        uri: details.uri,
        config: details.config,
        request_level: details.request_level,
        resolver: details.resolver,
        now: time::Instant::Exact(Instant::now()),
        timeout,
        current_time: details.current_time.clone(),
        run_connector: details.run_connector.clone(),
        register_shutdown: details.register_shutdown.clone(),
    }
}

/// Why each address of a name could not be connected to.
#[derive(Default)]
struct Failures {
    words: String,
    last: Option<io::ErrorKind>,
}

impl Failures {
    fn add(&mut self, address: SocketAddr, error: Error) {
        let (kind, words) = match error {
            Error::Io(error) => (error.kind(), connect_words(&error)),
            Error::Timeout(_) => (io::ErrorKind::TimedOut, "no answer".to_owned()),
            error => (io::ErrorKind::Other, error.to_string()),
        };
        let separator = if self.words.is_empty() { "" } else { ", " };
        self.words += &format!("{separator}{words} ({address})");
        self.last = Some(kind);
    }
}

impl From<Failures> for Error {
    fn from(failures: Failures) -> Self {
        let kind = failures.last.unwrap_or(io::ErrorKind::NotFound);
        Self::Io(io::Error::new(kind, Unreachable::NoConnection(failures.words)))
    }
}

/// Why a TCP connection failed, without the number of the error.
pub fn connect_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "no answer".to_owned(),
        io::ErrorKind::HostUnreachable => "no route to the host".to_owned(),
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => "no network to the host".to_owned(),
        _ => error.to_string(),
    }
}

/// There is no TCP connection.
#[derive(Debug)]
pub enum Unreachable {
    /// The name has no address.
    NoAddress {
        /// The name.
        host: String,
        /// Why not.
        cause: NoAddress,
    },
    /// None of the addresses could be connected to: why, and which.
    NoConnection(String),
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress { host, cause } => write!(f, "the name {host} cannot be resolved: {cause}"),
            Self::NoConnection(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Unreachable {}
