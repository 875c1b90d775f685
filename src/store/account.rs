//! Accounts and the ranks on them, as they are remembered.
//!
//! May touch: the domain and [`Transaction`]. Invariant: of a person's accounts exactly one is
//! the primary one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::sql::{DbError, Row, sql, values};
use super::{Read, Stop, Transaction};
use crate::domain::account::{ACCOUNTS_MAX, Account, AccountRefusal, Ranks};
use crate::domain::battletag::BattleTag;
use crate::domain::ids::{AccountId, UserId};
use crate::domain::ladder::Ladder;
use crate::domain::rank::{DeclaredRank, Rank};

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
    let same = accounts.iter().find(|account| {
        BattleTag::parse(&account.battletag).is_ok_and(|tag| tag.key() == battletag.key())
    });
    if let Some(same) = same {
        return Err(Stop::Refused(AccountRefusal::Duplicate(
            same.battletag.clone(),
        )));
    }
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
