//! This process among those that share the database: it beats, and watches whether the others do.
//!
//! May touch: the store. Invariant: who finds that they were given up goes on as somebody new, who
//! has taken nothing.

use std::hash::{BuildHasher as _, RandomState};
use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::trouble::FailureLog;
use crate::clock::Clock;
use crate::domain::peers::{LOOK_AGAIN_WITHIN_MS, SILENT_AFTER_MS, TAKEOVER_WITHIN_MS, Watch};
use crate::store::process::{Beat, GiveUp, Join, Leave, ProcessId};
use crate::store::{Failure, Store};

/// A process beats this often, in milliseconds.
pub const BEAT_EVERY_MS: u64 = 2_000;
/// What a process has taken that ended without a word is free after this, in milliseconds, and what
/// a look may be late.
pub const FREE_WITHIN_MS: u64 = SILENT_AFTER_MS + 2 * BEAT_EVERY_MS;

const _: () = assert!(FREE_WITHIN_MS < TAKEOVER_WITHIN_MS);
const _: () = assert!(2 * BEAT_EVERY_MS < LOOK_AGAIN_WITHIN_MS);

/// This process' place among the others.
pub struct Peers {
    identity: watch::Receiver<ProcessId>,
    shards: Option<u32>,
    store: Store,
    stop: CancellationToken,
    beating: JoinHandle<()>,
}

impl Peers {
    /// Joins the processes on this database, to take a share of so many `shards` (`None`: of none), and
    /// tells with each beat how many processes there are.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn join(
        store: Store,
        clock: &Clock,
        shards: Option<u32>,
        count: watch::Sender<NonZeroUsize>,
    ) -> Result<Self, Failure> {
        let process = new_id(clock);
        let now = clock.now();
        let Ok(shards) = store
            .execute_job(Join {
                process: process.clone(),
                shards,
                now,
            })
            .await?;
        tracing::info!(process = process.0, "sharing the database with others");
        let (sender, identity) = watch::channel(process);
        let stop = CancellationToken::new();
        let seen = Seen {
            identity: sender,
            count,
        };
        let beat = beat(store.clone(), clock.clone(), shards, seen, stop.clone());
        Ok(Self {
            identity,
            shards,
            store,
            stop,
            beating: tokio::spawn(beat),
        })
    }

    /// Who this process is at present.
    pub fn identity(&self) -> watch::Receiver<ProcessId> {
        self.identity.clone()
    }

    /// How many shards are shared out among all; `None` if this process takes no share.
    pub fn shards(&self) -> Option<u32> {
        self.shards
    }

    /// Leaves the others; what was taken is free at once.
    ///
    /// # Errors
    /// [`Failure`]: it is free after [`FREE_WITHIN_MS`] then.
    pub async fn leave(self) -> Result<(), Failure> {
        self.stop.cancel();
        // It ends at its next step, at the latest with the statement that it waits for.
        let _ = self.beating.await;
        let process = self.identity.borrow().clone();
        let Ok(()) = self.store.execute_job(Leave(process)).await?;
        Ok(())
    }
}

/// A name that no other process has.
fn new_id(clock: &Clock) -> ProcessId {
    let random = RandomState::new().hash_one(clock.now());
    ProcessId(format!("{:x}.{random:016x}", std::process::id()))
}

/// What a process tells of itself and of the others.
struct Seen {
    identity: watch::Sender<ProcessId>,
    count: watch::Sender<NonZeroUsize>,
}

async fn beat(
    store: Store,
    clock: Clock,
    shards: Option<u32>,
    seen: Seen,
    stop: CancellationToken,
) {
    let (begun, mut watch) = (Instant::now(), Watch::default());
    let failures = FailureLog::default();
    loop {
        let looked = look(&store, &clock, shards, &seen, begun, &mut watch);
        tokio::select! {
            () = stop.cancelled() => return,
            looked = looked => if let Err(error) = looked {
                failures.warn(&store, &error, "the other processes cannot be seen");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(BEAT_EVERY_MS)) => {}
        }
    }
}

async fn look(
    store: &Store,
    clock: &Clock,
    shards: Option<u32>,
    seen: &Seen,
    begun: Instant,
    watch: &mut Watch,
) -> Result<(), Failure> {
    let me = seen.identity.borrow().clone();
    let Ok(others) = store.execute_job(Beat(me.clone())).await?;
    let Some(others) = others else {
        let process = new_id(clock);
        tracing::warn!(
            was = me.0,
            is = process.0,
            "given up by the others; going on anew"
        );
        let join = Join {
            process: process.clone(),
            shards,
            now: clock.now(),
        };
        let Ok(_) = store.execute_job(join).await?;
        seen.identity.send_replace(process);
        return Ok(());
    };
    seen.count
        .send_replace(NonZeroUsize::MIN.saturating_add(others.len()));
    let silent = watch.look(begun.elapsed(), &others);
    if !silent.is_empty() {
        let Ok(count) = store.execute_job(GiveUp(silent.clone())).await?;
        tracing::warn!(
            count,
            ?silent,
            "gave up processes that do not beat any more"
        );
    }
    Ok(())
}
