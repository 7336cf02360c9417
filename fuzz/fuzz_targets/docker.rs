//! The engine's elements: total over all inputs, and where serde_json reads the same JSON, the same values.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::docker::{Image, Info, Inspect, LABELS_MAX, ListEntry};
use neon_agent_core::parse::json::{JsonText, element};
use neon_agent_core::sample::container::{Scratch, container};
use neon_agent_core::wire;

fuzz_target!(|bytes: &[u8]| {
    let _ = element::<Info<'_>>(bytes);
    let _ = element::<Image<'_>>(bytes);
    let inspect = element::<Inspect<'_>>(bytes).ok();
    let Ok(entry) = element::<ListEntry<'_>>(bytes) else { return };
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(bytes) else { return };

    // The body that comes of it is JSON, and says what the engine said.
    let (mut scratch, mut body) = (Scratch::default(), vec![0; 16 * bytes.len() + 4096]);
    let mut writer = wire::containers(&mut body).expect("room");
    writer.push(&container(&entry, inspect.as_ref(), &[JsonText("a:1")], &mut scratch)).expect("room");
    let length = writer.finish();
    let written: serde_json::Value = serde_json::from_slice(&body[..length]).expect("JSON");
    let written = &written["containers"][0];
    // Of a key that stands twice serde_json keeps the last, as do we; keys with escapes are not the engine's.
    if bytes.windows(7).filter(|window| window.eq_ignore_ascii_case(b"\"image\"")).count() == 1
        && let Some(image) = value["Image"].as_str()
    {
        assert_eq!(written["image"], image.replace('\0', ""));
    }
    assert!(written["labels"].as_object().expect("an object").len() <= LABELS_MAX);
});
