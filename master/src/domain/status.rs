//! When silence means that a server is offline.

use neon_shared::time::Timestamp;

/// Servers last heard before the returned time are offline; `None` while the master cannot tell.
///
/// It cannot tell for the first `offline_after_ms` after it `started`: while it was down it heard nobody, so every
/// agent gets that long to report again before its silence counts.
pub fn offline_cutoff(now: Timestamp, started: Timestamp, offline_after_ms: i64) -> Option<Timestamp> {
    let cutoff = Timestamp::from_unix_ms(now.unix_ms().saturating_sub(offline_after_ms));
    (cutoff >= started).then_some(cutoff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(ms)
    }

    #[test]
    fn a_master_that_just_started_waits_before_it_judges() {
        assert_eq!(offline_cutoff(ms(1_000_000), ms(1_000_000), 180_000), None);
        assert_eq!(offline_cutoff(ms(1_179_999), ms(1_000_000), 180_000), None);
        assert_eq!(offline_cutoff(ms(1_180_000), ms(1_000_000), 180_000), Some(ms(1_000_000)));
    }

    #[test]
    fn later_the_cutoff_follows_the_clock() {
        assert_eq!(offline_cutoff(ms(9_000_000), ms(1_000_000), 180_000), Some(ms(8_820_000)));
    }

    #[test]
    fn a_clock_that_was_set_back_judges_nobody() {
        assert_eq!(offline_cutoff(ms(500), ms(1_000_000), 180_000), None);
    }
}
