//! The backup folder: making a backup in it, and dropping what is superfluous.
//!
//! May touch: the folder, and the database through `sqlite`. Invariant: one process makes a backup
//! in a folder at a time; what has not got its final name is garbage, whoever left it there.

use std::fs::{File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::files;
use super::manifest::{self, Manifest};
use crate::domain::backup::rotation::Kept;
use crate::domain::backup::{BackupName, Keep};
use crate::store::sqlite::backup::{SnapshotError, checkpoint, snapshot};
use crate::store::sqlite::inspect::{Contents, Unfit};
use crate::store::sqlite::lock::beside;
use crate::store::sqlite::log_pair::require_pair;
use crate::store::{modes, safe_file};

/// Behind the name of what is not finished.
const UNFINISHED: &str = ".part";
/// The file on which those who make backups in a folder wait for nobody.
const LOCK: &str = ".lock";

/// Why there is no backup. The older ones are all there.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no database to back up.
    #[error("there is no database at {}", .0.display())]
    NoDatabase(PathBuf),
    /// The file at the database's path is not the one that the bot has open.
    #[error("the database {} was deleted, moved or replaced while the bot runs", .0.display())]
    TakenAway(PathBuf),
    /// Another process makes one at the moment.
    #[error("another backup is being made in {} at the moment", .0.display())]
    InProgress(PathBuf),
    /// The folder or a file in it cannot be written.
    #[error("the backup {} cannot be written: {source}", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The copy could not be made, or is not whole.
    #[error("the backup {} was not made: {source}", path.display())]
    Snapshot {
        /// What it would have been called.
        path: PathBuf,
        /// What failed.
        source: SnapshotError,
    },
    /// The compressed copy is not the same.
    #[error("the backup {} could not be compressed: {source}", path.display())]
    Compress {
        /// What it would have been called.
        path: PathBuf,
        /// What failed.
        source: Unfit,
    },
    /// A mistake in this program.
    #[error("making the backup panicked; the log says where")]
    Panicked,
}

/// A backup that was made and verified.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Its file.
    pub path: PathBuf,
    /// Its file's name.
    pub name: BackupName,
    /// Its size, in bytes.
    pub bytes: u64,
    /// What is in it.
    pub contents: Contents,
    /// The older ones that were dropped.
    pub dropped: Vec<BackupName>,
}

/// What is to be backed up, and how.
pub(crate) struct Order<'o> {
    pub(crate) database: &'o Path,
    pub(crate) folder: &'o Path,
    pub(crate) compress: bool,
    /// Whether the log is checkpointed first. Not if someone else is in charge of that.
    pub(crate) checkpoint: bool,
    /// How many are kept; `None`: nothing is dropped.
    pub(crate) keep: Option<Keep>,
}

/// Makes a backup. Blocks, for seconds if the database is large.
pub(crate) fn make(
    order: &Order<'_>,
    now: DateTime<Utc>,
    stop: &CancellationToken,
) -> Result<Taken, BackupError> {
    if !order.database.exists() {
        return Err(BackupError::NoDatabase(order.database.to_owned()));
    }
    make_by(order, now, &|target| {
        if order.checkpoint {
            // What does not belong to the file is not written into it.
            require_pair(order.database).map_err(Unfit::from)?;
            if let Err(error) = checkpoint(order.database) {
                // The snapshot reads the log as well.
                tracing::warn!(%error, "the log was not checkpointed before the backup");
            }
        }
        snapshot(order.database, target, stop)
    })
}

/// Makes a copy of the database as a new file.
type Snapshot<'s> = &'s dyn Fn(&Path) -> Result<Contents, SnapshotError>;

/// As [`make`], of what `snapshot` copies.
pub(crate) fn make_by(
    order: &Order<'_>,
    now: DateTime<Utc>,
    snapshot: Snapshot<'_>,
) -> Result<Taken, BackupError> {
    let folder = order.folder;
    let _lock = lock(folder)?;
    sweep(folder).map_err(|source| io_error(folder, source))?;
    narrow_all(folder);
    let name = free_name(folder, now, order.compress);
    let path = folder.join(name.to_string());
    let made = write(order, &path, now, snapshot);
    if made.is_err() {
        // Nothing that is half done stays; should even this fail, the next backup sees to it.
        let _ = sweep(folder);
    }
    let contents = made?;
    let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
    Ok(Taken {
        dropped: order
            .keep
            .map_or(vec![], |keep| drop_superfluous(folder, keep, name)),
        path,
        name,
        bytes,
        contents,
    })
}

/// The backups in `folder`, the oldest first; none in a folder that is not there.
pub(crate) fn names(folder: &Path) -> io::Result<Vec<BackupName>> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?.file_name();
        names.extend(entry.to_str().and_then(BackupName::parse));
    }
    names.sort_unstable();
    Ok(names)
}

/// Drops the backup `made` if an earlier one in `folder` is the same to the byte; the path of that
/// earlier one. `None` if the new one is to be kept.
pub(crate) fn replace_by_earlier(folder: &Path, made: BackupName) -> Option<PathBuf> {
    let path_of = |name: BackupName| folder.join(name.to_string());
    let new = manifest::readable(&path_of(made))?;
    let is_same = |name: &BackupName| {
        let manifest = manifest::readable(&path_of(*name));
        manifest.is_some_and(|one| one.sha256 == new.sha256 && one.bytes == new.bytes)
            && new.check_bytes(&path_of(*name)).is_ok()
    };
    let mut earlier = names(folder).ok()?.into_iter().filter(|name| *name != made);
    let same = earlier.find(is_same)?;
    if let Err(error) = remove(&path_of(made)) {
        tracing::warn!(%error, name = %made, "failed to drop a backup of a state that was backed up before");
    }
    Some(path_of(same))
}

