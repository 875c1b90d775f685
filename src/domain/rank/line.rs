//! Several ranks in one line, as people type them into a form: "tank d3, damage plat 1".
//!
//! Pure. Invariant: every rank that is read is on a ladder that was asked for, and on the ladder's
//! own scale.

use super::{Rank, RankError};
use crate::domain::ladder::Ladder;
use crate::domain::role::Role;

/// What separates one rank from the next.
const SEPARATORS: [char; 5] = [',', ';', '/', '|', '\n'];
/// Words around a ladder's name that say nothing by themselves.
const FILLERS: [&str; 4] = ["role", "queue", "rank", "is"];

/// Why a line of ranks is not understood; `part` is what was typed of the rank in question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RanksError {
    /// The part is no rank.
    Rank {
        /// What was typed.
        part: String,
        /// What is wrong with it.
        error: RankError,
    },
    /// The part names a ladder that was not asked for.
    NotAsked {
        /// What was typed.
        part: String,
    },
    /// A second rank for the same ladder, or a second one without a ladder.
    Twice {
        /// What was typed.
        part: String,
    },
}

/// Reads a line such as "tank d3, damage plat 1, support unranked". A rank without a ladder, as in
/// "diamond 3", is meant for every one of `ladders` that no other part names. Nothing typed gives
/// nothing; `None` is an explicit "unranked".
///
/// # Errors
/// [`RanksError`] names the first part that was not understood.
pub fn parse_ranks(
    text: &str,
    ladders: &[Ladder],
) -> Result<Vec<(Ladder, Option<Rank>)>, RanksError> {
    let mut named: Vec<(Ladder, Option<Rank>)> = Vec::new();
    let mut bare = None;
    for part in parts(text) {
        let (ladder, rank) = part.split();
        let Some(name) = ladder else {
            if bare.is_some() {
                return Err(RanksError::Twice { part: part.typed() });
            }
            bare = Some(everywhere(&rank, ladders, &part)?);
            continue;
        };
        let ladder = name.among(ladders);
        let ladder = ladder.ok_or_else(|| RanksError::NotAsked { part: part.typed() })?;
        if named.iter().any(|(other, _)| *other == ladder) {
            return Err(RanksError::Twice { part: part.typed() });
        }
        let rank = Rank::parse(ladder.scale(), &rank);
        named.push((ladder, rank.map_err(|error| part.no_rank(error))?));
    }
    for (ladder, rank) in bare.into_iter().flatten() {
        if !named.iter().any(|(other, _)| *other == ladder) {
            named.push((ladder, rank));
        }
    }
    named.sort_by_key(|(ladder, _)| *ladder);
    Ok(named)
}

/// The rank on every ladder whose scale knows it.
fn everywhere(
    rank: &str,
    ladders: &[Ladder],
    part: &Part<'_>,
) -> Result<Vec<(Ladder, Option<Rank>)>, RanksError> {
    let (mut found, mut failed) = (Vec::new(), None);
    for ladder in ladders {
        match Rank::parse(ladder.scale(), rank) {
            Ok(rank) => found.push((*ladder, rank)),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    match failed {
        Some(error) if found.is_empty() => Err(part.no_rank(error)),
        _ => Ok(found),
    }
}

/// The words that speak of one rank.
struct Part<'t>(Vec<&'t str>);

/// What people call a ladder.
#[derive(Clone, Copy)]
enum Name {
    Role { role: Role, stadium: bool },
    Open,
}

impl Part<'_> {
    fn typed(&self) -> String {
        self.0.join(" ")
    }

    fn no_rank(&self, error: RankError) -> RanksError {
        let part = self.typed();
        RanksError::Rank { part, error }
    }

    /// The ladder's name, if there is one, and what is left.
    fn split(&self) -> (Option<Name>, String) {
        let said = |word: &str| self.0.iter().any(|other| other.eq_ignore_ascii_case(word));
        let stadium = said("stadium");
        let role = self.0.iter().find_map(|word| core_role(word));
        let name = match role {
            Some(role) => Some(Name::Role { role, stadium }),
            None => (said("open") || said("6v6")).then_some(Name::Open),
        };
        let rest = self.0.iter().copied().filter(|word| !is_name(word));
        (name, rest.collect::<Vec<_>>().join(" "))
    }
}

impl Name {
    /// The ladder of `ladders` that it means: a role alone may mean its Stadium ladder where no
    /// other is asked for.
    fn among(self, ladders: &[Ladder]) -> Option<Ladder> {
        let meant: &[Ladder] = match self {
            Self::Open => &[Ladder::OpenQueue],
            Self::Role { role, stadium } => match (role, stadium) {
                (Role::Tank, true) => &[Ladder::StadiumTank],
                (Role::Damage, true) => &[Ladder::StadiumDamage],
                (Role::Support, true) => &[Ladder::StadiumSupport],
                (Role::Tank, false) => &[Ladder::Tank, Ladder::StadiumTank],
                (Role::Damage, false) => &[Ladder::Damage, Ladder::StadiumDamage],
                (Role::Support, false) => &[Ladder::Support, Ladder::StadiumSupport],
                (Role::Flex, _) => &[],
            },
        };
        let mut meant = meant.iter().copied();
        meant.find(|ladder| ladders.contains(ladder))
    }
}

