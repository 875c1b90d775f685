//! Dates and times as people type them, in their own zone.
//!
//! May touch: chrono and the IANA database. Invariant: a time is either understood in exactly one
//! way, or an error tells the ways; nothing is guessed where daylight saving, the calendar or the
//! halves of the day leave a doubt.
//!
//! ```text
//! read      words → days, wall clock times or a moment      complete  proposals while typing
//! pick      choosing a day and a time without typing        length    how long a session takes
//! ```
//!
//! The parser is our own, after trying the crate `interim` 0.2 for it: that one panics on
//! "fri 8PM", takes "fri 12pm" for midnight, refuses "25 dec 19:30" and "tomorrow 8", ignores
//! whatever follows ("fri 8pm or sat"), and doesn't tell whether a time of day was given at all.

mod complete;
mod length;
mod pick;
mod read;

use std::fmt;

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::zone::abbreviation;
use read::{Reading, read};

pub use complete::{SUGGESTIONS_MAX, Suggestion, complete, complete_on};
pub use length::{LENGTH_MAX_MINUTES, LENGTH_MIN_MINUTES, parse_length};
pub use pick::{CHOICES_MAX, DayChoice, TimeChoice, days, times_of};

/// How far ahead a time may lie, in days.
pub const AHEAD_MAX_DAYS: i64 = 366;
/// Longest stretch of wall clock time that a change of the clock ever skipped, in minutes (a whole
/// day, in Samoa in 2011).
const GAP_MAX_MINUTES: i64 = 24 * 60;

/// A moment, with the zone in which it was meant and is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// The moment.
    pub at: DateTime<Utc>,
    /// The zone of whoever asked.
    pub zone: Tz,
}

/// Why a text is no time that can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhenError {
    /// Nothing was typed.
    Empty,
    /// It doesn't read as a time.
    NotUnderstood,
    /// A day without a time of day.
    NoTime,
    /// The moment has passed.
    Past {
        /// The moment.
        at: DateTime<Utc>,
    },
    /// The moment is too far ahead.
    TooFar {
        /// The moment.
        at: DateTime<Utc>,
        /// How far ahead it may be: [`AHEAD_MAX_DAYS`].
        max_days: i64,
    },
    /// The clock is put forward over this time.
    Skipped {
        /// As far before the change as the time was after it.
        before: DateTime<Utc>,
        /// As far after the change as the time would have been.
        after: DateTime<Utc>,
    },
    /// The clock is put back, and shows this time twice.
    Twice {
        /// Before the change.
        first: DateTime<Utc>,
        /// After it.
        second: DateTime<Utc>,
    },
    /// It can mean several times: morning or evening, day/month or month/day.
    Several {
        /// Those that could be taken, earliest first; at least two.
        at: Vec<DateTime<Utc>>,
    },
}

/// As [`parse`], but a time of day without a day is of the day of `base`, not of the next one that has
/// it: "21:00" of a session on Friday is Friday, 21:00.
pub fn parse_on(
    text: &str,
    zone: Tz,
    base: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<When, WhenError> {
    parse_with(text, zone, Some(base), now)
}

/// Reads what somebody in `zone` typed: "fri 8pm", "tomorrow 20:30", "in 2 hours",
/// "2026-12-25 19:30", "25.12. 19:30 CET", "<t:1766691000>", and so on.
pub fn parse(text: &str, zone: Tz, now: DateTime<Utc>) -> Result<When, WhenError> {
    parse_with(text, zone, None, now)
}

fn parse_with(
    text: &str,
    zone: Tz,
    base: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<When, WhenError> {
    let text = without_distance(text.trim());
    if text.is_empty() {
        return Err(WhenError::Empty);
    }
    if let Some(at) = labelled(text, zone) {
        let at = within_reach(at, now)?;
        return Ok(When { at, zone });
    }
    let at = match read(text, zone, base, now) {
        None => return Err(WhenError::NotUnderstood),
        Some(Reading::Days { .. }) => return Err(WhenError::NoTime),
        Some(Reading::Moment(at)) => within_reach(at, now)?,
        Some(Reading::Walls { zone, times }) => settle(&times, zone, now)?,
    };
    Ok(When { at, zone })
}

/// Reads what needs no zone to be understood, as in every zone it means the same: "in 2 hours",
/// "20:00 CET", "<t:1766691000>". `None` if a zone is needed; what is read is shown in UTC.
pub fn parse_anywhere(text: &str, now: DateTime<Utc>) -> Option<Result<When, WhenError>> {
    // The ends of the world: no two clocks stand further apart.
    let [west, east] = [Tz::Etc__GMTPlus12, Tz::Pacific__Kiritimati];
    let [west, east] = [west, east].map(|zone| parse(text, zone, now).map(|when| when.at));
    let zone = Tz::UTC;
    (west == east).then(|| west.map(|at| When { at, zone }))
}

impl When {
    /// With the distance: "Fri 27 Nov 2026, 20:00 CET — in 5 days".
    pub fn describe(&self, now: DateTime<Utc>) -> String {
        format!("{self} — {}", distance(self.at, now))
    }
}

/// "Fri 27 Nov 2026, 20:00 CET"
impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self
            .at
            .with_timezone(&self.zone)
            .format("%a %-d %b %Y, %H:%M");
        write!(f, "{local} {}", abbreviation(self.zone, self.at))
    }
}

