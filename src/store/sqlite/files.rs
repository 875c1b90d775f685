//! The files around a database: their sizes, the room left.
//!
//! May touch: the file system, read-only but for [`try_write`], which leaves nothing behind.
//! Invariant: nothing here opens the database.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lock::beside;
use crate::store::safe_file;

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
    Ok(Sizes {
        file,
        log,
        free: free(path)?,
    })
}

/// Free space on the disk on which `path` is, for those who are not root, in bytes.
///
/// # Errors
/// The system's.
pub fn free(path: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Writes a small file into `folder`, through to the disk, and removes it.
///
/// # Errors
/// The system's: the disk is full, read-only, broken, or not ours to write on.
pub fn try_write(folder: &Path) -> io::Result<()> {
    // A file of its own for each who asks, also at the same time.
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let (process, number) = (std::process::id(), ASKED.fetch_add(1, Ordering::Relaxed));
    let path = folder.join(format!(".overwatch-bot-{process}-{number}.probe"));
    let write = || -> io::Result<()> {
        let mut file = safe_file::create(&path)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_was_written_to_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        try_write(folder.path()).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(try_write(&folder.path().join("none")).is_err());
    }

    #[test]
    fn many_who_ask_at_once_are_not_in_each_others_way() {
        let folder = tempfile::tempdir().unwrap();
        let ask = || (0..25).try_for_each(|_| try_write(folder.path()));
        std::thread::scope(|scope| {
            let asking: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            for asked in asking {
                asked.join().unwrap().unwrap();
            }
        });
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
