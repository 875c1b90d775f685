//! Who leads a session besides its organiser.
//!
//! May touch: the domain and [`Transaction`]. Invariant: the organiser is never among them, and
//! each who comes or goes is on record.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::super::sql::{sql, values};
use super::super::{Command, Stop, Transaction, log, outbox, profile};
use super::{co_organisers, load};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::log::Action;
use crate::domain::profile::Person;
use crate::domain::session::{Actor, CO_ORGANISERS_MAX, Session, SessionRefusal};

/// Somebody says who leads a session besides its organiser.
#[derive(Clone, Debug, PartialEq)]
pub struct SetCoOrganisers {
    /// Which session.
    pub session: SessionId,
    /// Who says so, from where.
    pub actor: Actor,
    /// These do from now on, under their present names.
    pub people: Vec<Person>,
    /// Whether those who do already go on, so that `people` only come to them.
    pub keep: bool,
    /// When.
    pub at: DateTime<Utc>,
}

/// It is led by those.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoOrganised {
    /// The session as it is now.
    pub session: Session,
    /// Who came.
    pub added: Vec<UserId>,
    /// Who went.
    pub removed: Vec<UserId>,
}

impl Command for SetCoOrganisers {
    const NAME: &'static str = "set_co_organisers";
    type Answer = CoOrganised;
    type Refusal = SessionRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<CoOrganised, Stop<SessionRefusal>> {
        let mut session = load(tx, self.session)?.ok_or(Stop::Refused(SessionRefusal::Unknown))?;
        session.shared_by(&self.actor).map_err(Stop::Refused)?;
        let before = session.co_organisers.clone();
        let added: Vec<&Person> = self
            .people
            .iter()
            .filter(|person| !before.contains(&person.id) && session.organiser != Some(person.id))
            .collect();
        let named = |user: &UserId| self.people.iter().any(|person| person.id == *user);
        let stays = |user: &UserId| self.keep || named(user);
        let removed: Vec<_> = before.iter().copied().filter(|user| !stays(user)).collect();
        if before.len() + added.len() - removed.len() > CO_ORGANISERS_MAX {
            return Err(Stop::Refused(SessionRefusal::TooManyCoOrganisers));
        }
        for person in &added {
            profile::meet(tx, person, self.at)?;
            let values = values![session.id, person.id, self.at];
            tx.execute(sql!("session/add_co_organiser"), values)?;
            let done = Action::CoOrganiserAdded.on(person.id);
            log::record(tx, &session, &self.actor, done, self.at)?;
        }
        for user in &removed {
            let values = values![session.id, *user];
            tx.execute(sql!("session/remove_co_organiser"), values)?;
            let done = Action::CoOrganiserRemoved.on(*user);
            log::record(tx, &session, &self.actor, done, self.at)?;
        }
        if !added.is_empty() || !removed.is_empty() {
            outbox::owe_card(tx, session.id, self.at)?;
        }
        session.co_organisers = co_organisers(tx, session.id)?;
        Ok(CoOrganised {
            added: added.iter().map(|person| person.id).collect(),
            removed,
            session,
        })
    }
}
