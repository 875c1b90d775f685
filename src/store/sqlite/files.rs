//! The files around a database: their sizes, the room left, the backups.
//!
//! May touch: the file system, read-only but for [`try_write`], which leaves nothing behind.
//! Invariant: nothing here opens the database.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, Utc};

/// What the name of a backup begins with.
pub const BACKUP_PREFIX: &str = "overwatch_backup_";
/// The moment in the name of a backup, in UTC.
const BACKUP_TIME: &str = "%Y%m%d_%H%M%S";
/// How a backup's name may end.
const BACKUP_ENDINGS: [&str; 2] = [".db.zst", ".db"];

/// How much room a database takes and has, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The file itself.
    pub file: u64,
    /// Its write-ahead log; 0 if there is none.
    pub log: u64,
    /// Free space on its disk, for those who are not root.
    pub free: u64,
}

/// Measures the database at `path`.
///
/// # Errors
/// The system's, of the file or its disk.
pub fn sizes(path: &Path) -> io::Result<Sizes> {
    let file = std::fs::metadata(path)?.len();
    let log = std::fs::metadata(beside(path, "-wal")).map_or(0, |log| log.len());
    let disk = rustix::fs::statvfs(path)?;
    Ok(Sizes {
        file,
        log,
        free: disk.f_bavail.saturating_mul(disk.f_frsize),
    })
}

/// A backup as its name tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFile {
    /// Where it is.
    pub path: PathBuf,
    /// Of which moment.
    pub at: DateTime<Utc>,
    /// Its size.
    pub bytes: u64,
}

/// The newest backup in `folder`, by the names; `None` if there is none, or no such folder.
///
/// # Errors
/// The system's, of a folder that is there and cannot be read.
pub fn newest_backup(folder: &Path) -> io::Result<Option<BackupFile>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    let mut newest: Option<BackupFile> = None;
    for entry in entries {
        let entry = entry?;
        let Some(at) = backup_time(&entry.file_name().to_string_lossy()) else {
            continue;
        };
        if newest.as_ref().is_none_or(|newest| newest.at < at) {
            newest = Some(BackupFile {
                path: entry.path(),
                at,
                bytes: entry.metadata()?.len(),
            });
        }
    }
    Ok(newest)
}

/// Writes a small file into `folder`, through to the disk, and removes it.
///
/// # Errors
/// The system's: the disk is full, read-only, broken, or not ours to write on.
pub fn try_write(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".overwatch-bot-{}.probe", std::process::id()));
    let write = || -> io::Result<()> {
        let mut file = std::fs::File::create(&path)?;
        file.write_all(&[0; 4096])?;
        file.sync_all()
    };
    let written = write();
    match std::fs::remove_file(&path) {
        Err(error) if written.is_ok() => Err(error),
        _ => written,
    }
}

/// The folder in which `path` is.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn backup_time(name: &str) -> Option<DateTime<Utc>> {
    let stem = name.strip_prefix(BACKUP_PREFIX)?;
    let time = BACKUP_ENDINGS
        .iter()
        .find_map(|end| stem.strip_suffix(end))?;
    let time = NaiveDateTime::parse_from_str(time, BACKUP_TIME).ok()?;
    Some(time.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_backup_is_found_by_its_name_among_other_files() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(newest_backup(&folder.path().join("none")).unwrap(), None);
        for name in [
            "overwatch_backup_20260921_141320.db",
            "overwatch_backup_20261122_120000.db.zst",
            "overwatch_backup_20270101_000000.db.part",
            "overwatch_backup_later.db",
            "notes.txt",
        ] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let newest = newest_backup(folder.path()).unwrap().unwrap();
        assert_eq!(newest.at.to_rfc3339(), "2026-11-22T12:00:00+00:00");
        assert_eq!(newest.bytes, 39);
    }

    #[test]
    fn a_folder_that_was_written_to_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        try_write(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(try_write(&folder.path().join("none")).is_err());
    }
}
