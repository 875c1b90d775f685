//! Delivers what the world is owed.
//!
//! May touch: the outbox's rows and `discord::delivery`. Invariant: of one row one delivery is
//! under way at a time, over all processes on a database, so that a card is edited once for all the clicks that came meanwhile; a
//! row goes only when it is delivered or can never be.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::discord::delivery::{self, Delivered};
use crate::discord::feature::Context;
use crate::store::Failure;
use crate::store::outbox::{ClaimDue, Delivery, Due, DueNow, NextDue, Owed, ReleaseClaims, Settle};
use crate::store::process::ProcessId;

/// Deliveries under way at once.
const DELIVERIES_MAX: usize = 64;
/// A card, a thread, an event, or a message that looks for players is looked after this often at
/// most, in milliseconds: Discord allows five edits in five
/// seconds on a channel.
const CARD_EVERY_MS: u64 = 1_000;
/// The wait before the second try, in seconds; each further one waits twice as long.
const RETRY_FIRST_S: i64 = 2;
/// The longest wait before a retry, in seconds.
const RETRY_MAX_S: i64 = 15 * 60;
/// Tries before something is given up; at the longest wait that is about a day.
const TRIES_MAX: u32 = 100;
/// After a commit the outbox is looked at this much later, in milliseconds: one look for a storm of
/// commits.
const LOOK_AFTER_MS: u64 = 10;
/// The wait after the store itself failed, in milliseconds.
const TROUBLE_WAIT_MS: u64 = 500;

/// Who this process is among those that deliver; `None` if it is alone.
pub type Claims = Option<watch::Receiver<ProcessId>>;

/// Delivers until `stop`.
pub async fn run(context: Context, claims: Claims, stop: CancellationToken) {
    let mut outbox = Outbox {
        context,
        claims,
        in_doubt: false,
        under_way: HashSet::new(),
        deliveries: JoinSet::new(),
    };
    // What is under way at a stop is dropped: it is still owed, and delivering twice is harmless.
    tokio::select! {
        () = stop.cancelled() => {}
        () = outbox.deliver() => {}
    }
}

struct Outbox {
    context: Context,
    claims: Claims,
    /// There may be claims of this process that it does not know of.
    in_doubt: bool,
    under_way: HashSet<i64>,
    deliveries: JoinSet<i64>,
}

impl Outbox {
    async fn deliver(&mut self) {
        let store = self.context.store.clone();
        loop {
            // Asked for before the look, so that nothing committed after it is missed.
            let committed = store.committed();
            let wake = match self.begin().await {
                Ok(wake) => wake,
                Err(error) => {
                    tracing::warn!(%error, "the outbox could not be read");
                    tokio::time::sleep(Duration::from_millis(TROUBLE_WAIT_MS)).await;
                    continue;
                }
            };
            let clock = self.context.clock.clone();
            tokio::select! {
                () = committed => tokio::time::sleep(Duration::from_millis(LOOK_AFTER_MS)).await,
                () = async { match wake {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                } } => {}
                Some(ended) = self.deliveries.join_next(), if !self.deliveries.is_empty() => {
                    match ended {
                        Ok(id) => { self.under_way.remove(&id); }
                        Err(error) => {
                            self.in_doubt = true;
                            tracing::error!(%error, "a delivery did not end well");
                        }
                    }
                }
            }
        }
    }

    /// Begins as many deliveries as there is room for; when the next one will be due.
    async fn begin(&mut self) -> Result<Option<DateTime<Utc>>, Failure> {
        let now = self.context.clock.now();
        let claim = self.claims.as_ref().map(|claims| claims.borrow().clone());
        let due = match &claim {
            None => {
                let max = u32::try_from(DELIVERIES_MAX * 2).expect("a small number");
                self.context.store.query(DueNow { now, max }).await?
            }
            Some(process) => self.claim(process, now).await?,
        };
        for due in due {
            if self.deliveries.len() >= DELIVERIES_MAX {
                break;
            }
            // What was claimed is ours to deliver, also if we have only just let go of it.
            if self.under_way.insert(due.id) || claim.is_some() {
                let delivery = deliver(self.context.clone(), due, claim.clone());
                self.deliveries.spawn(delivery);
            }
        }
        self.context.store.query(NextDue { now }).await
    }

