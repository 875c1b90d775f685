//! Choosing a day, then a time, without typing.
//!
//! May touch: nothing but its arguments. Invariant: every time offered exists and lies ahead; one
//! that the clock shows twice is offered twice, told apart by the zone's abbreviation.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Timelike, Utc};
use chrono_tz::Tz;

use super::super::zone::abbreviation;
use super::{Resolved, resolve, within_reach};

/// Most choices: what one select shows.
pub const CHOICES_MAX: usize = 25;

/// A day to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayChoice {
    /// The day in the chooser's zone.
    pub date: NaiveDate,
    /// "Today, Sun 22 Nov", "Tomorrow, Mon 23 Nov", "Tue 24 Nov".
    pub label: String,
}

/// A time to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeChoice {
    /// The moment.
    pub at: DateTime<Utc>,
    /// "20:00", or "02:30 CEST" if the clock shows it twice.
    pub label: String,
}

/// The next 25 days on which there is a time to choose.
pub fn days(zone: Tz, now: DateTime<Utc>) -> Vec<DayChoice> {
    let today = now.with_timezone(&zone).date_naive();
    let dates = (0..).map_while(|ahead| Some((ahead, today.checked_add_days(Days::new(ahead))?)));
    let open = dates.filter(|(ahead, date)| *ahead > 1 || !times_of(*date, zone, now).is_empty());
    let labelled = open.map(|(ahead, date)| {
        let day = date.format("%a %-d %b");
        let label = match ahead {
            0 => format!("Today, {day}"),
            1 => format!("Tomorrow, {day}"),
            _ => day.to_string(),
        };
        DayChoice { date, label }
    });
    labelled.take(CHOICES_MAX).collect()
}

/// The times to choose on a day, earliest first, at most 25: every half hour if that few are left,
/// else the hours but those of early morning, and the half hours of the evening.
pub fn times_of(day: NaiveDate, zone: Tz, now: DateTime<Utc>) -> Vec<TimeChoice> {
    let half_hours = choices(day, zone, now, |_| true);
    if half_hours.len() <= CHOICES_MAX {
        return half_hours;
    }
    let mut sensible = choices(day, zone, now, is_sensible);
    sensible.truncate(CHOICES_MAX);
    sensible
}

fn is_sensible(time: NaiveTime) -> bool {
    match time.minute() {
        0 => !(4..9).contains(&time.hour()),
        _ => (18..22).contains(&time.hour()),
    }
}

fn choices(
    day: NaiveDate,
    zone: Tz,
    now: DateTime<Utc>,
    wanted: fn(NaiveTime) -> bool,
) -> Vec<TimeChoice> {
    let times = (0..48).filter_map(|half| NaiveTime::from_hms_opt(half / 2, half % 2 * 30, 0));
    let mut choices: Vec<_> = times
        .filter(|time| wanted(*time))
        .flat_map(|time| {
            let shown = time.format("%H:%M").to_string();
            let twice = |at| TimeChoice {
                at,
                label: format!("{shown} {}", abbreviation(zone, at)),
            };
            match resolve(day.and_time(time), zone) {
                Some(Resolved::Once(at)) => vec![TimeChoice { at, label: shown }],
                Some(Resolved::Twice(first, second)) => vec![twice(first), twice(second)],
                Some(Resolved::Never(..)) | None => Vec::new(),
            }
        })
        .filter(|choice| within_reach(choice.at, now).is_ok())
        .collect();
    choices.sort_by_key(|choice| choice.at);
    choices
}
