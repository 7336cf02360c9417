//! `backup` and `restore` of an SQLite store: what they refuse, and what a killed one leaves.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use crate::common::database::block_on;
use crate::common::fixtures::{ago, metrics, sample};
use crate::common::master::{Starting, command};
use crate::common::{Database, Engine, Master, wait_for};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

/// Enough that a copy takes many writes: 40,000 samples, 25 MB.
const FILL: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) \
     INSERT INTO metrics SELECT 7, 1750000000000 + i * 1000, i, i, 1, 1, 1, 1, 1, 1, 1, 0, randomblob(560) FROM n";

fn neon(database: &Database, arguments: &[&str]) -> Command {
    let mut command = command(Path::new("/"));
    command.env("DATABASE_URL", database.url()).args(arguments).stdout(Stdio::piped());
    command
}

fn run(database: &Database, arguments: &[&str]) -> Output {
    neon(database, arguments).output().unwrap()
}

/// The one line of a command that was carried out.
fn done(output: Output) -> String {
    let (text, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && error.is_empty(), "{} {text}{error}", output.status);
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

/// The one line of a command that was not.
fn refused(output: Output) -> String {
    let (text, error) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{text}{error}");
    assert!(text.is_empty() && error.lines().count() == 1, "{text}{error}");
    error
}

fn path_of(database: &Database) -> PathBuf {
    PathBuf::from(database.url().strip_prefix("sqlite:").unwrap())
}

fn query(path: &Path, sql: &str) -> i64 {
    let (url, sql) = (format!("sqlite:{}", path.display()), AssertSqlSafe(sql.to_owned()));
    block_on(async move {
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let number = sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        number
    })
}

fn servers_in(path: &Path) -> i64 {
    query(path, "SELECT COUNT(*) FROM servers")
}

/// Names in the folder of `path` that begin with its own, without that.
fn beside(path: &Path) -> Vec<String> {
    let name = path.file_name().unwrap().to_str().unwrap();
    let entries = fs::read_dir(path.parent().unwrap()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|found| Some(found.strip_prefix(name)?.to_owned()).filter(|rest| !rest.is_empty())).collect()
}

fn kept_by_restores(path: &Path) -> Vec<PathBuf> {
    let is_database =
        |name: &String| name.starts_with(".before-restore-") && !name.ends_with("-wal") && !name.ends_with("-shm");
    let path_of = |name: String| PathBuf::from(format!("{}{name}", path.display()));
    beside(path).into_iter().filter(is_database).map(path_of).collect()
}

/// A database with these servers, of a master that was stopped.
fn stopped_with(servers: &[&str]) -> Database {
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start(&database);
    servers.iter().for_each(|name| drop(master.registered(name)));
    master.signal("TERM");
    assert!(master.wait_for_exit().success());
    database
}

/// A copy of such a database, and the folder it is in.
fn backup_with(servers: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.db");
    done(run(&stopped_with(servers), &["backup", file.to_str().unwrap()]));
    (folder, file)
}

fn signal(process: &Child, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &process.id().to_string()]).status().unwrap().success());
}

/// Waits until the process is stopped, as proc_pid_stat(5) tells.
fn wait_until_stopped(process: &Child) {
    wait_for("a stopped process", || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap();
        let state = stat.rsplit(')').next().unwrap().trim_start().chars().next();
        (state == Some('T')).then_some(())
    });
}

