//! Groups a server's containers into services.
//!
//! Containers with the same labels `com.docker.compose.project` and `com.docker.compose.service` are one service; a
//! container without both is its own. Labels `neon.*` describe it; where its containers disagree, the first by name
//! that has the label speaks. What a service depends on comes from `neon.depends_on` (compose service names,
//! separated by commas) and from compose's own `com.docker.compose.depends_on`, whose form is
//! `db:service_started:false,cache:service_healthy:true`. A name under `neon.depends_on.optional` is optional even
//! where compose lists it: compose only knows the order of starting, the operator knows the rest.

use std::collections::BTreeMap;

use crate::model::{Container, ContainerHealth, ContainerStatus, Service, ServiceKind, ServiceStatus};

const COMPOSE_PROJECT: &str = "com.docker.compose.project";
const COMPOSE_SERVICE: &str = "com.docker.compose.service";
const COMPOSE_DEPENDS_ON: &str = "com.docker.compose.depends_on";
const NAME: &str = "neon.name";
const DESCRIPTION: &str = "neon.description";
const KIND: &str = "neon.type";
const DEPENDS_ON: &str = "neon.depends_on";
const DEPENDS_ON_OPTIONAL: &str = "neon.depends_on.optional";

/// The services that `containers` of one server form, by name, then by id.
pub fn group(containers: &[Container]) -> Vec<Service> {
    let mut members: BTreeMap<String, Vec<&Container>> = BTreeMap::new();
    for container in containers {
        let id = match compose(container) {
            Some((project, service)) => format!("{project}/{service}"),
            None => container.container_id.clone(),
        };
        members.entry(id).or_default().push(container);
    }
    let mut services: Vec<Service> = members.into_iter().filter_map(|(id, of_it)| service(id, of_it)).collect();
    services.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    services
}

fn service(id: String, mut containers: Vec<&Container>) -> Option<Service> {
    containers.sort_by(|a, b| (&a.name, &a.container_id).cmp(&(&b.name, &b.container_id)));
    let first = *containers.first()?;
    let (project, service) = compose(first).unzip();
    let optional_depends_on = names(label(&containers, DEPENDS_ON_OPTIONAL).unwrap_or_default());
    let depends_on = names(label(&containers, DEPENDS_ON).unwrap_or_default())
        .into_iter()
        .chain(names(label(&containers, COMPOSE_DEPENDS_ON).unwrap_or_default()))
        .filter(|name| !optional_depends_on.contains(name));
    Some(Service {
        name: label(&containers, NAME).or(service).unwrap_or(&first.name).to_owned(),
        description: label(&containers, DESCRIPTION).map(str::to_owned),
        kind: label(&containers, KIND).and_then(ServiceKind::parse),
        project: project.map(str::to_owned),
        service: service.map(str::to_owned),
        status: status(&containers),
        container_ids: containers.iter().map(|container| container.container_id.clone()).collect(),
        running_count: running(&containers).count().try_into().unwrap_or(i64::MAX),
        depends_on: without_repeats(depends_on),
        optional_depends_on,
        id,
    })
}

fn status(containers: &[&Container]) -> ServiceStatus {
    let running_count = running(containers).count();
    let unhealthy = running(containers).any(|container| container.health == Some(ContainerHealth::Unhealthy));
    match running_count {
        0 => ServiceStatus::Down,
        all if all == containers.len() && !unhealthy => ServiceStatus::Healthy,
        _ => ServiceStatus::Degraded,
    }
}

fn running<'a>(containers: &'a [&Container]) -> impl Iterator<Item = &'a &'a Container> {
    containers.iter().filter(|container| container.status == ContainerStatus::Running)
}

fn compose(container: &Container) -> Option<(&str, &str)> {
    let value = |label| container.labels.get(label).map(String::as_str).filter(|text: &&str| !text.is_empty());
    Some((value(COMPOSE_PROJECT)?, value(COMPOSE_SERVICE)?))
}

fn label<'a>(containers: &[&'a Container], name: &str) -> Option<&'a str> {
    containers.iter().find_map(|container| container.labels.get(name)).map(|text| text.trim()).filter(|t| !t.is_empty())
}

