//! What the balance is asked: the players of a session as candidates.
//!
//! Pure. Invariant: a player who plays what they were accepted as is never counted as off their
//! preference, unless roles may move.

use std::collections::HashMap;

use super::Teams;
use super::crowd::{self, Crowd};
use crate::domain::account::Account;
use crate::domain::admission::Door;
use crate::domain::balance::{Candidate, Format, Problem, score};
use crate::domain::ids::UserId;
use crate::domain::ladder::Ladder;
use crate::domain::queue::{Entry, Place};
use crate::domain::rank::Rank;
use crate::domain::role::{Role, Roles};

/// What is assumed of somebody when nobody has declared any rank: the middle of the scale, about.
const MIDDLING: u16 = 250;

/// What counts as the roles that somebody asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wishes {
    /// The role that they were accepted as and told of: what they count on.
    #[default]
    Accepted,
    /// Whatever they offered and like: roles may move if it makes the teams better.
    Offered,
}

/// What a session does not tell of its players.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Sessions that each has played lately.
    pub games: HashMap<UserId, u32>,
    /// The roles that each likes by their profile.
    pub likes: HashMap<UserId, Roles>,
}

/// What proposals are to be made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// What counts as the roles that somebody asked for.
    pub wishes: Wishes,
    /// Who could play.
    pub crowd: Crowd,
}

/// What the balance is asked.
pub fn problem(door: &Door<'_>, teams: &Teams, known: &Known, ask: Ask) -> Problem {
    let asked = Asked { door, ask, known };
    let accepted = door.queue.accepted();
    let mut people: Vec<Player<'_>> = accepted
        .map(|(entry, place)| asked.accepted(entry, place))
        .collect();
    if ask.crowd == Crowd::Everybody {
        let counted = crowd::counted(door, known).entries;
        people.extend(counted.into_iter().map(|entry| asked.waits(entry)));
    }
    let all = people
        .iter()
        .flat_map(|player| player.ranks.iter().flatten());
    let usual = median(all.map(|rank| score(*rank)).collect());
    let candidate = |player: &Player<'_>| {
        let user = player.entry.person.id;
        let best = player.ranks.iter().flatten().map(|rank| score(*rank)).max();
        let points = |rank: Option<Rank>| rank.map(score).or(best).unwrap_or(usual);
        Candidate {
            user,
            scores: player.ranks.map(points),
            fits: player.fits,
            prefers: player.prefers,
            games: known.games.get(&user).copied().unwrap_or_default(),
        }
    };
    Problem {
        format: Format::of(door.session.plan.mode),
        candidates: people.iter().map(candidate).collect(),
        pairs: teams.pairs.clone(),
    }
}

/// Somebody who could play.
struct Player<'a> {
    entry: &'a Entry,
    /// By role.
    ranks: [Option<Rank>; 4],
    fits: Roles,
    prefers: Roles,
}

/// The session that players are asked about, and what is asked.
struct Asked<'a> {
    door: &'a Door<'a>,
    ask: Ask,
    known: &'a Known,
}

impl Asked<'_> {
    fn accepted<'e>(&self, entry: &'e Entry, place: &Place) -> Player<'e> {
        let (ranks, offered) = (self.ranks(entry, place), self.offered(entry, place));
        Player {
            entry,
            ranks,
            fits: self.fits(offered, &ranks),
            prefers: match self.ask.wishes {
                Wishes::Accepted => self.accepted_as(place).unwrap_or(offered),
                Wishes::Offered => self.liked(entry, offered),
            },
        }
    }

    /// Somebody who waits was told of no role yet: they count on all that they offer and like. On
    /// each role they have the rank of the account that they would be accepted on.
    fn waits<'e>(&self, entry: &'e Entry) -> Player<'e> {
        let willing = self.door.willing(entry);
        let ranks = Role::ALL.map(|role| {
            let account = self.door.best_account(entry, role)?;
            account.rank(self.door.session.plan.mode.ladder(role))
        });
        Player {
            entry,
            ranks,
            fits: (willing.iter())
                .filter(|role| ranks[*role as usize].is_some())
                .collect(),
            prefers: self.liked(entry, willing),
        }
    }

    /// The rank for each role: on the account that they were accepted on, or else the best of those
    /// that they offer.
    fn ranks(&self, entry: &Entry, place: &Place) -> [Option<Rank>; 4] {
        Role::ALL.map(|role| {
            let ladder = self.door.session.plan.mode.ladder(role);
            let on = |account: &Account| account.rank(ladder);
            let mut accounts = entry.accounts.iter();
            let accepted = accounts.find(|account| Some(account.id) == place.account);
            let best = || entry.accounts.iter().filter_map(on).max();
            accepted.and_then(on).or_else(best)
        })
    }

    /// The roles of the mode that somebody would play.
    fn offered(&self, entry: &Entry, place: &Place) -> Roles {
        let mode = self.door.session.plan.mode;
        mode.played(entry.roles.with(place.role))
    }

    /// Those of the roles for which there is a rank that the session takes.
    fn fits(&self, offered: Roles, ranks: &[Option<Rank>; 4]) -> Roles {
        let takes = |role: &Role| {
            let ladder: Ladder = self.door.session.plan.mode.ladder(*role);
            let rank = ranks[*role as usize];
            let organiser = self.door.organiser.and_then(|account| account.rank(ladder));
            let limits = &self.door.session.plan.limits;
            rank.is_some() && limits.admit(rank, organiser).is_ok()
        };
        offered.iter().filter(takes).collect()
    }

    fn accepted_as(&self, place: &Place) -> Option<Roles> {
        let of_mode = self.door.session.plan.mode.roles().contains(place.role);
        of_mode.then(|| Roles::from_iter([place.role]))
    }

    /// What they like by their profile of what they offer, if they like any of it.
    fn liked(&self, entry: &Entry, offered: Roles) -> Roles {
        let likes = self.known.likes.get(&entry.person.id).copied();
        common(offered, likes.unwrap_or_default()).unwrap_or(offered)
    }
}

/// The roles in both, if there are any.
fn common(one: Roles, other: Roles) -> Option<Roles> {
    let common: Roles = one.iter().filter(|role| other.contains(*role)).collect();
    (!common.is_empty()).then_some(common)
}

fn median(mut scores: Vec<u16>) -> u16 {
    scores.sort_unstable();
    scores.get(scores.len() / 2).copied().unwrap_or(MIDDLING)
}
