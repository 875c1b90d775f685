//! What happens by itself: deliveries from the outbox, the session clock, backups, tidying up.
//!
//! May touch: the store, and Discord through `discord::delivery`. Invariant: a job keeps nothing
//! in memory that a restart would lose.

pub mod backup;
mod lead;
pub mod outbox;
mod parking;
pub mod peers;
pub mod session_clock;
pub mod tidy;
mod timekeeping;
mod trouble;
pub mod upkeep;

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::discord::feature::Context;
use crate::store::backup::Backups;
use crate::store::process::ProcessId;
use upkeep::Upkeep;

/// The longest that a job sleeps before it works out anew when it is due: after the clock was set, it is
/// late by no more than this.
pub(crate) const NAP_MAX: Duration = Duration::from_secs(60);

/// At a stop, jobs are waited for this long, in milliseconds. They end at their next step.
pub const STOP_WITHIN_MS: u64 = 300;

/// The running jobs.
pub struct Jobs {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Jobs {
    /// Starts all of them. Of several processes on one database, each of which is somebody among
    /// its `peers`, one at a time does the chores; deliveries are shared out.
    pub fn start(
        context: &Context,
        upkeep: Upkeep,
        backups: Option<Backups>,
        peers: Option<watch::Receiver<ProcessId>>,
    ) -> Self {
        let jobs = Self {
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        let stop = jobs.stop.clone();
        jobs.spawn(outbox::run(context.clone(), peers.clone(), stop.clone()));
        jobs.spawn(parking::run(context.clone(), stop.clone()));
        jobs.spawn(timekeeping::run(context.clone(), stop.clone()));
        let chores = Chores { upkeep };
        match peers {
            Some(peers) => jobs.spawn(lead::run(context.clone(), chores, peers, stop)),
            None => chores.start_in(&jobs.tasks, context, &stop),
        }
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

/// What one process does for all: what falls due, a first try of what Discord had refused, and what keeps
/// the database small.
#[derive(Clone)]
struct Chores {
    upkeep: Upkeep,
}

impl Chores {
    /// Starts all of them.
    fn start(&self, context: &Context, stop: &CancellationToken) -> TaskTracker {
        let tasks = TaskTracker::new();
        self.start_in(&tasks, context, stop);
        tasks
    }

    fn start_in(&self, tasks: &TaskTracker, context: &Context, stop: &CancellationToken) {
        tasks.spawn(session_clock::run(context.clone(), stop.clone()));
        tasks.spawn(parking::wake_all(context.clone(), stop.clone()));
        tasks.spawn(tidy::run(context.clone(), stop.clone()));
        tasks.spawn(upkeep::run(
            context.clone(),
            self.upkeep.clone(),
            stop.clone(),
        ));
    }
}

#[cfg(test)]
mod tests;
