//! What waits to be sent: the one place where the scheduler and the sender meet.
//!
//! The scheduler puts readings in and never waits; the sender takes them out when the master lets it. Of the containers
//! only the newest set counts, so it has one place; samples have the ring. Heartbeats the sender makes itself.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use neon_agent_core::clock::{Agreement, Clock, Date, Moment};
use neon_agent_core::ring::Ring;
use neon_agent_core::sample::host::AgentStanding;
use neon_agent_core::wire;
use neon_shared::limits::{CLOCK_AHEAD_MAX_MS, REQUEST_BODY_MAX_BYTES, RING_CAPACITY_SAMPLES};
use neon_shared::time::Timestamp;

use crate::buffer_file::RingFile;
use crate::log::{self, Part};
use crate::source::host::HostFacts;

/// Room of the samples that wait, in bytes: 288 of them, a day at the default interval, of up to 14 KiB each, which is
/// a host of some 90 processors; one of two takes about 4 KiB. Past it the oldest is dropped and counted.
pub const RING_BYTES: usize = 4 * 1024 * 1024;

/// The state behind the lock.
#[derive(Debug)]
pub struct Waiting {
    /// Samples the master does not have yet.
    pub ring: Ring<RING_BYTES, RING_CAPACITY_SAMPLES>,
    /// Which clock they are dated by.
    clock: Clock,
    /// Whether it was said that there is none.
    clock_doubted: bool,
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

/// What looking at the clocks found, to be said.
struct Told {
    time: Timestamp,
    /// Samples that have another time now; `None` if the clock was not set.
    redated: Option<usize>,
    step_ms: Option<i64>,
    /// There is no clock since now, or there is one again.
    doubt_changed: bool,
}

impl Waiting {
    /// Nothing, all zeroes, so that a static one costs no page before it is used.
    pub const fn new() -> Self {
        Self {
            ring: Ring::new(),
            clock: Clock::new(),
            clock_doubted: false,
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
        }
    }

    /// Looks at the host's clocks, and dates anew what waits if they were set.
    fn tell_time(&mut self, now: Moment) -> Told {
        let observed = self.clock.observe(now);
        let redated = observed.new_base_ms.map(|base_ms| self.ring.redate(base_ms, write_time));
        let is_doubted = !self.clock.is_trusted();
        let doubt_changed = std::mem::replace(&mut self.clock_doubted, is_doubted) != is_doubted;
        Told { time: Timestamp::from_unix_ms(observed.time_ms), redated, step_ms: observed.step_ms, doubt_changed }
    }

    /// Gives the samples that wait the times they are sent with. False while there is no clock to date them by: then
    /// they wait on.
    pub fn put_in_order(&mut self) -> bool {
        if self.has_clock() {
            self.ring.put_in_order(write_time);
        }
        self.has_clock()
    }

    /// Whether the time is known.
    pub fn has_clock(&self) -> bool {
        self.clock.is_trusted()
    }

    /// The master has taken the batch under way; `some_refused` if not all of it. `now` is what the host's clocks show.
    pub fn acknowledge_batch(&mut self, now: Moment, some_refused: bool) {
        // What is too far ahead of the master's clock it has refused, so nothing later needs a time behind that.
        let master_now_ms = || self.clock.master.base_ms().map(|base_ms| base_ms.saturating_add_unsigned(now.boot_ms));
        let newest_possible_ms = match some_refused {
            true => master_now_ms().map_or(i64::MIN, |now_ms| now_ms.saturating_add(CLOCK_AHEAD_MAX_MS)),
            false => i64::MAX,
        };
        self.ring.acknowledge_batch(newest_possible_ms);
    }

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

