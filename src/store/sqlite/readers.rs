//! The readers: read-only connections that answer questions beside the writer.
//!
//! May touch: the read connections. Invariant: each question sees one snapshot, and none waits
//! for the writer.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;
use tokio_rusqlite::Connection;

use super::super::{DbError, Failure, Question};
use super::lockstep;
use super::transaction::Open;

/// Read connections; on a small machine more of them only take the writer's time.
const READERS: usize = 2;
/// Questions that may wait for a reader; one more is answered [`Failure::Busy`].
const WAITING_MAX: usize = 1024;

/// A small pool of read-only connections.
pub struct Readers {
    connections: Vec<Connection>,
    next: AtomicUsize,
    places: Semaphore,
}

impl Readers {
    pub(super) async fn open(path: &Path) -> rusqlite::Result<Self> {
        let mut connections = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            connections.push(super::open_reader(path).await?);
        }
        Ok(Self {
            connections,
            ..Self::none()
        })
    }

    pub(super) fn of(connection: Connection) -> Self {
        Self {
            connections: vec![connection],
            ..Self::none()
        }
    }

    fn none() -> Self {
        Self {
            connections: Vec::new(),
            next: AtomicUsize::new(0),
            places: Semaphore::new(WAITING_MAX),
        }
    }

    /// Asks the next connection in turn.
    pub(in super::super) async fn ask<Q: Question>(
        &self,
        question: Q,
    ) -> Result<Q::Answer, Failure> {
        let Ok(_place) = self.places.try_acquire() else {
            return Err(Failure::Busy);
        };
        let at = self.next.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        let asked =
            self.connections[at].call(move |db| Ok::<_, rusqlite::Error>(answer(db, &question)));
        lockstep::done(asked)
            .await
            .map_err(|_| DbError::Closed)?
            .map_err(Failure::from)
    }

    pub(super) async fn close(&self) {
        for connection in &self.connections {
            // Closed already is as good.
            let _ = lockstep::done(connection.clone().close()).await;
        }
    }
}

fn answer<Q: Question>(db: &mut rusqlite::Connection, question: &Q) -> Result<Q::Answer, DbError> {
    let begun = db
        .transaction()
        .map_err(|error| DbError::Commit(error.to_string()))?;
    let asked = std::panic::AssertUnwindSafe(|| question.ask(&mut Open(&begun)));
    std::panic::catch_unwind(asked)
        .unwrap_or_else(|_| Err(DbError::Panicked(std::any::type_name::<Q>())))
}
