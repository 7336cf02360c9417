//! The store's conformance suite: every case on both engines, against the library.

use std::collections::BTreeSet;
use std::time::Duration;

use neon_master::model::{
    ActivityKind, Container, ContainerChanges, ContainerHealth, ContainerStatus, Event, HistoryInterval, Readings,
    Registration, Reporter, Sample, ServerStatus,
};
use neon_master::store::{Location, Store, StoreError};
use neon_shared::metrics::ServerInfo;
use neon_shared::time::Timestamp;

use crate::common::database::{Blocker, block_on};
use crate::common::{DEADLINE, Database, Engine};

/// Makes one test per engine of each async function that takes an open [`Store`].
macro_rules! suite {
    ($($test:ident)+) => {
        mod sqlite {
            $(#[test] fn $test() { super::with_store(super::Engine::Sqlite, super::$test) })+
        }
        mod postgres {
            $(#[test] fn $test() { super::with_store(super::Engine::Postgres, super::$test) })+
        }
    };
}

suite! {
    the_same_name_has_the_same_number
    parallel_registrations_of_one_name_give_one_number
    facts_are_stored_and_updated
    a_sample_is_stored_once
    a_sample_says_how_late_it_came
    samples_of_any_day_are_stored
    many_reports_at_once_are_each_stored
    the_newest_sample_has_its_readings
    a_batch_larger_than_one_statement_is_stored_whole
    numbers_come_back_as_they_went_in
    samples_of_two_servers_do_not_meet
    history_begins_where_it_is_asked_to
    hours_are_means_of_their_samples
    a_report_of_an_unknown_server_stores_nothing
    a_deleted_server_is_noticed_and_costs_nobody_else
    when_a_server_was_heard_is_written_once_a_second_and_shown_at_once
    two_masters_on_one_store_agree
    a_full_queue_turns_away_and_loses_nothing
    containers_are_recognised_by_their_hash
    containers_are_replaced_and_compared
    many_containers_are_stored_and_removed
    parallel_container_reports_are_compared_one_after_the_other
    what_most_reports_wait_for_is_small
    silence_is_offline_and_a_word_is_online
    maintenance_is_left_alone
    events_are_newest_first_and_bounded
    stats_count_and_average_what_is_online
    what_was_stored_is_there_after_opening_again
}

fn with_store<F: Future<Output = ()> + Send>(engine: Engine, test: impl FnOnce(Opened) -> F + Send) {
    let database = Database::fresh(engine);
    block_on(async {
        let store = Store::open(&database.location()).await.unwrap();
        test(Opened { store: store.clone(), database }).await;
        store.close().await;
    });
}

struct Opened {
    store: Store,
    database: Database,
}

impl std::ops::Deref for Opened {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

pub fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_795_000_000_000 + ms)
}

pub fn registration(name: &str) -> Registration {
    Registration {
        server_name: name.to_owned(),
        info: ServerInfo {
            name: name.to_owned(),
            hostname: "host-1".to_owned(),
            cpu_cores: 8,
            total_memory_gb: 23.54,
            total_disk_gb: 755.92,
            os_name: "Debian GNU/Linux".to_owned(),
            os_version: "13".to_owned(),
            os_kernel: "6.12.0".to_owned(),
            os_arch: "x86_64".to_owned(),
            docker_version: Some("27.3.1".to_owned()),
        },
        agent_version: "0.1.0".to_owned(),
        ip_address: "192.0.2.1".to_owned(),
        claim: neon_master::model::Claim::default(),
    }
}

pub async fn reporter(store: &Store, name: &str) -> Reporter {
    let server_id = store.server_register(&registration(name), at(0)).await.unwrap().unwrap().server_id;
    Reporter { server_id, server_name: name.to_owned(), ip_address: "192.0.2.1".to_owned(), generation: 0 }
}

pub fn sample(ms: i64, cpu_percent: f64) -> Sample {
    Sample {
        timestamp: at(ms),
        cpu_percent,
        memory_percent: 3.09,
        disk_percent: 6.31,
        memory_used_gb: 0.73,
        memory_total_gb: 23.54,
        disk_used_gb: 47.7,
        disk_total_gb: 755.92,
        network_rx_bytes: 443_323_758,
        network_tx_bytes: 986_331,
        readings: None,
    }
}

async fn raw(store: &Store, server_id: i64) -> Vec<(i64, f64)> {
    let points = store.metrics_history(server_id, HistoryInterval::Raw, Timestamp::MIN).await.unwrap();
    points.iter().map(|point| (point.timestamp.unix_ms() - at(0).unix_ms(), point.cpu_percent)).collect()
}

fn container(server_id: i64, id: &str, name: &str) -> Container {
    Container {
        server_id,
        container_id: id.to_owned(),
        name: name.to_owned(),
        image: "busybox:local".to_owned(),
        image_id: Some("sha256:664f".to_owned()),
        image_tags: vec!["busybox:local".to_owned(), "with \"quotes\"".to_owned()],
        status: ContainerStatus::Running,
        health: Some(ContainerHealth::Healthy),
        ports: "8099:80, 53".to_owned(),
        labels: [("a".to_owned(), "ä ☃ '".to_owned()), ("empty".to_owned(), String::new())].into(),
        networks: vec!["bridge".to_owned()],
        started_at: Some(at(-5)),
        exit_code: Some(-1),
        restart_count: Some(i64::MAX),
        oom_killed: Some(true),
        created_at: Some(at(-9)),
        compose_project: Some("shop".to_owned()),
        compose_service: Some("ä ☃ '".to_owned()),
        labels_left_out: Some(3),
        updated_at: at(0),
    }
}

fn event(kind: ActivityKind, message: &str) -> Event {
    Event {
        kind,
        container: Some(("eb6f6e2aaa26".to_owned(), "hc".to_owned())),
        message: message.to_owned(),
        old_value: Some("old".to_owned()),
        new_value: None,
    }
}

async fn the_same_name_has_the_same_number(store: Opened) {
    let first = store.server_register(&registration("web-1"), at(0)).await.unwrap().unwrap().server_id;
    let second = store.server_register(&registration("web-2"), at(0)).await.unwrap().unwrap().server_id;
    assert_ne!(first, second);
    assert_eq!(store.server_register(&registration("web-1"), at(1)).await.unwrap().unwrap().server_id, first);
    assert_eq!(store.server_name(first).await.unwrap().as_deref(), Some("web-1"));
    assert_eq!(store.server_name(first + 100).await.unwrap(), None);
    // Names are compared as they are written.
    assert_ne!(store.server_register(&registration("WEB-1"), at(1)).await.unwrap().unwrap().server_id, first);
}

async fn parallel_registrations_of_one_name_give_one_number(store: Opened) {
    for round in 0..10 {
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let store = store.store.clone();
                tokio::spawn(async move { store.server_register(&registration(&format!("web-{round}")), at(0)).await })
            })
            .collect();
        let mut numbers = BTreeSet::new();
        for task in tasks {
            numbers.insert(task.await.unwrap().unwrap().unwrap().server_id);
        }
        assert_eq!(numbers.len(), 1);
    }
    assert_eq!(store.server_list().await.unwrap().len(), 10);
    // Each came online once.
    assert_eq!(store.activity_list(500).await.unwrap().len(), 10);
}

