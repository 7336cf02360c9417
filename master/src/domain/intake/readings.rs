//! What a sample says beyond its fixed fields: taken whole or not at all.
//!
//! The ranges follow from the names, which say the unit (`docs/wire.md`): a "Percent" is a share, everything else that
//! is a number is a count or an amount. So a reading that is added to `neon_shared` is checked without a line here.

use serde_json::value::RawValue;
use serde_json::{Number, Value};

use super::{TEXT_MAX_BYTES, object, text};
use crate::model::Readings;

/// Most elements of one list: four times the processors an agent tells apart, and no agent sends more of anything.
pub(super) const LIST_MAX_ELEMENTS: usize = 1024;
/// Nothing is colder.
const CELSIUS_MIN: f64 = -273.15;

/// Reads the readings of one sample.
///
/// Errors: the first field that does not hold, with its path: `readings.cpu.userPercent: must be …`.
pub fn readings(raw: &RawValue) -> Result<Readings, String> {
    let within = |reason: String| match reason.split_once(": ") {
        // `object` has no path to name where the whole is meant.
        None => format!("readings: {reason}"),
        Some(_) => format!("readings.{reason}"),
    };
    let readings: Readings = object(raw).map_err(within)?;
    let value = serde_json::to_value(&readings).map_err(|error| format!("readings: {error}"))?;
    check("", &value).map_err(|fault| format!("readings{}: {}", fault.path, fault.why))?;
    Ok(readings)
}

/// Where a value does not hold, `.disks[3].rates`, and why.
struct Fault {
    path: String,
    why: String,
}

/// Checks `value`, which stands under `name`. Recurses as deep as [`Readings`] does, which is four.
fn check(name: &str, value: &Value) -> Result<(), Fault> {
    let here = |why: String| Fault { path: String::new(), why };
    match value {
        Value::Bool(_) => Ok(()),
        // What is absent is left out, so this is how a number that is not finite is written.
        Value::Null => Err(here("must be a finite number".to_owned())),
        Value::Number(number) => check_number(name, number).map_err(here),
        Value::String(value) => text(value, TEXT_MAX_BYTES).map_err(here),
        Value::Array(list) if list.len() > LIST_MAX_ELEMENTS => {
            Err(here(format!("must have at most {LIST_MAX_ELEMENTS} elements, got {}", list.len())))
        }
        Value::Array(list) => list.iter().enumerate().try_for_each(|(index, element)| {
            check(name, element).map_err(|fault| Fault { path: format!("[{index}]{}", fault.path), ..fault })
        }),
        Value::Object(fields) => fields.iter().try_for_each(|(name, field)| {
            check(name, field).map_err(|fault| Fault { path: format!(".{name}{}", fault.path), ..fault })
        }),
    }
}

fn check_number(name: &str, number: &Number) -> Result<(), String> {
    let value = number.as_f64().unwrap_or(f64::NAN);
    if number_holds(name, value, number.as_u64()) {
        return Ok(());
    }
    // A float of the readings has 32 bits; widened it would be quoted with digits that nobody sent.
    let shown = if number.is_f64() { (value as f32).to_string() } else { number.to_string() };
    Err(match Range::of(name) {
        Range::Percent => format!("must be between 0 and 100, got {shown}"),
        Range::Celsius => format!("must be at least {CELSIUS_MIN}, got {shown}"),
        Range::Amount if value < 0.0 => format!("must not be negative, got {shown}"),
        Range::Amount | Range::Difference => format!("must be at most {}, got {shown}", i64::MAX),
    })
}

/// Whether a number may stand under `name`; `count` is the number where it is a whole one that is not negative.
pub(super) fn number_holds(name: &str, value: f64, count: Option<u64>) -> bool {
    let fits = count.is_none_or(|count| i64::try_from(count).is_ok());
    match Range::of(name) {
        Range::Percent => (0.0..=100.0).contains(&value),
        Range::Celsius => value >= CELSIUS_MIN,
        Range::Amount => value >= 0.0 && fits,
        Range::Difference => fits,
    }
}

enum Range {
    Percent,
    Celsius,
    /// Counts and amounts.
    Amount,
    /// The one difference among them: it has a side.
    Difference,
}

