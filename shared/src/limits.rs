//! Capacities and ranges that both sides of the wire obey.

/// Largest request body the master reads, in bytes; one more byte is answered with 413.
///
/// 1,024 buffered samples are about 340 KB, and 512 containers with their labels about 600 KB.
pub const REQUEST_BODY_MAX_BYTES: usize = 1024 * 1024;

/// Most samples an agent keeps while the master is away, and so the most it sends in one request.
///
/// Past it the oldest is dropped and counted. `BUFFER_MAX_SIZE` may choose less.
pub const RING_CAPACITY_SAMPLES: usize = 1024;

/// How far ahead of its own clock a master takes a sample, in milliseconds; one that is later it refuses.
pub const CLOCK_AHEAD_MAX_MS: i64 = 5 * 60 * 1000;

/// Longest server name, in bytes of UTF-8. A longer one is refused by the agent's configuration and by the master.
pub const SERVER_NAME_MAX_BYTES: usize = 128;

/// Longest token the agent can hold, in bytes. The master's own tokens stay under half of it.
pub const TOKEN_MAX_BYTES: usize = 2048;
