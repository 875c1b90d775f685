use super::*;
use crate::domain::ladder::Ladder;
use crate::domain::queue::fixtures::{account, entry, placed, queue, session, start, up_to};
use crate::domain::queue::{AskState, Asked};
use Role::{Damage, Support, Tank};

fn steps(people: Vec<Entry>, decide: impl FnOnce(&Door<'_>) -> Vec<Step>) -> Vec<Step> {
    let (session, queue) = (session("5v5"), queue(people));
    decide(&Door {
        session: &session,
        queue: &queue,
        organiser: None,
    })
}

fn asked(mut entry: Entry, role: Role, state: AskState) -> Entry {
    let until = start();
    entry.asked = Some(Asked { role, until, state });
    entry
}

/// Somebody with this rank on every role's ladder.
fn ranked(user: i64, roles: &[Role], rank: &str) -> Entry {
    let ladders = [Ladder::Tank, Ladder::Damage, Ladder::Support];
    let ranks = ladders.map(|ladder| (ladder, rank));
    let mut entry = entry(user, roles);
    entry.accounts = vec![account(user, &ranks)];
    entry
}

#[test]
fn the_nearer_the_start_the_sooner_an_offer_ends() {
    let minutes = |ahead: i64| {
        let at = start() + TimeDelta::minutes(ahead);
        (offer_until(at, start()) - start()).num_minutes()
    };
    assert_eq!(minutes(7 * 24 * 60), OFFER_MAX_MINUTES);
    assert_eq!(minutes(10 * 60), 60);
    assert_eq!(minutes(20), OFFER_MIN_MINUTES);
    assert_eq!(minutes(-30), OFFER_MIN_MINUTES, "after the start");
}

#[test]
fn a_nearer_start_shortens_an_offer_and_a_later_one_leaves_it() {
    let minutes = |minutes: i64| start() + TimeDelta::minutes(minutes);
    let moved = |until, at| follow_start(minutes(until), minutes(at), start());
    assert_eq!(moved(60, 10 * 60), minutes(60), "as it was");
    assert_eq!(moved(60, 100), minutes(10));
    assert_eq!(moved(60, 0), minutes(OFFER_MIN_MINUTES), "it starts now");
    assert_eq!(moved(60, 7 * 24 * 60), minutes(60));
    assert_eq!(moved(3, 0), minutes(3), "never longer than was said");
}

#[test]
fn who_joins_first_gets_the_place_and_the_next_one_waits() {
    let one = steps(vec![entry(2, &[Tank])], |door| door.join(UserId(2)));
    assert_eq!(one, [Step::Admit(UserId(2), Tank)]);
    let people = vec![placed(entry(2, &[Tank]), Tank), entry(3, &[Tank])];
    assert_eq!(steps(people, |door| door.join(UserId(3))), []);
}

#[test]
fn somebody_who_can_play_both_makes_room() {
    let people = vec![placed(entry(2, &[Tank, Damage]), Tank), entry(3, &[Tank])];
    let done = steps(people, |door| door.join(UserId(3)));
    assert_eq!(
        done,
        [Step::Move(UserId(2), Damage), Step::Admit(UserId(3), Tank)]
    );
}

#[test]
fn a_rank_outside_the_limits_gets_no_place() {
    let session = up_to(session("5v5"), "gold");
    let queue = queue(vec![ranked(2, &[Tank], "diamond 3")]);
    let door = Door {
        session: &session,
        queue: &queue,
        organiser: None,
    };
    assert_eq!(door.join(UserId(2)), []);
}

#[test]
fn nobody_is_in_until_the_teams_are_full_and_then_those_who_came_first() {
    let mut people: Vec<_> = [Tank, Damage, Damage, Support]
        .into_iter()
        .zip(2..)
        .map(|(role, user)| entry(user, &[role]))
        .collect();
    assert_eq!(steps(people.clone(), |door| door.full_set()), []);
    people.push(entry(10, &[Tank]));
    people.push(entry(11, &[Damage, Support]));
    people.push(entry(12, &[Support]));
    let done = steps(people, |door| door.full_set());
    assert_eq!(done.len(), 5);
    assert!(done.contains(&Step::Admit(UserId(11), Support)), "{done:?}");
    assert!(
        !done.contains(&Step::Admit(UserId(12), Support)),
        "came later"
    );
}

#[test]
fn a_free_place_is_offered_to_the_nearest_rank_and_reserved() {
    let mut people: Vec<_> = [Damage, Damage, Support, Support]
        .into_iter()
        .zip(2..)
        .map(|(role, user)| placed(ranked(user, &[role], "gold 3"), role))
        .collect();
    people.push(entry(20, &[Tank]));
    people.push(ranked(21, &[Tank], "champion 1"));
    people.push(ranked(22, &[Tank], "gold 1"));
    let done = steps(people.clone(), |door| door.offers(9));
    assert_eq!(done, [Step::Ask(UserId(22), Tank)]);
    people[6] = asked(people[6].clone(), Tank, AskState::Open);
    assert_eq!(steps(people.clone(), |door| door.offers(9)), [], "reserved");
    assert_eq!(steps(people.clone(), |door| door.join(UserId(20))), []);
    people[6] = asked(people[6].clone(), Tank, AskState::Silent);
    let done = steps(people, |door| door.offers(9));
    assert_eq!(done, [Step::Ask(UserId(21), Tank)], "the next one");
}

#[test]
fn whose_place_was_taken_back_is_not_let_in_by_joining_again() {
    let people = vec![asked(entry(2, &[Tank]), Tank, AskState::TakenBack)];
    assert_eq!(steps(people, |door| door.join(UserId(2))), []);
}

#[test]
fn somebody_in_whose_rank_is_outside_the_limits_now_is_named() {
    let session = up_to(session("5v5"), "gold");
    let inside = placed(ranked(2, &[Tank], "gold 1"), Tank);
    let outside = placed(ranked(3, &[Damage], "diamond 1"), Damage);
    let queue = queue(vec![inside, outside]);
    let door = Door {
        session: &session,
        queue: &queue,
        organiser: None,
    };
    let names: Vec<_> = door.outside().map(|entry| entry.person.id).collect();
    assert_eq!(names, [UserId(3)]);
}
