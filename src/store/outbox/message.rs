//! Direct messages: enqueued, merged with what was not sent yet, withdrawn.
//!
//! May touch: the domain and [`Transaction`]. Invariant: of several notices about the same subject one is
//! sent.

use chrono::{DateTime, TimeDelta, Utc};

use super::coalesce::{self, Merged};
use super::notice::{CHANGES, PLACE};
use super::{DIRECT_MESSAGE, Letter, Notice, owe};
use crate::domain::ids::{SessionId, UserId};
use crate::store::sql::{DbError, json, sql, values};
use crate::store::{Read, Transaction};

/// Owes a person a notice about `session`. Of several about the same that were not sent yet, one goes
/// out that leads to what is true, or none if nothing is different from what they were told last.
pub(in crate::store) fn owe_notice(
    tx: &mut dyn Transaction,
    session: SessionId,
    to: UserId,
    notice: Notice,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let key = notice_key(session, to, notice.subject());
    let pending = held_back(tx, &key, now)?;
    let is_pending = pending.is_some();
    let notice = match pending.map(|pending| coalesce::merge(pending, notice.clone())) {
        Some(Merged::Nothing) => {
            tx.execute(sql!("outbox/withdraw"), values![DIRECT_MESSAGE, key])?;
            return Ok(());
        }
        Some(Merged::Say(notice)) => notice,
        None => notice,
    };
    let Some(wait) = coalesce::settles(&notice, now) else {
        return owe_message(tx, key, to, notice, now);
    };
    if is_pending {
        // It settles anew, but not for ever; a row counts from when it was first to be sent.
        let longest = coalesce::SETTLES_MAX_S - coalesce::SETTLES_S;
        let values = values![DIRECT_MESSAGE, &key, now + wait, longest];
        tx.execute(sql!("outbox/put_off"), values)?;
    }
    owe_message(tx, key, to, notice, now + wait)
}

/// The notice under `key` that is held back and not on its way yet.
fn held_back(db: &mut dyn Read, key: &str, now: DateTime<Utc>) -> Result<Option<Notice>, DbError> {
    let sent = now + TimeDelta::seconds(coalesce::ON_ITS_WAY_S);
    let row = db.query_one(sql!("outbox/held_back"), values![DIRECT_MESSAGE, key, sent])?;
    let letter = row.map(|row| row.json::<Letter>("payload")).transpose()?;
    Ok(letter.map(|letter| letter.notice))
}

/// Owes the bot's owner a notice about the bot itself. Of several about the same, the last one counts.
pub(in crate::store) fn owe_owner(
    tx: &mut dyn Transaction,
    owner: UserId,
    notice: Notice,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    // The key of the first notice there was stays what it is: it may be owed across an update.
    let key = match &notice {
        Notice::LargeDatabase { .. } => format!("bot:{owner}:owner"),
        notice => format!("bot:{owner}:{}", notice.subject()),
    };
    owe_message(tx, key, owner, notice, now)
}

fn owe_message(
    tx: &mut dyn Transaction,
    key: String,
    to: UserId,
    notice: Notice,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let letter = json(&Letter { to, notice });
    owe(tx, DIRECT_MESSAGE, key, letter, now)
}

/// Owes a person no longer what was to be said about their place: they have given it up.
pub(in crate::store) fn withdraw_place(
    tx: &mut dyn Transaction,
    session: SessionId,
    to: UserId,
) -> Result<(), DbError> {
    let key = notice_key(session, to, PLACE);
    tx.execute(sql!("outbox/withdraw"), values![DIRECT_MESSAGE, key])?;
    Ok(())
}

/// Owes a person no longer what was to be said about changes of `session`: they have left it.
pub(in crate::store) fn withdraw_changes(
    tx: &mut dyn Transaction,
    session: SessionId,
    to: UserId,
) -> Result<(), DbError> {
    let key = notice_key(session, to, CHANGES);
    tx.execute(sql!("outbox/withdraw"), values![DIRECT_MESSAGE, key])?;
    Ok(())
}

fn notice_key(session: SessionId, to: UserId, subject: &str) -> String {
    format!("{session}:{to}:{subject}")
}

/// What `to` is still to be told, in the order of owing.
pub(in crate::store) fn notices_to(db: &mut dyn Read, to: UserId) -> Result<Vec<Notice>, DbError> {
    let rows = db.query(sql!("outbox/messages_to"), values![to.to_string()])?;
    let letters = rows.iter().map(|row| row.json::<Letter>("payload"));
    letters.map(|letter| Ok(letter?.notice)).collect()
}

/// Owes `to` nothing any more.
pub(in crate::store) fn drop_notices_to(
    tx: &mut dyn Transaction,
    to: UserId,
) -> Result<(), DbError> {
    tx.execute(sql!("outbox/drop_messages_to"), values![to.to_string()])?;
    Ok(())
}
