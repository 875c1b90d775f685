//! A clock that is set wrong, and what may not happen until it is right again.
//!
//! May touch: the database's file, for reading. Invariant: nobody gives commands between the two looks that
//! are compared.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::TimeDelta;

use super::check::open;
use super::disk::Chance;

/// What a clock is set by, in hours.
const SET_BY_H: [i64; 4] = [1, -1, 60 * 24, -60 * 24];

/// By how much a clock is set wrong.
pub(super) fn set_by(chance: &mut Chance) -> TimeDelta {
    TimeDelta::hours(SET_BY_H[chance.below(SET_BY_H.len())])
}

/// What nothing may be taken from while the clock is not trusted: nothing is erased, nothing starts or ends.
const STAYS: [(&str, &str); 3] = [
    (
        "a session started, ended, or was erased",
        "SELECT id || ' ' || status || ' ' || scheduled_time FROM sessions",
    ),
    (
        "a receipt was forgotten",
        "SELECT interaction_id || ' ' || command FROM receipts",
    ),
    (
        "somebody's profile was erased",
        "SELECT discord_id || '' FROM users",
    ),
];

/// What nothing may be added to: nobody is reminded, nothing goes into the history, the time is not noted.
const GROWS_NOT: [(&str, &str); 3] = [
    (
        "somebody was reminded",
        "SELECT session_id || ' ' || user_id || ' ' || scheduled_time FROM reminders",
    ),
    (
        "a session went into the history",
        "SELECT session_id || '' FROM session_history",
    ),
    (
        "the time was noted",
        "SELECT coalesce(last_at, 0) || '' FROM known_time",
    ),
];

/// What there is while the clock is not trusted.
pub(super) struct Doubtful {
    stays: Vec<BTreeSet<String>>,
    grows_not: Vec<BTreeSet<String>>,
}

impl Doubtful {
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let db = open(file)?;
        let column = |sql: &str| -> rusqlite::Result<BTreeSet<String>> {
            let mut statement = db.prepare(sql)?;
            let rows = statement.query_map([], |row| row.get(0))?;
            rows.collect()
        };
        let columns = |all: &[(&str, &str)]| -> rusqlite::Result<Vec<_>> {
            all.iter().map(|(_, sql)| column(sql)).collect()
        };
        let read = || -> rusqlite::Result<Self> {
            Ok(Self {
                stays: columns(&STAYS)?,
                grows_not: columns(&GROWS_NOT)?,
            })
        };
        read().map_err(|error| format!("the database cannot be read: {error}"))
    }

    /// What happened until `after` and may not have.
    pub(super) fn happened(&self, after: &Self) -> Option<&'static str> {
        let lost = STAYS.iter().zip(self.stays.iter().zip(&after.stays));
        let lost = lost.filter(|(_, (before, after))| !before.is_subset(after));
        let new = GROWS_NOT
            .iter()
            .zip(self.grows_not.iter().zip(&after.grows_not));
        let new = new.filter(|(_, (before, after))| !after.is_subset(before));
        lost.chain(new).map(|((what, _), _)| *what).next()
    }
}
