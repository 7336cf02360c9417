//! Numbers about this master itself, counted where things happen.
//!
//! A count is one relaxed addition: no lock, no allocation, no order among them. Whoever reads them sees each as it was at
//! some moment, which is all that a graph needs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bounds of how long a request or a write takes, in microseconds.
pub const DURATIONS_US: &[u64] = &[
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000,
];
/// Bounds of how many samples are written at once.
pub const BATCHES: &[u64] = &[1, 4, 16, 64, 256, 1024, 2048, 4096];

/// Something that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many by now.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How often something was how large.
#[derive(Debug)]
pub struct Histogram {
    /// The largest value of each class; past the last there is one more class.
    bounds: &'static [u64],
    counts: Vec<Counter>,
    sum: Counter,
}

impl Histogram {
    /// Nothing seen yet.
    pub fn new(bounds: &'static [u64]) -> Self {
        Self { bounds, counts: (0..=bounds.len()).map(|_| Counter::default()).collect(), sum: Counter::default() }
    }

    /// Counts `value`.
    pub fn see(&self, value: u64) {
        let class = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(class) {
            count.increment();
        }
        self.sum.add(value);
    }

    /// Counts a time, in microseconds.
    pub fn see_duration(&self, duration: Duration) {
        self.see(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    /// Each bound with how many were at most that; the last, without a bound, with all. And the sum.
    pub fn read(&self) -> (Vec<(Option<u64>, u64)>, u64) {
        let mut all = 0;
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        let classes = bounds.zip(&self.counts).map(|(bound, count)| {
            all += count.value();
            (bound, all)
        });
        (classes.collect(), self.sum.value())
    }
}

/// What the store's writer did.
#[derive(Debug)]
pub struct Writes {
    /// Samples of each write.
    pub batch_samples: Histogram,
    /// How long each took, failed ones included.
    pub duration_us: Histogram,
    /// Those that failed.
    pub failed: Counter,
}

impl Default for Writes {
    fn default() -> Self {
        Self {
            batch_samples: Histogram::new(BATCHES),
            duration_us: Histogram::new(DURATIONS_US),
            failed: Counter::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_the_first_class_that_it_fits_and_all_later_ones() {
        let histogram = Histogram::new(&[10, 20]);
        for value in [0, 10, 11, 20, 21, 1000] {
            histogram.see(value);
        }
        assert_eq!(histogram.read(), (vec![(Some(10), 2), (Some(20), 4), (None, 6)], 1062));
        assert_eq!(Histogram::new(&[10]).read(), (vec![(Some(10), 0), (None, 0)], 0));
    }
}
