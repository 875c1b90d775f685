//! Unused room in a database: how much there is, and how to be rid of it all at once.
//!
//! May touch: a connection of its own. Invariant: [`room`] changes nothing and works beside a running
//! bot; [`optimize`] works only where nobody else has the file open.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::inspect::{self, Unfit};
use super::lock::{Lock, LockError};
use super::log_pair::{self, PairError};
use super::migrations::{self, newest};

/// How long [`optimize`] waits for somebody who only looks at the file, in milliseconds.
const WAIT_FOR_OTHERS_MS: u64 = 1_000;
/// Steps of SQLite's machine between two reports of progress.
const STEPS_PER_REPORT: i32 = 10_000;
/// Steps that SQLite's machine takes to copy one row or index entry.
const STEPS_PER_ROW: u64 = 3;

/// Unused room in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// How much, in bytes.
    pub bytes: u64,
    /// Whether it can be given back in small steps.
    pub incremental: bool,
}

/// Looks how much unused room is in the database at `path`.
///
/// # Errors
/// [`Unfit`], if it cannot be read.
pub fn room(path: &Path) -> Result<Room, Unfit> {
    let db = inspect::open(path)?;
    let number = |pragma: &str| db.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let bytes = number("PRAGMA freelist_count")? * number("PRAGMA page_size")?;
    Ok(Room {
        bytes: bytes.unsigned_abs(),
        incremental: number("PRAGMA auto_vacuum")? == 2,
    })
}

/// Why a database was not made compact. It is as it was.
#[derive(Debug, thiserror::Error)]
pub enum OptimizeError {
    /// Somebody has it open.
    #[error(
        "it is in use; stop the bot first (it takes unused room back by itself, in small steps)"
    )]
    InUse,
    /// Another overwatch-bot has it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// It is not a database of this program in its present version.
    #[error(
        "its schema has version {found:?} and this program works with {known}; start the bot once, which brings it up to date"
    )]
    Version {
        /// The file's version.
        found: Option<i32>,
        /// The version that is needed.
        known: i32,
    },
    /// Its log is not its own.
    #[error(transparent)]
    Pair(#[from] PairError),
    /// SQLite's own error.
    #[error(transparent)]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for OptimizeError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            _ => Self::Sqlite(error),
        }
    }
}

/// Writes the database at `path` anew without any unused room, and renews the planner's statistics.
/// `report` is told how much of how much is done, roughly.
///
/// # Errors
/// [`OptimizeError`]; a failure in the middle leaves the file as it was.
pub fn optimize(
    path: &Path,
    mut report: impl FnMut(u64, u64) + Send + 'static,
) -> Result<(), OptimizeError> {
    let _lock = Lock::take(path)?;
    log_pair::require_pair(path)?;
    let db = open_alone(path)?;
    let total = steps(&db)?;
    let mut done = 0;
    let told = move || {
        done += STEPS_PER_REPORT.unsigned_abs();
        report(u64::from(done).min(total), total);
        false
    };
    db.progress_handler(STEPS_PER_REPORT, Some(told))?;
    db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; VACUUM;")?;
    db.progress_handler(0, None::<fn() -> bool>)?;
    db.execute_batch("ANALYZE; PRAGMA optimize;")?;
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    db.close().map_err(|(_, error)| error.into())
}

/// With the file's exclusive lock, which SQLite gives only if nobody else has the file open at all.
fn open_alone(path: &Path) -> Result<Connection, OptimizeError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(Duration::from_millis(WAIT_FOR_OTHERS_MS))?;
    super::harden(&db)?;
    db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    db.execute_batch("BEGIN EXCLUSIVE; COMMIT;")?;
    let (found, known) = (migrations::version(&db)?, newest());
    if found != Some(known) {
        return Err(OptimizeError::Version { found, known });
    }
    Ok(db)
}

/// About how many steps a VACUUM takes.
fn steps(db: &Connection) -> rusqlite::Result<u64> {
    let trees = "SELECT tbl_name FROM sqlite_schema WHERE rootpage > 0";
    let mut rows: u64 = 0;
    for table in texts(db, trees)? {
        let count = format!("SELECT count(*) FROM \"{}\"", table.replace('"', "\"\""));
        let count: i64 = db.query_row(&count, [], |row| row.get(0))?;
        rows += count.unsigned_abs();
    }
    Ok(rows * STEPS_PER_ROW)
}

/// The first column of all rows.
fn texts(db: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(sql)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}
