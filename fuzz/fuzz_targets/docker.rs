//! The engine's elements: total over all inputs, and where serde_json reads the same JSON, the same values.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::docker::{Inspect, LABELS_MAX, image, info, inspect, list_entry};
use neon_agent_core::parse::json::JsonText;
use neon_agent_core::sample::container::{Scratch, container};
use neon_agent_core::wire;

fuzz_target!(|bytes: &[u8]| {
    let _ = info(bytes);
    let _ = image(bytes);
    let inspect = inspect(bytes).ok();
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(bytes) else { return };
    // Keys with escapes are not the engine's; serde_json decodes them, we do not. Of one that stands twice serde_json
    // keeps the last, and we read no further than we must.
    if let Some(inspect) = &inspect
        && !bytes.contains(&b'\\')
        && ["Id", "Created", "State", "RestartCount"].iter().all(|key| stands_at_most_once(key, bytes))
    {
        assert_same(inspect, &value);
    }
    let Ok(entry) = list_entry(bytes) else { return };

    // The body that comes of it is JSON, and says what the engine said.
    let (mut scratch, mut body) = (Scratch::default(), vec![0; 16 * bytes.len() + 4096]);
    let mut writer = wire::containers(&mut body).expect("room");
    assert!(writer.push(&container(&entry, inspect.as_ref(), &[JsonText("a:1")], &mut scratch)), "room");
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

fn stands_at_most_once(key: &str, bytes: &[u8]) -> bool {
    let quoted = format!("\"{key}\"");
    bytes.windows(quoted.len()).filter(|window| *window == quoted.as_bytes()).count() <= 1
}

/// What inspect read is what serde_json reads; of a key of the state that stands twice both keep the last.
fn assert_same(inspect: &Inspect<'_>, value: &serde_json::Value) {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let state = &value["State"];
    assert_eq!(inspect.id.0, text(&value["Id"]));
    assert_eq!(inspect.created.0, text(&value["Created"]));
    assert_eq!(inspect.state.status.0, text(&state["Status"]));
    assert_eq!(inspect.state.started_at.0, text(&state["StartedAt"]));
    assert_eq!(inspect.state.health.0, text(&state["Health"]["Status"]));
    assert_eq!(inspect.state.oom_killed, state["OOMKilled"].as_bool());
    // "-0" is a float to serde_json.
    if let Some(count) = value["RestartCount"].as_i64() {
        assert_eq!(inspect.restart_count, u64::try_from(count).ok());
    }
    if let Some(code) = state["ExitCode"].as_i64() {
        assert_eq!(inspect.state.exit_code, Some(code));
    }
}
