//! Pace and fairness of what the bot sends: every card is true soon after the last click, and nobody
//! waits for what others have caused. That Discord has to refuse no request is checked after every
//! story.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::scene::{ids, joined, number, on, planned};
use crate::thread::{plays, thread_is};
use crate::world::{Answer, Person, World, require_within, story, text_of};

/// Between two clicks.
const CLICK_EVERY: Duration = Duration::from_millis(100);
/// How long people click.
const CLICKS_FOR: Duration = Duration::from_secs(8);
/// A card is edited this often at most.
const CARD_EVERY: Duration = Duration::from_secs(1);
/// Clocks are read to the millisecond.
const A_MOMENT: Duration = Duration::from_millis(2);

/// Requires that between two edits of a message there was the named pause. Counted from Discord's answer
/// to the next request, so that it holds on a slow machine too.
async fn require_pauses(world: &World, card: &Value) {
    let edits = edits_of(world, card).await;
    assert!(edits.len() > 1, "{edits:#?}");
    for pair in edits.windows(2) {
        let ms = |edit: &Value, what: &str| edit[what].as_u64().expect("milliseconds");
        let pause = ms(&pair[1], "came_ms").saturating_sub(ms(&pair[0], "answered_ms"));
        let least = CARD_EVERY - A_MOMENT;
        assert!(Duration::from_millis(pause) >= least, "{pause} ms");
    }
}

/// How often a message has been edited.
async fn edits(world: &World, card: &Value) -> usize {
    edits_of(world, card).await.len()
}

/// The requests that have edited a message.
async fn edits_of(world: &World, card: &Value) -> Vec<Value> {
    let path = format!("/messages/{}", card["id"].as_str().expect("an id"));
    let mut requests = world.requests().await;
    requests.retain(|request| {
        let to = request["path"].as_str().unwrap_or_default();
        request["method"] == "PATCH" && to.starts_with("/channels/") && to.ends_with(&path)
    });
    requests
}

/// Cancels a session, as its organiser who is sure.
async fn cancelled(organiser: &Person<'_>, title: &str) -> Answer {
    let cancel = json!({"session": title});
    let question = organiser.command("session cancel", cancel).await;
    let sure = ids(question.message());
    organiser.press(question.message(), &sure[0]).await
}

/// Four people click at four cards in one channel; how long it takes then until each card is true.
async fn four_busy_cards(world: &World, age: TimeDelta) -> Duration {
    let mut cards = Vec::new();
    for n in 0..4 {
        let title = format!("Session {n}");
        let card = planned(&world.person(0), json!({"title": title})).await;
        let player = world.person(2 + n);
        joined(&player, &card, &format!("Player#{n}234"), &["tank"]).await;
        cards.push((player, card, false));
    }
    world.clock.advance(age);
    let mut clicks = tokio::time::interval(CLICK_EVERY);
    let begin = Instant::now();
    for n in (0..cards.len()).cycle() {
        if begin.elapsed() >= CLICKS_FOR {
            break;
        }
        clicks.tick().await;
        let (player, card, streams) = &mut cards[n];
        let answer = player.press(card, &on(card, "streaming")).await;
        assert_ne!(answer.outcome(), "failed");
        *streams = !*streams;
    }
    let last = Instant::now();
    for (player, card, streams) in &cards {
        let is_true = |message: &Value| {
            message["id"] == card["id"] && text_of(message).contains("📺") == *streams
        };
        player.sees("the truth", is_true).await;
    }
    let took = last.elapsed();
    for (_, card, _) in &cards {
        require_pauses(world, card).await;
    }
    took
}

#[tokio::test]
async fn four_busy_cards_in_a_channel_are_true_soon_and_nothing_is_refused() {
    story(async |world| {
        let took = four_busy_cards(world, TimeDelta::zero()).await;
        require_within(took, Duration::from_secs(5));
    })
    .await;
}

#[tokio::test]
async fn four_busy_old_cards_in_a_channel_are_true_soon_and_nothing_is_refused() {
    story(async |world| {
        let took = four_busy_cards(world, TimeDelta::hours(2)).await;
        require_within(took, Duration::from_secs(12));
    })
    .await;
}

#[tokio::test]
async fn a_card_is_edited_once_a_second_after_each_delivery_has_ended() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let player = world.person(2);
        joined(&player, &card, "Player#1234", &["tank"]).await;
        let shows = async |streams: bool| {
            let is_true = |message: &Value| {
                message["id"] == card["id"] && text_of(message).contains("📺") == streams
            };
            player.sees("the truth", is_true).await;
        };
        player.press(&card, &on(&card, "streaming")).await;
        shows(true).await;
        for streams in [false, true, false] {
            player.press(&card, &on(&card, "streaming")).await;
            shows(streams).await;
        }
        require_pauses(world, &card).await;
    })
    .await;
}

