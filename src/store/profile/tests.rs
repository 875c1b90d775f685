//! Profiles, on a real file.

use chrono_tz::Tz;

use super::*;
use crate::domain::balance::{Bond, Team};
use crate::domain::ids::SessionId;
use crate::domain::role::Roles;
use crate::domain::session::Status;
use crate::store::queue::ViewSession;
use crate::store::sql::Value;
use crate::store::tests::{Scene, now, person};

const ANA: i64 = 111_222_333_444_555_666;
const BOB: i64 = 12;
const REASON: &str = "gone";

fn edit(changes: Changes) -> EditProfile {
    EditProfile {
        person: person(ANA),
        changes,
        at: now(),
    }
}

fn delete() -> DeleteProfile {
    DeleteProfile {
        user: UserId(ANA),
        reason: REASON.into(),
        at: now(),
    }
}

/// Ana leads one session, waits in a second, has a place in a third, and played in a fourth.
struct Story {
    scene: Scene,
    led: SessionId,
    waits: SessionId,
    plays: SessionId,
    played: SessionId,
}

async fn tell() -> Story {
    let scene = Scene::open().await;
    let anas = scene.account(ANA, "Ana#1234").await;
    let bobs = scene.account(BOB, "Bob#1234").await;
    let led = scene.session(ANA, "OPEN").await;
    let waits = scene.session(BOB, "OPEN").await;
    let plays = scene.session(BOB, "CLOSED").await;
    let played = scene.session(BOB, "COMPLETED").await;
    scene.waits(led, BOB, &[bobs]).await;
    for session in [waits, plays, played] {
        scene.waits(session, ANA, &[anas]).await;
    }
    for session in [plays, played] {
        scene.plays(session, ANA, anas, BOB).await;
    }
    // She has decided about others, too, and is still to be told something.
    scene.waits(played, BOB, &[bobs]).await;
    scene.plays(played, BOB, bobs, ANA).await;
    let reject = "UPDATE session_queue SET rejected_by = $1 WHERE user_id = $2 AND session_id = $3 RETURNING id";
    let third = scene.session(BOB, "OPEN").await;
    scene.waits(third, BOB, &[bobs]).await;
    scene.write(reject, values![ANA, BOB, third]).await;
    // She helps to lead a session, and is on record for what she did and for what was done to her.
    let help = "INSERT INTO session_co_organisers (session_id, user_id, added_at) VALUES ($1, $2, 0) RETURNING user_id AS id";
    scene.write(help, values![waits, ANA]).await;
    let record = "INSERT INTO session_log (session_id, done_at, actor_id, capacity, action, subject_id, other_id, reason) \
                  VALUES ($1, 0, $2, 'manager', '{\"did\":\"rejected\"}', $3, $4, 'Ana#1234 knows why') RETURNING id";
    for (by, on, other) in [(ANA, BOB, BOB), (BOB, ANA, BOB), (BOB, BOB, ANA)] {
        scene.write(record, values![third, by, on, other]).await;
    }
    let owe = "INSERT INTO outbox (kind, key, payload, due_at, created_at) VALUES ('direct_message', $1, $2, 0, 0) RETURNING id";
    for to in [ANA, BOB] {
        let letter = format!(
            r#"{{"to":{to},"notice":{{"about":"reminder","title":"Friday","at":"2026-11-27T20:00:00Z"}}}}"#
        );
        let key = format!("{waits}:{to}:reminder");
        scene.write(owe, values![key, letter]).await;
    }
    // She was asked for a place, and was missed once.
    let ask = "INSERT INTO place_offers (queue_id, role, offered_at, until, state)
               SELECT id, 'tank', 1, 2, 'declined' FROM session_queue
               WHERE session_id = $1 AND user_id = $2 RETURNING queue_id AS id";
    scene.write(ask, values![waits, ANA]).await;
    let miss = "INSERT INTO no_shows (user_id, session_id, guild_id, role, scheduled_time)
                VALUES ($1, $2, 10, 'tank', 3) RETURNING session_id AS id";
    scene.write(miss, values![ANA, played]).await;
    let left = "INSERT INTO left_taken_back (session_id, user_id, role)
                VALUES ($1, $2, 'tank') RETURNING session_id AS id";
    scene.write(left, values![third, ANA]).await;
    // She is on a team, picks one, and is kept apart from somebody.
    let team = "UPDATE session_participants SET team = 2 WHERE user_id = $1 AND session_id = $2 RETURNING id";
    scene.write(team, values![ANA, played]).await;
    let captain = "INSERT INTO session_teams (session_id, published, blue_captain, red_captain)
                   VALUES ($1, 1, $2, $3) RETURNING session_id AS id";
    scene.write(captain, values![played, BOB, ANA]).await;
    let pair = "INSERT INTO session_pairs (session_id, one_id, other_id, bond)
                VALUES ($1, $2, $3, 'apart') RETURNING session_id AS id";
    scene.write(pair, values![played, BOB, ANA]).await;
    Story {
        scene,
        led,
        waits,
        plays,
        played,
    }
}

