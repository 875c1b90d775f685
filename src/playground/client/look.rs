//! Looking: the world, messages, news, the log of requests. Changes nothing.

use super::{
    super::{
        objects,
        state::{Hub, State},
    },
    Mistake, Result, mistake,
};
use axum::{
    Json,
    body::Body,
    extract::{Path, Query, State as Shared},
    http::{StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::broadcast::error::RecvError;

/// Longest wait of a request that waits for a change, in seconds.
const WAIT_MAX_S: u64 = 25;

type Hubs = Shared<Arc<Hub>>;

pub(super) async fn world(Shared(hub): Hubs) -> Json<Value> {
    let state = hub.state();
    let events = |guild| state.events_of(guild).cloned().collect();
    let mut world = objects::world(
        &state.world,
        |guild, user| state.permissions(guild, user),
        |channel, user| !state.views(channel, user),
        events,
    );
    let commands: Vec<Value> = state.commands.values().flatten().cloned().collect();
    world["commands"] = Value::Array(commands);
    Json(world)
}

#[derive(Deserialize)]
pub(super) struct AsWhom {
    user: u64,
}

pub(super) async fn channel(
    Shared(hub): Hubs,
    Path(channel): Path<u64>,
    Query(AsWhom { user }): Query<AsWhom>,
) -> Result<Json<Value>> {
    let state = hub.state();
    may_see(&state, channel, user)?;
    Ok(Json(seen(&state, channel, user)))
}

pub(super) async fn dms(Shared(hub): Hubs, Path(user): Path<u64>) -> Result<Json<Value>> {
    let state = hub.state();
    if state.world.person(user).is_none() {
        return mistake("There is no such person.");
    }
    Ok(Json(match state.dms.get(&user) {
        Some(channel) => seen(&state, *channel, user),
        None => json!({"channel": null, "revision": 0, "messages": []}),
    }))
}

pub(super) async fn modal(Shared(hub): Hubs, Path(user): Path<u64>) -> Json<Value> {
    let state = hub.state();
    Json(
        state
            .modals
            .get(&user)
            .map_or(Value::Null, |modal| modal.definition.clone()),
    )
}

/// Refuses somebody who cannot open a channel.
pub(super) fn may_see(state: &State, channel: u64, user: u64) -> Result<()> {
    let allowed = state.views(channel, user) || state.dms.get(&user) == Some(&channel);
    if allowed {
        Ok(())
    } else {
        mistake("This person cannot see this channel.")
    }
}

fn seen(state: &State, channel: u64, user: u64) -> Value {
    let messages = state.messages.of(channel);
    let visible = messages.filter(|message| message.only_for.is_none_or(|only| only == user));
    json!({
        "channel": objects::id(channel), "revision": state.revision(channel),
        "messages": visible.map(|message| message.json.clone()).collect::<Vec<_>>(),
    })
}

#[derive(Deserialize)]
pub(super) struct Wait {
    channel: u64,
    #[serde(default)]
    after: u64,
}

pub(super) async fn wait(Shared(hub): Hubs, Query(wait): Query<Wait>) -> Json<Value> {
    let revision = |state: &State| state.revision(wait.channel);
    until(&hub, |state| revision(state) > wait.after).await;
    let revision = revision(&hub.state());
    Json(json!({"channel": objects::id(wait.channel), "revision": revision}))
}

#[derive(Deserialize)]
pub(super) struct Ready {
    #[serde(default)]
    shards: Option<u64>,
}

pub(super) async fn ready(Shared(hub): Hubs, Query(wanted): Query<Ready>) -> Json<Value> {
    let there = |state: &State| {
        let (connected, total) = state.sessions.connected();
        let commands = state.commands.values().map(Vec::len).sum::<usize>();
        let enough = connected > 0
            && connected == total
            && wanted.shards.is_none_or(|shards| connected == shards);
        (enough && commands > 0, connected, commands)
    };
    until(&hub, |state| there(state).0).await;
    let (ready, shards, commands) = there(&hub.state());
    Json(json!({"ready": ready, "shards": shards, "commands": commands}))
}

pub(super) async fn gateway(Shared(hub): Hubs) -> Json<Value> {
    let mut state = hub.state();
    let (total, left, reset_after_ms) = state.starts.at(Instant::now());
    let (exceeded, too_soon) = (state.starts.exceeded(), state.starts.too_soon());
    let starts = json!({
        "total": total, "left": left, "reset_after_ms": reset_after_ms, "exceeded": exceeded,
        "too_soon": too_soon,
    });
    Json(json!({"sessions": state.sessions.list(), "starts": starts}))
}

#[derive(Deserialize)]
pub(super) struct Log {
    #[serde(default)]
    after: u64,
    #[serde(default)]
    wait: bool,
    #[serde(default)]
    responses: bool,
}

pub(super) async fn requests(Shared(hub): Hubs, Query(log): Query<Log>) -> Json<Value> {
    let later = |entry: &&Value| entry["n"].as_u64().is_some_and(|n| n > log.after);
    if log.wait {
        until(&hub, |state| {
            state.requests.back().as_ref().is_some_and(later)
        })
        .await;
    }
    let state = hub.state();
    let mut requests: Vec<Value> = state.requests.iter().filter(later).cloned().collect();
    if log.responses {
        for entry in &mut requests {
            let response = entry["n"].as_u64().and_then(|n| state.responses.get(&n));
            if let Some(response) = response {
                entry["response"] = read_response(response);
            }
        }
    }
    let last = state
        .requests
        .back()
        .map_or(0, |entry| entry["n"].as_u64().unwrap_or(0));
    Json(json!({"last": last, "requests": requests}))
}

/// A response body as JSON, as a text if it is none, or null if there was none.
fn read_response(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    let text = || Value::String(String::from_utf8_lossy(body).into_owned());
    serde_json::from_slice(body).unwrap_or_else(|_| text())
}

pub(super) async fn dispatches(Shared(hub): Hubs) -> Json<Value> {
    let state = hub.state();
    let dispatches: Vec<Value> = state.sessions.dispatched().collect();
    Json(json!({"dispatches": dispatches}))
}

pub(super) async fn limits(Shared(hub): Hubs) -> Json<Value> {
    Json(hub.state().holds.tell())
}

/// Waits until the state is as wanted, or [`WAIT_MAX_S`] passed, or the end is near.
async fn until(hub: &Hub, wanted: impl Fn(&State) -> bool) {
    let mut changed = hub.state().changed.subscribe();
    let reached = async {
        while !wanted(&hub.state()) {
            if changed.changed().await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = reached => {}
        () = tokio::time::sleep(Duration::from_secs(WAIT_MAX_S)) => {}
        () = hub.stopping.cancelled() => {}
    }
}

pub(super) async fn events(
    Shared(hub): Hubs,
) -> Sse<impl Stream<Item = std::result::Result<Event, Infallible>>> {
    let news = hub.state().news.subscribe();
    let stopping = hub.stopping.clone();
    let stream = stream::unfold((news, stopping), |(mut news, stopping)| async move {
        let item = tokio::select! {
            () = stopping.cancelled() => return None,
            item = news.recv() => item,
        };
        let item = match item {
            Ok(item) => item,
            Err(RecvError::Lagged(_)) => json!({
                "type": "lagged", "channel": null, "only_for": null, "revision": 0, "detail": null,
            }),
            Err(RecvError::Closed) => return None,
        };
        Some((
            Ok(Event::default().data(item.to_string())),
            (news, stopping),
        ))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

/// The types under which files are served: pictures that cannot hold scripts. All others are bytes.
const PICTURES: [&str; 5] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
];

/// `GET /attachments/{id}/{filename}`: a download, whatever it is, since whoever uploads a file is not trusted to
/// have a page of this origin.
pub(in crate::playground) async fn attachment(
    Shared(hub): Hubs,
    Path((id, _)): Path<(u64, String)>,
) -> Response {
    let state = hub.state();
    match state.messages.file(id) {
        Some(file) => {
            let kind = file.content_type.as_deref();
            let kind = PICTURES.iter().find(|picture| Some(**picture) == kind);
            (
                [
                    (
                        header::CONTENT_TYPE,
                        *kind.unwrap_or(&"application/octet-stream"),
                    ),
                    (header::CONTENT_DISPOSITION, "attachment"),
                ],
                Body::from(file.bytes.clone()),
            )
                .into_response()
        }
        None => (
            StatusCode::NOT_FOUND,
            Mistake("There is no such file.".to_owned()).0,
        )
            .into_response(),
    }
}
