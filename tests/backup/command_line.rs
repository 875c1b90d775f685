//! The program itself, as cron and operators call it.

use std::process::{Command, Output};

use serde_json::Value;

use crate::home::{Home, count, files, meet, start};

fn overwatch_bot(home: &Home, arguments: &[&str]) -> Output {
    overwatch_bot_with(home, arguments, &[])
}

pub(crate) fn overwatch_bot_with(
    home: &Home,
    arguments: &[&str],
    settings: &[(&str, &str)],
) -> Output {
    Command::new(env!("CARGO_BIN_EXE_overwatch-bot"))
        .args(arguments)
        .current_dir(home.folder.path())
        .env_clear()
        .env("DB_PATH", home.database())
        .env("BACKUP_DIR", home.backups_folder())
        .envs(settings.iter().copied())
        .output()
        .expect("it runs")
}

pub(crate) fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(both).expect("text")
}

#[tokio::test]
async fn a_backup_beside_a_running_bot_is_made_listed_and_restored_once_it_has_stopped() {
    let home = Home::with(40).await;
    let database = home.open().await;
    let made = overwatch_bot(&home, &["backup"]);
    assert!(made.status.success(), "{}", said(&made));
    assert!(said(&made).contains("verified"), "{}", said(&made));

    let listed = overwatch_bot(&home, &["backup", "list", "--json"]);
    let listed: Value = serde_json::from_slice(&listed.stdout).expect("JSON");
    assert_eq!(listed[0]["unfit"], Value::Null);
    assert!(listed[0]["rows"].as_i64() > Some(80));
    let shown = said(&overwatch_bot(&home, &["backup", "list"]));
    assert!(
        shown.contains("verifies") && shown.contains("min ago"),
        "{shown}"
    );

    meet(&database.store(), 41..=50).await;
    let refused = overwatch_bot(&home, &["restore", "latest"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        said(&refused).contains("in use by another overwatch-bot"),
        "{}",
        said(&refused)
    );
    database.close().await;

    let tried = overwatch_bot(&home, &["restore", "latest", "--dry-run"]);
    assert!(
        said(&tried).contains("Nothing was changed"),
        "{}",
        said(&tried)
    );
    assert_eq!(count(&home.database(), "users"), 50);
    let done = overwatch_bot(&home, &["restore", "latest"]);
    assert!(done.status.success(), "{}", said(&done));
    assert!(
        said(&done).contains("Set aside what is there as"),
        "{}",
        said(&done)
    );
    assert_eq!(count(&home.database(), "users"), 40);
}

#[tokio::test]
async fn what_cannot_be_done_is_one_sentence_and_an_exit_code() {
    let home = Home::new();
    for (arguments, code, sentence) in [
        (&["backup"][..], 1, "there is no database at"),
        (&["restore", "latest"], 1, "there is no backup yet"),
        (
            &["restore", "s3://"],
            2,
            "an address such as s3://BUCKET/FOLDER",
        ),
        (&["backup", "--backup-every", "soon"], 2, "6h or 1d"),
        (&["backup", "--backup-keep", "0"], 2, "1..=10000"),
        (
            &["backup", "--backup-s3-url", "s3://key:secret@host/a"],
            2,
            "without keys in it",
        ),
    ] {
        let output = overwatch_bot(&home, arguments);
        let told = said(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        assert!(told.contains(sentence), "{arguments:?}: {told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[tokio::test]
async fn backup_by_a_clock_that_is_doubtful_drops_none_until_the_clock_is_confirmed() {
    let home = Home::with(5).await;
    let db = rusqlite::Connection::open(home.database()).unwrap();
    let in_use = "INSERT INTO known_time (id, last_at) VALUES (1, unixepoch() - 30 * 86400)";
    db.execute_batch(in_use).unwrap();
    drop(db);
    for day in [0, 1] {
        let now = start() - chrono::TimeDelta::days(400 + day);
        home.back_up(home.settings(), now).await.unwrap();
    }
    let keep_one = [
        ("BACKUP_KEEP", "1"),
        ("BACKUP_KEEP_DAILY", "0"),
        ("BACKUP_KEEP_WEEKLY", "0"),
        ("BACKUP_KEEP_MONTHLY", "0"),
    ];
    let made = overwatch_bot_with(&home, &["backup"], &keep_one);
    assert!(made.status.success(), "{}", said(&made));
    assert!(
        said(&made).contains("no backup is dropped"),
        "{}",
        said(&made)
    );
    assert_eq!(files(&home.backups_folder()).len(), 6);

    let confirmed = overwatch_bot(&home, &["clock", "confirm"]);
    assert!(confirmed.status.success(), "{}", said(&confirmed));
    let made = overwatch_bot_with(&home, &["backup"], &keep_one);
    assert!(made.status.success(), "{}", said(&made));
    assert!(
        !said(&made).contains("no backup is dropped"),
        "{}",
        said(&made)
    );
    assert_eq!(files(&home.backups_folder()).len(), 2);
}

#[tokio::test]
async fn start_on_a_schema_that_was_changed_by_hand_says_that_there_is_no_backup() {
    let home = Home::with(5).await;
    let unchanged = said(&overwatch_bot(&home, &["migrate"]));
    assert!(!unchanged.contains("by hand"), "{unchanged}");
    let db = rusqlite::Connection::open(home.database()).unwrap();
    db.execute_batch("CREATE INDEX mine ON users (username)")
        .unwrap();
    drop(db);
    let started = overwatch_bot(&home, &["migrate"]);
    let told = said(&started);
    assert!(started.status.success(), "{told}");
    let warned = told
        .lines()
        .filter(|line| line.contains("no backup is made"));
    assert_eq!(warned.count(), 1, "{told}");
    assert!(told.contains("the index mine was added"), "{told}");
}
