//! A simulated Discord, as far as deliveries need one.
//!
//! May touch: nothing. Invariant: what it does to a request depends on the seed and on what was asked
//! before, and on nothing else; after the power has gone nothing of what is asked takes effect.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value as Json, json};

use super::disk::Chance;
use crate::clock::Clock;
use crate::discord::rest::carrier::{Carried, Carrier, Carry};

/// The bot's own id.
pub(super) const APPLICATION: i64 = 7;
/// The server that everything happens in.
pub(super) const GUILD: i64 = 10;
/// Channels in which sessions are planned.
pub(super) const CHANNELS: [i64; 2] = [20, 21];
/// The first id that is given to what is made.
const FIRST_ID: i64 = 1_000_000;
/// Discord compares the nonces of this long, in minutes. ("The last few minutes": *Message*, "Create
/// Message".)
const NONCES_KEPT_MIN: i64 = 5;
/// An interaction is to be acknowledged within this, in seconds ("Receiving and Responding", *Interaction
/// Callback*: "within 3 seconds").
const ACKNOWLEDGED_WITHIN_S: i64 = 3;
/// A callback that shows a message ("Receiving and Responding", *Interaction Callback Type*:
/// CHANNEL_MESSAGE_WITH_SOURCE).
const CALLBACK_MESSAGE: u64 = 4;
/// Everything that a role can permit.
pub(super) const ALL_PERMISSIONS: &str = "1125899906842623";

/// How Discord behaves, in a thousand requests each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mood {
    /// Answers of 429, for the route of the request.
    pub(super) limits: usize,
    /// Answers of 502, without an effect.
    pub(super) outages: usize,
    /// Connections that break before the request has arrived.
    pub(super) lost: usize,
    /// Connections that break after it has taken effect.
    pub(super) torn: usize,
}

/// A message of the bot's.
#[derive(Clone, Debug)]
pub(super) struct Posted {
    pub(super) body: Json,
}

/// An interaction, as far as its answer goes.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// When it was made.
    at: DateTime<Utc>,
    is_acknowledged: bool,
    /// What the person sees of the answer; `None` while there is nothing but "thinking…".
    pub(super) shown: Option<Json>,
}

/// What Discord holds.
pub(super) struct State {
    pub(super) mood: Mood,
    /// Channels in which the bot may not write (50013).
    pub(super) forbidden: BTreeSet<i64>,
    /// Channels that are archived threads at present (50083).
    pub(super) archived: BTreeSet<i64>,
    /// People who take no direct messages (50007).
    pub(super) closed: BTreeSet<i64>,
    /// People who have left the server (10007).
    pub(super) gone: BTreeSet<i64>,
    pub(super) messages: BTreeMap<(i64, i64), Posted>,
    /// How many messages were made under each nonce.
    pub(super) made: BTreeMap<String, u32>,
    /// How many of them broke after they had taken effect.
    pub(super) torn: BTreeMap<String, u32>,
    /// Both, as they were when the process began that runs now.
    pub(super) before: (BTreeMap<String, u32>, BTreeMap<String, u32>),
    /// The interactions that were made.
    pub(super) asked: BTreeMap<i64, Asked>,
    began: DateTime<Utc>,
    pub(super) requests: usize,
    /// How often each kind of trouble was met.
    pub(super) drawn: BTreeMap<&'static str, usize>,
    nonces: BTreeMap<String, (DateTime<Utc>, i64)>,
    next_id: i64,
    chance: Chance,
    clock: Clock,
    has_power: Arc<dyn Fn() -> bool + Send + Sync>,
    trace: DefaultHasher,
}

/// The simulated Discord. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub(super) struct Discord(Arc<Mutex<State>>);

/// What becomes of a request.
enum Fate {
    Answer(u16, Json),
    Limited(f64),
    /// Nothing is heard of it.
    Silence,
}

