//! Two teams' ways compared with each other, and the best line-up so far.
//!
//! Pure. Invariant: two ways are not compared only where a figure that they cannot better shows it.

use super::figures::TANKS_MAX;
use super::table::{ROLES, Table};
use super::ways::{Config, Group, Ways};
use super::{MOVED_MIN, Proposal, Seat, Team, moved, score};
use crate::domain::role::Role;

/// The figures within a level, in their order, as one number.
pub(super) type Value = u64;

/// Bits of one of the figures within a level.
const FIGURE_BITS: u32 = 16;

/// The best line-up so far.
pub(super) struct Best<'p> {
    table: &'p Table<'p>,
    pub(super) value: Value,
    pub(super) seats: Option<Vec<Seat>>,
    /// What it must differ from.
    others: &'p [Proposal],
    /// A value that no line-up is below.
    floor: Value,
}

/// What is known of two groups' ways whatever they are.
#[derive(Clone, Copy)]
struct Tanks {
    /// How far they are apart beyond the guard.
    beyond_guard: u16,
    /// How far the first one is ahead, in points.
    ahead: i32,
}

impl<'p> Best<'p> {
    pub(super) fn new(table: &'p Table<'p>, others: &'p [Proposal], floor: Value) -> Self {
        Self {
            table,
            value: Value::MAX,
            seats: None,
            others,
            floor,
        }
    }

    /// Whether nothing better is possible.
    pub(super) fn is_final(&self) -> bool {
        self.value <= self.floor
    }

    /// Compares all that two teams' ways can be, for each of `pairs` of `ways`.
    pub(super) fn compare(&mut self, ways: &[Ways], pairs: &[(usize, usize)]) {
        let mut meetings = Vec::new();
        for (one, other) in pairs {
            for (at, here) in ways[*one].groups.iter().enumerate() {
                // Where both are the same, each two groups once.
                let from = if one == other { at } else { 0 };
                for there in &ways[*other].groups[from..] {
                    let bound = bound(here, there);
                    if here.players & there.players == 0 && bound < self.value {
                        meetings.push((
                            bound,
                            ways[*one].of(here),
                            ways[*other].of(there),
                            Tanks::of(here, there),
                        ));
                    }
                }
            }
        }
        meetings.sort_by_key(|meeting| meeting.0);
        for (bound, ones, others, tanks) in meetings {
            if bound >= self.value || self.is_final() {
                break;
            }
            self.meet(ones, others, tanks);
        }
    }

    /// The same for two groups of ways.
    fn meet(&mut self, ones: &[Config], others: &[Config], tanks: Tanks) {
        self.look_for_nearer(ones, others, tanks);
        let strength = i32::from(unpack(self.value)[1]);
        self.look_as_near(ones, others, tanks, strength);
        if strength > 0 {
            self.look_as_near(ones, others, tanks, -strength);
        }
    }

    /// Looks for two teams that are nearer to each other in strength.
    fn look_for_nearer(&mut self, ones: &[Config], others: &[Config], tanks: Tanks) {
        let mut from = 0;
        for one in ones {
            let at = i32::from(one.strength);
            let Some(mut reach) = self.reach(tanks) else {
                return;
            };
            let before = |other: &Config| at - i32::from(other.strength) > reach;
            while others.get(from).is_some_and(before) {
                from += 1;
            }
            for other in &others[from..] {
                let apart = i32::from(other.strength) - at;
                if apart > reach {
                    break;
                }
                if -apart <= reach && one.may_meet(other) {
                    self.offer(tanks, one, other);
                    match self.reach(tanks) {
                        None => return,
                        Some(nearer) => reach = nearer,
                    }
                }
            }
        }
    }

    /// How far apart in strength two teams may be that are better whatever their roles are; `None`
    /// if none are.
    fn reach(&self, tanks: Tanks) -> Option<i32> {
        let [beyond_guard, strength, ..] = unpack(self.value);
        match tanks.beyond_guard.cmp(&beyond_guard) {
            std::cmp::Ordering::Less => Some(i32::from(u16::MAX)),
            std::cmp::Ordering::Equal => Some(i32::from(strength) - 1).filter(|reach| *reach >= 0),
            std::cmp::Ordering::Greater => None,
        }
    }

