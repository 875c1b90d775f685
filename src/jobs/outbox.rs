//! Delivers what the world is owed.
//!
//! May touch: the outbox's rows and `discord::delivery`. Invariant: of one row one delivery is
//! under way at a time, over all processes on a database, so that a card is edited once for all the
//! clicks that came meanwhile; a row goes only when it is delivered or can never be; what was delivered is
//! settled until it is, and nothing is delivered while commits fail. What has to wait
//! (`pace`) waits as a row, not in one of the places, and servers take turns (`turns`).

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

use super::NAP_MAX;
use super::trouble::FailureLog;
use crate::clock::Clock;
use crate::discord::delivery::{self, Delivered, Renames};
use crate::discord::feature::Context;
use crate::discord::rest::Processes;
use crate::domain::ids::GuildId;
use crate::store::health::Heartbeat;
use crate::store::outbox::{
    BringForward, Delivery, Due, DueNow, LatestDue, NextDue, Owed, ReleaseClaim, ReleaseUnknown,
    Settle, SpreadDue,
};
use crate::store::process::ProcessId;
use crate::store::{DbError, Failure, Store};

mod choice;
mod pace;
mod turns;

use pace::{Key, Pace};
use turns::Turns;

/// Deliveries under way at once.
const DELIVERIES_MAX: usize = 64;
/// A request of a delivery waits for a rate limit this long, in milliseconds; one that would have to wait
/// longer is not sent, gives its place to another, and is made anew when it is time.
const LIMIT_WAIT_MAX_MS: u64 = 250;
/// What Discord refuses rests for this long at least, in milliseconds.
const LIMITED_REST_MS: u64 = 100;
/// What rests for longer than this, in seconds, is not due before; what rests for less stays due, and
/// the pace holds it back.
const LIMITED_DUE_S: u64 = 60;
/// Due rows that are looked at to find some that may be delivered; the oldest ones.
const LOOK_MAX: u32 = 2_048;
/// If there are as many, more may wait behind them: of each server so many stay, of all together at most
/// [`ALL_STAY`], and the rest is spread, [`SPREAD_A_SECOND`] due with each second, so that other servers
/// are seen. (To have the database take some of each server instead costs it half a second with 100,000
/// rows due, at each look.)
const OF_SERVER_STAY: usize = 128;
const ALL_STAY: usize = LOOK_MAX as usize / 2;
const SPREAD_A_SECOND: u32 = 20;
/// If there are as many, they are looked at more rarely: every [`LOOK_AT_CROWD_EVERY_MS`].
const CROWD_MIN: usize = 256;
const LOOK_AT_CROWD_EVERY_MS: u64 = 100;
/// What is still owed after its delivery stays claimed this much longer, in milliseconds, so that no
/// other process edits the same message at once.
const CARD_EVERY_MS: u64 = 1_000;
/// The wait before the second try, in seconds; each further one waits twice as long.
const RETRY_FIRST_S: i64 = 2;
/// The longest wait before a retry, in seconds.
const RETRY_MAX_S: i64 = 15 * 60;
/// What is to be delivered later than this, in seconds, was put off while the clock was ahead: it is due.
const AHEAD_MAX_S: i64 = RETRY_MAX_S + 60;
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
pub async fn run(mut context: Context, claims: Claims, stop: CancellationToken) {
    let limit_wait_max = Duration::from_millis(LIMIT_WAIT_MAX_MS);
    context.rest = context.rest.waiting_at_most(limit_wait_max);
    let renames = Arc::new(Renames::default());
    let processes = context.rest.processes();
    let courier = Courier {
        store: context.store.clone(),
        clock: context.clock.clone(),
        failures: Arc::default(),
        settle_every: Duration::from_millis(TROUBLE_WAIT_MS),
        deliver: Arc::new(move |due| {
            let (context, renames) = (context.clone(), Arc::clone(&renames));
            Box::pin(async move { delivery::deliver(&context, &renames, &due).await })
        }),
    };
    let mut outbox = Outbox::new(courier, claims, processes);
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
    /// The rows that are delivered or still claimed.
    under_way: HashMap<i64, UnderWay>,
    deliveries: JoinSet<Ended>,
    /// Claims that are released once it is time.
    releases: JoinSet<()>,
    pace: Pace,
    turns: Turns,
    /// Nothing is looked at before.
    next_look: Instant,
    /// Whether something is due too far ahead is looked at then, by [`Clock::elapsed`].
    next_look_ahead: Duration,
}

