//! What an organiser decides about the people in a queue: accept, turn down, take back.
//!
//! Pure. Invariant: an accepted player fits the mode's composition and the session's rank limits,
//! and has no other place.

use super::account::Account;
use super::ids::{AccountId, UserId};
use super::queue::{Entry, Offer, Queue, RankRefusal, Standing};
use super::role::Role;
use super::session::{Session, SessionRefusal};

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
    let mode = session.plan.mode;
    if !mode.room_for(session.plan.teams, &queue.unavailable(user), role) {
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
