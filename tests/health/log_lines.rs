//! What the log says while no click can be saved.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};

use super::commits::FAIL_COMMITS;

/// A session that is due, and of which every commit fails that starts it.
const DUE_AND_CANNOT_START: &str = "CREATE TABLE never (x INTEGER PRIMARY KEY) STRICT; \
    CREATE TABLE stuck (x INTEGER REFERENCES never (x) DEFERRABLE INITIALLY DEFERRED) STRICT; \
    CREATE TRIGGER never_start BEFORE UPDATE OF status ON sessions BEGIN INSERT INTO stuck VALUES (1); END; \
    INSERT INTO sessions (guild_id, channel_id, game_mode, title, scheduled_time, length_minutes, timezone, \
        created_at) VALUES (1, 2, '5v5', 'Friday', unixepoch() - 60, 600, 'UTC', 0)";
/// Jobs try again several times within this.
const JOBS_TRY_AGAIN_WITHIN: Duration = Duration::from_secs(3);
/// So many clicks fail, and more until jobs have tried again.
const CLICKS: usize = 60;
/// Failing commits are logged once in this many seconds.
const LOG_EVERY_S: u64 = 60;

/// The bot and the embedded Discord in one process, with its log.
struct Playground {
    child: Child,
    log: PathBuf,
    url: String,
    key: String,
    client: Client,
}

impl Playground {
    fn start(folder: &Path) -> Self {
        let log = folder.join("log");
        let mut child = Command::new(env!("CARGO_BIN_EXE_overwatch-bot"))
            .args([
                "playground",
                "--playground-port",
                "0",
                "--log-format",
                "json",
            ])
            .env_clear()
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a log"))
            .spawn()
            .expect("the program runs");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        let opened = stdout.lines().map_while(Result::ok).find_map(|line| {
            let (url, key) = line.split_once(" open: ")?.1.split_once("/?key=")?;
            let key = key.split_whitespace().next()?;
            Some((url.to_owned(), key.to_owned()))
        });
        let (url, key) = opened.expect("its page is open");
        // The client wants one even where nothing is encrypted; installed already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            child,
            log,
            url,
            key,
            client: Client::new(),
        }
    }

    async fn ask(&self, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/client/{path}", self.url);
        let request = match body {
            Some(body) => self.client.post(url).json(&body),
            None => self.client.get(url),
        };
        let request = request.header("x-playground-key", &self.key);
        let answer = request.send().await.expect("an answer");
        answer.json().await.expect("JSON")
    }

    /// What somebody reads who sets their time zone.
    async fn edit_profile(&self, user: &Value, channel: &Value) -> String {
        let click = json!({
            "user": user, "channel": channel, "kind": "command", "name": "profile", "group": null,
            "subcommand": "edit", "options": {"timezone": "Europe/Berlin"}, "wait": "settled",
        });
        let answer = self.ask("interactions", Some(click)).await;
        answer["message"]["content"].to_string()
    }

    /// The lines of its log that tell of trouble.
    fn trouble(&self) -> Vec<Value> {
        let log = std::fs::read_to_string(&self.log).expect("text");
        // The last one may not be whole yet.
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines
            .filter(|line: &Value| line["level"] == "WARN" || line["level"] == "ERROR")
            .collect()
    }
}

impl Drop for Playground {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn failing_commits_are_logged_once_a_minute_and_not_for_each_click() {
    let folder = tempfile::tempdir().expect("a folder");
    let playground = Playground::start(folder.path());
    let world = playground.ask("world", None).await;
    let people = world["people"].as_array().expect("a list");
    let channel = &world["guilds"][0]["channels"][0]["id"];
    let hand = rusqlite::Connection::open(folder.path().join("data/playground.db"));
    let hand = hand.expect("the file");
    let since = Instant::now();
    hand.execute_batch(DUE_AND_CANNOT_START).expect("it breaks");
    // A commit has the session clock look, which tries twice a second from then on. If it does already, the
    // click may be in a transaction with it.
    playground.edit_profile(&people[0]["id"], channel).await;
    hand.execute_batch(FAIL_COMMITS).expect("it breaks");
    let mut clicks = 0;
    while clicks < CLICKS || since.elapsed() < JOBS_TRY_AGAIN_WITHIN {
        let user = &people[clicks % people.len()]["id"];
        let told = playground.edit_profile(user, channel).await;
        assert!(told.contains("does not answer"), "{told}");
        clicks += 1;
    }
    let minutes = since.elapsed().as_secs() / LOG_EVERY_S;
    let lines = playground.trouble();
    assert_eq!(lines[0]["fields"]["message"], "commits fail", "{lines:#?}");
    let allowed = 1 + usize::try_from(minutes).expect("few");
    assert!(lines.len() <= allowed, "{lines:#?}");
}
