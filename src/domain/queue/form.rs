//! What the form for joining showed and what came back with it.
//!
//! Pure. Invariant: what was left as it was shown stays as it is by now, be it changed since.

use std::fmt;

use super::Entry;
use crate::domain::ids::AccountId;
use crate::domain::mode::Mode;
use crate::domain::role::{Role, Roles};
use crate::domain::text::fingerprint;

/// What came back with the form for joining.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// The roles; empty: none was chosen.
    pub roles: Roles,
    /// The accounts; empty: it did not ask.
    pub accounts: Vec<AccountId>,
    /// What the organiser is to know.
    pub note: String,
}

/// What the form for joining showed somebody who was in the queue already, for its custom id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    roles: Roles,
    /// A fingerprint of those that were chosen; of none, if it did not ask.
    accounts: u32,
    /// A fingerprint.
    note: u32,
}

impl Shown {
    /// What was chosen in a form: roles, accounts (none if it does not ask), and the note.
    pub fn new(roles: Roles, accounts: impl Iterator<Item = AccountId>, note: &str) -> Self {
        Self {
            roles,
            accounts: print(accounts),
            note: fingerprint(note),
        }
    }

    /// Reads what stands behind the session in the form's id; `None` if it was for joining anew.
    pub fn parse(args: &str) -> Option<Self> {
        let mut parts = args.split(':').skip(1);
        let letters = parts.next()?;
        let mut print = || u32::from_str_radix(parts.next()?, 16).ok();
        let (accounts, note) = (print()?, print()?);
        let roles = Role::ALL.into_iter();
        Some(Self {
            roles: roles
                .filter(|role| letters.contains(letter(*role)))
                .collect(),
            accounts,
            note,
        })
    }

    /// What is offered, with everything that was left as it was shown as it is in `entry`.
    pub fn only_changed(&self, offered: Offered, mode: Mode, entry: &Entry) -> Offered {
        let accounts = || entry.accounts.iter().map(|account| account.id).collect();
        Offered {
            roles: match offered.roles == self.roles {
                true => mode.played(entry.roles),
                false => offered.roles,
            },
            accounts: match print(offered.accounts.iter().copied()) == self.accounts {
                true => accounts(),
                false => offered.accounts,
            },
            note: match fingerprint(&offered.note) == self.note {
                true => entry.note.clone(),
                false => offered.note,
            },
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters: String = self.roles.iter().map(letter).collect();
        write!(f, "{letters}:{:08x}:{:08x}", self.accounts, self.note)
    }
}

/// A fingerprint of accounts, in any order.
fn print(accounts: impl Iterator<Item = AccountId>) -> u32 {
    let mut ids: Vec<_> = accounts.map(|account| account.to_string()).collect();
    ids.sort();
    fingerprint(&ids.join(","))
}

/// A role in a custom id.
pub fn letter(role: Role) -> char {
    match role {
        Role::Tank => 't',
        Role::Damage => 'd',
        Role::Support => 's',
        Role::Flex => 'f',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shown_comes_back_from_the_forms_id() {
        let roles = Roles::from_iter([Role::Tank, Role::Flex]);
        let shown = Shown::new(roles, [AccountId(7)].into_iter(), "late: 20 min");
        assert_eq!(Shown::parse(&format!("42:{shown}")), Some(shown));
        assert_eq!(Shown::parse("42"), None, "for joining anew");
        assert_eq!(Shown::parse("42:t:zz:1"), None, "forged");
    }
}
