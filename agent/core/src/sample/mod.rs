//! Parsed values to the readings of the wire: previous and current counters to shares, bytes to GiB, sums over disks
//! and interfaces. Pure; the host's clock, ticks and page size never appear, since shares do not need them.

pub mod container;
pub mod cpu;
pub mod disk;
pub mod network;

const BYTES_PER_GIB: f64 = (1u64 << 30) as f64;

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
    fn odd_shares_stay_in_range() {
        assert_eq!(percent(5, 0), 0.0);
        assert_eq!(percent(7, 5), 100.0);
        assert_eq!(percent(u64::MAX, u64::MAX), 100.0);
        assert_eq!(gib(u64::MAX), 17_179_869_184.0);
    }
}
