//! The REST API, version 10: one table of routes, one way for every request.
//!
//! May touch: the state, for as long as a handler runs. Invariant: every request is logged with
//! its route and its status, whatever became of it.

mod about;
mod body;
pub(super) mod callback;
mod commands;
pub(super) mod errors;
mod events;
mod limited;
mod messages;
mod threads;
mod webhooks;

use super::{
    limits::{Standing, changes::TooEarly, holds::Asked},
    state::{Hub, PlannedFault, Quoted, State as Remembered},
};
use axum::{
    Json,
    body::Bytes,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
pub(super) use body::{BODY_MAX_BYTES, Call};
use errors::Refusal;
pub(super) use events::is_alive;
pub(super) use messages::remove;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc, time::Duration};
pub(super) use threads::{remove as remove_thread, set as set_thread};
use tokio::time::Instant;

/// The answer of a handler.
pub(super) enum Answer {
    /// 201
    Created(Value),
    /// 204
    Empty,
    /// 200
    Json(Value),
}

type Handler = fn(&Hub, &mut Call) -> Result<Answer, Refusal>;

/// Who may call a route.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    /// With the bot's token.
    Bot,
    /// With the token in the path.
    Token,
    /// As `Token`, and without a rate limit.
    Callback,
}

/// Every route, with the names that Discord's OpenAPI document gives the parameters.
const ROUTES: &[(&str, &str, Door, Handler)] = &[
    ("GET", "/gateway", Door::Token, about::gateway),
    ("GET", "/gateway/bot", Door::Bot, about::gateway_bot),
    ("GET", "/users/@me", Door::Bot, about::me),
    ("GET", "/users/@me/guilds", Door::Bot, about::my_guilds),
    ("POST", "/users/@me/channels", Door::Bot, messages::open_dm),
    ("GET", "/users/{user_id}", Door::Bot, about::user),
    ("GET", "/applications/@me", Door::Bot, about::application),
    (
        "GET",
        "/oauth2/applications/@me",
        Door::Bot,
        about::application,
    ),
    (
        "GET",
        "/applications/{application_id}/commands",
        Door::Bot,
        commands::list,
    ),
    (
        "PUT",
        "/applications/{application_id}/commands",
        Door::Bot,
        commands::replace,
    ),
    (
        "GET",
        "/applications/{application_id}/guilds/{guild_id}/commands",
        Door::Bot,
        commands::list,
    ),
    (
        "PUT",
        "/applications/{application_id}/guilds/{guild_id}/commands",
        Door::Bot,
        commands::replace,
    ),
    ("GET", "/guilds/{guild_id}", Door::Bot, about::guild),
    (
        "GET",
        "/guilds/{guild_id}/channels",
        Door::Bot,
        about::guild_channels,
    ),
    (
        "GET",
        "/guilds/{guild_id}/roles",
        Door::Bot,
        about::guild_roles,
    ),
    (
        "GET",
        "/guilds/{guild_id}/members/{user_id}",
        Door::Bot,
        about::member,
    ),
    (
        "GET",
        "/channels/{channel_id}",
        Door::Bot,
        messages::channel,
    ),
    (
        "GET",
        "/channels/{channel_id}/messages",
        Door::Bot,
        messages::list,
    ),
    (
        "POST",
        "/channels/{channel_id}/messages",
        Door::Bot,
        messages::create,
    ),
    (
        "GET",
        "/channels/{channel_id}/messages/{message_id}",
        Door::Bot,
        messages::get,
    ),
    (
        "PATCH",
        "/channels/{channel_id}/messages/{message_id}",
        Door::Bot,
        messages::edit,
    ),
    (
        "DELETE",
        "/channels/{channel_id}/messages/{message_id}",
        Door::Bot,
        messages::delete,
    ),
    (
        "POST",
        "/channels/{channel_id}/messages/{message_id}/threads",
        Door::Bot,
        threads::start,
    ),
    ("PATCH", "/channels/{channel_id}", Door::Bot, threads::edit),
    (
        "GET",
        "/channels/{channel_id}/thread-members",
        Door::Bot,
        threads::members,
    ),
    (
        "PUT",
        "/channels/{channel_id}/thread-members/{user_id}",
        Door::Bot,
        threads::add,
    ),
    (
        "DELETE",
        "/channels/{channel_id}/thread-members/{user_id}",
        Door::Bot,
        threads::take_out,
    ),
    (
        "GET",
        "/guilds/{guild_id}/scheduled-events",
        Door::Bot,
        events::list,
    ),
    (
        "POST",
        "/guilds/{guild_id}/scheduled-events",
        Door::Bot,
        events::create,
    ),
    (
        "GET",
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}",
        Door::Bot,
        events::get,
    ),
    (
        "PATCH",
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}",
        Door::Bot,
        events::edit,
    ),
    (
        "DELETE",
        "/guilds/{guild_id}/scheduled-events/{guild_scheduled_event_id}",
        Door::Bot,
        events::delete,
    ),
    (
        "POST",
        "/interactions/{interaction_id}/{interaction_token}/callback",
        Door::Callback,
        callback::answer,
    ),
    (
        "POST",
        "/webhooks/{webhook_id}/{webhook_token}",
        Door::Token,
        webhooks::create,
    ),
    (
        "GET",
        "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
        Door::Token,
        webhooks::get,
    ),
    (
        "PATCH",
        "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
        Door::Token,
        webhooks::edit,
    ),
    (
        "DELETE",
        "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
        Door::Token,
        webhooks::delete,
    ),
    (
        "GET",
        "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
        Door::Token,
        webhooks::get,
    ),
    (
        "PATCH",
        "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
        Door::Token,
        webhooks::edit,
    ),
    (
        "DELETE",
        "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
        Door::Token,
        webhooks::delete,
    ),
];

