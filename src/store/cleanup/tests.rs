//! Moving what is over into the history, in a real database.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::Connection;

use super::{
    ArchiveSessions, Archived, ENTRIES_MAX, ForgetHistory, Forgotten, HISTORY_AT_ONCE_MAX,
};
use crate::domain::ids::{GuildId, SessionId, UserId};
use crate::store::Store;
use crate::store::history::{HistoryOf, PastSession};
use crate::store::profile::{DeleteProfile, ExportProfile};
use crate::store::sqlite::Database;
use crate::store::tests::Run;

const GUILD: GuildId = GuildId(7);

fn now() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// A new database with these rows in it.
async fn database(folder: &Path, rows: &str) -> Database {
    let path = folder.join("overwatch.db");
    let open = || Database::open(&path, folder, now());
    open().await.unwrap().close().await;
    let db = Connection::open(&path).unwrap();
    db.execute_batch(rows).unwrap();
    let today = now().timestamp() / 86_400;
    db.execute_batch("DELETE FROM days_run").unwrap();
    for day in today - 29..=today {
        db.execute("INSERT INTO days_run VALUES (?1)", [day])
            .unwrap();
    }
    drop(db);
    open().await.unwrap()
}

/// A session that began so many days ago, of an hour.
fn session(id: i64, status: &str, days_ago: i64) -> String {
    let at = (now() - TimeDelta::days(days_ago)).timestamp();
    format!(
        "INSERT INTO sessions (id, creator_id, guild_id, channel_id, game_mode, title, scheduled_time,
             length_minutes, timezone, status, created_at)
         VALUES ({id}, 1, 7, 8, '5v5', 'Night {id}', {at}, 60, 'UTC', '{status}', 1);"
    )
}

fn person(id: i64) -> String {
    format!("INSERT INTO users (discord_id, username, created_at) VALUES ({id}, 'p{id}', 1);")
}

async fn archive(store: &Store) -> Archived {
    let archive = ArchiveSessions {
        now: now(),
        days: 30,
    };
    let Ok(archived) = store.execute_job(archive).await.unwrap();
    archived
}

async fn history(store: &Store) -> Vec<PastSession> {
    let all = HistoryOf {
        guild: GUILD,
        after: SessionId(0),
        max: 100,
    };
    store.query(all).await.unwrap()
}

fn count(folder: &Path, table: &str) -> i64 {
    let db = Connection::open(folder.join("overwatch.db")).unwrap();
    db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
        row.get(0)
    })
    .unwrap()
}

/// Two people with a place in session 1, one of them on a ranked account.
fn two_players() -> String {
    [
        person(1),
        person(2),
        session(1, "COMPLETED", 40),
        "INSERT INTO user_accounts (id, discord_id, account_name, account_key, created_at)
             VALUES (5, 2, 'Ana#1234', 'ana#1234', 1);
         INSERT INTO account_ranks VALUES (5, 'damage', 'diamond', 3, 9);
         INSERT INTO session_queue (session_id, user_id, joined_at) VALUES (1, 1, 1), (1, 2, 1);
         INSERT INTO session_participants (session_id, user_id, account_id, role, selected_at)
             VALUES (1, 1, NULL, 'tank', 2), (1, 2, 5, 'damage', 2);"
            .into(),
    ]
    .concat()
}

#[tokio::test]
async fn who_was_missed_stays_counted_when_the_session_goes() {
    let folder = tempfile::tempdir().unwrap();
    let missed = "INSERT INTO no_shows VALUES (1, 5, 7, 'tank', 0);";
    let rows = [person(1), session(5, "COMPLETED", 40), missed.to_owned()].concat();
    let database = database(folder.path(), &rows).await;
    assert_eq!(archive(&database.store()).await.sessions, 1);
    assert_eq!(count(folder.path(), "no_shows"), 1);
    database.close().await;
}

