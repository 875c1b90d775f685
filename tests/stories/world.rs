//! The world of a story: an embedded Discord, the bot, and people who do things.

use std::ops::AsyncFnOnce;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use overwatch_bot::app::{App, Settings, StartError};
use overwatch_bot::clock::Clock;
use overwatch_bot::config::Shards;
use overwatch_bot::discord::FEATURES;
use overwatch_bot::jobs::upkeep::Upkeep;
use overwatch_bot::playground::{self, Discord};
use overwatch_bot::store::sqlite::OpenError;
use overwatch_bot::store::{self, backup};
use serde_json::{Value, json};

use crate::contract;
use crate::ground::{self, Ground};
use crate::limits;
#[cfg(feature = "postgres")]
use crate::postgres::{Cluster, Server};

/// When every story begins: a Sunday, 13:00 in Berlin.
pub(crate) const START: &str = "2026-11-22T12:00:00Z";
/// A story that waits this long for something to appear has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// How far time is moved at once where it goes by.
const TICK: Duration = Duration::from_millis(10);
pub(crate) const TOKEN: &str = "a.story.token";

/// Tells a story in a world of two servers, and holds the bot's requests to Discord's document.
pub(crate) async fn story(tell: impl AsyncFnOnce(&mut World)) {
    story_in(playground::World::default(), 1, tell).await;
}

/// Tells a story that is about the file of SQLite, and of no other database.
pub(crate) async fn story_of_a_file(tell: impl AsyncFnOnce(&mut World)) {
    match ground::on_postgres() {
        false => story(tell).await,
        true => eprintln!("skipped: it is about the file of SQLite"),
    }
}

/// Tells a story on a PostgreSQL server of its own, which may be stopped and started.
#[cfg(feature = "postgres")]
pub(crate) async fn story_of_a_server(tell: impl AsyncFnOnce(&mut World, &Cluster)) {
    if !ground::on_postgres() {
        return eprintln!("skipped: it is about a PostgreSQL server");
    }
    let Some(server) = Server::own() else { return };
    let ground = Ground::on(&server).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = Clock::manual(START.parse().expect("a time"));
    let mut world = World::on(ground, folder, playground::World::default(), 1, clock).await;
    world.start().await;
    tell(&mut world, server.cluster().expect("its own")).await;
    world.stop().await;
    world.end().await;
}

/// Tells a story in the machine's own time, which a program of its own shares. The story starts it.
pub(crate) async fn story_in_real_time(tell: impl AsyncFnOnce(&mut World)) {
    let Some(mut world) = World::begin(playground::World::default(), 1, Clock::system()).await
    else {
        return;
    };
    tell(&mut world).await;
    world.stop().await;
    world.end().await;
}

/// Tells a story of several processes, in the machine's own time, on a server only. The story starts
/// them itself.
#[cfg(feature = "postgres")]
pub(crate) async fn story_of_many(shards: u32, tell: impl AsyncFnOnce(&mut World)) {
    if !crate::ground::on_postgres() {
        return;
    }
    let people = playground::World::default();
    let Some(mut world) = World::begin(people, shards, Clock::system()).await else {
        return;
    };
    tell(&mut world).await;
    world.end().await;
}

/// Tells a story while time goes by, at a quarter of its pace: Discord's three seconds pass, and a
/// machine that is busy with other things can keep up.
pub(crate) async fn story_while_time_passes(tell: impl AsyncFnOnce(&mut World)) {
    story(async |world| {
        let clock = world.clock.clone();
        let time = async {
            loop {
                tokio::time::sleep(4 * TICK).await;
                clock.advance(TimeDelta::from_std(TICK).expect("a short time"));
            }
        };
        tokio::select! {
            () = time => {}
            () = tell(world) => {}
        }
    })
    .await;
}

/// Tells a story to which the clicks come over HTTP, and for which there is no gateway.
pub(crate) async fn story_over_http(tell: impl AsyncFnOnce(&mut World)) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    if let Some(ground) = Ground::new(folder.path()).await {
        over_http(ground, folder, tell).await;
    }
}

/// The same on this ground.
#[cfg(feature = "postgres")]
pub(crate) async fn story_over_http_on(ground: Ground, tell: impl AsyncFnOnce(&mut World)) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    over_http(ground, folder, tell).await;
}

async fn over_http(ground: Ground, folder: tempfile::TempDir, tell: impl AsyncFnOnce(&mut World)) {
    let clock = Clock::manual(START.parse().expect("a time"));
    let mut world = World::on(ground, folder, playground::World::default(), 1, clock).await;
    world.over_http = true;
    world.start().await;
    tell(&mut world).await;
    world.stop().await;
    world.end().await;
}

