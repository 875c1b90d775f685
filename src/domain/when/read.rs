//! Reading: from words to days and times on the wall clock.
//!
//! May touch: nothing but its arguments. Invariant: every word typed is used or is a filler; a text
//! with anything left over is not understood.

mod draft;
mod lex;

use chrono::{DateTime, Datelike, Month, NaiveDate, NaiveDateTime, Timelike, Utc, Weekday};
use chrono_tz::Tz;

use super::super::zone;
use draft::{Clock, Day, Draft, Half, MINUTES_A_DAY, YEARS};
use lex::{Token, tokens};

/// What a text says, before the zone's changes of the clock are considered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// A moment, whatever the zone.
    Moment(DateTime<Utc>),
    /// Times on the wall clock of a zone, earliest first; several if the text leaves a doubt.
    Walls { zone: Tz, times: Vec<NaiveDateTime> },
    /// Days without a time of day, and whether the morning was asked for.
    Days { days: Vec<NaiveDate>, morning: bool },
}

/// Reads a text typed in `zone`; `None` if it is not understood. A time of day without a day is of the
/// day of `base`, if there is one.
pub(super) fn read(
    text: &str,
    zone: Tz,
    base: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<Reading> {
    if let Some(at) = exact(text.trim()) {
        return Some(Reading::Moment(at));
    }
    let tokens = tokens(text)?;
    let mut reader = Reader {
        tokens: &tokens,
        draft: Draft::default(),
    };
    while let [token, rest @ ..] = reader.tokens {
        reader.tokens = rest;
        reader.take(token)?;
    }
    reader.draft.finish(zone, base, now)
}

/// Discord's timestamps, and ISO 8601 with an offset.
fn exact(text: &str) -> Option<DateTime<Utc>> {
    let at = if let Some(stamp) = text.strip_prefix("<t:") {
        let (seconds, style) = stamp
            .strip_suffix('>')?
            .split_once(':')
            .unwrap_or((stamp.strip_suffix('>')?, "f"));
        let known = style.len() == 1 && style.bytes().all(|byte| byte.is_ascii_alphabetic());
        DateTime::from_timestamp(seconds.parse().ok().filter(|_| known)?, 0)?
    } else {
        let text = text.to_ascii_uppercase();
        let formats = [
            "%Y-%m-%dT%H:%M:%S%.f%#z",
            "%Y-%m-%d %H:%M:%S%.f%#z",
            "%Y-%m-%dT%H:%M%#z",
            "%Y-%m-%d %H:%M%#z",
        ];
        let mut read = formats
            .iter()
            .filter_map(|format| DateTime::parse_from_str(&text, format).ok());
        read.next()?.to_utc()
    };
    YEARS.contains(&at.year()).then_some(at)
}

struct Reader<'a> {
    /// What is still to be read.
    tokens: &'a [Token],
    draft: Draft,
}

