//! Answers of the Docker Engine (and Podman's imitation of it), one JSON element at a time.
//!
//! Source: Docker Engine API, `GET /info`, `/images/json`, `/containers/json` and `/containers/{id}/json`; the fields
//! read here exist unchanged since API 1.24. Text is borrowed from the element as JSON writes it, escapes and all,
//! and decoded only when it is written out again, so nothing is cut or copied. `null` where a list or text belongs,
//! as Podman sends it, reads as empty. Environment variables, commands and mounts are never read.

use core::fmt;
use core::marker::PhantomData;

use serde::de::{self, MapAccess, SeqAccess};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::json::{ElementFault, JsonText, element, members};

/// Labels kept of one container; compose's and Neon's own come before all others, and the rest is counted.
pub const LABELS_MAX: usize = 64;
/// Bytes of the labels of one container, keys and values, besides compose's and Neon's own. A label past it is left out
/// and counted, so that a few containers with pages of labels do not take the report's room from the others.
pub const OTHER_LABELS_BYTES: usize = 4096;
/// Networks kept of one container.
pub const NETWORKS_MAX: usize = 32;
/// Different published or exposed ports kept of one container.
pub const PORTS_MAX: usize = 128;
/// Tags kept of one image.
pub const TAGS_MAX: usize = 16;

/// Facts about the engine and its host: `GET /info`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Info<'a> {
    /// Version of the engine.
    #[serde(borrow, default, deserialize_with = "null_is_empty")]
    pub server_version: JsonText<'a>,
    /// Host name of the machine the engine runs on.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub name: JsonText<'a>,
    /// Name and version of the distribution in one, "Debian GNU/Linux 12 (bookworm)".
    #[serde(default, deserialize_with = "null_is_empty")]
    pub operating_system: JsonText<'a>,
    /// `VERSION_ID` of the distribution; API 1.39 and later.
    #[serde(rename = "OSVersion", default, deserialize_with = "null_is_empty")]
    pub os_version: JsonText<'a>,
    /// Release of the running kernel.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub kernel_version: JsonText<'a>,
    /// Machine name as uname(2) has it.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub architecture: JsonText<'a>,
}

/// One container of `GET /containers/json?all=1`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListEntry<'a> {
    /// The engine's id, 64 hexadecimal digits.
    #[serde(borrow)]
    pub id: JsonText<'a>,
    /// Its own name, slash and all.
    #[serde(default, deserialize_with = "own_name")]
    pub names: JsonText<'a>,
    /// Image as it was asked for.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub image: JsonText<'a>,
    /// `sha256:…` of the image.
    #[serde(rename = "ImageID", default, deserialize_with = "null_is_empty")]
    pub image_id: JsonText<'a>,
    /// `running`, `exited`, `paused`, …
    #[serde(default, deserialize_with = "null_is_empty")]
    pub state: JsonText<'a>,
    /// For people: "Up 2 hours (healthy)".
    #[serde(default, deserialize_with = "null_is_empty")]
    pub status: JsonText<'a>,
    /// The health check's verdict; API 1.52 and later.
    #[serde(default)]
    pub health: Option<ListHealth<'a>>,
    /// Ports, each combination once.
    #[serde(default)]
    pub ports: Ports,
    /// Labels.
    #[serde(default)]
    pub labels: Labels<'a>,
    /// Where it is attached.
    #[serde(default, deserialize_with = "null_is_empty")]
    pub network_settings: NetworkSettings<'a>,
}

/// `Health` of a [`ListEntry`].
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListHealth<'a> {
    /// `healthy`, `unhealthy`, `starting`, `none` or empty.
    #[serde(borrow, default, deserialize_with = "null_is_empty")]
    pub status: JsonText<'a>,
}

/// The networks of a [`ListEntry`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NetworkSettings<'a> {
    /// Their names.
    #[serde(borrow, default, deserialize_with = "keys")]
    pub networks: heapless::Vec<JsonText<'a>, NETWORKS_MAX>,
}

