//! A database whose schema somebody has changed: no backup, no restore.

use std::path::Path;

use overwatch_bot::store::backup::{BackupError, list};
use overwatch_bot::store::sqlite::restore::{RestoreError, restore};

use crate::home::{Home, count, files, start};

/// What somebody may have done to a file, and what is said of it.
const CHANGES: [(&str, &str); 4] = [
    (
        "CREATE TRIGGER evil AFTER INSERT ON users BEGIN DELETE FROM user_accounts; END",
        "the trigger evil was added",
    ),
    (
        "CREATE VIEW everybody AS SELECT * FROM users",
        "the view everybody was added",
    ),
    ("DROP TABLE reminders", "the table reminders is missing"),
    (
        "ALTER TABLE users ADD COLUMN bio TEXT",
        "the table users is another",
    ),
];

fn change(path: &Path, sql: &str) {
    let db = rusqlite::Connection::open(path).expect("the file");
    db.execute_batch(sql).expect("it is changed");
}

#[tokio::test]
async fn a_database_with_another_schema_is_not_backed_up() {
    for (sql, expected) in CHANGES {
        let home = Home::with(5).await;
        let good = home.back_up(home.settings(), start()).await.unwrap();
        change(&home.database(), sql);
        let error = home.back_up(home.settings(), start()).await.unwrap_err();
        assert!(matches!(error, BackupError::Snapshot { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(files(&home.backups_folder()).len(), 2);
        list::verify(&good.path).unwrap();
    }
}

#[tokio::test]
async fn a_file_with_another_schema_is_not_restored() {
    for (sql, expected) in CHANGES {
        let home = Home::with(5).await;
        let taken = home.back_up(home.settings(), start()).await.unwrap();
        let strange = home.folder.path().join("strange.db");
        std::fs::copy(&taken.path, &strange).unwrap();
        change(&strange, sql);
        let error = list::verify(&strange).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        let other = Home::with(3).await;
        let error = restore(&other.database(), &strange, start(), false).unwrap_err();
        assert!(matches!(error, RestoreError::Refused { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(count(&other.database(), "users"), 3);
    }
}

#[tokio::test]
async fn a_table_of_somebody_else_is_backed_up_and_restored_with_the_rest() {
    let home = Home::with(5).await;
    change(
        &home.database(),
        "CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')",
    );
    let taken = home.back_up(home.settings(), start()).await.unwrap();
    let other = Home::with(3).await;
    restore(&other.database(), &taken.path, start(), false).unwrap();
    assert_eq!(count(&other.database(), "notes"), 1);
}