/// Every route: its method, and its path below `/api/v10`.
pub(super) fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().map(|(method, route, ..)| (*method, *route))
}

/// Serves one request: read, find the route, suffer the planned faults, handle, log.
pub(super) async fn serve(State(hub): State<Arc<Hub>>, request: Request) -> Response {
    let came_ms = hub.running_ms();
    let full = request.uri().path().to_owned();
    let path = full.strip_prefix("/api/v10").unwrap_or(&full);
    // Some clients encode the `@` of `@me` and `@original`.
    let path = path.replace("%40", "@");
    let (mut call, read) = Call::read(request, path).await;
    let body = call.body.clone();
    let (route, found) = find(&mut call);
    let is_callback = matches!(found, Ok((Door::Callback, _)));
    let asked = limited::asked(&call, route, is_callback);
    let early = hub.state().holds.come(&asked, limited::now(&hub));
    let fault = match early {
        Some(_) => None,
        None => planned_fault(&hub, &call, route),
    };
    let latency_ms = hub.state().faults.latency_ms + fault.as_ref().map_or(0, |one| one.delay_ms);
    if latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(latency_ms)).await;
    }
    let planned = fault.as_ref().and_then(|fault| fault.limited);
    let mut response = match (early, planned, read.and(found)) {
        (Some(hold), ..) => limited::again(&hub, &hold),
        (None, Some(planned), _) => limited::planned(&hub, asked, planned),
        (None, None, Err(refusal)) => refused(&refusal),
        // Replaced by the fault's own, unless that breaks off.
        (None, None, Ok(_)) if fault.as_ref().is_some_and(PlannedFault::spares) => {
            StatusCode::BAD_GATEWAY.into_response()
        }
        (None, None, Ok(found)) => handle(&hub, &mut call, asked, found),
    };
    if let Some((status, fault)) = fault.as_ref().and_then(|it| Some((it.status?, it))) {
        response = match fault.quotes {
            None => limited::faulty(status, fault.code),
            Some(Quoted::Body) => limited::quoting_body(status, &body),
            Some(Quoted::Path) => limited::quoting_path(status, &full),
        };
    }
    limited::count(&hub, &mut response);
    let (parts, content) = response.into_parts();
    let content = axum::body::to_bytes(content, usize::MAX).await;
    let content = content.unwrap_or_default();
    let status = parts.status.as_u16();
    let times = [came_ms, hub.running_ms()];
    log(&hub, &call, route, (body, times), (status, content.clone()));
    match fault.is_some_and(|fault| fault.tears) {
        true => limited::torn(),
        false => Response::from_parts(parts, content.into()),
    }
}

fn handle(hub: &Hub, call: &mut Call, asked: Asked, (door, handler): (Door, Handler)) -> Response {
    let token = call.authorization.strip_prefix("Bot ").unwrap_or_default();
    if door == Door::Bot && !hub.accepts(token) {
        return refused(&errors::UNAUTHORIZED);
    }
    let standing = take_place(hub, call, asked.route, door);
    let refused_by = standing.as_ref().and_then(|one| Some((one, one.refused?)));
    let early = match refused_by {
        Some(_) => Ok(()),
        None => take_place_for_change(hub, call, asked.route),
    };
    let is_limited = refused_by.is_some() || early.is_err();
    hub.traffic.request(door == Door::Bot, is_limited);
    let mut response = match (refused_by, early) {
        (Some((standing, global)), _) => limited::used_up(hub, asked, standing, global),
        (None, Err(early)) => limited::too_early(hub, asked, &early),
        (None, Ok(())) => match handler(hub, call) {
            Ok(Answer::Created(value)) => (StatusCode::CREATED, Json(value)).into_response(),
            Ok(Answer::Empty) => StatusCode::NO_CONTENT.into_response(),
            Ok(Answer::Json(value)) => Json(value).into_response(),
            Err(refusal) => refused(&refusal),
        },
    };
    if let Some(standing) = standing.filter(|one| one.refused != Some(true)) {
        limited::tell_standing(hub, &mut response, &standing);
    }
    response
}

