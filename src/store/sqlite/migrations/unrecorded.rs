//! Files in which a migration was committed, but not the record of it.
//!
//! Earlier versions of this program committed the two apart, and refused a file that was interrupted
//! in between at every later start. May touch: the write connection before anyone else has it. Invariant: a
//! migration is recorded only if everything that it makes is there, to the letter.

use chrono::{DateTime, SecondsFormat, Utc};
use refinery::Migration;
use rusqlite::Connection;

use super::schema::{objects, schema_of};
use super::{SchemaError, VERSION_TABLE, embedded, has_version_table};

/// Records a migration that is done but not recorded, if there is one.
pub(super) fn record(db: &Connection, now: DateTime<Utc>) -> Result<(), SchemaError> {
    if !has_version_table(db)? {
        return Ok(());
    }
    let recorded = recorded(db)?;
    let mut migrations = embedded::migrations::runner().get_migrations().clone();
    migrations.sort_by_key(Migration::version);
    let ours = |one: &Migration| (one.version(), one.checksum().to_string());
    let known: Vec<_> = migrations.iter().take(recorded.len()).map(ours).collect();
    if recorded != known {
        // Changed by hand; what follows refuses it.
        return Ok(());
    }
    let Some(next) = migrations.get(recorded.len()) else {
        return Ok(());
    };
    let last = recorded.last().map_or(0, |(version, _)| *version);
    let (before, after) = (schema_of(last)?, schema_of(next.version())?);
    // A migration that changes rows only leaves no trace in the schema.
    if before == after || !after.is_subset(&objects(db)?) {
        return Ok(());
    }
    let note = format!("INSERT INTO {VERSION_TABLE} VALUES (?1, ?2, ?3, ?4)");
    let applied_on = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let checksum = next.checksum().to_string();
    db.execute(&note, (next.version(), next.name(), applied_on, checksum))?;
    tracing::warn!(migration = %next, "recorded a migration that an interrupted start had completed");
    Ok(())
}

/// The recorded migrations in their order: the version and the checksum of each.
fn recorded(db: &Connection) -> rusqlite::Result<Vec<(i32, String)>> {
    let all = format!("SELECT version, checksum FROM {VERSION_TABLE} ORDER BY version");
    let mut all = db.prepare(&all)?;
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
