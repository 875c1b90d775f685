//! What a bot can ask about itself, people and guilds. Reads only.

use super::{
    super::{
        APPLICATION_ID, objects,
        state::{Hub, State},
        world::permissions,
    },
    Answer, Call,
    errors::{self, Refusal},
};
use serde_json::{Value, json};
use std::time::Instant;

type Result = std::result::Result<Answer, Refusal>;

pub(super) fn gateway(hub: &Hub, _: &mut Call) -> Result {
    Ok(Answer::Json(
        json!({"url": format!("ws://{}", hub.address)}),
    ))
}

pub(super) fn gateway_bot(hub: &Hub, _: &mut Call) -> Result {
    let mut state = hub.state();
    let (total, left, reset_after) = state.starts.at(Instant::now());
    Ok(Answer::Json(json!({
        "url": format!("ws://{}", hub.address), "shards": hub.shards,
        "session_start_limit": {
            "total": total, "remaining": left, "reset_after": reset_after,
            "max_concurrency": state.starts.at_once(),
        },
    })))
}

pub(super) fn me(_: &Hub, _: &mut Call) -> Result {
    Ok(Answer::Json(objects::current_user()))
}

pub(super) fn my_guilds(hub: &Hub, _: &mut Call) -> Result {
    let state = hub.state();
    let guilds = state.world.guilds.iter();
    let guilds = guilds.filter(|guild| !state.left.contains(&guild.id));
    let guilds = guilds.map(|guild| {
        json!({
            "id": objects::id(guild.id), "name": guild.name, "icon": null, "banner": null,
            "owner": false,
            "permissions": state.bot_permissions(guild.id).to_string(), "features": [],
        })
    });
    Ok(Answer::Json(guilds.collect()))
}

pub(super) fn application(hub: &Hub, _: &mut Call) -> Result {
    let state = hub.state();
    let key = state.endpoint.public_key();
    Ok(Answer::Json(objects::application(&state.world, &key)))
}

pub(super) fn user(hub: &Hub, call: &mut Call) -> Result {
    let id = call.id("user_id");
    if id == APPLICATION_ID {
        return Ok(Answer::Json(objects::bot_user()));
    }
    let state = hub.state();
    let person = state.world.person(id).ok_or(errors::UNKNOWN_USER)?;
    Ok(Answer::Json(objects::user(person)))
}

/// Refuses what is asked about the inside of a guild that the bot was removed from; discord/
/// discord-api-docs, issue 1716. The guild itself is unknown to it then: issue 5840.
pub(super) fn present(state: &State, guild: u64) -> std::result::Result<(), Refusal> {
    match state.left.contains(&guild) {
        true => Err(errors::MISSING_ACCESS),
        false => Ok(()),
    }
}

pub(super) fn guild(hub: &Hub, call: &mut Call) -> Result {
    let state = hub.state();
    let guild = state
        .world
        .guild(call.id("guild_id"))
        .filter(|guild| !state.left.contains(&guild.id))
        .ok_or(errors::UNKNOWN_GUILD)?;
    Ok(Answer::Json(objects::guild(guild)))
}

pub(super) fn guild_channels(hub: &Hub, call: &mut Call) -> Result {
    let state = hub.state();
    let guild = state
        .world
        .guild(call.id("guild_id"))
        .ok_or(errors::UNKNOWN_GUILD)?;
    present(&state, guild.id)?;
    let sees = |channel| state.bot_permissions(channel) & permissions::VIEW_CHANNEL != 0;
    Ok(Answer::Json(objects::channels(guild, sees)))
}

pub(super) fn guild_roles(hub: &Hub, call: &mut Call) -> Result {
    let state = hub.state();
    let guild = state
        .world
        .guild(call.id("guild_id"))
        .ok_or(errors::UNKNOWN_GUILD)?;
    present(&state, guild.id)?;
    Ok(Answer::Json(Value::Array(objects::roles(guild))))
}

pub(super) fn member(hub: &Hub, call: &mut Call) -> Result {
    let state = hub.state();
    let guild = state
        .world
        .guild(call.id("guild_id"))
        .ok_or(errors::UNKNOWN_GUILD)?;
    present(&state, guild.id)?;
    let id = call.id("user_id");
    if id == APPLICATION_ID {
        return Ok(Answer::Json(objects::bot_member(guild)));
    }
    let person = state.world.person(id).ok_or(errors::UNKNOWN_USER)?;
    let member = guild.member(id).ok_or(errors::UNKNOWN_MEMBER)?;
    Ok(Answer::Json(objects::member(member, person)))
}
