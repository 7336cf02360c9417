//! Answers of the Docker Engine (and Podman's imitation of it), one JSON element at a time.
//!
//! Source: Docker Engine API, `GET /info`, `/images/json`, `/containers/json` and `/containers/{id}/json`; the fields
//! read here exist unchanged since API 1.24. Each function reads one element; text is borrowed from it as JSON writes
//! it, escapes and all, and decoded only when it is written out again, so nothing is cut or copied. `null` where a list
//! or text belongs, as Podman sends it, reads as empty. Environment variables, commands and mounts are never read.

use core::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::json::{ElementFault, Elements, JsonText, Members, boolean, elements, integer, members, text};

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

/// Facts about the engine and its host: `GET /info`, read by [`info`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Info<'a> {
    /// Version of the engine.
    pub server_version: JsonText<'a>,
    /// Host name of the machine the engine runs on.
    pub name: JsonText<'a>,
    /// Name and version of the distribution in one, "Debian GNU/Linux 12 (bookworm)".
    pub operating_system: JsonText<'a>,
    /// `VERSION_ID` of the distribution; API 1.39 and later.
    pub os_version: JsonText<'a>,
    /// Release of the running kernel.
    pub kernel_version: JsonText<'a>,
    /// Machine name as uname(2) has it.
    pub architecture: JsonText<'a>,
    /// The engine's own id, made when it first started.
    pub id: JsonText<'a>,
    /// Only Podman says it, whose id is another one with each answer.
    pub buildah_version: JsonText<'a>,
}

/// Reads an answer to info.
pub fn info(bytes: &[u8]) -> Result<Info<'_>, ElementFault> {
    let mut info = Info::default();
    for member in members(bytes) {
        match member? {
            (b"ServerVersion", value) => info.server_version = text(value)?,
            (b"Name", value) => info.name = text(value)?,
            (b"OperatingSystem", value) => info.operating_system = text(value)?,
            (b"OSVersion", value) => info.os_version = text(value)?,
            (b"KernelVersion", value) => info.kernel_version = text(value)?,
            (b"Architecture", value) => info.architecture = text(value)?,
            (b"ID", value) => info.id = text(value)?,
            (b"BuildahVersion", value) => info.buildah_version = text(value)?,
            _ => {}
        }
    }
    Ok(info)
}

/// One container of `GET /containers/json?all=1`, read by [`list_entry`].
#[derive(Clone, Debug, Default)]
pub struct ListEntry<'a> {
    /// The engine's id, 64 hexadecimal digits.
    pub id: JsonText<'a>,
    /// Its own name, slash and all.
    pub name: JsonText<'a>,
    /// Image as it was asked for.
    pub image: JsonText<'a>,
    /// `sha256:…` of the image.
    pub image_id: JsonText<'a>,
    /// `running`, `exited`, `paused`, …
    pub state: JsonText<'a>,
    /// For people: "Up 2 hours (healthy)".
    pub status: JsonText<'a>,
    /// The health check's verdict, `healthy`, `unhealthy`, `starting`, `none` or empty; API 1.52 and later.
    pub health: Option<JsonText<'a>>,
    /// Ports, each combination once.
    pub ports: Ports,
    /// Labels.
    pub labels: Labels<'a>,
    /// Names of the networks it is attached to.
    pub networks: heapless::Vec<JsonText<'a>, NETWORKS_MAX>,
}

/// Reads one container of the list. Errors: it has no id, or a field is of another kind than the API says.
pub fn list_entry(bytes: &[u8]) -> Result<ListEntry<'_>, ElementFault> {
    let mut entry = ListEntry::default();
    for member in members(bytes) {
        match member? {
            (b"Id", value) => entry.id = text(value)?,
            (b"Names", value) => entry.name = own_name(value)?,
            (b"Image", value) => entry.image = text(value)?,
            (b"ImageID", value) => entry.image_id = text(value)?,
            (b"State", value) => entry.state = text(value)?,
            (b"Status", value) => entry.status = text(value)?,
            (b"Health", b"null") => entry.health = None,
            (b"Health", value) => entry.health = Some(health_status(value)?),
            (b"Ports", value) => entry.ports = ports(value)?,
            (b"Labels", value) => entry.labels.read(value)?,
            (b"NetworkSettings", value) => entry.networks = networks(value)?,
            _ => {}
        }
    }
    if entry.id.is_empty() { Err(ElementFault::Malformed) } else { Ok(entry) }
}

