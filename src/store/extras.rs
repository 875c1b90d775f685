//! What a session has in Discord beside its card: its thread, its scheduled event.
//!
//! May touch: the domain and [`Transaction`]. Invariant: what was done in Discord is remembered
//! step by step, so that a crash between two of them repeats one step at most.

use chrono::{DateTime, Utc};

use super::outbox::{self, Notice};
use super::sql::{DbError, Row, json, sql, values};
use super::{Command, Question, Read, Stop, Transaction, session};
use crate::domain::extras::{Event, EventState, Extra, Extras, Thread, ThreadState};
use crate::domain::ids::{ChannelId, EventId, SessionId, UserId};
use crate::domain::obstacle::Obstacle;
use crate::domain::session::Session;

/// Remembers what is wanted; what of it was otherwise before.
pub(super) fn want(
    tx: &mut dyn Transaction,
    session: SessionId,
    extras: &Extras,
) -> Result<Extras, DbError> {
    let thread = match extras.thread {
        Some(true) => tx.execute(sql!("thread/want"), values![session])?,
        Some(false) => tx.execute(sql!("thread/unwant"), values![session])?,
        None => 0,
    };
    let event = match extras.event {
        Some(true) => tx.execute(sql!("event/want"), values![session])?,
        Some(false) => tx.execute(sql!("event/unwant"), values![session])?,
        None => 0,
    };
    Ok(Extras {
        thread: extras.thread.filter(|_| thread > 0),
        event: extras.event.filter(|_| event > 0),
    })
}

/// Owes that thread and event follow the session, if there are any.
pub(super) fn owe(
    tx: &mut dyn Transaction,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    outbox::owe_for(tx, sql!("thread/owe"), session, now)?;
    outbox::owe_for(tx, sql!("event/owe"), session, now)
}

/// The sessions whose threads somebody was put into.
pub(super) fn threads_of(db: &mut dyn Read, user: UserId) -> Result<Vec<SessionId>, DbError> {
    let rows = db.query(sql!("thread/of_user"), values![user])?;
    rows.iter().map(|row| row.get("session_id")).collect()
}

/// A session's thread, if one was asked for.
#[derive(Debug)]
pub struct ViewThread(pub SessionId);

/// A session, its thread, and who should be in it.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreadView {
    /// The session.
    pub session: Session,
    /// Its thread.
    pub thread: Thread,
    /// Who has a place.
    pub players: Vec<UserId>,
}

impl Question for ViewThread {
    type Answer = Option<ThreadView>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let Some(session) = session::load(db, self.0)? else {
            return Ok(None);
        };
        let Some(row) = db.query_one(sql!("thread/load"), values![self.0])? else {
            return Ok(None);
        };
        let players = db.query(sql!("session/players"), values![self.0])?;
        let members = db.query(sql!("thread/members"), values![self.0])?;
        Ok(Some(ThreadView {
            session,
            players: users(&players)?,
            thread: Thread {
                wanted: row.get("wanted")?,
                state: row.word("state", ThreadState::parse)?,
                id: row.get("thread_id")?,
                name: row.get("name")?,
                members: users(&members)?,
            },
        }))
    }
}

/// A session's scheduled event, if one was asked for.
#[derive(Debug)]
pub struct ViewEvent(pub SessionId);

impl Question for ViewEvent {
    type Answer = Option<(Session, Event)>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let Some(session) = session::load(db, self.0)? else {
            return Ok(None);
        };
        let row = db.query_one(sql!("event/load"), values![self.0])?;
        let event = |row: &Row| {
            Ok::<_, DbError>(Event {
                wanted: row.get("wanted")?,
                state: row.word("state", EventState::parse)?,
                id: row.get("event_id")?,
                shown: row.get("shown")?,
            })
        };
        Ok(row.as_ref().map(event).transpose()?.map(|it| (session, it)))
    }
}

/// A thread is as it was made to be.
#[derive(Clone, Debug, PartialEq)]
pub struct KeepThread {
    /// Of which session.
    pub session: SessionId,
    /// How far it is.
    pub state: ThreadState,
    /// Which one it is.
    pub id: Option<ChannelId>,
    /// Its name, if that is known.
    pub name: Option<String>,
}

impl Command for KeepThread {
    const NAME: &'static str = "keep_thread";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        let values = values![
            self.session,
            self.state.as_str(),
            self.id,
            self.name.as_deref()
        ];
        tx.execute(sql!("thread/keep"), values)?;
        if matches!(self.state, ThreadState::Closed | ThreadState::Gone) {
            tx.execute(sql!("thread/empty"), values![self.session])?;
        }
        Ok(())
    }
}

