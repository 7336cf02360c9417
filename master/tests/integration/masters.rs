//! Several masters on one PostgreSQL.

use std::time::{Duration, Instant};

use neon_master::store::{Location, Store};

use crate::common::proxy::Proxy;
use crate::common::{DEADLINE, Database, Engine};

/// Within this another master leads when the one that did is gone.
const FAILOVER_MAX: Duration = Duration::from_secs(30);

/// Two stores that stand for leader; the first one's wire can be cut.
struct Two {
    first: Store,
    second: Store,
    wire: Proxy,
    database: Database,
}

impl Two {
    /// The first one leads.
    async fn open() -> Self {
        let database = Database::fresh(Engine::Postgres);
        let wire = Proxy::to(&database.url());
        let first = Store::open(&Location::Postgres(wire.url(&database.url()))).await.unwrap();
        let second = Store::open(&database.location()).await.unwrap();
        assert!(!first.is_leading() && !second.is_leading(), "unasked");
        first.stand_for_leader().await;
        tokio::time::timeout(DEADLINE, first.leading()).await.unwrap();
        second.stand_for_leader().await;
        Self { first, second, wire, database }
    }

    /// Waits for a state, and sees to it that no two lead at any time.
    async fn wait_for(&self, what: &str, state: impl Fn() -> bool) {
        let since = Instant::now();
        loop {
            assert!(!(self.first.is_leading() && self.second.is_leading()), "two lead");
            if state() {
                println!("waited {:.1} s for {what}", since.elapsed().as_secs_f64());
                return;
            }
            assert!(since.elapsed() < FAILOVER_MAX, "waited {FAILOVER_MAX:?} for {what}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_master_leads_and_another_when_it_ends() {
    let two = Two::open().await;
    assert!(!two.second.is_leading());
    two.first.close().await;
    two.wait_for("the second one to lead", || two.second.is_leading()).await;
    two.second.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_whose_session_was_ended_stops_before_another_begins() {
    let two = Two::open().await;
    // The lock is free at once, and the master not told before it asks.
    two.database.execute(
        "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
         WHERE l.locktype = 'advisory' AND d.datname = current_database()",
    );
    two.wait_for("the first one to stop", || !two.first.is_leading()).await;
    two.wait_for("either to lead", || two.first.is_leading() || two.second.is_leading()).await;
    two.first.close().await;
    two.second.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_that_vanishes_without_a_word_is_followed_within_thirty_seconds() {
    let two = Two::open().await;
    two.wire.fall_silent();
    two.wait_for("the second one to lead", || two.second.is_leading()).await;
    // It does not come back as a second one.
    assert!(!two.first.is_leading());
    two.second.close().await;
}

#[tokio::test]
async fn the_master_of_a_file_leads_always() {
    let database = Database::fresh(Engine::Sqlite);
    let store = Store::open(&database.location()).await.unwrap();
    assert!(store.is_leading());
    store.leading().await;
    store.close().await;
}
