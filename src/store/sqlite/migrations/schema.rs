//! Whether a file's schema is, to the letter, the one of its version.
//!
//! May touch: a connection, reading; a database in memory that the migrations make. Invariant: a table that
//! an operator has added is nobody's business, since none of our statements looks at it; whatever acts on our
//! tables is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use refinery::Target;
use rusqlite::Connection;

use super::{SchemaError, VERSION_TABLE, newest, run_to};

/// Differences that a complaint names at most.
const TOLD_MAX: usize = 5;

/// A table, index, trigger or view.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Object {
    /// What it is.
    kind: String,
    name: String,
    /// The table that it belongs to; its own name if it is one.
    table: String,
    /// The statement that makes it.
    sql: String,
}

/// What stands in a file's schema, SQLite's own objects left out.
pub(super) type Objects = BTreeSet<Object>;

/// Checks that the schema of `db` is the one of `version`, or the one of a migration further, which an
/// earlier version of this program may have left unrecorded.
///
/// # Errors
/// [`SchemaError::Altered`], which names what differs.
pub(in crate::store::sqlite) fn require_unaltered(
    db: &Connection,
    version: i32,
) -> Result<(), SchemaError> {
    let found = objects(db)?;
    let differences = differences(&*schema_of(version)?, &found);
    if differences.is_empty() {
        return Ok(());
    }
    if version < newest() && self::differences(&*schema_of(version + 1)?, &found).is_empty() {
        return Ok(());
    }
    let mut told = differences;
    let more = told.len().saturating_sub(TOLD_MAX);
    told.truncate(TOLD_MAX);
    if more > 0 {
        told.push(format!("{more} more"));
    }
    let differences = told.join(", ");
    Err(SchemaError::Altered {
        version,
        differences,
    })
}

/// The schema of this version, which may be 0: nothing.
pub(super) fn schema_of(version: i32) -> Result<Arc<Objects>, SchemaError> {
    static MADE: Mutex<BTreeMap<i32, Arc<Objects>>> = Mutex::new(BTreeMap::new());
    let made = || MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(objects) = made().get(&version) {
        return Ok(objects.clone());
    }
    let mut model = Connection::open_in_memory()?;
    run_to(&mut model, Target::Version(version))?;
    let objects = Arc::new(objects(&model)?);
    made().insert(version, objects.clone());
    Ok(objects)
}

/// What stands in the schema of `db`.
pub(super) fn objects(db: &Connection) -> rusqlite::Result<Objects> {
    let all = "SELECT type, name, tbl_name, sql FROM sqlite_schema
        WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite~_%' ESCAPE '~'";
    let mut all = db.prepare(all)?;
    let rows = all.query_map([], |row| {
        Ok(Object {
            kind: row.get(0)?,
            name: row.get(1)?,
            table: row.get(2)?,
            sql: row.get(3)?,
        })
    })?;
    rows.collect()
}

/// What was taken from, changed in, or added to the schema that is expected.
fn differences(expected: &Objects, found: &Objects) -> Vec<String> {
    let by_name = |objects: &Objects| -> BTreeMap<(String, String), Object> {
        let named = |one: &Object| ((one.kind.clone(), one.name.clone()), one.clone());
        objects.iter().map(named).collect()
    };
    let (expected, found) = (by_name(expected), by_name(found));
    let tables: BTreeSet<&str> = expected.values().map(|one| one.table.as_str()).collect();
    let mut differences = Vec::new();
    for ((kind, name), object) in &expected {
        match found.get(&(kind.clone(), name.clone())) {
            None => differences.push(format!("the {kind} {name} is missing")),
            // It is made by a library, which may come to word it in another way.
            Some(_) if name == VERSION_TABLE => {}
            Some(found) if worded(&found.sql) == worded(&object.sql) => {}
            Some(_) => differences.push(format!("the {kind} {name} is another")),
        }
    }
    let added = found.iter().filter(|(key, _)| !expected.contains_key(key));
    for ((kind, name), object) in added {
        let is_others = match kind.as_str() {
            "table" => !object
                .sql
                .to_ascii_uppercase()
                .starts_with("CREATE VIRTUAL"),
            "index" => !tables.contains(object.table.as_str()),
            _ => false,
        };
        if !is_others {
            differences.push(format!("the {kind} {name} was added"));
        }
    }
    differences
}

/// A statement without quotation marks around names and without the space between words, in which versions
/// of SQLite may differ.
fn worded(sql: &str) -> String {
    let kept = |char: &char| !char.is_whitespace() && *char != '"';
    sql.chars().filter(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is done to a file of the newest version, and what is said of it; `None`: nothing.
    const CHANGES: [(&str, Option<&str>); 12] = [
        ("SELECT 1", None),
        ("CREATE TABLE notes (text); CREATE INDEX notes_by_text ON notes (text)", None),
        ("ANALYZE", None),
        (
            "CREATE TRIGGER evil AFTER INSERT ON users BEGIN DELETE FROM sessions; END",
            Some("the trigger evil was added"),
        ),
        (
            "CREATE TABLE notes (text); CREATE TRIGGER evil AFTER INSERT ON notes BEGIN DELETE FROM users; END",
            Some("the trigger evil was added"),
        ),
        ("CREATE VIEW everybody AS SELECT * FROM users", Some("the view everybody was added")),
        ("CREATE UNIQUE INDEX one_each ON users (username)", Some("the index one_each was added")),
        ("DROP INDEX outbox_by_due", Some("the index outbox_by_due is missing")),
        ("DROP TABLE reminders", Some("the table reminders is missing")),
        ("ALTER TABLE users ADD COLUMN bio TEXT", Some("the table users is another")),
        ("ALTER TABLE users RENAME COLUMN username TO name", Some("the table users is another")),
        (
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(sql, 'CHECK (teams IN (1, 2))', '') WHERE name = 'sessions'",
            Some("the table sessions is another"),
        ),
    ];

    #[test]
    fn whatever_acts_on_our_tables_is_noticed() {
        for (change, expected) in CHANGES {
            let mut db = Connection::open_in_memory().unwrap();
            run_to(&mut db, Target::Latest).unwrap();
            db.execute_batch(change).unwrap();
            let told = require_unaltered(&db, newest())
                .err()
                .map(|error| error.to_string());
            match (&told, expected) {
                (None, None) => {}
                (Some(told), Some(expected)) => {
                    assert!(told.contains(expected), "{change}: {told}")
                }
                _ => panic!("{change}: {told:?}"),
            }
        }
    }

    #[test]
    fn every_version_is_itself_and_not_the_one_before() {
        for version in 1..=newest() {
            let mut db = Connection::open_in_memory().unwrap();
            run_to(&mut db, Target::Version(version)).unwrap();
            require_unaltered(&db, version).unwrap();
            // An interrupted start of an earlier release may have left this.
            require_unaltered(&db, version - 1).unwrap();
        }
        let mut db = Connection::open_in_memory().unwrap();
        run_to(&mut db, Target::Version(newest())).unwrap();
        // Version 14 only adds tables, which could be anybody's, to version 13.
        assert!(require_unaltered(&db, newest() - 3).is_err());
    }
}
