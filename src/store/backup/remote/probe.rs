//! Trying out what backups need of an object store.
//!
//! May touch: one small object of its own. Invariant: the object is removed again if it can be, and is never
//! taken for a backup.

use object_store::ObjectStoreExt as _;

use super::{Key, Remote, RemoteError};

/// What is written: any few bytes.
const CONTENT: &[u8] = b"overwatch-bot check";

/// What cannot be done there.
#[derive(Debug, thiserror::Error)]
#[error("cannot {step} there: {source}")]
pub struct ProbeError {
    /// Write, read, list or delete.
    pub step: &'static str,
    /// Why.
    pub source: RemoteError,
}

impl Remote {
    /// Writes a small object, reads it, lists it and deletes it, as backups are.
    ///
    /// # Errors
    /// [`ProbeError`] of the first step that failed.
    pub async fn probe(&self) -> Result<(), ProbeError> {
        let name = format!(".overwatch-bot-check-{}", std::process::id());
        let key = self.prefix.clone().join(name.as_str());
        let put = self.store.put(&key, CONTENT.into()).await;
        put.map_err(|error| ProbeError::at("write")(self.failed(error)))?;
        let looked = self.look_for(&key).await;
        let deleted = self.store.delete(&key).await;
        looked?;
        deleted.map_err(|error| ProbeError::at("delete")(self.failed(error)))
    }

    async fn look_for(&self, key: &Key) -> Result<(), ProbeError> {
        let read = ProbeError::at("read");
        let found = self
            .store
            .get(key)
            .await
            .map_err(|error| self.failed(error));
        let found = found.map_err(&read)?.bytes().await;
        let found = found.map_err(|error| read(self.failed(error)))?;
        if found != CONTENT {
            return Err(read(
                self.other_than_expected("it returns other bytes than were written"),
            ));
        }
        let list = ProbeError::at("list");
        let listed = self.store.list_with_delimiter(Some(&self.prefix)).await;
        let listed = listed.map_err(|error| list(self.failed(error)))?;
        match listed.objects.iter().any(|object| object.location == *key) {
            true => Ok(()),
            false => Err(list(
                self.other_than_expected("what was written is not listed"),
            )),
        }
    }

    fn other_than_expected(&self, reason: &str) -> RemoteError {
        RemoteError::Broken {
            place: self.place.to_string(),
            name: "a small object".into(),
            reason: reason.into(),
        }
    }
}

impl ProbeError {
    fn at(step: &'static str) -> impl Fn(RemoteError) -> Self {
        move |source| Self { step, source }
    }
}
