//! Full disks and read-only ones: real file systems, which only root can make.

use std::path::Path;
use std::process::Command;

use overwatch_bot::store::backup::{BackupError, Settings};
use overwatch_bot::store::disk_room::DiskRoom;
use overwatch_bot::store::sqlite::restore::restore;
use overwatch_bot::store::sqlite::{Database, reserve};

use crate::home::{Home, Meet, count, files, start};

/// How often making a disk read-only is tried.
const REMOUNTS_MAX: u32 = 200;

/// A small file system in memory, gone with this value.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None`, said plainly, where the tests do not run as root; there always is one in CI.
    fn mount(options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let disk = Self(folder);
        if run(
            "mount",
            &["-t", "tmpfs", "-o", options, "tmpfs"],
            disk.path(),
        ) {
            return Some(disk);
        }
        assert!(
            std::env::var_os("CI").is_none(),
            "CI cannot mount a small disk"
        );
        eprintln!("skipped: only root can mount a small disk");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Nothing can be written any more. A program that another thread is just starting has a copy
    /// of every descriptor until it begins, and the system refuses for as long as it has.
    fn make_read_only(&self) {
        let options = ["-o", "remount,ro"];
        let refused = || !run("mount", &options, self.path());
        let mut tries = 0;
        while refused() {
            tries += 1;
            assert!(tries < REMOUNTS_MAX, "it cannot be made read-only");
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run("umount", &["-l"], self.path());
    }
}

fn run(program: &str, arguments: &[&str], path: &Path) -> bool {
    let done = Command::new(program).args(arguments).arg(path).output();
    done.is_ok_and(|done| done.status.success())
}

#[tokio::test]
async fn a_full_disk_is_told_leaves_no_half_backup_and_keeps_the_good_ones() {
    let Some(disk) = SmallDisk::mount("size=2m") else {
        return;
    };
    let home = Home::with(100).await;
    let settings = Settings {
        folder: disk.path().join("backups"),
        ..home.settings()
    };
    let good = home.back_up(settings.clone(), start()).await.unwrap();
    let database = home.open().await;
    crate::home::meet(&database.store(), 101..=60_000).await;

    for compress in [false, true] {
        let settings = Settings {
            compress,
            ..settings.clone()
        };
        let error = home.back_up(settings, start()).await.unwrap_err();
        let told = error.to_string();
        assert!(told.contains("full") || told.contains("space"), "{told}");
    }
    assert_eq!(files(&disk.path().join("backups")).len(), 2);
    assert_eq!(count(&good.path, "users"), 100);
    // The bot goes on.
    crate::home::meet(&database.store(), 60_001..=60_001).await;
    database.close().await;
}

#[tokio::test]
async fn a_restore_onto_a_full_disk_leaves_the_present_database() {
    let Some(disk) = SmallDisk::mount("size=2m") else {
        return;
    };
    let home = Home::with(60_000).await;
    for compress in [false, true] {
        let settings = Settings {
            compress,
            ..home.settings()
        };
        let taken = home.back_up(settings, start()).await.unwrap();
        let small = Home::with(5).await;
        let path = disk.path().join("overwatch.db");
        std::fs::copy(small.database(), &path).unwrap();
        let told = restore(&path, &taken.path, start(), false)
            .unwrap_err()
            .to_string();
        assert!(told.contains("full") || told.contains("space"), "{told}");
        assert_eq!(files(disk.path()), ["overwatch.db", "overwatch.db.lock"]);
        // Counted elsewhere: a program that another thread is just starting has copies of the
        // descriptors, and the space of what was removed is taken until it begins.
        let elsewhere = small.database().with_extension("copy");
        std::fs::copy(&path, &elsewhere).unwrap();
        assert_eq!(count(&elsewhere, "users"), 5);
    }
}

#[tokio::test]
async fn a_read_only_folder_is_told_and_its_backups_can_still_be_restored() {
    let Some(disk) = SmallDisk::mount("size=8m") else {
        return;
    };
    let home = Home::with(100).await;
    let settings = Settings {
        folder: disk.path().to_owned(),
        ..home.settings()
    };
    let plain = home.back_up(settings.clone(), start()).await.unwrap();
    let compress = Settings {
        compress: true,
        ..settings.clone()
    };
    let compressed = home.back_up(compress, start()).await.unwrap();
    disk.make_read_only();

    let error = home.back_up(settings.clone(), start()).await.unwrap_err();
    assert!(matches!(error, BackupError::Io { .. }), "{error}");
    assert!(error.to_string().contains("Read-only"), "{error}");
    let listed = home.backups(settings).list_local().unwrap();
    assert!(
        listed.iter().all(|backup| backup.unfit.is_none()),
        "{listed:?}"
    );
    for backup in [plain, compressed] {
        let other = Home::new();
        restore(&other.database(), &backup.path, start(), false).unwrap();
        assert_eq!(count(&other.database(), "users"), 100);
    }
}

/// In which folder [`fills_a_disk_and_is_killed`] does so.
const FILLED: &str = "TEST_FILLED_DISK";
/// People who are met at once while a disk is filled.
const MET_AT_ONCE: i64 = 500;
/// The disk that is filled is this large, and then that large, in KiB.
const SMALL_KIB: u64 = 12 * 1024;
const LARGER_KIB: u64 = 24 * 1024;
/// The log may be this long where room is short, in bytes.
const SHORT_LOG_MAX_BYTES: u64 = 1024 * 1024;
/// Above the numbers of those who fill it.
const OTHERS: i64 = 1_000_000;
/// Commands after which the reserve is there again at the latest.
const LOOKED_AT_AFTER: i64 = 64;

async fn open_on(disk: &Path) -> Database {
    let opened = Database::open(&disk.join("overwatch.db"), &disk.join("backups"), start()).await;
    opened.expect("it starts")
}

fn log_bytes(disk: &Path) -> u64 {
    std::fs::metadata(disk.join("overwatch.db-wal")).map_or(0, |log| log.len())
}

/// Run by the test below as a process of its own.
#[test]
#[ignore = "a part of another test"]
fn fills_a_disk_and_is_killed() {
    let Some(disk) = std::env::var_os(FILLED) else {
        return;
    };
    let disk = Path::new(&disk);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let database = open_on(disk).await;
        let (store, mut met) = (database.store(), 0);
        let told = loop {
            let all = (1..=MET_AT_ONCE).map(|next| store.execute_job(Meet(met + next)));
            let all = futures_util::future::join_all(all).await;
            let failed = all.into_iter().find_map(Result::err);
            // What is too much at once still fits by ones.
            let failed = match failed {
                None => {
                    met += MET_AT_ONCE;
                    continue;
                }
                Some(_) => loop {
                    match store.execute_job(Meet(met + 1)).await {
                        Ok(_) => met += 1,
                        // Of those who were met at once some were.
                        Err(error) if error.to_string().contains("UNIQUE") => met += 1,
                        Err(error) => break error.to_string(),
                    }
                },
            };
            break failed;
        };
        println!("met={met} told={told} room={:?}", store.disk_room());
        std::process::abort();
    });
}

