//! Which servers there are and when each was heard, in memory.
//!
//! Every report of an agent says that its server is there. Told to the database one by one, that would be most of what
//! it does, so it is kept here and written in one go every second; an abrupt end loses at most that second of
//! `lastSeen`. What is known here of a server is what the database said of it when it was first heard. That it has
//! been deleted since, by whom ever, is found out by the next of those writes, which then misses its row. That it has got
//! another name or generation, or reported to another master from elsewhere, is found out by looking at the database again: at once for
//! one that is not the known one, for all others some at a time ([`Heard::next_to_check`]).
//!
//! Names, addresses and versions are kept as keyed hashes: a fleet of two million would need gigabytes otherwise.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash};
use std::sync::{Mutex, MutexGuard, PoisonError};

use neon_shared::time::Timestamp;

use crate::model::Reporter;

/// Locks that the servers are spread over; reports of different servers rarely meet at one.
const SHARDS: usize = 64;

/// What the database says of a server.
#[derive(Clone, Debug)]
pub struct Known {
    pub server_id: i64,
    pub name: String,
    pub ip_address: String,
    pub agent_version: String,
    pub generation: i64,
    pub last_seen_at_ms: i64,
    /// Whether it counts as silent, so that the next word from it is news.
    pub is_offline: bool,
}

/// What a report said of its server that the database does not know yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub ip_address: String,
    /// `None` where it was not said.
    pub agent_version: Option<String>,
}

/// A server's newest sample, as far as lists show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newest {
    pub timestamp_ms: i64,
    pub cpu_percent_hundredths: i16,
    pub memory_percent_hundredths: i16,
    pub disk_percent_hundredths: i16,
}

/// What is to be written of a server that was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenServer {
    pub server_id: i64,
    pub last_seen_at_ms: i64,
    /// The newest of the samples that were stored meanwhile. The database may have a newer one, of another master.
    pub newest: Option<Newest>,
}

/// Servers that were heard, to be written. What is not written when this value goes is to be written again, however it
/// comes to that.
#[derive(Debug)]
pub struct Seen<'a> {
    pub servers: Vec<SeenServer>,
    /// How many of them are.
    pub written: usize,
    heard: &'a Heard,
}

impl Drop for Seen<'_> {
    fn drop(&mut self) {
        self.heard.put_back(self.servers.get(self.written..).unwrap_or_default());
    }
}

/// Whether a reporter is who it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is, and was noted as heard.
    Heard,
    /// As [`Self::Heard`], and it counted as offline.
    HeardAgain,
    /// Its number belongs to another name, or its token is of another generation.
    Stranger,
    /// Nothing is known of it here: ask the database.
    Unknown,
}

#[derive(Debug)]
pub struct Heard {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    /// Where looking again has come to.
    round: Mutex<Round>,
}

/// A walk over all servers, a shard at a time.
#[derive(Debug, Default)]
struct Round {
    shard: usize,
    left: Vec<i64>,
}

#[derive(Debug, Default)]
struct Shard {
    servers: HashMap<i64, Entry>,
    /// Numbers of the entries that are unwritten.
    unwritten: Vec<i64>,
    /// Of each server the newest; removed once written.
    facts: HashMap<i64, Facts>,
    /// As `facts`. Apart from the entries: of two million servers few have one at a time.
    newest: HashMap<i64, Newest>,
}

#[derive(Debug)]
struct Entry {
    name: u64,
    ip_address: u64,
    agent_version: u64,
    generation: i64,
    last_seen_at_ms: i64,
    is_unwritten: bool,
    is_offline: bool,
}

