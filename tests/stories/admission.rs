//! Who gets a place without an organiser's decision: first come, all at once, or by being asked.

use serde_json::{Value, json};

use crate::scene::{account, card_reads, id, ids, joined, number, on, planned};
use crate::world::{Answer, Person, World, story, text_of};

/// The session of these stories is on Friday, 20:00 in Berlin; this is two hours before it.
const TWO_HOURS_BEFORE: &str = "2026-11-27T17:00:00Z";
/// An offer that was made then has ended: it lasts a tenth of the time that is left.
const OFFER_ENDED: &str = "2026-11-27T17:12:01Z";
const OVER: &str = "2026-11-27T21:00:01Z";

async fn first_come(world: &World) -> Value {
    planned(&world.person(0), json!({"admission": "first_come"})).await
}

/// Waits until somebody is asked for a place, and gives the message.
async fn asked(person: &Person<'_>) -> Value {
    let asked = |message: &Value| !ids(message).is_empty();
    person.in_private().sees("an offer", asked).await
}

/// Answers an offer in direct messages.
async fn answers(person: &Person<'_>, offer: &Value, route: &str) -> Answer {
    person.in_private().press(offer, &id(offer, route)).await
}

async fn leaves(person: &Person<'_>, card: &Value) {
    person.press(card, &on(card, "leave")).await.says("left");
}

#[tokio::test]
async fn who_comes_first_is_in_at_once_and_the_next_one_waits() {
    story(async |world| {
        let card = first_come(world).await;
        card_reads(&world.person(5), &card, "First come, first served").await;
        let first = joined(&world.person(2), &card, "Aiko#1111", &["tank"]).await;
        first.says("You are in").says("as Tank");
        let second = joined(&world.person(4), &card, "Freya#1111", &["tank"]).await;
        second
            .says("in the queue")
            .says("I ask you when one is free");
        let shown = card_reads(&world.person(5), &card, "Waiting (1)").await;
        assert!(text_of(&shown).contains("Tank 1/1"), "{shown:#}");
        // Nobody holds two places.
        let again = world.person(2).press(&card, &on(&card, "join")).await;
        again.says("You are in already, as Tank");
    })
    .await;
}

#[tokio::test]
async fn somebody_who_plays_both_moves_so_that_one_more_fits_and_is_told() {
    story(async |world| {
        let card = first_come(world).await;
        let both = world.person(2);
        joined(&both, &card, "Aiko#1111", &["tank", "support"])
            .await
            .says("as Tank");
        joined(&world.person(4), &card, "Freya#1111", &["tank"])
            .await
            .says("as Tank");
        both.in_private().reads("You play Support").await;
        let line = format!("Support 1/2\n<@{}>", both.user);
        card_reads(&both, &card, &line).await;
    })
    .await;
}