impl Discord {
    pub(super) fn new(seed: u64, clock: Clock) -> Self {
        Self(Arc::new(Mutex::new(State {
            mood: Mood::default(),
            forbidden: BTreeSet::new(),
            archived: BTreeSet::new(),
            closed: BTreeSet::new(),
            gone: BTreeSet::new(),
            messages: BTreeMap::new(),
            made: BTreeMap::new(),
            torn: BTreeMap::new(),
            before: Default::default(),
            asked: BTreeMap::new(),
            began: clock.now(),
            requests: 0,
            drawn: BTreeMap::new(),
            nonces: BTreeMap::new(),
            next_id: FIRST_ID,
            chance: Chance::new(seed ^ 0xD15C),
            clock,
            has_power: Arc::new(|| true),
            trace: DefaultHasher::new(),
        })))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks this from now on whether the machine that the bot runs on has power.
    pub(super) fn ask_for_power(&self, has_power: impl Fn() -> bool + Send + Sync + 'static) {
        self.state().has_power = Arc::new(has_power);
    }

    /// What the bot's requests go to in place of sockets.
    pub(super) fn carrier(&self) -> Carrier {
        let discord = self.clone();
        Arc::new(move |request| {
            let discord = discord.clone();
            Box::pin(async move { discord.answer(request).await }) as Carry
        })
    }

    async fn answer(&self, request: Carried) -> Option<(u16, Vec<(String, String)>, Vec<u8>)> {
        let (there, back) = {
            let mut state = self.state();
            state.requests += 1;
            (state.chance.below(80), state.chance.below(200))
        };
        tokio::time::sleep(Duration::from_millis(there as u64)).await;
        let (fate, date) = {
            let mut state = self.state();
            (state.decide(&request), state.now().to_rfc2822())
        };
        // RFC 9110, 6.6.1.
        let date = ("date".to_owned(), date);
        tokio::time::sleep(Duration::from_millis(back as u64)).await;
        match fate {
            Fate::Silence => None,
            Fate::Answer(status, body) => Some((status, vec![date], body.to_string().into_bytes())),
            Fate::Limited(retry_after) => {
                let body = json!({
                    "message": "You are being rate limited.", "retry_after": retry_after, "global": false,
                });
                let headers = vec![("x-ratelimit-scope".into(), "user".into()), date];
                Some((429, headers, body.to_string().into_bytes()))
            }
        }
    }

    /// A number for all that was asked and answered.
    pub(super) fn fingerprint(&self) -> u64 {
        self.state().trace.finish()
    }
}

impl State {
    /// The right time, however the bot's clock was set.
    pub(super) fn now(&self) -> DateTime<Utc> {
        self.began + TimeDelta::from_std(self.clock.elapsed()).unwrap_or_default()
    }

    /// A process begins.
    pub(super) fn begin_life(&mut self) {
        self.before = (self.made.clone(), self.torn.clone());
    }

    /// Somebody makes an interaction.
    pub(super) fn ask(&mut self, interaction: i64) {
        let asked = Asked {
            at: self.now(),
            is_acknowledged: false,
            shown: None,
        };
        self.asked.insert(interaction, asked);
    }

    fn decide(&mut self, request: &Carried) -> Fate {
        let fate = self.fate(request);
        let at = self.now().timestamp_millis();
        let mut body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
        if let Some(fields) = body.as_object_mut() {
            // It has the incarnation of the database in it, which is random in every run.
            fields.remove("nonce");
        }
        let asked = (at, &request.method, &request.path, body.to_string());
        asked.hash(&mut self.trace);
        if let Fate::Answer(status, body) = &fate {
            (status, body.to_string()).hash(&mut self.trace);
        }
        fate
    }

    fn fate(&mut self, request: &Carried) -> Fate {
        if !(self.has_power)() {
            return Fate::Silence;
        }
        let (mood, dice) = (self.mood, self.chance.below(1_000));
        let limits = mood.limits;
        let outages = limits + mood.outages;
        let lost = outages + mood.lost;
        let torn = lost + mood.torn;
        match dice {
            dice if dice < limits => {
                self.draw("429");
                let tenths = 1 + self.chance.below(40);
                Fate::Limited(tenths as f64 / 10.0)
            }
            dice if dice < outages => {
                self.draw("502");
                Fate::Answer(502, json!({"message": "502: Bad Gateway"}))
            }
            dice if dice < lost => {
                self.draw("request lost");
                Fate::Silence
            }
            dice if dice < torn => {
                self.draw("answer lost");
                self.serve(request);
                let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
                if let Some(nonce) = body["nonce"].as_str() {
                    *self.torn.entry(nonce.to_owned()).or_default() += 1;
                }
                Fate::Silence
            }
            _ => {
                let (status, body) = self.serve(request);
                Fate::Answer(status, body)
            }
        }
    }

    fn draw(&mut self, what: &'static str) {
        *self.drawn.entry(what).or_default() += 1;
    }

