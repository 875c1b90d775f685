//! What a line-up still needs, and who could give it: exactly, over all ways to seat everybody.
//!
//! Pure. Invariant: whoever [`LineUp::add`] took has a seat, on a role of theirs, in a line-up that
//! can still become complete.
//!
//! Seating people on roles is a matching, and with four roles at most it need not be searched for.
//! Of a set of roles a line-up takes no more people than [`Composition`] says; by Hall's theorem
//! everybody has a seat if, and only if, for each of the sixteen sets of roles those who play
//! nothing outside of it are no more than that.

use super::ids::UserId;
use super::mode::{Missing, Mode};
use super::role::{Role, Roles};

/// Sets of roles.
const SETS: usize = 1 << Role::ALL.len();

/// Somebody who plays, or would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Player {
    /// Who; `None` if they have deleted their profile since they were accepted.
    pub user: Option<UserId>,
    /// What they are willing and allowed to play.
    pub roles: Roles,
    /// What they have a place as.
    pub now: Option<Role>,
}

/// How many people of which roles make the teams complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composition {
    roles: Roles,
    low: [u32; 4],
    high: [u32; 4],
    places: u32,
}

impl Composition {
    /// Of `teams` teams of a mode.
    pub fn of(mode: Mode, teams: u8) -> Self {
        let teams32 = u32::from(teams);
        let slots = Role::ALL.map(|role| mode.slots(role));
        Self {
            roles: mode.roles(),
            low: slots.map(|slots| u32::from(slots.min) * teams32),
            high: slots.map(|slots| u32::from(slots.max) * teams32),
            places: mode.places(teams),
        }
    }

    /// Places altogether.
    pub fn places(&self) -> u32 {
        self.places
    }

    /// How many can play who play nothing but `roles`: what is needed of them, and the places that
    /// no role needs, up to the caps.
    fn takes_of(&self, roles: Roles) -> u32 {
        let sum = |of: &[u32; 4]| roles.iter().map(|role| of[role as usize]).sum::<u32>();
        let spare = self.places.saturating_sub(self.low.iter().sum());
        sum(&self.high).min(sum(&self.low) + spare).min(self.places)
    }

    /// What is missing beside people who play `taken`, and `others` whose role does not count.
    fn missing(&self, taken: &[Role], others: u32) -> Missing {
        let needed = self.roles.iter().filter_map(|role| {
            let played = count(taken.iter().filter(|taken| **taken == role));
            let missing = self.low[role as usize].saturating_sub(played);
            (missing > 0).then_some((role, missing))
        });
        let free = self.places.saturating_sub(count(taken) + others);
        Missing::beside(needed.collect(), free)
    }
}

/// People who all have a seat, whoever of them sits where.
#[derive(Clone, Debug)]
pub struct LineUp {
    /// How many may be within each set of roles.
    most: [u32; SETS],
    /// How many play nothing outside of it.
    within: [u32; SETS],
    /// The roles that there are.
    roles: Roles,
}

impl LineUp {
    /// Of nobody.
    pub fn new(composition: &Composition) -> Self {
        Self {
            most: std::array::from_fn(|set| composition.takes_of(Roles::from_bits(set))),
            within: [0; SETS],
            roles: composition.roles,
        }
    }

    /// Whether somebody who plays one of `roles` has a seat beside the others, who may be moved
    /// among their own roles for it.
    pub fn takes(&self, roles: Roles) -> bool {
        let mask = (roles & self.roles).bits();
        mask != 0 && supersets(mask).all(|set| self.within[set] < self.most[set])
    }

    /// Takes somebody in who plays one of `roles`, if there is a seat; whether there was.
    pub fn add(&mut self, roles: Roles) -> bool {
        let takes = self.takes(roles);
        if takes {
            supersets((roles & self.roles).bits()).for_each(|set| self.within[set] += 1);
        }
        takes
    }

    fn remove(&mut self, roles: Roles) {
        supersets((roles & self.roles).bits()).for_each(|set| self.within[set] -= 1);
    }
}

/// The seats of `players`: roles in their order, `None` for whom there is none. Who comes first
/// is seated first, and keeps the role they have if that is possible.
pub fn seats(composition: &Composition, players: &[Player]) -> Vec<Option<Role>> {
    let mut line_up = LineUp::new(composition);
    let seated: Vec<bool> = players
        .iter()
        .map(|player| line_up.add(player.roles))
        .collect();
    let seat = |(player, seated): (&Player, bool)| {
        if !seated {
            return None;
        }
        line_up.remove(player.roles);
        let mut wishes = player.now.into_iter().chain(player.roles.iter());
        wishes.find(|role| player.roles.contains(*role) && line_up.add(Roles::from_iter([*role])))
    };
    players.iter().zip(seated).map(seat).collect()
}

/// What is missing, and what would help.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gap {
    /// What those who are in still need, once those of `moves` are moved.
    pub needs: Missing,
    /// Who of those who are in would be moved to which of their roles, so that the most of those
    /// who wait get in.
    pub moves: Vec<(UserId, Role)>,
    /// Everybody waiting who could be accepted now, with the role they would get.
    pub fitting: Vec<(UserId, Role)>,
    /// As many of those who wait as fit together, the first ones first.
    pub fill: Vec<(UserId, Role)>,
    /// What is missing even with all of these.
    pub still: Missing,
}

/// What `held`, who have places, still need, and how far `waiting` could give it; both in the order
/// in which they come first. An organiser may have let in more of a role than fit: whoever of them
/// has no seat takes a place all the same.
pub fn gap(composition: &Composition, held: &[Player], waiting: &[Player]) -> Gap {
    let mut line_up = LineUp::new(composition);
    let core = held.iter().filter(|player| line_up.add(player.roles));
    let core: Vec<Player> = core.copied().collect();
    let surplus = count(held) - count(&core);
    let room = composition.places.saturating_sub(count(held)) as usize;
    let fitting = waiting
        .iter()
        .filter(|player| room > 0 && line_up.takes(player.roles))
        .filter_map(|player| {
            let with: Vec<_> = core.iter().copied().chain([*player]).collect();
            let role = seats(composition, &with).pop()??;
            Some((player.user?, role))
        })
        .collect();
    let fill = waiting.iter().filter(|player| line_up.add(player.roles));
    let all: Vec<Player> = core.iter().chain(fill.take(room)).copied().collect();
    let seats: Vec<Role> = seats(composition, &all).into_iter().flatten().collect();
    let seated = || all.iter().zip(&seats);
    let named = |(player, role): (&Player, &Role)| Some((player.user?, *role));
    Gap {
        needs: composition.missing(&seats[..core.len()], surplus),
        moves: seated()
            .take(core.len())
            .filter(|(player, role)| player.now != Some(**role))
            .filter_map(named)
            .collect(),
        fitting,
        fill: seated().skip(core.len()).filter_map(named).collect(),
        still: composition.missing(&seats, surplus),
    }
}

fn count<T>(of: impl IntoIterator<Item = T>) -> u32 {
    of.into_iter().fold(0, |count, _| count + 1)
}

/// Every set that has all of `mask` in it.
fn supersets(mask: usize) -> impl Iterator<Item = usize> {
    (0..SETS).filter(move |set| set & mask == mask)
}

#[cfg(test)]
mod tests;
