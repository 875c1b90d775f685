//! A session's scheduled event: in step with the session, made once, left alone when it was deleted.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::scene::{card_reads, id, ids, joined, on, planned};
use crate::world::{TOKEN, World, story, text_of};

const EVENTS: &str = "/guilds/{guild_id}/scheduled-events";
const MANAGE_AND_CREATE_EVENTS: u64 = 1 << 33 | 1 << 44;

fn events(guild: &Value) -> Vec<Value> {
    guild["events"].as_array().cloned().unwrap_or_default()
}

/// Waits until the only event is like this, and gives it.
async fn event_is(world: &World, holds: impl Fn(&Value) -> bool) -> Value {
    let alone = |guild: &Value| match &events(guild)[..] {
        [event] => holds(event),
        _ => false,
    };
    let guild = world.shows("an event", alone).await;
    events(&guild).remove(0)
}

#[tokio::test]
async fn an_event_says_what_the_session_is_and_goes_through_its_life() {
    story(async |world| {
        let organiser = world.person(0);
        let plan = json!({"title": "Cup", "description": "Bring *snacks*", "event": "yes"});
        let card = planned(&organiser, plan).await;
        let event = event_is(world, |_| true).await;
        assert_eq!((&event["name"], &event["status"]), (&json!("Cup"), &json!(1)));
        assert_eq!(event["scheduled_start_time"], "2026-11-27T19:00:00.000000+00:00");
        assert_eq!(event["scheduled_end_time"], "2026-11-27T21:00:00.000000+00:00");
        let link = format!("/{}", card["id"].as_str().expect("an id"));
        let place = event["entity_metadata"]["location"].as_str().expect("a place");
        assert!(place.ends_with(&link), "{place}");
        assert!(event["description"].as_str().is_some_and(|text| text.contains("snacks")));

        let edit = json!({"session": "Cup", "title": "Great Cup", "when": "2026-11-27 21:00", "length": "1h"});
        organiser.command("session edit", edit).await.says("was called");
        let event = event_is(world, |event| event["name"] == "Great Cup").await;
        assert_eq!(event["scheduled_start_time"], "2026-11-27T20:00:00.000000+00:00");
        assert_eq!(event["scheduled_end_time"], "2026-11-27T21:00:00.000000+00:00");

        world.at("2026-11-27T20:00:00Z");
        event_is(world, |event| event["status"] == 2).await;
        let longer = json!({"session": "Great Cup", "length": "2h"});
        organiser.command("session edit", longer).await.says("takes");
        event_is(world, |event| {
            event["scheduled_end_time"] == "2026-11-27T22:00:00.000000+00:00"
        })
        .await;
        world.at("2026-11-27T22:00:00Z");
        event_is(world, |event| event["status"] == 3).await;
        card_reads(&organiser, &card, "Over").await;
        assert_eq!(world.count("POST", EVENTS).await, 1);
        none_refused(world).await;
    })
    .await;
}

/// Discord starts and ends an event by itself, and refuses to make it what it is.
async fn none_refused(world: &World) {
    let requests = world.requests().await;
    let refused = requests.iter().find(|request| {
        let route = request["route"].as_str().unwrap_or_default();
        route.starts_with(EVENTS) && request["status"].as_u64() >= Some(400)
    });
    assert_eq!(refused, None);
}

#[tokio::test]
async fn an_early_start_starts_the_event_too() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup", "event": "yes"})).await;
        event_is(world, |_| true).await;
        let desk = organiser.press(&card, &on(&card, "manage")).await;
        let ask = organiser
            .press(desk.message(), &id(desk.message(), "manage-start:"))
            .await;
        let sure = id(ask.message(), "manage-start-sure:");
        organiser
            .press(ask.message(), &sure)
            .await
            .says("under way");
        event_is(world, |event| event["status"] == 2).await;
        // Its start stays what was announced, so that it cannot end before; all else follows.
        let edit = json!({"session": "Cup", "title": "Great Cup"});
        organiser
            .command("session edit", edit)
            .await
            .says("was called");
        event_is(world, |event| event["name"] == "Great Cup").await;
        world.clock.advance(TimeDelta::hours(2));
        event_is(world, |event| event["status"] == 3).await;
    })
    .await;
}

