//! Whether the file that is open is still the one that its path names.
//!
//! May touch: the file system, reading; it never opens the file, since closing it would drop SQLite's locks.
//! Invariant: once the file has been taken away it stays so for this process, whatever is put there later.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often an open file is looked for at its path, in milliseconds.
const LOOK_EVERY_MS: u64 = 1_000;

/// The place of an open file. Cheap to clone; clones know the same.
#[derive(Clone, Debug)]
pub struct Presence {
    path: Arc<Path>,
    file: FileId,
    taken_away: Arc<AtomicBool>,
}

/// Which file it is: its device and its inode.
type FileId = (u64, u64);

impl Presence {
    /// Of the file that has just been opened at `path`.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.into(),
            file: id_of(path)?,
            taken_away: Arc::default(),
        })
    }

    /// Where it is looked for.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file was deleted, moved, or replaced. A path that cannot be looked at for the moment says
    /// nothing.
    pub fn is_taken_away(&self) -> bool {
        if self.taken_away.load(Ordering::Relaxed) {
            return true;
        }
        let is_other = match id_of(&self.path) {
            Ok(found) => found != self.file,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if is_other && !self.taken_away.swap(true, Ordering::Relaxed) {
            let path = self.path.display();
            tracing::error!(database = %path, "database file was deleted, moved or replaced; nothing is written any more");
        }
        is_other
    }

    /// Returns once the file has been taken away.
    pub async fn taken_away(&self) {
        while !self.is_taken_away() {
            tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MS)).await;
        }
    }
}

fn id_of(path: &Path) -> io::Result<FileId> {
    let file = std::fs::metadata(path)?;
    Ok((file.dev(), file.ino()))
}
