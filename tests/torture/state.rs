//! What is in a database, to be compared.

use std::collections::BTreeMap;
use std::path::Path;

use overwatch_bot::store::sqlite::Database;
use rusqlite::Connection;
use rusqlite::types::Value;

use super::{backups, block_on, database, now};

/// Tables that may differ between two runs: when each migration was applied, and what is made at random.
const APART: [&str; 2] = ["schema_version", "installation"];

/// Every row of every table, and the schema.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State(BTreeMap<String, Vec<Vec<Value>>>);

impl State {
    /// Reads the database at `path`; what a log beside it holds counts.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        Self::try_read(path).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn try_read(path: &Path) -> rusqlite::Result<Self> {
        let db = Connection::open(path)?;
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table'";
        let names = db
            .prepare(tables)?
            .query_map([], |row| row.get(0))?
            .collect::<Result<Vec<String>, _>>()?;
        let mut state = BTreeMap::new();
        let schema = "SELECT type, name, tbl_name, sql FROM sqlite_schema";
        state.insert("schema".into(), rows(&db, schema)?);
        for name in names {
            if !APART.contains(&name.as_str()) {
                let all = rows(&db, &format!("SELECT * FROM {name}"))?;
                state.insert(name, all);
            }
        }
        Ok(Self(state))
    }

    /// The tables that differ.
    pub(crate) fn difference(&self, other: &Self) -> String {
        let names = self.0.keys().chain(other.0.keys());
        let mut differ: Vec<_> = names
            .filter(|name| self.0.get(*name) != other.0.get(*name))
            .collect();
        differ.sort();
        differ.dedup();
        format!("{differ:?}")
    }
}

fn rows(db: &Connection, sql: &str) -> rusqlite::Result<Vec<Vec<Value>>> {
    let mut statement = db.prepare(sql)?;
    let width = statement.column_count();
    let rows = statement.query_map([], |row| (0..width).map(|at| row.get(at)).collect())?;
    let mut rows = rows.collect::<rusqlite::Result<Vec<Vec<Value>>>>()?;
    rows.sort_by_key(|row| format!("{row:?}"));
    Ok(rows)
}

/// Starts the program on the database in `folder`, stops it, and returns what is in it.
pub(crate) fn start(folder: &Path) -> Result<State, String> {
    block_on(async {
        let database = Database::open(&database(folder), &backups(folder), now()).await;
        let database = database.map_err(|error| format!("it does not start: {error}"))?;
        database.close().await;
        Ok::<_, String>(())
    })?;
    sound(&database(folder))?;
    State::read(&database(folder))
}

/// What SQLite itself says of the file.
pub(crate) fn sound(path: &Path) -> Result<(), String> {
    let look = || -> rusqlite::Result<(String, i64)> {
        let db = Connection::open(path)?;
        let sound = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
        let dangling = "SELECT count(*) FROM pragma_foreign_key_check";
        Ok((sound, db.query_row(dangling, [], |row| row.get(0))?))
    };
    match look() {
        Ok((sound, 0)) if sound == "ok" => Ok(()),
        found => Err(format!("{} is not sound: {found:?}", path.display())),
    }
}

/// Fails unless `found` is what is expected.
pub(crate) fn same(what: &str, found: &State, expected: &State) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("{what} differs in {}", found.difference(expected))),
    }
}
