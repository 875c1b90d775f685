//! Joining a queue, with what is known of a person or as a newcomer.
//!
//! May touch: the domain and [`Transaction`]. Invariant: a newcomer's profile, account and place
//! are made together or not at all.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{admission, count, entry, load_session, organiser_account, was_turned_down};
use crate::domain::account::{Account, AccountRefusal};
use crate::domain::battletag::BattleTag;
use crate::domain::ids::SessionId;
use crate::domain::ladder::Ladder;
use crate::domain::profile::{Changes, Person};
use crate::domain::queue::form;
use crate::domain::queue::{self, Entry, NewcomerRefusal, Offer, QueueRefusal};
use crate::domain::rank::Rank;
use crate::domain::role::{Role, Roles};
use crate::domain::session::{Actor, Session};
use crate::store::sql::{DbError, json, sql, values};
use crate::store::{Command, Stop, Transaction, account, clock, outbox, profile};

/// A person joins a session's queue, or changes what they offer there.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinQueue {
    /// Which session.
    pub session: SessionId,
    /// From where.
    pub actor: Actor,
    /// Who, under their present name.
    pub person: Person,
    /// The name that they have in the session's server, if it is another one.
    pub nick: Option<String>,
    /// What they offer. Without roles: those of their profile, or any; without accounts: their primary one.
    pub offered: form::Offered,
    /// What the form showed that they changed it in: what was left as it was stays as it is now.
    pub shown: Option<form::Shown>,
    /// When.
    pub at: DateTime<Utc>,
}

/// They are in the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Joined {
    /// The session.
    pub session: Session,
    /// The roles they offer there.
    pub roles: Roles,
    /// Whether they were in it before, so that only what they offer has changed.
    pub again: bool,
    /// The role of the place that they got at once.
    #[serde(default)]
    pub place: Option<Role>,
}

impl Command for JoinQueue {
    const NAME: &'static str = "join_queue";
    type Answer = Joined;
    type Refusal = QueueRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Joined, Stop<QueueRefusal>> {
        let session = load_session(tx, self.session, &self.actor)?;
        let entry = entry(tx, self.session, self.person.id)?;
        let chosen = match (&self.shown, &entry) {
            (Some(shown), Some(entry)) => {
                shown.only_changed(self.offered.clone(), session.plan.mode, entry)
            }
            _ => self.offered.clone(),
        };
        let accounts = self.accounts(tx, &chosen)?;
        let offered = Offered {
            person: &self.person,
            nick: self.nick.as_deref(),
            roles: self.roles(tx, &chosen)?,
            accounts: &accounts,
            note: &chosen.note,
            at: self.at,
        };
        offered.join(tx, session, entry.as_ref())
    }
}

impl JoinQueue {
    fn accounts(
        &self,
        tx: &mut dyn Transaction,
        chosen: &form::Offered,
    ) -> Result<Vec<Account>, DbError> {
        let mut accounts = account::of_user(tx, self.person.id)?;
        if chosen.accounts.is_empty() {
            accounts.truncate(1);
        } else {
            accounts.retain(|account| chosen.accounts.contains(&account.id));
        }
        Ok(accounts)
    }

    fn roles(&self, tx: &mut dyn Transaction, chosen: &form::Offered) -> Result<Roles, DbError> {
        if !chosen.roles.is_empty() {
            return Ok(chosen.roles);
        }
        let preferred = profile::load(tx, self.person.id)?.map(|profile| profile.roles);
        let preferred = preferred.filter(|roles| !roles.is_empty());
        Ok(preferred.unwrap_or_else(|| Roles::from_iter([Role::Flex])))
    }
}

