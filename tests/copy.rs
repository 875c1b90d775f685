//! `copy`: a rich database from SQLite to PostgreSQL and back, and everything that must stop one.

#[cfg(feature = "postgres")]
#[expect(
    dead_code,
    reason = "each of the tests that share this uses another part of it"
)]
#[path = "support/postgres.rs"]
mod postgres;

use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, Utc};
use overwatch_bot::store::Place;
use overwatch_bot::store::copy::{Compared, Copied, CopyError, How, Progress, compare, copy};
use overwatch_bot::store::sqlite::{Checkpoints, Database};
use rusqlite::Connection;
use tempfile::TempDir;

/// People in the rich database: more than are copied, or told of, at once.
const PEOPLE: i64 = 1_234;
/// Text that has in it what goes wrong easily.
const ODD: &str =
    "“Ana” \\ 'quoted' \"twice\"\n\ttab, 100 %, $1 ?1 :a, \u{1F9E1} \u{7f} {\"a\":[1]}";
/// The last number that a session had which is gone.
const LAST_SESSION: i64 = 4_711;

fn now() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

/// A folder with a rich database in it.
async fn rich() -> (TempDir, Place) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("rich.db");
    let database = Database::open(&path, &folder.path().join("backups"), now()).await;
    database.expect("a new database").close().await;
    fill(&path);
    (folder, Place::File(path))
}

/// Puts something into every table there is.
fn fill(path: &Path) {
    let db = Connection::open(path).expect("the file");
    for person in 1..=PEOPLE {
        let id = (188_743_680_000 + person) << 22;
        let zone = (person % 3 == 0).then_some("Europe/Berlin");
        let name = format!("{person} {ODD}");
        let values = (id, name, zone, person);
        let user =
            "INSERT INTO users (discord_id, username, timezone, created_at) VALUES (?, ?, ?, ?)";
        db.execute(user, values).expect("a person");
        let account = "INSERT INTO user_accounts (discord_id, account_name, account_key, is_primary, created_at) VALUES (?1, ?2, ?2, 1, 7)";
        db.execute(account, (id, format!("P{person}#1234")))
            .expect("an account");
    }
    db.execute_batch(
        "INSERT INTO sessions (id, creator_id, guild_id, channel_id, game_mode, title, description,
                               scheduled_time, length_minutes, timezone, created_at)
         SELECT n, CASE WHEN n < 3 THEN (SELECT min(discord_id) FROM users) END, 9223372036854775807,
                n, '5v5', '', 'no title', 2000000000, 120, 'UTC', -5
         FROM (SELECT 1 AS n UNION SELECT 2 UNION SELECT 3 UNION SELECT 4711);
         DELETE FROM sessions WHERE id = 4711;
         INSERT INTO session_queue (session_id, user_id, joined_at) SELECT 1, discord_id, 1 FROM users;
         INSERT INTO session_queue_accounts (queue_id, account_id)
         SELECT session_queue.id, user_accounts.id
         FROM session_queue JOIN user_accounts ON discord_id = user_id;
         INSERT INTO session_participants (session_id, user_id, account_id, role, selected_at)
         SELECT 1, discord_id, id, 'tank', 1 FROM user_accounts LIMIT 5;
         INSERT INTO session_participants (session_id, role, selected_at) VALUES (1, 'support', 2);
         INSERT INTO account_ranks (account_id, ladder, tier, division, declared_at) SELECT id, 'tank', 'gold', 3, 1 FROM user_accounts;
         INSERT INTO session_history (session_id, guild_id, game_mode, teams, scheduled_time,
                                      length_minutes, status)
         VALUES (99, 1, '5v5', 1, 1, 60, 'COMPLETED');
         INSERT INTO place_offers (queue_id, role, offered_at, until, state)
         SELECT id, 'tank', 1, 2, 'open' FROM session_queue;
         INSERT INTO no_shows (user_id, session_id, guild_id, role, scheduled_time)
         SELECT discord_id, 1, 1, 'support', 1 FROM users;
         INSERT INTO left_taken_back (session_id, user_id, role) SELECT 1, discord_id, 'flex' FROM users;
         INSERT INTO session_pairs (session_id, one_id, other_id, bond)
         SELECT 1, min(discord_id), max(discord_id), 'together' FROM users;
         INSERT INTO session_prompts (message_id, channel_id, in_thread, session_id, user_id, kind, deadline)
         SELECT 1, 2, 0, 1, min(discord_id), 'offer', 3 FROM users;
         INSERT INTO processes (id, started_at) VALUES ('1.0', 1);
         INSERT INTO known_time (id, last_at, confirmed_at) VALUES (1, 2, NULL);
         INSERT INTO session_events (session_id) VALUES (1);
         INSERT INTO session_threads (session_id) VALUES (1);
         INSERT INTO session_history_players (session_id, role) VALUES (99, 'flex'), (99, 'tank');",
    )
    .expect("rows");
    for table in tables(path) {
        if number(&db, &format!("SELECT count(*) FROM \"{table}\"")) == 0 {
            fill_somehow(&db, &table);
        }
    }
}

