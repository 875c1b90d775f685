//! The bot is timed out by a moderator: what it may not show meanwhile is there once that is over.

use std::time::Duration;

use overwatch_bot::playground::APPLICATION_ID;
use serde_json::{Value, json};

use crate::parked::nothing_is_parked;
use crate::scene::planned;
use crate::thread::thread_is;
use crate::world::{PATIENCE, World, story, text_of};

const THREADS: &str = "/channels/{channel_id}/messages/{message_id}/threads";

/// Times the bot out in the first server for so many seconds.
pub(crate) async fn time_out(world: &World, seconds: i64) {
    let path = format!("guilds/{}/members/{APPLICATION_ID}", world.server());
    world.post(&path, json!({"timed_out_s": seconds})).await;
}

/// Waits until Discord has refused a thread for want of a permission.
async fn a_thread_is_refused(world: &World) {
    let is_refused = |it: &Value| it["route"] == THREADS && it["status"] == 403;
    let waiting = async {
        while !world.requests().await.iter().any(is_refused) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let refused = tokio::time::timeout(PATIENCE, waiting).await;
    refused.expect("Discord refuses no thread");
}

#[tokio::test]
async fn card_and_thread_are_true_after_a_time_out_over_the_start() {
    story(async |world| {
        world.provokes_refusals(20, "the bot is timed out over a session's start");
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        world.at("2026-11-27T18:30:00Z");
        time_out(world, 3_600).await;
        // Commands are answered all the same, and what they did is done.
        let edit = json!({"session": "Cup", "title": "Great Cup", "thread": "yes"});
        let edited = organiser.command("session edit", edit).await;
        edited.says("was called");
        a_thread_is_refused(world).await;
        let told = organiser.in_private().reads("I could not make").await;
        let told = text_of(&told);
        assert!(
            told.contains("I am timed out") && !told.contains("I lack"),
            "{told}"
        );
        world.at("2026-11-27T19:00:00Z");
        world.at("2026-11-27T19:31:00Z");
        let is_whole = |message: &Value| {
            let has_embed = message["embeds"]
                .as_array()
                .is_some_and(|it| !it.is_empty());
            let text = text_of(message);
            has_embed && text.contains("Great Cup") && text.contains("Under way")
        };
        let whole = |message: &Value| message["id"] == card["id"] && is_whole(message);
        organiser.sees("the card", whole).await;
        thread_is(world, &card, |thread| thread["name"] == "Great Cup").await;
        nothing_is_parked(world).await;
    })
    .await;
}
