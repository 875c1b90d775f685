//! Discord's objects as JSON: users, members, channels, roles, guilds.
//!
//! Pure functions over the world. Invariant: what is rendered here has every field that a strict
//! client requires, because the tests read it back with Twilight's model.

use super::world::{
    self, Channel, ChannelKind, Guild, Member, Overwrite, Person, Role, Thread, World,
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

/// Channel types.
pub(super) const DM: u64 = 1;
pub(super) const PUBLIC_THREAD: u64 = 11;
/// When everybody joined, and when the guilds were made.
const JOINED_AT: &str = "2024-01-05T18:00:00.000000+00:00";
/// Of a new channel for voice, in bits per second.
const BITRATE: u64 = 64_000;
/// Largest upload of a person, in bytes.
pub(super) const ATTACHMENT_MAX_BYTES: u64 = 10 * 1024 * 1024;

/// A snowflake as Discord writes it.
pub(super) fn id(id: u64) -> Value {
    Value::String(id.to_string())
}

/// A snowflake out of JSON: a string of digits (or a number, as lenient as Discord is).
pub(super) fn read_id(value: &Value) -> Option<u64> {
    value
        .as_str()
        .map_or_else(|| value.as_u64(), |text| text.parse().ok())
}

pub(super) fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, false)
}

/// A time as Discord shows it, whichever form of ISO 8601 it was sent in; anything else as it is.
pub(super) fn shown_time(sent: &Value) -> Value {
    let text = sent.as_str().unwrap_or_default();
    match text.parse::<DateTime<Utc>>() {
        Ok(at) if !text.ends_with("+00:00") => Value::String(timestamp(at)),
        _ => sent.clone(),
    }
}

pub(super) fn user(person: &Person) -> Value {
    json!({
        "id": id(person.id), "username": person.username, "global_name": person.global_name,
        "discriminator": "0", "avatar": null, "avatar_decoration_data": null, "banner": null,
        "accent_color": null, "bot": false, "system": false, "public_flags": 0, "flags": 0,
        "collectibles": null, "primary_guild": null,
    })
}

pub(super) fn bot_user() -> Value {
    json!({
        "id": id(world::APPLICATION_ID), "username": "overwatch-bot", "global_name": null,
        "discriminator": "0", "avatar": null, "avatar_decoration_data": null, "banner": null,
        "accent_color": null, "bot": true, "system": false, "public_flags": 0, "flags": 0,
        "collectibles": null, "primary_guild": null,
    })
}

/// The bot's own user with what only it is told.
pub(super) fn current_user() -> Value {
    let mut user = bot_user();
    user["mfa_enabled"] = json!(true);
    user["verified"] = json!(true);
    user["email"] = Value::Null;
    user["locale"] = json!("en-US");
    user
}

/// The bot's own application, which the first person owns.
pub(super) fn application(world: &World, public_key: &str) -> Value {
    let owner = world.people.first().map_or_else(bot_user, user);
    json!({
        "id": id(world::APPLICATION_ID), "name": "overwatch-bot", "icon": null,
        "description": "Sessions for Overwatch communities", "type": null,
        "bot": bot_user(), "bot_public": true, "bot_require_code_grant": false,
        "verify_key": public_key, "flags": 0, "flags_new": "0", "owner": owner, "team": null,
        "summary": "", "hook": true, "redirect_uris": [], "interactions_endpoint_url": null,
        "role_connections_verification_url": null, "explicit_content_filter": 0,
        "approximate_guild_count": world.guilds.len(), "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0, "eligible_oauth2_scopes": [],
        "integration_types_config": {"0": {}},
    })
}

/// A member without its user and permissions.
pub(super) fn member_core(member: &Member) -> Value {
    json!({
        "nick": member.nick, "avatar": null, "banner": null, "joined_at": JOINED_AT,
        "roles": member.roles.iter().copied().map(id).collect::<Vec<_>>(),
        "premium_since": null, "pending": false,
        "communication_disabled_until": member.timed_out_until.map(timestamp),
        "flags": 0, "deaf": false, "mute": false,
    })
}

/// A full member.
pub(super) fn member(member: &Member, person: &Person) -> Value {
    let mut value = member_core(member);
    value["user"] = user(person);
    value
}

/// The bot as a member.
pub(super) fn bot_member(guild: &Guild) -> Value {
    let mut value = member_core(&guild.bot());
    value["user"] = bot_user();
    value
}

