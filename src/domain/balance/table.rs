//! Every team that could be made of the candidates, and every two of them that could meet.
//!
//! Pure. Invariant: what the rules allow is here, each pair of teams once: the first one of a pair
//! has the player who comes first.

use std::ops::ControlFlow;

use super::figures::bench_weights;
use super::ways::points;
use super::{Bond, Candidate, Format, Problem};
use crate::domain::mode::Slots;
use crate::domain::role::Role;

pub(super) const ROLES: usize = Role::ALL.len();
/// The role costs of a team, as bits: `8 × misplaced + off preference` is the number of the bit.
pub(super) const MISPLACED: u32 = 8;
/// Role costs that there could be.
pub(super) const COSTS: u32 = u64::BITS;
/// A set of players that is no team.
const NO_TEAM: u32 = u32::MAX;
/// Bits of a set of players that are looked up at once.
const CHUNK_BITS: usize = 5;

/// Two teams that could meet, by their numbers.
pub(super) type Match = (usize, usize);

/// Players who could be a team.
pub(super) struct TeamOf {
    /// Who: a bit each.
    pub(super) players: u32,
    /// What it spares that these do not sit out.
    pub(super) plays: u128,
    /// The role costs that are possible with these players, a bit each.
    pub(super) costs: u64,
    /// Points, and points from strongest to weakest, if they do not depend on the roles.
    pub(super) strength: i16,
    pub(super) spread: i16,
    /// Those who may not be on the other team: the players, and who is to stay together with them.
    pub(super) blocked: u32,
}

/// All teams of the candidates.
pub(super) struct Table<'p> {
    pub(super) candidates: &'p [Candidate],
    size: usize,
    /// How many of each role a team needs and takes.
    pub(super) slots: [Slots; ROLES],
    pub(super) teams: Vec<TeamOf>,
    /// Whether everybody is worth the same in every role.
    pub(super) one_ladder: bool,
    /// What it would cost if everybody sat out.
    pub(super) bench: u128,
    /// The number of the team of each set of players.
    numbers: Vec<u32>,
    /// Sets of as many of the lower bits as a team has players, in the order of numbers.
    sets: Vec<u32>,
}

impl<'p> Table<'p> {
    /// The teams of `candidates`, who are those of `problem` in order.
    pub(super) fn new(problem: &Problem, candidates: &'p [Candidate]) -> Self {
        let size = problem.format.size;
        let weights = bench_weights(candidates);
        let one_ladder = candidates.iter().all(|candidate| {
            let possible = (0..ROLES).filter(|role| problem.format.slots[*role].max > 0);
            let mut scores = possible.map(|role| candidate.scores[role]);
            let first = scores.next();
            scores.all(|score| Some(score) == first)
        });
        let mut table = Self {
            candidates,
            size,
            slots: problem.format.slots,
            teams: Vec::new(),
            one_ladder,
            bench: weights.iter().sum(),
            numbers: vec![NO_TEAM; 1 << candidates.len()],
            sets: sets(candidates.len() - size, size),
        };
        let mut maker = Maker {
            counts: Counts::new(&problem.format),
            mates: bonds(problem, candidates, Bond::Together),
            rivals: bonds(problem, candidates, Bond::Apart),
            weights,
        };
        maker.extend(&mut table, &mut Vec::new(), vec![1]);
        table
    }

    /// Calls `visit` with the numbers of every two teams that could meet, until it breaks.
    pub(super) fn for_each_match(&self, mut visit: impl FnMut(usize, usize) -> ControlFlow<()>) {
        for (number, team) in self.teams.iter().enumerate() {
            let first = team.players.trailing_zeros();
            let others: Vec<u32> = (first..)
                .take_while(|player| (*player as usize) < self.candidates.len())
                .filter(|player| team.players & (1 << player) == 0)
                .map(|player| 1 << player)
                .collect();
            let spread_out = Chunks::new(&others);
            for set in self
                .sets
                .iter()
                .take_while(|set| **set >> others.len() == 0)
            {
                let other = self.numbers[spread_out.players(*set) as usize];
                let Some(rival) = self.teams.get(other as usize) else {
                    continue;
                };
                if team.blocked & rival.players == 0 && visit(number, other as usize).is_break() {
                    return;
                }
            }
        }
    }

