//! A server's numbers over a range of time, in no more points than are wanted.
//!
//! What a point is made of ([`SeriesTier`]) follows from the range: as coarse as still gives half of the points that may
//! be. Where samples are as few as that each is a point; else points are steps of one round length, from multiples of it
//! on, so that the same query gives the same steps a moment later.

mod selection;
mod table;

use neon_shared::time::Timestamp;

pub use selection::Selection;
pub use table::{Samples, Steps, TooMuch};

use crate::model::{Sample, SeriesStretch, SeriesTier, StoredSample, Tier};

/// Points of an answer where the query does not say.
pub const POINTS_DEFAULT: usize = 500;
/// Most points of an answer; a gap between samples is shown by one more.
pub const POINTS_MAX: usize = 2000;
/// Least: two steps meet any range.
pub const POINTS_MIN: usize = 2;
/// Most fields of an answer.
pub const FIELDS_MAX: usize = 256;
/// Most values of an answer, a value being a field at a point: 3.2 MB where each is a mean and its bounds, and no more than
/// twice as much again as JSON.
pub const VALUES_MAX: usize = 100_000;
/// Most samples that one answer is made of; past it hours are read.
pub const SAMPLES_MAX: u32 = 20_000;
/// Most stretches of one kind that an answer names; past it the last ones are one.
const STRETCHES_MAX: usize = 100;

const MS_PER_S: i64 = 1000;
const MS_PER_DAY: i64 = 86_400_000;
/// Lengths of a step up to a day, in seconds: what a clock or a calendar is divided by.
const STEPS_S: [i64; 21] =
    [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 14_400, 21_600, 28_800, 43_200];

/// What the points of a range are made of, if it is there and not too many.
pub fn tier(from: Timestamp, to: Timestamp, points: usize) -> SeriesTier {
    let range_ms = to.unix_ms() - from.unix_ms();
    let enough = i64::try_from(points / 2).unwrap_or(i64::MAX);
    match range_ms {
        range_ms if range_ms / Tier::Daily.length_ms() >= enough => SeriesTier::Daily,
        range_ms if range_ms / Tier::Hourly.length_ms() >= enough => SeriesTier::Hourly,
        _ => SeriesTier::Raw,
    }
}

/// The shortest length of a step, in milliseconds, that makes no more points of a range than may be.
pub fn step_ms(tier: SeriesTier, from: Timestamp, to: Timestamp, points: usize) -> i64 {
    let unit_ms = match tier {
        SeriesTier::Raw => MS_PER_S,
        SeriesTier::Hourly => Tier::Hourly.length_ms(),
        SeriesTier::Daily => Tier::Daily.length_ms(),
    };
    let points = i64::try_from(points.max(POINTS_MIN)).unwrap_or(i64::MAX);
    let count = |step_ms: i64| (to.unix_ms() - 1).div_euclid(step_ms) - from.unix_ms().div_euclid(step_ms) + 1;
    let days = (0..).flat_map(|power: u32| [1, 2, 5].map(|digit| digit * 10_i64.saturating_pow(power)));
    let steps = STEPS_S.into_iter().map(|seconds| seconds * MS_PER_S).chain(days.map(|days| days * MS_PER_DAY));
    // Ends: a step longer than the range makes two points at most, and the years have an end.
    let mut fitting = steps.filter(|step_ms| step_ms % unit_ms == 0).skip_while(|step_ms| count(*step_ms) > points);
    fitting.next().unwrap_or(i64::MAX)
}

/// Three decimals of what is not small, four digits of what is, and what is large whole.
pub fn rounded(value: f64) -> f64 {
    let size = value.abs();
    if size >= 1e6 {
        value.round()
    } else if size >= 1.0 {
        (value * 1e3).round() / 1e3
    } else if size > 0.0 {
        let scale = 10_f64.powi(4 - (size.log10().floor() as i32 + 1));
        // Too small for the scale to be a number.
        if scale.is_finite() { (value * scale).round() / scale } else { 0.0 }
    } else {
        value
    }
}

