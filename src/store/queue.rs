//! The queue of a session, as it is remembered.
//!
//! May touch: the domain and [`Transaction`]. Invariant: whatever changes who is in owes the
//! card's refresh in the same transaction.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::sql::{DbError, Row, json, sql, values};
use super::{Command, Question, Read, Stop, Transaction, account, outbox, profile, session};
use crate::domain::account::{Account, Ranks, primary};
use crate::domain::ids::{AccountId, SessionId, UserId};
use crate::domain::profile::{Person, Profile};
use crate::domain::queue::{self, Entry, Offer, Place, Queue, QueueRefusal};
use crate::domain::role::{Role, Roles};
use crate::domain::session::{Actor, Session, SessionRefusal};

/// A person joins a session's queue, or changes what they offer there.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinQueue {
    /// Which session.
    pub session: SessionId,
    /// From where.
    pub actor: Actor,
    /// Who, under their present name.
    pub person: Person,
    /// The roles they offer; empty: those of their profile, or any.
    pub roles: Roles,
    /// The accounts they offer; empty: their primary one.
    pub accounts: Vec<AccountId>,
    /// What they want the organiser to know.
    pub note: String,
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
}

impl Command for JoinQueue {
    const NAME: &'static str = "join_queue";
    type Answer = Joined;
    type Refusal = QueueRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Joined, Stop<QueueRefusal>> {
        let session = load_session(tx, self.session, &self.actor)?;
        let entry = entry(tx, self.session, self.person.id)?;
        let accounts = self.offered_accounts(tx)?;
        let organiser = organiser_account(tx, &session)?;
        let roles = self.offered_roles(tx)?;
        let offer = Offer {
            roles,
            accounts: &accounts,
            organiser: organiser.as_ref(),
        };
        let entries = count(tx, self.session)?;
        let roles =
            queue::join(&session, entry.as_ref(), entries, &offer).map_err(Stop::Refused)?;
        profile::meet(tx, &self.person, self.at)?;
        self.save(tx, roles, &accounts)?;
        outbox::owe_card(tx, self.session, self.at)?;
        Ok(Joined {
            session,
            roles,
            again: entry.is_some(),
        })
    }
}

impl JoinQueue {
    fn offered_accounts(&self, tx: &mut dyn Transaction) -> Result<Vec<Account>, DbError> {
        let mut accounts = account::of_user(tx, self.person.id)?;
        if self.accounts.is_empty() {
            accounts.truncate(1);
        } else {
            accounts.retain(|account| self.accounts.contains(&account.id));
        }
        Ok(accounts)
    }

    fn offered_roles(&self, tx: &mut dyn Transaction) -> Result<Roles, DbError> {
        if !self.roles.is_empty() {
            return Ok(self.roles);
        }
        let preferred = profile::load(tx, self.person.id)?.map(|profile| profile.roles);
        let preferred = preferred.filter(|roles| !roles.is_empty());
        Ok(preferred.unwrap_or_else(|| Roles::from_iter([Role::Flex])))
    }

    fn save(
        &self,
        tx: &mut dyn Transaction,
        roles: Roles,
        accounts: &[Account],
    ) -> Result<(), DbError> {
        let values = [
            self.session.into(),
            self.person.id.into(),
            json(&roles),
            (&self.note).into(),
            self.at.into(),
        ];
        let row = tx
            .query_one(sql!("queue/save"), &values)?
            .ok_or(DbError::NoRow("queue/save"))?;
        let entry: i64 = row.get("id")?;
        tx.execute(sql!("queue/clear_accounts"), values![entry])?;
        for account in accounts {
            tx.execute(sql!("queue/add_account"), values![entry, account.id])?;
        }
        Ok(())
    }
}

/// Everything that a card or a dashboard shows of a session.
#[derive(Debug)]
pub struct ViewSession(pub SessionId);

/// A session with everybody in it, as of one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionView {
    /// The session.
    pub session: Session,
    /// Who leads it, unless they have deleted their profile.
    pub organiser: Option<Profile>,
    /// Who is in it.
    pub queue: Queue,
}