    /// The players in a set of them, in order, with the bit of each.
    pub(super) fn players(&self, set: u32) -> impl Iterator<Item = (u32, &'p Candidate)> {
        let numbered = self.candidates.iter().enumerate();
        let all = numbered.map(|(at, candidate)| (1 << at, candidate));
        all.filter(move |(bit, _)| set & bit != 0)
    }
}

/// What it costs to give this player each role.
pub(super) fn role_costs(player: &Candidate) -> [u32; ROLES] {
    Role::ALL.map(|role| {
        let misplaced = u32::from(!player.fits.contains(role)) * MISPLACED;
        misplaced + u32::from(!player.prefers.contains(role))
    })
}

/// The role cost of so many who are misplaced, and so many off their preference.
pub(super) fn cost_of(misplaced: u32, off: u32) -> u32 {
    misplaced * MISPLACED + off
}

/// The role costs in a set of them, smallest first.
pub(super) fn costs_in(mut costs: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let cost = (costs != 0).then(|| costs.trailing_zeros());
        costs &= costs.wrapping_sub(1);
        cost
    })
}

/// Those who are misplaced, and those off their preference, in a role cost.
pub(super) fn counts_of(cost: u32) -> (u32, u32) {
    (cost / MISPLACED, cost % MISPLACED)
}

/// For each candidate those whom this bond ties them to, a bit each.
fn bonds(problem: &Problem, candidates: &[Candidate], bond: Bond) -> Vec<u32> {
    let mut tied = vec![0; candidates.len()];
    for pair in problem.pairs.iter().filter(|pair| pair.bond == bond) {
        let place = |user| candidates.iter().position(|one| one.user == user);
        if let (Some(one), Some(other)) = (place(pair.one), place(pair.other)) {
            tied[one] |= 1 << other;
            tied[other] |= 1 << one;
        }
    }
    tied
}

/// The sets of `size` of the lower `of` bits, in the order of numbers.
fn sets(of: usize, size: usize) -> Vec<u32> {
    (0..1_u32 << of)
        .filter(|set| set.count_ones() as usize == size)
        .collect()
}

/// A set of the lower bits as a set of players, by a few look-ups.
struct Chunks([[u32; 1 << CHUNK_BITS]; 3]);

impl Chunks {
    fn new(players: &[u32]) -> Self {
        let mut chunks = [[0; 1 << CHUNK_BITS]; 3];
        for (chunk, players) in chunks.iter_mut().zip(players.chunks(CHUNK_BITS)) {
            for set in 1..1_usize << players.len() {
                let lowest = players[set.trailing_zeros() as usize];
                chunk[set] = chunk[set & (set - 1)] | lowest;
            }
        }
        Self(chunks)
    }

    fn players(&self, set: u32) -> u32 {
        const MASK: usize = (1 << CHUNK_BITS) - 1;
        let set = set as usize;
        self.0[0][set & MASK]
            | self.0[1][(set >> CHUNK_BITS) & MASK]
            | self.0[2][(set >> (2 * CHUNK_BITS)) & MASK]
    }
}

/// In how many ways the places of a team can be given their roles.
pub(super) fn shapes(format: &Format) -> u64 {
    let counts = Counts::new(format);
    let mut ways = vec![1_u64];
    for next in &counts.next {
        let mut after = vec![0; usize::from(u8::MAX)];
        for (ways, leads) in ways.iter().zip(next) {
            for lead in leads.iter().flatten() {
                after[usize::from(*lead)] += ways;
            }
        }
        ways = after;
    }
    let enough = ways.iter().zip(&counts.enough);
    enough
        .filter(|(_, enough)| **enough)
        .map(|(ways, _)| ways)
        .sum()
}

