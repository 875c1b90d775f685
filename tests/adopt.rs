//! Adopting the database of an existing installation: real files, made by the old bot's own tables.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use overwatch_bot::domain::ids::SessionId;
use overwatch_bot::store::queue::ViewSession;
use overwatch_bot::store::sqlite::{self, Adopted, Counts, Database, Migrated};
use rusqlite::Connection;
use serde_json::{Value as Json, json};

const SCHEMA: &str = include_str!("existing/schema.sql");
const PLAIN: &str = include_str!("existing/plain.sql");
const ODD: &str = include_str!("existing/odd.sql");

/// A folder with the database of an existing installation in it.
struct Place(tempfile::TempDir);

impl Place {
    fn of(statements: &[&str]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let db = place.db();
        for statement in statements {
            db.execute_batch(statement).unwrap();
        }
        place
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("overwatch.db")
    }

    fn backups(&self) -> PathBuf {
        self.0.path().join("backups")
    }

    fn db(&self) -> Connection {
        Connection::open(self.file()).unwrap()
    }

    async fn migrate(&self) -> Migrated {
        sqlite::migrate(&self.file(), &self.backups(), now())
            .await
            .unwrap()
    }

    async fn adopt(&self) -> Adopted {
        self.migrate().await.adopted.expect("an adoption")
    }

    /// All rows that a statement gives, as JSON.
    fn rows(&self, sql: &str) -> Vec<Json> {
        rows(&self.db(), sql)
    }
}

