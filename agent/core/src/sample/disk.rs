//! Block devices: their counters, and the rates between two readings.

use core::mem;

use neon_shared::readings::{DiskRates, DiskReading};

use crate::parse::Fault;
use crate::parse::diskstats::{Disk, diskstats};
use crate::text::Text;

/// Most devices that are told apart; more are counted by [`Disks::left_out`].
pub const DISKS_MAX: usize = 64;
/// Longest device name kept, in bytes (DISK_NAME_LEN of the kernel's linux/blkdev.h).
pub const DISK_NAME_BYTES: usize = 32;
/// A sector of `/proc/diskstats` has this many bytes whatever the disk's own are (kernel document iostats).
const SECTOR_BYTES: u64 = 512;
/// Devices that are no disks: files, memory, floppies and optical drives.
const LEFT_OUT_PREFIXES: [&[u8]; 5] = [b"loop", b"ram", b"zram", b"fd", b"sr"];

/// One device's reading.
pub type DiskEntry = DiskReading<Text<DISK_NAME_BYTES>>;

/// The devices of one host. Their counters of the previous sample stay, for the rates of the next.
#[derive(Debug)]
pub struct Disks {
    readings: heapless::Vec<DiskEntry, DISKS_MAX>,
    /// Devices of this sample are `readings[..seen]`.
    seen: usize,
    left_out: u32,
}

impl Disks {
    /// None seen yet; all zeroes.
    pub const fn new() -> Self {
        Self { readings: heapless::Vec::new(), seen: 0, left_out: 0 }
    }

    /// Begins a new sample.
    pub fn clear(&mut self) {
        self.readings.truncate(self.seen);
        self.seen = 0;
        self.left_out = 0;
    }

    /// Takes `/proc/diskstats`; `elapsed_ms` is the time since the previous sample.
    ///
    /// Partitions, RAM disks, loop devices and their like are passed over. A malformed line costs its device alone; the
    /// first such fault is the error.
    pub fn take(&mut self, bytes: &[u8], elapsed_ms: u64) -> Result<(), Fault> {
        let mut whole = heapless::Vec::<u8, DISK_NAME_BYTES>::new();
        super::each(diskstats(bytes, |name| is_whole_disk(name, &mut whole)), |disk| self.add(&disk, elapsed_ms))
    }

    fn add(&mut self, disk: &Disk<'_>, elapsed_ms: u64) {
        let Some(is_known) = self.find(disk.name) else {
            self.left_out = self.left_out.saturating_add(1);
            return;
        };
        let Some(entry) = self.readings.get_mut(self.seen) else { return };
        let now = reading(disk);
        let rates = if is_known { rates(entry, &now, elapsed_ms) } else { None };
        *entry = DiskReading {
            device: mem::take(&mut entry.device),
            reads_total: now.reads_total,
            writes_total: now.writes_total,
            read_bytes_total: now.read_bytes_total,
            written_bytes_total: now.written_bytes_total,
            busy_milliseconds_total: now.busy_milliseconds_total,
            wait_milliseconds_total: now.wait_milliseconds_total,
            rates,
        };
        self.seen += 1;
    }

    /// Brings the device of this name to `readings[seen]`; whether it was known, or `None` where there is no room.
    fn find(&mut self, name: &[u8]) -> Option<bool> {
        // Devices keep their order, so the one at this place is nearly always the one.
        if self.readings.get(self.seen).is_some_and(|known| known.device.as_bytes() == name) {
            return Some(true);
        }
        let device = Text::from_bytes(name);
        let place = self.readings.iter().skip(self.seen).position(|known| known.device == device);
        if place.is_none() {
            self.readings.push(DiskEntry { device, ..DiskEntry::default() }).ok()?;
        }
        let last = self.readings.len() - 1;
        self.readings.swap(place.map_or(last, |place| place + self.seen), self.seen);
        Some(place.is_some())
    }

    /// The devices of this sample.
    pub fn readings(&self) -> &[DiskEntry] {
        self.readings.get(..self.seen).unwrap_or_default()
    }

    /// Devices that found no room.
    pub fn left_out(&self) -> u32 {
        self.left_out
    }
}

