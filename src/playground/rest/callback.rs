//! `POST /interactions/{id}/{token}/callback`: the one answer to an interaction.
//!
//! Invariant: an interaction is acknowledged once, within three seconds of the clock, with a
//! type that fits what it was.

use super::{
    super::{
        messages::{self, EPHEMERAL, LOADING, Message, Upload},
        objects,
        parts::number_components,
        rules,
        rules::Problems,
        state::{Hub, Interaction, Kind, Modal, Progress, State},
    },
    Answer, Call,
    errors::{self, Refusal},
    messages::{ping, post},
};
use chrono::TimeDelta;
use serde_json::{Value, json};

type Result<T = Answer> = std::result::Result<T, Refusal>;

/// How long an interaction can be acknowledged, in milliseconds.
pub(in crate::playground) const ACK_WITHIN_MS: i64 = 3_000;

pub(in crate::playground) const MESSAGE: u64 = 4;
pub(in crate::playground) const DEFERRED_MESSAGE: u64 = 5;
pub(in crate::playground) const DEFERRED_UPDATE: u64 = 6;
pub(in crate::playground) const UPDATE: u64 = 7;
pub(in crate::playground) const CHOICES: u64 = 8;
pub(in crate::playground) const MODAL: u64 = 9;

/// Answers an interaction.
pub(super) fn answer(hub: &Hub, call: &mut Call) -> Result {
    let id = call.id("interaction_id");
    let mut state = hub.state();
    let token = state.interactions.get(&id).map(|one| &one.token);
    if token.is_none() || call.params.get("interaction_token") != token {
        return Err(errors::UNKNOWN_INTERACTION);
    }
    let files = call.take_files("/data");
    let kind = take(hub, &mut state, id, &call.body, files)?;
    if !call.asks("with_response") {
        return Ok(Answer::Empty);
    }
    let interaction = &state.interactions[&id];
    Ok(Answer::Json(response(&state, interaction, kind)))
}

/// Takes `body` for the answer to an interaction; of which kind it is.
fn take(hub: &Hub, state: &mut State, id: u64, body: &Value, files: Vec<Upload>) -> Result<u64> {
    let interaction = state
        .interactions
        .get(&id)
        .ok_or(errors::UNKNOWN_INTERACTION)?;
    if interaction.answered.is_some() {
        return Err(errors::ALREADY_ACKNOWLEDGED);
    }
    if hub.clock.now() - interaction.created > TimeDelta::milliseconds(ACK_WITHIN_MS) {
        return Err(errors::UNKNOWN_INTERACTION);
    }
    let kind = check_type(interaction, body)?;
    check_data(interaction, kind, body)?;
    carry_out(hub, state, id, kind, &body["data"], files)?;
    Ok(kind)
}

/// Takes the response to an interaction that was delivered over HTTP for its answer, and writes it
/// into the log as if it had come by the callback.
pub(in crate::playground) fn take_response(hub: &Hub, id: u64, body: &Value) {
    let mut state = hub.state();
    let (status, response) = match take(hub, &mut state, id, body, Vec::new()) {
        Ok(_) => (204, String::new()),
        Err(refusal) => (refusal.status, refusal.body().to_string()),
    };
    let token = state.interactions.get(&id).map(|one| one.token.clone());
    let entry = json!({
        "method": "POST", "path": format!("/interactions/{id}/{}/callback", token.unwrap_or_default()),
        "query": {}, "body": body,
        "route": "/interactions/{interaction_id}/{interaction_token}/callback",
        "multipart": false, "status": status,
    });
    state.log(entry, response.into());
}