/// One container in detail: `GET /containers/{id}/json`, read by [`inspect`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inspect<'a> {
    /// The engine's id; tells one container's answer from another's.
    pub id: JsonText<'a>,
    /// When it was made, ISO 8601.
    pub created: JsonText<'a>,
    /// How often its restart policy restarted it.
    pub restart_count: Option<u64>,
    /// Its state.
    pub state: InspectState<'a>,
}

/// `State` of an [`Inspect`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InspectState<'a> {
    /// `running`, `exited`, `paused`, …
    pub status: JsonText<'a>,
    /// ISO 8601; `0001-01-01T00:00:00Z` if it never started.
    pub started_at: JsonText<'a>,
    /// Exit code of the last run, 0 while it runs.
    pub exit_code: Option<i64>,
    /// Whether the kernel ended the last run for want of memory.
    pub oom_killed: Option<bool>,
    /// The health check's verdict: `healthy`, `unhealthy`, `starting`; `none` or empty where there is no check.
    pub health: JsonText<'a>,
}

/// Reads an answer to inspect. Everything but the fields of [`Inspect`] is skipped unread: most of an answer is the
/// container's configuration, its environment among it.
pub fn inspect(bytes: &[u8]) -> Result<Inspect<'_>, ElementFault> {
    let mut inspect = Inspect::default();
    for member in members(bytes) {
        match member? {
            (b"Id", value) => inspect.id = or_empty(value)?,
            (b"Created", value) => inspect.created = or_empty(value)?,
            (b"RestartCount", value) => {
                inspect.restart_count = or_empty::<Option<i64>>(value)?.and_then(|count| u64::try_from(count).ok());
            }
            (b"State", b"null") => inspect.state = InspectState::default(),
            (b"State", value) => inspect.state = inspect_state(value)?,
            _ => {}
        }
    }
    Ok(inspect)
}

fn inspect_state(bytes: &[u8]) -> Result<InspectState<'_>, ElementFault> {
    let mut state = InspectState::default();
    for member in members(bytes) {
        match member? {
            (b"Status", value) => state.status = or_empty(value)?,
            (b"StartedAt", value) => state.started_at = or_empty(value)?,
            (b"ExitCode", value) => state.exit_code = or_empty(value)?,
            (b"OOMKilled", value) => state.oom_killed = or_empty(value)?,
            (b"Health", b"null") => state.health = JsonText::default(),
            (b"Health", value) => state.health = health(value)?,
            _ => {}
        }
    }
    Ok(state)
}

fn health(bytes: &[u8]) -> Result<JsonText<'_>, ElementFault> {
    let mut status = JsonText::default();
    for member in members(bytes) {
        if let (b"Status", value) = member? {
            status = or_empty(value)?;
        }
    }
    Ok(status)
}

fn or_empty<'a, T: Deserialize<'a> + Default>(value: &'a [u8]) -> Result<T, ElementFault> {
    element::<Option<T>>(value).map(Option::unwrap_or_default)
}

/// One image of `GET /images/json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Image<'a> {
    /// `sha256:…`.
    #[serde(borrow)]
    pub id: JsonText<'a>,
    /// Its tags; `<none>:<none>` stands for none on old engines.
    #[serde(default, deserialize_with = "texts")]
    pub repo_tags: heapless::Vec<JsonText<'a>, TAGS_MAX>,
}

/// One port of a container: published on the host, or only exposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Port {
    /// The port inside.
    pub private_port: u16,
    /// The port on the host, if it is published.
    #[serde(default)]
    pub public_port: Option<u16>,
}

/// The ports of a container. The engine lists each for IPv4 and again for IPv6; here it stands once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports(pub heapless::Vec<Port, PORTS_MAX>);

/// `8080:80, 53`, or `-` for none.
impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, port) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            match port.public_port {
                Some(public) => write!(f, "{public}:{}", port.private_port)?,
                None => write!(f, "{}", port.private_port)?,
            }
        }
        if self.0.is_empty() { f.write_str("-") } else { Ok(()) }
    }
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut ports = Self::default();
        deserializer.deserialize_option(each_element(|port: Port| {
            if !ports.0.contains(&port) {
                // Past the capacity the list is cut: hundreds of ports are a range, and its start says which.
                let _ = ports.0.push(port);
            }
        }))?;
        Ok(ports)
    }
}

