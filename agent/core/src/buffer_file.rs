//! The file that keeps the ring over a restart: how it is laid out, what is written when, and how it is read back.
//!
//! It mirrors the ring: a sample lies in the file's data where it lies in the ring's bytes, and has the slot of its
//! number. Its bytes are written first and its slot second, each with a CRC-32C, so that whatever a crash or a bad disk
//! leaves is a whole sample or none. What the master has is noted in two marks that take turns. There is no I/O here: a
//! [`Storage`] reads and writes at an offset (`docs/decisions/0028`).
//!
//! | offset | holds |
//! |---|---|
//! | 0 | header: magic, version, capacities, checksum |
//! | 4096, 8192 | a mark: generation, first number the master does not have, checksum |
//! | 12288 | the slots, 64 bytes each |
//! | behind them, at a multiple of 4096 | the data |
//!
//! All numbers are little-endian.

use core::ops::Range;

use crate::clock::Date;
use crate::ring::{Record, Ring};

/// Something that holds bytes at offsets.
pub trait Storage {
    /// Why it does not.
    type Error;

    /// Fills `into` with what is at `offset`.
    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), Self::Error>;

    /// Puts `bytes` at `offset`, which is within what was set aside for the file.
    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), Self::Error>;
}

/// The file of a ring with these capacities.
#[derive(Debug)]
pub struct BufferFile<S, const BYTES: usize, const SLOTS: usize> {
    storage: S,
    /// Tells this boot of the host from others.
    boot: u64,
    /// Generation of the newest mark.
    generation: u64,
}

/// Why a file cannot be read as one of this ring's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage<Error> {
    /// It cannot be read at all.
    Storage(Error),
    /// It does not begin as such a file does.
    Magic,
    /// Another version of the agent wrote it.
    Version(u32),
    /// Its header contradicts its checksum.
    Checksum,
    /// It is of a ring with other capacities.
    Capacity,
}

/// What was found in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Samples that are in the ring again.
    pub samples: u64,
    /// Samples whose bytes or slot are damaged: lost.
    pub damaged: u64,
    /// Samples of an earlier boot that never learned the time: nothing can date them any more, so they are lost.
    pub undated: u64,
}

const MAGIC: [u8; 8] = *b"neonbuf\n";
const VERSION: u32 = 1;
/// Parts that must not be torn together lie so far apart: the largest sector in use.
const BLOCK_BYTES: usize = 4096;
/// Length of a header, in bytes.
const HEADER_BYTES: usize = 24;
const MARK_BYTES: usize = 20;
const SLOT_BYTES: usize = 64;
const MARKS_AT: [u64; 2] = [BLOCK_BYTES as u64, 2 * BLOCK_BYTES as u64];
const SLOTS_AT: u64 = 3 * BLOCK_BYTES as u64;
/// The time of the sample is that of a clock that was trusted.
const FLAG_DATED: u32 = 1;

/// What a slot says of its sample.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Slot {
    record: Record,
    /// Oldest number that the ring held when this sample was added; what is before it is gone.
    first_number: u64,
    boot: u64,
    is_dated: bool,
    sample_checksum: u32,
}

impl<S: Storage, const BYTES: usize, const SLOTS: usize> BufferFile<S, BYTES, SLOTS> {
    /// Where the data begin.
    const DATA_AT: u64 = SLOTS_AT + (SLOTS * SLOT_BYTES).next_multiple_of(BLOCK_BYTES) as u64;
    /// Size of the file, in bytes.
    pub const FILE_BYTES: u64 = {
        assert!(BYTES <= u32::MAX as usize && SLOTS <= u32::MAX as usize);
        Self::DATA_AT + BYTES as u64
    };

    /// Makes a file of `storage`, which holds [`Self::FILE_BYTES`] zeroes. `boot` is another number for each boot.
    pub fn create(storage: S, boot: u64) -> Result<Self, S::Error> {
        storage.write(0, &Self::header())?;
        Ok(Self { storage, boot, generation: 0 })
    }

