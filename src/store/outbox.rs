//! What the world is owed: card refreshes, messages that look for players, and direct messages, as
//! rows.
//!
//! May touch: the domain and [`Transaction`]. Invariant: a row is written in the transaction that
//! caused it and goes when it is delivered; if something was owed anew meanwhile (its generation
//! has risen), it stays.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::process::{self, ProcessId};
use super::sql::{DbError, Row, json, sql, values};
use super::{Command, Question, Read, Stop, Transaction, extras};
use crate::domain::extras::Extra;
use crate::domain::ids::{CallId, ChannelId, MessageId, SessionId, UserId};
use crate::domain::mode::Mode;
use crate::domain::role::Role;

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
/// What notices about being accepted or not are about.
const PLACE: &str = "place";

/// Something that is to be said to a person. The words are `discord`'s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Notice {
    /// A session that they had joined does not take place.
    Cancelled {
        /// Its name at that time.
        title: String,
        /// When it would have been.
        at: DateTime<Utc>,
        /// Why, if somebody said.
        reason: Option<String>,
    },
    /// A session that they had joined is at another time.
    Moved {
        /// Its name.
        title: String,
        /// When it was to be.
        from: DateTime<Utc>,
        /// When it is to be.
        to: DateTime<Utc>,
    },
    /// They were accepted.
    Accepted {
        /// The session's name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
        /// What they play.
        role: Role,
        /// Which session; `None` in what an earlier version owed.
        #[serde(default)]
        session: Option<SessionId>,
    },
    /// They were turned down.
    NotAccepted {
        /// The session's name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
        /// Why, if somebody said.
        #[serde(default)]
        reason: Option<String>,
    },
    /// A session in which they have a place was started before its time.
    StartsNow {
        /// Its name.
        title: String,
    },
    /// A session that was started before its time, in which they have a place, is ahead again.
    NotYet {
        /// Its name.
        title: String,
        /// When it is to start.
        at: DateTime<Utc>,
    },
    /// A session that was cancelled, and that they had joined, takes place after all.
    Reopened {
        /// Its name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
    },
    /// Their place was taken back, or they were turned down no longer: they wait again.
    Waiting {
        /// The session's name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
    },
    /// They play another of their roles from now on, so that more people fit.
    OtherRole {
        /// The session's name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
        /// What they play.
        role: Role,
        /// Which session; `None` in what an earlier version owed.
        #[serde(default)]
        session: Option<SessionId>,
    },
    /// They are asked whether they want a place that is free.
    Asked {
        /// Which session.
        session: SessionId,
        /// Its name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
        /// What they would play.
        role: Role,
        /// Until when the place is kept for them.
        until: DateTime<Utc>,
    },
    /// The place that they were asked about is not on offer any more; they wait as before.
    OfferOver {
        /// The session's name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
    },
    /// They are to say that they are there.
    CheckIn {
        /// For which session.
        session: SessionId,
        /// Its name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
    },
    /// They were not there at the start, and their place is free.
    NoShow {
        /// Of which session.
        session: SessionId,
        /// Its name.
        title: String,
        /// What they would have played.
        role: Role,
    },
    /// For an organiser: people are missing at the start, and this could be played instead.
    Short {
        /// Which session.
        session: SessionId,
        /// Its name.
        title: String,
        /// What could be played.
        ways: Vec<ShortWay>,
    },
    /// A session of theirs is near.
    Reminder {
        /// The session's name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
        /// Which session; `None` in what an earlier version owed.
        #[serde(default)]
        session: Option<SessionId>,
    },
    /// For the organiser: the session's thread or event could not be made.
    NoExtra {
        /// The session's name.
        title: String,
        /// What.
        extra: Extra,
        /// Whether a permission is all that is missing.
        permission: bool,
    },
    /// For the bot's owner: the database has grown large.
    LargeDatabase {
        /// Its size.
        bytes: u64,
        /// From which size on the owner is told.
        warn_bytes: u64,
    },
}

/// What could be played instead by those who are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortWay {
    /// What.
    pub mode: Mode,
    /// With how many teams.
    pub teams: u8,
    /// How many sit out.
    pub out: u32,
}

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
/// thread and event follow. What is owed already only becomes owed anew.
pub(super) fn owe_card(
    tx: &mut dyn Transaction,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    tx.execute(
        sql!("outbox/owe"),
        values![CARD, session.to_string(), "{}", now, now],
    )?;
    tx.execute(sql!("outbox/owe_calls"), values![session, now])?;
    extras::owe(tx, session, now)
}

/// Owes a message that looks for players, or its refresh, from `due` on.
pub(super) fn owe_call(
    tx: &mut dyn Transaction,
    call: CallId,
    due: DateTime<Utc>,
) -> Result<(), DbError> {
    let values = values![CALL, call.to_string(), "{}", due, due];
    tx.execute(sql!("outbox/owe"), values)?;
    Ok(())
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
    let values = [
        RETRACTION.into(),
        message.to_string().into(),
        json(&Place { channel }),
        now.into(),
        now.into(),
    ];
    tx.execute(sql!("outbox/owe"), &values)?;
    Ok(())
}