/// The labels of a container, in the engine's order.
#[derive(Clone, Debug, Default)]
pub struct Labels<'a> {
    kept: heapless::Vec<(JsonText<'a>, JsonText<'a>), LABELS_MAX>,
    /// Bytes of the labels kept that are neither compose's nor Neon's.
    others_bytes: usize,
    /// Labels that found no room.
    pub left_out: u32,
    /// `com.docker.compose.project`.
    pub compose_project: Option<JsonText<'a>>,
    /// `com.docker.compose.service`.
    pub compose_service: Option<JsonText<'a>>,
}

impl<'a> Labels<'a> {
    /// The labels kept.
    pub fn iter(&self) -> impl Iterator<Item = &(JsonText<'a>, JsonText<'a>)> {
        self.kept.iter()
    }

    /// Keeps a label if there is room; compose's and Neon's own take the room of another.
    fn insert(&mut self, key: JsonText<'a>, value: JsonText<'a>) {
        match key.0 {
            "com.docker.compose.project" => self.compose_project = Some(value),
            "com.docker.compose.service" => self.compose_service = Some(value),
            _ => {}
        }
        let bytes = if is_ours(key) { 0 } else { key.0.len().saturating_add(value.0.len()) };
        let others_bytes = self.others_bytes.saturating_add(bytes);
        if others_bytes > OTHER_LABELS_BYTES {
            self.left_out = self.left_out.saturating_add(1);
            return;
        }
        let Err(label) = self.kept.push((key, value)) else {
            self.others_bytes = others_bytes;
            return;
        };
        self.left_out = self.left_out.saturating_add(1);
        if is_ours(key)
            && let Some(other) = self.kept.iter_mut().rev().find(|(key, _)| !is_ours(*key))
        {
            *other = label;
        }
    }
}

/// Whether the master needs this label to group services.
fn is_ours(key: JsonText<'_>) -> bool {
    key.0.starts_with("com.docker.compose.") || key.0.starts_with("neon.")
}

impl Serialize for Labels<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.kept.len()))?;
        for (key, value) in &self.kept {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Labels<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut labels = Self::default();
        deserializer.deserialize_option(each_entry(|key, value: Option<JsonText<'de>>| {
            labels.insert(key, value.unwrap_or_default());
        }))?;
        Ok(labels)
    }
}

fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Of a container's names, its own: links add names such as `/other/alias`.
fn own_name<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<JsonText<'a>, D::Error> {
    let mut own: Option<JsonText<'de>> = None;
    let slashes = |name: JsonText<'_>| name.chars().filter(|c| *c == '/').count();
    deserializer.deserialize_option(each_element(|name: JsonText<'de>| {
        if own.is_none_or(|own| slashes(name) < slashes(own)) {
            own = Some(name);
        }
    }))?;
    Ok(own.unwrap_or_default())
}

fn texts<'de: 'a, 'a, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
) -> Result<heapless::Vec<JsonText<'a>, N>, D::Error> {
    let mut texts = heapless::Vec::new();
    // Past the capacity the rest is left out: what it would say is not worth a report.
    deserializer.deserialize_option(each_element(|text: JsonText<'de>| {
        let _ = texts.push(text);
    }))?;
    Ok(texts)
}

fn keys<'de: 'a, 'a, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
) -> Result<heapless::Vec<JsonText<'a>, N>, D::Error> {
    let mut keys = heapless::Vec::new();
    deserializer.deserialize_option(each_entry(|key, _: de::IgnoredAny| {
        let _ = keys.push(key);
    }))?;
    Ok(keys)
}

/// Calls a function for each element of a list; `null` is an empty one.
struct EachElement<T, F>(F, PhantomData<fn() -> T>);

fn each_element<T, F: FnMut(T)>(call: F) -> EachElement<T, F> {
    EachElement(call, PhantomData)
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> de::Visitor<'de> for EachElement<T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or null")
    }

    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element()? {
            (self.0)(element);
        }
        Ok(())
    }
}

