//! What happens by itself: deliveries from the outbox, the session clock, backups, tidying up.
//!
//! May touch: the store, and Discord through `discord::delivery`. Invariant: a job keeps nothing
//! in memory that a restart would lose.

pub mod backup;
pub mod outbox;
pub mod session_clock;
pub mod tidy;

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::discord::feature::Context;
use crate::store::backup::Backups;

/// The running jobs.
pub struct Jobs {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Jobs {
    /// Starts all of them.
    pub fn start(context: &Context, backups: Backups) -> Self {
        let jobs = Self {
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        jobs.spawn(outbox::run(context.clone(), jobs.stop.clone()));
        jobs.spawn(session_clock::run(context.clone(), jobs.stop.clone()));
        jobs.spawn(tidy::run(context.clone(), jobs.stop.clone()));
        jobs.spawn(backup::run(
            backups,
            context.clock.clone(),
            jobs.stop.clone(),
        ));
        jobs
    }

    /// Ends all of them; what they were doing is done, or done again by the next process.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(job);
    }
}