#[tokio::test]
async fn a_session_put_off_too_late_gets_another_event() {
    for late in ["2026-11-27T19:05:00Z", "2026-11-27T22:00:00Z"] {
        story(async |world| {
            let organiser = world.person(0);
            planned(&organiser, json!({"title": "Cup", "event": "yes"})).await;
            let first = event_is(world, |_| true).await;
            let down = json!({"method": "PATCH", "route": EVENTS, "status": 503, "times": 1_000});
            world.post("faults/requests", down).await;
            world.at("2026-11-27T18:59:00Z");
            let edit =
                json!({"session": "Cup", "when": "2026-11-29 20:00", "timezone": "Europe/Berlin"});
            organiser
                .command("session edit", edit)
                .await
                .says("instead of");
            while world.count("PATCH", EVENTS).await == 0 {
                tokio::task::yield_now().await;
            }
            world.at(late);
            world.delete("faults").await;
            let another = |event: &Value| {
                event["id"] != first["id"]
                    && event["scheduled_start_time"] == "2026-11-29T19:00:00.000000+00:00"
            };
            world
                .shows("another event", |guild| events(guild).iter().any(another))
                .await;
        })
        .await;
    }
}

#[tokio::test]
async fn an_event_goes_with_a_cancelled_session_or_by_a_word() {
    story(async |world| {
        let organiser = world.person(0);
        planned(&organiser, json!({"title": "Cup", "event": "yes"})).await;
        event_is(world, |_| true).await;
        let none = async || {
            world
                .shows("no event", |guild| events(guild).is_empty())
                .await
        };
        let edit = async |event: &str, said: &str| {
            let edit = json!({"session": "Cup", "event": event});
            organiser.command("session edit", edit).await.says(said);
        };
        edit("no", "has no event").await;
        none().await;
        edit("yes", "gets an event").await;
        event_is(world, |_| true).await;
        let cancel = organiser
            .command("session cancel", json!({"session": "Cup"}))
            .await;
        let yes = ids(cancel.message());
        organiser.press(cancel.message(), &yes[0]).await;
        none().await;
    })
    .await;
}

