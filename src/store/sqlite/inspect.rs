//! Looking into a database file: is it whole, is it ours, and what is in it.
//!
//! May touch: the file, read-only. Invariant: looking changes nothing, neither in the file nor
//! beside it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};
use serde::{Deserialize, Serialize};

use super::lock::beside;
use super::log_pair::PairError;
use super::migrations::{self, SchemaError};
use super::owner::{Claim, Owner};
use crate::store::sql::sql;

/// What every SQLite file begins with.
pub(crate) const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The length of a SQLite file's header, in bytes.
const HEADER_BYTES: usize = 100;
/// How much of a file that is no database is looked at to say what it is, in bytes.
const SAMPLE_BYTES: u64 = 4096;
/// A sample with at least this many of the 256 different bytes looks encrypted (or compressed).
const ENCRYPTED_DISTINCT: usize = 200;
/// How encrypted files of common tools begin.
const ENCRYPTED_MAGIC: &[&[u8]] = &[b"Salted__", b"age-encryption.org/", b"-----BEGIN "];
/// Faults that a complaint repeats at most; one tells as much as a hundred.
const FAULTS_MAX: u32 = 3;

/// What is in a database that is whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The schema's version; `None` in a file that does not tell one.
    pub schema_version: Option<i32>,
    /// Rows by table, SQLite's own tables left out.
    pub rows: BTreeMap<String, u64>,
    /// Rows that refer to one that is not there.
    pub dangling: u64,
    /// The identity of the database; `None` if it has none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The `START_EMPTY` with which it was begun beside backups of another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_empty: Option<String>,
    /// When somebody last gave a command that is still remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_command: Option<DateTime<Utc>>,
}

/// Tables in which nothing stands that anybody gave the bot to keep.
const WITHOUT_DATA: [&str; 13] = [
    "chores",
    "days_run",
    "gateway_sessions",
    "identify_buckets",
    "installation",
    "known_time",
    "leases",
    "outbox",
    "parked_deliveries",
    "processes",
    "receipts",
    "schema_version",
    "shard_holders",
];
/// The first version of the schema that knows identities.
const IDENTITY_SINCE: i32 = 12;

impl Contents {
    /// Rows in all tables together; the greatest number there is if a manifest that someone made up has more.
    pub fn total_rows(&self) -> u64 {
        self.rows
            .values()
            .fold(0, |sum, rows| sum.saturating_add(*rows))
    }

    /// Rows in those tables that hold what people gave the bot to keep.
    pub fn data_rows(&self) -> u64 {
        let tables = self.rows.iter().filter(|(table, _)| is_data(table));
        tables.fold(0, |sum, (_, rows)| sum.saturating_add(*rows))
    }
}

/// Why a file is not one to rely on.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// Nothing is in it.
    #[error("it is empty")]
    Empty,
    /// Its end is missing.
    #[error("it is truncated: {found} bytes are there, {expected} belong to it")]
    Truncated {
        /// Its length.
        found: u64,
        /// The length that its header tells.
        expected: u64,
    },
    /// It looks encrypted.
    #[error("it is encrypted, or no database at all; decrypt it first")]
    Encrypted,
    /// It is something else.
    #[error("it is not a SQLite database")]
    NotADatabase,
    /// SQLite finds it damaged.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// Its bytes are not those that were written.
    #[error("it is damaged: its contents are not what its checksum says")]
    Checksum,
    /// It does not hold what was written down when it was made.
    #[error("it is not what was backed up: {0}")]
    Differs(String),
    /// It is the playground's, or a backup of it.
    #[error("it is the playground's, and not a database of the bot")]
    Playgrounds,
    /// It is a whole database, but not one of this program, or of a later version of it.
    #[error(transparent)]
    Schema(SchemaError),
    /// Its log is not its own.
    #[error(transparent)]
    Pair(#[from] PairError),
    /// SQLite failed otherwise.
    #[error("it cannot be read: {0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Unfit {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(error.to_string()),
            Some(ErrorCode::NotADatabase) => Self::NotADatabase,
            _ => Self::Sqlite(error),
        }
    }
}

/// Reads all of the database at `path` and counts what is in it. Blocks.
///
/// # Errors
/// [`Unfit`] if it is not whole; a schema that is not ours is no error here, see [`ours`].
pub fn inspect(path: &Path) -> Result<Contents, Unfit> {
    let db = open(path)?;
    let snapshot = db.unchecked_transaction()?;
    integrity(&snapshot)?;
    count(&snapshot)
}

