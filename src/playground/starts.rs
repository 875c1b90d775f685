//! How many gateway sessions a bot may still start in a day, and how many at once.
//!
//! Pure data; it goes by the machine's monotonic time. Invariant: whoever starts one too many, or too
//! soon, is not let in.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Sessions that may be started in a day, at least; with many shards, several times each.
const A_DAY_MIN: u64 = 1_000;
/// How often every shard may start its session in a day, at least.
const A_DAY_FOR_EACH: u64 = 4;
/// IDENTIFYs at once, at least: with more shards, all of them, so that nobody waits for minutes.
const AT_ONCE_MIN: u32 = 16;
/// Shards with the same number modulo those at once identify this far apart. (Discord's documentation,
/// "Gateway", sections "Max Concurrency" and "Rate Limiting"; discord/discord-api-docs pull request #1621:
/// `rate_limit_key = shard_id % max_concurrency`; issues #254 and #1328: who is too soon is sent op 9.)
const BUCKET_EVERY: Duration = Duration::from_secs(5);
/// How late a loaded machine may send what was in time.
const LATE_AT_MOST: Duration = Duration::from_millis(500);
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
    at_once: u32,
    /// When the last session of each bucket was started.
    buckets: HashMap<u64, Instant>,
    /// How many came too soon after another one of their bucket.
    too_soon: u64,
}

/// What becomes of an IDENTIFY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// The session begins.
    Begun,
    /// It came too soon after another one of its bucket. It counts all the same.
    TooSoon,
    /// It was one too many for the day.
    Exceeded,
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
            at_once: AT_ONCE_MIN.max(shards),
            buckets: HashMap::new(),
            too_soon: 0,
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

    /// A session of this shard is started; whether it may be. `spaced`: only if none of its bucket was
    /// started just now.
    pub(super) fn take(&mut self, shard: u64, spaced: bool, now: Instant) -> Start {
        let (_, left, _) = self.at(now);
        let Some(left) = left.checked_sub(1) else {
            self.exceeded += 1;
            return Start::Exceeded;
        };
        self.left = left;
        self.resets.get_or_insert(now + DAY);
        let bucket = shard % u64::from(self.at_once);
        let last = self.buckets.get(&bucket);
        if spaced && last.is_some_and(|last| now - *last + LATE_AT_MOST < BUCKET_EVERY) {
            self.too_soon += 1;
            return Start::TooSoon;
        }
        self.buckets.insert(bucket, now);
        Start::Begun
    }

    /// How many shards may identify at once: `max_concurrency`.
    pub(super) fn at_once(&self) -> u32 {
        self.at_once
    }

    /// How many were started too soon after another one of their bucket.
    pub(super) fn too_soon(&self) -> u64 {
        self.too_soon
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
        let mut take = |now| starts.take(0, false, now);
        assert_eq!([take(now), take(now)], [Start::Begun, Start::Exceeded]);
        assert_eq!(starts.exceeded(), 1);
        let later = now + Duration::from_secs(60);
        assert_eq!(starts.take(0, false, later), Start::Begun);
        assert_eq!(starts.at(later), (A_DAY_MIN, A_DAY_MIN - 1, 86_400_000));
    }

    #[test]
    fn shards_of_one_bucket_start_five_seconds_apart() {
        let (mut starts, now) = (Starts::new(32), Instant::now());
        assert_eq!(starts.at_once(), 32);
        let seconds = |s| now + Duration::from_secs(s);
        for shard in 0..32 {
            assert_eq!(starts.take(shard, true, now), Start::Begun);
        }
        assert_eq!(starts.take(32, true, seconds(4)), Start::TooSoon);
        assert_eq!(starts.take(0, true, seconds(5)), Start::Begun);
        assert_eq!(starts.take(32, true, seconds(9)), Start::TooSoon);
        assert_eq!(starts.take(32, false, seconds(9)), Start::Begun);
        assert_eq!(starts.too_soon(), 2);
        // Who was not let in has started one all the same.
        assert_eq!(starts.at(seconds(9)).1, A_DAY_MIN - 36);
    }
}
