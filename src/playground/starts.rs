//! How many gateway sessions a bot may still start in a day.
//!
//! Pure data; it goes by the machine's monotonic time. Invariant: whoever starts one too many is not
//! let in.

use std::time::{Duration, Instant};

/// Sessions that may be started in a day, at least; with many shards, several times each.
const A_DAY_MIN: u64 = 1_000;
/// How often every shard may start its session in a day, at least.
const A_DAY_FOR_EACH: u64 = 4;
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The session starts of a day.
#[derive(Debug)]
pub(super) struct Starts {
    total: u64,
    left: u64,
    /// When all are there again; `None` while all are there.
    resets: Option<Instant>,
    /// How many were one too many.
    exceeded: u64,
}

impl Starts {
    /// For a bot with so many shards.
    pub(super) fn new(shards: u32) -> Self {
        let total = A_DAY_MIN.max(A_DAY_FOR_EACH * u64::from(shards));
        Self {
            total,
            left: total,
            resets: None,
            exceeded: 0,
        }
    }

    /// In all, left, and milliseconds until all are there again.
    pub(super) fn at(&mut self, now: Instant) -> (u64, u64, u64) {
        if self.resets.is_some_and(|at| at <= now) {
            (self.left, self.resets) = (self.total, None);
        }
        let wait = self.resets.map_or(Duration::ZERO, |at| at - now);
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        (self.total, self.left, wait_ms)
    }

    /// A session is started; whether it may be.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let (_, left, _) = self.at(now);
        match left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                self.resets.get_or_insert(now + DAY);
            }
            None => self.exceeded += 1,
        }
        left > 0
    }

    /// From now on so many are left, until this long has passed.
    pub(super) fn set(&mut self, left: u64, reset_after: Duration, now: Instant) {
        self.left = left.min(self.total);
        self.resets = Some(now + reset_after);
    }

    /// How many were started that should not have been.
    pub(super) fn exceeded(&self) -> u64 {
        self.exceeded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_too_many_is_not_let_in_until_the_day_is_over() {
        let (mut starts, now) = (Starts::new(1), Instant::now());
        assert_eq!(starts.at(now), (A_DAY_MIN, A_DAY_MIN, 0));
        starts.set(1, Duration::from_secs(60), now);
        assert_eq!(starts.at(now), (A_DAY_MIN, 1, 60_000));
        assert!(starts.take(now) && !starts.take(now));
        assert_eq!(starts.exceeded(), 1);
        let later = now + Duration::from_secs(60);
        assert!(starts.take(later));
        assert_eq!(starts.at(later), (A_DAY_MIN, A_DAY_MIN - 1, 86_400_000));
    }
}
