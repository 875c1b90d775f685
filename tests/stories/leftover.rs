//! Commands that an older bot left in a server, under the names of ours.

use serde_json::{Value, json};

use crate::world::{TOKEN, World, story_before_the_start, story_over_http};

/// Registers commands in the first server, as the older bot did.
async fn left_behind(world: &World) {
    let application = world.get("world").await["application"]["id"].clone();
    let application = application.as_str().expect("an id");
    let url = format!(
        "{}/api/v10/applications/{application}/guilds/{}/commands",
        world.discord.url(),
        world.server()
    );
    let commands = json!([
        {"name": "session", "description": "Old", "type": 1},
        {"name": "create_session", "description": "Older", "type": 1},
    ]);
    let request = reqwest::Client::new().put(url);
    let request = request.header("authorization", format!("Bot {TOKEN}"));
    let answer = request.json(&commands).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{answer:?}");
}

/// The names of commands that are in one server only.
async fn in_servers(world: &World) -> Vec<Value> {
    let commands = world.get("world").await["commands"].clone();
    let commands = commands.as_array().cloned().unwrap_or_default();
    let local = commands
        .iter()
        .filter(|command| !command["guild_id"].is_null());
    local.map(|command| command["name"].clone()).collect()
}

async fn removed(world: &World) {
    let gone = async {
        while !in_servers(world).await.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let within = tokio::time::timeout(crate::world::PATIENCE, gone).await;
    within.expect("they go");
}

/// How often the bot has looked at and replaced commands of servers.
async fn asked(world: &World) -> (usize, usize) {
    const ROUTE: &str = "/applications/{application_id}/guilds/{guild_id}/commands";
    (
        world.count("GET", ROUTE).await,
        world.count("PUT", ROUTE).await,
    )
}

#[tokio::test]
async fn leftover_commands_are_removed_once() {
    story_before_the_start(1, async |world| {
        left_behind(world).await;
        assert_eq!(in_servers(world).await, ["session", "create_session"]);
        world.start().await;
        removed(world).await;
        let servers = world.get("world").await["guilds"]
            .as_array()
            .map_or(0, Vec::len);
        while asked(world).await.0 < servers {
            tokio::task::yield_now().await;
        }
        // One PUT is the older bot's.
        assert_eq!(asked(world).await, (servers, 2));
        // Looked through is looked through: what is there now, somebody wants.
        left_behind(world).await;
        world.restart().await;
        let ana = world.person(2);
        ana.command("profile show", json!({})).await.says("profile");
        world.restart().await;
        assert_eq!(asked(world).await, (servers, 3));
        assert_eq!(in_servers(world).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn leftover_commands_are_removed_at_the_first_click_over_http() {
    story_over_http(async |world| {
        left_behind(world).await;
        let ana = world.person(2);
        ana.command("profile show", json!({})).await.says("profile");
        removed(world).await;
    })
    .await;
}

#[tokio::test]
async fn leftover_commands_wait_for_discord_to_answer() {
    story_before_the_start(1, async |world| {
        left_behind(world).await;
        let refused = json!({
            "method": "GET", "route": "/applications/{application_id}/guilds/", "times": 2, "status": 403
        });
        world.post("faults/requests", refused).await;
        world.start().await;
        while asked(world).await.0 < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(in_servers(world).await.len(), 2);
        world.restart().await;
        // A resumed session names no servers; a click does.
        world.person(2).command("profile show", json!({})).await.says("profile");
        removed(world).await;
    })
    .await;
}
