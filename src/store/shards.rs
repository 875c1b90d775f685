//! Who runs which shard, of those that several processes share out among themselves; and when a
//! shard may identify itself.
//!
//! May touch: [`Transaction`]. Invariant: a shard is run by one process at a time, as far as this
//! database is concerned; identifications are booked by what `domain::identify` says, whoever books
//! them.

use std::collections::BTreeMap;

use super::gateway::{self, GatewaySession};
use super::process::{self, ProcessId};
use super::sql::{DbError, sql, values};
use super::{Command, Question, Read, Stop, Transaction};
use crate::domain::identify::{self, Booked, IDENTIFY_EVERY_MS, Starts};

/// How the shards are shared out at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookAtShares {
    /// Of how many.
    pub total: u32,
}

/// Who takes a share, and who has what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares {
    /// All that take a share of this total, in an order that is the same for everybody.
    pub order: Vec<String>,
    /// The process that runs each shard; those that nobody runs are not in it.
    pub holders: BTreeMap<u32, String>,
}

impl Question for LookAtShares {
    type Answer = Shares;

    fn ask(&self, db: &mut dyn Read) -> Result<Shares, DbError> {
        let mut order = Vec::new();
        for row in db.query(sql!("process/all"), values![])? {
            if row.get::<Option<u32>>("shards")? == Some(self.total) {
                order.push(row.get("id")?);
            }
        }
        let rows = db.query(sql!("shard/holders"), values![self.total])?;
        let holders = rows
            .iter()
            .map(|row| Ok((row.get("shard")?, row.get("process")?)));
        Ok(Shares {
            order,
            holders: holders.collect::<Result<_, DbError>>()?,
        })
    }
}

/// Takes shards, as far as nobody has them.
#[derive(Clone, Debug, PartialEq)]
pub struct TakeShards {
    /// Who.
    pub process: ProcessId,
    /// Which.
    pub shards: Vec<u32>,
    /// Of how many.
    pub total: u32,
}

impl Command for TakeShards {
    const NAME: &'static str = "take_shards";
    /// Those that were taken. Where they stood is still remembered: this answer may be lost.
    type Answer = Vec<u32>;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Vec<u32>, Stop<Self::Refusal>> {
        let mut taken = Vec::new();
        if !process::is_here(tx, &self.process)? {
            return Ok(taken);
        }
        for shard in self.shards.iter().copied() {
            let hold = values![shard, self.total, &self.process];
            if tx.execute(sql!("shard/hold"), hold)? > 0 {
                taken.push(shard);
            }
        }
        Ok(taken)
    }
}

/// Forgets where these shards once stood, which go on from there.
#[derive(Clone, Debug, PartialEq)]
pub struct ForgetSessions {
    /// Who runs them. Of those that somebody else does by now, nothing is forgotten.
    pub process: ProcessId,
    /// Which.
    pub shards: Vec<u32>,
    /// Of how many.
    pub total: u32,
}

impl Command for ForgetSessions {
    const NAME: &'static str = "forget_sessions";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        for shard in self.shards.iter().copied() {
            let resumed = values![shard, self.total, &self.process];
            tx.execute(sql!("gateway/forget_resumed"), resumed)?;
        }
        Ok(())
    }
}

/// Lets go of shards, and keeps where they stood for whoever takes them next.
#[derive(Clone, Debug, PartialEq)]
pub struct ReleaseShards {
    /// Who.
    pub process: ProcessId,
    /// Which.
    pub shards: Vec<u32>,
    /// Of how many.
    pub total: u32,
    /// Where they stood, as far as they can be resumed.
    pub kept: Vec<GatewaySession>,
}

impl Command for ReleaseShards {
    const NAME: &'static str = "release_shards";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        for shard in self.shards.iter().copied() {
            let release = values![shard, self.total, &self.process];
            // Who was given up has nothing to hand over: somebody else runs it.
            if tx.execute(sql!("shard/release"), release)? == 0 {
                continue;
            }
            if let Some(kept) = self.kept.iter().find(|kept| kept.shard == shard) {
                gateway::keep(tx, kept)?;
            }
        }
        Ok(())
    }
}

/// Books the next moment at which a shard of a bucket may identify itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookIdentify {
    /// The shard's number, modulo what Discord allows at once.
    pub bucket: u32,
    /// What Discord said of those that are left of the day.
    pub starts: Starts,
}

impl Command for BookIdentify {
    const NAME: &'static str = "book_identify";
    /// How long to wait for it, in milliseconds; `None` if there may be none left, and none was booked.
    type Answer = Option<i64>;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Option<i64>, Stop<Self::Refusal>> {
        // By the database's clock: what it differs from ours by cancels out.
        let now = tx.query_one(sql!("gateway/now_ms", postgres), values![])?;
        let now: i64 = now.ok_or(DbError::NoRow("gateway/now_ms"))?.get("now_ms")?;
        let rows = tx.query(sql!("gateway/booked"), values![])?;
        let booked = rows
            .iter()
            .map(|row| Ok((row.get("bucket")?, row.get("free_at_ms")?)));
        let booked: Booked = booked.collect::<Result<_, DbError>>()?;
        let Some(turn) = identify::turn(&booked, self.bucket, self.starts, now) else {
            return Ok(None);
        };
        let book = values![self.bucket, turn + IDENTIFY_EVERY_MS];
        tx.execute(sql!("gateway/book"), book)?;
        Ok(Some(turn - now))
    }
}

#[cfg(test)]
mod tests;
