//! What somebody with the power to do so does to a guild: to the bot in it, and to its threads.
//!
//! Invariant: the bot is told as Discord tells it, and sees nothing of a guild that it is not in.

use super::{
    super::{
        objects, rest,
        sessions::INTENT_GUILDS,
        state::Hub,
        world::{Channel, ChannelKind, Thread},
    },
    Result, mistake, text_of,
};
use axum::{
    Json,
    extract::{Path, State as Shared},
};
use serde_json::{Value, json};
use std::sync::Arc;

type Hubs = Shared<Arc<Hub>>;
type Done = Result<Json<Value>>;

/// Removes the bot or invites it back: "Gateway Events", Guild Delete (without `unavailable`, it was
/// removed) and Guild Create.
pub(super) async fn set_bot(
    Shared(hub): Hubs,
    Path(guild): Path<u64>,
    Json(body): Json<Value>,
) -> Done {
    let mut state = hub.state();
    let shown = state.world.guild(guild);
    let Some(shown) = shown.map(|guild| state.guild_create(guild)) else {
        return mistake("There is no such guild.");
    };
    let (event, data) = if body["present"] == true {
        if !state.left.remove(&guild) {
            return mistake("The bot is in this guild.");
        }
        ("GUILD_CREATE", shown)
    } else {
        if !state.left.insert(guild) {
            return mistake("The bot is not in this guild.");
        }
        ("GUILD_DELETE", json!({"id": objects::id(guild)}))
    };
    let sessions = &mut state.sessions;
    sessions.dispatch(Some(guild), INTENT_GUILDS, event, &data);
    state.surroundings_changed();
    Ok(Json(json!({})))
}

/// "Gateway Events", Channel Delete: somebody deletes a channel. The channel's threads go with it.
pub(super) async fn delete_channel(Shared(hub): Hubs, Path(channel): Path<u64>) -> Done {
    let mut state = hub.state();
    if state.world.channel(channel).is_none() {
        return mistake("There is no such channel.");
    }
    let is_in = |thread: &Thread| thread.parent == channel;
    for guild in &mut state.world.guilds {
        let channels = &mut guild.channels;
        channels.retain(|one| one.id != channel && !one.thread.as_ref().is_some_and(is_in));
    }
    state.surroundings_changed();
    Ok(Json(json!({})))
}

/// "Gateway Events", Channel Create: for text unless another type is named.
pub(super) async fn make_channel(
    Shared(hub): Hubs,
    Path(guild): Path<u64>,
    Json(body): Json<Value>,
) -> Done {
    let name = text_of(&body, "name")?.to_owned();
    let Some(kind) = ChannelKind::of(body["type"].as_u64().unwrap_or(0)) else {
        return mistake("There is no such type of channel.");
    };
    let mut state = hub.state();
    let id = state.next_id(hub.clock.now());
    let Some(guild) = state.world.guild_mut(guild) else {
        return mistake("There is no such guild.");
    };
    guild.channels.push(Channel {
        id,
        kind,
        name,
        overwrites: Vec::new(),
        thread: None,
    });
    state.surroundings_changed();
    Ok(Json(json!({"id": objects::id(id)})))
}

pub(super) async fn set_thread(
    Shared(hub): Hubs,
    Path(thread): Path<u64>,
    Json(body): Json<Value>,
) -> Done {
    let set = (body["archived"] == true, body["locked"] == true);
    let now = hub.clock.now();
    if !rest::set_thread(&mut hub.state(), thread, set, now) {
        return mistake("There is no such thread.");
    }
    Ok(Json(json!({})))
}
