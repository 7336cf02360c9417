//! Samples that wait for the master: a bounded queue that forgets the oldest and counts what it forgot.
//!
//! Slots are fixed, so the ring can be a static; there is no clock and no I/O here. Each sample gets a sequence
//! number. A sender takes a batch, and later either acknowledges it (the slots are freed) or gives it back.
//!
//! Invariants: `held <= N - barred`; the held samples are those numbered `next_number - held .. next_number`.

use core::ops::Range;

/// A queue of at most `N` samples, oldest first.
#[derive(Clone, Debug)]
pub struct Ring<T, const N: usize> {
    slots: [T; N],
    /// Slots that stay empty, 0 to `N` − 1: what the operator's `BUFFER_MAX_SIZE` leaves of the capacity. Counted
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

impl<T: Copy, const N: usize> Ring<T, N> {
    /// An empty ring whose slots all hold `blank` until they are used.
    pub const fn new(blank: T) -> Self {
        const { assert!(N > 0) };
        Self {
            slots: [blank; N],
            barred: 0,
            held: 0,
            next_number: 0,
            lost_total: 0,
            in_flight_until: None,
            lost_in_flight: 0,
        }
    }

    /// Holds at most `limit` samples from now on, brought into 1 to `N`; what is too many is forgotten, oldest first.
    pub fn set_limit(&mut self, limit: usize) {
        self.barred = N - limit.clamp(1, N);
        while self.held > self.limit() {
            self.forget_oldest();
        }
    }

    /// Adds a sample; true when the oldest had to be forgotten for it.
    pub fn push(&mut self, sample: T) -> bool {
        let is_full = self.held == self.limit();
        if is_full {
            self.forget_oldest();
        }
        let slot = Self::slot_of(self.next_number);
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = sample;
        }
        self.next_number += 1;
        self.held += 1;
        is_full
    }

    /// Samples held.
    pub fn len(&self) -> usize {
        self.held
    }

    /// Whether no sample is held.
    pub fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Samples forgotten for good since the start: pushed out or discarded before the master had them.
    pub fn lost_total(&self) -> u64 {
        self.lost_total
    }

    /// Numbers of the held samples.
    pub fn numbers(&self) -> Range<u64> {
        self.first_number()..self.next_number
    }

    /// Held samples from the oldest to the newest.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.numbers().filter_map(|number| self.slots.get(Self::slot_of(number)))
    }

    /// Marks the oldest `count` samples as being sent. At most one batch is under way at a time.
    pub fn begin_batch(&mut self, count: usize) {
        self.in_flight_until = Some(self.first_number() + count.min(self.held) as u64);
    }

    /// The batch arrived: frees its slots. What was pushed out of it meanwhile is not lost after all.
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
        N - self.barred
    }

    fn first_number(&self) -> u64 {
        self.next_number - self.held as u64
    }

    fn slot_of(number: u64) -> usize {
        (number % N as u64) as usize
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

#[cfg(test)]
mod tests {
    extern crate std;
    use std::collections::VecDeque;
    use std::vec::Vec;

    use super::*;

    fn ring(samples: Range<u32>) -> Ring<u32, 3> {
        let mut ring = Ring::new(0);
        for sample in samples {
            ring.push(sample);
        }
        ring
    }

    fn held(ring: &Ring<u32, 3>) -> Vec<u32> {
        ring.iter().copied().collect()
    }

    #[test]
    fn an_exact_fit_loses_nothing_and_one_over_loses_the_oldest() {
        assert_eq!((held(&ring(0..3)), ring(0..3).lost_total()), ([0, 1, 2].to_vec(), 0));
        assert_eq!((held(&ring(0..4)), ring(0..4).lost_total()), ([1, 2, 3].to_vec(), 1));
    }

    #[test]
    fn an_acknowledged_batch_is_gone_and_later_samples_stay() {
        let mut ring = ring(0..2);
        ring.begin_batch(2);
        ring.push(2);
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
        arrives.push(3);
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
        ring.push(3);
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
        ring.push(3);
        assert_eq!(held(&ring), [2, 3]);
    }

    /// A queue with the same rules, obviously right: `sent` marks the samples of the batch under way.
    #[derive(Default)]
    struct Model {
        queue: VecDeque<(u32, bool)>,
        pushed_out: u64,
        lost: u64,
    }

    #[test]
    fn agrees_with_a_queue_over_random_operations() {
        let mut random = 1u64;
        let (mut ring, mut model) = (Ring::<u32, 3>::new(0), Model::default());
        for step in 0..20_000u32 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let batch_under_way = ring.in_flight_until.is_some();
            match random >> 61 {
                0..=3 => {
                    ring.push(step);
                    if model.queue.len() == 3 {
                        let (_, sent) = model.queue.pop_front().unwrap();
                        *(if sent { &mut model.pushed_out } else { &mut model.lost }) += 1;
                    }
                    model.queue.push_back((step, false));
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
            assert!(ring.iter().eq(model.queue.iter().map(|(sample, _)| sample)), "step {step}");
            assert_eq!(ring.lost_total(), model.lost, "step {step}");
        }
    }
}
