//! Nothing is lost: not by refusals, not by a second start, not by the power going.

use overwatch_bot::store::sqlite;
use overwatch_bot::store::sqlite::restore::restore;
use rusqlite::Connection;
use serde_json::{Value as Json, json};

use crate::{ODD, PLAIN, Place, SCHEMA, now, rows};

#[tokio::test]
async fn the_backup_is_the_old_file() {
    let place = Place::of(&[SCHEMA, PLAIN, ODD]);
    let everything = |db: &Connection| {
        let tables = [
            "users",
            "user_accounts",
            "sessions",
            "session_queue",
            "session_participants",
        ];
        tables.map(|table| rows(db, &format!("SELECT * FROM {table}")))
    };
    let before = everything(&place.db());
    let backup = place.migrate().await.backup.expect("a backup");
    assert_eq!(everything(&Connection::open(backup).unwrap()), before);
}

#[tokio::test]
async fn the_backup_of_the_old_file_is_adopted_again_when_it_is_restored() {
    let place = Place::of(&[SCHEMA, PLAIN, ODD]);
    let first = place.migrate().await;
    let backup = first.backup.expect("a backup");
    let users = "SELECT * FROM users ORDER BY 1";
    let adopted = place.rows(users);

    let tried = restore(&place.file(), &backup, now(), true).unwrap();
    assert!(!tried.report.expect("odd rows have a report").exists());
    let done = restore(&place.file(), &backup, now(), false).unwrap();
    assert_eq!(place.rows(users), adopted);
    assert_eq!(done.backup.schema_version, None);
    assert_eq!(done.database.schema_version, Some(first.to));
    let reports = [
        done.report,
        first.adopted.and_then(|adopted| adopted.report),
    ];
    let [again, before] =
        reports.map(|report| std::fs::read_to_string(report.expect("a report")).unwrap());
    assert_eq!(again, before);

    // Without its manifest it is whole all the same.
    let copy = place.backups().join("old.db");
    std::fs::copy(&backup, &copy).unwrap();
    restore(&place.file(), &copy, now(), false).unwrap();
    assert_eq!(place.rows(users), adopted);
}

#[tokio::test]
async fn a_second_time_nothing_changes() {
    let place = Place::of(&[SCHEMA, PLAIN, ODD]);
    place.migrate().await;
    let file = std::fs::read(place.file()).unwrap();
    let again = place.migrate().await;
    assert_eq!(
        (again.from, again.adopted, again.backup),
        (Some(again.to), None, None)
    );
    assert_eq!(std::fs::read(place.file()).unwrap(), file);
    // One backup, its manifest, the report, and the folder's lock.
    assert_eq!(std::fs::read_dir(place.backups()).unwrap().count(), 4);
}

#[tokio::test]
async fn a_file_that_only_resembles_an_existing_one_is_refused_and_left_as_it_is() {
    for change in [
        "ALTER TABLE sessions DROP COLUMN game_mode",
        "DROP TABLE session_participants",
    ] {
        let place = Place::of(&[SCHEMA, PLAIN, change]);
        let schema = place.rows("SELECT * FROM sqlite_schema");
        let error = sqlite::migrate(
            &place.file(),
            &place.backups(),
            now(),
            sqlite::Checkpoints::Own,
        )
        .await
        .unwrap_err();
        assert!(
            error.to_string().contains("not a database of this program"),
            "{error}"
        );
        assert_eq!(place.rows("SELECT * FROM sqlite_schema"), schema);
        assert!(!place.backups().exists());
    }
}

#[tokio::test]
async fn a_table_of_another_that_stands_in_the_way_refuses_the_whole() {
    let place = Place::of(&[SCHEMA, PLAIN, "CREATE TABLE outbox (id)"]);
    let before = place.rows("SELECT * FROM sqlite_schema");
    let error = sqlite::migrate(
        &place.file(),
        &place.backups(),
        now(),
        sqlite::Checkpoints::Own,
    )
    .await
    .unwrap_err();
    assert!(
        error.to_string().contains("outbox already exists"),
        "{error}"
    );
    assert_eq!(place.rows("SELECT * FROM sqlite_schema"), before);
}

