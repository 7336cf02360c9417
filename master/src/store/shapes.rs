//! The shapes that samples are packed by: the newest of each server, in memory.
//!
//! A sample that does not fit the shape of its server begins a new one: the host has another disk, has restarted, or a
//! day has passed. Another master on the same database has its own newest; each sample names the one it was packed by.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use neon_shared::time::Timestamp;

use super::additions::packed_head;
use super::packed::{self, Shape};
use crate::model::Readings;

const SHARDS: usize = 64;
/// Servers of a shard whose shape is kept; with one to two kilobytes each, some 50 MiB in all. Past it one is dropped,
/// and read again from the database when its server reports.
const SERVERS_PER_SHARD: usize = 512;

/// A shape, and whether it is on disk.
#[derive(Debug)]
pub struct Kept {
    pub server_id: i32,
    pub shape: Shape,
    pub is_stored: AtomicBool,
}

impl Kept {
    pub fn new(server_id: i32, shape: Shape, is_stored: bool) -> Self {
        Self { server_id, shape, is_stored: AtomicBool::new(is_stored) }
    }

    pub fn is_stored(&self) -> bool {
        self.is_stored.load(Ordering::Acquire)
    }
}

/// The newest shape of each server that reported lately.
#[derive(Debug)]
pub struct Shapes {
    shards: Vec<Mutex<Shard>>,
}

/// `None` for a server that has no shape, as those of first-generation agents.
type Shard = HashMap<i32, Option<Arc<Kept>>>;

impl Shapes {
    pub fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    /// `None` where it is not known here whether there is one.
    pub fn newest(&self, server_id: i32) -> Option<Option<Arc<Kept>>> {
        self.shard(server_id).get(&server_id).cloned()
    }

    /// Keeps `shape` for the next samples of its server, unless a newer one is there.
    pub fn keep(&self, server_id: i32, shape: Option<&Arc<Kept>>) {
        let shard = &mut *self.shard(server_id);
        let base_ms = |shape: &Arc<Kept>| shape.shape.base_ms;
        match shard.get_mut(&server_id) {
            Some(there) if there.as_ref().map(base_ms) < shape.map(base_ms) => *there = shape.cloned(),
            Some(_) => {}
            None => {
                if shard.len() >= SERVERS_PER_SHARD
                    && let Some(any) = shard.keys().next().copied()
                {
                    shard.remove(&any);
                }
                shard.insert(server_id, shape.cloned());
            }
        }
    }

    fn shard(&self, server_id: i32) -> MutexGuard<'_, Shard> {
        // The index is below SHARDS. Nothing panics while it holds a lock.
        let shard = &self.shards[server_id.rem_euclid(SHARDS as i32) as usize];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The readings of a sample as they are stored. `shape` is the one they are packed by, which they may begin.
pub fn pack(server_id: i32, shape: &mut Option<Arc<Kept>>, readings: &mut Readings, time: Timestamp) -> Vec<u8> {
    let pack_by = |kept: &Kept, readings: &mut Readings| {
        let mut bytes = packed_head(&kept.shape, time.unix_ms());
        packed::pack(&mut bytes, &kept.shape, readings, time).then_some(bytes)
    };
    if let Some(kept) = shape
        && let Some(bytes) = pack_by(kept, readings)
        // Larger than all that it has in common with the others: too much has changed.
        && bytes.len() <= kept.shape.body().len()
    {
        return bytes;
    }
    let begun = Arc::new(Kept::new(server_id, Shape::of(readings, time), false));
    let bytes = pack_by(&begun, readings).unwrap_or_default();
    *shape = Some(begun);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::full_readings;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(1_795_000_000_000 + ms)
    }

    #[test]
    fn a_shape_is_begun_where_none_fits_and_used_while_it_does() {
        let (mut shape, mut readings) = (None, full_readings());
        pack(7, &mut shape, &mut readings, at(0));
        let first = shape.clone().unwrap();
        assert!(!first.is_stored());
        readings.load1 = Some(1.0);
        pack(7, &mut shape, &mut readings, at(300_000));
        assert!(Arc::ptr_eq(&first, shape.as_ref().unwrap()));
        readings.boot_id = Some("another".to_owned());
        pack(7, &mut shape, &mut readings, at(600_000));
        assert_eq!(shape.unwrap().shape.base_ms, at(600_000).unix_ms());
    }

    #[test]
    fn the_newest_is_kept_and_their_number_is_bounded() {
        let shapes = Shapes::new();
        let kept = |ms| Arc::new(Kept::new(1, Shape::of(&mut full_readings(), at(ms)), true));
        let newest = || shapes.newest(1).map(|shape| shape.map(|kept| kept.shape.base_ms - at(0).unix_ms()));
        assert_eq!(newest(), None);
        shapes.keep(1, None);
        assert_eq!(newest(), Some(None), "known to have none");
        shapes.keep(1, Some(&kept(5)));
        shapes.keep(1, Some(&kept(3)));
        shapes.keep(1, None);
        assert_eq!(newest(), Some(Some(5)));
        for number in 0..600 {
            let server_id = 1 + 64 * number;
            shapes.keep(server_id, None);
            assert!(shapes.newest(server_id).is_some(), "the last is there");
        }
        let left = (0..600).filter(|number| shapes.newest(1 + 64 * number).is_some()).count();
        assert_eq!(left, SERVERS_PER_SHARD);
    }
}
