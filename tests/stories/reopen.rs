//! Taking back that a session was cancelled, or started before its time.

use serde_json::{Value, json};

use crate::scene::{account, card_reads, id, ids, joined, let_settle, number, on, planned};
use crate::world::{Answer, Person, World, story, text_of};

/// The session of these stories is on Friday, 20:00 in Berlin.
const REMINDED: &str = "2026-11-27T18:00:00Z";
const STARTED: &str = "2026-11-27T19:00:00Z";

async fn press(person: &Person<'_>, on: &Answer, begins: &str) -> Answer {
    person.press(on.message(), &id(on.message(), begins)).await
}

async fn dashboard(person: &Person<'_>, card: &Value) -> Answer {
    person.press(card, &on(card, "manage")).await
}

/// The session is cancelled by somebody who may; the answer.
async fn cancelled(person: &Person<'_>, session: &str) -> Answer {
    let question = person
        .command("session cancel", json!({"session": session}))
        .await;
    let done = press(person, &question, "cancel-sure").await;
    done.says("is cancelled");
    done
}

async fn reopened(person: &Person<'_>, session: &str) -> Answer {
    person
        .command("session reopen", json!({"session": session}))
        .await
}

async fn history(person: &Person<'_>, session: &str) -> Answer {
    person
        .command("session history", json!({"session": session}))
        .await
}

/// What a server's only event and the card's thread are; none of either as null.
async fn extras(world: &World, card: &Value, holds: impl Fn(&Value, &Value) -> bool) {
    let is = |guild: &Value| {
        let events = guild["events"].as_array().cloned().unwrap_or_default();
        let channels = guild["channels"].as_array().cloned().unwrap_or_default();
        let thread = channels
            .iter()
            .find(|channel| channel["id"] == card["id"] && !channel["thread"].is_null());
        let thread = thread.map_or(Value::Null, |channel| channel["thread"].clone());
        events.len() < 2 && holds(events.first().unwrap_or(&Value::Null), &thread)
    };
    world.shows("event and thread", is).await;
}

#[tokio::test]
async fn an_administrator_takes_a_cancellation_back_and_everything_is_as_before() {
    story(async |world| {
        let organiser = world.person(2);
        let options = json!({"admission": "first_come", "thread": "yes", "event": "yes"});
        let card = planned(&organiser, options).await;
        let session = number(&card).expect("a number");
        let (plays, waits) = (world.person(4), world.person(5));
        let remind = json!({"reminder": "60", "timezone": "Europe/Berlin"});
        plays.command("profile edit", remind).await;
        joined(&plays, &card, "Freya#1111", &["tank"]).await;
        joined(&waits, &card, "Kwame#1111", &["tank"]).await;
        extras(world, &card, |event, thread| {
            event["status"] == 1 && thread["archived"] == false
        })
        .await;
        cancelled(&organiser, &session).await;
        extras(world, &card, |event, thread| {
            event.is_null() && thread["archived"] == true
        })
        .await;
        card_reads(&organiser, &card, "Cancelled").await;
        waits.in_private().reads("does not take place").await;
        world.restart().await;

        let (admin, plays) = (world.person(0), world.person(4));
        let choices = json!({"session": ""});
        let choices = admin.complete("session reopen", choices, "session").await;
        assert_eq!(choices.len(), 1, "{choices:?}");
        let back = reopened(&admin, &session).await;
        back.says("takes place after all")
            .says("others in its queue");
        let shown = card_reads(&admin, &card, "Waiting (1)").await;
        let line = format!("Tank 1/1\n<@{}>", plays.user);
        assert!(text_of(&shown).contains(&line), "{shown:#}");
        assert!(ids(&shown).iter().any(|id| id.starts_with("join:")));
        extras(world, &card, |event, thread| {
            let members = thread["members"].as_array();
            let in_it = members.is_some_and(|members| members.contains(&json!(plays.user)));
            event["status"] == 1 && thread["archived"] == false && in_it
        })
        .await;
        let_settle(world);
        plays.in_private().reads("takes place after all").await;
        world
            .person(5)
            .in_private()
            .reads("takes place after all")
            .await;
        history(&world.person(2), &session)
            .await
            .says("(administrator) let it take place after all · ⚠️ **override**");
        world.at(REMINDED);
        plays.in_private().reads("⏰").await;
        world.at(STARTED);
        card_reads(&plays, &card, "Under way").await;
        extras(world, &card, |event, _| event["status"] == 2).await;
    })
    .await;
}

#[tokio::test]
async fn the_button_below_a_cancellation_takes_it_back_and_a_closed_queue_stays_closed() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({})).await;
        let session = number(&card).expect("a number");
        let desk = dashboard(&organiser, &card).await;
        press(&organiser, &desk, "manage-queue:").await;
        let done = cancelled(&organiser, &session).await;
        world.restart().await;
        let (organiser, stranger) = (world.person(2), world.person(4));
        let button = id(done.message(), "reopen:");
        let old = json!({"id": "1"});
        stranger
            .forge(&old, &button, &[])
            .await
            .says("Only the organiser");
        stranger
            .in_private()
            .forge(&old, &button, &[])
            .await
            .says("belong to a server");
        let back = organiser.press(done.message(), &button).await;
        back.says("takes place after all")
            .says("Its queue is closed, as it was");
        card_reads(&organiser, &card, "The queue is closed").await;
        world.redeliver(&back).await;
        organiser
            .forge(&old, &button, &[])
            .await
            .says("neither cancelled nor under way");
        for forged in ["reopen:x", "reopen:", "reopen:99"] {
            organiser
                .forge(&old, forged, &[])
                .await
                .says("not here any more");
        }
    })
    .await;
}

