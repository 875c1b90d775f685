//! Interactions that twilight's models cannot read: a picture of a new kind, a component of a new
//! type, a field that is missing.
//!
//! May touch: twilight's models. Invariant: what the bot does not go by is no reason to leave somebody
//! without an answer; of what could not be read, names of fields are told and never a value.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use serde_path_to_error::Segment;
use twilight_model::application::interaction::application_command::CommandData;
use twilight_model::application::interaction::message_component::MessageComponentInteractionData;
use twilight_model::application::interaction::modal::{
    ModalInteractionComponent, ModalInteractionData,
};
use twilight_model::application::interaction::{Interaction, InteractionType};

use crate::secret::Secret;

/// Fields that are told of at most; more say nothing more.
const FIELDS_MAX: usize = 8;
/// Pictures and ornaments, wherever they are: the bot shows none, and Discord invents new ones.
const ORNAMENTS: [&str; 12] = [
    "avatar",
    "avatar_decoration",
    "avatar_decoration_data",
    "banner",
    "clan",
    "collectibles",
    "discovery_splash",
    "display_name_styles",
    "icon",
    "premium_type",
    "primary_guild",
    "splash",
];
/// What is asked for, and how it is answered: nothing of this is ever left out.
const ESSENTIAL: [&str; 5] = ["application_id", "data", "id", "token", "type"];

/// What every answer needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outline {
    /// The interaction's id.
    pub(super) id: u64,
    /// What answers are signed with.
    pub(super) token: Secret,
    /// What kind of interaction it is, if that is known.
    pub(super) kind: Option<InteractionType>,
}

/// What is left of an interaction that could not be read as a whole.
#[derive(Debug)]
pub(super) struct Remains {
    /// The fields that were not understood: "member.user.avatar, data.components[0]".
    pub(super) fields: String,
    /// Whom to answer; `None` if it is no interaction.
    pub(super) outline: Option<Outline>,
    /// The interaction without what the bot does not go by, if that can be read.
    pub(super) interaction: Option<Box<Interaction>>,
}

impl Remains {
    /// What can be read of `event`, which could not be read as it is.
    pub(super) fn of(event: &Value) -> Self {
        Self {
            fields: unread_fields(event).join(", "),
            outline: outline(event),
            interaction: reduced(event).map(Box::new),
        }
    }
}

/// Where the first component is that the bot does not know, in a form that was sent.
pub(super) fn unknown_component(components: &[ModalInteractionComponent]) -> Option<String> {
    components.iter().enumerate().find_map(|(at, component)| {
        let below = match component {
            ModalInteractionComponent::Unknown(kind) => format!(" (type {kind})"),
            ModalInteractionComponent::Label(label) => {
                let inner = std::slice::from_ref(label.component.as_ref());
                format!(".{}", unknown_component(inner)?)
            }
            ModalInteractionComponent::ActionRow(row) => {
                format!(".{}", unknown_component(&row.components)?)
            }
            _ => return None,
        };
        Some(format!("components[{at}]{below}"))
    })
}

fn outline(event: &Value) -> Option<Outline> {
    Some(Outline {
        id: event["id"].as_str()?.parse().ok().filter(|id| *id > 0)?,
        token: Secret::new(event["token"].as_str()?),
        kind: kind(event),
    })
}

fn kind(event: &Value) -> Option<InteractionType> {
    let number = u8::try_from(event["type"].as_u64()?).ok()?;
    InteractionType::try_from(number).ok()
}

/// The interaction without ornaments; if need be, also without each part that is not understood and
/// that the bot can do without.
fn reduced(event: &Value) -> Option<Interaction> {
    let mut event = event.clone();
    strip(&mut event);
    if let Ok(interaction) = read(&event) {
        return Some(interaction);
    }
    let parts = event.as_object_mut()?;
    let optional = |key: &&String| !ESSENTIAL.contains(&key.as_str());
    let keys: Vec<String> = parts.keys().filter(optional).cloned().collect();
    for key in keys {
        if alone(&key, &parts[&key]).is_ok() {
            continue;
        }
        match stand_in(&key, &parts[&key]) {
            Some(value) => parts.insert(key, value),
            None => parts.remove(&key),
        };
    }
    for (key, value) in required() {
        parts.entry(key).or_insert(value);
    }
    read(&event).ok()
}

