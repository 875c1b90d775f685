//! Where a database file really is.
//!
//! May touch: the file system, to look only. Invariant: a name that leads elsewhere is followed once, before
//! anything is locked, opened or renamed, so that all of it happens to the same file.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Links that are followed one after the other at most, as the kernel does.
const LINKS_MAX: u32 = 40;

/// Why a path cannot be that of a database. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LocationError {
    /// It is a folder, a device, or the like.
    #[error("the database {} is {what} and not a file; write the path of a file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// There is no file.
    #[error("there is no database at {}; DB_PATH names it", .0.display())]
    Missing(PathBuf),
    /// A link to what is not there.
    #[error(
        "the database {} is a link to {}, which is not there; see whether its disk is missing, or \
         remove the link",
        path.display(),
        target.display()
    )]
    Dangling {
        /// The path.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// The file has a second name.
    #[error(
        "the database {} has a second name (a hard link), under which its log would not be found; \
         remove one of the names, or make a copy of the file",
        .0.display()
    )]
    SecondName(PathBuf),
    /// The file system fails.
    #[error("the database {} cannot be looked at: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// Returns the path that `path` leads to. Links in the folders above it stay: what stands beside the file
/// is the same by either name.
///
/// # Errors
/// [`LocationError`] if it cannot be that of a database, whether or not it is there yet.
pub fn resolve(path: &Path) -> Result<PathBuf, LocationError> {
    let mut found = path.to_owned();
    for _ in 0..LINKS_MAX {
        let at = match std::fs::symlink_metadata(&found) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && found == path => {
                return Ok(found);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(LocationError::Dangling {
                    path: path.to_owned(),
                    target: found,
                });
            }
            at => at.map_err(|source| io_error(path, source))?,
        };
        if !at.is_symlink() {
            require_file(path, &at)?;
            return Ok(found);
        }
        let target = std::fs::read_link(&found).map_err(|source| io_error(path, source))?;
        // From the folder in which the link is.
        found = found.with_file_name(target);
    }
    Err(io_error(
        path,
        io::Error::other("its links lead in a circle"),
    ))
}

/// Refuses a file that has two names, each of which would have a lock and a log of its own.
/// <https://www.sqlite.org/howtocorrupt.html>, "Multiple links to the same file".
pub(super) fn require_one_name(path: &Path, file: &Metadata) -> Result<(), LocationError> {
    match file.nlink() > 1 {
        true => Err(LocationError::SecondName(path.to_owned())),
        false => Ok(()),
    }
}

/// As [`require_one_name`], of a file that has to be there.
pub(super) fn require_file_with_one_name(path: &Path) -> Result<(), LocationError> {
    match std::fs::metadata(path) {
        Ok(file) => require_one_name(path, &file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(LocationError::Missing(path.to_owned()))
        }
        Err(error) => Err(io_error(path, error)),
    }
}

fn require_file(path: &Path, found: &Metadata) -> Result<(), LocationError> {
    if found.is_file() {
        return Ok(());
    }
    Err(LocationError::NotAFile {
        path: path.to_owned(),
        what: match found.is_dir() {
            true => "a folder",
            false => "a device or the like",
        },
    })
}

fn io_error(path: &Path, source: io::Error) -> LocationError {
    LocationError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_to_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        assert_eq!(resolve(&at("new.db")).unwrap(), at("new.db"));
        std::fs::create_dir(at("volume")).unwrap();
        std::fs::write(at("volume/overwatch.db"), "").unwrap();
        symlink("volume/overwatch.db", at("relative.db")).unwrap();
        symlink(at("relative.db"), at("twice.db")).unwrap();
        for name in ["volume/overwatch.db", "relative.db", "twice.db"] {
            assert_eq!(
                resolve(&at(name)).unwrap(),
                at("volume/overwatch.db"),
                "{name}"
            );
        }
    }

    #[test]
    fn what_can_be_no_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink("nowhere.db", at("dangling.db")).unwrap();
        symlink("circle.db", at("circle.db")).unwrap();
        symlink(folder.path(), at("folder.db")).unwrap();
        for (path, reason) in [
            (at("dangling.db"), "nowhere.db, which is not there"),
            (at("circle.db"), "circle"),
            (at("folder.db"), "a folder"),
            (folder.path().to_owned(), "a folder"),
            (PathBuf::from("/dev/null"), "a device"),
        ] {
            let said = resolve(&path).unwrap_err().to_string();
            assert!(said.contains(reason), "{said}");
        }
    }
}
