//! Adopts the database of an existing installation: five tables of another bot become ours.
//!
//! May touch: the write connection before anyone else has it, and the backup folder. Invariant: it
//! is one transaction; whatever happens, the file is the old one or the finished new one, and every
//! old row is in the new tables or in the report.
//!
//! The old tables are set aside under other names, ours are made, every row is copied, and the old
//! ones are dropped. The copy is made into the first schema, which never changes; later migrations
//! then come as they come to any file.

mod copy;
mod people;
mod report;
mod sessions;
mod tables;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use super::migrations::{self, SchemaError};
use crate::store::outbox::CARD;
use crate::store::sql::sql;
use copy::Copy;
use report::Report;
pub(super) use tables::is_old;
use tables::{ASIDE, TABLES, Table, columns, quoted, table_exists};

/// Cards of one channel are refreshed this far apart, in seconds: Discord allows five edits in
/// five seconds.
const CARD_EVERY_S: i64 = 2;
/// Cards that are refreshed in a second over all channels, of the 50 requests that Discord allows.
const CARDS_PER_S: i64 = 20;
/// The page cache while rows are copied, in KiB; SQLite's own 2 MB would be written out and read
/// again all the time.
const CACHE_KIB: i64 = 64 * 1024;
/// Objects of the old file that are no tables of its bot and cannot outlive them.
const ATTACHED: &str = "SELECT type, name, sql FROM sqlite_schema
    WHERE type IN ('view', 'trigger')
       OR (type = 'index' AND sql IS NOT NULL AND tbl_name IN
           ('users', 'user_accounts', 'sessions', 'session_queue', 'session_participants'))";

/// How many of each there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// People.
    pub users: u64,
    /// Accounts.
    pub accounts: u64,
    /// Ranks declared on them.
    pub ranks: u64,
    /// Sessions.
    pub sessions: u64,
    /// Entries in the queues of sessions.
    pub entries: u64,
    /// People who were accepted.
    pub participants: u64,
}

impl Counts {
    /// Each figure combined with that of another.
    fn with(self, other: Self, combine: fn(u64, u64) -> u64) -> Self {
        Self {
            users: combine(self.users, other.users),
            accounts: combine(self.accounts, other.accounts),
            ranks: combine(self.ranks, other.ranks),
            sessions: combine(self.sessions, other.sessions),
            entries: combine(self.entries, other.entries),
            participants: combine(self.participants, other.participants),
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} users, {} accounts, {} ranks, {} sessions, {} queue entries, {} participants",
            self.users, self.accounts, self.ranks, self.sessions, self.entries, self.participants
        )
    }
}

/// What an adoption did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// What the old file held.
    pub before: Counts,
    /// What there is now.
    pub after: Counts,
    /// What was made because something referred to it, or because our tables need it.
    pub made: Counts,
    /// What is in the report only.
    pub left: Counts,
    /// Posted cards that will be refreshed.
    pub cards: u64,
    /// Lines of the report.
    pub odd: u64,
    /// The report; `None` if nothing was odd.
    pub report: Option<PathBuf>,
}

/// A moment of an adoption, for tests that stop there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Begun,
    SetAside,
    Made,
    Copied,
    Dropped,
    Reported,
    Committed,
}

type Watch<'a> = &'a mut dyn FnMut(Step) -> Result<(), SchemaError>;

/// Adopts the file, of which `backup` has been made since its data had the version `seen`.
pub(super) fn adopt(
    db: &mut Connection,
    backup: &Path,
    seen: i64,
    now: DateTime<Utc>,
) -> Result<Adopted, SchemaError> {
    let cache: i64 = db.pragma_query_value(None, "cache_size", |row| row.get(0))?;
    db.pragma_update(None, "cache_size", -CACHE_KIB)?;
    let adopted = adopt_watched(db, backup, seen, now, &mut |_| Ok(()));
    db.pragma_update(None, "cache_size", cache)?;
    adopted
}

/// A number that rises when another connection commits.
pub(super) fn data_version(db: &Connection) -> rusqlite::Result<i64> {
    db.pragma_query_value(None, "data_version", |row| row.get(0))
}

fn adopt_watched(
    db: &mut Connection,
    backup: &Path,
    seen: i64,
    now: DateTime<Utc>,
    watch: Watch<'_>,
) -> Result<Adopted, SchemaError> {
    let mut report = Report::new(report_path(backup));
    // Neither can be changed in a transaction. With the first one on, dropping a table would empty
    // those that refer to it; without the second, renaming one would redirect them.
    db.pragma_update(None, "foreign_keys", false)?;
    db.pragma_update(None, "legacy_alter_table", true)?;
    let adopted = transact(db, seen, now, &mut report, watch);
    db.pragma_update(None, "legacy_alter_table", false)?;
    db.pragma_update(None, "foreign_keys", true)?;
    let adopted = adopted.inspect_err(|_| report.discard())?;
    tell(&adopted);
    watch(Step::Committed)?;
    Ok(adopted)
}

