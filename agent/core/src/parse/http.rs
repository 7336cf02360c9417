//! HTTP/1.1 answers: the head, and the framing of the body.
//!
//! Source: RFC 9112, sections 4, 6 and 7. Heads are read by httparse over the caller's buffer; [`BodyDecoder`] takes
//! the bytes after it, in pieces of any size, and hands out the body without its framing.

use core::fmt;

/// Most header fields of an answer. The Docker Engine sends about ten; more is [`HttpFault::TooManyHeaders`].
pub const HEADERS_MAX: usize = 64;

/// Most bytes of a chunk's size line, extensions included.
const CHUNK_LINE_MAX_BYTES: u32 = 256;
/// Most bytes of all trailer fields together.
const TRAILER_MAX_BYTES: u32 = 8192;

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpFault {
    /// The status line or a header field breaks the grammar.
    Head,
    /// More than [`HEADERS_MAX`] header fields: our capacity, not their mistake.
    TooManyHeaders,
    /// `Content-Length` is no number, or two of them differ.
    ContentLength,
    /// A transfer coding other than `chunked`.
    TransferEncoding,
    /// A chunk's size line or the line end after its data is malformed.
    Chunk,
    /// The trailer goes on past its bound.
    TrailerTooLong,
}

impl fmt::Display for HttpFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head => "the answer is not HTTP/1.1",
            Self::TooManyHeaders => "the answer has too many header fields",
            Self::ContentLength => "the answer's Content-Length is malformed",
            Self::TransferEncoding => "the answer's Transfer-Encoding is not supported",
            Self::Chunk => "the answer's chunked framing is malformed",
            Self::TrailerTooLong => "the answer's trailer is too long",
        })
    }
}

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// It has this many bytes.
    Length(u64),
    /// It comes in chunks; the one of size 0 is the last.
    Chunked,
    /// It ends when the peer closes the connection.
    UntilClose,
}

/// The head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Status code, 100 to 999.
    pub status: u16,
    /// How the body that follows is framed.
    pub framing: Framing,
    /// Whether the connection can carry another request after this body.
    pub keep_alive: bool,
    /// Bytes of the head itself, the empty line included.
    pub length: usize,
}

/// Reads the head of an answer to a `GET`; `Ok(None)` when it is not all here yet.
///
/// The caller bounds the buffer and the time it waits for the rest.
pub fn head(bytes: &[u8]) -> Result<Option<Head>, HttpFault> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(HttpFault::TooManyHeaders),
        Err(_) => return Err(HttpFault::Head),
    };
    let status = response.code.ok_or(HttpFault::Head)?;
    let framing = framing(status, response.headers)?;
    let keep_alive = response.version == Some(1)
        && framing != Framing::UntilClose
        && !response.headers.iter().any(|header| is(header, "connection") && lists(header.value, b"close"));
    Ok(Some(Head { status, framing, keep_alive, length }))
}

fn framing(status: u16, headers: &[httparse::Header<'_>]) -> Result<Framing, HttpFault> {
    if matches!(status, 100..=199 | 204 | 304) {
        return Ok(Framing::Length(0));
    }
    let mut framing = None;
    for header in headers {
        if is(header, "transfer-encoding") {
            // Transfer-Encoding overrides Content-Length (RFC 9112, 6.3).
            return match header.value.trim_ascii().eq_ignore_ascii_case(b"chunked") {
                true => Ok(Framing::Chunked),
                false => Err(HttpFault::TransferEncoding),
            };
        }
        if is(header, "content-length") {
            let length = super::number(header.value.trim_ascii()).ok_or(HttpFault::ContentLength)?;
            if framing.is_some_and(|earlier| earlier != Framing::Length(length)) {
                return Err(HttpFault::ContentLength);
            }
            framing = Some(Framing::Length(length));
        }
    }
    Ok(framing.unwrap_or(Framing::UntilClose))
}

fn is(header: &httparse::Header<'_>, name: &str) -> bool {
    header.name.eq_ignore_ascii_case(name)
}

fn lists(value: &[u8], token: &[u8]) -> bool {
    value.split(|byte| *byte == b',').any(|item| item.trim_ascii().eq_ignore_ascii_case(token))
}

/// Takes the framing off a body that arrives in pieces.
///
/// Split anywhere, the pieces decode to the same bytes as the whole.
#[derive(Clone, Copy, Debug)]
pub struct BodyDecoder {
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// `None`: until the peer closes.
    Plain(Option<u64>),
    ChunkSize {
        size: u64,
        digits: u32,
    },
    /// After the size: an extension or the line end. Counts its bytes.
    ChunkLine {
        size: u64,
        length: u32,
    },
    ChunkData(u64),
    /// The CR, then the LF after a chunk's data.
    ChunkEnd {
        seen_cr: bool,
    },
    /// Trailer fields up to an empty line. Counts all bytes, and those of the current line without CR.
    Trailer {
        total: u32,
        line: u32,
    },
    Done,
}

/// What one call of [`BodyDecoder::decode`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// Bytes of the input that are used up, framing included.
    pub consumed: usize,
    /// Body bytes among them; may be empty while framing is read.
    pub data: &'a [u8],
}

