//! Sessions, as they are remembered.
//!
//! May touch: the domain and [`Transaction`]. Invariant: whatever changes what a card shows owes
//! the card's refresh in the same transaction.

mod card;
mod change;
mod create;
mod organisers;
mod reopen;
mod start;

use std::collections::HashMap;

use chrono_tz::Tz;

use super::sql::{DbError, Row, Sql, Value, sql, values};
use super::{Question, Read, Transaction, account, outbox, profile};
use crate::domain::account::{Account, primary};
use crate::domain::admission::Admission;
use crate::domain::ids::{GuildId, SessionId, UserId};
use crate::domain::mode::Mode;
use crate::domain::rank::Tier;
use crate::domain::session::{
    ALIVE_PER_GUILD_MAX, Alive, Plan, RankLimits, Session, Status, scale,
};

pub(super) use card::trouble;
pub use card::{CardMoved, CardState, CardStateOf, MoveCard, ReportCardTrouble, RepostCard};
pub(super) use change::save_plan;
pub use change::{
    CancelSession, Cancelled, EditSession, Edited, FormSaved, FormSavedBy, SaveSessionForm,
    SetOpen, SetTo,
};
pub use create::{CreateSession, Created};
pub use organisers::{CoOrganised, SetCoOrganisers};
pub(super) use reopen::before;
pub use reopen::{SessionTakenBack, TakeSessionBack};
pub use start::{StartNow, StartedNow};

/// Sessions that are over and are listed, in one server.
pub const OVER_LISTED_MAX: u32 = 200;

/// The session numbered `id`.
pub(super) fn load(db: &mut dyn Read, id: SessionId) -> Result<Option<Session>, DbError> {
    let row = db.query_one(sql!("session/load"), values![id])?;
    let mut found = row.as_ref().map(session).transpose()?;
    if let Some(session) = &mut found {
        session.co_organisers = co_organisers(db, id)?;
    }
    Ok(found)
}

/// Who leads a session besides its organiser.
fn co_organisers(db: &mut dyn Read, id: SessionId) -> Result<Vec<UserId>, DbError> {
    let rows = db.query(sql!("session/co_organisers"), values![id])?;
    rows.iter().map(|row| row.get("user_id")).collect()
}

/// One session from a row with all of its columns; who leads it besides its organiser stands in
/// rows of their own.
pub(super) fn session(row: &Row) -> Result<Session, DbError> {
    let mode = row.word("game_mode", Mode::parse)?;
    let tier = |column| -> Result<Option<Tier>, DbError> {
        match row.get::<Option<String>>(column)? {
            None => Ok(None),
            Some(_) => row
                .word(column, |word| Tier::parse(scale(mode), word))
                .map(Some),
        }
    };
    let limits = RankLimits {
        lowest: tier("lowest_tier")?,
        highest: tier("highest_tier")?,
        distance: row.get("max_rank_diff")?,
    };
    let plan = Plan {
        mode,
        teams: row.get("teams")?,
        at: row.get("scheduled_time")?,
        zone: row.word("timezone", |zone| zone.parse().ok())?,
        length_minutes: row.get("length_minutes")?,
        title: row.get("title")?,
        description: row.get("description")?,
        limits,
        admission: row.word("admission", Admission::parse)?,
        check_in_minutes: row.get("check_in_minutes")?,
    };
    Ok(Session {
        id: row.get("id")?,
        organiser: row.get("creator_id")?,
        co_organisers: Vec::new(),
        guild: row.get("guild_id")?,
        channel: row.get("channel_id")?,
        card: row.get("message_id")?,
        plan,
        status: row.word("status", Status::parse)?,
        cancel_reason: row.get("cancel_reason")?,
        created_at: row.get("created_at")?,
    })
}

/// Gives a session another status, and owes its card. With its end whatever was offered ends.
pub(super) fn set_status(
    tx: &mut dyn Transaction,
    session: &Session,
    status: Status,
    reason: Option<&str>,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), DbError> {
    tx.execute(
        sql!("session/set_status"),
        values![session.id, status.as_str(), reason],
    )?;
    if !status.is_alive() {
        tx.execute(sql!("admission/close"), values![session.id])?;
    }
    if status == Status::Completed {
        tx.execute(sql!("session/forget_refusals"), values![session.id])?;
        tx.execute(sql!("session/forget_taken_back"), values![session.id])?;
    }
    outbox::owe_card(tx, session.id, now)
}

/// The session numbered so, if there is one.
#[derive(Debug)]
pub struct FindSession(pub SessionId);

impl Question for FindSession {
    type Answer = Option<Session>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        load(db, self.0)
    }
}

