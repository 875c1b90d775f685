//! The volume is not there: what a start without a database does, and what becomes of the backups.

use std::path::Path;
use std::process::{Command, Output};

use chrono::TimeDelta;
use overwatch_bot::domain::backup::Keep;
use overwatch_bot::store::backup::Settings;
use overwatch_bot::store::backup::first_start::FirstStartError;
use overwatch_bot::store::backup::mounts::Surroundings;
use overwatch_bot::store::installation::{Identify, Installation};
use overwatch_bot::store::sqlite::restore::{RestoreError, restore, restore_if};

use crate::home::{Home, at, count, files, meet, start};
use crate::s3::{self, Server};

const TOKEN: &str = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs";
/// The root of a container, and nothing mounted in it.
const ROOT: &str = "27 1 0:52 / / rw,relatime - overlay overlay rw,lowerdir=/a\n";

fn program(home: &Home, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_overwatch-bot"))
        .args(arguments)
        .current_dir(home.folder.path())
        .env_clear()
        .env("DB_PATH", home.database())
        .env("BACKUP_DIR", home.backups_folder())
        .env("BOT_TOKEN", TOKEN)
        .env("DISCORD_API_URL", "http://127.0.0.1:9")
        .envs(environment.iter().copied())
        .output()
        .expect("it runs")
}

fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8(both).expect("text")
}

/// Opens the database as the bot does; its identity and incarnation.
async fn identify(home: &Home) -> Installation {
    let database = home.open().await;
    let identified = database.store().execute_job(Identify::or_at_random()).await;
    database.close().await;
    let Ok(installation) = identified.expect("it answers");
    installation
}

/// Removes the database, as a volume that is not attached does.
fn lose(home: &Home) {
    for ending in ["", "-wal", "-shm", ".lock"] {
        let path = format!("{}{ending}", home.database().display());
        let _ = std::fs::remove_file(path);
    }
}

#[tokio::test]
async fn start_without_the_database_beside_its_backups_is_refused() {
    let home = Home::with(40).await;
    identify(&home).await;
    let taken = home.back_up(home.settings(), start()).await.unwrap();
    lose(&home);
    for command in ["run", "migrate"] {
        let refused = program(&home, &[command], &[]);
        let told = said(&refused);
        assert_eq!(refused.status.code(), Some(2), "{told}");
        for part in ["overwatch-bot restore latest", "START_EMPTY="] {
            assert!(told.contains(part), "{told}");
        }
        assert!(!home.database().exists());
    }
    assert!(taken.path.exists());
    let restored = program(&home, &["restore", "latest"], &[]);
    assert!(restored.status.success(), "{}", said(&restored));
    let again = program(&home, &["migrate"], &[]);
    assert!(again.status.success(), "{}", said(&again));
    assert_eq!(count(&home.database(), "users"), 40);
}

#[tokio::test]
async fn start_empty_counts_once_and_is_recorded() {
    let home = Home::with(40).await;
    let before = identify(&home).await;
    home.back_up(home.settings(), start()).await.unwrap();
    lose(&home);
    let begun = program(&home, &["migrate"], &[("START_EMPTY", "first")]);
    assert!(begun.status.success(), "{}", said(&begun));
    assert_ne!(identify(&home).await.identity, before.identity);
    // It stays set, as settings do.
    let again = program(&home, &["migrate"], &[("START_EMPTY", "first")]);
    assert!(again.status.success(), "{}", said(&again));

    lose(&home);
    let refused = program(&home, &["migrate"], &[("START_EMPTY", "first")]);
    let told = said(&refused);
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("has counted already"), "{told}");
    let other = program(&home, &["migrate", "--start-empty", "second"], &[]);
    assert!(other.status.success(), "{}", said(&other));
}