    /// How the agent fares, for its own readings; `now` is what the host's clocks show.
    pub fn standing(&self, now: Moment) -> AgentStanding {
        let lost = self.ring.lost();
        let lost_span = lost.span_ms();
        AgentStanding {
            samples_buffered: self.ring.len() as u64,
            samples_dropped_total: lost.total,
            samples_dropped_from: lost_span.map(|(from_ms, _)| Timestamp::from_unix_ms(from_ms)),
            samples_dropped_until: lost_span.map(|(_, until_ms)| Timestamp::from_unix_ms(until_ms)),
            samples_refused_total: Some(self.samples_refused_total),
            request_failures_total: self.request_failures_total,
            clock_offset_milliseconds: self.clock.master.offset_ms(now),
            ..AgentStanding::default()
        }
    }

    fn has_work(&self) -> bool {
        (!self.ring.is_empty() && self.has_clock()) || self.containers_length > 0
    }
}

/// Puts another time into a sample's bytes.
fn write_time(sample: &mut [u8], time_ms: i64) {
    // Every sample begins with its time; one that did not would keep the time it has.
    wire::redate(sample, Timestamp::from_unix_ms(time_ms));
}

/// Why the sender woke up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// Something waits to be sent.
    Work,
    /// The agent ends: one last attempt.
    Stop,
}

/// The lock, the bell that rings when something changes, and the file that keeps the samples.
#[derive(Debug)]
pub struct Outbox {
    waiting: &'static Mutex<Waiting>,
    changed: Condvar,
    file: Option<RingFile>,
}

impl Outbox {
    /// An outbox for what waits, which is nothing yet but what the file has kept of an earlier run.
    pub fn new(waiting: &'static Mutex<Waiting>, file: Option<RingFile>) -> Self {
        Self { waiting, changed: Condvar::new(), file }
    }

    /// Reads the file's samples back. `now` is what the host's clocks show.
    pub fn recover(&self, now: Moment) {
        self.tell_time(now);
        if let Some(file) = &self.file {
            self.with(|waiting| file.recover(&mut waiting.ring, waiting.clock.base_ms(), write_time));
        }
    }

    /// The time, by the clock that samples are dated by. What waits is dated anew if that clock was set, which is said.
    pub fn tell_time(&self, now: Moment) -> Timestamp {
        let told = self.with(|waiting| waiting.tell_time(now));
        self.say_time(&told);
        if let (Some(1..), Some(file)) = (told.redated, &self.file) {
            let numbers = self.with(|waiting| waiting.ring.numbers());
            file.redate(numbers, |number| {
                let record = self.with(|waiting| waiting.ring.record(number))?;
                (!record.date.is_fixed).then_some(record.date)
            });
        }
        if told.redated.is_some() {
            self.changed.notify_all();
        }
        told.time
    }

    /// Puts in a sample, wakes the sender, and keeps the sample in the file. Returns how many samples were lost since
    /// the last call, and in all.
    pub fn push(&self, date: Date, sample: &[u8]) -> (u64, u64) {
        let (record, first_number, is_dated, losses) = self.put(|waiting| {
            let number = waiting.ring.push(date, sample).record.map(|record| record.number);
            // The sender may have found meanwhile that the clock was set.
            if let Some(base_ms) = waiting.clock.base_ms().filter(|base_ms| date.by_base(*base_ms) != date) {
                waiting.ring.redate(base_ms, write_time);
            }
            let record = number.and_then(|number| waiting.ring.record(number));
            (record, waiting.ring.numbers().start, waiting.clock.is_trusted(), waiting.losses_to_say())
        });
        if let (Some(file), Some(record)) = (&self.file, &record) {
            file.keep(record, first_number, is_dated, sample);
        }
        losses
    }

    /// Settles the batch under way, and notes in the file what need not be sent again.
    pub fn settle<R>(&self, settle: impl FnOnce(&mut Waiting) -> R) -> R {
        let (before, result, after) = self.with(|waiting| {
            let before = waiting.ring.numbers().start;
            (before, settle(waiting), waiting.ring.numbers().start)
        });
        if let Some(file) = self.file.as_ref().filter(|_| after != before) {
            file.settle(after);
        }
        result
    }

