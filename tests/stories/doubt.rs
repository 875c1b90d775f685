//! A database that breaks off in the middle of a commit: nobody is told to try again before it is known.

use std::time::Duration;

use serde_json::json;

use crate::world::story_of_a_line;

/// What was not saved is said after 20 s, when it cannot be on its way any more.
const PATIENCE: Duration = Duration::from_secs(45);

#[tokio::test]
async fn click_whose_commit_is_not_known_is_told_so_and_what_became_of_it_once_the_database_is_back()
 {
    story_of_a_line(async |world, faults| {
        let ana = world.person(2);
        for (arrives, zone, becomes) in [
            (true, "Europe/Berlin", "Europe/Berlin"),
            (false, "Asia/Tokyo", "This was not saved"),
        ] {
            faults.go_down_at_the_next_click(arrives);
            let answer = ana.command("profile edit", json!({"timezone": zone})).await;
            answer.says("I don't know yet whether it is saved");
            faults.come_back();
            let edited = async {
                let path = format!("interactions/{}", answer.id());
                while !world.get(&path).await["message"]
                    .to_string()
                    .contains(becomes)
                {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            let edited = tokio::time::timeout(PATIENCE, edited).await;
            edited.unwrap_or_else(|_| panic!("never said: {becomes}"));
        }
        // What was saved is, and what was not is not.
        let shown = ana.command("profile show", json!({})).await;
        shown.says("Europe/Berlin");
    })
    .await;
}
