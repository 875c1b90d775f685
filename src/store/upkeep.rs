//! The database's own upkeep: pages given back, statistics for the planner, a word to the owner.
//!
//! May touch: [`Transaction`], and the engine's own statements under `sql/sqlite`. Invariant: each
//! command is small enough to hold nobody up; what is done once a day is remembered as done.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::sql::{DbError, sql, values};
use super::{Command, Question, Read, Stop, Transaction, outbox};
use crate::domain::ids::{GuildId, UserId};

/// Pages that one [`GiveBackPages`] gives back at most; `sql/sqlite/give_back_pages.sql` says so.
pub const PAGES_MAX: usize = 64;
/// The planner's statistics are made anew this often, in hours.
const TUNE_EVERY_H: i64 = 24;
/// The owner is told of the size this often at most, in hours.
const TELL_OWNER_EVERY_H: i64 = 24;
/// The owner is told that the token is shared this often at most, in days.
const TELL_OF_TOKEN_EVERY_DAYS: i64 = 7;

/// Gives free pages at the end of the file back to the disk; the answer is how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GiveBackPages;

impl Command for GiveBackPages {
    const NAME: &'static str = "give_back_pages";
    type Answer = usize;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<usize, Stop<Self::Refusal>> {
        Ok(tx.query(sql!("sqlite/give_back_pages"), values![])?.len())
    }
}

/// Renews the statistics that the planner works with, if they are old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tune {
    /// The present time.
    pub now: DateTime<Utc>,
}

impl Command for Tune {
    const NAME: &'static str = "tune";
    /// Whether there was something to do.
    type Answer = bool;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<bool, Stop<Self::Refusal>> {
        if !is_due(tx, "tune", TimeDelta::hours(TUNE_EVERY_H), self.now)? {
            return Ok(false);
        }
        tx.query(sql!("sqlite/analyze"), values![])?;
        tx.query(sql!("sqlite/optimize"), values![])?;
        Ok(true)
    }
}

/// Tells the bot's owner that the database is large, unless they were told within a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TellOfSize {
    /// Whom.
    pub owner: UserId,
    /// How large it is.
    pub bytes: u64,
    /// From which size on it is to be told.
    pub warn_bytes: u64,
    /// The present time.
    pub now: DateTime<Utc>,
}

/// Whether the owner will be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told(pub bool);

impl Command for TellOfSize {
    const NAME: &'static str = "tell_of_size";
    type Answer = Told;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Told, Stop<Self::Refusal>> {
        let day = TimeDelta::hours(TELL_OWNER_EVERY_H);
        if !is_due(tx, "tell_of_size", day, self.now)? {
            return Ok(Told(false));
        }
        let notice = outbox::Notice::LargeDatabase {
            bytes: self.bytes,
            warn_bytes: self.warn_bytes,
        };
        outbox::owe_owner(tx, self.owner, notice, self.now)?;
        Ok(Told(true))
    }
}

/// Tells the bot's owner that another program runs on its token, unless they were told within a week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TellOfSharedToken {
    /// Whom.
    pub owner: UserId,
    /// The present time.
    pub now: DateTime<Utc>,
}

impl Command for TellOfSharedToken {
    const NAME: &'static str = "tell_of_shared_token";
    type Answer = Told;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Told, Stop<Self::Refusal>> {
        let often = TimeDelta::days(TELL_OF_TOKEN_EVERY_DAYS);
        if !is_due(tx, "tell_of_shared_token", often, self.now)? {
            return Ok(Told(false));
        }
        outbox::owe_owner(tx, self.owner, outbox::Notice::SharedToken, self.now)?;
        Ok(Told(true))
    }
}

/// Those of these servers that were not looked through yet for commands of an older bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotLookedThrough(pub Vec<GuildId>);

impl Question for NotLookedThrough {
    type Answer = Vec<GuildId>;

    fn ask(&self, db: &mut dyn Read) -> Result<Vec<GuildId>, DbError> {
        let mut left = Vec::new();
        for guild in &self.0 {
            let chore = values![looking_through(*guild)];
            if db.query_one(sql!("upkeep/done_at"), chore)?.is_none() {
                left.push(*guild);
            }
        }
        Ok(left)
    }
}

/// A server was looked through for commands of an older bot, once and for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandsLookedThrough {
    /// Which.
    pub guild: GuildId,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for CommandsLookedThrough {
    const NAME: &'static str = "commands_looked_through";
    type Answer = ();
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<(), Stop<Self::Refusal>> {
        let done = values![looking_through(self.guild), self.at];
        tx.execute(sql!("upkeep/done"), done)?;
        Ok(())
    }
}

/// What it is remembered by that a server was looked through.
fn looking_through(guild: GuildId) -> String {
    format!("guild_commands:{guild}")
}

/// Whether a chore was last done `every` ago or longer; then it counts as done `now`.
fn is_due(
    tx: &mut dyn Transaction,
    chore: &str,
    every: TimeDelta,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    if let Some(row) = tx.query_one(sql!("upkeep/done_at"), values![chore])? {
        let done_at: DateTime<Utc> = row.get("done_at")?;
        // A clock that was set back must not put a chore off for ever.
        if done_at <= now && now - done_at < every {
            return Ok(false);
        }
    }
    tx.execute(sql!("upkeep/done"), values![chore, now])?;
    Ok(true)
}
