use super::fixtures::{account, entry, placed, rejected, session, up_to};
use super::*;
use crate::domain::ladder::Ladder::{Damage as DamageLadder, Support as SupportLadder};
use crate::domain::rank::Tier;
use Role::{Damage, Flex, Support, Tank};

fn offer<'a>(roles: &[Role], accounts: &'a [Account]) -> Offer<'a> {
    Offer {
        roles: roles.iter().copied().collect(),
        accounts,
        organiser: None,
    }
}

#[test]
fn somebody_with_an_account_joins_with_the_roles_that_the_mode_has() {
    let accounts = [account(2, &[])];
    let joined = join(
        &session("5v5"),
        None,
        0,
        &offer(&[Tank, Support], &accounts),
    );
    assert_eq!(joined.unwrap(), Roles::from_iter([Tank, Support]));
    let anything = join(&session("5v5"), None, 0, &offer(&[Flex], &accounts));
    assert_eq!(anything.unwrap(), Roles::from_iter([Tank, Damage, Support]));
    let open = join(&session("6v6"), None, 0, &offer(&[Flex], &accounts));
    assert_eq!(open.unwrap(), Roles::from_iter([Flex]));
}

#[test]
fn nobody_joins_without_an_account_or_a_role() {
    let nothing = join(&session("5v5"), None, 0, &offer(&[Tank], &[]));
    assert_eq!(nothing, Err(QueueRefusal::NoAccount));
    let accounts = [account(2, &[])];
    let nothing = join(&session("5v5"), None, 0, &offer(&[], &accounts));
    assert_eq!(nothing, Err(QueueRefusal::NoRole));
}

#[test]
fn only_an_open_session_takes_people_in() {
    let accounts = [account(2, &[])];
    let offer = offer(&[Tank], &accounts);
    let mut session = session("5v5");
    session.status = Status::Closed;
    assert_eq!(join(&session, None, 0, &offer), Err(QueueRefusal::Closed));
    for status in [Status::Started, Status::Completed, Status::Cancelled] {
        session.status = status;
        let refused = QueueRefusal::Session(SessionRefusal::Not(status));
        assert_eq!(join(&session, None, 0, &offer), Err(refused));
    }
}

#[test]
fn a_full_queue_takes_nobody_more_but_lets_those_in_it_change() {
    let (session, accounts) = (session("5v5"), [account(2, &[])]);
    let offer = offer(&[Tank], &accounts);
    let full = join(&session, None, ENTRIES_MAX, &offer);
    assert_eq!(full, Err(QueueRefusal::Full));
    let present = entry(2, &[Support]);
    assert!(join(&session, Some(&present), ENTRIES_MAX, &offer).is_ok());
}

#[test]
fn who_is_in_or_was_turned_down_cannot_join_again() {
    let session = session("5v5");
    let accepted = placed(entry(2, &[Tank]), Tank);
    let refused = may_join(&session, Some(&accepted), 1);
    assert_eq!(refused, Err(QueueRefusal::Accepted(Tank)));
    let rejected = rejected(entry(2, &[Tank]));
    let refused = may_join(&session, Some(&rejected), 1);
    assert_eq!(refused, Err(QueueRefusal::Rejected));
}

#[test]
fn a_rank_above_the_limit_is_refused_and_the_role_that_fits_is_named() {
    let session = up_to(session("5v5"), "platinum");
    let accounts = [account(
        2,
        &[(DamageLadder, "diamond 2"), (SupportLadder, "gold 1")],
    )];
    let refused = join(&session, None, 0, &offer(&[Damage, Support], &accounts));
    let Err(QueueRefusal::Rank(refusal)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!((refusal.role, refusal.ladder), (Damage, DamageLadder));
    assert_eq!(
        refusal.bar,
        RankBar::Above(session.plan.limits.highest.unwrap())
    );
    assert_eq!(refusal.rank.unwrap().to_string(), "Diamond 2");
    assert_eq!(refusal.fitting, Roles::from_iter([Support]));
    assert!(join(&session, None, 0, &offer(&[Support], &accounts)).is_ok());
}

#[test]
fn any_of_several_accounts_may_fit() {
    let session = up_to(session("5v5"), "platinum");
    let accounts = [
        account(2, &[(DamageLadder, "diamond 2")]),
        account(3, &[(DamageLadder, "gold 5")]),
    ];
    assert!(join(&session, None, 0, &offer(&[Damage], &accounts)).is_ok());
}

#[test]
fn a_distance_is_measured_from_the_organiser() {
    let mut session = session("5v5");
    session.plan.limits.distance = Some(1);
    let organiser = account(1, &[(DamageLadder, "master 5")]);
    let near = [account(2, &[(DamageLadder, "diamond 1")])];
    let far = [account(2, &[(DamageLadder, "diamond 2")])];
    let from = |accounts| {
        let mut offer = offer(&[Damage], accounts);
        offer.organiser = Some(&organiser);
        join(&session, None, 0, &offer)
    };
    assert!(from(&near).is_ok(), "Diamond 1 to Master 5 is one step");
    let Err(QueueRefusal::Rank(refusal)) = from(&far) else {
        panic!("two steps are too many")
    };
    assert!(matches!(refusal.bar, RankBar::TooFar { max: 1, .. }));
    let unknown = join(&session, None, 0, &offer(&[Damage], &near));
    let Err(QueueRefusal::Rank(refusal)) = unknown else {
        panic!("nothing to measure from")
    };
    assert_eq!(refusal.bar, RankBar::OrganiserUndeclared);
}

#[test]
fn one_leaves_until_the_session_is_over() {
    let mut session = session("5v5");
    let (waiting, accepted) = (entry(2, &[Tank]), placed(entry(2, &[Tank]), Tank));
    for status in [Status::Open, Status::Closed, Status::Started] {
        session.status = status;
        assert_eq!(leave(&session, Some(&waiting)), Ok(None));
        assert_eq!(leave(&session, Some(&accepted)), Ok(Some(Tank)));
        assert_eq!(leave(&session, None), Err(QueueRefusal::NotIn));
    }
    for status in [Status::Completed, Status::Cancelled] {
        session.status = status;
        let refused = QueueRefusal::Session(SessionRefusal::Not(status));
        assert_eq!(leave(&session, Some(&waiting)), Err(refused));
    }
}

#[test]
fn who_was_turned_down_cannot_undo_it_by_leaving() {
    let rejected = rejected(entry(2, &[Tank]));
    let refused = leave(&session("5v5"), Some(&rejected));
    assert_eq!(refused, Err(QueueRefusal::Rejected));
}

#[test]
fn streaming_is_said_and_taken_back() {
    let (session, mut entry) = (session("5v5"), entry(2, &[Tank]));
    assert_eq!(stream(&session, Some(&entry)), Ok(true));
    entry.streaming = true;
    assert_eq!(stream(&session, Some(&entry)), Ok(false));
    assert_eq!(stream(&session, None), Err(QueueRefusal::NotIn));
}

#[test]
fn tiers_bound_both_ways() {
    let mut session = up_to(session("5v5"), "gold");
    session.plan.limits.lowest = Tier::parse(crate::domain::ladder::Scale::Competitive, "gold");
    let low = [account(2, &[(DamageLadder, "silver 1")])];
    let Err(QueueRefusal::Rank(refusal)) = join(&session, None, 0, &offer(&[Damage], &low)) else {
        panic!("below the limit")
    };
    assert!(matches!(refusal.bar, RankBar::Below(_)));
    let fits = [account(2, &[(DamageLadder, "gold 1")])];
    assert!(join(&session, None, 0, &offer(&[Damage], &fits)).is_ok());
}
