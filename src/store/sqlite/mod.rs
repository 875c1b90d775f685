//! SQLite: one file, one writer, a few readers.
//!
//! May touch: rusqlite, tokio-rusqlite and the file. Invariant: `synchronous=FULL` and WAL, so
//! that what the writer has committed survives the loss of power.

mod adopt;
pub(crate) mod backup;
pub mod compact;
mod connection;
pub(super) mod copy;
pub mod files;
pub mod inspect;
pub mod location;
pub mod lock;
pub(crate) mod lockstep;
pub(crate) mod log_pair;
pub mod migrations;
pub mod owner;
#[cfg(test)]
pub(super) mod plans;
pub mod presence;
pub mod readers;
pub mod reserve;
pub mod restore;
mod room;
#[cfg(test)]
mod tests;
mod transaction;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;
use tokio::sync::{Notify, mpsc};
use tokio_rusqlite::Connection;
use tokio_util::sync::CancellationToken;

use super::backup::{BackupError, Taken, local};
use super::disk_room::LastDiskRoom;
use super::installation::random;
use super::sql::sql;
use super::{Commits, LANE_MAX, Place, Readers as AnyReaders, Store};
use crate::metrics::Metrics;
use crate::store::backup::files as backup_files;
pub use adopt::{Adopted, Counts};
use connection::{
    BUSY_TIMEOUT_MS, configure, configure_reader, configure_writer, harden, make_private,
};
use lock::{Lock, LockError};
use log_pair::{PairError, Recorder};
pub use migrations::Migrated;
use owner::{Claim, Owner, OwnerError};
use presence::Presence;
use readers::Readers;
use room::{Relief, RoomWatch};

/// Why a database could not be opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder of the file could not be made.
    #[error("the folder of the database {} cannot be created: {source}", path.display())]
    Folder {
        /// The file's path.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// Another process has it, or its lock cannot be taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// It is the playground's, or the playground was pointed at another one.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// Its log is not its own.
    #[error(transparent)]
    Pair(#[from] PairError),
    /// A restore was interrupted in the moment when the files were being renamed.
    #[error(
        "a restore of the database {} was interrupted and has to be repeated: run the same \
         `restore` once more",
        .0.display()
    )]
    HalfRestored(PathBuf),
    /// SQLite cannot open or configure the file.
    #[error("the database {} cannot be opened: {source}{}", path.display(), room::way_out(source))]
    Sqlite {
        /// The file's path.
        path: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// The schema is not one that this program can work with.
    #[error("the database {}: {source}", path.display())]
    Schema {
        /// The file's path.
        path: PathBuf,
        /// What is wrong with it.
        source: migrations::SchemaError,
    },
}

impl OpenError {
    /// Whether it is a setting that is wrong, so that another start would fail in the same way.
    pub fn is_setting(&self) -> bool {
        match self {
            Self::Owner(_) => true,
            Self::Pair(error) => error.is_setting(),
            Self::Lock(error) => error.is_setting(),
            _ => false,
        }
    }
}

/// Who moves what the write-ahead log holds into the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkpoints {
    /// This program.
    Own,
    /// Litestream, which replicates the log and must see all of it: this program leaves the log
    /// alone, also when it stops.
    Litestream,
}

impl Checkpoints {
    /// Litestream's, if it is there.
    pub fn with(litestream: bool) -> Self {
        match litestream {
            true => Self::Litestream,
            false => Self::Own,
        }
    }
}

/// An open database: the [`Store`] to hand around, and what closes it.
pub struct Database {
    store: Store,
    stop: CancellationToken,
    writer: tokio::task::JoinHandle<()>,
    connection: Connection,
    presence: Presence,
}

impl Database {
    /// Opens the database at `path`, made if it is not there, and brings its schema up to date.
    /// Before a migration touches a file that holds something, it is backed up into `backups`.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was changed then.
    pub async fn open(path: &Path, backups: &Path, now: DateTime<Utc>) -> Result<Self, OpenError> {
        Self::open_with(path, backups, now, Checkpoints::Own).await
    }

    /// As [`Database::open`], with someone else in charge of checkpoints if need be.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was changed then.
    pub async fn open_with(
        path: &Path,
        backups: &Path,
        now: DateTime<Utc>,
        checkpoints: Checkpoints,
    ) -> Result<Self, OpenError> {
        Self::open_as(Owner::Bot, path, backups, now, checkpoints).await
    }

