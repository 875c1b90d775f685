//! The program's own check, and what it does on disks that are full, read-only, or damaged.

#[path = "health/check.rs"]
mod check;
#[path = "health/commits.rs"]
mod commits;
#[path = "health/export.rs"]
mod export;
#[path = "health/flood.rs"]
mod flood;
#[path = "health/log_lines.rs"]
mod log_lines;

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use chrono::Utc;
use overwatch_bot::clock::Clock;
use overwatch_bot::http::{Http, Insight, Offer, Watched};
use overwatch_bot::status::Status;
use overwatch_bot::store::backup::{self, Backups};
use overwatch_bot::store::sqlite::Database;
use serde_json::Value;

/// A folder with a database, and the program beside it.
struct Place(tempfile::TempDir);

impl Place {
    async fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        place.open().await.close().await;
        place
    }

    async fn open(&self) -> Database {
        open(self.0.path()).await
    }

    fn db(&self) -> std::path::PathBuf {
        self.0.path().join("overwatch.db")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(self.0.path(), arguments)
    }

    /// What `check` says of one thing, and whether it succeeds.
    fn verdict(&self, name: &str) -> (String, bool) {
        verdict(self.0.path(), name)
    }
}

async fn open(folder: &Path) -> Database {
    let path = folder.join("overwatch.db");
    Database::open(&path, folder, Utc::now())
        .await
        .expect("it opens")
}

fn backups(folder: &Path) -> Backups {
    let settings = backup::Settings::in_folder(folder.join("backups"));
    Backups::new(&folder.join("overwatch.db"), settings).expect("no object store")
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_overwatch-bot"))
        .env_clear()
        .env("DB_PATH", folder.join("overwatch.db"))
        .env("BACKUP_DIR", folder.join("backups"))
        .env("BOT_TOKEN", "a.token")
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("the program runs")
}

