//! The spine: connecting, restarting, and answering what nobody understands.

use serde_json::json;

use crate::world::{story, story_in, story_of_a_file};
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
            world.start_with(settings).await
        };
        let (answer, app) = tokio::join!(click, start);
        answer.says("earlier version");
        world.app = Some(app);
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_takes_long_is_announced_in_time_and_comes_later() {
    story_of_a_file(async |world| {
        // Somebody else holds the file's lock for longer than Discord would wait.
        let db = world.file();
        db.execute_batch("BEGIN IMMEDIATE").expect("a lock");
        let release = async {
            while world.count("POST", "/interactions").await == 0 {
                tokio::task::yield_now().await;
            }
            db.execute_batch("ROLLBACK")
                .expect("the lock is given back");
        };
        let ana = world.person(2);
        let edit = ana.command("profile edit", json!({"timezone": "Europe/Berlin"}));
        let (answer, ()) = tokio::join!(edit, release);
        assert_eq!(answer.0["deferred"], true);
        answer.says("Europe/Berlin");
    })
    .await;
}

#[tokio::test]
async fn a_fault_is_an_apology_with_a_code_and_the_bot_goes_on() {
    story(async |world| {
        world
            .ground
            .change("ALTER TABLE users RENAME TO lost")
            .await;
        let edit = json!({"timezone": "Europe/Berlin"});
        let answer = world.person(2).command("profile edit", edit.clone()).await;
        answer
            .says("Sorry, something went wrong on my side")
            .says("code");
        world
            .ground
            .change("ALTER TABLE lost RENAME TO users")
            .await;
        world
            .person(2)
            .command("profile edit", edit)
            .await
            .says("Europe/Berlin");
    })
    .await;
}

#[tokio::test]
async fn discord_being_out_of_order_for_a_moment_loses_nobody() {
    story(async |world| {
        let torn = json!({"action": "drop", "shard": null});
        world.post("faults/gateway", torn).await;
        world
            .person(2)
            .command("profile show", json!({}))
            .await
            .says("profile");
        let invalid = json!({"action": "invalidate", "shard": null});
        world.post("faults/gateway", invalid).await;
        world.get("ready?shards=1").await;
        world
            .person(2)
            .command("profile show", json!({}))
            .await
            .says("profile");
    })
    .await;
}