impl Default for Disks {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a device counts. `whole` is the last one that is no partition: its partitions follow it in the file.
fn is_whole_disk(name: &[u8], whole: &mut heapless::Vec<u8, DISK_NAME_BYTES>) -> bool {
    if LEFT_OUT_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || is_partition_of(name, whole) {
        return false;
    }
    whole.clear();
    // A longer name than the kernel's longest is no disk's whose partitions need be known.
    let _ = whole.extend_from_slice(name);
    true
}

/// Whether `name` is a partition of the device `whole`: its number follows, after a `p` where the device's own name
/// ends in a digit (`sda1`, `nvme0n1p1`; kernel, `block/partitions/core.c`).
fn is_partition_of(name: &[u8], whole: &[u8]) -> bool {
    let Some(last) = whole.last() else { return false };
    let Some(number) = name.strip_prefix(whole) else { return false };
    let number = if last.is_ascii_digit() { number.strip_prefix(b"p") } else { Some(number) };
    number.is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

/// The counters alone.
fn reading(disk: &Disk<'_>) -> DiskReading<()> {
    DiskReading {
        device: (),
        reads_total: disk.reads_total,
        writes_total: disk.writes_total,
        read_bytes_total: disk.read_sectors_total.saturating_mul(SECTOR_BYTES),
        written_bytes_total: disk.write_sectors_total.saturating_mul(SECTOR_BYTES),
        busy_milliseconds_total: disk.busy_ms_total,
        wait_milliseconds_total: disk.read_ms_total.saturating_add(disk.write_ms_total),
        rates: None,
    }
}

/// `None` when no time has passed, or a counter went backwards.
fn rates(previous: &DiskEntry, now: &DiskReading<()>, elapsed_ms: u64) -> Option<DiskRates> {
    let reads = now.reads_total.checked_sub(previous.reads_total)?;
    let writes = now.writes_total.checked_sub(previous.writes_total)?;
    let read_bytes = now.read_bytes_total.checked_sub(previous.read_bytes_total)?;
    let written_bytes = now.written_bytes_total.checked_sub(previous.written_bytes_total)?;
    let busy_ms = now.busy_milliseconds_total.checked_sub(previous.busy_milliseconds_total)?;
    let wait_ms = now.wait_milliseconds_total.checked_sub(previous.wait_milliseconds_total)?;
    let per_second = |count: u64| count.saturating_mul(1000).checked_div(elapsed_ms);
    let requests = reads.saturating_add(writes);
    Some(DiskRates {
        read_bytes_per_second: per_second(read_bytes)?,
        written_bytes_per_second: per_second(written_bytes)?,
        reads_per_second: super::ratio32(reads, elapsed_ms, 1000),
        writes_per_second: super::ratio32(writes, elapsed_ms, 1000),
        utilisation_percent: super::percent32(busy_ms, elapsed_ms),
        mean_wait_milliseconds: (requests > 0).then(|| super::ratio32(wait_ms, requests, 1)),
    })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    use super::*;

    /// A line of the file in which every counter is a multiple of `count`.
    fn line(name: &str, count: u64) -> String {
        let counters = [1, 0, 8, 2, 3, 0, 16, 6, 0, 5, 0].map(|factor| format!("{}", factor * count));
        format!("8 0 {name} {}\n", counters.join(" "))
    }

    /// The devices after samples 10 seconds apart, each given as names and counts.
    fn after(samples: &[&[(&str, u64)]]) -> Disks {
        let mut disks = Disks::new();
        for sample in samples {
            disks.clear();
            let file: String = sample.iter().map(|(name, count)| line(name, *count)).collect();
            disks.take(file.as_bytes(), 10_000).unwrap();
        }
        disks
    }

    fn names(disks: &Disks) -> Vec<String> {
        disks.readings().iter().map(|reading| format!("{}", reading.device)).collect()
    }

    #[test]
    fn partitions_and_what_is_no_disk_are_left_out() {
        let listed = [
            "ram0",
            "loop0",
            "sr0",
            "zram0",
            "sda",
            "sda1",
            "sda15",
            "sdaa",
            "sdaa2",
            "nvme0n1",
            "nvme0n1p1",
            "md1",
            "md1p1",
            "md10",
            "dm-1",
            "dm-10",
            "xvdb1",
        ];
        let disks = after(&[&listed.map(|name| (name, 1))]);
        assert_eq!(names(&disks), ["sda", "sdaa", "nvme0n1", "md1", "md10", "dm-1", "dm-10", "xvdb1"]);
    }

    #[test]
    fn rates_are_those_between_two_samples() {
        let disks = after(&[&[("sda", 100)], &[("sda", 300)]]);
        let reading = &disks.readings()[0];
        assert_eq!((reading.read_bytes_total, reading.wait_milliseconds_total), (300 * 8 * 512, 300 * 8));
        let rates = reading.rates.unwrap();
        assert_eq!((rates.reads_per_second, rates.writes_per_second), (20.0, 60.0));
        assert_eq!((rates.read_bytes_per_second, rates.written_bytes_per_second), (81_920, 163_840));
        assert_eq!((rates.utilisation_percent, rates.mean_wait_milliseconds), (10.0, Some(2.0)));
    }

    #[test]
    fn the_first_sample_has_no_rates_and_an_idle_disk_no_wait() {
        assert_eq!(after(&[&[("sda", 100)]]).readings()[0].rates, None);
        let idle = after(&[&[("sda", 100)], &[("sda", 100)]]);
        assert_eq!(idle.readings()[0].rates, Some(DiskRates::default()));
    }

    #[test]
    fn a_counter_that_goes_backwards_is_a_new_baseline() {
        assert_eq!(after(&[&[("sda", 100)], &[("sda", 99)]]).readings()[0].rates, None);
        assert!(after(&[&[("sda", 100)], &[("sda", 99)], &[("sda", 100)]]).readings()[0].rates.is_some());
    }

    #[test]
    fn no_time_at_all_gives_no_rates() {
        let mut disks = after(&[&[("sda", 100)]]);
        disks.clear();
        disks.take(line("sda", 200).as_bytes(), 0).unwrap();
        assert_eq!(disks.readings()[0].rates, None);
    }

    #[test]
    fn a_device_that_went_and_came_back_starts_anew() {
        let disks = after(&[&[("sda", 1), ("sdb", 1)], &[("sdb", 2)], &[("sda", 3), ("sdb", 3)]]);
        assert_eq!(names(&disks), ["sda", "sdb"]);
        let has_rates: Vec<bool> = disks.readings().iter().map(|reading| reading.rates.is_some()).collect();
        assert_eq!(has_rates, [false, true]);
    }

    #[test]
    fn devices_past_the_capacity_are_counted() {
        let names: Vec<String> = (0..=DISKS_MAX).map(|number| format!("dm-{number}")).collect();
        let sample: Vec<(&str, u64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
        let disks = after(&[&sample]);
        assert_eq!((disks.readings().len(), disks.left_out()), (DISKS_MAX, 1));
    }
}
