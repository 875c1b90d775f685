//! Which characters of a text are kept: those that a reader sees, and those that shape them.
//!
//! May touch: nothing. Invariant: what [`visible`] returns has no character that shows nothing by itself or
//! turns the reading direction, no run of more than [`MARKS_MAX`] marks, and does not change when it is passed
//! through again.
//!
//! Categories are those of Unicode 18, from the crate `unicode-properties`. Code points without a character are
//! dropped except in the blocks of emoji, where newer clients may know one.

use unicode_properties::{GeneralCategory as Category, UnicodeEmoji, UnicodeGeneralCategory};

/// Longest run of combining marks on one letter; more only smears over the lines around. Biblical Hebrew and
/// Tibetan use four.
pub(super) const MARKS_MAX: usize = 4;

const JOINER: char = '\u{200D}';
const NON_JOINER: char = '\u{200C}';
const BLACK_FLAG: char = '\u{1F3F4}';
/// What follows a black flag in the flags of England, Scotland and Wales, as ASCII letters.
const FLAGS_OF_TAGS: [&str; 3] = ["gbeng", "gbsct", "gbwls"];
/// Where the tag characters begin, which stand for ASCII.
const TAG_BASE: u32 = 0xE0000;
const CANCEL_TAG: char = '\u{E007F}';

/// The text without what cannot be seen. Newlines stay; other white space becomes a space. Joiners and variation
/// selectors stay where a script or an emoji needs them.
pub fn visible(text: &str) -> String {
    let candidates: Vec<char> = text
        .chars()
        .map(|c| {
            if c.is_whitespace() && c != '\n' {
                ' '
            } else {
                c
            }
        })
        .filter(|c| *c == '\n' || !(c.is_control() || is_invisible(*c)))
        .collect();
    let mut kept = String::with_capacity(text.len());
    let mut marks = 0;
    let mut rest = &candidates[..];
    while let Some((&c, after)) = rest.split_first() {
        rest = after;
        let last = kept
            .chars()
            .next_back()
            .filter(|last| !last.is_whitespace());
        if c == BLACK_FLAG {
            let tags = flag_tags(after);
            kept.push(c);
            kept.extend(&after[..tags]);
            rest = &after[tags..];
            marks = 0;
        } else if is_tag(c) {
            // Not part of a flag.
        } else if is_selector(c) {
            if last.is_some_and(takes_selector) {
                kept.push(c);
            }
        } else if is_joiner(c) {
            if last.is_some_and(|last| joins(last, c, after.first().copied())) {
                kept.push(c);
            }
        } else if is_mark(c) {
            if last.is_some() && marks < MARKS_MAX {
                kept.push(c);
                marks += 1;
            }
        } else {
            kept.push(c);
            marks = 0;
        }
    }
    kept
}

/// Whether a character shows nothing wherever it stands, turns the reading direction, or is not a character.
/// Joiners, selectors and tags are not among them: whether they are kept depends on their neighbours.
pub(in crate::domain) fn is_invisible(c: char) -> bool {
    match c.general_category() {
        Category::Format => !(is_joiner(c) || is_tag(c) || is_number_sign(c)),
        Category::Unassigned => !matches!(c, '\u{1F000}'..='\u{1FAFF}'),
        Category::PrivateUse | Category::LineSeparator | Category::ParagraphSeparator => true,
        // Fillers, a joiner without effect, an empty cell, and the place of an object that is not there.
        _ => matches!(
            c,
            '\u{34F}'
                | '\u{115F}'
                | '\u{1160}'
                | '\u{17B4}'
                | '\u{17B5}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{FFA0}'
                | '\u{FFFC}'
                | '\u{16FE4}'
                | '\u{1D159}'
        ),
    }
}

/// Whether a character is a mark on the letter before it: an accent, vowel point, tone mark or virama. Marks that
/// take room of their own are not among them.
pub(in crate::domain) fn is_mark(c: char) -> bool {
    let category = c.general_category();
    matches!(category, Category::NonspacingMark | Category::EnclosingMark)
        && !is_selector(c)
        && !is_invisible(c)
}

fn is_joiner(c: char) -> bool {
    matches!(c, JOINER | NON_JOINER)
}

/// Chooses among the shapes of the character before it.
fn is_selector(c: char) -> bool {
    matches!(
        c,
        '\u{180B}'..='\u{180D}' | '\u{180F}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}'
    )
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{E0020}'..=CANCEL_TAG)
}

