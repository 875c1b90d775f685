//! What Discord takes of a bot it takes of all its processes together.

use serde_json::Value;

use super::until;
use crate::world::{World, story_of_many};

/// Requests that Discord takes of a bot within a second.
const GLOBAL_MAX: usize = 50;
/// Messages to be deleted, each in a channel of its own, so that only the limit over everything holds
/// them back: as many as two processes would delete in three seconds if each took all for itself.
const RETRACTIONS: usize = 240;

#[tokio::test]
async fn two_processes_share_what_discord_takes_within_a_second() {
    story_of_many(1, async |world| {
        let first = world.start_with(world.settings()).await;
        let second = world.start_with(world.settings()).await;
        let processes = "SELECT count(*) FROM processes";
        assert_eq!(world.ground.number(processes).await, 2);
        let beats = "SELECT min(beats) FROM processes";
        let before = "SELECT max(beats) FROM processes";
        let before = world.ground.number(before).await;
        // Then the first one has seen the second one.
        until("both have beaten", async || {
            world.ground.number(beats).await > before + 1
        })
        .await;
        world
            .ground
            .change(&format!(
                "INSERT INTO outbox (kind, key, payload, due_at, created_at) \
                 SELECT 'retraction', CAST(n AS TEXT), '{{\"channel\":' || n || '}}', 1, 1 \
                 FROM generate_series(1, {RETRACTIONS}) AS n"
            ))
            .await;
        let left = "SELECT count(*) FROM outbox";
        until("all is delivered", async || {
            world.ground.number(left).await == 0
        })
        .await;
        let deletions = deletions(world).await;
        assert_eq!(deletions, [RETRACTIONS, 0], "sent, and refused");
        let refused = world.refused().await;
        let limited = refused.iter().filter(|request| request["status"] == 429);
        assert_eq!(limited.count(), 0, "more than {GLOBAL_MAX} in a second");
        first.stop().await;
        second.stop().await;
    })
    .await;
}

/// How many messages were asked to be deleted, and how many of these requests a limit refused.
async fn deletions(world: &World) -> [usize; 2] {
    let requests = world.requests().await;
    let deletions = requests.iter().filter(|one| one["method"] == "DELETE");
    let is_limited = |one: &&Value| one["status"] == 429;
    let (all, limited) = (deletions.clone().count(), deletions.filter(is_limited));
    [all, limited.count()]
}
