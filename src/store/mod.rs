//! What is remembered. [`Store::execute`] a [`Command`], [`Store::query`] a [`Question`].
//!
//! May touch: the domain and a database. Invariant: only the writer writes; an answered command
//! is on disk, and a command that was refused or broke has changed nothing.
//!
//! A command is written once, against [`Transaction`], whichever engine runs it. The features'
//! files (`profile`, `account`, `session`, `queue`, …) hold the commands and questions; `sqlite`
//! and `postgres` are the engines, `engine` chooses, `backup` keeps copies of SQLite's file.

pub mod account;
pub mod backup;
pub mod call;
pub mod cleanup;
pub mod clock;
mod command;
mod commits;
pub mod copy;
mod counted;
pub mod disk_room;
mod engine;
pub mod extras;
pub mod gateway;
pub mod health;
pub mod history;
pub mod installation;
pub mod known_time;
pub mod log;
pub mod modes;
pub mod outbox;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod process;
pub mod profile;
pub mod queue;
pub(crate) mod safe_file;
pub mod session;
pub mod shards;
pub mod sql;
pub mod sqlite;
pub mod teams;
pub mod upkeep;

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot};

use crate::domain::ids::InteractionId;
use crate::metrics::Metrics;
pub use command::{Command, HasReceipt, Job, Question, Read, Stop, Transaction};
use command::{Pending, Reply};
pub use commits::Commits;
use counted::Counting;
use disk_room::{DiskRoom, LastDiskRoom};
pub use engine::{Database, OpenError, Place, ReadOnly, confirm_time, migrate};
use process::Lease;
pub use sql::DbError;
pub use sqlite::Migrated;
use sqlite::files;

/// Commands that may wait on each of the writer's lanes; one more is answered [`Failure::Busy`].
pub const LANE_MAX: usize = 1024;

/// Why a command or a question got no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Too much is waiting already; nothing was done, trying again is safe.
    #[error("the store is busy")]
    Busy,
    /// The database is away for the moment; trying again is safe.
    #[error("{0}")]
    Away(DbError),
    /// The database did not say whether the command of this name was committed; [`HasReceipt`] tells once it is
    /// back. Trying again is not safe before.
    #[error("it is not known whether {0} was committed")]
    InDoubt(&'static str),
    /// A fault; whatever the command had changed is rolled back.
    #[error(transparent)]
    Broken(DbError),
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Unreachable(_) => Self::Away(error),
            DbError::InDoubt { command, .. } => Self::InDoubt(command),
            DbError::Contended(_) => Self::Busy,
            error => Self::Broken(error),
        }
    }
}

/// Which of the writer's lanes a command takes. Neither starves the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    People,
    Jobs,
}

/// The way to what is remembered. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    people: mpsc::Sender<Box<dyn Job>>,
    jobs: mpsc::Sender<Box<dyn Job>>,
    readers: Arc<Readers>,
    committed: Arc<Notify>,
    metrics: Metrics,
    commits: Commits,
    disk_room: LastDiskRoom,
    place: Arc<Place>,
    /// What a job's command has to hold while it runs.
    lease: Option<Arc<Lease>>,
}

/// The connections that answer questions.
enum Readers {
    Sqlite(sqlite::readers::Readers),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Readers),
}

/// How much room the database takes and has, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The database itself.
    pub database: u64,
    /// A file's write-ahead log; 0 if there is none.
    pub log: u64,
    /// Free space on a file's disk; a server's is not ours to see.
    pub free: Option<u64>,
}

/// Commands that wait for the writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Of people.
    pub people: usize,
    /// Of jobs.
    pub jobs: usize,
}

impl Store {
    /// Runs a person's command; the answer is on disk when it comes. With the id of the
    /// interaction it came by, a second delivery gets the first one's answer and changes nothing.
    ///
    /// # Errors
    /// [`Failure::Busy`] at once if [`LANE_MAX`] commands wait, [`Failure::Broken`] on a fault.
    pub async fn execute<C: Command>(
        &self,
        interaction: InteractionId,
        command: C,
    ) -> Result<Result<C::Answer, C::Refusal>, Failure> {
        self.send(Lane::People, Some(interaction), command).await
    }

