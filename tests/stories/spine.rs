//! The spine: connecting, restarting, and answering what nobody understands.

use serde_json::json;

use crate::world::{story, story_in};
use overwatch_bot::playground;

#[tokio::test]
async fn a_button_that_nobody_knows_is_answered_kindly() {
    story(async |world| {
        let answer = world
            .person(2)
            .forge(&json!({"id": "1"}), "no-such-route:1", &[])
            .await;
        answer.says("earlier version");
    })
    .await;
}

#[tokio::test]
async fn two_shards_serve_two_servers() {
    story_in(playground::World::default(), 2, async |world| {
        let here = world
            .person(0)
            .forge(&json!({"id": "1"}), "no-such-route:1", &[])
            .await;
        let there = world.person(0).in_channel(world.other_channel());
        let there = there
            .forge(&json!({"id": "1"}), "no-such-route:1", &[])
            .await;
        here.says("earlier version");
        there.says("earlier version");
    })
    .await;
}

#[tokio::test]
async fn a_restart_resumes_the_connection_and_answers_what_was_clicked_meanwhile() {
    story(async |world| {
        world.stop().await;
        let click = async {
            world
                .person(2)
                .forge(&json!({"id": "1"}), "no-such-route:1", &[])
                .await
        };
        let settings = world.settings();
        let start = async {
            // The click is made while nobody is there, and is replayed to the new process.
            while world.get("gateway").await["sessions"][0]["connected"] == true {
                tokio::task::yield_now().await;
            }
            overwatch_bot::app::App::start(settings, world.clock.clone())
                .await
                .expect("it starts")
        };
        let (answer, app) = tokio::join!(click, start);
        answer.says("earlier version");
        world.app = Some(app);
    })
    .await;
}