impl BodyDecoder {
    /// A decoder for one body.
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Plain(Some(length)),
            Framing::Chunked => State::ChunkSize { size: 0, digits: 0 },
            Framing::UntilClose => State::Plain(None),
        };
        Self { state }
    }

    /// Whether the body has ended by its own framing.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether a peer that closes the connection now ends the body properly.
    pub fn may_close(&self) -> bool {
        matches!(self.state, State::Done | State::Plain(None))
    }

    /// Decodes up to the next stretch of body bytes.
    ///
    /// Consumes at least one byte of a non-empty input unless the body is done. After an error it stays where it is.
    pub fn decode<'a>(&mut self, input: &'a [u8]) -> Result<Decoded<'a>, HttpFault> {
        let mut rest = input;
        let mut data: &[u8] = &[];
        while data.is_empty() && !self.is_done() {
            let Some((&first, tail)) = rest.split_first() else { break };
            let (state, remaining) = match self.state {
                State::Plain(None) => {
                    data = rest;
                    (self.state, <&[u8]>::default())
                }
                State::Plain(Some(left)) => {
                    let (head, remaining, left) = take(rest, left);
                    data = head;
                    (if left == 0 { State::Done } else { State::Plain(Some(left)) }, remaining)
                }
                State::ChunkData(left) => {
                    let (head, remaining, left) = take(rest, left);
                    data = head;
                    (if left == 0 { State::ChunkEnd { seen_cr: false } } else { State::ChunkData(left) }, remaining)
                }
                State::Done => break,
                framing => (next_framing(framing, first)?, tail),
            };
            self.state = state;
            rest = remaining;
        }
        Ok(Decoded { consumed: input.len().saturating_sub(rest.len()), data })
    }
}

/// Splits off as much of `bytes` as belongs to a stretch of `left` bytes; returns it, the rest, and what is left.
fn take(bytes: &[u8], left: u64) -> (&[u8], &[u8], u64) {
    let count = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
    let (head, rest) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
    (head, rest, left.saturating_sub(head.len() as u64))
}

/// The state after one byte of framing.
fn next_framing(state: State, byte: u8) -> Result<State, HttpFault> {
    match (state, byte) {
        (State::ChunkSize { size, digits }, byte) if byte.is_ascii_hexdigit() => {
            let digit = char::from(byte).to_digit(16).ok_or(HttpFault::Chunk)?;
            let size = size.checked_mul(16).and_then(|size| size.checked_add(u64::from(digit)));
            let digits = digits.saturating_add(1);
            if digits > CHUNK_LINE_MAX_BYTES {
                return Err(HttpFault::Chunk);
            }
            Ok(State::ChunkSize { size: size.ok_or(HttpFault::Chunk)?, digits })
        }
        (State::ChunkSize { digits: 0, .. }, _) => Err(HttpFault::Chunk),
        (State::ChunkSize { size, .. }, b'\r' | b';' | b' ' | b'\t') => Ok(State::ChunkLine { size, length: 0 }),
        (State::ChunkLine { size: 0, .. }, b'\n') => Ok(State::Trailer { total: 0, line: 0 }),
        (State::ChunkLine { size, .. }, b'\n') => Ok(State::ChunkData(size)),
        (State::ChunkLine { size, length }, _) if length < CHUNK_LINE_MAX_BYTES => {
            Ok(State::ChunkLine { size, length: length.saturating_add(1) })
        }
        (State::ChunkEnd { seen_cr: false }, b'\r') => Ok(State::ChunkEnd { seen_cr: true }),
        (State::ChunkEnd { seen_cr: true }, b'\n') => Ok(State::ChunkSize { size: 0, digits: 0 }),
        (State::Trailer { line: 0, .. }, b'\n') => Ok(State::Done),
        (State::Trailer { total, .. }, b'\n') => trailer(total, 0),
        (State::Trailer { total, line }, b'\r') => trailer(total, line),
        (State::Trailer { total, line }, _) => trailer(total, line.saturating_add(1)),
        _ => Err(HttpFault::Chunk),
    }
}

