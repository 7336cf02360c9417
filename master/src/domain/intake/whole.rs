//! A body in which everything is as it should be, in one pass.
//!
//! Nearly every body is. Taken element by element, so that a fault can be named and costs itself alone, each is read
//! twice, and its readings once more for their ranges; that is left to the bodies in which something is found here.
//! What is accepted here is accepted there, and the same; a test holds the two against each other.

use std::fmt;
use std::marker::PhantomData;

use neon_shared::metrics::ServerMetrics;
use neon_shared::time::Timestamp;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::ser::{self, Impossible, SerializeSeq, SerializeStruct};
use serde::{Deserialize, Deserializer, Serialize};

use super::readings::{LIST_MAX_ELEMENTS, number_holds};
use super::{TEXT_MAX_BYTES, Times, check_sample, text};
use crate::model::{Readings, Sample};

/// The samples of a body of which nothing is to be refused; `None` for any other.
pub fn samples(body: &[u8], times: Times) -> Option<Vec<Sample>> {
    #[derive(Deserialize)]
    struct Body {
        metrics: Vec<Object<ServerMetrics<Object<Readings>>>>,
    }
    // Also what is skipped has to be UTF-8.
    let body = std::str::from_utf8(body).ok()?;
    let Object(Body { metrics }) = serde_json::from_str(body).ok()?;
    if metrics.is_empty() {
        return None;
    }
    metrics.into_iter().map(|Object(sample)| checked(sample, times)).collect()
}

/// The agent's version of a heartbeat of which nothing is to be refused; `None` for any other.
pub fn heartbeat(body: &[u8]) -> Option<Option<String>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        #[serde(rename = "timestamp")]
        _timestamp: Option<Timestamp>,
        agent_version: Option<String>,
    }
    let body = std::str::from_utf8(body).ok()?;
    let Object(Body { agent_version, .. }) = serde_json::from_str(body).ok()?;
    text(agent_version.as_deref().unwrap_or_default(), TEXT_MAX_BYTES).ok()?;
    Some(agent_version)
}

fn checked(sample: ServerMetrics<Object<Readings>>, times: Times) -> Option<Sample> {
    check_sample(&sample, times).ok()?;
    if let Some(Object(readings)) = &sample.readings {
        readings.serialize(Check { field: "" }).ok()?;
    }
    let ServerMetrics {
        timestamp,
        cpu_percent,
        memory_percent,
        disk_percent,
        memory_used_gb,
        memory_total_gb,
        disk_used_gb,
        disk_total_gb,
        network_rx_bytes,
        network_tx_bytes,
        readings,
    } = sample;
    Some(ServerMetrics {
        timestamp,
        cpu_percent,
        memory_percent,
        disk_percent,
        memory_used_gb,
        memory_total_gb,
        disk_used_gb,
        disk_total_gb,
        network_rx_bytes,
        network_tx_bytes,
        readings: readings.map(|Object(readings)| readings),
    })
}

/// A struct that was written as a JSON object. serde would take an array as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }

        deserializer.deserialize_map(Fields(PhantomData))
    }
}

/// Checks the ranges of whatever is written to it, by the names of the fields.
#[derive(Clone, Copy)]
struct Check {
    field: &'static str,
}

impl Check {
    fn holds(self, value: f64, count: Option<u64>) -> Result<(), Fault> {
        if number_holds(self.field, value, count) { Ok(()) } else { Err(Fault) }
    }
}

/// Something is out of its range; which is not asked here.
#[derive(Debug)]
struct Fault;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of range")
    }
}

impl std::error::Error for Fault {}

impl ser::Error for Fault {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

macro_rules! whole_numbers {
    ($($method:ident $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), Fault> {
            self.holds(value as f64, u64::try_from(value).ok())
        })*
    };
}

/// None of these is in readings; should one ever be, its body is taken the other way.
macro_rules! unexpected {
    ($($method:ident ($($argument:ty),*) -> $result:ty;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$result, Fault> {
            Err(Fault)
        })*
    };
}

impl ser::Serializer for Check {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = List;
    type SerializeStruct = Self;
    type SerializeTuple = Impossible<(), Fault>;
    type SerializeTupleStruct = Impossible<(), Fault>;
    type SerializeTupleVariant = Impossible<(), Fault>;
    type SerializeMap = Impossible<(), Fault>;
    type SerializeStructVariant = Impossible<(), Fault>;

    whole_numbers!(serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_i8 i8,
        serialize_i16 i16, serialize_i32 i32, serialize_i64 i64);

    fn serialize_f32(self, value: f32) -> Result<(), Fault> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Fault> {
        if value.is_finite() { self.holds(value, None) } else { Err(Fault) }
    }

    fn serialize_bool(self, _: bool) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Fault> {
        text(value, TEXT_MAX_BYTES).map_err(|_| Fault)
    }

