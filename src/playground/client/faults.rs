//! What tests make go wrong. Invariant: a fault stays until it is used up or taken back.

use super::{
    super::{
        limits::holds::Kind,
        objects, rest,
        sessions::Order,
        state::{Faults, Hub, Planned429, PlannedFault, Quoted},
    },
    Result, id_of, mistake, text_of,
};
use axum::{
    Json,
    extract::{Path, State as Shared},
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

type Hubs = Shared<Arc<Hub>>;
type Done = Result<Json<Value>>;

pub(super) async fn clear(Shared(hub): Hubs) -> Json<Value> {
    hub.state().faults = Faults::default();
    hub.is_token_reset.store(false, Ordering::Relaxed);
    Json(json!({}))
}

pub(super) async fn gateway(Shared(hub): Hubs, Json(body): Json<Value>) -> Done {
    let shard = body["shard"].as_u64();
    let mut state = hub.state();
    let affected = match text_of(&body, "action")? {
        "reconnect" => state.sessions.order(Order::Reconnect, shard),
        "drop" => state.sessions.order(Order::Drop, shard),
        "invalidate" => state.sessions.invalidate(shard),
        other => return mistake(format!("There is no gateway fault {other}.")),
    };
    Ok(Json(json!({"affected": affected})))
}

pub(super) async fn requests(Shared(hub): Hubs, Json(body): Json<Value>) -> Done {
    let status = body["status"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok());
    let limited = match (body["limit"].as_str(), status) {
        (Some(name), _) => Some(limit_of(name)?),
        (None, Some(429)) => Some(Kind::User),
        (None, _) => None,
    };
    let limited = limited.map(|kind| Planned429 {
        kind,
        retry_after: seconds_of(&body["retry_after"]),
        is_named: body["bucket"] != false,
    });
    let fault = PlannedFault {
        method: body["method"].as_str().map(str::to_owned),
        route: body["route"].as_str().unwrap_or_default().to_owned(),
        times: body["times"].as_u64().unwrap_or(1).max(1),
        // A 429 is more than a status.
        status: status.filter(|_| limited.is_none()),
        code: body["code"].as_u64().unwrap_or(0),
        delay_ms: body["delay_ms"].as_u64().unwrap_or(0),
        after: body["after"] == true,
        quotes: match body["quotes"].as_str() {
            None => None,
            Some("body") => Some(Quoted::Body),
            Some("path") => Some(Quoted::Path),
            Some(other) => return mistake(format!("No answer quotes the request's {other}.")),
        },
        tears: body["tear"] == true,
        limited,
    };
    hub.state().faults.planned.push(fault);
    Ok(Json(json!({})))
}

fn limit_of(name: &str) -> Result<Kind> {
    match Kind::of(name) {
        Some(kind) => Ok(kind),
        None => mistake(format!("There is no kind of rate limit {name}.")),
    }
}

/// A time in seconds; a second if there is none.
fn seconds_of(value: &Value) -> Duration {
    let seconds = value.as_f64().map(Duration::try_from_secs_f64);
    seconds
        .and_then(|one| one.ok())
        .unwrap_or(Duration::from_secs(1))
}

pub(super) async fn latency(Shared(hub): Hubs, Json(body): Json<Value>) -> Done {
    hub.state().faults.latency_ms = body["ms"].as_u64().unwrap_or(0);
    Ok(Json(json!({})))
}

pub(super) async fn limits(Shared(hub): Hubs, Json(body): Json<Value>) -> Done {
    hub.state().faults.unlimited = body["enabled"] == false;
    Ok(Json(json!({})))
}

pub(super) async fn starts(Shared(hub): Hubs, Json(body): Json<Value>) -> Done {
    let (Some(left), Some(reset_after)) = (body["left"].as_u64(), body["reset_after_ms"].as_u64())
    else {
        return mistake("The fields left and reset_after_ms must be numbers.");
    };
    let (reset_after, now) = (Duration::from_millis(reset_after), Instant::now());
    hub.state().starts.set(left, reset_after, now);
    Ok(Json(json!({})))
}

/// Somebody resets the bot's token. Discord closes running sessions with 4004 then
/// (discord/discord-api-docs#1542, Rapptz/discord.py#4027: a bot that ran for hours), and answers 401 to every
/// request with the old one ("Opcodes and Status Codes", *HTTP*).
pub(super) async fn token(Shared(hub): Hubs, Json(body): Json<Value>) -> Json<Value> {
    hub.is_token_reset.store(true, Ordering::Relaxed);
    let closed = match body["keep_sessions"] == true {
        true => 0,
        false => hub.state().sessions.order(Order::Refuse, None),
    };
    Json(json!({"closed": closed}))
}

pub(super) async fn dms(Shared(hub): Hubs, Json(body): Json<Value>) -> Done {
    let user = id_of(&body, "user")?;
    let closed = &mut hub.state().faults.dms_closed;
    if body["closed"] == false {
        closed.remove(&user);
    } else {
        closed.insert(user);
    }
    Ok(Json(json!({})))
}

pub(super) async fn permissions(Shared(hub): Hubs, Json(body): Json<Value>) -> Done {
    let who = (id_of(&body, "guild")?, id_of(&body, "user")?);
    let mut state = hub.state();
    match objects::read_id(&body["permissions"]) {
        Some(bits) => state.faults.permissions.insert(who, bits),
        None => state.faults.permissions.remove(&who),
    };
    Ok(Json(json!({})))
}

pub(super) async fn access(Shared(hub): Hubs, Json(body): Json<Value>) -> Done {
    let channel = id_of(&body, "channel")?;
    let mut state = hub.state();
    match objects::read_id(&body["denied"]) {
        Some(bits) => state.faults.denied.insert(channel, bits),
        None => state.faults.denied.remove(&channel),
    };
    Ok(Json(json!({})))
}

pub(super) async fn delete_thread(Shared(hub): Hubs, Path(thread): Path<u64>) -> Done {
    if !rest::remove_thread(&mut hub.state(), thread) {
        return mistake("There is no such thread.");
    }
    Ok(Json(json!({})))
}

pub(super) async fn delete_event(Shared(hub): Hubs, Path(event): Path<u64>) -> Done {
    let mut state = hub.state();
    if state.events.remove(&event).is_none() {
        return mistake("There is no such event.");
    }
    state.surroundings_changed();
    Ok(Json(json!({})))
}

pub(super) async fn delete_message(
    Shared(hub): Hubs,
    Path((channel, message)): Path<(u64, u64)>,
) -> Done {
    if !rest::remove(&mut hub.state(), channel, message) {
        return mistake("There is no such message.");
    }
    Ok(Json(json!({})))
}
