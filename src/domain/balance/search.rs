//! The search for the best line-ups: exact, and quick because most of them need no look.
//!
//! Pure. Invariant: a line-up is left out only where a figure that it cannot better shows it.
//!
//! A line-up is two teams and a way of giving each its roles. What comes first in the order of
//! figures (misplaced, benched, off preference) adds up from the teams, so that line-ups fall into
//! *levels*; the lowest one that has a line-up has the best one. Within a level there are two ways
//! to go, both of them from the least bound up, until what is left cannot be better:
//!
//! - **By matches**: each two teams that can be in the level, one after the other.
//! - **All at once**: the ways of all teams together, sorted, so that those that are near each other
//!   are neighbours; whether the two can meet is asked of these only. For levels with very many
//!   matches, most of which can be nearly even.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::levels::{Level, Levels, Matches};
use super::meet::{Best, Value, pack};
use super::table::{Match, Table, shapes};
use super::ways::Ways;
use super::{Balanced, CANDIDATES_MAX, PROPOSALS_MAX, Problem, Proposal, Unbalanced, figures};

/// Ways that are remembered at once: about 100 MB.
const WAYS_MAX: usize = 3_600_000;

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
    let roles = shapes(&problem.format);
    let (proposals, matches) = Search::new(&table, roles).proposals(problem);
    if proposals.is_empty() {
        return Err(Unbalanced::Pairs);
    }
    Ok(Balanced {
        proposals,
        covered: matches.saturating_mul(roles * roles),
    })
}

struct Search<'t> {
    table: &'t Table<'t>,
    levels: Levels<'t>,
    /// In how many ways a team can be given its roles.
    shapes: u64,
    /// Where in `ways` those of a team at a cost are.
    known: BTreeMap<(usize, u32), usize>,
    ways: Vec<Ways>,
    /// How many there are in `ways`.
    remembered: usize,
}

/// The ways of all teams of a level, and which of them can meet.
struct AtOnce {
    ways: Vec<Ways>,
    pairs: Vec<(usize, usize)>,
}

impl<'t> Search<'t> {
    fn new(table: &'t Table<'t>, shapes: u64) -> Self {
        Self {
            table,
            levels: Levels::new(table),
            shapes,
            known: BTreeMap::new(),
            ways: Vec::new(),
            remembered: 0,
        }
    }

    /// The best line-ups, each of which differs from those before, and how many matches there are.
    fn proposals(&mut self, problem: &Problem) -> (Vec<Proposal>, u64) {
        let mut proposals: Vec<Proposal> = Vec::new();
        let (mut found, count) = self.above(None);
        while let Some(matches) = found {
            let at_once = self.at_once(&matches);
            // What is found next in a level cannot be better than what was found before.
            let mut floor = 0;
            while proposals.len() < PROPOSALS_MAX {
                let mut best = Best::new(self.table, &proposals, floor);
                match &at_once {
                    Some(all) => best.compare(&all.ways, &all.pairs),
                    None => self.by_matches(&matches, &mut best),
                }
                floor = best.value;
                let Some(seats) = best.seats else { break };
                let figures = figures(problem, &seats);
                proposals.push(Proposal { seats, figures });
            }
            if proposals.len() == PROPOSALS_MAX {
                break;
            }
            found = self.above(Some(matches.level)).0;
        }
        (proposals, count)
    }

    fn above(&self, below: Option<Level>) -> (Option<Matches>, u64) {
        self.levels.above(below, |found| self.bound(found))
    }

    /// Looks for the best line-up of a level match by match.
    fn by_matches(&mut self, matches: &Matches, best: &mut Best<'_>) {
        for (bound, found) in &matches.first {
            if *bound >= best.value || best.is_final() {
                return;
            }
            self.look_into(*found, &matches.level, best);
        }
        if matches.more {
            let table = self.table;
            table.for_each_match(|one, other| {
                if self.bound((one, other)) < best.value {
                    self.look_into((one, other), &matches.level, best);
                }
                match best.is_final() {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            });
        }
    }

    fn look_into(&mut self, (one, other): Match, level: &Level, best: &mut Best<'_>) {
        let splits: Vec<_> = self.levels.splits((one, other), level).collect();
        for (of_one, of_other) in splits {
            if self.remembered > WAYS_MAX {
                self.known.clear();
                self.ways.clear();
                self.remembered = 0;
            }
            let pair = (self.remember(one, of_one), self.remember(other, of_other));
            best.compare(&self.ways, &[pair]);
        }
    }

    fn remember(&mut self, team: usize, cost: u32) -> usize {
        if let Some(at) = self.known.get(&(team, cost)) {
            return *at;
        }
        let ways = Ways::new(self.table, &[team], cost);
        self.remembered += ways.len();
        self.ways.push(ways);
        self.known.insert((team, cost), self.ways.len() - 1);
        self.ways.len() - 1
    }

    /// The ways of all teams, if it is better to search them at once: where there are many matches
    /// of which it is not known how even they are.
    fn at_once(&self, matches: &Matches) -> Option<AtOnce> {
        let ways = self.shapes.saturating_mul(self.table.teams.len() as u64);
        if !matches.more || self.table.one_ladder || ways > WAYS_MAX as u64 {
            return None;
        }
        let level = &matches.level;
        let mut teams: BTreeMap<u128, Vec<usize>> = BTreeMap::new();
        for (number, team) in self.table.teams.iter().enumerate() {
            teams.entry(team.plays).or_default().push(number);
        }
        let (mut all, mut known) = (
            AtOnce {
                ways: Vec::new(),
                pairs: Vec::new(),
            },
            BTreeMap::new(),
        );
        let mut place = |plays: u128, cost: u32| {
            *known.entry((plays, cost)).or_insert_with(|| {
                all.ways.push(Ways::new(self.table, &teams[&plays], cost));
                all.ways.len() - 1
            })
        };
        for plays in teams.keys() {
            // Of those who are to play, the ones on the other team.
            let others = (self.table.bench - level.bench).checked_sub(*plays);
            let Some(others) =
                others.filter(|others| others >= plays && teams.contains_key(others))
            else {
                continue;
            };
            for (of_one, of_other) in level.splits() {
                if *plays < others || of_one <= of_other {
                    all.pairs
                        .push((place(*plays, of_one), place(others, of_other)));
                }
            }
        }
        Some(all)
    }

    /// A value that no line-up of these two teams is below.
    fn bound(&self, (one, other): Match) -> Value {
        if !self.table.one_ladder {
            return 0;
        }
        let (one, other) = (&self.table.teams[one], &self.table.teams[other]);
        let strength = one.strength.abs_diff(other.strength);
        pack([0, strength, strength, one.spread.abs_diff(other.spread)])
    }
}
