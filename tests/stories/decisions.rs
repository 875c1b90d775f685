//! The organiser's decisions beyond accepting: reasons, swaps, overrides, and the warning of wide
//! groups.

use serde_json::{Value, json};

use crate::scene::{account, card_reads, id, ids, joined, let_settle, on, planned};
use crate::world::{Answer, Person, story};

async fn press(person: &Person<'_>, on: &Answer, begins: &str) -> Answer {
    person.press(on.message(), &id(on.message(), begins)).await
}

async fn dashboard(person: &Person<'_>, card: &Value) -> Answer {
    person.press(card, &on(card, "manage")).await
}

/// The page of a player who waits, or who is in.
async fn player(organiser: &Person<'_>, card: &Value, player: &Person<'_>, is_in: bool) -> Answer {
    let desk = dashboard(organiser, card).await;
    let menus = ids(desk.message());
    let menu = menus
        .iter()
        .find(|id| id.starts_with("manage-player:") && id.ends_with(":in") == is_in)
        .expect("a menu of people");
    organiser
        .choose(desk.message(), menu, &[&player.user])
        .await
}

/// Accepts somebody who waits as this.
async fn accept(organiser: &Person<'_>, card: &Value, whom: &Person<'_>, role: &str) -> Answer {
    let view = player(organiser, card, whom, false).await;
    let ids = ids(view.message());
    let accept = ids
        .iter()
        .find(|id| id.starts_with("manage-accept:") && id.split(':').nth(4) == Some(role))
        .unwrap_or_else(|| panic!("no {role} among {ids:?}"));
    organiser.press(view.message(), accept).await
}

/// Somebody with an account of this rank as a tank joins as one.
async fn tank(person: &Person<'_>, card: &Value, tag: &str, rank: &str) {
    account(person, json!({"battletag": tag, "tank": rank})).await;
    let form = person.press(card, &on(card, "join")).await;
    let answer = person.submit(&form, json!({"roles": ["tank"]})).await;
    answer.says("in the queue");
}

async fn swap(organiser: &Person<'_>, view: &Answer, with: &Person<'_>) -> Answer {
    let menu = id(view.message(), "manage-swap:");
    organiser.choose(view.message(), &menu, &[&with.user]).await
}

async fn history(person: &Person<'_>, desk: &Answer) -> Answer {
    press(person, desk, "history:").await
}

#[tokio::test]
async fn who_is_turned_down_reads_why_and_a_restart_loses_nothing() {
    story(async |world| {
        let card = planned(&world.person(2), json!({})).await;
        joined(&world.person(4), &card, "Freya#1111", &["tank"]).await;
        let view = player(&world.person(2), &card, &world.person(4), false).await;
        let form = press(&world.person(2), &view, "manage-reject-why:").await;
        assert_eq!(form.outcome(), "modal");
        world.restart().await;
        let organiser = world.person(2);
        let reason = json!({"reason": "We have **two** tanks"});
        let done = organiser.submit(&form, reason).await;
        assert_eq!(done.outcome(), "update");
        done.says("was turned down").says("Turned down (1)");
        let told = world
            .person(4)
            .in_private()
            .reads("not in the line-up")
            .await;
        assert!(
            told["content"]
                .as_str()
                .is_some_and(|text| text.contains("> We have \\*\\*two\\*\\* tanks"))
        );
        history(&organiser, &done)
            .await
            .says("turned <@")
            .says("“We have \\*\\*two\\*\\* tanks”");
    })
    .await;
}

#[tokio::test]
async fn a_reason_may_be_left_out_and_the_form_of_who_has_left_does_not_open() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({})).await;
        let (first, second) = (world.person(4), world.person(5));
        joined(&first, &card, "Freya#1111", &["tank"]).await;
        joined(&second, &card, "Kwame#1111", &["tank"]).await;
        let view = player(&organiser, &card, &first, false).await;
        let form = press(&organiser, &view, "manage-reject-why:").await;
        organiser
            .submit(&form, json!({"reason": ""}))
            .await
            .says("was turned down");
        let view = player(&organiser, &card, &second, false).await;
        second.press(&card, &on(&card, "leave")).await;
        press(&organiser, &view, "manage-reject-why:")
            .await
            .says("has left the queue meanwhile");
        let session = on(&card, "manage").replace("manage:", "");
        let forged = format!("manage-reject-why:{session}:{}:w0", first.user);
        world
            .person(6)
            .forge_modal(&forged, json!({"reason": "x"}))
            .await
            .says("Only the organiser");
    })
    .await;
}