async fn facts_are_stored_and_updated(store: Opened) {
    let id = store.server_register(&registration("web-1"), at(0)).await.unwrap().unwrap().server_id;
    let server = store.server_find(id).await.unwrap().unwrap();
    assert_eq!((server.summary.id, server.summary.name.as_str()), (id, "web-1"));
    assert_eq!((server.summary.hostname.as_str(), server.summary.ip_address.as_str()), ("host-1", "192.0.2.1"));
    assert_eq!((server.summary.cpu_cores, server.summary.total_memory_gb), (8, 23.54));
    assert_eq!((server.summary.cpu, server.summary.last_metrics_at), (None, None));
    assert_eq!((server.created_at, server.summary.last_seen_at), (at(0), at(0)));
    assert_eq!(server.docker_version.as_deref(), Some("27.3.1"));

    let mut changed = registration("web-1");
    changed.info.docker_version = None;
    changed.info.cpu_cores = u32::MAX;
    changed.ip_address = "2001:db8::1".to_owned();
    store.server_register(&changed, at(9)).await.unwrap().unwrap();
    let server = store.server_find(id).await.unwrap().unwrap();
    assert_eq!((server.docker_version, server.summary.cpu_cores), (None, i64::from(u32::MAX)));
    assert_eq!(server.summary.ip_address, "2001:db8::1");
    assert_eq!((server.created_at, server.summary.last_seen_at), (at(0), at(9)));

    let reporter =
        Reporter { server_id: id, server_name: "web-1".to_owned(), ip_address: "192.0.2.7".to_owned(), generation: 0 };
    store.server_heartbeat(&reporter, Some("0.2.0"), at(10)).await.unwrap();
    store.server_heartbeat(&reporter, None, at(11)).await.unwrap();
    let server = store.server_find(id).await.unwrap().unwrap();
    assert_eq!((server.agent_version.as_str(), server.summary.ip_address.as_str()), ("0.2.0", "192.0.2.7"));
    assert_eq!(server.summary.last_seen_at, at(11));
    assert_eq!(store.server_find(id + 100).await.unwrap(), None);
}

/// A future is moved and allocated with each request, with room for all that it may ever wait for: what few reports need
/// belongs into a box.
async fn what_most_reports_wait_for_is_small(store: Opened) {
    let reporter = Reporter { server_id: 1, server_name: String::new(), ip_address: String::new(), generation: 0 };
    let heartbeat = size_of_val(&store.server_heartbeat(&reporter, None, at(0)));
    let sample = size_of_val(&store.metrics_ready(&reporter, at(0)));
    let containers = size_of_val(&store.containers_are(&reporter, 0, at(0)));
    println!("bytes of the futures: heartbeat {heartbeat}, sample {sample}, containers {containers}");
    assert!(heartbeat <= 256 && sample <= 512 && containers <= 1024);
}

async fn a_sample_is_stored_once(store: Opened) {
    let web = reporter(&store, "web-1").await;
    // Twice in one batch, and again in another: the first one counts.
    store.metrics_insert(&web, [sample(0, 1.0), sample(1, 2.0), sample(0, 3.0)], at(5)).await.unwrap();
    store.metrics_insert(&web, [sample(1, 4.0), sample(2, 5.0)], at(6)).await.unwrap();
    assert_eq!(raw(&store, web.server_id).await, [(0, 1.0), (1, 2.0), (2, 5.0)]);
}

