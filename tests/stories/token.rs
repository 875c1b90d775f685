//! Somebody resets the bot's token while it runs.

use overwatch_bot::discord::gateway::Ending;
use serde_json::json;

use crate::world::{World, story, story_over_http};

/// Resets the token; whether sessions are kept, so that only requests tell.
async fn reset(world: &World, keep_sessions: bool) {
    let body = json!({"keep_sessions": keep_sessions});
    world.post("faults/token", body).await;
}

/// How the bot ends.
async fn ending(world: &World) -> Ending {
    world.app.as_ref().expect("it runs").ended().await
}

#[tokio::test]
async fn connection_that_is_closed_for_the_token_ends_the_bot() {
    story(async |world| {
        reset(world, false).await;
        assert_eq!(ending(world).await, Ending::TokenRefused);
    })
    .await;
}

/// Plans a session, whose card cannot be posted any more.
async fn plan(world: &World) {
    let plan = json!({"mode": "5v5", "when": "in 2 hours", "timezone": "UTC"});
    // The answer to a click needs no token.
    let organiser = world.person(0);
    let said = organiser.command("session create", plan).await;
    said.says("is planned");
}

#[tokio::test]
async fn request_that_is_refused_for_the_token_ends_the_bot() {
    story(async |world| {
        reset(world, true).await;
        plan(world).await;
        assert_eq!(ending(world).await, Ending::TokenRefused);
    })
    .await;
}

#[tokio::test]
async fn bot_without_a_connection_ends_too() {
    story_over_http(async |world| {
        reset(world, false).await;
        plan(world).await;
        assert_eq!(ending(world).await, Ending::TokenRefused);
    })
    .await;
}
