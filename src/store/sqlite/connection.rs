//! How each connection is set up, and what the file is like before the first one is made.
//!
//! May touch: the connection that it is given; the database's files before anyone has them open. Invariant: no
//! connection trusts the file, and the writer's commits survive the loss of power.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::{Checkpoints, OpenError, lock, log_pair, reserve};
use crate::store::{modes, safe_file};

/// How long a connection waits for another process' lock, in milliseconds.
pub(super) const BUSY_TIMEOUT_MS: u64 = 5_000;
/// The write-ahead log is checkpointed by a commit beyond this many pages (of 4 KiB).
const CHECKPOINT_AFTER_PAGES: u32 = 8_000;
/// A log that has grown longer than this while somebody read it is cut off when it begins anew, in bytes.
const LOG_KEPT_BYTES: u32 = CHECKPOINT_AFTER_PAGES * 4096;
/// Rows of an index that ANALYZE looks at, so that it is done in milliseconds.
const ANALYSIS_MAX_ROWS: u32 = 400;
/// Statements that each connection keeps compiled.
const STATEMENT_CACHE_MAX: usize = 128;

/// Makes the file if it is not there, so that it has our mode and not SQLite's, as do its log and the log's
/// index then. Narrows what an earlier version, or a copy by hand, has left wider.
pub(super) fn make_private(path: &Path) -> Result<(), OpenError> {
    if !path.exists() {
        safe_file::create_new(path).map_err(|source| OpenError::Folder {
            path: path.to_owned(),
            source,
        })?;
    }
    let others = [
        "",
        "-wal",
        "-shm",
        ".lock",
        log_pair::RECORD,
        reserve::ENDING,
    ];
    for ending in others {
        modes::narrow(&lock::beside(path, ending));
    }
    Ok(())
}

pub(super) fn configure_writer(
    db: &mut Connection,
    checkpoints: Checkpoints,
) -> rusqlite::Result<()> {
    configure(db)?;
    // Counts only before the file has its first page; `optimize` brings it to the others. On a file that has
    // pages this would be a write, which a full disk refuses.
    let pages: u32 = db.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    if pages == 0 {
        db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "analysis_limit", ANALYSIS_MAX_ROWS)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "journal_size_limit", LOG_KEPT_BYTES)?;
    match checkpoints {
        Checkpoints::Own => db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_AFTER_PAGES),
        Checkpoints::Litestream => {
            db.pragma_update(None, "wal_autocheckpoint", 0)?;
            // What Litestream has not seen yet stays in the log for it.
            let keep_log = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
            db.set_db_config(keep_log, true).map(drop)
        }
    }
}

pub(super) fn configure_reader(db: &mut Connection) -> rusqlite::Result<()> {
    configure(db)?;
    db.pragma_update(None, "query_only", true)
}

/// Makes a connection careful with a file that may come from anywhere: its schema may call no functions but
/// harmless ones, each cell is looked at before it is believed, and nothing may be changed past SQL.
/// <https://www.sqlite.org/security.html>, "Untrusted SQLite Database Files".
pub(super) fn harden(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "cell_size_check", true)
}

pub(super) fn configure(db: &Connection) -> rusqlite::Result<()> {
    harden(db)?;
    db.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))?;
    db.set_prepared_statement_cache_capacity(STATEMENT_CACHE_MAX);
    db.pragma_update(None, "foreign_keys", true)
}
