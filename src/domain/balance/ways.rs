//! The ways to give players their roles, sorted for the search.
//!
//! Pure. Invariant: of a team at a cost every way is here, once.

use std::ops::Range;

use super::Candidate;
use super::figures::TANKS_MAX;
use super::table::{ROLES, Table, TeamOf, role_costs};
use crate::domain::role::Role;

/// Bits that a role takes.
const ROLE_BITS: usize = 2;

/// One way to give a team's players their roles.
#[derive(Clone, Copy)]
pub(super) struct Config {
    /// The team's players, a bit each.
    pub(super) players: u32,
    /// Who may not be on the other team.
    blocked: u32,
    /// Those of the players who are tanks.
    tanks: u32,
    /// Points altogether, and in each role.
    pub(super) strength: i16,
    pub(super) by_role: [i16; ROLES],
    weakest: i16,
    strongest: i16,
    /// What each player plays, a few bits each.
    roles: u16,
}

impl Config {
    fn nobody(team: &TeamOf) -> Self {
        Self {
            players: team.players,
            blocked: team.blocked,
            tanks: 0,
            strength: 0,
            by_role: [0; ROLES],
            weakest: i16::MAX,
            strongest: 0,
            roles: 0,
        }
    }

    /// The same with one more player in this role: `player` is their bit, and they are the one at
    /// `at` of the team.
    fn with(mut self, (player, at): (u32, usize), role: usize, score: i16) -> Self {
        self.strength += score;
        self.by_role[role] += score;
        self.weakest = self.weakest.min(score);
        self.strongest = self.strongest.max(score);
        if role == Role::Tank as usize {
            self.tanks |= player;
        }
        self.roles |= (role as u16) << (ROLE_BITS * at);
        self
    }

    /// Whether the two teams could meet.
    pub(super) fn may_meet(&self, other: &Self) -> bool {
        self.players & other.blocked == 0
    }

    /// Points from the strongest to the weakest.
    pub(super) fn spread(&self) -> i16 {
        self.strongest - self.weakest
    }

    /// What those with the same tanks are sorted by: points, then those in the damage role.
    pub(super) fn place(&self) -> (i16, i16) {
        (self.strength, self.by_role[Role::Damage as usize])
    }

    /// What the player at `at` of the team plays.
    pub(super) fn role(&self, at: usize) -> Role {
        Role::ALL[usize::from(self.roles >> (ROLE_BITS * at)) % ROLES]
    }
}

/// Ways with the same players as tanks.
pub(super) struct Group {
    /// Who they are, a bit each.
    pub(super) players: u32,
    /// Their points, the strongest first.
    pub(super) tanks: [i16; TANKS_MAX],
    /// The same, added up.
    pub(super) points: i16,
    /// The least and the most points of a team.
    pub(super) strength: (i16, i16),
    /// The least and the most that one is spread.
    pub(super) spread: (i16, i16),
    /// Where the ways are, sorted by [`Config::place`].
    configs: Range<usize>,
}

/// Ways to give players their roles, those with the same tanks together.
#[derive(Default)]
pub(super) struct Ways {
    configs: Vec<Config>,
    pub(super) groups: Vec<Group>,
}

impl Ways {
    /// Those of every one of the teams, at this cost for each.
    pub(super) fn new(table: &Table<'_>, teams: &[usize], cost: u32) -> Self {
        let mut configs = Vec::new();
        for team in teams {
            let team = &table.teams[*team];
            if team.costs & 1 << cost != 0 {
                fill_all(table, team, cost, &mut configs);
            }
        }
        configs.sort_unstable_by_key(|config| (config.tanks, config.place()));
        let mut groups = Vec::new();
        let mut from = 0;
        for same in configs.chunk_by(|one, other| one.tanks == other.tanks) {
            let to = from + same.len();
            groups.push(group(table, same, from..to));
            from = to;
        }
        Self { configs, groups }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.configs.len()
    }

    /// Those of a group.
    pub(super) fn of(&self, group: &Group) -> &[Config] {
        &self.configs[group.configs.clone()]
    }
}

fn group(table: &Table<'_>, same: &[Config], configs: Range<usize>) -> Group {
    let players = same[0].tanks;
    let numbered = table.candidates.iter().enumerate();
    let mut tanks: Vec<_> = numbered
        .filter(|(at, _)| players & 1 << at != 0)
        .map(|(_, player)| points(player, Role::Tank as usize))
        .collect();
    tanks.sort_unstable_by(|one, other| other.cmp(one));
    tanks.resize(TANKS_MAX, 0);
    let range = |values: &mut dyn Iterator<Item = i16>| {
        values.fold((i16::MAX, 0), |(least, most), value| {
            (least.min(value), most.max(value))
        })
    };
    Group {
        players,
        tanks: std::array::from_fn(|at| tanks[at]),
        points: same[0].by_role[Role::Tank as usize],
        strength: range(&mut same.iter().map(|config| config.strength)),
        spread: range(&mut same.iter().map(Config::spread)),
        configs,
    }
}

/// Adds the ways to give the players of a team their roles at this cost.
fn fill_all(table: &Table<'_>, team: &TeamOf, cost: u32, configs: &mut Vec<Config>) {
    let players: Vec<_> = table.players(team.players).collect();
    let costs: Vec<_> = players
        .iter()
        .map(|(_, player)| role_costs(player))
        .collect();
    // What the players from each place on cost at least.
    let mut least = vec![0; players.len() + 1];
    for (at, costs) in costs.iter().enumerate().rev() {
        least[at] = least[at + 1] + costs.iter().min().copied().unwrap_or_default();
    }
    let mut filling = Filling {
        table,
        players,
        costs,
        least,
        configs,
    };
    filling.fill(0, cost, [0; ROLES], Config::nobody(team));
}

/// A team whose players are given their roles, one after the other.
struct Filling<'t, 'c> {
    table: &'t Table<'t>,
    /// With the bit of each.
    players: Vec<(u32, &'t Candidate)>,
    costs: Vec<[u32; ROLES]>,
    least: Vec<u32>,
    configs: &'c mut Vec<Config>,
}

impl Filling<'_, '_> {
    /// Gives the players from `at` on every role that there is for what is left of the cost.
    fn fill(&mut self, at: usize, left: u32, counts: [u8; ROLES], config: Config) {
        let slots = &self.table.slots;
        let Some((bit, player)) = self.players.get(at).copied() else {
            let mut enough = counts.iter().zip(slots);
            if left == 0 && enough.all(|(count, slot)| *count >= slot.min) {
                self.configs.push(config);
            }
            return;
        };
        for role in 0..ROLES {
            let cost = self.costs[at][role];
            let room = counts[role] < self.table.slots[role].max;
            if room && cost + self.least[at + 1] <= left {
                let mut counts = counts;
                counts[role] += 1;
                let config = config.with((bit, at), role, points(player, role));
                self.fill(at + 1, left - cost, counts, config);
            }
        }
    }
}

/// What a candidate is worth in a role.
pub(super) fn points(player: &Candidate, role: usize) -> i16 {
    i16::try_from(player.scores[role]).unwrap_or(i16::MAX)
}
