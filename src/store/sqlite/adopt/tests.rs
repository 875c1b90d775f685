//! An adoption that stops in the middle, and files full of garbage.

use std::path::Path;

use proptest::prelude::*;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::*;

const SCHEMA: &str = include_str!("../../../../tests/existing/schema.sql");
const PLAIN: &str = include_str!("../../../../tests/existing/plain.sql");
const STEPS: [Step; 7] = [
    Step::Begun,
    Step::SetAside,
    Step::Made,
    Step::Copied,
    Step::Dropped,
    Step::Reported,
    Step::Committed,
];

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).expect("a time")
}

fn old(path: &Path) -> Connection {
    let db = Connection::open(path).unwrap();
    db.execute_batch(SCHEMA).unwrap();
    db
}

fn schema(db: &Connection) -> Vec<String> {
    let mut statement = db
        .prepare("SELECT name FROM sqlite_schema ORDER BY name")
        .unwrap();
    let names = statement.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

fn users(db: &Connection) -> i64 {
    db.query_row("SELECT count(*) FROM users", [], |row| row.get(0))
        .unwrap()
}

/// A line is reported, so that there is a report.
fn odd(db: &Connection) {
    db.execute_batch(PLAIN).unwrap();
    db.execute_batch("UPDATE users SET timezone = 'nowhere' WHERE discord_id = 101")
        .unwrap();
}

#[test]
fn an_adoption_that_fails_at_any_step_leaves_the_old_file_and_no_report() {
    for stop in STEPS.into_iter().filter(|step| *step != Step::Committed) {
        let folder = tempfile::tempdir().unwrap();
        let mut db = old(&folder.path().join("old.db"));
        odd(&db);
        let before = schema(&db);
        let seen = data_version(&db).unwrap();
        let backup = folder.path().join("backup.db");
        let failed = adopt_watched(&mut db, &backup, seen, now(), &mut |step| {
            if step == stop {
                return Err(SchemaError::Adoption("on purpose".into()));
            }
            Ok(())
        });
        assert!(failed.is_err());
        assert_eq!(schema(&db), before, "{stop:?}");
        assert_eq!(users(&db), 3);
        assert!(is_old(&db).unwrap());
        let left = std::fs::read_dir(folder.path()).unwrap();
        let left = left.filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().contains("report")
        });
        assert_eq!(left.count(), 0, "{stop:?}");
        // And then it goes through.
        let adopted = adopt(&mut db, &backup, seen, now()).unwrap();
        assert!(adopted.report.is_some_and(|report| report.exists()));
        let enforced: bool = db
            .pragma_query_value(None, "foreign_keys", |row| row.get(0))
            .unwrap();
        assert!(enforced);
    }
}

#[test]
fn the_power_may_fail_at_any_step() {
    for stop in STEPS {
        let folder = tempfile::tempdir().unwrap();
        let mut db = old(&folder.path().join("old.db"));
        odd(&db);
        // Pages go to the log long before the commit.
        db.pragma_update(None, "cache_size", 5).unwrap();
        db.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        let seen = data_version(&db).unwrap();
        let (there, after) = (folder.path(), folder.path().join("after"));
        std::fs::create_dir(&after).unwrap();
        let backup = there.join("backup.db");
        adopt_watched(&mut db, &backup, seen, now(), &mut |step| {
            if step == stop {
                // What is on disk at this moment is what is there when the power is back.
                for name in ["old.db", "old.db-wal"] {
                    std::fs::copy(there.join(name), after.join(name)).unwrap();
                }
            }
            Ok(())
        })
        .unwrap();
        let db = Connection::open(after.join("old.db")).unwrap();
        assert_eq!(is_old(&db).unwrap(), stop != Step::Committed, "{stop:?}");
        assert_eq!(users(&db), 3);
        let aside = schema(&db).iter().any(|name| name.starts_with(ASIDE));
        assert!(!aside, "{stop:?}");
        let sound: String = db
            .pragma_query_value(None, "integrity_check", |row| row.get(0))
            .unwrap();
        assert_eq!(sound, "ok");
    }
}

#[test]
fn a_file_that_another_program_writes_to_is_not_adopted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    let mut db = old(&path);
    let seen = data_version(&db).unwrap();
    odd(&Connection::open(&path).unwrap());
    let refused = adopt(&mut db, &folder.path().join("backup.db"), seen, now());
    assert!(matches!(refused, Err(SchemaError::Busy)));
    assert!(is_old(&db).unwrap());
}

/// Anything that a column can hold, with some of what belongs there.
fn garbage() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => Just(Value::Null),
        4 => (-3_i64..6).prop_map(Value::Integer),
        1 => any::<i64>().prop_map(Value::Integer),
        1 => any::<f64>().prop_map(Value::Real),
        2 => any::<String>().prop_map(Value::Text),
        1 => any::<Vec<u8>>().prop_map(Value::Blob),
        4 => proptest::sample::select(vec![
            "1", "[\"1\", 2]", "[1", "[\"tank\"]", "dps", "player", "Diamond", "diamond 3", "OPEN",
            "5v5", "2026-01-09 20:00:00", "Europe/Berlin", "0", "a#1234", "A#1234",
        ])
        .prop_map(|word| Value::Text(word.to_owned())),
    ]
}

fn insert(db: &Connection, table: &Table, values: &[Value]) -> usize {
    let columns: Vec<_> = table.columns.iter().chain(table.newer).collect();
    let names = columns.iter().map(ToString::to_string).collect::<Vec<_>>();
    let marks = vec!["?"; columns.len()].join(", ");
    let sql = format!(
        "INSERT OR IGNORE INTO {} ({}) VALUES ({marks})",
        table.name,
        names.join(", ")
    );
    let values = values.iter().take(columns.len());
    db.execute(&sql, params_from_iter(values)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn of_garbage_every_row_is_in_the_tables_or_in_the_report(
        rows in proptest::collection::vec((0_usize..5, proptest::collection::vec(garbage(), 13)), 0..40)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut db = old(&folder.path().join("old.db"));
        db.pragma_update(None, "foreign_keys", false).unwrap();
        let mut held = [0_u64; 5];
        for (table, values) in &rows {
            held[*table] += insert(&db, &TABLES[*table], values) as u64;
        }
        let seen = data_version(&db).unwrap();
        let adopted = adopt(&mut db, &folder.path().join("backup.db"), seen, now()).unwrap();
        let Counts { users, accounts, sessions, entries, participants, .. } = adopted.before;
        prop_assert_eq!([users, accounts, sessions, entries, participants], held);
        let report = adopted.report.map(|path| std::fs::read_to_string(path).unwrap());
        let left = report.iter().flat_map(|text| text.lines()).filter(|line| line.contains("left out"));
        let Counts { users, accounts, ranks, sessions, entries, participants } = adopted.left;
        let all = users + accounts + ranks + sessions + entries + participants;
        prop_assert_eq!(left.count() as u64, all);
    }
}
