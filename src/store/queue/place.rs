//! What an organiser decides about the people in a queue.
//!
//! May touch: the domain and [`Transaction`]. Invariant: who is concerned is owed a notice in the
//! same transaction, unless they decided about themselves.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{admission, entry, load, organiser_account};
use crate::domain::ids::{AccountId, SessionId, UserId};
use crate::domain::log::{Action, Beyond};
use crate::domain::manage::{self, ManageRefusal, Seat};
use crate::domain::profile::Person;
use crate::domain::queue::{Entry, Queue};
use crate::domain::role::Role;
use crate::domain::session::{Actor, Session, SessionRefusal};
use crate::store::outbox::Notice;
use crate::store::sql::{DbError, sql, values};
use crate::store::{Command, Read, Stop, Transaction, clock, log, outbox, session};

/// A player gets a place.
#[derive(Clone, Debug, PartialEq)]
pub struct AcceptPlayer {
    /// In which session.
    pub session: SessionId,
    /// Who decides, from where.
    pub actor: Actor,
    /// Who is accepted.
    pub player: UserId,
    /// What they play.
    pub role: Role,
    /// On which of the accounts that they offer.
    pub account: AccountId,
    /// When.
    pub at: DateTime<Utc>,
}

/// They have a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accepted {
    /// Who.
    pub person: Person,
    /// What they play.
    pub role: Role,
}

impl Command for AcceptPlayer {
    const NAME: &'static str = "accept_player";
    type Answer = Accepted;
    type Refusal = ManageRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Accepted, Stop<ManageRefusal>> {
        let session = managed(tx, self.session, &self.actor)?;
        let queue = load(tx, session.id)?;
        let organiser = organiser_account(tx, &session)?;
        let (player, role, account) = (self.player, self.role, self.account);
        manage::accept(&session, &queue, player, role, account, organiser.as_ref())
            .map_err(Stop::Refused)?;
        Ok(self.place(tx, &session, &queue, None)?)
    }
}

impl AcceptPlayer {
    /// Gives the player the place, whatever was overridden for it.
    fn place(
        &self,
        tx: &mut dyn Transaction,
        session: &Session,
        queue: &Queue,
        beyond: Option<Beyond>,
    ) -> Result<Accepted, DbError> {
        let entry = found(queue.entry(self.player))?;
        let seat = Seat {
            user: self.player,
            role: self.role,
            account: self.account,
        };
        let_in(tx, session, &self.actor, seat, beyond, self.at)?;
        // The place that they were asked for is free, if it is not the one they got.
        let other = entry.asked_for().is_some_and(|role| role != self.role);
        let mut ended = usize::from(other);
        if beyond == Some(Beyond::Cap) {
            ended += admission::give_way(tx, session, self.role, self.at)?;
        }
        admission::settle(tx, session, ended, None, self.at)?;
        Ok(Accepted {
            person: entry.person.clone(),
            role: self.role,
        })
    }
}

/// Gives somebody who waits a place, whatever was overridden for it: on record, and they are told.
pub(in crate::store) fn let_in(
    tx: &mut dyn Transaction,
    session: &Session,
    actor: &Actor,
    seat: Seat,
    beyond: Option<Beyond>,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    let Seat {
        user,
        role,
        account,
    } = seat;
    let values = values![session.id, user, account, role.as_str(), actor.user, at];
    tx.execute(sql!("queue/place"), values)?;
    admission::unask(tx, session.id, user)?;
    if beyond.is_some() {
        tx.execute(sql!("queue/override"), values![session.id, user])?;
    }
    let done = Action::Accepted { role, beyond }.on(user);
    log::record(tx, session, actor, done, at)?;
    let notice = Notice::Accepted {
        title: session.plan.title.clone(),
        at: session.plan.at,
        role,
        session: Some(session.id),
    };
    tell(tx, session, actor, user, notice, at)
}

/// Has somebody wait again, who gives up their place of `role`, if they have one: on record, and they
/// are told.
pub(in crate::store) fn send_back(
    tx: &mut dyn Transaction,
    session: &Session,
    actor: &Actor,
    (user, role): (UserId, Option<Role>),
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    tx.execute(sql!("queue/release"), values![session.id, user])?;
    let done = Action::TakenBack { role }.on(user);
    log::record(tx, session, actor, done, at)?;
    let notice = Notice::Waiting {
        title: session.plan.title.clone(),
        at: session.plan.at,
        role,
    };
    tell(tx, session, actor, user, notice, at)
}

/// A player gets a place, and what whoever decides may override does not stand in the way.
#[derive(Clone, Debug, PartialEq)]
pub struct AcceptAnyway(pub AcceptPlayer);

/// They have a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AcceptedAnyway {
    /// Who, as what.
    pub accepted: Accepted,
    /// The limit that was overridden, if one was.
    pub beyond: Option<Beyond>,
}

