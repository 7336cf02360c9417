//! The host's clocks, read together; what follows from them is for `neon_agent_core::clock` to say.

use neon_agent_core::clock::Moment;
use neon_shared::time::Timestamp;
use nix::sys::time::TimeValLike;
use nix::time::{ClockId, clock_gettime};

/// What the clocks show now. Neither call can fail on a Linux that the agent runs on (CLOCK_BOOTTIME: 2.6.39).
pub fn now() -> Moment {
    let ms = |clock| clock_gettime(clock).map_or(0, |time| time.num_milliseconds());
    let boot_ms = u64::try_from(ms(ClockId::CLOCK_BOOTTIME)).unwrap_or_default();
    Moment { wall_ms: ms(ClockId::CLOCK_REALTIME), boot_ms }
}

/// What the wall clock shows now.
pub fn wall() -> Timestamp {
    Timestamp::from_unix_ms(now().wall_ms)
}
