//! The record, on a real file.

use super::*;
use crate::domain::extras::{Extra, Extras};
use crate::domain::ids::GuildId;
use crate::domain::role::Role;
use crate::domain::session::{Change, SessionRefusal, Status};
use crate::store::profile::{DeleteProfile, ExportProfile};
use crate::store::queue::{OfferPlace, RejectPlayer, TakeBack};
use crate::store::session::{CancelSession, EditSession, SetCoOrganisers, SetOpen, StartNow};
use crate::store::tests::{Scene, now, person};

const ANA: i64 = 11;
const BOB: i64 = 12;
const CASS: i64 = 13;

fn actor(user: i64) -> Actor {
    Actor {
        user: UserId(user),
        guild: GuildId(1),
        manages_events: false,
        administrator: false,
    }
}

fn administrator(user: i64) -> Actor {
    Actor {
        manages_events: true,
        administrator: true,
        ..actor(user)
    }
}

/// Ana leads a session in which Bob waits.
async fn scene() -> (Scene, SessionId) {
    let scene = Scene::open().await;
    scene.account(ANA, "Ana#1234").await;
    let bobs = scene.account(BOB, "Bob#1234").await;
    let session = scene.session(ANA, "OPEN").await;
    scene.waits(session, BOB, &[bobs]).await;
    (scene, session)
}

async fn page(scene: &Scene, session: SessionId, page: u32) -> LogPage {
    let view = ViewLog {
        session,
        per_page: 3,
        page,
    };
    scene.ask(view).await
}

fn close(session: SessionId, actor: Actor, open: bool) -> SetOpen {
    SetOpen {
        session,
        actor,
        open,
        at: now(),
    }
}

fn reject(session: SessionId, actor: Actor) -> RejectPlayer {
    RejectPlayer {
        session,
        actor,
        player: UserId(BOB),
        reason: "Bob was late".into(),
        at: now(),
    }
}

#[tokio::test]
async fn what_is_done_is_on_record_once_and_what_is_refused_is_not() {
    let (scene, session) = scene().await;
    let closed = close(session, actor(ANA), false);
    scene.click(99, closed.clone()).await.unwrap();
    scene.click(99, closed).await.unwrap();
    // It is closed already: nothing was done.
    scene.run(close(session, actor(ANA), false)).await.unwrap();
    let refused = scene.run(close(session, actor(BOB), true)).await;
    assert_eq!(refused.map(|_| ()), Err(SessionRefusal::NotYours));
    let log = page(&scene, session, 0).await;
    assert_eq!((log.pages, log.records.len()), (1, 1));
    let record = &log.records[0];
    assert_eq!(record.action, Action::Closed);
    assert_eq!(record.by, Some(Whom::User(UserId(ANA))));
    assert_eq!(record.capacity, Capacity::Organiser);
    assert!(!record.overridden);
}

#[tokio::test]
async fn an_administrator_overrides_and_the_record_says_so() {
    let (scene, session) = scene().await;
    scene.run(reject(session, actor(ANA))).await.unwrap();
    let take_back = TakeBack {
        session,
        actor: administrator(CASS),
        player: UserId(BOB),
        at: now(),
    };
    scene.run(take_back).await.unwrap();
    let log = page(&scene, session, 0).await;
    let told: Vec<_> = log
        .records
        .iter()
        .map(|record| (record.capacity, record.overridden, record.reason.as_str()))
        .collect();
    let expected = [
        (Capacity::Administrator, true, ""),
        (Capacity::Organiser, false, "Bob was late"),
    ];
    assert_eq!(told, expected);
    assert_eq!(log.records[0].subject, Some(Whom::User(UserId(BOB))));
}

#[tokio::test]
async fn the_latest_comes_first_and_a_page_too_far_is_the_last_one() {
    let (scene, session) = scene().await;
    for open in [false, true, false, true] {
        scene.run(close(session, actor(ANA), open)).await.unwrap();
    }
    let (first, far) = (
        page(&scene, session, 0).await,
        page(&scene, session, 9).await,
    );
    assert_eq!(first.records[0].action, Action::Opened);
    assert_eq!((first.pages, first.records.len()), (2, 3));
    assert_eq!((far.page, far.records.len()), (1, 1));
}

#[tokio::test]
async fn who_is_forgotten_leaves_the_record_without_name_or_reason() {
    let (scene, session) = scene().await;
    scene
        .run(reject(session, administrator(CASS)))
        .await
        .unwrap();
    let delete = |user| DeleteProfile {
        user: UserId(user),
        reason: "gone".into(),
        at: now(),
    };
    let exported = scene.ask(ExportProfile(UserId(BOB))).await.unwrap();
    assert_eq!(exported.records.len(), 1);
    scene.run(delete(BOB)).await.unwrap();
    let record = page(&scene, session, 0).await.records.remove(0);
    assert_eq!(record.subject, Some(Whom::Forgotten));
    assert_eq!(record.by, Some(Whom::User(UserId(CASS))));
    assert_eq!(record.reason, "");
    // Cass never made a profile, and is told of it and can be forgotten all the same.
    let exported = scene.ask(ExportProfile(UserId(CASS))).await.unwrap();
    assert_eq!((exported.person, exported.records.len()), (None, 1));
    scene.run(delete(CASS)).await.unwrap();
    let record = page(&scene, session, 0).await.records.remove(0);
    assert_eq!(record.by, Some(Whom::Forgotten));
    assert!(record.overridden);
    assert!(scene.run(delete(CASS)).await.is_err());
}