fn trailer(total: u32, line: u32) -> Result<State, HttpFault> {
    if total >= TRAILER_MAX_BYTES {
        return Err(HttpFault::TrailerTooLong);
    }
    Ok(State::Trailer { total: total.saturating_add(1), line })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn a_docker_answer_is_read() {
        let bytes = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n";
        let head = head(bytes).unwrap().unwrap();
        assert_eq!((head.status, head.framing, head.keep_alive), (200, Framing::Chunked, true));
        assert_eq!(&bytes[head.length..], b"5\r\n");
    }

    #[test]
    fn a_head_cut_anywhere_is_not_here_yet() {
        let bytes = b"HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\nConnection: close\r\n\r\n";
        for end in 0..bytes.len() {
            assert_eq!(head(&bytes[..end]), Ok(None), "cut at {end}");
        }
        let head = head(bytes).unwrap().unwrap();
        assert_eq!((head.framing, head.keep_alive), (Framing::Length(12), false));
    }

    #[test]
    fn framing_follows_the_rfc() {
        let framing = |fields: &str| {
            head(std::format!("HTTP/1.1 200 OK\r\n{fields}\r\n").as_bytes()).map(|head| head.unwrap().framing)
        };
        assert_eq!(framing(""), Ok(Framing::UntilClose));
        assert_eq!(framing("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), Ok(Framing::Chunked));
        assert_eq!(framing("Content-Length: 5\r\nContent-Length: 5\r\n"), Ok(Framing::Length(5)));
        assert_eq!(framing("Content-Length: 5\r\nContent-Length: 6\r\n"), Err(HttpFault::ContentLength));
        assert_eq!(framing("Content-Length: -1\r\n"), Err(HttpFault::ContentLength));
        assert_eq!(framing("Transfer-Encoding: gzip\r\n"), Err(HttpFault::TransferEncoding));
        assert_eq!(head(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().unwrap().framing, Framing::Length(0));
    }

    #[test]
    fn a_capacity_error_is_told_from_a_syntax_error() {
        let fields = "A: b\r\n".repeat(HEADERS_MAX);
        assert!(head(std::format!("HTTP/1.1 200 OK\r\n{fields}\r\n").as_bytes()).unwrap().is_some());
        assert_eq!(
            head(std::format!("HTTP/1.1 200 OK\r\nA: b\r\n{fields}\r\n").as_bytes()),
            Err(HttpFault::TooManyHeaders)
        );
        assert_eq!(head(b"SSH-2.0-OpenSSH_9.2\r\n"), Err(HttpFault::Head));
    }

    /// Decodes `input` in pieces of `piece` bytes; the body, and what follows it.
    fn decode(framing: Framing, input: &[u8], piece: usize) -> Result<(Vec<u8>, usize, bool), HttpFault> {
        let mut decoder = BodyDecoder::new(framing);
        let (mut body, mut used) = (Vec::new(), 0);
        while used < input.len() && !decoder.is_done() {
            let decoded = decoder.decode(&input[used..input.len().min(used + piece)])?;
            assert!(decoded.consumed > 0);
            used += decoded.consumed;
            body.extend_from_slice(decoded.data);
        }
        Ok((body, used, decoder.is_done()))
    }

    #[test]
    fn chunks_decode_the_same_however_they_are_split() {
        let input = b"4;name=\"v\"\r\nWiki\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nTrailer: x\r\n\r\nnext";
        for piece in 1..=input.len() {
            let (body, used, done) = decode(Framing::Chunked, input, piece).unwrap();
            assert_eq!(body, b"Wikiabcdefghijklmnopqrstuvwxyz", "pieces of {piece}");
            assert_eq!((&input[used..], done), (&b"next"[..], true));
        }
    }

    #[test]
    fn a_fixed_length_leaves_the_next_answer_alone() {
        assert_eq!(decode(Framing::Length(3), b"abcHTTP", 2).unwrap(), (b"abc".to_vec(), 3, true));
        assert_eq!(decode(Framing::Length(0), b"HTTP", 4).unwrap(), (Vec::new(), 0, true));
        assert_eq!(decode(Framing::Length(9), b"abc", 3).unwrap(), (b"abc".to_vec(), 3, false));
    }

    #[test]
    fn only_a_body_without_framing_may_end_with_the_connection() {
        assert!(BodyDecoder::new(Framing::UntilClose).may_close());
        assert!(!BodyDecoder::new(Framing::Chunked).may_close());
        assert!(!BodyDecoder::new(Framing::Length(1)).may_close());
    }

    #[test]
    fn malformed_chunks_are_refused() {
        for input in [&b"\r\n"[..], b"x\r\n", b"-1\r\n", b"4\r\nWikiX", b"4\r\nWiki\rX", b"fffffffffffffffff\r\n"] {
            assert_eq!(decode(Framing::Chunked, input, 1), Err(HttpFault::Chunk), "{input:?}");
        }
        let endless = [b"1;".as_slice(), &[b'a'; 1000]].concat();
        assert_eq!(decode(Framing::Chunked, &endless, 64), Err(HttpFault::Chunk));
        let trailer = [b"0\r\n".as_slice(), &[b'a'; 10_000]].concat();
        assert_eq!(decode(Framing::Chunked, &trailer, 64), Err(HttpFault::TrailerTooLong));
    }
}
