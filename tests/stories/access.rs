//! Who sees a session: whoever can view its channel, and who leads it.

use serde_json::{Value, json};

use crate::scene::{account, id, joined, number, on, planned};
use crate::world::{Person, World, story, text_of};

const HERE_NO_MORE: &str = "not here any more";

/// Another channel of the first server.
fn elsewhere() -> String {
    let world = overwatch_bot::playground::World::default();
    world.guilds[0].channels[1].id.to_string()
}

/// The titles that are proposed while somebody picks a session to look at.
async fn completed(person: &Person<'_>) -> Vec<String> {
    let options = json!({"session": ""});
    let choices = person.complete("session show", options, "session").await;
    choices.into_iter().map(|(label, _)| label).collect()
}

/// Whether somebody can find a session from where they are, by every way there is.
async fn finds(person: &Person<'_>, card: &Value) -> bool {
    let listed = person.command("session list", json!({})).await;
    let listed = listed.text().contains("Cup");
    let completed = completed(person)
        .await
        .iter()
        .any(|one| one.contains("Cup"));
    let session = number(card).expect("a card");
    let shown = person
        .command("session show", json!({"session": session}))
        .await;
    let shown = !shown.text().contains(HERE_NO_MORE);
    let join = person.forge(card, &on(card, "join"), &[]).await;
    let joins = !join.text().contains(HERE_NO_MORE);
    let page = person.forge(card, &on(card, "refresh"), &[]).await;
    let refreshes = !page.text().contains(HERE_NO_MORE);
    let all = [listed, completed, shown, joins, refreshes];
    assert!(all.iter().all(|one| *one == all[0]), "{all:?}");
    all[0]
}

async fn cup(world: &World) -> Value {
    planned(&world.person(2), json!({"title": "Cup"})).await
}

#[tokio::test]
async fn a_session_is_hidden_from_whom_its_channel_is_hidden_from() {
    story(async |world| {
        let card = cup(world).await;
        let kwame = world.person(5).in_channel(elsewhere());
        account(&kwame, json!({"battletag": "Kwame#1111"})).await;
        assert!(finds(&kwame, &card).await);
        world.hide(&world.channel(), &world.person(5)).await;
        // What Discord said a moment ago is taken for granted, for a minute.
        assert!(finds(&kwame, &card).await);
        world.forget_permissions();
        assert!(!finds(&kwame, &card).await);
        assert!(finds(&world.person(4).in_channel(elsewhere()), &card).await);
        world.unhide(&world.channel(), &world.person(5)).await;
        world.forget_permissions();
        assert!(finds(&kwame, &card).await);
    })
    .await;
}

#[tokio::test]
async fn a_channel_for_one_role_shows_its_sessions_to_that_role() {
    story(async |world| {
        world.hide_from_everyone(&world.channel()).await;
        let card = planned(&world.person(1), json!({"title": "Cup"})).await;
        assert!(!finds(&world.person(4).in_channel(elsewhere()), &card).await);
        // The owner, and somebody with the role.
        assert!(finds(&world.person(0).in_channel(elsewhere()), &card).await);
        assert!(finds(&world.person(1).in_channel(elsewhere()), &card).await);
        let roles = world.get("world").await["guilds"][0]["roles"][1]["id"].clone();
        let member = format!("guilds/{}/members/{}", world.server(), world.person(4).user);
        world.post(&member, json!({"roles": [roles]})).await;
        // Roles come with the click, so that nothing has to grow old.
        assert!(finds(&world.person(4).in_channel(elsewhere()), &card).await);
    })
    .await;
}

#[tokio::test]
async fn the_organiser_finds_their_session_also_where_they_cannot_look() {
    story(async |world| {
        let card = cup(world).await;
        world.hide(&world.channel(), &world.person(2)).await;
        let organiser = world.person(2).in_channel(elsewhere());
        assert!(finds(&organiser, &card).await);
        let edit = json!({"session": number(&card), "title": "Cup of June"});
        organiser
            .command("session edit", edit)
            .await
            .says("was called");
    })
    .await;
}

#[tokio::test]
async fn what_discord_does_not_tell_is_hidden_but_in_ones_own_channel() {
    story(async |world| {
        let card = cup(world).await;
        let fault = json!({"route": "/guilds/{guild_id}/channels", "status": 403, "times": 1});
        world.post("faults/requests", fault).await;
        let kwame = world.person(5);
        assert!(!finds(&kwame.in_channel(elsewhere()), &card).await);
        assert!(finds(&kwame, &card).await);
        world.forget_permissions();
        assert!(finds(&kwame.in_channel(elsewhere()), &card).await);
    })
    .await;
}

#[tokio::test]
async fn a_server_is_asked_about_once_a_minute_however_many_type() {
    story(async |world| {
        cup(world).await;
        let before = world.count("GET", "/guilds").await;
        for person in [3, 4, 5, 6] {
            let person = world.person(person).in_channel(elsewhere());
            assert_eq!(completed(&person).await.len(), 1);
            assert_eq!(completed(&person).await.len(), 1);
        }
        // Its roles and its channels.
        assert_eq!(world.count("GET", "/guilds").await - before, 2);
        // In the session's own channel nobody needs to be asked.
        world.forget_permissions();
        assert_eq!(completed(&world.person(3)).await.len(), 1);
        assert_eq!(world.count("GET", "/guilds").await - before, 2);
    })
    .await;
}

