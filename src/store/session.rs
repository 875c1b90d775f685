//! Sessions, as they are remembered.
//!
//! May touch: the domain and [`Transaction`]. Invariant: whatever changes what a card shows owes
//! the card's refresh in the same transaction.

use super::sql::{DbError, Row, sql, values};
use super::{Question, Read, Transaction, outbox};
use crate::domain::ids::SessionId;
use crate::domain::mode::Mode;
use crate::domain::rank::Tier;
use crate::domain::session::{Plan, RankLimits, Session, Status, scale};

/// The session numbered `id`.
pub(super) fn load(db: &mut dyn Read, id: SessionId) -> Result<Option<Session>, DbError> {
    let row = db.query_one(sql!("session/load"), values![id])?;
    row.as_ref().map(session).transpose()
}

/// One session from a row with all of its columns.
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
    };
    Ok(Session {
        id: row.get("id")?,
        organiser: row.get("creator_id")?,
        guild: row.get("guild_id")?,
        channel: row.get("channel_id")?,
        card: row.get("message_id")?,
        plan,
        status: row.word("status", Status::parse)?,
        cancel_reason: row.get("cancel_reason")?,
        created_at: row.get("created_at")?,
    })
}

/// Gives a session another status, and owes its card.
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