async fn a_sample_says_how_late_it_came(store: Opened) {
    const LATE: [(i64, i64); 6] =
        [(0, 0), (59_999, 0), (60_000, 1), (-240_000, 0), (3_600_000, 60), (i64::MAX / 2, 32_767)];
    let web = reporter(&store, "web-1").await;
    for (late_ms, _) in LATE {
        let now = Timestamp::from_unix_ms(at(late_ms % 1000).unix_ms().saturating_add(late_ms));
        store.metrics_insert(&web, [sample(late_ms % 1000, 1.0)], now).await.unwrap();
        let stored = store.database.numbers("SELECT CAST(late_minutes AS BIGINT) FROM metrics");
        let expected = LATE.iter().find(|(ms, _)| *ms == late_ms).unwrap().1;
        assert_eq!(stored, [expected], "{late_ms}");
        store.database.execute("DELETE FROM metrics");
    }
}

async fn samples_of_any_day_are_stored(store: Opened) {
    const DAY_MS: i64 = 86_400_000;
    let web = reporter(&store, "web-1").await;
    let start = at(0).unix_ms().div_euclid(DAY_MS) * DAY_MS;
    let times = [i64::MIN, -1, 0, 1_735_689_599_999, 1_735_689_600_000, start - 1, start, start + DAY_MS];
    let samples: Vec<Sample> = times
        .iter()
        .map(|ms| Sample { timestamp: Timestamp::from_unix_ms(*ms).max(Timestamp::MIN), ..sample(0, 1.0) })
        .collect();
    store.metrics_insert(&web, samples.as_slice(), at(0)).await.unwrap();
    store.metrics_insert(&web, samples.as_slice(), at(0)).await.unwrap();
    let stored = raw(&store, web.server_id).await;
    assert!(stored.iter().map(|(ms, _)| *ms).eq(samples.iter().map(|s| s.timestamp.unix_ms() - at(0).unix_ms())));
}

async fn many_reports_at_once_are_each_stored(store: Opened) {
    const SERVERS: usize = 40;
    const REPORTS: i64 = 20;
    let mut reports = Vec::new();
    let mut ids = Vec::new();
    for number in 0..SERVERS {
        let reporter = reporter(&store, &format!("web-{number}")).await;
        ids.push(reporter.server_id);
        for ms in 0..REPORTS {
            let (store, reporter) = (store.store.clone(), reporter.clone());
            reports.push(tokio::spawn(async move {
                store.metrics_insert(&reporter, [sample(ms, 1.0), sample(ms + 1, 2.0)], at(0)).await
            }));
        }
    }
    for report in reports {
        report.await.unwrap().unwrap();
    }
    for id in ids {
        assert!(raw(&store, id).await.iter().map(|(ms, _)| *ms).eq(0..=REPORTS));
    }
}

async fn a_batch_larger_than_one_statement_is_stored_whole(store: Opened) {
    let web = reporter(&store, "web-1").await;
    let samples: Vec<Sample> = (0..2500).map(|i| sample(i, 1.0)).collect();
    store.metrics_insert(&web, samples.as_slice(), at(0)).await.unwrap();
    let stored = raw(&store, web.server_id).await;
    assert!(stored.iter().map(|(ms, _)| *ms).eq(0..2500));
}

async fn the_newest_sample_has_its_readings(store: Opened) {
    let (web, other) = (reporter(&store, "web-1").await, reporter(&store, "web-2").await);
    assert_eq!(store.metrics_latest(web.server_id).await.unwrap(), None);
    assert_eq!(store.metrics_latest(web.server_id + 100).await.unwrap(), None);
    let full: Readings = serde_json::from_str(crate::common::fixtures::READINGS).unwrap();
    let says = |ms, readings| Sample { readings, ..sample(ms, 1.0) };
    let load = |load1| Some(Readings { load1: Some(load1), ..Readings::default() });
    let samples = [says(0, load(0.1)), says(2, Some(full.clone())), says(1, load(0.3))];
    store.metrics_insert(&web, samples.as_slice(), at(0)).await.unwrap();
    store.metrics_insert(&other, [says(9, load(0.2))], at(0)).await.unwrap();
    assert_eq!(store.metrics_latest(web.server_id).await.unwrap(), Some(says(2, Some(full.clone()))));
    let offset = async || store.server_find(web.server_id).await.unwrap().unwrap().clock_offset_milliseconds;
    assert_eq!(offset().await, full.agent.as_ref().and_then(|agent| agent.clock_offset_milliseconds));
    assert!(offset().await.is_some());
    // The same time again is the same sample: nothing of it is replaced.
    store.metrics_insert(&web, [says(2, load(7.0))], at(1)).await.unwrap();
    assert_eq!(store.metrics_latest(web.server_id).await.unwrap(), Some(says(2, Some(full))));
    // Nothing read is not the same as nothing said.
    store.metrics_insert(&web, [says(3, Some(Readings::default()))], at(1)).await.unwrap();
    assert_eq!(store.metrics_latest(web.server_id).await.unwrap(), Some(says(3, Some(Readings::default()))));
    store.metrics_insert(&web, [says(4, None)], at(1)).await.unwrap();
    assert_eq!(store.metrics_latest(web.server_id).await.unwrap(), Some(says(4, None)));
}

async fn numbers_come_back_as_they_went_in(store: Opened) {
    let web = reporter(&store, "web-1").await;
    let edges = Sample {
        cpu_percent: 100.0,
        memory_percent: 0.0,
        disk_percent: 33.33,
        memory_used_gb: 16_777_216.0,
        disk_total_gb: 16_777_215.99,
        network_rx_bytes: i64::MAX as u64,
        ..sample(0, 0.0)
    };
    store.metrics_insert(&web, [edges.clone()], at(0)).await.unwrap();
    let points = store.metrics_history(web.server_id, HistoryInterval::Raw, at(0)).await.unwrap();
    assert_eq!((points[0].cpu_percent, points[0].memory_percent), (100.0, 0.0));
    assert_eq!(points[0].disk_percent, 33.33);
    assert_eq!(store.metrics_latest(web.server_id).await.unwrap(), Some(edges));
    // Two decimals are the wire's precision, and the store's.
    store.metrics_insert(&web, [Sample { cpu_percent: 33.339, ..sample(-1, 0.0) }], at(0)).await.unwrap();
    assert_eq!(raw(&store, web.server_id).await, [(-1, 33.34), (0, 100.0)]);
    let list = store.server_list().await.unwrap();
    assert_eq!((list[0].cpu, list[0].memory, list[0].last_metrics_at), (Some(100.0), Some(0.0), Some(at(0))));
}

