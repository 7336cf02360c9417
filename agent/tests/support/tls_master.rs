//! A master's end of TLS, for the tests: who it says it is, and one request at a time.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A certificate, its private key, and the PEM of what somebody must trust to find it good.
pub struct Identity {
    pub certificate: CertificateDer<'static>,
    pub key: PrivateKeyDer<'static>,
    pub authority: String,
}

impl Identity {
    /// For `name`, signed by an authority that is made for it alone.
    pub fn issued_for(name: &str) -> Self {
        Self::issued(CertificateParams::new([name.to_owned()]).unwrap())
    }

    /// As `params` say, signed by an authority that is made for it alone.
    pub fn issued(params: CertificateParams) -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap().der().clone();
        Self { certificate, key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(), authority: authority.pem() }
    }

    /// What a server with this identity needs.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())
            .unwrap();
        Arc::new(config)
    }
}

/// One connection of a client.
pub type Stream = BufReader<StreamOwned<ServerConnection, TcpStream>>;

/// The server's end of `socket`.
pub fn accept(config: &Arc<ServerConfig>, socket: TcpStream) -> Stream {
    BufReader::new(StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), socket))
}

/// Reads a request; its first line, `None` if there was no handshake or no request.
pub fn request(stream: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.to_ascii_lowercase().split_once("content-length: ")?.1.lines().next()?.parse().ok()?;
    stream.read_exact(&mut vec![0; length]).ok()?;
    head.lines().next().map(str::to_owned)
}
