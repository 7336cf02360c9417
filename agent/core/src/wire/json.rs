//! Values to JSON in a caller's buffer: a serde serializer for what the wire needs.
//!
//! Source: RFC 8259. Written for the hot path: the name of a field is copied in one piece, text in runs between the
//! characters that need escapes, and numbers digit by digit into their place. Numbers with two decimals, which is what
//! the wire's shares and sizes are, are written from integers; any other in the shortest form that gives them back.
//! Refuses what the wire has not: bytes, maps whose keys are no text.

use core::fmt::{self, Display, Write};

use serde::ser::{self, Serialize};

use super::Full;

/// Largest magnitude that is written with two decimals from an integer; up to it hundredths are exact in a double.
const HUNDREDTHS_MAX: f64 = 1e13;

/// Writes `value` to the start of `buffer`; its length. Errors: `Full`, with the beginning left in the buffer.
pub fn to_slice(value: &(impl Serialize + ?Sized), buffer: &mut [u8]) -> Result<usize, Full> {
    let mut writer = Writer { buffer, length: 0 };
    value.serialize(&mut writer)?;
    Ok(writer.length)
}

struct Writer<'b> {
    buffer: &'b mut [u8],
    length: usize,
}

impl Writer<'_> {
    /// The next `length` bytes of the buffer, which the caller writes.
    #[inline(always)]
    fn room(&mut self, length: usize) -> Result<&mut [u8], Full> {
        let end = self.length.checked_add(length).ok_or(Full)?;
        let room = self.buffer.get_mut(self.length..end).ok_or(Full)?;
        self.length = end;
        Ok(room)
    }

    #[inline(always)]
    fn push(&mut self, bytes: &[u8]) -> Result<(), Full> {
        self.room(bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// `,"name":`. The names of fields are plain. The first comma becomes the opening bracket at the end.
    #[inline(always)]
    fn name(&mut self, name: &'static str) -> Result<(), Full> {
        let room = self.room(name.len() + 4)?;
        let (opening, rest) = room.split_first_chunk_mut::<2>().ok_or(Full)?;
        let (letters, closing) = rest.split_last_chunk_mut::<2>().ok_or(Full)?;
        *opening = *b",\"";
        letters.copy_from_slice(name.as_bytes());
        *closing = *b"\":";
        Ok(())
    }

    /// Digits into their place, the last two first.
    fn number(&mut self, mut value: u64) -> Result<(), Full> {
        let mut pairs = self.room(digits(value))?.rchunks_exact_mut(2);
        for pair in pairs.by_ref() {
            pair.copy_from_slice(&PAIRS[(value % 100) as usize]);
            value /= 100;
        }
        if let [first] = pairs.into_remainder() {
            *first = b'0' + (value % 10) as u8;
        }
        Ok(())
    }

    fn signed(&mut self, value: i64) -> Result<(), Full> {
        if value < 0 {
            self.push(b"-")?;
        }
        self.number(value.unsigned_abs())
    }

    /// A number of hundredths, without zeroes at its end.
    fn hundredths(&mut self, hundredths: u64) -> Result<(), Full> {
        self.number(hundredths / 100)?;
        let (tenths, hundredths) = ((hundredths / 10 % 10) as u8, (hundredths % 10) as u8);
        match (tenths, hundredths) {
            (0, 0) => Ok(()),
            (_, 0) => self.push(&[b'.', b'0' + tenths]),
            _ => self.push(&[b'.', b'0' + tenths, b'0' + hundredths]),
        }
    }

    /// Text that may need escapes, without its quotes.
    fn escaped(&mut self, text: &str) -> Result<(), Full> {
        let mut rest = text.as_bytes();
        while let Some(at) = rest.iter().position(|byte| needs_escape(*byte)) {
            let (plain, after) = rest.split_at(at);
            self.push(plain)?;
            let Some((&byte, tail)) = after.split_first() else { break };
            self.escape(byte)?;
            rest = tail;
        }
        self.push(rest)
    }

    fn escape(&mut self, byte: u8) -> Result<(), Full> {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let hex = |nibble: u8| HEX[usize::from(nibble & 0xf)];
        match byte {
            b'"' | b'\\' => self.push(&[b'\\', byte]),
            b'\n' => self.push(b"\\n"),
            b'\r' => self.push(b"\\r"),
            b'\t' => self.push(b"\\t"),
            _ => self.push(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte)]),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Full> {
        self.push(b"\"")?;
        self.escaped(text)?;
        self.push(b"\"")
    }

    /// Where a list or object began, to be closed with the same.
    fn open<'w, 'b>(writer: &'w mut Writer<'b>, brackets: [u8; 2]) -> Parts<'w, 'b> {
        let start = writer.length;
        Parts { writer, start, brackets }
    }
}

/// `00` to `99`.
static PAIRS: [[u8; 2]; 100] = {
    let (mut pairs, mut pair) = ([[0; 2]; 100], 0);
    while pair < 100 {
        pairs[pair] = [b'0' + pair as u8 / 10, b'0' + pair as u8 % 10];
        pair += 1;
    }
    pairs
};

/// How many digits `value` has. Most numbers of the wire are small or bytes of a large host: a comparison each.
#[inline(always)]
fn digits(value: u64) -> usize {
    let (mut digits, mut bound) = (1, 10u64);
    while digits < 20 && value >= bound {
        digits += 1;
        bound = bound.saturating_mul(10);
    }
    digits
}

#[inline(always)]
fn needs_escape(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Text from [`Display`], escaped piece by piece.
impl Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.escaped(text).map_err(|Full| fmt::Error)
    }
}

