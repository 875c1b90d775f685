//! People who leave a server, or are thrown out: what they had in its sessions is for others.

use overwatch_bot::domain::ids::SessionId;
use overwatch_bot::playground;
use overwatch_bot::store::outbox::{Due, DueNow, Owed};
use overwatch_bot::store::session::StartNow;
use serde_json::{Value, json};

use crate::scene::{card_reads, id, ids, joined, number, on, planned};
use crate::world::{Person, World, story, story_in, text_of};

const GONE: &str = "not in that session's server any more";
/// The session of these stories is on Friday, 20:00 in Berlin; this is when its check-in opens.
const CHECK_IN: &str = "2026-11-27T18:45:00Z";
/// In sessions of five each.
const PLAYERS: usize = 25;
const START: &str = "2026-11-27T19:00:01Z";

async fn first_come(world: &World, check_in: i64) -> Value {
    let options = json!({"admission": "first_come", "check_in": check_in});
    planned(&world.person(2), options).await
}

/// Waits until the card does not name somebody any more.
async fn without(world: &World, card: &Value, person: &Person<'_>) -> Value {
    let gone =
        |message: &Value| message["id"] == card["id"] && !text_of(message).contains(&person.user);
    world.person(7).sees("a card without them", gone).await
}

/// Waits until somebody is asked something in private.
async fn asked(person: &Person<'_>, route: &str) -> Value {
    let asked = |message: &Value| ids(message).iter().any(|id| id.starts_with(route));
    person.in_private().sees(route, asked).await
}

#[tokio::test]
async fn who_has_left_does_nothing_in_private_and_their_place_is_offered() {
    story(async |world| {
        let card = first_come(world, 15).await;
        let (aiko, freya) = (world.person(3), world.person(4));
        joined(&aiko, &card, "Aiko#1111", &["tank"]).await;
        joined(&freya, &card, "Freya#1111", &["tank"]).await;
        world.at(CHECK_IN);
        let question = asked(&aiko, "check-in:").await;
        world.leaves(&aiko).await;
        world.forget_permissions();
        let here = id(&question, "check-in:");
        aiko.in_private().press(&question, &here).await.says(GONE);
        without(world, &card, &aiko).await;
        asked(&freya, "offer-yes:").await;
        // What is only given up needs no one's leave.
        let decline = format!("offer-no:{}", number(&card).expect("a card"));
        let answer = aiko.in_private().forge(&question, &decline, &[]).await;
        assert!(!answer.text().contains(GONE), "{:#}", answer.0);
    })
    .await;
}

#[tokio::test]
async fn no_place_is_offered_to_who_was_banned() {
    story(async |world| {
        let card = first_come(world, 0).await;
        let (aiko, freya, kwame) = (world.person(3), world.person(4), world.person(5));
        for (person, tag) in [
            (&aiko, "Aiko#1111"),
            (&freya, "Freya#1111"),
            (&kwame, "Kwame#1111"),
        ] {
            joined(person, &card, tag, &["tank"]).await;
        }
        world.bans(&freya).await;
        aiko.press(&card, &on(&card, "leave")).await.says("left");
        asked(&kwame, "offer-yes:").await;
        assert!(freya.in_private().messages().await.is_empty());
        without(world, &card, &freya).await;
    })
    .await;
}

#[tokio::test]
async fn who_has_left_keeps_no_place_at_the_start() {
    story(async |world| {
        let card = first_come(world, 0).await;
        let (aiko, freya) = (world.person(3), world.person(4));
        joined(&aiko, &card, "Aiko#1111", &["tank"]).await;
        joined(&freya, &card, "Freya#1111", &["damage"]).await;
        world.leaves(&aiko).await;
        world.at(START);
        let started = card_reads(&world.person(7), &card, "Under way").await;
        assert!(text_of(&started).contains(&freya.user), "{started:#}");
        without(world, &card, &aiko).await;
        let menu = world.person(2).press(&card, &on(&card, "manage")).await;
        let history = world
            .person(2)
            .press(menu.message(), &id(menu.message(), "history:"))
            .await;
        history.says("They are not in the server any more");
    })
    .await;
}

#[tokio::test]
async fn who_has_checked_in_and_left_keeps_no_place_at_the_start() {
    story(async |world| {
        let card = first_come(world, 15).await;
        let (aiko, freya) = (world.person(3), world.person(4));
        joined(&aiko, &card, "Aiko#1111", &["tank"]).await;
        joined(&freya, &card, "Freya#1111", &["damage"]).await;
        world.at(CHECK_IN);
        for person in [&aiko, &freya] {
            let question = asked(person, "check-in:").await;
            let there = id(&question, "check-in:");
            let answer = person.in_private().press(&question, &there).await;
            answer.says("you are there");
        }
        world.leaves(&aiko).await;
        world.at(START);
        let started = card_reads(&world.person(7), &card, "Under way").await;
        assert!(text_of(&started).contains(&freya.user), "{started:#}");
        without(world, &card, &aiko).await;
    })
    .await;
}

#[tokio::test]
async fn while_discord_does_not_say_who_is_there_everybody_stays() {
    story(async |world| {
        let card = first_come(world, 0).await;
        let aiko = world.person(3);
        joined(&aiko, &card, "Aiko#1111", &["tank"]).await;
        world.leaves(&aiko).await;
        let fault = json!({"route": "/guilds/{guild_id}/members", "status": 500, "times": 9});
        world.post("faults/requests", fault).await;
        world.at(START);
        let started = card_reads(&world.person(7), &card, "Under way").await;
        assert!(text_of(&started).contains(&aiko.user), "{started:#}");
    })
    .await;
}

