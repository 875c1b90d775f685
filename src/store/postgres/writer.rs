//! The writers: threads with a connection each, that take commands from the lanes.
//!
//! May touch: their connections. Invariant: each command is a transaction of its own; its sender
//! hears of it after the COMMIT; it is run again as often as PostgreSQL cannot serialise it, and a
//! COMMIT of which nobody knows is settled by the receipt.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::UNREACHABLE_AFTER_MS;
use super::link::{self, Link, Trouble};
use super::transaction::Open;
use crate::metrics::{Metrics, Written};
use crate::store::{Commits, DbError, Job};

/// Of so many commands in a row one is a job's, if there is one.
const JOB_EVERY: u32 = 4;
/// A command that is in the way of others is run again so often; then it was "busy".
const CONFLICTS_MAX: u32 = 30;
/// After so many conflicts a command is run while no other one of this process is: on a session that
/// a crowd clicks at, transactions side by side would only push each other back.
const ALONE_AFTER: u32 = 1;
/// A row that is there already may have come a moment ago; the command is run again so often.
const DUPLICATES_MAX: u32 = 2;
/// A COMMIT of a remembered command that is not answered this long after it was sent is given up on,
/// in milliseconds, so that there is time to settle it.
const COMMIT_WITHIN_MS: u64 = 1_500;
/// This long after a command was sent, nobody waits for its COMMIT to be settled any more, in
/// milliseconds: Discord's three seconds are almost over.
const SETTLE_WITHIN_MS: u64 = 2_900;
/// A COMMIT is waited for this long at least, in milliseconds.
const COMMIT_AT_LEAST_MS: u64 = 500;
/// A command is tried on so many connections that break.
const LOSSES_MAX: u32 = 3;
/// The wait after the first conflict, in milliseconds, and a random part of it; it doubles.
const CONFLICT_WAIT_MS: u64 = 1;
/// The longest such wait, in milliseconds.
const CONFLICT_WAIT_MAX_MS: u64 = 64;

/// The two bounded lanes on which commands arrive.
pub(super) struct Lanes {
    pub(super) people: mpsc::Receiver<Box<dyn Job>>,
    pub(super) jobs: mpsc::Receiver<Box<dyn Job>>,
    pub(super) turn: u32,
}

impl Lanes {
    /// The next command; people come first, but do not starve the jobs. `None` once both lanes are
    /// closed and empty.
    async fn next(&mut self) -> Option<Box<dyn Job>> {
        self.turn = self.turn.wrapping_add(1);
        let (first, second) = match self.turn.is_multiple_of(JOB_EVERY) {
            false => (&mut self.people, &mut self.jobs),
            true => (&mut self.jobs, &mut self.people),
        };
        tokio::select! {
            biased;
            Some(job) = first.recv() => Some(job),
            Some(job) = second.recv() => Some(job),
            else => None,
        }
    }
}

/// What the writers share.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) lanes: Arc<Mutex<Lanes>>,
    pub(super) committed: Arc<Notify>,
    pub(super) metrics: Metrics,
    pub(super) commits: Commits,
    pub(super) stop: CancellationToken,
    /// Held by all who write, or by one who has to be alone.
    pub(super) turn: Arc<RwLock<()>>,
}

pub(super) struct Writer {
    pub(super) link: Link,
    pub(super) shared: Shared,
}

/// Why a command's transaction did not end.
enum Failed {
    /// Nothing was changed.
    Before(Trouble),
    /// It may have been committed, or not.
    InCommit(Trouble),
}

impl Writer {
    /// Writes until the store is closed, then what still waits. Blocks.
    pub(super) fn run(mut self) {
        while let Some(job) = self.next() {
            self.serve(job);
        }
        let lanes = self.shared.lanes.clone();
        loop {
            let job = self.link.wait(async {
                let mut lanes = lanes.lock().await;
                lanes.people.close();
                lanes.jobs.close();
                lanes.next().await
            });
            let Some(job) = job else { return };
            self.serve(job);
        }
    }

