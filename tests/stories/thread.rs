//! A session's thread: started at its card, followed to its end, left alone when it was deleted.

use chrono::TimeDelta;
use overwatch_bot::domain::ids::{GuildId, SessionId, UserId};
use overwatch_bot::domain::role::Role;
use overwatch_bot::domain::session::Actor;
use overwatch_bot::playground::APPLICATION_ID;
use overwatch_bot::store::queue::{AcceptPlayer, ViewSession};
use serde_json::{Value, json};

use crate::scene::{card_reads, joined, number, on, planned};
use crate::world::{Person, World, story, text_of};

const THREADS: &str = "/channels/{channel_id}/messages/{message_id}/threads";
const CREATE_PUBLIC_THREADS: u64 = 1 << 35;

/// Waits until the card's thread is like this, and gives it.
pub(crate) async fn thread_is(
    world: &World,
    card: &Value,
    holds: impl Fn(&Value) -> bool,
) -> Value {
    let guild = world
        .shows("a thread", |guild| thread(guild, card).is_some_and(&holds))
        .await;
    thread(&guild, card).expect("it is there").clone()
}

fn thread<'g>(guild: &'g Value, card: &Value) -> Option<&'g Value> {
    let channels = guild["channels"].as_array().into_iter().flatten();
    let mut threads = channels.filter(|channel| !channel["thread"].is_null());
    threads.find(|channel| channel["id"] == card["id"])
}

fn is_in(person: &Person<'_>) -> impl Fn(&Value) -> bool {
    let user = json!(person.user);
    move |thread| {
        let members = thread["thread"]["members"].as_array();
        members.is_some_and(|members| members.contains(&user))
    }
}

/// Somebody with an account joins and is accepted as a tank.
pub(crate) async fn plays(world: &World, card: &Value, person: &Person<'_>, tag: &str) {
    joined(person, card, tag, &["tank"]).await;
    let session = SessionId(number(card).expect("a card").parse().expect("a number"));
    let store = world.app.as_ref().expect("it runs").store();
    let view = store.query(ViewSession(session)).await.expect("an answer");
    let player = UserId(person.user.parse().expect("an id"));
    let queue = view.expect("a session").queue;
    let entry = queue.entry(player).expect("they are in the queue");
    let accept = AcceptPlayer {
        session,
        actor: Actor {
            user: UserId(world.person(0).user.parse().expect("an id")),
            guild: GuildId(world.server().parse().expect("an id")),
            manages_events: true,
            administrator: true,
        },
        player,
        role: Role::Tank,
        account: entry.accounts[0].id,
        at: world.clock.now(),
    };
    let accepted = store.execute_job(accept).await.expect("an answer");
    assert!(accepted.is_ok(), "{accepted:?}");
}

