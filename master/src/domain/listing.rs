//! Which servers a page of the list has, and how many each group and tag.
//!
//! Takes the whole list rather than being SQL: when a server was heard and whether it is online is in memory before it
//! is in the database, and case is folded alike on both engines.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::model::{ServerCount, ServerFilter, ServerQuery, ServerSort, ServerStatus, ServerSummary};

/// The servers that `query` asks for, and how many there are on all pages. `None` where the one that the page comes
/// after does not exist.
pub fn page(mut servers: Vec<ServerSummary>, query: &ServerQuery) -> Option<(Vec<ServerSummary>, usize)> {
    // It need not be among those that are asked for: it may have changed since.
    let after = match query.after {
        None => None,
        Some(id) => Some(servers.iter().find(|server| server.id == id)?.clone()),
    };
    let search = query.search.to_lowercase();
    servers.retain(|server| {
        query.status.is_none_or(|status| server.status == status)
            && is_in(server, &query.filter)
            && matches(server, &search)
    });
    let total = servers.len();
    if let Some(after) = after {
        servers.retain(|server| order(server, &after, query) == Ordering::Greater);
    }
    servers.sort_unstable_by(|one, other| order(one, other, query));
    servers.truncate(query.limit.unwrap_or(usize::MAX));
    Some((servers, total))
}

fn matches(server: &ServerSummary, search: &str) -> bool {
    search.is_empty()
        || server.name.to_lowercase().contains(search)
        || server.hostname.to_lowercase().contains(search)
        || server.display_name.as_ref().is_some_and(|name| name.to_lowercase().contains(search))
}

fn is_in(server: &ServerSummary, filter: &ServerFilter) -> bool {
    filter.group.as_ref().is_none_or(|group| server.group.as_deref().unwrap_or_default() == group)
        && filter.tag.as_ref().is_none_or(|tag| server.tags.contains(tag))
}

/// The groups of `servers`, by name.
pub fn groups(servers: &[ServerSummary]) -> Vec<ServerCount> {
    counted(servers.iter().filter_map(|server| Some((server.group.as_deref()?, server.status))))
}

/// The tags of `servers`, by name.
pub fn tags(servers: &[ServerSummary]) -> Vec<ServerCount> {
    counted(servers.iter().flat_map(|server| server.tags.iter().map(|tag| (tag.as_str(), server.status))))
}

fn counted<'a>(named: impl Iterator<Item = (&'a str, ServerStatus)>) -> Vec<ServerCount> {
    let mut counts = BTreeMap::new();
    for (name, status) in named {
        let none = || ServerCount { name: name.to_owned(), servers: 0, online: 0, offline: 0, maintenance: 0 };
        let count = counts.entry(name).or_insert_with(none);
        count.servers += 1;
        match status {
            ServerStatus::Online => count.online += 1,
            ServerStatus::Offline => count.offline += 1,
            ServerStatus::Maintenance => count.maintenance += 1,
        }
    }
    counts.into_values().collect()
}

/// No two servers are equal, so that every page has one beginning.
fn order(one: &ServerSummary, other: &ServerSummary, query: &ServerQuery) -> Ordering {
    let directed = |ordering: Ordering| if query.is_descending { ordering.reverse() } else { ordering };
    // What is not known comes last in both directions.
    let percentages = |one: Option<f64>, other: Option<f64>| match (one, other) {
        (Some(one), Some(other)) => directed(one.total_cmp(&other)),
        (one, other) => one.is_none().cmp(&other.is_none()),
    };
    let by_value = match query.sort {
        ServerSort::Name => directed(one.name.cmp(&other.name)),
        ServerSort::Cpu => percentages(one.cpu, other.cpu),
        ServerSort::Memory => percentages(one.memory, other.memory),
        ServerSort::Disk => percentages(one.disk, other.disk),
        ServerSort::LastSeenAt => directed(one.last_seen_at.unix_ms().cmp(&other.last_seen_at.unix_ms())),
        ServerSort::ContainerCount => directed(one.container_count.cmp(&other.container_count)),
    };
    by_value.then(one.id.cmp(&other.id))
}

#[cfg(test)]
mod tests {
    use neon_shared::time::Timestamp;

    use super::*;

    const ALL: ServerQuery = ServerQuery {
        status: None,
        filter: ServerFilter { group: None, tag: None },
        search: String::new(),
        sort: ServerSort::Name,
        is_descending: false,
        after: None,
        limit: None,
    };

    fn server(id: i64, name: &str, cpu: Option<f64>) -> ServerSummary {
        ServerSummary {
            id,
            name: name.to_owned(),
            hostname: format!("HOST-{id}"),
            ip_address: String::new(),
            status: if id % 2 == 0 { ServerStatus::Online } else { ServerStatus::Offline },
            container_count: id % 3,
            cpu,
            memory: None,
            disk: cpu,
            cpu_cores: 1,
            total_memory_gb: 1.0,
            total_disk_gb: 1.0,
            last_metrics_at: None,
            last_seen_at: Timestamp::from_unix_ms(100 - id),
            display_name: (id == 3).then(|| "Größe".to_owned()),
            group: (id < 4).then(|| format!("rack {}", id % 2)),
            tags: ["blue", "eu"].iter().take(id as usize % 3).map(|&tag| tag.to_owned()).collect(),
            maintenance: None,
            edited_at: None,
        }
    }

