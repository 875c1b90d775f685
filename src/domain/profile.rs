//! What a person tells about themselves.
//!
//! Pure. Invariant: nothing here is needed to look at sessions; a zone is needed to make one, an
//! account to join one.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::ids::UserId;
use super::role::Roles;
use super::zone::{self, ZoneMatch};

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

/// What a person changes about their profile; what is `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The roles they like to play; the empty set for no preference.
    pub roles: Option<Roles>,
    /// Where they live; `Some(None)` takes the zone away.
    pub zone: Option<Option<Tz>>,
    /// How long before a session they want to hear of it.
    pub reminder: Option<Reminder>,
}

impl Changes {
    /// Whether nothing is changed.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a text is no time zone that could be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZoneError {
    /// Nothing is called like that.
    Unknown,
    /// It may mean any of these, the likeliest first; [`zone::MATCHES_MAX`] at most.
    Ambiguous(Vec<ZoneMatch>),
}

/// The zone that somebody typed: its name, or words that fit one zone only.
///
/// # Errors
/// [`ZoneError`], with those that it may mean.
pub fn read_zone(typed: &str, now: DateTime<Utc>) -> Result<Tz, ZoneError> {
    if let Some(zone) = zone::parse(typed) {
        return Ok(zone);
    }
    let found = zone::search(typed, now);
    match found.as_slice() {
        [] => Err(ZoneError::Unknown),
        [only] => Ok(only.zone),
        _ => Err(ZoneError::Ambiguous(found)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_read_by_its_name_or_by_words_that_fit_one_only() {
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(read_zone("europe/berlin", now), Ok(Tz::Europe__Berlin));
        assert_eq!(
            read_zone("Reykjav", now).map(Tz::name),
            Ok("Atlantic/Reykjavik")
        );
        assert_eq!(read_zone("Mars/Olympus", now), Err(ZoneError::Unknown));
        let usa = read_zone("usa", now);
        assert!(matches!(usa, Err(ZoneError::Ambiguous(found)) if found.len() > 3));
    }

    #[test]
    fn every_reminder_reads_back_from_its_minutes() {
        for reminder in Reminder::ALL {
            assert_eq!(Reminder::from_minutes(reminder.minutes()), reminder);
        }
    }
}
