//! Notices about changes that may be taken back: they settle before they are sent, and what is changed
//! again meanwhile makes one notice, or none.
//!
//! Pure. Invariant: what a person is told leads from what they were told last to what is true; nothing
//! is held back for longer than [`SETTLES_MAX_S`], or than a tenth of the time until the start.

use chrono::{DateTime, TimeDelta, Utc};

use super::Notice;

/// A notice is held back until nothing has changed for this long, in seconds; less near the start.
pub(super) const SETTLES_S: i64 = 30;
/// The longest that it is held back, in seconds, however often something changes.
pub(super) const SETTLES_MAX_S: i64 = 5 * 60;
/// At most one part in this many of the time until the start.
const SETTLES_SHARE: i32 = 10;
/// What is due within this many seconds may be on its way already, so that it cannot be changed.
pub(super) const ON_ITS_WAY_S: i64 = 2;

/// How a new notice goes together with one that was not sent yet.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Merged {
    /// They need not be told anything: all is as they were told last.
    Nothing,
    /// They are to be told this.
    Say(Notice),
}

/// What becomes of `pending`, which was not sent yet, when `notice` is to be said about the same.
pub(super) fn merge(pending: Notice, notice: Notice) -> Merged {
    use Notice::{Accepted, Cancelled, Moved, NotYet, Reopened, StartsNow, Waiting};
    match (pending, notice) {
        (Moved { from, .. }, Moved { to, .. }) if from == to => Merged::Nothing,
        (Moved { from, .. }, Moved { title, to, .. }) => Merged::Say(Moved { title, from, to }),
        (Reopened { .. }, Moved { title, to, .. }) => Merged::Say(Reopened { title, at: to }),
        (NotYet { .. }, Moved { title, to, .. }) => Merged::Say(NotYet { title, at: to }),
        (Reopened { .. }, Cancelled { .. }) | (NotYet { .. }, StartsNow { .. }) => Merged::Nothing,
        // What is taken back was not said yet either: a rate limit held it.
        (Cancelled { .. }, Reopened { .. }) | (StartsNow { .. }, NotYet { .. }) => Merged::Nothing,
        (
            Accepted { role, .. },
            Waiting {
                role: Some(was), ..
            },
        ) if was == role => Merged::Nothing,
        (
            Waiting {
                role: Some(was), ..
            },
            Accepted { role, .. },
        ) if was == role => Merged::Nothing,
        (_, notice) => Merged::Say(notice),
    }
}

/// How long `notice` is held back at `now`; `None` if it is sent at once.
pub(super) fn settles(notice: &Notice, now: DateTime<Utc>) -> Option<TimeDelta> {
    let start = match notice {
        Notice::Moved { from, to, .. } => *from.min(to),
        Notice::Reopened { at, .. } | Notice::NotYet { at, .. } | Notice::Waiting { at, .. } => *at,
        _ => return None,
    };
    let share = (start - now) / SETTLES_SHARE;
    let wait = share.min(TimeDelta::seconds(SETTLES_S));
    (wait > TimeDelta::zero()).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::role::Role;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_000_000, 0).expect("a time")
    }

    fn at(minutes: i64) -> DateTime<Utc> {
        now() + TimeDelta::minutes(minutes)
    }

    fn moved(from: i64, to: i64) -> Notice {
        Notice::Moved {
            title: "Cup".into(),
            from: at(from),
            to: at(to),
        }
    }

    fn reopened(minutes: i64) -> Notice {
        Notice::Reopened {
            title: "Cup".into(),
            at: at(minutes),
        }
    }

    fn cancelled() -> Notice {
        Notice::Cancelled {
            title: "Cup".into(),
            at: at(60),
            reason: None,
        }
    }

    fn waiting(role: Option<Role>) -> Notice {
        Notice::Waiting {
            title: "Cup".into(),
            at: at(60),
            role,
        }
    }

    fn accepted(role: Role) -> Notice {
        Notice::Accepted {
            title: "Cup".into(),
            at: at(60),
            role,
            session: None,
        }
    }

    #[test]
    fn changes_add_up_to_the_last_state() {
        let said = Merged::Say;
        assert_eq!(merge(moved(60, 70), moved(70, 90)), said(moved(60, 90)));
        assert_eq!(merge(moved(60, 70), moved(70, 60)), Merged::Nothing);
        assert_eq!(merge(moved(60, 70), cancelled()), said(cancelled()));
        assert_eq!(merge(reopened(60), cancelled()), Merged::Nothing);
        assert_eq!(merge(cancelled(), reopened(60)), Merged::Nothing);
        assert_eq!(merge(reopened(60), moved(60, 70)), said(reopened(70)));
        let tank = accepted(Role::Tank);
        let back = merge(waiting(Some(Role::Tank)), tank.clone());
        assert_eq!(back, Merged::Nothing);
        let other = merge(waiting(Some(Role::Support)), tank.clone());
        assert_eq!(other, said(tank.clone()));
        assert_eq!(merge(waiting(None), tank.clone()), said(tank));
    }

    #[test]
    fn what_cannot_wait_is_said_at_once() {
        let seconds = |notice: &Notice| settles(notice, now()).map(|wait| wait.num_seconds());
        assert_eq!(seconds(&cancelled()), None);
        assert_eq!(seconds(&accepted(Role::Tank)), None);
        assert_eq!(seconds(&moved(600, 700)), Some(SETTLES_S));
        assert_eq!(seconds(&moved(600, 2)), Some(12), "the nearer start counts");
        assert_eq!(seconds(&moved(1, 600)), Some(6));
        assert_eq!(seconds(&reopened(-1)), None, "it has begun");
    }
}
