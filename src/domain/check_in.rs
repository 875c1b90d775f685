//! Saying that one is there: when one can, and who was missed at the start.
//!
//! Pure. Invariant: nobody is missed who got their place when the check-in was open already: by
//! taking it they have said that they are there.

use chrono::{DateTime, Utc};

use super::queue::{Entry, Standing};
use super::role::Role;
use super::session::{Session, SessionRefusal, Status};

/// Why somebody cannot say that they are there.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckInRefusal {
    /// The session is not there, or over.
    Session(SessionRefusal),
    /// It has no check-in.
    None,
    /// The check-in opens then.
    NotYet(DateTime<Utc>),
    /// They are not in its queue.
    NotIn,
    /// They wait for a place.
    Waiting,
    /// The organiser has turned them down.
    Rejected,
}

/// In what way somebody says that they are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// They have a place, as this.
    InTime(Role),
    /// They had one, and were missed at the start.
    Late,
}

/// Whether one can say at `now` that one is there.
pub fn is_open(session: &Session, now: DateTime<Utc>) -> bool {
    let opens = session.plan.check_in_at();
    session.status.is_ahead() && opens.is_some_and(|opens| opens <= now)
}

/// Decides whether somebody can say that they are there.
///
/// # Errors
/// [`CheckInRefusal`].
pub fn check_in(
    session: &Session,
    entry: Option<&Entry>,
    now: DateTime<Utc>,
) -> Result<Presence, CheckInRefusal> {
    if !session.status.is_alive() {
        let over = SessionRefusal::Not(session.status);
        return Err(CheckInRefusal::Session(over));
    }
    let opens = session.plan.check_in_at().ok_or(CheckInRefusal::None)?;
    let entry = entry.ok_or(CheckInRefusal::NotIn)?;
    match entry.standing() {
        _ if opens > now && session.status.is_ahead() => Err(CheckInRefusal::NotYet(opens)),
        Standing::Accepted(role) => Ok(Presence::InTime(role)),
        Standing::Waiting if entry.no_show => Ok(Presence::Late),
        Standing::Waiting => Err(CheckInRefusal::Waiting),
        Standing::Rejected => Err(CheckInRefusal::Rejected),
    }
}

/// Whether somebody with a place has not said that they are there, though they could.
pub fn is_missing(session: &Session, entry: &Entry) -> bool {
    let opens = session.plan.check_in_at();
    let place = entry.place.as_ref();
    let had_time = place.is_some_and(|place| opens.is_some_and(|opens| place.at < opens));
    had_time && !entry.checked_in
}

/// Whether a session that has started still wants somebody who was missed to come.
pub fn wants_late(session: &Session, entries: &[Entry]) -> bool {
    let missed = |entry: &Entry| entry.no_show && entry.is_waiting();
    session.status == Status::Started && entries.iter().any(missed)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::queue::fixtures::{entry, placed, rejected, session, start};

    /// A session in a day, with a quarter of an hour to check in.
    fn checked() -> Session {
        let mut session = session("5v5");
        session.plan.check_in_minutes = 15;
        session
    }

    #[test]
    fn who_has_a_place_checks_in_once_it_is_time() {
        let session = checked();
        let present = placed(entry(2, &[Role::Tank]), Role::Tank);
        let opens = session.plan.at - TimeDelta::minutes(15);
        let early = check_in(&session, Some(&present), opens - TimeDelta::seconds(1));
        assert_eq!(early, Err(CheckInRefusal::NotYet(opens)));
        let open = check_in(&session, Some(&present), opens);
        assert_eq!(open, Ok(Presence::InTime(Role::Tank)));
        assert!(is_open(&session, opens));
    }

    #[test]
    fn others_are_told_why_they_need_not() {
        let session = checked();
        let now = session.plan.at;
        let waiting = entry(2, &[Role::Tank]);
        let check = |entry| check_in(&session, entry, now);
        assert_eq!(check(None), Err(CheckInRefusal::NotIn));
        assert_eq!(check(Some(&waiting)), Err(CheckInRefusal::Waiting));
        let turned_down = rejected(waiting.clone());
        assert_eq!(check(Some(&turned_down)), Err(CheckInRefusal::Rejected));
        let mut missed = entry(2, &[Role::Tank]);
        missed.no_show = true;
        assert_eq!(check(Some(&missed)), Ok(Presence::Late));
    }

    #[test]
    fn who_got_their_place_late_is_not_missed() {
        let session = checked();
        let mut early = placed(entry(2, &[Role::Tank]), Role::Tank);
        assert!(is_missing(&session, &early));
        early.checked_in = true;
        assert!(!is_missing(&session, &early));
        let mut late = placed(entry(3, &[Role::Tank]), Role::Tank);
        if let Some(place) = &mut late.place {
            place.at = start() + TimeDelta::days(1) - TimeDelta::minutes(5);
        }
        assert!(!is_missing(&session, &late));
    }
}
