//! The writer, the readers and the schema, on real files.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::config::DbConfig;
use serde::{Deserialize, Serialize};

use super::super::sql::{Sql, values};
use super::super::{Command, DbError, Failure, Question, Read, Stop, Store, Transaction};
use super::migrations::SchemaError;
use super::*;
use crate::domain::ids::{InteractionId, UserId};
use crate::domain::profile::Person;
use crate::store::profile;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
}

fn interaction(number: i64) -> InteractionId {
    InteractionId(number << 22)
}

async fn open(folder: &Path) -> Result<Database, OpenError> {
    Database::open(
        &folder.join("sub/overwatch.db"),
        &folder.join("backups"),
        now(),
    )
    .await
}

/// Meets a person, and then does what the test wants it to end with.
#[derive(Clone, Debug)]
struct Meet {
    user: i64,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Answer,
    Refuse,
    Break,
    Panic,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Met {
    people: i64,
}

impl Command for Meet {
    const NAME: &'static str = "test_meet";
    type Answer = Met;
    type Refusal = &'static str;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Met, Stop<&'static str>> {
        let person = Person {
            id: UserId(self.user),
            name: "Ana".into(),
        };
        profile::meet(tx, &person, now())?;
        match self.end {
            End::Answer => Ok(Met { people: count(tx)? }),
            End::Refuse => Err(Stop::Refused("no")),
            End::Break => {
                tx.execute(Sql::new("broken", "UPDATE nowhere SET a = 1"), values![])?;
                unreachable!("there is no such table")
            }
            End::Panic => panic!("on purpose"),
        }
    }
}

fn count(db: &mut dyn Read) -> Result<i64, DbError> {
    let all = Sql::new("count", "SELECT count(*) AS people FROM users");
    db.query_one(all, values![])?
        .ok_or(DbError::NoRow("count"))?
        .get("people")
}

#[derive(Debug)]
struct CountPeople;

impl Question for CountPeople {
    type Answer = i64;

    fn ask(&self, db: &mut dyn Read) -> Result<i64, DbError> {
        count(db)
    }
}

async fn meet(store: &Store, number: i64, end: End) -> Result<Result<Met, &'static str>, Failure> {
    store
        .execute(interaction(number), Meet { user: number, end })
        .await
}

#[tokio::test]
async fn an_answered_command_is_there_after_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await.unwrap();
    let met = meet(&database.store(), 1, End::Answer).await.unwrap();
    assert_eq!(met, Ok(Met { people: 1 }));
    database.close().await;
    assert!(
        !folder.path().join("sub/overwatch.db-wal").exists(),
        "the log is in the file"
    );
    let database = open(folder.path()).await.unwrap();
    assert_eq!(database.store().query(CountPeople).await.unwrap(), 1);
    database.close().await;
}

#[tokio::test]
async fn a_command_that_is_refused_breaks_or_panics_changes_nothing_and_takes_nobody_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await.unwrap();
    let store = database.store();
    // All at once, so that they share a transaction.
    let (before, refused, broken, panicked, after) = tokio::join!(
        meet(&store, 1, End::Answer),
        meet(&store, 2, End::Refuse),
        meet(&store, 3, End::Break),
        meet(&store, 4, End::Panic),
        meet(&store, 5, End::Answer),
    );
    assert!(before.unwrap().is_ok() && after.unwrap().is_ok());
    assert_eq!(refused.unwrap(), Err("no"));
    assert!(matches!(
        broken,
        Err(Failure::Broken(DbError::Statement {
            statement: "broken",
            ..
        }))
    ));
    assert!(matches!(
        panicked,
        Err(Failure::Broken(DbError::Panicked("test_meet")))
    ));
    assert_eq!(store.query(CountPeople).await.unwrap(), 2);
    database.close().await;
}

#[tokio::test]
async fn an_interaction_that_is_delivered_twice_gets_the_first_answer_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await.unwrap();
    let store = database.store();
    let first = meet(&store, 1, End::Answer).await.unwrap();
    meet(&store, 2, End::Answer).await.unwrap().unwrap();
    let again = store
        .execute(
            interaction(1),
            Meet {
                user: 9,
                end: End::Answer,
            },
        )
        .await
        .unwrap();
    assert_eq!(first, again);
    assert_eq!(store.query(CountPeople).await.unwrap(), 2);
    database.close().await;
}

