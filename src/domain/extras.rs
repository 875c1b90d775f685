//! What a session can have in Discord beside its card: a thread, a scheduled event; and the next
//! step that brings it to where it should be.
//!
//! Pure. Invariant: each step is followed by another state, so that taking one after the other comes
//! to an end; where somebody deleted one or Discord refused it, there is no step any more.

use serde::{Deserialize, Serialize};

use super::ids::{ChannelId, EventId, UserId};
use super::session::Status;

/// What can be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extra {
    /// A thread at the card.
    Thread,
    /// An event of the server.
    Event,
}

/// What somebody wants of them; `None`: as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extras {
    /// Whether there is to be a thread.
    pub thread: Option<bool>,
    /// Whether there is to be an event.
    pub event: Option<bool>,
}

impl Extras {
    /// What is said, one by one.
    pub fn each(&self) -> impl Iterator<Item = (Extra, bool)> {
        let thread = self.thread.map(|on| (Extra::Thread, on));
        let event = self.event.map(|on| (Extra::Event, on));
        thread.into_iter().chain(event)
    }

    /// Whether nothing is said about any of them.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// How far a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadState {
    /// It is not there yet, as far as is known.
    None,
    /// It is there.
    Open,
    /// It is archived.
    Closed,
    /// Somebody deleted it, or it never came to be.
    Gone,
    /// Discord refused it.
    Refused,
}

impl ThreadState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::None,
        Self::Open,
        Self::Closed,
        Self::Gone,
        Self::Refused,
    ];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Gone => "gone",
            Self::Refused => "refused",
        }
    }

    /// Reads a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A thread as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Whether there is to be one.
    pub wanted: bool,
    /// How far it is.
    pub state: ThreadState,
    /// Which one it is, once it is there.
    pub id: Option<ChannelId>,
    /// Its name; `None` if that is not known.
    pub name: Option<String>,
    /// Who was put into it.
    pub members: Vec<UserId>,
}

/// What is to be done about a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadStep {
    /// It is to be started.
    Start,
    /// It is to come back.
    Reopen,
    /// It is to get the session's name.
    Rename,
    /// Somebody is to be put into it.
    Add(UserId),
    /// Somebody is to be taken out.
    TakeOut(UserId),
    /// It is to be archived; also one that may have been started without our knowing.
    Close,
}

impl Thread {
    /// The next step for a session of this `status` and `title` in which `players` have places.
    pub fn step(&self, status: Status, title: &str, players: &[UserId]) -> Option<ThreadStep> {
        use ThreadState::{Closed, Gone, None as Absent, Open, Refused};
        let wanted = self.wanted && status.is_alive();
        match (self.state, wanted) {
            (Gone | Refused, _) | (Closed, false) => None,
            (Absent | Open, false) => Some(ThreadStep::Close),
            (Absent, true) => Some(ThreadStep::Start),
            (Closed, true) => Some(ThreadStep::Reopen),
            (Open, true) if self.name.as_deref() != Some(title) => Some(ThreadStep::Rename),
            (Open, true) => {
                let new = players.iter().find(|player| !self.members.contains(player));
                let left = self.members.iter().find(|one| !players.contains(one));
                new.map(|player| ThreadStep::Add(*player))
                    .or(left.map(|player| ThreadStep::TakeOut(*player)))
            }
        }
    }
}

/// How far an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventState {
    /// It is not there yet, as far as is known.
    None,
    /// It is announced.
    Scheduled,
    /// It is under way.
    Active,
    /// It is over, or taken back.
    Over,
    /// Somebody deleted it.
    Gone,
    /// Discord refused it.
    Refused,
}

impl EventState {
    /// Every state.
    pub const ALL: [Self; 6] = [
        Self::None,
        Self::Scheduled,
        Self::Active,
        Self::Over,
        Self::Gone,
        Self::Refused,
    ];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Scheduled => "scheduled",
            Self::Active => "active",
            Self::Over => "over",
            Self::Gone => "gone",
            Self::Refused => "refused",
        }
    }

    /// Reads a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// An event as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Whether there is to be one.
    pub wanted: bool,
    /// How far it is.
    pub state: EventState,
    /// Which one it is, once it is there.
    pub id: Option<EventId>,
    /// What it was last made to say; `None` if that is not known.
    pub shown: Option<String>,
}

/// What is to be done about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventStep {
    /// It is to be found, if it is there without our knowing, or else made.
    Make,
    /// It is to be found, if it is there without our knowing, or else forgotten.
    Find,
    /// It is to say what is true.
    Change,
    /// It is to be under way.
    Start,
    /// It is to be over.
    Complete,
    /// It is to go.
    Remove,
}

