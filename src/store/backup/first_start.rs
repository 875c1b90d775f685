//! The start without a database: is it the first one, or is the volume not there?
//!
//! May touch: the database's file before anyone opens it, the backups, the object store. Invariant: beside
//! backups that hold data nothing is begun anew unless the operator has said so, and each word of theirs
//! counts once.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::mounts::Surroundings;
use super::remote::RemoteError;
use super::{BackupError, Backups, local, manifest};
use crate::domain::backup::BackupName;
use crate::store::sqlite::inspect::{self, Contents};
use crate::store::sqlite::{self, Checkpoints, OpenError, lockstep, restore};

/// Why the bot does not begin with an empty database. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum FirstStartError {
    /// There are backups of what is not there.
    #[error(
        "there is no data in {}, but there are backups, of which {newest} is the newest that holds data; if a \
         volume is missing, attach it; `overwatch-bot restore latest` brings the backup back; to start empty \
         all the same, give START_EMPTY={today}, which counts once",
        path.display()
    )]
    BackupsExist {
        /// The database.
        path: PathBuf,
        /// The newest backup that holds data.
        newest: String,
        /// Today, which is as good a word as any.
        today: String,
    },
    /// The operator's word was for an earlier start.
    #[error(
        "there is no data in {}, and START_EMPTY={word} has counted already, when the database was begun of \
         which {backup} is a backup; `overwatch-bot restore latest` brings it back; to start empty once more, \
         give START_EMPTY another value",
        path.display()
    )]
    Used {
        /// The database.
        path: PathBuf,
        /// What was given.
        word: String,
        /// The backup that remembers it.
        backup: String,
    },
    /// Nothing would outlive the container.
    #[error(
        "{} is on no volume, so that all data would go with this container; mount a volume at /data; for a try \
         without one, give START_EMPTY=try; if there was one, `overwatch-bot restore` brings back what you \
         have elsewhere",
        .0.display()
    )]
    NoVolume(PathBuf),
    /// The backups here cannot be looked at.
    #[error("{}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The object store cannot be asked, and the database may be there.
    #[error(
        "there is no data in {}, and whether the object store has a backup cannot be found out: {source}",
        path.display()
    )]
    Remote {
        /// The database.
        path: PathBuf,
        /// Why not.
        source: RemoteError,
    },
    /// The empty database could not be made.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// That it was begun could not be written down outside of it.
    #[error("the empty database was made, but not backed up at once: {0}")]
    Backup(#[from] BackupError),
    /// Likewise.
    #[error("the empty database was made, but not copied to the object store at once: {0}")]
    Upload(#[from] RemoteError),
}

impl FirstStartError {
    /// Whether only the operator can do something about it.
    pub fn is_setting(&self) -> bool {
        matches!(
            self,
            Self::BackupsExist { .. } | Self::Used { .. } | Self::NoVolume(_)
        )
    }
}

/// A backup of which is known what it holds, or not known that it holds nothing.
struct Evidence {
    shown: String,
    at: BackupName,
    contents: Option<Contents>,
}

impl Evidence {
    /// Whether it is of a database that was begun with this word.
    fn has_word(&self, word: &str) -> bool {
        let contents = self.contents.as_ref();
        contents.is_some_and(|contents| contents.started_empty.as_deref() == Some(word))
    }

    fn may_hold_data(&self) -> bool {
        let rows = self.contents.as_ref().map(Contents::data_rows);
        rows.is_none_or(|rows| rows > 0)
    }
}

impl Backups {
    /// Checks that a database which is not there, or is empty, may be begun; where it is to be begun beside
    /// backups of another one, begins it, and writes that down with a backup. `word` is the operator's to
    /// start empty.
    ///
    /// # Errors
    /// [`FirstStartError`].
    pub async fn check_first_start(
        &self,
        word: Option<&str>,
        surroundings: &Surroundings,
        now: DateTime<Utc>,
    ) -> Result<(), FirstStartError> {
        let path = self.database().to_owned();
        if restore::is_half_done(&path) {
            return Ok(());
        }
        if let Some(begun) = begun(&path).await {
            return self.complete_beginning(begun, word, now).await;
        }
        let evidence = self.evidence().await?;
        let folder = sqlite::files::folder_of(&path);
        let is_remembered =
            self.remote().is_some() || !surroundings.forgets(&self.settings().folder);
        let lacks_volume = surroundings.lacks_volume(folder) && !is_remembered;
        let newest = evidence.iter().rfind(|one| one.may_hold_data());
        let Some(word) = word else {
            return match newest {
                Some(newest) => Err(FirstStartError::BackupsExist {
                    newest: newest.shown.clone(),
                    today: now.format("%Y-%m-%d").to_string(),
                    path,
                }),
                None if lacks_volume => Err(FirstStartError::NoVolume(path)),
                None => Ok(()),
            };
        };
        match evidence.iter().rfind(|one| one.has_word(word)) {
            Some(used) if newest.is_some() => Err(FirstStartError::Used {
                word: word.to_owned(),
                backup: used.shown.clone(),
                path,
            }),
            _ if newest.is_none() && !lacks_volume => Ok(()),
            _ => self.begin_empty(word, now).await,
        }
    }

    async fn begin_empty(&self, word: &str, now: DateTime<Utc>) -> Result<(), FirstStartError> {
        let checkpoints = Checkpoints::with(self.settings().litestream);
        let (path, folder) = (self.database(), &self.settings().folder);
        sqlite::begin_empty(path, folder, now, checkpoints, word).await?;
        tracing::warn!(word, database = %path.display(), "started empty, as START_EMPTY says");
        self.remember_word(now).await
    }

    /// Backs up a database that was begun with `word`, if no backup remembers that: its first one failed.
    async fn complete_beginning(
        &self,
        begun: Begun,
        word: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), FirstStartError> {
        let Some(word) = word.filter(|word| begun.word.as_deref() == Some(*word)) else {
            return Ok(());
        };
        let evidence = self.evidence().await?;
        match evidence.iter().any(|one| one.has_word(word)) {
            true => Ok(()),
            false => self.remember_word(now).await,
        }
    }

    /// Writes the word down outside of the database.
    async fn remember_word(&self, now: DateTime<Utc>) -> Result<(), FirstStartError> {
        self.take(now, &CancellationToken::new()).await?;
        self.upload_newest(now).await?;
        Ok(())
    }

    /// The backups, here and remote, the oldest first.
    async fn evidence(&self) -> Result<Vec<Evidence>, FirstStartError> {
        let folder = self.settings().folder.clone();
        let looked = lockstep::blocking(move || evidence_in(&folder));
        let mut all = looked.await.unwrap_or(Err(BackupError::Panicked.into()))?;
        if let Some(remote) = self.remote() {
            let failed = |source| FirstStartError::Remote {
                path: self.database().to_owned(),
                source,
            };
            for (at, _) in remote.names().await.map_err(failed)? {
                let manifest = remote.readable_manifest(at).await.map_err(failed)?;
                all.push(Evidence {
                    contents: manifest.map(|one| one.contents),
                    shown: format!("{}/{at}", remote.place()),
                    at,
                });
            }
        }
        all.sort_by_key(|one| one.at);
        Ok(all)
    }
}

/// The backups in `folder`. Blocks; those without a manifest are read from end to end.
fn evidence_in(folder: &Path) -> Result<Vec<Evidence>, FirstStartError> {
    let names = local::names(folder).map_err(|source| FirstStartError::Folder {
        path: folder.to_owned(),
        source,
    })?;
    let found = names.into_iter().map(|at| {
        let path = folder.join(at.to_string());
        Evidence {
            contents: contents_of(&path),
            shown: path.display().to_string(),
            at,
        }
    });
    Ok(found.collect())
}

/// What is in a backup here, by its manifest, or by looking into it.
fn contents_of(path: &Path) -> Option<Contents> {
    match manifest::of(path) {
        Ok(Some(manifest)) => Some(manifest.contents),
        Ok(None) => super::list::verify(path).ok(),
        Err(_) => None,
    }
}

/// A database that a bot has worked on, or in which there is something, whatever it is.
struct Begun {
    /// The `START_EMPTY` with which it was begun.
    word: Option<String>,
}

/// Looks whether the database is begun.
async fn begun(path: &Path) -> Option<Begun> {
    let path = path.to_owned();
    let look = move || {
        let log = std::fs::metadata(sqlite::lock::beside(&path, "-wal"));
        let is_logged = log.is_ok_and(|log| log.len() > 0);
        match std::fs::metadata(&path) {
            Ok(file) if file.len() > 0 || is_logged => inspect::is_begun(&path).then(|| Begun {
                word: inspect::word_of(&path),
            }),
            _ => None,
        }
    };
    // Should looking panic, whoever opens it says why.
    let looked = lockstep::blocking(look).await;
    looked.unwrap_or(Some(Begun { word: None }))
}
