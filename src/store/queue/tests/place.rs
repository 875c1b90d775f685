//! What an organiser decides, and what comes of it.

use super::*;
use crate::domain::log::{Action, Whom};
use crate::store::session::StartNow;

#[tokio::test]
async fn who_is_accepted_leaves_and_their_place_is_free_again() {
    let mut world = World::new("5v5").await;
    let first = world.joined(2, &[Tank]).await;
    let second = world.joined(3, &[Tank]).await;
    world.execute(world.accept(2, Tank, first)).await.unwrap();
    let full = world.execute(world.accept(3, Tank, second)).await;
    assert_eq!(full, Err(ManageRefusal::NoRoom(Tank)));
    assert_eq!(world.notices().await.len(), 1);
    let left = world.execute(world.leave(2)).await.unwrap();
    assert_eq!(left.role, Some(Tank));
    assert!(
        world.notices().await.is_empty(),
        "nothing is to be told to who left"
    );
    world.execute(world.accept(3, Tank, second)).await.unwrap();
    // They can come back, and wait.
    world.execute(world.join(2, &[Tank])).await.unwrap();
    assert!(
        world
            .view()
            .await
            .queue
            .entry(UserId(2))
            .unwrap()
            .is_waiting()
    );
}

#[tokio::test]
async fn two_forms_that_showed_the_same_do_not_undo_each_other() {
    let mut world = World::new("5v5").await;
    let account = world.joined(2, &[Tank]).await;
    let shown = Shown::new(Roles::from_iter([Tank]), [].into_iter(), "");
    let sent = |world: &World, roles: &[Role], note: &str| {
        let mut form = world.join(2, roles);
        form.offered.note = note.into();
        form.shown = Some(shown.clone());
        form
    };
    // Neither had seen the other, whichever comes first.
    world.execute(sent(&world, &[Support], "")).await.unwrap();
    world.execute(sent(&world, &[Tank], "Late")).await.unwrap();
    let queue = world.view().await.queue;
    let entry = queue.entry(UserId(2)).unwrap();
    assert_eq!(entry.roles, Roles::from_iter([Support]));
    assert_eq!(entry.note, "Late");
    assert_eq!(entry.accounts[0].id, account);
    // Who has left meanwhile joins with what the form says.
    world.execute(world.leave(2)).await.unwrap();
    world.execute(sent(&world, &[Tank], "")).await.unwrap();
    let queue = world.view().await.queue;
    assert_eq!(
        queue.entry(UserId(2)).unwrap().roles,
        Roles::from_iter([Tank])
    );
}

#[tokio::test]
async fn accepting_somebody_who_just_left_says_so() {
    let mut world = World::new("5v5").await;
    let account = world.joined(2, &[Tank]).await;
    world.execute(world.leave(2)).await.unwrap();
    let refused = world.execute(world.accept(2, Tank, account)).await;
    assert_eq!(refused, Err(ManageRefusal::NotIn));
}

#[tokio::test]
async fn the_account_of_an_accepted_player_is_not_changed_by_joining_again() {
    let mut world = World::new("5v5").await;
    let first = world.joined(2, &[Tank]).await;
    let other = world.account(2, &[]).await;
    world.execute(world.accept(2, Tank, first)).await.unwrap();
    let mut again = world.join(2, &[Support]);
    again.offered.accounts = vec![other];
    let refused = world.execute(again).await;
    assert_eq!(refused, Err(QueueRefusal::Accepted(Tank)));
    let queue = world.view().await.queue;
    let (entry, place) = queue.accepted().next().unwrap();
    assert_eq!((place.account, entry.accounts.len()), (Some(first), 1));
}

#[tokio::test]
async fn only_the_organiser_and_those_who_manage_events_decide() {
    let mut world = World::new("5v5").await;
    let account = world.joined(2, &[Tank]).await;
    let mut accept = world.accept(2, Tank, account);
    accept.actor = actor(2);
    let refused = world.execute(accept.clone()).await;
    let not_yours = ManageRefusal::Session(SessionRefusal::NotYours);
    assert_eq!(refused, Err(not_yours.clone()));
    let (mut reject, mut take_back) = (world.reject(2), world.take_back(2));
    (reject.actor, take_back.actor) = (actor(3), actor(3));
    assert_eq!(world.execute(reject).await, Err(not_yours.clone()));
    assert_eq!(world.execute(take_back).await, Err(not_yours));
    accept.actor.manages_events = true;
    assert!(world.execute(accept).await.is_ok());
}

#[tokio::test]
async fn people_are_told_the_last_of_what_was_decided_about_them() {
    let mut world = World::new("5v5").await;
    let account = world.joined(2, &[Tank]).await;
    world.execute(world.reject(2)).await.unwrap();
    let told = world.notices().await;
    assert!(
        matches!(told[..], [(UserId(2), Notice::NotAccepted { .. })]),
        "{told:?}"
    );
    world.execute(world.take_back(2)).await.unwrap();
    let told = world.notices().await;
    assert!(
        matches!(told[..], [(UserId(2), Notice::Waiting { .. })]),
        "{told:?}"
    );
    world
        .execute(world.accept(2, Damage, account))
        .await
        .unwrap();
    let told = world.notices().await;
    assert!(
        matches!(
            told[..],
            [(UserId(2), Notice::Accepted { role: Damage, .. })]
        ),
        "{told:?}"
    );
}

