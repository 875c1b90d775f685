//! Taking back that a session was cancelled, or started before its time.
//!
//! Pure. Invariant: nothing is taken back once the start that was planned has passed: what people
//! have missed by then cannot be undone.

use chrono::{DateTime, Utc};

use super::{
    ALIVE_PER_GUILD_MAX, ALIVE_PER_ORGANISER_MAX, Actor, Alive, Session, SessionRefusal, Status,
};

/// How a session was before it was cancelled or started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Before {
    /// Whether its queue was open.
    pub status: Status,
    /// When it was to start.
    pub at: DateTime<Utc>,
}

impl Session {
    /// What it becomes when `actor` takes back that it was cancelled, or started early. `before` is
    /// what is on record of that: nothing of a start that just came. A session that is cancelled no
    /// more counts among those `alive` again.
    ///
    /// # Errors
    /// [`SessionRefusal`].
    pub fn taken_back(
        &self,
        actor: &Actor,
        before: Option<Before>,
        alive: Alive,
        now: DateTime<Utc>,
    ) -> Result<Before, SessionRefusal> {
        self.managed_by(actor)?;
        let at = match self.status {
            Status::Open | Status::Closed => return Err(SessionRefusal::NothingToTakeBack),
            Status::Completed => return Err(SessionRefusal::Not(Status::Completed)),
            Status::Cancelled => self.plan.at,
            Status::Started => before.map_or(self.plan.at, |before| before.at),
        };
        if at <= now {
            return Err(SessionRefusal::Begun(at));
        }
        if self.status == Status::Cancelled {
            if alive.yours >= ALIVE_PER_ORGANISER_MAX {
                return Err(SessionRefusal::TooManyOfTheirs);
            }
            if alive.here >= ALIVE_PER_GUILD_MAX {
                return Err(SessionRefusal::TooManyHere);
            }
        }
        let status = before.map(|before| before.status);
        let status = status.filter(|status| status.is_ahead());
        Ok(Before {
            // An earlier version did not put it on record.
            status: status.unwrap_or(Status::Open),
            at,
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::ids::{GuildId, UserId};
    use crate::domain::queue::fixtures::{session, start};

    fn actor(user: i64, administrator: bool) -> Actor {
        Actor {
            user: UserId(user),
            guild: GuildId(10),
            manages_events: administrator,
            administrator,
        }
    }

    fn taken_back(
        status: Status,
        before: Option<Before>,
        now: DateTime<Utc>,
    ) -> Result<Before, SessionRefusal> {
        let mut session = session("5v5");
        session.status = status;
        session.taken_back(&actor(9, true), before, Alive::default(), now)
    }

    #[test]
    fn a_cancelled_session_comes_back_as_it_was_until_it_would_have_begun() {
        let at = session("5v5").plan.at;
        for status in [Status::Open, Status::Closed] {
            let before = Before { status, at };
            let back = taken_back(Status::Cancelled, Some(before), start());
            assert_eq!(back, Ok(before));
        }
        let open = Before {
            status: Status::Open,
            at,
        };
        assert_eq!(taken_back(Status::Cancelled, None, start()), Ok(open));
        let late = taken_back(Status::Cancelled, Some(open), at);
        assert_eq!(late, Err(SessionRefusal::Begun(at)));
    }

    #[test]
    fn a_start_is_taken_back_while_the_planned_one_is_ahead() {
        let at = session("5v5").plan.at;
        let planned = at + TimeDelta::hours(2);
        let before = Before {
            status: Status::Closed,
            at: planned,
        };
        assert_eq!(taken_back(Status::Started, Some(before), at), Ok(before));
        let late = taken_back(Status::Started, Some(before), planned);
        assert_eq!(late, Err(SessionRefusal::Begun(planned)));
        // It came by itself.
        let in_time = taken_back(Status::Started, None, at);
        assert_eq!(in_time, Err(SessionRefusal::Begun(at)));
    }

    #[test]
    fn what_is_ahead_or_over_or_anothers_is_not_taken_back() {
        let nothing = taken_back(Status::Open, None, start());
        assert_eq!(nothing, Err(SessionRefusal::NothingToTakeBack));
        let over = taken_back(Status::Completed, None, start());
        assert_eq!(over, Err(SessionRefusal::Not(Status::Completed)));
        let mut cancelled = session("5v5");
        cancelled.status = Status::Cancelled;
        let by = |user, yours| {
            let here = yours;
            let alive = Alive { yours, here };
            cancelled.taken_back(&actor(user, false), None, alive, start())
        };
        assert_eq!(by(9, 0), Err(SessionRefusal::NotYours));
        let most = ALIVE_PER_ORGANISER_MAX;
        assert_eq!(by(1, most), Err(SessionRefusal::TooManyOfTheirs));
        assert!(by(1, most - 1).is_ok());
    }
}
