//! A session: what is played, when, by whom it is led, and what may become of it.
//!
//! Pure. Invariant: a session goes OPEN ⇄ CLOSED → STARTED → COMPLETED, and may be CANCELLED
//! before it is completed; nothing leaves COMPLETED. That it was cancelled, or started early, can be
//! taken back until the start that was planned.

mod decide;
pub mod form;
mod undo;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::admission::Admission;
use super::ids::{ChannelId, GuildId, MessageId, SessionId, UserId};
use super::ladder::Scale;
use super::log::Capacity;
use super::mode::Mode;
use super::rank::{Rank, Tier};
use super::role::Role;

pub use decide::{Alive, Change, plan_new};
pub use undo::Before;

/// Characters of a title.
pub const TITLE_MAX_CHARS: usize = 100;
/// Characters of a description.
pub const DESCRIPTION_MAX_CHARS: usize = 1_000;
/// Characters of a reason for cancelling.
pub const REASON_MAX_CHARS: usize = 300;
/// How long a session takes if nobody says, in minutes.
pub const LENGTH_DEFAULT_MINUTES: u32 = 120;
/// The widest limit by distance, in divisions.
pub const DISTANCE_MAX_DIVISIONS: u32 = 40;
/// How long before the start people check in if nobody says, in minutes.
pub const CHECK_IN_DEFAULT_MINUTES: u32 = 15;
/// The longest time for checking in, in minutes.
pub const CHECK_IN_MAX_MINUTES: u32 = 120;
/// The same plan again within this time is the same session: two presses of one button, in seconds.
pub const SAME_PLAN_WITHIN_S: i64 = 60;
/// Sessions that one person can have ahead of them or under way in one server.
pub const ALIVE_PER_ORGANISER_MAX: u32 = 25;
/// People who can lead a session besides its organiser: as many as a menu of people takes at once
/// without becoming a crowd.
pub const CO_ORGANISERS_MAX: usize = 10;
/// Sessions that one server can have ahead of it or under way.
pub const ALIVE_PER_GUILD_MAX: u32 = 200;
/// Sessions that one person can make in one server within an hour, also those that they cancel. For who was
/// not known an hour ago, those count too whose makers have deleted their profiles: it could be them.
pub const MADE_PER_HOUR_MAX: u32 = 25;

/// Where a session is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// People can join the queue.
    Open,
    /// The queue is closed; who is in can still leave.
    Closed,
    /// It is being played.
    Started,
    /// It is over.
    Completed,
    /// It does not take place.
    Cancelled,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::Closed,
        Self::Started,
        Self::Completed,
        Self::Cancelled,
    ];

    /// The stored word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Closed => "CLOSED",
            Self::Started => "STARTED",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Reads a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether it is still to come or under way.
    pub fn is_alive(self) -> bool {
        matches!(self, Self::Open | Self::Closed | Self::Started)
    }

    /// Whether it is still to come.
    pub fn is_ahead(self) -> bool {
        matches!(self, Self::Open | Self::Closed)
    }
}

/// Who may play by rank, judged on the ladder that the role uses. Without any: everybody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankLimits {
    /// The lowest tier that may play.
    pub lowest: Option<Tier>,
    /// The highest tier that may play.
    pub highest: Option<Tier>,
    /// The greatest distance from the organiser's rank, in divisions.
    pub distance: Option<u32>,
}

/// Why a rank does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RankBar {
    /// There is a limit, and no rank is declared on the ladder.
    Undeclared,
    /// Below the lowest tier.
    Below(Tier),
    /// Above the highest tier.
    Above(Tier),
    /// Too far from the organiser's rank: theirs, and the greatest distance in divisions.
    TooFar {
        /// The organiser's rank on the ladder.
        organiser: Rank,
        /// The greatest distance, in divisions.
        max: u32,
    },
    /// The organiser has declared no rank on the ladder, so that the distance cannot be judged.
    OrganiserUndeclared,
}

