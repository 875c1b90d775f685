//! How often threads have been renamed of late.
//!
//! Pure but for a lock. Invariant: a thread is renamed [`RENAMES_MAX`] times within
//! [`WINDOW`] at most, so that Discord has none to refuse; where it refuses one all the same, say
//! after a restart, none is tried before it says.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::ids::ChannelId;

/// Names of a thread or channel within ten minutes (discord/discord-api-docs#1900; for threads
/// discordjs/discord.js#6651).
const RENAMES_MAX: usize = 2;
/// The ten minutes and a little more.
const WINDOW: Duration = Duration::from_secs(10 * 60 + 5);
/// Threads that are kept in mind. What is forgotten Discord says itself.
const THREADS_MAX: usize = 4_096;

/// The renames of all threads of late.
#[derive(Debug, Default)]
pub struct Renames(Mutex<HashMap<ChannelId, Recent>>);

#[derive(Debug, Default)]
struct Recent {
    /// The last renames, at most [`RENAMES_MAX`].
    done: VecDeque<Duration>,
    /// Discord refuses any until then.
    held_until: Option<Duration>,
}

impl Renames {
    /// Returns after how long `thread` may be renamed next; `None` if that is now. Times are those of
    /// [`Clock::elapsed`](crate::clock::Clock::elapsed), so that setting the clock holds nothing up.
    pub(super) fn next(&self, thread: ChannelId, now: Duration) -> Option<Duration> {
        let threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = threads.get(&thread)?;
        let first = recent.done.front();
        let first = first.filter(|_| recent.done.len() >= RENAMES_MAX);
        let free_at = first.map(|first| *first + WINDOW).max(recent.held_until)?;
        (free_at > now).then(|| free_at - now)
    }

    /// Records that `thread` was renamed, or that Discord refuses it for some time.
    pub(super) fn record(&self, thread: ChannelId, now: Duration, refused_for: Option<Duration>) {
        let mut threads = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if threads.len() >= THREADS_MAX && !threads.contains_key(&thread) {
            let start = now.saturating_sub(WINDOW);
            threads.retain(|_, recent| recent.done.back().is_some_and(|last| *last > start));
            if threads.len() >= THREADS_MAX {
                threads.clear();
            }
        }
        let recent = threads.entry(thread).or_default();
        if recent.done.len() >= RENAMES_MAX {
            recent.done.pop_front();
        }
        recent.done.push_back(now);
        recent.held_until = refused_for.map(|wait| now + wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn third_rename_waits_until_the_first_is_ten_minutes_old() {
        let renames = Renames::default();
        let thread = ChannelId(7);
        for second in [0, 60] {
            assert_eq!(renames.next(thread, at(second)), None);
            renames.record(thread, at(second), None);
        }
        assert_eq!(renames.next(thread, at(61)), Some(WINDOW - at(61)));
        assert_eq!(renames.next(ChannelId(8), at(61)), None);
        assert_eq!(renames.next(thread, WINDOW), None);
        renames.record(thread, WINDOW, None);
        assert_eq!(renames.next(thread, WINDOW), Some(at(60)));
    }

    #[test]
    fn rename_that_discord_refuses_waits_as_long_as_it_says() {
        let renames = Renames::default();
        let thread = ChannelId(7);
        renames.record(thread, at(0), Some(at(300)));
        assert_eq!(renames.next(thread, at(10)), Some(at(290)));
        assert_eq!(renames.next(thread, at(300)), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let renames = Renames::default();
        for thread in 0..=i64::try_from(THREADS_MAX).expect("a small number") {
            renames.record(ChannelId(thread), at(0), None);
        }
        assert!(renames.0.lock().expect("no panic").len() <= THREADS_MAX);
    }
}
