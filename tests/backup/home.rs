//! A database with people in it, and a folder for its backups.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use overwatch_bot::store::backup::{BackupError, Backups, Settings, Taken};
use overwatch_bot::store::sql::Sql;
use overwatch_bot::store::sqlite::Database;
use overwatch_bot::store::{Command, Stop, Store, Transaction};
use rusqlite::types::Value;
use tokio_util::sync::CancellationToken;

/// When every test begins.
pub(crate) fn start() -> DateTime<Utc> {
    at("2026-11-22T12:00:00Z")
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// A folder with a database and its backups.
pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// A home in which `people` people, each with an account, have been met.
    pub(crate) async fn with(people: i64) -> Self {
        let home = Self::new();
        let database = home.open().await;
        meet(&database.store(), 1..=people).await;
        database.close().await;
        home
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("overwatch.db")
    }

    pub(crate) fn backups_folder(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    pub(crate) async fn open(&self) -> Database {
        let opened = Database::open(&self.database(), &self.backups_folder(), start()).await;
        opened.expect("a database")
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::in_folder(self.backups_folder())
    }

    pub(crate) fn backups(&self, settings: Settings) -> Backups {
        Backups::new(&self.database(), settings).expect("good settings")
    }

    /// Makes a backup.
    pub(crate) async fn back_up(
        &self,
        settings: Settings,
        now: DateTime<Utc>,
    ) -> Result<Taken, BackupError> {
        let stop = CancellationToken::new();
        self.backups(settings).take(now, &stop).await
    }
}

/// Meets people and their accounts, each pair in one command.
pub(crate) async fn meet(store: &Store, people: std::ops::RangeInclusive<i64>) {
    let many: Vec<i64> = people.collect();
    for some in many.chunks(500) {
        let met = some.iter().map(|person| store.execute_job(Meet(*person)));
        for met in futures_util::future::join_all(met).await {
            met.expect("it is stored").expect("it is not refused");
        }
    }
}

/// A person with their account: two rows that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Meet(pub(crate) i64);

impl Command for Meet {
    const NAME: &'static str = "test_meet";
    type Answer = ();
    type Refusal = ();

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<()>> {
        let user = Sql::new(
            "test/user",
            "INSERT INTO users (discord_id, username, created_at) VALUES ($1, 'Mercy 🪽', 0)",
        );
        tx.execute(user, &[self.0.into()])?;
        let account = Sql::new(
            "test/account",
            "INSERT INTO user_accounts (discord_id, account_name, account_key, created_at) \
                   VALUES ($1, 'Mercy#1234', 'mercy#1234', 0)",
        );
        tx.execute(account, &[self.0.into()])?;
        Ok(())
    }
}

/// Every row of every table, in order; Litestream's own tables left out.
pub(crate) fn rows(path: &Path) -> Vec<(String, Vec<Vec<Value>>)> {
    let db = rusqlite::Connection::open(path).expect("a database");
    let mut tables = db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '~_litestream%' ESCAPE '~' ORDER BY name")
        .expect("a schema");
    let tables: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .and_then(Iterator::collect)
        .expect("tables");
    let all = tables.into_iter().map(|table| {
        let mut every = db
            .prepare(&format!("SELECT * FROM \"{table}\" "))
            .expect("a table");
        let columns = every.column_count();
        let mut rows: Vec<Vec<Value>> = every
            .query_map([], |row| (0..columns).map(|at| row.get(at)).collect())
            .and_then(Iterator::collect)
            .expect("rows");
        rows.sort_by_cached_key(|row| format!("{row:?}"));
        (table, rows)
    });
    all.collect()
}

/// How many rows a table has.
pub(crate) fn count(path: &Path, table: &str) -> i64 {
    let db = rusqlite::Connection::open(path).expect("a database");
    let count = format!("SELECT count(*) FROM {table}");
    db.query_row(&count, [], |row| row.get(0)).expect("a count")
}

/// The names of the files in a folder, sorted, without the lock.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .filter(|name| name != ".lock")
        .collect();
    names.sort();
    names
}
