//! What ranks are worth, so that teams can be added up.
//!
//! May touch: `data/scores.toml`, compiled in. Invariant: of two ranks of one scale the higher one
//! is worth more.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::domain::ladder::Scale;
use crate::domain::rank::Rank;

static SCORES: LazyLock<ScoreFile> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../data/scores.toml"))
        .expect("a test reads data/scores.toml")
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoreFile {
    division: u16,
    tank_guard: u16,
    competitive: Vec<TierScore>,
    stadium: Vec<TierScore>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierScore {
    word: String,
    base: u16,
    step: u16,
}

/// What `rank` is worth, in points.
pub fn score(rank: Rank) -> u16 {
    let tiers = tiers(rank.scale());
    let tier = tiers.iter().find(|tier| tier.word == rank.tier().word());
    let tier = tier.expect("a test sees that every tier has a score");
    let lowest = rank.tier().lowest();
    let above = u16::from(lowest.division() - rank.division());
    tier.base + tier.step * above
}

/// What one division is worth where most people play, in points.
pub fn division() -> u16 {
    SCORES.division
}

/// How far apart tank and tank may be, in points, before it counts against a line-up.
pub fn tank_guard() -> u16 {
    SCORES.tank_guard
}

fn tiers(scale: Scale) -> &'static [TierScore] {
    match scale {
        Scale::Competitive => &SCORES.competitive,
        Scale::Stadium => &SCORES.stadium,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::balance::SCORE_MAX;
    use crate::domain::rank::Tier;

    #[test]
    fn every_rank_is_worth_more_than_the_one_below() {
        for scale in [Scale::Competitive, Scale::Stadium] {
            assert_eq!(tiers(scale).len(), Tier::all(scale).len());
            let mut below = 0;
            for tier in Tier::all(scale) {
                for division in (1..=tier.lowest().division()).rev() {
                    let rank = Rank::new(scale, tier.word(), division).unwrap();
                    assert!(score(rank) > below, "{rank}");
                    below = score(rank);
                }
            }
            assert!(below <= SCORE_MAX);
        }
    }
}
