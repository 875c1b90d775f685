//! The queue of a session: who wants to play, who was accepted, and what either may do.
//!
//! Pure. Invariant: a person has one [`Entry`] in a session, so that nobody holds two places; an
//! accepted one fits the mode's composition and the session's rank limits.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::account::{Account, AccountRefusal};
use super::ids::{AccountId, UserId};
use super::ladder::Ladder;
use super::mode::Missing;
use super::profile::Person;
use super::rank::Rank;
use super::role::{Role, Roles};
use super::session::{RankBar, Session, SessionRefusal, Status};

pub mod form;

/// Entries that one session can have.
pub const ENTRIES_MAX: usize = 2_000;
/// Characters of the note that a person leaves for the organiser.
pub const NOTE_MAX_CHARS: usize = 200;

/// The place that a person was accepted into.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// The role they play.
    pub role: Role,
    /// The account they play on; `None` if it was deleted since.
    pub account: Option<AccountId>,
    /// When they were accepted.
    pub at: DateTime<Utc>,
    /// Whether a limit was overridden for it.
    #[serde(default)]
    pub overridden: bool,
}

/// What became of an offer of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskState {
    /// They may still answer; the place is reserved.
    Open,
    /// They did not want it.
    Declined,
    /// They did not answer in time.
    Silent,
    /// An organiser took their place back: nobody asks them again but an organiser.
    TakenBack,
}

impl AskState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Open, Self::Declined, Self::Silent, Self::TakenBack];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Declined => "declined",
            Self::Silent => "silent",
            Self::TakenBack => "taken_back",
        }
    }

    /// Reads a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// The place that somebody who waits was offered last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// As what.
    pub role: Role,
    /// When it ends by itself.
    pub until: DateTime<Utc>,
    /// What became of it.
    pub state: AskState,
}

/// One person in the queue of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Who.
    pub person: Person,
    /// The roles they offer to play.
    pub roles: Roles,
    /// The accounts they offer to play on, the primary one first.
    pub accounts: Vec<Account>,
    /// Whether they stream.
    pub streaming: bool,
    /// What they want the organiser to know; may be empty.
    pub note: String,
    /// Whether the organiser has turned them down.
    pub rejected: bool,
    /// When they joined.
    pub joined_at: DateTime<Utc>,
    /// Their place, once accepted.
    pub place: Option<Place>,
    /// The place that they were offered last.
    pub asked: Option<Asked>,
    /// Whether they have said that they are there, for the start as it is now.
    pub checked_in: bool,
    /// Whether they had a place in this session and were not there at its start.
    pub no_show: bool,
    /// How often they were not there, in this server.
    pub missed: u32,
}

/// Where somebody in the queue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// They wait to be accepted.
    Waiting,
    /// They were accepted, as this.
    Accepted(Role),
    /// They were turned down.
    Rejected,
}

impl Entry {
    /// Where they stand; a place counts more than anything else.
    pub fn standing(&self) -> Standing {
        match (&self.place, self.rejected) {
            (Some(place), _) => Standing::Accepted(place.role),
            (None, true) => Standing::Rejected,
            (None, false) => Standing::Waiting,
        }
    }

    /// Whether they wait to be accepted.
    pub fn is_waiting(&self) -> bool {
        self.standing() == Standing::Waiting
    }

    /// The role of the place that is reserved for them while they are asked.
    pub fn asked_for(&self) -> Option<Role> {
        let open = self.asked.filter(|asked| asked.state == AskState::Open);
        open.filter(|_| self.is_waiting()).map(|asked| asked.role)
    }

    /// Whether they are being asked at this moment.
    pub fn is_asked(&self) -> bool {
        self.asked_for().is_some()
    }

    /// Whether an organiser took their place back: then only an organiser gives them one.
    pub fn was_taken_back(&self) -> bool {
        self.asked
            .is_some_and(|asked| asked.state == AskState::TakenBack)
    }
}

/// All that is known of who plays in a session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// Everybody in it, in the order of joining.
    pub entries: Vec<Entry>,
    /// Roles of accepted players who have deleted their profile since.
    pub forgotten: Vec<Role>,
}

