//! Rows that are due: found, claimed by one of several processes, released.
//!
//! May touch: the domain and [`Transaction`]. Invariant: a row is claimed by one process at most.

use chrono::{DateTime, Utc};

use super::{
    CALL, CARD, Destination, Due, EVENT, Letter, Owed, PROMPT_END, Place, RETRACTION, THREAD,
    parking, prompt,
};
use crate::domain::ids::{CallId, MessageId, SessionId};
use crate::store::process::{self, ProcessId};
use crate::store::sql::{DbError, Row, json, sql, values};
use crate::store::{Command, Question, Read, Stop, Transaction};

/// What is due, oldest first.
#[derive(Debug)]
pub struct DueNow {
    /// The present time.
    pub now: DateTime<Utc>,
    /// Rows at most.
    pub max: u32,
}

impl Question for DueNow {
    type Answer = Vec<Due>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let rows = db.query(sql!("outbox/due", postgres), values![self.now, self.max])?;
        let read = |row: &Row| due(row, Destination::of(row)?);
        rows.iter().map(read).collect()
    }
}

/// Claims due rows that no process has claimed, for one of several processes to deliver. Returns
/// those that it got, as they are now. A row is free again when it is released, or when the process
/// is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimDue {
    /// Who delivers them.
    pub process: ProcessId,
    /// Which ones, as they were read.
    pub due: Vec<Due>,
}

impl Command for ClaimDue {
    const NAME: &'static str = "claim_due";
    type Answer = Vec<Due>;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Vec<Due>, Stop<Self::Refusal>> {
        if !process::is_here(tx, &self.process)? {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = self.due.iter().map(|due| due.id).collect();
        let claim = sql!("outbox/claim", postgres);
        let mut claimed = Vec::new();
        for row in tx.query(claim, values![json(&ids), &self.process])? {
            let id: i64 = row.get("id")?;
            let looked = self.due.iter().find(|due| due.id == id);
            let destination = looked.map(|due| due.destination).unwrap_or_default();
            claimed.push(due(&row, destination)?);
        }
        Ok(claimed)
    }
}

/// Spreads due rows over the time to come, in the order given, so that others come before them. It is
/// no failure of theirs.
#[derive(Clone, Debug, PartialEq)]
pub struct SpreadDue {
    /// The rows' numbers. Those that somebody has claimed stay as they are.
    pub ids: Vec<i64>,
    /// When the first ones are due.
    pub from: DateTime<Utc>,
    /// How many are due with each second.
    pub a_second: u32,
}

impl Command for SpreadDue {
    const NAME: &'static str = "spread_due";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        let spread = sql!("outbox/spread", postgres);
        tx.execute(spread, values![json(&self.ids), self.from, self.a_second])?;
        Ok(())
    }
}

/// Lets go of what was delivered and is still owed.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseClaim {
    /// Who had claimed it.
    pub process: ProcessId,
    /// The row's number.
    pub id: i64,
}

impl Command for ReleaseClaim {
    const NAME: &'static str = "release_claim";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        tx.execute(sql!("outbox/release"), values![self.id, &self.process])?;
        Ok(())
    }
}

/// Lets go of what was claimed without the process hearing of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseUnknown {
    /// Who had claimed it.
    pub process: ProcessId,
    /// What it knows of: the numbers of the rows that it delivers.
    pub known: Vec<i64>,
}

impl Command for ReleaseUnknown {
    const NAME: &'static str = "release_unknown";
    /// How many there were.
    type Answer = u32;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<u32, Stop<Self::Refusal>> {
        let mut released = 0;
        for row in tx.query(sql!("outbox/claimed"), values![&self.process])? {
            let id = row.get("id")?;
            if !self.known.contains(&id) {
                tx.execute(sql!("outbox/release"), values![id, &self.process])?;
                released += 1;
            }
        }
        Ok(released)
    }
}

fn due(row: &Row, destination: Destination) -> Result<Due, DbError> {
    let kind: String = row.get("kind")?;
    let number = || row.word("key", |key| key.parse().ok());
    let owed = match kind.as_str() {
        CARD => Owed::Card(SessionId(number()?)),
        THREAD => Owed::Thread(SessionId(number()?)),
        EVENT => Owed::Event(SessionId(number()?)),
        CALL => Owed::Call(CallId(number()?)),
        RETRACTION => {
            let Place { channel, .. } = row.json("payload")?;
            let message = MessageId(number()?);
            Owed::Retraction { channel, message }
        }
        PROMPT_END => prompt::read(row, MessageId(number()?))?,
        _ => {
            let Letter { to, notice } = row.json("payload")?;
            Owed::Message { to, notice }
        }
    };
    Ok(Due {
        id: row.get("id")?,
        generation: row.get("generation")?,
        attempts: row.get("attempts")?,
        owed,
        destination,
    })
}

/// When the next row will be due that is not due yet.
#[derive(Debug)]
pub struct NextDue {
    /// The present time.
    pub now: DateTime<Utc>,
}

impl Question for NextDue {
    type Answer = Option<DateTime<Utc>>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let row = db.query_one(sql!("outbox/next_due"), values![self.now])?;
        row.map_or(Ok(None), |row| row.get("due"))
    }
}

/// When the last row of all will be due; `None` if there is none.
#[derive(Debug)]
pub struct LatestDue;

impl Question for LatestDue {
    type Answer = Option<DateTime<Utc>>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let row = db.query_one(sql!("outbox/latest_due"), values![])?;
        row.map_or(Ok(None), |row| row.get("due"))
    }
}

/// Makes due what is further ahead than anything is put off: the clock was ahead when that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BringForward {
    /// The present time.
    pub now: DateTime<Utc>,
    /// Nothing is due later than this, except for what is parked: see `parking::latest`.
    pub latest: DateTime<Utc>,
}

impl Command for BringForward {
    const NAME: &'static str = "bring_forward";
    /// How many rows that were.
    type Answer = usize;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<usize, Stop<Self::Refusal>> {
        let values = values![self.now, self.latest, parking::latest(tx, self.now)?];
        Ok(tx.execute(sql!("outbox/bring_forward"), values)?)
    }
}
