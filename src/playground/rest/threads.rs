//! Threads that are started from messages, and who is in them.
//!
//! The rules are those of Discord's documentation, "Threads". Invariant: a thread has the id of its
//! message, so that a message has one thread at most (160004); in an archived one nothing changes but
//! that it comes back (50083).

use super::{
    super::{
        APPLICATION_ID, objects, passing,
        rules::Problems,
        state::{Hub, State},
        world::{Channel, ChannelKind, Thread, permissions},
    },
    Answer, Call,
    errors::{self, Refusal},
    messages::{readable, visible},
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

type Result<T = Answer> = std::result::Result<T, Refusal>;

/// Characters of a thread's name.
const NAME_MAX: usize = 100;
/// Seconds between two messages of one person at most.
const SLOW_MAX_S: u64 = 21_600;
/// The silences after which a thread can be archived, in minutes.
const ARCHIVE_AFTER_MINUTES: [u64; 4] = [60, 1_440, 4_320, 10_080];
/// The flag of a message with a thread.
const HAS_THREAD: u64 = 1 << 5;

/// `POST /channels/{channel_id}/messages/{message_id}/threads`
pub(super) fn start(hub: &Hub, call: &mut Call) -> Result {
    let (channel, message) = (call.id("channel_id"), call.id("message_id"));
    let mut state = hub.state();
    readable(&state, channel)?;
    // "Threads": they are in channels for text and for announcements. That channels for voice, stages
    // and threads are refused is reported in openclaw/openclaw, issue 20613.
    let (guild, _) = (state.world.channel(channel))
        .filter(|(_, place)| place.thread.is_none() && place.kind == ChannelKind::Text)
        .ok_or(errors::WRONG_CHANNEL_TYPE)?;
    let guild = guild.id;
    allowed(&state, channel, permissions::CREATE_PUBLIC_THREADS)?;
    let found = state.messages.get(channel, message);
    found
        .filter(|one| one.only_for.is_none())
        .ok_or(errors::UNKNOWN_MESSAGE)?;
    let archive_after_minutes = check(&call.body, true)?.unwrap_or(ARCHIVE_AFTER_MINUTES[1]);
    if state.world.channel(message).is_some() {
        return Err(errors::THREAD_EXISTS);
    }
    let now = hub.clock.now();
    let thread = Thread {
        parent: channel,
        owner: APPLICATION_ID,
        archived: false,
        locked: false,
        archive_after_minutes,
        changed_at: now,
        active_at: now,
        members: vec![APPLICATION_ID],
    };
    state.turns_at(passing::archived_at(&thread));
    let thread = Channel {
        id: message,
        kind: ChannelKind::Text,
        name: call.body["name"].as_str().unwrap_or_default().to_owned(),
        overwrites: Vec::new(),
        thread: Some(thread),
    };
    let guilds = &mut state.world.guilds;
    if let Some(guild) = guilds.iter_mut().find(|one| one.id == guild) {
        guild.channels.push(thread);
    }
    mark(&mut state, channel, message, |flags| flags | HAS_THREAD);
    state.surroundings_changed();
    shown(&state, message).map(Answer::Created)
}

/// `PATCH /channels/{channel_id}`, of threads only: the bot manages no other channels.
pub(super) fn edit(hub: &Hub, call: &mut Call) -> Result {
    let id = call.id("channel_id");
    let mut state = hub.state();
    visible(&state, id)?;
    let may_manage = allowed(&state, id, permissions::MANAGE_THREADS);
    let may_write = allowed(&state, id, permissions::SEND_MESSAGES_IN_THREADS);
    let archive_after_minutes = check(&call.body, false)?;
    let (body, now) = (&call.body, hub.clock.now());
    let (channel, _) = (state.world.thread_mut(id)).ok_or(errors::MISSING_PERMISSIONS)?;
    let Some(thread) = &mut channel.thread else {
        return Err(errors::MISSING_PERMISSIONS);
    };
    if thread.archived && body["archived"] != false {
        return Err(errors::THREAD_ARCHIVED);
    }
    // "Channels Resource", Modify Channel: to bring back what is not locked, whoever may write there is
    // enough; for all else one has to have started the thread, or manage threads.
    let only_brings_back =
        body["archived"] == false && body.as_object().is_some_and(|it| it.len() == 1);
    if body["locked"].is_boolean() || thread.locked {
        may_manage?;
    } else if only_brings_back {
        may_write?;
    } else if thread.owner != APPLICATION_ID {
        may_manage?;
    }
    if let Some(name) = body["name"].as_str() {
        channel.name = name.to_owned();
    }
    if let Some(archived) = body["archived"].as_bool() {
        set_archived(thread, archived, now);
    }
    thread.locked = body["locked"].as_bool().unwrap_or(thread.locked);
    if let Some(minutes) = archive_after_minutes {
        (thread.archive_after_minutes, thread.active_at) = (minutes, now);
    }
    let turns_at = passing::archived_at(thread);
    state.turns_at(turns_at);
    state.surroundings_changed();
    shown(&state, id).map(Answer::Json)
}

/// `GET /channels/{channel_id}/thread-members`
pub(super) fn members(hub: &Hub, call: &mut Call) -> Result {
    let id = call.id("channel_id");
    let state = hub.state();
    visible(&state, id)?;
    let (_, channel) = state.world.channel(id).ok_or(errors::UNKNOWN_CHANNEL)?;
    let thread = channel.thread.as_ref().ok_or(errors::WRONG_CHANNEL_TYPE)?;
    let members = thread.members.iter();
    let members = members.map(|user| objects::thread_member(id, *user));
    Ok(Answer::Json(members.collect()))
}

/// `PUT /channels/{channel_id}/thread-members/{user_id}`
pub(super) fn add(hub: &Hub, call: &mut Call) -> Result {
    let user = call.id("user_id");
    let mut state = hub.state();
    let (thread, guild) = open(
        &mut state,
        call.id("channel_id"),
        permissions::SEND_MESSAGES_IN_THREADS,
    )?;
    if !thread.members.contains(&user) {
        thread.members.push(user);
    }
    let member = state.world.guild(guild).and_then(|one| one.member(user));
    if member.is_none() && user != APPLICATION_ID {
        remove_member(&mut state, call.id("channel_id"), user);
        return Err(errors::UNKNOWN_MEMBER);
    }
    state.surroundings_changed();
    Ok(Answer::Empty)
}

/// `DELETE /channels/{channel_id}/thread-members/{user_id}`
pub(super) fn take_out(hub: &Hub, call: &mut Call) -> Result {
    let mut state = hub.state();
    let id = call.id("channel_id");
    open(&mut state, id, permissions::MANAGE_THREADS)?;
    remove_member(&mut state, id, call.id("user_id"));
    state.surroundings_changed();
    Ok(Answer::Empty)
}

/// Takes a thread away, as somebody with the power to do so.
pub(in crate::playground) fn remove(state: &mut State, id: u64) -> bool {
    let Some(thread) = state
        .world
        .thread_mut(id)
        .and_then(|(one, _)| one.thread.clone())
    else {
        return false;
    };
    for guild in &mut state.world.guilds {
        guild.channels.retain(|channel| channel.id != id);
    }
    mark(state, thread.parent, id, |flags| flags & !HAS_THREAD);
    state.surroundings_changed();
    true
}

/// A thread in which somebody writes comes back by itself.
pub(super) fn written_in(state: &mut State, channel: u64, now: DateTime<Utc>) {
    let thread = state.world.thread_mut(channel);
    let Some(thread) = thread.and_then(|(one, _)| one.thread.as_mut()) else {
        return;
    };
    thread.active_at = now;
    if thread.archived {
        set_archived(thread, false, now);
        let turns_at = passing::archived_at(thread);
        state.turns_at(turns_at);
        state.surroundings_changed();
    }
}

/// Archives, locks or brings back a thread, as somebody with the power to do so.
pub(in crate::playground) fn set(
    state: &mut State,
    id: u64,
    (archived, locked): (bool, bool),
    now: DateTime<Utc>,
) -> bool {
    let thread = state.world.thread_mut(id);
    let Some(thread) = thread.and_then(|(one, _)| one.thread.as_mut()) else {
        return false;
    };
    set_archived(thread, archived, now);
    thread.locked = locked;
    let turns_at = passing::archived_at(thread);
    state.turns_at(turns_at);
    state.surroundings_changed();
    true
}

fn set_archived(thread: &mut Thread, archived: bool, now: DateTime<Utc>) {
    thread.archived = archived;
    thread.changed_at = now;
    if !archived {
        thread.active_at = now;
    }
}

/// Refuses to change a message in a thread that is archived (50083), or locked for who does not manage
/// threads (50013): "Threads", sections "Active & Archived Threads" and "Locked Threads". That a message
/// is not deleted there either is reported in victornpb/undiscord, issue 399.
pub(super) fn changeable(state: &State, channel: u64) -> Result<()> {
    let channel_of = state.world.channel(channel);
    let Some(thread) = channel_of.and_then(|(_, one)| one.thread.as_ref()) else {
        return Ok(());
    };
    if thread.archived {
        return Err(errors::THREAD_ARCHIVED);
    }
    if thread.locked {
        allowed(state, channel, permissions::MANAGE_THREADS)?;
    }
    Ok(())
}

/// A thread in which things can change, and its guild.
fn open(state: &mut State, id: u64, needed: u64) -> Result<(&mut Thread, u64)> {
    visible(state, id)?;
    allowed(state, id, needed)?;
    let (channel, guild) = (state.world.thread_mut(id)).ok_or(errors::WRONG_CHANNEL_TYPE)?;
    match &mut channel.thread {
        Some(thread) if !thread.archived => Ok((thread, guild)),
        _ => Err(errors::THREAD_ARCHIVED),
    }
}

fn remove_member(state: &mut State, id: u64, user: u64) {
    let thread = state.world.thread_mut(id);
    if let Some(thread) = thread.and_then(|(one, _)| one.thread.as_mut()) {
        thread.members.retain(|one| *one != user);
    }
}

fn allowed(state: &State, place: u64, needed: u64) -> Result<()> {
    if state.bot_permissions(place) & needed == 0 {
        return Err(errors::MISSING_PERMISSIONS);
    }
    Ok(())
}

/// Checks name and silence; the silence, if it is there.
fn check(body: &Value, new: bool) -> Result<Option<u64>> {
    let mut problems = Problems::default();
    // "Channels Resource", Modify Channel: a name of 1 to 100 characters, as Start Thread from Message
    // has it; of a new one it is required.
    if new || !body["name"].is_null() {
        problems.label("name", &body["name"], 1, NAME_MAX);
    }
    let slow = &body["rate_limit_per_user"];
    problems.number("rate_limit_per_user", slow, 0, SLOW_MAX_S);
    for field in ["archived", "locked", "invitable"] {
        problems.boolean(field, &body[field]);
    }
    let minutes = problems.number(
        "auto_archive_duration",
        &body["auto_archive_duration"],
        0,
        u64::MAX,
    );
    if minutes.is_some_and(|minutes| !ARCHIVE_AFTER_MINUTES.contains(&minutes)) {
        problems.choice("auto_archive_duration", "60, 1440, 4320, 10080");
    }
    Refusal::check(problems)?;
    Ok(minutes)
}

/// Shows on a message whether it has a thread.
fn mark(state: &mut State, channel: u64, message: u64, change: impl Fn(u64) -> u64) {
    let Some(found) = state.messages.get_mut(channel, message) else {
        return;
    };
    let flags = change(found.json["flags"].as_u64().unwrap_or(0));
    found.json["flags"] = json!(flags);
    let shown = found.json.clone();
    state.announce("message_updated", channel, None, shown);
}

fn shown(state: &State, id: u64) -> Result<Value> {
    let (guild, channel) = state.world.channel(id).ok_or(errors::UNKNOWN_CHANNEL)?;
    Ok(objects::channel(guild, channel))
}