/// A row that is delivered, or stays claimed after that.
struct UnderWay {
    /// Who delivers or releases it.
    task: task::Id,
    keys: Vec<Key>,
    server: Option<GuildId>,
}

/// How a delivery has ended.
struct Ended {
    due: Due,
    claim: Option<ProcessId>,
    /// Whether the row is still there and ours.
    is_left: bool,
    /// Whether it was delivered.
    is_sent: bool,
    /// For so long Discord refuses what is like it.
    refused_for: Option<Duration>,
    /// How many edits it counts for: what is parked may have been edited in vain and then in words.
    edits: u8,
}

/// When there may be something to begin, unless something happens before.
#[derive(Debug, Default, PartialEq)]
struct Wake {
    /// The next row will be due.
    due: Option<DateTime<Utc>>,
    /// What is due may be delivered.
    free: Option<Instant>,
}

impl Outbox {
    fn new(courier: Courier, claims: Claims, processes: Processes) -> Self {
        Self {
            courier,
            claims,
            doubt_ends: None,
            under_way: HashMap::new(),
            deliveries: JoinSet::new(),
            releases: JoinSet::new(),
            pace: Pace::new(processes),
            turns: Turns::default(),
            next_look: Instant::now(),
            next_look_ahead: Duration::ZERO,
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
                    self.courier.warn(&error, "the outbox could not be read");
                    tokio::time::sleep(Duration::from_millis(TROUBLE_WAIT_MS)).await;
                    continue;
                }
            };
            let due = async {
                match wake.due {
                    Some(at) => clock.sleep_until_or(at, NAP_MAX).await,
                    None => clock.sleep(NAP_MAX).await,
                }
            };
            tokio::select! {
                () = committed => tokio::time::sleep(Duration::from_millis(LOOK_AFTER_MS)).await,
                () = due => {}
                () = sleep_until(wake.free) => {}
                () = sleep_until(self.doubt_ends) => {}
                Some(ended) = self.deliveries.join_next_with_id(), if !self.deliveries.is_empty() => {
                    self.ended(ended);
                }
                Some(released) = self.releases.join_next_with_id(), if !self.releases.is_empty() => {
                    self.released(released);
                }
            }
            tokio::time::sleep_until(self.next_look).await;
            while let Some(ended) = self.deliveries.try_join_next_with_id() {
                self.ended(ended);
            }
        }
    }

    /// Frees the place of a delivery.
    fn ended(&mut self, ended: Result<(task::Id, Ended), task::JoinError>) {
        let (id, ended) = match ended {
            Ok((id, ended)) => (id, Some(ended)),
            Err(error) => {
                // The error's own text has the panic's message, which may quote what somebody typed.
                tracing::error!(panicked = error.is_panic(), "a delivery did not end well");
                self.doubt();
                (error.id(), None)
            }
        };
        let now = Instant::now();
        let row = self.under_way.iter().find(|(_, one)| one.task == id);
        let Some((row, keys)) = row.map(|(row, one)| (*row, one.keys.clone())) else {
            return;
        };
        let refused_for = ended.as_ref().and_then(|ended| ended.refused_for);
        let is_sent = ended.as_ref().is_none_or(|ended| ended.is_sent);
        for _ in 0..ended.as_ref().map_or(1, |ended| ended.edits) {
            self.pace.end(&keys, is_sent, refused_for, now);
        }
        let left = ended.filter(|ended| ended.is_left);
        if let Some((due, process)) = left.and_then(|left| Some((left.due, left.claim?))) {
            let courier = self.courier.clone();
            let release = self.releases.spawn(async move {
                if is_paced(&due.owed) {
                    tokio::time::sleep(Duration::from_millis(CARD_EVERY_MS)).await;
                }
                courier.release(process, due.id).await;
            });
            // It is known until nobody has claimed it any more.
            let (task, keys, server) = (release.id(), Vec::new(), None);
            self.under_way.insert(row, UnderWay { task, keys, server });
        } else {
            self.under_way.remove(&row);
        }
    }

    fn released(&mut self, released: Result<(task::Id, ()), task::JoinError>) {
        let id = match released {
            Ok((id, ())) => id,
            Err(error) => {
                tracing::error!(panicked = error.is_panic(), "a claim was not released");
                self.doubt();
                error.id()
            }
        };
        self.under_way.retain(|_, one| one.task != id);
    }

    fn doubt(&mut self) {
        if self.claims.is_none() {
            return;
        }
        self.doubt_ends = Some(Instant::now() + Duration::from_millis(DOUBT_MS));
    }

    /// Begins as many deliveries as there is room for and Discord takes.
    async fn begin(&mut self) -> Result<Wake, Failure> {
        let now = self.courier.clock.now();
        let claim = self.claims.as_ref().map(|claims| claims.borrow().clone());
        if let Some(process) = &claim {
            self.settle_doubt(process).await?;
        }
        let store = self.courier.store.clone();
        if store.commits().failure().is_some() {
            // What is delivered while nothing can be settled would be delivered again after a restart.
            let Ok(()) = store.execute_job(Heartbeat).await?;
        }
        self.bring_forward(now).await?;
        let looked = store.query(DueNow { now, max: LOOK_MAX }).await?;
        if looked.len() >= CROWD_MIN {
            self.next_look = Instant::now() + Duration::from_millis(LOOK_AT_CROWD_EVERY_MS);
        }
        let is_full = looked.len() >= LOOK_MAX as usize;
        let mut beyond = match is_full {
            true => self.turns.beyond(looked.clone(), OF_SERVER_STAY, ALL_STAY),
            false => Vec::new(),
        };
        let (chosen, mut free) = self.choose(looked, now);
        beyond.retain(|id| {
            let is_chosen = chosen.iter().any(|(due, _)| due.id == *id);
            !is_chosen && !self.under_way.contains_key(id)
        });
        let begun = self.claim(claim.as_ref(), chosen).await?;
        for (due, keys) in begun {
            let (id, server) = (due.id, due.destination.guild);
            let task = self.courier.clone().carry(due, claim.clone());
            let task = self.deliveries.spawn(task).id();
            let under_way = UnderWay { task, keys, server };
            self.under_way.insert(id, under_way);
        }
        if !beyond.is_empty() {
            tracing::info!(rows = beyond.len(), "a crowd of deliveries was spread");
            let spread = SpreadDue {
                ids: beyond,
                from: now + TimeDelta::seconds(1),
                a_second: SPREAD_A_SECOND,
            };
            let Ok(()) = store.execute_job(spread).await?;
        }
        if is_full {
            // What was behind them may be seen now.
            free = Some(self.next_look);
        }
        let due = store.query(NextDue { now }).await?;
        Ok(Wake { due, free })
    }

    /// Makes due what was put off by a clock that was ahead; looks for it once in each [`NAP_MAX`].
    async fn bring_forward(&mut self, now: DateTime<Utc>) -> Result<(), Failure> {
        let elapsed = self.courier.clock.elapsed();
        if elapsed < self.next_look_ahead {
            return Ok(());
        }
        let bring = BringForward {
            now,
            latest: now + TimeDelta::seconds(AHEAD_MAX_S),
        };
        let store = &self.courier.store;
        let latest = store.query(LatestDue).await?;
        if latest.is_some_and(|due| due > bring.latest) {
            let Ok(brought) = store.execute_job(bring).await?;
            if brought > 0 {
                tracing::info!(rows = brought, "deliveries due too far ahead are due now");
            }
        }
        self.next_look_ahead = elapsed + NAP_MAX;
        Ok(())
    }

    /// Releases what this process may have claimed without knowing.
    async fn settle_doubt(&mut self, process: &ProcessId) -> Result<(), Failure> {
        if let Some(ends) = self.doubt_ends {
            self.release_unknown(process).await?;
            if Instant::now() >= ends {
                self.doubt_ends = None;
            }
        }
        Ok(())
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
    failures: Arc<FailureLog>,
    /// The wait after a settling that failed.
    settle_every: Duration,
    deliver: Arc<dyn Fn(Due) -> Delivering + Send + Sync>,
}