    fn next(&self) -> Option<Box<dyn Job>> {
        let next = async { self.shared.lanes.lock().await.next().await };
        self.link.wait(async {
            tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => None,
                job = next => job,
            }
        })
    }

    fn serve(&mut self, mut job: Box<dyn Job>) {
        let error = self.carry_out(job.as_mut()).err();
        self.link.limit(None);
        let commits = &self.shared.commits;
        match &error {
            None => commits.ran(job.name(), job.fault()),
            Some(
                error @ (DbError::Unreachable(_) | DbError::Commit(_) | DbError::InDoubt { .. }),
            ) => {
                commits.failed(error.to_string());
                tracing::debug!(command = job.name(), %error, "command abandoned");
            }
            Some(error) => {
                tracing::warn!(command = job.name(), %error, "a command was given up");
            }
        }
        job.finish(error);
    }

    /// Runs the command until it ends, well or not; an error stands in the place of its outcome.
    fn carry_out(&mut self, job: &mut dyn Job) -> Result<(), DbError> {
        let mut in_doubt = false;
        let done = self.try_to_carry_out(job, &mut in_doubt);
        done.map_err(|error| match error {
            DbError::Unreachable(why) | DbError::Contended(why) if in_doubt => {
                let command = job.name();
                DbError::InDoubt { command, why }
            }
            error => error,
        })
    }

    /// As [`Writer::carry_out`]; notes whether a COMMIT is `in_doubt` that a receipt can tell of.
    fn try_to_carry_out(&mut self, job: &mut dyn Job, in_doubt: &mut bool) -> Result<(), DbError> {
        let deadline = job.since() + Duration::from_millis(UNREACHABLE_AFTER_MS);
        let (mut conflicts, mut duplicates, mut losses) = (0, 0, 0);
        loop {
            let unreachable = |trouble: Trouble| DbError::Unreachable(trouble.to_string());
            self.link.connect(deadline).map_err(unreachable)?;
            let alone = conflicts >= ALONE_AFTER;
            let trouble = match self.in_turn(alone, |writer| writer.attempt(job)) {
                Ok(()) => return Ok(()),
                Err(Failed::Before(trouble)) => trouble,
                Err(Failed::InCommit(trouble @ Trouble::Conflict(_))) => trouble,
                // Told by the server itself: it was not.
                Err(Failed::InCommit(Trouble::Fault(why) | Trouble::Duplicate(why))) => {
                    return Err(DbError::Commit(why));
                }
                // Run again, the command finds its receipt if it was committed.
                Err(Failed::InCommit(Trouble::Lost(why) | Trouble::Slow(why)))
                    if job.is_remembered() =>
                {
                    *in_doubt = true;
                    let within = Duration::from_millis(SETTLE_WITHIN_MS);
                    self.link.limit(Some(job.since() + within));
                    Trouble::Lost(why)
                }
                Err(Failed::InCommit(trouble)) => return Err(unreachable(trouble)),
            };
            match trouble {
                Trouble::Conflict(_) if conflicts < CONFLICTS_MAX => {
                    conflicts += 1;
                    self.link.pause(wait(conflicts));
                }
                Trouble::Conflict(why) => return Err(DbError::Contended(why)),
                Trouble::Duplicate(_) if duplicates < DUPLICATES_MAX => duplicates += 1,
                Trouble::Lost(_) if losses < LOSSES_MAX => losses += 1,
                Trouble::Lost(why) | Trouble::Slow(why) => return Err(DbError::Unreachable(why)),
                // What was committed, perhaps, is not made undone by a second try that fails.
                Trouble::Duplicate(why) | Trouble::Fault(why) if *in_doubt => {
                    return Err(DbError::Unreachable(why));
                }
                // The command's own error, which it has kept.
                Trouble::Duplicate(_) | Trouble::Fault(_) => return Ok(()),
            }
        }
    }

    fn in_turn<T>(&mut self, alone: bool, run: impl FnOnce(&mut Self) -> T) -> T {
        let turn = self.shared.turn.clone();
        // Nothing is in it that a panic could leave half done.
        if alone {
            let _turn = turn.write().unwrap_or_else(PoisonError::into_inner);
            run(self)
        } else {
            let _turn = turn.read().unwrap_or_else(PoisonError::into_inner);
            run(self)
        }
    }

    fn attempt(&mut self, job: &mut dyn Job) -> Result<(), Failed> {
        let begun = Instant::now();
        self.link.begin(link::BEGIN).map_err(Failed::Before)?;
        let mut open = Open::on(&mut self.link);
        let keep = job.run(&mut open);
        if let Some(trouble) = open.trouble {
            self.roll_back();
            return Err(match keep {
                false => Failed::Before(trouble),
                // It made nothing of the error, and has an answer that is not true.
                true => Failed::InCommit(trouble),
            });
        }
        let mut commit = Duration::ZERO;
        if keep {
            let committing = Instant::now();
            self.commit(job).map_err(Failed::InCommit)?;
            commit = committing.elapsed();
            self.shared.commits.succeeded();
            self.shared.committed.notify_waiters();
        } else {
            self.roll_back();
        }
        self.shared.metrics.written(Written {
            commands: 1,
            held: begun.elapsed(),
            commit,
        });
        Ok(())
    }

    /// Commits; in time for it to be settled if there is no answer, and if that can be done at all.
    fn commit(&mut self, job: &dyn Job) -> Result<(), Trouble> {
        let give_up = job.since() + Duration::from_millis(COMMIT_WITHIN_MS);
        let in_time = Instant::now() + Duration::from_millis(COMMIT_AT_LEAST_MS) <= give_up;
        if !job.is_remembered() || !in_time || self.link.is_limited() {
            return self.link.run("COMMIT");
        }
        self.link.limit(Some(give_up));
        let committed = self.link.run("COMMIT");
        self.link.limit(None);
        committed
    }

    fn roll_back(&mut self) {
        if self.link.run("ROLLBACK").is_err() {
            self.link.lose();
        }
    }
}

/// How long to wait after so many conflicts: at random, so that two do not meet again.
fn wait(conflicts: u32) -> Duration {
    let doubled = CONFLICT_WAIT_MS << conflicts.min(16);
    let most = doubled.min(CONFLICT_WAIT_MAX_MS) * 1_000;
    // Every one of these has keys of its own, which are random.
    let random = std::hash::RandomState::new().build_hasher().finish();
    Duration::from_micros(most / 2 + random % most)
}
