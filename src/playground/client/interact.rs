//! `POST /client/interactions`: one click, from the person to the bot and back.
//!
//! Invariant: the person always gets an answer, if only that the bot gave none.

use super::{
    super::{
        endpoint, objects,
        rest::callback,
        state::{Hub, Interaction, Kind, Progress, State},
    },
    Mistake, Result, command, component, event, id_of, look, mistake, modal, text_of,
};
use axum::{
    Json,
    extract::{Path, State as Shared},
};
use chrono::TimeDelta;
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Longest wait for an acknowledgement in real time, in seconds: a clock that a test holds still
/// must not hold the test.
const ANSWER_WAIT_MAX_S: u64 = 30;
/// Longest wait for what follows a deferral, in seconds.
const SETTLED_WAIT_MAX_S: u64 = 30;
/// What Discord shows when a bot doesn't answer.
const NO_ANSWER: &str = "The application did not respond";

/// What a click turned into.
pub(super) struct Click {
    pub(super) kind: Kind,
    pub(super) user: u64,
    /// The guild; none in direct messages.
    pub(super) guild: Option<u64>,
    pub(super) channel: u64,
    /// The `data` of the event.
    pub(super) data: Value,
    /// The message of the component, also of the one that opened a modal.
    pub(super) message: Option<Value>,
    /// Of a modal: what `interaction_metadata` says of the interaction that opened it.
    pub(super) trigger: Value,
}

pub(super) async fn interact(
    Shared(hub): Shared<Arc<Hub>>,
    Json(body): Json<Value>,
) -> Result<Json<Value>> {
    ask(&hub, &body).await.map(Json)
}

/// Delivers a click and gives the answer to it.
pub(in crate::playground) async fn ask(hub: &Arc<Hub>, body: &Value) -> Result<Value> {
    let (id, progress) = begin(hub, body)?;
    let Some(progress) = progress else {
        fail(hub, id);
        return Ok(answer(&hub.state(), id));
    };
    let settled = body["wait"] == "settled";
    if !acknowledged(hub, id, progress.clone()).await {
        fail(hub, id);
    } else if settled {
        reach(progress, Progress::Settled, SETTLED_WAIT_MAX_S).await;
    }
    Ok(answer(&hub.state(), id))
}

pub(super) async fn present(
    Shared(hub): Shared<Arc<Hub>>,
    Path(id): Path<u64>,
) -> Result<Json<Value>> {
    let state = hub.state();
    if !state.interactions.contains_key(&id) {
        return mistake("There is no such interaction.");
    }
    Ok(Json(answer(&state, id)))
}

pub(super) async fn redeliver(
    Shared(hub): Shared<Arc<Hub>>,
    Path(id): Path<u64>,
) -> Result<Json<Value>> {
    let mut state = hub.state();
    let Some(interaction) = state.interactions.get(&id) else {
        return mistake("There is no such interaction.");
    };
    let (guild, event) = (interaction.guild, interaction.event.clone());
    let delivered = send(&hub, &mut state, guild, id, &event);
    Ok(Json(json!({"delivered": delivered})))
}

/// Sets where interactions go from now on.
pub(super) async fn endpoint(
    Shared(hub): Shared<Arc<Hub>>,
    Json(body): Json<Value>,
) -> Result<Json<Value>> {
    let urls = super::items(&body["urls"]).iter().filter_map(Value::as_str);
    let urls: Vec<String> = urls.map(str::to_owned).collect();
    if let Some(url) = urls.iter().find(|url| !endpoint::is_allowed(url)) {
        return mistake(format!(
            "The address {url} is not allowed: it must be http://127.0.0.1:PORT/interactions."
        ));
    }
    for url in &urls {
        endpoint::probe(&hub, url).await.map_err(Mistake)?;
    }
    let mut state = hub.state();
    state.endpoint.urls = urls;
    Ok(Json(json!({"public_key": state.endpoint.public_key()})))
}

/// Sends an event over HTTP or the gateway; to how many.
fn send(hub: &Arc<Hub>, state: &mut State, guild: Option<u64>, id: u64, event: &Value) -> usize {
    if endpoint::deliver(hub, state, id, event) {
        return 1;
    }
    let sessions = &mut state.sessions;
    sessions.dispatch(guild, 0, "INTERACTION_CREATE", event)
}

/// Checks a click and sends its event; without a session to send it to there is no progress to
/// wait for.
fn begin(hub: &Arc<Hub>, body: &Value) -> Result<(u64, Option<watch::Receiver<Progress>>)> {
    let now = hub.clock.now();
    let mut state = hub.state();
    let click = click(&mut state, body, now)?;
    let id = state.next_id(now);
    let token = state.next_secret(id);
    let mut event = event::build(&state, &click, id, &token)?;
    event::distort(&mut event, &body["odd"])?;
    let progress = watch::Sender::new(Progress::Waiting);
    let receiver = progress.subscribe();
    let source = click
        .message
        .as_ref()
        .and_then(|message| objects::read_id(&message["id"]));
    let reached = send(hub, &mut state, click.guild, id, &event);
    if !body["odd"].is_null() {
        state.sessions.forget_dispatched(&token);
    }
    state.remember(Interaction {
        id,
        token,
        kind: click.kind,
        user: click.user,
        guild: click.guild,
        channel: click.channel,
        source,
        trigger: click.trigger,
        event,
        created: now,
        delivered: Instant::now(),
        took: None,
        answered: None,
        original: None,
        loading: false,
        followups: Vec::new(),
        shown: Value::Null,
        progress,
    });
    Ok((id, (reached > 0).then_some(receiver)))
}