fn transact(
    db: &mut Connection,
    seen: i64,
    now: DateTime<Utc>,
    report: &mut Report,
    watch: Watch<'_>,
) -> Result<Adopted, SchemaError> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if data_version(&tx)? != seen {
        return Err(SchemaError::Busy);
    }
    watch(Step::Begun)?;
    set_aside(&tx, report)?;
    watch(Step::SetAside)?;
    let tables = migrations::make_first(&tx)?;
    watch(Step::Made)?;
    let mut copy = Copy::new(&tx, report, now.timestamp());
    copy.all()?;
    let (before, made, left) = (copy.before, copy.made, copy.left);
    let values = (now.timestamp(), CARD_EVERY_S, CARDS_PER_S, CARD);
    let cards = copy.run(sql!("adopt/owe_cards"), values)?;
    copy.run(sql!("adopt/complete"), [now.timestamp()])?;
    watch(Step::Copied)?;
    drop_old(&tx)?;
    watch(Step::Dropped)?;
    check(&tx, &tables)?;
    let after = count(&tx)?;
    let expected = before
        .with(made, |a, b| a + b)
        .with(left, u64::saturating_sub);
    if after != expected {
        return Err(SchemaError::Adoption(format!(
            "there should be {expected} after it, but there are {after}"
        )));
    }
    let odd = report.lines();
    let path = report.path().to_owned();
    let report = report
        .finish()
        .map_err(|source| SchemaError::Report { path, source })?;
    watch(Step::Reported)?;
    tx.commit()?;
    Ok(Adopted {
        before,
        after,
        made,
        left,
        cards: u64::try_from(cards).unwrap_or(u64::MAX),
        odd,
        report,
    })
}

/// Renames the old tables. Views and triggers speak of tables that will be others, and are
/// dropped, as indexes are: their names may be those of ours.
fn set_aside(db: &Connection, report: &mut Report) -> Result<(), SchemaError> {
    let mut statement = db.prepare(ATTACHED)?;
    let attached = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get::<_, Option<String>>(2)?))
    })?;
    for (kind, name, sql) in attached.collect::<rusqlite::Result<Vec<(String, String, _)>>>()? {
        db.execute_batch(&format!("DROP {kind} IF EXISTS {}", quoted(&name)))?;
        if kind != "index" {
            let done = format!("dropped: a {kind} on tables that have changed");
            report.add("sqlite_schema", name, "sql", sql.into(), &done);
        }
    }
    for Table { name, .. } in &TABLES {
        report_unknown_columns(db, name, report)?;
        db.execute_batch(&format!("ALTER TABLE {name} RENAME TO {ASIDE}{name}"))?;
    }
    Ok(())
}

/// A column that no version of the old bot had goes with its table; its values stay in the backup.
fn report_unknown_columns(
    db: &Connection,
    table: &str,
    report: &mut Report,
) -> Result<(), SchemaError> {
    let known = TABLES.iter().find(|known| known.name == table);
    let unknown = columns(db, table)?.into_iter().filter(|column| {
        !known.is_some_and(|known| {
            let mut names = known.columns.iter().chain(known.newer);
            column.name == known.key || names.any(|name| column.name == *name)
        })
    });
    for column in unknown {
        let name = quoted(&column.name);
        let held = format!("SELECT count(*) FROM {table} WHERE {name} IS NOT NULL");
        let held: i64 = db.query_row(&held, [], |row| row.get(0))?;
        let old = format!("{held} values").into();
        let done = "left out: an unknown column; its values are in the backup";
        report.add(table, serde_json::Value::Null, &column.name, old, done);
    }
    Ok(())
}

/// Drops the old tables. The numbers that they gave go on where they ended: a card of a session
/// that was deleted must not become another one's.
fn drop_old(db: &Connection) -> Result<(), SchemaError> {
    for Table { name, .. } in TABLES.iter().rev() {
        let aside = format!("{ASIDE}{name}");
        if table_exists(db, "sqlite_sequence")? {
            let given: Option<i64> = db
                .query_row(sql!("adopt/sequence_of").text, [&aside], |row| row.get(0))
                .optional()?;
            if let Some(given) = given {
                let values = (*name, given);
                if db.execute(sql!("adopt/raise_sequence").text, values)? == 0 {
                    db.execute(sql!("adopt/begin_sequence").text, values)?;
                }
            }
        }
        db.execute_batch(&format!("DROP TABLE {aside}"))?;
    }
    Ok(())
}

/// What SQLite itself says of the result.
fn check(db: &Connection, tables: &[String]) -> Result<(), SchemaError> {
    for table in tables {
        let dangling = format!(
            "SELECT count(*) FROM pragma_foreign_key_check({})",
            quoted(table)
        );
        let dangling: i64 = db.query_row(&dangling, [], |row| row.get(0))?;
        if dangling > 0 {
            return Err(SchemaError::Adoption(format!(
                "{dangling} rows of {table} would refer to nothing"
            )));
        }
    }
    let sound: String = db.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
    if sound == "ok" {
        Ok(())
    } else {
        Err(SchemaError::Adoption(format!(
            "the file is damaged: {sound}"
        )))
    }
}

fn count(db: &Connection) -> rusqlite::Result<Counts> {
    let of = |table: &str| {
        let count = format!("SELECT count(*) FROM {table}");
        db.query_row(&count, [], |row| row.get(0).map(i64::unsigned_abs))
    };
    Ok(Counts {
        users: of("users")?,
        accounts: of("user_accounts")?,
        ranks: of("account_ranks")?,
        sessions: of("sessions")?,
        entries: of("session_queue")?,
        participants: of("session_participants")?,
    })
}

fn tell(adopted: &Adopted) {
    let Adopted { before, after, .. } = adopted;
    tracing::info!(%before, %after, made = %adopted.made, cards = adopted.cards, "adopted");
    if let Some(report) = &adopted.report {
        let report = report.display();
        tracing::warn!(lines = adopted.odd, left_out = %adopted.left, %report, "not all could be kept as it was");
    }
}

/// Beside the backup, and named like it.
pub(super) fn report_path(backup: &Path) -> PathBuf {
    let name = backup.file_stem().unwrap_or_default().to_string_lossy();
    backup.with_file_name(format!("{name}_report.jsonl"))
}
