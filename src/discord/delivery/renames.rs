//! How often threads have been renamed of late.
//!
//! Pure but for a lock. Invariant: a thread is renamed [`RENAMES_MAX`] times within
//! [`WINDOW_S`] at most, so that Discord has none to refuse.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::ids::ChannelId;

/// Names of a thread or channel within ten minutes (discord/discord-api-docs#1900; for threads
/// discordjs/discord.js#6651).
const RENAMES_MAX: usize = 2;
/// The ten minutes and a little more, in seconds.
const WINDOW_S: i64 = 10 * 60 + 5;
/// Threads that are kept in mind. What is forgotten Discord says itself.
const THREADS_MAX: usize = 4_096;

/// The renames of all threads of late.
#[derive(Debug, Default)]
pub struct Renames(Mutex<HashMap<ChannelId, VecDeque<DateTime<Utc>>>>);

impl Renames {
    /// Returns when `thread` may be renamed next; `None` if that is now.
    pub(super) fn next(&self, thread: ChannelId, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let renames = threads.get(&thread)?;
        let first = renames.front().filter(|_| renames.len() >= RENAMES_MAX)?;
        // A clock that was set back holds nothing up for longer.
        let free_at = (*first).min(now) + TimeDelta::seconds(WINDOW_S);
        (free_at > now).then_some(free_at)
    }

    /// Records that `thread` was renamed.
    pub(super) fn record(&self, thread: ChannelId, now: DateTime<Utc>) {
        let mut threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if threads.len() >= THREADS_MAX && !threads.contains_key(&thread) {
            let start = now - TimeDelta::seconds(WINDOW_S);
            threads.retain(|_, renames| renames.back().is_some_and(|last| *last > start));
            if threads.len() >= THREADS_MAX {
                threads.clear();
            }
        }
        let renames = threads.entry(thread).or_default();
        if renames.len() >= RENAMES_MAX {
            renames.pop_front();
        }
        renames.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn third_rename_waits_until_the_first_is_ten_minutes_old() {
        let renames = Renames::default();
        let thread = ChannelId(7);
        for second in [0, 60] {
            assert_eq!(renames.next(thread, at(second)), None);
            renames.record(thread, at(second));
        }
        assert_eq!(renames.next(thread, at(61)), Some(at(WINDOW_S)));
        assert_eq!(renames.next(ChannelId(8), at(61)), None);
        assert_eq!(renames.next(thread, at(WINDOW_S)), None);
        renames.record(thread, at(WINDOW_S));
        let next = renames.next(thread, at(WINDOW_S));
        assert_eq!(next, Some(at(60 + WINDOW_S)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let renames = Renames::default();
        for thread in 0..=i64::try_from(THREADS_MAX).expect("a small number") {
            renames.record(ChannelId(thread), at(0));
        }
        assert!(renames.0.lock().expect("no panic").len() <= THREADS_MAX);
    }
}