#[tokio::test]
async fn a_thread_has_those_who_play_follows_the_name_and_closes_with_the_session() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup", "thread": "yes"})).await;
        let open = thread_is(world, &card, |thread| thread["name"] == "Cup").await;
        assert_eq!(open["thread"]["archived"], false);
        let player = world.person(2);
        plays(world, &card, &player, "Aiko#1234").await;
        thread_is(world, &card, is_in(&player)).await;
        player
            .press(&card, &on(&card, "leave"))
            .await
            .says("given up");
        thread_is(world, &card, |thread| !is_in(&player)(thread)).await;
        let edit = json!({"session": "Cup", "title": "Great Cup"});
        organiser
            .command("session edit", edit)
            .await
            .says("was called");
        thread_is(world, &card, |thread| thread["name"] == "Great Cup").await;
        world.at("2026-11-27T21:00:00Z");
        let over = thread_is(world, &card, |thread| thread["thread"]["archived"] == true).await;
        assert_eq!(over["thread"]["locked"], true);
        card_reads(&organiser, &card, "Over").await;
        assert_eq!(world.count("POST", THREADS).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_session_gets_its_thread_later_loses_it_and_a_cancelled_one_too() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        assert_eq!(world.count("POST", THREADS).await, 0);
        let edit = async |thread: &str, said: &str| {
            let edit = json!({"session": "Cup", "thread": thread});
            organiser.command("session edit", edit).await.says(said);
        };
        let archived = async |is: bool| {
            thread_is(world, &card, |thread| thread["thread"]["archived"] == is).await
        };
        edit("yes", "gets a thread").await;
        archived(false).await;
        edit("yes", "different").await;
        edit("no", "has no thread").await;
        archived(true).await;
        let history = json!({"session": "Cup"});
        let history = organiser.command("session history", history).await;
        history
            .says("asked for a thread")
            .says("did away with the thread");
        edit("yes", "gets a thread").await;
        archived(false).await;
        let cancel = organiser
            .command("session cancel", json!({"session": "Cup"}))
            .await;
        let yes = crate::scene::ids(cancel.message());
        organiser.press(cancel.message(), &yes[0]).await;
        archived(true).await;
        assert_eq!(world.count("POST", THREADS).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_thread_that_was_made_but_not_remembered_is_found_again() {
    story(async |world| {
        let lost = json!({"method": "POST", "route": THREADS, "status": 502, "after": true});
        world.post("faults/requests", lost).await;
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup", "thread": "yes"})).await;
        thread_is(world, &card, |_| true).await;
        world.restart().await;
        let player = world.person(2);
        plays(world, &card, &player, "Aiko#1234").await;
        world.clock.advance(TimeDelta::minutes(1));
        thread_is(world, &card, is_in(&player)).await;
        let threads = world.get("world").await;
        let threads = threads["guilds"][0]["channels"].as_array().expect("a list");
        let threads = threads.iter().filter(|one| !one["thread"].is_null());
        assert_eq!(threads.count(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_is_owed_to_a_thread_is_done_after_a_restart() {
    story(async |world| {
        let down = json!({"method": "POST", "route": THREADS, "status": 503, "times": 1_000});
        world.post("faults/requests", down).await;
        let card = planned(&world.person(0), json!({"thread": "yes"})).await;
        plays(world, &card, &world.person(2), "Aiko#1234").await;
        world.stop().await;
        world.delete("faults").await;
        world.clock.advance(TimeDelta::hours(1));
        world.start().await;
        thread_is(world, &card, is_in(&world.person(2))).await;
    })
    .await;
}

#[tokio::test]
async fn a_thread_that_somebody_deleted_is_left_alone_until_it_is_wanted_again() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup", "thread": "yes"})).await;
        let open = thread_is(world, &card, |_| true).await;
        world
            .delete(&format!("threads/{}", open["id"].as_str().expect("an id")))
            .await;
        let player = world.person(2);
        plays(world, &card, &player, "Aiko#1234").await;
        while world.count("PUT", "/channels").await == 0 {
            tokio::task::yield_now().await;
        }
        let edit = json!({"session": "Cup", "title": "Great Cup"});
        organiser
            .command("session edit", edit)
            .await
            .says("was called");
        card_reads(&organiser, &card, "Great Cup").await;
        assert_eq!(world.count("POST", THREADS).await, 1);
        let edit = json!({"session": "Great Cup", "thread": "yes"});
        organiser
            .command("session edit", edit)
            .await
            .says("gets a thread");
        thread_is(world, &card, is_in(&player)).await;
    })
    .await;
}

#[tokio::test]
async fn a_missing_permission_is_explained_once_and_the_session_goes_on() {
    story(async |world| {
        world.provokes_refusals(10, "a permission is missing while people click");
        let organiser = world.person(0);
        let denied = |bits: Value| json!({"channel": world.channel(), "denied": bits});
        world
            .post(
                "faults/access",
                denied(CREATE_PUBLIC_THREADS.to_string().into()),
            )
            .await;
        let card = planned(&organiser, json!({"title": "Cup", "thread": "yes"})).await;
        let told = organiser
            .in_private()
            .reads("could not make or change the thread")
            .await;
        let told = text_of(&told);
        assert!(told.contains("I go on by myself"), "{told}");
        joined(&world.person(2), &card, "Aiko#1234", &["tank"]).await;
        card_reads(&organiser, &card, "Waiting (1)").await;
        assert_eq!(organiser.in_private().messages().await.len(), 1);
        world.post("faults/access", denied(Value::Null)).await;
        organiser.command("session list", json!({})).await;
        thread_is(world, &card, |_| true).await;
    })
    .await;
}

#[tokio::test]
async fn card_in_a_thread_has_no_thread_and_says_why() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "League", "thread": "yes"})).await;
        thread_is(world, &card, |_| true).await;
        let inside = organiser.in_channel(card["id"].as_str().expect("an id").to_owned());
        planned(&inside, json!({"title": "Cup", "thread": "yes"})).await;
        let told = organiser.in_private().reads("no threads of its own").await;
        let told = text_of(&told);
        assert!(told.contains("/session move"), "{told}");
        assert!(!told.contains("Create Public Threads"), "{told}");
    })
    .await;
}