/// Stretches of samples that came late.
#[derive(Debug, Default)]
pub struct Backfilled {
    stretches: Vec<SeriesStretch>,
    was_late: bool,
}

impl Backfilled {
    /// The next sample.
    pub fn see(&mut self, stored: &StoredSample) {
        let is_late = stored.late_minutes > 0;
        let goes_on = self.was_late || self.stretches.len() >= STRETCHES_MAX;
        let time = stored.sample.timestamp;
        match self.stretches.last_mut() {
            _ if !is_late => {}
            Some(last) if goes_on => {
                last.until = time;
                last.samples += 1;
            }
            _ => self.stretches.push(SeriesStretch { from: time, until: time, samples: 1 }),
        }
        self.was_late = is_late;
    }

    /// The stretches, oldest first.
    pub fn finish(self) -> Vec<SeriesStretch> {
        self.stretches
    }
}

/// What agents say was lost.
#[derive(Debug, Default)]
pub struct Lost(Vec<SeriesStretch>);

impl Lost {
    /// A sample with its readings, in any order.
    pub fn see(&mut self, sample: &Sample) {
        let Some(agent) = sample.readings.as_ref().and_then(|readings| readings.agent.as_ref()) else { return };
        let (Some(from), Some(until)) = (agent.samples_dropped_from, agent.samples_dropped_until) else { return };
        let samples = agent.samples_dropped_total;
        if samples == 0 || until < from {
            return;
        }
        // One agent adds to what it has lost; the next one begins anew.
        if let Some(known) = self.0.iter_mut().find(|known| known.from == from) {
            known.until = known.until.max(until);
            known.samples = known.samples.max(samples);
        } else if self.0.len() < STRETCHES_MAX {
            self.0.push(SeriesStretch { from, until, samples });
        }
    }