#[tokio::test]
async fn a_disk_that_the_bot_fills_itself_can_be_started_on_and_goes_on_when_it_grows() {
    let Some(disk) = SmallDisk::mount(&format!("size={SMALL_KIB}k")) else {
        return;
    };
    let filled = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            "disks::fills_a_disk_and_is_killed",
        ])
        .env(FILLED, disk.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&filled.stdout).into_owned();
    let met: i64 = said
        .split_once("met=")
        .and_then(|(_, rest)| rest.split(' ').next()?.parse().ok())
        .unwrap_or_else(|| panic!("it failed: {filled:?}"));
    assert!(said.contains("make room"), "{said}");
    assert!(said.contains("room=ReserveUsed"), "{said}");
    assert!(
        log_bytes(disk.path()) < SHORT_LOG_MAX_BYTES,
        "{} bytes of log",
        log_bytes(disk.path())
    );
    // The disk is full of data, and not of log.
    let bytes = disk
        .path()
        .join("overwatch.db")
        .metadata()
        .expect("the file")
        .len();
    assert!(bytes > SMALL_KIB * 1024 * 3 / 4, "{bytes} bytes only");

    let database = open_on(disk.path()).await;
    let found = count(&disk.path().join("overwatch.db"), "users");
    assert!(found >= met, "{found} of {met}");
    let options = ["-o", &format!("remount,size={LARGER_KIB}k")];
    assert!(run("mount", &options, disk.path()));
    for one in 1..=LOOKED_AT_AFTER {
        let person = OTHERS + one;
        crate::home::meet(&database.store(), person..=person).await;
    }
    assert_eq!(database.store().disk_room(), DiskRoom::Enough);
    database.close().await;
    let path = disk.path().join("overwatch.db");
    assert!(reserve::is_there(&path));
    assert_eq!(count(&path, "users"), found + LOOKED_AT_AFTER);
    assert_eq!(log_bytes(disk.path()), 0);
}

