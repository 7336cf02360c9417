//! The ring agrees with a queue that is obviously right, over any sequence of operations.
#![no_main]

use std::collections::VecDeque;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use neon_agent_core::ring::Ring;

const BYTES: usize = 24;
const SLOTS: usize = 5;

#[derive(Arbitrary, Debug)]
enum Operation {
    /// A sample of this many bytes, each this one.
    Push(u8, u8),
    BeginBatch(u8),
    Acknowledge,
    Return,
    Discard,
    SetLimit(u8),
}

/// A queue of samples, each marked when it is part of the batch under way. It has no bytes: which samples the ring must
/// forget for want of them is the ring's to say, that they are the oldest and counted is checked here.
#[derive(Default)]
struct Model {
    queue: VecDeque<(Vec<u8>, bool)>,
    pushed_out: u64,
    lost: u64,
    limit: usize,
}

impl Model {
    fn forget_oldest(&mut self) {
        if let Some((_, sent)) = self.queue.pop_front() {
            *(if sent { &mut self.pushed_out } else { &mut self.lost }) += 1;
        }
    }

    /// Puts a sample behind those that are left when the ring has forgotten `forgotten`.
    fn push(&mut self, sample: Vec<u8>, forgotten: u64) {
        if sample.is_empty() || sample.len() > BYTES {
            assert_eq!(forgotten, 1);
            self.lost += 1;
            return;
        }
        let was_full = self.queue.len() == self.limit;
        let held: usize = self.queue.iter().map(|(held, _)| held.len()).sum();
        assert!(forgotten as usize <= self.queue.len());
        assert!(!was_full || forgotten > 0);
        // A sample lies in one piece, so at most what lies at the end of the bytes is wasted: of many small samples a
        // new one pushes out only when it has to.
        if !was_full && held + 2 * sample.len() <= BYTES && held <= sample.len() {
            assert_eq!(forgotten, 0, "forgotten although there was room");
        }
        (0..forgotten).for_each(|_| self.forget_oldest());
        self.queue.push_back((sample, false));
    }

    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Push(..) => unreachable!("pushed with what the ring says"),
            Operation::BeginBatch(count) => {
                self.queue.iter_mut().take(usize::from(*count)).for_each(|(_, sent)| *sent = true);
            }
            Operation::Acknowledge => {
                self.queue.retain(|(_, sent)| !sent);
                self.pushed_out = 0;
            }
            Operation::Return => {
                self.queue.iter_mut().for_each(|(_, sent)| *sent = false);
                self.lost += std::mem::take(&mut self.pushed_out);
            }
            Operation::Discard => {
                let before = self.queue.len();
                self.queue.retain(|(_, sent)| !sent);
                self.lost += std::mem::take(&mut self.pushed_out) + (before - self.queue.len()) as u64;
            }
            Operation::SetLimit(limit) => {
                self.limit = usize::from(*limit).clamp(1, SLOTS);
                while self.queue.len() > self.limit {
                    self.forget_oldest();
                }
            }
        }
    }
}

fuzz_target!(|operations: Vec<Operation>| {
    let mut ring = Ring::<BYTES, SLOTS>::new();
    let mut model = Model { limit: SLOTS, ..Model::default() };
    let mut batch_under_way = false;
    for operation in &operations {
        // One batch at a time is the ring's contract.
        if matches!(operation, Operation::BeginBatch(_)) && batch_under_way {
            continue;
        }
        match operation {
            Operation::Push(byte, length) => {
                let sample = vec![*byte; usize::from(*length) % (BYTES + 2)];
                let forgotten = ring.push(&sample);
                model.push(sample, forgotten);
            }
            Operation::BeginBatch(count) => ring.begin_batch(usize::from(*count)),
            Operation::Acknowledge => ring.acknowledge_batch(),
            Operation::Return => ring.return_batch(),
            Operation::Discard => ring.discard_batch(),
            Operation::SetLimit(limit) => ring.set_limit(usize::from(*limit)),
        }
        batch_under_way = match operation {
            Operation::BeginBatch(_) => true,
            Operation::Acknowledge | Operation::Return | Operation::Discard => false,
            _ => batch_under_way,
        };
        if !matches!(operation, Operation::Push(..)) {
            model.apply(operation);
        }
        assert!(ring.iter().eq(model.queue.iter().map(|(sample, _)| sample.as_slice())));
        assert_eq!(ring.lost_total(), model.lost);
        assert_eq!(ring.numbers().count(), ring.len());
    }
});