#[tokio::test]
async fn what_had_to_wait_says_what_is_true_when_it_is_sent() {
    story(async |world| {
        let card = &planned(&world.person(0), json!({})).await;
        let players = [world.person(2), world.person(3)];
        for (n, player) in players.iter().enumerate() {
            joined(player, card, &format!("Player#{n}234"), &["tank"]).await;
        }
        let both = |what: &str, times| {
            let what = what.to_owned();
            move |message: &Value| {
                message["id"] == card["id"] && text_of(message).matches(&what).count() == times
            }
        };
        players[0].sees("both", both("· Tank", 2)).await;
        let before = edits(world, card).await;
        let limited = json!({
            "method": "PATCH", "route": "/channels/{channel_id}/messages", "status": 429,
        });
        world.post("faults/requests", limited).await;
        players[0].press(card, &on(card, "streaming")).await;
        while edits(world, card).await == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        players[1].press(card, &on(card, "streaming")).await;
        players[1].sees("both stream", both("Tank 📺", 2)).await;
        assert_eq!(edits(world, card).await, before + 2, "one was refused");
    })
    .await;
}

#[tokio::test]
async fn a_thread_is_renamed_twice_in_ten_minutes_and_then_by_its_last_name() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Name 0", "thread": "yes"})).await;
        thread_is(world, &card, |thread| thread["name"] == "Name 0").await;
        let rename = async |n: usize| {
            let (from, to) = (format!("Name {n}"), format!("Name {}", n + 1));
            let edit = json!({"session": from, "title": to});
            organiser
                .command("session edit", edit)
                .await
                .says("was called");
            to
        };
        for n in 0..2 {
            let name = rename(n).await;
            thread_is(world, &card, |thread| thread["name"] == name).await;
        }
        rename(2).await;
        let last = rename(3).await;
        // Who plays is put into it all the same.
        let player = world.person(2);
        plays(world, &card, &player, "Aiko#1234").await;
        let user = json!(player.user);
        let is_in = |thread: &Value| {
            let members = thread["thread"]["members"].as_array();
            members.is_some_and(|members| members.contains(&user))
        };
        let thread = thread_is(world, &card, is_in).await;
        assert_eq!(thread["name"], "Name 2");
        world.clock.advance(TimeDelta::minutes(11));
        thread_is(world, &card, |thread| thread["name"] == last).await;
        assert_eq!(
            world.count("PATCH", "/channels/{channel_id}").await - all_edits(world).await,
            3
        );
    })
    .await;
}

/// How often messages have been edited.
async fn all_edits(world: &World) -> usize {
    world
        .count("PATCH", "/channels/{channel_id}/messages")
        .await
}

/// 200 cards of one channel, and as many messages to one person, are due.
async fn flood(world: &World) {
    let card = planned(&world.person(0), json!({"title": "Flood"})).await;
    let session = number(&card).expect("a number");
    let spammed = &world.person(1).user;
    let columns = "creator_id, guild_id, channel_id, game_mode, title, scheduled_time, length_minutes, timezone, created_at";
    world
        .ground
        .change(&format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) \
             INSERT INTO sessions (status, {columns}) \
             SELECT 'COMPLETED', {columns} FROM sessions, n WHERE id = {session}; \
             INSERT INTO outbox (kind, key, payload, due_at, created_at) \
             SELECT 'card', CAST(id AS TEXT), '{{}}', created_at, created_at \
             FROM sessions WHERE id <> {session}; \
             INSERT INTO outbox (kind, key, payload, due_at, created_at) \
             SELECT 'direct_message', id || ':{spammed}:x', \
                 '{{\"to\":{spammed},\"notice\":{{\"about\":\"starts_now\",\"title\":\"Flood\"}}}}', \
                 created_at, created_at \
             FROM sessions WHERE id <> {session};"
        ))
        .await;
}

#[tokio::test]
async fn a_flooded_channel_delays_neither_cards_nor_messages_of_others() {
    story(async |world| {
        flood(world).await;
        let elsewhere = [world.other_channel(), world.channel_at(1)];
        for (n, channel) in elsewhere.into_iter().enumerate() {
            let organiser = world.person(4).in_channel(channel.clone());
            let title = format!("Quiet {n}");
            let begin = Instant::now();
            let card = planned(&organiser, json!({"title": title})).await;
            eprintln!("card after {:?}", begin.elapsed());
            let player = world.person(5 + n).in_channel(channel);
            joined(&player, &card, &format!("Quiet#{n}234"), &["tank"]).await;
            let begin = Instant::now();
            cancelled(&organiser, &title).await;
            player.in_private().reads("does not take place").await;
            eprintln!("direct message after {:?}", begin.elapsed());
        }
        let left = "SELECT count(*) FROM outbox";
        assert!(world.ground.number(left).await > 300, "the flood goes on");
    })
    .await;
}
