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
        /// The session's name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
    },
}
