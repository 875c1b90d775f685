//! The lock that says which process has a database open for writing.
//!
//! May touch: the lock file beside the database. Invariant: one holder at a time; the system
//! itself lets go when the process ends, however it ends, so that no lock is ever left over.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

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
    /// The lock file cannot be made or locked.
    #[error("the lock file {} cannot be used: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}

/// The right to write to a database, for as long as this lives.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of the database at `path`; never waits.
    ///
    /// # Errors
    /// [`LockError::Held`] if another process, or another part of this one, has it.
    pub(crate) fn take(path: &Path) -> Result<Self, LockError> {
        let lock_path = beside(path, ".lock");
        let io = |source| LockError::Io {
            path: lock_path.clone(),
            source,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(io)?;
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
        // Only for the sentence that another process will print.
        let told = file
            .set_len(0)
            .and_then(|()| write!(file, "{}", std::process::id()));
        told.map_err(io)?;
        Ok(Self { file })
    }
}

impl Drop for Lock {
    /// Lets go by word. Closing the file would not be enough: a program that another thread is
    /// just starting has a copy of every descriptor until it begins, and the lock with it.
    fn drop(&mut self) {
        // Where unlocking fails there is nothing left but to close the file, which follows.
        let _ = self.file.unlock();
    }
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
