//! Deliveries that Discord refuses for a reason that may pass.
//!
//! May touch: the domain and [`Transaction`]. Invariant: a parked row stays in the outbox until its session
//! has been over for `KEPT_AFTER_END_H`. Of the rows that are refused for one [`Cause`] in one place one is
//! tried at growing intervals, each time another one, and the others follow as soon as one goes through. So
//! refusals are bounded by places, and the tries in a place are never more than ten minutes apart, unless
//! something is refused in so many places that `TRY_EVERY_S` has to stretch them.

use chrono::{DateTime, TimeDelta, Utc};

use super::{CALL, CARD, EVENT, PROMPT_END, Place, RETRACTION, Settle, THREAD, prompt};
use crate::domain::ids::{CallId, ChannelId, GuildId, SessionId};
use crate::domain::obstacle::Right;
use crate::domain::session::{Session, Status};
use crate::store::sql::{DbError, Row, sql, values};
use crate::store::{Command, Question, Read, Stop, Transaction, log, session};

/// The wait before the second try in a place, in seconds; each further one waits twice as long.
const RETRY_FIRST_S: i64 = 15;
/// The longest wait before a retry, in seconds. With `BEHIND_S` it makes less than ten minutes.
const RETRY_MAX_S: i64 = 9 * 60;
/// What is refused together with a row is tried so many seconds after it by itself, should that row go
/// without being tried.
const BEHIND_S: i64 = 30;
/// Tries of a row that are counted.
const TRIES_MAX: u32 = 1_000;
/// Doublings after which the wait grows no more.
const DOUBLINGS_MAX: u32 = 10;
/// How far apart parked deliveries are tried by themselves over all servers, in seconds, as soon as they
/// are refused in so many places that their waits would bring them closer together. Each try that fails is
/// one of the invalid requests of which Discord takes 10,000 in ten minutes, and the bot makes 1,000.
const TRY_EVERY_S: i64 = 2;
/// Servers whose parked deliveries are tried at once at a start; those of the others follow, one server
/// after the other, `TRY_EVERY_S` for each try.
const GUILDS_AT_START_MAX: usize = 20;
/// Deliveries of one server that are tried in its turn at most.
pub const TRIES_A_TURN_MAX: u32 = 6;
/// What is due this much later than the longest wait, in seconds, was put off while the clock was ahead.
const AHEAD_SLACK_S: i64 = 60;
/// What was woken while it was under way is tried again after this long, in seconds.
const RETRY_WOKEN_S: i64 = 5;
/// How many of those that were refused together follow one that goes through, and each of these again.
const FOLLOWERS_MAX: u32 = 8;
/// How many rows of which nothing is needed any more are given up at one refusal.
const GIVEN_UP_MAX: usize = 20;
/// How long after its session's end a delivery is still tried, in hours.
const KEPT_AFTER_END_H: i64 = 24;

/// Where Discord refuses something, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parking {
    /// In which server, if that is known.
    pub guild: Option<GuildId>,
    /// In which channel or thread; `None`: in the server as a whole.
    pub channel: Option<ChannelId>,
    /// Why.
    pub cause: Cause,
}

/// Why Discord refuses something, as far as that tells what else it refuses until the same has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The bot does not see the channel, or is not in the server.
    Access,
    /// The bot lacks a permission for this.
    Permission(&'static str),
    /// *Embed Links* is missing.
    Embeds,
    /// The thread is archived or locked.
    Locked,
    /// There are as many of these as there can be.
    Full(&'static str),
    /// Something about this delivery alone.
    Own,
}

impl Cause {
    /// The stored word; `row` is the one that is refused.
    fn word(self, row: i64) -> String {
        match self {
            Self::Access => "access".to_owned(),
            Self::Permission(to) => format!("permission:{to}"),
            Self::Embeds => "embeds".to_owned(),
            Self::Locked => "locked".to_owned(),
            Self::Full(of) => format!("full:{of}"),
            Self::Own => format!("row:{row}"),
        }
    }
}

/// What is refused together: in one place, for one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Together {
    guild: i64,
    channel: i64,
    cause: String,
}

