//! What a bot says after its first answer, with the token of the interaction.
//!
//! Invariant: the token opens exactly the messages that answer its own interaction, for fifteen
//! minutes.

use super::{
    super::{
        rules,
        state::{Hub, Progress, State},
    },
    Answer, Call, callback,
    errors::{self, Refusal},
    messages,
};
use chrono::TimeDelta;
use serde_json::Value;

type Result<T = Answer> = std::result::Result<T, Refusal>;

/// How long an interaction's token lives, in minutes.
const TOKEN_MIN: i64 = 15;

/// `POST /webhooks/{webhook_id}/{webhook_token}`: a message after the first answer. After a
/// deferral the first one takes the place of "thinking…", as it does in Discord.
pub(super) fn create(hub: &Hub, call: &mut Call) -> Result {
    let mut state = hub.state();
    let id = interaction(hub, &state, call)?;
    let (loading, original, channel) = {
        let interaction = &state.interactions[&id];
        (
            interaction.loading,
            interaction.original,
            interaction.channel,
        )
    };
    let message = match original.filter(|_| loading) {
        Some(original) => {
            settle_original(hub, &mut state, call, id, channel, original)?;
            original
        }
        None => {
            Refusal::check(rules::check_message(&call.body, false))?;
            let files = call.take_files("");
            let message = callback::reply(hub, &mut state, id, &call.body, files, 0)?;
            if let Some(interaction) = state.interactions.get_mut(&id) {
                interaction.followups.push(message);
            }
            message
        }
    };
    settled(&mut state, id);
    let message = state
        .messages
        .get(channel, message)
        .ok_or(errors::UNKNOWN_MESSAGE)?;
    Ok(Answer::Json(message.json.clone()))
}

/// `GET …/messages/@original` and `…/messages/{message_id}`
pub(super) fn get(hub: &Hub, call: &mut Call) -> Result {
    let state = hub.state();
    let (_, channel, message) = target(hub, &state, call)?;
    let message = state
        .messages
        .get(channel, message)
        .ok_or(errors::UNKNOWN_MESSAGE)?;
    Ok(Answer::Json(message.json.clone()))
}

/// `PATCH …/messages/@original` and `…/messages/{message_id}`
pub(super) fn edit(hub: &Hub, call: &mut Call) -> Result {
    let mut state = hub.state();
    let (id, channel, message) = target(hub, &state, call)?;
    let interaction = &state.interactions[&id];
    let message = if interaction.loading && interaction.original == Some(message) {
        settle_original(hub, &mut state, call, id, channel, message)?
    } else {
        messages::revise(hub, &mut state, call, channel, message)?
    };
    settled(&mut state, id);
    Ok(Answer::Json(message))
}

/// `DELETE …/messages/@original` and `…/messages/{message_id}`
pub(super) fn delete(hub: &Hub, call: &mut Call) -> Result {
    let mut state = hub.state();
    let (id, channel, message) = target(hub, &state, call)?;
    if !messages::remove(&mut state, channel, message) {
        return Err(errors::UNKNOWN_MESSAGE);
    }
    settled(&mut state, id);
    Ok(Answer::Empty)
}

/// Replaces "thinking…" by what is to be said.
fn settle_original(
    hub: &Hub,
    state: &mut State,
    call: &mut Call,
    id: u64,
    channel: u64,
    message: u64,
) -> Result<Value> {
    let shown = messages::revise(hub, state, call, channel, message)?;
    if let Some(interaction) = state.interactions.get_mut(&id) {
        interaction.loading = false;
    }
    Ok(shown)
}

fn settled(state: &mut State, id: u64) {
    if let Some(interaction) = state.interactions.get_mut(&id) {
        interaction.progress.send_replace(Progress::Settled);
    }
    state.touch();
}

/// The interaction whose token this is.
fn interaction(hub: &Hub, state: &State, call: &Call) -> Result<u64> {
    if call.id("webhook_id") != super::super::APPLICATION_ID {
        return Err(errors::UNKNOWN_WEBHOOK);
    }
    let token = call.params.get("webhook_token");
    let id = token
        .and_then(|token| state.tokens.get(token))
        .ok_or(errors::INVALID_TOKEN)?;
    let interaction = state.interactions.get(id).ok_or(errors::INVALID_TOKEN)?;
    if hub.clock.now() - interaction.created > TimeDelta::minutes(TOKEN_MIN) {
        return Err(errors::INVALID_TOKEN);
    }
    if interaction.answered.is_none() {
        return Err(errors::UNKNOWN_WEBHOOK);
    }
    Ok(*id)
}

/// The interaction, the channel and the message that a call is about.
fn target(hub: &Hub, state: &State, call: &Call) -> Result<(u64, u64, u64)> {
    let id = interaction(hub, state, call)?;
    let interaction = &state.interactions[&id];
    let message = if call.params.contains_key("message_id") {
        let message = call.id("message_id");
        let own = interaction.original == Some(message) || interaction.followups.contains(&message);
        own.then_some(message)
    } else {
        interaction.original
    };
    let message = message.ok_or(errors::UNKNOWN_MESSAGE)?;
    Ok((id, interaction.channel, message))
}