#[tokio::test]
async fn somebody_who_waits_takes_the_place_of_somebody_who_is_in() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({})).await;
        let (first, second) = (world.person(4), world.person(5));
        joined(&first, &card, "Freya#1111", &["tank"]).await;
        joined(&second, &card, "Kwame#1111", &["tank"]).await;
        accept(&organiser, &card, &first, "tank").await;
        let view = player(&organiser, &card, &second, false).await;
        let done = swap(&organiser, &view, &first).await;
        assert_eq!(done.outcome(), "update");
        let (comes, leaves) = (&second.user, &first.user);
        done.says(&format!(
            "<@{comes}> is in as Tank in the place of <@{leaves}>"
        ));
        card_reads(&first, &card, &format!("Tank 1/1\n<@{comes}>")).await;
        second.in_private().reads("You are in").await;
        let_settle(world);
        first.in_private().reads("waiting in the queue").await;
        history(&organiser, &done)
            .await
            .says(&format!("gave <@{comes}> the place of <@{leaves}> as Tank"));
        // Who waits again can be swapped in from the other side.
        let view = player(&organiser, &card, &second, true).await;
        swap(&organiser, &view, &first)
            .await
            .says(&format!("<@{leaves}> is in as Tank"));
    })
    .await;
}

#[tokio::test]
async fn two_players_exchange_roles_and_who_left_meanwhile_is_not_swapped() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({})).await;
        let (first, second) = (world.person(4), world.person(5));
        joined(&first, &card, "Freya#1111", &["tank"]).await;
        joined(&second, &card, "Kwame#1111", &["support"]).await;
        accept(&organiser, &card, &first, "tank").await;
        accept(&organiser, &card, &second, "support").await;
        let view = player(&organiser, &card, &first, true).await;
        let stale = player(&organiser, &card, &first, true).await;
        swap(&organiser, &view, &second).await.says(&format!(
            "<@{}> plays Support now, and <@{}> Tank",
            first.user, second.user
        ));
        card_reads(&first, &card, &format!("Tank 1/1\n<@{}>", second.user)).await;
        second.press(&card, &on(&card, "leave")).await;
        let menu = id(stale.message(), "manage-swap:");
        organiser
            .forge(stale.message(), &menu, &[&second.user])
            .await
            .says(&format!("<@{}> has left the queue", second.user));
        organiser
            .forge(stale.message(), &menu, &[&first.user])
            .await
            .says("cannot change places");
        organiser
            .forge(stale.message(), &menu, &["x"])
            .await
            .says("earlier version");
        world
            .person(6)
            .forge(stale.message(), &menu, &[&second.user])
            .await
            .says("Only the organiser");
    })
    .await;
}

#[tokio::test]
async fn a_rank_limit_is_overridden_after_a_question_and_marked() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({})).await;
        let high = world.person(4);
        tank(&high, &card, "Freya#1111", "d3").await;
        let session = on(&card, "manage").replace("manage:", "");
        let edit = json!({"session": session, "highest": "gold"});
        organiser
            .command("session edit", edit)
            .await
            .says("up to Gold");

        let view = player(&organiser, &card, &high, false).await;
        view.says("Diamond 3 is above the Gold limit");
        let question = press(&organiser, &view, "manage-anyway:").await;
        question
            .says("Diamond 3 is above the Gold limit")
            .says("outside the rank limit");
        card_reads(&high, &card, "Tank 0/1").await;
        let back = press(&organiser, &question, "manage-account:").await;
        let question = press(&organiser, &back, "manage-anyway:").await;
        let done = press(&organiser, &question, "manage-anyway-sure:").await;
        done.says("That overrides a limit").says("⚠️ override");
        history(&organiser, &done)
            .await
            .says("as Tank, outside the rank limit · ⚠️ **override**");
        // Somebody else cannot, and once is enough.
        let again = id(question.message(), "manage-anyway-sure:");
        world
            .person(5)
            .forge(question.message(), &again, &[])
            .await
            .says("Only the organiser");
        organiser
            .forge(question.message(), &again, &[])
            .await
            .says("is in already");
    })
    .await;
}

