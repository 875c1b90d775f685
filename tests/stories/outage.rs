//! A database that is away for a while, seen by those who click and those who watch.

use serde_json::json;

use crate::world::{World, story_of_a_server};

/// What `/readyz` answers.
async fn ready(world: &World) -> u16 {
    let app = world.app.as_ref().expect("it runs");
    let url = format!("http://{}/readyz", app.http().expect("an address"));
    reqwest::get(url)
        .await
        .expect("an answer")
        .status()
        .as_u16()
}

#[tokio::test]
async fn while_the_database_is_away_people_are_asked_to_try_again_and_then_all_goes_on() {
    story_of_a_server(async |world, server| {
        let ana = world.person(2);
        let edit = json!({"timezone": "Europe/Berlin"});
        assert_eq!(ready(world).await, 200);
        server.stop();
        assert_eq!(ready(world).await, 503);
        let answer = ana.command("profile edit", edit.clone()).await;
        answer.says("does not answer at the moment");
        server.start_again();
        ana.command("profile edit", edit)
            .await
            .says("Europe/Berlin");
        assert_eq!(ready(world).await, 200);
    })
    .await;
}
