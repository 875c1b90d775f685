//! The swap of a database for the file that replaces it.
//!
//! May touch: the database, its log, and files beside it. Invariant: under which name the former
//! database is set aside is on disk before the first rename, so that a swap that was interrupted is
//! finished under the same name and the file stays together with its log.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::super::lock::beside;
use super::stamp;
use crate::store::backup::files;
use crate::store::safe_file;

/// The verified new file, from just before the swap until it is done.
pub(super) const READY: &str = ".restoring";
/// The name under which the former database is set aside, from just before the swap until it is done.
const PLAN: &str = ".restoring.plan";
/// The plan while it is written.
const PLAN_UNFINISHED: &str = ".restoring.plan.part";
/// What belongs to one database, by the ends of the names.
const PARTS: [&str; 3] = ["", "-wal", "-shm"];

/// Renames a file; tests stop at one of the renames.
pub(super) type Rename<'a> = &'a mut dyn FnMut(&Path, &Path) -> io::Result<()>;

/// Sets the files of the database `path` aside and puts `new` in their place. Returns the names that
/// the former files have now. If it is interrupted, `is_half_done` says so, nobody makes a new
/// database meanwhile, and the next swap finishes the same plan.
pub(super) fn swap(
    path: &Path,
    new: &Path,
    now: DateTime<Utc>,
    rename: Rename<'_>,
) -> io::Result<Vec<PathBuf>> {
    let ready = beside(path, READY);
    let aside = match interrupted_plan(path)? {
        Some(aside) => aside,
        None => {
            let aside = free_name(path, now);
            write_plan(path, &aside, rename)?;
            aside
        }
    };
    rename(new, &ready)?;
    files::sync_folder_of(path)?;
    for part in PARTS {
        let (from, to) = (beside(path, part), beside(&aside, part));
        if from.exists() {
            rename(&from, &to)?;
        }
    }
    files::sync_folder_of(path)?;
    rename(&ready, path)?;
    files::sync_folder_of(path)?;
    files::remove(&beside(path, PLAN))?;
    Ok(parts(&aside))
}

/// The names that the present files would get.
pub(super) fn set_aside_names(path: &Path, now: DateTime<Utc>) -> Vec<PathBuf> {
    let aside = free_name(path, now);
    let present = PARTS.into_iter().filter(|part| beside(path, part).exists());
    present.map(|part| beside(&aside, part)).collect()
}

/// The name of the plan that an interrupted swap of `path` left; `None` if there is none to finish.
fn interrupted_plan(path: &Path) -> io::Result<Option<PathBuf>> {
    if !beside(path, READY).exists() {
        return Ok(None);
    }
    let name = match std::fs::read(beside(path, PLAN)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        name => name?,
    };
    let aside = path.with_file_name(os_string(name));
    // With a file on both sides, the present one is another database.
    let is_other = PARTS
        .iter()
        .any(|part| beside(path, part).exists() && beside(&aside, part).exists());
    Ok((!is_other).then_some(aside))
}

fn write_plan(path: &Path, aside: &Path, rename: Rename<'_>) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt as _;
    let unfinished = beside(path, PLAN_UNFINISHED);
    let mut file = safe_file::create(&unfinished)?;
    file.write_all(aside.file_name().unwrap_or_default().as_bytes())?;
    file.sync_all()?;
    rename(&unfinished, &beside(path, PLAN))?;
    files::sync_folder_of(path)
}

fn os_string(bytes: Vec<u8>) -> OsString {
    use std::os::unix::ffi::OsStringExt as _;
    OsString::from_vec(bytes)
}

/// A name under which nothing stands. Its own ending stays in front of `-wal` and `-shm`: they remain
/// a database together.
fn free_name(path: &Path, now: DateTime<Utc>) -> PathBuf {
    let stamp = stamp(now);
    let name = |number: u32| match number {
        0 => beside(path, &format!(".before_restore_{stamp}")),
        number => beside(path, &format!(".before_restore_{stamp}_{number}")),
    };
    let mut free = (0..).map(name).filter(|name| parts(name).is_empty());
    free.next().expect("there are names enough")
}

/// Those files of a database that are there.
fn parts(database: &Path) -> Vec<PathBuf> {
    let parts = PARTS.into_iter().map(|part| beside(database, part));
    parts.filter(|path| path.exists()).collect()
}
