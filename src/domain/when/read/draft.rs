//! What has been said so far, and what it adds up to.
//!
//! May touch: nothing. Invariant: nothing is said twice; a second day, time or zone is refused.

use std::ops::RangeInclusive;

use chrono::{
    DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike,
    Utc, Weekday,
};
use chrono_tz::Tz;

use super::{Reading, is_small_hours, set};

/// What "tonight" means without a time, as an hour.
const TONIGHT_HOUR: u32 = 20;
/// Years that somebody may write. Beyond four digits they are typing errors.
pub(super) const YEARS: RangeInclusive<i32> = 1900..=9999;
/// Years to which a span of time is followed. The calendar that is computed with ends at 262,142.
const SPAN_YEARS: RangeInclusive<i32> = -200_000..=200_000;
/// A day that the calendar doesn't have each year comes within so many years.
const LEAP_YEARS: i32 = 8;
pub(super) const MINUTES_A_DAY: i64 = 24 * 60;

/// A day, as it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    /// So many days from today; negative before it.
    Ahead(i64),
    /// The next one, today included.
    Weekday(Weekday),
    /// The one in the week that starts next Monday.
    NextWeek(Weekday),
    /// The next day of that month and number.
    Yearless { month: u32, day: u32 },
    /// A date.
    On(NaiveDate),
}

/// Before or after noon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    Am,
    Pm,
}

/// A time of day, as it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    At(NaiveTime),
    /// An hour from 1 to 12 and minutes: the half of the day is still to be told.
    Twelve(u32, u32),
    Midnight,
}

/// What has been said so far.
#[derive(Default)]
pub(super) struct Draft {
    /// "in": a span of time must come.
    pub(super) relative: bool,
    /// "ago": the span of time lies behind.
    pub(super) ago: bool,
    pub(super) tonight: bool,
    /// A year, or hours and minutes.
    pub(super) four_digits: Option<u32>,
    /// A day and month, or hours and minutes.
    pub(super) dotted: Option<(u32, u32)>,
    pub(super) zone: Option<Tz>,
    /// A weekday: the day itself, or a check of the date beside it.
    pub(super) weekday: Option<Weekday>,
    days: Vec<Day>,
    clock: Option<Clock>,
    half: Option<Half>,
    span_minutes: Option<i64>,
    /// Days of the calendar, each as long as it is: not hours, of which some have one more or less.
    span_days: Option<i64>,
    span_months: Option<u32>,
}

impl Day {
    pub(super) fn yearless(month: u32, day: u32) -> Option<Self> {
        // 2000 is a leap year, so it has every day there is.
        NaiveDate::from_ymd_opt(2000, month, day).map(|_| Self::Yearless { month, day })
    }

    pub(super) fn full(year: u32, month: u32, day: u32) -> Option<Self> {
        let year = i32::try_from(year)
            .ok()
            .filter(|year| YEARS.contains(year))?;
        NaiveDate::from_ymd_opt(year, month, day).map(Self::On)
    }

    /// The date, for a time of day of which `passed` tells whether it is over today.
    fn date(self, today: NaiveDate, passed: bool) -> Option<NaiveDate> {
        let monday =
            today.checked_sub_days(Days::new(today.weekday().num_days_from_monday().into()))?;
        match self {
            Self::Ahead(days) => today.checked_add_signed(TimeDelta::try_days(days)?),
            Self::On(date) => Some(date),
            Self::NextWeek(weekday) => {
                monday.checked_add_days(Days::new(7 + u64::from(weekday.num_days_from_monday())))
            }
            Self::Weekday(weekday) => {
                let ahead = weekday.days_since(today.weekday());
                let ahead = if ahead == 0 && passed { 7 } else { ahead };
                today.checked_add_days(Days::new(ahead.into()))
            }
            Self::Yearless { month, day } => {
                let mut years = today.year()..=today.year() + LEAP_YEARS;
                years.find_map(|year| {
                    NaiveDate::from_ymd_opt(year, month, day).filter(|date| *date >= today)
                })
            }
        }
    }
}

impl Clock {
    pub(super) fn at(hour: u32, minute: u32) -> Option<Self> {
        NaiveTime::from_hms_opt(hour, minute, 0).map(Self::At)
    }

