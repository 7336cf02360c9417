//! HTTPS: the certificate and key that the master shows, checked before anything listens.
//!
//! TLS 1.2 and 1.3 by rustls with ring, the provider that is in the binary for PostgreSQL already. Both are read once;
//! a renewed certificate needs a restart. Whoever speaks plain HTTP to the port is told so in plain HTTP: a TLS alert
//! would leave an operator who forgot the "s" to guess.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::{fmt, io};

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use salvo::conn::rustls::{Keycert, RustlsConfig, RustlsListener};
use salvo::conn::tcp::{TcpAcceptor, TcpCoupler};
use salvo::conn::{Accepted, Acceptor, Holding, Listener};
use salvo::fuse::ArcFusePolicy;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The envelope of the agent's half, whose `error` every client of this master shows.
const PLAIN_HTTP_ANSWER: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 75\r\n\
    Connection: close\r\n\r\n{\"success\":false,\"error\":\"This port speaks HTTPS: use https:// in the URL\"}";

/// A certificate chain and the private key of its first certificate, known to fit; its `Debug` prints neither.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    chain_pem: Vec<u8>,
    key_pem: Vec<u8>,
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
        match CertifiedKey::from_der(chain, key, &default_provider()) {
            Ok(_) => Ok(Self { chain_pem, key_pem }),
            Err(rustls::Error::InvalidCertificate(_)) => Err(Unusable::Chain("holds a certificate that is broken")),
            Err(rustls::Error::InconsistentKeys(_)) => {
                Err(Unusable::Key("is not the key of TLS_CERT's first certificate"))
            }
            Err(_) => Err(Unusable::Key("holds a key that is neither RSA, ECDSA nor Ed25519")),
        }
    }

    /// Speaks TLS on what `plain` accepts.
    pub async fn wrap(&self, plain: TcpAcceptor) -> io::Result<impl Acceptor + use<>> {
        let keycert = Keycert::new().cert(self.chain_pem.clone()).key(self.key_pem.clone());
        RustlsListener::new(RustlsConfig::new(keycert), TlsPort(plain)).try_bind().await.map_err(io::Error::other)
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
