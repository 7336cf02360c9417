//! Samples that wait for the master: a bounded queue that forgets the oldest and counts what it forgot.
//!
//! A sample is the bytes it will be sent as, so one of a small host takes little room and one of a large host much.
//! Bytes and slots are fixed, so the ring can be a static; there is no clock and no I/O here. Each sample gets a
//! sequence number and has a [`Date`]. A sender takes a batch, and later either acknowledges it (all up to its end is
//! freed) or gives it back.
//!
//! Invariants: `held <= SLOTS - barred`; the held samples are among those numbered `first_number..next_number`, at most
//! `SLOTS` numbers, of which the first is held if any is; each lies in one piece, behind the one before it or, where the
//! end was too near, at the start of the bytes. A sample's slot is its number modulo `SLOTS`. Numbers are missing only
//! where a file that kept the ring was damaged ([`Ring::restore`]).

use core::ops::Range;

use crate::clock::Date;

/// A queue of at most `SLOTS` samples and `BYTES` bytes, oldest first.
#[derive(Clone, Debug)]
pub struct Ring<const BYTES: usize, const SLOTS: usize> {
    bytes: [u8; BYTES],
    slots: [Slot; SLOTS],
    /// Slots that stay empty, 0 to `SLOTS` − 1: what the operator's `BUFFER_MAX_SIZE` leaves of the capacity. Counted
    /// this way round so that a new ring is all zeroes and a static one takes no room in the binary.
    barred: usize,
    held: usize,
    /// Number of the oldest sample held, or of the next one if none is.
    first_number: u64,
    /// Number of the next sample; samples are counted from 0.
    next_number: u64,
    /// Samples forgotten for good.
    lost: Loss,
    /// End of the batch being sent, if one is.
    in_flight_until: Option<u64>,
    /// Samples of that batch that were forgotten meanwhile: lost only if the batch comes back.
    lost_in_flight: Loss,
    /// Newest time in that batch of what is dated by this boot.
    in_flight_newest_ms: i64,
    /// Newest time that the master has from this run.
    delivered_until_ms: i64,
}

/// Where a sample lies, `bytes[start..end]`, and when it was taken. Empty for a number that is missing.
#[derive(Clone, Copy, Debug)]
struct Slot {
    start: usize,
    end: usize,
    date: Date,
}

/// Numbers of a file past this one are none that it was written with: the next ones would have no room to follow.
const NUMBER_MAX: u64 = u64::MAX / 2;

/// Bytes that the ring takes for each slot, whatever it holds.
pub const SLOT_BYTES: usize = size_of::<Slot>();

/// Samples that were lost, and from when to when they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// How many.
    pub total: u64,
    /// The oldest and the newest of those whose time is known; of no meaning while `dated` is 0.
    oldest: Date,
    newest: Date,
    dated: u64,
}

impl Loss {
    /// None.
    const NONE: Self = {
        let date = Date { time_ms: 0, boot_ms: 0, is_fixed: false };
        Self { total: 0, oldest: date, newest: date, dated: 0 }
    };

    /// The times of the oldest and the newest of them, in milliseconds since 1970; `None` where none is known.
    pub fn span_ms(&self) -> Option<(i64, i64)> {
        (self.dated > 0).then_some((self.oldest.time_ms, self.newest.time_ms))
    }

    fn add(&mut self, date: Option<Date>) {
        let none = Date::default();
        let (oldest, dated) = (date.unwrap_or(none), u64::from(date.is_some()));
        self.merge(Self { total: 1, oldest, newest: oldest, dated });
    }

    fn merge(&mut self, other: Self) {
        if other.dated > 0 {
            if self.dated == 0 || other.oldest.time_ms < self.oldest.time_ms {
                self.oldest = other.oldest;
            }
            if self.dated == 0 || other.newest.time_ms > self.newest.time_ms {
                self.newest = other.newest;
            }
        }
        self.total += other.total;
        self.dated += other.dated;
    }
}

