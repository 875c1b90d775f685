//! Putting a backup in the place of the database.
//!
//! May touch: the database, its log, and files beside it. Invariant: the present file is not
//! touched before the new one stands beside it, verified and migrated; and then it is renamed
//! together with its log, never deleted.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::adopt;
use super::backup::{SnapshotError, snapshot_from};
use super::files::folder_of;
use super::inspect::{self, Contents, Unfit};
use super::location;
use super::lock::{Lock, LockError, beside};
use super::migrations::{self, Migrated, Precaution, SchemaError};
use crate::store::backup::files;
use crate::store::backup::manifest::{self, Manifest};

/// The new file while it is made.
const UNFINISHED: &str = ".restoring.part";
/// What a dry run makes, between the database's name and a random number: the other one may be a restore's that
/// waits for its answer.
const TRIAL: &str = ".trial_";
/// A dry run's file that was written to before so long is of one that was killed, in hours.
const TRIAL_MAX_H: i64 = 24;

mod swap;

use swap::{READY, Rename};

/// Why nothing was restored. The present database is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A bot runs on it.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The backup is not one to rely on.
    #[error("{} is refused: {reason}", path.display())]
    Refused {
        /// The backup.
        path: PathBuf,
        /// What is wrong with it.
        reason: Unfit,
    },
    /// It is whole, but could not be brought up to this program's schema.
    #[error("{} cannot be migrated: {reason}", path.display())]
    Migration {
        /// The backup.
        path: PathBuf,
        /// What failed.
        reason: SchemaError,
    },
    /// Whoever was asked did not want it.
    #[error("nothing was restored; the database is as it was")]
    Declined,
    /// A file could not be written or renamed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}

/// What was restored (or would be).
#[derive(Clone, Debug)]
pub struct Restored {
    /// What was in the backup.
    pub backup: Contents,
    /// What is in the database now.
    pub database: Contents,
    /// Whether the backup's checksum was known, and right.
    pub checksummed: bool,
    /// The report of what could not be kept as it was, if the backup was of an existing
    /// installation. (Not there after a dry run.)
    pub report: Option<PathBuf>,
    /// The names under which the former files stand now (or would stand).
    pub set_aside: Vec<PathBuf>,
}

/// Puts the backup `source` in the place of the database `path`. With `dry_run` everything is
/// tried, and nothing changed. Blocks.
///
/// # Errors
/// [`RestoreError`]; nothing was changed then.
pub fn restore(
    path: &Path,
    source: &Path,
    now: DateTime<Utc>,
    dry_run: bool,
) -> Result<Restored, RestoreError> {
    restore_if(path, source, now, dry_run, &mut |_| true)
}

/// As [`restore`], if whoever is asked says yes to the comparison of what is there with what would replace it.
///
/// # Errors
/// [`RestoreError`]; nothing was changed then. [`RestoreError::Declined`] if the answer was no.
pub fn restore_if(
    path: &Path,
    source: &Path,
    now: DateTime<Utc>,
    dry_run: bool,
    agree: Agree<'_>,
) -> Result<Restored, RestoreError> {
    let mut rename = |from: &Path, to: &Path| std::fs::rename(from, to);
    restore_with(path, source, now, dry_run, (agree, &mut rename))
}

/// What is there, and what would replace it.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What is in the present database; `None` if there is none, or it cannot be read.
    pub present: Option<Contents>,
    /// What would be in it.
    pub restored: Contents,
}

impl Comparison {
    /// Whether less than half of the data would be left.
    pub fn loses_more_than_half(&self) -> bool {
        let present = self.present.as_ref().map_or(0, Contents::data_rows);
        self.restored.data_rows().saturating_mul(2) < present
    }
}

/// Is shown a comparison, and says whether to go on.
pub type Agree<'a> = &'a mut dyn FnMut(&Comparison) -> bool;

fn restore_with(
    path: &Path,
    source: &Path,
    now: DateTime<Utc>,
    dry_run: bool,
    (agree, rename): (Agree<'_>, Rename<'_>),
) -> Result<Restored, RestoreError> {
    let path = &location::resolve(path).map_err(LockError::from)?;
    let unfinished = match dry_run {
        true => trial_name(path),
        false => beside(path, UNFINISHED),
    };
    let io = |source| RestoreError::Io {
        path: unfinished.clone(),
        source,
    };
    files::create_folder(folder_of(path)).map_err(io)?;
    remove_old_trials(path, now).map_err(io)?;
    // A dry run may look beside a running bot.
    let lock = (!dry_run).then(|| Lock::take(path)).transpose()?;
    files::remove(&unfinished).map_err(io)?;
    let named = beside(path, &format!(".restored_{}.db", stamp(now)));
    let report_name = if dry_run { &unfinished } else { &named };
    let prepared = prepare(source, &unfinished, report_name, now);
    let done = prepared.and_then(|prepared| {
        let comparison = Comparison {
            present: inspect::inspect(path).ok(),
            restored: prepared.database.clone(),
        };
        if !agree(&comparison) {
            return Err(RestoreError::Declined);
        }
        let set_aside = if dry_run {
            swap::set_aside_names(path, now)
        } else {
            swap::swap(path, &unfinished, now, rename).map_err(io)?
        };
        Ok(Restored {
            set_aside,
            ..prepared
        })
    });
    if dry_run || done.is_err() {
        files::remove(&unfinished).map_err(io)?;
    }
    let mut done = done;
    if let (true, Ok(Some(report))) = (dry_run, done.as_mut().map(|done| &mut done.report)) {
        files::remove(report).map_err(io)?;
        // Where it would be.
        *report = adopt::report_path(&named);
    }
    drop(lock);
    done
}

