//! What stories about a session's card begin with: a session, its card, people with accounts.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::world::{Answer, Person, World, text_of};

/// Plans a session on Friday evening with `options` besides, and waits for its card.
pub(crate) async fn planned(organiser: &Person<'_>, options: Value) -> Value {
    let mut all = json!({"mode": "5v5", "when": "2026-11-27 20:00", "timezone": "Europe/Berlin"});
    let fields = all.as_object_mut().expect("an object");
    fields.extend(options.as_object().expect("an object").clone());
    if options["event"] == "yes" {
        organiser.world().lets_make_events(organiser).await;
    }
    let before = organiser.messages().await;
    let answer = organiser.command("session create", all).await;
    answer.says("is planned");
    organiser
        .sees("the card", |message| {
            let is_new = before.iter().all(|old| old["id"] != message["id"]);
            is_new && message["flags"] != 64 && number(message).is_some()
        })
        .await
}

/// The number of the session that this is the card of.
pub(crate) fn number(card: &Value) -> Option<String> {
    ids(card)
        .iter()
        .find_map(|id| id.strip_prefix("leave:"))
        .map(str::to_owned)
}

/// The custom id of this route on the card.
pub(crate) fn on(card: &Value, route: &str) -> String {
    format!("{route}:{}", number(card).expect("a card with buttons"))
}

/// Every custom id on a message that can be pressed, in order.
pub(crate) fn ids(message: &Value) -> Vec<String> {
    let rows = message["components"].as_array().into_iter().flatten();
    let components = rows.flat_map(|row| row["components"].as_array().into_iter().flatten());
    components
        .filter(|component| component["disabled"] != true)
        .filter_map(|component| component["custom_id"].as_str().map(str::to_owned))
        .collect()
}

/// The custom id on a message that begins like this and can be pressed.
#[track_caller]
pub(crate) fn id(message: &Value, begins: &str) -> String {
    let ids = ids(message);
    let found = ids.iter().find(|id| id.starts_with(begins)).cloned();
    found.unwrap_or_else(|| panic!("nothing begins with {begins:?} among {ids:?}"))
}

/// Waits until the card reads like this, and gives it as it is then.
pub(crate) async fn card_reads(person: &Person<'_>, card: &Value, text: &str) -> Value {
    let reads = |message: &Value| message["id"] == card["id"] && text_of(message).contains(text);
    person.sees(text, reads).await
}

/// Waits until nobody waits on the card.
pub(crate) async fn nobody_waits(person: &Person<'_>, card: &Value) {
    let empty =
        |message: &Value| message["id"] == card["id"] && !text_of(message).contains("Waiting (");
    person.sees("nobody waits", empty).await;
}

/// Lets the time pass after which news that may be taken back are sent.
pub(crate) fn let_settle(world: &World) {
    world.clock.advance(TimeDelta::seconds(31));
}

/// Gives somebody an account.
pub(crate) async fn account(person: &Person<'_>, options: Value) {
    person.command("account add", options).await.says("Added");
}

/// Somebody with an account of this name presses Join and offers these roles.
pub(crate) async fn joined(person: &Person<'_>, card: &Value, tag: &str, roles: &[&str]) -> Answer {
    account(person, json!({"battletag": tag})).await;
    let form = person.press(card, &on(card, "join")).await;
    person.submit(&form, json!({"roles": roles})).await
}
