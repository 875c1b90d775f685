//! What copying the old tables has in common: reading rows, writing rows, telling what was odd.
//!
//! May touch: the old tables (read), the new ones (write) and the report. Invariant: an old row is
//! either in the new tables or, whole, in the report.
//!
//! Rows are streamed, one at a time: memory does not grow with the file.

use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use serde_json::Value as Json;

use super::Counts;
use super::report::Report;
use super::tables::{ASIDE, TABLES, Table};
use super::value::{Meaning, Old};
use crate::domain::profile::Reminder;
use crate::domain::text::Lines;
use crate::store::sql::{Sql, sql};

/// Characters of a person's or an account's name; both are shorter wherever they come from.
pub(super) const NAME_MAX_CHARS: usize = 64;
/// What somebody is called of whom only an id is known. Clicking anything tells their name.
const NAMELESS: &str = "Unknown player";
/// The column of a line that is about a whole row.
const WHOLE_ROW: &str = "*";

/// A copy under way.
pub(super) struct Copy<'a> {
    pub(super) db: &'a Connection,
    pub(super) report: &'a mut Report,
    /// The present time, in Unix seconds.
    pub(super) now: i64,
    /// What the old tables held.
    pub(super) before: Counts,
    /// What had no row, and was made because something refers to it.
    pub(super) made: Counts,
    /// What is in the report only.
    pub(super) left: Counts,
    nobody: i64,
}

/// A row of an old table.
pub(super) struct OldRow<'r> {
    table: &'static str,
    pub(super) id: i64,
    row: &'r Row<'r>,
    /// The columns' names in lower case, asked for once a table and not once a value.
    columns: &'r [String],
}

impl OldRow<'_> {
    /// What stands in `column`; NULL if an older file has no such column.
    pub(super) fn get(&self, column: &str) -> Old {
        let index = self.columns.iter().position(|name| name == column);
        let value = index.and_then(|index| self.row.get_ref(index).ok());
        value.map_or(Old::Null, Old::from)
    }

    fn to_json(&self) -> Json {
        let values = self
            .columns
            .iter()
            .map(|column| (column.clone(), self.get(column).to_json()));
        Json::Object(values.collect())
    }
}

impl<'a> Copy<'a> {
    pub(super) fn new(db: &'a Connection, report: &'a mut Report, now: i64) -> Self {
        Self {
            db,
            report,
            now,
            before: Counts::default(),
            made: Counts::default(),
            left: Counts::default(),
            nobody: 0,
        }
    }

    /// Copies every row of every table, people before what refers to them.
    pub(super) fn all(&mut self) -> rusqlite::Result<()> {
        let [users, accounts, sessions, queue, participants] = &TABLES;
        self.before.users = self.each(users, Self::user)?;
        self.before.accounts = self.each(accounts, Self::account)?;
        self.run(sql!("adopt/make_primary"), [])?;
        self.before.sessions = self.each(sessions, Self::session)?;
        self.before.entries = self.each(queue, Self::entry)?;
        self.before.participants = self.each(participants, Self::participant)?;
        Ok(())
    }

