//! Whose a database file is: the bot's, or the playground's, which marks its own.
//!
//! May touch: the header of the file, and a connection before anyone else has it. Invariant: the header
//! is read before SQLite has the file open, never beside it: closing any descriptor of a file drops the
//! locks that the process holds on it.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::lock::beside;
use super::migrations;

/// The application id in the header of a file that the playground made: "OWpg".
const PLAYGROUND_ID: u32 = u32::from_be_bytes(*b"OWpg");
/// Where a SQLite file's header has the application id, and how long the header is, in bytes.
/// <https://www.sqlite.org/fileformat2.html#application_id>
const APPLICATION_ID_AT: usize = 68;
const HEADER_BYTES: u64 = 100;

/// Who opens a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The bot, or one of its commands.
    Bot,
    /// The playground.
    Playground {
        /// Whether a file without a mark is taken for one of an earlier version of the playground.
        adopts_unmarked: bool,
    },
}

/// Why a file may not be opened by who wants to. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// The bot was pointed at the playground's.
    #[error(
        "the database {} is the playground's, and only the playground opens it; point DB_PATH at the \
         bot's own",
        .0.display()
    )]
    Playgrounds(PathBuf),
    /// The playground was pointed at another one.
    #[error(
        "the database {} is not the playground's, which opens only what it made itself; leave \
         --db-path out, or name a file that is not there yet",
        .0.display()
    )]
    NotPlaygrounds(PathBuf),
    /// It cannot be read.
    #[error("the database {} cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl Owner {
    /// Checks the header of the file at `path` before anything opens it. A file that is not there is
    /// anybody's.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub fn check(self, path: &Path) -> Result<(), OwnerError> {
        let io = |source| OwnerError::Io {
            path: path.to_owned(),
            source,
        };
        let Some((id, file)) = application_id(path).map_err(io)? else {
            return Ok(());
        };
        match self {
            Self::Bot if id == PLAYGROUND_ID => Err(OwnerError::Playgrounds(path.to_owned())),
            Self::Bot => Ok(()),
            Self::Playground { .. } if id == PLAYGROUND_ID => Ok(()),
            Self::Playground { .. } if file.len() == 0 && !beside(path, "-wal").exists() => Ok(()),
            // Another name of a file leads to somebody else's.
            Self::Playground {
                adopts_unmarked: true,
            } if id == 0 && file.nlink() == 1 && !path.is_symlink() => Ok(()),
            Self::Playground { .. } => Err(OwnerError::NotPlaygrounds(path.to_owned())),
        }
    }

    /// Checks the mark as SQLite sees it, through the log, and marks a file that the playground makes
    /// or adopts. Comes before the file is put into WAL mode, so that a new one is marked in its header.
    pub(super) fn claim(self, db: &Connection) -> rusqlite::Result<Claim> {
        let id: u32 = db.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        let pages: u32 = db.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        match self {
            Self::Bot if id == PLAYGROUND_ID => Ok(Claim::Refused),
            Self::Bot => Ok(Claim::Granted),
            Self::Playground { .. } if id == PLAYGROUND_ID => Ok(Claim::Granted),
            Self::Playground { .. } if pages == 0 => {
                // Counts only before the file has its first page.
                db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
                mark(db)
            }
            Self::Playground {
                adopts_unmarked: true,
            } if id == 0 && migrations::version(db)?.is_some() => mark(db),
            Self::Playground { .. } => Ok(Claim::Refused),
        }
    }

    /// The error for a refused claim.
    pub(super) fn refuse(self, path: &Path) -> OwnerError {
        match self {
            Self::Bot => OwnerError::Playgrounds(path.to_owned()),
            Self::Playground { .. } => OwnerError::NotPlaygrounds(path.to_owned()),
        }
    }
}

/// What a claim came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    Granted,
    Refused,
}

fn mark(db: &Connection) -> rusqlite::Result<Claim> {
    db.pragma_update(None, "application_id", PLAYGROUND_ID)?;
    // From the log into the header, where it is looked for before the file is opened.
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(Claim::Granted)
}

/// The application id in a file's header, 0 where there is no header, and what the file is; `None` if
/// there is no file.
fn application_id(path: &Path) -> io::Result<Option<(u32, Metadata)>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut header = Vec::new();
    file.take(HEADER_BYTES).read_to_end(&mut header)?;
    let id = header.get(APPLICATION_ID_AT..APPLICATION_ID_AT + 4);
    let id = id.and_then(|bytes| bytes.try_into().ok());
    Ok(Some((id.map_or(0, u32::from_be_bytes), metadata)))
}
