use chrono::{NaiveDate, Offset};
use chrono_tz::TZ_VARIANTS;
use proptest::prelude::*;

use super::*;

const BERLIN: Tz = Tz::Europe__Berlin;
const NEW_YORK: Tz = Tz::America__New_York;

/// A Sunday afternoon in Berlin: 14:00 CET.
fn now() -> DateTime<Utc> {
    utc("2026-11-22 13:00")
}

fn utc(text: &str) -> DateTime<Utc> {
    let wall = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a time");
    wall.and_utc()
}

/// How a text is understood in Berlin, without year and zone.
fn shown(text: &str) -> String {
    match parse(text, BERLIN, now()) {
        Ok(when) => when
            .at
            .with_timezone(&BERLIN)
            .format("%a %-d %b %H:%M")
            .to_string(),
        Err(error) => format!("{error:?}"),
    }
}

fn labels(text: &str) -> Vec<String> {
    let found = complete(text, BERLIN, now());
    found
        .into_iter()
        .map(|suggestion| suggestion.label)
        .collect()
}

fn first_label(text: &str) -> String {
    labels(text).into_iter().next().unwrap_or_default()
}

#[test]
fn what_was_and_what_is_far_off_is_told_as_such() {
    for text in [
        "yesterday 8pm",
        "2 hours ago",
        "3 days ago",
        "a month ago",
        "1 year ago 8pm",
    ] {
        assert!(shown(text).starts_with("Past"), "{text}: {}", shown(text));
    }
    for text in ["in 2 years", "in 14 months", "in 400 days", "in 3 yrs 8pm"] {
        assert!(shown(text).starts_with("TooFar"), "{text}: {}", shown(text));
    }
    assert_eq!(shown("in 1 month"), "Tue 22 Dec 14:00");
    assert_eq!(shown("in 2 months 8pm"), "Fri 22 Jan 20:00");
    assert_eq!(shown("in 1 year"), "Mon 22 Nov 14:00");
    for text in [
        "ago",
        "8pm ago",
        "in 2 hours tomorrow ago",
        "in 99999999 years",
    ] {
        assert_eq!(shown(text), "NotUnderstood", "{text}");
    }
}

#[test]
fn days_and_times_in_words_are_understood() {
    for (text, meant) in [
        ("fri 8pm", "Fri 27 Nov 20:00"),
        ("Fri 8PM", "Fri 27 Nov 20:00"),
        ("friday at 20:30", "Fri 27 Nov 20:30"),
        ("friday 8.30 p.m.", "Fri 27 Nov 20:30"),
        ("8pm friday", "Fri 27 Nov 20:00"),
        ("next friday 8pm", "Fri 27 Nov 20:00"),
        ("next sun 8pm", "Sun 29 Nov 20:00"),
        ("sun 8pm", "Sun 22 Nov 20:00"),
        ("sun 10:00", "Sun 29 Nov 10:00"),
        ("tomorrow 20:30", "Mon 23 Nov 20:30"),
        ("tmrw 8pm", "Mon 23 Nov 20:00"),
        ("day after tomorrow 8pm", "Tue 24 Nov 20:00"),
        ("today 9pm", "Sun 22 Nov 21:00"),
        ("tonight 8", "Sun 22 Nov 20:00"),
        ("tonight", "Sun 22 Nov 20:00"),
        ("tonight 12", "Mon 23 Nov 00:00"),
        ("tonight 1am", "Mon 23 Nov 01:00"),
        ("fri 8 in the evening", "Fri 27 Nov 20:00"),
        ("fri 12pm", "Fri 27 Nov 12:00"),
        ("fri 12am", "Fri 27 Nov 00:00"),
        ("fri 20", "Fri 27 Nov 20:00"),
        ("fri 2030", "Fri 27 Nov 20:30"),
        ("today 8", "Sun 22 Nov 20:00"),
        ("8pm", "Sun 22 Nov 20:00"),
        ("8am", "Mon 23 Nov 08:00"),
        ("20:30", "Sun 22 Nov 20:30"),
        ("20.30 Uhr", "Sun 22 Nov 20:30"),
        ("noon", "Mon 23 Nov 12:00"),
        ("midnight", "Mon 23 Nov 00:00"),
        ("today midnight", "Mon 23 Nov 00:00"),
    ] {
        assert_eq!(shown(text), meant, "{text}");
    }
}

