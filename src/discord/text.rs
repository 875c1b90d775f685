//! Text of people, made safe to show, and short enough.
//!
//! Pure. Invariant: what [`escape`] gives shows exactly what was typed: it neither formats, nor
//! links, nor mentions anybody.

use chrono::{DateTime, Utc};

/// Characters that mean something in Discord's markdown.
const MARKDOWN: &[char] = &[
    '\\', '*', '_', '~', '`', '|', '>', '<', '#', '-', '[', ']', '(', ')', '@', '.', '+', '=',
];
/// Joins nothing and separates what would be a mention or a link.
const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// `text` as it was typed, whatever Discord's markdown would make of it.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() * 2);
    let mut previous = '\n';
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            // An escaped @ still mentions everyone, and an escaped :// still makes a link.
            '@' => safe.extend(['@', ZERO_WIDTH_SPACE]),
            ':' if chars.peek() == Some(&'/') => safe.extend([':', ZERO_WIDTH_SPACE]),
            // A mention of a person or a channel begins with these.
            '<' => safe.extend(['\\', '<', ZERO_WIDTH_SPACE]),
            // A dot or a dash or a plus only means something in a list at the start of a line.
            '.' | '-' | '+' | '=' if !starts_list(previous) => safe.push(char),
            char if MARKDOWN.contains(&char) => safe.extend(['\\', char]),
            char => safe.push(char),
        }
        previous = char;
    }
    safe
}

fn starts_list(previous: char) -> bool {
    previous == '\n' || previous == ' ' || previous.is_ascii_digit()
}

/// How long Discord may take `text` to be: in UTF-16 units, the strictest way to count characters.
pub fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// `text`, with an ellipsis if it is longer than `max_chars` characters as [`units`] counts them.
pub fn truncate(text: &str, max_chars: usize) -> String {
    if units(text) <= max_chars {
        return text.to_owned();
    }
    let mut room = max_chars.saturating_sub(1);
    let fits = |char: &char| {
        let fits = char.len_utf16() <= room;
        room = room.saturating_sub(char.len_utf16());
        fits
    };
    let mut short: String = text.chars().take_while(fits).collect();
    // Half an escape would escape the ellipsis.
    while short.ends_with('\\') {
        short.pop();
    }
    short.push('…');
    short
}

/// A time that every reader sees in their own zone: "Friday, 27 November 2026 20:00".
pub fn long_time(at: DateTime<Utc>) -> String {
    format!("<t:{}:F>", at.timestamp())
}

/// A time as a distance that every reader sees count down: "in 5 days".
pub fn relative_time(at: DateTime<Utc>) -> String {
    format!("<t:{}:R>", at.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_shown_and_not_meant() {
        assert_eq!(escape("**bold** _it_"), r"\*\*bold\*\* \_it\_");
        assert_eq!(escape("[a](b)"), r"\[a\]\(b\)");
        assert_eq!(escape("# title"), r"\# title");
        assert_eq!(escape("1. one\n- two"), "1\\. one\n\\- two");
    }

    #[test]
    fn nobody_is_mentioned_and_nothing_is_linked() {
        for text in [
            "@everyone",
            "@here",
            "<@123>",
            "<@&5>",
            "https://evil.example",
            "<#5>",
        ] {
            let safe = escape(text);
            assert!(
                !safe.contains("@everyone") && !safe.contains("@here"),
                "{safe}"
            );
            assert!(
                !safe.contains("<@") && !safe.contains("://") && !safe.contains("<#"),
                "{safe}"
            );
        }
    }

    #[test]
    fn plain_words_stay_plain() {
        assert_eq!(
            escape("Friday night, Ana's 5v5!"),
            "Friday night, Ana's 5v5!"
        );
        assert_eq!(escape("well-known v1.5"), "well-known v1\\.5");
    }

    #[test]
    fn long_text_ends_in_an_ellipsis_and_not_in_half_an_escape() {
        assert_eq!(truncate("abcdef", 6), "abcdef");
        assert_eq!(truncate("abcdef", 4), "abc…");
        assert_eq!(truncate(r"abc\*\*", 5), "abc…");
    }
}
