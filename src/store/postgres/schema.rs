//! Whether a database's schema is, to the letter, the one of its version.
//!
//! May touch: a connection, and a temporary schema in a transaction that is rolled back. Invariant: tables and
//! views that an operator has added are allowed, since none of our statements reads them; whatever acts on our
//! tables is not.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::link::Link;
use super::migrations::{self, SchemaError};
use crate::store::sql::sql;

/// Where the migrations make a schema to compare with; it is never committed.
const MODEL: &str = "overwatch_bot_model";
/// Differences that a complaint names at most.
const TOLD_MAX: usize = 5;

/// What a column, an index, a constraint, a trigger or a rule is, by its kind and name.
type Objects = BTreeMap<(String, String), Object>;

struct Object {
    /// The table that it belongs to.
    belongs_to: String,
    definition: String,
}

/// Checks that the schema is the one that the migrations of this program make.
///
/// # Errors
/// [`SchemaError::Altered`], which names what differs; [`SchemaError::Failed`] if the account may not make
/// a schema to compare with.
pub(super) fn require_unaltered(link: &mut Link, now: DateTime<Utc>) -> Result<(), SchemaError> {
    let found = objects(link)?;
    link.run("BEGIN")?;
    let expected = model(link, now);
    // With its connection the transaction ends as well.
    link.lose();
    let mut told = differences(&expected?, &found);
    if told.is_empty() {
        return Ok(());
    }
    let more = told.len().saturating_sub(TOLD_MAX);
    told.truncate(TOLD_MAX);
    if more > 0 {
        told.push(format!("{more} more"));
    }
    Err(SchemaError::Altered(told.join(", ")))
}

/// What the migrations make.
fn model(link: &mut Link, now: DateTime<Utc>) -> Result<Objects, SchemaError> {
    link.run(&format!("CREATE SCHEMA {MODEL}"))?;
    link.run(&format!("SET LOCAL search_path TO {MODEL}"))?;
    migrations::make(link, now)?;
    objects(link)
}

/// What stands in the schema that statements are about.
fn objects(link: &mut Link) -> Result<Objects, SchemaError> {
    let rows = link.query(sql!("postgres/objects").text, &[])?;
    let object = |row: &tokio_postgres::Row| {
        let key: (String, String) = (row.get("kind"), row.get("name"));
        let object = Object {
            belongs_to: row.get("belongs_to"),
            definition: row.get("definition"),
        };
        (key, object)
    };
    Ok(rows.iter().map(object).collect())
}

/// What was taken from, changed in, or added to the tables that are expected.
fn differences(expected: &Objects, found: &Objects) -> Vec<String> {
    let mut differences = Vec::new();
    for ((kind, name), object) in expected {
        match found.get(&(kind.clone(), name.clone())) {
            None => differences.push(format!("the {kind} {name} is missing")),
            Some(found) if found.definition == object.definition => {}
            Some(_) => differences.push(format!("the {kind} {name} is another")),
        }
    }
    let is_ours = |table: &str| expected.values().any(|object| object.belongs_to == table);
    for ((kind, name), object) in found {
        let is_known = expected.contains_key(&(kind.clone(), name.clone()));
        if !is_known && is_ours(&object.belongs_to) {
            differences.push(format!("the {kind} {name} was added"));
        }
    }
    differences
}