/// What is to come and under way in a server, as somebody sees it.
#[derive(Debug)]
pub struct ListSessions {
    /// Which server.
    pub guild: GuildId,
    /// Who looks.
    pub viewer: UserId,
}

/// The sessions of a server, as of one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    /// The viewer's zone, if they have told it.
    pub zone: Option<Tz>,
    /// The sessions, soonest first; [`ALIVE_PER_GUILD_MAX`] at most.
    pub sessions: Vec<Listed>,
}

/// A session, and how many are in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The session.
    pub session: Session,
    /// Players who were accepted.
    pub accepted: u32,
    /// People who wait to be.
    pub waiting: u32,
}

impl Question for ListSessions {
    type Answer = Listing;

    fn ask(&self, db: &mut dyn Read) -> Result<Listing, DbError> {
        let rows = db.query(
            sql!("session/list"),
            values![self.guild, ALIVE_PER_GUILD_MAX],
        )?;
        let helpers = sql!("session/co_organisers_here");
        listing(db, helpers, self.guild, self.viewer, &rows)
    }
}

/// What is over in a server and not in the history yet, the latest first; as
/// [`ListSessions`] otherwise.
#[derive(Debug)]
pub struct ListOver {
    /// Which server.
    pub guild: GuildId,
    /// Who looks.
    pub viewer: UserId,
}

impl Question for ListOver {
    type Answer = Listing;

    fn ask(&self, db: &mut dyn Read) -> Result<Listing, DbError> {
        let rows = db.query(
            sql!("session/list_over"),
            values![self.guild, OVER_LISTED_MAX],
        )?;
        let helpers = sql!("session/co_organisers_over");
        listing(db, helpers, self.guild, self.viewer, &rows)
    }
}

/// `co_organisers` gives those of the sessions in question.
fn listing(
    db: &mut dyn Read,
    co_organisers: Sql,
    guild: GuildId,
    viewer: UserId,
    rows: &[Row],
) -> Result<Listing, DbError> {
    let mut helpers: HashMap<SessionId, Vec<UserId>> = HashMap::new();
    for row in db.query(co_organisers, values![guild])? {
        let helping = helpers.entry(row.get("session_id")?).or_default();
        helping.push(row.get("user_id")?);
    }
    let mut listed = |row: &Row| {
        let mut session = session(row)?;
        session.co_organisers = helpers.remove(&session.id).unwrap_or_default();
        Ok(Listed {
            session,
            accepted: row.get("accepted")?,
            waiting: row.get("waiting")?,
        })
    };
    Ok(Listing {
        sessions: rows
            .iter()
            .map(&mut listed)
            .collect::<Result<_, DbError>>()?,
        zone: zone_of(db, viewer)?,
    })
}

/// The zone that somebody lives in, if they have told it.
#[derive(Debug)]
pub struct ZoneOf(pub UserId);

impl Question for ZoneOf {
    type Answer = Option<Tz>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        zone_of(db, self.0)
    }
}

fn zone_of(db: &mut dyn Read, user: UserId) -> Result<Option<Tz>, DbError> {
    Ok(profile::load(db, user)?.and_then(|profile| profile.zone))
}

/// The account that limits by distance are measured from.
pub(super) fn measured_from(
    db: &mut dyn Read,
    organiser: Option<UserId>,
    limits: &RankLimits,
) -> Result<Option<Account>, DbError> {
    match organiser {
        Some(organiser) if limits.distance.is_some() => {
            Ok(primary(&account::of_user(db, organiser)?).cloned())
        }
        _ => Ok(None),
    }
}

/// How many sessions are ahead or under way in a server, and how many of them somebody leads.
fn alive(db: &mut dyn Read, guild: GuildId, organiser: Option<UserId>) -> Result<Alive, DbError> {
    let row = db.query_one(sql!("session/count_alive"), values![guild, organiser])?;
    let row = row.ok_or(DbError::NoRow("session/count_alive"))?;
    Ok(Alive {
        yours: row.get("yours")?,
        here: row.get("here")?,
    })
}

/// The values of a plan's columns, in the order in which statements have them.
fn plan_values(plan: &Plan) -> [Value; 12] {
    let word = |tier: Tier| tier.word();
    [
        plan.mode.id().into(),
        plan.teams.into(),
        (&plan.title).into(),
        (&plan.description).into(),
        plan.at.into(),
        plan.length_minutes.into(),
        plan.zone.name().into(),
        plan.limits.lowest.map(word).into(),
        plan.limits.highest.map(word).into(),
        plan.limits.distance.into(),
        plan.admission.as_str().into(),
        plan.check_in_minutes.into(),
    ]
}

#[cfg(test)]
mod tests;
