//! The one form of time on the wire: ISO 8601 in UTC with milliseconds, `2026-11-23T09:08:03.022Z`.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Length of the written form for the years 0 to 9999, in bytes.
pub const ISO_BYTES: usize = 24;
const MS_PER_DAY: i64 = 86_400_000;

/// A point in time, in milliseconds since 1970-01-01T00:00:00Z (leap seconds not counted).
///
/// Range: the years 0000 to 9999, which is what the written form can hold; see [`Timestamp::from_unix_ms`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 0000-01-01T00:00:00.000Z.
    pub const MIN: Self = Self(-62_167_219_200_000);
    /// 9999-12-31T23:59:59.999Z.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// 1970-01-01T00:00:00.000Z.
    pub const EPOCH: Self = Self(0);

    /// The point `ms` milliseconds after 1970-01-01; one outside the written form's range becomes its nearest end.
    pub fn from_unix_ms(ms: i64) -> Self {
        Self(ms.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Milliseconds since 1970-01-01, negative before it.
    pub fn unix_ms(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 with `Z` or a numeric offset, zero to nine fraction digits; what is finer than a millisecond
    /// is cut off.
    ///
    /// `None` for anything else: a missing zone, a 13th month, 30 February, or a year outside 0000 to 9999 in UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let year = digits(bytes, 0, 4)?;
        separator(bytes, 4, b"-")?;
        let month = digits(bytes, 5, 2)?;
        separator(bytes, 7, b"-")?;
        let day = digits(bytes, 8, 2)?;
        separator(bytes, 10, b"Tt ")?;
        let hour = digits(bytes, 11, 2)?;
        separator(bytes, 13, b":")?;
        let minute = digits(bytes, 14, 2)?;
        separator(bytes, 16, b":")?;
        let second = digits(bytes, 17, 2)?;
        let (ms, zone) = fraction_ms(bytes.get(19..)?)?;
        let offset_minutes = zone_minutes(zone)?;

        let in_range = (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        if !in_range {
            return None;
        }
        let minutes = (days_from_civil(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
        let unix_ms = (minutes * 60 + second) * 1000 + ms;
        (Self::MIN.0..=Self::MAX.0).contains(&unix_ms).then_some(Self(unix_ms))
    }
}

impl Timestamp {
    /// As the wire has it, without the formatting machinery: each sample holds several. `None` outside the years 0 to
    /// 9999.
    pub fn iso(self) -> Option<[u8; ISO_BYTES]> {
        let (year, month, day) = civil_from_days(self.0.div_euclid(MS_PER_DAY));
        let ms = self.0.rem_euclid(MS_PER_DAY);
        if !(0..=9999).contains(&year) {
            return None;
        }
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let numbers = [
            (0..4, year),
            (5..7, month),
            (8..10, day),
            (11..13, ms / 3_600_000),
            (14..16, ms / 60_000 % 60),
            (17..19, ms / 1000 % 60),
            (20..23, ms % 1000),
        ];
        for (place, mut number) in numbers {
            for digit in text[place].iter_mut().rev() {
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        }
        Some(text)
    }
}

/// As the wire has it; a year that the wire cannot have is named alone.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.iso() {
            Some(text) => f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?),
            None => write!(f, "in the year {}", civil_from_days(self.0.div_euclid(MS_PER_DAY)).0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let outside = || serde::ser::Error::custom("time outside the years 0 to 9999");
        let text = self.iso().ok_or_else(outside)?;
        serializer.serialize_str(str::from_utf8(&text).map_err(|_| outside())?)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an ISO 8601 time such as \"2026-11-23T09:08:03.022Z\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

fn digits(bytes: &[u8], start: usize, count: usize) -> Option<i64> {
    bytes
        .get(start..start + count)?
        .iter()
        .try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0')))
}

fn separator(bytes: &[u8], at: usize, allowed: &[u8]) -> Option<()> {
    allowed.contains(bytes.get(at)?).then_some(())
}

/// Splits `.022Z` into 22 and `Z`; without a point, the fraction is 0.
fn fraction_ms(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let Some(fraction) = bytes.strip_prefix(b".") else {
        return Some((0, bytes));
    };
    let count = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let (fraction, zone) = fraction.split_at(count);
    let ms = (0..3).fold(0, |ms, i| ms * 10 + i64::from(fraction.get(i).map_or(0, |digit| digit - b'0')));
    Some((ms, zone))
}

fn zone_minutes(zone: &[u8]) -> Option<i64> {
    let (sign, rest) = match zone {
        b"Z" | b"z" => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = (digits(rest, 0, 2)?, digits(rest, 3, 2)?);
    separator(rest, 2, b":")?;
    (rest.len() == 5 && hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar. Years run from March, so that the leap day comes last.
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`], from the same source.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[test]
    fn the_example_of_the_contract_reads_and_writes_back() {
        let time = Timestamp::parse("2026-11-23T09:08:03.022Z").unwrap();
        assert_eq!(time.unix_ms(), 1_795_424_883_022);
        assert_eq!(time.to_string(), "2026-11-23T09:08:03.022Z");
    }

    #[test]
    fn days_throughout_ten_thousand_years_round_trip() {
        let mut ms = Timestamp::MIN.0 + 12_345;
        while ms <= Timestamp::MAX.0 {
            let time = Timestamp(ms);
            assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
            ms += 3 * MS_PER_DAY;
        }
    }

    #[test]
    fn offsets_and_fractions_are_understood() {
        let ms = |text| Timestamp::parse(text).map(Timestamp::unix_ms);
        assert_eq!(ms("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(ms("1969-12-31T23:30:00.5-00:30"), Some(500));
        assert_eq!(ms("1970-01-01T00:00:00.123456789Z"), Some(123));
        assert_eq!(ms("2024-02-29T00:00:00Z"), Some(1_709_164_800_000));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "Z",
            "2026",
            "2026-11-23",
            "2026-11-23T09:08:03",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2026-11-31T00:00:00Z",
            "2026-11-23T24:00:00Z",
            "2026-11-23T09:60:00Z",
            "2026-11-23T09:08:61Z",
            "2026-11-23T09:08:03.Z",
            "2026-11-23T09:08:03.0123456789Z",
            "2026-11-23T09:08:03Zx",
            "2026-11-23T09:08:03+1:00",
            "2026-11-23T09:08:03+01:00x",
            "+026-11-23T09:08:03Z",
            "0000-01-01T00:00:00+23:59",
            "9999-12-31T23:59:59-00:01",
            "2026-11-23T09:08:0é",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text:?}");
        }
    }
}