fn check_type(interaction: &Interaction, body: &Value) -> Result<u64> {
    let allowed: &[u64] = match (interaction.kind, interaction.source) {
        (Kind::Command, _) => &[MESSAGE, DEFERRED_MESSAGE, MODAL],
        (Kind::Autocomplete, _) => &[CHOICES],
        (Kind::Component, _) => &[MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, MODAL],
        (Kind::Modal, Some(_)) => &[MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE],
        (Kind::Modal, None) => &[MESSAGE, DEFERRED_MESSAGE],
    };
    match body["type"].as_u64() {
        Some(kind) if allowed.contains(&kind) => Ok(kind),
        _ => {
            let list: Vec<String> = allowed.iter().map(u64::to_string).collect();
            let message = format!("Value must be one of {{{}}}.", list.join(", "));
            let mut problems = Problems::default();
            problems.add("type", "BASE_TYPE_CHOICES", message);
            Refusal::check(problems).map(|()| 0)
        }
    }
}

fn check_data(interaction: &Interaction, kind: u64, body: &Value) -> Result<()> {
    let data = &body["data"];
    let mut wrong = Problems::default();
    wrong.object("data", data);
    wrong.number(
        "data.flags",
        &data["flags"],
        0,
        i32::MAX.unsigned_abs().into(),
    );
    Refusal::check(wrong)?;
    let problems = match kind {
        MESSAGE | UPDATE if data.is_object() => {
            let was_v2 = kind == UPDATE
                && interaction.event["message"]["flags"].as_u64().unwrap_or(0)
                    & messages::COMPONENTS_V2
                    != 0;
            let found = rules::check_message(data, was_v2).into_errors();
            return found.map_or(Ok(()), |errors| {
                Err(Refusal::invalid(json!({"data": errors})))
            });
        }
        CHOICES => {
            let options = &interaction.event["data"]["options"];
            rules::check_choices(data, focused_type(options).unwrap_or(0))
        }
        MODAL => rules::check_modal(data),
        MESSAGE => {
            let mut problems = Problems::default();
            problems.add("data", "BASE_TYPE_REQUIRED", "This field is required");
            problems
        }
        _ => Problems::default(),
    };
    Refusal::check(problems)
}

/// The type of the option that is being typed.
fn focused_type(options: &Value) -> Option<u64> {
    options.as_array()?.iter().find_map(|option| {
        let own = (option["focused"] == true)
            .then(|| option["type"].as_u64())
            .flatten();
        own.or_else(|| focused_type(&option["options"]))
    })
}

fn carry_out(
    hub: &Hub,
    state: &mut State,
    id: u64,
    kind: u64,
    data: &Value,
    files: Vec<Upload>,
) -> Result<()> {
    let mut progress = Progress::Settled;
    match kind {
        MESSAGE => {
            let message = reply(hub, state, id, data, files, 0)?;
            set_original(state, id, message, false);
        }
        DEFERRED_MESSAGE => {
            let message = reply(hub, state, id, data, files, LOADING)?;
            set_original(state, id, message, true);
            progress = Progress::Deferred;
        }
        DEFERRED_UPDATE => {
            let source = state.interactions[&id].source.unwrap_or(0);
            set_original(state, id, source, false);
            progress = Progress::Deferred;
        }
        UPDATE => update(hub, state, id, data, files)?,
        CHOICES => show(state, id, data["choices"].clone()),
        _ => open_modal(state, id, data),
    }
    if let Some(interaction) = state.interactions.get_mut(&id) {
        interaction.answered = Some(kind);
        interaction.took = Some(interaction.delivered.elapsed());
        let (user, of_modal) = (interaction.user, interaction.kind == Kind::Modal);
        interaction.progress.send_replace(progress);
        if of_modal {
            state.modals.remove(&user);
        }
    }
    state.touch();
    Ok(())
}

