//! The schema: numbered files under `sql/migrations/sqlite`, each applied once, in one transaction.
//!
//! May touch: the write connection before anyone else has it, and the backup folder. Invariant:
//! `schema_version` tells which files were applied, when, and with which checksum; a file that is
//! not exactly ours is refused before anything in it changes.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use refinery::error::Kind;
use rusqlite::{Connection, OptionalExtension};

mod embedded {
    refinery::embed_migrations!("sql/migrations/sqlite");
}

/// The table that tells what was applied.
const VERSION_TABLE: &str = "schema_version";

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
    /// Tables, but none that tells their version.
    #[error(
        "it holds tables but no {VERSION_TABLE}, so it is not a database of this program; \
         nothing was changed in it, point DB_PATH elsewhere"
    )]
    Foreign,
    /// The backup before the migration failed; the migration was not begun.
    #[error("it could not be backed up to {} before its migration: {reason}", path.display())]
    Backup {
        /// Where the backup should be.
        path: PathBuf,
        /// What failed.
        reason: String,
    },
    /// A migration failed; it was rolled back, and the file is as it was before.
    #[error("a migration failed and was rolled back: {0}")]
    Failed(String),
    /// SQLite failed.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
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

/// Whether a file of version `found` can be worked with as it is.
pub(super) fn is_newest(found: Option<i32>) -> Result<(), SchemaError> {
    let known = newest();
    match found {
        None => Err(SchemaError::Foreign),
        Some(found) if found > known => Err(SchemaError::Newer { found, known }),
        Some(found) if found < known => Err(SchemaError::Older),
        Some(_) => Ok(()),
    }
}

/// Brings the schema up to date, after a backup if there is something to lose.
pub(super) async fn run(
    connection: &tokio_rusqlite::Connection,
    backups: PathBuf,
    now: DateTime<Utc>,
) -> Result<(), SchemaError> {
    let migrated = connection.call(move |db| migrate(db, &backups, now)).await;
    migrated.map_err(|error| match error {
        tokio_rusqlite::Error::Error(error) => error,
        error => SchemaError::Failed(error.to_string()),
    })
}

fn migrate(db: &mut Connection, backups: &Path, now: DateTime<Utc>) -> Result<(), SchemaError> {
    let known = newest();
    match version(db)? {
        Some(found) if found > known => return Err(SchemaError::Newer { found, known }),
        Some(found) if found < known => {
            let path = back_up(db, backups, now)?;
            tracing::info!(from = found, to = known, backup = %path.display(), "migrating");
        }
        Some(_) => {}
        None if has_tables(db)? => return Err(SchemaError::Foreign),
        None => tracing::info!(version = known, "making a new database"),
    }
    let mut runner = embedded::migrations::runner();
    runner.set_migration_table_name(VERSION_TABLE);
    runner.run(db).map_err(|error| match error.kind() {
        Kind::DivergentVersion(applied, _) => SchemaError::Changed(applied.to_string()),
        Kind::MissingVersion(applied) => SchemaError::Changed(applied.to_string()),
        _ => SchemaError::Failed(error.to_string()),
    })?;
    Ok(())
}

/// The version of the schema; `None` in a file without [`VERSION_TABLE`].
pub(super) fn version(db: &Connection) -> rusqlite::Result<Option<i32>> {
    let table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    if db
        .query_row(table, [VERSION_TABLE], |_| Ok(()))
        .optional()?
        .is_none()
    {
        return Ok(None);
    }
    let newest = format!("SELECT coalesce(max(version), 0) FROM {VERSION_TABLE}");
    db.query_row(&newest, [], |row| row.get(0)).map(Some)
}

fn has_tables(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table')",
        [],
        |row| row.get(0),
    )
}

/// Copies the database by SQLite's own means, then renames the copy into place. Nobody else has
/// the file yet, so that the copy is of one moment.
fn back_up(db: &Connection, folder: &Path, now: DateTime<Utc>) -> Result<PathBuf, SchemaError> {
    let path = folder.join(now.format("overwatch_backup_%Y%m%d_%H%M%S.db").to_string());
    let unfinished = path.with_extension("db.part");
    let copy = || -> Result<(), Box<dyn std::error::Error>> {
        std::fs::create_dir_all(folder)?;
        db.backup("main", &unfinished, None)?;
        std::fs::File::open(&unfinished)?.sync_all()?;
        std::fs::rename(&unfinished, &path)?;
        std::fs::File::open(folder)?.sync_all()?;
        Ok(())
    };
    copy().map_err(|error| SchemaError::Backup {
        path: path.clone(),
        reason: error.to_string(),
    })?;
    Ok(path)
}
