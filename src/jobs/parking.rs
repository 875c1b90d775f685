//! Tries again what Discord refused: at a start, and where people are active.
//!
//! May touch: the store. Invariant: however many clicks there are, parked deliveries are asked for once
//! every [`LOOK_EVERY_MS`], one of each kind is tried in each place, and no more than [`Allowance`] gives:
//! each one that fails is one of the invalid requests of which Discord takes 10,000 in ten minutes, of
//! all processes together.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::discord::feature::Context;
use crate::discord::rest::{Processes, share};
use crate::domain::ids::GuildId;
use crate::store::Failure;
use crate::store::outbox::parking::{ParkedGuilds, WakeParked};

/// How often parked deliveries are asked for while people are active, in milliseconds.
const LOOK_EVERY_MS: u64 = 3_000;
/// Deliveries that are tried at once because people are active, of all processes together.
const TRIES_AT_ONCE_MAX: usize = 60;
/// One more may be tried after this long, in milliseconds, of all processes together.
const TRY_EVERY_MS: u64 = 2_000;
/// The wait after the store itself failed, in milliseconds.
const TROUBLE_WAIT_MS: u64 = 500;

/// Has everything tried once: what kept the bot out may have passed while nobody ran. Of several
/// processes one does so, whichever does the chores.
pub(super) async fn wake_all(context: Context, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        _ = wake(&context, |_| true) => {}
    }
}

/// Runs until `stop`.
pub(super) async fn run(context: Context, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = retry(&context) => {}
    }
}

async fn retry(context: &Context) {
    let mut allowance = Allowance::new(Instant::now(), context.rest.processes());
    // Servers that get a second look: what was under way at the first one may be parked by now.
    let mut again = HashSet::new();
    loop {
        let active = match again.is_empty() {
            true => context.activity.wait().await,
            false => context.activity.take(),
        };
        if allowance.is_left(Instant::now()) {
            let is_meant = |guild: &GuildId| active.contains(guild) || again.contains(guild);
            allowance.spend(wake(context, is_meant).await);
            again = active;
        } else {
            again.extend(active);
        }
        tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS)).await;
    }
}

/// Has what is parked in such servers tried. Returns how many deliveries.
async fn wake(context: &Context, is_meant: impl Fn(&GuildId) -> bool) -> usize {
    loop {
        match try_to_wake(context, &is_meant).await {
            Ok(woken) => return woken,
            Err(error) => {
                tracing::warn!(%error, "failed to wake parked deliveries");
                tokio::time::sleep(Duration::from_millis(TROUBLE_WAIT_MS)).await;
            }
        }
    }
}

async fn try_to_wake(
    context: &Context,
    is_meant: &impl Fn(&GuildId) -> bool,
) -> Result<usize, Failure> {
    let mut guilds = context.store.query(ParkedGuilds).await?;
    guilds.retain(is_meant);
    if guilds.is_empty() {
        return Ok(0);
    }
    let now = context.clock.now();
    let wake = WakeParked { guilds, now };
    let Ok(woken) = context.store.execute_job(wake).await?;
    Ok(woken)
}

/// How many parked deliveries may be tried because people are active. It grows back with time.
struct Allowance {
    /// Below zero after more was tried than was left.
    left: i64,
    since: Instant,
    processes: Processes,
}

impl Allowance {
    fn new(now: Instant, processes: Processes) -> Self {
        let max = share(TRIES_AT_ONCE_MAX, *processes.borrow());
        Self {
            left: i64::try_from(max).unwrap_or(i64::MAX),
            since: now,
            processes,
        }
    }

    /// Whether any may be tried now.
    fn is_left(&mut self, now: Instant) -> bool {
        let processes = *self.processes.borrow();
        let count = u32::try_from(processes.get()).unwrap_or(u32::MAX);
        let step = Duration::from_millis(TRY_EVERY_MS) * count;
        let max = i64::try_from(share(TRIES_AT_ONCE_MAX, processes)).unwrap_or(i64::MAX);
        let grown = (now - self.since).as_millis() / step.as_millis();
        let grown = u32::try_from(grown).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(i64::from(grown)).min(max);
        self.since += step * grown;
        self.left > 0
    }

    /// Takes away what was tried.
    fn spend(&mut self, tried: usize) {
        self.left -= i64::try_from(tried).unwrap_or(i64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use tokio::sync::watch;

    use super::*;

    #[test]
    fn tries_for_active_people_are_few_in_ten_minutes_of_all_processes_together() {
        for count in 1..=4 {
            let processes = NonZeroUsize::new(count).expect("at least one");
            let processes = watch::Sender::new(processes).subscribe();
            let start = Instant::now();
            let mut allowance = Allowance::new(start, processes);
            let mut tried = 0;
            for look in 0..200 {
                if allowance.is_left(start + Duration::from_millis(LOOK_EVERY_MS) * look) {
                    allowance.spend(3);
                    tried += 3;
                }
            }
            assert!((300..=370).contains(&(tried * count)), "{tried}, {count}");
        }
    }
}