#[tokio::test]
async fn only_an_administrator_goes_beyond_the_cap_on_a_role() {
    story(async |world| {
        let (organiser, admin) = (world.person(2), world.person(0));
        let card = planned(&organiser, json!({})).await;
        let (first, second) = (world.person(4), world.person(5));
        joined(&first, &card, "Freya#1111", &["tank"]).await;
        joined(&second, &card, "Kwame#1111", &["tank"]).await;
        accept(&organiser, &card, &first, "tank").await;
        let theirs = player(&organiser, &card, &second, false).await;
        assert!(
            !ids(theirs.message())
                .iter()
                .any(|id| id.starts_with("manage-anyway"))
        );
        let view = player(&admin, &card, &second, false).await;
        let question = press(&admin, &view, "manage-anyway:").await;
        question.says("no room for another Tank");
        let sure = id(question.message(), "manage-anyway-sure:");
        organiser
            .forge(question.message(), &sure, &[])
            .await
            .says("no room for another Tank");
        admin
            .press(question.message(), &sure)
            .await
            .says("That overrides a limit");
        card_reads(&first, &card, "Tank 2/1").await;
    })
    .await;
}

#[tokio::test]
async fn after_an_override_everything_agrees_on_what_is_free() {
    story(async |world| {
        let admin = world.person(0);
        let card = planned(&admin, json!({})).await;
        let people = [
            (4, "Freya#1111", "tank"),
            (5, "Kwame#1111", "tank"),
            (6, "Ines#1111", "damage"),
            (7, "Sandor#1111", "damage"),
            (2, "Aiko#1111", "support"),
            (3, "Bruno#1111", "support"),
        ];
        for (index, tag, role) in people {
            joined(&world.person(index), &card, tag, &[role]).await;
        }
        accept(&admin, &card, &world.person(4), "tank").await;
        let view = player(&admin, &card, &world.person(5), false).await;
        let question = press(&admin, &view, "manage-anyway:").await;
        let desk = press(&admin, &question, "manage-anyway-sure:").await;
        let needs = "Needs 3 players (up to 2 damage and 2 supports)";
        desk.says(needs);
        card_reads(&admin, &card, needs).await;
        // What is missing can be accepted, as long as there are places.
        for index in [6, 7] {
            let done = accept(&admin, &card, &world.person(index), "damage").await;
            done.says("is in as Damage");
        }
        let done = accept(&admin, &card, &world.person(2), "support").await;
        done.says("Nobody: all places are taken");
        assert!(!done.text().contains("Fitting together"), "{}", done.text());
        let offers = ids(done.message());
        assert!(
            !offers.iter().any(|id| id.starts_with("manage-offer")),
            "{offers:?}"
        );
        card_reads(&admin, &card, "Nobody: all places are taken").await;
        let view = player(&admin, &card, &world.person(3), false).await;
        view.says("Support: no room");
    })
    .await;
}

/// Two players six divisions apart: the first is in, the second waits.
async fn apart(organiser: &Person<'_>, card: &Value, (first, second): (&Person<'_>, &Person<'_>)) {
    for (person, tag, rank) in [(first, "Freya#1111", "p3"), (second, "Kwame#1111", "g4")] {
        account(person, json!({"battletag": tag, "open": rank})).await;
        let joined = person.press(card, &on(card, "join")).await;
        joined.says("in the queue");
    }
    accept(organiser, card, first, "tank").await;
}

#[tokio::test]
async fn a_stack_that_is_too_far_apart_is_a_wide_group() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({"mode": "6v6"})).await;
        let (first, second) = (world.person(4), world.person(5));
        apart(&organiser, &card, (&first, &second)).await;
        let view = player(&organiser, &card, &second, false).await;
        view.says("Wide group")
            .says("Gold 4 to Platinum 3 is 6 divisions; in ranked play more than 5");
        let desk = accept(&organiser, &card, &second, "flex").await;
        desk.says("⚠️ Gold 4 to Platinum 3 is 6 divisions");
    })
    .await;
}

#[tokio::test]
async fn two_teams_are_no_stack() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({"mode": "6v6", "teams": 2})).await;
        let (first, second) = (world.person(4), world.person(5));
        apart(&organiser, &card, (&first, &second)).await;
        let desk = accept(&organiser, &card, &second, "flex").await;
        assert!(!desk.text().contains("Wide group"), "{}", desk.text());
    })
    .await;
}

#[tokio::test]
async fn a_note_and_how_long_somebody_waits_are_on_the_page() {
    story(async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({"mode": "6v6"})).await;
        let player = world.person(4);
        account(&player, json!({"battletag": "Freya#1111"})).await;
        player
            .press(&card, &on(&card, "join"))
            .await
            .says("leaves the organiser a note");
        let form = player.press(&card, &on(&card, "join")).await;
        player
            .submit(&form, json!({"note": "an hour late"}))
            .await
            .says("Changed");
        dashboard(&organiser, &card)
            .await
            .says("“an hour late”")
            .says("<t:1795348800:R>");
    })
    .await;
}
