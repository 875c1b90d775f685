//! Backups: made, listed, kept here and remotely, found again.
//!
//! May touch: the database through `sqlite`, the backup folder, the object store. Invariant: a
//! backup under its final name was read back and found whole when it was made; what does not
//! verify never gets that name, and never pushes out one that does.
//!
//! `local` is the folder, `remote` the object store, `manifest` what is written down beside each
//! backup, `find` how `restore` knows which one is meant.

pub(crate) mod files;
pub mod find;
pub mod first_start;
pub mod list;
pub(crate) mod local;
pub mod manifest;
pub mod mounts;
pub mod remote;
mod status;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use crate::domain::backup::{BackupName, Keep};
use crate::store::sqlite::lockstep;
use crate::store::sqlite::presence::Presence;
pub use local::{BackupError, Taken};
use remote::{Remote, RemoteError};
pub use status::{Made, Status, Trouble};

/// How backups are made and kept.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where they are.
    pub folder: PathBuf,
    /// How often one is made while the bot runs; `None`: never by itself.
    pub every: Option<TimeDelta>,
    /// How many are kept, here and remotely.
    pub keep: Keep,
    /// Whether they are compressed.
    pub compress: bool,
    /// Whether Litestream replicates the database, and checkpoints it.
    pub litestream: bool,
    /// Where they are copied to as well.
    pub remote: Option<remote::Settings>,
}

impl Settings {
    /// Uncompressed backups in `folder`, made only when someone asks.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            every: None,
            keep: Keep::default(),
            compress: false,
            litestream: false,
            remote: None,
        }
    }
}

/// The backups of one database. Cheap to clone; clones share their [`Status`].
#[derive(Clone)]
pub struct Backups {
    database: Arc<Path>,
    settings: Arc<Settings>,
    remote: Option<Remote>,
    status: Arc<Mutex<Status>>,
    /// Of the file that the bot has open.
    presence: Option<Presence>,
    /// Whether superfluous ones are dropped.
    rotates: bool,
}

impl Backups {
    /// The backups of the database at `database`. Nothing is opened or connected yet.
    ///
    /// # Errors
    /// [`RemoteError`] if the settings of the object store are malformed.
    pub fn new(database: &Path, settings: Settings) -> Result<Self, RemoteError> {
        let remote = settings.remote.as_ref().map(Remote::new).transpose()?;
        let newest = local::names(&settings.folder).unwrap_or_default().pop();
        let status = Status::beginning_with(newest.map(|name| {
            let path = settings.folder.join(name.to_string());
            let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
            Made {
                name: name.to_string(),
                at: name.at,
                bytes,
            }
        }));
        Ok(Self {
            database: database.into(),
            settings: Arc::new(settings),
            remote,
            status: Arc::new(Mutex::new(status)),
            presence: None,
            rotates: true,
        })
    }

    /// The same backups, of this open file only: what stands in its place is not backed up.
    #[must_use]
    pub fn of_open_file(mut self, presence: Presence) -> Self {
        self.presence = Some(presence);
        self
    }

    /// The same backups, of which none is dropped.
    #[must_use]
    pub fn without_rotation(&self) -> Self {
        Self {
            rotates: false,
            ..self.clone()
        }
    }

    /// How they are made and kept.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The object store that they are copied to, if there is one.
    pub fn remote(&self) -> Option<&Remote> {
        self.remote.as_ref()
    }

    /// The database.
    pub fn database(&self) -> &Path {
        &self.database
    }

    /// How the backups fare, for whoever watches over the bot.
    pub fn status(&self) -> Status {
        self.with_status(|status| status.clone())
    }

