//! The list of backups, here and remote, and whether each verifies.
//!
//! May touch: what `local` and `remote` touch, reading. Invariant: every backup is listed, also one
//! that does not verify, with the reason.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::manifest;
use super::remote::{Remote, RemoteError};
use super::{Backups, files, local};
use crate::domain::backup::BackupName;
use crate::store::sqlite::inspect::{self, Contents, Unfit};

/// One backup.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// The folder, or `s3://bucket/prefix`.
    pub place: String,
    /// Its file's name.
    pub name: String,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// Its size, in bytes.
    pub bytes: u64,
    /// The version of its schema, if known.
    pub schema_version: Option<i32>,
    /// Rows in all of its tables, if known.
    pub rows: Option<u64>,
    /// `None` if it verifies, else why not.
    pub unfit: Option<String>,
}

impl Backups {
    /// The backups in the folder, the oldest first, each read from end to end. Blocks.
    ///
    /// # Errors
    /// The system's, if the folder cannot be read.
    pub fn list_local(&self) -> std::io::Result<Vec<Listed>> {
        let folder = &self.settings.folder;
        let names = local::names(folder)?;
        Ok(names.into_iter().map(|name| listed(folder, name)).collect())
    }

    /// The backups in the object store, the oldest first, each read from end to end.
    ///
    /// # Errors
    /// [`RemoteError`] if it cannot be listed.
    pub async fn list_remote(&self) -> Result<Vec<Listed>, RemoteError> {
        let Some(remote) = &self.remote else {
            return Ok(vec![]);
        };
        let mut all = Vec::new();
        for (name, bytes) in remote.names().await? {
            all.push(listed_remotely(remote, name, bytes).await);
        }
        Ok(all)
    }
}

/// Reads the backup at `path` from end to end; what is in it.
///
/// # Errors
/// [`Unfit`], also if it was made by a later version of this program.
pub fn verify(path: &Path) -> Result<Contents, Unfit> {
    verify_through(path, &temporary_path(path))
}

/// As [`verify`], where a compressed backup is unpacked to `unpacked` meanwhile.
pub(super) fn verify_through(path: &Path, unpacked: &Path) -> Result<Contents, Unfit> {
    let manifest = manifest::of(path)?;
    if let Some(manifest) = &manifest {
        manifest.check_bytes(path)?;
    }
    let contents = if files::is_compressed(path)? {
        let known = manifest
            .as_ref()
            .and_then(|manifest| manifest.database_bytes);
        let max_bytes = files::decompressed_max(path, known)?;
        let decompressed = files::decompress(path, unpacked, max_bytes)
            .and_then(|()| inspect::ours(unpacked))
            .and_then(|()| inspect::inspect(unpacked));
        files::remove(unpacked)?;
        decompressed?
    } else {
        inspect::ours(path)?;
        inspect::inspect(path)?
    };
    if let Some(manifest) = &manifest {
        manifest.check_contents(&contents)?;
    }
    Ok(contents)
}

/// Where a compressed backup is unpacked to for reading: not in its own folder, which may be
/// read-only or full. The name is nobody else's, in this process or another, and cannot be guessed.
fn temporary_path(path: &Path) -> std::path::PathBuf {
    use std::hash::BuildHasher as _;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let random = std::hash::RandomState::new().hash_one(std::process::id());
    std::env::temp_dir().join(format!("{name}.{random:016x}.part"))
}

fn listed(folder: &Path, name: BackupName) -> Listed {
    let path = folder.join(name.to_string());
    let verified = verify(&path);
    let contents = verified.as_ref().ok();
    Listed {
        place: folder.display().to_string(),
        name: name.to_string(),
        at: name.at,
        bytes: std::fs::metadata(&path).map_or(0, |file| file.len()),
        schema_version: contents.and_then(|contents| contents.schema_version),
        rows: contents.map(Contents::total_rows),
        unfit: verified.err().map(|unfit| unfit.to_string()),
    }
}

async fn listed_remotely(remote: &Remote, name: BackupName, bytes: u64) -> Listed {
    let verified = remote.verify(name).await;
    let contents = verified.as_ref().ok().map(|manifest| &manifest.contents);
    Listed {
        place: remote.place().to_owned(),
        name: name.to_string(),
        at: name.at,
        bytes,
        schema_version: contents.and_then(|contents| contents.schema_version),
        rows: contents.map(Contents::total_rows),
        unfit: verified.err().map(|error| match error {
            RemoteError::Broken { reason, .. } => format!("it {reason}"),
            error => error.to_string(),
        }),
    }
}
