//! BattleTags: how a player is found in the game, such as `Name#1234`.
//!
//! May touch: nothing. Invariant: a [`BattleTag`] is one word of visible letters and digits, so it
//! can be shown anywhere without surprise.
//!
//! The game's rule for names (3 to 12 letters of any script and digits, no digit first) is certain;
//! the number's length is custom, so only its least length is held to.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

use super::text::{is_invisible, is_mark};

/// Shortest name, in characters.
pub const NAME_MIN_CHARS: usize = 3;
/// Longest name, in characters.
pub const NAME_MAX_CHARS: usize = 12;
/// Fewest digits of the number.
pub const NUMBER_MIN_DIGITS: usize = 4;
/// Most digits of the number: twice what has been seen, so that it stays a number.
pub const NUMBER_MAX_DIGITS: usize = 16;
/// Most marks on one letter that don't count as characters of their own.
const MARKS_MAX: usize = 2;

/// A well-formed BattleTag, written as its owner typed it. Equal whatever the case.
#[derive(Clone, Debug)]
pub struct BattleTag(String);

/// Why a text is no BattleTag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BattleTagError {
    /// Nothing was typed.
    Empty,
    /// There is no `#`, and so no number.
    NoNumber,
    /// The name has fewer than [`NAME_MIN_CHARS`].
    NameTooShort {
        /// How many it has.
        chars: usize,
    },
    /// The name has more than [`NAME_MAX_CHARS`].
    NameTooLong {
        /// How many it has.
        chars: usize,
    },
    /// The name starts with a digit.
    StartsWithDigit,
    /// The name holds something that is neither letter nor digit.
    BadCharacter {
        /// The first such character; it may be invisible.
        character: char,
    },
    /// What follows the `#` is not [`NUMBER_MIN_DIGITS`] to [`NUMBER_MAX_DIGITS`] digits.
    BadNumber,
}

impl BattleTag {
    /// Reads a BattleTag; white space around it is forgiven.
    pub fn parse(text: &str) -> Result<Self, BattleTagError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(BattleTagError::Empty);
        }
        let (name, number) = text.rsplit_once('#').ok_or(BattleTagError::NoNumber)?;
        check_name(name)?;
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !(NUMBER_MIN_DIGITS..=NUMBER_MAX_DIGITS).contains(&number.len()) {
            return Err(BattleTagError::BadNumber);
        }
        Ok(Self(text.to_owned()))
    }

    /// As typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `#`.
    pub fn name(&self) -> &str {
        self.0.split('#').next().unwrap_or_default()
    }

    /// The same for every way to write the same BattleTag, in any case and with letters and their
    /// marks apart or in one: what duplicates are found by.
    pub fn key(&self) -> String {
        self.0.nfc().flat_map(char::to_lowercase).nfc().collect()
    }
}