    fn fleet() -> Vec<ServerSummary> {
        vec![
            server(1, "web_1", Some(5.0)),
            server(2, "Ärger", None),
            server(3, "100%", Some(1.0)),
            server(4, "web-2", Some(5.0)),
            server(5, "db'; --", None),
            server(6, "WEB-3", Some(90.0)),
        ]
    }

    fn ids(query: &ServerQuery) -> Vec<i64> {
        page(fleet(), query).unwrap().0.iter().map(|server| server.id).collect()
    }

    #[test]
    fn every_order_is_total_and_what_is_unknown_comes_last() {
        for (sort, ascending, descending) in [
            (ServerSort::Name, [3, 6, 5, 4, 1, 2], [2, 1, 4, 5, 6, 3]),
            (ServerSort::Cpu, [3, 1, 4, 6, 2, 5], [6, 1, 4, 3, 2, 5]),
            (ServerSort::Memory, [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]),
            (ServerSort::Disk, [3, 1, 4, 6, 2, 5], [6, 1, 4, 3, 2, 5]),
            (ServerSort::LastSeenAt, [6, 5, 4, 3, 2, 1], [1, 2, 3, 4, 5, 6]),
            (ServerSort::ContainerCount, [3, 6, 1, 4, 2, 5], [2, 5, 1, 4, 3, 6]),
        ] {
            for (is_descending, expected) in [(false, ascending), (true, descending)] {
                let query = ServerQuery { sort, is_descending, ..ALL };
                assert_eq!(ids(&query), expected, "{query:?}");
                // In pages of any size it is the same list.
                for size in 1..=7 {
                    let (mut paged, mut after) = (Vec::new(), None);
                    loop {
                        let (page, total) =
                            page(fleet(), &ServerQuery { after, limit: Some(size), ..query.clone() }).unwrap();
                        assert_eq!(total, 6);
                        let Some(last) = page.last() else { break };
                        after = Some(last.id);
                        paged.extend(page.iter().map(|server| server.id));
                    }
                    assert_eq!(paged, expected, "{query:?} by {size}");
                }
            }
        }
    }

    #[test]
    fn a_search_is_a_plain_part_of_a_name_or_host_name() {
        for (search, expected) in [
            ("", &[3, 6, 5, 4, 1, 2][..]),
            ("web", &[6, 4, 1]),
            ("host-4", &[4]),
            ("äRG", &[2]),
            ("grÖ", &[3]),
            ("%", &[3]),
            ("_", &[1]),
            ("'; --", &[5]),
            ("\\", &[]),
            ("web*", &[]),
        ] {
            assert_eq!(ids(&ServerQuery { search: search.to_owned(), ..ALL }), expected, "{search}");
        }
    }

    #[test]
    fn a_filter_is_the_whole_name_of_a_group_or_tag() {
        let some = |group: Option<&str>, tag: Option<&str>| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            ids(&ServerQuery { filter: ServerFilter { group: owned(group), tag: owned(tag) }, ..ALL })
        };
        assert_eq!(some(Some("rack 1"), None), [3, 1]);
        assert_eq!(some(Some(""), None), [6, 5, 4], "those without one");
        assert_eq!(some(Some("rack"), None), [0; 0]);
        assert_eq!(some(None, Some("eu")), [5, 2]);
        assert_eq!(some(None, Some("")), [0; 0]);
        assert_eq!(some(Some("rack 0"), Some("eu")), [2]);
    }

    #[test]
    fn groups_and_tags_are_counted_by_status() {
        let count = |name: &str, online, offline| ServerCount {
            name: name.to_owned(),
            servers: online + offline,
            online,
            offline,
            maintenance: 0,
        };
        assert_eq!(groups(&fleet()), [count("rack 0", 1, 0), count("rack 1", 0, 2)]);
        assert_eq!(tags(&fleet()), [count("blue", 2, 2), count("eu", 1, 1)]);
        assert_eq!(groups(&[]), []);
    }

    #[test]
    fn a_page_goes_on_where_the_last_server_is_now() {
        let query = ServerQuery { status: Some(ServerStatus::Online), limit: Some(1), ..ALL };
        let (servers, total) = page(fleet(), &query).unwrap();
        assert_eq!((servers[0].id, total), (6, 3));
        // Server 5 is offline by now; what comes after it is not lost.
        assert_eq!(ids(&ServerQuery { after: Some(5), ..query.clone() }), [4]);
        assert_eq!(page(fleet(), &ServerQuery { after: Some(7), ..query }), None);
        assert_eq!(ids(&ServerQuery { after: Some(2), ..ALL }), [0; 0]);
    }
}
