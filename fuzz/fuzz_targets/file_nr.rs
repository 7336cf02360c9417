//! `/proc/sys/fs/file-nr`: agrees with a plain reading, and a cut in the line gives nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::file_nr::{FileNr, file_nr};
use neon_fuzz::plain::{cuts, lines, number, words};

fuzz_target!(|bytes: &[u8]| {
    let read = file_nr(bytes);
    assert_eq!(read.ok(), plain(bytes));
    assert!(cuts(bytes).all(|cut| file_nr(cut).is_err() || file_nr(cut) == read));
});

fn plain(bytes: &[u8]) -> Option<FileNr> {
    let words = words(lines(bytes).next()?);
    let (allocated, free) = (number(&words, 0)?, number(&words, 1)?);
    Some(FileNr { open: allocated.saturating_sub(free), max: number(&words, 2)? })
}