    /// Takes a file that was made before; `None` for one that was never written to.
    pub fn open(storage: S, boot: u64) -> Result<Option<Self>, Damage<S::Error>> {
        let mut header = [0; HEADER_BYTES];
        storage.read(0, &mut header).map_err(Damage::Storage)?;
        if header == [0; HEADER_BYTES] {
            return Ok(None);
        }
        let expected = Self::header();
        let (magic, rest) = header.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(Damage::Magic);
        }
        let version = Fields(rest).u32();
        if version != VERSION {
            return Err(Damage::Version(version));
        }
        if !is_sealed(&header) {
            return Err(Damage::Checksum);
        }
        if header != expected {
            return Err(Damage::Capacity);
        }
        Ok(Some(Self { storage, boot, generation: 0 }))
    }

    /// Reads the file back into the ring, which is new, oldest first. `base_ms` is what the wall clock showed at boot, if
    /// it is known; `write` puts a time into a sample's bytes.
    ///
    /// What is damaged is counted as lost, in the ring as well, and is not counted again the next time. Errors: the file
    /// cannot be written to.
    pub fn recover(
        &mut self,
        ring: &mut Ring<BYTES, SLOTS>,
        base_ms: Option<i64>,
        write: impl Fn(&mut [u8], i64),
    ) -> Result<Recovered, S::Error> {
        let mut recovered = Recovered::default();
        let settled = self.read_marks();
        let newest = (0..SLOTS as u64).filter_map(|index| self.read_slot(index).ok().flatten());
        let newest = newest.max_by_key(|slot| slot.record.number);
        let numbers = newest.map_or(0..0, |newest| {
            let end = newest.record.number.saturating_add(1);
            newest.first_number.max(settled).max(end.saturating_sub(SLOTS as u64))..end
        });
        self.count_damaged_newest(&numbers, settled, ring, &mut recovered)?;
        for number in numbers.clone() {
            let slot = self.read_slot(number).ok().flatten().filter(|slot| slot.record.number == number);
            let Some(slot) = slot else {
                recovered.damaged += 1;
                ring.count_lost(None);
                self.write_gap(number, numbers.start)?;
                continue;
            };
            // A gap that an earlier start has counted.
            if slot.record.place.is_empty() {
                continue;
            }
            let is_of_this_boot = slot.boot == self.boot;
            if !slot.is_dated && !is_of_this_boot {
                recovered.undated += 1;
                ring.count_lost(None);
                self.write_gap(number, numbers.start)?;
                continue;
            }
            let mut date = Date { is_fixed: !is_of_this_boot, ..slot.record.date };
            if let Some(base_ms) = base_ms {
                date = date.by_base(base_ms);
            }
            let record = Record { number, place: slot.record.place, date };
            let offset = Self::data_offset(&record.place);
            let is_in = ring.restore(&record, |bytes| {
                let is_good = self.storage.read(offset, bytes).is_ok() && checksum(bytes) == slot.sample_checksum;
                if is_good {
                    write(bytes, date.time_ms);
                }
                is_good
            });
            if is_in {
                recovered.samples += 1;
                if base_ms.is_some() && is_of_this_boot && (date != slot.record.date || !slot.is_dated) {
                    self.redate(number, date)?;
                }
            } else {
                recovered.damaged += 1;
                ring.count_lost(Some(date));
                self.write_gap(number, numbers.start)?;
            }
        }
        ring.skip_to(numbers.end.max(settled));
        self.settle(ring.numbers().start)?;
        Ok(recovered)
    }

    /// Keeps a sample that was added to the ring, which then held those from `first_number` on. `is_dated` says whether
    /// its time is that of a trusted clock.
    pub fn keep(&self, record: &Record, first_number: u64, is_dated: bool, sample: &[u8]) -> Result<(), S::Error> {
        self.storage.write(Self::data_offset(&record.place), sample)?;
        let sample_checksum = checksum(sample);
        let slot = Slot { record: record.clone(), first_number, boot: self.boot, is_dated, sample_checksum };
        self.storage.write(Self::slot_offset(record.number), &slot.encode())
    }

    /// Dates a kept sample anew, by a clock that is trusted. One that is not kept is passed over.
    pub fn redate(&self, number: u64, date: Date) -> Result<(), S::Error> {
        match self.read_slot(number)?.filter(|slot| slot.record.number == number) {
            Some(mut slot) => {
                slot.record.date = date;
                let slot = Slot { is_dated: true, ..slot };
                self.storage.write(Self::slot_offset(number), &slot.encode())
            }
            None => Ok(()),
        }
    }

    /// Notes that everything before `first_number` is settled: the master has it, or will never take it.
    pub fn settle(&mut self, first_number: u64) -> Result<(), S::Error> {
        let generation = self.generation + 1;
        let mut mark = [0; MARK_BYTES];
        put(&mut mark, 0, &generation.to_le_bytes());
        put(&mut mark, 8, &first_number.to_le_bytes());
        seal(&mut mark);
        // The one of them that is not the newest.
        let [even, odd] = MARKS_AT;
        self.storage.write(if generation.is_multiple_of(2) { even } else { odd }, &mark)?;
        self.generation = generation;
        Ok(())
    }

    fn header() -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        put(&mut header, 0, &MAGIC);
        put(&mut header, 8, &VERSION.to_le_bytes());
        put(&mut header, 12, &(SLOTS as u32).to_le_bytes());
        put(&mut header, 16, &(BYTES as u32).to_le_bytes());
        seal(&mut header);
        header
    }

    /// The first number that is not settled, 0 where neither mark can be read.
    fn read_marks(&mut self) -> u64 {
        let mut newest = (0, 0);
        for at in MARKS_AT {
            let mut mark = [0; MARK_BYTES];
            // A generation that nothing can follow is none that this wrote.
            if self.storage.read(at, &mut mark).is_ok() && is_sealed(&mark) {
                let mut fields = Fields(&mark);
                let (generation, first_number) = (fields.u64(), fields.u64());
                if generation < u64::MAX / 2 {
                    newest = newest.max((generation, first_number));
                }
            }
        }
        self.generation = newest.0;
        newest.1
    }

    /// Slots behind the newest that was found, which cannot be read but are not empty: the newest samples, damaged.
    fn count_damaged_newest(
        &self,
        numbers: &Range<u64>,
        settled: u64,
        ring: &mut Ring<BYTES, SLOTS>,
        recovered: &mut Recovered,
    ) -> Result<(), S::Error> {
        let end = numbers.end.max(settled);
        for number in end..end.saturating_add(SLOTS as u64) {
            if self.is_slot_empty_or_whole(number) {
                break;
            }
            recovered.damaged += 1;
            ring.count_lost(None);
            self.storage.write(Self::slot_offset(number), &[0; SLOT_BYTES])?;
        }
        Ok(())
    }

    fn is_slot_empty_or_whole(&self, number: u64) -> bool {
        let mut bytes = [0; SLOT_BYTES];
        self.storage.read(Self::slot_offset(number), &mut bytes).is_err()
            || bytes == [0; SLOT_BYTES]
            || is_sealed(&bytes)
    }

    /// The slot of a number, whosever it is now; `None` where it is damaged or was never written.
    fn read_slot(&self, number: u64) -> Result<Option<Slot>, S::Error> {
        let mut bytes = [0; SLOT_BYTES];
        self.storage.read(Self::slot_offset(number), &mut bytes)?;
        Ok(Slot::decode(&bytes))
    }

    /// Notes that there is no sample of this number any more, so that it is not counted again.
    fn write_gap(&self, number: u64, first_number: u64) -> Result<(), S::Error> {
        let record = Record { number, place: 0..0, date: Date::default() };
        let slot = Slot { record, first_number, boot: self.boot, is_dated: false, sample_checksum: 0 };
        self.storage.write(Self::slot_offset(number), &slot.encode())
    }

    fn slot_offset(number: u64) -> u64 {
        SLOTS_AT + number % SLOTS as u64 * SLOT_BYTES as u64
    }

    fn data_offset(place: &Range<usize>) -> u64 {
        Self::DATA_AT.saturating_add(place.start as u64)
    }
}

