//! What every handler may use: the store, the secrets, the clock of this process.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use neon_shared::time::Timestamp;
use salvo::{Depot, Request};

use super::auth::Tokens;
use super::body::Room;
use super::error::ApiError;
use super::events::Feed;
use super::gate::Gate;
use super::metrics::Counters;
use super::pace::Pace;
use crate::config::Secrets;
use crate::model::Reporter;
use crate::oidc::Provider;
use crate::store::{Retention, Store};

/// What every handler may use.
#[derive(Debug)]
pub struct State {
    /// Where everything is kept.
    pub store: Store,
    /// The fleet's shared secret, which a registration must show; `None` where it is switched off.
    pub agent_secrets: Option<Secrets>,
    /// Makes and checks the agents' tokens.
    pub tokens: Tokens,
    /// After how long a server that was not heard is offline, in milliseconds.
    pub offline_after_ms: i64,
    /// How old a sample may be.
    pub retention: Retention,
    /// For large request bodies.
    pub room: Room,
    /// Counts what is asked.
    pub counters: Counters,
    /// How fast one credential may ask; `None` for no bound.
    pub pace: Option<Pace>,
    /// Recognises everybody else.
    pub gate: Gate,
    /// Where people may log in beside.
    pub oidc: Option<Arc<Provider>>,
    /// Tells those who listen what changes.
    pub feed: Arc<Feed>,
}

impl State {
    /// Who was heard last before this time is silent.
    pub(super) fn silent_before(&self, now: Timestamp) -> Timestamp {
        Timestamp::from_unix_ms(now.unix_ms().saturating_sub(self.offline_after_ms))
    }

    /// The state that [`super::service`] put beside the request.
    pub(super) fn of(depot: &Depot) -> Result<Arc<Self>, ApiError> {
        depot.get_typed::<Arc<Self>>().cloned().map_err(|_| ApiError::Internal("no state beside the request"))
    }
}

/// The master's clock.
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// Address the request came from, without its port; an IPv4 peer on an IPv6 socket is written as IPv4.
pub(super) fn peer_address(request: &Request) -> String {
    match request.remote_addr().clone().into_std() {
        Some(address) => address.ip().to_canonical().to_string(),
        None => String::new(),
    }
}

/// The agent that sent `request`, from its bearer token.
///
/// Errors: 401 `Missing authorization token` or `Invalid or expired token`.
pub(super) fn reporter(request: &Request, state: &State) -> Result<(Reporter, i64), ApiError> {
    let claims = state.tokens.of_request(request)?;
    let reporter = Reporter {
        server_id: claims.server_id,
        server_name: claims.server_name,
        ip_address: peer_address(request),
        generation: claims.generation,
    };
    Ok((reporter, claims.exp))
}
