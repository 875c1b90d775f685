//! Saying that one is there, who is missed at the start, and playing with fewer.

use serde_json::{Value, json};

use crate::scene::{card_reads, id, ids, joined, number, on, planned};
use crate::world::{Person, World, story, text_of};

/// The session of these stories is on Friday, 20:00 in Berlin.
const EARLY: &str = "2026-11-27T18:40:00Z";
const OPEN: &str = "2026-11-27T18:45:00Z";
const STARTED: &str = "2026-11-27T19:00:00Z";

/// A session in which whoever joins first plays, with a quarter of an hour to check in.
async fn checked(world: &World) -> Value {
    planned(&world.person(0), json!({"admission": "first_come"})).await
}

/// Waits until somebody gets a direct message with a button like this, and gives the message.
async fn told(person: &Person<'_>, route: &str) -> Value {
    let asked = |message: &Value| ids(message).iter().any(|id| id.starts_with(route));
    person.in_private().sees(route, asked).await
}

async fn says_here(person: &Person<'_>, message: &Value) -> String {
    let button = id(message, "check-in:");
    person.in_private().press(message, &button).await.text()
}

#[tokio::test]
async fn who_is_there_stays_and_the_place_of_who_is_not_is_offered() {
    story(async |world| {
        let card = checked(world).await;
        let (there, away, next) = (world.person(2), world.person(4), world.person(5));
        joined(&there, &card, "Aiko#1111", &["damage"]).await;
        joined(&away, &card, "Freya#1111", &["tank"]).await;
        joined(&next, &card, "Kwame#1111", &["tank"]).await;
        card_reads(&there, &card, "who has not said by the start").await;
        world.at(EARLY);
        let early = format!("check-in:{}", number(&card).expect("a number"));
        there.forge(&card, &early, &[]).await.says("a little early");
        world.at(OPEN);
        let asked = told(&there, "check-in:").await;
        told(&away, "check-in:").await;
        assert!(says_here(&there, &asked).await.contains("you are there"));
        let shown = card_reads(&there, &card, "1 of 2 are there").await;
        assert!(text_of(&shown).contains("☑️"), "{shown:#}");
        // Who only waits has nothing to say, and is told so; a stranger too.
        let button = id(&shown, "check-in:");
        next.press(&card, &button)
            .await
            .says("no place in this session yet");
        world
            .person(6)
            .press(&card, &button)
            .await
            .says("not in this session's queue");
    })
    .await;
}

#[tokio::test]
async fn who_is_missed_is_told_counted_and_replaced_after_a_restart() {
    story(async |world| {
        let card = checked(world).await;
        joined(&world.person(2), &card, "Aiko#1111", &["tank"]).await;
        joined(&world.person(4), &card, "Freya#1111", &["tank"]).await;
        world.at(OPEN);
        told(&world.person(2), "check-in:").await;
        world.stop().await;
        world.at(STARTED);
        world.start().await;
        let (away, next) = (world.person(2), world.person(4));
        away.in_private()
            .reads("you had not said that you are there")
            .await;
        let profile = away.command("profile show", json!({})).await;
        profile.says("1 session in which you had a place");
        let offer = told(&next, "offer-yes:").await;
        let desk = world.person(0).press(&card, &on(&card, "manage")).await;
        desk.says("missed once");
        next.in_private()
            .press(&offer, &id(&offer, "offer-yes:"))
            .await
            .says("You are in");
        // Coming late is too late now; but they are asked when there is a place again.
        let missed = told(&away, "check-in:").await;
        assert!(says_here(&away, &missed).await.contains("somebody else's"));
        next.press(&card, &on(&card, "leave"))
            .await
            .says("given up");
        told(&away, "offer-yes:").await;
    })
    .await;
}

