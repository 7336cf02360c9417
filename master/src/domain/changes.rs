//! What changed between two looks at the fleet, and since a position that a client remembers.
//!
//! Takes what the store shows rather than being told by those who write: whoever reports pays nothing for it, and what
//! another master on the same database has stored is seen like one's own.

use std::collections::{HashMap, HashSet};
use std::fmt;

use crate::model::{Activity, ServerSummary};

/// How far back a look goes for events and container sets: one that was stored late, or by a master whose clock is behind,
/// is met by a later look.
pub const MARGIN_MS: i64 = 30_000;
/// How far back a position may be; what is older is fetched whole.
pub const REPLAY_MAX_MS: i64 = 3_600_000;
/// Most changes since a position that are told one by one.
pub const REPLAY_MAX: usize = 1000;
/// Most events that a look reads. While there are more within [`MARGIN_MS`], none is told, and then all are fetched whole.
pub const ACTIVITIES_MAX: usize = 5000;
/// How often a server is told of that has nothing but new figures.
const FIGURES_EVERY_MS: i64 = 5000;
/// Most such servers of one look; those that waited longest come first.
const FIGURES_MAX: usize = 500;

/// What the store shows at a moment.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// When it began to be read, by the master's clock, in milliseconds.
    pub at_ms: i64,
    /// All servers.
    pub servers: Vec<ServerSummary>,
    /// Container sets that were stored lately.
    pub containers: Vec<ContainerSet>,
    /// Events of late, oldest first, up to [`ACTIVITIES_MAX`].
    pub activities: Vec<Activity>,
}

/// A server's container set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContainerSet {
    /// The server.
    pub server_id: i64,
    /// When it was stored.
    pub stored_at_ms: i64,
    /// How many there are.
    pub count: i64,
}

/// Something that changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A server is new, or another than before.
    Server(Box<ServerSummary>),
    /// A server is gone.
    Removed(i64),
    /// A server's containers were stored anew.
    Containers(ContainerSet),
    /// Something happened.
    Activity(Box<Activity>),
    /// More than can be told: whoever listens has to fetch everything.
    Reset,
}

impl Change {
    /// The server it is about; `None` where it is about all.
    pub fn server_id(&self) -> Option<i64> {
        match self {
            Self::Server(server) => Some(server.id),
            Self::Removed(id) => Some(*id),
            Self::Containers(set) => Some(set.server_id),
            Self::Activity(activity) => Some(activity.server_id),
            Self::Reset => None,
        }
    }
}

/// Where a client is: everything up to then was told.
///
/// It says nothing of one master or one run of it, so that any can go on from it. The numbers of servers tell whether one
/// was deleted since: they are never given out twice, so there are as many up to the newest as there were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    at_ms: i64,
    newest_server: i64,
    servers: i64,
}

impl Position {
    /// After a look at `servers`.
    pub fn after(at_ms: i64, servers: &[ServerSummary]) -> Self {
        let newest_server = servers.iter().map(|server| server.id).max().unwrap_or_default();
        Self { at_ms, newest_server, servers: servers.len() as i64 }
    }

    /// The same for who is told of one server alone.
    pub fn of_one(self, server_id: i64, is_there: bool) -> Self {
        Self { at_ms: self.at_ms, newest_server: server_id, servers: is_there.into() }
    }

