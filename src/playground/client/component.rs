//! Pressing buttons and choosing from selects.
//!
//! Invariant: unless forged, only a component is used that is there, enabled and visible.

use super::{
    super::{
        messages::{self, Message},
        objects,
        rules::{BUTTON, STRING_SELECT, is_select},
        state::State,
        world::{APPLICATION_ID, Channel},
    },
    Result,
    event::Resolved,
    id_of,
    interact::Click,
    items, mistake, text_of,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// Fills in the data and the message of a component that was used.
pub(super) fn fill(
    state: &State,
    click: &mut Click,
    body: &Value,
    forge: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    let id = id_of(body, "message")?;
    let custom_id = text_of(body, "custom_id")?;
    let seen = |message: &&Message| message.only_for.is_none_or(|only| only == click.user);
    let message = state.messages.get(click.channel, id).filter(seen);
    let message = match message {
        Some(message) => message.json.clone(),
        None if forge => messages::compose(&json!({}), id, click.channel, 0, Vec::new(), now),
        None => return mistake("This person does not see this message."),
    };
    let values: Vec<Value> = items(&body["values"]).to_vec();
    let found = find(&message["components"], custom_id);
    if !forge {
        check(found, custom_id, &values)?;
        if let Some(select) = found {
            check_present(state, click, select, &values)?;
        }
    }
    let pretended = if values.is_empty() {
        BUTTON
    } else {
        STRING_SELECT
    };
    let wanted = body["component_type"].as_u64();
    let kind = found
        .and_then(|one| one["type"].as_u64())
        .or(wanted)
        .unwrap_or(pretended);
    let number = found.map_or(json!(1), |one| one["id"].clone());
    let mut data = json!({"id": number, "custom_id": custom_id, "component_type": kind});
    if is_select(kind) {
        let mut resolved = Resolved::default();
        resolve(state, click, kind, &values, &mut resolved);
        resolved.write(&mut data);
        data["values"] = Value::Array(values);
    }
    click.data = data;
    click.message = Some(message);
    Ok(())
}

/// Adds to `resolved` what the chosen ids of a select of this type are.
pub(super) fn resolve(
    state: &State,
    click: &Click,
    kind: u64,
    values: &[Value],
    resolved: &mut Resolved,
) {
    let guild = click.guild;
    for id in values
        .iter()
        .filter_map(objects::read_id)
        .filter(|_| kind != STRING_SELECT)
    {
        match kind {
            5 => resolved.add_user(state, click, id),
            6 => resolved.add_role(state, guild, id),
            8 => resolved.add_channel(state, guild, click.user, id),
            _ => resolved.add_user(state, click, id) || resolved.add_role(state, guild, id),
        };
    }
}

/// Whether a list of these types of channels, or of all if there are none, has this one.
pub(super) fn is_listed(types: &[Value], channel: &Channel) -> bool {
    types.is_empty() || types.contains(&json!(objects::channel_type(channel)))
}

/// Refuses people, roles and channels that a client doesn't list: those of elsewhere, channels that
/// the person doesn't see, and channels of other types than the select takes.
pub(super) fn check_present(
    state: &State,
    click: &Click,
    select: &Value,
    values: &[Value],
) -> Result<()> {
    let guild = click.guild.and_then(|guild| state.world.guild(guild));
    let kind = select["type"].as_u64().unwrap_or(0);
    let types = items(&select["channel_types"]);
    let listed = |id: u64| {
        let member = || id == APPLICATION_ID || guild.is_some_and(|it| it.member(id).is_some());
        let role = || guild.is_some_and(|it| it.roles.iter().any(|role| role.id == id));
        let channel = || {
            let mut channels = guild.into_iter().flat_map(|it| &it.channels);
            channels.any(|one| one.id == id && is_listed(types, one))
        };
        match kind {
            5 => member(),
            6 => role(),
            7 => member() || role(),
            8 => channel() && state.views(id, click.user),
            _ => true,
        }
    };
    let unknown = values
        .iter()
        .find(|value| objects::read_id(value).is_some_and(|id| !listed(id)));
    match unknown {
        Some(unknown) => mistake(format!("{unknown} is not among what this select lists.")),
        None => Ok(()),
    }
}

/// Refuses a choice that a select doesn't offer.
pub(super) fn check_values(select: &Value, values: &[Value], required: bool) -> Result<()> {
    let least = select["min_values"].as_u64().unwrap_or(1);
    let most = select["max_values"].as_u64().unwrap_or(1);
    let count = values.len() as u64;
    let skipped = !required && count == 0;
    if !skipped && !(least..=most).contains(&count) {
        return mistake(format!(
            "{count} values were chosen where {least} to {most} must be."
        ));
    }
    if select["type"] == STRING_SELECT {
        let offered = |value: &Value| {
            items(&select["options"])
                .iter()
                .any(|option| option["value"] == *value)
        };
        if let Some(unknown) = values.iter().find(|value| !offered(value)) {
            return mistake(format!("{unknown} is no option of this select."));
        }
    }
    Ok(())
}

/// The component of this `custom_id`, however deep.
fn find<'message>(components: &'message Value, custom_id: &str) -> Option<&'message Value> {
    items(components).iter().find_map(|component| {
        if component["custom_id"] == custom_id {
            return Some(component);
        }
        let accessory = component
            .get("accessory")
            .filter(|one| one["custom_id"] == custom_id);
        accessory.or_else(|| find(&component["components"], custom_id))
    })
}

fn check(found: Option<&Value>, custom_id: &str, values: &[Value]) -> Result<()> {
    let Some(component) = found else {
        return mistake(format!("This message has no component {custom_id}."));
    };
    if component["disabled"] == true {
        return mistake(format!("The component {custom_id} is disabled."));
    }
    let kind = component["type"].as_u64().unwrap_or(0);
    if is_select(kind) {
        return check_values(component, values, true);
    }
    if !values.is_empty() {
        return mistake("A button has no values.");
    }
    Ok(())
}
