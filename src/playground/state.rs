//! What the embedded Discord remembers, behind one lock.
//!
//! May touch: nothing outside. Invariant: every collection is bounded by a named limit, and
//! every change a person could see raises the revision of its channel.

mod faults;
mod interaction;

use super::{
    Settings,
    endpoint::Endpoint,
    guard::Guard,
    limits::{Limits, changes::Changes, holds::Holds},
    messages::{Messages, Upload},
    objects, passing,
    rest::is_alive,
    sessions::{INTENT_DIRECT_MESSAGES, INTENT_GUILD_MESSAGES, Sessions},
    starts::Starts,
    told::{self, Told},
    traffic::Counters,
    world::{Guild, World, permissions},
};
use crate::clock::Clock;
use axum::body::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    hash::{BuildHasher, RandomState},
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(super) use faults::{Faults, Planned429, PlannedFault, Quoted};
pub(super) use interaction::{Interaction, Kind, Modal, Progress};

/// The first millisecond of Discord's time, in Unix milliseconds.
const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;
/// Interactions that are remembered; the oldest is forgotten first.
const INTERACTIONS_MAX: usize = 10_000;
/// Requests in the log of `GET /client/requests`.
const REQUESTS_MAX: usize = 20_000;
/// Response bodies that are kept for `GET /client/requests?responses=true`, the latest ones.
const RESPONSES_MAX: usize = 4_000;
/// [`super::APPLICATION_ID`] in base64.
const TOKEN_START: &str = "MTA5OTUxMTYyNzc3NjAwMDAwMA";
/// News a slow reader of `GET /client/events` may lag behind.
const NEWS_MAX: usize = 1_024;

/// All that the faces of the server share.
#[derive(Debug)]
pub(super) struct Hub {
    state: Mutex<State>,
    pub(super) address: SocketAddr,
    pub(super) guard: Guard,
    pub(super) token: String,
    /// Somebody has reset the token, so that it is none any more.
    pub(super) is_token_reset: AtomicBool,
    pub(super) clock: Clock,
    pub(super) shards: u32,
    pub(super) stopping: CancellationToken,
    pub(super) traffic: Arc<Counters>,
    started: Instant,
}

impl Hub {
    /// How long it has been running, in milliseconds.
    pub(super) fn running_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) fn new(address: SocketAddr, guard: Guard, settings: Settings) -> Self {
        Self {
            state: Mutex::new(State::new(
                settings.world,
                format!("http://{address}"),
                settings.shards,
                settings.clock.clone(),
            )),
            address,
            guard,
            token: settings.token,
            is_token_reset: AtomicBool::new(false),
            clock: settings.clock,
            shards: settings.shards.max(1),
            stopping: CancellationToken::new(),
            traffic: Arc::default(),
            started: Instant::now(),
        }
    }

    /// Whether this is the bot's token: as it was set, or in the form of Discord's own, which begin with
    /// the application's id in base64 and a dot.
    pub(super) fn accepts(&self, token: &str) -> bool {
        let bare = token
            .strip_prefix(TOKEN_START)
            .and_then(|rest| rest.strip_prefix('.'));
        let is_reset = self.is_token_reset.load(Ordering::Relaxed);
        !is_reset && bare.unwrap_or(token) == self.token
    }

    /// The state as of now; hold it shortly and never over an `await`.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        passing::pass_time(&mut state, self.clock.now());
        state
    }
}

/// What is behind the lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) world: World,
    clock: Clock,
    /// Where files are to be fetched, `http://127.0.0.1:PORT`.
    pub(super) url: String,
    pub(super) messages: Messages,
    /// Direct-message channels by person.
    pub(super) dms: HashMap<u64, u64>,
    /// Scheduled events by id, as Discord shows them; also those that are over.
    pub(super) events: BTreeMap<u64, Value>,
    /// Before then nothing happens by itself; `None`: nothing ever does.
    pub(super) next_turn: Option<DateTime<Utc>>,
    /// Guilds that the bot was removed from.
    pub(super) left: HashSet<u64>,
    /// Commands by guild; `None` are the global ones.
    pub(super) commands: HashMap<Option<u64>, Vec<Value>>,
    pub(super) interactions: BTreeMap<u64, Interaction>,
    /// Interactions by token.
    pub(super) tokens: HashMap<String, u64>,
    /// The modal each person looks at.
    pub(super) modals: HashMap<u64, Modal>,
    pub(super) sessions: Sessions,
    /// What the sessions were told of channels and events.
    pub(super) told: Told,
    pub(super) starts: Starts,
    pub(super) endpoint: Endpoint,
    pub(super) limits: Limits,
    pub(super) changes: Changes,
    /// The 429s that were answered, and who did not obey them.
    pub(super) holds: Holds,
    pub(super) faults: Faults,
    pub(super) requests: VecDeque<Value>,
    /// Bodies of the latest responses, by the number of their request.
    pub(super) responses: BTreeMap<u64, Bytes>,
    requests_made: u64,
    last_id: u64,
    revision: u64,
    channel_revisions: HashMap<u64, u64>,
    /// Ticks with every change that somebody may wait for.
    pub(super) changed: watch::Sender<u64>,
    /// What the web page is told, as it happens.
    pub(super) news: broadcast::Sender<Value>,
}

