//! What waits to be sent: the one place where the scheduler and the sender meet.
//!
//! The scheduler puts readings in and never waits; the sender takes them out when the master lets it. Of the containers
//! only the newest set counts, so it has one place; samples have the ring. Heartbeats the sender makes itself.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use neon_agent_core::ring::Ring;
use neon_agent_core::sample::host::AgentStanding;
use neon_shared::limits::{REQUEST_BODY_MAX_BYTES, RING_CAPACITY_SAMPLES};
use neon_shared::time::Timestamp;

use crate::source::host::HostFacts;

/// Room of the samples that wait, in bytes: 288 of them, a day at the default interval, of up to 14 KiB each, which is
/// a host of some 90 processors; one of two takes about 4 KiB. Past it the oldest is dropped and counted.
pub const RING_BYTES: usize = 4 * 1024 * 1024;

/// The state behind the lock.
#[derive(Debug)]
pub struct Waiting {
    /// Samples the master does not have yet.
    pub ring: Ring<RING_BYTES, RING_CAPACITY_SAMPLES>,
    /// Samples that the master refused for what they held, since the start.
    pub samples_refused_total: u64,
    /// How many of the ring's losses have been said.
    losses_said: u64,
    /// Requests that failed after all their tries, since the start.
    pub request_failures_total: u64,
    /// The facts of the next registration.
    facts: HostFacts,
    /// Whether they have been collected. Not an `Option`: its `None` would not be all zeroes, and the whole static
    /// would move from bss into the binary.
    facts_known: bool,
    /// A finished body with all containers: its bytes, their count, and a number that tells a newer one.
    containers: [u8; REQUEST_BODY_MAX_BYTES],
    containers_length: usize,
    containers_number: u64,
    /// Whether the sender waits for something to come; while it pauses after a failure nothing need wake it.
    is_awaited: bool,
    stop: bool,
    stopped: bool,
}

/// A set of containers taken out to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContainersTicket(u64);

impl Waiting {
    /// Puts in a finished body of containers; an older one that was never sent is dropped, being out of date.
    pub fn put_containers(&mut self, body: &[u8]) {
        self.containers[..body.len()].copy_from_slice(body);
        self.containers_length = body.len();
        self.containers_number += 1;
    }

    /// Copies the waiting body of containers into `buffer`; its length, and a ticket to clear it with.
    pub fn containers(&self, buffer: &mut [u8]) -> Option<(usize, ContainersTicket)> {
        let body = &self.containers[..self.containers_length];
        buffer.get_mut(..body.len())?.copy_from_slice(body);
        (!body.is_empty()).then_some((body.len(), ContainersTicket(self.containers_number)))
    }

    /// Clears the body that was sent, unless a newer one has come.
    pub fn clear_containers(&mut self, ticket: ContainersTicket) {
        if ticket.0 == self.containers_number {
            self.containers_length = 0;
        }
    }

    /// Puts in the facts of the next registration.
    pub fn put_facts(&mut self, facts: HostFacts) {
        self.facts = facts;
        self.facts_known = true;
    }

    /// The facts of the next registration; `None` until they are first collected.
    pub fn facts(&self) -> Option<&HostFacts> {
        self.facts_known.then_some(&self.facts)
    }

    /// Samples that were lost since the last call, and in all. One that is pushed out while it is being sent is lost
    /// only when the master turns out not to have got it.
    pub fn losses_to_say(&mut self) -> (u64, u64) {
        let total = self.ring.lost().total;
        (total - std::mem::replace(&mut self.losses_said, total), total)
    }

    /// How the agent fares, for its own readings.
    pub fn standing(&self) -> AgentStanding {
        let lost = self.ring.lost();
        let lost_span = lost.span_ms();
        AgentStanding {
            samples_buffered: self.ring.len() as u64,
            samples_dropped_total: lost.total,
            samples_dropped_from: lost_span.map(|(from_ms, _)| Timestamp::from_unix_ms(from_ms)),
            samples_dropped_until: lost_span.map(|(_, until_ms)| Timestamp::from_unix_ms(until_ms)),
            samples_refused_total: Some(self.samples_refused_total),
            request_failures_total: self.request_failures_total,
            ..AgentStanding::default()
        }
    }

    fn has_work(&self) -> bool {
        !self.ring.is_empty() || self.containers_length > 0
    }
}

/// Why the sender woke up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Something waits to be sent.
    Work,
    /// The agent ends: one last attempt.
    Stop,
}

/// The lock, and the bell that rings when something changes.
#[derive(Debug)]
pub struct Outbox {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl Outbox {
    /// An empty outbox, all zeroes, so that a static one costs no page before it is used.
    pub const fn new() -> Self {
        let waiting = Waiting {
            ring: Ring::new(),
            samples_refused_total: 0,
            losses_said: 0,
            request_failures_total: 0,
            is_awaited: false,
            facts: HostFacts::new(),
            facts_known: false,
            containers: [0; REQUEST_BODY_MAX_BYTES],
            containers_length: 0,
            containers_number: 0,
            stop: false,
            stopped: false,
        };
        Self { waiting: Mutex::new(waiting), changed: Condvar::new() }
    }

    /// Looks at what waits, or takes from it. The lock is never held over I/O.
    pub fn with<R>(&self, change: impl FnOnce(&mut Waiting) -> R) -> R {
        change(&mut self.lock())
    }

    /// Puts something in, and wakes the sender if it waits for that.
    pub fn put<R>(&self, change: impl FnOnce(&mut Waiting) -> R) -> R {
        let (result, is_awaited) = self.with(|waiting| (change(waiting), waiting.is_awaited));
        if is_awaited {
            self.changed.notify_all();
        }
        result
    }

    /// Waits until there is something to send, or the heartbeat is due, but not before `earliest`; the end comes at
    /// once.
    pub fn wait_for_work(&self, earliest: Instant, heartbeat: Instant) -> Wake {
        let mut waiting = self.lock();
        let wake = loop {
            let now = Instant::now();
            if waiting.stop {
                break Wake::Stop;
            }
            if now >= earliest && waiting.facts_known && (waiting.has_work() || now >= heartbeat) {
                break Wake::Work;
            }
            waiting.is_awaited = now >= earliest;
            waiting = match (waiting.is_awaited, waiting.facts_known) {
                (false, _) => self.wait(waiting, earliest - now),
                (true, true) => self.wait(waiting, heartbeat - now),
                // Without the facts there is no registration, and so no heartbeat.
                (true, false) => self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
            };
        };
        waiting.is_awaited = false;
        wake
    }

    /// Waits for `pause`; true at once when the agent ends.
    pub fn pause(&self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        let mut waiting = self.lock();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if waiting.stop || left.is_zero() {
                return waiting.stop;
            }
            waiting = self.wait(waiting, left);
        }
    }

    /// Tells the sender to end, and waits until it has, at most `patience`.
    pub fn stop(&self, patience: Duration) {
        self.with(|waiting| waiting.stop = true);
        self.changed.notify_all();
        let until = Instant::now() + patience;
        let mut waiting = self.lock();
        while !waiting.stopped && Instant::now() < until {
            waiting = self.wait(waiting, until.saturating_duration_since(Instant::now()));
        }
    }

    /// The sender's last word.
    pub fn confirm_stop(&self) {
        self.with(|waiting| waiting.stopped = true);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // No code panics while it holds the lock; if it ever does, the readings are still worth sending.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, waiting: MutexGuard<'g, Waiting>, pause: Duration) -> MutexGuard<'g, Waiting> {
        self.changed.wait_timeout(waiting, pause).unwrap_or_else(PoisonError::into_inner).0
    }
}
