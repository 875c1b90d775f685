//! A snapshot of a database that others write to meanwhile, by SQLite's own means.
//!
//! May touch: the database, read-only on a connection of its own, and the target file. Invariant:
//! the copy is of one moment, flushed, and has been read back and compared with that moment
//! before anyone hears of it.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use tokio_util::sync::CancellationToken;

use super::inspect::{self, Contents, Unfit};
use crate::store::safe_file;

/// Pages (of 4 KiB) that are copied at a time. Measured with a database of 495 MB under 500
/// writes/s: 200 pages every 10 ms take 8 s and cost the writer nothing worth naming; without
/// pauses they take 3 s, and the writer waits 200 ms.
const PAGES_PER_STEP: i32 = 200;
/// The pause after each step, in milliseconds.
const PAUSE_MS: u64 = 10;
/// Steps in a row that may find the target locked; nobody else should even know of it.
const LOCKED_STEPS_MAX: u32 = 100;

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The target cannot be written: a full disk, a read-only folder.
    #[error("it cannot be written: {0}")]
    Io(#[from] std::io::Error),
    /// SQLite cannot read the one or write the other.
    #[error("it cannot be copied: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The copy, read back, is not whole. The original may be damaged.
    #[error("the copy does not verify: {0}")]
    Unfit(#[from] Unfit),
    /// The process is stopping.
    #[error("it was interrupted, since the process is stopping")]
    Stopped,
}

/// Copies the database at `source` as it is now to the new file `target`; what is in it. Blocks,
/// and beside a writer it takes its time on purpose. On an error the target may be left behind.
///
/// # Errors
/// [`SnapshotError`].
pub(crate) fn snapshot(
    source: &Path,
    target: &Path,
    stop: &CancellationToken,
) -> Result<Contents, SnapshotError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let from = Connection::open_with_flags(source, flags)?;
    from.busy_timeout(Duration::from_millis(super::BUSY_TIMEOUT_MS))?;
    super::harden(&from)?;
    inspect::require_unaltered(&from)?;
    snapshot_from(&from, target, stop)
}

/// As [`snapshot`], of a database that is open already.
pub(super) fn snapshot_from(
    from: &Connection,
    target: &Path,
    stop: &CancellationToken,
) -> Result<Contents, SnapshotError> {
    // Within one read transaction the copy never has to begin anew when someone commits, and
    // what is counted is what is copied.
    let moment = from.unchecked_transaction()?;
    let contents = inspect::count(&moment)?;

    // Open for as long as SQLite has the target: closing a descriptor of a file drops all locks
    // that the process holds on it.
    let file = safe_file::create_new(target)?;
    copy(&moment, target, &file, stop)?;
    file.sync_all()?;
    drop(file);

    let copied = inspect::inspect(target)?;
    if copied != contents {
        return Err(Unfit::Differs(difference(&contents, &copied)).into());
    }
    Ok(contents)
}

/// Moves what the write-ahead log holds into the file, as far as nobody reads it still. Waits for
/// nobody and holds nobody up.
pub(crate) fn checkpoint(path: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(Duration::from_millis(super::BUSY_TIMEOUT_MS))?;
    super::harden(&db)?;
    db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// What two counts of what should be the same disagree on.
pub(crate) fn difference(expected: &Contents, found: &Contents) -> String {
    let rows = |contents: &Contents, table: &String| contents.rows.get(table).copied();
    let mut tables: Vec<_> = expected.rows.keys().chain(found.rows.keys()).collect();
    tables.sort();
    tables.dedup();
    let mut differences: Vec<_> = tables
        .into_iter()
        .filter(|table| rows(expected, table) != rows(found, table))
        .map(|table| {
            let shown = |count: Option<u64>| count.map_or("no".into(), |count| count.to_string());
            format!(
                "{table} has {} rows instead of {}",
                shown(rows(found, table)),
                shown(rows(expected, table))
            )
        })
        .collect();
    if expected.schema_version != found.schema_version {
        differences.push("the schema's version is another".into());
    }
    if expected.dangling != found.dangling {
        differences.push("other rows refer to what is not there".into());
    }
    differences.join(", ")
}

fn copy(
    from: &Connection,
    target: &Path,
    file: &File,
    stop: &CancellationToken,
) -> Result<(), SnapshotError> {
    // Not hardened: it is only ever written page by page, and needs no journal.
    let mut to = Connection::open(target)?;
    // Flushing is done here; a copy that fails is thrown away and needs no journal.
    to.pragma_update(None, "synchronous", "OFF")?;
    to.pragma_update(None, "journal_mode", "OFF")?;
    let backup = Backup::new(from, &mut to)?;
    let mut locked = 0;
    loop {
        match backup.step(PAGES_PER_STEP)? {
            StepResult::Done => break,
            StepResult::Busy | StepResult::Locked if locked < LOCKED_STEPS_MAX => locked += 1,
            StepResult::More => locked = 0,
            _ => return Err(std::io::Error::other("the target is locked by someone else").into()),
        }
        if stop.is_cancelled() {
            return Err(SnapshotError::Stopped);
        }
        // Bit by bit, so that the writer's own flushes never wait for hundreds of megabytes.
        file.sync_data()?;
        std::thread::sleep(Duration::from_millis(PAUSE_MS));
    }
    drop(backup);
    // One file that stands alone: whoever opens it needs to make nothing beside it.
    to.pragma_update(None, "journal_mode", "DELETE")?;
    to.close().map_err(|(_, error)| error)?;
    Ok(())
}
