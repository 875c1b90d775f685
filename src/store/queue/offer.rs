//! A place that somebody was offered: they take it or leave it, or say nothing; an organiser has
//! one offered.
//!
//! May touch: the domain and [`Transaction`]. Invariant: while an offer is open its place is
//! reserved, so that who says yes gets it; an offer that has ended changes nothing any more.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{admission, load, organiser_account};
use crate::domain::admission::{Door, Step};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::log::Action;
use crate::domain::queue::{AskState, Entry, Standing};
use crate::domain::role::Role;
use crate::domain::session::{Actor, Session, SessionRefusal};
use crate::store::outbox;
use crate::store::sql::{DbError, sql, values};
use crate::store::{Command, Stop, Transaction, log, session};

/// Somebody answers the offer of a place; also from direct messages, where there is no server.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerOffer {
    /// Of which session.
    pub session: SessionId,
    /// Who.
    pub user: UserId,
    /// Whether they take it.
    pub take: bool,
    /// When.
    pub at: DateTime<Utc>,
}

/// They have answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// The session.
    pub session: Session,
    /// The role of the place.
    pub role: Role,
}

/// Why an offer cannot be answered.
#[derive(Clone, Debug, PartialEq)]
pub enum OfferRefusal {
    /// The session is not there, or over.
    Session(SessionRefusal),
    /// They are not asked: they never were, or they have left, or the place went elsewhere.
    NotAsked,
    /// They have a place already, as this.
    Accepted(Role),
    /// They had turned it down.
    Declined,
    /// They answered too late, and others are asked.
    TooLate,
    /// None of the accounts they offer fits the session's limits any more.
    NoAccount,
}

impl Command for AnswerOffer {
    const NAME: &'static str = "answer_offer";
    type Answer = Answered;
    type Refusal = OfferRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Answered, Stop<OfferRefusal>> {
        let unknown = || Stop::Refused(OfferRefusal::Session(SessionRefusal::Unknown));
        let session = session::load(tx, self.session)?.ok_or_else(unknown)?;
        if !session.status.is_alive() {
            let over = SessionRefusal::Not(session.status);
            return Err(Stop::Refused(OfferRefusal::Session(over)));
        }
        let queue = load(tx, session.id)?;
        let entry = queue.entry(self.user);
        let role = asked_for(entry).map_err(Stop::Refused)?;
        // Whatever has ended the offer, nobody comes in beyond the game's limits by it.
        let (taken, plan) = (queue.unavailable(self.user), &session.plan);
        let full = taken.len() >= plan.places() as usize;
        if self.take && (full || plan.mode.is_capped(plan.teams, &taken, role)) {
            return Err(Stop::Refused(OfferRefusal::NotAsked));
        }
        if self.take {
            let organiser = organiser_account(tx, &session)?;
            let door = Door {
                session: &session,
                queue: &queue,
                organiser: organiser.as_ref(),
            };
            let account = entry.and_then(|entry| door.account(entry, role));
            let account = account.ok_or(Stop::Refused(OfferRefusal::NoAccount))?;
            let nobody: Option<UserId> = None;
            let place = [
                session.id.into(),
                self.user.into(),
                account.into(),
                role.as_str().into(),
                nobody.into(),
                self.at.into(),
            ];
            tx.execute(sql!("queue/place"), &place)?;
            admission::unask(tx, session.id, self.user)?;
        } else {
            admission::end_offer(tx, session.id, self.user, AskState::Declined)?;
        }
        outbox::withdraw_place(tx, session.id, self.user)?;
        outbox::owe_card(tx, session.id, self.at)?;
        admission::settle(tx, &session, usize::from(!self.take), None, self.at)?;
        Ok(Answered { session, role })
    }
}

/// The role that somebody is asked for.
fn asked_for(entry: Option<&Entry>) -> Result<Role, OfferRefusal> {
    let entry = entry.ok_or(OfferRefusal::NotAsked)?;
    match (entry.standing(), entry.asked.map(|asked| asked.state)) {
        (Standing::Accepted(role), _) => Err(OfferRefusal::Accepted(role)),
        (Standing::Waiting, Some(AskState::Declined)) => Err(OfferRefusal::Declined),
        (Standing::Waiting, Some(AskState::Silent)) => Err(OfferRefusal::TooLate),
        _ => entry.asked_for().ok_or(OfferRefusal::NotAsked),
    }
}

/// An organiser has a free place offered to whoever fits best.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferPlace {
    /// Of which session.
    pub session: SessionId,
    /// Who decides, from where.
    pub actor: Actor,
    /// When.
    pub at: DateTime<Utc>,
}

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offered {
    /// Them, and as what; `None` if nobody fits who may be asked.
    pub to: Option<(UserId, Role)>,
}

impl Command for OfferPlace {
    const NAME: &'static str = "offer_place";
    type Answer = Offered;
    type Refusal = SessionRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Offered, Stop<SessionRefusal>> {
        let unknown = Stop::Refused(SessionRefusal::Unknown);
        let session = session::load(tx, self.session)?.ok_or(unknown)?;
        session.managed_by(&self.actor).map_err(Stop::Refused)?;
        if !session.status.is_alive() {
            return Err(Stop::Refused(SessionRefusal::Not(session.status)));
        }
        let steps = admission::settle(tx, &session, 1, None, self.at)?;
        let asked = |step: Step| match step {
            Step::Ask(user, role) => Some((user, role)),
            Step::Move(..) | Step::Admit(..) => None,
        };
        let to = steps.into_iter().find_map(asked);
        if let Some((user, role)) = to {
            let done = Action::Offered { role }.on(user);
            log::record(tx, &session, &self.actor, done, self.at)?;
        }
        Ok(Offered { to })
    }
}

/// Ends the offers that nobody answered until `now`, of `max` sessions at most, and asks the next
/// ones; of how many sessions.
pub(in crate::store) fn expire(
    tx: &mut dyn Transaction,
    now: DateTime<Utc>,
    max: u32,
) -> Result<u32, DbError> {
    let mut sessions = 0;
    for row in tx.query(sql!("admission/expired"), values![now, max])? {
        let Some(session) = session::load(tx, row.get("session_id")?)? else {
            continue;
        };
        let mut ended = 0;
        for row in tx.query(sql!("admission/silent"), values![session.id, now])? {
            let user: UserId = row.get("user_id")?;
            admission::end_offer(tx, session.id, user, AskState::Silent)?;
            outbox::withdraw_place(tx, session.id, user)?;
            ended += 1;
        }
        outbox::owe_card(tx, session.id, now)?;
        admission::settle(tx, &session, ended, None, now)?;
        sessions += 1;
    }
    Ok(sessions)
}
