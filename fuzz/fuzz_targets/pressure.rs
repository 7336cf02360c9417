//! `/proc/pressure/*`: agrees with a plain reading, and averages are finite.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::pressure::pressure;
use neon_fuzz::plain::{hundredths, lines, number, words};
use neon_shared::readings::Stall;

type Plain = (u64, u64, u64);

fuzz_target!(|bytes: &[u8]| {
    let read = pressure(bytes).ok();
    let plain = plain(bytes);
    assert_eq!(read.is_some(), plain.is_some());
    let (Some(read), Some([some, full])) = (read, plain) else { return };
    for (read, plain) in [(read.some, some), (read.full, full)] {
        assert_eq!(read.is_some(), plain.is_some());
        let (Some(read), Some(plain)) = (read, plain) else { continue };
        agree(read, plain);
    }
});

fn agree(read: Stall, (avg10, avg60, total): Plain) {
    assert_eq!(read.total_microseconds, total);
    for (average, hundredths) in [(read.avg10_percent, avg10), (read.avg60_percent, avg60)] {
        let expected = hundredths as f64 / 100.0;
        assert!((f64::from(average) - expected).abs() <= expected * f64::from(f32::EPSILON), "{average} {expected}");
    }
}

fn plain(bytes: &[u8]) -> Option<[Option<Plain>; 2]> {
    let mut stalls = [None, None];
    for line in lines(bytes) {
        let words = words(line);
        match words.first() {
            Some(&b"some") => stalls[0] = Some(stall(&words[1..])?),
            Some(&b"full") => stalls[1] = Some(stall(&words[1..])?),
            _ => {}
        }
    }
    (stalls != [None, None]).then_some(stalls)
}

fn stall(words: &[&[u8]]) -> Option<Plain> {
    let (mut avg10, mut avg60, mut total) = (None, None, None);
    let is_alone = |word: &&&[u8]| matches!(**word, b"avg10=" | b"avg60=" | b"total=");
    for word in words.iter().filter(|word| !is_alone(word)) {
        if let Some(value) = word.strip_prefix(b"avg10=") {
            avg10 = Some(hundredths(&[value], 0)?);
        } else if let Some(value) = word.strip_prefix(b"avg60=") {
            avg60 = Some(hundredths(&[value], 0)?);
        } else if let Some(value) = word.strip_prefix(b"total=") {
            total = Some(number(&[value], 0)?);
        }
    }
    Some((avg10?, avg60?, total?))
}
