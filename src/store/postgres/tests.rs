//! The schema, the statements and the ways of the engine, on a real server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::*;
use crate::domain::ids::InteractionId;
use crate::store::sql::Sql;
use crate::store::{Command, Stop, Transaction};

#[expect(dead_code, reason = "the stories use the rest")]
#[path = "../../../tests/support/postgres.rs"]
mod server;

use server::{Scratch, server};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
}

fn address(scratch: &Scratch) -> Address {
    Address::of_url(&scratch.url, &Parts::default()).expect("an address")
}

/// Every file under `sql/` with this ending, but for the migrations, in order.
fn statements(feature_is_wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let files = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let features = files(&sql);
    let wanted = |path: &&PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name != "migrations" && feature_is_wanted(name)
    };
    let mut found: Vec<_> = features
        .iter()
        .filter(wanted)
        .flat_map(|path| files(path))
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let Some(server) = server() else { return };
    let scratch = server.empty().await;
    migrate(&address(&scratch), now()).await.unwrap();
    let config: tokio_postgres::Config = scratch.url.parse().unwrap();
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // Those of a file of SQLite, and of an adoption into one, are not for a server.
    let files = statements(|feature| !["sqlite", "adopt"].contains(&feature));
    assert!(
        files.len() > 20,
        "only {} statements were found",
        files.len()
    );
    for file in &files {
        let own = file.with_extension("postgres.sql");
        if files.contains(&own) {
            continue;
        }
        let text = std::fs::read_to_string(file).unwrap();
        if let Err(error) = client.prepare(&text).await {
            panic!("{}: {error:?}", file.display());
        }
    }
}

#[tokio::test]
async fn what_is_asked_for_all_the_time_can_be_found_by_an_index() {
    let Some(server) = server() else { return };
    let scratch = server.empty().await;
    migrate(&address(&scratch), now()).await.unwrap();
    let config: tokio_postgres::Config = scratch.url.parse().unwrap();
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // With nothing in it reading a whole table would be cheapest.
    client
        .batch_execute("SET enable_seqscan = off")
        .await
        .unwrap();
    for (name, _) in crate::store::sqlite::plans::BY_INDEX {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("sql/{name}.sql"));
        let own = file.with_extension("postgres.sql");
        let file = if own.exists() { own } else { file };
        let text = std::fs::read_to_string(file).unwrap();
        let text = (1..=4).fold(text, |text, at| text.replace(&format!("${at}"), "'1'"));
        let plan = client.query(&format!("EXPLAIN {text}"), &[]).await.unwrap();
        for row in plan {
            let step: &str = row.get(0);
            assert!(!step.contains("Seq Scan"), "{name}: {step}");
        }
    }
}

#[test]
fn a_statement_of_postgres_own_is_used() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut code = String::new();
    let mut folders = vec![source];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                code.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    for file in statements(|_| true) {
        let name = file.to_str().unwrap();
        let Some(name) = name.strip_suffix(".postgres.sql") else {
            continue;
        };
        let name = name.rsplit_once("sql/").unwrap().1;
        let used = format!("sql!(\"{name}\", postgres)");
        assert!(code.contains(&used), "{used} is not in the code");
    }
}

/// The names of the columns, by table.
type Tables = BTreeMap<String, Vec<String>>;

async fn tables_here(scratch: &Scratch) -> Tables {
    let mut link = Link::new(Arc::new(address(scratch))).unwrap();
    tokio::task::spawn_blocking(move || {
        link.connect(Instant::now() + Duration::from_secs(START_WITHIN_S))
            .unwrap();
        let text = "SELECT table_name::TEXT AS of, column_name::TEXT AS name \
                    FROM information_schema.columns WHERE table_schema = 'public' \
                    ORDER BY table_name, ordinal_position";
        let mut tables = Tables::new();
        for row in link.query(text, &[]).unwrap() {
            tables
                .entry(row.get("of"))
                .or_default()
                .push(row.get("name"));
        }
        tables
    })
    .await
    .unwrap()
}

async fn tables_of_a_file() -> Tables {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("overwatch.db");
    let database = crate::store::sqlite::Database::open(&path, folder.path(), now()).await;
    database.unwrap().close().await;
    let db = rusqlite::Connection::open(path).unwrap();
    let text = "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
                WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.name, c.cid";
    let mut statement = db.prepare(text).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut tables = Tables::new();
    while let Some(row) = rows.next().unwrap() {
        tables
            .entry(row.get(0).unwrap())
            .or_default()
            .push(row.get(1).unwrap());
    }
    tables
}

#[tokio::test]
async fn both_engines_have_the_same_tables_and_columns() {
    let Some(server) = server() else { return };
    let scratch = server.empty().await;
    migrate(&address(&scratch), now()).await.unwrap();
    assert_eq!(tables_here(&scratch).await, tables_of_a_file().await);
}

