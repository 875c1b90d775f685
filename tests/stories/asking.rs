//! What the bot does for members, and what not: no more than they may do themselves.

use serde_json::{Value, json};

use crate::scene::{id, number, on, planned};
use crate::world::{Person, World, story};

const SEND_MESSAGES: u64 = 1 << 11;
const CREATE_PUBLIC_THREADS: u64 = 1 << 35;

async fn deny(world: &World, person: &Person<'_>, bits: u64) {
    let overwrite = json!({"id": person.user, "type": "member", "deny": bits.to_string()});
    world.overwrite(&world.channel(), overwrite).await;
}

fn cup(besides: &Value) -> Value {
    let mut options = json!({"mode": "5v5", "when": "fri 8pm", "timezone": "Europe/Berlin",
        "title": "Cup"});
    let fields = options.as_object_mut().expect("an object");
    fields.extend(besides.as_object().expect("an object").clone());
    options
}

#[tokio::test]
async fn a_session_is_shown_only_where_its_organiser_may_write() {
    story(async |world| {
        let aiko = world.person(2);
        deny(world, &aiko, SEND_MESSAGES).await;
        let refused = aiko.command("session create", cup(&json!({}))).await;
        refused.says("You may not write in").says("Send Messages");
        let listed = aiko.command("session list", json!({})).await;
        listed.says("Nothing is planned");
        planned(&world.person(3), json!({"title": "Evening"})).await;
    })
    .await;
}

#[tokio::test]
async fn an_event_is_made_by_whoever_may_make_one() {
    story(async |world| {
        let aiko = world.person(2);
        let wanted = cup(&json!({"event": "yes"}));
        let made = aiko.command("session create", wanted).await;
        made.says("is planned")
            .says("you lack **Create Events**")
            .says("Add an event");
        let card = aiko
            .sees("the card", |message| {
                message["flags"] != 64 && number(message).is_some()
            })
            .await;
        let desk = aiko.press(&card, &on(&card, "manage")).await;
        let button = id(desk.message(), "manage-event:");
        aiko.press(desk.message(), &button)
            .await
            .says("you lack **Create Events**");
        let edit = json!({"session": number(&card), "event": "yes"});
        aiko.command("session edit", edit)
            .await
            .says("you lack **Create Events**");
        assert_eq!(world.count("POST", "/guilds").await, 0);
        let jonas = world.person(1);
        let desk = jonas.press(&card, &on(&card, "manage")).await;
        jonas
            .press(desk.message(), &id(desk.message(), "manage-event:"))
            .await
            .says("gets an event");
        let event = |guild: &Value| guild["events"][0]["name"] == "Cup";
        world.shows("an event", event).await;
        jonas
            .press(desk.message(), &id(desk.message(), "manage-event:"))
            .await
            .says("has an event already");
    })
    .await;
}

#[tokio::test]
async fn a_thread_is_started_by_whoever_may_start_one_also_from_another_channel() {
    story(async |world| {
        let aiko = world.person(2);
        deny(world, &aiko, CREATE_PUBLIC_THREADS).await;
        let made = aiko
            .command("session create", cup(&json!({"thread": "yes"})))
            .await;
        made.says("is planned").says("Create Public Threads");
        let card = aiko
            .sees("the card", |message| {
                message["flags"] != 64 && number(message).is_some()
            })
            .await;
        let elsewhere = overwatch_bot::playground::World::default().guilds[0].channels[1].id;
        let edit = json!({"session": number(&card), "thread": "yes"});
        // Their permissions in that other channel count for nothing.
        aiko.in_channel(elsewhere.to_string())
            .command("session edit", edit.clone())
            .await
            .says("Create Public Threads");
        let jonas = world.person(1).in_channel(elsewhere.to_string());
        jonas
            .command("session edit", edit)
            .await
            .says("gets a thread");
        crate::thread::thread_is(world, &card, |_| true).await;
    })
    .await;
}
