//! Samples that wait for the master: a bounded queue that forgets the oldest and counts what it forgot.
//!
//! A sample is the bytes it will be sent as, so one of a small host takes little room and one of a large host much.
//! Bytes and slots are fixed, so the ring can be a static; there is no clock and no I/O here. Each sample gets a
//! sequence number. A sender takes a batch, and later either acknowledges it (the room is freed) or gives it back.
//!
//! Invariants: `held <= SLOTS - barred`; the held samples are those numbered `next_number - held .. next_number`; each
//! lies in one piece, behind the one before it or, where the end was too near, at the start of the bytes.

use core::ops::Range;

/// A queue of at most `SLOTS` samples and `BYTES` bytes, oldest first.
#[derive(Clone, Debug)]
pub struct Ring<const BYTES: usize, const SLOTS: usize> {
    bytes: [u8; BYTES],
    slots: [Slot; SLOTS],
    /// Slots that stay empty, 0 to `SLOTS` − 1: what the operator's `BUFFER_MAX_SIZE` leaves of the capacity. Counted
    /// this way round so that a new ring is all zeroes and a static one takes no room in the binary.
    barred: usize,
    held: usize,
    /// Number of the next sample; samples are counted from 0 since the start.
    next_number: u64,
    /// Samples forgotten for good.
    lost_total: u64,
    /// End of the batch being sent, if one is.
    in_flight_until: Option<u64>,
    /// Samples of that batch that were forgotten meanwhile: lost only if the batch comes back.
    lost_in_flight: u64,
}

/// Where a sample lies: `bytes[start..end]`, never empty.
#[derive(Clone, Copy, Debug)]
struct Slot {
    start: usize,
    end: usize,
}

impl<const BYTES: usize, const SLOTS: usize> Ring<BYTES, SLOTS> {
    /// An empty ring, all zeroes.
    pub const fn new() -> Self {
        const { assert!(BYTES > 0 && SLOTS > 0) };
        Self {
            bytes: [0; BYTES],
            slots: [Slot { start: 0, end: 0 }; SLOTS],
            barred: 0,
            held: 0,
            next_number: 0,
            lost_total: 0,
            in_flight_until: None,
            lost_in_flight: 0,
        }
    }

    /// Holds at most `limit` samples from now on, brought into 1 to `SLOTS`; what is too many is forgotten, oldest
    /// first.
    pub fn set_limit(&mut self, limit: usize) {
        self.barred = SLOTS - limit.clamp(1, SLOTS);
        while self.held > self.limit() {
            self.forget_oldest();
        }
    }

    /// Adds a sample; returns how many were forgotten for it. One that is empty or larger than all the room there is
    /// is itself the one that is lost.
    pub fn push(&mut self, sample: &[u8]) -> u64 {
        if sample.is_empty() || sample.len() > BYTES {
            self.lost_total += 1;
            return 1;
        }
        let mut forgotten = 0;
        if self.held == self.limit() {
            self.forget_oldest();
            forgotten += 1;
        }
        let start = loop {
            match self.room_for(sample.len()) {
                Some(start) => break start,
                None => {
                    self.forget_oldest();
                    forgotten += 1;
                }
            }
        };
        let slot = Slot { start, end: start + sample.len() };
        self.bytes[slot.start..slot.end].copy_from_slice(sample);
        self.slots[Self::index(self.next_number)] = slot;
        self.next_number += 1;
        self.held += 1;
        forgotten
    }

    /// Samples held.
    pub fn len(&self) -> usize {
        self.held
    }

    /// Whether no sample is held.
    pub fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Samples forgotten for good since the start: pushed out, too large or discarded before the master had them.
    pub fn lost_total(&self) -> u64 {
        self.lost_total
    }

    /// Numbers of the held samples.
    pub fn numbers(&self) -> Range<u64> {
        self.first_number()..self.next_number
    }

