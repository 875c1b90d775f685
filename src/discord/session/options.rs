//! What people type about a session, read; or a sentence that says what is wrong with it.
//!
//! Pure. Invariant: what comes out of here is clean, within its limits, and means one thing.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use twilight_model::channel::message::component::{Component, TextInputStyle};

use super::super::reply::{field, menu, option, text_input};
use super::super::words::quoted;
use super::words::{counted, length as length_words, not_a_time};
use crate::domain::ladder::Scale;
use crate::domain::rank::Tier;
use crate::domain::session::{
    DESCRIPTION_MAX_CHARS, LENGTH_DEFAULT_MINUTES, REASON_MAX_CHARS, TITLE_MAX_CHARS,
};
use crate::domain::text::{Lines, TextError, clean};
use crate::domain::when::{LENGTH_MAX_MINUTES, LENGTH_MIN_MINUTES, When, parse_length};
use crate::domain::{when, zone};

/// A sentence for whoever typed something that cannot be taken.
pub(super) type Sentence = String;

/// The title's field in a form.
pub const TITLE: &str = "title";
/// The description's field in a form.
pub const DESCRIPTION: &str = "description";
/// The length's field in a form.
pub const LENGTH: &str = "length";

/// The lengths that a form offers, in minutes.
const LENGTHS: [u32; 12] = [30, 45, 60, 90, 120, 150, 180, 240, 300, 360, 480, 720];

/// The zone that an option names; `None` if it was left out.
pub(super) fn zone(typed: Option<&str>, now: DateTime<Utc>) -> Result<Option<Tz>, Sentence> {
    let Some(typed) = typed.filter(|typed| !typed.trim().is_empty()) else {
        return Ok(None);
    };
    if let Some(zone) = zone::named(typed) {
        return Ok(Some(zone));
    }
    match &zone::search(typed, now)[..] {
        [only] => Ok(Some(only.zone)),
        _ => Err(format!(
            "I don't know which time zone {} is. Pick one from the list that opens while \
             typing a city, a country or an abbreviation such as `CET`.",
            quoted(typed)
        )),
    }
}

/// The only choice for somebody whose zone is not known.
pub(super) const NO_ZONE: &str =
    "First set your time zone with /profile edit, or fill in the option timezone";

/// The moment that was typed, in `zone`. Without one it must be understood everywhere alike.
pub(super) fn when(typed: &str, zone: Option<Tz>, now: DateTime<Utc>) -> Result<When, Sentence> {
    let read = match zone {
        Some(zone) => Some(when::parse(typed, zone, now)),
        None if typed.trim() == NO_ZONE => None,
        None => when::parse_anywhere(typed, now),
    };
    let zone = zone.unwrap_or(Tz::UTC);
    match read {
        Some(read) => read.map_err(|error| not_a_time(&error, typed, zone, now)),
        None if typed.trim() == NO_ZONE => Err(format!("{NO_ZONE}.")),
        None => Err(format!(
            "I don't know yet where you live, so I cannot tell when {} is for you. Set your \
             time zone once with `/profile edit`, or name one in the option `timezone`.",
            quoted(typed)
        )),
    }
}

