//! An update loses no click: the bot stops and starts while people go on.

use std::cell::Cell;
use std::collections::HashSet;

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::json;

use crate::world::{Answer, Person, World, story, story_while_time_passes};

/// Updates in a row.
const UPDATES: u32 = 10;
/// People who go on clicking.
const CLICKERS: usize = 4;

#[tokio::test]
async fn ten_updates_under_clicks_lose_none_and_answer_none_twice() {
    // What is not answered within three seconds is failed by the embedded Discord itself.
    story_while_time_passes(async |world| {
        let app = world.app.take().expect("it runs");
        let done = Cell::new(false);
        let updates = async {
            let mut app = app;
            for _ in 0..UPDATES {
                app.stop().await;
                app = world.start_with(world.settings()).await;
                app.ready().await;
            }
            done.set(true);
            app
        };
        let clickers = join_all((0..CLICKERS).map(|who| go_on(world.person(who), &done)));
        let (app, answers) = tokio::join!(updates, clickers);
        assert!(answers.iter().all(|answers| !answers.is_empty()));
        for answer in answers.iter().flatten() {
            answer.says("Saved");
        }
        assert_answered_once(world, answers.iter().map(Vec::len).sum()).await;
        world.app = Some(app);
    })
    .await;
}

/// Changes their profile again and again, until it is enough.
async fn go_on(person: Person<'_>, done: &Cell<bool>) -> Vec<Answer> {
    let mut answers = Vec::new();
    while !done.get() {
        let roles = ["Tank", "Support"][answers.len() % 2];
        let changes = json!({"roles": roles});
        answers.push(person.command("profile edit", changes).await);
    }
    answers
}

async fn assert_answered_once(world: &World, clicks: usize) {
    let requests = world.requests().await;
    let taken = requests.iter().filter(|request| {
        let route = request["route"].as_str().unwrap_or_default();
        let status = request["status"].as_u64().unwrap_or_default();
        route.starts_with("/interactions/") && (200..300).contains(&status)
    });
    let paths: Vec<_> = taken.map(|request| request["path"].to_string()).collect();
    let different: HashSet<_> = paths.iter().collect();
    assert_eq!((paths.len(), different.len()), (clicks, clicks));
}

#[tokio::test]
async fn who_may_not_resume_begins_anew_and_answers() {
    story(async |world| {
        world.stop().await;
        world
            .post("faults/gateway", json!({"action": "invalidate"}))
            .await;
        world.start().await;
        is_answered(world).await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_kept_for_hours_does_no_harm() {
    story(async |world| {
        world.stop().await;
        world.clock.advance(TimeDelta::hours(9));
        world.start().await;
        is_answered(world).await;
    })
    .await;
}

async fn is_answered(world: &World) {
    let changes = json!({"roles": "Tank"});
    let answer = world.person(2).command("profile edit", changes).await;
    answer.says("Saved");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_an_answer_that_hangs() {
    story(async |world| {
        let app = world.app.take().expect("it runs");
        let slow = json!({"method": "POST", "route": "/interactions", "delay_ms": 20_000});
        world.post("faults/requests", slow).await;
        let person = world.person(2);
        let click = person.command("profile edit", json!({"roles": "Tank"}));
        let stop = async {
            // What is asked is on disk; only the answer is still on its way.
            while people(world).await == 0 {
                tokio::task::yield_now().await;
            }
            app.stop().await;
        };
        tokio::select! {
            biased;
            () = stop => {}
            answer = click => panic!("it was waited for: {answer:?}"),
        }
        assert_eq!(people(world).await, 1, "what was done stays done");
    })
    .await;
}

async fn people(world: &World) -> i64 {
    world.ground.number("SELECT count(*) FROM users").await
}