    /// What a request does.
    fn serve(&mut self, request: &Carried) -> (u16, Json) {
        let path = request.path.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        let body: Json = serde_json::from_slice(&request.body).unwrap_or_default();
        let id = |text: &str| text.parse::<i64>().unwrap_or_default();
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["applications", "@me"]) => (200, json!({"id": APPLICATION.to_string()})),
            ("POST", ["users", "@me", "channels"]) => {
                let user = body["recipient_id"].as_str().map_or(0, id);
                (
                    200,
                    json!({"id": conversation(user).to_string(), "type": 1}),
                )
            }
            ("POST", ["channels", channel, "messages"]) => self.post(id(channel), body),
            ("PATCH", ["channels", channel, "messages", message]) => {
                self.edit((id(channel), id(message)), body)
            }
            ("DELETE", ["channels", channel, "messages", message]) => {
                self.delete((id(channel), id(message)))
            }
            ("PATCH", ["channels", channel]) => {
                if body["archived"] == json!(false) {
                    self.archived.remove(&id(channel));
                }
                (200, channel_object(id(channel)))
            }
            ("GET", ["channels", channel]) => (200, channel_object(id(channel))),
            ("GET", ["guilds", _, "channels"]) => {
                (200, CHANNELS.map(channel_object).into_iter().collect())
            }
            ("GET", ["guilds", _, "members", user]) if self.gone.contains(&id(user)) => {
                self.draw("member gone");
                refusal(404, 10_007, "Unknown Member")
            }
            ("GET", ["guilds", _, "members", _]) => (200, json!({"roles": []})),
            ("GET", ["gateway", "bot"]) => {
                let limit = json!({"total": 1_000, "remaining": 1_000, "reset_after": 0, "max_concurrency": 1});
                let url = "wss://simulated";
                (
                    200,
                    json!({"url": url, "shards": 1, "session_start_limit": limit}),
                )
            }
            ("GET", ["applications", _, "guilds", _, "commands"]) => (200, json!([])),
            ("POST", ["interactions", interaction, _, "callback"]) => {
                self.call_back(id(interaction), body)
            }
            ("PATCH", ["webhooks", _, token, "messages", "@original"]) => {
                self.answer_later(id(token), body)
            }
            ("GET", ["guilds", guild]) => {
                let everyone = json!({"id": guild, "permissions": ALL_PERMISSIONS});
                (
                    200,
                    json!({"id": guild, "owner_id": "1", "roles": [everyone]}),
                )
            }
            _ => refusal(404, 0, "404: Not Found"),
        }
    }

    fn call_back(&mut self, interaction: i64, body: Json) -> (u16, Json) {
        let now = self.now();
        let Some(asked) = self.asked.get_mut(&interaction) else {
            return refusal(404, 10_062, "Unknown interaction");
        };
        if asked.is_acknowledged {
            self.draw("interaction acknowledged before");
            return refusal(400, 40_060, "Interaction has already been acknowledged.");
        }
        if now - asked.at > TimeDelta::seconds(ACKNOWLEDGED_WITHIN_S) {
            self.draw("interaction answered too late");
            return refusal(404, 10_062, "Unknown interaction");
        }
        asked.is_acknowledged = true;
        if body["type"] == json!(CALLBACK_MESSAGE) {
            asked.shown = Some(body["data"].clone());
        }
        (204, Json::Null)
    }

    fn answer_later(&mut self, interaction: i64, body: Json) -> (u16, Json) {
        match self.asked.get_mut(&interaction) {
            Some(asked) if asked.is_acknowledged => {
                asked.shown = Some(body.clone());
                self.draw("interaction answered later");
                (200, message_object(interaction, &body))
            }
            _ => refusal(404, 10_015, "Unknown Webhook"),
        }
    }

    fn post(&mut self, channel: i64, body: Json) -> (u16, Json) {
        if let Some(refused) = self.refused(channel) {
            return refused;
        }
        let now = self.now();
        let nonce = body["nonce"].as_str().map(str::to_owned);
        if let Some(nonce) = &nonce {
            let since = now - TimeDelta::minutes(NONCES_KEPT_MIN);
            if let Some((at, message)) = self.nonces.get(nonce)
                && *at >= since
            {
                let object = message_object(*message, &body);
                self.draw("message repeated");
                return (200, object);
            }
        }
        self.next_id += 1;
        let message = self.next_id;
        if let Some(nonce) = nonce {
            *self.made.entry(nonce.clone()).or_default() += 1;
            self.nonces.insert(nonce, (now, message));
        }
        let object = message_object(message, &body);
        self.messages.insert((channel, message), Posted { body });
        (200, object)
    }

    fn edit(&mut self, at: (i64, i64), body: Json) -> (u16, Json) {
        if let Some(refused) = self.refused(at.0) {
            return refused;
        }
        match self.messages.get_mut(&at) {
            Some(posted) => {
                let object = message_object(at.1, &body);
                posted.body = body;
                (200, object)
            }
            None => refusal(404, 10_008, "Unknown Message"),
        }
    }

    fn delete(&mut self, at: (i64, i64)) -> (u16, Json) {
        if let Some(refused) = self.refused(at.0) {
            return refused;
        }
        match self.messages.remove(&at) {
            Some(_) => (204, Json::Null),
            None => refusal(404, 10_008, "Unknown Message"),
        }
    }

    /// Why nothing can be done to messages in a channel.
    fn refused(&mut self, channel: i64) -> Option<(u16, Json)> {
        if self
            .closed
            .iter()
            .any(|user| conversation(*user) == channel)
        {
            self.draw("direct messages closed");
            return Some(refusal(403, 50_007, "Cannot send messages to this user"));
        }
        if self.forbidden.contains(&channel) {
            self.draw("permission missing");
            return Some(refusal(403, 50_013, "Missing Permissions"));
        }
        if self.archived.contains(&channel) {
            self.draw("thread archived");
            return Some(refusal(400, 50_083, "Thread is archived"));
        }
        None
    }
}

fn conversation(user: i64) -> i64 {
    500_000 + user
}

fn channel_object(channel: i64) -> Json {
    json!({"id": channel.to_string(), "type": 0, "permission_overwrites": []})
}

fn message_object(message: i64, body: &Json) -> Json {
    json!({"id": message.to_string(), "embeds": body["embeds"]})
}

fn refusal(status: u16, code: u64, message: &str) -> (u16, Json) {
    (status, json!({"code": code, "message": message}))
}
