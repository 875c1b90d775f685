//! The object store that backups are copied to: anything that speaks S3.
//!
//! May touch: the network. Invariant: a backup that is listed is complete, since object stores
//! show an object only when all of it is there, and its manifest is sent before it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::buffered::BufWriter;
use object_store::path::Path as Key;
use object_store::{
    BackoffConfig, Certificate, ClientOptions, ObjectStore, ObjectStoreExt as _, RetryConfig,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::manifest::{self, Digest, Manifest};
use super::{files, list};
use crate::domain::backup::BackupName;
use crate::domain::backup::rotation::Kept;
use crate::secret::{Redactor, Secret};
use crate::store::safe_file;
use crate::store::sqlite::inspect::Unfit;
use crate::store::sqlite::lock::beside;
use crate::store::sqlite::lockstep;

mod probe;
mod told;

pub use probe::ProbeError;
use told::told;

/// Behind the name of what has not arrived yet, or was not checked.
const UNFINISHED: &str = ".part";
/// Parts of an upload are this long, in bytes; the last one may be shorter.
const PART_BYTES: usize = 8 * 1024 * 1024;
/// Parts that are on their way at once.
const PARTS_AT_ONCE: usize = 2;
/// How often one request is tried again before the upload counts as failed.
const RETRIES_MAX: usize = 4;
/// No request is tried again after this long, in seconds.
const RETRY_MAX_S: u64 = 120;
/// The first wait before a request is tried again, in milliseconds.
const RETRY_FIRST_MS: u64 = 100;
/// A connection on which nothing has come for this long is given up, in seconds. One part must
/// make it in this time.
const SILENCE_MAX_S: u64 = 300;

/// Where the backups go.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The bucket.
    pub bucket: String,
    /// The folder in it, without slashes at its ends; may be empty.
    pub prefix: String,
    /// The environment's variables; those that begin with `AWS_` are looked at.
    pub variables: Vec<(String, Secret)>,
}

impl Settings {
    /// What must not be in any error: the values of the variables that name keys.
    fn secrets(&self) -> Redactor {
        let keys = self.variables.iter().filter(|(name, _)| {
            name.starts_with("AWS_") && (name.contains("KEY") || name.contains("TOKEN"))
        });
        Redactor::new(keys.map(|(_, value)| value.clone()))
    }
}

