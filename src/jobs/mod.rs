//! What happens by itself: deliveries from the outbox, the session clock, backups, tidying up.
//!
//! May touch: the store, and Discord through `discord::delivery`. Invariant: a job keeps nothing
//! in memory that a restart would lose.

pub mod backup;
pub mod outbox;
pub mod session_clock;
pub mod tidy;
pub mod upkeep;

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::discord::feature::Context;
use crate::store::backup::Backups;
use upkeep::Upkeep;

/// At a stop, jobs are waited for this long, in milliseconds. They end at their next step.
pub const STOP_WITHIN_MS: u64 = 300;

/// The running jobs.
pub struct Jobs {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Jobs {
    /// Starts all of them.
    pub fn start(context: &Context, upkeep: Upkeep, backups: Option<Backups>) -> Self {
        let jobs = Self {
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        jobs.spawn(outbox::run(context.clone(), jobs.stop.clone()));
        jobs.spawn(session_clock::run(context.clone(), jobs.stop.clone()));
        jobs.spawn(tidy::run(context.clone(), jobs.stop.clone()));
        jobs.spawn(upkeep::run(context.clone(), upkeep, jobs.stop.clone()));
        if let Some(backups) = backups {
            let clock = context.clock.clone();
            jobs.spawn(backup::run(backups, clock, jobs.stop.clone()));
        }
        jobs
    }

    /// Ends all of them; what they were doing is done, or done again by the next process.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        let within = Duration::from_millis(STOP_WITHIN_MS);
        if tokio::time::timeout(within, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("stopping without waiting any longer for the jobs");
        }
    }

    fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(job);
    }
}
