//! A running embedded Discord, people, and a small bot to talk to.

use chrono::{DateTime, TimeDelta};
use futures_util::StreamExt;
use overwatch_bot::{
    clock::Clock,
    playground::{Discord, KEY_HEADER, Settings, World},
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinHandle;
use twilight_gateway::queue::InMemoryQueue;
use twilight_gateway::{
    ConfigBuilder, Event, EventTypeFlags, Intents, Message, Shard, ShardId, StreamExt as _,
};
use twilight_model::application::interaction::Interaction;

pub(crate) const TOKEN: &str = "Zm9v.bar.baz";

/// The stage of one test.
pub(crate) struct Stage {
    pub(crate) discord: Discord,
    pub(crate) clock: Clock,
    pub(crate) world: World,
    web: reqwest::Client,
}

impl Stage {
    /// Raises the curtain at a fixed time, with a clock that stands still.
    pub(crate) async fn new() -> Self {
        let start = DateTime::from_timestamp(1_795_000_000, 0).expect("a time");
        let clock = Clock::manual(start);
        let settings = Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            token: TOKEN.to_owned(),
            clock: clock.clone(),
            shards: 2,
            world: World::default(),
        };
        let discord = Discord::start(settings).await.expect("a free port");
        // The client wants a provider of cryptography, also for plain HTTP.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let key = discord.key().parse().expect("hexadecimal digits");
        let headers = [(KEY_HEADER.parse().expect("a name"), key)];
        let web = reqwest::Client::builder().default_headers(headers.into_iter().collect());
        Self {
            discord,
            clock,
            world: World::default(),
            web: web.build().expect("a client"),
        }
    }

    /// Id of a person by position.
    pub(crate) fn person(&self, n: usize) -> String {
        self.world.people[n].id.to_string()
    }

    /// Id of a channel of the first guild.
    pub(crate) fn channel(&self) -> String {
        self.world.guilds[0].channels[0].id.to_string()
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let url = format!("{}{path}", self.discord.url());
        let method = method.parse().expect("a method");
        let mut request = self.web.request(method, url);
        if path.starts_with("/api") {
            request = request.header("authorization", format!("Bot {TOKEN}"));
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    /// An answer that is read piece by piece.
    pub(crate) async fn stream(&self, path: &str) -> reqwest::Response {
        let url = format!("{}{path}", self.discord.url());
        self.web.get(url).send().await.expect("an answer")
    }

    /// The headers of an answer to the bot.
    pub(crate) async fn headers(&self, path: &str) -> reqwest::header::HeaderMap {
        let url = format!("{}{path}", self.discord.url());
        let request = self
            .web
            .get(url)
            .header("authorization", format!("Bot {TOKEN}"));
        request.send().await.expect("an answer").headers().clone()
    }

    /// The status of an answer to any text of this type.
    pub(crate) async fn send_text(&self, path: &str, kind: &str, text: &'static str) -> u16 {
        let url = format!("{}{path}", self.discord.url());
        let request = self
            .web
            .post(url)
            .header("authorization", format!("Bot {TOKEN}"))
            .header("content-type", kind);
        request
            .body(text)
            .send()
            .await
            .expect("an answer")
            .status()
            .as_u16()
    }

    /// A request of the bot, below `/api/v10`.
    pub(crate) async fn api(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let body = (!body.is_null()).then_some(&body);
        self.call(method, &format!("/api/v10{path}"), body).await
    }

    /// A request of a person's client that must go well.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call("GET", &format!("/client{path}"), None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self
            .call("POST", &format!("/client{path}"), Some(&body))
            .await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// A click that goes through.
    pub(crate) async fn interact(&self, body: Value) -> Value {
        self.post("/interactions", body).await
    }

    /// A click that the client refuses, and what it says.
    pub(crate) async fn refused(&self, body: Value) -> String {
        let (status, answer) = self.call("POST", "/client/interactions", Some(&body)).await;
        assert_eq!(status, 400, "{answer}");
        answer["error"].as_str().expect("a sentence").to_owned()
    }

    /// Registers one command with these options.
    pub(crate) async fn register(&self, options: Value) {
        let app = overwatch_bot::playground::APPLICATION_ID;
        let commands = json!([{"name": "queue", "description": "d", "options": options}]);
        let (status, answer) = self
            .api("PUT", &format!("/applications/{app}/commands"), commands)
            .await;
        assert_eq!(status, 200, "{answer}");
    }

    pub(crate) fn advance_s(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    pub(crate) fn shard(&self, id: ShardId) -> Shard<InMemoryQueue> {
        Shard::with_config(id, self.config().build())
    }

    pub(crate) fn config(&self) -> ConfigBuilder<InMemoryQueue> {
        self.config_with(TOKEN, Intents::GUILDS | Intents::GUILD_MESSAGES)
    }

    pub(crate) fn config_with(
        &self,
        token: &str,
        intents: Intents,
    ) -> ConfigBuilder<InMemoryQueue> {
        // A second installation finds the first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        ConfigBuilder::new(token.to_owned(), intents)
            .proxy_url(self.discord.url().replace("http", "ws"))
            // As many at once as this Discord says; a shard that starts anew waits five seconds.
            .queue(InMemoryQueue::new(
                16,
                1_000,
                Duration::from_secs(60),
                1_000,
            ))
    }

    /// A bot on one shard that gives every interaction the callback that `reply` makes of it, if
    /// any.
    pub(crate) async fn bot(
        &self,
        reply: impl Fn(&Interaction) -> Option<Value> + Send + 'static,
    ) -> JoinHandle<()> {
        let mut shard = self.shard(ShardId::ONE);
        until(&mut shard, |event| matches!(event, Event::Ready(_))).await;
        let (web, url) = (self.web.clone(), self.discord.url());
        tokio::spawn(async move {
            while let Some(event) = shard.next_event(EventTypeFlags::all()).await {
                let Ok(Event::InteractionCreate(event)) = event else {
                    continue;
                };
                let Some(body) = reply(&event) else { continue };
                let path = format!("interactions/{}/{}/callback", event.id, event.token);
                let request = web.post(format!("{url}/api/v10/{path}")).json(&body);
                request.send().await.expect("an answer");
            }
        })
    }
}

/// Reads events until one is as wanted, and gives that one.
pub(crate) async fn until(
    shard: &mut Shard<InMemoryQueue>,
    wanted: impl Fn(&Event) -> bool,
) -> Event {
    loop {
        let event = shard
            .next_event(EventTypeFlags::all())
            .await
            .expect("the shard goes on");
        // A torn socket shows as an error once; the shard reconnects by itself.
        if let Ok(event) = event
            && wanted(&event)
        {
            return event;
        }
    }
}

/// Reads on until the connection that the shard closed is closed.
pub(crate) async fn end(shard: &mut Shard<InMemoryQueue>) {
    while !matches!(shard.next().await, None | Some(Ok(Message::Close(_)))) {}
}

/// An answer that is a message.
pub(crate) fn message(text: &str) -> Value {
    json!({"type": 4, "data": {"content": text}})
}

/// A use of the registered command by the third person.
pub(crate) fn command(stage: &Stage, options: Value) -> Value {
    json!({"user": stage.person(2), "channel": stage.channel(), "kind": "command",
        "name": "queue", "options": options})
}

/// A message with one enabled and one disabled button and a select, and its id.
pub(crate) async fn card(stage: &Stage) -> String {
    let body = json!({"content": "card", "components": [
        {"type": 1, "components": [
            {"type": 2, "style": 1, "custom_id": "join", "label": "Join"},
            {"type": 2, "style": 1, "custom_id": "off", "label": "Off", "disabled": true}]},
        {"type": 1, "components": [{"type": 3, "custom_id": "role", "max_values": 2, "options": [
            {"label": "Tank", "value": "tank"}, {"label": "Damage", "value": "damage"}]}]}]});
    let path = format!("/channels/{}/messages", stage.channel());
    let (status, message) = stage.api("POST", &path, body).await;
    assert_eq!(status, 200, "{message}");
    message["id"].as_str().expect("an id").to_owned()
}

/// A press of a component by the same person.
pub(crate) fn press(stage: &Stage, message: &str, custom_id: &str) -> Value {
    json!({"user": stage.person(2), "channel": stage.channel(), "kind": "component",
        "message": message, "custom_id": custom_id})
}
