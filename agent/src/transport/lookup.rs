//! Names are looked up when a connection is made, and only then.
//!
//! ureq asks its resolver before every request, also when the kept connection will carry it. With a deadline that is a
//! thread and a query each time: a name server would hear from every agent once a minute for years. So the resolver
//! that ureq is given knows nothing, and the connector looks the name up itself.

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout, TcpConnector, Transport};

/// Gives no address, as none is needed before there is a connection to make.
#[derive(Debug)]
pub struct NoLookup;

impl Resolver for NoLookup {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// Looks the name up and connects by TCP.
#[derive(Debug, Default)]
pub struct LookupConnector {
    resolver: DefaultResolver,
    tcp: TcpConnector,
}

impl<In: Transport> Connector<In> for LookupConnector {
    type Out = <TcpConnector as Connector<In>>::Out;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let addrs = match chained {
            // A proxy has connected already.
            Some(_) => details.addrs.clone(),
            None => self.resolver.resolve(details.uri, details.config, details.timeout)?,
        };
        let details = ConnectionDetails {
            addrs,
            uri: details.uri,
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        self.tcp.connect(&details, chained)
    }
}
