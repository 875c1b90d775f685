//! Channels and their messages, with the bot's own token.
//!
//! Invariant: a bot that may not see a channel learns nothing about it (50001), one that may
//! not write there is told so (50013), and ephemeral messages are not there for these routes.

use super::{
    super::{
        messages::{self, COMPONENTS_V2, Message},
        objects,
        rules::{self, Problems},
        state::{Hub, State},
        world::{ChannelKind, permissions},
    },
    Answer, Call,
    errors::{self, Refusal},
    threads,
};
use serde_json::{Value, json};

type Result<T = Answer> = std::result::Result<T, Refusal>;

/// How long the nonce of a message counts, in seconds.
const NONCE_S: i64 = 300;
/// Messages in one page.
const PAGE_MAX: usize = 100;
const PAGE: usize = 50;

/// `POST /users/@me/channels`
pub(super) fn open_dm(hub: &Hub, call: &mut Call) -> Result {
    let recipient = &call.body["recipient_id"];
    let mut problems = Problems::default();
    if recipient.is_null() {
        problems.required("recipient_id");
    }
    problems.snowflake("recipient_id", recipient);
    Refusal::check(problems)?;
    let person = objects::read_id(recipient).unwrap_or(0);
    let mut state = hub.state();
    let person = state
        .world
        .person(person)
        .cloned()
        .ok_or(errors::UNKNOWN_USER)?;
    let channel = state.open_dm(person.id, hub.clock.now());
    Ok(Answer::Json(objects::dm_channel(channel, &person)))
}

/// `GET /channels/{channel_id}`
pub(super) fn channel(hub: &Hub, call: &mut Call) -> Result {
    let state = hub.state();
    let id = call.id("channel_id");
    visible(&state, id)?;
    let channel = state
        .world
        .channel(id)
        .map(|(guild, one)| objects::channel(guild, one));
    let person = state
        .dm_person(id)
        .and_then(|person| state.world.person(person));
    let dm = person.map(|person| objects::dm_channel(id, person));
    channel
        .or(dm)
        .map(Answer::Json)
        .ok_or(errors::UNKNOWN_CHANNEL)
}

/// `GET /channels/{channel_id}/messages`: the latest first.
pub(super) fn list(hub: &Hub, call: &mut Call) -> Result {
    let state = hub.state();
    let channel = call.id("channel_id");
    readable(&state, channel)?;
    if !reads_history(&state, channel) {
        return Ok(Answer::Json(json!([])));
    }
    let number = |name: &str| {
        call.query
            .get(name)
            .and_then(|text| text.parse::<u64>().ok())
    };
    let limit = number("limit").and_then(|limit| usize::try_from(limit).ok());
    let (before, after) = (
        number("before").unwrap_or(u64::MAX),
        number("after").unwrap_or(0),
    );
    let wanted = |message: &&Message| {
        let id = objects::read_id(&message.json["id"]).unwrap_or(0);
        message.only_for.is_none() && after < id && id < before
    };
    let messages = state.messages.of(channel).rev().filter(wanted);
    let page = messages.take(limit.unwrap_or(PAGE).min(PAGE_MAX));
    Ok(Answer::Json(
        page.map(|message| message.json.clone()).collect(),
    ))
}

/// `POST /channels/{channel_id}/messages`
pub(super) fn create(hub: &Hub, call: &mut Call) -> Result {
    let channel = call.id("channel_id");
    let mut state = hub.state();
    writable(&state, channel)?;
    Refusal::check(rules::check_message(&call.body, false))?;
    drop_embeds(&state, channel, &mut call.body);
    let now = hub.clock.now();
    if let Some(same) = same_nonce(&state, &call.body, now) {
        return Ok(Answer::Json(same));
    }
    let files = call.take_files("");
    let attachments = state.attach(files, now);
    let id = state.next_id(now);
    let mut message = messages::compose(&call.body, id, channel, 0, attachments, now);
    if messages::is_empty(&message) {
        return Err(errors::EMPTY_MESSAGE);
    }
    ping(&state, &mut message, &call.body);
    threads::written_in(&mut state, channel, now);
    if !call.body["nonce"].is_null() {
        let nonce = &call.body["nonce"];
        state.messages.keep_nonce(nonce, channel, id);
    }
    post(
        &mut state,
        channel,
        id,
        Message {
            json: message.clone(),
            only_for: None,
        },
    );
    Ok(Answer::Json(message))
}

