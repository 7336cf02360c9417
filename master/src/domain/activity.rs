//! What happened between two container sets of one server.
//!
//! A container is recognised by its id, and where the id is new, by its name: compose recreates a container under the
//! same name when its image or configuration changes, and that is one event, not a removal and a creation. The rules,
//! first match only within each of the three groups:
//!
//! | group | what was seen | event |
//! |---|---|---|
//! | existence | neither id nor name was stored | `created` |
//! | | neither id nor name is reported any more | `removed` |
//! | version | same id, another `imageId` (`image` where one of them has none) | `version_change` |
//! | | same name, new id, another `imageId` or `image` | `version_change` |
//! | | same name, new id, same image, running | `restart` |
//! | state | running before, exited or restarting now, exit code other than 0, 137, 143 | `crashed` |
//! | | running before, exited now with one of these, or without a code | `stopped` |
//! | | exited before and now, but started in between | `crashed` or `stopped`, by its exit code |
//! | | running (or restarting) before, running now, started in between, not recreated | `restart` |
//! | | any other change of status | `status_change` |
//! | health | running, and the verdict is another one, except into `starting` | `health_change` |
//!
//! 137 and 143 are SIGKILL and SIGTERM, which is how an engine stops a container. The text of `image` on the same id
//! says nothing by itself: engines print the digest there once the tag has moved on. The first set of a server is where
//! everything begins and records nothing. A new name under the same id records nothing: the vocabulary has no word for
//! it. `manual_restart` is never derived: Neon only reads, so it cannot know who restarted a container.
//!
//! A container that was refused (its report was malformed) is neither changed nor removed. Where even its id could not
//! be read, nothing of that server counts as removed, since any of the absent ones may be the one. The same holds for a
//! report that leaves containers out. What is recreated is still seen: a name belongs to one container at a time, so the
//! one that had it is not merely absent.

use std::collections::{HashMap, HashSet};

use neon_shared::time::Timestamp;

use super::intake::{ContainerReport, WireContainer, engine_time};
use crate::model::{ActivityKind, Container, ContainerChanges, ContainerHealth, ContainerStatus, Event};

/// Exit codes of a container that was stopped rather than failed: 0, SIGKILL, SIGTERM.
const EXIT_CODES_IN_ORDER: [i64; 3] = [0, 137, 143];

/// What a report changes: which containers to store and to forget, and what happened.
///
/// `previous` is the stored set, `None` before the server's first report.
pub fn changes(
    server_id: i64,
    previous: Option<&[Container]>,
    report: &ContainerReport,
    now: Timestamp,
) -> ContainerChanges {
    let stored = previous.unwrap_or_default();
    let reported: Vec<Container> =
        report.list.accepted.iter().map(|container| from_wire(server_id, container, now)).collect();
    let kept_ids: HashSet<&str> =
        report.list.refused.iter().filter_map(|refused| refused.container_id.as_deref()).collect();
    let id_is_unknown = report.list.refused.iter().any(|refused| refused.container_id.is_none());
    let removals_unknown = id_is_unknown || report.left_out > 0;

    let reported_ids: HashSet<&str> = reported.iter().map(|container| container.container_id.as_str()).collect();
    let by_id: HashMap<&str, &Container> = stored.iter().map(|c| (c.container_id.as_str(), c)).collect();
    let mut gone_by_name: HashMap<&str, &Container> = stored
        .iter()
        .filter(|c| !reported_ids.contains(c.container_id.as_str()) && !kept_ids.contains(c.container_id.as_str()))
        .map(|c| (c.name.as_str(), c))
        .collect();

    let mut events = Vec::new();
    let mut remove = Vec::new();
    for container in &reported {
        if let Some(before) = by_id.get(container.container_id.as_str()) {
            compare(before, container, &mut events);
        } else if let Some(before) = gone_by_name.remove(container.name.as_str()) {
            compare(before, container, &mut events);
            remove.push(before.container_id.clone());
        } else {
            events.push(event(ActivityKind::Created, container, "was created"));
        }
    }
    if !removals_unknown {
        let recreated_ids: HashSet<String> = remove.iter().cloned().collect();
        let absent = stored.iter().filter(|container| {
            let id = container.container_id.as_str();
            !reported_ids.contains(id) && !kept_ids.contains(id) && !recreated_ids.contains(id)
        });
        for container in absent {
            events.push(event(ActivityKind::Removed, container, "was removed"));
            remove.push(container.container_id.clone());
        }
    }
    if previous.is_none() {
        events.clear();
    }
    ContainerChanges { store: reported, remove, events }
}

