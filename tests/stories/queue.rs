//! The queue: joining with and without an account, leaving, streaming, and everything that people
//! do wrong with the card's buttons.

use futures_util::{StreamExt as _, stream};
use overwatch_bot::playground;
use serde_json::{Value, json};

use crate::scene::{account, card_reads, id, ids, joined, nobody_waits, number, on, planned};
use crate::world::{Person, story, story_in, text_of};

/// When the sessions of these stories start: Friday, 20:00 in Berlin.
const STARTED: &str = "2026-11-27T19:00:01Z";
const OVER: &str = "2026-11-27T21:00:01Z";

fn field<'m>(modal: &'m Value, id: &str) -> &'m Value {
    let fields = modal["components"].as_array().expect("fields");
    let found = fields.iter().map(|label| &label["component"]);
    found
        .into_iter()
        .find(|field| field["custom_id"] == id)
        .unwrap_or(&Value::Null)
}

/// What is chosen already in a menu of a form.
fn chosen(modal: &Value, id: &str) -> Vec<String> {
    let options = field(modal, id)["options"].as_array().cloned();
    let options = options.unwrap_or_default();
    let chosen = options.iter().filter(|option| option["default"] == true);
    chosen
        .map(|option| option["label"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[tokio::test]
async fn a_newcomer_joins_with_one_form_and_the_card_shows_them() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let aiko = world.person(2);
        let form = aiko.press(&card, &on(&card, "join")).await;
        form.says("BattleTag");
        let typed = json!({
            "battletag": "Aiko#1234", "roles": ["tank", "support"],
            "ranks": "tank d3, support plat 1", "zone": "Tokyo", "note": "hi",
        });
        aiko.submit(&form, typed)
            .await
            .says("in the queue")
            .says("Tank, Support");
        let line = format!("<@{}> · Tank Diamond 3, Support Platinum 1", aiko.user);
        card_reads(&world.person(5), &card, &line).await;
        let profile = aiko.command("profile show", json!({})).await;
        profile
            .says("Aiko\\#1234")
            .says("Asia/Tokyo")
            .says("Tank, Support");
    })
    .await;
}

#[tokio::test]
async fn a_newcomers_mistakes_are_named_and_the_form_comes_back_filled_in() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let aiko = world.person(2);
        let form = aiko.press(&card, &on(&card, "join")).await;
        let typed = json!({
            "battletag": "Aiko", "roles": ["damage"], "ranks": "dps wood 3", "zone": "Mars",
        });
        let wrong = aiko.submit(&form, typed).await;
        wrong.says("BattleTag").says("wood").says("Mars");
        // Nothing of it is in memory: another process opens the form again.
        let retry = id(wrong.message(), "newcomer:");
        let form = aiko.press(wrong.message(), &retry).await;
        let modal = &form.0["modal"];
        assert_eq!(field(modal, "battletag")["value"], "Aiko");
        assert_eq!(field(modal, "ranks")["value"], "dps wood 3");
        assert_eq!(field(modal, "zone")["value"], "Mars");
        assert_eq!(chosen(modal, "roles"), ["Damage"]);
        let right = json!({"battletag": "Aiko#1234", "ranks": "", "zone": ""});
        aiko.submit(&form, right).await.says("as Damage");
    })
    .await;
}

#[tokio::test]
async fn a_restart_between_form_and_answer_loses_nothing() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let form = world.person(2).press(&card, &on(&card, "join")).await;
        world.restart().await;
        let aiko = world.person(2);
        let typed = json!({"battletag": "Aiko#1234", "roles": ["tank"]});
        aiko.submit(&form, typed).await.says("in the queue");
        card_reads(&aiko, &card, "Waiting (1)").await;
    })
    .await;
}

#[tokio::test]
async fn somebody_known_chooses_roles_and_accounts_and_changes_them_later() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let freya = world.person(4);
        account(&freya, json!({"battletag": "Freya#1111"})).await;
        account(&freya, json!({"battletag": "Freya#2222"})).await;
        let roles = json!({"roles": "dps, support"});
        freya.command("profile edit", roles).await.says("Saved");
        let form = freya.press(&card, &on(&card, "join")).await;
        assert_eq!(chosen(&form.0["modal"], "roles"), ["Damage", "Support"]);
        assert_eq!(chosen(&form.0["modal"], "accounts"), ["Freya#1111"]);
        freya
            .submit(&form, json!({"note": "late"}))
            .await
            .says("in the queue");

        let form = freya.press(&card, &on(&card, "join")).await;
        assert_eq!(field(&form.0["modal"], "note")["value"], "late");
        let all = field(&form.0["modal"], "accounts")["options"].clone();
        let all: Vec<_> = all
            .as_array()
            .expect("two")
            .iter()
            .map(|one| &one["value"])
            .collect();
        let changed = freya
            .submit(&form, json!({"roles": ["tank"], "accounts": all}))
            .await;
        changed.says("Changed").says("as Tank");
        card_reads(&freya, &card, &format!("<@{}> · Tank", freya.user)).await;
    })
    .await;
}