/// Takes a place in the bucket of a route that has one.
fn take_place(hub: &Hub, call: &Call, route: &str, door: Door) -> Option<Standing> {
    let mut state = hub.state();
    if door == Door::Callback || state.faults.unlimited {
        return None;
    }
    let majors = ["channel_id", "guild_id", "webhook_token"];
    let major = majors.iter().find_map(|name| call.params.get(name));
    let major = major.map_or("", String::as_str);
    let (method, counts) = (call.method.as_str(), door == Door::Bot);
    Some(
        state
            .limits
            .take(Instant::now(), method, route, major, counts),
    )
}

/// Takes a place for what a call changes, where Discord limits that apart from the route.
fn take_place_for_change(hub: &Hub, call: &Call, route: &str) -> Result<(), TooEarly> {
    let (mut state, now) = (hub.state(), hub.clock.now());
    if state.faults.unlimited || call.method != "PATCH" {
        return Ok(());
    }
    match route {
        "/channels/{channel_id}/messages/{message_id}" => {
            let sent = Remembered::made_at(call.id("message_id"));
            let channel = call.id("channel_id");
            state.changes.edit(channel, sent, now, Instant::now())
        }
        "/channels/{channel_id}" if ["name", "topic"].iter().any(|f| !call.body[*f].is_null()) => {
            state.changes.rename(call.id("channel_id"), now)
        }
        _ => Ok(()),
    }
}

/// Finds the route of a call, as far as there is one, and fills in its parameters.
fn find(call: &mut Call) -> (&'static str, Result<(Door, Handler), Refusal>) {
    let mut elsewhere = ("", Err(errors::NOT_FOUND));
    for (method, route, door, handler) in ROUTES {
        let Some(params) = matches(route, &call.path) else {
            continue;
        };
        if *method == call.method.as_str() {
            call.params = params;
            return (route, Ok((*door, *handler)));
        }
        elsewhere = (route, Err(errors::METHOD_NOT_ALLOWED));
    }
    elsewhere
}

/// The parameters of a path that has the shape of this route.
fn matches(route: &'static str, path: &str) -> Option<HashMap<&'static str, String>> {
    let (mut shape, mut steps) = (route.split('/'), path.split('/'));
    let mut params = HashMap::new();
    loop {
        match (shape.next(), steps.next()) {
            (None, None) => return Some(params),
            (Some(part), Some(step)) => {
                match part
                    .strip_prefix('{')
                    .and_then(|part| part.strip_suffix('}'))
                {
                    Some(name) if !step.is_empty() && !step.starts_with('@') => {
                        params.insert(name, step.to_owned());
                    }
                    None if part == step => {}
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

fn planned_fault(hub: &Hub, call: &Call, route: &str) -> Option<PlannedFault> {
    let mut state = hub.state();
    let planned = &mut state.faults.planned;
    let position = planned.iter().position(|fault| {
        let method = fault.method.as_deref();
        method.is_none_or(|method| method == call.method.as_str())
            && route.starts_with(&fault.route)
    })?;
    planned[position].times -= 1;
    let fault = planned[position].clone();
    if fault.times == 0 {
        planned.remove(position);
    }
    Some(fault)
}

fn log(
    hub: &Hub,
    call: &Call,
    route: &str,
    (body, [came_ms, answered_ms]): (Value, [u64; 2]),
    (status, response): (u16, Bytes),
) {
    let path = &call.path;
    let entry = json!({
        "method": call.method.as_str(), "path": path, "query": call.query, "body": body,
        "route": if route.is_empty() { path.as_str() } else { route },
        "multipart": call.multipart, "status": status,
        "came_ms": came_ms, "answered_ms": answered_ms,
    });
    hub.state().log(entry, response);
}

fn refused(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Json(refusal.body())).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_unique_and_match_themselves_only() {
        for (n, (method, route, ..)) in ROUTES.iter().enumerate() {
            let path = route.replace(['{', '}'], "");
            let hits = ROUTES.iter().enumerate();
            let hits = hits.filter(|(_, one)| one.0 == *method && matches(one.1, &path).is_some());
            assert_eq!(
                hits.map(|(n, _)| n).collect::<Vec<_>>(),
                [n],
                "{method} {route}"
            );
        }
    }
}
