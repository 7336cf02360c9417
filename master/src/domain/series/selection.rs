//! Which fields a query asks for.

use crate::domain::fields::{FIXED, NAMES, rate_name};
use crate::model::Need;

/// Most names and groups of one query.
const PATTERNS_MAX: usize = 100;
/// Longest part of a name that a refusal repeats.
const QUOTED_MAX: usize = 100;

/// Fields by their names, or by how their names begin.
#[derive(Clone, Debug, PartialEq)]
pub struct Selection(Vec<Pattern>);

#[derive(Clone, Debug, PartialEq)]
enum Pattern {
    Name(String),
    /// All that begin so.
    Prefix(String),
}

impl Selection {
    /// The fixed fields, which every sample has.
    pub fn fixed() -> Self {
        Self(NAMES.iter().take(FIXED).map(|name| Pattern::Name((*name).to_owned())).collect())
    }

    /// Reads names with commas between them; one that ends in `*` stands for all that begin so.
    ///
    /// Errors: the first that can be no field, in a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(',').collect();
        if parts.len() > PATTERNS_MAX {
            return Err(format!("fields: at most {PATTERNS_MAX} names or groups, got {}", parts.len()));
        }
        parts.into_iter().map(Pattern::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a field of this name is asked for.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| match pattern {
            Pattern::Name(wanted) => wanted == name,
            Pattern::Prefix(prefix) => name.starts_with(prefix),
        })
    }

    /// The fields that are asked for by their whole names, whether a sample has them or not.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|pattern| match pattern {
            Pattern::Name(name) => Some(name.as_str()),
            Pattern::Prefix(_) => None,
        })
    }

    /// How much of a sample it takes to know these fields.
    pub fn need(&self) -> Need {
        let needs = NAMES.iter().enumerate().filter(|(_, name)| self.0.iter().any(|pattern| pattern.can_be(name)));
        needs
            .map(|(index, name)| match *name {
                _ if index >= FIXED => Need::Readings,
                name if name.ends_with("PerSecond") => Need::Boot,
                _ => Need::Fixed,
            })
            .max()
            .unwrap_or(Need::Fixed)
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, String> {
        let pattern = match text.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.to_owned()),
            None => Self::Name(text.to_owned()),
        };
        let is_known = |pattern: &Self| NAMES.iter().any(|name| pattern.can_be(name));
        if is_known(&pattern) {
            return Ok(pattern);
        }
        let quoted: String = text.chars().take(QUOTED_MAX).collect();
        let rate = Self::Name(rate_name(text));
        Err(match rate {
            Self::Name(name) if is_known(&Self::Name(name.clone())) => {
                format!("fields: unknown field {quoted:?}: it counts since some start, ask for {name:?}")
            }
            _ => format!("fields: unknown field {quoted:?}"),
        })
    }

    /// Whether a field whose name is like `known`, with `{}` for a key, can be meant.
    fn can_be(&self, known: &str) -> bool {
        let is_step = |step: &str, known: &str| known == "{}" || known == step;
        let mut known = known.split('.');
        match self {
            Self::Name(name) => {
                name.split('.').all(|step| known.next().is_some_and(|known| is_step(step, known)))
                    && known.next().is_none()
            }
            Self::Prefix(prefix) => {
                let (whole, begun) = match prefix.rsplit_once('.') {
                    Some((whole, begun)) => (Some(whole), begun),
                    None => (None, prefix.as_str()),
                };
                let mut whole = whole.into_iter().flat_map(|whole| whole.split('.'));
                whole.all(|step| known.next().is_some_and(|known| is_step(step, known)))
                    && known.next().is_some_and(|known| known == "{}" || known.starts_with(begun))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Selection {
        Selection::parse(text).unwrap()
    }

    #[test]
    fn names_and_groups_are_told_apart() {
        let selection = parse("cpuPercent,mounts./var.*,interfaces.*");
        for name in ["cpuPercent", "mounts./var.usedBytes", "interfaces.eth0.rxBytesPerSecond"] {
            assert!(selection.has(name), "{name}");
        }
        for name in ["memoryPercent", "cpuPercentage", "mounts./var/log.usedBytes", "interfacesLeftOut"] {
            assert!(!selection.has(name), "{name}");
        }
        assert!(parse("mounts./var*").has("mounts./var/log.usedBytes"));
        assert!(NAMES.iter().all(|name| parse("*").has(name)));
        assert_eq!(selection.names().collect::<Vec<_>>(), ["cpuPercent"]);
    }

    #[test]
    fn what_can_be_no_field_is_refused_in_a_sentence() {
        for (text, sentence) in [
            ("", r#"fields: unknown field """#),
            ("cpuPercent,", r#"fields: unknown field """#),
            ("cpu percent", r#"fields: unknown field "cpu percent""#),
            ("mounts", r#"fields: unknown field "mounts""#),
            ("mounts./var", r#"fields: unknown field "mounts./var""#),
            ("mounts./a.b.usedBytes", r#"fields: unknown field "mounts./a.b.usedBytes""#),
            ("mount.*", r#"fields: unknown field "mount.*""#),
            ("cpuPercent.*", r#"fields: unknown field "cpuPercent.*""#),
            ("*Percent", r#"fields: unknown field "*Percent""#),
            (
                "interfaces.eth0.rxBytesTotal",
                r#"fields: unknown field "interfaces.eth0.rxBytesTotal": it counts since some start, ask for "interfaces.eth0.rxBytesPerSecond""#,
            ),
            (
                "networkRxBytes",
                r#"fields: unknown field "networkRxBytes": it counts since some start, ask for "networkRxBytesPerSecond""#,
            ),
            ("\u{0}\"x", r#"fields: unknown field "\0\"x""#),
        ] {
            assert_eq!(Selection::parse(text), Err(sentence.to_owned()), "{text}");
        }
        let long = Selection::parse(&"x".repeat(5000)).unwrap_err();
        assert!(long.len() < 200, "{long}");
        let many = Selection::parse(&"load1,".repeat(100)).unwrap_err();
        assert_eq!(many, "fields: at most 100 names or groups, got 101");
    }

    #[test]
    fn only_as_much_is_read_as_the_fields_need() {
        for text in ["cpuPercent", "disk*", "memoryPercent,diskUsedGb"] {
            // `disk*` is also `disks.sda.…`.
            let expected = if text == "disk*" { Need::Readings } else { Need::Fixed };
            assert_eq!(parse(text).need(), expected, "{text}");
        }
        assert_eq!(Selection::fixed().need(), Need::Boot);
        assert_eq!(parse("network*").need(), Need::Boot);
        for text in ["load1", "cpuPercent,agent.*", "temperatures.*", "*"] {
            assert_eq!(parse(text).need(), Need::Readings, "{text}");
        }
    }
}
