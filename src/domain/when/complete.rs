//! Proposals while somebody types a time.
//!
//! May touch: nothing but its arguments. Invariant: a proposal's value names one moment and
//! nothing else, so that what was shown is what is taken, in whatever zone it is read.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use super::read::{Reading, read};
use super::{When, WhenError, parse, parse_on, resolve, within_reach};

/// Most proposals: what an autocomplete shows.
pub const SUGGESTIONS_MAX: usize = 25;

/// What is proposed before anything is typed, best first.
const DEFAULTS: [&str; 15] = [
    "today 20:00",
    "tomorrow 20:00",
    "fri 20:00",
    "sat 20:00",
    "sun 20:00",
    "today 19:00",
    "today 21:00",
    "today 22:00",
    "tomorrow 19:00",
    "tomorrow 21:00",
    "mon 20:00",
    "tue 20:00",
    "wed 20:00",
    "thu 20:00",
    "in 1 week",
];
/// Times proposed for a day, best first, in hours and minutes.
const EVENING: [(u32, u32); 20] = [
    (20, 0),
    (19, 0),
    (21, 0),
    (18, 0),
    (22, 0),
    (20, 30),
    (19, 30),
    (21, 30),
    (18, 30),
    (17, 0),
    (16, 0),
    (15, 0),
    (14, 0),
    (23, 0),
    (12, 0),
    (13, 0),
    (11, 0),
    (10, 0),
    (22, 30),
    (23, 30),
];
const MORNING: [(u32, u32); 8] = [
    (10, 0),
    (11, 0),
    (9, 0),
    (8, 0),
    (10, 30),
    (11, 30),
    (9, 30),
    (7, 0),
];
/// What an unfinished last word may become.
const WORDS: [&str; 39] = [
    "today",
    "tonight",
    "tomorrow",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "noon",
    "midnight",
    "morning",
    "afternoon",
    "evening",
    "pm",
    "am",
    "hours",
    "minutes",
    "days",
    "weeks",
    "in 1 hour",
    "in 2 hours",
    "in 3 hours",
    "in 30 minutes",
    "in 1 day",
    "next friday",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// What an unfinished number may become.
const ENDINGS: [&str; 5] = ["0", "00", " hours", " minutes", " days"];

/// A proposal for an autocomplete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// How it is understood: "Fri 27 Nov 2026, 20:00 CET — in 5 days". At most 100 characters.
    pub label: String,
    /// What [`parse`] reads as that very moment: `<t:1766691000>`. At most 100 characters.
    pub value: String,
}

/// What `text` may mean, best first, at most 25: a day without a time gets times, a doubt all its
/// readings, an unfinished word its endings. What cannot be understood gets nothing.
pub fn complete(text: &str, zone: Tz, now: DateTime<Utc>) -> Vec<Suggestion> {
    suggest(moments_of(text.trim(), zone, now), zone, now)
}

/// As [`complete`], for something on the day of `base`: a time of day without a day means that day
/// first, as [`parse_on`] reads it.
pub fn complete_on(
    text: &str,
    zone: Tz,
    base: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Vec<Suggestion> {
    let text = text.trim();
    let mut moments = moments(parse_on(text, zone, base, now), zone);
    moments.extend(moments_of(text, zone, now));
    suggest(moments, zone, now)
}

fn suggest(found: Vec<DateTime<Utc>>, zone: Tz, now: DateTime<Utc>) -> Vec<Suggestion> {
    let mut moments: Vec<DateTime<Utc>> = Vec::new();
    for moment in found {
        if !moments.contains(&moment) && within_reach(moment, now).is_ok() {
            moments.push(moment);
        }
    }
    let suggest = |at: DateTime<Utc>| Suggestion {
        label: When { at, zone }.describe(now),
        value: format!("<t:{}>", at.timestamp()),
    };
    moments
        .into_iter()
        .take(SUGGESTIONS_MAX)
        .map(suggest)
        .collect()
}

fn moments_of(text: &str, zone: Tz, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let of_all = |texts: Vec<String>| -> Vec<_> {
        texts
            .iter()
            .flat_map(|text| meant(text, zone, now))
            .collect()
    };
    if text.is_empty() {
        let parsed = DEFAULTS
            .iter()
            .filter_map(|text| parse(text, zone, now).ok());
        return parsed.map(|when| when.at).chain(soon(now)).collect();
    }
    match meant(text, zone, now) {
        found if found.is_empty() => of_all(finished(text)),
        mut found => {
            // Many say "next Friday" for the one that comes next.
            found.extend(of_all(vec![text.to_lowercase().replacen("next ", "", 1)]));
            found
        }
    }
}

/// The full and half hours that begin within the next two hours, but for what is too soon.
fn soon(now: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    const HALF_HOUR_S: i64 = 30 * 60;
    let next = now.timestamp().div_euclid(HALF_HOUR_S) + 2;
    (next..next + 3).filter_map(|count| DateTime::from_timestamp(count * HALF_HOUR_S, 0))
}

/// The moments that a finished text may mean.
fn meant(text: &str, zone: Tz, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    if let Some(Reading::Days { days, morning }) = read(text, zone, None, now) {
        return times_for(&days, morning, zone);
    }
    match parse(text, zone, now) {
        // Just missed: the same time tomorrow.
        Err(WhenError::Past { at }) if now - at < TimeDelta::days(1) => next_day(at, zone),
        read => moments(read, zone),
    }
}

/// The moments that a reading leaves, best first.
fn moments(read: Result<When, WhenError>, zone: Tz) -> Vec<DateTime<Utc>> {
    match read {
        Ok(when) => vec![when.at],
        Err(WhenError::Several { mut at }) => {
            // Of morning and evening, people play in the evening.
            at.sort_by_key(|at| at.with_timezone(&zone).hour() < 12);
            at
        }
        Err(WhenError::Twice { first, second }) => vec![first, second],
        Err(WhenError::Skipped { before, after }) => vec![before, after],
        Err(_) => Vec::new(),
    }
}

fn times_for(days: &[NaiveDate], morning: bool, zone: Tz) -> Vec<DateTime<Utc>> {
    let times: &[_] = if morning { &MORNING } else { &EVENING };
    let times = times
        .iter()
        .filter_map(|(hour, minute)| NaiveTime::from_hms_opt(*hour, *minute, 0));
    let walls = times.flat_map(|time| days.iter().map(move |day| day.and_time(time)));
    walls
        .filter_map(|wall| resolve(wall, zone))
        .flat_map(super::Resolved::moments)
        .collect()
}

fn next_day(at: DateTime<Utc>, zone: Tz) -> Vec<DateTime<Utc>> {
    let wall = at.with_timezone(&zone).naive_local() + TimeDelta::days(1);
    resolve(wall, zone).map_or(Vec::new(), super::Resolved::moments)
}

/// The texts that an unfinished one may become.
fn finished(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let head = text.trim_end_matches(char::is_alphabetic);
    let last = &text[head.len()..];
    if last.is_empty() {
        return ENDINGS
            .iter()
            .map(|ending| format!("{text}{ending}"))
            .collect();
    }
    let words = WORDS.iter().filter(|word| word.starts_with(last));
    words.map(|word| format!("{head}{word}")).collect()
}