#[tokio::test]
async fn a_full_lane_is_busy_at_once_and_a_refused_place_in_it_is_no_loss() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await.unwrap();
    let store = database.store();
    // Nobody takes from the lane while this task does not wait.
    let sent: Vec<_> = (0..=i64::try_from(LANE_MAX).unwrap())
        .map(|number| Box::pin(meet(&store, number + 1, End::Answer)))
        .collect();
    let ends = futures_util::future::join_all(sent).await;
    let busy = ends
        .iter()
        .filter(|end| matches!(end, Err(Failure::Busy)))
        .count();
    assert_eq!(busy, 1);
    assert_eq!(
        store.query(CountPeople).await.unwrap(),
        i64::try_from(LANE_MAX).unwrap()
    );
    database.close().await;
}

#[tokio::test]
async fn neither_lane_starves_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await.unwrap();
    let store = database.store();
    let people = (1..=900).map(|number| meet(&store, number, End::Answer));
    let people = futures_util::future::join_all(people);
    let job = async {
        let met = store
            .execute_job(Meet {
                user: 5_000,
                end: End::Answer,
            })
            .await
            .unwrap()
            .unwrap();
        met.people
    };
    let (_, before_job) = tokio::join!(people, job);
    assert!(before_job < 900, "the job ran after {before_job} people");
    database.close().await;
}

#[tokio::test]
async fn closing_answers_what_waits_and_refuses_what_comes_later() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await.unwrap();
    let store = database.store();
    let waiting = (1..=500).map(|number| meet(&store, number, End::Answer));
    let (ends, ()) = tokio::join!(futures_util::future::join_all(waiting), database.close());
    assert!(ends.iter().all(|end| matches!(end, Ok(Ok(_)))));
    let late = meet(&store, 501, End::Answer).await;
    assert!(matches!(late, Err(Failure::Broken(DbError::Closed))));
}

/// Whether a connection trusts no schema, looks at cells, and is defensive.
fn is_hardened(db: &rusqlite::Connection) -> rusqlite::Result<bool> {
    let number = |pragma: &str| db.query_row(pragma, [], |row| row.get::<_, i64>(0));
    Ok(number("PRAGMA trusted_schema")? == 0
        && number("PRAGMA cell_size_check")? == 1
        && db.db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE)?)
}

#[tokio::test]
async fn every_connection_is_hardened() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await.unwrap();
    let writer = call(&database.connection, |db| is_hardened(db)).await;
    assert!(writer.unwrap());
    let path = database.presence.path();
    let reader = open_reader(path).await.unwrap();
    assert!(call(&reader, |db| is_hardened(db)).await.unwrap());
    let looking = inspect::open(path).unwrap();
    assert!(is_hardened(&looking).unwrap());
    database.close().await;
}

/// Whoever opens a file hardens it, by `configure` or directly.
#[test]
fn no_file_is_opened_where_none_is_hardened() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/sqlite");
    let mut opening = 0;
    for entry in root.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let code = text.split("mod tests {").next().unwrap_or_default();
        let opens = ["Connection::open(", "Connection::open_with_flags("];
        if path.ends_with("tests.rs") || !opens.iter().any(|open| code.contains(open)) {
            continue;
        }
        opening += 1;
        let hardens = [
            "harden(",
            "configure(",
            "configure_reader(",
            "configure_writer(",
        ];
        assert!(
            hardens.iter().any(|one| code.contains(one)),
            "{}",
            path.display()
        );
    }
    assert!(opening >= 8, "{opening}");
}

