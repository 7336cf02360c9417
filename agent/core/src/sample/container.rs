//! What the engine says of a container, in three answers, to the wire's one.

use core::fmt::Write;

use neon_shared::metrics::{ContainerHealth, ContainerInfo, ContainerStatus};

use crate::parse::docker::{Inspect, Labels, ListEntry, TAGS_MAX};
use crate::parse::json::JsonText;

/// Digits of a container's id on the wire.
const SHORT_ID_DIGITS: usize = 12;
/// Room for the written ports: `PORTS_MAX` pairs of five digits each, a colon and a separator.
const PORTS_TEXT_BYTES: usize = 13 * crate::parse::docker::PORTS_MAX;
/// What the engine says of a container that never started.
const NEVER_STARTED: &str = "0001-01-01";

/// A container as it goes out: borrowed from the engine's answers.
pub type WireContainer<'a> = ContainerInfo<JsonText<'a>, &'a [JsonText<'a>], &'a Labels<'a>>;

/// The parts of a container that are not in the engine's own words.
#[derive(Debug, Default)]
pub struct Scratch {
    ports: heapless::String<PORTS_TEXT_BYTES>,
}

/// Puts one container together.
///
/// `inspect` is `None` when the engine, or a proxy before it, did not let us: state, health and exit code then come
/// from the list's own words, and `started_at` stays unknown. `scratch` holds text that the answer borrows.
pub fn container<'a>(
    entry: &'a ListEntry<'a>,
    inspect: Option<&Inspect<'a>>,
    image_tags: &'a [JsonText<'a>],
    scratch: &'a mut Scratch,
) -> WireContainer<'a> {
    scratch.ports.clear();
    // There is room for all of them.
    let _ = write!(scratch.ports, "{}", entry.ports);
    let state = inspect.map(|inspect| inspect.state);
    let status = state.map(|state| state.status).filter(|status| !status.is_empty()).unwrap_or(entry.state);
    let labels = &entry.labels;
    ContainerInfo {
        container_id: JsonText(entry.id.0.get(..SHORT_ID_DIGITS).unwrap_or(entry.id.0)),
        name: JsonText(entry.name.0.strip_prefix('/').unwrap_or(entry.name.0)),
        image: entry.image,
        image_id: Some(entry.image_id).filter(|id| !id.is_empty()),
        image_tags,
        status: status_of(status),
        health: match state {
            Some(state) => health_of(state.health),
            None => match entry.health {
                Some(health) => health_of(health),
                None => health_in_words(entry.status),
            },
        },
        ports: JsonText(scratch.ports.as_str()),
        labels,
        networks: &entry.networks,
        started_at: state.map(|state| state.started_at).filter(|at| !at.is_empty() && !at.0.starts_with(NEVER_STARTED)),
        exit_code: match state {
            Some(state) => state.exit_code,
            None => exit_code_in_words(entry.status),
        },
        restart_count: inspect.and_then(|inspect| inspect.restart_count),
        oom_killed: state.and_then(|state| state.oom_killed),
        created_at: inspect.map(|inspect| inspect.created).filter(|at| !at.is_empty()),
        compose_project: labels.compose_project,
        compose_service: labels.compose_service,
        labels_left_out: Some(labels.left_out).filter(|count| *count > 0),
    }
}

/// Tags that say something: `<none>:<none>` is how old engines write "no tag".
pub fn useful_tags<'a>(tags: impl Iterator<Item = JsonText<'a>>) -> heapless::Vec<JsonText<'a>, TAGS_MAX> {
    tags.filter(|tag| !tag.is_empty() && !is_no_tag(*tag)).take(TAGS_MAX).collect()
}

/// `<none>:<none>`; Go writes the angle brackets as escapes.
fn is_no_tag(tag: JsonText<'_>) -> bool {
    tag.chars().eq("<none>:<none>".chars())
}