#[tokio::test]
async fn a_session_in_a_thread_is_seen_by_who_sees_the_channel_around_it() {
    story(async |world| {
        let options = json!({"title": "Evening", "thread": "yes"});
        let around = planned(&world.person(2), options).await;
        let thread = crate::thread::thread_is(world, &around, |_| true).await;
        let thread = thread["id"].as_str().expect("an id").to_owned();
        let organiser = world.person(2).in_channel(thread);
        let card = planned(&organiser, json!({"title": "Cup"})).await;
        let kwame = world.person(5).in_channel(elsewhere());
        assert!(finds(&kwame, &card).await);
        // From the thread one sees what is in the channel around it.
        let before = world.count("GET", "/guilds").await;
        world.forget_permissions();
        let inside = kwame.in_channel(organiser.channel.clone().expect("a thread"));
        assert_eq!(completed(&inside).await.len(), 2);
        assert_eq!(world.count("GET", "/guilds").await, before);
        world.hide(&world.channel(), &world.person(5)).await;
        assert!(!finds(&kwame, &card).await);
    })
    .await;
}

#[tokio::test]
async fn who_finds_a_call_but_not_the_session_cannot_join_by_it() {
    story(async |world| {
        let card = cup(world).await;
        let organiser = world.person(2);
        let desk = organiser.press(&card, &on(&card, "manage")).await;
        let page = organiser
            .press(desk.message(), &id(desk.message(), "manage-call:"))
            .await;
        let menu = id(page.message(), "manage-call-in:");
        organiser
            .choose(page.message(), &menu, &[&elsewhere()])
            .await
            .says("I am looking");
        world.hide(&world.channel(), &world.person(5)).await;
        let reads = |message: &Value| text_of(message).contains("Cup");
        for (person, tag, answer) in [
            (5, "Kwame#1111", HERE_NO_MORE),
            (4, "Freya#1111", "Roles you would play"),
        ] {
            let person = world.person(person).in_channel(elsewhere());
            let call = person.sees("the call", reads).await;
            account(&person, json!({"battletag": tag})).await;
            person.press(&call, &on(&card, "join")).await.says(answer);
        }
    })
    .await;
}

#[tokio::test]
async fn who_lost_sight_of_a_session_can_still_leave_it() {
    story(async |world| {
        let card = cup(world).await;
        joined(&world.person(5), &card, "Kwame#1111", &["tank"]).await;
        world.hide(&world.channel(), &world.person(5)).await;
        let kwame = world.person(5).in_channel(elsewhere());
        let refused = kwame.forge(&card, &on(&card, "join"), &[]).await;
        refused.says(HERE_NO_MORE);
        let left = kwame.forge(&card, &on(&card, "leave"), &[]).await;
        left.says("You have left");
    })
    .await;
}

/// The organiser's menu of those who wait, as text.
async fn dashboard(organiser: &Person<'_>, card: &Value) -> crate::world::Answer {
    organiser.press(card, &on(card, "manage")).await
}

#[tokio::test]
async fn a_nickname_is_shown_in_its_own_server_only() {
    story(async |world| {
        let member = format!("guilds/{}/members/{}", world.server(), world.person(4).user);
        world.post(&member, json!({"nick": "Shouty"})).await;
        let here = planned(&world.person(2), json!({})).await;
        let there = world.person(2).in_channel(world.other_channel());
        let freya = world.person(4);
        let elsewhere = planned(&there, json!({})).await;
        joined(&freya, &here, "Freya#1111", &["tank"]).await;
        let away = freya.in_channel(world.other_channel());
        let form = away.press(&elsewhere, &on(&elsewhere, "join")).await;
        away.submit(&form, json!({"roles": ["tank"]})).await;
        // Whatever she does last in the first server tells nobody in the second.
        freya
            .command("profile edit", json!({"roles": "Tank"}))
            .await
            .says("Saved");
        dashboard(&world.person(2), &here).await.says("Shouty");
        let desk = dashboard(&there, &elsewhere).await;
        desk.says("Freya");
        assert!(!desk.text().contains("Shouty"), "{:#}", desk.0);
    })
    .await;
}

#[tokio::test]
async fn who_was_turned_down_stays_so_after_deleting_everything() {
    story(async |world| {
        let card = cup(world).await;
        let freya = world.person(4);
        joined(&freya, &card, "Freya#1111", &["tank"]).await;
        let desk = dashboard(&world.person(2), &card).await;
        let menu = id(desk.message(), "manage-player:");
        let view = world
            .person(2)
            .choose(desk.message(), &menu, &[&freya.user])
            .await;
        let reject = id(view.message(), "manage-reject:");
        world.person(2).press(view.message(), &reject).await;
        let asked = freya.command("profile delete", json!({})).await;
        let gone = freya.press(asked.message(), "profile-delete:").await;
        gone.says("You were turned down in a session that is not over");
        let refused = "has not accepted you";
        freya.press(&card, &on(&card, "join")).await.says(refused);
        let newcomer = format!("newcomer:{}", number(&card).expect("a card"));
        let fields = json!({"battletag": "Freya#1111", "roles": ["tank"]});
        freya.forge_modal(&newcomer, fields).await.says(refused);
        assert_eq!(
            world
                .ground
                .number("SELECT count(*) FROM users WHERE username = 'Freya'")
                .await,
            0
        );
        // Another session is another matter.
        let other = planned(&world.person(2), json!({"title": "Evening"})).await;
        joined(&freya, &other, "Freya#1111", &["tank"])
            .await
            .says("in the queue");
        // With the session it is forgotten.
        world.at("2026-11-27T22:00:00Z");
        crate::scene::card_reads(&freya, &card, "Over").await;
        assert_eq!(
            world.ground.number("SELECT count(*) FROM refusals").await,
            0
        );
    })
    .await;
}
