//! `/proc/stat`: a file cut at a line end never gives a different total once the total was read, and the share that
//! comes of any two readings is a share.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::stat::stat;
use neon_agent_core::sample::cpu::busy_percent;

fuzz_target!(|bytes: &[u8]| {
    let Ok(whole) = stat(bytes) else { return };
    for (end, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        if let (Ok(first), true) = (stat(&bytes[..=end]), bytes.windows(4).filter(|w| w == b"cpu ").count() == 1) {
            assert_eq!(first.cpu, whole.cpu);
            assert!(first.cores_online <= whole.cores_online);
        }
    }
    let share = busy_percent(None, &whole.cpu);
    assert!((0.0..=100.0).contains(&share));
    assert_eq!(busy_percent(Some(&whole.cpu), &whole.cpu), 0.0);
});
