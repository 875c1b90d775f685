//! It is taken back that a session was cancelled, or started before its time.
//!
//! May touch: the domain and [`Transaction`]. Invariant: everybody who was in it is in it again, as
//! they were; whatever was to happen before the start is owed again, and whoever had been told of the
//! end or the start is told.
//!
//! A cancellation leaves queue and places as they are. What it does end: reminders, for which the clock
//! is wound again; offers, which nobody could answer meanwhile and which are therefore made
//! anew; a check-in, which opens again and asks those who have not answered; thread and event, which
//! follow the status (`domain/extras.rs`). Places of people who deleted their profile meanwhile are
//! free.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::super::outbox::{self, Notice};
use super::super::queue::{self, admission};
use super::super::sql::{DbError, sql, values};
use super::super::{Command, Read, Stop, Transaction, clock, log};
use super::{alive, change, load, set_status};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::log::Action;
use crate::domain::queue::{AskState, Asked};
use crate::domain::session::{Actor, Before, Session, SessionRefusal, Status};

/// The word under which a cancellation is on record.
const CANCELLED: &str = "cancelled";

/// Somebody takes back that a session was cancelled, or started before its time.
#[derive(Clone, Debug, PartialEq)]
pub struct TakeSessionBack {
    /// Which session.
    pub session: SessionId,
    /// Who, and from where.
    pub actor: Actor,
    /// When.
    pub at: DateTime<Utc>,
}

/// It is ahead again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionTakenBack {
    /// The session as it is now.
    pub session: Session,
    /// What it was until now: cancelled, or started.
    pub was: Status,
    /// How many people are told.
    pub told: u32,
}

impl Command for TakeSessionBack {
    const NAME: &'static str = "take_session_back";
    type Answer = SessionTakenBack;
    type Refusal = SessionRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<SessionTakenBack, Stop<SessionRefusal>> {
        let mut session = load(tx, self.session)?.ok_or(Stop::Refused(SessionRefusal::Unknown))?;
        let was = session.status;
        let before = before(tx, &session)?;
        let alive = alive(tx, session.guild, session.organiser)?;
        let now = session
            .taken_back(&self.actor, before, alive, self.at)
            .map_err(Stop::Refused)?;
        session.status = now.status;
        session.cancel_reason = None;
        let told = if was == Status::Started {
            self.not_yet(tx, &mut session, now)?
        } else {
            self.reopen(tx, &session)?
        };
        clock::wind(tx, session.id)?;
        Ok(SessionTakenBack { session, was, told })
    }
}

impl TakeSessionBack {
    /// It was started, and is ahead.
    fn not_yet(
        &self,
        tx: &mut dyn Transaction,
        session: &mut Session,
        before: Before,
    ) -> Result<u32, DbError> {
        session.plan.at = before.at;
        tx.execute(sql!("session/set_start"), values![session.id, before.at])?;
        set_status(tx, session, before.status, None, self.at)?;
        let done = Action::StartTakenBack;
        log::record(tx, session, &self.actor, done, self.at)?;
        let notice = Notice::NotYet {
            title: session.plan.title.clone(),
            at: session.plan.at,
        };
        // Those who were told that it started.
        let players = tx.query(sql!("session/players"), values![session.id])?;
        let mut told = 0;
        for row in players {
            let user: UserId = row.get("user_id")?;
            if user != self.actor.user {
                outbox::owe_notice(tx, session.id, user, notice.clone(), self.at)?;
                told += 1;
            } else {
                outbox::withdraw_changes(tx, session.id, user)?;
            }
        }
        Ok(told)
    }

    /// It was cancelled, and takes place.
    fn reopen(&self, tx: &mut dyn Transaction, session: &Session) -> Result<u32, DbError> {
        let cancelled_at = log::latest(tx, session.id, CANCELLED)?.map(|(_, at)| at);
        set_status(tx, session, session.status, None, self.at)?;
        log::record(tx, session, &self.actor, Action::Reopened, self.at)?;
        let notice = Notice::Reopened {
            title: session.plan.title.clone(),
            at: session.plan.at,
        };
        let told = change::tell(tx, session.id, self.actor.user, &notice, self.at)?;
        tx.execute(sql!("session/free_nobodys"), values![session.id])?;
        tx.execute(sql!("check_in/close"), values![session.id])?;
        let asked = forget_offers(tx, session, cancelled_at)?;
        admission::settle(tx, session, asked, None, self.at)?;
        Ok(told)
    }
}

/// Forgets the offers that ended with the session, as if nobody had been asked; how many these were.
/// Who had said no, or nothing in time, stays unasked.
fn forget_offers(
    tx: &mut dyn Transaction,
    session: &Session,
    cancelled_at: Option<DateTime<Utc>>,
) -> Result<usize, DbError> {
    let cut_short = |asked: Asked| match asked.state {
        AskState::Open => true,
        AskState::Silent => cancelled_at.is_some_and(|at| asked.until > at),
        AskState::Declined | AskState::TakenBack => false,
    };
    let queue = queue::load(tx, session.id)?;
    let waiting = queue.waiting();
    let asked = waiting.filter(|entry| entry.asked.is_some_and(cut_short));
    let mut count = 0;
    for user in asked.map(|entry| entry.person.id) {
        admission::unask(tx, session.id, user)?;
        outbox::withdraw_place(tx, session.id, user)?;
        count += 1;
    }
    Ok(count)
}

/// How a session was before it was cancelled, or started by hand, by what is on record.
pub(in crate::store) fn before(
    db: &mut dyn Read,
    session: &Session,
) -> Result<Option<Before>, DbError> {
    let did = match session.status {
        Status::Cancelled => CANCELLED,
        Status::Started => "started",
        Status::Open | Status::Closed | Status::Completed => return Ok(None),
    };
    let before = match log::latest(db, session.id, did)? {
        Some((Action::Cancelled { was }, _)) => was.map(|status| (status, session.plan.at)),
        // What starts early starts at that moment; a record of another one is of an earlier start,
        // which was taken back.
        Some((Action::Started { planned, was }, at)) if at == session.plan.at => {
            Some((was.unwrap_or(Status::Open), planned))
        }
        _ => None,
    };
    Ok(before.map(|(status, at)| Before { status, at }))
}
