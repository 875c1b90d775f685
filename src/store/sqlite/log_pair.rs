//! Whether a database and the write-ahead log beside it belong together.
//!
//! SQLite applies any whole log to the file beside it. A log that was left behind when the file was copied
//! over, or that came from elsewhere, is mixed into it, page by page. Therefore what the two were like is
//! written down beside them while they are in use; where they are no longer like that, the pair is looked
//! at before it is opened for writing.
//!
//! May touch: the record beside the file; the pair, read-only. Invariant: the database file is never opened
//! here but by SQLite: closing another descriptor would drop SQLite's locks.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};

use super::lock::beside;
use super::{inspect, room};
use crate::store::safe_file;

/// Beside the database: what it and its log were like last.
pub(super) const RECORD: &str = ".pair.json";
/// The record while it is written.
const UNFINISHED: &str = ".pair.json.part";
/// How a log begins: <https://www.sqlite.org/fileformat2.html>, "The WAL Header". The last bit tells the
/// order of bytes in checksums.
const LOG_MAGIC: u32 = 0x377f_0682;
/// The length of a log's header, in bytes, and where its two salts are.
const LOG_HEADER_BYTES: usize = 32;
const SALTS: std::ops::Range<usize> = 16..24;
/// From so many rows on, a log with which fewer than half of them would be left is not believed.
const ROWS_MIN: u64 = 20;

/// Why a database and its log are not opened together.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// The log is not that of the file beside it.
    #[error(
        "the log {} does not belong to the database beside it: {reason}. Nothing was changed. Put the \
         database back that the log belongs to, or give `overwatch-bot restore`, which sets both aside; or, \
         if the log is of another database, move it away yourself",
        log.display()
    )]
    Foreign {
        /// The log.
        log: PathBuf,
        /// How that shows.
        reason: String,
    },
    /// There is no room for the index of the log, without which the two cannot be compared.
    #[error(
        "the database {} cannot be compared with its log, since the disk is full; make room on its disk \
         and try again, nothing is lost",
        .0.display()
    )]
    DiskFull(PathBuf),
}

impl PairError {
    /// Whether another start would fail in the same way.
    pub(super) fn is_setting(&self) -> bool {
        matches!(self, Self::Foreign { .. })
    }

    /// For a check of the database at `path` that did not end.
    pub(super) fn panicked(path: &Path) -> Self {
        Self::Foreign {
            log: beside(path, "-wal"),
            reason: "checking that panicked, and the log says where".into(),
        }
    }
}

/// What a database and its log were like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pair {
    device: u64,
    inode: u64,
    bytes: u64,
    /// When the file was changed last, in nanoseconds since 1970.
    modified_ns: i128,
    /// The salts in the log's header, which are others each time that the log begins anew; `None` without
    /// a log.
    salts: Option<u64>,
}

impl Pair {
    /// As they are now.
    fn of(path: &Path) -> io::Result<Self> {
        let file = std::fs::metadata(path)?;
        Ok(Self {
            device: file.dev(),
            inode: file.ino(),
            bytes: file.len(),
            modified_ns: i128::from(file.mtime()) * 1_000_000_000 + i128::from(file.mtime_nsec()),
            salts: salts(&beside(path, "-wal"))?,
        })
    }
}

/// Checks the pair at `path` before it is opened for writing. Blocks, for as long as it takes to read the
/// whole database, where it is not as it was written down.
///
/// # Errors
/// [`PairError`]; nothing was changed.
pub(crate) fn require_pair(path: &Path) -> Result<(), PairError> {
    let refuse = |reason: String| PairError::Foreign {
        log: beside(path, "-wal"),
        reason,
    };
    let log = salts(&beside(path, "-wal"));
    if log.map_err(|error| refuse(error.to_string()))?.is_none() {
        return Ok(());
    }
    // SQLite would remove the log.
    let file = std::fs::metadata(path);
    if file.is_ok_and(|file| file.len() == 0) || !path.exists() {
        return Err(refuse("that is missing, or empty".into()));
    }
    let now = Pair::of(path).map_err(|error| refuse(error.to_string()))?;
    if recorded(path).is_some_and(|last| last == now) {
        return Ok(());
    }
    tracing::info!(path = %path.display(), "the database and its log are not as they were left; checking them");
    compare(path).map_err(|difference| match difference {
        Difference::Found(reason) => refuse(reason),
        Difference::DiskFull => PairError::DiskFull(path.to_owned()),
    })
}

/// Keeps the record of a database that is in use.
#[derive(Debug)]
pub(super) struct Recorder {
    path: PathBuf,
    last: Option<Pair>,
}

impl Recorder {
    /// Begins to keep the record of the database at `path`, which SQLite has open.
    pub(super) fn start(path: &Path) -> Self {
        let mut recorder = Self {
            path: path.to_owned(),
            last: None,
        };
        recorder.update();
        recorder
    }

    /// Writes down what the two are like, if that has changed. A record that is missing or old costs the
    /// next start a look at the whole database, and nothing else.
    pub(super) fn update(&mut self) {
        let now = match Pair::of(&self.path) {
            Ok(now) if self.last.as_ref() != Some(&now) => now,
            _ => return,
        };
        match write(&self.path, &now) {
            Ok(()) => self.last = Some(now),
            Err(error) => tracing::debug!(%error, "failed to record the state of the log"),
        }
    }

