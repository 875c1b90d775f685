//! What is to be said to a person.
//!
//! Pure. Invariant: a notice says all that its words need, and what an earlier version owed can still
//! be read.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::extras::Extra;
use crate::domain::ids::{ChannelId, SessionId};
use crate::domain::mode::Mode;
use crate::domain::obstacle::Obstacle;
use crate::domain::role::Role;

/// What notices about being accepted or not are about.
pub(super) const PLACE: &str = "place";
/// What notices about changes of a session as a whole are about.
pub(super) const CHANGES: &str = "session";

/// Something that is to be said to a person. The words are `discord`'s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub enum Notice {
    /// A session that they had joined does not take place.
    Cancelled {
        /// Its name at that time.
        title: String,
        /// When it would have been.
        at: DateTime<Utc>,
        /// Why, if somebody said.
        reason: Option<String>,
    },
    /// A session that they had joined is at another time.
    Moved {
        /// Its name.
        title: String,
        /// When it was to be.
        from: DateTime<Utc>,
        /// When it is to be.
        to: DateTime<Utc>,
    },
    /// They were accepted.
    Accepted {
        /// The session's name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
        /// What they play.
        role: Role,
        /// Which session; `None` in what an earlier version owed.
        #[serde(default)]
        session: Option<SessionId>,
    },
    /// They were turned down.
    NotAccepted {
        /// The session's name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
        /// Why, if somebody said.
        #[serde(default)]
        reason: Option<String>,
    },
    /// A session in which they have a place was started before its time.
    StartsNow {
        /// Its name.
        title: String,
    },
    /// A session that was started before its time, in which they have a place, is ahead again.
    NotYet {
        /// Its name.
        title: String,
        /// When it is to start.
        at: DateTime<Utc>,
    },
    /// A session that was cancelled, and that they had joined, takes place after all.
    Reopened {
        /// Its name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
    },
    /// Their place was taken back, or they were turned down no longer: they wait again.
    Waiting {
        /// The session's name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
        /// What they would have played; `None` if they had no place, and in what an earlier version
        /// owed.
        #[serde(default)]
        role: Option<Role>,
    },
    /// They play another of their roles from now on, so that more people fit.
    OtherRole {
        /// The session's name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
        /// What they play.
        role: Role,
        /// Which session; `None` in what an earlier version owed.
        #[serde(default)]
        session: Option<SessionId>,
    },
    /// They are asked whether they want a place that is free.
    Asked {
        /// Which session.
        session: SessionId,
        /// Its name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
        /// What they would play.
        role: Role,
        /// Until when the place is kept for them.
        until: DateTime<Utc>,
    },
    /// The place that they were asked about is not on offer any more; they wait as before.
    OfferOver {
        /// The session's name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
    },
    /// They are to say that they are there.
    CheckIn {
        /// For which session.
        session: SessionId,
        /// Its name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
    },
    /// They were not there at the start, and their place is free.
    NoShow {
        /// Of which session.
        session: SessionId,
        /// Its name.
        title: String,
        /// What they would have played.
        role: Role,
    },
    /// For an organiser: people are missing at the start, and this could be played instead.
    Short {
        /// Which session.
        session: SessionId,
        /// Its name.
        title: String,
        /// What could be played.
        ways: Vec<ShortWay>,
    },
    /// A session of theirs is near.
    Reminder {
        /// The session's name.
        title: String,
        /// When it is.
        at: DateTime<Utc>,
        /// Which session; `None` in what an earlier version owed.
        #[serde(default)]
        session: Option<SessionId>,
    },
    /// For the organiser: the session's thread or event could not be made.
    NoExtra {
        /// The session's name.
        title: String,
        /// What.
        extra: Extra,
        /// Whether a permission is all that is missing; only in what an earlier version owed.
        permission: bool,
        /// Why; `None` in what an earlier version owed.
        #[serde(default)]
        obstacle: Option<Obstacle>,
        /// Whether it comes by itself once that has passed.
        #[serde(default)]
        may_pass: bool,
    },
    /// For the organiser: the session's card cannot be shown.
    CardHidden {
        /// The session's name.
        title: String,
        /// The card's channel.
        channel: ChannelId,
        /// Why.
        obstacle: Obstacle,
    },
    /// For the bot's owner: another program runs on the bot's token.
    SharedToken,
    /// For the bot's owner: the database has grown large.
    LargeDatabase {
        /// Its size.
        bytes: u64,
        /// From which size on the owner is told.
        warn_bytes: u64,
    },
}

impl Notice {
    /// What it is about. Of several about the same, owed to one person for one session, the last one
    /// counts.
    /// Whether the person is asked something that can be answered for some time only.
    pub fn awaits_answer(&self) -> bool {
        matches!(
            self,
            Self::Asked { .. } | Self::CheckIn { .. } | Self::Short { .. }
        )
    }

    pub(super) fn subject(&self) -> &'static str {
        match self {
            Self::Reminder { .. } => "reminder",
            Self::Accepted { .. }
            | Self::NotAccepted { .. }
            | Self::Waiting { .. }
            | Self::OtherRole { .. }
            | Self::Asked { .. }
            | Self::OfferOver { .. }
            | Self::NoShow { .. } => PLACE,
            Self::CheckIn { .. } => "check_in",
            Self::Short { .. } => "short",
            Self::Moved { .. }
            | Self::Cancelled { .. }
            | Self::Reopened { .. }
            | Self::StartsNow { .. }
            | Self::NotYet { .. } => CHANGES,
            Self::NoExtra {
                extra: Extra::Thread,
                ..
            } => "no_thread",
            Self::NoExtra {
                extra: Extra::Event,
                ..
            } => "no_event",
            Self::CardHidden { .. } => "card",
            Self::LargeDatabase { .. } => "size",
            Self::SharedToken => "token",
        }
    }
}

/// What could be played instead by those who are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortWay {
    /// What.
    pub mode: Mode,
    /// With how many teams.
    pub teams: u8,
    /// How many sit out.
    pub out: u32,
}