    /// An hour on a dial of twelve, or of 24 if that makes sense ("20:30 pm").
    pub(super) fn twelve(hour: u32, minute: u32, half: Option<Half>) -> Option<Self> {
        match half {
            _ if minute > 59 => None,
            Some(Half::Pm) if (13..24).contains(&hour) => Self::at(hour, minute),
            _ if !(1..=12).contains(&hour) => None,
            None => Some(Self::Twelve(hour, minute)),
            Some(half) => Some(Self::At(on_dial(hour, minute, half)?)),
        }
    }
}

impl Draft {
    pub(super) fn days(&mut self, days: Vec<Day>) -> Option<()> {
        set(&mut self.days, days)
    }

    pub(super) fn clock(&mut self, clock: Clock) -> Option<()> {
        set(&mut self.clock, Some(clock))
    }

    pub(super) fn half(&mut self, half: Half) -> Option<()> {
        set(&mut self.half, Some(half))
    }

    pub(super) fn has_clock(&self) -> bool {
        self.clock.is_some() || self.dotted.is_some() || self.four_digits.is_some()
    }

    pub(super) fn span(&mut self, minutes: i64) -> Option<()> {
        self.span_minutes = Some(self.span_minutes.unwrap_or(0).checked_add(minutes)?);
        Some(())
    }

    pub(super) fn span_days(&mut self, days: i64) -> Option<()> {
        self.span_days = Some(self.span_days.unwrap_or(0).checked_add(days)?);
        Some(())
    }

    pub(super) fn months(&mut self, months: u32) -> Option<()> {
        set(&mut self.span_months, Some(months))
    }

