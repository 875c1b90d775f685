//! The world of a story: an embedded Discord, the bot, and people who do things.

mod person;
mod told;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use chrono::{DateTime, Utc};
use overwatch_bot::app::{App, Settings, StartError};
use overwatch_bot::clock::Clock;
use overwatch_bot::config::Shards;
use overwatch_bot::discord::FEATURES;
use overwatch_bot::jobs::upkeep::Upkeep;
use overwatch_bot::playground::{self, Discord};
use overwatch_bot::secret::Secret;
use overwatch_bot::store::sqlite::OpenError;
use overwatch_bot::store::{self, backup};
use serde_json::{Value, json};

use crate::contract;
use crate::ground::Ground;
use crate::limits;
use crate::logged::Logged;
use crate::spoken;

pub(crate) use person::{Answer, Person, text_of};
pub(crate) use told::{
    story, story_before_the_start, story_in, story_in_real_time, story_of_a_file, story_over_http,
    story_while_time_passes,
};
#[cfg(feature = "postgres")]
pub(crate) use told::{story_of_a_line, story_of_a_server, story_of_many, story_over_http_on};

/// When every story begins: a Sunday, 13:00 in Berlin.
pub(crate) const START: &str = "2026-11-22T12:00:00Z";
/// Requires a time by the machine's own clock, where the machine does nothing else: with `STRICT_TIMES`, as in
/// `.ci/full`.
#[track_caller]
pub(crate) fn require_within(took: Duration, most: Duration) {
    eprintln!("{took:?}, of {most:?}");
    let strict = std::env::var_os("STRICT_TIMES").is_some();
    assert!(!strict || took <= most, "{took:?}");
}

/// A story that waits this long for something to appear has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
pub(crate) const TOKEN: &str = "a.story.token";

/// Everything that a story plays in.
pub(crate) struct World {
    /// The time, moved by hand.
    pub(crate) clock: Clock,
    /// The embedded Discord.
    pub(crate) discord: Discord,
    /// The bot, while it runs.
    pub(crate) app: Option<App>,
    /// The database.
    pub(crate) ground: Ground,
    /// A folder for the backups, and for the database if it is a file.
    pub(crate) folder: tempfile::TempDir,
    /// Invalid requests that the story may end with.
    pub(crate) invalid_max: u64,
    logged: Logged,
    over_http: bool,
    people: playground::World,
    http: reqwest::Client,
    /// Discord may refuse requests by a rate limit: the story plans it, or the bot was started again, and
    /// a new process does not know what the former one has used up.
    expects_limits: AtomicBool,
    has_run: bool,
}