    /// Looks for two teams of which the first one is ahead by so much, as far as the best ones are
    /// apart, and whose roles or spreads are nearer to each other.
    fn look_as_near(&mut self, ones: &[Config], others: &[Config], tanks: Tanks, ahead: i32) {
        let mut from = 0;
        for one in ones {
            let Some((least, most)) = self.damage_ahead(tanks, ahead) else {
                return;
            };
            let strength = i32::from(one.strength) - ahead;
            let damage = i32::from(one.by_role[Role::Damage as usize]);
            let place = |other: &Config| {
                (
                    i32::from(other.strength),
                    i32::from(other.by_role[Role::Damage as usize]),
                )
            };
            while others
                .get(from)
                .is_some_and(|other| place(other) < (strength, damage - most))
            {
                from += 1;
            }
            for other in &others[from..] {
                if place(other) > (strength, damage - least) {
                    break;
                }
                if one.may_meet(other) && value_of(tanks, one, other) < self.value {
                    self.offer(tanks, one, other);
                }
            }
        }
    }

    /// How far the first of two teams may be ahead in the damage role, at least and at most, for the
    /// roles to be no further apart than the best ones'; given how far it is ahead altogether.
    fn damage_ahead(&self, tanks: Tanks, ahead: i32) -> Option<(i32, i32)> {
        let [beyond_guard, strength, roles, _] = unpack(self.value);
        let rest = ahead - tanks.ahead;
        // What is left for the other roles beyond what there has to be.
        let slack = i32::from(roles) - tanks.ahead.abs() - rest.abs();
        let same = beyond_guard == tanks.beyond_guard && i32::from(strength) == ahead.abs();
        (same && slack >= 0).then_some((rest.min(0) - slack / 2, rest.max(0) + slack / 2))
    }

    /// Takes a line-up if it is better, and differs enough from the others.
    fn offer(&mut self, tanks: Tanks, one: &Config, other: &Config) {
        let seats = self.seats(one, other);
        let differs = |other: &Proposal| moved(&other.seats, &seats) >= MOVED_MIN;
        if self.others.iter().all(differs) {
            self.value = value_of(tanks, one, other);
            self.seats = Some(seats);
        }
    }

    /// The team with the first player is blue.
    fn seats(&self, one: &Config, other: &Config) -> Vec<Seat> {
        let mut teams = [one, other];
        teams.sort_unstable_by_key(|config| config.players.trailing_zeros());
        let mut seats = Vec::new();
        for (team, config) in Team::BOTH.into_iter().zip(teams) {
            for (at, (_, player)) in self.table.players(config.players).enumerate() {
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
}

impl Tanks {
    fn of(here: &Group, there: &Group) -> Self {
        let gaps = (0..TANKS_MAX).map(|at| here.tanks[at].abs_diff(there.tanks[at]));
        let widest = gaps.fold(0, u16::max);
        Self {
            beyond_guard: widest.saturating_sub(score::tank_guard()),
            ahead: i32::from(here.points) - i32::from(there.points),
        }
    }
}

/// A value that no line-up of these two groups is below.
fn bound(here: &Group, there: &Group) -> Value {
    let tanks = Tanks::of(here, there);
    let ahead = ahead(here.strength, there.strength);
    let roles = tanks.ahead.abs() + (ahead - tanks.ahead).abs();
    let spread = self::ahead(here.spread, there.spread);
    let figure = |points: i32| u16::try_from(points.abs()).expect("as much as a team has");
    pack([
        tanks.beyond_guard,
        figure(ahead),
        figure(roles),
        figure(spread),
    ])
}

/// How far the first of two ranges is ahead of the other where they are nearest.
fn ahead((least, most): (i16, i16), (other_least, other_most): (i16, i16)) -> i32 {
    let (least, most) = (i32::from(least), i32::from(most));
    (least - i32::from(other_most)).max(0) + (most - i32::from(other_least)).min(0)
}

/// The figures within a level, in their order, as one number.
pub(super) fn pack(figures: [u16; 4]) -> Value {
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

fn value_of(tanks: Tanks, one: &Config, other: &Config) -> Value {
    let mut roles = 0;
    for at in 0..ROLES {
        roles += one.by_role[at].abs_diff(other.by_role[at]);
    }
    let strength = one.strength.abs_diff(other.strength);
    let spread = one.spread().abs_diff(other.spread());
    pack([tanks.beyond_guard, strength, roles, spread])
}
