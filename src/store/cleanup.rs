//! Sessions that are over for long leave the tables that are looked at all the time.
//!
//! May touch: the domain and [`Transaction`]. Invariant: what statistics and ratings need is in
//! the history in the same transaction in which the session goes.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::sql::{DbError, Row, sql, values};
use super::{Command, Stop, Transaction, known_time};
use crate::domain::ids::SessionId;
use crate::domain::ladder::Ladder;
use crate::domain::mode::Mode;
use crate::domain::role::Role;

/// Queue entries and records that go in one command, with all that hangs on them; 20 ms is the longest that it
/// may hold the writer (a test that is not run by itself measures it).
pub const ENTRIES_MAX: u32 = 100;
/// Sessions of the history that go in one command, with their players.
const HISTORY_AT_ONCE_MAX: u32 = 10;
/// What moving a session weighs, in queue entries.
const SESSION_WEIGHT: u32 = 10;

/// Moves sessions that ended long ago into the history, as many as go quickly. Forgets who was turned down in a
/// cancelled session, or lost their place, once it could not be joined any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveSessions {
    /// The present time.
    pub now: DateTime<Utc>,
    /// How many days after its end a session is moved, and on how many days the bot must have run after it: a
    /// clock that is wrong once erases nothing.
    pub days: u32,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    /// Sessions that were moved.
    pub sessions: u32,
    /// Whether there is more to do.
    pub more: bool,
}

impl Command for ArchiveSessions {
    const NAME: &'static str = "archive_sessions";
    type Answer = Archived;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Archived, Stop<Self::Refusal>> {
        tx.execute(sql!("history/forget_turned_down"), values![self.now])?;
        tx.execute(sql!("history/forget_taken_back"), values![self.now])?;
        let mut room = ENTRIES_MAX;
        let mut sessions = 0;
        let before = self.now - TimeDelta::days(self.days.into());
        let Some(ran_since) = known_time::ran_since(tx, self.days, self.now)? else {
            return Ok(Archived::default());
        };
        let before = before.min(ran_since);
        while let Some(over) = tx.query_one(sql!("history/over"), values![before])? {
            let (id, entries): (SessionId, u32) = (over.get("id")?, over.get("entries")?);
            let weight = entries.saturating_add(SESSION_WEIGHT);
            if weight > room {
                // A long queue goes in pieces; the session itself follows with the last one.
                if sessions == 0 {
                    forget(tx, id, room)?;
                }
                return Ok(Archived {
                    sessions,
                    more: true,
                });
            }
            archive(tx, id, &over)?;
            sessions += 1;
            room -= weight;
        }
        Ok(Archived {
            sessions,
            more: false,
        })
    }
}

/// Forgets what happened long ago: sessions in the history, cancelled ones too, with who played, and who
/// was missing, as many as go quickly.
///
/// Sessions are looked at in the order of their numbers, which is that of their making. As nobody plans more than
/// [`AHEAD_MAX_DAYS`](crate::domain::when::AHEAD_MAX_DAYS) ahead, nothing stays for longer than that beyond its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForgetHistory {
    /// The present time.
    pub now: DateTime<Utc>,
    /// How many days after its planned start a session goes, and on how many days the bot must have run after it.
    pub days: u32,
}

/// What was forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// Sessions.
    pub sessions: usize,
    /// Times that somebody was missing.
    pub no_shows: usize,
}

impl Command for ForgetHistory {
    const NAME: &'static str = "forget_history";
    type Answer = Forgotten;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Forgotten, Stop<Self::Refusal>> {
        let Some(ran_since) = known_time::ran_since(tx, self.days, self.now)? else {
            return Ok(Forgotten::default());
        };
        let before = (self.now - TimeDelta::days(self.days.into())).min(ran_since);
        let sessions = values![before, HISTORY_AT_ONCE_MAX];
        let no_shows = values![before, ENTRIES_MAX];
        Ok(Forgotten {
            sessions: tx.execute(sql!("history/forget_sessions"), sessions)?,
            no_shows: tx.execute(sql!("history/forget_no_shows"), no_shows)?,
        })
    }
}

/// Forgets up to `max` queue entries and records of a session that is over.
fn forget(tx: &mut dyn Transaction, id: SessionId, max: u32) -> Result<(), DbError> {
    let entries = tx.execute(sql!("history/forget_entries"), values![id, max])?;
    let left = max.saturating_sub(u32::try_from(entries).unwrap_or(max));
    tx.execute(sql!("history/forget_records"), values![id, left])?;
    Ok(())
}

/// The ladder on which `role` was ranked, as a stored word; `None` for a mode that is not known.
pub(super) fn ladder(session: &Row, role: Role) -> Result<Option<&'static str>, DbError> {
    let mode: String = session.get("game_mode")?;
    Ok(Mode::parse(&mode).map(|mode| Ladder::as_str(mode.ladder(role))))
}

fn archive(tx: &mut dyn Transaction, id: SessionId, session: &Row) -> Result<(), DbError> {
    tx.execute(sql!("history/keep_session"), values![id])?;
    for role in Role::ALL {
        let values = values![id, role.as_str(), ladder(session, role)?];
        tx.execute(sql!("history/keep_players"), values)?;
    }
    tx.execute(sql!("history/leave"), values![id])?;
    Ok(())
}

#[cfg(test)]
mod tests;