    /// Ends the record of a database that was closed. Where no log is left there is nothing to compare.
    pub(super) fn finish(mut self) {
        match salts(&beside(&self.path, "-wal")) {
            // Should it stay, it costs nothing.
            Ok(None) => drop(std::fs::remove_file(beside(&self.path, RECORD))),
            _ => self.update(),
        }
    }
}

fn write(path: &Path, pair: &Pair) -> io::Result<()> {
    let unfinished = beside(path, UNFINISHED);
    let mut file = safe_file::create(&unfinished)?;
    file.write_all(&serde_json::to_vec(pair)?)?;
    std::fs::rename(&unfinished, beside(path, RECORD))
}

fn recorded(path: &Path) -> Option<Pair> {
    let text = std::fs::read(beside(path, RECORD)).ok()?;
    serde_json::from_slice(&text).ok()
}

/// The salts of a log; `None` if it is not there or has no header, so that SQLite would not read it.
fn salts(log: &Path) -> io::Result<Option<u64>> {
    let file = match File::open(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut header = Vec::with_capacity(LOG_HEADER_BYTES);
    file.take(LOG_HEADER_BYTES as u64)
        .read_to_end(&mut header)?;
    let magic = header.get(..4).and_then(|bytes| bytes.try_into().ok());
    let is_log = magic.is_some_and(|bytes| u32::from_be_bytes(bytes) & !1 == LOG_MAGIC);
    let salts = header.get(SALTS).and_then(|bytes| bytes.try_into().ok());
    Ok(salts.filter(|_| is_log).map(u64::from_be_bytes))
}

/// What a comparison came to.
enum Difference {
    /// They do not belong together, for this reason.
    Found(String),
    /// They could not be compared.
    DiskFull,
}

impl Difference {
    /// Of reading the two together, which failed; `told` is how that is told.
    fn of(error: &rusqlite::Error, told: impl FnOnce(&rusqlite::Error) -> String) -> Self {
        match room::is_full(error) {
            true => Self::DiskFull,
            false => Self::Found(told(error)),
        }
    }
}

impl From<rusqlite::Error> for Difference {
    fn from(error: rusqlite::Error) -> Self {
        Self::of(&error, ToString::to_string)
    }
}

/// Compares the file alone with the file and its log.
fn compare(path: &Path) -> Result<(), Difference> {
    let found = |reason: String| Err(Difference::Found(reason));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let pair = Connection::open_with_flags(path, flags);
    let pair = pair.and_then(|db| super::harden(&db).map(|()| db));
    let pair = pair?;
    let whole = pair.query_row("PRAGMA integrity_check(1)", [], |row| {
        row.get::<_, String>(0)
    });
    match whole {
        Ok(ok) if ok == "ok" => {}
        Ok(fault) => {
            return found(format!(
                "together they are damaged ({})",
                fault.replace('\n', " ")
            ));
        }
        Err(error) => {
            return Err(Difference::of(&error, |error| {
                format!("together they cannot be read ({error})")
            }));
        }
    }
    // Without its log a file may be in the middle of a checkpoint, and then tells nothing.
    let address = format!("file:{}?immutable=1", inspect::percent_encoded(path));
    let alone = Connection::open_with_flags(address, flags | OpenFlags::SQLITE_OPEN_URI);
    let hardened = alone.and_then(|db| super::harden(&db).map(|()| db));
    let Some(alone) = hardened.ok().and_then(|db| inspect::count(&db).ok()) else {
        return Ok(());
    };
    let together = inspect::count(&pair).map_err(|unfit| match unfit {
        inspect::Unfit::Sqlite(error) => error.into(),
        unfit => Difference::Found(unfit.to_string()),
    })?;
    if alone.identity.is_some() && together.identity != alone.identity {
        return found("it is of another installation".into());
    }
    if alone.schema_version > together.schema_version {
        return found("it is of an older schema".into());
    }
    let (rows, left) = (alone.data_rows(), together.data_rows());
    if rows >= ROWS_MIN && left < rows / 2 {
        return found(format!("with it {left} rows would be left of {rows}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_is_of_the_pair_as_it_was_last() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("overwatch.db");
        let db = Connection::open(&path).unwrap();
        db.pragma_update(None, "journal_mode", "WAL").unwrap();
        db.execute_batch("CREATE TABLE one (id INTEGER)").unwrap();
        let mut recorder = Recorder::start(&path);
        assert_eq!(recorded(&path), Pair::of(&path).ok());
        assert!(recorded(&path).unwrap().salts.is_some());
        // The log begins anew.
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        db.query_row(checkpoint, [], |_| Ok(())).unwrap();
        db.execute_batch("INSERT INTO one VALUES (1)").unwrap();
        assert_ne!(recorded(&path), Pair::of(&path).ok());
        recorder.update();
        assert_eq!(recorded(&path), Pair::of(&path).ok());
        require_pair(&path).unwrap();
        drop(db);
        recorder.finish();
        assert_eq!(recorded(&path), None);
    }
}