impl Command for AcceptAnyway {
    const NAME: &'static str = "accept_anyway";
    type Answer = AcceptedAnyway;
    type Refusal = ManageRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<AcceptedAnyway, Stop<ManageRefusal>> {
        let wanted = &self.0;
        let session = managed(tx, wanted.session, &wanted.actor)?;
        let queue = load(tx, session.id)?;
        let organiser = organiser_account(tx, &session)?;
        let seat = (wanted.player, wanted.role, wanted.account);
        let measure = organiser.as_ref();
        let beyond = manage::accept_beyond(&session, &queue, seat, measure, &wanted.actor)
            .map_err(Stop::Refused)?;
        let accepted = wanted.place(tx, &session, &queue, beyond)?;
        Ok(AcceptedAnyway { accepted, beyond })
    }
}

/// A player is turned down.
#[derive(Clone, Debug, PartialEq)]
pub struct RejectPlayer {
    /// In which session.
    pub session: SessionId,
    /// Who decides, from where.
    pub actor: Actor,
    /// Who is turned down.
    pub player: UserId,
    /// Why, for them to read; empty if nobody says.
    pub reason: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// They were turned down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejected {
    /// Who.
    pub person: Person,
}

impl Command for RejectPlayer {
    const NAME: &'static str = "reject_player";
    type Answer = Rejected;
    type Refusal = ManageRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Rejected, Stop<ManageRefusal>> {
        let session = managed(tx, self.session, &self.actor)?;
        let entry = entry(tx, session.id, self.player)?;
        manage::reject(&session, entry.as_ref()).map_err(Stop::Refused)?;
        let values = values![session.id, self.player, self.actor.user];
        tx.execute(sql!("queue/judge"), values)?;
        let done = Action::Rejected.on(self.player).because(&self.reason);
        log::record(tx, &session, &self.actor, done, self.at)?;
        let notice = Notice::NotAccepted {
            title: session.plan.title.clone(),
            at: session.plan.at,
            reason: Some(self.reason.clone()).filter(|reason| !reason.is_empty()),
        };
        tell(tx, &session, &self.actor, self.player, notice, self.at)?;
        let entry = found(entry)?;
        if entry.is_asked() {
            admission::unask(tx, session.id, self.player)?;
            admission::settle(tx, &session, 1, None, self.at)?;
        }
        let person = entry.person;
        Ok(Rejected { person })
    }
}

/// A player who was accepted or turned down waits again.
#[derive(Clone, Debug, PartialEq)]
pub struct TakeBack {
    /// In which session.
    pub session: SessionId,
    /// Who decides, from where.
    pub actor: Actor,
    /// About whom.
    pub player: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

/// They wait again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TakenBack {
    /// Who.
    pub person: Person,
    /// The role of the place that they lost; `None` if they had been turned down.
    pub role: Option<Role>,
}

impl Command for TakeBack {
    const NAME: &'static str = "take_back";
    type Answer = TakenBack;
    type Refusal = ManageRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<TakenBack, Stop<ManageRefusal>> {
        let session = managed(tx, self.session, &self.actor)?;
        let entry = entry(tx, session.id, self.player)?;
        let role = manage::take_back(&session, entry.as_ref()).map_err(Stop::Refused)?;
        let nobody: Option<UserId> = None;
        let values = values![session.id, self.player, nobody];
        tx.execute(sql!("queue/judge"), values)?;
        clock::wind(tx, session.id)?;
        send_back(tx, &session, &self.actor, (self.player, role), self.at)?;
        if let Some(role) = role {
            admission::taken_back(tx, session.id, self.player, role, self.at)?;
        }
        admission::settle(tx, &session, 0, None, self.at)?;
        let person = found(entry)?.person;
        Ok(TakenBack { person, role })
    }
}

/// The session, if `actor` may manage it.
pub(super) fn managed(
    db: &mut dyn Read,
    id: SessionId,
    actor: &Actor,
) -> Result<Session, Stop<ManageRefusal>> {
    let refused = |refusal| Stop::Refused(ManageRefusal::Session(refusal));
    let session = session::load(db, id)?.ok_or_else(|| refused(SessionRefusal::Unknown))?;
    session.managed_by(actor).map_err(refused)?;
    Ok(session)
}

/// What the decision was about; there is one, or it would have been refused.
fn found<E: std::borrow::Borrow<Entry>>(entry: Option<E>) -> Result<E, DbError> {
    entry.ok_or(DbError::NoRow("queue/entry"))
}

/// Owes the card, and the player `notice`.
pub(super) fn tell(
    tx: &mut dyn Transaction,
    session: &Session,
    actor: &Actor,
    player: UserId,
    notice: Notice,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    if player != actor.user {
        outbox::owe_notice(tx, session.id, player, notice, at)?;
    } else {
        outbox::withdraw_place(tx, session.id, player)?;
    }
    outbox::owe_card(tx, session.id, at)
}
