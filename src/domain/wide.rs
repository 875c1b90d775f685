//! Wide groups: ranked stacks whose players are so far apart that the game matches them worse.
//!
//! May touch: `data/groups.toml`, compiled in. Invariant: one player is no group, and a scale
//! without rules has no wide groups.

use std::sync::LazyLock;

use serde::Deserialize;

use super::ladder::Scale;
use super::queue::{Entry, Place};
use super::rank::{Rank, Tier};
use super::session::Session;

static GROUPS: LazyLock<GroupFile> = LazyLock::new(|| {
    toml::from_str(include_str!("../../data/groups.toml")).expect("a test reads data/groups.toml")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupFile {
    competitive: Vec<Rule>,
}

/// From which tier on how many divisions are too many; always too many without a number.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    from: String,
    apart: Option<i32>,
}

/// A group that is wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wide {
    /// The lowest rank in it.
    pub lowest: Rank,
    /// The highest rank in it.
    pub highest: Rank,
    /// How many divisions they may be apart; `None`: with such a rank a group is always wide.
    pub allowed: Option<i32>,
}

/// Whether players of these ranks, all of one scale, are a wide group.
pub fn wide(ranks: &[Rank]) -> Option<Wide> {
    if ranks.len() < 2 {
        return None;
    }
    let (lowest, highest) = (*ranks.iter().min()?, *ranks.iter().max()?);
    let rule = rule(highest)?;
    let is_wide = rule
        .apart
        .is_none_or(|apart| highest.distance(lowest) > apart);
    is_wide.then_some(Wide {
        lowest,
        highest,
        allowed: rule.apart,
    })
}

/// The rank that somebody plays with in a place: that of the account on the role's ladder.
pub fn rank_in(session: &Session, entry: &Entry, place: &Place) -> Option<Rank> {
    let account = entry
        .accounts
        .iter()
        .find(|account| Some(account.id) == place.account)?;
    account.rank(session.plan.mode.ladder(place.role))
}

/// Whether a session is a stack, which the rule is about: two teams play against each other, and
/// not in the ranked queue.
pub fn is_stack(session: &Session) -> bool {
    session.plan.teams == 1
}

fn rule(highest: Rank) -> Option<&'static Rule> {
    let rules = match highest.scale() {
        Scale::Competitive => &GROUPS.competitive[..],
        Scale::Stadium => &[],
    };
    let reached = |rule: &&Rule| {
        Tier::parse(highest.scale(), &rule.from).is_some_and(|from| highest.tier() >= from)
    };
    rules.iter().rfind(reached)
}

#[cfg(test)]
mod tests {
    use super::super::ids::AccountId;
    use super::super::ladder::Ladder;
    use super::super::queue::fixtures::{account, entry, placed, session};
    use super::super::role::Role;
    use super::*;

    fn ranks(scale: Scale, texts: &[&str]) -> Vec<Rank> {
        let rank = |text: &&str| Rank::parse(scale, text).unwrap().unwrap();
        texts.iter().map(rank).collect()
    }

    fn allowed(texts: &[&str]) -> Option<Option<i32>> {
        wide(&ranks(Scale::Competitive, texts)).map(|wide| wide.allowed)
    }

    #[test]
    fn the_data_names_tiers_from_low_to_high() {
        let tiers: Vec<_> = GROUPS
            .competitive
            .iter()
            .map(|rule| Tier::parse(Scale::Competitive, &rule.from).expect("a tier"))
            .collect();
        assert!(tiers.is_sorted() && !tiers.is_empty());
    }

    #[test]
    fn up_to_diamond_the_sixth_division_is_too_many() {
        assert_eq!(allowed(&["platinum 3", "gold 3"]), None);
        assert_eq!(allowed(&["platinum 3", "gold 4"]), Some(Some(5)));
        // Emerald lies between Platinum and Diamond.
        assert_eq!(allowed(&["diamond 1", "emerald 1"]), None);
        assert_eq!(allowed(&["diamond 1", "emerald 2"]), Some(Some(5)));
        assert_eq!(allowed(&["diamond 1", "platinum 1"]), Some(Some(5)));
    }

    #[test]
    fn with_a_master_the_fourth_division_is_too_many() {
        assert_eq!(allowed(&["master 5", "diamond 3"]), None);
        assert_eq!(allowed(&["master 5", "diamond 4"]), Some(Some(3)));
        assert_eq!(allowed(&["master 1", "master 4", "master 2"]), None);
        assert_eq!(allowed(&["master 1", "master 5"]), Some(Some(3)));
    }

    #[test]
    fn with_a_grandmaster_or_a_champion_a_group_is_always_wide() {
        assert_eq!(allowed(&["grandmaster 5", "grandmaster 5"]), Some(None));
        assert_eq!(allowed(&["grandmaster 5", "master 1"]), Some(None));
        assert_eq!(allowed(&["champion 1", "bronze 5"]), Some(None));
    }

    #[test]
    fn one_player_is_no_group_and_stadium_has_no_rule() {
        assert_eq!(allowed(&["champion 1"]), None);
        assert_eq!(allowed(&[]), None);
        let stadium = ranks(Scale::Stadium, &["legend 1", "rookie 5"]);
        assert_eq!(wide(&stadium), None);
    }

    #[test]
    fn the_ends_of_a_wide_group_are_named() {
        let found = wide(&ranks(
            Scale::Competitive,
            &["gold 3", "bronze 5", "diamond 1", "silver 2"],
        ));
        let found = found.expect("it is wide");
        let ends = ranks(Scale::Competitive, &["bronze 5", "diamond 1"]);
        assert_eq!([found.lowest, found.highest], ends[..]);
    }

    #[test]
    fn the_rank_of_a_place_is_that_of_its_account_on_the_roles_ladder() {
        let session = session("5v5");
        let mut player = entry(2, &[Role::Tank]);
        player.accounts = vec![
            account(2, &[(Ladder::Tank, "gold 3")]),
            account(3, &[(Ladder::Tank, "diamond 1")]),
        ];
        let player = placed(player, Role::Tank);
        let mut place = player.place.clone().unwrap();
        let rank = |place: &Place| rank_in(&session, &player, place);
        assert_eq!(
            rank(&place).map(|rank| rank.to_string()).as_deref(),
            Some("Gold 3")
        );
        place.account = Some(AccountId(3));
        assert_eq!(
            rank(&place).map(|rank| rank.to_string()).as_deref(),
            Some("Diamond 1")
        );
        place.role = Role::Damage;
        assert_eq!(rank(&place), None);
        place.account = None;
        assert_eq!(rank(&place), None);
    }
}
