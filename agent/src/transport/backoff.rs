//! How long to leave the master alone after a request whose tries are used up.

use std::time::Duration;

/// Longest pause. Short beside the intervals, so that a master that returns is noticed soon.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Pause after the master refused our registration: only an operator can change that.
pub const REJECTED_PAUSE: Duration = Duration::from_secs(60);

/// A pause that doubles with each failure in a row.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    failures: u32,
}

impl Backoff {
    /// Begins with a pause of `first`.
    pub fn new(first: Duration) -> Self {
        Self { first, failures: 0 }
    }

    /// The pause after one more failure.
    pub fn next_pause(&mut self) -> Duration {
        let pause = self.first.saturating_mul(2u32.saturating_pow(self.failures));
        self.failures = self.failures.saturating_add(1);
        pause.min(PAUSE_MAX)
    }

    /// A request succeeded.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_start_over_after_success() {
        let mut backoff = Backoff::new(Duration::from_secs(1));
        let pauses: Vec<u64> = (0..8).map(|_| backoff.next_pause().as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        for _ in 0..100 {
            assert_eq!(backoff.next_pause(), PAUSE_MAX);
        }
        backoff.reset();
        assert_eq!(backoff.next_pause(), Duration::from_secs(1));
    }
}
