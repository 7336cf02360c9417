//! A buffer file gives back what was kept in it: after any operations exactly that, after a crash in the middle of a
//! write at least what was there before and after it, and after damage whole samples in order. Any bytes are read.
#![no_main]

use std::cell::{Cell, RefCell};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use neon_agent_core::buffer_file::{BufferFile, Storage};
use neon_agent_core::clock::Date;
use neon_agent_core::ring::Ring;

const BYTES: usize = 24;
const SLOTS: usize = 5;
const BOOT: u64 = 7;

type File<'d> = BufferFile<&'d Disk, BYTES, SLOTS>;
type Small = Ring<BYTES, SLOTS>;

#[derive(Arbitrary, Debug)]
enum Operation {
    /// A sample of this many bytes.
    Push(u8),
    Acknowledge(u8),
    Limit(u8),
    /// The agent ends, whatever it was doing, and starts again.
    Restart,
    /// The clock is set so that it was at this second at boot.
    Redate(u8),
}

#[derive(Arbitrary, Debug)]
enum End {
    Whole,
    /// The next operation is broken off after so many bytes.
    Crash(Operation, u8),
    /// This bit of the file is flipped.
    Flip(u32),
    /// The file ends here.
    Cut(u32),
    /// These bytes are written over it from here on.
    Overwrite(u32, Vec<u8>),
}

struct Disk {
    bytes: RefCell<Vec<u8>>,
    written_until_failure: Cell<usize>,
}

impl Storage for &Disk {
    type Error = ();

    fn read(&self, offset: u64, into: &mut [u8]) -> Result<(), ()> {
        let bytes = self.bytes.borrow();
        let from = bytes.get(usize::try_from(offset).map_err(drop)?..).ok_or(())?;
        into.copy_from_slice(from.get(..into.len()).ok_or(())?);
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

/// Stands for the time in a sample's bytes: its last one is left for its number.
fn write(sample: &mut [u8], time_ms: i64) {
    if sample.len() > 1 {
        sample[0] = (time_ms / 1000 % 251) as u8;
    }
}

fn held(ring: &Small) -> Vec<Vec<u8>> {
    ring.iter().map(<[u8]>::to_vec).collect()
}

/// Numbers of the samples, by their last byte.
fn marks(ring: &Small) -> Vec<u8> {
    ring.iter().map(|sample| *sample.last().unwrap()).collect()
}

/// An agent with its file.
struct Agent<'d> {
    disk: &'d Disk,
    file: File<'d>,
    ring: Small,
    limit: usize,
    /// Samples taken so far.
    taken: u8,
    base_ms: i64,
}

impl<'d> Agent<'d> {
    fn start(disk: &'d Disk, limit: usize, taken: u8, base_ms: i64) -> Option<Self> {
        let mut file = match File::open(disk, BOOT) {
            Ok(Some(file)) => file,
            Ok(None) => File::create(disk, BOOT).ok()?,
            Err(_) => return None,
        };
        let mut ring = Small::new();
        ring.set_limit(limit);
        // A file that is too short takes no marks; what was read of it is in the ring all the same.
        let _ = file.recover(&mut ring, Some(base_ms), write);
        Some(Self { disk, file, ring, limit, taken, base_ms })
    }

