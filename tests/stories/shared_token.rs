//! Two programs on one token: both are told of every click.

use chrono::TimeDelta;
use overwatch_bot::config::Shards;
use serde_json::json;

use crate::ground::Ground;
use crate::health::ready_at;
use crate::world::{World, story, text_of};

/// Makes so many clicks, a second after the other.
async fn clicks(world: &World, count: usize) {
    for _ in 0..count {
        world.clock.advance(TimeDelta::seconds(1));
        world
            .person(2)
            .command("profile show", json!({}))
            .await
            .says("profile");
    }
}

#[tokio::test]
async fn second_program_on_the_token_is_told_of() {
    story(async |world| {
        let folder = tempfile::tempdir().expect("a folder");
        let Some(ground) = Ground::new(folder.path()).await else {
            return;
        };
        // Neither knows of the other, so that nothing keeps their sessions' starts apart.
        world.post("faults/limits", json!({"enabled": false})).await;
        let mut settings = world.settings();
        settings.database = ground.place();
        settings.backups.folder = folder.path().join("backups");
        settings.shards = Shards::Auto;
        let other = world.start_with(settings).await;
        other.ready().await;
        // Of each click one of them hears that it was acknowledged before: of six, one hears of three.
        clicks(world, 6).await;
        let owner = world.person(0).in_private();
        let told = owner.reads("answers clicks with my token").await;
        assert!(text_of(&told).contains("reset the token"), "{told}");
        let mut shared = 0;
        let addresses =
            [world.app.as_ref(), Some(&other)].map(|app| app.and_then(|app| app.http()));
        for address in addresses.into_iter().flatten() {
            let (status, parts) = ready_at(address).await;
            assert_eq!((status, &parts["ok"]), (200, &json!(true)), "{parts}");
            let says = parts["token"]["says"].as_str().unwrap_or_default();
            shared +=
                usize::from(parts["token"]["ok"] == false && says.contains("another program"));
        }
        assert!(shared > 0);
        other.stop().await;
        world.clock.advance(TimeDelta::hours(2));
        let (_, parts) = ready_at(
            world
                .app
                .as_ref()
                .and_then(|app| app.http())
                .expect("an address"),
        )
        .await;
        assert_eq!(parts["token"]["ok"], true, "{parts}");
    })
    .await;
}

#[tokio::test]
async fn click_that_is_delivered_twice_is_no_second_program() {
    story(async |world| {
        for _ in 0..4 {
            let answer = world.person(2).command("profile show", json!({})).await;
            world.redeliver(&answer).await;
        }
        let address = world
            .app
            .as_ref()
            .and_then(|app| app.http())
            .expect("an address");
        let (_, parts) = ready_at(address).await;
        assert_eq!(parts["token"]["ok"], true, "{parts}");
    })
    .await;
}
