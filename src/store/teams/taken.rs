//! Teams are made of those who wait, too: who is on them gets a place, who had one and is not waits.
//!
//! May touch: the domain and [`Transaction`]. Invariant: everybody comes in as by an organiser's
//! hand, one by one on record and told of it; either all of it happens or nothing.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{managed, record_misplaced, save};
use crate::domain::balance::Seat;
use crate::domain::ids::SessionId;
use crate::domain::log::{Action, TeamsDeed};
use crate::domain::session::Actor;
use crate::domain::teams::{self, Change, TeamsRefusal};
use crate::store::{Command, Stop, Transaction, log, queue};

/// An organiser makes teams of those who are in and those who wait.
#[derive(Clone, Debug, PartialEq)]
pub struct TakeTeams {
    /// Of which session.
    pub session: SessionId,
    /// Who decides, from where.
    pub actor: Actor,
    /// The teams; both complete.
    pub seats: Vec<Seat>,
    /// When.
    pub at: DateTime<Utc>,
}

/// They are the teams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamsTaken {
    /// Whether everybody sees them now.
    pub published: bool,
    /// How many have come in.
    pub came: usize,
    /// How many wait again.
    pub left: usize,
}

impl Command for TakeTeams {
    const NAME: &'static str = "take_teams";
    type Answer = TeamsTaken;
    type Refusal = TeamsRefusal;

    fn run(&self, tx: &mut dyn Transaction) -> Result<TeamsTaken, Stop<TeamsRefusal>> {
        let ground = managed(tx, self.session, &self.actor)?;
        let taken = teams::take(&ground.door(), &self.seats).map_err(Stop::Refused)?;
        let session = ground.session;
        // Places are free before anybody gets them.
        for (user, role) in taken.leave.iter().copied() {
            queue::send_back(tx, &session, &self.actor, (user, Some(role)), self.at)?;
        }
        for seat in taken.come.iter().copied() {
            queue::let_in(tx, &session, &self.actor, seat, None, self.at)?;
        }
        let published = self.seat(tx)?;
        queue::admission::settle(tx, &session, 0, None, self.at)?;
        Ok(TeamsTaken {
            published,
            came: taken.come.len(),
            left: taken.leave.len(),
        })
    }
}

impl TakeTeams {
    /// Gives everybody their seat on the teams; whether everybody sees these.
    fn seat(&self, tx: &mut dyn Transaction) -> Result<bool, Stop<TeamsRefusal>> {
        let ground = managed(tx, self.session, &self.actor)?;
        let change = Change::Use(self.seats.clone());
        let now = teams::arrange(&ground.door(), &ground.teams, &change);
        let now = now.map_err(Stop::Refused)?;
        let misplaced = save(tx, &ground, &now, self.actor.user, self.at)?;
        let what = TeamsDeed::Made;
        let done = Action::Teams { what };
        log::record(tx, &ground.session, &self.actor, done, self.at)?;
        record_misplaced(tx, &ground.session, &self.actor, &misplaced, self.at)?;
        Ok(now.published)
    }
}
