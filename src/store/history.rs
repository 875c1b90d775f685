//! The sessions of a server, past and present, as they are handed out.
//!
//! May touch: the domain's words. Invariant: a session is either in the tables of what is on or in
//! the history, and is told once whichever it is.

use chrono::{DateTime, Utc};

use super::sql::{DbError, Row, sql, values};
use super::{Question, Read, cleanup};
use crate::domain::ids::{GuildId, SessionId, UserId};
use crate::domain::role::Role;

/// A part of a server's sessions, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryOf {
    /// Which server.
    pub guild: GuildId,
    /// The last session that is known already; 0 for the first part.
    pub after: SessionId,
    /// Sessions at most.
    pub max: u32,
}

/// A session. What is odd in an old file is told as it is, so these are words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastSession {
    /// Its number.
    pub id: SessionId,
    /// The mode's id.
    pub mode: String,
    /// How many teams it was for.
    pub teams: u32,
    /// When it began, or will.
    pub start: DateTime<Utc>,
    /// For how long, in minutes.
    pub length_minutes: u32,
    /// `OPEN`, `CLOSED`, `STARTED`, `COMPLETED` or `CANCELLED`.
    pub status: String,
    /// Its name; archived sessions have none any more.
    pub title: Option<String>,
    /// Who led it, unless they have deleted their profile.
    pub organiser: Option<UserId>,
    /// Who had a place.
    pub players: Vec<Player>,
}

/// Somebody who had a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Player {
    /// Who, unless they have deleted their profile.
    pub user: Option<UserId>,
    /// As what.
    pub role: String,
    /// The ladder on which that is ranked.
    pub ladder: Option<String>,
    /// The tier they had declared there.
    pub tier: Option<String>,
    /// The division.
    pub division: Option<u8>,
    /// When they had declared it.
    pub declared_at: Option<DateTime<Utc>>,
}

impl Question for HistoryOf {
    type Answer = Vec<PastSession>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let page = values![self.guild, self.after, self.max];
        let rows = db.query(sql!("history/page"), page)?;
        rows.iter().map(|row| session(db, row)).collect()
    }
}

fn session(db: &mut dyn Read, row: &Row) -> Result<PastSession, DbError> {
    let id = row.get("session_id")?;
    Ok(PastSession {
        id,
        mode: row.get("game_mode")?,
        teams: row.get("teams")?,
        start: row.get("scheduled_time")?,
        length_minutes: row.get("length_minutes")?,
        status: row.get("status")?,
        title: row.get("title")?,
        organiser: row.get("organiser_id")?,
        players: players(db, id, row)?,
    })
}

fn players(db: &mut dyn Read, id: SessionId, session: &Row) -> Result<Vec<Player>, DbError> {
    let mut rows = Vec::new();
    if session.get("archived")? {
        rows = db.query(sql!("history/players"), values![id])?;
    } else {
        for role in Role::ALL {
            let values = values![id, role.as_str(), cleanup::ladder(session, role)?];
            rows.extend(db.query(sql!("history/players_now"), values)?);
        }
    }
    rows.iter().map(player).collect()
}

fn player(row: &Row) -> Result<Player, DbError> {
    Ok(Player {
        user: row.get("user_id")?,
        role: row.get("role")?,
        ladder: row.get("ladder")?,
        tier: row.get("tier")?,
        division: row.get("division")?,
        declared_at: row.get("declared_at")?,
    })
}