#[tokio::test]
async fn readers_cannot_write() {
    #[derive(Debug)]
    struct Sneaky;
    impl Question for Sneaky {
        type Answer = ();
        fn ask(&self, db: &mut dyn Read) -> Result<(), DbError> {
            db.query(
                Sql::new("sneaky", "DELETE FROM users RETURNING 1"),
                values![],
            )?;
            Ok(())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await.unwrap();
    assert!(database.store().query(Sneaky).await.is_err());
    database.close().await;
}

#[tokio::test]
async fn whoever_waits_for_a_commit_hears_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await.unwrap();
    let store = database.store();
    let committed = store.committed();
    meet(&store, 1, End::Answer).await.unwrap().unwrap();
    committed.await;
    database.close().await;
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await.unwrap().close().await;
    let db = rusqlite::Connection::open(folder.path().join("sub/overwatch.db")).unwrap();
    let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let mut prepared = 0;
    for feature in std::fs::read_dir(&sql)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        // The statements of an adoption are for the first schema only, and tested with it.
        // Those for a server are prepared there (`postgres/tests.rs`).
        if ["migrations", "adopt", "postgres"]
            .iter()
            .any(|other| feature.ends_with(other))
        {
            continue;
        }
        for file in std::fs::read_dir(feature)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            if file.to_string_lossy().ends_with(".postgres.sql") {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            if let Err(error) = db.prepare(&text) {
                panic!("{}: {error}", file.display());
            }
            prepared += 1;
        }
    }
    assert!(prepared > 20, "only {prepared} statements were found");
}

async fn schema_error(folder: &Path) -> SchemaError {
    match open(folder).await {
        Err(OpenError::Schema { source, .. }) => source,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("it was opened"),
    }
}

fn change(folder: &Path, sql: &str) {
    let db = rusqlite::Connection::open(folder.join("sub/overwatch.db")).unwrap();
    db.execute_batch(sql).unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await.unwrap().close().await;
    change(
        folder.path(),
        "INSERT INTO schema_version SELECT 9999, 'later', applied_on, '1' FROM schema_version LIMIT 1",
    );
    let error = schema_error(folder.path()).await;
    assert!(
        matches!(error, SchemaError::Newer { found: 9999, .. }),
        "{error}"
    );
    assert!(!folder.path().join("backups").exists());
}

#[tokio::test]
async fn a_changed_migration_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).await.unwrap().close().await;
    change(
        folder.path(),
        "UPDATE schema_version SET checksum = '1' WHERE version = 1",
    );
    let error = schema_error(folder.path()).await;
    assert!(matches!(error, SchemaError::Changed(_)), "{error}");
}

#[tokio::test]
async fn a_file_of_another_program_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    change(
        folder.path(),
        "CREATE TABLE users (discord_id INTEGER PRIMARY KEY)",
    );
    let error = schema_error(folder.path()).await;
    assert!(matches!(error, SchemaError::Foreign), "{error}");
    let db = rusqlite::Connection::open(folder.path().join("sub/overwatch.db")).unwrap();
    let tables: i64 = db
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .unwrap();
    assert_eq!(tables, 1);
}

#[tokio::test]
async fn what_is_no_database_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::write(folder.path().join("sub/overwatch.db"), vec![7; 4096]).unwrap();
    let Err(error) = open(folder.path()).await else {
        panic!("it was opened")
    };
    assert!(error.to_string().contains("not a database"), "{error}");
}

#[tokio::test]
async fn a_file_is_backed_up_before_a_migration_touches_it() {
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await.unwrap();
    meet(&database.store(), 1, End::Answer)
        .await
        .unwrap()
        .unwrap();
    database.close().await;
    // As a file of the version before the newest one is: its last migration not applied yet.
    change(
        folder.path(),
        "UPDATE schema_version SET version = version - 1",
    );
    // The one that is applied has another checksum than its number has now; refused, but only
    // after the backup was made.
    open(folder.path()).await.err().expect("it is refused");
    let backups: Vec<_> = std::fs::read_dir(folder.path().join("backups"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "db"))
        .collect();
    assert_eq!(backups.len(), 1);
    assert!(
        backups[0].ends_with("overwatch_backup_20260921_141320.db"),
        "{backups:?}"
    );
    let backup = rusqlite::Connection::open(&backups[0]).unwrap();
    let people: i64 = backup
        .query_row("SELECT count(*) FROM users", [], |row| row.get(0))
        .unwrap();
    assert_eq!(people, 1);
}

