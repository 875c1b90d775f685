//! Refusals that may pass: what Discord refuses now is shown once it lets the bot again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use overwatch_bot::playground::APPLICATION_ID;
use overwatch_bot::store::outbox::NextDue;
use overwatch_bot::store::outbox::parking::ParkedGuilds;
use serde_json::{Value, json};

use crate::scene::{card_reads, id, ids, joined, on, planned};
use crate::world::{PATIENCE, Person, World, require_within, story, text_of};

const VIEW_CHANNEL: u64 = 1 << 10;
const SEND_MESSAGES: u64 = 1 << 11;
pub(crate) const EMBED_LINKS: u64 = 1 << 14;
const MANAGE_THREADS: u64 = 1 << 34;
const EDITS: &str = "/channels/{channel_id}/messages/{message_id}";

/// Denies the bot these permissions in a channel; 0 gives everything back.
pub(crate) async fn deny(world: &World, channel: &str, bits: u64) {
    let overwrite = json!({
        "id": APPLICATION_ID.to_string(), "type": "member", "allow": "0", "deny": bits.to_string(),
    });
    world
        .post(&format!("channels/{channel}/overwrites"), overwrite)
        .await;
}

/// Removes the bot from the first server, or invites it back.
async fn set_bot(world: &World, present: bool) {
    let path = format!("guilds/{}/bot", world.server());
    world.post(&path, json!({"present": present})).await;
}

