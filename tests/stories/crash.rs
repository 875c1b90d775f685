//! Kill -9: the real program as a process of its own, ended without a word.

use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::ground::on_postgres;
use crate::world::{TOKEN, World, story_in_real_time, text_of};

/// The program, running against the story's Discord and on its database.
struct Process(Child);

impl Process {
    async fn start(world: &World) -> Self {
        let settings = world.settings();
        let (name, value) = world.ground.variable();
        let child = Command::new(env!("CARGO_BIN_EXE_overwatch-bot"))
            .env_clear()
            .env("BOT_TOKEN", TOKEN)
            .env("DISCORD_API_URL", world.discord.url())
            .env(name, value)
            .env("BACKUP_DIR", &settings.backups.folder)
            .current_dir(world.folder.path())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let process = Self(child);
        while world.get("ready?shards=1").await["ready"] != true {}
        process
    }

    /// Waits until it ends by itself; its exit code.
    fn end(mut self) -> Option<i32> {
        self.0.wait().expect("it ends").code()
    }

    /// Ends it as a power cut would.
    fn kill(mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it is gone");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_join_that_was_answered_survives_a_kill_and_the_card_becomes_true() {
    story_in_real_time(async |world| {
        let bot = Process::start(world).await;
        let (organiser, player) = (world.person(0), world.person(3));
        let session = json!({"mode": "6v6", "when": "in 2 hours", "title": "Crash test"});
        organiser.command("session create", session).await.says("is planned");
        let card = organiser.sees("the card", |message| {
            message["flags"] != 64 && text_of(message).contains("Crash test")
        })
        .await;
        player.command("account add", json!({"battletag": "Kiri#1234"})).await.says("Kiri");
        // Nothing is left of the process that could still edit the card.
        world.post("faults/requests", json!({
            "method": "PATCH", "route": "/channels/{channel_id}/messages", "times": 1000, "status": 503
        })).await;
        let join = custom_id(&card, "join:");
        player.press(&card, &join).await.says("queue");
        bot.kill();
        let mention = format!("<@{}>", player.user);
        let shown = player.messages().await.into_iter().find(|message| message["id"] == card["id"]);
        assert!(!text_of(&shown.expect("the card")).contains(&mention), "it was edited all the same");

        world.delete("faults").await;
        let bot = Process::start(world).await;
        player.sees("the join on the card", |message| {
            message["id"] == card["id"] && text_of(message).contains(&mention)
        })
        .await;
        player.press(&card, &join).await;
        let places = world.ground.number("SELECT count(*) FROM session_queue").await;
        assert_eq!(places, 1);
        bot.kill();
    })
    .await;
}

#[tokio::test]
async fn program_whose_database_is_deleted_acknowledges_nothing_and_ends_with_what_it_held_saved() {
    if on_postgres() {
        return eprintln!("skipped: it is about the file of SQLite");
    }
    story_in_real_time(async |world| {
        let bot = Process::start(world).await;
        let player = world.person(3);
        let account = json!({"battletag": "Kiri#1234"});
        player.command("account add", account).await.says("Kiri");
        std::fs::remove_file(world.file_path()).expect("the file");
        let answer = player
            .command("account add", json!({"battletag": "Ana#1234"}))
            .await;
        assert!(!answer.0.to_string().contains("Ana#1234"), "{answer:?}");
        assert_eq!(bot.end(), Some(1));
        let folder = world.settings().backups.folder;
        let mut backups: Vec<_> = std::fs::read_dir(folder)
            .expect("the folder")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|ending| ending == "db"))
            .collect();
        backups.sort();
        let rescued = backups.pop().expect("what it held");
        let rescued = rusqlite::Connection::open(rescued).expect("a database");
        let account = rescued.query_row("SELECT account_name FROM user_accounts", [], |row| {
            row.get::<_, String>(0)
        });
        assert_eq!(account.expect("one account"), "Kiri#1234");
    })
    .await;
}

fn custom_id(message: &serde_json::Value, begins: &str) -> String {
    let text = message.to_string();
    let at = text.find(&format!("\"{begins}")).expect("such a button");
    text[at + 1..]
        .chars()
        .take_while(|char| *char != '"')
        .collect()
}
