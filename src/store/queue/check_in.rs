//! People say that they are there; who has not by the start is missed, and their place is offered.
//!
//! May touch: the domain and [`Transaction`]. Invariant: who is missed stays in the queue, and gets
//! the place back by coming late as long as it is nobody else's.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{admission, deadline, load};
use crate::domain::admission::Step;
use crate::domain::check_in::{self, CheckInRefusal, Presence};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::queue::Queue;
use crate::domain::role::Role;
use crate::domain::session::{Session, SessionRefusal, Status};
use crate::domain::short;
use crate::store::outbox::{self, Notice};
use crate::store::sql::{DbError, sql, values};
use crate::store::{Command, Stop, Transaction, profile, session};

/// Somebody says that they are there; also from direct messages, where there is no server.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckIn {
    /// In which session.
    pub session: SessionId,
    /// Who.
    pub user: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

/// It is noted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckedIn {
    /// The session.
    pub session: Session,
    /// The role of the place that they have; `None` if they were late and it is somebody else's.
    pub role: Option<Role>,
    /// Whether they had been missed at the start.
    pub late: bool,
}

impl Command for CheckIn {
    const NAME: &'static str = "check_in";
    type Answer = CheckedIn;
    type Refusal = CheckInRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<CheckedIn, Stop<CheckInRefusal>> {
        let unknown = || Stop::Refused(CheckInRefusal::Session(SessionRefusal::Unknown));
        let session = session::load(tx, self.session)?.ok_or_else(unknown)?;
        let entry = super::entry(tx, session.id, self.user)?;
        let presence =
            check_in::check_in(&session, entry.as_ref(), self.at).map_err(Stop::Refused)?;
        let values = values![session.id, self.user, session.plan.at];
        tx.execute(sql!("check_in/present"), values)?;
        outbox::owe_card(tx, session.id, self.at)?;
        let (role, late) = match presence {
            Presence::InTime(role) => (Some(role), false),
            Presence::Late => (self.come_late(tx, &session)?, true),
        };
        Ok(CheckedIn {
            session,
            role,
            late,
        })
    }
}

impl CheckIn {
    /// Gives them their place back, or another one of theirs, if there is one.
    fn come_late(
        &self,
        tx: &mut dyn Transaction,
        session: &Session,
    ) -> Result<Option<Role>, DbError> {
        let row = tx.query_one(sql!("check_in/missed_as"), values![self.user, session.id])?;
        let row = row.ok_or(DbError::NoRow("check_in/missed_as"))?;
        let before = row.word("role", Role::parse)?;
        // Whoever is asked for it at this moment goes first.
        let steps = admission::decide(tx, session, Some(self.user), self.at, |door| {
            door.back(self.user, before)
        })?;
        let role = steps.into_iter().find_map(|step| match step {
            Step::Admit(user, role) if user == self.user => Some(role),
            _ => None,
        });
        if role.is_some() {
            tx.execute(sql!("check_in/excuse"), values![self.user, session.id])?;
        }
        Ok(role)
    }
}

/// Opens the check-ins that are due at `now`, `max` at most; of how many sessions.
pub(in crate::store) fn open(
    tx: &mut dyn Transaction,
    now: DateTime<Utc>,
    max: u32,
) -> Result<u32, DbError> {
    let mut opened = 0;
    for row in tx.query(sql!("check_in/due"), values![now, max])? {
        let Some(session) = session::load(tx, row.get("id")?)? else {
            continue;
        };
        tx.execute(sql!("check_in/open"), values![session.id])?;
        outbox::owe_card(tx, session.id, now)?;
        admission::wait_no_longer(tx, &session, now)?;
        let queue = load(tx, session.id)?;
        for (entry, _) in queue.accepted() {
            let user = entry.person.id;
            if check_in::is_missing(&session, entry) {
                ask_for(tx, &session, user, now)?;
            }
        }
        opened += 1;
    }
    Ok(opened)
}

/// Asks somebody to say that they are there. A reminder that would come later is done with by it.
fn ask_for(
    tx: &mut dyn Transaction,
    session: &Session,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let notice = Notice::CheckIn {
        session: session.id,
        title: session.plan.title.clone(),
        at: session.plan.at,
    };
    outbox::owe_notice(tx, session.id, user, notice, now)?;
    let reminder = profile::load(tx, user)?.and_then(|profile| profile.reminder.minutes());
    if reminder.is_some_and(|minutes| minutes <= session.plan.check_in_minutes) {
        let values = values![session.id, user, session.plan.at];
        tx.execute(sql!("check_in/reminded"), values)?;
    }
    Ok(())
}

/// What a start brings with it: open offers end soon; who is not there is missed and their places are offered, also where
/// the organiser picks; who waited for full teams waits no longer; and if anybody is still missing,
/// the organiser is told what else could be played. For a session that has just become STARTED.
pub(in crate::store) fn started(
    tx: &mut dyn Transaction,
    session: &Session,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    deadline::shorten_offers(tx, session, now)?;
    admission::wait_no_longer(tx, session, now)?;
    let opened = tx.query_one(sql!("check_in/opened"), values![session.id])?;
    if opened.is_some() {
        let missed = miss(tx, session, now)?;
        admission::settle(tx, session, missed, None, now)?;
    }
    let queue = load(tx, session.id)?;
    tell_of_shortage(tx, session, &queue, now)
}

/// Takes the places of those who are not there; how many that were.
fn miss(tx: &mut dyn Transaction, session: &Session, now: DateTime<Utc>) -> Result<usize, DbError> {
    let queue = load(tx, session.id)?;
    let mut missed = 0;
    for (entry, place) in queue.accepted() {
        if !check_in::is_missing(session, entry) {
            continue;
        }
        let (user, role) = (entry.person.id, place.role);
        tx.execute(sql!("queue/release"), values![session.id, user])?;
        let values = values![
            user,
            session.id,
            session.guild,
            role.as_str(),
            session.plan.at
        ];
        tx.execute(sql!("check_in/missed"), values)?;
        let notice = Notice::NoShow {
            session: session.id,
            title: session.plan.title.clone(),
            role,
        };
        outbox::owe_notice(tx, session.id, user, notice, now)?;
        missed += 1;
    }
    Ok(missed)
}

/// Tells the organiser what could be played with those who are there.
fn tell_of_shortage(
    tx: &mut dyn Transaction,
    session: &Session,
    queue: &Queue,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let ways = short::ways(session, queue);
    let (Some(organiser), false) = (session.organiser, ways.is_empty()) else {
        return Ok(());
    };
    debug_assert_eq!(session.status, Status::Started);
    let ways = ways.into_iter().map(|way| outbox::ShortWay {
        mode: way.mode,
        teams: way.teams,
        out: u32::try_from(way.out.len()).unwrap_or(u32::MAX),
    });
    let notice = Notice::Short {
        session: session.id,
        title: session.plan.title.clone(),
        ways: ways.collect(),
    };
    outbox::owe_notice(tx, session.id, organiser, notice, now)
}
