//! A session's card, apart from what it shows: where it is, and whether it can be shown.
//!
//! May touch: the domain and [`Transaction`]. Invariant: the organiser is told once of what keeps the
//! card from being shown, until it has been shown again; a card that has moved leaves none behind.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::super::outbox::{self, Notice, parking};
use super::super::sql::{DbError, json, sql, values};
use super::super::{Command, Question, Read, Stop, Transaction, log};
use super::change::managed;
use super::load;
use crate::domain::ids::{ChannelId, SessionId};
use crate::domain::log::Action;
use crate::domain::obstacle::{Obstacle, Right};
use crate::domain::session::{Actor, Session, SessionRefusal};

/// A session's card cannot be shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportCardTrouble {
    /// Of which session.
    pub session: SessionId,
    /// Why.
    pub obstacle: Obstacle,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for ReportCardTrouble {
    const NAME: &'static str = "report_card_trouble";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        let Some(session) = load(tx, self.session)? else {
            return Ok(());
        };
        let values = values![session.id, json(&self.obstacle)];
        if tx.execute(sql!("card/trouble"), values)? == 0 {
            return Ok(());
        }
        if self.obstacle.lacks(Right::EmbedLinks) {
            // It is tried again soon, in words.
            parking::wake_session(tx, session.id, self.at)?;
        }
        let leads = session.organiser.or(session.co_organisers.first().copied());
        if let Some(leader) = leads {
            let notice = Notice::CardHidden {
                title: session.plan.title,
                channel: session.channel,
                obstacle: self.obstacle.clone(),
            };
            outbox::owe_notice(tx, session.id, leader, notice, self.at)?;
        }
        Ok(())
    }
}

/// What is known of a session's card besides its message.
#[derive(Debug)]
pub struct CardStateOf(pub SessionId);

/// The state of a session's card.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CardState {
    /// How often it went to another channel.
    pub moves: u32,
    /// Why it cannot be shown at present, if it cannot.
    pub trouble: Option<Obstacle>,
}

impl Question for CardStateOf {
    type Answer = CardState;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let Some(row) = db.query_one(sql!("card/load"), values![self.0])? else {
            return Ok(CardState::default());
        };
        let trouble = match row.get::<Option<String>>("trouble")? {
            Some(_) => Some(row.json("trouble")?),
            None => None,
        };
        Ok(CardState {
            moves: row.get("moves")?,
            trouble,
        })
    }
}

/// Why a session's card cannot be shown at present, if it cannot.
pub(in crate::store) fn trouble(
    db: &mut dyn Read,
    session: SessionId,
) -> Result<Option<Obstacle>, DbError> {
    Ok(CardStateOf(session).ask(db)?.trouble)
}

/// Somebody takes a session's card to another channel.
#[derive(Clone, Debug, PartialEq)]
pub struct MoveCard {
    /// Of which session.
    pub session: SessionId,
    /// Who, from where.
    pub actor: Actor,
    /// To which channel of that server.
    pub channel: ChannelId,
    /// Whether they may start a thread there. If not, a thread that was asked for and is not there yet is
    /// not started there for them.
    pub may_start_thread: bool,
    /// When.
    pub at: DateTime<Utc>,
}

/// It is there, or will be in a moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CardMoved {
    /// The session as it is now.
    pub session: Session,
    /// Where the card was.
    pub from: ChannelId,
    /// Whether a thread that was asked for is not started there.
    #[serde(default)]
    pub without_thread: bool,
}

impl Command for MoveCard {
    const NAME: &'static str = "move_card";
    type Answer = CardMoved;
    type Refusal = SessionRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<CardMoved, Stop<SessionRefusal>> {
        let mut session = alive(tx, self.session, &self.actor)?;
        let from = session.channel;
        let mut without_thread = false;
        if from != self.channel {
            let values = values![session.id, self.channel];
            tx.execute(sql!("session/set_channel"), values)?;
            tx.execute(sql!("card/move"), values![session.id])?;
            if !self.may_start_thread {
                let unmade = values![session.id];
                without_thread = tx.execute(sql!("thread/unwant_unmade"), unmade)? > 0;
            }
            if let Some(card) = session.card.take() {
                outbox::owe_retraction(tx, session.id, from, card, self.at)?;
            }
            session.channel = self.channel;
            let done = Action::CardMoved {
                channel: self.channel,
            };
            log::record(tx, &session, &self.actor, done, self.at)?;
        }
        refresh(tx, session.id, self.at)?;
        Ok(CardMoved {
            session,
            from,
            without_thread,
        })
    }
}

/// Somebody has a session's card shown anew: brought up to date, and posted again if it was deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct RepostCard {
    /// Of which session.
    pub session: SessionId,
    /// Who, from where.
    pub actor: Actor,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for RepostCard {
    const NAME: &'static str = "refresh_card";
    type Answer = Session;
    type Refusal = SessionRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Session, Stop<SessionRefusal>> {
        let session = alive(tx, self.session, &self.actor)?;
        refresh(tx, session.id, self.at)?;
        Ok(session)
    }
}

/// Owes the card's refresh at once, also if it is parked.
fn refresh(
    tx: &mut dyn Transaction,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    outbox::owe_card(tx, session, now)?;
    parking::wake_session(tx, session, now)
}

/// The session, if `actor` may manage it and it is not over.
fn alive(
    tx: &mut dyn Transaction,
    id: SessionId,
    actor: &Actor,
) -> Result<Session, Stop<SessionRefusal>> {
    let session = managed(tx, id, actor)?;
    match session.status.is_alive() {
        true => Ok(session),
        false => Err(Stop::Refused(SessionRefusal::Not(session.status))),
    }
}