impl Heard {
    pub fn new() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, hasher: RandomState::new(), round: Mutex::default() }
    }

    /// Notes that `reporter` was heard at `now`, if it is known and who it says.
    pub fn hear(&self, reporter: &Reporter, agent_version: Option<&str>, now: Timestamp) -> Verdict {
        let shard = &mut *self.shard(reporter.server_id);
        let Some(entry) = shard.servers.get_mut(&reporter.server_id) else { return Verdict::Unknown };
        if entry.name != self.hash(&reporter.server_name) || entry.generation != reporter.generation {
            return Verdict::Stranger;
        }
        let ip_address = self.hash(&reporter.ip_address);
        let version = agent_version.map(|version| self.hash(version));
        if entry.ip_address != ip_address || version.is_some_and(|version| entry.agent_version != version) {
            entry.ip_address = ip_address;
            entry.agent_version = version.unwrap_or(entry.agent_version);
            let facts = shard.facts.entry(reporter.server_id).or_default();
            facts.ip_address.clone_from(&reporter.ip_address);
            if let Some(version) = agent_version {
                facts.agent_version = Some(version.to_owned());
            }
        }
        entry.last_seen_at_ms = entry.last_seen_at_ms.max(now.unix_ms());
        if !std::mem::replace(&mut entry.is_unwritten, true) {
            shard.unwritten.push(reporter.server_id);
        }
        if std::mem::take(&mut entry.is_offline) { Verdict::HeardAgain } else { Verdict::Heard }
    }

    /// Takes up what the database says of a server. What was heard meanwhile stays.
    pub fn learn(&self, known: &Known) {
        let entry = Entry {
            name: self.hash(&known.name),
            ip_address: self.hash(&known.ip_address),
            agent_version: self.hash(&known.agent_version),
            generation: known.generation,
            last_seen_at_ms: known.last_seen_at_ms,
            is_unwritten: false,
            is_offline: known.is_offline,
        };
        let shard = &mut *self.shard(known.server_id);
        match shard.servers.get_mut(&known.server_id) {
            None => drop(shard.servers.insert(known.server_id, entry)),
            Some(there) => {
                let last_seen_at_ms = there.last_seen_at_ms.max(entry.last_seen_at_ms);
                *there = Entry { last_seen_at_ms, is_unwritten: there.is_unwritten, ..entry };
            }
        }
    }

    /// Up to `count` servers whose turn it is to be looked at again: those of one shard, or what is left of it. Empty where
    /// the shard is.
    pub fn next_to_check(&self, count: usize) -> Vec<i64> {
        let round = &mut *self.round.lock().unwrap_or_else(PoisonError::into_inner);
        if round.left.is_empty() {
            round.shard = (round.shard + 1) % SHARDS;
            round.left = lock(&self.shards[round.shard]).servers.keys().copied().collect();
        }
        round.left.split_off(round.left.len().saturating_sub(count))
    }

    /// Takes up what the database says of servers that are known, `asked` being those that it was asked of: who is not
    /// there any more is forgotten, and what a report said that is not written yet stays.
    pub fn check(&self, asked: &[i64], known: &[Known]) {
        let found: HashSet<i64> = known.iter().map(|known| known.server_id).collect();
        asked.iter().filter(|id| !found.contains(id)).for_each(|id| self.forget(*id));
        for known in known {
            let shard = &mut *self.shard(known.server_id);
            let Some(entry) = shard.servers.get_mut(&known.server_id) else { continue };
            entry.name = self.hash(&known.name);
            entry.generation = known.generation;
            if !shard.facts.contains_key(&known.server_id) {
                entry.ip_address = self.hash(&known.ip_address);
                entry.agent_version = self.hash(&known.agent_version);
            }
        }
    }

    /// Tokens of this generation alone are good from now on.
    pub fn regenerate(&self, server_id: i64, generation: i64) {
        if let Some(entry) = self.shard(server_id).servers.get_mut(&server_id) {
            entry.generation = generation;
        }
    }

    /// Forgets a server that the database does not have any more.
    pub fn forget(&self, server_id: i64) {
        let shard = &mut *self.shard(server_id);
        shard.servers.remove(&server_id);
        shard.facts.remove(&server_id);
        shard.newest.remove(&server_id);
    }

    /// Notes a sample that was stored. One that is not newer than the one before changes nothing.
    pub fn stored(&self, server_id: i64, sample: Newest) {
        let shard = &mut *self.shard(server_id);
        let Some(entry) = shard.servers.get_mut(&server_id) else { return };
        let is_newer = shard.newest.get(&server_id).is_none_or(|newest| sample.timestamp_ms > newest.timestamp_ms);
        if !is_newer {
            return;
        }
        shard.newest.insert(server_id, sample);
        // It may have been written since it was heard.
        if !std::mem::replace(&mut entry.is_unwritten, true) {
            shard.unwritten.push(server_id);
        }
    }

    /// The server's newest sample, where that is not written yet.
    pub fn newest(&self, server_id: i64) -> Option<Newest> {
        self.shard(server_id).newest.get(&server_id).copied()
    }

    /// As [`Self::newest`], of all servers.
    pub fn newest_of_all(&self) -> HashMap<i64, Newest> {
        let mut all = HashMap::new();
        self.shards.iter().for_each(|shard| all.extend(&lock(shard).newest));
        all
    }

    /// Notes that servers were marked as offline.
    pub fn silence(&self, server_ids: &[i64]) {
        for id in server_ids {
            if let Some(entry) = self.shard(*id).servers.get_mut(id) {
                entry.is_offline = true;
            }
        }
    }

    /// When the server was heard last, in milliseconds, as far as this master knows.
    pub fn last_seen_at_ms(&self, server_id: i64) -> Option<i64> {
        self.shard(server_id).servers.get(&server_id).map(|entry| entry.last_seen_at_ms)
    }

    /// What a report said of the server that is not written yet.
    pub fn facts(&self, server_id: i64) -> Option<Facts> {
        self.shard(server_id).facts.get(&server_id).cloned()
    }

    /// What is to be written: when servers were heard, and what more is new of them, by number. That and newest samples
    /// stay readable until [`Self::written`] and [`Self::written_seen`].
    pub fn unwritten(&self) -> (Seen<'_>, Vec<(i64, Facts)>) {
        let mut seen = Seen { servers: Vec::new(), written: 0, heard: self };
        let mut all_facts = Vec::new();
        for shard in &self.shards {
            let shard = &mut *lock(shard);
            for id in std::mem::take(&mut shard.unwritten) {
                // A server that was forgotten has none.
                let Some(entry) = shard.servers.get_mut(&id) else { continue };
                entry.is_unwritten = false;
                let newest = shard.newest.get(&id).copied();
                seen.servers.push(SeenServer { server_id: id, last_seen_at_ms: entry.last_seen_at_ms, newest });
            }
            all_facts.extend(shard.facts.iter().map(|(id, facts)| (*id, facts.clone())));
        }
        // Another master may write of the same servers: in the same order, so that neither waits for the other.
        all_facts.sort_unstable_by_key(|(id, _)| *id);
        (seen, all_facts)
    }

    /// The facts were written; those that changed meanwhile stay.
    pub fn written(&self, facts: &[(i64, Facts)]) {
        for (id, facts) in facts {
            let shard = &mut *self.shard(*id);
            if shard.facts.get(id) == Some(facts) {
                shard.facts.remove(id);
            }
        }
    }

    /// Those who were heard were written; samples that came meanwhile stay.
    pub fn written_seen(&self, seen: &[SeenServer]) {
        for SeenServer { server_id, newest, .. } in seen.iter().filter(|seen| seen.newest.is_some()) {
            let shard = &mut *self.shard(*server_id);
            if shard.newest.get(server_id) == newest.as_ref() {
                shard.newest.remove(server_id);
            }
        }
    }

    /// These are still to be written.
    fn put_back(&self, seen: &[SeenServer]) {
        for SeenServer { server_id, .. } in seen {
            let shard = &mut *self.shard(*server_id);
            if let Some(entry) = shard.servers.get_mut(server_id)
                && !std::mem::replace(&mut entry.is_unwritten, true)
            {
                shard.unwritten.push(*server_id);
            }
        }
    }

    fn shard(&self, server_id: i64) -> MutexGuard<'_, Shard> {
        // Numbers are given out one after the other, so neighbours are spread. The index is below SHARDS.
        lock(&self.shards[server_id.rem_euclid(SHARDS as i64) as usize])
    }

    fn hash(&self, value: impl Hash) -> u64 {
        self.hasher.hash_one(value)
    }
}

