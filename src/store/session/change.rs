//! A session is changed: edited, opened and closed, cancelled.
//!
//! May touch: the domain and [`Transaction`]. Invariant: whoever is in the queue of a session that
//! moves or is cancelled is owed a notice, in the same transaction.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::super::outbox::{self, Notice};
use super::super::queue::{admission, deadline};
use super::super::sql::{DbError, Value, sql, values};
use super::super::{Command, Question, Read, Stop, Transaction, clock, extras, log};
use super::{load, measured_from, plan_values, set_status};
use crate::domain::extras::Extras;
use crate::domain::ids::{InteractionId, SessionId, UserId};
use crate::domain::log::{Action, Done, aspects};
use crate::domain::session::form::{Clashes, Shown};
use crate::domain::session::{Actor, Change, Plan, RankLimits, Session, SessionRefusal, Status};

/// Somebody changes what was decided about a session.
#[derive(Clone, Debug, PartialEq)]
pub struct EditSession {
    /// Which session.
    pub session: SessionId,
    /// Who, and from where.
    pub actor: Actor,
    /// What is to be different.
    pub change: Change,
    /// What it is to have beside its card.
    pub extras: Extras,
    /// When.
    pub at: DateTime<Utc>,
}

/// It is changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edited {
    /// What was decided before.
    pub before: Plan,
    /// The session as it is now.
    pub session: Session,
    /// What is different beside the card.
    #[serde(default)]
    pub extras: Extras,
    /// How many people are told that it has moved.
    pub told: u32,
}

impl Command for EditSession {
    const NAME: &'static str = "edit_session";
    type Answer = Edited;
    type Refusal = SessionRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Edited, Stop<SessionRefusal>> {
        let mut session = managed(tx, self.session, &self.actor)?;
        let distance = self.change.distance.or(session.plan.limits.distance);
        let limits = RankLimits {
            distance,
            ..RankLimits::default()
        };
        let organiser = measured_from(tx, session.organiser, &limits)?;
        let accepted = accepted(tx, session.id)?;
        let plan = session
            .changed(&self.change, accepted, organiser.as_ref(), self.at)
            .map_err(Stop::Refused)?;
        let before = std::mem::replace(&mut session.plan, plan);
        let extras = extras::want(tx, session.id, &self.extras)?;
        for (extra, on) in extras.each() {
            let done = Action::Switched { extra, on };
            log::record(tx, &session, &self.actor, done, self.at)?;
            outbox::owe_card(tx, session.id, self.at)?;
        }
        if session.plan == before {
            let told = 0;
            return Ok(Edited {
                before,
                session,
                extras,
                told,
            });
        }
        save_plan(tx, &session)?;
        outbox::owe_card(tx, session.id, self.at)?;
        let done = edited(&before, &session.plan);
        log::record(tx, &session, &self.actor, done, self.at)?;
        let told = self.tell_of_move(tx, &before, &session)?;
        if session.plan.at < before.at {
            deadline::shorten_offers(tx, &session, self.at)?;
        }
        let ended = admission::other_game(tx, &session, &before, self.at)?;
        // Other limits, more teams or another way of coming in may let somebody in who waits.
        admission::settle(tx, &session, ended, None, self.at)?;
        Ok(Edited {
            before,
            session,
            extras,
            told,
        })
    }
}

/// Somebody sends a form with which they changed a session: only what they changed in it is written,
/// and not where somebody else has changed it meanwhile.
#[derive(Clone, Debug, PartialEq)]
pub struct SaveSessionForm {
    /// What the form says.
    pub edit: EditSession,
    /// What it showed.
    pub shown: Shown,
}

/// What of a form is written, and what is not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FormSaved {
    /// What is written.
    pub edited: Edited,
    /// What has to be asked.
    pub clashes: Clashes,
}

impl Command for SaveSessionForm {
    const NAME: &'static str = "save_session_form";
    type Answer = FormSaved;
    type Refusal = SessionRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<FormSaved, Stop<SessionRefusal>> {
        let mut edit = self.edit.clone();
        let session = managed(tx, edit.session, &edit.actor)?;
        edit.change = self.shown.only_changed(edit.change);
        let fields = self.shown.take_clashes(&mut edit.change, &session);
        let by = edit.actor.user;
        Ok(FormSaved {
            edited: edit.run(tx)?,
            clashes: Clashes { by, fields },
        })
    }
}

/// What came of the form that was sent by this interaction, as long as its receipt is kept.
#[derive(Debug)]
pub struct FormSavedBy(pub InteractionId);

impl Question for FormSavedBy {
    type Answer = Option<FormSaved>;

    fn ask(&self, db: &mut dyn Read) -> Result<Self::Answer, DbError> {
        let receipt = values![self.0, SaveSessionForm::NAME];
        let receipt = db.query_one(sql!("receipt/find"), receipt)?;
        receipt.map(|receipt| receipt.json("answer")).transpose()
    }
}