fn now() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn rows(db: &Connection, sql: &str) -> Vec<Json> {
    let mut statement = db.prepare(sql).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |row| {
        let value = |index| match row.get_unwrap(index) {
            rusqlite::types::Value::Null => Json::Null,
            rusqlite::types::Value::Integer(value) => value.into(),
            rusqlite::types::Value::Real(value) => value.into(),
            rusqlite::types::Value::Text(value) => value.into(),
            rusqlite::types::Value::Blob(value) => format!("{value:x?}").into(),
        };
        Ok(Json::Array((0..width).map(value).collect()))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn report(adopted: &Adopted) -> Vec<Json> {
    let text = std::fs::read_to_string(adopted.report.as_ref().expect("a report")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn seconds(time: &str) -> i64 {
    time.parse::<DateTime<Utc>>().unwrap().timestamp()
}

#[tokio::test]
async fn everything_is_kept_and_counted_and_needs_no_report() {
    let place = Place::of(&[SCHEMA, PLAIN]);
    let adopted = place.adopt().await;
    let before = Counts {
        users: 3,
        accounts: 3,
        ranks: 4,
        sessions: 4,
        entries: 3,
        participants: 3,
    };
    assert_eq!(adopted.before, before);
    // One who was accepted had no entry in the queue.
    assert_eq!(
        adopted.after,
        Counts {
            entries: 4,
            ..before
        }
    );
    assert_eq!((adopted.odd, &adopted.report), (0, &None));
    assert_eq!(
        place.rows("SELECT discord_id, username, preferred_roles, timezone FROM users"),
        [
            json!([101, "Ana", r#"["damage","support"]"#, "Europe/Berlin"]),
            json!([102, "Winston 🐵", r#"["tank"]"#, "America/New_York"]),
            json!([103, "Zoë", "[]", null]),
        ]
    );
    assert_eq!(
        place.rows(
            "SELECT id, discord_id, account_name, account_key, is_primary FROM user_accounts"
        ),
        [
            json!([11, 101, "Ana#1234", "ana#1234", 1]),
            json!([12, 101, "Смурф#21345", "смурф#21345", 0]),
            json!([13, 102, "Winston#4321", "winston#4321", 1]),
        ]
    );
    let declared = seconds("2025-11-02T18:00:00Z");
    assert_eq!(
        place.rows("SELECT * FROM account_ranks ORDER BY account_id, ladder"),
        [
            json!([11, "damage", "diamond", 3, declared]),
            json!([11, "open", "gold", 1, declared]),
            json!([11, "support", "master", 5, declared]),
            json!([
                13,
                "tank",
                "grandmaster",
                2,
                seconds("2025-11-03T18:00:00Z")
            ]),
        ]
    );
}

#[tokio::test]
async fn sessions_keep_their_numbers_times_and_cards_and_those_that_are_over_are_completed() {
    let place = Place::of(&[SCHEMA, PLAIN]);
    place.adopt().await;
    assert_eq!(
        place.rows("SELECT id, creator_id, guild_id, channel_id, message_id, game_mode, title, description, length_minutes, timezone, max_rank_diff, status FROM sessions"),
        [
            json!([41, 101, 9001, 9101, 7041, "5v5", "5v5 Role Queue", "Over long ago", 120, "Europe/Berlin", null, "COMPLETED"]),
            json!([42, 101, 9001, 9101, 7042, "5v5", "5v5 Role Queue", "Scrim 🐸", 120, "Europe/Berlin", 10, "OPEN"]),
            json!([43, 102, 9001, 9101, 7043, "6v6", "6v6 Open Queue", "", 120, "America/New_York", null, "CLOSED"]),
            json!([44, 102, 9001, 9102, 7044, "Stadium", "Stadium", "", 120, "America/New_York", null, "CANCELLED"]),
        ]
    );
    assert_eq!(
        place.rows("SELECT scheduled_time, created_at FROM sessions WHERE id = 42"),
        [json!([
            seconds("2027-01-09T20:00:00Z"),
            seconds("2026-01-01T10:00:00Z")
        ])]
    );
    // A number that was given once is not given again: there may be a card with it.
    place.db().execute_batch("INSERT INTO sessions (guild_id, channel_id, game_mode, title, scheduled_time, length_minutes, timezone, created_at) VALUES (1, 1, '5v5', '', 0, 1, 'UTC', 0)").unwrap();
    assert_eq!(place.rows("SELECT max(id) FROM sessions"), [json!([51])]);
}

#[tokio::test]
async fn queues_and_places_are_as_they_were() {
    let place = Place::of(&[SCHEMA, PLAIN]);
    place.adopt().await;
    assert_eq!(
        place.rows("SELECT session_id, user_id, preferred_roles, is_streaming, note, joined_at FROM session_queue ORDER BY id"),
        [
            json!([42, 102, r#"["tank"]"#, 0, "Late by 5", seconds("2026-01-02T10:00:00Z")]),
            json!([42, 103, r#"["damage","support"]"#, 1, "", seconds("2026-01-02T11:00:00Z")]),
            json!([43, 101, r#"["flex"]"#, 0, "", seconds("2026-01-02T12:00:00Z")]),
            json!([42, 101, r#"["damage"]"#, 0, "", seconds("2026-01-03T11:00:00Z")]),
        ]
    );
    assert_eq!(
        place.rows("SELECT session_id, user_id, account_id FROM session_queue_accounts JOIN session_queue ON id = queue_id ORDER BY 1, 2, 3"),
        [json!([42, 101, 11]), json!([42, 102, 13]), json!([43, 101, 11]), json!([43, 101, 12])]
    );
    assert_eq!(
        place.rows(
            "SELECT session_id, user_id, account_id, role, selected_by FROM session_participants"
        ),
        [
            json!([42, 102, 13, "tank", 101]),
            json!([42, 101, 11, "damage", 101]),
            json!([43, 101, 12, "flex", 102]),
        ]
    );
}

#[tokio::test]
async fn the_store_reads_what_was_adopted() {
    let place = Place::of(&[SCHEMA, PLAIN, ODD]);
    let sessions: Vec<_> = rows(&place.db(), "SELECT id FROM sessions");
    let database = Database::open(&place.file(), &place.backups(), now())
        .await
        .unwrap();
    for session in sessions {
        let id = SessionId(session[0].as_i64().unwrap());
        let view = database.store().query(ViewSession(id)).await.unwrap();
        assert!(view.is_some(), "session {id}");
    }
    database.close().await;
}

#[tokio::test]
async fn cards_of_sessions_that_are_on_are_refreshed_soon_and_not_all_at_once() {
    let place = Place::of(&[SCHEMA, PLAIN]);
    let adopted = place.adopt().await;
    let now = now().timestamp();
    // The one that is over comes last; the cancelled one showed that it is.
    assert_eq!(
        place.rows("SELECT kind, key, due_at FROM outbox"),
        [
            json!(["card", "42", now]),
            json!(["card", "43", now + 2]),
            json!(["card", "41", now + 4])
        ]
    );
    assert_eq!(adopted.cards, 3);
}

#[tokio::test]
async fn files_from_before_6v6_are_adopted_too() {
    let place = Place::of(&[
        SCHEMA,
        PLAIN,
        "ALTER TABLE user_accounts DROP COLUMN sixv6_rank; ALTER TABLE user_accounts DROP COLUMN sixv6_division",
    ]);
    let adopted = place.adopt().await;
    assert_eq!(
        (adopted.before.ranks, adopted.after.ranks, adopted.odd),
        (3, 3, 0)
    );
}

#[tokio::test]
async fn what_is_odd_is_kept_as_far_as_it_means_something() {
    let place = Place::of(&[SCHEMA, ODD]);
    place.adopt().await;
    assert_eq!(
        place.rows("SELECT discord_id, username, preferred_roles, timezone, created_at FROM users WHERE discord_id BETWEEN 200 AND 300"),
        [
            json!([201, "Player 201", r#"["damage"]"#, null, now().timestamp()]),
            json!([202, "Nullbyte", r#"["tank"]"#, null, seconds("2026-01-09T20:00:00Z")]),
            json!([203, "Ok\u{fffd}", r#"["tank"]"#, "Europe/Berlin", seconds("2026-01-09T20:00:00Z")]),
            json!([204, "42", "[]", null, seconds("2026-01-09T20:00:00Z")]),
        ]
    );
    let made: Vec<_> = place.rows("SELECT discord_id FROM users WHERE username = 'Unknown player'");
    assert_eq!(
        made,
        [
            json!([-2]),
            json!([-1]),
            json!([996]),
            json!([997]),
            json!([998]),
            json!([999])
        ]
    );
    assert_eq!(
        place.rows(
            "SELECT id, discord_id, account_name, account_key, is_primary FROM user_accounts"
        ),
        [
            json!([21, 201, "Twin#1111", "twin#1111", 1]),
            json!([22, 201, "TWIN#1111", "twin#1111 (account 22)", 0]),
            json!([23, 201, "twin#1111", "twin#1111 (account 23)", 0]),
            json!([24, 202, "No primary", "no primary", 1]),
            json!([25, 202, "Not this one", "not this one", 0]),
            json!([26, 999, "Orphan#1234", "orphan#1234", 1]),
            json!([27, -1, "Account 27", "account 27", 1]),
        ]
    );
    assert_eq!(
        place.rows("SELECT account_id, ladder, tier, division FROM account_ranks ORDER BY account_id, ladder"),
        [
            json!([21, "damage", "champion", 5]),
            json!([21, "open", "diamond", 3]),
            json!([21, "support", "gold", 2]),
            json!([22, "open", "platinum", 5]),
            json!([26, "tank", "bronze", 5]),
        ]
    );
    assert_eq!(
        place.rows("SELECT id, creator_id, guild_id, channel_id, message_id, game_mode, description, scheduled_time, timezone, max_rank_diff, status FROM sessions"),
        [
            json!([61, 998, 1, 9101, null, "6v6", "ab", now().timestamp(), "UTC", null, "CLOSED"]),
            json!([62, null, 9001, 9101, 7062, "Stadium", "", 1_830_000_000, "UTC", 4, "OPEN"]),
        ]
    );
}

#[tokio::test]
async fn odd_queues_keep_everybody_once() {
    let place = Place::of(&[SCHEMA, ODD]);
    place.adopt().await;
    assert_eq!(
        place.rows("SELECT session_id, user_id, preferred_roles, is_streaming FROM session_queue ORDER BY id"),
        [
            json!([61, 997, r#"["support"]"#, 1]),
            json!([61, -2, r#"["flex"]"#, 1]),
            json!([62, 201, r#"["support"]"#, 0]),
            json!([62, 996, r#"["support"]"#, 0]),
        ]
    );
    assert_eq!(
        place.rows("SELECT session_id, user_id, account_id FROM session_queue_accounts JOIN session_queue ON id = queue_id ORDER BY 1, 2, 3"),
        [json!([61, 997, 21]), json!([61, 997, 22]), json!([62, 201, 23])]
    );
    assert_eq!(
        place.rows("SELECT id, user_id, account_id, role, selected_by FROM session_participants"),
        [
            json!([61, 201, 23, "support", 101]),
            json!([63, null, null, "flex", null]),
            json!([65, 996, null, "support", null]),
        ]
    );
}

#[tokio::test]
async fn what_could_not_be_kept_stands_in_the_report_and_nothing_else_does() {
    let place = Place::of(&[SCHEMA, PLAIN, ODD]);
    let adopted = place.adopt().await;
    let left = Counts {
        ranks: 2,
        entries: 1,
        participants: 2,
        ..Counts::default()
    };
    assert_eq!(adopted.left, left);
    let name = adopted.report.as_ref().unwrap().file_name().unwrap();
    assert_eq!(name, "overwatch_backup_20261122_120000_report.jsonl");
    let report = report(&adopted);
    assert_eq!(report.len() as u64, adopted.odd);
    // Rows of the plain half have numbers below these.
    assert!(report.iter().all(|line| line["id"].as_i64().unwrap() >= 21));
    let line = |table: &str, id: i64, column: &str| {
        let mut lines = report
            .iter()
            .filter(|line| line["table"] == table && line["id"] == id && line["column"] == column);
        lines
            .next()
            .unwrap_or_else(|| panic!("no line for {table} {id} {column}"))
            .clone()
    };
    assert_eq!(line("users", 201, "timezone")["old"], "Mars/Olympus");
    assert_eq!(line("users", 203, "username")["old"], "x'4f6bff'");
    assert_eq!(
        line("user_accounts", 21, "tank_rank")["old"],
        json!({"tank_rank": "Wood", "tank_division": 1})
    );
    assert_eq!(
        line("user_accounts", 21, "dps_division")["done"],
        "taken for the lowest: Champion 5"
    );
    assert_eq!(line("user_accounts", 22, "is_primary")["old"], 1);
    assert_eq!(
        line("session_queue", 64, "*")["old"]["note"],
        "of a deleted session"
    );
    let second = line("session_participants", 62, "*");
    assert_eq!(second["old"]["role"], "dps");
    assert_eq!(
        second["done"],
        "left out: the same person has a place in this session already"
    );
    for (table, id, column) in [
        ("users", 201, "username"),
        ("users", 201, "preferred_roles"),
        ("users", 201, "created_at"),
        ("users", 202, "username"),
        ("users", 202, "preferred_roles"),
        ("user_accounts", 22, "account_name"),
        ("user_accounts", 22, "sixv6_division"),
        ("user_accounts", 22, "support_rank"),
        ("user_accounts", 22, "created_at"),
        ("user_accounts", 26, "discord_id"),
        ("user_accounts", 27, "discord_id"),
        ("user_accounts", 27, "is_primary"),
        ("sessions", 61, "creator_id"),
        ("sessions", 61, "guild_id"),
        ("sessions", 61, "game_mode"),
        ("sessions", 61, "scheduled_time"),
        ("sessions", 61, "max_rank_diff"),
        ("sessions", 61, "status"),
        ("sessions", 61, "message_id"),
        ("sessions", 62, "creator_id"),
        ("session_queue", 61, "account_ids"),
        ("session_queue", 61, "joined_at"),
        ("session_queue", 62, "user_id"),
        ("session_participants", 63, "user_id"),
        ("session_participants", 63, "account_id"),
        ("session_participants", 63, "role"),
        ("session_participants", 63, "selected_by"),
        ("session_participants", 64, "*"),
    ] {
        line(table, id, column);
    }
}

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
async fn the_schema_is_that_of_a_new_file() {
    let (old, new) = (Place::of(&[SCHEMA, PLAIN]), Place::of(&[]));
    old.migrate().await;
    new.migrate().await;
    let schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
    assert_eq!(old.rows(schema), new.rows(schema));
    let versions = "SELECT version, name, checksum FROM schema_version";
    assert_eq!(old.rows(versions), new.rows(versions));
    assert_eq!(old.rows("PRAGMA integrity_check"), [json!(["ok"])]);
    assert_eq!(old.rows("PRAGMA foreign_key_check"), Vec::<Json>::new());
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
    assert_eq!(std::fs::read_dir(place.backups()).unwrap().count(), 2);
}

#[tokio::test]
async fn a_file_that_only_resembles_an_existing_one_is_refused_and_left_as_it_is() {
    for change in [
        "ALTER TABLE sessions DROP COLUMN game_mode",
        "DROP TABLE session_participants",
    ] {
        let place = Place::of(&[SCHEMA, PLAIN, change]);
        let schema = place.rows("SELECT * FROM sqlite_schema");
        let error = sqlite::migrate(&place.file(), &place.backups(), now())
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
async fn tables_of_others_stay_and_views_triggers_and_unknown_columns_are_told_of() {
    let place = Place::of(&[
        SCHEMA,
        PLAIN,
        "PRAGMA foreign_keys = OFF;
         CREATE TABLE notes (id INTEGER PRIMARY KEY, session REFERENCES sessions (id), text);
         INSERT INTO notes VALUES (1, 42, 'mine'), (2, 5555, 'dangling');
         CREATE VIEW open_sessions AS SELECT id FROM sessions WHERE status = 'OPEN';
         CREATE TRIGGER watch AFTER INSERT ON users BEGIN DELETE FROM notes; END;
         ALTER TABLE users ADD COLUMN bio TEXT;
         UPDATE users SET bio = 'hi' WHERE discord_id = 101",
    ]);
    let adopted = place.adopt().await;
    assert_eq!(place.rows("SELECT count(*) FROM notes"), [json!([2])]);
    let told: Vec<_> = report(&adopted)
        .iter()
        .map(|line| line["id"].clone())
        .collect();
    assert_eq!(told, [json!("open_sessions"), json!("watch"), json!(null)]);
    assert!(report(&adopted)[2]["old"] == "1 values");
    // The table of another still refers to ours.
    assert_eq!(
        place.rows("SELECT \"table\" FROM pragma_foreign_key_list('notes')"),
        [json!(["sessions"])]
    );
}

#[tokio::test]
async fn a_table_of_another_that_stands_in_the_way_refuses_the_whole() {
    let place = Place::of(&[SCHEMA, PLAIN, "CREATE TABLE outbox (id)"]);
    let before = place.rows("SELECT * FROM sqlite_schema");
    let error = sqlite::migrate(&place.file(), &place.backups(), now())
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

fn schema_of_a_new_file(names: &str) -> Vec<Json> {
    let place = Place::of(&[]);
    assert!(run_migrate(&place).output().unwrap().status.success());
    place.rows(names)
}

#[test]
fn killed_at_any_moment_it_leaves_the_old_file_or_the_new_one() {
    let place = Place::of(&[SCHEMA, &large(5_000, 1_000)]);
    let names = "SELECT name FROM sqlite_schema ORDER BY name";
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
        let found = place.rows(names);
        assert!(found == old || found == new, "{found:?}");
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

/// Not a test of time: prints how long it takes. `cargo test --release --test adopt -- --ignored`.
#[tokio::test]
#[ignore = "a measurement"]
async fn a_large_file_is_adopted() {
    let place = Place::of(&[SCHEMA, &large(100_000, 20_000)]);
    let begun = std::time::Instant::now();
    let adopted = place.adopt().await;
    println!(
        "{} odd, {} in {:?}",
        adopted.odd,
        adopted.after,
        begun.elapsed()
    );
    assert_eq!(adopted.before, adopted.after);
}
