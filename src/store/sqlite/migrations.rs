//! The schema: numbered files under `sql/migrations/sqlite`, each applied once. All migrations of one
//! start, and the record of them, are a single transaction.
//! A file of the bot that came before this one is adopted first (`adopt`).
//!
//! May touch: the write connection before anyone else has it, and the backup folder. Invariant:
//! `schema_version` tells which files were applied, when, and with which checksum; a file that is
//! not exactly ours is refused before anything in it changes.

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use refinery::Target;
use refinery::error::Kind;
use rusqlite::Connection;
use rusqlite::backup::Backup;
use tokio_util::sync::CancellationToken;

use crate::store::backup::{BackupError, local};
use crate::store::sql::sql;

use super::adopt::{self, Adopted};
use super::inspect::{self, Unfit};
use super::lockstep;
pub(super) use schema::require_unaltered;

mod schema;
mod unrecorded;

mod embedded {
    refinery::embed_migrations!("sql/migrations/sqlite");
}

/// The table that tells what was applied.
const VERSION_TABLE: &str = "schema_version";
/// Pages that a trial copies at a time.
const PAGES_PER_STEP: i32 = 10_000;
/// The schema that an adoption copies into.
const FIRST: i32 = 1;

/// Why a file's schema is refused. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Made by a later version of this program.
    #[error(
        "its schema has version {found}, newer than {known}, the newest that this program knows; \
         start the newer program, or restore a backup from before it"
    )]
    Newer {
        /// The file's version.
        found: i32,
        /// This program's newest.
        known: i32,
    },
    /// Made by an earlier version of this program, and not brought up to date yet.
    #[error(
        "its schema is older than this program's; start the bot once, which brings it up to date"
    )]
    Older,
    /// A migration that was applied is not the one that this program has under its number.
    #[error(
        "its migration {0} is not the one this program knows by that number; the file or the \
         program was changed by hand, so restore a backup or use the program that made it"
    )]
    Changed(String),
    /// Something in it was added, changed or taken away by hand.
    #[error(
        "its schema is not that of version {version}: {differences}; undo that by hand, or restore a backup \
         from before it; nothing was changed in it"
    )]
    Altered {
        /// The file's version.
        version: i32,
        /// What differs.
        differences: String,
    },
    /// Tables, but none that tells their version.
    #[error(
        "it holds tables but no {VERSION_TABLE}, and they are not those of an existing \
         installation, so it is not a database of this program; nothing was changed in it, \
         point DB_PATH elsewhere"
    )]
    Foreign,
    /// Another process wrote to the file of an existing installation between its backup and its
    /// adoption.
    #[error(
        "another program is writing to it; stop the bot that uses it, then start this one again; \
         nothing was changed in it"
    )]
    Busy,
    /// The report of an adoption could not be written; it was rolled back.
    #[error("the report {} of its adoption cannot be written: {source}; nothing was changed in it", path.display())]
    Report {
        /// Where the report should be.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// An adoption came out wrong; it was rolled back.
    #[error("it could not be adopted: {0}; nothing was changed in it")]
    Adoption(String),
    /// The backup before the migration failed; the migration was not begun.
    #[error("it could not be backed up before its migration, which was not begun: {0}")]
    Backup(#[source] Box<BackupError>),
    /// A migration failed; it was rolled back, and the file is as it was before.
    #[error("a migration failed and was rolled back: {0}")]
    Failed(String),
    /// SQLite failed.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// What was done to bring a file's schema up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version that was found; `None` in a new file and in one that was adopted.
    pub from: Option<i32>,
    /// The version that it has now.
    pub to: i32,
    /// The backup that was made before; `None` if nothing was changed that held something.
    pub backup: Option<PathBuf>,
    /// What became of the tables of an existing installation, if it was one.
    pub adopted: Option<Adopted>,
}

/// What is done before a migration changes a file that holds something.
pub(super) enum Precaution {
    /// It is backed up into this folder.
    BackUpInto(PathBuf),
    /// It is itself a copy of a backup; the report of an adoption is called after this file.
    IsCopy(PathBuf),
}

impl Precaution {
    fn take(&self, db: &Connection, now: DateTime<Utc>) -> Result<PathBuf, SchemaError> {
        match self {
            Self::BackUpInto(folder) => back_up(db, folder, now),
            Self::IsCopy(path) => Ok(path.clone()),
        }
    }
}

/// The newest schema version that this program knows.
pub fn newest() -> i32 {
    let runner = embedded::migrations::runner();
    runner
        .get_migrations()
        .iter()
        .map(|migration| migration.version())
        .max()
        .unwrap_or(0)
}

/// Whether a file can be worked with as it is.
pub(super) async fn require_newest(
    connection: &tokio_rusqlite::Connection,
) -> Result<(), SchemaError> {
    let found = connection.call(|db| recognise(db)).await;
    let found = found.map_err(|error| match error {
        tokio_rusqlite::Error::Error(error) => error,
        error => SchemaError::Failed(error.to_string()),
    })?;
    match found {
        Some(found) if found == newest() => Ok(()),
        _ => Err(SchemaError::Older),
    }
}

/// Brings the schema up to date, after a backup if there is something to lose.
pub(super) async fn run(
    connection: &tokio_rusqlite::Connection,
    backups: PathBuf,
    now: DateTime<Utc>,
) -> Result<Migrated, SchemaError> {
    let migrated = connection.call(move |db| migrate(db, &Precaution::BackUpInto(backups), now));
    let migrated = lockstep::done(migrated).await;
    migrated.map_err(|error| match error {
        tokio_rusqlite::Error::Error(error) => error,
        error => SchemaError::Failed(error.to_string()),
    })
}

/// Makes the first schema, and the note that it is there, within the transaction of somebody else;
/// the names of its tables. (Refinery would begin one of its own.)
pub(super) fn make_first(db: &Connection) -> Result<Vec<String>, SchemaError> {
    let mut model = Connection::open_in_memory()?;
    run_to(&mut model, Target::Version(FIRST))?;
    let mut schema = model.prepare(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'",
    )?;
    let mut rows = schema.query([])?;
    let mut tables = Vec::new();
    while let Some(row) = rows.next()? {
        db.execute_batch(&row.get::<_, String>(2)?)?;
        if row.get::<_, String>(0)? == "table" {
            tables.push(row.get(1)?);
        }
    }
    let applied = format!("SELECT version, name, applied_on, checksum FROM {VERSION_TABLE}");
    let note = format!("INSERT INTO {VERSION_TABLE} VALUES (?1, ?2, ?3, ?4)");
    let mut applied = model.prepare(&applied)?;
    let mut rows = applied.query([])?;
    while let Some(row) = rows.next()? {
        let value = |column| row.get::<_, rusqlite::types::Value>(column);
        db.execute(&note, (value(0)?, value(1)?, value(2)?, value(3)?))?;
    }
    Ok(tables)
}

/// Brings the schema up to date. Blocks.
///
/// # Errors
/// [`SchemaError`]; the file is as it was before.
pub(super) fn migrate(
    db: &mut Connection,
    precaution: &Precaution,
    now: DateTime<Utc>,
) -> Result<Migrated, SchemaError> {
    let known = newest();
    unrecorded::record(db, now)?;
    let mut migrated = Migrated {
        from: recognise(db)?,
        to: known,
        backup: None,
        adopted: None,
    };
    match migrated.from {
        Some(found) if found < known => {
            let path = precaution.take(db, now)?;
            tracing::info!(from = found, to = known, backup = %path.display(), "migrating");
            migrated.backup = Some(path);
        }
        Some(_) => {}
        None if adopt::is_old(db)? => {
            let seen = adopt::data_version(db)?;
            let path = precaution.take(db, now)?;
            tracing::info!(backup = %path.display(), "adopting the database of an existing installation");
            migrated.adopted = Some(adopt::adopt(db, &path, seen, now)?);
            migrated.backup = Some(path);
        }
        None => tracing::info!(version = known, "making a new database"),
    }
    run_to(db, Target::Latest)?;
    if migrated.adopted.is_some() {
        renew_incarnation(db)?;
    }
    Ok(migrated)
}

/// Lets the next start of the bot make another incarnation: what is in the database goes on from a state that
/// was before.
pub(super) fn renew_incarnation(db: &Connection) -> rusqlite::Result<()> {
    db.execute(sql!("installation/forget_incarnation").text, [])?;
    Ok(())
}

/// Migrates, or adopts, a temporary copy of the database at `path`. Blocks, and needs as much space
/// for temporary files as the database has bytes.
///
/// # Errors
/// [`Unfit`] if the file cannot be read; [`Unfit::Schema`] if the migration would fail.
pub fn try_on_copy(path: &Path, now: DateTime<Utc>) -> Result<(), Unfit> {
    let from = inspect::open(path)?;
    // SQLite removes a database without a name when it is closed.
    let mut copy = Connection::open("")?;
    Backup::new(&from, &mut copy)?.run_to_completion(PAGES_PER_STEP, Duration::ZERO, None)?;
    super::configure(&copy)?;
    let name = format!("overwatch_check_{}.db", std::process::id());
    let report_beside = Precaution::IsCopy(std::env::temp_dir().join(name));
    let migrated = migrate(&mut copy, &report_beside, now).map_err(Unfit::Schema)?;
    if let Some(report) = migrated.adopted.and_then(|adopted| adopted.report) {
        std::fs::remove_file(report)?;
    }
    Ok(())
}

pub(super) fn run_to(db: &mut Connection, target: Target) -> Result<(), SchemaError> {
    let mut runner = embedded::migrations::runner()
        .set_target(target)
        .set_grouped(true);
    runner.set_migration_table_name(VERSION_TABLE);
    // What is migrated is logged by whoever asks for it; refinery would log each model in memory, too.
    let silent = tracing::subscriber::NoSubscriber::new();
    let run = tracing::subscriber::with_default(silent, || runner.run(db));
    run.map_err(|error| match error.kind() {
        Kind::DivergentVersion(applied, _) => SchemaError::Changed(applied.to_string()),
        Kind::MissingVersion(applied) => SchemaError::Changed(applied.to_string()),
        _ => SchemaError::Failed(error.to_string()),
    })?;
    Ok(())
}

/// The version of a schema that this program can work with; `None` in a new file and in that of
/// an existing installation.
///
/// # Errors
/// [`SchemaError::Newer`], [`SchemaError::Foreign`].
pub(super) fn recognise(db: &Connection) -> Result<Option<i32>, SchemaError> {
    let known = newest();
    match version(db)? {
        Some(found) if found > known => Err(SchemaError::Newer { found, known }),
        None if has_tables(db)? && !adopt::is_old(db)? => Err(SchemaError::Foreign),
        version => Ok(version),
    }
}

/// The version of the schema; `None` in a file whose [`VERSION_TABLE`] is missing, or still empty
/// because its first migration was interrupted.
pub(super) fn version(db: &Connection) -> rusqlite::Result<Option<i32>> {
    if !has_version_table(db)? {
        return Ok(None);
    }
    let newest = format!("SELECT max(version) FROM {VERSION_TABLE}");
    db.query_row(&newest, [], |row| row.get(0))
}

fn has_version_table(db: &Connection) -> rusqlite::Result<bool> {
    let table = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)";
    db.query_row(table, [VERSION_TABLE], |row| row.get(0))
}

/// Whether a file holds any table but [`VERSION_TABLE`].
fn has_tables(db: &Connection) -> rusqlite::Result<bool> {
    let table = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name <> ?1)";
    db.query_row(table, [VERSION_TABLE], |row| row.get(0))
}

/// Backs up the file of `db` as every backup is made; nothing older is dropped for it.
fn back_up(db: &Connection, folder: &Path, now: DateTime<Utc>) -> Result<PathBuf, SchemaError> {
    let order = local::Order {
        database: Path::new(db.path().unwrap_or_default()),
        folder,
        compress: false,
        // The connection that asks is the writer's own, and is about to write anyway.
        checkpoint: false,
        keep: None,
    };
    let made = local::make(&order, now, &CancellationToken::new());
    let taken = made.map_err(|error| SchemaError::Backup(error.into()))?;
    // A migration that fails at every start must not fill the disk with copies of one state.
    Ok(local::replace_by_earlier(folder, taken.name).unwrap_or(taken.path))
}

#[cfg(test)]
mod tests;