#[test]
fn a_backup_has_what_was_acknowledged_and_keeps_no_report_waiting() {
    const BEFORE: i64 = 20;
    let database = Database::fresh(Engine::Sqlite);
    let folder = tempfile::tempdir().unwrap();
    let (file, partial) = (folder.path().join("b.db"), folder.path().join("b.db.partial"));
    let master = Master::start(&database);
    let (id, token) = master.registered("web-1");
    database.execute(FILL);
    let send = |number: i64| {
        let body = metrics(&[sample(ago(3_600_000 - number * 1000))]);
        assert_eq!(master.client.post("/api/agent/metrics", &token, body).status, 200, "sample {number}");
    };
    (0..BEFORE).for_each(send);

    let mut process = neon(&database, &["backup", file.to_str().unwrap()]).spawn().unwrap();
    wait_for("the copy's first pages", || {
        fs::metadata(&partial).is_ok_and(|file| file.len() > 0).then_some(()).or_else(|| {
            assert!(process.try_wait().unwrap().is_none(), "the copy was made before it was seen: fill in more");
            None
        })
    });
    // As slow as a disk can be: not at all.
    signal(&process, "STOP");
    wait_until_stopped(&process);
    (BEFORE..BEFORE + 30).for_each(send);
    assert!(!file.exists(), "a name never stands for a half");
    signal(&process, "CONT");
    let line = done(process.wait_with_output().unwrap());

    assert!(line.contains("1 servers") && line.contains(" samples") && line.contains("checked"), "{line}");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let of_this = format!("SELECT COUNT(*) FROM metrics WHERE server_id = {id}");
    let in_copy = query(&file, &of_this);
    assert!((BEFORE..BEFORE + 30).contains(&in_copy), "{in_copy}: a copy of the moment it was begun");
    assert_eq!(query(&file, "SELECT COUNT(*) FROM metrics") - in_copy, 40_000);
    assert_eq!(database.numbers(&of_this), [BEFORE + 30]);
    assert!(!partial.exists());
}

#[test]
fn a_backup_is_a_database_that_a_master_starts_on() {
    let (folder, file) = backup_with(&["web-1", "web-2"]);
    let master = Master::start_with(&format!("sqlite:{}", file.display()), &[]);
    assert_eq!(master.client.get("/api/servers").json().as_array().map(Vec::len), Some(2));
    // A number is never given out twice, not even after a restore.
    assert_eq!(master.registered("web-3").0, 3);
    drop((master, folder));
}

