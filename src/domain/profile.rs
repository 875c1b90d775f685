//! What a person tells about themselves.
//!
//! Pure. Invariant: nothing here is needed to look at sessions; a zone is needed to make one, an
//! account to join one.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::ids::UserId;
use super::role::Roles;

/// A person, as they are on Discord at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Their Discord id.
    pub id: UserId,
    /// The name they go by.
    pub name: String,
}

/// What is held of a person, besides accounts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Who it is.
    pub person: Person,
    /// The roles they like to play.
    pub roles: Roles,
    /// Where they live, as far as time is concerned; `None` until they say.
    pub zone: Option<Tz>,
    /// How long before a session they want to hear of it.
    pub reminder: Reminder,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// How long before a session a person wants to be reminded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reminder {
    /// Not at all.
    None,
    /// A quarter of an hour.
    #[default]
    QuarterHour,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl Reminder {
    /// Every choice, in the order they are offered.
    pub const ALL: [Self; 4] = [Self::None, Self::QuarterHour, Self::Hour, Self::Day];

    /// Minutes before the start; `None` for no reminder.
    pub fn minutes(self) -> Option<u32> {
        match self {
            Self::None => None,
            Self::QuarterHour => Some(15),
            Self::Hour => Some(60),
            Self::Day => Some(24 * 60),
        }
    }

    /// The choice that is `minutes` before the start; other numbers mean the nearest longer one.
    pub fn from_minutes(minutes: Option<u32>) -> Self {
        match minutes {
            None => Self::None,
            Some(0..=15) => Self::QuarterHour,
            Some(16..=60) => Self::Hour,
            Some(_) => Self::Day,
        }
    }

    /// When a reminder of something at `at` is due.
    pub fn due(self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.minutes()
            .map(|minutes| at - TimeDelta::minutes(minutes.into()))
    }
}
