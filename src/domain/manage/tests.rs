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

fn organiser(administrator: bool) -> Actor {
    Actor {
        user: UserId(1),
        guild: crate::domain::ids::GuildId(10),
        manages_events: administrator,
        administrator,
    }
}

#[test]
fn an_organiser_overrides_a_rank_limit_and_only_an_administrator_the_cap_on_a_role() {
    let limited = up_to(session("5v5"), "gold");
    let mut high = entry(3, &[Tank]);
    high.accounts = vec![account(
        3,
        &[(crate::domain::ladder::Ladder::Tank, "diamond 1")],
    )];
    let queue = queue([placed(entry(2, &[Tank]), Tank), high]);
    let tank = (UserId(3), Tank, AccountId(3));
    let beyond = |session: &Session, queue: &Queue, administrator| {
        accept_beyond(session, queue, tank, None, &organiser(administrator))
    };
    let no_room = Err(ManageRefusal::NoRoom(Tank));
    assert_eq!(beyond(&limited, &queue, false), no_room);
    assert_eq!(beyond(&limited, &queue, true), Ok(Some(Beyond::Cap)));
    let mut alone = queue.clone();
    alone.entries.remove(0);
    assert_eq!(beyond(&limited, &alone, false), Ok(Some(Beyond::Rank)));
    assert_eq!(beyond(&session("5v5"), &alone, false), Ok(None));
    let other = (UserId(3), Tank, AccountId(4));
    let refused = accept_beyond(&limited, &queue, other, None, &organiser(true));
    assert_eq!(refused, Err(ManageRefusal::NoSuchAccount));
}

#[test]
fn nobody_overrides_the_size_of_the_teams_or_what_the_mode_does_not_have() {
    let roles = [Tank, Damage, Damage, Support, Support];
    let full = (2..)
        .zip(roles)
        .map(|(user, role)| placed(entry(user, &[role]), role));
    let full = queue(full.chain([entry(9, &[Tank])]).collect::<Vec<_>>());
    let admin = organiser(true);
    for role in [Tank, Role::Flex] {
        let wanted = (UserId(9), role, AccountId(9));
        let refused = accept_beyond(&session("5v5"), &full, wanted, None, &admin);
        assert_eq!(refused, Err(ManageRefusal::NoRoom(role)));
    }
    let empty = queue([entry(9, &[Tank])]);
    let wanted = (UserId(9), Role::Flex, AccountId(9));
    let refused = accept_beyond(&session("5v5"), &empty, wanted, None, &admin);
    assert_eq!(refused, Err(ManageRefusal::NoRoom(Role::Flex)));
}
