//! Backups that are taken in the middle of everything, and restored.
//!
//! May touch: a folder of its own, and the database's file for reading. Invariant: the program's own code
//! takes the backup and restores it; nothing here changes what the bot sees.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use tokio_util::sync::CancellationToken;

use super::bot::{Bot, backups, database};
use crate::store::sqlite::Database;
use crate::store::sqlite::restore::restore;

/// What a restore makes anew.
const APART: &str = "installation";

/// Every row of every table, as text.
#[derive(Debug, PartialEq, Eq)]
struct Rows(BTreeMap<String, BTreeSet<String>>);

impl Rows {
    fn read(path: &Path) -> Result<Self, String> {
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
    fn cannot_be_between(&self, before: &Self, after: &Self) -> Option<String> {
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
}

/// Takes a backup and restores it into another folder: it is a state that was, and the bot starts on it.
/// Returns whether there was one to restore: while the disk fails there may be none.
pub(super) async fn a_backup_is_a_state_that_was(
    folder: &Path,
    bot: &Bot,
    has_power: impl Fn() -> bool,
) -> Result<bool, String> {
    let before = Rows::read(&database(folder))?;
    let now = bot.context.clock.now();
    let taken = bot.backups.take(now, &CancellationToken::new()).await;
    let Ok(taken) = taken else {
        return Ok(false);
    };
    if !has_power() {
        return Ok(false);
    }
    let after = Rows::read(&database(folder))?;
    let place = super::world::folder();
    let path = database(place.path());
    restore(&path, &taken.path, now, false)
        .map_err(|error| format!("a backup cannot be restored: {error}"))?;
    let restored = Rows::read(&path)?;
    if let Some(wrong) = restored.cannot_be_between(&before, &after) {
        return Err(format!("a restored backup is no state that was: {wrong}"));
    }
    let opened = Database::open(&path, &backups(place.path()), now).await;
    let opened = opened.map_err(|error| format!("nothing starts on a restored backup: {error}"))?;
    opened.close().await;
    Ok(true)
}