#[test]
fn spans_of_time_are_absolute() {
    for (text, meant) in [
        ("in 2 hours", "Sun 22 Nov 16:00"),
        ("in 90 min", "Sun 22 Nov 15:30"),
        ("2h", "Sun 22 Nov 16:00"),
        ("1h30m", "Sun 22 Nov 15:30"),
        ("1h30", "Sun 22 Nov 15:30"),
        ("1.5 hours", "Sun 22 Nov 15:30"),
        ("in an hour", "Sun 22 Nov 15:00"),
        ("in half an hour", "Sun 22 Nov 14:30"),
        ("2 hours and 30 minutes", "Sun 22 Nov 16:30"),
        ("in 3 days 8pm", "Wed 25 Nov 20:00"),
        ("in a week", "Sun 29 Nov 14:00"),
        ("in 1 day 2 hours", "Mon 23 Nov 16:00"),
        ("+2h", "Sun 22 Nov 16:00"),
    ] {
        assert_eq!(shown(text), meant, "{text}");
    }
    let before_change = utc("2026-10-24 22:00");
    let when = parse("in 5 hours", BERLIN, before_change).expect("a time");
    assert_eq!(when.at, utc("2026-10-25 03:00"));
}

#[test]
fn spans_to_the_end_of_the_calendar_are_not_understood() {
    // The last day that can be computed with, in a zone that is behind UTC: 2026-11-22 and this.
    for text in [
        "in 260116 years 39 days 8pm",
        "in 260116 years 39 days",
        "in 260116 years",
        "260000 years ago",
    ] {
        let found = parse(text, NEW_YORK, now());
        assert_eq!(found, Err(WhenError::NotUnderstood), "{text}");
        assert!(complete(text, NEW_YORK, now()).is_empty(), "{text}");
    }
}

#[test]
fn dates_are_understood() {
    for text in [
        "2026-12-25 19:30",
        "2026-12-25T19:30",
        "2026-12-25 19:30:00",
        "2026-12-25T18:30:00Z",
        "2026-12-25T19:30:00+01:00",
        "2026-12-25 13:30-05:00",
        "25 dec 19:30",
        "25. Dec 19:30",
        "dec 25 7:30pm",
        "December 25th, 2026 at 7:30 pm",
        "25th of december 19:30",
        "25 dec 2026 19:30",
        "25.12. 19:30",
        "25.12 19:30",
        "25.12.2026 19:30",
        "25.12.26 19.30",
        "12/25 19:30",
        "25/12/2026 7:30pm",
        "dec 25 1:30pm EST",
        "25.12. 19:30 Europe/Paris",
        "18:30 utc dec 25",
        "<t:1798223400>",
        "<t:1798223400:F>",
        "19:30 25 dec",
        "fri 25 dec 19:30",
        "Friday, 25 December 2026, 19:30 CET",
        "dec 25 1930",
    ] {
        assert_eq!(shown(text), "Fri 25 Dec 19:30", "{text}");
    }
}

#[test]
fn a_date_that_has_passed_this_year_means_next_year() {
    let when = parse("1 march 20:00", BERLIN, now()).expect("a time");
    assert_eq!(when.at, utc("2027-03-01 19:00"));
}

#[test]
fn what_makes_no_sense_is_not_understood() {
    for text in [
        "soon",
        "fri 8pm or sat",
        "fri fri 8pm",
        "sat 25 dec 8pm",
        "fri in 2 hours",
        "8pm 9pm",
        "25:00",
        "20:60",
        "fri 13am",
        "30 feb 20:00",
        "2026-02-30 20:00",
        "-2h",
        "in",
        "in 8pm",
        "next",
        "next week",
        "<t:>",
        "<t:1:FF>",
        "<t:99999999999999>",
        "99999999999h",
        "8pm Atlantis",
        "8-10",
        "😀",
        "fri 8pm\u{0}",
        "99/99 20:00",
        "0pm",
        "dec",
        "dec 2026",
        "half",
        "of",
        "at",
    ] {
        assert_eq!(
            parse(text, BERLIN, now()),
            Err(WhenError::NotUnderstood),
            "{text}"
        );
    }
    assert_eq!(parse(" \n", BERLIN, now()), Err(WhenError::Empty));
}

#[test]
fn a_day_alone_lacks_a_time() {
    for text in [
        "fri",
        "tomorrow",
        "25 dec",
        "12/25",
        "3/4",
        "friday evening",
        "2026-12-25",
    ] {
        assert_eq!(parse(text, BERLIN, now()), Err(WhenError::NoTime), "{text}");
    }
}

