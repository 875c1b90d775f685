//! Rate limits that depend on what is changed, which no header announces: edits of old messages,
//! names and topics of channels.
//!
//! Pure: the time is an argument. Invariant: a refused change takes no place.

use chrono::{DateTime, TimeDelta, Utc};
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};
use tokio::time::Instant;

/// A message is old from this age on, in minutes.
const OLD_MINUTES: i64 = 60;
/// Edits of old messages in one channel within [`OLD_EDITS_WINDOW_S`]. "Maximum number of edits to
/// messages older than 1 hour reached", code 30046 (Discord's documentation, Opcodes and Status Codes,
/// JSON error codes; discord/discord-api-docs#4381). Discord publishes no figure; bots that edit old
/// messages more often than about every other second report it (discord-net/Discord.Net#2375,
/// aikaterna/aikaterna-cogs#302).
const OLD_EDITS_MAX: usize = 3;
const OLD_EDITS_WINDOW_S: u64 = 6;
/// Changes of the name or topic of one channel or thread within [`NAMES_WINDOW_MINUTES`]
/// (discord/discord-api-docs#1900 with the headers, which say nothing of it, and #2208; for threads
/// discordjs/discord.js#6651).
const NAMES_MAX: usize = 2;
const NAMES_WINDOW_MINUTES: i64 = 10;
/// Channels kept before those that have waited long enough are thrown away.
const CHANNELS_MAX: usize = 4_096;

/// The changes of late. Edits are counted in monotonic time, as requests are; names by the clock,
/// so that a story can let ten minutes pass.
#[derive(Debug, Default)]
pub(in crate::playground) struct Changes {
    old_edits: HashMap<u64, VecDeque<Instant>>,
    names: HashMap<u64, VecDeque<DateTime<Utc>>>,
}

/// A change that comes too early.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::playground) struct TooEarly {
    pub(in crate::playground) wait: Duration,
    pub(in crate::playground) code: Option<u64>,
    pub(in crate::playground) message: &'static str,
}

impl Changes {
    /// Takes a place for the edit of a message that was sent at `sent`, if it is old.
    pub(in crate::playground) fn edit(
        &mut self,
        channel: u64,
        sent: DateTime<Utc>,
        now: DateTime<Utc>,
        at: Instant,
    ) -> Result<(), TooEarly> {
        if now - sent <= TimeDelta::minutes(OLD_MINUTES) {
            return Ok(());
        }
        let window = Duration::from_secs(OLD_EDITS_WINDOW_S);
        if self.old_edits.len() > CHANNELS_MAX {
            let recent = |edits: &VecDeque<Instant>| edits.back().is_some_and(|t| *t + window > at);
            self.old_edits.retain(|_, edits| recent(edits));
        }
        let edits = self.old_edits.entry(channel).or_default();
        while edits.front().is_some_and(|first| *first + window <= at) {
            edits.pop_front();
        }
        if edits.len() < OLD_EDITS_MAX {
            edits.push_back(at);
            return Ok(());
        }
        Err(TooEarly {
            wait: edits[0] + window - at,
            code: Some(30_046),
            message: "Maximum number of edits to messages older than 1 hour reached. Try again later",
        })
    }

    /// Takes a place for another name or topic of a channel or thread.
    pub(in crate::playground) fn rename(
        &mut self,
        channel: u64,
        now: DateTime<Utc>,
    ) -> Result<(), TooEarly> {
        let window = TimeDelta::minutes(NAMES_WINDOW_MINUTES);
        if self.names.len() > CHANNELS_MAX {
            let recent =
                |names: &VecDeque<DateTime<Utc>>| names.back().is_some_and(|t| *t + window > now);
            self.names.retain(|_, names| recent(names));
        }
        let names = self.names.entry(channel).or_default();
        while names.front().is_some_and(|first| *first + window <= now) {
            names.pop_front();
        }
        if names.len() < NAMES_MAX {
            names.push_back(now);
            return Ok(());
        }
        Err(TooEarly {
            wait: (names[0] + window - now).to_std().unwrap_or_default(),
            code: None,
            message: "You are being rate limited.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn fourth_edit_of_an_old_message_in_six_seconds_is_refused_in_its_channel_only() {
        let (mut changes, at) = (Changes::default(), Instant::now());
        let sent = DateTime::UNIX_EPOCH;
        let later = sent + TimeDelta::minutes(OLD_MINUTES) + TimeDelta::seconds(1);
        for _ in 0..OLD_EDITS_MAX {
            assert_eq!(changes.edit(1, sent, later, at), Ok(()));
        }
        let early = changes.edit(1, sent, later, at + Duration::from_secs(2));
        let early = early.expect_err("it is refused");
        assert_eq!((early.wait.as_secs(), early.code), (4, Some(30_046)));
        assert_eq!(changes.edit(1, later, later, at), Ok(()), "a young message");
        assert_eq!(changes.edit(2, sent, later, at), Ok(()), "another channel");
        let free = at + Duration::from_secs(OLD_EDITS_WINDOW_S);
        assert_eq!(changes.edit(1, sent, later, free), Ok(()));
    }

    #[test]
    fn third_name_in_ten_minutes_is_refused_for_its_channel_only() {
        let (mut changes, now) = (Changes::default(), DateTime::UNIX_EPOCH);
        for _ in 0..NAMES_MAX {
            assert_eq!(changes.rename(1, now), Ok(()));
        }
        let early = changes.rename(1, now + TimeDelta::minutes(9));
        assert_eq!(early.expect_err("it is refused").wait.as_secs(), 60);
        assert_eq!(changes.rename(2, now), Ok(()));
        let free = now + TimeDelta::minutes(NAMES_WINDOW_MINUTES);
        assert_eq!(changes.rename(1, free), Ok(()));
    }
}