impl Queue {
    /// Those who wait, in the order of joining.
    pub fn waiting(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.is_waiting())
    }

    /// Those who were turned down.
    pub fn rejected(&self) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(|entry| entry.standing() == Standing::Rejected)
    }

    /// Those who are in, with their places, in the order of acceptance.
    pub fn accepted(&self) -> impl Iterator<Item = (&Entry, &Place)> {
        let mut accepted: Vec<_> = self
            .entries
            .iter()
            .filter_map(|entry| Some((entry, entry.place.as_ref()?)))
            .collect();
        accepted.sort_by_key(|(_, place)| place.at);
        accepted.into_iter()
    }

    /// The roles that are taken.
    pub fn roles(&self) -> Vec<Role> {
        let present = self
            .entries
            .iter()
            .filter_map(|entry| Some(entry.place.as_ref()?.role));
        present.chain(self.forgotten.iter().copied()).collect()
    }

    /// Those who are asked for a place, with its role, in the order of joining.
    pub fn asked(&self) -> impl Iterator<Item = (&Entry, Role)> {
        let asked = |entry| Some((entry, Entry::asked_for(entry)?));
        self.entries.iter().filter_map(asked)
    }

    /// The roles that nobody can be accepted into: those that are taken, and those that are
    /// reserved for anybody but `user`.
    pub fn unavailable(&self, user: UserId) -> Vec<Role> {
        let reserved = self.asked().filter(|(entry, _)| entry.person.id != user);
        let mut roles = self.roles();
        roles.extend(reserved.map(|(_, role)| role));
        roles
    }

    /// What is still needed to play.
    pub fn missing(&self, session: &Session) -> Missing {
        session.plan.mode.missing(session.plan.teams, &self.roles())
    }

    /// The entry of `user`.
    pub fn entry(&self, user: UserId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.person.id == user)
    }
}

/// Why somebody may not do something with their place in the queue.
#[derive(Clone, Debug, PartialEq)]
pub enum QueueRefusal {
    /// The session is not there, or in a state in which this is not possible.
    Session(SessionRefusal),
    /// The queue is closed, though the session is still to come.
    Closed,
    /// They have no account yet, or none of those that they named.
    NoAccount,
    /// They named no role that the mode has.
    NoRole,
    /// The organiser has turned them down.
    Rejected,
    /// They have already been accepted, as this.
    Accepted(Role),
    /// The queue has [`ENTRIES_MAX`] entries.
    Full,
    /// They are not in it.
    NotIn,
    /// A rank does not fit.
    Rank(RankRefusal),
}

/// Why a newcomer did not get in; nothing of what they typed was kept.
#[derive(Clone, Debug, PartialEq)]
pub enum NewcomerRefusal {
    /// The queue does not take them.
    Queue(QueueRefusal),
    /// The account does not go.
    Account(AccountRefusal),
}

/// A rank that does not fit, and what would.
#[derive(Clone, Debug, PartialEq)]
pub struct RankRefusal {
    /// The role that was asked for.
    pub role: Role,
    /// The ladder that it is judged on.
    pub ladder: Ladder,
    /// The rank on it, if declared.
    pub rank: Option<Rank>,
    /// Why it does not fit.
    pub bar: RankBar,
    /// The roles of the mode for which one of the accounts has a rank that fits.
    pub fitting: Roles,
}

/// What a person offers when they join.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer<'a> {
    /// The roles they want to play.
    pub roles: Roles,
    /// The accounts they would play on.
    pub accounts: &'a [Account],
    /// The organiser's ranks, for limits by distance.
    pub organiser: Option<&'a Account>,
}

/// Decides whether somebody may join at all, whatever they offer: what is to be known before they
/// are asked for anything. `entry` is the one that they have already.
///
/// # Errors
/// [`QueueRefusal`].
pub fn may_join(
    session: &Session,
    entry: Option<&Entry>,
    entries: usize,
) -> Result<(), QueueRefusal> {
    still_on(session)?;
    match entry.map(Entry::standing) {
        Some(Standing::Accepted(role)) => return Err(QueueRefusal::Accepted(role)),
        Some(Standing::Rejected) => return Err(QueueRefusal::Rejected),
        Some(Standing::Waiting) | None => {}
    }
    match session.status {
        Status::Open if entry.is_none() && entries >= ENTRIES_MAX => Err(QueueRefusal::Full),
        Status::Open => Ok(()),
        Status::Closed => Err(QueueRefusal::Closed),
        status => Err(QueueRefusal::Session(SessionRefusal::Not(status))),
    }
}