/// A row of ones, of empty JSON objects, and of what is there to refer to, in a table that this test does not know.
fn fill_somehow(db: &Connection, table: &str) {
    let columns = "SELECT group_concat('\"' || name || '\"'), group_concat(coalesce(
         (SELECT '(SELECT min(\"' || f.\"to\" || '\") FROM \"' || f.\"table\" || '\")'
          FROM pragma_foreign_key_list(?1) AS f WHERE f.\"from\" = name LIMIT 1),
         CASE type WHEN 'INTEGER' THEN '1' ELSE '''{}''' END)) FROM pragma_table_info(?1)";
    let row = db.query_row(columns, [table], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    });
    let (names, values) = row.expect("a table has columns");
    let filled = db.execute(
        &format!("INSERT INTO \"{table}\" ({names}) VALUES ({values})"),
        [],
    );
    filled.unwrap_or_else(|error| panic!("give the table {table} a row in `fill`: {error}"));
}

/// Every table of ours in a file.
fn tables(path: &Path) -> Vec<String> {
    let db = Connection::open(path).expect("the file");
    let text = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
                AND name <> 'schema_version' ORDER BY name";
    let mut statement = db.prepare(text).expect("a statement");
    let names = statement.query_map([], |row| row.get(0)).expect("rows");
    names.map(|name| name.expect("a name")).collect()
}

/// The tables that are copied: not those of the processes that run on a database.
fn remembered(path: &Path) -> Vec<String> {
    let of_processes = ["identify_buckets", "leases", "processes", "shard_holders"];
    let mut tables = tables(path);
    tables.retain(|table| !of_processes.contains(&table.as_str()));
    tables
}

fn number(db: &Connection, text: &str) -> i64 {
    db.query_row(text, [], |row| row.get(0)).expect("a number")
}

/// Copies, as long as `tell` lets it.
async fn copied(
    from: &Place,
    to: &Place,
    mut tell: impl FnMut(Progress) -> bool + Send + 'static,
) -> Result<Vec<Copied>, CopyError> {
    let (from, to) = (from.clone(), to.clone());
    let runtime = tokio::runtime::Handle::current();
    let copying = tokio::task::spawn_blocking(move || {
        let how = How {
            backups: Path::new("backups"),
            now: now(),
            checkpoints: Checkpoints::Own,
            runtime,
        };
        copy(&from, &to, &how, &mut tell)
    });
    copying.await.expect("it does not panic")
}

/// The tables that are not the same in both.
async fn differing(from: &Place, to: &Place) -> Vec<String> {
    let (from, to) = (from.clone(), to.clone());
    let compared = tokio::task::spawn_blocking(move || compare(&from, &to, &mut |_| true));
    let compared = compared
        .await
        .expect("it does not panic")
        .expect("both can be read");
    let differs = |one: &Compared| (one.from != one.to).then(|| one.table.clone());
    compared.iter().filter_map(differs).collect()
}

fn beside(folder: &TempDir, name: &str) -> Place {
    Place::File(folder.path().join(name))
}

fn file(place: &Place) -> PathBuf {
    place.file().expect("a file").to_owned()
}