    /// Claims as much as there is room for.
    async fn claim(
        &mut self,
        process: &ProcessId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, Failure> {
        let store = &self.context.store;
        if self.in_doubt {
            let process = process.clone();
            let Ok(()) = store
                .execute_job(ReleaseClaims { process, id: None })
                .await?;
            self.in_doubt = false;
        }
        let room = DELIVERIES_MAX.saturating_sub(self.deliveries.len());
        let max = u32::try_from(room).expect("a small number");
        // Looking is cheaper than claiming, and mostly there is nothing to claim.
        let first = max.min(1);
        if store.query(DueNow { now, max: first }).await?.is_empty() {
            return Ok(Vec::new());
        }
        let process = process.clone();
        match store.execute_job(ClaimDue { process, now, max }).await {
            Ok(Ok(due)) => Ok(due),
            Err(error) => {
                // It may have been done all the same, and then nobody would deliver it.
                self.in_doubt = true;
                Err(error)
            }
        }
    }
}

async fn deliver(context: Context, due: Due, claim: Option<ProcessId>) -> i64 {
    let id = due.id;
    let is_paced = !matches!(due.owed, Owed::Message { .. } | Owed::Retraction { .. });
    let delivered = delivery::deliver(&context, &due).await;
    let left = match settle(&context, due, delivered).await {
        Ok(left) => left,
        Err(error) => {
            tracing::warn!(%error, "a delivery could not be settled; it will be made again");
            tokio::time::sleep(Duration::from_millis(TROUBLE_WAIT_MS)).await;
            true
        }
    };
    if is_paced {
        tokio::time::sleep(Duration::from_millis(CARD_EVERY_MS)).await;
    }
    if let Some(process) = claim.filter(|_| left) {
        release(&context, process, id).await;
    }
    id
}

/// Lets others have a row again; it is tried until the store takes it or this process is gone.
async fn release(context: &Context, process: ProcessId, id: i64) {
    let id = Some(id);
    let release = ReleaseClaims { process, id };
    while let Err(error) = context.store.execute_job(release.clone()).await {
        tracing::warn!(%error, "a claim could not be released yet");
        tokio::time::sleep(Duration::from_millis(TROUBLE_WAIT_MS)).await;
    }
}

/// Settles a delivery; whether the row is still there.
async fn settle(context: &Context, due: Due, delivered: Delivered) -> Result<bool, Failure> {
    let kind = match due.owed {
        Owed::Card(_) => "card",
        Owed::Thread(_) => "thread",
        Owed::Event(_) => "event",
        Owed::Call(_) => "call",
        Owed::Retraction { .. } => "retraction",
        Owed::Message { .. } => "message",
    };
    context.metrics().delivered(kind, delivered.as_str());
    let (delivery, card) = match delivered {
        Delivered::Done(card) => (Delivery::Done, card),
        Delivered::Later(reason) if due.attempts < TRIES_MAX => {
            tracing::warn!(owed = ?due.owed, attempt = due.attempts, reason, "not delivered yet");
            (
                Delivery::Again(context.clock.now() + wait(due.attempts)),
                None,
            )
        }
        Delivered::Later(reason) | Delivered::Impossible(reason) => {
            tracing::warn!(owed = ?due.owed, reason, "cannot be delivered; given up");
            (Delivery::Impossible, None)
        }
    };
    let settle = Settle {
        id: due.id,
        generation: due.generation,
        delivery,
        card,
        at: context.clock.now(),
    };
    let Ok(left) = context.store.execute_job(settle).await?;
    Ok(left)
}

fn wait(attempts: u32) -> TimeDelta {
    let doubled =
        RETRY_FIRST_S.saturating_mul(1_i64.checked_shl(attempts.min(20)).unwrap_or(i64::MAX));
    TimeDelta::seconds(doubled.min(RETRY_MAX_S))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour() {
        assert_eq!(wait(0), TimeDelta::seconds(2));
        assert_eq!(wait(3), TimeDelta::seconds(16));
        assert_eq!(wait(50), TimeDelta::minutes(15));
    }
}
