//! What bots were told of channels, threads and scheduled events, so that they are told what changes;
//! and of members, roles and bans, which only the controls change.
//!
//! May touch: the state's sessions. Invariant: whatever changes them, each change is told once, as
//! "Gateway Events" has it, to the sessions that asked for it.

use super::{
    APPLICATION_ID, objects,
    sessions::{
        INTENT_GUILD_MEMBERS, INTENT_GUILD_MODERATION, INTENT_GUILD_SCHEDULED_EVENTS, INTENT_GUILDS,
    },
    state::State,
    world::{Channel, Member, permissions},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};

/// The channels, threads and events as they were told last.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// By id, with their guild.
    channels: BTreeMap<u64, (u64, Channel)>,
    events: BTreeMap<u64, Value>,
}

/// A change: the guild, the intents of which one is needed, the event, its data.
type Change = (u64, u64, &'static str, Value);

impl Told {
    /// Everything as it is.
    pub(super) fn now(state: &State) -> Self {
        let there = state.world.guilds.iter();
        let there = there.filter(|guild| !state.left.contains(&guild.id));
        let channels = there.flat_map(|guild| {
            let channels = guild.channels.iter();
            channels.map(|channel| (channel.id, (guild.id, channel.clone())))
        });
        Self {
            channels: channels.collect(),
            events: state.events.clone(),
        }
    }
}

/// Tells what has changed since it was told last. Nothing is worked out while nobody asked for any of it.
pub(super) fn tell_changes(state: &mut State) {
    let wanted = INTENT_GUILDS | INTENT_GUILD_MEMBERS | INTENT_GUILD_SCHEDULED_EVENTS;
    if !state.sessions.any_wants(wanted) {
        return;
    }
    let now = Told::now(state);
    // A guild that has just come back is told as a whole, by GUILD_CREATE.
    let known: HashSet<u64> = state.told.channels.values().map(|it| it.0).collect();
    let mut changes = Vec::new();
    for (id, (guild, channel)) in &now.channels {
        match state.told.channels.get(id) {
            None if !known.contains(guild) => {}
            None => changes.extend(created(state, *guild, channel)),
            Some((_, old)) if old != channel => changed(state, *guild, old, channel, &mut changes),
            Some(_) => {}
        }
    }
    let here = |guild: u64| !state.left.contains(&guild) && state.world.guild(guild).is_some();
    for (id, (guild, old)) in &state.told.channels {
        if !now.channels.contains_key(id) && here(*guild) {
            changes.extend(deleted(state, *guild, old));
        }
    }
    changes.extend(events(&state.told.events, &now.events));
    state.told = now;
    for (guild, intents, event, data) in changes {
        state.sessions.dispatch(Some(guild), intents, event, &data);
    }
}

fn shown(state: &State, guild: u64, channel: &Channel) -> Option<Value> {
    let guild = state.world.guild(guild)?;
    Some(objects::channel(guild, channel))
}

/// Channel Create, Thread Create.
fn created(state: &State, guild: u64, channel: &Channel) -> Option<Change> {
    let mut data = shown(state, guild, channel)?;
    let event = if channel.thread.is_some() {
        data["newly_created"] = json!(true);
        "THREAD_CREATE"
    } else {
        "CHANNEL_CREATE"
    };
    Some((guild, INTENT_GUILDS, event, data))
}

/// Channel Update, Thread Update, Thread Members Update.
fn changed(state: &State, guild: u64, old: &Channel, new: &Channel, changes: &mut Vec<Change>) {
    // A channel that is not there any more is rendered where it was.
    let (Some(before), Some(data)) = (shown(state, guild, old), shown(state, guild, new)) else {
        return;
    };
    let without_count = |value: &Value| {
        let mut value = value.clone();
        value["member_count"] = Value::Null;
        value
    };
    if without_count(&before) != without_count(&data) {
        let event = match new.thread {
            Some(_) => "THREAD_UPDATE",
            None => "CHANNEL_UPDATE",
        };
        changes.push((guild, INTENT_GUILDS, event, data));
    }
    if let (Some(old), Some(thread)) = (&old.thread, &new.thread) {
        changes.extend(members(guild, new.id, &old.members, &thread.members));
    }
}

/// Thread Members Update: without the intent for members it is sent only if the bot itself came or went.
fn members(guild: u64, thread: u64, old: &[u64], new: &[u64]) -> Option<Change> {
    let added: Vec<u64> = new.iter().filter(|it| !old.contains(it)).copied().collect();
    let gone: Vec<u64> = old.iter().filter(|it| !new.contains(it)).copied().collect();
    if added.is_empty() && gone.is_empty() {
        return None;
    }
    let own = added.iter().chain(&gone).any(|it| *it == APPLICATION_ID);
    let intents = if own {
        INTENT_GUILD_MEMBERS | INTENT_GUILDS
    } else {
        INTENT_GUILD_MEMBERS
    };
    let added = added.iter();
    let added: Vec<Value> = added
        .map(|it| objects::thread_member(thread, *it))
        .collect();
    let gone: Vec<Value> = gone.into_iter().map(objects::id).collect();
    let data = json!({
        "id": objects::id(thread), "guild_id": objects::id(guild), "member_count": new.len(),
        "added_members": added, "removed_member_ids": gone,
    });
    Some((guild, intents, "THREAD_MEMBERS_UPDATE", data))
}

/// Channel Delete, Thread Delete.
fn deleted(state: &State, guild: u64, channel: &Channel) -> Option<Change> {
    let (event, data) = match &channel.thread {
        Some(thread) => {
            let data = json!({
                "id": objects::id(channel.id), "guild_id": objects::id(guild),
                "parent_id": objects::id(thread.parent), "type": objects::PUBLIC_THREAD,
            });
            ("THREAD_DELETE", data)
        }
        None => ("CHANNEL_DELETE", shown(state, guild, channel)?),
    };
    Some((guild, INTENT_GUILDS, event, data))
}

/// Somebody's membership, the bot's own too, as it is.
pub(super) fn membership(state: &State, guild: u64, person: u64) -> Option<Member> {
    let guild = state.world.guild(guild)?;
    match person {
        APPLICATION_ID => Some(guild.bot()),
        _ => guild.member(person).cloned(),
    }
}

/// Guild Member Add, Update, Remove: the difference to what the membership was. The bot's own is told to
/// every session ("Gateway", *Caveats* of the list of intents).
pub(super) fn tell_member(state: &mut State, guild: u64, person: u64, before: Option<&Member>) {
    let after = membership(state, guild, person);
    if before == after.as_ref() {
        return;
    }
    let user = match person {
        APPLICATION_ID => objects::bot_user(),
        _ => state
            .world
            .person(person)
            .map_or(Value::Null, objects::user),
    };
    let (event, mut data) = match &after {
        None => ("GUILD_MEMBER_REMOVE", json!({})),
        Some(member) if before.is_some() => ("GUILD_MEMBER_UPDATE", objects::member_core(member)),
        Some(member) => ("GUILD_MEMBER_ADD", objects::member_core(member)),
    };
    data["user"] = user;
    let intents = match person {
        APPLICATION_ID => 0,
        _ => INTENT_GUILD_MEMBERS,
    };
    tell(state, guild, intents, event, data);
}

/// Guild Role Update.
pub(super) fn tell_role(state: &mut State, guild: u64, role: u64) {
    let roles = state.world.guild(guild).map(|guild| guild.roles.iter());
    let mut roles = roles.into_iter().flatten().enumerate();
    let Some((position, role)) = roles.find(|(_, one)| one.id == role) else {
        return;
    };
    let data = json!({"role": objects::role(role, position)});
    tell(state, guild, INTENT_GUILDS, "GUILD_ROLE_UPDATE", data);
}

/// Guild Ban Add, Guild Ban Remove: only to bots with *Ban Members* or *View Audit Log*.
pub(super) fn tell_ban(state: &mut State, guild: u64, person: u64, is_banned: bool) {
    let enough = permissions::BAN_MEMBERS | permissions::VIEW_AUDIT_LOG;
    let user = state.world.person(person).map(objects::user);
    let Some(user) = user.filter(|_| state.bot_permissions(guild) & enough != 0) else {
        return;
    };
    let event = match is_banned {
        true => "GUILD_BAN_ADD",
        false => "GUILD_BAN_REMOVE",
    };
    tell(
        state,
        guild,
        INTENT_GUILD_MODERATION,
        event,
        json!({"user": user}),
    );
}

/// Tells something of a guild, unless the bot was removed from it.
fn tell(state: &mut State, guild: u64, intents: u64, event: &str, mut data: Value) {
    if state.left.contains(&guild) {
        return;
    }
    data["guild_id"] = objects::id(guild);
    state.sessions.dispatch(Some(guild), intents, event, &data);
}

/// Guild Scheduled Event Create, Update, Delete.
fn events(old: &BTreeMap<u64, Value>, new: &BTreeMap<u64, Value>) -> Vec<Change> {
    let change = |name: &'static str, event: &Value| {
        let guild = objects::read_id(&event["guild_id"]).unwrap_or(0);
        (guild, INTENT_GUILD_SCHEDULED_EVENTS, name, event.clone())
    };
    let mut changes = Vec::new();
    for (id, event) in new {
        match old.get(id) {
            None => changes.push(change("GUILD_SCHEDULED_EVENT_CREATE", event)),
            Some(before) if before != event => {
                changes.push(change("GUILD_SCHEDULED_EVENT_UPDATE", event));
            }
            Some(_) => {}
        }
    }
    let gone = old.iter().filter(|(id, _)| !new.contains_key(id));
    changes.extend(gone.map(|(_, event)| change("GUILD_SCHEDULED_EVENT_DELETE", event)));
    changes
}
