//! Nobody waits for what others have caused: bystanders in the same server and in another one, while
//! somebody asks too much of the bot. In a release build what they wait is asserted too:
//! `cargo test --release --test stories abuse -- --nocapture --test-threads 1`.

use std::cell::Cell;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::join_all;
use overwatch_bot::playground;
use serde_json::json;
use tokio::time::Instant;

use crate::scene::{account, id, joined, let_settle, number, planned};
use crate::teams::{TEN, proposals, scrim, scrim_of};
use crate::world::{Person, World, require_within, story_in, text_of};

/// Who plays in the bystander's scrim.
const OTHER_TEN: [(usize, &str, &str); 10] = [
    (14, "d3", "tank"),
    (15, "d2", "tank"),
    (16, "g1", "damage"),
    (17, "p3", "damage"),
    (18, "m5", "damage"),
    (19, "e1", "damage"),
    (20, "d5", "support"),
    (21, "g4", "support"),
    (22, "p1", "support"),
    (23, "e3", "support"),
];
/// The first of those who have nothing to do with it.
const BYSTANDER: usize = 40;
const PEOPLE: usize = 44;
/// People who plan nearly as many sessions as a server can have ahead of it.
const MAKERS: std::ops::Range<usize> = 1..9;
const SESSIONS_EACH: usize = 24;
/// Presses of *Teams*, and how many are under way at once.
const PRESSES_MIN: usize = 600;
const PRESSES_AT_ONCE: usize = 60;
/// What is asked for in turn: each is a search of its own.
const ASKS: [&str; 4] = ["accepted", "offered", "accepted-all", "offered-all"];
/// Moves of a session, and its players.
const MOVES_MIN: usize = 30;
const PLAYERS: std::ops::Range<usize> = 3..27;
/// What a bystander waits at most, in a release build.
const WAIT_MAX: Duration = Duration::from_secs(2);

/// How long it took until somebody's card and message were there.
#[derive(Debug)]
struct Waits {
    card: Duration,
    message: Duration,
}

/// Somebody plans a session in this channel and cancels it, of which a player is told.
async fn wait_of_bystanders(world: &World, channel: String, first: usize) -> Waits {
    let organiser = world.person(first).in_channel(channel.clone());
    let player = world.person(first + 1).in_channel(channel);
    let title = format!("Quiet {first}");
    let begin = Instant::now();
    let card = planned(&organiser, json!({"title": title})).await;
    let card_wait = begin.elapsed();
    joined(&player, &card, &format!("Quiet#{first}00"), &["tank"]).await;
    let begin = Instant::now();
    let question = organiser
        .command("session cancel", json!({"session": title}))
        .await;
    let sure = id(question.message(), "cancel-sure:");
    organiser.press(question.message(), &sure).await;
    player.in_private().reads("does not take place").await;
    Waits {
        card: card_wait,
        message: begin.elapsed(),
    }
}

/// What bystanders wait in another channel of the same server, and in another server.
async fn waits(world: &World, abuse: &str) {
    let places = [world.channel_at(1), world.other_channel()];
    for (place, channel) in places.into_iter().enumerate() {
        let waits = wait_of_bystanders(world, channel, BYSTANDER + 2 * place).await;
        eprintln!("{abuse}, place {place}: {waits:?}");
        let longest = waits.card.max(waits.message);
        require_within(longest, WAIT_MAX);
    }
}

/// Repeats `step` with rising numbers, at least `steps_min` times and until the bystanders have had
/// what they wait for.
async fn while_others_ask(
    world: &World,
    abuse: &str,
    steps_min: usize,
    step: impl AsyncFn(usize),
    mut bystander: impl AsyncFnMut(),
) {
    let is_over = Cell::new(false);
    let others = async {
        let mut steps = 0;
        while steps < steps_min || !is_over.get() {
            step(steps).await;
            steps += 1;
        }
    };
    let bystanders = async {
        bystander().await;
        waits(world, abuse).await;
        is_over.set(true);
    };
    tokio::join!(others, bystanders);
}

#[tokio::test]
async fn those_who_plan_without_end_make_nobody_else_wait() {
    story_in(playground::World::with_people(PEOPLE), 1, async |world| {
        let planning = MAKERS.map(|maker| {
            let maker = world.person(maker);
            async move {
                for number in 0..SESSIONS_EACH {
                    let title = format!("Cup {number}");
                    let options = json!({
                        "mode": "5v5", "when": "2026-11-27 20:00", "timezone": "Europe/Berlin",
                        "title": title,
                    });
                    let answer = maker.command("session create", options).await;
                    answer.says("is planned");
                }
            }
        });
        join_all(planning).await;
        waits(world, "192 sessions in a channel").await;
        let left = "SELECT count(*) FROM outbox";
        assert!(world.ground.number(left).await > 0, "the flood goes on");
    })
    .await;
}

#[tokio::test]
async fn one_who_presses_teams_for_ever_makes_nobody_else_wait() {
    story_in(playground::World::with_people(PEOPLE), 1, async |world| {
        let card = scrim(world, &TEN).await;
        let organiser = world.person(2);
        let page = proposals(&organiser, &card).await;
        let other = world.person(0).in_channel(world.other_channel());
        let theirs = scrim_of(&other, &OTHER_TEN).await;
        // So that nothing of it is kept from before.
        account(&world.person(3), json!({"battletag": "Spare#1111"})).await;
        let session = number(&card).expect("a number");
        let press = async |_| {
            let presses = (0..PRESSES_AT_ONCE).map(|at| {
                let ask = format!("teams:{session}:{}", ASKS[at % ASKS.len()]);
                let (organiser, message) = (organiser.clone(), page.message().clone());
                async move { organiser.forge(&message, &ask, &[]).await }
            });
            join_all(presses).await;
        };
        let search = async || {
            let page = proposals(&other, &theirs).await;
            page.says("Proposal 1");
        };
        let steps_min = PRESSES_MIN / PRESSES_AT_ONCE;
        while_others_ask(world, "600 presses of Teams", steps_min, press, search).await;
    })
    .await;
}

#[tokio::test]
async fn one_who_moves_a_session_for_ever_makes_nobody_else_wait() {
    story_in(playground::World::with_people(PEOPLE), 1, async |world| {
        let organiser = world.person(2);
        let card = planned(&organiser, json!({"teams": 2})).await;
        for player in PLAYERS {
            let player = world.person(player);
            joined(&player, &card, &tag(&player), &["tank"]).await;
        }
        let session = number(&card).expect("a number");
        let move_it = async |step: usize| {
            let when = format!("2026-11-28 {:02}:{:02}", 10 + step / 60 % 12, step % 60);
            let moved = json!({"session": session, "when": when});
            let answer = organiser.command("session edit", moved).await;
            answer.says("instead of");
            world.clock.advance(TimeDelta::seconds(1));
        };
        while_others_ask(world, "30 moves", MOVES_MIN, move_it, async || {}).await;
        let_settle(world);
        for player in PLAYERS {
            let player = world.person(player).in_private();
            player.reads("has moved").await;
            let told = player.messages().await;
            let moves = told
                .iter()
                .filter(|told| text_of(told).contains("has moved"));
            assert_eq!(moves.count(), 1, "{told:#?}");
        }
    })
    .await;
}

/// A BattleTag of their own.
fn tag(person: &Person<'_>) -> String {
    format!("Player#{}", &person.user[person.user.len() - 6..])
}
