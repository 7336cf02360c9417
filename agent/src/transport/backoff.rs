//! How long to leave the master alone after a request whose tries are used up.

use std::time::{Duration, SystemTime};

use neon_shared::time::Timestamp;

/// Longest pause of our own choice.
const PAUSE_MAX: Duration = Duration::from_secs(300);
/// Longest pause that a master can ask for; one that asks for more gets this.
const ASKED_MAX: Duration = Duration::from_secs(3600);
/// Pause after the master refused our registration: only an operator can change that.
pub const REJECTED_PAUSE: Duration = Duration::from_secs(60);

/// Pauses that grow with each failure in a row.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    failures: u32,
}

impl Backoff {
    /// Begins with a pause of at most `first`.
    pub fn new(first: Duration) -> Self {
        Self { first, failures: 0 }
    }

    /// The pause after one more failure: anything up to a bound that doubles each time, so that agents which lost their
    /// master at the same moment do not come back at the same moment. It begins where the time that the master
    /// `asked` for ends.
    pub fn next_pause(&mut self, random: &mut Random, asked: Option<Duration>) -> Duration {
        let bound = self.first.saturating_mul(2u32.saturating_pow(self.failures)).min(PAUSE_MAX);
        self.failures = self.failures.saturating_add(1);
        asked.unwrap_or_default() + bound.mul_f64(random.fraction())
    }

    /// A request succeeded.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Numbers that look random: SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators"). Good
/// for spreading agents, for nothing that must not be guessed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Agents with different seeds draw different numbers, one with the same seed the same.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// At least 0, less than 1.
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        // The 53 bits that a double holds.
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// What a `Retry-After` asks for, at most an hour; `None` where it asks for nothing we understand.
///
/// Source: RFC 9110, section 10.2.3: seconds, or a date. A date is taken against the answer's own `Date`, so that our
/// clock need not be right, and against `now` where there is none. Its obsolete forms are not understood.
pub fn retry_after(value: &str, date: Option<&str>, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    let asked = if value.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(value.parse().ok()?)
    } else {
        let from_ms = match date.and_then(http_date) {
            Some(date) => date.unix_ms(),
            None => i64::try_from(now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_millis()).ok()?,
        };
        Duration::from_millis(u64::try_from(http_date(value)?.unix_ms().checked_sub(from_ms)?).ok()?)
    };
    (!asked.is_zero()).then(|| asked.min(ASKED_MAX))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.trim().split_once(", ")?.1.split(' ');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let (time, zone) = (words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let iso = (zone == "GMT" && words.next().is_none()).then(|| format!("{year}-{month:02}-{day}T{time}Z"))?;
    Timestamp::parse(&iso)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(count: usize, random: &mut Random) -> Vec<Duration> {
        let mut backoff = Backoff::new(Duration::from_secs(1));
        (0..count).map(|_| backoff.next_pause(random, None)).collect()
    }

    #[test]
    fn pauses_stay_under_a_bound_that_doubles_up_to_five_minutes() {
        let bounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map(Duration::from_secs);
        let mut largest = [Duration::ZERO; 12];
        for seed in 0..1000 {
            for ((pause, bound), largest) in pauses(12, &mut Random::new(seed)).iter().zip(bounds).zip(&mut largest) {
                assert!(*pause < bound, "{pause:?} of {bound:?}");
                *largest = (*largest).max(*pause);
            }
        }
        // Full jitter: the whole of each bound is used.
        assert!(largest.iter().zip(bounds).all(|(largest, bound)| *largest > bound.mul_f64(0.98)), "{largest:?}");
    }

    #[test]
    fn agents_that_fail_together_come_back_spread_over_the_whole_pause() {
        let mut agents_per_tenth = [0; 10];
        for seed in 0..1000 {
            let pause = pauses(10, &mut Random::new(seed)).pop().unwrap();
            agents_per_tenth[(pause.as_secs_f64() / 30.0) as usize] += 1;
        }
        assert!(agents_per_tenth.iter().all(|agents| (70..=130).contains(agents)), "{agents_per_tenth:?}");
    }

    #[test]
    fn after_a_success_they_start_over_and_however_many_failures_are_no_overflow() {
        let (mut backoff, mut random) = (Backoff::new(Duration::from_secs(60)), Random::new(1));
        for _ in 0..1000 {
            assert!(backoff.next_pause(&mut random, None) < PAUSE_MAX);
        }
        backoff.reset();
        assert!((0..9).all(|_| {
            backoff.reset();
            backoff.next_pause(&mut random, None) < Duration::from_secs(60)
        }));
    }

    #[test]
    fn what_the_master_asks_for_comes_before_our_own_pause() {
        let asked = Duration::from_secs(120);
        let mut backoff = Backoff::new(Duration::from_secs(1));
        let pause = backoff.next_pause(&mut Random::new(1), Some(asked));
        assert!((asked..asked + Duration::from_secs(1)).contains(&pause), "{pause:?}");
    }

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    #[test]
    fn retry_after_in_seconds_is_at_most_an_hour() {
        for (value, seconds) in [("5", 5), (" 120 ", 120), ("3600", 3600), ("3601", 3600), ("86400", 3600)] {
            assert_eq!(retry_after(value, None, NOW), Some(Duration::from_secs(seconds)), "{value}");
        }
    }

    #[test]
    fn retry_after_as_a_date_is_taken_against_the_masters_own_clock() {
        let (date, later) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:51:07 GMT");
        let asked = |value, date| retry_after(value, date, NOW).map(|asked| asked.as_secs());
        assert_eq!(asked(later, Some(date)), Some(90));
        assert_eq!(asked("Mon, 07 Nov 1994 08:49:37 GMT", Some(date)), Some(3600));
        // Without one against ours, here of 1970.
        assert_eq!(asked("Thu, 01 Jan 1970 00:01:00 GMT", None), Some(60));
        assert_eq!(asked("Thu, 01 Jan 1970 00:01:00 GMT", Some("today")), Some(60));
        for past in [date, "Sun, 06 Nov 1994 08:49:36 GMT"] {
            assert_eq!(asked(past, Some(date)), None, "{past}");
        }
    }

    #[test]
    fn a_retry_after_that_asks_for_nothing_is_as_good_as_none() {
        for value in ["", "0", "-5", "1.5", "soon", "99999999999999999999", "Sun, 06 Nov 1994 08:49:37", "é"] {
            assert_eq!(retry_after(value, None, NOW), None, "{value}");
        }
    }
}