    /// The master said what its clock shows, in answer to a request that was sent and answered at these times since
    /// boot; `now` is what the host's clocks show.
    pub fn measured(&self, (sent_boot_ms, answered_boot_ms): (u64, u64), master: Timestamp, now: Moment) {
        let (agreement, offset_ms) = self.with(|waiting| {
            let master_clock = &mut waiting.clock.master;
            master_clock.measured(sent_boot_ms, answered_boot_ms, master.unix_ms());
            (master_clock.agreement(now), master_clock.offset_ms(now).unwrap_or_default())
        });
        let apart_s = offset_ms.unsigned_abs() as f64 / 1000.0;
        let side = if offset_ms > 0 { "behind" } else { "ahead of" };
        match agreement {
            Some(Agreement::Lost) => say(format_args!("This host's clock is {apart_s:.1} s {side} the master's")),
            Some(Agreement::Regained) => say(format_args!("This host's clock agrees with the master's again")),
            None => {}
        }
        self.tell_time(now);
    }

    fn say_time(&self, told: &Told) {
        let redated = told.redated.unwrap_or_default();
        match (told.redated, told.step_ms) {
            (None, _) if told.doubt_changed => say(format_args!(
                "This host's clock shows {} and was never set: samples wait until it is, or until the master says the time",
                told.time
            )),
            (Some(_), Some(step_ms)) => {
                let (step_s, way) =
                    (step_ms.unsigned_abs() as f64 / 1000.0, if step_ms > 0 { "forward" } else { "back" });
                say(format_args!("The clock was set {way} by {step_s:.1} s: {redated} waiting samples are dated anew"));
            }
            (Some(_), None) if told.doubt_changed => {
                say(format_args!("The time is known, {}: {redated} waiting samples are dated by it", told.time));
            }
            _ => {}
        }
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

fn say(message: std::fmt::Arguments<'_>) {
    log::line(Part::Agent, message);
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::hot_path_tests::leaked;

    const LONG: Duration = Duration::from_secs(3600);
    const DEADLINE: Duration = Duration::from_secs(30);

    fn outbox() -> &'static Outbox {
        Box::leak(Box::new(Outbox::new(leaked(|| Mutex::new(Waiting::new())), None)))
    }

    /// Waits on a thread of its own, for a sender that may call from `earliest` on and has its heartbeat at `heartbeat`.
    fn wake(outbox: &'static Outbox, earliest: Instant, heartbeat: Instant) -> impl FnOnce() -> Wake {
        let (sender, woken) = channel();
        std::thread::spawn(move || sender.send(outbox.wait_for_work(earliest, heartbeat)));
        move || woken.recv_timeout(DEADLINE).expect("the sender wakes")
    }

    #[test]
    fn what_is_put_in_wakes_a_sender_that_waits() {
        let (outbox, now) = (outbox(), Instant::now());
        let woken = wake(outbox, now, now + LONG);
        while !outbox.with(|waiting| waiting.is_awaited) {
            std::thread::yield_now();
        }
        // Not sent before there are facts to register with.
        outbox.put(|waiting| waiting.put_containers(b"{}"));
        outbox.put(|waiting| waiting.put_facts(HostFacts::new()));
        assert_eq!(woken(), Wake::Work);
        assert!(!outbox.with(|waiting| waiting.is_awaited));
    }

    #[test]
    fn a_heartbeat_that_is_due_is_work_and_nothing_is_before_the_pause_is_over() {
        let (outbox, now) = (outbox(), Instant::now());
        outbox.put(|waiting| waiting.put_facts(HostFacts::new()));
        assert_eq!(wake(outbox, now, now)(), Wake::Work);
        outbox.put(|waiting| waiting.put_containers(b"{}"));
        let pause = Duration::from_millis(50);
        assert_eq!(wake(outbox, now + pause, now)(), Wake::Work);
        assert!(now.elapsed() >= pause);
    }

    #[test]
    fn the_end_cuts_a_pause_short() {
        let (outbox, now) = (outbox(), Instant::now());
        let woken = wake(outbox, now + LONG, now + LONG);
        outbox.stop(Duration::ZERO);
        assert_eq!(woken(), Wake::Stop);
    }
}
