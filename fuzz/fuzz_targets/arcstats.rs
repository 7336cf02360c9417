//! `/proc/spl/kstat/zfs/arcstats`: agrees with a plain reading, and a cut gives the same number or none.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::arcstats::arcstats;
use neon_fuzz::plain::{cuts, lines, number, words};

fuzz_target!(|bytes: &[u8]| {
    let read = arcstats(bytes);
    let plain = lines(bytes).find(|line| line.starts_with(b"size ")).and_then(|line| number(&words(line), 2));
    assert_eq!(read.ok(), plain);
    assert!(cuts(bytes).all(|cut| arcstats(cut).is_err() || arcstats(cut) == read));
});
