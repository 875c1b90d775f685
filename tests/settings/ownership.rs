//! Whose a database is: the playground opens its own, the bot never the playground's.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{SECRET, program, refused};

/// Longest wait for what has to happen, in seconds.
const WAIT_MAX_S: u64 = 60;
/// A stop takes no longer than this, in seconds: less than SQLite waits for a lock.
const STOP_MAX_S: u64 = 4;

/// Starts a playground in `folder` with this environment.
fn start_playground(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_overwatch-bot"))
        .args(["playground", "--playground-port", "0"])
        .args(arguments)
        .env_clear()
        .envs(environment.iter().copied())
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs")
}

pub(crate) fn signal(child: &Child, name: &str) {
    let arguments = [name, &child.id().to_string()];
    let sent = Command::new("kill").args(arguments).status();
    assert!(sent.expect("kill").success());
}

/// What it said on standard error, and its exit code.
pub(crate) fn end_of(child: Child) -> (String, Option<i32>) {
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8(output.stderr).expect("text");
    (said, output.status.code())
}

/// Runs a playground until its page is open, and stops it.
#[track_caller]
fn play(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) {
    let mut child = start_playground(folder, arguments, environment);
    let stdout = BufReader::new(child.stdout.take().expect("its output"));
    let opened = stdout
        .lines()
        .map_while(Result::ok)
        .any(|line| line.contains(" open: http://"));
    if opened {
        signal(&child, "-INT");
    }
    let (said, code) = end_of(child);
    assert!(opened, "{said}");
    assert_eq!(code, Some(0), "{said}");
}

/// Makes the database of a bot at `path`, with its log written back.
pub(crate) fn make_bots_database(path: &Path) {
    let path = path.to_str().expect("text");
    let made = program(Path::new("/"), &["migrate"], &[("DB_PATH", path)]);
    let said = String::from_utf8_lossy(&made.stderr);
    assert_eq!(made.status.code(), Some(0), "{said}");
}

/// The names and contents of all files in `folder`, and in folders in it.
pub(crate) fn files_in(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in folder.read_dir().expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => all.extend(files_in(&path)),
            false => all.push((path.clone(), std::fs::read(&path).expect("a file"))),
        }
    }
    all.sort();
    all
}

fn application_id(path: &Path) -> u32 {
    let db = Connection::open(path).expect("a database");
    let id = db.query_row("PRAGMA application_id", [], |row| row.get(0));
    id.expect("a number")
}

#[test]
fn playground_leaves_the_bots_database_alone_whatever_is_set() {
    let (real, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let database = real.path().join("overwatch.db");
    make_bots_database(&database);
    let before = files_in(real.path());
    let path = database.to_str().unwrap();
    let backups = real.path().join("backups");
    let lines = format!("DB_PATH={path}\nBOT_TOKEN={SECRET}\nSHARDS=malformed\n");
    std::fs::write(place.path().join(".env"), lines).unwrap();
    let environment = [
        ("DB_PATH", path),
        ("BACKUP_DIR", backups.to_str().unwrap()),
        ("BACKUP_S3_URL", "s3://a-bucket/backups"),
        ("DATABASE_URL", "postgres://127.0.0.1:1/none"),
        ("HTTP_ADDR", "malformed"),
    ];
    for arguments in [&[][..], &["--discord-only"]] {
        play(place.path(), arguments, &environment);
        assert!(before == files_in(real.path()), "{arguments:?}");
    }
    assert!(place.path().join("data/playground.db").exists());
}

#[test]
fn playground_offers_no_setting_of_the_bot() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["playground", "--help"], &["help", "playground"]] {
        let output = program(folder.path(), arguments, &[]);
        let help = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success());
        for own in [
            "PLAYGROUND_PORT",
            "PLAYGROUND_DB_PATH",
            "--discord-only",
            "[env: LOG]",
        ] {
            assert!(help.contains(own), "{own}: {help}");
        }
        for others in [
            "BOT_TOKEN",
            "[env: DB_PATH]",
            "DATABASE_URL",
            "BACKUP",
            "HTTP_ADDR",
            "SHARDS",
        ] {
            assert!(!help.contains(others), "{others}: {help}");
        }
    }
    for arguments in [
        &["playground", "--bot-token", SECRET][..],
        &["--db-path", "overwatch.db", "playground"],
        &["playground", "--backup-dir", "backups"],
    ] {
        refused(folder.path(), arguments, &[]);
    }
    assert!(files_in(folder.path()).is_empty());
}