/// The id of one container of the list, which is its first member.
pub fn list_id(bytes: &[u8]) -> Option<JsonText<'_>> {
    members(bytes).find_map(|member| match member {
        Ok((b"Id", value)) => Some(text(value).ok()),
        Ok(_) => None,
        Err(_) => Some(None),
    })?
}

/// Of a container's names, its own: links add names such as `/other/alias`.
fn own_name(names: &[u8]) -> Result<JsonText<'_>, ElementFault> {
    let mut own: Option<JsonText<'_>> = None;
    let slashes = |name: JsonText<'_>| name.chars().filter(|c| *c == '/').count();
    for name in elements_or_none(names) {
        let name = text(name?)?;
        if own.is_none_or(|own| slashes(name) < slashes(own)) {
            own = Some(name);
        }
    }
    Ok(own.unwrap_or_default())
}

fn networks(settings: &[u8]) -> Result<heapless::Vec<JsonText<'_>, NETWORKS_MAX>, ElementFault> {
    let mut names = heapless::Vec::new();
    for member in members_or_none(settings) {
        let (b"Networks", networks) = member? else { continue };
        names.clear();
        for network in members_or_none(networks) {
            let name = JsonText::of(network?.0).ok_or(ElementFault::Malformed)?;
            // Past the capacity the rest is left out: what it would say is not worth a report.
            let _ = names.push(name);
        }
    }
    Ok(names)
}

/// The members of an object; of `null`, as Podman sends it, none.
fn members_or_none(value: &[u8]) -> Members<'_> {
    members(if value == b"null" { b"{}" } else { value })
}

/// The elements of a list; of `null` none.
fn elements_or_none(value: &[u8]) -> Elements<'_> {
    elements(if value == b"null" { b"[]" } else { value })
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

/// Reads an answer to inspect, up to the last field of [`Inspect`]: engines write them first, and what follows is the
/// container's configuration, its environment among it. What is before them is skipped unread.
pub fn inspect(bytes: &[u8]) -> Result<Inspect<'_>, ElementFault> {
    let mut inspect = Inspect::default();
    let mut unread = 4u32;
    for member in members(bytes) {
        match member? {
            (b"Id", value) => inspect.id = text(value)?,
            (b"Created", value) => inspect.created = text(value)?,
            (b"RestartCount", value) => {
                inspect.restart_count = integer::<i64>(value)?.and_then(|count| u64::try_from(count).ok());
            }
            (b"State", value) => inspect.state = inspect_state(value)?,
            _ => continue,
        }
        unread = unread.saturating_sub(1);
        if unread == 0 {
            break;
        }
    }
    Ok(inspect)
}

fn inspect_state(bytes: &[u8]) -> Result<InspectState<'_>, ElementFault> {
    let mut state = InspectState::default();
    for member in members_or_none(bytes) {
        match member? {
            (b"Status", value) => state.status = text(value)?,
            (b"StartedAt", value) => state.started_at = text(value)?,
            (b"ExitCode", value) => state.exit_code = integer(value)?,
            (b"OOMKilled", value) => state.oom_killed = boolean(value)?,
            (b"Health", value) => state.health = health_status(value)?,
            _ => {}
        }
    }
    Ok(state)
}

fn health_status(health: &[u8]) -> Result<JsonText<'_>, ElementFault> {
    let mut status = JsonText::default();
    for member in members_or_none(health) {
        if let (b"Status", value) = member? {
            status = text(value)?;
        }
    }
    Ok(status)
}

/// One image of `GET /images/json`, read by [`image`].
#[derive(Clone, Debug, Default)]
pub struct Image<'a> {
    /// `sha256:…`.
    pub id: JsonText<'a>,
    /// Its tags; `<none>:<none>` stands for none on old engines.
    pub repo_tags: heapless::Vec<JsonText<'a>, TAGS_MAX>,
}

/// Reads one image of the list. Errors: as [`list_entry`].
pub fn image(bytes: &[u8]) -> Result<Image<'_>, ElementFault> {
    let mut image = Image::default();
    for member in members(bytes) {
        match member? {
            (b"Id", value) => image.id = text(value)?,
            (b"RepoTags", value) => image.repo_tags = tags(value)?,
            _ => {}
        }
    }
    if image.id.is_empty() { Err(ElementFault::Malformed) } else { Ok(image) }
}

