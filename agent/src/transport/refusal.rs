//! What a master says of a request that it did not carry out, or not all of it.

use std::fmt;

use neon_agent_core::parse::json::JsonText;
use neon_agent_core::text::Text;
use neon_shared::api::RefusedReason;
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};

/// Longest sentence of the master that is kept for the log, in bytes.
const REASON_BYTES: usize = 512;

/// A request that the master did not carry out, and would not the next time either.
#[derive(Debug)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The master's sentence; empty where there is none.
    pub reason: Text<REASON_BYTES>,
    /// What it is about.
    pub blame: Blame,
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The body's size. A proxy on the way may say so, too.
    Size,
    /// Something that the body holds. Only a master can say that.
    Content,
    /// Where it was sent, or by whom: a wrong `MASTER_URL`, a proxy with its own opinion. The body is not to blame.
    Address,
}

impl Refusal {
    /// Takes an answer's status apart; `is_masters_word` where it has a master's envelope.
    pub fn new(status: u16, reason: &str, is_masters_word: bool) -> Self {
        let blame = match status {
            413 => Blame::Size,
            400 | 422 if is_masters_word => Blame::Content,
            _ => Blame::Address,
        };
        Self { status, reason: reason.into(), blame }
    }

    /// The reason as the end of a sentence.
    pub fn why(&self) -> impl fmt::Display {
        fmt::from_fn(|f| if self.reason.is_empty() { Ok(()) } else { write!(f, ": {}", self.reason) })
    }
}

/// The first reason of a list of them, as the end of a sentence.
#[derive(Clone, Copy, Debug, Default)]
pub struct FirstReason<'a>(Option<JsonText<'a>>);

impl fmt::Display for FirstReason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for FirstReason<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct First;
        impl<'de> Visitor<'de> for First {
            type Value = FirstReason<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of reasons")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let first = list.next_element::<RefusedReason<JsonText<'de>>>()?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(FirstReason(first.map(|first| first.reason)))
            }
        }
        deserializer.deserialize_seq(First)
    }
}

#[cfg(test)]
mod tests {
    use neon_agent_core::parse::json::element;

    use super::*;

    #[test]
    fn a_body_is_to_blame_only_for_its_size_or_in_a_masters_own_words() {
        for (status, is_masters_word, blame) in [
            (413, true, Blame::Size),
            (413, false, Blame::Size),
            (400, true, Blame::Content),
            (422, true, Blame::Content),
            (400, false, Blame::Address),
            (403, true, Blame::Address),
            (404, false, Blame::Address),
            (304, false, Blame::Address),
        ] {
            assert_eq!(Refusal::new(status, "", is_masters_word).blame, blame, "{status} {is_masters_word}");
        }
    }

    #[test]
    fn a_reason_ends_a_sentence_and_none_ends_it_early() {
        assert_eq!(Refusal::new(400, "too hot", true).why().to_string(), ": too hot");
        assert_eq!(Refusal::new(400, "", true).why().to_string(), "");
    }

    #[test]
    fn of_a_list_the_first_reason_is_kept_however_long_it_is() {
        let first = |text: &str| element::<FirstReason<'_>>(text.as_bytes()).map(|first| first.to_string());
        let many = format!("[{}]", vec![r#"{"index":3,"reason":"cpuPercent: a \"word\""}"#; 20].join(","));
        assert_eq!(first(&many).unwrap(), r#": cpuPercent: a "word""#);
        assert_eq!(first("[]").unwrap(), "");
        assert!(first(r#"[{"index":3}]"#).is_err());
    }
}