impl Together {
    fn new(row: i64, parking: Parking) -> Self {
        Self {
            guild: parking.guild.map_or(0, |guild| guild.0),
            channel: parking.channel.map_or(0, |channel| channel.0),
            cause: parking.cause.word(row),
        }
    }

    /// Reads the columns of `outbox/is_claimed` and `parking/load`; `None` if the row is not parked.
    fn of(claimed: &Row) -> Result<Option<Self>, DbError> {
        let Some(guild) = claimed.get("guild_id")? else {
            return Ok(None);
        };
        Ok(Some(Self {
            guild,
            channel: claimed.get("channel_id")?,
            cause: claimed.get("cause")?,
        }))
    }

    /// Has so many of those that are not under way tried at once.
    fn wake(&self, tx: &mut dyn Transaction, now: DateTime<Utc>, max: u32) -> Result<(), DbError> {
        let values = values![self.guild, self.channel, self.cause.as_str(), now, max];
        tx.execute(sql!("parking/wake_together"), values)?;
        Ok(())
    }

    /// Has one other than `row` tried at `first` and the rest after it, also those that are due: they would
    /// be refused as `row` was. Returns whether there is another one; what nobody needs any more is given
    /// up.
    fn line_up(
        &self,
        tx: &mut dyn Transaction,
        row: i64,
        given_up_at: Option<DateTime<Utc>>,
        first: DateTime<Utc>,
    ) -> Result<bool, DbError> {
        let Some(successor) = self.successor(tx, row, given_up_at)? else {
            return Ok(false);
        };
        let (place, cause) = ((self.guild, self.channel), self.cause.as_str());
        let rest = first + TimeDelta::seconds(BEHIND_S);
        let values = values![row, place.0, place.1, cause, successor, first, rest];
        tx.execute(sql!("parking/line_up"), values)?;
        Ok(true)
    }

    /// Whose turn is next after `row`.
    fn successor(
        &self,
        tx: &mut dyn Transaction,
        row: i64,
        given_up_at: Option<DateTime<Utc>>,
    ) -> Result<Option<i64>, DbError> {
        let others = values![row, self.guild, self.channel, self.cause.as_str()];
        for _ in 0..GIVEN_UP_MAX {
            let Some(next) = tx.query_one(sql!("parking/successor"), others)? else {
                return Ok(None);
            };
            let next = next.get("outbox_id")?;
            if is_needed(tx, next, given_up_at)? {
                return Ok(Some(next));
            }
            tx.execute(sql!("parking/give_up"), values![next])?;
        }
        Ok(None)
    }
}

/// Parks a row. Returns whether it is still there: what nobody needs any more is given up. `claimed` is
/// the row as `outbox/is_claimed` gives it.
pub(super) fn park(
    tx: &mut dyn Transaction,
    settle: &Settle,
    parking: Parking,
    claimed: &Row,
) -> Result<bool, DbError> {
    let at = settle.at;
    if !is_needed(tx, settle.id, settle.given_up_at())? {
        tx.execute(sql!("parking/give_up"), values![settle.id])?;
        if let Some(together) = Together::of(claimed)? {
            together.wake(tx, at, 1)?;
        }
        return Ok(false);
    }
    let together = Together::new(settle.id, parking);
    let (guild, channel, cause) = (together.guild, together.channel, together.cause.as_str());
    let values = values![settle.id, guild, channel, cause, TRIES_MAX];
    tx.execute(sql!("parking/park"), values)?;
    let apart = TimeDelta::seconds(TRY_EVERY_S * places(tx)?);
    let woken = at + TimeDelta::seconds(RETRY_WOKEN_S).max(apart);
    let before = Together::of(claimed)?;
    let is_new = before.as_ref() != Some(&together);
    if let Some(before) = before.filter(|_| is_new) {
        // It is refused for something else now: what kept the others may have passed, or may have become
        // the same, so that they are still tried one at a time.
        before.line_up(tx, settle.id, settle.given_up_at(), woken)?;
    }
    let values = values![settle.id, guild, channel, cause];
    let row = tx.query_one(sql!("parking/together"), values)?;
    let row = row.ok_or(DbError::NoRow("parking/together"))?;
    let (tries, next): (i64, Option<DateTime<Utc>>) = (row.get("tries")?, row.get("next_try")?);
    let own = at + wait(tries).max(apart);
    let behind = TimeDelta::seconds(BEHIND_S);
    let due = match next {
        // Another one finds out.
        Some(next) if is_new => next.max(at) + behind,
        Some(_) if together.line_up(tx, settle.id, settle.given_up_at(), own)? => own + behind,
        _ => own,
    };
    let values = values![settle.id, settle.generation, due, woken];
    tx.execute(sql!("parking/put_off"), values)?;
    Ok(true)
}

