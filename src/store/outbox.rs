//! What the world is owed: card refreshes, messages that look for players, and direct messages, as
//! rows.
//!
//! May touch: the domain and [`Transaction`]. Invariant: a row is written in the transaction that
//! caused it and goes when it is delivered; if something was owed anew meanwhile (its generation
//! has risen), it stays.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::process::{self, ProcessId};
use super::sql::{DbError, Row, Sql, Value, json, sql, values};
use super::{Command, Question, Read, Stop, Transaction, extras};
use crate::domain::ids::{CallId, ChannelId, MessageId, SessionId, UserId};
use crate::domain::prompt::PromptEnd;

mod coalesce;
mod destination;
mod notice;
pub mod parking;
mod prompt;

use coalesce::Merged;
pub use destination::Destination;
use notice::{CHANGES, PLACE};
pub use notice::{Notice, ShortWay};
use parking::Parking;
pub use prompt::{RecordPrompt, prompt_of};
pub(super) use prompt::{end_prompts, end_prompts_of};

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

/// Owes the end of a message.
pub(super) fn owe_retraction(
    tx: &mut dyn Transaction,
    channel: ChannelId,
    message: MessageId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let place = json(&Place { channel });
    owe(tx, RETRACTION, message.to_string(), place, now)
}

/// Owes a person a notice about `session`. Of several about the same that were not sent yet, one goes
/// out that leads to what is true, or none if nothing is different from what they were told last.
pub(super) fn owe_notice(
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
pub(super) fn owe_owner(
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
pub(super) fn withdraw_place(
    tx: &mut dyn Transaction,
    session: SessionId,
    to: UserId,
) -> Result<(), DbError> {
    let key = notice_key(session, to, PLACE);
    tx.execute(sql!("outbox/withdraw"), values![DIRECT_MESSAGE, key])?;
    Ok(())
}

/// Owes a person no longer what was to be said about changes of `session`: they have left it.
pub(super) fn withdraw_changes(
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
pub(super) fn notices_to(db: &mut dyn Read, to: UserId) -> Result<Vec<Notice>, DbError> {
    let rows = db.query(sql!("outbox/messages_to"), values![to.to_string()])?;
    let letters = rows.iter().map(|row| row.json::<Letter>("payload"));
    letters.map(|letter| Ok(letter?.notice)).collect()
}

/// Owes `to` nothing any more.
pub(super) fn drop_notices_to(tx: &mut dyn Transaction, to: UserId) -> Result<(), DbError> {
    tx.execute(sql!("outbox/drop_messages_to"), values![to.to_string()])?;
    Ok(())
}

/// What is due, oldest first.
#[derive(Debug)]
pub struct DueNow {
    /// The present time.
    pub now: DateTime<Utc>,
    /// Rows at most.
    pub max: u32,
}

impl Question for DueNow {
    type Answer = Vec<Due>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let rows = db.query(sql!("outbox/due", postgres), values![self.now, self.max])?;
        let read = |row: &Row| due(row, Destination::of(row)?);
        rows.iter().map(read).collect()
    }
}

/// Claims due rows that no process has claimed, for one of several processes to deliver. Returns
/// those that it got, as they are now. A row is free again when it is released, or when the process
/// is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimDue {
    /// Who delivers them.
    pub process: ProcessId,
    /// Which ones, as they were read.
    pub due: Vec<Due>,
}

impl Command for ClaimDue {
    const NAME: &'static str = "claim_due";
    type Answer = Vec<Due>;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Vec<Due>, Stop<Self::Refusal>> {
        if !process::is_here(tx, &self.process)? {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = self.due.iter().map(|due| due.id).collect();
        let claim = sql!("outbox/claim", postgres);
        let mut claimed = Vec::new();
        for row in tx.query(claim, values![json(&ids), &self.process])? {
            let id: i64 = row.get("id")?;
            let looked = self.due.iter().find(|due| due.id == id);
            let destination = looked.map(|due| due.destination).unwrap_or_default();
            claimed.push(due(&row, destination)?);
        }
        Ok(claimed)
    }
}

/// Spreads due rows over the time to come, in the order given, so that others come before them. It is
/// no failure of theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct SpreadDue {
    /// The rows' numbers. Those that somebody has claimed stay as they are.
    pub ids: Vec<i64>,
    /// When the first ones are due.
    pub from: DateTime<Utc>,
    /// How many are due with each second.
    pub a_second: u32,
}

impl Command for SpreadDue {
    const NAME: &'static str = "spread_due";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        let spread = sql!("outbox/spread", postgres);
        tx.execute(spread, values![json(&self.ids), self.from, self.a_second])?;
        Ok(())
    }
}

/// Lets go of what was delivered and is still owed.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseClaim {
    /// Who had claimed it.
    pub process: ProcessId,
    /// The row's number.
    pub id: i64,
}

impl Command for ReleaseClaim {
    const NAME: &'static str = "release_claim";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        tx.execute(sql!("outbox/release"), values![self.id, &self.process])?;
        Ok(())
    }
}