/// The words of each rank: separated by commas and the like, and by each new role.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for piece in text.split(SEPARATORS) {
        let mut words: Vec<&str> = Vec::new();
        let mut named = false;
        for word in piece.split([' ', '\t', ':', '=', '\u{a0}']) {
            let names = core_role(word).is_some() || word.eq_ignore_ascii_case("open");
            if names && named && words.iter().any(|word| !is_name(word)) {
                parts.push(Part(std::mem::take(&mut words)));
            }
            named |= names;
            words.extend(Some(word).filter(|word| !word.is_empty()));
        }
        parts.push(Part(words));
    }
    parts.retain(|part| !part.0.is_empty());
    parts
}

fn is_name(word: &str) -> bool {
    let word = word.to_lowercase();
    core_role(&word).is_some()
        || FILLERS.contains(&word.as_str())
        || ["stadium", "open", "6v6"].contains(&word.as_str())
}

/// A role with ladders of its own; "all" must not be one, for there is a tier All-Star.
fn core_role(word: &str) -> Option<Role> {
    Role::parse(word).filter(|role| *role != Role::Flex)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::ladder::Ladder::{
        Damage, OpenQueue, StadiumSupport, StadiumTank, Support, Tank,
    };

    const ROLES: [Ladder; 3] = [Tank, Damage, Support];

    fn read(text: &str, ladders: &[Ladder]) -> String {
        let ranks = parse_ranks(text, ladders).expect(text);
        let words = ranks.iter().map(|(ladder, rank)| {
            let rank = rank.map_or("unranked".into(), |rank| rank.to_string());
            format!("{} {rank}", ladder.as_str())
        });
        words.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_rank_is_read_for_each_role() {
        let expected = "tank Diamond 3, damage Platinum 1, support unranked";
        for text in [
            "tank d3, damage plat 1, support unranked",
            "Tank: Diamond 3; DPS: p1; Healer: none",
            "d3 tank / plat 1 dps / unranked support",
            "tank d3 damage plat 1 support unranked",
            "support unranked\ntank = d3\n\ndmg p1,",
        ] {
            assert_eq!(read(text, &ROLES), expected, "{text}");
        }
    }

    #[test]
    fn a_rank_without_a_role_is_meant_for_all_that_no_other_part_names() {
        let all = "tank Diamond 3, damage Diamond 3, support Diamond 3";
        assert_eq!(read("diamond 3", &ROLES), all);
        let but_one = "tank Diamond 3, damage Diamond 3, support Gold 2";
        assert_eq!(read("support g2, d3", &ROLES), but_one);
        assert_eq!(read("d3", &[OpenQueue]), "open Diamond 3");
        let mixed = "tank Diamond 3";
        assert_eq!(read("d3", &[Tank, StadiumTank]), mixed);
        assert_eq!(read("  ", &ROLES), "");
    }

    #[test]
    fn stadium_and_open_queue_have_their_own_words() {
        let stadium = [StadiumTank, StadiumSupport];
        let expected = "stadium_tank All-Star 4, stadium_support Legend 1";
        assert_eq!(read("tank all star 4, support l1", &stadium), expected);
        let all = Ladder::ALL;
        let mixed = "tank Diamond 3, open Gold 2, stadium_tank Pro 1";
        assert_eq!(
            read("tank d3, stadium tank pro 1, open queue g2", &all),
            mixed
        );
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let part = |text: &str| text.to_owned();
        let error = |text| parse_ranks(text, &ROLES).expect_err(text);
        let wood = RankError::UnknownTier {
            typed: part("wood"),
        };
        assert_eq!(
            error("tank d3, damage wood 3"),
            RanksError::Rank {
                part: part("damage wood 3"),
                error: wood
            }
        );
        assert_eq!(
            error("tank"),
            RanksError::Rank {
                part: part("tank"),
                error: RankError::Empty
            }
        );
        let twice = |text| RanksError::Twice { part: part(text) };
        assert_eq!(error("d3, p1, g2"), twice("p1"));
        assert_eq!(error("tank d3, tank p1"), twice("tank p1"));
        let not_asked = |text| RanksError::NotAsked { part: part(text) };
        assert_eq!(error("open d3"), not_asked("open d3"));
        assert_eq!(error("stadium tank pro 1"), not_asked("stadium tank pro 1"));
    }

    proptest! {
        #[test]
        fn no_line_panics_and_only_what_was_asked_for_is_read(
            text in "\\PC*|([a-z]{0,7}[ ,:]?[a-z]{0,4} ?[0-9]?[,/ ]){0,5}",
        ) {
            if let Ok(ranks) = parse_ranks(&text, &ROLES) {
                prop_assert!(ranks.len() <= ROLES.len());
                prop_assert!(ranks.iter().all(|(ladder, _)| ROLES.contains(ladder)));
            }
        }
    }
}
