//! The session clock on a real file: whom it reminds, and when it is to be looked at next.

use super::*;
use crate::domain::extras::Extras;
use crate::domain::ids::GuildId;
use crate::domain::profile::{Changes, Reminder};
use crate::domain::session::{Actor, Change};
use crate::store::profile::EditProfile;
use crate::store::queue::{JoinQueue, LeaveQueue, RejectPlayer, TakeBack};
use crate::store::session::{CancelSession, EditSession};
use crate::store::tests::{Scene, now, person};

/// The session of these tests starts so long after [`now`].
const AHEAD: TimeDelta = TimeDelta::days(3);

fn actor(user: i64) -> Actor {
    Actor {
        user: UserId(user),
        guild: GuildId(1),
        manages_events: false,
        administrator: false,
    }
}

/// A session of person 1 that starts in three days.
async fn planned() -> (Scene, SessionId) {
    let scene = Scene::open().await;
    scene.account(1, "Mira#1234").await;
    let session = scene.session(1, "OPEN").await;
    moved(&scene, session, now() + AHEAD).await;
    (scene, session)
}

async fn moved(scene: &Scene, session: SessionId, to: DateTime<Utc>) {
    let edit = EditSession {
        session,
        actor: actor(1),
        change: Change {
            at: Some(to),
            ..Change::default()
        },
        extras: Extras::default(),
        at: now(),
    };
    scene.run(edit).await.expect("moved");
}

async fn joined(scene: &Scene, session: SessionId, user: i64) {
    scene
        .account(user, &format!("Player#{}", 1_000 + user))
        .await;
    let join = JoinQueue {
        session,
        actor: actor(user),
        nick: None,
        person: person(user),
        offered: Default::default(),
        shown: None,
        at: now(),
    };
    scene.run(join).await.expect("joined");
}

async fn wants(scene: &Scene, user: i64, reminder: Reminder) {
    let edit = EditProfile {
        person: person(user),
        changes: Changes {
            reminder: Some(reminder),
            ..Changes::default()
        },
        at: now(),
    };
    let Ok(_) = scene.run(edit).await;
}

async fn reminded(scene: &Scene, now: DateTime<Utc>) -> u32 {
    let Ok(reminded) = scene.run(Remind { now }).await;
    reminded
}

/// When the clock is to be looked at next, being looked at a minute before the session starts in
/// this time; as the time before its start.
async fn next(scene: &Scene, before_start: TimeDelta) -> TimeDelta {
    let start = now() + AHEAD;
    let next = scene.ask(NextTurn {
        now: start - before_start,
    });
    start - next.await
}

const DAY: TimeDelta = TimeDelta::days(1);
const HOUR: TimeDelta = TimeDelta::hours(1);
const QUARTER: TimeDelta = TimeDelta::minutes(15);

#[tokio::test]
async fn who_joins_is_reminded_in_time_and_once() {
    let (scene, session) = planned().await;
    joined(&scene, session, 2).await;
    assert_eq!(next(&scene, HOUR).await, QUARTER);
    let due = now() + AHEAD - QUARTER;
    assert_eq!(reminded(&scene, due - TimeDelta::seconds(1)).await, 0);
    assert_eq!(reminded(&scene, due).await, 1);
    assert_eq!(reminded(&scene, due).await, 0);
    assert_eq!(next(&scene, QUARTER).await, TimeDelta::zero());
}

#[tokio::test]
async fn clock_that_is_set_back_repeats_no_reminder() {
    let (scene, session) = planned().await;
    joined(&scene, session, 2).await;
    let due = now() + AHEAD - QUARTER;
    assert_eq!(reminded(&scene, due).await, 1);
    for back in [TimeDelta::minutes(10), DAY, DAY * 60] {
        assert_eq!(reminded(&scene, due - back).await, 0, "{back}");
        // Somebody commits something then, which has the time worked out anew, and the moment comes again.
        wants(&scene, 2, Reminder::Hour).await;
        wants(&scene, 2, Reminder::QuarterHour).await;
        assert_eq!(reminded(&scene, due).await, 0, "after {back}");
    }
}

