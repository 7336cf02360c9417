//! `/proc/meminfo`: available memory never exceeds the total, and both are whole KiB.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::meminfo::meminfo;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(memory) = meminfo(bytes) {
        assert!(memory.available_bytes <= memory.total_bytes);
        assert_eq!((memory.total_bytes % 1024, memory.available_bytes % 1024), (0, 0));
    }
});
