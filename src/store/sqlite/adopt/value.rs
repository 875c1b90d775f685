//! What an old table holds in a column, and what it means.
//!
//! Pure. Invariant: nothing that a file can hold makes these functions panic; what a value does
//! not mean beyond doubt is told apart from what it does.
//!
//! The old tables take anything anywhere: numbers stored as text, texts where numbers belong,
//! blobs, JSON that was cut off.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use rusqlite::types::ValueRef;
use serde_json::Value as Json;

use crate::domain::ladder::Scale;
use crate::domain::mode::Mode;
use crate::domain::rank::{Rank, RankError, Tier};
use crate::domain::role::{Role, Roles};
use crate::domain::session::Status;
use crate::domain::text::{Lines, clean};
use crate::domain::zone;

/// The last second of the year 9999, in Unix seconds: later times are no times of sessions.
const TIME_MAX_S: i64 = 253_402_300_799;
/// Numbers from here on are Unix milliseconds, not seconds; as seconds they are after the year 5000.
const MILLISECONDS_FROM: i64 = 100_000_000_000;
/// Whole numbers up to this are exact in a floating point number.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
/// The division of a rank that does not tell one: the lowest, which claims the least.
const DIVISION_UNKNOWN: u8 = 5;
/// Seconds are optional, and so are fractions of them and the space before an offset.
const WITH_OFFSET: [&str; 2] = ["%Y-%m-%d %H:%M:%S%.f %#z", "%Y-%m-%d %H:%M %#z"];
const WITHOUT_OFFSET: [&str; 2] = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];

/// A value as it stands in an old table.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Old {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    /// A blob, or text that is not UTF-8.
    Bytes(Vec<u8>),
}

/// What a value means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning<T> {
    /// Exactly this.
    Plain(T),
    /// Something was lost or guessed.
    Guess(T),
}

impl<T> Meaning<T> {
    fn plain_if(plain: bool, value: T) -> Self {
        if plain {
            Self::Plain(value)
        } else {
            Self::Guess(value)
        }
    }
}

/// What a pair of columns says about a rank.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum OldRank {
    /// There is none.
    Undeclared,
    /// This one, or one that was made of a tier without a division.
    Declared(Meaning<Rank>),
    /// Something that is no rank.
    Unreadable,
}

impl From<ValueRef<'_>> for Old {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(value) => Self::Integer(value),
            ValueRef::Real(value) => Self::Real(value),
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Self::Text(text.to_owned()),
                Err(_) => Self::Bytes(bytes.to_vec()),
            },
            ValueRef::Blob(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }
}

