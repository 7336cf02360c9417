//! Hours of samples, and days of hours.

use std::collections::{BTreeSet, HashMap};

use neon_shared::time::Timestamp;

use super::fields::Rates;
use crate::model::{Rollup, Sample, Summary, Tier};

/// Makes hours of one server's samples, which come oldest first. Those before the first hour that is wanted serve for its
/// rates. In memory are the sums of the hours, not samples.
#[derive(Debug, Default)]
pub struct Hours {
    wanted: BTreeSet<i64>,
    rates: Rates,
    open: Option<Open>,
    done: Vec<Rollup>,
}

#[derive(Debug)]
struct Open {
    start_ms: i64,
    samples: u64,
    sums: Sums,
}

impl Hours {
    /// `wanted` are the starts of the hours to be made; of others there will be none.
    pub fn new(wanted: BTreeSet<i64>) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Takes the next sample.
    pub fn add(&mut self, sample: &Sample) {
        let start_ms = Tier::Hourly.start_ms(sample.timestamp.unix_ms());
        if self.open.as_ref().is_none_or(|open| open.start_ms != start_ms) {
            self.close();
            self.open = self.wanted.contains(&start_ms).then(|| Open { start_ms, samples: 0, sums: Sums::default() });
        }
        let Self { rates, open, .. } = self;
        match open {
            None => rates.visit(sample, &mut |_, _| {}),
            Some(open) => {
                open.samples += 1;
                rates.visit(sample, &mut |name, value| {
                    open.sums.add(name, Summary { min: value, avg: value, max: value, count: 1 });
                });
            }
        }
    }

    /// The hours, oldest first; none for an hour without samples.
    pub fn finish(mut self) -> Vec<Rollup> {
        self.close();
        self.done
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.done.push(open.sums.rollup(open.start_ms, open.samples));
        }
    }
}

/// The day that begins at `start_ms`, of its hours. `None` where it has none.
pub fn day<'a>(start_ms: i64, hours: impl IntoIterator<Item = &'a Rollup>) -> Option<Rollup> {
    let (mut samples, mut sums) = (0_u64, Sums::default());
    for hour in hours {
        samples = samples.saturating_add(hour.samples);
        hour.fields().for_each(|(name, summary)| sums.add(name, summary));
    }
    (samples > 0).then(|| sums.rollup(start_ms, samples))
}

/// What fields come to.
#[derive(Debug, Default)]
struct Sums(HashMap<String, Sum>);

#[derive(Clone, Copy, Debug)]
struct Sum {
    min: f64,
    max: f64,
    sum: f64,
    count: u64,
}

impl Sums {
    fn add(&mut self, name: &str, summary: Summary) {
        let Summary { min, avg, max, count } = summary;
        let more = avg * count as f64;
        match self.0.get_mut(name) {
            Some(sum) => {
                sum.min = sum.min.min(min);
                sum.max = sum.max.max(max);
                sum.sum += more;
                sum.count = sum.count.saturating_add(count);
            }
            None => {
                self.0.insert(name.to_owned(), Sum { min, max, sum: more, count });
            }
        }
    }

    fn rollup(self, start_ms: i64, samples: u64) -> Rollup {
        let mut fields: Vec<(String, Sum)> = self.0.into_iter().collect();
        fields.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let summary = |sum: Sum| {
            let Sum { min, max, sum, count } = sum;
            // A sum is rounded; a mean is within its bounds all the same.
            (count > 0 && min <= max).then(|| Summary { min, avg: (sum / count as f64).clamp(min, max), max, count })
        };
        let (names, summaries): (Vec<String>, Vec<Option<Summary>>) =
            fields.into_iter().map(|(name, sum)| (name, summary(sum))).unzip();
        Rollup { start: Timestamp::from_unix_ms(start_ms), samples, names: names.into(), summaries }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const MINUTE: i64 = 60_000;

    fn sample(ms: i64, cpu_percent: f64, network_rx_bytes: u64) -> Sample {
        Sample {
            timestamp: Timestamp::from_unix_ms(ms),
            cpu_percent,
            memory_percent: 3.09,
            disk_percent: 6.31,
            memory_used_gb: 0.73,
            memory_total_gb: 23.54,
            disk_used_gb: 47.7,
            disk_total_gb: 755.92,
            network_rx_bytes,
            network_tx_bytes: 0,
            readings: None,
        }
    }

    fn hours(wanted: &[i64], samples: &[Sample]) -> Vec<Rollup> {
        let mut hours = Hours::new(wanted.iter().copied().collect());
        samples.iter().for_each(|sample| hours.add(sample));
        hours.finish()
    }

    #[test]
    fn an_hour_is_what_its_samples_come_to() {
        let samples = [
            sample(HOUR - 5 * MINUTE, 99.0, 0),
            sample(HOUR, 10.0, 300_000),
            sample(HOUR + 5 * MINUTE, 20.0, 300_000),
            sample(HOUR + 10 * MINUTE, 60.0, 600_000),
            sample(2 * HOUR, 1.0, 0),
        ];
        let made = hours(&[HOUR, 5 * HOUR], &samples);
        assert_eq!(made.len(), 1, "nothing of hours that are not wanted or have nothing");
        assert_eq!((made[0].start.unix_ms(), made[0].samples), (HOUR, 3));
        assert_eq!(made[0].field("cpuPercent"), Some(Summary { min: 10.0, avg: 30.0, max: 60.0, count: 3 }));
        // By the sample before, which belongs to the hour before.
        let rate = Summary { min: 0.0, avg: 2000.0 / 3.0, max: 1000.0, count: 3 };
        assert_eq!(made[0].field("networkRxBytesPerSecond"), Some(rate));
        assert_eq!(made[0].field("networkRxBytes"), None, "a counter by itself says little");
        let alone = hours(&[HOUR], &samples[1..]);
        assert_eq!(alone[0].field("networkRxBytesPerSecond").map(|rate| rate.count), Some(2));
    }

    #[test]
    fn a_mean_is_never_outside_of_its_bounds() {
        let samples: Vec<Sample> = (0..12).map(|i| sample(HOUR + i * MINUTE, 0.1, 0)).collect();
        let cpu = hours(&[HOUR], &samples)[0].field("cpuPercent").unwrap();
        assert_eq!(cpu, Summary { min: 0.1, avg: 0.1, max: 0.1, count: 12 });
    }

    #[test]
    fn a_day_weighs_its_hours_by_their_samples() {
        let samples: Vec<Sample> =
            [(0, 10.0), (1, 20.0), (60, 90.0)].map(|(minute, cpu)| sample(minute * MINUTE, cpu, 0)).to_vec();
        let made = hours(&[0, HOUR], &samples);
        let day = day(0, &made).unwrap();
        assert_eq!((day.start.unix_ms(), day.samples), (0, 3));
        assert_eq!(day.field("cpuPercent"), Some(Summary { min: 10.0, avg: 40.0, max: 90.0, count: 3 }));
        assert_eq!(super::day(0, []), None);
    }
}
