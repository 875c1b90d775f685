//! The dashboard: accepting, turning down, taking back, and everything that goes stale meanwhile.

use serde_json::{Value, json};

use crate::scene::{account, card_reads, id, ids, joined, let_settle, number, on, planned};
use crate::world::{Answer, Person, story};

/// The organiser's dashboard of the session on this card.
async fn dashboard(organiser: &Person<'_>, card: &Value) -> Answer {
    organiser.press(card, &on(card, "manage")).await
}

/// Chooses a player from the menu of those who wait, or who were turned down.
async fn pick(organiser: &Person<'_>, dashboard: &Answer, player: &Person<'_>) -> Answer {
    let menus = ids(dashboard.message());
    let menu = menus
        .iter()
        .find(|id| id.starts_with("manage-player:") && !id.ends_with(":in"))
        .expect("a menu of people");
    organiser
        .choose(dashboard.message(), menu, &[&player.user])
        .await
}

/// Presses the first button that begins like this.
async fn press(person: &Person<'_>, on: &Answer, begins: &str) -> Answer {
    person.press(on.message(), &id(on.message(), begins)).await
}

/// The custom id with which `player` is accepted as `role`, for as long as it is remembered.
fn accepting(view: &Answer, role: &str) -> String {
    let ids = ids(view.message());
    let found = ids
        .iter()
        .find(|id| id.starts_with("manage-accept:") && id.split(':').nth(4) == Some(role));
    found
        .unwrap_or_else(|| panic!("no {role} among {ids:?}"))
        .clone()
}

#[tokio::test]
async fn a_player_is_accepted_shown_told_and_can_leave() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({})).await;
        let player = world.person(4);
        account(&player, json!({"battletag": "Freya#1111", "tank": "d3"})).await;
        let form = player.press(&card, &on(&card, "join")).await;
        player
            .submit(&form, json!({"roles": ["tank"], "note": "main tank"}))
            .await;

        let desk = dashboard(&organiser, &card).await;
        desk.says("Freya\\#1111")
            .says("Tank Diamond 3")
            .says("main tank");
        let view = pick(&organiser, &desk, &player).await;
        assert_eq!(view.outcome(), "update", "one message that changes");
        view.says("Accept as Tank");
        let done = organiser
            .press(view.message(), &accepting(&view, "tank"))
            .await;
        assert_eq!(done.outcome(), "update");
        done.says("is in as Tank");
        let line = format!("Tank 1/1\n<@{}> · Diamond 3", player.user);
        let shown = card_reads(&player, &card, "Tank 1/1").await;
        assert!(
            crate::world::text_of(&shown).contains("Needs 2 damage and 2 supports"),
            "{line}"
        );
        player.in_private().reads("You are in").await;

        player
            .press(&card, &on(&card, "leave"))
            .await
            .says("given up your place as Tank");
        card_reads(&player, &card, "Tank 0/1").await;
    })
    .await;
}

#[tokio::test]
async fn a_full_role_cannot_be_pressed_nor_forged() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({})).await;
        let (first, second) = (world.person(4), world.person(5));
        joined(&first, &card, "Freya#1111", &["tank"]).await;
        joined(&second, &card, "Kwame#1111", &["tank"]).await;
        let desk = dashboard(&organiser, &card).await;
        let stale = pick(&organiser, &desk, &second).await;
        let accept_second = accepting(&stale, "tank");
        let desk = dashboard(&organiser, &card).await;
        let view = pick(&organiser, &desk, &first).await;
        organiser
            .press(view.message(), &accepting(&view, "tank"))
            .await
            .says("is in as Tank");

        // The view from before still has the button.
        let refused = organiser.forge(view.message(), &accept_second, &[]).await;
        refused
            .says("no room for another Tank")
            .says("Tank: no room");
        let open = ids(refused.message());
        assert!(
            !open.contains(&accept_second),
            "it is disabled now: {open:?}"
        );
        assert!(open.iter().any(|id| id.contains(":support:")), "{open:?}");
    })
    .await;
}

