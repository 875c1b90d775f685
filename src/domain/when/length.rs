//! How long a session takes, as people type it.
//!
//! May touch: nothing. Invariant: a length that is taken lies within the limits.

/// Shortest session, in minutes.
pub const LENGTH_MIN_MINUTES: u32 = 15;
/// Longest session, in minutes.
pub const LENGTH_MAX_MINUTES: u32 = 12 * 60;
/// Up to here a number alone counts hours, from there minutes.
const BARE_HOURS_MAX: f64 = 12.0;

/// Reads "2h", "1:30", "90", "90 min", "1h30", "1.5 hours" as minutes; `None` if it is no length
/// or outside [`LENGTH_MIN_MINUTES`] to [`LENGTH_MAX_MINUTES`]. A number alone is hours up to 12,
/// else minutes.
pub fn parse_length(text: &str) -> Option<u32> {
    let text = text
        .trim()
        .to_lowercase()
        .replace(',', ".")
        .replace(' ', "");
    let minutes = match text.split_once(':') {
        Some((hours, minutes)) => clock_minutes(hours, minutes)?,
        None => unit_minutes(&text)?,
    };
    let limits = f64::from(LENGTH_MIN_MINUTES)..=f64::from(LENGTH_MAX_MINUTES);
    let whole = minutes.fract() == 0.0 && limits.contains(&minutes);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and between the limits"
    )]
    whole.then_some(minutes as u32)
}

fn clock_minutes(hours: &str, minutes: &str) -> Option<f64> {
    let minutes = whole(minutes).filter(|count| minutes.len() == 2 && *count < 60.0)?;
    Some(whole(hours)? * 60.0 + minutes)
}

fn unit_minutes(text: &str) -> Option<f64> {
    let (number, rest) = split(text, |c| c.is_ascii_digit() || c == '.');
    let (unit, rest) = split(rest, char::is_alphabetic);
    let (minutes, minute_unit) = split(rest, |c| c.is_ascii_digit());
    let number: f64 = number.parse().ok()?;
    match (unit, minutes, minute_unit) {
        ("", "", "") if number <= BARE_HOURS_MAX => Some(number * 60.0),
        ("", "", "") => Some(number),
        (unit, "", "") if is_minute(unit) => Some(number),
        (unit, "", "") if is_hour(unit) => Some(number * 60.0),
        (unit, minutes, last) if is_hour(unit) && (last.is_empty() || is_minute(last)) => {
            Some(number * 60.0 + whole(minutes).filter(|count| *count < 60.0)?)
        }
        _ => None,
    }
}

fn is_minute(unit: &str) -> bool {
    matches!(unit, "m" | "min" | "mins" | "minute" | "minutes")
}

fn is_hour(unit: &str) -> bool {
    matches!(unit, "h" | "hr" | "hrs" | "hour" | "hours")
}

/// The beginning of a text that is of one kind, and the rest.
fn split(text: &str, kind: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !kind(c)).unwrap_or(text.len()))
}

fn whole(digits: &str) -> Option<f64> {
    let digits_only = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| digits_only)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_are_read_as_people_type_them() {
        for (text, minutes) in [
            ("2h", 120),
            ("2", 120),
            ("90", 90),
            ("90 min", 90),
            ("1:30", 90),
            ("1h30", 90),
            ("1h30m", 90),
            ("1 hour 30 minutes", 90),
            ("1.5h", 90),
            ("1,5 h", 90),
            ("15m", 15),
            ("12h", 720),
            ("0:45", 45),
        ] {
            assert_eq!(parse_length(text), Some(minutes), "{text}");
        }
    }

    #[test]
    fn nonsense_and_lengths_outside_the_limits_are_refused() {
        for text in [
            "", "14m", "12:01", "13h", "-2h", "2x", "1:5", "1:75", "h", "1..5h", "2h2h", "1e9",
            "nan", "inf", "1h 99m",
        ] {
            assert_eq!(parse_length(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_lies_within_the_limits(text in "\\PC*|[0-9]{1,3}[:.hm ]{0,2}[0-9]{0,2}") {
            if let Some(minutes) = parse_length(&text) {
                prop_assert!((LENGTH_MIN_MINUTES..=LENGTH_MAX_MINUTES).contains(&minutes));
            }
        }
    }
}