#[tokio::test]
async fn what_would_have_begun_by_now_is_not_taken_back() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        let session = number(&card).expect("a number");
        let done = cancelled(&organiser, &session).await;
        world.at(STARTED);
        press(&organiser, &done, "reopen:")
            .await
            .says("cannot be taken back any more");
        let choices = json!({"session": ""});
        let choices = organiser
            .complete("session reopen", choices, "session")
            .await;
        assert!(choices.is_empty(), "{choices:?}");
        // Nor is a start that came in time.
        let card = {
            let later = json!({"title": "Night", "when": "2026-11-28 20:00"});
            planned(&organiser, later).await
        };
        let session = number(&card).expect("a number");
        world.at("2026-11-28T19:00:00Z");
        card_reads(&organiser, &card, "Under way").await;
        let desk = dashboard(&organiser, &card).await;
        let shown = ids(desk.message());
        assert!(
            !shown.iter().any(|id| id.starts_with("reopen:")),
            "{shown:?}"
        );
        reopened(&organiser, &session)
            .await
            .says("cannot be taken back any more");
    })
    .await;
}

#[tokio::test]
async fn a_start_before_its_time_is_taken_back_until_the_planned_one() {
    story(async |world| {
        let organiser = world.person(2);
        let options = json!({"admission": "first_come", "event": "yes"});
        let card = planned(&organiser, options).await;
        let player = world.person(4);
        joined(&player, &card, "Freya#1111", &["tank"]).await;
        extras(world, &card, |event, _| event["status"] == 1).await;
        let desk = dashboard(&organiser, &card).await;
        let sure = press(&organiser, &desk, "manage-start:").await;
        press(&organiser, &sure, "manage-start-sure:")
            .await
            .says("under way");
        card_reads(&player, &card, "Under way").await;
        extras(world, &card, |event, _| event["status"] == 2).await;
        player.in_private().reads("starts now").await;
        world.restart().await;

        let (admin, player) = (world.person(0), world.person(4));
        let desk = dashboard(&admin, &card).await;
        let back = press(&admin, &desk, "reopen:").await;
        back.says("not under way any more").says("is told");
        let shown = card_reads(&player, &card, "Open: press").await;
        assert!(text_of(&shown).contains("Tank 1/1"), "{shown:#}");
        let_settle(world);
        player.in_private().reads("has not started after all").await;
        // Discord takes no start back: another event is in its place.
        extras(world, &card, |event, _| event["status"] == 1).await;
        let session = number(&card).expect("a number");
        history(&admin, &session)
            .await
            .says("(administrator) took the start back · ⚠️ **override**");
        world.at(STARTED);
        card_reads(&player, &card, "Under way").await;
        extras(world, &card, |event, _| event["status"] == 2).await;
    })
    .await;
}

#[tokio::test]
async fn a_place_that_was_offered_is_offered_anew_when_a_session_takes_place_after_all() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({"admission": "first_come"})).await;
        let session = number(&card).expect("a number");
        let (first, second) = (world.person(4), world.person(5));
        joined(&first, &card, "Freya#1111", &["tank"]).await;
        joined(&second, &card, "Kwame#1111", &["tank"]).await;
        first.press(&card, &on(&card, "leave")).await.says("left");
        second.in_private().reads("A place as Tank is free").await;
        cancelled(&organiser, &session).await;
        let offer = card_reads(&second, &card, "Cancelled").await;
        assert!(!ids(&offer).iter().any(|id| id.starts_with("offer-")));
        // Far beyond the end of the offer, which nobody could answer.
        world.at("2026-11-27T12:00:00Z");
        reopened(&organiser, &session).await.says("after all");
        let name = format!("<@{}> (Tank)", second.user);
        let shown = card_reads(&second, &card, &name).await;
        let take = id(&shown, "offer-yes:");
        second.press(&shown, &take).await.says("You are in");
    })
    .await;
}

#[tokio::test]
async fn somebody_new_is_free_to_join_what_takes_place_after_all() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({"admission": "first_come"})).await;
        let session = number(&card).expect("a number");
        let gone = world.person(4);
        joined(&gone, &card, "Freya#1111", &["tank"]).await;
        cancelled(&organiser, &session).await;
        // Who deletes everything meanwhile leaves a free place behind.
        let asked = gone.command("profile delete", json!({})).await;
        press(&gone, &asked, "profile-delete:").await;
        let page = history(&organiser, &session).await;
        press(&organiser, &page, "reopen:").await.says("after all");
        card_reads(&organiser, &card, "Open: press").await;
        let comes = world.person(5);
        account(&comes, json!({"battletag": "Kwame#1111"})).await;
        let form = comes.press(&card, &on(&card, "join")).await;
        comes
            .submit(&form, json!({"roles": ["tank"]}))
            .await
            .says("You are in");
    })
    .await;
}