/// A held sample: its number, where its bytes lie in the ring, and when it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub number: u64,
    /// Where it lies in the ring's bytes.
    pub place: Range<usize>,
    /// When it was taken.
    pub date: Date,
}

/// What adding a sample did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The sample in the ring; `None` for one that can never fit.
    pub record: Option<Record>,
    /// How many samples were lost for it, itself included if it is the one.
    pub lost: u64,
}

impl<const BYTES: usize, const SLOTS: usize> Ring<BYTES, SLOTS> {
    /// An empty ring, all zeroes.
    pub const fn new() -> Self {
        const { assert!(BYTES > 0 && SLOTS > 0) };
        Self {
            bytes: [0; BYTES],
            slots: [EMPTY; SLOTS],
            barred: 0,
            held: 0,
            first_number: 0,
            next_number: 0,
            lost: Loss::NONE,
            in_flight_until: None,
            lost_in_flight: Loss::NONE,
            in_flight_newest_ms: 0,
            delivered_until_ms: 0,
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

    /// Adds a sample and forgets as many of the oldest as it needs. One that is empty or larger than all the room there
    /// is is itself the one that is lost.
    pub fn push(&mut self, date: Date, sample: &[u8]) -> Pushed {
        if sample.is_empty() || sample.len() > BYTES {
            self.lost.add(Some(date));
            return Pushed { record: None, lost: 1 };
        }
        let held_before = self.held;
        while self.held == self.limit() || self.next_number - self.first_number >= SLOTS as u64 {
            self.forget_oldest();
        }
        let start = loop {
            match self.room_for(sample.len()) {
                Some(start) => break start,
                None => self.forget_oldest(),
            }
        };
        let lost = (held_before - self.held) as u64;
        let place = start..start + sample.len();
        self.bytes[place.clone()].copy_from_slice(sample);
        let record = Record { number: self.next_number, place, date };
        self.adopt(&record);
        Pushed { record: Some(record), lost }
    }

    /// Takes over a sample that a file kept, with its number and its place: `fill` writes its bytes, and says whether
    /// they are good. False, and nothing is changed, where they are not, or where the number or the place contradict
    /// what is held.
    pub fn restore(&mut self, record: &Record, fill: impl FnOnce(&mut [u8]) -> bool) -> bool {
        let first_number = if self.held == 0 { record.number } else { self.first_number };
        let is_next = (self.next_number..NUMBER_MAX).contains(&record.number);
        if !is_next || record.number - first_number >= SLOTS as u64 || !self.is_free(&record.place) {
            return false;
        }
        let Some(bytes) = self.bytes.get_mut(record.place.clone()) else { return false };
        if !fill(bytes) {
            return false;
        }
        if self.held == self.limit() {
            self.forget_oldest();
        }
        if self.held == 0 {
            self.skip_to(record.number);
        }
        (self.next_number..record.number).for_each(|missing| self.slots[Self::index(missing)] = EMPTY);
        self.next_number = record.number;
        self.adopt(record);
        true
    }

    /// Numbers the next sample at least `number`, if none is held.
    pub fn skip_to(&mut self, number: u64) {
        if self.held == 0 {
            self.next_number = self.next_number.max(number.min(NUMBER_MAX));
            self.first_number = self.next_number;
        }
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
    pub fn lost(&self) -> Loss {
        self.lost
    }

    /// Counts a sample as lost that never came in; with its date if that is known.
    pub fn count_lost(&mut self, date: Option<Date>) {
        self.lost.add(date);
    }

    /// Numbers of the held samples, and of those that are missing between them.
    pub fn numbers(&self) -> Range<u64> {
        self.first_number..self.next_number
    }

    /// The sample of this number, if it is held.
    pub fn record(&self, number: u64) -> Option<Record> {
        let slot = self.slot(number);
        let is_held = self.numbers().contains(&number) && !slot.is_empty();
        is_held.then_some(Record { number, place: slot.start..slot.end, date: slot.date })
    }

    /// Held samples from the oldest to the newest.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.numbers()
            .map(|number| self.slot(number))
            .filter(|slot| !slot.is_empty())
            .filter_map(|slot| self.bytes.get(slot.start..slot.end))
    }

    /// Dates every sample anew by a wall clock that was at `base_ms` at boot, and what was lost as well; `write` puts a
    /// time into a sample's bytes. Returns how many samples have another time now.
    pub fn redate(&mut self, base_ms: i64, mut write: impl FnMut(&mut [u8], i64)) -> usize {
        for loss in [&mut self.lost, &mut self.lost_in_flight] {
            loss.oldest = loss.oldest.by_base(base_ms);
            loss.newest = loss.newest.by_base(base_ms);
        }
        self.each_date(|date, bytes| {
            let dated = date.by_base(base_ms);
            let is_new = dated != *date;
            if is_new {
                *date = dated;
                write(bytes, date.time_ms);
            }
            usize::from(is_new)
        })
    }

    /// Gives every sample of this boot a time after the one before it and after all that the master has from this run:
    /// one that a clock which was set back has dated too early is a millisecond later than those. Call it before a batch
    /// is written.
    pub fn put_in_order(&mut self, mut write: impl FnMut(&mut [u8], i64)) {
        let mut newest_ms = self.delivered_until_ms;
        self.each_date(|date, bytes| {
            if date.is_fixed {
                return 0;
            }
            if date.time_ms <= newest_ms {
                date.time_ms = newest_ms.saturating_add(1);
                write(bytes, date.time_ms);
            }
            newest_ms = date.time_ms;
            0
        });
    }

    /// Marks the oldest `count` samples as being sent. At most one batch is under way at a time.
    pub fn begin_batch(&mut self, count: usize) {
        let held = self.numbers().filter_map(|number| self.record(number)).take(count);
        let (mut until, mut newest_ms) = (self.first_number, self.delivered_until_ms);
        for record in held {
            until = record.number + 1;
            if !record.date.is_fixed {
                newest_ms = newest_ms.max(record.date.time_ms);
            }
        }
        (self.in_flight_until, self.in_flight_newest_ms) = (Some(until), newest_ms);
    }

    /// The batch arrived: frees its room. What was pushed out of it meanwhile is not lost after all.
    ///
    /// `newest_possible_ms` bounds what the master can have taken of it, where it has refused a part: nothing later than
    /// it is dated as delivered.
    pub fn acknowledge_batch(&mut self, newest_possible_ms: i64) {
        if self.in_flight_until.is_some() {
            let newest_ms = self.in_flight_newest_ms.min(newest_possible_ms);
            self.delivered_until_ms = self.delivered_until_ms.max(newest_ms);
        }
        self.free_batch();
        self.lost_in_flight = Loss::NONE;
    }

    /// The batch did not arrive: its samples wait on, and what was pushed out of it is lost.
    pub fn return_batch(&mut self) {
        self.in_flight_until = None;
        self.lost.merge(core::mem::take(&mut self.lost_in_flight));
    }

    /// The batch will never be accepted: forgets it and counts it as lost.
    pub fn discard_batch(&mut self) {
        self.lost.merge(core::mem::take(&mut self.lost_in_flight));
        let until = self.in_flight_until.take().unwrap_or(self.first_number);
        while self.held > 0 && self.first_number < until {
            self.forget_oldest();
        }
    }

    /// The batch will never be accepted: forgets it without a count, which is the caller's.
    pub fn forget_batch(&mut self) {
        self.free_batch();
        self.lost_in_flight = Loss::NONE;
    }

    fn free_batch(&mut self) {
        let until = self.in_flight_until.take().unwrap_or(self.first_number);
        while self.held > 0 && self.first_number < until {
            self.remove_oldest();
        }
    }

    fn limit(&self) -> usize {
        SLOTS - self.barred
    }

    fn index(number: u64) -> usize {
        (number % SLOTS as u64) as usize
    }

    fn slot(&self, number: u64) -> Slot {
        self.slots[Self::index(number)]
    }

    /// Lets `change` see the date and the bytes of every sample, oldest first; the sum of what it returns.
    fn each_date(&mut self, mut change: impl FnMut(&mut Date, &mut [u8]) -> usize) -> usize {
        let mut sum = 0;
        for number in self.numbers() {
            let slot = &mut self.slots[Self::index(number)];
            if let Some(bytes) = self.bytes.get_mut(slot.start..slot.end).filter(|_| !slot.is_empty()) {
                sum += change(&mut slot.date, bytes);
            }
        }
        sum
    }

    /// Puts a sample whose bytes are in place behind the others.
    fn adopt(&mut self, record: &Record) {
        let Range { start, end } = record.place;
        self.slots[Self::index(record.number)] = Slot { start, end, date: record.date };
        self.next_number = record.number + 1;
        self.held += 1;
    }

    /// Where `length` bytes in one piece are free, `None` while the oldest sample is in the way.
    ///
    /// An empty ring starts over at 0, so that in steady state the same few pages are written to.
    fn room_for(&self, length: usize) -> Option<usize> {
        let Some((oldest, newest)) = self.ends() else { return Some(0) };
        if newest.end <= oldest.start {
            return (length <= oldest.start - newest.end).then_some(newest.end);
        }
        if length <= BYTES - newest.end {
            return Some(newest.end);
        }
        (length <= oldest.start).then_some(0)
    }

    /// Whether a sample may lie at `place` as the newest.
    fn is_free(&self, place: &Range<usize>) -> bool {
        let is_inside = place.start < place.end && place.end <= BYTES;
        is_inside
            && self.ends().is_none_or(|(oldest, newest)| {
                let is_before_oldest = place.end <= oldest.start;
                let is_behind_newest = place.start >= newest.end;
                if newest.end <= oldest.start {
                    is_behind_newest && is_before_oldest
                } else {
                    is_behind_newest || is_before_oldest
                }
            })
    }

    /// The oldest and the newest sample. The newest number is always held if any is.
    fn ends(&self) -> Option<(Slot, Slot)> {
        (self.held > 0).then(|| (self.slot(self.first_number), self.slot(self.next_number - 1)))
    }

    fn forget_oldest(&mut self) {
        let date = self.slot(self.first_number).date;
        if self.in_flight_until.is_some_and(|until| self.first_number < until) {
            self.lost_in_flight.add(Some(date));
        } else {
            self.lost.add(Some(date));
        }
        self.remove_oldest();
    }

    fn remove_oldest(&mut self) {
        self.held -= 1;
        self.first_number += 1;
        while self.first_number < self.next_number && self.slot(self.first_number).is_empty() {
            self.first_number += 1;
        }
    }
}

const EMPTY: Slot = Slot { start: 0, end: 0, date: Date { time_ms: 0, boot_ms: 0, is_fixed: false } };

impl Slot {
    fn is_empty(&self) -> bool {
        self.end == 0
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

    /// Taken `second` seconds after boot, by a wall clock that was at 1970 then.
    fn at(second: u8) -> Date {
        Date { time_ms: i64::from(second) * 1000, boot_ms: u64::from(second) * 1000, is_fixed: false }
    }

    /// Adds a sample of one byte, taken at the second it says; how many were lost for it.
    fn push<const BYTES: usize, const SLOTS: usize>(ring: &mut Ring<BYTES, SLOTS>, sample: &[u8]) -> u64 {
        ring.push(at(sample.first().copied().unwrap_or_default()), sample).lost
    }

    fn ring(samples: Range<u8>) -> Small {
        let mut ring = Ring::new();
        for sample in samples {
            push(&mut ring, &[sample]);
        }
        ring
    }

    fn acknowledge<const BYTES: usize, const SLOTS: usize>(ring: &mut Ring<BYTES, SLOTS>) {
        ring.acknowledge_batch(i64::MAX);
    }

    /// Times of the held samples, in seconds.
    fn times(ring: &Small) -> Vec<f64> {
        ring.numbers()
            .filter_map(|number| ring.record(number))
            .map(|record| record.date.time_ms as f64 / 1000.0)
            .collect()
    }

    fn held(ring: &Small) -> Vec<u8> {
        ring.iter().flatten().copied().collect()
    }

    #[test]
    fn an_exact_fit_loses_nothing_and_one_over_loses_the_oldest() {
        assert_eq!((held(&ring(0..3)), ring(0..3).lost().total), ([0, 1, 2].to_vec(), 0));
        assert_eq!((held(&ring(0..4)), ring(0..4).lost().total), ([1, 2, 3].to_vec(), 1));
    }

    #[test]
    fn a_large_sample_pushes_out_as_many_small_ones_as_it_needs() {
        let mut ring = Ring::<10, 8>::new();
        for sample in [&[1; 4][..], &[2; 2], &[3; 2]] {
            assert_eq!(push(&mut ring, sample), 0);
        }
        // Two bytes are left at the end, and it must lie in one piece: the first two make room at the start.
        assert_eq!(push(&mut ring, &[4; 5]), 2);
        assert!(ring.iter().eq([&[3; 2][..], &[4; 5]]));
        assert_eq!(push(&mut ring, &[5; 10]), 2);
        assert!(ring.iter().eq([&[5; 10][..]]));
        assert_eq!(ring.lost().total, 4);
    }

    #[test]
    fn a_sample_that_can_never_fit_is_the_one_that_is_lost() {
        let mut ring = ring(0..2);
        assert_eq!((push(&mut ring, &[9; 4]), push(&mut ring, &[])), (1, 1));
        assert_eq!((held(&ring), ring.lost().total), ([0, 1].to_vec(), 2));
    }

    #[test]
    fn an_emptied_ring_starts_over_at_its_first_byte() {
        let mut ring = ring(0..2);
        ring.begin_batch(2);
        acknowledge(&mut ring);
        push(&mut ring, &[7]);
        assert_eq!((held(&ring), ring.bytes), ([7].to_vec(), [7, 1, 0]));
    }

    #[test]
    fn an_acknowledged_batch_is_gone_and_later_samples_stay() {
        let mut ring = ring(0..2);
        ring.begin_batch(2);
        push(&mut ring, &[2]);
        acknowledge(&mut ring);
        assert_eq!((held(&ring), ring.lost().total), ([2].to_vec(), 0));
    }

    #[test]
    fn a_returned_batch_waits_on() {
        let mut ring = ring(0..2);
        ring.begin_batch(2);
        ring.return_batch();
        assert_eq!((held(&ring), ring.lost().total), ([0, 1].to_vec(), 0));
    }

    #[test]
    fn a_sample_pushed_out_while_it_is_sent_is_lost_only_if_the_batch_returns() {
        let mut arrives = ring(0..3);
        arrives.begin_batch(3);
        push(&mut arrives, &[3]);
        let mut returns = arrives.clone();
        acknowledge(&mut arrives);
        assert_eq!((held(&arrives), arrives.lost().total), ([3].to_vec(), 0));
        returns.return_batch();
        assert_eq!((held(&returns), returns.lost().total), ([1, 2, 3].to_vec(), 1));
    }

    #[test]
    fn a_discarded_batch_counts_as_lost() {
        let mut ring = ring(0..3);
        ring.begin_batch(2);
        push(&mut ring, &[3]);
        ring.discard_batch();
        assert_eq!((held(&ring), ring.lost().total), ([2, 3].to_vec(), 2));
    }

    #[test]
    fn acknowledging_without_a_batch_changes_nothing() {
        let mut ring = ring(0..3);
        acknowledge(&mut ring);
        assert_eq!(held(&ring), [0, 1, 2]);
    }

    #[test]
    fn a_smaller_limit_forgets_the_oldest() {
        let mut ring = ring(0..3);
        ring.set_limit(2);
        assert_eq!((held(&ring), ring.lost().total), ([1, 2].to_vec(), 1));
        ring.set_limit(0);
        assert_eq!(held(&ring), [2]);
        ring.set_limit(9);
        push(&mut ring, &[3]);
        assert_eq!(held(&ring), [2, 3]);
    }

    #[test]
    fn what_was_lost_is_counted_with_the_times_of_its_oldest_and_newest() {
        let mut ring = ring(5..8);
        assert_eq!(ring.lost().span_ms(), None);
        push(&mut ring, &[8]);
        assert_eq!((ring.lost().total, ring.lost().span_ms()), (1, Some((5000, 5000))));
        push(&mut ring, &[9]);
        push(&mut ring, &[10; 4]);
        assert_eq!((ring.lost().total, ring.lost().span_ms()), (3, Some((5000, 10_000))));
        ring.count_lost(None);
        ring.count_lost(Some(at(2)));
        assert_eq!((ring.lost().total, ring.lost().span_ms()), (5, Some((2000, 10_000))));
        // Pushed out of a batch under way: only its return makes it a loss.
        ring.begin_batch(3);
        push(&mut ring, &[11]);
        assert_eq!(ring.lost().total, 5);
        ring.return_batch();
        assert_eq!((ring.lost().total, ring.lost().span_ms()), (6, Some((2000, 10_000))));
    }

    /// Writes a time over a sample of one byte, in seconds.
    fn write(sample: &mut [u8], time_ms: i64) {
        sample[0] = (time_ms / 1000) as u8;
    }

    #[test]
    fn a_clock_that_is_set_dates_what_waits_and_what_was_lost_anew() {
        let mut ring = ring(1..5);
        assert_eq!(ring.redate(1500, write), 0);
        assert_eq!(ring.redate(100_000, write), 3);
        assert_eq!((times(&ring), held(&ring)), (Vec::from([102.0, 103.0, 104.0]), Vec::from([102, 103, 104])));
        assert_eq!(ring.lost().span_ms(), Some((101_000, 101_000)));
        ring.redate(0, write);
        assert_eq!(times(&ring), [2.0, 3.0, 4.0]);
    }

    #[test]
    fn samples_of_another_boot_keep_their_times() {
        let mut ring = Small::new();
        ring.push(Date { is_fixed: true, ..at(9) }, &[9]);
        push(&mut ring, &[1]);
        assert_eq!(ring.redate(100_000, write), 1);
        assert_eq!(times(&ring), [9.0, 101.0]);
    }

    #[test]
    fn a_clock_set_back_gives_no_time_that_was_sent_already() {
        let mut ring = ring(50..52);
        ring.begin_batch(2);
        acknowledge(&mut ring);
        // Set back by 40 s: the master has a 51 already.
        for second in [11, 12] {
            ring.push(at(second), &[second]);
        }
        ring.push(Date { is_fixed: true, ..at(7) }, &[7]);
        ring.put_in_order(write);
        assert_eq!(times(&ring), [51.001, 51.002, 7.0]);
        // The same again, whatever became of the request.
        ring.begin_batch(3);
        ring.return_batch();
        ring.put_in_order(write);
        assert_eq!(times(&ring), [51.001, 51.002, 7.0]);
        ring.begin_batch(3);
        acknowledge(&mut ring);
        push(&mut ring, &[60]);
        ring.put_in_order(write);
        assert_eq!((times(&ring), held(&ring)), (Vec::from([60.0]), Vec::from([60])));
    }

    #[test]
    fn what_the_master_cannot_have_taken_does_not_hold_the_later_ones_ahead() {
        // An hour ahead, and the master has refused a part of the batch: at most up to 20 it may have taken.
        let mut ring = ring(90..92);
        ring.begin_batch(2);
        ring.acknowledge_batch(20_000);
        push(&mut ring, &[15]);
        ring.put_in_order(write);
        assert_eq!(times(&ring), [20.001]);
        ring.begin_batch(1);
        ring.discard_batch();
        push(&mut ring, &[16]);
        ring.put_in_order(write);
        assert_eq!(times(&ring), [20.001], "a batch that was refused is none that was delivered");
    }

    #[test]
    fn a_kept_sample_is_restored_with_its_number_and_place() {
        let mut original = Ring::<10, 4>::new();
        for sample in [&[1; 4][..], &[2; 4], &[3; 3], &[4; 1]] {
            original.push(at(sample[0]), sample);
        }
        let mut copy = Ring::<10, 4>::new();
        let number = |number: u64| original.record(number).unwrap();
        let fill = |record: &Record| {
            let bytes = original.bytes[record.place.clone()].to_vec();
            move |room: &mut [u8]| {
                room.copy_from_slice(&bytes);
                true
            }
        };
        // Of 1, 2 and 3 the middle one is damaged.
        assert!(copy.restore(&number(1), fill(&number(1))));
        assert!(!copy.restore(&number(2), |_| false));
        assert!(copy.restore(&number(3), fill(&number(3))));
        assert!(!copy.restore(&number(1), fill(&number(1))), "not twice");
        assert!(copy.iter().eq([&[2; 4][..], &[4; 1]]));
        assert_eq!((copy.len(), copy.numbers(), copy.record(2)), (2, 1..4, None));
        // A batch is counted in samples, not in numbers.
        copy.begin_batch(2);
        push(&mut copy, &[5; 2]);
        acknowledge(&mut copy);
        assert!(copy.iter().eq([&[5; 2][..]]));
        assert_eq!(copy.numbers(), 4..5);
    }

    #[test]
    fn a_kept_sample_that_contradicts_the_others_is_not_taken() {
        let record = |number, place| Record { number, place, date: at(1) };
        let mut ring = Ring::<10, 4>::new();
        for place in [3..3, Range { start: 5, end: 4 }, 9..11, usize::MAX..usize::MAX] {
            assert!(!ring.restore(&record(0, place.clone()), |_| true), "{place:?}");
        }
        assert!(!ring.restore(&record(u64::MAX, 0..1), |_| true));
        assert!(ring.restore(&record(7, 4..6), |_| true));
        assert!(!ring.restore(&record(11, 6..7), |_| true), "more numbers than slots");
        assert!(!ring.restore(&record(8, 5..7), |_| true), "over another");
        assert!(ring.restore(&record(8, 1..3), |_| true));
        assert!(!ring.restore(&record(9, 6..8), |_| true), "behind one that lies before the oldest");
        assert!(ring.restore(&record(10, 3..4), |_| true));
        assert_eq!((ring.numbers(), ring.len()), (7..11, 3));
        // Four numbers are in use, though only three samples: the next one needs the first one's slot.
        assert_eq!(push(&mut ring, &[1]), 1);
        assert_eq!((ring.numbers(), ring.len()), (8..12, 3));
    }

    #[test]
    fn a_smaller_limit_counts_what_a_file_kept_beyond_it() {
        let mut ring = Small::new();
        ring.set_limit(2);
        for number in 0..3 {
            let date = at(number as u8);
            assert!(ring.restore(&Record { number, place: number as usize..number as usize + 1, date }, |_| true));
        }
        assert_eq!((ring.len(), ring.lost().total, ring.lost().span_ms()), (2, 1, Some((0, 0))));
    }

    #[test]
    fn numbers_go_on_where_a_file_left_off() {
        let mut ring = Small::new();
        ring.skip_to(41);
        push(&mut ring, &[1]);
        ring.skip_to(99);
        assert_eq!(ring.numbers(), 41..42);
    }

    /// A day at the default interval, taken every five minutes into the ring of the agent with room for a day: nothing
    /// is lost. Then one more, and another: one is, and another.
    #[test]
    fn a_day_of_samples_fits_and_past_it_the_loss_is_exact() {
        const DAY: u64 = 288;
        // Larger than a thread's stack.
        static RING: std::sync::Mutex<Ring<{ 4 * 1024 * 1024 }, 1024>> = std::sync::Mutex::new(Ring::new());
        let mut ring = RING.lock().unwrap();
        ring.set_limit(DAY as usize);
        // The size of a host with ninety processors.
        let sample = vec![b'x'; 14 * 1024];
        let date = |index: u64| Date { time_ms: index as i64 * 300_000, boot_ms: index * 300_000, is_fixed: false };
        for index in 0..DAY {
            assert_eq!(ring.push(date(index), &sample).lost, 0);
        }
        assert_eq!((ring.len() as u64, ring.lost()), (DAY, Loss::NONE));
        for index in DAY..3 * DAY {
            assert_eq!(ring.push(date(index), &sample).lost, 1);
            let lost = index + 1 - DAY;
            assert_eq!((ring.lost().total, ring.lost().span_ms()), (lost, Some((0, (lost - 1) as i64 * 300_000))));
        }
        assert_eq!(ring.numbers(), 2 * DAY..3 * DAY);
    }

    /// A queue with the same rules, obviously right: `sent` marks the samples of the batch under way. It does not
    /// know where bytes lie, so it takes over from the ring how many samples a push cost. Times are those of the steps.
    #[derive(Default)]
    struct Model {
        queue: VecDeque<Waiting>,
        pushed_out: Vec<i64>,
        lost: Vec<i64>,
    }

    struct Waiting {
        sample: Vec<u8>,
        time_ms: i64,
        sent: bool,
    }

    impl Model {
        fn push(&mut self, sample: Vec<u8>, time_ms: i64, forgotten: u64) {
            for _ in 0..forgotten {
                let oldest = self.queue.pop_front().unwrap();
                (if oldest.sent { &mut self.pushed_out } else { &mut self.lost }).push(oldest.time_ms);
            }
            self.queue.push_back(Waiting { sample, time_ms, sent: false });
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
                    let held_bytes: usize = model.queue.iter().map(|held| held.sample.len()).sum();
                    let time_ms = i64::from(step);
                    let forgotten = ring.push(Date { time_ms, ..Date::default() }, &sample).lost;
                    // Room is never wasted: with one sample's length to spare at the wrap, nothing need go.
                    if model.queue.len() < SLOTS && held_bytes + 2 * sample.len() + 8 <= BYTES {
                        assert_eq!(forgotten, 0, "step {step}");
                    }
                    model.push(sample, time_ms, forgotten);
                }
                4 if !batch_under_way => {
                    let count = (random >> 40) as usize % 4;
                    ring.begin_batch(count);
                    model.queue.iter_mut().take(count).for_each(|held| held.sent = true);
                }
                5 => {
                    acknowledge(&mut ring);
                    model.queue.retain(|held| !held.sent);
                    model.pushed_out.clear();
                }
                6 => {
                    ring.return_batch();
                    model.queue.iter_mut().for_each(|held| held.sent = false);
                    model.lost.append(&mut model.pushed_out);
                }
                7 => {
                    ring.discard_batch();
                    model.lost.append(&mut model.pushed_out);
                    model.lost.extend(model.queue.iter().filter(|held| held.sent).map(|held| held.time_ms));
                    model.queue.retain(|held| !held.sent);
                }
                _ => {}
            }
            assert!(ring.iter().eq(model.queue.iter().map(|held| &held.sample[..])), "step {step}");
            assert_eq!(ring.lost().total, model.lost.len() as u64, "step {step}");
            let span_ms = model.lost.iter().min().zip(model.lost.iter().max()).map(|(from, until)| (*from, *until));
            assert_eq!(ring.lost().span_ms(), span_ms, "step {step}");
        }
    }
}