#[tokio::test]
async fn an_event_that_was_made_but_not_remembered_is_not_made_twice() {
    story(async |world| {
        let lost = json!({"method": "POST", "route": EVENTS, "status": 502, "after": true});
        world.post("faults/requests", lost).await;
        let organiser = world.person(0);
        planned(&organiser, json!({"title": "Cup", "event": "yes"})).await;
        event_is(world, |_| true).await;
        world.restart().await;
        let edit = json!({"session": "Cup", "title": "Great Cup"});
        world
            .person(0)
            .command("session edit", edit)
            .await
            .says("was called");
        world.clock.advance(TimeDelta::minutes(1));
        event_is(world, |event| event["name"] == "Great Cup").await;
        assert_eq!(world.count("POST", EVENTS).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_bot_that_slept_through_a_session_ends_its_event() {
    story(async |world| {
        planned(&world.person(0), json!({"event": "yes"})).await;
        event_is(world, |_| true).await;
        world.stop().await;
        world.at("2026-11-28T12:00:00Z");
        world.start().await;
        event_is(world, |event| event["status"] == 3).await;
    })
    .await;
}

#[tokio::test]
async fn an_event_that_somebody_deleted_is_left_alone() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup", "event": "yes"})).await;
        let event = event_is(world, |_| true).await;
        world
            .delete(&format!("events/{}", event["id"].as_str().expect("an id")))
            .await;
        let edit = json!({"session": "Cup", "title": "Great Cup"});
        organiser
            .command("session edit", edit)
            .await
            .says("was called");
        while world.count("PATCH", EVENTS).await == 0 {
            tokio::task::yield_now().await;
        }
        joined(&world.person(2), &card, "Aiko#1234", &["tank"]).await;
        card_reads(&organiser, &card, "Waiting (1)").await;
        assert_eq!(world.count("POST", EVENTS).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_missing_permission_for_events_is_explained_once() {
    story(async |world| {
        world.provokes_refusals(10, "a permission is missing while people click");
        let organiser = world.person(0);
        let denied =
            json!({"channel": world.server(), "denied": MANAGE_AND_CREATE_EVENTS.to_string()});
        world.post("faults/access", denied).await;
        let card = planned(&organiser, json!({"title": "Cup", "event": "yes"})).await;
        let told = organiser
            .in_private()
            .reads("could not make or change the event")
            .await;
        let told = text_of(&told);
        assert!(told.contains("I go on by myself"), "{told}");
        joined(&world.person(2), &card, "Aiko#1234", &["tank"]).await;
        card_reads(&organiser, &card, "Waiting (1)").await;
        assert_eq!(organiser.in_private().messages().await.len(), 1);
        world.delete("faults").await;
        organiser.command("session list", json!({})).await;
        event_is(world, |event| event["name"] == "Cup").await;
    })
    .await;
}

/// What is refused for the same reason as before is not told again, wherever the card is by then.
#[tokio::test]
async fn organiser_is_told_once_though_the_card_moves() {
    for (extra, route, denied, says) in [
        ("event", EVENTS, MANAGE_AND_CREATE_EVENTS, "the event"),
        (
            "thread",
            "/channels/{channel_id}/messages/{message_id}/threads",
            1 << 35,
            "the thread",
        ),
    ] {
        story(async |world| {
            world.provokes_refusals(20, "a permission is missing before and after the move");
            let organiser = world.person(0);
            for place in [world.server(), world.channel(), world.channel_at(1)] {
                let fault = json!({"channel": place, "denied": denied.to_string()});
                world.post("faults/access", fault).await;
            }
            planned(&organiser, json!({"title": "Cup", extra: "yes"})).await;
            organiser.in_private().reads(says).await;
            let refused = world.count("POST", route).await;
            let to = json!({"session": "Cup", "channel": world.channel_at(1)});
            organiser.command("session move", to).await.says("appears");
            while world.count("POST", route).await == refused {
                tokio::task::yield_now().await;
            }
            crate::convergence::is_parked(world, true).await;
            crate::departure::nothing_is_owed(world).await;
            assert_eq!(organiser.in_private().messages().await.len(), 1, "{extra}");
        })
        .await;
    }
}

#[tokio::test]
async fn event_waits_for_room_where_there_are_a_hundred() {
    story(async |world| {
        world.post("faults/limits", json!({"enabled": false})).await;
        let url = format!(
            "{}/api/v10/guilds/{}/scheduled-events",
            world.discord.url(),
            world.server()
        );
        let other = json!({
            "name": "Other", "privacy_level": 2, "entity_type": 3,
            "entity_metadata": {"location": "elsewhere"},
            "scheduled_start_time": "2026-12-01T19:00:00+00:00",
            "scheduled_end_time": "2026-12-01T20:00:00+00:00",
        });
        let client = reqwest::Client::new();
        let mut last = Value::Null;
        for _ in 0..100 {
            let request = client.post(&url).header("content-type", "application/json");
            let request = request.header("authorization", format!("Bot {TOKEN}"));
            let response = request.body(other.to_string()).send().await;
            last = response.expect("an answer").json().await.expect("JSON");
        }
        let organiser = world.person(0);
        planned(&organiser, json!({"title": "Cup", "event": "yes"})).await;
        let told = organiser.in_private().reads("100 scheduled events").await;
        let told = text_of(&told);
        assert!(!told.contains("Create Events"), "{told}");
        let event = format!("events/{}", last["id"].as_str().expect("an id"));
        world.delete(&event).await;
        organiser.command("session list", json!({})).await;
        let ours = |event: &Value| event["name"] == "Cup";
        world
            .shows("its event", |guild| events(guild).iter().any(ours))
            .await;
    })
    .await;
}
