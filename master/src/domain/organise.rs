//! What operators may say about a server, and how a request says it.

use neon_shared::time::Timestamp;
use serde_json::{Map, Value};

use crate::model::{MaintenanceChange, ServerChange};

/// Longest display name, in characters.
pub const DISPLAY_NAME_MAX_CHARS: usize = 128;
/// Longest name of a group, in characters.
pub const GROUP_MAX_CHARS: usize = 64;
/// Most tags of a server; one more is refused with all of them.
pub const TAGS_MAX: usize = 20;
/// Longest tag, in characters.
pub const TAG_MAX_CHARS: usize = 40;
/// Longest notes, in characters.
pub const NOTES_MAX_CHARS: usize = 10_000;
/// Longest reason for maintenance, in characters.
pub const REASON_MAX_CHARS: usize = 200;

/// Reads the body of a change (RFC 7396): what is absent stays, `null` takes away.
///
/// Errors: a sentence that begins with the name of the field. One field that is refused refuses the whole change.
pub fn change(body: &[u8], now: Timestamp) -> Result<ServerChange, String> {
    let body: Value = serde_json::from_slice(body).map_err(|_| "Request body is not valid JSON".to_owned())?;
    let Value::Object(fields) = body else { return Err("must be a JSON object".to_owned()) };
    known(&fields, "", &["displayName", "group", "tags", "notes", "maintenance"])?;
    Ok(ServerChange {
        display_name: fields
            .get("displayName")
            .map(|value| line("displayName", value, DISPLAY_NAME_MAX_CHARS))
            .transpose()?,
        group: fields.get("group").map(|value| line("group", value, GROUP_MAX_CHARS)).transpose()?,
        tags: fields.get("tags").map(tags).transpose()?,
        notes: fields.get("notes").map(notes).transpose()?,
        maintenance: fields.get("maintenance").map(|value| maintenance(value, now)).transpose()?,
    })
}

/// A group to look for; empty for none.
pub fn group_name(text: &str) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { one_line("group", text, GROUP_MAX_CHARS).map(drop) }
}

/// A group to put a server into, without the spaces around it.
pub fn group_to_be(text: &str) -> Result<String, String> {
    one_line("group", text.trim(), GROUP_MAX_CHARS)
}

/// A tag, to be given or to look for.
pub fn tag(text: &str) -> Result<(), String> {
    let is_good = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '"' | '\\' | ',');
    if (1..=TAG_MAX_CHARS).contains(&text.chars().count()) && text.chars().all(is_good) {
        Ok(())
    } else {
        Err(format!("must have 1 to {TAG_MAX_CHARS} characters, none of them a space, a comma, a quote or a backslash"))
    }
}

fn known(fields: &Map<String, Value>, prefix: &str, names: &[&str]) -> Result<(), String> {
    match fields.keys().find(|key| !names.contains(&key.as_str())) {
        None => Ok(()),
        // Not repeated: it may be anything.
        Some(_) => Err(format!("{prefix}there is a field besides {}", names.join(", "))),
    }
}

/// `None` for null.
fn text<'a>(field: &str, value: &'a Value) -> Result<Option<&'a str>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.trim())),
        _ => Err(format!("{field}: must be a text, or null for none")),
    }
}

fn line(field: &str, value: &Value, max_chars: usize) -> Result<Option<String>, String> {
    text(field, value)?.map(|text| one_line(field, text, max_chars)).transpose()
}

fn one_line(field: &str, text: &str, max_chars: usize) -> Result<String, String> {
    if (1..=max_chars).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(format!("{field}: must have 1 to {max_chars} characters and no control characters"))
    }
}

/// Sorted, each once.
fn tags(value: &Value) -> Result<Vec<String>, String> {
    const NO_LIST: &str = "tags: must be a list of texts, or null for none";
    let list = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) => list,
        _ => return Err(NO_LIST.to_owned()),
    };
    let mut tags = Vec::new();
    for (index, value) in list.iter().enumerate() {
        let text = value.as_str().ok_or(NO_LIST)?.trim();
        tag(text).map_err(|why| format!("tags[{index}]: {why}"))?;
        tags.push(text.to_owned());
    }
    tags.sort_unstable();
    tags.dedup();
    if tags.len() > TAGS_MAX {
        return Err(format!("tags: must be at most {TAGS_MAX}, got {}", tags.len()));
    }
    Ok(tags)
}

