//! Levels: what comes first in the order of figures, and adds up from the teams.
//!
//! Pure. Invariant: of the matches that can be in a level, those left out have no smaller bound
//! than any that is kept.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::meet::Value;
use super::table::{COSTS, MISPLACED, Match, Table, cost_of, costs_in, counts_of};

/// Matches of a level that are kept.
pub(super) const MATCHES_MAX: usize = 1 << 16;

/// What comes first in the order of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Level {
    misplaced: u32,
    pub(super) bench: u128,
    off_preference: u32,
}

impl Level {
    fn costs(&self) -> Costs {
        (self.misplaced, self.off_preference)
    }

    /// What the roles of two teams can cost in this level.
    pub(super) fn splits(&self) -> impl Iterator<Item = (u32, u32)> {
        let (misplaced, off) = self.costs();
        (0..COSTS).filter_map(move |of_one| {
            let (misplaced_here, off_here) = counts_of(of_one);
            let left = misplaced
                .checked_sub(misplaced_here)
                .zip(off.checked_sub(off_here));
            let (misplaced, off) = left?;
            (misplaced < MISPLACED && off < MISPLACED).then(|| (of_one, cost_of(misplaced, off)))
        })
    }
}

/// Players who are misplaced, and those off their preference, on both teams.
type Costs = (u32, u32);

/// The matches that can be in a level.
pub(super) struct Matches {
    pub(super) level: Level,
    /// Those with the least bounds, in the order of these.
    pub(super) first: Vec<(Value, Match)>,
    /// Whether there are more.
    pub(super) more: bool,
}

impl Matches {
    fn add(&mut self, bound: Value, found: Match) {
        self.first.push((bound, found));
        if self.first.len() == 2 * MATCHES_MAX {
            self.shorten();
        }
    }

    fn shorten(&mut self) {
        if self.first.len() > MATCHES_MAX {
            self.first.select_nth_unstable(MATCHES_MAX);
            self.first.truncate(MATCHES_MAX);
            self.more = true;
        }
    }
}

/// The levels that two teams can be in.
pub(super) struct Levels<'t> {
    table: &'t Table<'t>,
    /// For each set of role costs that a team can have: what each cost comes to with another
    /// team's, smallest first, and the costs of that team that make it so, a bit each.
    sums: Vec<Vec<(Costs, u64)>>,
    /// Which of them is each team's.
    sums_of: Vec<usize>,
}

impl<'t> Levels<'t> {
    pub(super) fn new(table: &'t Table<'t>) -> Self {
        let every = table.teams.iter().fold(0, |all, team| all | team.costs);
        let (mut sums, mut known) = (Vec::new(), BTreeMap::new());
        let mut sums_of = Vec::with_capacity(table.teams.len());
        for team in &table.teams {
            sums_of.push(*known.entry(team.costs).or_insert_with(|| {
                sums.push(sums_with(team.costs, every));
                sums.len() - 1
            }));
        }
        Self {
            table,
            sums,
            sums_of,
        }
    }

    /// The lowest level above `below`, with its matches by their bounds; and how many matches there
    /// are altogether.
    pub(super) fn above(
        &self,
        below: Option<Level>,
        bound: impl Fn(Match) -> Value,
    ) -> (Option<Matches>, u64) {
        let starts = self.starts(below);
        let (mut found, mut count) = (None::<Matches>, 0);
        self.table.for_each_match(|one, other| {
            count += 1;
            let bench = self.bench(one, other);
            let start = match below.map(|below| bench.cmp(&below.bench)) {
                None | Some(Ordering::Greater) => 0,
                Some(Ordering::Equal) => 1,
                Some(Ordering::Less) => 2,
            };
            let sums = self.sums_of[one];
            let costs = self.table.teams[other].costs;
            let mut possible = self.sums[sums][starts[sums][start]..].iter();
            let Some((costs, _)) = possible.find(|(_, partners)| partners & costs != 0) else {
                return ControlFlow::Continue(());
            };
            let level = Level {
                misplaced: costs.0,
                bench,
                off_preference: costs.1,
            };
            match &mut found {
                Some(found) if found.level < level => {}
                Some(found) if found.level == level => found.add(bound((one, other)), (one, other)),
                lower => {
                    let first = vec![(bound((one, other)), (one, other))];
                    let more = false;
                    *lower = Some(Matches { level, first, more });
                }
            }
            ControlFlow::Continue(())
        });
        if let Some(found) = &mut found {
            found.shorten();
            found.first.sort_unstable();
        }
        (found, count)
    }

    /// The role costs of each team with which this match is in the level.
    pub(super) fn splits(
        &self,
        (one, other): Match,
        level: &Level,
    ) -> impl Iterator<Item = (u32, u32)> {
        let costs = level.costs();
        let sums = &self.sums[self.sums_of[one]];
        let found = match self.bench(one, other) == level.bench {
            true => sums.binary_search_by_key(&costs, |(costs, _)| *costs).ok(),
            false => None,
        };
        let partners = found.map_or(0, |at| sums[at].1);
        costs_in(partners & self.table.teams[other].costs).map(move |of_other| {
            let (misplaced, off) = counts_of(of_other);
            (cost_of(costs.0 - misplaced, costs.1 - off), of_other)
        })
    }

    /// For each of `sums` where those begin that are above `below` with more on the bench than
    /// there, as much, and less.
    fn starts(&self, below: Option<Level>) -> Vec<[usize; 3]> {
        let start = |sums: &Vec<(Costs, u64)>| {
            let Some(below) = below else { return [0; 3] };
            let (misplaced, off) = below.costs();
            [(misplaced, 0), (misplaced, off + 1), (misplaced + 1, 0)]
                .map(|from| sums.partition_point(|(costs, _)| *costs < from))
        };
        self.sums.iter().map(start).collect()
    }

    fn bench(&self, one: usize, other: usize) -> u128 {
        let teams = &self.table.teams;
        self.table.bench - teams[one].plays - teams[other].plays
    }
}

/// What each of these costs comes to with each of the others, smallest first.
fn sums_with(costs: u64, others: u64) -> Vec<(Costs, u64)> {
    let mut sums: BTreeMap<Costs, u64> = BTreeMap::new();
    for one in costs_in(costs) {
        for other in costs_in(others) {
            let ((misplaced, off), (misplaced_too, off_too)) = (counts_of(one), counts_of(other));
            *sums
                .entry((misplaced + misplaced_too, off + off_too))
                .or_default() |= 1 << other;
        }
    }
    sums.into_iter().collect()
}
