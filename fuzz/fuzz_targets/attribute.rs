//! Files of one value: agree with what std reads, and a cut in the line gives nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::attribute::{operstate, signed, unsigned};
use neon_fuzz::plain::{cuts, lines, number};

fuzz_target!(|bytes: &[u8]| {
    let value = lines(bytes).next().unwrap_or_default().trim_ascii();
    let text = std::str::from_utf8(value).ok().filter(|text| !text.starts_with('+'));
    let plain = text.and_then(|text| text.parse::<i64>().ok()).filter(|value| *value != i64::MIN);
    assert_eq!(signed(bytes).ok(), plain);
    assert_eq!(unsigned(bytes).ok(), (!value.is_empty()).then(|| number(&[value], 0)).flatten());
    assert_eq!(operstate(bytes) == Some(true), value == b"up");
    let same = |cut| {
        (unsigned(cut).is_err() || unsigned(cut) == unsigned(bytes))
            && (signed(cut).is_err() || signed(cut) == signed(bytes))
            && (operstate(cut).is_none() || operstate(cut) == operstate(bytes))
    };
    assert!(cuts(bytes).all(same));
});
