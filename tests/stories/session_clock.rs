//! What happens by itself: sessions start and end, people are reminded, also after a sleep.

use serde_json::json;

use crate::scene::{card_reads, id, joined, let_settle, on, planned};
use crate::world::{Person, story, text_of};

/// The session of these stories is on Friday, 20:00 to 22:00 in Berlin.
const BEFORE: &str = "2026-11-27T18:59:59Z";
const STARTED: &str = "2026-11-27T19:00:00Z";
const NEARLY_OVER: &str = "2026-11-27T20:59:59Z";
const OVER: &str = "2026-11-27T21:00:00Z";
/// An hour before it.
const REMINDED: &str = "2026-11-27T18:00:00Z";

/// How often somebody was told this in direct messages.
async fn told(person: &Person<'_>, text: &str) -> usize {
    let messages = person.in_private().messages().await;
    messages
        .iter()
        .filter(|message| text_of(message).contains(text))
        .count()
}

#[tokio::test]
async fn a_session_starts_at_its_time_and_is_over_after_its_length() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({})).await;
        world.at(BEFORE);
        // Something is committed and shown after the time was moved, and it is still open then.
        joined(&world.person(2), &card, "Aiko#1234", &["tank"]).await;
        let shown = card_reads(&organiser, &card, "Waiting (1)").await;
        assert!(text_of(&shown).contains("Open"), "{shown:#}");
        world.at(STARTED);
        card_reads(&organiser, &card, "Under way").await;
        world.at(NEARLY_OVER);
        let list = organiser.command("session list", json!({})).await;
        list.says("started");
        world.at(OVER);
        card_reads(&organiser, &card, "Over").await;
    })
    .await;
}

#[tokio::test]
async fn a_closed_session_starts_and_ends_like_an_open_one() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({})).await;
        let dashboard = organiser.press(&card, &on(&card, "manage")).await;
        let close = id(dashboard.message(), "manage-queue:");
        organiser.press(dashboard.message(), &close).await;
        card_reads(&organiser, &card, "closed").await;
        world.at(STARTED);
        card_reads(&organiser, &card, "Under way").await;
        world.at(OVER);
        card_reads(&organiser, &card, "Over").await;
    })
    .await;
}

#[tokio::test]
async fn what_fell_due_while_nobody_ran_happens_at_the_next_start() {
    story(async |world| {
        let card = {
            let organiser = world.person(0);
            let card = planned(&organiser, json!({"title": "First"})).await;
            planned(
                &organiser,
                json!({"title": "Second", "when": "2026-11-27 21:30"}),
            )
            .await;
            card
        };
        world.stop().await;
        // The first one is over by now, without ever having been seen to start.
        world.at("2026-11-27T21:10:00Z");
        world.start().await;
        let organiser = world.person(0);
        card_reads(&organiser, &card, "Over").await;
        organiser
            .sees("the second one under way", |message| {
                let text = text_of(message);
                message["flags"] != 64 && text.contains("Second") && text.contains("Under way")
            })
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_reminder_comes_once_in_time_and_again_if_the_session_moves() {
    story(async |world| {
        let player = world.person(2);
        let hour = json!({"timezone": "Europe/Berlin", "reminder": "60"});
        player.command("profile edit", hour).await.says("Saved");
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Evening"})).await;
        joined(&player, &card, "Aiko#1234", &["tank"]).await;
        world.at("2026-11-27T17:59:59Z");
        world.restart().await;
        let player = world.person(2);
        assert_eq!(told(&player, "⏰").await, 0);
        world.at(REMINDED);
        player.in_private().reads("⏰").await;
        world.restart().await;
        let (organiser, player) = (world.person(0), world.person(2));
        let later = json!({"session": "Evening", "when": "2026-11-28 20:00"});
        organiser.command("session edit", later).await;
        let_settle(world);
        player.in_private().reads("has moved").await;
        assert_eq!(told(&player, "⏰").await, 1);
        world.at("2026-11-28T18:00:00Z");
        let twice = async || {
            while told(&player, "⏰").await < 2 {
                tokio::task::yield_now().await
            }
        };
        twice().await;
        world.at("2026-11-28T18:30:00Z");
        organiser
            .command("session cancel", json!({"session": "Evening"}))
            .await;
        assert_eq!(told(&player, "⏰").await, 2);
    })
    .await;
}

#[tokio::test]
async fn who_is_not_coming_is_not_reminded() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Evening"})).await;
        let (comes, leaves, never) = (world.person(2), world.person(4), world.person(5));
        joined(&comes, &card, "Aiko#1234", &["tank"]).await;
        joined(&leaves, &card, "Freya#1234", &["tank"]).await;
        leaves.press(&card, &on(&card, "leave")).await.says("left");
        never
            .command("profile edit", json!({"reminder": "none"}))
            .await;
        joined(&never, &card, "Ines#1234", &["tank"]).await;
        world.at("2026-11-27T18:45:00Z");
        comes.in_private().reads("⏰").await;
        assert_eq!(told(&leaves, "⏰").await + told(&never, "⏰").await, 0);
    })
    .await;
}
