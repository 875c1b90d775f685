//! A file that an earlier version has filled, brought up to date.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension as _;
use rusqlite::types::Value;

use super::*;

/// Pairs each version with the file that fills its tables, or what it has added to them.
macro_rules! filled {
    ($($version:literal)*) => {
        [$(($version, include_str!(concat!("../../../../tests/existing/versions/", $version, ".sql")))),*]
    };
}

/// Rows by the version whose tables they are for.
const FILLED: &[(i32, &str)] = &filled!(1 2 3 4 5 6 7 8 9 10 11 12 13);

/// Makes a file of this version in which every table holds something.
fn filled(db: &mut Connection, version: i32) {
    for (added, rows) in FILLED.iter().filter(|(added, _)| *added <= version) {
        run_to(db, Target::Version(*added)).unwrap();
        db.execute_batch(rows).unwrap();
    }
    run_to(db, Target::Version(version)).unwrap();
}

/// The rows of every table, in these columns of each.
fn rows(
    db: &Connection,
    columns: &BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, Vec<Vec<Value>>> {
    let of_table = |(table, columns): (&String, &Vec<String>)| {
        let listed = columns.join(", ");
        let sql = format!("SELECT {listed} FROM {table} ORDER BY {listed}");
        let mut statement = db.prepare(&sql).unwrap();
        let row = |row: &rusqlite::Row<'_>| (0..columns.len()).map(|at| row.get(at)).collect();
        let rows: Vec<Vec<Value>> = (statement.query_map([], row).unwrap())
            .collect::<Result<_, _>>()
            .unwrap();
        (table.clone(), rows)
    };
    columns.iter().map(of_table).collect()
}

/// The columns of every table but the one that tells the version.
fn columns(db: &Connection) -> BTreeMap<String, Vec<String>> {
    let sql = "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
               WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'schema_version'";
    let mut statement = db.prepare(sql).unwrap();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let pairs = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    for pair in pairs.unwrap() {
        let (table, column): (String, String) = pair.unwrap();
        found.entry(table).or_default().push(column);
    }
    found
}

#[test]
fn a_file_that_any_earlier_version_filled_keeps_every_row() {
    for version in FIRST..newest() {
        keeps_every_row(version);
    }
}

fn keeps_every_row(version: i32) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("overwatch.db");
    let mut db = Connection::open(&path).unwrap();
    filled(&mut db, version);
    let columns = columns(&db);
    let before = rows(&db, &columns);
    let empty: Vec<_> = before.iter().filter(|(_, rows)| rows.is_empty()).collect();
    assert!(empty.is_empty(), "nothing was put into {empty:?}");

    let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    let migrated = migrate(&mut db, &Precaution::IsCopy(path), now).unwrap();
    assert_eq!((migrated.from, migrated.to), (Some(version), newest()));
    assert_eq!(rows(&db, &columns), before);
    let broken: Option<String> = db
        .query_row("PRAGMA foreign_key_check", [], |row| row.get(0))
        .optional()
        .unwrap();
    assert_eq!(broken, None);
    // Once is enough.
    let again = migrate(&mut db, &Precaution::IsCopy(folder.path().into()), now).unwrap();
    assert_eq!((again.from, again.backup), (Some(newest()), None));
}

/// Lets `db` commit this often; every further commit is rolled back, as if the power had failed
/// before it.
fn fail_commits_after(db: &Connection, allowed: u32) {
    let mut left = allowed;
    let refuse = move || {
        let refused = left == 0;
        left = left.saturating_sub(1);
        refused
    };
    db.commit_hook(Some(refuse)).unwrap();
}

#[test]
fn migration_interrupted_at_any_commit_is_completed_by_the_next_start() {
    let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    for version in 0..newest() {
        for allowed in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("overwatch.db");
            let mut db = Connection::open(&path).unwrap();
            if version >= FIRST {
                filled(&mut db, version);
            }
            let columns = columns(&db);
            let before = rows(&db, &columns);
            fail_commits_after(&db, allowed);
            let interrupted = migrate(&mut db, &Precaution::IsCopy(path.clone()), now);
            drop(db);

            let mut db = Connection::open(&path).unwrap();
            let case = format!("from version {version}, {allowed} commits: {interrupted:?}");
            if let Err(error) = migrate(&mut db, &Precaution::IsCopy(path), now) {
                panic!("{case}: {error}");
            }
            assert_eq!(recognise(&db).unwrap(), Some(newest()), "{case}");
            assert_eq!(rows(&db, &columns), before, "{case}");
            if interrupted.is_ok() {
                break;
            }
        }
    }
}

#[test]
fn migration_that_was_committed_without_its_record_is_recorded() {
    let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    let mut migrations = embedded::migrations::runner().get_migrations().clone();
    migrations.sort_by_key(refinery::Migration::version);
    for migration in migrations {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("overwatch.db");
        let mut db = Connection::open(&path).unwrap();
        let before = migration.version() - 1;
        if before >= FIRST {
            filled(&mut db, before);
        } else {
            run_to(&mut db, Target::Version(before)).unwrap();
        }
        let columns = columns(&db);
        let rows_before = rows(&db, &columns);
        db.execute_batch(migration.sql().unwrap()).unwrap();

        let migrated = migrate(&mut db, &Precaution::IsCopy(path), now);
        let migrated = migrated.unwrap_or_else(|error| panic!("{migration}: {error}"));
        assert_eq!(migrated.to, newest());
        assert_eq!(rows(&db, &columns), rows_before, "{migration}");
        let recorded: i32 = db
            .query_row("SELECT count(*) FROM schema_version", [], |row| row.get(0))
            .unwrap();
        assert_eq!(recorded, newest(), "{migration}");
    }
}

#[test]
fn failing_migration_leaves_one_backup_however_often_it_starts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("overwatch.db");
    let backups = folder.path().join("backups");
    let mut db = Connection::open(&path).unwrap();
    crate::store::sqlite::configure(&db).unwrap();
    filled(&mut db, newest() - 1);
    fail_commits_after(&db, 0);
    for start in 0..3 {
        let now = DateTime::from_timestamp(1_790_000_000 + 60 * start, 0).unwrap();
        migrate(&mut db, &Precaution::BackUpInto(backups.clone()), now).unwrap_err();
        assert_eq!(local::names(&backups).unwrap().len(), 1);
    }
}

#[test]
fn migration_is_tried_on_a_copy_and_the_file_stays_as_it_is() {
    let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("overwatch.db");
    let mut db = Connection::open(&path).unwrap();
    filled(&mut db, FIRST);
    let bytes = std::fs::read(&path).unwrap();
    try_on_copy(&path, now).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes);

    db.execute_batch("CREATE TABLE session_log (mine TEXT)")
        .unwrap();
    let failed = try_on_copy(&path, now).unwrap_err().to_string();
    assert!(failed.contains("session_log"), "{failed}");
    assert_eq!(version(&db).unwrap(), Some(FIRST));
}
