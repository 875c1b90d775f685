//! Why something cannot be shown, as it is told to the people who can mend it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::parked::{EMBED_LINKS, clicks, deny, hidden_cards, next_try, nothing_is_parked};
use crate::scene::{card_reads, joined, planned};
use crate::time_out::time_out;
use crate::world::{require_within, story, text_of};

const SEND_MESSAGES: u64 = 1 << 11;
const CONNECT: u64 = 1 << 20;

#[tokio::test]
async fn time_out_is_named_where_a_card_or_a_call_cannot_be_posted() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        time_out(world, 3_600).await;
        let plan = json!({"title": "Late", "when": "2026-11-27 22:00", "timezone": "Europe/Berlin", "mode": "5v5"});
        let refused = organiser.command("session create", plan).await;
        refused.says("I am timed out in this server");
        assert!(!refused.text().contains("I lack"), "{}", refused.text());
        let to = json!({"session": "Cup", "channel": world.channel_at(1)});
        let refused = organiser.command("session move", to).await;
        refused.says("I am timed out in this server");
        time_out(world, 0).await;
        card_reads(&organiser, &card, "Cup").await;
    })
    .await;
}

#[tokio::test]
async fn connect_is_named_where_a_channel_for_voice_denies_it() {
    story(async |world| {
        world.provokes_refusals(20, "a channel for voice denies Connect over several clicks");
        let lounge = json!({"name": "Lounge", "type": 2});
        let channels = format!("guilds/{}/channels", world.server());
        let lounge = world.post(&channels, lounge).await;
        let lounge = lounge["id"].as_str().expect("an id").to_owned();
        let organiser = world.person(0).in_channel(lounge.clone());
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        deny(world, &lounge, CONNECT).await;
        let player = world.person(2).in_channel(lounge.clone());
        joined(&player, &card, "Aiko#1234", &["tank"]).await;
        let told = organiser.in_private().reads("I lack *Connect* in").await;
        assert!(!text_of(&told).contains("Send Messages"), "{told}");
        let plan = json!({"title": "Late", "when": "2026-11-27 22:00", "timezone": "Europe/Berlin", "mode": "5v5"});
        let refused = organiser.command("session create", plan).await;
        refused.says("I lack *Connect*.");
        deny(world, &lounge, 0).await;
        clicks(world).await;
        card_reads(&organiser, &card, "Waiting (1)").await;
        nothing_is_parked(world).await;
    })
    .await;
}

#[tokio::test]
async fn new_card_appears_once_the_bot_may_send_again() {
    story(async |world| {
        world.provokes_refusals(20, "the bot may send no messages over several clicks");
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        let (channel, message) = (world.channel(), card["id"].as_str().expect("an id"));
        let path = format!("channels/{channel}/messages/{message}");
        world.delete(&path).await;
        deny(world, &world.channel(), SEND_MESSAGES).await;
        world.at("2026-11-27T19:00:00Z");
        organiser
            .in_private()
            .reads("I lack *Send Messages* and *Embed Links* in")
            .await;
        deny(world, &world.channel(), 0).await;
        let begun = Instant::now();
        clicks(world).await;
        organiser.reads("Under way").await;
        require_within(begun.elapsed(), Duration::from_secs(10));
        nothing_is_parked(world).await;
    })
    .await;
}

#[tokio::test]
async fn card_without_embed_links_is_true_in_words() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        deny(world, &world.channel(), EMBED_LINKS).await;
        let plain = |text: &'static str| {
            let id = card["id"].clone();
            move |message: &Value| {
                let content = message["content"].as_str().unwrap_or_default();
                message["id"] == id && message["embeds"] == json!([]) && content.contains(text)
            }
        };
        world.at("2026-11-27T19:00:00Z");
        organiser.in_private().reads("I lack *Embed Links*").await;
        world.clock.set(next_try(world).await);
        organiser.sees("in words", plain("Under way")).await;
        world.at("2026-11-27T21:00:00Z");
        organiser.sees("in words", plain("Over")).await;
        deny(world, &world.channel(), 0).await;
        clicks(world).await;
        let whole = |message: &Value| {
            message["id"] == card["id"]
                && message["content"] == ""
                && text_of(message).contains("Over")
        };
        organiser.sees("the card", whole).await;
        assert_eq!(hidden_cards(&organiser).await, 1, "told once");
    })
    .await;
}
