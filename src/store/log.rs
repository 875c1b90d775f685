//! The record of what was done about sessions.
//!
//! May touch: the domain and [`Transaction`]. Invariant: a record is written in the transaction of
//! what it tells of, by `record`, so that there is none of what was refused and none is missing.

use chrono::{DateTime, Utc};

use super::sql::{DbError, Row, json, sql, values};
use super::{Question, Read, Transaction};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::log::{self, Action, Capacity, Done, Record, Whom};
use crate::domain::session::{Actor, Session};

/// Stands for somebody who has deleted their profile since.
const FORGOTTEN: i64 = 0;

/// Puts on record what `actor` did about `session`: `record(tx, &session, &actor,
/// Action::Rejected.on(player), at)`. For every command of an organiser.
pub(super) fn record(
    tx: &mut dyn Transaction,
    session: &Session,
    actor: &Actor,
    done: impl Into<Done>,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    let capacity = log::capacity(session, actor);
    write(tx, session.id, Some(actor.user), capacity, &done.into(), at)
}

/// Puts on record what `user` did as somebody who plays in `session`: whatever else they may do
/// there, they override nobody by it.
pub(super) fn record_own(
    tx: &mut dyn Transaction,
    session: &Session,
    user: UserId,
    done: impl Into<Done>,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    let capacity = Capacity::Player;
    write(tx, session.id, Some(user), capacity, &done.into(), at)
}

/// Puts on record what nobody did: it was due.
pub(super) fn record_due(
    tx: &mut dyn Transaction,
    session: SessionId,
    done: impl Into<Done>,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    write(tx, session, None, Capacity::Itself, &done.into(), at)
}

fn write(
    tx: &mut dyn Transaction,
    session: SessionId,
    actor: Option<UserId>,
    capacity: Capacity,
    done: &Done,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    let values = [
        session.into(),
        at.into(),
        actor.into(),
        capacity.as_str().into(),
        json(&done.action),
        done.subject.into(),
        done.other.into(),
        (&done.reason).into(),
        log::is_override(capacity, &done.action).into(),
    ];
    tx.execute(sql!("log/record"), &values)?;
    Ok(())
}

/// A page of what was done about a session, the latest first.
#[derive(Debug)]
pub struct ViewLog {
    /// About which session.
    pub session: SessionId,
    /// Records on a page.
    pub per_page: u32,
    /// Which page, counted from 0; beyond the last one it is the last one.
    pub page: u32,
}

/// A page of a session's log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogPage {
    /// The records, the latest first.
    pub records: Vec<Record>,
    /// Which page it is, counted from 0.
    pub page: u32,
    /// How many pages there are; at least one.
    pub pages: u32,
}

impl Question for ViewLog {
    type Answer = LogPage;

    fn ask(&self, db: &mut dyn Read) -> Result<LogPage, DbError> {
        let count = db.query_one(sql!("log/count"), values![self.session])?;
        let count: u32 = count.ok_or(DbError::NoRow("log/count"))?.get("records")?;
        let pages = count.div_ceil(self.per_page).max(1);
        let page = self.page.min(pages - 1);
        let values = values![self.session, self.per_page, page * self.per_page];
        let rows = db.query(sql!("log/page"), values)?;
        Ok(LogPage {
            records: rows.iter().map(read).collect::<Result<_, _>>()?,
            page,
            pages,
        })
    }
}

/// Every record in which `user` stands, with its session.
pub(super) fn about(db: &mut dyn Read, user: UserId) -> Result<Vec<(SessionId, Record)>, DbError> {
    let rows = db.query(sql!("log/about"), values![user])?;
    let record = |row: &Row| Ok((row.get("session_id")?, read(row)?));
    rows.iter().map(record).collect()
}

/// The latest thing of a kind that was done about a session, by the word that it is stored under, and
/// when.
pub(super) fn latest(
    db: &mut dyn Read,
    session: SessionId,
    did: &str,
) -> Result<Option<(Action, DateTime<Utc>)>, DbError> {
    let begins = format!("{{\"did\":\"{did}\"%");
    let row = db.query_one(sql!("log/latest"), values![session, begins])?;
    row.map(|row| Ok((row.json("action")?, row.get("done_at")?)))
        .transpose()
}

/// Whether `user` stands in any record.
pub(super) fn mentions(db: &mut dyn Read, user: UserId) -> Result<bool, DbError> {
    let row = db.query_one(sql!("log/mentions"), values![user])?;
    let records: i64 = row.ok_or(DbError::NoRow("log/mentions"))?.get("records")?;
    Ok(records > 0)
}

/// Takes `user` out of every record, with what was typed there.
pub(super) fn forget(tx: &mut dyn Transaction, user: UserId) -> Result<(), DbError> {
    tx.execute(sql!("log/forget"), values![user])?;
    Ok(())
}

fn read(row: &Row) -> Result<Record, DbError> {
    let whom = |column| {
        let id: Option<i64> = row.get(column)?;
        Ok::<_, DbError>(id.map(|id| match id {
            FORGOTTEN => Whom::Forgotten,
            id => Whom::User(UserId(id)),
        }))
    };
    Ok(Record {
        at: row.get("done_at")?,
        by: whom("actor_id")?,
        capacity: row.word("capacity", Capacity::parse)?,
        action: row.json("action")?,
        subject: whom("subject_id")?,
        other: whom("other_id")?,
        reason: row.get("reason")?,
        overridden: row.get("overridden")?,
    })
}

#[cfg(test)]
mod tests;