/// A text without the distance that [`When::describe`] ends with. Discord sends the label of a choice
/// in place of its value at times.
fn without_distance(text: &str) -> &str {
    let is_distance =
        |words: &str| words == "now" || words.starts_with("in ") || words.ends_with(" ago");
    match text.rsplit_once(" — ") {
        Some((before, after)) if is_distance(after) => before.trim_end(),
        _ => text,
    }
}

/// The moment that is shown like this in `zone`, by the clock that is named with it.
fn labelled(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let (wall, _) = text.rsplit_once(' ')?;
    let wall = NaiveDateTime::parse_from_str(wall, "%a %d %b %Y, %H:%M").ok()?;
    let mut moments = resolve(wall, zone)?.moments().into_iter();
    moments.find(|at| When { at: *at, zone }.to_string() == text)
}

/// How far `at` is from `now`, rounded: "in 5 days", "in 2 hours", "3 minutes ago", "now".
pub fn distance(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = (at - now).num_seconds();
    let (size, unit) = match seconds.abs() {
        0..30 => return "now".to_owned(),
        30..3_570 | 3_630..5_370 => (60, "minute"),
        3_570..84_600 => (3_600, "hour"),
        84_600..1_900_800 => (86_400, "day"),
        1_900_800..7_862_400 => (604_800, "week"),
        7_862_400..46_000_000 => (2_629_800, "month"),
        _ => (31_557_600, "year"),
    };
    let count = (seconds.abs() + size / 2) / size;
    let plural = if count == 1 { "" } else { "s" };
    match seconds {
        0.. => format!("in {count} {unit}{plural}"),
        _ => format!("{count} {unit}{plural} ago"),
    }
}

/// What a wall clock time means in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resolved {
    Once(DateTime<Utc>),
    Twice(DateTime<Utc>, DateTime<Utc>),
    /// Skipped, with the neighbours.
    Never(DateTime<Utc>, DateTime<Utc>),
}

fn resolve(wall: NaiveDateTime, zone: Tz) -> Option<Resolved> {
    Some(match zone.from_local_datetime(&wall) {
        MappedLocalTime::Single(at) => Resolved::Once(at.to_utc()),
        MappedLocalTime::Ambiguous(first, second) => {
            Resolved::Twice(first.to_utc(), second.to_utc())
        }
        MappedLocalTime::None => {
            // Where the clock stood before the change, the time reads after it, and vice versa.
            let before = moment_beside(wall, zone, TimeDelta::minutes(1))?;
            let after = moment_beside(wall, zone, TimeDelta::minutes(-1))?;
            Resolved::Never(before, after)
        }
    })
}

/// The moment of a skipped wall clock time, by the clock in force `step`-wards of the gap.
fn moment_beside(wall: NaiveDateTime, zone: Tz, step: TimeDelta) -> Option<DateTime<Utc>> {
    let steps = 1..=i32::try_from(GAP_MAX_MINUTES).ok()?;
    let beside = steps.map_while(|count| wall.checked_add_signed(step * count));
    let mut outside = beside.filter_map(|wall| {
        let at = zone.from_local_datetime(&wall).earliest()?;
        Some((wall, at))
    });
    let (at_wall, at) = outside.next()?;
    Some(at.checked_add_signed(wall - at_wall)?.to_utc())
}

fn within_reach(at: DateTime<Utc>, now: DateTime<Utc>) -> Result<DateTime<Utc>, WhenError> {
    let max_days = AHEAD_MAX_DAYS;
    if at <= now {
        Err(WhenError::Past { at })
    } else if at - now > TimeDelta::days(max_days) {
        Err(WhenError::TooFar { at, max_days })
    } else {
        Ok(at)
    }
}

/// The one moment that wall clock times mean, as far as they can still come.
fn settle(
    walls: &[NaiveDateTime],
    zone: Tz,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, WhenError> {
    let found: Vec<_> = walls
        .iter()
        .filter_map(|wall| resolve(*wall, zone))
        .collect();
    match found[..] {
        [] => Err(WhenError::NotUnderstood),
        [Resolved::Once(at)] => within_reach(at, now),
        [Resolved::Twice(first, second)] if first <= now => within_reach(second, now),
        [Resolved::Twice(first, second)] => {
            within_reach(second, now)?;
            Err(WhenError::Twice { first, second })
        }
        [Resolved::Never(before, after)] => {
            within_reach(before, now)?;
            within_reach(after, now)?;
            Err(WhenError::Skipped { before, after })
        }
        [first, ..] => {
            let moments = found.iter().flat_map(|resolved| resolved.moments());
            let mut at: Vec<_> = moments
                .filter(|at| within_reach(*at, now).is_ok())
                .collect();
            at.sort();
            at.dedup();
            match at[..] {
                [] => within_reach(first.moments()[0], now),
                [at] => Ok(at),
                _ => Err(WhenError::Several { at }),
            }
        }
    }
}

impl Resolved {
    fn moments(self) -> Vec<DateTime<Utc>> {
        match self {
            Self::Once(at) => vec![at],
            Self::Twice(first, second) | Self::Never(first, second) => vec![first, second],
        }
    }
}

#[cfg(test)]
mod tests;