#[tokio::test]
async fn with_nothing_to_ask_join_joins_at_once() {
    story(async |world| {
        let card = planned(&world.person(0), json!({"mode": "6v6"})).await;
        let freya = world.person(4);
        account(&freya, json!({"battletag": "Freya#1111", "open": "m2"})).await;
        let joined = freya.press(&card, &on(&card, "join")).await;
        joined.says("You are in the queue");
        world.redeliver(&joined).await;
        card_reads(
            &freya,
            &card,
            &format!("<@{}> · Flex · Master 2", freya.user),
        )
        .await;
        let again = freya.press(&card, &on(&card, "join")).await;
        assert_eq!(again.outcome(), "modal", "there one can add a note");
    })
    .await;
}

#[tokio::test]
async fn a_rank_that_does_not_fit_is_refused_with_the_way_out() {
    story(async |world| {
        let card = planned(&world.person(0), json!({"highest": "platinum"})).await;
        let freya = world.person(4);
        let ranks = json!({"battletag": "Freya#1111", "damage": "d2", "support": "g1"});
        account(&freya, ranks).await;
        let form = freya.press(&card, &on(&card, "join")).await;
        let refused = freya.submit(&form, json!({"roles": ["damage"]})).await;
        refused.says(
            "Your Diamond 2 damage is above this session's Platinum limit; your support rank \
             would fit.",
        );
        let form = freya
            .press(refused.message(), &id(refused.message(), "join:"))
            .await;
        freya
            .submit(&form, json!({"roles": ["support"]}))
            .await
            .says("as Support");

        // A newcomer who does not fit leaves nothing behind.
        let kwame = world.person(5);
        let form = kwame.press(&card, &on(&card, "join")).await;
        let typed = json!({"battletag": "Kwame#1234", "roles": ["tank"], "ranks": "tank gm1"});
        kwame
            .submit(&form, typed)
            .await
            .says("above this session's Platinum limit");
        let accounts = kwame
            .complete("account remove", json!({"account": ""}), "account")
            .await;
        assert!(accounts.is_empty(), "{accounts:?}");
    })
    .await;
}

#[tokio::test]
async fn one_leaves_and_says_that_one_streams_also_twice() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let (aiko, freya) = (world.person(2), world.person(4));
        joined(&aiko, &card, "Aiko#1234", &["tank"]).await;
        let streams = aiko.press(&card, &on(&card, "streaming")).await;
        streams.says("you stream this session");
        world.redeliver(&streams).await;
        card_reads(&freya, &card, &format!("<@{}> · Tank 📺", aiko.user)).await;
        freya
            .press(&card, &on(&card, "streaming"))
            .await
            .says("not in this session's queue");
        freya
            .press(&card, &on(&card, "leave"))
            .await
            .says("not in this session's queue");
        let left = aiko.press(&card, &on(&card, "leave")).await;
        left.says("You have left");
        world.redeliver(&left).await;
        nobody_waits(&freya, &card).await;
        aiko.press(&card, &on(&card, "leave"))
            .await
            .says("not in this session's queue");
    })
    .await;
}

#[tokio::test]
async fn the_cards_of_an_older_bot_keep_working() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let session = number(&card).expect("a number");
        let aiko = world.person(2);
        let old = json!({"id": "1"});
        let form = aiko.forge(&old, &format!("join:{session}"), &[]).await;
        let typed = json!({"battletag": "Aiko#1234", "roles": ["tank"]});
        aiko.submit(&form, typed).await.says("in the queue");
        let refreshed = aiko.forge(&old, &format!("refresh:{session}"), &[]).await;
        refreshed.says("brought up to date");
        aiko.forge(&old, &format!("streaming:{session}"), &[])
            .await
            .says("you stream");
        aiko.forge(&old, &format!("leave:{session}"), &[])
            .await
            .says("You have left");
    })
    .await;
}

