//! Swapping: two people change places in one action.
//!
//! Pure. Invariant: after a swap as many places are taken, of the same roles, as before, and each
//! is held by somebody whose rank fits.

use super::{ManageRefusal, present};
use crate::domain::account::Account;
use crate::domain::ids::{AccountId, UserId};
use crate::domain::queue::{Entry, Offer, Queue, Standing};
use crate::domain::role::Role;
use crate::domain::session::Session;

/// A place that somebody gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Who.
    pub user: UserId,
    /// What they play.
    pub role: Role,
    /// On which account.
    pub account: AccountId,
}

/// What a swap comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// Somebody who waited takes the place of somebody who waits then.
    Replace {
        /// Who comes in.
        seat: Seat,
        /// Who waits.
        leaves: UserId,
    },
    /// Two players exchange their roles.
    Exchange([Seat; 2]),
}

/// Decides what becomes of `one` and `other` when they are swapped; `organiser` is the account that
/// limits by distance are measured from.
///
/// # Errors
/// [`ManageRefusal`], with whom of the two it is about.
pub fn swap(
    session: &Session,
    queue: &Queue,
    (one, other): (UserId, UserId),
    organiser: Option<&Account>,
) -> Result<Swap, (UserId, ManageRefusal)> {
    let find = |user| present(session, queue.entry(user)).map_err(|refusal| (user, refusal));
    let (first, second) = (find(one)?, find(other)?);
    let seat = |entry: &Entry, role| {
        seat(session, entry, role, organiser).map_err(|refusal| (entry.person.id, refusal))
    };
    match (first.standing(), second.standing()) {
        (Standing::Rejected, _) => Err((one, ManageRefusal::Rejected)),
        (_, Standing::Rejected) => Err((other, ManageRefusal::Rejected)),
        (Standing::Waiting, Standing::Accepted(role)) => Ok(Swap::Replace {
            seat: seat(first, role)?,
            leaves: other,
        }),
        (Standing::Accepted(role), Standing::Waiting) => Ok(Swap::Replace {
            seat: seat(second, role)?,
            leaves: one,
        }),
        (Standing::Accepted(mine), Standing::Accepted(theirs)) if mine != theirs => {
            Ok(Swap::Exchange([seat(first, theirs)?, seat(second, mine)?]))
        }
        _ => Err((one, ManageRefusal::NothingToSwap)),
    }
}

/// The place that somebody gets as `role`: on the account that they play on already, if it fits,
/// else on the first of theirs that does.
fn seat(
    session: &Session,
    entry: &Entry,
    role: Role,
    organiser: Option<&Account>,
) -> Result<Seat, ManageRefusal> {
    let admit = |accounts: &[Account]| {
        let offer = Offer {
            roles: entry.roles,
            accounts,
            organiser,
        };
        offer.admit(session, role)
    };
    let present = entry.place.as_ref().and_then(|place| place.account);
    let mut accounts: Vec<&Account> = entry.accounts.iter().collect();
    accounts.sort_by_key(|account| Some(account.id) != present);
    let fits = |account: &&Account| admit(std::slice::from_ref(account)).is_ok();
    if let Some(account) = accounts.into_iter().find(fits) {
        return Ok(Seat {
            user: entry.person.id,
            role,
            account: account.id,
        });
    }
    if entry.accounts.is_empty() {
        return Err(ManageRefusal::NoSuchAccount);
    }
    let refused = admit(&entry.accounts);
    Err(refused.map_or_else(ManageRefusal::Rank, |()| ManageRefusal::NoSuchAccount))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ladder::Ladder;
    use crate::domain::queue::fixtures::{account, entry, placed, queue, rejected, session, up_to};
    use Role::{Damage, Support, Tank};

    fn swapped(queue: &Queue, one: i64, other: i64) -> Result<Swap, ManageRefusal> {
        let pair = (UserId(one), UserId(other));
        swap(&session("5v5"), queue, pair, None).map_err(|(_, refusal)| refusal)
    }

    fn seat_of(user: i64, role: Role) -> Seat {
        Seat {
            user: UserId(user),
            role,
            account: AccountId(user),
        }
    }

    #[test]
    fn who_waits_takes_the_place_of_who_is_in_whichever_is_named_first() {
        let queue = queue([placed(entry(2, &[Tank]), Tank), entry(3, &[Support])]);
        let expected = Swap::Replace {
            seat: seat_of(3, Tank),
            leaves: UserId(2),
        };
        assert_eq!(swapped(&queue, 2, 3), Ok(expected));
        assert_eq!(swapped(&queue, 3, 2), Ok(expected));
    }

    #[test]
    fn two_players_exchange_their_roles() {
        let queue = queue([
            placed(entry(2, &[Tank]), Tank),
            placed(entry(3, &[Damage]), Damage),
            placed(entry(4, &[Damage]), Damage),
        ]);
        let expected = Swap::Exchange([seat_of(2, Damage), seat_of(3, Tank)]);
        assert_eq!(swapped(&queue, 2, 3), Ok(expected));
        assert_eq!(swapped(&queue, 3, 4), Err(ManageRefusal::NothingToSwap));
        assert_eq!(swapped(&queue, 3, 3), Err(ManageRefusal::NothingToSwap));
    }

    #[test]
    fn who_was_turned_down_or_has_left_is_not_swapped() {
        let queue = queue([
            placed(entry(2, &[Tank]), Tank),
            rejected(entry(3, &[Tank])),
            entry(4, &[Tank]),
            entry(5, &[Tank]),
        ]);
        assert_eq!(swapped(&queue, 2, 3), Err(ManageRefusal::Rejected));
        assert_eq!(swapped(&queue, 2, 9), Err(ManageRefusal::NotIn));
        assert_eq!(swapped(&queue, 4, 5), Err(ManageRefusal::NothingToSwap));
    }

    #[test]
    fn the_rank_has_to_fit_and_the_first_account_with_which_it_does_is_taken() {
        let session = up_to(session("5v5"), "gold");
        let mut comes = entry(3, &[Tank]);
        comes.accounts = vec![account(30, &[(Ladder::Tank, "diamond 1")])];
        let mut queue = queue([placed(entry(2, &[Tank]), Tank), comes]);
        let pair = (UserId(2), UserId(3));
        let refused = swap(&session, &queue, pair, None);
        assert!(
            matches!(refused, Err((UserId(3), ManageRefusal::Rank(_)))),
            "{refused:?}"
        );
        let fits = account(31, &[(Ladder::Tank, "gold 1")]);
        queue.entries[1].accounts.push(fits);
        let done = swap(&session, &queue, pair, None);
        assert!(
            matches!(done, Ok(Swap::Replace { seat, .. }) if seat.account == AccountId(31)),
            "{done:?}"
        );
        queue.entries[1].accounts.clear();
        let refused = swap(&session, &queue, pair, None);
        assert_eq!(refused, Err((UserId(3), ManageRefusal::NoSuchAccount)));
    }
}