    /// What [`fmt::Display`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| {
            let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| part.parse().ok()).flatten()
        });
        let position = Self { at_ms: parts.next()??, newest_server: parts.next()??, servers: parts.next()?? };
        parts.next().is_none().then_some(position)
    }

    /// From when on something may not have been told; `None` where that is too far back, or in the future.
    pub fn since_ms(self, now_ms: i64) -> Option<i64> {
        let oldest = now_ms.saturating_sub(REPLAY_MAX_MS);
        (oldest..=now_ms.saturating_add(MARGIN_MS)).contains(&self.at_ms).then(|| self.at_ms.saturating_sub(MARGIN_MS))
    }

    /// What may not have been told of `look`, which is whole and goes back to [`Self::since_ms`]: servers as they are now.
    pub fn missed(self, since_ms: i64, look: Look) -> Vec<Change> {
        let still_there = look.servers.iter().filter(|server| server.id <= self.newest_server).count();
        if still_there as i64 != self.servers {
            return vec![Change::Reset];
        }
        let touched: HashSet<i64> = look.activities.iter().map(|activity| activity.server_id).collect();
        let servers = look.servers.into_iter();
        let servers = servers
            .filter(|server| {
                server.last_seen_at.unix_ms() >= since_ms
                    || server.edited_at.is_some_and(|at| at.unix_ms() >= since_ms)
                    || touched.contains(&server.id)
            })
            .map(|server| Change::Server(Box::new(server)));
        let containers = look.containers.into_iter().map(Change::Containers);
        let activities = look.activities.into_iter().map(|activity| Change::Activity(Box::new(activity)));
        let changes: Vec<Change> = servers.chain(containers).chain(activities).collect();
        if changes.len() > REPLAY_MAX { vec![Change::Reset] } else { changes }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.at_ms, self.newest_server, self.servers)
    }
}

/// What was told so far.
#[derive(Debug)]
pub struct Watcher {
    servers: HashMap<i64, Told>,
    containers: HashSet<ContainerSet>,
    activities: HashSet<String>,
    /// There were too many events to tell.
    overflowed: bool,
}

#[derive(Debug)]
struct Told {
    server: ServerSummary,
    at_ms: i64,
}

impl Watcher {
    /// Takes `look` for told.
    pub fn new(look: &Look) -> Self {
        let told = |server: &ServerSummary| (server.id, Told { server: server.clone(), at_ms: look.at_ms });
        Self {
            servers: look.servers.iter().map(told).collect(),
            containers: look.containers.iter().copied().collect(),
            activities: ids(&look.activities),
            overflowed: look.activities.len() >= ACTIVITIES_MAX,
        }
    }

    /// What is in `look` that was not told; each look goes back by [`MARGIN_MS`].
    pub fn compare(&mut self, look: Look) -> Vec<Change> {
        let mut changes = self.servers(&look);
        let sets: HashSet<ContainerSet> = look.containers.iter().copied().collect();
        changes.extend(
            look.containers.iter().filter(|set| !self.containers.contains(set)).map(|set| Change::Containers(*set)),
        );
        self.containers = sets;

        let overflows = look.activities.len() >= ACTIVITIES_MAX;
        let now = ids(&look.activities);
        match (self.overflowed, overflows) {
            (_, true) => {}
            (true, false) => changes.push(Change::Reset),
            (false, false) => {
                let new = look.activities.into_iter().filter(|activity| !self.activities.contains(&activity.id));
                changes.extend(new.map(|activity| Change::Activity(Box::new(activity))));
            }
        }
        self.overflowed = overflows;
        self.activities = now;
        changes
    }

    fn servers(&mut self, look: &Look) -> Vec<Change> {
        let there: HashSet<i64> = look.servers.iter().map(|server| server.id).collect();
        let mut changes: Vec<Change> =
            self.servers.keys().filter(|id| !there.contains(id)).map(|id| Change::Removed(*id)).collect();
        self.servers.retain(|id, _| there.contains(id));
        let (mut told, mut figures) = (Vec::new(), Vec::new());
        for server in &look.servers {
            match self.servers.get(&server.id) {
                Some(before) if before.server == *server => {}
                Some(before) if differs_in_figures_alone(&before.server, server) => {
                    if look.at_ms.saturating_sub(before.at_ms) >= FIGURES_EVERY_MS {
                        figures.push((before.at_ms, server));
                    }
                }
                _ => told.push(server),
            }
        }
        figures.sort_by_key(|(at_ms, _)| *at_ms);
        told.extend(figures.into_iter().take(FIGURES_MAX).map(|(_, server)| server));
        for server in told {
            self.servers.insert(server.id, Told { server: server.clone(), at_ms: look.at_ms });
            changes.push(Change::Server(Box::new(server.clone())));
        }
        changes
    }
}

