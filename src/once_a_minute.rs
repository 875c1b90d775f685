//! Events that come at any rate, logged once a minute with their number.
//!
//! May touch: nothing.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long after a line in the log the next one may follow, in seconds.
const EVERY_S: u64 = 60;

/// Counts events between two lines of the log.
#[derive(Debug, Default)]
pub(crate) struct OnceAMinute(Mutex<EventCount>);

#[derive(Debug, Default)]
struct EventCount {
    logged: Option<Instant>,
    since: u64,
}

impl OnceAMinute {
    /// Counts an event. Returns how many there were since the last line if it is time for the next.
    pub(crate) fn count(&self, now: Instant) -> Option<u64> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counted.since += 1;
        let every = Duration::from_secs(EVERY_S);
        if counted
            .logged
            .is_some_and(|at| now.duration_since(at) < every)
        {
            return None;
        }
        counted.logged = Some(now);
        Some(std::mem::take(&mut counted.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_others_as_a_number() {
        let (counter, now) = (OnceAMinute::default(), Instant::now());
        let told: Vec<_> = [0, 1, 59, 60, 61, 300]
            .into_iter()
            .map(|s| counter.count(now + Duration::from_secs(s)))
            .collect();
        assert_eq!(told, [Some(1), None, None, Some(3), None, Some(2)]);
    }
}
