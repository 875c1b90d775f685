//! A database that breaks off in the middle of a commit: nobody is told to try again before it is known.

use serde_json::json;

use crate::world::story_of_a_line;

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
            answer.comes_to_say(world, becomes).await;
        }
        // What was saved is, and what was not is not.
        let shown = ana.command("profile show", json!({})).await;
        shown.says("Europe/Berlin");
    })
    .await;
}
