//! Submitting modals, in the shape of the modal that was shown.
//!
//! Invariant: unless forged, every input keeps to its limits, and only a modal on the screen can
//! be submitted.

use super::{
    super::{
        objects,
        rules::{STRING_SELECT, TEXT_DISPLAY, TEXT_INPUT, is_select},
        state::{Kind, Modal, State},
    },
    Result, component,
    event::Resolved,
    interact::Click,
    items, mistake, text_of,
};
use serde_json::{Map, Value, json};

const LABEL: u64 = 18;
/// Characters that a text input takes without a limit of its own.
const INPUT_MAX: u64 = 4_000;

/// Fills in the data of a submitted modal.
pub(super) fn fill(state: &State, click: &mut Click, body: &Value, forge: bool) -> Result<()> {
    let custom_id = text_of(body, "custom_id")?;
    let values = body["values"].as_object().cloned().unwrap_or_default();
    let shown = state.modals.get(&click.user).filter(|modal| {
        modal.definition["custom_id"] == custom_id && modal.channel == click.channel
    });
    let mut resolved = Resolved::default();
    let components = match shown {
        Some(modal) => submitted(state, click, modal, &values, forge, &mut resolved)?,
        None if forge => forged(&values),
        None => return mistake(format!("No modal {custom_id} is on this person's screen.")),
    };
    let source = shown
        .and_then(|modal| modal.source)
        .or(objects::read_id(&body["message"]));
    let message = source.and_then(|source| state.messages.get(click.channel, source));
    click.message = message.map(|message| message.json.clone());
    click.trigger = shown.map_or_else(|| forged_trigger(click), |modal| modal.trigger.clone());
    click.data = json!({"custom_id": custom_id, "components": components});
    resolved.write(&mut click.data);
    Ok(())
}

/// The command that would have opened a modal that never was.
fn forged_trigger(click: &Click) -> Value {
    json!({
        "id": objects::id(click.channel), "type": Kind::Command.number(),
        "authorizing_integration_owners": {"0": objects::id(click.guild.unwrap_or(0))},
    })
}

fn submitted(
    state: &State,
    click: &Click,
    modal: &Modal,
    values: &Map<String, Value>,
    forge: bool,
    resolved: &mut Resolved,
) -> Result<Vec<Value>> {
    let mut left = values.clone();
    let mut components = Vec::new();
    for part in items(&modal.definition["components"]) {
        let id = &part["id"];
        components.push(match part["type"].as_u64() {
            Some(LABEL) => {
                let inner = input(state, click, &part["component"], &mut left, forge, resolved)?;
                json!({"type": LABEL, "id": id, "component": inner})
            }
            Some(TEXT_DISPLAY) => json!({"type": TEXT_DISPLAY, "id": id}),
            _ => {
                let inner = items(&part["components"]).iter();
                let inner: Result<Vec<Value>> = inner
                    .map(|one| input(state, click, one, &mut left, forge, resolved))
                    .collect();
                json!({"type": 1, "id": id, "components": inner?})
            }
        });
    }
    match left.keys().next() {
        Some(unknown) if !forge => mistake(format!("This modal has no input {unknown}.")),
        _ => Ok(components),
    }
}

fn input(
    state: &State,
    click: &Click,
    input: &Value,
    values: &mut Map<String, Value>,
    forge: bool,
    resolved: &mut Resolved,
) -> Result<Value> {
    let custom_id = input["custom_id"].as_str().unwrap_or_default();
    let kind = input["type"].as_u64().unwrap_or(0);
    let given = values.remove(custom_id);
    let required = input["required"] != false;
    let mut part = json!({"type": kind, "id": input["id"], "custom_id": custom_id});
    if kind == TEXT_INPUT {
        let text = given.unwrap_or_else(|| input["value"].clone());
        let text = text.as_str().unwrap_or_default();
        if !forge {
            check_text(input, custom_id, text, required)?;
        }
        part["value"] = json!(text);
    } else if is_select(kind) {
        let chosen = given.unwrap_or_else(|| defaults(input));
        let chosen = match chosen {
            Value::String(_) => vec![chosen],
            other => items(&other).to_vec(),
        };
        if !forge {
            component::check_values(input, &chosen, required)?;
            component::check_present(state, click, input, &chosen)?;
        }
        component::resolve(state, click, kind, &chosen, resolved);
        part["values"] = Value::Array(chosen);
    } else {
        return mistake(format!(
            "The playground cannot fill in a component of type {kind}."
        ));
    }
    Ok(part)
}

fn check_text(input: &Value, custom_id: &str, text: &str, required: bool) -> Result<()> {
    let length = text.chars().count() as u64;
    if length == 0 && !required {
        return Ok(());
    }
    let least = input["min_length"].as_u64().unwrap_or(0).max(1);
    let most = input["max_length"].as_u64().unwrap_or(INPUT_MAX);
    if (least..=most).contains(&length) {
        return Ok(());
    }
    mistake(format!(
        "The input {custom_id} takes {least} to {most} characters, not {length}."
    ))
}

/// The options that are chosen before the person chooses.
fn defaults(select: &Value) -> Value {
    let options = items(&select["options"]).iter();
    let chosen = options.filter(|option| option["default"] == true);
    let ids = items(&select["default_values"])
        .iter()
        .map(|one| one["id"].clone());
    chosen
        .map(|option| option["value"].clone())
        .chain(ids)
        .collect()
}

/// Inputs for a modal that nobody has shown.
fn forged(values: &Map<String, Value>) -> Vec<Value> {
    let label = |(n, (custom_id, value)): (usize, (&String, &Value))| {
        let id = 2 * n + 1;
        let mut inner = json!({"id": id + 1, "custom_id": custom_id});
        if value.is_array() {
            inner["type"] = json!(STRING_SELECT);
            inner["values"] = value.clone();
        } else {
            inner["type"] = json!(TEXT_INPUT);
            inner["value"] = value.clone();
        }
        json!({"type": LABEL, "id": id, "component": inner})
    };
    values.iter().enumerate().map(label).collect()
}
