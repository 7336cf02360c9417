//! HTTPS: the certificate and key that the master shows, checked before anything listens.
//!
//! TLS 1.2 and 1.3 by rustls with ring, the provider that is in the binary for PostgreSQL already; HTTP/1.1 and HTTP/2 by
//! ALPN. Both files are looked at every two seconds: a new pair that fits is shown to the next client, and connections go
//! on with what they began with. Whoever speaks plain HTTP to the port is told so in plain HTTP: a TLS alert would leave
//! an operator who forgot the "s" to guess.

use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{fmt, io};

use futures_util::Stream;
use futures_util::stream::unfold;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use salvo::conn::rustls::{Keycert, RustlsConfig, RustlsListener};
use salvo::conn::tcp::{TcpAcceptor, TcpCoupler};
use salvo::conn::{Accepted, Acceptor, Holding, Listener};
use salvo::fuse::ArcFusePolicy;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::domain::password::sha256;

/// The envelope of the agent's half, whose `error` every client of this master shows.
const PLAIN_HTTP_ANSWER: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 75\r\n\
    Connection: close\r\n\r\n{\"success\":false,\"error\":\"This port speaks HTTPS: use https:// in the URL\"}";

/// Time between two looks at the files. They are read, not asked for their times: a pair that was put in place within a
/// second, or behind a link, has changed all the same.
const LOOK_INTERVAL: Duration = Duration::from_secs(2);

/// A certificate chain and the private key of its first certificate, known to fit; its `Debug` prints neither.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    chain_pem: Vec<u8>,
    key_pem: Vec<u8>,
    sha256: String,
}

/// Where an identity is read from, and what was there at the start.
#[derive(Clone, Debug)]
pub struct Files {
    chain_path: PathBuf,
    key_path: PathBuf,
    identity: Identity,
}

/// Which configuration key's file does not hold, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct Fault {
    /// `TLS_CERT` or `TLS_KEY`.
    pub key: &'static str,
    /// With the path, and nothing of what is in the file.
    pub reason: String,
}

/// Which of the two files does not hold, and why; never what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The certificate chain.
    Chain(&'static str),
    /// The private key.
    Key(&'static str),
}

impl Identity {
    /// Takes a chain, the master's own certificate first, and its key.
    ///
    /// Errors: either is not PEM or not understood, or the key is another certificate's.
    pub fn from_pem(chain_pem: Vec<u8>, key_pem: Vec<u8>) -> Result<Self, Unusable> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&chain_pem)
            .collect::<Result<_, _>>()
            .map_err(|_| Unusable::Chain("is not a certificate chain in PEM form"))?;
        if chain.is_empty() {
            return Err(Unusable::Chain("holds no certificate in PEM form"));
        }
        let key = PrivateKeyDer::from_pem_slice(&key_pem)
            .map_err(|_| Unusable::Key("holds no private key in PEM form (without a passphrase)"))?;
        let sha256 = chain.first().map(sha256).unwrap_or_default();
        match CertifiedKey::from_der(chain, key, &default_provider()) {
            Ok(_) => Ok(Self { chain_pem, key_pem, sha256 }),
            Err(rustls::Error::InvalidCertificate(_)) => Err(Unusable::Chain("holds a certificate that is broken")),
            Err(rustls::Error::InconsistentKeys(_)) => {
                Err(Unusable::Key("is not the key of TLS_CERT's first certificate"))
            }
            Err(_) => Err(Unusable::Key("holds a key that is neither RSA, ECDSA nor Ed25519")),
        }
    }

    /// SHA-256 of the first certificate in hexadecimal: what agents pin.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    fn config(&self) -> RustlsConfig {
        RustlsConfig::new(Keycert::new().cert(self.chain_pem.clone()).key(self.key_pem.clone()))
    }
}