    /// What was said, seen from `now` in `zone` or the zone that was named; without a day it is on the
    /// day of `base`.
    pub(super) fn finish(
        mut self,
        zone: Tz,
        base: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<Reading> {
        let zone = self.zone.unwrap_or(zone);
        let local = now.with_timezone(&zone).naive_local();
        self.tell_dotted_apart()?;
        self.tell_four_digits_apart(local.year())?;
        if let Some(minutes) = self.span_minutes {
            return self.moment(minutes, now);
        }
        if self.span_days.is_some() || self.span_months.is_some() {
            let month = self.by_months(local.date())?;
            let days = TimeDelta::try_days(self.signed(self.span_days.unwrap_or(0)))?;
            let date = month.checked_add_signed(days)?;
            if !SPAN_YEARS.contains(&date.year()) {
                return None;
            }
            self.days(vec![Day::On(date)])?;
            if self.clock.is_none() && self.half.is_none() {
                self.clock = Clock::at(local.hour(), local.minute());
            }
        } else if self.relative || self.ago {
            return None;
        }
        if self.days.is_empty() {
            self.days.extend(self.weekday.take().map(Day::Weekday));
        }
        if let (true, true, Some(base)) = (self.days.is_empty(), self.clock.is_some(), base) {
            self.days = vec![Day::On(base.with_timezone(&zone).date_naive())];
        }
        if self.tonight && self.clock.is_none() {
            self.clock = Clock::at(TONIGHT_HOUR, 0);
        }
        match self.clock {
            None => self.only_days(local),
            Some(clock) => self.walls(clock, zone, local),
        }
    }

    /// A span of time as it lies: ahead, or behind if it was said to be "ago".
    fn signed(&self, span: i64) -> i64 {
        if self.ago { -span } else { span }
    }

    /// The same day, as many months on as were said.
    fn by_months(&self, date: NaiveDate) -> Option<NaiveDate> {
        let months = Months::new(self.span_months.unwrap_or(0));
        match self.ago {
            true => date.checked_sub_months(months),
            false => date.checked_add_months(months),
        }
    }

    fn tell_dotted_apart(&mut self) -> Option<()> {
        let Some((first, second)) = self.dotted else {
            return Some(());
        };
        let time = Clock::twelve(first, second, None).or_else(|| Clock::at(first, second));
        match time.filter(|_| self.clock.is_none()) {
            Some(time) => self.clock(time),
            None => self.days(vec![Day::yearless(second, first)?]),
        }
    }

    fn tell_four_digits_apart(&mut self, this_year: i32) -> Option<()> {
        let Some(digits) = self.four_digits else {
            return Some(());
        };
        let near = [this_year, this_year + 1]
            .map(i64::from)
            .contains(&digits.into());
        let mut days = self.days.iter_mut();
        match (days.next(), days.next()) {
            (Some(only), None) if near || self.clock.is_some() => {
                let Day::Yearless { month, day } = *only else {
                    return None;
                };
                *only = Day::full(digits, month, day)?;
                Some(())
            }
            _ => self.clock(Clock::at(digits / 100, digits % 100)?),
        }
    }

    /// A span of time from now, on the minute; nothing else goes with hours.
    fn moment(self, minutes: i64, now: DateTime<Utc>) -> Option<Reading> {
        let other = !self.days.is_empty() || self.weekday.is_some() || self.span_months.is_some();
        if other || self.clock.is_some() || self.half.is_some() {
            return None;
        }
        let days = self.span_days.unwrap_or(0).checked_mul(MINUTES_A_DAY)?;
        let span = self.signed(minutes.checked_add(days)?);
        let at = now.checked_add_signed(TimeDelta::try_minutes(span)?)?;
        if !SPAN_YEARS.contains(&at.year()) {
            return None;
        }
        Some(Reading::Moment(at.with_second(0)?.with_nanosecond(0)?))
    }

    fn only_days(&self, local: NaiveDateTime) -> Option<Reading> {
        let today = [Day::Ahead(0)];
        let said = match (&self.days[..], self.half) {
            ([], None) => return None,
            ([], Some(_)) => &today,
            (days, _) => days,
        };
        // Late on a Friday, "fri" rather means the next one: both are possible days.
        let both = said.iter().flat_map(|day| [(day, false), (day, true)]);
        let dates = both.filter_map(|(day, passed)| day.date(local.date(), passed));
        let mut days: Vec<_> = dates.filter(|date| self.agrees(*date)).collect();
        days.dedup();
        let morning = self.half == Some(Half::Am);
        (!days.is_empty()).then_some(Reading::Days { days, morning })
    }

    fn walls(&self, clock: Clock, zone: Tz, local: NaiveDateTime) -> Option<Reading> {
        let mut times = Vec::new();
        for (later_days, time) in self.times(clock) {
            let passed = time <= local.time() && later_days == 0;
            let next = [Day::Ahead(passed.into())];
            let days = if self.days.is_empty() {
                &next
            } else {
                &self.days[..]
            };
            for day in days {
                let date = day.date(local.date(), passed)?;
                if self.agrees(date) {
                    times.push(date.checked_add_days(Days::new(later_days))?.and_time(time));
                }
            }
        }
        times.sort();
        times.dedup();
        (!times.is_empty()).then_some(Reading::Walls { zone, times })
    }

    /// Whether a date is of the weekday that was named beside it, if one was.
    fn agrees(&self, date: NaiveDate) -> bool {
        self.weekday.is_none_or(|weekday| date.weekday() == weekday)
    }

    /// The times of day that were meant, each with the days to go on from the day that was said.
    fn times(&self, clock: Clock) -> Vec<(u64, NaiveTime)> {
        let tonight = |time| (u64::from(self.tonight && is_small_hours(time)), time);
        match clock {
            Clock::At(time) => vec![tonight(time)],
            Clock::Twelve(hour, minute) => {
                let small = self.tonight && (hour == 12 || hour < 5);
                let half =
                    self.half.or(self
                        .tonight
                        .then_some(if small { Half::Am } else { Half::Pm }));
                let halves = half.map_or(vec![Half::Am, Half::Pm], |half| vec![half]);
                let times = halves
                    .into_iter()
                    .filter_map(|half| on_dial(hour, minute, half));
                times.map(tonight).collect()
            }
            // Midnight may begin or end a day that was named; one that has begun can only end.
            Clock::Midnight => match &self.days[..] {
                [] => vec![(0, NaiveTime::MIN)],
                [Day::Ahead(0)] => vec![(1, NaiveTime::MIN)],
                _ => vec![(0, NaiveTime::MIN), (1, NaiveTime::MIN)],
            },
        }
    }
}

fn on_dial(hour: u32, minute: u32, half: Half) -> Option<NaiveTime> {
    let noon = if half == Half::Pm { 12 } else { 0 };
    NaiveTime::from_hms_opt(hour % 12 + noon, minute, 0)
}