/// The names of a list separated by commas, each up to its first colon.
fn names(list: &str) -> Vec<String> {
    without_repeats(
        list.split(',')
            .map(|entry| entry.split(':').next().unwrap_or_default().trim())
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
    )
}

fn without_repeats(names: impl Iterator<Item = String>) -> Vec<String> {
    names.fold(Vec::new(), |mut kept, name| {
        if !kept.contains(&name) {
            kept.push(name);
        }
        kept
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::activity::test_container as container;

    fn labelled(id: &str, name: &str, labels: &[(&str, &str)]) -> Container {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Container { labels, ..container(id, name) }
    }

    fn in_compose(id: &str, name: &str, more: &[(&str, &str)]) -> Container {
        let mut labels = vec![(COMPOSE_PROJECT, "shop"), (COMPOSE_SERVICE, "web")];
        labels.extend(more);
        labelled(id, name, &labels)
    }

    #[test]
    fn containers_of_one_compose_service_are_one_and_others_stand_alone() {
        let services = group(&[
            in_compose("a2", "shop-web-2", &[]),
            in_compose("a1", "shop-web-1", &[]),
            labelled("b1", "alone", &[]),
            labelled("c1", "half", &[(COMPOSE_PROJECT, "shop")]),
        ]);
        let seen: Vec<_> = services.iter().map(|s| (s.id.as_str(), s.name.as_str(), s.container_ids.len())).collect();
        assert_eq!(seen, [("b1", "alone", 1), ("c1", "half", 1), ("shop/web", "web", 2)]);
        let web = services.last().unwrap();
        assert_eq!((web.project.as_deref(), web.service.as_deref()), (Some("shop"), Some("web")));
        assert_eq!(web.container_ids, ["a1", "a2"]);
        assert_eq!(services[0].project, None);
    }

    #[test]
    fn labels_describe_a_service() {
        let services = group(&[
            in_compose("a1", "shop-web-1", &[]),
            in_compose(
                "a2",
                "shop-web-2",
                &[(NAME, "Shop"), (DESCRIPTION, "Sells things"), (KIND, "website"), (DEPENDS_ON, "db, cache ,db")],
            ),
        ]);
        assert_eq!(services.len(), 1);
        assert_eq!(services[0].name, "Shop");
        assert_eq!(services[0].description.as_deref(), Some("Sells things"));
        assert_eq!(services[0].kind, Some(ServiceKind::Website));
        assert_eq!(services[0].depends_on, ["db", "cache"]);
    }

    #[test]
    fn an_unknown_type_is_none() {
        assert_eq!(group(&[in_compose("a1", "web", &[(KIND, "spaceship")])])[0].kind, None);
    }

    #[test]
    fn dependencies_of_compose_and_of_neon_are_merged_and_optional_wins() {
        let services = group(&[in_compose(
            "a1",
            "web",
            &[
                (COMPOSE_DEPENDS_ON, "db:service_started:false,cache:service_healthy:true,mail:service_started:false"),
                (DEPENDS_ON, "queue,db"),
                (DEPENDS_ON_OPTIONAL, "mail"),
            ],
        )]);
        assert_eq!(services[0].depends_on, ["queue", "db", "cache"]);
        assert_eq!(services[0].optional_depends_on, ["mail"]);
    }

    #[test]
    fn status_is_judged_over_all_containers() {
        let with = |status, health| Container { status, health, ..in_compose("a1", "web-1", &[]) };
        let second = |status| Container { status, ..in_compose("a2", "web-2", &[]) };
        let of = |containers: &[Container]| group(containers)[0].status;
        use ContainerStatus::{Exited, Paused, Running};

        assert_eq!(of(&[with(Running, None), second(Running)]), ServiceStatus::Healthy);
        assert_eq!(of(&[with(Running, Some(ContainerHealth::Starting))]), ServiceStatus::Healthy);
        assert_eq!(of(&[with(Running, Some(ContainerHealth::Unhealthy))]), ServiceStatus::Degraded);
        assert_eq!(of(&[with(Running, None), second(Exited)]), ServiceStatus::Degraded);
        assert_eq!(of(&[with(Exited, None), second(Paused)]), ServiceStatus::Down);
    }
}