fn run_migrate(place: &Place) -> std::process::Command {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_overwatch-bot"));
    command
        .current_dir(place.0.path())
        .env_clear()
        .arg("migrate")
        .env("DB_PATH", place.file())
        .env("BACKUP_DIR", place.backups());
    command
}

#[test]
fn the_command_line_tells_what_it_did() {
    let place = Place::of(&[SCHEMA, PLAIN, ODD]);
    let done = run_migrate(&place).output().unwrap();
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{said}");
    for words in [
        "adopted",
        "before: 7 users",
        "after:  13 users",
        "_report.jsonl",
        "backup: ",
    ] {
        assert!(said.contains(words), "{words:?} is not in {said}");
    }
    let again = run_migrate(&place).output().unwrap();
    let said = String::from_utf8(again.stdout).unwrap();
    assert!(said.contains("nothing was changed"), "{said}");
}

fn schema_of_a_new_file(names: &str) -> Vec<Json> {
    let place = Place::of(&[]);
    assert!(run_migrate(&place).output().unwrap().status.success());
    place.rows(names)
}

#[test]
fn killed_at_any_moment_it_leaves_the_old_file_or_the_new_one() {
    let place = Place::of(&[SCHEMA, &large(5_000, 1_000)]);
    // Of tables: later migrations take indexes away again.
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let (old, new) = (place.rows(names), schema_of_a_new_file(names));
    let log = place.file().with_extension("db-wal");
    let written = || std::fs::metadata(&log).map_or(0, |file| file.len());
    let backups = || std::fs::read_dir(place.backups()).map_or(0, Iterator::count);
    // The backup comes first; the log grows at the end, when the whole is committed.
    let moments: [&dyn Fn(usize) -> bool; 5] = [
        &|before| backups() > before,
        &|_| written() > 0,
        &|_| written() > 100_000,
        &|_| written() > 1_000_000,
        &|_| written() > 2_000_000,
    ];
    for moment in moments {
        let before = backups();
        let mut child = run_migrate(&place)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while child.try_wait().unwrap().is_none() && !moment(before) {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // Whole, or as before; between them only the later migrations, each whole, may be to come.
        let found = place.rows(names);
        let adopted = found.iter().all(|name| new.contains(name));
        assert!(found == old || adopted, "{found:?}");
        assert_eq!(place.rows("SELECT count(*) FROM users"), [json!([5_000])]);
        assert_eq!(
            place.rows("SELECT count(*) FROM session_queue"),
            [json!([10_000])]
        );
        assert_eq!(place.rows("PRAGMA integrity_check"), [json!(["ok"])]);
    }
    assert!(run_migrate(&place).output().unwrap().status.success());
    assert_eq!(
        place.rows("SELECT count(*) FROM session_participants"),
        [json!([5_000])]
    );
}

/// Many people and sessions.
fn large(users: u32, sessions: u32) -> String {
    format!(
        "BEGIN;
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {users})
        INSERT INTO users SELECT i, 'Player ' || i, '[\"tank\", \"dps\"]', 'Europe/Berlin', '2026-01-01 10:00:00' FROM n;
        INSERT INTO user_accounts SELECT discord_id, discord_id, 'Player#' || (1000 + discord_id), 1, 'Gold', 3, 'diamond', 1, NULL, NULL, 'Silver', 5, created_at FROM users;
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {sessions})
        INSERT INTO sessions SELECT i, i, 1 + i % 500, 1 + i % 2000, '5v5', '2027-01-09T20:00:00+00:00', 'Europe/Berlin', 'Scrim', 5, 'OPEN', i, '2026-01-01 10:00:00' FROM n;
        WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
        INSERT INTO session_queue (session_id, user_id, account_ids, preferred_roles, note)
        SELECT id, 1 + (id * 10 + i) % {users}, '[\"' || (1 + (id * 10 + i) % {users}) || '\"]', '[\"tank\"]', 'hi' FROM sessions, n;
        INSERT INTO session_participants (session_id, user_id, account_id, role, selected_by)
        SELECT session_id, user_id, user_id, 'tank', 1 FROM session_queue WHERE id % 2 = 0;
        COMMIT;"
    )
}
