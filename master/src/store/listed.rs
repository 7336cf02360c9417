//! The list of servers, read once for all who ask for it at about the same time.
//!
//! A dashboard fetches a large fleet page by page, each page is of the whole list, and every dashboard asks by itself. What
//! was read serves all of them until this master writes anything, and not for longer than [`FRESH`]: so what another
//! master wrote is shown that much later here, and what this one wrote at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::{Engine, Store, StoreError, read, servers};
use crate::model::ServerSummary;

/// How long a list serves.
const FRESH: Duration = Duration::from_millis(250);
/// Most servers of a list that is kept, some eight megabytes.
const KEPT_MAX: usize = 20_000;
/// How long anybody waits for somebody else's reading. Longer only where the database is slow or away, and then each that
/// fails must not be waited for by the next.
const PATIENCE: Duration = Duration::from_secs(1);

/// The list that was read last.
#[derive(Debug, Default)]
pub struct Listed {
    /// Locked while it is read: who comes meanwhile is served by the same.
    kept: Mutex<Option<Kept>>,
    /// How often this master has written.
    writes: AtomicU64,
}

#[derive(Debug)]
struct Kept {
    servers: Arc<Vec<ServerSummary>>,
    /// When it began to be read, and how often this master had written by then.
    read_at: Instant,
    writes: u64,
}

impl Listed {
    /// Notes that this master has written, or may have; before whoever asked for it is told.
    pub fn wrote(&self) {
        self.writes.fetch_add(1, Ordering::Release);
    }

    /// All servers as they are stored, by name; now, or a moment ago.
    pub async fn servers(&self, store: &Store) -> Result<Arc<Vec<ServerSummary>>, StoreError> {
        let Ok(mut kept) = timeout(PATIENCE, self.kept.lock()).await else {
            return read_anew(store).await.map(Arc::new);
        };
        let (read_at, writes) = (Instant::now(), self.writes.load(Ordering::Acquire));
        if let Some(kept) = &*kept
            && kept.writes == writes
            && kept.read_at.elapsed() < FRESH
        {
            return Ok(Arc::clone(&kept.servers));
        }
        *kept = None;
        let servers = Arc::new(read_anew(store).await?);
        if servers.len() <= KEPT_MAX {
            *kept = Some(Kept { servers: Arc::clone(&servers), read_at, writes });
        }
        Ok(servers)
    }
}

/// All servers as they are stored now, by name.
pub async fn read_anew(store: &Store) -> Result<Vec<ServerSummary>, StoreError> {
    read!(store, servers::list())
}
