//! Text that people typed, made fit to be kept and shown.
//!
//! May touch: nothing. Invariant: what [`clean`] returns holds no control characters but the
//! newlines that were allowed, nothing invisible and nothing that turns the reading direction.
//!
//! Escaping of markdown and mentions belongs to showing, not to keeping: see `discord`.

mod visible;

pub use visible::visible;
pub(super) use visible::{is_invisible, is_mark};

/// Lines that a text of several keeps; what follows goes on in the last one. More would push everything else
/// off the screen.
pub const LINES_MAX: usize = 30;

/// How many lines a text may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// One line: newlines become spaces.
    OneLine,
    /// Several: [`LINES_MAX`] are kept, and one blank line in a row.
    Many,
}

/// Why a text cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextError {
    /// Longer than allowed, by this many characters.
    TooLong {
        /// Characters too many.
        over: usize,
    },
}

/// A short number that tells one text from another (FNV-1a). For comparing what a form showed with what
/// it comes back with, not for secrets.
pub fn fingerprint(text: &str) -> u32 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().fold(0x811c_9dc5, step)
}

/// Trims, normalises newlines and spaces, drops what cannot be seen, and refuses what then has
/// more than `max_chars` characters. Nothing typed is fine, and comes back empty, and so does what holds nothing
/// but characters that cannot be seen.
pub fn clean(text: &str, max_chars: usize, lines: Lines) -> Result<String, TextError> {
    let text = text.replace("\r\n", "\n");
    let kept = match lines {
        Lines::OneLine => one_line(&text),
        Lines::Many => many_lines(&text),
    };
    match kept.chars().count().checked_sub(max_chars) {
        None | Some(0) => Ok(kept),
        Some(over) => Err(TextError::TooLong { over }),
    }
}

fn one_line(text: &str) -> String {
    let visible = visible(text);
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn many_lines(text: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    for line in text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
        let line = visible(line).trim_end().to_owned();
        let blank_again = line.is_empty() && kept.last().is_none_or(String::is_empty);
        if !blank_again {
            kept.push(line);
        }
    }
    // Blank lines at the beginning were none, and those at the end do not count.
    if kept.last().is_some_and(String::is_empty) {
        kept.pop();
    }
    if kept.len() > LINES_MAX {
        let rest = kept.split_off(LINES_MAX - 1);
        let rest: Vec<_> = rest.into_iter().filter(|line| !line.is_empty()).collect();
        kept.push(rest.join(" "));
    }
    kept.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::visible::MARKS_MAX;
    use super::*;

    fn one(text: &str) -> String {
        clean(text, 100, Lines::OneLine).expect("short enough")
    }

    fn many(text: &str) -> String {
        clean(text, 100, Lines::Many).expect("short enough")
    }

    #[test]
    fn edges_are_trimmed_and_one_line_stays_one_line() {
        assert_eq!(one("  scrim\r\nnight\t \u{a0}here "), "scrim night here");
        assert_eq!(one(" \n "), "");
    }

    #[test]
    fn newlines_are_kept_where_allowed_but_not_piled_up() {
        assert_eq!(many("a\r\nb \r\r\r\n\n\nc\n"), "a\nb\n\nc");
        assert_eq!(many("a\u{2028}b"), "a\nb");
    }

    #[test]
    fn lines_beyond_the_limit_go_on_in_the_last_one() {
        let tall = clean(&"a\n".repeat(400), 1_000, Lines::Many).expect("short enough");
        assert_eq!(tall.lines().count(), LINES_MAX);
        assert_eq!(tall.matches('a').count(), 400);
        assert!(tall.ends_with("a a a"), "{tall:?}");
        let blank = clean(&"a\n\n\n".repeat(100), 1_000, Lines::Many).expect("short enough");
        assert_eq!(blank.lines().count(), LINES_MAX);
        let whole = "a\n".repeat(LINES_MAX);
        assert_eq!(clean(&whole, 100, Lines::Many).as_deref(), Ok(whole.trim()));
    }

    #[test]
    fn controls_and_invisible_characters_vanish() {
        assert_eq!(one("a\u{0}b\u{1b}[31m\u{7f}c"), "ab[31mc");
        assert_eq!(
            one("pay\u{202e}pal \u{2066}x\u{2069}\u{200b}\u{feff}\u{3164}"),
            "paypal x"
        );
        assert_eq!(one("\u{200d}\u{200d}\u{200b}"), "");
    }

    #[test]
    fn emoji_families_and_persian_keep_their_joiners() {
        assert_eq!(one("👨‍👩‍👧 ❤️"), "👨‍👩‍👧 ❤️");
        assert_eq!(one("می‌خواهم"), "می‌خواهم");
    }

    #[test]
    fn smeared_text_loses_the_smear() {
        let smeared = format!("z{}a", "\u{301}".repeat(50));
        assert_eq!(one(&smeared).chars().count(), 2 + MARKS_MAX);
        assert_eq!(one("สวัสดีค่ะ"), "สวัสดีค่ะ");
    }

    #[test]
    fn text_without_anything_to_see_is_empty() {
        for typed in [
            "\u{200B}\u{2060}\u{FEFF}",
            "\u{3164} \u{2800}\n\u{115F}",
            "\u{FE0F}\u{FE0F}",
            "\u{200D} \u{200C}",
            "\u{E0041}\u{E007F}",
            "\u{301}\u{20DD}",
            "\u{2028}\u{2029}\u{3000}",
            "\u{202E}\u{2066}\u{AD}\u{34F}\u{FFFC}\u{E000}\u{378}",
        ] {
            assert_eq!(one(typed), "", "{typed:?}");
            assert_eq!(many(typed), "", "{typed:?}");
        }
    }

    #[test]
    fn too_long_says_by_how_much() {
        assert_eq!(clean("ééééé", 5, Lines::OneLine), Ok("ééééé".into()));
        let over = TextError::TooLong { over: 3_900 };
        assert_eq!(clean(&"x".repeat(4_000), 100, Lines::Many), Err(over));
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing_more(text in any::<String>()) {
            for lines in [Lines::OneLine, Lines::Many] {
                let once = clean(&text, usize::MAX, lines).expect("no limit");
                prop_assert!(!once.chars().any(|c| is_invisible(c) || (c.is_control() && c != '\n')));
                prop_assert_eq!(clean(&once, usize::MAX, lines), Ok(once));
            }
        }
    }
}