/// Removes a backup and its manifest. The backup first: a manifest without one is swept up, one
/// without a manifest is not checked as well.
fn remove(backup: &Path) -> io::Result<()> {
    files::remove(backup)?;
    files::remove(&manifest::path_of(backup))
}

/// Writes the backup under unfinished names, and gives it its name once it is whole.
fn write(
    order: &Order<'_>,
    path: &Path,
    now: DateTime<Utc>,
    snapshot: Snapshot<'_>,
) -> Result<Contents, BackupError> {
    let plain = beside(&path.with_extension("plain"), UNFINISHED);
    let contents = snapshot(&plain).map_err(|source| BackupError::Snapshot {
        path: path.to_owned(),
        source,
    })?;
    let database_bytes = std::fs::metadata(&plain)
        .map_err(|source| io_error(&plain, source))?
        .len();
    let finished = if order.compress {
        let compressed = beside(path, UNFINISHED);
        files::compress(&plain, &compressed).map_err(|source| BackupError::Compress {
            path: path.to_owned(),
            source,
        })?;
        files::remove(&plain).map_err(|source| io_error(&plain, source))?;
        compressed
    } else {
        plain
    };
    let manifest = Manifest::make(&finished, contents.clone(), database_bytes, now);
    let manifest = manifest.map_err(|source| io_error(&finished, source))?;
    name_it(&finished, path, &manifest).map_err(|source| io_error(path, source))?;
    Ok(contents)
}

/// Gives the finished file its name, after its manifest: no backup is ever without.
fn name_it(finished: &Path, path: &Path, manifest: &Manifest) -> io::Result<()> {
    let unfinished = beside(&manifest::path_of(path), UNFINISHED);
    let mut file = safe_file::create(&unfinished)?;
    file.write_all(manifest.to_json().as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&unfinished, manifest::path_of(path))?;
    std::fs::rename(finished, path)?;
    files::sync_folder_of(path)
}

fn drop_superfluous(folder: &Path, keep: Keep, made: BackupName) -> Vec<BackupName> {
    let all = names(folder).unwrap_or_default().into_iter();
    let all: Vec<_> = all.map(|name| kept(folder, name)).collect();
    let Some(made) = all.iter().find(|one| one.name == made) else {
        return vec![];
    };
    let mut dropped = keep.droppable(&all, made);
    dropped.retain(|name| {
        let removed = remove(&folder.join(name.to_string()));
        if let Err(error) = &removed {
            tracing::warn!(%error, %name, "a superfluous backup was not dropped");
        }
        removed.is_ok()
    });
    dropped
}

/// What is known of a backup without reading all of it.
pub(super) fn kept(folder: &Path, name: BackupName) -> Kept {
    let path = folder.join(name.to_string());
    let manifest = manifest::readable(&path);
    let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
    let whole = manifest.filter(|manifest| manifest.bytes == bytes);
    manifest::kept(name, whole)
}

/// The lock on a folder of backups.
struct FolderLock(File);

impl Drop for FolderLock {
    /// Unlocks. Closing the file would not be enough: a program that another thread is just starting
    /// has a copy of every descriptor until it begins, and the lock with it.
    fn drop(&mut self) {
        // Where unlocking fails there is nothing left but to close the file, which follows.
        let _ = self.0.unlock();
    }
}

fn lock(folder: &Path) -> Result<FolderLock, BackupError> {
    let path = folder.join(LOCK);
    files::create_folder(folder).map_err(|source| io_error(folder, source))?;
    let file = safe_file::open_lock(&path).map_err(|source| io_error(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(FolderLock(file)),
        Err(TryLockError::WouldBlock) => Err(BackupError::InProgress(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(io_error(&path, source)),
    }
}

/// Narrows the modes of the backups that are there.
fn narrow_all(folder: &Path) {
    modes::narrow(&folder.join(LOCK));
    for name in names(folder).unwrap_or_default() {
        let path = folder.join(name.to_string());
        modes::narrow(&path);
        modes::narrow(&manifest::path_of(&path));
    }
}

/// Removes what earlier processes did not finish.
fn sweep(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let ours = name.starts_with("overwatch_backup_");
        let unfinished = name.ends_with(UNFINISHED) || name.ends_with(".part-journal");
        let alone = name
            .strip_suffix(manifest::ENDING)
            .is_some_and(|backup| !folder.join(backup).exists());
        if ours && (unfinished || alone) {
            files::remove(&entry.path())?;
        }
    }
    Ok(())
}

/// The name for a backup made now; a second later if that one is taken already.
fn free_name(folder: &Path, now: DateTime<Utc>, compressed: bool) -> BackupName {
    let start = now.trunc_subsecs(0);
    let name = |compressed, seconds| BackupName {
        at: start + TimeDelta::seconds(seconds),
        compressed,
    };
    let free = |seconds: &i64| {
        let taken = |compressed| folder.join(name(compressed, *seconds).to_string()).exists();
        !taken(true) && !taken(false)
    };
    let seconds = (0..).find(free).expect("there are names enough");
    name(compressed, seconds)
}

fn io_error(path: &Path, source: io::Error) -> BackupError {
    BackupError::Io {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_is_free_at_once_though_a_program_that_is_just_starting_has_its_descriptors() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let held = lock(folder.path()).expect("the lock");
        let copy = held.0.try_clone().expect("a copy of the descriptor");
        assert!(matches!(
            lock(folder.path()),
            Err(BackupError::InProgress(_))
        ));
        drop(held);
        lock(folder.path()).expect("the lock once more");
        drop(copy);
    }
}