impl Old {
    /// As it is written in a report: bytes as SQL writes them, `x'00ff'`.
    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Integer(value) => (*value).into(),
            Self::Real(value) => (*value).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Bytes(bytes) => {
                let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
                format!("x'{}'", digits.collect::<String>()).into()
            }
        }
    }

    /// Whether nothing stands there: NULL or blank text.
    pub(super) fn is_blank(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// A whole number, however it is stored.
    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            Self::Real(value) => whole(*value),
            Self::Text(text) => {
                let text = text.trim();
                text.parse()
                    .ok()
                    .or_else(|| whole(text.parse::<f64>().ok()?))
            }
            Self::Null | Self::Bytes(_) => None,
        }
    }

    /// An id that Discord may have given.
    pub(super) fn id(&self) -> Option<i64> {
        self.integer().filter(|id| *id != 0)
    }

    /// Yes or no; nothing is no.
    pub(super) fn flag(&self) -> Meaning<bool> {
        if self.is_blank() {
            return Meaning::Plain(false);
        }
        if let Some(number) = self.integer() {
            return Meaning::Plain(number != 0);
        }
        match self.text().trim().to_lowercase().as_str() {
            "true" | "yes" | "y" | "on" | "t" => Meaning::Plain(true),
            "false" | "no" | "n" | "off" | "f" => Meaning::Plain(false),
            _ => Meaning::Guess(false),
        }
    }

    /// The characters; of bytes, what is legible of them.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Integer(value) => value.to_string(),
            Self::Real(value) => value.to_string(),
            Self::Text(text) => text.clone(),
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    /// The characters, fit to be kept: without what cannot be seen, and cut after `max_chars`.
    pub(super) fn clean(&self, max_chars: usize, lines: Lines) -> Meaning<String> {
        let text = self.text();
        let whole = clean(&text, usize::MAX, lines).expect("no text is that long");
        let shown = match whole.char_indices().nth(max_chars) {
            None => whole,
            Some(_) => whole
                .chars()
                .take(max_chars.saturating_sub(1))
                .chain(['…'])
                .collect(),
        };
        // White space at the ends and at the ends of lines is no loss.
        let same = text.split_whitespace().eq(shown.split_whitespace());
        let legible = !matches!(self, Self::Bytes(_));
        Meaning::plain_if(same && legible, shown)
    }

    /// A time, in Unix seconds. Without an offset it is UTC.
    pub(super) fn time(&self) -> Option<i64> {
        let seconds = match self {
            Self::Text(text) => match text.trim().parse::<f64>() {
                Ok(number) => of_number(number)?,
                Err(_) => of_text(text)?,
            },
            Self::Integer(number) if *number >= MILLISECONDS_FROM => number / 1000,
            Self::Integer(number) => *number,
            Self::Real(number) => of_number(*number)?,
            Self::Null | Self::Bytes(_) => return None,
        };
        (0..=TIME_MAX_S).contains(&seconds).then_some(seconds)
    }

    /// A time zone.
    pub(super) fn zone(&self) -> Option<Tz> {
        let text = self.text();
        text.parse().ok().or_else(|| zone::parse(&text))
    }

    /// A list of roles.
    pub(super) fn roles(&self) -> Meaning<Roles> {
        let (words, mut plain) = self.list();
        let mut roles = Roles::EMPTY;
        for word in words {
            match Role::parse(&word) {
                Some(role) => _ = roles.insert(role),
                None => plain = false,
            }
        }
        Meaning::plain_if(plain, roles)
    }

    /// A list of numbers.
    pub(super) fn ids(&self) -> Meaning<Vec<i64>> {
        let (words, mut plain) = self.list();
        let mut ids = Vec::new();
        for word in words {
            match Self::Text(word).integer() {
                Some(id) => ids.push(id),
                None => plain = false,
            }
        }
        Meaning::plain_if(plain, ids)
    }

    /// The mode; what names none is the one that it is most like.
    pub(super) fn mode(&self) -> Meaning<Mode> {
        let text = self.text();
        if let Some(mode) = Mode::parse(&text) {
            return Meaning::Plain(mode);
        }
        let text = text.to_lowercase();
        let like = match &text {
            text if text.contains("stadium") => "Stadium",
            text if text.contains('6') || text.contains("open") => "6v6",
            _ => "5v5",
        };
        Meaning::Guess(Mode::parse(like).expect("the families' defaults are modes"))
    }

    /// The status; what is none is closed, so that nobody joins by mistake.
    pub(super) fn status(&self) -> Meaning<Status> {
        let word = self.text().trim().to_uppercase();
        match Status::parse(&word) {
            Some(status) => Meaning::Plain(status),
            None if word.starts_with("CANCEL") => Meaning::Plain(Status::Cancelled),
            None if word.starts_with("COMPLETE") => Meaning::Plain(Status::Completed),
            None => Meaning::Guess(Status::Closed),
        }
    }

    /// The rank that this, a tier, and `division` say.
    pub(super) fn rank(&self, division: &Self) -> OldRank {
        if self.is_blank() {
            // A division of nothing says nothing, but something stood there.
            return match division.is_blank() || division.integer() == Some(0) {
                true => OldRank::Undeclared,
                false => OldRank::Unreadable,
            };
        }
        let tier = match Rank::parse(Scale::Competitive, &self.text()) {
            Ok(None) => return OldRank::Undeclared,
            // "Diamond 3" in one column.
            Ok(Some(rank)) if division.is_blank() => {
                return OldRank::Declared(Meaning::Plain(rank));
            }
            Ok(Some(rank)) => rank.tier(),
            Err(RankError::NoDivision { tier } | RankError::BadDivision { tier }) => tier,
            Err(_) => return OldRank::Unreadable,
        };
        let told = division
            .integer()
            .and_then(|number| u8::try_from(number).ok());
        match told.and_then(|division| rank(tier, division)) {
            Some(rank) => OldRank::Declared(Meaning::Plain(rank)),
            None => OldRank::Declared(Meaning::Guess(
                rank(tier, DIVISION_UNKNOWN).expect("every tier has it"),
            )),
        }
    }

    /// The elements of a JSON list as words, and whether it was one. Of what is no JSON any more,
    /// the words in it.
    fn list(&self) -> (Vec<String>, bool) {
        if self.is_blank() {
            return (Vec::new(), true);
        }
        let text = self.text();
        match serde_json::from_str(&text) {
            Ok(Json::Array(elements)) => words(&elements),
            Ok(Json::Null) => (Vec::new(), true),
            Ok(one @ (Json::String(_) | Json::Number(_))) => words(&[one]),
            _ => {
                let separate = |c: char| !(c.is_alphanumeric() || c == '-');
                let words = text.split(separate).filter(|word| !word.is_empty());
                (words.map(str::to_owned).collect(), false)
            }
        }
    }
}