/// Format characters that show: signs of Arabic, Syriac and Kaithi around a number or a word.
fn is_number_sign(c: char) -> bool {
    matches!(
        c,
        '\u{600}'
            ..='\u{605}'
                | '\u{6DD}'
                | '\u{70F}'
                | '\u{890}'
                | '\u{891}'
                | '\u{8E2}'
                | '\u{110BD}'
                | '\u{110CD}'
    )
}

/// How many tags after a black flag make it the flag of a country; 0 if they make none.
fn flag_tags(after: &[char]) -> usize {
    let is_flag = |letters: &&str| {
        let tags = letters
            .bytes()
            .map(|letter| char::from_u32(TAG_BASE + u32::from(letter)));
        let tags = tags.flatten().chain([CANCEL_TAG]);
        after.iter().copied().take(letters.len() + 1).eq(tags)
    };
    FLAGS_OF_TAGS
        .iter()
        .find(|it| is_flag(it))
        .map_or(0, |it| it.len() + 1)
}

/// Emoji, digits of keycaps, and scripts that have variants of shapes, from Myanmar to Han.
fn takes_selector(base: char) -> bool {
    let has_variants =
        base >= '\u{1000}' && !is_selector(base) && !is_joiner(base) && !is_mark(base);
    base.is_emoji_char() || has_variants
}

