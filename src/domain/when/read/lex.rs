//! Cutting a text into words, numbers, clock times and dates.
//!
//! May touch: nothing. Invariant: numbers have at most [`DIGITS_MAX`] digits, so that no sum of
//! them overflows.

use super::draft::Day;

/// Longest number that is read.
const DIGITS_MAX: usize = 6;

/// A piece of text with a meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Letters, in lower case.
    Word(String),
    /// Digits.
    Number { value: u32, digits: usize },
    /// `20:30`; padded if two digits make the hour, and so no "am" or "pm" is missing.
    Clock {
        hour: u32,
        minute: u32,
        padded: bool,
    },
    /// `20.30` or `25.12`.
    Dotted(u32, u32),
    /// A date, or with slashes the two that it may be.
    Days(Vec<Day>),
}

/// The tokens of a text; `None` if something in it has no place in a time.
pub(super) fn tokens(text: &str) -> Option<Vec<Token>> {
    let text = text.to_lowercase();
    let text = text
        .replace("a.m.", "am")
        .replace("p.m.", "pm")
        .replace("o'clock", "oclock");
    let mut tokens = Vec::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_digit() {
            let (token, length) = numeric(rest)?;
            tokens.push(token);
            length
        } else if first.is_alphabetic() {
            let word = word(rest);
            tokens.push(Token::Word(word.to_owned()));
            word.len()
        } else if first == '+' {
            tokens.push(Token::Word("in".to_owned()));
            1
        } else {
            // A dash between words only separates; before a number it would mean "ago".
            let dash = matches!(first, '-' | '–' | '—');
            let ago = dash && rest[first.len_utf8()..].starts_with(|c: char| c.is_ascii_digit());
            let separates = dash
                || first.is_whitespace()
                || matches!(first, ',' | '.' | '@' | '\'' | '(' | ')');
            (separates && !ago).then_some(first.len_utf8())?
        };
        rest = &rest[length..];
    }
    Some(tokens)
}

/// Letters; a zone's name goes on over slashes and underscores.
fn word(text: &str) -> &str {
    let end = text.char_indices().find(|(at, c)| {
        let joins = matches!(c, '/' | '_') && text[at + 1..].starts_with(char::is_alphabetic);
        !c.is_alphabetic() && !joins
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

/// Digits, with what joins them, and the bytes they take.
fn numeric(text: &str) -> Option<(Token, usize)> {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let joins = |at: usize| matches!(bytes[at], b':' | b'.' | b'/' | b'-') && is_digit(at + 1);
    let end = (0..bytes.len())
        .find(|&at| !is_digit(at) && !joins(at))
        .unwrap_or(bytes.len());
    let dot = bytes.get(end) == Some(&b'.');
    let number = &text[..end];
    let mut marks: Vec<_> = number.chars().filter(|c| !c.is_ascii_digit()).collect();
    marks.dedup();
    let parts: Vec<_> = number.split(|c: char| !c.is_ascii_digit()).collect();
    if parts.iter().any(|part| part.len() > DIGITS_MAX) {
        return None;
    }
    let values: Vec<u32> = parts
        .iter()
        .map(|part| part.parse())
        .collect::<Result<_, _>>()
        .ok()?;
    let digits = parts[0].len();
    let token = match (&marks[..], &values[..]) {
        ([], [value]) => Token::Number {
            value: *value,
            digits,
        },
        ([':'], [hour, minute] | [hour, minute, _])
            if parts[1..].iter().all(|part| part.len() == 2) =>
        {
            Token::Clock {
                hour: *hour,
                minute: *minute,
                padded: digits == 2,
            }
        }
        ([_], [year, month, day]) if digits == 4 => {
            Token::Days(vec![Day::full(*year, *month, *day)?])
        }
        (['.' | '-'], [day, month, year]) => {
            Token::Days(vec![Day::full(century(*year), *month, *day)?])
        }
        (['.'], [day, month]) if dot => Token::Days(vec![Day::yearless(*month, *day)?]),
        (['.'], [first, second]) => Token::Dotted(*first, *second),
        (['/'], [first, second]) => either(
            Day::yearless(*first, *second),
            Day::yearless(*second, *first),
        )?,
        (['/'], [first, second, year]) => {
            let year = century(*year);
            either(
                Day::full(year, *first, *second),
                Day::full(year, *second, *first),
            )?
        }
        _ => return None,
    };
    Some((token, end + usize::from(dot)))
}

/// With slashes, some put the month first and some the day.
fn either(month_first: Option<Day>, day_first: Option<Day>) -> Option<Token> {
    let mut days: Vec<_> = month_first.into_iter().chain(day_first).collect();
    days.dedup();
    (!days.is_empty()).then_some(Token::Days(days))
}

fn century(year: u32) -> u32 {
    if year < 100 { 2_000 + year } else { year }
}
