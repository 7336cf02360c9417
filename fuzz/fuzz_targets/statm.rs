//! `/proc/<pid>/statm`: agrees with a plain reading, and a cut in the line gives nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::statm::{Statm, statm};
use neon_fuzz::plain::{cuts, lines, number, words};

fuzz_target!(|bytes: &[u8]| {
    let read = statm(bytes);
    assert_eq!(read.ok(), plain(bytes));
    assert!(cuts(bytes).all(|cut| statm(cut).is_err() || statm(cut) == read));
});

fn plain(bytes: &[u8]) -> Option<Statm> {
    let words = words(lines(bytes).next()?);
    number(&words, 0)?;
    Some(Statm { resident_pages: number(&words, 1)?, shared_pages: number(&words, 2)? })
}