/// Takes ornaments away. What somebody typed or chose is never a field's name, so that nothing of it
/// goes.
fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, _| !ORNAMENTS.contains(&key.as_str()));
            fields.values_mut().for_each(strip);
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}

/// What the bot goes by in a part of an interaction; `None` if that is nothing, or not there.
fn stand_in(key: &str, part: &Value) -> Option<Value> {
    match key {
        "channel" => Some(json!({"id": part["id"], "type": part["type"]})),
        "user" => person(part),
        "member" => Some(json!({
            "user": person(&part["user"])?, "nick": part["nick"].as_str(),
            "permissions": part["permissions"].as_str(), "roles": part["roles"],
            "deaf": false, "mute": false, "flags": 0, "joined_at": null,
        })),
        _ => None,
    }
}

fn person(user: &Value) -> Option<Value> {
    user["id"].as_str()?;
    Some(json!({
        "id": user["id"], "username": user["username"].as_str().unwrap_or_default(),
        "global_name": user["global_name"].as_str(), "discriminator": "0",
        "bot": user["bot"] == true,
    }))
}

/// What twilight wants to be there, and the bot does not go by.
fn required() -> [(&'static str, Value); 2] {
    [
        ("attachment_size_limit", json!(0)),
        ("authorizing_integration_owners", json!({})),
    ]
}

/// The paths of all fields that are not understood.
fn unread_fields(event: &Value) -> Vec<String> {
    let Some(parts) = event.as_object() else {
        return vec!["(no object)".into()];
    };
    let mut fields = Vec::new();
    for (key, part) in parts {
        let path = match key.as_str() {
            "data" => data(event, part).map_err(|path| join("data", &path)),
            key => alone(key, part),
        };
        fields.extend(path.err());
    }
    let required = required().map(|(key, _)| key);
    let missing = ESSENTIAL.into_iter().chain(required);
    fields.extend(
        missing
            .filter(|key| !parts.contains_key(*key))
            .map(|key| format!("{key} (missing)")),
    );
    fields.truncate(FIELDS_MAX);
    fields
}

/// Whether one part is understood; the path of what is not.
fn alone(key: &str, part: &Value) -> Result<(), String> {
    // A ping has no data, so that nothing else is wanted.
    let mut parts = Map::from_iter(required().map(|(key, value)| (key.to_owned(), value)));
    for (key, value) in [("id", "1"), ("application_id", "1"), ("token", "")] {
        parts.insert(key.into(), value.into());
    }
    parts.insert("type".into(), json!(1));
    let (key, part) = match key {
        // Another kind would want its data.
        "type" if kind(&json!({"type": part})).is_some() => return Ok(()),
        _ => (key.to_owned(), part.clone()),
    };
    parts.insert(key, part);
    read(&Value::Object(parts)).map(|_| ())
}

fn data(event: &Value, data: &Value) -> Result<(), String> {
    match kind(event) {
        Some(InteractionType::MessageComponent) => {
            parse::<MessageComponentInteractionData>(data).map(|_| ())
        }
        Some(InteractionType::ModalSubmit) => parse::<ModalInteractionData>(data).map(|_| ()),
        Some(InteractionType::Ping) | None => Ok(()),
        Some(_) => parse::<CommandData>(data).map(|_| ()),
    }
}

fn read(event: &Value) -> Result<Interaction, String> {
    parse(event)
}

fn parse<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let segments = error.path().iter();
        segments.fold(String::new(), |path, segment| match segment {
            Segment::Seq { index } => format!("{path}[{index}]"),
            Segment::Map { key } => join(&path, name(key)),
            Segment::Enum { variant } => join(&path, name(variant)),
            Segment::Unknown => join(&path, "?"),
        })
    })
}

/// A key as it may be told: ids and names that people gave stand as keys, too.
fn name(key: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    match !key.is_empty() && key.bytes().all(plain) {
        true => key,
        false => "*",
    }
}

fn join(path: &str, key: &str) -> String {
    match (path, key) {
        ("", key) => key.to_owned(),
        (path, "") => path.to_owned(),
        (path, key) => format!("{path}.{key}"),
    }
}

#[cfg(test)]
mod tests;