impl Question for ViewSession {
    type Answer = Option<SessionView>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let Some(session) = session::load(db, self.0)? else {
            return Ok(None);
        };
        let organiser = match session.organiser {
            Some(organiser) => profile::load(db, organiser)?,
            None => None,
        };
        let queue = load(db, self.0)?;
        Ok(Some(SessionView {
            session,
            organiser,
            queue,
        }))
    }
}

/// The session, if `actor`'s server has it.
pub(super) fn load_session(
    tx: &mut dyn Transaction,
    id: SessionId,
    actor: &Actor,
) -> Result<Session, Stop<QueueRefusal>> {
    let unknown = || Stop::Refused(QueueRefusal::Session(SessionRefusal::Unknown));
    let session = session::load(tx, id)?.ok_or_else(unknown)?;
    session.seen_by(actor).map_err(|_| unknown())?;
    Ok(session)
}

/// Everybody in a session.
pub(super) fn load(db: &mut dyn Read, session: SessionId) -> Result<Queue, DbError> {
    let mut accounts = accounts_by_user(db, session)?;
    let rows = db.query(sql!("queue/entries"), values![session])?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        let user = row.get("user_id")?;
        entries.push(read_entry(row, accounts.remove(&user).unwrap_or_default())?);
    }
    let forgotten = db.query(sql!("queue/forgotten"), values![session])?;
    let forgotten = forgotten.iter().map(|row| row.word("role", Role::parse));
    Ok(Queue {
        entries,
        forgotten: forgotten.collect::<Result<_, _>>()?,
    })
}

/// The account that limits by distance are measured from.
pub(super) fn organiser_account(
    db: &mut dyn Read,
    session: &Session,
) -> Result<Option<Account>, DbError> {
    match session.organiser {
        Some(organiser) if session.plan.limits.distance.is_some() => {
            Ok(primary(&account::of_user(db, organiser)?).cloned())
        }
        _ => Ok(None),
    }
}

/// One person's entry, without the accounts.
fn entry(db: &mut dyn Read, session: SessionId, user: UserId) -> Result<Option<Entry>, DbError> {
    let row = db.query_one(sql!("queue/entry"), values![session, user])?;
    row.map(|row| read_entry(&row, Vec::new())).transpose()
}

fn count(db: &mut dyn Read, session: SessionId) -> Result<usize, DbError> {
    let row = db.query_one(sql!("queue/count"), values![session])?;
    let entries: i64 = row.ok_or(DbError::NoRow("queue/count"))?.get("entries")?;
    Ok(usize::try_from(entries).unwrap_or_default())
}

fn read_entry(row: &Row, accounts: Vec<Account>) -> Result<Entry, DbError> {
    let place = match row.get::<Option<String>>("role")? {
        None => None,
        Some(_) => Some(Place {
            role: row.word("role", Role::parse)?,
            account: row.get("account_id")?,
            at: row.get("selected_at")?,
        }),
    };
    Ok(Entry {
        person: Person {
            id: row.get("user_id")?,
            name: row.get("username")?,
        },
        roles: row.json("preferred_roles")?,
        accounts,
        streaming: row.get("is_streaming")?,
        note: row.get("note")?,
        rejected: row.get::<Option<i64>>("rejected_by")?.is_some(),
        joined_at: row.get("joined_at")?,
        place,
    })
}

fn accounts_by_user(
    db: &mut dyn Read,
    session: SessionId,
) -> Result<HashMap<UserId, Vec<Account>>, DbError> {
    let ranks = db.query(sql!("queue/ranks"), values![session])?;
    let mut ranks: HashMap<AccountId, Ranks> = account::ranks_by_account(ranks)?;
    let mut accounts: HashMap<UserId, Vec<Account>> = HashMap::new();
    for row in db.query(sql!("queue/accounts"), values![session])? {
        let account = account::account(&row, &mut ranks)?;
        accounts
            .entry(row.get("user_id")?)
            .or_default()
            .push(account);
    }
    Ok(accounts)
}
