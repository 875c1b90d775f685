//! Reminders find those who take no direct messages, come once, and never too late.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::scene::{card_reads, id, ids, joined, on, planned};
use crate::thread::thread_is;
use crate::world::{Person, World, story, text_of};

/// An hour before the session of these stories.
const REMINDED: &str = "2026-11-27T18:00:00Z";

/// Somebody who wants to be reminded an hour before is in the queue.
async fn waits(person: &Person<'_>, card: &Value, tag: &str) {
    let hour = json!({"timezone": "Europe/Berlin", "reminder": "60"});
    person.command("profile edit", hour).await.says("Saved");
    joined(person, card, tag, &["tank"]).await;
}

async fn closed(world: &World, person: &Person<'_>) {
    let closed = json!({"user": person.user, "closed": true});
    world.post("faults/dms", closed).await;
}

fn reminders(messages: &[Value]) -> Vec<&Value> {
    let all = messages.iter();
    all.filter(|message| text_of(message).contains('⏰'))
        .collect()
}

#[tokio::test]
async fn who_takes_no_direct_messages_is_pinged_alone_and_once_in_the_thread() {
    story(async |world| {
        let card = planned(&world.person(0), json!({"thread": "yes"})).await;
        thread_is(world, &card, |_| true).await;
        let thread = card["id"].as_str().expect("an id").to_owned();
        let (shut, open) = (world.person(2), world.person(4));
        waits(&shut, &card, "Aiko#1234").await;
        waits(&open, &card, "Freya#1234").await;
        closed(world, &shut).await;
        world.at(REMINDED);
        let in_thread = shut.in_channel(thread.clone());
        let ping = in_thread.reads("⏰").await;
        let mentions = ping["mentions"].as_array().expect("a list");
        assert_eq!(mentions.len(), 1, "{ping:#}");
        assert_eq!(mentions[0]["id"], shut.user);
        assert_eq!(ping["mention_everyone"], false);
        open.in_private().reads("⏰").await;

        world.restart().await;
        world.clock.advance(TimeDelta::minutes(30));
        let (shut, open) = (world.person(2), world.person(4));
        card_reads(&open, &card, "Waiting (2)").await;
        let in_thread = shut.in_channel(thread).messages().await;
        assert_eq!(reminders(&in_thread).len(), 1);
        assert_eq!(reminders(&open.in_private().messages().await).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn offers_and_places_come_in_the_thread_to_who_takes_no_direct_messages() {
    story(async |world| {
        let options = json!({"thread": "yes", "admission": "first_come"});
        let card = planned(&world.person(0), options).await;
        thread_is(world, &card, |_| true).await;
        let thread = card["id"].as_str().expect("an id").to_owned();
        let (first, shut, other) = (world.person(2), world.person(4), world.person(5));
        joined(&first, &card, "Aiko#1234", &["tank", "support"]).await;
        closed(world, &shut).await;
        closed(world, &first).await;
        // So that somebody else fits, the first one moves, and is told.
        joined(&other, &card, "Kwame#1234", &["tank"]).await;
        let told = first
            .in_channel(thread.clone())
            .reads("You play Support")
            .await;
        assert_eq!(told["mentions"][0]["id"], first.user, "{told:#}");
        joined(&shut, &card, "Freya#1234", &["tank"]).await;
        other.press(&card, &on(&card, "leave")).await.says("left");
        let in_thread = shut.in_channel(thread);
        let offer = in_thread.reads("A place as Tank is free").await;
        let mentions = offer["mentions"].as_array().expect("a list");
        assert_eq!(mentions.len(), 1, "{offer:#}");
        assert_eq!(mentions[0]["id"], shut.user);
        // The answer is theirs alone, wherever the button stands.
        let take = id(&offer, "offer-yes:");
        let there = other.in_channel(card["id"].as_str().expect("an id").to_owned());
        there
            .press(&offer, &take)
            .await
            .says("no place that is kept for you");
        in_thread.press(&offer, &take).await.says("You are in");
        let line = format!("Tank 1/1\n<@{}>", shut.user);
        card_reads(&shut, &card, &line).await;
    })
    .await;
}

#[tokio::test]
async fn without_a_thread_nobody_is_pinged_anywhere() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let (shut, open) = (world.person(2), world.person(4));
        waits(&shut, &card, "Aiko#1234").await;
        waits(&open, &card, "Freya#1234").await;
        closed(world, &shut).await;
        world.at(REMINDED);
        open.in_private().reads("⏰").await;
        assert_eq!(reminders(&shut.messages().await).len(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_reminder_whose_answer_was_lost_is_not_sent_twice() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let player = world.person(2);
        waits(&player, &card, "Aiko#1234").await;
        let route = "/channels/{channel_id}/messages";
        let lost = json!({"method": "POST", "route": route, "status": 502, "after": true});
        world.post("faults/requests", lost).await;
        world.at(REMINDED);
        player.in_private().reads("⏰").await;
        let before = world.count("POST", "/channels/{channel_id}/messages").await;
        world.restart().await;
        world.clock.advance(TimeDelta::seconds(30));
        while world.count("POST", route).await == before {
            tokio::task::yield_now().await;
        }
        let told = world.person(2).in_private().messages().await;
        assert_eq!(reminders(&told).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_reminder_that_comes_after_the_session_was_cancelled_does_not_come() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        let player = world.person(2);
        waits(&player, &card, "Aiko#1234").await;
        let down = json!({"method": "POST", "route": "/users/@me/channels", "status": 503, "times": 1_000});
        world.post("faults/requests", down).await;
        world.at(REMINDED);
        while world.count("POST", "/users/@me/channels").await == 0 {
            tokio::task::yield_now().await;
        }
        let cancel = organiser.command("session cancel", json!({"session": "Cup"})).await;
        let yes = ids(cancel.message());
        organiser.press(cancel.message(), &yes[0]).await;
        world.delete("faults").await;
        world.clock.advance(TimeDelta::minutes(20));
        player.in_private().reads("does not take place").await;
        card_reads(&player, &card, "Cancelled").await;
        world.clock.advance(TimeDelta::minutes(20));
        assert_eq!(reminders(&player.in_private().messages().await).len(), 0);
    })
    .await;
}