/// Calls a function for each entry of an object; `null` is an empty one.
struct EachEntry<T, F>(F, PhantomData<fn() -> T>);

fn each_entry<'de, T, F: FnMut(JsonText<'de>, T)>(call: F) -> EachEntry<T, F> {
    EachEntry(call, PhantomData)
}

impl<'de, T: Deserialize<'de>, F: FnMut(JsonText<'de>, T)> de::Visitor<'de> for EachEntry<T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null")
    }

    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, value)) = map.next_entry()? {
            (self.0)(key, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::{String, ToString};
    use std::{format, vec::Vec};

    use super::*;

    fn entry(json: &str) -> ListEntry<'_> {
        element(json.as_bytes()).unwrap()
    }

    #[test]
    fn podmans_nulls_read_as_empty() {
        let entry = entry(r#"{"Id":"ab","Names":null,"Image":null,"Ports":null,"Labels":null,"NetworkSettings":null}"#);
        assert!(entry.names.is_empty() && entry.network_settings.networks.is_empty());
        assert_eq!((entry.labels.iter().count(), entry.ports.to_string()), (0, "-".into()));
        assert!(
            super::tests::entry(r#"{"Id":"ab","NetworkSettings":{"Networks":null}}"#)
                .network_settings
                .networks
                .is_empty()
        );
    }

    #[test]
    fn the_own_name_is_told_from_links() {
        assert_eq!(entry(r#"{"Id":"a","Names":["/other/alias","/own"]}"#).names.0, "/own");
        assert_eq!(entry(r#"{"Id":"a","Names":["podman"]}"#).names.0, "podman");
        assert_eq!(entry(r#"{"Id":"a","Names":[]}"#).names.0, "");
    }

    #[test]
    fn ports_are_listed_once_for_both_families() {
        let ports = r#"[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
            {"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"PrivatePort":53,"Type":"udp"}]"#;
        assert_eq!(entry(&format!(r#"{{"Id":"a","Ports":{ports}}}"#)).ports.to_string(), "8080:80, 53");
    }

    #[test]
    fn labels_needed_by_the_master_displace_others() {
        let mut json: String = (0..LABELS_MAX).map(|i| format!(r#""other{i}":"v","#)).collect();
        json.push_str(r#""com.docker.compose.project":"shop","neon.name":null"#);
        let json = format!(r#"{{"Id":"a","Labels":{{{json}}}}}"#);
        let labels = entry(&json).labels;
        let kept: Vec<&str> = labels.iter().map(|(key, _)| key.0).collect();
        assert!(kept.contains(&"com.docker.compose.project") && kept.contains(&"neon.name"));
        assert_eq!((kept.len(), labels.left_out), (LABELS_MAX, 2));
    }

    #[test]
    fn other_labels_are_kept_until_their_bytes_are_used_up_and_ours_always() {
        let room = "v".repeat(OTHER_LABELS_BYTES - 2);
        let json = |first: &str| {
            format!(
                r#"{{"Id":"a","Labels":{{"a":"{first}","bc":"","neon.x":"{first}","com.docker.compose.service":"s"}}}}"#
            )
        };
        let (exact, over) = (json(&room[1..]), json(&format!("{room}vv")));
        let (exact, over) = (entry(&exact).labels, entry(&over).labels);
        assert_eq!((exact.iter().count(), exact.left_out), (4, 0));
        let kept: Vec<&str> = over.iter().map(|(key, _)| key.0).collect();
        assert_eq!((kept.as_slice(), over.left_out), (&["bc", "neon.x", "com.docker.compose.service"][..], 1));
        assert_eq!((over.compose_service, over.compose_project), (Some(JsonText("s")), None));
    }

    #[test]
    fn labels_that_fit_exactly_are_all_kept() {
        let json: Vec<String> = (0..LABELS_MAX).map(|i| format!(r#""l{i}":"v""#)).collect();
        let json = format!(r#"{{"Id":"a","Labels":{{{}}}}}"#, json.join(","));
        assert_eq!((entry(&json).labels.iter().count(), entry(&json).labels.left_out), (LABELS_MAX, 0));
    }

    #[test]
    fn inspect_reads_its_fields_and_skips_the_rest() {
        let json = r#"{"Id":"a","Created":"2026-11-23T08:47:24.1Z","Config":{"Id":"no","Env":["SECRET=x"]},"RestartCount":3,
            "State":{"Status":"running","OOMKilled":true,"StartedAt":"2026-11-23T08:47:25.668846837Z","ExitCode":-1,
            "Health":{"Status":"healthy","Log":[{"Status":"no","Output":"\u001b"}]}},"HostConfig":{"State":{}}}"#;
        let expected = Inspect {
            id: JsonText("a"),
            created: JsonText("2026-11-23T08:47:24.1Z"),
            restart_count: Some(3),
            state: InspectState {
                status: JsonText("running"),
                started_at: JsonText("2026-11-23T08:47:25.668846837Z"),
                exit_code: Some(-1),
                oom_killed: Some(true),
                health: JsonText("healthy"),
            },
        };
        assert_eq!(inspect(json.as_bytes()), Ok(expected));
    }

    #[test]
    fn inspect_takes_null_empty_and_missing_alike() {
        for json in [
            "{}",
            r#"{"State":null,"RestartCount":null,"Created":null,"Id":null}"#,
            r#"{"State":{},"RestartCount":-1,"Created":"","Id":""}"#,
            r#"{"State":{"Status":"","StartedAt":null,"ExitCode":null,"OOMKilled":null,"Health":null}}"#,
            r#"{"State":{"Health":{"Status":"","FailingStreak":0,"Log":null}}}"#,
            r#"{"State":{"Health":{"Status":null}}}"#,
            r#"{"State":{"Health":{}}}"#,
        ] {
            assert_eq!(inspect(json.as_bytes()), Ok(Inspect::default()), "{json}");
        }
    }

    #[test]
    fn inspect_refuses_a_field_of_another_kind() {
        for json in [
            "",
            "[]",
            r#"{"Id":1}"#,
            r#"{"State":[]}"#,
            r#"{"RestartCount":99999999999999999999}"#,
            r#"{"State":{"ExitCode":"0"}}"#,
            r#"{"State":{"OOMKilled":1}}"#,
            r#"{"State":{"Health":"healthy"}}"#,
            r#"{"Id":"a""#,
        ] {
            assert_eq!(inspect(json.as_bytes()), Err(ElementFault::Malformed), "{json}");
        }
    }

    #[test]
    fn images_without_tags_have_none() {
        let tags = |json: &'static str| element::<Image<'_>>(json.as_bytes()).unwrap().repo_tags.len();
        assert_eq!(tags(r#"{"Id":"sha256:a","RepoTags":null}"#), 0);
        assert_eq!(tags(r#"{"Id":"sha256:a","RepoTags":["a:1","b:2"]}"#), 2);
    }

    #[test]
    fn what_is_no_element_is_refused() {
        for json in [
            "",
            "{}",
            "[]",
            "null",
            "17",
            r#"{"Id":17}"#,
            r#"{"Id":"a""#,
            r#"{"Id":"a"}x"#,
            r#"{"Id":"a","Labels":[]}"#,
        ] {
            assert_eq!(element::<ListEntry<'_>>(json.as_bytes()).err(), Some(ElementFault::Malformed), "{json}");
        }
        let deep = format!(r#"{{"Id":"a","X":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(element::<ListEntry<'_>>(deep.as_bytes()).err(), Some(ElementFault::TooDeep));
    }

    #[test]
    fn an_element_cut_anywhere_never_panics() {
        let json = r#"{"Id":"ab","Names":["/x"],"Ports":[{"PrivatePort":80}],"Labels":{"a":"\u00e9"},"NetworkSettings":{"Networks":{"bridge":{}}}}"#;
        for end in 0..json.len() {
            assert!(element::<ListEntry<'_>>(&json.as_bytes()[..end]).is_err(), "cut at {end}");
        }
    }
}
