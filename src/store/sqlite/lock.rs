//! The lock that says which process has a database open for writing.
//!
//! May touch: the lock file beside the database, and the lock on the database file itself that is not
//! SQLite's. Invariant: one holder at a time, by whatever name the file is reached; the system itself
//! lets go when the process ends, however it ends, so that no lock is ever left over.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::location::{self, LocationError};
use crate::store::safe_file;

/// Why the lock could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error(
        "the database {} is in use by another overwatch-bot{holder}; stop that one first",
        path.display()
    )]
    Held {
        /// The database.
        path: PathBuf,
        /// ` (process 123)`, or nothing if that is not known.
        holder: String,
    },
    /// The path cannot be that of a database.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// The lock file cannot be made or locked.
    #[error("the lock file {} cannot be used: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}

impl LockError {
    /// Whether it is a setting that is wrong, so that another start would fail in the same way.
    pub fn is_setting(&self) -> bool {
        matches!(self, Self::Location(_))
    }
}

/// The right to write to a database, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    /// Where the database really is.
    database: PathBuf,
    /// The database file and whether it is locked, as a whole: two containers may have the one file under two paths.
    /// Closed after SQLite's connections, whose own locks would go with it.
    held: Option<(File, bool)>,
}

impl Lock {
    /// Takes the lock of the database at `path`; never waits.
    ///
    /// # Errors
    /// [`LockError::Held`] if another process, or another part of this one, has it.
    pub(crate) fn take(path: &Path) -> Result<Self, LockError> {
        let path = &location::resolve(path)?;
        let lock_path = beside(path, ".lock");
        let io = |source| LockError::Io {
            path: lock_path.clone(),
            source,
        };
        let mut file = safe_file::open_lock(&lock_path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held {
                    path: path.to_owned(),
                    holder: holder(&mut file),
                });
            }
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        // Only for the sentence that another process will print; on a full disk it prints none.
        let told = file
            .set_len(0)
            .and_then(|()| write!(file, "{}", std::process::id()));
        if let Err(error) = told {
            tracing::debug!(%error, path = %lock_path.display(), "failed to write down who holds the lock");
        }
        let mut lock = Self {
            file,
            database: path.to_owned(),
            held: None,
        };
        lock.hold_file()?;
        Ok(lock)
    }

    /// Where the database is, links followed.
    pub(crate) fn database(&self) -> &Path {
        &self.database
    }

    /// Locks the database file itself, if it is there by now.
    ///
    /// # Errors
    /// As [`Lock::take`].
    pub(crate) fn hold_file(&mut self) -> Result<(), LockError> {
        if self.held.is_some() || !self.database.exists() {
            return Ok(());
        }
        let io = |source| LockError::Io {
            path: self.database.clone(),
            source,
        };
        let file = File::open(&self.database).map_err(io)?;
        location::require_one_name(&self.database, &file.metadata().map_err(io)?)?;
        if is_on_network(&file) {
            // Kept open without a lock: closing it would drop SQLite's locks on it.
            self.held = Some((file, false));
            return Ok(());
        }
        match file.try_lock() {
            Ok(()) => self.held = Some((file, true)),
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held {
                    path: self.database.clone(),
                    holder: String::new(),
                });
            }
            // Not every file system has such locks; the one on the lock file is there.
            Err(TryLockError::Error(error)) => {
                tracing::debug!(%error, "the database file itself cannot be locked");
                self.held = Some((file, false));
            }
        }
        Ok(())
    }
}

impl Drop for Lock {
    /// Lets go by word. Closing the file would not be enough: a program that another thread is
    /// just starting has a copy of every descriptor until it begins, and the lock with it.
    fn drop(&mut self) {
        // Where unlocking fails there is nothing left but to close the file, which follows.
        let _ = self.file.unlock();
        if let Some((file, true)) = &self.held {
            let _ = file.unlock();
        }
    }
}

/// Whether a file is on NFS or SMB, where the lock of a whole file would be in the way of SQLite's own:
/// flock(2), "NFS details", "CIFS details".
fn is_on_network(file: &File) -> bool {
    const NFS: i64 = 0x6969;
    const SMB: i64 = 0x517b;
    const CIFS: i64 = 0xff53_4d42;
    const SMB2: i64 = 0xfe53_4d42;
    let found = rustix::fs::fstatfs(file).map(|found| found.f_type);
    found.is_ok_and(|kind| [NFS, SMB, CIFS, SMB2].contains(&(kind & 0xffff_ffff)))
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) if !text.is_empty() && text.chars().all(|char| char.is_ascii_digit()) => {
            format!(" (process {text})")
        }
        _ => String::new(),
    }
}

/// The file whose name is that of `path` with `ending` behind it.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_and_told_who_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("overwatch.db");
        let first = Lock::take(&path).unwrap();
        let refused = Lock::take(&path).unwrap_err().to_string();
        assert!(
            refused.contains(&format!("(process {})", std::process::id())),
            "{refused}"
        );
        drop(first);
        Lock::take(&path).unwrap();
    }

    #[test]
    fn file_that_is_held_under_another_path_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("overwatch.db");
        std::fs::write(&path, "").unwrap();
        // As by a process that sees the file elsewhere.
        let elsewhere = File::open(&path).unwrap();
        elsewhere.try_lock().unwrap();
        assert!(matches!(Lock::take(&path), Err(LockError::Held { .. })));
        elsewhere.unlock().unwrap();
        let lock = Lock::take(&path).unwrap();
        assert!(matches!(
            elsewhere.try_lock(),
            Err(TryLockError::WouldBlock)
        ));
        drop(lock);
        elsewhere.try_lock().unwrap();
    }

    #[test]
    fn link_to_a_database_leads_to_the_same_lock() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (
            folder.path().join("overwatch.db"),
            folder.path().join("link.db"),
        );
        std::fs::write(&path, "").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let lock = Lock::take(&link).unwrap();
        assert_eq!(lock.database(), path);
        assert!(matches!(Lock::take(&path), Err(LockError::Held { .. })));
        drop(lock);
        std::fs::remove_file(&link).unwrap();
        std::fs::hard_link(&path, &link).unwrap();
        assert!(matches!(Lock::take(&path), Err(LockError::Location(_))));
    }

    #[test]
    fn whoever_has_a_copy_of_the_descriptor_does_not_keep_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("overwatch.db");
        let first = Lock::take(&path).unwrap();
        let copy = first.file.try_clone().unwrap();
        drop(first);
        Lock::take(&path).unwrap();
        drop(copy);
    }
}
