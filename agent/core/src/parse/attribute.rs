//! Files of one value, under `/sys` and `/proc/sys`.
//!
//! Source: kernel document filesystems/sysfs: a value as text and a line feed.

use super::{Fault, FaultKind, first_line, number};

/// A number that is not negative. Errors: `Missing` for an empty or cut file, `Number`.
pub fn unsigned(bytes: &[u8]) -> Result<u64, Fault> {
    number(value(bytes)?).ok_or(Fault { kind: FaultKind::Number, line: 1 })
}

/// A number that may be negative; `i64::MIN` is refused, its magnitude being past `i64`. Errors: as [`unsigned`].
pub fn signed(bytes: &[u8]) -> Result<i64, Fault> {
    let value = value(bytes)?;
    let fault = Fault { kind: FaultKind::Number, line: 1 };
    let magnitude = |digits| number(digits).and_then(|magnitude| i64::try_from(magnitude).ok()).ok_or(fault);
    match value.strip_prefix(b"-") {
        Some(digits) => magnitude(digits).map(i64::saturating_neg),
        None => magnitude(value),
    }
}

/// `operstate` of an interface: whether it can pass traffic.
///
/// Source: kernel document networking/operstates. `None` where the driver does not say (`unknown`), and for a state
/// that no kernel of today writes.
pub fn operstate(bytes: &[u8]) -> Option<bool> {
    match value(bytes).ok()? {
        b"up" => Some(true),
        b"notpresent" | b"down" | b"lowerlayerdown" | b"testing" | b"dormant" => Some(false),
        _ => None,
    }
}

fn value(bytes: &[u8]) -> Result<&[u8], Fault> {
    let value = first_line(bytes).trim_ascii();
    if value.is_empty() { Err(Fault { kind: FaultKind::Missing, line: 1 }) } else { Ok(value) }
}

#[cfg(test)]
mod tests {
    use super::super::cuts;
    use super::*;

    const NUMBER: Fault = Fault { kind: FaultKind::Number, line: 1 };
    const MISSING: Fault = Fault { kind: FaultKind::Missing, line: 1 };

    #[test]
    fn numbers_are_read_with_the_sign_they_may_have() {
        assert_eq!(unsigned(b"262144\n"), Ok(262_144));
        assert_eq!(signed(b"45000\n"), Ok(45_000));
        assert_eq!(signed(b"-5500\n"), Ok(-5_500));
        assert_eq!(signed(b"9223372036854775807\n"), Ok(i64::MAX));
        assert_eq!(signed(b"-9223372036854775807\n"), Ok(-i64::MAX));
    }

    #[test]
    fn the_speed_of_a_link_that_is_down_is_no_unsigned_number() {
        assert_eq!(unsigned(b"-1\n"), Err(NUMBER));
    }

    #[test]
    fn what_is_no_number_is_a_fault() {
        for bad in [&b"x\n"[..], b"--1\n", b"-\n", b"1 2\n", b"0x10\n", b"99999999999999999999\n"] {
            assert_eq!((unsigned(bad), signed(bad)), (Err(NUMBER), Err(NUMBER)), "{bad:?}");
        }
        assert_eq!(signed(b"9223372036854775808\n"), Err(NUMBER));
        assert_eq!(signed(b"-9223372036854775808\n"), Err(NUMBER));
        assert_eq!((unsigned(b""), signed(b"\n")), (Err(MISSING), Err(MISSING)));
    }

    #[test]
    fn a_read_cut_anywhere_gives_nothing() {
        assert!(cuts(b"-1234567\n").all(|cut| unsigned(cut).is_err() && signed(cut) == Err(MISSING)));
        assert!(cuts(b"up\n").all(|cut| operstate(cut).is_none()));
    }

    #[test]
    fn a_link_is_up_down_or_does_not_say() {
        assert_eq!(operstate(b"up\n"), Some(true));
        for down in [&b"down\n"[..], b"lowerlayerdown\n", b"dormant\n", b"notpresent\n", b"testing\n"] {
            assert_eq!(operstate(down), Some(false));
        }
        for unsaid in [&b"unknown\n"[..], b"\n", b"", b"UP\n", b"up up\n", b"\xff\n"] {
            assert_eq!(operstate(unsaid), None);
        }
    }
}