    /// Held samples from the oldest to the newest.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.numbers().map(|number| self.slot(number)).filter_map(|slot| self.bytes.get(slot.start..slot.end))
    }

    /// Marks the oldest `count` samples as being sent. At most one batch is under way at a time.
    pub fn begin_batch(&mut self, count: usize) {
        self.in_flight_until = Some(self.first_number() + count.min(self.held) as u64);
    }

    /// The batch arrived: frees its room. What was pushed out of it meanwhile is not lost after all.
    pub fn acknowledge_batch(&mut self) {
        if let Some(until) = self.in_flight_until.take() {
            self.held -= (until.saturating_sub(self.first_number()) as usize).min(self.held);
        }
        self.lost_in_flight = 0;
    }

    /// The batch did not arrive: its samples wait on, and what was pushed out of it is lost.
    pub fn return_batch(&mut self) {
        self.in_flight_until = None;
        self.lost_total += self.lost_in_flight;
        self.lost_in_flight = 0;
    }

    /// The batch will never be accepted: forgets it and counts it as lost.
    pub fn discard_batch(&mut self) {
        let before = self.held;
        let pushed_out = self.lost_in_flight;
        self.acknowledge_batch();
        self.lost_total += pushed_out + (before - self.held) as u64;
    }

    fn limit(&self) -> usize {
        SLOTS - self.barred
    }

    fn first_number(&self) -> u64 {
        self.next_number - self.held as u64
    }

    fn index(number: u64) -> usize {
        (number % SLOTS as u64) as usize
    }

    fn slot(&self, number: u64) -> Slot {
        self.slots[Self::index(number)]
    }

    /// Where `length` bytes in one piece are free, `None` while the oldest sample is in the way.
    ///
    /// An empty ring starts over at 0, so that in steady state the same few pages are written to.
    fn room_for(&self, length: usize) -> Option<usize> {
        if self.held == 0 {
            return Some(0);
        }
        let (oldest, newest) = (self.slot(self.first_number()), self.slot(self.next_number - 1));
        if newest.end <= oldest.start {
            return (length <= oldest.start - newest.end).then_some(newest.end);
        }
        if length <= BYTES - newest.end {
            return Some(newest.end);
        }
        (length <= oldest.start).then_some(0)
    }

    fn forget_oldest(&mut self) {
        if self.in_flight_until.is_some_and(|until| self.first_number() < until) {
            self.lost_in_flight += 1;
        } else {
            self.lost_total += 1;
        }
        self.held -= 1;
    }
}

