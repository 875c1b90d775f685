//! Accounts and the ranks on them, as they are remembered.
//!
//! May touch: the domain and [`Transaction`]. Invariant: of a person's accounts exactly one is
//! the primary one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::sql::{DbError, Row, sql, values};
use super::{Command, Question, Read, Stop, Transaction, profile};
use crate::domain::account::{ACCOUNTS_MAX, Account, AccountRefusal, Choice, Ranks, heir, primary};
use crate::domain::battletag::BattleTag;
use crate::domain::ids::{AccountId, UserId};
use crate::domain::ladder::Ladder;
use crate::domain::profile::Person;
use crate::domain::rank::{DeclaredRank, Rank};

/// The accounts of a person, the primary one first.
#[derive(Debug)]
pub struct AccountsOf(pub UserId);

impl Question for AccountsOf {
    type Answer = Vec<Account>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        of_user(db, self.0)
    }
}

/// A person adds an account.
#[derive(Clone, Debug, PartialEq)]
pub struct AddAccount {
    /// Who, under their present name.
    pub person: Person,
    /// How the account is called.
    pub battletag: BattleTag,
    /// What they declare on it.
    pub ranks: Vec<(Ladder, Option<Rank>)>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for AddAccount {
    const NAME: &'static str = "add_account";
    type Answer = Account;
    type Refusal = AccountRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Account, Stop<AccountRefusal>> {
        profile::meet(tx, &self.person, self.at)?;
        let id = insert(tx, self.person.id, &self.battletag, &self.ranks, self.at)?;
        Ok(one(tx, self.person.id, &Choice::Id(id))?)
    }
}

/// A person renames one of their accounts, or declares ranks on it.
#[derive(Clone, Debug, PartialEq)]
pub struct EditAccount {
    /// Who.
    pub user: UserId,
    /// Which; the primary one if `None`.
    pub account: Option<Choice>,
    /// How it is called from now on.
    pub battletag: Option<BattleTag>,
    /// What they declare on it; the same rank again renews its date.
    pub ranks: Vec<(Ladder, Option<Rank>)>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for EditAccount {
    const NAME: &'static str = "edit_account";
    /// The account as it is now.
    type Answer = Account;
    type Refusal = AccountRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Account, Stop<AccountRefusal>> {
        let accounts = of_user(tx, self.user)?;
        let id = match &self.account {
            Some(choice) => choice.among(&accounts),
            None => primary(&accounts),
        };
        let id = id.ok_or(Stop::Refused(AccountRefusal::Unknown))?.id;
        if let Some(battletag) = &self.battletag {
            let others = accounts.iter().filter(|account| account.id != id);
            refuse_duplicate(others, battletag)?;
            let values = values![id, battletag.as_str(), battletag.key()];
            tx.execute(sql!("account/rename"), values)?;
        }
        declare(tx, id, &self.ranks, self.at)?;
        profile::owe_cards(tx, self.user, self.at)?;
        Ok(one(tx, self.user, &Choice::Id(id))?)
    }
}

/// A person removes one of their accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoveAccount {
    /// Who.
    pub user: UserId,
    /// Which.
    pub account: Choice,
    /// When.
    pub at: DateTime<Utc>,
}

/// The account is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Removed {
    /// The account as it was.
    pub account: Account,
    /// The one that became the primary one in its place.
    pub heir: Option<Account>,
}

impl Command for RemoveAccount {
    const NAME: &'static str = "remove_account";
    type Answer = Removed;
    type Refusal = AccountRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Removed, Stop<AccountRefusal>> {
        let accounts = of_user(tx, self.user)?;
        let account = self.account.among(&accounts);
        let account = account
            .ok_or(Stop::Refused(AccountRefusal::Unknown))?
            .clone();
        refuse_in_use(tx, &account)?;
        tx.execute(sql!("account/remove"), values![account.id])?;
        let heir = match heir(&accounts, account.id) {
            Some(heir) => {
                tx.execute(sql!("account/set_primary"), values![heir])?;
                Some(one(tx, self.user, &Choice::Id(heir))?)
            }
            None => None,
        };
        profile::owe_cards(tx, self.user, self.at)?;
        Ok(Removed { account, heir })
    }
}

