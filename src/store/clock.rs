//! What happens by itself: sessions start and end, reminders fall due, receipts grow old.
//!
//! May touch: the domain and [`Transaction`]. Invariant: what is due is worked out from what is
//! remembered, so that whatever fell due while nobody ran happens at the next start; and it is found
//! by an index, however much is ahead.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::sql::{DbError, sql, values};
use super::{Command, Question, Read, Stop, Transaction, outbox, queue, session};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::session::{Session, Status};

/// Sessions or reminders that one command sees to; the rest waits for the next one, so that a
/// long absence never holds the writer up.
pub const TURNS_MAX: u32 = 64;

/// The clock is looked at this often, whatever is due, in hours.
const LOOK_AGAIN_H: i64 = 12;

/// Does what is due at `now` but reminders, [`TURNS_MAX`] of each kind at most.
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
        let check_ins = queue::check_in::open(tx, self.now, TURNS_MAX)?;
        let offers = queue::offer::expire(tx, self.now, TURNS_MAX)?;
        let sessions = self.turn(tx)?;
        Ok(Advanced {
            sessions,
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
}

/// Owes the reminders that are due at `now`, [`TURNS_MAX`] at most: of what has not started, and after
/// [`AdvanceClock`], since the message of a check-in is a reminder too. A command of its own, so that
/// nothing that starts waits for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Remind {
    /// The present time.
    pub now: DateTime<Utc>,
}

impl Command for Remind {
    const NAME: &'static str = "remind";
    /// How many are now owed.
    type Answer = u32;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<u32, Stop<Self::Refusal>> {
        let mut reminded = 0;
        for row in tx.query(sql!("clock/to_remind_of"), values![self.now, TURNS_MAX])? {
            let Some(session) = session::load(tx, row.get("id")?)? else {
                continue;
            };
            reminded += self.remind_of(tx, &session, TURNS_MAX - reminded)?;
            wind(tx, session.id)?;
            if reminded == TURNS_MAX {
                break;
            }
        }
        Ok(reminded)
    }
}

impl Remind {
    fn remind_of(
        &self,
        tx: &mut dyn Transaction,
        session: &Session,
        max: u32,
    ) -> Result<u32, DbError> {
        let mut reminded = 0;
        for row in tx.query(
            sql!("clock/reminders_due"),
            values![session.id, self.now, max],
        )? {
            let (to, at): (UserId, _) = (row.get("user_id")?, session.plan.at);
            tx.execute(sql!("clock/reminded"), values![session.id, to, at])?;
            let notice = outbox::Notice::Reminder {
                title: session.plan.title.clone(),
                at,
                session: Some(session.id),
            };
            outbox::owe_notice(tx, session.id, to, notice, self.now)?;
            reminded += 1;
        }
        Ok(reminded)
    }
}

/// Works out when somebody is to be reminded of a session first. Belongs to whatever may bring that
/// forward: somebody comes in, or wants to be reminded earlier; the session moves.
pub(super) fn wind(tx: &mut dyn Transaction, session: SessionId) -> Result<(), DbError> {
    tx.execute(sql!("clock/wind"), values![session])?;
    Ok(())
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

/// When [`AdvanceClock`] and [`Remind`] are to run next; in the past if they have something to do
/// already.
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
        let reminder = db.query_one(sql!("clock/next_reminder"), values![self.now])?;
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

#[cfg(test)]
mod tests;