impl<const BYTES: usize, const SLOTS: usize> Default for Ring<BYTES, SLOTS> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::collections::VecDeque;
    use std::vec;
    use std::vec::Vec;

    use super::*;

    /// Three samples of one byte each fill both the bytes and the slots.
    type Small = Ring<3, 3>;

    fn ring(samples: Range<u8>) -> Small {
        let mut ring = Ring::new();
        for sample in samples {
            ring.push(&[sample]);
        }
        ring
    }

    fn held(ring: &Small) -> Vec<u8> {
        ring.iter().flatten().copied().collect()
    }

    #[test]
    fn an_exact_fit_loses_nothing_and_one_over_loses_the_oldest() {
        assert_eq!((held(&ring(0..3)), ring(0..3).lost_total()), ([0, 1, 2].to_vec(), 0));
        assert_eq!((held(&ring(0..4)), ring(0..4).lost_total()), ([1, 2, 3].to_vec(), 1));
    }

    #[test]
    fn a_large_sample_pushes_out_as_many_small_ones_as_it_needs() {
        let mut ring = Ring::<10, 8>::new();
        for sample in [&[1; 4][..], &[2; 2], &[3; 2]] {
            assert_eq!(ring.push(sample), 0);
        }
        // Two bytes are left at the end, and it must lie in one piece: the first two make room at the start.
        assert_eq!(ring.push(&[4; 5]), 2);
        assert!(ring.iter().eq([&[3; 2][..], &[4; 5]]));
        assert_eq!(ring.push(&[5; 10]), 2);
        assert!(ring.iter().eq([&[5; 10][..]]));
        assert_eq!(ring.lost_total(), 4);
    }

    #[test]
    fn a_sample_that_can_never_fit_is_the_one_that_is_lost() {
        let mut ring = ring(0..2);
        assert_eq!((ring.push(&[9; 4]), ring.push(&[])), (1, 1));
        assert_eq!((held(&ring), ring.lost_total()), ([0, 1].to_vec(), 2));
    }

    #[test]
    fn an_emptied_ring_starts_over_at_its_first_byte() {
        let mut ring = ring(0..2);
        ring.begin_batch(2);
        ring.acknowledge_batch();
        ring.push(&[7]);
        assert_eq!((held(&ring), ring.bytes), ([7].to_vec(), [7, 1, 0]));
    }

    #[test]
    fn an_acknowledged_batch_is_gone_and_later_samples_stay() {
        let mut ring = ring(0..2);
        ring.begin_batch(2);
        ring.push(&[2]);
        ring.acknowledge_batch();
        assert_eq!((held(&ring), ring.lost_total()), ([2].to_vec(), 0));
    }

    #[test]
    fn a_returned_batch_waits_on() {
        let mut ring = ring(0..2);
        ring.begin_batch(2);
        ring.return_batch();
        assert_eq!((held(&ring), ring.lost_total()), ([0, 1].to_vec(), 0));
    }

    #[test]
    fn a_sample_pushed_out_while_it_is_sent_is_lost_only_if_the_batch_returns() {
        let mut arrives = ring(0..3);
        arrives.begin_batch(3);
        arrives.push(&[3]);
        let mut returns = arrives.clone();
        arrives.acknowledge_batch();
        assert_eq!((held(&arrives), arrives.lost_total()), ([3].to_vec(), 0));
        returns.return_batch();
        assert_eq!((held(&returns), returns.lost_total()), ([1, 2, 3].to_vec(), 1));
    }

    #[test]
    fn a_discarded_batch_counts_as_lost() {
        let mut ring = ring(0..3);
        ring.begin_batch(2);
        ring.push(&[3]);
        ring.discard_batch();
        assert_eq!((held(&ring), ring.lost_total()), ([2, 3].to_vec(), 2));
    }

    #[test]
    fn acknowledging_without_a_batch_changes_nothing() {
        let mut ring = ring(0..3);
        ring.acknowledge_batch();
        assert_eq!(held(&ring), [0, 1, 2]);
    }

    #[test]
    fn a_smaller_limit_forgets_the_oldest() {
        let mut ring = ring(0..3);
        ring.set_limit(2);
        assert_eq!((held(&ring), ring.lost_total()), ([1, 2].to_vec(), 1));
        ring.set_limit(0);
        assert_eq!(held(&ring), [2]);
        ring.set_limit(9);
        ring.push(&[3]);
        assert_eq!(held(&ring), [2, 3]);
    }

    /// A queue with the same rules, obviously right: `sent` marks the samples of the batch under way. It does not
    /// know where bytes lie, so it takes over from the ring how many samples a push cost.
    #[derive(Default)]
    struct Model {
        queue: VecDeque<(Vec<u8>, bool)>,
        pushed_out: u64,
        lost: u64,
    }

    impl Model {
        fn push(&mut self, sample: Vec<u8>, forgotten: u64) {
            for _ in 0..forgotten {
                let (_, sent) = self.queue.pop_front().unwrap();
                *(if sent { &mut self.pushed_out } else { &mut self.lost }) += 1;
            }
            self.queue.push_back((sample, false));
        }
    }

    const BYTES: usize = 24;
    const SLOTS: usize = 5;

    #[test]
    fn agrees_with_a_queue_over_random_operations() {
        let mut random = 1u64;
        let (mut ring, mut model) = (Ring::<BYTES, SLOTS>::new(), Model::default());
        for step in 0..50_000u32 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let batch_under_way = ring.in_flight_until.is_some();
            match random >> 61 {
                0..=3 => {
                    let sample = vec![step as u8; 1 + (random >> 40) as usize % 9];
                    let held_bytes: usize = model.queue.iter().map(|(sample, _)| sample.len()).sum();
                    let forgotten = ring.push(&sample);
                    // Room is never wasted: with one sample's length to spare at the wrap, nothing need go.
                    if model.queue.len() < SLOTS && held_bytes + 2 * sample.len() + 8 <= BYTES {
                        assert_eq!(forgotten, 0, "step {step}");
                    }
                    model.push(sample, forgotten);
                }
                4 if !batch_under_way => {
                    let count = (random >> 40) as usize % 4;
                    ring.begin_batch(count);
                    model.queue.iter_mut().take(count).for_each(|(_, sent)| *sent = true);
                }
                5 => {
                    ring.acknowledge_batch();
                    model.queue.retain(|(_, sent)| !sent);
                    model.pushed_out = 0;
                }
                6 => {
                    ring.return_batch();
                    model.queue.iter_mut().for_each(|(_, sent)| *sent = false);
                    model.lost += core::mem::take(&mut model.pushed_out);
                }
                7 => {
                    ring.discard_batch();
                    let before = model.queue.len();
                    model.queue.retain(|(_, sent)| !sent);
                    model.lost += core::mem::take(&mut model.pushed_out) + (before - model.queue.len()) as u64;
                }
                _ => {}
            }
            assert!(ring.iter().eq(model.queue.iter().map(|(sample, _)| &sample[..])), "step {step}");
            assert_eq!(ring.lost_total(), model.lost, "step {step}");
        }
    }
}