impl Files {
    /// Reads both, and remembers where they are.
    pub fn read(chain_path: PathBuf, key_path: PathBuf) -> Result<Self, Fault> {
        let read = |key, path: &PathBuf| {
            std::fs::read(path).map_err(|error| fault(key, path, &format!("cannot be read: {error}")))
        };
        let (chain_pem, key_pem) = (read("TLS_CERT", &chain_path)?, read("TLS_KEY", &key_path)?);
        match Identity::from_pem(chain_pem, key_pem) {
            Ok(identity) => Ok(Self { chain_path, key_path, identity }),
            Err(Unusable::Chain(why)) => Err(fault("TLS_CERT", &chain_path, why)),
            Err(Unusable::Key(why)) => Err(fault("TLS_KEY", &key_path, why)),
        }
    }

    /// Speaks TLS on what `plain` accepts, with what is in the files from now on.
    pub async fn wrap(&self, plain: TcpAcceptor) -> io::Result<impl Acceptor + use<>> {
        let first = self.identity.clone();
        let watch = Watch { files: self.clone(), shown: first.clone(), suspected: None, refused: None };
        RustlsListener::new(configs(first, watch), TlsPort(plain)).try_bind().await.map_err(io::Error::other)
    }
}

fn fault(key: &'static str, path: &std::path::Path, why: &str) -> Fault {
    Fault { key, reason: format!("{} {why}", path.display()) }
}

/// The first configuration at once, and each that follows when its files are there.
fn configs(first: Identity, watch: Watch) -> impl Stream<Item = RustlsConfig> + Send + 'static {
    unfold((Some(first), watch), |(first, mut watch)| async move {
        let identity = match first {
            Some(first) => first,
            None => watch.next().await,
        };
        Some((identity.config(), (None, watch)))
    })
}

/// What is in the files, and what is shown.
struct Watch {
    files: Files,
    shown: Identity,
    /// What was wrong at the last look.
    suspected: Option<Fault>,
    /// What was said to be wrong.
    refused: Option<Fault>,
}

#[derive(Debug, PartialEq, Eq)]
enum Look {
    Unchanged,
    New,
    /// Worth a line in the log.
    Refused,
}