#[tokio::test]
async fn taking_back_frees_the_place_and_undoes_a_refusal() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({})).await;
        let player = world.person(4);
        joined(&player, &card, "Freya#1111", &["tank"]).await;
        let desk = dashboard(&organiser, &card).await;
        let view = pick(&organiser, &desk, &player).await;
        let rejected = press(&organiser, &view, "manage-reject:").await;
        rejected
            .says("was turned down")
            .says("Turned down (1)")
            .says("Nobody is waiting");
        player.in_private().reads("not in the line-up").await;
        player
            .press(&card, &on(&card, "join"))
            .await
            .says("Only they can take that back");
        player
            .press(&card, &on(&card, "leave"))
            .await
            .says("Only they can take that back");

        let number = number(&card).expect("a number");
        let list = press(&organiser, &rejected, &format!("manage:{number}:r")).await;
        let view = pick(&organiser, &list, &player).await;
        press(&organiser, &view, "manage-back:")
            .await
            .says("waits in the queue again");
        let_settle(world);
        player.in_private().reads("waiting in the queue").await;

        let desk = dashboard(&organiser, &card).await;
        let view = pick(&organiser, &desk, &player).await;
        let accepted = organiser
            .press(view.message(), &accepting(&view, "support"))
            .await;
        let menu = ids(accepted.message());
        let menu = menu
            .iter()
            .find(|id| id.ends_with(":in"))
            .expect("who is in");
        let view = organiser
            .choose(accepted.message(), menu, &[&player.user])
            .await;
        press(&organiser, &view, "manage-back:")
            .await
            .says("their place as Support is free");
        card_reads(&player, &card, "Waiting (1)").await;
    })
    .await;
}

#[tokio::test]
async fn accepting_somebody_who_just_left_shows_the_truth() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({})).await;
        let player = world.person(4);
        joined(&player, &card, "Freya#1111", &["tank"]).await;
        let desk = dashboard(&organiser, &card).await;
        let view = pick(&organiser, &desk, &player).await;
        player
            .press(&card, &on(&card, "leave"))
            .await
            .says("You have left");
        let stale = organiser
            .press(view.message(), &accepting(&view, "tank"))
            .await;
        stale
            .says("has left the queue meanwhile")
            .says("Nobody is waiting");
    })
    .await;
}

#[tokio::test]
async fn of_several_accounts_the_one_that_is_chosen_is_played_on() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({"highest": "gold"})).await;
        let player = world.person(4);
        account(&player, json!({"battletag": "Freya#1111", "tank": "d3"})).await;
        account(&player, json!({"battletag": "Freya#2222", "tank": "g3"})).await;
        let form = player.press(&card, &on(&card, "join")).await;
        let fields = form.0["modal"]["components"].as_array().expect("fields");
        let accounts = fields[1]["component"]["options"].as_array().expect("two");
        let accounts: Vec<_> = accounts.iter().map(|one| one["value"].clone()).collect();
        let offered = json!({"roles": ["tank"], "accounts": accounts});
        player.submit(&form, offered).await.says("in the queue");
        let desk = dashboard(&organiser, &card).await;
        let view = pick(&organiser, &desk, &player).await;
        assert!(
            accepting(&view, "tank")
                .contains(&format!(":{}:", accounts[1].as_str().expect("an id")))
        );
        let menu = id(view.message(), "manage-account:");
        let above = accounts[0].as_str().expect("an id");
        let view = organiser.choose(view.message(), &menu, &[above]).await;
        view.says("Diamond 3 is above the Gold limit");
        let open = ids(view.message());
        let accept = |id: &String| id.starts_with("manage-accept:") && id.contains(":tank:");
        assert!(!open.iter().any(accept), "{open:?}");
    })
    .await;
}

