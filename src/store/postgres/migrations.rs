//! The schema: numbered files under `sql/migrations/postgres`, each applied once, all in one
//! transaction.
//!
//! May touch: a connection before anyone else has it. Invariant: two processes that start at once
//! do it one after the other; `schema_version` tells which files were applied, when, and with which
//! checksum; a schema that is not exactly ours is refused before anything in it changes.

use chrono::{DateTime, SecondsFormat, Utc};
use refinery::Migration;

use super::link::{Link, Trouble};
use crate::store::Migrated;
use crate::store::sql::Value;

mod embedded {
    refinery::embed_migrations!("sql/migrations/postgres");
}

/// The lock under which schemas are changed; the number means nothing, but has to stay.
const LOCK: i64 = 6_876_512_039_482_013;
/// Tables that are neither PostgreSQL's nor an extension's.
const TABLES: &str = "SELECT c.relname AS name FROM pg_catalog.pg_class c \
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') \
     AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::regclass \
                     AND d.objid = c.oid AND d.deptype = 'e')";
const VERSION_TABLE: &str = "CREATE TABLE schema_version (version INTEGER PRIMARY KEY, \
     name VARCHAR(255), applied_on VARCHAR(255), checksum VARCHAR(255))";
const NOTE: &str = "INSERT INTO schema_version (version, name, applied_on, checksum) \
     VALUES ($1::BIGINT, $2, $3, $4)";
const APPLIED: &str = "SELECT version, name, checksum FROM schema_version ORDER BY version";

/// Why a schema is refused. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Made by a later version of this program.
    #[error(
        "its schema has version {found}, newer than {known}, the newest that this program knows; \
         start the newer program, or restore a dump from before it"
    )]
    Newer {
        /// The database's version.
        found: i32,
        /// This program's newest.
        known: i32,
    },
    /// Made by an earlier version of this program, and not brought up to date yet.
    #[error(
        "its schema is older than this program's; start the bot or run `migrate` once, which \
         brings it up to date"
    )]
    Older,
    /// A migration that was applied is not the one that this program has under its number.
    #[error(
        "its migration {0} is not the one this program knows by that number; the database or the \
         program was changed by hand, so restore a dump or use the program that made it"
    )]
    Changed(String),
    /// Tables, but none that tells their version.
    #[error(
        "it holds tables but no schema_version, so it is not a database of this program; nothing \
         was changed in it, make an empty database and name that"
    )]
    Foreign,
    /// Something acts on our tables, or is missing from them.
    #[error(
        "its tables are not as this program made them: {0}; undo that, or restore a dump from before it"
    )]
    Altered(String),
    /// PostgreSQL failed; nothing was changed.
    #[error("its schema cannot be read or changed: {0}")]
    Failed(String),
}

impl From<Trouble> for SchemaError {
    fn from(trouble: Trouble) -> Self {
        Self::Failed(trouble.to_string())
    }
}

/// The newest schema version that this program knows.
pub fn newest() -> i32 {
    migrations().last().map_or(0, Migration::version)
}

fn migrations() -> Vec<Migration> {
    let mut all = embedded::migrations::runner().get_migrations().clone();
    all.sort_by_key(Migration::version);
    all
}

/// Whether the database can be worked with as it is.
pub(super) fn require_newest(link: &mut Link) -> Result<(), SchemaError> {
    match recognise(link)? {
        Some(found) if found == newest() => Ok(()),
        _ => Err(SchemaError::Older),
    }
}

/// Brings the schema up to date. Blocks.
pub(super) fn run(link: &mut Link, now: DateTime<Utc>) -> Result<Migrated, SchemaError> {
    link.run("BEGIN")?;
    let migrated = locked(link, now);
    if migrated.is_ok() {
        link.run("COMMIT")?;
    } else {
        // With its connection the transaction ends as well.
        link.lose();
    }
    migrated
}

fn locked(link: &mut Link, now: DateTime<Utc>) -> Result<Migrated, SchemaError> {
    link.query("SELECT pg_advisory_xact_lock($1)", &[LOCK.into()])?;
    let from = recognise(link)?;
    let known = newest();
    match from {
        Some(found) if found < known => {
            tracing::info!(from = found, to = known, "migrating");
            apply_after(link, found, now)?;
        }
        Some(_) => {}
        None => {
            tracing::info!(version = known, "making a new database");
            make(link, now)?;
        }
    }
    Ok(Migrated {
        from,
        to: known,
        backup: None,
        adopted: None,
    })
}

/// Makes everything where there is nothing.
pub(super) fn make(link: &mut Link, now: DateTime<Utc>) -> Result<(), SchemaError> {
    link.run(VERSION_TABLE)?;
    apply_after(link, 0, now)
}

fn apply_after(link: &mut Link, version: i32, now: DateTime<Utc>) -> Result<(), SchemaError> {
    for migration in migrations() {
        if migration.version() > version {
            apply(link, &migration, now)?;
        }
    }
    Ok(())
}

fn apply(link: &mut Link, migration: &Migration, now: DateTime<Utc>) -> Result<(), SchemaError> {
    let failed = |trouble: Trouble| SchemaError::Failed(format!("{migration}: {trouble}"));
    link.run(migration.sql().unwrap_or_default())
        .map_err(failed)?;
    let note: [Value; 4] = [
        migration.version().into(),
        migration.name().into(),
        now.to_rfc3339_opts(SecondsFormat::Secs, true).into(),
        migration.checksum().to_string().into(),
    ];
    link.execute(NOTE, &note).map_err(failed)?;
    Ok(())
}

/// The version of a schema that this program can work with; `None` in an empty database.
pub(super) fn recognise(link: &mut Link) -> Result<Option<i32>, SchemaError> {
    let tables = link.query(TABLES, &[])?;
    let names: Vec<&str> = tables.iter().map(|row| row.get("name")).collect();
    match names.contains(&"schema_version") {
        false if names.is_empty() => return Ok(None),
        false => return Err(SchemaError::Foreign),
        true => {}
    }
    let applied = link.query(APPLIED, &[])?;
    let (found, known) = (applied.last().map_or(0, |row| row.get("version")), newest());
    if found > known {
        return Err(SchemaError::Newer { found, known });
    }
    let ours = migrations();
    for (at, row) in applied.iter().enumerate() {
        let (version, name): (i32, &str) = (row.get("version"), row.get("name"));
        let same = ours.get(at).is_some_and(|one| {
            let checksum: &str = row.get("checksum");
            one.version() == version && one.name() == name && one.checksum().to_string() == checksum
        });
        if !same {
            return Err(SchemaError::Changed(format!("V{version}__{name}")));
        }
    }
    Ok(Some(found))
}
