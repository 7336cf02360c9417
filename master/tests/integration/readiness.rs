//! `GET /readyz`: that it is not 200 while nothing is stored.

use std::collections::HashMap;

use neon_master::config::Config;
use serde_json::{Value, json};

use crate::common::database::administer;
use crate::common::fixtures::{AGENT_SECRET, JWT_SECRET, ago, metrics, sample};
use crate::common::{Client, Database, Engine, Master, on_both_engines, wait_for};

on_both_engines! {
    a_task_that_ends_is_named_and_ends_the_master
}

/// As after a failover to a replica; a full disk is refused with other words and the same outcome.
#[test]
fn a_postgresql_that_takes_no_writes_is_not_ready_until_it_does() {
    let database = Database::fresh(Engine::Postgres);
    let Database::Postgres { name, .. } = &database else { unreachable!() };
    let master = Master::start(&database);
    let (_, token) = master.registered("web-1");
    let report = || master.client.post("/api/agent/metrics", &token, metrics(&[sample(ago(60_000))])).status;
    let ready = || {
        let answer = master.client.get("/readyz");
        (answer.status, answer.json())
    };
    assert_eq!(report(), 200);
    assert_eq!(ready().0, 200, "{:?}", ready().1);

    let alter = |how: &str| {
        administer(&format!("ALTER DATABASE {name} {how}"));
        // Sessions keep what they began with.
        administer(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
    };
    alter("SET default_transaction_read_only = on");
    wait_for("a report to be turned away", || (report() == 503).then_some(()));
    let body = wait_for("the master not to be ready", || {
        let (status, body) = ready();
        (status == 503 && body["databaseAnswers"] == true).then_some(body)
    });
    assert_eq!((&body["ready"], &body["lastWriteFailed"]), (&json!(false), &json!(true)));
    assert_eq!(body["reason"], "The database did not take the last write; the log says why");
    assert_eq!(master.client.get("/api/servers").status, 200, "reads go on");
    // Without another report: nobody is sent to a master that is not ready.
    alter("RESET default_transaction_read_only");
    wait_for("the master to be ready again", || (ready().0 == 200).then_some(()));
    assert_eq!((report(), ready().1["lastWriteFailed"].clone()), (200, json!(false)));
    assert!(ready().1.get("reason").is_none());
}

fn a_task_that_ends_is_named_and_ends_the_master(engine: Engine) {
    let database = Database::fresh(engine);
    let folder = tempfile::tempdir().unwrap();
    let values = [
        ("AGENT_SECRET", AGENT_SECRET),
        ("JWT_SECRET", JWT_SECRET),
        ("PORT", "0"),
        ("DATABASE_URL", &database.url()),
        ("DATA_DIR", folder.path().to_str().unwrap()),
    ];
    let values: HashMap<String, String> = values.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let config = Config::from_values(&values).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let master = neon_master::Master::start(&config).await.unwrap();
        let client = Client { address: master.address() };
        let ready = async || -> (u16, Value) {
            let asked = tokio::task::spawn_blocking(move || client.get("/readyz")).await.unwrap();
            (asked.status, asked.json())
        };
        assert_eq!(ready().await.0, 200);
        // Ends the store's tasks under the running master.
        master.store().close().await;
        let task = master.ended().await;
        let (status, body) = ready().await;
        assert_eq!((status, &body["reason"]), (503, &json!(format!("A task of this master has ended: {task}"))));
        master.stop().await;
    });
}