#[test]
fn a_backup_overwrites_nothing_and_says_what_it_cannot_do() {
    let database = stopped_with(&["web-1"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.db");
    fs::write(&file, "precious").unwrap();
    let line = refused(run(&database, &["backup", file.to_str().unwrap()]));
    assert!(line.contains("exists already"), "{line}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    let dangling = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("nowhere"), &dangling).unwrap();
    assert!(refused(run(&database, &["backup", dangling.to_str().unwrap()])).contains("exists already"));

    let nowhere = folder.path().join("none").join("b.db");
    let line = refused(run(&database, &["backup", nowhere.to_str().unwrap()]));
    assert!(line.contains("none/b.db.partial: No such file"), "{line}");
    let none = Database::fresh(Engine::Sqlite);
    let line = refused(run(&none, &["backup", folder.path().join("c.db").to_str().unwrap()]));
    assert!(line.contains("there is no file"), "{line}");
    assert!(!path_of(&none).exists() && !folder.path().join("c.db").exists());
    assert_eq!(beside(&file), Vec::<String>::new());
}

#[test]
fn a_backup_on_a_full_disk_leaves_nothing() {
    let database = stopped_with(&["web-1"]);
    database.execute(FILL);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b.db");
    // With the signal ignored, a file that may not grow is a write that fails, as on a full disk.
    let mut limited = command(Path::new("/"));
    let program = limited.get_program().to_owned();
    limited = {
        let mut shell = Command::new("sh");
        shell.env_clear().env("DATABASE_URL", database.url()).stdin(Stdio::null());
        shell.args(["-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" backup \"$1\""]).arg(program).arg(&file);
        shell
    };
    let line = refused(limited.output().unwrap());
    assert!(line.contains("full") || line.contains("I/O") || line.contains("too large"), "{line}");
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{left:?}: {line}");
}

#[test]
fn a_killed_backup_leaves_no_file_of_that_name_and_the_next_one_is_made() {
    let database = stopped_with(&["web-1"]);
    database.execute(FILL);
    let folder = tempfile::tempdir().unwrap();
    let (file, partial) = (folder.path().join("b.db"), folder.path().join("b.db.partial"));
    let mut process = neon(&database, &["backup", file.to_str().unwrap()]).spawn().unwrap();
    wait_for("the copy's first pages", || fs::metadata(&partial).is_ok_and(|file| file.len() > 0).then_some(()));
    process.kill().unwrap();
    assert_eq!(process.wait().unwrap().signal(), Some(9), "the copy was made before it was seen: fill in more");
    assert!(partial.exists() && !file.exists());
    done(run(&database, &["backup", file.to_str().unwrap()]));
    assert_eq!(query(&file, "SELECT COUNT(*) FROM metrics"), 40_000);
    assert!(!partial.exists());
}

#[test]
fn on_postgresql_both_name_its_own_tools() {
    let database = Database::fresh(Engine::Postgres);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("b");
    let line = refused(run(&database, &["backup", file.to_str().unwrap()]));
    assert!(line.contains("use pg_dump") && line.contains("docs/operating.md"), "{line}");
    let line = refused(run(&database, &["restore", file.to_str().unwrap()]));
    assert!(line.contains("use pg_restore"), "{line}");
    assert!(!file.exists());
}

#[test]
fn a_wrong_call_is_exit_code_2() {
    let database = Database::fresh(Engine::Sqlite);
    for arguments in [&["backup"][..], &["restore"], &["backup", "a", "b"], &["restore", "--force"], &["backup", ""]] {
        let output = run(&database, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!(line, format!("neon-master: usage: neon-master {} FILE\n", arguments[0]));
    }
    let output = command(Path::new("/")).env("DATABASE_URL", "x://hunter2").args(["backup", "f"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.starts_with("neon-master: DATABASE_URL: ") && !line.contains("hunter2"), "{line}");
}

#[test]
fn one_master_at_a_time_and_no_restore_under_it() {
    let (_folder, file) = backup_with(&["of-the-backup"]);
    let database = Database::fresh(Engine::Sqlite);
    let master = Master::start(&database);
    master.registered("web-1");

    let mut second = Starting::new(&database.url(), &[]);
    let status = wait_for("the second master's end", || second.process.try_wait().unwrap());
    assert_eq!(status.code(), Some(1));
    let line = wait_for("its line", || second.find("cannot start"));
    assert!(line["cause"].as_str().unwrap().contains("is in use: a master is running on it"), "{line}");

    let line = refused(run(&database, &["restore", file.to_str().unwrap()]));
    assert!(line.contains("is in use: a master is running on it"), "{line}");
    assert_eq!(master.client.get("/api/servers").json()[0]["name"], "web-1");
    assert!(kept_by_restores(&path_of(&database)).is_empty());
    // The lock goes with the process, however that ends.
    master.kill();
    done(run(&database, &["restore", file.to_str().unwrap()]));
    let master = Master::start(&database);
    assert_eq!(master.client.get("/api/servers").json()[0]["name"], "of-the-backup");
}

#[test]
fn a_shell_that_has_the_database_open_keeps_a_restore_out() {
    let (_folder, file) = backup_with(&["of-the-backup"]);
    let database = stopped_with(&["web-1"]);
    let mut shell = block_on(async { SqliteConnection::connect(&database.url()).await.unwrap() });
    block_on(async { sqlx::query("SELECT * FROM servers").execute(&mut shell).await.unwrap() });
    let line = refused(run(&database, &["restore", file.to_str().unwrap()]));
    assert!(line.contains("is in use"), "{line}");
    block_on(async { shell.close().await.unwrap() });
    done(run(&database, &["restore", file.to_str().unwrap()]));
}

#[test]
fn what_is_no_backup_is_refused_and_changes_nothing() {
    let (folder, good) = backup_with(&["of-the-backup"]);
    let database = stopped_with(&["web-1"]);
    let before = fs::read(path_of(&database)).unwrap();
    let file = folder.path().join("f.db");
    let bytes = fs::read(&good).unwrap();
    let changed = |sql: &str| {
        fs::copy(&good, &file).unwrap();
        block_on(async {
            let mut connection = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
            sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
        fs::read(&file).unwrap()
    };
    let newer = changed("INSERT INTO _sqlx_migrations VALUES (999, 'of the future', 0, 1, x'00', 0)");
    let unfinished = changed("UPDATE _sqlx_migrations SET success = 0 WHERE version = 2");
    let foreign = changed("DROP TABLE _sqlx_migrations");
    // Its pages are 4,096 bytes; the first of them but the header is overwritten, and one in the middle.
    let mut scribbled = bytes.clone();
    scribbled[4096 * 2..4096 * 5].fill(0x5a);
    let mut no_schema = bytes.clone();
    no_schema[100..4096].fill(0xff);

    for (content, reason) in [
        (b"".to_vec(), "is no database of Neon"),
        (b"not a database, but longer than its header is".to_vec(), "is no database of Neon"),
        (bytes[..16].to_vec(), ""),
        (bytes[..bytes.len() / 2].to_vec(), "is damaged: "),
        (bytes[..bytes.len() - 4096].to_vec(), "is damaged: "),
        (scribbled, "is damaged: "),
        (no_schema, "is damaged: "),
        (foreign, "is no database of Neon"),
        (unfinished, "migration 2 of its schema is unfinished"),
        (newer, "has schema 999, and this version of neon-master knows those up to "),
    ] {
        fs::write(&file, &content).unwrap();
        let line = refused(run(&database, &["restore", file.to_str().unwrap()]));
        assert!(line.contains(reason) && line.contains(file.to_str().unwrap()), "{reason}: {line}");
        assert_eq!(fs::read(path_of(&database)).unwrap(), before, "{reason}");
        assert!(!beside(&path_of(&database)).iter().any(|name| name.contains("rest")), "{reason}");
    }
    let line = refused(run(&database, &["restore", "/nonexistent/f"]));
    assert!(line.contains("there is no file /nonexistent/f"), "{line}");
    let line = refused(run(&database, &["restore", "/tmp"]));
    assert!(line.contains("/tmp: "), "{line}");
}

#[test]
fn a_restore_keeps_what_was_there_with_its_log() {
    let (_folder, file) = backup_with(&["of-the-backup"]);
    let database = Database::fresh(Engine::Sqlite);
    let path = path_of(&database);
    let master = Master::start(&database);
    master.registered("web-1");
    master.registered("web-2");
    master.kill();
    assert!(fs::metadata(format!("{}-wal", path.display())).unwrap().len() > 0, "all of it is in the log");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();

    let line = done(run(&database, &["restore", file.to_str().unwrap()]));
    let kept = kept_by_restores(&path);
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(line.contains("1 servers") && line.contains(kept[0].to_str().unwrap()), "{line}");
    assert_eq!((servers_in(&kept[0]), servers_in(&path)), (2, 1));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // And back again, within the same second perhaps.
    done(run(&database, &["restore", kept[0].to_str().unwrap()]));
    assert_eq!(servers_in(&path), 2);
    assert_eq!(kept_by_restores(&path).len(), 2);
    let names = beside(&path);
    assert!(!names.iter().any(|name| name == ".restoring"), "{names:?}");
}

#[test]
fn a_restore_needs_no_database_to_be_there() {
    let (_folder, file) = backup_with(&["of-the-backup"]);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("new");
    // What is left of one that somebody removed.
    fs::create_dir(&data).unwrap();
    fs::write(data.join("neon.db-wal"), "stale").unwrap();
    let mut restore = command(Path::new("/"));
    restore.env("DATA_DIR", &data).args(["restore", file.to_str().unwrap()]).stdout(Stdio::piped());
    let line = done(restore.output().unwrap());
    assert!(line.contains("there was none before"), "{line}");
    assert!(!data.join("neon.db-wal").exists());
    assert_eq!(servers_in(&data.join("neon.db")), 1);

    fs::remove_dir_all(&data).unwrap();
    done(restore.output().unwrap());
    assert_eq!(servers_in(&data.join("neon.db")), 1);
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_damaged_database_is_replaced_and_kept_as_it_is() {
    let (_folder, file) = backup_with(&["of-the-backup"]);
    let database = stopped_with(&["web-1"]);
    let path = path_of(&database);
    let (damaged, log) = (vec![0x5a; 9000], vec![0xa5; 5000]);
    fs::write(&path, &damaged).unwrap();
    fs::write(format!("{}-wal", path.display()), &log).unwrap();
    done(run(&database, &["restore", file.to_str().unwrap()]));
    let kept = kept_by_restores(&path);
    assert_eq!(fs::read(&kept[0]).unwrap(), damaged);
    assert_eq!(fs::read(format!("{}-wal", kept[0].display())).unwrap(), log);
    assert_eq!(servers_in(&path), 1);
}

#[test]
fn a_restored_database_belongs_to_whom_the_old_one_did() {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        eprintln!("SKIPPED: only root can give a file away");
        return;
    }
    let (_folder, file) = backup_with(&["of-the-backup"]);
    let database = stopped_with(&["web-1"]);
    std::os::unix::fs::chown(path_of(&database), Some(65534), Some(65534)).unwrap();
    done(run(&database, &["restore", file.to_str().unwrap()]));
    let restored = fs::metadata(path_of(&database)).unwrap();
    assert_eq!((restored.uid(), restored.gid()), (65534, 65534));
}

#[test]
fn a_killed_restore_leaves_the_old_database_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.db");
    let new = stopped_with(&["new-1", "new-2", "new-3"]);
    new.execute(FILL);
    done(run(&new, &["backup", file.to_str().unwrap()]));
    let database = Database::fresh(Engine::Sqlite);
    let path = path_of(&database);
    let master = Master::start(&database);
    master.registered("old-1");
    master.kill(); // with a log that must not get lost

    let restoring = PathBuf::from(format!("{}.restoring", path.display()));
    let started = || neon(&database, &["restore", file.to_str().unwrap()]).spawn().unwrap();
    let is_growing = || fs::metadata(&restoring).is_ok_and(|file| file.len() > 0);
    let (mut cut_short, mut olds) = (0, 0);
    // At its first pages, when the old one has just got its second name, and at a time of its own.
    for round in 0..18_u32 {
        let kept_before = kept_by_restores(&path).len();
        let mut process = started();
        match round % 3 {
            0 => wait_for("the copy's first pages", || is_growing().then_some(())),
            1 => loop {
                if kept_by_restores(&path).len() > kept_before || process.try_wait().unwrap().is_some() {
                    break;
                }
            },
            _ => std::thread::sleep(Duration::from_millis(u64::from(round) * 12)),
        }
        let _ = process.kill(); // it may be done
        cut_short += u32::from(process.wait().unwrap().signal() == Some(9));
        let (check, servers) = (
            query(&path, "SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
            servers_in(&path),
        );
        assert_eq!(check, 1, "round {round}");
        let samples = query(&path, "SELECT COUNT(*) FROM metrics");
        assert!([(1, 0), (3, 40_000)].contains(&(servers, samples)), "round {round}: {servers} servers, {samples}");
        olds += u32::from(servers == 1);
        for kept in kept_by_restores(&path) {
            assert!([1, 3].contains(&servers_in(&kept)), "round {round}: {}", kept.display());
        }
    }
    assert!(cut_short >= 6 && olds >= 1, "{cut_short} were cut short, {olds} left the old one");
    done(run(&database, &["restore", file.to_str().unwrap()]));
    assert_eq!(servers_in(&path), 3);
    assert!(!restoring.exists());
    let master = Master::start(&database);
    assert_eq!(master.registered("new-4").0, 4);
}
