//! Reads a request body, up to the limit both sides know.
//!
//! What is larger is refused, but not cut off in the middle: a client that is still writing would see a reset
//! connection instead of the 413, so up to [`DRAIN_MAX_BYTES`] more are read and thrown away.
//!
//! After an outage every agent sends all it kept at once. So bodies of more than [`LARGE_BYTES`] wait, unread, until there
//! is room for them among those that are being read or understood; small ones always pass.

use std::io::ErrorKind;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use neon_shared::limits::REQUEST_BODY_MAX_BYTES;
use salvo::Request;
use salvo::http::ReqBody;
use salvo::http::header::{CONTENT_LENGTH, EXPECT};
use salvo::hyper::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::error::ApiError;

/// How much of a body that is too large is still read, in bytes; past it the connection is closed.
const DRAIN_MAX_BYTES: usize = 8 * REQUEST_BODY_MAX_BYTES;
/// A body of more bytes is a large one: several times a sample with every reading.
const LARGE_BYTES: usize = 64 << 10;
/// Bytes of large bodies in memory at a time. Two processors understand two at a time; the others are on their way.
const LARGE_ROOM_BYTES: usize = 16 << 20;
/// How long a body may take from its first byte to its last, however it trickles: an agent gives a request 15 s as a whole.
const WHOLE_BODY_MAX: Duration = Duration::from_secs(60);
/// How long a large body waits for room before it is turned away.
const ROOM_WAIT: Duration = Duration::from_secs(10);

/// Room for large bodies.
#[derive(Clone, Debug)]
pub struct Room(Arc<Semaphore>);

#[allow(clippy::new_without_default)]
impl Room {
    /// All of it free.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(LARGE_ROOM_BYTES)))
    }
}

/// A whole body, and the room that it takes.
#[derive(Debug)]
pub struct Body {
    bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The whole body, whatever its content type says.
///
/// Errors: [`ApiError::BodyTooLarge`] past [`REQUEST_BODY_MAX_BYTES`], [`ApiError::BodyTimeout`] when the client
/// stops sending or is at it for too long, [`ApiError::Crowded`] when a large one waited in vain, [`ApiError::BadRequest`] when its framing is
/// broken.
pub async fn read(request: &mut Request, room: &Room) -> Result<Body, ApiError> {
    timeout(WHOLE_BODY_MAX, read_all(request, room)).await.unwrap_or(Err(ApiError::BodyTimeout))
}

async fn read_all(request: &mut Request, room: &Room) -> Result<Body, ApiError> {
    let announced_bytes = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    // A client that waits for "100 Continue" has not sent anything yet, and need not.
    let is_waiting = request.headers().contains_key(EXPECT);
    let mut frames = Frames { body: request.take_body(), seen_bytes: 0 };
    // One without a length shows how large it is by and by.
    let mut room_for: usize = announced_bytes.unwrap_or(LARGE_BYTES);
    if room_for > REQUEST_BODY_MAX_BYTES {
        return if is_waiting { Err(ApiError::BodyTooLarge) } else { frames.refuse(ApiError::BodyTooLarge).await };
    }
    let mut taken = None;
    if room_for > LARGE_BYTES {
        match take(room, room_for).await {
            Some(permit) => taken = Some(permit),
            None if is_waiting => return Err(ApiError::Crowded),
            None => return frames.refuse(ApiError::Crowded).await,
        }
    }
    let mut bytes = Vec::with_capacity(announced_bytes.unwrap_or(0));
    while let Some(data) = frames.next().await? {
        if frames.seen_bytes > REQUEST_BODY_MAX_BYTES {
            return frames.refuse(ApiError::BodyTooLarge).await;
        }
        if frames.seen_bytes > room_for {
            room_for = REQUEST_BODY_MAX_BYTES;
            match take(room, room_for).await {
                Some(permit) => taken = Some(permit),
                None => return frames.refuse(ApiError::Crowded).await,
            }
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Body { bytes, _room: taken })
}

async fn take(room: &Room, bytes: usize) -> Option<OwnedSemaphorePermit> {
    // One body is a small part of the room, and nobody closes it.
    let permits = u32::try_from(bytes).unwrap_or(u32::MAX);
    timeout(ROOM_WAIT, Arc::clone(&room.0).acquire_many_owned(permits)).await.ok()?.ok()
}

struct Frames {
    body: ReqBody,
    seen_bytes: usize,
}

impl Frames {
    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|error| match error.kind() {
                ErrorKind::TimedOut => ApiError::BodyTimeout,
                _ => ApiError::BadRequest("The request body could not be read".to_owned()),
            })?;
            let Ok(data) = frame.into_data() else { continue };
            self.seen_bytes = self.seen_bytes.saturating_add(data.len());
            return Ok(Some(data));
        }
        Ok(None)
    }

    /// Reads the rest and throws it away.
    async fn refuse<T>(mut self, why: ApiError) -> Result<T, ApiError> {
        while self.seen_bytes <= DRAIN_MAX_BYTES && self.next().await?.is_some() {}
        Err(why)
    }
}
