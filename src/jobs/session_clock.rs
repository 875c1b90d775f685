//! The session clock: sessions start and end, reminders fall due.
//!
//! May touch: the store. Invariant: it looks first and sleeps then, so that what fell due while
//! nobody ran happens at once; and it does nothing while the clock is not trusted.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::NAP_MAX;
use super::trouble::FailureLog;
use crate::discord::access;
use crate::discord::feature::Context;
use crate::store::Failure;
use crate::store::clock::{AdvanceClock, NextTurn, Remind};

/// After a commit the clock is looked at this much later, in milliseconds: one look for a storm of
/// commits.
const LOOK_AFTER_MS: u64 = 50;
/// The wait after the store itself failed, in milliseconds.
const TROUBLE_WAIT_MS: u64 = 500;

/// Runs until `stop`.
pub async fn run(context: Context, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tick(&context) => {}
    }
}

async fn tick(context: &Context) {
    let failures = FailureLog::default();
    loop {
        context.clock.trusted().await;
        let committed = context.store.committed();
        let next = match advance(context).await {
            Ok(next) => next,
            Err(error) => {
                failures.warn(&context.store, &error, "the session clock stumbled");
                tokio::time::sleep(Duration::from_millis(TROUBLE_WAIT_MS)).await;
                continue;
            }
        };
        tokio::select! {
            () = context.clock.sleep_until_or(next, NAP_MAX) => {}
            () = committed => tokio::time::sleep(Duration::from_millis(LOOK_AFTER_MS)).await,
        }
    }
}

/// Does all that is due; when it is to be looked at again. Does nothing once the clock is not trusted.
async fn advance(context: &Context) -> Result<DateTime<Utc>, Failure> {
    loop {
        let now = context.clock.now();
        if !context.clock.is_trusted() {
            return Ok(now);
        }
        let next = context.store.query(NextTurn { now }).await?;
        if next > now {
            return Ok(next);
        }
        // Before anything starts: nobody plays who is not there any more.
        access::drop_departed_at_start(context, now).await?;
        if !context.clock.is_trusted() {
            return Ok(now);
        }
        let Ok(advanced) = context.store.execute_job(AdvanceClock { now }).await?;
        let Ok(reminders) = context.store.execute_job(Remind { now }).await?;
        tracing::info!(?advanced, reminders, "the session clock advanced");
    }
}
