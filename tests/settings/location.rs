//! Where the database is: the forms of DB_PATH, links, and files that do not belong together.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::ownership::{end_of, files_in, make_bots_database, signal};
use super::{SECRET, program, refused};

/// Longest wait for what has to happen, in seconds.
const WAIT_MAX_S: u64 = 60;
/// Rows that a test writes: enough for pages of several tables.
const ROWS: i64 = 3_000;

fn text(path: &Path) -> &str {
    path.to_str().expect("text")
}

/// Runs the program on this database; what it said, if it ended with `code`.
#[track_caller]
fn run(folder: &Path, arguments: &[&str], database: &str, code: i32) -> String {
    let environment = [
        ("DB_PATH", database),
        ("HOME", text(folder)),
        ("BOT_TOKEN", SECRET),
    ];
    let output = program(folder, arguments, &environment);
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    said.into_owned()
}

fn write_people(db: &Connection, people: std::ops::Range<i64>) {
    let all = db.unchecked_transaction().expect("a transaction");
    let insert = "INSERT INTO users (discord_id, username, created_at) VALUES (?1, ?2, 1)";
    for id in people {
        let person = (id, format!("person {id}"));
        all.execute(insert, person).expect("it is written");
    }
    all.commit().expect("it is written");
}

fn people(path: &Path) -> i64 {
    let db = Connection::open(path).expect("a database");
    let count = db.query_row("SELECT count(*) FROM users", [], |row| row.get(0));
    count.expect("a number")
}

/// Copies the database at `from` and its log, as they are at the moment, to `to`.
fn copy_pair(from: &Path, to: &Path) {
    for ending in ["", "-wal"] {
        let at = |path: &Path| PathBuf::from(format!("{}{ending}", path.display()));
        std::fs::copy(at(from), at(to)).expect("a copy");
    }
}

#[test]
fn forms_of_a_path_lead_to_the_file() {
    for (form, place) in [
        ("relative.db", "relative.db"),
        ("~/home.db", "home.db"),
        ("sqlite:scheme.db", "scheme.db"),
        ("sqlite://FOLDER/url.db", "url.db"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let form = form.replace("FOLDER", text(folder.path()));
        run(folder.path(), &["migrate"], &form, 0);
        assert!(folder.path().join(place).is_file(), "{form}");
    }
}

#[test]
fn what_is_no_file_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("data")).unwrap();
    symlink("volume/overwatch.db", at("dangling.db")).unwrap();
    for (form, reason) in [
        (":memory:", "in memory"),
        ("sqlite::memory:", "in memory"),
        ("file:x.db?mode=memory", "path alone"),
        ("data", "a folder"),
        ("data/", "a folder"),
        ("/dev/null", "a device"),
        ("dangling.db", "which is not there"),
        ("postgres://localhost/overwatch", "DATABASE_URL"),
    ] {
        for command in ["run", "migrate", "backup", "check"] {
            let environment = [("DB_PATH", form), ("BOT_TOKEN", SECRET)];
            let said = refused(folder.path(), &[command], &environment);
            assert!(said.contains(reason), "{form}: {said}");
        }
    }
    assert!(files_in(&at("data")).is_empty());
    assert!(!at(":memory:").exists());
}

#[test]
fn link_leads_to_one_database_for_two_bots_and_for_a_restore() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("volume")).unwrap();
    let (database, link) = (at("volume/overwatch.db"), at("link.db"));
    make_bots_database(&database);
    symlink("volume/overwatch.db", &link).unwrap();

    let mut bot = Command::new(env!("CARGO_BIN_EXE_overwatch-bot"));
    // Nobody listens on port 1, so it waits there, with its database open.
    let environment = [
        ("BOT_TOKEN", SECRET),
        ("DISCORD_API_URL", "http://127.0.0.1:1"),
    ];
    bot.arg("run")
        .env_clear()
        .envs(environment)
        .env("DB_PATH", &link);
    bot.current_dir(folder.path()).stderr(Stdio::piped());
    let bot = bot.spawn().expect("the program runs");
    let lock = at("volume/overwatch.db.lock");
    let (process, started) = (bot.id().to_string(), Instant::now());
    while !std::fs::read_to_string(&lock).is_ok_and(|holder| holder == process) {
        assert!(started.elapsed() < Duration::from_secs(WAIT_MAX_S));
        std::thread::yield_now();
    }
    for path in [&database, &link] {
        let said = run(folder.path(), &["migrate"], text(path), 1);
        assert!(said.contains("in use"), "{said}");
    }
    signal(&bot, "-TERM");
    let (said, code) = end_of(bot);
    assert_eq!(code, Some(0), "{said}");

    write_people(&Connection::open(&database).unwrap(), 1..2);
    run(folder.path(), &["backup"], text(&link), 0);
    write_people(&Connection::open(&database).unwrap(), 2..3);
    run(folder.path(), &["restore", "latest"], text(&link), 0);
    assert!(link.is_symlink(), "the data left the volume");
    assert_eq!(people(&database), 1);
    let aside = files_in(&at("volume")).into_iter().map(|(path, _)| path);
    assert!(
        aside
            .into_iter()
            .any(|path| text(&path).contains(".before_restore_"))
    );

    std::fs::hard_link(&database, at("second.db")).unwrap();
    for path in [&database, &at("second.db")] {
        let environment = [("DB_PATH", text(path)), ("BOT_TOKEN", SECRET)];
        let said = refused(folder.path(), &["run"], &environment);
        assert!(said.contains("second name"), "{said}");
    }
}

