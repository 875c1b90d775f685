//! The body of INTERACTION_CREATE, as complete as Discord's.
//!
//! Pure over the state. Invariant: what a strict client requires is there.

use super::{
    super::{
        APPLICATION_ID,
        objects::{self, ATTACHMENT_MAX_BYTES},
        state::{Kind, State},
    },
    Mistake, Result,
    interact::Click,
};
use serde_json::{Map, Value, json};

/// Where an interaction happened.
const IN_GUILD: u64 = 0;
const IN_BOT_DM: u64 = 1;

/// Fields of a channel among what is resolved.
const RESOLVED_CHANNEL: [&str; 12] = [
    "id",
    "name",
    "type",
    "last_message_id",
    "nsfw",
    "parent_id",
    "guild_id",
    "flags",
    "rate_limit_per_user",
    "topic",
    "position",
    "thread_metadata",
];

/// Builds the event of a click.
pub(super) fn build(state: &State, click: &Click, id: u64, token: &str) -> Result<Value> {
    let person = state.world.person(click.user);
    let person = person.ok_or_else(|| Mistake("There is no such person.".to_owned()))?;
    let mut event = json!({
        "id": objects::id(id), "application_id": objects::id(APPLICATION_ID), "token": token,
        "version": 1, "type": click.kind.number(), "data": click.data,
        "channel_id": objects::id(click.channel), "channel": channel(state, click),
        "locale": person.locale, "entitlements": [], "entitlement_sku_ids": [],
        "attachment_size_limit": ATTACHMENT_MAX_BYTES,
        "app_permissions": state.bot_permissions(click.channel).to_string(),
    });
    match click.guild.and_then(|guild| state.world.guild(guild)) {
        Some(guild) => {
            let member = guild.member(click.user);
            let member = member.ok_or_else(|| Mistake("Not in this guild.".to_owned()))?;
            let bits = state.permissions_in(click.channel, click.user).unwrap_or(0);
            event["guild_id"] = objects::id(guild.id);
            event["guild"] = json!({
                "id": objects::id(guild.id), "locale": "en-US", "features": ["COMMUNITY"],
            });
            event["guild_locale"] = json!("en-US");
            event["member"] =
                objects::interaction_member(member, bits, Some(objects::user(person)));
            event["context"] = json!(IN_GUILD);
            event["authorizing_integration_owners"] = json!({"0": objects::id(guild.id)});
        }
        None => {
            event["user"] = objects::user(person);
            event["context"] = json!(IN_BOT_DM);
            // Discord writes the number 0 as a text for "the bot's own direct messages".
            event["authorizing_integration_owners"] = json!({"0": "0"});
        }
    }
    if let (Kind::Component | Kind::Modal, Some(message)) = (click.kind, &click.message) {
        event["message"] = message.clone();
    }
    Ok(event)
}

/// Puts `odd` values, by their JSON pointers, into an event. Discord sends what no client has seen yet
/// without a new version of its API: an avatar "clyde" where hashes were hexadecimal (twilight-rs/twilight
/// issue #2177: the whole event was lost), components of types 21 to 23 in modals (Discord's
/// documentation, "Component Reference", table of component types).
pub(super) fn distort(event: &mut Value, odd: &Value) -> Result<()> {
    for (pointer, value) in odd.as_object().into_iter().flatten() {
        let parts = pointer.rsplit_once('/');
        let parent = parts.and_then(|(parent, key)| Some((event.pointer_mut(parent)?, key)));
        match parent {
            Some((Value::Object(fields), key)) => {
                fields.insert(key.to_owned(), value.clone());
            }
            Some((Value::Array(items), key)) => {
                match key.parse().ok().and_then(|at: usize| items.get_mut(at)) {
                    Some(item) => *item = value.clone(),
                    None => return super::mistake(format!("There is no {pointer} in the event.")),
                }
            }
            _ => return super::mistake(format!("There is no {pointer} in the event.")),
        }
    }
    Ok(())
}

fn channel(state: &State, click: &Click) -> Value {
    if let Some((guild, channel)) = state.world.channel(click.channel) {
        let bits = state.permissions_in(channel.id, click.user).unwrap_or(0);
        let mut value = objects::channel(guild, channel);
        if let Value::Object(fields) = &mut value {
            fields.remove("permission_overwrites");
            fields.insert("permissions".to_owned(), objects::id(bits));
        }
        return value;
    }
    match state.world.person(click.user) {
        Some(person) => objects::dm_channel(click.channel, person),
        None => Value::Null,
    }
}

/// What ids in the data stand for.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    users: Map<String, Value>,
    members: Map<String, Value>,
    roles: Map<String, Value>,
    channels: Map<String, Value>,
    messages: Map<String, Value>,
}

impl Resolved {
    /// Adds a person with the membership in the guild; false if there is no such person.
    pub(super) fn add_user(&mut self, state: &State, click: &Click, id: u64) -> bool {
        let user = match state.world.person(id) {
            Some(person) => objects::user(person),
            None if id == APPLICATION_ID => objects::bot_user(),
            None => return false,
        };
        self.users.insert(id.to_string(), user);
        let guild = click.guild.and_then(|guild| state.world.guild(guild));
        if let Some(member) = guild.and_then(|guild| guild.member(id)) {
            let bits = state.permissions_in(click.channel, id).unwrap_or(0);
            let member = objects::interaction_member(member, bits, None);
            self.members.insert(id.to_string(), member);
        }
        true
    }

    /// Adds a role of the guild; false if there is no such role.
    pub(super) fn add_role(&mut self, state: &State, guild: Option<u64>, id: u64) -> bool {
        let Some(guild) = guild.and_then(|guild| state.world.guild(guild)) else {
            return false;
        };
        let Some(position) = guild.roles.iter().position(|role| role.id == id) else {
            return false;
        };
        let role = objects::role(&guild.roles[position], position);
        self.roles.insert(id.to_string(), role);
        true
    }

    /// Adds a channel of the guild, with what `user` may do there; false if there is no such channel.
    pub(super) fn add_channel(
        &mut self,
        state: &State,
        guild: Option<u64>,
        user: u64,
        id: u64,
    ) -> bool {
        let Some((owner, channel)) = state.world.channel(id) else {
            return false;
        };
        let bits = state.permissions_in(id, user).unwrap_or(0);
        let mut value = objects::channel(owner, channel);
        if let Value::Object(fields) = &mut value {
            // "Receiving and Responding", Resolved Data Structure: what a partial channel has.
            fields.retain(|name, _| RESOLVED_CHANNEL.contains(&name.as_str()));
            fields.insert("permissions".to_owned(), objects::id(bits));
        }
        self.channels.insert(id.to_string(), value);
        Some(owner.id) == guild
    }

    pub(super) fn add_message(&mut self, id: u64, message: Value) {
        self.messages.insert(id.to_string(), message);
    }

    /// Puts what there is into `data.resolved`.
    pub(super) fn write(self, data: &mut Value) {
        let parts = [
            ("users", self.users),
            ("members", self.members),
            ("roles", self.roles),
            ("channels", self.channels),
            ("messages", self.messages),
        ];
        let there: Map<String, Value> = parts
            .into_iter()
            .filter(|(_, part)| !part.is_empty())
            .map(|(name, part)| (name.to_owned(), Value::Object(part)))
            .collect();
        if !there.is_empty() {
            data["resolved"] = Value::Object(there);
        }
    }
}
