//! A session is made.
//!
//! May touch: the domain and [`Transaction`]. Invariant: one wish makes one session, also if the
//! button was pressed twice.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::super::sql::{DbError, Value, sql, values};
use super::super::{Command, Stop, Transaction, extras, log, outbox, profile};
use super::{alive, load, measured_from, plan_values};
use crate::domain::extras::Extras;
use crate::domain::ids::{ChannelId, GuildId, SessionId};
use crate::domain::log::Action;
use crate::domain::profile::Person;
use crate::domain::session::{
    Actor, MADE_PER_HOUR_MAX, Plan, SAME_PLAN_WITHIN_S, Session, SessionRefusal, plan_new,
};

/// Somebody makes a session, whose card will appear in `channel`.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateSession {
    /// Its organiser, under their present name.
    pub person: Person,
    /// In which server.
    pub guild: GuildId,
    /// In which channel.
    pub channel: ChannelId,
    /// What was decided about it.
    pub plan: Plan,
    /// What it is to have beside its card.
    pub extras: Extras,
    /// When.
    pub at: DateTime<Utc>,
}

/// It is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Created {
    /// The session.
    pub session: Session,
}

impl Command for CreateSession {
    const NAME: &'static str = "create_session";
    type Answer = Created;
    type Refusal = SessionRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Created, Stop<SessionRefusal>> {
        if let Some(session) = self.made_already(tx)? {
            return Ok(Created { session });
        }
        let organiser = measured_from(tx, Some(self.person.id), &self.plan.limits)?;
        let alive = alive(tx, self.guild, Some(self.person.id))?;
        plan_new(&self.plan, alive, organiser.as_ref(), self.at).map_err(Stop::Refused)?;
        if let Some(until) = self.has_made_many(tx)? {
            return Err(Stop::Refused(SessionRefusal::TooOften(until)));
        }
        profile::meet(tx, &self.person, self.at)?;
        let id = self.insert(tx)?;
        extras::want(tx, id, &self.extras)?;
        outbox::owe_card(tx, id, self.at)?;
        let session = load(tx, id)?.ok_or(DbError::NoRow("session/load"))?;
        let organiser = Actor {
            user: self.person.id,
            guild: self.guild,
            manages_events: false,
            administrator: false,
        };
        log::record(tx, &session, &organiser, Action::Created, self.at)?;
        Ok(Created { session })
    }
}

impl CreateSession {
    /// The session that this very plan became a moment ago.
    fn made_already(&self, tx: &mut dyn Transaction) -> Result<Option<Session>, DbError> {
        let since = self.at - TimeDelta::seconds(SAME_PLAN_WITHIN_S);
        let values = values![self.guild, self.person.id, self.plan.at, since];
        for row in tx.query(sql!("session/made_since"), values)? {
            let session = load(tx, row.get("id")?)?;
            let same =
                |session: &Session| session.plan == self.plan && session.channel == self.channel;
            if let Some(session) = session.filter(same) {
                return Ok(Some(session));
            }
        }
        Ok(None)
    }

    /// Until when they cannot make another one here, because they have made as many as they can.
    fn has_made_many(&self, tx: &mut dyn Transaction) -> Result<Option<DateTime<Utc>>, DbError> {
        let hour = TimeDelta::hours(1);
        let values = values![
            self.guild,
            self.person.id,
            self.at - hour,
            MADE_PER_HOUR_MAX - 1
        ];
        let row = tx.query_one(sql!("session/made_of_late"), values)?;
        let made: Option<DateTime<Utc>> = row.map(|row| row.get("created_at")).transpose()?;
        Ok(made.map(|made| made + hour))
    }

    fn insert(&self, tx: &mut dyn Transaction) -> Result<SessionId, DbError> {
        let mut values: Vec<Value> = vec![
            self.person.id.into(),
            self.guild.into(),
            self.channel.into(),
        ];
        values.extend(plan_values(&self.plan));
        values.push(self.at.into());
        let row = tx.query_one(sql!("session/insert"), &values)?;
        row.ok_or(DbError::NoRow("session/insert"))?.get("id")
    }
}