impl RankLimits {
    /// Whether anybody may play.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a player of `rank` may play, `organiser` being the organiser's rank on the same
    /// ladder.
    ///
    /// # Errors
    /// The first [`RankBar`] that stands in the way.
    pub fn admit(&self, rank: Option<Rank>, organiser: Option<Rank>) -> Result<(), RankBar> {
        if self.is_none() {
            return Ok(());
        }
        let rank = rank.ok_or(RankBar::Undeclared)?;
        match (self.lowest, self.highest) {
            (Some(lowest), _) if rank < lowest.lowest() => return Err(RankBar::Below(lowest)),
            (_, Some(highest)) if rank > highest.highest() => return Err(RankBar::Above(highest)),
            _ => {}
        }
        let Some(max) = self.distance else {
            return Ok(());
        };
        let organiser = organiser.ok_or(RankBar::OrganiserUndeclared)?;
        if rank.distance(organiser).unsigned_abs() > max {
            return Err(RankBar::TooFar { organiser, max });
        }
        Ok(())
    }
}

/// What an organiser decides about a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What is played.
    pub mode: Mode,
    /// One team, or two for a scrim.
    pub teams: u8,
    /// When it starts.
    pub at: DateTime<Utc>,
    /// The zone in which the organiser thinks of it.
    pub zone: Tz,
    /// How long it takes, in minutes.
    pub length_minutes: u32,
    /// Its name.
    pub title: String,
    /// What else there is to say; may be empty.
    pub description: String,
    /// Who may play by rank.
    pub limits: RankLimits,
    /// How people get their places.
    #[serde(default)]
    pub admission: Admission,
    /// How long before the start people say that they are there, in minutes; 0: they need not.
    #[serde(default)]
    pub check_in_minutes: u32,
}

impl Plan {
    /// When it ends.
    pub fn ends_at(&self) -> DateTime<Utc> {
        self.at + TimeDelta::minutes(self.length_minutes.into())
    }

    /// When people can say that they are there; `None` if they need not.
    pub fn check_in_at(&self) -> Option<DateTime<Utc>> {
        let minutes = i64::from(self.check_in_minutes);
        (minutes > 0).then(|| self.at - TimeDelta::minutes(minutes))
    }

    /// The scale on which this mode's ranks are counted.
    pub fn scale(&self) -> Scale {
        scale(self.mode)
    }

    /// Places on its teams altogether.
    pub fn places(&self) -> u32 {
        self.mode.places(self.teams)
    }
}

/// The scale on which a mode's ranks are counted.
pub fn scale(mode: Mode) -> Scale {
    mode.ladder(mode.roles().iter().next().unwrap_or(Role::Flex))
        .scale()
}

/// A session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Its number in the database.
    pub id: SessionId,
    /// Who leads it; `None` if they have deleted their profile.
    pub organiser: Option<UserId>,
    /// Who else does, in the order of being asked to; [`CO_ORGANISERS_MAX`] at most.
    #[serde(default)]
    pub co_organisers: Vec<UserId>,
    /// The server it belongs to.
    pub guild: GuildId,
    /// The channel its card is in.
    pub channel: ChannelId,
    /// Its card, once it is posted.
    pub card: Option<MessageId>,
    /// What was decided about it.
    pub plan: Plan,
    /// Where it is in its life.
    pub status: Status,
    /// Why it was cancelled, if somebody said.
    pub cancel_reason: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Somebody who wants to do something with a session, and where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub user: UserId,
    /// In which server.
    pub guild: GuildId,
    /// Whether they may manage every session there (Manage Events, or an administrator).
    pub manages_events: bool,
    /// Whether they are an administrator there.
    pub administrator: bool,
}

