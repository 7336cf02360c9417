//! `/proc/vmstat`: events of the memory management since boot.
//!
//! Source: proc_vmstat(5); `oom_kill` since Linux 4.13.

use super::{Fault, FaultKind, number};

/// Processes killed for want of memory since boot; `None` where the file, or the part of it that was read, does not
/// say. Errors: `Number` when what is said is none.
pub fn oom_kills(bytes: &[u8]) -> Result<Option<u64>, Fault> {
    const KEY: &[u8] = b"\noom_kill ";
    let rest = match memchr::memmem::find(bytes, KEY) {
        Some(at) => bytes.get(at.saturating_add(KEY.len())..),
        None => bytes.strip_prefix(b"oom_kill "),
    };
    let Some(rest) = rest else { return Ok(None) };
    // Without its end the number may have been cut.
    let Some(end) = memchr::memchr(b'\n', rest) else { return Ok(None) };
    let line = bytes.len().saturating_sub(rest.len());
    let line = memchr::memchr_iter(b'\n', bytes.get(..line).unwrap_or_default()).count();
    let fault = Fault { kind: FaultKind::Number, line: u32::try_from(line).unwrap_or(u32::MAX).saturating_add(1) };
    rest.get(..end).and_then(number).map(Some).ok_or(fault)
}
