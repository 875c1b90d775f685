//! Room on the database's disk: the log is kept short where there is little, and where there is none the
//! last commits still get through.
//!
//! A log can be written into the file only if there is room for what the file grows by. One that has taken
//! the last room could be neither written back nor added to, not even after a restart.
//!
//! May touch: the write connection, the reserve. Invariant: room that a checkpoint needs is not used up by
//! the log, as long as nobody else fills the disk.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, ffi};

use super::lock::beside;
use super::{BUSY_TIMEOUT_MS, Checkpoints, files, reserve};
use crate::store::DbError;
use crate::store::disk_room::{DiskRoom, LastDiskRoom};

/// Free space beyond the length of the log below which room is short, in bytes.
const SHORT_BYTES: u64 = 4 * 1024 * 1024;
/// Where room is short, the log is written back and cut off from this length on, in bytes.
const SHORT_LOG_BYTES: u64 = 256 * 1024;
/// The disk is looked at again when the log has grown by so many bytes…
const LOOK_EVERY_BYTES: u64 = 256 * 1024;
/// … and after so many transactions, since others fill the disk too.
const LOOK_EVERY_TRANSACTIONS: u32 = 32;
/// A start with less free space than this gives up the reserve first, in bytes: SQLite needs some for the
/// index of the log.
const START_BYTES: u64 = 256 * 1024;
/// The reserve is made again once so much is left beside it, in bytes.
const BESIDE_RESERVE_BYTES: u64 = 1024 * 1024;
/// How long cutting the log off waits for those who read it, in milliseconds.
const CUT_WAIT_MS: u64 = 50;

/// Watches the room on the disk of a database that is in use.
#[derive(Debug)]
pub(super) struct RoomWatch {
    relief: Relief,
    last: LastDiskRoom,
    /// The length of the log at the last look, in bytes.
    log_bytes: u64,
    /// Transactions since then.
    transactions: u32,
}

impl RoomWatch {
    /// Begins to watch, and makes the reserve if it is not there and there is room.
    pub(super) fn start(relief: Relief, last: LastDiskRoom) -> Self {
        let mut watch = Self {
            relief,
            last,
            log_bytes: 0,
            transactions: 0,
        };
        watch.look();
        watch
    }

    /// Looks at the disk after a transaction, if it is time to. Returns whether the log is to be written back.
    pub(super) fn look_in_time(&mut self) -> bool {
        let log_bytes = self.relief.log_bytes();
        self.transactions += 1;
        self.log_bytes = self.log_bytes.min(log_bytes);
        let has_grown = log_bytes - self.log_bytes >= LOOK_EVERY_BYTES;
        (has_grown || self.transactions >= LOOK_EVERY_TRANSACTIONS) && self.look()
    }

    fn look(&mut self) -> bool {
        let database = &self.relief.database;
        (self.log_bytes, self.transactions) = (self.relief.log_bytes(), 0);
        let Ok(free) = files::free(database) else {
            return false;
        };
        if !reserve::is_there(database)
            && free >= reserve::RESERVE_BYTES + BESIDE_RESERVE_BYTES
            && let Err(error) = reserve::make(database)
        {
            tracing::debug!(%error, "failed to make the reserve");
        }
        let room = match reserve::is_there(database) {
            _ if free >= SHORT_BYTES + self.log_bytes => DiskRoom::Enough,
            true => DiskRoom::Short,
            false => DiskRoom::ReserveUsed,
        };
        self.last.set(room);
        room != DiskRoom::Enough && self.log_bytes >= SHORT_LOG_BYTES && self.relief.cuts_log()
    }
}

/// What makes room on a disk that is full. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Relief {
    database: PathBuf,
    checkpoints: Checkpoints,
}

/// One thing that makes room, the mildest first.
#[derive(Clone, Copy, Debug)]
pub(super) enum Measure {
    /// The log is written into the file and cut off.
    CutLog,
    /// The reserve is given up, and then the log is cut off.
    GiveUpReserve,
}

