//! This process' share of the shards: taken and given away one by one, as processes come and go.
//!
//! May touch: the fleet and the store's shares. Invariant: a shard is run while the database says
//! that this process has it; it is given away resumable, with where it stood; and a stop waits for
//! the database no longer than [`RELEASE_WITHIN_MS`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::gateway::Fleet;
use crate::domain::peers::{Step, step};
use crate::store::gateway::{GatewaySession, LookAtSessions};
use crate::store::process::ProcessId;
use crate::store::shards::{ForgetSessions, LookAtShares, ReleaseShards, TakeShards};
use crate::store::{Failure, Store};

/// The shares are looked at this often, in milliseconds: a shard that changes hands is away for
/// little longer.
const LOOK_EVERY_MS: u64 = 400;
/// At a stop, writing down where the shards stood takes no longer than this, in milliseconds.
pub(super) const RELEASE_WITHIN_MS: u64 = 300;
/// What is said of a process that has no shard.
const STANDBY: &str = "none at present; the other processes run them";

/// Runs this process' share of the fleet until `stop`.
pub(super) async fn run(
    fleet: Fleet,
    store: Store,
    mut identity: watch::Receiver<ProcessId>,
    stop: CancellationToken,
) {
    fleet.context.status.shardless(STANDBY);
    let mut share = Share {
        fleet,
        store,
        stop: stop.clone(),
        left: BTreeMap::new(),
        resumed: BTreeSet::new(),
    };
    while !stop.is_cancelled() {
        if identity.has_changed().unwrap_or(false) {
            share.begin_anew().await;
        }
        let me = identity.borrow_and_update().clone();
        match share.next(&me).await {
            // There may be more to do at once.
            Ok(true) => continue,
            Ok(false) => share.fleet.settled(),
            Err(Ended::Stopped) => break,
            Err(Ended::Failed(error)) => {
                tracing::warn!(%error, "the shares of the shards could not be looked at");
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS)) => {}
        }
    }
    let me = identity.borrow().clone();
    share.hand_over(me).await;
}

struct Share {
    fleet: Fleet,
    store: Store,
    stop: CancellationToken,
    /// Where those stood that do not run any more and are not given away yet, as far as is known.
    left: BTreeMap<u32, GatewaySession>,
    /// Those that have begun where they stood, which the database still remembers.
    resumed: BTreeSet<u32>,
}

/// Why there was no step.
enum Ended {
    Stopped,
    Failed(Failure),
}

impl Share {
    /// Whatever this process ran, others have taken or will take.
    async fn begin_anew(&mut self) {
        self.fleet.recall_all().await;
        self.left.clear();
        self.resumed.clear();
    }

    /// Takes one step towards an even share; whether there was one.
    async fn next(&mut self, me: &ProcessId) -> Result<bool, Ended> {
        let total = self.fleet.total;
        let look = self.store.query(LookAtShares { total });
        let shares = self.answer(look).await?;
        let mine = shares.holders.iter().filter(|(_, id)| **id == me.0);
        let mine: BTreeSet<u32> = mine.map(|(shard, _)| *shard).collect();
        // A shard of ours that the database says is another's.
        for shard in self.fleet.numbers() {
            if !mine.contains(&shard) {
                self.fleet.recall(shard).await;
            }
        }
        self.left.retain(|shard, _| mine.contains(shard));
        self.resumed.retain(|shard| mine.contains(shard));
        if self.launch(&mine).await? {
            return Ok(true);
        }
        self.forget_resumed(me).await?;
        match step(total, &shares.order, &me.0, &shares.holders) {
            Step::Take(shards) => {
                let take = TakeShards {
                    process: me.clone(),
                    shards,
                    total,
                };
                let take = self.store.execute_job(take);
                let Ok(taken) = self.answer(take).await?;
                Ok(!taken.is_empty())
            }
            Step::Give(shard) => {
                self.give(me, shard).await?;
                Ok(false)
            }
            Step::Rest => Ok(false),
        }
    }

    /// Runs what is ours by the database and does not run yet, be it that the answer to the taking
    /// was lost, or that to the giving; whether there was any.
    async fn launch(&mut self, mine: &BTreeSet<u32>) -> Result<bool, Ended> {
        let running = self.fleet.numbers();
        let missing = mine.iter().filter(|shard| !running.contains(shard));
        let missing: Vec<u32> = missing.copied().collect();
        if missing.is_empty() {
            return Ok(false);
        }
        let total = self.fleet.total;
        let look = self.store.query(LookAtSessions { total });
        let mut kept = self.answer(look).await?;
        for shard in missing {
            let own = self.left.remove(&shard);
            let kept = own.or_else(|| kept.remove(&shard));
            self.fleet.launch(shard, kept.as_ref());
            self.resumed.insert(shard);
        }
        Ok(true)
    }

    /// What was resumed goes on from there; where it once stood is of no use to the next process.
    async fn forget_resumed(&mut self, me: &ProcessId) -> Result<(), Ended> {
        if self.resumed.is_empty() {
            return Ok(());
        }
        let forget = ForgetSessions {
            process: me.clone(),
            shards: self.resumed.iter().copied().collect(),
            total: self.fleet.total,
        };
        let forget = self.store.execute_job(forget);
        let Ok(()) = self.answer(forget).await?;
        self.resumed.clear();
        Ok(())
    }

    async fn give(&mut self, me: &ProcessId, shard: u32) -> Result<(), Ended> {
        tracing::info!(shard, "giving a shard to another process");
        let kept = self.fleet.recall(shard).await;
        self.left.extend(kept.map(|kept| (shard, kept)));
        let release = ReleaseShards {
            process: me.clone(),
            shards: vec![shard],
            total: self.fleet.total,
            kept: self.left.get(&shard).cloned().into_iter().collect(),
        };
        let release = self.store.execute_job(release);
        let Ok(()) = self.answer(release).await?;
        self.left.remove(&shard);
        Ok(())
    }

    /// Leaves all shards, so that others can resume them.
    async fn hand_over(mut self, me: ProcessId) {
        let mut shards = self.fleet.numbers();
        shards.extend(self.left.keys());
        let mut kept = self.fleet.recall_all().await;
        kept.extend(self.left.into_values());
        let release = ReleaseShards {
            process: me,
            shards,
            total: self.fleet.total,
            kept,
        };
        let within = Duration::from_millis(RELEASE_WITHIN_MS);
        match tokio::time::timeout(within, self.store.execute_job(release)).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the connections could not be handed over"),
            Err(_) => tracing::warn!("the connections were not handed over in time"),
        }
    }

    /// The store's answer, for which a stop does not wait.
    async fn answer<T>(&self, asked: impl Future<Output = Result<T, Failure>>) -> Result<T, Ended> {
        tokio::select! {
            () = self.stop.cancelled() => Err(Ended::Stopped),
            answer = asked => answer.map_err(Ended::Failed),
        }
    }
}
