//! Messages with buttons that ask one person something: remembered while they may be answered, and
//! edited once they need no answer any more.
//!
//! May touch: the domain and [`Transaction`]. Invariant: whatever ends a prompt enqueues the edit that
//! takes its buttons away, in the same transaction.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Notice, Owed, PROMPT_END, owe};
use crate::domain::ids::{ChannelId, MessageId, SessionId, UserId};
use crate::domain::prompt::{PromptEnd, PromptKind, end};
use crate::domain::session::{Session, Status};
use crate::domain::short;
use crate::store::sql::{DbError, Row, json, sql, values};
use crate::store::{Command, Stop, Transaction, queue, session};

/// What an edit of a prompt that has ended needs to know besides its message.
#[derive(Serialize, Deserialize)]
struct Ended {
    channel: ChannelId,
    /// Whom the message mentions, in a thread.
    mention: Option<UserId>,
    /// Whether it is in a thread; in what an earlier version enqueued it mentions somebody there.
    #[serde(default)]
    in_thread: bool,
    /// The session that it is about; `None` in what an earlier version enqueued.
    #[serde(default)]
    session: Option<SessionId>,
    title: String,
    end: PromptEnd,
}

/// A prompt as a notice asks it: about which session, what, and its deadline.
pub fn prompt_of(notice: &Notice) -> Option<(SessionId, PromptKind, DateTime<Utc>)> {
    match notice {
        Notice::Asked { session, until, .. } => Some((*session, PromptKind::Offer, *until)),
        Notice::CheckIn { session, at, .. } => Some((*session, PromptKind::CheckIn, *at)),
        Notice::NoShow { session, .. } => Some((*session, PromptKind::Late, DateTime::UNIX_EPOCH)),
        Notice::Short { session, .. } => {
            Some((*session, PromptKind::Shortage, DateTime::UNIX_EPOCH))
        }
        _ => None,
    }
}

/// A prompt was posted.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordPrompt {
    /// About which session.
    pub session: SessionId,
    /// Whom it asks.
    pub user: UserId,
    /// What it asks.
    pub kind: PromptKind,
    /// Of an offer its end, of a check-in the start that it is for.
    pub deadline: DateTime<Utc>,
    /// Where it is.
    pub channel: ChannelId,
    /// Which message it is.
    pub message: MessageId,
    /// Whether it is in the session's thread instead of a direct message.
    pub in_thread: bool,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for RecordPrompt {
    const NAME: &'static str = "record_prompt";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        let values = values![
            self.message,
            self.channel,
            self.in_thread,
            self.session,
            self.user,
            self.kind.as_str(),
            self.deadline
        ];
        tx.execute(sql!("prompt/record"), values)?;
        // It may have been answered, on the card, while it was being posted.
        Ok(end_prompts(tx, self.session, self.at)?)
    }
}

/// Enqueues the end of every prompt of `session` that needs no answer any more.
pub(in crate::store) fn end_prompts(
    tx: &mut dyn Transaction,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let rows = tx.query(sql!("prompt/outdated"), values![session])?;
    if rows.is_empty() {
        return Ok(());
    }
    let Some(session) = session::load(tx, session)? else {
        return Ok(());
    };
    for row in rows {
        let kind = row.word("kind", PromptKind::parse)?;
        if kind == PromptKind::Shortage && is_short(tx, &session)? {
            continue;
        }
        let user: UserId = row.get("user_id")?;
        let entry = queue::entry(tx, session.id, user)?;
        let end = end(kind, row.get("deadline")?, &session, entry.as_ref());
        let in_thread: bool = row.get("in_thread")?;
        let mention = in_thread.then_some(user);
        end_one(tx, &row, (mention, session.plan.title.clone(), end), now)?;
    }
    Ok(())
}

/// Enqueues the end of every prompt that asks `user`, who is about to be forgotten.
pub(in crate::store) fn end_prompts_of(
    tx: &mut dyn Transaction,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    for row in tx.query(sql!("prompt/of_user"), values![user])? {
        let title = row.get("title")?;
        end_one(tx, &row, (None, title, PromptEnd::Withdrawn), now)?;
    }
    Ok(())
}

fn end_one(
    tx: &mut dyn Transaction,
    row: &Row,
    (mention, title, end): (Option<UserId>, String, PromptEnd),
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let message: MessageId = row.get("message_id")?;
    let ended = Ended {
        channel: row.get("channel_id")?,
        mention,
        in_thread: row.get("in_thread")?,
        session: Some(row.get("session_id")?),
        title,
        end,
    };
    tx.execute(sql!("prompt/forget"), values![message])?;
    owe(tx, PROMPT_END, message.to_string(), json(&ended), now)
}

/// Whether people are missing in a session under way that could play something else.
fn is_short(tx: &mut dyn Transaction, session: &Session) -> Result<bool, DbError> {
    if session.status != Status::Started {
        return Ok(false);
    }
    let queue = queue::load(tx, session.id)?;
    Ok(!short::ways(session, &queue).is_empty())
}

/// The edit that a row asks for.
pub(super) fn read(row: &Row, message: MessageId) -> Result<Owed, DbError> {
    let Ended {
        channel,
        mention,
        in_thread,
        title,
        end,
        ..
    } = row.json("payload")?;
    Ok(Owed::PromptEnd {
        channel,
        message,
        mention,
        in_thread: in_thread || mention.is_some(),
        title,
        end,
    })
}

/// The session that an edit is about, if the row says.
pub(super) fn session_of(row: &Row) -> Result<Option<SessionId>, DbError> {
    Ok(row.json::<Ended>("payload")?.session)
}
