//! Offers of places: their deadlines follow the session.

use serde_json::{Value, json};

use crate::scene::{card_reads, id, ids, joined, number, on, planned};
use crate::world::{Person, World, story};

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
