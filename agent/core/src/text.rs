//! Text of bounded length that is repaired instead of refused.
//!
//! Names on a host can be anything: too long, not UTF-8, full of control characters. One bad name must not cost a
//! report, so [`Text`] cuts at a character and replaces what cannot be shown.

use core::fmt;
use core::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A string of at most `N` bytes. What does not fit is cut off at a character boundary.
///
/// Invariant: holds no control characters; each was replaced by U+FFFD, as was each invalid UTF-8 sequence.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<const N: usize>(heapless::String<N>);

impl<const N: usize> Text<N> {
    /// An empty text.
    pub const fn new() -> Self {
        Self(heapless::String::new())
    }

    /// Takes over `bytes`, repaired and cut to `N` bytes.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut text = Self::new();
        // Nearly every name is plain ASCII that fits.
        if bytes.len() <= N
            && bytes.iter().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'))
            && let Ok(plain) = core::str::from_utf8(bytes)
        {
            // It fits.
            let _ = text.0.push_str(plain);
            return text;
        }
        for chunk in bytes.utf8_chunks() {
            text.append(chunk.valid());
            if !chunk.invalid().is_empty() {
                text.append("\u{fffd}");
            }
        }
        text
    }

    /// Becomes what [`Text::from_bytes`] makes of `bytes`. What it is already, which a name mostly is from one sample to
    /// the next, is not looked through again.
    #[inline(always)]
    pub fn set(&mut self, bytes: &[u8]) {
        if self.0.as_bytes() != bytes {
            self.replace(bytes);
        }
    }

    #[cold]
    fn replace(&mut self, bytes: &[u8]) {
        *self = Self::from_bytes(bytes);
    }

    /// Appends `more` as far as it fits; false when something had to be left out.
    pub fn append(&mut self, more: &str) -> bool {
        more.chars().all(|c| self.0.push(if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).is_ok())
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> Deref for Text<N> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> From<&str> for Text<N> {
    fn from(text: &str) -> Self {
        Self::from_bytes(text.as_bytes())
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Appends what fits; never an error, since a text that is too long is cut by design.
impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        self.append(more);
        Ok(())
    }
}

impl<const N: usize> Serialize for Text<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Text<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<const N: usize>;
        impl<const N: usize> de::Visitor<'_> for Visitor<N> {
            type Value = Text<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<N>, E> {
                Ok(Text::from(text))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_fit_is_kept_and_one_more_is_cut() {
        assert_eq!(Text::<4>::from("neon").as_str(), "neon");
        assert_eq!(Text::<4>::from("neons").as_str(), "neon");
    }

    #[test]
    fn a_text_that_is_set_is_the_one_made_anew() {
        let mut text = Text::<8>::new();
        for bytes in [
            &b"neon"[..],
            b"neon",
            b"neo",
            b"",
            b"neons and more",
            b"neons an",
            b"a\nb",
            b"a\nb",
            "a\u{fffd}b".as_bytes(),
        ] {
            text.set(bytes);
            assert_eq!(text, Text::from_bytes(bytes));
        }
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        assert_eq!(Text::<4>::from("abcé").as_str(), "abc");
        assert_eq!(Text::<2>::from("\u{1f600}").as_str(), "");
    }

    #[test]
    fn bad_bytes_and_control_characters_are_replaced() {
        assert_eq!(Text::<32>::from_bytes(b"a\xff\xfeb").as_str(), "a\u{fffd}\u{fffd}b");
        assert_eq!(Text::<32>::from("a\0b\nc\u{9b}").as_str(), "a\u{fffd}b\u{fffd}c\u{fffd}");
    }
}
