//! A value of any type that serde can read, from the bytes of a fuzzer: no list of fields to keep in step.

use std::fmt;

use arbitrary::Unstructured;
use neon_shared::time::Timestamp;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Most elements of a list.
const ELEMENTS_MAX: usize = 4;
/// Fields whose text is a time.
const TIMES: [&str; 4] = ["timestamp", "bootedAt", "samplesDroppedFrom", "samplesDroppedUntil"];

/// Deserializes from chance. Numbers are finite, since JSON has no others.
pub struct Dice<'d, 'a> {
    input: &'d mut Unstructured<'a>,
    is_time: bool,
}

impl<'d, 'a> Dice<'d, 'a> {
    /// Dice that throw what `input` says, and zeroes and nothing when it is at its end.
    pub fn new(input: &'d mut Unstructured<'a>) -> Self {
        Self { input, is_time: false }
    }

    fn throw<T: arbitrary::Arbitrary<'a> + Default>(&mut self) -> T {
        self.input.arbitrary().unwrap_or_default()
    }

    fn again(&mut self) -> Dice<'_, 'a> {
        Dice::new(self.input)
    }

    /// Hundredths, as most numbers of the wire are, or any finite number.
    fn finite(&mut self) -> f64 {
        let any = f64::from_bits(self.throw());
        if self.throw() && any.is_finite() { any } else { f64::from(self.throw::<u32>()) / 100.0 }
    }
}

/// Why there is no value; only a type that asks for more than dice have gets one.
#[derive(Debug)]
pub struct Unsupported(String);

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsupported {}

impl de::Error for Unsupported {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self(text.to_string())
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty),*) => {
        $(fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Unsupported> {
            visitor.$visit(self.throw::<$type>())
        })*
    };
}

impl<'de> de::Deserializer<'de> for Dice<'_, '_> {
    type Error = Unsupported;

    numbers!(deserialize_bool visit_bool bool, deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64,
        deserialize_i64 visit_i64 i64);

    fn deserialize_f32<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Unsupported> {
        let number = self.finite() as f32;
        visitor.visit_f32(if number.is_finite() { number } else { 0.0 })
    }

    fn deserialize_f64<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Unsupported> {
        visitor.visit_f64(self.finite())
    }

    fn deserialize_str<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Unsupported> {
        if self.is_time {
            return visitor.visit_str(&Timestamp::from_unix_ms(self.throw()).to_string());
        }
        visitor.visit_str(&self.throw::<String>())
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Unsupported> {
        if self.throw() { visitor.visit_some(self) } else { visitor.visit_none() }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unsupported> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unsupported> {
        let left = self.input.int_in_range(0..=ELEMENTS_MAX).unwrap_or_default();
        visitor.visit_seq(List { dice: self, left })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unsupported> {
        visitor.visit_map(Struct { dice: self, fields: fields.iter(), is_time: false })
    }

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Unsupported> {
        Err(Unsupported("a type that dice do not know".into()))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u128 char bytes byte_buf unit unit_struct tuple tuple_struct map enum identifier
        ignored_any
    }
}

struct List<'d, 'a> {
    dice: Dice<'d, 'a>,
    left: usize,
}

impl<'de> SeqAccess<'de> for List<'_, '_> {
    type Error = Unsupported;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unsupported> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(self.dice.again()).map(Some)
    }
}

/// All fields of a struct, in order.
struct Struct<'d, 'a> {
    dice: Dice<'d, 'a>,
    fields: std::slice::Iter<'static, &'static str>,
    is_time: bool,
}

impl<'de> MapAccess<'de> for Struct<'_, '_> {
    type Error = Unsupported;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unsupported> {
        let Some(field) = self.fields.next() else { return Ok(None) };
        self.is_time = TIMES.contains(field);
        seed.deserialize(de::value::StrDeserializer::new(field)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unsupported> {
        let is_time = self.is_time;
        seed.deserialize(Dice { is_time, ..self.dice.again() })
    }
}
