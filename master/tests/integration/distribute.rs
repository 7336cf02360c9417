//! `neon-master distribute`, and what Citus asks of the tables.

use std::process::Output;

use neon_master::store::Store;
use serde_json::json;

use crate::common::database::block_on;
use crate::common::fixtures::{CONTAINER, ago, containers, metrics, sample};
use crate::common::master::command;
use crate::common::{Database, Engine, Master};

fn distribute(database_url: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let Output { status, stdout, stderr } = command(folder.path())
        .arg("distribute")
        .env("DATABASE_URL", database_url)
        .stdout(std::process::Stdio::piped())
        .output()
        .unwrap();
    (status.code(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

fn with_tables() -> Database {
    let database = Database::fresh(Engine::Postgres);
    let location = database.location();
    block_on(async { Store::open(&location).await.unwrap().close().await });
    database
}

#[test]
fn without_citus_it_says_so_and_changes_nothing() {
    let sqlite = Database::fresh(Engine::Sqlite);
    let (code, said) = distribute(&sqlite.url());
    assert_eq!(code, Some(1));
    assert!(said.contains("only PostgreSQL with the Citus extension"), "{said}");
    let database = with_tables();
    let (code, said) = distribute(&database.url());
    assert_eq!(code, Some(1));
    assert!(said.contains("has no Citus") || said.contains("run CREATE EXTENSION citus"), "{said}");
    assert_eq!(database.numbers("SELECT COUNT(*) FROM pg_trigger WHERE tgname = 'servers_forget'"), [1]);
}

/// Citus finds a row by its distribution column, so every key has to have it, and rows of two servers must not refer to
/// each other.
#[test]
fn every_table_of_servers_can_be_distributed_by_them() {
    let database = with_tables();
    // A credential that is good for one server or for all belongs to none, and there are few.
    let of_servers = "c.relnamespace = 'public'::regnamespace AND NOT c.relispartition \
         AND a.attname = 'server_id' AND a.attnotnull";
    let tables = database.numbers(&format!(
        "SELECT COUNT(*) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
         WHERE c.relkind IN ('r', 'p') AND {of_servers}"
    ));
    assert!(tables[0] >= 5, "{tables:?}");
    let unfit = database.numbers(&format!(
        "SELECT c.oid::BIGINT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
         WHERE c.relkind IN ('r', 'p') AND {of_servers} AND NOT EXISTS (SELECT 1 FROM pg_index i \
         WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY(i.indkey))"
    ));
    assert_eq!(unfit, [0; 0], "a primary key without server_id");
    let unfit = database.numbers(&format!(
        "SELECT i.indexrelid::BIGINT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
         JOIN pg_index i ON i.indrelid = c.oid WHERE {of_servers} AND i.indisunique AND NOT a.attnum = ANY(i.indkey)"
    ));
    assert_eq!(unfit, [0; 0], "a unique index without server_id");
    let unfit = database.numbers(&format!(
        "SELECT k.oid::BIGINT FROM pg_constraint k JOIN pg_class c ON c.oid = k.confrelid \
         JOIN pg_attribute a ON a.attrelid = c.oid WHERE k.contype = 'f' AND {of_servers}"
    ));
    assert_eq!(unfit, [0; 0], "a foreign key to a table that is distributed");
    // Nothing on a sample's way into the database but the sample: no trigger, no foreign key, no rule.
    let unfit = database.numbers(
        "SELECT t.oid::BIGINT FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relname LIKE 'metric%'",
    );
    assert_eq!(unfit, [0; 0], "a trigger on samples");
}

/// Stands in for Citus's three functions and its catalogue, in a server without it: what is asked of them is recorded, and
/// everything else that the command does is done for real. That Citus does what it is asked is for the test below.
const STAND_IN: &str = "
    INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion) \
        VALUES (4000000000, 'citus', 10, 'public'::regnamespace, FALSE, '0');
    CREATE TABLE pg_catalog_stand_in (n SERIAL, logicalrelid REGCLASS, like_table TEXT);
    CREATE VIEW pg_dist_partition AS SELECT logicalrelid FROM pg_catalog_stand_in;
    CREATE FUNCTION create_reference_table(t REGCLASS) RETURNS VOID LANGUAGE sql AS \
        $$ INSERT INTO pg_catalog_stand_in (logicalrelid) VALUES (t) $$;
    CREATE FUNCTION create_distributed_table(t REGCLASS, c TEXT, colocate_with TEXT) RETURNS VOID LANGUAGE plpgsql AS $$ \
        BEGIN \
        IF (SELECT atttypid FROM pg_attribute WHERE attrelid = t AND attname = c) <> 'INTEGER'::regtype \
            OR EXISTS (SELECT 1 FROM pg_trigger WHERE tgrelid = t AND NOT tgisinternal) \
            OR EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = t AND contype = 'f') \
        THEN RAISE 'Citus would refuse %', t; END IF; \
        INSERT INTO pg_catalog_stand_in (logicalrelid, like_table) VALUES (t, colocate_with); \
        END $$;";

#[test]
fn the_tables_are_made_ready_and_each_is_placed_once() {
    let database = with_tables();
    if database.numbers("SELECT rolsuper::INTEGER::BIGINT FROM pg_roles WHERE rolname = current_user") != [1] {
        println!("SKIPPED: TEST_DATABASE_URL is of no superuser, who alone can pretend that there is an extension");
        return;
    }
    let before = {
        let master = Master::start(&database);
        let (id, token) = master.registered("web-1");
        assert_eq!(master.client.post("/api/agent/metrics", &token, metrics(&[sample(ago(0))])).status, 200);
        assert_eq!(master.client.post("/api/agent/containers", &token, containers(&[CONTAINER])).status, 200);
        id
    };
    crate::common::wait_for("the killed master's sessions to end", || {
        let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name LIKE 'neon-master%'";
        (database.numbers(sql) == [0]).then_some(())
    });
    for statement in STAND_IN.split(";\n") {
        database.execute(statement);
    }
    let (code, said) = distribute(&database.url());
    assert_eq!(code, Some(0), "{said}");
    let large = database.numbers(
        "SELECT COUNT(*) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'server_id' \
         WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'server_heard' AND a.attnotnull \
         AND c.relnamespace = 'public'::regnamespace",
    );
    let asked = database.numbers("SELECT COUNT(*) FROM pg_catalog_stand_in WHERE like_table IS NOT NULL");
    assert_eq!(asked, large, "each table of servers: {said}");
    let first = "SELECT COUNT(*) FROM pg_catalog_stand_in WHERE logicalrelid = 'metrics'::regclass AND like_table = 'none' \
         AND n = (SELECT MIN(n) FROM pg_catalog_stand_in WHERE like_table IS NOT NULL)";
    assert_eq!(database.numbers(first), [1], "samples first");
    let others = "SELECT COUNT(DISTINCT like_table) FROM pg_catalog_stand_in WHERE logicalrelid <> 'metrics'::regclass";
    assert_eq!(database.numbers(others), [1], "and the others like them");
    let keys = "SELECT COUNT(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = 'servers'::regclass";
    assert_eq!(database.numbers(keys), [3], "the foreign keys are there again");

    let (code, said) = distribute(&database.url());
    assert_eq!((code, said.contains("is distributed already")), (Some(0), true), "{said}");

    // The master works on what the tables have become.
    works_on(&database, before);
}

/// Everything that touches a table that was changed.
fn works_on(database: &Database, before: i64) {
    let master = Master::start(database);
    let (id, token) = master.registered("web-2");
    assert!(id > before, "no number is given out twice");
    assert_eq!(master.client.post("/api/agent/metrics", &token, metrics(&[sample(ago(0))])).status, 200);
    assert_eq!(master.client.post("/api/agent/containers", &token, containers(&[CONTAINER])).status, 200);
    let renamed = CONTAINER.replace("\"hc\"", "\"hd\"").replace("eb6f6e2aaa26", "eb6f6e2aaa27");
    assert_eq!(master.client.post("/api/agent/containers", &token, containers(&[&renamed])).status, 200);
    let get = |path: &str| {
        let answer = master.client.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    };
    assert_eq!(get("/api/servers").as_array().unwrap().len(), 2);
    let server = get(&format!("/api/servers/{id}"));
    assert_eq!(server["containers"][0]["name"], json!("hd"));
    assert_eq!(get(&format!("/api/containers?serverId={id}")).as_array().unwrap().len(), 1);
    assert!(get("/api/activities").as_array().unwrap().iter().any(|event| event["serverId"] == json!(id)));
    get("/api/stats");
    get("/api/storage");
    get(&format!("/api/servers/{id}/metrics/latest"));
    get(&format!("/api/servers/{id}/metrics/history?range=1h"));
    let (again, _) = master.registered("web-2");
    assert_eq!(again, id);
    assert_eq!(database.numbers("SELECT neon_forget_server('web-2')::INTEGER::BIGINT"), [1]);
    assert_eq!(database.numbers("SELECT COUNT(*) FROM metrics"), [1]);
    assert_eq!(database.numbers("SELECT COUNT(*) FROM containers"), [1]);
    assert_eq!(get("/api/servers").as_array().unwrap().len(), 1);
}

/// On a real Citus: `CITUS_DATABASE_URL` is a superuser's, in a cluster where a new database may get the extension.
#[test]
fn a_real_citus_distributes_and_the_master_works_on_it() {
    let Some(database) = Database::on_citus() else {
        println!("SKIPPED: CITUS_DATABASE_URL is not set, so nothing was tried on a real Citus");
        return;
    };
    let location = database.location();
    block_on(async { Store::open(&location).await.unwrap().close().await });
    let (code, said) = distribute(&database.url());
    assert_eq!((code, said.contains("run CREATE EXTENSION citus")), (Some(1), true), "{said}");
    database.execute("CREATE EXTENSION citus");
    let (code, said) = distribute(&database.url());
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = distribute(&database.url());
    assert_eq!((code, said.contains("is distributed already")), (Some(0), true), "{said}");
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    assert_eq!(master.client.post("/api/agent/metrics", &token, metrics(&[sample(ago(0))])).status, 200);
    assert_eq!(master.client.post("/api/agent/containers", &token, containers(&[CONTAINER])).status, 200);
    drop(master);
    works_on(&database, id);
}
