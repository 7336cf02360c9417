//! The array splitter: the same elements however the input is split, and the elements that serde_json sees. The members
//! of an object: those that serde_json sees.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::json::{ArraySplitter, JsonFault, Step, elements, members};
use serde_json::value::RawValue;

const ELEMENT_BYTES: usize = 256;

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    let whole = split(bytes, usize::MAX);
    assert_eq!(whole, split(bytes, 1 + usize::from(piece)));

    if let Ok(expected) = serde_json::from_slice::<BTreeMap<&str, &RawValue>>(bytes) {
        let members: BTreeMap<&str, &[u8]> = members(bytes)
            .map(|member| member.expect("what serde_json accepts is an object"))
            .map(|(key, value)| (std::str::from_utf8(key).expect("text"), value))
            .collect();
        let expected = expected.into_iter().map(|(key, value)| (key, value.get().as_bytes()));
        assert!(members.into_iter().eq(expected));
    }
    let Ok(expected) = serde_json::from_slice::<Vec<&RawValue>>(bytes) else { return };
    let in_memory: Vec<&[u8]> =
        elements(bytes).map(|element| element.expect("what serde_json accepts is an array")).collect();
    assert!(in_memory.iter().copied().eq(expected.iter().map(|element| element.get().as_bytes())));
    let (elements, ended) = whole.expect("what serde_json accepts is an array");
    assert!(ended);
    assert_eq!(elements.len(), expected.len());
    for (element, expected) in elements.iter().zip(expected) {
        match element {
            Some(element) => assert_eq!(element.trim_ascii(), expected.get().as_bytes()),
            None => assert!(expected.get().len() + 1 > ELEMENT_BYTES / 2 || bytes.len() > ELEMENT_BYTES),
        }
    }
});

type Split = Result<(Vec<Option<Vec<u8>>>, bool), JsonFault>;

fn split(bytes: &[u8], piece: usize) -> Split {
    let (mut splitter, mut buffer, mut elements) = (ArraySplitter::default(), [0; ELEMENT_BYTES], Vec::new());
    for piece in bytes.chunks(piece.max(1).min(bytes.len().max(1))) {
        let mut rest = piece;
        loop {
            match splitter.step(&mut rest, &mut buffer)? {
                Step::More | Step::End => break,
                Step::Element(element) => elements.push(Some(element.to_vec())),
                Step::Oversized => elements.push(None),
            }
        }
    }
    Ok((elements, splitter.is_ended()))
}
