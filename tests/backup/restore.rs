//! Restoring: every kind of backup, and everything that is none.

use std::path::{Path, PathBuf};

use overwatch_bot::store::backup::{Settings, list};
use overwatch_bot::store::sqlite::inspect::Unfit;
use overwatch_bot::store::sqlite::restore::{RestoreError, Restored, restore};
use overwatch_bot::store::sqlite::{Database, OpenError};

use crate::home::{Home, at, count, files, meet, rows, start};

/// Restores into a home where 7 other people are, and compares every row with the original.
async fn restores_every_row(backup: &Path, original: &Path) -> Restored {
    let expected = rows(original);
    let other = Home::with(7).await;
    let former = rows(&other.database());
    let done = restore(&other.database(), backup, start(), false).expect("it restores");
    assert_eq!(rows(&other.database()), expected);
    assert_eq!(
        rows(&done.set_aside[0]),
        former,
        "what was there is set aside"
    );
    // A bot starts on it.
    other.open().await.close().await;
    done
}

async fn refused(backup: &Path) -> Unfit {
    let home = Home::with(3).await;
    let before = rows(&home.database());
    let error = restore(&home.database(), backup, start(), false).expect_err("it is refused");
    assert_eq!(rows(&home.database()), before);
    assert_eq!(
        files(home.folder.path()),
        ["overwatch.db", "overwatch.db.lock", "overwatch.db.reserve"]
    );
    match error {
        RestoreError::Refused { reason, .. } => reason,
        error => panic!("another error: {error}"),
    }
}

#[tokio::test]
async fn a_plain_and_a_compressed_backup_bring_every_row_back() {
    let home = Home::with(300).await;
    for compress in [false, true] {
        let settings = Settings {
            compress,
            ..home.settings()
        };
        let taken = home.back_up(settings, start()).await.unwrap();
        let done = restores_every_row(&taken.path, &home.database()).await;
        assert!(done.checksummed);
        assert_eq!(done.backup, taken.contents);
        assert_eq!(done.database, taken.contents);
    }
}

#[tokio::test]
async fn a_file_without_a_manifest_is_restored_too() {
    let home = Home::with(300).await;
    let taken = home.back_up(home.settings(), start()).await.unwrap();
    let copied = home.folder.path().join("from a friend?#%20.db");
    std::fs::copy(&taken.path, &copied).unwrap();
    // A bot's own file as it lies there after a stop: in the mode that has a log beside it.
    let db = rusqlite::Connection::open(&copied).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    drop(db);
    let before = files(home.folder.path());
    let done = restore(&Home::new().database(), &copied, start(), false).unwrap();
    assert!(!done.checksummed);
    assert_eq!(
        files(home.folder.path()),
        before,
        "nothing was made beside it"
    );
    restores_every_row(&copied, &home.database()).await;
}

#[tokio::test]
async fn a_database_with_its_log_beside_it_is_restored_with_what_is_in_the_log() {
    let home = Home::with(300).await;
    let database = home.open().await;
    meet(&database.store(), 301..=310).await;
    let copied = home.folder.path().join("copied.db");
    std::fs::copy(home.database(), &copied).unwrap();
    let log = |path: &Path| PathBuf::from(format!("{}-wal", path.display()));
    std::fs::copy(log(&home.database()), log(&copied)).unwrap();
    database.close().await;
    restores_every_row(&copied, &home.database()).await;
}

