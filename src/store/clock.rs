//! What happens by itself: sessions start and end, reminders fall due, receipts grow old.
//!
//! May touch: the domain and [`Transaction`]. Invariant: what is due is worked out from what is
//! remembered, so that whatever fell due while nobody ran happens at the next start.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::sql::{DbError, sql, values};
use super::{Command, Question, Read, Stop, Transaction, outbox, queue, session};
use crate::domain::ids::SessionId;
use crate::domain::session::{Session, Status};

/// Sessions or reminders that one command sees to; the rest waits for the next one, so that a
/// long absence never holds the writer up.
pub const TURNS_MAX: u32 = 64;

/// Reminders of sessions further ahead than this are not looked for, in hours. Longer than the
/// longest reminder by more than [`LOOK_AGAIN_H`].
const REMINDERS_AHEAD_H: i64 = 48;
/// The clock is looked at this often, whatever is due, in hours.
const LOOK_AGAIN_H: i64 = 12;

/// Does what is due at `now`, [`TURNS_MAX`] of each kind at most.
#[derive(Clone, Debug, PartialEq)]
pub struct AdvanceClock {
    /// The present time.
    pub now: DateTime<Utc>,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advanced {
    /// Sessions that started or were completed.
    pub sessions: u32,
    /// Reminders that are now owed.
    pub reminders: u32,
    /// Sessions in which offers ended without an answer.
    pub offers: u32,
    /// Check-ins that are open now.
    pub check_ins: u32,
}

impl Command for AdvanceClock {
    const NAME: &'static str = "advance_clock";
    type Answer = Advanced;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Advanced, Stop<Self::Refusal>> {
        // A check-in's message is a reminder too; and reminders are only owed for what has not
        // started.
        let check_ins = queue::check_in::open(tx, self.now, TURNS_MAX)?;
        let reminders = self.remind(tx)?;
        let offers = queue::offer::expire(tx, self.now, TURNS_MAX)?;
        let sessions = self.turn(tx)?;
        Ok(Advanced {
            sessions,
            reminders,
            offers,
            check_ins,
        })
    }
}

impl AdvanceClock {
    fn turn(&self, tx: &mut dyn Transaction) -> Result<u32, DbError> {
        let mut turned = 0;
        for row in tx.query(sql!("session/due"), values![self.now, TURNS_MAX])? {
            let Some(session) = session::load(tx, row.get("id")?)? else {
                continue;
            };
            if turn(tx, &session, self.now)? {
                turned += 1;
            }
        }
        Ok(turned)
    }

    fn remind(&self, tx: &mut dyn Transaction) -> Result<u32, DbError> {
        let mut reminded = 0;
        for row in tx.query(sql!("clock/reminders_due"), values![self.now, TURNS_MAX])? {
            let (id, to): (SessionId, _) = (row.get("session_id")?, row.get("user_id")?);
            let at: DateTime<Utc> = row.get("scheduled_time")?;
            tx.execute(sql!("clock/reminded"), values![id, to, at])?;
            let Some(session) = session::load(tx, id)? else {
                continue;
            };
            let notice = outbox::Notice::Reminder {
                title: session.plan.title,
                at,
                session: Some(id),
            };
            outbox::owe_notice(tx, id, to, notice, self.now)?;
            reminded += 1;
        }
        Ok(reminded)
    }
}

/// Makes of a session what it is due to become at `now`; whether that is anything. Whatever hangs
/// on a start or an end belongs here: a session that is started by hand passes here too.
pub(super) fn turn(
    tx: &mut dyn Transaction,
    session: &Session,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let Some(status) = session.due(now) else {
        return Ok(false);
    };
    session::set_status(tx, session, status, None, now)?;
    if status == Status::Started {
        let started = Session {
            status,
            ..session.clone()
        };
        queue::check_in::started(tx, &started, now)?;
    }
    Ok(true)
}

/// When [`AdvanceClock`] is to run next; in the past if it has something to do already.
#[derive(Debug)]
pub struct NextTurn {
    /// The present time.
    pub now: DateTime<Utc>,
}

impl Question for NextTurn {
    type Answer = DateTime<Utc>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let due = |row: Option<super::sql::Row>| match row {
            Some(row) => row.get::<Option<DateTime<Utc>>>("due"),
            None => Ok(None),
        };
        let session = due(db.query_one(sql!("session/next_due"), values![])?)?;
        let horizon = self.now + TimeDelta::hours(REMINDERS_AHEAD_H);
        let reminder = db.query_one(sql!("clock/next_reminder"), values![self.now, horizon])?;
        let offer = db.query_one(sql!("admission/next_end"), values![])?;
        let check_in = db.query_one(sql!("check_in/next"), values![self.now])?;
        let look_again = self.now + TimeDelta::hours(LOOK_AGAIN_H);
        Ok(session
            .into_iter()
            .chain(due(reminder)?)
            .chain(due(offer)?)
            .chain(due(check_in)?)
            .fold(look_again, DateTime::min))
    }
}

/// Forgets the receipts of interactions from before `before`.
#[derive(Clone, Debug, PartialEq)]
pub struct ForgetReceipts {
    /// The oldest that is kept.
    pub before: DateTime<Utc>,
}

impl Command for ForgetReceipts {
    const NAME: &'static str = "forget_receipts";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        tx.execute(sql!("receipt/forget"), values![self.before])?;
        Ok(())
    }
}
