//! Playing with fewer than planned: what else those who are there could play.
//!
//! Pure. Invariant: each way is complete, and everybody in it plays what they offer; who sits out
//! are those who got their places last.

use super::ids::UserId;
use super::missing::{Composition, LineUp, Player, seats};
use super::mode::Mode;
use super::queue::{Entry, Queue};
use super::role::{Role, Roles};
use super::session::Session;

/// Ways that are offered at most.
pub const WAYS_MAX: usize = 4;

/// A way to play with those who are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// What.
    pub mode: Mode,
    /// With how many teams.
    pub teams: u8,
    /// Who plays what.
    pub seats: Vec<(UserId, Role)>,
    /// Who sits out.
    pub out: Vec<UserId>,
}

/// The ways to play with those who have places, the best first: the fewest sit out, then as near to
/// the plan as can be. None if nobody is missing.
pub fn ways(session: &Session, queue: &Queue) -> Vec<Way> {
    if queue.missing(session).is_none() {
        return Vec::new();
    }
    let plan = &session.plan;
    let modes = Mode::all()
        .filter(|mode| mode.family() != "Stadium" || mode.family() == plan.mode.family());
    let games = modes.flat_map(|mode| [2, 1].map(|teams| (mode, teams)));
    let mut ways: Vec<Way> = games
        .filter(|(mode, teams)| (*mode, *teams) != (plan.mode, plan.teams))
        .filter(|(mode, teams)| mode.places(*teams) <= plan.places())
        .filter_map(|(mode, teams)| way(mode, teams, queue))
        .collect();
    let other = |way: &Way| {
        (
            way.mode != plan.mode,
            way.mode.family() != plan.mode.family(),
        )
    };
    ways.sort_by_key(|way| (way.out.len(), other(way), way.teams != plan.teams));
    ways.truncate(WAYS_MAX);
    ways
}

/// The way to play `mode` with `teams` teams, if those who are there are enough for it.
pub fn way(mode: Mode, teams: u8, queue: &Queue) -> Option<Way> {
    let composition = Composition::of(mode, teams);
    let mut line_up = LineUp::new(&composition);
    let (mut players, mut out) = (Vec::new(), Vec::new());
    for (entry, place) in queue.accepted() {
        let player = Player {
            user: Some(entry.person.id),
            roles: would_play(entry, mode),
            now: Some(place.role),
        };
        if line_up.add(player.roles) {
            players.push(player);
        } else {
            out.push(entry.person.id);
        }
    }
    if players.len() != mode.places(teams) as usize {
        return None;
    }
    let seated = players.iter().zip(seats(&composition, &players));
    let seats = seated.filter_map(|(player, role)| Some((player.user?, role?)));
    Some(Way {
        mode,
        teams,
        seats: seats.collect(),
        out,
    })
}

/// What somebody who has a place would play in `mode`. Ranks don't count: who is there was let in.
fn would_play(entry: &Entry, mode: Mode) -> Roles {
    let place = entry.place.as_ref().map(|place| place.role);
    let offered: Roles = entry.roles.iter().chain(place).collect();
    let played = mode.played(offered);
    if mode.roles().contains(Role::Flex) {
        // Where roles are not fixed, whoever is there can play.
        played.with(Role::Flex)
    } else {
        played
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::queue::fixtures::{entry, placed, queue, session};
    use Role::{Damage, Flex, Support, Tank};

    /// People who are in, as these.
    fn present(roles: &[Role]) -> Queue {
        let people = (2..).zip(roles);
        let people = people.map(|(user, role)| placed(entry(user, &[*role]), *role));
        queue(people.collect::<Vec<_>>())
    }

    fn names(ways: &[Way]) -> Vec<(&'static str, u8, usize)> {
        let name = |way: &Way| (way.mode.id(), way.teams, way.out.len());
        ways.iter().map(name).collect()
    }

    #[test]
    fn eight_of_ten_are_one_team_or_play_something_smaller() {
        let mut scrim = session("5v5");
        scrim.plan.teams = 2;
        let there = [
            Tank, Damage, Damage, Damage, Damage, Support, Support, Support,
        ];
        let found = ways(&scrim, &present(&there));
        assert_eq!(
            names(&found),
            [("6v6", 1, 2), ("6v6-flex", 1, 2), ("5v5", 1, 3)]
        );
        let team = &found[2];
        assert_eq!(team.seats.len(), 5);
        assert_eq!(team.out.len(), 3);
        assert_eq!(team.out.last(), Some(&UserId(9)), "who came last sits out");
    }

    #[test]
    fn five_of_six_play_in_fives_if_they_offer_the_roles() {
        let open = session("6v6");
        let found = ways(&open, &present(&[Flex, Flex, Flex, Flex, Flex]));
        assert_eq!(names(&found), [("5v5", 1, 0)]);
        let no_tank = present(&[Damage, Damage, Damage, Support, Support]);
        assert_eq!(ways(&open, &no_tank), []);
    }

    #[test]
    fn nothing_is_offered_when_nobody_is_missing_or_nobody_is_there() {
        let full = present(&[Tank, Damage, Damage, Support, Support]);
        assert_eq!(ways(&session("5v5"), &full), []);
        assert_eq!(ways(&session("5v5"), &queue([])), []);
    }
}