#[tokio::test]
async fn what_is_not_changed_stays() {
    let scene = Scene::open().await;
    let zone = Some(Some(Tz::Europe__Berlin));
    let roles = Roles::parse("tank, flex").ok();
    let made = scene
        .run(edit(Changes {
            zone,
            roles,
            ..Changes::default()
        }))
        .await;
    let Ok(made) = made;
    assert_eq!(made.profile.reminder, Reminder::default());
    let reminder = Some(Reminder::None);
    let Ok(now) = scene
        .run(edit(Changes {
            reminder,
            ..Changes::default()
        }))
        .await;
    assert_eq!(now.profile.zone, Some(Tz::Europe__Berlin));
    assert_eq!(Some(now.profile.roles), roles);
    assert_eq!(now.profile.reminder, Reminder::None);
    let Ok(now) = scene
        .run(edit(Changes {
            zone: Some(None),
            ..Changes::default()
        }))
        .await;
    assert_eq!(now.profile.zone, None);
}

#[tokio::test]
async fn what_goes_is_told_before_it_goes() {
    let story = tell().await;
    let held = story.scene.ask(WhatIsHeld(UserId(ANA))).await;
    let held = held.expect("a profile");
    assert_eq!(held.battletags, ["Ana#1234"]);
    assert_eq!(
        (held.organised.len(), held.joined.len(), held.played),
        (1, 2, 1)
    );
    assert_eq!(story.scene.ask(WhatIsHeld(UserId(99))).await, None);
}

#[tokio::test]
async fn nothing_of_a_deleted_person_is_left_in_any_table() {
    let story = tell().await;
    let deleted = story.scene.run(delete()).await.expect("a profile");
    let expected = Deleted {
        cancelled: 1,
        left: 2,
        refused: 0,
        taken_back: 1,
    };
    assert_eq!(deleted, expected);
    let id = ANA.to_string();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'receipts'";
    for table in story.scene.read(tables).await {
        let table: String = table.get("name").expect("a name");
        if table == "left_taken_back" {
            // That joining anew does not undo it, until the session is over.
            assert_eq!(
                story
                    .scene
                    .read("SELECT * FROM left_taken_back")
                    .await
                    .len(),
                1
            );
            continue;
        }
        for row in story.scene.read(format!("SELECT * FROM {table}")).await {
            for value in &row.values {
                let found = match value {
                    Value::Integer(number) => *number == ANA,
                    Value::Text(text) => ["Person 1112", "Ana#", &id]
                        .iter()
                        .any(|it| text.contains(it)),
                    Value::Null => false,
                };
                assert!(!found, "{table}: {row:?}");
            }
        }
    }
    assert_eq!(story.scene.run(delete()).await, Err(NothingHeld));
}

#[tokio::test]
async fn the_others_keep_their_history_and_are_told_what_is_cancelled() {
    let story = tell().await;
    let scene = &story.scene;
    scene.run(delete()).await.expect("a profile");
    let view = async |id| scene.ask(ViewSession(id)).await.expect("a session");
    let led = view(story.led).await;
    assert_eq!(led.session.status, Status::Cancelled);
    assert_eq!(led.session.cancel_reason.as_deref(), Some(REASON));
    assert_eq!(led.session.organiser, None);
    let played = view(story.played).await;
    assert_eq!(
        (played.queue.entries.len(), played.queue.forgotten.len()),
        (1, 1)
    );
    // The teams of what was played stay, without the name on them.
    assert_eq!((played.teams.captains, played.teams.pairs), (None, vec![]));
    let team = "SELECT team FROM session_participants WHERE user_id IS NULL";
    let team: i64 = scene.read(team).await[0].get("team").expect("a team");
    assert_eq!(team, 2);
    let plays = view(story.plays).await;
    assert!(plays.queue.entries.is_empty() && plays.queue.forgotten.is_empty());
    let messages = "SELECT key FROM outbox WHERE kind = 'direct_message' ORDER BY id";
    let messages = scene.read(messages).await;
    let keys: Vec<String> = messages
        .iter()
        .map(|row| row.get("key").expect("text"))
        .collect();
    let reminder = format!("{}:{BOB}:reminder", story.waits);
    assert_eq!(keys, [reminder, format!("{}:{BOB}:session", story.led)]);
    // What was decided by a person who is gone stays decided.
    let rejected = "SELECT id FROM session_queue WHERE rejected_by IS NOT NULL";
    assert_eq!(scene.read(rejected).await.len(), 1);
    let owed = [story.led, story.waits, story.plays, story.played];
    assert_eq!(scene.owed_cards().await, owed);
}

#[tokio::test]
async fn the_export_holds_everything() {
    let story = tell().await;
    let all = story.scene.ask(ExportProfile(UserId(ANA))).await;
    let all = all.expect("a profile");
    let held = all.person.expect("a profile");
    assert_eq!((all.no_shows.len(), held.missed), (1, 1));
    assert_eq!(all.taken_back.len(), 1);
    let offered = all.entries.iter().filter_map(|entry| entry.offered);
    assert_eq!(offered.count(), 1);
    assert_eq!(held.accounts.len(), 1);
    assert_eq!(all.entries.len(), 3);
    assert!(all.entries.iter().all(|entry| entry.accounts.len() == 1));
    assert_eq!(all.participations.len(), 2);
    let teams = all.participations.iter().filter_map(|place| place.team);
    assert_eq!(teams.collect::<Vec<_>>(), [Team::Red]);
    assert_eq!(all.captain_of, [story.played]);
    assert_eq!(all.pairs, [(story.played, Bond::Apart)]);
    assert_eq!(all.organised.len(), 1);
    assert_eq!((all.co_organised.len(), all.records.len()), (1, 3));
    assert_eq!(all.notices.len(), 1);
    assert_eq!(story.scene.ask(ExportProfile(UserId(99))).await, None);
}