impl Courier {
    async fn carry(self, due: Due, claim: Option<ProcessId>) -> Ended {
        let delivered = AssertUnwindSafe((self.deliver)(due.clone()))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Delivered::Later("delivering it panicked".into()));
        let edits = match &delivered {
            Delivered::Parked(..) => 2,
            _ => 1,
        };
        let refused_for = match &delivered {
            Delivered::Limited(wait) => Some((*wait).max(Duration::from_millis(LIMITED_REST_MS))),
            _ => None,
        };
        let is_sent = matches!(delivered, Delivered::Done(_));
        let is_left = self.settle(due.clone(), claim.clone(), delivered).await;
        Ended {
            due,
            claim,
            is_left,
            is_sent,
            refused_for,
            edits,
        }
    }

    /// Lets others have a row again; it is tried until the store takes it or this process is gone.
    async fn release(&self, process: ProcessId, id: i64) {
        let release = ReleaseClaim { process, id };
        while let Err(error) = self.store.execute_job(release.clone()).await {
            self.warn(&error, "a claim could not be released yet");
            tokio::time::sleep(Duration::from_millis(TROUBLE_WAIT_MS)).await;
        }
    }

    fn warn(&self, error: &Failure, what: &str) {
        self.failures.warn(&self.store, error, what);
    }

    /// Settles a delivery, as often as it takes: delivered again, it would be there twice. Returns
    /// whether the row is still there and ours.
    async fn settle(&self, due: Due, claim: Option<ProcessId>, delivered: Delivered) -> bool {
        let settle = self.settling(due, claim, delivered);
        loop {
            match self.store.execute_job(settle.clone()).await {
                Ok(Ok(left)) => return left,
                Err(Failure::Broken(DbError::Closed)) => return true,
                Err(error) => self.warn(&error, "a delivery could not be settled yet"),
            }
            tokio::time::sleep(self.settle_every).await;
        }
    }

    /// What becomes of a row after this delivery.
    fn settling(&self, due: Due, claim: Option<ProcessId>, delivered: Delivered) -> Settle {
        let metrics = self.store.metrics();
        metrics.delivered(kind(&due.owed), delivered.as_str());
        let at = self.clock.now();
        let (delivery, card) = match delivered {
            Delivered::Done(card) => (Delivery::Over, card),
            Delivered::Later(reason) if due.attempts < TRIES_MAX => {
                tracing::warn!(
                    row = due.id,
                    kind = kind(&due.owed),
                    attempt = due.attempts,
                    reason,
                    "not delivered yet"
                );
                (Delivery::Again(at + wait(due.attempts)), None)
            }
            Delivered::Parked(parking, reason, card) => {
                tracing::warn!(
                    row = due.id,
                    kind = kind(&due.owed),
                    reason,
                    "delivery parked"
                );
                (Delivery::Parked(parking), card)
            }
            Delivered::Postponed(until) => (Delivery::Postponed(until), None),
            Delivered::Limited(wait) => {
                tracing::debug!(
                    row = due.id,
                    kind = kind(&due.owed),
                    ?wait,
                    "delivery held back by a rate limit"
                );
                let wait = match wait > Duration::from_secs(LIMITED_DUE_S) {
                    true => TimeDelta::from_std(wait).unwrap_or(TimeDelta::seconds(RETRY_MAX_S)),
                    false => TimeDelta::zero(),
                };
                (Delivery::Postponed(at + wait), None)
            }
            Delivered::Later(reason) | Delivered::Impossible(reason) => {
                tracing::warn!(
                    row = due.id,
                    kind = kind(&due.owed),
                    reason,
                    "cannot be delivered; given up"
                );
                (Delivery::Over, None)
            }
        };
        Settle {
            id: due.id,
            claim,
            generation: due.generation,
            delivery,
            card,
            at,
            is_trusted: self.clock.is_trusted(),
        }
    }
}

/// Whether it is looked after again and again, and not so often.
fn is_paced(owed: &Owed) -> bool {
    !matches!(owed, Owed::Message { .. } | Owed::Retraction { .. })
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
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
        Owed::PromptEnd { .. } => "prompt_end",
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
