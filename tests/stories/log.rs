//! `/session history`: what was done, by whom, on whom, and whether it overrode something.

use serde_json::{Value, json};

use crate::scene::{card_reads, id, joined, number, on, planned};
use crate::world::{Answer, Person, story};

async fn press(person: &Person<'_>, on: &Answer, begins: &str) -> Answer {
    person.press(on.message(), &id(on.message(), begins)).await
}

async fn dashboard(person: &Person<'_>, card: &Value) -> Answer {
    person.press(card, &on(card, "manage")).await
}

async fn history(person: &Person<'_>, card: &Value) -> Answer {
    let session = number(card).expect("a number");
    person
        .command("session history", json!({"session": session}))
        .await
}

#[tokio::test]
async fn an_administrator_overrides_the_organiser_and_it_is_on_record() {
    story(async |world| {
        let (organiser, admin) = (world.person(2), world.person(0));
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        let player = world.person(4);
        joined(&player, &card, "Freya#1111", &["tank"]).await;
        let desk = dashboard(&organiser, &card).await;
        let menu = id(desk.message(), "manage-player:");
        let view = organiser
            .choose(desk.message(), &menu, &[&player.user])
            .await;
        press(&organiser, &view, "manage-accept:").await;
        let desk = dashboard(&admin, &card).await;
        let menu = id(desk.message(), "manage-player:");
        let view = admin.choose(desk.message(), &menu, &[&player.user]).await;
        press(&admin, &view, "manage-back:")
            .await
            .says("waits again");

        let told = history(&organiser, &card).await;
        assert_eq!(told.message()["flags"], 64, "for them alone");
        let (organiser_id, admin_id, player_id) = (&organiser.user, &admin.user, &player.user);
        told.says("History: Cup")
            .says(&format!("<@{organiser_id}> planned it"))
            .says(&format!("<@{organiser_id}> accepted <@{player_id}> as Tank"))
            .says(&format!(
                "<@{admin_id}> (administrator) took back the place of <@{player_id}> as Tank · ⚠️ **override**"
            ));
        // Who may manage events sees it, a player does not.
        history(&world.person(1), &card).await.says("planned it");
        history(&player, &card).await.says("Only the organiser");
        let choices = player
            .complete("session history", json!({"session": ""}), "session")
            .await;
        assert!(choices.is_empty(), "{choices:?}");
    })
    .await;
}

#[tokio::test]
async fn a_session_that_is_over_is_still_offered_and_pages_are_turned_after_a_restart() {
    story(async |world| {
        let card = planned(&world.person(2), json!({"title": "Cup"})).await;
        let mut desk = dashboard(&world.person(2), &card).await;
        for _ in 0..12 {
            desk = press(&world.person(2), &desk, "manage-queue:").await;
        }
        let session = number(&card).expect("a number");
        let cancel = json!({"session": session, "reason": "Too few of us"});
        let form = world.person(2).command("session cancel", cancel).await;
        world.person(2).submit(&form, json!({})).await;
        card_reads(&world.person(2), &card, "Cancelled").await;
        let choices = world
            .person(2)
            .complete("session history", json!({"session": "cup"}), "session")
            .await;
        assert_eq!(choices.len(), 1, "{choices:?}");
        let first = history(&world.person(2), &card).await;
        first
            .says("cancelled it: “Too few of us”")
            .says("Page 1 of 2");
        world.restart().await;
        let organiser = world.person(2);
        let second = press(&organiser, &first, "history:").await;
        assert_eq!(second.outcome(), "update");
        second.says("planned it").says("Page 2 of 2");
        press(&organiser, &second, "history:")
            .await
            .says("Page 1 of 2");
    })
    .await;
}

#[tokio::test]
async fn the_dashboard_leads_to_the_history_and_back() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({})).await;
        let desk = dashboard(&organiser, &card).await;
        let told = press(&organiser, &desk, "history:").await;
        told.says("planned it");
        press(&organiser, &told, "manage:").await.says("Manage: ");
        let session = number(&card).expect("a number");
        let id = format!("history:{session}:0");
        let stranger = world.person(4);
        stranger
            .forge(&card, &id, &[])
            .await
            .says("Only the organiser");
        for garbage in ["history:", "history:x:y:z", "history:99:99"] {
            organiser
                .forge(&card, garbage, &[])
                .await
                .says("not here any more");
        }
    })
    .await;
}

#[tokio::test]
async fn who_deletes_their_profile_leaves_the_record_without_a_name() {
    story(async |world| {
        let (organiser, player) = (world.person(2), world.person(4));
        let card = planned(&organiser, json!({})).await;
        joined(&player, &card, "Freya#1111", &["tank"]).await;
        let desk = dashboard(&organiser, &card).await;
        let menu = id(desk.message(), "manage-player:");
        let view = organiser
            .choose(desk.message(), &menu, &[&player.user])
            .await;
        press(&organiser, &view, "manage-reject:").await;
        let question = player.command("profile delete", json!({})).await;
        press(&player, &question, "profile-delete").await;
        history(&organiser, &card)
            .await
            .says("turned *somebody who has left* down");
    })
    .await;
}
