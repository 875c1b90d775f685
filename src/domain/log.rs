//! The record of what was done about a session: by whom, by what right, what, on whom.
//!
//! Pure. Invariant: an [`Action`] names nobody and holds nothing that anybody typed; people and
//! reasons stand beside it, so that they can be forgotten and the record stays.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::extras::Extra;
use super::ids::{ChannelId, UserId};
use super::role::Role;
use super::session::{Actor, Plan, Session, Status};

/// By what right somebody acts on a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capacity {
    /// It is theirs.
    Organiser,
    /// Its organiser has made them one too.
    CoOrganiser,
    /// They may manage the server's events.
    Manager,
    /// They are an administrator of the server, and override what the organiser decided.
    Administrator,
    /// They play in it, or want to.
    Player,
    /// Nobody did it: it was due.
    Itself,
}

impl Capacity {
    /// Every capacity.
    pub const ALL: [Self; 6] = [
        Self::Organiser,
        Self::CoOrganiser,
        Self::Manager,
        Self::Administrator,
        Self::Player,
        Self::Itself,
    ];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organiser => "organiser",
            Self::CoOrganiser => "co_organiser",
            Self::Manager => "manager",
            Self::Administrator => "administrator",
            Self::Player => "player",
            Self::Itself => "itself",
        }
    }

    /// Reads a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|capacity| capacity.as_str() == word)
    }
}

/// A limit that was overridden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// The session's rank limits.
    Rank,
    /// The mode's cap on a role.
    Cap,
}

/// Something about a session that an edit can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// What is played.
    Mode,
    /// How many teams.
    Teams,
    /// When it starts.
    Start,
    /// The zone in which it is thought of.
    Zone,
    /// How long it takes.
    Length,
    /// Its name.
    Title,
    /// What else there is to say.
    Description,
    /// Who may play by rank.
    Limits,
    /// How people get their places.
    Admission,
    /// How long before the start they say that they are there.
    CheckIn,
}

/// Something that is done with a session's teams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamsDeed {
    /// A proposal became the teams.
    Made,
    /// With a proposal a player got a role for which no rank of theirs fits.
    Misplaced,
    /// Two players exchanged their seats.
    Swapped,
    /// A player was put on a team, or taken off.
    Moved,
    /// Everybody sees them.
    Published,
    /// Only organisers see them.
    Hidden,
    /// There are none any more.
    Cleared,
    /// Two captains were named, who pick.
    Drafted,
    /// A captain picked a player.
    Picked,
    /// Two players are kept together or apart, or no longer.
    Tied,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
pub enum Action {
    /// The session was made.
    Created,
    /// Its plan was changed.
    Edited {
        /// In these respects.
        what: Vec<Aspect>,
        /// From which start to which, if that was one of them.
        moved: Option<(DateTime<Utc>, DateTime<Utc>)>,
    },
    /// A thread or an event was asked for, or done away with.
    Switched {
        /// Which of them.
        extra: Extra,
        /// Whether there is to be one.
        on: bool,
    },
    /// Its queue was opened.
    Opened,
    /// Its queue was closed.
    Closed,
    /// It was started before its time.
    Started {
        /// When it would have started.
        planned: DateTime<Utc>,
        /// What it was before; `None` in what an earlier version put on record.
        #[serde(default)]
        was: Option<Status>,
    },
    /// It was taken back that it was started before its time.
    StartTakenBack,
    /// It was cancelled.
    Cancelled {
        /// What it was before; `None` in what an earlier version put on record.
        #[serde(default)]
        was: Option<Status>,
    },
    /// It was taken back that it was cancelled.
    Reopened,
    /// A player got a place.
    Accepted {
        /// As what.
        role: Role,
        /// The limit that was overridden for it, if one was.
        beyond: Option<Beyond>,
    },
    /// Somebody who waits was asked whether they want a free place.
    Offered {
        /// As what.
        role: Role,
    },
    /// A player was turned down.
    Rejected,
    /// A player waits again.
    TakenBack {
        /// The role of the place that they lost; `None` if they had been turned down.
        role: Option<Role>,
    },
    /// A waiting player took the place of another, who waits now.
    Replaced {
        /// The role of that place.
        role: Role,
    },
    /// Two players exchanged their roles.
    Exchanged {
        /// What the first one plays now.
        role: Role,
        /// What the other one plays now.
        other: Role,
    },
    /// Somebody leads the session too from now on.
    CoOrganiserAdded,
    /// Somebody leads it no more.
    CoOrganiserRemoved,
    /// Something was done with the teams.
    Teams {
        /// What.
        what: TeamsDeed,
    },
    /// A message looks for more players.
    CallPosted {
        /// In this channel.
        channel: ChannelId,
    },
    /// It looks no more.
    CallClosed {
        /// In this channel.
        channel: ChannelId,
    },
    /// The card went to another channel.
    CardMoved {
        /// To this one.
        channel: ChannelId,
    },
}

impl Action {
    /// The same, on somebody.
    pub fn on(self, subject: UserId) -> Done {
        Done {
            subject: Some(subject),
            ..Done::from(self)
        }
    }

    /// The limit that was overridden, if one was.
    pub fn beyond(&self) -> Option<Beyond> {
        match self {
            Self::Accepted { beyond, .. } => *beyond,
            Self::Teams {
                what: TeamsDeed::Misplaced,
            } => Some(Beyond::Rank),
            _ => None,
        }
    }
}

