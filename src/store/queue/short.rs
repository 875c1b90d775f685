//! A session is played with fewer than planned, in one of the ways that are possible.
//!
//! May touch: the domain and [`Transaction`]. Invariant: whoever sits out waits in the queue as
//! before they had a place; nobody else loses theirs, and nothing of the planned game is left over.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{admission, load};
use crate::domain::ids::{SessionId, UserId};
use crate::domain::log::{Action, aspects};
use crate::domain::mode::Mode;
use crate::domain::queue::Queue;
use crate::domain::session::{Actor, Session, SessionRefusal};
use crate::domain::short::{self, Way};
use crate::store::outbox::{self, Notice};
use crate::store::sql::{DbError, sql, values};
use crate::store::{Command, Stop, Transaction, log, session};

/// An organiser has a session played in another way, with those who are there.
#[derive(Clone, Debug, PartialEq)]
pub struct PlayShort {
    /// Which session.
    pub session: SessionId,
    /// Who decides, from where.
    pub actor: Actor,
    /// What is played instead.
    pub mode: Mode,
    /// With how many teams.
    pub teams: u8,
    /// When.
    pub at: DateTime<Utc>,
}

/// It is played so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlayedShort {
    /// The session as it is now.
    pub session: Session,
    /// How many sit out.
    pub out: usize,
}

/// Why a session cannot be played in another way.
#[derive(Clone, Debug, PartialEq)]
pub enum ShortRefusal {
    /// It is not there, not theirs, or over.
    Session(SessionRefusal),
    /// Those who are there are not enough for it any more, or nobody is missing.
    NotPossible,
}

impl Command for PlayShort {
    const NAME: &'static str = "play_short";
    type Answer = PlayedShort;
    type Refusal = ShortRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<PlayedShort, Stop<ShortRefusal>> {
        let refused = |refusal| Stop::Refused(ShortRefusal::Session(refusal));
        let session = session::load(tx, self.session)?;
        let mut session = session.ok_or_else(|| refused(SessionRefusal::Unknown))?;
        session.managed_by(&self.actor).map_err(refused)?;
        if !session.status.is_alive() {
            return Err(refused(SessionRefusal::Not(session.status)));
        }
        let queue = load(tx, session.id)?;
        let mut ways = short::ways(&session, &queue).into_iter();
        let way = ways.find(|way| (way.mode, way.teams) == (self.mode, self.teams));
        let way = way.ok_or(Stop::Refused(ShortRefusal::NotPossible))?;
        let before = session.plan.clone();
        session.plan = session.shortened(way.mode, way.teams);
        session::save_plan(tx, &session)?;
        self.seat(tx, &session, &queue, &way)?;
        let ended = admission::other_game(tx, &session, &before, self.at)?;
        let what = aspects(&before, &session.plan);
        let edited = Action::Edited { what, moved: None };
        log::record(tx, &session, &self.actor, edited, self.at)?;
        outbox::owe_card(tx, session.id, self.at)?;
        admission::settle(tx, &session, ended, None, self.at)?;
        let out = way.out.len();
        Ok(PlayedShort { session, out })
    }
}

impl PlayShort {
    /// Gives everybody their role, or their place in the queue.
    fn seat(
        &self,
        tx: &mut dyn Transaction,
        session: &Session,
        queue: &Queue,
        way: &Way,
    ) -> Result<(), DbError> {
        let (title, at) = (session.plan.title.clone(), session.plan.at);
        let place = |user: UserId| queue.entry(user).and_then(|entry| entry.place.as_ref());
        for (user, role) in way.seats.iter().copied() {
            let Some(place) = place(user).filter(|place| place.role != role) else {
                continue;
            };
            let values = values![session.id, user, role.as_str(), place.account];
            tx.execute(sql!("admission/move"), values)?;
            let notice = Notice::OtherRole {
                title: title.clone(),
                at,
                role,
                session: Some(session.id),
            };
            self.tell(tx, user, notice)?;
        }
        for user in way.out.iter().copied() {
            tx.execute(sql!("queue/release"), values![session.id, user])?;
            let role = place(user).map(|place| place.role);
            let done = Action::TakenBack { role }.on(user);
            log::record(tx, session, &self.actor, done, self.at)?;
            let title = title.clone();
            self.tell(tx, user, Notice::Waiting { title, at, role })?;
        }
        Ok(())
    }

    fn tell(&self, tx: &mut dyn Transaction, user: UserId, notice: Notice) -> Result<(), DbError> {
        if user == self.actor.user {
            return Ok(());
        }
        outbox::owe_notice(tx, self.session, user, notice, self.at)
    }
}
