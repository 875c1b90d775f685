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

use std::cmp::Reverse;
use std::collections::btree_map::{BTreeMap, Entry};
use std::collections::{BinaryHeap, HashMap};
use std::ops::ControlFlow;

use super::levels::{Level, Levels, Matches};
use super::meet::{Best, Value, least, pack};
use super::table::{Match, Table};
use super::ways::{Halves, Ways};
use super::{Balanced, CANDIDATES_MAX, PROPOSALS_MAX, Problem, Proposal, Unbalanced, figures};

/// What the search keeps in mind. What it finds does not depend on it.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Matches of a level that are sorted; at least one.
    pub(super) matches: usize,
    /// Ways that are remembered at once: 32 bytes each.
    pub(super) ways: usize,
}

impl Limits {
    /// About 120 MB at most; a few MB as long as nobody sits out.
    const USUAL: Self = Self {
        matches: 4_096,
        ways: 3_600_000,
    };
}

/// The best line-ups over all line-ups.
///
/// # Errors
/// [`Unbalanced`], if there is none.
pub fn balance(problem: &Problem) -> Result<Balanced, Unbalanced> {
    balance_within(problem, Limits::USUAL)
}

/// The same, within these limits.
pub(super) fn balance_within(problem: &Problem, limits: Limits) -> Result<Balanced, Unbalanced> {
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
    let (proposals, matches) = Search::new(&table, limits).proposals(problem);
    let roles = table.shapes.count() as u64;
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
    limits: Limits,
    levels: Levels<'t>,
    halves: Halves,
    /// Where in `ways` those of a team at a cost are.
    known: HashMap<(usize, u32), usize>,
    ways: Vec<Ways>,
    /// How many there are in `ways`.
    remembered: usize,
}

/// The ways of all teams of a level, and which of them can meet.
#[derive(Default)]
struct AtOnce {
    ways: Vec<Ways>,
    pairs: Vec<(usize, usize)>,
}

/// A match that waits for its turn. The order is that of the bounds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    /// A value that no line-up of it is below.
    bound: Value,
    /// Whether the teams' ways were not looked at yet for it.
    unweighed: bool,
    of: Match,
}

impl<'t> Search<'t> {
    fn new(table: &'t Table<'t>, limits: Limits) -> Self {
        Self {
            table,
            limits,
            levels: Levels::new(table, limits.matches),
            halves: Halves::new(),
            known: HashMap::new(),
            ways: Vec::new(),
            remembered: 0,
        }
    }

    /// The best line-ups, each of which differs from those before, and how many matches there are.
    fn proposals(&mut self, problem: &Problem) -> (Vec<Proposal>, u64) {
        let mut proposals: Vec<Proposal> = Vec::new();
        let (mut found, count) = self.above(None);
        while let Some(matches) = found {
            self.propose(problem, &matches, &mut proposals);
            found = match proposals.len() < PROPOSALS_MAX {
                true => self.above(Some(matches.level)).0,
                false => None,
            };
        }
        (proposals, count)
    }

    /// Adds the best line-ups of a level, as many as are wanted.
    fn propose(&mut self, problem: &Problem, matches: &Matches, proposals: &mut Vec<Proposal>) {
        let waiting = |(bound, of): &(Value, Match)| Waiting {
            bound: *bound,
            unweighed: true,
            of: *of,
        };
        let mut first = matches.first.iter().map(waiting).collect();
        let mut at_once = None;
        // What is found next in a level cannot be better than what was found before.
        let mut floor = 0;
        while proposals.len() < PROPOSALS_MAX {
            let mut best = Best::new(self.table, proposals, floor);
            // Where points depend on the roles, nothing tells which matches are to come first.
            if self.table.one_ladder || matches.rest.is_none() {
                self.by_matches(&mut first, &matches.level, &mut best);
            }
            if !best.is_final() && matches.rest.is_some_and(|bound| bound < best.value) {
                match at_once.get_or_insert_with(|| self.at_once(&matches.level)) {
                    Some(all) => best.compare(&all.ways, &all.pairs),
                    None => self.by_every_match(&matches.level, &mut best),
                }
            }
            floor = best.value;
            let Some(seats) = best.seats else { return };
            let figures = figures(problem, &seats);
            proposals.push(Proposal { seats, figures });
        }
    }