impl EditSession {
    fn tell_of_move(
        &self,
        tx: &mut dyn Transaction,
        before: &Plan,
        session: &Session,
    ) -> Result<u32, DbError> {
        if session.plan.at == before.at {
            return Ok(0);
        }
        let notice = Notice::Moved {
            title: session.plan.title.clone(),
            from: before.at,
            to: session.plan.at,
        };
        tell(tx, session.id, self.actor.user, &notice, self.at)
    }
}

/// Somebody opens or closes the queue of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct SetOpen {
    /// Which session.
    pub session: SessionId,
    /// Who, and from where.
    pub actor: Actor,
    /// Whether people can join from now on.
    pub open: bool,
    /// When.
    pub at: DateTime<Utc>,
}

/// It is open or closed, as it was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetTo {
    /// The session as it is now.
    pub session: Session,
    /// Whether it was so before.
    pub already: bool,
}

impl Command for SetOpen {
    const NAME: &'static str = "set_open";
    type Answer = SetTo;
    type Refusal = SessionRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<SetTo, Stop<SessionRefusal>> {
        let mut session = managed(tx, self.session, &self.actor)?;
        let status = session
            .opened(&self.actor, self.open)
            .map_err(Stop::Refused)?;
        if let Some(status) = status {
            set_status(tx, &session, status, None, self.at)?;
            session.status = status;
            let done = if self.open {
                Action::Opened
            } else {
                Action::Closed
            };
            log::record(tx, &session, &self.actor, done, self.at)?;
        }
        let already = status.is_none();
        Ok(SetTo { session, already })
    }
}

/// Somebody cancels a session.
#[derive(Clone, Debug, PartialEq)]
pub struct CancelSession {
    /// Which session.
    pub session: SessionId,
    /// Who, and from where.
    pub actor: Actor,
    /// Why; `None` if they don't say.
    pub reason: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// It is cancelled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cancelled {
    /// The session as it is now.
    pub session: Session,
    /// How many people are told.
    pub told: u32,
}

impl Command for CancelSession {
    const NAME: &'static str = "cancel_session";
    type Answer = Cancelled;
    type Refusal = SessionRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<Cancelled, Stop<SessionRefusal>> {
        let mut session = managed(tx, self.session, &self.actor)?;
        session.cancelled(&self.actor).map_err(Stop::Refused)?;
        let was = Some(session.status);
        let reason = self.reason.as_deref();
        set_status(tx, &session, Status::Cancelled, reason, self.at)?;
        session.status = Status::Cancelled;
        session.cancel_reason.clone_from(&self.reason);
        let done = Done::from(Action::Cancelled { was }).because(reason.unwrap_or_default());
        log::record(tx, &session, &self.actor, done, self.at)?;
        let notice = Notice::Cancelled {
            title: session.plan.title.clone(),
            at: session.plan.at,
            reason: self.reason.clone(),
        };
        let told = tell(tx, session.id, self.actor.user, &notice, self.at)?;
        Ok(Cancelled { session, told })
    }
}

/// What is put on record of an edit.
fn edited(before: &Plan, after: &Plan) -> Action {
    Action::Edited {
        what: aspects(before, after),
        moved: (before.at != after.at).then_some((before.at, after.at)),
    }
}

/// Remembers a session's plan as it is now.
pub(in crate::store) fn save_plan(
    tx: &mut dyn Transaction,
    session: &Session,
) -> Result<(), DbError> {
    let mut values: Vec<Value> = vec![session.id.into()];
    values.extend(plan_values(&session.plan));
    tx.execute(sql!("session/update"), &values)?;
    clock::wind(tx, session.id)
}

/// The session, if `actor` may manage it.
pub(super) fn managed(
    tx: &mut dyn Transaction,
    id: SessionId,
    actor: &Actor,
) -> Result<Session, Stop<SessionRefusal>> {
    let session = load(tx, id)?.ok_or(Stop::Refused(SessionRefusal::Unknown))?;
    session.managed_by(actor).map_err(Stop::Refused)?;
    Ok(session)
}

/// How many players were accepted, also those who have deleted their profile since.
fn accepted(db: &mut dyn Read, session: SessionId) -> Result<u32, DbError> {
    let row = db.query_one(sql!("session/accepted"), values![session])?;
    row.ok_or(DbError::NoRow("session/accepted"))?
        .get("accepted")
}

/// Owes `notice` to everybody in the queue but `actor`, who knows; to how many.
pub(super) fn tell(
    tx: &mut dyn Transaction,
    session: SessionId,
    actor: UserId,
    notice: &Notice,
    now: DateTime<Utc>,
) -> Result<u32, DbError> {
    let mut told = 0;
    for row in tx.query(sql!("session/queued"), values![session])? {
        let user: UserId = row.get("user_id")?;
        if user != actor {
            outbox::owe_notice(tx, session, user, notice.clone(), now)?;
            told += 1;
        } else {
            // They know, and what was held back for them is true no longer.
            outbox::withdraw_changes(tx, session, user)?;
        }
    }
    Ok(told)
}