#[tokio::test]
async fn a_session_under_way_is_only_left_and_one_that_is_over_takes_nothing() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let session = number(&card).expect("a number");
        let (aiko, freya) = (world.person(2), world.person(4));
        joined(&aiko, &card, "Aiko#1234", &["tank"]).await;
        joined(&freya, &card, "Freya#1234", &["tank"]).await;
        world.at(STARTED);
        let started = card_reads(&aiko, &card, "Under way").await;
        let late = world
            .person(5)
            .forge(&card, &format!("join:{session}"), &[])
            .await;
        late.says("under way already");
        aiko.press(&started, &on(&started, "leave"))
            .await
            .says("You have left");
        world.at(OVER);
        let over = card_reads(&freya, &card, "Over").await;
        assert!(ids(&over).is_empty(), "a card without buttons");
        for route in ["join", "leave", "streaming"] {
            let stale = freya.forge(&card, &format!("{route}:{session}"), &[]).await;
            stale.says("is over");
        }
        let stale = freya
            .forge_modal(&format!("newcomer:{session}"), json!({}))
            .await;
        stale.says("is over");
    })
    .await;
}

#[tokio::test]
async fn buttons_of_another_server_garbage_and_private_messages_change_nothing() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let session = number(&card).expect("a number");
        let aiko = world.person(2);
        let elsewhere = aiko.in_channel(world.other_channel());
        let private = aiko.in_private();
        let old = json!({"id": "1"});
        for route in ["join", "leave", "streaming", "refresh", "newcomer"] {
            let there = elsewhere
                .forge(&old, &format!("{route}:{session}"), &[])
                .await;
            there.says("not here any more");
            let there = private
                .forge(&old, &format!("{route}:{session}"), &[])
                .await;
            there.says("belong to a server");
            for args in [
                "",
                ":",
                "abc",
                "99999999999999999999",
                "-1",
                "0",
                "999",
                "1;--",
            ] {
                let garbage = aiko.forge(&old, &format!("{route}:{args}"), &[]).await;
                garbage.says("not here any more");
            }
        }
        for route in ["join", "newcomer"] {
            let typed = json!({"battletag": "Aiko#1234", "roles": ["tank"]});
            let there = elsewhere
                .forge_modal(&format!("{route}:{session}"), typed)
                .await;
            there.says("not here any more");
        }
        nobody_waits(&aiko, &card).await;
    })
    .await;
}

#[tokio::test]
async fn what_people_type_is_shown_and_never_meant() {
    story(async |world| {
        let evil = "@everyone <@1> [x](https://evil.example) **b**";
        let options = json!({"title": evil, "description": format!("{evil}\n# big")});
        let card = planned(&world.person(0), options).await;
        let aiko = world.person(2);
        let form = aiko.press(&card, &on(&card, "join")).await;
        let typed = json!({"battletag": "Aiko#1234", "roles": ["tank"], "note": evil});
        let answer = aiko.submit(&form, typed).await;
        let dashboard = world.person(0).press(&card, &on(&card, "manage")).await;
        dashboard.says("Aiko\\#1234");
        let shown = [text_of(&card), answer.text(), dashboard.text()];
        for text in shown {
            for meant in ["@everyone", "<@1>", "](https", "**b**", "\n# "] {
                assert!(!text.contains(meant), "{meant:?} is in {text}");
            }
        }
        for request in world.requests().await {
            let data = if request["body"]["data"].is_object() {
                &request["body"]["data"]
            } else {
                &request["body"]
            };
            let pings = &data["allowed_mentions"]["parse"];
            let none = pings.is_null() || pings.as_array().is_some_and(Vec::is_empty);
            assert!(none, "{request:#}");
        }
    })
    .await;
}

#[tokio::test]
async fn when_a_crowd_clicks_the_card_ends_true_with_few_edits() {
    const CROWD: usize = 1_000;
    story_in(playground::World::with_people(CROWD), 1, async |world| {
        let card = planned(&world.person(0), json!({"mode": "6v6"})).await;
        let session = number(&card).expect("a number");
        let click = async |n: usize| {
            let person: Person<'_> = world.person(n);
            let typed = json!({"battletag": format!("Crowd#{}", 10_000 + n)});
            let newcomer = format!("newcomer:{session}");
            let queued = person.forge_modal(&newcomer, typed).await;
            queued.comes_to_say(world, "in the queue").await;
            let streaming = person.press(&card, &on(&card, "streaming")).await;
            streaming.comes_to_say(world, "you stream").await;
            if n.is_multiple_of(3) {
                let left = person.press(&card, &on(&card, "leave")).await;
                left.comes_to_say(world, "You have left").await;
            }
        };
        stream::iter(0..CROWD).for_each_concurrent(40, click).await;
        let waiting = format!("Waiting ({})", CROWD - CROWD.div_ceil(3));
        let last = card_reads(&world.person(1), &card, &waiting).await;
        assert!(text_of(&last).contains("… and "), "{last:#}");
        let clicks = CROWD * 2 + CROWD.div_ceil(3);
        let edits = world
            .count("PATCH", "/channels/{channel_id}/messages")
            .await;
        assert!(edits * 10 < clicks, "{edits} edits for {clicks} clicks");
    })
    .await;
}