/// `GET /channels/{channel_id}/messages/{message_id}`
pub(super) fn get(hub: &Hub, call: &mut Call) -> Result {
    let state = hub.state();
    let (channel, message) = (call.id("channel_id"), call.id("message_id"));
    readable(&state, channel)?;
    if !reads_history(&state, channel) {
        return Err(errors::MISSING_PERMISSIONS);
    }
    let found = state
        .messages
        .get(channel, message)
        .filter(|one| one.only_for.is_none());
    let found = found.ok_or(errors::UNKNOWN_MESSAGE)?;
    Ok(Answer::Json(found.json.clone()))
}

/// `PATCH /channels/{channel_id}/messages/{message_id}`
pub(super) fn edit(hub: &Hub, call: &mut Call) -> Result {
    let (channel, message) = (call.id("channel_id"), call.id("message_id"));
    let mut state = hub.state();
    readable(&state, channel)?;
    let found = state
        .messages
        .get(channel, message)
        .filter(|one| one.only_for.is_none());
    found.ok_or(errors::UNKNOWN_MESSAGE)?;
    threads::changeable(&state, channel)?;
    drop_embeds(&state, channel, &mut call.body);
    revise(hub, &mut state, call, channel, message).map(Answer::Json)
}

/// `DELETE /channels/{channel_id}/messages/{message_id}`
pub(super) fn delete(hub: &Hub, call: &mut Call) -> Result {
    let (channel, message) = (call.id("channel_id"), call.id("message_id"));
    let mut state = hub.state();
    readable(&state, channel)?;
    let found = state
        .messages
        .get(channel, message)
        .filter(|one| one.only_for.is_none());
    found.ok_or(errors::UNKNOWN_MESSAGE)?;
    threads::changeable(&state, channel)?;
    remove(&mut state, channel, message);
    Ok(Answer::Empty)
}

/// Puts a message into its channel and tells those who look.
pub(super) fn post(state: &mut State, channel: u64, id: u64, message: Message) {
    let (owner, shown) = (message.only_for, message.json.clone());
    state.messages.insert(channel, id, message);
    state.announce("message_created", channel, owner, shown);
}

/// Applies the body of a call to a message that is there.
pub(super) fn revise(
    hub: &Hub,
    state: &mut State,
    call: &mut Call,
    channel: u64,
    message: u64,
) -> Result<Value> {
    let old = state
        .messages
        .get(channel, message)
        .ok_or(errors::UNKNOWN_MESSAGE)?;
    let owner = old.only_for;
    let mut revised = old.json.clone();
    let was_v2 = revised["flags"].as_u64().unwrap_or(0) & COMPONENTS_V2 != 0;
    Refusal::check(rules::check_message(&call.body, was_v2))?;
    let now = hub.clock.now();
    let files = call.take_files("");
    let attachments = state.attach(files, now);
    messages::revise(&mut revised, &call.body, attachments, now);
    if messages::is_empty(&revised) {
        return Err(errors::EMPTY_MESSAGE);
    }
    if call.body.get("content").is_some() {
        ping(state, &mut revised, &call.body);
    }
    if let Some(stored) = state.messages.get_mut(channel, message) {
        stored.json = revised.clone();
    }
    state.announce("message_updated", channel, owner, revised.clone());
    Ok(revised)
}

/// Takes a message away.
pub(in crate::playground) fn remove(state: &mut State, channel: u64, message: u64) -> bool {
    let Some(gone) = state.messages.remove(channel, message) else {
        return false;
    };
    let detail = json!({"id": objects::id(message)});
    state.announce("message_deleted", channel, gone.only_for, detail);
    true
}

