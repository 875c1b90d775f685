//! What somebody who is in a queue does there: leave, say that they stream, have the card redone.
//!
//! May touch: the domain and [`Transaction`]. Invariant: who leaves gives up their place too, and
//! is told nothing about it any more.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{admission, entry, load_session};
use crate::domain::ids::SessionId;
use crate::domain::queue::{self, QueueRefusal};
use crate::domain::role::Role;
use crate::domain::session::{Actor, Session, Status};
use crate::store::sql::{sql, values};
use crate::store::{Command, Stop, Transaction, outbox};

/// A person leaves a session's queue, and the place they may have.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaveQueue {
    /// Which session.
    pub session: SessionId,
    /// Who, from where.
    pub actor: Actor,
    /// When.
    pub at: DateTime<Utc>,
}

/// They have left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Left {
    /// The session.
    pub session: Session,
    /// The role of the place that they gave up.
    pub role: Option<Role>,
}

impl Command for LeaveQueue {
    const NAME: &'static str = "leave_queue";
    type Answer = Left;
    type Refusal = QueueRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Left, Stop<QueueRefusal>> {
        let session = load_session(tx, self.session, &self.actor)?;
        let user = self.actor.user;
        let entry = entry(tx, session.id, user)?;
        let role = queue::leave(&session, entry.as_ref()).map_err(Stop::Refused)?;
        tx.execute(sql!("queue/release"), values![session.id, user])?;
        // Also who leaves and comes back gets a place only from an organiser, if one took theirs back.
        tx.execute(sql!("admission/leave"), values![session.id, user])?;
        tx.execute(sql!("queue/leave"), values![session.id, user])?;
        outbox::withdraw_place(tx, session.id, user)?;
        outbox::withdraw_changes(tx, session.id, user)?;
        outbox::owe_card(tx, session.id, self.at)?;
        let asked = entry.is_some_and(|entry| entry.is_asked());
        if asked || role.is_some() {
            admission::settle(tx, &session, asked.into(), None, self.at)?;
        }
        Ok(Left { session, role })
    }
}

/// A person says that they stream the session, or, if they had said so, that they don't.
#[derive(Clone, Debug, PartialEq)]
pub struct ToggleStreaming {
    /// Which session.
    pub session: SessionId,
    /// Who, from where.
    pub actor: Actor,
    /// When.
    pub at: DateTime<Utc>,
}

/// What is now said of their streaming.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Streaming {
    /// The session.
    pub session: Session,
    /// Whether they stream.
    pub streaming: bool,
}

impl Command for ToggleStreaming {
    const NAME: &'static str = "toggle_streaming";
    type Answer = Streaming;
    type Refusal = QueueRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Streaming, Stop<QueueRefusal>> {
        let session = load_session(tx, self.session, &self.actor)?;
        let user = self.actor.user;
        let entry = entry(tx, session.id, user)?;
        let streaming = queue::stream(&session, entry.as_ref()).map_err(Stop::Refused)?;
        tx.execute(sql!("queue/stream"), values![session.id, user, streaming])?;
        outbox::owe_card(tx, session.id, self.at)?;
        Ok(Streaming { session, streaming })
    }
}

/// Somebody wants a session's card redone.
#[derive(Clone, Debug, PartialEq)]
pub struct RefreshCard {
    /// Which session.
    pub session: SessionId,
    /// Who, from where.
    pub actor: Actor,
    /// When.
    pub at: DateTime<Utc>,
}

/// The card will be redone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refreshed {
    /// Where the session is in its life.
    pub status: Status,
}

impl Command for RefreshCard {
    const NAME: &'static str = "refresh_card";
    type Answer = Refreshed;
    type Refusal = QueueRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Refreshed, Stop<QueueRefusal>> {
        let session = load_session(tx, self.session, &self.actor)?;
        // A session that is over and has no card needs none any more.
        if session.card.is_some() || session.status.is_alive() {
            outbox::owe_card(tx, session.id, self.at)?;
        }
        Ok(Refreshed {
            status: session.status,
        })
    }
}
