use proptest::prelude::*;

use super::*;

const SCALES: [Scale; 2] = [Scale::Competitive, Scale::Stadium];

fn ranks(scale: Scale) -> Vec<Rank> {
    Tier::all(scale)
        .flat_map(|tier| {
            (1..=DIVISIONS)
                .rev()
                .map(move |division| Rank { tier, division })
        })
        .collect()
}

fn rank(text: &str) -> Rank {
    Rank::parse(Scale::Competitive, text)
        .expect("a rank")
        .expect("not unranked")
}

#[test]
fn every_rank_is_one_step_above_the_one_below_it() {
    for scale in SCALES {
        for (score, rank) in (0..).zip(ranks(scale)) {
            assert_eq!(rank.score(), score, "{rank}");
        }
        for pair in ranks(scale).windows(2) {
            assert!(pair[0] < pair[1]);
            assert_eq!(pair[0].distance(pair[1]), 1);
        }
    }
}

#[test]
fn the_top_of_a_tier_and_the_bottom_of_the_next_are_one_step_apart() {
    assert_eq!(rank("platinum 1").distance(rank("emerald 5")), 1);
    assert_eq!(rank("diamond 1").distance(rank("master 5")), 1);
    assert_eq!(rank("diamond 5").distance(rank("master 1")), 9);
}

#[test]
fn names_and_aliases_name_one_tier_only() {
    for scale in SCALES {
        for tier in Tier::all(scale) {
            assert_eq!(letters(tier.label()), tier.word());
            for name in tier.names() {
                assert_eq!(name, letters(name));
                let named = Tier::all(scale).filter(|t| t.names().any(|n| n == name));
                assert_eq!(named.count(), 1, "{name}");
            }
        }
    }
}

#[test]
fn what_people_type_is_understood() {
    for typed in [
        "Diamond 3",
        "dia 3",
        "d3",
        "DIAMOND3",
        " dia-3 ",
        "3 diamond",
        "diam 3",
    ] {
        assert_eq!(rank(typed).to_string(), "Diamond 3", "{typed}");
    }
    assert_eq!(rank("GM2").to_string(), "Grandmaster 2");
    assert_eq!(rank("masters 5").to_string(), "Master 5");
    assert_eq!(rank("e1").to_string(), "Emerald 1");
    let star = Rank::parse(Scale::Stadium, "all star 4").expect("well-formed");
    assert_eq!(star.expect("well-formed").to_string(), "All-Star 4");
    for typed in ["unranked", "None", "-"] {
        assert_eq!(Rank::parse(Scale::Competitive, typed), Ok(None));
    }
}

#[test]
fn what_is_no_rank_says_why() {
    let parse = |text| Rank::parse(Scale::Competitive, text);
    let tier = rank("d1").tier();
    assert_eq!(parse(" "), Err(RankError::Empty));
    assert_eq!(parse("dia"), Err(RankError::NoDivision { tier }));
    assert_eq!(parse("dia 6"), Err(RankError::BadDivision { tier }));
    assert_eq!(parse("dia 99999"), Err(RankError::BadDivision { tier }));
    let typed = "wood".to_owned();
    assert_eq!(parse("wood 3"), Err(RankError::UnknownTier { typed }));
    assert!(Rank::new(Scale::Competitive, "diamond", 0).is_none());
    assert!(Rank::new(Scale::Stadium, "diamond", 3).is_none());
}

#[test]
fn completion_puts_the_typed_tier_first_and_always_offers_unranked() {
    let shown = |typed| -> Vec<String> {
        Rank::complete(Scale::Competitive, typed)
            .into_iter()
            .map(|rank| rank.map_or("Unranked".into(), |rank| rank.to_string()))
            .collect()
    };
    let diamonds = [
        "Diamond 5",
        "Diamond 4",
        "Diamond 3",
        "Diamond 2",
        "Diamond 1",
    ];
    assert_eq!(shown("dia")[..5], diamonds);
    assert_eq!(shown("d3")[0], "Diamond 3");
    assert_eq!(shown("3").len(), 10);
    assert_eq!(shown("")[0], "Unranked");
    assert_eq!(shown("un")[0], "Unranked");
    assert!(shown("zzz").len() > 9);
}

#[test]
fn a_rank_is_stale_after_a_season_and_not_before() {
    let declared_at = DateTime::UNIX_EPOCH;
    let declared = DeclaredRank {
        rank: rank("gold 3"),
        declared_at,
    };
    let season = TimeDelta::days(season_days().into());
    assert!(!declared.is_stale(declared_at + season));
    assert!(declared.is_stale(declared_at + season + TimeDelta::seconds(1)));
}

fn any_rank() -> impl Strategy<Value = Rank> {
    let all: Vec<_> = SCALES.into_iter().flat_map(ranks).collect();
    proptest::sample::select(all)
}

proptest! {
    #[test]
    fn distance_is_symmetric_and_order_follows_score(a in any_rank(), b in any_rank()) {
        prop_assert_eq!(a.distance(b), b.distance(a));
        if a.scale() == b.scale() {
            prop_assert_eq!(a.cmp(&b), a.score().cmp(&b.score()));
            prop_assert_eq!(a.distance(b) == 0, a == b);
        }
    }

    #[test]
    fn what_is_shown_and_what_is_stored_read_back(rank in any_rank()) {
        prop_assert_eq!(Rank::parse(rank.scale(), &rank.to_string()), Ok(Some(rank)));
        let stored = Rank::new(rank.scale(), rank.tier().word(), rank.division());
        prop_assert_eq!(stored, Some(rank));
        prop_assert_eq!(Rank::complete(rank.scale(), &rank.to_string())[0], Some(rank));
    }

    #[test]
    fn no_text_panics_and_completions_fit_an_autocomplete(text in "\\PC*|[a-z]{0,3} ?[0-9]{0,2}") {
        for scale in SCALES {
            let _ = Rank::parse(scale, &text);
            let offered = Rank::complete(scale, &text);
            prop_assert!((1..=COMPLETIONS_MAX).contains(&offered.len()));
            prop_assert!(offered.contains(&None));
        }
    }
}
