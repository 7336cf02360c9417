//! When this agent does what it does regularly, so that a thousand that start together do not arrive together.
//!
//! All times follow from the start and from a number made of the server's name. The beats of an interval come at
//! `start + number mod interval`, and every interval from then on. Names spread over an interval that way, and of two
//! intervals of which one divides the other, the rarer beats fall on the more frequent ones: at the default intervals a
//! sweep over the containers comes with a collection of metrics, and that with a heartbeat, which saves wake-ups.

use std::time::{Duration, Instant};

/// Longest wait before the first report, and the part of the metrics interval that it is at most.
const FIRST_REPORT_MAX: Duration = Duration::from_secs(30);
const FIRST_REPORT_PART: u32 = 10;

/// The pace of one agent.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    number: u64,
    start: Instant,
}

impl Pace {
    /// Of the server called `name`, started at `start`.
    pub fn new(name: &str, start: Instant) -> Self {
        Self { number: number_of(name), start }
    }

    /// How long to wait with the first report: 0 to 30 s, or a tenth of the metrics interval where that is less.
    pub fn first_report_wait(&self, metrics_interval: Duration) -> Duration {
        phase(self.number, (metrics_interval / FIRST_REPORT_PART).min(FIRST_REPORT_MAX))
    }

    /// The beats of `period` that come after `after`.
    pub fn beats(&self, period: Duration, after: Instant) -> Beat {
        let mut beat = Beat { next: self.start + phase(self.number, period), period };
        if beat.next <= after {
            beat.pass(after);
        }
        beat
    }
}

/// One beat after the other, `period` apart.
#[derive(Clone, Copy, Debug)]
pub struct Beat {
    next: Instant,
    period: Duration,
}

impl Beat {
    /// When the next one comes, or should have come.
    pub fn next(&self) -> Instant {
        self.next
    }

    /// The same beats, each `delay` later.
    pub fn delayed(self, delay: Duration) -> Self {
        Self { next: self.next + delay, ..self }
    }

    /// The next one is done, at `now`. The beat is kept however long the work took; beats that were missed meanwhile
    /// are left out, so that a slow engine is not asked the same thing several times in a row.
    pub fn pass(&mut self, now: Instant) {
        let late = now.saturating_duration_since(self.next);
        let missed = u32::try_from(late.as_nanos() / self.period.as_nanos().max(1)).unwrap_or(u32::MAX);
        self.next += self.period.saturating_mul(missed.saturating_add(1));
    }
}

/// Where in an interval the beats of an agent with this number fall.
fn phase(number: u64, interval: Duration) -> Duration {
    Duration::from_millis(number % u64::try_from(interval.as_millis()).unwrap_or(u64::MAX).max(1))
}

/// A number of `name` alone, the same in every run and build. Names that differ in one letter get numbers that have
/// nothing to do with each other.
///
/// FNV-1a with 64 bits, and the finish of MurmurHash3 behind it, without which the high bits of short names hardly
/// differ.
pub fn number_of(name: &str) -> u64 {
    let fnv = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let mixed = (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// A fleet as operators name one: numbered, by place, by a random suffix.
    fn fleet() -> Vec<String> {
        let numbered = (0..500).map(|number| format!("web-{number}"));
        let by_place = (0..300)
            .map(|number| format!("{}{:02}.fra.example.org", ["db", "mail", "k8s-node"][number % 3], number / 3));
        let random = (0..200u32).map(|number| format!("ip-10-0-{}-{}", number / 16, number.wrapping_mul(37) % 251));
        numbered.chain(by_place).chain(random).collect()
    }

    /// How many of a thousand agents arrive in each second, and the largest share of them in one, of the mean.
    fn busiest_second(times: impl Iterator<Item = Duration>, seconds: usize) -> f64 {
        let mut arrivals = vec![0u32; seconds];
        times.for_each(|time| arrivals[time.as_secs() as usize] += 1);
        let mean = 1000.0 / seconds as f64;
        let chi_square: f64 = arrivals.iter().map(|count| (f64::from(*count) - mean).powi(2) / mean).sum();
        // Of truly random times it is `seconds` on average, with this deviation.
        let deviation = (2.0 * seconds as f64).sqrt();
        assert!((chi_square - seconds as f64).abs() < 4.0 * deviation, "{chi_square} over {seconds}");
        let busiest = f64::from(*arrivals.iter().max().unwrap()) / mean;
        println!("1000 agents over {seconds} s: mean {mean:.1} a second, the busiest has {busiest:.2} times that");
        busiest
    }

    fn paces(start: Instant) -> Vec<Pace> {
        fleet().iter().map(|name| Pace::new(name, start)).collect()
    }

    #[test]
    fn a_thousand_agents_that_start_together_report_spread_over_half_a_minute() {
        let waits = paces(Instant::now()).into_iter().map(|pace| pace.first_report_wait(5 * MINUTE));
        assert!(busiest_second(waits, 30) < 2.0);
    }

    #[test]
    fn their_beats_are_spread_over_each_interval() {
        let start = Instant::now();
        for (interval, bound) in [(MINUTE, 2.0), (5 * MINUTE, 4.0), (15 * MINUTE, 8.0)] {
            let firsts = paces(start).into_iter().map(|pace| pace.beats(interval, start).next() - start);
            assert!(
                busiest_second(
                    firsts.map(|first| Duration::from_nanos((first.as_nanos() % interval.as_nanos()) as u64)),
                    interval.as_secs() as usize
                ) < bound
            );
        }
    }

    #[test]
    fn rarer_beats_fall_on_more_frequent_ones() {
        let start = Instant::now();
        for pace in paces(start) {
            let (heartbeats, metrics) = (pace.beats(MINUTE, start), pace.beats(5 * MINUTE, start));
            let containers = pace.beats(15 * MINUTE, start);
            assert!((metrics.next() - heartbeats.next()).as_millis().is_multiple_of(MINUTE.as_millis()));
            assert!((containers.next() - metrics.next()).as_millis().is_multiple_of((5 * MINUTE).as_millis()));
        }
    }

    #[test]
    fn a_first_beat_comes_within_an_interval_and_not_before_it_may() {
        let start = Instant::now();
        for pace in paces(start) {
            let after = start + MINUTE * 3 + MINUTE / 7;
            let first = pace.beats(MINUTE, after).next();
            assert!(first > after && first <= after + MINUTE);
        }
    }

    #[test]
    fn a_beat_is_kept_and_missed_ones_are_left_out() {
        let start = Instant::now();
        let mut beat = Beat { next: start + MINUTE, period: MINUTE };
        // Done early, in time, late, and more than three beats late.
        for (done_s, next_s) in [(58, 120), (120, 180), (219, 240), (421, 480)] {
            beat.pass(start + Duration::from_secs(done_s));
            assert_eq!((beat.next() - start).as_secs(), next_s);
        }
    }

    #[test]
    fn the_number_of_a_name_never_changes() {
        assert_eq!(number_of(""), 0xefd0_1f60_ba99_2926);
        assert_eq!(number_of("web-1"), number_of("web-1"));
        assert_ne!(number_of("web-1"), number_of("web-2"));
    }
}