fn verdict(folder: &Path, name: &str) -> (String, bool) {
    let output = run(folder, &["check", "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let lines = told["checks"].as_array().expect("a list");
    let line = lines.iter().find(|line| line["name"] == name);
    let line = line.unwrap_or_else(|| panic!("nothing about {name} in {told:#}"));
    let word = line["verdict"].as_str().expect("a word").to_owned();
    (word, output.status.success())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The answers about an open database over HTTP, with one shard that is up.
async fn serve(folder: &Path, database: &Database) -> Http {
    // The client wants one even where nothing is encrypted; installed already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let status = Status::default();
    status.shard_starts(0, Utc::now());
    status.shard_is(0, true, Utc::now());
    let watched = Watched {
        store: database.store(),
        status,
        clock: Clock::manual(Utc::now()),
        backups: Some(backups(folder)),
        warn_bytes: 100_000_000,
    };
    Http::start(([127, 0, 0, 1], 0).into(), offer(watched))
        .await
        .expect("a port")
}

/// What is offered where no token is set, and no door for interactions.
fn offer(watched: Watched) -> Offer {
    Offer {
        watched,
        insight: Insight::with_token(None),
        interactions: None,
    }
}

/// The health of an open database over HTTP, with one shard that is up.
async fn readiness(folder: &Path, database: &Database) -> (u16, Value) {
    let http = serve(folder, database).await;
    let answer = reqwest::get(format!("http://{}/readyz", http.address()))
        .await
        .expect("an answer");
    let status = answer.status().as_u16();
    let body = answer.text().await.expect("text");
    http.stop();
    (status, serde_json::from_str(&body).expect("JSON"))
}

#[tokio::test]
async fn a_healthy_place_passes_with_a_line_for_each_thing() {
    let place = Place::new().await;
    let output = place.run(&["check"]);
    let text = said(&output);
    assert!(output.status.success(), "{text}");
    for name in [
        "configuration",
        "clock",
        "size",
        "log",
        "free space",
        "disk",
        "reserve",
        "connection",
        "integrity",
        "foreign keys",
        "schema",
        "unused room",
        "backup folder",
        "backup",
        "permissions",
        "object store",
        "time zones",
    ] {
        assert!(
            text.lines().any(|line| line.contains(&format!(" {name} "))),
            "{name} is not in\n{text}"
        );
    }
    assert_eq!(place.verdict("unused room"), ("ok".into(), true));
}

#[tokio::test]
async fn a_database_that_is_not_there_fails_and_is_not_made() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(verdict(folder.path(), "connection"), ("fail".into(), false));
    assert!(!folder.path().join("overwatch.db").exists());
}

#[tokio::test]
async fn a_clock_that_is_behind_the_files_is_warned_of() {
    let place = Place::new().await;
    let file = File::options()
        .append(true)
        .open(place.db())
        .expect("the file");
    let later = SystemTime::now() + Duration::from_secs(3_600);
    file.set_modified(later).expect("the time is set");
    assert_eq!(place.verdict("clock"), ("warn".into(), true));
}

#[tokio::test]
async fn a_damaged_file_fails() {
    let place = Place::new().await;
    let mut bytes = std::fs::read(place.db()).expect("the file");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8_192].fill(0xA5);
    std::fs::write(place.db(), bytes).expect("it is written");
    assert!(!place.run(&["check"]).status.success());
}

#[tokio::test]
async fn a_row_that_refers_to_nothing_fails() {
    let place = Place::new().await;
    let db = rusqlite::Connection::open(place.db()).expect("the file");
    db.execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO reminders VALUES (1, 1, 1);")
        .expect("it is written");
    drop(db);
    assert_eq!(place.verdict("foreign keys"), ("fail".into(), false));
}

#[tokio::test]
async fn a_running_bot_is_asked_whether_it_lives() {
    let place = Place::new().await;
    let database = place.open().await;
    let watched = Watched {
        store: database.store(),
        status: Status::default(),
        clock: Clock::manual(Utc::now()),
        backups: Some(backups(place.0.path())),
        warn_bytes: 1,
    };
    let http = Http::start(([127, 0, 0, 1], 0).into(), offer(watched))
        .await
        .expect("a port");
    let address = format!("0.0.0.0:{}", http.address().port());
    let folder = place.0.path().to_owned();
    let live = move |address: &str| run(&folder, &["check", "--live", "--http-addr", address]);
    let asked = live.clone();
    let asked = tokio::task::spawn_blocking(move || asked(&address))
        .await
        .expect("it ran");
    assert!(asked.status.success(), "{}", said(&asked));
    http.stop();
    database.close().await;
    // Its own port may be another test's by now; port 1 is nobody's.
    let asked = tokio::task::spawn_blocking(move || live("0.0.0.0:1"))
        .await
        .expect("it ran");
    assert!(!asked.status.success(), "nobody is there");
}

#[tokio::test]
async fn unused_room_comes_back_but_not_while_the_bot_runs() {
    let place = Place::new().await;
    let db = rusqlite::Connection::open(place.db()).expect("the file");
    db.execute_batch(
        "BEGIN;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO receipts SELECT i, 'c', hex(randomblob(64)), 1 FROM n;
         COMMIT; DELETE FROM receipts;",
    )
    .expect("it is written");
    drop(db);
    let before = std::fs::metadata(place.db()).expect("the file").len();
    let running = place.open().await;
    let refused = place.run(&["optimize"]);
    assert!(
        !refused.status.success() && said(&refused).contains("is in use"),
        "{}",
        said(&refused)
    );
    running.close().await;
    let done = place.run(&["optimize"]);
    assert!(
        done.status.success() && said(&done).contains("came back"),
        "{}",
        said(&done)
    );
    let after = std::fs::metadata(place.db()).expect("the file").len();
    assert!(after < before / 4, "{before} bytes before, {after} after");
    assert_eq!(place.verdict("integrity"), ("ok".into(), true));
}

/// How often making a disk read-only is tried: the system refuses while a program that another thread
/// is just starting has copies of our descriptors.
const REMOUNTS_MAX: usize = 200;

/// A small disk of its own; only root can have one.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None`, and a word about it, where one is not root; where changes are judged, one must be.
    fn new() -> Option<Self> {
        let disk = Self(tempfile::tempdir().expect("a folder"));
        if disk.mount("size=8m") {
            return Some(disk);
        }
        assert!(std::env::var_os("CI").is_none(), "a disk cannot be mounted");
        eprintln!("skipped: only root can mount a small disk");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn mount(&self, options: &str) -> bool {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(self.path());
        mount.output().is_ok_and(|output| output.status.success())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Never mounted is as good.
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

#[tokio::test]
async fn a_full_disk_is_told_and_its_end_too() {
    let Some(disk) = Disk::new() else { return };
    let database = open(disk.path()).await;
    assert_eq!(readiness(disk.path(), &database).await.0, 200);
    let ballast = disk.path().join("ballast");
    // Until there is no room for another byte.
    std::fs::write(&ballast, vec![1; 16 << 20]).expect_err("the disk is full");
    let (status, parts) = readiness(disk.path(), &database).await;
    assert_eq!(
        (status, &parts["disk"]["ok"]),
        (503, &Value::Bool(false)),
        "{parts}"
    );
    assert_eq!(verdict(disk.path(), "disk"), ("fail".into(), false));
    let checked = Command::new(env!("CARGO_BIN_EXE_overwatch-bot"))
        .arg("check")
        .env_clear()
        .env("DB_PATH", disk.path().join("overwatch.db"))
        .env("BACKUP_DIR", disk.path().join("backups"))
        .current_dir(disk.path())
        .output()
        .expect("it runs");
    let advised = said(&checked)
        .matches("make room on the disk; docs/")
        .count();
    assert_eq!(advised, 2, "{}", said(&checked));
    std::fs::remove_file(ballast).expect("it goes");
    assert_eq!(readiness(disk.path(), &database).await.0, 200);
    database.close().await;
}

#[tokio::test]
async fn a_disk_that_became_read_only_is_told() {
    let Some(disk) = Disk::new() else { return };
    open(disk.path()).await.close().await;
    let remounted = (0..REMOUNTS_MAX).any(|_| disk.mount("remount,ro"));
    assert!(remounted, "it cannot be made read-only");
    assert_eq!(verdict(disk.path(), "disk"), ("fail".into(), false));
}
