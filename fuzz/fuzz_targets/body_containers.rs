//! A container report's body: each container is accepted or refused, what is accepted is within its limits and there
//! once, and all of it is accepted and the same when it is sent again.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use neon_fuzz::intake::{self, WireContainer, engine_time};
use neon_shared::api::ContainersRequest;
use serde_json::value::RawValue;

fuzz_target!(|body: &[u8]| {
    let report = match intake::containers(body) {
        Ok(report) => report,
        Err(reason) => return assert!(!reason.is_empty() && reason.len() <= 1024, "{reason}"),
    };
    let list = &report.list;
    let sent: ContainersRequest<Vec<Box<RawValue>>> = serde_json::from_slice(body).expect("a list, as it was accepted");
    assert_eq!(list.accepted.len() + list.refused.len(), sent.containers.len());
    assert_eq!(report.left_out, sent.containers_left_out.unwrap_or(0));
    assert!(list.reduced.is_empty());
    assert!(list.refused.is_empty() || !list.accepted.is_empty());
    assert_eq!(list.summary().map_or(0, |summary| summary.refused), list.refused.len() as u64);
    let ids: HashSet<&str> = list.accepted.iter().map(|container| container.container_id.as_str()).collect();
    assert_eq!(ids.len(), list.accepted.len(), "an id is there once");
    list.accepted.iter().for_each(check);

    let again = ContainersRequest { containers: &list.accepted, containers_left_out: Some(report.left_out) };
    let again = intake::containers(&serde_json::to_vec(&again).expect("JSON"));
    let again = again.expect("what was accepted is accepted again");
    assert_eq!((&again.list.accepted, again.list.summary(), again.left_out), (&list.accepted, None, report.left_out));
});

fn check(container: &WireContainer) {
    assert!((1..=64).contains(&container.container_id.len()));
    assert!(container.container_id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert!(!container.name.is_empty());
    let texts = [&container.name, &container.image, &container.ports].into_iter();
    let optional = [&container.image_id, &container.compose_project, &container.compose_service].into_iter().flatten();
    let lists = container.image_tags.iter().chain(&container.networks);
    assert!(texts.chain(optional).chain(lists).all(|text| text.len() <= 4096 && !text.contains('\0')));
    assert!(container.labels.iter().all(|(name, value)| !name.contains('\0') && !value.contains('\0')));
    assert!(container.restart_count.is_none_or(|count| i64::try_from(count).is_ok()));
    for time in [&container.started_at, &container.created_at] {
        assert!(engine_time(time.as_deref()).is_ok());
    }
}
