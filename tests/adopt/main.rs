//! Adopting the database of an existing installation: real files, made by the old bot's own tables.

#![expect(clippy::unwrap_used, reason = "a test that fails says where")]

mod odd;
mod safe;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use overwatch_bot::domain::ids::SessionId;
use overwatch_bot::store::queue::ViewSession;
use overwatch_bot::store::sqlite::{self, Adopted, Counts, Database, Migrated};
use rusqlite::Connection;
use serde_json::{Value as Json, json};

const SCHEMA: &str = include_str!("../existing/schema.sql");
const PLAIN: &str = include_str!("../existing/plain.sql");
const ODD: &str = include_str!("../existing/odd.sql");

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
        sqlite::migrate(
            &self.file(),
            &self.backups(),
            now(),
            sqlite::Checkpoints::Own,
        )
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
            json!([42, 101, r#"["damage"]"#, 1, "", seconds("2026-01-03T11:00:00Z")]),
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