fn ids(activities: &[Activity]) -> HashSet<String> {
    activities.iter().map(|activity| activity.id.clone()).collect()
}

/// Whether the two are alike but for what changes all the time.
fn differs_in_figures_alone(before: &ServerSummary, now: &ServerSummary) -> bool {
    let figures = ServerSummary {
        cpu: now.cpu,
        memory: now.memory,
        disk: now.disk,
        last_metrics_at: now.last_metrics_at,
        last_seen_at: now.last_seen_at,
        ..before.clone()
    };
    figures == *now
}

#[cfg(test)]
mod tests {
    use neon_shared::time::Timestamp;

    use super::*;
    use crate::model::{ActivityKind, ServerStatus};

    fn server(id: i64, seen_ms: i64) -> ServerSummary {
        ServerSummary {
            id,
            name: format!("web-{id}"),
            hostname: String::new(),
            ip_address: String::new(),
            status: ServerStatus::Online,
            container_count: 0,
            cpu: Some(1.0),
            memory: None,
            disk: None,
            cpu_cores: 1,
            total_memory_gb: 1.0,
            total_disk_gb: 1.0,
            last_metrics_at: None,
            last_seen_at: Timestamp::from_unix_ms(seen_ms),
            display_name: None,
            group: None,
            tags: Vec::new(),
            maintenance: None,
            edited_at: None,
        }
    }

    fn activity(server_id: i64, number: i64) -> Activity {
        Activity {
            id: format!("{server_id}-{number}"),
            server_id,
            server_name: String::new(),
            container_id: None,
            container_name: None,
            kind: ActivityKind::Offline,
            message: String::new(),
            timestamp: Timestamp::from_unix_ms(0),
            old_value: None,
            new_value: None,
        }
    }

    fn look(at_ms: i64, servers: &[ServerSummary]) -> Look {
        Look { at_ms, servers: servers.to_vec(), ..Look::default() }
    }

    fn set(server_id: i64, stored_at_ms: i64) -> ContainerSet {
        ContainerSet { server_id, stored_at_ms, count: 1 }
    }

    #[test]
    fn figures_are_told_at_a_bounded_rate_and_everything_else_at_once() {
        let mut watcher = Watcher::new(&look(0, &[server(1, 0)]));
        assert_eq!(watcher.compare(look(1000, &[server(1, 900)])), []);
        let offline = ServerSummary { status: ServerStatus::Offline, ..server(1, 900) };
        let now_offline = Change::Server(Box::new(offline.clone()));
        assert_eq!(watcher.compare(look(1100, &[offline])), [now_offline]);
        assert_eq!(watcher.compare(look(1200, &[server(1, 901)])).len(), 1);
        assert_eq!(watcher.compare(look(6199, &[server(1, 902)])), []);
        assert_eq!(watcher.compare(look(6200, &[server(1, 902)])), [Change::Server(Box::new(server(1, 902)))]);
        assert_eq!(watcher.compare(look(99_000, &[server(1, 902)])), [], "the same");
        assert_eq!(watcher.compare(look(99_001, &[])), [Change::Removed(1)]);
        assert_eq!(watcher.compare(look(99_002, &[server(2, 1)])).len(), 1, "a new one");
    }

    #[test]
    fn of_a_large_fleet_those_that_waited_longest_come_first() {
        let count = FIGURES_MAX as i64 + 10;
        let fleet = |seen_ms| (0..count).map(|id| server(id, seen_ms)).collect::<Vec<_>>();
        let mut watcher = Watcher::new(&look(0, &fleet(0)));
        assert_eq!(watcher.compare(look(5000, &fleet(1))).len(), FIGURES_MAX);
        let rest: HashSet<_> = watcher.compare(look(5001, &fleet(1))).iter().map(Change::server_id).collect();
        assert_eq!(rest.len(), 10);
        assert_eq!(watcher.compare(look(10_001, &fleet(2))).len(), FIGURES_MAX);
        let rest_again: HashSet<_> = watcher.compare(look(10_002, &fleet(2))).iter().map(Change::server_id).collect();
        assert_eq!(rest, rest_again, "they were told of last");
    }

