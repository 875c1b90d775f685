//! What a person's Discord client does, as JSON over HTTP under `/client`.
//!
//! Ids are strings everywhere. A mistake of the caller is `400` with `{"error": "A sentence."}`. Without the
//! key of this start, as the page's cookie or in the header `x-playground-key`, everything is `401`.
//!
//! # Looking
//! | request | answer |
//! | --- | --- |
//! | `GET /client/world` | `{application: {id, user}, guilds: [{id, name, owner, channels: [{id, name, type, thread, hidden_from: [user]}], events: [event], roles: [{id, name, permissions}], members: [{user, nick, roles, permissions}]}], people: [user], commands: [command]}`; the commands as registered, in full, with `guild_id` if for one guild only; `thread` is null, or `{parent, archived, locked, members: [user]}`; the events are Discord's objects, also those that are over |
//! | `GET /client/channels/{channel}/messages?user=ID` | `{channel, revision, messages: [message]}`, oldest first, as this person sees them: Discord's message objects; ephemeral ones (`flags & 64`) are there for their owner only; `flags & 128` is "thinking…" |
//! | `GET /client/users/{user}/dms` | the same for the direct messages with the bot; `channel` is null before there are any |
//! | `GET /client/users/{user}/modal` | the modal that this person looks at, or null |
//! | `GET /client/wait?channel=ID&after=REVISION` | waits until the channel changed: `{channel, revision}`; the old revision after 25 s without |
//! | `GET /client/events` | Server-Sent Events: `{type, channel, only_for, revision, detail}` with type `message_created`, `message_updated` (detail: the message), `message_deleted` (detail: `{id}`), `interaction_failed` (detail: `{interaction, user, error}`), `world_changed` (detail: null: load the world anew; threads and events have changed), `lagged` (detail: null: load everything anew); `only_for` is the one who may see it, or null |
//! | `GET /client/ready?shards=N` | waits until N shards are connected and commands registered: `{ready, shards, commands}`; `ready` is false after 25 s without |
//! | `GET /client/gateway` | `{sessions: [{session_id, shard, intents, sequence, connected}], starts: {total, left, reset_after_ms, exceeded, too_soon}}`; the starts are those of a day, `exceeded` how many were one too many, `too_soon` how many came within five seconds of another one with the same number modulo `max_concurrency` (they were sent op 9) |
//! | `GET /client/requests?after=N&wait=true&responses=true` | `{last, requests: [{n, method, path, query, route, body, multipart, status, response}]}`: what the bot sent to the REST API with a number above N; `route` as in Discord's OpenAPI document; with `wait` it waits for the first one; with `responses` the latest 4,000 have `response`, the body that was answered with, or null |
//! | `GET /client/dispatches` | `{dispatches: [{t, s, d}]}`: the latest 4,000 gateway events, each once for all sessions that it went to; without those with `odd` |
//! | `GET /client/limits` | `{breaches_made, breaches: [{method, route, major, kind, too_early_ms}], invalid: {unauthorized, forbidden, limited, all}}`: who came back before a 429 was over, to what it covers; and how many requests were invalid as Discord counts them |
//! | `GET /attachments/{id}/{filename}` | the file of a message's attachment, as a download; without the key, as Discord's are for whoever knows the address |
//!
//! # Doing
//! `POST /client/interactions` with
//! ```json
//! {"user": "…", "channel": "…", "kind": "command",
//!  "name": "session", "group": null, "subcommand": "create", "options": {"mode": "5v5"}}
//! ```
//! `channel` is left out for direct messages with the bot (`"guild"` may be given and must then
//! be the channel's). The other fields go by `kind`:
//!
//! | kind | fields |
//! | --- | --- |
//! | `command` | `name`, `group`, `subcommand`, `options` by name (text, numbers, booleans, ids as strings), `target` (the person or message of a menu command) |
//! | `autocomplete` | the same with `focused`, the name of the option being typed (it must be among `options`, as text) |
//! | `component` | `message`, `custom_id`, `values` for a select |
//! | `modal` | `custom_id` of the modal on the screen, `values` by `custom_id`: text, or a list for selects; what is left out keeps its prefilled value or default |
//!
//! It is checked as a client checks it: options by the registered definition, components must be
//! there, enabled and visible to the person, inputs in their limits. `"forge": true` skips these
//! checks, so that stale and forged ids can be sent (`message` may then be one that never was;
//! `component_type` says what it pretends to be, 2 or, with values, 3).
//!
//! `"odd": {"/member/user/avatar": "v2:1"}` puts any values into the event, by their JSON pointers,
//! as a Discord that has gone on would send them.
//!
//! The answer comes when the bot acknowledged, or the three seconds of the clock are over:
//! `{id, outcome, deferred, message, modal, choices, followups, error, took_us}` (`took_us`: from
//! the delivery to the acknowledgement, in microseconds of real time) with the outcome
//! - `message`: a new message (`message`);
//! - `update`: the message of the component changed (`message`);
//! - `deferred`: acknowledged, the rest is to come; with `"wait": "settled"` the answer is
//!   awaited (for 30 s at most), and the outcome is then `message` or `update`;
//! - `modal`: a modal opened (`modal`, as the bot sent it);
//! - `choices`: for autocomplete (`choices`: `[{name, value}]`);
//! - `failed`: the bot didn't answer; `error` is what Discord shows then.
//!
//! | request | does |
//! | --- | --- |
//! | `GET /client/interactions/{id}` | tells the present answer once more |
//! | `POST /client/interactions/{id}/redeliver` | sends the same event again: `{delivered: sessions}` |
//! | `POST /client/endpoint` | `{urls: ["http://127.0.0.1:PORT/interactions"]}`: `http`, an address of loopback and this path are all that is allowed. From now on interactions are sent to the first of these that can be reached, beginning with another one each time, and not over the gateway; each must answer a ping and refuse a wrong signature. None: over the gateway again. `{public_key}` |
//! | `DELETE /client/channels/{channel}/messages/{message}` | somebody with the power to do so deletes a message |
//! | `DELETE /client/threads/{thread}`, `DELETE /client/events/{event}` | likewise a thread, a scheduled event |
//! | `POST /client/channels/{channel}/overwrites` | `{id, type: "role"/"member", allow: "bits", deny: "bits"}`: what the channel allows and denies a role (`@everyone` has the guild's id) or a member; none of both takes it back |
//! | `POST /client/guilds/{guild}/roles/{role}` | `{permissions: "bits"}` |
//! | `POST /client/guilds/{guild}/members/{user}` | `{nick, roles: [role], timed_out_s}`, what is left out stays: changes a member, and lets in who was none; `timed_out_s: 0` ends a time-out. Of the bot itself only `timed_out_s` can be set |
//! | `DELETE /client/guilds/{guild}/members/{user}` | leaves, or is kicked |
//! | `POST`, `DELETE /client/guilds/{guild}/bans/{user}` | is banned; the ban is taken back |
//! | `POST /client/guilds/{guild}/channels` | `{name, type: 0}`: somebody makes a channel, for text (0), voice (2) or a stage (13): `{id}` |
//! | `DELETE /client/channels/{channel}` | likewise a channel, with all that is in it |
//! | `POST /client/threads/{thread}` | `{archived, locked}`: likewise archives, locks or brings back a thread |
//! | `POST /client/guilds/{guild}/bot` | `{present}`: somebody removes the bot from a guild, or invites it back |
//!
//! # Faults
//! All `POST` with a JSON body; `DELETE /client/faults` takes all of them back.
//!
//! | request | body |
//! | --- | --- |
//! | `/client/faults/gateway` | `{action: "reconnect" (op 7) / "drop" (torn socket) / "invalidate" (op 9), shard: n or null for all}`; answers `{affected}` |
//! | `/client/faults/requests` | `{method: null, route: "/channels/{channel_id}/messages", times: 1, status: 500 or null, code: 0, limit: null, retry_after: 1.0, bucket: true, tear: false, delay_ms: 0, after: false}`: the next `times` requests of this method whose route begins like this are delayed and answered with the status and Discord's code, or with an answer that breaks off (`tear`); `after: true` lets them have their effect first. `limit` is `user`, `shared`, `global` or `cloudflare`: a 429 that holds for `retry_after` seconds (whole ones for `cloudflare`), with the headers of a bucket or without; whatever it covers is refused until then. Plans add up, the oldest goes first |
//! | `/client/faults/latency` | `{ms}` for every REST request |
//! | `/client/faults/limits` | `{enabled}`: rate limits off and on, and how soon sessions may be started |
//! | `/client/faults/starts` | `{left, reset_after_ms}`: so many sessions may still be started until then; whoever identifies beyond is closed with 4004, as if the token had been reset. `DELETE` does not take it back |
//! | `/client/faults/token` | `{keep_sessions: false}`: somebody resets the bot's token: requests with it are answered with 401, and sessions are closed with 4004, unless they are kept. `{closed}` |
//! | `/client/faults/dms` | `{user, closed}`: takes no direct messages (50007) |
//! | `/client/faults/permissions` | `{guild, user, permissions: "bits" or null for the usual}` |
//! | `/client/faults/access` | `{channel, denied: "bits" or null}`: taken from the bot there; 1024 (View Channel) makes 50001, 2048 (Send Messages) 50013. With a guild for the channel: taken from it as far as the guild's events are concerned |
//!
//! May touch: the state. Invariant: nothing here reaches the bot but what a real person's client
//! could have caused, except where a fault or `forge` says otherwise.

