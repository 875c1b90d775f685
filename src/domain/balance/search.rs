//! The search for the best line-ups: exact, and quick because most of them need no look.
//!
//! Pure. Invariant: a line-up is left out only where a figure that it cannot better shows it.
//!
//! A line-up is two teams and a way of giving each its roles. What comes first in the order of
//! figures (misplaced, benched, off preference) adds up from the teams, so that line-ups fall into
//! *levels*; the lowest one that has a line-up has the best one. Within a level, a match of two
//! teams is looked into only if its bound is below the best line-up so far, and then only at those
//! roles that are near enough to each other.

use std::cmp::Ordering;
use std::ops::ControlFlow;

use super::figures::TANKS_MAX;
use super::table::{Config, Group, Table, Ways, costs_in, counts_of, shapes};
use super::{
    Balanced, CANDIDATES_MAX, MOVED_MIN, PROPOSALS_MAX, Problem, Proposal, Seat, Team, Unbalanced,
    figures, moved, score,
};
use crate::domain::role::Role;

/// Configurations of teams that are remembered at once.
const CONFIGS_MAX: usize = 3_000_000;
/// Bits of one of the figures within a level.
const FIGURE_BITS: u32 = 16;

/// The best line-ups over all line-ups.
///
/// # Errors
/// [`Unbalanced`], if there is none.
pub fn balance(problem: &Problem) -> Result<Balanced, Unbalanced> {
    let (players, places) = (problem.candidates.len(), problem.format.places());
    if players < places {
        return Err(Unbalanced::TooFew { players, places });
    }
    if players > CANDIDATES_MAX {
        return Err(Unbalanced::TooMany { players });
    }
    let mut candidates = problem.candidates.clone();
    candidates.sort_by_key(|candidate| candidate.user);
    let table = Table::new(problem, &candidates);
    let proposals = Search::new(&table).proposals(problem);
    if proposals.is_empty() {
        return Err(Unbalanced::Pairs);
    }
    let mut matches = 0_u64;
    table.for_each_match(|_, _| {
        matches += 1;
        ControlFlow::Continue(())
    });
    let roles = shapes(&problem.format);
    Ok(Balanced {
        proposals,
        covered: matches.saturating_mul(roles * roles),
    })
}

/// What comes first in the order of figures, as one number.
type Level = u128;
/// The other figures, as one number.
type Value = u64;

/// Two teams, by their numbers.
type Match = (usize, usize);

struct Search<'t> {
    table: &'t Table<'t>,
    /// Where in `ways` those of a team at a cost are.
    known: Vec<Vec<(u32, usize)>>,
    ways: Vec<Ways>,
    /// How many configurations are in `ways`.
    remembered: usize,
    /// The value of the last line-up that was found in the present level; 0 if there is none yet.
    floor: Value,
}

/// What is known of two teams once their tanks are.
struct Tanks {
    /// How far they are apart beyond the guard.
    beyond_guard: u16,
    /// How far their points are apart altogether.
    apart: u16,
    /// How far the teams' points are apart, if these do not depend on the roles.
    strength: u16,
}

/// The best line-up so far.
struct Best<'o> {
    value: Value,
    seats: Option<Vec<Seat>>,
    /// What it must differ from.
    others: &'o [Proposal],
}

impl<'t> Search<'t> {
    fn new(table: &'t Table<'t>) -> Self {
        Self {
            table,
            known: vec![Vec::new(); table.teams.len()],
            ways: Vec::new(),
            remembered: 0,
            floor: 0,
        }
    }

    /// The best line-ups, each of which differs from those before.
    fn proposals(&mut self, problem: &Problem) -> Vec<Proposal> {
        let mut proposals: Vec<Proposal> = Vec::new();
        let mut level = self.level_above(None);
        while let (Some((number, first)), true) = (level, proposals.len() < PROPOSALS_MAX) {
            let best = self.best_in(number, first, &proposals);
            if let Some(seats) = best.seats {
                // What is found next in this level cannot be better.
                self.floor = best.value;
                let figures = figures(problem, &seats);
                proposals.push(Proposal { seats, figures });
            } else {
                self.floor = 0;
                level = self.level_above(Some(number));
            }
        }
        proposals
    }

