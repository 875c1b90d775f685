//! Places that are given without an organiser's decision, and offers of places that are free.
//!
//! May touch: the domain and [`Transaction`]. Invariant: it runs in the transaction of whatever
//! freed a place or brought somebody who wants one, so that no place that somebody fits is ever
//! left lying about; whoever is concerned is owed a notice with it.

use chrono::{DateTime, Utc};

use super::{load, organiser_account};
use crate::domain::admission::{Admission, Door, Step, offer_until};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::queue::{AskState, Entry};
use crate::domain::role::Role;
use crate::domain::session::{Plan, Session};
use crate::store::outbox::{self, Notice};
use crate::store::sql::{DbError, sql, values};
use crate::store::{Read, Transaction, teams};

/// What somebody who has just joined comes to: the role of the place that they got at once.
pub(super) fn joined(
    tx: &mut dyn Transaction,
    session: &Session,
    before: Option<&Entry>,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Option<Role>, DbError> {
    let asked = before.and_then(|entry| entry.asked);
    let by_itself = session.plan.admission != Admission::Organiser;
    // Who joins anew wants a place, also if they did not want the last one; who is being asked says
    // yes by it. In the organiser's session they still are to answer.
    let anew = asked.is_some_and(|asked| match asked.state {
        AskState::Open => by_itself,
        AskState::Declined | AskState::Silent => true,
        AskState::TakenBack => false,
    });
    if anew {
        unask(tx, session.id, user)?;
    }
    if before.is_none() {
        come_back(tx, session.id, user, now)?;
    }
    if !by_itself {
        return Ok(None);
    }
    let places = Places::of(tx, session)?;
    let one_by_one = session.plan.admission == Admission::FirstCome || places.filled;
    let mut done = Vec::new();
    if one_by_one && places.free() {
        done = decide(tx, session, Some(user), now, |door| door.join(user))?;
    }
    done.extend(settle(tx, session, 0, Some(user), now)?);
    Ok(done.into_iter().find_map(|step| match step {
        Step::Admit(who, role) if who == user => Some(role),
        _ => None,
    }))
}

/// Gives, or offers, what is free after a change. Where the organiser picks, only as many are asked
/// as `ended` says: those who come after somebody who was asked and does not take the place. `actor`
/// need not be told what happens to them; they are answered.
pub(in crate::store) fn settle(
    tx: &mut dyn Transaction,
    session: &Session,
    ended: usize,
    actor: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<Vec<Step>, DbError> {
    let admission = session.plan.admission;
    let nothing = admission == Admission::Organiser && ended == 0;
    if nothing || !session.status.is_alive() {
        return Ok(Vec::new());
    }
    let places = Places::of(tx, session)?;
    if !places.free() {
        tx.execute(sql!("admission/filled"), values![session.id, now])?;
        return Ok(Vec::new());
    }
    decide(tx, session, actor, now, |door| match admission {
        Admission::Organiser => door.offers(ended),
        Admission::Balanced if !places.filled => door.full_set(),
        Admission::FirstCome | Admission::Balanced => door.offers(usize::MAX),
    })
}

/// Where nobody comes in before the teams are full: lets as many in as fit, since the start is near.
pub(super) fn wait_no_longer(
    tx: &mut dyn Transaction,
    session: &Session,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    if session.plan.admission != Admission::Balanced || Places::of(tx, session)?.filled {
        return Ok(());
    }
    tx.execute(sql!("admission/filled"), values![session.id, now])?;
    decide(tx, session, None, now, |door| door.as_many_as_fit())?;
    Ok(())
}

/// Ends what was agreed on for another game than `session` is now: the teams, and the offers of
/// places, of which this is how many there were.
pub(in crate::store) fn other_game(
    tx: &mut dyn Transaction,
    session: &Session,
    before: &Plan,
    now: DateTime<Utc>,
) -> Result<usize, DbError> {
    if session.plan.keeps_seats_of(before) {
        return Ok(0);
    }
    teams::dissolve(tx, session.id)?;
    let queue = load(tx, session.id)?;
    let asked: Vec<_> = queue.asked().map(|(entry, _)| entry.person.id).collect();
    withdraw(tx, session, &asked, now)?;
    Ok(asked.len())
}

/// Ends the offers of places as `role` that are more than its cap, since an administrator has given
/// one away in spite of it; how many. Who joined last gives way.
pub(super) fn give_way(
    tx: &mut dyn Transaction,
    session: &Session,
    role: Role,
    now: DateTime<Utc>,
) -> Result<usize, DbError> {
    let (mode, teams) = (session.plan.mode, session.plan.teams);
    let queue = load(tx, session.id)?;
    let mut taken = queue.roles();
    let beyond = |(entry, asked): (&Entry, Role)| {
        let capped = mode.is_capped(teams, &taken, asked);
        taken.push(asked);
        (capped && asked == role).then_some(entry.person.id)
    };
    let asked: Vec<_> = queue.asked().filter_map(beyond).collect();
    withdraw(tx, session, &asked, now)?;
    Ok(asked.len())
}

/// Takes the offers back that these people have; they wait as before, and are told.
fn withdraw(
    tx: &mut dyn Transaction,
    session: &Session,
    asked: &[UserId],
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    for user in asked {
        unask(tx, session.id, *user)?;
        let (title, at) = (session.plan.title.clone(), session.plan.at);
        let notice = Notice::OfferOver { title, at };
        outbox::owe_notice(tx, session.id, *user, notice, now)?;
    }
    outbox::end_prompts(tx, session.id, now)
}

/// Notes that an organiser took somebody's place as `role` back: they are not asked by itself again.
pub(super) fn taken_back(
    tx: &mut dyn Transaction,
    session: SessionId,
    user: UserId,
    role: Role,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let state = AskState::TakenBack.as_str();
    let values = values![session, user, role.as_str(), now, now, state];
    tx.execute(sql!("admission/ask"), values)?;
    Ok(())
}

/// Has somebody who joins anew stand as they did when they left: an organiser may have taken their
/// place back.
fn come_back(
    tx: &mut dyn Transaction,
    session: SessionId,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let row = tx.query_one(sql!("admission/come_back"), values![session, user])?;
    let Some(row) = row else {
        return Ok(());
    };
    taken_back(tx, session, user, row.word("role", Role::parse)?, now)
}

/// Ends the offer that somebody has.
pub(super) fn end_offer(
    tx: &mut dyn Transaction,
    session: SessionId,
    user: UserId,
    state: AskState,
) -> Result<(), DbError> {
    tx.execute(
        sql!("admission/end"),
        values![session, user, state.as_str()],
    )?;
    Ok(())
}

/// Forgets whatever somebody was asked.
pub(in crate::store) fn unask(
    tx: &mut dyn Transaction,
    session: SessionId,
    user: UserId,
) -> Result<(), DbError> {
    tx.execute(sql!("admission/unask"), values![session, user])?;
    Ok(())
}

/// How a session's places are taken.
struct Places {
    taken: u32,
    all: u32,
    /// Whether all of them once were.
    filled: bool,
}

impl Places {
    fn of(db: &mut dyn Read, session: &Session) -> Result<Self, DbError> {
        let row = db.query_one(sql!("admission/taken"), values![session.id])?;
        let row = row.ok_or(DbError::NoRow("admission/taken"))?;
        Ok(Self {
            taken: row.get("taken")?,
            all: session.plan.places(),
            filled: row.get("filled")?,
        })
    }

    fn free(&self) -> bool {
        self.taken < self.all
    }
}

/// Works out what is to be done, and does it.
pub(super) fn decide(
    tx: &mut dyn Transaction,
    session: &Session,
    actor: Option<UserId>,
    now: DateTime<Utc>,
    decision: impl FnOnce(&Door<'_>) -> Vec<Step>,
) -> Result<Vec<Step>, DbError> {
    let queue = load(tx, session.id)?;
    let organiser = organiser_account(tx, session)?;
    let door = Door {
        session,
        queue: &queue,
        organiser: organiser.as_ref(),
    };
    let steps = decision(&door);
    for step in &steps {
        take(tx, &door, *step, actor, now)?;
    }
    let moved = steps.iter().filter_map(|step| match step {
        Step::Move(user, _) => Some(*user),
        Step::Admit(..) | Step::Ask(..) => None,
    });
    teams::make_legal(tx, session, &moved.collect::<Vec<_>>())?;
    if !steps.is_empty() {
        outbox::owe_card(tx, session.id, now)?;
    }
    if session.plan.admission == Admission::Balanced && !Places::of(tx, session)?.free() {
        tx.execute(sql!("admission/filled"), values![session.id, now])?;
    }
    Ok(steps)
}

/// Takes one step.
fn take(
    tx: &mut dyn Transaction,
    door: &Door<'_>,
    step: Step,
    actor: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let session = door.session;
    let (title, at) = (session.plan.title.clone(), session.plan.at);
    let (Step::Move(user, role) | Step::Admit(user, role) | Step::Ask(user, role)) = step;
    let entry = door
        .queue
        .entry(user)
        .ok_or(DbError::NoRow("queue/entries"))?;
    let account = door.account(entry, role);
    let notice = match step {
        Step::Move(..) => {
            let values = values![session.id, user, role.as_str(), account];
            tx.execute(sql!("admission/move"), values)?;
            let session = Some(session.id);
            Notice::OtherRole {
                title,
                at,
                role,
                session,
            }
        }
        Step::Admit(..) => {
            let nobody: Option<UserId> = None;
            let values = values![session.id, user, account, role.as_str(), nobody, now];
            tx.execute(sql!("queue/place"), values)?;
            unask(tx, session.id, user)?;
            let session = Some(session.id);
            Notice::Accepted {
                title,
                at,
                role,
                session,
            }
        }
        Step::Ask(..) => {
            let until = offer_until(at, now);
            let state = AskState::Open.as_str();
            let values = values![session.id, user, role.as_str(), now, until, state];
            tx.execute(sql!("admission/ask"), values)?;
            Notice::Asked {
                session: session.id,
                title,
                at,
                role,
                until,
            }
        }
    };
    if actor != Some(user) {
        outbox::owe_notice(tx, session.id, user, notice, now)?;
    }
    Ok(())
}