#[test]
fn playground_and_bot_refuse_each_others_files() {
    let folder = tempfile::tempdir().unwrap();
    let bots = folder.path().join("overwatch.db");
    make_bots_database(&bots);
    play(folder.path(), &[], &[]);
    let playgrounds = folder.path().join("data/playground.db");
    let marked = application_id(&playgrounds);
    assert_ne!(marked, application_id(&bots));
    let before = files_in(folder.path());

    // In every way in which the bot's file could be handed to the playground.
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&bots, &link).unwrap();
    for path in [&bots, &link] {
        let arguments = ["playground", "--db-path", path.to_str().unwrap()];
        let said = refused(folder.path(), &arguments, &[]);
        assert!(said.contains("not the playground's"), "{said}");
    }
    std::fs::remove_file(&link).unwrap();
    // And the playground's to the bot.
    let environment = [
        ("DB_PATH", playgrounds.to_str().unwrap()),
        ("BOT_TOKEN", SECRET),
        // Nobody listens on port 1.
        ("DISCORD_API_URL", "http://127.0.0.1:1"),
    ];
    for arguments in [&["run"], &["migrate"]] {
        let said = refused(folder.path(), arguments, &environment);
        assert!(said.contains("is the playground's"), "{said}");
    }
    for arguments in [
        &["check"][..],
        &["optimize"],
        &["backup"],
        &["export", "--format", "csv", "--guild", "1"],
        &[
            "copy",
            "--from",
            "sqlite:data/playground.db",
            "--to",
            "sqlite:other.db",
        ],
    ] {
        let output = program(folder.path(), arguments, &environment);
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}: {said}");
        assert!(said.contains("playground's"), "{arguments:?}: {said}");
    }
    let after = files_in(folder.path());
    let changed = |(path, bytes): &&(PathBuf, Vec<u8>)| {
        before
            .iter()
            .any(|(name, was)| name == path && was != bytes)
    };
    assert_eq!(after.iter().find(changed).map(|(path, _)| path), None);
}

#[test]
fn unmarked_file_at_the_playgrounds_own_place_is_marked_once() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("data/playground.db");
    make_bots_database(&own);
    assert_eq!(application_id(&own), 0);
    play(folder.path(), &[], &[]);
    let marked = application_id(&own);
    assert_ne!(marked, 0);
    // A link at that place is no file of the playground's.
    let bots = folder.path().join("overwatch.db");
    make_bots_database(&bots);
    std::fs::remove_file(&own).unwrap();
    std::os::unix::fs::symlink(&bots, &own).unwrap();
    let said = refused(
        folder.path(),
        &["playground", "--playground-port", "0"],
        &[],
    );
    assert!(said.contains("not the playground's"), "{said}");
    assert_eq!(application_id(&bots), 0);
    // A second name of the bot's file is none either.
    std::fs::remove_file(&own).unwrap();
    std::fs::hard_link(&bots, &own).unwrap();
    let said = refused(
        folder.path(),
        &["playground", "--playground-port", "0"],
        &[],
    );
    assert!(said.contains("not the playground's"), "{said}");
    assert_eq!(application_id(&bots), 0);
}

#[test]
fn playground_stops_while_its_database_is_still_being_opened() {
    let folder = tempfile::tempdir().unwrap();
    play(folder.path(), &[], &[]);
    let own = folder.path().join("data/playground.db");
    let db = Connection::open(&own).unwrap();
    // Whoever opens the file waits for this.
    db.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        .unwrap();
    let child = start_playground(folder.path(), &[], &[]);
    let lock = folder.path().join("data/playground.db.lock");
    let process = child.id().to_string();
    let started = Instant::now();
    while std::fs::read_to_string(&lock).is_ok_and(|holder| holder != process) {
        assert!(started.elapsed() < Duration::from_secs(WAIT_MAX_S));
        std::thread::yield_now();
    }
    let told = Instant::now();
    signal(&child, "-INT");
    let (said, code) = end_of(child);
    assert_eq!(code, Some(0), "{said}");
    assert!(told.elapsed() < Duration::from_secs(STOP_MAX_S), "{said}");
}

#[test]
fn time_is_confirmed_in_a_database_of_the_bot_in_this_version_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("overwatch.db");
    let environment = [("DB_PATH", path.to_str().unwrap())];
    let said = refused(folder.path(), &["clock", "confirm"], &environment);
    assert!(said.contains("there is no database at"), "{said}");
    make_bots_database(&path);
    let confirm = || program(folder.path(), &["clock", "confirm"], &environment);
    let confirmed = || -> bool {
        let db = Connection::open(&path).unwrap();
        let count = "SELECT count(*) FROM known_time WHERE confirmed_at IS NOT NULL";
        db.query_row(count, [], |row| row.get::<_, i64>(0)).unwrap() > 0
    };
    let db = Connection::open(&path).unwrap();
    let newer = "INSERT INTO schema_version SELECT 9999, 'later', applied_on, '1' FROM schema_version LIMIT 1";
    db.execute_batch(newer).unwrap();
    let output = confirm();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("version 9999, newer than"), "{said}");
    assert!(!confirmed());
    db.execute_batch("DELETE FROM schema_version WHERE version = 9999")
        .unwrap();
    // The playground's mark is in the log only, which the header does not tell.
    let marked = u32::from_be_bytes(*b"OWpg");
    db.pragma_update(None, "application_id", marked).unwrap();
    let output = confirm();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("is the playground's"), "{said}");
    assert!(!confirmed());
    db.pragma_update(None, "application_id", 0).unwrap();
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let environment = [("DB_PATH", link.to_str().unwrap())];
    let output = program(folder.path(), &["clock", "confirm"], &environment);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(confirmed());
    // Everything else about a path that can be none of a database.
    std::fs::remove_file(&link).unwrap();
    std::fs::hard_link(&path, &link).unwrap();
    let said = refused(folder.path(), &["clock", "confirm"], &environment);
    assert!(said.contains("a second name"), "{said}");
}
