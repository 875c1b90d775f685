//! Commands and autocomplete: options by name become Discord's nested options.
//!
//! Invariant: unless forged, only what the registered definition allows is sent.

use super::{
    super::{
        objects,
        rules::{INTEGER, NUMBER, STRING, SUBCOMMAND, SUBCOMMAND_GROUP},
        state::{Kind, State},
        world::permissions,
    },
    Result, component,
    event::Resolved,
    id_of,
    interact::Click,
    items, mistake, text_of,
};
use serde_json::{Map, Value, json};

const BOOLEAN: u64 = 5;
const USER: u64 = 6;
const CHANNEL: u64 = 7;
const ROLE: u64 = 8;
const MENTIONABLE: u64 = 9;

/// Fills in the data of a command or of an autocompletion.
pub(super) fn fill(state: &State, click: &mut Click, body: &Value, forge: bool) -> Result<()> {
    let name = text_of(body, "name")?;
    let definition = definition(state, click.guild, name)?;
    if !forge {
        may_use(state, click, definition)?;
    }
    let mut resolved = Resolved::default();
    let mut data = json!({
        "id": definition["id"], "name": name, "type": definition["type"],
    });
    if !definition["guild_id"].is_null() {
        data["guild_id"] = definition["guild_id"].clone();
    }
    if definition["type"] != 1 {
        target(state, click, body, &mut data, &mut resolved)?;
    } else {
        let options = options(state, click, definition, body, forge, &mut resolved)?;
        data["options"] = Value::Array(options);
    }
    resolved.write(&mut data);
    click.data = data;
    Ok(())
}

fn definition<'state>(
    state: &'state State,
    guild: Option<u64>,
    name: &str,
) -> Result<&'state Value> {
    let scopes = [guild, None];
    let mut commands = scopes
        .iter()
        .filter_map(|scope| state.commands.get(scope))
        .flatten();
    match commands.find(|command| command["name"] == name) {
        Some(command) => Ok(command),
        None => mistake(format!("There is no command /{name} here.")),
    }
}

fn may_use(state: &State, click: &Click, definition: &Value) -> Result<()> {
    let name = definition["name"].as_str().unwrap_or_default();
    let context = u64::from(click.guild.is_none());
    let contexts = items(&definition["contexts"]);
    let here = contexts.is_empty() || contexts.iter().any(|one| *one == context);
    if !here || click.guild.is_none() && definition["dm_permission"] == false {
        return mistake(format!("The command /{name} cannot be used here."));
    }
    if click.guild.is_some() {
        let here = state.permissions_in(click.channel, click.user).unwrap_or(0);
        if here & permissions::USE_APPLICATION_COMMANDS == 0 {
            return mistake("This person may not use commands in this channel.");
        }
    }
    let needed = objects::read_id(&definition["default_member_permissions"]);
    if let (Some(needed), Some(guild)) = (needed, click.guild) {
        let held = state.permissions(guild, click.user).unwrap_or(0);
        // Zero means: administrators only.
        let needed = if needed == 0 {
            permissions::ADMINISTRATOR
        } else {
            needed
        };
        if held & needed != needed {
            return mistake(format!("This person may not use the command /{name}."));
        }
    }
    Ok(())
}

fn target(
    state: &State,
    click: &Click,
    body: &Value,
    data: &mut Value,
    resolved: &mut Resolved,
) -> Result<()> {
    let id = id_of(body, "target")?;
    if data["type"] == 2 {
        if !resolved.add_user(state, click, id) {
            return mistake("The target is nobody.");
        }
    } else {
        let Some(message) = state.messages.get(click.channel, id) else {
            return mistake("The target is no message of this channel.");
        };
        resolved.add_message(id, message.json.clone());
    }
    data["target_id"] = objects::id(id);
    Ok(())
}

/// The options, inside of their group and subcommand if the command has such.
fn options(
    state: &State,
    click: &Click,
    definition: &Value,
    body: &Value,
    forge: bool,
    resolved: &mut Resolved,
) -> Result<Vec<Value>> {
    let mut place = definition;
    let mut path = Vec::new();
    for (field, kind) in [("group", SUBCOMMAND_GROUP), ("subcommand", SUBCOMMAND)] {
        let Some(name) = body[field].as_str() else {
            continue;
        };
        let mut inner = items(&place["options"]).iter();
        let found = inner.find(|option| option["name"] == name && option["type"] == kind);
        let Some(found) = found else {
            return mistake(format!("There is no {field} {name}."));
        };
        path.push((name, kind));
        place = found;
    }
    let defined = items(&place["options"]);
    if let Some(nested) = defined
        .iter()
        .find(|one| one["type"].as_u64() <= Some(SUBCOMMAND_GROUP))
    {
        return mistake(format!("Choose a subcommand, such as {}.", nested["name"]));
    }
    let focused = match click.kind {
        Kind::Autocomplete => Some(text_of(body, "focused")?),
        _ => None,
    };
    let given = body["options"].as_object().cloned().unwrap_or_default();
    let mut options = values(state, click, defined, &given, focused, forge, resolved)?;
    for (name, kind) in path.into_iter().rev() {
        options = vec![json!({"name": name, "type": kind, "options": options})];
    }
    Ok(options)
}

