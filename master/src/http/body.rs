//! Reads a request body, up to the limit both sides know.
//!
//! What is larger is refused, but not cut off in the middle: a client that is still writing would see a reset
//! connection instead of the 413, so up to [`DRAIN_MAX_BYTES`] more are read and thrown away.

use std::io::ErrorKind;

use http_body_util::BodyExt;
use neon_shared::limits::REQUEST_BODY_MAX_BYTES;
use salvo::Request;
use salvo::http::header::{CONTENT_LENGTH, EXPECT};

use super::error::ApiError;

/// How much of a body that is too large is still read, in bytes; past it the connection is closed.
const DRAIN_MAX_BYTES: usize = 8 * REQUEST_BODY_MAX_BYTES;

/// The whole body, whatever its content type says.
///
/// Errors: [`ApiError::BodyTooLarge`] past [`REQUEST_BODY_MAX_BYTES`], [`ApiError::BodyTimeout`] when the client
/// stops sending, [`ApiError::BadRequest`] when its framing is broken.
pub async fn read(request: &mut Request) -> Result<Vec<u8>, ApiError> {
    let announced_bytes = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    // A client that waits for "100 Continue" has not sent anything yet, and need not.
    if announced_bytes > Some(REQUEST_BODY_MAX_BYTES) && request.headers().contains_key(EXPECT) {
        return Err(ApiError::BodyTooLarge);
    }
    let mut body = request.take_body();
    let mut bytes = Vec::with_capacity(announced_bytes.unwrap_or(0).min(REQUEST_BODY_MAX_BYTES));
    let mut seen_bytes = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| match error.kind() {
            ErrorKind::TimedOut => ApiError::BodyTimeout,
            _ => ApiError::BadRequest("The request body could not be read".to_owned()),
        })?;
        let Ok(data) = frame.into_data() else { continue };
        seen_bytes = seen_bytes.saturating_add(data.len());
        if seen_bytes <= REQUEST_BODY_MAX_BYTES {
            bytes.extend_from_slice(&data);
        } else if seen_bytes > DRAIN_MAX_BYTES {
            break;
        }
    }
    if seen_bytes > REQUEST_BODY_MAX_BYTES { Err(ApiError::BodyTooLarge) } else { Ok(bytes) }
}
