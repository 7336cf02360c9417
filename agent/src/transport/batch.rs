//! How much of what waits goes into one report: learned from what the master refused.
//!
//! A master can be unable to take a body for its size (413), or unwilling for one sample in it (400, which the first
//! generation answers to the whole list). Either way smaller reports find the way on; what is learned here is only how
//! large the next one may be.

use std::time::{Duration, Instant};

use neon_shared::limits::REQUEST_BODY_MAX_BYTES;

/// How long a limit that a 413 taught is believed. An operator may have raised it since; if not, a backlog costs a few
/// refused requests an hour.
const LIMIT_KEPT: Duration = Duration::from_secs(3600);

/// A body of at most this many bytes did not fail for its size, however slow the link.
const CAREFUL_BYTES: usize = 64 * 1024;

/// Bounds on the next report.
#[derive(Debug)]
pub struct BatchLimits {
    /// What the master was found to take, and when.
    bytes: Option<(usize, Instant)>,
    /// Most samples while there is no suspicion: few after one was found guilty, more with each report that is taken.
    samples_max: usize,
    /// The oldest samples, this many, hold one that the master refuses; 0 when there is no suspicion.
    suspects: usize,
}

impl BatchLimits {
    /// Whatever fits a request.
    pub const fn new() -> Self {
        Self { bytes: None, samples_max: usize::MAX, suspects: 0 }
    }

    /// Most bytes of the next body. A sample that alone is larger goes alone.
    pub fn bytes_max(&mut self, now: Instant) -> usize {
        self.bytes = self.bytes.filter(|(_, learned)| now.saturating_duration_since(*learned) < LIMIT_KEPT);
        self.bytes.map_or(REQUEST_BODY_MAX_BYTES, |(bytes, _)| bytes)
    }

    /// Most samples of the next report, at least one.
    pub fn samples_max(&self) -> usize {
        let half = (self.suspects / 2).max(1);
        if self.suspects == 0 { self.samples_max } else { half.min(self.samples_max) }
    }

    /// Whether the next report is part of a search.
    pub fn is_searching(&self) -> bool {
        self.suspects > 0
    }

    /// A report of `samples` was taken: those are innocent.
    pub fn taken(&mut self, samples: usize) {
        self.suspects = self.suspects.saturating_sub(samples);
        self.samples_max = self.samples_max.saturating_mul(2);
    }

    /// A body of `bytes` with several samples was too large.
    pub fn too_large(&mut self, bytes: usize, now: Instant) {
        self.bytes = Some((bytes / 2, now));
    }

    /// A body of `bytes` failed without a verdict. A proxy that hangs up in the middle of a large body, or a link too slow
    /// for it, would fail the next one like this one, so it is smaller.
    pub fn failed(&mut self, bytes: usize, now: Instant) {
        if bytes > CAREFUL_BYTES {
            self.bytes = Some(((bytes / 2).max(CAREFUL_BYTES), now));
        }
    }

    /// A report of `samples` was refused for what it holds. One that was alone is dropped; where one is guilty others
    /// may be, so the next reports are small, too.
    pub fn refused(&mut self, samples: usize) {
        let was_alone = samples <= 1;
        self.suspects = if was_alone { 0 } else { samples };
        if was_alone {
            self.samples_max = 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends `samples`, of which a master refuses those that are `bad`: the requests it took, and what was dropped.
    fn requests(samples: usize, bad: impl Fn(usize) -> bool) -> (usize, Vec<usize>) {
        let (mut limits, mut waiting) = (BatchLimits::new(), (0..samples).collect::<Vec<_>>());
        let (mut requests, mut dropped) = (0, Vec::new());
        while !waiting.is_empty() {
            let count = limits.samples_max().min(waiting.len());
            requests += 1;
            if !waiting[..count].iter().any(|sample| bad(*sample)) {
                limits.taken(count);
                waiting.drain(..count);
                continue;
            }
            limits.refused(count);
            if count == 1 {
                dropped.push(waiting.remove(0));
            }
        }
        (requests, dropped)
    }

    #[test]
    fn one_bad_sample_of_any_place_is_found_and_dropped_alone() {
        for samples in [1, 2, 3, 10, 288] {
            for bad in 0..samples {
                let (requests, dropped) = requests(samples, |sample| sample == bad);
                assert_eq!(dropped, [bad]);
                // Twice the depth of the search: down to it, and up to full reports again.
                let depth = samples.ilog2() as usize + 1;
                assert!(requests <= 2 * depth + 2, "{requests} requests for {bad} of {samples}");
            }
        }
    }

    #[test]
    fn a_full_ring_of_bad_samples_takes_hardly_more_requests_than_samples() {
        let (requests, dropped) = requests(1024, |_| true);
        assert_eq!((requests, dropped.len()), (1024 + 10, 1024));
    }

    #[test]
    fn every_third_bad_sample_is_found_and_the_others_arrive() {
        let (requests, dropped) = requests(300, |sample| sample % 3 == 1);
        assert_eq!(dropped, (0..100).map(|third| 3 * third + 1).collect::<Vec<_>>());
        assert!(requests < 600, "{requests}");
    }

    #[test]
    fn a_limit_in_bytes_is_half_of_what_was_refused_and_forgotten_after_an_hour() {
        let (mut limits, start) = (BatchLimits::new(), Instant::now());
        assert_eq!(limits.bytes_max(start), REQUEST_BODY_MAX_BYTES);
        limits.too_large(400_000, start);
        limits.too_large(200_000, start);
        assert_eq!(limits.bytes_max(start + LIMIT_KEPT - Duration::from_millis(1)), 100_000);
        assert_eq!(limits.bytes_max(start + LIMIT_KEPT), REQUEST_BODY_MAX_BYTES);
    }

    #[test]
    fn a_large_body_that_fails_is_followed_by_smaller_ones_down_to_a_careful_size() {
        let (mut limits, now) = (BatchLimits::new(), Instant::now());
        limits.failed(CAREFUL_BYTES, now);
        assert_eq!(limits.bytes_max(now), REQUEST_BODY_MAX_BYTES);
        limits.failed(400_000, now);
        assert_eq!(limits.bytes_max(now), 200_000);
        limits.failed(100_000, now);
        assert_eq!(limits.bytes_max(now), CAREFUL_BYTES);
    }
}
