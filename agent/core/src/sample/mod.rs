//! Parsed values to the readings of the wire: previous and current counters to shares and rates, bytes to GiB, sums
//! over disks and interfaces. Pure: elapsed time and page size are arguments. A counter that is lower than last time
//! starts a new baseline; it never gives a negative or absurd rate.

use crate::parse::Fault;

pub mod container;
pub mod cpu;
pub mod disk;
pub mod host;
pub mod mounts;
pub mod network;

/// A list that is filled anew with each sample, in the places of the one before: they keep their texts, which mostly
/// stay the same.
#[derive(Debug)]
struct Places<T, const N: usize> {
    places: heapless::Vec<T, N>,
    /// Those of this sample are `places[..filled]`.
    filled: usize,
}

impl<T: Default, const N: usize> Places<T, N> {
    const fn new() -> Self {
        Self { places: heapless::Vec::new(), filled: 0 }
    }

    fn clear(&mut self) {
        self.filled = 0;
    }

    /// The next place, with what it held before or the default, to be filled altogether; `None` when all are taken.
    fn next(&mut self) -> Option<&mut T> {
        if self.filled == self.places.len() {
            self.places.push(T::default()).ok()?;
        }
        let place = self.places.get_mut(self.filled)?;
        self.filled += 1;
        Some(place)
    }

    fn filled(&self) -> &[T] {
        self.places.get(..self.filled).unwrap_or_default()
    }

    fn filled_mut(&mut self) -> &mut [T] {
        self.places.get_mut(..self.filled).unwrap_or_default()
    }
}

const BYTES_PER_GIB: f64 = (1u64 << 30) as f64;

/// Takes every good line; the first fault is the error.
fn each<T>(lines: impl Iterator<Item = Result<T, Fault>>, mut take: impl FnMut(T)) -> Result<(), Fault> {
    let mut first = Ok(());
    for line in lines {
        match line {
            Ok(line) => take(line),
            Err(fault) => first = first.and(Err(fault)),
        }
    }
    first
}

/// `bytes` in GiB, rounded to two decimals.
pub fn gib(bytes: u64) -> f64 {
    hundredths(bytes as f64 / BYTES_PER_GIB)
}

/// `part` of `whole` in percent, 0 to 100, rounded to two decimals; 0 of nothing is 0.
pub fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    hundredths((part as f64 / whole as f64 * 100.0).min(100.0))
}

/// `part` of `whole` in percent, 0 to 100, rounded to two decimals; 0 of nothing is 0.
///
/// In single precision the shortest text that gives back a number of up to seven digits is the number as it was
/// rounded, so the wire shows two decimals.
fn percent32(part: u64, whole: u64) -> f32 {
    ratio32(part.min(whole), whole, 100)
}

/// `part` × `factor` / `whole` with two decimals; 0 of nothing is 0. What is past the range of its parts stops there.
fn ratio32(part: u64, whole: u64, factor: u64) -> f32 {
    let hundredths = part.saturating_mul(factor * 100).saturating_add(whole / 2).checked_div(whole).unwrap_or(0);
    hundredths as f32 / 100.0
}

/// Rounds to two decimals. `core` has no `round`, and the values are never negative, so adding a half and cutting
/// does it; past 2^53 hundredths a double has no decimals to round.
fn hundredths(value: f64) -> f64 {
    let scaled = value * 100.0 + 0.5;
    if scaled < 9e15 { (scaled as u64) as f64 / 100.0 } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_decimals_as_the_contract_writes_them() {
        assert_eq!(gib(24_689_764 * 1024), 23.55);
        assert_eq!(gib(0), 0.0);
        assert_eq!(percent(1, 3), 33.33);
        assert_eq!(percent(2, 3), 66.67);
    }

    #[test]
    fn single_precision_shows_two_decimals() {
        extern crate std;
        for (part, whole, text) in [(1485, 10_000, "14.85"), (2, 3, "66.67"), (7, 5, "100"), (0, 9, "0"), (1, 0, "0")] {
            assert_eq!(std::format!("{}", percent32(part, whole)), text);
        }
        assert_eq!(ratio32(u64::MAX, 1, 1000), u64::MAX as f32 / 100.0);
    }

    #[test]
    fn odd_shares_stay_in_range() {
        assert_eq!(percent(5, 0), 0.0);
        assert_eq!(percent(7, 5), 100.0);
        assert_eq!(percent(u64::MAX, u64::MAX), 100.0);
        assert_eq!(gib(u64::MAX), 17_179_869_184.0);
    }
}
