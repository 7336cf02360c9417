//! A heartbeat's body: what is accepted holds what the contract says, and says the same when it is sent again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_fuzz::intake;

fuzz_target!(|body: &[u8]| match intake::heartbeat(body) {
    Ok(version) => {
        assert!(version.iter().all(|text| text.len() <= 4096 && !text.contains('\0')));
        let again = serde_json::json!({ "agentVersion": version }).to_string();
        assert_eq!(intake::heartbeat(again.as_bytes()), Ok(version));
    }
    Err(reason) => assert!(!reason.is_empty() && reason.len() <= 1024, "{reason}"),
});