#[tokio::test]
async fn start_empty_counts_even_if_its_first_backup_fails() {
    let home = Home::with(40).await;
    home.back_up(home.settings(), start()).await.unwrap();
    lose(&home);
    // Backups can be read, and none can be made.
    let lock = home.backups_folder().join(".lock");
    std::fs::remove_file(&lock).unwrap();
    std::fs::create_dir(&lock).unwrap();
    let word = [("START_EMPTY", "first")];
    for _ in 0..2 {
        let begun = program(&home, &["migrate"], &word);
        let told = said(&begun);
        assert_eq!(begun.status.code(), Some(1), "{told}");
        assert!(told.contains("not backed up at once"), "{told}");
    }
    std::fs::remove_dir(&lock).unwrap();
    let begun = program(&home, &["migrate"], &word);
    assert!(begun.status.success(), "{}", said(&begun));
    lose(&home);
    let refused = program(&home, &["migrate"], &word);
    let told = said(&refused);
    assert!(told.contains("has counted already"), "{told}");
}

#[test]
fn start_that_looks_at_backups_can_be_stopped() {
    let home = Home::new();
    std::fs::create_dir(home.backups_folder()).unwrap();
    // Who opens it waits for ever.
    let stuck = home
        .backups_folder()
        .join("overwatch_backup_20261122_120000.db");
    let made = Command::new("mkfifo").arg(&stuck).status();
    assert!(made.unwrap().success());
    let mut bot = Command::new("timeout")
        .args(["--signal=TERM", "--kill-after=10", "1"])
        .arg(env!("CARGO_BIN_EXE_overwatch-bot"))
        .arg("run")
        .current_dir(home.folder.path())
        .env("DB_PATH", home.database())
        .env("BACKUP_DIR", home.backups_folder())
        .env("BOT_TOKEN", TOKEN)
        .spawn()
        .unwrap();
    // 124: it was told to stop and did; 137: it had to be killed.
    assert_eq!(bot.wait().unwrap().code(), Some(124));
}

#[tokio::test]
async fn first_start_needs_no_word() {
    let home = Home::new();
    let begun = program(&home, &["migrate"], &[]);
    assert!(begun.status.success(), "{}", said(&begun));
    // Backups of an empty database are no reason to stop.
    home.back_up(home.settings(), start()).await.unwrap();
    lose(&home);
    let begun = program(&home, &["migrate"], &[]);
    assert!(begun.status.success(), "{}", said(&begun));
}

#[tokio::test]
async fn container_without_a_volume_is_refused() {
    let home = Home::new();
    let backups = |database: &str, folder: &Path| {
        let settings = Settings::in_folder(folder);
        overwatch_bot::store::backup::Backups::new(Path::new(database), settings).unwrap()
    };
    let container = Surroundings::new(true, ROOT);
    let lost = backups("/data/none/overwatch.db", Path::new("/data/none/backups"));
    let refused = lost.check_first_start(None, &container, start()).await;
    let told = refused.unwrap_err().to_string();
    assert!(
        told.contains("/data") && told.contains("START_EMPTY="),
        "{told}"
    );
    let elsewhere = Surroundings::new(false, ROOT);
    lost.check_first_start(None, &elsewhere, start())
        .await
        .unwrap();
    // Backups on a volume would know of an earlier life.
    let mount = format!(
        "28 27 0:9 / {} rw - ext4 /dev/vda rw\n",
        home.folder.path().display()
    );
    let remembering = Surroundings::new(true, &format!("{ROOT}{mount}"));
    let kept = backups("/data/none/overwatch.db", &home.backups_folder());
    kept.check_first_start(None, &remembering, start())
        .await
        .unwrap();
}

