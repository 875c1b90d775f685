//! What the balance is asked: the accepted players of a session as candidates.
//!
//! Pure. Invariant: a player who plays what they were accepted as is never counted as off their
//! preference, unless roles may move.

use std::collections::HashMap;

use super::Teams;
use crate::domain::account::Account;
use crate::domain::balance::{Candidate, Format, Problem, score};
use crate::domain::ids::UserId;
use crate::domain::ladder::Ladder;
use crate::domain::queue::{Entry, Place, Queue};
use crate::domain::rank::Rank;
use crate::domain::role::{Role, Roles};
use crate::domain::session::Session;

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

/// What the balance is asked. `measure` is the account that limits by distance are measured from.
pub fn problem(
    session: &Session,
    measure: Option<&Account>,
    queue: &Queue,
    teams: &Teams,
    known: &Known,
    wishes: Wishes,
) -> Problem {
    let asked = Asked { session, measure };
    let ranks: Vec<_> = queue
        .accepted()
        .map(|(entry, place)| (entry, place, asked.ranks(entry, place)))
        .collect();
    let all = ranks
        .iter()
        .flat_map(|(_, _, ranks)| ranks.iter().flatten());
    let usual = median(all.map(|rank| score(*rank)).collect());
    let candidate = |(entry, place, ranks): &(&Entry, &Place, [Option<Rank>; 4])| {
        let user = entry.person.id;
        let offered = asked.offered(entry, place);
        let likes = known.likes.get(&user).copied().unwrap_or_default();
        let best = ranks.iter().flatten().map(|rank| score(*rank)).max();
        let points = |rank: Option<Rank>| rank.map(score).or(best).unwrap_or(usual);
        Candidate {
            user,
            scores: ranks.map(points),
            fits: asked.fits(offered, ranks),
            prefers: match wishes {
                Wishes::Accepted => asked.accepted_as(place).unwrap_or(offered),
                Wishes::Offered => common(offered, likes).unwrap_or(offered),
            },
            games: known.games.get(&user).copied().unwrap_or_default(),
        }
    };
    Problem {
        format: Format::of(session.plan.mode),
        candidates: ranks.iter().map(candidate).collect(),
        pairs: teams.pairs.clone(),
    }
}

/// The session that players are asked about.
struct Asked<'a> {
    session: &'a Session,
    measure: Option<&'a Account>,
}

impl Asked<'_> {
    /// The rank for each role: on the account that they were accepted on, or else the best of those
    /// that they offer.
    fn ranks(&self, entry: &Entry, place: &Place) -> [Option<Rank>; 4] {
        Role::ALL.map(|role| {
            let ladder = self.session.plan.mode.ladder(role);
            let on = |account: &Account| account.rank(ladder);
            let mut accounts = entry.accounts.iter();
            let accepted = accounts.find(|account| Some(account.id) == place.account);
            let best = || entry.accounts.iter().filter_map(on).max();
            accepted.and_then(on).or_else(best)
        })
    }

    /// The roles of the mode that somebody would play.
    fn offered(&self, entry: &Entry, place: &Place) -> Roles {
        let anything = entry.roles.contains(Role::Flex);
        let roles = self.session.plan.mode.roles().iter();
        roles
            .filter(|role| anything || entry.roles.contains(*role) || place.role == *role)
            .collect()
    }

    /// Those of the roles for which there is a rank that the session takes.
    fn fits(&self, offered: Roles, ranks: &[Option<Rank>; 4]) -> Roles {
        let takes = |role: &Role| {
            let ladder: Ladder = self.session.plan.mode.ladder(*role);
            let rank = ranks[*role as usize];
            let organiser = self.measure.and_then(|account| account.rank(ladder));
            let limits = &self.session.plan.limits;
            rank.is_some() && limits.admit(rank, organiser).is_ok()
        };
        offered.iter().filter(takes).collect()
    }

    fn accepted_as(&self, place: &Place) -> Option<Roles> {
        let of_mode = self.session.plan.mode.roles().contains(place.role);
        of_mode.then(|| Roles::from_iter([place.role]))
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