    /// Hands every row of a table to `copy`; how many there were.
    fn each(
        &mut self,
        table: &Table,
        copy: fn(&mut Self, &OldRow<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<u64> {
        let Table { name, key, .. } = table;
        let db = self.db;
        let mut statement = db.prepare(&format!("SELECT * FROM {ASIDE}{name} ORDER BY {key}"))?;
        let columns = statement.column_names();
        let columns: Vec<_> = columns.iter().map(|name| name.to_lowercase()).collect();
        let mut rows = statement.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            let old = OldRow {
                table: name,
                id: row.get(*key)?,
                row,
                columns: &columns,
            };
            copy(self, &old)?;
            count += 1;
        }
        Ok(count)
    }

    /// Runs a statement; how many rows it changed.
    pub(super) fn run(&self, statement: Sql, values: impl Params) -> rusqlite::Result<usize> {
        self.db.prepare_cached(statement.text)?.execute(values)
    }

    /// The first column of the first row that a statement gives.
    pub(super) fn one<T: rusqlite::types::FromSql>(
        &self,
        statement: Sql,
        values: impl Params,
    ) -> rusqlite::Result<Option<T>> {
        let mut statement = self.db.prepare_cached(statement.text)?;
        statement.query_row(values, |row| row.get(0)).optional()
    }

    /// Reports a value and what was done about it.
    pub(super) fn odd(&mut self, row: &OldRow<'_>, column: &str, done: &str) {
        let old = row.get(column).to_json();
        self.report.add(row.table, row.id, column, old, done);
    }

    /// Reports a row that is left out, with everything that stood in it.
    pub(super) fn leave(&mut self, row: &OldRow<'_>, why: &str) {
        let done = format!("left out: {why}");
        self.report
            .add(row.table, row.id, WHOLE_ROW, row.to_json(), &done);
    }

    /// What a column means, after reporting a guess.
    pub(super) fn settle<T>(
        &mut self,
        row: &OldRow<'_>,
        column: &str,
        meaning: Meaning<T>,
        told: impl FnOnce(&T) -> String,
    ) -> T {
        match meaning {
            Meaning::Plain(value) => value,
            Meaning::Guess(value) => {
                self.odd(row, column, &told(&value));
                value
            }
        }
    }

    /// The text in a column, at most `max_chars` long; empty if there is none.
    pub(super) fn text(
        &mut self,
        row: &OldRow<'_>,
        column: &str,
        max_chars: usize,
        lines: Lines,
    ) -> String {
        let meaning = row.get(column).clean(max_chars, lines);
        self.settle(row, column, meaning, |kept| format!("kept as {kept:?}"))
    }

    /// The name in a column, or `otherwise` if there is none.
    pub(super) fn name(&mut self, row: &OldRow<'_>, column: &str, otherwise: &str) -> String {
        let meaning = row.get(column).clean(NAME_MAX_CHARS, Lines::OneLine);
        let (Meaning::Plain(name) | Meaning::Guess(name)) = &meaning;
        if name.is_empty() {
            self.odd(row, column, &format!("named {otherwise:?}"));
            return otherwise.to_owned();
        }
        self.settle(row, column, meaning, |kept| format!("kept as {kept:?}"))
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, row: &OldRow<'_>, column: &str) -> bool {
        let meaning = row.get(column).flag();
        self.settle(row, column, meaning, |_| "taken for no".into())
    }

    /// The time in a column, or `otherwise` if there is none that can be read.
    pub(super) fn time(&mut self, row: &OldRow<'_>, column: &str, otherwise: i64) -> i64 {
        row.get(column).time().unwrap_or_else(|| {
            let taken = chrono::DateTime::from_timestamp(otherwise, 0).unwrap_or_default();
            self.odd(row, column, &format!("taken for {}", taken.to_rfc3339()));
            otherwise
        })
    }

    /// The person in a column, who is made if nobody has that id. `None`, reported, if it is no id.
    pub(super) fn known(
        &mut self,
        row: &OldRow<'_>,
        column: &str,
    ) -> rusqlite::Result<Option<i64>> {
        let person = self.person(row, column)?;
        if person.is_none() && row.get(column) != Old::Null {
            self.odd(row, column, "left empty: it is nobody's id");
        }
        Ok(person)
    }

    /// The person in a column; where it is no id, somebody is made for this row alone.
    pub(super) fn somebody(&mut self, row: &OldRow<'_>, column: &str) -> rusqlite::Result<i64> {
        if let Some(id) = self.person(row, column)? {
            return Ok(id);
        }
        let id = self.free_id()?;
        self.make_person(id)?;
        let done = format!("taken for {NAMELESS:?}, made with the id {id}");
        self.odd(row, column, &done);
        Ok(id)
    }

    /// An id that Discord never gives, and that nobody has here.
    pub(super) fn free_id(&mut self) -> rusqlite::Result<i64> {
        loop {
            self.nobody -= 1;
            let taken: Option<i64> = self.one(sql!("adopt/user_exists"), [self.nobody])?;
            if taken.is_none() {
                return Ok(self.nobody);
            }
        }
    }

    fn person(&mut self, row: &OldRow<'_>, column: &str) -> rusqlite::Result<Option<i64>> {
        let Some(id) = row.get(column).id() else {
            return Ok(None);
        };
        if self.make_person(id)? {
            let done = format!("kept, and the person made as {NAMELESS:?}");
            self.odd(row, column, &done);
        }
        Ok(Some(id))
    }

    /// Makes somebody of whom only the id is known. `false` if they are known.
    fn make_person(&mut self, id: i64) -> rusqlite::Result<bool> {
        let reminder = Reminder::default().minutes();
        let values = (id, NAMELESS, "[]", None::<String>, reminder, self.now);
        let made = self.run(sql!("adopt/user"), values)? > 0;
        self.made.users += u64::from(made);
        Ok(made)
    }
}
