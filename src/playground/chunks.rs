//! Op 8, *Request Guild Members*, and the chunks that answer it.
//!
//! Pure over the state. Invariant: of a guild that the bot is not in, and of more people than the intents
//! allow, nothing is told ("Gateway Events", section "Request Guild Members").

use super::{
    APPLICATION_ID, objects,
    sessions::INTENT_GUILD_MEMBERS,
    state::State,
    world::{Guild, Member},
};
use serde_json::{Value, json};

/// Members of one chunk.
const CHUNK_MAX: usize = 1_000;
/// Members found by a prefix or by their ids.
const FOUND_MAX: usize = 100;

/// The data of the events GUILD_MEMBERS_CHUNK that answer a request.
pub(super) fn answer(state: &State, request: &Value, intents: u64) -> Vec<Value> {
    let id = objects::read_id(&request["guild_id"]);
    let guild = id.and_then(|id| state.world.guild(id));
    let Some(guild) = guild.filter(|guild| !state.left.contains(&guild.id)) else {
        return Vec::new();
    };
    let (found, unknown) = match (&request["user_ids"], request["query"].as_str()) {
        (Value::Null, None) => return Vec::new(),
        (Value::Null, Some("")) if request["limit"].as_u64().unwrap_or(0) == 0 => {
            if intents & INTENT_GUILD_MEMBERS == 0 {
                return Vec::new();
            }
            let mut all = named(state, guild, "");
            all.push(objects::bot_member(guild));
            (all, Vec::new())
        }
        (Value::Null, Some(prefix)) => {
            let limit = request["limit"].as_u64().unwrap_or(0);
            let limit = usize::try_from(limit).unwrap_or(FOUND_MAX).min(FOUND_MAX);
            let mut found = named(state, guild, prefix);
            found.truncate(limit);
            (found, Vec::new())
        }
        (ids, _) => by_id(state, guild, ids),
    };
    let count = found.len().div_ceil(CHUNK_MAX).max(1);
    (0..count)
        .map(|n| {
            let members = found.iter().skip(n * CHUNK_MAX).take(CHUNK_MAX);
            let mut chunk = json!({
                "guild_id": objects::id(guild.id), "members": members.collect::<Vec<_>>(),
                "chunk_index": n, "chunk_count": count, "not_found": unknown,
            });
            if let Some(nonce) = request["nonce"].as_str() {
                chunk["nonce"] = json!(nonce);
            }
            chunk
        })
        .collect()
}

/// The members whose username or nickname begins like this.
fn named(state: &State, guild: &Guild, prefix: &str) -> Vec<Value> {
    let prefix = prefix.to_lowercase();
    let fits = |text: &str| text.to_lowercase().starts_with(&prefix);
    let shown = |member: &Member| {
        let person = state.world.person(member.person)?;
        let fit = fits(&person.username) || member.nick.as_deref().is_some_and(fits);
        fit.then(|| objects::member(member, person))
    };
    guild.members.iter().filter_map(shown).collect()
}

/// The members of these ids, and the ids of which there are none.
fn by_id(state: &State, guild: &Guild, ids: &Value) -> (Vec<Value>, Vec<Value>) {
    let one = std::slice::from_ref(ids);
    let ids = ids.as_array().map_or(one, Vec::as_slice).iter();
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for id in ids.filter_map(objects::read_id).take(FOUND_MAX) {
        let member = guild.member(id).zip(state.world.person(id));
        match member {
            Some((member, person)) => found.push(objects::member(member, person)),
            None if id == APPLICATION_ID => found.push(objects::bot_member(guild)),
            None => unknown.push(objects::id(id)),
        }
    }
    (found, unknown)
}