/// Whether this program can work with a database, at once or after a migration.
///
/// # Errors
/// [`Unfit::Schema`].
pub fn ours(path: &Path) -> Result<(), Unfit> {
    let db = open(path)?;
    if Owner::Bot.claim(&db)? == Claim::Refused {
        return Err(Unfit::Playgrounds);
    }
    let recognised = migrations::recognise(&db);
    let checked = recognised.and_then(|version| match version {
        Some(version) => migrations::require_unaltered(&db, version),
        None => Ok(()),
    });
    checked.map_err(unfit)
}

/// Whether nobody has changed the schema of `db` by hand. One that is not known, as that of an existing
/// installation, or of a later version, is not looked at.
pub(super) fn require_unaltered(db: &Connection) -> Result<(), Unfit> {
    match migrations::version(db)? {
        Some(version) if version <= migrations::newest() => {
            migrations::require_unaltered(db, version).map_err(unfit)
        }
        _ => Ok(()),
    }
}

fn unfit(error: SchemaError) -> Unfit {
    match error {
        SchemaError::Sqlite(error) => error.into(),
        error => Unfit::Schema(error),
    }
}

/// Whether the database at `path` has been worked on, or cannot be read: then whoever opens it says why.
pub(in crate::store) fn is_begun(path: &Path) -> bool {
    let look = || -> Result<bool, Unfit> {
        let db = open(path)?;
        let identity = life(&db, migrations::version(&db)?)?.identity;
        Ok(identity.is_some() || count(&db)?.data_rows() > 0)
    };
    look().unwrap_or(true)
}

/// The `START_EMPTY` with which the database at `path` was begun; `None` if there was none, or it cannot be read.
pub(in crate::store) fn word_of(path: &Path) -> Option<String> {
    let db = open(path).ok()?;
    life(&db, migrations::version(&db).ok()?)
        .ok()?
        .started_empty
}

/// The rows of every table, and what the schema says of itself, as `db` sees it now.
pub(super) fn count(db: &Connection) -> Result<Contents, Unfit> {
    let mut rows = BTreeMap::new();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'";
    let mut tables = db.prepare(tables)?;
    for table in tables.query_map([], |row| row.get::<_, String>(0))? {
        let table = table?;
        let count = format!("SELECT count(*) FROM \"{}\"", table.replace('"', "\"\""));
        let count: i64 = db.query_row(&count, [], |row| row.get(0))?;
        rows.insert(table, count.unsigned_abs());
    }
    let schema_version = migrations::version(db)?;
    let life = life(db, schema_version)?;
    Ok(Contents {
        schema_version,
        rows,
        dangling: dangling(db)?,
        identity: life.identity,
        started_empty: life.started_empty,
        last_command: life.last_command,
    })
}

fn is_data(table: &str) -> bool {
    !WITHOUT_DATA.contains(&table) && !table.starts_with("_litestream")
}

/// What a database says of itself beside its rows.
#[derive(Default)]
struct Life {
    identity: Option<String>,
    started_empty: Option<String>,
    last_command: Option<DateTime<Utc>>,
}

fn life(db: &Connection, version: Option<i32>) -> rusqlite::Result<Life> {
    if version.is_none_or(|version| version < IDENTITY_SINCE) {
        return Ok(Life::default());
    }
    let last: Option<i64> = db.query_row(sql!("receipt/last").text, [], |row| row.get(0))?;
    let identity = db.query_row(sql!("installation/life").text, [], |row| {
        Ok((row.get(0)?, row.get(1)?))
    });
    let (identity, started_empty) = identity.optional()?.unwrap_or_default();
    Ok(Life {
        identity,
        started_empty,
        last_command: last.and_then(|at| DateTime::from_timestamp(at, 0)),
    })
}

fn dangling(db: &Connection) -> rusqlite::Result<u64> {
    let mut check = db.prepare("PRAGMA foreign_key_check")?;
    let mut found = 0;
    let mut rows = check.query([])?;
    while rows.next()?.is_some() {
        found += 1;
    }
    Ok(found)
}

fn integrity(db: &Connection) -> Result<(), Unfit> {
    let mut check = db.prepare(&format!("PRAGMA integrity_check({FAULTS_MAX})"))?;
    let faults: Vec<String> = check
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    match faults.as_slice() {
        [ok] if ok == "ok" => Ok(()),
        faults => Err(Unfit::Damaged(faults.join("; ").replace('\n', " "))),
    }
}

