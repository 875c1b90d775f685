//! The writer: one task, one connection, one transaction for all that waits (group commit).
//!
//! May touch: the write connection. Invariant: replies go out after the COMMIT and never before;
//! each command stands under its own savepoint, so that one that fails takes nobody with it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::super::{Commits, DbError, Job};
use super::Checkpoints;
use super::lock::Lock;
use super::lockstep;
use super::log_pair::Recorder;
use super::presence::Presence;
use super::room::{self, Measure, Relief, RoomWatch};
use super::transaction::Open;
use crate::metrics::{Metrics, Written};

/// Commands of people that go into one transaction at most.
const PEOPLE_BATCH_MAX: usize = 192;
/// Commands of jobs that go into one transaction at most.
const JOBS_BATCH_MAX: usize = 64;

type Batch = Vec<Box<dyn Job>>;

/// The two bounded lanes on which commands arrive.
pub(super) struct Lanes {
    pub(super) people: mpsc::Receiver<Box<dyn Job>>,
    pub(super) jobs: mpsc::Receiver<Box<dyn Job>>,
}

impl Lanes {
    /// The next batch, some of each lane; `None` once both are closed and empty.
    async fn next(&mut self) -> Option<Batch> {
        let mut batch = Batch::new();
        tokio::select! {
            biased;
            Some(job) = self.people.recv() => batch.push(job),
            Some(job) = self.jobs.recv() => batch.push(job),
            else => return None,
        }
        take(&mut self.people, PEOPLE_BATCH_MAX, &mut batch);
        take(&mut self.jobs, JOBS_BATCH_MAX, &mut batch);
        Some(batch)
    }

    fn close(&mut self) {
        self.people.close();
        self.jobs.close();
    }
}

fn take(lane: &mut mpsc::Receiver<Box<dyn Job>>, max: usize, batch: &mut Batch) {
    for _ in 0..max {
        let Ok(job) = lane.try_recv() else { return };
        batch.push(job);
    }
}

pub(super) struct Writer {
    pub(super) connection: tokio_rusqlite::Connection,
    pub(super) committed: Arc<Notify>,
    pub(super) metrics: Metrics,
    pub(super) commits: Commits,
    pub(super) checkpoints: Checkpoints,
    /// What the file and its log are like, for the next start.
    pub(super) recorder: Recorder,
    pub(super) presence: Presence,
    pub(super) relief: Relief,
    pub(super) room: RoomWatch,
    /// Nobody else may write for as long as the writer may.
    pub(super) _lock: Lock,
}

impl Writer {
    /// Writes until `stop`, then what still waits; then checkpoints and closes the connection.
    pub(super) async fn run(mut self, mut lanes: Lanes, stop: CancellationToken) {
        loop {
            let batch = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                batch = lanes.next() => batch,
            };
            let Some(batch) = batch else { break };
            self.write(batch).await;
        }
        lanes.close();
        while let Some(batch) = lanes.next().await {
            self.write(batch).await;
        }
        self.close().await;
    }

    async fn write(&mut self, mut batch: Batch) {
        if self.presence.is_taken_away() {
            for job in batch {
                job.finish(Some(DbError::TakenAway));
            }
            return;
        }
        let relief = self.relief.clone();
        let written = self.connection.call(move |db| {
            let begun = Instant::now();
            let result = transact_in_room(db, &mut batch, &relief);
            Ok::<_, rusqlite::Error>((batch, result, begun.elapsed()))
        });
        let written = lockstep::done(written).await;
        // The thread is gone only if the process is ending; the senders see their lane closed.
        let Ok((batch, result, held)) = written else {
            return;
        };
        self.recorder.update();
        if let Ok(done) = &result {
            for job in &batch {
                self.commits.ran(job.name(), job.fault());
            }
            if done.changed {
                self.commits.succeeded();
                self.committed.notify_waiters();
            }
            self.metrics.written(Written {
                commands: batch.len(),
                held,
                commit: done.commit,
            });
        }
        let error = result.err().map(|error| self.relief.explain(&error));
        if let Some(error) = &error {
            self.commits.failed(error.clone());
        }
        for job in batch {
            job.finish(error.clone().map(DbError::Commit));
        }
        self.watch_room().await;
    }

    /// Keeps the log short where there is little room.
    async fn watch_room(&mut self) {
        if !self.room.look_in_time() {
            return;
        }
        let relief = self.relief.clone();
        let write_back = move |db: &mut Connection| relief.write_back(db);
        if let Err(error) = super::call(&self.connection, write_back).await {
            tracing::debug!(%error, "failed to write the log back where room is short");
        }
    }

    async fn close(self) {
        if self.presence.is_taken_away() {
            // The log at the path may be of the file that is there now: it is neither written nor removed.
            let keep_log = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            let kept = move |db: &mut Connection| db.set_db_config(keep_log, true);
            if let Err(error) = super::call(&self.connection, kept).await {
                tracing::error!(%error, "failed to leave the log alone");
            }
            if let Err(error) = self.connection.close().await {
                tracing::warn!(%error, "the database was not closed cleanly");
            }
            return;
        }
        let relief = self.relief.clone();
        let checkpoint = move |db: &mut Connection| relief.write_back(db);
        if self.checkpoints == Checkpoints::Own
            && let Err(error) = super::call(&self.connection, checkpoint).await
        {
            tracing::warn!(%error, "the last checkpoint failed; the log is kept and read at the next start");
        }
        if let Err(error) = lockstep::done(self.connection.close()).await {
            tracing::warn!(%error, "the database was not closed cleanly");
        }
        // Under Litestream the log stays.
        self.recorder.finish();
    }
}

/// What a transaction came to.
struct Done {
    /// Whether something was kept.
    changed: bool,
    /// How long the COMMIT took.
    commit: Duration,
}

/// Runs the batch in one transaction; once more for each measure that makes room, if there is none.
fn transact_in_room(
    db: &mut Connection,
    batch: &mut Batch,
    relief: &Relief,
) -> rusqlite::Result<Done> {
    let mut result = transact(db, batch);
    for measure in Measure::ALL {
        let is_full = result.as_ref().is_err_and(room::is_full);
        if is_full && relief.take(db, measure) {
            result = transact(db, batch);
        }
    }
    result
}

/// Runs the batch in one transaction.
fn transact(db: &mut Connection, batch: &mut Batch) -> rusqlite::Result<Done> {
    let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let mut changed = false;
    for job in batch.iter_mut() {
        changed |= under_savepoint(&transaction, job.as_mut())?;
    }
    let committing = Instant::now();
    transaction.commit()?;
    Ok(Done {
        changed,
        commit: committing.elapsed(),
    })
}

/// Runs one command; what it changed goes if it does not want it kept.
///
/// An error here ends the whole transaction: SQLite itself rolls everything back when the disk
/// is full or fails, and then there is no savepoint any more to return to.
fn under_savepoint(db: &Connection, job: &mut dyn Job) -> rusqlite::Result<bool> {
    db.prepare_cached("SAVEPOINT command")?.execute([])?;
    let keep = job.run(&mut Open(db));
    if job.fault().is_some_and(room::is_for_want_of_room) {
        return Err(room::full());
    }
    if !keep {
        db.prepare_cached("ROLLBACK TO command")?.execute([])?;
    }
    db.prepare_cached("RELEASE command")?.execute([])?;
    Ok(keep)
}
