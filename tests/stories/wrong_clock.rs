//! The machine's clock is wrong: nothing starts, ends or is deleted by it until it is confirmed.

use chrono::TimeDelta;
use overwatch_bot::app::App;
use overwatch_bot::clock::Clock;
use overwatch_bot::store::confirm_time;
use serde_json::{Value, json};

use crate::scene::{card_reads, joined, number, planned};
use crate::world::{World, story, text_of};

const BEFORE_CHECK_IN: &str = "2026-11-27T18:30:00Z";
const CHECK_IN: &str = "2026-11-27T18:45:00Z";
const STARTED: &str = "2026-11-27T19:00:00Z";
const OVER: &str = "2026-11-27T21:00:00Z";
/// The clock is looked at this often for what it is to become, in milliseconds, and for so long.
const LOOK_MS: u64 = 20;
const LOOKS_MAX: usize = 1_000;
/// A bot that trusted its clock would have ended the session long before so many answers of it.
const LOOKS_WHILE_NOTHING_HAPPENS: usize = 100;

/// The status of `/readyz`, and what it says of the clock.
async fn readiness(world: &World) -> (u16, Value) {
    let address = world.app.as_ref().and_then(App::http).expect("an address");
    let answer = reqwest::get(format!("http://{address}/readyz")).await;
    let answer = answer.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("text");
    let parts: Value = serde_json::from_str(&text).expect("JSON");
    (status, parts["clock"].clone())
}

async fn trusted(world: &World) {
    for _ in 0..LOOKS_MAX {
        if readiness(world).await.1["ok"] == json!(true) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(LOOK_MS)).await;
    }
    panic!("the clock is not trusted in time");
}

/// Starts the bot with a clock of its own, which is 60 days ahead of Discord's.
async fn start_ahead(world: &mut World) -> Clock {
    start_ahead_by(world, TimeDelta::days(60)).await
}

async fn start_ahead_by(world: &mut World, by: TimeDelta) -> Clock {
    world.stop().await;
    let ahead = Clock::manual(world.clock.now() + by);
    let app = App::start(world.settings(), ahead.clone()).await;
    let app = app.expect("it starts all the same");
    app.ready().await;
    world.app = Some(app);
    ahead
}

#[tokio::test]
async fn session_of_next_week_outlives_a_start_with_the_clock_60_days_ahead() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let ahead = start_ahead(world).await;
        let (status, clock) = readiness(world).await;
        assert_eq!((status, &clock["ok"]), (200, &json!(false)), "{clock}");
        let says = clock["says"].as_str().expect("words");
        assert!(says.contains("differs from Discord's by 5184"), "{says}");
        for _ in 0..LOOKS_WHILE_NOTHING_HAPPENS {
            assert_eq!(readiness(world).await.1["ok"], json!(false));
        }
        let shown = card_reads(&world.person(0), &card, "Open").await;
        assert!(!text_of(&shown).contains("Over"), "{shown:#}");
        // The clock is set right, and Discord confirms it.
        ahead.jump(TimeDelta::days(-60));
        trusted(world).await;
        for (at, reads) in [(STARTED, "Under way"), (OVER, "Over")] {
            world.at(at);
            ahead.set(world.clock.now());
            card_reads(&world.person(0), &card, reads).await;
        }
    })
    .await;
}

#[tokio::test]
async fn card_shows_no_check_in_that_is_open_only_by_a_clock_that_is_doubted() {
    story(async |world| {
        let card = planned(&world.person(0), json!({"admission": "first_come"})).await;
        world.at(BEFORE_CHECK_IN);
        let ahead = start_ahead_by(world, TimeDelta::minutes(20)).await;
        assert_eq!(readiness(world).await.1["ok"], json!(false));
        let player = world.person(4);
        joined(&player, &card, "Freya#1111", &["tank"]).await;
        let user = format!("<@{}>", player.user);
        let shown = text_of(&card_reads(&player, &card, &user).await);
        assert!(shown.contains("who has not said by the start"), "{shown}");
        assert!(!shown.contains("are there: press"), "{shown}");
        ahead.jump(TimeDelta::minutes(-20));
        trusted(world).await;
        world.at(CHECK_IN);
        ahead.set(world.clock.now());
        card_reads(&world.person(0), &card, "are there: press").await;
    })
    .await;
}

#[tokio::test]
async fn operator_who_confirms_the_clock_knows_better_than_discord() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let ahead = start_ahead(world).await;
        assert_eq!(readiness(world).await.1["ok"], json!(false));
        let place = world.settings().database;
        let confirmed = confirm_time(&place, ahead.now()).await;
        confirmed.expect("it is written down beside the running bot");
        trusted(world).await;
        card_reads(&world.person(0), &card, "Over").await;
    })
    .await;
}

#[tokio::test]
async fn nobody_starts_a_session_early_by_a_clock_that_is_doubted() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let ahead = start_ahead(world).await;
        let organiser = world.person(0);
        let sure = format!("manage-start-sure:{}:w0", number(&card).expect("a number"));
        let refused = organiser.forge(&card, &sure, &[]).await;
        refused.says("I don't trust my clock");
        card_reads(&organiser, &card, "Open").await;
        ahead.jump(TimeDelta::days(-60));
        trusted(world).await;
        organiser
            .forge(&card, &sure, &[])
            .await
            .says("It is under way");
        card_reads(&organiser, &card, "Under way").await;
    })
    .await;
}

/// Of several on one database.
#[cfg(feature = "postgres")]
#[tokio::test]
async fn process_whose_clock_is_doubted_leaves_the_chores_to_another() {
    crate::world::story_of_a_server(async |world, _| {
        let card = planned(&world.person(0), json!({})).await;
        start_ahead(world).await;
        let second = App::start(world.settings(), world.clock.clone()).await;
        let second = second.expect("it starts beside the first");
        world.at(STARTED);
        card_reads(&world.person(0), &card, "Under way").await;
        second.stop().await;
    })
    .await;
}