/// The elements of a list, the entries of a map or the fields of an object, each with a comma before it.
struct Parts<'w, 'b> {
    writer: &'w mut Writer<'b>,
    start: usize,
    brackets: [u8; 2],
}

impl Parts<'_, '_> {
    /// Turns the first comma into the opening bracket, and closes.
    #[inline(always)]
    fn close(self) -> Result<(), Full> {
        let [opening, closing] = self.brackets;
        if self.writer.length == self.start {
            return self.writer.push(&self.brackets);
        }
        *self.writer.buffer.get_mut(self.start).ok_or(Full)? = opening;
        self.writer.push(&[closing])
    }

    #[inline(always)]
    fn element(&mut self, element: &(impl Serialize + ?Sized)) -> Result<(), Full> {
        self.writer.push(b",")?;
        element.serialize(&mut *self.writer)
    }

    #[inline(always)]
    fn field(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) -> Result<(), Full> {
        self.writer.name(name)?;
        value.serialize(&mut *self.writer)
    }
}

impl ser::Error for Full {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

impl core::error::Error for Full {}

impl Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no room for the report")
    }
}

impl<'w, 'b> ser::Serializer for &'w mut Writer<'b> {
    type Ok = ();
    type Error = Full;
    type SerializeSeq = Parts<'w, 'b>;
    type SerializeTuple = Parts<'w, 'b>;
    type SerializeTupleStruct = Parts<'w, 'b>;
    type SerializeTupleVariant = ser::Impossible<(), Full>;
    type SerializeMap = Parts<'w, 'b>;
    type SerializeStruct = Parts<'w, 'b>;
    type SerializeStructVariant = ser::Impossible<(), Full>;

    fn serialize_bool(self, value: bool) -> Result<(), Full> {
        self.push(if value { b"true" } else { b"false" })
    }