/// A name beside the database that nobody else uses, in this process or another.
fn trial_name(path: &Path) -> PathBuf {
    use std::hash::BuildHasher as _;
    let random = std::hash::RandomState::new().hash_one(std::process::id());
    beside(path, &format!("{TRIAL}{random:016x}.part"))
}

/// Removes what dry runs left that were killed. One that still runs has written to its own a moment ago.
fn remove_old_trials(path: &Path, now: DateTime<Utc>) -> io::Result<()> {
    let name = beside(path, TRIAL);
    let Some(begins) = name.file_name().and_then(|name| name.to_str()) else {
        return Ok(());
    };
    for entry in std::fs::read_dir(folder_of(path))? {
        let entry = entry?;
        let name = entry.file_name();
        if !name.to_str().is_some_and(|name| name.starts_with(begins)) {
            continue;
        }
        // It may just have been removed by its own dry run.
        let written = entry.metadata().and_then(|file| file.modified());
        let written = written.map(DateTime::<Utc>::from);
        if written.is_ok_and(|at| now - at > TimeDelta::hours(TRIAL_MAX_H)) {
            files::remove(&entry.path())?;
        }
    }
    Ok(())
}

/// Whether a restore of the database at `path` was interrupted in the moment of the swap, when it
/// may have been without its file or its log.
pub(crate) fn is_half_done(path: &Path) -> bool {
    beside(path, READY).exists()
}

/// Makes a verified and migrated copy of the backup; nothing is set aside yet.
fn prepare(
    source: &Path,
    copy: &Path,
    report_name: &Path,
    now: DateTime<Utc>,
) -> Result<Restored, RestoreError> {
    let refused = |reason| RestoreError::Refused {
        path: source.to_owned(),
        reason,
    };
    let manifest = manifest::of(source).map_err(refused)?;
    let backup = copy_verified(source, copy, manifest.as_ref()).map_err(refused)?;
    let migrated = migrate(copy, report_name, now).map_err(|reason| RestoreError::Migration {
        path: source.to_owned(),
        reason,
    })?;
    let flushed = File::open(copy).and_then(|file| file.sync_all());
    flushed.map_err(|error| refused(error.into()))?;
    let database = inspect::inspect(copy).map_err(refused)?;
    Ok(Restored {
        backup,
        database,
        checksummed: manifest.is_some(),
        report: migrated.adopted.and_then(|adopted| adopted.report),
        set_aside: vec![],
    })
}

/// Copies the backup's database out of it; what is in it.
fn copy_verified(
    source: &Path,
    copy: &Path,
    manifest: Option<&Manifest>,
) -> Result<Contents, Unfit> {
    if let Some(manifest) = manifest {
        manifest.check_bytes(source)?;
    }
    if files::is_compressed(source)? {
        let known = manifest.and_then(|manifest| manifest.database_bytes);
        let max_bytes = files::decompressed_max(source, known)?;
        files::decompress(source, copy, max_bytes)?;
    } else {
        // Through SQLite, so that a log that lies beside the file counts.
        inspect::inspect(source)?;
        let from = inspect::open(source)?;
        let copied = snapshot_from(&from, copy, &CancellationToken::new());
        copied.map_err(|error| match error {
            SnapshotError::Io(error) => error.into(),
            SnapshotError::Sqlite(error) => error.into(),
            SnapshotError::Unfit(unfit) => unfit,
            SnapshotError::Stopped => unreachable!("nobody stops it"),
        })?;
    }
    inspect::ours(copy)?;
    let contents = inspect::inspect(copy)?;
    match manifest {
        Some(manifest) => manifest.check_contents(&contents)?,
        // Without a checksum this is how damage may show. Only files of existing installations
        // may have been so from the beginning.
        None if contents.dangling > 0 && contents.schema_version.is_some() => {
            return Err(Unfit::Damaged(format!(
                "{} rows refer to rows that are not there",
                contents.dangling
            )));
        }
        None => {}
    }
    Ok(contents)
}

fn migrate(copy: &Path, report_name: &Path, now: DateTime<Utc>) -> Result<Migrated, SchemaError> {
    let mut db = rusqlite::Connection::open(copy)?;
    super::configure(&db)?;
    let migrated = migrations::migrate(&mut db, &Precaution::IsCopy(report_name.into()), now)?;
    migrations::renew_incarnation(&db)?;
    db.pragma_update(None, "journal_mode", "DELETE")?;
    db.close().map_err(|(_, error)| error)?;
    Ok(migrated)
}

fn stamp(now: DateTime<Utc>) -> String {
    now.format("%Y%m%d_%H%M%S").to_string()
}

#[cfg(test)]
mod tests;
