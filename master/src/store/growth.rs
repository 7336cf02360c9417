//! How fast the database grows: what was measured since the start, a day back at most.
//!
//! From the difference of two measurements of the whole database, so that indexes, containers and the emptiness of pages
//! count. Time is an argument; nothing here asks the database.

use std::collections::VecDeque;
use std::time::Duration;

/// Time between two measurements that are kept, and how many are: a day.
pub const KEEP_EVERY: Duration = Duration::from_secs(600);
const KEPT_MAX: usize = 145;
/// Over less than this nothing is said: pages fill in steps, and the first hours of a day are not the last.
const SAMPLES_MIN: u64 = 1000;
const TIME_MIN: Duration = Duration::from_secs(3600);
const DAY_S: f64 = 86_400.0;

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Since the master started.
    pub at: Duration,
    /// What the database holds, without room inside of it that is free, in bytes.
    pub used_bytes: u64,
    /// Samples that were ever stored, from any beginning.
    pub samples_total: u64,
}

/// What was measured between two points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// How far back the first point is.
    pub over: Duration,
    /// Samples stored in that time.
    pub samples: u64,
    /// Bytes per sample, containers and events included; `None` under 1,000 samples, or where the database shrank.
    pub bytes_per_sample: Option<f64>,
    /// Bytes per day; `None` under an hour, or where the database shrank.
    pub bytes_per_day: Option<f64>,
}

/// Points of the last day, oldest first; past the bound the oldest goes.
#[derive(Debug, Default)]
pub struct Growth(VecDeque<Point>);

impl Growth {
    /// Measures up to `now`, which is kept where the last one is long enough ago.
    pub fn rates(&mut self, now: Point) -> Rates {
        // Counted from another beginning: a database that was replaced, or statistics that were reset.
        if self.0.back().is_some_and(|last| now.samples_total < last.samples_total) {
            self.0.clear();
        }
        if self.0.back().is_none_or(|last| now.at.saturating_sub(last.at) >= KEEP_EVERY) {
            if self.0.len() == KEPT_MAX {
                self.0.pop_front();
            }
            self.0.push_back(now);
        }
        rates(self.0.front().unwrap_or(&now), &now)
    }
}

fn rates(from: &Point, to: &Point) -> Rates {
    let over = to.at.saturating_sub(from.at);
    let samples = to.samples_total.saturating_sub(from.samples_total);
    // Exact up to 2^53 bytes.
    let bytes = to.used_bytes.checked_sub(from.used_bytes).map(|bytes| bytes as f64);
    Rates {
        over,
        samples,
        bytes_per_sample: bytes.filter(|_| samples >= SAMPLES_MIN).map(|bytes| bytes / samples as f64),
        bytes_per_day: bytes.filter(|_| over >= TIME_MIN).map(|bytes| bytes / over.as_secs_f64() * DAY_S),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at_s: u64, used_bytes: u64, samples_total: u64) -> Point {
        Point { at: Duration::from_secs(at_s), used_bytes, samples_total }
    }

    #[test]
    fn little_says_nothing_and_enough_does() {
        let mut growth = Growth::default();
        growth.rates(point(0, 1_000_000, 50));
        let rates = growth.rates(point(3599, 1_299_700, 1049));
        assert_eq!((rates.samples, rates.bytes_per_sample, rates.bytes_per_day), (999, None, None));
        let rates = growth.rates(point(3600, 1_300_000, 1050));
        assert_eq!(rates.over, Duration::from_secs(3600));
        assert_eq!((rates.bytes_per_sample, rates.bytes_per_day), (Some(300.0), Some(7_200_000.0)));
    }

    #[test]
    fn a_database_that_shrank_has_no_rate() {
        let mut growth = Growth::default();
        growth.rates(point(0, 1_000_000, 0));
        let rates = growth.rates(point(7200, 999_999, 5000));
        assert_eq!((rates.bytes_per_sample, rates.bytes_per_day), (None, None));
    }

    #[test]
    fn a_count_that_went_back_is_a_new_beginning() {
        let mut growth = Growth::default();
        growth.rates(point(0, 0, 9000));
        let rates = growth.rates(point(7200, 1_000_000, 10));
        assert_eq!((rates.over, rates.samples, rates.bytes_per_day), (Duration::ZERO, 0, None));
    }

    #[test]
    fn only_the_last_day_counts() {
        let mut growth = Growth::default();
        // Ten times as fast on the first day as on the second.
        let mut last = None;
        for step in 0..=288_u64 {
            let used_bytes = if step <= 144 { step * 10_000 } else { 1_440_000 + (step - 144) * 1000 };
            last = Some(growth.rates(point(step * 600, used_bytes, step * 10)));
        }
        assert_eq!(growth.0.len(), KEPT_MAX);
        let last = last.unwrap();
        assert_eq!(last.over, Duration::from_secs(86_400));
        assert_eq!((last.bytes_per_sample, last.bytes_per_day), (Some(100.0), Some(144_000.0)));
    }
}