/// In how many places something is refused, counted for each cause.
fn places(db: &mut dyn Read) -> Result<i64, DbError> {
    let row = db.query_one(sql!("parking/count"), &[])?;
    row.ok_or(DbError::NoRow("parking/count"))?.get("places")
}

/// Until when every parked row is due, unless the clock was ahead when it was put off: after the longest
/// wait for a retry, or after its turn among all servers.
pub(super) fn latest(db: &mut dyn Read, now: DateTime<Utc>) -> Result<DateTime<Utc>, DbError> {
    let turns = TRY_EVERY_S * i64::from(TRIES_A_TURN_MAX) * places(db)?;
    let longest = RETRY_MAX_S.max(turns) + BEHIND_S;
    Ok(now + TimeDelta::seconds(longest + AHEAD_SLACK_S))
}

/// Ends the parking of a row that was delivered, or can never be. Some of what was refused together with it
/// is tried at once. `claimed` is the row as `outbox/is_claimed` gives it.
pub(super) fn unpark(
    tx: &mut dyn Transaction,
    claimed: &Row,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let Some(together) = Together::of(claimed)? else {
        return Ok(());
    };
    let id: i64 = claimed.get("id")?;
    tx.execute(sql!("parking/unpark"), values![id])?;
    together.wake(tx, now, FOLLOWERS_MAX)?;
    if claimed.get::<String>("kind")? == CARD {
        let session = SessionId(claimed.word("key", |key| key.parse().ok())?);
        if session::trouble(tx, session)?.is_some_and(|it| it.lacks(Right::EmbedLinks)) {
            // What it said in words is to go, with an edit of its own.
            tx.execute(sql!("parking/owe_again"), values![id])?;
        }
        tx.execute(sql!("card/untrouble"), values![session])?;
    }
    Ok(())
}

/// Has whatever is owed to a session's card, thread and event tried at once.
pub(in crate::store) fn wake_session(
    tx: &mut dyn Transaction,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    tx.execute(
        sql!("parking/wake_session"),
        values![session.to_string(), now],
    )?;
    Ok(())
}

/// How long what is refused together waits after so many tries in all.
fn wait(tries: i64) -> TimeDelta {
    let tries = u32::try_from(tries).unwrap_or(u32::MAX);
    let doublings = tries.saturating_sub(1).min(DOUBLINGS_MAX);
    TimeDelta::seconds((RETRY_FIRST_S << doublings).min(RETRY_MAX_S))
}

/// Whether a row is still to be tried at `given_up_at`; if that is `None`, whether there is anything left that
/// it is about.
fn is_needed(
    db: &mut dyn Read,
    row: i64,
    given_up_at: Option<DateTime<Utc>>,
) -> Result<bool, DbError> {
    let last = last_try(db, row)?;
    Ok(last.is_some_and(|last| given_up_at.is_none_or(|at| at < last)))
}