fn click(state: &mut State, body: &Value, now: chrono::DateTime<chrono::Utc>) -> Result<Click> {
    let user = id_of(body, "user")?;
    if state.world.person(user).is_none() {
        return mistake("There is no such person.");
    }
    let channel = match body["channel"].is_null() {
        true if body["guild"].is_null() => state.open_dm(user, now),
        _ => id_of(body, "channel")?,
    };
    let forge = body["forge"] == true;
    look::may_see(state, channel, user)?;
    let guild = state.world.channel(channel).map(|(guild, _)| guild.id);
    if let Some(named) = objects::read_id(&body["guild"])
        && Some(named) != guild
    {
        return mistake("This channel is not in this guild.");
    }
    can_use(state, channel)?;
    let kind = match text_of(body, "kind")? {
        "command" => Kind::Command,
        "autocomplete" => Kind::Autocomplete,
        "component" => Kind::Component,
        "modal" => Kind::Modal,
        other => return mistake(format!("There is no interaction of the kind {other}.")),
    };
    let mut click = Click {
        kind,
        user,
        guild,
        channel,
        data: Value::Null,
        message: None,
        trigger: Value::Null,
    };
    match kind {
        Kind::Command | Kind::Autocomplete => command::fill(state, &mut click, body, forge)?,
        Kind::Component => component::fill(state, &mut click, body, forge, now)?,
        Kind::Modal => modal::fill(state, &mut click, body, forge)?,
    }
    Ok(click)
}

/// Refuses a click where a client offers none: in an archived thread ("Threads", section "Active &
/// Archived Threads"), and where the application was removed.
fn can_use(state: &State, channel: u64) -> Result<()> {
    let Some((guild, channel)) = state.world.channel(channel) else {
        return Ok(());
    };
    if state.left.contains(&guild.id) {
        return mistake("The application is not in this guild.");
    }
    match &channel.thread {
        Some(thread) if thread.archived => mistake("This thread is archived."),
        _ => Ok(()),
    }
}

async fn acknowledged(hub: &Hub, id: u64, progress: watch::Receiver<Progress>) -> bool {
    let created = match hub.state().interactions.get(&id) {
        Some(interaction) => interaction.created,
        None => return false,
    };
    let deadline = created + TimeDelta::milliseconds(callback::ACK_WITHIN_MS);
    tokio::select! {
        reached = reach(progress, Progress::Deferred, ANSWER_WAIT_MAX_S) => reached,
        () = hub.clock.sleep_until(deadline) => {
            // It may have been acknowledged in the very moment.
            hub.state().interactions.get(&id).is_some_and(|one| one.answered.is_some())
        }
        () = hub.stopping.cancelled() => false,
    }
}

async fn reach(mut progress: watch::Receiver<Progress>, wanted: Progress, within_s: u64) -> bool {
    let reached = progress.wait_for(|progress| *progress >= wanted);
    let within = Duration::from_secs(within_s);
    matches!(tokio::time::timeout(within, reached).await, Ok(Ok(_)))
}

fn fail(hub: &Hub, id: u64) {
    let mut state = hub.state();
    let Some(interaction) = state.interactions.get(&id) else {
        return;
    };
    let (user, channel) = (interaction.user, interaction.channel);
    let detail = json!({
        "interaction": objects::id(id), "user": objects::id(user), "error": NO_ANSWER,
    });
    state.announce("interaction_failed", channel, Some(user), detail);
}

/// What the person sees of the answer at present.
fn answer(state: &State, id: u64) -> Value {
    let mut told = json!({
        "id": objects::id(id), "outcome": "failed", "deferred": false, "message": null,
        "modal": null, "choices": null, "followups": [], "error": null, "took_us": null,
    });
    let Some(interaction) = state.interactions.get(&id) else {
        return told;
    };
    let find = |message: u64| {
        state
            .messages
            .get(interaction.channel, message)
            .map(|message| message.json.clone())
    };
    told["took_us"] = json!(interaction.took.map(|took| took.as_micros() as u64));
    let settled = *interaction.progress.borrow() == Progress::Settled;
    told["message"] = interaction.original.and_then(find).unwrap_or(Value::Null);
    told["followups"] = interaction
        .followups
        .iter()
        .copied()
        .filter_map(find)
        .collect();
    let outcome = match interaction.answered {
        None => {
            told["error"] = json!(NO_ANSWER);
            "failed"
        }
        Some(callback::MESSAGE) => "message",
        Some(callback::UPDATE) => "update",
        Some(callback::CHOICES) => {
            told["choices"] = interaction.shown.clone();
            "choices"
        }
        Some(callback::MODAL) => {
            told["modal"] = interaction.shown.clone();
            "modal"
        }
        Some(kind) => {
            told["deferred"] = json!(true);
            match (settled, kind) {
                (false, _) => "deferred",
                (true, callback::DEFERRED_MESSAGE) => "message",
                (true, _) => "update",
            }
        }
    };
    told["outcome"] = json!(outcome);
    told
}