    fn above(&self, below: Option<Level>) -> (Option<Matches>, u64) {
        self.levels.above(below, |found| self.bound(found))
    }

    /// Looks into these matches, those with the least bounds first.
    fn by_matches(&mut self, matches: &mut Vec<Waiting>, level: &Level, best: &mut Best<'_>) {
        let mut waiting: BinaryHeap<_> = matches.drain(..).map(Reverse).collect();
        while let Some(Reverse(mut next)) = waiting.pop() {
            if next.bound >= best.value || best.is_final() {
                matches.push(next);
                break;
            }
            let pairs = self.pairs(next.of, level);
            if next.unweighed {
                let bounds = pairs.iter();
                let bounds = bounds.map(|(one, other)| least(&self.ways[*one], &self.ways[*other]));
                next.bound = bounds.min().unwrap_or(Value::MAX);
                next.unweighed = false;
                waiting.push(Reverse(next));
            } else {
                best.compare(&self.ways, &pairs);
                matches.push(next);
            }
        }
        matches.extend(waiting.into_iter().map(|Reverse(next)| next));
    }

    /// Looks into all matches of a level, as they come.
    fn by_every_match(&mut self, level: &Level, best: &mut Best<'_>) {
        let table = self.table;
        table.for_each_match(|one, other| {
            if self.bound((one, other)) < best.value {
                let pairs = self.pairs((one, other), level);
                best.compare(&self.ways, &pairs);
            }
            match best.is_final() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
    }

    /// Where in `ways` those of two teams are that make a line-up of the level.
    fn pairs(&mut self, (one, other): Match, level: &Level) -> Vec<(usize, usize)> {
        if self.remembered > self.limits.ways {
            self.known.clear();
            self.ways.clear();
            self.remembered = 0;
        }
        let splits: Vec<_> = self.levels.splits((one, other), level).collect();
        let pair =
            |(of_one, of_other)| (self.remember(one, of_one), self.remember(other, of_other));
        splits.into_iter().map(pair).collect()
    }

    fn remember(&mut self, team: usize, cost: u32) -> usize {
        *self.known.entry((team, cost)).or_insert_with(|| {
            let wanted = (&[team][..], cost);
            let ways = Ways::new(self.table, &mut self.halves, wanted, usize::MAX);
            let ways = ways.unwrap_or_default();
            self.remembered += ways.len();
            self.ways.push(ways);
            self.ways.len() - 1
        })
    }

    /// The ways of all teams of a level, unless there are too many.
    fn at_once(&mut self, level: &Level) -> Option<AtOnce> {
        let mut teams: BTreeMap<u128, Vec<usize>> = BTreeMap::new();
        for (number, team) in self.table.teams.iter().enumerate() {
            teams.entry(team.plays).or_default().push(number);
        }
        let (mut all, mut known) = (AtOnce::default(), BTreeMap::new());
        let mut room = self.limits.ways;
        for (plays, players) in &teams {
            // Of those who are to play, the ones on the other team.
            let rest = (self.table.bench - level.bench).checked_sub(*plays);
            let others = rest.and_then(|rest| teams.get_key_value(&rest));
            let Some((rest, others)) = others.filter(|(rest, _)| *rest >= plays) else {
                continue;
            };
            for (of_one, of_other) in level.splits() {
                if plays == rest && of_one > of_other {
                    continue;
                }
                let mut pair = [0_usize; 2];
                let sides = [(plays, players, of_one), (rest, others, of_other)];
                for (side, (plays, teams, cost)) in pair.iter_mut().zip(sides) {
                    *side = match known.entry((*plays, cost)) {
                        Entry::Occupied(known) => *known.get(),
                        Entry::Vacant(new) => {
                            let wanted = (teams.as_slice(), cost);
                            let ways = Ways::new(self.table, &mut self.halves, wanted, room)?;
                            room -= ways.len();
                            all.ways.push(ways);
                            *new.insert(all.ways.len() - 1)
                        }
                    };
                }
                all.pairs.push((pair[0], pair[1]));
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
