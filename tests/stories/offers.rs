//! Offers of places, and other messages that ask somebody something: their deadlines follow the
//! session, and their buttons go when they need no answer any more.

use serde_json::{Value, json};

use crate::scene::{account, card_reads, id, ids, joined, number, on, planned};
use crate::thread::thread_is;
use crate::world::{Person, World, story, text_of};

/// The session of these stories is on Friday, 20:00 in Berlin; this is two hours before it, so that
/// an offer made then lasts twelve minutes.
const TWO_HOURS_BEFORE: &str = "2026-11-27T17:00:00Z";
/// Five minutes later: what is offered shortly before a start, or after it, ends then.
const GRACE_OVER: &str = "2026-11-27T17:05:01Z";
/// The same in seconds.
const GRACE_ENDS_S: i64 = 1_795_799_100;

/// Waits until somebody is asked for a place, and gives the message.
async fn asked(person: &Person<'_>) -> Value {
    let asked = |message: &Value| ids(message).iter().any(|id| id.starts_with("offer-yes:"));
    person.in_private().sees("an offer", asked).await
}

/// One tank is in, two wait; the one who is in leaves two hours before the start, so that the first
/// of those who wait is asked.
async fn offered(world: &World) -> Value {
    let card = planned(&world.person(0), json!({"admission": "first_come"})).await;
    let people = [(2, "Aiko#1111"), (4, "Freya#1111"), (5, "Kwame#1111")];
    for (index, tag) in people {
        joined(&world.person(index), &card, tag, &["tank"]).await;
    }
    world.at(TWO_HOURS_BEFORE);
    let leaving = world.person(2);
    leaving.press(&card, &on(&card, "leave")).await.says("left");
    asked(&world.person(4)).await;
    card
}

/// The offer ends five minutes after the start at the latest: whoever was asked is told so, and the
/// next one is asked then.
async fn ends_within_the_grace(world: &World) {
    let told = format!("<t:{GRACE_ENDS_S}:t>");
    world.person(4).in_private().reads(&told).await;
    world.at(GRACE_OVER);
    asked(&world.person(5)).await;
}

#[tokio::test]
async fn an_offer_ends_soon_when_the_session_is_started_early() {
    story(async |world| {
        let card = offered(world).await;
        let organiser = world.person(0);
        let desk = organiser.press(&card, &on(&card, "manage")).await;
        let start = id(desk.message(), "manage-start:");
        let question = organiser.press(desk.message(), &start).await;
        let sure = id(question.message(), "manage-start-sure:");
        organiser.press(question.message(), &sure).await;
        card_reads(&organiser, &card, "Under way").await;
        ends_within_the_grace(world).await;
    })
    .await;
}

#[tokio::test]
async fn an_offer_ends_soon_when_the_session_is_moved_near() {
    story(async |world| {
        let card = offered(world).await;
        let number = number(&card).expect("a number");
        // In ten minutes.
        let near = json!({"session": number, "when": "2026-11-27 18:10"});
        let moved = world.person(0).command("session edit", near).await;
        moved.says("starts").says("instead of");
        ends_within_the_grace(world).await;
    })
    .await;
}

/// Waits until a direct message has become this, without any buttons.
async fn becomes(person: &Person<'_>, message: &Value, text: &str) {
    let ended = |now: &Value| {
        now["id"] == message["id"] && text_of(now).contains(text) && ids(now).is_empty()
    };
    person.in_private().sees(text, ended).await;
}

/// Waits until somebody gets a direct message with a button like this, and gives the message.
async fn told(person: &Person<'_>, route: &str) -> Value {
    let told = |message: &Value| ids(message).iter().any(|id| id.starts_with(route));
    person.in_private().sees(route, told).await
}

#[tokio::test]
async fn an_offer_answered_on_the_card_loses_its_buttons() {
    story(async |world| {
        let card = offered(world).await;
        let player = world.person(4);
        let offer = asked(&player).await;
        world.restart().await;
        let player = world.person(4);
        let shown = card_reads(&player, &card, &format!("<@{}> (Tank)", player.user)).await;
        let take = id(&shown, "offer-yes:");
        player.press(&shown, &take).await.says("You are in");
        becomes(&player, &offer, "You are in: **").await;
    })
    .await;
}

