//! The ways to give players their roles, sorted for the search.
//!
//! Pure. Invariant: of a team at a cost every way is here, once.

use std::collections::HashMap;
use std::ops::Range;

use super::figures::TANKS_MAX;
use super::table::{ROLES, Table, TeamOf, numbers, role_cost};
use super::{Candidate, Format};
use crate::domain::role::Role;

/// Bits that a role takes.
const ROLE_BITS: usize = 2;
/// Bits that a team's points in a role take.
const POINTS_BITS: usize = 16;

/// One way to give a team's players their roles.
#[derive(Clone, Copy)]
pub(super) struct Config {
    /// The team's players, a bit each.
    pub(super) players: u32,
    /// Who may not be on the other team.
    blocked: u32,
    /// Those of the players who are tanks.
    tanks: u32,
    /// Points altogether, and in each role, so many bits each.
    pub(super) strength: i16,
    by_role: u64,
    weakest: i16,
    strongest: i16,
    /// What each player plays, a few bits each.
    roles: u16,
}

impl Config {
    const NOBODY: Self = Self {
        players: 0,
        blocked: 0,
        tanks: 0,
        strength: 0,
        by_role: 0,
        weakest: i16::MAX,
        strongest: 0,
        roles: 0,
    };

    /// The same with one more player in this role: `player` is their bit, and they are the one at
    /// `at` of their half.
    fn with(mut self, (player, at): (u32, usize), role: usize, score: i16) -> Self {
        self.strength += score;
        self.by_role += u64::from(score.unsigned_abs()) << (POINTS_BITS * role);
        self.weakest = self.weakest.min(score);
        self.strongest = self.strongest.max(score);
        if role == Role::Tank as usize {
            self.tanks |= player;
        }
        self.roles |= (role as u16) << (ROLE_BITS * at);
        self
    }

    /// The players of both halves of `team`, of whom `half` are in the first one.
    fn and(&self, other: &Self, half: usize, team: &TeamOf) -> Self {
        Self {
            players: team.players,
            blocked: team.blocked,
            tanks: self.tanks | other.tanks,
            strength: self.strength + other.strength,
            by_role: self.by_role + other.by_role,
            weakest: self.weakest.min(other.weakest),
            strongest: self.strongest.max(other.strongest),
            roles: self.roles | other.roles << (ROLE_BITS * half),
        }
    }

    /// Whether the two teams could meet.
    pub(super) fn may_meet(&self, other: &Self) -> bool {
        self.players & other.blocked == 0
    }

    /// Points in a role.
    pub(super) fn in_role(&self, role: usize) -> u16 {
        const MASK: u64 = (1 << POINTS_BITS) - 1;
        (self.by_role >> (POINTS_BITS * role) & MASK) as u16
    }

    /// Points from the strongest to the weakest.
    pub(super) fn spread(&self) -> i16 {
        self.strongest - self.weakest
    }

