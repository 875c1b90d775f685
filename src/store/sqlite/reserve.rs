//! A file beside the database that only takes up room, to be given up when the disk is full.
//!
//! May touch: that file. Invariant: what is in it is of no use to anyone, so that it may be removed at any
//! time.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::lock::beside;
use crate::store::backup::files as backup_files;
use crate::store::safe_file;

/// How much room is kept in reserve, in bytes. It lets the last commits through, and the checkpoint after
/// which the log takes up no room any more.
pub const RESERVE_BYTES: u64 = 1024 * 1024;
/// Behind the database's name.
pub(super) const ENDING: &str = ".reserve";

/// Where the reserve of `database` is.
pub fn path_of(database: &Path) -> PathBuf {
    beside(database, ENDING)
}

/// Whether the reserve of `database` is there, in whole.
pub fn is_there(database: &Path) -> bool {
    let found = std::fs::symlink_metadata(path_of(database));
    found.is_ok_and(|found| found.is_file() && found.len() == RESERVE_BYTES)
}

/// Makes the reserve of `database`, really allocated.
///
/// # Errors
/// The system's; nothing is left of it then.
pub(super) fn make(database: &Path) -> io::Result<()> {
    let path = path_of(database);
    let mut file = safe_file::create(&path)?;
    let written = file.write_all(&incompressible());
    if written.is_err() {
        give_up(database);
    }
    written
}

/// Removes the reserve of `database`. Returns whether there was one.
pub(super) fn give_up(database: &Path) -> bool {
    let path = path_of(database);
    let was_there = path.symlink_metadata().is_ok();
    match backup_files::remove(&path) {
        Ok(()) => was_there,
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "failed to give up the reserve");
            false
        }
    }
}

/// Bytes for which a file system that compresses needs as much room as any other.
fn incompressible() -> Vec<u8> {
    // xorshift64*, from https://www.jstatsoft.org/article/view/v008i14 with a multiplier.
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let next = |_| {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_ne_bytes()
    };
    (0..RESERVE_BYTES / 8).flat_map(next).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;

    #[test]
    fn reserve_takes_up_room_until_it_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("overwatch.db");
        assert!(!is_there(&database) && !give_up(&database));
        make(&database).unwrap();
        let found = path_of(&database).metadata().unwrap();
        assert!(is_there(&database));
        assert_eq!(found.mode() & 0o777, 0o600);
        assert!(found.blocks() * 512 >= RESERVE_BYTES);
        // One that was not completed counts as none.
        std::fs::write(path_of(&database), "half").unwrap();
        assert!(!is_there(&database));
        make(&database).unwrap();
        assert!(give_up(&database) && !is_there(&database));
        // What a link leads to is nobody's reserve.
        let other = folder.path().join("other");
        std::fs::write(&other, vec![0; RESERVE_BYTES as usize]).unwrap();
        symlink(&other, path_of(&database)).unwrap();
        assert!(!is_there(&database));
        make(&database).unwrap();
        assert_eq!(
            std::fs::read(&other).unwrap(),
            vec![0; RESERVE_BYTES as usize]
        );
    }
}
