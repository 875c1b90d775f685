//! What the world is owed: card refreshes, messages that look for players, and direct messages, as
//! rows.
//!
//! May touch: the domain and [`Transaction`]. Invariant: a row is written in the transaction that
//! caused it and goes when it is delivered; if something was owed anew meanwhile (its generation
//! has risen), it stays.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::sql::{DbError, Sql, Value, json, sql, values};
use super::{Transaction, extras};
use crate::domain::ids::{CallId, ChannelId, MessageId, SessionId, UserId};
use crate::domain::prompt::PromptEnd;

mod coalesce;
mod destination;
mod due;
mod message;
mod notice;
pub mod parking;
mod prompt;
mod settle;

pub use destination::Destination;
pub use due::{
    BringForward, ClaimDue, DueNow, LatestDue, NextDue, ReleaseClaim, ReleaseUnknown, SpreadDue,
};
pub(super) use message::{
    drop_notices_to, notices_to, owe_notice, owe_owner, withdraw_changes, withdraw_place,
};
pub use notice::{Notice, ShortWay};
pub use prompt::{RecordPrompt, prompt_of};
pub(super) use prompt::{end_prompts, end_prompts_of};
pub use settle::{CardAt, Delivery, Settle};

/// The kind of the rows that refresh a card; their key is the session.
pub(super) const CARD: &str = "card";
/// The kinds of the rows that bring a session's thread and event to where they should be; likewise.
const THREAD: &str = "thread";
const EVENT: &str = "event";
const DIRECT_MESSAGE: &str = "direct_message";
/// The kind of the rows that refresh a message that looks for players; their key is its number.
/// `outbox/owe_calls` has it too.
const CALL: &str = "call";
/// The kind of the rows that take a message away; their key is the message.
const RETRACTION: &str = "retraction";
/// The kind of the rows that edit a message which asked somebody something; their key is the message.
const PROMPT_END: &str = "prompt_end";

/// What is owed anew while its delivery fails is due again after this long at most, in seconds:
/// neither as often as somebody clicks, nor as late as what nobody has clicked at since.
const ANEW_WITHIN_S: i64 = 15;
/// So many of the failed deliveries of what is owed anew still count.
const ANEW_ATTEMPTS_MAX: u32 = 3;

/// What a row asks to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Owed {
    /// The card of a session is to show what is true now.
    Card(SessionId),
    /// The thread of a session is to follow it.
    Thread(SessionId),
    /// The scheduled event of a session is to follow it.
    Event(SessionId),
    /// A message that looks for players is to say what is true now.
    Call(CallId),
    /// A message is to go.
    Retraction {
        /// Where it is.
        channel: ChannelId,
        /// Which.
        message: MessageId,
    },
    /// A message that asked somebody something needs no answer any more: it is to say so, without
    /// buttons.
    PromptEnd {
        /// Where it is.
        channel: ChannelId,
        /// Which.
        message: MessageId,
        /// Whom it mentions, in a thread.
        mention: Option<UserId>,
        /// Whether it is in a thread instead of a direct message.
        in_thread: bool,
        /// The session's name.
        title: String,
        /// What became of it.
        end: PromptEnd,
    },
    /// A person is to be told something.
    Message {
        /// Whom.
        to: UserId,
        /// What.
        notice: Notice,
    },
}

/// A row that is due.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Due {
    /// Its number.
    pub id: i64,
    /// How often something was owed under its key; a delivery settles one generation.
    pub generation: i64,
    /// Deliveries that failed so far.
    pub attempts: u32,
    /// What to do.
    pub owed: Owed,
    /// Where it goes.
    pub destination: Destination,
}

#[derive(Serialize, Deserialize)]
struct Place {
    channel: ChannelId,
    /// The session whose message it was; `None` in what an earlier version enqueued.
    #[serde(default)]
    session: Option<SessionId>,
}

#[derive(Serialize, Deserialize)]
struct Letter {
    to: UserId,
    notice: Notice,
}

/// Owes the refresh of a session's card, and of the messages that look for players of it, and that its
/// thread and event follow; and that what was asked and needs no answer any more loses its buttons. What
/// is owed already only becomes owed anew.
pub(super) fn owe_card(
    tx: &mut dyn Transaction,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    owe(tx, CARD, session.to_string(), "{}".into(), now)?;
    owe_for(tx, sql!("outbox/owe_calls"), session, now)?;
    end_prompts(tx, session, now)?;
    extras::owe(tx, session, now)
}

/// Owes what `statement` finds for a session.
pub(super) fn owe_for(
    tx: &mut dyn Transaction,
    statement: Sql,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let values = values![session, now, ANEW_WITHIN_S, ANEW_ATTEMPTS_MAX];
    tx.execute(statement, values)?;
    Ok(())
}

fn owe(
    tx: &mut dyn Transaction,
    kind: &str,
    key: String,
    payload: Value,
    due: DateTime<Utc>,
) -> Result<(), DbError> {
    let values = [
        kind.into(),
        key.into(),
        payload,
        due.into(),
        due.into(),
        ANEW_WITHIN_S.into(),
        ANEW_ATTEMPTS_MAX.into(),
    ];
    tx.execute(sql!("outbox/owe"), &values)?;
    Ok(())
}

/// Owes a message that looks for players, or its refresh, from `due` on.
pub(super) fn owe_call(
    tx: &mut dyn Transaction,
    call: CallId,
    due: DateTime<Utc>,
) -> Result<(), DbError> {
    owe(tx, CALL, call.to_string(), "{}".into(), due)
}

/// Owes a message that looks for players no longer.
pub(super) fn withdraw_call(tx: &mut dyn Transaction, call: CallId) -> Result<(), DbError> {
    let values = values![CALL, call.to_string()];
    tx.execute(sql!("outbox/withdraw"), values)?;
    Ok(())
}

/// Owes the end of a message of `session`.
pub(super) fn owe_retraction(
    tx: &mut dyn Transaction,
    session: SessionId,
    channel: ChannelId,
    message: MessageId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let session = Some(session);
    let place = json(&Place { channel, session });
    owe(tx, RETRACTION, message.to_string(), place, now)
}

#[cfg(test)]
mod tests;