impl World {
    async fn begin(people: playground::World, shards: u32, clock: Clock) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ground = Ground::new(folder.path()).await?;
        Some(Self::on(ground, folder, people, shards, clock).await)
    }

    async fn on(
        ground: Ground,
        folder: tempfile::TempDir,
        people: playground::World,
        shards: u32,
        clock: Clock,
    ) -> Self {
        // The client wants a provider of cryptography, also for plain HTTP.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let discord = Discord::start(playground::Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            token: TOKEN.into(),
            clock: clock.clone(),
            shards,
            world: people.clone(),
        })
        .await
        .expect("a free port");
        let key = discord.key().parse().expect("hexadecimal digits");
        let headers = [(playground::KEY_HEADER.parse().expect("a name"), key)];
        let http = reqwest::Client::builder().default_headers(headers.into_iter().collect());
        Self {
            clock,
            discord,
            app: None,
            ground,
            folder,
            invalid_max: limits::INVALID_MAX,
            logged: Logged::begin(),
            over_http: false,
            people,
            http: http.build().expect("a client"),
            expects_limits: AtomicBool::new(false),
            has_run: false,
        }
    }

    /// The settings with which the bot is started.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            token: Secret::new(TOKEN),
            api: Some(self.discord.url().parse().expect("an address")),
            shards: if self.over_http {
                Shards::None
            } else {
                Shards::Auto
            },
            public_key: self
                .over_http
                .then(|| self.discord.public_key().parse().expect("a key")),
            database: self.ground.place(),
            http: Some(([127, 0, 0, 1], 0).into()),
            http_token: None,
            clock_confirmed: None,
            upkeep: Upkeep::new(30, 100),
            backups: backup::Settings::in_folder(self.folder.path().join("backups")),
        }
    }

    /// Starts the bot and waits until it is connected.
    pub(crate) async fn start(&mut self) {
        if std::mem::replace(&mut self.has_run, true) {
            self.expects_limits.store(true, Relaxed);
        }
        let app = self.start_with(self.settings()).await;
        app.ready().await;
        if self.over_http {
            let address = app.http().expect("an address");
            let urls = [format!("http://{address}/interactions")];
            self.post("endpoint", json!({"urls": urls})).await;
        }
        self.app = Some(app);
    }

    /// Starts a bot with other settings; it may not be connected yet. A bot that was stopped may
    /// have left its database to be closed behind it, which is waited for.
    pub(crate) async fn start_with(&self, settings: Settings) -> App {
        loop {
            match App::start(settings.clone(), self.clock.clone()).await {
                Ok(app) => return app,
                Err(StartError::Database(store::OpenError::File(OpenError::Lock(_)))) => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => panic!("the bot does not start: {error}"),
            }
        }
    }

    /// Stops the bot, if it runs.
    pub(crate) async fn stop(&mut self) {
        if let Some(app) = self.app.take() {
            app.stop().await;
        }
    }

    /// Stops the bot and starts it again.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start().await;
    }

    /// The database file, opened by somebody else. For stories of a file only.
    pub(crate) fn file(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file_path()).expect("the file")
    }

    /// Where the database file is. For stories of a file only.
    pub(crate) fn file_path(&self) -> PathBuf {
        let place = self.ground.place();
        place.file().expect("a story of a file").to_owned()
    }

    /// Moves the time forward to `at`.
    pub(crate) fn at(&self, at: &str) {
        self.clock.set(
            at.parse::<DateTime<Utc>>()
                .expect("a time such as 2026-11-22T12:00:00Z"),
        );
    }

    /// The first server.
    pub(crate) fn server(&self) -> String {
        self.people.guilds[0].id.to_string()
    }

    /// The second server.
    pub(crate) fn other_server(&self) -> String {
        self.people.guilds[1].id.to_string()
    }

    /// The first channel of the first server.
    pub(crate) fn channel(&self) -> String {
        self.people.guilds[0].channels[0].id.to_string()
    }

    /// The channel at `index` of the first server.
    pub(crate) fn channel_at(&self, index: usize) -> String {
        self.people.guilds[0].channels[index].id.to_string()
    }

    /// The first channel of the second server.
    pub(crate) fn other_channel(&self) -> String {
        self.people.guilds[1].channels[0].id.to_string()
    }

    /// The person at `index` of the world, in the first channel of the first server. The first one
    /// owns the servers, the second one may manage events, the others are plain members.
    pub(crate) fn person(&self, index: usize) -> Person<'_> {
        let user = self.people.people[index].id.to_string();
        Person::new(self, user, self.channel())
    }

    /// Sends a JSON body to the embedded Discord's side for people and tests.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        if path == "faults/requests" && (body["status"] == 429 || !body["limit"].is_null()) {
            self.expects_limits.store(true, Relaxed);
        }
        let url = format!("{}/client/{path}", self.discord.url());
        let request = self
            .http
            .post(url)
            .header("content-type", "application/json");
        let response = request
            .body(body.to_string())
            .send()
            .await
            .expect("the embedded Discord");
        let ok = response.status().is_success();
        let value: Value = response.json().await.expect("JSON");
        assert!(ok, "{path} {body}: {value}");
        value
    }

    /// Gets JSON from the embedded Discord's side for people and tests.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let url = format!("{}/client/{path}", self.discord.url());
        let response = self
            .http
            .get(url)
            .send()
            .await
            .expect("the embedded Discord");
        response.json().await.expect("JSON")
    }

    /// Takes back what was done to the embedded Discord's side for tests.
    pub(crate) async fn delete(&self, path: &str) {
        let url = format!("{}/client/{path}", self.discord.url());
        self.http
            .delete(url)
            .send()
            .await
            .expect("the embedded Discord");
    }

    /// Waits until the first server looks like this to a client, and gives it.
    pub(crate) async fn shows(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let looking = async {
            loop {
                let guild = self.get("world").await["guilds"][0].clone();
                if holds(&guild) {
                    return guild;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, looking).await {
            Ok(guild) => guild,
            Err(_) => panic!(
                "never seen: {what}; instead: {:#}",
                self.get("world").await["guilds"][0]
            ),
        }
    }

    /// Every request that the bot has made so far.
    pub(crate) async fn requests(&self) -> Vec<Value> {
        self.get("requests").await["requests"]
            .as_array()
            .expect("a list")
            .clone()
    }

    /// The requests that Discord refused by a rate limit, without their bodies.
    pub(crate) async fn refused(&self) -> Vec<Value> {
        let mut requests = self.requests().await;
        requests.retain(|request| request["status"] == 429);
        for request in &mut requests {
            request["body"] = Value::Null;
        }
        requests
    }

    /// How many requests the bot has made with this method to routes that begin like this.
    pub(crate) async fn count(&self, method: &str, route: &str) -> usize {
        let requests = self.requests().await;
        let fits = |request: &&Value| {
            request["method"] == method
                && request["route"]
                    .as_str()
                    .is_some_and(|r| r.starts_with(route))
        };
        requests.iter().filter(fits).count()
    }

    /// Delivers an interaction once more, and waits until the bot has answered it again.
    pub(crate) async fn redeliver(&self, answer: &Answer) {
        let before = self.count("POST", "/interactions").await;
        self.post(
            &format!("interactions/{}/redeliver", answer.id()),
            json!({}),
        )
        .await;
        while self.count("POST", "/interactions").await == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The tokens, the bot's and those of interactions, and the names of people.
    pub(crate) async fn secrets(&self) -> BTreeSet<String> {
        let world = self.get("world").await;
        let people = world["people"].as_array().cloned().unwrap_or_default();
        let names = people
            .iter()
            .filter_map(|person| person["global_name"].as_str().map(str::to_owned));
        let requests = self.requests().await;
        let paths = requests
            .iter()
            .filter_map(|request| request["path"].as_str());
        let tokens = paths.filter_map(|path| {
            let (_, rest) = path
                .split_once("/interactions/")
                .or_else(|| path.split_once("/webhooks/"))?;
            rest.split('/').nth(1).map(str::to_owned)
        });
        names.chain(tokens).chain([TOKEN.to_owned()]).collect()
    }

    /// Checks every request that the bot made, every response and every gateway event against Discord's
    /// own document, every button and modal in them against the bot's own wiring, and every text in them
    /// against what people could deceive with.
    async fn end(&self) {
        self.keeps_limits().await;
        self.logged.check(&self.secrets().await);
        let starts = self.get("gateway").await["starts"].clone();
        let breaches = (&starts["exceeded"], &starts["too_soon"]);
        assert_eq!(
            breaches,
            (&json!(0), &json!(0)),
            "sessions were started that should not have been"
        );
        for request in self.requests().await {
            let unknown = unwired(&request["body"]);
            assert!(
                unknown.is_empty(),
                "nothing answers to {unknown:?} in {request:#}"
            );
            let faults = spoken::faults(&request);
            assert!(faults.is_empty(), "{faults:#?} in {request:#}");
        }
        if !self.expects_limits.load(Relaxed) {
            let refused = self.refused().await;
            assert!(refused.is_empty(), "refused by rate limits: {refused:#?}");
        }
        let Some(contract) = contract::load() else {
            return;
        };
        let list = |log: &Value, of: &str| log[of].as_array().cloned().unwrap_or_default();
        let requests = list(&self.get("requests?responses=true").await, "requests");
        let dispatches = list(&self.get("dispatches").await, "dispatches");
        let mut broken = contract.validate(&requests);
        broken.extend(contract.validate_dispatches(&dispatches));
        let broken: Vec<_> = broken.iter().map(ToString::to_string).collect();
        assert!(
            broken.is_empty(),
            "Discord's document says otherwise:\n{}",
            broken.join("\n")
        );
    }
}

/// The ids of components and modals in a request that no feature answers to.
fn unwired(body: &Value) -> Vec<String> {
    const MODAL: u64 = 9;
    let routes = |modal: bool, id: &str| {
        let name = id.split(':').next().unwrap_or_default();
        FEATURES.iter().any(|feature| match modal {
            true => feature.modals.iter().any(|route| route.name == name),
            false => feature.components.iter().any(|route| route.name == name),
        })
    };
    if body["type"] == MODAL {
        let id = body["data"]["custom_id"].as_str().unwrap_or_default();
        return if routes(true, id) {
            Vec::new()
        } else {
            vec![id.to_owned()]
        };
    }
    let rows = [&body["components"], &body["data"]["components"]];
    let rows = rows.into_iter().filter_map(Value::as_array).flatten();
    let components = rows
        .filter_map(|row| row["components"].as_array())
        .flatten();
    components
        .filter_map(|component| component["custom_id"].as_str())
        .filter(|id| !routes(false, id))
        .map(str::to_owned)
        .collect()
}