/// Opens a file to read. One without a log or journal beside it is nobody's at the moment, and is
/// opened so that SQLite does not make either. A log that was just cut off is somebody's as long as its index
/// is there.
pub(super) fn open(path: &Path) -> Result<Connection, Unfit> {
    let beside_it = ["-wal", "-journal"].map(|ending| std::fs::metadata(beside(path, ending)));
    let is_used = |file: &std::fs::Metadata| file.len() > 0;
    let has_index = beside_it[0].is_ok() && beside(path, "-shm").exists();
    let alone = !has_index && !beside_it.iter().flatten().any(is_used);
    head(path, alone)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = if alone {
        let uri = format!("file:{}?immutable=1", percent_encoded(path));
        Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
    } else {
        Connection::open_with_flags(path, flags)?
    };
    db.busy_timeout(std::time::Duration::from_millis(super::BUSY_TIMEOUT_MS))?;
    super::harden(&db)?;
    Ok(db)
}

/// Looks at the first bytes, which say more clearly than SQLite what a file is not.
fn head(path: &Path, alone: bool) -> Result<(), Unfit> {
    let mut file = File::open(path)?;
    let found = file.metadata()?.len();
    let mut head = Vec::new();
    file.by_ref().take(SAMPLE_BYTES).read_to_end(&mut head)?;
    if head.is_empty() {
        return Err(Unfit::Empty);
    }
    if !head.starts_with(MAGIC) {
        return Err(not_a_database(&head));
    }
    let Some(header) = head.get(..HEADER_BYTES) else {
        return Err(Unfit::Truncated {
            found,
            expected: HEADER_BYTES as u64,
        });
    };
    let number = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    let page_bytes = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        bytes => u64::from(bytes),
    };
    // The count of pages holds only if whoever changed the file last knew of it.
    let expected = page_bytes * u64::from(number(28));
    if alone && number(24) == number(92) && found < expected {
        return Err(Unfit::Truncated { found, expected });
    }
    Ok(())
}

fn not_a_database(head: &[u8]) -> Unfit {
    let mut seen = [false; 256];
    for byte in head {
        seen[usize::from(*byte)] = true;
    }
    let distinct = seen.iter().filter(|seen| **seen).count();
    let known = ENCRYPTED_MAGIC.iter().any(|magic| head.starts_with(magic));
    if known || distinct >= ENCRYPTED_DISTINCT {
        Unfit::Encrypted
    } else {
        Unfit::NotADatabase
    }
}

/// A path as part of a `file:` address.
pub(super) fn percent_encoded(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(byte);
    let encode = |byte: &u8| match plain(byte) {
        true => char::from(*byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    path.as_os_str().as_bytes().iter().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use refinery::Target;

    use super::*;

    /// Tables in which something stands that people gave the bot to keep, or that follows from it.
    const WITH_DATA: [&str; 24] = [
        "account_ranks",
        "left_taken_back",
        "no_shows",
        "place_offers",
        "refusals",
        "reminders",
        "session_calls",
        "session_cards",
        "session_co_organisers",
        "session_events",
        "session_history",
        "session_history_players",
        "session_log",
        "session_pairs",
        "session_participants",
        "session_prompts",
        "session_queue",
        "session_queue_accounts",
        "session_teams",
        "session_thread_members",
        "session_threads",
        "sessions",
        "user_accounts",
        "users",
    ];

    #[test]
    fn counts_that_someone_made_up_are_added_without_going_round() {
        let made_up = |table: &str| (table.to_owned(), u64::MAX);
        let contents = Contents {
            rows: ["users", "sessions"].map(made_up).into(),
            ..Contents::default()
        };
        assert_eq!(contents.data_rows(), u64::MAX);
        assert_eq!(contents.total_rows(), u64::MAX);
    }

    #[test]
    fn database_whose_log_was_just_cut_off_is_read_with_its_locks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("overwatch.db");
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", "WAL").unwrap();
        writer
            .execute_batch("CREATE TABLE one (id INTEGER)")
            .unwrap();
        let cut = "PRAGMA wal_checkpoint(TRUNCATE)";
        writer.query_row(cut, [], |_| Ok(())).unwrap();
        assert_eq!(beside(&path, "-wal").metadata().unwrap().len(), 0);
        let reader = open(&path).unwrap();
        let rows = || -> i64 {
            let count = "SELECT count(*) FROM one";
            reader.query_row(count, [], |row| row.get(0)).unwrap()
        };
        assert_eq!(rows(), 0);
        writer.execute_batch("INSERT INTO one VALUES (1)").unwrap();
        assert_eq!(rows(), 1);
    }

    #[test]
    fn every_table_holds_data_or_does_not() {
        let mut db = Connection::open_in_memory().unwrap();
        migrations::run_to(&mut db, Target::Latest).unwrap();
        let found: Vec<_> = count(&db).unwrap().rows.into_keys().collect();
        let mut known: Vec<_> = WITH_DATA.iter().chain(&WITHOUT_DATA).copied().collect();
        known.sort_unstable();
        assert_eq!(
            found, known,
            "a new table belongs into one of the two lists"
        );
    }
}
