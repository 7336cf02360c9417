//! `/proc/meminfo`: agrees with a plain reading, available memory never exceeds the total, and a cut changes nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::meminfo::{Meminfo, meminfo};
use neon_fuzz::plain::{agrees, cuts, lines, number, words};

const KEYS: [&str; 8] = ["MemTotal", "MemAvailable", "MemFree", "Buffers", "Cached", "Dirty", "SwapTotal", "SwapFree"];

fuzz_target!(|bytes: &[u8]| {
    let whole = meminfo(bytes).ok();
    assert_eq!(whole, plain(bytes));
    let Some(whole) = whole else { return };
    assert!(whole.available_bytes <= whole.total_bytes);
    // Of a key that is there twice the later counts, so a cut may well change it.
    if KEYS.iter().any(|key| lines(bytes).filter(|line| line.starts_with(key.as_bytes())).count() > 1) {
        return;
    }
    for cut in cuts(bytes).filter_map(|cut| meminfo(cut).ok()) {
        assert_eq!(cut.total_bytes, whole.total_bytes);
        assert!(agrees(cut.free_bytes, whole.free_bytes) && agrees(cut.dirty_bytes, whole.dirty_bytes));
        assert!(agrees(cut.swap_free_bytes, whole.swap_free_bytes) && agrees(cut.cached_bytes, whole.cached_bytes));
    }
});

fn plain(bytes: &[u8]) -> Option<Meminfo> {
    let mut found = [None; KEYS.len()];
    let mut keys_left = KEYS.len();
    for line in lines(bytes) {
        let words = words(line);
        let key = line.split(|byte| matches!(byte, b' ' | b'\t')).next();
        let key = key.and_then(|key| key.strip_suffix(b":"));
        let Some(place) = KEYS.iter().position(|known| key == Some(known.as_bytes())) else { continue };
        let kib = number(&words, 1).filter(|_| words.get(2) == Some(&&b"kB"[..]))?;
        found[place] = Some(kib.checked_mul(1024)?);
        keys_left -= 1;
        if keys_left == 0 {
            break;
        }
    }
    let [total, available, free_bytes, buffers_bytes, cached_bytes, dirty_bytes, swap_total_bytes, swap_free_bytes] =
        found;
    let sum = || Some(free_bytes?.saturating_add(buffers_bytes?).saturating_add(cached_bytes?));
    Some(Meminfo {
        total_bytes: total?,
        available_bytes: available.or_else(sum)?.min(total?),
        free_bytes,
        buffers_bytes,
        cached_bytes,
        dirty_bytes,
        swap_total_bytes,
        swap_free_bytes,
    })
}
