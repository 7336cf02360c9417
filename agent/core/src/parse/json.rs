//! JSON from others: arrays that arrive in pieces, single elements, and their text.
//!
//! Source: RFC 8259. [`ArraySplitter`] cuts an array into its elements, so that an answer of any size needs the memory
//! of one; it follows only the structure (strings, escapes, brackets), refuses what cannot be an array, and counts what
//! is too large. [`members`] and [`elements`] walk one object or list without a copy and without recursion, which is how
//! the engine's answers are read; [`element`] reads a small answer by its type, and [`JsonText`] is a string.

use core::fmt::{self, Write};
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Deepest nesting that [`element`] reads: it recurses, and its stack is small. The master's answers have four levels.
pub const DEPTH_MAX: u32 = 32;

/// What is wrong with the array itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonFault {
    /// The first byte that is no white space opens no array.
    NotAnArray,
    /// A bracket, comma or closing is where it cannot be.
    Structure,
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnArray => "the answer is not a JSON array",
            Self::Structure => "the answer's JSON is malformed",
        })
    }
}

/// What one call of [`ArraySplitter::step`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'b> {
    /// The input is used up; the array goes on.
    More,
    /// One whole element.
    Element(&'b [u8]),
    /// An element that was skipped, being larger than the buffer.
    Oversized,
    /// The array is closed.
    End,
}

/// Cuts one JSON array into its elements.
///
/// Split anywhere, the pieces give the same elements as the whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArraySplitter {
    place: Place,
    /// Open brackets inside the current element.
    depth: u32,
    in_string: bool,
    after_backslash: bool,
    /// Bytes of the current element in the buffer.
    length: usize,
    oversized: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    BeforeArray,
    /// After `[`: an element or the end.
    First,
    /// After `,`: an element.
    Next,
    InElement,
    /// After an element: `,` or the end.
    After,
    Ended,
}

impl ArraySplitter {
    /// Reads from `input`, moving it past what is used up, until an element is whole in `buffer`.
    ///
    /// The same buffer must be given until the element is out. Bytes after the array are left in `input`.
    pub fn step<'b>(&mut self, input: &mut &[u8], buffer: &'b mut [u8]) -> Result<Step<'b>, JsonFault> {
        while let Some((&byte, rest)) = input.split_first() {
            match self.place {
                Place::Ended => return Ok(Step::End),
                Place::InElement => {
                    let length = self.follow(input)?;
                    let (part, rest) = input.split_at_checked(length).unwrap_or((input, &[]));
                    self.append(part, buffer);
                    *input = rest;
                    if !rest.is_empty() {
                        self.place = Place::After;
                        return Ok(self.finish(buffer));
                    }
                }
                _ => {
                    if self.between(byte)? {
                        *input = rest;
                    }
                }
            }
        }
        Ok(if self.place == Place::Ended { Step::End } else { Step::More })
    }

    /// Whether the array has been closed.
    pub fn is_ended(&self) -> bool {
        self.place == Place::Ended
    }

    /// Takes one byte outside of elements; false if an element begins with it.
    fn between(&mut self, byte: u8) -> Result<bool, JsonFault> {
        self.place = match (self.place, byte) {
            (place, b' ' | b'\t' | b'\r' | b'\n') => place,
            (Place::BeforeArray, b'[') => Place::First,
            (Place::BeforeArray, _) => return Err(JsonFault::NotAnArray),
            (Place::First | Place::After, b']') => Place::Ended,
            (Place::After, b',') => Place::Next,
            (Place::First | Place::Next, b',' | b']' | b'}') | (Place::After, _) => return Err(JsonFault::Structure),
            _ => {
                self.place = Place::InElement;
                return Ok(false);
            }
        };
        Ok(true)
    }

    /// How many bytes at the start of `input` belong to the element: all, or those before the one that ends it.
    fn follow(&mut self, input: &[u8]) -> Result<usize, JsonFault> {
        let mut at = 0usize;
        while let Some(rest) = input.get(at..).filter(|rest| !rest.is_empty()) {
            if self.in_string {
                at = at.saturating_add(self.follow_string(rest));
                continue;
            }
            let Some(found) = next_structural(rest) else { break };
            at = at.saturating_add(found);
            match input.get(at) {
                Some(b'"') => self.in_string = true,
                Some(b'{' | b'[') => self.depth = self.depth.saturating_add(1),
                Some(b',' | b']') if self.depth == 0 => return Ok(at),
                Some(b'}' | b']') => self.depth = self.depth.checked_sub(1).ok_or(JsonFault::Structure)?,
                _ => {}
            }
            at = at.saturating_add(1);
        }
        Ok(input.len())
    }

    /// How many bytes at the start of `input` belong to the string, its closing quote among them.
    fn follow_string(&mut self, input: &[u8]) -> usize {
        if self.after_backslash {
            self.after_backslash = false;
            return 1;
        }
        let Some(found) = memchr::memchr2(b'"', b'\\', input) else { return input.len() };
        self.after_backslash = input.get(found) == Some(&b'\\');
        self.in_string = self.after_backslash;
        found.saturating_add(1)
    }

    fn append(&mut self, bytes: &[u8], buffer: &mut [u8]) {
        let end = self.length.saturating_add(bytes.len());
        match buffer.get_mut(self.length..end) {
            Some(room) if !self.oversized => {
                room.copy_from_slice(bytes);
                self.length = end;
            }
            _ => self.oversized = true,
        }
    }

    fn finish<'b>(&mut self, buffer: &'b mut [u8]) -> Step<'b> {
        let (length, oversized) = (self.length, self.oversized);
        (self.length, self.oversized) = (0, false);
        match buffer.get(..length) {
            Some(element) if !oversized => Step::Element(element),
            _ => Step::Oversized,
        }
    }
}

