//! Battle.net accounts and the ranks declared on them.
//!
//! Pure. Invariant: a person has at most [`ACCOUNTS_MAX`] accounts, of which exactly one is the
//! primary one as long as there is any.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ids::AccountId;
use super::ladder::Ladder;
use super::rank::{DeclaredRank, Rank};

/// Accounts that one person can have.
pub const ACCOUNTS_MAX: usize = 10;

/// The declared ranks of an account; a ladder that is missing is one without a rank.
pub type Ranks = BTreeMap<Ladder, DeclaredRank>;

/// A Battle.net account of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Its number in the database.
    pub id: AccountId,
    /// The BattleTag as its owner writes it, `Ana#1234`.
    pub battletag: String,
    /// Whether it is the one that is meant when none is named.
    pub primary: bool,
    /// What its owner declared.
    pub ranks: Ranks,
    /// When it was added.
    pub created_at: DateTime<Utc>,
}

impl Account {
    /// The rank on `ladder`, if one was declared.
    pub fn rank(&self, ladder: Ladder) -> Option<Rank> {
        self.ranks.get(&ladder).map(|declared| declared.rank)
    }
}

/// The account that is meant when none is named.
pub fn primary(accounts: &[Account]) -> Option<&Account> {
    accounts
        .iter()
        .find(|account| account.primary)
        .or(accounts.first())
}

/// How a person says which of their accounts they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// By its number, as a pick list gives it.
    Id(AccountId),
    /// By its BattleTag, or the name in it, as typed by hand.
    Named(String),
}

impl Choice {
    /// Reads what a pick list gave or somebody typed. (No BattleTag is a mere number.)
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        match text.parse() {
            Ok(id) => Self::Id(AccountId(id)),
            Err(_) => Self::Named(text.to_lowercase()),
        }
    }

    /// The account of `accounts` that is meant; a name alone is enough if only one has it.
    pub fn among<'a>(&self, accounts: &'a [Account]) -> Option<&'a Account> {
        match self {
            Self::Id(id) => accounts.iter().find(|account| account.id == *id),
            Self::Named(name) => {
                let tag = |account: &&Account| account.battletag.to_lowercase();
                let exact = accounts.iter().find(|account| tag(account) == *name);
                let mut named = accounts
                    .iter()
                    .filter(|account| tag(account).split('#').next() == Some(name.as_str()));
                exact.or_else(|| named.next().filter(|_| named.next().is_none()))
            }
        }
    }
}

/// The account that becomes the primary one when `removed` goes: the oldest that is left, if the
/// primary one goes.
pub fn heir(accounts: &[Account], removed: AccountId) -> Option<AccountId> {
    let goes = accounts.iter().find(|account| account.id == removed)?;
    let left = accounts.iter().filter(|account| account.id != removed);
    let oldest = left.min_by_key(|account| (account.created_at, account.id));
    oldest.filter(|_| goes.primary).map(|account| account.id)
}

/// Why somebody may not do something with an account.
#[derive(Clone, Debug, PartialEq)]
pub enum AccountRefusal {
    /// They have [`ACCOUNTS_MAX`] already.
    TooMany,
    /// They have one of this name already, written like this.
    Duplicate(String),
    /// They have no such account.
    Unknown,
    /// They are in a session that is still on with it, and with no other.
    InUse {
        /// The account's BattleTag.
        battletag: String,
        /// The session's name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: i64, battletag: &str, primary: bool) -> Account {
        Account {
            id: AccountId(id),
            battletag: battletag.to_owned(),
            primary,
            ranks: Ranks::new(),
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    fn accounts() -> Vec<Account> {
        vec![
            account(7, "Ana#1234", true),
            account(9, "Zoë#5555", false),
            account(8, "Ana#9999", false),
        ]
    }

    #[test]
    fn an_account_is_chosen_by_number_by_battletag_and_by_a_name_that_only_one_has() {
        let accounts = accounts();
        let chosen = |text| Some(Choice::parse(text).among(&accounts)?.id.0);
        assert_eq!(chosen("9"), Some(9));
        assert_eq!(chosen(" ANA#9999 "), Some(8));
        assert_eq!(chosen("ZOË"), Some(9));
        assert_eq!(chosen("ana"), None, "two have that name");
        assert_eq!(chosen("10"), None, "of somebody else");
        assert_eq!(chosen(""), None);
        assert_eq!(chosen("99999999999999999999"), None);
    }

    #[test]
    fn the_oldest_account_that_is_left_becomes_the_primary_one() {
        let accounts = accounts();
        assert_eq!(heir(&accounts, AccountId(7)), Some(AccountId(8)));
        assert_eq!(heir(&accounts, AccountId(8)), None, "it was not primary");
        assert_eq!(heir(&accounts[..1], AccountId(7)), None, "none is left");
    }
}