/// Somebody was put into a thread, or taken out.
#[derive(Clone, Debug, PartialEq)]
pub struct KeepMember {
    /// Of which session.
    pub session: SessionId,
    /// Who.
    pub user: UserId,
    /// Whether they are in it now.
    pub is_in: bool,
}

impl Command for KeepMember {
    const NAME: &'static str = "keep_thread_member";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        let statement = if self.is_in {
            sql!("thread/add")
        } else {
            sql!("thread/take_out")
        };
        tx.execute(statement, values![self.session, self.user])?;
        tx.execute(sql!("thread/tell"), values![self.session, "[]"])?;
        Ok(())
    }
}

/// An event is as it was made to be.
#[derive(Clone, Debug, PartialEq)]
pub struct KeepEvent {
    /// Of which session.
    pub session: SessionId,
    /// How far it is.
    pub state: EventState,
    /// Which one it is.
    pub id: Option<EventId>,
    /// What it says, if that is known.
    pub shown: Option<String>,
}

impl Command for KeepEvent {
    const NAME: &'static str = "keep_event";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        let values = values![
            self.session,
            self.state.as_str(),
            self.id,
            self.shown.as_deref()
        ];
        tx.execute(sql!("event/keep"), values)?;
        Ok(())
    }
}

/// Discord refused a thread or an event. Unless that may pass, it is not tried again before somebody asks
/// for it anew. The organiser is told.
#[derive(Clone, Debug, PartialEq)]
pub struct RefuseExtra {
    /// Of which session.
    pub session: SessionId,
    /// What.
    pub extra: Extra,
    /// Why.
    pub obstacle: Obstacle,
    /// Whether it is tried again by itself.
    pub may_pass: bool,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for RefuseExtra {
    const NAME: &'static str = "refuse_extra";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        if self.may_pass {
            if !note_told(tx, self)? {
                return Ok(());
            }
        } else {
            match self.extra {
                Extra::Thread => {
                    tx.execute(sql!("thread/refuse"), values![self.session])?;
                    tx.execute(sql!("thread/empty"), values![self.session])?;
                }
                Extra::Event => {
                    tx.execute(sql!("event/refuse"), values![self.session])?;
                }
            }
        }
        let Some(session) = session::load(tx, self.session)? else {
            return Ok(());
        };
        if let Some(organiser) = session.organiser {
            let notice = Notice::NoExtra {
                title: session.plan.title,
                extra: self.extra,
                permission: false,
                obstacle: Some(self.obstacle.clone()),
                may_pass: self.may_pass,
            };
            outbox::owe_notice(tx, session.id, organiser, notice, self.at)?;
        }
        Ok(())
    }
}

/// Notes that the organiser is told of an obstacle; whether they were not told of it before. That is
/// forgotten once the thread or event comes through, or is asked for anew.
fn note_told(tx: &mut dyn Transaction, refused: &RefuseExtra) -> Result<bool, DbError> {
    let (told, tell) = match refused.extra {
        Extra::Thread => (sql!("thread/told"), sql!("thread/tell")),
        Extra::Event => (sql!("event/told"), sql!("event/tell")),
    };
    let Some(row) = tx.query_one(told, values![refused.session])? else {
        return Ok(false);
    };
    let mut told: Vec<Obstacle> = row.json("told")?;
    if told.contains(&refused.obstacle) {
        return Ok(false);
    }
    told.push(refused.obstacle.clone());
    tx.execute(tell, values![refused.session, json(&told)])?;
    Ok(true)
}

/// Whether a reminder is still worth sending.
#[derive(Debug)]
pub struct ReminderHolds {
    /// Of which session.
    pub session: SessionId,
    /// To whom.
    pub to: UserId,
    /// Of which start.
    pub at: DateTime<Utc>,
}

impl Question for ReminderHolds {
    type Answer = bool;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let values = values![self.session, self.to, self.at];
        Ok(db.query_one(sql!("clock/still_due"), values)?.is_some())
    }
}

/// The thread of a session that is open, if there is one.
#[derive(Debug)]
pub struct OpenThread(pub SessionId);

impl Question for OpenThread {
    type Answer = Option<ChannelId>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let row = db.query_one(sql!("thread/open"), values![self.0])?;
        row.map_or(Ok(None), |row| row.get("thread_id"))
    }
}

fn users(rows: &[Row]) -> Result<Vec<UserId>, DbError> {
    rows.iter().map(|row| row.get("user_id")).collect()
}