/// Where `json`, which begins outside of a string, next has a byte that may change the structure.
fn next_structural(json: &[u8]) -> Option<usize> {
    json.iter().position(|byte| matches!(byte, b'"' | b',' | b'{' | b'}' | b'[' | b']'))
}

/// Whether `json` nests no deeper than [`DEPTH_MAX`], so that a recursive parser may be let at it.
pub fn is_shallow(json: &[u8]) -> bool {
    let (mut depth, mut in_string, mut after_backslash) = (0u32, false, false);
    for byte in json {
        match byte {
            _ if after_backslash => after_backslash = false,
            b'\\' if in_string => after_backslash = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth = depth.saturating_add(1),
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return false;
        }
    }
    true
}

/// Why an element could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementFault {
    /// Nested deeper than [`DEPTH_MAX`].
    TooDeep,
    /// Not the JSON that was asked for, or a required field is missing.
    Malformed,
}

impl fmt::Display for ElementFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooDeep => "nested too deep",
            Self::Malformed => "not as its API describes it",
        })
    }
}

/// Reads one small answer, such as the master's.
pub fn element<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, ElementFault> {
    if !is_shallow(bytes) {
        return Err(ElementFault::TooDeep);
    }
    match serde_json_core::from_slice(bytes.trim_ascii()) {
        Ok((value, _)) => Ok(value),
        Err(_) => Err(ElementFault::Malformed),
    }
}

/// The members of an object, each value still as JSON writes it.
///
/// For answers of which little is wanted: one pass follows the structure alone, what is skipped is not checked to be
/// JSON, and nesting costs no stack. A key is compared as it stands; the engine's have no escapes.
pub fn members(json: &[u8]) -> Members<'_> {
    Members(Items::of(json, b'{', b'}'))
}

/// What [`members`] returns. Ends with `Malformed` where the structure is broken.
#[derive(Clone, Debug)]
pub struct Members<'a>(Items<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), ElementFault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next(|rest| {
            let (key, rest) = split_string(rest)?;
            let (value, rest) = split_value(skip_space(skip_space(rest).strip_prefix(b":")?))?;
            Some(((unquoted(key)?, value), rest))
        })
    }
}