    /// Runs a job's command, which nobody clicked.
    ///
    /// # Errors
    /// As [`Store::execute`].
    pub async fn execute_job<C: Command>(
        &self,
        command: C,
    ) -> Result<Result<C::Answer, C::Refusal>, Failure> {
        self.send(Lane::Jobs, None, command).await
    }

    /// Answers a question from one snapshot, beside the writer.
    ///
    /// # Errors
    /// As [`Store::execute`].
    pub async fn query<Q: Question>(&self, question: Q) -> Result<Q::Answer, Failure> {
        let metrics = self.metrics.clone();
        let question = Counting { question, metrics };
        match self.readers.as_ref() {
            Readers::Sqlite(readers) => readers.ask(question).await,
            #[cfg(feature = "postgres")]
            Readers::Postgres(readers) => readers.ask(question).await,
        }
    }

    /// Where the database is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Whether other processes may be working on the same database.
    pub fn is_shared(&self) -> bool {
        self.place.file().is_none()
    }

    /// The same store for what is done under a lease: a job's command then ends with
    /// [`DbError::NotHeld`] unless the lease is held in the very transaction.
    #[must_use]
    pub fn under(&self, lease: Lease) -> Self {
        Self {
            lease: Some(Arc::new(lease)),
            ..self.clone()
        }
    }

    /// How large the database is.
    ///
    /// # Errors
    /// As [`Store::query`].
    pub async fn sizes(&self) -> Result<Sizes, Failure> {
        match self.place.as_ref() {
            Place::File(path) | Place::Playground { path, .. } => {
                let sizes = files::sizes(path).map_err(|source| DbError::Statement {
                    statement: "size",
                    source: source.into(),
                })?;
                Ok(Sizes {
                    database: sizes.file,
                    log: sizes.log,
                    free: Some(sizes.free),
                })
            }
            #[cfg(feature = "postgres")]
            Place::Server(_) => Ok(Sizes {
                database: self.query(postgres::SizeOnServer).await?,
                ..Sizes::default()
            }),
        }
    }

    /// Returns after the next commit that changed something. Made before looking at the data, it
    /// misses nothing that is committed after that look. On a server it also returns once a second,
    /// for the commits of other processes.
    pub fn committed(&self) -> tokio::sync::futures::Notified<'_> {
        self.committed.notified()
    }

    /// How much waits for the writer at this moment.
    pub fn waiting(&self) -> Waiting {
        let on = |lane: &mpsc::Sender<_>| lane.max_capacity() - lane.capacity();
        Waiting {
            people: on(&self.people),
            jobs: on(&self.jobs),
        }
    }

    /// Where the writer counts what it does, and everybody else may.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Whether commits succeed.
    pub fn commits(&self) -> &Commits {
        &self.commits
    }

    /// How much room is left on the disk of a database file, as the writer saw it last.
    pub fn disk_room(&self) -> DiskRoom {
        self.disk_room.get()
    }

    async fn send<C: Command>(
        &self,
        lane: Lane,
        interaction: Option<InteractionId>,
        command: C,
    ) -> Result<Result<C::Answer, C::Refusal>, Failure> {
        let (reply, answer): (Reply<C>, _) = oneshot::channel();
        let lease = match lane {
            Lane::People => None,
            Lane::Jobs => self.lease.clone(),
        };
        let pending = Box::new(Pending::new(
            command,
            interaction,
            lease,
            reply,
            self.metrics.clone(),
        ));
        let lane = match lane {
            Lane::People => &self.people,
            Lane::Jobs => &self.jobs,
        };
        lane.try_send(pending).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Failure::Busy,
            mpsc::error::TrySendError::Closed(_) => DbError::Closed.into(),
        })?;
        answer
            .await
            .map_err(|_| DbError::Closed)?
            .map_err(Failure::from)
    }
}

#[cfg(test)]
pub(crate) mod tests;