    fn apply(&mut self, operation: &Operation) -> Result<(), ()> {
        match *operation {
            Operation::Push(length) => {
                // Only as many as a byte tells apart.
                let Some(taken) = self.taken.checked_add(1) else { return Ok(()) };
                self.taken = taken;
                let boot_ms = u64::from(taken) * 10_000;
                let date = Date { time_ms: self.base_ms + boot_ms as i64, boot_ms, is_fixed: false };
                let mut sample = vec![taken; 1 + usize::from(length) % BYTES];
                write(&mut sample, date.time_ms);
                if let Some(record) = self.ring.push(date, &sample).record {
                    self.file.keep(&record, self.ring.numbers().start, true, &sample)?;
                }
            }
            Operation::Acknowledge(count) => {
                self.ring.begin_batch(usize::from(count));
                self.ring.acknowledge_batch(i64::MAX);
                self.file.settle(self.ring.numbers().start)?;
            }
            Operation::Limit(limit) => {
                self.limit = usize::from(limit);
                self.ring.set_limit(self.limit);
                // The agent reads its limit when it starts, before the file.
                self.file.settle(self.ring.numbers().start)?;
            }
            Operation::Redate(second) => {
                self.base_ms = i64::from(second) * 1000;
                self.ring.redate(self.base_ms, write);
                for record in self.ring.numbers().filter_map(|number| self.ring.record(number)) {
                    self.file.redate(record.number, record.date)?;
                }
            }
            Operation::Restart => {
                let before = held(&self.ring);
                *self = Self::start(self.disk, self.limit, self.taken, self.base_ms).ok_or(())?;
                if self.disk.written_until_failure.get() == usize::MAX {
                    assert_eq!(held(&self.ring), before);
                    assert_eq!(self.ring.lost().total, 0);
                }
            }
        }
        Ok(())
    }
}

fuzz_target!(|input: (Vec<Operation>, End)| {
    let (operations, end) = input;
    let disk = Disk {
        bytes: RefCell::new(vec![0; File::FILE_BYTES as usize]),
        written_until_failure: Cell::new(usize::MAX),
    };
    let mut agent = Agent::start(&disk, SLOTS, 0, 0).unwrap();
    for operation in &operations {
        agent.apply(operation).unwrap();
    }
    let before = marks(&agent.ring);
    let (limit, taken, base_ms) = (agent.limit, agent.taken, agent.base_ms);
    let length = disk.bytes.borrow().len();
    // What may be found, and what must.
    let (may, must) = match &end {
        End::Whole => (before.clone(), before),
        End::Crash(operation, bytes) => {
            disk.written_until_failure.set(usize::from(*bytes));
            let _ = agent.apply(operation);
            disk.written_until_failure.set(usize::MAX);
            let after = marks(&agent.ring);
            if matches!(operation, Operation::Redate(_)) {
                // A slot that is written again lies in one sector, which no disk writes by halves. Here it is, which is
                // damage to it; where it was the newest, what was pushed out before may be found again.
                ((0..=taken).collect(), Vec::new())
            } else {
                let both = before.iter().filter(|mark| after.contains(mark)).copied().collect();
                (before.into_iter().chain(after).collect(), both)
            }
        }
        damage => {
            let mut file = disk.bytes.borrow_mut();
            match damage {
                End::Flip(bit) => file[*bit as usize / 8 % length] ^= 1 << (bit % 8),
                End::Cut(at) => file.truncate(*at as usize % length),
                End::Overwrite(at, bytes) => {
                    let place = &mut file[*at as usize % length..];
                    let count = bytes.len().min(place.len());
                    place[..count].copy_from_slice(&bytes[..count]);
                }
                End::Whole | End::Crash(..) => {}
            }
            ((0..=taken).collect(), Vec::new())
        }
    };
    let Some(agent) = Agent::start(&disk, limit, taken, base_ms) else {
        assert!(!matches!(end, End::Whole | End::Crash(..)), "the header was not touched");
        return;
    };
    let found = marks(&agent.ring);
    assert!(found.is_sorted_by(|earlier, later| earlier < later), "in order, and none twice: {found:?}");
    assert!(found.iter().all(|mark| may.contains(mark)), "{found:?}, not of {may:?}");
    assert!(must.iter().all(|mark| found.contains(mark)), "{found:?}, without one of {must:?}");
    assert!(agent.ring.iter().all(|sample| sample.iter().skip(1).all(|byte| Some(byte) == sample.last())));
    if matches!(end, End::Whole) {
        assert_eq!(agent.ring.lost().total, 0);
    }
    // What was damaged is counted once.
    if !matches!(end, End::Cut(_)) {
        let again = Agent::start(&disk, limit, taken, base_ms).unwrap();
        assert_eq!((held(&again.ring), again.ring.lost().total), (held(&agent.ring), 0));
    }
});