    /// Makes a backup, verifies it, and drops what is superfluous then. `stop` interrupts it.
    ///
    /// # Errors
    /// [`BackupError`]; the older backups are all there then.
    pub async fn take(
        &self,
        now: DateTime<Utc>,
        stop: &CancellationToken,
    ) -> Result<Taken, BackupError> {
        let (this, stop) = (self.clone(), stop.clone());
        let made = lockstep::blocking(move || {
            if this.presence.as_ref().is_some_and(Presence::is_taken_away) {
                return Err(BackupError::TakenAway(this.database.to_path_buf()));
            }
            let order = local::Order {
                database: &this.database,
                folder: &this.settings.folder,
                compress: this.settings.compress,
                checkpoint: !this.settings.litestream,
                keep: this.rotates.then_some(this.settings.keep),
            };
            local::make(&order, now, &stop)
        });
        let made = made.await.unwrap_or(Err(BackupError::Panicked));
        self.with_status(|status| status.note_backup(now, &made));
        made
    }

    /// Copies the newest backup to the object store, if it is not there yet; which one was
    /// copied. Older ones that it lacks are older than what it now has; one that is dated in the
    /// future, since the clock was wrong, counts for nothing.
    ///
    /// # Errors
    /// [`RemoteError`]; trying again is safe.
    pub async fn upload_newest(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Option<BackupName>, RemoteError> {
        let Some(remote) = &self.remote else {
            return Ok(None);
        };
        let done = self.upload(remote, now).await;
        self.with_status(|status| status.note_upload(now, &done));
        done
    }

    /// When the next backup is due; `None` if none is made by itself. One that is dated in the
    /// future, since the clock was wrong, counts for nothing.
    pub fn next_due(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let every = self.settings.every?;
        let names = local::names(&self.settings.folder).unwrap_or_default();
        let last = names.iter().rfind(|name| name.is_from_before(now));
        Some(last.map_or(now, |last| last.at + every))
    }

    /// The length of the write-ahead log, in bytes; 0 if there is none.
    pub fn log_bytes(&self) -> u64 {
        let log = crate::store::sqlite::lock::beside(&self.database, "-wal");
        std::fs::metadata(log).map_or(0, |log| log.len())
    }

    async fn upload(
        &self,
        remote: &Remote,
        now: DateTime<Utc>,
    ) -> Result<Option<BackupName>, RemoteError> {
        let folder = &self.settings.folder;
        let names = local::names(folder).map_err(|error| remote.local(folder, error))?;
        let newest = names.iter().rfind(|name| name.is_from_before(now));
        let Some(newest) = newest.copied() else {
            return Ok(None);
        };
        let there = remote.names().await?;
        if there.iter().any(|(name, _)| *name == newest) {
            return Ok(None);
        }
        remote.upload(folder, newest).await?;
        // It is there and safe; that older ones could not be dropped is no failure of it.
        if self.rotates
            && let Err(error) = self.rotate(remote, newest, there).await
        {
            tracing::warn!(%error, "failed to drop superfluous remote backups");
        }
        Ok(Some(newest))
    }

    /// Drops what is superfluous beside `newest`, of `there` in the object store.
    async fn rotate(
        &self,
        remote: &Remote,
        newest: BackupName,
        mut there: Vec<(BackupName, u64)>,
    ) -> Result<(), RemoteError> {
        let keep = self.settings.keep;
        let newest = local::kept(&self.settings.folder, newest);
        there.retain(|(name, _)| *name != newest.name);
        let mut names: Vec<_> = there.iter().map(|(name, _)| *name).collect();
        names.push(newest.name);
        if keep.superfluous(&names, newest.name).is_empty() {
            return Ok(());
        }
        let mut all = vec![newest.clone()];
        for (name, bytes) in there {
            all.push(remote.kept(name, bytes).await?);
        }
        for name in keep.droppable(&all, &newest) {
            // One that cannot be removed, as under a lock, keeps no other.
            if let Err(error) = remote.remove(name).await {
                tracing::warn!(%error, %name, "a superfluous remote backup was not removed");
            }
        }
        Ok(())
    }

    fn with_status<T>(&self, look: impl FnOnce(&mut Status) -> T) -> T {
        look(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
