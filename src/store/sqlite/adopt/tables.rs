//! The tables of an existing installation, and how a file of one is recognised.
//!
//! May touch: the write connection, reading only. Invariant: every table has its row's own number as
//! its key, so that a row's number is a whole number and its own.

use rusqlite::Connection;

/// What the old tables are called while they are copied: this, and their name.
pub(super) const ASIDE: &str = "adopted_";

/// An old table: its name, its key (the row's own number), and its other columns.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    pub(super) columns: &'static [&'static str],
    /// Columns that older files do not have.
    pub(super) newer: &'static [&'static str],
}

/// The old tables, each before those that refer to it.
pub(super) const TABLES: [Table; 5] = [
    Table {
        name: "users",
        key: "discord_id",
        columns: &["username", "preferred_roles", "timezone", "created_at"],
        newer: &[],
    },
    Table {
        name: "user_accounts",
        key: "id",
        columns: &[
            "discord_id",
            "account_name",
            "is_primary",
            "tank_rank",
            "tank_division",
            "dps_rank",
            "dps_division",
            "support_rank",
            "support_division",
            "created_at",
        ],
        newer: &["sixv6_rank", "sixv6_division"],
    },
    Table {
        name: "sessions",
        key: "id",
        columns: &[
            "creator_id",
            "guild_id",
            "channel_id",
            "game_mode",
            "scheduled_time",
            "timezone",
            "description",
            "max_rank_diff",
            "status",
            "message_id",
            "created_at",
        ],
        newer: &[],
    },
    Table {
        name: "session_queue",
        key: "id",
        columns: &[
            "session_id",
            "user_id",
            "account_ids",
            "preferred_roles",
            "is_streaming",
            "note",
            "joined_at",
        ],
        newer: &[],
    },
    Table {
        name: "session_participants",
        key: "id",
        columns: &[
            "session_id",
            "user_id",
            "account_id",
            "role",
            "is_streaming",
            "selected_by",
            "selected_at",
        ],
        newer: &[],
    },
];

/// Whether the file is one of an existing installation: its five tables are there, each with the
/// key and the columns that it has there. What else is in the file does not matter.
pub(in crate::store::sqlite) fn is_old(db: &Connection) -> rusqlite::Result<bool> {
    for table in &TABLES {
        let columns = columns(db, table.name)?;
        let has = |name: &&str| columns.iter().any(|column| column.name == *name);
        let keyed = columns
            .iter()
            .any(|column| column.name == table.key && column.is_row_number());
        if !keyed || !table.columns.iter().all(has) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A column, as SQLite tells of it.
pub(super) struct Column {
    pub(super) name: String,
    kind: String,
    /// Its place in the primary key; 0 if it is not in it.
    key: i64,
}

impl Column {
    /// Whether it is the row's own number, a whole number in every row.
    fn is_row_number(&self) -> bool {
        self.key == 1 && self.kind.eq_ignore_ascii_case("INTEGER")
    }
}

/// The columns of a table, in lower case; none if there is no such table.
pub(super) fn columns(db: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    if !table_exists(db, table)? {
        return Ok(Vec::new());
    }
    let mut statement = db.prepare("SELECT lower(name), type, pk FROM pragma_table_info(?1)")?;
    let columns = statement.query_map([table], |row| {
        Ok(Column {
            name: row.get(0)?,
            kind: row.get(1)?,
            key: row.get(2)?,
        })
    })?;
    columns.collect()
}

pub(super) fn table_exists(db: &Connection, table: &str) -> rusqlite::Result<bool> {
    let exists = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)";
    db.query_row(exists, [table], |row| row.get(0))
}

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
