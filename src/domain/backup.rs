//! Backups: how they are called, and which of them are kept.
//!
//! May touch: nothing. Invariant: whatever the clocks have done, the backup that was just made
//! (and verified) is never among those to be dropped.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Utc};

/// A backup that is dated further ahead than this was made while the clock was wrong, in seconds.
const AHEAD_MAX_S: i64 = 60;
/// What every backup's file name begins with.
const PREFIX: &str = "overwatch_backup_";
/// The time in a file name (UTC).
const STAMP: &str = "%Y%m%d_%H%M%S";
/// Times as people type them; a date alone means its end.
const TYPED: &[&str] = &[
    STAMP,
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%MZ",
];

/// A backup's file name: `overwatch_backup_20261122_224500.db`, with `.zst` if compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackupName {
    /// When it was made, to the second (UTC).
    pub at: DateTime<Utc>,
    /// Whether it is compressed with zstd.
    pub compressed: bool,
}

impl BackupName {
    /// Reads a file name; `None` if it is not exactly that of a backup.
    pub fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix(PREFIX)?;
        let (stamp, compressed) = match rest.strip_suffix(".db.zst") {
            Some(stamp) => (stamp, true),
            None => (rest.strip_suffix(".db")?, false),
        };
        let at = NaiveDateTime::parse_from_str(stamp, STAMP).ok()?.and_utc();
        let parsed = Self { at, compressed };
        // Only one way of writing each time, so that names and backups are one to one.
        (parsed.to_string() == name).then_some(parsed)
    }

    /// Whether it can have been made before `now`: two clocks that are right differ by a minute at
    /// most.
    pub fn is_from_before(&self, now: DateTime<Utc>) -> bool {
        self.at <= now + TimeDelta::seconds(AHEAD_MAX_S)
    }
}

impl fmt::Display for BackupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ending = if self.compressed { "db.zst" } else { "db" };
        write!(f, "{PREFIX}{}.{ending}", self.at.format(STAMP))
    }
}

/// The time that `text` means: a backup's stamp, or a date with or without a time (UTC). A date
/// alone means the end of that day. `None` if it is no time.
pub fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let typed = TYPED
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    typed
        .or_else(|| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()?
                .and_hms_opt(23, 59, 59)
        })
        .map(|time| time.and_utc())
}

/// How many backups are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// The newest ones, whenever they were made; at least one.
    pub newest: u32,
    /// Beyond them, the last one of each of so many days.
    pub daily: u32,
    /// Beyond them, the last one of each of so many weeks (Monday to Sunday).
    pub weekly: u32,
    /// Beyond them, the last one of each of so many months.
    pub monthly: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            newest: 10,
            daily: 0,
            weekly: 0,
            monthly: 0,
        }
    }
}

impl Keep {
    /// Which of `all` are to be dropped, now that `just_made` is there and verified. Those that are
    /// dated later, since the clock was wrong, are left alone until their time has come: they push
    /// out nothing.
    pub fn superfluous(&self, all: &[BackupName], just_made: BackupName) -> Vec<BackupName> {
        let mut newest_first = all.to_vec();
        newest_first.retain(|name| *name <= just_made);
        newest_first.sort_unstable_by(|a, b| b.cmp(a));
        newest_first.dedup();

        let newest = usize::try_from(self.newest.max(1)).unwrap_or(usize::MAX);
        let mut kept: BTreeSet<BackupName> = newest_first.iter().take(newest).copied().collect();
        kept.insert(just_made);
        kept.extend(last_of_each(&newest_first, self.daily, |at| {
            (at.year(), at.ordinal())
        }));
        kept.extend(last_of_each(&newest_first, self.weekly, |at| {
            (at.iso_week().year(), at.iso_week().week())
        }));
        kept.extend(last_of_each(&newest_first, self.monthly, |at| {
            (at.year(), at.month())
        }));
        newest_first.retain(|name| !kept.contains(name));
        newest_first
    }
}

/// The last backup of each of the newest `periods` that have one.
fn last_of_each<P: PartialEq>(
    newest_first: &[BackupName],
    periods: u32,
    period: impl Fn(NaiveDate) -> P,
) -> Vec<BackupName> {
    let mut kept: Vec<BackupName> = Vec::new();
    for name in newest_first {
        if kept.len() >= usize::try_from(periods).unwrap_or(usize::MAX) {
            break;
        }
        let same = |last: &BackupName| period(last.at.date_naive()) == period(name.at.date_naive());
        if !kept.last().is_some_and(same) {
            kept.push(*name);
        }
    }
    kept
}

pub mod rotation;

#[cfg(test)]
mod tests;