#[tokio::test]
async fn only_what_is_over_for_longer_than_kept_goes() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        person(1),
        session(1, "COMPLETED", 31),
        session(2, "CANCELLED", 31),
        session(3, "COMPLETED", 30),
        session(4, "OPEN", 31),
        session(5, "STARTED", 31),
    ];
    let database = database(folder.path(), &rows.concat()).await;
    let expected = Archived {
        sessions: 2,
        more: false,
    };
    assert_eq!(archive(&database.store()).await, expected);
    assert_eq!(archive(&database.store()).await.sessions, 0);
    let told = history(&database.store()).await;
    let told: Vec<_> = told
        .iter()
        .map(|one| (one.id.0, one.title.is_some()))
        .collect();
    assert_eq!(
        told,
        [(1, false), (2, false), (3, true), (4, true), (5, true)]
    );
    database.close().await;
}

#[tokio::test]
async fn the_history_tells_the_same_players_and_ranks_as_the_session_did() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(folder.path(), &two_players()).await;
    let before = history(&database.store()).await;
    assert_eq!(before[0].players[1].tier.as_deref(), Some("diamond"));
    archive(&database.store()).await;
    let after = history(&database.store()).await;
    assert_eq!(after[0].players, before[0].players);
    for table in ["sessions", "session_queue", "session_participants"] {
        assert_eq!(count(folder.path(), table), 0, "{table}");
    }
    database.close().await;
}

#[tokio::test]
async fn who_deletes_their_profile_has_no_name_in_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let database = database(folder.path(), &two_players()).await;
    archive(&database.store()).await;
    let held = ExportProfile(UserId(1));
    let held = database.store().query(held).await.unwrap().unwrap();
    let roles: Vec<_> = held
        .archived
        .iter()
        .map(|part| part.role.as_str())
        .collect();
    assert_eq!(roles, ["tank", "organiser"]);
    for user in [UserId(1), UserId(2)] {
        let delete = DeleteProfile {
            user,
            reason: String::new(),
            at: now(),
        };
        database.store().execute_job(delete).await.unwrap().unwrap();
    }
    let told = history(&database.store()).await;
    assert_eq!(told[0].organiser, None);
    assert_eq!(told[0].players.len(), 2);
    assert!(told[0].players.iter().all(|player| player.user.is_none()));
    database.close().await;
}

#[tokio::test]
async fn a_long_queue_goes_in_pieces_and_its_session_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = session(1, "COMPLETED", 40) + &session(2, "COMPLETED", 39);
    rows.insert_str(0, &person(1));
    for user in 2..1_000 {
        rows += &person(user);
        rows += &format!(
            "INSERT INTO session_queue (session_id, user_id, joined_at) VALUES (1, {user}, 1);"
        );
    }
    let database = database(folder.path(), &rows).await;
    let mut steps = Vec::new();
    loop {
        let left = count(folder.path(), "session_queue");
        let step = archive(&database.store()).await;
        let gone = left - count(folder.path(), "session_queue");
        assert!(gone <= i64::from(ENTRIES_MAX), "{gone} entries in one step");
        steps.push(step.sessions);
        if !step.more {
            break;
        }
    }
    assert_eq!(steps.pop(), Some(2));
    assert!(steps.len() > 5 && steps.iter().all(|moved| *moved == 0));
    assert_eq!(count(folder.path(), "session_history"), 2);
    database.close().await;
}

#[tokio::test]
async fn nothing_goes_before_the_bot_has_run_on_as_many_days_as_it_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let rows = person(1) + &session(1, "COMPLETED", 32);
    let database = database(folder.path(), &rows).await;
    let store = database.store();
    let forget = "DELETE FROM days_run WHERE day < (SELECT max(day) FROM days_run) - 1";
    store.execute_job(Run(forget)).await.unwrap().unwrap();
    assert_eq!(
        archive(&store).await,
        Archived::default(),
        "it ran on two days"
    );
    // It was away for a while, and has run again since.
    let again = "INSERT INTO days_run (day) SELECT (SELECT max(day) FROM days_run) - 2 - id \
                 FROM (SELECT 0 AS id UNION SELECT 1)";
    store.execute_job(Run(again)).await.unwrap().unwrap();
    assert_eq!(archive(&store).await.sessions, 0, "on four");
    let all = "INSERT INTO days_run (day) WITH RECURSIVE d (n) AS (SELECT 4 UNION ALL SELECT n + 1 FROM d WHERE n < 29) \
               SELECT (SELECT max(day) FROM days_run) - n FROM d";
    store.execute_job(Run(all)).await.unwrap().unwrap();
    assert_eq!(archive(&store).await.sessions, 1);
    database.close().await;
}

