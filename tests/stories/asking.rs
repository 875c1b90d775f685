//! What the bot does for members, and what not: no more than they may do themselves.

use serde_json::{Value, json};

use crate::scene::{id, number, on, planned};
use crate::world::{Answer, Person, World, story, text_of};

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

/// Every other way in which a member has the bot post or start something, by what they lack in the channel
/// that it is for.
#[tokio::test]
async fn a_card_or_thread_appears_nowhere_for_a_member_who_may_not_make_it() {
    for (way, lacks, says) in [
        ("session move", SEND_MESSAGES, "You may not write in"),
        (
            "session move",
            CREATE_PUBLIC_THREADS,
            "Create Public Threads",
        ),
        ("manage-move", SEND_MESSAGES, "You may not write in"),
        (
            "manage-move",
            CREATE_PUBLIC_THREADS,
            "Create Public Threads",
        ),
        ("manage-call", SEND_MESSAGES, "write"),
        ("card-again", SEND_MESSAGES, "You may not write in"),
    ] {
        story(async |world| {
            world.provokes_refusals(10, "the bot may start no thread at first");
            let aiko = world.person(2);
            // What was asked for and could not be made yet: the bot may start no threads here.
            let bot = json!({
                "id": overwatch_bot::playground::APPLICATION_ID.to_string(), "type": "member",
                "deny": CREATE_PUBLIC_THREADS.to_string(),
            });
            world.overwrite(&world.channel(), bot).await;
            let card = planned(&aiko, cup(&json!({"thread": "yes"}))).await;
            aiko.in_private().reads("the thread").await;
            let place = match way {
                "card-again" => world.channel(),
                _ => world.channel_at(1),
            };
            let theirs = json!({"id": aiko.user, "type": "member", "deny": lacks.to_string()});
            world.overwrite(&place, theirs).await;
            world.forget_permissions();
            let answer = ask(&aiko, way, &card, &place).await;
            let text = answer.text();
            assert!(text.contains(says), "{way} without {lacks}: {text}");
            let there = world.person(7).in_channel(world.channel_at(1));
            if lacks == CREATE_PUBLIC_THREADS {
                let moved = there.reads("Cup").await;
                // Whatever else happens to it, it has no thread.
                let rename = json!({"session": number(&moved), "title": "Great Cup"});
                aiko.command("session edit", rename)
                    .await
                    .says("was called");
                there.reads("Great Cup").await;
                let threads = "/channels/{channel_id}/messages/{message_id}/threads";
                assert_eq!(
                    world.count("POST", threads).await,
                    1,
                    "{way}: but the first"
                );
            } else {
                let texts: Vec<_> = there.messages().await.iter().map(text_of).collect();
                assert!(
                    texts.iter().all(|text| !text.contains("Cup")),
                    "{way}: {texts:?}"
                );
            }
        })
        .await;
    }
}

async fn ask(person: &Person<'_>, way: &str, card: &Value, place: &str) -> Answer {
    if way == "session move" {
        let to = json!({"session": number(card), "channel": place});
        return person.command("session move", to).await;
    }
    if way == "card-again" {
        let shown = json!({"session": number(card)});
        let shown = person.command("session show", shown).await;
        return person
            .press(shown.message(), &id(shown.message(), "card-again:"))
            .await;
    }
    let desk = person.press(card, &on(card, "manage")).await;
    let page = person
        .press(desk.message(), &id(desk.message(), &format!("{way}:")))
        .await;
    let menu = ["manage-move-to:", "manage-call-in:"];
    let menu = menu[usize::from(way == "manage-call")];
    let menu = id(page.message(), menu);
    person.choose(page.message(), &menu, &[place]).await
}