/// 32 bytes that are different each time. They guard nothing but a game.
fn seed() -> [u8; 32] {
    let part = |n: u64| RandomState::new().hash_one(n).to_le_bytes();
    let bytes = [part(0), part(1), part(2), part(3)].concat();
    bytes.try_into().expect("four times eight bytes")
}

impl State {
    fn new(world: World, url: String, shards: u32, clock: Clock) -> Self {
        Self {
            world,
            clock,
            url,
            messages: Messages::default(),
            dms: HashMap::new(),
            events: BTreeMap::new(),
            next_turn: None,
            left: HashSet::new(),
            commands: HashMap::new(),
            interactions: BTreeMap::new(),
            tokens: HashMap::new(),
            modals: HashMap::new(),
            sessions: Sessions::default(),
            told: Told::default(),
            starts: Starts::new(shards),
            endpoint: Endpoint::new(seed()),
            limits: Limits::default(),
            changes: Changes::default(),
            holds: Holds::default(),
            faults: Faults::default(),
            requests: VecDeque::new(),
            responses: BTreeMap::new(),
            requests_made: 0,
            last_id: 0,
            revision: 0,
            channel_revisions: HashMap::new(),
            changed: watch::Sender::new(0),
            news: broadcast::Sender::new(NEWS_MAX),
        }
    }

    /// A new snowflake: later than every one before, also while the clock stands still.
    pub(super) fn next_id(&mut self, now: DateTime<Utc>) -> u64 {
        let since = now.timestamp_millis().saturating_sub(DISCORD_EPOCH_MS);
        let base = u64::try_from(since).unwrap_or(0) << 22;
        self.last_id = base.max(self.last_id + 1);
        self.last_id
    }

    /// When a snowflake was made.
    pub(super) fn made_at(id: u64) -> DateTime<Utc> {
        let since = i64::try_from(id >> 22).unwrap_or(0);
        DateTime::from_timestamp_millis(since + DISCORD_EPOCH_MS).unwrap_or_default()
    }

    /// A secret that nobody guesses by accident.
    pub(super) fn next_secret(&mut self, id: u64) -> String {
        let salt = RandomState::new().hash_one(id);
        format!("aW50ZXJhY3Rpb24{salt:016x}{id:x}")
    }

    /// Says that something changed that is not in a channel (commands, sessions, the log).
    pub(super) fn touch(&mut self) {
        self.revision += 1;
        self.changed.send_replace(self.revision);
    }

    /// Says what changed in a channel, to those who wait and to the web page.
    pub(super) fn announce(&mut self, kind: &str, channel: u64, owner: Option<u64>, detail: Value) {
        self.touch();
        self.channel_revisions.insert(channel, self.revision);
        if owner.is_none() {
            self.tell_bot(kind, channel, &detail);
        }
        if self.news.receiver_count() == 0 {
            return;
        }
        // Whoever listened may be gone by now.
        let _ = self.news.send(json!({
            "type": kind, "channel": objects::id(channel), "only_for": owner.map(objects::id),
            "revision": self.revision, "detail": detail,
        }));
    }

    /// Sends the gateway event of a change that is not for one person alone.
    fn tell_bot(&mut self, kind: &str, channel: u64, detail: &Value) {
        let event = match kind {
            "message_created" => "MESSAGE_CREATE",
            "message_updated" => "MESSAGE_UPDATE",
            "message_deleted" => "MESSAGE_DELETE",
            _ => return,
        };
        let guild = self.world.channel(channel).map(|(guild, _)| guild.id);
        let mut data = detail.clone();
        data["channel_id"] = objects::id(channel);
        if let Some(guild) = guild {
            data["guild_id"] = objects::id(guild);
        }
        let intent = if guild.is_some() {
            INTENT_GUILD_MESSAGES
        } else {
            INTENT_DIRECT_MESSAGES
        };
        self.sessions.dispatch(guild, intent, event, &data);
    }

    /// The scheduled events of a guild, in the order of their making.
    pub(super) fn events_of(&self, guild: u64) -> impl Iterator<Item = &Value> {
        let here = move |event: &&Value| objects::read_id(&event["guild_id"]) == Some(guild);
        self.events.values().filter(here)
    }

    /// A guild as GUILD_CREATE brings it.
    pub(super) fn guild_create(&self, guild: &Guild) -> Value {
        let events = self.events_of(guild.id).filter(|event| is_alive(event));
        objects::guild_create(guild, events.cloned().collect())
    }

    /// Says that threads or events are others now.
    pub(super) fn surroundings_changed(&mut self) {
        told::tell_changes(self);
        self.touch();
        // Nobody listening is no mistake.
        let _ = self.news.send(json!({
            "type": "world_changed", "channel": null, "only_for": null,
            "revision": self.revision, "detail": null,
        }));
    }

    /// Says that something happens by itself at `at`, if it does.
    pub(super) fn turns_at(&mut self, at: Option<DateTime<Utc>>) {
        self.next_turn = self.next_turn.into_iter().chain(at).min();
    }