impl Range {
    fn of(name: &str) -> Self {
        match name {
            "celsius" => Self::Celsius,
            "clockOffsetMilliseconds" => Self::Difference,
            name if name.ends_with("Percent") => Self::Percent,
            _ => Self::Amount,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::full_readings;

    /// The same as [`full_readings`], as an agent sends it; also what the tests from outside send, and a fuzz seed.
    const FULL: &str = include_str!("../../../tests/fixtures/readings.json");

    fn read(text: &str) -> Result<Readings, String> {
        readings(serde_json::from_str(text).unwrap())
    }

    /// [`full_readings`] with another value at `pointer`.
    fn with(pointer: &str, value: Value) -> Result<Readings, String> {
        let mut full = serde_json::to_value(full_readings()).unwrap();
        *full.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        read(&full.to_string())
    }

    #[test]
    fn the_fixture_is_every_reading_there_is() {
        assert_eq!(serde_json::to_string(&full_readings()).unwrap(), FULL.trim_end());
        assert_eq!(read(FULL), Ok(full_readings()));
    }

    #[test]
    fn a_host_that_has_nothing_says_nothing() {
        assert_eq!(read("{}"), Ok(Readings::default()));
    }

    #[test]
    fn what_this_version_does_not_know_is_skipped() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let newer = FULL.replacen('{', &format!(r#"{{"entropyBits":256,"later":{deep},"#), 1);
        assert_eq!(read(&newer), Ok(full_readings()));
        let newer = FULL.replacen(r#""cpu":{"#, r#""cpu":{"guestPercent":7000,"#, 1);
        assert_eq!(read(&newer), Ok(full_readings()));
    }

    #[test]
    fn bad_readings_are_refused_by_the_path_of_their_field() {
        let long = "x".repeat(4097);
        for (pointer, value, reason) in [
            ("/cpu/userPercent", json!(100.01), "readings.cpu.userPercent: must be between 0 and 100, got 100.01"),
            ("/cores/1/irqPercent", json!(-0.5), "readings.cores[1].irqPercent: must be between 0 and 100, got -0.5"),
            ("/pressure/io/full/avg10Percent", json!(101), "readings.pressure.io.full.avg10Percent: must be between"),
            ("/disks/0/rates/utilisationPercent", json!(1e9), "readings.disks[0].rates.utilisationPercent: must be"),
            ("/load1", json!(-1), "readings.load1: must not be negative, got -1"),
            ("/agent/samplesBuffered", json!(-1), "readings.agent.samplesBuffered: invalid value: integer `-1`"),
            ("/agent/clockOffsetMilliseconds", json!(0.5), "readings.agent.clockOffsetMilliseconds: invalid type"),
            (
                "/agent/clockOffsetMilliseconds",
                json!(i64::MAX as u64 + 1),
                "readings.agent.clockOffsetMilliseconds: inv",
            ),
            ("/agent/samplesDroppedFrom", json!("then"), "readings.agent.samplesDroppedFrom: invalid value"),
            ("/load1", json!(1e300), "readings.load1: number out of range"),
            ("/load1", json!("1"), "readings.load1: invalid type: string \"1\", expected f32"),
            ("/temperatures/0/celsius", json!(-274), "readings.temperatures[0].celsius: must be at least -273.15"),
            ("/temperatures/0/celsius", json!(-1e300), "readings.temperatures[0].celsius: number out of range"),
            ("/processes", json!(-1), "readings.processes: invalid value: integer `-1`, expected u64"),
            ("/processes", json!(1.5), "readings.processes: invalid type: floating point `1.5`, expected u64"),
            (
                "/openFiles",
                json!(i64::MAX as u64 + 1),
                "readings.openFiles: must be at most 9223372036854775807, got 922",
            ),
            ("/coresLeftOut", json!(u64::from(u32::MAX) + 1), "readings.coresLeftOut: invalid value"),
            ("/bootedAt", json!("yesterday"), "readings.bootedAt: invalid value: string \"yesterday\""),
            ("/bootId", json!("a\0b"), "readings.bootId: must not contain a NUL character"),
            (
                "/mounts/0/mountPoint",
                json!(long),
                "readings.mounts[0].mountPoint: must be at most 4096 bytes long, got 4097",
            ),
            ("/mounts/0/readOnly", json!(0), "readings.mounts[0].readOnly: invalid type"),
            ("/mounts/0", json!({}), "readings.mounts[0].mountPoint: is missing"),
            ("/agent/sources", json!(null), "readings.agent.sources: invalid type: null"),
            (
                "/fans",
                json!(vec![json!({"chip": "", "sensor": "", "revolutionsPerMinute": 0}); 1025]),
                "readings.fans: must have at most 1024 elements, got 1025",
            ),
            ("", json!([]), "readings: must be a JSON object"),
            ("", json!(7), "readings: must be a JSON object"),
        ] {
            let error = with(pointer, value).unwrap_err();
            assert!(error.starts_with(reason), "{pointer}: {error}");
        }
        let twice = FULL.replacen('{', r#"{"load1":1,"#, 1);
        assert_eq!(read(&twice).unwrap_err(), "readings: duplicate field `load1`");
    }

    #[test]
    fn the_edges_of_the_ranges_pass() {
        for (pointer, value) in [
            ("/cpu/userPercent", json!(0)),
            ("/cpu/userPercent", json!(100)),
            ("/temperatures/0/celsius", json!(-273.15)),
            ("/openFiles", json!(i64::MAX)),
            ("/agent/clockOffsetMilliseconds", json!(i64::MIN)),
            ("/agent/clockOffsetMilliseconds", json!(i64::MAX)),
            ("/coresLeftOut", json!(u32::MAX)),
            ("/bootId", json!("x".repeat(4096))),
            ("/fans", json!(vec![json!({"chip": "", "sensor": "", "revolutionsPerMinute": 0}); 1024])),
            ("/fans", json!([])),
            ("/cpu", json!(null)),
        ] {
            assert!(with(pointer, value.clone()).is_ok(), "{pointer} {value}: {:?}", with(pointer, value.clone()));
        }
    }
}
