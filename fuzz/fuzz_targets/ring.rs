//! The ring agrees with a queue that is obviously right, over any sequence of operations.
#![no_main]

use std::collections::VecDeque;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use neon_agent_core::clock::Date;
use neon_agent_core::ring::{Record, Ring};

const BYTES: usize = 24;
const SLOTS: usize = 5;

#[derive(Arbitrary, Debug)]
enum Operation {
    /// A sample of this many bytes, each this one, taken at this second.
    Push { byte: u8, length: u8, second: u8 },
    /// A sample that a file kept, so many numbers after the last one, at this place.
    Restore { skipped: u8, start: u8, length: u8, is_good: bool },
    BeginBatch(u8),
    Acknowledge,
    Return,
    Discard,
    SetLimit(u8),
    /// The clock is set so that it was at this second at boot.
    Redate(u8),
    PutInOrder,
}

/// Dated by a clock that was at 1970 at boot; some by another boot's.
fn at(second: u8) -> Date {
    let boot_ms = u64::from(second) * 1000;
    Date { time_ms: boot_ms as i64, boot_ms, is_fixed: second % 7 == 0 }
}

/// Stands for the time in a sample's bytes.
fn write(sample: &mut [u8], time_ms: i64) {
    sample[0] = (time_ms % 251) as u8;
}

struct Waiting {
    sample: Vec<u8>,
    date: Date,
    /// Whether it is part of the batch under way.
    sent: bool,
}

/// A queue of samples. It has no places: which samples the ring must forget for want of room is the ring's to say, that
/// they are the oldest and counted is checked here.
#[derive(Default)]
struct Model {
    queue: VecDeque<Waiting>,
    limit: usize,
    pushed_out: Vec<Date>,
    lost: Vec<Date>,
    in_flight_newest_ms: Option<i64>,
    delivered_until_ms: i64,
    /// Whether a clock was set, after which the times of what was lost are the ring's to know.
    is_redated: bool,
    /// Whether a file was read, after which room may lie between samples, and numbers.
    is_restored: bool,
}

impl Model {
    fn forget_oldest(&mut self) {
        let oldest = self.queue.pop_front().expect("the ring forgot more than it held");
        (if oldest.sent { &mut self.pushed_out } else { &mut self.lost }).push(oldest.date);
    }

    /// Puts a sample behind those that are left when the ring has forgotten `forgotten`.
    fn push(&mut self, sample: Vec<u8>, date: Date, forgotten: u64) {
        if sample.is_empty() || sample.len() > BYTES {
            assert_eq!(forgotten, 1);
            self.lost.push(date);
            return;
        }
        let was_full = self.queue.len() == self.limit;
        let held: usize = self.queue.iter().map(|held| held.sample.len()).sum();
        assert!(!was_full || forgotten > 0);
        // A sample lies in one piece, so at most what lies at the end of the bytes is wasted: of many small samples a
        // new one pushes out only when it has to.
        if !self.is_restored && !was_full && held + 2 * sample.len() <= BYTES && held <= sample.len() {
            assert_eq!(forgotten, 0, "forgotten although there was room");
        }
        (0..forgotten).for_each(|_| self.forget_oldest());
        self.queue.push_back(Waiting { sample, date, sent: false });
    }

    fn begin_batch(&mut self, count: usize) {
        let mut newest_ms = self.delivered_until_ms;
        for held in self.queue.iter_mut().take(count) {
            held.sent = true;
            if !held.date.is_fixed {
                newest_ms = newest_ms.max(held.date.time_ms);
            }
        }
        self.in_flight_newest_ms = Some(newest_ms);
    }

    fn acknowledge(&mut self) {
        self.delivered_until_ms = self.in_flight_newest_ms.take().unwrap_or(self.delivered_until_ms);
        self.queue.retain(|held| !held.sent);
        self.pushed_out.clear();
    }

    fn give_back(&mut self) {
        self.in_flight_newest_ms = None;
        self.queue.iter_mut().for_each(|held| held.sent = false);
        self.lost.append(&mut self.pushed_out);
    }

