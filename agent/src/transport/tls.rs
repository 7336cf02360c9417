//! TLS under ureq: rustls, and what makes a master's certificate good.
//!
//! ureq's connector takes either its bundled roots or a list of certificates, never both, and makes a new rustls
//! configuration for each connection of a request that has settings of its own, as ours have, so that no session is
//! ever resumed. This one is made once. `Connector` and `Transport` are ureq's unversioned API: a minor release may
//! change them, which the compiler then says.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use neon_shared::time::Timestamp;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, InvalidMessage,
    OtherError, RootCertStore, SignatureScheme, StreamOwned,
};
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use super::lookup::time_left;
use crate::config::{CertificateSha256, Config};

/// First byte of a TLS alert (RFC 8446, section 5.1), which no HTTP answer begins with.
const TLS_ALERT: u8 = 21;

/// What makes a master's certificate good (docs/decisions/0023).
#[derive(Debug)]
pub struct Trust {
    algorithms: WebPkiSupportedAlgorithms,
    bundled: Arc<WebPkiServerVerifier>,
    /// Judges by `MASTER_CA_FILE`, if there is one.
    own: Option<Arc<WebPkiServerVerifier>>,
    own_certificates: Vec<CertificateDer<'static>>,
    /// If there are any, they alone decide.
    pins: Vec<CertificateSha256>,
}

/// Why a certificate was found good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedBy {
    /// A public authority, bundled with the agent, stands behind it.
    BundledRoots,
    /// An authority of `MASTER_CA_FILE` stands behind it.
    OwnAuthority,
    /// It is itself in `MASTER_CA_FILE`.
    OwnCertificate,
    /// It is named in `MASTER_CERT_SHA256`.
    Pin,
}

impl Trust {
    /// Trusts the bundled roots and what `config` names.
    pub fn new(config: &Config) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let judge = |roots: RootCertStore| {
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().ok()
        };
        let mut own = RootCertStore::empty();
        // Each was found good for this when the configuration was read.
        own.add_parsable_certificates(config.master_certificates.iter().cloned());
        let bundled = judge(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
        Self {
            algorithms: provider.signature_verification_algorithms,
            bundled: bundled.expect("there are bundled roots, which is all that can be wrong"),
            own: judge(own),
            own_certificates: config.master_certificates.clone(),
            pins: config.master_pins.clone(),
        }
    }

    /// The bundled roots' own word on a certificate at `now`, whatever else would make it good.
    pub fn judge_by_bundled_roots(&self, shown: &CertificateDer<'_>, now: UnixTime) -> Result<(), rustls::Error> {
        let nobody = ServerName::IpAddress(Ipv4Addr::UNSPECIFIED.into());
        self.bundled.verify_server_cert(shown, &[], &nobody, &[], now).map(drop)
    }

