//! Ranges of a history and what one point of it stands for.

use neon_shared::time::Timestamp;

use crate::model::{DataPoint, HistoryInterval, HistoryRange};

const MS_PER_HOUR: i64 = 3_600_000;

/// Whether `range` shows samples or hours: up to a day the samples, beyond it the means of hours.
pub fn interval(range: HistoryRange) -> HistoryInterval {
    match range {
        HistoryRange::Hour1 | HistoryRange::Hours6 | HistoryRange::Hours24 => HistoryInterval::Raw,
        HistoryRange::Days7 | HistoryRange::Days30 => HistoryInterval::Hourly,
    }
}

/// Where `range` begins, seen from `now`.
///
/// An hourly range begins at the start of its first hour, so that this hour's mean is that of the whole hour.
pub fn since(range: HistoryRange, now: Timestamp) -> Timestamp {
    let hours = match range {
        HistoryRange::Hour1 => 1,
        HistoryRange::Hours6 => 6,
        HistoryRange::Hours24 => 24,
        HistoryRange::Days7 => 7 * 24,
        HistoryRange::Days30 => 30 * 24,
    };
    let start_ms = now.unix_ms() - hours * MS_PER_HOUR;
    Timestamp::from_unix_ms(match interval(range) {
        HistoryInterval::Raw => start_ms,
        HistoryInterval::Hourly => start_ms - start_ms.rem_euclid(MS_PER_HOUR),
    })
}

/// The point with its percentages rounded to two decimals, the precision of the wire.
pub fn rounded(point: DataPoint) -> DataPoint {
    DataPoint {
        cpu_percent: two_decimals(point.cpu_percent),
        memory_percent: two_decimals(point.memory_percent),
        disk_percent: two_decimals(point.disk_percent),
        ..point
    }
}

/// `value` rounded to two decimals, half away from zero.
pub fn two_decimals(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn up_to_a_day_is_raw_and_begins_to_the_millisecond() {
        let now = at("2026-11-23T09:08:03.022Z");
        assert_eq!(since(HistoryRange::Hour1, now), at("2026-11-23T08:08:03.022Z"));
        assert_eq!(since(HistoryRange::Hours6, now), at("2026-11-23T03:08:03.022Z"));
        assert_eq!(since(HistoryRange::Hours24, now), at("2026-11-22T09:08:03.022Z"));
        for range in [HistoryRange::Hour1, HistoryRange::Hours6, HistoryRange::Hours24] {
            assert_eq!(interval(range), HistoryInterval::Raw);
        }
    }

    #[test]
    fn beyond_a_day_is_hourly_and_begins_with_a_whole_hour() {
        let now = at("2026-11-23T09:08:03.022Z");
        assert_eq!(since(HistoryRange::Days7, now), at("2026-11-16T09:00:00.000Z"));
        assert_eq!(since(HistoryRange::Days30, now), at("2026-10-24T09:00:00.000Z"));
        for range in [HistoryRange::Days7, HistoryRange::Days30] {
            assert_eq!(interval(range), HistoryInterval::Hourly);
        }
    }

    #[test]
    fn means_are_rounded_to_two_decimals() {
        let point =
            DataPoint { timestamp: Timestamp::MIN, cpu_percent: 33.333333, memory_percent: 0.005, disk_percent: 100.0 };
        let point = rounded(point);
        assert_eq!((point.cpu_percent, point.memory_percent, point.disk_percent), (33.33, 0.01, 100.0));
    }
}
