//! Watches over the clock: notes the time in the database, and has a clock that is not trusted confirmed.
//!
//! May touch: the store, Discord's clock. Invariant: the time is noted only while the clock is trusted.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::NAP_MAX;
use crate::clock::Doubt;
use crate::discord::feature::Context;
use crate::store::known_time::{KnownTime, NoteTime};

/// While the clock is not trusted, it is looked this often whether it is confirmed by hand, in seconds.
pub(super) const LOOK_EVERY_S: u64 = 5;
/// Discord is asked what time it is at every so many of these looks.
const LOOKS_AN_ASK: u32 = 6;
/// A confirmation by hand counts for this long, in minutes: one from before is of another time.
pub(super) const CONFIRMATION_MAX_MIN: i64 = 10;

/// Runs until `stop`.
pub(super) async fn run(context: Context, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = keep(&context) => {}
    }
}

async fn keep(context: &Context) {
    // One that was given for another doubt counts once.
    let mut used = None;
    loop {
        if context.clock.is_trusted() {
            let now = context.clock.now();
            if let Err(error) = context.store.execute_job(NoteTime { now }).await {
                tracing::debug!(%error, "failed to note the time");
            }
            tokio::select! {
                () = context.clock.sleep(NAP_MAX) => {}
                () = context.clock.doubted() => {}
            }
        } else {
            tokio::select! {
                () = seek_confirmation(context, &mut used) => {}
                () = context.clock.trusted() => {}
            }
        }
    }
}

/// Asks Discord and the database until the clock is trusted.
async fn seek_confirmation(context: &Context, used: &mut Option<DateTime<Utc>>) {
    for look in 0_u32.. {
        // Who has just set it waits for no turn.
        let was_set = matches!(context.clock.doubt(), Some(Doubt::Set(_)));
        if (was_set || look.is_multiple_of(LOOKS_AN_ASK))
            && let Err(error) = context.rest.gateway().await
        {
            // The date of its answer is heard where all answers come in.
            tracing::debug!(%error, "failed to ask Discord what time it is");
        }
        match context.store.query(KnownTime).await {
            Ok(known) => {
                let now = context.clock.now();
                let fresh = known.confirmed_at.filter(|at| is_fresh(*at, now));
                if fresh.is_some() && fresh != *used {
                    *used = fresh;
                    context.clock.confirm();
                    return;
                }
            }
            Err(error) => tracing::debug!(%error, "failed to look for a confirmation of the clock"),
        }
        tokio::time::sleep(Duration::from_secs(LOOK_EVERY_S)).await;
    }
}

fn is_fresh(confirmed_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - confirmed_at).abs() <= TimeDelta::minutes(CONFIRMATION_MAX_MIN)
}
