//! Values to JSON in a caller's buffer: a serde serializer for what the wire needs.
//!
//! Source: RFC 8259. Written for the hot path: the name of a field is copied in one piece, text in runs between the
//! characters that need escapes, and numbers eight digits at a time. Numbers with two decimals, which is what
//! the wire's shares and sizes are, are written from integers; any other in the shortest form that gives them back.
//! Refuses what the wire has not: bytes, maps whose keys are no text.

use core::fmt::{self, Display, Write};
use core::mem;

use serde::ser::{self, Serialize};

use super::Full;

/// The first number of nine digits.
const EIGHT_DIGITS_END: u64 = 100_000_000;

/// Writes `value` to the start of `buffer`; its length. Errors: `Full`, with the beginning left in the buffer.
pub fn to_slice(value: &(impl Serialize + ?Sized), buffer: &mut [u8]) -> Result<usize, Full> {
    let whole = buffer.len();
    let mut writer = Writer { rest: buffer };
    value.serialize(&mut writer)?;
    Ok(whole - writer.rest.len())
}

struct Writer<'b> {
    /// What is not written yet; nothing once something did not fit.
    rest: &'b mut [u8],
}

impl<'b> Writer<'b> {
    /// The next `length` bytes of the buffer, which the caller writes.
    #[inline(always)]
    fn room(&mut self, length: usize) -> Result<&'b mut [u8], Full> {
        let (room, rest) = mem::take(&mut self.rest).split_at_mut_checked(length).ok_or(Full)?;
        self.rest = rest;
        Ok(room)
    }

    #[inline(always)]
    fn push(&mut self, bytes: &[u8]) -> Result<(), Full> {
        self.room(bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    /// `,"name":`, or with the opening bracket for the comma. The names of fields are plain.
    #[inline(always)]
    fn name(&mut self, separator: u8, name: &'static str) -> Result<(), Full> {
        let room = self.room(name.len() + 4)?;
        let (opening, rest) = room.split_first_chunk_mut::<2>().ok_or(Full)?;
        let (letters, closing) = rest.split_last_chunk_mut::<2>().ok_or(Full)?;
        *opening = [separator, b'"'];
        letters.copy_from_slice(name.as_bytes());
        *closing = *b"\":";
        Ok(())
    }

    fn number(&mut self, value: u64) -> Result<(), Full> {
        if value < 10 {
            return self.push(&[b'0' + value as u8]);
        }
        if value < EIGHT_DIGITS_END {
            return self.short_number(value);
        }
        self.long_number(value)
    }

    /// A number of more than eight digits. Apart, so that the short ones need not save what it does.
    #[inline(never)]
    fn long_number(&mut self, value: u64) -> Result<(), Full> {
        match value / EIGHT_DIGITS_END {
            first @ ..EIGHT_DIGITS_END => self.short_number(first)?,
            first => self.long_number(first)?,
        }
        self.push(&eight_digits(value % EIGHT_DIGITS_END).to_le_bytes())
    }

    /// A number of at most eight digits, written with those after it where there is room for eight.
    #[inline(always)]
    fn short_number(&mut self, value: u64) -> Result<(), Full> {
        let digits = eight_digits(value);
        // An ASCII zero without its high bits is nothing; the last digit is written even so.
        let zeroes = (digits & !ASCII_ZEROES | 1 << 56).trailing_zeros() / 8;
        let text = (digits >> (zeroes * 8)).to_le_bytes();
        let length = 8 - zeroes as usize;
        match self.rest.first_chunk_mut() {
            Some(room) => *room = text,
            None => return self.push(&text[..length]),
        }
        self.room(length).map(drop)
    }

    fn signed(&mut self, value: i64) -> Result<(), Full> {
        if value < 0 {
            self.push(b"-")?;
        }
        self.number(value.unsigned_abs())
    }

    /// A number of hundredths, without zeroes at its end.
    fn hundredths(&mut self, hundredths: u32) -> Result<(), Full> {
        let (whole, part) = (hundredths / 100, hundredths % 100);
        self.number(whole.into())?;
        if part == 0 {
            return Ok(());
        }
        let (tenths, hundredths) = (b'0' + (part / 10) as u8, b'0' + (part % 10) as u8);
        if hundredths == b'0' { self.push(&[b'.', tenths]) } else { self.push(&[b'.', tenths, hundredths]) }
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
        if !is_plain(text.as_bytes()) {
            self.push(b"\"")?;
            self.escaped(text)?;
            return self.push(b"\"");
        }
        let room = self.room(text.len() + 2)?;
        let (opening, rest) = room.split_first_mut().ok_or(Full)?;
        let (closing, letters) = rest.split_last_mut().ok_or(Full)?;
        (*opening, *closing) = (b'"', b'"');
        letters.copy_from_slice(text.as_bytes());
        Ok(())
    }

    /// A list or object whose parts follow.
    #[inline(always)]
    fn open<'w>(&'w mut self, [opening, closing]: [u8; 2]) -> Parts<'w, 'b> {
        Parts { writer: self, separator: opening, closing }
    }
}

