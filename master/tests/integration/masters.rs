//! Several masters on one PostgreSQL.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use neon_master::domain::{activity, intake};
use neon_master::model::{Container, Reporter, Sample};
use neon_master::store::{Location, Store, StoreError};

use neon_shared::time::Timestamp;
use serde_json::json;

use crate::common::fixtures::{CONTAINER, ago, containers, metrics, sample as fixture_sample};
use crate::common::proxy::Proxy;
use crate::common::{Client, DEADLINE, Database, Engine, Master, wait_for};
use crate::store::{at, registration, reporter, sample};

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

/// Two masters' stores on one database, as behind a load balancer.
struct Pair {
    a: Store,
    b: Store,
    database: Database,
}

impl Pair {
    async fn open() -> Self {
        let database = Database::fresh(Engine::Postgres);
        let (a, b) = (Store::open(&database.location()).await, Store::open(&database.location()).await);
        Self { a: a.unwrap(), b: b.unwrap(), database }
    }

    async fn close(self) {
        self.a.close().await;
        self.b.close().await;
    }

    /// Kinds of all events of a server, oldest first.
    async fn events(&self, server_id: i64) -> Vec<&'static str> {
        let mut all = self.a.activity_list(100_000).await.unwrap();
        all.retain(|event| event.server_id == server_id);
        all.iter().rev().map(|event| event.kind.as_str()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_was_changed_is_taken_up_by_every_master() {
    let pair = Pair::open().await;
    let old = reporter(&pair.a, "web-1").await;
    pair.b.server_heartbeat(&old, None, at(1)).await.unwrap();
    pair.database.execute("UPDATE servers SET name = 'web-2'");
    let new = Reporter { server_name: "web-2".to_owned(), ..old.clone() };
    // Its agent registers under the new name at one of them, and reports to either.
    assert_eq!(pair.a.server_register(&registration("web-2"), at(2)).await.unwrap().unwrap().server_id, old.server_id);
    for store in [&pair.a, &pair.b] {
        store.server_heartbeat(&new, None, at(3)).await.unwrap();
        store.metrics_insert(&new, [sample(3, 1.0)], at(3)).await.unwrap();
    }
    // The old name is nobody's any more.
    for store in [&pair.a, &pair.b] {
        assert!(matches!(store.server_heartbeat(&old, None, at(4)).await, Err(StoreError::ServerGone)));
    }
    // Also at a master that has not heard the new one.
    pair.database.execute("UPDATE servers SET name = 'web-3'");
    for _ in 0..64 {
        pair.b.look_again().await.unwrap();
    }
    assert!(matches!(pair.b.server_heartbeat(&new, None, at(5)).await, Err(StoreError::ServerGone)));
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_deleted_at_one_is_gone_at_the_other() {
    let pair = Pair::open().await;
    let web = reporter(&pair.a, "web-1").await;
    pair.b.server_heartbeat(&web, None, at(1)).await.unwrap();
    pair.database.execute("DELETE FROM servers");
    // Until the next write it cannot know; then it does, and stores nothing of it.
    pair.b.write_heard().await.unwrap();
    assert!(matches!(pair.b.server_heartbeat(&web, None, at(2)).await, Err(StoreError::ServerGone)));
    assert!(matches!(pair.b.containers_are(&web, 1, at(2)).await, Err(StoreError::ServerGone)));
    assert!(matches!(pair.a.metrics_insert(&web, [sample(2, 1.0)], at(2)).await, Err(StoreError::ServerGone)));
    let again = reporter(&pair.a, "web-1").await;
    assert_ne!(again.server_id, web.server_id);
    pair.b.metrics_insert(&again, [sample(3, 1.0)], at(3)).await.unwrap();
    assert!(matches!(pair.b.metrics_insert(&web, [sample(4, 1.0)], at(4)).await, Err(StoreError::ServerGone)));
    assert_eq!(pair.database.numbers("SELECT COUNT(*) FROM metrics"), [1]);
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_is_that_of_the_last_report_whoever_got_it() {
    let pair = Pair::open().await;
    let home = reporter(&pair.a, "web-1").await;
    let away = Reporter { ip_address: "198.51.100.9".to_owned(), ..home.clone() };
    pair.b.server_heartbeat(&away, Some("0.2.0"), at(1)).await.unwrap();
    pair.b.write_heard().await.unwrap();
    for _ in 0..64 {
        pair.a.look_again().await.unwrap();
    }
    // The first one has heard no other address than this one.
    pair.a.server_heartbeat(&home, Some("0.1.0"), at(2)).await.unwrap();
    pair.a.write_heard().await.unwrap();
    let server = pair.b.server_find(home.server_id).await.unwrap().unwrap();
    assert_eq!((server.summary.ip_address.as_str(), server.agent_version.as_str()), ("192.0.2.1", "0.1.0"));
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_silence_and_each_return_is_told_once_whoever_hears_it() {
    const SERVERS: i64 = 200;
    const ROUNDS: i64 = 8;
    let pair = Pair::open().await;
    let mut servers = Vec::new();
    for number in 0..SERVERS {
        servers.push(reporter(&pair.a, &format!("web-{number}")).await);
    }
    for round in 1..=ROUNDS {
        let now = round * 1000;
        // Both look for silent ones: a leader that has lost its lock and does not know yet, and the next one.
        let (at_a, at_b) =
            tokio::join!(pair.a.servers_mark_offline(at(now), at(now)), pair.b.servers_mark_offline(at(now), at(now)));
        assert_eq!(at_a.unwrap().len() + at_b.unwrap().len(), SERVERS as usize, "round {round}");
        // Each server is heard by both, in another order, and one of them registers meanwhile.
        for (forth, back) in servers.iter().zip(servers.iter().rev()) {
            pair.a.server_heartbeat(forth, None, at(now + 1)).await.unwrap();
            pair.b.server_heartbeat(back, None, at(now + 2)).await.unwrap();
        }
        let again = registration(&servers[(round * 7) as usize].server_name);
        let (written_a, written_b, registered) =
            tokio::join!(pair.a.write_heard(), pair.b.write_heard(), pair.a.server_register(&again, at(now + 3)));
        written_a.unwrap();
        written_b.unwrap();
        registered.unwrap().unwrap();
    }
    let expected: Vec<&str> =
        std::iter::once("online").chain((0..ROUNDS).flat_map(|_| ["offline", "online"])).collect();
    for server in &servers {
        assert_eq!(pair.events(server.server_id).await, expected, "{}", server.server_name);
    }
    let list = pair.b.server_list().await.unwrap();
    assert!(list.iter().all(|server| server.last_seen_at >= at(ROUNDS * 1000 + 2)));
    pair.close().await;
}

/// An agent whose request took too long sends it again, and it ends up at the other master.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_samples_at_both_masters_are_stored_once_and_keep_nobody_waiting() {
    const SAMPLES: i64 = 200;
    const ROUNDS: i64 = 20;
    let pair = Pair::open().await;
    let (one, two) = (reporter(&pair.a, "web-1").await, reporter(&pair.a, "web-2").await);
    for round in 0..ROUNDS {
        let of = |backwards: bool| {
            let mut samples: Vec<Sample> = (0..SAMPLES).map(|ms| sample(round * SAMPLES + ms, 1.0)).collect();
            if backwards {
                samples.reverse();
            }
            samples
        };
        let outcomes = tokio::join!(
            pair.a.metrics_insert(&one, of(false), at(0)),
            pair.a.metrics_insert(&two, of(true), at(0)),
            pair.b.metrics_insert(&two, of(false), at(0)),
            pair.b.metrics_insert(&one, of(true), at(0)),
        );
        for outcome in [outcomes.0, outcomes.1, outcomes.2, outcomes.3] {
            outcome.unwrap();
        }
    }
    let stored = pair.database.numbers("SELECT COUNT(*) FROM metrics GROUP BY server_id");
    assert_eq!(stored, [ROUNDS * SAMPLES, ROUNDS * SAMPLES]);
    pair.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_of_containers_that_comes_back_at_another_master_is_news() {
    let pair = Pair::open().await;
    let web = reporter(&pair.a, "web-1").await;
    let clock = AtomicI64::new(0);
    let report = async |store: &Store, hash: i64, ids: &[&str]| {
        let now = at(clock.fetch_add(1, Ordering::Relaxed));
        if store.containers_are(&web, hash, now).await.unwrap() {
            return false;
        }
        let set: Vec<String> = ids
            .iter()
            .map(|id| CONTAINER.replace("eb6f6e2aaa26", id).replace("\"hc\"", &format!("\"{id}\"")))
            .collect();
        let set: Vec<&str> = set.iter().map(String::as_str).collect();
        let report = intake::containers(containers(&set).as_bytes()).unwrap();
        let changes = |previous: Option<&[Container]>| activity::changes(web.server_id, previous, &report, now);
        store.containers_replace(&web, Some(hash), now, changes).await.unwrap();
        true
    };
    assert!(report(&pair.a, 1, &["aaa"]).await);
    assert!(report(&pair.a, 2, &["aaa", "bbb"]).await);
    assert!(!report(&pair.b, 2, &["aaa", "bbb"]).await, "the same");
    assert!(report(&pair.b, 1, &["aaa"]).await, "an old one, but not the one that is stored");
    assert!(!report(&pair.a, 1, &["aaa"]).await);
    assert!(report(&pair.a, 2, &["aaa", "bbb"]).await);
    let kinds = pair.events(web.server_id).await;
    assert_eq!(kinds, ["online", "created", "removed", "created"]);
    pair.close().await;
}

/// Waits until the log of a master says so.
fn leads(master: &Master) {
    wait_for("a master to lead", || {
        master.log().iter().any(|line| line.contains("\"this master leads\"")).then_some(())
    });
}

fn kinds_of(master: &Master, server_id: i64) -> Vec<String> {
    let events = master.client.get("/api/activities?limit=500").json();
    let of_server = events.as_array().unwrap().iter().filter(|event| event["serverId"] == json!(server_id));
    of_server.rev().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

/// An agent behind a load balancer: each report goes to the next master, and again until one has taken it.
struct Balanced<'a> {
    clients: [Client; 2],
    token: &'a str,
    next: usize,
}

impl Balanced<'_> {
    fn send(&mut self, path: &str, body: &str, ends: &AtomicBool) -> bool {
        let authorization = format!("Bearer {}", self.token);
        while !ends.load(Ordering::Relaxed) {
            self.next += 1;
            let client = self.clients[self.next % 2];
            let headers = [("Authorization", authorization.as_str())];
            match client.try_request("POST", path, &headers, body.as_bytes()) {
                Ok(answer) if answer.status == 200 => return true,
                Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.text()),
                Err(_) => {} // killed
            }
        }
        false
    }
}

#[test]
fn a_leader_that_is_killed_under_load_loses_nothing_and_is_followed() {
    const SENDERS: i64 = 4;
    let database = Database::fresh(Engine::Postgres);
    // The senders share one credential and send as fast as they can.
    let environment = [("OFFLINE_AFTER_S", "8"), ("MAX_REQUESTS_PER_SECOND", "0")];
    let first = Master::start_with(&database.url(), &environment);
    leads(&first);
    let second = Master::start_with(&database.url(), &environment);
    let (busy, busy_token) = first.registered("busy");
    let (early, _) = second.registered("silent early");
    let (late, late_token) = second.registered("silent late");
    let (ends, is_late_silent) = (AtomicBool::new(false), AtomicBool::new(false));
    let acknowledged: Mutex<Vec<i64>> = Mutex::default();
    let clients = [first.client, second.client];
    let base_ms = ago(30 * 60_000).unix_ms();
    std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            let (ends, acknowledged, token) = (&ends, &acknowledged, busy_token.as_str());
            scope.spawn(move || {
                let mut agent = Balanced { clients, token, next: sender as usize };
                for number in 0.. {
                    let time_ms = base_ms + number * SENDERS + sender;
                    let body = metrics(&[fixture_sample(Timestamp::from_unix_ms(time_ms))]);
                    if !agent.send("/api/agent/metrics", &body, ends) {
                        return;
                    }
                    acknowledged.lock().unwrap().push(time_ms);
                }
            });
        }
        let (late_ends, token) = (&is_late_silent, late_token.as_str());
        scope.spawn(move || {
            let mut agent = Balanced { clients, token, next: 0 };
            while agent.send("/api/agent/heartbeat", "{}", late_ends) {
                std::thread::park_timeout(Duration::from_millis(100));
            }
        });
        let ends_with_the_test = EndOnDrop([&ends, &is_late_silent]);
        wait_for("the leader to find a silent server", || {
            (kinds_of(&second, early) == ["online", "offline"]).then_some(())
        });
        let leads_by_itself = |master: &Master| master.client.get("/readyz").json()["leads"] == json!(true);
        assert_eq!((leads_by_itself(&first), leads_by_itself(&second)), (true, false));
        first.kill();
        let killed_at = Instant::now();
        leads(&second);
        let took = killed_at.elapsed();
        assert!(took < FAILOVER_MAX, "{took:?}");
        println!("another master led {:.1} s after the kill", took.as_secs_f64());
        is_late_silent.store(true, Ordering::Relaxed);
        wait_for("the new leader to find a silent server", || {
            (kinds_of(&second, late) == ["online", "offline"]).then_some(())
        });
        drop(ends_with_the_test);
    });
    // Whoever reported all the time was never taken for silent, and nothing was told twice.
    assert_eq!(kinds_of(&second, busy), ["online"]);
    assert_eq!(kinds_of(&second, early), ["online", "offline"]);
    let stored = database.numbers(&format!("SELECT timestamp_ms FROM metrics WHERE server_id = {busy}"));
    let acknowledged = acknowledged.into_inner().unwrap();
    println!("{} samples were acknowledged", acknowledged.len());
    let mut unique = stored.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), stored.len(), "stored twice");
    assert!(acknowledged.iter().all(|time_ms| unique.binary_search(time_ms).is_ok()), "acknowledged and not stored");
    // What was under way at the end may be there without anybody having heard of it.
    assert!(stored.len() <= acknowledged.len() + SENDERS as usize, "stored and never acknowledged");
    assert!(acknowledged.len() > 100);
}