/// Until when a row is tried; `None` if there is nothing left that it is about.
fn last_try(db: &mut dyn Read, row: i64) -> Result<Option<DateTime<Utc>>, DbError> {
    let Some(row) = db.query_one(sql!("outbox/load"), values![row])? else {
        return Ok(None);
    };
    let kind: String = row.get("kind")?;
    let number = || row.word("key", |key| key.parse().ok());
    let session = match kind.as_str() {
        CARD | THREAD | EVENT => Some(SessionId(number()?)),
        CALL => match db.query_one(sql!("call/load"), values![CallId(number()?)])? {
            Some(call) => Some(call.get("session_id")?),
            None => return Ok(None),
        },
        RETRACTION => row.json::<Place>("payload")?.session,
        PROMPT_END => prompt::session_of(&row)?,
        _ => None,
    };
    let ended = match session {
        Some(session) => match session::load(db, session)? {
            Some(session) => ended_at(db, &session)?,
            None => return Ok(None),
        },
        None => Some(row.get("created_at")?),
    };
    let forever = DateTime::<Utc>::MAX_UTC;
    Ok(Some(ended.map_or(forever, |ended| {
        ended + TimeDelta::hours(KEPT_AFTER_END_H)
    })))
}

/// When a session ended; `None` if it is ahead or under way.
fn ended_at(db: &mut dyn Read, session: &Session) -> Result<Option<DateTime<Utc>>, DbError> {
    Ok(match session.status {
        Status::Open | Status::Closed | Status::Started => None,
        Status::Completed => Some(session.plan.ends_at()),
        Status::Cancelled => {
            let cancelled = log::latest(db, session.id, "cancelled")?;
            Some(cancelled.map_or(session.plan.at, |(_, at)| at))
        }
    })
}

/// Whether a row is parked in this place for this cause.
#[derive(Debug)]
pub struct IsParked {
    /// The row's number.
    pub row: i64,
    /// Where, and why.
    pub parking: Parking,
}

impl Question for IsParked {
    type Answer = bool;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let row = db.query_one(sql!("parking/load"), values![self.row])?;
        let known = row.as_ref().map(Together::of).transpose()?.flatten();
        Ok(known == Some(Together::new(self.row, self.parking)))
    }
}

/// The servers in which something is parked.
#[derive(Debug)]
pub struct ParkedGuilds;

impl Question for ParkedGuilds {
    type Answer = Vec<GuildId>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let rows = db.query(sql!("parking/guilds"), &[])?;
        rows.iter().map(|row| row.get("guild_id")).collect()
    }
}

/// Has one delivery tried for each cause in each place of these servers where some are parked; the others
/// follow where it goes through. The servers after the first `GUILDS_AT_START_MAX` get their
/// turn one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct WakeParked {
    /// Which servers.
    pub guilds: Vec<GuildId>,
    /// Deliveries of each at most; those first that would be tried first.
    pub each_max: u32,
    /// The present time.
    pub now: DateTime<Utc>,
}

impl Command for WakeParked {
    const NAME: &'static str = "wake_parked";
    /// How many deliveries of each.
    type Answer = Vec<usize>;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Vec<usize>, Stop<Self::Refusal>> {
        let mut woken = Vec::new();
        for (guild, due) in self.guilds.iter().zip(turns(self.now, self.each_max)) {
            let values = values![*guild, due, self.each_max];
            woken.push(tx.execute(sql!("parking/wake_guild"), values)?);
        }
        Ok(woken)
    }
}

/// When the first server gets its turn, the second one, and so on.
fn turns(now: DateTime<Utc>, each_max: u32) -> impl Iterator<Item = DateTime<Utc>> {
    let every = TimeDelta::seconds(TRY_EVERY_S * i64::from(each_max));
    let later = (1..).map(move |turn| now + every * turn);
    std::iter::repeat_n(now, GUILDS_AT_START_MAX).chain(later)
}

#[cfg(test)]
mod tests;
