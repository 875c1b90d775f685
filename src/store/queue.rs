//! The queue of a session, as it is remembered.
//!
//! May touch: the domain and [`Transaction`]. Invariant: whatever changes who is in owes the
//! card's refresh in the same transaction.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

pub(super) mod admission;
pub(super) mod check_in;
pub(super) mod deadline;
mod departure;
mod join;
mod leave;
pub(super) mod offer;
mod place;
mod short;
mod swap;
#[cfg(test)]
mod tests;

use super::sql::{DbError, Row, sql, values};
use super::{Question, Read, Stop, Transaction, account, profile, session, teams};
use crate::domain::account::{Account, Ranks};
use crate::domain::admission::Door;
use crate::domain::ids::{AccountId, SessionId, UserId};
use crate::domain::profile::{Person, Profile};
use crate::domain::queue::{AskState, Asked, Entry, Place, Queue, QueueRefusal};
use crate::domain::role::Role;
use crate::domain::session::{Actor, Session, SessionRefusal, Status};
use crate::domain::teams::Teams;

pub use check_in::{CheckIn, CheckedIn};
pub use departure::{Departed, DropDeparted, Player, PlayersStarting};
pub use join::{JoinAsNewcomer, JoinQueue, Joined};
pub use leave::{LeaveQueue, Left, RefreshCard, Refreshed, Streaming, ToggleStreaming};
pub use offer::{AnswerOffer, Answered, OfferPlace, OfferRefusal, Offered};
pub use place::{
    AcceptAnyway, AcceptPlayer, Accepted, AcceptedAnyway, RejectPlayer, Rejected, TakeBack,
    TakenBack,
};
pub(super) use place::{let_in, send_back};
pub use short::{PlayShort, PlayedShort, ShortRefusal};
pub use swap::{SwapPlayers, Swapped};

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
    /// The account that limits by distance are measured from, if there is such a limit.
    pub measure: Option<Account>,
    /// Who is in it.
    pub queue: Queue,
    /// Its teams, if it has two and they are made.
    pub teams: Teams,
    /// When it was to start, if it was started by hand before that.
    pub planned: Option<DateTime<Utc>>,
}

impl SessionView {
    /// Where it is worked out who may come in.
    pub fn door(&self) -> Door<'_> {
        Door {
            session: &self.session,
            queue: &self.queue,
            organiser: self.measure.as_ref(),
        }
    }
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
        let planned = match session.status {
            Status::Started => session::before(db, &session)?.map(|before| before.at),
            _ => None,
        };
        let measure = organiser_account(db, &session)?;
        let queue = load(db, self.0)?;
        Ok(Some(SessionView {
            session,
            organiser,
            measure,
            queue,
            teams: teams::load(db, self.0)?,
            planned,
        }))
    }
}

/// What a form for joining is made of.
#[derive(Debug)]
pub struct PrepareJoin {
    /// The session to join.
    pub session: SessionId,
    /// Who wants to.
    pub user: UserId,
}

/// A session, and what is known of somebody who wants to join it.
#[derive(Clone, Debug, PartialEq)]
pub struct JoinDesk {
    /// The session.
    pub session: Session,
    /// The account that limits by distance are measured from, if there is such a limit.
    pub measure: Option<Account>,
    /// How many are in the queue.
    pub entries: usize,
    /// The person's profile.
    pub profile: Option<Profile>,
    /// The person's accounts, the primary one first.
    pub accounts: Vec<Account>,
    /// The person's entry, if they are in the queue already.
    pub entry: Option<Entry>,
    /// Whether they were turned down, and have deleted their profile since.
    pub turned_down: bool,
}

impl Question for PrepareJoin {
    type Answer = Option<JoinDesk>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let Some(session) = session::load(db, self.session)? else {
            return Ok(None);
        };
        let accounts = account::of_user(db, self.user)?;
        let mut entry = entry(db, self.session, self.user)?;
        if let Some(entry) = &mut entry {
            let offered = db.query(sql!("queue/offered"), values![self.session, self.user])?;
            for row in &offered {
                let id: AccountId = row.get("account_id")?;
                entry
                    .accounts
                    .extend(accounts.iter().find(|account| account.id == id).cloned());
            }
        }
        Ok(Some(JoinDesk {
            measure: organiser_account(db, &session)?,
            entries: count(db, self.session)?,
            turned_down: was_turned_down(db, self.session, self.user)?,
            profile: profile::load(db, self.user)?,
            session,
            accounts,
            entry,
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
    session::measured_from(db, session.organiser, &session.plan.limits)
}

/// Whether somebody was turned down here who has deleted their profile since.
fn was_turned_down(db: &mut dyn Read, session: SessionId, user: UserId) -> Result<bool, DbError> {
    let row = db.query_one(sql!("queue/turned_down"), values![session, user])?;
    Ok(row.is_some())
}

/// One person's entry, without the accounts.
pub(super) fn entry(
    db: &mut dyn Read,
    session: SessionId,
    user: UserId,
) -> Result<Option<Entry>, DbError> {
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
            overridden: row.get("overridden")?,
        }),
    };
    let asked = match row.get::<Option<String>>("asked_role")? {
        None => None,
        Some(_) => Some(Asked {
            role: row.word("asked_role", Role::parse)?,
            until: row.get("asked_until")?,
            state: row.word("asked_state", AskState::parse)?,
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
        asked,
        checked_in: row.get("checked_in")?,
        no_show: row.get("no_show")?,
        missed: row.get("missed")?,
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
