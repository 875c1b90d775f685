//! The database's file is taken away while it is open.

use std::path::PathBuf;

use overwatch_bot::store::backup::BackupError;
use overwatch_bot::store::sqlite::Database;
use overwatch_bot::store::{DbError, Failure};
use tokio_util::sync::CancellationToken;

use crate::home::{Home, Meet, count, meet, start};

/// What the file can come to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Deleted,
    Moved,
    Replaced,
}

async fn befall(home: &Home, fate: Fate) {
    let path = home.database();
    match fate {
        Fate::Deleted => std::fs::remove_file(&path).expect("the files"),
        Fate::Moved => {
            std::fs::rename(&path, home.folder.path().join("away.db")).expect("the files")
        }
        Fate::Replaced => {
            let other = Home::with(2).await;
            std::fs::copy(other.database(), home.folder.path().join("new.db")).expect("the files");
            std::fs::rename(home.folder.path().join("new.db"), &path).expect("the files");
            // The log of what stands there now, under a name that the open database has too.
            std::fs::remove_file(log(home)).expect("the files");
            std::fs::write(log(home), "another log").expect("the files");
        }
    }
}

fn log(home: &Home) -> PathBuf {
    PathBuf::from(format!("{}-wal", home.database().display()))
}

async fn refused(database: &Database) -> bool {
    let met = database.store().execute_job(Meet(1_000)).await;
    matches!(met, Err(Failure::Broken(DbError::TakenAway)))
}

#[tokio::test]
async fn nothing_is_acknowledged_after_the_file_was_taken_away_and_all_before_is_rescued() {
    for fate in [Fate::Deleted, Fate::Moved, Fate::Replaced] {
        let home = Home::with(20).await;
        let database = home.open().await;
        meet(&database.store(), 21..=30).await;
        let presence = database.presence().clone();
        let backups = home.backups(home.settings()).of_open_file(presence.clone());
        befall(&home, fate).await;

        assert!(refused(&database).await, "{fate:?}");
        presence.taken_away().await;
        let made = backups.take(start(), &CancellationToken::new()).await;
        assert!(
            matches!(made, Err(BackupError::TakenAway(_))),
            "{fate:?}: {made:?}"
        );
        let rescued = database.rescue(&home.backups_folder(), start()).await;
        let rescued = rescued.unwrap();
        assert_eq!(count(&rescued.path, "users"), 30, "{fate:?}");
        database.close().await;
        if fate == Fate::Replaced {
            // What was put there is left alone, with its log.
            assert_eq!(std::fs::read(log(&home)).unwrap(), b"another log");
            std::fs::remove_file(log(&home)).unwrap();
            assert_eq!(count(&home.database(), "users"), 2);
        }
        let latest = home.backups(home.settings());
        let latest = latest.find("latest", start()).await.unwrap();
        assert_eq!(latest.shown(), rescued.path.display().to_string());
    }
}

#[tokio::test]
async fn file_that_stays_is_no_reason_to_stop() {
    let home = Home::with(1).await;
    let database = home.open().await;
    assert!(!database.presence().is_taken_away());
    assert!(!refused(&database).await);
    database.close().await;
}