fn notes(value: &Value) -> Result<Option<String>, String> {
    let Some(text) = text("notes", value)? else { return Ok(None) };
    let text = text.replace("\r\n", "\n");
    let is_bad = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if text.chars().count() > NOTES_MAX_CHARS || text.chars().any(is_bad) {
        return Err(format!(
            "notes: must have at most {NOTES_MAX_CHARS} characters and no control characters but tabs and line breaks"
        ));
    }
    Ok((!text.is_empty()).then_some(text))
}

fn maintenance(value: &Value, now: Timestamp) -> Result<Option<MaintenanceChange>, String> {
    let fields = match value {
        Value::Null => return Ok(None),
        Value::Object(fields) => fields,
        _ => return Err("maintenance: must be an object, or null to end it".to_owned()),
    };
    known(fields, "maintenance: ", &["until", "reason"])?;
    let reason = fields.get("reason").map(|value| line("maintenance.reason", value, REASON_MAX_CHARS)).transpose()?;
    let until = fields.get("until").map(|value| until(value, now)).transpose()?;
    Ok(Some(MaintenanceChange { until, reason }))
}

fn until(value: &Value, now: Timestamp) -> Result<Option<Timestamp>, String> {
    let Some(text) = text("maintenance.until", value)? else { return Ok(None) };
    let until =
        Timestamp::parse(text).ok_or("maintenance.until: must be an ISO 8601 time, or null where it is open")?;
    if until.unix_ms() <= now.unix_ms() {
        return Err("maintenance.until: must be in the future".to_owned());
    }
    Ok(Some(until))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-27T09:00:00.000Z";

    fn read(body: &str) -> Result<ServerChange, String> {
        change(body.as_bytes(), Timestamp::parse(NOW).unwrap())
    }

    #[test]
    fn what_is_absent_stays_and_null_takes_away() {
        assert_eq!(read("{}"), Ok(ServerChange::default()));
        let gone = read(r#"{"displayName":null,"group":null,"tags":null,"notes":null,"maintenance":null}"#).unwrap();
        let expected = ServerChange {
            display_name: Some(None),
            group: Some(None),
            tags: Some(Vec::new()),
            notes: Some(None),
            maintenance: Some(None),
        };
        assert_eq!(gone, expected);
    }

    #[test]
    fn texts_are_trimmed_and_tags_are_a_set() {
        let change = read(
            r#"{"displayName":" Größe 3 ","group":"rack 1","tags":["web"," eu ","web"],"notes":" a\r\nb\tc \n",
            "maintenance":{"until":"2026-11-27T09:00:00.001Z","reason":"disk"}}"#,
        )
        .unwrap();
        assert_eq!(change.display_name, Some(Some("Größe 3".to_owned())));
        assert_eq!(change.tags, Some(vec!["eu".to_owned(), "web".to_owned()]));
        assert_eq!(change.notes, Some(Some("a\nb\tc".to_owned())));
        let maintenance = change.maintenance.unwrap().unwrap();
        assert_eq!(maintenance.reason, Some(Some("disk".to_owned())));
        assert_eq!(maintenance.until.unwrap().unwrap().unix_ms(), Timestamp::parse(NOW).unwrap().unix_ms() + 1);
        let open = read(r#"{"maintenance":{"until":null}}"#).unwrap().maintenance;
        assert_eq!(open, Some(Some(MaintenanceChange { until: Some(None), reason: None })));
        assert_eq!(read(r#"{"notes":"  "}"#).unwrap().notes, Some(None));
    }

    #[test]
    fn what_is_just_short_enough_passes_and_one_more_does_not() {
        for (field, max) in [("displayName", 128), ("group", 64), ("notes", 10_000)] {
            assert!(read(&format!(r#"{{"{field}":"{}"}}"#, "é".repeat(max))).is_ok(), "{field}");
            let error = read(&format!(r#"{{"{field}":"{}"}}"#, "é".repeat(max + 1))).unwrap_err();
            assert!(error.starts_with(&format!("{field}: must have ")), "{error}");
        }
        let tags = |count: usize, chars: usize| {
            let list: Vec<String> = (0..count).map(|n| format!("\"{n:x>chars$}\"")).collect();
            read(&format!(r#"{{"tags":[{}]}}"#, list.join(",")))
        };
        assert!(tags(20, 40).is_ok());
        assert_eq!(tags(21, 40).unwrap_err(), "tags: must be at most 20, got 21");
        assert!(tags(1, 41).unwrap_err().starts_with("tags[0]: must have 1 to 40 characters"));
        let reason = |chars: usize| read(&format!(r#"{{"maintenance":{{"reason":"{}"}}}}"#, "x".repeat(chars)));
        assert!(reason(200).is_ok() && reason(201).unwrap_err().starts_with("maintenance.reason: "));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (body, sentence) in [
            ("", "Request body is not valid JSON"),
            ("{", "Request body is not valid JSON"),
            ("\u{0}", "Request body is not valid JSON"),
            (r#"{"group":"\ud800"}"#, "Request body is not valid JSON"),
            ("[]", "must be a JSON object"),
            ("null", "must be a JSON object"),
            ("[null,null,null,null,null]", "must be a JSON object"),
            (r#"{"grup":"x"}"#, "there is a field besides displayName, group, tags, notes, maintenance"),
            (r#"{"status":"online"}"#, "there is a field besides "),
            (r#"{"displayName":7}"#, "displayName: must be a text, or null for none"),
            (r#"{"displayName":""}"#, "displayName: must have 1 to 128 characters"),
            (r#"{"displayName":"  "}"#, "displayName: must have 1 to 128 characters"),
            (r#"{"displayName":"a\u0000"}"#, "displayName: must have 1 to 128 characters and no control characters"),
            (r#"{"displayName":"a\nb"}"#, "displayName: must have 1 to 128 characters and no control characters"),
            (r#"{"group":["x"]}"#, "group: must be a text, or null for none"),
            (r#"{"group":"\u001b[2J"}"#, "group: must have 1 to 64 characters and no control characters"),
            (r#"{"tags":"web"}"#, "tags: must be a list of texts"),
            (r#"{"tags":["a",7]}"#, "tags: must be a list of texts"),
            (r#"{"tags":["a",null]}"#, "tags: must be a list of texts"),
            (r#"{"tags":["a",""]}"#, "tags[1]: must have 1 to 40 characters"),
            (r#"{"tags":["a b"]}"#, "tags[0]: must have 1 to 40 characters"),
            (r#"{"tags":["a\u0000"]}"#, "tags[0]: must have 1 to 40 characters"),
            (r#"{"tags":["a\"b"]}"#, "tags[0]: must have 1 to 40 characters"),
            (r#"{"tags":["a\\b"]}"#, "tags[0]: must have 1 to 40 characters"),
            (r#"{"tags":["a,b"]}"#, "tags[0]: must have 1 to 40 characters"),
            (r#"{"notes":{}}"#, "notes: must be a text, or null for none"),
            (r#"{"notes":"a\u0007"}"#, "notes: must have at most 10000 characters and no control characters but"),
            (r#"{"maintenance":true}"#, "maintenance: must be an object, or null to end it"),
            (r#"{"maintenance":{"since":"x"}}"#, "maintenance: there is a field besides until, reason"),
            (r#"{"maintenance":{"reason":""}}"#, "maintenance.reason: must have 1 to 200 characters"),
            (r#"{"maintenance":{"until":"soon"}}"#, "maintenance.until: must be an ISO 8601 time"),
            (r#"{"maintenance":{"until":1795770000}}"#, "maintenance.until: must be a text"),
            (r#"{"maintenance":{"until":"2026-11-27T09:00:00.000Z"}}"#, "maintenance.until: must be in the future"),
        ] {
            let error = read(body).unwrap_err();
            assert!(error.starts_with(sentence), "{body}: {error}");
        }
        let deep = format!(r#"{{"notes":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read(&deep).unwrap_err(), "Request body is not valid JSON");
    }
}
