//! A session is started before its time.
//!
//! May touch: the domain and [`Transaction`]. Invariant: it starts as it would by itself, by the
//! clock's own hand, so that whatever hangs on a start happens here too.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::super::outbox::{self, Notice};
use super::super::sql::{DbError, sql, values};
use super::super::{Command, Stop, Transaction, clock, log};
use super::load;
use crate::domain::ids::{SessionId, UserId};
use crate::domain::log::Action;
use crate::domain::session::{Actor, Session, SessionRefusal};

/// Somebody starts a session now.
#[derive(Clone, Debug, PartialEq)]
pub struct StartNow {
    /// Which session.
    pub session: SessionId,
    /// Who, and from where.
    pub actor: Actor,
    /// When.
    pub at: DateTime<Utc>,
}

/// It is under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StartedNow {
    /// The session as it is now.
    pub session: Session,
    /// How many players are told.
    pub told: u32,
}

impl Command for StartNow {
    const NAME: &'static str = "start_now";
    type Answer = StartedNow;
    type Refusal = SessionRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<StartedNow, Stop<SessionRefusal>> {
        let unknown = Stop::Refused(SessionRefusal::Unknown);
        let mut session = load(tx, self.session)?.ok_or(unknown)?;
        session.started(&self.actor).map_err(Stop::Refused)?;
        let (planned, was) = (session.plan.at, Some(session.status));
        // What starts early ends early: its length counts from now.
        if planned > self.at {
            tx.execute(sql!("session/set_start"), values![session.id, self.at])?;
            session.plan.at = self.at;
        }
        clock::turn(tx, &session, self.at)?;
        let done = Action::Started { planned, was };
        log::record(tx, &session, &self.actor, done, self.at)?;
        let told = self.tell(tx, &session)?;
        let session = load(tx, session.id)?.ok_or(DbError::NoRow("session/load"))?;
        Ok(StartedNow { session, told })
    }
}

impl StartNow {
    /// Owes everybody who has a place, but who started it, the news.
    fn tell(&self, tx: &mut dyn Transaction, session: &Session) -> Result<u32, DbError> {
        let mut told = 0;
        for row in tx.query(sql!("session/players"), values![session.id])? {
            let user: UserId = row.get("user_id")?;
            if user != self.actor.user {
                let title = session.plan.title.clone();
                let notice = Notice::StartsNow { title };
                outbox::owe_notice(tx, session.id, user, notice, self.at)?;
                told += 1;
            } else {
                outbox::withdraw_changes(tx, session.id, user)?;
            }
        }
        Ok(told)
    }
}
