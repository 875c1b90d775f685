//! The log at its most talkative: no token, no name, and nothing that people have typed is in it.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::scene::{account, card_reads, joined, on};
use crate::world::{TOKEN, World, story_in_real_time, text_of};

/// What is typed in the story. None of it is a word that the program has of its own.
const TYPED: [&str; 6] = [
    "Zuckerwatte",
    "Quittengelee",
    "Pflaumenmus#1234",
    "Rhabarber",
    "Stachelbeere",
    "Mirabelle",
];

/// The bot edits a card within this, in seconds.
const EDIT_WITHIN_S: u64 = 30;
/// The token for metrics.
const HTTP_TOKEN: &str = "Heidelbeere-0123456789";

/// The program, writing all that it can into a file.
struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    async fn start(world: &World) -> Self {
        let log = world.folder.path().join("trace.log");
        let (name, value) = world.ground.variable();
        let child = Command::new(env!("CARGO_BIN_EXE_overwatch-bot"))
            .env_clear()
            .env("BOT_TOKEN", TOKEN)
            .env("DISCORD_API_URL", world.discord.url())
            .env(name, value)
            .env("BACKUP_DIR", &world.settings().backups.folder)
            .env("HTTP_ADDR", "127.0.0.1:0")
            .env("HTTP_TOKEN", HTTP_TOKEN)
            .env(
                "LOG",
                "trace,twilight_http::client=trace,hyper_util::client::legacy=trace",
            )
            .current_dir(world.folder.path())
            .stderr(File::create(&log).map_or_else(|_| Stdio::null(), Stdio::from))
            .spawn()
            .expect("the program starts");
        let process = Self { child, log };
        while world.get("ready?shards=1").await["ready"] != true {
            tokio::task::yield_now().await;
        }
        process
    }

    /// Asks for metrics with this token; the status of the answer.
    async fn metrics(&self, token: &str) -> u16 {
        let log = std::fs::read_to_string(&self.log).expect("the log");
        let (_, rest) = log.split_once("answering /livez").expect("it serves");
        let (_, address) = rest.split_once("address=").expect("an address");
        let address = address.split_whitespace().next().expect("an address");
        let request = reqwest::Client::new().get(format!("http://{address}/metrics"));
        let answer = request.bearer_auth(token).send().await;
        answer.expect("an answer").status().as_u16()
    }

    /// Ends it, and gives what it has written.
    fn end(mut self) -> String {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it is gone");
        std::fs::read_to_string(&self.log).expect("the log")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until the edit of a message was refused.
async fn edit_is_refused(world: &World) {
    let refused = async {
        let is_it = |request: &Value| request["method"] == "PATCH" && request["status"] == 400;
        while !world.requests().await.iter().any(is_it) {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(EDIT_WITHIN_S), refused).await;
    waited.expect("the bot edits the card");
}

#[tokio::test]
async fn log_holds_no_token_no_name_and_no_word_that_was_typed_at_any_level() {
    story_in_real_time(async |world| {
        let bot = Process::start(world).await;
        let (organiser, player) = (world.person(0), world.person(3));
        let session = json!({
            "mode": "5v5", "when": "in 2 hours", "title": TYPED[0], "description": TYPED[1],
        });
        let planned = organiser.command("session create", session).await;
        planned.says("is planned");
        let card = organiser
            .sees("the card", |message| {
                message["flags"] != 64 && text_of(message).contains(TYPED[0])
            })
            .await;
        joined(&player, &card, TYPED[2], &["tank"])
            .await
            .says("queue");
        card_reads(&player, &card, "Waiting (1)").await;
        // What is refused, and what fails on the way, is told as well.
        player
            .command("profile edit", json!({"timezone": TYPED[3]}))
            .await;
        let typed = json!({"timezone": TYPED[4]});
        player.complete("profile edit", typed, "timezone").await;
        player
            .command("account add", json!({"battletag": TYPED[5]}))
            .await;
        for fault in [
            json!({"status": 502}),
            json!({"tear": true}),
            json!({"status": 400, "quotes": "body"}),
            // Tried again for as long as it may be, and then told.
            json!({"status": 502, "quotes": "path", "times": 1_000}),
        ] {
            let mut fault = fault;
            fault["method"] = json!("POST");
            fault["route"] = json!("/interactions/{interaction_id}/{interaction_token}/callback");
            if fault["times"].is_null() {
                fault["times"] = json!(1);
            }
            world.post("faults/requests", fault).await;
            player.press(&card, &on(&card, "streaming")).await;
            world.delete("faults").await;
        }
        // So does what the bot sends by itself.
        let fault = json!({"status": 400, "quotes": "body", "method": "PATCH",
            "route": "/channels/{channel_id}/messages/{message_id}", "times": 1});
        world.post("faults/requests", fault).await;
        player.press(&card, &on(&card, "leave")).await;
        edit_is_refused(world).await;
        assert_eq!(bot.metrics(HTTP_TOKEN).await, 200);
        assert_eq!(bot.metrics("Heidelbeere-wrong").await, 401);
        player.forge(&card, "no-such-route:1", &[]).await;
        account(&organiser, json!({"battletag": "Kiri#1234"})).await;

        let secrets = world.secrets().await;
        assert!(secrets.len() > 10, "{secrets:?}");
        let log = bot.end();
        assert!(log.contains("ready"), "it was written: {log}");
        for library in ["hyper_util::", "reqwest::", "twilight_gateway::shard"] {
            let line = log.lines().find(|line| line.contains(library));
            assert_eq!(line, None, "details of a dependency");
        }
        let others = [HTTP_TOKEN, "Heidelbeere", "Kiri#1234"];
        let secrets = secrets.iter().map(String::as_str);
        for secret in secrets.chain(TYPED).chain(others) {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret}");
        }
    })
    .await;
}
