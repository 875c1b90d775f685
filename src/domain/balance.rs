//! Two fair teams: the best line-ups over all line-ups, and the figures by which they are judged.
//!
//! Pure. Invariant: no line-up that the rules allow has better figures than the first proposal; the
//! same candidates always give the same proposals, in whatever order they come.
//!
//! Line-ups are compared by these, the first difference deciding:
//!
//! 1. **Misplaced**: players on a role that they are not willing to play or have no rank for. Nobody
//!    is to have an evening that they did not sign up for, whatever it does for the figures.
//! 2. **Benched**: who sits out, if there are more players than places. Those with the fewest games
//!    lately are the last to sit out: of them as few as possible do, then of those with the next
//!    fewest, and so on. Before the wishes below, or a rare wish would always be a seat.
//! 3. **Off preference**: players on a role that they would play but did not ask for.
//! 4. **Tank guard**: how far beyond the guard ([`tank_guard`]) the tanks are apart, strongest
//!    against strongest; a tank against none is as far as can be. A match is lost by its tanks
//!    first, and within the guard it is as good as even.
//! 5. **Strength**: the difference of the teams' points altogether.
//! 6. **Roles**: the differences in points role by role, added up: equal teams of unequal lines are
//!    two one-sided duels.
//! 7. **Spread**: how differently wide the teams are, from strongest to weakest player.
//!
//! What is still equal then is equal to players too: the first one found stands, in an order that
//! depends on the candidates' ids only. Pairs to keep together or apart are no figures but rules.

mod figures;
mod levels;
mod meet;
mod score;
mod search;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod ways;

use super::ids::UserId;
use super::mode::{Mode, Slots};
use super::role::{Role, Roles};

pub use figures::{Edge, Figures, Key, divisions, figures};
pub use score::{division, score, tank_guard};
pub use search::balance;

/// Line-ups that are proposed.
pub const PROPOSALS_MAX: usize = 3;
/// Candidates among whom teams can be searched for.
pub const CANDIDATES_MAX: usize = 20;
/// Players who move, at least, from one proposal to another, whichever team is called which.
pub const MOVED_MIN: usize = 2;
/// The most that a rank may be worth, in points: a team's sum fits 16 bits.
pub const SCORE_MAX: u16 = 4_000;

/// What one of the two teams is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Players on it.
    pub size: usize,
    /// How many of each role it needs and takes, in the order of [`Role::ALL`].
    pub slots: [Slots; 4],
}

impl Format {
    /// What a team in this mode is made of.
    pub fn of(mode: Mode) -> Self {
        Self {
            size: usize::from(mode.team_size()),
            slots: Role::ALL.map(|role| mode.slots(role)),
        }
    }

    /// Players on both teams.
    pub fn places(&self) -> usize {
        2 * self.size
    }
}

/// Somebody who could play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Who.
    pub user: UserId,
    /// What they are worth in each role, in points, in the order of [`Role::ALL`]; also where they
    /// declared no rank: something has to be assumed there. At most [`SCORE_MAX`].
    pub scores: [u16; 4],
    /// The roles that they are willing to play and declared a rank for.
    pub fits: Roles,
    /// The roles that they asked for.
    pub prefers: Roles,
    /// Games that they played lately.
    pub games: u32,
}

/// What is wanted for two players.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bond {
    /// They are never on opposite teams.
    Together,
    /// They are never on the same team.
    Apart,
}

/// Two players for whom something is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    /// One of them.
    pub one: UserId,
    /// The other.
    pub other: UserId,
    /// What is wanted.
    pub bond: Bond,
}

/// All that a search for teams needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What a team is made of.
    pub format: Format,
    /// Who could play; nobody twice.
    pub candidates: Vec<Candidate>,
    /// What is wanted for two of them; of others it means nothing.
    pub pairs: Vec<Pair>,
}

/// One of the two teams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Team {
    /// The first one.
    Blue,
    /// The second one.
    Red,
}

impl Team {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::Blue, Self::Red];

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Blue => Self::Red,
            Self::Red => Self::Blue,
        }
    }

    /// Its place in [`Team::BOTH`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// A player's place in a line-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat {
    /// Who.
    pub user: UserId,
    /// On which team.
    pub team: Team,
    /// What they play.
    pub role: Role,
}

/// A line-up that is proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Who plays what where, in the order of their ids. Whoever is not here sits out.
    pub seats: Vec<Seat>,
    /// Its figures.
    pub figures: Figures,
}

/// The outcome of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balanced {
    /// The best line-up, then the best of those from which [`MOVED_MIN`] players or more move, and
    /// so on; [`PROPOSALS_MAX`] at most, and one at least.
    pub proposals: Vec<Proposal>,
    /// All line-ups that the mode and the pairs allow, mirror images counted once: none of them is
    /// better.
    pub covered: u64,
}

/// Why there are no teams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbalanced {
    /// There are fewer players than places.
    TooFew {
        /// Players.
        players: usize,
        /// Places on both teams.
        places: usize,
    },
    /// There are more than [`CANDIDATES_MAX`].
    TooMany {
        /// Players.
        players: usize,
    },
    /// The pairs allow no line-up.
    Pairs,
}

/// Players who have another place in `one` than in `other`, whichever team is called which.
pub fn moved(one: &[Seat], other: &[Seat]) -> usize {
    let differ = |mirrored: bool| {
        let place = |seats: &[Seat], user: UserId, mirrored: bool| {
            let seat = seats.iter().find(|seat| seat.user == user)?;
            let team = if mirrored {
                seat.team.other()
            } else {
                seat.team
            };
            Some((team, seat.role))
        };
        let here = one
            .iter()
            .filter(|seat| place(other, seat.user, mirrored) != Some((seat.team, seat.role)));
        let only_there = other
            .iter()
            .filter(|seat| place(one, seat.user, false).is_none());
        here.count() + only_there.count()
    };
    differ(false).min(differ(true))
}
