//! A backup is restored: what was made since is not there any more, and its numbers are given again.

use overwatch_bot::store::backup::Backups;
use overwatch_bot::store::sqlite::restore::restore;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::scene::planned;
use crate::world::{World, story_of_a_file, text_of};

async fn plan(world: &World, title: &str) -> String {
    let card = planned(&world.person(0), json!({"title": title})).await;
    text_of(&card)
}

#[tokio::test]
async fn session_after_a_restore_has_a_card_of_its_own() {
    story_of_a_file(async |world| {
        plan(world, "Before the backup").await;
        world.stop().await;
        let file = world.file_path();
        let backups = Backups::new(&file, world.settings().backups).expect("settings");
        let stop = CancellationToken::new();
        let taken = backups.take(world.clock.now(), &stop).await;
        let taken = taken.expect("a backup");
        world.start().await;
        plan(world, "After the backup").await;

        world.stop().await;
        restore(&file, &taken.path, world.clock.now(), false).expect("it restores");
        // What was clicked since the backup is not replayed.
        let forget = json!({"action": "invalidate"});
        world.post("faults/gateway", forget).await;
        world.start().await;
        // It gets the number of the session that is gone. Within minutes Discord takes a message of the
        // same nonce for a repetition, and shows the one that is there.
        let card = plan(world, "After the restore").await;
        assert!(card.contains("After the restore"), "{card}");
    })
    .await;
}
