//! Which connections are taken, and how long they may stall.
//!
//! Each costs a file and some memory, so there is a most of them ([`most`]), and one address may have a part of it: whoever
//! opens connections without end uses up their own part, and agents at other addresses go on. Reverse proxies
//! (`TRUSTED_PROXIES`) stand for many clients and may have all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use salvo::async_trait;
use salvo::conn::ConnCtrl;
use salvo::fuse::{ArcConnObserver, ConnObserver, FuseAction, FuseConfig, FuseInfo, FusePolicy};

use crate::http::{Proxies, network};

/// Connections that stall are closed after these. For hyper, a connection that waits for its next request reads a head
/// already: a shorter time for heads would close those of the agents between two heartbeats. It is the time for the whole
/// head, however its bytes trickle; that of a whole body is `http::body`'s.
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Files kept for the store, the log and the runtime: a connection that cannot be accepted for want of a file is worse
/// than a late one.
const FILES_RESERVED: u64 = 124;
/// Most connections at a time, however many files the process may open. Each agent keeps one between its heartbeats.
const CONNECTIONS_MAX: u64 = 100_000;
/// Most connections of one address where nothing else is said, as long as that is not more than half of all.
const PER_ADDRESS_DEFAULT: usize = 4096;
/// Time between two lines in the log about connections that were turned away.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// How many connections are accepted at a time; the next one waits.
///
/// Each needs a file. The usual soft limit of 1,024 would stop at 900 agents, so it is raised to the hard limit, which
/// a process may do for itself (setrlimit(2)); where even that is refused, the limit stands as it is.
pub fn most() -> usize {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1024, 1024));
    let files = match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(_) => soft,
    };
    files.saturating_sub(FILES_RESERVED).clamp(1, CONNECTIONS_MAX) as usize
}

/// Decides about each connection when it is accepted.
pub struct Door {
    per_address_max: usize,
    proxies: Proxies,
    open: Arc<Mutex<Open>>,
}

/// The connections that are open, by address; of IPv6, by the half that one customer is given.
#[derive(Default)]
struct Open {
    by_network: HashMap<[u8; 16], usize>,
    turned_away: u64,
    said_at: Option<Instant>,
}

impl Door {
    /// `per_address_max` is what the operator said, and otherwise follows from how many there are in `all`.
    pub fn new(all: usize, per_address_max: Option<usize>, proxies: Proxies) -> Self {
        let per_address_max = per_address_max.unwrap_or_else(|| PER_ADDRESS_DEFAULT.min(all / 2).max(1));
        Self { per_address_max, proxies, open: Arc::default() }
    }

    /// `None` for whoever is not counted.
    fn counted(&self, info: &FuseInfo) -> Option<IpAddr> {
        let address = info.remote_addr.clone().into_std()?.ip().to_canonical();
        (!self.proxies.trusts(address)).then_some(address)
    }

    fn is_full(&self, address: IpAddr, now: Instant) -> bool {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.by_network.get(&network(address)).is_none_or(|count| *count < self.per_address_max) {
            return false;
        }
        open.turned_away += 1;
        if open.said_at.is_none_or(|at| now.duration_since(at) >= SAY_EVERY) {
            open.said_at = Some(now);
            let turned_away = std::mem::take(&mut open.turned_away);
            tracing::warn!(%address, max = self.per_address_max, turned_away, "too many connections of one address");
        }
        true
    }
}

#[async_trait]
impl FusePolicy for Door {
    async fn decide(&self, info: &FuseInfo) -> FuseAction {
        if self.counted(info).is_some_and(|address| self.is_full(address, Instant::now())) {
            return FuseAction::Reject;
        }
        FuseAction::Accept(
            FuseConfig::default()
                .with_tls_handshake_timeout(HANDSHAKE_TIMEOUT)
                .with_http1_header_timeout(IDLE_TIMEOUT)
                .with_request_body_timeout(BODY_TIMEOUT)
                .with_write_stall_timeout(WRITE_TIMEOUT)
                .with_connection_idle_timeout(IDLE_TIMEOUT),
        )
    }

    /// Counts the connection as long as it holds what this returns. There is one acceptor, so no other one was counted
    /// since `decide`.
    fn observe(&self, info: &FuseInfo, _ctrl: &ConnCtrl) -> Option<ArcConnObserver> {
        let network = network(self.counted(info)?);
        *self.open.lock().unwrap_or_else(PoisonError::into_inner).by_network.entry(network).or_default() += 1;
        Some(Arc::new(Counted { network, open: Arc::clone(&self.open) }))
    }
}

/// A connection that is counted.
struct Counted {
    network: [u8; 16],
    open: Arc<Mutex<Open>>,
}

impl ConnObserver for Counted {}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.by_network.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                open.by_network.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use salvo::fuse::TransProto;

    use super::*;

    fn from(address: &str) -> FuseInfo {
        let address = std::net::SocketAddr::new(address.parse().unwrap(), 4711);
        FuseInfo { trans_proto: TransProto::Tcp, remote_addr: address.into(), local_addr: address.into() }
    }

    /// What a connection holds, or `None` where it was turned away.
    async fn open(door: &Door, address: &str) -> Option<Option<ArcConnObserver>> {
        match door.decide(&from(address)).await {
            FuseAction::Accept(_) => Some(door.observe(&from(address), &ConnCtrl::new())),
            FuseAction::Reject => None,
        }
    }

    #[tokio::test]
    async fn one_address_has_its_part_and_no_more() {
        let door = Door::new(100, Some(2), Proxies::default());
        let first = open(&door, "192.0.2.1").await.unwrap();
        let _second = open(&door, "::ffff:192.0.2.1").await.unwrap();
        assert!(open(&door, "192.0.2.1").await.is_none(), "the third");
        assert!(open(&door, "192.0.2.2").await.is_some(), "another address");
        drop(first);
        assert!(open(&door, "192.0.2.1").await.is_some(), "once one is closed");
    }

    #[tokio::test]
    async fn a_customer_with_a_thousand_addresses_is_one() {
        let door = Door::new(100, Some(1), Proxies::default());
        let _first = open(&door, "2001:db8:1:2::1").await.unwrap();
        assert!(open(&door, "2001:db8:1:2:ffff::9").await.is_none());
        assert!(open(&door, "2001:db8:1:3::1").await.is_some());
    }

    #[tokio::test]
    async fn a_proxy_stands_for_many() {
        let door = Door::new(100, Some(1), "10.0.0.0/8".parse().unwrap());
        let _kept = [open(&door, "10.1.2.3").await.unwrap(), open(&door, "10.1.2.3").await.unwrap()];
        assert!(door.open.lock().unwrap().by_network.is_empty());
    }

    #[tokio::test]
    async fn nothing_is_left_of_those_that_are_closed() {
        let door = Door::new(100, None, Proxies::default());
        let kept = open(&door, "192.0.2.1").await;
        assert_eq!(door.open.lock().unwrap().by_network.len(), 1);
        drop(kept);
        assert!(door.open.lock().unwrap().by_network.is_empty());
    }

    #[test]
    fn the_part_of_an_address_is_half_of_what_there_is_at_most() {
        let part = |all| Door::new(all, None, Proxies::default()).per_address_max;
        assert_eq!((part(100_000), part(900), part(1)), (4096, 450, 1));
    }
}