/// A person makes one of their accounts the primary one.
#[derive(Clone, Debug, PartialEq)]
pub struct MakePrimary {
    /// Who.
    pub user: UserId,
    /// Which.
    pub account: Choice,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for MakePrimary {
    const NAME: &'static str = "make_primary";
    /// The account as it is now.
    type Answer = Account;
    type Refusal = AccountRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Account, Stop<AccountRefusal>> {
        let accounts = of_user(tx, self.user)?;
        let account = self.account.among(&accounts);
        let id = account.ok_or(Stop::Refused(AccountRefusal::Unknown))?.id;
        tx.execute(sql!("account/unset_primary"), values![self.user])?;
        tx.execute(sql!("account/set_primary"), values![id])?;
        // Accounts are shown primary first, and limits by distance are measured from it.
        profile::owe_cards(tx, self.user, self.at)?;
        Ok(one(tx, self.user, &Choice::Id(id))?)
    }
}

/// All accounts of `user`, the primary one first.
pub(super) fn of_user(db: &mut dyn Read, user: UserId) -> Result<Vec<Account>, DbError> {
    let mut ranks = ranks_by_account(db.query(sql!("account/ranks_of_user"), values![user])?)?;
    let rows = db.query(sql!("account/of_user"), values![user])?;
    rows.iter().map(|row| account(row, &mut ranks)).collect()
}

/// One account from its row and the ranks of all of them.
pub(super) fn account(
    row: &Row,
    ranks: &mut HashMap<AccountId, Ranks>,
) -> Result<Account, DbError> {
    let id = row.get("id")?;
    Ok(Account {
        id,
        battletag: row.get("account_name")?,
        primary: row.get("is_primary")?,
        ranks: ranks.remove(&id).unwrap_or_default(),
        created_at: row.get("created_at")?,
    })
}

/// Rows of ranks, gathered by account.
pub(super) fn ranks_by_account(rows: Vec<Row>) -> Result<HashMap<AccountId, Ranks>, DbError> {
    let mut ranks: HashMap<AccountId, Ranks> = HashMap::new();
    for row in rows {
        let ladder = row.word("ladder", Ladder::parse)?;
        let division: u8 = row.get("division")?;
        let rank = row.word("tier", |tier| Rank::new(ladder.scale(), tier, division))?;
        let declared = DeclaredRank {
            rank,
            declared_at: row.get("declared_at")?,
        };
        ranks
            .entry(row.get("account_id")?)
            .or_default()
            .insert(ladder, declared);
    }
    Ok(ranks)
}

/// Adds an account with what is declared on it; the first one is the primary one.
pub(super) fn insert(
    tx: &mut dyn Transaction,
    user: UserId,
    battletag: &BattleTag,
    ranks: &[(Ladder, Option<Rank>)],
    now: DateTime<Utc>,
) -> Result<AccountId, Stop<AccountRefusal>> {
    let accounts = of_user(tx, user)?;
    refuse_duplicate(accounts.iter(), battletag)?;
    if accounts.len() >= ACCOUNTS_MAX {
        return Err(Stop::Refused(AccountRefusal::TooMany));
    }
    let values = values![
        user,
        battletag.as_str(),
        battletag.key(),
        accounts.is_empty(),
        now
    ];
    let row = tx.query_one(sql!("account/insert"), values)?;
    let id = row.ok_or(DbError::NoRow("account/insert"))?.get("id")?;
    declare(tx, id, ranks, now)?;
    Ok(id)
}

/// Declares ranks on an account; `None` is "unranked" and takes the rank away.
pub(super) fn declare(
    tx: &mut dyn Transaction,
    account: AccountId,
    ranks: &[(Ladder, Option<Rank>)],
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    for (ladder, rank) in ranks {
        match rank {
            Some(rank) => tx.execute(
                sql!("account/declare"),
                values![
                    account,
                    ladder.as_str(),
                    rank.tier().word(),
                    rank.division(),
                    now
                ],
            )?,
            None => tx.execute(sql!("account/undeclare"), values![account, ladder.as_str()])?,
        };
    }
    Ok(())
}

fn refuse_duplicate<'a>(
    mut accounts: impl Iterator<Item = &'a Account>,
    battletag: &BattleTag,
) -> Result<(), Stop<AccountRefusal>> {
    let same = accounts.find(|account| {
        BattleTag::parse(&account.battletag).is_ok_and(|tag| tag.key() == battletag.key())
    });
    match same {
        Some(same) => Err(Stop::Refused(AccountRefusal::Duplicate(
            same.battletag.clone(),
        ))),
        None => Ok(()),
    }
}

fn refuse_in_use(tx: &mut dyn Transaction, account: &Account) -> Result<(), Stop<AccountRefusal>> {
    let Some(session) = tx.query_one(sql!("account/in_use"), values![account.id])? else {
        return Ok(());
    };
    Err(Stop::Refused(AccountRefusal::InUse {
        battletag: account.battletag.clone(),
        title: session.get("title")?,
        at: session.get("scheduled_time")?,
    }))
}

/// The account that a command has just seen or made.
fn one(db: &mut dyn Read, user: UserId, choice: &Choice) -> Result<Account, DbError> {
    let accounts = of_user(db, user)?;
    let account = choice.among(&accounts).cloned();
    account.ok_or(DbError::NoRow("account/of_user"))
}

#[cfg(test)]
mod tests;