fn values(
    state: &State,
    click: &Click,
    defined: &[Value],
    given: &Map<String, Value>,
    focused: Option<&str>,
    forge: bool,
    resolved: &mut Resolved,
) -> Result<Vec<Value>> {
    let known = |name: &str| defined.iter().any(|option| option["name"] == name);
    if let Some(unknown) = given
        .keys()
        .map(String::as_str)
        .chain(focused)
        .find(|one| !known(one))
    {
        return mistake(format!("There is no option {unknown}."));
    }
    let mut options = Vec::new();
    for option in defined {
        let name = option["name"].as_str().unwrap_or_default();
        let value = given.get(name).filter(|value| !value.is_null());
        if focused == Some(name) {
            if option["autocomplete"] != true {
                return mistake(format!("The option {name} has no autocomplete."));
            }
            let typed = value.map_or(json!(""), |value| match value {
                Value::String(_) => value.clone(),
                other => json!(other.to_string()),
            });
            options.push(json!({
                "name": name, "type": option["type"], "value": typed, "focused": true,
            }));
            continue;
        }
        match value {
            Some(value) => {
                let value = typed(state, click, option, name, value, forge, resolved)?;
                options.push(json!({"name": name, "type": option["type"], "value": value}));
            }
            None if option["required"] == true && focused.is_none() && !forge => {
                return mistake(format!("The option {name} is required."));
            }
            None => {}
        }
    }
    Ok(options)
}

/// A value in the type of its option.
fn typed(
    state: &State,
    click: &Click,
    option: &Value,
    name: &str,
    value: &Value,
    forge: bool,
    resolved: &mut Resolved,
) -> Result<Value> {
    let kind = option["type"].as_u64().unwrap_or(0);
    let wrong = || mistake(format!("The option {name} does not take {value}."));
    let parsed = |text: &Value| {
        text.as_str()
            .and_then(|text| text.trim().parse::<Value>().ok())
    };
    let typed = match kind {
        STRING if value.is_string() => value.clone(),
        INTEGER | NUMBER | BOOLEAN => {
            let value = if value.is_string() {
                parsed(value)
            } else {
                Some(value.clone())
            };
            match value {
                Some(value) if kind == INTEGER && value.is_i64() => value,
                Some(value) if kind == NUMBER && value.is_number() => value,
                Some(value) if kind == BOOLEAN && value.is_boolean() => value,
                _ => return wrong(),
            }
        }
        USER | CHANNEL | ROLE | MENTIONABLE => {
            let id = objects::read_id(value).unwrap_or(0);
            let known = match kind {
                USER => resolved.add_user(state, click, id),
                CHANNEL => {
                    let types = items(&option["channel_types"]);
                    let found = state.world.channel(id);
                    found.is_some_and(|(_, one)| component::is_listed(types, one) || forge)
                        && resolved.add_channel(state, click.guild, click.user, id)
                }
                ROLE => resolved.add_role(state, click.guild, id),
                _ => {
                    resolved.add_user(state, click, id) || resolved.add_role(state, click.guild, id)
                }
            };
            if !known && !forge {
                return wrong();
            }
            objects::id(id)
        }
        _ => return wrong(),
    };
    if !forge {
        in_limits(option, name, &typed)?;
    }
    Ok(typed)
}

fn in_limits(option: &Value, name: &str, value: &Value) -> Result<()> {
    let choices = items(&option["choices"]);
    if !choices.is_empty() && !choices.iter().any(|choice| choice["value"] == *value) {
        return mistake(format!("{value} is no choice of the option {name}."));
    }
    if let Some(text) = value.as_str().filter(|_| option["type"] == STRING) {
        let length = text.chars().count() as u64;
        let most = option["max_length"].as_u64().unwrap_or(6_000);
        if length == 0 || length < option["min_length"].as_u64().unwrap_or(0) || length > most {
            return mistake(format!(
                "The option {name} does not take a text of this length."
            ));
        }
    }
    if let Some(number) = value.as_f64() {
        let below = option["min_value"]
            .as_f64()
            .is_some_and(|least| number < least);
        let above = option["max_value"]
            .as_f64()
            .is_some_and(|most| number > most);
        if below || above {
            return mistake(format!("{value} is out of the range of the option {name}."));
        }
    }
    Ok(())
}
