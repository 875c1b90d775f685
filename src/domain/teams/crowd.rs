//! Teams of those who wait, too: who of them is counted, and who comes in and sits out by a line-up.
//!
//! Pure. Invariant: whoever comes in could be accepted as what they are to play, and all who are in
//! then have a seat; nobody loses a place that they are being asked for.
//!
//! Places are as many as seats, so that there are no substitutes with a place: who had one and sits
//! out waits in the queue again, as when fewer teams are played. Unlike somebody whose place an
//! organiser takes back they are asked like everybody else when a place becomes free: they sit out
//! because it is somebody else's turn, not because somebody does not want them.

use super::{Known, TeamsRefusal, fits, possible, roles_on};
use crate::domain::admission::Door;
use crate::domain::balance::{CANDIDATES_MAX, Seat, Team};
use crate::domain::ids::UserId;
use crate::domain::manage;
use crate::domain::queue::Entry;
use crate::domain::role::Role;

/// Who could play on the teams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Crowd {
    /// Those who have a place.
    #[default]
    Accepted,
    /// Those who wait, too.
    Everybody,
}

/// Those who wait and are counted beside those who have a place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted<'q> {
    /// Them.
    pub entries: Vec<&'q Entry>,
    /// How many could play and are not counted, because the search takes [`CANDIDATES_MAX`].
    pub left_out: usize,
}

/// Who of those who wait is counted: whoever is being asked for a place; of those who could be asked
/// then as many as the teams need, so that these can be complete; then those who have played the
/// fewest games lately; and of these whoever joined first.
pub fn counted<'q>(door: &Door<'q>, known: &Known) -> Counted<'q> {
    let games = |entry: &&Entry| known.games.get(&entry.person.id).copied();
    let mut others: Vec<_> = door.eligible().collect();
    others.retain(|entry| !door.willing(entry).is_empty());
    others.sort_by_key(|entry| games(entry).unwrap_or_default());
    let fill = door.gap_with(&others).fill;
    let needed = |entry: &&Entry| fill.iter().any(|(user, _)| *user == entry.person.id);
    others.sort_by_key(|entry| !needed(entry));
    let asked = door.queue.asked().map(|(entry, _)| entry);
    let mut entries: Vec<_> = asked.chain(others).collect();
    let room = CANDIDATES_MAX.saturating_sub(door.queue.accepted().count());
    let left_out = entries.len().saturating_sub(room);
    entries.truncate(room);
    Counted { entries, left_out }
}

/// Who comes in and who sits out when these are the teams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Who waits and gets a place.
    pub come: Vec<manage::Seat>,
    /// Who has a place and waits then, with its role.
    pub leave: Vec<(UserId, Role)>,
}

/// What becomes of everybody when these are the teams, those who wait counted too.
///
/// # Errors
/// [`TeamsRefusal`].
pub fn take(door: &Door<'_>, seats: &[Seat]) -> Result<Taken, TeamsRefusal> {
    possible(door.session)?;
    let (mode, queue) = (door.session.plan.mode, door.queue);
    let complete = |team| {
        let roles = roles_on(seats, team);
        fits(mode, &roles) && mode.missing(1, &roles).is_none()
    };
    let mut users: Vec<_> = seats.iter().map(|seat| seat.user).collect();
    users.sort_unstable();
    users.dedup();
    if users.len() != seats.len() || !Team::BOTH.into_iter().all(complete) {
        return Err(TeamsRefusal::Changed);
    }
    if !queue.forgotten.is_empty() {
        return Err(TeamsRefusal::Forgotten);
    }
    let seated = |entry: &Entry| users.binary_search(&entry.person.id).is_ok();
    // The place that somebody is asked for is theirs until they say no.
    if let Some((entry, _)) = queue.asked().find(|(entry, _)| !seated(entry)) {
        return Err(TeamsRefusal::Asked(entry.person.id));
    }
    let mut taken = Taken::default();
    for seat in seats {
        taken.come.extend(coming(door, seat)?);
    }
    let leave = queue.accepted().filter(|(entry, _)| !seated(entry));
    taken.leave = leave
        .map(|(entry, place)| (entry.person.id, place.role))
        .collect();
    Ok(taken)
}