#[test]
fn both_engines_have_the_same_migrations() {
    let folder = |engine: &str| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/migrations");
        let entries = std::fs::read_dir(root.join(engine)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(folder("postgres"), folder("sqlite"));
}

#[tokio::test]
async fn processes_that_start_at_once_migrate_one_after_the_other() {
    let Some(server) = server() else { return };
    let scratch = server.empty().await;
    let address = address(&scratch);
    let started = (0..4).map(|_| migrate(&address, now()));
    let started = futures_util::future::join_all(started).await;
    let made = started
        .iter()
        .filter(|done| done.as_ref().unwrap().from.is_none());
    assert_eq!(made.count(), 1);
}

async fn refused(scratch: &Scratch) -> SchemaError {
    match migrate(&address(scratch), now()).await {
        Err(OpenError::Schema { source, .. }) => source,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_schema_that_is_newer_changed_or_foreign_is_refused_and_left_as_it_is() {
    let Some(server) = server() else { return };
    let scratch = server.empty().await;
    scratch.run("CREATE TABLE users (discord_id BIGINT)").await;
    assert!(matches!(refused(&scratch).await, SchemaError::Foreign));
    scratch.run("DROP TABLE users").await;
    migrate(&address(&scratch), now()).await.unwrap();
    let later = "INSERT INTO schema_version VALUES (9999, 'later', '', '1')";
    scratch.run(later).await;
    let error = refused(&scratch).await;
    assert!(
        matches!(error, SchemaError::Newer { found: 9999, .. }),
        "{error}"
    );
    let changed = "DELETE FROM schema_version WHERE version = 9999; \
                   UPDATE schema_version SET checksum = '1' WHERE version = 1";
    scratch.run(changed).await;
    assert!(matches!(refused(&scratch).await, SchemaError::Changed(_)));
    assert_eq!(scratch.number("SELECT count(*) FROM users").await, 0);
}

/// Makes a person, and does not look at what becomes of its second statement.
#[derive(Debug)]
struct Careless(&'static str);

impl Command for Careless {
    const NAME: &'static str = "test_careless";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        let person = "INSERT INTO users (discord_id, username, created_at) VALUES (1, 'Ana', 0)";
        tx.execute(Sql::new("test", person), values![])?;
        let _ = tx.execute(Sql::new("test", self.0), values![]);
        Ok(())
    }
}

#[tokio::test]
async fn an_answer_of_what_cannot_be_committed_is_never_given() {
    let Some(server) = server() else { return };
    let scratch = server.empty().await;
    let database = Database::open(&address(&scratch), now()).await.unwrap();
    let store = database.store();
    let failed = store.execute(InteractionId(1), Careless("UPDATE nowhere SET a = 1"));
    let failed = failed.await;
    assert!(matches!(failed, Err(Failure::Broken(_))), "{failed:?}");
    // What is held back until the COMMIT fails there.
    let later = "ALTER TABLE users ADD COLUMN friend BIGINT DEFAULT 9 \
                 REFERENCES users (discord_id) DEFERRABLE INITIALLY DEFERRED";
    scratch.run(later).await;
    let failed = store.execute(InteractionId(2), Careless("SELECT 1")).await;
    assert!(
        matches!(failed, Err(Failure::Broken(DbError::Commit(_)))),
        "{failed:?}"
    );
    assert_eq!(scratch.number("SELECT count(*) FROM users").await, 0);
    database.close().await;
}

#[tokio::test]
async fn errors_of_the_server_are_told_without_values() {
    let Some(server) = server() else { return };
    let scratch = server.empty().await;
    migrate(&address(&scratch), now()).await.unwrap();
    let address = Arc::new(address(&scratch));
    let told = tokio::task::spawn_blocking(move || {
        let mut link = Link::new(address).unwrap();
        link.connect(Instant::now() + Duration::from_secs(START_WITHIN_S))
            .unwrap();
        let user =
            "INSERT INTO users (discord_id, username, created_at) VALUES (1, 'Zuckerwatte', 1)";
        link.run(user).unwrap();
        let told = |text: &str| link.run(text).unwrap_err().to_string();
        [
            user,
            "UPDATE users SET reminder_minutes = -1",
            "UPDATE users SET timezone = 'Zuckerwatte', created_at = NULL",
            "SELECT 'Zuckerwatte'::bigint",
            "UPDATE users SET preferred_roles = 'Zuckerwatte'",
        ]
        .map(told)
    });
    let told = told.await.unwrap();
    let expected = [
        "users_pkey",
        "reminder_minutes",
        "column created_at",
        "22P02",
        "22P02",
    ];
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains("Zuckerwatte"), "{told}");
    }
}