mod command;
mod component;
mod event;
mod faults;
mod guild;
mod interact;
mod look;
mod members;
mod modal;

use super::state::Hub;
use axum::{
    Json, Router,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) use interact::ask;
pub(super) use look::attachment;

/// A mistake of the caller, told in a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake(pub(super) String);

type Result<T> = std::result::Result<T, Mistake>;

impl IntoResponse for Mistake {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({"error": self.0}))).into_response()
    }
}

/// Shorthand for a refusal.
fn mistake<T>(sentence: impl Into<String>) -> Result<T> {
    Err(Mistake(sentence.into()))
}

/// Everything under `/client`.
pub(super) fn router() -> Router<Arc<Hub>> {
    Router::new()
        .route("/world", get(look::world))
        .route("/channels/{channel}/messages", get(look::channel))
        .route(
            "/channels/{channel}/messages/{message}",
            delete(faults::delete_message),
        )
        .route("/channels/{channel}/overwrites", post(members::overwrite))
        .route("/guilds/{guild}/roles/{role}", post(members::role))
        .route(
            "/guilds/{guild}/members/{user}",
            post(members::set).delete(members::leave),
        )
        .route(
            "/guilds/{guild}/bans/{user}",
            post(members::ban).delete(members::unban),
        )
        .route(
            "/threads/{thread}",
            delete(faults::delete_thread).post(guild::set_thread),
        )
        .route("/guilds/{guild}/bot", post(guild::set_bot))
        .route("/guilds/{guild}/channels", post(guild::make_channel))
        .route("/channels/{channel}", delete(guild::delete_channel))
        .route("/events/{event}", delete(faults::delete_event))
        .route("/users/{user}/dms", get(look::dms))
        .route("/users/{user}/modal", get(look::modal))
        .route("/wait", get(look::wait))
        .route("/events", get(look::events))
        .route("/ready", get(look::ready))
        .route("/gateway", get(look::gateway))
        .route("/requests", get(look::requests))
        .route("/dispatches", get(look::dispatches))
        .route("/limits", get(look::limits))
        .route("/interactions", post(interact::interact))
        .route("/interactions/{id}", get(interact::present))
        .route("/interactions/{id}/redeliver", post(interact::redeliver))
        .route("/endpoint", post(interact::endpoint))
        .route("/faults", delete(faults::clear))
        .route("/faults/gateway", post(faults::gateway))
        .route("/faults/requests", post(faults::requests))
        .route("/faults/latency", post(faults::latency))
        .route("/faults/limits", post(faults::limits))
        .route("/faults/starts", post(faults::starts))
        .route("/faults/token", post(faults::token))
        .route("/faults/dms", post(faults::dms))
        .route("/faults/permissions", post(faults::permissions))
        .route("/faults/access", post(faults::access))
}

/// The items of a list; nothing for anything else.
fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A snowflake of the body that must be there.
fn id_of(body: &Value, field: &str) -> Result<u64> {
    match super::objects::read_id(&body[field]) {
        Some(id) => Ok(id),
        None => mistake(format!("The field {field} must be an id.")),
    }
}

/// A text of the body that must be there.
fn text_of<'body>(body: &'body Value, field: &str) -> Result<&'body str> {
    match body[field].as_str() {
        Some(text) => Ok(text),
        None => mistake(format!("The field {field} must be a text.")),
    }
}