/// Tells a story with so many shards, which begins before the bot is started.
pub(crate) async fn story_before_the_start(shards: u32, tell: impl AsyncFnOnce(&mut World)) {
    let clock = Clock::manual(START.parse().expect("a time"));
    let people = playground::World::default();
    let Some(mut world) = World::begin(people, shards, clock).await else {
        return;
    };
    tell(&mut world).await;
    world.stop().await;
    world.end().await;
}

/// Tells a story in a world of another make.
pub(crate) async fn story_in(
    people: playground::World,
    shards: u32,
    tell: impl AsyncFnOnce(&mut World),
) {
    let clock = Clock::manual(START.parse().expect("a time"));
    let Some(mut world) = World::begin(people, shards, clock).await else {
        return;
    };
    world.start().await;
    tell(&mut world).await;
    world.stop().await;
    world.end().await;
}

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
    over_http: bool,
    people: playground::World,
    http: reqwest::Client,
    /// The story plans that Discord refuses requests by a rate limit.
    plans_limits: AtomicBool,
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
        Self {
            clock,
            discord,
            app: None,
            ground,
            folder,
            invalid_max: limits::INVALID_MAX,
            over_http: false,
            people,
            http: reqwest::Client::new(),
            plans_limits: AtomicBool::new(false),
        }
    }

    /// The settings with which the bot is started.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            token: TOKEN.parse().expect("any text is taken"),
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
            upkeep: Upkeep::new(30, 100),
            backups: backup::Settings::in_folder(self.folder.path().join("backups")),
        }
    }

    /// Starts the bot and waits until it is connected.
    pub(crate) async fn start(&mut self) {
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
        Person {
            world: self,
            user,
            channel: Some(self.channel()),
            odd: Value::Null,
        }
    }

    /// Sends a JSON body to the embedded Discord's side for people and tests.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        if path == "faults/requests" && (body["status"] == 429 || !body["limit"].is_null()) {
            self.plans_limits.store(true, Relaxed);
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

    /// Checks every request that the bot made, every response and every gateway event against Discord's
    /// own document, and every button and modal in them against the bot's own wiring.
    async fn end(&self) {
        self.keeps_limits().await;
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
        }
        if !self.plans_limits.load(Relaxed) {
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

/// Somebody who does things, at a place.
#[derive(Clone)]
pub(crate) struct Person<'w> {
    world: &'w World,
    /// Their id.
    pub(crate) user: String,
    /// Where they are; `None`: in direct messages with the bot.
    pub(crate) channel: Option<String>,
    /// What is odd about the events of what they do, by JSON pointers; null: nothing.
    odd: Value,
}

