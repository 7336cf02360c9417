//! `/etc/os-release`: the distribution's name and version.
//!
//! Source: os-release(5). `KEY=value` lines in shell syntax: a value may stand in single or double quotes, and a
//! backslash takes the next character as it is.

use crate::text::Text;

/// Longest name or version kept, in bytes; what is longer is cut.
pub const OS_TEXT_BYTES: usize = 64;

/// What the agent takes from `/etc/os-release`. A key that is not there is `None`; both are optional by the standard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OsRelease {
    /// `NAME`, "Debian GNU/Linux".
    pub name: Option<Text<OS_TEXT_BYTES>>,
    /// `VERSION_ID`, "12"; rolling distributions have none.
    pub version_id: Option<Text<OS_TEXT_BYTES>>,
}

/// Reads os-release. Never fails: lines that are no assignment, comments and unknown keys are skipped.
pub fn os_release(bytes: &[u8]) -> OsRelease {
    let mut release = OsRelease::default();
    // Unlike kernel files, an edited file may end without a line feed, so its last line counts.
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if let Some(text) = line.strip_prefix(b"NAME=") {
            release.name = Some(unquoted(text));
        } else if let Some(text) = line.strip_prefix(b"VERSION_ID=") {
            release.version_id = Some(unquoted(text));
        }
    }
    release
}

fn unquoted(value: &[u8]) -> Text<OS_TEXT_BYTES> {
    let inner = [&b"\""[..], b"'"].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    let mut bytes = heapless::Vec::<u8, OS_TEXT_BYTES>::new();
    let mut escaped = false;
    for byte in inner.unwrap_or(value) {
        escaped = *byte == b'\\' && !escaped;
        if !escaped && bytes.push(*byte).is_err() {
            break;
        }
    }
    Text::from_bytes(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_of_either_kind_and_none_are_understood() {
        let release =
            os_release(b"PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID='12'\n");
        assert_eq!(release.name.as_deref(), Some("Debian GNU/Linux"));
        assert_eq!(release.version_id.as_deref(), Some("12"));
        assert_eq!(os_release(b"NAME=Alpine").name.as_deref(), Some("Alpine"));
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(os_release(br#"NAME="A \"B\" \\ \$C""#).name.as_deref(), Some(r#"A "B" \ $C"#));
    }

    #[test]
    fn strange_files_give_nothing_or_something_short() {
        assert_eq!(os_release(b""), OsRelease::default());
        assert_eq!(os_release(b"# NAME=no\nNAMES=x\nNAME"), OsRelease::default());
        assert_eq!(os_release(b"NAME=\"").name.as_deref(), Some("\""));
        assert_eq!(os_release(&[b"NAME=".as_slice(), &[b'x'; 500]].concat()).name.unwrap().len(), OS_TEXT_BYTES);
        assert_eq!(os_release(b"NAME=\xff\xfe").name.as_deref(), Some("\u{fffd}\u{fffd}"));
    }
}