/// What was done, on whom, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// What.
    pub action: Action,
    /// On whom.
    pub subject: Option<UserId>,
    /// On whom besides.
    pub other: Option<UserId>,
    /// What was said about why; may be empty.
    pub reason: String,
}

impl From<Action> for Done {
    fn from(action: Action) -> Self {
        Self {
            action,
            subject: None,
            other: None,
            reason: String::new(),
        }
    }
}

impl Done {
    /// The same, on somebody else besides.
    pub fn and(mut self, other: UserId) -> Self {
        self.other = Some(other);
        self
    }

    /// The same, for this reason.
    pub fn because(mut self, reason: &str) -> Self {
        reason.clone_into(&mut self.reason);
        self
    }
}

/// Somebody on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// This person.
    User(UserId),
    /// Somebody who has deleted their profile since.
    Forgotten,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When it was done.
    pub at: DateTime<Utc>,
    /// By whom; `None` if it happened by itself.
    pub by: Option<Whom>,
    /// By what right.
    pub capacity: Capacity,
    /// What.
    pub action: Action,
    /// On whom.
    pub subject: Option<Whom>,
    /// On whom besides.
    pub other: Option<Whom>,
    /// What was said about why; may be empty.
    pub reason: String,
    /// Whether it overrode the organiser or a limit.
    pub overridden: bool,
}

/// Whether what `capacity` did overrode somebody's decision or a limit.
pub fn is_override(capacity: Capacity, action: &Action) -> bool {
    capacity == Capacity::Administrator || action.beyond().is_some()
}

/// By what right `actor` acts on `session`: the nearest one, so that an administrator who leads a
/// session overrides nobody. Who has no other is a player.
pub fn capacity(session: &Session, actor: &Actor) -> Capacity {
    session.capacity(actor).unwrap_or(Capacity::Player)
}

/// In what respects `after` is another plan than `before`.
pub fn aspects(before: &Plan, after: &Plan) -> Vec<Aspect> {
    let differs = [
        (Aspect::Mode, before.mode != after.mode),
        (Aspect::Teams, before.teams != after.teams),
        (Aspect::Start, before.at != after.at),
        (Aspect::Zone, before.zone != after.zone),
        (
            Aspect::Length,
            before.length_minutes != after.length_minutes,
        ),
        (Aspect::Title, before.title != after.title),
        (Aspect::Description, before.description != after.description),
        (Aspect::Limits, before.limits != after.limits),
        (Aspect::Admission, before.admission != after.admission),
        (
            Aspect::CheckIn,
            before.check_in_minutes != after.check_in_minutes,
        ),
    ];
    let differing = differs.into_iter().filter(|(_, differs)| *differs);
    differing.map(|(aspect, _)| aspect).collect()
}

#[cfg(test)]
mod tests {
    use super::super::ids::GuildId;
    use super::super::queue::fixtures::session;
    use super::*;

    #[test]
    fn the_nearest_right_counts_and_only_an_administrator_overrides_by_it() {
        let mut session = session("5v5");
        session.co_organisers = vec![UserId(2)];
        let by = |user, manages_events, administrator| {
            let actor = Actor {
                user: UserId(user),
                guild: GuildId(10),
                manages_events,
                administrator,
            };
            capacity(&session, &actor)
        };
        assert_eq!(by(1, true, true), Capacity::Organiser);
        assert_eq!(by(2, true, true), Capacity::CoOrganiser);
        assert_eq!(by(3, true, true), Capacity::Administrator);
        assert_eq!(by(3, true, false), Capacity::Manager);
        assert_eq!(by(3, false, false), Capacity::Player);
        assert!(is_override(Capacity::Administrator, &Action::Opened));
        assert!(!is_override(Capacity::Manager, &Action::Opened));
        let accepted = |beyond| Action::Accepted {
            role: Role::Tank,
            beyond,
        };
        assert!(is_override(
            Capacity::Organiser,
            &accepted(Some(Beyond::Rank))
        ));
        assert!(!is_override(Capacity::Organiser, &accepted(None)));
    }

    #[test]
    fn an_edit_names_what_it_changed() {
        let before = session("5v5").plan;
        let mut after = before.clone();
        assert_eq!(aspects(&before, &after), []);
        after.title = "Cup".into();
        after.length_minutes += 30;
        assert_eq!(aspects(&before, &after), [Aspect::Length, Aspect::Title]);
    }

    #[test]
    fn stored_words_are_read_back() {
        for capacity in Capacity::ALL {
            assert_eq!(Capacity::parse(capacity.as_str()), Some(capacity));
        }
        let action = Action::TakenBack {
            role: Some(Role::Tank),
        };
        let text = serde_json::to_string(&action).unwrap();
        assert_eq!(text, r#"{"did":"taken_back","role":"tank"}"#);
        assert_eq!(serde_json::from_str::<Action>(&text).unwrap(), action);
    }

    #[test]
    fn what_an_earlier_version_put_on_record_is_read() {
        let read = |text: &str| serde_json::from_str::<Action>(text).unwrap();
        assert_eq!(
            read(r#"{"did":"cancelled"}"#),
            Action::Cancelled { was: None }
        );
        let started = read(r#"{"did":"started","planned":"2026-11-27T19:00:00Z"}"#);
        assert!(matches!(started, Action::Started { was: None, .. }));
    }
}