    /// The lowest level above `below`, and a match in it with the lowest bound.
    fn level_above(&self, below: Option<Level>) -> Option<(Level, Match)> {
        let mut found: Option<(Level, Value, Match)> = None;
        self.table.for_each_match(|one, other| {
            let level = match below {
                None => Some(self.lowest_level(one, other)),
                Some(below) => {
                    let levels = self.splits(one, other).map(|(level, _, _)| level);
                    levels.filter(|level| *level > below).min()
                }
            };
            if let Some(level) = level
                && found.is_none_or(|(lowest, _, _)| level <= lowest)
            {
                let bound = self.bound(one, other);
                if found.is_none_or(|(lowest, least, _)| (level, bound) < (lowest, least)) {
                    found = Some((level, bound, (one, other)));
                }
            }
            ControlFlow::Continue(())
        });
        found.map(|(level, _, first)| (level, first))
    }

    /// The best line-up of a level that differs from `others`. `first` is where to look first: the
    /// better the first one, the less there is to look into.
    fn best_in<'o>(&mut self, level: Level, first: Match, others: &'o [Proposal]) -> Best<'o> {
        let mut best = Best {
            value: Value::MAX,
            seats: None,
            others,
        };
        if self.look_into(first, level, &mut best).is_continue() {
            let table = self.table;
            table.for_each_match(|one, other| self.look_into((one, other), level, &mut best));
        }
        best
    }

    /// Breaks when nothing better is possible.
    fn look_into(
        &mut self,
        (one, other): Match,
        level: Level,
        best: &mut Best<'_>,
    ) -> ControlFlow<()> {
        let lowest = self.lowest_level(one, other);
        if lowest > level || self.bound(one, other) >= best.value {
            return ControlFlow::Continue(());
        }
        if lowest == level {
            // No other split of the costs is in the lowest level.
            let [of_one, of_other] = [one, other].map(|team| self.lowest_cost(team));
            self.compare((one, of_one), (other, of_other), best);
        } else {
            let splits: Vec<_> = self.splits(one, other).collect();
            for (_, of_one, of_other) in splits.into_iter().filter(|split| split.0 == level) {
                self.compare((one, of_one), (other, of_other), best);
            }
        }
        if best.value <= self.floor {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Compares the ways of giving two teams their roles at these costs with the best so far.
    fn compare(&mut self, one: (usize, u32), other: (usize, u32), best: &mut Best<'_>) {
        if self.remembered > CONFIGS_MAX {
            self.known.iter_mut().for_each(Vec::clear);
            self.ways.clear();
            self.remembered = 0;
        }
        let (ones, others) = (self.remember(one), self.remember(other));
        let (ones, others) = (&self.ways[ones], &self.ways[others]);
        let strength = self.strength(one.0, other.0);
        for here in &ones.groups {
            for there in &others.groups {
                let tanks = Tanks {
                    beyond_guard: beyond_guard(here, there),
                    apart: here.points.abs_diff(there.points),
                    strength,
                };
                if self.reach(best.value, &tanks).is_some() {
                    let here = &ones.configs[here.configs.clone()];
                    let there = &others.configs[there.configs.clone()];
                    self.compare_roles((one.0, here), (other.0, there), &tanks, best);
                }
            }
        }
    }

    /// The same for those of each team with the same tanks.
    fn compare_roles(
        &self,
        (one, ones): (usize, &[Config]),
        (other, others): (usize, &[Config]),
        tanks: &Tanks,
        best: &mut Best<'_>,
    ) {
        let mut from = 0;
        for here in ones {
            let at = i32::from(here.sorted_by);
            let Some(mut reach) = self.reach(best.value, tanks) else {
                return;
            };
            let before = |there: &Config| at - i32::from(there.sorted_by) > reach;
            while others.get(from).is_some_and(before) {
                from += 1;
            }
            for there in &others[from..] {
                if i32::from(there.sorted_by) - at > reach {
                    break;
                }
                let value = value_of(tanks.beyond_guard, here, there);
                if value < best.value {
                    best.offer(value, self.seats((one, here), (other, there)));
                    match self.reach(best.value, tanks) {
                        None => return,
                        Some(nearer) => reach = nearer,
                    }
                }
            }
        }
    }

    /// How far apart in what they are sorted by two configurations may be that could be better than
    /// `best`; `None` if none could.
    fn reach(&self, best: Value, tanks: &Tanks) -> Option<i32> {
        let [beyond_guard, strength, roles, _] = unpack(best);
        let within_roles = i32::from(roles) - i32::from(tanks.apart);
        match tanks.beyond_guard.cmp(&beyond_guard) {
            Ordering::Less => Some(i32::MAX),
            Ordering::Greater => None,
            Ordering::Equal if self.table.one_ladder => match tanks.strength.cmp(&strength) {
                Ordering::Less => Some(i32::MAX),
                Ordering::Greater => None,
                Ordering::Equal => (within_roles >= 0).then_some(within_roles),
            },
            Ordering::Equal if strength == 0 && within_roles < 0 => None,
            Ordering::Equal => Some(strength.into()),
        }
    }

    fn remember(&mut self, (team, cost): (usize, u32)) -> usize {
        let known = self.known[team].iter().find(|(of, _)| *of == cost);
        if let Some((_, at)) = known {
            return *at;
        }
        let ways = self.table.ways(team, cost);
        self.remembered += ways.configs.len();
        self.ways.push(ways);
        let at = self.ways.len() - 1;
        self.known[team].push((cost, at));
        at
    }

    fn seats(&self, one: (usize, &Config), other: (usize, &Config)) -> Vec<Seat> {
        let mut seats = Vec::with_capacity(2 * self.table.size);
        for (team, (number, config)) in Team::BOTH.into_iter().zip([one, other]) {
            for (at, player) in self.table.players(number).enumerate() {
                seats.push(Seat {
                    user: player.user,
                    team,
                    role: config.role(at),
                });
            }
        }
        seats.sort_unstable();
        seats
    }

    fn lowest_cost(&self, team: usize) -> u32 {
        self.table.teams[team].costs.trailing_zeros()
    }

    fn lowest_level(&self, one: usize, other: usize) -> Level {
        self.level(
            (one, self.lowest_cost(one)),
            (other, self.lowest_cost(other)),
        )
    }

    /// Every level that two teams can be in, with what each team's roles cost in it.
    fn splits(&self, one: usize, other: usize) -> impl Iterator<Item = (Level, u32, u32)> {
        let others = self.table.teams[other].costs;
        costs_in(self.table.teams[one].costs).flat_map(move |of_one| {
            costs_in(others).map(move |of_other| {
                let level = self.level((one, of_one), (other, of_other));
                (level, of_one, of_other)
            })
        })
    }

    fn level(&self, (one, of_one): (usize, u32), (other, of_other): (usize, u32)) -> Level {
        const OFF_BITS: u32 = 8;
        const BENCH_BITS: u32 = 104;
        let (one, other) = (&self.table.teams[one], &self.table.teams[other]);
        let bench = self.table.bench - one.plays - other.plays;
        let (misplaced, off) = counts_of(of_one);
        let (misplaced_too, off_too) = counts_of(of_other);
        Level::from(misplaced + misplaced_too) << (OFF_BITS + BENCH_BITS)
            | bench << OFF_BITS
            | Level::from(off + off_too)
    }

    /// A value that no line-up of these two teams is below.
    fn bound(&self, one: usize, other: usize) -> Value {
        if !self.table.one_ladder {
            return 0;
        }
        let strength = self.strength(one, other);
        let (one, other) = (&self.table.teams[one], &self.table.teams[other]);
        pack([0, strength, strength, one.spread.abs_diff(other.spread)])
    }

    /// The difference of two teams' points, if these do not depend on the roles.
    fn strength(&self, one: usize, other: usize) -> u16 {
        let (one, other) = (&self.table.teams[one], &self.table.teams[other]);
        one.strength.abs_diff(other.strength)
    }
}

impl Best<'_> {
    /// Takes a line-up that is better, if it differs enough from the others.
    fn offer(&mut self, value: Value, seats: Vec<Seat>) {
        let differs = |other: &Proposal| moved(&other.seats, &seats) >= MOVED_MIN;
        if self.others.iter().all(differs) {
            self.value = value;
            self.seats = Some(seats);
        }
    }
}

/// The figures within a level, in their order, as one number.
fn pack(figures: [u16; 4]) -> Value {
    figures.into_iter().fold(0, |value, figure| {
        value << FIGURE_BITS | Value::from(figure)
    })
}

fn unpack(value: Value) -> [u16; 4] {
    const MASK: Value = (1 << FIGURE_BITS) - 1;
    [3, 2, 1, 0].map(|at| {
        u16::try_from(value >> (FIGURE_BITS * at) & MASK).expect("as many bits as the mask has")
    })
}

fn value_of(beyond_guard: u16, one: &Config, other: &Config) -> Value {
    let mut roles = 0;
    for at in 0..Role::ALL.len() {
        roles += one.by_role[at].abs_diff(other.by_role[at]);
    }
    let strength = one.strength.abs_diff(other.strength);
    let spread = one.spread().abs_diff(other.spread());
    pack([beyond_guard, strength, roles, spread])
}

fn beyond_guard(one: &Group, other: &Group) -> u16 {
    let gaps = (0..TANKS_MAX).map(|at| one.tanks[at].abs_diff(other.tanks[at]));
    let widest = gaps.fold(0, u16::max);
    widest.saturating_sub(score::tank_guard())
}
