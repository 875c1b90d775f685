//! Looking for one more: what a message that looks for players says, and when there may be one.
//!
//! Pure. Invariant: such a message says that somebody is missing only while they can join, and what
//! is missing is what the card says too: whoever is asked for a place counts as in.

use super::admission::Door;
use super::mode::Missing;
use super::session::{Actor, SessionRefusal, Status};

/// Messages that one session can have looking at the same time.
pub const CALLS_MAX: usize = 5;

/// What a message that looks for players says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looking {
    /// These are missing, and can join.
    For(Missing),
    /// Nobody is missing.
    Complete,
    /// Nobody can join: the queue is closed, or the session is not ahead any more.
    Not(Status),
}

/// Why nobody is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallRefusal {
    /// The session is not there or not theirs.
    Session(SessionRefusal),
    /// Nobody could join: the queue is closed, or the session is not ahead any more.
    Not(Status),
    /// Nobody is missing.
    Complete,
    /// [`CALLS_MAX`] messages look already.
    TooMany,
    /// The message does not look any more.
    Gone,
}

/// What a message that looks for players of a session says now.
pub fn looking(door: &Door<'_>) -> Looking {
    let missing = door.gap().needs;
    match door.session.status {
        Status::Open if missing.is_none() => Looking::Complete,
        Status::Open => Looking::For(missing),
        status => Looking::Not(status),
    }
}

/// Decides whether `actor` may have one more message look for players; `present` look already.
///
/// # Errors
/// [`CallRefusal`].
pub fn may_call(door: &Door<'_>, actor: &Actor, present: usize) -> Result<(), CallRefusal> {
    let managed = door.session.managed_by(actor);
    managed.map_err(CallRefusal::Session)?;
    match looking(door) {
        Looking::For(_) if present >= CALLS_MAX => Err(CallRefusal::TooMany),
        Looking::For(_) => Ok(()),
        Looking::Complete => Err(CallRefusal::Complete),
        Looking::Not(status) => Err(CallRefusal::Not(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::ids::{GuildId, UserId};
    use super::super::queue::Queue;
    use super::super::queue::fixtures::{entry, placed, queue, session};
    use super::super::role::Role::{Damage, Support, Tank};
    use super::super::session::Session;
    use super::*;

    fn door<'a>(session: &'a Session, queue: &'a Queue) -> Door<'a> {
        Door {
            session,
            queue,
            organiser: None,
        }
    }

    fn organiser() -> Actor {
        Actor {
            user: UserId(1),
            guild: GuildId(10),
            manages_events: false,
            administrator: false,
        }
    }

    #[test]
    fn players_are_looked_for_while_some_are_missing_and_can_join() {
        let mut session = session("5v5");
        let roles = [Tank, Damage, Damage, Support, Support];
        let people = (2..).zip(roles);
        let full = people.map(|(user, role)| placed(entry(user, &[role]), role));
        let full: Vec<_> = full.collect();
        let short = queue(full[1..].to_vec());
        let may = |session: &Session, queue: &Queue, present| {
            may_call(&door(session, queue), &organiser(), present)
        };
        assert_eq!(may(&session, &short, CALLS_MAX - 1), Ok(()));
        assert_eq!(may(&session, &short, CALLS_MAX), Err(CallRefusal::TooMany));
        assert_eq!(may(&session, &queue(full), 0), Err(CallRefusal::Complete));
        for status in [Status::Closed, Status::Started, Status::Cancelled] {
            session.status = status;
            assert_eq!(may(&session, &short, 0), Err(CallRefusal::Not(status)));
            assert_eq!(looking(&door(&session, &short)), Looking::Not(status));
        }
    }

    #[test]
    fn only_who_manages_the_session_looks_for_players() {
        let stranger = Actor {
            user: UserId(9),
            ..organiser()
        };
        let (session, queue) = (session("5v5"), queue([]));
        let refused = may_call(&door(&session, &queue), &stranger, 0);
        let not_yours = CallRefusal::Session(SessionRefusal::NotYours);
        assert_eq!(refused, Err(not_yours));
    }
}
