//! What happens in a guild's own settings: people come, leave and are banned, roles are given and
//! taken, channels are hidden.
//!
//! May touch: the world. Invariant: each change is told to the sessions that asked for it.

use super::{
    super::{
        APPLICATION_ID, objects,
        state::{Hub, State},
        told,
        world::{Guild, Overwrite, OverwriteKind},
    },
    Mistake, Result, id_of, items, mistake, text_of,
};
use axum::{
    Json,
    extract::{Path, State as Shared},
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::sync::Arc;

type Hubs = Shared<Arc<Hub>>;
type Done = Result<Json<Value>>;

/// Sets or takes back what a channel allows and denies somebody.
pub(super) async fn overwrite(
    Shared(hub): Hubs,
    Path(channel): Path<u64>,
    Json(body): Json<Value>,
) -> Done {
    let id = id_of(&body, "id")?;
    let kind = match text_of(&body, "type")? {
        "role" => OverwriteKind::Role,
        "member" => OverwriteKind::Member,
        other => return mistake(format!("There is no overwrite of the type {other}.")),
    };
    let bits = |field: &str| objects::read_id(&body[field]).unwrap_or(0);
    let (allow, deny) = (bits("allow"), bits("deny"));
    let mut state = hub.state();
    let guilds = state.world.guilds.iter_mut();
    let mut channels = guilds.flat_map(|guild| guild.channels.iter_mut());
    let found = channels.find(|one| one.id == channel && one.thread.is_none());
    let Some(found) = found else {
        return mistake("There is no such channel.");
    };
    let overwrites = &mut found.overwrites;
    overwrites.retain(|one| (one.id, one.kind) != (id, kind));
    if allow | deny != 0 {
        overwrites.push(Overwrite {
            id,
            kind,
            allow,
            deny,
        });
    }
    state.surroundings_changed();
    Ok(Json(json!({})))
}

/// Sets what a role permits.
pub(super) async fn role(
    Shared(hub): Hubs,
    Path((guild, role)): Path<(u64, u64)>,
    Json(body): Json<Value>,
) -> Done {
    let permissions = id_of(&body, "permissions")?;
    let mut state = hub.state();
    let roles = &mut guild_of(&mut state, guild)?.roles;
    match roles.iter_mut().find(|one| one.id == role) {
        Some(role) => role.permissions = permissions,
        None => return mistake("There is no such role."),
    }
    told::tell_role(&mut state, guild, role);
    state.surroundings_changed();
    Ok(Json(json!({})))
}

/// Changes a member, who joins if they were none; or times the bot out.
pub(super) async fn set(
    Shared(hub): Hubs,
    Path((guild, user)): Path<(u64, u64)>,
    Json(body): Json<Value>,
) -> Done {
    let now = hub.clock.now();
    if user != APPLICATION_ID && hub.state().world.person(user).is_none() {
        return mistake("There is no such person.");
    }
    let timed_out = body["timed_out_s"].as_i64();
    let timed_out = timed_out.map(|it| (it > 0).then(|| now + TimeDelta::seconds(it)));
    change(&hub, guild, user, |guild| {
        if user == APPLICATION_ID {
            guild.bot_timed_out_until = timed_out.unwrap_or(guild.bot_timed_out_until);
            return Ok(());
        }
        if guild.banned.contains(&user) {
            return mistake("This person is banned.");
        }
        let known: Vec<u64> = guild.roles.iter().map(|role| role.id).collect();
        let member = guild.admit(user);
        if let Some(nick) = body.get("nick") {
            member.nick = nick.as_str().map(str::to_owned);
        }
        if body["roles"].is_array() {
            let roles = items(&body["roles"]).iter();
            member.roles = roles.filter_map(objects::read_id).collect();
            if member.roles.iter().any(|role| !known.contains(role)) {
                return mistake("There is no such role.");
            }
        }
        member.timed_out_until = timed_out.unwrap_or(member.timed_out_until);
        Ok(())
    })
}

/// Takes a member out, as if they left or were kicked.
pub(super) async fn leave(Shared(hub): Hubs, Path((guild, user)): Path<(u64, u64)>) -> Done {
    change(&hub, guild, user, |guild| match guild.remove(user) {
        true => Ok(()),
        false => mistake("There is no such member."),
    })
}

/// Takes somebody out for good.
pub(super) async fn ban(Shared(hub): Hubs, Path((guild, user)): Path<(u64, u64)>) -> Done {
    let done = change(&hub, guild, user, |guild| {
        guild.remove(user);
        guild.banned.push(user);
        Ok(())
    })?;
    told::tell_ban(&mut hub.state(), guild, user, true);
    Ok(done)
}

/// Lets somebody come back.
pub(super) async fn unban(Shared(hub): Hubs, Path((guild, user)): Path<(u64, u64)>) -> Done {
    let done = change(&hub, guild, user, |guild| {
        guild.banned.retain(|one| *one != user);
        Ok(())
    })?;
    told::tell_ban(&mut hub.state(), guild, user, false);
    Ok(done)
}

fn guild_of(state: &mut State, guild: u64) -> Result<&mut Guild> {
    let guild = state.world.guild_mut(guild);
    guild.ok_or_else(|| Mistake("There is no such guild.".to_owned()))
}

/// Changes a guild, and tells what has become of this person's membership.
fn change(hub: &Hub, guild: u64, user: u64, change: impl FnOnce(&mut Guild) -> Result<()>) -> Done {
    let mut state = hub.state();
    let before = told::membership(&state, guild, user);
    change(guild_of(&mut state, guild)?)?;
    told::tell_member(&mut state, guild, user, before.as_ref());
    state.surroundings_changed();
    Ok(Json(json!({})))
}
