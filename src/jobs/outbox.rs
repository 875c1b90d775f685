//! Delivers what the world is owed.
//!
//! May touch: the outbox's rows and `discord::delivery`. Invariant: of one row one delivery is
//! under way at a time, over all processes on a database, so that a card is edited once for all the
//! clicks that came meanwhile; a row goes only when it is delivered or can never be.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt as _;
use tokio::sync::watch;
use tokio::task::{self, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::discord::delivery::{self, Delivered};
use crate::discord::feature::Context;
use crate::store::outbox::{
    ClaimDue, Delivery, Due, DueNow, NextDue, Owed, ReleaseClaim, ReleaseUnknown, Settle,
};
use crate::store::process::ProcessId;
use crate::store::{Failure, Store};

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
/// A claim of which nobody heard may still come to be this much later, in milliseconds: the server
/// ends a transaction that it hears nothing of after ten seconds.
const DOUBT_MS: u64 = 15_000;

/// Who this process is among those that deliver; `None` if it is alone.
pub type Claims = Option<watch::Receiver<ProcessId>>;

/// Delivers until `stop`.
pub async fn run(context: Context, claims: Claims, stop: CancellationToken) {
    let courier = Courier {
        store: context.store.clone(),
        clock: context.clock.clone(),
        deliver: Arc::new(move |due| {
            let context = context.clone();
            Box::pin(async move { delivery::deliver(&context, &due).await })
        }),
    };
    let mut outbox = Outbox::new(courier, claims);
    // What is under way at a stop is dropped: it is still owed, and delivering twice is harmless.
    tokio::select! {
        () = stop.cancelled() => {}
        () = outbox.deliver() => {}
    }
}

struct Outbox {
    courier: Courier,
    claims: Claims,
    /// Until then there may come to be claims of this process that it does not know of.
    doubt_ends: Option<Instant>,
    /// The task that delivers each row. Of what was claimed, a row is claimed for as long as its
    /// task works.
    under_way: HashMap<i64, task::Id>,
    deliveries: JoinSet<()>,
}

impl Outbox {
    fn new(courier: Courier, claims: Claims) -> Self {
        Self {
            courier,
            claims,
            doubt_ends: None,
            under_way: HashMap::new(),
            deliveries: JoinSet::new(),
        }
    }

    async fn deliver(&mut self) {
        let (store, clock) = (self.courier.store.clone(), self.courier.clock.clone());
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
            let due = async {
                match wake {
                    Some(at) => clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let certain = async {
                match self.doubt_ends {
                    Some(ends) => tokio::time::sleep_until(ends).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = committed => tokio::time::sleep(Duration::from_millis(LOOK_AFTER_MS)).await,
                () = due => {}
                () = certain => {}
                Some(ended) = self.deliveries.join_next_with_id(), if !self.deliveries.is_empty() => {
                    self.ended(ended);
                }
            }
        }
    }

    fn ended(&mut self, ended: Result<(task::Id, ()), task::JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(%error, "a delivery did not end well");
                self.doubt();
                error.id()
            }
        };
        self.under_way.retain(|_, task| *task != id);
    }

    fn doubt(&mut self) {
        self.doubt_ends = Some(Instant::now() + Duration::from_millis(DOUBT_MS));
    }

    /// Begins as many deliveries as there is room for; when the next one will be due.
    async fn begin(&mut self) -> Result<Option<DateTime<Utc>>, Failure> {
        let now = self.courier.clock.now();
        let claim = self.claims.as_ref().map(|claims| claims.borrow().clone());
        let due = match &claim {
            None => {
                let max = u32::try_from(DELIVERIES_MAX * 2).expect("a small number");
                self.courier.store.query(DueNow { now, max }).await?
            }
            Some(process) => self.claim(process, now).await?,
        };
        for due in due {
            if self.deliveries.len() >= DELIVERIES_MAX {
                break;
            }
            // What was claimed is ours to deliver: whoever did so before has let go of it.
            if claim.is_some() || !self.under_way.contains_key(&due.id) {
                let id = due.id;
                let task = self.courier.clone().carry(due, claim.clone());
                let task = self.deliveries.spawn(task);
                self.under_way.insert(id, task.id());
            }
        }
        self.courier.store.query(NextDue { now }).await
    }

    /// Claims as much as there is room for.
    async fn claim(
        &mut self,
        process: &ProcessId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Due>, Failure> {
        if let Some(ends) = self.doubt_ends {
            self.release_unknown(process).await?;
            if Instant::now() >= ends {
                self.doubt_ends = None;
            }
        }
        let store = self.courier.store.clone();
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
                // It may have been done all the same, or be done yet, and nobody would deliver it.
                self.doubt();
                Err(error)
            }
        }
    }

    async fn release_unknown(&self, process: &ProcessId) -> Result<(), Failure> {
        let release = ReleaseUnknown {
            process: process.clone(),
            known: self.under_way.keys().copied().collect(),
        };
        let Ok(released) = self.courier.store.execute_job(release).await?;
        if released > 0 {
            tracing::info!(released, "claims of which nobody knew were released");
        }
        Ok(())
    }
}