/// Writes into a message whom it mentions.
pub(super) fn ping(state: &State, message: &mut Value, body: &Value) {
    let (people, roles, everyone) = messages::pinged(body);
    let people = people.into_iter().filter_map(|id| state.world.person(id));
    message["mentions"] = people.map(objects::user).collect();
    message["mention_roles"] = roles.into_iter().map(objects::id).collect();
    message["mention_everyone"] = json!(everyone);
}

pub(super) fn visible(state: &State, channel: u64) -> Result<()> {
    if state.world.channel(channel).is_none() && state.dm_person(channel).is_none() {
        return Err(errors::UNKNOWN_CHANNEL);
    }
    // Of a guild that it was removed from a bot sees no channel either.
    if state.bot_permissions(channel) & permissions::VIEW_CHANNEL == 0 {
        return Err(errors::MISSING_ACCESS);
    }
    Ok(())
}

/// As [`visible`], of a channel whose messages are meant: those of a channel for voice take *Connect*
/// besides ("Messages Resource", Get Channel Messages; discord/discord-api-docs, pull request 5111).
pub(super) fn readable(state: &State, channel: u64) -> Result<()> {
    visible(state, channel)?;
    let place = state.world.channel(channel);
    let is_voice = place.is_some_and(|(_, one)| one.kind != ChannelKind::Text);
    if is_voice && state.bot_permissions(channel) & permissions::CONNECT == 0 {
        return Err(errors::MISSING_ACCESS);
    }
    Ok(())
}

/// "Messages Resource": without *Read Message History* Get Channel Messages gives none, and Get Channel
/// Message is refused.
fn reads_history(state: &State, channel: u64) -> bool {
    state.bot_permissions(channel) & permissions::READ_MESSAGE_HISTORY != 0
}

/// Without *Embed Links* a bot's embeds are dropped in silence, on an edit too; what has nothing else is
/// an empty message then (50006): discord/discord-api-docs, issues 2601 and 5648.
fn drop_embeds(state: &State, channel: u64, body: &mut Value) {
    let is_guild = state.world.channel(channel).is_some();
    let may = state.bot_permissions(channel) & permissions::EMBED_LINKS != 0;
    if is_guild && !may && !body["embeds"].is_null() {
        body["embeds"] = json!([]);
    }
}

fn writable(state: &State, channel: u64) -> Result<()> {
    readable(state, channel)?;
    if let Some(person) = state.dm_person(channel) {
        // "Opcodes and Status Codes", *JSON Error Codes*: 50278 where there is no common guild.
        if !state.shares_guild(person) {
            return Err(errors::NO_MUTUAL_GUILD);
        }
        let closed = state.faults.dms_closed.contains(&person);
        return if closed {
            Err(errors::CANNOT_DM)
        } else {
            Ok(())
        };
    }
    let thread = state
        .world
        .channel(channel)
        .and_then(|(_, one)| one.thread.as_ref());
    let (needed, locked) = match thread {
        Some(thread) => (permissions::SEND_MESSAGES_IN_THREADS, thread.locked),
        None => (permissions::SEND_MESSAGES, false),
    };
    let bits = state.bot_permissions(channel);
    if bits & needed == 0 || (locked && bits & permissions::MANAGE_THREADS == 0) {
        return Err(errors::MISSING_PERMISSIONS);
    }
    Ok(())
}

/// The message that an enforced nonce already made, in whatever channel: "Message", Create Message,
/// compares it with all recent messages of the same author.
fn same_nonce(state: &State, body: &Value, now: chrono::DateTime<chrono::Utc>) -> Option<Value> {
    if body["enforce_nonce"] != true || body["nonce"].is_null() {
        return None;
    }
    let fresh = |message: &&Message| {
        let at = message.json["timestamp"]
            .as_str()
            .and_then(|text| text.parse().ok());
        at.is_some_and(|at: chrono::DateTime<chrono::Utc>| (now - at).num_seconds() < NONCE_S)
    };
    let message = state.messages.of_nonce(&body["nonce"]).filter(fresh)?;
    Some(message.json.clone())
}