impl Event {
    /// The next step for a session of this `status` about which `content` is to be said.
    pub fn step(&self, status: Status, content: &str) -> Option<EventStep> {
        let wanted = self.wanted && status != Status::Cancelled;
        let differs = self.shown.as_deref() != Some(content);
        match self.state {
            // We have taken it back with a session that takes place after all.
            EventState::Over if self.id.is_none() && wanted && status.is_ahead() => {
                Some(EventStep::Make)
            }
            EventState::Over | EventState::Gone | EventState::Refused => None,
            EventState::None if wanted && status.is_ahead() => Some(EventStep::Make),
            EventState::None => Some(EventStep::Find),
            EventState::Scheduled | EventState::Active if !wanted => Some(EventStep::Remove),
            // What is under way is never ahead again, in Discord: another one takes its place.
            EventState::Active if status.is_ahead() => Some(EventStep::Remove),
            EventState::Scheduled if !status.is_ahead() => Some(EventStep::Start),
            EventState::Active if !status.is_alive() => Some(EventStep::Complete),
            EventState::Scheduled | EventState::Active => differs.then_some(EventStep::Change),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thread(state: ThreadState) -> Thread {
        Thread {
            wanted: true,
            state,
            id: Some(ChannelId(7)),
            name: Some("Cup".into()),
            members: vec![UserId(1), UserId(2)],
        }
    }

    #[test]
    fn a_thread_follows_its_session() {
        let open = thread(ThreadState::Open);
        let step = |status, title, players: &[i64]| {
            let players: Vec<_> = players.iter().map(|id| UserId(*id)).collect();
            open.step(status, title, &players)
        };
        assert_eq!(step(Status::Open, "Cup", &[1, 2]), None);
        assert_eq!(
            step(Status::Open, "Other", &[1, 2]),
            Some(ThreadStep::Rename)
        );
        assert_eq!(
            step(Status::Started, "Cup", &[3, 2]),
            Some(ThreadStep::Add(UserId(3)))
        );
        assert_eq!(
            step(Status::Closed, "Cup", &[2]),
            Some(ThreadStep::TakeOut(UserId(1)))
        );
        for over in [Status::Completed, Status::Cancelled] {
            assert_eq!(step(over, "Other", &[]), Some(ThreadStep::Close));
        }
    }

    #[test]
    fn what_was_deleted_or_refused_is_left_alone() {
        for state in [ThreadState::Gone, ThreadState::Refused] {
            for status in Status::ALL {
                assert_eq!(thread(state).step(status, "Other", &[]), None);
            }
        }
        let closed = thread(ThreadState::Closed);
        assert_eq!(closed.step(Status::Completed, "Cup", &[]), None);
        assert_eq!(
            closed.step(Status::Open, "Cup", &[]),
            Some(ThreadStep::Reopen)
        );
    }

    #[test]
    fn an_event_goes_through_its_life_in_discords_order() {
        let event = |state, wanted| Event {
            wanted,
            state,
            id: Some(EventId(7)),
            shown: Some("a".into()),
        };
        let scheduled = event(EventState::Scheduled, true);
        assert_eq!(scheduled.step(Status::Open, "a"), None);
        assert_eq!(scheduled.step(Status::Open, "b"), Some(EventStep::Change));
        for on in [Status::Started, Status::Completed] {
            assert_eq!(scheduled.step(on, "a"), Some(EventStep::Start));
        }
        let active = event(EventState::Active, true);
        assert_eq!(
            active.step(Status::Completed, "b"),
            Some(EventStep::Complete)
        );
        for state in [EventState::Scheduled, EventState::Active] {
            let cancelled = event(state, true).step(Status::Cancelled, "a");
            let unwanted = event(state, false).step(Status::Open, "a");
            assert_eq!(
                (cancelled, unwanted),
                (Some(EventStep::Remove), Some(EventStep::Remove))
            );
        }
        assert_eq!(active.step(Status::Open, "a"), Some(EventStep::Remove));
        let removed = Event {
            id: None,
            ..event(EventState::Over, true)
        };
        assert_eq!(removed.step(Status::Closed, "a"), Some(EventStep::Make));
        assert_eq!(removed.step(Status::Cancelled, "a"), None);
        // Somebody ended it: it is left alone.
        let ended = event(EventState::Over, true);
        assert_eq!(ended.step(Status::Open, "a"), None);
        let absent = event(EventState::None, true);
        assert_eq!(absent.step(Status::Open, "a"), Some(EventStep::Make));
        assert_eq!(absent.step(Status::Cancelled, "a"), Some(EventStep::Find));
    }

    #[test]
    fn stored_words_are_read_back() {
        for state in ThreadState::ALL {
            assert_eq!(ThreadState::parse(state.as_str()), Some(state));
        }
        for state in EventState::ALL {
            assert_eq!(EventState::parse(state.as_str()), Some(state));
        }
    }
}
