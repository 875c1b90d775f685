//! Text of people, made safe to show, and short enough.
//!
//! Pure. Invariant: what [`escape`] and [`plain`] give shows what was typed, as far as it can be seen: it neither
//! formats, nor links, nor mentions anybody. They hold for whatever is stored, from whichever version.
//!
//! What Discord makes of a text depends on where it stands (support article "Markdown Text 101"; "API Reference",
//! *Message Formatting*): all of it in contents, descriptions and values of embeds; the same without links in
//! titles of embeds (discord/discord-api-docs, issue 6088); nothing in names of threads and events, labels,
//! placeholders and choices, where a backslash would show.

use chrono::{DateTime, Utc};

use crate::domain::profile::Person;
use crate::domain::session::Plan;
use crate::domain::text::{Lines, clean, visible};

/// Characters that mean something in Discord's markdown.
const MARKDOWN: &[char] = &[
    '\\', '*', '_', '~', '`', '|', '>', '<', '#', '-', '[', ']', '(', ')', '@', '.', '+', '=',
];
/// Joins nothing and separates what would be a mention or a link.
const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// `text` for where Discord reads markdown: as it was typed, whatever markdown would make of it.
pub fn escape(text: &str) -> String {
    let text = visible(text);
    let mut safe = String::with_capacity(text.len() * 2);
    let mut previous = '\n';
    for (at, char) in text.char_indices() {
        let after = &text[at + char.len_utf8()..];
        match char {
            // A mention of a person or a channel begins with these.
            '<' => safe.extend(['\\', '<', ZERO_WIDTH_SPACE]),
            // An escaped @ still mentions everyone, and an escaped :// still makes a link.
            char if separates(char, after) => {
                if char == '.' && starts_list(previous) {
                    safe.push('\\');
                }
                safe.extend([char, ZERO_WIDTH_SPACE]);
            }
            ':' if names_emoji(after) => safe.extend(['\\', ':']),
            // A dot or a dash or a plus only means something in a list at the start of a line.
            '.' | '-' | '+' | '=' if !starts_list(previous) => safe.push(char),
            char if MARKDOWN.contains(&char) => safe.extend(['\\', char]),
            char => safe.push(char),
        }
        previous = char;
    }
    safe
}

/// `text` on one line, for where Discord reads no markdown: names of threads and events, labels and choices.
pub fn plain(text: &str) -> String {
    let text = clean(text, usize::MAX, Lines::OneLine).unwrap_or_default();
    let mut safe = String::with_capacity(text.len());
    for (at, char) in text.char_indices() {
        safe.push(char);
        if separates(char, &text[at + char.len_utf8()..]) {
            safe.push(ZERO_WIDTH_SPACE);
        }
    }
    safe
}

/// A session's title for where Discord reads no markdown and takes no empty name, such as a thread's: the mode
/// if there is nothing of it to see.
pub fn title_or_mode(plan: &Plan, max_chars: usize) -> String {
    let title = truncate(&plain(&plan.title), max_chars);
    match title.is_empty() {
        true => plan.mode.to_string(),
        false => title,
    }
}

/// `text` as it was before [`plain`], for comparing it with what people type.
pub fn without_separators(text: &str) -> String {
    text.replace(ZERO_WIDTH_SPACE, "")
}

/// A person's name for where Discord reads no markdown, or their id if there is nothing of it to see. At most
/// `max_chars` characters.
pub fn name_or_id(person: &Person, max_chars: usize) -> String {
    let name = truncate(&plain(&person.name), max_chars);
    match name.is_empty() {
        true => person.id.to_string(),
        false => name,
    }
}

/// Whether a mention or an address would go on behind this character. Clients look for invites without a scheme
/// too, so that `discord.gg/` has to be taken apart at its dot.
fn separates(char: char, after: &str) -> bool {
    match char {
        '@' => true,
        ':' => after.starts_with('/'),
        '.' => after.starts_with(char::is_alphabetic),
        _ => false,
    }
}