/// Ends the senders also where an assertion fails.
struct EndOnDrop<'a>([&'a AtomicBool; 2]);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(|flag| flag.store(true, Ordering::Relaxed));
    }
}

/// While the database is away every master hears on, and only afterwards can tell the others.
#[test]
fn what_another_master_heard_while_the_database_was_away_counts() {
    let database = Database::fresh(Engine::Postgres);
    let wire = Proxy::to(&database.url());
    let environment = [("OFFLINE_AFTER_S", "5")];
    let first = Master::start_with(&wire.url(&database.url()), &environment);
    leads(&first);
    let second = Master::start_with(&wire.url(&database.url()), &environment);
    let (heard, token) = second.registered("heard");
    let (silent, _) = first.registered("silent");
    let beat = || second.client.post("/api/agent/heartbeat", &token, "{}").status;
    assert_eq!(beat(), 200);
    wire.cut();
    let cut_at = Instant::now();
    // Longer than silence is suffered; every report is heard and turned away.
    wait_for("an outage that is long enough", || {
        assert!(matches!(beat(), 200 | 503));
        (cut_at.elapsed() > Duration::from_secs(12)).then_some(())
    });
    assert_eq!(beat(), 503);
    wire.mend();
    wait_for("the silent server to be found", || {
        beat();
        let events = first.client.get("/api/activities");
        (events.status == 200 && kinds_of(&first, silent) == ["online", "offline"]).then_some(())
    });
    assert_eq!(kinds_of(&first, heard), ["online"]);
}