/// The elements of a list that is whole in memory, with the promises of [`members`].
pub fn elements(json: &[u8]) -> Elements<'_> {
    Elements(Items::of(json, b'[', b']'))
}

/// What [`elements`] returns. Ends with `Malformed` where the structure is broken.
#[derive(Clone, Debug)]
pub struct Elements<'a>(Items<'a>);

impl<'a> Iterator for Elements<'a> {
    type Item = Result<&'a [u8], ElementFault>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next(split_value)
    }
}

/// What stands between two brackets, separated by commas.
#[derive(Clone, Debug)]
struct Items<'a> {
    /// No white space at its start.
    rest: &'a [u8],
    closing: u8,
    place: ItemsPlace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ItemsPlace {
    First,
    Next,
    Ended,
}

impl<'a> Items<'a> {
    fn of(json: &'a [u8], opening: u8, closing: u8) -> Self {
        let rest = json.trim_ascii().strip_prefix(&[opening]).map(skip_space).unwrap_or_default();
        Self { rest, closing, place: ItemsPlace::First }
    }

    /// The next item, as `split` splits it off what is left.
    fn next<T>(&mut self, split: impl FnOnce(&'a [u8]) -> Option<(T, &'a [u8])>) -> Option<Result<T, ElementFault>> {
        if self.place == ItemsPlace::Ended || *self.rest == [self.closing] {
            self.place = ItemsPlace::Ended;
            return None;
        }
        let item = self.start().and_then(split);
        self.place = if item.is_some() { ItemsPlace::Next } else { ItemsPlace::Ended };
        let (item, rest) = match item {
            Some((item, rest)) => (Ok(item), rest),
            None => (Err(ElementFault::Malformed), self.rest),
        };
        self.rest = skip_space(rest);
        Some(item)
    }

    /// Where the next item starts, after the comma that parts it from the last.
    fn start(&self) -> Option<&'a [u8]> {
        match self.place {
            ItemsPlace::Next => self.rest.strip_prefix(b",").map(skip_space),
            _ => Some(self.rest),
        }
    }
}

fn skip_space(json: &[u8]) -> &[u8] {
    match json.first() {
        Some(b' ' | b'\t' | b'\r' | b'\n') => json.trim_ascii_start(),
        _ => json,
    }
}

/// What stands between the quotes of a string.
fn unquoted(string: &[u8]) -> Option<&[u8]> {
    string.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

/// A value of [`members`] or [`elements`] that is a string; `null` is the empty one, as Podman has it.
pub fn text(value: &[u8]) -> Result<JsonText<'_>, ElementFault> {
    match value {
        b"null" => Ok(JsonText::default()),
        string => unquoted(string).and_then(JsonText::of).ok_or(ElementFault::Malformed),
    }
}

/// A value that is a whole number; `None` for `null`.
pub fn integer<N: FromStr>(value: &[u8]) -> Result<Option<N>, ElementFault> {
    match value {
        b"null" => Ok(None),
        [b'+', ..] => Err(ElementFault::Malformed),
        digits => {
            str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).map(Some).ok_or(ElementFault::Malformed)
        }
    }
}

/// A value that is true or false; `None` for `null`.
pub fn boolean(value: &[u8]) -> Result<Option<bool>, ElementFault> {
    match value {
        b"null" => Ok(None),
        b"true" => Ok(Some(true)),
        b"false" => Ok(Some(false)),
        _ => Err(ElementFault::Malformed),
    }
}

/// Splits off the string that `json` starts with, quotes and all.
fn split_string(json: &[u8]) -> Option<(&[u8], &[u8])> {
    json.strip_prefix(b"\"")?;
    let mut end = 1usize;
    loop {
        let rest = json.get(end..)?;
        let found = memchr::memchr2(b'"', b'\\', rest)?;
        let is_end = rest.get(found) == Some(&b'"');
        // An escape is two bytes, or begins with these two.
        end = end.checked_add(found)?.checked_add(if is_end { 1 } else { 2 })?;
        if is_end {
            return json.split_at_checked(end);
        }
    }
}

