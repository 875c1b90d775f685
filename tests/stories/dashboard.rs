//! The dashboard: who may open it, who leads a session besides its organiser, and starting it now.

use serde_json::{Value, json};

use crate::scene::{account, card_reads, id, ids, joined, number, on, planned};
use crate::world::{Answer, Person, story};

async fn dashboard(person: &Person<'_>, card: &Value) -> Answer {
    person.press(card, &on(card, "manage")).await
}

/// Presses the first button that begins like this.
async fn press(person: &Person<'_>, on: &Answer, begins: &str) -> Answer {
    person.press(on.message(), &id(on.message(), begins)).await
}

/// Chooses co-organisers on the page for them.
async fn share(organiser: &Person<'_>, desk: &Answer, with: &[&str]) -> Answer {
    let page = press(organiser, desk, "manage-organisers:").await;
    let menu = id(page.message(), "manage-share:");
    organiser.choose(page.message(), &menu, with).await
}

#[tokio::test]
async fn a_co_organiser_manages_until_they_are_taken_out() {
    story(async |world| {
        let (organiser, helper) = (world.person(2), world.person(3));
        let card = planned(&organiser, json!({})).await;
        dashboard(&helper, &card).await.says("Only the organiser");
        let desk = dashboard(&organiser, &card).await;
        let shared = share(&organiser, &desk, &[&helper.user]).await;
        assert_eq!(shared.outcome(), "update");
        shared.says(&format!("<@{}> can now manage", helper.user));
        card_reads(&organiser, &card, &format!("with <@{}>", helper.user)).await;

        let theirs = dashboard(&helper, &card).await;
        theirs.says("Manage: ");
        press(&helper, &theirs, "manage-queue:")
            .await
            .says("The queue is closed");
        let page = press(&helper, &theirs, "manage-organisers:").await;
        page.says("the organiser's to say");
        let session = number(&card).expect("a number");
        let forged = format!("manage-share:{session}:w0");
        helper
            .forge(page.message(), &forged, &[&helper.user])
            .await
            .says("the organiser's to say");

        // The menu shows who was chosen; nobody chosen is nobody.
        let desk = dashboard(&organiser, &card).await;
        let page = press(&organiser, &desk, "manage-organisers:").await;
        let preset = &page.message()["components"][0]["components"][0]["default_values"];
        assert_eq!(preset[0]["id"], helper.user.as_str());
        let menu = id(page.message(), "manage-share:");
        organiser
            .choose(page.message(), &menu, &[])
            .await
            .says("no longer manage");
        let stale = id(theirs.message(), "manage-queue:");
        helper
            .forge(theirs.message(), &stale, &[])
            .await
            .says("Only the organiser");
    })
    .await;
}

#[tokio::test]
async fn a_co_organiser_is_named_when_a_session_is_made_or_edited() {
    story(async |world| {
        let (organiser, helper, other) = (world.person(2), world.person(3), world.person(4));
        let card = planned(&organiser, json!({"co-organiser": helper.user})).await;
        dashboard(&helper, &card).await.says("Manage: ");
        let session = number(&card).expect("a number");
        let edit = json!({"session": session, "co-organiser": other.user});
        organiser
            .command("session edit", edit)
            .await
            .says("can now manage");
        dashboard(&other, &card).await.says("Manage: ");
        dashboard(&helper, &card).await.says("Manage: ");
        // A co-organiser edits, but does not say who else leads.
        let edit =
            json!({"session": session, "title": "Cup", "co-organiser": world.person(5).user});
        let edited = helper.command("session edit", edit).await;
        edited.says("was called").says("the organiser's to say");
    })
    .await;
}

#[tokio::test]
async fn a_bot_leads_no_session_and_a_restart_is_not_noticed() {
    story(async |world| {
        let card = planned(&world.person(2), json!({})).await;
        let desk = dashboard(&world.person(2), &card).await;
        let page = press(&world.person(2), &desk, "manage-organisers:").await;
        world.restart().await;
        let organiser = world.person(2);
        let menu = id(page.message(), "manage-share:");
        let bot = overwatch_bot::playground::APPLICATION_ID.to_string();
        let helper = world.person(3).user;
        let chosen = organiser
            .choose(page.message(), &menu, &[&bot, &helper])
            .await;
        chosen.says("A bot cannot lead").says("can now manage");
        dashboard(&world.person(3), &card).await.says("Manage: ");
    })
    .await;
}

#[tokio::test]
async fn starting_is_asked_first_with_what_is_missing() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({"length": "2h"})).await;
        let player = world.person(4);
        account(&player, json!({"battletag": "Freya#1111", "tank": "d3"})).await;
        let form = player.press(&card, &on(&card, "join")).await;
        player.submit(&form, json!({"roles": ["tank"]})).await;
        let desk = dashboard(&organiser, &card).await;
        let menu = id(desk.message(), "manage-player:");
        let view = organiser
            .choose(desk.message(), &menu, &[&player.user])
            .await;
        press(&organiser, &view, "manage-accept:")
            .await
            .says("is in as Tank");

        let desk = dashboard(&organiser, &card).await;
        let question = press(&organiser, &desk, "manage-start:").await;
        question.says("Needs 2 damage and 2 supports");
        press(&organiser, &question, "manage:")
            .await
            .says("Manage: ");
        card_reads(&organiser, &card, "🟢 Open").await;
    })
    .await;
}

#[tokio::test]
async fn starting_tells_those_who_are_in_and_cannot_be_done_twice() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({"length": "2h"})).await;
        let player = world.person(4);
        joined(&player, &card, "Freya#1111", &["tank"]).await;
        let desk = dashboard(&organiser, &card).await;
        let menu = id(desk.message(), "manage-player:");
        let view = organiser
            .choose(desk.message(), &menu, &[&player.user])
            .await;
        let desk = press(&organiser, &view, "manage-accept:").await;
        let question = press(&organiser, &desk, "manage-start:").await;
        let started = press(&organiser, &question, "manage-start-sure:").await;
        started.says("It is under way. The other player is told");
        player.in_private().reads("starts now").await;
        let shown = card_reads(&player, &card, "Under way").await;
        assert!(!ids(&shown).iter().any(|id| id.starts_with("join:")));
        let session = number(&card).expect("a number");
        for again in ["manage-start", "manage-start-sure"] {
            let id = format!("{again}:{session}:w0");
            organiser
                .forge(started.message(), &id, &[])
                .await
                .says("has started already");
        }
        world.at("2026-11-22T14:00:01Z");
        card_reads(&player, &card, "Over").await;
    })
    .await;
}

#[tokio::test]
async fn others_start_nothing() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({})).await;
        let session = number(&card).expect("a number");
        for route in ["manage-start", "manage-start-sure", "manage-organisers"] {
            let id = format!("{route}:{session}:w0");
            world
                .person(4)
                .forge(&card, &id, &[])
                .await
                .says("Only the organiser");
        }
        card_reads(&organiser, &card, "🟢 Open").await;
    })
    .await;
}