#[tokio::test]
async fn the_backup_before_a_migration_brings_every_row_back() {
    let home = Home::with(30).await;
    let older = "UPDATE schema_version SET version = version - 1";
    let db = rusqlite::Connection::open(home.database()).unwrap();
    db.execute_batch(older).unwrap();
    drop(db);
    let expected = rows(&home.database());
    // Its one migration is not the one that the program knows by that number: refused, but only
    // after the backup was made.
    let opened = Database::open(&home.database(), &home.backups_folder(), start()).await;
    assert!(matches!(opened.err(), Some(OpenError::Schema { .. })));
    let made = files(&home.backups_folder());
    let backup = home.backups_folder().join(&made[0]);
    assert_eq!(rows(&backup), expected);
    assert!(list::verify(&backup).is_ok());

    // The same migration fails in a restore: then nothing is restored.
    let other = Home::with(3).await;
    let error = restore(&other.database(), &backup, start(), false).unwrap_err();
    assert!(matches!(error, RestoreError::Migration { .. }), "{error}");
    assert_eq!(count(&other.database(), "users"), 3);
    assert_eq!(
        files(other.folder.path()),
        ["overwatch.db", "overwatch.db.lock", "overwatch.db.reserve"]
    );
}

#[tokio::test]
async fn where_there_was_no_database_one_is_restored() {
    let home = Home::with(30).await;
    let taken = home.back_up(home.settings(), start()).await.unwrap();
    let empty = Home::new();
    let path = empty.folder.path().join("data/overwatch.db");
    let done = restore(&path, &taken.path, start(), false).unwrap();
    assert!(done.set_aside.is_empty());
    assert_eq!(rows(&path), rows(&home.database()));
}

#[tokio::test]
async fn the_log_of_the_former_database_is_set_aside_with_it() {
    let home = Home::with(30).await;
    let taken = home.back_up(home.settings(), start()).await.unwrap();
    let other = Home::with(7).await;
    for ending in ["-wal", "-shm"] {
        let path = format!("{}{ending}", other.database().display());
        std::fs::write(path, "of the former").unwrap();
    }
    restore(&other.database(), &taken.path, start(), false).unwrap();
    assert_eq!(
        files(other.folder.path()),
        [
            "overwatch.db",
            "overwatch.db.before_restore_20261122_120000",
            "overwatch.db.before_restore_20261122_120000-shm",
            "overwatch.db.before_restore_20261122_120000-wal",
            "overwatch.db.lock",
            "overwatch.db.reserve",
        ]
    );
    // A second restore in the same second takes nobody's name.
    let again = restore(&other.database(), &taken.path, start(), false).unwrap();
    assert!(again.set_aside[0].ends_with("overwatch.db.before_restore_20261122_120000_1"));
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_may_look_beside_a_running_bot() {
    let home = Home::with(30).await;
    let taken = home.back_up(home.settings(), start()).await.unwrap();
    let database = home.open().await;
    let before = files(home.folder.path());
    let done = restore(&home.database(), &taken.path, start(), true).unwrap();
    assert_eq!(done.backup, taken.contents);
    assert!(!done.set_aside.is_empty());
    assert_eq!(files(home.folder.path()), before);
    database.close().await;
}

#[tokio::test]
async fn while_a_bot_runs_nothing_is_restored_and_no_second_bot_starts() {
    let home = Home::with(30).await;
    let taken = home.back_up(home.settings(), start()).await.unwrap();
    let database = home.open().await;
    let error = restore(&home.database(), &taken.path, start(), false).unwrap_err();
    assert!(matches!(error, RestoreError::Lock(_)), "{error}");
    let second = Database::open(&home.database(), &home.backups_folder(), start()).await;
    let refused = second.err().expect("it is refused").to_string();
    assert!(
        refused.contains("in use by another overwatch-bot"),
        "{refused}"
    );
    database.close().await;
    restore(&home.database(), &taken.path, start(), false).unwrap();
}

#[tokio::test]
async fn a_restore_that_was_interrupted_between_its_renames_is_not_mistaken_for_a_new_start() {
    let home = Home::with(30).await;
    let taken = home.back_up(home.settings(), start()).await.unwrap();
    let ready = home.folder.path().join("overwatch.db.restoring");
    std::fs::rename(home.database(), &ready).unwrap();
    let opened = Database::open(&home.database(), &home.backups_folder(), start()).await;
    assert!(matches!(opened.err(), Some(OpenError::HalfRestored(_))));
    assert!(!home.database().exists());
    restore(&home.database(), &taken.path, start(), false).unwrap();
    home.open().await.close().await;
    assert_eq!(count(&home.database(), "users"), 30);
}

/// The offsets at which a file is damaged: its header, the borders of pages, and all over.
fn offsets(length: usize) -> impl Iterator<Item = usize> {
    let pages = (1..length / 4096).flat_map(|page| [page * 4096 - 1, page * 4096, page * 4096 + 5]);
    (0..110)
        .chain(pages)
        .chain((110..length).step_by(997))
        .filter(move |at| *at < length)
}

#[tokio::test]
async fn a_backup_that_is_damaged_anywhere_is_refused() {
    let home = Home::with(400).await;
    for compress in [false, true] {
        let settings = Settings {
            compress,
            ..home.settings()
        };
        let taken = home.back_up(settings, start()).await.unwrap();
        let good = std::fs::read(&taken.path).unwrap();
        for at in offsets(good.len()) {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            std::fs::write(&taken.path, bad).unwrap();
            let verified = list::verify(&taken.path);
            assert!(
                matches!(verified, Err(Unfit::Checksum)),
                "{at}: {verified:?}"
            );
        }
        assert!(matches!(refused(&taken.path).await, Unfit::Checksum));
        std::fs::write(&taken.path, &good).unwrap();
        restores_every_row(&taken.path, &home.database()).await;
    }
}

#[tokio::test]
async fn a_damaged_file_without_a_manifest_never_brings_a_wrong_count_back() {
    let home = Home::with(400).await;
    let taken = home.back_up(home.settings(), start()).await.unwrap();
    let good = std::fs::read(&taken.path).unwrap();
    let path = home.folder.path().join("copy.db");
    let mut caught = 0;
    for at in offsets(good.len()) {
        let mut bad = good.clone();
        bad[at..(at + 16).min(good.len())].fill(0xEE);
        std::fs::write(&path, bad).unwrap();
        match list::verify(&path) {
            Ok(contents) => assert_eq!(contents.rows["users"], 400, "at {at}"),
            Err(_) => caught += 1,
        }
    }
    assert!(caught > 0);
}

#[tokio::test]
async fn a_compressed_file_without_a_manifest_has_a_checksum_of_its_own() {
    let home = Home::with(400).await;
    let settings = Settings {
        compress: true,
        ..home.settings()
    };
    let taken = home.back_up(settings, start()).await.unwrap();
    let good = std::fs::read(&taken.path).unwrap();
    let expected = list::verify(&taken.path).unwrap();
    let path = home.folder.path().join("copy.db.zst");
    for at in (0..good.len()).step_by(61) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        std::fs::write(&path, bad).unwrap();
        if let Ok(contents) = list::verify(&path) {
            // A bit of the frame's header that means nothing.
            assert_eq!(contents, expected, "at {at}");
        }
    }
}

