//! Whether the scheduler hangs in a source, and in which: it cannot say so itself.
//!
//! The scheduler notes here when a collection begins and ends, the kernel source which file it is at, and the sender,
//! which is woken for each heartbeat, looks. A file of `/proc` that does not return keeps the samples from being
//! taken; heartbeats go on, so the host does not look down, and the log names the file.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a collection may take before it is said to hang. What is known to hang is given up within seconds.
const OVERDUE: Duration = Duration::from_secs(10);

static UNDER_WAY: Watch = Watch::new();

struct Watch(Mutex<UnderWay>);

struct UnderWay {
    /// When the collection began; `None` between two.
    since: Option<Instant>,
    source: &'static str,
    /// The source that it was said to hang in.
    said: Option<&'static str>,
}

/// A collection begins.
pub fn begin(now: Instant) {
    UNDER_WAY.begin(now);
}

/// It is at `source`.
pub fn at(source: &'static str) {
    UNDER_WAY.lock().source = source;
}

/// It has ended. The source it was said to hang in, if it was, and how long the whole took.
pub fn end(now: Instant) -> Option<(&'static str, Duration)> {
    UNDER_WAY.end(now)
}

/// The source in which the collection hangs, and how long the collection takes by now; once for each collection.
pub fn overdue(now: Instant) -> Option<(&'static str, Duration)> {
    UNDER_WAY.overdue(now)
}

impl Watch {
    const fn new() -> Self {
        Self(Mutex::new(UnderWay { since: None, source: "", said: None }))
    }

    fn begin(&self, now: Instant) {
        *self.lock() = UnderWay { since: Some(now), source: "", said: None };
    }

    fn end(&self, now: Instant) -> Option<(&'static str, Duration)> {
        let mut under_way = self.lock();
        let since = under_way.since.take()?;
        Some((under_way.said?, now.saturating_duration_since(since)))
    }

    fn overdue(&self, now: Instant) -> Option<(&'static str, Duration)> {
        let mut under_way = self.lock();
        let taken = now.saturating_duration_since(under_way.since?);
        if taken < OVERDUE || under_way.said.is_some() {
            return None;
        }
        under_way.said = Some(under_way.source);
        Some((under_way.source, taken))
    }

    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        // No code panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collection_that_takes_too_long_is_said_once_and_so_is_its_end() {
        let (watch, started) = (Watch::new(), Instant::now());
        let after = |seconds| started + Duration::from_secs(seconds);
        assert_eq!((watch.overdue(after(99)), watch.end(after(99))), (None, None), "none is under way");
        for _ in 0..2 {
            watch.begin(started);
            watch.lock().source = "loadavg";
            let overdue = [9, 10, 11, 99].map(|seconds| watch.overdue(after(seconds)));
            assert_eq!(overdue, [None, Some(("loadavg", OVERDUE)), None, None]);
            watch.lock().source = "meminfo";
            assert_eq!(watch.end(after(120)), Some(("loadavg", Duration::from_secs(120))));
        }
        watch.begin(started);
        assert_eq!((watch.overdue(after(9)), watch.end(after(9))), (None, None));
        assert_eq!(watch.overdue(after(99)), None, "it has ended");
    }
}