impl Watch {
    async fn next(&mut self) -> Identity {
        loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            let (chain_path, key_path) = (self.files.chain_path.clone(), self.files.key_path.clone());
            let Ok(read) = tokio::task::spawn_blocking(|| Files::read(chain_path, key_path)).await else { continue };
            match self.look(read.map(|files| files.identity)) {
                Look::Unchanged => {}
                Look::New => {
                    tracing::info!(sha256 = self.shown.sha256(), "a new certificate is shown from now on");
                    return self.shown.clone();
                }
                Look::Refused => tracing::error!(
                    cause = self.refused.as_ref().map(ToString::to_string),
                    "the new certificate is not good: the one before is still shown"
                ),
            }
        }
    }

    /// A pair that fits is taken at once. One that does not may be half written, or the half of a renewal: it is said to
    /// be wrong once it has stayed like that from one look to the next, and once.
    fn look(&mut self, found: Result<Identity, Fault>) -> Look {
        match found {
            Ok(identity) => {
                (self.suspected, self.refused) = (None, None);
                let is_new = identity != self.shown;
                self.shown = identity;
                if is_new { Look::New } else { Look::Unchanged }
            }
            Err(fault) if self.refused.as_ref() == Some(&fault) => Look::Unchanged,
            Err(fault) if self.suspected.as_ref() == Some(&fault) => {
                self.refused = self.suspected.take();
                Look::Refused
            }
            Err(fault) => {
                self.suspected = Some(fault);
                Look::Unchanged
            }
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

/// What accepts the connections that TLS is then spoken on. It has bound already: the address is taken before the store
/// is opened.
struct TlsPort(TcpAcceptor);

impl Listener for TlsPort {
    type Acceptor = Self;

    async fn try_bind(self) -> salvo::Result<Self> {
        Ok(self)
    }
}

impl Acceptor for TlsPort {
    type Coupler = TcpCoupler<Self::Stream>;
    type Stream = FirstByte<<TcpAcceptor as Acceptor>::Stream>;

    fn holdings(&self) -> &[Holding] {
        self.0.holdings()
    }

    async fn accept(
        &mut self,
        fuse_policy: Option<ArcFusePolicy>,
    ) -> io::Result<Accepted<Self::Coupler, Self::Stream>> {
        let Accepted { stream, fuse_config, conn_ctrl, local_addr, remote_addr, http_scheme, .. } =
            self.0.accept(fuse_policy).await?;
        let (coupler, stream) = (TcpCoupler::new(), FirstByte { stream, is_read: false });
        Ok(Accepted { coupler, stream, fuse_config, conn_ctrl, local_addr, remote_addr, http_scheme })
    }
}

/// A connection whose first byte is looked at: a letter begins a request of plain HTTP and never a TLS record. The
/// request is answered with a sentence, and the connection ends.
struct FirstByte<S> {
    stream: S,
    is_read: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for FirstByte<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let first = buffer.filled().get(before).copied().filter(|_| !self.is_read);
        self.is_read = true;
        if first.is_some_and(|byte| byte.is_ascii_alphabetic()) {
            // Nothing was written yet, so the socket takes it at once; if it does not, the connection just ends.
            let _ = Pin::new(&mut self.stream).poll_write(cx, PLAIN_HTTP_ANSWER);
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "plain HTTP on the TLS port")));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FirstByte<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    // Without these two, TLS records that could leave in one system call leave in one each.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn read(chain: &str, key: &str) -> Result<Identity, Unusable> {
        Identity::from_pem(chain.into(), key.into())
    }

    #[test]
    fn a_certificate_and_its_key_are_taken() {
        let (chain, key) = pem();
        let identity = read(&chain, &key).unwrap();
        assert_eq!(format!("{identity:?}"), "Identity(…)");
        // As one file that holds both, which some tools write.
        assert!(read(&format!("{key}{chain}"), &format!("{chain}{key}")).is_ok());
    }

    #[test]
    fn a_pair_that_does_not_fit_is_said_once_and_only_if_it_stays() {
        let identity = || {
            let (chain, key) = pem();
            read(&chain, &key).unwrap()
        };
        let (first, second) = (identity(), identity());
        let files = Files { chain_path: "c".into(), key_path: "k".into(), identity: first.clone() };
        let mut watch = Watch { files, shown: first.clone(), suspected: None, refused: None };
        let wrong = |why: &str| Err(fault("TLS_KEY", std::path::Path::new("k"), why));
        for (found, look) in [
            (Ok(first.clone()), Look::Unchanged),
            // A look between the two files of a renewal.
            (wrong("is another's"), Look::Unchanged),
            (Ok(second.clone()), Look::New),
            (Ok(second.clone()), Look::Unchanged),
            (wrong("is half there"), Look::Unchanged),
            (wrong("is another's"), Look::Unchanged),
            (wrong("is another's"), Look::Refused),
            (wrong("is another's"), Look::Unchanged),
            (wrong("is another's"), Look::Unchanged),
            (wrong("is half there"), Look::Unchanged),
            (wrong("is half there"), Look::Refused),
            (Ok(second.clone()), Look::Unchanged),
            (wrong("is half there"), Look::Unchanged),
            (wrong("is half there"), Look::Refused),
            (Ok(first.clone()), Look::New),
        ] {
            assert_eq!(watch.look(found.clone()), look, "{found:?}");
        }
        assert!(watch.shown == first);
    }

    #[test]
    fn what_does_not_fit_names_the_file() {
        let ((chain, key), (_, other_key)) = (pem(), pem());
        let half = |text: &str| text.get(..text.len() / 2).unwrap().to_owned();
        for (chain, key, is_key) in [
            ("", key.as_str(), false),
            ("no PEM", &key, false),
            (&half(&chain), &key, false),
            (&key, &key, false),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &key, false),
            (&chain, "", true),
            (&chain, &chain, true),
            (&chain, &half(&key), true),
            (&chain, &other_key, true),
            (&chain, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", true),
        ] {
            let found = matches!(read(chain, key).unwrap_err(), Unusable::Key(_));
            assert_eq!(found, is_key, "{chain} {key}");
        }
    }
}