/// How many of each role some players can have: states, and what leads from one to the next.
struct Counts {
    /// For so many players, for each state, the state that one more of each role leads to.
    next: Vec<Vec<[Option<u8>; ROLES]>>,
    /// Which of the last states have enough of each role.
    enough: Vec<bool>,
}

impl Counts {
    fn new(format: &Format) -> Self {
        let (mut next, mut states) = (Vec::new(), vec![[0_u8; ROLES]]);
        for _ in 0..format.size {
            let mut following: Vec<[u8; ROLES]> = Vec::new();
            let mut lead = |state: &[u8; ROLES], role: usize| {
                let mut state = *state;
                state[role] += 1;
                if state[role] > format.slots[role].max {
                    return None;
                }
                let known = following.iter().position(|one| *one == state);
                let at = known.unwrap_or(following.len());
                if known.is_none() {
                    following.push(state);
                }
                u8::try_from(at).ok()
            };
            let leads = |state| std::array::from_fn(|role| lead(state, role));
            next.push(states.iter().map(leads).collect());
            states = following;
        }
        let slots = &format.slots;
        let enough = |state: &[u8; ROLES]| (0..ROLES).all(|role| state[role] >= slots[role].min);
        let enough = states.iter().map(enough).collect();
        Self { next, enough }
    }
}

/// Makes teams, player by player.
struct Maker {
    counts: Counts,
    mates: Vec<u32>,
    rivals: Vec<u32>,
    weights: Vec<u128>,
}

impl Maker {
    /// Adds every team that begins with `players`; `costs` has the role costs that lead to each of
    /// the states that so many players can be in.
    fn extend(&mut self, table: &mut Table<'_>, players: &mut Vec<usize>, costs: Vec<u64>) {
        let set = players.iter().fold(0, |set, player| set | 1 << player);
        if players.len() == table.size {
            self.add(table, players, set, &costs);
            return;
        }
        let first = players.last().map_or(0, |last| last + 1);
        for player in first..table.candidates.len() {
            if self.rivals[player] & set != 0 {
                continue;
            }
            let role_costs = role_costs(&table.candidates[player]);
            let next = &self.counts.next[players.len()];
            let states = self
                .counts
                .next
                .get(players.len() + 1)
                .map_or(self.counts.enough.len(), Vec::len);
            let mut after = vec![0_u64; states];
            for (costs, leads) in costs.iter().zip(next) {
                for (lead, cost) in leads.iter().zip(role_costs) {
                    if let Some(lead) = lead.map(usize::from) {
                        after[lead] |= costs << cost;
                    }
                }
            }
            players.push(player);
            self.extend(table, players, after);
            players.pop();
        }
    }

    fn add(&self, table: &mut Table<'_>, players: &[usize], set: u32, costs: &[u64]) {
        let possible = costs
            .iter()
            .zip(&self.counts.enough)
            .filter(|(_, enough)| **enough);
        let costs = possible.fold(0, |all, (costs, _)| all | costs);
        if costs == 0 {
            return;
        }
        let possible = table.slots.iter().position(|slot| slot.max > 0);
        let role = possible.unwrap_or_default();
        let scores = players
            .iter()
            .map(|player| points(&table.candidates[*player], role));
        let (most, least) = (scores.clone().max(), scores.clone().min());
        table.numbers[set as usize] = u32::try_from(table.teams.len()).unwrap_or(NO_TEAM);
        table.teams.push(TeamOf {
            players: set,
            plays: players.iter().map(|player| self.weights[*player]).sum(),
            costs,
            strength: scores.sum(),
            spread: most.unwrap_or_default() - least.unwrap_or_default(),
            blocked: players
                .iter()
                .fold(set, |all, player| all | self.mates[*player]),
        });
    }
}