/// A member as interactions carry it: with computed permissions, and without the user when it
/// stands among `resolved`, where the users are listed next to it.
pub(super) fn interaction_member(member: &Member, permissions: u64, user: Option<Value>) -> Value {
    let mut value = member_core(member);
    value["permissions"] = id(permissions);
    if let Some(user) = user {
        value["user"] = user;
    }
    value
}

pub(super) fn role(role: &Role, position: usize) -> Value {
    json!({
        "id": id(role.id), "name": role.name, "permissions": id(role.permissions),
        "position": position, "color": 0, "hoist": false, "managed": role.managed,
        "mentionable": false,
        "colors": {"primary_color": 0, "secondary_color": null, "tertiary_color": null},
        "icon": null, "unicode_emoji": null, "flags": 0,
    })
}

pub(super) fn channel(guild: &Guild, channel: &Channel) -> Value {
    if let Some(thread) = &channel.thread {
        return self::thread(guild, channel, thread);
    }
    let position = guild
        .channels
        .iter()
        .position(|other| other.id == channel.id);
    let mut value = json!({
        "id": id(channel.id), "type": channel.kind.number(), "guild_id": id(guild.id),
        "name": channel.name, "position": position.unwrap_or(0), "parent_id": null, "nsfw": false,
        "flags": 0, "last_message_id": null, "rate_limit_per_user": 0,
        "permission_overwrites": channel.overwrites.iter().map(overwrite).collect::<Vec<_>>(),
    });
    match channel.kind {
        ChannelKind::Text => value["topic"] = Value::Null,
        ChannelKind::Voice | ChannelKind::Stage => {
            value["bitrate"] = json!(BITRATE);
            value["user_limit"] = json!(0);
            value["rtc_region"] = Value::Null;
        }
    }
    value
}

/// Discord's number for what a channel is; of a thread, for a public thread.
pub(super) fn channel_type(channel: &Channel) -> u64 {
    match channel.thread {
        Some(_) => PUBLIC_THREAD,
        None => channel.kind.number(),
    }
}

fn overwrite(overwrite: &Overwrite) -> Value {
    json!({
        "id": id(overwrite.id), "type": overwrite.kind.number(),
        "allow": id(overwrite.allow), "deny": id(overwrite.deny),
    })
}

fn thread(guild: &Guild, channel: &Channel, thread: &Thread) -> Value {
    json!({
        "id": id(channel.id), "type": PUBLIC_THREAD, "guild_id": id(guild.id), "name": channel.name,
        "parent_id": id(thread.parent), "owner_id": id(thread.owner), "flags": 0,
        "last_message_id": null, "rate_limit_per_user": 0, "message_count": 0,
        "member_count": thread.members.len(), "total_message_sent": 0,
        "thread_metadata": {
            "archived": thread.archived, "locked": thread.locked,
            "archive_timestamp": timestamp(thread.changed_at),
            "auto_archive_duration": thread.archive_after_minutes,
        },
    })
}

/// Somebody in a thread. When they came is not kept.
pub(super) fn thread_member(thread: u64, user: u64) -> Value {
    json!({"id": id(thread), "user_id": id(user), "join_timestamp": JOINED_AT, "flags": 0})
}

/// The channels of a guild that are not threads, as far as the bot sees them: the others are left
/// out ("Permissions", *Channel Visibility*, since 2026-10-12).
pub(super) fn channels(guild: &Guild, sees: impl Fn(u64) -> bool) -> Value {
    let plain = guild.channels.iter().filter(|one| one.thread.is_none());
    let plain = plain.filter(|one| sees(one.id));
    plain.map(|one| channel(guild, one)).collect()
}

/// The threads of a guild that are not archived.
fn active_threads(guild: &Guild) -> Value {
    let active = |one: &&Channel| one.thread.as_ref().is_some_and(|thread| !thread.archived);
    let threads = guild.channels.iter().filter(active);
    threads.map(|one| channel(guild, one)).collect()
}

pub(super) fn dm_channel(channel: u64, person: &Person) -> Value {
    json!({
        "id": id(channel), "type": DM, "last_message_id": null, "flags": 0,
        "recipients": [user(person)],
    })
}

pub(super) fn roles(guild: &Guild) -> Vec<Value> {
    guild
        .roles
        .iter()
        .enumerate()
        .map(|(n, one)| role(one, n))
        .collect()
}

