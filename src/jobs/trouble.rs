//! What is logged of a store that fails a job that tries again every moment.
//!
//! May touch: nothing. Invariant: however often something is tried, there is a line a minute of it, and none
//! while failing commits are in the log already.

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::store::Store;

/// How long after a line in the log the next one may follow, in seconds.
const EVERY_S: u64 = 60;

/// When a failure was logged last.
#[derive(Debug, Default)]
pub(super) struct FailureLog(Mutex<Option<Instant>>);

impl FailureLog {
    /// Logs that the store failed, as a warning if it is time for one.
    pub(super) fn warn(&self, store: &Store, error: &dyn Display, what: &str) {
        let is_logged = store.commits().failure().is_some();
        if is_logged || !self.is_due(Instant::now()) {
            tracing::debug!(%error, "{what}");
        } else {
            tracing::warn!(%error, "{what}");
        }
    }

    /// Whether there may be a line now; then there may be none for a minute.
    fn is_due(&self, now: Instant) -> bool {
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let every = Duration::from_secs(EVERY_S);
        let is_due = logged.is_none_or(|at| now.duration_since(at) >= every);
        if is_due {
            *logged = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_twice_a_second_is_logged_once_a_minute() {
        let (log, now) = (FailureLog::default(), Instant::now());
        let halves = (0..=240).map(|half| now + Duration::from_millis(500) * half);
        let logged: Vec<_> = halves.filter(|at| log.is_due(*at)).collect();
        let minutes = [0, 60, 120].map(|s| now + Duration::from_secs(s));
        assert_eq!(logged, minutes);
    }
}
