//! Looking for one more: a message elsewhere that says what is missing, for as long as it is.

use overwatch_bot::playground;
use serde_json::{Value, json};

use crate::scene::{account, card_reads, id, ids, on, planned};
use crate::world::{Answer, Person, World, story, text_of};

const VIEW_CHANNEL: u64 = 1 << 10;
const SEND_MESSAGES: u64 = 1 << 11;

/// Another channel of the first server.
fn elsewhere() -> String {
    let world = playground::World::default();
    world.guilds[0].channels[1].id.to_string()
}

async fn press(person: &Person<'_>, on: &Answer, begins: &str) -> Answer {
    person.press(on.message(), &id(on.message(), begins)).await
}

/// The dashboard's page for looking for players.
async fn page(organiser: &Person<'_>, card: &Value) -> Answer {
    let desk = organiser.press(card, &on(card, "manage")).await;
    press(organiser, &desk, "manage-call:").await
}

/// Looks for players in a channel.
async fn look(organiser: &Person<'_>, page: &Answer, channel: &str) -> Answer {
    let menu = id(page.message(), "manage-call-in:");
    organiser.choose(page.message(), &menu, &[channel]).await
}

/// Somebody joins by this message, and is accepted.
async fn joins(player: &Person<'_>, message: &Value, organiser: &Person<'_>, card: &Value) {
    account(player, json!({"battletag": "Freya#1111"})).await;
    player
        .press(message, &on(card, "join"))
        .await
        .says("in the queue");
    accepted(player, organiser, card).await;
}

async fn accepted(player: &Person<'_>, organiser: &Person<'_>, card: &Value) {
    let desk = organiser.press(card, &on(card, "manage")).await;
    let menus = ids(desk.message());
    let menu = menus
        .iter()
        .find(|id| id.starts_with("manage-player:") && !id.ends_with(":in"))
        .expect("a menu of those who wait");
    let view = organiser
        .choose(desk.message(), menu, &[&player.user])
        .await;
    press(organiser, &view, "manage-accept:")
        .await
        .says("is in as");
}

/// Denies the bot something in the other channel.
async fn deny(world: &World, bits: u64) {
    let fault = json!({"channel": elsewhere(), "denied": bits.to_string()});
    world.post("faults/access", fault).await;
}

#[tokio::test]
async fn what_is_missing_is_posted_elsewhere_with_a_button_and_follows_the_session() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({"mode": "6v6", "title": "Cup"})).await;
        let looked = look(&organiser, &page(&organiser, &card).await, &elsewhere()).await;
        assert_eq!(looked.outcome(), "update");
        looked.says("I am looking in <#");
        let player = world.person(4).in_channel(elsewhere());
        let call = player.reads("🔎 **Cup**: Needs 6 players").await;
        assert_eq!(call["mentions"], json!([]));
        assert_eq!(call["mention_everyone"], false);
        joins(&player, &call, &organiser, &card).await;
        player.reads("🔎 **Cup**: Needs 5 players").await;
        // Asked for once more it is the same message.
        look(&organiser, &page(&organiser, &card).await, &elsewhere())
            .await
            .says("already");
        let calls = player.messages().await;
        let calls = calls.iter().filter(|one| text_of(one).contains('🔎'));
        assert_eq!(calls.count(), 1);

        let session = on(&card, "manage").replace("manage:", "");
        let edit = json!({"session": session, "title": "Night"});
        organiser.command("session edit", edit).await;
        player.reads("🔎 **Night**").await;
        world.person(4).press(&card, &on(&card, "leave")).await;
        player.reads("🔎 **Night**: Needs 6 players").await;
        let cancel = organiser
            .command("session cancel", json!({"session": session}))
            .await;
        press(&organiser, &cancel, "cancel-sure:").await;
        let over = player.reads("does not take place").await;
        assert!(ids(&over).is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_full_session_looks_no_more_and_looks_again_when_somebody_leaves() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({"mode": "6v6", "title": "Cup"})).await;
        look(&organiser, &page(&organiser, &card).await, &elsewhere()).await;
        for number in 3..9 {
            let player = world.person(number);
            account(&player, json!({"battletag": format!("Player#{number}111")})).await;
            player
                .press(&card, &on(&card, "join"))
                .await
                .says("in the queue");
            accepted(&player, &organiser, &card).await;
        }
        let reader = world.person(9).in_channel(elsewhere());
        let full = reader.reads("has everybody it needs").await;
        assert!(ids(&full).is_empty(), "nobody joins what is full");
        let told = page(&organiser, &card).await;
        told.says("Nobody is missing");
        assert!(
            !ids(told.message())
                .iter()
                .any(|id| id.starts_with("manage-call-in"))
        );
        let stale = on(&card, "manage-call-in") + ":w0";
        organiser
            .forge(told.message(), &stale, &[])
            .await
            .says("Manage: ");
        world.person(3).press(&card, &on(&card, "leave")).await;
        let again = reader.reads("Needs 1 player").await;
        assert_eq!(ids(&again), [on(&card, "join")]);
    })
    .await;
}