impl Slot {
    fn encode(&self) -> [u8; SLOT_BYTES] {
        let Record { number, place, date } = &self.record;
        let mut bytes = [0; SLOT_BYTES];
        put(&mut bytes, 0, &number.to_le_bytes());
        put(&mut bytes, 8, &self.first_number.to_le_bytes());
        put(&mut bytes, 16, &date.time_ms.to_le_bytes());
        put(&mut bytes, 24, &date.boot_ms.to_le_bytes());
        put(&mut bytes, 32, &self.boot.to_le_bytes());
        // Both fit: the ring's bytes are fewer than 2^32.
        put(&mut bytes, 40, &(place.start as u32).to_le_bytes());
        put(&mut bytes, 44, &(place.len() as u32).to_le_bytes());
        put(&mut bytes, 48, &self.sample_checksum.to_le_bytes());
        put(&mut bytes, 52, &if self.is_dated { FLAG_DATED } else { 0 }.to_le_bytes());
        seal(&mut bytes);
        bytes
    }

    fn decode(bytes: &[u8; SLOT_BYTES]) -> Option<Self> {
        if !is_sealed(bytes) {
            return None;
        }
        let mut fields = Fields(bytes);
        let (number, first_number) = (fields.u64(), fields.u64());
        let (time_ms, boot_ms, boot) = (fields.u64() as i64, fields.u64(), fields.u64());
        let (start, length) = (fields.u32() as usize, fields.u32() as usize);
        let (sample_checksum, flags) = (fields.u32(), fields.u32());
        let date = Date { time_ms, boot_ms, is_fixed: false };
        let record = Record { number, place: start..start.checked_add(length)?, date };
        Some(Self { record, first_number, boot, is_dated: flags & FLAG_DATED != 0, sample_checksum })
    }
}