/// Whether a joiner between these does something: within a script whose letters join, or between two emoji.
fn joins(before: char, joiner: char, after: Option<char>) -> bool {
    let is_emoji = |c: char| !c.is_ascii() && c.is_emoji_char();
    let is_shaping = matches!(
        before,
        '\u{600}'..='\u{1CFF}' | '\u{A800}'..='\u{ABFF}' | '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}'
            | '\u{10A00}'..='\u{11FFF}' | '\u{1E900}'..='\u{1E95F}'
    );
    let in_emoji =
        joiner == JOINER && (is_emoji(before) || before == '\u{FE0F}' || before == CANCEL_TAG);
    is_shaping || in_emoji && after.is_some_and(is_emoji)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text that looks the same without what must go.
    const NEUTRALISED: [(&str, &str, &str); 24] = [
        ("override", "pay\u{202E}lap", "paylap"),
        ("embeddings", "a\u{202A}b\u{202B}c\u{202D}d\u{202C}", "abcd"),
        ("isolates", "a\u{2066}b\u{2067}c\u{2068}d\u{2069}", "abcd"),
        ("direction marks", "a\u{200E}b\u{200F}c\u{61C}", "abc"),
        (
            "zero-width spaces",
            "a\u{200B}\u{200B}\u{FEFF}\u{2060}b",
            "ab",
        ),
        ("joiners between letters", "a\u{200D}b\u{200C}c", "abc"),
        ("joiners alone", "\u{200D}\u{200C}\u{200D}", ""),
        (
            "joiners in a row",
            "\u{645}\u{200C}\u{200C}\u{200D}\u{6CC}",
            "\u{645}\u{200C}\u{6CC}",
        ),
        ("a joiner behind an emoji", "🐸\u{200D} x", "🐸 x"),
        (
            "joiners between marks",
            "z\u{301}\u{200D}\u{301}\u{200D}\u{301}\u{200D}\u{301}\u{200D}\u{301}a",
            "z\u{301}\u{301}\u{301}\u{301}a",
        ),
        (
            "selectors between letters",
            "a\u{FE0F}b\u{FE00}\u{E0100}",
            "ab",
        ),
        ("selectors alone", "\u{FE0F}\u{FE0F} \u{E0101}", " "),
        ("tags", "a\u{E0041}\u{E0020}\u{E007F}b\u{E0001}", "ab"),
        (
            "tags behind a flag that is none",
            "🏴\u{E0067}\u{E0062}\u{E007F}",
            "🏴",
        ),
        ("a mark without a letter", "\u{301}a \u{20DD}b", "a b"),
        (
            "fillers",
            "a\u{3164}\u{115F}\u{1160}\u{FFA0}\u{17B4}\u{2800}b",
            "ab",
        ),
        (
            "soft hyphens and object places",
            "a\u{AD}\u{34F}\u{FFFC}\u{1D159}b",
            "ab",
        ),
        ("controls", "a\0\u{1B}[31m\u{7F}\u{9B}b", "a[31mb"),
        ("annotations", "a\u{FFF9}b\u{FFFA}c\u{FFFB}", "abc"),
        ("unassigned", "a\u{378}\u{2FE0}b", "ab"),
        ("noncharacters", "a\u{FFFF}\u{FDD0}\u{10FFFF}b", "ab"),
        ("private use", "a\u{E000}\u{F8FF}\u{100000}b", "ab"),
        (
            "separators of lines",
            "a\u{2028}b\u{2029}c\u{B}d\u{C}e\u{85}f",
            "a b c d e f",
        ),
        ("wide spaces", "a\u{3000}\u{2003}\u{A0}b", "a   b"),
    ];

    /// What has to survive as it is.
    const KEPT: [(&str, &str); 31] = [
        ("Arabic", "مساء الخير يا أصدقاء"),
        ("Arabic with vowel points", "بِسْمِ ٱللَّٰهِ ٱلرَّحْمَٰنِ"),
        ("Arabic number sign", "\u{600}١٢٣"),
        ("Persian with a non-joiner", "می\u{200C}خواهم بازی کنم"),
        ("an Arabic letter with a joiner", "ه\u{200D} ١٤٠٣"),
        ("Hebrew", "ערב טוב"),
        ("Hebrew with points and accents", "בְּרֵאשִׁ֖ית בָּרָ֣א"),
        ("Hindi", "क्षत्रिय नमस्ते दुनिया"),
        ("Hindi with joiners", "क्\u{200D}ष श्\u{200C}र"),
        ("Bengali", "বাংলা ভাষা র\u{200D}্যাব"),
        ("Tamil", "வணக்கம்"),
        ("Malayalam", "ന\u{D4D}\u{200D} മലയാളം"),
        ("Sinhala", "ශ්\u{200D}රී ලංකා"),
        ("Thai", "น้ำแข็ง สวัสดีค่ะ ที่นี่"),
        ("Lao", "ສະບາຍດີ"),
        ("Khmer", "ជំរាបសួរ"),
        ("Burmese", "မြန်မာ ကျွန်ုပ်"),
        ("Tibetan", "བསྒྲུབས་པ་ ཧཱུྃ"),
        ("Mongolian", "ᠮᠣᠩᠭᠣᠯ\u{180B}"),
        ("Vietnamese, composed", "Tiếng Việt rất đẹp"),
        (
            "Vietnamese, with marks apart",
            "Tie\u{302}\u{301}ng Vie\u{323}\u{302}t",
        ),
        ("Korean, with its parts apart", "\u{1112}\u{1161}\u{11AB}"),
        ("Japanese name with a variant", "葛\u{E0100}飾区 ゲンジ"),
        ("Greek and Cyrillic", "Ἀχιλλεύς Ёлка й"),
        ("emoji family", "👨\u{200D}👩\u{200D}👧\u{200D}👦"),
        (
            "emoji with skin and hair",
            "👩🏽\u{200D}🦰 🧔🏿\u{200D}♂\u{FE0F}",
        ),
        (
            "heart on fire",
            "❤\u{FE0F}\u{200D}🔥 🏳\u{FE0F}\u{200D}🌈 🏴\u{200D}☠\u{FE0F}",
        ),
        ("keycaps", "1\u{FE0F}\u{20E3} #\u{FE0F}\u{20E3}"),
        ("flags", "🇩🇪🇻🇳🇮🇱"),
        (
            "flags of tags",
            "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F} 🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
        ),
        ("symbols and several lines", "½ → ∞ €5\n§ ① ﷽"),
    ];

    #[test]
    fn what_deceives_or_smears_is_neutralised() {
        for (what, typed, shown) in NEUTRALISED {
            assert_eq!(visible(typed), shown, "{what}");
        }
        for (script, letter, mark) in [
            ("Latin", 'z', '\u{301}'),
            ("Thai", '\u{E2A}', '\u{E47}'),
            ("Hebrew", '\u{5D0}', '\u{5B0}'),
            ("Arabic", '\u{628}', '\u{8F0}'),
            ("Tibetan", '\u{F40}', '\u{F74}'),
            ("Cyrillic", 'а', '\u{A670}'),
            ("enclosing", 'o', '\u{488}'),
        ] {
            let tower = format!("{letter}{}x", mark.to_string().repeat(500));
            assert_eq!(visible(&tower).chars().count(), 2 + MARKS_MAX, "{script}");
        }
    }

    #[test]
    fn languages_and_emoji_survive() {
        for (what, text) in KEPT {
            assert_eq!(visible(text), text, "{what}");
        }
    }

    #[test]
    fn emoji_that_are_newer_than_the_tables_survive() {
        let newer = "\u{1FAFF}\u{1F8FF}";
        assert_eq!(visible(newer), newer);
    }
}