fn compare(before: &Container, after: &Container, events: &mut Vec<Event>) {
    let recreated = before.container_id != after.container_id;
    if image_changed(before, after, recreated) {
        events.push(changed(ActivityKind::VersionChange, after, "image", &before.image, &after.image));
    } else if recreated && after.status == ContainerStatus::Running {
        events.push(event(ActivityKind::Restart, after, "was recreated from the same image"));
    }
    events.extend(state_event(before, after, recreated));
    events.extend(health_event(before, after));
}

fn image_changed(before: &Container, after: &Container, recreated: bool) -> bool {
    match (&before.image_id, &after.image_id) {
        (Some(old), Some(new)) => old != new || (recreated && before.image != after.image),
        _ => before.image != after.image,
    }
}

fn state_event(before: &Container, after: &Container, recreated: bool) -> Option<Event> {
    use ContainerStatus::{Exited, Restarting, Running};
    let started_between = after.started_at.is_some() && before.started_at != after.started_at;
    match (before.status, after.status) {
        (Running, Exited) => Some(ended(after)),
        (Running, Restarting) if exited_badly(after) => Some(ended(after)),
        (Exited, Exited) if started_between && !recreated => Some(ended(after)),
        (Running | Restarting, Running) if started_between && !recreated => {
            Some(event(ActivityKind::Restart, after, "restarted"))
        }
        (old, new) if old != new => {
            Some(changed(ActivityKind::StatusChange, after, "status", old.as_str(), new.as_str()))
        }
        _ => None,
    }
}

fn health_event(before: &Container, after: &Container) -> Option<Event> {
    let (old, new) = (before.health?, after.health?);
    let verdict_changed = old != new && new != ContainerHealth::Starting && after.status == ContainerStatus::Running;
    verdict_changed.then(|| changed(ActivityKind::HealthChange, after, "health", old.as_str(), new.as_str()))
}

fn exited_badly(container: &Container) -> bool {
    container.exit_code.is_some_and(|code| !EXIT_CODES_IN_ORDER.contains(&code))
}

fn ended(container: &Container) -> Event {
    let kind = if exited_badly(container) { ActivityKind::Crashed } else { ActivityKind::Stopped };
    let what = if kind == ActivityKind::Crashed { "crashed" } else { "stopped" };
    match container.exit_code {
        Some(code) => event(kind, container, &format!("{what} with exit code {code}")),
        None => event(kind, container, what),
    }
}

fn event(kind: ActivityKind, container: &Container, what: &str) -> Event {
    Event {
        kind,
        container: Some((container.container_id.clone(), container.name.clone())),
        message: format!("{} {what}", container.name),
        old_value: None,
        new_value: None,
    }
}

fn changed(kind: ActivityKind, container: &Container, what: &str, old: &str, new: &str) -> Event {
    Event {
        old_value: Some(old.to_owned()),
        new_value: Some(new.to_owned()),
        ..event(kind, container, &format!("changed its {what} from {old} to {new}"))
    }
}

fn from_wire(server_id: i64, wire: &WireContainer, now: Timestamp) -> Container {
    Container {
        server_id,
        container_id: wire.container_id.clone(),
        name: wire.name.clone(),
        image: wire.image.clone(),
        image_id: wire.image_id.clone(),
        image_tags: wire.image_tags.clone(),
        status: wire.status.into(),
        health: wire.health.map(Into::into),
        ports: wire.ports.clone(),
        labels: wire.labels.clone(),
        networks: wire.networks.clone(),
        // `intake` has refused what is no time, and a count that does not fit.
        started_at: engine_time(wire.started_at.as_deref()).unwrap_or_default(),
        exit_code: wire.exit_code,
        restart_count: wire.restart_count.and_then(|count| i64::try_from(count).ok()),
        oom_killed: wire.oom_killed,
        created_at: engine_time(wire.created_at.as_deref()).unwrap_or_default(),
        compose_project: wire.compose_project.clone(),
        compose_service: wire.compose_service.clone(),
        labels_left_out: wire.labels_left_out.map(i64::from),
        updated_at: now,
    }
}

/// A running container with nothing special about it.
#[cfg(test)]
pub(crate) fn test_container(id: &str, name: &str) -> Container {
    Container {
        server_id: 7,
        container_id: id.to_owned(),
        name: name.to_owned(),
        image: "app:1".to_owned(),
        image_id: Some("sha256:1".to_owned()),
        image_tags: vec!["app:1".to_owned()],
        status: ContainerStatus::Running,
        health: None,
        ports: "-".to_owned(),
        labels: Default::default(),
        networks: vec!["bridge".to_owned()],
        started_at: Timestamp::parse("2026-11-23T08:00:00Z"),
        exit_code: Some(0),
        restart_count: Some(2),
        oom_killed: Some(false),
        created_at: Timestamp::parse("2026-11-23T07:00:00Z"),
        compose_project: Some("shop".to_owned()),
        compose_service: None,
        labels_left_out: Some(7),
        updated_at: Timestamp::from_unix_ms(0),
    }
}

