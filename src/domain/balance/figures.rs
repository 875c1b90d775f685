//! The figures of a line-up, also of one with gaps, and the order that they give.
//!
//! Pure. Invariant: [`Figures::key`] is the objective; whatever the search does, this is what its
//! proposals are the least of.

use super::{Candidate, Problem, Seat, Team, score};
use crate::domain::ids::UserId;
use crate::domain::role::Role;

/// Tanks of a team that are compared with the other team's, the strongest first.
pub(crate) const TANKS_MAX: usize = 3;
/// Bits in which those who sit out and have equally many games are counted.
pub(super) const BENCH_BITS: usize = 5;

/// What there is to know about a line-up. Points are those of `data/scores.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Players on a role that they are not willing to play or have no rank for.
    pub misplaced: Vec<UserId>,
    /// Players without a place.
    pub benched: Vec<UserId>,
    /// Players on a role that they did not ask for.
    pub off_preference: Vec<UserId>,
    /// How far the tanks are apart, in points.
    pub tank_gap: u32,
    /// Points of each team.
    pub strength: [u32; 2],
    /// Points of each team in each role, in the order of [`Role::ALL`].
    pub by_role: [[u32; 4]; 2],
    /// Points between the strongest and the weakest of each team.
    pub spread: [u32; 2],
    /// Who sits out, as a number: each further one with few games weighs more.
    bench: u128,
}

/// What line-ups are compared by: the smaller, the better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Players who are misplaced.
    pub misplaced: usize,
    /// Who sits out.
    pub bench: u128,
    /// Players off their preference.
    pub off_preference: usize,
    /// Points that the tanks are apart beyond the guard.
    pub beyond_guard: u32,
    /// Difference of the teams' points.
    pub strength: u32,
    /// Differences of points role by role, added up.
    pub roles: u32,
    /// Difference of the spreads.
    pub spread: u32,
}

/// Where one team is ahead of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Which team.
    pub team: Team,
    /// By how much, in divisions, rounded; never 0.
    pub divisions: u32,
}

impl Figures {
    /// What line-ups are compared by.
    pub fn key(&self) -> Key {
        let [blue, red] = self.strength;
        let roles = 0..Role::ALL.len();
        let differences = roles.map(|role| self.by_role[0][role].abs_diff(self.by_role[1][role]));
        Key {
            misplaced: self.misplaced.len(),
            bench: self.bench,
            off_preference: self.off_preference.len(),
            beyond_guard: self.tank_gap.saturating_sub(score::tank_guard().into()),
            strength: blue.abs_diff(red),
            roles: differences.sum(),
            spread: self.spread[0].abs_diff(self.spread[1]),
        }
    }

    /// Which team is ahead altogether, if one is by half a division or more.
    pub fn edge(&self) -> Option<Edge> {
        edge(self.strength[0], self.strength[1])
    }

    /// Which team is ahead on `role`, if one is by half a division or more.
    pub fn edge_on(&self, role: Role) -> Option<Edge> {
        edge(
            self.by_role[0][role as usize],
            self.by_role[1][role as usize],
        )
    }
}

/// Points in divisions, rounded.
pub fn divisions(points: u32) -> u32 {
    let division = u32::from(score::division());
    (points + division / 2) / division
}

/// The figures of `seats`, of which not all need to be taken. Players who are no candidates count
/// for nothing.
pub fn figures(problem: &Problem, seats: &[Seat]) -> Figures {
    let seated: Vec<(&Candidate, &Seat)> = problem
        .candidates
        .iter()
        .filter_map(|candidate| {
            let seat = seats.iter().find(|seat| seat.user == candidate.user)?;
            Some((candidate, seat))
        })
        .collect();
    let those = |wanted: &dyn Fn(&Candidate, &Seat) -> bool| {
        let found = seated
            .iter()
            .filter(|(candidate, seat)| wanted(candidate, seat));
        found.map(|(_, seat)| seat.user).collect()
    };
    let benched: Vec<_> = problem
        .candidates
        .iter()
        .filter(|candidate| seats.iter().all(|seat| seat.user != candidate.user))
        .collect();
    let weights = bench_weights(&problem.candidates);
    let weight = |candidate: &&Candidate| {
        let mut weighed = problem.candidates.iter().zip(&weights);
        weighed
            .find(|(one, _)| one.user == candidate.user)
            .map_or(0, |(_, weight)| *weight)
    };
    let by_team = Team::BOTH.map(|team| points(&seated, team));
    Figures {
        misplaced: those(&|candidate, seat| !candidate.fits.contains(seat.role)),
        bench: benched.iter().map(weight).sum(),
        benched: benched.iter().map(|candidate| candidate.user).collect(),
        off_preference: those(&|candidate, seat| !candidate.prefers.contains(seat.role)),
        tank_gap: tank_gap(&by_team[0].tanks, &by_team[1].tanks),
        strength: [0, 1].map(|team: usize| by_team[team].by_role.iter().sum()),
        by_role: [by_team[0].by_role, by_team[1].by_role],
        spread: [by_team[0].spread, by_team[1].spread],
    }
}

/// What it weighs that each of the candidates sits out: one who has fewer games than another weighs
/// more than all who have as many as the other.
pub(super) fn bench_weights(candidates: &[Candidate]) -> Vec<u128> {
    let mut counts: Vec<_> = candidates.iter().map(|candidate| candidate.games).collect();
    counts.sort_unstable_by(|one, other| other.cmp(one));
    counts.dedup();
    let weight = |candidate: &Candidate| {
        let more = counts.iter().take_while(|games| **games > candidate.games);
        1_u128 << (BENCH_BITS * more.count()).min(u128::BITS as usize - 1)
    };
    candidates.iter().map(weight).collect()
}

struct Points {
    by_role: [u32; 4],
    tanks: [u32; TANKS_MAX],
    spread: u32,
}

fn points(seated: &[(&Candidate, &Seat)], team: Team) -> Points {
    let (mut by_role, mut all, mut tanks) = ([0; 4], Vec::new(), Vec::new());
    for (candidate, seat) in seated.iter().filter(|(_, seat)| seat.team == team) {
        let score = u32::from(candidate.scores[seat.role as usize]);
        by_role[seat.role as usize] += score;
        all.push(score);
        if seat.role == Role::Tank {
            tanks.push(score);
        }
    }
    tanks.sort_unstable_by(|one, other| other.cmp(one));
    tanks.resize(TANKS_MAX, 0);
    let (most, least) = (all.iter().max(), all.iter().min());
    Points {
        by_role,
        tanks: std::array::from_fn(|at| tanks[at]),
        spread: most.zip(least).map_or(0, |(most, least)| most - least),
    }
}

/// The widest of the gaps, strongest against strongest; a tank against none is all of its points.
fn tank_gap(blue: &[u32; TANKS_MAX], red: &[u32; TANKS_MAX]) -> u32 {
    let gaps = blue.iter().zip(red).map(|(blue, red)| blue.abs_diff(*red));
    gaps.max().unwrap_or_default()
}

fn edge(blue: u32, red: u32) -> Option<Edge> {
    let team = if blue > red { Team::Blue } else { Team::Red };
    let divisions = divisions(blue.abs_diff(red));
    (divisions > 0).then_some(Edge { team, divisions })
}