#[test]
fn log_of_another_database_stops_the_start_and_nothing_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (other, backup) = (at("other.db"), at("backup.db"));
    make_bots_database(&other);
    std::fs::copy(&other, &backup).unwrap();
    let db = Connection::open(&other).unwrap();
    db.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    write_people(&db, 1..ROWS);
    // As a crash leaves it: the log has what the file has not.
    let (left, mixed) = (at("left.db"), at("mixed.db"));
    copy_pair(&other, &left);
    copy_pair(&other, &mixed);
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    write_people(&db, ROWS..2 * ROWS);
    // A backup copied over the file by hand, with the log of another time still beside it.
    std::fs::copy(at("other.db-wal"), at("mixed.db-wal")).unwrap();
    drop(db);
    let before: Vec<_> = ["mixed.db", "mixed.db-wal"]
        .map(|name| std::fs::read(at(name)))
        .into();
    for command in ["run", "migrate"] {
        let environment = [
            ("DB_PATH", text(&mixed)),
            ("BOT_TOKEN", SECRET),
            ("LOG", "error"),
        ];
        let said = refused(folder.path(), &[command], &environment);
        assert!(said.contains("does not belong"), "{said}");
        assert!(said.contains("restore"), "{said}");
    }
    for command in ["backup", "optimize"] {
        let said = run(folder.path(), &[command], text(&mixed), 1);
        assert!(said.contains("does not belong"), "{said}");
    }
    let after: Vec<_> = ["mixed.db", "mixed.db-wal"]
        .map(|name| std::fs::read(at(name)))
        .into();
    assert!(
        before
            .iter()
            .zip(&after)
            .all(|(a, b)| a.as_ref().unwrap() == b.as_ref().unwrap())
    );

    // Without its file a log is not thrown away either.
    std::fs::remove_file(&mixed).unwrap();
    let environment = [
        ("DB_PATH", text(&mixed)),
        ("BOT_TOKEN", SECRET),
        ("LOG", "error"),
    ];
    let said = refused(folder.path(), &["run"], &environment);
    assert!(said.contains("missing"), "{said}");
    assert!(!mixed.exists() && at("mixed.db-wal").exists());

    // What a crash left belongs together, wherever it was copied to.
    run(folder.path(), &["migrate"], text(&left), 0);
    assert_eq!(people(&left), ROWS - 1);
}

#[test]
fn lock_files_that_are_links_empty_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let database = at("overwatch.db");
    make_bots_database(&database);
    let before = std::fs::read(&database).unwrap();
    std::fs::create_dir_all(at("backups")).unwrap();
    let lock = at("backups/.lock");
    let make: [fn(&Path, &Path); 2] = [
        |victim, lock| symlink(victim, lock).unwrap(),
        |victim, lock| std::fs::hard_link(victim, lock).unwrap(),
    ];
    for put in make {
        put(&database, &lock);
        let said = run(folder.path(), &["backup"], text(&database), 1);
        assert!(said.contains(".lock cannot be"), "{said}");
        std::fs::remove_file(&lock).unwrap();
        assert!(std::fs::read(&database).unwrap() == before);
    }
    let lock = at("overwatch.db.lock");
    let precious = at("precious");
    std::fs::write(&precious, "precious").unwrap();
    for put in make {
        std::fs::remove_file(&lock).unwrap();
        put(&precious, &lock);
        let said = run(folder.path(), &["migrate"], text(&database), 1);
        assert!(said.contains("overwatch.db.lock cannot be used"), "{said}");
        assert_eq!(std::fs::read_to_string(&precious).unwrap(), "precious");
    }
}