/// Splits off the value that `json` starts with.
fn split_value(json: &[u8]) -> Option<(&[u8], &[u8])> {
    match json.first()? {
        b'"' => split_string(json),
        b'{' | b'[' => split_nested(json),
        _ => {
            let is_end = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n');
            let (value, rest) = json.split_at_checked(json.iter().position(is_end)?)?;
            (!value.is_empty()).then_some((value, rest))
        }
    }
}

fn split_nested(json: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut rest, mut depth) = (json, 0u32);
    loop {
        rest = rest.get(next_structural(rest)?..)?;
        let (byte, after) = rest.split_first()?;
        match byte {
            b'"' => {
                rest = split_string(rest)?.1;
                continue;
            }
            b'{' | b'[' => depth = depth.checked_add(1)?,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        rest = after;
        if depth == 0 {
            return json.split_at_checked(json.len().checked_sub(rest.len())?);
        }
    }
}

/// A string as JSON writes it, without the quotes and with its escapes.
///
/// [`fmt::Display`] and [`Serialize`] decode the escapes; one that is not JSON, or half a surrogate pair, becomes U+FFFD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonText<'a>(pub &'a str);

impl<'a> JsonText<'a> {
    /// The text that stands between two quotes; `None` for what is not UTF-8.
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        str::from_utf8(bytes).ok().map(Self)
    }

    /// Whether there is no text.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// What needs no decoding, and the rest from the first escape (or NUL, which JSON does not allow) on.
    fn split_at_escape(self) -> (&'a str, Self) {
        let escape = memchr::memchr2(b'\\', b'\0', self.0.as_bytes());
        let (plain, rest) = escape.and_then(|at| self.0.split_at_checked(at)).unwrap_or((self.0, ""));
        (plain, Self(rest))
    }

    /// Its characters, decoded.
    pub fn chars(self) -> impl Iterator<Item = char> + 'a {
        let mut chars = self.0.chars();
        core::iter::from_fn(move || match chars.next()? {
            '\\' => Some(unescaped(&mut chars).unwrap_or(char::REPLACEMENT_CHARACTER)),
            plain => Some(plain),
        })
    }
}

/// The character that the escape after a backslash stands for (RFC 8259, section 7).
fn unescaped(chars: &mut core::str::Chars<'_>) -> Option<char> {
    match chars.next()? {
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'u' => {
            let first = code_unit(chars)?;
            let mut ahead = chars.clone();
            let is_high = (0xd800..0xdc00).contains(&first);
            let low = if is_high && ahead.next() == Some('\\') && ahead.next() == Some('u') {
                code_unit(&mut ahead)
            } else {
                None
            };
            match low {
                Some(low) => {
                    let pair = char::decode_utf16([first, low]).next()?.ok()?;
                    *chars = ahead;
                    Some(pair)
                }
                None => char::from_u32(u32::from(first)),
            }
        }
        same @ ('"' | '\\' | '/') => Some(same),
        _ => None,
    }
}

fn code_unit(chars: &mut core::str::Chars<'_>) -> Option<u16> {
    let unit = (0..4).try_fold(0u32, |value, _| value.checked_mul(16)?.checked_add(chars.next()?.to_digit(16)?))?;
    u16::try_from(unit).ok()
}

impl fmt::Display for JsonText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (plain, escaped) = self.split_at_escape();
        f.write_str(plain)?;
        escaped.chars().try_for_each(|c| f.write_char(c))
    }
}