    fn discard(&mut self) {
        self.in_flight_newest_ms = None;
        self.lost.append(&mut self.pushed_out);
        self.lost.extend(self.queue.iter().filter(|held| held.sent).map(|held| held.date));
        self.queue.retain(|held| !held.sent);
    }

    fn set_limit(&mut self, limit: usize) {
        self.limit = limit.clamp(1, SLOTS);
        while self.queue.len() > self.limit {
            self.forget_oldest();
        }
    }

    fn redate(&mut self, base_ms: i64) {
        self.is_redated = true;
        for held in &mut self.queue {
            let time_ms = base_ms + held.date.boot_ms as i64;
            if !held.date.is_fixed && (time_ms - held.date.time_ms).abs() > 2000 {
                held.date.time_ms = time_ms;
                write(&mut held.sample, time_ms);
            }
        }
    }

    fn put_in_order(&mut self) {
        let mut last_ms = self.delivered_until_ms;
        for held in self.queue.iter_mut().filter(|held| !held.date.is_fixed) {
            if held.date.time_ms <= last_ms {
                held.date.time_ms = last_ms + 1;
                write(&mut held.sample, last_ms + 1);
            }
            last_ms = held.date.time_ms;
        }
    }
}

fuzz_target!(|operations: Vec<Operation>| {
    let mut ring = Ring::<BYTES, SLOTS>::new();
    let mut model = Model { limit: SLOTS, ..Model::default() };
    for operation in &operations {
        match *operation {
            Operation::Push { byte, length, second } => {
                let sample = vec![byte; usize::from(length) % (BYTES + 2)];
                let pushed = ring.push(at(second), &sample);
                assert_eq!(pushed.record.as_ref().and_then(|record| ring.record(record.number)), pushed.record);
                model.push(sample, at(second), pushed.lost);
            }
            Operation::Restore { skipped, start, length, is_good } => {
                let number = ring.numbers().end + u64::from(skipped % 3);
                let place = usize::from(start)..usize::from(start) + usize::from(length);
                let sample = vec![length; place.len()];
                let (held, lost) = (ring.len(), ring.lost().total);
                let is_in = ring.restore(&Record { number, place, date: at(length) }, |bytes| {
                    // What is not taken in the end must not have been written over another's bytes.
                    bytes.fill(length);
                    is_good
                });
                if is_in {
                    model.is_restored = true;
                    if held == model.limit {
                        model.forget_oldest();
                    }
                    model.queue.push_back(Waiting { sample, date: at(length), sent: false });
                } else {
                    assert_eq!((ring.len(), ring.lost().total), (held, lost));
                }
            }
            // One batch at a time is the ring's contract.
            Operation::BeginBatch(_) if model.in_flight_newest_ms.is_some() => {}
            Operation::BeginBatch(count) => {
                ring.begin_batch(usize::from(count));
                model.begin_batch(usize::from(count));
            }
            Operation::Acknowledge => {
                ring.acknowledge_batch(i64::MAX);
                model.acknowledge();
            }
            Operation::Return => {
                ring.return_batch();
                model.give_back();
            }
            Operation::Discard => {
                ring.discard_batch();
                model.discard();
            }
            Operation::SetLimit(limit) => {
                ring.set_limit(usize::from(limit));
                model.set_limit(usize::from(limit));
            }
            Operation::Redate(second) => {
                ring.redate(i64::from(second) * 1000, write);
                model.redate(i64::from(second) * 1000);
            }
            Operation::PutInOrder => {
                ring.put_in_order(write);
                model.put_in_order();
            }
        }
        assert!(ring.iter().eq(model.queue.iter().map(|held| held.sample.as_slice())));
        let dates = ring.numbers().filter_map(|number| ring.record(number)).map(|record| record.date);
        assert!(dates.eq(model.queue.iter().map(|held| held.date)));
        assert_eq!((ring.len(), ring.lost().total), (model.queue.len(), model.lost.len() as u64));
        assert!(ring.numbers().count() <= SLOTS);
        if !model.is_redated {
            let times = || model.lost.iter().map(|date| date.time_ms);
            assert_eq!(ring.lost().span_ms(), times().min().zip(times().max()));
        }
    }
});