#[tokio::test]
async fn an_offer_that_lapses_or_whose_session_is_cancelled_loses_its_buttons() {
    story(async |world| {
        let card = offered(world).await;
        let first = asked(&world.person(4)).await;
        world.at("2026-11-27T17:12:01Z");
        becomes(&world.person(4), &first, "The time to take the place").await;
        let second = asked(&world.person(5)).await;
        let organiser = world.person(0);
        let desk = organiser.press(&card, &on(&card, "manage")).await;
        let ask = id(desk.message(), "cancel-ask:");
        let question = organiser.press(desk.message(), &ask).await;
        let sure = id(question.message(), "cancel-sure:");
        organiser.press(question.message(), &sure).await;
        becomes(&world.person(5), &second, "does not take place").await;
    })
    .await;
}

#[tokio::test]
async fn an_offer_with_a_new_deadline_is_answered_in_the_newer_message() {
    story(async |world| {
        let card = offered(world).await;
        let player = world.person(4);
        let first = asked(&player).await;
        let number = number(&card).expect("a number");
        let near = json!({"session": number, "when": "2026-11-27 18:10"});
        world.person(0).command("session edit", near).await;
        becomes(&player, &first, "please answer my newer message").await;
        let second = asked(&player).await;
        let take = id(&second, "offer-yes:");
        let taken = player.in_private().press(&second, &take).await;
        taken.says("You are in");
        becomes(&player, &second, "You are in: **").await;
    })
    .await;
}

#[tokio::test]
async fn an_offer_in_a_thread_loses_its_buttons() {
    story(async |world| {
        let options = json!({"admission": "first_come", "thread": "yes"});
        let card = planned(&world.person(0), options).await;
        joined(&world.person(2), &card, "Aiko#1111", &["tank"]).await;
        let shy = world.person(4);
        joined(&shy, &card, "Freya#1111", &["tank"]).await;
        world
            .post("faults/dms", json!({"user": shy.user, "closed": true}))
            .await;
        thread_is(world, &card, |_| true).await;
        let reading = shy.in_channel(card["id"].as_str().expect("an id").to_owned());
        let leaving = world.person(2);
        leaving.press(&card, &on(&card, "leave")).await.says("left");
        let asked = |message: &Value| ids(message).iter().any(|id| id.starts_with("offer-yes:"));
        let offer = reading.sees("an offer", asked).await;
        let take = id(&offer, "offer-no:");
        reading.press(&offer, &take).await.says("Noted");
        let mention = format!("<@{}> Noted", shy.user);
        let ended = |now: &Value| {
            now["id"] == offer["id"] && text_of(now).contains(&mention) && ids(now).is_empty()
        };
        reading.sees("an offer without buttons", ended).await;
    })
    .await;
}

#[tokio::test]
async fn a_check_in_message_loses_its_button_once_it_is_answered_or_over() {
    story(async |world| {
        let card = planned(&world.person(0), json!({"admission": "first_come"})).await;
        let (there, away) = (world.person(2), world.person(4));
        joined(&there, &card, "Aiko#1111", &["tank"]).await;
        joined(&away, &card, "Freya#1111", &["damage"]).await;
        world.at("2026-11-27T18:45:00Z");
        let asked = told(&there, "check-in:").await;
        let other = told(&away, "check-in:").await;
        let shown = card_reads(&there, &card, "0 of 2 are there").await;
        let here = id(&shown, "check-in:");
        there.press(&shown, &here).await.says("you are there");
        becomes(&there, &asked, "you are there for").await;
        world.at("2026-11-27T19:00:00Z");
        becomes(&away, &other, "its check-in is over").await;
        // Coming late is asked in another message, until somebody else has the place.
        let late = told(&away, "check-in:").await;
        assert_ne!(late["id"], other["id"]);
        world.at("2026-11-27T21:00:01Z");
        becomes(&away, &late, "is over").await;
    })
    .await;
}

#[tokio::test]
async fn playing_with_fewer_is_no_more_offered_once_it_is_decided_elsewhere() {
    story(async |world| {
        let organiser = world.person(0);
        let options = json!({"admission": "first_come", "check_in": 0, "mode": "6v6"});
        let card = planned(&organiser, options).await;
        for index in 2..7 {
            let player = world.person(index);
            account(&player, json!({"battletag": format!("Player#111{index}")})).await;
            let answer = player.press(&card, &on(&card, "join")).await;
            answer.says("You are in");
        }
        world.at("2026-11-27T19:00:00Z");
        let choice = told(&organiser, "short-play:").await;
        let desk = organiser.press(&card, &on(&card, "manage")).await;
        let look = id(desk.message(), "short:");
        let possible = organiser.press(desk.message(), &look).await;
        let play = id(possible.message(), "short-play:");
        organiser
            .press(possible.message(), &play)
            .await
            .says("is now 5v5 Role Queue");
        becomes(&organiser, &choice, "Nobody is missing").await;
    })
    .await;
}
