//! How the store itself is: whether the writer answers, how much waits.
//!
//! May touch: [`Transaction`]. Invariant: asking changes nothing that anybody reads.

use chrono::{DateTime, Utc};

use super::sql::{DbError, sql, values};
use super::{Command, Question, Read, Stop, Transaction};
use crate::domain::ids::InteractionId;

/// A command that does nothing: that it comes back says that the writer writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping;

/// The answer to a [`Ping`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pong;

impl Command for Ping {
    const NAME: &'static str = "ping";
    /// Never given.
    type Answer = ();
    /// Refused commands change nothing, so that nobody who waits for changes is woken.
    type Refusal = Pong;

    fn run(&self, _: &mut dyn Transaction) -> Result<Self::Answer, Stop<Pong>> {
        Err(Stop::Refused(Pong))
    }
}

/// Writes a row and deletes it again. Its answer says that commits succeed, which [`Ping`], that writes
/// nothing, cannot say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat;

impl Command for Heartbeat {
    const NAME: &'static str = "heartbeat";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        // No interaction has this id.
        let id = InteractionId(0);
        let row = values![id, Self::NAME, "null", id.created_at()];
        tx.execute(sql!("receipt/keep"), row)?;
        tx.execute(sql!("receipt/drop"), values![id, Self::NAME])?;
        Ok(())
    }
}

/// What the world is owed, in figures.
#[derive(Debug)]
pub struct BacklogNow;

/// See [`BacklogNow`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Rows in the outbox.
    pub rows: u32,
    /// When the first of them was due, or will be.
    pub first_due: Option<DateTime<Utc>>,
}

impl Question for BacklogNow {
    type Answer = Backlog;

    fn ask(&self, db: &mut dyn Read) -> Result<Backlog, DbError> {
        let row = db.query_one(sql!("outbox/backlog"), values![])?;
        let row = row.ok_or(DbError::NoRow("outbox/backlog"))?;
        Ok(Backlog {
            rows: row.get("owed")?,
            first_due: row.get("first_due")?,
        })
    }
}