    /// As [`Database::open_with`], for this owner.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was changed then.
    pub async fn open_as(
        owner: Owner,
        path: &Path,
        backups: &Path,
        now: DateTime<Utc>,
        checkpoints: Checkpoints,
    ) -> Result<Self, OpenError> {
        let (lock, connection, _) = open_writer(owner, path, backups, now, checkpoints).await?;
        // A lock that was taken is that of the file at the end of all links.
        let path = lock.database().to_owned();
        let failed = |source| OpenError::Sqlite {
            path: path.clone(),
            source,
        };
        let readers = Readers::open(&path).await.map_err(failed)?;
        let presence = Presence::of(&path).map_err(|source| OpenError::Folder {
            path: path.clone(),
            source,
        })?;

        let stop = CancellationToken::new();
        let committed = Arc::new(Notify::new());
        let metrics = Metrics::default();
        let commits = Commits::default();
        let disk_room = LastDiskRoom::default();
        let relief = Relief::of(&path, checkpoints);
        let (people, people_lane) = mpsc::channel(LANE_MAX);
        let (jobs, jobs_lane) = mpsc::channel(LANE_MAX);
        let lanes = writer::Lanes {
            people: people_lane,
            jobs: jobs_lane,
        };
        let writer = writer::Writer {
            connection: connection.clone(),
            committed: committed.clone(),
            metrics: metrics.clone(),
            commits: commits.clone(),
            checkpoints,
            recorder: Recorder::start(&path),
            presence: presence.clone(),
            room: RoomWatch::start(relief.clone(), disk_room.clone()),
            relief,
            _lock: lock,
        };
        Ok(Self {
            store: Store {
                people,
                jobs,
                readers: Arc::new(AnyReaders::Sqlite(readers)),
                committed,
                metrics,
                commits,
                disk_room,
                place: Arc::new(Place::File(path)),
                lease: None,
            },
            writer: tokio::spawn(writer.run(lanes, stop.clone())),
            stop,
            connection,
            presence,
        })
    }

    /// Opens a database to ask questions only, beside a running bot or without one. It must have
    /// been brought up to date before.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn read(path: &Path) -> Result<ReadOnly, OpenError> {
        let failed = |source| OpenError::Sqlite {
            path: path.to_owned(),
            source,
        };
        let connection = open_reader(path).await.map_err(failed)?;
        let claimed = call(&connection, |db| Owner::Bot.claim(db)).await;
        if claimed.map_err(failed)? == Claim::Refused {
            return Err(Owner::Bot.refuse(path).into());
        }
        let newest = migrations::require_newest(&connection).await;
        newest.map_err(|source| OpenError::Schema {
            path: path.to_owned(),
            source,
        })?;
        Ok(ReadOnly(Readers::of(connection)))
    }

    /// The way to what is in it.
    pub fn store(&self) -> Store {
        self.store.clone()
    }

    /// Whether the file is still there.
    pub fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Makes a backup of what the open connection holds, whatever is at the path by now.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn rescue(&self, folder: &Path, now: DateTime<Utc>) -> Result<Taken, BackupError> {
        let (database, folder) = (self.presence.path().to_owned(), folder.to_owned());
        let rescued = self.connection.call(move |db| {
            let order = local::Order {
                database: &database,
                folder: &folder,
                compress: false,
                checkpoint: false,
                keep: None,
            };
            let stop = CancellationToken::new();
            let snapshot = |target: &Path| backup::snapshot_from(db, target, &stop);
            Ok::<_, rusqlite::Error>(local::make_by(&order, now, &snapshot))
        });
        rescued.await.unwrap_or(Err(BackupError::Panicked))
    }

    /// Answers what still waits, checkpoints the log into the file and closes it. Commands that
    /// come later are answered with [`super::DbError::Closed`].
    pub async fn close(self) {
        #[cfg_attr(
            not(feature = "postgres"),
            expect(irrefutable_let_patterns, reason = "the only engine")
        )]
        if let AnyReaders::Sqlite(readers) = self.store.readers.as_ref() {
            readers.close().await;
        }
        self.stop.cancel();
        if let Err(error) = self.writer.await {
            tracing::error!(panicked = error.is_panic(), "the writer did not end well");
        }
    }
}

/// A database of which questions can be asked.
pub struct ReadOnly(Readers);

impl ReadOnly {
    /// Answers a question from one snapshot.
    ///
    /// # Errors
    /// [`super::Failure`].
    pub async fn query<Q: super::Question>(
        &self,
        question: Q,
    ) -> Result<Q::Answer, super::Failure> {
        self.0.ask(question).await
    }
}

/// Does what [`Database::open`] does to the file, and no more: makes it if it is not there, adopts it
/// if it is one of an existing installation, brings its schema up to date.
///
/// # Errors
/// As [`Database::open`].
pub async fn migrate(
    path: &Path,
    backups: &Path,
    now: DateTime<Utc>,
    checkpoints: Checkpoints,
) -> Result<Migrated, OpenError> {
    let opened = open_writer(Owner::Bot, path, backups, now, checkpoints).await?;
    let (_lock, connection, migrated) = opened;
    let closed = lockstep::done(connection.close()).await;
    closed.map_err(|error| OpenError::Sqlite {
        path: path.to_owned(),
        source: sqlite_error(error),
    })?;
    Ok(migrated)
}

