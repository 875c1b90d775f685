//! Which database: a file of SQLite, or a PostgreSQL server. Everything above the store is the same
//! on both.
//!
//! May touch: the engines. Invariant: what only one engine has (a file to be backed up) is asked of
//! that engine by name, never guessed from the other.

use std::fmt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::backup::{BackupError, Taken};
#[cfg(feature = "postgres")]
use super::postgres;
use super::sqlite::owner::Owner;
use super::sqlite::presence::Presence;
use super::sqlite::{self, Checkpoints, Migrated};
use super::{Failure, Question, Store};

/// Where what is remembered is kept.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a file, by SQLite.
    File(PathBuf),
    /// In a file that is the playground's own.
    Playground {
        /// The file.
        path: PathBuf,
        /// Whether a file without the playground's mark is taken for one of an earlier version.
        adopts_unmarked: bool,
    },
    /// On a PostgreSQL server.
    #[cfg(feature = "postgres")]
    Server(Box<postgres::Address>),
}

impl Place {
    /// The file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) | Self::Playground { path, .. } => Some(path),
            #[cfg(feature = "postgres")]
            Self::Server(_) => None,
        }
    }
}

impl From<PathBuf> for Place {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

/// As it may be printed: without a password.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) | Self::Playground { path, .. } => write!(f, "{}", path.display()),
            #[cfg(feature = "postgres")]
            Self::Server(address) => write!(f, "{address}"),
        }
    }
}

/// Why a database could not be opened. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file.
    #[error(transparent)]
    File(#[from] sqlite::OpenError),
    /// A server.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Server(#[from] postgres::OpenError),
}

impl OpenError {
    /// Whether it is a setting that is wrong, so that another start would fail in the same way.
    pub fn is_setting(&self) -> bool {
        match self {
            Self::File(error) => error.is_setting(),
            #[cfg(feature = "postgres")]
            Self::Server(_) => false,
        }
    }
}

/// An open database: the [`Store`] to hand around, and what closes it.
pub enum Database {
    /// A file of SQLite.
    File(sqlite::Database),
    /// A PostgreSQL server.
    #[cfg(feature = "postgres")]
    Server(postgres::Database),
}

impl Database {
    /// Opens the database at `place` and brings its schema up to date. A file is backed up into
    /// `backups` before a migration touches it; `checkpoints` are a file's too.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was changed then.
    pub async fn open(
        place: &Place,
        backups: &Path,
        now: DateTime<Utc>,
        checkpoints: Checkpoints,
    ) -> Result<Self, OpenError> {
        Ok(match place {
            Place::File(path) => {
                Self::File(sqlite::Database::open_with(path, backups, now, checkpoints).await?)
            }
            Place::Playground {
                path,
                adopts_unmarked,
            } => {
                let owner = Owner::Playground {
                    adopts_unmarked: *adopts_unmarked,
                };
                let opened = sqlite::Database::open_as(owner, path, backups, now, checkpoints);
                Self::File(opened.await?)
            }
            #[cfg(feature = "postgres")]
            Place::Server(address) => Self::Server(postgres::Database::open(address, now).await?),
        })
    }

    /// Opens a database to ask questions only, beside running bots or without one. It must have
    /// been brought up to date before.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn read(place: &Place) -> Result<ReadOnly, OpenError> {
        Ok(match place {
            Place::File(path) | Place::Playground { path, .. } => {
                ReadOnly::File(sqlite::Database::read(path).await?)
            }
            #[cfg(feature = "postgres")]
            Place::Server(address) => ReadOnly::Server(postgres::Database::read(address).await?),
        })
    }

    /// The way to what is in it.
    pub fn store(&self) -> Store {
        match self {
            Self::File(database) => database.store(),
            #[cfg(feature = "postgres")]
            Self::Server(database) => database.store(),
        }
    }

    /// Whether the file is still there; `None` for a server.
    pub fn presence(&self) -> Option<&Presence> {
        match self {
            Self::File(database) => Some(database.presence()),
            #[cfg(feature = "postgres")]
            Self::Server(_) => None,
        }
    }

    /// Makes a backup of what the open connection to a file holds; `None` for a server.
    ///
    /// # Errors
    /// [`BackupError`].
    pub async fn rescue(
        &self,
        folder: &Path,
        now: DateTime<Utc>,
    ) -> Option<Result<Taken, BackupError>> {
        match self {
            Self::File(database) => Some(database.rescue(folder, now).await),
            #[cfg(feature = "postgres")]
            Self::Server(_) => None,
        }
    }

    /// Answers what still waits, and lets go of it. Commands that come later are answered with
    /// [`super::DbError::Closed`].
    pub async fn close(self) {
        match self {
            Self::File(database) => database.close().await,
            #[cfg(feature = "postgres")]
            Self::Server(database) => database.close().await,
        }
    }
}

/// A database of which questions can be asked.
pub enum ReadOnly {
    /// A file of SQLite.
    File(sqlite::ReadOnly),
    /// A PostgreSQL server.
    #[cfg(feature = "postgres")]
    Server(postgres::ReadOnly),
}

impl ReadOnly {
    /// Answers a question from one snapshot.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn query<Q: Question>(&self, question: Q) -> Result<Q::Answer, Failure> {
        match self {
            Self::File(database) => database.query(question).await,
            #[cfg(feature = "postgres")]
            Self::Server(database) => database.query(question).await,
        }
    }
}

/// Writes down that the time is `now`, as its operator says, for the bots that run on the database at `place`,
/// or are started soon. Its schema must have been brought up to date before.
///
/// # Errors
/// [`OpenError`].
pub async fn confirm_time(place: &Place, now: DateTime<Utc>) -> Result<(), OpenError> {
    match place {
        Place::File(path) | Place::Playground { path, .. } => {
            sqlite::confirm_time(path, now).await?;
        }
        #[cfg(feature = "postgres")]
        Place::Server(address) => postgres::confirm_time(address, now).await?,
    }
    Ok(())
}

/// Does what [`Database::open`] does to the database, and no more.
///
/// # Errors
/// As [`Database::open`].
pub async fn migrate(
    place: &Place,
    backups: &Path,
    now: DateTime<Utc>,
    checkpoints: Checkpoints,
) -> Result<Migrated, OpenError> {
    Ok(match place {
        Place::File(path) | Place::Playground { path, .. } => {
            sqlite::migrate(path, backups, now, checkpoints).await?
        }
        #[cfg(feature = "postgres")]
        Place::Server(address) => postgres::migrate(address, now).await?,
    })
}
