//! `/proc/uptime`: agrees with a plain reading, and a cut in the line gives nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::uptime::uptime;
use neon_fuzz::plain::{cuts, hundredths, lines, words};

fuzz_target!(|bytes: &[u8]| {
    let read = uptime(bytes);
    let plain = lines(bytes).next().and_then(|line| hundredths(&words(line), 0)).and_then(|n| n.checked_mul(10));
    assert_eq!(read.ok().map(|uptime| uptime.uptime_ms), plain);
    assert!(cuts(bytes).all(|cut| uptime(cut).is_err() || uptime(cut) == read));
});