#[tokio::test]
async fn every_table_is_copied_and_read_back() {
    let (folder, from) = rich().await;
    let to = beside(&folder, "new/copy.db");
    let mut seen = Vec::new();
    let (send, told) = std::sync::mpsc::channel();
    let done = copied(&from, &to, move |progress| send.send(progress).is_ok()).await;
    let done = done.expect("it is copied");
    seen.extend(told.iter());
    let mut names: Vec<_> = done.iter().map(|one| one.table.clone()).collect();
    names.sort();
    assert_eq!(names, remembered(&file(&from)), "a table was forgotten");
    assert!(done.iter().all(|one| one.sum.rows > 0));
    let rows: u64 = done.iter().map(|one| one.sum.rows).sum();
    assert!(
        seen.iter()
            .all(|progress| progress.all == rows && progress.done <= rows)
    );
    assert_eq!(
        seen.iter().filter(|progress| progress.done == rows).count(),
        2
    );
    assert_eq!(differing(&from, &to).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_a_process_had_claimed_is_free_in_the_copy() {
    let (folder, from) = rich().await;
    let source = Connection::open(file(&from)).expect("the file");
    let claimed = source.execute("UPDATE outbox SET claimed_by = '1.0'", []);
    assert_ne!(claimed, Ok(0));
    let to = beside(&folder, "copy.db");
    copied(&from, &to, |_| true).await.expect("it is copied");
    let db = Connection::open(file(&to)).expect("the file");
    let count = |what: &str| number(&db, &format!("SELECT count(*) FROM {what}"));
    assert_eq!(
        count("outbox"),
        number(&source, "SELECT count(*) FROM outbox")
    );
    assert_eq!(count("outbox WHERE claimed_by IS NOT NULL"), 0);
    assert_eq!(count("processes"), 0);
    assert_eq!(differing(&from, &to).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_number_that_was_given_is_never_given_again() {
    let (folder, from) = rich().await;
    let to = beside(&folder, "copy.db");
    copied(&from, &to, |_| true).await.expect("it is copied");
    let db = Connection::open(file(&to)).expect("the file");
    let next = number(&db, NEXT_SESSION);
    assert_eq!(next, LAST_SESSION + 1);
}

const NEXT_SESSION: &str = "INSERT INTO sessions (guild_id, channel_id, game_mode, title, \
    scheduled_time, length_minutes, timezone, created_at) \
    VALUES (1, 1, '5v5', 'next', 1, 60, 'UTC', 1) RETURNING id";

#[tokio::test]
async fn an_interrupted_copy_leaves_nothing_and_can_be_begun_again() {
    let (folder, from) = rich().await;
    let to = beside(&folder, "copy.db");
    for copying in [true, false] {
        let stopped = copied(&from, &to, move |progress| progress.copying != copying).await;
        assert!(
            matches!(stopped, Err(CopyError::Interrupted)),
            "{stopped:?}"
        );
        let db = Connection::open(file(&to)).expect("the file");
        assert_eq!(number(&db, "SELECT count(*) FROM users"), 0);
    }
    copied(&from, &to, |_| true).await.expect("it is copied");
    assert_eq!(differing(&from, &to).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_target_with_something_in_it_is_refused_and_left_alone() {
    let (folder, from) = rich().await;
    let to = beside(&folder, "copy.db");
    copied(&from, &to, |_| true).await.expect("it is copied");
    let before = std::fs::read(file(&to)).expect("the file");
    let refused = copied(&from, &to, |_| true).await;
    let refused = refused.expect_err("it is not empty").to_string();
    assert!(refused.contains("is not empty"), "{refused}");
    assert_eq!(std::fs::read(file(&to)).expect("the file"), before);
    let itself = copied(&from, &from, |_| true).await;
    assert!(matches!(itself, Err(CopyError::Itself(_))), "{itself:?}");
}

#[tokio::test]
async fn a_target_that_a_bot_has_open_is_refused() {
    let (folder, from) = rich().await;
    let to = beside(&folder, "copy.db");
    let open = Database::open(&file(&to), &folder.path().join("backups"), now()).await;
    let open = open.expect("a new database");
    let refused = copied(&from, &to, |_| true).await;
    let refused = refused.expect_err("it is in use").to_string();
    assert!(refused.contains("in use"), "{refused}");
    open.close().await;
}

#[tokio::test]
async fn the_source_is_left_as_it_is_also_while_a_bot_has_it_open() {
    let (folder, from) = rich().await;
    let open = Database::open(&file(&from), &folder.path().join("backups"), now()).await;
    let open = open.expect("its bot");
    let before = std::fs::read(file(&from)).expect("the file");
    copied(&from, &beside(&folder, "copy.db"), |_| true)
        .await
        .expect("it is copied");
    assert_eq!(std::fs::read(file(&from)).expect("the file"), before);
    open.close().await;
}

#[tokio::test]
async fn one_changed_value_is_found() {
    let (folder, from) = rich().await;
    let to = beside(&folder, "copy.db");
    copied(&from, &to, |_| true).await.expect("it is copied");
    let db = Connection::open(file(&to)).expect("the file");
    let change = "UPDATE session_queue SET note = ' ' WHERE id = 1000";
    assert_eq!(db.execute(change, []), Ok(1));
    assert_eq!(differing(&from, &to).await, ["session_queue"]);
}

#[tokio::test]
async fn the_program_tells_what_it_did_by_words_and_exit_codes() {
    let (folder, from) = rich().await;
    let run = |arguments: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_overwatch-bot"));
        program.arg("copy").args(arguments).env_clear();
        let done = program
            .current_dir(folder.path())
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
        (done.status.code(), said.into_owned())
    };
    let from = format!("sqlite:{from}");
    let (code, said) = run(&["--from", &from, "--to", "sqlite:copy.db"]);
    assert!(
        code == Some(0) && said.contains("read back and the same"),
        "{said}"
    );
    let (code, said) = run(&["--from", &from, "--to", "sqlite:copy.db", "--compare"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(&["--from", &from, "--to", "sqlite:copy.db"]);
    assert!(code == Some(1) && said.contains("is not empty"), "{said}");
    let (code, said) = run(&["--from", "sqlite:nothing.db", "--to", "sqlite:other.db"]);
    assert!(
        code == Some(1) && said.contains("nothing.db cannot be copied from"),
        "{said}"
    );
    let (code, said) = run(&["--from", "mysql://secret", "--to", "sqlite:other.db"]);
    assert!(code == Some(2) && !said.contains("secret"), "{said}");
}

#[cfg(feature = "postgres")]
mod on_a_server {
    use overwatch_bot::store::postgres::{Address, Parts};

    use super::*;

    async fn server() -> Option<(postgres::Scratch, Place)> {
        // Whichever provider of cryptography is there already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let scratch = postgres::server()?.empty().await;
        let address = Address::of_url(&scratch.url, &Parts::default());
        let place = Place::Server(Box::new(address.expect("an address")));
        Some((scratch, place))
    }

    #[tokio::test]
    async fn everything_comes_to_a_server_and_back_the_same() {
        let Some((scratch, there)) = server().await else {
            return;
        };
        let (folder, from) = rich().await;
        let back = beside(&folder, "back.db");
        let sent = copied(&from, &there, |_| true).await.expect("there");
        let returned = copied(&there, &back, |_| true).await.expect("and back");
        let sums = |copied: &[Copied]| {
            let mut sums: Vec<_> = copied
                .iter()
                .map(|one| (one.table.clone(), one.sum.clone()))
                .collect();
            sums.sort_by(|a, b| a.0.cmp(&b.0));
            sums
        };
        assert_eq!(sums(&sent), sums(&returned));
        assert_eq!(sent.len(), remembered(&file(&from)).len());
        for place in [&there, &back] {
            assert_eq!(differing(&from, place).await, Vec::<String>::new());
        }
        assert_eq!(scratch.number(NEXT_SESSION).await, LAST_SESSION + 1);
        let db = Connection::open(file(&back)).expect("the file");
        assert_eq!(number(&db, NEXT_SESSION), LAST_SESSION + 1);
    }

    #[tokio::test]
    async fn what_a_server_orders_otherwise_is_the_same_all_the_same() {
        let Some((scratch, there)) = server().await else {
            return;
        };
        let (_folder, from) = rich().await;
        // In the order of bytes, and in that of these: Z, a; a, Z.
        let db = Connection::open(file(&from)).expect("the file");
        let receipts = "INSERT INTO receipts (interaction_id, command, answer, created_at) \
                        VALUES (77, 'a', '{}', 1), (77, 'Z', '{}', 1)";
        assert_eq!(db.execute(receipts, []), Ok(2));
        copied(&from, &there, |_| true).await.expect("it is copied");
        let otherwise = "ALTER TABLE receipts ALTER COLUMN command TYPE TEXT COLLATE \"en-x-icu\"";
        scratch.run(otherwise).await;
        assert_eq!(differing(&from, &there).await, Vec::<String>::new());
    }

    #[tokio::test]
    async fn an_interrupted_copy_leaves_nothing_on_a_server_and_can_be_begun_again() {
        let Some((scratch, there)) = server().await else {
            return;
        };
        let (_folder, from) = rich().await;
        let stopped = copied(&from, &there, |progress| progress.done < 1_500).await;
        assert!(
            matches!(stopped, Err(CopyError::Interrupted)),
            "{stopped:?}"
        );
        assert_eq!(scratch.number("SELECT count(*) FROM users").await, 0);
        copied(&from, &there, |_| true).await.expect("it is copied");
        let refused = copied(&from, &there, |_| true).await;
        assert!(
            matches!(refused, Err(CopyError::NotEmpty { .. })),
            "{refused:?}"
        );
    }

    #[tokio::test]
    async fn a_row_that_is_changed_on_the_way_is_found_and_nothing_is_kept() {
        let Some((scratch, there)) = server().await else {
            return;
        };
        let (folder, from) = rich().await;
        let empty = beside(&folder, "empty.db");
        let new = Database::open(&file(&empty), &folder.path().join("backups"), now()).await;
        new.expect("a new database").close().await;
        copied(&empty, &there, |_| true)
            .await
            .expect("a schema, and no rows");
        scratch
            .run(
                "CREATE FUNCTION shorten() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     NEW.username := rtrim(NEW.username, '}'); RETURN NEW; END $$;
                 CREATE TRIGGER shorten BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION shorten();",
            )
            .await;
        let differs = copied(&from, &there, |_| true).await;
        let table = match &differs {
            Err(CopyError::Differs { table, .. }) => table,
            other => panic!("{other:?}"),
        };
        assert_eq!(table, "users");
        assert_eq!(scratch.number("SELECT count(*) FROM users").await, 0);
    }
}
