//! `/proc/loadavg`: agrees with a plain reading, loads are finite, and a cut in the line gives nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::loadavg::loadavg;
use neon_fuzz::plain::{cuts, hundredths, lines, number, words};

fuzz_target!(|bytes: &[u8]| {
    let read = loadavg(bytes).ok();
    let plain = plain(bytes);
    assert_eq!(read.map(|read| read.threads), plain.map(|(_, threads)| threads));
    let (Some(read), Some((loads, _))) = (read, plain) else { return };
    for (load, hundredths) in [read.load1, read.load5, read.load15].into_iter().zip(loads) {
        assert!(load.is_finite() && load >= 0.0);
        let expected = hundredths as f64 / 100.0;
        assert!((f64::from(load) - expected).abs() <= expected * f64::from(f32::EPSILON), "{load} {expected}");
    }
    assert!(cuts(bytes).all(|cut| loadavg(cut).is_err() || loadavg(cut) == Ok(read)));
});

fn plain(bytes: &[u8]) -> Option<([u64; 3], u64)> {
    let words = words(lines(bytes).next()?);
    let loads = [hundredths(&words, 0)?, hundredths(&words, 1)?, hundredths(&words, 2)?];
    let slash = words.get(3)?.iter().position(|byte| *byte == b'/')?;
    Some((loads, number(&[&words[3][slash + 1..]], 0)?))
}