    #[test]
    fn events_and_sets_are_told_once_also_those_that_come_late() {
        let with = |activities: &[Activity], containers: &[ContainerSet]| Look {
            activities: activities.to_vec(),
            containers: containers.to_vec(),
            ..Look::default()
        };
        let mut watcher = Watcher::new(&with(&[activity(1, 2)], &[set(1, 5)]));
        let late = watcher.compare(with(&[activity(2, 1), activity(1, 2), activity(1, 3)], &[set(1, 5), set(2, 4)]));
        let expected = [Change::Containers(set(2, 4))].into_iter();
        let expected = expected.chain([activity(2, 1), activity(1, 3)].map(|it| Change::Activity(Box::new(it))));
        assert_eq!(late, expected.collect::<Vec<_>>());
        assert_eq!(watcher.compare(with(&[activity(1, 3)], &[set(2, 4)])), []);
        assert_eq!(watcher.compare(with(&[], &[set(2, 9)])), [Change::Containers(set(2, 9))]);

        let flood: Vec<_> = (0..ACTIVITIES_MAX as i64).map(|number| activity(3, number)).collect();
        assert_eq!(watcher.compare(with(&flood, &[])), []);
        assert_eq!(watcher.compare(with(&flood, &[])), []);
        assert_eq!(watcher.compare(with(&flood[1..], &[])), [Change::Reset]);
        assert_eq!(watcher.compare(with(&flood[2..], &[])), []);
    }

    #[test]
    fn a_position_is_read_as_it_was_written_and_nothing_else_is() {
        let position = Position::after(1_700_000_000_000, &[server(3, 0), server(9, 0)]);
        assert_eq!(position.to_string(), "1700000000000.9.2");
        assert_eq!(Position::parse(&position.to_string()), Some(position));
        for bad in
            ["", "1", "1.2", "1.2.3.4", "1.2.", "-1.2.3", "+1.2.3", "1.2.99999999999999999999", "a.b.c", "1 .2.3"]
        {
            assert_eq!(Position::parse(bad), None, "{bad}");
        }
        assert_eq!(position.since_ms(1_700_000_000_000 + REPLAY_MAX_MS), Some(1_699_999_970_000));
        assert_eq!(position.since_ms(1_700_000_000_001 + REPLAY_MAX_MS), None);
        assert_eq!(position.since_ms(1_699_999_000_000), None, "of the future");
    }

    #[test]
    fn what_was_missed_is_told_unless_a_server_is_gone_or_it_is_too_much() {
        let fleet = [server(1, 10), server(2, 99), server(3, 10), server(4, 99)];
        let position = Position::after(90, &fleet[..3]);
        let look = Look { activities: vec![activity(3, 7)], containers: vec![set(2, 95)], ..look(100, &fleet) };
        let ids: Vec<_> = position.missed(80, look.clone()).iter().map(Change::server_id).collect();
        assert_eq!(ids, [2, 3, 4, 2, 3].map(Some));
        let gone = Look { servers: fleet[1..].to_vec(), ..look.clone() };
        assert_eq!(position.missed(80, gone), [Change::Reset]);
        let many = (1..=2000).map(|id| server(id, 99)).collect::<Vec<_>>();
        assert_eq!(Position::after(90, &many).missed(80, Look { servers: many, ..look.clone() }), [Change::Reset]);
        let one = Look { servers: vec![fleet[1].clone()], ..look };
        assert_eq!(position.of_one(2, true).missed(80, one.clone()).len(), 3);
        assert_eq!(position.of_one(2, false).missed(80, one), [Change::Reset], "another of that number");
    }
}