/// Decides whether somebody may leave; the role of the place that they give up, if they had one.
/// Who was turned down stays so: leaving and joining anew would undo it.
///
/// # Errors
/// [`QueueRefusal`].
pub fn leave(session: &Session, entry: Option<&Entry>) -> Result<Option<Role>, QueueRefusal> {
    still_on(session)?;
    match entry.ok_or(QueueRefusal::NotIn)?.standing() {
        Standing::Accepted(role) => Ok(Some(role)),
        Standing::Waiting => Ok(None),
        Standing::Rejected => Err(QueueRefusal::Rejected),
    }
}

/// Decides whether somebody may say that they stream, or that they don't; which of both it is
/// from now on.
///
/// # Errors
/// [`QueueRefusal`].
pub fn stream(session: &Session, entry: Option<&Entry>) -> Result<bool, QueueRefusal> {
    still_on(session)?;
    let entry = entry.ok_or(QueueRefusal::NotIn)?;
    match entry.standing() {
        Standing::Rejected => Err(QueueRefusal::Rejected),
        Standing::Accepted(_) | Standing::Waiting => Ok(!entry.streaming),
    }
}

fn still_on(session: &Session) -> Result<(), QueueRefusal> {
    if session.status.is_alive() {
        Ok(())
    } else {
        Err(QueueRefusal::Session(SessionRefusal::Not(session.status)))
    }
}

/// Decides whether somebody may join, and with which roles. `entry` is the one that they have
/// already: joining again changes it.
///
/// # Errors
/// [`QueueRefusal`], with the way out in it.
pub fn join(
    session: &Session,
    entry: Option<&Entry>,
    entries: usize,
    offer: &Offer<'_>,
) -> Result<Roles, QueueRefusal> {
    may_join(session, entry, entries)?;
    if offer.accounts.is_empty() {
        return Err(QueueRefusal::NoAccount);
    }
    let roles = offered_roles(session, offer.roles)?;
    for role in roles.iter() {
        offer.admit(session, role).map_err(QueueRefusal::Rank)?;
    }
    Ok(roles)
}

/// The roles of the mode among those offered.
fn offered_roles(session: &Session, offered: Roles) -> Result<Roles, QueueRefusal> {
    let roles = session.plan.mode.played(offered);
    if roles.is_empty() {
        Err(QueueRefusal::NoRole)
    } else {
        Ok(roles)
    }
}

impl Offer<'_> {
    /// Whether one of the accounts may play `role`.
    ///
    /// # Errors
    /// Why the best of them may not, and what would fit.
    pub fn admit(&self, session: &Session, role: Role) -> Result<(), RankRefusal> {
        let Err((rank, bar)) = self.try_role(session, role) else {
            return Ok(());
        };
        let roles = session.plan.mode.roles();
        let fitting = roles
            .iter()
            .filter(|role| self.try_role(session, *role).is_ok())
            .collect();
        Err(RankRefusal {
            role,
            ladder: session.plan.mode.ladder(role),
            rank,
            bar,
            fitting,
        })
    }

    fn try_role(&self, session: &Session, role: Role) -> Result<(), (Option<Rank>, RankBar)> {
        let ladder = session.plan.mode.ladder(role);
        let organiser = self.organiser.and_then(|account| account.rank(ladder));
        let mut refused = Err((None, RankBar::Undeclared));
        for account in self.accounts {
            let rank = account.rank(ladder);
            match session.plan.limits.admit(rank, organiser) {
                Ok(()) => return Ok(()),
                Err(bar) if rank.is_some() || refused == Err((None, RankBar::Undeclared)) => {
                    refused = Err((rank, bar));
                }
                Err(_) => {}
            }
        }
        refused
    }
}

#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod tests;