/// The moment that was typed in `zone` for something that is planned for `base`: a time alone is of that
/// day.
pub(super) fn when_on(
    typed: &str,
    zone: Tz,
    base: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<When, Sentence> {
    when::parse_on(typed, zone, base, now).map_err(|error| not_a_time(&error, typed, zone, now))
}

/// A length in minutes.
pub(super) fn length(typed: Option<&str>) -> Result<u32, Sentence> {
    let Some(typed) = typed.filter(|typed| !typed.trim().is_empty()) else {
        return Ok(LENGTH_DEFAULT_MINUTES);
    };
    parse_length(typed).ok_or_else(|| {
        format!(
            "{} is not a length that a session can have. Try `2h`, `90` or `1:30`; it can be {} \
             to {}.",
            quoted(typed),
            length_words(LENGTH_MIN_MINUTES),
            length_words(LENGTH_MAX_MINUTES)
        )
    })
}

/// A title; empty if nothing visible was typed.
pub(super) fn title(typed: &str) -> Result<String, Sentence> {
    text("title", typed, TITLE_MAX_CHARS, Lines::OneLine)
}

/// A description; may be empty.
pub(super) fn description(typed: &str) -> Result<String, Sentence> {
    text("description", typed, DESCRIPTION_MAX_CHARS, Lines::Many)
}

/// A reason for cancelling; `None` if there is none.
pub(super) fn reason(typed: &str) -> Result<Option<String>, Sentence> {
    let reason = text("reason", typed, REASON_MAX_CHARS, Lines::Many)?;
    Ok(Some(reason).filter(|reason| !reason.is_empty()))
}

/// A tier of `scale`; `None` if it was left out.
pub(super) fn tier(scale: Scale, typed: Option<&str>) -> Result<Option<Tier>, Sentence> {
    let Some(typed) = typed.filter(|typed| !typed.trim().is_empty()) else {
        return Ok(None);
    };
    let tier = Tier::parse(scale, typed).ok_or_else(|| {
        let tiers: Vec<_> = Tier::all(scale).map(Tier::label).collect();
        format!(
            "{} is not a tier here. The tiers of this mode are {}.",
            quoted(typed),
            tiers.join(", ")
        )
    })?;
    Ok(Some(tier))
}

/// A distance in divisions; Discord sees to its limits.
pub(super) fn distance(typed: Option<i64>) -> Option<u32> {
    typed.and_then(|distance| u32::try_from(distance).ok())
}

/// How long before the start people check in, in minutes; Discord sees to its limits.
pub(super) fn check_in(typed: Option<i64>) -> Option<u32> {
    typed.and_then(|minutes| u32::try_from(minutes).ok())
}

/// The fields of a form that ask for title, description and length.
pub(super) fn fields(
    title: &str,
    nameless: &str,
    description: &str,
    minutes: u32,
) -> Vec<Component> {
    let full = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let line = text_input(
        TITLE,
        TextInputStyle::Short,
        false,
        TITLE_MAX_CHARS,
        nameless,
        full(title).as_deref(),
    );
    let lines = text_input(
        DESCRIPTION,
        TextInputStyle::Paragraph,
        false,
        DESCRIPTION_MAX_CHARS,
        "What else people should know",
        full(description).as_deref(),
    );
    let mut lengths = LENGTHS.to_vec();
    lengths.push(minutes);
    lengths.sort_unstable();
    lengths.dedup();
    let lengths = lengths
        .into_iter()
        .map(|length| option(length.to_string(), &length_words(length), length == minutes));
    let length = menu(LENGTH, "How long", lengths.collect(), (1, 1));
    vec![
        field("Title", Some("Left empty: the mode's name"), line),
        field("Description", None, lines),
        field("Length", None, length),
    ]
}

/// The length that was chosen in a form: minutes, as [`fields`] offers them.
pub(super) fn chosen_length(values: &[String]) -> Option<u32> {
    let minutes: u32 = values.first()?.parse().ok()?;
    (LENGTH_MIN_MINUTES..=LENGTH_MAX_MINUTES)
        .contains(&minutes)
        .then_some(minutes)
}

fn text(what: &str, typed: &str, max_chars: usize, lines: Lines) -> Result<String, Sentence> {
    clean(typed, max_chars, lines).map_err(|TextError::TooLong { over }| {
        let over = counted(u32::try_from(over).unwrap_or(u32::MAX), "character");
        format!("The {what} is {over} too long: at most {max_chars} fit.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-22T12:00:00Z".parse().expect("a time")
    }

    #[test]
    fn without_a_zone_only_what_means_the_same_everywhere_is_taken() {
        for typed in [
            "in 2 hours",
            "<t:1795885200>",
            "2026-12-25 19:30 CET",
            "2026-12-25T19:30:00+02:00",
        ] {
            assert!(when(typed, None, now()).is_ok(), "{typed}");
        }
        let refused = when("fri 8pm", None, now()).expect_err("needs a zone");
        assert!(refused.contains("/profile edit"), "{refused}");
        let refused = when("whenever", None, now()).expect_err("no time in any zone");
        assert!(refused.contains("don't understand"), "{refused}");
        let refused = when("2025-01-01 10:00 UTC", None, now()).expect_err("past");
        assert!(refused.contains("in the past"), "{refused}");
    }

    #[test]
    fn zones_are_taken_by_any_name_that_means_one() {
        assert_eq!(zone(None, now()), Ok(None));
        assert_eq!(
            zone(Some("europe/berlin"), now()),
            Ok(Some(Tz::Europe__Berlin))
        );
        let refused = zone(Some("Atlantis **@here**"), now()).expect_err("no zone");
        assert!(!refused.contains("@here"), "{refused}");
    }

    #[test]
    fn four_thousand_characters_are_too_many_for_a_description() {
        let refused = description(&"x".repeat(4_000)).expect_err("too long");
        assert_eq!(
            refused,
            "The description is 3000 characters too long: at most 1000 fit."
        );
        assert_eq!(title("\u{0}\u{202e} \n"), Ok(String::new()));
    }

    #[test]
    fn lengths_have_limits_and_a_default() {
        assert_eq!(length(None), Ok(120));
        assert_eq!(length(Some("90")), Ok(90));
        assert!(length(Some("13h")).is_err_and(|said| said.contains("15 min to 12 h")));
        assert_eq!(chosen_length(&["90".into()]), Some(90));
        assert_eq!(chosen_length(&["100000".into()]), None);
    }

    #[test]
    fn a_tier_of_another_scale_is_refused_with_those_that_there_are() {
        let refused = tier(Scale::Stadium, Some("Platinum")).expect_err("not of Stadium");
        assert!(refused.contains("Rookie, Novice"), "{refused}");
        assert_eq!(tier(Scale::Stadium, None), Ok(None));
    }
}