async fn samples_of_two_servers_do_not_meet(store: Opened) {
    let (one, two) = (reporter(&store, "web-1").await, reporter(&store, "web-2").await);
    store.metrics_insert(&one, [sample(0, 1.0)], at(0)).await.unwrap();
    store.metrics_insert(&two, [sample(0, 2.0), sample(1, 3.0)], at(0)).await.unwrap();
    assert_eq!(raw(&store, one.server_id).await, [(0, 1.0)]);
    assert_eq!(raw(&store, two.server_id).await, [(0, 2.0), (1, 3.0)]);
    let list = store.server_list().await.unwrap();
    assert_eq!(list.iter().map(|server| server.cpu).collect::<Vec<_>>(), [Some(1.0), Some(3.0)]);
}

async fn history_begins_where_it_is_asked_to(store: Opened) {
    let web = reporter(&store, "web-1").await;
    store.metrics_insert(&web, [sample(2, 1.0), sample(0, 2.0), sample(1, 3.0)], at(0)).await.unwrap();
    let points = store.metrics_history(web.server_id, HistoryInterval::Raw, at(1)).await.unwrap();
    assert_eq!(points.iter().map(|point| point.timestamp).collect::<Vec<_>>(), [at(1), at(2)]);
}

async fn hours_are_means_of_their_samples(store: Opened) {
    let web = reporter(&store, "web-1").await;
    let hour = at(0).unix_ms() / 3_600_000 * 3_600_000 - at(0).unix_ms();
    let samples = [sample(hour, 10.0), sample(hour + 3_599_999, 20.0), sample(hour + 3_600_000, 70.0)];
    store.metrics_insert(&web, samples.as_slice(), at(0)).await.unwrap();
    let points = store.metrics_history(web.server_id, HistoryInterval::Hourly, Timestamp::MIN).await.unwrap();
    let seen: Vec<_> = points.iter().map(|point| (point.timestamp, point.cpu_percent)).collect();
    assert_eq!(seen, [(at(hour), 15.0), (at(hour + 3_600_000), 70.0)]);
}

async fn a_report_of_an_unknown_server_stores_nothing(store: Opened) {
    let web = reporter(&store, "web-1").await;
    let strangers = [
        Reporter { server_id: web.server_id + 100, ..web.clone() },
        Reporter { server_name: "web-2".to_owned(), ..web.clone() },
    ];
    for stranger in strangers {
        let gone = |result| matches!(result, Err(StoreError::ServerGone));
        assert!(gone(store.metrics_insert(&stranger, [sample(0, 1.0)], at(1)).await));
        assert!(gone(store.server_heartbeat(&stranger, None, at(1)).await));
        let untouched = |_: Option<&[Container]>| panic!("compared a stranger's containers");
        assert!(gone(store.containers_replace(&stranger, None, at(1), untouched).await));
        assert!(matches!(store.containers_are(&stranger, 1, at(1)).await, Err(StoreError::ServerGone)));
    }
    assert_eq!(raw(&store, web.server_id).await, []);
    assert_eq!(store.server_list().await.unwrap()[0].last_seen_at, at(0));
}

async fn a_deleted_server_is_noticed_and_costs_nobody_else(store: Opened) {
    let (gone, stays) = (reporter(&store, "web-1").await, reporter(&store, "web-2").await);
    store.metrics_insert(&gone, [sample(0, 1.0)], at(0)).await.unwrap();
    store.database.execute(&format!("DELETE FROM servers WHERE id = {}", gone.server_id));
    store.forget_deleted(at(0)).await.unwrap();
    assert_eq!(store.database.numbers("SELECT COUNT(*) FROM metrics"), [0], "its samples went with it");
    // Both wait for the writer together; only one of them is refused.
    let both = [&gone, &stays].map(|reporter| {
        let (store, reporter) = (store.store.clone(), reporter.clone());
        tokio::spawn(async move { store.metrics_insert(&reporter, [sample(1, 1.0)], at(1)).await })
    });
    let [refused, stored] = both;
    assert!(matches!(refused.await.unwrap(), Err(StoreError::ServerGone)));
    stored.await.unwrap().unwrap();
    assert_eq!(store.database.numbers("SELECT server_id FROM server_heard"), [stays.server_id]);
    assert_eq!(store.database.numbers("SELECT CAST(server_id AS BIGINT) FROM metrics"), [stays.server_id]);
    // A heartbeat alone finds out as well, with the next write.
    store.server_heartbeat(&stays, None, at(2)).await.unwrap();
    store.database.execute("DELETE FROM servers");
    store.write_heard().await.unwrap();
    assert!(matches!(store.server_heartbeat(&stays, None, at(3)).await, Err(StoreError::ServerGone)));
    assert!(matches!(store.containers_are(&stays, 1, at(3)).await, Err(StoreError::ServerGone)));
    let again = reporter(&store, "web-1").await;
    assert!(again.server_id > stays.server_id, "a number is never given out twice");
    store.server_heartbeat(&again, None, at(4)).await.unwrap();
}