#[tokio::test]
async fn a_freed_place_is_offered_taken_and_reserved_meanwhile() {
    story(async |world| {
        let card = first_come(world).await;
        joined(&world.person(2), &card, "Aiko#1111", &["tank"]).await;
        joined(&world.person(4), &card, "Freya#1111", &["tank"]).await;
        leaves(&world.person(2), &card).await;
        let offer = asked(&world.person(4)).await;
        assert!(text_of(&offer).contains("A place as Tank is free"));
        // The place is reserved: whoever joins now waits, and is not asked.
        joined(&world.person(5), &card, "Kwame#1111", &["tank"])
            .await
            .says("in the queue");
        world.restart().await;
        let freya = world.person(4);
        card_reads(&freya, &card, &format!("<@{}> (Tank)", freya.user)).await;
        answers(&freya, &offer, "offer-yes:")
            .await
            .says("You are in");
        let line = format!("Tank 1/1\n<@{}>", freya.user);
        card_reads(&freya, &card, &line).await;
        assert!(world.person(5).in_private().messages().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn who_takes_no_direct_messages_answers_on_the_card() {
    story(async |world| {
        let card = first_come(world).await;
        joined(&world.person(2), &card, "Aiko#1111", &["tank"]).await;
        let shy = world.person(4);
        joined(&shy, &card, "Freya#1111", &["tank"]).await;
        let closed = json!({"user": shy.user, "closed": true});
        world.post("faults/dms", closed).await;
        leaves(&world.person(2), &card).await;
        let shown = card_reads(&shy, &card, &format!("<@{}> (Tank)", shy.user)).await;
        let take = id(&shown, "offer-yes:");
        // Others may press it, and are told that it is not for them.
        let other = world.person(5).press(&shown, &take).await;
        other.says("no place that is kept for you");
        shy.press(&shown, &take).await.says("You are in");
        let shown = card_reads(&shy, &card, "Tank 1/1").await;
        assert!(!ids(&shown).iter().any(|id| id.starts_with("offer-")));
    })
    .await;
}

#[tokio::test]
async fn who_declines_or_says_nothing_makes_way_for_the_next_one() {
    story(async |world| {
        let card = first_come(world).await;
        let people = [(2, "Aiko#1"), (4, "Freya#1"), (5, "Kwame#1"), (6, "Ines#1")];
        for (index, tag) in people {
            joined(&world.person(index), &card, &format!("{tag}111"), &["tank"]).await;
        }
        world.at(TWO_HOURS_BEFORE);
        leaves(&world.person(2), &card).await;
        let first = asked(&world.person(4)).await;
        answers(&world.person(4), &first, "offer-no:")
            .await
            .says("I ask the next one");
        let second = asked(&world.person(5)).await;
        world.stop().await;
        world.at(OFFER_ENDED);
        world.start().await;
        let third = asked(&world.person(6)).await;
        let late = id(&second, "offer-yes:");
        let late = world
            .person(5)
            .in_private()
            .forge(&second, &late, &[])
            .await;
        late.says("a little too late");
        answers(&world.person(6), &third, "offer-yes:")
            .await
            .says("You are in");
        card_reads(&world.person(0), &card, "Waiting (2)").await;
        // Who wants to be asked again says so.
        let again = world.person(4).press(&card, &on(&card, "join")).await;
        let roles = json!({"roles": ["tank"]});
        world.person(4).submit(&again, roles).await.says("Changed");
        leaves(&world.person(6), &card).await;
        asked(&world.person(4)).await;
    })
    .await;
}

#[tokio::test]
async fn an_offer_of_what_is_over_is_answered_in_a_friendly_way() {
    story(async |world| {
        let card = first_come(world).await;
        joined(&world.person(2), &card, "Aiko#1111", &["tank"]).await;
        joined(&world.person(4), &card, "Freya#1111", &["tank"]).await;
        leaves(&world.person(2), &card).await;
        let offer = asked(&world.person(4)).await;
        let stranger = world.person(5).in_private();
        let session = number(&card).expect("a number");
        let take = format!("offer-yes:{session}");
        let forged = stranger.forge(&json!({"id": "1"}), &take, &[]).await;
        forged.says("no place that is kept for you");
        for nonsense in ["offer-yes:x", "offer-no:", "offer-yes:99999"] {
            let forged = stranger.forge(&json!({"id": "1"}), nonsense, &[]).await;
            assert!(!forged.text().is_empty());
        }
        world.at(OVER);
        card_reads(&world.person(0), &card, "Over").await;
        let late = id(&offer, "offer-yes:");
        let late = world.person(4).in_private().forge(&offer, &late, &[]).await;
        late.says("over");
    })
    .await;
}

#[tokio::test]
async fn with_balanced_admission_nobody_is_in_until_a_full_team_waits() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({"admission": "balanced"})).await;
        let roles = ["tank", "damage", "damage", "support"];
        for (index, role) in (2..).zip(roles) {
            let tag = format!("Player#111{index}");
            joined(&world.person(index), &card, &tag, &[role])
                .await
                .says("as soon as enough people wait");
        }
        card_reads(
            &organiser,
            &card,
            "With those who wait it still needs 1 support",
        )
        .await;
        joined(&world.person(6), &card, "Ines#1111", &["tank"]).await;
        joined(&world.person(7), &card, "Sandor#1111", &["support"])
            .await
            .says("You are in");
        let shown = card_reads(&organiser, &card, "the line-up is complete").await;
        assert!(text_of(&shown).contains("Waiting (1)"), "{shown:#}");
        for index in 2..6 {
            world.person(index).in_private().reads("You are in").await;
        }
        // From now on a place that becomes free is offered.
        leaves(&world.person(2), &card).await;
        let offer = asked(&world.person(6)).await;
        answers(&world.person(6), &offer, "offer-yes:")
            .await
            .says("as Tank");
    })
    .await;
}

#[tokio::test]
async fn more_teams_are_more_places_and_those_who_wait_are_asked() {
    story(async |world| {
        let card = first_come(world).await;
        joined(&world.person(2), &card, "Aiko#1111", &["tank"]).await;
        joined(&world.person(4), &card, "Freya#1111", &["tank"]).await;
        let number = number(&card).expect("a number");
        let two = json!({"session": number, "teams": 2});
        world
            .person(0)
            .command("session edit", two)
            .await
            .says("two teams");
        let offer = asked(&world.person(4)).await;
        answers(&world.person(4), &offer, "offer-yes:")
            .await
            .says("as Tank");
        card_reads(&world.person(0), &card, "Tank 2/2").await;
    })
    .await;
}