    /// Whether the certificate that the master shows is good for `name` now, and by what. The handshake's signature,
    /// which proves that the master holds its key, is another matter: rustls has it verified always.
    pub fn judge(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<TrustedBy, rustls::Error> {
        if !self.pins.is_empty() {
            let sum = sha256(shown);
            return if self.pins.contains(&sum) { Ok(TrustedBy::Pin) } else { Err(other(NotPinned(sum))) };
        }
        let Some(own) = &self.own else {
            return self
                .bundled
                .verify_server_cert(shown, intermediates, name, &[], now)
                .map(|_| TrustedBy::BundledRoots);
        };
        let own_error = match own.verify_server_cert(shown, intermediates, name, &[], now) {
            Ok(_) => return Ok(TrustedBy::OwnAuthority),
            Err(error) => error,
        };
        if self.own_certificates.iter().any(|own| own == shown)
            && let Some(verdict) = judge_named_itself(shown, name, &own_error)
        {
            return verdict.map(|()| TrustedBy::OwnCertificate);
        }
        match self.bundled.verify_server_cert(shown, intermediates, name, &[], now) {
            Ok(_) => Ok(TrustedBy::BundledRoots),
            Err(error) if is(&own_error, &CertificateError::UnknownIssuer) => Err(error),
            // The operator's own authority stands behind it, and something else is wrong.
            Err(_) => Err(own_error),
        }
    }
}

/// Judges a certificate that is itself in `MASTER_CA_FILE`, after the usual rules refused it with `error`. `None` where
/// they are right.
///
/// `openssl req -x509` marks what it makes as a CA's, which no server may show as its own (RFC 5280, 4.2.1.9), and gives
/// it no name but the subject's, which has not counted since RFC 6125. An operator who names this very certificate
/// has said more than either rule could add. webpki has checked the period of validity before it comes to the mark, and
/// the tests hold it to that.
fn judge_named_itself(
    shown: &CertificateDer<'_>,
    name: &ServerName<'_>,
    error: &rustls::Error,
) -> Option<Result<(), rustls::Error>> {
    let verdict = match error {
        rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(cause)))
            if cause.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity) =>
        {
            ParsedCertificate::try_from(shown).and_then(|shown| verify_server_name(&shown, name))
        }
        error => Err(error.clone()),
    };
    match verdict {
        Ok(()) => Some(Ok(())),
        Err(rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }))
            if presented.is_empty() =>
        {
            Some(Ok(()))
        }
        Err(error) => Some(Err(error)),
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.judge(end_entity, intermediates, server_name, now).map(|_| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// TLS 1.2 and 1.3 with certificates judged by `verifier`.
fn client_config(verifier: Arc<dyn ServerCertVerifier>) -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for each of rustls' default versions")
        .dangerous() // rustls' word for any verifier but its own
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Arc::new(config)
}

/// The name that a master's certificate must be for; `host` as it stands in a URL.
fn server_name(host: &str) -> Option<ServerName<'static>> {
    ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).ok()
}

fn sha256(certificate: &[u8]) -> CertificateSha256 {
    let mut sum = [0; 32];
    sum.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, certificate).as_ref());
    sum
}

/// The master's certificate is none of those in `MASTER_CERT_SHA256`.
#[derive(Debug)]
struct NotPinned(CertificateSha256);

impl fmt::Display for NotPinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the master's certificate is not one of MASTER_CERT_SHA256; its SHA-256 is ")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::error::Error for NotPinned {}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> rustls::Error {
    rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))))
}

fn is(error: &rustls::Error, what: &CertificateError) -> bool {
    matches!(error, rustls::Error::InvalidCertificate(error) if error == what)
}

/// What went wrong with TLS, and what to do about it, in one line.
pub fn words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(error) => certificate_words(error),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            "the master answers without TLS: MASTER_URL must begin with http://, or name the port that speaks TLS"
                .into()
        }
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            "the master speaks neither TLS 1.2 nor 1.3".into()
        }
        error => format!("TLS: {error}"),
    }
}

fn certificate_words(error: &CertificateError) -> String {
    match error {
        CertificateError::ExpiredContext { time, not_after } => format!(
            "the master's certificate expired on {}: renew it (this host's clock says {})",
            minute(*not_after),
            minute(*time)
        ),
        CertificateError::NotValidYetContext { time, not_before } => format!(
            "the master's certificate is valid from {} on, but this host's clock says {}: set the clock, if it is wrong",
            minute(*not_before),
            minute(*time)
        ),
        CertificateError::NotValidForNameContext { expected, presented } => not_for(&expected.to_str(), presented),
        CertificateError::UnknownIssuer => {
            "the master's certificate is from no authority that is known here: name your \
            own authority's certificate, or the master's, in MASTER_CA_FILE"
                .into()
        }
        CertificateError::BadSignature => "the master's certificate is not signed by the authority of that name in \
            MASTER_CA_FILE: is that file of an older authority?"
            .into(),
        CertificateError::Other(OtherError(cause)) => match cause.downcast_ref() {
            Some(webpki::Error::CaUsedAsEndEntity) => "the master shows an authority's certificate as its own, as \
                `openssl req -x509` makes it: name this very certificate in MASTER_CA_FILE"
                .into(),
            Some(webpki::Error::UnsupportedCertVersion) => "the master's certificate is of version 1, which is not \
                supported: make one of version 3, with extensions"
                .into(),
            _ => cause.to_string(),
        },
        error => format!("the master's certificate is not good: {error}"),
    }
}