/// Nothing in here panics while it holds a lock, so what a poisoned one guards is whole.
fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reporter(name: &str, ip_address: &str) -> Reporter {
        Reporter { server_id: 7, server_name: name.to_owned(), ip_address: ip_address.to_owned(), generation: 0 }
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(ms)
    }

    fn with_seven() -> Heard {
        let heard = Heard::new();
        heard.learn(&Known {
            server_id: 7,
            name: "web-1".to_owned(),
            ip_address: "192.0.2.1".to_owned(),
            agent_version: "0.1.0".to_owned(),
            generation: 0,
            last_seen_at_ms: 10,
            is_offline: false,
        });
        heard
    }

    #[test]
    fn only_who_is_known_by_number_and_name_is_heard() {
        let heard = with_seven();
        assert_eq!(heard.hear(&reporter("web-1", "192.0.2.1"), None, at(20)), Verdict::Heard);
        assert_eq!(heard.hear(&reporter("web-2", "192.0.2.1"), None, at(30)), Verdict::Stranger);
        let stranger = Reporter { server_id: 8, ..reporter("web-1", "") };
        assert_eq!(heard.hear(&stranger, None, at(30)), Verdict::Unknown);
        assert_eq!((heard.last_seen_at_ms(7), heard.last_seen_at_ms(8)), (Some(20), None));
    }

    #[test]
    fn what_was_heard_is_written_once_and_again_where_that_failed() {
        let heard = with_seven();
        heard.hear(&reporter("web-1", "192.0.2.1"), None, at(20));
        heard.hear(&reporter("web-1", "192.0.2.1"), None, at(15));
        let at_ms = |last_seen_at_ms| SeenServer { server_id: 7, last_seen_at_ms, newest: None };
        let (first, facts) = heard.unwritten();
        assert_eq!((&first.servers[..], facts.len()), (&[at_ms(20)][..], 0));
        assert!(heard.unwritten().0.servers.is_empty());
        heard.hear(&reporter("web-1", "192.0.2.1"), None, at(30));
        drop(first);
        let (mut second, _) = heard.unwritten();
        assert_eq!(second.servers, [at_ms(30)]);
        second.written = 1;
        drop(second);
        assert!(heard.unwritten().0.servers.is_empty());
    }

    #[test]
    fn all_have_their_turn_to_be_checked() {
        let heard = with_seven();
        let known = |server_id| Known {
            server_id,
            name: "web-1".to_owned(),
            ip_address: "192.0.2.1".to_owned(),
            agent_version: "0.1.0".to_owned(),
            generation: 0,
            last_seen_at_ms: 10,
            is_offline: false,
        };
        (0..200).for_each(|id| heard.learn(&known(id)));
        let mut checked: Vec<i64> = (0..2 * SHARDS).flat_map(|_| heard.next_to_check(2)).collect();
        checked.sort_unstable();
        assert_eq!(checked, (0..200).collect::<Vec<_>>());
        assert!(heard.next_to_check(2).len() <= 2);
    }

    #[test]
    fn what_the_database_says_is_taken_up_unless_something_newer_waits_to_be_written() {
        let heard = with_seven();
        let known = |name: &str, ip_address: &str| Known {
            server_id: 7,
            name: name.to_owned(),
            ip_address: ip_address.to_owned(),
            agent_version: "0.1.0".to_owned(),
            generation: 0,
            last_seen_at_ms: 10,
            is_offline: false,
        };
        heard.check(&[7], &[known("web-2", "192.0.2.2")]);
        assert_eq!(heard.hear(&reporter("web-1", "192.0.2.1"), None, at(20)), Verdict::Stranger);
        assert_eq!(heard.hear(&reporter("web-2", "192.0.2.1"), None, at(20)), Verdict::Heard);
        assert_eq!(heard.facts(7).unwrap().ip_address, "192.0.2.1", "the database has another");
        heard.check(&[7], &[known("web-2", "192.0.2.2")]);
        heard.written(&heard.unwritten().1);
        heard.hear(&reporter("web-2", "192.0.2.1"), None, at(21));
        assert_eq!(heard.facts(7), None, "written by now");
        heard.check(&[7, 8], &[]);
        assert_eq!(heard.hear(&reporter("web-2", "192.0.2.1"), None, at(22)), Verdict::Unknown);
    }

    #[test]
    fn new_facts_are_readable_until_they_are_written() {
        let heard = with_seven();
        heard.hear(&reporter("web-1", "192.0.2.2"), None, at(20));
        heard.hear(&reporter("web-1", "192.0.2.2"), Some("0.2.0"), at(21));
        let facts = Facts { ip_address: "192.0.2.2".to_owned(), agent_version: Some("0.2.0".to_owned()) };
        let (_, unwritten) = heard.unwritten();
        assert_eq!((&unwritten, heard.facts(7)), (&vec![(7, facts.clone())], Some(facts)));
        // It moved on meanwhile: that is still to be written.
        heard.hear(&reporter("web-1", "192.0.2.3"), None, at(22));
        heard.written(&unwritten);
        assert_eq!(heard.facts(7).unwrap().ip_address, "192.0.2.3");
        heard.written(&heard.unwritten().1);
        assert_eq!(heard.facts(7), None);
        heard.hear(&reporter("web-1", "192.0.2.3"), Some("0.2.0"), at(23));
        assert_eq!(heard.facts(7), None, "said before");
    }

    fn sample(timestamp_ms: i64, cpu_percent_hundredths: i16) -> Newest {
        Newest { timestamp_ms, cpu_percent_hundredths, memory_percent_hundredths: 1, disk_percent_hundredths: 2 }
    }

    #[test]
    fn the_newest_sample_is_readable_until_it_is_written() {
        let heard = with_seven();
        // Late, and sent twice with other numbers: what is stored is what came first.
        heard.stored(7, sample(100, 1));
        heard.stored(7, sample(99, 2));
        heard.stored(7, sample(100, 3));
        heard.stored(8, sample(100, 4));
        assert_eq!(heard.newest_of_all(), HashMap::from([(7, sample(100, 1))]));
        let (unwritten, _) = heard.unwritten();
        assert_eq!(unwritten.servers[0].newest, Some(sample(100, 1)));
        // It failed, and one came meanwhile.
        heard.stored(7, sample(101, 5));
        drop(unwritten);
        let (mut again, _) = heard.unwritten();
        assert_eq!((again.servers.len(), again.servers[0].newest), (1, Some(sample(101, 5))));
        heard.stored(7, sample(102, 6));
        again.written = 1;
        heard.written_seen(&again.servers);
        assert_eq!(heard.newest(7), Some(sample(102, 6)));
        let (mut last, _) = heard.unwritten();
        last.written = 1;
        heard.written_seen(&last.servers);
        assert_eq!((heard.newest(7), heard.newest_of_all().len()), (None, 0));
        assert!(heard.unwritten().0.servers.is_empty());
    }

    #[test]
    fn a_token_of_another_generation_is_a_strangers() {
        let heard = with_seven();
        let of = |generation| Reporter { generation, ..reporter("web-1", "192.0.2.1") };
        heard.regenerate(7, 1);
        assert_eq!(heard.hear(&of(0), None, at(20)), Verdict::Stranger);
        assert_eq!(heard.hear(&of(1), None, at(20)), Verdict::Heard);
        assert_eq!(heard.hear(&of(2), None, at(20)), Verdict::Stranger, "of another master; the database is asked");
    }

    #[test]
    fn a_word_after_silence_is_news_once() {
        let heard = with_seven();
        heard.silence(&[7, 8]);
        let hear = |ms| heard.hear(&reporter("web-1", "192.0.2.1"), None, at(ms));
        assert_eq!((hear(20), hear(21)), (Verdict::HeardAgain, Verdict::Heard));
    }

    #[test]
    fn who_is_forgotten_is_unknown_and_not_written() {
        let heard = with_seven();
        heard.hear(&reporter("web-1", "192.0.2.9"), None, at(20));
        heard.stored(7, sample(20, 1));
        heard.forget(7);
        assert_eq!(heard.newest(7), None);
        assert_eq!(heard.hear(&reporter("web-1", "192.0.2.9"), None, at(21)), Verdict::Unknown);
        let (seen, facts) = heard.unwritten();
        assert!(seen.servers.is_empty() && facts.is_empty());
    }
}