#[tokio::test]
async fn who_comes_late_has_the_place_as_long_as_nobody_else_has_it() {
    story(async |world| {
        let card = checked(world).await;
        let late = world.person(2);
        joined(&late, &card, "Aiko#1111", &["tank"]).await;
        world.at(OPEN);
        told(&late, "check-in:").await;
        world.at(STARTED);
        late.in_private()
            .reads("as long as nobody else has it")
            .await;
        card_reads(&late, &card, "Tank 0/1").await;
        let message = late.in_private().reads("your place as Tank is free").await;
        let said = says_here(&late, &message).await;
        assert!(said.contains("Better late than never"), "{said}");
        card_reads(&late, &card, "Tank 1/1").await;
        let profile = late.command("profile show", json!({})).await;
        assert!(!profile.text().contains("Missed"), "{}", profile.text());
    })
    .await;
}

#[tokio::test]
async fn without_a_check_in_nobody_is_missed_and_a_moved_start_asks_anew() {
    story(async |world| {
        let organiser = world.person(0);
        let options = json!({"admission": "first_come", "check_in": 0});
        let card = planned(&organiser, options).await;
        let player = world.person(2);
        joined(&player, &card, "Aiko#1111", &["tank"]).await;
        let number = number(&card).expect("a number");
        world.at(OPEN);
        let with = json!({"session": number, "check_in": 30});
        let edited = organiser.command("session edit", with).await;
        edited.says("has its check-in 30 min before the start");
        let asked = told(&player, "check-in:").await;
        says_here(&player, &asked).await;
        card_reads(&player, &card, "1 of 1 are there").await;
        let later = json!({"session": number, "when": "2026-11-28 20:00"});
        organiser
            .command("session edit", later)
            .await
            .says("instead of");
        let shown = card_reads(&player, &card, "who has not said by the start").await;
        assert!(!text_of(&shown).contains("☑️"), "{shown:#}");
        let without = json!({"session": number, "check_in": 0});
        organiser
            .command("session edit", without)
            .await
            .says("has no check-in");
        world.at("2026-11-28T19:00:00Z");
        let shown = card_reads(&player, &card, "Under way").await;
        assert!(text_of(&shown).contains("Tank 1/1"), "{shown:#}");
    })
    .await;
}

#[tokio::test]
async fn when_people_are_missing_at_the_start_the_organiser_chooses_what_is_played_instead() {
    story(async |world| {
        let organiser = world.person(0);
        let options = json!({"admission": "first_come", "check_in": 0, "mode": "6v6"});
        let card = planned(&organiser, options).await;
        for index in 2..7 {
            let player = world.person(index);
            let tag = format!("Player#111{index}");
            player
                .command("account add", json!({"battletag": tag}))
                .await
                .says("Added");
            let answer = player.press(&card, &on(&card, "join")).await;
            answer.says("You are in");
        }
        world.at(STARTED);
        let choice = told(&organiser, "short-play:").await;
        world.restart().await;
        let organiser = world.person(0);
        // The dashboard offers it, too; nobody else may choose.
        let desk = organiser.press(&card, &on(&card, "manage")).await;
        let look = id(desk.message(), "short:");
        let possible = organiser.press(desk.message(), &look).await;
        possible.says("you could play this instead");
        let play = id(possible.message(), "short-play:");
        let forged = world.person(2).forge(&card, &play, &[]).await;
        forged.says("Only the organiser");
        let done = organiser
            .in_private()
            .press(&choice, &id(&choice, "short-play:"))
            .await;
        done.says("is now 5v5 Role Queue, one team");
        let shown = card_reads(&organiser, &card, "the line-up is complete").await;
        assert!(text_of(&shown).contains("Tank 1/1"), "{shown:#}");
        let stale = organiser.forge(possible.message(), &play, &[]).await;
        stale.says("not possible any more");
    })
    .await;
}

#[tokio::test]
async fn nobody_waits_for_full_teams_once_the_check_in_opens() {
    story(async |world| {
        let options = json!({"admission": "balanced"});
        let card = planned(&world.person(0), options).await;
        let player = world.person(2);
        joined(&player, &card, "Aiko#1111", &["tank"])
            .await
            .says("in the queue");
        world.at(OPEN);
        card_reads(&player, &card, "Tank 1/1").await;
        // Who got the place now is not missed.
        world.at(STARTED);
        let shown = card_reads(&player, &card, "Under way").await;
        assert!(text_of(&shown).contains("Tank 1/1"), "{shown:#}");
    })
    .await;
}
