//! Messages that ask one person something about a session: when they need no answer any more, and
//! what became of them.
//!
//! Pure. Invariant: the end of a prompt is worked out from what is true, whichever way it was
//! answered.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::queue::{AskState, Entry, Standing};
use super::role::Role;
use super::session::{Session, Status};

/// What a prompt asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptKind {
    /// Whether they take a place that is free.
    Offer,
    /// Whether they are there.
    CheckIn,
    /// Whether they have come after all.
    Late,
    /// Whether something smaller is played, because people are missing.
    Shortage,
}

impl PromptKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Offer, Self::CheckIn, Self::Late, Self::Shortage];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Offer => "offer",
            Self::CheckIn => "check_in",
            Self::Late => "late",
            Self::Shortage => "shortage",
        }
    }

    /// Reads a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Why a prompt needs no answer any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptEnd {
    /// They have a place, as this.
    Placed(Role),
    /// They turned the offer down.
    Declined,
    /// They did not answer the offer in time.
    Lapsed,
    /// A newer message asks the same.
    Replaced,
    /// What was asked does not concern them any more.
    Withdrawn,
    /// They have said that they are there, and play this.
    Present(Role),
    /// They have said that they are there, after somebody else got their place.
    TooLate,
    /// The session has started, so that the check-in is over.
    CheckInOver,
    /// The session has moved, so that its check-in opens anew.
    Moved,
    /// Nobody is missing any more.
    Complete,
    /// The session is over, or does not take place.
    Over(Status),
}

/// What became of a prompt that needs no answer any more. `entry` is the person's, if they are in the
/// queue; `deadline` is the end of an offer, or the start that a check-in is for.
pub fn end(
    kind: PromptKind,
    deadline: DateTime<Utc>,
    session: &Session,
    entry: Option<&Entry>,
) -> PromptEnd {
    let standing = entry.map(Entry::standing);
    let present = entry.is_some_and(|entry| entry.checked_in);
    match (kind, standing) {
        (_, Some(Standing::Accepted(role))) if kind == PromptKind::CheckIn && present => {
            PromptEnd::Present(role)
        }
        (PromptKind::Offer | PromptKind::Late, Some(Standing::Accepted(role))) => {
            PromptEnd::Placed(role)
        }
        _ if !session.status.is_alive() => PromptEnd::Over(session.status),
        (PromptKind::Shortage, _) => PromptEnd::Complete,
        (PromptKind::Offer, _) => offer_end(entry),
        (PromptKind::Late, Some(_)) if present => PromptEnd::TooLate,
        (PromptKind::CheckIn, Some(Standing::Accepted(_))) if session.status.is_ahead() => {
            PromptEnd::Moved
        }
        (PromptKind::CheckIn, Some(_)) if session.status == Status::Started => {
            PromptEnd::CheckInOver
        }
        (PromptKind::CheckIn, _) if session.plan.at != deadline => PromptEnd::Moved,
        (PromptKind::CheckIn | PromptKind::Late, _) => PromptEnd::Withdrawn,
    }
}

fn offer_end(entry: Option<&Entry>) -> PromptEnd {
    let asked = entry.filter(|entry| entry.is_waiting());
    match asked.and_then(|entry| entry.asked).map(|asked| asked.state) {
        Some(AskState::Open) => PromptEnd::Replaced,
        Some(AskState::Declined) => PromptEnd::Declined,
        Some(AskState::Silent) => PromptEnd::Lapsed,
        Some(AskState::TakenBack) | None => PromptEnd::Withdrawn,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::domain::queue::Asked;
    use crate::domain::queue::fixtures::{entry, placed, rejected, session, start};
    use Role::Tank;

    fn asked(state: AskState) -> Entry {
        let mut entry = entry(2, &[Tank]);
        entry.asked = Some(Asked {
            role: Tank,
            until: start(),
            state,
        });
        entry
    }

    #[test]
    fn an_offer_ends_as_it_was_answered() {
        let mut session = session("5v5");
        let end = |session: &Session, entry: Option<&Entry>| {
            end(PromptKind::Offer, start(), session, entry)
        };
        let taken = placed(entry(2, &[Tank]), Tank);
        assert_eq!(end(&session, Some(&taken)), PromptEnd::Placed(Tank));
        let states = [
            (AskState::Open, PromptEnd::Replaced),
            (AskState::Declined, PromptEnd::Declined),
            (AskState::Silent, PromptEnd::Lapsed),
            (AskState::TakenBack, PromptEnd::Withdrawn),
        ];
        for (state, expected) in states {
            assert_eq!(end(&session, Some(&asked(state))), expected);
        }
        let refused = rejected(asked(AskState::Open));
        assert_eq!(end(&session, Some(&refused)), PromptEnd::Withdrawn);
        assert_eq!(end(&session, None), PromptEnd::Withdrawn, "they have left");
        session.status = Status::Cancelled;
        let silent = asked(AskState::Silent);
        let over = PromptEnd::Over(Status::Cancelled);
        assert_eq!(end(&session, Some(&silent)), over);
        assert_eq!(end(&session, Some(&taken)), PromptEnd::Placed(Tank));
    }

    #[test]
    fn a_check_in_ends_by_an_answer_a_start_or_a_move() {
        let mut session = session("5v5");
        let at = session.plan.at;
        let end =
            |session: &Session, entry: Option<&Entry>| end(PromptKind::CheckIn, at, session, entry);
        let mut there = placed(entry(2, &[Tank]), Tank);
        let silent = there.clone();
        there.checked_in = true;
        assert_eq!(end(&session, Some(&there)), PromptEnd::Present(Tank));
        assert_eq!(end(&session, None), PromptEnd::Withdrawn);
        let waiting = entry(2, &[Tank]);
        assert_eq!(end(&session, Some(&waiting)), PromptEnd::Withdrawn);
        session.plan.at = at + TimeDelta::hours(1);
        assert_eq!(end(&session, Some(&silent)), PromptEnd::Moved);
        session.status = Status::Started;
        assert_eq!(end(&session, Some(&waiting)), PromptEnd::CheckInOver);
        assert_eq!(end(&session, Some(&silent)), PromptEnd::CheckInOver);
    }

    #[test]
    fn who_comes_late_gets_a_place_or_is_too_late() {
        let mut session = session("5v5");
        session.status = Status::Started;
        let end = |entry: Option<&Entry>| end(PromptKind::Late, start(), &session, entry);
        let mut late = entry(2, &[Tank]);
        late.checked_in = true;
        assert_eq!(end(Some(&late)), PromptEnd::TooLate);
        let back = placed(late, Tank);
        assert_eq!(end(Some(&back)), PromptEnd::Placed(Tank));
        assert_eq!(end(None), PromptEnd::Withdrawn);
    }
}
