//! What a sample says beyond the fixed fields, as the store keeps it.
//!
//! Empty, or one byte that says the form and then what is in that form. A form is never taken away, so that what an
//! older master stored stays readable.

use super::StoreError;
use crate::model::Readings;

/// The JSON text of the readings, as stores before 0.2 kept it in a column of its own.
const JSON: u8 = 1;

pub fn encode(readings: Option<&Readings>) -> Vec<u8> {
    let Some(readings) = readings else { return Vec::new() };
    let mut bytes = vec![JSON];
    // Numbers that `intake` found finite always have a JSON form, and a vector takes all that is written to it.
    let _ = serde_json::to_writer(&mut bytes, readings);
    bytes
}

/// Errors: a form that this version does not know, or bytes that are none of it.
pub fn decode(bytes: &[u8]) -> Result<Option<Readings>, StoreError> {
    let corrupt = || StoreError::Corrupt {
        column: "additions",
        value: String::from_utf8_lossy(bytes.get(..64).unwrap_or(bytes)).into_owned(),
    };
    match bytes.split_first() {
        None => Ok(None),
        Some((&JSON, text)) => serde_json::from_slice(text).map(Some).map_err(|_| corrupt()),
        Some(_) => Err(corrupt()),
    }
}