#[tokio::test]
async fn after_a_withdrawal_exactly_what_is_missing_then_is_posted() {
    story(async |world| {
        let organiser = world.person(2);
        let options = json!({"mode": "5v5", "admission": "first_come", "title": "Cup"});
        let card = planned(&organiser, options).await;
        let people = [(4, "tank"), (5, "damage"), (6, "support"), (7, "support")];
        for (index, role) in people {
            let tag = format!("Player#111{index}");
            let player = world.person(index);
            crate::scene::joined(&player, &card, &tag, &[role]).await;
        }
        let leave = on(&card, "leave");
        world.person(4).press(&card, &leave).await.says("left");
        world.person(7).press(&card, &leave).await.says("left");
        let page = page(&organiser, &card).await;
        look(&organiser, &page, &elsewhere()).await;
        let reader = world.person(4).in_channel(elsewhere());
        reader
            .reads("🔎 **Cup**: Needs 1 tank, 1 damage and 1 support")
            .await;
        // A place that somebody is asked for is theirs meanwhile; here nobody is.
        world.person(5).press(&card, &leave).await.says("left");
        reader
            .reads("🔎 **Cup**: Needs 1 tank, 2 damage and 1 support")
            .await;
    })
    .await;
}

#[tokio::test]
async fn where_the_bot_may_not_post_it_says_what_it_lacks_and_nothing_is_left() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({})).await;
        for (bits, lacking) in [
            (VIEW_CHANNEL, "*View Channel*"),
            (SEND_MESSAGES, "*Send Messages*"),
        ] {
            deny(world, bits).await;
            let page = page(&organiser, &card).await;
            let refused = look(&organiser, &page, &elsewhere()).await;
            refused.says("I lack").says(lacking);
            assert!(
                !ids(refused.message())
                    .iter()
                    .any(|id| id.starts_with("manage-call-end"))
            );
        }
        deny(world, 0).await;
        let looked = look(&organiser, &page(&organiser, &card).await, &elsewhere()).await;
        looked.says("I am looking");
    })
    .await;
}

#[tokio::test]
async fn nobody_has_it_post_where_they_could_not_write_themselves() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({})).await;
        let told = page(&organiser, &card).await;
        let fault = json!({
            "guild": world.server(), "user": organiser.user,
            "permissions": VIEW_CHANNEL.to_string(),
        });
        world.post("faults/permissions", fault).await;
        let refused = look(&organiser, &told, &elsewhere()).await;
        refused.says("You may not write");
        // Nor does somebody who does not manage the session.
        let menu = id(told.message(), "manage-call-in:");
        world
            .person(4)
            .forge(told.message(), &menu, &[])
            .await
            .says("Only the organiser");
        let reader = world.person(4).in_channel(elsewhere());
        assert!(reader.messages().await.is_empty());
        card_reads(&world.person(4), &card, "🟢").await;
    })
    .await;
}

#[tokio::test]
async fn the_organiser_stops_looking_and_the_message_goes_after_a_restart_too() {
    story(async |world| {
        let card = planned(&world.person(2), json!({"title": "Cup"})).await;
        let told = page(&world.person(2), &card).await;
        let looked = look(&world.person(2), &told, &elsewhere()).await;
        world
            .person(4)
            .in_channel(elsewhere())
            .reads("🔎 **Cup**")
            .await;
        world.restart().await;
        let organiser = world.person(2);
        let end = id(looked.message(), "manage-call-end:");
        organiser
            .press(looked.message(), &end)
            .await
            .says("no more; the message goes");
        let reader = world.person(4).in_channel(elsewhere());
        while !reader.messages().await.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        organiser
            .forge(looked.message(), &end, &[])
            .await
            .says("I look there no more");
        let desk = organiser.press(&card, &on(&card, "manage")).await;
        let history = press(&organiser, &desk, "history:").await;
        history
            .says("looked for players in")
            .says("stopped looking");
    })
    .await;
}

#[tokio::test]
async fn a_message_that_somebody_deletes_is_not_posted_anew() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        look(&organiser, &page(&organiser, &card).await, &elsewhere()).await;
        let reader = world.person(4).in_channel(elsewhere());
        let call = reader.reads("🔎 **Cup**").await;
        let message = call["id"].as_str().expect("an id");
        let path = format!("channels/{}/messages/{message}", elsewhere());
        world.delete(&path).await;
        let session = on(&card, "manage").replace("manage:", "");
        let edit = json!({"session": session, "title": "Night"});
        organiser.command("session edit", edit).await;
        card_reads(&organiser, &card, "Night").await;
        // As soon as the bot has seen that it is gone, the page knows of none.
        loop {
            let page = page(&organiser, &card).await;
            if !ids(page.message())
                .iter()
                .any(|id| id.starts_with("manage-call-end"))
            {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let left = reader.messages().await;
        assert!(left.is_empty(), "{}", text_of(&left[0]));
    })
    .await;
}

#[tokio::test]
async fn a_message_that_discord_was_too_busy_for_is_posted_later_and_once() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        let told = page(&organiser, &card).await;
        let fault = json!({
            "method": "POST", "route": "/channels/{channel_id}/messages", "times": 1,
            "status": 500, "after": true,
        });
        world.post("faults/requests", fault).await;
        look(&organiser, &told, &elsewhere())
            .await
            .says("I go on trying");
        world.at("2026-11-22T12:00:20Z");
        let reader = world.person(4).in_channel(elsewhere());
        reader.reads("🔎 **Cup**").await;
        // The refresh of the same row: what was posted in vain and what is posted now are one.
        loop {
            let page = page(&organiser, &card).await;
            if page.text().contains("[message]") {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(reader.messages().await.len(), 1);
    })
    .await;
}
