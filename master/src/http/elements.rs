//! Header fields that are lists.

use salvo::http::header::{AsHeaderName, HeaderMap};

/// The elements of a list, whether they stand in one line or in several (RFC 9110 section 5.6.1). A line that is no text has
/// none.
pub fn elements(headers: &HeaderMap, name: impl AsHeaderName) -> impl Iterator<Item = &str> {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}
