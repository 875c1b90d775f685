use super::*;
use crate::domain::ladder::Ladder::Damage as DamageLadder;
use crate::domain::queue::fixtures::{account, entry, placed, queue, rejected, session, up_to};
use crate::domain::session::Status;
use Role::{Damage, Support, Tank};

fn accept_as(session: &Session, queue: &Queue, user: i64, role: Role) -> Result<(), ManageRefusal> {
    accept(session, queue, UserId(user), role, AccountId(user), None)
}

#[test]
fn a_second_tank_is_refused_in_5v5_and_taken_with_two_teams() {
    let queue = queue([placed(entry(2, &[Tank]), Tank), entry(3, &[Tank])]);
    let mut session = session("5v5");
    let refused = accept_as(&session, &queue, 3, Tank);
    assert_eq!(refused, Err(ManageRefusal::NoRoom(Tank)));
    assert_eq!(accept_as(&session, &queue, 3, Support), Ok(()));
    session.plan.teams = 2;
    assert_eq!(accept_as(&session, &queue, 3, Tank), Ok(()));
}

#[test]
fn the_place_of_somebody_who_deleted_their_profile_stays_taken() {
    let mut queue = queue([entry(3, &[Tank])]);
    queue.forgotten = vec![Tank];
    let refused = accept_as(&session("5v5"), &queue, 3, Tank);
    assert_eq!(refused, Err(ManageRefusal::NoRoom(Tank)));
}

#[test]
fn nobody_gets_two_places() {
    let queue = queue([placed(entry(2, &[Tank]), Tank)]);
    let refused = accept_as(&session("5v5"), &queue, 2, Support);
    assert_eq!(refused, Err(ManageRefusal::Accepted(Tank)));
}

#[test]
fn who_has_left_or_was_turned_down_is_not_accepted() {
    let queue = queue([rejected(entry(2, &[Tank]))]);
    let session = session("5v5");
    let refused = accept_as(&session, &queue, 2, Tank);
    assert_eq!(refused, Err(ManageRefusal::Rejected));
    let refused = accept_as(&session, &queue, 9, Tank);
    assert_eq!(refused, Err(ManageRefusal::NotIn));
}

#[test]
fn the_account_must_be_offered_and_its_rank_must_fit() {
    let session = up_to(session("5v5"), "platinum");
    let mut player = entry(2, &[Damage]);
    player.accounts = vec![
        account(20, &[(DamageLadder, "diamond 2")]),
        account(21, &[(DamageLadder, "gold 2")]),
    ];
    let queue = queue([player]);
    let on = |id| accept(&session, &queue, UserId(2), Damage, AccountId(id), None);
    assert_eq!(on(99), Err(ManageRefusal::NoSuchAccount));
    assert!(matches!(on(20), Err(ManageRefusal::Rank(_))));
    assert_eq!(on(21), Ok(()));
}

#[test]
fn taking_back_undoes_both_decisions() {
    let session = session("5v5");
    let accepted = placed(entry(2, &[Tank]), Tank);
    assert_eq!(take_back(&session, Some(&accepted)), Ok(Some(Tank)));
    let turned_down = rejected(entry(2, &[Tank]));
    assert_eq!(take_back(&session, Some(&turned_down)), Ok(None));
    let waiting = entry(2, &[Tank]);
    let refused = take_back(&session, Some(&waiting));
    assert_eq!(refused, Err(ManageRefusal::Waiting));
}

#[test]
fn only_those_who_wait_are_turned_down() {
    let session = session("5v5");
    assert_eq!(reject(&session, Some(&entry(2, &[Tank]))), Ok(()));
    let accepted = placed(entry(2, &[Tank]), Tank);
    let refused = reject(&session, Some(&accepted));
    assert_eq!(refused, Err(ManageRefusal::Accepted(Tank)));
    assert_eq!(reject(&session, None), Err(ManageRefusal::NotIn));
}

#[test]
fn nothing_is_decided_about_a_session_that_is_over() {
    let mut session = session("5v5");
    let player = entry(2, &[Tank]);
    for status in [Status::Completed, Status::Cancelled] {
        session.status = status;
        let refused = Err(ManageRefusal::Session(SessionRefusal::Not(status)));
        assert_eq!(reject(&session, Some(&player)), refused);
        assert_eq!(
            accept_as(&session, &queue([player.clone()]), 2, Tank),
            refused
        );
    }
    session.status = Status::Started;
    assert_eq!(accept_as(&session, &queue([player]), 2, Tank), Ok(()));
}
