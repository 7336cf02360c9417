//! `/proc/diskstats`: agrees with a plain reading line by line, a bad line costs itself alone, and a device that is not
//! wanted is not read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::diskstats::{Disk, diskstats};
use neon_fuzz::plain::{lines, number, words};

fuzz_target!(|bytes: &[u8]| {
    let plain: Vec<_> = lines(bytes).map(disk).collect();
    assert!(diskstats(bytes, |_| true).map(Result::ok).eq(plain.iter().copied()));
    let is_wanted = |name: &[u8]| name.len() % 2 == 0;
    let wanted = plain.iter().flatten().filter(|disk| is_wanted(disk.name)).copied();
    assert!(diskstats(bytes, is_wanted).flatten().eq(wanted));
});

fn disk(line: &[u8]) -> Option<Disk<'_>> {
    let words = words(line);
    let n = |place| number(&words, place);
    // The columns that are not wanted must be numbers as well.
    (0..13).filter(|place| *place != 2).try_for_each(|place| n(place).map(drop))?;
    Some(Disk {
        name: words[2],
        reads_total: n(3)?,
        read_sectors_total: n(5)?,
        read_ms_total: n(6)?,
        writes_total: n(7)?,
        write_sectors_total: n(9)?,
        write_ms_total: n(10)?,
        busy_ms_total: n(12)?,
    })
}