    fn serialize_i8(self, value: i8) -> Result<(), Full> {
        self.signed(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Full> {
        self.signed(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Full> {
        self.signed(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Full> {
        self.signed(value)
    }

    fn serialize_u8(self, value: u8) -> Result<(), Full> {
        self.number(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Full> {
        self.number(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Full> {
        self.number(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Full> {
        self.number(value)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Full> {
        let hundredths = (value * 100.0 + 0.5) as u64;
        if value >= 0.0 && hundredths as f32 / 100.0 == value && f64::from(value) < HUNDREDTHS_MAX {
            return self.hundredths(hundredths);
        }
        self.shortest(value.is_finite().then_some(&value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), Full> {
        let hundredths = (value * 100.0 + 0.5) as u64;
        if value >= 0.0 && hundredths as f64 / 100.0 == value && value < HUNDREDTHS_MAX {
            return self.hundredths(hundredths);
        }
        self.shortest(value.is_finite().then_some(&value))
    }

    fn serialize_char(self, value: char) -> Result<(), Full> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Full> {
        self.text(value)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Full> {
        self.push(b"\"")?;
        write!(self, "{value}").map_err(|fmt::Error| Full)?;
        self.push(b"\"")
    }

    /// The wire has no bytes.
    fn serialize_bytes(self, _: &[u8]) -> Result<(), Full> {
        Err(Full)
    }

    fn serialize_none(self) -> Result<(), Full> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Full> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Full> {
        self.push(b"null")
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Full> {
        self.push(b"{}")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Full> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Full> {
        value.serialize(self)
    }

    /// The wire has no variants that hold something.
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Full> {
        Err(Full)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'w, 'b>, Full> {
        Ok(Writer::open(self, *b"[]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'w, 'b>, Full> {
        Ok(Writer::open(self, *b"[]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'w, 'b>, Full> {
        Ok(Writer::open(self, *b"[]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Full> {
        Err(Full)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'w, 'b>, Full> {
        Ok(Writer::open(self, *b"{}"))
    }

    #[inline(always)]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'w, 'b>, Full> {
        Ok(Writer::open(self, *b"{}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Full> {
        Err(Full)
    }
}

impl Writer<'_> {
    /// A number that is no two decimals, in its shortest form; `null` for one that is none, as JSON has no other way.
    #[cold]
    fn shortest(&mut self, value: Option<&dyn Display>) -> Result<(), Full> {
        match value {
            Some(value) => write!(self, "{value}").map_err(|fmt::Error| Full),
            None => self.push(b"null"),
        }
    }
}

impl ser::SerializeSeq for Parts<'_, '_> {
    type Ok = ();
    type Error = Full;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Full> {
        self.element(element)
    }

    fn end(self) -> Result<(), Full> {
        self.close()
    }
}

impl ser::SerializeTuple for Parts<'_, '_> {
    type Ok = ();
    type Error = Full;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Full> {
        self.element(element)
    }

    fn end(self) -> Result<(), Full> {
        self.close()
    }
}

impl ser::SerializeTupleStruct for Parts<'_, '_> {
    type Ok = ();
    type Error = Full;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, element: &T) -> Result<(), Full> {
        self.element(element)
    }

    fn end(self) -> Result<(), Full> {
        self.close()
    }
}

impl ser::SerializeMap for Parts<'_, '_> {
    type Ok = ();
    type Error = Full;

    /// A key that is no text makes no JSON; the wire's maps have none.
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Full> {
        self.element(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Full> {
        self.writer.push(b":")?;
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), Full> {
        self.close()
    }
}

impl ser::SerializeStruct for Parts<'_, '_> {
    type Ok = ();
    type Error = Full;

    #[inline(always)]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Full> {
        self.field(name, value)
    }

    #[inline(always)]
    fn end(self) -> Result<(), Full> {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::collections::BTreeMap;
    use std::string::{String, ToString};
    use std::vec::Vec;
    use std::{format, vec};

    use serde::Serialize;

    use super::*;

    fn written(value: &(impl Serialize + ?Sized)) -> String {
        let mut buffer = vec![0; 4096];
        let length = to_slice(value, &mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Everything<'a> {
        text: &'a str,
        list: Vec<i64>,
        empty_list: Vec<u8>,
        map: BTreeMap<&'a str, Option<bool>>,
        none: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        absent: Option<u32>,
        pair: (u8, char),
        nested: Empty,
    }

    #[derive(Serialize)]
    struct Empty {}

    fn everything() -> Everything<'static> {
        Everything {
            text: "a\"b\\c\n\r\t\u{1}\u{1f}</script>\u{7f}é\u{1f600}",
            list: vec![i64::MIN, -1, 0, 1, i64::MAX],
            empty_list: Vec::new(),
            map: BTreeMap::from([("x\"", Some(true)), ("y", None)]),
            none: None,
            absent: None,
            pair: (7, '"'),
            nested: Empty {},
        }
    }

    #[test]
    fn every_shape_is_written_as_serde_json_writes_it() {
        assert_eq!(written(&everything()), serde_json::to_string(&everything()).unwrap());
        assert_eq!(written(&u64::MAX), u64::MAX.to_string());
        assert_eq!(written(&format_args!("a{}b", '"')), r#""a\"b""#);
    }

    #[test]
    fn a_buffer_of_any_size_is_filled_exactly_or_full() {
        let whole = written(&everything());
        for room in 0..whole.len() {
            assert_eq!(to_slice(&everything(), &mut vec![0; room]), Err(Full), "{room} bytes");
        }
        assert_eq!(to_slice(&everything(), &mut vec![0; whole.len()]), Ok(whole.len()));
    }

    #[test]
    fn two_decimals_are_written_without_zeroes_at_their_end() {
        for (value, text) in [
            (0.0, "0"),
            (14.85, "14.85"),
            (47.7, "47.7"),
            (100.0, "100"),
            (0.07, "0.07"),
            (17_179_869_184.0, "17179869184"),
        ] {
            assert_eq!(written(&value), text);
        }
        for (value, text) in [(14.85f32, "14.85"), (0.1, "0.1"), (66.67, "66.67"), (45.123, "45.123"), (-1.25, "-1.25")]
        {
            assert_eq!(written(&value), text);
        }
    }

    #[test]
    fn every_number_is_read_back_as_it_was() {
        for value in [1e300, 1e13, 1e-7, 0.005, 1.0 / 3.0, -2.5, f64::MAX, f64::MIN_POSITIVE, 12_345_678_901_234.56] {
            assert_eq!(written(&value).parse::<f64>().unwrap(), value);
        }
        for value in [f32::MAX, f32::MIN_POSITIVE, 1.0 / 3.0, -2.5, 0.005, 16_777_217.0] {
            assert_eq!(written(&value).parse::<f32>().unwrap(), value);
        }
        for hundredths in 0..20_000u32 {
            let value = f64::from(hundredths) / 100.0;
            assert_eq!(written(&value).parse::<f64>().unwrap(), value);
            assert_eq!(written(&(value as f32)), format!("{}", value as f32));
        }
    }

    #[test]
    fn what_is_no_number_is_null() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(written(&value), "null");
        }
    }
}
