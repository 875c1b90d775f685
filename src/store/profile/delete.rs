//! Forgetting a person, without taking anything from the history of the others.
//!
//! May touch: the domain and [`Transaction`]. Invariant: afterwards no row holds the person's id,
//! name or text, but the receipts of their last hour's clicks and messages to others that are on their way, which
//! go by themselves, their membership in threads until Discord has taken them out, and, of sessions that are not
//! over and in which they were turned down or their place was taken back, that it was.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::super::queue::admission;
use super::super::sql::{DbError, Row, sql, values};
use super::super::{Command, Question, Read, Stop, Transaction, account, log, outbox, session};
use crate::domain::ids::UserId;
use crate::domain::mode::Mode;
use crate::domain::session::{Session, Status};

/// Cards of sessions that are over lose the name one after the other, this many seconds apart, so
/// that a long history holds up no card of what is on.
const PAST_CARDS_APART_S: i64 = 2;

/// What would go with a person; `None` if nothing is held of them.
#[derive(Debug)]
pub struct WhatIsHeld(pub UserId);

/// A session that is at stake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stake {
    /// Its name.
    pub title: String,
    /// When it is.
    pub at: DateTime<Utc>,
}

/// What is held of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holdings {
    /// Their BattleTags.
    pub battletags: Vec<String>,
    /// Sessions ahead that they organise: these are cancelled.
    pub organised: Vec<Stake>,
    /// Other sessions that are on and that they are in: these they leave.
    pub joined: Vec<Stake>,
    /// Sessions that are over and in which they had a place: it stays, without a name.
    pub played: u32,
}

impl Question for WhatIsHeld {
    type Answer = Option<Holdings>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        if !super::is_held(db, self.0)? {
            return Ok(None);
        }
        let accounts = account::of_user(db, self.0)?;
        let organised = organised_ahead(db, self.0)?.into_iter();
        let joined = db.query(sql!("profile/joined"), values![self.0])?;
        let played = db.query_one(sql!("profile/played"), values![self.0])?;
        Ok(Some(Holdings {
            battletags: accounts
                .into_iter()
                .map(|account| account.battletag)
                .collect(),
            organised: organised.map(|session| stake_of(&session)).collect(),
            joined: joined.iter().map(stake).collect::<Result<_, _>>()?,
            played: played
                .ok_or(DbError::NoRow("profile/played"))?
                .get("sessions")?,
        }))
    }
}

/// A person is forgotten.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteProfile {
    /// Who.
    pub user: UserId,
    /// What those are told who were in a session that is cancelled by this.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// The person is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// Sessions that were cancelled.
    pub cancelled: usize,
    /// Sessions that they left.
    pub left: usize,
    /// Sessions that are not over and in which they were turned down, which is all that stays known.
    #[serde(default)]
    pub refused: usize,
    /// Sessions that are not over and in which their place was taken back, which stays known likewise.
    #[serde(default)]
    pub taken_back: usize,
}

/// There was nothing to forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NothingHeld;

impl Command for DeleteProfile {
    const NAME: &'static str = "delete_profile";
    type Answer = Deleted;
    type Refusal = NothingHeld;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Deleted, Stop<NothingHeld>> {
        if !super::is_held(tx, self.user)? {
            return Err(Stop::Refused(NothingHeld));
        }
        let left = tx.query(sql!("profile/joined"), values![self.user])?.len();
        self.owe_cards(tx)?;
        // Before sessions are cancelled for a reason of our own.
        tx.execute(sql!("profile/unwrite_reasons"), values![self.user])?;
        let cancelled = self.cancel_sessions(tx)?;
        let freed = tx.query(sql!("profile/places"), values![self.user])?;
        // What was played stays, and loses the name with the person's row.
        tx.execute(sql!("profile/give_up_places"), values![self.user])?;
        let refused = tx.execute(sql!("profile/keep_refusals"), values![self.user])?;
        tx.execute(sql!("profile/keep_taken_back"), values![self.user])?;
        let taken_back = tx.query(sql!("profile/left_taken_back"), values![self.user])?;
        tx.execute(sql!("profile/unname_rejections"), values![self.user])?;
        tx.execute(sql!("profile/unname_selections"), values![self.user])?;
        self.unwrite_plans(tx)?;
        log::forget(tx, self.user)?;
        outbox::drop_notices_to(tx, self.user)?;
        outbox::end_prompts_of(tx, self.user, self.at)?;
        tx.execute(sql!("profile/delete"), values![self.user])?;
        for row in freed {
            self.fill_up(tx, &row)?;
        }
        Ok(Deleted {
            cancelled,
            left,
            refused,
            taken_back: taken_back.len(),
        })
    }
}

impl DeleteProfile {
    /// Owes every card that shows the person.
    fn owe_cards(&self, tx: &mut dyn Transaction) -> Result<(), DbError> {
        super::owe_cards(tx, self.user, self.at)?;
        let past = tx.query(sql!("profile/past_cards"), values![self.user])?;
        for (nth, row) in (1..).zip(past) {
            let due = self.at + TimeDelta::seconds(PAST_CARDS_APART_S * nth);
            outbox::owe_card(tx, row.get("id")?, due)?;
        }
        Ok(())
    }

    /// Has the place that they had, or were asked for, offered to others.
    fn fill_up(&self, tx: &mut dyn Transaction, freed: &Row) -> Result<(), DbError> {
        if let Some(session) = session::load(tx, freed.get("session_id")?)? {
            let asked: bool = freed.get("asked")?;
            admission::settle(tx, &session, asked.into(), None, self.at)?;
        }
        Ok(())
    }

    /// Takes the words of the sessions that they organise or organised: each keeps its mode's name.
    fn unwrite_plans(&self, tx: &mut dyn Transaction) -> Result<(), DbError> {
        for mode in Mode::all() {
            let values = values![self.user, mode.id(), mode.label()];
            tx.execute(sql!("profile/unwrite_plans"), values)?;
        }
        tx.execute(sql!("profile/unname_thread"), values![self.user])?;
        tx.execute(sql!("profile/unsay_event"), values![self.user])?;
        Ok(())
    }

    fn cancel_sessions(&self, tx: &mut dyn Transaction) -> Result<usize, DbError> {
        let sessions = organised_ahead(tx, self.user)?;
        for session in &sessions {
            let reason = Some(self.reason.as_str());
            session::set_status(tx, session, Status::Cancelled, reason, self.at)?;
            let queued = values![session.id, self.user];
            for row in tx.query(sql!("profile/queued_with"), queued)? {
                let notice = outbox::Notice::Cancelled {
                    title: session.plan.title.clone(),
                    at: session.plan.at,
                    reason: Some(self.reason.clone()),
                };
                outbox::owe_notice(tx, session.id, row.get("user_id")?, notice, self.at)?;
            }
        }
        Ok(sessions.len())
    }
}

fn organised_ahead(db: &mut dyn Read, user: UserId) -> Result<Vec<Session>, DbError> {
    let rows = db.query(sql!("profile/organised"), values![user])?;
    let sessions: Vec<_> = rows
        .iter()
        .map(session::session)
        .collect::<Result<_, _>>()?;
    let ahead = sessions.into_iter();
    Ok(ahead.filter(|session| session.status.is_ahead()).collect())
}

fn stake_of(session: &Session) -> Stake {
    Stake {
        title: session.plan.title.clone(),
        at: session.plan.at,
    }
}

fn stake(row: &Row) -> Result<Stake, DbError> {
    Ok(Stake {
        title: row.get("title")?,
        at: row.get("scheduled_time")?,
    })
}