async fn when_a_server_was_heard_is_written_once_a_second_and_shown_at_once(store: Opened) {
    let web = reporter(&store, "web-1").await;
    let elsewhere = Reporter { ip_address: "192.0.2.9".to_owned(), ..web.clone() };
    store.server_heartbeat(&elsewhere, Some("0.9.0"), at(7)).await.unwrap();
    let shown = store.server_find(web.server_id).await.unwrap().unwrap();
    assert_eq!((shown.summary.last_seen_at, shown.summary.ip_address.as_str()), (at(7), "192.0.2.9"));
    assert_eq!(shown.agent_version, "0.9.0");
    store.write_heard().await.unwrap();
    assert_eq!(store.database.numbers("SELECT last_seen_at_ms FROM server_heard"), [at(7).unix_ms()]);
    assert_eq!(
        store
            .database
            .numbers("SELECT COUNT(*) FROM servers WHERE ip_address = '192.0.2.9' AND agent_version = '0.9.0'"),
        [1]
    );
    // An older report that was late does not set it back, and by itself it is written within a second or so.
    store.server_heartbeat(&elsewhere, None, at(3)).await.unwrap();
    store.server_heartbeat(&elsewhere, None, at(9)).await.unwrap();
    store.server_heartbeat(&elsewhere, None, at(8)).await.unwrap();
    let give_up = tokio::time::Instant::now() + DEADLINE;
    while store.database.numbers("SELECT last_seen_at_ms FROM server_heard") != [at(9).unix_ms()] {
        assert!(tokio::time::Instant::now() < give_up, "the store does not write by itself");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn two_masters_on_one_store_agree(store: Opened) {
    let other = Store::open(&store.database.location()).await.unwrap();
    let web = reporter(&store, "web-1").await;
    // The other one has never heard of it, and learns.
    other.metrics_insert(&web, [sample(0, 1.0)], at(5)).await.unwrap();
    store.metrics_insert(&web, [sample(0, 2.0), sample(1, 3.0)], at(6)).await.unwrap();
    assert_eq!(raw(&other, web.server_id).await, [(0, 1.0), (1, 3.0)]);
    other.write_heard().await.unwrap();
    store.write_heard().await.unwrap();
    other.write_heard().await.unwrap();
    assert_eq!(other.server_list().await.unwrap()[0].last_seen_at, at(6));
    // A list that was read serves a moment longer, but for what its own master writes.
    let moment = || tokio::time::sleep(Duration::from_millis(300));
    // The newest sample is whoever's it is. The other one stored an older one later, and it was sent twice.
    let newest = async |store: &Store| {
        let server = store.server_list().await.unwrap().remove(0);
        (server.last_metrics_at, server.cpu, store.stats().await.unwrap().avg_cpu)
    };
    other.metrics_insert(&web, [sample(-1, 9.0), sample(1, 8.0)], at(6)).await.unwrap();
    other.write_heard().await.unwrap();
    moment().await;
    for store in [&store.store, &other] {
        assert_eq!(newest(store).await, (Some(at(1)), Some(3.0), 3.0));
    }
    other.metrics_insert(&web, [sample(2, 4.0), sample(2, 5.0)], at(6)).await.unwrap();
    assert_eq!(newest(&other).await, (Some(at(2)), Some(4.0), 4.0), "shown at once where it was stored");
    other.write_heard().await.unwrap();
    moment().await;
    assert_eq!(newest(&store).await, (Some(at(2)), Some(4.0), 4.0));
    // What one marks as offline, a word to the other brings back.
    assert_eq!(store.servers_mark_offline(at(7), at(8)).await.unwrap(), ["web-1"]);
    other.server_heartbeat(&web, None, at(9)).await.unwrap();
    other.write_heard().await.unwrap();
    moment().await;
    assert_eq!(store.server_list().await.unwrap()[0].status, ServerStatus::Online);
    // What one stored of containers, the other does not take for what it stored itself.
    let set = |name: &str| {
        let set = vec![container(web.server_id, "eb6f6e2aaa26", name)];
        move |_: Option<&[Container]>| ContainerChanges { store: set, ..ContainerChanges::default() }
    };
    store.containers_replace(&web, Some(1), at(10), set("a")).await.unwrap();
    assert!(other.containers_are(&web, 1, at(10)).await.unwrap());
    other.containers_replace(&web, Some(2), at(11), set("b")).await.unwrap();
    moment().await;
    let counts = [&store.store, &other].map(async |store| store.server_list().await.unwrap()[0].container_count);
    for count in counts {
        assert_eq!(count.await, 1);
    }
    assert!(!store.containers_are(&web, 1, at(12)).await.unwrap());
    // What one deletes is gone for the other.
    store.database.execute("DELETE FROM servers");
    assert!(matches!(other.metrics_insert(&web, [sample(3, 1.0)], at(13)).await, Err(StoreError::ServerGone)));
    other.close().await;
}

async fn a_full_queue_turns_away_and_loses_nothing(store: Opened) {
    const REPORTS: usize = 20;
    const SAMPLES: i64 = 4096; // of which sixteen reports fill the queue
    let web = reporter(&store, "web-1").await;
    let samples: Vec<Sample> = (0..SAMPLES).map(|ms| sample(ms, 1.0)).collect();
    // Somebody holds what a write needs, so that everything waits.
    let blocker = Blocker::of(&store.database).await;
    let mut reports: Vec<_> = (0..REPORTS)
        .map(|_| {
            let (store, web, samples) = (store.store.clone(), web.clone(), samples.clone());
            tokio::spawn(async move { store.metrics_insert(&web, samples.as_slice(), at(0)).await })
        })
        .collect();
    for _ in 0..REPORTS - 16 {
        let (outcome, _, others) = futures_util::future::select_all(reports).await;
        assert!(matches!(outcome, Ok(Err(StoreError::Busy))), "{outcome:?}");
        reports = others;
    }
    blocker.release().await;
    for report in reports {
        // On a slow machine the wait may have been too long: then it says so.
        let outcome = report.await.unwrap();
        assert!(outcome.as_ref().err().is_none_or(StoreError::is_unavailable), "{outcome:?}");
    }
    store.metrics_insert(&web, samples.as_slice(), at(0)).await.unwrap();
    assert!(raw(&store, web.server_id).await.iter().map(|(ms, _)| *ms).eq(0..SAMPLES));
}

async fn containers_are_recognised_by_their_hash(store: Opened) {
    let web = reporter(&store, "web-1").await;
    assert!(!store.containers_are(&web, 7, at(1)).await.unwrap());
    store.containers_replace(&web, Some(7), at(1), |_| ContainerChanges::default()).await.unwrap();
    assert!(store.containers_are(&web, 7, at(2)).await.unwrap());
    assert!(!store.containers_are(&web, 8, at(2)).await.unwrap());
    store.containers_replace(&web, None, at(3), |_| ContainerChanges::default()).await.unwrap();
    assert!(!store.containers_are(&web, 7, at(4)).await.unwrap(), "not stored whole");
    assert_eq!(store.server_list().await.unwrap()[0].last_seen_at, at(4));
}

async fn containers_are_replaced_and_compared(store: Opened) {
    let web = reporter(&store, "web-1").await;
    let (hc, db) = (container(web.server_id, "eb6f6e2aaa26", "hc"), container(web.server_id, "aaaaaaaaaaaa", "db"));
    let bare = Container {
        image_id: None,
        image_tags: Vec::new(),
        health: None,
        labels: Default::default(),
        networks: Vec::new(),
        started_at: None,
        exit_code: None,
        restart_count: None,
        oom_killed: None,
        created_at: None,
        compose_project: None,
        compose_service: None,
        labels_left_out: None,
        status: ContainerStatus::Restarting,
        ..db.clone()
    };
    let first = |previous: Option<&[Container]>| {
        assert_eq!(previous, None, "before the first report");
        ContainerChanges { store: vec![hc.clone(), bare.clone()], ..ContainerChanges::default() }
    };
    store.containers_replace(&web, None, at(1), first).await.unwrap();
    assert_eq!(store.container_list(web.server_id).await.unwrap(), [bare.clone(), hc.clone()]);

    let paused = Container {
        status: ContainerStatus::Paused,
        name: "renamed".to_owned(),
        restart_count: Some(0),
        oom_killed: Some(false),
        created_at: Some(at(-8)),
        compose_project: None,
        compose_service: Some("web".to_owned()),
        labels_left_out: None,
        ..hc.clone()
    };
    let second = |previous: Option<&[Container]>| {
        assert_eq!(previous, Some(&[bare.clone(), hc.clone()][..]));
        ContainerChanges {
            store: vec![paused.clone()],
            remove: vec!["aaaaaaaaaaaa".to_owned()],
            events: vec![event(ActivityKind::Removed, "db was removed")],
        }
    };
    store.containers_replace(&web, None, at(2), second).await.unwrap();
    assert_eq!(store.container_list(web.server_id).await.unwrap(), std::slice::from_ref(&paused));
    assert_eq!(store.server_list().await.unwrap()[0].container_count, 1);
    assert_eq!(store.server_find(web.server_id).await.unwrap().unwrap().containers, [paused]);

    let empty = ContainerChanges { remove: vec!["eb6f6e2aaa26".to_owned()], ..ContainerChanges::default() };
    store.containers_replace(&web, None, at(3), |_| empty).await.unwrap();
    // An empty set is not the same as none yet.
    let still = |previous: Option<&[Container]>| {
        assert_eq!(previous, Some(&[][..]));
        ContainerChanges::default()
    };
    store.containers_replace(&web, None, at(4), still).await.unwrap();
    assert_eq!(store.container_list(web.server_id + 100).await.unwrap(), []);
}

async fn many_containers_are_stored_and_removed(store: Opened) {
    let web = reporter(&store, "web-1").await;
    let ids: Vec<String> = (0..2500).map(|i| format!("{i:012x}")).collect();
    let all = ids.iter().map(|id| container(web.server_id, id, id)).collect();
    store
        .containers_replace(&web, None, at(1), |_| ContainerChanges { store: all, ..ContainerChanges::default() })
        .await
        .unwrap();
    assert_eq!(store.server_list().await.unwrap()[0].container_count, 2500);
    let events = ids.iter().map(|id| event(ActivityKind::Removed, id)).collect();
    store
        .containers_replace(&web, None, at(2), |_| ContainerChanges { store: Vec::new(), remove: ids, events })
        .await
        .unwrap();
    assert_eq!(store.container_list(web.server_id).await.unwrap(), []);
    assert_eq!(store.activity_list(5000).await.unwrap().len(), 2501);
}

async fn parallel_container_reports_are_compared_one_after_the_other(store: Opened) {
    let web = reporter(&store, "web-1").await;
    let tasks: Vec<_> = (0..20)
        .map(|i| {
            let (store, web) = (store.store.clone(), web.clone());
            tokio::spawn(async move {
                let id = web.server_id;
                let add = move |previous: Option<&[Container]>| ContainerChanges {
                    store: vec![container(id, &format!("{i:012x}"), "x")],
                    remove: Vec::new(),
                    events: vec![event(ActivityKind::Created, &previous.unwrap_or_default().len().to_string())],
                };
                store.containers_replace(&web, None, at(1), add).await
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let events = store.activity_list(500).await.unwrap();
    let mut seen: Vec<usize> = events.iter().filter_map(|event| event.message.parse().ok()).collect();
    seen.sort();
    assert_eq!(seen, (0..20).collect::<Vec<_>>(), "each report saw what the one before it stored");
}

async fn silence_is_offline_and_a_word_is_online(store: Opened) {
    let (one, two) = (reporter(&store, "web-1").await, reporter(&store, "web-2").await);
    store.server_heartbeat(&two, None, at(1000)).await.unwrap();
    let status = async |index: usize| store.server_list().await.unwrap()[index].status;
    assert_eq!(status(0).await, ServerStatus::Online);

    assert_eq!(store.servers_mark_offline(at(0), at(2000)).await.unwrap(), Vec::<String>::new(), "heard at that time");
    assert_eq!(store.servers_mark_offline(at(1000), at(2000)).await.unwrap(), ["web-1"]);
    assert_eq!(store.servers_mark_offline(at(1000), at(2001)).await.unwrap(), Vec::<String>::new(), "said once");
    assert_eq!((status(0).await, status(1).await), (ServerStatus::Offline, ServerStatus::Online));

    store.metrics_insert(&one, [sample(0, 1.0)], at(3000)).await.unwrap();
    assert_eq!(status(0).await, ServerStatus::Online);
    store.write_heard().await.unwrap();
    assert_eq!(status(0).await, ServerStatus::Online);
    let events = store.activity_list(2).await.unwrap();
    let seen: Vec<_> = events.iter().map(|e| (e.kind, e.server_name.as_str(), e.timestamp)).collect();
    assert_eq!(seen, [(ActivityKind::Online, "web-1", at(3000)), (ActivityKind::Offline, "web-1", at(2000))]);
    assert_eq!((&events[0].container_id, &events[0].container_name), (&None, &None));
}

async fn maintenance_is_left_alone(store: Opened) {
    let web = reporter(&store, "web-1").await;
    // There is no way to set it yet, so the test does it as an operator's shell would.
    store.database.execute("UPDATE servers SET status = 'maintenance'");
    assert_eq!(store.servers_mark_offline(at(9_000_000), at(9_000_000)).await.unwrap(), Vec::<String>::new());
    store.server_heartbeat(&web, None, at(9_000_001)).await.unwrap();
    store.write_heard().await.unwrap();
    assert_eq!(store.server_list().await.unwrap()[0].status, ServerStatus::Maintenance);
}

async fn events_are_newest_first_and_bounded(store: Opened) {
    let (one, two) = (reporter(&store, "web-1").await, reporter(&store, "web-2").await);
    let changes = |messages: [&str; 2]| ContainerChanges {
        events: messages.iter().map(|message| event(ActivityKind::StatusChange, message)).collect(),
        ..ContainerChanges::default()
    };
    store.containers_replace(&one, None, at(1), |_| changes(["a", "b"])).await.unwrap();
    store.containers_replace(&two, None, at(2), |_| changes(["c", "d"])).await.unwrap();
    store.containers_replace(&one, None, at(3), |_| changes(["e", "f"])).await.unwrap();
    let events = store.activity_list(5).await.unwrap();
    let messages: Vec<&str> = events.iter().map(|event| event.message.as_str()).collect();
    assert_eq!(messages, ["f", "e", "d", "c", "b"]);
    let newest = &events[0];
    assert_eq!(newest.id, format!("{}-5", one.server_id));
    assert_eq!((newest.server_id, newest.server_name.as_str()), (one.server_id, "web-1"));
    assert_eq!(newest.container_id.as_deref(), Some("eb6f6e2aaa26"));
    assert_eq!((newest.old_value.as_deref(), newest.new_value.as_deref()), (Some("old"), None));
    let all: BTreeSet<String> = store.activity_list(500).await.unwrap().into_iter().map(|event| event.id).collect();
    assert_eq!(all.len(), 8);
}

async fn stats_count_and_average_what_is_online(store: Opened) {
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.total_servers, stats.total_containers, stats.avg_cpu), (0, 0, 0.0));
    let mut reporters = Vec::new();
    for name in ["web-1", "web-2", "web-3", "web-4"] {
        reporters.push(reporter(&store, name).await);
    }
    // web-1 has an older sample that does not count, web-3 goes offline, web-4 has none.
    store.metrics_insert(&reporters[0], [sample(0, 90.0), sample(1, 10.0)], at(5000)).await.unwrap();
    store.metrics_insert(&reporters[1], [sample(1, 20.0)], at(5000)).await.unwrap();
    store.metrics_insert(&reporters[2], [sample(1, 99.0)], at(1)).await.unwrap();
    store.server_heartbeat(&reporters[3], None, at(5000)).await.unwrap();
    assert_eq!(store.servers_mark_offline(at(4000), at(6000)).await.unwrap(), ["web-3"]);
    let hc = container(reporters[0].server_id, "eb6f6e2aaa26", "hc");
    let changes = ContainerChanges { store: vec![hc], ..ContainerChanges::default() };
    store.containers_replace(&reporters[0], None, at(6000), |_| changes).await.unwrap();
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.total_servers, stats.total_containers, stats.active_alerts), (4, 1, 0));
    assert_eq!(stats.avg_cpu, 15.0);
}

async fn what_was_stored_is_there_after_opening_again(store: Opened) {
    let web = reporter(&store, "web-1").await;
    store.metrics_insert(&web, [sample(0, 1.0)], at(0)).await.unwrap();
    store.close().await;
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    let again = Store::open(&store.database.location()).await.unwrap();
    again.ping().await.unwrap();
    assert_eq!(raw(&again, web.server_id).await, [(0, 1.0)]);
    assert_eq!(again.server_register(&registration("web-1"), at(1)).await.unwrap().unwrap().server_id, web.server_id);
    again.close().await;
}

#[test]
fn a_store_of_the_second_schema_is_upgraded_with_its_readings() {
    let full: Readings = serde_json::from_str(crate::common::fixtures::READINGS).unwrap();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = Database::fresh(engine);
        block_on(older_schema(&database.location(), &["0001_initial", "0002_readings"]));
        database.execute(
            "INSERT INTO servers (id, name, hostname, ip_address, status, agent_version, cpu_cores, total_memory_gb, \
             total_disk_gb, os_name, os_version, os_kernel, os_arch, created_at_ms, last_seen_at_ms) \
             VALUES (1, 'web-1', '', '', 'online', '', 8, 1, 1, '', '', '', '', 0, 77)",
        );
        for (ms, readings) in [(0, format!("'{}'", crate::common::fixtures::READINGS)), (86_400_000, "NULL".to_owned())]
        {
            database.execute(&format!(
                "INSERT INTO metrics VALUES ({}, {}, 99.999, 3.09, 6.31, 0.73, 23.54, 47.7, 755.92, 443323758, 986331, \
                 {readings})",
                1,
                at(ms).unix_ms()
            ));
        }
        block_on(async {
            let store = Store::open(&database.location()).await.unwrap();
            let points = store.metrics_history(1, HistoryInterval::Raw, Timestamp::MIN).await.unwrap();
            assert_eq!(
                points.iter().map(|p| (p.timestamp, p.cpu_percent)).collect::<Vec<_>>(),
                [(at(0), 100.0), (at(86_400_000), 100.0)]
            );
            assert_eq!(store.metrics_latest(1).await.unwrap(), Some(sample(86_400_000, 100.0)));
            assert_eq!(store.server_list().await.unwrap()[0].last_seen_at.unix_ms(), 77);
            database.execute(&format!("DELETE FROM metrics WHERE timestamp_ms = {}", at(86_400_000).unix_ms()));
            let before = Sample { readings: Some(full.clone()), ..sample(0, 100.0) };
            assert_eq!(store.metrics_latest(1).await.unwrap(), Some(before));
            store.close().await;
        });
    }
}

#[test]
fn a_store_of_the_first_schema_is_upgraded_with_what_it_holds() {
    const ROWS: [&str; 3] = [
        "INSERT INTO servers (id, name, hostname, ip_address, status, agent_version, cpu_cores, total_memory_gb, \
         total_disk_gb, os_name, os_version, os_kernel, os_arch, created_at_ms, last_seen_at_ms) \
         VALUES (1, 'web-1', '', '', 'online', '', 8, 1, 1, '', '', '', '', 0, 0)",
        "INSERT INTO metrics VALUES \
         (1, 1795000000000, 1, 3.09, 6.31, 0.73, 23.54, 47.7, 755.92, 443323758, 986331)",
        "INSERT INTO containers VALUES \
         (1, 'eb6f6e2aaa26', 'hc', '', NULL, '[]', 'running', NULL, '-', '{}', '[]', NULL, NULL, 0)",
    ];
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = Database::fresh(engine);
        block_on(older_schema(&database.location(), &["0001_initial"]));
        ROWS.iter().for_each(|row| database.execute(row));
        block_on(async {
            let store = Store::open(&database.location()).await.unwrap();
            assert_eq!(store.metrics_latest(1).await.unwrap(), Some(sample(0, 1.0)));
            let hc = &store.container_list(1).await.unwrap()[0];
            assert_eq!((hc.name.as_str(), hc.restart_count, hc.oom_killed), ("hc", None, None));
            let reporter =
                Reporter { server_id: 1, server_name: "web-1".to_owned(), ip_address: String::new(), generation: 0 };
            let newer = Sample { readings: Some(Readings::default()), ..sample(1, 2.0) };
            store.metrics_insert(&reporter, [newer.clone()], at(1)).await.unwrap();
            assert_eq!(store.metrics_latest(1).await.unwrap(), Some(newer));
            store.close().await;
        });
    }
}

/// Makes the tables of these migrations alone, as an older release left them.
async fn older_schema(location: &Location, migrations: &[&str]) {
    let engine = if matches!(location, Location::Sqlite(_)) { "sqlite" } else { "postgres" };
    let folder = tempfile::tempdir().unwrap();
    for name in migrations {
        let script = format!("{}/migrations/{engine}/{name}.sql", env!("CARGO_MANIFEST_DIR"));
        std::fs::copy(script, folder.path().join(format!("{name}.sql"))).unwrap();
    }
    let migrator = sqlx::migrate::Migrator::new(folder.path()).await.unwrap();
    match location {
        Location::Sqlite(path) => {
            let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}?mode=rwc", path.display())).await.unwrap();
            migrator.run(&pool).await.unwrap();
            pool.close().await;
        }
        Location::Postgres(url) => {
            let pool = sqlx::PgPool::connect(url).await.unwrap();
            migrator.run(&pool).await.unwrap();
            pool.close().await;
        }
    }
}
