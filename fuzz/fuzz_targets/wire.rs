//! The wire: any sample with any readings reads back the same on the master's side, in a buffer of any size, and times
//! survive.
#![no_main]

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use neon_agent_core::wire;
use neon_fuzz::dice::Dice;
use neon_fuzz::model::Sample;
use neon_shared::api::MetricsRequest;
use neon_shared::time::Timestamp;
use serde::Deserialize;

/// More than any sample that the input has bytes for.
const ENOUGH_BYTES: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Unstructured::new(bytes);
    let room = usize::from(input.arbitrary::<u16>().unwrap_or_default());
    let mut samples = Vec::new();
    while !input.is_empty() && samples.len() < 4 {
        samples.push(Sample::deserialize(Dice::new(&mut input)).expect("dice give every type its value"));
    }
    let written: Vec<Vec<u8>> = samples.iter().map(written).collect();
    let mut buffer = vec![0; room];
    if let Ok((length, count)) = wire::metrics(written.iter().map(Vec::as_slice), &mut buffer) {
        let read: MetricsRequest<Vec<Sample>> = serde_json::from_slice(&buffer[..length]).expect("JSON");
        assert_eq!(read.metrics, samples[..count]);
        // The next one has no room: what was written, a comma and the next are more than there is.
        assert!(written.get(count).is_none_or(|next| length + usize::from(count > 0) + next.len() > room));
    }
    if let Some(time) = std::str::from_utf8(bytes).ok().and_then(Timestamp::parse) {
        assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
    }
});

fn written(sample: &Sample) -> Vec<u8> {
    let mut buffer = vec![0; ENOUGH_BYTES];
    let written = wire::sample(sample, &mut buffer).expect("room enough").to_vec();
    // Its own length is the least room that is enough.
    assert!(wire::sample(sample, &mut vec![0; written.len()]).is_ok());
    assert!(wire::sample(sample, &mut vec![0; written.len() - 1]).is_err());
    written
}
