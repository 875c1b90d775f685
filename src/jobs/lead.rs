//! What one process at a time does for all that share a database: the clock, tidying up, upkeep.
//!
//! May touch: the store's leases. Invariant: a chore's command is carried out only while this
//! process holds the lease at that very moment, so that who slept for long does nothing twice; a process whose
//! clock is doubted leaves the chores to one whose clock is not.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::Chores;
use super::peers::FREE_WITHIN_MS;
use super::trouble::FailureLog;
use crate::discord::feature::Context;
use crate::domain::peers::TAKEOVER_WITHIN_MS;
use crate::store::process::{Lease, ProcessId, ReleaseLease, TakeLease};

/// What the lease is called.
const CHORES: &str = "chores";
/// Who does not hold the lease looks this often whether it is free, in milliseconds.
const LOOK_EVERY_MS: u64 = 1_000;

const _: () = assert!(FREE_WITHIN_MS + LOOK_EVERY_MS < TAKEOVER_WITHIN_MS);

/// Does the chores whenever it is on this process to do them, until `stop`.
pub(super) async fn run(
    context: Context,
    chores: Chores,
    mut identity: watch::Receiver<ProcessId>,
    stop: CancellationToken,
) {
    let failures = FailureLog::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = context.clock.trusted() => {}
        }
        let process = identity.borrow_and_update().clone();
        let lease = Lease {
            name: CHORES,
            process,
        };
        match context.store.execute_job(TakeLease(lease.clone())).await {
            Ok(Ok(true)) => {
                tracing::info!("the chores are this process' now");
                let term = stop.child_token();
                let working = Context {
                    store: context.store.under(lease.clone()),
                    ..context.clone()
                };
                let tasks = chores.start(&working, &term);
                // The lease goes with the identity, and is given back when the clock is doubted.
                let is_doubted = tokio::select! {
                    () = stop.cancelled() => false,
                    _ = identity.changed() => false,
                    () = context.clock.doubted() => true,
                };
                term.cancel();
                tasks.close();
                tasks.wait().await;
                if is_doubted {
                    release(&context, lease).await;
                }
            }
            Ok(Ok(false)) => {}
            Err(error) => failures.warn(
                &context.store,
                &error,
                "whose the chores are could not be asked",
            ),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS)) => {}
        }
    }
}

/// Lets another process take the lease. If that fails, this one takes it again once its clock is trusted.
async fn release(context: &Context, lease: Lease) {
    tracing::warn!("the chores are given up while the clock is doubted");
    if let Err(error) = context.store.execute_job(ReleaseLease(lease)).await {
        tracing::warn!(%error, "the chores could not be given up");
    }
}
