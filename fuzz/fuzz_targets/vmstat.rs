//! `/proc/vmstat`: agrees with a plain reading, and a cut gives the same number or none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::vmstat::oom_kills;
use neon_fuzz::plain::{cuts, lines, number};

fuzz_target!(|bytes: &[u8]| {
    let read = oom_kills(bytes);
    // A key that is there and has no number is a fault; a file without it is none.
    let plain = lines(bytes).find_map(|line| line.strip_prefix(b"oom_kill "));
    match plain.map(|value| number(&[value], 0)) {
        None => assert_eq!(read, Ok(None)),
        Some(None) => assert!(read.is_err()),
        Some(kills) => assert_eq!(read, Ok(kills)),
    }
    assert!(cuts(bytes).all(|cut| oom_kills(cut) == Ok(None) || oom_kills(cut) == read));
});
