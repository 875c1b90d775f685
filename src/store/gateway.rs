//! The gateway sessions of a process that stops, kept for the next one.
//!
//! May touch: [`Transaction`]. Invariant: they are taken once; what cannot be resumed is not
//! tried again.

use serde::{Deserialize, Serialize};

use super::sql::{DbError, sql, values};
use super::{Command, Stop, Transaction};

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

/// Keeps where every shard stood.
#[derive(Clone, Debug, PartialEq)]
pub struct KeepGatewaySessions(pub Vec<GatewaySession>);

impl Command for KeepGatewaySessions {
    const NAME: &'static str = "keep_gateway_sessions";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        tx.execute(sql!("gateway/forget"), values![])?;
        for kept in &self.0 {
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
        }
        Ok(())
    }
}

/// Takes what was kept; the next one who asks gets nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct TakeGatewaySessions;

impl Command for TakeGatewaySessions {
    const NAME: &'static str = "take_gateway_sessions";
    type Answer = Vec<GatewaySession>;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Self::Answer, Stop<Self::Refusal>> {
        let rows = tx.query(sql!("gateway/load"), values![])?;
        let kept = rows.iter().map(|row| {
            Ok(GatewaySession {
                shard: row.get("shard")?,
                shards: row.get("shards")?,
                id: row.get("session_id")?,
                sequence: row.get("sequence")?,
                resume_url: row.get("resume_url")?,
            })
        });
        let kept = kept.collect::<Result<_, DbError>>()?;
        tx.execute(sql!("gateway/forget"), values![])?;
        Ok(kept)
    }
}
