//! What is written down beside each backup: its checksum, and what is in it.
//!
//! May touch: files. Invariant: a backup with a manifest is used only if every byte and every
//! count is what the manifest says; SQLite itself does not notice a changed byte within a row.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use super::files::CHUNK_BYTES;
use crate::domain::backup::BackupName;
use crate::domain::backup::rotation::Kept;
use crate::store::sqlite::backup::difference;
use crate::store::sqlite::inspect::{Contents, Unfit};
use crate::store::sqlite::lock::beside;

/// Behind the backup's own name.
pub(crate) const ENDING: &str = ".json";
/// No manifest is longer than this, in bytes; what is longer is something else.
const MANIFEST_MAX_BYTES: u64 = 64 * 1024;

/// What is written down about a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// The version of the program that made it.
    pub made_by: String,
    /// The length of the file, in bytes.
    pub bytes: u64,
    /// The SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The length of the database in the file, in bytes; `None` in manifests of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_bytes: Option<u64>,
    /// What is in the database.
    pub contents: Contents,
}

impl Manifest {
    /// Reads the backup at `path` and writes down what it is.
    pub(crate) fn make(
        path: &Path,
        contents: Contents,
        database_bytes: u64,
        now: DateTime<Utc>,
    ) -> std::io::Result<Self> {
        let (bytes, sha256) = digest(path)?;
        Ok(Self {
            made_at: now,
            made_by: env!("CARGO_PKG_VERSION").into(),
            bytes,
            sha256,
            database_bytes: Some(database_bytes),
            contents,
        })
    }

    /// Its text.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("our own plain types serialise")
    }

    /// Compares a file with it, byte by byte.
    ///
    /// # Errors
    /// [`Unfit::Truncated`], [`Unfit::Checksum`], [`Unfit::Io`].
    pub(crate) fn check_bytes(&self, path: &Path) -> Result<(), Unfit> {
        let found = std::fs::metadata(path)?.len();
        if found < self.bytes {
            return Err(Unfit::Truncated {
                found,
                expected: self.bytes,
            });
        }
        if digest(path)? != (self.bytes, self.sha256.clone()) {
            return Err(Unfit::Checksum);
        }
        Ok(())
    }

    /// Compares what is in a database with it.
    ///
    /// # Errors
    /// [`Unfit::Differs`].
    pub(crate) fn check_contents(&self, contents: &Contents) -> Result<(), Unfit> {
        if self.contents == *contents {
            return Ok(());
        }
        Err(Unfit::Differs(difference(&self.contents, contents)))
    }
}

/// What a manifest tells of the backup `name`; nothing if there is none to rely on.
pub(crate) fn kept(name: BackupName, manifest: Option<Manifest>) -> Kept {
    let rows = manifest.as_ref().map(|one| one.contents.data_rows());
    let identity = manifest.and_then(|one| one.contents.identity);
    Kept {
        name,
        identity,
        rows,
    }
}

/// Where the manifest of the backup at `path` is.
pub(crate) fn path_of(path: &Path) -> PathBuf {
    beside(path, ENDING)
}

/// The manifest beside the backup at `path`; `None` if there is none, as beside a file that
/// someone else made.
///
/// # Errors
/// [`Unfit::Damaged`] if there is one that cannot be read: then nobody knows what the backup
/// should be.
pub(crate) fn of(path: &Path) -> Result<Option<Manifest>, Unfit> {
    let file = match File::open(path_of(path)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut text = Vec::new();
    file.take(MANIFEST_MAX_BYTES).read_to_end(&mut text)?;
    parse(&text).map(Some)
}

/// As [`of`], where a manifest that cannot be read tells as little as none.
pub(crate) fn readable(path: &Path) -> Option<Manifest> {
    of(path).ok().flatten()
}

/// Reads a manifest's text.
pub(crate) fn parse(text: &[u8]) -> Result<Manifest, Unfit> {
    serde_json::from_slice(text)
        .map_err(|error| Unfit::Damaged(format!("its manifest cannot be read: {error}")))
}

fn digest(path: &Path) -> std::io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut digest = Digest::default();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            return Ok(digest.finish());
        }
        digest.update(&chunk[..read]);
    }
}

/// A running checksum, and how much went into it.
pub(crate) struct Digest {
    context: Context,
    bytes: u64,
}

impl Default for Digest {
    fn default() -> Self {
        Self {
            context: Context::new(&SHA256),
            bytes: 0,
        }
    }
}

impl Digest {
    pub(crate) fn update(&mut self, chunk: &[u8]) {
        self.context.update(chunk);
        self.bytes += chunk.len() as u64;
    }

    /// The bytes, and their SHA-256 in hexadecimal.
    pub(crate) fn finish(self) -> (u64, String) {
        let hex = |byte: &u8| format!("{byte:02x}");
        let sha256 = self.context.finish().as_ref().iter().map(hex).collect();
        (self.bytes, sha256)
    }
}
