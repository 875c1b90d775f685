//! When a shard may identify itself: Discord allows some at a time, over all processes of a bot.
//!
//! May touch: the store's bookings. Invariant: of one bucket no two shards are let through within
//! five seconds, also if they are of different processes.

use std::time::Duration;

use tokio::sync::oneshot;
use twilight_gateway::queue::{InMemoryQueue, Queue};

use crate::store::Store;
use crate::store::shards::BookIdentify;

/// The wait before the database is asked again that did not answer, in milliseconds.
const AGAIN_AFTER_MS: u64 = 1_000;

/// The queue in which shards wait for their turn.
#[derive(Clone, Debug)]
pub(super) enum Turns {
    /// Of this process alone.
    Own(InMemoryQueue),
    /// Of all processes on a database.
    Shared(SharedTurns),
}

impl Queue for Turns {
    fn enqueue(&self, shard: u32) -> oneshot::Receiver<()> {
        match self {
            Self::Own(queue) => queue.enqueue(shard),
            Self::Shared(turns) => turns.enqueue(shard),
        }
    }
}

/// Turns that are booked in the database.
#[derive(Clone)]
pub(super) struct SharedTurns {
    pub(super) store: Store,
    /// How many shards may identify themselves at once.
    pub(super) at_once: u32,
}

impl std::fmt::Debug for SharedTurns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedTurns")
            .field("at_once", &self.at_once)
            .finish_non_exhaustive()
    }
}

impl Queue for SharedTurns {
    fn enqueue(&self, shard: u32) -> oneshot::Receiver<()> {
        let (mut turn, waiting) = oneshot::channel();
        let (store, bucket) = (self.store.clone(), shard % self.at_once.max(1));
        tokio::spawn(async move {
            let booked = async {
                loop {
                    match store.execute_job(BookIdentify { bucket }).await {
                        Ok(Ok(wait_ms)) => return wait_ms,
                        Err(error) => tracing::warn!(shard, %error, "no turn could be booked"),
                    }
                    tokio::time::sleep(Duration::from_millis(AGAIN_AFTER_MS)).await;
                }
            };
            let waited = async {
                let wait_ms = u64::try_from(booked.await).unwrap_or(0);
                tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            };
            // A shard that goes meanwhile is not waited for.
            tokio::select! {
                () = turn.closed() => return,
                () = waited => {}
            }
            let _ = turn.send(());
        });
        waiting
    }
}
