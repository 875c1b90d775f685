//! This process' share of the shards: taken and given away one by one, as processes come and go.
//!
//! May touch: the fleet and the store's shares. Invariant: a shard is run while the database says
//! that this process has it; it is given away resumable, with where it stood.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::gateway::Fleet;
use crate::domain::peers::{Step, step};
use crate::store::process::ProcessId;
use crate::store::shards::{LookAtShares, ReleaseShards, TakeShards};
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
    mut fleet: Fleet,
    store: Store,
    mut identity: watch::Receiver<ProcessId>,
    stop: CancellationToken,
) {
    fleet.context.status.shardless(STANDBY);
    loop {
        if identity.has_changed().unwrap_or(false) {
            // Whatever this process ran, others have taken or will take.
            fleet.recall_all().await;
        }
        let me = identity.borrow_and_update().clone();
        match next(&mut fleet, &store, &me).await {
            // There may be more to do at once.
            Ok(true) => {}
            Ok(false) => {
                fleet.settled();
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS)) => {}
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the shares of the shards could not be looked at");
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS)) => {}
                }
            }
        }
    }
    let shards = fleet.numbers();
    let kept = fleet.recall_all().await;
    let release = ReleaseShards {
        process: identity.borrow().clone(),
        shards,
        total: fleet.total,
        kept,
    };
    let within = Duration::from_millis(RELEASE_WITHIN_MS);
    match tokio::time::timeout(within, store.execute_job(release)).await {
        Ok(Ok(Ok(()))) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the connections could not be handed over"),
        Err(_) => tracing::warn!("the connections were not handed over in time"),
    }
}

/// Takes one step towards an even share; whether there was one.
async fn next(fleet: &mut Fleet, store: &Store, me: &ProcessId) -> Result<bool, Failure> {
    let total = fleet.total;
    let shares = store.query(LookAtShares { total }).await?;
    // A shard of ours that the database says is another's.
    for number in fleet.numbers() {
        if shares.holders.get(&number) != Some(&me.0) {
            fleet.recall(number).await;
        }
    }
    match step(total, &shares.order, &me.0, &shares.holders) {
        Step::Take(shards) => {
            let process = me.clone();
            let take = TakeShards {
                process,
                shards,
                total,
            };
            let Ok(taken) = store.execute_job(take).await?;
            for taken in &taken {
                fleet.launch(taken.shard, taken.kept.as_ref());
            }
            Ok(!taken.is_empty())
        }
        Step::Give(shard) => {
            tracing::info!(shard, "giving a shard to another process");
            let kept = fleet.recall(shard).await.into_iter().collect();
            let release = ReleaseShards {
                process: me.clone(),
                shards: vec![shard],
                total,
                kept,
            };
            let Ok(()) = store.execute_job(release).await?;
            Ok(false)
        }
        Step::Rest => {
            // What is ours by the database and does not run here: its release went wrong.
            for (shard, _) in shares.holders.iter().filter(|(_, id)| **id == me.0) {
                fleet.launch(*shard, None);
            }
            Ok(false)
        }
    }
}