/// Whether what follows a colon makes it an emoji by name: `smile:`.
fn names_emoji(after: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+');
    let rest = after.trim_start_matches(is_name);
    rest.len() < after.len() && rest.starts_with(':')
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
    // Half an escape would escape the ellipsis, and a joiner would join it.
    while short.ends_with(['\\', '\u{200D}']) {
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

    /// What somebody might type to mention, link, format or deceive, and what must not be left of it.
    const HOSTILE: [(&str, &[&str]); 30] = [
        ("@everyone @here", &["@everyone", "@here"]),
        (
            "＠everyone @\u{200B}everyone @\u{202E}here",
            &["@everyone", "@here", "\u{202E}"],
        ),
        ("<@123> <@!123> <@&5>", &["<@"]),
        ("<#5> <id:customize> <id:guide>", &["<#", "<id"]),
        ("</session create:1>", &["</"]),
        ("<t:1795885200:R> <t:1>", &["<t:"]),
        ("<:kek:123> <a:kek:123>", &["<:", "<a:"]),
        ("<\u{200B}@123> <\u{2060}t:1>", &["<@", "<t:"]),
        (":skull::skull:", &["::"]),
        ("https://evil.example/a", &["://", "evil.example"]),
        ("<https://evil.example>", &["<h", "://"]),
        (
            "h\u{200B}ttps:\u{200D}/\u{FEFF}/evil.example",
            &["://", "evil.example"],
        ),
        (
            "discord.gg/abc discord.com/invite/abc",
            &["discord.gg", "discord.com"],
        ),
        ("dis\u{AD}cord.\u{200C}gg/abc", &["discord.gg"]),
        ("1.gg/abc", &[".gg"]),
        ("[nitro](https://evil.example)", &["[n", "](", "://"]),
        ("[nitro](<https://evil.example>)", &["](", "://"]),
        ("<mailto:a@b.example> <tel:+4912345>", &["<m", "<t", "@b"]),
        ("\n# big\n## big\n-# small", &["\n#", "\n-#"]),
        ("\n> quote\n>>> quote", &["\n>", "\n>>>"]),
        ("\n- a\n* b\n+ c\n1. d", &["\n-", "\n*", "\n+", "1. "]),
        ("```rust\nfn```", &["``"]),
        ("`code` ||spoiler|| ~~gone~~", &["`c", "||", "~~"]),
        ("**bold** __line__ _it_ *it*", &["**", "__", " _", " *"]),
        ("\\*not escaped\\*", &["\\\\*", "t\\\\*"]),
        (
            "z\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
            &["\u{301}\u{301}\u{301}\u{301}\u{301}"],
        ),
        (
            "a\u{2028}# b\u{2029}> c\u{B}- d",
            &["\u{2028}", "\u{2029}", "\u{B}"],
        ),
        ("a\u{E0041}\u{E0042}b", &["\u{E0041}"]),
        (
            "\u{2066}a\u{2069}\u{200F}",
            &["\u{2066}", "\u{2069}", "\u{200F}"],
        ),
        (
            "\u{378}\u{E000}\u{FFFF}\u{7F}\0",
            &["\u{378}", "\u{E000}", "\u{FFFF}", "\u{7F}", "\0"],
        ),
    ];

    /// What markdown makes of a backslash before a character: the character, which means nothing then.
    fn unescaped(text: &str) -> String {
        let mut shown = String::new();
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            match char {
                '\\' => shown.extend(chars.next()),
                ZERO_WIDTH_SPACE => {}
                char => shown.push(char),
            }
        }
        shown
    }

    #[test]
    fn nobody_is_mentioned_and_nothing_is_linked_or_formatted() {
        for (typed, gone) in HOSTILE {
            let safe = escape(typed);
            // A character with a backslash before it means nothing.
            let meant = safe.split('\\').enumerate().map(|(at, part)| match at {
                0 => part.to_owned(),
                _ => part.chars().skip(1).collect(),
            });
            let meant = meant.collect::<Vec<_>>().join("\u{1}");
            for gone in gone.iter().filter(|gone| !gone.contains('\\')) {
                assert!(!meant.contains(gone), "{typed:?}: {safe:?} has {gone:?}");
            }
            assert_eq!(
                unescaped(&safe),
                visible(typed).replace(ZERO_WIDTH_SPACE, ""),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn where_nothing_is_formatted_no_backslash_is_added() {
        for (typed, _) in HOSTILE {
            let safe = plain(typed);
            let slashes = |text: &str| text.matches('\\').count();
            assert_eq!(slashes(&safe), slashes(typed), "{typed:?}: {safe:?}");
            for gone in [
                "@everyone",
                "@here",
                "://",
                "discord.gg",
                "\n",
                "\u{202E}",
                "\u{2028}",
            ] {
                assert!(!safe.contains(gone), "{typed:?}: {safe:?} has {gone:?}");
            }
            assert_eq!(plain(&safe), safe);
        }
        assert_eq!(plain("*Scrim* night_1 #2"), "*Scrim* night_1 #2");
        assert_eq!(without_separators(&plain("Dr.Who @here")), "Dr.Who @here");
        assert_eq!(plain("\u{200B}\u{3164}"), "");
    }

    #[test]
    fn plain_words_stay_plain() {
        for text in [
            "Friday night, Ana's 5v5!",
            "مساء الخير",
            "می\u{200C}خواهم",
            "नमस्ते 5v5",
            "น้ำแข็ง",
            "Tiếng Việt",
            "👨\u{200D}👩\u{200D}👧 🇩🇪 ❤\u{FE0F}",
            "20:30 to 22:00",
        ] {
            assert_eq!(escape(text), text);
            assert_eq!(plain(text), text);
        }
        assert_eq!(escape("well-known v1.5"), "well-known v1\\.5");
    }

    #[test]
    fn long_text_ends_in_an_ellipsis_and_not_in_half_an_escape() {
        assert_eq!(truncate("abcdef", 6), "abcdef");
        assert_eq!(truncate("abcdef", 4), "abc…");
        assert_eq!(truncate(r"abc\*\*", 5), "abc…");
    }
}