impl Person<'_> {
    /// The same person, with odd values in what Discord tells of them, by JSON pointers.
    pub(crate) fn with_odd(&self, odd: Value) -> Self {
        Self {
            odd,
            ..self.clone()
        }
    }

    /// Where they are.
    pub(crate) fn world(&self) -> &World {
        self.world
    }

    /// The same person in another channel.
    pub(crate) fn in_channel(&self, channel: String) -> Self {
        Self {
            channel: Some(channel),
            ..self.clone()
        }
    }

    /// The same person in direct messages with the bot.
    pub(crate) fn in_private(&self) -> Self {
        Self {
            channel: None,
            ..self.clone()
        }
    }

    /// Sends a command, `"session create"`, with its options.
    pub(crate) async fn command(&self, command: &str, options: Value) -> Answer {
        self.interact("command", self.named(command, options)).await
    }

    /// Sends a command that their client would not let them send.
    pub(crate) async fn forge_command(&self, command: &str, options: Value) -> Answer {
        let mut body = self.named(command, options);
        body["forge"] = true.into();
        self.interact("command", body).await
    }

    /// The choices (name, value) while typing the option `focused`.
    pub(crate) async fn complete(
        &self,
        command: &str,
        options: Value,
        focused: &str,
    ) -> Vec<(String, String)> {
        let mut body = self.named(command, options);
        body["focused"] = focused.into();
        let answer = self.interact("autocomplete", body).await;
        let choices = answer.0["choices"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        choices
            .iter()
            .map(|choice| (text(&choice["name"]), text(&choice["value"])))
            .collect()
    }

    /// Presses the button with this id on a message.
    pub(crate) async fn press(&self, message: &Value, custom_id: &str) -> Answer {
        self.choose(message, custom_id, &[]).await
    }

    /// Chooses from the menu with this id on a message.
    pub(crate) async fn choose(&self, message: &Value, custom_id: &str, values: &[&str]) -> Answer {
        let body = json!({"message": message["id"], "custom_id": custom_id, "values": values});
        self.interact("component", body).await
    }

    /// Presses what cannot be pressed: any id, on any message.
    pub(crate) async fn forge(&self, message: &Value, custom_id: &str, values: &[&str]) -> Answer {
        let body = json!({
            "message": message["id"], "custom_id": custom_id, "values": values, "forge": true
        });
        self.interact("component", body).await
    }

    /// Sends the modal that they are looking at.
    pub(crate) async fn submit(&self, modal: &Answer, values: Value) -> Answer {
        let body = json!({"custom_id": modal.0["modal"]["custom_id"], "values": values});
        self.interact("modal", body).await
    }

    /// Sends a modal that was never opened.
    pub(crate) async fn forge_modal(&self, custom_id: &str, values: Value) -> Answer {
        let body = json!({"custom_id": custom_id, "values": values, "forge": true});
        self.interact("modal", body).await
    }

    /// What they see in their channel, or in the direct messages with the bot.
    pub(crate) async fn messages(&self) -> Vec<Value> {
        let path = match &self.channel {
            Some(channel) => format!("channels/{channel}/messages?user={}", self.user),
            None => format!("users/{}/dms", self.user),
        };
        self.world.get(&path).await["messages"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// Waits until they see a message, of everybody's or their own, of which this holds.
    pub(crate) async fn sees(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let looking = async {
            loop {
                let found = self.messages().await.into_iter().rfind(&holds);
                if let Some(found) = found {
                    return found;
                }
                // Long polls would need the channel of a conversation that is not there yet.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, looking).await {
            Ok(found) => found,
            Err(_) => panic!("never seen: {what}; instead: {:#?}", self.messages().await),
        }
    }

    /// Waits until they see a message with this text in it.
    pub(crate) async fn reads(&self, text: &str) -> Value {
        self.sees(text, |message| text_of(message).contains(text))
            .await
    }

    fn named(&self, command: &str, options: Value) -> Value {
        let mut words = command.split(' ');
        json!({"name": words.next(), "subcommand": words.next(), "options": options})
    }

    async fn interact(&self, kind: &str, mut body: Value) -> Answer {
        body["user"] = self.user.clone().into();
        body["kind"] = kind.into();
        body["wait"] = "settled".into();
        body["odd"] = self.odd.clone();
        if let Some(channel) = &self.channel {
            body["channel"] = channel.clone().into();
        }
        Answer(self.world.post("interactions", body).await)
    }
}

/// How the bot answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer(pub(crate) Value);

impl Answer {
    /// `message`, `update`, `modal`, `choices` or `failed`.
    pub(crate) fn outcome(&self) -> &str {
        self.0["outcome"].as_str().unwrap_or_default()
    }

    /// The message.
    pub(crate) fn message(&self) -> &Value {
        &self.0["message"]
    }

    /// All text that can be read in it, of messages and of modals.
    pub(crate) fn text(&self) -> String {
        format!(
            "{}{}",
            text_of(&self.0["message"]),
            text_of(&self.0["modal"])
        )
    }

    /// The interaction's id, for [`World::redeliver`].
    pub(crate) fn id(&self) -> &str {
        self.0["id"].as_str().unwrap_or_default()
    }

    /// The answer, if this can be read in it.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(
            self.text().contains(text),
            "{text:?} is not in {:#}",
            self.0
        );
        self
    }
}

impl World {
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

/// All text of a message or modal that a person can read, line by line.
pub(crate) fn text_of(message: &Value) -> String {
    const READ: [&str; 9] = [
        "content",
        "title",
        "description",
        "name",
        "value",
        "text",
        "label",
        "placeholder",
        "filename",
    ];
    let mut text = String::new();
    let mut gather = vec![message];
    while let Some(value) = gather.pop() {
        match value {
            Value::Array(values) => gather.extend(values.iter().rev()),
            Value::Object(fields) => {
                for (key, value) in fields {
                    match value {
                        Value::String(read) if READ.contains(&key.as_str()) => {
                            text.push_str(read);
                            text.push('\n');
                        }
                        // Who somebody is is not what a message says.
                        Value::Object(_)
                            if ["author", "interaction_metadata"].contains(&key.as_str()) => {}
                        value => gather.push(value),
                    }
                }
            }
            _ => {}
        }
    }
    text
}