/// A guild as `GET /guilds/{id}` tells it.
pub(super) fn guild(guild: &Guild) -> Value {
    json!({
        "id": id(guild.id), "name": guild.name, "owner_id": id(guild.owner),
        "roles": roles(guild), "emojis": [], "stickers": [], "features": ["COMMUNITY"],
        "icon": null, "banner": null, "splash": null, "discovery_splash": null,
        "afk_channel_id": null, "afk_timeout": 300, "application_id": null, "description": null,
        "default_message_notifications": 1, "explicit_content_filter": 2, "mfa_level": 0,
        "nsfw_level": 0, "preferred_locale": "en-US", "premium_progress_bar_enabled": false,
        "premium_tier": 0, "premium_subscription_count": 0, "public_updates_channel_id": null,
        "rules_channel_id": null, "safety_alerts_channel_id": null, "system_channel_flags": 0,
        "system_channel_id": null, "vanity_url_code": null, "verification_level": 1,
        "max_members": 500_000, "widget_enabled": false, "widget_channel_id": null,
        "home_header": null, "incidents_data": null, "max_presences": null, "nsfw": false,
        "max_stage_video_channel_users": 50, "max_video_channel_users": 25, "region": "deprecated",
    })
}

/// A guild as GUILD_CREATE brings it; of the members only the bot, as without the members
/// intent.
pub(super) fn guild_create(guild: &Guild, events: Vec<Value>) -> Value {
    let mut value = self::guild(guild);
    value["joined_at"] = json!(JOINED_AT);
    value["large"] = json!(guild.members.len() > 50);
    value["unavailable"] = json!(false);
    value["member_count"] = json!(guild.members.len() + 1);
    value["members"] = json!([bot_member(guild)]);
    value["channels"] = channels(guild, |_| true);
    value["threads"] = active_threads(guild);
    value["guild_scheduled_events"] = Value::Array(events);
    for empty in [
        "presences",
        "voice_states",
        "stage_instances",
        "soundboard_sounds",
    ] {
        value[empty] = json!([]);
    }
    value
}

/// Everything a person's client shows around the messages; `permissions` by guild and person, and
/// whether a channel is `hidden` from a member.
pub(super) fn world(
    world: &World,
    permissions: impl Fn(u64, u64) -> Option<u64>,
    hidden: impl Fn(u64, u64) -> bool,
    events: impl Fn(u64) -> Vec<Value>,
) -> Value {
    let guild = |guild: &Guild| {
        let members = guild.members.iter().map(|member| {
            json!({
                "user": id(member.person), "nick": member.nick,
                "roles": member.roles.iter().copied().map(id).collect::<Vec<_>>(),
                "permissions": id(permissions(guild.id, member.person).unwrap_or(0)),
            })
        });
        json!({
            "id": id(guild.id), "name": guild.name, "owner": id(guild.owner),
            "channels": guild.channels.iter().map(|channel| {
                let mut place = place(channel);
                place["hidden_from"] = hidden_from(guild, channel, &hidden);
                place
            }).collect::<Vec<_>>(),
            "events": events(guild.id),
            "roles": guild.roles.iter().map(|role| json!({
                "id": id(role.id), "name": role.name, "permissions": id(role.permissions),
            })).collect::<Vec<_>>(),
            "members": members.collect::<Vec<_>>(),
        })
    };
    json!({
        "application": {"id": id(world::APPLICATION_ID), "user": bot_user()},
        "guilds": world.guilds.iter().map(guild).collect::<Vec<_>>(),
        "people": world.people.iter().map(user).collect::<Vec<_>>(),
    })
}

/// The members who do not see a channel. Only overwrites hide one from some and not from others.
fn hidden_from(guild: &Guild, channel: &Channel, hidden: impl Fn(u64, u64) -> bool) -> Value {
    let parent = channel.thread.as_ref().map(|thread| thread.parent);
    let place = parent.and_then(|id| guild.channels.iter().find(|one| one.id == id));
    if place.unwrap_or(channel).overwrites.is_empty() {
        return json!([]);
    }
    let members = guild.members.iter().map(|member| member.person);
    let members = members.filter(|person| hidden(channel.id, *person));
    members.map(id).collect()
}

/// A channel as a client lists it; of a thread also where it is, who is in it, and whether it is over.
fn place(channel: &Channel) -> Value {
    let mut place = json!({
        "id": id(channel.id), "name": channel.name, "type": channel_type(channel), "thread": null,
    });
    if let Some(thread) = &channel.thread {
        place["thread"] = json!({
            "parent": id(thread.parent), "archived": thread.archived, "locked": thread.locked,
            "members": thread.members.iter().copied().map(id).collect::<Vec<_>>(),
        });
    }
    place
}
