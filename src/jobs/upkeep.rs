//! Keeps the database small and quick: old sessions go into the history, unused room goes back to
//! the disk, the planner's statistics are renewed, and too great a size is told.
//!
//! May touch: the store, the size of its file, [`Status`](crate::status::Status). Invariant: it
//! works in small steps with pauses between them, so that no click waits for it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::trouble::FailureLog;
use crate::discord::feature::Context;
use crate::status::Oversize;
use crate::store::Failure;
use crate::store::cleanup::{ArchiveSessions, ForgetHistory, Forgotten};
use crate::store::upkeep::{GiveBackPages, PAGES_MAX, TellOfSize, Tune};

/// It is done this often, in minutes.
const UPKEEP_EVERY_MIN: u64 = 60;
/// The history, cancelled sessions among it, and who was missing are kept for this long after the planned start, in
/// days: five years.
const HISTORY_KEPT_DAYS: u32 = 5 * 365 + 1;
/// The pause between two steps, in milliseconds.
const PAUSE_MS: u64 = 20;
/// What people call a megabyte.
const BYTES_PER_MB: u64 = 1_000_000;

/// What is kept, and how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upkeep {
    /// Sessions go into the history this many days after their end.
    pub retention_days: u32,
    /// From which size of the database on it is warned, in bytes.
    pub warn_bytes: u64,
}

impl Upkeep {
    /// As an operator says it, in days and megabytes.
    pub fn new(retention_days: u32, warn_mb: u32) -> Self {
        Self {
            retention_days,
            warn_bytes: u64::from(warn_mb) * BYTES_PER_MB,
        }
    }
}

/// Runs until `stop`.
pub async fn run(context: Context, upkeep: Upkeep, stop: CancellationToken) {
    let failures = FailureLog::default();
    loop {
        let now = context.clock.now();
        tokio::select! {
            () = stop.cancelled() => return,
            done = once(&context, &upkeep, now) => if let Err(error) = done {
                let what = "the database's upkeep stumbled; it is tried again later";
                failures.warn(&context.store, &error, what);
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = context.clock.sleep(Duration::from_secs(UPKEEP_EVERY_MIN * 60)) => {}
        }
    }
}

async fn once(context: &Context, upkeep: &Upkeep, now: DateTime<Utc>) -> Result<(), Failure> {
    let moved = archive(context, upkeep.retention_days).await?;
    forget_history(context).await?;
    // A server looks after its own pages and statistics.
    let is_file = context.store.place().file().is_some();
    let given_back = if is_file {
        give_back(context).await?
    } else {
        0
    };
    if moved > 0 || given_back > 0 {
        tracing::info!(
            sessions = moved,
            pages = given_back,
            "old sessions are in the history"
        );
    }
    if is_file {
        let Ok(tuned) = context.store.execute_job(Tune { now }).await?;
        tracing::debug!(tuned, "upkeep done");
    }
    weigh(context, upkeep, now).await
}

/// Moves everything that ended so many days ago; how many sessions that were. Nothing while the clock is not
/// trusted.
async fn archive(context: &Context, days: u32) -> Result<u32, Failure> {
    let mut moved = 0;
    loop {
        if !context.clock.is_trusted() {
            return Ok(moved);
        }
        let now = context.clock.now();
        let Ok(step) = context
            .store
            .execute_job(ArchiveSessions { now, days })
            .await?;
        moved += step.sessions;
        if !step.more {
            return Ok(moved);
        }
        pause().await;
    }
}

/// Forgets history that is old enough. Nothing while the clock is not trusted.
async fn forget_history(context: &Context) -> Result<(), Failure> {
    while context.clock.is_trusted() {
        let forget = ForgetHistory {
            now: context.clock.now(),
            days: HISTORY_KEPT_DAYS,
        };
        let Ok(gone) = context.store.execute_job(forget).await?;
        if gone == Forgotten::default() {
            break;
        }
        tracing::info!(
            sessions = gone.sessions,
            no_shows = gone.no_shows,
            "forgot old history"
        );
        pause().await;
    }
    Ok(())
}

/// Gives all unused room back; how many pages that were.
async fn give_back(context: &Context) -> Result<usize, Failure> {
    let mut given = 0;
    loop {
        let Ok(pages) = context.store.execute_job(GiveBackPages).await?;
        given += pages;
        if pages < PAGES_MAX {
            return Ok(given);
        }
        pause().await;
    }
}

/// Looks how large the file is, and says so to everybody concerned if it is too large.
async fn weigh(context: &Context, upkeep: &Upkeep, now: DateTime<Utc>) -> Result<(), Failure> {
    let bytes = match context.store.sizes().await {
        Ok(sizes) => sizes.database,
        Err(error) => {
            tracing::warn!(%error, "the database could not be measured");
            return Ok(());
        }
    };
    let warn_bytes = upkeep.warn_bytes;
    if bytes < warn_bytes {
        context.status.oversized(None);
        return Ok(());
    }
    context
        .status
        .oversized(Some(Oversize { bytes, warn_bytes }));
    tracing::warn!(
        bytes,
        warn_bytes,
        "the database is larger than DB_SIZE_WARN_MB"
    );
    if let Some(owner) = context.rest.owner() {
        let tell = TellOfSize {
            owner,
            bytes,
            warn_bytes,
            now,
        };
        let Ok(_told) = context.store.execute_job(tell).await?;
    }
    Ok(())
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(PAUSE_MS)).await;
}
