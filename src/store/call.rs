//! Messages that look for more players, in channels besides the card's.
//!
//! May touch: the domain and [`Transaction`]. Invariant: a row is a message that is kept true (the
//! outbox refreshes it whenever the card is refreshed); when the row goes, the message is owed its
//! end.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::queue::{SessionView, ViewSession};
use super::sql::{DbError, Row, sql, values};
use super::{Command, Question, Read, Stop, Transaction, log, outbox, queue, session};
use crate::domain::admission::Door;
use crate::domain::call::{CallRefusal, may_call};
use crate::domain::ids::{CallId, ChannelId, MessageId, SessionId};
use crate::domain::log::Action;
use crate::domain::session::{Actor, Session, SessionRefusal};

/// Whoever asks for a message posts it themselves, to say at once whether that went well; if they
/// don't get to it, the outbox does it this much later, in seconds.
const POSTED_BY_OUTBOX_AFTER_S: i64 = 15;

/// A message that looks for players.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Its number.
    pub id: CallId,
    /// For which session.
    pub session: SessionId,
    /// In which channel.
    pub channel: ChannelId,
    /// The message; `None` until it is posted.
    pub message: Option<MessageId>,
}

/// The messages that look for players of a session, the oldest first.
#[derive(Debug)]
pub struct CallsOf(pub SessionId);

impl Question for CallsOf {
    type Answer = Vec<Call>;

    fn ask(&self, db: &mut dyn Read) -> Result<Vec<Call>, DbError> {
        of_session(db, self.0)
    }
}

/// A message that looks for players, with what it is to show.
#[derive(Debug)]
pub struct ViewCall(pub CallId);

impl Question for ViewCall {
    type Answer = Option<(Call, SessionView)>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let Some(row) = db.query_one(sql!("call/load"), values![self.0])? else {
            return Ok(None);
        };
        let call = read(&row)?;
        let view = ViewSession(call.session).ask(db)?;
        Ok(view.map(|view| (call, view)))
    }
}

/// Somebody has a message look for players in a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct PostCall {
    /// For which session.
    pub session: SessionId,
    /// Who, from where.
    pub actor: Actor,
    /// In which channel of that server.
    pub channel: ChannelId,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for PostCall {
    const NAME: &'static str = "post_call";
    /// The message, which may be there already.
    type Answer = Call;
    type Refusal = CallRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Call, Stop<CallRefusal>> {
        let session = found(tx, self.session)?;
        let queue = queue::load(tx, session.id)?;
        let calls = of_session(tx, session.id)?;
        let same = calls.iter().find(|call| call.channel == self.channel);
        // One that is there already needs no room.
        let present = if same.is_some() { 0 } else { calls.len() };
        let organiser = session::measured_from(tx, session.organiser, &session.plan.limits)?;
        let door = Door {
            session: &session,
            queue: &queue,
            organiser: organiser.as_ref(),
        };
        may_call(&door, &self.actor, present).map_err(Stop::Refused)?;
        if let Some(call) = same {
            outbox::owe_call(tx, call.id, self.at)?;
            return Ok(*call);
        }
        let values = values![session.id, self.channel, self.at];
        let row = tx.query_one(sql!("call/insert"), values)?;
        let id = row.ok_or(DbError::NoRow("call/insert"))?.get("id")?;
        let later = self.at + TimeDelta::seconds(POSTED_BY_OUTBOX_AFTER_S);
        outbox::owe_call(tx, id, later)?;
        let done = Action::CallPosted {
            channel: self.channel,
        };
        log::record(tx, &session, &self.actor, done, self.at)?;
        Ok(Call {
            id,
            session: session.id,
            channel: self.channel,
            message: None,
        })
    }
}

/// Somebody has a message look no more; it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct CloseCall {
    /// Which.
    pub call: CallId,
    /// Who, from where.
    pub actor: Actor,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for CloseCall {
    const NAME: &'static str = "close_call";
    /// What it was.
    type Answer = Call;
    type Refusal = CallRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Call, Stop<CallRefusal>> {
        let row = tx.query_one(sql!("call/load"), values![self.call])?;
        let call = read(&row.ok_or(Stop::Refused(CallRefusal::Gone))?)?;
        let session = found(tx, call.session)?;
        session
            .managed_by(&self.actor)
            .map_err(|refusal| Stop::Refused(CallRefusal::Session(refusal)))?;
        forget(tx, call.id)?;
        if let Some(message) = call.message {
            outbox::owe_retraction(tx, call.session, call.channel, message, self.at)?;
        }
        let done = Action::CallClosed {
            channel: call.channel,
        };
        log::record(tx, &session, &self.actor, done, self.at)?;
        Ok(call)
    }
}

/// What became of a message's delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct SettleCall {
    /// Which, as it was delivered.
    pub call: Call,
    /// The message that it is; `None`: somebody has deleted it, and it looks no more.
    pub message: Option<MessageId>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for SettleCall {
    const NAME: &'static str = "settle_call";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        match self.message {
            Some(message) => {
                let values = values![self.call.id, message];
                if tx.execute(sql!("call/set_message"), values)? == 0 {
                    // It was closed while it was being posted.
                    outbox::owe_retraction(
                        tx,
                        self.call.session,
                        self.call.channel,
                        message,
                        self.at,
                    )?;
                }
            }
            None => forget(tx, self.call.id)?,
        }
        Ok(())
    }
}

fn of_session(db: &mut dyn Read, session: SessionId) -> Result<Vec<Call>, DbError> {
    let rows = db.query(sql!("call/of_session"), values![session])?;
    rows.iter().map(read).collect()
}

fn found(db: &mut dyn Read, id: SessionId) -> Result<Session, Stop<CallRefusal>> {
    let unknown = || Stop::Refused(CallRefusal::Session(SessionRefusal::Unknown));
    session::load(db, id)?.ok_or_else(unknown)
}

fn forget(tx: &mut dyn Transaction, call: CallId) -> Result<(), DbError> {
    tx.execute(sql!("call/delete"), values![call])?;
    outbox::withdraw_call(tx, call)
}

fn read(row: &Row) -> Result<Call, DbError> {
    Ok(Call {
        id: row.get("id")?,
        session: row.get("session_id")?,
        channel: row.get("channel_id")?,
        message: row.get("message_id")?,
    })
}