/// Little-endian numbers, one after the other; zeroes behind the end.
struct Fields<'b>(&'b [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => [0; N],
        }
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}

/// Writes over a part of a block; all of them have room, as the tests show.
fn put(block: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = block.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

/// Puts the checksum of a block into its last four bytes.
fn seal(block: &mut [u8]) {
    if let Some((rest, place)) = block.split_last_chunk_mut() {
        *place = checksum(rest).to_le_bytes();
    }
}

/// Whether a block ends with its checksum. One of all zeroes does not: that of zeroes is none.
fn is_sealed(block: &[u8]) -> bool {
    block.split_last_chunk().is_some_and(|(rest, seal)| checksum(rest).to_le_bytes() == *seal)
}

/// CRC-32C (Castagnoli): RFC 3720, appendix B.4. It finds every burst of up to 32 bits.
pub fn checksum(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| CHECKSUM_TABLE[usize::from(crc as u8 ^ byte)] ^ crc >> 8;
    !bytes.iter().fold(!0, step)
}

const CHECKSUM_TABLE: [u32; 256] = {
    /// 0x1EDC6F41, its bits the other way round.
    const POLYNOMIAL: u32 = 0x82F6_3B78;
    let (mut table, mut byte) = ([0; 256], 0);
    while byte < 256 {
        let (mut crc, mut bit) = (byte as u32, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    extern crate std;
    use std::cell::{Cell, RefCell};
    use std::vec;
    use std::vec::Vec;

    use super::*;

    const BYTES: usize = 24;
    const SLOTS: usize = 5;
    const BOOT: u64 = 1;

    type File<'d> = BufferFile<&'d Disk, BYTES, SLOTS>;
    type Small = Ring<BYTES, SLOTS>;

    /// A file in memory whose machine fails after so many written bytes.
    struct Disk {
        bytes: RefCell<Vec<u8>>,
        written_until_failure: Cell<usize>,
    }

    impl Disk {
        fn new() -> Self {
            Self::of(vec![0; File::FILE_BYTES as usize])
        }

        fn of(bytes: Vec<u8>) -> Self {
            Self { bytes: RefCell::new(bytes), written_until_failure: Cell::new(usize::MAX) }
        }

        fn copy(&self) -> Self {
            Self::of(self.bytes.borrow().clone())
        }
    }

    impl Storage for &Disk {
        type Error = ();

        fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), ()> {
            let offset = usize::try_from(offset).map_err(drop)?;
            let bytes = self.bytes.borrow();
            into.copy_from_slice(bytes.get(offset..).and_then(|bytes| bytes.get(..into.len())).ok_or(())?);
            Ok(())
        }

        fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), ()> {
            let count = bytes.len().min(self.written_until_failure.get());
            self.written_until_failure.set(self.written_until_failure.get() - count);
            let mut file = self.bytes.borrow_mut();
            let place = file.get_mut(offset as usize..offset as usize + bytes.len()).ok_or(())?;
            place[..count].copy_from_slice(&bytes[..count]);
            if count == bytes.len() { Ok(()) } else { Err(()) }
        }
    }

    /// Taken `second` seconds after a boot at 1970.
    fn at(second: u8) -> Date {
        Date { time_ms: i64::from(second) * 1000, boot_ms: u64::from(second) * 1000, is_fixed: false }
    }

    fn write(sample: &mut [u8], time_ms: i64) {
        sample[0] = (time_ms / 1000) as u8;
    }

    /// Adds a sample of `length` bytes that begins with `second`, to the ring and to the file.
    fn keep(file: &File<'_>, ring: &mut Small, second: u8, length: usize) -> Result<(), ()> {
        let sample = vec![second; length];
        let record = ring.push(at(second), &sample).record.unwrap();
        file.keep(&record, ring.numbers().start, true, &sample)
    }

    fn acknowledge(file: &mut File<'_>, ring: &mut Small, count: usize) -> Result<(), ()> {
        ring.begin_batch(count);
        ring.acknowledge_batch(i64::MAX);
        file.settle(ring.numbers().start)
    }

    /// What a start finds, by a clock that was at `base_ms` at boot.
    fn start_in(disk: &Disk, boot: u64, base_ms: Option<i64>) -> (Small, Recovered) {
        let mut ring = Small::new();
        let mut file = File::open(disk, boot).unwrap().unwrap();
        let recovered = file.recover(&mut ring, base_ms, write).unwrap();
        assert_eq!(recovered.damaged + recovered.undated, ring.lost().total);
        (ring, recovered)
    }

    fn start(disk: &Disk) -> (Small, Recovered) {
        start_in(disk, BOOT, Some(0))
    }

    fn held(ring: &Small) -> Vec<Vec<u8>> {
        ring.iter().map(<[u8]>::to_vec).collect()
    }

    fn found(samples: u64) -> Recovered {
        Recovered { samples, ..Recovered::default() }
    }

    #[test]
    fn checksums_are_those_of_the_rfc() {
        assert_eq!(checksum(b"123456789"), 0xE306_9283);
        assert_eq!(checksum(&[0; 32]), 0x8A91_36AA);
        assert_eq!(checksum(&[0xFF; 32]), 0x62A8_AB43);
        let ascending: Vec<u8> = (0..32).collect();
        assert_eq!(checksum(&ascending), 0x46DD_794E);
        assert_eq!(checksum(b""), 0);
    }

    #[test]
    fn every_block_has_room_for_its_fields() {
        let record = Record {
            number: u64::MAX,
            place: 1..u32::MAX as usize,
            date: Date { time_ms: -1, boot_ms: 7, is_fixed: false },
        };
        let slot = Slot { record, first_number: 3, boot: u64::MAX, is_dated: true, sample_checksum: 9 };
        assert_eq!(Slot::decode(&slot.encode()), Some(slot));
        assert_eq!(Slot::decode(&[0; SLOT_BYTES]), None);
        let header = File::header();
        assert_eq!((&header[..8], header[12], header[16]), (&MAGIC[..], SLOTS as u8, BYTES as u8));
        assert!(is_sealed(&header));
    }

    #[test]
    fn what_was_kept_is_read_back_with_its_numbers() {
        let disk = Disk::new();
        assert!(File::open(&disk, BOOT).unwrap().is_none(), "never written to");
        let (mut file, mut ring) = (File::create(&disk, BOOT).unwrap(), Small::new());
        assert_eq!(start(&disk).1, found(0));
        for second in 1..30 {
            keep(&file, &mut ring, second, 1 + usize::from(second) % 9).unwrap();
            if second % 4 == 0 {
                acknowledge(&mut file, &mut ring, usize::from(second) % 3).unwrap();
            }
            let (read, recovered) = start(&disk.copy());
            assert_eq!((held(&read), recovered), (held(&ring), found(ring.len() as u64)), "after {second}");
            assert_eq!(read.numbers(), ring.numbers());
            // They lie where they lay, so the file can be used on.
            assert!(ring.numbers().all(|number| read.record(number) == ring.record(number)));
        }
    }

    #[test]
    fn everything_settled_leaves_nothing_and_the_numbers_go_on() {
        let disk = Disk::new();
        let (mut file, mut ring) = (File::create(&disk, BOOT).unwrap(), Small::new());
        for second in 0..3 {
            keep(&file, &mut ring, second, 3).unwrap();
        }
        acknowledge(&mut file, &mut ring, 3).unwrap();
        let (mut read, recovered) = start(&disk);
        assert_eq!((recovered, read.numbers()), (found(0), 3..3));
        // A new sample lies over the old ones; of them nothing is found, and nothing missed.
        let file = File::open(&disk, BOOT).unwrap().unwrap();
        keep(&file, &mut read, 9, 20).unwrap();
        assert_eq!((held(&start(&disk).0), start(&disk).1), (vec![vec![9; 20]], found(1)));
    }

    #[test]
    fn a_smaller_ring_takes_the_newest_of_a_file() {
        let disk = Disk::new();
        let (file, mut ring) = (File::create(&disk, BOOT).unwrap(), Small::new());
        for second in 1..5 {
            keep(&file, &mut ring, second, 2).unwrap();
        }
        let mut small = Small::new();
        small.set_limit(2);
        let recovered = File::open(&disk, BOOT).unwrap().unwrap().recover(&mut small, Some(0), write).unwrap();
        assert_eq!((held(&small), recovered.samples), (vec![vec![3; 2], vec![4; 2]], 4));
        assert_eq!((small.lost().total, small.lost().span_ms()), (2, Some((1000, 2000))));
    }

    #[test]
    fn a_clock_that_was_set_between_two_runs_of_one_boot_dates_anew() {
        let disk = Disk::new();
        let (file, mut ring) = (File::create(&disk, BOOT).unwrap(), Small::new());
        keep(&file, &mut ring, 10, 1).unwrap();
        for _ in 0..2 {
            assert_eq!(held(&start_in(&disk, BOOT, Some(100_000)).0), [[110]]);
        }
        assert_eq!(held(&start_in(&disk, BOOT, None).0), [[110]], "it was noted, for a clock that is lost again");
        // Of another boot the time stays what it is.
        let (read, _) = start_in(&disk, BOOT + 1, Some(7_000_000));
        assert_eq!(read.record(0).unwrap().date, Date { time_ms: 110_000, boot_ms: 10_000, is_fixed: true });
    }

    #[test]
    fn a_sample_that_never_learned_the_time_is_lost_with_its_boot_alone() {
        let disk = Disk::new();
        let (file, mut ring) = (File::create(&disk, BOOT).unwrap(), Small::new());
        for second in [10, 11] {
            let record = ring.push(at(second), &[second]).record.unwrap();
            file.keep(&record, 0, false, &[second]).unwrap();
        }
        // The same boot, which has a clock now, or none yet.
        assert_eq!(held(&start_in(&disk.copy(), BOOT, Some(100_000)).0), [[110], [111]]);
        assert_eq!(start_in(&disk.copy(), BOOT, None).1, found(2));
        file.redate(1, at(50)).unwrap();
        file.redate(2, at(50)).unwrap();
        let (read, recovered) = start_in(&disk, BOOT + 1, Some(0));
        assert_eq!((held(&read), recovered), (vec![vec![50]], Recovered { samples: 1, damaged: 0, undated: 1 }));
        assert_eq!(start_in(&disk, BOOT + 1, Some(0)).1, found(1), "counted once");
    }

    /// The seconds that a ring's samples begin with, each of which must be whole.
    fn seconds(ring: &Small) -> Vec<u8> {
        held(ring).iter().map(|sample| (sample.iter().all(|byte| *byte == sample[0]), sample[0]).1).collect()
    }

    /// Three samples that wait, one that is settled, and one that was pushed out.
    fn disk_with_three() -> Disk {
        let disk = Disk::new();
        let (mut file, mut ring) = (File::create(&disk, BOOT).unwrap(), Small::new());
        for second in 1..7 {
            keep(&file, &mut ring, second, 5).unwrap();
        }
        acknowledge(&mut file, &mut ring, 1).unwrap();
        assert_eq!(seconds(&ring), [4, 5, 6]);
        disk
    }

    #[test]
    fn a_flip_of_any_bit_costs_one_sample_or_nothing() {
        let disk = disk_with_three();
        // All of it but what lies between the parts, which nobody reads.
        let parts = [0..HEADER_BYTES, 4096..4096 + MARK_BYTES, 8192..8192 + MARK_BYTES, 12288..12608, 16384..16408];
        for bit in parts.into_iter().flat_map(|part| part.start * 8..part.end * 8) {
            let flipped = disk.copy();
            flipped.bytes.borrow_mut()[bit / 8] ^= 1 << (bit % 8);
            let mut ring = Small::new();
            let file = match File::open(&flipped, BOOT) {
                Ok(file) => file,
                Err(_) => {
                    assert!(bit / 8 < HEADER_BYTES, "bit {bit}");
                    continue;
                }
            };
            let recovered = file.unwrap().recover(&mut ring, Some(0), write).unwrap();
            let (seconds, damaged) = (seconds(&ring), recovered.damaged);
            let expected: &[(&[u8], u64)] = match (bit / 8) as u64 {
                // The newest mark: the older one says less, so the one that was settled is found again.
                4096..8216 => &[(&[4, 5, 6], 0), (&[3, 4, 5, 6], 0)],
                // A slot, of those that count or not. One behind the newest counts as well: it could have been newer.
                12288..12608 => &[(&[4, 5, 6], 0), (&[4, 5, 6], 1), (&[5, 6], 1), (&[4, 6], 1), (&[4, 5], 1)],
                16384.. => &[(&[4, 5, 6], 0), (&[5, 6], 1), (&[4, 6], 1), (&[4, 5], 1)],
                _ => &[(&[4, 5, 6], 0)],
            };
            assert!(expected.contains(&(&seconds, damaged)), "bit {bit}: {seconds:?}, {damaged} damaged");
            // The next start finds the same, and counts nothing again.
            if damaged > 0 {
                assert_eq!(start(&flipped).1, found(seconds.len() as u64), "bit {bit}");
            }
        }
    }

    #[test]
    fn a_file_cut_anywhere_gives_whole_samples_in_order() {
        let disk = disk_with_three();
        let length = disk.bytes.borrow().len();
        for cut in 0..length {
            let short = Disk::of(disk.bytes.borrow()[..cut].to_vec());
            let mut ring = Small::new();
            if let Ok(Some(mut file)) = File::open(&short, BOOT) {
                // Past the cut nothing can be written, which only a file of the right size need take.
                let _ = file.recover(&mut ring, Some(0), write);
            }
            assert!([4, 5, 6].starts_with(&seconds(&ring)) || seconds(&ring).is_sorted(), "cut at {cut}");
        }
    }

    #[test]
    fn a_crash_at_any_byte_of_a_write_costs_nothing_that_was_kept() {
        // Each step of a run is broken off after each of its bytes; then the agent starts again.
        type Step = fn(&mut File<'_>, &mut Small) -> Result<(), ()>;
        let steps: [Step; 6] = [
            |file, ring| keep(file, ring, 7, 3),
            |file, ring| keep(file, ring, 7, 11),
            |file, ring| keep(file, ring, 7, 24),
            |file, ring| acknowledge(file, ring, 1),
            |file, ring| acknowledge(file, ring, 3),
            |file, ring| acknowledge(file, ring, 2).and_then(|()| keep(file, ring, 7, 20)),
        ];
        for (index, step) in steps.iter().enumerate() {
            for written in 0.. {
                let disk = disk_with_three();
                let (mut ring, _) = start(&disk);
                let before = seconds(&ring);
                let mut file = File::open(&disk, BOOT).unwrap().unwrap();
                file.read_marks();
                disk.written_until_failure.set(written);
                let is_whole = step(&mut file, &mut ring).is_ok();
                disk.written_until_failure.set(usize::MAX);
                let (after, found) = (seconds(&ring), seconds(&start(&disk).0));
                let of = |number: &u8| before.contains(number) || after.contains(number);
                assert!(found.is_sorted() && found.iter().all(of), "step {index}, {written} bytes: {found:?}");
                let kept: Vec<u8> = before.iter().filter(|number| after.contains(number)).copied().collect();
                assert!(kept.iter().all(|number| found.contains(number)), "step {index}, {written} bytes: {found:?}");
                if is_whole {
                    assert_eq!(found, after, "step {index}");
                    break;
                }
            }
        }
    }

    #[test]
    fn what_is_no_file_of_this_ring_is_named() {
        let disk = Disk::new();
        File::create(&disk, BOOT).unwrap();
        let with = |at: usize, byte: u8| {
            let other = disk.copy();
            other.bytes.borrow_mut()[at] = byte;
            File::open(&other, BOOT).map(|_| ()).unwrap_err()
        };
        assert_eq!(with(0, b'N'), Damage::Magic);
        assert_eq!(with(8, 2), Damage::Version(2));
        assert_eq!(with(12, 6), Damage::Checksum);
        assert_eq!(File::open(&Disk::of(Vec::new()), BOOT).map(|_| ()).unwrap_err(), Damage::Storage(()));
        BufferFile::<_, BYTES, 6>::create(&disk, BOOT).unwrap();
        assert_eq!(File::open(&disk, BOOT).map(|_| ()).unwrap_err(), Damage::Capacity);
    }
}
