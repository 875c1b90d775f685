//! The card: it tells the truth, whatever happens to it.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;

use crate::scene::{card_reads, joined, number, on, planned};
use crate::world::{story, text_of};

#[tokio::test]
async fn the_card_says_what_is_planned_and_what_is_missing() {
    story(async |world| {
        let options = json!({
            "title": "Friday night", "description": "Bring water", "teams": 2,
            "lowest": "gold", "highest": "diamond",
        });
        let organiser = world.person(2);
        let card = text_of(&planned(&organiser, options).await);
        for part in [
            "Friday night",
            "Bring water",
            "<t:1795806000:F>",
            "<t:1795806000:R>",
            "5v5 Role Queue, two teams",
            "Gold to Diamond",
            "Needs 2 tanks, 4 damage and 4 supports",
            organiser.user.as_str(),
        ] {
            assert!(card.contains(part), "{part:?} is not in {card}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_deleted_card_comes_back_with_the_next_change() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let session = number(&card).expect("a number");
        let channel = world.channel();
        let message = card["id"].as_str().expect("an id");
        world
            .delete(&format!("channels/{channel}/messages/{message}"))
            .await;
        let aiko = world.person(2);
        let form = aiko.forge(&card, &format!("join:{session}"), &[]).await;
        let typed = json!({"battletag": "Aiko#1234", "roles": ["tank"]});
        aiko.submit(&form, typed).await.says("in the queue");
        let back = aiko.reads("Waiting (1)").await;
        assert_ne!(back["id"], card["id"]);
    })
    .await;
}

#[tokio::test]
async fn what_changed_while_discord_failed_is_on_the_card_afterwards() {
    story(async |world| {
        let card = planned(&world.person(0), json!({})).await;
        let fault = json!({
            "method": "PATCH", "route": "/channels/{channel_id}/messages", "times": 2, "status": 502,
        });
        world.post("faults/requests", fault).await;
        let aiko = world.person(2);
        joined(&aiko, &card, "Aiko#1234", &["tank"]).await;
        aiko.press(&card, &on(&card, "streaming"))
            .await
            .says("you stream");
        let time_passes = async {
            loop {
                world.clock.advance(TimeDelta::minutes(1));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            () = time_passes => {}
            _ = card_reads(&aiko, &card, "· Tank 📺") => {}
        }
    })
    .await;
}
