//! Adoption: the bot of an existing installation is stopped, and this one is started on its file.

use serde_json::{Value, json};

use crate::world::{World, story_of_a_file, text_of};

const SCHEMA: &str = include_str!("../existing/schema.sql");

/// Posts a card as the bot that came before posted it; the message's id.
async fn old_card(world: &World, session: u32) -> String {
    let button = |label: &str, route: &str| json!({"type": 2, "style": 1, "label": label, "custom_id": format!("{route}:{session}")});
    let buttons = [
        button("Join Queue", "join"),
        button("Leave Queue", "leave"),
        button("Streaming", "streaming"),
        button("Refresh", "refresh"),
    ];
    let card = json!({
        "embeds": [{"title": "A card of another bot"}],
        "allowed_mentions": {"parse": []},
        "components": [{"type": 1, "components": buttons}],
    });
    // That bot is another program: when it started a session is in no database of ours.
    world.post("faults/limits", json!({"enabled": false})).await;
    let settings = world.settings();
    let channel = world.channel();
    let url = format!(
        "{}/api/v10/channels/{channel}/messages",
        world.discord.url()
    );
    let request = reqwest::Client::new()
        .post(url)
        .header("authorization", format!("Bot {}", settings.token.reveal()))
        .header("content-type", "application/json");
    let response = request
        .body(card.to_string())
        .send()
        .await
        .expect("the embedded Discord");
    let posted: Value = response.json().await.expect("a message");
    posted["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{posted}"))
        .to_owned()
}

/// Puts the file of an existing installation where the bot's is, with the sessions of these cards;
/// a player is in the queue of each.
fn put_old_file(world: &World, cards: &[(u32, &str)]) {
    let file = world.file_path();
    std::fs::remove_file(&file).expect("the file of the stopped bot");
    let db = world.file();
    db.execute_batch(SCHEMA).expect("the old tables");
    let organiser = world.person(0).user.clone();
    let insert = "INSERT INTO users (discord_id, username) VALUES (?1, 'Olga')";
    db.execute(insert, [&organiser]).expect("a user");
    let player = world.person(2).user.clone();
    let insert = "INSERT INTO users (discord_id, username) VALUES (?1, 'Pia')";
    db.execute(insert, [&player]).expect("a user");
    for (session, card) in cards {
        let insert = "INSERT INTO sessions
            (id, creator_id, guild_id, channel_id, game_mode, scheduled_time, timezone, message_id)
            VALUES (?1, ?2, ?3, ?4, '5v5', '2026-11-25T20:00:00+00:00', 'Europe/Berlin', ?5)";
        let values = (session, &organiser, world.server(), world.channel(), card);
        db.execute(insert, values).expect("a session");
        let insert = "INSERT INTO session_queue (session_id, user_id, account_ids, preferred_roles)
            VALUES (?1, ?2, '[]', '[\"tank\"]')";
        db.execute(insert, (session, &player)).expect("an entry");
    }
}

/// Whether a message is that card, and shows the session as this bot does.
fn is_new(message: &Value, card: &str) -> bool {
    message["id"] == card && text_of(message).contains("5v5 Role Queue")
}

#[tokio::test]
async fn the_card_of_the_bot_before_becomes_a_new_one_by_itself() {
    story_of_a_file(async |world| {
        world.stop().await;
        let card = old_card(world, 42).await;
        put_old_file(world, &[(42, &card)]);
        world.start().await;
        let person = world.person(2);
        person
            .sees("the new card", |message| is_new(message, &card))
            .await;
        // The next start finds nothing to adopt.
        world.restart().await;
        let backups = std::fs::read_dir(world.settings().backups.folder).expect("the folder");
        let backups =
            backups.filter_map(|entry| entry.ok()?.path().extension()?.to_str().map(str::to_owned));
        assert_eq!(backups.filter(|ending| ending == "db").count(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_old_card_is_clicked_before_its_turn_and_becomes_a_new_one() {
    story_of_a_file(async |world| {
        world.stop().await;
        let (first, second) = (old_card(world, 42).await, old_card(world, 43).await);
        put_old_file(world, &[(42, &first), (43, &second)]);
        world.start().await;
        let player = world.person(2);
        player
            .sees("the first new card", |message| is_new(message, &first))
            .await;
        // The second one's turn would come two seconds later, and the clock stands still.
        let old = player
            .sees("the second card", |message| {
                message["id"] == second.as_str()
            })
            .await;
        assert!(text_of(&old).contains("A card of another bot"));
        let answer = player.press(&old, "streaming:43").await;
        answer.says("you stream this session");
        player
            .sees("the second new card", |message| is_new(message, &second))
            .await;
    })
    .await;
}