impl<'a> Reader<'a> {
    fn take(&mut self, token: &'a Token) -> Option<()> {
        match token {
            Token::Word(word) => self.word(word),
            Token::Number { value, digits } => self.number(*value, *digits),
            Token::Clock {
                hour,
                minute,
                padded,
            } => self.clock(*hour, *minute, *padded),
            Token::Dotted(first, second) => self.dotted(*first, *second),
            Token::Days(days) => self.draft.days(days.clone()),
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        match word {
            "at" | "on" | "the" | "of" | "this" | "coming" | "from" | "and" | "um" | "uhr"
            | "oclock" | "clock" | "t" => Some(()),
            "in" if self.peek() == Some("the") => Some(()),
            "ago" => set(&mut self.draft.ago, true),
            "in" => set(&mut self.draft.relative, true),
            "a" | "an" => self.span(1),
            "half" => {
                let _ = self.next_if(|word| (word == "an" || word == "a").then_some(()));
                self.next_if(|word| (minutes_of(word)? == 60).then_some(()))?;
                self.draft.span(30)
            }
            "today" => self.draft.days(vec![Day::Ahead(0)]),
            "tonight" => {
                self.draft.tonight = true;
                self.draft.days(vec![Day::Ahead(0)])
            }
            "yesterday" => self.draft.days(vec![Day::Ahead(-1)]),
            "tomorrow" | "tmrw" | "tmr" | "tmw" | "tomorow" | "tommorow" | "tommorrow" => {
                self.draft.days(vec![Day::Ahead(1)])
            }
            "day" => {
                self.next_if(|word| (word == "after").then_some(()))?;
                self.next_if(|word| word.starts_with("tom").then_some(()))?;
                self.draft.days(vec![Day::Ahead(2)])
            }
            "next" => {
                let weekday = self.next_if(weekday)?;
                self.draft.days(vec![Day::NextWeek(weekday)])
            }
            "noon" | "midday" => self.draft.clock(Clock::at(12, 0)?),
            "midnight" => self.draft.clock(Clock::Midnight),
            "morning" | "am" => self.draft.half(Half::Am),
            "afternoon" | "evening" | "night" | "pm" => self.draft.half(Half::Pm),
            _ => self.name(word),
        }
    }

    /// A weekday, a month, or the zone after a time.
    fn name(&mut self, word: &str) -> Option<()> {
        if let Some(weekday) = weekday(word) {
            set(&mut self.draft.weekday, Some(weekday))
        } else if let Some(month) = month(word) {
            let [Token::Number { value: day, .. }, rest @ ..] = self.tokens else {
                return None;
            };
            self.tokens = rest;
            let _ = self.next_if(ordinal);
            self.draft.days(vec![Day::yearless(month, *day)?])
        } else if self.draft.has_clock() && self.draft.zone.is_none() {
            self.draft.zone = Some(zone::named(word)?);
            Some(())
        } else {
            None
        }
    }

    fn number(&mut self, value: u32, digits: usize) -> Option<()> {
        if let Some(half) = self.next_if(half) {
            return self.draft.clock(Clock::twelve(value, 0, Some(half))?);
        }
        if self.peek().is_some_and(is_unit) {
            return self.span(value);
        }
        let ordinal = self.next_if(ordinal).is_some();
        if ordinal && self.peek() == Some("of") {
            self.tokens = &self.tokens[1..];
        }
        if let Some(month) = self.next_if(month) {
            return self.draft.days(vec![Day::yearless(month, value)?]);
        }
        match digits {
            _ if ordinal => None,
            4 => set(&mut self.draft.four_digits, Some(value)),
            1 | 2 => self.clock(value, 0, digits == 2 && value < 10),
            _ => None,
        }
    }

    fn clock(&mut self, hour: u32, minute: u32, exact: bool) -> Option<()> {
        let half = self.next_if(half);
        let vague = (1..=12).contains(&hour) && !exact;
        self.draft.clock(if half.is_some() || vague {
            Clock::twelve(hour, minute, half)?
        } else {
            Clock::at(hour, minute)?
        })
    }

    /// "8.30pm", "1.5 h", or later to be told apart: 20.30 as a time, 25.12 as a date.
    fn dotted(&mut self, first: u32, second: u32) -> Option<()> {
        if let Some(half) = self.next_if(half) {
            self.draft.clock(Clock::twelve(first, second, Some(half))?)
        } else if let Some(unit) = self.next_if(minutes_of) {
            let tenth = (unit % 10 == 0 && second < 10).then_some(unit / 10)?;
            self.draft
                .span(i64::from(first) * unit + i64::from(second) * tenth)
        } else {
            set(&mut self.draft.dotted, Some((first, second)))
        }
    }

    /// A number of units, of which the name comes next; "1h30" counts minutes after hours.
    fn span(&mut self, count: u32) -> Option<()> {
        if let Some(months) = self.next_if(months_of) {
            return self.draft.months(count * months);
        }
        if let Some(days) = self.next_if(days_of) {
            return self.draft.span_days(i64::from(count) * days);
        }
        let unit = self.next_if(minutes_of)?;
        self.draft.span(i64::from(count) * unit)?;
        if let ([Token::Number { value, digits: 2 }], 60) = (self.tokens, unit) {
            self.tokens = &[];
            self.draft
                .span((*value < 60).then_some(i64::from(*value))?)?;
        }
        Some(())
    }

    fn peek(&self) -> Option<&'a str> {
        match self.tokens {
            [Token::Word(word), ..] => Some(word),
            _ => None,
        }
    }

    /// Takes the next token if it is a word with a meaning.
    fn next_if<T>(&mut self, meaning: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let meant = meaning(self.peek()?)?;
        self.tokens = &self.tokens[1..];
        Some(meant)
    }
}

/// Sets what must not be said twice.
fn set<T: Default + PartialEq>(place: &mut T, value: T) -> Option<()> {
    let unset = *place == T::default();
    *place = value;
    unset.then_some(())
}

/// Minutes in a unit of time.
fn minutes_of(unit: &str) -> Option<i64> {
    Some(match unit {
        "m" | "min" | "mins" | "minute" | "minutes" => 1,
        "h" | "hr" | "hrs" | "hour" | "hours" | "std" => 60,
        "d" | "day" | "days" => MINUTES_A_DAY,
        "w" | "wk" | "wks" | "week" | "weeks" => 7 * MINUTES_A_DAY,
        _ => return None,
    })
}

/// Days in a unit of time of the calendar.
fn days_of(unit: &str) -> Option<i64> {
    match minutes_of(unit)? / MINUTES_A_DAY {
        0 => None,
        days => Some(days),
    }
}

/// Months in a unit of time of the calendar, whose length in minutes depends on the day.
fn months_of(unit: &str) -> Option<u32> {
    match unit {
        "month" | "months" => Some(1),
        "year" | "years" | "yr" | "yrs" => Some(12),
        _ => None,
    }
}

fn is_unit(word: &str) -> bool {
    minutes_of(word).is_some() || months_of(word).is_some()
}

fn half(word: &str) -> Option<Half> {
    match word {
        "am" | "a" => Some(Half::Am),
        "pm" | "p" => Some(Half::Pm),
        _ => None,
    }
}

fn ordinal(word: &str) -> Option<()> {
    matches!(word, "st" | "nd" | "rd" | "th").then_some(())
}

/// A weekday by its name, or the first three letters or more of it.
fn weekday(word: &str) -> Option<Weekday> {
    const NAMES: [&str; 7] = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let word = if word == "weds" { "wed" } else { word };
    let index = NAMES.iter().position(|name| begins(name, word))?;
    Weekday::try_from(u8::try_from(index).ok()?).ok()
}

/// A month (1 to 12) by its name, or the first three letters or more of it.
fn month(word: &str) -> Option<u32> {
    let months = (1..=12).filter_map(|number| Month::try_from(number).ok());
    let mut named = months.filter(|month| begins(&month.name().to_lowercase(), word));
    Some(named.next()?.number_from_month())
}

fn begins(name: &str, word: &str) -> bool {
    word.len() >= 3 && name.starts_with(word)
}

/// Whether an hour belongs to the night before it.
fn is_small_hours(time: chrono::NaiveTime) -> bool {
    time.hour() < 5
}
