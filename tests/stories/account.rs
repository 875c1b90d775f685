//! Accounts: added, edited, removed, and the ranks on them.

use serde_json::json;

use crate::world::{Person, story};

async fn add(person: &Person<'_>, battletag: &str) {
    let options = json!({"battletag": battletag});
    person.command("account add", options).await.says("Added");
}

async fn accounts(person: &Person<'_>) -> Vec<(String, String)> {
    let options = json!({"account": ""});
    person.complete("account remove", options, "account").await
}

#[tokio::test]
async fn an_account_is_added_edited_and_removed() {
    story(async |world| {
        let freya = world.person(4);
        let options = json!({"battletag": "Freya#1234", "tank": "dia 3", "stadium-support": "e1"});
        let added = freya.command("account add", options).await;
        added.says("Freya\\#1234").says("primary");
        added
            .says("Tank Diamond 3")
            .says("Stadium: Support Elite 1");
        add(&freya, "Zoë#5555").await;
        let offered = accounts(&freya).await;
        assert_eq!(offered[0].0, "Freya#1234 (primary)");
        let (name, id) = &offered[1];
        assert_eq!(name, "Zoë#5555");
        let options = json!({"account": id, "battletag": "Zoe#5555", "open": "gm2"});
        let edited = freya.command("account edit", options).await;
        edited.says("Zoe\\#5555").says("Open queue: Grandmaster 2");
        let options = json!({"account": "zoe"});
        let chosen = freya.command("account primary", options).await;
        chosen.says("Zoe\\#5555").says("primary account");
        // Without an account, the primary one is meant.
        let options = json!({"open": "unranked"});
        let edited = freya.command("account edit", options).await;
        edited.says("Zoe\\#5555").says("no rank declared");
        let options = json!({"account": "Zoe#5555"});
        let removed = freya.command("account remove", options).await;
        removed
            .says("Zoe\\#5555")
            .says("**Freya\\#1234** is your primary account now");
        assert_eq!(accounts(&freya).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn battletags_of_every_script_are_taken() {
    story(async |world| {
        let freya = world.person(4);
        let tags = [
            "Łukasz#1234",
            "Трейсер#21345",
            "겐지장인#31234",
            "源氏之刃#5123",
            "جنجي#1234",
        ];
        for tag in tags {
            add(&freya, tag).await;
        }
        let names: Vec<_> = accounts(&freya).await.into_iter().map(|it| it.0).collect();
        assert!(
            tags.iter()
                .all(|tag| names.iter().any(|name| name.starts_with(tag)))
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_no_battletag_is_refused_in_a_sentence() {
    story(async |world| {
        let freya = world.person(4);
        let long = "x".repeat(4_000);
        let cases = [
            ("Freya", "`#`"),
            ("Fr#1234", "too short (2)"),
            ("Freyafreyafreya#1234", "too long (15)"),
            ("1Freya#1234", "does not start with a digit"),
            ("Fre ya#1234", "no space"),
            ("@everyone#1234", "letters and digits only"),
            ("**Freya**#1234", "letters and digits only"),
            ("<@1>#1234", "letters and digits only"),
            ("Fre\u{1F600}ya#1234", "U+1F600"),
            ("Freya#12", "4 to 16 digits"),
            (&long, "far too long"),
        ];
        for (typed, expected) in cases {
            let options = json!({"battletag": typed});
            let said = freya.command("account add", options).await;
            said.says(expected);
            let text = said.text();
            assert!(
                !text.contains("@everyone") && !text.contains("<@"),
                "{text}"
            );
        }
        assert_eq!(accounts(&freya).await, []);
    })
    .await;
}

#[tokio::test]
async fn unknown_ranks_are_refused_and_nothing_is_saved() {
    story(async |world| {
        let freya = world.person(4);
        let cases = [
            ("wood 3", "There is no tier “wood”"),
            ("diamond", "needs a division"),
            ("d9", "the divisions 5"),
            ("@everyone 3", "There is no tier"),
            ("\u{7}", "That names no tier"),
        ];
        for (typed, expected) in cases {
            let options = json!({"battletag": "Freya#1234", "damage": typed});
            let said = freya.command("account add", options).await;
            said.says("Role queue: Damage").says(expected);
        }
        // A Stadium tier is no tier of role queue.
        let options = json!({"battletag": "Freya#1234", "tank": "Legend 1"});
        freya
            .command("account add", options)
            .await
            .says("no tier “legend”");
        assert_eq!(accounts(&freya).await, []);
    })
    .await;
}

#[tokio::test]
async fn ranks_are_completed_on_the_scale_of_their_ladder() {
    story(async |world| {
        let freya = world.person(4);
        let first = async |ladder: &str, typed: &str| {
            let options = json!({"battletag": "Freya#1234", ladder: typed});
            let found = freya.complete("account add", options, ladder).await;
            found.into_iter().next().expect("a choice").1
        };
        assert_eq!(first("tank", "d3").await, "Diamond 3");
        assert_eq!(first("support", "").await, "Unranked");
        assert_eq!(first("stadium-damage", "l1").await, "Legend 1");
    })
    .await;
}

#[tokio::test]
async fn accounts_of_other_people_are_unknown() {
    story(async |world| {
        let (freya, kwame) = (world.person(4), world.person(5));
        add(&freya, "Freya#1234").await;
        let id = accounts(&freya).await.swap_remove(0).1;
        assert_eq!(accounts(&kwame).await, []);
        for account in [
            id.as_str(),
            "Freya#1234",
            "freya",
            "99999999999999999999",
            " ",
        ] {
            for command in ["account remove", "account primary"] {
                let said = kwame.command(command, json!({"account": account})).await;
                said.says("You have no such account");
            }
            let options = json!({"account": account, "tank": "d3"});
            let said = kwame.command("account edit", options).await;
            said.says("You have no such account");
        }
        assert_eq!(accounts(&freya).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_same_command_delivered_twice_adds_one_account() {
    story(async |world| {
        let freya = world.person(4);
        let options = json!({"battletag": "Freya#1234"});
        let added = freya.command("account add", options.clone()).await;
        world.redeliver(&added).await;
        assert_eq!(accounts(&freya).await.len(), 1);
        // Typed once more, it is a mistake, and said to be one.
        let again = freya.command("account add", options).await;
        again.says("You have **Freya\\#1234** already");
    })
    .await;
}

#[tokio::test]
async fn the_eleventh_account_is_refused() {
    story(async |world| {
        let freya = world.person(4);
        for number in 1_000..1_010 {
            add(&freya, &format!("Freya#{number}")).await;
        }
        let options = json!({"battletag": "Freya#2000"});
        let said = freya.command("account add", options).await;
        said.says("10 accounts").says("/account remove");
        let shown = freya.command("profile show", json!({})).await;
        shown.says("Account 10");
    })
    .await;
}

#[tokio::test]
async fn ranks_are_shown_as_stale_after_a_season_until_they_are_renewed() {
    story(async |world| {
        let freya = world.person(4);
        let options = json!({"battletag": "Freya#1234", "tank": "d3"});
        freya.command("account add", options).await.says("Added");
        let stale = async || {
            let shown = freya.command("profile show", json!({})).await;
            shown.says("Diamond 3").text().contains("stale")
        };
        assert!(!stale().await);
        world.at("2027-02-01T12:00:00Z");
        assert!(stale().await);
        let options = json!({"tank": "Diamond 3"});
        freya.command("account edit", options).await.says("Saved");
        assert!(!stale().await);
    })
    .await;
}

#[tokio::test]
async fn an_edit_of_nothing_says_what_can_be_edited() {
    story(async |world| {
        let freya = world.person(4).in_private();
        add(&freya, "Freya#1234").await;
        let said = freya.command("account edit", json!({})).await;
        said.says("Nothing to change was given");
    })
    .await;
}
