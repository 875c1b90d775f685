//! Two people change places in one action.
//!
//! May touch: the domain and [`Transaction`]. Invariant: both change or neither does, their seats on
//! the teams with their roles, so that no team has another composition than before.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::place::{managed, tell};
use super::{admission, load, organiser_account};
use crate::domain::balance::Team;
use crate::domain::ids::{SessionId, UserId};
use crate::domain::log::Action;
use crate::domain::manage::{self, ManageRefusal, Seat, Swap};
use crate::domain::queue::Entry;
use crate::domain::role::Role;
use crate::domain::session::{Actor, Session};
use crate::domain::teams::Teams;
use crate::store::outbox::Notice;
use crate::store::sql::{DbError, sql, values};
use crate::store::{Command, Stop, Transaction, log, teams};

/// Two people change places: one who waits and one who is in, or two who are in.
#[derive(Clone, Debug, PartialEq)]
pub struct SwapPlayers {
    /// In which session.
    pub session: SessionId,
    /// Who decides, from where.
    pub actor: Actor,
    /// One of them.
    pub one: UserId,
    /// The other.
    pub other: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

/// They have changed places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Swapped {
    /// Somebody has the place of somebody who waits now.
    Replaced {
        /// Who is in.
        comes: UserId,
        /// As what.
        role: Role,
        /// Who waits.
        leaves: UserId,
    },
    /// Two have exchanged their roles: who plays what.
    Exchanged([(UserId, Role); 2]),
}

impl Command for SwapPlayers {
    const NAME: &'static str = "swap_players";
    type Answer = Swapped;
    /// With whom of the two it is about.
    type Refusal = (UserId, ManageRefusal);

    fn run(&self, tx: &mut dyn Transaction) -> Result<Swapped, Stop<Self::Refusal>> {
        let session = managed(tx, self.session, &self.actor).map_err(|stop| match stop {
            Stop::Refused(refusal) => Stop::Refused((self.one, refusal)),
            Stop::Broken(error) => Stop::Broken(error),
        })?;
        let queue = load(tx, session.id)?;
        let teams = teams::load(tx, session.id)?;
        let organiser = organiser_account(tx, &session)?;
        let pair = (self.one, self.other);
        let swap =
            manage::swap(&session, &queue, pair, organiser.as_ref()).map_err(Stop::Refused)?;
        Ok(match swap {
            Swap::Replace { seat, leaves } => {
                let asked = queue.entry(seat.user).is_some_and(Entry::is_asked);
                let swapped = self.replace(tx, &session, seat, leaves)?;
                keep_seat(tx, &session, seat, teams.of(leaves))?;
                admission::unask(tx, session.id, seat.user)?;
                admission::taken_back(tx, session.id, leaves, seat.role, self.at)?;
                admission::settle(tx, &session, asked.into(), None, self.at)?;
                swapped
            }
            Swap::Exchange(seats) => self.exchange(tx, &session, seats, &teams)?,
        })
    }
}

impl SwapPlayers {
    fn replace(
        &self,
        tx: &mut dyn Transaction,
        session: &Session,
        seat: Seat,
        leaves: UserId,
    ) -> Result<Swapped, DbError> {
        let (comes, role) = (seat.user, seat.role);
        tx.execute(sql!("queue/release"), values![session.id, leaves])?;
        let by = self.actor.user;
        let values = values![session.id, comes, seat.account, role.as_str(), by, self.at];
        tx.execute(sql!("queue/place"), values)?;
        let done = Action::Replaced { role }.on(comes).and(leaves);
        log::record(tx, session, &self.actor, done, self.at)?;
        let (title, at) = (session.plan.title.clone(), session.plan.at);
        tell(
            tx,
            session,
            &self.actor,
            leaves,
            Notice::Waiting {
                title,
                at,
                role: Some(role),
            },
            self.at,
        )?;
        self.tell_place(tx, session, seat)?;
        Ok(Swapped::Replaced {
            comes,
            role,
            leaves,
        })
    }

    fn exchange(
        &self,
        tx: &mut dyn Transaction,
        session: &Session,
        seats: [Seat; 2],
        teams: &Teams,
    ) -> Result<Swapped, DbError> {
        for seat in seats {
            let by = self.actor.user;
            let values = values![session.id, seat.user, seat.role.as_str(), seat.account, by];
            tx.execute(sql!("queue/reseat"), values)?;
            self.tell_place(tx, session, seat)?;
        }
        let [one, other] = seats;
        keep_seat(tx, session, one, teams.of(other.user))?;
        keep_seat(tx, session, other, teams.of(one.user))?;
        let exchanged = Action::Exchanged {
            role: one.role,
            other: other.role,
        };
        let done = exchanged.on(one.user).and(other.user);
        log::record(tx, session, &self.actor, done, self.at)?;
        Ok(Swapped::Exchanged(seats.map(|seat| (seat.user, seat.role))))
    }

    /// Owes somebody the news of what they play.
    fn tell_place(
        &self,
        tx: &mut dyn Transaction,
        session: &Session,
        seat: Seat,
    ) -> Result<(), DbError> {
        let notice = Notice::Accepted {
            title: session.plan.title.clone(),
            at: session.plan.at,
            role: seat.role,
            session: Some(session.id),
        };
        tell(tx, session, &self.actor, seat.user, notice, self.at)
    }
}

/// Has somebody play on the team of the seat that they have taken; on none, if that was on none.
fn keep_seat(
    tx: &mut dyn Transaction,
    session: &Session,
    seat: Seat,
    team: Option<Team>,
) -> Result<(), DbError> {
    let team = team.map(teams::number);
    let values = values![session.id, seat.user, team, seat.role.as_str()];
    tx.execute(sql!("teams/seat"), values)?;
    Ok(())
}