fn words(elements: &[Json]) -> (Vec<String>, bool) {
    let words: Vec<_> = elements
        .iter()
        .filter_map(|element| match element {
            Json::String(word) => Some(word.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .collect();
    let plain = words.len() == elements.len();
    (words, plain)
}

fn rank(tier: Tier, division: u8) -> Option<Rank> {
    Rank::new(tier.scale(), tier.word(), division)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "only whole numbers of at most 53 bits are cast"
)]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() <= EXACT_MAX).then_some(number as i64)
}

fn of_number(number: f64) -> Option<i64> {
    Old::Integer(whole(number.floor())?).time()
}

fn of_text(text: &str) -> Option<i64> {
    let text = text.trim();
    let text = match text.to_ascii_uppercase() {
        upper if upper.ends_with("UTC") || upper.ends_with("GMT") => text.get(..text.len() - 3)?,
        upper if upper.ends_with('Z') => text.get(..text.len() - 1)?,
        _ => text,
    };
    let text = text.trim_end().replacen(['T', 't'], " ", 1);
    let naive = WITHOUT_OFFSET
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(&text, format).ok());
    if let Some(time) = naive {
        return Some(time.and_utc().timestamp());
    }
    let zoned = WITH_OFFSET
        .iter()
        .find_map(|format| DateTime::parse_from_str(&text, format).ok());
    if let Some(time) = zoned {
        return Some(time.timestamp());
    }
    let date = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?;
    Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Old {
        Old::Text(text.into())
    }

    #[test]
    fn times_of_every_old_form_are_read_and_those_without_offset_are_utc() {
        const EIGHT_PM: i64 = 1_767_988_800;
        for form in [
            "2026-01-09T20:00:00+00:00",
            "2026-01-09 20:00:00",
            "2026-01-09T20:00:00",
            "2026-01-09T20:00:00Z",
            "2026-01-09t20:00:00z",
            "2026-01-09T20:00:00.123456",
            "2026-01-09 20:00:00.5+00:00",
            "2026-01-09T21:00:00+01:00",
            "2026-01-09T15:00:00-0500",
            "2026-01-09T20:00",
            "2026-01-09 20:00:00 UTC",
            "2026-01-09 21:00:00 +01:00",
            " 2026-01-09 20:00:00 ",
            "1767988800",
            "1767988800.75",
            "1767988800000",
        ] {
            assert_eq!(text(form).time(), Some(EIGHT_PM), "{form}");
        }
        assert_eq!(Old::Integer(EIGHT_PM).time(), Some(EIGHT_PM));
        assert_eq!(Old::Integer(EIGHT_PM * 1000).time(), Some(EIGHT_PM));
        assert_eq!(Old::Real(1_767_988_800.5).time(), Some(EIGHT_PM));
        assert_eq!(text("2026-01-09").time(), Some(EIGHT_PM - 20 * 3600));
        for none in [
            "",
            "soon",
            "2026-13-01 00:00:00",
            "-5",
            "NaN",
            "inf",
            "1e300",
            "TZ",
            "é",
        ] {
            assert_eq!(text(none).time(), None, "{none}");
        }
    }

    #[test]
    fn ranks_are_read_in_any_case_and_from_either_column() {
        let declared = |tier: &str, division: Old| match text(tier).rank(&division) {
            OldRank::Declared(Meaning::Plain(rank)) => rank.to_string(),
            OldRank::Declared(Meaning::Guess(rank)) => format!("about {rank}"),
            other => format!("{other:?}"),
        };
        assert_eq!(declared("diamond", Old::Integer(3)), "Diamond 3");
        assert_eq!(declared("MASTERS", text("1")), "Master 1");
        assert_eq!(declared("gm", Old::Real(2.0)), "Grandmaster 2");
        assert_eq!(declared("Diamond 3", Old::Null), "Diamond 3");
        assert_eq!(declared("Diamond 3", Old::Integer(2)), "Diamond 2");
        assert_eq!(declared("Champion", Old::Null), "about Champion 5");
        assert_eq!(declared("Gold", Old::Integer(9)), "about Gold 5");
        assert_eq!(declared("Unranked", Old::Null), "Undeclared");
        assert_eq!(declared("", Old::Null), "Undeclared");
        assert_eq!(declared("Wood", Old::Integer(1)), "Unreadable");
        assert_eq!(declared("", Old::Integer(4)), "Unreadable");
    }

    #[test]
    fn lists_are_read_whether_ids_are_words_or_numbers_and_even_when_cut_off() {
        assert_eq!(text(r#"["12", 7]"#).ids(), Meaning::Plain(vec![12, 7]));
        assert_eq!(text("[12, 7").ids(), Meaning::Guess(vec![12, 7]));
        assert_eq!(Old::Integer(5).ids(), Meaning::Plain(vec![5]));
        assert_eq!(Old::Null.ids(), Meaning::Plain(vec![]));
        let roles: Roles = [Role::Tank, Role::Damage].into_iter().collect();
        assert_eq!(text(r#"["dps","Tank"]"#).roles(), Meaning::Plain(roles));
        assert_eq!(text("['dps', 'tank']").roles(), Meaning::Guess(roles));
        assert_eq!(
            text(r#"["dps","tank","jungler"]"#).roles(),
            Meaning::Guess(roles)
        );
        assert_eq!(text("{}").roles(), Meaning::Guess(Roles::EMPTY));
    }

    #[test]
    fn text_keeps_emoji_and_loses_what_cannot_be_seen() {
        let clean = |old: &Old| old.clean(10, Lines::OneLine);
        assert_eq!(clean(&text(" 🐸👨‍👩‍👧 ")), Meaning::Plain("🐸👨‍👩‍👧".into()));
        assert_eq!(clean(&text("a\0b")), Meaning::Guess("ab".into()));
        assert_eq!(
            clean(&text("0123456789")),
            Meaning::Plain("0123456789".into())
        );
        assert_eq!(
            clean(&text("01234567890")),
            Meaning::Guess("012345678…".into())
        );
        assert_eq!(clean(&Old::Integer(7)), Meaning::Plain("7".into()));
        assert_eq!(
            clean(&Old::Bytes(b"ok\xff".into())),
            Meaning::Guess("ok\u{fffd}".into())
        );
    }

    #[test]
    fn words_for_modes_and_statuses_are_understood_or_guessed() {
        assert!(matches!(text("stadium").mode(), Meaning::Plain(mode) if mode.id() == "Stadium"));
        assert!(matches!(text("6v6 open").mode(), Meaning::Guess(mode) if mode.id() == "6v6"));
        assert!(matches!(Old::Null.mode(), Meaning::Guess(mode) if mode.id() == "5v5"));
        assert_eq!(text("open").status(), Meaning::Plain(Status::Open));
        assert_eq!(text("canceled").status(), Meaning::Plain(Status::Cancelled));
        assert_eq!(Old::Integer(3).status(), Meaning::Guess(Status::Closed));
    }

    fn anything() -> impl Strategy<Value = Old> {
        prop_oneof![
            Just(Old::Null),
            any::<i64>().prop_map(Old::Integer),
            any::<f64>().prop_map(Old::Real),
            any::<String>().prop_map(Old::Text),
            "[-+0-9TZ:. \\[\\]\"{}a-z]{0,30}".prop_map(Old::Text),
            any::<Vec<u8>>().prop_map(Old::Bytes),
        ]
    }

    proptest! {
        #[test]
        fn nothing_panics_and_every_time_is_in_range(old in anything(), other in anything()) {
            if let Some(seconds) = old.time() {
                prop_assert!((0..=TIME_MAX_S).contains(&seconds));
            }
            let _ = (old.integer(), old.id(), old.flag(), old.zone(), old.roles(), old.ids());
            let _ = (old.mode(), old.status(), old.rank(&other), old.to_json());
            let (Meaning::Plain(kept) | Meaning::Guess(kept)) = old.clean(20, Lines::Many);
            prop_assert!(kept.chars().count() <= 20);
        }
    }
}
