//! How the running parts are: who knows something of his own health says it here, and who is asked
//! for it (`http`, the log, the owner) reads it here.
//!
//! May touch: nothing. Invariant: it holds only what is true now and can be told again after a
//! restart; nothing is decided by it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// The state of the running process. Cheap to clone; all clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Status(Arc<Mutex<Now>>);

/// One shard's connection to Discord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from 0.
    pub number: u32,
    /// Whether it is connected.
    pub up: bool,
    /// Since when it is, or is not.
    pub since: DateTime<Utc>,
}

/// A database that has grown beyond what its operator wants to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oversize {
    /// Its size.
    pub bytes: u64,
    /// The size from which it is warned of.
    pub warn_bytes: u64,
}

/// Why no requests go to Discord for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Discord's limit over all requests was exceeded. Acknowledgements of clicks go on.
    GlobalLimit,
    /// What stands before Discord's API refuses everything from this address.
    AddressBlocked,
    /// Too many requests were refused lately, so that Discord might block this address. Acknowledgements
    /// of clicks go on, up to a limit of their own.
    BudgetSpent,
    /// Discord does not take the token any more.
    TokenRefused,
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GlobalLimit => "the limit over all requests is exceeded",
            Self::AddressBlocked => "this address is blocked",
            Self::BudgetSpent => "too many requests were refused",
            Self::TokenRefused => "the token is refused",
        })
    }
}

#[derive(Debug, Default)]
struct Now {
    start: Option<String>,
    hold: Option<(Hold, Instant)>,
    shards: Vec<Shard>,
    shardless: Option<&'static str>,
    oversize: Option<Oversize>,
    starts_used_up: Option<DateTime<Utc>>,
    token_shared: Option<DateTime<Utc>>,
}

impl Status {
    /// A shard is on its way since `now`, and not connected yet.
    pub fn shard_starts(&self, number: u32, now: DateTime<Utc>) {
        let shards = &mut self.now().shards;
        shards.retain(|shard| shard.number != number);
        let at = shards.partition_point(|shard| shard.number < number);
        let (up, since) = (false, now);
        shards.insert(at, Shard { number, up, since });
    }

    /// A shard is not of this process any more.
    pub fn shard_leaves(&self, number: u32) {
        self.now().shards.retain(|shard| shard.number != number);
    }

    /// A shard is connected, or is not. Saying the same again changes nothing.
    pub fn shard_is(&self, number: u32, up: bool, now: DateTime<Utc>) {
        let mut state = self.now();
        let shard = state.shards.iter_mut().find(|one| one.number == number);
        if let Some(shard) = shard.filter(|shard| shard.up != up) {
            shard.up = up;
            shard.since = now;
        }
    }

    /// Every shard, by its number; none before the first was started.
    pub fn shards(&self) -> Vec<Shard> {
        self.now().shards.clone()
    }

    /// There is no shard here, and that is well, for this reason.
    pub fn shardless(&self, reason: &'static str) {
        self.now().shardless = Some(reason);
    }

    /// Why it is well that there is no shard here; `None` if it is not.
    pub fn why_shardless(&self) -> Option<&'static str> {
        self.now().shardless
    }

    /// Discord lets this bot start no session before this; or does again.
    pub fn starts_used_up(&self, until: Option<DateTime<Utc>>) {
        self.now().starts_used_up = until;
    }

    /// Before when Discord lets this bot start no session; `None` if it does.
    pub fn no_starts_until(&self) -> Option<DateTime<Utc>> {
        self.now().starts_used_up
    }

    /// The start waits for Discord, for this reason; or does no longer.
    pub fn start_waits(&self, reason: Option<String>) {
        self.now().start = reason;
    }

    /// Why the start waits for Discord; `None` if it does not.
    pub fn why_start_waits(&self) -> Option<String> {
        self.now().start.clone()
    }

    /// No requests go to Discord until this; or they do again.
    pub fn discord_holds(&self, hold: Option<(Hold, Instant)>) {
        self.now().hold = hold;
    }

    /// Why no requests go to Discord at `now`, and until when; `None` if they do.
    pub fn held_by_discord(&self, now: Instant) -> Option<(Hold, Instant)> {
        self.now().hold.filter(|(_, until)| *until > now)
    }

    /// Another program has answered clicks with this bot's token, lately at this time.
    pub fn token_shared(&self, at: DateTime<Utc>) {
        self.now().token_shared = Some(at);
    }

    /// When another program was last found to run on this bot's token.
    pub fn token_shared_at(&self) -> Option<DateTime<Utc>> {
        self.now().token_shared
    }

    /// The database is larger than it should be, or is not any more.
    pub fn oversized(&self, oversize: Option<Oversize>) {
        self.now().oversize = oversize;
    }

    /// Whether the database is larger than it should be.
    pub fn oversize(&self) -> Option<Oversize> {
        self.now().oversize
    }

    /// Plain values are never left half written, so that a panic elsewhere poisons nothing here.
    fn now(&self) -> MutexGuard<'_, Now> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_shard_is_up_since_the_first_time_that_somebody_said_so() {
        let (status, start) = (Status::default(), DateTime::UNIX_EPOCH);
        let later = |seconds| start + TimeDelta::seconds(seconds);
        status.shard_starts(1, start);
        status.shard_starts(0, start);
        status.shard_starts(2, start);
        status.shard_leaves(2);
        status.shard_is(1, true, later(1));
        status.shard_is(1, true, later(9));
        status.shard_is(7, true, later(9));
        let expected = |number, up, since| Shard { number, up, since };
        let shards = [expected(0, false, start), expected(1, true, later(1))];
        assert_eq!(status.shards(), shards);
    }
}
