//! What is logged of a store that fails a job that tries again every moment.
//!
//! May touch: nothing. Invariant: however often something is tried, there is a line a minute of it, and none
//! while failing commits are in the log already.

use std::fmt::Display;

use tokio::time::Instant;

use crate::once_a_minute::OnceAMinute;
use crate::store::Store;

/// Failures since the last line of the log.
#[derive(Debug, Default)]
pub(super) struct FailureLog(OnceAMinute);

impl FailureLog {
    /// Logs that the store failed, as a warning if it is time for one.
    pub(super) fn warn(&self, store: &Store, error: &dyn Display, what: &str) {
        let is_logged = store.commits().failure().is_some();
        let due = (!is_logged).then(|| self.0.count(Instant::now()));
        match due.flatten() {
            Some(failures) => tracing::warn!(%error, failures, "{what}"),
            None => tracing::debug!(%error, "{what}"),
        }
    }
}