#[tokio::test]
async fn too_many_threads_are_named_and_the_thread_comes_later() {
    story(async |world| {
        let full = json!({
            "method": "POST", "route": THREADS, "status": 400, "code": 160_006, "times": 1,
        });
        world.post("faults/requests", full).await;
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"title": "Cup", "thread": "yes"})).await;
        let private = organiser.in_private();
        let told = text_of(&private.reads("as many active threads as Discord").await);
        assert!(told.contains("I go on by myself"), "{told}");
        organiser.command("session list", json!({})).await;
        thread_is(world, &card, |_| true).await;
    })
    .await;
}

#[tokio::test]
async fn card_in_a_voice_channel_has_no_thread_and_says_why() {
    story(async |world| {
        let lounge = json!({"name": "Lounge", "type": 2});
        let channels = format!("guilds/{}/channels", world.server());
        let lounge = world.post(&channels, lounge).await;
        let lounge = lounge["id"].as_str().expect("an id").to_owned();
        let organiser = world.person(0).in_channel(lounge.clone());
        let card = planned(&organiser, json!({"title": "Cup", "thread": "yes"})).await;
        let private = organiser.in_private();
        let told = text_of(&private.reads("no threads of its own").await);
        assert!(told.contains("/session move"), "{told}");
        assert!(!told.contains("Create Public Threads"), "{told}");
        // The card goes on, and no thread is tried again.
        let player = world.person(2).in_channel(lounge);
        joined(&player, &card, "Aiko#1234", &["tank"]).await;
        card_reads(&organiser, &card, "Waiting (1)").await;
        assert_eq!(world.count("POST", THREADS).await, 1);
        assert_eq!(private.messages().await.len(), 1);
        // In a text channel it can have one.
        let to = json!({"session": "Cup", "channel": world.channel()});
        organiser.command("session move", to).await.says("appears");
        let there = world.person(0);
        let moved = there.reads("Waiting (1)").await;
        let again = json!({"session": "Cup", "thread": "yes"});
        there.command("session edit", again).await;
        thread_is(world, &moved, |thread| thread["name"] == "Cup").await;
    })
    .await;
}

#[tokio::test]
async fn permission_is_blamed_for_a_missing_thread_only_where_it_is_missing() {
    story(async |world| {
        world.provokes_refusals(10, "a permission is missing while people click");
        let organiser = world.person(0);
        let denied = json!({
            "id": APPLICATION_ID.to_string(), "type": "member", "allow": "0",
            "deny": CREATE_PUBLIC_THREADS.to_string(),
        });
        let path = format!("channels/{}/overwrites", world.channel());
        world.post(&path, denied).await;
        planned(&organiser, json!({"title": "Cup", "thread": "yes"})).await;
        organiser
            .in_private()
            .reads("I lack *Create Public Threads* in its channel")
            .await;
    })
    .await;
}
