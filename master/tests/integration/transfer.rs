//! `migrate-store`: everything from one engine to the other and back, and what stops it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use neon_shared::time::Timestamp;
use serde_json::Value;
use sha2::Digest;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::common::database::block_on;
use crate::common::fixtures::{CONTAINER, READINGS, ago, containers, metrics, sample, sample_with};
use crate::common::master::command;
use crate::common::{Database, Engine, Master, on_both_engines, wait_for};

on_both_engines! {
    everything_goes_to_the_other_engine_and_back
    a_target_with_anything_in_it_is_refused
    a_store_that_a_master_runs_on_is_refused
    a_schema_of_another_version_is_refused
    a_killed_move_leaves_the_target_empty
}

/// 40,000 samples of seven days, and one of them of 1971; 25 MB.
const FILL_SQLITE: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) \
     INSERT INTO metrics SELECT 7, CASE i WHEN 1 THEN 31536000001 ELSE 1750000000000 + i * 15000 END, \
     i * 4000000000000, i, 1, 1, 1, 1, -1, 1, 1, 0, randomblob(560) FROM n";
const DAYS_POSTGRES: &str = "SELECT COUNT(metrics_make_day(day)) FROM generate_series(20254::BIGINT, 20262) AS day";
const FILL_POSTGRES: &str = "INSERT INTO metrics (server_id, timestamp_ms, network_rx_bytes, network_tx_bytes, \
     memory_used_gb_hundredths, memory_total_gb_hundredths, disk_used_gb_hundredths, disk_total_gb_hundredths, \
     cpu_percent_hundredths, memory_percent_hundredths, disk_percent_hundredths, late_minutes, additions) \
     SELECT 7, CASE i WHEN 1 THEN 31536000001 ELSE 1750000000000 + i * 15000 END, \
     i * 4000000000000, i, 1, 1, 1, 1, -1, 1, 1, 0, decode(repeat(md5(i::TEXT), 35), 'hex') \
     FROM generate_series(1::BIGINT, 40000) AS i";

/// Hours, of which one is before any partition, days, and what belongs to them.
const FILL_ROLLUPS: [&str; 6] = [
    "INSERT INTO rollups_hourly (server_id, start_ms, samples, body) SELECT server_id, 1750003200000, 12, body \
     FROM metric_shapes",
    "INSERT INTO rollups_hourly (server_id, start_ms, samples, body) SELECT server_id, 31536000000, 1, body \
     FROM metric_shapes",
    "INSERT INTO rollups_daily (server_id, start_ms, samples, body) SELECT server_id, 1749945600000, samples, body \
     FROM rollups_hourly WHERE samples = 12",
    "INSERT INTO rollup_names (server_id, hash, body) SELECT server_id, 4294967295, body FROM rollups_daily",
    "INSERT INTO rollups_done (server_id, hour_ms) SELECT server_id, start_ms + 86400000 FROM rollups_daily",
    "INSERT INTO rollups_due (server_id, hour_ms, marks) SELECT server_id, start_ms, 2 FROM rollups_daily",
];

fn fill(database: &Database, engine: Engine) {
    if engine == Engine::Postgres {
        database.execute("SELECT rollups_make_period(723)");
    }
    FILL_ROLLUPS.iter().for_each(|sql| database.execute(sql));
    match engine {
        Engine::Sqlite => database.execute(FILL_SQLITE),
        Engine::Postgres => {
            database.execute(DAYS_POSTGRES);
            database.execute(FILL_POSTGRES);
        }
    }
}

fn other(engine: Engine) -> Engine {
    match engine {
        Engine::Sqlite => Engine::Postgres,
        Engine::Postgres => Engine::Sqlite,
    }
}

fn neon(from: &Database, to: &Database) -> Command {
    let mut command = command(Path::new("/"));
    command.args(["migrate-store", "--from", &from.url(), "--to", &to.url()]).stdout(Stdio::piped());
    command
}

fn done(output: Output) -> String {
    let (text, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && error.is_empty(), "{} {text}{error}", output.status);
    text
}