/// Waits until Discord has refused so many changes to messages.
pub(crate) async fn refused(world: &World, times: usize) {
    let waiting = async {
        while refusals(world).await < times {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let refused = tokio::time::timeout(PATIENCE, waiting).await;
    refused.unwrap_or_else(|_| panic!("Discord refused fewer than {times} changes"));
}

async fn refusals(world: &World) -> usize {
    let requests = world.requests().await;
    let is_refused = |request: &&Value| {
        let route = request["route"].as_str().unwrap_or_default();
        route == EDITS && matches!(request["status"].as_u64(), Some(400 | 403 | 404))
    };
    requests.iter().filter(is_refused).count()
}

/// Somebody asks for something in another channel of the server.
pub(crate) async fn clicks(world: &World) {
    let elsewhere = world.person(4).in_channel(world.channel_at(2));
    let answer = elsewhere.command("session list", json!({})).await;
    assert_eq!(answer.outcome(), "message");
}

/// Waits until nothing is parked.
pub(crate) async fn nothing_is_parked(world: &World) {
    let store = world.app.as_ref().expect("it runs").store();
    let waiting = async {
        while !store
            .query(ParkedGuilds)
            .await
            .expect("an answer")
            .is_empty()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let gone = tokio::time::timeout(PATIENCE, waiting).await;
    gone.expect("something is still parked");
}

/// Waits until whatever was refused is put off. Returns when it is tried next.
pub(crate) async fn next_try(world: &World) -> DateTime<Utc> {
    let store = world.app.as_ref().expect("it runs").store();
    let now = world.clock.now();
    let waiting = async {
        loop {
            match store.query(NextDue { now }).await.expect("an answer") {
                Some(next) => return next,
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    let next = tokio::time::timeout(PATIENCE, waiting).await;
    next.expect("nothing is put off")
}

pub(crate) async fn hidden_cards(organiser: &Person<'_>) -> usize {
    let messages = organiser.in_private().messages().await;
    let told = |message: &&Value| text_of(message).contains("cannot show the card");
    messages.iter().filter(told).count()
}

#[tokio::test]
async fn card_is_true_after_the_next_click_once_a_permission_is_back() {
    story(async |world| {
        world.provokes_refusals(20, "the channel stays hidden over several clicks");
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        deny(world, &world.channel(), VIEW_CHANNEL).await;
        joined(&world.person(2), &card, "Aiko#1234", &["tank"]).await;
        refused(world, 1).await;
        organiser
            .in_private()
            .reads("I cannot show the card of **Cup**: I lack *View Channel*")
            .await;
        joined(&world.person(3), &card, "Tomas#1234", &["tank"]).await;
        clicks(world).await;
        refused(world, 2).await;
        deny(world, &world.channel(), 0).await;
        clicks(world).await;
        card_reads(&organiser, &card, "Waiting (2)").await;
        nothing_is_parked(world).await;
        assert_eq!(hidden_cards(&organiser).await, 1, "told once");
    })
    .await;
}

#[tokio::test]
async fn card_is_true_within_the_retry_interval_without_a_click() {
    story(async |world| {
        world.provokes_refusals(20, "the channel stays hidden for an hour");
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        deny(world, &world.channel(), VIEW_CHANNEL).await;
        world.at("2026-11-27T19:00:00Z");
        refused(world, 1).await;
        // Long enough for the wait to have grown as far as it does.
        for tries in 2..=10 {
            let next = next_try(world).await;
            let wait = next - world.clock.now();
            assert!(wait <= TimeDelta::minutes(10), "{wait} before try {tries}");
            world.clock.set(next);
            refused(world, tries).await;
        }
        // Once the last try has ended, so that it is not the one that succeeds.
        let next = next_try(world).await;
        deny(world, &world.channel(), 0).await;
        world.clock.set(next);
        card_reads(&organiser, &card, "Under way").await;
    })
    .await;
}

#[tokio::test]
async fn card_follows_start_end_and_cancellation_after_a_refusal() {
    story(async |world| {
        world.provokes_refusals(30, "the channel is hidden three times");
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        let other = json!({"title": "Cup of tea", "when": "2026-11-29 20:00"});
        let other = planned(&organiser, other).await;
        let channel = world.channel();
        for (at, text) in [
            ("2026-11-27T19:00:00Z", "Under way"),
            ("2026-11-27T21:00:00Z", "Over"),
        ] {
            let before = refusals(world).await;
            deny(world, &channel, VIEW_CHANNEL).await;
            world.at(at);
            refused(world, before + 1).await;
            deny(world, &channel, 0).await;
            clicks(world).await;
            card_reads(&organiser, &card, text).await;
            nothing_is_parked(world).await;
        }
        let before = refusals(world).await;
        deny(world, &channel, VIEW_CHANNEL).await;
        let cancel = json!({"session": "Cup of tea"});
        let cancel = organiser.command("session cancel", cancel).await;
        let yes = ids(cancel.message());
        organiser.press(cancel.message(), &yes[0]).await;
        refused(world, before + 1).await;
        deny(world, &channel, 0).await;
        clicks(world).await;
        card_reads(&organiser, &other, "Cancelled").await;
    })
    .await;
}

#[tokio::test]
async fn bot_that_is_invited_back_brings_card_thread_and_event_up_to_date() {
    story(async |world| {
        world.provokes_refusals(20, "card, thread and event are refused");
        let organiser = world.person(0);
        let plan = json!({"title": "Cup", "thread": "yes", "event": "yes"});
        let card = planned(&organiser, plan).await;
        let ready = |guild: &Value| {
            let threads = guild["channels"].as_array().into_iter().flatten();
            let mut threads = threads.filter(|one| !one["thread"].is_null());
            threads.next().is_some() && guild["events"].as_array().is_some_and(|it| it.len() == 1)
        };
        world.shows("a thread and an event", ready).await;
        set_bot(world, false).await;
        world.at("2026-11-27T21:00:00Z");
        refused(world, 1).await;
        set_bot(world, true).await;
        clicks(world).await;
        card_reads(&organiser, &card, "Over").await;
        let closed = |guild: &Value| {
            let mut threads = guild["channels"].as_array().into_iter().flatten();
            let closed = threads.any(|one| one["thread"]["archived"] == true);
            closed && guild["events"][0]["status"] == 3
        };
        world.shows("both are over", closed).await;
        nothing_is_parked(world).await;
    })
    .await;
}

#[tokio::test]
async fn archived_thread_is_reopened_for_its_card_where_the_bot_may() {
    story(async |world| {
        world.provokes_refusals(20, "a locked thread is not opened");
        let organiser = world.person(0);
        let plan = json!({"title": "League", "thread": "yes"});
        let league = planned(&organiser, plan).await;
        let thread = league["id"].as_str().expect("an id").to_owned();
        crate::thread::thread_is(world, &league, |_| true).await;
        let inside = organiser.in_channel(thread.clone());
        let card = planned(&inside, json!({"title": "Cup"})).await;
        let set = async |archived: bool, locked: bool| {
            let set = json!({"archived": archived, "locked": locked});
            world.post(&format!("threads/{thread}"), set).await;
        };
        let renamed = async |from: &str, to: &str| {
            let edit = json!({"session": from, "title": to});
            organiser
                .command("session edit", edit)
                .await
                .says("was called");
        };
        set(true, false).await;
        renamed("Cup", "Great Cup").await;
        card_reads(&inside, &card, "Great Cup").await;
        let is = |archived: bool| move |it: &Value| it["thread"]["archived"] == archived;
        crate::thread::thread_is(world, &league, is(false)).await;
        // It is left to archive itself, a week later, and then may not be opened.
        deny(world, &world.channel(), MANAGE_THREADS).await;
        set(true, true).await;
        let before = refusals(world).await;
        renamed("Great Cup", "Cup").await;
        refused(world, before + 1).await;
        organiser.in_private().reads("archived and locked").await;
        set(true, false).await;
        clicks(world).await;
        let fresh = |message: &Value| {
            message["id"] == card["id"] && !text_of(message).contains("Great Cup")
        };
        inside.sees("the card under its new name", fresh).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_parked_is_tried_again_at_a_restart() {
    story(async |world| {
        world.provokes_refusals(10, "the channel is hidden");
        let card = planned(&world.person(0), json!({"title": "Cup"})).await;
        deny(world, &world.channel(), VIEW_CHANNEL).await;
        joined(&world.person(2), &card, "Aiko#1234", &["tank"]).await;
        refused(world, 1).await;
        world.stop().await;
        deny(world, &world.channel(), 0).await;
        world.start().await;
        card_reads(&world.person(0), &card, "Waiting (1)").await;
    })
    .await;
}

#[tokio::test]
async fn many_clicks_cost_few_refusals() {
    story(async |world| {
        world.provokes_refusals(80, "six cards are hidden while people click");
        let organiser = world.person(0);
        for title in ["Cup 1", "Cup 2", "Cup 3", "Cup 4", "Cup 5", "Cup 6"] {
            planned(&organiser, json!({"title": title})).await;
        }
        deny(world, &world.channel(), VIEW_CHANNEL).await;
        world.at("2026-11-27T19:00:00Z");
        refused(world, 6).await;
        let begun = std::time::Instant::now();
        for _ in 0..50 {
            clicks(world).await;
        }
        let looks = usize::try_from(begun.elapsed().as_secs() / 3).expect("a small number") + 2;
        let refused = refusals(world).await - 6;
        assert!(refused <= looks, "{refused} refusals in {looks} looks");
        deny(world, &world.channel(), 0).await;
        let begun = std::time::Instant::now();
        clicks(world).await;
        // The others follow as fast as Discord takes edits in one channel.
        organiser.reads("Under way").await;
        require_within(begun.elapsed(), Duration::from_secs(10));
        nothing_is_parked(world).await;
    })
    .await;
}

#[tokio::test]
async fn card_is_given_up_a_day_after_its_session() {
    story(async |world| {
        world.provokes_refusals(10, "the channel stays hidden");
        planned(&world.person(0), json!({"title": "Cup"})).await;
        deny(world, &world.channel(), VIEW_CHANNEL).await;
        world.at("2026-11-27T21:00:00Z");
        refused(world, 1).await;
        next_try(world).await;
        world.at("2026-11-28T20:59:00Z");
        refused(world, 2).await;
        next_try(world).await;
        world.clock.advance(TimeDelta::minutes(10));
        nothing_is_parked(world).await;
    })
    .await;
}

#[tokio::test]
async fn deleted_channel_is_told_to_the_organiser_once() {
    story(async |world| {
        let organiser = world.person(0).in_channel(world.channel_at(2));
        planned(&organiser, json!({"title": "Cup"})).await;
        world
            .delete(&format!("channels/{}", world.channel_at(2)))
            .await;
        let rename = async |from: &str, to: &str| {
            let before = refusals(world).await;
            let edit = json!({"session": from, "title": to});
            let said = world.person(0).command("session edit", edit).await;
            said.says("was called");
            refused(world, before + 1).await;
        };
        rename("Cup", "Great Cup").await;
        organiser
            .in_private()
            .reads("its channel has been deleted")
            .await;
        rename("Great Cup", "Greater Cup").await;
        nothing_is_parked(world).await;
        assert_eq!(hidden_cards(&organiser).await, 1, "told once");
    })
    .await;
}

#[tokio::test]
async fn card_goes_to_another_channel_and_leaves_none_behind() {
    story(async |world| {
        let organiser = world.person(0);
        let plan = json!({"title": "Cup", "thread": "yes"});
        let card = planned(&organiser, plan).await;
        crate::thread::thread_is(world, &card, |_| true).await;
        let there = organiser.in_channel(world.channel_at(1));
        let to = json!({"session": "Cup", "channel": world.channel_at(1)});
        organiser
            .command("session move", to.clone())
            .await
            .says("appears in");
        let moved = there.reads("Cup").await;
        let gone = async || {
            let messages = organiser.messages().await;
            !messages.iter().any(|message| message["id"] == card["id"])
        };
        while !gone().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        joined(
            &world.person(2).in_channel(world.channel_at(1)),
            &moved,
            "Aiko#1234",
            &["tank"],
        )
        .await;
        card_reads(&there, &moved, "Waiting (1)").await;
        crate::thread::thread_is(world, &card, |it| it["thread"]["archived"] == false).await;
        organiser.command("session move", to).await.says("already");
        // And back: another message than the first one.
        let desk = there.press(&moved, &on(&moved, "manage")).await;
        let page = id(desk.message(), "manage-move:");
        let page = there.press(desk.message(), &page).await;
        let menu = id(page.message(), "manage-move-to:");
        let channel = world.channel();
        let answer = there
            .choose(page.message(), &menu, &[channel.as_str()])
            .await;
        answer.says("appears in");
        let back = organiser.reads("Waiting (1)").await;
        assert_ne!(back["id"], card["id"]);
        let history = json!({"session": "Cup"});
        let history = organiser.command("session history", history).await;
        history.says("took the card to");
    })
    .await;
}

#[tokio::test]
async fn card_goes_nowhere_where_the_mover_or_the_bot_may_not_write() {
    story(async |world| {
        let organiser = world.person(2);
        planned(&organiser, json!({"title": "Cup"})).await;
        let there = world.channel_at(1);
        let to = json!({"session": "Cup", "channel": there});
        deny(world, &there, EMBED_LINKS).await;
        organiser
            .command("session move", to.clone())
            .await
            .says("I lack *Embed Links*");
        let mute = json!({
            "id": world.server(), "type": "role", "allow": "0", "deny": SEND_MESSAGES.to_string(),
        });
        world
            .post(&format!("channels/{there}/overwrites"), mute)
            .await;
        organiser
            .command("session move", to)
            .await
            .says("You may not write");
        assert_eq!(world.count("DELETE", EDITS).await, 0);
    })
    .await;
}

#[tokio::test]
async fn card_in_a_deleted_channel_is_shown_again_by_moving_it() {
    story(async |world| {
        let organiser = world.person(0);
        let gone = organiser.in_channel(world.channel_at(2));
        planned(&gone, json!({"title": "Cup"})).await;
        world
            .delete(&format!("channels/{}", world.channel_at(2)))
            .await;
        let shown = organiser
            .command("session show", json!({"session": "Cup"}))
            .await;
        let again = id(shown.message(), "card-again:");
        organiser.press(shown.message(), &again).await;
        organiser
            .in_private()
            .reads("Take it to another channel with `/session move`")
            .await;
        let to = json!({"session": "Cup", "channel": world.channel()});
        organiser.command("session move", to).await.says("appears");
        organiser
            .sees("the card", |message| {
                message["flags"] != 64 && crate::scene::number(message).is_some()
            })
            .await;
    })
    .await;
}

#[tokio::test]
async fn deleted_card_is_posted_again_by_a_button() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        let (channel, message) = (world.channel(), card["id"].as_str().expect("an id"));
        world
            .delete(&format!("channels/{channel}/messages/{message}"))
            .await;
        let show = json!({"session": "Cup"});
        let stranger = world.person(3).command("session show", show.clone()).await;
        let ids = ids(stranger.message());
        assert!(
            !ids.iter().any(|id| id.starts_with("card-again")),
            "{ids:?}"
        );
        let shown = organiser.command("session show", show).await;
        let again = id(shown.message(), "card-again:");
        organiser
            .press(shown.message(), &again)
            .await
            .says("appears again in a moment");
        organiser
            .sees("another card", |message| {
                message["flags"] != 64
                    && message["id"] != card["id"]
                    && crate::scene::number(message).is_some()
            })
            .await;
    })
    .await;
}
