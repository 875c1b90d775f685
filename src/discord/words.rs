//! What is wrong with something that a person typed, and the way out: one sentence each.
//!
//! Pure. Invariant: what was typed is shown shortened and escaped, never as it came.

use super::text::{escape, truncate};
use crate::domain::battletag::{
    BattleTagError, NAME_MAX_CHARS, NAME_MIN_CHARS, NUMBER_MAX_DIGITS, NUMBER_MIN_DIGITS,
};
use crate::domain::ladder::Scale;
use crate::domain::rank::{RankError, RanksError, Tier};
use crate::domain::text::{Lines, clean};

/// Characters of something typed that a sentence repeats.
const QUOTED_MAX_CHARS: usize = 60;

/// What was typed, fit to be repeated in a sentence.
pub fn quoted(text: &str) -> String {
    let text = clean(text, usize::MAX, Lines::OneLine).unwrap_or_default();
    format!("“{}”", escape(&truncate(&text, QUOTED_MAX_CHARS)))
}

/// Why a text is no BattleTag.
pub fn battletag_error(error: BattleTagError) -> String {
    let why = match error {
        BattleTagError::Empty => "The BattleTag is missing.".into(),
        BattleTagError::NoNumber => "A BattleTag has a `#` and a number at its end.".into(),
        BattleTagError::NameTooShort { chars } => {
            format!("That name is too short ({chars}): it has {NAME_MIN_CHARS} characters or more.")
        }
        BattleTagError::NameTooLong { chars } => {
            format!("That name is too long ({chars}): it has at most {NAME_MAX_CHARS} characters.")
        }
        BattleTagError::StartsWithDigit => "A BattleTag does not start with a digit.".into(),
        BattleTagError::BadCharacter { character } => format!(
            "A BattleTag holds letters and digits only, and no {}.",
            character_name(character)
        ),
        BattleTagError::BadNumber => format!(
            "After the `#` come {NUMBER_MIN_DIGITS} to {NUMBER_MAX_DIGITS} digits, and nothing else."
        ),
    };
    format!("{why} Battle.net shows yours beside your portrait, like `Ana#1234`.")
}

/// Why a text is no rank of `scale`.
pub fn rank_error(scale: Scale, error: &RankError) -> String {
    match error {
        RankError::Empty => "The rank is missing: `Diamond 3`, `d3` or `unranked`, say.".into(),
        RankError::UnknownTier { typed } => {
            let tiers: Vec<_> = Tier::all(scale).map(Tier::label).collect();
            let unknown = match typed.as_str() {
                "" => "That names no tier".into(),
                typed => format!("There is no tier {}", quoted(typed)),
            };
            format!("{unknown}: the tiers are {}.", tiers.join(", "))
        }
        RankError::NoDivision { tier } => format!(
            "{tier} needs a division from 5 (the lowest) to 1 (the highest), like `{tier} 3`."
        ),
        RankError::BadDivision { tier } => format!(
            "{tier} has the divisions 5 (the lowest) to 1 (the highest) only, like `{tier} 3`."
        ),
    }
}

/// Why a line is no list of ranks; `scale` is the one of the ladders that were asked for.
pub fn ranks_error(scale: Scale, error: &RanksError) -> String {
    let (part, why) = match error {
        RanksError::Rank { part, error } => (part, rank_error(scale, error)),
        RanksError::NotAsked { part } => (part, "That rank does not count here.".into()),
        RanksError::Twice { part } => (
            part,
            "That is a second rank for the same; say which role each is for, like `tank d3, support p1`."
                .into(),
        ),
    };
    format!("I do not understand {}. {why}", quoted(part))
}

fn character_name(character: char) -> String {
    match character {
        ' ' => "space".into(),
        c if c.is_alphanumeric() || c.is_ascii_graphic() => quoted(&c.to_string()),
        c => format!("character U+{:04X}", u32::from(c)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::battletag::BattleTag;
    use crate::domain::ladder::Ladder;
    use crate::domain::rank::parse_ranks;

    #[test]
    fn a_bad_character_is_named_so_that_it_can_be_found() {
        let said = |text| battletag_error(BattleTag::parse(text).expect_err(text));
        assert!(said("An a#1234").contains("no space"));
        assert!(said("An\u{202e}a#1234").contains("U+202E"));
        assert!(said("An@a#1234").contains("“@\u{200b}”"));
        assert!(said("Ana").contains("`#`"));
    }

    #[test]
    fn what_was_typed_is_repeated_safely_and_briefly() {
        let typed = format!("<@1> @everyone **x**\u{7} {}", "y".repeat(4_000));
        let shown = quoted(&typed);
        assert!(
            !shown.contains("<@") && !shown.contains("@everyone"),
            "{shown}"
        );
        assert!(!shown.contains("**") && !shown.contains('\u{7}'), "{shown}");
        assert!(shown.chars().count() < 2 * QUOTED_MAX_CHARS, "{shown}");
    }

    #[test]
    fn a_line_of_ranks_says_which_part_is_wrong() {
        let error = parse_ranks("tank d3, damage wood 3", &[Ladder::Tank, Ladder::Damage]);
        let said = ranks_error(Scale::Competitive, &error.expect_err("no tier"));
        assert!(
            said.contains("“damage wood 3”") && said.contains("“wood”"),
            "{said}"
        );
        assert!(said.contains("Emerald"), "{said}");
    }
}