#[tokio::test]
async fn the_queue_is_closed_and_opened_and_a_restart_changes_nothing() {
    story(async |world| {
        let card = planned(&world.person(2), json!({})).await;
        let desk = dashboard(&world.person(2), &card).await;
        world.restart().await;
        let organiser = world.person(2);
        let closed = press(&organiser, &desk, "manage-queue:").await;
        closed.says("The queue is closed");
        let shown = card_reads(&organiser, &card, "🔒").await;
        assert!(!ids(&shown).iter().any(|id| id.starts_with("join:")));
        let late = world.person(5).forge(&card, &on(&card, "join"), &[]).await;
        late.says("The queue is closed");
        press(&organiser, &closed, "manage-queue:")
            .await
            .says("The queue is open");
        card_reads(&organiser, &card, "🟢").await;
    })
    .await;
}

#[tokio::test]
async fn the_dashboard_leads_to_editing_and_cancelling() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({"title": "Friday night"})).await;
        let desk = dashboard(&organiser, &card).await;
        let form = press(&organiser, &desk, "edit-ask:").await;
        assert_eq!(form.outcome(), "modal");
        let question = press(&organiser, &desk, "cancel-ask:").await;
        question.says("Cancel **Friday night**");
        press(&organiser, &question, "cancel-sure:").await;
        let gone = card_reads(&organiser, &card, "Cancelled").await;
        assert!(ids(&gone).is_empty());
        let stale = press(&organiser, &desk, "manage-queue:").await;
        stale.says("cancelled");
        let left = ids(stale.message());
        assert!(
            left.iter().all(|id| id.starts_with("reopen:")),
            "nothing can be decided any more but to take it back: {left:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn others_are_told_whose_dashboard_it_is_and_forged_ids_get_nowhere() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({})).await;
        let player = world.person(4);
        joined(&player, &card, "Freya#1111", &["tank"]).await;
        dashboard(&player, &card).await.says("Only the organiser");
        let desk = dashboard(&organiser, &card).await;
        let view = pick(&organiser, &desk, &player).await;
        let accept = accepting(&view, "tank");
        let session = number(&card).expect("a number");
        let user = &player.user;
        let forged = [
            accept.clone(),
            format!("manage-player:{session}:w0"),
            format!("manage-account:{session}:{user}:w0"),
            format!("manage-reject:{session}:{user}:w0"),
            format!("manage-back:{session}:{user}:w0"),
            format!("manage-queue:{session}:close:w0"),
        ];
        let elsewhere = world.person(1).in_channel(world.other_channel());
        let private = organiser.in_private();
        let old = json!({"id": "1"});
        for id in &forged {
            player.forge(&old, id, &[]).await.says("Only the organiser");
            elsewhere
                .forge(&old, id, &[])
                .await
                .says("not here any more");
            private
                .forge(&old, id, &[])
                .await
                .says("belong to a server");
        }
        for garbage in [
            "manage:abc",
            "manage-accept:",
            "manage-player:0",
            "manage-back:99999999999999999999:1",
        ] {
            organiser
                .forge(&old, garbage, &[])
                .await
                .says("not here any more");
        }
        for nonsense in ["accept", "reject", "back", "queue", "account"] {
            let id = format!("manage-{nonsense}:{session}:x:y:z:w99");
            organiser.forge(&old, &id, &[]).await.says("Manage: ");
        }
        card_reads(&player, &card, "Waiting (1)").await;
        // Who manages events may do it all.
        world
            .person(1)
            .forge(&old, &accept, &[])
            .await
            .says("is in as Tank");
    })
    .await;
}

#[tokio::test]
async fn a_decision_delivered_twice_is_made_once() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({})).await;
        let player = world.person(4);
        joined(&player, &card, "Freya#1111", &["tank"]).await;
        let desk = dashboard(&organiser, &card).await;
        let view = pick(&organiser, &desk, &player).await;
        let done = organiser
            .press(view.message(), &accepting(&view, "tank"))
            .await;
        done.says("is in as Tank");
        world.redeliver(&done).await;
        player.in_private().reads("You are in").await;
        let told = player.in_private().messages().await;
        assert_eq!(told.len(), 1, "{told:#?}");
        let again = player.press(&card, &on(&card, "join")).await;
        again.says("You are in already, as Tank");
    })
    .await;
}
