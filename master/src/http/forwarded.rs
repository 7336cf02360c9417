//! Whom a request is from, where it came by way of a reverse proxy.
//!
//! `X-Forwarded-For` is what its sender wants it to be, so it is read only of proxies that the operator named
//! (`TRUSTED_PROXIES`), and from its end: the last address that is none of theirs is the one that the outermost of them
//! saw. What stands before it, a client made up.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;
use salvo::http::HeaderMap;
use salvo::{Depot, FlowCtrl, Handler, Request, Response};

use super::elements::elements;

const FORWARDED_FOR: &str = "x-forwarded-for";
/// Proxies in front of each other that are looked through.
const HOPS_MAX: usize = 32;

/// The networks of the proxies that are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Arc<[IpNet]>);

impl Proxies {
    /// Whether `address` is one of theirs.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// Where a request is from whose connection is from `peer`.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let entries: Vec<&str> = elements(headers, FORWARDED_FOR).collect();
        let mut client = peer;
        for entry in entries.iter().rev().take(HOPS_MAX) {
            if !self.trusts(client) {
                break;
            }
            // What is no address was not written by a proxy of ours: the one before it is all that is known.
            let Some(address) = address(entry) else { break };
            client = address;
        }
        client
    }
}

/// Addresses and networks (`10.0.0.0/8`), separated by commas.
impl FromStr for Proxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let networks = parts.map(|part| {
            let network = part.parse().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|_| format!("{part:?} is neither an address nor a network such as 10.0.0.0/8"))
        });
        networks.collect::<Result<_, _>>().map(Self)
    }
}

/// An address, with or without a port, as proxies write it.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address| address.to_canonical())
}

/// Gives each request the address of its client, for all that comes after.
pub(super) struct Forwarded(pub Proxies);

#[salvo::async_trait]
impl Handler for Forwarded {
    async fn handle(&self, request: &mut Request, depot: &mut Depot, response: &mut Response, ctrl: &mut FlowCtrl) {
        if let Some(peer) = request.remote_addr().clone().into_std() {
            let client = self.0.client(peer.ip().to_canonical(), request.headers());
            *request.remote_addr_mut() = SocketAddr::new(client, peer.port()).into();
        }
        ctrl.call_next(request, depot, response).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: &str, peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        lines.iter().for_each(|line| {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        });
        proxies.parse::<Proxies>().unwrap().client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn nobody_is_believed_who_is_not_named() {
        assert_eq!(client("", "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(client("10.0.0.0/8", "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
    }

    #[test]
    fn the_outermost_proxy_says_who_it_was() {
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &["198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &["198.51.100.7", "10.0.0.2"]), "198.51.100.7", "two lines");
        assert_eq!(client("10.0.0.1", "10.0.0.1", &["10.0.0.9"]), "10.0.0.9");
        assert_eq!(client("::1", "::1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(client("127.0.0.1", "127.0.0.1", &["198.51.100.7:80"]), "198.51.100.7");
    }

    #[test]
    fn what_a_client_makes_up_is_not_read() {
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &["1.1.1.1, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &["1.1.1.1, 10.0.0.5, 198.51.100.7, 10.0.0.2"]), "198.51.100.7");
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        for entry in ["unknown", "", ",", "1.2.3", "example.com", "'; DROP TABLE servers"] {
            assert_eq!(client("10.0.0.0/8", "10.0.0.1", &[entry]), "10.0.0.1", "{entry}");
        }
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn ipv4_within_ipv6_is_ipv4() {
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &["::ffff:198.51.100.7"]), "198.51.100.7");
        assert!("10.0.0.0/8".parse::<Proxies>().unwrap().trusts("::ffff:10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_named() {
        let sentence = "10.0.0.0/33".parse::<Proxies>().unwrap_err();
        assert!(sentence.contains("\"10.0.0.0/33\""), "{sentence}");
        assert!("proxy.local".parse::<Proxies>().is_err());
    }
}