#[test]
fn a_doubt_names_its_readings() {
    let several = |text| match parse(text, BERLIN, now()) {
        Err(WhenError::Several { at }) => at,
        other => panic!("{text}: {other:?}"),
    };
    assert_eq!(
        several("8"),
        [utc("2026-11-22 19:00"), utc("2026-11-23 07:00")]
    );
    assert_eq!(
        several("fri 8:30"),
        [utc("2026-11-27 07:30"), utc("2026-11-27 19:30")]
    );
    assert_eq!(
        several("3/4 20:00"),
        [utc("2027-03-04 19:00"), utc("2027-04-03 18:00")]
    );
    assert_eq!(
        several("fri midnight"),
        [utc("2026-11-26 23:00"), utc("2026-11-27 23:00")]
    );
}

#[test]
fn the_past_and_the_far_future_are_refused() {
    let at = now();
    assert_eq!(
        parse("today 14:00", BERLIN, now()),
        Err(WhenError::Past { at })
    );
    assert_eq!(
        parse("in 0 min", BERLIN, now()),
        Err(WhenError::Past { at })
    );
    assert!(matches!(
        parse("2020-01-01 20:00", BERLIN, now()),
        Err(WhenError::Past { .. })
    ));
    assert!(parse("in 366 days", BERLIN, now()).is_ok());
    for text in [
        "in 367 days",
        "in 999999 weeks",
        "2030-01-01 20:00",
        "1 jan 2030 20:00",
        "29 feb 20:00",
    ] {
        let found = parse(text, BERLIN, now());
        assert!(
            matches!(found, Err(WhenError::TooFar { max_days: 366, .. })),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn a_skipped_time_is_refused_with_its_neighbours() {
    // New York puts its clocks forward from 02:00 to 03:00 on 2027-03-14, at 07:00 UTC.
    let (before, after) = (utc("2027-03-14 06:30"), utc("2027-03-14 07:30"));
    let found = parse("2027-03-14 02:30", NEW_YORK, now());
    assert_eq!(found, Err(WhenError::Skipped { before, after }));
    let labels: Vec<_> = complete("2027-03-14 2:30am", NEW_YORK, now())
        .into_iter()
        .map(|s| s.label)
        .collect();
    assert!(
        labels[0].starts_with("Sun 14 Mar 2027, 01:30 EST"),
        "{labels:?}"
    );
    assert!(
        labels[1].starts_with("Sun 14 Mar 2027, 03:30 EDT"),
        "{labels:?}"
    );
}

#[test]
fn a_time_that_comes_twice_offers_both_while_both_can_come() {
    // Berlin puts its clocks back from 03:00 to 02:00 on 2026-10-25, at 01:00 UTC.
    let (first, second) = (utc("2026-10-25 00:30"), utc("2026-10-25 01:30"));
    let found = parse("25 oct 02:30", BERLIN, utc("2026-10-24 12:00"));
    assert_eq!(found, Err(WhenError::Twice { first, second }));
    let between = parse("today 02:30", BERLIN, utc("2026-10-25 00:45")).expect("only one is left");
    assert_eq!(between.at, second);
    let labels: Vec<_> = complete("25 oct 02:30", BERLIN, utc("2026-10-24 12:00"))
        .into_iter()
        .map(|s| s.label)
        .collect();
    assert!(
        labels[0].contains("02:30 CEST") && labels[1].contains("02:30 CET"),
        "{labels:?}"
    );
}

#[test]
fn completion_shows_how_a_text_is_understood() {
    assert_eq!(
        first_label("fri 8pm"),
        "Fri 27 Nov 2026, 20:00 CET — in 5 days"
    );
    assert_eq!(labels("8").len(), 2);
    assert!(first_label("8").contains("20:00"));
    assert!(first_label("fri 8").contains("20:00"));
    assert!(first_label("fri eve").contains("20:00"));
    assert!(first_label("fri").starts_with("Fri 27 Nov 2026, 20:00"));
    assert!(first_label("fri morning").starts_with("Fri 27 Nov 2026, 10:00"));
    assert!(first_label("tom").starts_with("Mon 23 Nov 2026, 20:00"));
    assert!(first_label("tomorrow 20:").starts_with("Mon 23 Nov 2026, 20:00"));
    assert!(first_label("20:3").contains("20:30"));
    assert!(first_label("in 2").contains("16:00"));
    assert!(first_label("fri 8p").contains("20:00"));
    assert!(first_label("today 9:00").contains("21:00"));
    assert!(first_label("today 10:00").starts_with("Mon 23 Nov 2026, 10:00"));
    assert!(first_label("12/25").starts_with("Fri 25 Dec 2026, 20:00"));
    assert!(
        labels("3/4")
            .iter()
            .any(|label| label.starts_with("Sat 3 Apr 2027"))
    );
    assert!(labels("next tue 8pm").len() == 1 && labels("nonsense").is_empty());
}

#[test]
fn next_friday_offers_the_coming_one_too() {
    let monday = utc("2026-11-23 13:00");
    let found: Vec<_> = complete("next fri 8pm", BERLIN, monday)
        .into_iter()
        .map(|s| s.label)
        .collect();
    assert!(
        found[0].starts_with("Fri 4 Dec") && found[1].starts_with("Fri 27 Nov"),
        "{found:?}"
    );
}

#[test]
fn nothing_typed_offers_the_coming_evenings() {
    let found = labels(" ");
    assert!(found[0].starts_with("Sun 22 Nov 2026, 20:00 CET — in 6 hours"));
    assert!(found[1].starts_with("Mon 23 Nov 2026, 20:00 CET"));
    assert!(found[2].starts_with("Fri 27 Nov 2026, 20:00 CET"));
}

#[test]
fn distances_are_rounded_and_in_words() {
    let from_now = |minutes| distance(now() + TimeDelta::minutes(minutes), now());
    assert_eq!(from_now(0), "now");
    assert_eq!(from_now(1), "in 1 minute");
    assert_eq!(from_now(-3), "3 minutes ago");
    assert_eq!(from_now(60), "in 1 hour");
    assert_eq!(from_now(85), "in 85 minutes");
    assert_eq!(from_now(120), "in 2 hours");
    assert_eq!(from_now(24 * 60), "in 1 day");
    assert_eq!(from_now(5 * 24 * 60 - 100), "in 5 days");
    assert_eq!(from_now(30 * 24 * 60), "in 4 weeks");
    assert_eq!(from_now(365 * 24 * 60), "in 12 months");
    assert_eq!(from_now(2 * 365 * 24 * 60), "in 2 years");
}

#[test]
fn days_to_choose_start_with_today_while_there_is_time_left() {
    let offered = days(BERLIN, now());
    assert_eq!(offered.len(), CHOICES_MAX);
    assert_eq!(offered[0].label, "Today, Sun 22 Nov");
    assert_eq!(offered[1].label, "Tomorrow, Mon 23 Nov");
    assert_eq!(offered[2].label, "Tue 24 Nov");
    let late = days(BERLIN, utc("2026-11-22 22:45"));
    assert_eq!(late[0].label, "Tomorrow, Mon 23 Nov");
}

#[test]
fn times_to_choose_lie_ahead_and_fit_a_select() {
    let times = |year, month, day, zone| {
        let day = NaiveDate::from_ymd_opt(year, month, day).expect("a day");
        let offered = times_of(day, zone, now());
        offered
            .into_iter()
            .map(|choice| choice.label)
            .collect::<Vec<_>>()
    };
    let today = times(2026, 11, 22, BERLIN);
    assert_eq!((today[0].as_str(), today.len()), ("14:30", 19));
    let later = times(2026, 12, 1, BERLIN);
    assert!(later.len() <= CHOICES_MAX && later.contains(&"20:30".to_owned()));
    let skipping = times(2027, 3, 14, NEW_YORK);
    assert!(!skipping.contains(&"02:00".to_owned()));
    let doubling = times(2027, 10, 31, BERLIN);
    assert_eq!(doubling[2..4], ["02:00 CEST", "02:00 CET"]);
    assert!(times(2026, 11, 21, BERLIN).is_empty());
}

/// The changes of a zone's clock in a year: when, and the offsets before and after, in seconds.
fn changes(zone: Tz, year: i32) -> Vec<(DateTime<Utc>, i64, i64)> {
    let offset =
        |at: DateTime<Utc>| i64::from(at.with_timezone(&zone).offset().fix().local_minus_utc());
    let start = utc(&format!("{year}-01-01 00:00"));
    let mut found = Vec::new();
    for day in 0..365 {
        let (mut low, mut high) = (
            start + TimeDelta::days(day),
            start + TimeDelta::days(day + 1),
        );
        let (before, after) = (offset(low), offset(high));
        while before != after && high - low > TimeDelta::minutes(1) {
            let middle = low + TimeDelta::minutes((high - low).num_minutes() / 2);
            if offset(middle) == before {
                low = middle
            } else {
                high = middle
            }
        }
        if before != after {
            found.push((high, before, after));
        }
    }
    found
}

#[test]
fn every_change_of_every_clock_is_noticed() {
    let mut noticed = 0;
    for zone in TZ_VARIANTS {
        for (change, before, after) in [2011, 2026, 2030]
            .into_iter()
            .flat_map(|year| changes(zone, year))
        {
            let now = change - TimeDelta::days(3);
            let gap = TimeDelta::seconds(after - before);
            let wall = (change + TimeDelta::seconds(before) + gap / 2)
                .format("%Y-%m-%d %H:%M")
                .to_string();
            noticed += 1;
            match parse(&wall, zone, now) {
                Err(WhenError::Skipped { before, after }) => {
                    assert!(
                        gap > TimeDelta::zero() && before < change && change <= after,
                        "{zone} {wall}"
                    );
                    assert_eq!(after - before, gap, "{zone} {wall}");
                }
                Err(WhenError::Twice { first, second }) => {
                    assert!(
                        gap < TimeDelta::zero() && first < change && change <= second,
                        "{zone} {wall}"
                    );
                    assert_eq!(second - first, -gap, "{zone} {wall}");
                }
                other => panic!("{zone} {wall}: {other:?}"),
            }
            let day = change.with_timezone(&zone).date_naive();
            assert!(times_of(day, zone, now).len() <= CHOICES_MAX);
        }
    }
    assert!(noticed > 500, "{noticed}");
}

fn any_zone() -> impl Strategy<Value = Tz> {
    proptest::sample::select(TZ_VARIANTS.to_vec())
}

fn any_now() -> impl Strategy<Value = DateTime<Utc>> {
    (1_500_000_000_i64..2_200_000_000)
        .prop_map(|at| DateTime::from_timestamp(at, 0).expect("in range"))
}

/// Arbitrary text, and arbitrary sequences of words that mean something.
fn any_text() -> impl Strategy<Value = String> {
    let word = proptest::sample::select(vec![
        "fri",
        "next",
        "tomorrow",
        "tonight",
        "in",
        "a",
        "half",
        "an",
        "hour",
        "2",
        "8",
        "12",
        "30",
        "2026",
        "0",
        "8pm",
        "20:30",
        "8:30",
        "dec",
        "25",
        "th",
        "of",
        "25.12.",
        "3/4",
        "2027-03-14",
        "02:30",
        "noon",
        "midnight",
        "morning",
        "days",
        "h",
        "EST",
        "Europe/Paris",
        "<t:1798223400>",
        "999999",
        "weeks",
        "pm",
        "20.30",
        "29",
        "feb",
        "9999-12-31",
        "1.5",
        "+",
        "at",
        "day",
        "after",
    ]);
    let words = proptest::collection::vec(word, 0..6).prop_map(|words| words.join(" "));
    prop_oneof![any::<String>(), "[a-z0-9:./ <>+-]{0,16}", words]
}

proptest! {
    #[test]
    fn no_text_panics_and_what_is_taken_lies_ahead(text in any_text(), zone in any_zone(), now in any_now()) {
        match parse(&text, zone, now) {
            Ok(when) => {
                prop_assert!(when.at > now && when.at - now <= TimeDelta::days(AHEAD_MAX_DAYS));
                prop_assert!(when.describe(now).chars().count() <= 100);
            }
            Err(WhenError::Several { at }) => prop_assert!(at.len() > 1 && at.is_sorted()),
            Err(WhenError::Skipped { before, after }) => prop_assert!(now < before && before < after),
            Err(WhenError::Twice { first, second }) => prop_assert!(now < first && first < second),
            Err(_) => {}
        }
    }

    #[test]
    fn what_is_proposed_is_what_is_taken(text in any_text(), zone in any_zone(), now in any_now()) {
        let proposed = complete(&text, zone, now);
        prop_assert!(proposed.len() <= SUGGESTIONS_MAX);
        for Suggestion { label, value } in proposed {
            prop_assert!(label.chars().count() <= 100 && value.len() <= 100);
            let when = parse(&value, zone, now).expect("a proposal can be taken");
            prop_assert_eq!(when.describe(now), label.as_str());
            // Of a label in a value's place nothing but seconds is lost.
            if when.at.timestamp() % 60 == 0 {
                prop_assert_eq!(parse(&label, zone, now), Ok(when));
            }
        }
    }

    #[test]
    fn times_to_choose_are_ahead_in_order_and_on_that_day(zone in any_zone(), now in any_now()) {
        for day in days(zone, now).into_iter().take(3) {
            let times = times_of(day.date, zone, now);
            prop_assert!(times.len() <= CHOICES_MAX);
            prop_assert!(times.is_sorted_by(|a, b| a.at < b.at));
            prop_assert!(times.iter().all(|time| time.at > now));
            prop_assert!(times.iter().all(|time| time.at.with_timezone(&zone).date_naive() == day.date));
        }
    }
}

#[test]
fn days_and_weeks_keep_the_time_of_day_when_the_clocks_change() {
    // A Tuesday in Berlin, 20:00 CEST; the clocks go back on the Sunday after.
    let now = utc("2026-10-20 18:00");
    let at = |text: &str| parse(text, BERLIN, now).expect("a time").at;
    assert_eq!(at("in 1 week"), utc("2026-10-27 19:00"));
    assert_eq!(at("in 7 days"), utc("2026-10-27 19:00"));
    assert_eq!(at("in 168 hours"), utc("2026-10-27 18:00"));
    // An hour that is skipped next Sunday is asked about, as if it had been written down.
    let spring = utc("2027-03-27 01:30");
    assert!(parse("in 1 day", BERLIN, spring).is_err());
}

#[test]
fn a_time_alone_is_of_the_day_of_what_is_changed() {
    // A session on Friday, 20:00 in Berlin; seen from New York that is 14:00.
    let friday = utc("2026-11-27 19:00");
    let read = |text: &str, zone| parse_on(text, zone, friday, now()).map(|when| when.at);
    assert_eq!(read("21:00", BERLIN), Ok(utc("2026-11-27 20:00")));
    assert_eq!(read("9pm", BERLIN), Ok(utc("2026-11-27 20:00")));
    assert_eq!(read("at 21.30", BERLIN), Ok(utc("2026-11-27 20:30")));
    assert_eq!(read("8pm EST", BERLIN), Ok(utc("2026-11-28 01:00")));
    assert_eq!(read("21:00", NEW_YORK), Ok(utc("2026-11-28 02:00")));
    let both = vec![utc("2026-11-27 08:00"), utc("2026-11-27 20:00")];
    assert_eq!(read("9", BERLIN), Err(WhenError::Several { at: both }));
    // Whatever names a day or counts from now is as it always is.
    for text in [
        "tomorrow 21:00",
        "sat 9pm",
        "in 2 hours",
        "tonight 9pm",
        "<t:1795885200>",
    ] {
        assert_eq!(
            read(text, BERLIN),
            parse(text, BERLIN, now()).map(|when| when.at),
            "{text}"
        );
    }
    let evening = utc("2026-11-22 19:00");
    let gone = parse_on("12:00", BERLIN, evening, now());
    assert_eq!(
        gone,
        Err(WhenError::Past {
            at: utc("2026-11-22 11:00")
        })
    );
    let first = |text: &str| {
        complete_on(text, BERLIN, friday, now())
            .swap_remove(0)
            .label
    };
    assert_eq!(first("21:00"), "Fri 27 Nov 2026, 21:00 CET — in 5 days");
    assert_eq!(first("9"), "Fri 27 Nov 2026, 21:00 CET — in 5 days");
    assert_eq!(
        first("tomorrow 9pm"),
        "Mon 23 Nov 2026, 21:00 CET — tomorrow".replace("tomorrow", "in 1 day")
    );
}

#[test]
fn a_label_means_the_clock_that_is_named_in_it() {
    // The clocks go back over this hour: it comes twice.
    let now = utc("2027-10-30 12:00");
    for (label, at) in [
        (
            "Sun 31 Oct 2027, 02:30 CEST — in 12 hours",
            "2027-10-31 00:30",
        ),
        (
            "Sun 31 Oct 2027, 02:30 CET — in 14 hours",
            "2027-10-31 01:30",
        ),
        ("Sun 31 Oct 2027, 02:30 CET", "2027-10-31 01:30"),
    ] {
        assert_eq!(
            parse(label, BERLIN, now).map(|when| when.at),
            Ok(utc(at)),
            "{label}"
        );
    }
    let anywhere = parse_anywhere("Sun 31 Oct 2027, 20:00 UTC — in 32 hours", now);
    assert_eq!(
        anywhere.map(|read| read.map(|when| when.at)),
        Some(Ok(utc("2027-10-31 20:00")))
    );
}