    /// What those with the same tanks are sorted by: points, then those in the damage role.
    pub(super) fn place(&self) -> i32 {
        place(
            self.strength.into(),
            self.in_role(Role::Damage as usize).into(),
        )
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
    pub(super) points: u16,
    /// How far apart tanks may be before it counts.
    pub(super) guard: u16,
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
    /// Those of every one of the teams, at this cost for each; `None` if there are more than `room`.
    pub(super) fn new(
        table: &Table<'_>,
        halves: &mut Halves,
        (teams, cost): (&[usize], u32),
        room: usize,
    ) -> Option<Self> {
        let mut configs = Vec::with_capacity(table.shapes.count());
        for team in teams {
            let team = &table.teams[*team];
            if team.costs & 1 << cost != 0 {
                table
                    .shapes
                    .add_all(table, halves, (team, cost), &mut configs);
            }
            if configs.len() > room {
                return None;
            }
        }
        configs.shrink_to_fit();
        if teams.len() > 1 {
            configs.sort_unstable_by_key(|config| config.tanks);
        }
        for same in configs.chunk_by_mut(|one, other| one.tanks == other.tanks) {
            same.sort_unstable_by_key(Config::place);
        }
        let mut groups = Vec::new();
        let mut from = 0;
        for same in configs.chunk_by(|one, other| one.tanks == other.tanks) {
            let to = from + same.len();
            groups.push(group(table, same, from..to));
            from = to;
        }
        Some(Self { configs, groups })
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

/// Where ways with such points altogether and in the damage role come among others.
pub(super) fn place(strength: i32, damage: i32) -> i32 {
    const DAMAGE_BITS: u32 = 16;
    strength << DAMAGE_BITS | damage.clamp(0, i16::MAX.into())
}

fn group(table: &Table<'_>, same: &[Config], configs: Range<usize>) -> Group {
    let players = same[0].tanks;
    let mut tanks = [0; TANKS_MAX];
    for player in table.players(players) {
        let mut score = points(player, Role::Tank as usize);
        for tank in &mut tanks {
            if score > *tank {
                std::mem::swap(tank, &mut score);
            }
        }
    }
    let mut spread = (i16::MAX, 0);
    for config in same {
        let (least, most) = spread;
        spread = (config.spread().min(least), config.spread().max(most));
    }
    Group {
        players,
        tanks,
        points: same[0].in_role(Role::Tank as usize),
        guard: table.guard,
        strength: (same[0].strength, same[same.len() - 1].strength),
        spread,
        configs,
    }
}

/// The ways to give the players of half a team their roles, in the order of [`sequences`], and what
/// each costs; by these players, a bit each. Most halves are those of many teams.
pub(super) type Halves = HashMap<u32, Vec<(Config, u32)>>;

/// In which ways the places of a team can be given their roles. In halves: those of a team's
/// players are put together from them much faster than player by player.
pub(super) struct Shapes {
    /// Places in the first half.
    half: usize,
    /// The roles that there are.
    roles: Vec<usize>,
    /// The ways of the first half, each with those of the second with which it makes a team, by
    /// their numbers; those with the same tanks one after the other.
    together: Vec<(usize, Vec<usize>)>,
}

impl Shapes {
    pub(super) fn new(format: &Format) -> Self {
        let half = format.size / 2;
        let possible = (0..ROLES).filter(|role| format.slots[*role].max > 0);
        let roles: Vec<_> = possible.collect();
        let second = sequences(&roles, format.size - half);
        let mut together = Vec::new();
        for (number, one) in sequences(&roles, half).iter().enumerate() {
            for (number_of_other, other) in second.iter().enumerate() {
                let all = [one.as_slice(), other].concat();
                let count = |role: usize| all.iter().filter(|of| **of == role).count();
                let mut slots = format.slots.iter().enumerate();
                let fits = slots.all(|(role, slot)| {
                    (usize::from(slot.min)..=usize::from(slot.max)).contains(&count(role))
                });
                if fits {
                    let tanks = all.iter().map(|role| *role == Role::Tank as usize);
                    together.push((tanks.collect::<Vec<_>>(), (number, number_of_other)));
                }
            }
        }
        together.sort();
        let same = together
            .chunk_by(|(tanks, (one, _)), (others, (other, _))| (tanks, one) == (others, other));
        let together = same.map(|same| {
            let seconds = same.iter().map(|(_, (_, second))| *second);
            (same[0].1.0, seconds.collect())
        });
        Self {
            half,
            roles,
            together: together.collect(),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.together.iter().map(|(_, seconds)| seconds.len()).sum()
    }

    /// Adds the ways to give the players of a team their roles at this cost; those with the same
    /// tanks one after the other.
    fn add_all(
        &self,
        table: &Table<'_>,
        halves: &mut Halves,
        (team, cost): (&TeamOf, u32),
        configs: &mut Vec<Config>,
    ) {
        let first = numbers(team.players).take(self.half);
        let first = first.fold(0, |set, number| set | 1 << number);
        let second = team.players & !first;
        for half in [first, second] {
            let ways = halves.entry(half);
            ways.or_insert_with(|| self.half_ways(table, half));
        }
        let (first, second) = (&halves[&first], &halves[&second]);
        for (one, others) in &self.together {
            let (one, cost_of_one) = &first[*one];
            if let Some(left) = cost.checked_sub(*cost_of_one) {
                let others = others.iter().map(|other| &second[*other]);
                let others = others.filter(|(_, cost_of_other)| *cost_of_other == left);
                configs.extend(others.map(|(other, _)| one.and(other, self.half, team)));
            }
        }
    }

    /// The ways of half a team.
    fn half_ways(&self, table: &Table<'_>, players: u32) -> Vec<(Config, u32)> {
        let mut all = vec![(Config::NOBODY, 0)];
        for (at, number) in numbers(players).enumerate() {
            let player = &table.candidates[number];
            let mut longer = Vec::with_capacity(all.len() * self.roles.len());
            for (config, cost) in all {
                for role in &self.roles {
                    let config = config.with((1 << number, at), *role, points(player, *role));
                    longer.push((config, cost + role_cost(player, *role)));
                }
            }
            all = longer;
        }
        all
    }
}

/// Every way to give so many places one of the roles each.
fn sequences(roles: &[usize], places: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..places {
        let longer = |shorter: &Vec<usize>| -> Vec<Vec<usize>> {
            let with = |role: &usize| [shorter.as_slice(), &[*role]].concat();
            roles.iter().map(with).collect()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// What a candidate is worth in a role.
pub(super) fn points(player: &Candidate, role: usize) -> i16 {
    i16::try_from(player.scores[role]).unwrap_or(i16::MAX)
}
