//! What becomes of a row once it was delivered, or was not.
//!
//! May touch: the domain and [`Transaction`]. Invariant: a delivery settles one generation of a row; what
//! was enqueued anew meanwhile stays.

use chrono::{DateTime, TimeDelta, Utc};

use super::parking::{self, Parking};
use super::{ANEW_WITHIN_S, owe_retraction};
use crate::domain::ids::{ChannelId, MessageId, SessionId};
use crate::store::process::ProcessId;
use crate::store::sql::{DbError, sql, values};
use crate::store::{Command, Stop, Transaction, extras};

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It is there, or can never be.
    Over,
    /// It is to be tried again then.
    Again(DateTime<Utc>),
    /// It may be delivered from then on; what was done so far is no failure.
    Postponed(DateTime<Utc>),
    /// Discord refuses it there, which may pass.
    Parked(Parking),
}

/// The message that a session's card is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardAt {
    /// Of which session.
    pub session: SessionId,
    /// In which channel.
    pub channel: ChannelId,
    /// Which one; `None`: it has none any more.
    pub message: Option<MessageId>,
}

/// Remembers where a card is. One that was posted while its session went to another channel is taken away
/// again.
fn keep_card(tx: &mut dyn Transaction, card: CardAt, now: DateTime<Utc>) -> Result<(), DbError> {
    let values = values![card.session, card.message, card.channel];
    match card.message {
        // Both stand on the card: the thread at it, the event with a link to it.
        _ if tx.execute(sql!("session/set_card"), values)? > 0 => {
            extras::owe(tx, card.session, now)
        }
        Some(message) => owe_retraction(tx, card.session, card.channel, message, now),
        None => Ok(()),
    }
}

/// Settles one generation of a row, which stays claimed if it stays.
#[derive(Clone, Debug, PartialEq)]
pub struct Settle {
    /// The row's number.
    pub id: i64,
    /// Who has claimed it; `None` on a database of one process. If that is not so any more, somebody
    /// else delivers it, and nothing is changed.
    pub claim: Option<ProcessId>,
    /// The generation that was delivered.
    pub generation: i64,
    /// How it ended.
    pub delivery: Delivery,
    /// Where a session's card is now, if that has changed.
    pub card: Option<CardAt>,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether the clock can be relied on: what is parked is given up by it.
    pub is_trusted: bool,
}

impl Settle {
    /// The time by which what nobody needs any more is given up; `None` while the clock is doubted.
    pub(super) fn given_up_at(&self) -> Option<DateTime<Utc>> {
        self.is_trusted.then_some(self.at)
    }
}

impl Command for Settle {
    const NAME: &'static str = "settle";
    /// Whether the row is still there and claimed: it was owed anew meanwhile, or is to be tried again.
    type Answer = bool;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<bool, Stop<Self::Refusal>> {
        let claim = values![self.id, self.claim.as_ref()];
        let Some(claimed) = tx.query_one(sql!("outbox/is_claimed"), claim)? else {
            return Ok(false);
        };
        if let Some(card) = self.card {
            keep_card(tx, card, self.at)?;
        }
        match self.delivery {
            Delivery::Over => {
                parking::unpark(tx, &claimed, self.at)?;
                let settled = values![self.id, self.generation];
                if tx.execute(sql!("outbox/delivered"), settled)? > 0 {
                    return Ok(false);
                }
                // What was owed meanwhile has not been tried yet, and may have been put off with what is parked.
                tx.execute(sql!("outbox/begin_anew"), values![self.id, self.at])?;
            }
            Delivery::Again(at) => {
                let anew = self.at + TimeDelta::seconds(ANEW_WITHIN_S);
                let retry = values![self.id, self.generation, at, anew];
                tx.execute(sql!("outbox/retry"), retry)?;
            }
            Delivery::Postponed(until) => {
                let postpone = values![self.id, self.generation, until];
                tx.execute(sql!("outbox/postpone"), postpone)?;
            }
            Delivery::Parked(parking) => return Ok(parking::park(tx, self, parking, &claimed)?),
        }
        Ok(true)
    }
}