    /// What meets the range, oldest first.
    pub fn finish(mut self, from: Timestamp, to: Timestamp) -> Vec<SeriesStretch> {
        self.0.retain(|stretch| stretch.from < to && stretch.until >= from);
        self.0.sort_by_key(|stretch| stretch.from);
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use neon_shared::readings::{AgentReading, InterfaceReading};

    use super::*;
    use crate::model::{Numbers, Readings, Rollup, Summary};

    const NONE: f64 = f64::NAN;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn later(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(at("2026-11-24T00:00:00Z").unix_ms() + ms)
    }

    fn sample(ms: i64, cpu_percent: f64, network_rx_bytes: u64) -> Sample {
        Sample {
            timestamp: later(ms),
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

    fn selection(text: &str) -> Selection {
        Selection::parse(text).unwrap()
    }

    fn numbers(values: &[f64]) -> Option<Numbers> {
        Some(Numbers(values.to_vec()))
    }

    #[test]
    fn the_tier_gives_at_least_half_of_the_points_that_may_be() {
        let from = at("2026-01-01T00:00:00Z");
        let of = |hours: i64, points| tier(from, Timestamp::from_unix_ms(from.unix_ms() + hours * 3_600_000), points);
        assert_eq!(of(24, 500), SeriesTier::Raw);
        assert_eq!(of(7 * 24, 500), SeriesTier::Raw);
        assert_eq!((of(249, 500), of(250, 500)), (SeriesTier::Raw, SeriesTier::Hourly));
        assert_eq!(of(30 * 24, 500), SeriesTier::Hourly);
        assert_eq!((of(249 * 24, 500), of(250 * 24, 500)), (SeriesTier::Hourly, SeriesTier::Daily));
        assert_eq!(of(365 * 24, 500), SeriesTier::Daily);
        assert_eq!(of(24, 48), SeriesTier::Hourly);
        assert_eq!(tier(Timestamp::MIN, Timestamp::MAX, POINTS_MAX), SeriesTier::Daily);
    }

    #[test]
    fn a_step_is_round_and_makes_no_more_points_than_may_be() {
        let day = (at("2026-11-23T09:08:03.022Z"), at("2026-11-24T09:08:03.022Z"));
        let month = (at("2026-10-25T09:08:03.022Z"), day.1);
        assert_eq!(step_ms(SeriesTier::Raw, day.0, day.1, 500), 300_000);
        assert_eq!(step_ms(SeriesTier::Raw, day.0, day.1, 289), 300_000, "two of them in part");
        assert_eq!(step_ms(SeriesTier::Raw, day.0, day.1, 288), 600_000);
        assert_eq!(step_ms(SeriesTier::Hourly, month.0, month.1, 2000), 3_600_000);
        assert_eq!(step_ms(SeriesTier::Hourly, month.0, month.1, 500), 7_200_000);
        assert_eq!(step_ms(SeriesTier::Daily, month.0, month.1, 500), MS_PER_DAY);
        assert_eq!(step_ms(SeriesTier::Daily, month.0, month.1, 16), 2 * MS_PER_DAY);
        for (from, to) in [(Timestamp::MIN, Timestamp::MAX), (later(-1), later(1)), (later(0), later(1)), day, month] {
            for tier in [SeriesTier::Raw, SeriesTier::Hourly, SeriesTier::Daily] {
                for points in [0, POINTS_MIN, 3, 17, 500, POINTS_MAX] {
                    let step_ms = step_ms(tier, from, to, points);
                    let steps = Steps::new(selection("cpuPercent"), step_ms, from.unix_ms(), to.unix_ms());
                    let (times, ..) = steps.finish();
                    assert!((1..=points.max(POINTS_MIN)).contains(&times.len()), "{tier:?} {from} {to} {points}");
                    assert!(times[0] <= from);
                }
            }
        }
    }

    #[test]
    fn numbers_are_rounded_to_what_can_be_seen() {
        for (value, expected) in [
            (811_663_302_656.4, 811_663_302_656.0),
            (18.333_333, 18.333),
            (-4321.0005, -4321.001),
            (0.003_333_3, 0.003_333),
            (0.999_99, 1.0),
            (0.0, 0.0),
            (5e-324, 0.0),
            (1e300, 1e300),
        ] {
            assert_eq!(rounded(value), expected, "{value}");
        }
    }

    #[test]
    fn samples_are_points_and_a_gap_is_one_of_nothing() {
        let mut points = Samples::new(selection("cpuPercent,networkRxBytesPerSecond,load1"));
        points.before(&sample(-60_000, 0.0, 40_000));
        for (minute, rx) in [(0, 100_000), (1, 160_000), (2, 5), (3, 65), (7, 66), (8, 126)] {
            points.add(&sample(minute * 60_000, minute as f64, rx)).unwrap();
        }
        assert_eq!(points.after_gaps(), [later(7 * 60_000)]);
        let (times, fields) = points.finish();
        assert_eq!(times, [0, 1, 2, 3, 4, 7, 8].map(|minute| later(minute * 60_000)));
        assert_eq!(fields["cpuPercent"].value, numbers(&[0.0, 1.0, 2.0, 3.0, NONE, 7.0, 8.0]));
        // The counter went backwards once; across the gap it is known how much there was.
        assert_eq!(
            fields["networkRxBytesPerSecond"].value,
            numbers(&[1000.0, 1000.0, NONE, 1.0, NONE, rounded(1.0 / 240.0), 1.0])
        );
        // Asked for by name, and no sample has it.
        assert_eq!(fields["load1"].value, numbers(&[NONE; 7]));
        assert_eq!(fields.len(), 3);
    }

    #[test]
    fn another_interval_is_no_gap() {
        let mut points = Samples::new(selection("cpuPercent"));
        let times = [0, 60, 120, 180, 240, 540, 840, 1140].map(|seconds| seconds * 1000);
        times.iter().for_each(|ms| points.add(&sample(*ms, 1.0, 0)).unwrap());
        // Where it changes one could be missing; in the longer one none is.
        assert_eq!(points.after_gaps(), [later(540_000)]);
        let mut points = Samples::new(selection("cpuPercent"));
        points.add(&sample(0, 1.0, 0)).unwrap();
        assert_eq!(points.after_gaps(), []);
        assert_eq!(Samples::new(selection("cpuPercent")).finish().0, []);
    }

    #[test]
    fn steps_have_the_least_the_mean_and_the_greatest() {
        let mut steps =
            Steps::new(selection("cpuPercent,network*"), 600_000, later(0).unix_ms(), later(1_800_001).unix_ms());
        steps.before(&sample(-60_000, 99.0, 0));
        for (minute, cpu, rx) in [(0, 10.0, 60), (1, 20.0, 120), (9, 25.0, 1_080), (20, 50.0, 1_740), (31, 7.0, 0)] {
            steps.add(&sample(minute * 60_000, cpu, rx)).unwrap();
        }
        // Before and past the range: no step is theirs.
        steps.add(&sample(-1, 1.0, 0)).unwrap();
        steps.add(&sample(2_400_000, 1.0, 0)).unwrap();
        let (times, samples, fields) = steps.finish();
        assert_eq!(times, [0, 10, 20, 30].map(|minute| later(minute * 60_000)));
        assert_eq!(samples, [3, 0, 1, 1]);
        let cpu = &fields["cpuPercent"];
        assert_eq!(cpu.min, numbers(&[10.0, NONE, 50.0, 7.0]));
        assert_eq!(cpu.avg, numbers(&[18.333, NONE, 50.0, 7.0]));
        assert_eq!(cpu.max, numbers(&[25.0, NONE, 50.0, 7.0]));
        let rx = &fields["networkRxBytesPerSecond"];
        assert_eq!(rx.max, numbers(&[2.0, NONE, 1.0, NONE]), "there is no rate after a counter went backwards");
        assert_eq!(rx.avg, numbers(&[1.333, NONE, 1.0, NONE]));
    }

    #[test]
    fn rollups_are_merged_by_how_many_samples_they_have() {
        let names: Arc<[String]> =
            Arc::from(["cpuPercent".to_owned(), "load1".to_owned(), "mounts./.usedBytes".to_owned()]);
        let of = |hour: i64, names: &Arc<[String]>, values: [Option<(f64, u64)>; 3]| Rollup {
            start: later(hour * 3_600_000),
            samples: 12,
            names: Arc::clone(names),
            summaries: values
                .map(|value| value.map(|(avg, count)| Summary { min: avg - 1.0, avg, max: avg + 1.0, count }))
                .to_vec(),
        };
        let mut steps =
            Steps::new(selection("mounts.*,cpuPercent"), 7_200_000, later(0).unix_ms(), later(4 * 3_600_000).unix_ms());
        steps.add_rollup(&of(0, &names, [Some((10.0, 12)), Some((1.0, 12)), None])).unwrap();
        steps.add_rollup(&of(1, &names, [Some((50.0, 4)), None, None])).unwrap();
        let other: Arc<[String]> =
            Arc::from(["mounts./.usedBytes".to_owned(), "x".to_owned(), "cpuPercent".to_owned()]);
        steps.add_rollup(&of(3, &other, [Some((4096.0, 1)), Some((1.0, 1)), Some((2.0, 2))])).unwrap();
        steps.add(&sample(4 * 3_600_000 - 1, 5.0, 0)).unwrap();
        let (_, samples, fields) = steps.finish();
        assert_eq!(samples, [24, 13]);
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["cpuPercent", "mounts./.usedBytes"]);
        assert_eq!(fields["cpuPercent"].avg, numbers(&[20.0, 3.0]));
        assert_eq!(fields["cpuPercent"].min, numbers(&[9.0, 1.0]));
        assert_eq!(fields["cpuPercent"].max, numbers(&[51.0, 5.0]));
        assert_eq!(fields["mounts./.usedBytes"].avg, numbers(&[NONE, 4096.0]));
    }

    #[test]
    fn a_query_of_too_many_values_ends_early() {
        let interfaces = |count: usize| {
            let interface = |number| InterfaceReading {
                name: format!("i{number}"),
                link_up: Some(true),
                ..InterfaceReading::default()
            };
            let interfaces = Some((0..count).map(interface).collect());
            Sample { readings: Some(Readings { interfaces, ..Readings::default() }), ..sample(0, 1.0, 0) }
        };
        let fields = |count, points: i64| {
            let mut steps =
                Steps::new(selection("interfaces.*"), 1000, later(0).unix_ms(), later(points * 1000).unix_ms());
            let outcome = steps.add(&interfaces(count));
            let mut points = Samples::new(selection("interfaces.*"));
            if outcome.is_err() && count > FIELDS_MAX {
                assert_eq!(points.add(&interfaces(count)), Err(TooMuch));
            }
            outcome
        };
        assert_eq!(fields(FIELDS_MAX, 10), Ok(()));
        assert_eq!(fields(FIELDS_MAX + 1, 10), Err(TooMuch));
        assert_eq!(fields(1024, 10), Err(TooMuch));
        assert_eq!(fields(100, 1000), Ok(()));
        assert_eq!(fields(101, 1000), Err(TooMuch));
    }

    #[test]
    fn late_samples_make_stretches() {
        let mut backfilled = Backfilled::default();
        for (minute, late_minutes) in [(0, 0), (1, 5), (2, 4), (3, 0), (4, 0), (5, 1)] {
            backfilled.see(&StoredSample { sample: sample(minute * 60_000, 1.0, 0), late_minutes });
        }
        let stretch = |from: i64, until: i64, samples| SeriesStretch {
            from: later(from * 60_000),
            until: later(until * 60_000),
            samples,
        };
        assert_eq!(backfilled.finish(), [stretch(1, 2, 2), stretch(5, 5, 1)]);
        let mut backfilled = Backfilled::default();
        for minute in 0..1000 {
            let late_minutes = u16::from(minute % 2 == 0);
            backfilled.see(&StoredSample { sample: sample(minute * 60_000, 1.0, 0), late_minutes });
        }
        let stretches = backfilled.finish();
        assert_eq!(stretches.len(), STRETCHES_MAX);
        assert_eq!(stretches.iter().map(|stretch| stretch.samples).sum::<u64>(), 500, "none is forgotten");
    }

    #[test]
    fn what_agents_lost_is_named_once_and_only_where_it_meets_the_range() {
        let says = |from: Option<i64>, until: Option<i64>, samples_dropped_total| {
            let agent = AgentReading {
                samples_dropped_total,
                samples_dropped_from: from.map(later),
                samples_dropped_until: until.map(later),
                ..AgentReading::default()
            };
            Sample { readings: Some(Readings { agent: Some(agent), ..Readings::default() }), ..sample(0, 1.0, 0) }
        };
        let mut lost = Lost::default();
        lost.see(&sample(0, 1.0, 0));
        for said in [
            says(Some(10), Some(20), 2),
            says(Some(10), Some(90), 7),
            says(Some(10), Some(90), 7),
            says(None, None, 0),
            says(Some(-50), Some(-20), 4),
            says(Some(200), Some(300), 1),
            says(Some(9), Some(8), 1),
            says(None, Some(8), 1),
        ] {
            lost.see(&said);
        }
        let all = lost.finish(later(0), later(100));
        assert_eq!(all, [SeriesStretch { from: later(10), until: later(90), samples: 7 }]);
    }
}