/// Somebody of whom no account is known joins: with their first account, and what they tell about
/// themselves on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinAsNewcomer {
    /// Which session.
    pub session: SessionId,
    /// From where.
    pub actor: Actor,
    /// Who, under their present name.
    pub person: Person,
    /// The name that they have in the session's server, if it is another one.
    pub nick: Option<String>,
    /// The account.
    pub battletag: BattleTag,
    /// What is declared on it.
    pub ranks: Vec<(Ladder, Option<Rank>)>,
    /// The roles they offer, and like; empty where the mode asks for none.
    pub roles: Roles,
    /// Their time zone, if they told.
    pub zone: Option<Tz>,
    /// What they want the organiser to know.
    pub note: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl Command for JoinAsNewcomer {
    const NAME: &'static str = "join_as_newcomer";
    type Answer = Joined;
    type Refusal = NewcomerRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Joined, Stop<NewcomerRefusal>> {
        let session = load_session(tx, self.session, &self.actor).map_err(in_queue)?;
        let entry = entry(tx, self.session, self.person.id)?;
        profile::save(tx, &self.person, &self.told(), self.at)?;
        let account = self.account(tx)?;
        let roles = if self.roles.is_empty() {
            Roles::from_iter([Role::Flex])
        } else {
            self.roles
        };
        let offered = Offered {
            person: &self.person,
            nick: self.nick.as_deref(),
            roles,
            accounts: &[account],
            note: &self.note,
            at: self.at,
        };
        offered.join(tx, session, entry.as_ref()).map_err(in_queue)
    }
}

impl JoinAsNewcomer {
    /// What they told about themselves; what they left out stays as it was.
    fn told(&self) -> Changes {
        Changes {
            roles: Some(self.roles).filter(|roles| !roles.is_empty()),
            zone: self.zone.map(Some),
            reminder: None,
        }
    }

    /// The account, added unless it is there already: then the form was sent twice.
    fn account(&self, tx: &mut dyn Transaction) -> Result<Account, Stop<NewcomerRefusal>> {
        let user = self.person.id;
        match account::insert(tx, user, &self.battletag, &self.ranks, self.at) {
            Ok(_) | Err(Stop::Refused(AccountRefusal::Duplicate(_))) => {}
            Err(Stop::Refused(refusal)) => {
                return Err(Stop::Refused(NewcomerRefusal::Account(refusal)));
            }
            Err(Stop::Broken(error)) => return Err(Stop::Broken(error)),
        }
        let same = |account: &Account| {
            BattleTag::parse(&account.battletag).is_ok_and(|tag| tag == self.battletag)
        };
        let account = account::of_user(tx, user)?.into_iter().find(same);
        Ok(account.ok_or(DbError::NoRow("account/of_user"))?)
    }
}

fn in_queue(stop: Stop<QueueRefusal>) -> Stop<NewcomerRefusal> {
    match stop {
        Stop::Refused(refusal) => Stop::Refused(NewcomerRefusal::Queue(refusal)),
        Stop::Broken(error) => Stop::Broken(error),
    }
}

/// What somebody brings to a queue.
struct Offered<'a> {
    person: &'a Person,
    nick: Option<&'a str>,
    roles: Roles,
    accounts: &'a [Account],
    note: &'a str,
    at: DateTime<Utc>,
}

impl Offered<'_> {
    fn join(
        &self,
        tx: &mut dyn Transaction,
        session: Session,
        entry: Option<&Entry>,
    ) -> Result<Joined, Stop<QueueRefusal>> {
        if was_turned_down(tx, session.id, self.person.id)? {
            return Err(Stop::Refused(QueueRefusal::Rejected));
        }
        let organiser = organiser_account(tx, &session)?;
        let offer = Offer {
            roles: self.roles,
            accounts: self.accounts,
            organiser: organiser.as_ref(),
        };
        let entries = count(tx, session.id)?;
        let roles = queue::join(&session, entry, entries, &offer).map_err(Stop::Refused)?;
        profile::meet(tx, self.person, self.at)?;
        self.save(tx, session.id, roles)?;
        clock::wind(tx, session.id)?;
        outbox::owe_card(tx, session.id, self.at)?;
        let place = admission::joined(tx, &session, entry, self.person.id, self.at)?;
        Ok(Joined {
            session,
            roles,
            again: entry.is_some(),
            place,
        })
    }

    fn save(
        &self,
        tx: &mut dyn Transaction,
        session: SessionId,
        roles: Roles,
    ) -> Result<(), DbError> {
        let values = [
            session.into(),
            self.person.id.into(),
            json(&roles),
            self.note.into(),
            self.at.into(),
            self.nick.into(),
        ];
        let row = tx
            .query_one(sql!("queue/save"), &values)?
            .ok_or(DbError::NoRow("queue/save"))?;
        let entry: i64 = row.get("id")?;
        tx.execute(sql!("queue/clear_accounts"), values![entry])?;
        for account in self.accounts {
            tx.execute(sql!("queue/add_account"), values![entry, account.id])?;
        }
        Ok(())
    }
}
