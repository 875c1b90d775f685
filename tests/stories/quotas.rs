//! What one person may ask of the bot: sessions in an hour, searches for teams, and messages to others.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::scene::{account, joined, number, on, planned};
use crate::teams::press;
use crate::world::{Person, story, text_of};

/// Sessions that one person can make in a server within an hour.
const MADE_MAX: usize = 25;

async fn plan(person: &Person<'_>, title: &str) -> String {
    let options = json!({
        "mode": "5v5", "when": "2026-11-27 20:00", "timezone": "Europe/Berlin", "title": title,
    });
    person.command("session create", options).await.text()
}
/// Messages to one person about one session within five minutes.
const MESSAGES_ABOUT_MAX: usize = 5;

#[tokio::test]
async fn sessions_made_in_an_hour_are_limited_even_if_they_are_cancelled() {
    story(async |world| {
        let organiser = world.person(0);
        for number in 1..=MADE_MAX {
            let said = plan(&organiser, &format!("Cup {number}")).await;
            assert!(said.contains("is planned"), "{said}");
        }
        let first = organiser.reads("Cup 1\n").await;
        let question = organiser.press(&first, &on(&first, "manage")).await;
        let question = press(&organiser, &question, "cancel-ask:").await;
        press(&organiser, &question, "cancel-sure:").await;
        let said = plan(&organiser, "Cup 26").await;
        assert!(
            said.contains("25 sessions in this server within an hour"),
            "{said}"
        );
        // Others, and other servers, are not concerned; nor is an hour later.
        let said = plan(&world.person(2), "Another cup").await;
        assert!(said.contains("is planned"), "{said}");
        let elsewhere = organiser.in_channel(world.other_channel());
        let said = plan(&elsewhere, "Cup 27").await;
        assert!(said.contains("is planned"), "{said}");
        world.clock.advance(TimeDelta::minutes(60));
        let said = plan(&organiser, "Cup 28").await;
        assert!(said.contains("is planned"), "{said}");
    })
    .await;
}

#[tokio::test]
async fn deleting_the_profile_gives_no_new_quota() {
    story(async |world| {
        let (organiser, regular) = (world.person(0), world.person(2));
        account(&regular, json!({"battletag": "Known#1111"})).await;
        world.clock.advance(TimeDelta::minutes(61));
        for number in 1..=MADE_MAX {
            let said = plan(&organiser, &format!("Cup {number}")).await;
            assert!(said.contains("is planned"), "{said}");
        }
        let question = organiser.command("profile delete", json!({})).await;
        press(&organiser, &question, "profile-delete").await;
        let said = plan(&organiser, "Cup 26").await;
        assert!(said.contains("within an hour"), "{said}");
        // Who was known before is somebody else.
        let said = plan(&regular, "Another cup").await;
        assert!(said.contains("is planned"), "{said}");
        world.clock.advance(TimeDelta::minutes(60));
        let said = plan(&organiser, "Cup 27").await;
        assert!(said.contains("is planned"), "{said}");
    })
    .await;
}

#[tokio::test]
async fn thirty_moves_are_one_message() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({})).await;
        let player = world.person(2);
        joined(&player, &card, "Aiko#1111", &["tank"]).await;
        let session = number(&card).expect("a number");
        for minute in 1..=30 {
            let when = format!("2026-11-28 20:{minute:02}");
            let moved = json!({"session": session, "when": when});
            organiser
                .command("session edit", moved)
                .await
                .says("instead of");
            world.clock.advance(TimeDelta::seconds(5));
        }
        world.clock.advance(TimeDelta::seconds(31));
        let told = player.in_private().reads("has moved").await;
        let (from, to) = (1_795_806_000, 1_795_894_200);
        assert!(text_of(&told).contains(&format!("<t:{from}:")), "{told:#}");
        assert!(text_of(&told).contains(&format!("<t:{to}:")), "{told:#}");
        let all = player.in_private().messages().await;
        assert_eq!(all.len(), 1, "{all:#?}");
    })
    .await;
}

#[tokio::test]
async fn what_is_taken_back_soon_is_not_told() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({})).await;
        let player = world.person(2);
        joined(&player, &card, "Aiko#1111", &["tank"]).await;
        let session = number(&card).expect("a number");
        for when in ["2026-11-27 21:00", "2026-11-27 20:00"] {
            let moved = json!({"session": session, "when": when});
            organiser
                .command("session edit", moved)
                .await
                .says("instead of");
        }
        world.clock.advance(TimeDelta::seconds(31));
        // What comes later shows that nothing else is to come.
        let cancel = json!({"session": session});
        let question = organiser.command("session cancel", cancel).await;
        press(&organiser, &question, "cancel-sure:").await;
        player.in_private().reads("does not take place").await;
        let all = player.in_private().messages().await;
        assert_eq!(all.len(), 1, "{all:#?}");
    })
    .await;
}

/// Turned down and taken back, again and again: neither can wait by itself.
#[tokio::test]
async fn repeated_decisions_about_one_person_are_few_messages() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({})).await;
        let player = world.person(2);
        joined(&player, &card, "Aiko#1111", &["tank"]).await;
        let others = [world.person(3), world.person(4)];
        for (other, tag) in others.iter().zip(["Freya#1111", "Kwame#1111"]) {
            joined(other, &card, tag, &["tank"]).await;
        }
        let session = number(&card).expect("a number");
        let decide = async |route: &str, person: &Person<'_>| {
            let id = format!("{route}:{session}:{}:w0", person.user);
            organiser.forge(&card, &id, &[]).await;
        };
        let tell_all = async |person: &Person<'_>| {
            for _ in 0..MESSAGES_ABOUT_MAX {
                let private = person.in_private();
                let before = private.messages().await;
                decide("manage-reject", person).await;
                let is_new = |message: &Value| before.iter().all(|one| one["id"] != message["id"]);
                private.sees("another message", is_new).await;
                decide("manage-back", person).await;
            }
            decide("manage-reject", person).await;
        };
        tell_all(&player).await;
        // A sixth one would have come before two others have had five each.
        for other in &others {
            tell_all(other).await;
        }
        let all = player.in_private().messages().await;
        assert_eq!(all.len(), MESSAGES_ABOUT_MAX, "{all:#?}");
    })
    .await;
}