/// Owes a person a notice about `session`. Of several of one kind, the last one counts.
pub(super) fn owe_notice(
    tx: &mut dyn Transaction,
    session: SessionId,
    to: UserId,
    notice: Notice,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let subject = match notice {
        Notice::Reminder { .. } => "reminder",
        Notice::Accepted { .. }
        | Notice::NotAccepted { .. }
        | Notice::Waiting { .. }
        | Notice::OtherRole { .. }
        | Notice::Asked { .. }
        | Notice::OfferOver { .. }
        | Notice::NoShow { .. } => PLACE,
        Notice::CheckIn { .. } => "check_in",
        Notice::Short { .. } => "short",
        Notice::Moved { .. }
        | Notice::Cancelled { .. }
        | Notice::Reopened { .. }
        | Notice::StartsNow { .. }
        | Notice::NotYet { .. } => "session",
        Notice::NoExtra {
            extra: Extra::Thread,
            ..
        } => "no_thread",
        Notice::NoExtra {
            extra: Extra::Event,
            ..
        } => "no_event",
        Notice::LargeDatabase { .. } => "size",
    };
    owe_message(tx, notice_key(session, to, subject), to, notice, now)
}

/// Owes the bot's owner a notice about the bot itself. Of several, the last one counts.
pub(super) fn owe_owner(
    tx: &mut dyn Transaction,
    owner: UserId,
    notice: Notice,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    owe_message(tx, format!("bot:{owner}:owner"), owner, notice, now)
}

fn owe_message(
    tx: &mut dyn Transaction,
    key: String,
    to: UserId,
    notice: Notice,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let letter = json(&Letter { to, notice });
    let values = [
        DIRECT_MESSAGE.into(),
        key.into(),
        letter,
        now.into(),
        now.into(),
    ];
    tx.execute(sql!("outbox/owe"), &values)?;
    Ok(())
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
        let rows = db.query(sql!("outbox/due"), values![self.now, self.max])?;
        rows.iter().map(due).collect()
    }
}

/// Takes what is due and nobody has taken, oldest first, for one of several processes to deliver.
/// It is free again when it is settled or released, or when the process is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimDue {
    /// Who delivers it.
    pub process: ProcessId,
    /// The present time.
    pub now: DateTime<Utc>,
    /// Rows at most.
    pub max: u32,
}

impl Command for ClaimDue {
    const NAME: &'static str = "claim_due";
    type Answer = Vec<Due>;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Vec<Due>, Stop<Self::Refusal>> {
        if !process::is_here(tx, &self.process)? {
            return Ok(Vec::new());
        }
        let claim = sql!("outbox/claim", postgres);
        let rows = tx.query(claim, values![self.now, &self.process, self.max])?;
        Ok(rows.iter().map(due).collect::<Result<_, _>>()?)
    }
}

/// Lets go of what was claimed: it is owed anew, or nobody knows any more what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseClaims {
    /// Who had claimed it.
    pub process: ProcessId,
    /// The row's number; `None`: whatever the process has claimed.
    pub id: Option<i64>,
}

impl Command for ReleaseClaims {
    const NAME: &'static str = "release_claims";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        match self.id {
            Some(id) => tx.execute(sql!("outbox/release"), values![id, &self.process])?,
            None => tx.execute(sql!("outbox/release_all"), values![&self.process])?,
        };
        Ok(())
    }
}

fn due(row: &Row) -> Result<Due, DbError> {
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
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    /// It is there.
    Done,
    /// It can never be; it is forgotten.
    Impossible,
    /// It is to be tried again then.
    Again(DateTime<Utc>),
}

/// Settles one generation of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct Settle {
    /// The row's number.
    pub id: i64,
    /// The generation that was delivered.
    pub generation: i64,
    /// How it ended.
    pub delivery: Delivery,
    /// The message that a session's card is now; `None` inside: it has none any more.
    pub card: Option<(SessionId, Option<MessageId>)>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for Settle {
    const NAME: &'static str = "settle";
    /// Whether the row is still there: it was owed anew meanwhile, or is to be tried again.
    type Answer = bool;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<bool, Stop<Self::Refusal>> {
        if let Some((session, message)) = self.card {
            tx.execute(sql!("session/set_card"), values![session, message])?;
            // Both stand on the card: the thread at it, the event with a link to it.
            extras::owe(tx, session, self.at)?;
        }
        let gone = match self.delivery {
            Delivery::Done => {
                tx.execute(sql!("outbox/delivered"), values![self.id, self.generation])?
            }
            Delivery::Impossible => tx.execute(sql!("outbox/drop"), values![self.id])?,
            Delivery::Again(at) => {
                tx.execute(sql!("outbox/retry"), values![self.id, at])?;
                0
            }
        };
        Ok(gone == 0)
    }
}
