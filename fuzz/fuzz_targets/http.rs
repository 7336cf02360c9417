//! HTTP: an answer that arrives in pieces decodes to the same head and body as the whole.
#![no_main]

use libfuzzer_sys::fuzz_target;
use neon_agent_core::parse::http::{BodyDecoder, Framing, HttpFault, head};

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    if let Ok(Some(whole)) = head(bytes) {
        assert!(whole.length <= bytes.len());
        assert_eq!(head(&bytes[..whole.length]), Ok(Some(whole)));
        let (whole_body, pieces_body) = (
            decode(whole.framing, &bytes[whole.length..], usize::MAX),
            decode(whole.framing, &bytes[whole.length..], 1 + usize::from(piece)),
        );
        assert_eq!(whole_body, pieces_body);
    }
    for framing in [Framing::Chunked, Framing::Length(bytes.len() as u64 / 2), Framing::UntilClose] {
        assert_eq!(decode(framing, bytes, usize::MAX), decode(framing, bytes, 1 + usize::from(piece)));
    }
});

/// The body, whether it ended, and how the decoding failed, if it did.
fn decode(framing: Framing, bytes: &[u8], piece: usize) -> (Vec<u8>, bool, Option<HttpFault>) {
    let mut decoder = BodyDecoder::new(framing);
    let (mut body, mut used) = (Vec::new(), 0);
    while used < bytes.len() && !decoder.is_done() {
        let end = bytes.len().min(used.saturating_add(piece));
        match decoder.decode(&bytes[used..end]) {
            Ok(decoded) => {
                assert!(decoded.consumed > 0, "progress");
                used += decoded.consumed;
                body.extend_from_slice(decoded.data);
            }
            Err(fault) => return (body, false, Some(fault)),
        }
    }
    (body, decoder.is_done(), None)
}