/// Posts a message that answers an interaction, and gives its id.
pub(super) fn reply(
    hub: &Hub,
    state: &mut State,
    id: u64,
    data: &Value,
    files: Vec<Upload>,
    flags: u64,
) -> Result<u64> {
    let interaction = &state.interactions[&id];
    let (user, channel, kind) = (interaction.user, interaction.channel, interaction.kind);
    let ephemeral = data["flags"].as_u64().unwrap_or(0) & EPHEMERAL;
    let metadata = metadata(interaction);
    let now = hub.clock.now();
    let attachments = state.attach(files, now);
    let message = state.next_id(now);
    let flags = flags | ephemeral;
    let mut json = messages::compose(data, message, channel, flags, attachments, now);
    if flags & LOADING == 0 && messages::is_empty(&json) {
        return Err(errors::EMPTY_MESSAGE);
    }
    ping(state, &mut json, data);
    json["type"] = json!(if kind == Kind::Command { 20 } else { 0 });
    json["application_id"] = objects::id(super::super::APPLICATION_ID);
    json["webhook_id"] = objects::id(super::super::APPLICATION_ID);
    json["interaction_metadata"] = metadata;
    let only_for = (ephemeral != 0).then_some(user);
    post(state, channel, message, Message { json, only_for });
    Ok(message)
}

/// Sets what `@original` means.
pub(super) fn set_original(state: &mut State, id: u64, message: u64, loading: bool) {
    if let Some(interaction) = state.interactions.get_mut(&id) {
        interaction.original = Some(message);
        interaction.loading = loading;
    }
}

fn update(hub: &Hub, state: &mut State, id: u64, data: &Value, files: Vec<Upload>) -> Result<()> {
    let interaction = &state.interactions[&id];
    let (channel, source) = (interaction.channel, interaction.source.unwrap_or(0));
    let now = hub.clock.now();
    let attachments = state.attach(files, now);
    // A source that was deleted meanwhile is answered all the same: there is nothing to show.
    if let Some(old) = state.messages.get(channel, source) {
        let (mut revised, owner) = (old.json.clone(), old.only_for);
        messages::revise(&mut revised, data, attachments, now);
        if messages::is_empty(&revised) {
            return Err(errors::EMPTY_MESSAGE);
        }
        if let Some(stored) = state.messages.get_mut(channel, source) {
            stored.json = revised.clone();
        }
        state.announce("message_updated", channel, owner, revised);
    }
    set_original(state, id, source, false);
    Ok(())
}

fn show(state: &mut State, id: u64, what: Value) {
    if let Some(interaction) = state.interactions.get_mut(&id) {
        interaction.shown = what;
    }
}

fn open_modal(state: &mut State, id: u64, data: &Value) {
    let mut definition = data.clone();
    number_components(&mut definition["components"]);
    show(state, id, definition.clone());
    let interaction = &state.interactions[&id];
    let (channel, source) = (interaction.channel, interaction.source);
    let (user, trigger) = (interaction.user, metadata(interaction));
    state.modals.insert(
        user,
        Modal {
            definition,
            channel,
            source,
            trigger,
        },
    );
}

fn metadata(interaction: &Interaction) -> Value {
    let event = &interaction.event;
    let user = if event["user"].is_null() {
        &event["member"]["user"]
    } else {
        &event["user"]
    };
    let mut metadata = json!({
        "id": objects::id(interaction.id), "type": interaction.kind.number(), "user": user,
        "authorizing_integration_owners": event["authorizing_integration_owners"],
    });
    if let (Kind::Component, Some(source)) = (interaction.kind, interaction.source) {
        metadata["interacted_message_id"] = objects::id(source);
    }
    if interaction.kind == Kind::Modal {
        metadata["triggering_interaction_metadata"] = interaction.trigger.clone();
    }
    metadata
}

fn response(state: &State, interaction: &Interaction, kind: u64) -> Value {
    let message = interaction
        .original
        .and_then(|id| state.messages.get(interaction.channel, id));
    let mut told = json!({
        "id": objects::id(interaction.id), "type": interaction.kind.number(),
        "response_message_loading": interaction.loading,
        "response_message_ephemeral": message.is_some_and(|message| message.only_for.is_some()),
    });
    if let Some(id) = interaction.original {
        told["response_message_id"] = objects::id(id);
    }
    let mut response = json!({"interaction": told});
    if let (MESSAGE | UPDATE, Some(message)) = (kind, message) {
        response["resource"] = json!({"type": kind, "message": message.json});
    }
    response
}