/// Eight times `0`.
const ASCII_ZEROES: u64 = EACH_BYTE * b'0' as u64;
/// A number times this is the number in each byte.
const EACH_BYTE: u64 = 0x0101_0101_0101_0101;

/// The digits of a number below [`EIGHT_DIGITS_END`], the first in the lowest byte.
///
/// All at once: a number in two halves of four digits each, those in two halves of two, those in single digits.
/// 10486 / 2^20 and 103 / 2^10 are a hundredth and a tenth, near enough for four and for two digits.
#[inline(always)]
fn eight_digits(value: u64) -> u64 {
    let fours = (value / 10_000) | (value % 10_000) << 32;
    let hundreds = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let twos = hundreds | (fours - hundreds * 100) << 16;
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    (tens | (twos - tens * 10) << 8) | ASCII_ZEROES
}

/// Whether no byte needs an escape. Text is mostly short: eight bytes at a time, the last eight again where fewer are
/// left, and the first four with the last four, is fewer instructions than wider steps and what they leave over.
#[inline(always)]
fn is_plain(text: &[u8]) -> bool {
    if let Some(last) = text.last_chunk() {
        return text.as_chunks().0.iter().all(are_plain) && are_plain(last);
    }
    match (text.first_chunk(), text.last_chunk()) {
        (Some(&[a, b, c, d]), Some(&[e, f, g, h])) => are_plain(&[a, b, c, d, e, f, g, h]),
        _ => !text.iter().any(|byte| needs_escape(*byte)),
    }
}

/// Whether none of eight bytes needs an escape.
#[inline(always)]
fn are_plain(eight: &[u8; 8]) -> bool {
    let eight = u64::from_le_bytes(*eight);
    const HIGH_BITS: u64 = EACH_BYTE << 7;
    // The high bit of each byte below `bound`; also of some above such a one, but none where there is no such one.
    let below = |bytes: u64, bound: u64| bytes.wrapping_sub(EACH_BYTE * bound) & !bytes;
    let quotes = below(eight ^ (EACH_BYTE * b'"' as u64), 1);
    let backslashes = below(eight ^ (EACH_BYTE * b'\\' as u64), 1);
    (below(eight, b' '.into()) | quotes | backslashes) & HIGH_BITS == 0
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

/// The elements of a list, the entries of a map or the fields of an object.
struct Parts<'w, 'b> {
    writer: &'w mut Writer<'b>,
    /// What comes before the next part: the opening bracket before the first, then a comma.
    separator: u8,
    closing: u8,
}

impl Parts<'_, '_> {
    #[inline(always)]
    fn close(self) -> Result<(), Full> {
        match self.separator {
            b',' => self.writer.push(&[self.closing]),
            opening => self.writer.push(&[opening, self.closing]),
        }
    }

    #[inline(always)]
    fn element(&mut self, element: &(impl Serialize + ?Sized)) -> Result<(), Full> {
        self.writer.push(&[mem::replace(&mut self.separator, b',')])?;
        element.serialize(&mut *self.writer)
    }

    #[inline(always)]
    fn field(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) -> Result<(), Full> {
        self.writer.name(mem::replace(&mut self.separator, b','), name)?;
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
        let hundredths = (value * 100.0 + 0.5) as u32;
        // What is negative or past the range differs.
        if hundredths as f32 / 100.0 == value {
            return self.hundredths(hundredths);
        }
        self.shortest(value.is_finite().then_some(&value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), Full> {
        let hundredths = (value * 100.0 + 0.5) as u32;
        // What is negative or past the range differs.
        if hundredths as f64 / 100.0 == value {
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
        Ok(self.open(*b"[]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Parts<'w, 'b>, Full> {
        Ok(self.open(*b"[]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Parts<'w, 'b>, Full> {
        Ok(self.open(*b"[]"))
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
        Ok(self.open(*b"{}"))
    }

    #[inline(always)]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Parts<'w, 'b>, Full> {
        Ok(self.open(*b"{}"))
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
    fn every_digit_is_at_its_place() {
        for exponent in 0..20 {
            let power = 10u64.pow(exponent);
            for value in [power - 1, power, power + 1, power / 9, power.saturating_mul(9), power ^ 0x5555_5555_5555] {
                assert_eq!(written(&value), value.to_string());
            }
        }
        assert!((0..100_000).all(|value: u64| written(&(value * 1009)) == (value * 1009).to_string()));
    }

    #[test]
    fn a_byte_that_needs_an_escape_is_seen_wherever_it_stands() {
        for (length, byte) in (0..20).flat_map(|length| (0..=0x7f).map(move |byte| (length, byte))) {
            for at in 0..length {
                let mut text = vec![b'~'; length];
                text[at] = byte;
                assert_eq!(is_plain(&text), !needs_escape(byte), "{byte} at {at} of {length}");
            }
        }
        assert!(is_plain("\u{a0}é\u{10ffff}\u{7ff}\u{800}!#[]".as_bytes()));
    }

    #[test]
    fn what_is_no_number_is_null() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(written(&value), "null");
        }
    }
}
