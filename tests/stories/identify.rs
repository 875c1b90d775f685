//! Discord lets a bot start so many sessions a day; one more, and it resets the token.

use serde_json::{Value, json};

use crate::health::ready_once;
use crate::world::{World, story_before_the_start};

/// How many sessions were started that should not have been.
async fn exceeded(world: &World) -> Value {
    world.get("gateway").await["starts"]["exceeded"].clone()
}

fn says(parts: &Value, what: &str) -> bool {
    let said = parts["shards"]["says"].as_str();
    said.is_some_and(|said| said.contains(what))
}

#[tokio::test]
async fn who_may_start_no_session_any_more_waits_and_who_has_one_resumes_it() {
    story_before_the_start(2, async |world| {
        let an_hour_ms = 3_600_000;
        let just_enough = json!({"left": 2, "reset_after_ms": an_hour_ms});
        world.post("faults/starts", just_enough).await;
        world.start().await;

        let here = world.server().parse::<u64>().expect("an id") >> 22;
        let (here, elsewhere) = (here % 2, (here + 1) % 2);
        let lost = json!({"action": "invalidate", "shard": elsewhere});
        world.post("faults/gateway", lost).await;
        let parts = ready_once(world, |parts| says(parts, "used up until")).await;
        assert!(says(&parts, "2026-11-22T1"), "{parts}");

        let torn = json!({"action": "drop", "shard": here});
        world.post("faults/gateway", torn).await;
        let changes = json!({"roles": "Tank"});
        let answer = world.person(2).command("profile edit", changes).await;
        answer.says("Saved");
        assert_eq!(exceeded(world).await, 0);
    })
    .await;
}

#[tokio::test]
async fn new_process_waits_for_the_bucket_that_the_one_before_has_used() {
    story_before_the_start(1, async |world| {
        world.start().await;
        // It stops, and its session is lost: the next process has to start one of its own.
        world.stop().await;
        world
            .post("faults/gateway", json!({"action": "invalidate"}))
            .await;
        world.start().await;
        let starts = world.get("gateway").await["starts"].clone();
        assert_eq!(
            (&starts["left"], &starts["too_soon"]),
            (&json!(998), &json!(0)),
            "{starts}"
        );
    })
    .await;
}

#[tokio::test]
async fn once_the_day_is_over_who_waited_is_connected() {
    story_before_the_start(1, async |world| {
        let none = json!({"left": 0, "reset_after_ms": 2_000});
        world.post("faults/starts", none).await;
        world.start().await;
        assert_eq!(exceeded(world).await, 0);
        let parts = ready_once(world, |parts| says(parts, "1 connected")).await;
        assert!(!says(&parts, "used up"), "{parts}");
    })
    .await;
}