/// Why the object store could not be used.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// It refused, failed, or cannot be reached.
    #[error("{place}: {reason}")]
    Store {
        /// `s3://bucket/prefix`.
        place: String,
        /// What it said, without keys.
        reason: String,
    },
    /// A file here could not be read or written.
    #[error("{}: {source}", path.display())]
    Local {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// What arrived is not what was sent.
    #[error("{place}: {name} {reason}")]
    Broken {
        /// `s3://bucket/prefix`.
        place: String,
        /// The backup.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// A folder in an object store. Cheap to clone.
#[derive(Clone)]
pub struct Remote {
    store: Arc<dyn ObjectStore>,
    prefix: Key,
    place: Arc<str>,
    secrets: Redactor,
}

impl Remote {
    /// The object store that `settings` describe. Nothing is connected yet.
    ///
    /// # Errors
    /// [`RemoteError::Store`] if a setting is malformed.
    pub fn new(settings: &Settings) -> Result<Self, RemoteError> {
        let place = format!("s3://{}/{}", settings.bucket, settings.prefix);
        let secrets = settings.secrets();
        let store = connect(settings).map_err(|error| RemoteError::Store {
            place: place.clone(),
            reason: told(&error, &secrets),
        })?;
        Ok(Self {
            store: Arc::new(store),
            prefix: Key::from(settings.prefix.as_str()),
            place: place.trim_end_matches('/').into(),
            secrets,
        })
    }

    /// `s3://bucket/prefix`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The backups that are there and their sizes in bytes, the oldest first.
    ///
    /// # Errors
    /// [`RemoteError::Store`].
    pub async fn names(&self) -> Result<Vec<(BackupName, u64)>, RemoteError> {
        let listed = self.store.list_with_delimiter(Some(&self.prefix)).await;
        let listed = listed.map_err(|error| self.failed(error))?;
        let mut names: Vec<_> = listed
            .objects
            .iter()
            .filter_map(|object| {
                let name = BackupName::parse(object.location.filename()?)?;
                Some((name, object.size))
            })
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Copies the backup `name` and its manifest from `folder`.
    ///
    /// # Errors
    /// [`RemoteError`]; what was sent of it is not listed then.
    pub async fn upload(&self, folder: &Path, name: BackupName) -> Result<(), RemoteError> {
        let path = folder.join(name.to_string());
        let manifest = manifest::path_of(&path);
        if manifest.exists() {
            let key = self.manifest_key(name);
            self.send(&manifest, &key).await?;
        }
        let key = self.key(name);
        let sent = self.send(&path, &key).await?;
        let there = self.store.head(&key).await;
        let there = there.map_err(|error| self.failed(error))?.size;
        if there != sent {
            return Err(self.broken(name, format!("has {there} of {sent} bytes there")));
        }
        Ok(())
    }

    /// Copies the backup `name` and its manifest into `folder`. Neither gets its name before every byte was
    /// checked, and both survive the loss of power then.
    ///
    /// # Errors
    /// [`RemoteError`]; what arrived of it is removed.
    pub async fn download(&self, name: BackupName, folder: &Path) -> Result<PathBuf, RemoteError> {
        let path = folder.join(name.to_string());
        let manifest = self.manifest_text(name).await?;
        let unfinished = beside(&path, UNFINISHED);
        let received = self.receive(name, &unfinished).await;
        let checked = match (received, &manifest) {
            (Ok(digest), Some(text)) => self.check(name, digest, text),
            (Ok(_), None) => self.verify_file(name, &unfinished).await,
            (Err(error), _) => Err(error),
        };
        let kept = checked.and_then(|()| {
            name_it(&unfinished, &path, manifest.as_deref())
                .map_err(|error| self.local(&path, error))
        });
        if kept.is_err() {
            // The error that matters is the first one.
            let _ = files::remove(&unfinished);
        }
        kept.map(|()| path)
    }

    /// What was written down about the backup `name`; `None` if nothing was.
    ///
    /// # Errors
    /// [`RemoteError`].
    pub async fn manifest(&self, name: BackupName) -> Result<Option<Manifest>, RemoteError> {
        let text = self.manifest_text(name).await?;
        text.map(|text| self.parse(name, &text)).transpose()
    }

    /// As [`Remote::manifest`], where a manifest that cannot be read tells as little as none.
    pub(super) async fn readable_manifest(
        &self,
        name: BackupName,
    ) -> Result<Option<Manifest>, RemoteError> {
        match self.manifest(name).await {
            Err(RemoteError::Broken { .. }) => Ok(None),
            manifest => manifest,
        }
    }

    /// What its manifest tells of the backup `name`, which is `bytes` long there.
    pub(super) async fn kept(&self, name: BackupName, bytes: u64) -> Result<Kept, RemoteError> {
        let manifest = self.readable_manifest(name).await?;
        let whole = manifest.filter(|manifest| manifest.bytes == bytes);
        Ok(manifest::kept(name, whole))
    }

    /// Reads all of the backup `name` and compares it with its manifest.
    ///
    /// # Errors
    /// [`RemoteError::Broken`] if it is not what was sent, or nobody wrote down what was.
    pub async fn verify(&self, name: BackupName) -> Result<Manifest, RemoteError> {
        let Some(text) = self.manifest_text(name).await? else {
            return Err(self.broken(name, "has no manifest to compare it with".into()));
        };
        let digest = self.read(name, async |_| Ok(())).await?;
        self.check(name, digest, &text)?;
        self.parse(name, &text)
    }

    pub(super) async fn remove(&self, name: BackupName) -> Result<(), RemoteError> {
        for key in [self.key(name), self.manifest_key(name)] {
            match self.store.delete(&key).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
        Ok(())
    }

    pub(super) fn local(&self, path: &Path, source: std::io::Error) -> RemoteError {
        RemoteError::Local {
            path: path.to_owned(),
            source,
        }
    }

    /// Sends a file, in parts if it is long; its length.
    async fn send(&self, path: &Path, key: &Key) -> Result<u64, RemoteError> {
        let local = |error| self.local(path, error);
        let mut file = tokio::fs::File::open(path).await.map_err(local)?;
        let store = Arc::clone(&self.store);
        let mut upload = BufWriter::with_capacity(store, key.clone(), PART_BYTES)
            .with_max_concurrency(PARTS_AT_ONCE);
        let mut sent = 0;
        let mut chunk = vec![0; files::CHUNK_BYTES];
        loop {
            let read = file.read(&mut chunk).await.map_err(local)?;
            if read == 0 {
                break;
            }
            sent += read as u64;
            let put = upload.put(chunk[..read].to_vec().into()).await;
            if let Err(error) = put {
                // A store that cannot be reached cannot be told to forget either.
                let _ = upload.abort().await;
                return Err(self.failed(error));
            }
        }
        match upload.shutdown().await {
            Ok(()) => Ok(sent),
            Err(error) => Err(self.failed(unwrapped(error))),
        }
    }

    async fn receive(&self, name: BackupName, path: &Path) -> Result<(u64, String), RemoteError> {
        let local = |error| self.local(path, error);
        let mut file = create(path).map_err(local)?;
        let write = async |chunk: &[u8]| file.write_all(chunk).await.map_err(local);
        let digest = self.read(name, write).await?;
        file.sync_all().await.map_err(local)?;
        Ok(digest)
    }

    /// Reads all of a backup, chunk by chunk; its length and checksum.
    async fn read(
        &self,
        name: BackupName,
        mut each: impl AsyncFnMut(&[u8]) -> Result<(), RemoteError>,
    ) -> Result<(u64, String), RemoteError> {
        let found = self.store.get(&self.key(name)).await;
        let mut chunks = found.map_err(|error| self.failed(error))?.into_stream();
        let mut digest = Digest::default();
        while let Some(chunk) = chunks.try_next().await.map_err(|e| self.failed(e))? {
            digest.update(&chunk);
            each(&chunk).await?;
        }
        Ok(digest.finish())
    }

    fn check(
        &self,
        name: BackupName,
        digest: (u64, String),
        manifest: &[u8],
    ) -> Result<(), RemoteError> {
        let manifest = self.parse(name, manifest)?;
        if digest == (manifest.bytes, manifest.sha256) {
            return Ok(());
        }
        Err(self.broken(name, Unfit::Checksum.to_string()))
    }

    /// Reads what was downloaded of a backup of which nothing was written down.
    async fn verify_file(&self, name: BackupName, path: &Path) -> Result<(), RemoteError> {
        let path = path.to_owned();
        let verify = move || {
            // Beside it, where there must be room for the database anyway.
            let unpacked = beside(&path.with_extension("plain"), UNFINISHED);
            files::remove(&unpacked)?;
            list::verify_through(&path, &unpacked).map(drop)
        };
        match lockstep::blocking(verify).await {
            Some(Ok(())) => Ok(()),
            Some(Err(unfit)) => Err(self.broken(name, format!("does not verify: {unfit}"))),
            None => Err(self.broken(name, "could not be verified: reading it panicked".into())),
        }
    }

    fn parse(&self, name: BackupName, text: &[u8]) -> Result<Manifest, RemoteError> {
        manifest::parse(text).map_err(|error| self.broken(name, error.to_string()))
    }

    async fn manifest_text(&self, name: BackupName) -> Result<Option<Vec<u8>>, RemoteError> {
        let found = match self.store.get(&self.manifest_key(name)).await {
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            found => found.map_err(|error| self.failed(error))?,
        };
        let text = found.bytes().await.map_err(|error| self.failed(error))?;
        Ok(Some(text.to_vec()))
    }

    fn key(&self, name: BackupName) -> Key {
        self.prefix.clone().join(name.to_string())
    }

    fn manifest_key(&self, name: BackupName) -> Key {
        self.prefix
            .clone()
            .join(format!("{name}{}", manifest::ENDING))
    }

    fn failed(&self, error: object_store::Error) -> RemoteError {
        RemoteError::Store {
            place: self.place.to_string(),
            reason: told(&error, &self.secrets),
        }
    }

    fn broken(&self, name: BackupName, reason: String) -> RemoteError {
        RemoteError::Broken {
            place: self.place.to_string(),
            name: name.to_string(),
            reason,
        }
    }
}

fn connect(settings: &Settings) -> object_store::Result<object_store::aws::AmazonS3> {
    // TLS needs one provider of cryptography; installed already is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The roots that are compiled in, so that an image without any works, beside the system's,
    // so that a store with a certificate of one's own works.
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
    let mut client = ClientOptions::new()
        .with_timeout_disabled()
        .with_read_timeout(Duration::from_secs(SILENCE_MAX_S));
    for root in roots {
        client = client.with_root_certificate(Certificate::from_der(root)?);
    }
    let mut builder = AmazonS3Builder::new()
        .with_client_options(client)
        .with_retry(RetryConfig {
            backoff: BackoffConfig {
                init_backoff: Duration::from_millis(RETRY_FIRST_MS),
                ..BackoffConfig::default()
            },
            max_retries: RETRIES_MAX,
            retry_timeout: Duration::from_secs(RETRY_MAX_S),
        });
    for (name, value) in &settings.variables {
        let key = name.to_ascii_lowercase();
        if name.starts_with("AWS_")
            && let Ok(key) = key.parse::<AmazonS3ConfigKey>()
        {
            builder = builder.with_config(key, value.reveal());
        }
        // Whoever writes http:// means it.
        let endpoint = name.starts_with("AWS_ENDPOINT");
        if endpoint && value.reveal().starts_with("http://") {
            builder = builder.with_allow_http(true);
        }
    }
    // Plain DELETE requests are what every store understands.
    builder
        .with_disable_bulk_delete(true)
        .with_bucket_name(&settings.bucket)
        .build()
}

/// The store's own error, out of the one that the writer made of it.
fn unwrapped(error: std::io::Error) -> object_store::Error {
    object_store::Error::Generic {
        store: "S3",
        source: error
            .into_inner()
            .unwrap_or_else(|| "the upload was not completed".into()),
    }
}

/// Gives what was downloaded and checked its name, after its manifest.
fn name_it(unfinished: &Path, path: &Path, manifest: Option<&[u8]>) -> std::io::Result<()> {
    let manifest_path = manifest::path_of(path);
    match manifest {
        Some(text) => {
            let unfinished = beside(&manifest_path, UNFINISHED);
            let mut file = safe_file::create(&unfinished)?;
            file.write_all(text)?;
            file.sync_all()?;
            std::fs::rename(&unfinished, &manifest_path)?;
        }
        // One of an earlier download would be of another file.
        None => files::remove(&manifest_path)?,
    }
    std::fs::rename(unfinished, path)?;
    files::sync_folder_of(path)
}

fn create(path: &Path) -> std::io::Result<tokio::fs::File> {
    safe_file::create(path).map(tokio::fs::File::from_std)
}
