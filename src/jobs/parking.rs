//! Tries again what Discord refused: at a start, and where people are active.
//!
//! May touch: the store. Invariant: however many clicks there are, parked deliveries are asked for once
//! every [`LOOK_EVERY_MS`], and one of each kind is tried in each place.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::discord::feature::Context;
use crate::domain::ids::GuildId;
use crate::store::Failure;
use crate::store::outbox::parking::{ParkedGuilds, WakeParked};

/// How often parked deliveries are asked for while people are active, in milliseconds.
const LOOK_EVERY_MS: u64 = 3_000;
/// The wait after the store itself failed, in milliseconds.
const TROUBLE_WAIT_MS: u64 = 500;

/// Runs until `stop`.
pub(super) async fn run(context: Context, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = retry(&context) => {}
    }
}

async fn retry(context: &Context) {
    // What kept the bot out may have passed while nobody ran.
    wake(context, |_| true).await;
    loop {
        let active = context.activity.take().await;
        wake(context, |guild| active.contains(guild)).await;
        tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS)).await;
    }
}

/// Has what is parked in such servers tried at once.
async fn wake(context: &Context, is_meant: impl Fn(&GuildId) -> bool) {
    while let Err(error) = try_to_wake(context, &is_meant).await {
        tracing::warn!(%error, "failed to wake parked deliveries");
        tokio::time::sleep(Duration::from_millis(TROUBLE_WAIT_MS)).await;
    }
}

async fn try_to_wake(
    context: &Context,
    is_meant: &impl Fn(&GuildId) -> bool,
) -> Result<(), Failure> {
    let mut guilds = context.store.query(ParkedGuilds).await?;
    guilds.retain(is_meant);
    if !guilds.is_empty() {
        let now = context.clock.now();
        let Ok(()) = context
            .store
            .execute_job(WakeParked { guilds, now })
            .await?;
    }
    Ok(())
}