impl PartialEq for BattleTag {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for BattleTag {}

impl fmt::Display for BattleTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn check_name(name: &str) -> Result<(), BattleTagError> {
    let (mut chars, mut marks) = (0, 0);
    for character in name.chars() {
        if chars > 0 && marks < MARKS_MAX && is_mark(character) {
            marks += 1;
        } else if is_letter(character) || character.is_ascii_digit() {
            (chars, marks) = (chars + 1, 0);
        } else {
            return Err(BattleTagError::BadCharacter { character });
        }
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        Err(BattleTagError::StartsWithDigit)
    } else if chars < NAME_MIN_CHARS {
        Err(BattleTagError::NameTooShort { chars })
    } else if chars > NAME_MAX_CHARS {
        Err(BattleTagError::NameTooLong { chars })
    } else {
        Ok(())
    }
}

/// A letter of any script. Circled and squared letters count as alphabetic, yet are symbols.
fn is_letter(c: char) -> bool {
    let symbol = matches!(c, '\u{24B6}'..='\u{24E9}' | '\u{1F100}'..='\u{1FAFF}');
    c.is_alphabetic() && !symbol && !is_invisible(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use BattleTagError::{
        BadCharacter, BadNumber, Empty, NameTooLong, NameTooShort, NoNumber, StartsWithDigit,
    };

    fn error(text: &str) -> BattleTagError {
        BattleTag::parse(text).expect_err(text)
    }

    #[test]
    fn names_of_every_script_are_taken() {
        for text in [
            "Ana#1234",
            "Zoë#12345",
            "Łukasz#1234",
            "Трейсер#21345",
            "Ξένος#1234",
            "겐지장인#31234",
            "源氏之刃#5123",
            "ゲンジ#1234",
            "げんじ#1234",
            "جنجي#1234",
            "גנג׳י#1234".replace('׳', "").as_str(),
            "สวัสดี#1234",
            "น้ำแข็ง#1234",
            "नमस्ते#1234",
            "ఆంధ్ర#1234",
            "ქართული#1234",
            "Հայկ#1234",
            "D4rk99#1234",
            "Zoe\u{308}x#1234",
            "ábcdefghijkl#1234",
        ] {
            assert!(
                BattleTag::parse(text).is_ok(),
                "{text}: {:?}",
                BattleTag::parse(text)
            );
        }
    }

    #[test]
    fn each_fault_is_named() {
        assert_eq!(error("  "), Empty);
        assert_eq!(error("Tracer"), NoNumber);
        assert_eq!(error("Al#1234"), NameTooShort { chars: 2 });
        assert_eq!(error("#1234"), NameTooShort { chars: 0 });
        assert_eq!(error("Abcdefghijklm#1234"), NameTooLong { chars: 13 });
        assert_eq!(error("4ever#1234"), StartsWithDigit);
        for number in [
            "",
            "123",
            "12a4",
            "-1234",
            "١٢٣٤",
            " 1234",
            "12345678901234567",
        ] {
            assert_eq!(error(&format!("Tracer#{number}")), BadNumber, "{number}");
        }
    }

    #[test]
    fn symbols_spaces_and_invisible_characters_are_refused() {
        for character in [
            ' ',
            '_',
            '-',
            '.',
            '#',
            '@',
            '`',
            '*',
            '<',
            '½',
            '①',
            'Ⓐ',
            '🅰',
            '😀',
            '👍',
            '\u{fe0f}',
            '\0',
            '\n',
            '\u{1b}',
            '\u{7f}',
            '\u{ad}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{202e}',
            '\u{2066}',
            '\u{feff}',
            '\u{3164}',
            '\u{115f}',
            '\u{ffa0}',
            '\u{e0041}',
            '\u{fffd}',
        ] {
            let found = error(&format!("Tra{character}cer#1234"));
            assert_eq!(found, BadCharacter { character }, "{character:?}");
        }
    }

    #[test]
    fn marks_need_a_letter_and_cannot_pile_up() {
        assert_eq!(
            error("\u{301}abc#1234"),
            BadCharacter {
                character: '\u{301}'
            }
        );
        let smeared = format!("abc{}#1234", "\u{301}".repeat(3));
        assert_eq!(
            error(&smeared),
            BadCharacter {
                character: '\u{301}'
            }
        );
    }

    #[test]
    fn case_is_kept_and_makes_no_difference() {
        let tag = BattleTag::parse(" TrAcer#1234 ").expect("well-formed");
        assert_eq!((tag.as_str(), tag.name()), ("TrAcer#1234", "TrAcer"));
        assert_eq!(tag, BattleTag::parse("tracer#1234").expect("well-formed"));
        assert_ne!(tag, BattleTag::parse("tracer#12345").expect("well-formed"));
    }

    #[test]
    fn marks_apart_from_their_letter_make_no_difference() {
        let [one, two] = ["Zo\u{eb}x#1234", "ZOE\u{308}X#1234"].map(BattleTag::parse);
        assert_eq!(one.expect("well-formed"), two.expect("well-formed"));
    }

    proptest! {
        #[test]
        fn what_is_taken_is_short_and_visible(text in "\\PC{0,16}#?[0-9]{0,9}|[\\pL\\pM\\pN]{3,12}#[0-9]{4,6}") {
            if let Ok(tag) = BattleTag::parse(&text) {
                prop_assert!(!tag.as_str().chars().any(|c| c.is_control() || c.is_whitespace() || is_invisible(c)));
                prop_assert_eq!(BattleTag::parse(tag.as_str()), Ok(tag));
            }
        }
    }
}