fn not_for(expected: &str, presented: &[String]) -> String {
    if presented.is_empty() {
        return format!(
            "the master's certificate is for no name at all, so not for {expected}: make one with \
             subjectAltName=DNS:{expected} (or IP:), or name this very certificate in MASTER_CA_FILE"
        );
    }
    let names: Vec<String> = presented.iter().map(|name| bare(name)).collect();
    let names = names.join(", ");
    format!("the master's certificate is for {names}, not for {expected}: MASTER_URL must have a name that it is for")
}

/// `DnsName("a")` and `IpAddress(0::1)`, as webpki writes a name, without what is around it.
pub fn bare(name: &str) -> String {
    let inside = name.split_once('(').and_then(|(_, inside)| inside.strip_suffix(')'));
    let bare = inside.unwrap_or(name).trim_matches('"');
    bare.parse().map(|address: IpAddr| address.to_string()).unwrap_or_else(|_| bare.to_owned())
}

/// A point in time to the minute, in UTC.
pub fn minute(time: UnixTime) -> String {
    let time = Timestamp::from_unix_ms(i64::try_from(time.as_secs()).unwrap_or(i64::MAX).saturating_mul(1000));
    let text = time.to_string().replace('T', " ");
    format!("{} UTC", text.get(..16).unwrap_or(&text))
}

/// Puts TLS around the connections to an `https` master and leaves others as they are.
#[derive(Debug)]
pub struct TlsConnector {
    config: Arc<ClientConfig>,
}

impl TlsConnector {
    /// Has certificates judged by `verifier`.
    pub fn new(verifier: Arc<dyn ServerCertVerifier>) -> Self {
        Self { config: client_config(verifier) }
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<PlainTransport<In>, TlsTransport>;

    fn connect(&self, details: &ConnectionDetails<'_>, plain: Option<In>) -> Result<Option<Self::Out>, Error> {
        let Some(plain) = plain else { return Ok(None) };
        if !details.needs_tls() {
            return Ok(Some(Either::A(PlainTransport { inner: plain, is_new: true })));
        }
        let host = details.uri.host().unwrap_or_default();
        let name = server_name(host).ok_or(Error::Tls("the host is no name or address"))?;
        let mut connection = ClientConnection::new(self.config.clone(), name).map_err(io::Error::other)?;
        let mut socket = TransportAdapter::new(plain.boxed(), details.current_time.clone());
        socket.set_timeout(time_left(details)?);
        connection.complete_io(&mut socket).map_err(handshake_error)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(TlsTransport { buffers, stream: StreamOwned::new(connection, socket) })))
    }
}

fn handshake_error(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            Error::Tls("the master closed the connection during the TLS handshake: does it speak TLS on this port?")
        }
        _ => error.into(),
    }
}

/// One connection without TLS.
#[derive(Debug)]
pub struct PlainTransport<In> {
    inner: In,
    /// Nothing has been received yet.
    is_new: bool,
}

impl<In: Transport> Transport for PlainTransport<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let has_come = self.inner.await_input(timeout)?;
        if std::mem::take(&mut self.is_new) && self.inner.buffers().input().first() == Some(&TLS_ALERT) {
            return Err(Error::Tls("the master speaks TLS on this port: MASTER_URL must begin with https://"));
        }
        Ok(has_come)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

/// One connection with TLS.
pub struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl std::fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsTransport")
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.stream.write_all(output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.get_mut().set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}