#[cfg(test)]
mod tests {
    use neon_shared::metrics;

    use super::*;
    use crate::domain::intake::{Refused, Sorted};

    fn wire(container: &Container) -> WireContainer {
        WireContainer {
            container_id: container.container_id.clone(),
            name: container.name.clone(),
            image: container.image.clone(),
            image_id: container.image_id.clone(),
            image_tags: container.image_tags.clone(),
            status: match container.status {
                ContainerStatus::Running => metrics::ContainerStatus::Running,
                ContainerStatus::Exited => metrics::ContainerStatus::Exited,
                ContainerStatus::Paused => metrics::ContainerStatus::Paused,
                ContainerStatus::Restarting => metrics::ContainerStatus::Restarting,
            },
            health: container.health.map(|health| match health {
                ContainerHealth::Healthy => metrics::ContainerHealth::Healthy,
                ContainerHealth::Unhealthy => metrics::ContainerHealth::Unhealthy,
                ContainerHealth::Starting => metrics::ContainerHealth::Starting,
            }),
            ports: container.ports.clone(),
            labels: container.labels.clone(),
            networks: container.networks.clone(),
            started_at: container.started_at.map(|time| time.to_string()),
            restart_count: container.restart_count.map(i64::unsigned_abs),
            oom_killed: container.oom_killed,
            created_at: container.created_at.map(|time| time.to_string()),
            compose_project: container.compose_project.clone(),
            compose_service: container.compose_service.clone(),
            labels_left_out: container.labels_left_out.and_then(|count| u32::try_from(count).ok()),
            exit_code: container.exit_code,
        }
    }

    fn report(reported: &[Container], refused: Vec<Refused>, left_out: u64) -> ContainerReport {
        let accepted = reported.iter().map(wire).collect();
        ContainerReport { list: Sorted { accepted, refused, reduced: Vec::new() }, left_out }
    }

    fn after(before: &[Container], reported: &[Container], refused: Vec<Refused>) -> ContainerChanges {
        changes(7, Some(before), &report(reported, refused, 0), Timestamp::from_unix_ms(0))
    }

    /// The events of one container that was `before` and is `now`.
    fn events(before: Container, now: Container) -> Vec<(ActivityKind, String)> {
        after(&[before], &[now], Vec::new()).events.into_iter().map(|event| (event.kind, event.message)).collect()
    }

    fn kinds(before: Container, now: Container) -> Vec<ActivityKind> {
        events(before, now).into_iter().map(|(kind, _)| kind).collect()
    }

    fn app() -> Container {
        test_container("aaaaaaaaaaaa", "app")
    }

    fn exited(code: i64) -> Container {
        Container { status: ContainerStatus::Exited, exit_code: Some(code), ..app() }
    }

    fn started_later(container: Container) -> Container {
        Container { started_at: Timestamp::parse("2026-11-23T09:00:00Z"), ..container }
    }

    #[test]
    fn the_first_set_records_nothing_and_stores_everything() {
        let changes = changes(7, None, &report(&[app()], Vec::new(), 0), Timestamp::from_unix_ms(0));
        assert_eq!(changes, ContainerChanges { store: vec![app()], ..ContainerChanges::default() });
    }

    #[test]
    fn an_unchanged_set_records_nothing() {
        assert_eq!(kinds(app(), app()), []);
    }

    #[test]
    fn what_appears_is_created_and_what_vanishes_is_removed() {
        let changes = after(&[app()], &[test_container("bbbbbbbbbbbb", "db")], Vec::new());
        let seen: Vec<_> = changes.events.iter().map(|event| (event.kind, event.message.as_str())).collect();
        assert_eq!(seen, [(ActivityKind::Created, "db was created"), (ActivityKind::Removed, "app was removed")]);
        assert_eq!(changes.remove, ["aaaaaaaaaaaa"]);
    }

    #[test]
    fn a_container_that_ends_stopped_or_crashed_by_its_exit_code() {
        for (code, kind) in [
            (0, ActivityKind::Stopped),
            (137, ActivityKind::Stopped),
            (143, ActivityKind::Stopped),
            (1, ActivityKind::Crashed),
            (139, ActivityKind::Crashed),
        ] {
            assert_eq!(kinds(app(), exited(code)), [kind], "{code}");
        }
        assert_eq!(events(app(), exited(1))[0].1, "app crashed with exit code 1");
        let without_code = Container { exit_code: None, ..exited(0) };
        assert_eq!(kinds(app(), without_code), [ActivityKind::Stopped]);
    }

    #[test]
    fn a_crash_loop_is_a_crash() {
        let looping = Container { status: ContainerStatus::Restarting, exit_code: Some(1), ..app() };
        assert_eq!(kinds(app(), looping.clone()), [ActivityKind::Crashed]);
        assert_eq!(kinds(looping, started_later(app())), [ActivityKind::Restart]);
    }