#[tokio::test]
async fn history_goes_after_its_time_with_cancelled_sessions_players_and_who_was_missing() {
    let folder = tempfile::tempdir().unwrap();
    let (old, young) = (2_000, 1_000);
    let mut rows = person(1);
    for (first, days_ago) in [(1, old), (101, young)] {
        for id in first..first + 25 {
            let status = if id % 2 == 0 {
                "CANCELLED"
            } else {
                "COMPLETED"
            };
            rows += &session(id, status, days_ago);
            let at = (now() - TimeDelta::days(days_ago)).timestamp();
            rows += &format!(
                "INSERT INTO session_queue (session_id, user_id, joined_at) VALUES ({id}, 1, 1);
                 INSERT INTO session_participants (session_id, user_id, role, selected_at) VALUES ({id}, 1, 'tank', 2);
                 INSERT INTO session_log (session_id, done_at, capacity, action)
                     VALUES ({id}, {at}, 'organiser', '{{}}');
                 INSERT INTO no_shows VALUES (1, {id}, 7, 'tank', {at});"
            );
        }
    }
    let database = database(folder.path(), &rows).await;
    let store = database.store();
    while archive(&store).await.more {}
    let counts = || {
        let tables = ["session_history", "session_history_players", "no_shows"];
        tables.map(|table| count(folder.path(), table))
    };
    assert_eq!(counts(), [50, 50, 50]);
    // What was done is on record for as long as the session is.
    assert_eq!(count(folder.path(), "session_log"), 0);
    let (now, days) = (now(), 1_500);
    let forget = ForgetHistory { now, days };
    let too_early = store.execute_job(forget).await.unwrap();
    assert_eq!(too_early, Ok(Forgotten::default()), "it ran on thirty days");
    let ran = "INSERT INTO days_run (day) WITH RECURSIVE d (n) AS (SELECT 30 UNION ALL SELECT n + 1 FROM d WHERE n < 1500) \
               SELECT (SELECT max(day) FROM days_run) - n FROM d";
    store.execute_job(Run(ran)).await.unwrap().unwrap();
    let mut steps = Vec::new();
    loop {
        let Ok(gone) = store.execute_job(forget).await.unwrap();
        if gone == Forgotten::default() {
            break;
        }
        assert!(gone.sessions <= HISTORY_AT_ONCE_MAX as usize);
        steps.push(gone);
    }
    assert_eq!(steps.len(), 3, "{steps:?}");
    assert_eq!(counts(), [25, 25, 25]);
    assert!(history(&store).await.iter().all(|one| one.id.0 > 100));
    database.close().await;
}

#[tokio::test]
async fn refusal_of_a_cancelled_session_is_forgotten_at_its_planned_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = person(1);
    for (id, days_ago) in [(5, 1), (6, -1)] {
        rows += &session(id, "CANCELLED", days_ago);
        rows += &format!(
            "INSERT INTO refusals (session_id, user_id) VALUES ({id}, 9);
             INSERT INTO left_taken_back (session_id, user_id, role) VALUES ({id}, 9, 'tank');"
        );
    }
    let database = database(folder.path(), &rows).await;
    archive(&database.store()).await;
    let held = database.store().query(ExportProfile(UserId(9))).await;
    let held = held.unwrap().expect("what is kept of a session ahead");
    assert_eq!(held.turned_down, [SessionId(6)]);
    assert_eq!(held.taken_back, [SessionId(6)]);
    database.close().await;
}