/// Makes the database, which is not there or empty, and notes with which word of the operator it begins.
///
/// # Errors
/// As [`Database::open`].
pub(super) async fn begin_empty(
    path: &Path,
    backups: &Path,
    now: DateTime<Utc>,
    checkpoints: Checkpoints,
    word: &str,
) -> Result<(), OpenError> {
    let failed = |source| OpenError::Sqlite {
        path: path.to_owned(),
        source,
    };
    let opened = open_writer(Owner::Bot, path, backups, now, checkpoints).await?;
    let (_lock, connection, _) = opened;
    let values = [random(), random(), word.to_owned()];
    let begun = call(&connection, move |db| {
        db.execute(sql!("installation/begin").text, values)
    });
    begun.await.map_err(failed)?;
    let closed = connection.close().await;
    closed.map_err(|error| failed(sqlite_error(error)))
}

async fn open_writer(
    owner: Owner,
    path: &Path,
    backups: &Path,
    now: DateTime<Utc>,
    checkpoints: Checkpoints,
) -> Result<(Lock, Connection, Migrated), OpenError> {
    make_folder(path)?;
    let mut lock = Lock::take(path)?;
    let (given, resolved) = (path, lock.database().to_owned());
    let path = resolved.as_path();
    if restore::is_half_done(path) {
        return Err(OpenError::HalfRestored(path.to_owned()));
    }
    owner.check(given)?;
    // Looking at the log needs room for its index.
    let relief = Relief::of(path, checkpoints);
    relief.make_room_to_start();
    let pair = path.to_owned();
    let checked = lockstep::blocking(move || log_pair::require_pair(&pair)).await;
    checked.unwrap_or_else(|| Err(PairError::panicked(path)))?;
    make_private(path)?;
    let failed = |source| OpenError::Sqlite {
        path: path.to_owned(),
        source,
    };
    let opened = lockstep::done(Connection::open(path)).await;
    let connection = opened.map_err(failed)?;
    let claim = move |db: &mut rusqlite::Connection| {
        configure(db)?;
        owner.claim(db)
    };
    if call(&connection, claim).await.map_err(failed)? == Claim::Refused {
        return Err(owner.refuse(path).into());
    }
    let configure = move |db: &mut rusqlite::Connection| {
        configure_writer(db, checkpoints)?;
        relief.tidy_log_at_start(db);
        Ok(())
    };
    call(&connection, configure).await.map_err(failed)?;
    lock.hold_file()?;
    let migrated = migrations::run(&connection, backups.to_owned(), now).await;
    let migrated = migrated.map_err(|source| OpenError::Schema {
        path: path.to_owned(),
        source,
    })?;
    let altered = call(&connection, |db| Ok(inspect::require_unaltered(db).err())).await;
    if let Some(reason) = altered.map_err(failed)? {
        tracing::warn!(path = %path.display(), %reason, "no backup is made of a database whose schema was changed by hand");
    }
    Ok((lock, connection, migrated))
}

fn make_folder(path: &Path) -> Result<(), OpenError> {
    let made = backup_files::create_folder(files::folder_of(path));
    made.map_err(|source| OpenError::Folder {
        path: path.to_owned(),
        source,
    })
}

/// Writes down that the time is `now`, beside a bot that runs or without one.
pub(super) async fn confirm_time(path: &Path, now: DateTime<Utc>) -> Result<(), OpenError> {
    let resolved = location::resolve(path).map_err(LockError::from)?;
    let path = resolved.as_path();
    location::require_file_with_one_name(path).map_err(LockError::from)?;
    log_pair::require_pair(path)?;
    let failed = |source| OpenError::Schema {
        path: path.to_owned(),
        source,
    };
    let file = path.to_owned();
    let confirm = move || -> Result<Claim, migrations::SchemaError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = rusqlite::Connection::open_with_flags(file, flags)?;
        configure(&db)?;
        if Owner::Bot.claim(&db)? == Claim::Refused {
            return Ok(Claim::Refused);
        }
        if migrations::recognise(&db)? != Some(migrations::newest()) {
            return Err(migrations::SchemaError::Older);
        }
        // Who checkpoints the log is whoever has the file otherwise.
        db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        db.execute(sql!("known_time/confirm").text, [now.timestamp()])?;
        Ok(Claim::Granted)
    };
    let confirmed = tokio::task::spawn_blocking(confirm).await;
    match confirmed.expect("it does not panic").map_err(failed)? {
        Claim::Granted => Ok(()),
        Claim::Refused => Err(Owner::Bot.refuse(path).into()),
    }
}

async fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = lockstep::done(Connection::open_with_flags(path, flags)).await?;
    call(&connection, configure_reader).await?;
    Ok(connection)
}

/// Runs `function` on the connection's own thread. The thread lives as long as the connection,
/// so that the only errors are SQLite's.
async fn call<T: Send + 'static>(
    connection: &Connection,
    function: impl FnOnce(&mut rusqlite::Connection) -> rusqlite::Result<T> + Send + 'static,
) -> rusqlite::Result<T> {
    let called = lockstep::done(connection.call(function)).await;
    called.map_err(sqlite_error)
}

fn sqlite_error(error: tokio_rusqlite::Error) -> rusqlite::Error {
    match error {
        tokio_rusqlite::Error::Error(error) => error,
        error => rusqlite::Error::ToSqlConversionFailure(Box::new(error)),
    }
}
