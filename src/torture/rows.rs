//! Every row of every table, to be compared with what it is later.
//!
//! May touch: the database's file, for reading.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};

/// What a restore makes anew.
const APART: &str = "installation";

/// Every row of every table, as text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Rows(BTreeMap<String, BTreeSet<String>>);

impl Rows {
    /// Reads them, as they are at one moment.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        Self::try_read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
    }

    fn try_read(path: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(path, flags)?;
        // All tables as they are at one moment.
        db.execute_batch("BEGIN")?;
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> ?1";
        let names = db
            .prepare(tables)?
            .query_map([APART], |row| row.get(0))?
            .collect::<rusqlite::Result<Vec<String>>>()?;
        let mut all = BTreeMap::new();
        for name in names {
            let mut statement = db.prepare(&format!("SELECT * FROM \"{name}\""))?;
            let width = statement.column_count();
            let rows = statement.query_map([], |row| {
                let values: rusqlite::Result<Vec<Value>> =
                    (0..width).map(|at| row.get(at)).collect();
                values.map(|values| format!("{values:?}"))
            })?;
            all.insert(name, rows.collect::<rusqlite::Result<_>>()?);
        }
        Ok(Self(all))
    }

    /// What cannot be if this is a state between `before` and `after`, or one of them.
    pub(super) fn cannot_be_between(&self, before: &Self, after: &Self) -> Option<String> {
        if before == after {
            let differ = |name: &&String| self.0.get(*name) != before.0.get(*name);
            let differ: Vec<_> = before.0.keys().filter(differ).collect();
            return (!differ.is_empty()).then(|| format!("{differ:?} are not as they were"));
        }
        before.0.iter().find_map(|(name, rows)| {
            let kept = after.0.get(name)?;
            let found = self.0.get(name);
            let lost = rows
                .intersection(kept)
                .find(|row| found.is_none_or(|found| !found.contains(*row)));
            lost.map(|row| format!("a row of {name} is lost: {row}"))
        })
    }

    /// The tables that are not as they were.
    pub(super) fn changed_since(&self, before: &Self) -> Vec<&String> {
        let differs = |name: &&String| self.0.get(*name) != before.0.get(*name);
        self.0.keys().filter(differs).collect()
    }

    /// The rows of a table that were there `before` and are not any more.
    pub(super) fn lost_since(&self, before: &Self, table: &str) -> usize {
        let of = |rows: &Self| rows.0.get(table).cloned().unwrap_or_default();
        of(before).difference(&of(self)).count()
    }
}