    /// The revision of the last change in a channel, 0 before any.
    pub(super) fn revision(&self, channel: u64) -> u64 {
        self.channel_revisions.get(&channel).copied().unwrap_or(0)
    }

    /// Writes a request and the body of its response into the log.
    pub(super) fn log(&mut self, mut entry: Value, response: Bytes) {
        self.requests_made += 1;
        entry["n"] = json!(self.requests_made);
        self.requests.push_back(entry);
        if self.requests.len() > REQUESTS_MAX {
            self.requests.pop_front();
        }
        self.responses.insert(self.requests_made, response);
        if self.responses.len() > RESPONSES_MAX {
            self.responses.pop_first();
        }
        self.touch();
    }

    /// Remembers an interaction, and forgets the oldest if there are too many.
    pub(super) fn remember(&mut self, interaction: Interaction) {
        self.tokens
            .insert(interaction.token.clone(), interaction.id);
        self.interactions.insert(interaction.id, interaction);
        if self.interactions.len() > INTERACTIONS_MAX
            && let Some((_, oldest)) = self.interactions.pop_first()
        {
            self.tokens.remove(&oldest.token);
        }
    }

    /// The direct-message channel with this person, opened if there was none.
    pub(super) fn open_dm(&mut self, person: u64, now: DateTime<Utc>) -> u64 {
        if let Some(channel) = self.dms.get(&person) {
            return *channel;
        }
        let channel = self.next_id(now);
        self.dms.insert(person, channel);
        channel
    }

    /// The person of a direct-message channel.
    pub(super) fn dm_person(&self, channel: u64) -> Option<u64> {
        self.dms
            .iter()
            .find(|(_, dm)| **dm == channel)
            .map(|(person, _)| *person)
    }

    /// What a person may do in a guild; `None` for those who are not in it.
    pub(super) fn permissions(&self, guild: u64, person: u64) -> Option<u64> {
        let guild = self.world.guild(guild)?;
        let member = guild.member(person)?;
        let set = self.faults.permissions.get(&(guild.id, person)).copied();
        Some(set.unwrap_or_else(|| guild.permissions(member, self.clock.now())))
    }

    /// What a person may do in a channel of a guild, after its overwrites; `None` for those who are
    /// not in the guild.
    pub(super) fn permissions_in(&self, channel: u64, person: u64) -> Option<u64> {
        let (guild, channel) = self.world.channel(channel)?;
        let base = self.permissions(guild.id, person)?;
        let member = guild.member(person)?;
        Some(guild.permissions_in(channel, member, base, self.clock.now()))
    }

    /// Whether a person can open a channel: it is one of their guilds' and not hidden from them.
    pub(super) fn views(&self, channel: u64, person: u64) -> bool {
        let bits = self.permissions_in(channel, person).unwrap_or(0);
        bits & permissions::VIEW_CHANNEL != 0
    }

    /// What the bot may do in a channel, in a thread as in the channel around it, or in a guild.
    /// Nothing where it was removed.
    pub(super) fn bot_permissions(&self, place: u64) -> u64 {
        let now = self.clock.now();
        let channel = self.world.channel(place);
        if self
            .left
            .contains(&channel.map_or(place, |(guild, _)| guild.id))
        {
            return 0;
        }
        let (place, bits) = if let Some((guild, channel)) = channel {
            let (bot, thread) = (guild.bot(), channel.thread.as_ref());
            let base = guild.permissions(&bot, now);
            let bits = guild.permissions_in(channel, &bot, base, now);
            (thread.map_or(place, |thread| thread.parent), bits)
        } else if let Some(guild) = self.world.guild(place) {
            (place, guild.permissions(&guild.bot(), now))
        } else {
            // Direct messages, where there is nothing to take.
            (place, permissions::EVERYONE | permissions::BOT)
        };
        bits & !self.faults.denied.get(&place).copied().unwrap_or(0)
    }

    /// Whether a person and the bot have a guild in common.
    pub(super) fn shares_guild(&self, person: u64) -> bool {
        let mut guilds = self.world.guilds.iter();
        guilds.any(|guild| guild.member(person).is_some() && !self.left.contains(&guild.id))
    }

    /// Keeps uploaded files of a message and gives their attachment objects.
    pub(super) fn attach(&mut self, files: Vec<Upload>, now: DateTime<Utc>) -> Vec<Value> {
        files
            .into_iter()
            .map(|mut file| {
                let id = self.next_id(now);
                // As Discord does it; the name becomes a part of the address.
                let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
                file.filename = file.filename.replace(|c| !plain(c), "_");
                let url = format!("{}/attachments/{id}/{}", self.url, file.filename);
                let mut attachment = json!({
                    "id": objects::id(id), "filename": file.filename, "size": file.bytes.len(),
                    "url": url, "proxy_url": url,
                });
                for (field, text) in [
                    ("content_type", &file.content_type),
                    ("description", &file.description),
                ] {
                    if let Some(text) = text {
                        attachment[field] = json!(text);
                    }
                }
                self.messages.keep_file(id, file);
                attachment
            })
            .collect()
    }
}
