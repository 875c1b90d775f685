//! Registering commands. Invariant: a command keeps its id for as long as its name stays.

use super::{
    super::{
        APPLICATION_ID, objects, parts,
        rules::{self, Problems},
        state::Hub,
    },
    Answer, Call,
    errors::{self, Refusal},
};
use serde_json::{Value, json};

type Result<T = Answer> = std::result::Result<T, Refusal>;

/// `GET …/commands`
pub(super) fn list(hub: &Hub, call: &mut Call) -> Result {
    let scope = scope(hub, call)?;
    let commands = hub
        .state()
        .commands
        .get(&scope)
        .cloned()
        .unwrap_or_default();
    Ok(Answer::Json(Value::Array(commands)))
}

/// `PUT …/commands`: replaces them all.
pub(super) fn replace(hub: &Hub, call: &mut Call) -> Result {
    let scope = scope(hub, call)?;
    let Some(wanted) = call.body.as_array() else {
        let mut problems = Problems::default();
        problems.add(
            "",
            "LIST_TYPE_CONVERT",
            "Only iterables may be used in a ListType",
        );
        return Refusal::check(problems).map(|()| Answer::Empty);
    };
    Refusal::check(rules::check_commands(&call.body))?;
    let now = hub.clock.now();
    let mut state = hub.state();
    let old = state.commands.remove(&scope).unwrap_or_default();
    let mut commands = Vec::with_capacity(wanted.len());
    for command in wanted {
        let kind = command["type"].as_u64().unwrap_or(1);
        let same = |old: &&Value| old["name"] == command["name"] && old["type"] == kind;
        let id = match old.iter().find(same) {
            Some(old) => old["id"].clone(),
            None => objects::id(state.next_id(now)),
        };
        let version = objects::id(state.next_id(now));
        commands.push(complete(command, kind, scope, id, version));
    }
    state.commands.insert(scope, commands.clone());
    state.touch();
    Ok(Answer::Json(Value::Array(commands)))
}

/// The guild whose commands are meant, `None` for the global ones.
fn scope(hub: &Hub, call: &Call) -> Result<Option<u64>> {
    if call.id("application_id") != APPLICATION_ID {
        return Err(errors::UNKNOWN_APPLICATION);
    }
    if !call.params.contains_key("guild_id") {
        return Ok(None);
    }
    let guild = call.id("guild_id");
    hub.state()
        .world
        .guild(guild)
        .ok_or(errors::MISSING_ACCESS)?;
    Ok(Some(guild))
}

fn complete(command: &Value, kind: u64, scope: Option<u64>, id: Value, version: Value) -> Value {
    let mut value = command.clone();
    parts::drop_nulls(&mut value);
    value["id"] = id;
    value["version"] = version;
    value["type"] = json!(kind);
    value["application_id"] = objects::id(APPLICATION_ID);
    if let Some(guild) = scope {
        value["guild_id"] = objects::id(guild);
    }
    if value["description"].is_null() {
        value["description"] = json!("");
    }
    if value["default_member_permissions"].is_number() {
        value["default_member_permissions"] =
            json!(value["default_member_permissions"].to_string());
    }
    if let Value::Object(fields) = &mut value {
        fields
            .entry("default_member_permissions")
            .or_insert(Value::Null);
        fields.entry("nsfw").or_insert(json!(false));
        fields.retain(|name, value| name != "options" || !value.is_null());
    }
    value
}