#[tokio::test]
async fn file_that_decompresses_to_more_than_a_database_is_refused_in_time() {
    /// More than what a file of this size may decompress to, in bytes.
    const ZEROS: u64 = 64 * 1024 * 1024;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.db.zst");
    let zeros = std::io::Read::take(std::io::repeat(0), ZEROS);
    zstd::stream::copy_encode(zeros, std::fs::File::create(&path).unwrap(), 3).unwrap();
    let told = list::verify(&path).unwrap_err().to_string();
    assert!(
        told.contains("decompresses to more") && told.contains("zstd -d"),
        "{told}"
    );
    let told = refused(&path).await.to_string();
    assert!(told.contains("decompresses to more"), "{told}");

    // A manifest that says less than there is counts as well.
    let home = Home::with(400).await;
    let settings = Settings {
        compress: true,
        ..home.settings()
    };
    let taken = home.back_up(settings, start()).await.unwrap();
    list::verify(&taken.path).unwrap();
    let manifest = PathBuf::from(format!("{}.json", taken.path.display()));
    let text = std::fs::read_to_string(&manifest).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["database_bytes"] = 4_096.into();
    std::fs::write(&manifest, json.to_string()).unwrap();
    let told = list::verify(&taken.path).unwrap_err().to_string();
    assert!(told.contains("decompresses to more"), "{told}");
}

