//! os-release: what is read fits its capacity and holds no control characters.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::os_release::{OS_TEXT_BYTES, os_release};

fuzz_target!(|bytes: &[u8]| {
    let release = os_release(bytes);
    for text in [release.name, release.version_id].into_iter().flatten() {
        assert!(text.len() <= OS_TEXT_BYTES && !text.chars().any(char::is_control));
    }
});
