//! What becomes of sessions when people change, remove and delete what is theirs.

use serde_json::{Value, json};

use crate::world::{Person, story, text_of};

async fn settle_in(person: &Person<'_>, battletag: &str) {
    let options = json!({"timezone": "Europe/Berlin", "roles": "Tank"});
    person.command("profile edit", options).await.says("Saved");
    let options = json!({"battletag": battletag, "tank": "d3"});
    person.command("account add", options).await.says("Added");
}

/// Somebody plans a session; its card.
async fn plans(person: &Person<'_>, title: &str) -> Value {
    let options = json!({"mode": "5v5", "when": "fri 8pm", "title": title});
    let planned = person.command("session create", options).await;
    planned.says("is planned");
    card(person, title, "").await
}

/// The card of a session once this stands on it.
async fn card(person: &Person<'_>, title: &str, shows: &str) -> Value {
    let shows_it = |message: &Value| {
        let text = text_of(message);
        message["flags"] != 64 && text.contains(title) && text.contains(shows)
    };
    person.sees(shows, shows_it).await
}

/// The id of a card's button.
fn button(card: &Value, name: &str) -> String {
    let buttons = card["components"][0]["components"].as_array();
    let mut ids = buttons
        .into_iter()
        .flatten()
        .map(|button| &button["custom_id"]);
    let id = ids.find(|id| id.as_str().is_some_and(|id| id.starts_with(name)));
    id.and_then(Value::as_str).expect(name).to_owned()
}

async fn joins(person: &Person<'_>, title: &str) {
    let card = card(person, title, "").await;
    let asked = person.press(&card, &button(&card, "join:")).await;
    if asked.outcome() == "modal" {
        person.submit(&asked, json!({})).await.says(title);
    }
    self::card(person, title, &person.user).await;
}

#[tokio::test]
async fn an_account_on_which_one_waits_stays_until_one_leaves() {
    story(async |world| {
        let (freya, kwame) = (world.person(4), world.person(5));
        settle_in(&freya, "Freya#1234").await;
        settle_in(&kwame, "Kwame#1234").await;
        plans(&freya, "Scrim night").await;
        joins(&kwame, "Scrim night").await;
        let options = json!({"account": "Kwame#1234"});
        let said = kwame.command("account remove", options.clone()).await;
        said.says("Kwame\\#1234")
            .says("Scrim night")
            .says("Leave that session");
        let card = card(&kwame, "Scrim night", &kwame.user).await;
        kwame.press(&card, &button(&card, "leave:")).await;
        kwame
            .command("account remove", options)
            .await
            .says("Removed");
    })
    .await;
}

#[tokio::test]
async fn a_new_rank_shows_on_the_card_of_what_one_waits_for() {
    story(async |world| {
        let (freya, kwame) = (world.person(4), world.person(5));
        settle_in(&freya, "Freya#1234").await;
        settle_in(&kwame, "Kwame#1234").await;
        plans(&freya, "Scrim night").await;
        joins(&kwame, "Scrim night").await;
        card(&kwame, "Scrim night", "Diamond 3").await;
        let options = json!({"tank": "gm1"});
        kwame
            .command("account edit", options)
            .await
            .says("Grandmaster 1");
        card(&kwame, "Scrim night", "Grandmaster 1").await;
    })
    .await;
}

#[tokio::test]
async fn a_person_who_is_deleted_leaves_no_name_on_a_card_and_nobody_waiting_in_vain() {
    story(async |world| {
        let (freya, kwame) = (world.person(4), world.person(5));
        settle_in(&freya, "Freya#1234").await;
        settle_in(&kwame, "Kwame#1234").await;
        plans(&freya, "Scrim night").await;
        plans(&kwame, "Another evening").await;
        joins(&kwame, "Scrim night").await;
        joins(&freya, "Another evening").await;
        let asked = freya.command("profile delete", json!({})).await;
        asked.says("Scrim night").says("Another evening");
        let gone = freya.press(asked.message(), "profile-delete:").await;
        gone.says("Cancelled sessions: 1")
            .says("Sessions you left: 1");
        let told = kwame.in_private().reads("does not take place").await;
        assert!(text_of(&told).contains("deleted their profile"), "{told:#}");
        // What they have written goes with them; the mode's name stands in its place.
        let cancelled = card(&kwame, "5v5 Role Queue", "deleted their profile").await;
        for hers in ["Scrim night", &freya.user] {
            assert!(!text_of(&cancelled).contains(hers), "{cancelled:#}");
        }
        let without = |message: &Value| {
            let text = text_of(message);
            message["flags"] != 64
                && text.contains("Another evening")
                && !text.contains(&freya.user)
        };
        kwame.sees("the card without them", without).await;
    })
    .await;
}