/// One row in each table of the first schema that somebody's data is in.
const FILLED: &str = "
INSERT INTO users VALUES (1, 'Ana', '[\"tank\"]', 'Europe/Berlin', 15, 100), (2, 'Bo', '[]', NULL, NULL, 101);
INSERT INTO user_accounts VALUES (5, 1, 'Ana#1234', 'ana#1234', 1, 102);
INSERT INTO account_ranks VALUES (5, 'tank', 'diamond', 3, 103);
INSERT INTO sessions VALUES (7, 1, 10, 20, 30, '5v5', 2, 'Scrim', 'words', 200, 90, 'Europe/Berlin', 'gold',
                             'champion', 4, 'CLOSED', NULL, 104);
INSERT INTO session_queue VALUES (8, 7, 1, '[\"tank\"]', 1, 'note', NULL, 105), (9, 7, 2, '[]', 0, '', 1, 106);
INSERT INTO session_queue_accounts VALUES (8, 5);
INSERT INTO session_participants VALUES (11, 7, 1, 5, 'tank', 2, 107);
INSERT INTO outbox VALUES (12, 'card', '7', '{}', 108, 1, 2, 109);
INSERT INTO reminders VALUES (7, 1, 200);
INSERT INTO receipts VALUES (13, 'join_queue', '{}', 110);
INSERT INTO gateway_sessions VALUES (0, 1, 'x', 14, NULL);
INSERT INTO session_history VALUES (3, 10, 1, '5v5', 1, 50, 60, 'COMPLETED');
INSERT INTO session_history_players VALUES (15, 3, 1, 'tank', 'tank', 'gold', 2, 40);
INSERT INTO chores VALUES ('tune', 111);
";

/// All rows of these tables, each as its values under the names of its columns.
fn rows(db: &rusqlite::Connection, tables: &[String]) -> Vec<Vec<(String, String)>> {
    let mut all = Vec::new();
    for table in tables {
        let mut statement = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let names: Vec<String> = statement
            .column_names()
            .into_iter()
            .map(str::to_owned)
            .collect();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let value = |(at, name): (usize, &String)| {
                let value: rusqlite::types::Value = row.get(at).unwrap();
                (format!("{table}.{name}"), format!("{value:?}"))
            };
            all.push(names.iter().enumerate().map(value).collect());
        }
    }
    all
}

#[tokio::test]
async fn whatever_is_in_a_first_schema_is_there_after_all_migrations() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    let path = folder.path().join("sub/overwatch.db");
    let db = rusqlite::Connection::open(&path).unwrap();
    let mut tables = migrations::make_first(&db).unwrap();
    tables.retain(|table| table != "schema_version");
    db.execute_batch(FILLED).unwrap();
    let before = rows(&db, &tables);
    assert!(before.len() >= tables.len(), "a table has no row");
    drop(db);

    open(folder.path()).await.unwrap().close().await;
    let db = rusqlite::Connection::open(&path).unwrap();
    let after = rows(&db, &tables);
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        for (name, value) in before {
            let now = after.iter().find(|(column, _)| column == name);
            assert_eq!(now.map(|(_, now)| now), Some(value), "{name}");
        }
    }
    let version: i32 = db
        .query_row("SELECT max(version) FROM schema_version", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(version, migrations::newest());
}

#[tokio::test]
async fn a_receipt_is_as_old_as_its_interaction_and_forgotten_with_time() {
    use crate::store::clock::ForgetReceipts;
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await.unwrap();
    let store = database.store();
    meet(&store, 1, End::Answer).await.unwrap().unwrap();
    let Ok(()) = store
        .execute_job(ForgetReceipts {
            before: interaction(1).created_at() + TimeDelta::seconds(1),
        })
        .await
        .unwrap();
    // Without its receipt the command runs anew.
    let again = store
        .execute(
            interaction(1),
            Meet {
                user: 2,
                end: End::Answer,
            },
        )
        .await
        .unwrap();
    assert_eq!(again, Ok(Met { people: 2 }));
    database.close().await;
}