    /// Times, which are as long as times are.
    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<List, Fault> {
        match length {
            Some(length) if length <= LIST_MAX_ELEMENTS => Ok(List(self)),
            _ => Err(Fault),
        }
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Fault> {
        Ok(self)
    }

    unexpected! {
        serialize_char(char) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Fault> {
        Err(Fault)
    }
}

impl SerializeStruct for Check {
    type Ok = ();
    type Error = Fault;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, field: &'static str, value: &T) -> Result<(), Fault> {
        value.serialize(Check { field })
    }

    fn end(self) -> Result<(), Fault> {
        Ok(())
    }
}

/// Elements are called as their list.
struct List(Check);

impl SerializeSeq for List {
    type Ok = ();
    type Error = Fault;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        value.serialize(self.0)
    }

    fn end(self) -> Result<(), Fault> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{element_by_element, heartbeat_with_reason};
    use super::*;

    const NOW: &str = "2026-11-23T09:08:04.000Z";
    const SAMPLE: &str = r#"{"timestamp":"2026-11-23T09:08:03.022Z","cpuPercent":14.85,"memoryPercent":3.09,"diskPercent":6.31,"memoryUsedGb":0.73,"memoryTotalGb":23.54,"diskUsedGb":47.7,"diskTotalGb":755.92,"networkRxBytes":443323758,"networkTxBytes":986331,"readings":READINGS}"#;
    const READINGS: &str = include_str!("../../../tests/fixtures/readings.json");
    const TOKENS: [&str; 22] = [
        "null",
        "-1",
        "1e308",
        "\"\"",
        "\\u0000",
        "{}",
        "[]",
        "true",
        "0",
        "9223372036854775808",
        "\\ud800",
        ",",
        "\"",
        "é",
        ":",
        "101",
        "-273.16",
        "\"later\":[[1],{}],",
        "\"load1\":1,",
        "NaN",
        "1e400",
        "\u{1}",
    ];

    fn now() -> Times {
        Timestamp::parse(NOW).unwrap().into()
    }

    fn mutated(body: &str, random: &mut fastrand::Rng) -> Vec<u8> {
        let mut body = body.as_bytes().to_vec();
        for _ in 0..random.usize(0..3) {
            let at = random.usize(0..body.len());
            match random.u8(0..5) {
                0 => body[at] = random.u8(..),
                1 => drop(body.remove(at)),
                2 => drop(body.splice(at..at, random.choice(TOKENS).unwrap().bytes())),
                _ => {
                    let Some(from) = body[at..].iter().position(u8::is_ascii_digit).map(|place| at + place) else {
                        continue;
                    };
                    let length = body[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                    drop(body.splice(from..from + length, random.choice(TOKENS).unwrap().bytes()));
                }
            }
        }
        body
    }

    #[test]
    fn what_is_accepted_in_one_pass_is_accepted_element_by_element_and_the_same() {
        let random = &mut fastrand::Rng::with_seed(20_261_124);
        let sample = SAMPLE.replace("READINGS", READINGS.trim());
        let one = format!(r#"{{"metrics":[{sample}]}}"#);
        let two = format!(r#"{{"metrics":[{},{}]}}"#, sample, SAMPLE.replace(",\"readings\":READINGS", ""));
        let (mut whole, mut not) = (0, 0);
        for round in 0..1500 {
            let body = mutated(if round % 2 == 0 { &one } else { &two }, random);
            let slow = element_by_element(&body, now());
            let shown = String::from_utf8_lossy(&body);
            match samples(&body, now()) {
                Some(accepted) => {
                    let slow = slow.unwrap_or_else(|reason| panic!("{reason}: {shown}"));
                    assert_eq!((&slow.accepted, slow.summary()), (&accepted, None), "{shown}");
                    whole += 1;
                }
                None => {
                    assert!(
                        slow.map_or(true, |slow| slow.summary().is_some()),
                        "taken the long way for nothing: {shown}"
                    );
                    not += 1;
                }
            }
        }
        assert!(whole > 300 && not > 300, "{whole} {not}");
    }

    #[test]
    fn an_array_is_no_object() {
        let values = "[\"2026-11-23T09:08:03.022Z\",1,1,1,1,1,1,1,1,1,null]";
        assert_eq!(samples(format!(r#"{{"metrics":[{values}]}}"#).as_bytes(), now()), None);
        assert_eq!(samples(format!("[[{}]]", SAMPLE.replace("READINGS", "null")).as_bytes(), now()), None);
        assert_eq!(samples(format!(r#"{{"metrics":[{}]}}"#, SAMPLE.replace("READINGS", "[]")).as_bytes(), now()), None);
        assert!(
            samples(format!(r#"{{"metrics":[{}]}}"#, SAMPLE.replace("READINGS", "null")).as_bytes(), now()).is_some()
        );
        assert_eq!(heartbeat(b"[]"), None);
    }

    #[test]
    fn a_heartbeat_in_one_pass_is_that_with_a_reason() {
        let random = &mut fastrand::Rng::with_seed(1);
        let body = format!(r#"{{"timestamp":"{NOW}","agentVersion":"0.1.0"}}"#);
        for _ in 0..3000 {
            let body = mutated(&body, random);
            assert_eq!(heartbeat(&body), heartbeat_with_reason(&body).ok(), "{}", String::from_utf8_lossy(&body));
        }
    }
}
