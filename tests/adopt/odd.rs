//! What such files hold besides what belongs there.

use overwatch_bot::store::sqlite::Counts;
use serde_json::json;

use crate::{ODD, PLAIN, Place, SCHEMA, now, report, seconds};

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