#[tokio::test]
async fn an_organiser_who_plays_is_not_told_what_they_decided() {
    let mut world = World::new("5v5").await;
    let account = world.joined(1, &[Tank]).await;
    world.execute(world.accept(1, Tank, account)).await.unwrap();
    assert!(world.notices().await.is_empty());
}

#[tokio::test]
async fn a_cancelled_session_keeps_its_people_and_takes_no_decision() {
    let mut world = World::new("5v5").await;
    let account = world.joined(2, &[Tank]).await;
    let cancel = CancelSession {
        session: world.session,
        actor: actor(ORGANISER.0),
        reason: None,
        at: start(),
    };
    world.execute(cancel).await.unwrap();
    let over = SessionRefusal::Not(Status::Cancelled);
    let refused = world.execute(world.accept(2, Tank, account)).await;
    assert_eq!(refused, Err(ManageRefusal::Session(over.clone())));
    let refused = world.execute(world.leave(2)).await;
    assert_eq!(refused, Err(QueueRefusal::Session(over)));
    assert_eq!(world.view().await.queue.entries.len(), 1);
}

#[tokio::test]
async fn who_is_accepted_beyond_a_limit_is_marked_until_their_place_is_taken_back() {
    let mut world = World::limited("5v5", up_to_platinum()).await;
    let account = world.account(2, &[(Ladder::Tank, "gold 1")]).await;
    world.execute(world.join(2, &[Tank])).await.unwrap();
    // They were within the limit when they joined.
    let higher = EditAccount {
        user: UserId(2),
        account: None,
        battletag: None,
        ranks: vec![(
            Ladder::Tank,
            Rank::parse(Ladder::Tank.scale(), "diamond 1").unwrap(),
        )],
        at: start(),
    };
    world.execute(higher).await.unwrap();
    let accept = world.accept(2, Tank, account);
    let refused = world.execute(accept.clone()).await;
    assert!(
        matches!(refused, Err(ManageRefusal::Rank(_))),
        "{refused:?}"
    );
    let mut forged = AcceptAnyway(accept.clone());
    forged.0.actor = actor(3);
    let not_yours = ManageRefusal::Session(SessionRefusal::NotYours);
    assert_eq!(world.execute(forged).await, Err(not_yours));
    let done = world.execute(AcceptAnyway(accept.clone())).await.unwrap();
    assert_eq!(done.beyond, Some(Beyond::Rank));
    let marked = |view: SessionView| view.queue.accepted().all(|(_, place)| place.overridden);
    assert!(marked(world.view().await));
    world.execute(world.take_back(2)).await.unwrap();
    let again = world.execute(accept).await;
    assert!(matches!(again, Err(ManageRefusal::Rank(_))), "{again:?}");
}

#[tokio::test]
async fn a_swap_concerns_both_and_a_refused_one_neither() {
    let mut world = World::new("5v5").await;
    let first = world.joined(2, &[Tank]).await;
    world.joined(3, &[Support]).await;
    world.execute(world.accept(2, Tank, first)).await.unwrap();
    let refused = world.execute(world.swap(2, 9)).await;
    assert_eq!(refused, Err((UserId(9), ManageRefusal::NotIn)));
    let swapped = world.execute(world.swap(2, 3)).await.unwrap();
    let expected = Swapped::Replaced {
        comes: UserId(3),
        role: Tank,
        leaves: UserId(2),
    };
    assert_eq!(swapped, expected);
    let mut told = world.notices().await;
    told.sort_by_key(|(to, _)| *to);
    assert!(
        matches!(
            told[..],
            [
                (UserId(2), Notice::Waiting { .. }),
                (UserId(3), Notice::Accepted { role: Tank, .. })
            ]
        ),
        "{told:?}"
    );
}

#[tokio::test]
async fn who_sits_out_of_what_is_played_instead_is_on_record() {
    let mut world = World::new("5v5").await;
    let (session, actor, at) = (world.session, actor(1), start());
    world.two_teams().await;
    let roles = [Tank, Damage, Damage, Support, Support, Tank];
    for (user, role) in (2..).zip(roles) {
        let account = world.joined(user, &[role]).await;
        world
            .execute(world.accept(user, role, account))
            .await
            .unwrap();
    }
    let start_now = StartNow { session, actor, at };
    world.execute(start_now).await.unwrap();
    let short = PlayShort {
        session,
        actor,
        mode: Mode::parse("5v5").unwrap(),
        teams: 1,
        at,
    };
    assert_eq!(world.execute(short).await.unwrap().out, 1);
    let log = world.log().await;
    let back = Action::TakenBack { role: Some(Tank) };
    let out = log.iter().find(|record| record.action == back);
    let whom = out.and_then(|record| record.subject);
    assert_eq!(whom, Some(Whom::User(UserId(7))), "{log:?}");
}
