//! Making backups in a folder.

use chrono::TimeDelta;
use overwatch_bot::clock::Clock;
use overwatch_bot::domain::backup::Keep;
use overwatch_bot::jobs;
use overwatch_bot::store::backup::{BackupError, Settings, list};
use overwatch_bot::store::sqlite::{Checkpoints, Database};
use tokio_util::sync::CancellationToken;

use crate::home::{Home, at, count, files, meet, rows, start};

#[tokio::test]
async fn a_backup_is_one_file_with_a_manifest_and_has_every_row() {
    let home = Home::with(50).await;
    let taken = home.back_up(home.settings(), start()).await.unwrap();
    assert_eq!(
        files(&home.backups_folder()),
        [
            "overwatch_backup_20261122_120000.db",
            "overwatch_backup_20261122_120000.db.json"
        ]
    );
    assert_eq!(taken.contents.rows["users"], 50);
    assert_eq!(rows(&taken.path), rows(&home.database()));
    // Reading it made nothing beside it.
    assert_eq!(files(&home.backups_folder()).len(), 2);
}

#[tokio::test]
async fn a_backup_under_a_load_of_writes_is_of_one_moment() {
    let home = Home::with(20_000).await;
    let database = home.open().await;
    let store = database.store();
    let stop = CancellationToken::new();
    let load = async {
        let mut next = 20_001;
        while !stop.is_cancelled() {
            meet(&store, next..=next + 9).await;
            next += 10;
        }
        next
    };
    let backup = async {
        let mut made = Vec::new();
        for minute in 0..3 {
            let now = start() + TimeDelta::minutes(minute);
            made.push(home.back_up(home.settings(), now).await.unwrap());
        }
        stop.cancel();
        made
    };
    let (next, made) = tokio::join!(load, backup);
    database.close().await;
    let mut before = 20_000;
    for taken in made {
        let people = count(&taken.path, "users");
        assert_eq!(people, count(&taken.path, "user_accounts"));
        assert!((before..next).contains(&people), "{before} {people} {next}");
        assert_eq!(u64::try_from(people).unwrap(), taken.contents.rows["users"]);
        before = people;
    }
}

#[tokio::test]
async fn a_compressed_backup_is_smaller_and_verifies() {
    let home = Home::with(2_000).await;
    let plain = home.back_up(home.settings(), start()).await.unwrap();
    let settings = Settings {
        compress: true,
        ..home.settings()
    };
    let compressed = home.back_up(settings, start()).await.unwrap();
    assert!(compressed.bytes * 2 < plain.bytes);
    assert_eq!(files(&home.backups_folder()).len(), 4);
    // Made in the same second, it is named after the next one.
    assert_eq!(
        compressed.name.to_string(),
        "overwatch_backup_20261122_120001.db.zst"
    );
    let listed = home.backups(home.settings()).list_local().unwrap();
    assert_eq!(listed.len(), 2);
    for backup in listed {
        assert_eq!(backup.unfit, None, "{}", backup.name);
        assert_eq!(
            backup.schema_version,
            Some(overwatch_bot::store::sqlite::migrations::newest())
        );
    }
}

#[tokio::test]
async fn the_newest_are_kept_and_strange_files_are_nobodys_business() {
    let home = Home::with(1).await;
    let settings = Settings {
        keep: Keep {
            newest: 2,
            ..Keep::default()
        },
        ..home.settings()
    };
    std::fs::create_dir(home.backups_folder()).unwrap();
    std::fs::write(home.backups_folder().join("notes.txt"), "mine").unwrap();
    let left_over = "overwatch_backup_20261122_110000.plain.part";
    std::fs::write(home.backups_folder().join(left_over), "half").unwrap();
    for minute in 0..4 {
        let now = start() + TimeDelta::minutes(minute);
        home.back_up(settings.clone(), now).await.unwrap();
    }
    assert_eq!(
        files(&home.backups_folder()),
        [
            "notes.txt",
            "overwatch_backup_20261122_120200.db",
            "overwatch_backup_20261122_120200.db.json",
            "overwatch_backup_20261122_120300.db",
            "overwatch_backup_20261122_120300.db.json"
        ]
    );
}

#[tokio::test]
async fn a_damaged_database_is_not_backed_up_and_pushes_no_good_backup_out() {
    let home = Home::with(500).await;
    let settings = Settings {
        keep: Keep {
            newest: 1,
            ..Keep::default()
        },
        ..home.settings()
    };
    let good = home.back_up(settings.clone(), start()).await.unwrap();
    let mut bytes = std::fs::read(home.database()).unwrap();
    let third_page = 2 * 4096;
    bytes[third_page..third_page + 64].fill(0xEE);
    std::fs::write(home.database(), bytes).unwrap();

    let backups = home.backups(settings);
    let later = start() + TimeDelta::hours(1);
    let error = backups
        .take(later, &CancellationToken::new())
        .await
        .unwrap_err();
    assert!(matches!(error, BackupError::Snapshot { .. }), "{error}");
    assert!(good.path.exists());
    assert_eq!(files(&home.backups_folder()).len(), 2);
    let status = backups.status();
    assert_eq!(status.last.unwrap().at, start());
    assert_eq!(status.failure.unwrap().at, later);
}

