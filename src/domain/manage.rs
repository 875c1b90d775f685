//! What an organiser decides about the people in a queue: accept, turn down, take back, swap.
//!
//! Pure. Invariant: an accepted player has no other place, and fits the mode's composition and the
//! session's rank limits, or an override is on record for them. Rank limits are the organisers' own,
//! so that they may override them; the caps on roles are the game's, and only an administrator may,
//! never beyond the size of the teams.

mod swap;

use super::account::Account;
use super::admission::Door;
use super::ids::{AccountId, UserId};
use super::log::Beyond;
use super::queue::{Entry, Offer, Queue, RankRefusal, Standing};
use super::role::Role;
use super::session::{Actor, Session, SessionRefusal};

pub use swap::{Seat, Swap, swap};

/// Why an organiser's decision about somebody is not possible.
#[derive(Clone, Debug, PartialEq)]
pub enum ManageRefusal {
    /// The session is not there, not theirs, or over.
    Session(SessionRefusal),
    /// The player is not in the queue any more.
    NotIn,
    /// The player has a place already, as this.
    Accepted(Role),
    /// The player was turned down, and would have to be taken back first.
    Rejected,
    /// The player waits: there is nothing to take back.
    Waiting,
    /// The mode's composition has no room for this role.
    NoRoom(Role),
    /// The player does not offer this account.
    NoSuchAccount,
    /// The player's rank does not fit.
    Rank(RankRefusal),
    /// The two both wait, or play the same role.
    NothingToSwap,
}

/// Decides whether `user` may be accepted into `role` on `account`; `organiser` is the account
/// that limits by distance are measured from.
///
/// # Errors
/// [`ManageRefusal`].
pub fn accept(
    session: &Session,
    queue: &Queue,
    user: UserId,
    role: Role,
    account: AccountId,
    organiser: Option<&Account>,
) -> Result<(), ManageRefusal> {
    let entry = waiting(session, queue.entry(user))?;
    let door = Door {
        session,
        queue,
        organiser,
    };
    if !door.room_for(user, role) {
        return Err(ManageRefusal::NoRoom(role));
    }
    let account = entry.accounts.iter().find(|offered| offered.id == account);
    let account = account.ok_or(ManageRefusal::NoSuchAccount)?;
    let offer = Offer {
        roles: entry.roles,
        accounts: std::slice::from_ref(account),
        organiser,
    };
    offer.admit(session, role).map_err(ManageRefusal::Rank)
}

/// As [`accept`], but what `actor` may override does not stand in the way: it is the answer.
///
/// # Errors
/// [`ManageRefusal`], for what they may not override.
pub fn accept_beyond(
    session: &Session,
    queue: &Queue,
    (user, role, account): (UserId, Role, AccountId),
    organiser: Option<&Account>,
    actor: &Actor,
) -> Result<Option<Beyond>, ManageRefusal> {
    let Err(refusal) = accept(session, queue, user, role, account, organiser) else {
        return Ok(None);
    };
    let Some(beyond) = overridable(session, queue, &refusal, actor) else {
        return Err(refusal);
    };
    // The cap is judged before the account is looked at.
    let entry = waiting(session, queue.entry(user))?;
    if entry.accounts.iter().any(|offered| offered.id == account) {
        Ok(Some(beyond))
    } else {
        Err(ManageRefusal::NoSuchAccount)
    }
}

/// The limit that `actor`, who may manage the session, overrides if they accept somebody in spite of
/// `refusal`; `None` if they may not.
pub fn overridable(
    session: &Session,
    queue: &Queue,
    refusal: &ManageRefusal,
    actor: &Actor,
) -> Option<Beyond> {
    match refusal {
        ManageRefusal::Rank(_) => Some(Beyond::Rank),
        ManageRefusal::NoRoom(role) => {
            let mode = session.plan.mode;
            // A place that somebody is asked for is theirs until they say no.
            let taken = queue.roles().len() + queue.asked().count();
            let taken = u32::try_from(taken).unwrap_or(u32::MAX);
            let has_place = taken < session.plan.places() && mode.roles().contains(*role);
            (actor.administrator && has_place).then_some(Beyond::Cap)
        }
        _ => None,
    }
}

/// Decides whether somebody may be turned down.
///
/// # Errors
/// [`ManageRefusal`].
pub fn reject(session: &Session, entry: Option<&Entry>) -> Result<(), ManageRefusal> {
    waiting(session, entry).map(|_| ())
}

/// Decides whether somebody who was accepted or turned down may be made to wait again; the role
/// of the place that they lose, if they had one.
///
/// # Errors
/// [`ManageRefusal`].
pub fn take_back(session: &Session, entry: Option<&Entry>) -> Result<Option<Role>, ManageRefusal> {
    match present(session, entry)?.standing() {
        Standing::Accepted(role) => Ok(Some(role)),
        Standing::Rejected => Ok(None),
        Standing::Waiting => Err(ManageRefusal::Waiting),
    }
}

fn waiting<'e>(session: &Session, entry: Option<&'e Entry>) -> Result<&'e Entry, ManageRefusal> {
    let entry = present(session, entry)?;
    match entry.standing() {
        Standing::Waiting => Ok(entry),
        Standing::Accepted(role) => Err(ManageRefusal::Accepted(role)),
        Standing::Rejected => Err(ManageRefusal::Rejected),
    }
}

fn present<'e>(session: &Session, entry: Option<&'e Entry>) -> Result<&'e Entry, ManageRefusal> {
    if !session.status.is_alive() {
        return Err(ManageRefusal::Session(SessionRefusal::Not(session.status)));
    }
    entry.ok_or(ManageRefusal::NotIn)
}

#[cfg(test)]
mod tests;
