//! How many requests a second one credential may send.
//!
//! The generic cell rate algorithm (ITU-T I.371): of each credential one number is kept, the time at which it will have
//! paid for all it sent. Credentials are spread over a fixed table by a hash with a random key, so that the table is as
//! large for ten servers as for a million, and nobody can choose whom they meet there. Two that meet share one pace; at the
//! default intervals an agent sends a request in 47 seconds, and a hundred of them in one place do not come near it.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use salvo::Request;
use salvo::http::header::{AUTHORIZATION, COOKIE};

use super::error::ApiError;

/// Places of the table: 512 KiB.
const PLACES: usize = 1 << 16;
/// What may be sent at once after a pause, in seconds of the pace.
const BURST: Duration = Duration::from_secs(10);

/// Keeps the pace of each credential.
#[derive(Debug)]
pub struct Pace {
    /// Time that a request is paid with, in nanoseconds.
    cost_ns: u64,
    /// When each place will have paid, in nanoseconds since `start`.
    paid_at_ns: Box<[AtomicU64]>,
    start: Instant,
    hasher: RandomState,
}

impl Pace {
    /// `None` where there is no bound.
    pub fn new(requests_per_second_max: u32) -> Option<Self> {
        let cost_ns = 1_000_000_000_u64.checked_div(requests_per_second_max.into())?;
        let paid_at_ns = std::iter::repeat_with(AtomicU64::default).take(PLACES).collect();
        Some(Self { cost_ns, paid_at_ns, start: Instant::now(), hasher: RandomState::new() })
    }

    /// Counts a request.
    ///
    /// Errors: the seconds after which the next one may come.
    fn take(&self, credential: &[u8], now: Instant) -> Result<(), u64> {
        let place = self.hasher.hash_one(credential) as usize % PLACES;
        let Some(place) = self.paid_at_ns.get(place) else { return Ok(()) };
        let now_ns = nanoseconds(now.saturating_duration_since(self.start));
        let mut late_ns = 0;
        let outcome = place.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |paid_at_ns| {
            let paid_at_ns = paid_at_ns.max(now_ns).saturating_add(self.cost_ns);
            late_ns = (paid_at_ns - now_ns).saturating_sub(nanoseconds(BURST));
            (late_ns == 0).then_some(paid_at_ns)
        });
        outcome.map(drop).map_err(|_| late_ns.div_ceil(1_000_000_000))
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Counts a request of the credential it carries. One without is everybody's, and not counted: what it can reach costs
/// little, and logins have bounds of their own.
///
/// Errors: 429 where they come faster than they may.
pub fn check(request: &Request, pace: Option<&Pace>) -> Result<(), ApiError> {
    let headers = request.headers();
    let credential = headers.get(AUTHORIZATION).or_else(|| headers.get(COOKIE));
    let (Some(pace), Some(credential)) = (pace, credential) else { return Ok(()) };
    pace.take(credential.as_bytes(), Instant::now()).map_err(|retry_after_s| {
        tracing::debug!(path = request.uri().path(), "a credential is too fast");
        ApiError::TooFast(retry_after_s)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_pace() {
        let pace = Pace::new(10).unwrap();
        let now = pace.start + Duration::from_secs(60);
        let passed = (0..1000).filter(|_| pace.take(b"web-1", now).is_ok()).count();
        assert_eq!(passed, 100);
        assert_eq!(pace.take(b"web-1", now), Err(1));
        let later = now + Duration::from_secs(2);
        let passed = (0..1000).filter(|_| pace.take(b"web-1", later).is_ok()).count();
        assert_eq!(passed, 20);
    }

    #[test]
    fn another_credential_has_its_own() {
        let pace = Pace::new(1).unwrap();
        while pace.take(b"web-1", pace.start).is_ok() {}
        // Two of these may meet the first one by chance, all of them not.
        assert!((0..8).any(|number: u8| pace.take(&[number], pace.start).is_ok()));
    }

    #[test]
    fn a_credential_that_was_refused_waits_no_longer_for_it() {
        let pace = Pace::new(1).unwrap();
        let passed = (0..100).filter(|_| pace.take(b"web-1", pace.start).is_ok()).count();
        assert_eq!(passed, 10);
        assert!(pace.take(b"web-1", pace.start + Duration::from_secs(1)).is_ok());
    }

    #[test]
    fn no_bound_is_no_table() {
        assert!(Pace::new(0).is_none());
    }
}