#[tokio::test]
async fn a_disk_that_others_fill_lets_the_last_commits_through_and_the_reserve_comes_back() {
    let Some(disk) = SmallDisk::mount("size=16m") else {
        return;
    };
    let database = open_on(disk.path()).await;
    let path = disk.path().join("overwatch.db");
    crate::home::meet(&database.store(), 1..=2_000).await;
    assert!(reserve::is_there(&path));
    let ballast = disk.path().join("ballast");
    std::fs::write(&ballast, vec![1; 16 << 20]).expect_err("the disk is full");
    // Nobody notices.
    for person in 2_001..=2_000 + LOOKED_AT_AFTER {
        crate::home::meet(&database.store(), person..=person).await;
    }
    assert!(!reserve::is_there(&path));
    assert_eq!(database.store().disk_room(), DiskRoom::ReserveUsed);
    std::fs::remove_file(&ballast).expect("it goes");
    for person in 3_001..=3_000 + LOOKED_AT_AFTER {
        crate::home::meet(&database.store(), person..=person).await;
    }
    assert!(reserve::is_there(&path));
    assert_eq!(database.store().disk_room(), DiskRoom::Enough);
    database.close().await;
}

#[tokio::test]
async fn start_on_a_full_disk_looks_at_a_log_with_the_reserve_and_blames_nobody_without_it() {
    for has_reserve in [true, false] {
        let Some(disk) = SmallDisk::mount("size=8m") else {
            return;
        };
        let home = Home::with(100).await;
        let database = home.open().await;
        crate::home::meet(&database.store(), 101..=110).await;
        // As after the loss of power: no index of the log, and the record of the pair is of other files.
        let path = disk.path().join("overwatch.db");
        for ending in ["", "-wal"] {
            let [from, to] =
                [home.database(), path.clone()].map(|path| format!("{}{ending}", path.display()));
            std::fs::copy(from, to).expect("a copy");
        }
        database.close().await;
        if has_reserve {
            std::fs::write(reserve::path_of(&path), vec![1; 1 << 20]).expect("a reserve");
        }
        let ballast = disk.path().join("ballast");
        std::fs::write(&ballast, vec![1; 16 << 20]).expect_err("the disk is full");

        let opened = Database::open(&path, &disk.path().join("backups"), start()).await;
        match opened {
            Ok(database) => {
                assert!(has_reserve);
                database.close().await;
                assert_eq!(count(&path, "users"), 110);
            }
            Err(error) => {
                let told = error.to_string();
                assert!(!has_reserve, "{told}");
                assert!(told.contains("make room"), "{told}");
                assert!(!told.contains("does not belong"), "{told}");
                assert!(!error.is_setting(), "{told}");
            }
        }
    }
}
