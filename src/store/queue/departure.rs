//! People who are not in a session's server any more.
//!
//! May touch: the domain and [`Transaction`]. Invariant: who has left keeps nothing that others could
//! have; who was turned down stays so, should they come back.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{admission, entry};
use crate::domain::ids::{GuildId, SessionId, UserId};
use crate::domain::log::Action;
use crate::domain::queue::Standing;
use crate::domain::role::Role;
use crate::store::sql::{DbError, sql, values};
use crate::store::{Command, Question, Read, Stop, Transaction, log, outbox, session};

/// Why somebody has lost their place, in the record.
const REASON: &str = "They are not in the server any more.";

/// Takes somebody out of a session who is not in its server any more.
#[derive(Clone, Debug, PartialEq)]
pub struct DropDeparted {
    /// Which session.
    pub session: SessionId,
    /// Who.
    pub user: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

/// What somebody had who was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departed {
    /// Who.
    pub user: UserId,
    /// The role of the place that they had.
    pub role: Option<Role>,
}

impl Command for DropDeparted {
    const NAME: &'static str = "drop_departed";
    /// `None` if there was nothing to take.
    type Answer = Option<Departed>;
    type Refusal = std::convert::Infallible;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Self::Answer, Stop<Self::Refusal>> {
        let user = self.user;
        let session = session::load(tx, self.session)?;
        let Some(session) = session.filter(|session| session.status.is_alive()) else {
            return Ok(None);
        };
        let Some(entry) = entry(tx, session.id, user)? else {
            return Ok(None);
        };
        let role = match entry.standing() {
            Standing::Rejected => return Ok(None),
            Standing::Accepted(role) => Some(role),
            Standing::Waiting => None,
        };
        tx.execute(sql!("queue/release"), values![session.id, user])?;
        tx.execute(sql!("admission/leave"), values![session.id, user])?;
        tx.execute(sql!("queue/leave"), values![session.id, user])?;
        outbox::withdraw_place(tx, session.id, user)?;
        outbox::withdraw_changes(tx, session.id, user)?;
        outbox::owe_card(tx, session.id, self.at)?;
        if role.is_some() {
            let done = Action::TakenBack { role }.on(user).because(REASON);
            log::record_due(tx, session.id, done, self.at)?;
        }
        if entry.is_asked() || role.is_some() {
            admission::settle(tx, &session, entry.is_asked().into(), None, self.at)?;
        }
        Ok(Some(Departed { user, role }))
    }
}

/// Who has a place in a session that starts now.
#[derive(Clone, Copy, Debug)]
pub struct PlayersStarting {
    /// The present time.
    pub now: DateTime<Utc>,
    /// The place that was asked for last; 0 at first.
    pub after: i64,
    /// People at most.
    pub max: usize,
}

/// Somebody with a place in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Player {
    /// Which session.
    pub session: SessionId,
    /// Its server.
    pub guild: GuildId,
    /// Who.
    pub user: UserId,
}

impl Question for PlayersStarting {
    /// With their places, which rise.
    type Answer = Vec<(i64, Player)>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let max = u32::try_from(self.max).unwrap_or(u32::MAX);
        let rows = db.query(sql!("session/starting"), values![self.now, self.after, max])?;
        let player = |row: &crate::store::sql::Row| {
            let player = Player {
                session: row.get("id")?,
                guild: row.get("guild_id")?,
                user: row.get("user_id")?,
            };
            Ok((row.get("place")?, player))
        };
        rows.iter().map(player).collect()
    }
}