#[tokio::test]
async fn a_truncated_backup_is_refused_as_such() {
    let home = Home::with(400).await;
    let taken = home.back_up(home.settings(), start()).await.unwrap();
    let good = std::fs::read(&taken.path).unwrap();
    let copy = home.folder.path().join("copy.db");
    for length in [1, 15, 99, 100, 4095, 4096, good.len() / 2, good.len() - 1] {
        for path in [&taken.path, &copy] {
            std::fs::write(path, &good[..length]).unwrap();
            let reason = refused(path).await;
            let told = matches!(reason, Unfit::Truncated { .. } | Unfit::NotADatabase);
            assert!(told, "{length}: {reason}");
        }
    }
    std::fs::write(&copy, "").unwrap();
    assert!(matches!(refused(&copy).await, Unfit::Empty));
}

#[tokio::test]
async fn what_is_encrypted_foreign_or_newer_is_refused_with_its_reason() {
    let home = Home::with(3).await;
    let path = home.folder.path().join("strange.db");

    // Every byte as often as every other, as encrypted files have them.
    let noise: Vec<u8> = (0..8192u32)
        .map(|at| u8::try_from(at * 167 % 256).unwrap())
        .collect();
    std::fs::write(&path, noise).unwrap();
    assert!(matches!(refused(&path).await, Unfit::Encrypted));
    std::fs::write(&path, "age-encryption.org/v1\n-> X25519 abc").unwrap();
    assert!(matches!(refused(&path).await, Unfit::Encrypted));
    std::fs::write(&path, "dear diary, ".repeat(400)).unwrap();
    assert!(matches!(refused(&path).await, Unfit::NotADatabase));

    std::fs::remove_file(&path).unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    db.execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    drop(db);
    let reason = refused(&path).await.to_string();
    assert!(
        reason.contains("not a database of this program"),
        "{reason}"
    );

    let taken = home.back_up(home.settings(), start()).await.unwrap();
    std::fs::copy(&taken.path, &path).unwrap();
    let db = rusqlite::Connection::open(&path).unwrap();
    let newer = "INSERT INTO schema_version SELECT 9999, 'later', applied_on, '1' FROM schema_version LIMIT 1";
    db.execute_batch(newer).unwrap();
    drop(db);
    let reason = refused(&path).await.to_string();
    assert!(reason.contains("version 9999, newer than"), "{reason}");
    assert!(matches!(
        refused(Path::new("/no/such/file")).await,
        Unfit::Io(_)
    ));
}

#[tokio::test]
async fn the_backup_that_is_meant_is_found() {
    let home = Home::with(1).await;
    for hour in ["10", "12", "14"] {
        let now = at(&format!("2026-11-22T{hour}:00:00Z"));
        home.back_up(home.settings(), now).await.unwrap();
    }
    let backups = home.backups(home.settings());
    let found = async |what: &str| match backups.find(what, at("2026-11-23T00:00:00Z")).await {
        Ok(found) => {
            let shown = found.shown();
            shown[shown.len() - "120000.db".len()..].to_owned()
        }
        Err(error) => error.to_string(),
    };
    assert_eq!(found("latest").await, "140000.db");
    assert_eq!(
        found("overwatch_backup_20261122_120000.db").await,
        "120000.db"
    );
    assert_eq!(found("20261122_120000").await, "120000.db");
    assert_eq!(found("2026-11-22 13:59").await, "120000.db");
    assert_eq!(found("2026-11-22").await, "140000.db");
    let path = home
        .backups_folder()
        .join("overwatch_backup_20261122_100000.db");
    assert_eq!(found(path.to_str().unwrap()).await, "100000.db");
    for what in [
        "2026-11-21",
        "overwatch_backup_20261122_130000.db",
        "best",
        "",
    ] {
        assert!(
            found(what).await.starts_with("there is no backup"),
            "{what}"
        );
    }
}