/// Lets go of what was claimed without the process hearing of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseUnknown {
    /// Who had claimed it.
    pub process: ProcessId,
    /// What it knows of: the numbers of the rows that it delivers.
    pub known: Vec<i64>,
}

impl Command for ReleaseUnknown {
    const NAME: &'static str = "release_unknown";
    /// How many there were.
    type Answer = u32;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<u32, Stop<Self::Refusal>> {
        let mut released = 0;
        for row in tx.query(sql!("outbox/claimed"), values![&self.process])? {
            let id = row.get("id")?;
            if !self.known.contains(&id) {
                tx.execute(sql!("outbox/release"), values![id, &self.process])?;
                released += 1;
            }
        }
        Ok(released)
    }
}

fn due(row: &Row, destination: Destination) -> Result<Due, DbError> {
    let kind: String = row.get("kind")?;
    let number = || row.word("key", |key| key.parse().ok());
    let owed = match kind.as_str() {
        CARD => Owed::Card(SessionId(number()?)),
        THREAD => Owed::Thread(SessionId(number()?)),
        EVENT => Owed::Event(SessionId(number()?)),
        CALL => Owed::Call(CallId(number()?)),
        RETRACTION => {
            let Place { channel } = row.json("payload")?;
            let message = MessageId(number()?);
            Owed::Retraction { channel, message }
        }
        PROMPT_END => prompt::read(row, MessageId(number()?))?,
        _ => {
            let Letter { to, notice } = row.json("payload")?;
            Owed::Message { to, notice }
        }
    };
    Ok(Due {
        id: row.get("id")?,
        generation: row.get("generation")?,
        attempts: row.get("attempts")?,
        owed,
        destination,
    })
}

/// When the next row will be due that is not due yet.
#[derive(Debug)]
pub struct NextDue {
    /// The present time.
    pub now: DateTime<Utc>,
}

impl Question for NextDue {
    type Answer = Option<DateTime<Utc>>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let row = db.query_one(sql!("outbox/next_due"), values![self.now])?;
        row.map_or(Ok(None), |row| row.get("due"))
    }
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It is there, or can never be.
    Over,
    /// It is to be tried again then.
    Again(DateTime<Utc>),
    /// It may be delivered from then on; what was done so far is no failure.
    Postponed(DateTime<Utc>),
    /// Discord refuses it there, which may pass.
    Parked(Parking),
}

/// The message that a session's card is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardAt {
    /// Of which session.
    pub session: SessionId,
    /// In which channel.
    pub channel: ChannelId,
    /// Which one; `None`: it has none any more.
    pub message: Option<MessageId>,
}

/// Remembers where a card is. One that was posted while its session went to another channel is taken away
/// again.
fn keep_card(tx: &mut dyn Transaction, card: CardAt, now: DateTime<Utc>) -> Result<(), DbError> {
    let values = values![card.session, card.message, card.channel];
    match card.message {
        // Both stand on the card: the thread at it, the event with a link to it.
        _ if tx.execute(sql!("session/set_card"), values)? > 0 => {
            extras::owe(tx, card.session, now)
        }
        Some(message) => owe_retraction(tx, card.channel, message, now),
        None => Ok(()),
    }
}

/// Settles one generation of a row, which stays claimed if it stays.
#[derive(Clone, Debug, PartialEq)]
pub struct Settle {
    /// The row's number.
    pub id: i64,
    /// Who has claimed it; `None` on a database of one process. If that is not so any more, somebody
    /// else delivers it, and nothing is changed.
    pub claim: Option<ProcessId>,
    /// The generation that was delivered.
    pub generation: i64,
    /// How it ended.
    pub delivery: Delivery,
    /// Where a session's card is now, if that has changed.
    pub card: Option<CardAt>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for Settle {
    const NAME: &'static str = "settle";
    /// Whether the row is still there and claimed: it was owed anew meanwhile, or is to be tried again.
    type Answer = bool;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<bool, Stop<Self::Refusal>> {
        let claim = values![self.id, self.claim.as_ref()];
        let Some(claimed) = tx.query_one(sql!("outbox/is_claimed"), claim)? else {
            return Ok(false);
        };
        if let Some(card) = self.card {
            keep_card(tx, card, self.at)?;
        }
        match self.delivery {
            Delivery::Over => {
                parking::unpark(tx, &claimed, self.at)?;
                let settled = values![self.id, self.generation];
                if tx.execute(sql!("outbox/delivered"), settled)? > 0 {
                    return Ok(false);
                }
                // What was owed meanwhile has not been tried yet.
                tx.execute(sql!("outbox/begin_anew"), values![self.id])?;
            }
            Delivery::Again(at) => {
                let anew = self.at + TimeDelta::seconds(ANEW_WITHIN_S);
                let retry = values![self.id, self.generation, at, anew];
                tx.execute(sql!("outbox/retry"), retry)?;
            }
            Delivery::Postponed(until) => {
                let postpone = values![self.id, self.generation, until];
                tx.execute(sql!("outbox/postpone"), postpone)?;
            }
            Delivery::Parked(parking) => return Ok(parking::park(tx, self, parking)?),
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