#[tokio::test]
async fn a_co_organiser_leads_but_does_not_say_who_else_does() {
    let (scene, session) = scene().await;
    let share = |actor, people: &[i64]| SetCoOrganisers {
        session,
        actor,
        people: people.iter().map(|user| person(*user)).collect(),
        keep: false,
        at: now(),
    };
    // The organiser is no co-organiser of their own.
    let shared = scene.run(share(actor(ANA), &[ANA, CASS])).await.unwrap();
    assert_eq!(shared.session.co_organisers, [UserId(CASS)]);
    scene.run(close(session, actor(CASS), false)).await.unwrap();
    let log = page(&scene, session, 0).await;
    assert_eq!(log.records[0].capacity, Capacity::CoOrganiser);
    let refused = scene.run(share(actor(CASS), &[BOB])).await;
    assert_eq!(refused, Err(SessionRefusal::NotACoOrganisers));
    let crowd: Vec<_> = (100..111).collect();
    let refused = scene.run(share(actor(ANA), &crowd)).await;
    assert_eq!(refused, Err(SessionRefusal::TooManyCoOrganisers));
    let shared = scene.run(share(actor(ANA), &[BOB])).await.unwrap();
    assert_eq!(
        (shared.added, shared.removed),
        (vec![UserId(BOB)], vec![UserId(CASS)])
    );
    let refused = scene.run(close(session, actor(CASS), true)).await;
    assert_eq!(refused, Err(SessionRefusal::NotYours));
    assert_eq!(scene.owed_cards().await, [session]);
}

#[tokio::test]
async fn a_session_started_by_hand_starts_now_and_only_once() {
    let (scene, session) = scene().await;
    let start = |actor| StartNow {
        session,
        actor,
        at: now(),
    };
    let refused = scene.run(start(actor(BOB))).await;
    assert_eq!(refused, Err(SessionRefusal::NotYours));
    let started = scene.run(start(actor(ANA))).await.unwrap().session;
    assert_eq!(started.status.as_str(), "STARTED");
    assert_eq!(started.plan.at, now());
    let again = scene.run(start(actor(ANA))).await;
    assert_eq!(again, Err(SessionRefusal::Not(started.status)));
    let log = page(&scene, session, 0).await;
    assert!(matches!(log.records[0].action, Action::Started { planned, .. } if planned > now()));
}

#[tokio::test]
async fn a_reason_for_cancelling_is_on_record() {
    let (scene, session) = scene().await;
    let cancel = CancelSession {
        session,
        actor: actor(ANA),
        reason: Some("Ill".into()),
        at: now(),
    };
    scene.run(cancel).await.unwrap();
    let record = page(&scene, session, 0).await.records.remove(0);
    assert_eq!(
        (record.action, record.reason.as_str()),
        (
            Action::Cancelled {
                was: Some(Status::Open)
            },
            "Ill"
        )
    );
}

#[tokio::test]
async fn a_thread_or_an_event_that_is_switched_alone_is_on_record() {
    let (scene, session) = scene().await;
    let switch = |thread, event| EditSession {
        session,
        actor: actor(ANA),
        change: Change::default(),
        extras: Extras { thread, event },
        at: now(),
    };
    let thread = switch(Some(true), None);
    scene.run(thread.clone()).await.unwrap();
    // It has one already: nothing was done.
    scene.run(thread).await.unwrap();
    scene.run(switch(Some(false), Some(true))).await.unwrap();
    let log = page(&scene, session, 0).await;
    let done = log.records.into_iter().map(|record| record.action);
    let switched = |extra, on| Action::Switched { extra, on };
    let expected = [
        switched(Extra::Event, true),
        switched(Extra::Thread, false),
        switched(Extra::Thread, true),
    ];
    assert_eq!(done.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_place_that_an_organiser_has_offered_is_on_record() {
    let (scene, session) = scene().await;
    let offer = OfferPlace {
        session,
        actor: actor(ANA),
        at: now(),
    };
    scene.run(offer.clone()).await.unwrap();
    // Nobody else waits: nobody is asked.
    scene.run(offer).await.unwrap();
    let log = page(&scene, session, 0).await;
    assert_eq!(log.records.len(), 1);
    assert_eq!(log.records[0].action, Action::Offered { role: Role::Tank });
    assert_eq!(log.records[0].subject, Some(Whom::User(UserId(BOB))));
}
