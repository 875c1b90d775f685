//! The gateway sessions of processes that stopped or gave a shard away, kept for the next ones.
//!
//! May touch: [`Transaction`]. Invariant: what is resumed is forgotten, so that nobody begins once
//! more where a connection has long gone on from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sql::{DbError, Row, sql, values};
use super::{Command, Question, Read, Stop, Transaction};

/// Where a shard's connection to Discord stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewaySession {
    /// The shard's number, from 0.
    pub shard: u32,
    /// Of how many.
    pub shards: u32,
    /// Discord's name for the connection.
    pub id: String,
    /// The last event that was seen.
    pub sequence: i64,
    /// The address to resume at.
    pub resume_url: Option<String>,
}

/// Keeps where these shards stood.
#[derive(Clone, Debug, PartialEq)]
pub struct KeepGatewaySessions(pub Vec<GatewaySession>);

impl Command for KeepGatewaySessions {
    const NAME: &'static str = "keep_gateway_sessions";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        for kept in &self.0 {
            keep(tx, kept)?;
        }
        Ok(())
    }
}

/// Takes what was kept of these shards; the next one who asks gets nothing. What was kept of
/// another total is forgotten.
#[derive(Clone, Debug, PartialEq)]
pub struct TakeGatewaySessions {
    /// The first shard's number.
    pub first: u32,
    /// How many there are of them.
    pub count: u32,
    /// Of how many in all.
    pub total: u32,
}

impl Command for TakeGatewaySessions {
    const NAME: &'static str = "take_gateway_sessions";
    type Answer = Vec<GatewaySession>;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Self::Answer, Stop<Self::Refusal>> {
        tx.execute(sql!("gateway/forget"), values![self.total])?;
        let mut kept = Vec::new();
        for shard in self.first..self.first + self.count {
            kept.extend(take(tx, shard, self.total)?);
        }
        Ok(kept)
    }
}

/// What is kept of the shards of so many, by their numbers; it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookAtSessions {
    /// Of how many.
    pub total: u32,
}

impl Question for LookAtSessions {
    type Answer = BTreeMap<u32, GatewaySession>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let rows = db.query(sql!("gateway/kept"), values![self.total])?;
        let kept = rows.iter().map(|row| {
            let shard = row.get("shard")?;
            Ok((shard, session(row, shard, self.total)?))
        });
        kept.collect()
    }
}

pub(super) fn keep(tx: &mut dyn Transaction, kept: &GatewaySession) -> Result<(), DbError> {
    tx.execute(
        sql!("gateway/save"),
        values![
            kept.shard,
            kept.shards,
            &kept.id,
            kept.sequence,
            kept.resume_url.clone()
        ],
    )?;
    Ok(())
}

fn take(
    tx: &mut dyn Transaction,
    shard: u32,
    shards: u32,
) -> Result<Option<GatewaySession>, DbError> {
    let Some(row) = tx.query_one(sql!("gateway/take"), values![shard, shards])? else {
        return Ok(None);
    };
    session(&row, shard, shards).map(Some)
}

fn session(row: &Row, shard: u32, shards: u32) -> Result<GatewaySession, DbError> {
    Ok(GatewaySession {
        shard,
        shards,
        id: row.get("session_id")?,
        sequence: row.get("sequence")?,
        resume_url: row.get("resume_url")?,
    })
}