/// The place that somebody gets by a seat; `None` if they have one.
fn coming(door: &Door<'_>, seat: &Seat) -> Result<Option<manage::Seat>, TeamsRefusal> {
    let (user, role) = (seat.user, seat.role);
    let entry = door.queue.entry(user).ok_or(TeamsRefusal::Changed)?;
    if entry.place.is_some() {
        return Ok(None);
    }
    let mut eligible = door.eligible();
    if !entry.is_asked() && !eligible.any(|one| one.person.id == user) {
        return Err(TeamsRefusal::Changed);
    }
    let account = door.best_account(entry, role);
    let account = account.ok_or(TeamsRefusal::Rank(user, role))?.id;
    Ok(Some(manage::Seat {
        user,
        role,
        account,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ladder::Ladder;
    use crate::domain::queue::fixtures::{
        account, entry, placed, queue, rejected, session, start, up_to,
    };
    use crate::domain::queue::{AskState, Asked, Queue};
    use crate::domain::session::Session;
    use Role::{Damage, Support, Tank};

    const ROLES: [Role; 10] = [
        Tank, Tank, Damage, Damage, Damage, Damage, Support, Support, Support, Support,
    ];

    fn scrim() -> Session {
        let mut session = session("5v5");
        session.plan.teams = 2;
        session
    }

    fn door<'a>(session: &'a Session, queue: &'a Queue) -> Door<'a> {
        Door {
            session,
            queue,
            organiser: None,
        }
    }

    /// People 1 to 10 with the roles of two teams, of whom the first `accepted` have a place.
    fn ten(accepted: usize) -> Queue {
        let one = |(at, role): (usize, Role)| {
            let entry = entry(i64::try_from(at).unwrap() + 1, &[role]);
            if at < accepted {
                placed(entry, role)
            } else {
                entry
            }
        };
        queue(ROLES.into_iter().enumerate().map(one).collect::<Vec<_>>())
    }

    /// These people on the seats of two teams.
    fn seats(users: [i64; 10]) -> Vec<Seat> {
        let team = [1, 2, 1, 1, 2, 2, 1, 1, 2, 2];
        let seat = |((user, role), team): ((i64, Role), i32)| Seat {
            user: UserId(user),
            team: if team == 1 { Team::Blue } else { Team::Red },
            role,
        };
        users.into_iter().zip(ROLES).zip(team).map(seat).collect()
    }

    fn asked(mut entry: Entry, role: Role, state: AskState) -> Entry {
        let until = start();
        entry.asked = Some(Asked { role, until, state });
        entry
    }

    #[test]
    fn who_waits_comes_in_and_who_is_not_on_the_teams_sits_out() {
        let mut queue = ten(9);
        queue.entries.push(entry(11, &[Tank]));
        let (session, users) = (scrim(), [1, 11, 3, 4, 5, 6, 7, 8, 9, 10]);
        let taken = take(&door(&session, &queue), &seats(users)).unwrap();
        let come = |user, role| manage::Seat {
            user: UserId(user),
            role,
            account: crate::domain::ids::AccountId(user),
        };
        assert_eq!(taken.come, [come(11, Tank), come(10, Support)]);
        assert_eq!(taken.leave, [(UserId(2), Tank)]);
    }

    #[test]
    fn nobody_comes_in_who_could_not_be_asked_or_whose_rank_does_not_fit() {
        let session = scrim();
        let users = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11];
        let with = |session: &Session, one: Entry| {
            let mut queue = ten(9);
            queue.entries.push(one);
            take(&door(session, &queue), &seats(users)).map(|_| ())
        };
        assert_eq!(with(&session, entry(11, &[Support])), Ok(()));
        let not = [
            rejected(entry(11, &[Support])),
            asked(entry(11, &[Support]), Support, AskState::Declined),
            asked(entry(11, &[Support]), Support, AskState::TakenBack),
            entry(12, &[Support]),
        ];
        for one in not {
            assert_eq!(with(&session, one), Err(TeamsRefusal::Changed));
        }
        let mut high = entry(11, &[Support]);
        high.accounts = vec![account(11, &[(Ladder::Support, "diamond 3")])];
        let refused = with(&up_to(session, "gold"), high);
        assert_eq!(refused, Err(TeamsRefusal::Rank(UserId(11), Support)));
    }

    #[test]
    fn who_is_asked_for_a_place_keeps_it_until_they_answer() {
        let session = scrim();
        let mut queue = ten(9);
        let ask = asked(entry(11, &[Support]), Support, AskState::Open);
        queue.entries.push(ask);
        let of = |users| take(&door(&session, &queue), &seats(users));
        let without = of([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(without, Err(TeamsRefusal::Asked(UserId(11))));
        let with = of([1, 2, 3, 4, 5, 6, 7, 8, 9, 11]).unwrap();
        assert_eq!(with.come.len(), 1);
    }

    #[test]
    fn teams_with_a_gap_or_somebody_twice_are_not_taken() {
        let (session, mut queue) = (scrim(), ten(9));
        let all = seats([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        let of = |queue: &Queue, seats: &[Seat]| take(&door(&session, queue), seats).map(|_| ());
        assert_eq!(of(&queue, &all), Ok(()));
        assert_eq!(of(&queue, &all[..9]), Err(TeamsRefusal::Changed));
        let twice = seats([1, 2, 3, 4, 5, 6, 7, 8, 9, 9]);
        assert_eq!(of(&queue, &twice), Err(TeamsRefusal::Changed));
        queue.forgotten.push(Support);
        assert_eq!(of(&queue, &all), Err(TeamsRefusal::Forgotten));
    }

    #[test]
    fn those_are_counted_whom_the_teams_need_then_who_has_played_least_and_waits_longest() {
        let session = scrim();
        let mut queue = ten(9);
        // The last support is the one without whom there are no two teams, however much they play.
        queue
            .entries
            .extend((11..=30).map(|user| entry(user, &[Tank])));
        let mut known = Known::default();
        known.games.extend([(UserId(10), 9), (UserId(11), 1)]);
        let counted = counted(&door(&session, &queue), &known);
        let users = counted.entries.iter().map(|entry| entry.person.id.0);
        let expected: Vec<_> = std::iter::once(10).chain(12..=21).collect();
        assert_eq!(users.collect::<Vec<_>>(), expected);
        assert_eq!(counted.left_out, 10);
    }

    #[test]
    fn who_declined_was_turned_down_or_cannot_play_is_not_counted() {
        let session = up_to(scrim(), "gold");
        let high = account(3, &[(Ladder::Tank, "diamond 3")]);
        let fits = account(4, &[(Ladder::Tank, "gold 3")]);
        let mut people = [3, 4, 5, 6, 7].map(|user| entry(user, &[Tank]));
        for one in &mut people {
            one.accounts = vec![fits.clone()];
        }
        people[0].accounts = vec![high];
        people[2] = asked(people[2].clone(), Tank, AskState::Silent);
        people[3] = rejected(people[3].clone());
        people[4] = asked(people[4].clone(), Tank, AskState::Open);
        let queue = queue(people);
        let counted = counted(&door(&session, &queue), &Known::default());
        let users: Vec<_> = counted.entries.iter().map(|one| one.person.id.0).collect();
        assert_eq!(users, [7, 4], "who is asked comes first");
    }
}