#[tokio::test]
async fn empty_database_pushes_no_good_backup_out_here_or_in_the_object_store() {
    let server = Server::start().await;
    let home = Home::with(40).await;
    identify(&home).await;
    let settings = Settings {
        keep: Keep {
            newest: 2,
            ..Keep::default()
        },
        ..s3::settings(&home, &server)
    };
    let backups = home.backups(settings.clone());
    let good = home.back_up(settings.clone(), start()).await.unwrap();
    backups.upload_newest(start()).await.unwrap();
    lose(&home);
    identify(&home).await;
    for hour in 1..6 {
        let now = start() + TimeDelta::hours(hour);
        home.back_up(settings.clone(), now).await.unwrap();
        backups.upload_newest(now).await.unwrap();
    }
    let name = good.name.to_string();
    assert!(files(&home.backups_folder()).contains(&name));
    assert!(files(&server.folder()).contains(&name));
    // Two of the new ones, and the good one, each with its manifest.
    assert_eq!(files(&home.backups_folder()).len(), 6);
    let later = at("2026-11-23T12:00:00Z");
    let latest = backups.find("latest", later).await.unwrap();
    assert!(latest.shown().ends_with(&name), "{}", latest.shown());
}

#[tokio::test]
async fn backups_in_the_object_store_alone_stop_an_empty_start() {
    let mut server = Server::start().await;
    let home = Home::with(40).await;
    let settings = s3::settings(&home, &server);
    home.back_up(settings.clone(), start()).await.unwrap();
    let backups = home.backups(settings);
    backups.upload_newest(start()).await.unwrap();
    lose(&home);
    std::fs::remove_dir_all(home.backups_folder()).unwrap();
    let here = Surroundings::new(false, "");
    let refused = backups.check_first_start(None, &here, start()).await;
    assert!(
        matches!(refused, Err(FirstStartError::BackupsExist { .. })),
        "{refused:?}"
    );
    let later = start() + TimeDelta::hours(1);
    let begun = backups.check_first_start(Some("word"), &here, later).await;
    begun.unwrap();
    // The word is known there too.
    lose(&home);
    std::fs::remove_dir_all(home.backups_folder()).unwrap();
    let used = backups
        .check_first_start(Some("word"), &here, start())
        .await;
    assert!(
        matches!(used, Err(FirstStartError::Used { .. })),
        "{used:?}"
    );
    // Where nobody can ask, nobody knows.
    server.stop().await;
    let unknown = backups.check_first_start(None, &here, start()).await;
    assert!(
        matches!(unknown, Err(FirstStartError::Remote { .. })),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn restore_keeps_the_identity_and_renews_the_incarnation() {
    let home = Home::with(4).await;
    let before = identify(&home).await;
    let taken = home.back_up(home.settings(), start()).await.unwrap();
    assert_eq!(taken.contents.identity.as_ref(), Some(&before.identity));
    restore(&home.database(), &taken.path, start(), false).unwrap();
    let after = identify(&home).await;
    assert_eq!(after.identity, before.identity);
    assert_ne!(after.incarnation, before.incarnation);
    assert_eq!(identify(&home).await, after);
}

#[tokio::test]
async fn restore_shows_what_would_be_gone_before_it_is() {
    let home = Home::with(3).await;
    let taken = home.back_up(home.settings(), start()).await.unwrap();
    let database = home.open().await;
    meet(&database.store(), 4..=40).await;
    database.close().await;
    let mut shown = None;
    let mut decline = |comparison: &_| {
        shown = Some(Clone::clone(comparison));
        false
    };
    let declined = restore_if(&home.database(), &taken.path, start(), false, &mut decline);
    assert!(
        matches!(declined, Err(RestoreError::Declined)),
        "{declined:?}"
    );
    let shown = shown.unwrap();
    assert_eq!(shown.present.as_ref().unwrap().rows["users"], 40);
    assert_eq!(shown.restored.rows["users"], 3);
    assert!(shown.loses_more_than_half());
    assert_eq!(count(&home.database(), "users"), 40);

    // Nobody is there to be asked.
    let refused = program(&home, &["restore", "latest"], &[]);
    let told = said(&refused);
    assert_eq!(refused.status.code(), Some(1), "{told}");
    assert!(told.contains("--yes") && told.contains("users"), "{told}");
    assert_eq!(count(&home.database(), "users"), 40);
    let done = program(&home, &["restore", "latest", "--yes"], &[]);
    assert!(done.status.success(), "{}", said(&done));
    assert_eq!(count(&home.database(), "users"), 3);
}
