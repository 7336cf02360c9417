//! What a sample says beyond the fixed fields, as the store keeps it.
//!
//! Empty, or one byte that says the form and then what is in that form. A form is never taken away, so that what an
//! older master stored stays readable.

use super::StoreError;
use super::packed::{Shape, put_varint, take_varint, unzigzag, zigzag};
use crate::model::Readings;

/// The JSON text of the readings, as the first stores kept it in a column of its own.
const JSON: u8 = 1;
/// Packed: how much later than its shape the sample is, in milliseconds and zigzag; the shape's hash in two bytes; bits.
const PACKED: u8 = 2;

/// What is stored of a sample's readings.
#[derive(Debug, PartialEq)]
pub enum Additions<'a> {
    /// It has none.
    None,
    /// They are readable by themselves.
    Whole(Box<Readings>),
    /// They need their shape.
    Packed { base_ms: i64, hash: u16, bits: &'a [u8] },
}

/// Everything before the bits of a sample of this time.
pub fn packed_head(shape: &Shape, time_ms: i64) -> Vec<u8> {
    let mut bytes = vec![PACKED];
    put_varint(&mut bytes, zigzag(time_ms.wrapping_sub(shape.base_ms)));
    bytes.extend_from_slice(&shape.hash().to_le_bytes());
    bytes
}

/// Takes apart what is stored of a sample of this time.
///
/// Errors: a form that this version does not know, or bytes that are none of it.
pub fn read(bytes: &[u8], time_ms: i64) -> Result<Additions<'_>, StoreError> {
    match bytes.split_first() {
        None => Ok(Additions::None),
        Some((&JSON, text)) => match serde_json::from_slice(text) {
            Ok(readings) => Ok(Additions::Whole(Box::new(readings))),
            Err(_) => Err(corrupt(bytes)),
        },
        Some((&PACKED, mut rest)) => {
            let later_ms = take_varint(&mut rest).map(unzigzag).map_err(|_| corrupt(bytes))?;
            let (hash, bits) = rest.split_first_chunk().ok_or_else(|| corrupt(bytes))?;
            Ok(Additions::Packed { base_ms: time_ms.wrapping_sub(later_ms), hash: u16::from_le_bytes(*hash), bits })
        }
        Some(_) => Err(corrupt(bytes)),
    }
}

/// The bytes are not what any version of this master wrote, or one of its own is missing.
pub fn corrupt(bytes: &[u8]) -> StoreError {
    let some = bytes.get(..32).unwrap_or(bytes);
    StoreError::Corrupt { column: "additions", value: some.escape_ascii().to_string() }
}
