//! A restore that is interrupted, and given once more.

use chrono::TimeDelta;
use rusqlite::Connection;

use super::*;

/// A database with this many users, which are only in its log.
fn database(path: &Path, rows: i64) {
    let mut db = Connection::open(path).unwrap();
    super::super::configure(&db).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    let keep_log = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    db.set_db_config(keep_log, true).unwrap();
    migrations::run_to(&mut db, refinery::Target::Latest).unwrap();
    let tx = db.transaction().unwrap();
    for id in 1..=rows {
        tx.execute(
            "INSERT INTO users VALUES (?1, 'A', '[]', NULL, NULL, 1)",
            [id],
        )
        .unwrap();
    }
    tx.commit().unwrap();
}

fn users(path: &Path) -> i64 {
    let db = Connection::open(path).unwrap();
    db.query_row("SELECT count(*) FROM users", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn restore_interrupted_at_any_rename_and_repeated_keeps_the_former_database_whole() {
    let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    for allowed in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let [path, backup] = ["overwatch.db", "backup.db"].map(|name| folder.path().join(name));
        database(&path, 885);
        database(&backup, 3);
        let mut left = allowed;
        let mut rename = |from: &Path, to: &Path| {
            if left == 0 {
                return Err(std::io::Error::other("interrupted"));
            }
            left -= 1;
            std::fs::rename(from, to)
        };
        let interrupted = restore_with(&path, &backup, now, false, (&mut |_| true, &mut rename));

        let later = now + TimeDelta::minutes(5);
        let restored = match interrupted {
            Err(_) => restore(&path, &backup, later, false).unwrap(),
            Ok(ref restored) => restored.clone(),
        };
        let case = format!("after {allowed} renames: {:?}", restored.set_aside);
        assert_eq!(users(&path), 3, "{case}");
        assert_eq!(users(&restored.set_aside[0]), 885, "{case}");
        assert!(!is_half_done(&path), "{case}");
        if interrupted.is_ok() {
            return;
        }
    }
}

#[test]
fn dry_run_leaves_a_restore_that_waits_for_its_answer_alone() {
    let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [path, backup, other] =
        ["overwatch.db", "backup.db", "other.db"].map(|name| folder.path().join(name));
    database(&path, 885);
    database(&backup, 3);
    database(&other, 7);
    let mut agree = |_: &Comparison| {
        restore(&path, &other, now, true).unwrap();
        true
    };
    restore_if(&path, &backup, now, false, &mut agree).unwrap();
    assert_eq!(users(&path), 3);
    let names = folder.path().read_dir().unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left: Vec<_> = names.filter(|name| name.contains(".restoring")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn what_a_killed_dry_run_left_is_removed_a_day_later_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let [path, backup] = ["overwatch.db", "backup.db"].map(|name| folder.path().join(name));
    database(&backup, 3);
    let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    let left = |name: &str, hours| {
        let file = std::fs::File::create(folder.path().join(name)).unwrap();
        file.set_modified((now - TimeDelta::hours(hours)).into())
            .unwrap();
    };
    left("overwatch.db.trial_0123456789abcdef.part", 25);
    left("overwatch.db.trial_0123456789abcdef.part-wal", 25);
    left("overwatch.db.trial_fedcba9876543210.part", 23);
    left("other.db.trial_0123456789abcdef.part", 25);
    restore(&path, &backup, now, true).unwrap();
    let names = std::fs::read_dir(folder.path()).unwrap();
    let names = names.map(|one| one.unwrap().file_name().into_string().unwrap());
    let mut trials: Vec<_> = names.filter(|name| name.contains("trial")).collect();
    trials.sort();
    assert_eq!(
        trials,
        [
            "other.db.trial_0123456789abcdef.part",
            "overwatch.db.trial_fedcba9876543210.part"
        ]
    );
}
