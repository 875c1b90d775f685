//! The processes that share this database: their beats, their leases.
//!
//! May touch: [`Transaction`]. Invariant: whatever a process has taken (a lease, shards, rows of the
//! outbox) refers to its row and is free with it; a process without a row does nothing for all.

use serde::{Deserialize, Serialize};

use chrono::{DateTime, Utc};

use super::sql::{DbError, sql, values};
use super::{Command, Read, Stop, Transaction};

/// One life of one process: made anew at each start, and after having been given up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessId(pub String);

impl From<&ProcessId> for super::sql::Value {
    fn from(id: &ProcessId) -> Self {
        Self::Text(id.0.clone())
    }
}

/// A lease on what one process at a time does for all; who works under it has to hold it at the
/// moment of each command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: &'static str,
    /// Who holds it.
    pub process: ProcessId,
}

/// Whether a process is among those that share the database: has not left, was not given up.
pub(super) fn is_here(db: &mut dyn Read, process: &ProcessId) -> Result<bool, DbError> {
    Ok(db
        .query_one(sql!("process/is_here"), values![process])?
        .is_some())
}

/// Whether a lease is held as it says.
pub(super) fn is_held(db: &mut dyn Read, lease: &Lease) -> Result<bool, DbError> {
    let (name, process) = (lease.name, &lease.process);
    Ok(db
        .query_one(sql!("process/holds_lease"), values![name, process])?
        .is_some())
}

/// Joins the processes that share this database.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// Who.
    pub process: ProcessId,
    /// Takes its share of so many shards, unless the others share out another number; `None`: of
    /// none.
    pub shards: Option<u32>,
    /// The present time.
    pub now: DateTime<Utc>,
}

impl Command for Join {
    const NAME: &'static str = "join_processes";
    /// How many shards are shared out among all.
    type Answer = Option<u32>;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Option<u32>, Stop<Self::Refusal>> {
        let mut shards = self.shards;
        if shards.is_some()
            && let Some(row) = tx.query_one(sql!("process/total"), values![])?
        {
            shards = Some(row.get("shards")?);
        }
        tx.execute(
            sql!("process/join"),
            values![&self.process, shards, self.now],
        )?;
        Ok(shards)
    }
}

/// Says that a process lives, and looks how the others do.
#[derive(Clone, Debug, PartialEq)]
pub struct Beat(pub ProcessId);

impl Command for Beat {
    const NAME: &'static str = "beat";
    /// The beats of all others; `None` if the process itself has been given up.
    type Answer = Option<Vec<(String, i64)>>;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Self::Answer, Stop<Self::Refusal>> {
        if tx.execute(sql!("process/beat"), values![&self.0])? == 0 {
            return Ok(None);
        }
        let rows = tx.query(sql!("process/all"), values![])?;
        let mut others = Vec::new();
        for row in rows {
            let id: String = row.get("id")?;
            if id != self.0.0 {
                others.push((id, row.get("beats")?));
            }
        }
        Ok(Some(others))
    }
}

/// Gives up processes that were silent, unless they have beaten meanwhile: all that they had taken
/// is free.
#[derive(Clone, Debug, PartialEq)]
pub struct GiveUp(
    /// Who, and at which beat.
    pub Vec<(String, i64)>,
);

impl Command for GiveUp {
    const NAME: &'static str = "give_up_processes";
    /// How many were given up.
    type Answer = usize;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<usize, Stop<Self::Refusal>> {
        let mut given_up = 0;
        for (id, beats) in &self.0 {
            given_up += tx.execute(sql!("process/give_up"), values![id, *beats])?;
        }
        Ok(given_up)
    }
}

/// Leaves the processes that share this database: all that was taken is free.
#[derive(Clone, Debug, PartialEq)]
pub struct Leave(pub ProcessId);

impl Command for Leave {
    const NAME: &'static str = "leave_processes";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        tx.execute(sql!("process/leave"), values![&self.0])?;
        Ok(())
    }
}

/// Takes a lease if nobody has it.
#[derive(Clone, Debug, PartialEq)]
pub struct TakeLease(pub Lease);

impl Command for TakeLease {
    const NAME: &'static str = "take_lease";
    /// Whether it is held now.
    type Answer = bool;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<bool, Stop<Self::Refusal>> {
        let Lease { name, process } = &self.0;
        if !is_here(tx, process)? {
            return Ok(false);
        }
        tx.execute(sql!("process/take_lease"), values![*name, process])?;
        Ok(is_held(tx, &self.0)?)
    }
}

/// Gives a lease back, for another process to take.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseLease(pub Lease);

impl Command for ReleaseLease {
    const NAME: &'static str = "release_lease";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        let Lease { name, process } = &self.0;
        tx.execute(sql!("process/release_lease"), values![*name, process])?;
        Ok(())
    }
}

#[cfg(test)]
pub(in crate::store) mod tests;