impl Measure {
    pub(super) const ALL: [Self; 2] = [Self::CutLog, Self::GiveUpReserve];
}

impl Relief {
    /// For the database at `path`.
    pub(super) fn of(path: &Path, checkpoints: Checkpoints) -> Self {
        Self {
            database: path.to_owned(),
            checkpoints,
        }
    }

    /// Takes a measure. Returns whether there is more room than before.
    pub(super) fn take(&self, db: &Connection, measure: Measure) -> bool {
        let gave_up = match measure {
            Measure::CutLog => false,
            Measure::GiveUpReserve => self.give_up_reserve(),
        };
        let log_bytes = self.log_bytes();
        if self.cuts_log()
            && let Err(error) = cut_log(db)
        {
            tracing::debug!(%error, "failed to cut off the log");
        }
        gave_up || self.log_bytes() < log_bytes
    }

    /// Writes the log back where room is short, with the reserve if need be.
    pub(super) fn write_back(&self, db: &Connection) -> rusqlite::Result<()> {
        match cut_log(db) {
            Err(error) if is_full(&error) && self.give_up_reserve() => cut_log(db),
            done => done,
        }
    }

    /// Makes room for opening the database on a disk that is full, before anyone has it open.
    pub(super) fn make_room_to_start(&self) {
        if files::free(&self.database).is_ok_and(|free| free < START_BYTES) {
            self.give_up_reserve();
        }
    }

    /// Writes back what the last process left in the log, where room is short.
    pub(super) fn tidy_log_at_start(&self, db: &Connection) {
        let log_bytes = self.log_bytes();
        let is_short = files::free(&self.database).is_ok_and(|free| free < SHORT_BYTES + log_bytes);
        if is_short
            && log_bytes >= SHORT_LOG_BYTES
            && self.cuts_log()
            && let Err(error) = self.write_back(db)
        {
            tracing::warn!(%error, "failed to write the log back, and room is short");
        }
    }

    /// The sentence on a transaction that was not committed.
    pub(super) fn explain(&self, error: &rusqlite::Error) -> String {
        match is_full(error) {
            true => format!(
                "{error}; make room on the disk of {}",
                self.database.display()
            ),
            false => error.to_string(),
        }
    }

    fn cuts_log(&self) -> bool {
        self.checkpoints == Checkpoints::Own
    }

    fn log_bytes(&self) -> u64 {
        std::fs::metadata(beside(&self.database, "-wal")).map_or(0, |log| log.len())
    }

    fn give_up_reserve(&self) -> bool {
        let gave_up = reserve::give_up(&self.database);
        if gave_up {
            let reserve = reserve::path_of(&self.database);
            tracing::warn!(reserve = %reserve.display(), "gave up the reserve, since the disk is full; make room on it");
        }
        gave_up
    }
}

/// Writes the log into the file and cuts it off, unless somebody still reads it.
fn cut_log(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(Duration::from_millis(CUT_WAIT_MS))?;
    let cut = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    db.busy_timeout(Duration::from_millis(BUSY_TIMEOUT_MS))?;
    cut
}

/// Whether SQLite has no room on the disk.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    // <https://www.sqlite.org/rescode.html#ioerr_shmsize>: the index of the log finds no room.
    const IOERR_SHMSIZE: i32 = 4874;
    let rusqlite::Error::SqliteFailure(failure, _) = error else {
        return false;
    };
    failure.code == ErrorCode::DiskFull || failure.extended_code == IOERR_SHMSIZE
}

/// What to do about an error: something only if the disk is full.
pub(super) fn way_out(error: &rusqlite::Error) -> &'static str {
    match is_full(error) {
        true => "; make room on its disk, nothing is lost",
        false => "",
    }
}

/// The error of a disk that is full.
pub(super) fn full() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), None)
}

/// Whether a command failed because the disk is full: SQLite has then ended the whole transaction.
pub(super) fn is_for_want_of_room(fault: &DbError) -> bool {
    let DbError::Statement { source, .. } = fault else {
        return false;
    };
    source.downcast_ref().is_some_and(is_full)
}