impl Serialize for JsonText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // PostgreSQL cannot store NUL in text, and no name needs it.
        struct WithoutNul<'a>(JsonText<'a>);
        impl fmt::Display for WithoutNul<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let (plain, escaped) = self.0.split_at_escape();
                f.write_str(plain)?;
                escaped.chars().filter(|c| *c != '\0').try_for_each(|c| f.write_char(c))
            }
        }
        match self.split_at_escape() {
            (plain, JsonText("")) => serializer.serialize_str(plain),
            _ => serializer.collect_str(&WithoutNul(*self)),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = JsonText<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<JsonText<'de>, E> {
                Ok(JsonText(text))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::{String, ToString};
    use std::vec::Vec;

    use super::*;

    /// Elements of `input` given in pieces; an oversized one is `None`.
    fn split<const N: usize>(input: &str, piece: usize) -> Result<(Vec<Option<String>>, bool), JsonFault> {
        let (mut splitter, mut buffer, mut elements) = (ArraySplitter::default(), [0; N], Vec::new());
        for piece in input.as_bytes().chunks(piece) {
            let mut rest = piece;
            loop {
                match splitter.step(&mut rest, &mut buffer)? {
                    Step::More | Step::End => break,
                    Step::Element(bytes) => elements.push(Some(String::from_utf8(bytes.to_vec()).unwrap())),
                    Step::Oversized => elements.push(None),
                }
            }
        }
        Ok((elements, splitter.is_ended()))
    }

    #[test]
    fn elements_are_the_same_however_the_input_is_split() {
        let input = r#" [ {"a":"]},\"[{","b":[1,2,{"c":"\\"}]} ,"x,]" ,17, null,[ ] ]"#;
        let expected = [r#"{"a":"]},\"[{","b":[1,2,{"c":"\\"}]} "#, r#""x,]" "#, "17", "null", "[ ] "];
        for piece in 1..=input.len() {
            let (elements, ended) = split::<64>(input, piece).unwrap();
            assert!(elements.iter().flatten().eq(expected), "{elements:?} in pieces of {piece}");
            assert!(ended);
        }
    }

    #[test]
    fn an_element_that_fits_exactly_is_whole_and_one_over_is_counted() {
        assert_eq!(split::<4>("[1234,12345,1]", 3).unwrap().0, [Some("1234".into()), None, Some("1".into())]);
    }

    #[test]
    fn an_element_nested_however_deep_is_cut_out_and_only_the_recursive_reader_refuses_it() {
        let nested = |depth: u32| std::format!("[{}{},1]", "[".repeat(depth as usize), "]".repeat(depth as usize));
        assert_eq!(split::<256>(&nested(100), 7).unwrap().0[1], Some("1".into()));
        assert!(is_shallow(nested(DEPTH_MAX - 1).as_bytes()) && !is_shallow(nested(DEPTH_MAX).as_bytes()));
        assert!(is_shallow(br#""[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"[[""#));
    }

    #[test]
    fn empty_arrays_end_and_cut_ones_do_not() {
        assert_eq!(split::<8>("[]", 1).unwrap(), (Vec::new(), true));
        assert_eq!(split::<8>("[ ", 1).unwrap(), (Vec::new(), false));
        assert_eq!(split::<8>("[1", 1).unwrap(), (Vec::new(), false));
        assert_eq!(split::<8>("", 1).unwrap(), (Vec::new(), false));
    }

    #[test]
    fn what_is_no_array_is_refused() {
        assert_eq!(split::<8>("{\"message\":\"no\"}", 4), Err(JsonFault::NotAnArray));
        for input in ["[,1]", "[1,]", "[}", "[1}"] {
            assert_eq!(split::<8>(input, 1), Err(JsonFault::Structure), "{input}");
        }
    }

    #[test]
    fn bytes_after_the_array_are_left_alone() {
        let mut input = &b"[1]tail"[..];
        let (mut splitter, mut buffer) = (ArraySplitter::default(), [0; 8]);
        assert_eq!(splitter.step(&mut input, &mut buffer), Ok(Step::Element(b"1")));
        assert_eq!(splitter.step(&mut input, &mut buffer), Ok(Step::End));
        assert_eq!(input, b"tail");
    }

    #[test]
    fn escapes_decode_as_json_has_them() {
        let decoded = |raw| JsonText(raw).to_string();
        assert_eq!(decoded(r#"a\"b\\c\/d\n\u00e9"#), "a\"b\\c/d\n\u{e9}");
        assert_eq!(decoded(r"\ud83d\ude00!"), "\u{1f600}!");
        assert_eq!(decoded(r"\ud83dx"), "\u{fffd}x");
        assert_eq!(decoded(r"\ud83d\u0041"), "\u{fffd}A");
        assert_eq!(decoded(r"\x\u12"), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn any_text_serde_json_writes_reads_back_the_same() {
        for text in ["", "plain", "q\"b\\", "\u{1}\u{1f}\t\r\n", "é\u{1f600}\u{2028}", "</script>"] {
            let json = serde_json::to_string(text).unwrap();
            let read: JsonText<'_> = element(json.as_bytes()).unwrap();
            assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn written_text_has_no_nul() {
        let mut buffer = [0; 32];
        let length = serde_json_core::to_slice(&JsonText(r"a\u0000b"), &mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"\"ab\"");
    }

    fn read_members(json: &str) -> Result<Vec<(String, String)>, ElementFault> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        members(json.as_bytes()).map(|member| member.map(|(key, value)| (text(key), text(value)))).collect()
    }

    #[test]
    fn members_are_told_apart_whatever_their_values_hold() {
        let json = r#" { "a" : 1 ,"b\"":"}\\","c":{"d":["]}",{}]},"e":[ ], "f":null } "#;
        let members = read_members(json).unwrap();
        let members: Vec<(&str, &str)> = members.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let nested = r#"{"d":["]}",{}]}"#;
        assert_eq!(members, [("a", "1"), (r#"b\""#, r#""}\\""#), ("c", nested), ("e", "[ ]"), ("f", "null")]);
        assert_eq!(read_members("{}").unwrap(), []);
    }

    #[test]
    fn what_is_no_object_or_cut_has_no_members() {
        let json = r#"{"a":{"b":["c\"",1]},"d":2}"#;
        for end in 0..json.len() {
            assert_eq!(read_members(&json[..end]), Err(ElementFault::Malformed), "cut at {end}");
        }
        for json in
            ["null", "[]", "{}x", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1 2}", "{a:1}", "{\"a\":]}"]
        {
            assert_eq!(read_members(json), Err(ElementFault::Malformed), "{json}");
        }
    }

    #[test]
    fn members_nested_however_deep_take_no_stack() {
        let json = std::format!("{{\"a\":{}{}}}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(read_members(&json).unwrap().len(), 1);
    }

    #[test]
    fn elements_in_memory_are_told_apart_like_members() {
        let read = |json: &str| -> Result<Vec<String>, ElementFault> {
            elements(json.as_bytes()).map(|element| element.map(|e| String::from_utf8(e.to_vec()).unwrap())).collect()
        };
        assert_eq!(read(r#" [ "a,]" ,{"b":[1]}, 2 ,[ ]] "#).unwrap(), [r#""a,]""#, r#"{"b":[1]}"#, "2", "[ ]"]);
        assert_eq!(read("[]").unwrap(), Vec::<String>::new());
        for json in ["null", "{}", "[,]", "[1,]", "[1 2]", "[1", "[]x", "[}", ""] {
            assert_eq!(read(json), Err(ElementFault::Malformed), "{json}");
        }
    }

    #[test]
    fn a_value_of_another_kind_is_refused_and_null_is_none() {
        assert_eq!((text(b"null"), text(br#""a\"b""#)), (Ok(JsonText("")), Ok(JsonText(r#"a\"b"#))));
        assert_eq!((integer::<u16>(b"null"), integer::<i64>(b"-7")), (Ok(None), Ok(Some(-7))));
        assert_eq!((boolean(b"null"), boolean(b"true")), (Ok(None), Ok(Some(true))));
        for value in [&b"1"[..], b"", b"\"", b"\"\xff\"", b"[]"] {
            assert_eq!(text(value), Err(ElementFault::Malformed), "{value:?}");
        }
        for value in [&b"70000"[..], b"+1", b"1.0", b"\"1\"", b"", b"-1"] {
            assert_eq!(integer::<u16>(value), Err(ElementFault::Malformed), "{value:?}");
        }
        assert_eq!(boolean(b"1"), Err(ElementFault::Malformed));
    }
}