    #[test]
    fn a_run_between_two_reports_is_not_missed() {
        assert_eq!(kinds(exited(0), started_later(exited(0))), [ActivityKind::Stopped]);
        assert_eq!(kinds(exited(0), started_later(exited(2))), [ActivityKind::Crashed]);
        assert_eq!(kinds(exited(0), exited(0)), []);
    }

    #[test]
    fn a_new_start_time_while_running_is_a_restart() {
        assert_eq!(kinds(app(), started_later(app())), [ActivityKind::Restart]);
    }

    #[test]
    fn other_changes_of_status_are_named_with_both_values() {
        let paused = Container { status: ContainerStatus::Paused, ..app() };
        let changes = after(&[app()], &[paused], Vec::new());
        assert_eq!(changes.events[0].kind, ActivityKind::StatusChange);
        assert_eq!(changes.events[0].old_value.as_deref(), Some("running"));
        assert_eq!(changes.events[0].new_value.as_deref(), Some("paused"));
        assert_eq!(kinds(exited(0), started_later(app())), [ActivityKind::StatusChange]);
    }

    #[test]
    fn a_container_recreated_under_its_name_is_one_event() {
        let new_image = Container { image: "app:2".to_owned(), image_id: Some("sha256:2".to_owned()), ..app() };
        let recreated = |container| Container { container_id: "cccccccccccc".to_owned(), ..container };
        assert_eq!(kinds(app(), started_later(recreated(new_image))), [ActivityKind::VersionChange]);
        assert_eq!(kinds(app(), started_later(recreated(app()))), [ActivityKind::Restart]);
        let same_content = Container { image: "app:2".to_owned(), ..app() };
        assert_eq!(kinds(app(), recreated(same_content)), [ActivityKind::VersionChange]);

        let changes = after(&[app()], &[recreated(app())], Vec::new());
        assert_eq!(changes.remove, ["aaaaaaaaaaaa"]);
    }

    #[test]
    fn a_tag_that_moved_on_is_no_new_version() {
        let digest = Container { image: "sha256:1".to_owned(), ..app() };
        assert_eq!(kinds(app(), digest), []);
    }

    #[test]
    fn health_counts_while_running_and_not_into_starting() {
        let with = |health| Container { health, ..app() };
        let healthy = || with(Some(ContainerHealth::Healthy));
        let unhealthy = || with(Some(ContainerHealth::Unhealthy));
        let starting = || with(Some(ContainerHealth::Starting));
        assert_eq!(kinds(healthy(), unhealthy()), [ActivityKind::HealthChange]);
        assert_eq!(kinds(starting(), healthy()), [ActivityKind::HealthChange]);
        assert_eq!(kinds(healthy(), starting()), []);
        assert_eq!(kinds(app(), healthy()), []);
        let stopped = Container { status: ContainerStatus::Exited, ..unhealthy() };
        assert_eq!(kinds(healthy(), stopped), [ActivityKind::Stopped]);
    }

    #[test]
    fn while_containers_are_left_out_none_is_removed() {
        let stored = [app(), test_container("bbbbbbbbbbbb", "db")];
        let partial = |reported: &[Container]| {
            changes(7, Some(&stored), &report(reported, Vec::new(), 1), Timestamp::from_unix_ms(0))
        };
        assert_eq!(partial(&[]), ContainerChanges::default());
        assert_eq!(partial(&[app()]), ContainerChanges { store: vec![app()], ..ContainerChanges::default() });
        // The name is taken over, so whoever had it is gone, absent or not.
        let recreated = Container { container_id: "cccccccccccc".to_owned(), ..app() };
        let changes = partial(std::slice::from_ref(&recreated));
        assert_eq!((changes.store, changes.remove), (vec![recreated], vec!["aaaaaaaaaaaa".to_owned()]));
        assert_eq!(changes.events.iter().map(|event| event.kind).collect::<Vec<_>>(), [ActivityKind::Restart]);
    }

    #[test]
    fn a_refused_container_is_not_removed() {
        let refused = |id: Option<&str>| Refused {
            index: 0,
            reason: "name: must not be empty".to_owned(),
            container_id: id.map(str::to_owned),
        };
        let stored = [app(), test_container("bbbbbbbbbbbb", "db")];
        let known = after(&stored, &[], vec![refused(Some("aaaaaaaaaaaa"))]);
        assert_eq!(known.remove, ["bbbbbbbbbbbb"]);
        assert_eq!(known.events.len(), 1);
        let unknown = after(&stored, &[], vec![refused(None)]);
        assert_eq!(unknown, ContainerChanges::default());
    }
}
