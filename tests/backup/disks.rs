//! Full disks and read-only ones: real file systems, which only root can make.

use std::path::Path;
use std::process::Command;

use overwatch_bot::store::backup::{BackupError, Settings};
use overwatch_bot::store::sqlite::restore::restore;

use crate::home::{Home, count, files, start};

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
        assert_eq!(count(&path, "users"), 5);
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