/// Whether `id` is an engine's id and nothing else, so that it may stand in a path.
pub fn is_id(id: &str) -> bool {
    (12..=64).contains(&id.len()) && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn status_of(status: JsonText<'_>) -> ContainerStatus {
    match status.0 {
        "running" => ContainerStatus::Running,
        "paused" => ContainerStatus::Paused,
        "restarting" => ContainerStatus::Restarting,
        _ => ContainerStatus::Exited,
    }
}

fn health_of(status: JsonText<'_>) -> Option<ContainerHealth> {
    match status.0 {
        "healthy" => Some(ContainerHealth::Healthy),
        "unhealthy" => Some(ContainerHealth::Unhealthy),
        "starting" => Some(ContainerHealth::Starting),
        _ => None,
    }
}

/// The verdict in "Up 2 hours (healthy)" or "Up 3 seconds (health: starting)".
fn health_in_words(status: JsonText<'_>) -> Option<ContainerHealth> {
    let (_, verdict) = status.0.strip_suffix(')')?.rsplit_once('(')?;
    health_of(JsonText(verdict.strip_prefix("health: ").unwrap_or(verdict)))
}

/// The code in "Exited (3) 2 minutes ago"; 0 for "Up …".
fn exit_code_in_words(status: JsonText<'_>) -> Option<i64> {
    if status.0.starts_with("Up ") {
        return Some(0);
    }
    let (_, after) = status.0.split_once('(')?;
    after.split_once(')')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::format;
    use std::string::String;

    use super::*;
    use crate::parse::docker::{inspect as read_inspect, list_entry};

    const LIST: &str = r#"{"Id":"eb6f6e2aaa26c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ff","Names":["/hc"],"Image":"busybox:local",
        "ImageID":"sha256:664f5f42ec871e7f6a4cd45e5fabac5f35ee4d7306e43d871cf4ad0a703c1194","State":"running","Status":"Up 20 minutes (healthy)",
        "Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8099,"Type":"tcp"}],"Labels":{},"NetworkSettings":{"Networks":{"bridge":{"NetworkID":"x"}}}}"#;
    const INSPECT: &str = r#"{"State":{"Status":"running","StartedAt":"2026-11-23T08:47:25.668846837Z","ExitCode":0,"Health":{"Status":"healthy"}}}"#;
    /// The example of the wire contract, as a first-generation agent sent it.
    const FIRST_GENERATION: &str = r#"{"containerId":"eb6f6e2aaa26","name":"hc","image":"busybox:local","imageId":"sha256:664f5f42ec871e7f6a4cd45e5fabac5f35ee4d7306e43d871cf4ad0a703c1194","imageTags":["busybox:local"],"status":"running","health":"healthy","ports":"8099:80","labels":{},"networks":["bridge"],"startedAt":"2026-11-23T08:47:25.668846837Z","exitCode":0}"#;

    fn written(list: &str, inspect: Option<&str>) -> String {
        let (entry, mut scratch, mut buffer) = (list_entry(list.as_bytes()).unwrap(), Scratch::default(), [0; 4096]);
        let inspect = inspect.map(|json| read_inspect(json.as_bytes()).unwrap());
        let container = container(&entry, inspect.as_ref(), &[JsonText("busybox:local")], &mut scratch);
        let length = serde_json_core::to_slice(&container, &mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn a_container_is_written_to_the_byte_as_the_first_generation_wrote_it() {
        assert_eq!(written(LIST, Some(INSPECT)), FIRST_GENERATION);
    }

    #[test]
    fn without_inspect_the_words_of_the_list_do() {
        let known = FIRST_GENERATION.replace(r#""2026-11-23T08:47:25.668846837Z""#, "null");
        assert_eq!(written(LIST, None), known);
        assert!(
            written(&LIST.replace("Up 20 minutes (healthy)", "Up 1 second (health: starting)"), None)
                .contains(r#""health":"starting""#)
        );
        let exited =
            LIST.replace("Up 20 minutes (healthy)", "Exited (137) 2 hours ago").replace("\"running\"", "\"exited\"");
        assert!(written(&exited, None).contains(r#""status":"exited","health":null"#));
        assert!(written(&exited, None).contains(r#""exitCode":137"#));
    }

    #[test]
    fn health_that_only_newer_lists_have_stands_in_for_inspect() {
        let list = |health: &str| LIST.replace(r#""State""#, &format!(r#""Health":{health},"State""#));
        assert!(
            written(&list(r#"{"Status":"unhealthy","FailingStreak":3}"#), None).contains(r#""health":"unhealthy""#)
        );
        // Inspect comes after the list and knows better.
        assert!(written(&list(r#"{"Status":"starting"}"#), Some(INSPECT)).contains(r#""health":"healthy""#));
        assert!(written(&list(r#"{"Status":"none"}"#), None).contains(r#""health":null"#));
        assert!(written(&list("null"), None).contains(r#""health":"healthy""#));
    }

    #[test]
    fn podmans_health_is_none_empty_null_or_missing_and_always_no_health() {
        for health in [r#"{"Status":"none"}"#, r#"{"Status":""}"#, r#"{"Status":null,"Log":null}"#, "{}", "null"] {
            let inspect = INSPECT.replace(r#"{"Status":"healthy"}"#, health);
            assert!(written(LIST, Some(&inspect)).contains(r#""health":null"#), "{health}");
        }
        let missing = INSPECT.replace(r#","Health":{"Status":"healthy"}"#, "");
        assert!(written(LIST, Some(&missing)).contains(r#""health":null"#));
    }

    #[test]
    fn what_the_first_generation_did_not_know_follows_its_fields() {
        let list = LIST.replace(
            r#""Labels":{}"#,
            r#""Labels":{"com.docker.compose.project":"shop","com.docker.compose.service":"web"}"#,
        );
        let inspect = INSPECT.replacen('{', r#"{"Created":"2026-11-23T08:47:24.9Z","RestartCount":4,"#, 1);
        let inspect = inspect.replace(r#""ExitCode":0"#, r#""ExitCode":0,"OOMKilled":true"#);
        let written = written(&list, Some(&inspect));
        let additions = r#""exitCode":0,"restartCount":4,"oomKilled":true,"createdAt":"2026-11-23T08:47:24.9Z","composeProject":"shop","composeService":"web"}"#;
        assert!(written.ends_with(additions), "{written}");
    }

    #[test]
    fn labels_left_out_are_counted() {
        let long = "v".repeat(crate::parse::docker::OTHER_LABELS_BYTES);
        let list = LIST.replace(r#""Labels":{}"#, &format!(r#""Labels":{{"a":"b","c":"{long}"}}"#));
        assert!(written(&list, Some(INSPECT)).ends_with(r#""labelsLeftOut":1}"#));
    }

    #[test]
    fn a_container_that_never_started_has_no_start() {
        let created =
            INSPECT.replace("2026-11-23T08:47:25.668846837Z", "0001-01-01T00:00:00Z").replace("running", "created");
        let written = written(LIST, Some(&created));
        assert!(written.contains(r#""startedAt":null"#) && written.contains(r#""status":"exited""#));
    }

    #[test]
    fn hostile_labels_and_names_stay_strings() {
        let hostile = LIST
            .replace(r#""Labels":{}"#, r#""Labels":{"a\"b":"\u003cscript\u003e\ud83d\ude00"}"#)
            .replace("/hc", r"/h\\c");
        let value: serde_json::Value = serde_json::from_str(&written(&hostile, Some(INSPECT))).unwrap();
        assert_eq!(value["labels"]["a\"b"], "<script>\u{1f600}");
        assert_eq!(value["name"], "h\\c");
    }

    #[test]
    fn only_hexadecimal_ids_may_stand_in_a_path() {
        assert!(is_id("eb6f6e2aaa26") && is_id(&"0".repeat(64)));
        for id in
            ["", "eb6f6e2aaa2", "../../../etc", "eb6f6e2aaa2G", "EB6F6E2AAA26", &"0".repeat(65), "eb6f6e2aaa26/../"]
        {
            assert!(!is_id(id), "{id}");
        }
    }

    #[test]
    fn no_tag_at_all_is_no_tag() {
        let tags = [r"\u003cnone\u003e:\u003cnone\u003e", "<none>:<none>", "", "a:1"].map(JsonText);
        assert_eq!(useful_tags(tags.into_iter()), [JsonText("a:1")]);
    }

    #[test]
    fn every_port_fits_the_scratch() {
        let ports = (0..crate::parse::docker::PORTS_MAX)
            .map(|i| format!(r#"{{"PrivatePort":{},"PublicPort":{}}}"#, 60_000 + i, 50_000 + i));
        let list = LIST.replace(
            r#"{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8099,"Type":"tcp"}"#,
            &ports.collect::<std::vec::Vec<_>>().join(","),
        );
        assert!(written(&list, None).contains("50127:60127\""));
    }
}
