//! Which backup is meant, when someone says `latest`, a time, a name, a file or an address.
//!
//! May touch: what `local` and `remote` touch, reading; and a folder for what is downloaded.
//! Invariant: what is ambiguous or not there is refused in a sentence, never guessed.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::remote::{self, Remote, RemoteError};
use super::{Backups, local, manifest};
use crate::domain::backup::{BackupName, parse_time};

/// The backup that was meant.
pub enum Found {
    /// A file here.
    Here(PathBuf),
    /// One in an object store; see [`Found::fetch`].
    There(Remote, BackupName),
}

/// Why no backup was found.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// Nothing is of this name or time.
    #[error(
        "there is no backup {0}; say latest, a file, a backup's name, s3://BUCKET/PREFIX/NAME, or \
         a time such as 2026-11-22 20:15 (UTC); `backup list` shows what there is"
    )]
    Nothing(String),
    /// There is none at all.
    #[error(
        "there is no backup yet, neither in BACKUP_DIR nor in the object store; `restore FILE` takes any file"
    )]
    NothingYet,
    /// All of them are of empty databases.
    #[error("no backup holds data; to restore an empty one all the same, name it: {0}")]
    Empty(String),
    /// The folder cannot be read.
    #[error("the backups in {} cannot be read: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The object store.
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

impl Backups {
    /// The backup that `what` means at `now`. Of several that fit, the newest; here before there.
    /// The latest is one that holds data, and is not dated in the future, since the clock was wrong.
    ///
    /// # Errors
    /// [`FindError`].
    pub async fn find(&self, what: &str, now: DateTime<Utc>) -> Result<Found, FindError> {
        if what == "latest" {
            return self.latest(now).await;
        }
        if Path::new(what).is_file() {
            return Ok(Found::Here(what.into()));
        }
        if let Some(name) = BackupName::parse(what) {
            return self.named(name).await;
        }
        let until = parse_time(what).ok_or_else(|| FindError::Nothing(what.into()))?;
        let found = self.newest(|name| name.at <= until).await?;
        found.ok_or_else(|| FindError::Nothing(format!("from {what} or before")))
    }

    /// The newest backup that is not known to hold nothing.
    async fn latest(&self, now: DateTime<Utc>) -> Result<Found, FindError> {
        let mut before = None;
        let mut skipped = None;
        loop {
            let is_next = |name: &BackupName| {
                name.is_from_before(now) && before.is_none_or(|before| *name < before)
            };
            let Some(found) = self.newest(is_next).await? else {
                return Err(match skipped {
                    Some(skipped) => FindError::Empty(skipped),
                    None => FindError::NothingYet,
                });
            };
            if !found.is_known_to_be_empty().await? {
                return Ok(found);
            }
            let shown = found.shown();
            tracing::warn!(backup = %shown, "skipped a backup that holds no data");
            before = found.name();
            skipped.get_or_insert(shown);
        }
    }

    async fn named(&self, name: BackupName) -> Result<Found, FindError> {
        let path = self.settings.folder.join(name.to_string());
        if path.is_file() {
            return Ok(Found::Here(path));
        }
        match &self.remote {
            Some(remote)
                if remote
                    .names()
                    .await?
                    .iter()
                    .any(|(there, _)| *there == name) =>
            {
                Ok(Found::There(remote.clone(), name))
            }
            _ => Err(FindError::Nothing(name.to_string())),
        }
    }

    /// The newest backup that is `wanted`. An object store that cannot be reached is no reason not
    /// to use what is here.
    async fn newest(
        &self,
        wanted: impl Fn(&BackupName) -> bool,
    ) -> Result<Option<Found>, FindError> {
        let folder = &self.settings.folder;
        let mut here = local::names(folder).map_err(|source| FindError::Folder {
            path: folder.clone(),
            source,
        })?;
        here.retain(&wanted);
        let here = here.pop();
        let there = match &self.remote {
            Some(remote) => match (remote.names().await, here) {
                (Ok(names), _) => newest(&names, wanted).map(|name| (remote, name)),
                (Err(error), Some(_)) => {
                    tracing::warn!(%error, "the remote backups are not looked at");
                    None
                }
                (Err(error), None) => return Err(error.into()),
            },
            None => None,
        };
        Ok(match (here, there) {
            (Some(here), Some((remote, there))) if there.at > here.at => {
                Some(Found::There(remote.clone(), there))
            }
            (Some(here), _) => Some(Found::Here(folder.join(here.to_string()))),
            (None, Some((remote, there))) => Some(Found::There(remote.clone(), there)),
            (None, None) => None,
        })
    }
}

/// The backup at an address of its own: `at.prefix` is its full name, or the folder of which the newest at
/// `now` that holds data is meant.
///
/// # Errors
/// [`FindError`].
pub async fn find_at(at: remote::Settings, now: DateTime<Utc>) -> Result<Found, FindError> {
    let (folder, last) = at.prefix.rsplit_once('/').unwrap_or(("", &at.prefix));
    let name = BackupName::parse(last);
    let nothing = FindError::Nothing(format!("at s3://{}/{}", at.bucket, at.prefix));
    let prefix = match name {
        Some(_) => folder.to_owned(),
        None => at.prefix.clone(),
    };
    let remote = Remote::new(&remote::Settings { prefix, ..at })?;
    let names = remote.names().await?;
    if let Some(name) = name {
        let is_there = names.iter().any(|(there, _)| *there == name);
        return is_there.then(|| Found::There(remote, name)).ok_or(nothing);
    }
    let mut skipped = None;
    for (name, _) in names
        .iter()
        .rev()
        .filter(|(name, _)| name.is_from_before(now))
    {
        let found = Found::There(remote.clone(), *name);
        if !found.is_known_to_be_empty().await? {
            return Ok(found);
        }
        let shown = found.shown();
        tracing::warn!(backup = %shown, "skipped a backup that holds no data");
        skipped.get_or_insert(shown);
    }
    Err(skipped.map_or(nothing, FindError::Empty))
}

impl Found {
    /// What it is called.
    pub fn shown(&self) -> String {
        match self {
            Self::Here(path) => path.display().to_string(),
            Self::There(remote, name) => format!("{}/{name}", remote.place()),
        }
    }

    /// Whether what was written down about it says that nobody has given the bot anything to keep.
    async fn is_known_to_be_empty(&self) -> Result<bool, RemoteError> {
        let contents = match self {
            Found::Here(path) => manifest::readable(path),
            Found::There(remote, name) => remote.readable_manifest(*name).await?,
        };
        Ok(contents.is_some_and(|manifest| manifest.contents.data_rows() == 0))
    }

    /// The name that it has as a backup.
    fn name(&self) -> Option<BackupName> {
        match self {
            Self::Here(path) => BackupName::parse(path.file_name()?.to_str()?),
            Self::There(_, name) => Some(*name),
        }
    }

    /// Its file here; one that is elsewhere is downloaded into `folder`, and checked.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub async fn fetch(&self, folder: &Path) -> Result<PathBuf, RemoteError> {
        match self {
            Self::Here(path) => Ok(path.clone()),
            Self::There(remote, name) => remote.download(*name, folder).await,
        }
    }
}

fn newest(names: &[(BackupName, u64)], wanted: impl Fn(&BackupName) -> bool) -> Option<BackupName> {
    let mut newest_first = names.iter().rev().map(|(name, _)| *name);
    newest_first.find(wanted)
}