fn tags(list: &[u8]) -> Result<heapless::Vec<JsonText<'_>, TAGS_MAX>, ElementFault> {
    let mut tags = heapless::Vec::new();
    for tag in elements_or_none(list) {
        // Past the capacity the rest is left out: what it would say is not worth a report.
        let _ = tags.push(text(tag?)?);
    }
    Ok(tags)
}

/// One port of a container: published on the host, or only exposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// The port inside.
    pub private_port: u16,
    /// The port on the host, if it is published.
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

fn ports(list: &[u8]) -> Result<Ports, ElementFault> {
    let mut ports = Ports::default();
    for port in elements_or_none(list) {
        let port = port_of(port?)?;
        if !ports.0.contains(&port) {
            // Past the capacity the list is cut: hundreds of ports are a range, and its start says which.
            let _ = ports.0.push(port);
        }
    }
    Ok(ports)
}

fn port_of(bytes: &[u8]) -> Result<Port, ElementFault> {
    let (mut private, mut public_port) = (None, None);
    for member in members(bytes) {
        match member? {
            (b"PrivatePort", value) => private = integer(value)?,
            (b"PublicPort", value) => public_port = integer(value)?,
            _ => {}
        }
    }
    Ok(Port { private_port: private.ok_or(ElementFault::Malformed)?, public_port })
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

    /// Reads them; `null` is none.
    fn read(&mut self, object: &'a [u8]) -> Result<(), ElementFault> {
        for label in members_or_none(object) {
            let (key, value) = label?;
            self.insert(JsonText::of(key).ok_or(ElementFault::Malformed)?, text(value)?);
        }
        Ok(())
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

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::{String, ToString};
    use std::{format, vec::Vec};

    use super::*;

    fn entry(json: &str) -> ListEntry<'_> {
        list_entry(json.as_bytes()).unwrap()
    }

    #[test]
    fn podmans_nulls_read_as_empty() {
        let entry = entry(r#"{"Id":"ab","Names":null,"Image":null,"Ports":null,"Labels":null,"NetworkSettings":null}"#);
        assert!(entry.name.is_empty() && entry.networks.is_empty());
        assert_eq!((entry.labels.iter().count(), entry.ports.to_string()), (0, "-".into()));
        assert!(super::tests::entry(r#"{"Id":"ab","NetworkSettings":{"Networks":null}}"#).networks.is_empty());
    }

    #[test]
    fn the_own_name_is_told_from_links() {
        assert_eq!(entry(r#"{"Id":"a","Names":["/other/alias","/own"]}"#).name.0, "/own");
        assert_eq!(entry(r#"{"Id":"a","Names":["podman"]}"#).name.0, "podman");
        assert_eq!(entry(r#"{"Id":"a","Names":[]}"#).name.0, "");
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
    fn inspect_reads_no_further_than_its_fields() {
        let json = r#"{"Id":"a","Created":"c","State":{"Status":"running"},"RestartCount":0,"Config":{"Env":["#;
        assert_eq!(inspect(json.as_bytes()).unwrap().state.status.0, "running");
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
        let tags = |json: &'static str| image(json.as_bytes()).unwrap().repo_tags.len();
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
            r#"{"Id":"a","Labels":{"a":1}}"#,
            r#"{"Id":"a","Ports":[{"PublicPort":80}]}"#,
            r#"{"Id":"a","Ports":[{"PrivatePort":70000}]}"#,
            r#"{"Id":"a","Names":"a"}"#,
            r#"{"Id":"a","NetworkSettings":{"Networks":[]}}"#,
        ] {
            assert_eq!(list_entry(json.as_bytes()).err(), Some(ElementFault::Malformed), "{json}");
        }
        assert_eq!(list_entry(b"{\"Id\":\"a\",\"Image\":\"\xff\"}").err(), Some(ElementFault::Malformed));
        let deep = format!(r#"{{"Id":"a","X":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(entry(&deep).id.0, "a", "depth costs no stack");
    }

    #[test]
    fn an_element_cut_anywhere_never_panics() {
        let json = r#"{"Id":"ab","Names":["/x"],"Ports":[{"PrivatePort":80}],"Labels":{"a":"\u00e9"},"NetworkSettings":{"Networks":{"bridge":{}}}}"#;
        for end in 0..json.len() {
            assert!(list_entry(&json.as_bytes()[..end]).is_err(), "cut at {end}");
        }
    }
}
