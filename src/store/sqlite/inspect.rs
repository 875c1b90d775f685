//! Looking at a database from outside, and making it compact.
//!
//! May touch: a connection of its own. Invariant: [`inspect`] writes nothing and works beside a
//! running bot; [`optimize`] works only where nobody else has the file open.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::migrations::{self, newest};

/// Faults of one kind that are told; a file that is torn to pieces has thousands.
const FAULTS_MAX: usize = 20;
/// How long [`optimize`] waits for somebody who only looks at the file, in milliseconds.
const WAIT_FOR_OTHERS_MS: u64 = 1_000;
/// Steps of SQLite's machine between two reports of progress.
const STEPS_PER_REPORT: i32 = 10_000;
/// Steps that SQLite's machine takes to copy one row or index entry.
const STEPS_PER_ROW: u64 = 3;

/// What a database is like inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// What `integrity_check` complains about.
    pub faults: Vec<String>,
    /// Tables with rows that refer to rows that are not there.
    pub dangling: Vec<String>,
    /// The schema's version; `None`: not a schema of this program.
    pub version: Option<i32>,
    /// Whether it is one of an existing installation, which the next start adopts.
    pub adoptable: bool,
    /// Unused room in the file, in bytes.
    pub free_bytes: u64,
    /// Whether unused room can be given back in small steps.
    pub incremental: bool,
}

/// Looks at the database at `path`.
///
/// # Errors
/// SQLite's; the file cannot be opened, or is no database.
pub fn inspect(path: &Path) -> rusqlite::Result<Inspection> {
    let db = open_to_look(path)?;
    let number = |pragma: &str| db.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let free = number("PRAGMA freelist_count")? * number("PRAGMA page_size")?;
    let integrity = format!("PRAGMA integrity_check({FAULTS_MAX})");
    let mut faults = texts(&db, &integrity)?;
    faults.retain(|fault| fault != "ok");
    let mut dangling = texts(&db, "PRAGMA foreign_key_check")?;
    dangling.dedup();
    dangling.truncate(FAULTS_MAX);
    Ok(Inspection {
        faults,
        dangling,
        version: migrations::version(&db)?,
        adoptable: super::adopt::is_old(&db)?,
        free_bytes: u64::try_from(free).unwrap_or_default(),
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

fn open_to_look(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(Duration::from_millis(super::BUSY_TIMEOUT_MS))?;
    Ok(db)
}

/// With the file's exclusive lock, which SQLite gives only if nobody else has the file open at all.
fn open_alone(path: &Path) -> Result<Connection, OptimizeError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(Duration::from_millis(WAIT_FOR_OTHERS_MS))?;
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