/// Why somebody may not do something with a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionRefusal {
    /// There is none, or it belongs to another server.
    Unknown,
    /// Only its organisers and those who manage events may.
    NotYours,
    /// Only its organiser and those who manage events may: not a co-organiser.
    NotACoOrganisers,
    /// More than [`CO_ORGANISERS_MAX`] people would lead it besides its organiser.
    TooManyCoOrganisers,
    /// It is over, cancelled or under way, and then this is not possible any more.
    Not(Status),
    /// The start is not in the future.
    Past,
    /// It is neither cancelled nor under way: there is nothing to take back.
    NothingToTakeBack,
    /// It was to start then, so that nothing can be taken back any more.
    Begun(DateTime<Utc>),
    /// Its organiser has [`ALIVE_PER_ORGANISER_MAX`] other sessions ahead of them here.
    TooManyOfTheirs,
    /// This person has [`ALIVE_PER_ORGANISER_MAX`] sessions ahead of them here.
    TooManyOfYours,
    /// This server has [`ALIVE_PER_GUILD_MAX`] sessions ahead of it.
    TooManyHere,
    /// This person has made [`MADE_PER_HOUR_MAX`] sessions here within an hour; they can make one
    /// again then.
    TooOften(DateTime<Utc>),
    /// The mode or the number of teams cannot change while players are accepted.
    PlayersAccepted,
    /// The lowest tier is above the highest.
    LimitsCrossed,
    /// A tier is none of those that the mode's ranks are counted in.
    OtherScale(Tier),
    /// A limit by distance needs the organiser's own rank on each ladder; these are missing.
    OrganiserUndeclared(Vec<super::ladder::Ladder>),
}

impl Session {
    /// Whether `actor` sees it at all: it belongs to their server.
    ///
    /// # Errors
    /// [`SessionRefusal::Unknown`].
    pub fn seen_by(&self, actor: &Actor) -> Result<(), SessionRefusal> {
        if self.guild == actor.guild {
            Ok(())
        } else {
            Err(SessionRefusal::Unknown)
        }
    }

    /// Whether `actor` may manage it.
    ///
    /// # Errors
    /// [`SessionRefusal::Unknown`], [`SessionRefusal::NotYours`].
    pub fn managed_by(&self, actor: &Actor) -> Result<(), SessionRefusal> {
        self.seen_by(actor)?;
        match self.capacity(actor) {
            Some(_) => Ok(()),
            None => Err(SessionRefusal::NotYours),
        }
    }

    /// Whether `actor` may say who else leads it.
    ///
    /// # Errors
    /// [`SessionRefusal`].
    pub fn shared_by(&self, actor: &Actor) -> Result<(), SessionRefusal> {
        self.managed_by(actor)?;
        let only_helps = self.capacity(actor) == Some(Capacity::CoOrganiser);
        if only_helps && !actor.manages_events && !actor.administrator {
            return Err(SessionRefusal::NotACoOrganisers);
        }
        if self.status.is_alive() {
            Ok(())
        } else {
            Err(SessionRefusal::Not(self.status))
        }
    }

    /// By what right `actor` may manage it, the nearest one; `None` if they may not.
    pub fn capacity(&self, actor: &Actor) -> Option<Capacity> {
        if self.organiser == Some(actor.user) {
            Some(Capacity::Organiser)
        } else if self.co_organisers.contains(&actor.user) {
            Some(Capacity::CoOrganiser)
        } else if actor.administrator {
            Some(Capacity::Administrator)
        } else {
            actor.manages_events.then_some(Capacity::Manager)
        }
    }

    /// What it becomes by itself at `now`: what is due starts, and what is over is completed, also
    /// both at once after a long sleep. `None` if nothing is due.
    pub fn due(&self, now: DateTime<Utc>) -> Option<Status> {
        if !self.status.is_alive() {
            return None;
        }
        if now >= self.plan.ends_at() {
            Some(Status::Completed)
        } else if now >= self.plan.at && self.status.is_ahead() {
            Some(Status::Started)
        } else {
            None
        }
    }
}