#[tokio::test]
async fn where_no_database_is_none_is_made_by_the_backup() {
    let home = Home::new();
    let error = home.back_up(home.settings(), start()).await.unwrap_err();
    assert!(matches!(error, BackupError::NoDatabase(_)), "{error}");
    assert!(files(home.folder.path()).is_empty());
}

#[tokio::test]
async fn two_backups_at_once_do_not_get_into_each_others_way() {
    let home = Home::with(1).await;
    std::fs::create_dir(home.backups_folder()).unwrap();
    let lock = std::fs::File::create(home.backups_folder().join(".lock")).unwrap();
    lock.lock().unwrap();
    let error = home.back_up(home.settings(), start()).await.unwrap_err();
    assert!(matches!(error, BackupError::InProgress(_)), "{error}");
    drop(lock);
    home.back_up(home.settings(), start()).await.unwrap();
}

#[tokio::test]
async fn a_backup_that_is_interrupted_leaves_nothing() {
    let home = Home::with(20_000).await;
    let stop = CancellationToken::new();
    stop.cancel();
    let error = home
        .backups(home.settings())
        .take(start(), &stop)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("interrupted"), "{error}");
    assert!(files(&home.backups_folder()).is_empty());
}

#[tokio::test]
async fn the_schedule_makes_a_backup_when_one_is_due_and_not_before() {
    let home = Home::with(1).await;
    let settings = Settings {
        every: Some(TimeDelta::hours(6)),
        ..home.settings()
    };
    let backups = home.backups(settings);
    let clock = Clock::manual(start());
    let stop = CancellationToken::new();
    let job = tokio::spawn(jobs::backup::run(
        backups.clone(),
        clock.clone(),
        stop.clone(),
    ));
    let made = async |hours: i64| {
        let due = start() + TimeDelta::hours(hours);
        while backups.status().last.is_none_or(|last| last.at < due) {
            tokio::task::yield_now().await;
        }
    };
    made(0).await;
    clock.set(at("2026-11-22T17:59:59Z"));
    assert_eq!(
        backups.next_due(clock.now()),
        Some(at("2026-11-22T18:00:00Z"))
    );
    clock.set(at("2026-11-22T18:00:00Z"));
    made(6).await;
    stop.cancel();
    job.await.unwrap();

    // The next process knows from the folder when it is due again, and a clock that was wrong
    // once stops nothing.
    let next = home.backups(backups.settings().clone());
    assert_eq!(next.next_due(clock.now()), Some(at("2026-11-23T00:00:00Z")));
    assert_eq!(
        next.next_due(at("2020-01-01T00:00:00Z")),
        Some(at("2020-01-01T00:00:00Z"))
    );
    assert_eq!(home.backups(home.settings()).next_due(clock.now()), None);
}

#[tokio::test]
async fn beside_litestream_the_log_is_left_alone() {
    let home = Home::new();
    let folder = home.backups_folder();
    let open = async |checkpoints| {
        Database::open_with(&home.database(), &folder, start(), checkpoints).await
    };
    let database = open(Checkpoints::Litestream).await.unwrap();
    meet(&database.store(), 1..=3_000).await;
    let settings = Settings {
        litestream: true,
        ..home.settings()
    };
    let backups = home.backups(settings);
    let log = backups.log_bytes();
    assert!(log > 0);
    let taken = backups
        .take(start(), &CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(taken.contents.rows["users"], 3_000);
    assert!(backups.log_bytes() >= log);
    database.close().await;
    assert!(
        backups.log_bytes() >= log,
        "it is kept for Litestream to read"
    );

    let database = open(Checkpoints::Own).await.unwrap();
    meet(&database.store(), 3_001..=3_001).await;
    database.close().await;
    assert_eq!(backups.log_bytes(), 0);
    assert_eq!(count(&home.database(), "users"), 3_001);
}

#[tokio::test]
async fn backup_is_verified_by_many_at_once() {
    let home = Home::with(50).await;
    let settings = Settings {
        compress: true,
        ..home.settings()
    };
    let taken = home.back_up(settings, start()).await.unwrap();
    let verify = || (0..10).try_for_each(|_| list::verify(&taken.path).map(drop));
    std::thread::scope(|scope| {
        let verifying: Vec<_> = (0..8).map(|_| scope.spawn(verify)).collect();
        for verified in verifying {
            verified.join().unwrap().unwrap();
        }
    });
}