#[tokio::test]
async fn the_dashboard_says_who_has_left_and_they_may_come_back() {
    story(async |world| {
        let card = first_come(world, 0).await;
        let (aiko, freya) = (world.person(3), world.person(4));
        joined(&aiko, &card, "Aiko#1111", &["tank"]).await;
        joined(&freya, &card, "Freya#1111", &["tank"]).await;
        world.leaves(&aiko).await;
        let desk = world.person(2).press(&card, &on(&card, "manage")).await;
        desk.says(&format!(
            "<@{}> has left this server, and their place as Tank is free",
            aiko.user
        ));
        // Nobody else learns anything, or throws anybody out, by looking.
        let onlooker = world.person(7).press(&card, &on(&card, "manage")).await;
        onlooker.says("Only the organiser");
        world.comes_back(&aiko).await;
        let form = aiko.press(&card, &on(&card, "join")).await;
        aiko.submit(&form, json!({"roles": ["support"]}))
            .await
            .says("as Support");
    })
    .await;
}

/// Nobody is told of a session in whose server they are no more, whatever it is.
#[tokio::test]
async fn who_has_left_is_told_nothing_of_what_becomes_of_a_session() {
    for (change, says) in [
        ("move", "has moved"),
        ("cancel", "does not take place"),
        ("start", "starts now"),
    ] {
        story(async |world| {
            let card = first_come(world, 0).await;
            let (organiser, aiko, freya) = (world.person(2), world.person(3), world.person(4));
            joined(&aiko, &card, "Aiko#1111", &["tank"]).await;
            joined(&freya, &card, "Freya#1111", &["damage"]).await;
            world.leaves(&aiko).await;
            world.forget_permissions();
            let session = number(&card);
            match change {
                "move" => {
                    let edit = json!({"session": session, "when": "2026-11-28 20:00"});
                    organiser
                        .command("session edit", edit)
                        .await
                        .says("instead");
                    crate::scene::let_settle(world);
                }
                "cancel" => {
                    let cancel = json!({"session": session});
                    let sure = organiser.command("session cancel", cancel).await;
                    let yes = id(sure.message(), "cancel-sure:");
                    organiser.press(sure.message(), &yes).await;
                }
                _ => {
                    let store = world.app.as_ref().expect("it runs").store();
                    let number = session.expect("a card").parse();
                    let start = StartNow {
                        session: SessionId(number.expect("a number")),
                        actor: crate::convergence::organiser(world),
                        at: world.clock.now(),
                    };
                    let started = store.execute_job(start).await.expect("an answer");
                    started.expect("it is ahead");
                }
            }
            freya.in_private().reads(says).await;
            nothing_is_owed(world).await;
            assert!(aiko.in_private().messages().await.is_empty(), "{change}");
            if change != "cancel" {
                without(world, &card, &aiko).await;
            }
        })
        .await;
    }
}

/// Waits until every direct message has been sent or dropped.
pub(crate) async fn nothing_is_owed(world: &World) {
    let store = world.app.as_ref().expect("it runs").store();
    let now = world.clock.now();
    let waiting = async {
        loop {
            let due = store.query(DueNow { now, max: 100 }).await;
            let due = due.expect("an answer");
            let is_told = |due: &Due| matches!(due.owed, Owed::Message { .. });
            if !due.iter().any(is_told) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let sent = tokio::time::timeout(crate::world::PATIENCE, waiting).await;
    sent.expect("something is still to be said");
}

/// Discord says that there is no server in common before the bot would have asked again.
#[tokio::test]
async fn message_that_cannot_be_sent_to_who_has_left_takes_them_out() {
    story(async |world| {
        world.provokes_refusals(2, "somebody has left without the bot knowing");
        let card = first_come(world, 0).await;
        let (aiko, freya) = (world.person(3), world.person(4));
        joined(&aiko, &card, "Aiko#1111", &["tank"]).await;
        joined(&freya, &card, "Freya#1111", &["damage"]).await;
        // Whoever looks at the dashboard learns that they are there, and that counts for a minute.
        world.person(2).press(&card, &on(&card, "manage")).await;
        world.leaves(&aiko).await;
        let other = format!("guilds/{}/members/{}", world.other_server(), aiko.user);
        world.delete(&other).await;
        let edit = json!({"session": number(&card), "when": "2026-11-28 20:00"});
        let edited = world.person(2).command("session edit", edit).await;
        edited.says("instead");
        crate::scene::let_settle(world);
        freya.in_private().reads("has moved").await;
        without(world, &card, &aiko).await;
    })
    .await;
}

/// More than are asked about at once, over several sessions.
#[tokio::test]
async fn whoever_has_left_before_many_sessions_start_keeps_no_place() {
    let people = playground::World::with_people(PLAYERS + 4);
    story_in(people, 1, async |world| {
        let mut last = None;
        for (number, first) in (3..PLAYERS + 3).step_by(5).enumerate() {
            let title = format!("Cup {number}");
            let options = json!({"admission": "first_come", "check_in": 0, "title": title});
            let card = planned(&world.person(2), options).await;
            let roles = ["tank", "damage", "damage", "support", "support"];
            for (at, role) in (first..).zip(roles) {
                let tag = format!("Player#{}", 1_000 + at);
                joined(&world.person(at), &card, &tag, &[role]).await;
            }
            last = Some((card, world.person(first + 4)));
        }
        let (card, gone) = last.expect("several sessions");
        card_reads(&world.person(2), &card, "complete").await;
        world.leaves(&gone).await;
        world.forget_permissions();
        world.at(START);
        let started = without(world, &card, &gone).await;
        assert!(text_of(&started).contains("Under way"), "{started:#}");
    })
    .await;
}