fn refused(output: Output) -> String {
    let (text, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{text}{error}");
    assert!(text.is_empty() && error.lines().count() == 1, "{text}{error}");
    error
}

fn stop(master: Master) {
    master.signal("TERM");
    assert!(master.wait_for_exit().success());
}

/// A database with a bit of everything, of a master that was stopped.
fn filled(engine: Engine) -> Database {
    let database = Database::fresh(engine);
    let master = Master::start(&database);
    let client = master.client;
    for name in ["web-1", "db-é\u{1f600}"] {
        let (_, token) = master.registered(name);
        let samples: Vec<String> = (0..30).map(|i| sample_with(ago(60_000 * i), READINGS)).collect();
        assert_eq!(client.post("/api/agent/metrics", &token, metrics(&samples)).status, 200);
        assert_eq!(client.post("/api/agent/metrics", &token, metrics(&[sample(ago(7_000_000))])).status, 200);
        let bare = r#"{"containerId":"0123456789ab","name":"n","image":"i","imageId":null,"imageTags":[],"status":"exited","health":null,"ports":"","labels":{"quote":"'\"\\"},"networks":[],"startedAt":null,"exitCode":null}"#;
        for report in [containers(&[CONTAINER]), containers(&[CONTAINER, bare])] {
            assert_eq!(client.post("/api/agent/containers", &token, report).status, 200);
        }
    }
    // A number that was given out stays given out.
    assert_eq!(master.registered("gone").0, 3);
    stop(master);
    database.execute("DELETE FROM servers WHERE name = 'gone'");
    forgotten(&database, ago(0));
    database
        .execute("INSERT INTO servers_deleted (server_id, merged_into, emptied_at_ms) VALUES (900, 1, 9000000000000)");
    database.execute(
        "UPDATE servers SET display_name = 'Größe', group_name = 'g', tags = '[\"a\",\"b\"]', notes = 'n', \
         maintenance_since_ms = 1, maintenance_until_ms = 9000000000000, maintenance_reason = 'r', status = 'maintenance', \
         status_before = 'online', edited_at_ms = 2 WHERE name = 'web-1'",
    );
    fill(&database, engine);
    for n in 1..=2 {
        let hash = sha2::Sha256::digest(format!("{TOKEN}{n}").as_bytes());
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        for sql in [
            format!("INSERT INTO users (name, role, password_hash, created_at_ms) VALUES ('u{n}', 'viewer', '', 1)"),
            format!("INSERT INTO sessions (hash, user_id, created_at_ms, expires_at_ms) VALUES ('{hash}', {n}, 1, 2)"),
            format!(
                "INSERT INTO api_tokens (name, hash, scope, created_by, created_at_ms) VALUES ('t', '{hash}', 'read', 'u', 1)"
            ),
            format!("INSERT INTO second_factors (user_id, sealed, confirmed_at_ms) VALUES ({n}, 'x', NULL)"),
            format!("INSERT INTO identities (issuer, subject, user_id) VALUES ('https://id', '{hash}', {n})"),
            format!("INSERT INTO oidc_states (hash, expires_at_ms) VALUES ('{hash}', 1)"),
            format!("INSERT INTO recovery_codes (user_id, hash) VALUES ({n}, '{hash}')"),
            format!(
                "INSERT INTO enrolments (hash, server_name, created_by, created_at_ms, expires_at_ms, used_at_ms, \
                 server_id, credential_hash) VALUES ('{hash}', NULL, 'u', 1, 2, 1, {n}, '{hash}')"
            ),
            format!(
                "UPDATE servers SET generation = {n}, credential = 'fleet', credential_hash = '{hash}', \
                 credential_at_ms = 1, host_machine = 'm', host_engine = 'e', rival_hostname = 'r', rival_address = 'a', \
                 rival_first_ms = 1, rival_last_ms = 2 WHERE id = {n}"
            ),
            "INSERT INTO audit (timestamp_ms, actor, address, action, target) VALUES (1, 'u', '', 'login', 'u')"
                .to_owned(),
        ] {
            database.execute(&sql);
        }
    }
    database
}

/// Has the rest of deleted servers deleted.
fn forgotten(database: &Database, now: Timestamp) {
    database.with_store(|store| async move { store.forget_deleted(now).await.unwrap() });
}

/// An API token of the source, which is good on the target as well.
const TOKEN: &str = "neon_of-the-tests-";

/// What an operator sees of it, times of hearing aside, which go on.
fn seen(database: &Database) -> Vec<Value> {
    let master = Master::start(database);
    let get = |path: &str| master.client.with_token(&format!("{TOKEN}1"), path).json();
    let mut seen = vec![get("/api/activities?limit=100"), get("/api/stats")];
    for id in 1..=2 {
        seen.push(get(&format!("/api/servers/{id}")));
        seen.push(get(&format!("/api/servers/{id}/metrics/latest")));
        seen.push(get(&format!("/api/servers/{id}/metrics/history?range=24h")));
        seen.push(get(&format!("/api/servers/{id}/metrics/history?range=1h")));
    }
    stop(master);
    seen
}

/// Every table there is.
const TABLES: &[&str] = &[
    "servers",
    "server_heard",
    "metrics",
    "metric_shapes",
    "containers",
    "activities",
    "users",
    "sessions",
    "second_factors",
    "recovery_codes",
    "identities",
    "oidc_states",
    "api_tokens",
    "audit",
    "enrolments",
    "rollups_hourly",
    "rollups_daily",
    "rollup_names",
    "rollups_done",
    "rollups_due",
    "servers_deleted",
];

fn counts(database: &Database) -> Vec<i64> {
    TABLES.iter().flat_map(|table| database.numbers(&format!("SELECT COUNT(*) FROM {table}"))).collect()
}

/// The counts of a store with nothing in it.
fn nothing() -> Vec<i64> {
    vec![0; TABLES.len()]
}

fn path_of(database: &Database) -> PathBuf {
    PathBuf::from(database.url().strip_prefix("sqlite:").unwrap())
}

fn everything_goes_to_the_other_engine_and_back(engine: Engine) {
    let source = filled(engine);
    let (there, back) = (Database::fresh(other(engine)), Database::fresh(engine));
    let (before, expected) = (counts(&source), seen(&source));
    assert!(before.iter().all(|count| *count >= 2), "{before:?}: each table has something to move");
    assert_eq!(expected[2]["maintenance"]["reason"], "r", "what operators say goes along: {}", expected[2]);
    assert_eq!(expected[3]["readings"].as_object().map(|readings| readings.len() > 5), Some(true), "{}", expected[3]);

    let first = done(neon(&source, &there).output().unwrap());
    let second = done(neon(&there, &back).output().unwrap());
    assert!(first.contains("counted and compared") && first.contains(" 40062 rows "), "{first}");
    let sums =
        |text: &str| text.lines().filter(|line| line.contains(" checksum ")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(sums(&first), sums(&second), "the same on every engine");
    assert_eq!(sums(&first).len(), before.len());

    assert_eq!((counts(&there), counts(&back)), (before.clone(), before.clone()));
    assert_eq!((seen(&there), seen(&back)), (expected.clone(), expected));
    assert_eq!(counts(&source), before, "the source is as it was");
    for database in [&there, &back] {
        let master = Master::start(database);
        assert_eq!(master.registered("web-1").0, 1, "the same name has the same number");
        assert_eq!(master.registered("new").0, 4, "and 3 is given out");
        let (_, token) = master.registered("new");
        assert_eq!(master.client.post("/api/agent/metrics", &token, metrics(&[sample(ago(0))])).status, 200);
    }
}

fn a_target_with_anything_in_it_is_refused(engine: Engine) {
    let (source, target) = (filled(other(engine)), Database::fresh(engine));
    let master = Master::start(&target);
    master.registered("precious");
    stop(master);
    let before = counts(&target);
    let line = refused(neon(&source, &target).output().unwrap());
    assert!(line.contains("is not empty: its table ") && line.contains(" has 1 rows"), "{line}");
    assert_eq!(counts(&target), before);
    // A master that was started and has heard nothing is nothing.
    target.execute("DELETE FROM servers");
    [ago(0), ago(-3_600_000)].into_iter().for_each(|now| forgotten(&target, now));
    assert_eq!(counts(&target), nothing());
    done(neon(&source, &target).output().unwrap());
    assert_eq!(counts(&target), counts(&source));
    let line = refused(neon(&source, &source).output().unwrap());
    assert!(line.contains("cannot be moved to itself"), "{line}");
}

fn a_store_that_a_master_runs_on_is_refused(engine: Engine) {
    let (running, stopped) = (Database::fresh(engine), Database::fresh(other(engine)));
    let in_use = |line: &str| line.contains("a master is running on");
    stop(Master::start(&stopped));
    let master = Master::start(&running);
    for (from, to) in [(&running, &stopped), (&stopped, &running)] {
        let line = refused(neon(from, to).output().unwrap());
        assert!(in_use(&line), "{line}");
    }
    stop(master);
    done(neon(&running, &stopped).output().unwrap());
}

fn a_schema_of_another_version_is_refused(engine: Engine) {
    let (source, target) = (Database::fresh(engine), Database::fresh(other(engine)));
    // The source's file would else be made by asking.
    if engine == Engine::Postgres {
        let line = refused(neon(&source, &target).output().unwrap());
        assert!(line.contains("is no database of Neon"), "{line}");
    } else {
        let line = refused(neon(&source, &target).output().unwrap());
        assert!(line.contains("there is no file"), "{line}");
    }
    stop(Master::start(&source));
    let hex = if engine == Engine::Sqlite { "x'00'" } else { "'\\x00'" };
    let (yes, now) = if engine == Engine::Sqlite { ("1", "0") } else { ("TRUE", "now()") };
    source.execute(&format!(
        "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
         VALUES (999, 'of the future', {now}, {yes}, {hex}, 0)"
    ));
    let line = refused(neon(&source, &target).output().unwrap());
    assert!(line.contains("use a newer one") && line.contains("this version of neon-master"), "{line}");
    source.execute("DELETE FROM _sqlx_migrations WHERE version >= 3");
    let line = refused(neon(&source, &target).output().unwrap());
    assert!(line.contains("has an older schema: start this version's master on it once"), "{line}");
}

/// Waits until the move has begun to write, which its target shows.
fn wait_until_it_writes(process: &mut Child, target: &Database) {
    wait_for("a move that writes", || {
        assert!(process.try_wait().unwrap().is_none(), "it was over before it was seen: fill in more");
        let writes = match target {
            Database::Sqlite { .. } => {
                fs::metadata(format!("{}.moving", path_of(target).display())).is_ok_and(|file| file.len() > 200_000)
            }
            Database::Postgres { .. } => {
                let sql = "SELECT COUNT(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation \
                     JOIN pg_database d ON d.oid = l.database AND d.datname = current_database() \
                     WHERE c.relname = 'metrics' AND l.mode = 'RowExclusiveLock'";
                target.numbers(sql) != [0]
            }
        };
        writes.then_some(())
    });
}

fn a_killed_move_leaves_the_target_empty(engine: Engine) {
    let (source, target) = (filled(other(engine)), Database::fresh(engine));
    let mut process = neon(&source, &target).spawn().unwrap();
    wait_until_it_writes(&mut process, &target);
    process.kill().unwrap();
    assert!(!process.wait().unwrap().success());
    match engine {
        Engine::Sqlite => assert!(!path_of(&target).exists()),
        Engine::Postgres => assert_eq!(counts(&target), nothing()),
    }
    let text = done(neon(&source, &target).output().unwrap());
    assert!(text.contains("counted and compared"), "{text}");
    assert_eq!(counts(&target), counts(&source));
}

#[test]
fn a_target_that_changes_what_is_written_is_noticed_and_left_empty() {
    let source = filled(Engine::Sqlite);
    for (body, said) in [
        ("IF NEW.timestamp_ms = 1750000030000 THEN NEW.network_tx_bytes = 0; END IF; RETURN NEW;", "40062 with"),
        ("IF NEW.timestamp_ms = 1750000030000 THEN RETURN NULL; END IF; RETURN NEW;", "40061 with"),
    ] {
        let target = Database::fresh(Engine::Postgres);
        stop(Master::start(&target));
        target.execute(&format!("CREATE FUNCTION meddle() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN {body} END $$"));
        target.execute("CREATE TRIGGER meddle BEFORE INSERT ON metrics FOR EACH ROW EXECUTE FUNCTION meddle()");
        let line = refused(neon(&source, &target).output().unwrap());
        assert!(line.contains("table metrics differs: 40062 rows with") && line.contains(said), "{line}");
        assert_eq!(counts(&target), nothing());
    }
}

#[test]
fn tables_that_only_one_of_them_has_stop_it() {
    let (source, target) = (filled(Engine::Sqlite), Database::fresh(Engine::Postgres));
    source.execute("CREATE TABLE notes (text TEXT)");
    let line = refused(neon(&source, &target).output().unwrap());
    assert!(line.contains("only the source has a table notes"), "{line}");
    assert_eq!(counts(&target), nothing());
    source.execute("DROP TABLE notes");
    target.execute("CREATE TABLE theirs (n BIGINT)");
    let line = refused(neon(&source, &target).output().unwrap());
    assert!(line.contains("only the target has a table theirs"), "{line}");
}

#[test]
fn a_damaged_source_is_refused_and_its_target_left_empty() {
    let source = filled(Engine::Sqlite);
    let target = Database::fresh(Engine::Postgres);
    let bytes = fs::read(path_of(&source)).unwrap();
    for (content, reason) in [
        (&b"not a database, but longer than its header is"[..], "is no database of Neon"),
        (&bytes[..bytes.len() / 2], "malformed"),
    ] {
        fs::write(path_of(&source), content).unwrap();
        let line = refused(neon(&source, &target).output().unwrap());
        assert!(line.contains(reason), "{line}");
    }
    stop(Master::start(&target));
    assert_eq!(counts(&target), nothing());
}

#[test]
fn a_target_that_is_something_else_is_refused() {
    let source = filled(Engine::Postgres);
    let target = Database::fresh(Engine::Sqlite);
    fs::write(path_of(&target), "precious").unwrap();
    let line = refused(neon(&source, &target).output().unwrap());
    assert!(line.contains("is no database of Neon"), "{line}");
    assert_eq!(fs::read_to_string(path_of(&target)).unwrap(), "precious");
    fs::remove_file(path_of(&target)).unwrap();
    block_on(async {
        let url = format!("sqlite:{}?mode=rwc", path_of(&target).display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        sqlx::query(AssertSqlSafe("CREATE TABLE theirs (n)".to_owned())).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
    assert!(refused(neon(&source, &target).output().unwrap()).contains("is no database of Neon"));
}

#[test]
fn a_wrong_call_is_exit_code_2() {
    for (arguments, line) in [
        (&["migrate-store"][..], "usage: neon-master migrate-store --from URL --to URL"),
        (&["migrate-store", "--from", "sqlite:a"], "usage: neon-master migrate-store --from URL --to URL"),
        (&["migrate-store", "--from", "sqlite:a", "--from", "sqlite:b"], "usage: neon-master migrate-store"),
        (&["migrate-store", "--from", "x://u:hunter2@h", "--to", "sqlite:b"], "--from: must be sqlite:<path> or"),
        (&["migrate-store", "--from", "sqlite:a", "--to", "postgres://u:hunter2@h:x/d"], "--to: is not a valid"),
    ] {
        let output = command(Path::new("/")).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.starts_with(&format!("neon-master: {line}")) && !error.contains("hunter2"), "{error}");
    }
}