#[tokio::test]
async fn where_the_organiser_picks_a_free_place_is_offered_when_they_say_so() {
    story(async |world| {
        let organiser = world.person(0);
        let card = planned(&organiser, json!({})).await;
        joined(&world.person(2), &card, "Aiko#1111", &["tank"]).await;
        joined(&world.person(4), &card, "Freya#1111", &["tank", "support"]).await;
        joined(&world.person(5), &card, "Kwame#1111", &["damage"]).await;
        let desk = organiser.press(&card, &on(&card, "manage")).await;
        desk.says(
            "Fitting together: **Aiko\\#1111** as Tank, **Freya\\#1111** as Support and \
                   **Kwame\\#1111** as Damage",
        );
        let offer = id(desk.message(), "manage-offer:");
        let done = organiser.press(desk.message(), &offer).await;
        done.says(&format!("I ask <@{}>", world.person(2).user));
        done.says("is asked for Tank");
        let offer = asked(&world.person(2)).await;
        // The next one is asked for what the first one leaves.
        answers(&world.person(2), &offer, "offer-no:")
            .await
            .says("next one");
        asked(&world.person(4)).await;
        let others = world.person(5).in_private().messages().await;
        assert!(others.is_empty(), "nobody is asked for the other places");
        // Others have no say in it.
        let forged = world.person(6).forge(&card, "manage-offer:1:w0", &[]).await;
        forged.says("Only the organiser");
    })
    .await;
}

#[tokio::test]
async fn a_place_that_was_taken_back_is_not_had_by_joining_again() {
    story(async |world| {
        let organiser = world.person(0);
        let card = first_come(world).await;
        let player = world.person(2);
        joined(&player, &card, "Aiko#1111", &["tank"]).await;
        let desk = organiser.press(&card, &on(&card, "manage")).await;
        let menu = ids(desk.message());
        let menu = menu
            .iter()
            .find(|id| id.ends_with(":in"))
            .expect("who is in");
        let view = organiser
            .choose(desk.message(), menu, &[&player.user])
            .await;
        let back = id(view.message(), "manage-back:");
        organiser
            .press(view.message(), &back)
            .await
            .says("waits again");
        let form = player.press(&card, &on(&card, "join")).await;
        let sent = player.submit(&form, json!({"roles": ["tank"]})).await;
        sent.says("Changed: you are in the queue");
        // Nor by leaving in between.
        leaves(&player, &card).await;
        let form = player.press(&card, &on(&card, "join")).await;
        let sent = player.submit(&form, json!({"roles": ["tank"]})).await;
        sent.says("You are in the queue");
        joined(&world.person(4), &card, "Freya#1111", &["tank"])
            .await
            .says("You are in");
    })
    .await;
}

#[tokio::test]
async fn who_is_in_stays_when_the_limits_change_and_the_organiser_sees_it() {
    story(async |world| {
        let organiser = world.person(0);
        let card = first_come(world).await;
        let player = world.person(2);
        account(&player, json!({"battletag": "Aiko#1111", "tank": "m2"})).await;
        let form = player.press(&card, &on(&card, "join")).await;
        player
            .submit(&form, json!({"roles": ["tank"]}))
            .await
            .says("You are in");
        let number = number(&card).expect("a number");
        let gold = json!({"session": number, "highest": "gold"});
        organiser
            .command("session edit", gold)
            .await
            .says("up to Gold");
        let desk = organiser.press(&card, &on(&card, "manage")).await;
        desk.says("Outside the limits")
            .says(&format!("<@{}>: they were in before", player.user));
    })
    .await;
}

#[tokio::test]
async fn the_guide_and_the_edit_choose_who_gets_the_places() {
    story(async |world| {
        let organiser = world.person(0);
        let profile = json!({"timezone": "Europe/Berlin"});
        organiser.command("profile edit", profile).await;
        let start = organiser.command("session plan", json!({})).await;
        let day = organiser.choose(start.message(), "plan:", &["5v5/1"]).await;
        let form = id(day.message(), "plan-form:time");
        let form = organiser.press(day.message(), &form).await;
        let ready = organiser
            .submit(&form, json!({"when": "2026-11-27 20:00"}))
            .await;
        let ways = id(ready.message(), "plan:5v5/1/");
        let ready = organiser
            .choose(ready.message(), &ways, &["balanced"])
            .await;
        let make = id(ready.message(), "plan-make:");
        assert!(make.ends_with("/balanced"), "{make}");
        organiser
            .press(ready.message(), &make)
            .await
            .says("is planned");
        let card = organiser
            .sees("the card", |message| {
                message["flags"] != 64 && number(message).is_some()
            })
            .await;
        card_reads(&organiser, &card, "when the teams are full").await;
        let first = json!({"session": number(&card).expect("a number"), "admission": "first_come"});
        let edited = organiser.command("session edit", first).await;
        edited.says("another way in: First come, first served");
        card_reads(&organiser, &card, "First come, first served").await;
    })
    .await;
}