#[tokio::test]
async fn who_wants_to_hear_of_it_earlier_or_later_does() {
    let (scene, session) = planned().await;
    joined(&scene, session, 2).await;
    wants(&scene, 2, Reminder::Day).await;
    assert_eq!(next(&scene, DAY + HOUR).await, DAY);
    wants(&scene, 2, Reminder::Hour).await;
    assert_eq!(next(&scene, HOUR * 2).await, HOUR);
    wants(&scene, 2, Reminder::None).await;
    assert_eq!(next(&scene, HOUR * 2).await, TimeDelta::zero());
}

#[tokio::test]
async fn a_session_that_moves_takes_its_reminders_along_and_reminds_anew() {
    let (scene, session) = planned().await;
    joined(&scene, session, 2).await;
    assert_eq!(reminded(&scene, now() + AHEAD - QUARTER).await, 1);
    moved(&scene, session, now() + AHEAD + HOUR).await;
    assert_eq!(next(&scene, HOUR).await, QUARTER - HOUR);
    assert_eq!(reminded(&scene, now() + AHEAD + HOUR - QUARTER).await, 1);
}

#[tokio::test]
async fn who_was_turned_down_and_waits_again_is_reminded() {
    let (scene, session) = planned().await;
    joined(&scene, session, 2).await;
    let due = now() + AHEAD - QUARTER;
    let reject = RejectPlayer {
        session,
        actor: actor(1),
        player: UserId(2),
        reason: String::new(),
        at: now(),
    };
    scene.run(reject).await.expect("turned down");
    assert_eq!(reminded(&scene, due).await, 0);
    let take_back = TakeBack {
        session,
        actor: actor(1),
        player: UserId(2),
        at: now(),
    };
    scene.run(take_back).await.expect("taken back");
    assert_eq!(next(&scene, HOUR).await, QUARTER);
    assert_eq!(reminded(&scene, due).await, 1);
}

#[tokio::test]
async fn a_reminder_of_somebody_who_has_left_keeps_nobody_busy() {
    let (scene, session) = planned().await;
    joined(&scene, session, 2).await;
    joined(&scene, session, 3).await;
    wants(&scene, 2, Reminder::Day).await;
    let leave = LeaveQueue {
        session,
        actor: actor(2),
        at: now(),
    };
    scene.run(leave).await.expect("left");
    assert_eq!(reminded(&scene, now() + AHEAD - DAY).await, 0);
    assert_eq!(next(&scene, HOUR).await, QUARTER);
    assert_eq!(
        next(&scene, DAY).await,
        DAY - TimeDelta::hours(LOOK_AGAIN_H)
    );
}

#[tokio::test]
async fn a_crowd_is_reminded_in_pieces_and_whole() {
    let (scene, session) = planned().await;
    let crowd = i64::from(TURNS_MAX) + 6;
    for user in 3..3 + crowd {
        let edit = EditProfile {
            person: person(user),
            changes: Changes::default(),
            at: now(),
        };
        let Ok(_) = scene.run(edit).await;
        scene.waits(session, user, &[]).await;
    }
    // By this the clock hears of those who were put there by hand.
    moved(&scene, session, now() + AHEAD + HOUR).await;
    let due = now() + AHEAD + HOUR - QUARTER;
    assert_eq!(reminded(&scene, due).await, TURNS_MAX);
    assert_eq!(scene.ask(NextTurn { now: due }).await, due);
    assert_eq!(reminded(&scene, due).await, 6);
    assert_eq!(reminded(&scene, due).await, 0);
}

#[tokio::test]
async fn with_its_session_an_offer_ends() {
    let (scene, session) = planned().await;
    joined(&scene, session, 2).await;
    let offer = "INSERT INTO place_offers (queue_id, role, offered_at, until, state) \
                 SELECT id, 'tank', 0, $1, 'open' FROM session_queue RETURNING queue_id AS id";
    scene.write(offer, values![now()]).await;
    assert_eq!(scene.ask(NextTurn { now: now() }).await, now());
    let cancel = CancelSession {
        session,
        actor: actor(1),
        reason: None,
        at: now(),
    };
    scene.run(cancel).await.expect("cancelled");
    let open = "SELECT queue_id FROM place_offers WHERE state = 'open'";
    assert_eq!(scene.read(open).await.len(), 0);
}
