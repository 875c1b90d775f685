use proptest::prelude::*;

use super::*;
use crate::domain::admission::Door;
use crate::domain::ladder::Ladder as L;
use crate::domain::queue::fixtures::{account, entry, placed, queue, session, up_to};
use crate::domain::role::Roles;
use crate::domain::session::Status;
use Role::{Damage, Support, Tank};

fn scrim(mode: &str) -> Session {
    let mut session = session(mode);
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

/// Ten who were accepted for 5v5: tanks 1 and 2, damage 3 to 6, support 7 to 10.
fn ten() -> Queue {
    let role = |user| match user {
        1 | 2 => Tank,
        3..=6 => Damage,
        _ => Support,
    };
    let one = |user| placed(entry(user, &[role(user)]), role(user));
    queue((1..=10).map(one).collect::<Vec<_>>())
}

fn after(queue: &Queue, teams: &Teams, change: Change) -> Result<Teams, TeamsRefusal> {
    let now = arrange(&door(&scrim("5v5"), queue), teams, &change)?;
    Ok(Teams {
        published: now.published,
        captains: now.captains,
        members: now
            .seats
            .iter()
            .map(|seat| (seat.user, seat.team))
            .collect(),
        pairs: Vec::new(),
    })
}

#[test]
fn captains_pick_as_a_snake() {
    let (mut picked, mut order) = ([0, 0], String::new());
    for _ in 0..10 {
        let team = turn(picked);
        picked[team.index()] += 1;
        order.push(if team == Team::Blue { 'B' } else { 'R' });
    }
    assert_eq!(order, "BRRBBRRBBR");
}

#[test]
fn a_draft_goes_on_until_everybody_is_picked_and_knows_whose_turn_it_is() {
    let (session, queue) = (scrim("5v5"), ten());
    let captains = [UserId(1), UserId(2)];
    let mut teams = after(&queue, &Teams::default(), Change::Draft(captains)).unwrap();
    let pick_of = |teams: &Teams, captain, player| {
        pick(&session, &queue, teams, UserId(captain), UserId(player))
    };
    assert_eq!(pick_of(&teams, 2, 3), Err(TeamsRefusal::NotTheirTurn));
    assert_eq!(pick_of(&teams, 3, 4), Err(TeamsRefusal::NotTheirTurn));
    assert_eq!(pick_of(&teams, 1, 2), Err(TeamsRefusal::Taken(UserId(2))));
    let mut turns = String::new();
    while let Some(Draft::Turn(team)) = draft(&session, &queue, &teams) {
        let (entry, _) = pickable(&session, &queue, &teams, team)[0];
        let captain = captains[team.index()];
        let now = pick(&session, &queue, &teams, captain, entry.person.id).unwrap();
        teams.members = now
            .seats
            .iter()
            .map(|seat| (seat.user, seat.team))
            .collect();
        turns.push(if team == Team::Blue { 'B' } else { 'R' });
    }
    assert_eq!(turns, "BRRBBRRB");
    assert_eq!(draft(&session, &queue, &teams), Some(Draft::Done));
    assert_eq!(teams.members.len(), 10);
}

#[test]
fn a_draft_rests_when_a_captain_leaves() {
    let mut queue = ten();
    let captains = Change::Draft([UserId(1), UserId(2)]);
    let mut teams = after(&queue, &Teams::default(), captains).unwrap();
    queue.entries.retain(|entry| entry.person.id != UserId(2));
    teams.members.retain(|(user, _)| *user != UserId(2));
    assert_eq!(draft(&scrim("5v5"), &queue, &teams), Some(Draft::Rests));
}

#[test]
fn a_swap_keeps_roles_where_it_can_and_exchanges_them_where_it_must() {
    let queue = ten();
    let seats = [1, 3, 4, 7, 8].map(|user| (user, Team::Blue));
    let seats = seats
        .into_iter()
        .chain([2, 5, 6, 9, 10].map(|user| (user, Team::Red)));
    let seats = seats.map(|(user, team)| Seat {
        user: UserId(user),
        team,
        role: queue
            .entry(UserId(user))
            .unwrap()
            .place
            .as_ref()
            .unwrap()
            .role,
    });
    let teams = after(&queue, &Teams::default(), Change::Use(seats.collect())).unwrap();
    let swapped = |one, other| {
        let swap = Change::Swap(UserId(one), UserId(other));
        let now = arrange(&door(&scrim("5v5"), &queue), &teams, &swap)?;
        let of = |user| {
            now.seats
                .iter()
                .find(|seat| seat.user == UserId(user))
                .copied()
        };
        Ok((of(one).unwrap(), of(other).unwrap()))
    };
    let (one, other) = swapped(3, 5).unwrap();
    assert_eq!((one.team, one.role), (Team::Red, Damage));
    assert_eq!((other.team, other.role), (Team::Blue, Damage));
    let (one, other) = swapped(1, 9).unwrap();
    assert_eq!((one.team, one.role), (Team::Red, Support));
    assert_eq!((other.team, other.role), (Team::Blue, Tank));
    let (one, other) = swapped(3, 7).unwrap();
    assert_eq!((one.team, one.role), (Team::Blue, Support));
    assert_eq!((other.team, other.role), (Team::Blue, Damage));
    assert_eq!(swapped(3, 3).map(|_| ()), Err(TeamsRefusal::SamePerson));
    assert_eq!(
        swapped(3, 77).map(|_| ()),
        Err(TeamsRefusal::NotIn(UserId(77)))
    );
}

#[test]
fn roles_are_exchanged_only_if_the_ranks_fit_on_one_of_the_accounts() {
    let session = up_to(scrim("5v5"), "gold");
    let mut queue = ten();
    for entry in &mut queue.entries {
        entry.accounts = vec![account(
            entry.person.id.0,
            &[
                (L::Tank, "gold 1"),
                (L::Damage, "gold 1"),
                (L::Support, "gold 1"),
            ],
        )];
    }
    let teams = Teams {
        members: vec![(UserId(1), Team::Blue), (UserId(3), Team::Blue)],
        ..Teams::default()
    };
    let exchange = Change::Swap(UserId(1), UserId(3));
    let swapped = |queue: &Queue| arrange(&door(&session, queue), &teams, &exchange);
    assert!(swapped(&queue).is_ok());
    // The third one has no rank as a tank, and the first one too high a one as damage.
    queue.entries[2].accounts = vec![account(3, &[(L::Damage, "gold 1")])];
    assert_eq!(swapped(&queue), Err(TeamsRefusal::Rank(UserId(3), Tank)));
    let other = account(30, &[(L::Tank, "silver 1")]);
    queue.entries[2].accounts.push(other);
    assert!(swapped(&queue).is_ok());
    let high = [(L::Tank, "gold 1"), (L::Damage, "diamond 1")];
    queue.entries[0].accounts = vec![account(1, &high)];
    assert_eq!(swapped(&queue), Err(TeamsRefusal::Rank(UserId(1), Damage)));
}

#[test]
fn teams_of_players_who_have_left_are_not_used() {
    let queue = ten();
    let seat = |user, role| Seat {
        user: UserId(user),
        team: Team::Blue,
        role,
    };
    let used = |seats: &[Seat]| after(&queue, &Teams::default(), Change::Use(seats.to_vec()));
    assert!(used(&[seat(1, Tank)]).is_ok());
    assert_eq!(used(&[seat(11, Tank)]), Err(TeamsRefusal::Changed));
    assert_eq!(
        used(&[seat(1, Tank), seat(1, Damage)]),
        Err(TeamsRefusal::Changed)
    );
    assert_eq!(
        used(&[seat(1, Tank), seat(2, Tank)]),
        Err(TeamsRefusal::Changed)
    );
}

#[test]
fn nothing_is_arranged_where_there_are_no_two_teams() {
    let queue = ten();
    let clear =
        |session: &Session| arrange(&door(session, &queue), &Teams::default(), &Change::Clear);
    assert_eq!(clear(&session("5v5")), Err(TeamsRefusal::OneTeam));
    let mut over = scrim("5v5");
    over.status = Status::Completed;
    let refusal = SessionRefusal::Not(Status::Completed);
    assert_eq!(clear(&over), Err(TeamsRefusal::Session(refusal)));
}

#[test]
fn a_player_counts_on_the_role_they_were_told_and_fits_where_a_rank_is_declared() {
    let mut one = placed(entry(1, &[Tank, Support]), Tank);
    one.accounts = vec![account(1, &[(L::Tank, "gold 3"), (L::Damage, "silver 1")])];
    one.place.as_mut().unwrap().account = Some(one.accounts[0].id);
    let (session, queue) = (scrim("5v5"), queue([one]));
    let asked = |wishes| {
        let (teams, known) = (Teams::default(), Known::default());
        let door = Door {
            session: &session,
            queue: &queue,
            organiser: None,
        };
        let crowd = Crowd::default();
        let mut asked = problem(&door, &teams, &known, Ask { wishes, crowd });
        asked.candidates.remove(0)
    };
    let candidate = asked(Wishes::Accepted);
    assert_eq!(candidate.prefers, Roles::from_iter([Tank]));
    assert_eq!(
        candidate.fits,
        Roles::from_iter([Tank]),
        "no rank for support, no wish for damage"
    );
    assert_eq!(
        candidate.scores[Support as usize],
        candidate.scores[Tank as usize]
    );
    assert_eq!(
        asked(Wishes::Offered).prefers,
        Roles::from_iter([Tank, Support])
    );
}

proptest! {
    #[test]
    fn whatever_is_done_nobody_is_on_two_teams_and_no_team_breaks_the_composition(
        mode in proptest::sample::select(vec!["5v5", "6v6", "6v6-222", "6v6-flex"]),
        steps in proptest::collection::vec((0..6_u8, 1_i64..14, 1_i64..14), 1..40),
    ) {
        let session = scrim(mode);
        let mut queue = queue([]);
        for user in 1..=12 {
            let role = Role::ALL.into_iter().cycle().skip(usize::try_from(user).unwrap()).take(4);
            let role = role.into_iter().find(|role| session.plan.mode.room_for(2, &queue.roles(), *role));
            if let Some(role) = role {
                queue.entries.push(placed(entry(user, &[role]), role));
            }
        }
        let mut teams = Teams::default();
        for (step, one, other) in steps {
            let (one, other) = (UserId(one), UserId(other));
            let change = match step {
                0 => Change::Swap(one, other),
                1 => Change::Move(one, Some(Team::Blue)),
                2 => Change::Move(one, Some(Team::Red)),
                3 => Change::Move(one, None),
                4 => Change::Draft([one, other]),
                _ => Change::Publish(true),
            };
            let done = arrange(&door(&session, &queue), &teams, &change);
            let done = if step == 5 { pick(&session, &queue, &teams, one, other) } else { done };
            let Ok(now) = done else { continue };
            teams.captains = now.captains;
            teams.members = now.seats.iter().map(|seat| (seat.user, seat.team)).collect();
            for seat in &now.seats {
                let entry = queue.entries.iter_mut().find(|entry| entry.person.id == seat.user);
                entry.unwrap().place.as_mut().unwrap().role = seat.role;
            }
            let mut users: Vec<_> = now.seats.iter().map(|seat| seat.user).collect();
            users.sort_unstable();
            users.dedup();
            prop_assert_eq!(users.len(), now.seats.len());
            for team in Team::BOTH {
                prop_assert!(fits(session.plan.mode, &roles_on(&now.seats, team)));
            }
        }
    }
}