type Delivering = Pin<Box<dyn Future<Output = Delivered> + Send>>;

/// Who delivers a row and sees to what becomes of it.
#[derive(Clone)]
struct Courier {
    store: Store,
    clock: Clock,
    deliver: Arc<dyn Fn(Due) -> Delivering + Send + Sync>,
}

impl Courier {
    async fn carry(self, due: Due, claim: Option<ProcessId>) {
        let id = due.id;
        let is_paced = !matches!(due.owed, Owed::Message { .. } | Owed::Retraction { .. });
        let delivered = AssertUnwindSafe((self.deliver)(due.clone()))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Delivered::Later("delivering it panicked".into()));
        let left = match self.settle(due, claim.clone(), delivered).await {
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
            self.release(process, id).await;
        }
    }

    /// Lets others have a row again; it is tried until the store takes it or this process is gone.
    async fn release(&self, process: ProcessId, id: i64) {
        let release = ReleaseClaim { process, id };
        while let Err(error) = self.store.execute_job(release.clone()).await {
            tracing::warn!(%error, "a claim could not be released yet");
            tokio::time::sleep(Duration::from_millis(TROUBLE_WAIT_MS)).await;
        }
    }

    /// Settles a delivery; whether the row is still there and ours.
    async fn settle(
        &self,
        due: Due,
        claim: Option<ProcessId>,
        delivered: Delivered,
    ) -> Result<bool, Failure> {
        let metrics = self.store.metrics();
        metrics.delivered(kind(&due.owed), delivered.as_str());
        let at = self.clock.now();
        let (delivery, card) = match delivered {
            Delivered::Done(card) => (Delivery::Over, card),
            Delivered::Later(reason) if due.attempts < TRIES_MAX => {
                tracing::warn!(owed = ?due.owed, attempt = due.attempts, reason, "not delivered yet");
                (Delivery::Again(at + wait(due.attempts)), None)
            }
            Delivered::Later(reason) | Delivered::Impossible(reason) => {
                tracing::warn!(owed = ?due.owed, reason, "cannot be delivered; given up");
                (Delivery::Over, None)
            }
        };
        let settle = Settle {
            id: due.id,
            claim,
            generation: due.generation,
            delivery,
            card,
            at,
        };
        let Ok(left) = self.store.execute_job(settle).await?;
        Ok(left)
    }
}

/// The word for it in the metrics.
fn kind(owed: &Owed) -> &'static str {
    match owed {
        Owed::Card(_) => "card",
        Owed::Thread(_) => "thread",
        Owed::Event(_) => "event",
        Owed::Call(_) => "call",
        Owed::Retraction { .. } => "retraction",
        Owed::Message { .. } => "message",
    }
}

fn wait(attempts: u32) -> TimeDelta {
    let doubled =
        RETRY_FIRST_S.saturating_mul(1_i64.checked_shl(attempts.min(20)).unwrap_or(i64::MAX));
    TimeDelta::seconds(doubled.min(RETRY_MAX_S))
}

#[cfg(test)]
mod tests;
